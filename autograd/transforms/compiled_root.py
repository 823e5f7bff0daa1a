"""Roots in compiled functions, for `implicit`: the solver as an operation of the program.

What is recorded is a node per number of the root, of a primitive that belongs to the function that
`implicit_root` made: its inputs are which number, the numbers of the arguments, and the Values that
the residual captures. Compiled code calls the primitive, and that the solver. The node's rule is
the implicit function theorem as a graph, so derivatives are compiled like any others.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Hashable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol
from weakref import ref

from autograd.engine.apply import restore
from autograd.engine.graph import reachable
from autograd.engine.locks import cached_property
from autograd.engine.modes import outside_mode, recording, traced_by, tracer
from autograd.engine.operands import describe
from autograd.engine.primitive import Primitive, primitive
from autograd.engine.value import Value
from autograd.transforms.theorem import (
    Equations,
    check_steps,
    number_of,
    recorded_equations,
    root_graphs,
)
from autograd.transforms.tree import Structure, flatten, values_in

__all__ = ["CompiledRoots", "calls_solver"]

UNABLE = "implicit_root can't be compiled: its solver runs on plain numbers; "


class Solver(Protocol):
    """What is asked of the function that `implicit_root` made."""

    tol: float

    def solved(self, plain: Any, options: dict[str, Any]) -> tuple[list[float], Structure]: ...

    def equations(self, structure: Structure, args: Sequence[Any]) -> Equations: ...


PREFIX = "implicit_root_"


def calls_solver(operations: Iterable[str]) -> bool:
    """Whether one of these operations of a program is a root. Its name is unique in the world, and
    its primitive lives in this process alone."""
    return any(name.startswith(PREFIX) for name in operations)


class CompiledRoots:
    """The roots of one residual within recordings: a primitive for each nesting of arguments."""

    def __init__(self, solver: Solver, maker: ref[Any] | None) -> None:
        self._solver = solver
        self._maker = maker  # the recording in which the solver's function was made, if any
        self._made: dict[Hashable, CompiledRoot] = {}

    def __call__(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The root, as nodes of the recording that is under way."""
        given, structure = flatten(args, "implicit_root's arguments")
        if values_in([*options.values()]):
            raise TypeError(f"{UNABLE}its keyword arguments are plain numbers there")
        key = (structure.kind, tuple([(name, _as_key(x)) for name, x in sorted(options.items())]))
        row = self._made.get(key)
        if row is None:
            row = self._made[key] = CompiledRoot(self._solver, structure, options)
        numbers, outputs, others = row.at_numbers(given)
        inputs = [*given, *others]
        if not any(isinstance(x, Value) for x in inputs):
            return outputs.unflatten(numbers)
        if self._maker is not None and self._maker() is tracer():
            raise TypeError(
                f"{UNABLE}make it outside of the compiled function, and hand over what it depends "
                "on as arguments; or call it outside of the compiled function"
            )
        nodes = row.nodes(inputs, numbers)
        return outputs.unflatten(nodes if recording() else [x.detach() for x in nodes])


def _as_key(x: Any) -> Hashable:
    """What tells an option of a solver from others: with its type, for 1, 1.0 and True are equal,
    and written out, for 0.0 and -0.0 are. Nestings and arrays by what they hold."""
    if isinstance(x, (list, tuple)):
        return (type(x), *map(_as_key, x))
    if isinstance(x, dict):
        return (dict, *[(key, _as_key(item)) for key, item in x.items()])
    if hasattr(x, "tobytes") and hasattr(x, "shape"):
        return (type(x), x.shape, str(x.dtype), x.tobytes())
    try:
        hash(x)
    except TypeError:
        raise TypeError(
            f"{UNABLE}its keyword arguments are hashable there, or nestings and arrays of such, "
            f"got {describe(x)}"
        ) from None
    return (type(x), x, repr(x))


class CompiledRoot:
    """The primitive for one nesting of arguments."""

    def __init__(self, solver: Solver, structure: Structure, options: dict[str, Any]) -> None:
        self._solver = solver
        self._structure = structure
        self._options = options
        self._calls = threading.local()

    @cached_property
    def row(self) -> Primitive:
        from uuid import uuid4

        name = f"{PREFIX}{uuid4().hex}"
        doc = "One number of a root: which one, and what it depends on."
        return primitive(name, self._forward, self._partials, arity=None, doc=doc)

    # -- called by compiled code -------------------------------------------------------------------

    def _forward(self, k: float, *inputs: float) -> float:
        """One number of the root. A program asks for one after the other: it is solved for anew
        where it asks for one again, since the solver may look at other things than its arguments.
        """
        calls = self._calls
        given = inputs[: self._structure.size]
        if getattr(calls, "given", None) != given or k in calls.asked:
            calls.given = None
            calls.found, _ = self._solver.solved(self._structure.unflatten(given), self._options)
            calls.given, calls.asked = given, set()
        calls.asked.add(k)
        return float(calls.found[int(k)])

    # -- recorded ----------------------------------------------------------------------------------

    def at_numbers(self, given: Sequence[Any]) -> tuple[list[float], Structure, list[Value]]:
        """The root for the present numbers, its nesting, and the Values that the residual captures:
        those from outside of the recording, which may change from call to call."""
        observer = tracer()
        with outside_mode("tracer"):
            plain = self._structure.unflatten(list(map(number_of, given)))
        with traced_by(SolverWatch(observer)):
            numbers, outputs = self._solver.solved(plain, self._options)
        args = self._structure.unflatten(given)
        with outside_mode("tracer"):
            captured = recorded_equations(self._solver.equations(outputs, args), numbers).captured
        among = set(values_in(args))
        others = [x for x in captured if x not in among and observer.varies(reachable([x]))]
        if any(observer.owns(x) for x in others):
            raise TypeError(
                f"{UNABLE}the residual captures a Value that is computed in the compiled function; "
                "hand it over as an argument, to the solver too"
            )
        return numbers, outputs, others

    def nodes(self, inputs: Sequence[Any], numbers: Sequence[float]) -> list[Value]:
        """The numbers of the root as nodes with these inputs. A recording takes derivatives as
        graphs: it has no use for those that a node keeps as numbers."""
        factors = (math.nan,) * (1 + len(inputs))
        return [
            restore(x, 0.0, None, self.row, (float(k), *inputs), factors)
            for k, x in enumerate(numbers)
        ]

    def _partials(self, out: Any, k: Any, *inputs: Any) -> tuple[Any, ...]:
        """The theorem as a graph. That it is a root becomes a decision of the recording."""
        if not isinstance(out, Value):
            raise ValueError(
                "a root in a compiled function has derivatives as graphs only; call the function "
                "that implicit_root made"
            )
        k = int(k)
        given = inputs[: self._structure.size]
        numbers, outputs, _ = self.at_numbers(given)
        roots = self.nodes(inputs, numbers)
        equations = self._solver.equations(outputs, self._structure.unflatten(given))
        ends = list(dict.fromkeys([x for x in inputs if isinstance(x, Value)]))
        found = root_graphs(equations, roots, ends, k)
        check_steps([roots[k]], [found.step], self._solver.tol)
        # An input that is there twice gets its derivative once.
        rest = dict(zip(ends, found.derivatives, strict=True))
        return (0.0, *[rest.pop(x, 0.0) if isinstance(x, Value) else 0.0 for x in inputs])


class SolverWatch:
    """In the place of a tracer while the solver runs: what it does on plain numbers is not of the
    program; that it looks at a Value of the compiled function is an error."""

    def __init__(self, observer: Any) -> None:
        self._observer = observer

    def made(self, node: Value) -> None:
        pass

    def decided(self, symbol: str, a: Any, b: Any, out: bool, line: str) -> None:
        for x in (a, b):
            if isinstance(x, Value):
                self.escapes(x, f"compares by {symbol}", line)

    def escapes(self, node: Value, how: str, line: str) -> None:
        if any(self._observer.owns(x) for x in reachable([node])):
            self._observer.escapes(node, f"calls a solver, which {how}", line)

    def looks(self, node: Value, where: str, line: str) -> None:
        if self._observer.owns(node):
            self._observer.looks(node, where, line)

    def raised(self, name: str, error: BaseException) -> None:
        pass

    def calling(self, f: Any) -> AbstractContextManager[None]:
        return nullcontext()

    def varies(self, nodes: Any) -> bool:
        return False

    def owns(self, node: Value) -> bool:
        return False
