"""Numbers as people type them: `-2`, `−2`, `1/3`, `0.25`, `1e-3`, `½`."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, Final

from autograd.engine.text import printable
from autograd.exploring.phrases import PHRASES

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
    """What was typed is no number; says how one is written, by a key of the phrases."""

    def __init__(self, key: str, **given: Any) -> None:
        self.key, self.given = key, given
        super().__init__(self.said("en"))

    def said(self, lang: str) -> str:
        return PHRASES[lang][self.key].format(**self.given)


def typed_number(given: Any) -> float:
    """The number that a text, or a number, stands for. Raises NotANumber where it is none, or not
    finite.

    >>> typed_number("−2"), typed_number("1/3") * 3, typed_number(0.25)
    (-2.0, 1.0, 0.25)
    """
    number = _of_text(given) if isinstance(given, str) else _of_number(given)
    if not math.isfinite(number):
        raise NotANumber("not_finite", number=number)
    return number


def _of_text(given: str) -> float:
    text = unicodedata.normalize("NFKC", given.strip()).translate(SIGNS).replace(" ", "")
    found = TYPED.fullmatch(text)
    if found is None:
        shown = printable(given.strip(), 30)
        raise NotANumber("not_a_number", text=shown) if shown else NotANumber("no_text")
    sign, above, below = found.groups()
    divisor = float(below) if below else 1.0
    if divisor == 0.0:
        raise NotANumber("over_0")
    return float(sign + above) / divisor


def _of_number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise NotANumber("no_number", kind=type(given).__name__)
    try:
        return float(given)
    except OverflowError:
        return math.inf
