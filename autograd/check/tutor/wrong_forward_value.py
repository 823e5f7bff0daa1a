"""Slips on the way forward: one value computed wrongly, which is solved for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from autograd.check.tutor.hypotheses import WORK, GradientCase, Hypothesis
from autograd.check.tutor.recorded_graph import Changes
from autograd.engine.text import number

__all__ = ["wrong_value"]

NODES_SOLVED: Final = 200  # nodes whose value is solved for, at most
SWEEPS: Final = 25  # over the graph, for each: some eight times forward, by rules, and back


def wrong_value(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """A node whose value, taken wrongly on the way forward, would give these numbers.

    Only where the components are off by several factors: one number can be solved for to give
    any one factor.
    """
    ratios = [case.analytic[i] / case.truth[i] for i in wrong if case.truth[i]]
    if len(ratios) < 2 or all(case.same(ratio, ratios[0]) for ratio in ratios):
        return
    inner = [i for i, node in enumerate(case.graph.nodes[:-1]) if node.inputs]
    by_hand = {i for i in inner if _is_computed_by_hand(case, case.graph.nodes[i])}
    most = min(NODES_SOLVED, WORK // (SWEEPS * (case.graph.size or 1)))
    for places in (sorted(by_hand), [i for i in inner if i not in by_hand]):
        found = [(i, _solved(case, i, wrong)) for i in places[max(0, len(places) - most) :]]
        solved = [(i, *result) for i, result in found if result is not None]
        if solved:
            said = [_replaced(case, i, value) for i, value, _ in solved[-3:]]
            text = "; or ".join(said) + ": a slip on the way forward, not in the chain rule"
            yield Hypothesis("value", text, solved[-1][2], 1.5)
            return


def _is_computed_by_hand(case: GradientCase, node: Any) -> bool:
    """Whether a node is a value that one writes down, not a step inside a function."""
    return case.name.is_named(node) or node.op in ("add", "sub", "mul", "dot", "sum", "mean")


def _replaced(case: GradientCase, place: int, value: float) -> str:
    node = case.graph.nodes[place]
    right, wrong = number(node.data, 6), number(value, 6)
    return f"the value of {case.name(node)} is {right}, and {wrong} was used"


def _solved(case: GradientCase, place: int, wrong: list[int]) -> tuple[float, list[float]] | None:
    """The value of one node for which the wrong components come out, by the secant method."""
    before, gradient = case.graph.nodes[place].data, case.truth
    value = before + 1e-4 * max(abs(before), 1e-2)
    i = -1  # the component that is most sensitive to it
    for _ in range(20):
        found = _with_value(case, place, value)
        if found is None:
            return None
        if i < 0:
            i = max(wrong, key=lambda i: abs(found[i] - case.truth[i]) / abs(case.truth[i] or 1.0))
        change, error = found[i] - gradient[i], found[i] - case.analytic[i]
        gradient = found
        if abs(error) <= 1e-14 * abs(case.analytic[i]):
            break
        if change == 0.0:
            return None
        before, value = value, value - error * (value - before) / change
    return (value, gradient) if all(case.matches(k, gradient[k]) for k in wrong) else None


def _with_value(case: GradientCase, place: int, value: float) -> list[float] | None:
    """The gradient of the graph, computed anew with one node's value replaced."""
    if not math.isfinite(value):
        return None
    graph = case.graph
    data = [node.data for node in graph.nodes]
    data[place] = value
    changed = {place}
    changes: Changes = {}
    for i, edges in enumerate(graph.below[place:], place):
        node, parents = graph.nodes[i], iter(graph.parents[e] for e in edges)
        if i != place and changed.isdisjoint(graph.parents[e] for e in edges):
            continue
        xs = [data[next(parents)] if hasattr(x, "data") else x for x in node.inputs]
        try:
            if i != place:
                data[i] = node.primitive.forward(*xs)
                changed.add(i)
            partials = node.primitive.partials(data[i], *xs)
        except (ArithmeticError, ValueError):
            return None
        partials = partials if isinstance(partials, (tuple, list)) else (partials,)
        live = [p for p, x in zip(partials, node.inputs, strict=True) if hasattr(x, "data")]
        changes |= dict(zip(edges, live, strict=True))
    return graph.gradient(changes)
