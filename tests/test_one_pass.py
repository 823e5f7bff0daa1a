"""A recording becomes instructions in one pass, in which it is shortened too; what a program in the
making holds already is found, however many operations read the same number; and nestings of many
numbers are taken apart as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from eagerly import bits
from hypothesis import given, settings
from hypothesis import strategies as st
from random_formulas import NUMBERS, formulas

pytest.importorskip("llvmlite")

import autograd
from autograd import Value, grad, hessian, jit
from autograd.compiler.ir.lowering import INSTRUCTIONS, lowered
from autograd.compiler.ir.passes import optimised, writer
from autograd.compiler.ir.program import GuardFailed, Program
from autograd.compiler.recording.tracing import RecordingError, Trace, read_off
from autograd.transforms.tree import flatten


def recorded(f: Any, numbers: Sequence[float]) -> Program:
    values = [Value(x) for x in numbers]
    trace = Trace(values)
    result = trace.run(lambda: f(values))
    return read_off(trace, [result], [f"x{i}" for i in range(len(numbers))]).program


def results_of(program: Program, numbers: Sequence[float]) -> list[bytes] | int:
    try:
        return list(map(bits, program.evaluate(numbers)))
    except GuardFailed as failure:
        return failure.index


# -- recordings and instructions -------------------------------------------------------------------


@settings(max_examples=60)
@given(data=st.data())
def test_a_recording_is_shortened_as_it_is_lowered(data: Any) -> None:
    """The bits are those of the recording, lowered at once or shortened before."""
    f = data.draw(formulas())
    derived = data.draw(st.booleans())
    program = recorded((lambda xs: autograd.sum(grad(f)(xs))) if derived else f, f.inputs)
    at_once, in_two = lowered(program), lowered(optimised(program))
    points = st.lists(NUMBERS, min_size=len(f.inputs), max_size=len(f.inputs))
    for numbers in [f.inputs, *data.draw(st.lists(points, max_size=4))]:
        assert results_of(at_once, numbers) == results_of(in_two, numbers)


@pytest.mark.parametrize(
    "f",
    [
        lambda xs: grad(lambda ys: sum(y**2 * ys[0] for y in ys))(xs)[0],
        lambda xs: hessian(lambda ys: sum(autograd.exp(y * ys[1]) for y in ys))(xs)[0][1],
        lambda xs: grad(lambda ys: autograd.max(ys) * autograd.tanh(ys[0]))(xs)[0],
        lambda xs: 1.0 * xs[0] + (xs[1] - 0.0) * -1.0 + abs(-xs[2]),
    ],
)
def test_one_pass_is_as_short_as_two(f: Any) -> None:
    """Nothing is left of what shortening first would take away: no message, no dead code."""
    program = recorded(f, [0.3, -1.2, 2.0])
    at_once, in_two = lowered(program), lowered(optimised(program))
    assert at_once.names <= INSTRUCTIONS
    assert at_once.operations <= in_two.operations


# -- operations that are there already -------------------------------------------------------------


@pytest.mark.parametrize("readers", [3, 8, 9, 500])
def test_an_operation_is_found_among_many_readers(readers: int) -> None:
    """Those of one number, which is added to many others: in this order, or in the other one."""
    making = writer()
    inputs = [making.input(i) for i in range(readers + 1)]
    sums = [making.emit("add", inputs[-1], x) for x in inputs[:-1]]
    assert len(set(sums)) == readers
    assert [making.emit("add", inputs[-1], x) for x in inputs[:-1]] == sums
    assert [making.emit("add", x, inputs[-1]) for x in inputs[:-1]] == sums
    differences = [making.emit("sub", inputs[-1], x) for x in inputs[:-1]]
    assert not set(differences) & set(sums)
    others = [making.emit("sub", x, inputs[-1]) for x in inputs[:-1]]
    assert not set(others) & {*sums, *differences}
    assert making.size == 4 * readers + 1


def test_what_three_operands_have_in_common_is_told_apart() -> None:
    """Choices between the same numbers, by one truth value and by another."""
    making = writer()
    a, b = making.input(0), making.input(1)
    truths = [making.emit("lt", a, b), making.emit("le", a, b)]
    chosen = [making.emit("select", p, x, y) for p in truths for x, y in ((a, b), (b, a))]
    assert len(set(chosen)) == 4
    again = [making.emit("select", p, x, y) for p in truths for x, y in ((a, b), (b, a))]
    assert again == chosen


def test_zeros_and_ones_are_written_once() -> None:
    """0.0 and -0.0 are two numbers."""
    making = writer()
    registers = [making.const(x) for x in (0.0, -0.0, 1.0, 2.0)]
    assert len(set(registers)) == 4
    assert [making.const(x) for x in (0.0, -0.0, 1.0, 2.0)] == registers
    assert [bits(making.number(i)) for i in registers] == [*map(bits, (0.0, -0.0, 1.0, 2.0))]


# -- what a function keeps -------------------------------------------------------------------------


def test_what_is_kept_of_the_second_recording_is_left_over() -> None:
    """Its derivatives are those of the first, and so is what they were computed from."""
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["slope"] = grad(lambda u: u * u * u)(x)
        return kept["slope"] * 2.0

    assert jit(f)(3.0) == 54.0
    with pytest.raises(RecordingError, match="kept when it was recorded"):
        jit(lambda x: x + kept["slope"])(1.0)


# -- nestings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tree",
    [
        [1.0, 2.0, 3.0],
        (1.0, Value(2.0)),
        {"w": [1.0, 2.0], "b": 3.0, "c": []},
        [[], [1.0], (2, True, None), [3.0, [4.0]]],
        [1.0, 2, 3.0],
    ],
)
def test_numbers_come_back_in_their_places(tree: Any) -> None:
    """Lists of floats and Values, which are not looked at one by one, and others."""
    numbers, structure = flatten(tree)
    assert structure.size == len(numbers)
    assert structure.unflatten(numbers) == tree
    assert structure == flatten(structure.unflatten([0.0] * len(numbers)))[1]
