"""How large a picture will be, without laying it out, and whether that can be read on a page.

Graphviz puts boxes into columns (rows, from top to bottom), with the labels of arrows between them.
So the picture is about as wide as its widest boxes and labels put side by side, and as high as its
fullest column. That is right to some tenths, which is enough to choose what is to be drawn.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from autograd.drawing.dot_language import Line, height, width
from autograd.drawing.picture import Box, Picture
from autograd.drawing.svg import SMALLEST

__all__ = [
    "HEIGHT",
    "WIDTH",
    "extent",
    "pages_filled",
    "pages_high",
    "places",
    "spans",
]

WIDTH, HEIGHT = 1_000, 700  # of a notebook's page, in pixels
PIXELS = 4 / 3  # in a point
MARGIN = (17.3, 8.6)  # in a box, in points, on both sides together
LEAST = (54.0, 36.0)  # that Graphviz makes of a box
INCH, PAD = 72.0, 21.6
LONGER, BROADER = (1.04, 1.08), 1.12  # than what stands there put together
PASSING = 0.6  # of the room between boxes that an arrow takes where it passes others


def extent(picture: Picture, rankdir: str) -> tuple[float, float]:
    """About how wide and how high the picture is in pixels at its natural size."""
    across, along = (0, 1) if rankdir in ("LR", "RL") else (1, 0)
    column = places(picture)
    thick = _thickness(picture, column, across)
    columns = [key for key in thick if key == int(key)]
    drawn = [0.0, 0.0]
    beside, between = (INCH * inches for inches in picture.spacing)
    drawn[across] = LONGER[across] * (sum(thick.values()) + between * (len(columns) - 1))
    drawn[along] = sum(
        BROADER * (max(full.values()) + beside) for full in _fullness(picture, column, along)
    )
    heading = _size([Line(note, "muted", "edge") for note in picture.notes])
    return (
        (max(drawn[0], heading[0]) + PAD) * PIXELS,
        (drawn[1] + heading[1] + PAD) * PIXELS,
    )


def _thickness(picture: Picture, column: dict[str, int], across: int) -> dict[float, float]:
    """How thick each column is, in points, and what stands between columns 0 and 1 at 0.5."""
    thick: defaultdict[float, float] = defaultdict(float)
    for box in picture.boxes:
        thick[column[box.id]] = max(thick[column[box.id]], _box(box, picture)[across])
    for arrow in picture.arrows:
        gap = (column[arrow.tail] + column[arrow.head] - 1) // 2 + 0.5
        thick[gap] = max(thick[gap], _size(arrow.lines)[across])
    return dict(sorted(thick.items()))


def _fullness(picture: Picture, column: dict[str, int], along: int) -> list[dict[float, float]]:
    """Of each row of columns, how much stands in each column and between them, in points."""
    beside = INCH * picture.spacing[0]
    row = {key: i for i, keys in enumerate(picture.rows) for key in keys}
    full: list[defaultdict[float, float]] = [
        defaultdict(float, {0.0: 0.0}) for _ in picture.rows or [[]]
    ]
    for box in picture.boxes:
        full[row.get(box.id, 0)][column[box.id]] += _box(box, picture)[along] + beside
    for arrow in picture.arrows:
        start, end = column[arrow.tail], column[arrow.head]
        in_row = full[row.get(arrow.head, 0)]
        for passed in range(start + 1, end):
            in_row[passed] += PASSING * beside
        if arrow.lines:
            in_row[(start + end - 1) // 2 + 0.5] += _size(arrow.lines)[along] + beside
    return [dict(one) for one in full]


def pages_high(size: tuple[float, float]) -> float:
    """How many pages it takes where it is made as small as can be read; infinite where it is wider
    than a page even so."""
    wide, high = size
    scale = min(1.0, WIDTH / wide)
    return high * scale / HEIGHT if scale >= SMALLEST else float("inf")


def _box(box: Box, picture: Picture) -> tuple[float, float]:
    wide, high = _size(picture.lines_of(box))
    return max(wide + MARGIN[0], LEAST[0]), max(high + MARGIN[1], LEAST[1])


def pages_filled(picture: Picture) -> float:
    """How many pages its boxes and labels would cover without any room between them."""
    boxes = sum(math.prod(_box(box, picture)) for box in picture.boxes)
    labels = sum(math.prod(_size(arrow.lines)) for arrow in picture.arrows)
    return (boxes + labels) * (PIXELS * SMALLEST) ** 2 / (WIDTH * HEIGHT)


def _size(lines: Sequence[Line]) -> tuple[float, float]:
    return max(map(width, lines), default=0.0), sum(map(height, lines))


def places(picture: Picture) -> dict[str, int]:
    """The column of each box, from 0, by its id; what has no inputs stands just before its first
    consumer."""
    below: dict[str, list[str]] = {box.id: [] for box in picture.boxes}
    above: dict[str, list[str]] = {box.id: [] for box in picture.boxes}
    for arrow in picture.arrows:
        below[arrow.head].append(arrow.tail)
        above[arrow.tail].append(arrow.head)
    column: dict[str, int] = {}
    for key in _inputs_first(below, above):
        column[key] = 1 + max((column.get(tail, 0) for tail in below[key]), default=-1)
    for key, tails in below.items():
        if not tails and above[key]:
            column[key] = min(column[head] for head in above[key]) - 1
    return column


def _inputs_first(below: dict[str, list[str]], above: dict[str, list[str]]) -> Iterable[str]:
    """Boxes in topological order; those of a cycle, as in a recurrent network, last."""
    missing = {key: len(tails) for key, tails in below.items()}
    ready = [key for key, count in missing.items() if not count]
    for key in ready:
        for head in above[key]:
            missing[head] -= 1
            if not missing[head]:
                ready.append(head)
    done = set(ready)
    return [*ready, *(key for key in below if key not in done)]


def spans(picture: Picture) -> dict[str, int]:
    """How many columns each arrow crosses, by its id."""
    column = places(picture)
    return {arrow.id: column[arrow.head] - column[arrow.tail] for arrow in picture.arrows}
