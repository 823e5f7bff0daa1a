"""A loop is cut into what its rounds wait for and what they do not, which changes no bit."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest

import autograd
from autograd import hessian, jit, value_and_grad

pytest.importorskip("llvmlite")
pytest.importorskip("numpy")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from recursions import DATA, garch

from autograd.compiler.ir import loop_parts
from autograd.compiler.ir.loop_parts import Part, links, parts_of
from autograd.compiler.ir.loop_places import Place
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.recomputing import RecomputingSources
from autograd.compiler.ir.rolling import roll
from autograd.compiler.ir.row_order import with_results_early
from autograd.compiler.ir.sources import Carried, Sources
from autograd.compiler.native.kernels import KernelCode

EXAMPLES = 4  # of which each is compiled


def program_of(f: Callable[..., Any], x: Sequence[float]) -> Program:
    compiled = jit(f)
    compiled(x)
    out: Program = compiled._last().instructions
    return out


def layout_of(f: Callable[..., Any], x: Sequence[float]) -> RecomputingSources:
    return RecomputingSources(roll(with_results_early(program_of(f, x))))


def cut_loops(layout: Sources) -> list[Sequence[Part]]:
    """The loops of a program that are cut."""
    places = [item for item in layout.root.items if isinstance(item, Place)]
    found = [parts_of(layout, place) for place in places]
    return [parts for parts in found if len(parts) > 1]


def compiled(program: Program) -> Callable[[Sequence[float]], list[str]]:
    """Its results by machine code with loops; nan as a word, for it has many bits."""
    code = KernelCode(program, roll(with_results_early(program), 2), {})
    kernel = code.compiled().kernel(locked=False)
    out = (ctypes.c_double * len(program.outputs))()

    def results(x: Sequence[float]) -> list[str]:
        assert code.has_loops  # and whose tables are read
        assert kernel((ctypes.c_double * len(x))(*x), out) == -1
        return [*map(str, out)]

    return results


def test_a_cut_loop_has_each_row_once() -> None:
    """The loops of a Hessian that go forward through its time series are cut, the rest is not."""
    found = cut_loops(layout_of(hessian(garch), [0.1, 0.1, 0.8]))
    assert len(found) == 3
    for parts in found:
        rows = [row for part in parts for row in part.items]
        assert sorted(map(id, rows)) == sorted(map(id, parts[0].place.items))
        assert [part.is_chain for part in parts].count(True) == 1


def test_rounds_wait_for_each_other_in_the_chain_alone() -> None:
    layout = layout_of(hessian(garch), [0.1, 0.1, 0.8])
    for parts in cut_loops(layout):
        waiting = links(layout, parts[0].place)
        for part in parts:
            assert part.is_chain == bool(waiting & {*part.items})


def test_a_part_finds_what_it_needs() -> None:
    """Itself or in an earlier part, whose numbers are then kept."""
    layout = layout_of(hessian(garch), [0.1, 0.1, 0.8])
    for parts in cut_loops(layout):
        seen: set[object] = set()
        for part in parts:
            assert seen >= {*part.found}
            seen |= {*part.items}
            at_hand = {*part.items, *part.found}
            for row in at_hand:
                for source in loop_parts.sources_of(layout, row):
                    needed = source.row if isinstance(source, Carried) else source
                    if layout.is_truth(row) or row in part.items:
                        assert needed not in part.place.items or needed in at_hand
            for row in part.found:
                assert layout.is_truth(row) or layout.storage[row].extent is not None


def test_comparisons_are_made_anew_and_not_kept() -> None:
    """Of numbers that are kept anyway."""
    layout = layout_of(hessian(garch), [0.1, 0.1, 0.8])
    kept = [row for row in layout.rows if layout.storage[row].extent is not None]
    assert kept
    assert not any(layout.is_truth(row) for row in kept)
    assert any(layout.is_truth(row) for row in Sources(layout.rolled).rows)


def test_a_hessian_keeps_its_bits() -> None:
    """At zeros, infinities and NaN too."""
    program = program_of(hessian(garch), [0.1, 0.1, 0.8])
    results = compiled(program)
    for p in product([0.0, -0.0, 0.3, -0.7, 1e200, math.inf, math.nan], repeat=3):
        if p[0] == 0.3 or p[1] == 0.0:
            assert results(p) == [*map(str, program.evaluate(p))]


STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "half": lambda a, b: 0.5 * a + b,
    "larger": autograd.maximum,
    "positive": lambda a, b: autograd.relu(a) + b,
}
REACHES_BACK = [("add", 0, 2, 3), ("mul", 2, 0, 2)]
"""A gradient of which reads, in a loop, what that has written two rounds before."""
BODIES = st.lists(
    st.tuples(st.sampled_from([*STEPS]), *[st.integers(0, 4)] * 2, st.integers(1, 3)),
    min_size=2,
    max_size=5,
)


def recursion(body: Sequence[tuple[str, int, int, int]]) -> Callable[[Any], Any]:
    """Three numbers, of which each step of a body overwrites one, through a time series."""

    def f(p: Any) -> Any:
        numbers = [p[0], 0.5, 0.25 + p[1], -1.5, p[1]]
        for x in DATA[:36]:
            numbers[0] = p[0] + x
            for name, i, k, target in body:
                numbers[target] = STEPS[name](numbers[i], numbers[k])
        return numbers[1] + numbers[2] * numbers[3]

    return f


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, derivative=st.sampled_from([value_and_grad, hessian]))
@example(body=REACHES_BACK, derivative=value_and_grad)
@example(body=[("add", 0, 1, 3), ("mul", 0, 1, 1)], derivative=hessian)
def test_any_recursion_keeps_its_bits(
    monkeypatch: pytest.MonkeyPatch,
    body: Sequence[tuple[str, int, int, int]],
    derivative: Callable[..., Any],
) -> None:
    """However little there is beside a chain."""
    monkeypatch.setattr(loop_parts, "LEAST", 1)
    monkeypatch.setattr(loop_parts, "SHARE", 10**6)
    program = program_of(derivative(recursion(body)), [0.3, -0.7])
    if program.operations:
        results = compiled(program)
        for p in ([0.3, -0.7], [0.0, 1.5], [-0.0, math.inf]):
            assert results(p) == [*map(str, program.evaluate(p))]
