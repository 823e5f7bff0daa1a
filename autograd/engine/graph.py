"""The computation graph below one or several nodes: walks over it; `Graph`, the same as flat lists.

For anything that has `.parents` and `.partials`. A node's parents are its inputs, in order, with
repeats kept: `a * a` has two edges to a. Nothing here is recursive, so depth is no limit, and
nothing changes the graph. Compiled with the engine: walking over a graph is most of what a gradient
costs besides the reverse pass itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from mypy_extensions import mypyc_attr

from autograd.engine import ieee
from autograd.engine.hooks import HOOKS
from autograd.engine.levels import Level, blocks, is_within
from autograd.engine.modes import part_recordings
from autograd.engine.value import Value

__all__ = [
    "Edge",
    "Graph",
    "Node",
    "cuts_parent",
    "edges",
    "have_captured",
    "is_left_over",
    "mark_recorded",
    "message_from",
    "reachable",
    "topological_order",
]


class Node(Protocol):
    """What a walk needs of a node."""

    @property
    def parents(self) -> Sequence[Any]: ...

    @property
    def partials(self) -> Sequence[float]: ...


N = TypeVar("N", bound=Node)


class Edge(NamedTuple):
    """One input of one node: `partial` is d output / d parent through this input alone."""

    output: Any
    position: int
    parent: Any
    partial: float


# -- walks -----------------------------------------------------------------------------------------


def topological_order(root: N) -> list[N]:
    """Every node below the root once, inputs before what is made of them, the root last.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(1.0, "b")
    >>> [node.data for node in topological_order((a + b) * (b + 1))]
    [2.0, 1.0, 3.0, 2.0, 6.0]
    """
    return _ordered([root], set())[0]


def _ordered(roots: Iterable[Any], ends: set[int]) -> tuple[list[Any], list[Sequence[Any]]]:
    """The nodes below the roots in topological order, and the parents of each; a node whose id is
    among the ends counts as a leaf."""
    part_recordings()
    nodes: list[Any] = []
    inputs: list[Sequence[Any]] = []
    seen: set[int] = set()
    path: list[tuple[Any, Sequence[Any], Any]] = []
    for root in roots:
        if id(root) in seen:
            continue
        seen.add(id(root))
        parents: Sequence[Any] = () if id(root) in ends else _parents(root)
        path.append((root, parents, iter(parents)))
        while path:
            node, parents, rest = path[-1]
            for parent in rest:
                key = id(parent)
                if key not in seen:
                    seen.add(key)
                    beneath: Sequence[Any] = () if key in ends else _parents(parent)
                    if beneath:
                        path.append((parent, beneath, iter(beneath)))
                        break
                    nodes.append(parent)
                    inputs.append(beneath)
            else:
                path.pop()
                nodes.append(node)
                inputs.append(parents)
    return nodes, inputs


def _parents(node: Any) -> Sequence[Any]:
    if isinstance(node, Value):
        return node._beneath()
    found: Sequence[Any] = node.parents
    return found


def reachable(roots: Iterable[Any]) -> list[Value]:
    """Every Value below the roots once, themselves included, in no particular order. Numbers among
    the roots are left out."""
    part_recordings()
    nodes: list[Value] = []
    seen: set[int] = set()
    for root in roots:
        if isinstance(root, Value):
            seen.add(id(root))
            if len(seen) != len(nodes):  # one look-up, where asking first would take two
                nodes.append(root)
    for node in nodes:  # which grows on the way
        for parent in node._beneath():
            seen.add(id(parent))
            if len(seen) != len(nodes):
                nodes.append(parent)
    return nodes


def _zero_grad(root: Value) -> None:
    for node in reachable([root]):
        node._grad = 0.0


HOOKS.zero_grad = _zero_grad


def have_captured(nodes: Sequence[Value], level: Level) -> bool:
    """Whether one of these nodes, below which all are among them, was made outside of the level of
    this thread. It is then so for a leaf, since a node is no older than its inputs."""
    own, number = blocks(), level.number
    return any(x._primitive is None and not is_within(x._pb, number, own) for x in nodes)


RECORDED: Final = -1.0
"""The mark of an argument of a recording, in the place of a level's number."""


def mark_recorded(leaves: Sequence[Value]) -> None:
    """Mark these as the arguments of a recording, beyond which they mean nothing."""
    for leaf in leaves:
        leaf._pb = RECORDED


def is_left_over(node: Value) -> bool:
    """Whether it was computed from the arguments of a recording."""
    return any(x._primitive is None and x._pb == RECORDED for x in reachable([node]))


def edges(root: Node) -> list[Edge]:
    """Every edge below the root, by output in topological order, then by position.

    >>> from autograd import Value
    >>> a = Value(3.0)
    >>> [(edge.position, edge.partial) for edge in edges(a * a)]
    [(0, 3.0), (1, 3.0)]
    """
    graph = Graph([root])
    return [graph.edge(j) for j in range(len(graph.parents))]


def message_from(node: Any, adjoint: float, partial: float, position: int) -> float:
    """What a node sends to the parent at a position in backpropagation: adjoint x partial; 0 where
    nothing arrives, or where a selection did not take this input."""
    if partial == 0.0 and cuts_parent(node, position):
        return 0.0
    return ieee.message(adjoint, partial)


def cuts_parent(node: Any, position: int) -> bool:
    """Whether a local derivative of exactly 0 by this parent means that there is no path."""
    primitive = getattr(node, "primitive", None)
    if primitive is None or primitive.cuts in (0, -1):
        return primitive is not None and primitive.cuts == -1
    inputs = [i for i, x in enumerate(node.inputs) if isinstance(x, Value)]
    return bool(primitive.cuts_input(inputs[position]))


# -- columns ---------------------------------------------------------------------------------------


@mypyc_attr(allow_interpreted_subclasses=True)
class Graph:
    """The graph below some roots in columns, quick to go over where there are very many edges.

    nodes: in topological order. place: of every node among them, by its id. Edge j leads from node
    `parents[j]` to node `outputs[j]` (places), and `partials[j]` is its local derivative; edges are
    numbered as `edges` has them, those into node i from `first[i]` on. The ends, where any are
    given, count as leaves, whatever they were computed from.
    """

    def __init__(self, roots: Iterable[Any], ends: Iterable[Any] = ()) -> None:
        self.roots: list[Any] = list(roots)
        nodes, inputs = _ordered(self.roots, {id(end) for end in ends})
        place = {id(node): i for i, node in enumerate(nodes)}
        self.nodes: list[Any] = nodes
        self.place: dict[int, int] = place
        self.parents: list[int] = [place[id(x)] for beneath in inputs for x in beneath]
        self.outputs: list[int] = [i for i, beneath in enumerate(inputs) for _ in beneath]
        self.first: list[int] = [0, *accumulate(map(len, inputs))]
        self._partials: list[float] | None = None  # made when they are asked for, like the next
        self._above: list[list[int]] | None = None
        self._schedule: list[int] | None = None

    @property
    def partials(self) -> list[float]:
        if self._partials is None:
            found: list[float] = []
            for i, node in enumerate(self.nodes):
                if self.first[i] != self.first[i + 1]:
                    found += node.partials
            self._partials = found
        return self._partials

    @property
    def above(self) -> list[list[int]]:
        """The edges from each node to its consumers."""
        if self._above is None:
            self._above = [[] for _ in self.nodes]
            for j, k in enumerate(self.parents):
                self._above[k].append(j)
        return self._above

    def into(self, i: int) -> range:
        """The edges into node i."""
        return range(self.first[i], self.first[i + 1])

    def inputs(self, i: int) -> list[int]:
        """The inputs of node i."""
        return self.parents[self.first[i] : self.first[i + 1]]

    def edge(self, j: int) -> Edge:
        i = self.outputs[j]
        position, parent = j - self.first[i], self.nodes[self.parents[j]]
        return Edge(self.nodes[i], position, parent, self.partials[j])

    def dependents(self, nodes: Iterable[Any]) -> list[bool]:
        """Of every node, whether it is one of these or was computed from one."""
        parents, first = self.parents, self.first
        found = [False] * len(self.nodes)
        for node in nodes:
            if id(node) in self.place:
                found[self.place[id(node)]] = True
        for i in range(len(found)):
            for j in range(first[i], first[i + 1]):
                if found[parents[j]]:
                    found[i] = True
                    break
        return found

    # -- the reverse pass --------------------------------------------------------------------------

    @property
    def schedule(self) -> list[int]:
        """The nodes that have inputs, in the order in which `Value.backward` passes their adjoints
        on: when the last consumer has reported, the latest such node first. What is added up
        in this order is rounded as it is there."""
        if self._schedule is None:
            self._schedule = self._scheduled()
        return self._schedule

    def _scheduled(self) -> list[int]:
        reported = [self.place[id(root)] for root in self.roots]
        waiting = [0] * len(self.nodes)
        for k in [*self.parents, *reported]:
            waiting[k] += 1
        found: list[int] = []
        ready: list[int] = []
        while True:
            for k in reported:
                waiting[k] -= 1
                if waiting[k] == 0:
                    ready.append(k)
            if not ready:
                return found
            i = ready.pop()
            reported = self.inputs(i)
            if reported:
                found.append(i)

    def adjoints(self, seed: float = 1.0, partials: Sequence[float] | None = None) -> list[float]:
        """The derivative of the root, which is the last node, with respect to every node, times the
        seed: what `Value.backward` gives, to the last bit. With other partials, if any are given.
        """
        parents, first, nodes = self.parents, self.first, self.nodes
        factors = self.partials if partials is None else partials
        found = [0.0] * len(nodes)
        found[-1] = seed
        for i in self.schedule:
            adjoint = found[i]
            if adjoint == 0.0:
                continue
            for j in range(first[i], first[i + 1]):
                factor = factors[j]
                if factor != 0.0 or not cuts_parent(nodes[i], j - first[i]):
                    found[parents[j]] += adjoint * factor
        return found

    def tangents(self, directions: Sequence[tuple[Any, float]]) -> list[float]:
        """The derivative of every node along these directions, each that of a node, by one forward
        pass: what they were computed from is not looked at. A tangent of exactly 0 passes nothing,
        and nothing passes a local derivative of exactly 0: an adjoint would have become 0 there."""
        parents, partials, first = self.parents, self.partials, self.first
        found = [0.0] * len(self.nodes)
        given = [False] * len(self.nodes)
        for node, direction in directions:
            if id(node) in self.place:
                i = self.place[id(node)]
                found[i] += direction
                given[i] = True
        for i in range(len(found)):
            if given[i]:
                continue
            total = 0.0
            for j in range(first[i], first[i + 1]):
                tangent = found[parents[j]]
                factor = partials[j]
                if tangent != 0.0 and factor != 0.0:
                    total += tangent * factor
            found[i] = total
        return found

    def messages(self, adjoints: Sequence[float]) -> list[float]:
        """What travels along every edge, where these are the adjoints: `message_from` for all."""
        found: list[float] = []
        for i, adjoint in enumerate(adjoints):
            partials = self.partials[self.first[i] : self.first[i + 1]]
            if adjoint == 0.0:
                found += [0.0] * len(partials)
            elif 0.0 in partials:
                node = self.nodes[i]
                found += [message_from(node, adjoint, x, k) for k, x in enumerate(partials)]
            else:
                found += [adjoint * x for x in partials]
        return found
