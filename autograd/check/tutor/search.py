"""What went wrong in a gradient written by hand: slips of the chain rule, tried on the graph.

A gradient with a slip in it is the right gradient of a changed graph, in which a few local
derivatives are others: one has the wrong sign, a factor is missing, a path is left out, that of a
sigmoid is written `1 - s**2`. So each such change is made to the graph, one at a time, to see which
of them gives the wrong numbers. The explanation taken is the one that covers most wrong components,
changes fewest right ones, and is the most common slip. What remains is explained in the same way;
where nothing fits, that is said.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from autograd.check.tutor.combined_faults import combined, together
from autograd.check.tutor.common_mistakes import FACTOR
from autograd.check.tutor.faults_in_components import mixed_up, moved
from autograd.check.tutor.faults_in_rules import (
    rules_for_many,
    single_rules,
    unsquared,
    without_factor,
)
from autograd.check.tutor.faults_on_paths import some_left_out, through_places
from autograd.check.tutor.hypotheses import WORK, GradientCase, Hypothesis
from autograd.check.tutor.naming import few
from autograd.check.tutor.wrong_forward_value import wrong_value
from autograd.engine.text import number, wrapped

__all__ = ["Slip", "find_slips"]

SLIPS_TOLD: Final = 8  # slips that are told


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
    """The likely mistakes behind the wrong components of a gradient, the likeliest first.

    wrong, right: the components that differ from the true gradient and those that do not; others
    are left out of account.
    """
    found: list[Slip] = []
    for kind, text, members in _no_slips(case, wrong):
        found.append(_slip(case, kind, text, members))
        wrong = [i for i in wrong if i not in members]
    hypotheses = _hypotheses(case, wrong, right) if wrong else []
    while wrong:
        best = _best(case, hypotheses, wrong, right)
        if best is None or len(found) >= SLIPS_TOLD:
            found.append(_slip(case, "unknown", _unexplained(case, wrong), wrong))
            break
        found.append(_slip(case, best.kind, _text(case, best), best.covered, best.parts))
        wrong = [i for i in wrong if i not in best.covered]
    return found


def _no_slips(case: GradientCase, wrong: list[int]) -> Iterator[tuple[str, str, list[int]]]:
    """What is no matter of the chain rule: numbers without a path, not finite, or rounded."""
    lost = [i for i in wrong if case.graph.seeds[i] < 0]
    if lost:
        text = "f does not depend on it: no path leads to the result, the derivative is 0"
        yield "no path", text, lost
    rest = [i for i in wrong if i not in lost]
    nans = [i for i in rest if not math.isfinite(case.analytic[i])]
    if nans:
        right = few([number(case.truth[i]) for i in nans])
        yield "not finite", f"not a finite number; the derivative is {right}", nans
    rest = [i for i in rest if i not in nans]
    off = [abs(case.analytic[i] / case.truth[i] - 1.0) if case.truth[i] else 1.0 for i in rest]
    if rest and max(off) < 1e-3:
        digits = int(-math.log10(max(off)))
        text = (
            f"right to {digits} digits or so: rounded on the way, or found with differences? "
            f"(rtol={10.0 ** (1 - digits):.0e} would let it pass)"
        )
        yield "rounded", text, rest


def _hypotheses(case: GradientCase, wrong: list[int], right: list[int]) -> list[Hypothesis]:
    """All that is tried; what costs most only where no single slip explains everything."""
    found: list[Hypothesis] = []
    rules: list[Hypothesis] = []
    if len(case.names) * len(wrong) <= WORK // 4:
        found += [*mixed_up(case, wrong), *moved(case, wrong)]
    if case.graph.size * len(case.names) <= WORK // 16:
        found += [*through_places(case, wrong), *some_left_out(case, wrong)]
        found += without_factor(case)
        rules += [*single_rules(case), *unsquared(case)]
    rules += rules_for_many(case)
    found += rules
    best = _best(case, found, wrong, right)
    if best is None or len(best.covered) < len(wrong) or best.broken or best.cost >= 1.0:
        found += combined(case, rules, wrong)
        found += wrong_value(case, wrong)
    return found


def _best(
    case: GradientCase, hypotheses: list[Hypothesis], wrong: list[int], right: list[int]
) -> Hypothesis | None:
    best: Hypothesis | None = None
    for tried in hypotheses:
        tried.covered = [i for i in wrong if case.matches(i, tried.gradient[i])]
        if not tried.covered:
            continue
        tried.broken = [i for i in right if not case.unchanged(i, tried.gradient[i])]
        # an unknown factor explains one component, whatever it is
        enough = tried.kind != FACTOR or tried.cost < 3.0 or len(tried.covered) >= 2
        if enough and tried.score > (best.score + 1e-9 if best else 0.0):
            best = tried
    return best


def _slip(
    case: GradientCase, kind: str, text: str, covered: list[int], parts: tuple[str, ...] = ()
) -> Slip:
    where = "every component"
    if len(covered) < len(case.names) or len(covered) == 1:
        where = few(_blocks(case, range(len(case.names)), set(covered), 0), 8)
    return Slip(kind, tuple(case.names[i] for i in covered), text, where, parts)


def _blocks(case: GradientCase, members: Sequence[int], covered: set[int], level: int) -> list[str]:
    """The names of the largest blocks (an argument, a row, a number) that are all covered."""
    if covered.isdisjoint(members):
        return []
    names = [case.names[i] for i in members]
    if len(members) == 1:
        return names
    same = takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))
    shared = "".join(letter for letter, _ in same)
    end = max(shared.rfind("["), shared.rfind("."))
    if covered.issuperset(members) and end > 0:
        return [shared[:end]]
    parts: dict[Any, list[int]] = defaultdict(list)
    for i in members:
        parts[case.keys[i][level : level + 1]].append(i)
    return [name for part in parts.values() for name in _blocks(case, part, covered, level + 1)]


def _text(case: GradientCase, hypothesis: Hypothesis) -> str:
    if not hypothesis.broken:
        return hypothesis.text
    has = "has" if len(hypothesis.broken) == 1 else "have"
    return f"{hypothesis.text}; {few([case.names[i] for i in hypothesis.broken], 3)} {has} it right"


def _unexplained(case: GradientCase, wrong: list[int]) -> str:
    ratios = [
        f"{case.names[i]} is {number(case.analytic[i] / case.truth[i], 6)} times the derivative"
        if case.truth[i]
        else f"{case.names[i]} is {number(case.analytic[i], 6)}, the derivative is 0"
        for i in wrong[:3]
    ]
    return "no known slip fits: " + "; ".join(ratios)
