"""The order in which machine code does what loops do: another one than recorded, the same bits."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from autograd import grad, hessian, jit, value_and_grad

pytest.importorskip("llvmlite")
pytest.importorskip("numpy")

from hypothesis import given, settings
from hypothesis import strategies as st
from random_loops import POINT, PROGRAMS, Interpreted, Statement
from recursions import DATA, garch

from autograd.compiler.ir.flat_rows import HOLDS, program_of, rows_from
from autograd.compiler.ir.loop_order import carried_last
from autograd.compiler.ir.loop_parts import Part, is_chain, uncut
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.loops_together import in_pieces, side_by_side
from autograd.compiler.ir.program import Guard, GuardFailed, Op, Program
from autograd.compiler.ir.recomputing import RecomputingSources
from autograd.compiler.ir.rolling import roll
from autograd.compiler.ir.row_order import with_results_early
from autograd.compiler.ir.sources import Carried, Memory, Recomputed, Sources
from autograd.compiler.native.kernels import KernelCode
from autograd.compiler.native.loop_kernel import LoopKernel
from autograd.compiler.native.machine import WITHOUT_MASKS
from autograd.compiler.native.shared_code import SharedCode


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def layout_of(f: Callable[..., Any], x: list[float]) -> RecomputingSources:
    """The loops of a function's program, as its machine code has them."""
    compiled = jit(f)
    compiled(x)
    return RecomputingSources(roll(with_results_early(compiled._last().instructions)))


def written(rolled: Rolled) -> str:
    """The assembly of a program that has no primitives of users."""
    return LoopKernel(RecomputingSources(rolled), {}).assembly()


def places_in(place: Place) -> list[Place]:
    inner = [item for item in place.items if isinstance(item, Place)]
    return [place, *[deeper for one in inner for deeper in places_in(one)]]


# -- results ---------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(PROGRAMS, st.integers(0, 100))
def test_rows_in_another_order_give_the_same(statements: list[Statement], seed: int) -> None:
    """By the reference, whatever the program; each result that only follows from another row is
    next to it."""
    f = value_and_grad(Interpreted(statements, seed))
    compiled = jit(f)
    try:
        compiled(POINT)
    except ValueError:  # nothing depends on the point
        return
    program = compiled._last().instructions
    ordered = program_of(program, with_results_early(program))
    try:
        wanted = program.evaluate(POINT)
    except GuardFailed:
        return
    assert [*map(str, ordered.evaluate(POINT))] == [*map(str, wanted)]


def test_rows_follow_the_only_one_that_they_read() -> None:
    """Those that no row reads, and that compute: by hand. Several that read the same one stay in
    their order; a number of their own says that they have moved."""
    code = [
        Op("input", (), 0),
        Op("mul", (0, 0)),  # a
        Op("neg", (1,)),  # b: read below, so it stays
        Op("mul", (2, 0)),  # c
        Op("add", (1, 1)),  # follows a
        Op("add", (2, 3)),  # reads two rows
        Op("neg", (3,)),  # follows c
        Op("lt", (1, 0)),  # of a guard, which reads it: both stay
        Op("abs", (1,)),  # follows a too
    ]
    ordered = with_results_early(Program(code, ("x",), (8, 6, 0), (Guard(7, True, True, ""),)))
    names = [ordered.names[k] for k in ordered.codes.tolist()]
    assert names == ["mul", "add", "abs", "neg", "mul", "neg", "add", "lt", HOLDS]
    of_moved = ordered.codes >= len(ordered.names) // 2
    assert of_moved.tolist() == [False, True, True, False, False, True, False, False, False]
    assert ordered.operands.tolist() == [-1, -1, 0, 0, 0, 0, 3, -1, 4, 3, 4, 0, -1, 7]
    assert ordered.starts.tolist() == [0, 2, 4, 5, 6, 8, 9, 11, 13, 14]
    assert ordered.results.tolist() == [2, 5, -1]


def test_a_gradient_is_written_in_the_loop_that_computes_it() -> None:
    """No loop after the reverse pass reads what it has left."""
    layout = layout_of(grad(rosenbrock), POINT * 20)
    givers = [row for row in layout.rows if layout.storage[row].given and row.place.depth]
    assert len(givers) == 1
    assert len(givers[0].place.items) > 5


# -- what is computed once more --------------------------------------------------------------------


def test_cheap_numbers_are_computed_once_more() -> None:
    """All that Rosenbrock's reverse pass reads are inputs."""
    layout = layout_of(value_and_grad(rosenbrock), POINT * 20)
    assert layout.left_for_later == 0
    found = [source for source in layout.known.values() if isinstance(source, Recomputed)]
    assert {layout.name(source.row) for source in found} == {"sub"}
    assert Sources(layout.rolled).left_for_later > 0


def test_what_takes_long_is_not_computed_once_more() -> None:
    """Nor what depends on the round before."""
    layout = layout_of(value_and_grad(garch), [0.1, 0.1, 0.8])
    assert not any(isinstance(source, Recomputed) for source in layout.known.values())


# -- the order of rows -----------------------------------------------------------------------------


@settings(max_examples=30)
@given(PROGRAMS, st.integers(0, 100))
def test_rows_stand_after_what_they_need(statements: list[Statement], seed: int) -> None:
    """In every loop, and all of them are there."""
    compiled = jit(Interpreted(statements, seed))
    compiled(POINT)
    layout = RecomputingSources(roll(rows_from(compiled._last().instructions), 2))
    for place in places_in(layout.root):
        items = carried_last(layout, uncut(place))
        assert sorted(map(id, items)) == sorted(map(id, place.items))
        done: set[WrittenRow] = set()
        for item in items:
            if isinstance(item, WrittenRow):
                for column in range(item.column, item.column + item.node.width):
                    source = layout.source(place, column)
                    if isinstance(source, WrittenRow) and source.place is place:
                        assert source in done
                done.add(item)


def test_what_is_carried_over_is_read_after_its_next_number() -> None:
    """So that no round of Rosenbrock's reverse pass waits for another."""
    layout = layout_of(grad(rosenbrock), POINT * 20)
    [place] = [item for item in layout.root.items if isinstance(item, Place)][-1:]
    order = [row for row in carried_last(layout, uncut(place)) if isinstance(row, WrittenRow)]
    carried = 0
    for i, row in enumerate(order):
        for column in range(row.column, row.column + row.node.width):
            source = layout.source(place, column)
            if isinstance(source, Carried):
                carried += 1
                assert source.row in order[:i]
    assert carried > 0
    assert not is_chain(layout, place)


# -- loops side by side ----------------------------------------------------------------------------


def test_the_columns_of_a_hessian_run_side_by_side() -> None:
    """Three chains at a time; each loop is there once."""
    layout = layout_of(hessian(garch), [0.1, 0.1, 0.8])
    pieces = in_pieces(layout)
    items = side_by_side(layout, pieces)
    groups = [item for item in items if isinstance(item, tuple) and not isinstance(item, Part)]
    assert [len(group) for group in groups] == [1, 1, 3, 3, 3]
    assert all(part.is_chain for group in groups for part in group)
    flat = [one for item in items for one in (item if item in groups else [item])]
    assert sorted(map(id, flat)) == sorted(map(id, pieces))


@pytest.mark.parametrize("count", [5, 6, 7, 30, 90])
def test_loops_of_other_lengths_go_on_alone(count: int) -> None:
    """Chains that differ by a few rounds share those that all have: as many terms as there are."""

    def f(p: Any) -> Any:
        sums = []
        for shorter in range(3):
            h, total = 1.0, 0.0
            for x in DATA[shorter:count]:
                h = p[shorter] + p[3] * h * x
                total = total + h * h
            sums.append(total)
        return sums[0] * sums[1] + sums[2]

    for derivative in (value_and_grad, hessian):
        compiled = jit(derivative(f))
        compiled(p := [0.1, 0.2, 0.3, 0.4])
        program = compiled._last().instructions
        rolled = roll(with_results_early(program))
        code = KernelCode(program, rolled, {})  # which has the tables
        kernel = code.compiled().kernel(locked=False)
        out = (ctypes.c_double * len(program.outputs))()
        assert kernel((ctypes.c_double * 4)(*p), out) == -1
        assert list(out) == program.evaluate(p)


def test_loops_of_other_lengths_share_machine_code() -> None:
    """Where one goes on alone is a number that the code is given, as how many rounds it has."""

    def f(x: Any) -> Any:
        sums = []
        for shorter in range(3):
            h, total = 1.0, 0.0
            for a in DATA[shorter : len(x)]:
                h = x[shorter] + x[3] * h * a
                total = total + h * h
            sums.append(total)
        return sums[0] * sums[1] + sums[2]

    shared, texts = SharedCode(), set()
    for length in (40, 42, 60, 62):
        compiled = jit(value_and_grad(f))
        compiled(x := DATA[:length])
        program = compiled._last().instructions
        code = KernelCode(program, roll(with_results_early(program)), {})
        texts.add(code.holed().text)
        made = code.compiled(shared=shared)
        out = (ctypes.c_double * len(program.outputs))()
        assert made.kernel(locked=False)((ctypes.c_double * length)(*x), out) == -1
        assert list(out) == program.evaluate(x)
    assert len(texts) < 4  # some of which are one program but for the numbers in it


def test_loops_that_depend_on_each_other_stay_one_after_the_other() -> None:
    """A chain that begins with what another one has left."""

    def f(p: Any) -> Any:
        h = 1.0
        for x in DATA:
            h = p[0] + p[1] * h * x
        for x in DATA:
            h = p[2] - p[1] * h * x
        return h

    layout = layout_of(f, [0.1, 0.2, 0.3])
    items = side_by_side(layout, in_pieces(layout))
    assert all(isinstance(item, (WrittenRow, Part)) for item in items)
    assert jit(f)([0.1, 0.2, 0.3]) == f([0.1, 0.2, 0.3])


def test_decisions_stay_in_their_order() -> None:
    """A guard between two loops is checked after the first and before the second."""

    def f(p: Any) -> Any:
        out = 0.0
        for start in (0.5, 0.25):
            h = start
            for x in DATA:
                h = p[0] + p[1] * h * x
            out = out + (h if h > 0.0 else -h)
        return out

    compiled = jit(f)
    for p in ([0.1, 0.2], [-0.1, 0.2], [0.1, -0.2], [0.0, 0.9]):
        assert compiled(p) == f(p)


# -- what LLVM is told -----------------------------------------------------------------------------


def test_no_array_is_said_to_be_apart_from_itself() -> None:
    """A store names its region, and as those that it is apart from all others only."""
    layout = layout_of(value_and_grad(garch), [0.1, 0.1, 0.8])
    text = written(layout.rolled)
    lists = dict(re.findall(r"^(!\d+) = !\{(.*)\}$", text, re.MULTILINE))
    pairs = set(re.findall(r"!alias.scope (!\d+), !noalias (!\d+)", text))
    assert len(pairs) >= 4
    scopes = {lists[own] for own, _ in pairs}
    for own, others in pairs:
        assert set(lists[others].split(", ")) == scopes - {lists[own]}


def test_masks_are_left_out_where_rounds_wait_for_choices() -> None:
    """In a recursion's reverse pass, and not in sums."""
    for f, x, is_without in (
        (value_and_grad(garch), [0.1, 0.1, 0.8], True),
        (value_and_grad(rosenbrock), POINT * 20, False),
    ):
        assert (WITHOUT_MASKS in written(layout_of(f, x).rolled).splitlines()) == is_without


def test_what_no_rule_reads_stands_row_by_row() -> None:
    """In the array of all rows each row's numbers are side by side, and no two in one place."""

    def f(x: Any) -> Any:
        order = [(7 * i) % 30 for i in range(30)]
        squares = [a * a + 0.5 for a in x]
        cubes = [a * b for a, b in zip(squares, x, strict=True)]
        mixed = [squares[k] if k % 3 else cubes[k] for k in order]
        out = 0.0
        for a, b in pairwise(mixed):
            out = out * 0.5 + a * b
        return out

    x = [0.1 * i for i in range(30)]
    layout = layout_of(f, x)
    assert any(
        isinstance(source, Memory) and source.array == "all" for source in layout.known.values()
    )
    places = [int(at) for row in layout.rows for at in layout.places_in_all(row)]
    assert sorted(places) == [*range(layout.rolled.length)]
    for row in layout.rows:
        found = layout.places_in_all(row)
        assert [*found] == [*range(int(found[0]), int(found[0]) + len(found))]
    compiled = jit(f)
    assert compiled(x) == compiled(x) == f(x)
