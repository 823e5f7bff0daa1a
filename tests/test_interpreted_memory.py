"""What the native interpreter keeps of a program, which it runs without its loops."""

from __future__ import annotations

import random
import tracemalloc
from array import array

import pytest

from autograd.compiler.ir.flat_code import INPUT, FlatCode, kind_of
from autograd.compiler.ir.program import Program

pytest.importorskip("llvmlite", reason="llvmlite is not installed")

POINT = [1.0, 0.5, -0.25, 0.125]


def tangled(operations: int) -> Program:
    """Sums and products of earlier numbers, of near ones and of any: nothing repeats."""
    numbers, inputs = random.Random(operations), len(POINT)
    kinds = array("i", [INPUT] * inputs)
    operands = array("i", range(inputs))
    starts = array("i", range(inputs + 1))
    for i in range(inputs, inputs + operations):
        kinds.append(kind_of(numbers.choice(["add", "sub", "mul"])))
        operands.extend((numbers.randrange(max(0, i - 50), i), numbers.randrange(i)))
        starts.append(len(operands))
    code = FlatCode(kinds, starts, operands, array("d"))
    return Program(code, ("a", "b", "c", "d"), (len(code) - 1,))


def memory_of(operations: int) -> tuple[int, int, int]:
    """Bytes that a program's table takes, that making it takes, and that a call leaves."""
    from autograd.compiler.native.kernels import Kernel

    program = tangled(operations)
    Kernel(tangled(5), interpreted=True)(POINT)  # the interpreter itself
    tracemalloc.start()
    try:
        kernel = Kernel(program, interpreted=True)
        held, highest = tracemalloc.get_traced_memory()
        found = kernel(POINT)
        left = tracemalloc.get_traced_memory()[0] - held
    finally:
        tracemalloc.stop()
    assert str(found) == str((-1, program.evaluate(POINT)))  # NaN is itself there
    return held, highest, left


def test_what_an_interpreted_program_takes() -> None:
    """A line of the table and a register for an operation, whatever repeats, and more while
    it is made. A call takes nothing."""
    few, many = memory_of(1000), memory_of(4000)
    held, highest, left = [(b - a) / 3000 for a, b in zip(few, many, strict=True)]
    assert 24 <= held < 26
    assert highest < 90  # fewer compiled
    assert left < 0.1
