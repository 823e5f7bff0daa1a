"""What loops leave in memory for later: no more than is read."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from autograd import jit, sin, tanh, value_and_grad

pytest.importorskip("llvmlite")
pytest.importorskip("numpy")

from autograd.compiler.ir.flat_rows import rows_from
from autograd.compiler.ir.rolling import roll
from autograd.compiler.ir.sources import Sources
from autograd.compiler.native.kernels import KernelCode

N, WIDTH = 12, 20


def network(x: Any) -> Any:
    """Inner products, whose results another loop reads."""
    hidden = []
    for j in range(N):
        total = 0.0
        for i in range(WIDTH):
            total = total + x[WIDTH * j + i] * x[i]
        hidden.append(tanh(total))
    out = 0.0
    for j in range(N):
        out = out + hidden[j] * sin(hidden[N - 1 - j])
    return out


def prefixes(x: Any) -> Any:
    """The same sums, but that the ones on the way are read as well."""
    sums = []
    for j in range(N):
        total = 0.0
        for i in range(WIDTH):
            total = total + x[WIDTH * j + i] * x[i]
            sums.append(total)
    out = 0.0
    for total in reversed(sums):
        out = out * 0.5 + sin(total)
    return out


def sums_of(f: Any) -> tuple[Sources, Any]:
    """The layout of a program, and its inner sum."""
    compiled = jit(f)
    compiled(point())
    layout = Sources(roll(rows_from(compiled._last().instructions)))
    [row] = [row for row in layout.rows if layout.name(row) == "add" and row.place.depth == 2]
    return layout, row


def point() -> list[float]:
    random = Random(4)
    return [random.uniform(-0.5, 0.5) for _ in range(N * WIDTH)]


def test_of_an_inner_product_the_last_sum_alone_is_left() -> None:
    """Nothing is written inside the loop over its terms."""
    layout, row = sums_of(network)
    assert not layout.storage[row].is_read_within
    assert list(row.place.is_last.nonzero()[0]) == [WIDTH * j + WIDTH - 1 for j in range(N)]


def test_sums_that_are_read_on_the_way_are_all_left() -> None:
    """Those of each round, since another loop reads them."""
    layout, row = sums_of(prefixes)
    assert layout.storage[row].is_read_within
    assert layout.storage[row].extent == (0, N * WIDTH - 1) or layout.storage[row].is_in_all


@pytest.mark.parametrize("f", [network, prefixes])
def test_bits_are_those_of_eager_whatever_is_left(f: Any) -> None:
    """Value and gradient, of which the reverse pass reads what loops have left."""
    both = value_and_grad(f)
    assert jit(both)(point()) == both(point())


def test_tables_are_read_as_what_nobody_writes() -> None:
    """So LLVM may read a table's entry before a loop in which other numbers are written."""

    def f(x: Any) -> Any:
        order = [(7 * i * i) % 30 for i in range(30)]
        out = 0.0
        for i in range(30):
            out = out + sin(x[order[i]]) * x[i]
        return out

    compiled = jit(f)
    numbers = [0.1 * i for i in range(30)]
    assert compiled(numbers) == f(numbers)
    last = compiled._last()
    text = str(KernelCode(last.instructions, roll(rows_from(last.instructions)), {}))
    loads = [line for line in text.splitlines() if " load i32" in line]
    assert loads
    assert all(line.endswith("!invariant.load !0") for line in loads)
