"""A picture longer than a page is wide, broken into rows as text is into lines.

What goes from one row to a later one begins there at a dashed box with its name.
"""

from __future__ import annotations

from dataclasses import replace

from autograd.drawing.page import WIDTH, extent, places
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.drawing.svg import SMALLEST
from autograd.drawing.value_boxes import DrawnGraph, stand_in

__all__ = ["in_rows"]


def in_rows(picture: Picture, graph: DrawnGraph, rankdir: str) -> Picture:
    """The picture from left to right in rows that are no wider than a page, if that is possible."""
    most = WIDTH / SMALLEST
    column = places(picture)
    columns = max(column.values(), default=0) + 1
    wide, _ = extent(picture, rankdir)
    found = picture
    for length in range(min(columns - 1, round(2 * columns * most / wide)), 0, -1):
        if wide <= most:
            break
        found = _broken(picture, graph, _row_of_boxes(picture, column, length))
        wide, _ = extent(found, rankdir)
    return found


def _broken(picture: Picture, graph: DrawnGraph, row: dict[str, int]) -> Picture:
    """The picture in rows, given that of each box, by its id; those of stand-ins are added."""
    named: dict[str, Box] = {}
    arrows: list[Arrow] = []
    for arrow in picture.arrows:
        if row[arrow.tail] == row[arrow.head]:
            arrows.append(arrow)
            continue
        key = f"{arrow.tail}in{row[arrow.head]}"
        if key not in named:
            named[key] = stand_in(graph, picture, arrow.tail, key)
            row[key] = row[arrow.head]
        arrows.append(replace(arrow, tail=key))
    rows: list[list[str]] = [[] for _ in range(max(row.values()) + 1)]
    for key, i in row.items():
        rows[i].append(key)
    boxes, notes = [*named.values(), *picture.boxes], [*picture.notes, graph.words.in_rows]
    return replace(picture, boxes=boxes, arrows=arrows, notes=notes, rows=list(filter(None, rows)))


def _row_of_boxes(picture: Picture, column: dict[str, int], length: int) -> dict[str, int]:
    """The row of each box, by its id, where rows have so many columns. An input stands in the row
    in which it is used first."""
    row = {key: max(i - 1, 0) // length for key, i in column.items()}
    made = {arrow.head for arrow in picture.arrows}
    first: dict[str, int] = {}
    for arrow in picture.arrows:
        if arrow.tail not in made:
            first[arrow.tail] = min(row[arrow.head], first.get(arrow.tail, row[arrow.head]))
    return row | first
