"""Slips on paths: one wrong factor on all that go through a node or an edge, or some left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from autograd.check.tutor.common_mistakes import FACTOR, LEFT_OUT, SIGN
from autograd.check.tutor.hypotheses import GradientCase, Hypothesis
from autograd.engine.text import EN_DASH, number, plural

__all__ = ["off_by", "some_left_out", "through_places"]

MANY_USES: Final = 10  # of a component: from here on only one is thought of as what arrived


def through_places(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """A node or an edge, and the factor that its paths would need.

    A wrong component a tells which: a = g + (factor - 1) x (what these paths contribute to it).
    """
    graph = case.graph
    for node in range(len(graph.nodes)):
        yield from _through(case, graph.through_node(node), node, None, wrong)
    for edge in range(graph.size):
        if len(graph.below[graph.outputs[edge]]) > 1:
            yield from _through(case, graph.through_edge(edge), graph.parents[edge], edge, wrong)


def _through(
    case: GradientCase, share: list[float], node: int, edge: int | None, wrong: list[int]
) -> Iterator[Hypothesis]:
    """The factors (most common first) by which the share of these paths is off."""
    factors: dict[float, int] = {}
    for i in wrong:
        if abs(share[i]) > 1e-12 * case.graph.magnitudes[i]:
            factor = 1.0 + (case.analytic[i] - case.truth[i]) / share[i]
            factor = 0.0 if abs(factor) < case.rtol else factor
            near = next((f for f in factors if case.same(f, factor)), factor)
            factors[near] = factors.get(near, 0) + 1
    edges = case.graph.below[node] if edge is None else [edge]
    for factor in sorted(filter(math.isfinite, factors), key=lambda f: -factors[f])[:3]:
        said = _said(case, factor, node, edge)
        if said is None and factors[factor] > 1:
            words = off_by(number(factor, 6), _where(case, node, edge))
            said = FACTOR, f"{words}, which is no known number", 4.0
        if said is not None:
            kind, text, cost = said
            gradient = [g + (factor - 1.0) * s for g, s in zip(case.truth, share, strict=True)]
            changes = {e: factor * case.graph.partials[e] for e in edges}
            yield Hypothesis(kind, text, gradient, cost, changes)


def _where(case: GradientCase, node: int, edge: int | None) -> str:
    """Words for the paths through a place; none for those of a component, which are all it has."""
    graph = case.graph
    name = case.name(graph.nodes[node])
    if edge is not None:
        return f"every path {name}{EN_DASH}{case.name(graph.nodes[graph.outputs[edge]])}"
    return "" if node in graph.seeds else f"every path through {name}"


def _said(
    case: GradientCase, factor: float, node: int, edge: int | None
) -> tuple[str, str, float] | None:
    """Kind, words and cost of a factor on the paths through a place."""
    graph = case.graph
    component = node in graph.seeds
    where = _where(case, node, edge)
    on = f" on {where}" if where else ""
    unnamed = 0.15 if where and not case.name.is_named(graph.nodes[node]) else 0.0
    simple = case.simple(factor)
    known = case.known_number(factor) if simple is None and factor else None
    if factor == 0.0 and edge is not None:
        return LEFT_OUT, _left_out(case, node, [edge]), (0.1 if component else 0.2) + unnamed
    if factor == 0.0 and not component:
        return LEFT_OUT, f"{where} is left out", 0.2 + unnamed
    if simple == "-1" and edge is not None and graph.nodes[graph.outputs[edge]].op == "sub":
        return SIGN, case.turned_round(edge), 0.1
    if simple == "-1":
        return SIGN, f"the sign is wrong{on}", 0.3 + unnamed
    if simple is not None:
        return FACTOR, off_by(simple, where), (0.4 if edge is None and where else 0.5) + unnamed
    return None if known is None else (FACTOR, known + on, 2.0 + unnamed)


def off_by(factor: str, where: str = "") -> str:
    """Words for a factor, with what it mostly comes from."""
    hints = {
        "1/2": " (1/2 applied twice, or a 2 forgotten?)",
        "2": " (a 1/2 forgotten, a 2 applied twice, or a path counted twice?)",
    }
    on = f" on {where}" if where else ""
    return f"off by the factor {factor}{on}{hints.get(factor, '')}"


def some_left_out(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """Components of which a few contributions arrived, or only one, as with `=` for `+=`."""
    for i in wrong:
        shares = case.contributions(i)
        sizes = range(1, len(shares) - 1) if len(shares) <= MANY_USES else [1]
        for kept in (kept for size in sizes for kept in combinations(shares, size)):
            total = math.fsum(shares[edge] for edge in kept)
            if case.matches(i, total):
                lost = [edge for edge in shares if edge not in kept]
                text = _left_out(case, case.graph.seeds[i], lost)
                cost = 0.3 + 0.2 * min(len(kept), len(lost))
                yield Hypothesis(LEFT_OUT, text, case.with_components({i: total}), cost)


def _left_out(case: GradientCase, node: int, lost: Sequence[int]) -> str:
    """Words for edges of which nothing arrived at the node below them."""
    graph = case.graph
    name = case.name(graph.nodes[node])
    kept = [graph.nodes[graph.outputs[e]] for e in graph.above[node] if e not in lost]
    missing = [graph.nodes[graph.outputs[e]] for e in lost]
    outputs = case.name.listed(missing)
    paths = f"path {name}{EN_DASH}{outputs}" if len(lost) == 1 else f"paths {name} to {outputs}"
    if len(kept) != 1:
        return f"the {paths} left out"
    if any(x is kept[0] for x in missing):  # y * y has two edges with the same ends
        uses = 1 + len(lost)
        said = f"only 1 of the {uses} messages to {name} arrived"
        return f"{said}: it is used {plural(uses, 'time')}, by {outputs}"
    return (
        f"the {paths} left out: only the contribution through {case.name(kept[0])} arrived, as "
        "when `=` is written where `+=` is needed"
    )
