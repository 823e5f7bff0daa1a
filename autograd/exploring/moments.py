"""What is explored at one moment: numbers, the graph they give, and its picture.

As long as the structure stays, the picture of the moment before serves on, with other texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from autograd.drawing.choosing import Limits
from autograd.drawing.value_boxes import DrawnGraph
from autograd.engine.locks import cached_property
from autograd.exploring.explorable import Source, built_by
from autograd.exploring.lines import UNKNOWN, Lines
from autograd.exploring.live_picture import LivePicture, drawn_graph
from autograd.exploring.panel import panel
from autograd.exploring.phrases import PHRASES
from autograd.exploring.wording import LANGUAGES, Wording

__all__ = ["Moment", "veiled"]


class Moment:
    """numbers: of the leaves. leaves: the Values, by name. graph: with all that is said of it."""

    def __init__(
        self,
        source: Source,
        numbers: Mapping[str, float],
        limits: Limits,
        before: Moment | None = None,
        *,
        roomy: bool = True,
        narrow: bool = False,
    ) -> None:
        self.numbers = dict(numbers)
        root, self.leaves = built_by(source, self.numbers)
        self._gradients = {name: leaf.grad for name, leaf in self.leaves.items()}
        parameters = [self.leaves[name] for name in source.parameters]
        self.graph: DrawnGraph = drawn_graph(root, parameters, limits.words)
        self.structure = _structure(self.graph)
        if before is not None and before.structure == self.structure:
            self.picture: LivePicture = before.picture
        else:
            self.picture = LivePicture(self.graph, limits, roomy=roomy, narrow=narrow)

    @property
    def loss(self) -> float | None:
        """The root's value; None where JSON has no number for it."""
        number: float = self.graph.root.data
        return number if math.isfinite(number) else None

    def gradient(self, name: str) -> float:
        """Of a leaf; 0 where the root does not depend on it."""
        return self._gradients[name]

    def place_of(self, name: str) -> int | None:
        """Of a leaf in topological order; None where the root does not depend on it."""
        return self.graph.columns.place.get(id(self.leaves[name]))

    def texts(self, hidden: frozenset[str] = frozenset()) -> dict[str, str]:
        """Every line of the picture by its id, as it is seen while some are hidden."""
        return self.lines.texts(hidden)

    @cached_property
    def lines(self) -> Lines:
        """What stands in the picture."""
        return Lines(self.graph, self.picture.level)

    def panel(self, place: int, words: Wording) -> dict[str, Any]:
        """The paths behind the gradient of the value there; which lines tell them is in `needs`."""
        graph = self.graph
        found = panel(graph.root, graph.order[place], graph.name, words, self._edge_at)
        for path in found["paths"]:
            path["needs"] = [f"e{j}-derivative" for j in path["edges"]]
        return {**found, "needs": f"n{place}-grad"}

    @cached_property
    def _edge_at(self) -> dict[tuple[int, int], int]:
        """The place of each edge, by its output's id and its position."""
        return {(id(edge.output), edge.position): j for j, edge in enumerate(self.graph.edges)}

    @property
    def ends(self) -> list[tuple[int, int]]:
        """The places of each edge's ends."""
        columns = self.graph.columns
        return list(zip(columns.parents, columns.outputs, strict=True))

    def summary(self, language: str) -> str:
        """What the picture shows, without any gradient: a quiz may ask for them."""
        graph, words = self.graph, LANGUAGES[language]
        return PHRASES[language]["summary"].format(
            values=words.count(len(graph.order), "value"),
            edges=words.count(len(graph.edges), "edge"),
            root=graph.term(graph.root),
            number=words.picture.spelled(graph.root.data),
        )


def veiled(found: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """A panel without the numbers that are hidden: a path tells the local derivatives along it."""
    paths = [
        path if hidden.isdisjoint(path["needs"]) else {**path, "product": UNKNOWN}
        for path in found["paths"]
    ]
    if found["needs"] in hidden:
        return {**found, "paths": paths, "grad": UNKNOWN, "sum": UNKNOWN}
    whole = all(path["product"] != UNKNOWN for path in paths)
    return {**found, "paths": paths, "sum": found["sum"] if whole else found["grad"]}


def _structure(graph: DrawnGraph) -> tuple[Any, ...]:
    """All that decides how the picture is laid out: which values there are, what they are made of,
    and where an alarm sounds."""
    boxes = [
        (graph.title(node), graph.kind(node), _alarms(node.data, graph.gradient(node)))
        for node in graph.order
    ]
    arrows = [_alarms(x, y) for x, y in zip(graph.columns.partials, graph.messages, strict=True)]
    return tuple(boxes), tuple(graph.columns.parents), tuple(graph.columns.outputs), tuple(arrows)


def _alarms(*numbers: float) -> tuple[bool, ...]:
    return tuple(map(math.isfinite, numbers))
