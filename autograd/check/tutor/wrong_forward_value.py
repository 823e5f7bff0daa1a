"""Slips on the way forward: one value computed wrongly, which is solved for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

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
    inner = [i for i in range(len(case.g.nodes) - 1) if case.g.below[i]]
    found = []
    most = min(NODES_SOLVED, WORK // (SWEEPS * (case.g.size or 1)))
    for place in inner[max(0, len(inner) - most) :]:
        solved = _solved(case, place, wrong)
        if solved is not None:
            found.append((place, *solved))
    plain = [entry for entry in found if _is_plain(case, entry[0])] or found
    if plain:
        said = [
            f"the value of {case.name(case.g.nodes[place])} is "
            f"{number(case.g.nodes[place].data, 6)}, and {number(value, 6)} was used"
            for place, value, _ in plain[-3:]
        ]
        text = "; or ".join(said) + ": a slip on the way forward, not in the chain rule"
        yield Hypothesis("value", text, plain[-1][2], 1.5)


def _is_plain(case: GradientCase, place: int) -> bool:
    """Whether a node is a value that one computes by hand, not a step inside a function."""
    node = case.g.nodes[place]
    return case.name.is_named(node) or node.op in ("add", "sub", "mul", "dot", "sum", "mean")


def _solved(case: GradientCase, place: int, wrong: list[int]) -> tuple[float, list[float]] | None:
    """The value of one node for which the wrong components come out, by the secant method."""
    start = case.g.nodes[place].data
    first = _with_value(case, place, start + 1e-4 * max(abs(start), 1e-2))
    if first is None:
        return None
    i = max(wrong, key=lambda i: abs(first[i] - case.truth[i]) / (abs(case.truth[i]) or 1.0))
    goal = case.analytic[i]
    x0, y0 = start, case.truth[i] - goal
    x1, y1 = start + 1e-4 * max(abs(start), 1e-2), first[i] - goal
    gradient: list[float] | None = first
    for _ in range(20):
        if y1 == y0:
            return None
        x0, x1, y0 = x1, x1 - y1 * (x1 - x0) / (y1 - y0), y1
        gradient = _with_value(case, place, x1)
        if gradient is None:
            return None
        y1 = gradient[i] - goal
        if abs(y1) <= 1e-14 * abs(goal):
            break
    assert gradient is not None
    fits = all(case.matches(k, gradient[k]) for k in wrong)
    return (x1, gradient) if fits else None


def _with_value(case: GradientCase, place: int, value: float) -> list[float] | None:
    """The gradient of the graph, computed anew with one node's value replaced."""
    if not math.isfinite(value):
        return None
    data = [node.data for node in case.g.nodes]
    data[place] = value
    changed = {place}
    changes: Changes = {}
    for i, node in enumerate(case.g.nodes):
        edges = case.g.below[i]
        touched = any(case.g.parents[e] in changed for e in edges)
        if not edges or not (touched or i == place):
            continue
        at = iter(edges)
        xs = [data[case.g.parents[next(at)]] if hasattr(x, "data") else x for x in node.inputs]
        try:
            if i != place:
                data[i] = node.primitive.forward(*xs)
                changed.add(i)
            factors = node.primitive.partials(data[i], *xs)
        except (ArithmeticError, ValueError):
            return None
        factors = factors if isinstance(factors, (tuple, list)) else (factors,)
        live = [f for f, x in zip(factors, node.inputs, strict=True) if hasattr(x, "data")]
        changes |= dict(zip(edges, live, strict=True))
    return case.g.gradient(changes)
