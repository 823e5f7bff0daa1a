# Made by docs/make_stubs.py: change that.
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

from typing import Any, Protocol, SupportsIndex, final, overload

from autograd.engine.primitives import Primitive

__all__ = ["Value"]

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
    def __init__(self, data: _Number, label: str | None = None) -> None: ...
    @property
    def data(self) -> float:
        """The number. Assigning changes this node alone: what was computed from it before stays as
        it was, local derivatives included, so `backward` differentiates the computation that really
        ran.
        """
    @data.setter
    def data(self, data: _Number) -> None: ...
    @property
    def grad(self) -> float:
        """Derivative of the value that `backward` was called on with respect to this one. Leaves
        add up over passes until `zero_grad`; a node inside the graph shows the latest pass.
        """
    @grad.setter
    def grad(self, grad: _Number) -> None: ...
    @property
    def label(self) -> str | None:
        """A name for pictures and messages, or None."""
    @label.setter
    def label(self, label: str | None) -> None: ...
    @property
    def line(self) -> str | None:
        """The file and line that made it, where that was inside `record_lines`."""
    @property
    def primitive(self) -> Primitive | None:
        """The record of the operation that made it; None for a leaf."""
    @property
    def op(self) -> str:
        """The name of the operation that made it, such as "mul" or "tanh"; "" for a leaf."""
    @property
    def inputs(self) -> tuple[Value | float, ...]:
        """What the operation was applied to, in order: Values, and floats for plain numbers."""
    @property
    def parents(self) -> tuple[Value, ...]:
        """The inputs that are Values, in order, repeats kept: `a * a` has two."""
    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivative of this node with respect to each of `parents`, as of the moment it
        was computed.
        """
    def backward(self, gradient: _Number = 1.0) -> None:
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
    def zero_grad(self) -> None:
        """Set `.grad` to 0.0 on this node and on everything it was computed from."""
    def detach(self) -> Value:
        """A new leaf with the same data and label: gradients do not flow through it."""
    def conjugate(self) -> Value:
        """Itself, as for any real number; np.var and np.std of object arrays ask."""
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
    def __divmod__(self, other: Value | _Number) -> tuple[Value, Value]: ...
    def __rdivmod__(self, other: _Number) -> tuple[Value, Value]: ...
    @overload
    def __add__(self, other: Value | _Number) -> Value: ...
    @overload
    def __add__(self, other: _Array) -> Any: ...
    @overload
    def __radd__(self, other: _Number) -> Value: ...
    @overload
    def __radd__(self, other: _Array) -> Any: ...
    @overload
    def __sub__(self, other: Value | _Number) -> Value: ...
    @overload
    def __sub__(self, other: _Array) -> Any: ...
    @overload
    def __rsub__(self, other: _Number) -> Value: ...
    @overload
    def __rsub__(self, other: _Array) -> Any: ...
    @overload
    def __mul__(self, other: Value | _Number) -> Value: ...
    @overload
    def __mul__(self, other: _Array) -> Any: ...
    @overload
    def __rmul__(self, other: _Number) -> Value: ...
    @overload
    def __rmul__(self, other: _Array) -> Any: ...
    @overload
    def __truediv__(self, other: Value | _Number) -> Value: ...
    @overload
    def __truediv__(self, other: _Array) -> Any: ...
    @overload
    def __rtruediv__(self, other: _Number) -> Value: ...
    @overload
    def __rtruediv__(self, other: _Array) -> Any: ...
    @overload
    def __pow__(self, other: Value | _Number) -> Value: ...
    @overload
    def __pow__(self, other: _Array) -> Any: ...
    @overload
    def __rpow__(self, other: _Number) -> Value: ...
    @overload
    def __rpow__(self, other: _Array) -> Any: ...
    @overload
    def __mod__(self, other: Value | _Number) -> Value: ...
    @overload
    def __mod__(self, other: _Array) -> Any: ...
    @overload
    def __rmod__(self, other: _Number) -> Value: ...
    @overload
    def __rmod__(self, other: _Array) -> Any: ...
    @overload
    def __floordiv__(self, other: Value | _Number) -> Value: ...
    @overload
    def __floordiv__(self, other: _Array) -> Any: ...
    @overload
    def __rfloordiv__(self, other: _Number) -> Value: ...
    @overload
    def __rfloordiv__(self, other: _Array) -> Any: ...
    def __lt__(self, other: Value | _Number) -> bool: ...
    def __le__(self, other: Value | _Number) -> bool: ...
    def __gt__(self, other: Value | _Number) -> bool: ...
    def __ge__(self, other: Value | _Number) -> bool: ...
    def abs(self, /) -> Value:
        """"""
    def absolute(self, /) -> Value:
        """"""
    def acos(self, /) -> Value:
        """"""
    def acosh(self, /) -> Value:
        """"""
    def arccos(self, /) -> Value:
        """"""
    def arccosh(self, /) -> Value:
        """"""
    def arcsin(self, /) -> Value:
        """"""
    def arcsinh(self, /) -> Value:
        """"""
    def arctan(self, /) -> Value:
        """"""
    def arctanh(self, /) -> Value:
        """"""
    def asin(self, /) -> Value:
        """"""
    def asinh(self, /) -> Value:
        """"""
    def atan(self, /) -> Value:
        """"""
    def atanh(self, /) -> Value:
        """"""
    def cbrt(self, /) -> Value:
        """"""
    def ceil(self, /) -> Value:
        """"""
    def cos(self, /) -> Value:
        """"""
    def cosh(self, /) -> Value:
        """"""
    def elu(self, alpha: Value | _Number = 1.0, /) -> Value:
        """"""
    def erf(self, /) -> Value:
        """"""
    def erfc(self, /) -> Value:
        """"""
    def exp(self, /) -> Value:
        """"""
    def expm1(self, /) -> Value:
        """"""
    def finite_part(self, /) -> Value:
        """"""
    def floor(self, /) -> Value:
        """"""
    def gelu(self, /) -> Value:
        """"""
    def leaky_relu(self, slope: Value | _Number = 0.01, /) -> Value:
        """"""
    def lgamma(self, /) -> Value:
        """"""
    def log(self, /) -> Value:
        """"""
    def log10(self, /) -> Value:
        """"""
    def log1p(self, /) -> Value:
        """"""
    def log2(self, /) -> Value:
        """"""
    def neg(self, /) -> Value:
        """"""
    def negative(self, /) -> Value:
        """"""
    def normal_cdf(self, /) -> Value:
        """"""
    def one_minus_square(self, /) -> Value:
        """"""
    def reciprocal(self, /) -> Value:
        """"""
    def relu(self, /) -> Value:
        """"""
    def rint(self, /) -> Value:
        """"""
    def round(self, /) -> Value:
        """"""
    def sech2(self, /) -> Value:
        """"""
    def sigmoid(self, /) -> Value:
        """"""
    def sign(self, /) -> Value:
        """"""
    def silu(self, /) -> Value:
        """"""
    def sin(self, /) -> Value:
        """"""
    def sinh(self, /) -> Value:
        """"""
    def softplus(self, /) -> Value:
        """"""
    def softsign(self, /) -> Value:
        """"""
    def sqrt(self, /) -> Value:
        """"""
    def square(self, /) -> Value:
        """"""
    def stop_gradient(self, /) -> Value:
        """"""
    def tan(self, /) -> Value:
        """"""
    def tanh(self, /) -> Value:
        """"""

def __getattr__(name: str) -> Any: ...  # what else is there is not public
