"""The backward pass that a picture shows: what travels along every edge and adds up at every node.

Computed anew by the engine's rules and in its order, without touching any `.grad`: a picture is of
one root, while the `.grad` of a leaf may hold the sum of several passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.engine.graph import Edge, message

__all__ = ["BackwardPass", "Links"]


class Links:
    """The edges of a graph in columns, which are quick to go over where there are very many.

    Edge j, counted as in `graph.edges`, leads from the node `order[sources[j]]` to the node
    `order[outputs[j]]`; `partials[j]` is its local derivative.
    """

    def __init__(self, order: Sequence[Any]) -> None:
        place = {id(node): i for i, node in enumerate(order)}
        self.sources: list[int] = []
        self.outputs: list[int] = []
        self.partials: list[float] = []
        self._first = [0]  # edge of each node, and one more
        for i, node in enumerate(order):
            parents = node.parents
            self.sources += [place[id(parent)] for parent in parents]
            self.outputs += [i] * len(parents)
            self.partials += node.partials
            self._first.append(len(self.sources))

    def into(self, i: int) -> slice:
        """The edges that lead into node i, as a slice of each column."""
        return slice(self._first[i], self._first[i + 1])


class BackwardPass:
    """One backward pass from `order[-1]` over a graph in topological order.

    `adjoint` is by id(node), `messages` by edge, as `links` has them. The seed is the root's own
    `.grad`, which is right after `backward()` with any seed and for a part of a larger graph; where
    it is 0, no pass has come by (`ran` is False) and the seed is 1.
    """

    def __init__(self, order: Sequence[Any]) -> None:
        root = order[-1]
        self.ran: bool = root.grad != 0.0
        self.links = links = Links(order)
        self.messages = [0.0] * len(links.sources)
        adjoint = [0.0] * len(order)
        adjoint[-1] = root.grad if self.ran else 1.0
        waiting = [0] * len(order)
        for source in links.sources:
            waiting[source] += 1
        stack = [len(order) - 1]
        while stack:
            i = stack.pop()
            node, passed_on, edges = order[i], adjoint[i], links.into(i)
            messages = [message(passed_on, x, node) for x in links.partials[edges]]
            self.messages[edges] = messages
            for source, sent in zip(links.sources[edges], messages, strict=True):
                adjoint[source] += sent
                waiting[source] -= 1
                if not waiting[source]:
                    stack.append(source)
        self.adjoint: dict[int, float] = dict(zip(map(id, order), adjoint, strict=True))

    def sent(self, edge: Edge) -> float:
        """What travels down an edge."""
        return message(self.adjoint[id(edge.output)], edge.partial, edge.output)

    def holds_another(self, node: Any) -> bool:
        """Whether the node's `.grad` tells of other passes than this one."""
        here, there = self.adjoint[id(node)], node.grad
        if here == there or (math.isnan(here) and math.isnan(there)):
            return False
        return self.ran or there != 0.0
