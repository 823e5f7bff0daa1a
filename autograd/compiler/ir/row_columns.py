"""The rows of a program: its operations and guards in columns, in the order in which loops are
looked for. Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, FlatCode
from autograd.compiler.ir.packed_columns import vec

__all__ = ["row_columns"]

NOTHING: Final = -1
SEVERAL: Final = -2


def row_columns(
    code: FlatCode,
    named: Any,
    inputs: int,
    used: Sequence[int],
    guards: tuple[Sequence[int], Sequence[bool]],
    may_move: Sequence[bool],
) -> tuple[vec[i32], vec[i32], vec[i32], vec[i32]]:
    """The rows of a program, whose operations have these numbers: what each does (a place in
    `used`, or behind these that a guard holds or fails), where its operands begin, these as
    addresses; and the address of each register. Of the guards, the registers that are tested and
    whether they have to be false.

    A row that reads one other row alone, and which none reads, stands behind that one, if what it
    does is what `may_move` by its place in `used`: what such rows do has numbers to itself, behind
    all others."""
    kinds, starts = vec[i32](named), vec[i32](code.starts)
    read = vec[i32](code.operands)
    tested, fails = guards
    addresses, registers = _in_order(kinds, starts, read, i64(inputs), vec[i32](tested))
    moving = vec[bool]([False] * (max(used, default=0) + 1))
    place_of = vec[i32]([i32(NOTHING)] * len(moving))
    for place, kind in enumerate(used):
        place_of[kind] = i32(place)
        moving[kind] = place < len(may_move) and may_move[place]
    only = _only_rows(kinds, starts, read, addresses, registers, moving)
    moved: i64 = len(used) + 2  # what a row does that was moved, after what others do
    rows: i64 = len(registers)
    codes, begins = vec[i32]([i32(0)] * int(rows)), vec[i32]([i32(0)] * int(rows + 1))
    places = _places_behind(only)
    guard: i64 = 0
    for i in range(rows):
        place, register = i64(places[i]), i64(registers[i])
        if register < 0:
            codes[place] = i32(len(used) + fails[guard])
            begins[place + 1] = i32(1)
            guard += 1
        else:
            by = moved if only[i] < 0 else i64(0)
            codes[place] = place_of[i64(kinds[register])] + i32(by)
            begins[place + 1] = starts[register + 1] - starts[register]
            addresses[register] = i32(place)
    for i in range(rows):
        begins[i + 1] += begins[i]
    operands = vec[i32]([i32(0)] * int(begins[rows]))
    for i in range(rows):
        at, register = i64(begins[i64(places[i])]), i64(registers[i])
        if register < 0:
            operands[at] = addresses[NOTHING - register]
        else:
            for k in range(i64(starts[register]), i64(starts[register + 1])):
                operands[at] = addresses[i64(read[k])]
                at += 1
    return codes, begins, operands, addresses


def _in_order(
    kinds: vec[i32], starts: vec[i32], read: vec[i32], inputs: i64, tested: vec[i32]
) -> tuple[vec[i32], vec[i32]]:
    """The address of each register, and the register of each row; of a guard, below -1 by that
    which is tested."""
    guards: i64 = len(tested)
    outside: i64 = 0  # constants and inputs
    for i in range(i64(len(kinds))):
        if kinds[i] <= CONST:
            outside += 1
    addresses = vec[i32]([i32(0)] * len(kinds))
    registers = vec[i32]([i32(0)] * int(len(kinds) - outside + guards))
    row: i64 = 0
    guard: i64 = 0
    known: i64 = i64(tested[0]) if guards > 0 else i64(NOTHING)
    for i in range(i64(len(kinds))):
        kind = i64(kinds[i])
        if kind == CONST:
            addresses[i] = i32(NOTHING - i64(read[i64(starts[i])]) - inputs)
        elif kind == INPUT:
            addresses[i] = i32(NOTHING - i64(read[i64(starts[i])]))
        else:
            addresses[i] = i32(row)
            registers[row] = i32(i)
            row += 1
        # A guard is checked as soon as it and all guards before it are known.
        while guard < guards and known <= i:
            registers[row] = i32(NOTHING - i64(tested[guard]))
            row += 1
            guard += 1
            if guard < guards:
                known = max(known, i64(tested[guard]))
    return addresses, registers


def _only_rows(
    kinds: vec[i32],
    starts: vec[i32],
    read: vec[i32],
    addresses: vec[i32],
    registers: vec[i32],
    moving: vec[bool],
) -> vec[i32]:
    """For every row that is to stand behind another: the one that it makes a result of, as an
    address below 0. For the others 0: those that are needed by other rows, need several, or follow
    that one anyway, as in the last round of a loop."""
    rows: i64 = len(registers)
    found = vec[i32]([i32(0)] * int(rows))
    for i in range(rows):
        register = i64(registers[i])
        if register < 0:
            row = i64(addresses[NOTHING - register])
            if row >= 0:
                found[row] = i32(0)
            continue
        only: i64 = NOTHING
        for k in range(i64(starts[register]), i64(starts[register + 1])):
            row = i64(addresses[i64(read[k])])
            if row >= 0:
                found[row] = i32(0)  # which is needed here
                if only != row:
                    only = row if only == NOTHING else i64(SEVERAL)
        if 0 <= only < i - 1 and moving[i64(kinds[register])]:
            found[i] = i32(NOTHING - only)
    return found


def _places_behind(only: vec[i32]) -> vec[i32]:
    """Where each row stands if it follows its only one, in the order in which such rows were."""
    count: i64 = len(only)
    behind = vec[i32]([i32(0)] * int(count))  # how many rows follow one; then the place of the next
    for i in range(count):
        if only[i] < 0:
            behind[NOTHING - i64(only[i])] += i32(1)
    places = vec[i32]([i32(0)] * int(count))
    free: i64 = 0
    for i in range(count):
        if only[i] < 0:
            leader = NOTHING - i64(only[i])
            places[i] = behind[leader]
            behind[leader] += i32(1)
        else:
            places[i] = i32(free)
            followers = i64(behind[i])
            free += 1
            behind[i] = i32(free)
            free += followers
    return places
