"""Two or three slips at once. Their ratios to the truth multiply: once all but one are assumed, the
last one follows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import Final

from autograd.check.tutor.hypotheses import SHARP, GradientCase, Hypothesis
from autograd.check.tutor.recorded_graph import Changes

__all__ = ["combined", "together"]

EFFECTS: Final = 400  # effects of which pairs are formed

Ratios = tuple[float, ...]  # what a slip multiplies each wrong component by


def combined(case: GradientCase, rules: list[Hypothesis], wrong: list[int]) -> Iterator[Hypothesis]:
    """Those of the slips in rules whose ratios multiply up to what is there."""
    wrong = [i for i in wrong if case.truth[i] and case.analytic[i]]
    if not wrong:
        return
    target = [case.analytic[i] / case.truth[i] for i in wrong]
    effects = _distinct(case, rules, wrong)
    by_first: dict[float, list[Ratios]] = defaultdict(list)
    for ratios in effects:
        by_first[_rounded(ratios[0])].append(ratios)
    for some in chain(combinations(effects, 1), combinations(effects, 2)):
        needed = target[0] / math.prod(ratios[0] for ratios in some)
        for last in by_first.get(_rounded(needed), ()):
            if last not in some and _multiply_to(target, (*some, last)):
                yield from _in_one_graph(case, [effects[ratios] for ratios in (*some, last)])


def _distinct(
    case: GradientCase, rules: list[Hypothesis], wrong: list[int]
) -> dict[Ratios, Hypothesis]:
    """The simplest slip for every effect."""
    found: dict[Ratios, tuple[Ratios, Hypothesis]] = {}
    for rule in sorted(rules, key=lambda rule: rule.cost):
        ratios = tuple(rule.gradient[i] / case.truth[i] for i in wrong)
        usable = all(r and math.isfinite(r) for r in ratios)
        if usable and not all(case.same(r, 1.0) for r in ratios) and len(found) < EFFECTS:
            found.setdefault(tuple(map(_rounded, ratios)), (ratios, rule))
    return dict(found.values())


def _multiply_to(target: list[float], factors: Sequence[Ratios]) -> bool:
    products = map(math.prod, zip(*factors, strict=True))
    return all(abs(t - p) <= 10 * SHARP * abs(t) for t, p in zip(target, products, strict=True))


def _in_one_graph(case: GradientCase, slips: list[Hypothesis]) -> Iterator[Hypothesis]:
    """Several slips worked out for certain; nothing where they collide."""
    changes: Changes = {}
    for slip in slips:
        for edge, partial in slip.changes.items():
            right = case.graph.partials[edge]
            if edge in changes and right == 0.0:
                return
            changes[edge] = partial * (changes[edge] / right) if edge in changes else partial
    slips = sorted(slips, key=lambda slip: min(slip.changes, default=0), reverse=True)
    parts = tuple(slip.text for slip in slips)
    text = f"{together(parts)}: {'; '.join(parts)}"
    cost = sum(slip.cost for slip in slips) + len(slips) - 1.0
    kind = " + ".join(dict.fromkeys(slip.kind for slip in slips))
    yield Hypothesis(kind, text, case.graph.gradient(changes), cost, changes, parts=parts)


def together(parts: Sequence[str]) -> str:
    """How many slips there are."""
    return f"{len(parts)} slips together"


def _rounded(x: float) -> float:
    return float(f"{x:.7g}")
