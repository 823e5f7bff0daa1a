"""What is drawn of a graph: as much as can be read on a page.

A picture of all values with sums and messages comes first, then with less in each box and on each
arrow; of terms that repeat, one; then a box per neuron, or per layer. The first that is no higher
than a few pages is taken, else the one that comes closest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from autograd.drawing.collapse import neuron_count, picture_of_groups
from autograd.drawing.crowded import bundled, shortened
from autograd.drawing.picture import Picture
from autograd.drawing.picture_words import PICTURE_WORDS, PictureWords
from autograd.drawing.placing import Placed, closer, placed_graph
from autograd.drawing.repeated import Terms, picture_of_terms, repeated_terms
from autograd.drawing.value_boxes import DrawnGraph, near, picture_of_values, with_inputs_left_out
from autograd.engine.graph import Graph
from autograd.engine.locks import cached_property
from autograd.engine.text import plural

__all__ = ["COLLAPSED", "VALUES", "Limits", "graph_that_fits", "needed", "played", "too_many"]

VALUES = ("full", "medium", "small")  # levels of detail with a box per Value, and the others
COLLAPSED = ("neuron", "layer")
FULL = 16  # nodes of a graph that is drawn in full in any case
PAGES = 2.4  # that a picture may be high, before less is shown
PLAYED_PAGES = 5.0  # in the player, which scrolls to what happens
LAST = 4  # pictures of which the best is taken, where none is small enough
MAX_EDGES = 1_500_000  # of a graph that is collapsed: some seconds
EDGES_PER_NODE = 5  # a picture may have this many times as many arrows as boxes


class Limits(NamedTuple):
    """What a picture may be: see `draw`."""

    max_nodes: int
    depth: int | None = None
    show_constants: bool = False
    rankdir: str = "auto"
    lang: str = "en"

    @property
    def words(self) -> PictureWords:
        return PICTURE_WORDS[self.lang]

    def allow(self, boxes: int, arrows: int) -> bool:
        return needed(boxes, arrows) <= self.max_nodes


def needed(boxes: int, arrows: int) -> int:
    """The least `max_nodes` that allows a picture of so many boxes and arrows."""
    return max(boxes, -(-arrows // EDGES_PER_NODE))


def too_many(what: str, boxes: int, arrows: int, max_nodes: int, nodes: int) -> str:
    """Why there is no picture, and what to do."""
    size, limit = plural(boxes, "node"), f"more than max_nodes={max_nodes:,}"
    if boxes <= max_nodes:
        size, limit = f"{size} and {plural(arrows, 'edge')}", f"{limit} allows"
    nearest = "pass depth=4 for what is nearest to the root, " if nodes else ""
    return (
        f"{what} has {size}, {limit}, too many to read; draw one of its parts, "
        f"{nearest}or pass max_nodes={needed(boxes, arrows)}"
    )


def graph_that_fits(
    columns: Graph, known: Mapping[int, str], detail: str, limits: Limits
) -> Placed:
    """The picture of a graph at a level of detail, or at the one that fits. `known` are the names
    of its parameters. Raises ValueError where it is too large for `limits`."""
    choice = _Choice(columns, known, limits)
    if detail in VALUES or (detail == "auto" and limits.depth is not None):
        choice.check_size()
        levels = VALUES if detail == "auto" else (detail,)
        return choice.first([(PAGES, choice.of_values(level)) for level in levels])
    if choice.arrows > MAX_EDGES:
        raise ValueError(
            f"the graph has {plural(len(choice.nodes), 'node')} and "
            f"{plural(choice.arrows, 'edge')}, too many even for a picture of its parts; draw the "
            "graph of fewer samples, or the model"
        )
    if detail == "auto":
        return choice.first(choice.from_most_to_least())
    if not choice.has_names:
        raise ValueError(
            f"detail={detail!r} goes by the names of parameters, such as layer0.neuron2.w1, "
            "and none here has one; pass parameters=model"
        )
    return choice.first([(PAGES, choice.of_groups(detail))])


def played(
    columns: Graph,
    known: Mapping[int, str],
    limits: Limits,
    change: Callable[[Picture], Picture],
    levels: Sequence[str] = (),
) -> Placed:
    """A picture in which every edge has its own arrow with all that is said about it on one line,
    for the player, changed as it wants it. `levels`: those that are tried; else as many as fit."""
    choice = _Choice(columns, known, limits)
    choice.check_size()
    levels = levels or (VALUES[:1] if len(choice.nodes) <= FULL else VALUES)
    return choice.first([(PLAYED_PAGES, choice.of_single_edges(level, change)) for level in levels])


Attempt = Callable[[float], Placed | None]


class _Choice:
    """The pictures that there are of a graph. An attempt, told how many pages it may fill, gives
    None where there would be too many boxes."""

    def __init__(self, columns: Graph, known: Mapping[int, str], limits: Limits) -> None:
        self.columns = columns
        self.known = known
        self.limits = limits
        order = columns.nodes
        self.nodes: Sequence[Any] = order if limits.depth is None else near(order, limits.depth)
        self.arrows = sum(len(node.parents) for node in self.nodes)
        self.least = (len(self.nodes), self.arrows)  # boxes and arrows of the smallest picture

    @cached_property
    def graph(self) -> DrawnGraph:
        return DrawnGraph(self.columns, self.known, self.limits.words)

    @cached_property
    def terms(self) -> list[Terms]:
        return repeated_terms(self.columns, self.known)

    @property
    def has_names(self) -> bool:
        return any("." in name for name in self.known.values())

    def first(self, attempts: Sequence[tuple[float, Attempt]]) -> Placed:
        """The first picture that is no higher than its number of pages, else the best of all."""
        for pages, attempt in attempts:
            found = attempt(pages)
            if found is not None and found.pages <= pages:
                return found
        best: Placed | None = None
        for _, attempt in attempts[-LAST:]:
            found = attempt(math.inf)
            if found is not None:
                best = found if best is None else closer(best, found)
        if best is None:
            raise ValueError(self._too_many())
        return best

    def check_size(self) -> None:
        if not self.limits.allow(*self.least):
            raise ValueError(self._too_many())

    def _too_many(self) -> str:
        return too_many("the graph", *self.least, self.limits.max_nodes, len(self.columns.nodes))

    def from_most_to_least(self) -> list[tuple[float, Attempt]]:
        whole = self.limits.allow(*self.least)
        in_full = math.inf if len(self.nodes) <= FULL else PAGES
        attempts: list[tuple[float, Attempt]] = []
        for level in VALUES:
            if level == "small" and self._several_neurons():
                attempts.append((PAGES, self.of_groups("neuron")))
            if whole:
                attempts.append((in_full if level == "full" else PAGES, self.of_values(level)))
            attempts.append((PAGES, self.of_terms(level)))
        if self.has_names:
            attempts.append((PAGES, self.of_groups("layer")))
        return attempts

    def _several_neurons(self) -> bool:
        return self.has_names and 1 < neuron_count(self.known) <= self.limits.max_nodes

    # -- attempts ----------------------------------------------------------------------------------

    def of_values(self, level: str) -> Attempt:
        """A box per Value."""
        graph, nodes, limits = self.graph, self.nodes, self.limits

        def drawn(level: str) -> Picture:
            found = picture_of_values(graph, level, nodes, limits.show_constants)
            found = with_inputs_left_out(found, nodes, graph)
            return shortened(bundled(found, graph, level), graph)

        return lambda pages: placed_graph(_both(drawn, level), graph, limits.rankdir, pages)

    def of_single_edges(self, level: str, change: Callable[[Picture], Picture]) -> Attempt:
        graph, nodes = self.graph, self.nodes

        @cache
        def drawn() -> Picture:
            return shortened(change(picture_of_values(graph, level, nodes, False)), graph)

        return lambda pages: placed_graph(lambda tight: drawn(), graph, self.limits.rankdir, pages)

    def of_terms(self, level: str) -> Attempt:
        """A box per Value, and one for all terms that are like another."""

        def drawn(level: str) -> Picture:
            found = picture_of_terms(self.graph, level, self.terms, self.limits.show_constants)
            return shortened(found, self.graph)

        make = _both(drawn, level)

        def attempt(pages: float) -> Placed | None:
            if not self.terms or not self._allowed(make(False)):
                return None
            return placed_graph(make, self.graph, self.limits.rankdir, pages)

        return attempt

    def of_groups(self, level: str) -> Attempt:
        """A box per neuron, or per layer."""

        @cache
        def drawn() -> Picture:
            return picture_of_groups(self.graph, level)

        def attempt(pages: float) -> Placed | None:
            if not self._allowed(drawn()):
                return None
            return placed_graph(lambda tight: drawn(), self.graph, self.limits.rankdir)

        return attempt

    def _allowed(self, found: Picture) -> bool:
        size = (len(found.boxes), len(found.arrows))
        self.least = min(self.least, size, key=lambda size: needed(*size))
        return self.limits.allow(*size)


def _both(drawn: Callable[[str], Picture], level: str) -> Callable[[bool], Picture]:
    """The picture at a level and the same in shorter lines, each made once."""
    known = cache(drawn)
    return lambda tight: known("narrow" if tight and level == "full" else level)
