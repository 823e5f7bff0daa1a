"""Loops: found in what was recorded, written once, and run to the same bits."""

from __future__ import annotations

import ctypes
import pickle
import struct
import subprocess
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_loops import POINT, PROGRAMS, Interpreted, Statement
from random_rows import random_rows
from unrolled_rows import same_rows, unrolled

import autograd
from autograd import exp, grad, hessian, jit, log, sqrt, tanh, value_and_grad
from autograd.compiler.ir.flat_rows import Rows, program_of, rows_from
from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.program import GuardFailed, Op, Program
from autograd.compiler.ir.rolling import roll, with_loops
from autograd.compiler.ir.unrolling import gives_back
from autograd.compiler.native.kernels import KernelCode
from autograd.compiler.specializations import Specialization


def bits(numbers: Sequence[float]) -> list[str]:
    return [struct.pack("<d", x).hex() if x == x else "nan" for x in numbers]


def recorded(f: Callable[..., Any], *args: Any) -> Specialization:
    compiled = jit(f)
    compiled(*args)
    return compiled._last()


def run(kernel: KernelCode, numbers: Sequence[float], results: int) -> tuple[int, list[float]]:
    code = kernel.compiled().code
    function = code.function("kernel", ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
    out = (ctypes.c_double * max(results, 1))()
    failed: int = function((ctypes.c_double * max(len(numbers), 1))(*numbers), out)
    return failed, list(out)[:results]


def evaluated(program: Program, numbers: Sequence[float]) -> tuple[int, list[float]]:
    try:
        return -1, program.evaluate(numbers)
    except GuardFailed as failure:
        return failure.index, []


def assert_rolls(program: Program, points: Sequence[Sequence[float]]) -> None:
    """Unrolled it is what it was; with its loops it gives the bits of the interpreter."""
    columns = rows_from(program)
    rolled = roll(columns)
    assert_gives_back(rolled, columns)
    kernel = KernelCode(program, rolled, {})
    for point in points:
        wanted, numbers = evaluated(program, point)
        failed, found = run(kernel, point, len(program.outputs))
        assert failed == wanted
        if failed < 0:
            assert bits(found) == bits(numbers)


# -- random loops ----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(PROGRAMS, st.integers(0, 100), st.lists(st.floats(-2.0, 2.0), min_size=7, max_size=7))
def test_random_loops(statements: list[Statement], seed: int, other: list[float]) -> None:
    """Loops of every kind, and their derivatives: the recorded rows and the bits of eager."""
    f = Interpreted(statements, seed)
    for function in (f, value_and_grad(f)):
        one = recorded(function, POINT)
        assert_rolls(one.instructions, [POINT, other])
        assert_rolls_exactly(one.program)
    wanted, slope = value_and_grad(f)(POINT)
    failed, found = run(
        KernelCode(one.instructions, roll(rows_from(one.instructions)), {}), POINT, 8
    )
    assert (failed, bits(found)) == (-1, bits([wanted, *slope]))


def assert_rolls_exactly(program: Program) -> None:
    columns = rows_from(program)
    assert_gives_back(roll(columns), columns)


def assert_gives_back(rolled: Rolled, rows: Rows) -> None:
    """By forms, as it is made sure before any use, and by places, of which machine code is made."""
    assert gives_back(rolled, rows)
    assert same_rows(unrolled(rolled), rows)


@pytest.mark.parametrize("seed", range(60))
def test_random_rows(seed: int) -> None:
    """Loops three deep, ragged ones, and operands that go by no rule."""
    rows = random_rows(seed)
    rolled = roll(rows)
    assert_gives_back(rolled, rows)
    if seed < 15:
        names = tuple([f"x[{i}]" for i in range(rows.inputs)])
        program = program_of(Program((), names, (), ()), rows)
        numbers = [Random(seed).uniform(-2.0, 2.0) for _ in names]
        failed, found = run(KernelCode(program, rolled, {}), numbers, len(program.outputs))
        assert (failed, bits(found)) == (-1, bits(program.evaluate(numbers)))


@pytest.mark.parametrize("seed", range(20))
def test_rows_that_are_not_given_back_are_found(seed: int) -> None:
    """Another operation, number of operands, or operand of one row is another program."""
    rows, random = random_rows(seed), Random(seed)
    rolled = roll(rows)
    for column in (rows.codes, rows.starts[1:-1], rows.operands):
        for _ in range(10 if len(column) else 0):
            place = random.randrange(len(column))
            column[place] += 1
            assert not gives_back(rolled, rows)
            column[place] -= 1
    assert gives_back(rolled, rows)


# -- loops as people write them --------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def garch(p: Any) -> Any:
    h, total = 1.0, 0.0
    for before, now in pairwise(DATA):
        h = p[0] + p[1] * before**2 + p[2] * h
        total = total + log(h) + now**2 / h
    return total


def lotka_volterra(p: Any) -> Any:
    """Runge and Kutta's method, 16 steps."""

    def slope(s: Any) -> Any:
        return [s[0] * (p[0] - p[1] * s[1]), s[1] * (p[2] * s[0] - p[3])]

    state, h = [1.0, 1.0], 0.05
    for _ in range(16):
        k1 = slope(state)
        k2 = slope([a + h / 2 * k for a, k in zip(state, k1, strict=True)])
        k3 = slope([a + h / 2 * k for a, k in zip(state, k2, strict=True)])
        k4 = slope([a + h * k for a, k in zip(state, k3, strict=True)])
        ks = zip(state, k1, k2, k3, k4, strict=True)
        state = [a + h / 6 * (q + 2 * r + 2 * u + v) for a, q, r, u, v in ks]
    return state[0] * state[1]


def groups(p: Any) -> Any:
    """Rows that belong to one of five groups, in no order."""
    residuals = [y - p[g] - p[5] * x for g, x, y in zip(GROUPS, DATA, DATA[::-1], strict=True)]
    return sum(r * r for r in residuals)


def layers(p: Any) -> Any:
    """Two layers of twelve neurons."""
    values: list[Any] = DATA[:12]
    for layer in range(2):
        weights = p[156 * layer :]
        rows = [weights[13 * j : 13 * j + 13] for j in range(12)]
        values = [tanh(sum(w * x for w, x in zip(r, values, strict=False)) + r[12]) for r in rows]
    return sum(values)


def pairs(x: Any) -> Any:
    """The energy of all pairs of ten bodies on a plane."""
    places = list(zip(x[::2], x[1::2], strict=True))
    return sum(
        1.0 / sqrt((a - c) ** 2 + (b - d) ** 2 + 0.1)
        for i, (a, b) in enumerate(places)
        for c, d in places[i + 1 :]
    )


RANDOM = Random(7)
DATA = [RANDOM.gauss(0.0, 1.0) for _ in range(120)]
GROUPS = [RANDOM.randrange(5) for _ in range(120)]
FUNCTIONS: list[tuple[Callable[[Any], Any], int]] = [
    (rosenbrock, 60),
    (garch, 3),
    (lotka_volterra, 4),
    (groups, 6),
    (layers, 312),
    (pairs, 20),
]


def point(n: int, seed: int) -> list[float]:
    random = Random(seed)
    return [random.uniform(0.1, 0.9) for _ in range(n)]


def flat(tree: Any) -> list[float]:
    return [tree] if isinstance(tree, float) else [x for part in tree for x in flat(part)]


@pytest.mark.parametrize(("f", "n"), FUNCTIONS)
@pytest.mark.parametrize("derivative", [value_and_grad, hessian])
def test_the_bits_are_those_of_eager(f: Any, n: int, derivative: Any) -> None:
    """At the point of the recording and elsewhere, called and bound, here and after a pickle."""
    if derivative is hessian and n > 20:
        f, n = rosenbrock, 12
    eager, compiled = derivative(f), jit(derivative(f))
    array = np.array(point(n, 0))
    bound = compiled.bind(array)
    for seed in (0, 3):
        array[:] = point(n, seed)
        wanted = bits(flat(eager(point(n, seed))))
        assert bits(flat(compiled(point(n, seed)))) == wanted
        assert bits(np.concatenate([np.ravel(x) for x in bound()]).tolist()) == wanted
    again = pickle.loads(pickle.dumps(compiled))
    assert bits(flat(again(point(n, 3)))) == wanted
    assert again.recordings == 0


@pytest.mark.parametrize(("f", "n"), FUNCTIONS)
def test_c_with_loops_has_the_same_bits(f: Any, n: int, tmp_path: Any) -> None:
    compiled = jit(value_and_grad(f))
    wanted = compiled(point(n, 0))
    source = tmp_path / "compiled.c"
    source.write_text(compiled.source("c"))
    library = tmp_path / "compiled.so"
    options = ["-O1", "-shared", "-fPIC", "-ffp-contract=off", "-fno-builtin"]
    subprocess.run(["cc", *options, "-o", library, source, "-lm"], check=True)
    out = (ctypes.c_double * (n + 1))()
    assert ctypes.CDLL(str(library)).compiled((ctypes.c_double * n)(*point(n, 0)), out) == -1
    assert bits(list(out)) == bits(flat(wanted))


def test_a_program_is_printed_with_its_loops() -> None:
    compiled = jit(rosenbrock)
    compiled(point(100, 0))
    text = str(compiled.program()).splitlines()
    assert text[1:4] == ["  for i in 0..98:", "    c0 = 0.0, then r7", "    r0 = x[i] * x[i]"]
    assert text[4] == "    r1 = x[i + 1] - r0"
    assert text[-1] == "out[0] = r7"
    assert len(text) == 12


def test_a_listing_says_what_its_tables_are() -> None:
    """Of places without a rule; tests/test_loop_listings.py runs a listing by what it says."""
    places = [i * i % 7 for i in range(120)]
    compiled = jit(lambda p: sum((p[k] - 1.5 * i) ** 2 for i, k in enumerate(places)))
    compiled(point(7, 0))
    text = str(compiled.program()).splitlines()
    assert any("in[index0[i]] - data0[i]" in line for line in text)
    assert [line[:10] for line in text[-4:]] == [
        "# data0[i]",
        "# index0[i",
        "index0: 1,",
        "data0: 1.5",
    ]


def test_stats_say_what_was_found() -> None:
    compiled = jit(grad(rosenbrock))
    compiled(point(100, 0))
    compiled(point(100, 0))
    stats = compiled.stats()
    assert (stats.loops, stats.tiers, stats.reasons) == (2, ("compiled",), ("",))
    assert stats.in_loops > 0.98
    assert stats.loop_bytes == 0  # what the reverse pass needs is computed again


def test_guards_in_loops_tell_which_failed() -> None:
    """Each round decides by itself: the right path is found, whichever round left it."""

    def f(x: Any) -> Any:
        total = 0.0
        for a in x:
            total = total + (a * a * a - a if a > 0.0 else -2.0 * a)
        return total

    compiled = jit(value_and_grad(f), max_paths=300)
    numbers = point(120, 0)
    compiled(numbers)
    for i in (0, 1, 50, 118, 119):
        left = [*numbers[:i], -numbers[i], *numbers[i + 1 :]]
        wanted = value_and_grad(f)(left)
        for _ in range(2):
            assert bits(flat(compiled(left))) == bits(flat(wanted))
        assert bits(flat(compiled(numbers))) == bits(flat(value_and_grad(f)(numbers)))
    assert compiled.stats().paths == 6


def test_conversions_to_int_in_loops() -> None:
    """A round that converts to another number tells it, and its path is found again."""

    def f(x: Any) -> Any:
        total = 0.0
        for a in x:
            total = total + (a * a - 0.5) * int(3 * a) + a / (a + 2.0)
        return total

    compiled = jit(value_and_grad(f))
    points = [[0.1] * 150, [0.1] * 149 + [0.5], [0.1] * 149 + [0.8], [0.4] + [0.1] * 149]
    for _ in range(3):
        for x in points:
            assert bits(flat(compiled(x))) == bits(flat(value_and_grad(f)(x)))
    stats = compiled.stats()
    assert (stats.paths, compiled.recordings, stats.loops > 0) == (4, 4, True)


@pytest.mark.usefixtures("forget")
def test_primitives_of_users_in_loops() -> None:
    """They are called in every round; one may call the function itself, or raise."""
    calls: list[float] = []
    at_call_30: list[Callable[[], None]] = []

    def forward(x: float) -> float:
        calls.append(x)
        if x > 0.95:
            raise ValueError("too large")
        if at_call_30 and len(calls) == 30:
            at_call_30.pop()()
        return x * 0.5

    half = autograd.primitive("half_in_loops", forward, lambda out, x: 0.5)

    def f(x: Any) -> Any:
        state = 0.1
        out = []
        for a in x:
            state = half(state + a * 0.1) + 0.2 * a * a - a
            out.append(state * a)
        return out[::-1]

    compiled = jit(f)
    wanted = compiled([0.5] * 200)
    calls.clear()
    inner: list[Any] = []
    at_call_30.append(lambda: inner.append(compiled([0.5] * 200)))
    assert compiled([0.5] * 200) == wanted
    assert (inner, len(calls)) == ([wanted], 400)
    with pytest.raises(ValueError, match="too large"):
        compiled([0.5] * 50 + [20.0] * 150)
    assert compiled([0.5] * 200) == wanted
    assert compiled.stats().loops == 2  # and one of guards: what may raise is asked each time


def test_threads_share_a_kernel_with_memory() -> None:
    """Two calls at a time have arrays of their own."""
    compiled = jit(value_and_grad(rosenbrock))
    points = [point(400, seed) for seed in range(4)]
    wanted = [value_and_grad(rosenbrock)(x) for x in points]
    compiled(points[0])
    kernel = compiled._last().kernel
    wrong: list[int] = []

    def work(k: int) -> None:
        wrong.extend(k for _ in range(200) if kernel(points[k])[1] != flat(wanted[k]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_does_not_repeat_stays_flat() -> None:
    kinds = Random(3).choices([exp, tanh, sqrt], k=400)

    def f(x: Any) -> Any:
        for kind in kinds:
            x = kind(x)
        return x

    compiled = jit(f)
    compiled(0.5)
    assert (compiled.stats().loops, compiled.stats().in_loops) == (0, 0.0)
    assert with_loops(compiled.program()) is None


@pytest.mark.parametrize("n", [1_000, 4_000])
def test_the_size_is_that_of_the_code(n: int) -> None:
    """What is written out does not grow with the number of rounds."""
    rows = [x for i in range(n) for x in (f"input{i}", "mul", "add")]
    code = [Op("const", (), 0.5), *[Op("input", (), i) for i in range(n)]]
    total = 0
    for i in range(n):
        code += [Op("mul", (1 + i, 1 + i)), Op("add", (total, len(code)))]
        total = len(code) - 1
    rolled = roll(rows_from(Program(tuple(code), tuple(rows[::3]), (total,))))
    assert (rolled.operations, rolled.length, rolled.loops) == (2, 2 * n, 1)
