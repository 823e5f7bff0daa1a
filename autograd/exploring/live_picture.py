"""A picture whose numbers can be changed where they stand: every line that tells one has an id.

`n3` is the box of the fourth value in topological order, `n3-value` and `n3-grad` are its lines;
`e5` is the arrow of the sixth edge, `e5-derivative` and `e5-message` are its lines. What a screen
reader says of a box or an arrow belongs to the id of the whole. Lines are found by their colours,
since their words may be those of a label.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any, Final

from autograd.drawing.choosing import VALUES, Limits
from autograd.drawing.collapse import parameter_names
from autograd.drawing.detail import draw_every_edge
from autograd.drawing.dot_language import Line
from autograd.drawing.palette import THEMES
from autograd.drawing.picture import Picture
from autograd.drawing.picture_words import ENGLISH, PictureWords
from autograd.drawing.svg import narrowest, pixels
from autograd.drawing.value_boxes import DrawnGraph
from autograd.engine.graph import Graph

__all__ = ["LivePicture", "drawn_graph"]

NUMBER: Final = re.compile(r"\N{MINUS SIGN}?\d+(\.\d+)?(e\N{MINUS SIGN}?\d+)?")
PHONE: Final = 340  # pixels within the frame of a picture
SMALLEST_ON_A_PHONE: Final = 0.6  # of its natural size: letters there are sharp, and held closer
ROOM: Final = "\N{MINUS SIGN}8.88"  # for which there is room where a number is shorter now
ROOM_ON_A_PHONE: Final = "8.8"  # longer ones are squeezed
GROUP: Final = re.compile(r'<g id="([ne]\d+)" class="(?:node|edge)">.*?\n</g>', re.DOTALL)
LINE: Final = re.compile(r'(<text id="([^"]*)"[^>]*>)[^<]*</text>')
TITLE: Final = re.compile(r"<title>[^<]*</title>\n?")
SPOKEN: Final = re.compile(r' role="img" aria-label="[^"]*"')
ROLES: Final = {"value": "value", "grad": "grad"}, {"muted": "derivative", "grad": "message"}


def drawn_graph(
    root: Any, parameters: Sequence[Any] = (), words: PictureWords = ENGLISH
) -> DrawnGraph:
    """The graph below a root, with everything that the picture says about it."""
    columns = Graph([root])
    return DrawnGraph(columns, parameter_names(columns.nodes, parameters), words)


class LivePicture:
    """The picture of a graph at one moment: `svg`, its smallest width, and its level of detail.

    The SVG says nothing but what is seen: titles, which a browser shows on hovering, would tell the
    gradients that a quiz asks for.
    """

    def __init__(
        self, graph: DrawnGraph, limits: Limits, *, roomy: bool, narrow: bool = False
    ) -> None:
        room = ROOM if roomy else ""
        svg = (_for_a_phone if narrow else _for_a_page)(graph, limits, room)
        self.narrowest = min(round(narrowest(svg)), PHONE if narrow else math.inf)
        self.svg: str = GROUP.sub(_with_ids, SPOKEN.sub("", TITLE.sub("", svg), count=1))
        if 'id="e0"' in self.svg:
            shown = [role for role in ("derivative", "message") if f'id="e0-{role}"' in self.svg]
            self.level = ("small", "medium", "full")[len(shown)]
        else:
            self.level = "full"

    def saying(self, said: Mapping[str, str]) -> str:
        """The SVG with these texts by their ids."""

        def line(found: re.Match[str]) -> str:
            return f"{found[1]}{escape(said[found[2]], quote=False)}</text>"

        return LINE.sub(line, self.svg)


def _for_a_page(graph: DrawnGraph, limits: Limits, room: str, levels: Sequence[str] = ()) -> str:
    change = partial(_with_room, least=room) if room else _as_it_is
    parameters = [node for node in graph.order if id(node) in graph.parameters]
    diagram = draw_every_edge(graph.root, limits, change, parameters, levels)
    svg: str = diagram.pipe("svg", encoding="utf-8")
    return svg


def _for_a_phone(graph: DrawnGraph, limits: Limits, room: str) -> str:
    """From top to bottom, with as much as is as wide as a phone when it is made smaller; where
    nothing is, with the least."""
    upright = limits._replace(rankdir="TB")
    for level in VALUES:
        svg = _for_a_page(graph, upright, room and ROOM_ON_A_PHONE, [level])
        if pixels(svg) * SMALLEST_ON_A_PHONE <= PHONE:
            break
    return svg


def _as_it_is(picture: Picture) -> Picture:
    return picture


def _with_room(picture: Picture, least: str) -> Picture:
    """The picture laid out for longer numbers than those of now, of at least so many digits."""
    longer = partial(_longer, least=least)
    boxes = [replace(box, lines=list(map(longer, box.lines))) for box in picture.boxes]
    arrows = [replace(arrow, lines=list(map(longer, arrow.lines))) for arrow in picture.arrows]
    return replace(picture, boxes=boxes, arrows=arrows)


def _longer(line: Line, least: str) -> Line:
    if line.colour not in ("value", "grad", "muted") or line.size == "small":
        return line
    name, equals, number = line.text.rpartition(" = " if line.colour == "muted" else "\0")
    stretched = NUMBER.sub(lambda found: max(found[0], least, key=len), number)
    return line._replace(text=name + equals + stretched)


def _with_ids(found: re.Match[str]) -> str:
    """A box or an arrow of the SVG, its lines with ids."""
    group, key = found[0], found[1]
    for colour, role in ROLES[key.startswith("e")].items():
        fill = f'fill="{getattr(THEMES["light"], colour)}">'
        sized = re.compile(rf"<text (?=[^>]*(?<!font-size=\"10.00\" ){fill})")
        group = sized.sub(f'<text id="{key}-{role}" ', group, count=1)
    return group
