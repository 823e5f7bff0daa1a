"""What every explanation of a wrong gradient is weighed by, and what all of them need to know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from autograd.check.tutor.common_mistakes import LocalDerivative, local_derivatives
from autograd.check.tutor.naming import Namer
from autograd.check.tutor.recorded_graph import Changes, RecordedGraph
from autograd.engine.locks import cached_property
from autograd.engine.text import number

__all__ = ["SHARP", "WORK", "GradientCase", "Hypothesis"]

WORK: Final = 4_000_000  # edges walked over and numbers compared, at most: two seconds or so
SHARP: Final = 1e-9  # relative error of a coincidence that is none
FEW_EDGES: Final = 8  # whose change is cheaper to add up than a reverse pass

T = TypeVar("T")


@dataclass(slots=True)
class Hypothesis:
    """An explanation being weighed: a slip, and the gradient that it would give.

    cost: how unlikely it is (0: seen every day; 1: as a second slip). changes: the derivatives that
    it changes, edge by edge. covered: the wrong components that come out; broken: the right ones
    that it would make wrong. parts: of several slips together.
    """

    kind: str
    text: str
    gradient: list[float]
    cost: float
    changes: Changes = field(default_factory=dict)
    covered: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    parts: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Components explained, less what speaks against it."""
        return len(self.covered) - 0.5 * len(self.broken) - 0.35 * self.cost


@dataclass
class GradientCase:
    """A gradient by hand beside the graph that it should be the gradient of.

    names, keys: what the components are called, and where they are in the nesting. name: gives the
    names of nodes. analytic: the gradient by hand, component by component.
    """

    graph: RecordedGraph
    names: Sequence[str]
    keys: Sequence[tuple[Any, ...]]
    name: Namer
    analytic: Sequence[float]
    rtol: float

    @cached_property
    def truth(self) -> list[float]:
        """The gradient of the graph."""
        return self.graph.gradient({})

    def matches(self, i: int, x: float) -> bool:
        """Whether x is the analytic number, and accounts for its difference from the truth."""
        a = self.analytic[i]
        return abs(x - a) <= 1e-2 * abs(a - self.truth[i]) and self._is(i, x, a)

    def unchanged(self, i: int, x: float) -> bool:
        """Whether x is the true derivative."""
        return self._is(i, x, self.truth[i])

    def _is(self, i: int, x: float, y: float) -> bool:
        rounding = 1e-13 * self.graph.magnitudes[i]
        return abs(x - y) <= self.rtol * max(abs(x), abs(y)) + rounding

    def same(self, a: float, b: float) -> bool:
        """Whether two factors are the same."""
        return abs(a - b) <= self.rtol * max(abs(a), abs(b))

    def gradient_with(self, changes: Changes) -> list[float]:
        """The gradient with other local derivatives, of edges none of which is below another."""
        if len(changes) > FEW_EDGES:
            return self.graph.gradient(changes)
        gradient = self.truth
        for edge, partial in changes.items():
            adjoint = self.graph.true_adjoints[self.graph.outputs[edge]]
            if adjoint:
                weight = adjoint * (partial - self.graph.partials[edge])
                row = self.graph.sensitivities[self.graph.parents[edge]]
                gradient = [g + weight * x for g, x in zip(gradient, row, strict=True)]
        return gradient

    def with_components(self, numbers: dict[int, float]) -> list[float]:
        """The true gradient with other numbers in a few components."""
        return [numbers.get(i, x) for i, x in enumerate(self.truth)]

    def layers(self, places: Iterable[tuple[Hashable, int, T]]) -> list[list[T]]:
        """Of (role, node, thing) the things of one role, at one depth or one height."""
        found: dict[Hashable, list[T]] = defaultdict(list)
        for role, node, thing in places:
            found[role, "depth", self.graph.depths[node]].append(thing)
            found[role, "height", self.graph.heights[node]].append(thing)
        return list(found.values())

    def multiplied(self) -> Iterator[tuple[int, int]]:
        """The edges into products, each with the node that it is multiplied by; -1: a number."""
        for i, node in enumerate(self.graph.nodes):
            if node.op in ("mul", "dot"):
                inputs = node.inputs
                live = [k for k, x in enumerate(inputs) if hasattr(x, "parents")]
                for edge, k in zip(self.graph.below[i], live, strict=True):
                    other = inputs[(k + len(inputs) // 2) % len(inputs)]
                    yield edge, self.graph.place.get(id(other), -1)

    def contributions(self, i: int) -> dict[int, float]:
        """What each use of a component adds to its derivative, by edge."""
        graph, seed = self.graph, self.graph.seeds[i]
        edges = graph.above[seed] if seed >= 0 else []
        return {e: graph.true_adjoints[graph.outputs[e]] * graph.partials[e] for e in edges}

    @cached_property
    def local_derivatives(self) -> list[LocalDerivative]:
        """Where a rule for a derivative is applied."""
        return list(local_derivatives(self.graph))

    def simple(self, factor: float) -> str | None:
        """A factor that people lose or add without a reason of its own: -1, 2, 1/2, 1/n."""
        return next((said for x, said in self._simple_factors if self.same(factor, x)), None)

    @cached_property
    def _simple_factors(self) -> list[tuple[float, str]]:
        counts = {2, 3, 4, 5, 6, 8, 10, 100, len(self.names)}
        counts |= {len(node.inputs) for node in self.graph.nodes if len(node.inputs) > 2}
        found = [(-1.0, "-1")]
        for n in sorted(counts - {1}):
            found += [(float(n), f"{n}"), (1.0 / n, f"1/{n}")]
            found += [(-float(n), f"-{n}"), (-1.0 / n, f"-1/{n}")]
        return found

    def known_number(self, factor: float) -> str | None:
        """A factor that is a value with a name, or one over it."""
        for value, name in self._known_numbers:
            if abs(factor - value) <= SHARP * abs(value):
                return f"a factor {name} = {number(value, 6)} too many"
            if abs(factor * value - 1.0) <= SHARP:
                return f"the factor {name} = {number(value, 6)} is missing"
        return None

    @cached_property
    def _known_numbers(self) -> list[tuple[float, str]]:
        named = filter(self.name.is_named, self.graph.nodes)
        return [(x.data, self.name(x)) for x in named if x.data not in (0.0, 1.0, -1.0)]

    def turned_round(self, edge: int) -> str:
        """Words for the sign of a difference, the other way round."""
        output = self.name(self.graph.nodes[self.graph.outputs[edge]])
        parent = self.name(self.graph.nodes[self.graph.parents[edge]])
        right, wrong = self.graph.partials[edge], -self.graph.partials[edge]
        return (
            f"the sign is wrong: the derivative of {output} with respect to {parent} is "
            f"{number(right)}, and {number(wrong)} was used (the difference was turned round)"
        )
