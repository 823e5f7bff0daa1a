"""Numbers as people type them: `-2`, `−2`, `1/3`, `0.25`, `1e-3`, `½`."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, Final

from autograd.engine.text import printable

__all__ = ["NotANumber", "typed_number"]

DECIMAL: Final = r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?"
TYPED: Final = re.compile(rf"([+-]?)({DECIMAL})(?:/([+-]?{DECIMAL}))?", re.IGNORECASE)
SIGNS: Final = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{FRACTION SLASH}": "/",
        "\N{DIVISION SLASH}": "/",
    }
)


class NotANumber(ValueError):
    """What was typed is no number; says how one is written."""


def typed_number(given: Any) -> float:
    """The number that a text, or a number, stands for. Raises NotANumber where it is none, or not
    finite.

    >>> typed_number("−2"), typed_number("1/3") * 3, typed_number(0.25)
    (-2.0, 1.0, 0.25)
    """
    number = _of_text(given) if isinstance(given, str) else _of_number(given)
    if not math.isfinite(number):
        raise NotANumber(f"a number has to be finite, such as -2, 1/3 or 0.25; got {number}")
    return number


def _of_text(given: str) -> float:
    text = unicodedata.normalize("NFKC", given.strip()).translate(SIGNS).replace(" ", "")
    found = TYPED.fullmatch(text)
    if found is None:
        shown = printable(given.strip(), 30)
        said = f"{shown!r} is not a number" if shown else "nothing was typed"
        raise NotANumber(f"{said}; write one as in -2, 1/3 or 0.25")
    sign, above, below = found.groups()
    divisor = float(below) if below else 1.0
    if divisor == 0.0:
        raise NotANumber("a fraction can't have 0 below the line; write a number as in 1/3")
    return float(sign + above) / divisor


def _of_number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise NotANumber(f"a number is needed, such as -2, 1/3 or 0.25; got {type(given).__name__}")
    try:
        return float(given)
    except OverflowError:
        return math.inf
