"""Formulas as they stand on paper, in the notation of the command line: `2x²` as `2*x**2`.

Used for suggestions alone: what was typed is never computed under another reading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

__all__ = ["ALIASES", "typed_out"]

SIGNS: Final = {
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{MIDDLE DOT}": "*",
    "\N{DOT OPERATOR}": "*",
    "\N{BULLET OPERATOR}": "*",
    "\N{BULLET}": "*",
    "\N{ASTERISK OPERATOR}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{DIVISION SLASH}": "/",
    "\N{FRACTION SLASH}": "/",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{NOT EQUAL TO}": "!=",
    "\N{INFINITY}": "inf",
    "\N{GREEK SMALL LETTER PI}": "pi",
    "^": "**",
}
ROOTS: Final = {"\N{SQUARE ROOT}": "sqrt", "\N{CUBE ROOT}": "cbrt"}
SUPERSCRIPTS: Final = dict(
    zip(
        "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b",
        "0123456789+-",
        strict=True,
    )
)
ALIASES: Final = {  # what others call our functions
    "ln": "log",
    "lg": "log10",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "sgn": "sign",
}
TOKEN: Final = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<space>\s+)|(?P<sign>.)",
    re.DOTALL,
)


def typed_out(text: str, functions: Collection[str], variables: Collection[str]) -> str:
    """The text with signs and implied multiplications as the command line has them; "" where it
    could be read in two ways, as 1/2x.

    >>> typed_out("2x\N{SUPERSCRIPT TWO} \N{MULTIPLICATION SIGN} a(b+1)", {"sqrt"}, {"a", "b"})
    '2*x**2 * a*(b+1)'
    >>> typed_out("\N{SQUARE ROOT}a + ln(b)", {"sqrt", "log"}, {"a", "b"})
    'sqrt(a) + log(b)'
    """
    text = "".join(SIGNS.get(c, c) for c in _raised(text))
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    for sign, name in ROOTS.items():
        text = re.sub(rf"{sign}\s*(?=\()", name, text)
        text = re.sub(rf"{sign}\s*([\w.]+)", rf"{name}(\1)", text)
    for name, ours in ALIASES.items():
        text = re.sub(rf"\b{name}\b(?=\s*\()", ours, text)
    return _multiplied(unicodedata.normalize("NFKC", text), functions, variables)


def _raised(text: str) -> str:
    """Superscripts as powers."""
    signs = "".join(SUPERSCRIPTS)

    def power(found: re.Match[str]) -> str:
        exponent = "".join(SUPERSCRIPTS[c] for c in found[0])
        return f"**{exponent}" if exponent.isdecimal() else f"**({exponent})"

    return re.sub(f"[{signs}]+", power, text)


def _multiplied(text: str, functions: Collection[str], variables: Collection[str]) -> str:
    """A star where a factor follows another. `sin x` gets the brackets that it lacks."""
    parts: list[str] = []
    before = gap = operator = kind_before = ""
    for token in TOKEN.finditer(text):
        kind, found = str(token.lastgroup), token[0]
        if kind == "space":
            gap = found
            continue
        starts = kind in ("number", "name") or found == "("
        ends = before[-1:].isalnum() or before[-1:] in ("_", ".", ")", "]")
        calls = found == "(" and kind_before == "name" and before not in variables
        applies = before in functions and before not in variables
        if kind == "name" and applies and found not in functions:
            gap, found = "", f"({found})"
        elif starts and ends and not calls:
            if operator == "/":
                return ""
            gap = "*"
        if not starts:
            operator = found
        parts += [gap, found]
        before, kind_before, gap = found, kind, ""
    return "".join(parts)
