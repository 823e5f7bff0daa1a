"""Slips in the components: off by one factor, swapped, transposed, moved from one to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from autograd.check.tutor.common_mistakes import FACTOR, LEFT_OUT, SIGN
from autograd.check.tutor.faults_on_paths import off_by
from autograd.check.tutor.hypotheses import GradientCase, Hypothesis
from autograd.check.tutor.recorded_graph import Changes

__all__ = ["mixed_up", "moved"]


def mixed_up(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """Components that are 0, all by one factor, transposed, or another's."""
    zeros = [i for i in wrong if case.analytic[i] == 0.0]
    if zeros:
        text = "0, although there is a path: nothing was ever added to it"
        yield Hypothesis(LEFT_OUT, text, case.with_components(dict.fromkeys(zeros, 0.0)), 0.1)
    yield from _by_one_factor(case, wrong)
    yield from _transposed(case)
    for i in wrong:
        others = [j for j, x in enumerate(case.truth) if j != i and case.matches(i, x)]
        if not others or i in zeros:
            continue
        j = min(others, key=lambda j: (j not in wrong, j))
        if case.matches(j, case.truth[i]):
            gradient = case.with_components({i: case.truth[j], j: case.truth[i]})
            text = "swapped: each is the derivative that belongs to the other"
            yield Hypothesis("swapped", text, gradient, 0.2)
        else:
            gradient = case.with_components({i: case.truth[j]})
            text = f"the derivative of another component, {case.names[j]}"
            yield Hypothesis("swapped", text, gradient, 0.8)


def _by_one_factor(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """Components that are off by one simple factor, wherever it comes from."""
    groups: dict[str, dict[int, float]] = defaultdict(dict)
    for i in wrong:
        if case.truth[i] and case.analytic[i]:
            said = case.simple(case.analytic[i] / case.truth[i])
            if said is not None:
                groups[said][i] = case.analytic[i]
    for said, members in groups.items():
        everything = len(members) == len(case.names)
        kind, text = (SIGN, "the sign is wrong") if said == "-1" else (FACTOR, off_by(said))
        if said == "-1" and everything:
            text += ", everywhere: this gradient climbs where it should descend"
        gradient = case.with_components(members)
        yield Hypothesis(kind, text, gradient, 0.25 if everything else 1.0)


def _transposed(case: GradientCase) -> Iterator[Hypothesis]:
    """A square block of components taken the other way round, or the weights on the way back."""
    graph = case.graph
    for block in _squares(case):
        turned = {place: block[j, i] for (i, j), place in block.items()}
        gradient = case.with_components({i: case.truth[j] for i, j in turned.items()})
        text = "the block is transposed: rows and columns are mixed up"
        yield Hypothesis("transposed", text, gradient, 0.2)
        pairs = [(graph.seeds[i], graph.seeds[j]) for i, j in turned.items()]
        instead = {i: graph.nodes[j].data for i, j in pairs if i >= 0 and j >= 0}
        changes: Changes = {
            edge: instead[other]
            for edge, other in case.multiplied()
            if other in instead and graph.parents[edge] not in instead
        }
        if changes:
            text = (
                "the weights are transposed on the way back: row i, column j was taken where row "
                "j, column i belongs"
            )
            yield Hypothesis("transposed", text, graph.gradient(changes), 0.2, changes)


def _squares(case: GradientCase) -> Iterator[dict[tuple[int, int], int]]:
    """Square blocks of components: the place of each by row and column."""
    blocks: dict[tuple[Any, ...], dict[tuple[int, int], int]] = defaultdict(dict)
    for place, keys in enumerate(case.keys):
        if len(keys) >= 2 and isinstance(keys[-1], int) and isinstance(keys[-2], int):
            blocks[keys[:-2]][keys[-2], keys[-1]] = place
    for block in blocks.values():
        if len(block) > 1 and all((j, i) in block for i, j in block):
            yield block


def moved(case: GradientCase, wrong: list[int]) -> Iterator[Hypothesis]:
    """A contribution of one component that was given to another, or to both."""
    for j, owner in enumerate(case.names):
        for edge, share in case.contributions(j).items():
            if share == 0.0:
                continue
            where = case.name(case.graph.nodes[case.graph.outputs[edge]])
            said = f"the contribution of {owner} through {where}"
            for i in wrong:
                taken = case.truth[i] + share
                if i == j or not case.matches(i, taken):
                    continue
                text = f"equals the true derivative plus {said}: a path that is not in f"
                yield Hypothesis("extra path", text, case.with_components({i: taken}), 0.6)
                left = case.truth[j] - share
                if j in wrong and case.matches(j, left):
                    name = case.names[i]
                    text = (
                        f"{said} was given to {name}: {name} equals the true derivative plus it "
                        f"(an extra path), {owner} lacks it (a missing path), as if {where} used "
                        f"{name}"
                    )
                    gradient = case.with_components({i: taken, j: left})
                    yield Hypothesis("moved path", text, gradient, 0.3)
