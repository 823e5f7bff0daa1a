"""Polynomials nearly as good as a longer series, in fixed point: whole numbers that count units of
2**-BITS.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Final

__all__ = ["UNIT", "economized", "fixed_product"]

BITS: Final = 200
UNIT: Final = 1 << BITS


def fixed_product(a: int, b: int) -> int:
    """That of two numbers."""
    return (a * b) >> BITS


def economized(series: Sequence[int], degree: int, reach: int) -> list[int]:
    """The coefficients of a polynomial of this degree that is nearly as good as the whole series,
    everywhere up to `reach` on both sides of 0: lower terms, by Chebyshev's polynomial of its
    degree, stand in for the last one, again and again (Lanczos's economization)."""
    scaled, power = [], UNIT
    for x in series:
        scaled.append(fixed_product(x, power))
        power = fixed_product(power, reach)
    while len(scaled) > degree + 1:
        n = len(scaled) - 1
        last = scaled.pop()
        # T_n = n/2 sum (-1)**i (n - i - 1)! / (i! (n - 2i)!) (2x)**(n - 2i)
        for i in range(1, n // 2 + 1):
            scaled[n - 2 * i] -= (-1) ** i * last * n * comb(n - i, i) // (n - i) >> 2 * i
    out, power = [], UNIT
    for x in scaled:
        out.append(x * UNIT // power)
        power = fixed_product(power, reach)
    return out
