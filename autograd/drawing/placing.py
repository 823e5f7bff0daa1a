"""Which way a picture runs: from left to right, in rows, or from top to bottom, as fits a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from autograd.drawing.page import WIDTH, extent, pages_filled, pages_high
from autograd.drawing.palette import Palette
from autograd.drawing.picture import Picture
from autograd.drawing.picture_words import PictureWords
from autograd.drawing.rows import in_rows
from autograd.drawing.svg import SMALLEST
from autograd.drawing.value_boxes import DrawnGraph

if TYPE_CHECKING:
    from autograd.drawing.diagram import Diagram

__all__ = ["Placed", "closer", "on_a_page", "placed_graph", "placed_model"]

PIXELS_PER_INCH = 96
ROOM = 0.8  # of a page; what is estimated to be narrower is so, whatever the reader's letters
FITS = 1.25  # pages that a picture from left to right may be high, before others are tried
BROKEN = 1.25  # how much higher a picture may be that is not broken into rows


class Placed(NamedTuple):
    """A picture, which way it runs, how wide it is, and how many pages high; infinite where it is
    wider than one."""

    picture: Picture
    rankdir: str
    wide: float
    pages: float


def placed_graph(
    make: Callable[[bool], Picture], graph: DrawnGraph, rankdir: str, most: float = math.inf
) -> Placed:
    """The picture of a graph in the way that fits best, of those that `rankdir` allows. `make` is
    told whether room is short. What would fill more than `most` pages is not tried in rows."""
    return _best(_ways(make, graph, rankdir, most))


def placed_model(picture: Picture, rankdir: str) -> Placed:
    """The picture of a model, which is not broken into rows."""
    ways = ("LR", "TB") if rankdir == "auto" else (rankdir,)
    return _best(_placed(picture, way) for way in ways)


def closer(one: Placed, other: Placed) -> Placed:
    """The one that comes closer to fitting a page."""
    return min(one, other, key=_cost)


def on_a_page(
    found: Placed, colours: Palette, title: Sequence[str], words: PictureWords
) -> Diagram:
    """The picture as a diagram that is made as small as a page is wide, as far as it can be read
    then; where that is not enough, with a note that says so."""
    smallest = found.wide * SMALLEST
    picture = found.picture
    if smallest > WIDTH:
        note = words.too_wide.format(smallest / WIDTH)
        picture = replace(picture, notes=[*picture.notes, note])
    most = max(WIDTH, smallest) / PIXELS_PER_INCH if found.wide > WIDTH * ROOM else 0.0
    diagram = picture.diagram(found.rankdir, colours, title, most)
    diagram.lang = words.lang
    return diagram


def _ways(
    make: Callable[[bool], Picture], graph: DrawnGraph, rankdir: str, most: float
) -> Iterator[Placed]:
    if rankdir in ("TB", "BT"):
        yield _placed(make(True), rankdir)
        return
    sideways = "LR" if rankdir == "auto" else rankdir
    yield _placed(make(False), sideways)
    tight = make(True)
    if pages_filled(tight) <= most:
        yield _placed(in_rows(tight, graph, sideways), sideways)
    if rankdir == "auto":
        yield _placed(tight, "TB")


def _placed(picture: Picture, rankdir: str) -> Placed:
    size = extent(picture, rankdir)
    return Placed(picture, rankdir, size[0], pages_high(size))


def _best(ways: Iterator[Placed]) -> Placed:
    first = next(ways)
    if first.pages <= FITS:
        return first
    return min([first, *ways], key=_cost)


def _cost(way: Placed) -> tuple[float, float]:
    """Fewer pages are better; of those that are all too wide, the narrowest."""
    return way.pages * (BROKEN if way.picture.rows else 1.0), way.wide
