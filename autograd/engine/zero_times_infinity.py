"""Where a reverse pass met 0 x infinity and took 0: which zeros are known, which only happen to be.

An adjoint of exactly 0 passes nothing, whatever the local derivative. That is right where nothing
can arrive: on a side that a selection did not take, behind a factor that is the constant 0. It says
nothing where the adjoint is 0 just here while the local derivative is infinite: sqrt(x)**2 is x,
with derivative 1 at 0, and the pass finds 0 x inf. The two are told apart by what the 0 depends on.
A local derivative varies with some numbers if the operation has one there that is not the same
everywhere; an adjoint varies if a local derivative above it does. A zero that does not vary is
exact; one that varies times an infinity could be any number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from autograd.engine.graph import Edge, Graph, cuts_parent, topological_order
from autograd.engine.locks import cached_property
from autograd.engine.text import number

__all__ = ["DECIDED", "Undecided", "undecided", "undecided_by_any_leaf"]

DECIDED: Final = (
    "0 \N{MULTIPLICATION SIGN} \N{INFINITY}, decided as 0: not reliable here"  # for every message
)

LINEAR: Final = frozenset(["add", "sub", "neg", "sum", "mean"])  # of constant local derivatives
FACTORS: Final = frozenset(["mul", "prod", "message", "cut_message"])  # of the other inputs
TRIED: Final = 4  # places that are looked at one by one


class Undecided:
    """0 x infinity: one edge, and the search that found it."""

    def __init__(self, search: _Search, j: int) -> None:
        self.search = search
        self.j = j

    @property
    def steep(self) -> Edge:
        """The edge of the infinite local derivative."""
        return self.search.graph.edge(self.j)

    @cached_property
    def above(self) -> list[Edge]:
        """The edges that lead from there up to where the adjoint becomes 0, along the last one."""
        return self.search.way_up(self.j)

    @property
    def cancelling(self) -> bool:
        """Whether the last edge brings one of several messages that add up to 0."""
        return self.above[-1].partial != 0.0

    def sentence(self, made: Callable[[Any], str], shown: Callable[[Any], str]) -> str:
        """What happened; `made` says how a node was computed, `shown` what its number is."""
        top, steep = self.above[-1], self.steep
        if self.cancelling:
            nothing = f"what {shown(top.parent)} gets adds up to 0"
        else:
            nothing = f"{made(top.output)} has slope 0 in {shown(top.parent)}"
        infinite = (
            f"{made(steep.output)} has slope {number(steep.partial)} in {shown(steep.parent)}"
        )
        return f"{DECIDED}; {nothing}, and {infinite}"


def undecided(graph: Graph, adjoints: Sequence[float], variables: Iterable[Any]) -> list[Undecided]:
    """Every place where an adjoint of 0 that varies with these nodes met an infinite or undefined
    local derivative on the way to one of them.

    `adjoints` are those of the graph's nodes, as `Graph.adjoints` gives them. Linear in the size of
    the graph, and in nearly every graph no more than a look at the local derivatives.
    """
    steep = [
        j
        for j, partial in enumerate(graph.partials)
        if not math.isfinite(partial) and adjoints[graph.outputs[j]] == 0.0
    ]
    if not steep:
        return []
    search = _Search(graph, adjoints, variables)
    return [Undecided(search, j) for j in steep if search.is_undecided(j)]


def undecided_by_any_leaf(graph: Graph, adjoints: Sequence[float]) -> Iterator[Undecided]:
    """The same, whichever leaf is meant: a weight of 0 in `w * sqrt(x)` is a constant for x, so
    each place is looked at with the leaves below it alone; the first few places, if most are so."""
    leaves = [node for node in graph.nodes if not node.parents]
    for one in undecided(graph, adjoints, leaves)[:TRIED]:
        own = [node for node in topological_order(one.steep.parent) if not node.parents]
        if any(other.j == one.j for other in undecided(graph, adjoints, own)):
            yield one


class _Search:
    """varies: of every node, whether its number does; moving: whether its adjoint does."""

    def __init__(self, graph: Graph, adjoints: Sequence[float], variables: Iterable[Any]) -> None:
        self.graph = graph
        self.adjoints = adjoints
        # Of the node looked at last: which inputs vary, which are nodes, how many vary.
        self._seen: tuple[int, list[bool], list[int], int] = -1, [], [], 0
        self.varies = self._varying(variables)
        self.moving = self._moving()

    def is_undecided(self, j: int) -> bool:
        return self.varies[self.graph.parents[j]] and self.moving[self.graph.outputs[j]]

    def way_up(self, j: int) -> list[Edge]:
        """The edges from the output of an edge up to where its adjoint becomes 0."""
        graph, way = self.graph, [j]
        while len(way) == 1 or self.adjoints[graph.outputs[way[-1]]] == 0.0:
            reporting = [k for k in graph.above[graph.outputs[way[-1]]] if self._reports(k)]
            arriving = [k for k in reporting if self.adjoints[graph.outputs[k]] != 0.0]
            way.append((arriving or reporting)[0])
        return [graph.edge(k) for k in way[1:]]

    def _varying(self, variables: Iterable[Any]) -> list[bool]:
        """As `Graph.dependents`, but nothing gets through a local derivative that stays 0."""
        graph = self.graph
        self.varies = found = [False] * len(graph.nodes)  # which `_stays_0` looks up
        for node in variables:
            if id(node) in graph.place:
                found[graph.place[id(node)]] = True
        for i in range(len(found)):
            found[i] = found[i] or any(
                found[graph.parents[j]] and not self._stays_0(j) for j in graph.into(i)
            )
        return found

    def _moving(self) -> list[bool]:
        self.moving = found = [False] * len(self.graph.nodes)  # which `_reports` looks up
        for i in reversed(range(len(found))):
            found[i] = any(self._reports(j) for j in self.graph.above[i])
        return found

    def _reports(self, j: int) -> bool:
        """Whether an edge brings its input a message that varies."""
        i = self.graph.outputs[j]
        if self.adjoints[i] == 0.0 and not self.moving[i]:
            return False
        if self.graph.partials[j] == 0.0:
            return not self._stays_0(j)
        return self.moving[i] or self._is_sloped(j)

    def _stays_0(self, j: int) -> bool:
        """Whether a local derivative is 0 beside this point too: of what a selection left out, of a
        step, of a product with the constant 0."""
        if self.graph.partials[j] != 0.0:
            return False
        i = self.graph.outputs[j]
        is_cut = cuts_parent(self.graph.nodes[i], j - self.graph.first[i])
        return is_cut or not self._is_sloped(j)

    def _is_sloped(self, j: int) -> bool:
        """Whether a local derivative varies."""
        i = self.graph.outputs[j]
        node = self.graph.nodes[i]
        if node.op in LINEAR or node.primitive.is_selection:
            return False
        if node.op == "pow_const" and node.inputs[1] in (0.0, 1.0):
            return False
        varying = self._varying_inputs(i)
        own = self._slot(j)
        if node.op == "dot":
            return varying[(own + len(varying) // 2) % len(varying)]
        if node.op in FACTORS or (node.op == "div" and own == 0):
            return self._seen[3] > varying[own]
        return self._seen[3] > 0

    def _varying_inputs(self, i: int) -> list[bool]:
        """Of every input, plain numbers among them, whether it varies."""
        if self._seen[0] != i:
            place = self.graph.place
            inputs = self.graph.nodes[i].inputs
            live = [hasattr(x, "parents") for x in inputs]
            varying = [
                is_node and self.varies[place[id(x)]]
                for x, is_node in zip(inputs, live, strict=True)
            ]
            slots = [k for k, is_node in enumerate(live) if is_node]
            self._seen = i, varying, slots, sum(varying)
        return self._seen[1]

    def _slot(self, j: int) -> int:
        """Which input of its output an edge enters by, plain numbers counted."""
        i = self.graph.outputs[j]
        self._varying_inputs(i)
        return self._seen[2][j - self.graph.first[i]]
