"""A picture before it is DOT: boxes and arrows, each with lines of text and a kind.

What a box stands for is the business of value_boxes, collapse and model_boxes; this module knows
how each kind looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autograd.drawing.dot_language import Line, isolated, label
from autograd.drawing.palette import Palette

if TYPE_CHECKING:
    from autograd.drawing.diagram import Diagram

__all__ = ["Arrow", "Box", "Picture"]

KINDS = {  # kind of a box -> its fill in the palette, and what repeats the colour
    "value": ("background", {}),
    "input": ("input", {}),
    "parameter": ("parameter", {"style": "filled"}),  # sharp corners
    "output": ("output", {"penwidth": "3"}),
    "constant": (
        "background",
        {"shape": "plaintext", "style": "", "margin": "0.03", "width": "0", "height": "0"},
    ),
    "rest": ("background", {"style": "rounded,filled,dashed", "width": "0", "height": "0"}),
}

FONT = {"fontname": "Helvetica"}
GRAPH_LOOK = {"pad": "0.15", **FONT}
NODE_LOOK = {"shape": "box", "style": "rounded,filled", "margin": "0.12,0.06", **FONT}
EDGE_LOOK = {"arrowsize": "0.7", **FONT}
PORTS = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}
ENDLESS = 1000  # inches
DENSE = 3  # arrows per box
MAIN_LINE = "3"  # how much straighter than others an arrow is between two computed values


@dataclass(slots=True)
class Box:
    """A node of the picture. `about` says it in words, for those who can't see it."""

    id: str
    lines: list[Line]
    kind: str = "value"
    about: str = ""

    def __post_init__(self) -> None:
        self.about = self.about or ", ".join(line.text for line in self.lines)


@dataclass(slots=True)
class Arrow:
    """An edge of the picture. `sign` and `strength`, against the strongest one's, say without words
    what it carries."""

    id: str
    tail: str
    head: str
    lines: list[Line] = field(default_factory=list)
    about: str = ""
    sign: int = 0
    strength: float | None = None


@dataclass(slots=True)
class Picture:
    """Boxes and arrows with a one-sentence summary; `notes` go below the title.

    columns: ids of boxes that stand side by side, in this order, as the neurons of a layer do.
    rows: ids of the boxes of each row, where the picture is broken into rows.
    ordered: whether the arrows into a box are to arrive in the order in which they are listed.
    """

    boxes: list[Box]
    arrows: list[Arrow]
    summary: str
    notes: list[str] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    ordered: bool = False

    def diagram(
        self, rankdir: str, colours: Palette, title: Sequence[str], most: float = 0.0
    ) -> Diagram:
        """The picture as DOT, no wider than `most` inches if there is such a limit. Raises
        ModuleNotFoundError without the `graphviz` package."""
        from autograd.drawing.diagram import Diagram

        diagram = Diagram(format="svg", summary=self.summary, title=" ".join(title))
        layout, heading, ports = self._layout(), self._heading(title, colours), self._ports(rankdir)
        line, fill = colours.line, colours.background
        if most:
            layout["size"] = f"{most:.4g},{ENDLESS}"
        diagram.attr("graph", rankdir=rankdir, bgcolor=fill, **GRAPH_LOOK, **layout, **heading)
        diagram.attr("node", color=line, fillcolor=fill, **NODE_LOOK)
        diagram.attr("edge", color=line, **EDGE_LOOK, **ports)
        for i, row in reversed(list(enumerate(self.rows))):  # the first named is the lowest
            inside = "; ".join(["peripheries=0", 'label=""', *row])
            if not any(column[0] in row for column in self.columns):  # a cluster has no columns
                diagram.body.append(f"\tsubgraph cluster_{i} {{ {inside} }}\n")
        for box in self.boxes:
            text = label(self.lines_of(box), colours)
            diagram.node(box.id, text, **_box_look(box, colours))
            diagram.words[box.id] = box.about
        strengths = [arrow.strength or 0.0 for arrow in self.arrows]
        most = max(filter(math.isfinite, strengths), default=0.0)
        made = {arrow.head for arrow in self.arrows}
        for arrow in self.arrows:
            look = _arrow_look(arrow, most, colours)
            if arrow.tail in made and not self.straight:
                look["weight"] = MAIN_LINE  # chains are straight, what feeds them comes from aside
            diagram.edge(arrow.tail, arrow.head, **look)
            diagram.words[arrow.id] = arrow.about
        diagram.body += [f"\t{_side_by_side(column)}\n" for column in self.columns]
        return diagram

    def lines_of(self, box: Box) -> Sequence[Line]:
        """What stands in a box, where there is room."""
        return _compact(box.lines) if self.dense else box.lines

    @property
    def spacing(self) -> tuple[float, float]:
        """Inches between the boxes of a column, and between columns."""
        if not self.straight:
            return 0.3, 0.45
        return 0.1 if self.dense else 0.2, min(0.8 + max(map(len, self.columns)) / 10, 1.4)

    @property
    def dense(self) -> bool:
        """Whether there is so much of it that it needs small type."""
        return bool(self.columns) and len(self.arrows) > DENSE * len(self.boxes)

    @property
    def straight(self) -> bool:
        """Whether it is a network with nothing on its arrows: they are lines from side to side."""
        return bool(self.columns) and not any(arrow.lines for arrow in self.arrows)

    def _layout(self) -> dict[str, str]:
        beside, between = (f"{inches:.3g}" for inches in self.spacing)
        look = {"splines": "line"} if self.straight else {}
        order = {"ordering": "in"} if self.ordered else {}
        return {"nodesep": beside, "ranksep": between, **look, **order}

    def _ports(self, rankdir: str) -> dict[str, str]:
        if not self.straight:
            return {}
        out, into = PORTS[rankdir]
        return {"tailport": out, "headport": into}

    def _heading(self, title: Sequence[str], colours: Palette) -> dict[str, str]:
        lines = [Line(isolated(line), size="title") for line in title]
        lines += [Line(note, "muted", "edge") for note in self.notes]
        text = label(lines, colours, spacing=4)
        return {"label": text, "labelloc": "t", "labeljust": "l"} if lines else {}


def _side_by_side(column: Iterable[str]) -> str:
    order = f"{' -> '.join(column)} [style=invis headport=_ tailport=_]"
    return f"{{ rank=same; {order} }}"


def _box_look(box: Box, colours: Palette) -> dict[str, str]:
    fill, look = KINDS[box.kind]
    attributes = {"id": box.id, **look}
    if fill != "background":
        attributes["fillcolor"] = getattr(colours, fill)
    if any(line.alarm for line in box.lines):
        attributes |= {"color": colours.alarm, "penwidth": look.get("penwidth", "2")}
    return attributes


def _arrow_look(arrow: Arrow, most: float, colours: Palette) -> dict[str, str]:
    attributes = {"id": arrow.id}
    if arrow.lines:
        attributes["label"] = label(arrow.lines, colours, spacing=3)
    if arrow.sign:
        attributes["color"] = colours.value if arrow.sign > 0 else colours.grad
    if arrow.sign < 0:
        attributes["style"] = "dashed"
    if arrow.strength is not None:
        share = arrow.strength / most if most and math.isfinite(arrow.strength) else 0.0
        attributes["penwidth"] = f"{0.6 + 2.4 * share:.2f}"
    if any(line.alarm for line in arrow.lines):
        attributes["color"] = colours.alarm
    return attributes


def _compact(lines: Iterable[Line]) -> list[Line]:
    """A box where there are many: in small type, and without the line that is the same in all."""
    return [
        line if line.size == "name" else line._replace(size="edge")
        for line in lines
        if line.colour != "muted" or line.size == "small"
    ]
