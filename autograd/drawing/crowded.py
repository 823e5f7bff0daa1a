"""Arrows that nobody could follow: very many between two boxes, or across most of the picture.

An arrow over n columns of boxes is laid out as n arrows end to end, so a value that is used all
along a chain makes a picture quadratic in the chain: minutes of Graphviz, and a tangle. Such an
arrow begins at a small box with the value's name instead, as wires do in a circuit diagram. Many
arrows between the same two boxes are one, with their number and what they carry together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from autograd.drawing.dot_language import Line
from autograd.drawing.number_text import figure
from autograd.drawing.page import spans
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.drawing.value_boxes import DrawnGraph, number_line, stand_in
from autograd.engine.graph import Edge
from autograd.engine.text import TIMES

__all__ = ["bundled", "shortened"]

PARALLEL = 6  # arrows between two boxes that are drawn one by one
LENGTH = 1_000  # of all arrows together, in columns of boxes: a second of Graphviz


def bundled(picture: Picture, graph: DrawnGraph, level: str) -> Picture:
    """The picture of values with one arrow in place of very many between the same boxes."""
    bundles: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in picture.arrows:
        bundles.setdefault((arrow.tail, arrow.head), []).append(arrow)
    arrows: list[Arrow] = []
    for ends, bundle in bundles.items():
        most = PARALLEL if all(end in graph.places for end in ends) else 1  # boxes of many values
        arrows += bundle if len(bundle) <= most else [_together(bundle, graph, level)]
    return replace(picture, arrows=arrows) if len(arrows) < len(picture.arrows) else picture


def _together(bundle: Sequence[Arrow], graph: DrawnGraph, level: str) -> Arrow:
    """One arrow for many, with the local derivatives of all, and the sum of their messages."""
    edges: list[Edge] = [graph.edges[int(arrow.id.removeprefix("e"))] for arrow in bundle]
    partials = [edge.partial for edge in edges]
    sent = sum(map(graph.sent, edges))
    words = graph.words
    if len(set(partials)) == 1:
        each = words.each.format(figure(partials[0]))
    else:
        each = words.several.format(words.spelled(min(partials)), words.spelled(max(partials)))
    count = f"{TIMES}{len(edges):,}"
    size = math.fsum(map(abs, partials))
    derivatives = words.many_derivatives.format(count)
    all_sent = number_line(sent, words.many_sent.format(words.spelled(sent)), "grad", "edge")
    lines = [number_line(size, f"{derivatives} {each}", "muted", "edge"), all_sent]
    narrow = [
        Line(derivatives, "muted", "edge"),
        number_line(size, each, "muted", "edge"),
        all_sent,
    ]
    about = words.about_many.format(
        edges=words.count(len(edges), "edge"), each=each, sent=words.spelled(sent)
    )
    shown = {
        "full": lines,
        "narrow": narrow,
        "medium": lines,
        "small": [Line(count, "muted", "edge")],
    }
    return replace(bundle[0], lines=shown[level], about=about)


def shortened(picture: Picture, graph: DrawnGraph) -> Picture:
    """The picture without arrows that are so long that they would be most of it."""
    crossed = spans(picture)
    longest = _longest_that_fits(list(crossed.values()))
    if all(span <= longest for span in crossed.values()):
        return picture
    named: dict[str, Box] = {}
    arrows: list[Arrow] = []
    for arrow in picture.arrows:
        if crossed[arrow.id] <= longest or arrow.tail not in graph.places:
            arrows.append(arrow)
            continue
        key = f"{arrow.tail}at{arrow.head}"
        named[key] = stand_in(graph, picture, arrow.tail, key)
        arrows.append(replace(arrow, tail=key))
    boxes, notes = [*picture.boxes, *named.values()], [*picture.notes, graph.words.names_of_distant]
    return replace(picture, boxes=boxes, arrows=arrows, notes=notes)


def _longest_that_fits(lengths: Sequence[int]) -> int:
    """The longest that arrows may be, if all of them together are to be no longer than LENGTH."""
    left, longest = LENGTH, 1
    for span, times in sorted(Counter(lengths).items()):
        left -= (span - 1) * times
        if left < 0:
            break
        longest = span
    return longest
