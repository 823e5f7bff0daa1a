"""Value: a number that remembers how it was computed.

Each arithmetic operation makes one new Value that points at its inputs and keeps, beside each
pointer, the local derivative of the result with respect to that input. That is the whole
computation graph. It is acyclic, so reference counting frees it the moment its last name goes away,
and the cyclic garbage collector is never needed (the compiled class is not even tracked by it).

Storage. A node has up to two edges in place, `_a` with `_pa` and `_b` with `_pb`. A plain number is
not a node: where `_a` or `_b` is None, the number sits in `_pa` or `_pb` instead of the derivative
that nobody needs. More inputs live in a `Fan`. `parents`, `partials` and `inputs` show the same in
public.

Read on in `apply`, which makes the node of every operation not seen here, and in `backward`.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any, Final, SupportsFloat, final

from mypy_extensions import i32, mypyc_attr

import autograd._conflict_check  # noqa: F401 (before anything else of ours)
from autograd.engine import ieee
from autograd.engine import primitives as table
from autograd.engine.alone import ALONE
from autograd.engine.hooks import HOOKS
from autograd.engine.levels import LEVELS, current_level
from autograd.engine.modes import MODES, caller_line, decided, notify_escape, recording, tracer
from autograd.engine.operands import as_label, as_operand, is_real, to_float
from autograd.engine.primitive import Primitive

__all__ = ["Value"]

UNRECORDED: Final = ", inside no_grad"  # behind the line of a result without a graph

_DELETED: Final = object()  # for `del v.data`, a compiled setter is called without an argument


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

    # Every function of one input is a method too: `methods` attaches it.

    __slots__ = ("_a", "_b", "_data", "_fan", "_grad", "_label", "_line", "_pa", "_pb",
                 "_place", "_primitive", "_waiting")  # fmt: skip

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
        _is_told: bool = True,
    ) -> None:
        if _primitive is None:
            if type(data) is not float:
                data = to_float(data, "Value's data must be")
            if LEVELS.active != 0:
                _pb = current_level()
        self._data: float = data  # type: ignore[assignment]
        self._label = label if label is None else as_label(label)
        self._grad = 0.0
        self._primitive = _primitive
        self._a = _a
        self._b = _b
        self._pa = _pa
        self._pb = _pb
        self._fan = _fan
        self._waiting: i32 = 0
        self._place: i32 = 0  # in a recording
        if MODES.active != 0 and _is_told:
            self._place = ALONE.add(self)

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
            notify_escape(self, "reads .data")
        return self._data

    @data.setter
    def data(self, data: object = _DELETED) -> None:
        if MODES.active != 0:
            notify_escape(self, "assigns .data")
        self._data = to_float(_given(data, "data"), "Value.data must be")

    @property
    def grad(self) -> float:
        """Derivative of the value that `backward` was called on with respect to this one. Leaves
        add up over passes until `zero_grad`; a node inside the graph shows the latest pass."""
        if MODES.active != 0:
            notify_escape(self, "reads .grad")
        return self._grad

    @grad.setter
    def grad(self, grad: object = _DELETED) -> None:
        if MODES.active != 0:
            notify_escape(self, "assigns .grad")
        self._grad = to_float(_given(grad, "grad"), "Value.grad must be")

    @property
    def label(self) -> str | None:
        """A name for pictures and messages, or None."""
        return self._label

    @label.setter
    def label(self, label: object = _DELETED) -> None:
        self._label = None if label is None else as_label(_given(label, "label"))

    @property
    def line(self) -> str | None:
        """The file and line that made it, where that was inside `record_lines`."""
        return getattr(self, "_line", None)

    @property
    def primitive(self) -> Primitive | None:
        """The record of the operation that made it; None for a leaf."""
        if MODES.active != 0:
            HOOKS.looked(self, ".primitive")
        return self._primitive

    @property
    def op(self) -> str:
        """The name of the operation that made it, such as "mul" or "tanh"; "" for a leaf."""
        if MODES.active != 0:
            HOOKS.looked(self, ".op")
        return "" if self._primitive is None else self._primitive.name

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the operation was applied to, in order: Values, and floats for plain numbers."""
        if MODES.active != 0:
            HOOKS.looked(self, ".inputs")
        return inputs_and_partials(self)[0]

    @property
    def parents(self) -> tuple[Value, ...]:
        """The inputs that are Values, in order, repeats kept: `a * a` has two."""
        if MODES.active != 0:
            HOOKS.looked(self, ".parents")
        return self._beneath()

    def _beneath(self) -> tuple[Value, ...]:
        """The same for the engine, whose look at a graph is no matter for a tracer."""
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
            notify_escape(self, "reads .partials")
        pairs = zip(*inputs_and_partials(self), strict=True)
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
        HOOKS.backward(self, gradient)

    def zero_grad(self) -> None:
        """Set `.grad` to 0.0 on this node and on everything it was computed from."""
        if MODES.active != 0:
            notify_escape(self, "calls zero_grad()")
        HOOKS.zero_grad(self)

    def detach(self) -> Value:
        """A new leaf with the same data and label: gradients do not flow through it."""
        if MODES.active != 0 and tracer() is not None:
            return Value(self._data, self._label, table.stop_gradient, self)  # it is still computed
        return Value(self._data, self._label)

    def _locate(self) -> None:
        """Note the line that asked for this node, and whether an operation was not recorded."""
        recorded = self._primitive is None or recording()
        # First set here, `_line` is the last field of the compiled class, and __init__ skips it: so
        # it costs nothing outside record_lines.
        self._line = sys.intern(caller_line() if recorded else caller_line() + UNRECORDED)

    # -- arithmetic --------------------------------------------------------------------------------
    #
    # The derivatives of + - * / ** stand here once more, for speed alone; a test holds them to the
    # table's rules bit by bit. `| Any` in the annotations is for NotImplemented, which gives other
    # types their say.

    def __add__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return Value(self._data + other._data, None, table.add, self, other, 1.0, 1.0)
        if (number := as_operand(other)) is None:
            return NotImplemented
        return Value(self._data + number, None, table.add, self, None, 1.0, number)

    def __radd__(self, other: object) -> Value | Any:
        if (number := as_operand(other)) is None:
            return NotImplemented
        return Value(number + self._data, None, table.add, None, self, number, 1.0)

    def __sub__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return Value(self._data - other._data, None, table.sub, self, other, 1.0, -1.0)
        if (number := as_operand(other)) is None:
            return NotImplemented
        return Value(self._data - number, None, table.sub, self, None, 1.0, number)

    def __rsub__(self, other: object) -> Value | Any:
        if (number := as_operand(other)) is None:
            return NotImplemented
        return Value(number - self._data, None, table.sub, None, self, number, -1.0)

    def __mul__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return Value(
                self._data * other._data, None, table.mul, self, other, other._data, self._data
            )
        if (number := as_operand(other)) is None:
            return NotImplemented
        return Value(self._data * number, None, table.mul, self, None, number, number)

    def __rmul__(self, other: object) -> Value | Any:
        if (number := as_operand(other)) is None:
            return NotImplemented
        return Value(number * self._data, None, table.mul, None, self, number, number)

    def __truediv__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            b = other._data
            out = ieee.divide(self._data, b)
            return Value(
                out, None, table.div, self, other, ieee.divide(1.0, b), ieee.divide(-out, b)
            )
        if (number := as_operand(other)) is None:
            return NotImplemented
        out = ieee.divide(self._data, number)
        return Value(out, None, table.div, self, None, ieee.divide(1.0, number), number)

    def __rtruediv__(self, other: object) -> Value | Any:
        if (a := as_operand(other)) is None:
            return NotImplemented
        b = self._data
        out = ieee.divide(a, b)
        return Value(out, None, table.div, None, self, a, ieee.divide(-out, b))

    def __pow__(self, other: object) -> Value | Any:
        if isinstance(other, Value):
            return HOOKS.apply(table.pow_, (self, other))
        if (n := as_operand(other)) is None:
            return NotImplemented
        x = self._data
        factor = ieee.message(n, ieee.power(x, n - 1.0))
        return Value(ieee.power(x, n), None, table.pow_const, self, None, factor, n)

    def __rpow__(self, other: object) -> Value | Any:
        a = as_operand(other)
        return NotImplemented if a is None else HOOKS.apply(table.pow_, (a, self))

    def __mod__(self, other: object) -> Value | Any:
        b = other if isinstance(other, Value) else as_operand(other)
        return NotImplemented if b is None else HOOKS.apply(table.mod, (self, b))

    def __rmod__(self, other: object) -> Value | Any:
        a = as_operand(other)
        return NotImplemented if a is None else HOOKS.apply(table.mod, (a, self))

    def __floordiv__(self, other: object) -> Value | Any:
        b = other if isinstance(other, Value) else as_operand(other)
        return NotImplemented if b is None else HOOKS.apply(table.floordiv, (self, b))

    def __rfloordiv__(self, other: object) -> Value | Any:
        a = as_operand(other)
        return NotImplemented if a is None else HOOKS.apply(table.floordiv, (a, self))

    def __divmod__(self, other: object) -> tuple[Value, Value]:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> tuple[Value, Value]:
        return other // self, other % self

    def __neg__(self) -> Value:
        return Value(-self._data, None, table.neg, self, None, -1.0, 0.0)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        x = self._data
        return Value(abs(x), None, table.abs_, self, None, ieee.sign(x))

    # -- comparing, converting, printing -----------------------------------------------------------
    #
    # `other` is Any in == and != too: were it an object, mypyc would insist that comparing it with
    # a float gives a bool, and with a NumPy scalar it does not.

    def __eq__(self, other: Any) -> Any:  # noqa: PYI032
        if MODES.active == 0 and isinstance(other, Value):
            return self._data == other._data
        return self._compared("==", operator.eq, other)

    def __ne__(self, other: Any) -> Any:  # noqa: PYI032
        if MODES.active == 0 and isinstance(other, Value):
            return self._data != other._data
        return self._compared("!=", operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        if MODES.active == 0 and isinstance(other, Value):
            return self._data < other._data
        return self._compared("<", operator.lt, other)

    def __le__(self, other: Any) -> Any:
        if MODES.active == 0 and isinstance(other, Value):
            return self._data <= other._data
        return self._compared("<=", operator.le, other)

    def __gt__(self, other: Any) -> Any:
        if MODES.active == 0 and isinstance(other, Value):
            return self._data > other._data
        return self._compared(">", operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        if MODES.active == 0 and isinstance(other, Value):
            return self._data >= other._data
        return self._compared(">=", operator.ge, other)

    def _compared(self, symbol: str, holds: Callable[[Any, Any], Any], other: Any) -> Any:
        """The outcome for a number, or one that a tracer is told of."""
        if isinstance(other, complex) and symbol in ("==", "!="):  # as a float is compared with it
            other = other.real if other.imag == 0.0 else math.nan
        if not isinstance(other, Value) and not is_real(other):
            return NotImplemented
        out = bool(holds(self._data, other._data if isinstance(other, Value) else other))
        return out if MODES.active == 0 else decided(symbol, self, other, out)

    def __hash__(self) -> int:
        if MODES.active != 0 or LEVELS.active != 0:
            HOOKS.hashed(self)
        return id(self) >> 4  # by identity: equal numbers are still different nodes

    def __bool__(self) -> bool:
        out = self._data != 0.0
        return out if MODES.active == 0 else decided("!=", self, 0.0, out)

    def __round__(self, ndigits: Any = None) -> Any:
        if ndigits is None:
            return self._as_int(round, table.round_)
        if MODES.active != 0:
            notify_escape(self, "calls round(v, ndigits)")
        return round(self._data, ndigits)

    def __floor__(self) -> int:
        return self._as_int(math.floor, table.floor)

    def __ceil__(self) -> int:
        return self._as_int(math.ceil, table.ceil)

    def __trunc__(self) -> int:
        return self._as_int(math.trunc, None)

    def __int__(self) -> int:
        return self._as_int(int, None)

    def _as_int(self, convert: Callable[[float], int], rounding: Primitive | None) -> int:
        if MODES.active == 0:
            return convert(self._data)
        return int(HOOKS.whole(self, convert, rounding))

    def __float__(self) -> float:
        raise TypeError(
            "converting a Value to float would lose its gradient; a NumPy array that is to hold "
            "Values is made with dtype=object (or by numpy.stack, numpy.zeros_like of an array of "
            "Values), functions are autograd's (autograd.exp instead of math.exp; math.isnan(v) is "
            "v != v), and the bare number, which is a constant to every derivative, is v.data. A "
            "derivative of a function that captures Values is a Value: take it inside `with "
            "autograd.no_grad():` for a plain number"
        )

    def __complex__(self) -> complex:
        raise TypeError("a Value is a real number; for a complex one start from v.data")

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if MODES.active != 0:
            notify_escape(self, "makes a text")
        return format(self._data, spec)

    def __repr__(self) -> str:
        label = "" if self._label is None else f", label={self._label!r}"
        if MODES.active != 0:
            notify_escape(self, "makes a text")
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"

    # -- copies, and meeting other code ------------------------------------------------------------

    def __copy__(self) -> Value:
        if MODES.active != 0:
            notify_escape(self, "copies or pickles the number")
        copy: Value = HOOKS.copy(self)
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        if MODES.active != 0:
            notify_escape(self, "copies or pickles the number")
        copy: Value = HOOKS.deep_copy(self, memo)
        return copy

    def __reduce__(self) -> Any:
        if MODES.active != 0:
            notify_escape(self, "copies or pickles the number")
        return HOOKS.reduce(self)

    def conjugate(self) -> Value:
        """Itself, as for any real number; np.var and np.std of object arrays ask."""
        return self


def inputs_and_partials(node: Value) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """A node's inputs and one local derivative for each (of no meaning where the input is a
    number)."""
    if node._fan is not None:
        return node._fan.inputs, node._fan.factors
    if node._primitive is None:
        return (), ()
    first = node._pa if node._a is None else node._a
    if node._primitive.arity == 1:
        return (first,), (node._pa,)
    return (first, node._pb if node._b is None else node._b), (node._pa, node._pb)


def _given(x: object, name: str) -> object:
    """What a setter was given, unless that is nothing."""
    if x is _DELETED:
        raise AttributeError(f"property {name!r} of 'Value' object has no deleter")
    return x
