"""Terms of one form, as those of a loss over a batch: the first is drawn, the others are one box.

What a sum, a dot product or any other operation adds up often has the same form again and again,
over the same parameters. All that belongs to one term alone is below its last operation: it reaches
the root through that operation only (its dominator). Two terms are alike where these parts are,
operation by operation, whatever their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any

from autograd.drawing.crowded import bundled
from autograd.drawing.dot_language import Line
from autograd.drawing.picture import Box, Picture
from autograd.drawing.value_boxes import (
    DrawnGraph,
    arrow_along,
    picture_of_values,
    range_line,
)
from autograd.engine.graph import Graph
from autograd.engine.text import ELLIPSIS

__all__ = ["picture_of_terms", "repeated_terms"]

MOST_NODES = 5_000  # of a graph that is searched for repetitions
FEWEST = 3  # terms that become one box


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms like another one: places in the graph of the first, of the last operations of the
    others, and of all that belongs to the others."""

    like: int
    ends: tuple[int, ...]
    members: frozenset[int]


def repeated_terms(graph: Graph, parameters: Mapping[int, str]) -> list[Terms]:
    """What can be drawn as one box; nothing of it twice."""
    if len(graph.nodes) > MOST_NODES:
        return []
    found: list[Terms] = []
    hidden: set[int] = set()
    search = _Search(graph, parameters)
    for i in reversed(range(len(graph.nodes))):
        if i not in hidden:
            for terms in search.below(i):
                found.append(terms)
                hidden |= terms.members
    return found


class _Search:
    def __init__(self, graph: Graph, parameters: Mapping[int, str]) -> None:
        self.graph = graph
        self.parameters = parameters
        self.dominator = _dominators(graph)
        self.forms: dict[Any, int] = {}

    def below(self, i: int) -> Iterator[Terms]:
        """The groups of terms of node i that are alike."""
        sums, ends = self._terms(i)
        if len(ends) <= FEWEST:
            return
        alike: dict[Any, list[int]] = {}
        parts: dict[int, list[int]] = {}
        half = len(ends) // 2
        for position, k in enumerate(ends):
            part = self._part(k)
            if part:
                parts[k] = part
                # The two factors of a dot product are not each other's like.
                side = self.graph.nodes[i].op == "dot" and position >= half
                alike.setdefault((self._form(part), side), []).append(k)
        for like, *others in alike.values():
            if len(others) >= FEWEST:
                members = {k for other in others for k in parts[other]}
                yield Terms(like, tuple(others), frozenset(members | sums))
                sums = set()

    def _terms(self, i: int) -> tuple[set[int], list[int]]:
        """The sums on the way, of a chain of additions, and what is added up in the end."""
        graph, sums, ends = self.graph, set[int](), list[int]()
        waiting = graph.inputs(i)[::-1]
        while waiting:
            k = waiting.pop()
            if graph.nodes[i].op == graph.nodes[k].op == "add" and len(graph.above[k]) == 1:
                sums.add(k)
                waiting += graph.inputs(k)[::-1]
            else:
                ends.append(k)
        return sums, ends

    def _part(self, end: int) -> list[int]:
        """The places of a term's own nodes, its last operation first; nothing where that is used
        elsewhere too."""
        if len(self.graph.above[end]) != 1:
            return []
        part, seen, waiting = [], {end}, [-end]
        while waiting:
            k = -heappop(waiting)
            part.append(k)
            for below in self.graph.inputs(k):
                if below not in seen and self.dominator[below] in seen:
                    seen.add(below)
                    heappush(waiting, -below)
        return part

    def _form(self, part: Sequence[int]) -> int:
        """A number that tells forms apart."""
        own: dict[int, int] = {}
        for k in reversed(part):
            node = self.graph.nodes[k]
            inputs = iter(self.graph.inputs(k))
            made = tuple(
                self._input(next(inputs), own) if hasattr(x, "parents") else "number"
                for x in getattr(node, "inputs", node.parents)
            )
            kind = node.op or ("parameter" if id(node) in self.parameters else "input")
            own[k] = self.forms.setdefault((kind, made), len(self.forms))
        return own[part[0]]

    def _input(self, k: int, own: Mapping[int, int]) -> tuple[str, int]:
        return ("own", own[k]) if k in own else ("shared", k)


def _dominators(graph: Graph) -> list[int]:
    """Of each node the nearest one through which all its ways to the root lead; the root's is
    itself. See Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm", 2001."""
    root = len(graph.nodes) - 1
    found = [root] * len(graph.nodes)
    for i in reversed(range(root)):
        nearest = i
        for consumer in {graph.outputs[j] for j in graph.above[i]}:
            nearest = consumer if nearest == i else _common(nearest, consumer, found)
        found[i] = nearest
    return found


def _common(a: int, b: int, dominator: Sequence[int]) -> int:
    """The nearest node that dominates both."""
    while a != b:
        if a < b:
            a = dominator[a]
        else:
            b = dominator[b]
    return a


# -- drawn -----------------------------------------------------------------------------------------


def picture_of_terms(
    graph: DrawnGraph, level: str, found: Sequence[Terms], show_constants: bool
) -> Picture:
    """The picture of values in which every group of repeated terms is one box."""
    hidden = {k: f"g{i}" for i, terms in enumerate(found) for k in terms.members}
    nodes = [node for i, node in enumerate(graph.order) if i not in hidden]
    shown = picture_of_values(graph, level, nodes, show_constants)
    boxes = [*shown.boxes, *(_box(graph, f"g{i}", terms) for i, terms in enumerate(found))]
    arrows = list(shown.arrows)
    columns = zip(graph.columns.parents, graph.columns.outputs, strict=True)
    for j, (source, output) in enumerate(columns):
        tail, head = hidden.get(source), hidden.get(output)
        if (tail or head) and tail != head:
            arrow = arrow_along(graph, level, j)
            arrows.append(replace(arrow, tail=tail or f"n{source}", head=head or f"n{output}"))
    notes = [*shown.notes, graph.words.terms_left_out]
    return bundled(replace(shown, boxes=boxes, arrows=arrows, notes=notes), graph, level)


def _box(graph: DrawnGraph, key: str, terms: Terms) -> Box:
    ends = [graph.order[i] for i in terms.ends]
    like = graph.order[terms.like]
    words = graph.words
    title = words.more_like.format(count=len(ends), name=graph.term(like))
    lines = [Line(title, size="name")]
    inner = sum(bool(graph.order[i].op) for i in terms.members)
    if inner:
        lines.append(Line(words.count(inner, "operation"), "muted", "edge"))
    elif like.label:
        named = f"{graph.name[id(ends[0])]} {ELLIPSIS} {graph.name[id(ends[-1])]}"
        lines.append(Line(named, "muted", "edge"))
    values, gradients = [x.data for x in ends], list(map(graph.gradient, ends))
    lines.append(range_line(words, values, "values", "value"))
    lines.append(range_line(words, gradients, "grads", "grad"))
    return Box(key, lines, "rest")
