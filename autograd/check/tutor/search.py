"""What went wrong in a gradient written by hand: slips of the chain rule, tried on the graph.

A gradient that somebody derived is the gradient of the recorded graph with something done to a few
local derivatives: one has the wrong sign, a factor is missing, a path is left out, the derivative
of a sigmoid is written `1 - s**2`. So the finder does such things to the graph, one at a time, and
sees which of them gives the wrong numbers:

- *through a place*: if only the paths through one node or edge are wrong, by one factor, then the
  wrong components say where and which factor: a = g + (factor - 1) x (what those paths contribute);
- *a rule*: local derivatives replaced by those that people write instead (`alternatives`), one
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
from autograd.check.tutor.hypotheses import WORK, Case, Idea, together
from autograd.check.tutor.naming import Namer, few
from autograd.check.tutor.recorded_graph import RecordedGraph
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


def find_slips(
    root: Any,
    seeds: Sequence[Any],
    names: Sequence[str],
    keys: Sequence[tuple[Any, ...]],
    known: dict[int, str],
    analytic: Sequence[float],
    wrong: Sequence[int],
    right: Sequence[int],
    rtol: float = 1e-6,
) -> list[Slip]:
    """The likely mistakes behind the wrong components of a gradient.

    root, seeds: the recorded graph. names, keys: of the seeds, what they are called and where they
    are in the nesting. known: names of nodes by id. wrong, right: the components that differ from
    the true gradient and those that do not; others are left out of account.
    """
    with_names = Namer({**known, **{id(s): n for s, n in zip(seeds, names, strict=True)}})
    search = _Search(
        RecordedGraph(root, seeds), list(names), list(keys), with_names, analytic, rtol
    )
    return search.slips(list(wrong), list(right))


class _Search(Case):
    """The case, with what is said of it."""

    def slips(self, wrong: list[int], right: list[int]) -> list[Slip]:
        """The best explanation, then the best one of what it leaves, and so on."""
        found: list[Slip] = []
        wrong, odd = self._split(wrong)
        found += odd
        ideas = self._ideas(wrong, right) if wrong else []
        while wrong:
            best = self._best(ideas, wrong, right)
            if best is None or len(found) >= 8:
                break
            found.append(self._slip(best))
            wrong = [i for i in wrong if i not in best.covered]
        if wrong:
            found.append(self._unexplained(wrong))
        return found

    def _split(self, wrong: list[int]) -> tuple[list[int], list[Slip]]:
        """Set aside what is not a matter of the chain rule: numbers that are none, or rounded."""
        lost = [i for i in wrong if self._has_no_path(i)]
        nans = [i for i in wrong if i not in lost and not math.isfinite(self.analytic[i])]
        near = [i for i in wrong if self._is_rounded(i)]
        found = []
        if lost:
            text = "f does not depend on it: no path leads to the result, the derivative is 0"
            found.append(self._spoken("no path", text, lost))
        if nans:
            text = "not a finite number; the derivative is " + few(
                [number(self.truth[i]) for i in nans]
            )
            found.append(self._spoken("not finite", text, nans))
        rest = [i for i in wrong if i not in nans and i not in lost]
        if near and len(near) == len(rest):
            digits = min(self._digits(i) for i in near)
            text = (
                f"right to {digits} digits or so: rounded on the way, or found with differences? "
                f"(rtol={10.0 ** (1 - digits):.0e} would let it pass)"
            )
            found.append(self._spoken("rounded", text, near))
            rest = []
        return rest, found

    def _has_no_path(self, i: int) -> bool:
        return self.g.seeds[i] < 0

    def _digits(self, i: int) -> int:
        apart = abs(self.analytic[i] / self.truth[i] - 1.0)
        return int(-math.log10(apart))

    def _is_rounded(self, i: int) -> bool:
        a, g = self.analytic[i], self.truth[i]
        return math.isfinite(a) and g != 0.0 and 0.0 < abs(a / g - 1.0) < 1e-3

    def _spoken(
        self, kind: str, text: str, covered: Sequence[int], parts: tuple[str, ...] = ()
    ) -> Slip:
        names = tuple(self.names[i] for i in covered)
        return Slip(kind, names, text, self._in_short(covered), parts)

    def _in_short(self, covered: Sequence[int]) -> str:
        """`every component`, or names, with one name for an argument or entry that is all there."""
        if len(covered) == len(self.names) > 1:
            return "every component"
        return few(self._blocks(list(self.all), set(covered), 0), 8)

    def _blocks(self, members: list[int], covered: set[int], level: int) -> list[str]:
        """The names of the largest blocks (an argument, a row, a number) that are all covered."""
        if covered.isdisjoint(members):
            return []
        names = [self.names[i] for i in members]
        if len(members) == 1:
            return names
        shared = _common_start(names)
        end = max(shared.rfind("["), shared.rfind("."))
        if covered.issuperset(members) and end > 0:
            return [shared[:end]]
        parts: dict[Any, list[int]] = defaultdict(list)
        for i in members:
            parts[self.keys[i][level : level + 1]].append(i)
        return [name for part in parts.values() for name in self._blocks(part, covered, level + 1)]

    def _slip(self, idea: Idea) -> Slip:
        text = idea.text
        if idea.broken:
            has = "has" if len(idea.broken) == 1 else "have"
            text += f"; {few([self.names[i] for i in idea.broken], 3)} {has} it right"
        return self._spoken(idea.kind, text, idea.covered, idea.parts)

    def _unexplained(self, wrong: list[int]) -> Slip:
        ratios = [
            f"{self.names[i]} is {number(self.analytic[i] / self.truth[i], 6)} times the derivative"
            if self.truth[i]
            else f"{self.names[i]} is {number(self.analytic[i], 6)}, the derivative is 0"
            for i in wrong[:3]
        ]
        return self._spoken("unknown", "no known slip fits: " + "; ".join(ratios), wrong)

    def _best(self, ideas: list[Idea], wrong: list[int], right: list[int]) -> Idea | None:
        best: Idea | None = None
        for idea in ideas:
            idea.covered = [i for i in wrong if self.matches(i, idea.gradient[i])]
            if not idea.covered:
                continue
            idea.broken = [i for i in right if not self.unchanged(i, idea.gradient[i])]
            enough = idea.kind != FACTOR or idea.cost < 3.0 or len(idea.covered) >= 2
            if enough and idea.score > 0.0 and (best is None or idea.score > best.score + 1e-9):
                best = idea
        return best

    def _ideas(self, wrong: list[int], right: list[int]) -> list[Idea]:
        """All that is tried; the dear ones only where nothing cheap explains everything."""
        ideas: list[Idea] = []
        if len(self.names) * len(wrong) <= WORK // 4:
            ideas += [*mixed_up(self, wrong), *moved(self, wrong)]
        rules: list[Idea] = []
        if self.g.size * len(self.names) <= WORK // 16:
            ideas += [*through_places(self, wrong), *sums_of_contributions(self, wrong)]
            rules += [*single_rules(self), *unsquared(self)]
            ideas += without_factor(self)
        rules += rules_for_many(self)
        ideas += rules
        best = self._best(ideas, wrong, right)
        if best is None or len(best.covered) < len(wrong) or best.broken or best.cost >= 1.0:
            ideas += several(self, rules, wrong)
            ideas += wrong_value(self, wrong)
        return ideas


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]
