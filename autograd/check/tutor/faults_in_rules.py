"""Local derivatives replaced by what people write: in one place, in a layer, or everywhere."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Any

from autograd.check.tutor.common_mistakes import (
    FACTOR,
    MISSING,
    SIGN,
    LocalDerivative,
    written_rules,
)
from autograd.check.tutor.hypotheses import SHARP, WORK, GradientCase, Hypothesis
from autograd.check.tutor.naming import few
from autograd.check.tutor.recorded_graph import Changes
from autograd.engine.text import number

__all__ = ["rules_for_many", "single_rules", "unsquared", "without_factor"]


def single_rules(case: GradientCase) -> Iterator[Hypothesis]:
    """Every local derivative with each one that is written in its place."""
    for local in case.local_derivatives:
        node = case.graph.nodes[local.node]
        for kind, value, text, cost in written_rules(local, node):
            changes = _changed(case, local, value)
            if changes:
                said = f"{_function(local, node)} is {text} (at {case.name(node)})"
                yield Hypothesis(kind, said, case.gradient_with(changes), cost, changes)


def _function(local: LocalDerivative, node: Any) -> str:
    name = {"square": "x**2", "div": "a/b"}.get(local.op, local.op)
    if local.op == "pow_const":
        name = f"x**{number(node.inputs[1], 6)}"
    return f"the derivative of {name}"


def _changed(case: GradientCase, local: LocalDerivative, value: float) -> Changes:
    """The partials that it changes; none where it is the same."""
    if not math.isfinite(value) or abs(value - local.right) <= SHARP * abs(local.right):
        return {}
    if local.right == 0.0:
        return dict.fromkeys(local.edges, value) if len(local.edges) == 1 else {}
    return {edge: case.graph.partials[edge] * (value / local.right) for edge in local.edges}


def rules_for_many(case: GradientCase) -> list[Hypothesis]:
    """A derivative written wrongly in all nodes of a layer, or of a kind; a sign; a factor."""
    graph = case.graph
    kinds: dict[Hashable, list[LocalDerivative]] = defaultdict(list)
    for local in case.local_derivatives:
        seeded = any(graph.parents[e] in graph.seeds for e in local.edges)
        role = local.position if graph.nodes[local.node].op in ("sub", "div") else seeded
        kinds[local.op, role].append(local)
    layers = case.layers((kind, x.node, x) for kind, group in kinds.items() for x in group)
    distinct = {tuple(e for x in group for e in x.edges): group for group in layers}
    distinct |= {tuple(e for x in group for e in x.edges): group for group in kinds.values()}
    found: list[Hypothesis] = []
    for group in sorted(distinct.values(), key=len, reverse=True):
        if len(found) * graph.size <= WORK:
            found += _rules_for(case, group)
    return found


def _rules_for(case: GradientCase, group: list[LocalDerivative]) -> Iterator[Hypothesis]:
    nodes = [case.graph.nodes[local.node] for local in group]
    options = [list(written_rules(*pair)) for pair in zip(group, nodes, strict=True)]
    if len(group) > 1 and len({len(option) for option in options}) == 1:
        at = few([case.name(node) for node in nodes], 4)
        for rules in zip(*options, strict=True):
            changes: Changes = {}
            for local, rule in zip(group, rules, strict=True):
                changes |= _changed(case, local, rule.derivative)
            kind, _, text, cost = rules[0]
            said = f"{_function(group[0], nodes[0])} is {text} (at {at})"
            yield Hypothesis(kind, said, case.graph.gradient(changes), cost + 0.05, changes)
    edges = [edge for local in group for edge in local.edges]
    for kind, text, ratio, cost in _signs_and_factors(case, nodes, edges):
        changes = {edge: ratio * case.graph.partials[edge] for edge in edges}
        yield Hypothesis(kind, text, case.graph.gradient(changes), cost, changes)


def _signs_and_factors(
    case: GradientCase, nodes: list[Any], edges: list[int]
) -> Iterator[tuple[str, str, float, float]]:
    """What the partials of nodes of one kind may be off by: kind, words, ratio and cost."""
    where = case.name.listed(nodes)
    op, inputs = nodes[0].op, nodes[0].inputs
    if op == "sub" and len(nodes) == 1:
        yield SIGN, case.turned_round(edges[0]), -1.0, 0.1
    else:
        yield SIGN, f"the sign of the derivative is wrong at {where}", -1.0, 0.5
    n = len(inputs)
    if op == "mean":
        yield FACTOR, f"the 1/{n} of the mean is missing ({where})", float(n), 0.1
    if op == "sum":
        yield FACTOR, f"a factor 1/{n}, as if the sum were a mean ({where})", 1.0 / n, 0.2
    constants = [x for x in inputs if not hasattr(x, "parents")]
    factor = case.graph.partials[edges[0]]
    alone = len(nodes) == 1 and len(constants) == 1 and factor not in (0.0, 1.0, -1.0)
    if alone and op in ("mul", "div"):
        what = "division by" if op == "div" else "factor"
        what = f"the {what} {number(constants[0], 6)} of {where}"
        yield MISSING, f"{what} is left out", 1 / factor, 0.15
        yield FACTOR, f"{what} is applied twice", factor, 0.2


def without_factor(case: GradientCase) -> Iterator[Hypothesis]:
    """Products differentiated with the other factor left out, or another in its place."""
    graph = case.graph
    pairs = [(e, other) for e, other in case.multiplied() if graph.partials[e] not in (0.0, 1.0)]
    places = ((graph.parents[p[0]] in graph.seeds, graph.outputs[p[0]], p) for p in pairs)
    layers = [layer for layer in case.layers(places) if len(layer) > 1]
    for group in [*([pair] for pair in pairs), *layers]:
        for text, partials, cost in _instead_of_factor(case, group):
            changes = {edge: x for (edge, _), x in zip(group, partials, strict=True)}
            yield Hypothesis(MISSING, text, case.gradient_with(changes), cost, changes)


def _instead_of_factor(
    case: GradientCase, pairs: list[tuple[int, int]]
) -> Iterator[tuple[str, list[float], float]]:
    """What is written for the other factors of products: words, the partials, and cost."""
    graph = case.graph
    products = case.name.listed([graph.nodes[graph.outputs[e]] for e, _ in pairs])
    factors = [graph.nodes[graph.parents[e]] for e, _ in pairs]
    others = [graph.nodes[other] for _, other in pairs if other >= 0]
    written = [
        case.name(graph.nodes[other]) if other >= 0 else number(graph.partials[e], 6)
        for e, other in pairs
    ]
    said, own = few(written, 3), case.name.listed(factors)
    the = "the factor" if len(pairs) == 1 else "the factors"
    missing = f"{the} {said} {'is' if len(pairs) == 1 else 'are'} missing"
    yield missing, [1.0] * len(pairs), 0.3
    itself = (
        f"the derivative of {products} with respect to {own} is {said}, the other factor; {own} "
        "itself was used"
    )
    yield itself, [x.data for x in factors], 0.7
    if len(others) == len(pairs) and all(len(x.parents) == 1 for x in others):
        before = [x.parents[0] for x in others]
        text = f"{the} {said} taken as {case.name.listed(before[:3])}, before the function"
        yield text, [x.data for x in before], 0.5


def unsquared(case: GradientCase) -> Iterator[Hypothesis]:
    """Differences differentiated as if they were squared, which they are not in the function."""
    graph = case.graph
    squared = {
        graph.parents[edge]
        for i, node in enumerate(graph.nodes)
        if node.op in ("square", "pow", "pow_const")
        for edge in graph.below[i]
    }
    differences = [i for i, x in enumerate(graph.nodes) if x.op == "sub" and i not in squared]
    for layer in dict.fromkeys(map(tuple, case.layers((None, i, i) for i in differences))):
        where = case.name.listed([graph.nodes[i] for i in layer])
        for factor, power, cost in ((2.0, "the square", 0.2), (1.0, "half the square", 0.3)):
            changes = {
                edge: factor * graph.nodes[i].data * graph.partials[edge]
                for i in layer
                for edge in graph.below[i]
            }
            text = f"as if f had {power} of {where}: a square that f lacks, or one too many by hand"
            yield Hypothesis(MISSING, text, graph.gradient(changes), cost, changes)
