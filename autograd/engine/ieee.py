"""Real functions of floats by the rules of IEEE 754: never an exception, never a complex number.

Python's `math` raises where the standard has an answer (`math.log(0.0)`, `math.exp(1000.0)`, `1.0 /
0.0`). The functions here answer instead: infinity for an overflow or a pole, NaN outside the
domain. Those that `math` lacks are written to stay within a few units in the last place over the
whole range of a double.

They know nothing of graphs or gradients: they are the `forward` column of the table in
`primitives`.
"""

from __future__ import annotations

import math
from typing import Final

INF: Final = math.inf
NAN: Final = math.nan
PI: Final = math.pi

SQRT_HALF: Final = 0.7071067811865476  # nearest double to 1/sqrt(2) ...
SQRT_HALF_REST: Final = -4.833646656726457e-17  # ... and what that rounding left out
TWO_OVER_SQRT_PI: Final = 1.1283791670955126
DEGREE: Final = 0.017453292519943295  # in radians
RADIAN: Final = 57.29577951308232  # in degrees
SPLITTER: Final = 134217729.0  # 2**27 + 1, Veltkamp's constant


# -- exponentials and logarithms -------------------------------------------------------------------


def exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def expm1(x: float) -> float:
    try:
        return math.expm1(x)
    except OverflowError:
        return INF


def exp_difference(a: float, b: float) -> float:
    """exp(a - b) to a unit or two in the last place. Rounding a - b alone would cost |a - b|/2 of
    them; what was rounded off (two-sum; Knuth, The Art of Computer Programming 2, 4.2.2) is put
    back to first order."""
    difference = a - b
    e = exp(difference)
    if not 0.0 < e < INF:
        return e
    lost = difference - a
    rest = (a - (difference - lost)) - (b + lost)
    return e + e * rest


def exp2(x: float) -> float:
    try:
        return math.exp2(x)
    except OverflowError:
        return INF


def log(x: float) -> float:
    if x > 0.0:
        return math.log(x)
    return _log_outside(x)


def log1p(x: float) -> float:
    if x > -1.0:
        return math.log1p(x)
    return _log_outside(x + 1.0)


def log2(x: float) -> float:
    if x > 0.0:
        return math.log2(x)
    return _log_outside(x)


def log10(x: float) -> float:
    if x > 0.0:
        return math.log10(x)
    return _log_outside(x)


def _log_outside(x: float) -> float:
    return -INF if x == 0.0 else NAN


def xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x * log(y)


def xlog1py(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y == y else x * log1p(y)


def sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else NAN


# -- arithmetic ------------------------------------------------------------------------------------


def divide(a: float, b: float) -> float:
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a:
        return NAN
    return math.copysign(INF, a) * math.copysign(1.0, b)


def reciprocal(x: float) -> float:
    return divide(1.0, x)


def square(x: float) -> float:
    return x * x


def one_minus_square(x: float) -> float:
    return (1.0 - x) * (1.0 + x)


def power(a: float, b: float) -> float:
    """A square is a product, which is rounded once; the C libraries' pow is not always. Compiled
    code has to do the same: where the exponent is a constant (`compiler.ir.passes`), and where it
    happens to be 2 (`compiler.ir.lowering`)."""
    if b == 2.0:
        return a * a
    try:
        return math.pow(a, b)
    except OverflowError:
        return -INF if a < 0.0 and _is_odd(b) else INF
    except ValueError:
        if a != 0.0:
            return NAN  # a negative base to a fractional power
        return math.copysign(INF, a) if _is_odd(b) else INF


def _is_odd(b: float) -> bool:
    return math.fmod(b, 2.0) in (1.0, -1.0)


def fmod(a: float, b: float) -> float:
    try:
        return math.fmod(a, b)
    except ValueError:
        return NAN


def modulo(a: float, b: float) -> float:
    """Python's `a % b` (the sign of the divisor), NaN where the divisor is 0."""
    if b == 0.0 or math.isinf(a):
        return NAN
    return a % b


def floor_divide(a: float, b: float) -> float:
    if b == 0.0 or math.isinf(a):
        return divide(a, b)
    return a // b


def floor(x: float) -> float:
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x


def ceil(x: float) -> float:
    return math.copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


def rint(x: float) -> float:
    """Nearest whole number, halves to even."""
    return math.copysign(float(round(x)), x) if math.isfinite(x) else x


def copysign(x: float, y: float) -> float:
    """NaN counts as positive: its sign bit is whatever arithmetic has left there."""
    return math.copysign(x, y) if y == y else math.fabs(x)


def sign(x: float) -> float:
    if x > 0.0:
        return 1.0
    return -1.0 if x < 0.0 else x


def greater(a: float, b: float) -> float:
    """1 where a > b, 0 where it is not, NaN where either is NaN: the branch of every kinked
    rule."""
    if a > b:
        return 1.0
    return 0.0 if a <= b else NAN


def maximum(a: float, b: float) -> float:
    if a != a or b != b:
        return NAN
    return a if a >= b else b  # noqa: FURB136 (max() would box)


def minimum(a: float, b: float) -> float:
    if a != a or b != b:
        return NAN
    return a if a <= b else b  # noqa: FURB136 (min() would box)


def clip(x: float, lo: float, hi: float) -> float:
    return minimum(maximum(x, lo), hi)


def where(condition: float, a: float, b: float) -> float:
    return a if condition != 0.0 else b


def message(adjoint: float, factor: float) -> float:
    """What an edge carries: adjoint times local derivative, where an adjoint of exactly 0 stays
    0."""
    return adjoint * factor if adjoint != 0.0 else 0.0


def cut_message(adjoint: float, factor: float) -> float:
    """The same where a local derivative of exactly 0 means that there is no path."""
    return adjoint * factor if adjoint != 0.0 and factor != 0.0 else 0.0


def finite_part(x: float) -> float:
    return x if math.isfinite(x) else 0.0


def as_order(n: float) -> int:
    """The order of a derivative, a whole number from 0 to 100; -1 if it is none."""
    return int(n) if 0.0 <= n <= 100.0 and n == math.floor(n) else -1


def identity(x: float) -> float:
    return x


# -- trigonometric and hyperbolic ------------------------------------------------------------------


def deg2rad(x: float) -> float:
    return x * DEGREE


def rad2deg(x: float) -> float:
    return x * RADIAN


def sin(x: float) -> float:
    return math.sin(x) if math.isfinite(x) else NAN


def cos(x: float) -> float:
    return math.cos(x) if math.isfinite(x) else NAN


def tan(x: float) -> float:
    return math.tan(x) if math.isfinite(x) else NAN


def asin(x: float) -> float:
    return math.asin(x) if -1.0 <= x <= 1.0 else NAN


def acos(x: float) -> float:
    return math.acos(x) if -1.0 <= x <= 1.0 else NAN


def sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(INF, x)


def cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return INF


def sech2(x: float) -> float:
    """1/cosh(x)^2, which is tanh'(x) without the cancellation of 1 - tanh(x)^2."""
    try:
        s = 1.0 / math.cosh(x)
    except OverflowError:
        return 0.0
    return s * s


def acosh(x: float) -> float:
    return math.acosh(x) if x >= 1.0 else NAN


def atanh(x: float) -> float:
    if -1.0 < x < 1.0:
        return math.atanh(x)
    return math.copysign(INF, x) if x == 1.0 or x == -1.0 else NAN


# -- the error function and its relatives ----------------------------------------------------------


def exp_square(x: float, c: float) -> float:
    """exp(c x^2) for c = -1 or -1/2.

    Rounding x*x first would cost up to x*x units in the last place, so x is split into a head of 26
    bits, whose square is exact, and a tail (Veltkamp's splitting, as in fdlibm's erf).
    """
    if not math.fabs(x) < 60.0:
        return NAN if x != x else 0.0
    scaled = SPLITTER * x
    head = scaled - (scaled - x)
    return math.exp(c * head * head) * math.exp(c * (x - head) * (x + head))


def normal_cdf(x: float) -> float:
    """The standard normal distribution function, erfc(-x/sqrt 2)/2 with the argument's rounding
    mended."""
    if not math.fabs(x) < 60.0:
        return NAN if x != x else (1.0 if x > 0.0 else 0.0)
    z = x * SQRT_HALF
    scaled = SPLITTER * x
    head = scaled - (scaled - x)
    tail = x - head
    scaled = SPLITTER * SQRT_HALF
    c_head = scaled - (scaled - SQRT_HALF)
    c_tail = SQRT_HALF - c_head
    # Dekker's exact product (1971): z + rest is x/sqrt(2) to twice the precision of a double.
    rest = ((head * c_head - z) + head * c_tail + tail * c_head) + tail * c_tail
    rest += x * SQRT_HALF_REST
    return 0.5 * (math.erfc(-z) + TWO_OVER_SQRT_PI * exp_square(z, -1.0) * rest)


def gelu(x: float) -> float:
    if x == -INF:
        return -0.0
    return x * normal_cdf(x)


# -- activations -----------------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def relu(x: float) -> float:
    return x if x > 0.0 or x != x else 0.0


def leaky_relu(x: float, slope: float) -> float:
    return x if x >= 0.0 else slope * x


def elu(x: float, alpha: float) -> float:
    return x if x >= 0.0 else alpha * math.expm1(x)


def silu(x: float) -> float:
    return -0.0 if x == -INF else x * sigmoid(x)


def softplus(x: float) -> float:
    if x > 0.0:
        return x + math.log1p(math.exp(-x))
    return math.log1p(math.exp(x))


def softsign(x: float) -> float:
    return math.copysign(1.0, x) if math.isinf(x) else x / (1.0 + math.fabs(x))


# -- over any number of inputs ---------------------------------------------------------------------


def sum_of(*xs: float) -> float:
    total = 0.0
    for x in xs:
        total += x
    return total


def product(*xs: float) -> float:
    total = 1.0
    for x in xs:
        total *= x
    return total


def mean(*xs: float) -> float:
    return sum_of(*xs) / len(xs)


def dot(*xs: float) -> float:
    """The first half of the inputs times the second half."""
    n = len(xs) // 2
    total = 0.0
    for i in range(n):
        total += xs[i] * xs[n + i]
    return total


def largest(*xs: float) -> float:
    top = xs[0]
    for x in xs:
        top = maximum(top, x)
    return top


def smallest(*xs: float) -> float:
    bottom = xs[0]
    for x in xs:
        bottom = minimum(bottom, x)
    return bottom


def logsumexp(*xs: float) -> float:
    """The largest, and log1p of what the others add to it (Blanchard, Higham and Higham,
    "Accurately computing the log-sum-exp and softmax functions", 2021)."""
    if not xs:
        return -INF
    top = largest(*xs)
    if not math.isfinite(top):
        return top
    return top + math.log1p(_beside(top, xs))


def _beside(top: float, xs: tuple[float, ...]) -> float:
    """The sum of exp(x - top) over all but one of the largest: what log1p then keeps, however
    small."""
    total = 0.0
    skipped = False
    for x in xs:
        if x == top and not skipped:
            skipped = True
        else:
            total += exp_difference(x, top)
    return total


def beside(pivot: float, *xs: float) -> float:
    """What the others weigh, where the pivot weighs 1: the sum of exp(x - pivot) over all but
    it."""
    return _beside(pivot, xs)


def apart(x: float, pivot: float, others: float) -> float:
    return 0.0 if x == pivot and others < 1.0 else 1.0


def share(x: float, pivot: float, others: float) -> float:
    return divide(1.0 if x == pivot else exp_difference(x, pivot), 1.0 + others)


def log_share(x: float, pivot: float, others: float) -> float:
    return (0.0 if x == pivot else x - pivot) - log1p(others)


def softmax_first(*xs: float) -> float:
    top = largest(*xs)
    return share(xs[0], top, beside(top, *xs))


def log_softmax_first(*xs: float) -> float:
    top = largest(*xs)
    return log_share(xs[0], top, beside(top, *xs))
