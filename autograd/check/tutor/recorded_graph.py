"""A recorded graph as arrays: adjoints and sensitivities, and the same with edges changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from autograd.engine import graph

__all__ = ["Changes", "RecordedGraph"]

Changes = dict[int, float]  # what an edge's local derivative is taken to be, by the edge's number


class RecordedGraph:
    """Nodes in topological order, edges by number, adjoints, and each node's own derivatives."""

    def __init__(self, root: Any, seeds: Sequence[Any]) -> None:
        self.nodes = graph.topological_order(root)
        self.place = {id(node): i for i, node in enumerate(self.nodes)}
        self.seeds = [self.place.get(id(seed), -1) for seed in seeds]
        self.outputs: list[int] = []
        self.parents: list[int] = []
        self.factors: list[float] = []
        self.below: list[range] = []  # the edges into each node
        for i, node in enumerate(self.nodes):
            first = len(self.outputs)
            for parent, factor in zip(node.parents, node.partials, strict=True):
                self.outputs.append(i)
                self.parents.append(self.place[id(parent)])
                self.factors.append(factor)
            self.below.append(range(first, len(self.outputs)))
        self.above: list[list[int]] = [[] for _ in self.nodes]
        for edge, parent in enumerate(self.parents):
            self.above[parent].append(edge)

    @property
    def size(self) -> int:
        return len(self.factors)

    def adjoints(self, changes: Changes) -> list[float]:
        """Backpropagation with some local derivatives changed."""
        found = [0.0] * len(self.nodes)
        found[-1] = 1.0
        for i in range(len(self.nodes) - 1, -1, -1):
            adjoint = found[i]
            if adjoint:
                for edge in self.below[i]:
                    factor = (
                        changes.get(edge, self.factors[edge]) if changes else self.factors[edge]
                    )
                    found[self.parents[edge]] += graph.message(adjoint, factor, self.nodes[i])
        return found

    def gradient(self, changes: Changes) -> list[float]:
        return self.of_seeds(self.adjoints(changes))

    def of_seeds(self, numbers: Sequence[float]) -> list[float]:
        return [numbers[i] if i >= 0 else 0.0 for i in self.seeds]

    @cached_property
    def true_adjoints(self) -> list[float]:
        return self.adjoints({})

    @cached_property
    def magnitudes(self) -> list[float]:
        """What the gradient would be if no two paths cancelled: the scale of its rounding."""
        return self.gradient_of_magnitudes()

    def gradient_of_magnitudes(self) -> list[float]:
        found = [0.0] * len(self.nodes)
        found[-1] = 1.0
        for i in range(len(self.nodes) - 1, -1, -1):
            for edge in self.below[i]:
                found[self.parents[edge]] += found[i] * abs(self.factors[edge])
        return self.of_seeds(found)

    @cached_property
    def sensitivities(self) -> list[list[float]]:
        """The derivative of every node with respect to every seed."""
        zero = [0.0] * len(self.seeds)
        rows: list[list[float]] = []
        own = {place: k for k, place in enumerate(self.seeds)}
        for i in range(len(self.nodes)):
            row = list(zero)
            if i in own:
                row[own[i]] = 1.0
            for edge in self.below[i]:
                factor, parent = self.factors[edge], rows[self.parents[edge]]
                if factor:
                    row = [x + factor * y if y else x for x, y in zip(row, parent, strict=True)]
            rows.append(row)
        return rows

    @cached_property
    def depths(self) -> list[int]:
        """The longest way from the root: nodes of the same depth are never above each other."""
        found = [0] * len(self.nodes)
        for i in range(len(self.nodes) - 1, -1, -1):
            for edge in self.below[i]:
                parent = self.parents[edge]
                found[parent] = max(found[parent], found[i] + 1)
        return found

    @cached_property
    def heights(self) -> list[int]:
        """The longest way from a leaf: the same for all units of a layer, however they are used."""
        found: list[int] = []
        for edges in self.below:
            found.append(1 + max((found[self.parents[edge]] for edge in edges), default=-1))
        return found

    def through_edge(self, edge: int) -> list[float]:
        """What the paths over an edge contribute to each component."""
        weight = self.true_adjoints[self.outputs[edge]] * self.factors[edge]
        return [weight * x for x in self.sensitivities[self.parents[edge]]]

    def through_node(self, node: int) -> list[float]:
        weight = self.true_adjoints[node]
        return [weight * x for x in self.sensitivities[node]]
