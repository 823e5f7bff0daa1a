"""Slips in a rule: local derivatives replaced by what people write, one, in a layer, or all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
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


def single_rules(case: GradientCase) -> list[Hypothesis]:
    """Every local derivative with each one that is written in its place."""
    found = []
    for local in case.local_derivatives:
        name = case.name(case.g.nodes[local.node])
        for kind, value, text, cost in written_rules(local, case.g.nodes[local.node]):
            changes = _changed(case, local, value)
            if changes is not None:
                shares = _shares(case, local, value)
                gradient = [g + s for g, s in zip(case.truth, shares, strict=True)]
                said = f"the derivative of {_function(case, local)} is {text} (at {name})"
                found.append(Hypothesis(kind, said, gradient, cost, changes))
    return found


def _function(case: GradientCase, local: LocalDerivative) -> str:
    node = case.g.nodes[local.node]
    if local.op == "pow_const":
        return f"x**{number(node.inputs[1], 6)}"
    return {"square": "x**2", "div": "a/b"}.get(local.op, local.op)


def _changed(case: GradientCase, local: LocalDerivative, value: float) -> Changes | None:
    """The local derivatives with another in its place; None where that is the same."""
    if not math.isfinite(value) or abs(value - local.right) <= SHARP * abs(local.right):
        return None
    if local.right == 0.0:
        return dict.fromkeys(local.edges, value) if len(local.edges) == 1 else None
    return {edge: case.g.factors[edge] * (value / local.right) for edge in local.edges}


def _shares(case: GradientCase, local: LocalDerivative, value: float) -> list[float]:
    """What changing one local derivative adds to each component."""
    total = [0.0] * len(case.names)
    for edge, factor in (_changed(case, local, value) or {}).items():
        weight = case.g.true_adjoints[case.g.outputs[edge]] * (factor - case.g.factors[edge])
        row = case.g.sensitivities[case.g.parents[edge]]
        total = [t + weight * x for t, x in zip(total, row, strict=True)]
    return total


def rules_for_many(case: GradientCase) -> list[Hypothesis]:
    """A derivative written wrongly in all nodes of a layer, or of a kind; a sign; a factor."""
    groups: dict[tuple[Any, ...], list[LocalDerivative]] = defaultdict(list)
    for local in case.local_derivatives:
        seeded = any(case.g.parents[e] in case.g.seeds for e in local.edges)
        role = local.position if case.g.nodes[local.node].op in ("sub", "div") else seeded
        groups[local.op, role, "depth", case.g.depths[local.node]].append(local)
        groups[local.op, role, "height", case.g.heights[local.node]].append(local)
        groups[local.op, role].append(local)
    found: list[Hypothesis] = []
    budget = WORK // max(case.g.size, 1)
    done: set[tuple[int, ...]] = set()
    for group in sorted(groups.values(), key=len, reverse=True):
        edges = tuple(sorted(e for local in group for e in local.edges))
        if edges not in done and len(found) <= budget:
            done.add(edges)
            found += _rules_for(case, group)
    return found


def _rules_for(
    case: GradientCase, local_derivatives: list[LocalDerivative]
) -> Iterator[Hypothesis]:
    options = [list(written_rules(s, case.g.nodes[s.node])) for s in local_derivatives]
    where = few([case.name(case.g.nodes[local.node]) for local in local_derivatives], 4)
    if len(local_derivatives) > 1 and len({len(option) for option in options}) == 1:
        for k, (kind, _, text, cost) in enumerate(options[0]):
            changes: Changes = {}
            for local, option in zip(local_derivatives, options, strict=True):
                changes |= _changed(case, local, option[k][1]) or {}
            said = (
                f"the derivative of {_function(case, local_derivatives[0])} is {text} (at {where})"
            )
            yield Hypothesis(kind, said, case.g.gradient(changes), cost + 0.05, changes)
    yield from _signs_and_factors(case, local_derivatives)


def _signs_and_factors(
    case: GradientCase, local_derivatives: list[LocalDerivative]
) -> Iterator[Hypothesis]:
    node = case.g.nodes[local_derivatives[0].node]
    edges = [e for local in local_derivatives for e in local.edges]
    where = case.name.listed([case.g.nodes[local.node] for local in local_derivatives])

    def hypothesis(kind: str, text: str, ratio: float, cost: float) -> Hypothesis:
        changes = {e: ratio * case.g.factors[e] for e in edges}
        return Hypothesis(kind, text, case.g.gradient(changes), cost, changes)

    if node.op == "sub" and len(local_derivatives) == 1:
        text = case.sign_of_difference(case.g.parents[edges[0]], edges[0])
        yield hypothesis(SIGN, text, -1.0, 0.1)
    else:
        yield hypothesis(SIGN, f"the sign of the derivative is wrong at {where}", -1.0, 0.5)
    if node.op == "mean":
        n = len(node.inputs)
        yield hypothesis(FACTOR, f"the 1/{n} of the mean is missing ({where})", float(n), 0.1)
    if node.op == "sum":
        n = len(node.inputs)
        text = f"a factor 1/{n}, as if the sum were a mean ({where})"
        yield hypothesis(FACTOR, text, 1.0 / n, 0.2)
    constant = [x for x in node.inputs if not hasattr(x, "parents")]
    if node.op in ("mul", "div") and len(constant) == 1 and len(local_derivatives) == 1:
        factor = case.g.factors[edges[0]]
        if factor not in (0.0, 1.0, -1.0):
            written = number(constant[0], 6)
            what = "division by" if node.op == "div" else "factor"
            yield hypothesis(
                MISSING, f"the {what} {written} of {where} is left out", 1 / factor, 0.15
            )
            yield hypothesis(
                FACTOR, f"the {what} {written} of {where} is applied twice", factor, 0.2
            )


def without_factor(case: GradientCase) -> Iterator[Hypothesis]:
    """Products differentiated with the other factor left out, or another in its place."""
    edges = [(e, o) for e, o in case.multiplied() if case.g.factors[e] not in (0.0, 1.0)]
    layers: dict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
    for edge, other in edges:
        place = case.g.outputs[edge]
        seeded = case.g.parents[edge] in case.g.seeds
        layers[seeded, "depth", case.g.depths[place]].append((edge, other))
        layers[seeded, "height", case.g.heights[place]].append((edge, other))
    for pairs in [*([pair] for pair in edges), *(p for p in layers.values() if len(p) > 1)]:
        yield from _products(case, pairs)


def _products(case: GradientCase, pairs: list[tuple[int, int]]) -> Iterator[Hypothesis]:
    others = [case.g.nodes[o] if o >= 0 else None for _, o in pairs]
    said = few(
        [
            case.name(x) if x is not None else number(case.g.factors[e], 6)
            for x, (e, _) in zip(others, pairs, strict=True)
        ],
        3,
    )
    factor = "the factor" if len(pairs) == 1 else "the factors"
    verb = "is" if len(pairs) == 1 else "are"
    yield _with(case, MISSING, f"{factor} {said} {verb} missing", {e: 1.0 for e, _ in pairs}, 0.3)
    own = {e: case.g.nodes[case.g.parents[e]].data for e, _ in pairs}
    yield _with(case, MISSING, _itself(case, pairs, said), own, 0.7)
    if all(x is not None and len(x.parents) == 1 for x in others):
        before = [x.parents[0] for x in others if x is not None]
        changes = {e: x.data for (e, _), x in zip(pairs, before, strict=True)}
        text = f"{factor} {said} taken as {case.name.listed(before[:3])}, before the function"
        yield _with(case, MISSING, text, changes, 0.5)


def _itself(case: GradientCase, pairs: list[tuple[int, int]], others: str) -> str:
    products = case.name.listed([case.g.nodes[case.g.outputs[e]] for e, _ in pairs])
    factors = case.name.listed([case.g.nodes[case.g.parents[e]] for e, _ in pairs])
    return (
        f"the derivative of {products} with respect to {factors} is {others}, the other factor; "
        f"{factors} itself was used"
    )


def unsquared(case: GradientCase) -> Iterator[Hypothesis]:
    """Differences differentiated as if they were squared, which they are not in the function."""
    squared = {
        case.g.parents[edge]
        for i, node in enumerate(case.g.nodes)
        if node.op in ("square", "pow", "pow_const")
        for edge in case.g.below[i]
    }
    layers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, node in enumerate(case.g.nodes):
        if node.op == "sub" and i not in squared:
            layers["depth", case.g.depths[i]].append(i)
            layers["height", case.g.heights[i]].append(i)
    for layer in dict.fromkeys(map(tuple, layers.values())):
        where = case.name.listed([case.g.nodes[i] for i in layer])
        for factor, power, cost in ((2.0, "the square", 0.2), (1.0, "half the square", 0.3)):
            changes = {
                edge: factor * case.g.nodes[i].data * case.g.factors[edge]
                for i in layer
                for edge in case.g.below[i]
            }
            text = f"as if f had {power} of {where}: a square that f lacks, or one too many by hand"
            yield Hypothesis(MISSING, text, case.g.gradient(changes), cost, changes)


def _with(case: GradientCase, kind: str, text: str, changes: Changes, cost: float) -> Hypothesis:
    if len(changes) > 8:
        return Hypothesis(kind, text, case.g.gradient(changes), cost, changes)
    gradient = list(case.truth)
    for edge, factor in changes.items():
        weight = case.g.true_adjoints[case.g.outputs[edge]] * (factor - case.g.factors[edge])
        row = case.g.sensitivities[case.g.parents[edge]]
        gradient = [g + weight * x for g, x in zip(gradient, row, strict=True)]
    return Hypothesis(kind, text, gradient, cost, changes)
