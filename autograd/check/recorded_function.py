"""A function run once on Values: its graph, its gradient, names for its nodes, and what is odd."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.check.decisions import Decisions
from autograd.check.finite_differences import Slope, differentiate
from autograd.check.point import FAILURES, Point, float_of
from autograd.check.tutor.naming import Namer, call_named, few
from autograd.check.verdicts import agree
from autograd.engine.graph import Graph, topological_order
from autograd.engine.locks import cached_property
from autograd.engine.modes import no_grad
from autograd.engine.text import formula, number
from autograd.engine.value import Value
from autograd.engine.zero_times_infinity import undecided
from autograd.transforms.linearization import Linearization

__all__ = ["RecordedFunction"]


class RecordedFunction:
    """root, seeds, nodes: the graph at a point. value, gradient: of the function, as floats."""

    def __init__(self, point: Point) -> None:
        known: dict[int, str] = {}
        self._point = point

        def recorded(*args: Any) -> Any:
            return call_named(point.f, args, known)

        arguments = tuple(point.arguments(point.numbers))
        with no_grad():  # the function is recorded all the same, but not its derivative
            call = Linearization(recorded, arguments, {}, tuple(point.places), "check_grad")
            result = call.single_result()
            self.gradient: list[float] = list(map(float_of, call.pull([result], [1.0])))
        self.seeds: list[Value] = list(call.seeds)
        self.root = result if isinstance(result, Value) else Value(result)
        self.value = self.root.data
        self.nodes = topological_order(self.root)
        known |= {id(seed): name for seed, name in zip(self.seeds, point.names, strict=True)}
        self.name = Namer(known)

    def undecided(self, i: int) -> str:
        """Where 0 x infinity was taken for 0 on the way to a component; "" where it was not."""
        graph = self._graph
        found = undecided(graph, self._adjoints, [self.seeds[i]])
        return found[0].sentence(self._made, self._shown) if found else ""

    @cached_property
    def _graph(self) -> Graph:
        return Graph([self.root])

    @cached_property
    def _adjoints(self) -> list[float]:
        return self._graph.adjoints()

    def _made(self, node: Value) -> str:
        """`r = sqrt(x)`; what has no name is called by its formula already."""
        name = self.name(node)
        return f"{name} = {formula(node, self.name)}" if self.name.is_named(node) else name

    def _shown(self, node: Value) -> str:
        return f"{self.name(node)} = {number(node.data, 6)}"

    @cached_property
    def is_constant(self) -> bool:
        """Whether no path leads from any component to the result."""
        return {id(node) for node in self.nodes}.isdisjoint(map(id, self.seeds))

    def why_wrong(self, i: int) -> str:
        """What may have kept the recorded graph from the right derivative of a component, each
        reason that is known on a line of its own."""
        here = any(node is self.seeds[i] for node in self.nodes)
        lines = [] if here else ["no path leads from it to the result in the recorded graph"]
        lines += filter(None, [self.undecided(i)])
        lines += self._decisions.ways_out(i)
        if choices := self._decisions.choices(i):
            lines += ["no derivative flows through what is decided by numbers:", *choices]
        if lines:
            return _each_on_its_line(lines)
        return (
            " if the function reads .data, calls detach() or float(), or uses a primitive of "
            "your own, what it computes there is not in the graph"
        )

    def choices(self, i: int) -> str:
        """What is decided by a component, as lines; "" where there is nothing."""
        return _each_on_its_line(self._decisions.choices(i))

    @cached_property
    def _decisions(self) -> Decisions:
        return Decisions(self._point)

    def kink_of(self, i: int) -> str:
        """The operations below which a component meets a kink or a jump, and what is decided."""
        found = []
        reached = {id(self.seeds[i])}
        for node in self.nodes:
            if not any(id(parent) in reached for parent in node.parents):
                continue
            reached.add(id(node))
            row = node.primitive
            if row is not None and row.kinks and _is_kinked(node, reached):
                found.append(f"{self.name(node)} ({row.name}: {row.kinks})")
        if not found:
            return f"the branch that the function takes here{self.choices(i) or ' (an if)'}"
        return few(found, 2)

    def faulty_primitives(self) -> Iterator[str]:
        """The user's operations whose rule disagrees with their own values."""
        said = set()
        for node in self.nodes:
            row = node.primitive
            if row is None or row.builtin or row.name in said:
                continue
            live = [k for k, x in enumerate(node.inputs) if isinstance(x, Value)]
            for k, partial in zip(live, node.partials, strict=True):
                slope = _slope(node, k, partial)
                if slope.kind == "smooth" and not agree(partial, slope.value, 1e-6, slope.error):
                    said.add(row.name)
                    yield (
                        f"the rule of the primitive {row.name!r} is wrong: at "
                        f"{few([number(x, 6) for x in map(float_of, node.inputs)])} its derivative "
                        f"with respect to input {k + 1} is {number(slope.value, 10)}, its "
                        f"partials say {number(partial, 10)}"
                    )
                    break


def _each_on_its_line(sentences: Sequence[str]) -> str:
    return "".join(f"\n  {sentence}" for sentence in sentences)


def _is_kinked(node: Value, reached: set[int]) -> bool:
    return any(
        _slope(node, k).kind in ("kink", "jump", "infinite")
        for k, x in enumerate(node.inputs)
        if id(x) in reached
    )


def _slope(node: Any, k: int, expected: float = math.nan) -> Slope:
    """The derivative of one operation with respect to one of its inputs, by differences."""
    xs = list(map(float_of, node.inputs))

    def line(x: float) -> float:
        try:
            value: float = node.primitive.forward(*xs[:k], x, *xs[k + 1 :])
        except FAILURES:
            return math.nan
        return value

    return differentiate(line, xs[k], expected)
