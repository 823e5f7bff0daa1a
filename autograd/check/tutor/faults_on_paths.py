"""Slips in a place: one wrong factor on all paths through a node or an edge, solved for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from autograd.check.tutor.common_mistakes import FACTOR, LEFT_OUT, SIGN
from autograd.check.tutor.hypotheses import GradientCase, Hypothesis, off_by
from autograd.engine.graph import EN_DASH
from autograd.engine.text import number

__all__ = ["through_places"]


def through_places(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """A node or an edge, and the factor that its paths would need."""
    for node in range(len(case.g.nodes)):
        yield from _through(case, case.g.through_node(node), node, None, wrong)
    for edge in range(case.g.size):
        if len(case.g.below[case.g.outputs[edge]]) > 1:
            yield from _through(case, case.g.through_edge(edge), case.g.parents[edge], edge, wrong)


def _through(
    case: GradientCase, share: list[float], node: int, edge: int | None, wrong: list[int]
) -> Iterator[Hypothesis]:
    """The factors (most common first) by which the share of these paths is off."""
    factors: dict[float, int] = {}
    for i in wrong:
        if abs(share[i]) > 1e-12 * case.g.magnitudes[i]:
            factor = 1.0 + (case.analytic[i] - case.truth[i]) / share[i]
            near = next((f for f in factors if case.same(f, factor)), factor)
            factors[near] = factors.get(near, 0) + 1
    common = sorted(factors, key=lambda factor: -factors[factor])[:3]
    for factor in [0.0 if abs(f) < case.rtol else f for f in common if math.isfinite(f)]:
        times = factors.get(factor, 1)
        said = _said_factor(case, factor, node, edge)
        if said is None and times < 2:
            continue
        kind, text, cost = said or (
            FACTOR,
            f"{_where(case, node, edge)} carries a factor {number(factor, 6)}: no known number",
            4.0,
        )
        gradient = [g + (factor - 1.0) * s for g, s in zip(case.truth, share, strict=True)]
        edges = [edge] if edge is not None else case.g.below[node]
        changes = {e: factor * case.g.factors[e] for e in edges}
        yield Hypothesis(kind, text, gradient, cost, changes)


def _where(case: GradientCase, node: int, edge: int | None) -> str:
    name = case.name(case.g.nodes[node])
    if edge is None:
        return f"every path through {name}"
    output = case.name(case.g.nodes[case.g.outputs[edge]])
    return f"every path {name}{EN_DASH}{output}"


def _said_factor(
    case: GradientCase, factor: float, node: int, edge: int | None
) -> tuple[str, str, float] | None:
    """Words for a factor on the paths through a place."""
    place = case.g.nodes[node]
    if edge is None and node in case.g.seeds:
        return _said_of_seed(case, factor)
    plain = 0.0 if case.name.is_named(place) else 0.15
    output = case.g.nodes[case.g.outputs[edge]] if edge is not None else None
    if factor == 0.0:
        if edge is None:
            return LEFT_OUT, f"{_where(case, node, edge)} is left out", 0.2 + plain
        own = 0.1 if node in case.g.seeds else 0.2
        return LEFT_OUT, _dropped(case, node, edge), own + plain
    simple = case.simple(factor)
    if simple == "-1":
        if output is not None and output.op == "sub":
            return SIGN, case.sign_of_difference(node, edge), 0.1
        return SIGN, f"the sign is wrong on {_where(case, node, edge)}", 0.3 + plain
    if simple is not None:
        text = f"{_where(case, node, edge)} carries a factor {simple} too many"
        hint = {
            "1/2": ": was 1/2 applied twice?",
            "2": ": a 1/2 forgotten, a 2 too many, or added twice?",
        }
        return FACTOR, text + hint.get(simple, ""), 0.4 + plain + 0.1 * (edge is not None)
    known = case.known_number(factor)
    if known is not None:
        return FACTOR, f"{known} on {_where(case, node, edge)}", 2.0 + plain
    return None


def _said_of_seed(case: GradientCase, factor: float) -> tuple[str, str, float] | None:
    """Words for a component that is off by a factor, whatever its paths."""
    simple = case.simple(factor)
    if simple == "-1":
        return SIGN, "the sign is wrong", 0.3
    if simple is not None:
        return FACTOR, off_by(simple), 0.5
    known = case.known_number(factor) if factor else None
    return None if known is None else (FACTOR, known, 2.0)


def _dropped(case: GradientCase, node: int, edge: int) -> str:
    """An edge of which nothing arrived, said for the node below it."""
    consumers = case.g.above[node]
    lost = case.g.nodes[case.g.outputs[edge]]
    kept = [case.g.nodes[case.g.outputs[e]] for e in consumers if e != edge]
    parent = case.g.nodes[node]
    route = f"the path {case.name(parent)}{EN_DASH}{case.name(lost)} left out"
    if len(kept) == 1:
        route += (
            f": only the contribution through {case.name(kept[0])} arrived, as when `=` is "
            "written where `+=` is needed"
        )
    return route
