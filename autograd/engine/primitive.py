"""The record of a primitive, which is also the function that a user calls.

Everything known about an operation stands in one record: how to compute it, its local derivatives,
how it is lowered and written, where it is defined, what happens at its kinks. The engine, higher
derivatives, compiled code, checks and pictures all read it. `primitives` is the table of them, and
`primitive(...)` makes one of a user's.

The derivative rule is one function, `partials(out, *inputs)`, which returns one factor per input (a
bare factor where there is only one input). It is written with operators and the primitives
themselves, so the same text gives an edge's number when it is fed floats and a derivative graph
when it is fed Values. A rule may divide: where floats would raise ZeroDivisionError, the engine
feeds it Values, whose division is IEEE's. A branch inside a rule is itself a primitive (`where`,
`greater`), never an `if`.

A primitive never looks inside its inputs. Whatever is not a plain number is asked to record the
operation itself, through `__primitive__(primitive, inputs)`: that is all a Value has in common with
this module.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from autograd.engine.loaded_modules import loaded
from autograd.engine.modes import tracer
from autograd.engine.operands import to_float

__all__ = ["TABLE", "Primitive", "lookup", "primitive", "row"]

Rule = Callable[..., Any]
Interval = tuple[float, float]

# Any, because mypyc takes a constant of two floats for one that has not been set yet.
REALS: Final[Any] = (-math.inf, math.inf)


class Primitive:
    """One row of the table, and the function a user calls: `exp(2.0)`, `exp(Value(2.0))`,
    `exp(array)`.

    Over plain numbers it gives a plain float; with a Value among the inputs, a Value; over NumPy
    arrays, an array elementwise.
    """

    __slots__ = ("__name__", "__qualname__", "arity", "builtin", "cuts", "defaults", "doc",
                 "domain", "forward", "inputs", "kinks", "lowering", "name", "numpy_name",
                 "partials", "symbol", "traits")  # fmt: skip

    def __init__(
        self,
        name: str,
        inputs: str,
        forward: Callable[..., float],
        partials: Rule,
        lowering: Rule | str | None = None,
        doc: str = "",
        *,
        symbol: str = "",
        domain: tuple[Interval, ...] = (),
        kinks: str = "",
        cuts: bool | str = False,
        traits: str = "",
        numpy_name: str = "",
        builtin: bool = False,
    ) -> None:
        self.name = self.__name__ = self.__qualname__ = name
        self.inputs = inputs  # as in a signature: "x", "x, slope=0.01", "a, b", "*xs"
        self.arity, self.defaults = _counted(inputs)
        self.forward = forward
        self.partials = partials
        self.lowering = lowering  # see `primitives`, where the other fields are explained too
        self.doc = doc
        self.symbol = symbol
        self.domain = domain
        self.kinks = kinks
        self.cuts = _mask(cuts, inputs)  # bit i: input i
        self.traits = frozenset(traits.split())
        self.numpy_name = numpy_name
        self.builtin = builtin

    def __call__(self, *inputs: Any) -> Any:
        if self.arity == 1 and len(inputs) == 1:  # the same as below, sooner
            x = inputs[0]
            if type(x) is float:
                return self.forward(x)
            record = getattr(x, "__primitive__", None)
            if record is not None and type(x) is not type:
                return record(self, inputs)
        if len(inputs) != self.arity and self.arity is not None:
            inputs = self._with_defaults(inputs)
        for x in inputs:
            if type(x) is not float:
                return self._dispatch(inputs)
        return self.forward(*inputs)

    def _dispatch(self, inputs: tuple[Any, ...]) -> Any:
        numpy = loaded("numpy")
        if numpy is not None and any(isinstance(x, numpy.ndarray) for x in inputs):
            return self._elementwise(numpy, inputs)
        for x in inputs:
            if hasattr(x, "__primitive__") and not isinstance(x, type):
                return x.__primitive__(self, inputs)
        return self.forward(*[to_float(x, f"{self.name} takes a Value or") for x in inputs])

    def _elementwise(self, numpy: Any, inputs: tuple[Any, ...]) -> Any:
        out = numpy.frompyfunc(self, len(inputs), 1)(*inputs)
        if not isinstance(out, numpy.ndarray):
            return out  # of arrays without dimensions
        plain = all(isinstance(x, float) for x in out.flat)
        return out.astype(float) if plain else out

    def _with_defaults(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        missing = (self.arity or 0) - len(inputs)
        if 0 < missing <= len(self.defaults):
            return inputs + self.defaults[len(self.defaults) - missing :]
        wanted = f"{self.arity} input{'s' if self.arity != 1 else ''}"
        raise TypeError(f"{self.name} takes {wanted}, got {len(inputs)}")

    def cuts_input(self, i: int) -> bool:
        """Whether a local derivative of exactly 0 by input i means that there is no path."""
        return (self.cuts >> i) & 1 == 1

    @property
    def is_selection(self) -> bool:
        """Whether it chooses among its inputs, whatever those are that it does not take."""
        if self.cuts != -1 or "step" in self.traits:
            return False
        return self.name not in ("stop_gradient", "finite_part")

    @property
    def is_method(self) -> bool:
        """Whether it can be called on a single Value, as `v.exp()`."""
        return self.arity is not None and self.arity - len(self.defaults) == 1

    def __repr__(self) -> str:
        return f"<primitive {self.name}: {self.doc}>" if self.doc else f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return lookup, (self.name,)


def _counted(inputs: str) -> tuple[int | None, tuple[float, ...]]:
    """The arity, None for any number of inputs, and the defaults of the last ones."""
    if inputs.startswith("*"):
        return None, ()
    parts = inputs.split(",")
    return len(parts), tuple([float(part.partition("=")[2]) for part in parts if "=" in part])


def _mask(cuts: bool | str, inputs: str) -> int:
    """The inputs that `cuts` is about, all or those of these names, as the bits of a number."""
    if not isinstance(cuts, str):
        return -1 if cuts else 0
    names = [part.partition("=")[0] for part in inputs.split(", ")]
    mask = 0
    for name in cuts.split():
        mask |= 1 << names.index(name)
    return mask


# -- the table -------------------------------------------------------------------------------------

TABLE: Final[dict[str, Primitive]] = {}
RESERVED: Final = frozenset(["input", "const", "lt", "le", "eq", "and", "or", "not", "select"])
ATTACH: Final[list[Callable[[Primitive], None]]] = []  # told of every new row: see apply.py


def lookup(name: str) -> Primitive:
    """The primitive of that name; a LookupError if nobody defined it here (as after unpickling)."""
    found = TABLE.get(name)
    if found is None:
        raise LookupError(
            f"no primitive is called {name!r} in this process; "
            f"define it with autograd.primitive({name!r}, ...) before loading the graph"
        )
    return found


def row(name: str, inputs: str, *columns: Any, **said: Any) -> Primitive:
    """A built-in primitive, by the parameters of Primitive."""
    said.setdefault("domain", (REALS,) * (_counted(inputs)[0] or 1))
    said.setdefault("numpy_name", name)
    return _register(Primitive(name, inputs, *columns, builtin=True, **said))


def primitive(
    name: str | Any,
    forward: Callable[..., float] | Any,
    partials: Rule | Any,
    *,
    arity: int | Any = 1,
    symbol: str = "",
    domain: Iterable[Interval] = (),
    kinks: str = "",
    cuts: bool = False,
    doc: str = "",
    lowering: Rule | Any = None,
) -> Primitive:
    """Define an operation of your own, with the same record that the built-in ones use.

    `forward(*inputs)` gets floats and returns one. `partials(out, *inputs)` returns the local
    derivatives, one per input (a bare one if there is one input); write it with operators and
    autograd's functions, not with `math`, and every order of derivative works. `arity=None` takes
    any number of inputs. `cuts=True` says that a local derivative of exactly 0 means the input was
    not selected: nothing passes there, not even an infinite gradient. A primitive of one input
    becomes a method of Value too. `lowering(*inputs)` says the same as `forward` with operators and
    autograd's functions; compiled code then does it itself, and else calls `forward`.

    Raises TypeError for a malformed row, ValueError for a name that is taken by a built-in
    primitive. Defining your own name again replaces it.

    >>> import autograd
    >>> cube = autograd.primitive("cube", lambda x: x * x * x, lambda out, x: 3 * x * x)
    >>> x = autograd.Value(2.0)
    >>> y = cube(x)
    >>> y.backward()
    >>> y.data, x.grad, cube(3.0)
    (8.0, 12.0, 27.0)
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise TypeError(f"a primitive's name is an identifier such as 'mish', got {name!r}")
    if name in RESERVED or (name in TABLE and TABLE[name].builtin):
        raise ValueError(f"{name!r} is a built-in primitive; choose another name")
    if not callable(forward) or not callable(partials):
        raise TypeError(f"primitive {name!r}: forward and partials must be functions")
    if lowering is not None and not callable(lowering):
        raise TypeError(f"primitive {name!r}: lowering must be a function")
    if arity is not None and (type(arity) is not int or arity < 1):
        raise TypeError(
            f"primitive {name!r}: arity is a whole number from 1, or None; got {arity!r}"
        )
    inputs = _input_names(forward, arity)
    compute = _returning_float(forward, name)
    said: dict[str, Any] = {"symbol": symbol, "domain": tuple(domain), "kinks": kinks, "cuts": cuts}
    return _register(Primitive(name, inputs, compute, partials, lowering, doc, **said))


def _input_names(forward: Any, arity: int | None) -> str:
    """What a user's function calls its inputs, or else x, or x1, x2 ..."""
    import inspect

    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if arity is None:
        names = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
        return f"*{names[0] if names else 'xs'}"
    single = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters[:arity] if p.kind in single]
    if len(names) < arity:
        names = ["x"] if arity == 1 else [f"x{i + 1}" for i in range(arity)]
    return ", ".join(names)


def _returning_float(forward: Any, name: str) -> Callable[..., float]:
    """A user's function held to what the rest of the engine relies on."""

    def compute(*inputs: float) -> float:
        try:
            return to_float(forward(*inputs), f"{name}'s forward must return")
        except Exception as error:
            observer = tracer()
            if observer is not None:
                observer.raised(name, error)
            raise

    return compute


def _register(primitive: Primitive) -> Primitive:
    for attach in ATTACH:
        attach(primitive)
    TABLE[primitive.name] = primitive
    return primitive
