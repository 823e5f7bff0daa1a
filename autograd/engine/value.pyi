# Made by docs/make_stubs.py: change that.
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
        """abs(x)

        Absolute value, |x|.

        Where it is not smooth: derivative 0 at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.abs(Value(0.5))
        >>> out.data, out.partials
        (0.5, (1.0,))
        """
    def absolute(self, /) -> Value:
        """abs(x)

        Absolute value, |x|.

        Where it is not smooth: derivative 0 at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.abs(Value(0.5))
        >>> out.data, out.partials
        (0.5, (1.0,))
        """
    def acos(self, /) -> Value:
        """acos(x)

        Arc cosine, in radians.

        Smooth and finite where -1 < x < 1.

        Where it is not smooth: derivative -inf at -1 and 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.acos(Value(0.5))
        >>> out.data, out.partials
        (1.0471975511965979, (-1.1547005383792517,))
        """
    def acosh(self, /) -> Value:
        """acosh(x)

        Inverse hyperbolic cosine.

        Smooth and finite where x > 1.

        Where it is not smooth: derivative inf at 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.acosh(Value(1.5))
        >>> out.data, out.partials
        (0.9624236501192069, (0.8944271909999159,))
        """
    def arccos(self, /) -> Value:
        """acos(x)

        Arc cosine, in radians.

        Smooth and finite where -1 < x < 1.

        Where it is not smooth: derivative -inf at -1 and 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.acos(Value(0.5))
        >>> out.data, out.partials
        (1.0471975511965979, (-1.1547005383792517,))
        """
    def arccosh(self, /) -> Value:
        """acosh(x)

        Inverse hyperbolic cosine.

        Smooth and finite where x > 1.

        Where it is not smooth: derivative inf at 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.acosh(Value(1.5))
        >>> out.data, out.partials
        (0.9624236501192069, (0.8944271909999159,))
        """
    def arcsin(self, /) -> Value:
        """asin(x)

        Arc sine, in radians.

        Smooth and finite where -1 < x < 1.

        Where it is not smooth: derivative inf at -1 and 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.asin(Value(0.5))
        >>> out.data, out.partials
        (0.5235987755982989, (1.1547005383792517,))
        """
    def arcsinh(self, /) -> Value:
        """asinh(x)

        Inverse hyperbolic sine.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.asinh(Value(0.5))
        >>> out.data, out.partials
        (0.48121182505960347, (0.8944271909999159,))
        """
    def arctan(self, /) -> Value:
        """atan(x)

        Arc tangent, in radians.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.atan(Value(0.5))
        >>> out.data, out.partials
        (0.4636476090008061, (0.7999999999999999,))
        """
    def arctanh(self, /) -> Value:
        """atanh(x)

        Inverse hyperbolic tangent.

        Smooth and finite where -1 < x < 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.atanh(Value(0.5))
        >>> out.data, out.partials
        (0.5493061443340548, (1.3333333333333333,))
        """
    def asin(self, /) -> Value:
        """asin(x)

        Arc sine, in radians.

        Smooth and finite where -1 < x < 1.

        Where it is not smooth: derivative inf at -1 and 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.asin(Value(0.5))
        >>> out.data, out.partials
        (0.5235987755982989, (1.1547005383792517,))
        """
    def asinh(self, /) -> Value:
        """asinh(x)

        Inverse hyperbolic sine.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.asinh(Value(0.5))
        >>> out.data, out.partials
        (0.48121182505960347, (0.8944271909999159,))
        """
    def atan(self, /) -> Value:
        """atan(x)

        Arc tangent, in radians.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.atan(Value(0.5))
        >>> out.data, out.partials
        (0.4636476090008061, (0.7999999999999999,))
        """
    def atanh(self, /) -> Value:
        """atanh(x)

        Inverse hyperbolic tangent.

        Smooth and finite where -1 < x < 1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.atanh(Value(0.5))
        >>> out.data, out.partials
        (0.5493061443340548, (1.3333333333333333,))
        """
    def cbrt(self, /) -> Value:
        """cbrt(x)

        Cube root, of negative numbers too.

        Smooth and finite where x != 0.

        Where it is not smooth: derivative inf at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.cbrt(Value(0.5))
        >>> out.data, out.partials
        (0.7937005259840998, (0.5291336839893996,))
        """
    def ceil(self, /) -> Value:
        """ceil(x)

        Smallest whole number >= x.

        Where it is not smooth: derivative 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.ceil(Value(0.5))
        >>> out.data, out.partials
        (1.0, (0.0,))
        """
    def cos(self, /) -> Value:
        """cos(x)

        Cosine of an angle in radians.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.cos(Value(0.5))
        >>> out.data, out.partials
        (0.8775825618903728, (-0.479425538604203,))
        """
    def cosh(self, /) -> Value:
        """cosh(x)

        Hyperbolic cosine.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.cosh(Value(0.5))
        >>> out.data, out.partials
        (1.1276259652063807, (0.5210953054937474,))
        """
    def elu(self, alpha: Value | _Number = 1.0, /) -> Value:
        """elu(x, alpha=1.0)

        x where x >= 0, else alpha * (exp(x) - 1) (Clevert et al. 2015).

        Where it is not smooth: the right-hand derivative, 1, at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.elu(Value(0.5))
        >>> out.data, out.partials
        (0.5, (1.0,))
        """
    def erf(self, /) -> Value:
        """erf(x)

        The error function.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.erf(Value(0.5))
        >>> out.data, out.partials
        (0.5204998778130465, (0.8787825789354448,))
        """
    def erfc(self, /) -> Value:
        """erfc(x)

        1 - erf(x), accurate in the right tail.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.erfc(Value(0.5))
        >>> out.data, out.partials
        (0.4795001221869535, (-0.8787825789354448,))
        """
    def exp(self, /) -> Value:
        """exp(x)

        e to the x.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.exp(Value(0.5))
        >>> out.data, out.partials
        (1.6487212707001282, (1.6487212707001282,))
        """
    def expm1(self, /) -> Value:
        """expm1(x)

        exp(x) - 1, accurate near 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.expm1(Value(0.5))
        >>> out.data, out.partials
        (0.6487212707001282, (1.6487212707001282,))
        """
    def finite_part(self, /) -> Value:
        """finite_part(x)

        x, or 0 where x is not finite.
        """
    def floor(self, /) -> Value:
        """floor(x)

        Largest whole number <= x.

        Where it is not smooth: derivative 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.floor(Value(0.5))
        >>> out.data, out.partials
        (0.0, (0.0,))
        """
    def gelu(self, /) -> Value:
        """gelu(x)

        x times the normal distribution function (Hendrycks and Gimpel 2016; exact, not the tanh approximation).

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.gelu(Value(0.5))
        >>> out.data, out.partials
        (0.34573123063700656, (0.8674951246561629,))
        """
    def leaky_relu(self, slope: Value | _Number = 0.01, /) -> Value:
        """leaky_relu(x, slope=0.01)

        x where x >= 0, else slope * x.

        Where it is not smooth: the right-hand derivative, 1, at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.leaky_relu(Value(0.5))
        >>> out.data, out.partials
        (0.5, (1.0,))
        """
    def lgamma(self, /) -> Value:
        """lgamma(x)

        Logarithm of |Gamma(x)|, with poles at 0, -1, -2 and so on.

        Smooth and finite where x > 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.lgamma(Value(0.5))
        >>> out.data, out.partials
        (0.5723649429247004, (-1.963510026021423,))
        """
    def log(self, /) -> Value:
        """log(x)

        Natural logarithm.

        Smooth and finite where x > 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.log(Value(0.5))
        >>> out.data, out.partials
        (-0.6931471805599453, (2.0,))
        """
    def log10(self, /) -> Value:
        """log10(x)

        Logarithm to base 10.

        Smooth and finite where x > 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.log10(Value(0.5))
        >>> out.data, out.partials
        (-0.3010299956639812, (0.8685889638065036,))
        """
    def log1p(self, /) -> Value:
        """log1p(x)

        log(1 + x), accurate near 0.

        Smooth and finite where x > -1.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.log1p(Value(0.5))
        >>> out.data, out.partials
        (0.4054651081081644, (0.6666666666666666,))
        """
    def log2(self, /) -> Value:
        """log2(x)

        Logarithm to base 2.

        Smooth and finite where x > 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.log2(Value(0.5))
        >>> out.data, out.partials
        (-1.0, (2.8853900817779268,))
        """
    def neg(self, /) -> Value:
        """neg(x)

        -x.

        Written -x.
        """
    def negative(self, /) -> Value:
        """neg(x)

        -x.

        Written -x.
        """
    def normal_cdf(self, /) -> Value:
        """normal_cdf(x)

        Standard normal distribution function.
        """
    def one_minus_square(self, /) -> Value:
        """one_minus_square(x)

        1 - x**2, accurate near -1 and 1.
        """
    def reciprocal(self, /) -> Value:
        """reciprocal(x)

        The reciprocal, 1 / x.

        Smooth and finite where x != 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.reciprocal(Value(0.5))
        >>> out.data, out.partials
        (2.0, (-4.0,))
        """
    def relu(self, /) -> Value:
        """relu(x)

        x where x > 0, else 0.

        Where it is not smooth: derivative 0 at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.relu(Value(0.5))
        >>> out.data, out.partials
        (0.5, (1.0,))
        """
    def rint(self, /) -> Value:
        """round(x)

        Nearest whole number, halves to even.

        Where it is not smooth: derivative 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.round(Value(0.5))
        >>> out.data, out.partials
        (0.0, (0.0,))
        """
    def round(self, /) -> Value:
        """round(x)

        Nearest whole number, halves to even.

        Where it is not smooth: derivative 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.round(Value(0.5))
        >>> out.data, out.partials
        (0.0, (0.0,))
        """
    def sech2(self, /) -> Value:
        """sech2(x)

        1 / cosh(x)**2, the derivative of tanh.
        """
    def sigmoid(self, /) -> Value:
        """sigmoid(x)

        Logistic function 1 / (1 + exp(-x)).

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.sigmoid(Value(0.5))
        >>> out.data, out.partials
        (0.6224593312018546, (0.23500371220159452,))
        """
    def sign(self, /) -> Value:
        """sign(x)

        The sign of x: -1, 0 or 1.

        Where it is not smooth: derivative 0 everywhere.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.sign(Value(0.5))
        >>> out.data, out.partials
        (1.0, (0.0,))
        """
    def silu(self, /) -> Value:
        """silu(x)

        x * sigmoid(x), also called swish (Elfwing et al. 2017).

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.silu(Value(0.5))
        >>> out.data, out.partials
        (0.3112296656009273, (0.7399611873026518,))
        """
    def sin(self, /) -> Value:
        """sin(x)

        Sine of an angle in radians.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.sin(Value(0.5))
        >>> out.data, out.partials
        (0.479425538604203, (0.8775825618903728,))
        """
    def sinh(self, /) -> Value:
        """sinh(x)

        Hyperbolic sine.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.sinh(Value(0.5))
        >>> out.data, out.partials
        (0.5210953054937474, (1.1276259652063807,))
        """
    def softplus(self, /) -> Value:
        """softplus(x)

        log(1 + exp(x)).

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.softplus(Value(0.5))
        >>> out.data, out.partials
        (0.9740769841801067, (0.6224593312018546,))
        """
    def softsign(self, /) -> Value:
        """softsign(x)

        x / (1 + |x|).

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.softsign(Value(0.5))
        >>> out.data, out.partials
        (0.3333333333333333, (0.4444444444444444,))
        """
    def sqrt(self, /) -> Value:
        """sqrt(x)

        Square root.

        Smooth and finite where x > 0.

        Where it is not smooth: derivative inf at 0.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.sqrt(Value(0.5))
        >>> out.data, out.partials
        (0.7071067811865476, (0.7071067811865475,))
        """
    def square(self, /) -> Value:
        """square(x)

        The square, x * x.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.square(Value(0.5))
        >>> out.data, out.partials
        (0.25, (1.0,))
        """
    def stop_gradient(self, /) -> Value:
        """stop_gradient(x)

        The same number, through which no gradient flows.
        """
    def tan(self, /) -> Value:
        """tan(x)

        Tangent of an angle in radians.

        Smooth and finite where -1.5708 < x < 1.5708.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.tan(Value(0.5))
        >>> out.data, out.partials
        (0.5463024898437905, (1.2984464104095248,))
        """
    def tanh(self, /) -> Value:
        """tanh(x)

        Hyperbolic tangent.

        >>> import autograd
        >>> from autograd import Value
        >>> out = autograd.tanh(Value(0.5))
        >>> out.data, out.partials
        (0.46211715726000974, (0.7864477329659276,))
        """

def __getattr__(name: str) -> Any: ...  # what else is there is not public
