# Made by docs/make_stubs.py: change that.
"""Chainrule: scalar reverse-mode automatic differentiation that can be read, drawn and trusted.

>>> from autograd import Value
>>> a, b = Value(2.0, label="a"), Value(1.0, label="b")
>>> c = a + b
>>> d = b + 1
>>> e = c * d
>>> e.backward()
>>> a.grad, b.grad
(2.0, 5.0)

numbers      Value; exp, tanh, where and other primitives; dot, softmax, ...; primitive (yours)
derivatives  grad, value_and_grad, jacobian, jacfwd, jacrev, hessian, hvp, vjp, jvp,
             stop_gradient; sparse_..., implicit_...
compiled     jit, vmap, CheckFailed
to look at   draw, steps, paths, explain
to try       explore, exercise
to check     check_grad, detect_anomaly, record_lines
to extend    Setting: a setting that holds inside a block, as no_grad does

The names that would shadow Python's own (`sum max min abs pow round`) are here too, but not in
`__all__`: write `autograd.sum(...)`.
"""

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
from autograd.transforms import hessian, hvp, jacfwd, jacobian, jacrev, jvp, stop_gradient, vjp
from autograd.transforms.implicit import implicit_fixed_point, implicit_root
from autograd.transforms.sparse import sparse_hessian, sparse_jacobian

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
) -> _Gradient:
    """The function that gives the gradient of `f`, a function that returns one number.

    The gradient has the nesting of the argument (of a tuple of arguments, where `argnums` is a
    tuple); 0.0 where `f` does not depend on it. With `has_aux`, (gradient, aux). Raises TypeError
    if `f` returns anything but one number; an array of one number is one.

    >>> from autograd import grad
    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["x"][0])({"w": 2.0, "x": [3.0, 5.0]})
    {'w': 3.0, 'x': [2.0, 0.0]}
    >>> grad(lambda x: (x**3, {"square": x * x}), has_aux=True)(2.0)
    (12.0, {'square': 4.0})
    """

@overload
def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]: ...
@overload
def value_and_grad(
    f: Callable[..., Any], argnums: Literal[0] = 0, has_aux: Literal[False] = False
) -> _ValueAndGradient:
    """The function that gives (f(x), gradient), for one evaluation of `f`; with `has_aux`,
    ((f(x), aux), gradient).

    `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)` takes it as it is. Where `f` captures
    a model's parameters the results are Values: call it inside `no_grad` for plain numbers.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """

@overload
def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]: ...

class _Of_x(Primitive):
    @overload
    def __call__(self, x: _Number, /) -> float: ...
    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: _Array, /) -> Any: ...

class _Of_y_x(Primitive):
    @overload
    def __call__(self, y: _Number, x: _Number, /) -> float: ...
    @overload
    def __call__(self, y: Value, x: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, y: _Number, x: Value, /) -> Value: ...
    @overload
    def __call__(self, y: Value | _Number | _Array, x: Value | _Number | _Array, /) -> Any: ...

class _Of_x_lo_hi(Primitive):
    @overload
    def __call__(self, x: _Number, lo: _Number, hi: _Number, /) -> float: ...
    @overload
    def __call__(self, x: Value, lo: Value | _Number, hi: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, x: _Number, lo: Value, hi: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, x: _Number, lo: _Number, hi: Value, /) -> Value: ...
    @overload
    def __call__(
        self,
        x: Value | _Number | _Array,
        lo: Value | _Number | _Array,
        hi: Value | _Number | _Array,
        /,
    ) -> Any: ...

class _Of_x_y(Primitive):
    @overload
    def __call__(self, x: _Number, y: _Number, /) -> float: ...
    @overload
    def __call__(self, x: Value, y: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, x: _Number, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: Value | _Number | _Array, y: Value | _Number | _Array, /) -> Any: ...

class _Of_x_alpha(Primitive):
    @overload
    def __call__(self, x: _Number, alpha: _Number = 1.0, /) -> float: ...
    @overload
    def __call__(self, x: Value, alpha: Value | _Number = 1.0, /) -> Value: ...
    @overload
    def __call__(self, x: _Number, alpha: Value, /) -> Value: ...
    @overload
    def __call__(
        self, x: Value | _Number | _Array, alpha: Value | _Number | _Array = 1.0, /
    ) -> Any: ...

class _Of_a_b(Primitive):
    @overload
    def __call__(self, a: _Number, b: _Number, /) -> float: ...
    @overload
    def __call__(self, a: Value, b: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, a: _Number, b: Value, /) -> Value: ...
    @overload
    def __call__(self, a: Value | _Number | _Array, b: Value | _Number | _Array, /) -> Any: ...

class _Of_x_slope(Primitive):
    @overload
    def __call__(self, x: _Number, slope: _Number = 0.01, /) -> float: ...
    @overload
    def __call__(self, x: Value, slope: Value | _Number = 0.01, /) -> Value: ...
    @overload
    def __call__(self, x: _Number, slope: Value, /) -> Value: ...
    @overload
    def __call__(
        self, x: Value | _Number | _Array, slope: Value | _Number | _Array = 0.01, /
    ) -> Any: ...

class _Of_n_x(Primitive):
    @overload
    def __call__(self, n: _Number, x: _Number, /) -> float: ...
    @overload
    def __call__(self, n: Value, x: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, n: _Number, x: Value, /) -> Value: ...
    @overload
    def __call__(self, n: Value | _Number | _Array, x: Value | _Number | _Array, /) -> Any: ...

class _Of_condition_a_b(Primitive):
    @overload
    def __call__(self, condition: _Number, a: _Number, b: _Number, /) -> float: ...
    @overload
    def __call__(self, condition: Value, a: Value | _Number, b: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, condition: _Number, a: Value, b: Value | _Number, /) -> Value: ...
    @overload
    def __call__(self, condition: _Number, a: _Number, b: Value, /) -> Value: ...
    @overload
    def __call__(
        self,
        condition: Value | _Number | _Array,
        a: Value | _Number | _Array,
        b: Value | _Number | _Array,
        /,
    ) -> Any: ...

acos: _Of_x
"""Arc cosine, in radians.

Smooth and finite where -1 < x < 1.

Where it is not smooth: derivative -inf at -1 and 1.
"""
acosh: _Of_x
"""Inverse hyperbolic cosine.

Smooth and finite where x > 1.

Where it is not smooth: derivative inf at 1.
"""
asin: _Of_x
"""Arc sine, in radians.

Smooth and finite where -1 < x < 1.

Where it is not smooth: derivative inf at -1 and 1.
"""
asinh: _Of_x
"""Inverse hyperbolic sine."""
atan: _Of_x
"""Arc tangent, in radians."""
atan2: _Of_y_x
"""Angle of the point (x, y) in radians; y comes first.

Smooth and finite where y != 0 and x != 0.

Where it is not smooth: derivative (0, 0) at the origin.
"""
atanh: _Of_x
"""Inverse hyperbolic tangent.

Smooth and finite where -1 < x < 1.
"""
cbrt: _Of_x
"""Cube root, of negative numbers too.

Smooth and finite where x != 0.

Where it is not smooth: derivative inf at 0.
"""
ceil: _Of_x
"""Smallest whole number >= x.

Where it is not smooth: derivative 0.
"""
clip: _Of_x_lo_hi
"""x held between lo and hi (hi wins where lo > hi).

Where it is not smooth: derivative 1 at an edge.
"""
copysign: _Of_x_y
"""|x| with the sign of y.

Where it is not smooth: derivative 0 at x = 0; NaN has the sign +.
"""
cos: _Of_x
"""Cosine of an angle in radians."""
cosh: _Of_x
"""Hyperbolic cosine."""
deg2rad: _Of_x
"""An angle in degrees in radians."""
digamma: _Of_x
"""The derivative of lgamma, with poles at 0, -1, -2 and so on.

Smooth and finite where x > 0.
"""
elu: _Of_x_alpha
"""x where x >= 0, else alpha * (exp(x) - 1) (Clevert et al. 2015).

Where it is not smooth: the right-hand derivative, 1, at 0.
"""
erf: _Of_x
"""The error function."""
erfc: _Of_x
"""1 - erf(x), accurate in the right tail."""
erfinv: _Of_x
"""The inverse of erf.

Smooth and finite where -1 < x < 1.

Where it is not smooth: inf at 1, -inf at -1, with derivative inf.
"""
exp: _Of_x
"""e to the x."""
exp2: _Of_x
"""2 to the x."""
expm1: _Of_x
"""exp(x) - 1, accurate near 0."""
floor: _Of_x
"""Largest whole number <= x.

Where it is not smooth: derivative 0.
"""
fmod: _Of_a_b
"""The remainder with the sign of a, as in C.

Smooth and finite where b != 0.

Where it is not smooth: derivative (1, -trunc(a/b)) at the jumps too.
"""
gammaln: _Of_x
"""Logarithm of |Gamma(x)|, with poles at 0, -1, -2 and so on.

Smooth and finite where x > 0.
"""
gelu: _Of_x
"""x times the normal distribution function (Hendrycks and Gimpel 2016; exact, not the tanh approximation)."""
hypot: _Of_x_y
"""sqrt(x**2 + y**2) without overflow.

Smooth and finite where x != 0 and y != 0.

Where it is not smooth: derivative (0, 0) at the origin.
"""
lbeta: _Of_a_b
"""log |Gamma(a) Gamma(b) / Gamma(a + b)|, right where log Gammas would cancel.

Smooth and finite where a > 0 and b > 0.
"""
leaky_relu: _Of_x_slope
"""x where x >= 0, else slope * x.

Where it is not smooth: the right-hand derivative, 1, at 0.
"""
lgamma: _Of_x
"""Logarithm of |Gamma(x)|, with poles at 0, -1, -2 and so on.

Smooth and finite where x > 0.
"""
log: _Of_x
"""Natural logarithm.

Smooth and finite where x > 0.
"""
log10: _Of_x
"""Logarithm to base 10.

Smooth and finite where x > 0.
"""
log1p: _Of_x
"""log(1 + x), accurate near 0.

Smooth and finite where x > -1.
"""
log2: _Of_x
"""Logarithm to base 2.

Smooth and finite where x > 0.
"""
log_ndtr: _Of_x
"""Logarithm of the standard normal distribution function, accurate in both tails."""
logaddexp: _Of_a_b
"""log(exp(a) + exp(b)), without overflow."""
maximum: _Of_a_b
"""The larger of two.

Where it is not smooth: a tie shares the gradient equally; NaN if either is NaN.
"""
minimum: _Of_a_b
"""The smaller of two.

Where it is not smooth: a tie shares the gradient equally; NaN if either is NaN.
"""
normal_cdf: _Of_x
"""Standard normal distribution function."""
polygamma: _Of_n_x
"""Derivative number n + 1 of lgamma; n is a constant, a whole number from 0 to 100.

Smooth and finite where x > 0.
"""
rad2deg: _Of_x
"""An angle in radians in degrees."""
reciprocal: _Of_x
"""The reciprocal, 1 / x.

Smooth and finite where x != 0.
"""
relu: _Of_x
"""x where x > 0, else 0.

Where it is not smooth: derivative 0 at 0.
"""
sigmoid: _Of_x
"""Logistic function 1 / (1 + exp(-x))."""
sign: _Of_x
"""The sign of x: -1, 0 or 1.

Where it is not smooth: derivative 0 everywhere.
"""
silu: _Of_x
"""x * sigmoid(x), also called swish (Elfwing et al. 2017)."""
sin: _Of_x
"""Sine of an angle in radians."""
sinc: _Of_x
"""sin(pi x) / (pi x), and 1 at 0, as in NumPy."""
sinh: _Of_x
"""Hyperbolic sine."""
softplus: _Of_x
"""log(1 + exp(x))."""
softsign: _Of_x
"""x / (1 + |x|)."""
sqrt: _Of_x
"""Square root.

Smooth and finite where x > 0.

Where it is not smooth: derivative inf at 0.
"""
square: _Of_x
"""The square, x * x."""
tan: _Of_x
"""Tangent of an angle in radians.

Smooth and finite where -1.5708 < x < 1.5708.
"""
tanh: _Of_x
"""Hyperbolic tangent."""
where: _Of_condition_a_b
"""a where the condition holds (is not 0), else b. The side not taken receives exactly 0."""
xlog1py: _Of_x_y
"""x * log(1 + y), accurate for y near 0, and 0 where x is 0.

Smooth and finite where y > -1.

Where it is not smooth: at x = 0 the derivative by y is 0 and that by x log(1 + y), also at y = -1, where it is -inf.
"""
xlogy: _Of_x_y
"""x * log(y), which is 0 where x is 0.

Smooth and finite where y > 0.

Where it is not smooth: at x = 0 the derivative by y is 0 and that by x log(y), also at y = 0, where it is -inf.
"""
abs: _Of_x
"""Absolute value, |x|.

Where it is not smooth: derivative 0 at 0.
"""
pow: _Of_a_b
"""a ** b with both varying.

Written a ** b.

Smooth and finite where a > 0.

Where it is not smooth: 0**0 is 1 with derivatives (0, 0); 0**b has d/db 0 for b > 0; a < 0 has d/db NaN.
"""
round: _Of_x
"""Nearest whole number, halves to even.

Where it is not smooth: derivative 0.
"""

@overload
def sum(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The sum; 0.0 for an empty sequence. Added up from left to right.

    >>> from autograd import Value, sum
    >>> sum([Value(1.0), 2, 3.5])
    Value(data=6.5, grad=0.0)
    """

@overload
def sum(values: Iterable[Value | _Number]) -> Value: ...
@overload
def prod(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The product; 1.0 for an empty sequence. Derivatives are exact where inputs are 0.

    >>> from autograd import Value, prod
    >>> x = Value(0.0)
    >>> prod([x, 2.0, 3.0]).backward()
    >>> x.grad
    6.0
    """

@overload
def prod(values: Iterable[Value | _Number]) -> Value: ...
@overload
def mean(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The arithmetic mean. Raises ValueError for an empty sequence.

    >>> from autograd import mean
    >>> mean([1, 2, 6])
    3.0
    """

@overload
def mean(values: Iterable[Value | _Number]) -> Value: ...
@overload
def norm(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """Euclidean length, without overflow or underflow on the way; its derivative at the origin is
    0.

    >>> from autograd import norm
    >>> norm([3.0, 4.0])
    5.0
    """

@overload
def norm(values: Iterable[Value | _Number]) -> Value: ...
@overload
def logsumexp(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """log(exp(x1) + exp(x2) + ...), accurate in both tails; -inf for an empty sequence.

    Computed from the largest input, without overflow (Blanchard, Higham and Higham 2021).

    >>> from autograd import logsumexp
    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """

@overload
def logsumexp(values: Iterable[Value | _Number]) -> Value: ...
@overload
def max(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The largest; those that tie share the gradient equally, NaN wins. ValueError for an empty
    sequence.

    >>> from autograd import Value, max
    >>> a, b, c = Value(2.0), Value(5.0), Value(5.0)
    >>> max([a, b, c]).backward()
    >>> a.grad, b.grad, c.grad
    (0.0, 0.5, 0.5)
    """

@overload
def max(values: Iterable[Value | _Number]) -> Value: ...
@overload
def min(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The smallest; those that tie share the gradient equally, NaN wins. ValueError for an empty
    sequence.

    >>> from autograd import min
    >>> min([2, 1.5])
    1.5
    """

@overload
def min(values: Iterable[Value | _Number]) -> Value: ...
@overload
def median(values: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The middle of the sorted numbers, or the mean of the two in the middle.

    Numbers that tie for a place share its gradient equally; a NaN makes it NaN. Raises ValueError
    for an empty sequence.

    >>> from autograd import Value, median
    >>> xs = [Value(5.0), Value(1.0), Value(2.0)]
    >>> median(xs).backward()
    >>> [x.grad for x in xs]
    [0.0, 0.0, 1.0]
    """

@overload
def median(values: Iterable[Value | _Number]) -> Value: ...
@overload
def softmax(values: Iterable[_Number]) -> list[float]:  # type: ignore[overload-overlap]
    """The list exp(xi) / sum exp(xj), values and derivatives accurate in both tails.

    n results are n nodes above two that they share, with some 5 n edges in all.

    >>> from autograd import softmax
    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """

@overload
def softmax(values: Iterable[Value | _Number]) -> list[Value]: ...
@overload
def log_softmax(values: Iterable[_Number]) -> list[float]:  # type: ignore[overload-overlap]
    """The list of the logarithms of softmax, finite and accurate where softmax itself is 0 or 1.

    >>> from autograd import log_softmax
    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """

@overload
def log_softmax(values: Iterable[Value | _Number]) -> list[Value]: ...
@overload
def dot(xs: Iterable[_Number], ys: Iterable[_Number]) -> float:  # type: ignore[overload-overlap]
    """The sum of products of two sequences of equal length (ValueError otherwise); 0.0 if both are
    empty.

    >>> from autograd import Value, dot
    >>> w = [Value(0.5), Value(-1.0)]
    >>> dot(w, [2.0, 3.0])
    Value(data=-2.0, grad=0.0)
    """

@overload
def dot(xs: Iterable[Value | _Number], ys: Iterable[Value | _Number]) -> Value: ...
@overload
def var(values: Iterable[_Number], ddof: _Number = 0) -> float:  # type: ignore[overload-overlap]
    """The variance: the sum of squared deviations from the mean, over n - ddof.

    As in NumPy, ddof is 0 unless it is given; 1 gives the unbiased estimate. Raises ValueError for
    an empty sequence, and for one of no more than ddof numbers.

    >>> from autograd import var
    >>> var([1.0, 2.0, 6.0]), var([1.0, 2.0, 6.0], ddof=1)
    (4.666666666666667, 7.0)
    """

@overload
def var(values: Iterable[Value | _Number], ddof: _Number = 0) -> Value: ...
@overload
def std(values: Iterable[_Number], ddof: _Number = 0) -> float:  # type: ignore[overload-overlap]
    """The standard deviation, the root of `var`; its derivative where all numbers are equal is 0.

    Without overflow or underflow on the way. Raises ValueError as `var` does.

    >>> from autograd import Value, std
    >>> xs = [Value(1.0), Value(5.0)]
    >>> std(xs).backward()
    >>> std(xs).data, xs[0].grad, xs[1].grad
    (2.0, -0.5, 0.5)
    """

@overload
def std(values: Iterable[Value | _Number], ddof: _Number = 0) -> Value: ...
@overload
def quantile(values: Iterable[_Number], q: _Number) -> float:  # type: ignore[overload-overlap]
    """The number below which a part q of the numbers lies, for q from 0 to 1.

    As in NumPy, between the two sorted numbers beside place (n - 1) q it is interpolated linearly.
    Numbers that tie for a place share its gradient equally; a NaN makes it NaN. q is a constant.
    Raises ValueError for an empty sequence, and for a q that is not from 0 to 1.

    >>> from autograd import quantile
    >>> quantile([1.0, 2.0, 4.0], 0.5), quantile([1.0, 2.0, 4.0], 0.75)
    (2.0, 3.0)
    """

@overload
def quantile(values: Iterable[Value | _Number], q: _Number) -> Value: ...

__all__ = [
    "CheckFailed",
    "Primitive",
    "Setting",
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "check_grad",
    "clip",
    "compiled",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "detect_anomaly",
    "digamma",
    "dot",
    "draw",
    "elu",
    "erf",
    "erfc",
    "erfinv",
    "exercise",
    "exp",
    "exp2",
    "explain",
    "explore",
    "expm1",
    "floor",
    "fmod",
    "gammaln",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "hypot",
    "implicit_fixed_point",
    "implicit_root",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "lbeta",
    "leaky_relu",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_ndtr",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "maximum",
    "mean",
    "median",
    "minimum",
    "no_grad",
    "norm",
    "normal_cdf",
    "paths",
    "polygamma",
    "primitive",
    "prod",
    "quantile",
    "rad2deg",
    "reciprocal",
    "record_lines",
    "relu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sparse_hessian",
    "sparse_jacobian",
    "sqrt",
    "square",
    "std",
    "steps",
    "stop_gradient",
    "tan",
    "tanh",
    "value_and_grad",
    "var",
    "vjp",
    "vmap",
    "where",
    "xlog1py",
    "xlogy",
]

def __dir__() -> list[str]: ...
