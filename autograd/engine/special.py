"""The error function's relatives and sinc, by the rules of IEEE 754, for the table."""

from __future__ import annotations

import math
from typing import Final

from autograd.engine import ieee

INF: Final = math.inf
NAN: Final = math.nan
SQRT_2: Final = 1.4142135623730951
INV_SQRT_TAU: Final = 0.3989422804014327  # 1/sqrt(2 pi)
HALF_LOG_TAU: Final = 0.9189385332046728


# -- repeated integrals of the error function ------------------------------------------------------


def erfcx_ratio(order: float, x: float) -> float:
    """The integral of erfc from x to infinity, repeated `order` times, over that once less.

    By the continued fraction of Gautschi ("Efficient computation of the complex error function",
    1970; DLMF 7.18), all of whose terms are positive, or, left of its reach, by the recurrence that
    it solves (Abramowitz & Stegun 7.2.5).
    """
    n = ieee.as_order(order)
    if x != x or n < 0:
        return NAN
    if x >= 0.5:
        ratio = 0.0
        for k in range(n + 25 + int((math.sqrt(n) + 14.0 / x) ** 2), n - 1, -1):
            ratio = 0.5 / (x + (k + 1) * ratio)
        return ratio
    before = ieee.TWO_OVER_SQRT_PI * ieee.exp_square(x, -1.0)
    out = math.erfc(x)
    for k in range(1, n + 1):
        before, out = out, (before - 2.0 * x * out) / (2.0 * k) if x > -INF else INF
    return ieee.divide(out, before)


# -- the normal distribution and the inverse of erf ------------------------------------------------


def log_ndtr(x: float) -> float:
    """log of the standard normal distribution function."""
    if x > 0.0:
        return ieee.log1p(-ieee.normal_cdf(-x))
    if x > -1.0:
        return ieee.log(ieee.normal_cdf(x))
    return -ieee.log(inverse_mills(x)) - 0.5 * x * x - HALF_LOG_TAU


def inverse_mills(x: float) -> float:
    """The normal density over the distribution function; left of 0 both underflow."""
    if x > -2.0 or x != x:
        return INV_SQRT_TAU * ieee.exp_square(x, -0.5) / ieee.normal_cdf(x)
    return SQRT_2 * erfcx_ratio(1.0, -x * ieee.SQRT_HALF) - x


def erfinv(x: float) -> float:
    """Halley's steps from Winitzki's approximation ("A handy approximation for the error function
    and its inverse", 2008), right of 1/2 by what is left to 1."""
    if not -1.0 < x < 1.0:
        return x * INF if x in (1.0, -1.0) else NAN
    size = math.fabs(x)
    level = math.log1p(-size * size)
    middle = 2.0 / (math.pi * 0.147) + 0.5 * level
    y = math.sqrt(math.sqrt(middle * middle - level / 0.147) - middle)
    for _ in range(3):
        excess = math.erf(y) - size if size < 0.5 else (1.0 - size) - math.erfc(y)
        step = excess / (ieee.TWO_OVER_SQRT_PI * ieee.exp_square(y, -1.0))
        y -= step / (1.0 + y * step)
    return math.copysign(y, x)


# -- sinc ------------------------------------------------------------------------------------------


def normalized_sinc(x: float) -> float:
    """sin(pi x) / (pi x), as NumPy has it."""
    if x == 0.0:
        return 1.0
    return sinpi(x) / math.pi / x if math.isfinite(x) else (NAN if x != x else 0.0)


def sinpi(x: float) -> float:
    """sin(pi x), exactly 0 at whole numbers: only the distance to the nearest one is multiplied."""
    whole = ieee.rint(x)
    out = math.sin(math.pi * (x - whole))
    return -out if math.fmod(whole, 2.0) != 0.0 else out


def cospi(x: float) -> float:
    """cos(pi x), exactly 0 half way between whole numbers."""
    x = math.fabs(math.fmod(x, 2.0))
    return sinpi(0.5 - x) if x < 1.0 else sinpi(x - 1.5)


def sinc_derivative(order: float, x: float) -> float:
    """The derivative of sinc of an order: near 0 its power series, elsewhere from the next lower
    order, by Leibniz' rule for x sinc(x) = sin(pi x) / pi."""
    n = ieee.as_order(order)
    if n < 0 or not math.isfinite(x):
        return NAN if n < 0 or x != x else 0.0
    if math.fabs(x) < 0.5 * n:
        return _sinc_series(n, x)
    out = normalized_sinc(x)
    wave = 1.0 / math.pi
    for k in range(1, n + 1):
        wave *= math.pi
        turned = (sinpi(x), cospi(x), -sinpi(x), -cospi(x))[k % 4]
        out = (wave * turned - k * out) / x
    return out


def _sinc_series(n: int, x: float) -> float:
    k = (n + 1) // 2  # the first that is left after n derivatives: x**(2k - n)
    term = math.pi ** (2 * k) / (2 * k + 1) * (1.0 if k % 2 == 0 else -1.0)
    if n % 2 == 1:
        term *= x
    squared = (math.pi * x) ** 2
    total = 0.0
    while math.fabs(term) > 1e-18 * math.fabs(total):
        total += term
        k += 1
        shrunk = (2 * k - 1.0) / (2 * k + 1.0)  # of 1 / (2k + 1)
        term *= -squared * shrunk / ((2 * k - n) * (2 * k - n - 1.0))
    return total
