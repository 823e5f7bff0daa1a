"""Loops in lanes: what vmap runs of a program that repeats itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_loops import POINT, PROGRAMS, Interpreted, Statement

import autograd
from autograd import exp, grad, jit, tanh, value_and_grad, vmap
from autograd.compiler.ir.finite_fast_path import finite_fast_path
from autograd.compiler.ir.flat_rows import rows_from, without_added_zeros
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rolling import roll
from autograd.compiler.ir.sources import Sources
from autograd.compiler.native import vector_loop_codegen
from autograd.compiler.native.cores import Sharing
from autograd.compiler.native.kernels import Callbacks
from autograd.compiler.native.simd_math import in_vectors
from autograd.compiler.native.simd_target import Vectors, host_vectors
from autograd.compiler.native.vector_codegen import Columns, Field
from autograd.compiler.native.vector_kernels import (
    InterpretedKernel,
    LoopedKernel,
    RowKernel,
    VectorKernel,
)
from autograd.compiler.vmap import Mapped

MACHINES = {
    "this one": (0, True, True),
    "two lanes": (2, False, True),
    "one lane": (1, False, False),
}
ROWS = 45


@pytest.fixture(autouse=True)
def loops_in_short_programs(monkeypatch: Any) -> None:
    monkeypatch.setattr("autograd.compiler.row_forms.STRAIGHT", 100)


def program_of(f: Callable[..., Any], *args: Any) -> Program:
    compiled = jit(f)
    compiled(*args)
    return compiled._last().program


def kernels(
    program: Program, columns: Columns, vectors: Vectors, is_fast: bool
) -> tuple[RowKernel, list[RowKernel]]:
    """Straight-line code, and all that has to give the same."""
    is_sum = columns.results is None
    instructions = in_vectors(program, vectors)
    rows = rows_from(instructions)
    layout = Sources(roll(without_added_zeros(rows) if is_sum else rows))
    looped = [
        LoopedKernel(instructions, layout, columns, (vectors, Sharing(2)), wide, is_fast)
        for wide in (1, 4)
    ]
    straight = VectorKernel(instructions, columns, vectors, Sharing(1), is_fast)
    return straight, [*looped, InterpretedKernel(instructions, columns, vectors, Sharing(1))]


def bits(numbers: Any) -> Any:
    """With one NaN: which one comes out of two is the processor's choice."""
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)


def assert_same(
    program: Program, x: Any, vectors: Vectors, is_sum: bool, is_fast: bool = False
) -> None:
    """Results, marks and whether all is done are those of straight-line code, to the bit."""
    count, width = len(program.outputs), x.shape[1]
    inputs = [Field(0, i, width) for i in range(width)]
    columns = Columns(inputs, None if is_sum else [Field(1, i, count) for i in range(count)])
    straight, others = kernels(program, columns, vectors, is_fast)
    for rows in (len(x), 3, 1):
        given = x[:rows].copy()
        if is_sum:
            wanted, status = straight.sums([given, None], rows, rows)
            for kernel in others:
                found, own = kernel.sums([given, None], rows, rows)
                if kernel.tier == "compiled":
                    assert own == status
                if not own and not status:
                    assert (bits(found) == bits(wanted)).all()
            continue
        out = np.empty((rows, count))
        marks, status = straight.fill([given, out], rows)
        for kernel in others:
            found = np.empty((rows, count))
            own, own_status = kernel.fill([given, found], rows)
            done = marks == 1
            assert (bits(found[done]) == bits(out[done])).all()
            if kernel.tier == "compiled":
                assert ((own == marks).all(), own_status) == (True, status)


def random_points(seed: int, extreme: bool) -> Any:
    random = np.random.default_rng(seed)
    x = np.array(POINT) + random.normal(size=(ROWS, len(POINT))) * 0.1
    if extreme:
        x.flat[random.integers(0, x.size, 12)] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e308] * 2
    return x


@settings(max_examples=25, deadline=None)
@given(PROGRAMS, st.integers(0, 100), st.sampled_from(sorted(MACHINES)), st.booleans())
def test_random_loops_in_lanes(
    statements: list[Statement], seed: int, name: str, is_sum: bool
) -> None:
    """Loops of every kind and their derivatives, rows that leave the path among them: the bits of
    straight-line code and of the interpreter, on any number of lanes."""
    f = Interpreted(statements, seed)
    vectors = host_vectors(*MACHINES[name])
    for function in (f, value_and_grad(f)):
        program = program_of(function, POINT)
        assert_same(program, random_points(seed, seed % 2 == 0), vectors, is_sum)
        fast = finite_fast_path(program, is_sum)
        if fast is not None:
            assert_same(fast, random_points(seed, seed % 2 == 0), vectors, is_sum, is_fast=True)


# -- programs as people write them -----------------------------------------------------------------


def network(p: Any, x: Any) -> Any:
    """Two layers of eight neurons on four inputs."""
    values: list[Any] = list(x)
    at = 0
    for width in (8, 8):
        rows = []
        for _ in range(width):
            rows.append(tanh(autograd.dot(p[at : at + len(values)], values) + p[at + len(values)]))
            at += len(values) + 1
        values = rows
    return autograd.sum([v * v for v in values])


PARAMETERS = 8 * 5 + 8 * 9


def recurrence(p: Any, x: Any) -> Any:
    """A state carried on for 60 steps."""
    h, total = p[0], 0.0
    for i in range(60):
        h = p[1] * h + p[2] * x[i % 4] ** 2 + 0.1
        total = total + exp(-h) * x[(i + 1) % 4]
    return total


FUNCTIONS = [(network, PARAMETERS), (recurrence, 3)]


@pytest.mark.parametrize(("f", "n"), FUNCTIONS)
@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_mapped_loops_give_the_numbers_of_the_rows(f: Any, n: int, reduce: str | None) -> None:
    """In any number of rows, by any number of threads; compiled with their loops at once."""
    random = np.random.default_rng(0)
    p, x = random.uniform(0.1, 0.6, n), random.normal(size=(2100, 4))
    mapped = vmap(value_and_grad(f), (None, 0), reduce)
    wanted = [value_and_grad(f)(p, row) for row in x[:40]]
    for rows in (1, 5, 40):
        value, slope = mapped(p, x[:rows])
        values, slopes = (
            np.array([v for v, _ in wanted[:rows]]),
            np.array([g for _, g in wanted[:rows]]),
        )
        if reduce:
            values, slopes = values.sum(0), slopes.sum(0)
        if reduce == "mean":
            values, slopes = values / rows, slopes / rows
        assert value == pytest.approx(values, rel=1e-12)
        assert slope == pytest.approx(slopes, rel=1e-11, abs=1e-12)
    assert (mapped.stats().tiers, mapped.stats().loops > 0) == (("compiled",), True)
    one = mapped(p, x)
    two = vmap(value_and_grad(f), (None, 0), reduce, threads=3)(p, x)
    assert all((bits(a) == bits(b)).all() for a, b in zip(one, two, strict=True))
    bound = mapped.bind(p, x)
    assert all((bits(a) == bits(b)).all() for a, b in zip(one, bound(), strict=True))


def test_columns_numbers_and_captured_values_are_inputs_of_loops() -> None:
    """Arrays along other axes, a list of columns, what all rows share, in one loop."""
    scale = autograd.Value(0.5)

    def f(columns: Any, weights: Any, offset: Any, x: Any) -> Any:
        total = 0.0
        for part in (columns, weights, [*x] * 30):
            for t, w in zip(part, weights, strict=True):
                total = total + (t * w - offset) ** 2 * scale + x[1]
        return [total, *x, offset, weights[1]]

    random = np.random.default_rng(1)
    columns = [random.normal(size=30) for _ in range(90)]
    weights, x = [float(w) for w in random.normal(size=90)], random.normal(size=(3, 30))
    mapped = vmap(f, ([0] * 90, None, None, 1))
    found = mapped(columns, weights, 0.25, x)
    assert mapped.stats().loops > 0
    for i in range(30):
        wanted = f([c[i] for c in columns], weights, 0.25, list(x[:, i]))
        assert [float(column[i]) for column in found] == [
            w.data if isinstance(w, autograd.Value) else w for w in wanted
        ]
    scale.data = 2.0
    wanted = f([c[3] for c in columns], weights, 0.25, list(x[:, 3]))[0].data
    assert mapped(columns, weights, 0.25, x)[0][3] == wanted


def test_rows_that_leave_a_loop_run_on_their_own_path() -> None:
    """A guard in a loop is looked at in every round and every lane."""

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(200):
            y = x[i % 5] * (1.0 + 0.01 * i)
            total = total + (y * y if y > 0.0 else -3.0 * y)
        return total

    x = np.abs(np.random.default_rng(2).normal(size=(60, 5)))
    x[7, 3] *= -1.0
    x[40:43, 0] *= -1.0
    mapped = vmap(value_and_grad(f))
    value, slope = mapped(x)
    for i, row in enumerate(x):
        wanted = value_and_grad(f)(row)
        assert (value[i], *slope[i]) == (wanted[0], *wanted[1])
    assert mapped.stats().paths == 3
    total, sums = vmap(value_and_grad(f), reduce="sum")(x)
    assert total == pytest.approx(value.sum(), rel=1e-13)
    assert sums == pytest.approx(slope.sum(axis=0), rel=1e-13)


@pytest.mark.usefixtures("forget")
def test_primitives_of_users_in_mapped_loops() -> None:
    """They are called for each round and each row that there is or is repeated; what they raise is
    raised."""
    calls = itertools.count()

    def forward(x: float) -> float:
        next(calls)
        if x < -50.0:
            raise ValueError("too large")
        return x * 0.5

    half = autograd.primitive("half_in_mapped_loops", forward, lambda out, x: 0.5)

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(150):
            total = half(total + x * (0.1 * i)) - x * x
        return total

    mapped = vmap(grad(f))
    x = np.linspace(-1.0, 1.0, 20)
    assert mapped(x) == pytest.approx([grad(f)(float(t)) for t in x], rel=1e-13)
    assert mapped.stats().loops > 0
    with pytest.raises(ValueError, match="too large"):
        mapped(np.array([0.5, 100.0]))


@pytest.mark.parametrize("rows", [1, 31, 33, 1500])
def test_sums_of_many_results(rows: int, monkeypatch: Any) -> None:
    """Added up block by block they are sums to rounding, and the same by any number of threads."""
    monkeypatch.setattr(vector_loop_codegen, "MANY", 20)
    monkeypatch.setattr("autograd.compiler.row_forms.MANY", 20)
    random = np.random.default_rng(3)
    p, x = random.uniform(-0.5, 0.5, PARAMETERS), random.normal(size=(rows, 4))
    found = Mapped(grad(network), (None, 0), "sum")(p, x)
    wanted = vmap(grad(network), (None, 0))(p, x)
    assert found == pytest.approx(wanted.sum(axis=0), rel=1e-12, abs=1e-12)
    threaded = Mapped(grad(network), (None, 0), "sum", threads=2)(p, x)
    assert (bits(found) == bits(threaded)).all()


def test_sums_that_are_not_finite_are_those_of_the_full_program() -> None:
    """A zero adjoint passes nothing, an infinite slope beside it or not."""

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(150):
            total = total + autograd.where(x[i % 3] > 0.0, autograd.sqrt(x[i % 3]), 0.0)
        return total

    x = np.random.default_rng(4).uniform(0.5, 1.0, size=(40, 3))
    x[5, 1] = 0.0
    slopes = vmap(grad(f))(x)
    assert slopes[5, 1] == 0.0
    assert vmap(grad(f), reduce="sum")(x) == pytest.approx(slopes.sum(axis=0), rel=1e-13)


def test_vector_functions_need_no_lock() -> None:
    """Nothing in them is Python's: other threads run meanwhile."""
    program = in_vectors(program_of(lambda x: tanh(x) * exp(x), 0.5), host_vectors())
    assert {"fma", "scale"} <= program.names
    assert not Callbacks(program)


def test_code_is_as_long_as_what_is_distinct() -> None:
    """The assembly of 1,000 rounds, of several instructions each, does not have a line for each."""

    def f(x: Any) -> Any:
        return autograd.sum([tanh(x[i % 4] * (0.001 * i)) for i in range(1000)])

    vectors = host_vectors()
    instructions = in_vectors(program_of(f, [0.1] * 4), vectors)
    layout = Sources(roll(rows_from(instructions)))
    columns = Columns([Field(0, i, 4) for i in range(4)], None)
    text = str(vector_loop_codegen.looped_kernel(layout, columns, vectors, 4, {}, False))
    assert text.count("\n") < 1000
