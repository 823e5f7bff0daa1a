"""The table of primitives: one row says everything about one operation.

A row is a name, the inputs as in a signature, and three functions: `forward` over floats,
`partials(out, *inputs)` with one local derivative per input, and how compiled code does it:
"instruction" of any machine, function of the C library ("libm"), or a lowering rule over the
compiler's operands; with None it calls forward. Then a sentence for `help`, and what else there is:

symbol      how it is written between operands or before one
domain      per input, the open interval on which it is smooth and finite (all numbers, if not said)
kinks       what was decided where it is not smooth, for `help` and messages
cuts        for a selection, a step, or those inputs of a row that are named: a local derivative of
            exactly 0 means "no path", and nothing passes, not even NaN. (That of x**2 at 0 is only
            a number that happens to be 0: times an infinite adjoint it is NaN)
traits      what kind of function it is, by which `explain` finds a reason and `draw` an activation:
            activation, exponential, extreme, half_flat (left of 0), kink (of slope 0), log, product,
            quotient, root, saturating, step, sum
numpy_name  the method that NumPy asks elements of an object array for, if it has another name

A new row is a function at once: of floats, Values and arrays, to any order, checked, explained,
compiled. It is tested by being here, against its line in tests/mp_reference.py.
"""

from __future__ import annotations

import math
import operator
from typing import Any, Final

from autograd.engine import branchless, gamma, ieee, special, statistics
from autograd.engine.branchless import is_finite, select
from autograd.engine.operands import describe
from autograd.engine.primitive import REALS, TABLE, Primitive, lookup, primitive, row

__all__ = ["TABLE", "Primitive", "describe", "lookup", "primitive"]

Row = Primitive

POSITIVE: Final[Any] = (0.0, math.inf)
UNIT: Final[Any] = (-1.0, 1.0)

LOG_2: Final = 0.6931471805599453
LOG2_E: Final = 1.4426950408889634
LOG10_E: Final = 0.4342944819032518
INV_SQRT_TAU: Final = special.INV_SQRT_TAU
HALF_SQRT_PI: Final = 0.886226925452758
TWO_OVER_SQRT_PI: Final = ieee.TWO_OVER_SQRT_PI


# -- rules that take more than a line --------------------------------------------------------------


def _pow_partials(out: Any, a: Any, b: Any) -> Any:
    """At a = 0 the exponent b >= 0 passes nothing, from the base's derivative either: so mixed
    derivatives are 0 whichever comes first."""
    varying = where(a, 1.0, greater(0.0, b))
    slope = message(b, pow_(a, b - 1.0))
    slope_at_0 = message(stop_gradient(b), pow_const(a, b - 1.0))
    by_exponent = where(a, message(out, log(a)), where(varying, -out, 0.0))
    return where(varying, slope, slope_at_0), by_exponent


def _message_partials(out: Any, adjoint: Any, factor: Any) -> Any:
    return where(adjoint, factor, finite_part(factor)), adjoint


def _cut_message_partials(out: Any, adjoint: Any, factor: Any) -> Any:
    return where(adjoint, factor, finite_part(factor)), where(factor, adjoint, finite_part(adjoint))


def _xlogy_partials(out: Any, x: Any, y: Any) -> Any:
    return log(y), where(y, x / y, message(x, 1.0 / y))


def _xlog1py_partials(out: Any, x: Any, y: Any) -> Any:
    below = 1.0 + y
    return log1p(y), where(below, x / below, message(x, 1.0 / below))


def _erfinv_partials(out: Any, x: Any) -> Any:
    """exp(out**2) sqrt(pi)/2, where x is large by erfc(out) = 1 - |x|, which is exact: the
    rounding of out would count 2 out**2 times."""
    left = 1.0 - abs(x)
    far = ieee.SQRT_HALF / (inverse_mills(-special.SQRT_2 * abs(out)) * left)
    near = HALF_SQRT_PI / exp_square(out, -1.0)
    return where(greater(abs(x), 0.5), where(left, far, 1.0 / left), near)


def _inverse_mills_partials(out: Any, x: Any) -> Any:
    """-out (x + out). Left of 0, where it nears -1, it is told by how far: so higher derivatives do
    not cancel."""
    z = -ieee.SQRT_HALF * x
    once, twice = erfcx_ratio(1.0, z), erfcx_ratio(2.0, z)
    left = 2.0 * once * (2.0 * twice - once) - 1.0
    return where(greater(x, 0.0), -message(out, x + out), left)


def _where_partials(out: Any, condition: Any, a: Any, b: Any) -> Any:
    return 0.0, where(condition, 1.0, 0.0), where(condition, 0.0, 1.0)


def _leaky_relu_partials(out: Any, x: Any, slope: Any) -> Any:
    by_x = message(greater(0.0, x), slope) + (1.0 - greater(0.0, x))
    return by_x, where(greater(0.0, x), x, 0.0)


def _elu_partials(out: Any, x: Any, alpha: Any) -> Any:
    by_x = where(greater(0.0, x), alpha * exp(x), 1.0)
    return by_x, where(greater(0.0, x), expm1(x), 0.0)


def _gelu_partials(out: Any, x: Any) -> Any:
    """Where the density is 0, x is no factor: its square would overflow in higher derivatives."""
    density = INV_SQRT_TAU * exp_square(x, -0.5)
    return normal_cdf(x) + density * where(density, x, 0.0)


def _atan2_partials(out: Any, y: Any, x: Any) -> Any:
    by_y = where(hypot(x, y), x / hypot(x, y) / hypot(x, y), 0.0)
    return by_y, where(hypot(x, y), -y / hypot(x, y) / hypot(x, y), 0.0)


def _above(a: Any, b: Any) -> Any:
    """1 where a > b, 1/2 where they tie, else 0."""
    return 0.5 * (1.0 + greater(a, b) - greater(b, a))


def _clip_partials(out: Any, x: Any, lo: Any, hi: Any) -> Any:
    by_x = (1.0 - greater(lo, x)) * (1.0 - greater(maximum(x, lo), hi))
    by_lo = greater(lo, x) * (1.0 - greater(maximum(x, lo), hi))
    return by_x, by_lo, greater(maximum(x, lo), hi)


def _product_partials(out: Any, *xs: Any) -> Any:
    """The product of all the others, by running products from both ends, so that a zero does no
    harm."""
    before: list[Any] = [1.0]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    after: Any = 1.0
    factors = []
    for x, head in zip(reversed(xs), reversed(before), strict=True):
        factors.append(head * after)
        after = after * x
    return tuple(reversed(factors))


# A softmax of n inputs is n nodes of three edges above two of n edges: the pivot, which is the
# largest input, and what the others weigh beside it, the sum of exp(x - pivot). The share of x is
# exp(x - pivot) / (1 + others). The pivot is free to choose, so it may be held constant; then the
# derivative s - s*s of a share s near 1 cancels. So where the largest input has more than half
# (others < 1: there is no tie then) the pivot follows it, its own exp(x - pivot) is the constant 1,
# and s(1 - s) comes out as s / (1 + others) * others. In either case nothing cancels by more than
# half of it, in any order of derivative.


def _pivot_partials(out: Any, *xs: Any) -> Any:
    others = beside(out, *xs)
    return tuple([1.0 - apart(x, out, others) for x in xs])


def _beside_partials(out: Any, pivot: Any, *xs: Any) -> Any:
    weights = [where(apart(x, pivot, out), exp_difference(x, pivot), 0.0) for x in xs]
    return (-out, *weights)


def _share_partials(out: Any, x: Any, pivot: Any, others: Any) -> Any:
    own = where(apart(x, pivot, others), out, 0.0)
    return own, -own, -out / (1.0 + others)


def _log_share_partials(out: Any, x: Any, pivot: Any, others: Any) -> Any:
    own = where(apart(x, pivot, others), 1.0, 0.0)
    return own, -own, -1.0 / (1.0 + others)


def _softmax_partials(out: Any, *xs: Any) -> Any:
    """s(1 - s) and -s s_k, with 1 - s summed from the other shares: no cancellation in either
    tail."""
    others = _other_shares(xs)
    return (out * sum_(*others), *[-out * s for s in others])


def _log_softmax_partials(out: Any, *xs: Any) -> Any:
    others = _other_shares(xs)
    return (sum_(*others), *[-s for s in others])


def _other_shares(xs: tuple[Any, ...]) -> list[Any]:
    """The shares of all but the first."""
    top = pivot(*xs)
    others = beside(top, *xs)
    return [share(x, top, others) for x in xs[1:]]


def _logsumexp_partials(out: Any, *xs: Any) -> Any:
    """The shares; where all inputs are masked (-inf), 0."""
    top = pivot(*xs)
    others = where(greater(out, -math.inf), beside(top, *xs), math.inf)
    return tuple([share(x, top, others) for x in xs])


def _extreme_partials(out: Any, *xs: Any) -> Any:
    """1 for the one selected, 1/k for each of k that tie, 0 for the others, NaN where there is a
    NaN."""
    selected = [(1.0 - greater(x, out)) * (1.0 - greater(out, x)) for x in xs]
    ties = sum_(*selected)
    return tuple([x / ties for x in selected])


def _deviations(xs: tuple[Any, ...]) -> list[Any]:
    """From the mean, counted from the first: see `statistics`."""
    first = stop_gradient(xs[0])
    shifted = [x - first for x in xs]
    middle = mean(*shifted)
    return [x - middle for x in shifted]


def _var_partials(out: Any, *xs: Any) -> Any:
    return tuple([x * (2.0 / len(xs)) for x in _deviations(xs)])


def _std_partials(out: Any, *xs: Any) -> Any:
    return tuple([where(out, x / (out * len(xs)), 0.0) for x in _deviations(xs)])


def _order_statistic_partials(out: Any, k: Any, *xs: Any) -> Any:
    return (0.0, *_extreme_partials(out, *xs))


# -- the table -------------------------------------------------------------------------------------
#
# Name, inputs, forward, partials, lowering; below them a sentence, and what else there is to say.
# fmt: off

# Tools of the rules themselves: selections, and the products that a reverse pass sends.

stop_gradient: Final[Row] = row("stop_gradient", "x",    ieee.identity,    lambda out, x: 0.0,
    lambda x: x, "The same number, through which no gradient flows.", cuts=True)
finite_part: Final[Row]   = row("finite_part",   "x",    ieee.finite_part, lambda out, x: finite_part(1.0 + (x - x)),
    lambda x: select(is_finite(x), x, 0.0), "x, or 0 where x is not finite.", cuts=True)
message: Final[Row]       = row("message",       "adjoint, factor", ieee.message,     _message_partials,
    lambda adjoint, factor: select(adjoint.is_equal(0.0), 0.0, adjoint * factor),
    "adjoint * factor, where an adjoint of exactly 0 gives 0 whatever the factor.", traits="product")
cut_message: Final[Row]   = row("cut_message",   "adjoint, factor", ieee.cut_message, _cut_message_partials,
    lambda x, y: select(x.is_equal(0.0) | y.is_equal(0.0), 0.0, x * y),
    "adjoint * factor, where either of exactly 0 gives 0: along the edges of a selection.")
greater: Final[Row]       = row("greater",       "a, b", ieee.greater,     lambda out, a, b: (0.0, 0.0),
    lambda a, b: select(a > b, 1.0, select(a <= b, 0.0, math.nan)), "1 where a > b, else 0; NaN where either is NaN.",
    kinks="derivative 0 everywhere", cuts=True, traits="step")
where: Final[Row]         = row("where",         "condition, a, b", ieee.where,       _where_partials,
    lambda condition, a, b: select(condition.is_equal(0.0), b, a),
    "a where the condition holds (is not 0), else b. The side not taken receives exactly 0.", cuts=True)

# Arithmetic.

add: Final[Row]       = row("add",       "a, b", operator.add,      lambda out, a, b: (1.0, 1.0),
    "instruction",           "a + b.", symbol="+", traits="sum")
sub: Final[Row]       = row("sub",       "a, b", operator.sub,      lambda out, a, b: (1.0, -1.0),
    "instruction",           "a - b.", symbol="-", traits="sum", numpy_name="subtract")
mul: Final[Row]       = row("mul",       "a, b", operator.mul,      lambda out, a, b: (b, a),
    "instruction",           "a * b.", symbol="*", traits="product", numpy_name="multiply")
div: Final[Row]       = row("div",       "a, b", ieee.divide,       lambda out, a, b: (1.0 / b, -out / b),
    "instruction",           "a / b, infinite or NaN where b is 0.",
    symbol="/", domain=(REALS, POSITIVE), traits="quotient", numpy_name="divide")
pow_: Final[Row]      = row("pow",       "a, b", ieee.power,        _pow_partials,
    "libm",                  "a ** b with both varying.", symbol="**", domain=(POSITIVE, REALS), traits="root", numpy_name="power",
    kinks="0**0 is 1 with derivatives (0, 0); 0**b has d/db 0 for b > 0; a < 0 has d/db NaN")
pow_const: Final[Row] = row("pow_const", "x, n", ieee.power,        lambda out, x, n: (message(n, pow_const(x, n - 1.0)), 0.0),
    pow_,                    "x ** n for a constant n: the exact polynomial derivative, and log x is never taken.",
    symbol="**", domain=(POSITIVE, REALS), cuts="n", traits="root",
    kinks="x**0 is 1 with derivative 0, also at 0; n is a constant and receives nothing")
mod: Final[Row]       = row("mod",       "a, b", ieee.modulo,       lambda out, a, b: (1.0, -floordiv(a, b)),
    branchless.modulo,       "a % b, with the sign of b as in Python.",
    symbol="%", domain=(REALS, POSITIVE), kinks="derivative (1, -floor(a/b)) at the jumps too", traits="quotient")
floordiv: Final[Row]  = row("floordiv",  "a, b", ieee.floor_divide, lambda out, a, b: (0.0, 0.0),
    branchless.floor_divide, "floor(a / b).",
    symbol="//", domain=(REALS, POSITIVE), kinks="derivative 0 everywhere", cuts=True, traits="quotient step")
neg: Final[Row]       = row("neg",       "x",    operator.neg,      lambda out, x: -1.0,
    "instruction",           "-x.", symbol="-", numpy_name="negative")

# Exponentials, logarithms, roots.

exp: Final[Row]            = row("exp",            "x",    ieee.exp,            lambda out, x: out,
    "libm",                    "e to the x.", traits="exponential")
expm1: Final[Row]          = row("expm1",          "x",    ieee.expm1,          lambda out, x: exp(x),
    "libm",                    "exp(x) - 1, accurate near 0.", traits="half_flat")
exp_difference: Final[Row] = row("exp_difference", "a, b", ieee.exp_difference, lambda out, a, b: (out, -out),
    branchless.exp_difference, "exp(a - b), accurate where a - b is large and rounded.", traits="exponential")
exp2: Final[Row]           = row("exp2",           "x",    ieee.exp2,           lambda out, x: LOG_2 * out,
    "libm",                    "2 to the x.", traits="exponential")
log: Final[Row]            = row("log",            "x",    ieee.log,            lambda out, x: 1.0 / x,
    "libm",                    "Natural logarithm.", domain=(POSITIVE,), traits="log")
log1p: Final[Row]          = row("log1p",          "x",    ieee.log1p,          lambda out, x: 1.0 / (1.0 + x),
    "libm",                    "log(1 + x), accurate near 0.", domain=((-1.0, math.inf),), traits="log")
log2: Final[Row]           = row("log2",           "x",    ieee.log2,           lambda out, x: LOG2_E / x,
    "libm",                    "Logarithm to base 2.", domain=(POSITIVE,), traits="log")
log10: Final[Row]          = row("log10",          "x",    ieee.log10,          lambda out, x: LOG10_E / x,
    "libm",                    "Logarithm to base 10.", domain=(POSITIVE,), traits="log")
xlogy: Final[Row]          = row("xlogy",          "x, y", ieee.xlogy,          _xlogy_partials,
    branchless.xlogy,          "x * log(y), which is 0 where x is 0.", domain=(REALS, POSITIVE),
    kinks="at x = 0 the derivative by y is 0 and that by x log(y), also at y = 0, where it is -inf")
xlog1py: Final[Row]        = row("xlog1py",        "x, y", ieee.xlog1py,        _xlog1py_partials,
    branchless.xlog1py,        "x * log(1 + y), accurate for y near 0, and 0 where x is 0.", domain=(REALS, (-1.0, math.inf)),
    kinks="at x = 0 the derivative by y is 0 and that by x log(1 + y), also at y = -1, where it is -inf")
sqrt: Final[Row]           = row("sqrt",           "x",    ieee.sqrt,           lambda out, x: 0.5 / out,
    "instruction",             "Square root.", domain=(POSITIVE,), kinks="derivative inf at 0", traits="root")
cbrt: Final[Row]           = row("cbrt",           "x",    math.cbrt,           lambda out, x: square(1.0 / out) / 3.0,
    "libm",                    "Cube root, of negative numbers too.", domain=(POSITIVE,), kinks="derivative inf at 0", traits="root")
square: Final[Row]         = row("square",         "x",    ieee.square,         lambda out, x: 2.0 * x,
    lambda x: x * x,           "The square, x * x.")
reciprocal: Final[Row]     = row("reciprocal",     "x",    ieee.reciprocal,     lambda out, x: -out * out,
    lambda x: 1.0 / x,         "The reciprocal, 1 / x.", domain=(POSITIVE,))

# Trigonometric and hyperbolic functions.

one_minus_square: Final[Row] = row("one_minus_square", "x", ieee.one_minus_square, lambda out, x: -2.0 * x,
    lambda x: (1.0 - x) * (1.0 + x), "1 - x**2, accurate near -1 and 1.")
deg2rad: Final[Row] = row("deg2rad", "x", ieee.deg2rad,      lambda out, x: ieee.DEGREE,
    lambda x: x * ieee.DEGREE, "An angle in degrees in radians.")
rad2deg: Final[Row] = row("rad2deg", "x", ieee.rad2deg,      lambda out, x: ieee.RADIAN,
    lambda x: x * ieee.RADIAN, "An angle in radians in degrees.")
sin: Final[Row]   = row("sin",   "x", ieee.sin,              lambda out, x: cos(x),
    "libm",           "Sine of an angle in radians.")
cos: Final[Row]   = row("cos",   "x", ieee.cos,              lambda out, x: -sin(x),
    "libm",           "Cosine of an angle in radians.")
tan: Final[Row]   = row("tan",   "x", ieee.tan,              lambda out, x: 1.0 + out * out,
    "libm",           "Tangent of an angle in radians.", domain=((-math.pi / 2, math.pi / 2),))
asin: Final[Row]  = row("asin",  "x", ieee.asin,             lambda out, x: 1.0 / sqrt(one_minus_square(x)),
    "libm",           "Arc sine, in radians.", domain=(UNIT,), kinks="derivative inf at -1 and 1", numpy_name="arcsin")
acos: Final[Row]  = row("acos",  "x", ieee.acos,             lambda out, x: -1.0 / sqrt(one_minus_square(x)),
    "libm",           "Arc cosine, in radians.", domain=(UNIT,), kinks="derivative -inf at -1 and 1", numpy_name="arccos")
atan: Final[Row]  = row("atan",  "x", math.atan,             lambda out, x: square(1.0 / hypot(1.0, x)),
    "libm",           "Arc tangent, in radians.", traits="saturating", numpy_name="arctan")
sinh: Final[Row]  = row("sinh",  "x", ieee.sinh,             lambda out, x: cosh(x),
    "libm",           "Hyperbolic sine.")
cosh: Final[Row]  = row("cosh",  "x", ieee.cosh,             lambda out, x: sinh(x),
    "libm",           "Hyperbolic cosine.")
tanh: Final[Row]  = row("tanh",  "x", math.tanh,             lambda out, x: sech2(x),
    "libm",           "Hyperbolic tangent.", traits="activation saturating")
sech2: Final[Row] = row("sech2", "x", ieee.sech2,            lambda out, x: -2.0 * out * tanh(x),
    branchless.sech2, "1 / cosh(x)**2, the derivative of tanh.", traits="exponential")
sinc: Final[Row]  = row("sinc",  "x", special.normalized_sinc,          lambda out, x: sinc_derivative(1.0, x),
    branchless.sinc_of,  "sin(pi x) / (pi x), and 1 at 0, as in NumPy.")
sinc_derivative: Final[Row] = row("sinc_derivative", "n, x", special.sinc_derivative, lambda out, n, x: (0.0, sinc_derivative(n + 1.0, x)),
    None,             "Derivative number n of sinc; n is a constant.", domain=((0.0, 0.0), REALS), cuts="n")
asinh: Final[Row] = row("asinh", "x", math.asinh,            lambda out, x: 1.0 / hypot(1.0, x),
    "libm",           "Inverse hyperbolic sine.", numpy_name="arcsinh")
acosh: Final[Row] = row("acosh", "x", ieee.acosh,            lambda out, x: (1.0 / sqrt(x - 1.0)) * (1.0 / sqrt(x + 1.0)),
    "libm",           "Inverse hyperbolic cosine.", domain=((1.0, math.inf),), kinks="derivative inf at 1", numpy_name="arccosh")
atanh: Final[Row] = row("atanh", "x", ieee.atanh,            lambda out, x: 1.0 / one_minus_square(x),
    "libm",           "Inverse hyperbolic tangent.", domain=(UNIT,), numpy_name="arctanh")

# The error function, the normal distribution and log Gamma.

exp_square: Final[Row] = row("exp_square", "x, c", ieee.exp_square, lambda out, x, c: (2.0 * c * message(out, x), message(out, x * x)),
    branchless.exp_square, "exp(c x**2) for the constants c = -1 and -1/2.", domain=(REALS, (-1.0, -0.5)), traits="exponential")
erf: Final[Row]        = row("erf",        "x",    math.erf,        lambda out, x: TWO_OVER_SQRT_PI * exp_square(x, -1.0),
    "libm",                "The error function.", traits="saturating")
erfc: Final[Row]       = row("erfc",       "x",    math.erfc,       lambda out, x: -TWO_OVER_SQRT_PI * exp_square(x, -1.0),
    "libm",                "1 - erf(x), accurate in the right tail.", traits="saturating")
normal_cdf: Final[Row] = row("normal_cdf", "x",    ieee.normal_cdf, lambda out, x: INV_SQRT_TAU * exp_square(x, -0.5),
    branchless.normal_cdf, "Standard normal distribution function.", traits="saturating")
log_ndtr: Final[Row]   = row("log_ndtr",   "x",    special.log_ndtr, lambda out, x: inverse_mills(x),
    None,                  "Logarithm of the standard normal distribution function, accurate in both tails.")
erfinv: Final[Row]     = row("erfinv",     "x",    special.erfinv,  _erfinv_partials,
    None,                  "The inverse of erf.", domain=(UNIT,), kinks="inf at 1, -inf at -1, with derivative inf")
inverse_mills: Final[Row] = row("inverse_mills", "x", special.inverse_mills, _inverse_mills_partials,
    None,                  "The standard normal density over the distribution function: the derivative of log_ndtr.")
erfcx_ratio: Final[Row] = row("erfcx_ratio", "n, x", special.erfcx_ratio, lambda out, n, x: (0.0, 2.0 * out * (n * out - (n + 1.0) * erfcx_ratio(n + 1.0, x))),
    None,                  "The n-fold repeated integral of erfc from x to infinity over the one before it; n is a constant.",
    domain=((0.0, 0.0), POSITIVE), cuts="n")
lgamma: Final[Row]     = row("lgamma",     "x",    gamma.lgamma,    lambda out, x: digamma(x),
    None,                  "Logarithm of |Gamma(x)|, with poles at 0, -1, -2 and so on.", domain=(POSITIVE,))
digamma: Final[Row]    = row("digamma",    "x",    gamma.digamma,   lambda out, x: polygamma(1.0, x),
    None,                  "The derivative of lgamma, with poles at 0, -1, -2 and so on.", domain=(POSITIVE,))
lbeta: Final[Row]      = row("lbeta",      "a, b", gamma.lbeta,     lambda out, a, b: (polygamma_difference(0.0, a, b), polygamma_difference(0.0, b, a)),
    None,                  "log |Gamma(a) Gamma(b) / Gamma(a + b)|, right where log Gammas would cancel.", domain=(POSITIVE, POSITIVE))
polygamma: Final[Row]  = row("polygamma",  "n, x", gamma.polygamma, lambda out, n, x: (0.0, polygamma(n + 1.0, x)),
    None,                  "Derivative number n + 1 of lgamma; n is a constant, a whole number from 0 to 100.", domain=((0.0, 0.0), POSITIVE), cuts="n")
polygamma_difference: Final[Row] = row("polygamma_difference", "n, a, b", gamma.polygamma_difference,
    lambda out, n, a, b: (0.0, polygamma_difference(n + 1.0, a, b), -polygamma(n + 1.0, a + b)),
    None,                  "polygamma(n, a) - polygamma(n, a + b); n is a constant.", domain=((0.0, 0.0), POSITIVE, POSITIVE), cuts="n")

# Activations.

sigmoid: Final[Row]    = row("sigmoid",    "x",             ieee.sigmoid,    lambda out, x: out * sigmoid(-x),
    branchless.sigmoid,  "Logistic function 1 / (1 + exp(-x)).", traits="activation saturating")
relu: Final[Row]       = row("relu",       "x",             ieee.relu,       lambda out, x: greater(x, 0.0),
    lambda x: select((x > 0.0) | x.is_nan(), x, 0.0), "x where x > 0, else 0.", kinks="derivative 0 at 0", cuts=True, traits="activation")
leaky_relu: Final[Row] = row("leaky_relu", "x, slope=0.01", ieee.leaky_relu, _leaky_relu_partials,
    lambda x, slope: select(x >= 0.0, x, slope * x), "x where x >= 0, else slope * x.",
    kinks="the right-hand derivative, 1, at 0", cuts="slope", traits="activation")
elu: Final[Row]        = row("elu",        "x, alpha=1.0",  ieee.elu,        _elu_partials,
    lambda x, alpha: select(x >= 0.0, x, alpha * expm1(x)), "x where x >= 0, else alpha * (exp(x) - 1) (Clevert et al. 2015).",
    kinks="the right-hand derivative, 1, at 0", cuts="alpha", traits="activation half_flat")
gelu: Final[Row]       = row("gelu",       "x",             ieee.gelu,       _gelu_partials,
    lambda x: select(x.is_equal(-math.inf), -0.0, x * normal_cdf(x)),
    "x times the normal distribution function (Hendrycks and Gimpel 2016; exact, not the tanh approximation).",
    traits="activation half_flat")
silu: Final[Row]       = row("silu", "x", ieee.silu, lambda out, x: sigmoid(x) + message(sigmoid(x) * sigmoid(-x), x),
    lambda x: select(x.is_equal(-math.inf), -0.0, x * sigmoid(x)), "x * sigmoid(x), also called swish (Elfwing et al. 2017).",
    traits="activation half_flat")
softplus: Final[Row]   = row("softplus",   "x",             ieee.softplus,   lambda out, x: sigmoid(x),
    branchless.softplus, "log(1 + exp(x)).", traits="activation half_flat")
softsign: Final[Row]   = row("softsign",   "x",             ieee.softsign,   lambda out, x: square(1.0 / (1.0 + abs(x))),
    branchless.softsign, "x / (1 + |x|).", traits="activation saturating")

# Kinks, steps and selections.

abs_: Final[Row]     = row("abs",      "x",         abs,           lambda out, x: sign(x),
    "instruction",      "Absolute value, |x|.", kinks="derivative 0 at 0", traits="kink", numpy_name="absolute")
sign: Final[Row]     = row("sign",     "x",         ieee.sign,     lambda out, x: 0.0,
    lambda x: select(x > 0.0, 1.0, select(x < 0.0, -1.0, x)), "The sign of x: -1, 0 or 1.",
    kinks="derivative 0 everywhere", cuts=True, traits="step")
floor: Final[Row]    = row("floor",    "x",         ieee.floor,    lambda out, x: 0.0,
    "instruction",      "Largest whole number <= x.", kinks="derivative 0", cuts=True, traits="step")
ceil: Final[Row]     = row("ceil",     "x",         ieee.ceil,     lambda out, x: 0.0,
    "instruction",      "Smallest whole number >= x.", kinks="derivative 0", cuts=True, traits="step")
round_: Final[Row]   = row("round",    "x",         ieee.rint,     lambda out, x: 0.0,
    "instruction",      "Nearest whole number, halves to even.", kinks="derivative 0", cuts=True, traits="step", numpy_name="rint")
atan2: Final[Row]    = row("atan2",    "y, x",      math.atan2,    _atan2_partials,
    "libm",             "Angle of the point (x, y) in radians; y comes first.",
    domain=(POSITIVE, POSITIVE), kinks="derivative (0, 0) at the origin", traits="kink", numpy_name="arctan2")
hypot: Final[Row]    = row("hypot",    "x, y",      math.hypot,    lambda out, x, y: (where(out, x / out, 0.0), where(out, y / out, 0.0)),
    branchless.norm_of, "sqrt(x**2 + y**2) without overflow.",
    domain=(POSITIVE, POSITIVE), kinks="derivative (0, 0) at the origin", traits="kink")
maximum: Final[Row]  = row("maximum",  "a, b",      ieee.maximum,  lambda out, a, b: (_above(a, b), _above(b, a)),
    branchless.maximum, "The larger of two.", kinks="a tie shares the gradient equally; NaN if either is NaN", cuts=True, traits="extreme")
minimum: Final[Row]  = row("minimum",  "a, b",      ieee.minimum,  lambda out, a, b: (_above(b, a), _above(a, b)),
    branchless.minimum, "The smaller of two.", kinks="a tie shares the gradient equally; NaN if either is NaN", cuts=True, traits="extreme")
copysign: Final[Row] = row("copysign", "x, y",      ieee.copysign, lambda out, x, y: (sign(x) * copysign(1.0, y), 0.0),
    "instruction",      "|x| with the sign of y.", kinks="derivative 0 at x = 0; NaN has the sign +", cuts="y", traits="kink")
fmod: Final[Row]     = row("fmod",     "a, b",      ieee.fmod,     lambda out, a, b: (1.0, -round_((a - out) / b)),
    "libm",             "The remainder with the sign of a, as in C.",
    domain=(REALS, POSITIVE), kinks="derivative (1, -trunc(a/b)) at the jumps too", traits="quotient")
logaddexp: Final[Row] = row("logaddexp", "a, b",     ieee.logsumexp, _logsumexp_partials,
    branchless.logsumexp_of, "log(exp(a) + exp(b)), without overflow.", traits="sum")
clip: Final[Row]     = row("clip",     "x, lo, hi", ieee.clip,     _clip_partials,
    branchless.clip,    "x held between lo and hi (hi wins where lo > hi).", kinks="derivative 1 at an edge", cuts=True)

# Over any number of inputs: one node each, not a chain.

sum_: Final[Row]        = row("sum",         "*xs", ieee.sum_of,        lambda out, *xs: (1.0,) * len(xs),
    branchless.sum_of,        "The sum of all inputs.", traits="sum")
prod: Final[Row]        = row("prod",        "*xs", ieee.product,       _product_partials,
    branchless.product,       "The product of all inputs.", traits="product")
mean: Final[Row]        = row("mean",        "*xs", ieee.mean,          lambda out, *xs: (1.0 / len(xs),) * len(xs),
    lambda *xs: sum_(*xs) / float(len(xs)), "The arithmetic mean.", traits="sum")
var: Final[Row]         = row("var",         "*xs", statistics.variance, _var_partials,
    branchless.variance_of,      "The mean square of the deviations from the mean.")
std: Final[Row]         = row("std",         "*xs", statistics.deviation, _std_partials,
    branchless.deviation_of,     "The root of the mean square of the deviations from the mean.", kinks="derivative 0 where all inputs are equal", traits="kink")
order_statistic: Final[Row] = row("order_statistic", "*xs", statistics.order_statistic, _order_statistic_partials,
    None,                     "The number at place k, from 0, of the sorted inputs; k comes first.",
    kinks="ties share the gradient equally; NaN if any is NaN", cuts=True, traits="extreme")
dot: Final[Row]         = row("dot",         "*xs", ieee.dot,           lambda out, *xs: xs[len(xs) // 2 :] + xs[: len(xs) // 2],
    branchless.dot_of,        "The first half of the inputs times the second half, summed.", traits="product sum")
norm: Final[Row]        = row("norm",        "*xs", math.hypot,         lambda out, *xs: tuple([where(out, x / out, 0.0) for x in xs]),
    branchless.norm_of,       "Euclidean length, without overflow.", kinks="derivative 0 at the origin", traits="kink")
logsumexp: Final[Row]   = row("logsumexp",   "*xs", ieee.logsumexp,     _logsumexp_partials,
    branchless.logsumexp_of,  "log of the sum of exp.", traits="sum")
pivot: Final[Row]       = row("softmax_pivot", "*xs", ieee.largest,       _pivot_partials,
    branchless.largest,       "The largest input, from which softmax counts; followed where it has more than half.", cuts=True, traits="extreme")
apart: Final[Row]       = row("softmax_apart", "x, pivot, others", ieee.apart, lambda out, x, pivot, others: (0.0, 0.0, 0.0),
    lambda x, pivot, others: select(x.is_equal(pivot) & (others < 1.0), 0.0, 1.0),
    "0 where x is a pivot that has more than half, else 1.", cuts=True, traits="step")
beside: Final[Row]      = row("softmax_others", "*xs", ieee.beside,        _beside_partials,
    branchless.beside,        "The sum of exp(x - pivot) over the others; the pivot comes first.", traits="sum")
share: Final[Row]       = row("softmax_share", "x, pivot, others", ieee.share, _share_partials,
    branchless.share,         "A share of softmax, exp(x - pivot) / (1 + others).", domain=(REALS, REALS, POSITIVE), traits="saturating")
log_share: Final[Row]   = row("log_softmax_share", "x, pivot, others", ieee.log_share, _log_share_partials,
    branchless.log_share,     "The logarithm of a share of softmax.", domain=(REALS, REALS, POSITIVE))
# One result of softmax as a node of its own: in graphs that were pickled by version 0.1.0.
softmax: Final[Row]     = row("softmax",     "*xs", ieee.softmax_first, _softmax_partials,
    branchless.softmax_first, "The first input's share of exp.", traits="saturating")
log_softmax: Final[Row] = row("log_softmax", "*xs", ieee.log_softmax_first, _log_softmax_partials,
    branchless.log_softmax_first, "log of the first input's share of exp.")
# The largest and the smallest of any number of inputs.
max_: Final[Row]        = row("max",         "*xs", ieee.largest,       _extreme_partials,
    branchless.largest,       "The largest input.", kinks="ties share the gradient equally; NaN if any is NaN", cuts=True, traits="extreme")
min_: Final[Row]        = row("min",         "*xs", ieee.smallest,      _extreme_partials,
    branchless.smallest,      "The smallest input.",
    kinks="ties share the gradient equally; NaN if any is NaN", cuts=True, traits="extreme")
