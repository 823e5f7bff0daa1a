"""A recorded graph with its seeds: the gradient, and the same with local derivatives changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine.graph import Graph
from autograd.engine.locks import cached_property

__all__ = ["Changes", "RecordedGraph"]

Changes = dict[int, float]  # what an edge's local derivative is taken to be, by the edge's number


class RecordedGraph(Graph):
    """The graph below a root, with the seeds by which it is differentiated as places among its
    nodes: -1 of a seed that the root does not depend on."""

    def __init__(self, root: Any, seeds: Sequence[Any]) -> None:
        super().__init__([root])
        self.seeds = [self.place.get(id(seed), -1) for seed in seeds]

    @cached_property
    def below(self) -> list[range]:
        """The edges into each node."""
        return list(map(self.into, range(len(self.nodes))))

    @property
    def size(self) -> int:
        return len(self.parents)

    def gradient(self, changes: Changes) -> list[float]:
        """Backpropagation with some local derivatives changed."""
        partials = list(self.partials)
        for edge, partial in changes.items():
            partials[edge] = partial
        return self.of_seeds(self.adjoints(partials=partials))

    def of_seeds(self, numbers: Sequence[float]) -> list[float]:
        return [numbers[i] if i >= 0 else 0.0 for i in self.seeds]

    @cached_property
    def true_adjoints(self) -> list[float]:
        return self.adjoints()

    @cached_property
    def magnitudes(self) -> list[float]:
        """What the gradient would be if no two paths cancelled: the scale of its rounding."""
        return self.of_seeds(self.adjoints(partials=list(map(abs, self.partials))))

    @cached_property
    def sensitivities(self) -> list[list[float]]:
        """The derivative of every node with respect to every seed."""
        rows: list[list[float]] = []
        own = {place: k for k, place in enumerate(self.seeds)}
        for i, edges in enumerate(self.below):
            row = [0.0] * len(self.seeds)
            if i in own:
                row[own[i]] = 1.0
            for edge in edges:
                partial, parent = self.partials[edge], rows[self.parents[edge]]
                if partial:
                    row = [x + partial * y if y else x for x, y in zip(row, parent, strict=True)]
            rows.append(row)
        return rows

    @cached_property
    def depths(self) -> list[int]:
        """The longest way from a root: nodes of the same depth are never above each other."""
        found = [0] * len(self.nodes)
        for i in range(len(found) - 1, -1, -1):
            for j in self.below[i]:
                k = self.parents[j]
                found[k] = max(found[k], found[i] + 1)
        return found

    @cached_property
    def heights(self) -> list[int]:
        """The longest way from a leaf: the same for all units of a layer, however they are used."""
        found: list[int] = []
        for edges in self.below:
            found.append(1 + max((found[self.parents[j]] for j in edges), default=-1))
        return found

    def through_edge(self, edge: int) -> list[float]:
        """What the paths over an edge contribute to each component."""
        weight = self.true_adjoints[self.outputs[edge]] * self.partials[edge]
        return [weight * x for x in self.sensitivities[self.parents[edge]]]

    def through_node(self, node: int) -> list[float]:
        weight = self.true_adjoints[node]
        return [weight * x for x in self.sensitivities[node]]
