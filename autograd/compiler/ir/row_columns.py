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
    tested, fails = guards
    kinds, starts = vec[i32](named), vec[i32](code.starts)
    read = vec[i32](code.operands)
    alike: i64 = max(used, default=0) + 1  # the kinds of rows that are moved are as many higher
    moving, does = vec[bool]([False] * int(alike)), vec[i32]([i32(0)] * int(2 * alike))
    for place, kind in enumerate(used):
        moving[kind] = place < len(may_move) and may_move[place]
        does[kind], does[alike + kind] = i32(place), i32(len(used) + 2 + place)

    outside: i64 = code.count_of(CONST) + code.count_of(INPUT)
    rows: i64 = len(kinds) - outside + len(tested)
    addresses = vec[i32]([i32(0)] * len(kinds))
    registers, only = vec[i32]([i32(0)] * int(rows)), vec[i32]([i32(0)] * int(rows + 1))
    checked = vec[i32](tested)
    _look_through(kinds, starts, read, i64(inputs), checked, moving, addresses, registers, only)
    # What has been read is written over with what is asked for: memory that is new takes its time.
    codes, begins = registers, only
    if any(may_move):
        codes = _behind_their_only_one(only, registers, kinds, i32(alike))
    begins[0] = i32(0)
    operands = vec[i32]([i32(0)] * int(len(read) - outside + len(tested)))
    guard: i64 = 0
    end: i64 = 0  # of the operands so far
    for row in range(rows):
        register = i64(codes[row])
        if register < 0:
            codes[row] = i32(len(used) + fails[guard])
            operands[end] = addresses[NOTHING - register]
            end += 1
            guard += 1
        else:
            codes[row] = does[i64(kinds[register])]
            for k in range(i64(starts[register]), i64(starts[register + 1])):
                operands[end] = addresses[i64(read[k])]
                end += 1
            addresses[register] = i32(row)
        begins[row + 1] = i32(end)
    return codes, begins, operands, addresses


def _look_through(
    kinds: vec[i32],
    starts: vec[i32],
    read: vec[i32],
    inputs: i64,
    tested: vec[i32],
    moving: vec[bool],
    addresses: vec[i32],
    registers: vec[i32],
    only: vec[i32],
) -> None:
    """Write down the address of each register, and the register of each row; of a guard, -1 minus
    the one that is tested.

    And for every row that is to stand behind another, -1 minus that one; for others how many are to
    stand behind them. A row stays where it is if it is needed by other rows, needs several, or
    follows its only one anyway, as in the last round of a loop."""
    guards: i64 = len(tested)
    guard: i64 = 0
    known: i64 = i64(tested[0]) if guards > 0 else i64(len(kinds))
    row: i64 = 0
    for i in range(i64(len(kinds))):
        kind = i64(kinds[i])
        if kind == CONST:
            addresses[i] = i32(NOTHING - i64(read[i64(starts[i])]) - inputs)
        elif kind == INPUT:
            addresses[i] = i32(NOTHING - i64(read[i64(starts[i])]))
        else:
            leader: i64 = NOTHING
            for k in range(i64(starts[i]), i64(starts[i + 1])):
                needed = i64(addresses[i64(read[k])])
                if needed >= 0:
                    if only[needed] < 0:
                        _stays(only, needed)
                    if leader != needed:
                        leader = needed if leader == NOTHING else i64(SEVERAL)
            if 0 <= leader < row - 1 and moving[kind]:
                only[row] = i32(NOTHING - leader)
                only[leader] += i32(1)
            addresses[i] = i32(row)
            registers[row] = i32(i)
            row += 1
        # A guard is checked as soon as it and all guards before it are known.
        while guard < guards and known <= i:
            needed = i64(addresses[i64(tested[guard])])
            if needed >= 0 and only[needed] < 0:
                _stays(only, needed)
            registers[row] = i32(NOTHING - i64(tested[guard]))
            row += 1
            guard += 1
            if guard < guards:
                known = max(known, i64(tested[guard]))


def _stays(only: vec[i32], row: i64) -> None:
    """A row that was to stand behind another is needed itself."""
    only[NOTHING - i64(only[row])] -= i32(1)
    only[row] = i32(0)


def _behind_their_only_one(
    only: vec[i32], registers: vec[i32], kinds: vec[i32], higher: i32
) -> vec[i32]:
    """The registers of the rows in their new order; the kinds of those that have moved are made so
    much higher."""
    order = vec[i32]([i32(0)] * len(registers))
    free: i64 = 0
    for i in range(i64(len(registers))):
        followers = i64(only[i])
        if followers < 0:
            leader = NOTHING - followers
            order[i64(only[leader])] = registers[i]
            kinds[i64(registers[i])] += higher
            only[leader] += i32(1)
        else:
            order[free] = registers[i]
            only[i] = i32(free + 1)  # where the next of its followers stands
            free += followers + 1
    return order
