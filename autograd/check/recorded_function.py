"""A function run once on Values: its graph, its gradient, names for its nodes, and what is odd."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from autograd.check.finite_differences import Slope, differentiate
from autograd.check.point import FAILURES, Point, float_of
from autograd.check.tutor.naming import Namer, call_named, few
from autograd.check.verdicts import agree
from autograd.engine.graph import topological_order
from autograd.engine.modes import no_grad
from autograd.engine.text import number
from autograd.engine.value import Value
from autograd.transforms.linearization import Linearization

__all__ = ["RecordedFunction"]


class RecordedFunction:
    """root, seeds, nodes: the graph at a point. value, gradient: of the function, as floats."""

    def __init__(self, point: Point) -> None:
        known: dict[int, str] = {}

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

    def why_wrong(self, i: int) -> str:
        """What may have kept the recorded graph from the right derivative of a component."""
        if any(node is self.seeds[i] for node in self.nodes):
            return (
                "if the function reads .data, calls detach() or float(), or uses a primitive of "
                "your own, what it computes there is not in the graph"
            )
        return (
            "no path leads from it to the result in the recorded graph: the function reads its "
            ".data, detaches it, or uses it in a no_grad block"
        )

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
            return "the branch that the function takes here (an if, a comparison)"
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
