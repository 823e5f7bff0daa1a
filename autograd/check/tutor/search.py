"""What went wrong in a gradient written by hand: slips of the chain rule, tried on the graph.

A gradient that somebody derived is the gradient of the recorded graph with something done to a few
local derivatives: one has the wrong sign, a factor is missing, a path is left out, the derivative
of a sigmoid is written `1 - s**2`. So the finder does such things to the graph, one at a time, and
sees which of them gives the wrong numbers:

- *through a place*: if only the paths through one node or edge are wrong, by one factor, then the
  wrong components say where and which factor: a = g + (factor - 1) x (what those paths contribute);
- *a rule*: local derivatives replaced by those that people write instead (`written_rules`), one
  node, all of a layer, or all of a kind;
- *several slips together*, by the ratios a/g, which multiply;
- *the components themselves*: mixed up, moved from one to another, added instead of assigned;
- *a value*: a number computed wrongly on the way forward, which is then solved for.

The explanation taken is the one that covers most wrong components, changes fewest right ones, and
needs the fewest words. What remains is explained in the same way; where nothing fits, it says so.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.check.tutor.combined_faults import several
from autograd.check.tutor.common_mistakes import FACTOR
from autograd.check.tutor.faults_in_components import mixed_up, moved, sums_of_contributions
from autograd.check.tutor.faults_in_rules import (
    rules_for_many,
    single_rules,
    unsquared,
    without_factor,
)
from autograd.check.tutor.faults_on_paths import through_places
from autograd.check.tutor.hypotheses import WORK, GradientCase, Hypothesis, together
from autograd.check.tutor.naming import few
from autograd.check.tutor.wrong_forward_value import wrong_value
from autograd.engine.text import number, wrapped

__all__ = ["Slip", "find_slips"]


@dataclass(frozen=True, slots=True)
class Slip:
    """A likely mistake: `kind` in a word or two, the names of the components that it explains, what
    to say, `where` (the components in short), and the `parts` of several slips together."""

    kind: str
    components: tuple[str, ...]
    text: str
    where: str
    parts: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Where and what, every part on a line of its own, however long."""
        if not self.parts:
            return f"{self.where}: {self.text}"
        lines = [f"({k}) {part}" for k, part in enumerate(self.parts, 1)]
        return "\n    ".join([f"{self.where}: {together(self.parts)}", *lines])

    def __str__(self) -> str:
        return wrapped(self.sentence)


def find_slips(case: GradientCase, wrong: list[int], right: list[int]) -> list[Slip]:
    """The best explanation, then the best one of what it leaves, and so on."""
    found: list[Slip] = []
    wrong, odd = _split(case, wrong)
    found += odd
    hypotheses = _hypotheses(case, wrong, right) if wrong else []
    while wrong:
        best = _best(case, hypotheses, wrong, right)
        if best is None or len(found) >= 8:
            break
        found.append(_slip(case, best))
        wrong = [i for i in wrong if i not in best.covered]
    if wrong:
        found.append(_unexplained(case, wrong))
    return found


def _split(case: GradientCase, wrong: list[int]) -> tuple[list[int], list[Slip]]:
    """Set aside what is not a matter of the chain rule: numbers that are none, or rounded."""
    lost = [i for i in wrong if _has_no_path(case, i)]
    nans = [i for i in wrong if i not in lost and not math.isfinite(case.analytic[i])]
    near = [i for i in wrong if _is_rounded(case, i)]
    found = []
    if lost:
        text = "f does not depend on it: no path leads to the result, the derivative is 0"
        found.append(_spoken(case, "no path", text, lost))
    if nans:
        text = "not a finite number; the derivative is " + few(
            [number(case.truth[i]) for i in nans]
        )
        found.append(_spoken(case, "not finite", text, nans))
    rest = [i for i in wrong if i not in nans and i not in lost]
    if near and len(near) == len(rest):
        digits = min(_digits(case, i) for i in near)
        text = (
            f"right to {digits} digits or so: rounded on the way, or found with differences? "
            f"(rtol={10.0 ** (1 - digits):.0e} would let it pass)"
        )
        found.append(_spoken(case, "rounded", text, near))
        rest = []
    return rest, found


def _has_no_path(case: GradientCase, i: int) -> bool:
    return case.g.seeds[i] < 0


def _digits(case: GradientCase, i: int) -> int:
    apart = abs(case.analytic[i] / case.truth[i] - 1.0)
    return int(-math.log10(apart))


def _is_rounded(case: GradientCase, i: int) -> bool:
    a, g = case.analytic[i], case.truth[i]
    return math.isfinite(a) and g != 0.0 and 0.0 < abs(a / g - 1.0) < 1e-3


def _spoken(
    case: GradientCase, kind: str, text: str, covered: Sequence[int], parts: tuple[str, ...] = ()
) -> Slip:
    names = tuple(case.names[i] for i in covered)
    return Slip(kind, names, text, _in_short(case, covered), parts)


def _in_short(case: GradientCase, covered: Sequence[int]) -> str:
    """`every component`, or names, with one name for an argument or entry that is all there."""
    if len(covered) == len(case.names) > 1:
        return "every component"
    return few(_blocks(case, list(case.all), set(covered), 0), 8)


def _blocks(case: GradientCase, members: list[int], covered: set[int], level: int) -> list[str]:
    """The names of the largest blocks (an argument, a row, a number) that are all covered."""
    if covered.isdisjoint(members):
        return []
    names = [case.names[i] for i in members]
    if len(members) == 1:
        return names
    shared = _common_start(names)
    end = max(shared.rfind("["), shared.rfind("."))
    if covered.issuperset(members) and end > 0:
        return [shared[:end]]
    parts: dict[Any, list[int]] = defaultdict(list)
    for i in members:
        parts[case.keys[i][level : level + 1]].append(i)
    return [name for part in parts.values() for name in _blocks(case, part, covered, level + 1)]


def _slip(case: GradientCase, hypothesis: Hypothesis) -> Slip:
    text = hypothesis.text
    if hypothesis.broken:
        has = "has" if len(hypothesis.broken) == 1 else "have"
        text += f"; {few([case.names[i] for i in hypothesis.broken], 3)} {has} it right"
    return _spoken(case, hypothesis.kind, text, hypothesis.covered, hypothesis.parts)


def _unexplained(case: GradientCase, wrong: list[int]) -> Slip:
    ratios = [
        f"{case.names[i]} is {number(case.analytic[i] / case.truth[i], 6)} times the derivative"
        if case.truth[i]
        else f"{case.names[i]} is {number(case.analytic[i], 6)}, the derivative is 0"
        for i in wrong[:3]
    ]
    return _spoken(case, "unknown", "no known slip fits: " + "; ".join(ratios), wrong)


def _best(
    case: GradientCase, hypotheses: list[Hypothesis], wrong: list[int], right: list[int]
) -> Hypothesis | None:
    best: Hypothesis | None = None
    for hypothesis in hypotheses:
        hypothesis.covered = [i for i in wrong if case.matches(i, hypothesis.gradient[i])]
        if not hypothesis.covered:
            continue
        hypothesis.broken = [i for i in right if not case.unchanged(i, hypothesis.gradient[i])]
        enough = hypothesis.kind != FACTOR or hypothesis.cost < 3.0 or len(hypothesis.covered) >= 2
        if (
            enough
            and hypothesis.score > 0.0
            and (best is None or hypothesis.score > best.score + 1e-9)
        ):
            best = hypothesis
    return best


def _hypotheses(case: GradientCase, wrong: list[int], right: list[int]) -> list[Hypothesis]:
    """All that is tried; the dear ones only where nothing cheap explains everything."""
    hypotheses: list[Hypothesis] = []
    if len(case.names) * len(wrong) <= WORK // 4:
        hypotheses += [*mixed_up(case, wrong), *moved(case, wrong)]
    rules: list[Hypothesis] = []
    if case.g.size * len(case.names) <= WORK // 16:
        hypotheses += [*through_places(case, wrong), *sums_of_contributions(case, wrong)]
        rules += [*single_rules(case), *unsquared(case)]
        hypotheses += without_factor(case)
    rules += rules_for_many(case)
    hypotheses += rules
    best = _best(case, hypotheses, wrong, right)
    if best is None or len(best.covered) < len(wrong) or best.broken or best.cost >= 1.0:
        hypotheses += several(case, rules, wrong)
        hypotheses += wrong_value(case, wrong)
    return hypotheses


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]
