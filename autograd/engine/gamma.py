"""log Gamma and its derivatives of every order, by the rules of IEEE 754, for the table."""

from __future__ import annotations

import math
from typing import Final

from autograd.engine import ieee


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
    """The derivative of order + 1 of log Gamma (order 0 is digamma), for a whole order >= 0.

    Left of 0 by reflection, near 0 by the recurrence, elsewhere by the asymptotic series
    (Abramowitz & Stegun 6.3.5-6.3.18, 6.4.6-6.4.11).
    """
    n = int(order)
    if x != x or x == -math.inf:
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
    series = factorial / n * ieee.power(x, -float(n)) + 0.5 * factorial * ieee.power(x, -(n + 1.0))
    term = factorial * (n + 1) / 2.0 * ieee.power(x, -(n + 2.0))  # (2k+n-1)!/(2k)! x^-(2k+n), k = 1
    for k, b in enumerate(BERNOULLI, 1):
        series += b * term
        term *= (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2 * k + 2) * squared)
    return series + total if n % 2 == 1 else -(series + total)


def _cotangent_derivative(n: int, x: float) -> float:
    """The n-th derivative of pi cot(pi x): a polynomial in the cotangent, P' -> -(1 + c^2) P'."""
    c = 1.0 / math.tan(
        math.pi * (x - ieee.rint(x))
    )  # from the nearest pole: exact, so close to it as well
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
