"""A program as a table of four integers per line, for an interpreter. Compiled with the engine."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, FlatCode
from autograd.compiler.ir.writing import AT_A_TIME

__all__ = ["tabulated"]

Check = tuple[int, int, int, "int | None"]


def tabulated(
    code: FlatCode,
    inputs: int,
    opcodes: Mapping[str, int],
    checks: Mapping[int, Sequence[Check]],
) -> tuple[Any, list[int], int]:
    """The table, the place of every register, and the number of places: inputs, constants, then one
    for each line. A line is an opcode and the places of up to three operands. `checks` are lines
    that come after an operation: an opcode, a register, any number, and another register, of which
    there stands the place and 1, or 0."""
    table, lines = array("i"), _Lines()
    places = [0] * len(code)
    next_constant, next_place = inputs, inputs + code.count_of(CONST)
    known = [opcodes.get(name, -1) for name in NAMES]
    kinds, starts, operands = code.kinds, code.starts, code.operands
    for first in range(0, len(code), AT_A_TIME):
        some: list[int] = kinds[first : first + AT_A_TIME].tolist()
        ends: list[int] = starts[first : first + AT_A_TIME + 1].tolist()
        begin = ends[0]
        read: list[int] = operands[begin : ends[-1]].tolist()
        for i in range(len(some)):
            kind, at = some[i], ends[i] - begin
            register = first + i
            if kind == INPUT:
                places[register] = read[at]
            elif kind == CONST:
                places[register] = next_constant
                next_constant += 1
            else:
                count = ends[i + 1] - begin - at
                a = places[read[at]] if count > 0 else 0
                b = places[read[at + 1]] if count > 1 else 0
                c = places[read[at + 2]] if count > 2 else 0
                lines.add(known[kind], a, b, c)
                places[register] = next_place
                next_place += 1
            if checks and register in checks:
                for opcode, guard, index, other in checks[register]:
                    told = 0 if other is None else places[other] + 1
                    lines.add(opcode, places[guard], index, told)
                    next_place += 1
        table.fromlist(lines.taken())
    return table, places, next_place


class _Lines:
    """The integers of the next lines."""

    def __init__(self) -> None:
        self._numbers: list[int] = []

    def add(self, opcode: int, a: int, b: int, c: int) -> None:
        numbers = self._numbers
        numbers.append(opcode)
        numbers.append(a)
        numbers.append(b)
        numbers.append(c)

    def taken(self) -> list[int]:
        """These, and begin anew."""
        found = self._numbers
        self._numbers = []
        return found
