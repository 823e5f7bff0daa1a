"""A program as columns: one row per operation in arrays of integers, instead of one object each.

What is compared, counted and repeated thousands of times is a number here, so that loops are found
by arithmetic on whole arrays. Rows are the operations in order, and the guards where they are
checked. Row i has the address i; a constant or an input has a negative address, and no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.program import Op, Program

__all__ = ["FAILS", "HOLDS", "Rows", "program_of", "rows_from", "same_rows"]

HOLDS: Final = "guard holds"  # that is no name of a primitive
FAILS: Final = "guard fails"


class Rows(NamedTuple):
    """`names[codes[i]]` is what row i does with the addresses `operands[starts[i]:starts[i + 1]]`.
    The address ~k is input k; from `~inputs` down, that of a constant. `results` are addresses."""

    names: tuple[str, ...]
    codes: Any
    starts: Any
    operands: Any
    constants: Any
    inputs: int
    results: Any

    @property
    def length(self) -> int:
        """How many rows."""
        return len(self.codes)


def rows_from(program: Program) -> Rows:
    """The rows of a program; its constants in their order, used or not."""
    import numpy

    numbers: dict[str, int] = {}
    codes: list[int] = []
    starts = [0]
    operands: list[int] = []
    constants: list[float] = []
    addresses: list[int] = []
    inputs = len(program.inputs)
    checks = program.checks() if program.guards else {}

    def row(name: str, given: Sequence[int]) -> None:
        codes.append(numbers.setdefault(name, len(numbers)))
        operands.extend([addresses[j] for j in given])
        starts.append(len(operands))

    for i, op in enumerate(program.code):
        if op.name == "const":
            addresses.append(~(inputs + len(constants)))
            constants.append(op.value)
        elif op.name == "input":
            addresses.append(~int(op.value))
        else:
            addresses.append(len(codes))
            row(op.name, op.operands)
        for index in checks.get(i, ()):
            guard = program.guards[index]
            row(HOLDS if guard.expected else FAILS, [guard.register])
    return Rows(
        tuple(numbers),
        numpy.array(codes, numpy.int32),
        numpy.array(starts, numpy.int64),
        numpy.array(operands, numpy.int64),
        numpy.array(constants, float),
        inputs,
        numpy.array([addresses[i] for i in program.outputs], numpy.int64),
    )


def program_of(program: Program, columns: Rows) -> Program:
    """The program of these rows, with the inputs' names and the guards' lines of another one. Each
    input and each constant stands where it is used first."""
    code: list[Op] = []
    registers: dict[int, int] = {}
    guards = list(program.guards)
    tested = 0
    operands, starts = columns.operands.tolist(), columns.starts.tolist()

    def register(address: int) -> int:
        if address not in registers:
            k = ~address - columns.inputs
            op = Op("input", (), k + columns.inputs)
            registers[address] = len(code)
            code.append(op if k < 0 else Op("const", (), float(columns.constants[k])))
        return registers[address]

    for i, number in enumerate(columns.codes.tolist()):
        name = columns.names[number]
        given = tuple([register(a) for a in operands[starts[i] : starts[i + 1]]])
        if name in (HOLDS, FAILS):
            guards[tested] = guards[tested]._replace(register=given[0], expected=name == HOLDS)
            tested += 1
        else:
            registers[i] = len(code)
            code.append(Op(name, given))
    outputs = tuple([register(address) for address in columns.results.tolist()])
    return Program(tuple(code), program.inputs, outputs, tuple(guards))


def same_rows(a: Rows, b: Rows) -> bool:
    """Whether two programs have the same rows, and constants of the same bits."""
    import numpy

    if a.names != b.names or a.inputs != b.inputs:
        return False
    pairs = [(a.codes, b.codes), (a.starts, b.starts), (a.operands, b.operands)]
    pairs += [
        (a.results, b.results),
        (a.constants.view(numpy.int64), b.constants.view(numpy.int64)),
    ]
    return all(numpy.array_equal(x, y) for x, y in pairs)
