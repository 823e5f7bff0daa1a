"""Several slips at once: their ratios to the truth multiply, so two of them tell the third."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

from autograd.check.tutor.hypotheses import SHARP, WORK, GradientCase, Hypothesis, together
from autograd.check.tutor.recorded_graph import Changes

__all__ = ["several"]


Ratios = tuple[list[float], Hypothesis]  # what one multiplies each wrong component by


def several(case: GradientCase, rules: list[Hypothesis], wrong: list[int]) -> Iterator[Hypothesis]:
    """Two or three slips whose ratios multiply up to what is there."""
    if any(case.truth[i] == 0.0 or case.analytic[i] == 0.0 for i in wrong):
        wrong = [i for i in wrong if case.truth[i] and case.analytic[i]]
    if not wrong:
        return
    target = [case.analytic[i] / case.truth[i] for i in wrong]
    singles = _distinct(case, rules, wrong)
    by_first: dict[float, list[Ratios]] = defaultdict(list)
    for single in singles:
        by_first[_rounded(single[0][0])].append(single)
    yield from _completed(case, target, ((single,) for single in singles), by_first)
    if len(singles) ** 2 <= WORK // 4:
        yield from _completed(case, target, itertools.combinations(singles, 2), by_first)


def _distinct(case: GradientCase, rules: list[Hypothesis], wrong: list[int]) -> list[Ratios]:
    """One hypothesis, the simplest, for every effect."""
    found: dict[tuple[float, ...], Ratios] = {}
    for hypothesis in sorted(rules, key=lambda hypothesis: hypothesis.cost):
        ratios = [hypothesis.gradient[i] / case.truth[i] for i in wrong]
        if not all(r and math.isfinite(r) for r in ratios) or all(
            case.same(r, 1.0) for r in ratios
        ):
            continue
        found.setdefault(tuple(map(_rounded, ratios)), (ratios, hypothesis))
        if len(found) >= 400:
            break
    return list(found.values())


def _completed(
    case: GradientCase,
    target: list[float],
    starts: Iterable[tuple[Ratios, ...]],
    by_first: dict[float, list[Ratios]],
) -> Iterator[Hypothesis]:
    """Each start with the one hypothesis more that would reach the target, if there is one."""
    for start in starts:
        needed = target[0] / math.prod(ratios[0] for ratios, _ in start)
        for last in by_first.get(_rounded(needed), ()):
            if last not in start and _multiply_to(case, target, (*start, last)):
                combined = _combined(case, [hypothesis for _, hypothesis in (*start, last)])
                if combined is not None:
                    yield combined


def _multiply_to(case: GradientCase, target: list[float], factors: tuple[Ratios, ...]) -> bool:
    products = map(math.prod, zip(*[ratios for ratios, _ in factors], strict=True))
    return all(
        abs(t - product) <= 10 * SHARP * abs(t) for t, product in zip(target, products, strict=True)
    )


def _combined(case: GradientCase, hypotheses: list[Hypothesis]) -> Hypothesis | None:
    """Several slips in one graph, worked out for certain; None where they collide."""
    changes: Changes = {}
    for hypothesis in hypotheses:
        for edge, factor in hypothesis.changes.items():
            right = case.g.factors[edge]
            if edge in changes and right == 0.0:
                return None
            changes[edge] = factor * (changes[edge] / right) if edge in changes else factor
    hypotheses = sorted(
        hypotheses, key=lambda hypothesis: min(hypothesis.changes, default=0), reverse=True
    )
    parts = tuple(hypothesis.text for hypothesis in hypotheses)
    text = f"{together(parts)}: {'; '.join(parts)}"
    cost = sum(hypothesis.cost for hypothesis in hypotheses) + 1.0 * (len(hypotheses) - 1)
    kind = " + ".join(dict.fromkeys(hypothesis.kind for hypothesis in hypotheses))
    return Hypothesis(kind, text, case.g.gradient(changes), cost, changes, parts=parts)


def _rounded(x: float) -> float:
    return float(f"{x:.7g}")
