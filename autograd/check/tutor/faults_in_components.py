"""Slips in the components: mixed up, transposed, moved, added up from the wrong contributions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from autograd.check.tutor.common_mistakes import FACTOR, LEFT_OUT, SIGN
from autograd.check.tutor.hypotheses import GradientCase, Hypothesis, off_by
from autograd.check.tutor.recorded_graph import Changes

__all__ = ["mixed_up", "moved", "sums_of_contributions"]


def mixed_up(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """All wrong components by one factor; components that are 0, transposed, or another's."""
    for i in wrong:
        if case.analytic[i] == 0.0:
            text = "0, although there is a path: nothing was ever added to it"
            gradient = [0.0 if case.analytic[j] == 0.0 else case.truth[j] for j in case.all]
            yield Hypothesis(LEFT_OUT, text, gradient, 0.1)
            break
    yield from _by_one_factor(case, wrong)
    yield from _transposed(case)
    for i in wrong:
        others = [j for j in case.all if j != i and case.matches(i, case.truth[j])]
        if not others or case.analytic[i] == 0.0:
            continue
        j = min(others, key=lambda j: (j not in wrong, j))
        if case.matches(j, case.truth[i]) and i < j:
            gradient = case.with_component(i, case.truth[j])
            gradient[j] = case.truth[i]
            text = "swapped: each is the derivative that belongs to the other"
            yield Hypothesis("swapped", text, gradient, 0.2)
        else:
            text = f"the derivative of another component, {case.names[j]}"
            yield Hypothesis("swapped", text, case.with_component(i, case.truth[j]), 0.8)
    order = [j for i in case.all for j in case.all if case.same(case.analytic[i], case.truth[j])]
    if len(order) == len(case.names) and sorted(order) == list(case.all):
        gradient = [case.truth[j] for j in order]
        yield Hypothesis("swapped", "the right numbers in the wrong order", gradient, 0.3)


def _by_one_factor(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """Components that are off by one simple factor, wherever it comes from."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i in wrong:
        if case.truth[i]:
            said = case.simple(case.analytic[i] / case.truth[i])
            if said is not None and case.analytic[i]:
                groups[said].append(i)
    for said, members in groups.items():
        ratio = case.analytic[members[0]] / case.truth[members[0]]
        gradient = [ratio * g if i in members else g for i, g in enumerate(case.truth)]
        everything = len(members) == len(case.names)
        kind, text = (SIGN, "the sign is wrong") if said == "-1" else (FACTOR, off_by(said))
        if said == "-1" and everything:
            text += ", everywhere: this gradient climbs where it should descend"
        yield Hypothesis(kind, text, gradient, 0.25 if everything else 1.0)


def _transposed(case: GradientCase) -> Iterator[Hypothesis]:
    """A square block of components taken the other way round, or what it multiplies."""
    for block in _squares(case):
        gradient = list(case.truth)
        for (i, j), place in block.items():
            gradient[place] = case.truth[block[j, i]]
        text = "the block is transposed: rows and columns are mixed up"
        yield Hypothesis("transposed", text, gradient, 0.2)
        yield from _transposed_factor(case, block)


def _squares(case: GradientCase) -> Iterator[dict[tuple[int, int], int]]:
    blocks: dict[tuple[Any, ...], dict[tuple[int, int], int]] = defaultdict(dict)
    for place, keys in enumerate(case.keys):
        if len(keys) >= 2 and isinstance(keys[-1], int) and isinstance(keys[-2], int):
            blocks[keys[:-2]][keys[-2], keys[-1]] = place
    for block in blocks.values():
        if len(block) > 1 and all((j, i) in block for i, j in block):
            yield block


def _transposed_factor(
    case: GradientCase, block: dict[tuple[int, int], int]
) -> Iterator[Hypothesis]:
    """The weights transposed on the way back: delta @ W for delta @ W.T."""
    places = {case.g.seeds[place]: index for index, place in block.items()}
    changes: Changes = {}
    for edge, other in case.multiplied():
        if other in places and case.g.parents[edge] not in places:
            i, j = places[other]
            changes[edge] = case.g.nodes[case.g.seeds[block[j, i]]].data
    if changes:
        text = (
            "the weights are transposed on the way back: row i, column j was taken where row "
            "j, column i belongs"
        )
        yield Hypothesis("transposed", text, case.g.gradient(changes), 0.2, changes)


def moved(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """A contribution of one component that was given to another."""
    for j in case.all:
        edges = case.g.above[case.g.seeds[j]] if case.g.seeds[j] >= 0 else []
        for edge in edges:
            k = case.g.true_adjoints[case.g.outputs[edge]] * case.g.factors[edge]
            if k == 0.0:
                continue
            where = case.name(case.g.nodes[case.g.outputs[edge]])
            for i in wrong:
                if i == j or not case.matches(i, case.truth[i] + k):
                    continue
                gradient = case.with_component(i, case.truth[i] + k)
                said = f"the contribution of {case.names[j]} through {where}"
                text = f"equals the true derivative plus {said}: a path that is not in f"
                yield Hypothesis("extra path", text, gradient, 0.6)
                if j in wrong and case.matches(j, case.truth[j] - k):
                    gradient = list(gradient)
                    gradient[j] -= k
                    text = (
                        f"{said} was given to {case.names[i]}: {case.names[i]} equals the true "
                        f"derivative plus it (an extra path), {case.names[j]} lacks it (a "
                        f"missing path), as if {where} used {case.names[i]}"
                    )
                    yield Hypothesis("moved path", text, gradient, 0.3)


def sums_of_contributions(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """What is left if several of a component's contributions are missing."""
    for i in wrong:
        edges = case.g.above[case.g.seeds[i]] if case.g.seeds[i] >= 0 else []
        if not 3 <= len(edges) <= 10:
            continue
        parts = [case.g.true_adjoints[case.g.outputs[e]] * case.g.factors[e] for e in edges]
        for chosen in range(1, 2 ** len(edges) - 1):
            kept = [k for k in range(len(edges)) if chosen >> k & 1]
            total = math.fsum(parts[k] for k in kept)
            if case.matches(i, total):
                places = [case.g.nodes[case.g.outputs[edges[k]]] for k in kept]
                lost = [
                    case.g.nodes[case.g.outputs[e]] for k, e in enumerate(edges) if k not in kept
                ]
                text = _left_out(case, lost, places)
                gradient = case.with_component(i, total)
                yield Hypothesis(LEFT_OUT, text, gradient, 0.3 + 0.2 * min(len(kept), len(lost)))


def _left_out(case: GradientCase, lost: list[Any], kept: list[Any]) -> str:
    paths = "the path" if len(lost) == 1 else "the paths"
    text = f"{paths} through {case.name.listed(lost)} left out"
    if len(kept) == 1:
        text += (
            f": it equals the contribution through {case.name(kept[0])} alone, as when `=` "
            "is written where `+=` is needed"
        )
    return text
