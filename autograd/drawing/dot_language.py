r"""Text for DOT: whatever a label holds, the picture shows it as text.

Three readers stand between a label and the picture, each with its own special characters: DOT
(where angle brackets enclose HTML-like text), the HTML-like text itself (tags and entities such as
`&lt;`) and Graphviz's escapes in it (backslashes, such as `\N`). Control characters are already
escapes: see autograd.engine.text.

A label is a column of lines, each in one style and all beginning at the same left edge: how wide
the reader's fonts are then changes nothing but the room that is left on the right.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from autograd.drawing.palette import Palette

__all__ = ["Line", "escaped", "height", "isolated", "label", "width"]

RIGHT_TO_LEFT = {"R", "AL", "AN"}
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
SIZES = {"title": 15.0, "name": 13.0, "body": 13.0, "edge": 11.0, "small": 10.0}
LEADING = 1.2
HELVETICA = {  # widths of ASCII characters in thousandths of the font size
    "jil'": 222,
    '|"I !,./:;[\\]ft': 278,
    "(-)`r": 333,
    "*{}": 390,
    "Jckssvxyz^": 500,
    "#$0123456789?L_abdeghnopqu": 556,
    "+<=>~": 584,
    "FTZ": 611,
    "&ABEKPSVXY": 667,
    "CDHNRUw": 722,
    "GOQ": 778,
    "Mm": 833,
    "%W": 944,
    "@": 1015,
}
WIDTHS = {c: size for group, size in HELVETICA.items() for c in group}

MARK, MARK_SPACING = 12, 2  # of the exclamation mark in front of an alarming line, in points
MARK_ROOM = MARK + 3 * MARK_SPACING


class Line(NamedTuple):
    """One line of a label: text, a colour of the palette, a size, and whether to sound an alarm."""

    text: str
    colour: str = "text"
    size: str = "body"
    alarm: bool = False


def label(lines: Sequence[Line], palette: Palette, spacing: int = 1) -> str:
    """The value of a `label` attribute that shows these lines, character by character."""
    widest = max((width(line) + (MARK_ROOM if line.alarm else 0.0) for line in lines), default=0.0)
    rows = "".join(f"<TR>{_cell(line, palette, widest)}</TR>" for line in lines)
    return f'<<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="{spacing}">{rows}</TABLE>>'


def _cell(line: Line, palette: Palette, widest: float) -> str:
    text = escaped(line.text)
    if line.size in ("name", "title"):
        text = f"<B>{text}</B>"
    colour, size = getattr(palette, line.colour), SIZES[line.size]
    text = f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{text}</FONT>'
    room = "" if line.text.isascii() else f' WIDTH="{width(line):.0f}"'
    if not line.alarm:
        return f'<TD ALIGN="LEFT"{room}>{text}</TD>'
    # Graphviz widens both cells to fill the row, except where the second one fills it by itself.
    room = f' WIDTH="{widest - MARK_ROOM:.0f}"'
    mark = (
        f'<TD BGCOLOR="{palette.alarm}" WIDTH="{MARK}"><FONT COLOR="{palette.background}" '
        f'POINT-SIZE="{size:g}"><B>!</B></FONT></TD>'
    )
    inner = f'<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="{MARK_SPACING}">'
    return f'<TD ALIGN="LEFT">{inner}<TR>{mark}<TD ALIGN="LEFT"{room}>{text}</TD></TR></TABLE></TD>'


def escaped(text: str) -> str:
    r"""Text for the inside of an HTML-like label.

    >>> print(escaped(r"<b> a\N & c"))
    &lt;b&gt; a\\N &amp; c
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\\", "\\\\")


def isolated(name: str) -> str:
    """A name that may stand in a formula: right-to-left script keeps its direction to itself."""
    if any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in name):
        return f"{ISOLATE}{name}{END_ISOLATE}"
    return name


@lru_cache(maxsize=10_000)
def width(line: Line) -> float:
    """Points that a line takes in a reader's fonts.

    A Graphviz that does not see the system's fonts takes all that is not ASCII for narrow.
    """
    bold = 1.08 if line.size in ("name", "title") else 1.0
    return sum(map(_em, line.text)) * SIZES[line.size] * bold


def height(line: Line) -> float:
    """Points that a line takes from top to bottom, with the space to the next."""
    return SIZES[line.size] * LEADING


def _em(c: str) -> float:
    if c in WIDTHS:
        return WIDTHS[c] / 1000
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(c) in "WF" else 0.6
