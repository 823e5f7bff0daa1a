"""Numbers in pictures: four significant digits, a real minus sign, no computer notation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

__all__ = ["MINUS", "equation", "figure", "largest_of", "range_of", "signed", "spelled"]

MINUS = "\N{MINUS SIGN}"
INFINITY = "\N{INFINITY}"
WHOLE = 1e6  # whole numbers below this are written in full
MAX_TERMS = 4  # of a sum that is written out


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


def spelled(x: float) -> str:
    """A result: as `figure`, and an infinity also in words.

    >>> spelled(5.0), spelled(float("-inf"))
    ('5', '−∞, infinite')
    """
    return f"{figure(x)}, infinite" if math.isinf(x) else figure(x)


def signed(x: float) -> str:
    """A number that may stand after an operator: in brackets if it begins with a minus.

    >>> signed(2.0), signed(-2.0)
    ('2', '(−2)')
    """
    text = figure(x)
    return f"({text})" if text.startswith(MINUS) else text


def equation(terms: list[float], sign: str, total: float) -> str:
    """`2 + 3 = 5`; the total alone where there is one term, the first terms where there are many.

    >>> equation([2.0, -3.0], "+", -1.0), equation([5.0], "+", 5.0)
    ('2 + (−3) = −1', '5')
    """
    if len(terms) < 2:
        return spelled(total)
    shown = [signed(x) if i else figure(x) for i, x in enumerate(terms)]
    if len(shown) > MAX_TERMS:
        rest = len(shown) - MAX_TERMS + 1
        shown = [*shown[: MAX_TERMS - 1], f"({rest:,} more)"]
    return f"{f' {sign} '.join(shown)} = {spelled(total)}"


def largest_of(numbers: Iterable[float]) -> float:
    """The largest magnitude; NaN if any number is."""
    found = [abs(x) for x in numbers]
    return next((x for x in found if math.isnan(x)), max(found, default=0.0))


def range_of(numbers: Sequence[float]) -> str:
    """From where to where they go.

    >>> range_of([2.0, -1.0]), range_of([3.0])
    ('from −1 to 2', 'of 3')
    """
    if any(map(math.isnan, numbers)):
        return "with NaN among them"
    low, high = min(numbers), max(numbers)
    return f"from {figure(low)} to {figure(high)}" if low != high else f"of {figure(low)}"
