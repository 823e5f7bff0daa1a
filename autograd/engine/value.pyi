# Made by docs/make_stubs.py: change that.
from typing import Any, Protocol, SupportsIndex, final, overload

from autograd.engine.primitive import Primitive

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
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any: ...
    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any: ...
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
        """Absolute value, |x|."""
    def absolute(self, /) -> Value:
        """Absolute value, |x|."""
    def acos(self, /) -> Value:
        """Arc cosine, in radians."""
    def acosh(self, /) -> Value:
        """Inverse hyperbolic cosine."""
    def arccos(self, /) -> Value:
        """Arc cosine, in radians."""
    def arccosh(self, /) -> Value:
        """Inverse hyperbolic cosine."""
    def arcsin(self, /) -> Value:
        """Arc sine, in radians."""
    def arcsinh(self, /) -> Value:
        """Inverse hyperbolic sine."""
    def arctan(self, /) -> Value:
        """Arc tangent, in radians."""
    def arctanh(self, /) -> Value:
        """Inverse hyperbolic tangent."""
    def asin(self, /) -> Value:
        """Arc sine, in radians."""
    def asinh(self, /) -> Value:
        """Inverse hyperbolic sine."""
    def atan(self, /) -> Value:
        """Arc tangent, in radians."""
    def atanh(self, /) -> Value:
        """Inverse hyperbolic tangent."""
    def cbrt(self, /) -> Value:
        """Cube root, of negative numbers too."""
    def ceil(self, /) -> Value:
        """Smallest whole number >= x."""
    def cos(self, /) -> Value:
        """Cosine of an angle in radians."""
    def cosh(self, /) -> Value:
        """Hyperbolic cosine."""
    def deg2rad(self, /) -> Value:
        """An angle in degrees in radians."""
    def digamma(self, /) -> Value:
        """The derivative of lgamma, with poles at 0, -1, -2 and so on."""
    def elu(self, alpha: Value | _Number = 1.0, /) -> Value:
        """x where x >= 0, else alpha * (exp(x) - 1) (Clevert et al. 2015)."""
    def erf(self, /) -> Value:
        """The error function."""
    def erfc(self, /) -> Value:
        """1 - erf(x), accurate in the right tail."""
    def erfinv(self, /) -> Value:
        """The inverse of erf."""
    def exp(self, /) -> Value:
        """e to the x."""
    def exp2(self, /) -> Value:
        """2 to the x."""
    def expm1(self, /) -> Value:
        """exp(x) - 1, accurate near 0."""
    def finite_part(self, /) -> Value:
        """x, or 0 where x is not finite."""
    def floor(self, /) -> Value:
        """Largest whole number <= x."""
    def gelu(self, /) -> Value:
        """x times the normal distribution function (Hendrycks and Gimpel 2016; exact, not the tanh approximation)."""
    def inverse_mills(self, /) -> Value:
        """The standard normal density over the distribution function: the derivative of log_ndtr."""
    def leaky_relu(self, slope: Value | _Number = 0.01, /) -> Value:
        """x where x >= 0, else slope * x."""
    def lgamma(self, /) -> Value:
        """Logarithm of |Gamma(x)|, with poles at 0, -1, -2 and so on."""
    def log(self, /) -> Value:
        """Natural logarithm."""
    def log10(self, /) -> Value:
        """Logarithm to base 10."""
    def log1p(self, /) -> Value:
        """log(1 + x), accurate near 0."""
    def log2(self, /) -> Value:
        """Logarithm to base 2."""
    def log_ndtr(self, /) -> Value:
        """Logarithm of the standard normal distribution function, accurate in both tails."""
    def neg(self, /) -> Value:
        """-x."""
    def negative(self, /) -> Value:
        """-x."""
    def normal_cdf(self, /) -> Value:
        """Standard normal distribution function."""
    def one_minus_square(self, /) -> Value:
        """1 - x**2, accurate near -1 and 1."""
    def rad2deg(self, /) -> Value:
        """An angle in radians in degrees."""
    def reciprocal(self, /) -> Value:
        """The reciprocal, 1 / x."""
    def relu(self, /) -> Value:
        """x where x > 0, else 0."""
    def rint(self, /) -> Value:
        """Nearest whole number, halves to even."""
    def round(self, /) -> Value:
        """Nearest whole number, halves to even."""
    def sech2(self, /) -> Value:
        """1 / cosh(x)**2, the derivative of tanh."""
    def sigmoid(self, /) -> Value:
        """Logistic function 1 / (1 + exp(-x))."""
    def sign(self, /) -> Value:
        """The sign of x: -1, 0 or 1."""
    def silu(self, /) -> Value:
        """x * sigmoid(x), also called swish (Elfwing et al. 2017)."""
    def sin(self, /) -> Value:
        """Sine of an angle in radians."""
    def sinc(self, /) -> Value:
        """sin(pi x) / (pi x), and 1 at 0, as in NumPy."""
    def sinh(self, /) -> Value:
        """Hyperbolic sine."""
    def softplus(self, /) -> Value:
        """log(1 + exp(x))."""
    def softsign(self, /) -> Value:
        """x / (1 + |x|)."""
    def sqrt(self, /) -> Value:
        """Square root."""
    def square(self, /) -> Value:
        """The square, x * x."""
    def stop_gradient(self, /) -> Value:
        """The same number, through which no gradient flows."""
    def tan(self, /) -> Value:
        """Tangent of an angle in radians."""
    def tanh(self, /) -> Value:
        """Hyperbolic tangent."""

def __getattr__(name: str) -> Any: ...  # what else is there is not public
