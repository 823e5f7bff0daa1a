"""What a program repeats is written a few times and copied from then on; the code is the same as if
every operation had been written for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from eagerly import bits
from hypothesis import given, settings
from hypothesis import strategies as st
from random_loops import POINT, PROGRAMS, Interpreted, Statement
from work import lines_run

pytest.importorskip("llvmlite")

import autograd
from autograd import Value, exp, hessian, jit, log, value_and_grad, where
from autograd.compiler.ir.flat_code import flat, kind_of
from autograd.compiler.ir.lowering import OF_TABLE, lowered
from autograd.compiler.ir.passes import optimised, writer
from autograd.compiler.ir.program import Op, Program
from autograd.compiler.ir.rewriting import Expansion, Translation, rewritten_and_pruned
from autograd.compiler.ir.rounds import CodeColumns, Rounds
from autograd.compiler.ir.templates import Plans, Templates

ROUNDS = 60
BEGINS = range(-25, -4)
LONG = 3_000  # operations that are written one by one in no time


def recorded(f: Callable[..., Any], *args: Any) -> Program:
    compiled = jit(f)
    compiled(*args)
    return compiled._last()._recorded.program


def one_by_one(program: Program, templates: Templates | None) -> Program:
    """The program with every operation written for itself."""
    made = writer()
    expansion = Expansion(Plans(templates), made)
    made.expand = expansion.register
    return rewritten_and_pruned(
        program, made, lambda name, *operands: expansion.register(kind_of(name), operands)
    )


def copied(program: Program) -> float:
    """The part of the operations that are copied."""
    translation = Translation(CodeColumns(flat(program.code)), writer(), OF_TABLE)
    translation.write_all()
    return translation.rounds.saved / len(program.code)


def assert_same(program: Program) -> None:
    for copying, templates in ((optimised, None), (lowered, OF_TABLE)):
        found, wanted = copying(program), one_by_one(program, templates)
        assert flat(found.code).same_as(flat(wanted.code))
        assert (found.outputs, found.guards) == (wanted.outputs, wanted.guards)


@settings(max_examples=8)
@given(PROGRAMS, st.integers(0, 100))
def test_random_loops_are_copied_exactly(statements: list[Statement], seed: int) -> None:
    """Loops of every kind in a loop around them, with data that come again, and decisions."""
    f = Interpreted([("for", ROUNDS, statements)], seed)
    program = recorded(value_and_grad(f), POINT)
    if len(program.code) < LONG:
        assert_same(program)


# -- loops as people write them --------------------------------------------------------------------


def data(n: int) -> list[float]:
    random = Random(3)
    return [random.gauss(0.0, 1.0) for _ in range(n)]


def garch(p: Any) -> Any:
    h, total = 1.0, 0.0
    for before, now in pairwise(data(150)):
        h = p[0] + p[1] * (before * before) + p[2] * h
        total = total + 0.5 * (log(h) + now * now / h)
    return total


def oscillator(p: Any) -> Any:
    x, v = p[0], 0.0
    for _ in range(150):
        x, v = x + 0.01 * v, v - 0.01 * (p[1] * x + p[2] * v)
    return x * x


def series(p: Any) -> Any:
    """Powers that grow, of which the first two are written in another way."""
    return sum(p[0] ** k / (1.0 + p[1]) for k in range(150))


def multiples(p: Any) -> Any:
    """Whole numbers, fractions and zeros by turns, of which identities know some."""
    return sum(abs(k * p[0]) * (k % 3) + (k / 7) * p[1] ** (k % 4) for k in range(150))


def signs(p: Any) -> Any:
    """What the round before left is looked into: minus twice, absolute values, squares."""
    x, y = p[0], p[1]
    for _ in range(150):
        x, y = -abs(-y), where(-x > y, -(0.0 - x), 0.0 + x * x)
    return x + y


def changing(p: Any) -> Any:
    """Another state is carried from the middle on; one round is left out."""
    x, y = p[0], p[1]
    for k in range(200):
        x = exp(-x * x) + (y if k < 100 else p[2])
        y = x - y if k != 150 else y
    return x * y


def delayed(p: Any) -> Any:
    """Each state is made of the one before it and the one seven rounds before."""
    states = list(p) + [1.0] * 5
    for _ in range(200):
        states.append(0.5 * states[-1] - states[-7] * p[0])
    return states[-1]


PEOPLES = [garch, oscillator, series, changing, delayed]


@pytest.mark.parametrize("f", [*PEOPLES, multiples, signs])
def test_loops_of_people_are_copied_exactly(f: Any) -> None:
    assert_same(recorded(value_and_grad(f), [0.2, 0.3, 0.4]))


def test_second_derivatives_are_copied_exactly() -> None:
    assert_same(recorded(hessian(delayed), [0.2, 0.3]))


@pytest.mark.parametrize("f", PEOPLES)
def test_loops_of_people_are_copied(f: Any) -> None:
    """More than half of what repeats itself is not written one by one."""
    assert copied(recorded(value_and_grad(f), [0.2, 0.3, 0.4])) > 0.5


def test_copies_are_found_again() -> None:
    """The second loop takes the very steps of the first, and writes none of them."""

    def twice(p: Any) -> Any:
        def end() -> Any:
            x = p[0]
            for k in range(200):
                x = exp(x * p[1]) - 0.25 * k
            return x

        return end() + end()

    assert lowered(recorded(twice, [0.1, 0.2])).operations < 2 * 400


def test_equal_data_stay_one_constant() -> None:
    """A number that was there already is not written again where every round has had a new one."""
    numbers = [math.sqrt(k) for k in range(2, 150)]
    numbers[100] = numbers[20]
    program = lowered(recorded(lambda p: sum(exp(p * x) for x in numbers), 0.1))
    constants = flat(program.code).constants()
    assert len(constants) == len(set(constants))


def test_signs_of_folded_zeros_are_those_of_the_data() -> None:
    """A product of constants is computed anew in every round, also where it was 0.0 in the last."""
    code = [Op("input"), Op("const", value=-0.0)]
    numbers = [abs(x) * (-1.0 if k in (40, 77) else 1.0) for k, x in enumerate(data(150))]
    products = []
    for x in numbers:
        code += [Op("const", value=x), Op("mul", (len(code), 1))]
        products.append(len(code) - 1)
        code.append(Op("add", (0, products[-1])))
    program = Program(tuple(code), ("x",), tuple(products))
    for copying in (optimised, lowered):
        found = copying(program).evaluate([-0.0])
        assert [math.copysign(1.0, x) for x in found] == [-math.copysign(1.0, x) for x in numbers]


def begun(zero: int, count: int) -> list[Op]:
    """So many numbers, at one place 0.0, in an order that does not repeat itself."""
    random, inputs = Random(1), 0
    code: list[Op] = []
    for i in range(count):
        if i == zero:
            code.append(Op("const", value=0.0))
        elif i % 2 and random.random() < 0.5:
            code.append(Op("neg", (i - 1,)))
        else:
            code.append(Op("input", value=inputs))
            inputs += 1
    return code


def assert_same_numbers(code: list[Op], outputs: Iterable[int]) -> None:
    program = Program(tuple(code), tuple(map(str, range(len(code)))), tuple(outputs), ())
    for numbers in ([-0.0] * len(code), data(len(code))):
        wanted = [*map(bits, program.evaluate(numbers))]
        assert [*map(bits, lowered(program).evaluate(numbers))] == wanted


@pytest.mark.parametrize("begin", BEGINS)
def test_sums_that_meet_the_other_way_round(begin: int) -> None:
    """In two rounds a second sum is the first one with its operands the other way round, and in
    none after that."""
    code = begun(1, 400)
    total = 0
    for k in range(begin, begin + ROUNDS):
        place = len(code)
        code += [Op("add", (100 + 2 * k, 101 + 3 * k)), Op("add", (100 + 4 * k, 101 + k))]
        code += [Op("mul", (place, place + 1)), Op("sub", (total, place + 2))]
        total = len(code) - 1
    assert_same_numbers(code, [total])


@pytest.mark.parametrize("begin", BEGINS)
def test_sums_with_zero_on_either_side(begin: int) -> None:
    """Of two such sums, one on each side, it is known that they are not -0.0; not of the others."""
    code = begun(101, 400)
    sums = len(code)
    code += [Op("add", (101 + k, 100 + k)) for k in range(begin, begin + ROUNDS)]
    first = len(code)
    for k in range(ROUNDS):
        code += [Op("add", (sums + k, 101)), Op("exp", (k + 40,)), Op("sub", (k + 40, k + 41))]
    assert_same_numbers(code, range(first, len(code)))


@pytest.mark.skipif(autograd.compiled, reason="lines of compiled code do not count")
def test_a_period_is_found_without_a_look_at_all_that_follows() -> None:
    """It may be given up soon, and looked for again and again."""

    def lines(count: int) -> int:
        code = [Op("input", value=0), *[Op("neg", (i,)) for i in range(count)]]
        rounds = Rounds(CodeColumns(flat(tuple(code))), writer())
        return lines_run(lambda: rounds.period(1))

    assert lines(4_000) == lines(1_000)


def test_a_cut_in_the_middle_has_the_bits_of_eager() -> None:
    def f(p: Any) -> Any:
        return changing(p) + multiples(p)

    point = [0.2, 0.3, 0.4]
    compiled = jit(value_and_grad(f))
    assert compiled(point) == value_and_grad(f)(point)
    # (Of floats, Python 3.12 and later add up with less rounding.)
    assert jit(f)(point) == f([Value(x) for x in point]).data
