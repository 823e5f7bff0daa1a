"""What every explanation of a wrong gradient is weighed by, and what all of them need to know."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from autograd.check.tutor import common_mistakes
from autograd.check.tutor.common_mistakes import LocalDerivative
from autograd.check.tutor.naming import Namer
from autograd.check.tutor.recorded_graph import Changes, RecordedGraph
from autograd.engine import graph
from autograd.engine.text import number

__all__ = ["SHARP", "WORK", "GradientCase", "Hypothesis", "off_by", "together"]

WORK: Final = 4_000_000  # edges walked over and numbers compared, at most: two seconds or so
SHARP: Final = 1e-9  # relative error of a coincidence that is none


@dataclass(slots=True)
class Hypothesis:
    """An explanation being weighed: a slip, and the gradient that it would give.

    cost: how far-fetched it is (0: seen every day; 1: as much as a second slip). changes: the local
    derivatives that it changes. covered: the wrong components that come out; broken: the right ones
    that it would make wrong.
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
        return len(self.covered) - 0.5 * len(self.broken) - 0.35 * self.cost


class GradientCase:
    """A gradient by hand beside the graph that it should be the gradient of.

    g: the graph. names, keys: what the components are called, and where they are in the nesting.
    name: gives the names of nodes. analytic, truth: the gradient by hand and that of the graph.
    """

    def __init__(
        self,
        recorded: RecordedGraph,
        names: list[str],
        keys: list[tuple[Any, ...]],
        name: Namer,
        analytic: Sequence[float],
        rtol: float,
    ) -> None:
        self.g = recorded
        self.names = names
        self.keys = keys
        self.name = name
        self.analytic = analytic
        self.rtol = rtol
        self.truth = recorded.gradient({})
        self.all = range(len(names))

    def matches(self, i: int, x: float) -> bool:
        """Whether x is the analytic number, and accounts for its difference from the truth."""
        a = self.analytic[i]
        apart = abs(x - a)
        if apart > 1e-2 * abs(a - self.truth[i]):
            return False
        return apart <= self.rtol * max(abs(a), abs(x)) + self.floor(i)

    def floor(self, i: int) -> float:
        return 1e-13 * self.g.magnitudes[i]

    def unchanged(self, i: int, x: float) -> bool:
        g = self.truth[i]
        return abs(x - g) <= self.rtol * max(abs(x), abs(g)) + self.floor(i)

    def same(self, a: float, b: float) -> bool:
        return abs(a - b) <= self.rtol * max(abs(a), abs(b))

    def with_component(self, i: int, x: float) -> list[float]:
        gradient = list(self.truth)
        gradient[i] = x
        return gradient

    def multiplied(self) -> Iterator[tuple[int, int]]:
        """The edges into products, each with the node that it is multiplied by."""
        for i, node in enumerate(self.g.nodes):
            if node.op not in ("mul", "dot"):
                continue
            inputs = node.inputs
            half = len(inputs) // 2
            edges = iter(self.g.below[i])
            for k, x in enumerate(inputs):
                if not hasattr(x, "parents"):
                    continue
                other = inputs[(k + half) % len(inputs)]
                yield next(edges), self.g.place.get(id(other), -1)

    @cached_property
    def local_derivatives(self) -> list[LocalDerivative]:
        return list(common_mistakes.local_derivatives(self.g))

    def simple(self, factor: float) -> str | None:
        """A factor that people lose or add without a reason of its own: -1, 2, 1/2, 1/n."""
        for value, said in self._simple_factors:
            if self.same(factor, value):
                return said
        return None

    @cached_property
    def _simple_factors(self) -> list[tuple[float, str]]:
        counts = {2, 3, 4, 5, 6, 8, 10, 100, len(self.names)}
        counts |= {len(node.inputs) for node in self.g.nodes if len(node.inputs) > 2}
        found = [(-1.0, "-1")]
        for n in sorted(counts - {1}):
            found += [(float(n), f"{n}"), (1.0 / n, f"1/{n}"), (-float(n), f"-{n}")]
            found += [(-1.0 / n, f"-1/{n}")]
        return found

    def known_number(self, factor: float) -> str | None:
        """A factor that is a value in the graph, or one over it."""
        for value, name in self._values:
            if abs(factor - value) <= SHARP * abs(value):
                return f"a factor {name} = {number(value, 6)} too many"
            if abs(factor * value - 1.0) <= SHARP:
                return f"the factor {name} = {number(value, 6)} is missing"
        return None

    @cached_property
    def _values(self) -> list[tuple[float, str]]:
        """The numbers of the graph, those with a name first."""
        found: dict[float, str] = {}
        for node in sorted(self.g.nodes, key=lambda node: not self.name.is_named(node)):
            for x in (node, *node.inputs):
                value = getattr(x, "data", x)
                if math.isfinite(value) and value not in (0.0, 1.0, -1.0):
                    known = hasattr(x, "data")
                    found.setdefault(value, self.name(x) if known else number(value, 6))
            for edge in self.g.below[self.g.place[id(node)]]:
                factor = self.g.factors[edge]
                if math.isfinite(factor) and factor not in (0.0, 1.0, -1.0):
                    parent = self.name(self.g.nodes[self.g.parents[edge]])
                    said = f"{graph.PARTIAL}({self.name(node)})/{graph.PARTIAL}{parent}"
                    found.setdefault(factor, said)
            if len(found) > 2000:
                break
        return list(found.items())

    def sign_of_difference(self, node: int, edge: int | None) -> str:
        assert edge is not None
        output = self.g.nodes[self.g.outputs[edge]]
        right = number(self.g.factors[edge])
        turned = number(-self.g.factors[edge])
        return (
            f"the sign is wrong: the derivative of {self.name(output)} with respect to "
            f"{self.name(self.g.nodes[node])} is {right}, and {turned} was used (the difference "
            "was turned round)"
        )


def off_by(said: str) -> str:
    hints = {
        "1/2": " (1/2 applied twice, or a 2 forgotten?)",
        "2": " (a 1/2 forgotten, or a 2 applied twice?)",
    }
    return f"off by the factor {said}{hints.get(said, '')}"


def together(parts: tuple[str, ...]) -> str:
    return f"{len(parts)} slips together"
