"""Finds the operation in which a 0, an infinity or a NaN begins: `Flow.origins` for gradients,
`culprits` for numbers.

The walk of `Flow.origins` goes from a value up to its consumers as long as what arrives there is as
bad (0, infinite or NaN) as what arrives at the value. Where it is not, the trouble begins. The
strongest path from a node to the root, that of the largest product, is found for all nodes in one
walk by adding up logarithms, which can neither overflow nor underflow. Everything is linear in the
size of the graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from autograd.engine.graph import Edge, Graph, message_from
from autograd.engine.locks import cached_property
from autograd.engine.text import PARTIAL, formula, names, term
from autograd.engine.value import Value
from autograd.engine.zero_times_infinity import Undecided, undecided, undecided_by_any_leaf
from autograd.explaining.path_sums import Path, path_along

__all__ = ["Flow", "Origin", "culprits", "is_zero", "magnitude"]

# Of a factor in an added-up logarithm: so bad that any other path is better, or worse.
NOTHING: Final = -1e15
INFINITE: Final = 1e12


class Origin(NamedTuple):
    """Where trouble begins: in what `node` gets along `edge`, or in the sum of what it gets.

    `below` has the edge by which the walk came to a node, by its id.
    """

    node: Value
    edge: Edge | None
    below: dict[int, Edge | None]

    @property
    def way(self) -> list[Edge]:
        """The edges from the start up to the node."""
        way: list[Edge] = []
        edge = self.below[id(self.node)]
        while edge is not None:
            way.append(edge)
            edge = self.below[id(edge.parent)]
        return way[::-1]


class Flow(Graph):
    """A graph below a root, with the adjoints of one pass and the names of nodes.

    `besides` are Values outside the graph that get a name too; `unlabelled` as in `text.names`.
    """

    def __init__(self, root: Value, besides: Sequence[Value], unlabelled: dict[int, str]) -> None:
        super().__init__([root])
        self.root = root
        self._adjoints = self.adjoints()
        outside = [x for x in besides if not self.holds(x)]
        self.names = names([*outside, *self.nodes], unlabelled=unlabelled)

    def name(self, node: Any) -> str:
        return self.names[id(node)]

    def made(self, node: Value) -> str:
        """`c = a + b`."""
        return f"{term(self.name(node))} = {formula(node, self.name)}"

    def derivative(self, node: Value) -> str:
        return f"{PARTIAL}{term(self.name(self.root))}/{PARTIAL}{term(self.name(node))}"

    @property
    def leaves(self) -> list[Value]:
        return [node for node in self.nodes if not node.op]

    def holds(self, node: Value) -> bool:
        return id(node) in self.place

    def arrives_at(self, node: Value) -> float:
        """The derivative of the root with respect to a node; 0 of one outside the graph."""
        return self._adjoints[self.place[id(node)]] if self.holds(node) else 0.0

    def consumers(self, node: Value) -> list[Edge]:
        return [self.edge(j) for j in self.above[self.place[id(node)]]]

    def sent(self, edge: Edge) -> float:
        """The message along an edge."""
        return message_from(edge.output, self.arrives_at(edge.output), edge.partial, edge.position)

    def undecided(self, variables: Sequence[Value] = ()) -> list[Undecided]:
        """Where 0 x infinity was taken for 0 on the way to these nodes, or else to any leaf."""
        if variables:
            return undecided(self, self._adjoints, variables)
        return list(undecided_by_any_leaf(self, self._adjoints))

    # -- paths -------------------------------------------------------------------------------------

    @cached_property
    def _strongest(self) -> list[tuple[float, int]]:
        """For every node, the logarithm of the largest product of all paths to the root, and the
        first edge of that path; none of the root."""
        found = [(0.0, -1)] * len(self.nodes)
        for i in reversed(range(len(found) - 1)):
            scores = [
                (magnitude(self.partials[j]) + found[self.outputs[j]][0], j) for j in self.above[i]
            ]
            found[i] = max(scores, key=lambda pair: pair[0])
        return found

    def logarithm(self, node: Value) -> float:
        """Natural, of the largest product of all paths from a node to the root."""
        return self._strongest[self.place[id(node)]][0]

    def way_up(self, node: Value) -> list[Edge]:
        """The edges of the strongest path from a node to the root."""
        way: list[Edge] = []
        while node is not self.root:
            way.append(self.edge(self._strongest[self.place[id(node)]][1]))
            node = way[-1].output
        return way

    def path(self, way: Sequence[Edge]) -> Path:
        """The path of these edges, which lead up to the root."""
        return path_along(self.root, way[::-1])

    def path_through(self, origin: Origin) -> Path:
        way = origin.way
        if origin.edge is not None:
            way.append(origin.edge)
        return self.path(way + self.way_up(way[-1].output if way else origin.node))

    def way_between(self, low: Value, high: Value) -> list[Edge]:
        """The edges of a path from a node up to another that depends on it."""
        depends = self.dependents([low])
        way: list[Edge] = []
        while high is not low:
            down = self.into(self.place[id(high)])
            way.append(self.edge(next(j for j in down if depends[self.parents[j]])))
            high = way[-1].parent
        return way[::-1]

    # -- origins -----------------------------------------------------------------------------------

    def origins(self, starts: Sequence[Value], bad: Callable[[float], bool]) -> list[Origin]:
        """Where adjoints first are bad, seen from the root, on the ways up from the starts."""
        below: dict[int, Edge | None] = {id(node): None for node in starts}
        reached = list(starts)
        found: list[Origin] = []
        for node in reached:  # which grows on the way
            consumers = self.consumers(node)
            guilty = [edge for edge in consumers if bad(self.sent(edge))]
            if not guilty or (bad(0.0) and len(guilty) < len(consumers)):
                found += [Origin(node, None, below)] if consumers else []
                continue  # it is the sum of good messages that is bad
            for edge in guilty:
                if not bad(self.arrives_at(edge.output)):
                    found.append(Origin(node, edge, below))
                elif id(edge.output) not in below:
                    below[id(edge.output)] = edge
                    reached.append(edge.output)
        return found


def magnitude(factor: float) -> float:
    """The natural logarithm of a factor's size; beyond all doubles for 0, infinity and NaN."""
    if factor == 0.0:
        return NOTHING
    return math.log(abs(factor)) if math.isfinite(factor) else INFINITE


def is_zero(x: float) -> bool:
    return x == 0.0


# -- numbers ---------------------------------------------------------------------------------------


def culprits(node: Value) -> list[list[Value]]:
    """The ways from a node down to what made the first NaN, and the first infinity behind it, of
    all that it was computed from. Empty where its number and its inputs' are finite."""
    found: list[list[Value]] = []
    way = [node]
    for bad in (math.isnan, math.isinf):
        start = len(way)
        while inputs := [x for x in way[-1].parents if bad(x.data)]:
            way.append(inputs[0])
        if bad(way[-1].data) and (start < len(way) or not found):
            found.append(list(way))
    return found
