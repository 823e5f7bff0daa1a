"""Makes the stubs, which tell editors and type checkers what the public names are:

    python docs/make_stubs.py

What has good types in its source is only imported. The rest is written here: what primitives,
functions over sequences and derivatives give for numbers, Values and arrays; and Value, whose
source is annotated for the compiler. Names and docstrings are those of the live objects.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import autograd
from autograd import Primitive, Value
from autograd.engine.primitive import TABLE

HEADER = "# Made by docs/make_stubs.py: change that.\n"
ROOT = Path(__file__).resolve().parents[1]
NAMES = [*autograd.__all__, "abs", "max", "min", "pow", "round", "sum"]
PRIMITIVES = {
    name: found for name in NAMES if isinstance(found := getattr(autograd, name), Primitive)
}

NUMBERS = """
class _Number(Protocol):
    # A real number: int, float, bool, Fraction, NumPy scalar; no str, no array, no Value.
    @property
    def real(self) -> Any: ...
    def __float__(self) -> float: ...
    def __hash__(self) -> int: ...

class _Array(Protocol):
    # A NumPy array.
    @property
    def shape(self) -> Any: ...
    def tolist(self) -> Any: ...
"""

PUBLIC_IMPORTS = """
from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol, TypeVar, overload

from autograd.check import check_grad
from autograd.compiler import CheckFailed, jit, vmap
from autograd.drawing import draw
from autograd.drawing.player import steps
from autograd.engine.modes import detect_anomaly, no_grad, record_lines
from autograd.engine.primitive import Primitive
from autograd.engine.setting import Setting
from autograd.engine.value import Value
from autograd.explaining import explain
from autograd.explaining.path_sums import paths
from autograd.exploring import exercise, explore
from autograd.transforms import (
    hessian, hvp, jacfwd, jacobian, jacrev, jvp, stop_gradient, vjp
)
from autograd.transforms.implicit import implicit_fixed_point, implicit_root
from autograd.transforms.sparse import sparse_hessian, sparse_jacobian
"""

PUBLIC = '''
_T = TypeVar("_T")

__version__: str
compiled: bool
"""Whether this installation runs the ahead-of-time compiled form of the engine."""

def primitive(
    name: str,
    forward: Callable[..., float],
    partials: Callable[..., Any],
    *,
    arity: int | None = 1,
    symbol: str = "",
    domain: Iterable[tuple[float, float]] = (),
    kinks: str = "",
    cuts: bool = False,
    doc: str = "",
    lowering: Callable[..., Any] | None = None,
) -> Primitive: ...

# The derivative has the nesting of the argument. A function written for Values is differentiated at
# plain numbers too, so its own types say nothing here.

class _Gradient(Protocol):
    @overload
    def __call__(self, x: _Number, /, *others: Any, **options: Any) -> float: ...
    @overload
    def __call__(self, x: list[float], /, *others: Any, **options: Any) -> list[float]: ...
    @overload
    def __call__(self, x: _T, /, *others: Any, **options: Any) -> _T: ...

class _ValueAndGradient(Protocol):
    @overload
    def __call__(self, x: _Number, /, *others: Any, **options: Any) -> tuple[float, float]: ...
    @overload
    def __call__(self, x: Value, /, *others: Any, **options: Any) -> tuple[Value, Value]: ...
    @overload
    def __call__(
        self, x: list[float], /, *others: Any, **options: Any
    ) -> tuple[float, list[float]]: ...
    @overload
    def __call__(self, x: _T, /, *others: Any, **options: Any) -> tuple[Any, _T]: ...

@overload
def grad(
    f: Callable[..., Any], argnums: Literal[0] = 0, has_aux: Literal[False] = False
) -> _Gradient: ...
@overload
def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]: ...

@overload
def value_and_grad(
    f: Callable[..., Any], argnums: Literal[0] = 0, has_aux: Literal[False] = False
) -> _ValueAndGradient: ...
@overload
def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]: ...
'''

OPERATORS = ["add", "sub", "mul", "truediv", "pow", "mod", "floordiv"]
COMPARISONS = ["lt", "le", "gt", "ge"]
SEQUENCES = ["sum", "prod", "mean", "norm", "logsumexp", "max", "min", "median"]

VALUE_IMPORTS = """
from typing import Any, Protocol, SupportsIndex, final, overload

from autograd.engine.primitive import Primitive
"""

VALUE = """
@final
class Value:
    ...
    def __init__(self, data: _Number, label: str | None = None) -> None: ...
    @property
    def data(self) -> float: ...
    @data.setter
    def data(self, data: _Number) -> None: ...
    @property
    def grad(self) -> float: ...
    @grad.setter
    def grad(self, grad: _Number) -> None: ...
    @property
    def label(self) -> str | None: ...
    @label.setter
    def label(self, label: str | None) -> None: ...
    @property
    def line(self) -> str | None: ...
    @property
    def primitive(self) -> Primitive | None: ...
    @property
    def op(self) -> str: ...
    @property
    def inputs(self) -> tuple[Value | float, ...]: ...
    @property
    def parents(self) -> tuple[Value, ...]: ...
    @property
    def partials(self) -> tuple[float, ...]: ...
    def backward(self, gradient: _Number = 1.0) -> None: ...
    def zero_grad(self) -> None: ...
    def detach(self) -> Value: ...
    def conjugate(self) -> Value: ...
    def __eq__(self, other: object) -> bool: ...
    def __ne__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __int__(self) -> int: ...
    def __trunc__(self) -> int: ...
    def __floor__(self) -> int: ...
    def __ceil__(self) -> int: ...
    @overload
    def __round__(self, ndigits: None = None) -> int: ...
    @overload
    def __round__(self, ndigits: SupportsIndex) -> float: ...
    def __format__(self, spec: str) -> str: ...
    def __neg__(self) -> Value: ...
    def __pos__(self) -> Value: ...
    def __abs__(self) -> Value: ...
    def __copy__(self) -> Value: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Value: ...
    def __primitive__(self, primitive: Primitive, inputs: tuple[Any, ...]) -> Value: ...
    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **options: Any
    ) -> Any: ...
    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any: ...
    def __divmod__(self, other: Value | _Number) -> tuple[Value, Value]: ...
    def __rdivmod__(self, other: _Number) -> tuple[Value, Value]: ...
"""


def overloads(signatures: list[str]) -> str:
    return "".join(f"@overload\n{signature}: ...\n" for signature in signatures)


def calls(inputs: list[inspect.Parameter]) -> str:
    """Numbers give a float; a Value among them, here the first of those that are one, a Value; an
    array gives an array."""

    def call(types: list[str], result: str) -> str:
        defaults = [
            "" if x.default is x.empty or kind == "Value" else f" = {x.default}"
            for x, kind in zip(inputs, types, strict=True)
        ]
        # What stands before an input that must be given must be given too.
        given = max((i for i, default in enumerate(defaults) if not default), default=-1)
        shown = [
            f"{x.name}: {kind}{'' if i < given else default}"
            for i, (x, kind, default) in enumerate(zip(inputs, types, defaults, strict=True))
        ]
        return f"def __call__(self, {', '.join(shown)}, /) -> {result}"

    n = len(inputs)
    either = "Value | _Number"
    first_values = [["_Number"] * i + ["Value"] + [either] * (n - 1 - i) for i in range(n)]
    array = "_Array" if n == 1 else f"{either} | _Array"
    return overloads(
        [
            call(["_Number"] * n, "float"),
            *(call(types, "Value") for types in first_values),
            call([array] * n, "Any"),
        ]
    )


def inputs_of(row: Primitive) -> list[inspect.Parameter]:
    return list(inspect.signature(row).parameters.values())


def class_of(row: Primitive) -> str:
    return "_Of_" + "_".join(x.name for x in inputs_of(row))


def public() -> str:
    parts = [quoted(autograd), PUBLIC_IMPORTS, NUMBERS, PUBLIC]
    kinds = {class_of(row): row for row in PRIMITIVES.values()}
    for kind, row in kinds.items():
        parts += [f"class {kind}(Primitive):", indent(calls(inputs_of(row)), "    ")]
    for name, row in PRIMITIVES.items():
        parts += [f"{name}: {class_of(row)}", quoted(row)]
    for name in SEQUENCES:
        parts.append(over_sequences(name, "values", "{}"))
    for name in ["softmax", "log_softmax"]:
        parts.append(over_sequences(name, "values", "list[{}]"))
    parts.append(over_sequences("dot", "xs ys", "{}"))
    for name in ["var", "std"]:
        parts.append(over_sequences(name, "values", "{}", "ddof: _Number = 0"))
    parts.append(over_sequences("quantile", "values", "{}", "q: _Number"))
    parts.append(f"__all__ = {autograd.__all__}")
    parts.append("def __dir__() -> list[str]: ...")
    return with_docstrings("\n".join(parts), autograd)


def over_sequences(name: str, parameters: str, result: str, option: str = "") -> str:
    def signature(kind: str, entry: str) -> str:
        found = [f"{x}: Iterable[{kind}]" for x in parameters.split()]
        sequences = ", ".join(filter(None, [*found, option]))
        return f"def {name}({sequences}) -> {result.format(entry)}"

    found = overloads([signature("_Number", "float"), signature("Value | _Number", "Value")])
    return found.replace(": ...", ":  # type: ignore[overload-overlap]\n    ...", 1)


def value() -> str:
    parts = [VALUE_IMPORTS, '__all__ = ["Value"]', NUMBERS, VALUE]
    for op in OPERATORS:
        for side, number in [("", "Value | _Number"), ("r", "_Number")]:
            start = f"def __{side}{op}__(self, other: "
            both = overloads([f"{start}{number}) -> Value", f"{start}_Array) -> Any"])
            parts.append(indent(both, "    "))
    parts += [f"    def __{op}__(self, other: Value | _Number) -> bool: ..." for op in COMPARISONS]
    for name, row in sorted(methods().items()):
        others = [f"{x.name}: Value | _Number = {x.default}" for x in inputs_of(row)[1:]]
        parts.append(f"    def {name}({', '.join(['self', *others, '/'])}) -> Value: ...")
    parts.append("def __getattr__(name: str) -> Any: ...  # what else is there is not public")
    return with_docstrings("\n".join(parts), sys.modules[Value.__module__])


def methods() -> dict[str, Primitive]:
    """The primitives that are methods of Value, by all their names."""
    rows = [row for row in TABLE.values() if row.builtin and row.is_method]
    return {name: row for row in rows for name in (row.name, row.numpy_name)}


def quoted(documented: object) -> str:
    docstring = inspect.getdoc(documented) or ""
    if isinstance(documented, Primitive):  # an editor shows the signature by itself, and
        _, *said = docstring.split("\n\n")  # the example's last digits are those of this machine
        docstring = "\n\n".join(part for part in said if not part.startswith(">>>"))
    return f'"""{docstring}\n"""' if "\n" in docstring else f'"""{docstring}"""'


def with_docstrings(stub: str, module: object) -> str:
    """The stub with the docstrings of the live objects, once for those with overloads."""
    lines = stub.split("\n")
    bodies = list(empty_bodies(ast.parse(stub), module))
    first = {name: (line, column, text) for name, line, column, text in reversed(bodies)}
    for line, column, docstring in sorted(first.values(), reverse=True):
        lines[line] = f"{lines[line][:column]}\n{docstring}"
    return "\n".join(lines)


def empty_bodies(tree: Any, holder: object) -> Iterator[tuple[str, int, int, str]]:
    """Name, line, column and what should stand there, of public functions and classes."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        found = getattr(holder, node.name)
        body = node.body[0]
        if ast.unparse(body) == "...":
            docstring = indent(quoted(found), " " * (node.col_offset + 4))
            yield node.name, body.lineno - 1, body.col_offset, docstring
        if isinstance(node, ast.ClassDef):
            yield from empty_bodies(node, found)


def stubs() -> dict[Path, str]:
    """What is in each of them."""
    made = {ROOT / "autograd/__init__.pyi": public(), ROOT / "autograd/engine/value.pyi": value()}
    return {path: formatted(stub, path) for path, stub in made.items()}


def formatted(stub: str, path: Path) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(path), "-"]
    done = subprocess.run(command, input=stub, capture_output=True, encoding="utf-8", check=True)
    return HEADER + done.stdout


if __name__ == "__main__":
    for path, stub in stubs().items():
        path.write_text(stub, encoding="utf-8")
