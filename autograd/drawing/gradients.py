"""The backward pass that a picture shows: what travels along every edge and adds up at every node.

Computed anew by the engine's rules and in its order, without touching any `.grad`: a picture is of
one root, while the `.grad` of a leaf may hold the sum of several passes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from autograd.graph import Edge, message

__all__ = ["BackwardPass"]


class BackwardPass:
    """One backward pass from `order[-1]` over a graph in topological order.

    `adjoint` is by id(node). The seed is the root's own `.grad`, which is right after `backward()`
    with any seed and for a part of a larger graph; where it is 0, no pass has come by (`ran` is
    False) and the seed is 1.
    """

    def __init__(self, order: Sequence[Any]) -> None:
        root = order[-1]
        self.ran: bool = root.grad != 0.0
        seed = root.grad if self.ran else 1.0
        self.adjoint: dict[int, float] = {id(node): 0.0 for node in order}
        adjoint = self.adjoint
        adjoint[id(root)] = seed
        waiting = Counter([id(parent) for node in order for parent in node.parents])
        stack = [root]
        while stack:
            node = stack.pop()
            passed_on = adjoint[id(node)]
            for parent, partial in zip(node.parents, node.partials, strict=True):
                key = id(parent)
                adjoint[key] += message(passed_on, partial, node)
                waiting[key] -= 1
                if not waiting[key]:
                    stack.append(parent)

    def sent(self, edge: Edge) -> float:
        """What travels down an edge."""
        return message(self.adjoint[id(edge.output)], edge.partial, edge.output)

    def holds_another(self, node: Any) -> bool:
        """Whether the node's `.grad` tells of other passes than this one."""
        here, there = self.adjoint[id(node)], node.grad
        if here == there or (math.isnan(here) and math.isnan(there)):
            return False
        return self.ran or there != 0.0
