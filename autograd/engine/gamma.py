"""log Gamma, log Beta and their derivatives of every order, by the rules of IEEE 754, for the
table."""

from __future__ import annotations

import math
from typing import Final

from autograd.engine import ieee, special


def lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf  # a pole at 0, -1, -2 ..., or too large


BERNOULLI: Final[list[float]] = [
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
    854513 / 138,
]  # B2, B4 ... B22


def polygamma(order: float, x: float) -> float:
    """The derivative of order + 1 of log Gamma (order 0 is digamma).

    Left of 0 by reflection, near 0 by the recurrence, elsewhere by the asymptotic series
    (Abramowitz & Stegun 6.3.5-6.3.18, 6.4.6-6.4.11).
    """
    n = ieee.as_order(order)
    if n < 0 or x != x or x == -math.inf:
        return math.nan
    if x == math.inf:
        return math.inf if n == 0 else 0.0
    if x == 0.0 and n % 2 == 0:
        return -math.copysign(math.inf, x)
    if x <= 0.0 and x == math.floor(x):
        return math.nan if n % 2 == 0 else math.inf
    if x < 0.0:
        reflected = polygamma(order, 1.0 - x)
        return (reflected if n % 2 == 0 else -reflected) - _cotangent_derivative(n, x)
    return _polygamma_right(n, x)


def digamma(x: float) -> float:
    return polygamma(0.0, x)


def _polygamma_right(n: int, x: float) -> float:
    total = 0.0
    factorial = float(math.factorial(n))
    while x < 16.0 + n:
        total += factorial * ieee.power(x, -(n + 1.0))
        x += 1.0
    squared = x * x
    if n == 0:
        series = 0.5 / x
        term = 1.0 / squared
        for k, b in enumerate(BERNOULLI, 1):
            series += b * term / (2 * k)
            term /= squared
        return math.log(x) - (series + total)
    series = _over_power(factorial / n, x, n) + _over_power(0.5 * factorial, x, n + 1)
    term = _over_power(factorial * (n + 1) / 2.0, x, n + 2)  # (2k+n-1)!/(2k)! x^-(2k+n), k = 1
    for k, b in enumerate(BERNOULLI, 1):
        series += b * term
        term *= (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2 * k + 2) * squared)
    return series + total if n % 2 == 1 else -(series + total)


def _over_power(factor: float, x: float, n: int) -> float:
    """factor / x**n for an x of at least 1, where x**n alone may be too large."""
    power = ieee.power(x, -float(n))
    if power > 1e-290:
        return factor * power
    return factor * ieee.power(x, -float(n // 2)) * ieee.power(x, float(n // 2 - n))


def polygamma_difference(order: float, a: float, b: float) -> float:
    """polygamma(order, a) - polygamma(order, a + b), where b > 0 may be lost in a + b.

    The formulas of `polygamma` with a power of x replaced by its change from a to a + b, which is
    -a**-m * expm1(-m * log1p(b / a)): every term has the same sign.
    """
    n = ieee.as_order(order)
    if n >= 0 and a == math.inf and math.isfinite(b):
        return 0.0
    if not (n >= 0 and 0.0 < a < math.inf and 0.0 < b < math.inf):
        return polygamma(order, a) - polygamma(order, a + b)
    total = 0.0
    factorial = float(math.factorial(n))
    while a < 16.0 + n:
        total += factorial * _change(a, b, n + 1.0)
        a += 1.0
    total += 0.5 * factorial * _change(a, b, n + 1.0)
    total += math.log1p(b / a) if n == 0 else factorial / n * _change(a, b, float(n))
    size = math.factorial(n + 1) / 2.0  # (2k+n-1)!/(2k)!, k = 1
    for k, bernoulli in enumerate(BERNOULLI, 1):
        total += bernoulli * size * _change(a, b, 2.0 * k + n)
        size *= (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2.0 * k + 2))
    return total if n % 2 == 1 else -total


def _change(a: float, b: float, m: float) -> float:
    """a**-m - (a + b)**-m."""
    return -ieee.power(a, -m) * math.expm1(-m * math.log1p(ieee.divide(b, a)))


def lbeta(a: float, b: float) -> float:
    """log |Gamma(a) Gamma(b) / Gamma(a + b)|.

    Where one is large, log Gammas of the large ones would cancel; their difference is written out,
    as in Didonato and Morris, "Algorithm 708" (ACM TOMS 18, 1992).
    """
    small, large = (a, b) if a <= b else (b, a)
    if not 0.0 < small <= large < math.inf:
        return _lbeta_elsewhere(small, large)
    if large < 10.0:
        both = small + large  # Gamma(1 + x) = x Gamma(x) keeps it from overflow at tiny numbers
        return lgamma(small) + math.log(
            both / large * (math.gamma(1.0 + large) / math.gamma(1.0 + both))
        )
    further = math.log1p(small / large)
    log_of_both = (
        math.log(large) + further if small + large == math.inf else math.log(small + large)
    )
    rest = _stirling_rest(large) - _stirling_rest(small + large)
    far = -(large - 0.5) * further
    if small < 10.0:
        return lgamma(small) + rest + small - small * log_of_both + far
    rest += _stirling_rest(small)
    near = (small - 0.5) * -math.log1p(large / small)
    return special.HALF_LOG_TAU - 0.5 * log_of_both + rest + near + far


def _lbeta_elsewhere(small: float, large: float) -> float:
    """At the edges and beyond: poles at 0, limits at infinity."""
    if large == math.inf and small > 0.0:
        return -math.inf
    return lgamma(small) + lgamma(large) - lgamma(small + large)


def _stirling_rest(x: float) -> float:
    """log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2, for x >= 10."""
    power = 1.0 / x
    squared = power * power
    total = 0.0
    for k, b in enumerate(BERNOULLI, 1):
        total += b / (2 * k * (2 * k - 1)) * power
        power *= squared
    return total


def _cotangent_derivative(n: int, x: float) -> float:
    """The n-th derivative of pi cot(pi x): a polynomial in the cotangent, P' -> -(1 + c^2) P'."""
    c = ieee.divide(special.cospi(x), special.sinpi(x))  # exactly 0 half way between poles
    coefficients = [0.0, 1.0]
    for _ in range(n):
        raised = [0.0] * (len(coefficients) + 1)
        for i in range(1, len(coefficients)):
            raised[i - 1] -= i * coefficients[i]
            raised[i + 1] -= i * coefficients[i]
        coefficients = raised
    total = coefficients.pop()
    for coefficient in reversed(coefficients):
        total = total * c + coefficient
    return total * ieee.power(math.pi, n + 1.0)
