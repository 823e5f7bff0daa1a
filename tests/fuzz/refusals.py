"""Errors that compiled code may raise where the engine does not: each with the sentence of
docs/compiling.md that allows it, and what a program must contain for it. Any other is a finding."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["ALLOWED", "LASTING", "LEFT_BEHIND", "OF_VALUES", "PLAIN", "Refusal", "refusal"]


class Refusal(NamedTuple):
    """The words of the error, a pattern; what the program contains, a pattern; the sentence."""

    words: str
    program: str
    sentence: str


CHANCE = r"random|time\.|default_rng"
LASTING = r"KEPT|CALLS|LATEST|COUNT|TABULATED"
OF_VALUES = "raises an error of the Values that it is recorded with"
PLAIN = "gives another result for plain floats"
LEFT_BEHIND = "so is what `f` itself left behind, by a third call"
"""Of plain numbers, which no recording can tell from constants."""
TEXT = r"""f"|f'|str\(|repr\(|format|%|\.label"""
KEYS = r"hash\(|set\(|fromkeys|in \{|\{[^}]|Counter|cache|\[.*\]"
LOOKS = r"op\"|parents|inputs|primitive"

ALLOWED = [
    Refusal("reads .data", r"\.data", "`x.data` | error"),
    Refusal("makes a text", TEXT, "`float(f'{x}')`, `float(str(x))` | error"),
    Refusal("hashes", KEYS, "`hash(x)`, `x in {1.0, 2.0}`, `{1.0: y}[x]` | error"),
    Refusal("two recordings", r"\bid\(", "`id(x)` | error: the two recordings differ"),
    Refusal("draws random numbers", CHANCE, "`random.random()` | error"),
    Refusal("reads the clock", CHANCE, "`time.perf_counter()` | error"),
    Refusal(
        "two recordings", LASTING, "a counter | error; a list that grows | error; a Value kept"
    ),
    Refusal("looks at the graph", LOOKS, "`x.op`, `x.parents`, `x.inputs`, `x.primitive` | error"),
    Refusal("copies or pickles", r"copy\.", "`copy.copy(x)` | error: the copy would be a constant"),
    Refusal("kept when it was recorded|two recordings", LASTING, "a Value kept | error"),
    Refusal(PLAIN, ".", "`f` gives another result for plain floats | error"),
    Refusal(
        "catches the .* that .* raises",
        "primitive",
        "An exception of your own `primitive` may go up, but `f` may not catch it.",
    ),
]


def refusal(words: str, source: str) -> Refusal | None:
    """The row that allows an error with these words in this program, if there is one."""
    for row in ALLOWED:
        if re.search(row.words, words) and re.search(row.program, source):
            return row
    return None
