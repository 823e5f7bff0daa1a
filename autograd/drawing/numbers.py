"""Numbers in pictures: four significant digits, a real minus sign, no computer notation."""

from __future__ import annotations

import math

__all__ = ["MINUS", "figure"]

MINUS = "\N{MINUS SIGN}"
INFINITY = "\N{INFINITY}"
WHOLE = 1e6  # whole numbers below this are written in full


def figure(x: float) -> str:
    """A number as a reader of a diagram wants it.

    >>> figure(5.0), figure(-0.0154164614509), figure(1.81911912141e-5), figure(12000.0)
    ('5', '−0.01542', '1.819e−5', '12000')
    """
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return INFINITY if x > 0 else MINUS + INFINITY
    if abs(x) < WHOLE and x.is_integer():
        return f"{x:.0f}".replace("-", MINUS)
    digits, exponent, power = f"{x:.4g}".partition("e")
    if exponent:
        digits = f"{digits}e{int(power)}"
    return digits.replace("-", MINUS)
