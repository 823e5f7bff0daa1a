"""A program as a table of four integers per line, for an interpreter. Compiled with the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, FlatCode
from autograd.compiler.ir.packed_columns import append, as_array, vec

__all__ = ["tabulated"]

OPERANDS: Final = 3  # for which a line has room

Check = tuple[int, int, int, "int | None"]


def tabulated(
    code: FlatCode,
    inputs: int,
    opcodes: Mapping[str, int],
    checks: Mapping[int, Sequence[Check]],
) -> tuple[Any, Any, int]:
    """The table, the place of every register, and the number of places: inputs, constants, then one
    for each line. A line is an opcode and the places of up to three operands. `checks` are lines
    that come after an operation: an opcode, a register, any number, and another register, of which
    there stands the place and 1, or 0."""
    table, places = vec[i32](), vec[i32]()
    next_constant: i64 = inputs
    next_place: i64 = inputs + code.count_of(CONST)
    known = vec[i32]([i32(opcodes.get(name, -1)) for name in NAMES])
    kinds, starts = vec[i32](code.kinds), vec[i32](code.starts)
    operands = vec[i32](code.operands)
    for i in range(i64(len(kinds))):
        kind, at = i64(kinds[i]), i64(starts[i])
        if kind == INPUT:
            places = append(places, operands[at])
        elif kind == CONST:
            places = append(places, i32(next_constant))
            next_constant += 1
        else:
            count = i64(starts[i + 1]) - at
            table = append(table, known[kind])
            for k in range(i64(OPERANDS)):
                read = places[i64(operands[at + k])] if k < count else i32(0)
                table = append(table, read)
            places = append(places, i32(next_place))
            next_place += 1
        if checks and i in checks:
            for opcode, guard, index, other in checks[i]:
                told = 0 if other is None else int(places[other]) + 1
                for number in (opcode, int(places[guard]), index, told):
                    table = append(table, i32(number))
                next_place += 1
    return as_array("i", table), places, next_place
