"""Value: a number that remembers how it was computed, and backward(), which differentiates it.

Each arithmetic operation makes one new Value that points at its inputs and keeps, beside each
pointer, the local derivative of the result with respect to that input. That is the whole
computation graph. It is acyclic, so reference counting frees it the moment its last name goes away,
and the cyclic garbage collector is never needed (the compiled class is not even tracked by it).

`backward()` counts, in one walk down, how many consumers each node has; then it sends messages
(adjoint times local derivative) from the root, and a node passes its sum on when its last consumer
has reported. That is Kahn's topological order: let each node pile up what it receives, and go on
only when everything above it has arrived. Nothing is recursive, so a chain of a million nodes is an
ordinary graph.

Storage. A node has up to two edges in place, `_a` with `_pa` and `_b` with `_pb`. A plain number is
not a node: where `_a` or `_b` is None, the number sits in `_pa` or `_pb` instead of the derivative
that nobody needs. More inputs live in a `Fan`. `parents`, `partials` and `inputs` show the same in
public.
"""

from __future__ import annotations

import math
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar, Final, SupportsFloat, final

from mypy_extensions import mypyc_attr

import autograd._import_guard  # noqa: F401 (before anything else of ours)
from autograd.engine import ieee
from autograd.engine.modes import MODES, locating, plain_arithmetic, recording, tracer, watching
from autograd.engine.primitives import (
    ATTACH,
    TABLE,
    Primitive,
    abs_,
    add,
    as_float,
    ceil,
    copysign,
    describe,
    div,
    floor,
    floordiv,
    mod,
    mul,
    neg,
    pow_,
    pow_const,
    round_,
    stop_gradient,
    sub,
)
from autograd.engine.text import place

__all__ = ["Value"]

Method = Callable[..., "Value"]

UNRECORDED: Final = ", inside no_grad"  # behind the line of a result without a graph

_DELETED: Final = object()  # for `del v.data`, a compiled setter is called without an argument

NEVER_OPERANDS: Final = (str, bytes, bytearray, complex, list, tuple, dict, set, frozenset)


@mypyc_attr(acyclic=True)
@final
class Fan:
    """The edges of a node with any number of inputs: the inputs, and one local derivative each."""

    __slots__ = ("factors", "inputs")

    def __init__(self, inputs: tuple[Any, ...], factors: tuple[Any, ...]) -> None:
        self.inputs = inputs
        self.factors = factors


@mypyc_attr(acyclic=True)
@final
class Value:
    """A scalar in a computation graph: a float (64 bits), its gradient, and where it came from.

    `Value(data, label=None)` makes a leaf. `data` is a real number (int, float, bool, Fraction,
    NumPy scalar), `label` any text, for pictures and messages. Arithmetic, comparisons and
    autograd's functions work on Values, plain numbers and mixes of both.

    Raises TypeError if `data` is not a real number or `label` not a str.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(1.0, label="b")
    >>> e = (a + b) * (b + 1)
    >>> e.backward()
    >>> e.data, a.grad, b.grad
    (6.0, 2.0, 5.0)
    """

    __slots__ = (
        "_a",
        "_b",
        "_data",
        "_fan",
        "_grad",
        "_label",
        "_line",
        "_pa",
        "_pb",
        "_primitive",
        "_waiting",
    )

    # Every function of one input is a method too, attached from the table at the end of this
    # module; the second group are the names by which NumPy asks the elements of an object array.
    acos: ClassVar[Method]
    acosh: ClassVar[Method]
    asin: ClassVar[Method]
    asinh: ClassVar[Method]
    atan: ClassVar[Method]
    atanh: ClassVar[Method]
    cbrt: ClassVar[Method]
    ceil: ClassVar[Method]
    cos: ClassVar[Method]
    cosh: ClassVar[Method]
    elu: ClassVar[Method]
    erf: ClassVar[Method]
    erfc: ClassVar[Method]
    exp: ClassVar[Method]
    expm1: ClassVar[Method]
    floor: ClassVar[Method]
    gelu: ClassVar[Method]
    leaky_relu: ClassVar[Method]
    lgamma: ClassVar[Method]
    log: ClassVar[Method]
    log10: ClassVar[Method]
    log1p: ClassVar[Method]
    log2: ClassVar[Method]
    reciprocal: ClassVar[Method]
    relu: ClassVar[Method]
    sigmoid: ClassVar[Method]
    sign: ClassVar[Method]
    silu: ClassVar[Method]
    sin: ClassVar[Method]
    sinh: ClassVar[Method]
    softplus: ClassVar[Method]
    softsign: ClassVar[Method]
    sqrt: ClassVar[Method]
    square: ClassVar[Method]
    tan: ClassVar[Method]
    tanh: ClassVar[Method]

    arccos: ClassVar[Method]
    arccosh: ClassVar[Method]
    arcsin: ClassVar[Method]
    arcsinh: ClassVar[Method]
    arctan: ClassVar[Method]
    arctanh: ClassVar[Method]

    def __init__(
        self,
        data: SupportsFloat,
        label: str | Any = None,
        _primitive: Primitive | None = None,
        _a: Value | None = None,
        _b: Value | None = None,
        _pa: float = 0.0,
        _pb: float = 0.0,
        _fan: Fan | None = None,
    ) -> None:
        if _primitive is None and type(data) is not float:
            data = as_float(data, "Value's data must be")
        self._data: float = data  # type: ignore[assignment]
        self._label = label if label is None else _checked_label(label)
        self._grad = 0.0
        self._primitive = _primitive
        self._a = _a
        self._b = _b
        self._pa = _pa
        self._pb = _pb
        self._fan = _fan
        self._waiting = 0
        if MODES.active != 0:
            _enter(self)

    @classmethod
    def __init_subclass__(cls, **options: Any) -> None:
        raise TypeError(
            f"{cls.__name__} can't be a subclass of Value: results would be plain Values; keep a "
            "Value in an attribute, or add an operation with autograd.primitive"
        )

    # -- what it holds -----------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. Assigning changes this node alone: what was computed from it before stays as
        it was, local derivatives included, so `backward` differentiates the computation that really
        ran."""
        if MODES.active != 0:
            _leaves(self, "reads .data")
        return self._data

    @data.setter
    def data(self, data: object = _DELETED) -> None:
        if MODES.active != 0:
            _leaves(self, "assigns .data")
        self._data = as_float(_given(data, "data"), "Value.data must be")

    @property
    def grad(self) -> float:
        """Derivative of the value that `backward` was called on with respect to this one. Leaves
        add up over passes until `zero_grad`; a node inside the graph shows the latest pass."""
        if MODES.active != 0:
            _leaves(self, "reads .grad")
        return self._grad

    @grad.setter
    def grad(self, grad: object = _DELETED) -> None:
        if MODES.active != 0:
            _leaves(self, "assigns .grad")
        self._grad = as_float(_given(grad, "grad"), "Value.grad must be")

    @property
    def label(self) -> str | None:
        """A name for pictures and messages, or None."""
        return self._label

    @label.setter
    def label(self, label: object = _DELETED) -> None:
        self._label = None if label is None else _checked_label(_given(label, "label"))

    @property
    def line(self) -> str | None:
        """The file and line that made it, where that was inside `record_lines`."""
        return getattr(self, "_line", None)

    @property
    def primitive(self) -> Primitive | None:
        """The record of the operation that made it; None for a leaf."""
        return self._primitive

    @property
    def op(self) -> str:
        """The name of the operation that made it, such as "mul" or "tanh"; "" for a leaf."""
        return "" if self._primitive is None else self._primitive.name

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the operation was applied to, in order: Values, and floats for plain numbers."""
        if self._fan is not None:
            return self._fan.inputs
        if self._primitive is None:
            return ()
        first = self._pa if self._a is None else self._a
        if self._primitive.arity == 1:
            return (first,)
        return (first, self._pb if self._b is None else self._b)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The inputs that are Values, in order, repeats kept: `a * a` has two."""
        if self._fan is not None:
            return tuple([x for x in self._fan.inputs if isinstance(x, Value)])
        if self._a is None:
            return () if self._b is None else (self._b,)
        return (self._a,) if self._b is None else (self._a, self._b)

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivative of this node with respect to each of `parents`, as of the moment it
        was computed."""
        if MODES.active != 0:
            _leaves(self, "reads .partials")
        pairs = zip(self.inputs, _factors_of(self), strict=True)
        return tuple([factor for x, factor in pairs if isinstance(x, Value)])

    # -- differentiation ---------------------------------------------------------------------------

    def backward(self, gradient: object = 1.0) -> None:
        """Reverse pass from here: adds d(self)/d(leaf), times `gradient`, to `.grad` of every leaf
        below.

        Nodes inside the graph get their adjoint of this pass, whatever an earlier pass left there.
        An adjoint of exactly 0 sends nothing, even along an infinite local derivative. If the pass
        is interrupted, no leaf has changed. Raises TypeError if `gradient` is not a plain real
        number, and FloatingPointError inside `detect_anomaly`.

        >>> from autograd import Value
        >>> x = Value(3.0)
        >>> y = x * x
        >>> y.backward()
        >>> y.backward()
        >>> x.grad, y.grad
        (12.0, 1.0)
        """
        seed = as_float(gradient, "backward's gradient must be")
        if MODES.active != 0:
            _leaves(self, "calls backward()")
        with _PASS_LOCK:
            if _PASS.running:
                raise RuntimeError(
                    "backward was called in the middle of another backward of the same thread, "
                    "as from a signal handler; call it when that one has returned"
                )
            try:
                _PASS.running = True
                _backward(self, seed)
            except BaseException:
                _abandon()
                raise
            finally:
                _PASS.running = False

    def zero_grad(self) -> None:
        """Set `.grad` to 0.0 on this node and on everything it was computed from."""
        if MODES.active != 0:
            _leaves(self, "calls zero_grad()")
        seen: set[Value] = {self}
        stack: list[Value] = [self]
        while stack:
            node = stack.pop()
            node._grad = 0.0
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)

    def detach(self) -> Value:
        """A new leaf with the same data and label: gradients do not flow through it."""
        if MODES.active != 0 and tracer() is not None:
            return Value(self._data, self._label, stop_gradient, self)  # it is still computed
        return Value(self._data, self._label)

    def _locate(self) -> None:
        """Note the line that asked for this node, and whether an operation was not recorded."""
        recorded = self._primitive is None or recording()
        # First set here, `_line` is the last field of the compiled class, and __init__ skips it: so
        # it costs nothing outside record_lines.
        self._line = sys.intern(_where() if recorded else _where() + UNRECORDED)

    # -- arithmetic --------------------------------------------------------------------------------
    #
    # The derivatives of + - * / ** stand here once more, for speed alone; a test holds them to the
    # table's rules bit by bit. `| Any` in the annotations is for NotImplemented, which gives other
    # types their say.

    def __add__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return Value(self._data + other._data, None, add, self, other, 1.0, 1.0)
        number = _operand(other)
        if number is None:
            return NotImplemented
        return Value(self._data + number, None, add, self, None, 1.0, number)

    def __radd__(self, other: object) -> Value | Any:
        number = _operand(other)
        if number is None:
            return NotImplemented
        return Value(number + self._data, None, add, None, self, number, 1.0)

    def __sub__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return Value(self._data - other._data, None, sub, self, other, 1.0, -1.0)
        number = _operand(other)
        if number is None:
            return NotImplemented
        return Value(self._data - number, None, sub, self, None, 1.0, number)

    def __rsub__(self, other: object) -> Value | Any:
        number = _operand(other)
        if number is None:
            return NotImplemented
        return Value(number - self._data, None, sub, None, self, number, -1.0)

    def __mul__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return Value(self._data * other._data, None, mul, self, other, other._data, self._data)
        number = _operand(other)
        if number is None:
            return NotImplemented
        return Value(self._data * number, None, mul, self, None, number, number)

    def __rmul__(self, other: object) -> Value | Any:
        number = _operand(other)
        if number is None:
            return NotImplemented
        return Value(number * self._data, None, mul, None, self, number, number)

    def __truediv__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            b = other._data
            out = ieee.divide(self._data, b)
            return Value(out, None, div, self, other, ieee.divide(1.0, b), ieee.divide(-out, b))
        number = _operand(other)
        if number is None:
            return NotImplemented
        out = ieee.divide(self._data, number)
        return Value(out, None, div, self, None, ieee.divide(1.0, number), number)

    def __rtruediv__(self, other: object) -> Value | Any:
        a = _operand(other)
        if a is None:
            return NotImplemented
        b = self._data
        out = ieee.divide(a, b)
        return Value(out, None, div, None, self, a, ieee.divide(-out, b))

    def __pow__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return apply(pow_, (self, other))
        n = _operand(other)
        if n is None:
            return NotImplemented
        x = self._data
        factor = ieee.message(n, ieee.power(x, n - 1.0))
        return Value(ieee.power(x, n), None, pow_const, self, None, factor, n)

    def __rpow__(self, other: object) -> Value | Any:
        a = _operand(other)
        return NotImplemented if a is None else apply(pow_, (a, self))

    def __mod__(self, other: object) -> Value | Any:
        b = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if b is None else apply(mod, (self, b))

    def __rmod__(self, other: object) -> Value | Any:
        a = _operand(other)
        return NotImplemented if a is None else apply(mod, (a, self))

    def __floordiv__(self, other: object) -> Value | Any:
        b = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if b is None else apply(floordiv, (self, b))

    def __rfloordiv__(self, other: object) -> Value | Any:
        a = _operand(other)
        return NotImplemented if a is None else apply(floordiv, (a, self))

    def __divmod__(self, other: object) -> tuple[Value, Value]:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> tuple[Value, Value]:
        return other // self, other % self

    def __neg__(self) -> Value:
        return Value(-self._data, None, neg, self, None, -1.0, 0.0)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return apply(abs_, (self,))

    # -- comparing, converting, printing -----------------------------------------------------------
    #
    # `other` is Any in == and != too: were it an object, mypyc would insist that comparing it with
    # a float gives a bool, and with a NumPy scalar it does not.

    def __eq__(self, other: Any) -> Any:  # noqa: PYI032
        if isinstance(other, Value):
            out = self._data == other._data
        elif _is_real(other):
            out = bool(self._data == other)
        else:
            return NotImplemented
        return out if MODES.active == 0 else _decided("==", self, other, out)

    def __ne__(self, other: Any) -> Any:  # noqa: PYI032
        if isinstance(other, Value):
            out = self._data != other._data
        elif _is_real(other):
            out = bool(self._data != other)
        else:
            return NotImplemented
        return out if MODES.active == 0 else _decided("!=", self, other, out)

    def __lt__(self, other: Any) -> Any:
        if isinstance(other, Value):
            out = self._data < other._data
        elif _is_real(other):
            out = bool(self._data < other)
        else:
            return NotImplemented
        return out if MODES.active == 0 else _decided("<", self, other, out)

    def __le__(self, other: Any) -> Any:
        if isinstance(other, Value):
            out = self._data <= other._data
        elif _is_real(other):
            out = bool(self._data <= other)
        else:
            return NotImplemented
        return out if MODES.active == 0 else _decided("<=", self, other, out)

    def __gt__(self, other: Any) -> Any:
        if isinstance(other, Value):
            out = self._data > other._data
        elif _is_real(other):
            out = bool(self._data > other)
        else:
            return NotImplemented
        return out if MODES.active == 0 else _decided(">", self, other, out)

    def __ge__(self, other: Any) -> Any:
        if isinstance(other, Value):
            out = self._data >= other._data
        elif _is_real(other):
            out = bool(self._data >= other)
        else:
            return NotImplemented
        return out if MODES.active == 0 else _decided(">=", self, other, out)

    def __hash__(self) -> int:
        return id(self) >> 4  # by identity: equal numbers are still different nodes

    def __bool__(self) -> bool:
        out = self._data != 0.0
        return out if MODES.active == 0 else _decided("!=", self, 0.0, out)

    def __round__(self, ndigits: Any = None) -> Any:
        if ndigits is None:
            return self._as_int(round, round_)
        if MODES.active != 0:
            _leaves(self, "calls round(v, ndigits)")
        return round(self._data, ndigits)

    def __floor__(self) -> int:
        return self._as_int(math.floor, floor)

    def __ceil__(self) -> int:
        return self._as_int(math.ceil, ceil)

    def __trunc__(self) -> int:
        return self._as_int(math.trunc, None)

    def __int__(self) -> int:
        return self._as_int(int, None)

    def _as_int(self, convert: Callable[[float], int], rounding: Primitive | None) -> int:
        """The whole number, of which a tracer is told as of a comparison; and of what decides
        whether there is none, for the function may catch the error."""
        if MODES.active == 0 or tracer() is None:
            return convert(self._data)
        if not _is_finite(self):
            _is_nan(self)
        whole = convert(self._data)
        if rounding is None:
            rounded = apply(copysign, (unary(floor, apply(abs_, (self,))), self))
        else:
            rounded = unary(rounding, self)
        _decided("int", rounded, whole, True)
        return whole

    def __float__(self) -> float:
        raise TypeError(
            "converting a Value to float would lose its gradient; for the bare number write "
            "v.data, for a function use autograd's (autograd.exp instead of math.exp)"
        )

    def __complex__(self) -> complex:
        raise TypeError("a Value is a real number; for a complex one start from v.data")

    def __format__(self, spec: str) -> str:
        if MODES.active != 0 and tracer() is not None:
            shown: str = tracer().shown
            return shown
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = "" if self._label is None else f", label={self._label!r}"
        if MODES.active != 0 and tracer() is not None:
            return f"Value({tracer().shown}{label})"
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"

    # -- copies ------------------------------------------------------------------------------------

    def __copy__(self) -> Value:
        if MODES.active != 0:
            _leaves(self, "is copied or pickled")
        return restore(self._data, self._grad, self._label, self._primitive, *edges(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        if MODES.active != 0:
            _leaves(self, "is copied or pickled")
        from autograd.engine.serialization import deep_copy

        return deep_copy(self, memo)

    def __reduce__(self) -> Any:
        if MODES.active != 0:
            _leaves(self, "is copied or pickled")
        from autograd.engine.serialization import reduce_value

        return reduce_value(self)

    # -- meeting other code ------------------------------------------------------------------------

    def __primitive__(self, primitive: Primitive, inputs: tuple[Any, ...]) -> Value:
        return apply(primitive, inputs)

    def conjugate(self) -> Value:
        """Itself, as for any real number; np.var and np.std of object arrays ask."""
        return self


# -- making nodes ----------------------------------------------------------------------------------


def apply(primitive: Primitive, inputs: tuple[Any, ...]) -> Value:
    """Compute a primitive over Values and numbers, and record it with its local derivatives."""
    if primitive.arity == 1:
        return unary(primitive, inputs[0])
    for x in inputs:
        if not isinstance(x, Value) and type(x) is not float:
            inputs = tuple(with_floats(primitive, inputs))
            break
    if primitive is pow_ and not isinstance(inputs[1], Value):
        primitive = pow_const
    numbers = [x._data if isinstance(x, Value) else x for x in inputs]
    data = primitive.forward(*numbers)
    if MODES.active != 0 and _idle():
        return Value(data)
    return _place(primitive, data, inputs, _differentiate(primitive, data, numbers))


def with_floats(primitive: Primitive, inputs: Sequence[Any]) -> list[Any]:
    """The inputs with every number among them as a float."""
    where = f"{primitive.name} takes a Value or"
    return [x if isinstance(x, Value) else as_float(x, where) for x in inputs]


def unary(primitive: Primitive, x: Value) -> Value:
    """`apply` for one input, which is most of the table."""
    number = x._data
    data = primitive.forward(number)
    if MODES.active != 0 and _idle():
        return Value(data)
    factor: float
    if primitive.builtin:
        try:
            factor = primitive.partials(data, number)
        except ZeroDivisionError:
            factor = _differentiate(primitive, data, [number])[0]
    else:
        factor = _differentiate(primitive, data, [number])[0]
    return Value(data, None, primitive, x, None, factor)


def _differentiate(primitive: Primitive, data: float, numbers: list[float]) -> tuple[Any, ...]:
    """The local derivatives: the rule fed floats or, where those would raise, Values, which never
    do."""
    try:
        factors = primitive.partials(data, *numbers)
        if primitive.builtin:
            return factors if isinstance(factors, tuple) else (factors,)
    except (ZeroDivisionError, OverflowError):
        with plain_arithmetic():
            factors = primitive.partials(Value(data), *[Value(x) for x in numbers])
    if not isinstance(factors, (tuple, list)):
        factors = (factors,)
    if len(factors) != len(numbers):
        raise TypeError(
            f"{primitive.name}'s partials must return one factor per input: "
            f"{len(numbers)} inputs, {len(factors)} factors"
        )
    where = f"{primitive.name}'s partials must return"
    return tuple([x._data if isinstance(x, Value) else as_float(x, where) for x in factors])


def _place(
    primitive: Primitive, data: float, inputs: tuple[Any, ...], factors: tuple[Any, ...]
) -> Value:
    """A node with these inputs (Values and floats) and one local derivative for each."""
    if _needs_fan(primitive, inputs):
        return Value(data, None, primitive, _fan=Fan(inputs, factors))
    a, pa = _edge(inputs[0], factors[0])
    if len(inputs) == 1:
        return Value(data, None, primitive, a, None, pa)
    b, pb = _edge(inputs[1], factors[1])
    return Value(data, None, primitive, a, b, pa, pb)


def _needs_fan(primitive: Primitive, inputs: tuple[Any, ...]) -> bool:
    return primitive.arity is None or len(inputs) > 2


def _edge(x: Any, factor: float) -> tuple[Value | None, float]:
    """One edge as a node keeps it: a Value with its local derivative, or None with the plain
    number."""
    if isinstance(x, Value):
        return x, factor
    return None, x


def edges(node: Value) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """A node's inputs and one local derivative for each (of no meaning where the input is a
    number)."""
    return node.inputs, _factors_of(node)


def _factors_of(node: Value) -> tuple[Any, ...]:
    if node._fan is not None:
        return node._fan.factors
    if node._primitive is None:
        return ()
    return (node._pa,) if node._primitive.arity == 1 else (node._pa, node._pb)


def restore(
    data: float,
    grad: float,
    label: str | None,
    primitive: Primitive | None,
    inputs: tuple[Any, ...],
    factors: tuple[Any, ...],
) -> Value:
    """The inverse of taking a node apart, for copying and unpickling, whatever modes are on."""
    out = Value(data, label)
    out._grad = grad
    if primitive is None:
        return out
    out._primitive = primitive
    if _needs_fan(primitive, inputs):
        out._fan = Fan(inputs, factors)
        return out
    out._a, out._pa = _edge(inputs[0], factors[0])
    if len(inputs) == 2:
        out._b, out._pb = _edge(inputs[1], factors[1])
    return out


# -- numbers among the operands --------------------------------------------------------------------


def _operand(other: object) -> float | None:
    """A number as a float; TypeError for what is surely a mistake; None for anything else, so that
    the operator returns NotImplemented and other types (an ndarray) have their say."""
    if type(other) is float:
        return other
    if type(other) is int or _is_real(other) or other is None or isinstance(other, NEVER_OPERANDS):
        return as_float(other, "an operand of a Value must be a Value or")
    return None


def _is_real(other: object) -> bool:
    if isinstance(other, Real):
        return True
    if getattr(other, "shape", None) != () or not hasattr(type(other), "__array_priority__"):
        return False
    return getattr(other, "dtype", None) != "O"  # an array of one Value knows better


def _given(x: object, name: str) -> object:
    """What a setter was given, unless that is nothing."""
    if x is _DELETED:
        raise AttributeError(f"property {name!r} of 'Value' object has no deleter")
    return x


def _checked_label(label: object) -> str:
    if not isinstance(label, str):
        raise TypeError(f"a label is a str or None, got {describe(label)}")
    return label


# -- the modes -------------------------------------------------------------------------------------


def _idle() -> bool:
    """Whether nothing is recorded and nobody watches, so that local derivatives would be for
    nothing."""
    return not (recording() or watching() or locating() or tracer() is not None)


def _enter(node: Value) -> None:
    """What the modes make of a new node: FloatingPointError if it is the first NaN or infinity and
    someone watches; no edges where nothing is recorded."""
    if locating():
        node._locate()
    if node._primitive is not None:
        _check_anomaly(node)
        if not recording():
            _cut_off(node)
    observer = tracer()
    if observer is not None:
        observer.made(node)


def _cut_off(node: Value) -> None:
    """Make it a leaf; for a tracer, which has to know how it was computed, let no gradient
    through."""
    hidden = None
    if tracer() is not None:
        with plain_arithmetic():
            hidden = restore(node._data, 0.0, None, node._primitive, *edges(node))
        tracer().made(hidden)
    node._primitive = None if hidden is None else stop_gradient
    node._a = hidden
    node._b = None
    node._pa = 0.0
    node._fan = None


def _check_anomaly(node: Value) -> None:
    data = node._data
    if not watching() or _is_finite(node):
        return
    inputs = node.inputs
    if tracer() is not None:
        for x in [node, *node.parents]:
            if not _is_finite(x):
                _is_nan(x)
    numbers = [x._data if isinstance(x, Value) else x for x in inputs]
    if not any([x != x for x in numbers] if data != data else [x - x != 0.0 for x in numbers]):
        shown = ", ".join([_name(x) for x in inputs])
        raise FloatingPointError(f"{node.op} made {data} of {shown} ({place(_where())})")


def _is_finite(x: Value) -> bool:
    """By comparisons, of which a tracer is told."""
    if MODES.active == 0 or tracer() is None:
        return math.isfinite(x._data)
    return bool(x < math.inf) and bool(x > -math.inf)


def _is_nan(x: Value) -> bool:
    return bool(x != x)


def _decided(symbol: str, a: Value, b: Any, out: bool) -> bool:
    """The outcome of a comparison, told to the tracer on its way."""
    observer = tracer()
    if observer is not None:
        observer.decided(symbol, a, b, out, _where())
    return out


def _leaves(node: Value, how: str) -> None:
    """A number is leaving the graph, or entering it, unseen: a tracer may have to forbid it."""
    observer = tracer()
    if observer is not None:
        observer.leaves(node, how, _where())


def _name(x: object) -> str:
    if not isinstance(x, Value):
        return repr(x)
    label = x._label
    return repr(x._data) if label is None else f"{label} = {x._data!r}"


def _where() -> str:
    """The file and line of the innermost caller outside this project."""
    frame: Any = sys._getframe()
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in ("autograd", "nn"):
            return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
        frame = frame.f_back
    return "line unknown"


# -- the reverse pass ------------------------------------------------------------------------------


class Pass:
    """What a reverse pass has met, so that one that did not finish can be taken back."""

    __slots__ = ("leaves", "nodes", "running")

    def __init__(self) -> None:
        self.running = False
        self.nodes: list[Value] = []
        self.leaves: list[Value] = []


_PASS: Final = Pass()
_PASS_LOCK: Final[Any] = threading.RLock()
_set_grad: Final[Any] = vars(Value)["_grad"].__set__


def _abandon() -> None:
    """Take back the counts of a pass that did not finish, and let go of its nodes. If this is
    interrupted too, the next pass begins with it."""
    for node in _PASS.nodes:
        node._waiting = 0
    for leaf in _PASS.leaves:
        leaf._waiting = 0
    _PASS.nodes = []
    _PASS.leaves = []


def _backward(root: Value, seed: float) -> None:
    _abandon()
    nodes = _PASS.nodes = [root]
    leaves: list[Value] = []
    _PASS.leaves = leaves
    _count_consumers(nodes, leaves)
    if root._primitive is None:
        leaves.append(root)
        root._pa = seed
    else:
        root._grad = seed
        _send_messages(root)
    totals = [leaf._grad + leaf._pa for leaf in leaves]
    # One call into C, which no signal can split: the leaves change all together or not at all.
    deque(map(_set_grad, leaves, totals), maxlen=0)
    for leaf in leaves:
        leaf._waiting = 0
    _PASS.nodes = []
    _PASS.leaves = []


def _count_consumers(nodes: list[Value], leaves: list[Value]) -> None:
    """From the root, which is all there is in `nodes`, find every node below: adjoint 0, and in
    `_waiting` the number of edges that will report to it. A leaf collects its adjoint of this pass
    in `_pa`, which it has no other use for; its count only says that it was met, since it passes
    nothing on."""
    # An edge is treated alike in `_a`, in `_b` and in a fan, and written out three times: here and
    # in `_send_messages` is where a pass spends its time.
    for node in nodes:  # which grows on the way
        a = node._a
        if a is not None:
            if a._primitive is None:
                if a._waiting == 0:
                    leaves.append(a)
                    a._waiting = 1
                    a._pa = 0.0
            elif a._waiting == 0:
                nodes.append(a)
                a._waiting = 1
                a._grad = 0.0
            else:
                a._waiting += 1
        b = node._b
        if b is not None:
            if b._primitive is None:
                if b._waiting == 0:
                    leaves.append(b)
                    b._waiting = 1
                    b._pa = 0.0
            elif b._waiting == 0:
                nodes.append(b)
                b._waiting = 1
                b._grad = 0.0
            else:
                b._waiting += 1
        fan = node._fan
        if fan is not None:
            for x in fan.inputs:
                if isinstance(x, Value):
                    if x._primitive is None:
                        if x._waiting == 0:
                            leaves.append(x)
                            x._waiting = 1
                            x._pa = 0.0
                    elif x._waiting == 0:
                        nodes.append(x)
                        x._waiting = 1
                        x._grad = 0.0
                    else:
                        x._waiting += 1


def _send_messages(root: Value) -> None:
    """From the root down, each node once, when all its consumers have reported."""
    factor: float  # declared, or mypyc would box it
    watched = MODES.active != 0 and watching()
    ready: list[Value] = [root]
    while ready:
        node = ready.pop()
        adjoint = node._grad
        if adjoint == 0.0:
            _send_nothing(node, ready)
            continue
        if watched:
            _watch_messages(node, adjoint)
        a = node._a
        if a is not None:
            factor = node._pa
            if a._primitive is None:
                if factor != 0.0 or not _cuts(node):
                    a._pa += adjoint * factor
            else:
                if factor != 0.0 or not _cuts(node):
                    a._grad += adjoint * factor
                a._waiting -= 1
                if a._waiting == 0:
                    ready.append(a)
        b = node._b
        if b is not None:
            factor = node._pb
            if b._primitive is None:
                if factor != 0.0 or not _cuts(node):
                    b._pa += adjoint * factor
            else:
                if factor != 0.0 or not _cuts(node):
                    b._grad += adjoint * factor
                b._waiting -= 1
                if b._waiting == 0:
                    ready.append(b)
        fan = node._fan
        if fan is not None:
            factors = fan.factors
            for i, x in enumerate(fan.inputs):
                if isinstance(x, Value):
                    factor = factors[i]
                    if x._primitive is None:
                        if factor != 0.0 or not _cuts(node):
                            x._pa += adjoint * factor
                    else:
                        if factor != 0.0 or not _cuts(node):
                            x._grad += adjoint * factor
                        x._waiting -= 1
                        if x._waiting == 0:
                            ready.append(x)


def _send_nothing(node: Value, ready: list[Value]) -> None:
    """Report to the inputs without a message: an adjoint of exactly 0 stays 0 along any edge."""
    for x in node.parents:
        if x._primitive is not None:
            x._waiting -= 1
            if x._waiting == 0:
                ready.append(x)


def _cuts(node: Value) -> bool:
    return node._primitive is not None and node._primitive.cuts


def _watch_messages(node: Value, adjoint: float) -> None:
    """Inside detect_anomaly: the first local derivative that turns a finite adjoint into NaN or
    infinity."""
    if adjoint == 0.0 or not math.isfinite(adjoint):
        return
    for parent, factor in zip(node.parents, node.partials, strict=True):
        if not math.isfinite(adjoint * factor):
            inputs = ", ".join([_name(x) for x in node.inputs])
            raise FloatingPointError(
                f"backward through {node.op}({inputs}) made {adjoint * factor}: adjoint {adjoint} "
                f"times local derivative {factor} with respect to {_name(parent)} "
                f"({place(_where())})"
            )


# -- every function of one input is a method too ---------------------------------------------------


def _attach(primitive: Primitive) -> None:
    """Let a Value be asked `v.tanh()`, by our name and by the one NumPy uses for object arrays."""
    if not primitive.is_method:
        replaced = TABLE.get(primitive.name)
        if replaced is not None and replaced.is_method:
            delattr(Value, primitive.name)
        return
    method: Any = _unary_method(primitive) if primitive.arity == 1 else _method(primitive)
    for name in {primitive.name, primitive.numpy_name}:
        if not name:
            continue
        if hasattr(Value, name) and not primitive.builtin and name not in TABLE:
            raise ValueError(f"{name!r} is taken by an attribute of Value; choose another name")
        setattr(Value, name, method)


def _unary_method(primitive: Primitive) -> Callable[[Value], Value]:
    def method(self: Any) -> Any:
        return unary(primitive, self) if isinstance(self, Value) else primitive(self)

    return method


def _method(primitive: Primitive) -> Callable[..., Value]:
    def method(self: Value, *others: Any) -> Value:
        out: Value = primitive(self, *others)
        return out

    return method


for _primitive in TABLE.values():
    _attach(_primitive)
ATTACH.append(_attach)
