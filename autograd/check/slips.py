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

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from autograd import graph
from autograd.check.mistakes import FACTOR, LEFT_OUT, MISSING, SIGN, Step, alternatives, steps
from autograd.check.naming import Namer, few
from autograd.check.recorded import Changes, RecordedGraph
from autograd.graph import EN_DASH
from autograd.text import number

__all__ = ["Slip", "find_slips"]

WORK: Final = 4_000_000  # edges walked over and numbers compared, at most: two seconds or so
SHARP: Final = 1e-9  # relative error of a coincidence that is none
NODES_SOLVED: Final = 200  # nodes whose value is solved for, at most


@dataclass(frozen=True, slots=True)
class Slip:
    """A likely mistake: `kind` in a word or two, the names of the components that it explains, what
    to say, `where` (the components in short), and the `parts` of several slips together."""

    kind: str
    components: tuple[str, ...]
    text: str
    where: str
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.parts:
            return f"{self.where}: {self.text}"
        lines = [f"({k}) {part}" for k, part in enumerate(self.parts, 1)]
        return "\n    ".join([f"{self.where}: {_together(self.parts)}", *lines])


@dataclass(slots=True)
class _Idea:
    """An explanation being weighed: a gradient that a slip would give."""

    kind: str
    text: str
    gradient: list[float]
    cost: float
    changes: Changes = field(default_factory=dict)
    covered: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    parts: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        return len(self.covered) - 0.5 * len(self.broken) - 0.35 * self.cost


_Ratios = tuple[list[float], _Idea]  # what an idea multiplies each wrong component by


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


class _Search:
    def __init__(
        self,
        recorded: RecordedGraph,
        names: list[str],
        keys: list[tuple[Any, ...]],
        name: Namer,
        analytic: Sequence[float],
        rtol: float,
    ) -> None:
        self.g = recorded
        self.names = names
        self.keys = keys
        self.name = name
        self.analytic = analytic
        self.rtol = rtol
        self.truth = recorded.gradient({})
        self.all = range(len(names))

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
        blocks: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for i, keys in enumerate(self.keys):
            blocks[keys[:2] if len(keys) > 2 else keys[:1]].append(i)
        said = []
        for members in blocks.values():
            names = [self.names[i] for i in members]
            shared = _common_start(names)
            end = max(shared.rfind("["), shared.rfind("."))
            if len(names) > 1 and end > 0 and set(members) <= set(covered):
                said.append(shared[:end])
            else:
                said += [self.names[i] for i in members if i in covered]
        return few(said, 8)

    def _slip(self, idea: _Idea) -> Slip:
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

    # -- weighing

    def _matches(self, i: int, x: float) -> bool:
        """Whether x is the analytic number, and accounts for its difference from the truth."""
        a = self.analytic[i]
        apart = abs(x - a)
        if apart > 1e-2 * abs(a - self.truth[i]):
            return False
        return apart <= self.rtol * max(abs(a), abs(x)) + self._floor(i)

    def _floor(self, i: int) -> float:
        return 1e-13 * self.g.magnitudes[i]

    def _unchanged(self, i: int, x: float) -> bool:
        g = self.truth[i]
        return abs(x - g) <= self.rtol * max(abs(x), abs(g)) + self._floor(i)

    def _best(self, ideas: list[_Idea], wrong: list[int], right: list[int]) -> _Idea | None:
        best: _Idea | None = None
        for idea in ideas:
            idea.covered = [i for i in wrong if self._matches(i, idea.gradient[i])]
            if not idea.covered:
                continue
            idea.broken = [i for i in right if not self._unchanged(i, idea.gradient[i])]
            enough = idea.kind != FACTOR or idea.cost < 3.0 or len(idea.covered) >= 2
            if enough and idea.score > 0.0 and (best is None or idea.score > best.score + 1e-9):
                best = idea
        return best

    # -- ideas

    def _ideas(self, wrong: list[int], right: list[int]) -> list[_Idea]:
        """All that is tried; the dear ones only where nothing cheap explains everything."""
        ideas = [*self._mixed_up(wrong), *self._moved(wrong)]
        rules: list[_Idea] = []
        if self.g.size * len(self.names) <= WORK // 16:
            ideas += [*self._through_places(wrong), *self._sums_of_contributions(wrong)]
            rules += self._single_rules()
            ideas += self._without_factor()
        rules += self._rules_for_many()
        ideas += rules
        best = self._best(ideas, wrong, right)
        if best is None or len(best.covered) < len(wrong) or best.broken or best.cost >= 1.0:
            ideas += self._several(rules, wrong)
            ideas += self._wrong_value(wrong)
        return ideas

    def _whole(self, i: int, x: float) -> list[float]:
        gradient = list(self.truth)
        gradient[i] = x
        return gradient

    # the components themselves

    def _mixed_up(self, wrong: list[int]) -> Iterator[_Idea]:
        """All wrong components by one factor; components that are 0, transposed, or another's."""
        for i in wrong:
            if self.analytic[i] == 0.0:
                text = "0, although there is a path: nothing was ever added to it"
                gradient = [0.0 if self.analytic[j] == 0.0 else self.truth[j] for j in self.all]
                yield _Idea(LEFT_OUT, text, gradient, 0.1)
                break
        yield from self._by_one_factor(wrong)
        yield from self._transposed()
        for i in wrong:
            others = [j for j in self.all if j != i and self._matches(i, self.truth[j])]
            if not others or self.analytic[i] == 0.0:
                continue
            j = min(others, key=lambda j: (j not in wrong, j))
            if self._matches(j, self.truth[i]) and i < j:
                gradient = self._whole(i, self.truth[j])
                gradient[j] = self.truth[i]
                text = "swapped: each is the derivative that belongs to the other"
                yield _Idea("swapped", text, gradient, 0.2)
            else:
                text = f"the derivative of another component, {self.names[j]}"
                yield _Idea("swapped", text, self._whole(i, self.truth[j]), 0.8)
        order = [j for i in self.all for j in self.all if self._is(self.analytic[i], self.truth[j])]
        if len(order) == len(self.names) and sorted(order) == list(self.all):
            gradient = [self.truth[j] for j in order]
            yield _Idea("swapped", "the right numbers in the wrong order", gradient, 0.3)

    def _is(self, a: float, b: float) -> bool:
        return abs(a - b) <= self.rtol * max(abs(a), abs(b))

    def _by_one_factor(self, wrong: list[int]) -> Iterator[_Idea]:
        """Components that are off by one simple factor, wherever it comes from."""
        groups: dict[str, list[int]] = defaultdict(list)
        for i in wrong:
            if self.truth[i]:
                said = self._simple(self.analytic[i] / self.truth[i])
                if said is not None and self.analytic[i]:
                    groups[said].append(i)
        for said, members in groups.items():
            ratio = self.analytic[members[0]] / self.truth[members[0]]
            gradient = [ratio * g if i in members else g for i, g in enumerate(self.truth)]
            everything = len(members) == len(self.names)
            kind, text = (SIGN, "the sign is wrong") if said == "-1" else (FACTOR, _off_by(said))
            if said == "-1" and everything:
                text += ", everywhere: this gradient climbs where it should descend"
            yield _Idea(kind, text, gradient, 0.25 if everything else 1.0)

    def _transposed(self) -> Iterator[_Idea]:
        """A square block of components taken the other way round, or what it multiplies."""
        for block in self._squares():
            gradient = list(self.truth)
            for (i, j), place in block.items():
                gradient[place] = self.truth[block[j, i]]
            text = "the block is transposed: rows and columns are mixed up"
            yield _Idea("transposed", text, gradient, 0.2)
            yield from self._transposed_factor(block)

    def _squares(self) -> Iterator[dict[tuple[int, int], int]]:
        blocks: dict[tuple[Any, ...], dict[tuple[int, int], int]] = defaultdict(dict)
        for place, keys in enumerate(self.keys):
            if len(keys) >= 2 and isinstance(keys[-1], int) and isinstance(keys[-2], int):
                blocks[keys[:-2]][keys[-2], keys[-1]] = place
        for block in blocks.values():
            if len(block) > 1 and all((j, i) in block for i, j in block):
                yield block

    def _transposed_factor(self, block: dict[tuple[int, int], int]) -> Iterator[_Idea]:
        """The weights transposed on the way back: delta @ W for delta @ W.T."""
        places = {self.g.seeds[place]: index for index, place in block.items()}
        changes: Changes = {}
        for edge, other in self._multiplied():
            if other in places and self.g.parents[edge] not in places:
                i, j = places[other]
                changes[edge] = self.g.nodes[self.g.seeds[block[j, i]]].data
        if changes:
            text = (
                "the weights are transposed on the way back: row i, column j was taken where row "
                "j, column i belongs"
            )
            yield _Idea("transposed", text, self.g.gradient(changes), 0.2, changes)

    def _multiplied(self) -> Iterator[tuple[int, int]]:
        """The edges into products, each with the node that it is multiplied by."""
        for i, node in enumerate(self.g.nodes):
            if node.op not in ("mul", "dot"):
                continue
            inputs = node.inputs
            half = len(inputs) // 2
            edges = iter(self.g.below[i])
            for k, x in enumerate(inputs):
                if not hasattr(x, "parents"):
                    continue
                other = inputs[(k + half) % len(inputs)]
                yield next(edges), self.g.place.get(id(other), -1)

    # contributions

    def _moved(self, wrong: list[int]) -> Iterator[_Idea]:
        """A contribution of one component that was given to another."""
        for j in self.all:
            edges = self.g.above[self.g.seeds[j]] if self.g.seeds[j] >= 0 else []
            for edge in edges:
                k = self.g.true_adjoints[self.g.outputs[edge]] * self.g.factors[edge]
                if k == 0.0:
                    continue
                where = self.name(self.g.nodes[self.g.outputs[edge]])
                for i in wrong:
                    if i == j or not self._matches(i, self.truth[i] + k):
                        continue
                    gradient = self._whole(i, self.truth[i] + k)
                    said = f"the contribution of {self.names[j]} through {where}"
                    text = f"equals the true derivative plus {said}: a path that is not in f"
                    yield _Idea("extra path", text, gradient, 0.6)
                    if j in wrong and self._matches(j, self.truth[j] - k):
                        gradient = list(gradient)
                        gradient[j] -= k
                        text = (
                            f"{said} was given to {self.names[i]}: {self.names[i]} equals the true "
                            f"derivative plus it (an extra path), {self.names[j]} lacks it (a "
                            f"missing path), as if {where} used {self.names[i]}"
                        )
                        yield _Idea("moved path", text, gradient, 0.3)

    def _sums_of_contributions(self, wrong: list[int]) -> Iterator[_Idea]:
        """What is left if several of a component's contributions are missing."""
        for i in wrong:
            edges = self.g.above[self.g.seeds[i]] if self.g.seeds[i] >= 0 else []
            if not 3 <= len(edges) <= 10:
                continue
            parts = [self.g.true_adjoints[self.g.outputs[e]] * self.g.factors[e] for e in edges]
            for chosen in range(1, 2 ** len(edges) - 1):
                kept = [k for k in range(len(edges)) if chosen >> k & 1]
                total = math.fsum(parts[k] for k in kept)
                if self._matches(i, total):
                    places = [self.g.nodes[self.g.outputs[edges[k]]] for k in kept]
                    lost = [
                        self.g.nodes[self.g.outputs[e]]
                        for k, e in enumerate(edges)
                        if k not in kept
                    ]
                    text = self._left_out(lost, places)
                    gradient = self._whole(i, total)
                    yield _Idea(LEFT_OUT, text, gradient, 0.3 + 0.2 * min(len(kept), len(lost)))

    def _left_out(self, lost: list[Any], kept: list[Any]) -> str:
        paths = "the path" if len(lost) == 1 else "the paths"
        text = f"{paths} through {self.name.listed(lost)} left out"
        if len(kept) == 1:
            text += (
                f": it equals the contribution through {self.name(kept[0])} alone, as when `=` "
                "is written where `+=` is needed"
            )
        return text

    # one factor on all paths through a place

    def _through_places(self, wrong: list[int]) -> Iterator[_Idea]:
        """A node or an edge, and the factor that its paths would need."""
        for node in range(len(self.g.nodes)):
            yield from self._through(self.g.through_node(node), node, None, wrong)
        for edge in range(self.g.size):
            if len(self.g.below[self.g.outputs[edge]]) > 1:
                yield from self._through(
                    self.g.through_edge(edge), self.g.parents[edge], edge, wrong
                )

    def _through(
        self, share: list[float], node: int, edge: int | None, wrong: list[int]
    ) -> Iterator[_Idea]:
        """The factors (most common first) by which the share of these paths is off."""
        factors: dict[float, int] = {}
        for i in wrong:
            if abs(share[i]) > 1e-12 * self.g.magnitudes[i]:
                factor = 1.0 + (self.analytic[i] - self.truth[i]) / share[i]
                near = next((f for f in factors if self._is(f, factor)), factor)
                factors[near] = factors.get(near, 0) + 1
        common = sorted(factors, key=lambda factor: -factors[factor])[:3]
        for factor in [0.0 if abs(f) < self.rtol else f for f in common if math.isfinite(f)]:
            times = factors.get(factor, 1)
            said = self._said_factor(factor, node, edge, share, wrong)
            if said is None and times < 2:
                continue
            kind, text, cost = said or (
                FACTOR,
                f"{self._where(node, edge)} carries a factor {number(factor, 6)}: no known number",
                4.0,
            )
            gradient = [g + (factor - 1.0) * s for g, s in zip(self.truth, share, strict=True)]
            edges = [edge] if edge is not None else self.g.below[node]
            changes = {e: factor * self.g.factors[e] for e in edges}
            yield _Idea(kind, text, gradient, cost, changes)

    def _where(self, node: int, edge: int | None) -> str:
        name = self.name(self.g.nodes[node])
        if edge is None:
            return f"every path through {name}"
        output = self.name(self.g.nodes[self.g.outputs[edge]])
        return f"every path {name}{EN_DASH}{output}"

    def _said_factor(
        self, factor: float, node: int, edge: int | None, share: list[float], wrong: list[int]
    ) -> tuple[str, str, float] | None:
        """Words for a factor on the paths through a place."""
        place = self.g.nodes[node]
        if edge is None and node in self.g.seeds:
            return self._said_of_seed(factor)
        plain = 0.0 if self.name.is_named(place) else 0.15
        output = self.g.nodes[self.g.outputs[edge]] if edge is not None else None
        if factor == 0.0:
            if edge is None:
                return LEFT_OUT, f"{self._where(node, edge)} is left out", 0.2 + plain
            own = 0.1 if node in self.g.seeds else 0.2
            return LEFT_OUT, self._dropped(node, edge), own + plain
        simple = self._simple(factor)
        if simple == "-1":
            if output is not None and output.op == "sub":
                return SIGN, self._sign_of_difference(node, edge), 0.1
            return SIGN, f"the sign is wrong on {self._where(node, edge)}", 0.3 + plain
        if simple is not None:
            text = f"{self._where(node, edge)} carries a factor {simple} too many"
            hint = {
                "1/2": ": was 1/2 applied twice?",
                "2": ": a 1/2 forgotten, a 2 too many, or added twice?",
            }
            return FACTOR, text + hint.get(simple, ""), 0.4 + plain + 0.1 * (edge is not None)
        known = self._known_number(factor)
        if known is not None:
            return FACTOR, f"{known} on {self._where(node, edge)}", 2.0 + plain
        return None

    def _said_of_seed(self, factor: float) -> tuple[str, str, float] | None:
        """Words for a component that is off by a factor, whatever its paths."""
        simple = self._simple(factor)
        if simple == "-1":
            return SIGN, "the sign is wrong", 0.3
        if simple is not None:
            return FACTOR, _off_by(simple), 0.5
        known = self._known_number(factor) if factor else None
        return None if known is None else (FACTOR, known, 2.0)

    def _dropped(self, node: int, edge: int) -> str:
        """An edge of which nothing arrived, said for the node below it."""
        consumers = self.g.above[node]
        lost = self.g.nodes[self.g.outputs[edge]]
        kept = [self.g.nodes[self.g.outputs[e]] for e in consumers if e != edge]
        parent = self.g.nodes[node]
        route = f"the path {self.name(parent)}{EN_DASH}{self.name(lost)} left out"
        if len(kept) == 1:
            route += (
                f": only the contribution through {self.name(kept[0])} arrived, as when `=` is "
                "written where `+=` is needed"
            )
        return route

    def _sign_of_difference(self, node: int, edge: int | None) -> str:
        assert edge is not None
        output = self.g.nodes[self.g.outputs[edge]]
        right = number(self.g.factors[edge])
        turned = number(-self.g.factors[edge])
        return (
            f"the sign is wrong: the derivative of {self.name(output)} with respect to "
            f"{self.name(self.g.nodes[node])} is {right}, and {turned} was used (the difference "
            "was turned round)"
        )

    def _simple(self, factor: float) -> str | None:
        """A factor that people lose or add without a reason of its own: -1, 2, 1/2, 1/n."""
        for value, said in self._simple_factors:
            if self._is(factor, value):
                return said
        return None

    @cached_property
    def _simple_factors(self) -> list[tuple[float, str]]:
        counts = {2, 3, 4, 5, 6, 8, 10, 100, len(self.names)}
        counts |= {len(node.inputs) for node in self.g.nodes if len(node.inputs) > 2}
        found = [(-1.0, "-1")]
        for n in sorted(counts - {1}):
            found += [(float(n), f"{n}"), (1.0 / n, f"1/{n}"), (-float(n), f"-{n}")]
            found += [(-1.0 / n, f"-1/{n}")]
        return found

    def _known_number(self, factor: float) -> str | None:
        """A factor that is a value in the graph, or one over it."""
        for value, name in self._values:
            if abs(factor - value) <= SHARP * abs(value):
                return f"a factor {name} = {number(value, 6)} too many"
            if abs(factor * value - 1.0) <= SHARP:
                return f"the factor {name} = {number(value, 6)} is missing"
        return None

    @cached_property
    def _values(self) -> list[tuple[float, str]]:
        """The numbers of the graph, those with a name first."""
        found: dict[float, str] = {}
        for node in sorted(self.g.nodes, key=lambda node: not self.name.is_named(node)):
            for x in (node, *node.inputs):
                value = getattr(x, "data", x)
                if math.isfinite(value) and value not in (0.0, 1.0, -1.0):
                    known = hasattr(x, "data")
                    found.setdefault(value, self.name(x) if known else number(value, 6))
            for edge in self.g.below[self.g.place[id(node)]]:
                factor = self.g.factors[edge]
                if math.isfinite(factor) and factor not in (0.0, 1.0, -1.0):
                    parent = self.name(self.g.nodes[self.g.parents[edge]])
                    said = f"{graph.PARTIAL}({self.name(node)})/{graph.PARTIAL}{parent}"
                    found.setdefault(factor, said)
            if len(found) > 2000:
                break
        return list(found.items())

    # rules

    @cached_property
    def _steps(self) -> list[Step]:
        return list(steps(self.g))

    def _single_rules(self) -> list[_Idea]:
        """Every step with every derivative that is written in its place."""
        found = []
        for step in self._steps:
            name = self.name(self.g.nodes[step.node])
            for kind, value, text, cost in alternatives(step, self.g.nodes[step.node]):
                changes = self._changed(step, value)
                if changes is not None:
                    shares = self._shares(step, value)
                    gradient = [g + s for g, s in zip(self.truth, shares, strict=True)]
                    said = f"the derivative of {self._function(step)} is {text} (at {name})"
                    found.append(_Idea(kind, said, gradient, cost, changes))
        return found

    def _function(self, step: Step) -> str:
        node = self.g.nodes[step.node]
        if step.op == "pow_const":
            return f"x**{number(node.inputs[1], 6)}"
        return {"square": "x**2", "div": "a/b"}.get(step.op, step.op)

    def _changed(self, step: Step, value: float) -> Changes | None:
        """The local derivatives with another in the step's place; None where that is the same."""
        if not math.isfinite(value) or abs(value - step.right) <= SHARP * abs(step.right):
            return None
        if step.right == 0.0:
            return dict.fromkeys(step.edges, value) if len(step.edges) == 1 else None
        return {edge: self.g.factors[edge] * (value / step.right) for edge in step.edges}

    def _shares(self, step: Step, value: float) -> list[float]:
        """What changing one step adds to each component."""
        total = [0.0] * len(self.names)
        for edge, factor in (self._changed(step, value) or {}).items():
            weight = self.g.true_adjoints[self.g.outputs[edge]] * (factor - self.g.factors[edge])
            row = self.g.sensitivities[self.g.parents[edge]]
            total = [t + weight * x for t, x in zip(total, row, strict=True)]
        return total

    def _rules_for_many(self) -> list[_Idea]:
        """A derivative written wrongly in all nodes of a layer, or of a kind; a sign; a factor."""
        groups: dict[tuple[Any, ...], list[Step]] = defaultdict(list)
        for step in self._steps:
            seeded = any(self.g.parents[e] in self.g.seeds for e in step.edges)
            role = step.position if self.g.nodes[step.node].op in ("sub", "div") else seeded
            groups[step.op, role, "depth", self.g.depths[step.node]].append(step)
            groups[step.op, role, "height", self.g.heights[step.node]].append(step)
            groups[step.op, role].append(step)
        found: list[_Idea] = []
        budget = WORK // max(self.g.size, 1)
        done: set[tuple[int, ...]] = set()
        for group in sorted(groups.values(), key=len, reverse=True):
            edges = tuple(sorted(e for step in group for e in step.edges))
            if edges not in done and len(found) <= budget:
                done.add(edges)
                found += self._rules_for(group)
        return found

    def _rules_for(self, steps: list[Step]) -> Iterator[_Idea]:
        options = [list(alternatives(s, self.g.nodes[s.node])) for s in steps]
        where = few([self.name(self.g.nodes[step.node]) for step in steps], 4)
        if len(steps) > 1 and len({len(option) for option in options}) == 1:
            for k, (kind, _, text, cost) in enumerate(options[0]):
                changes: Changes = {}
                for step, option in zip(steps, options, strict=True):
                    changes |= self._changed(step, option[k][1]) or {}
                said = f"the derivative of {self._function(steps[0])} is {text} (at {where})"
                yield _Idea(kind, said, self.g.gradient(changes), cost + 0.05, changes)
        yield from self._signs_and_factors(steps)

    def _signs_and_factors(self, steps: list[Step]) -> Iterator[_Idea]:
        node = self.g.nodes[steps[0].node]
        edges = [e for step in steps for e in step.edges]
        where = self.name.listed([self.g.nodes[step.node] for step in steps])

        def idea(kind: str, text: str, ratio: float, cost: float) -> _Idea:
            changes = {e: ratio * self.g.factors[e] for e in edges}
            return _Idea(kind, text, self.g.gradient(changes), cost, changes)

        if node.op == "sub" and len(steps) == 1:
            text = self._sign_of_difference(self.g.parents[edges[0]], edges[0])
            yield idea(SIGN, text, -1.0, 0.1)
        else:
            yield idea(SIGN, f"the sign of the derivative is wrong at {where}", -1.0, 0.5)
        if node.op == "mean":
            n = len(node.inputs)
            yield idea(FACTOR, f"the 1/{n} of the mean is missing ({where})", float(n), 0.1)
        if node.op == "sum":
            n = len(node.inputs)
            text = f"a factor 1/{n}, as if the sum were a mean ({where})"
            yield idea(FACTOR, text, 1.0 / n, 0.2)
        constant = [x for x in node.inputs if not hasattr(x, "parents")]
        if node.op in ("mul", "div") and len(constant) == 1 and len(steps) == 1:
            factor = self.g.factors[edges[0]]
            if factor not in (0.0, 1.0, -1.0):
                written = number(constant[0], 6)
                what = "division by" if node.op == "div" else "factor"
                yield idea(
                    MISSING, f"the {what} {written} of {where} is left out", 1 / factor, 0.15
                )
                yield idea(FACTOR, f"the {what} {written} of {where} is applied twice", factor, 0.2)

    def _without_factor(self) -> Iterator[_Idea]:
        """Products differentiated with the other factor left out, or another in its place."""
        edges = [(e, o) for e, o in self._multiplied() if self.g.factors[e] not in (0.0, 1.0)]
        layers: dict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
        for edge, other in edges:
            place = self.g.outputs[edge]
            seeded = self.g.parents[edge] in self.g.seeds
            layers[seeded, "depth", self.g.depths[place]].append((edge, other))
            layers[seeded, "height", self.g.heights[place]].append((edge, other))
        for pairs in [*([pair] for pair in edges), *(p for p in layers.values() if len(p) > 1)]:
            yield from self._products(pairs)

    def _products(self, pairs: list[tuple[int, int]]) -> Iterator[_Idea]:
        others = [self.g.nodes[o] if o >= 0 else None for _, o in pairs]
        said = few(
            [
                self.name(x) if x is not None else number(self.g.factors[e], 6)
                for x, (e, _) in zip(others, pairs, strict=True)
            ],
            3,
        )
        factor = "the factor" if len(pairs) == 1 else "the factors"
        verb = "is" if len(pairs) == 1 else "are"
        yield self._with(
            MISSING, f"{factor} {said} {verb} missing", {e: 1.0 for e, _ in pairs}, 0.3
        )
        own = {e: self.g.nodes[self.g.parents[e]].data for e, _ in pairs}
        yield self._with(
            MISSING, f"multiplied by itself in place of {said}, the other factor", own, 0.7
        )
        if all(x is not None and len(x.parents) == 1 for x in others):
            before = [x.parents[0] for x in others if x is not None]
            changes = {e: x.data for (e, _), x in zip(pairs, before, strict=True)}
            text = f"{factor} {said} taken as {self.name.listed(before[:3])}, before the function"
            yield self._with(MISSING, text, changes, 0.5)

    def _with(self, kind: str, text: str, changes: Changes, cost: float) -> _Idea:
        if len(changes) > 8:
            return _Idea(kind, text, self.g.gradient(changes), cost, changes)
        gradient = list(self.truth)
        for edge, factor in changes.items():
            weight = self.g.true_adjoints[self.g.outputs[edge]] * (factor - self.g.factors[edge])
            row = self.g.sensitivities[self.g.parents[edge]]
            gradient = [g + weight * x for g, x in zip(gradient, row, strict=True)]
        return _Idea(kind, text, gradient, cost, changes)

    # several at once

    def _several(self, rules: list[_Idea], wrong: list[int]) -> Iterator[_Idea]:
        """Two or three slips whose ratios multiply up to what is there."""
        if any(self.truth[i] == 0.0 or self.analytic[i] == 0.0 for i in wrong):
            wrong = [i for i in wrong if self.truth[i] and self.analytic[i]]
        if not wrong:
            return
        target = [self.analytic[i] / self.truth[i] for i in wrong]
        singles = self._distinct(rules, wrong)
        by_first: dict[float, list[_Ratios]] = defaultdict(list)
        for single in singles:
            by_first[_rounded(single[0][0])].append(single)
        yield from self._completed(target, ((single,) for single in singles), by_first)
        if len(singles) ** 2 <= WORK // 4:
            yield from self._completed(target, itertools.combinations(singles, 2), by_first)

    def _distinct(self, rules: list[_Idea], wrong: list[int]) -> list[_Ratios]:
        """One idea, the simplest, for every effect."""
        found: dict[tuple[float, ...], _Ratios] = {}
        for idea in sorted(rules, key=lambda idea: idea.cost):
            ratios = [idea.gradient[i] / self.truth[i] for i in wrong]
            if not all(r and math.isfinite(r) for r in ratios) or all(
                self._is(r, 1.0) for r in ratios
            ):
                continue
            found.setdefault(tuple(map(_rounded, ratios)), (ratios, idea))
            if len(found) >= 400:
                break
        return list(found.values())

    def _completed(
        self,
        target: list[float],
        starts: Iterable[tuple[_Ratios, ...]],
        by_first: dict[float, list[_Ratios]],
    ) -> Iterator[_Idea]:
        """Each start with the one idea more that would reach the target, if there is one."""
        for start in starts:
            needed = target[0] / math.prod(ratios[0] for ratios, _ in start)
            for last in by_first.get(_rounded(needed), ()):
                if last not in start and self._multiply_to(target, (*start, last)):
                    combined = self._combined([idea for _, idea in (*start, last)])
                    if combined is not None:
                        yield combined

    def _multiply_to(self, target: list[float], factors: tuple[_Ratios, ...]) -> bool:
        products = map(math.prod, zip(*[ratios for ratios, _ in factors], strict=True))
        return all(
            abs(t - product) <= 10 * SHARP * abs(t)
            for t, product in zip(target, products, strict=True)
        )

    def _combined(self, ideas: list[_Idea]) -> _Idea | None:
        """Several slips in one graph, worked out for certain; None where they collide."""
        changes: Changes = {}
        for idea in ideas:
            for edge, factor in idea.changes.items():
                right = self.g.factors[edge]
                if edge in changes and right == 0.0:
                    return None
                changes[edge] = factor * (changes[edge] / right) if edge in changes else factor
        ideas = sorted(ideas, key=lambda idea: min(idea.changes, default=0), reverse=True)
        parts = tuple(idea.text for idea in ideas)
        text = f"{_together(parts)}: {'; '.join(parts)}"
        cost = sum(idea.cost for idea in ideas) + 1.0 * (len(ideas) - 1)
        kind = " + ".join(dict.fromkeys(idea.kind for idea in ideas))
        return _Idea(kind, text, self.g.gradient(changes), cost, changes, parts=parts)

    # values

    def _wrong_value(self, wrong: list[int]) -> Iterator[_Idea]:
        """A node whose value, taken wrongly on the way forward, would give these numbers.

        Only where the components are off by several factors: one number can be solved for to give
        any one factor.
        """
        ratios = [self.analytic[i] / self.truth[i] for i in wrong if self.truth[i]]
        if len(ratios) < 2 or all(self._is(ratio, ratios[0]) for ratio in ratios):
            return
        if self.g.size * NODES_SOLVED > 4 * WORK:
            return
        inner = [i for i in range(len(self.g.nodes) - 1) if self.g.below[i]]
        found = []
        for place in inner[-NODES_SOLVED:]:
            solved = self._solved(place, wrong)
            if solved is not None:
                found.append((place, *solved))
        plain = [entry for entry in found if self._is_plain(entry[0])] or found
        if plain:
            said = [
                f"the value of {self.name(self.g.nodes[place])} is "
                f"{number(self.g.nodes[place].data, 6)}, and {number(value, 6)} was used"
                for place, value, _ in plain[-3:]
            ]
            text = "; or ".join(said) + ": a slip on the way forward, not in the chain rule"
            yield _Idea("value", text, plain[-1][2], 1.5)

    def _is_plain(self, place: int) -> bool:
        """Whether a node is a value that one computes by hand, not a step inside a function."""
        node = self.g.nodes[place]
        return self.name.is_named(node) or node.op in ("add", "sub", "mul", "dot", "sum", "mean")

    def _solved(self, place: int, wrong: list[int]) -> tuple[float, list[float]] | None:
        """The value of one node for which the wrong components come out, by the secant method."""
        start = self.g.nodes[place].data
        first = self._with_value(place, start + 1e-4 * max(abs(start), 1e-2))
        if first is None:
            return None
        i = max(wrong, key=lambda i: abs(first[i] - self.truth[i]) / (abs(self.truth[i]) or 1.0))
        goal = self.analytic[i]
        x0, y0 = start, self.truth[i] - goal
        x1, y1 = start + 1e-4 * max(abs(start), 1e-2), first[i] - goal
        gradient: list[float] | None = first
        for _ in range(20):
            if y1 == y0:
                return None
            x0, x1, y0 = x1, x1 - y1 * (x1 - x0) / (y1 - y0), y1
            gradient = self._with_value(place, x1)
            if gradient is None:
                return None
            y1 = gradient[i] - goal
            if abs(y1) <= 1e-14 * abs(goal):
                break
        assert gradient is not None
        fits = all(self._matches(k, gradient[k]) for k in wrong)
        return (x1, gradient) if fits else None

    def _with_value(self, place: int, value: float) -> list[float] | None:
        """The gradient of the graph, computed anew with one node's value replaced."""
        if not math.isfinite(value):
            return None
        data = [node.data for node in self.g.nodes]
        data[place] = value
        changed = {place}
        changes: Changes = {}
        for i, node in enumerate(self.g.nodes):
            edges = self.g.below[i]
            touched = any(self.g.parents[e] in changed for e in edges)
            if not edges or not (touched or i == place):
                continue
            at = iter(edges)
            xs = [data[self.g.parents[next(at)]] if hasattr(x, "data") else x for x in node.inputs]
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
        return self.g.gradient(changes)


def _off_by(said: str) -> str:
    hints = {
        "1/2": " (1/2 applied twice, or a 2 forgotten?)",
        "2": " (a 1/2 forgotten, or a 2 applied twice?)",
    }
    return f"off by the factor {said}{hints.get(said, '')}"


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(same, min(len(first), len(last)))]


def _together(parts: tuple[str, ...]) -> str:
    return f"{len(parts)} slips together"


def _rounded(x: float) -> float:
    return float(f"{x:.7g}")
