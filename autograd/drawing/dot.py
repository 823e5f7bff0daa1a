r"""Text for DOT: whatever a label holds, the picture shows it as text.

Three readers stand between a label and the picture, each with its own special characters: the
`graphviz` package (a string in angle brackets is HTML), the DOT language (quotes) and Graphviz's
labels (backslash escapes such as `\N`, entities such as `&lt;`). Control characters are already
escapes: see autograd.text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import graphviz  # type: ignore[import-untyped]

__all__ = ["isolated", "label", "min_width"]

RIGHT_TO_LEFT = {"R", "AL", "AN"}
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
EM = 14 / 72  # inches, at Graphviz's default font size


def label(lines: Sequence[str]) -> str:
    r"""The value of a `label` attribute that shows these lines, centred, character by character.

    >>> print(label(["<b>", r"a\N & c"]))
    <b>\na\\N &amp; c
    """
    shown = (line.replace("&", "&amp;").replace("\\", r"\\") for line in lines)
    text: str = graphviz.nohtml(r"\n".join(shown))
    return text


def isolated(name: str) -> str:
    """A name that may stand in a formula: right-to-left script keeps its direction to itself."""
    if any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in name):
        return f"{ISOLATE}{name}{END_ISOLATE}"
    return name


def min_width(lines: Sequence[str]) -> str | None:
    """Inches that a node needs for wide script (Chinese, Japanese, Korean, emoji), None without it.

    A Graphviz that does not see the system's fonts takes such script for narrower than it is.
    """
    widths = [sum(1.0 if _wide(c) else 0.55 for c in line) for line in lines]
    if not any(map(_wide, "".join(lines))):
        return None
    return f"{max(widths) * EM + 0.25:.2f}"


def _wide(c: str) -> bool:
    return unicodedata.east_asian_width(c) in "WF"
