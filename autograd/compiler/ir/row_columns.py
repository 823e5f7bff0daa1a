"""What takes a look at every row of a program, one after the other: the rows themselves, another
order of them, and at which distances they come again. Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, FlatCode
from autograd.compiler.ir.packed_columns import vec

__all__ = ["row_columns", "rows_behind_their_only_one", "votes_for_periods"]

PRIME: Final = 2147483647  # keys of windows are below it, and their products fit into 63 bits
FACTOR: Final = 1000003
NOTHING: Final = -1
SEVERAL: Final = -2


def row_columns(
    code: FlatCode,
    named: Any,
    inputs: int,
    used: Sequence[int],
    tested: Sequence[int],
    fails: Sequence[bool],
) -> tuple[Any, Any, Any, Any]:
    """The rows of a program, whose operations have these numbers: what each does (a place in
    `used`, or behind these that a guard holds or fails), where its operands begin, these as
    addresses; and the address of each register. Of the guards, the registers that are tested and
    whether they have to be false."""
    place_of = vec[i32]([NOTHING] * (max(used, default=0) + 1))
    for place, kind in enumerate(used):
        place_of[kind] = i32(place)
    kinds, starts = vec[i32](named), vec[i32](code.starts)
    read = vec[i32](code.operands)
    guard: i64 = 0
    guards: i64 = len(tested)
    known: i64 = tested[0] if guards > 0 else NOTHING
    outside: i64 = 0  # constants and inputs, each with one number in the place of operands
    for i in range(i64(len(kinds))):
        if kinds[i] <= CONST:
            outside += 1
    rows, numbers = len(kinds) - outside + guards, len(read) - outside + guards
    codes, begins = vec[i32]([i32(0)] * int(rows)), vec[i64]([i64(0)] * int(rows + 1))
    operands = vec[i32]([i32(0)] * int(numbers))
    addresses = vec[i32]([i32(0)] * len(kinds))
    row: i64 = 0
    end: i64 = 0  # of the operands so far
    for i in range(i64(len(kinds))):
        kind, at = i64(kinds[i]), i64(starts[i])
        if kind == CONST:
            addresses[i] = i32(NOTHING - i64(read[at]) - i64(inputs))
        elif kind == INPUT:
            addresses[i] = i32(NOTHING - i64(read[at]))
        else:
            addresses[i] = i32(row)
            codes[row] = place_of[kind]
            for k in range(at, i64(starts[i + 1])):
                operands[end] = addresses[i64(read[k])]
                end += 1
            row += 1
            begins[row] = end
        # A guard is checked as soon as it and all guards before it are known.
        while guard < guards and known <= i:
            codes[row] = i32(len(used) + fails[guard])
            operands[end] = addresses[i64(tested[guard])]
            end += 1
            row += 1
            begins[row] = end
            guard += 1
            if guard < guards:
                known = max(known, i64(tested[guard]))
    return codes, begins, operands, addresses


def rows_behind_their_only_one(
    codes: Any, starts: Any, operands: Any, may_move: Sequence[bool]
) -> tuple[Any, Any, Any, Any]:
    """The columns of the same rows, but that each which reads one other row alone, and which none
    reads, follows that one: what such rows do has numbers to itself, behind all others. And where
    each row stands now. Only rows that do certain things move."""
    kinds, begins, read = vec[i32](codes), vec[i64](starts), vec[i32](operands)
    only = _only_rows(kinds, begins, read, vec[bool](may_move))
    places = _places_behind(only)
    count: i64 = len(kinds)
    numbers, first = vec[i32]([i32(0)] * int(count)), vec[i64]([i64(0)] * int(count + 1))
    for i in range(count):
        place = i64(places[i])
        numbers[place] = kinds[i] if only[i] < 0 else kinds[i] + i32(len(may_move))
        first[place + 1] = begins[i + 1] - begins[i]
    for i in range(count):
        first[i + 1] += first[i]
    moved = vec[i32]([i32(0)] * len(read))
    for i in range(count):
        at = first[i64(places[i])]
        for k in range(begins[i], begins[i + 1]):
            moved[at] = read[k] if read[k] < 0 else places[i64(read[k])]
            at += 1
    return numbers, first, moved, places


def _only_rows(kinds: vec[i32], begins: vec[i64], read: vec[i32], may_move: vec[bool]) -> vec[i32]:
    """For every row: the one that it makes a result of; below 0 where it is needed by other rows,
    needs several, or follows that one anyway, as in the last round of a loop."""
    count: i64 = len(kinds)
    found = vec[i32]([i32(NOTHING)] * int(count))
    for i in range(count):
        only: i64 = NOTHING
        for k in range(begins[i], begins[i + 1]):
            row = i64(read[k])
            if row >= 0:
                found[row] = i32(NOTHING)  # which is needed here
                if only != row:
                    only = row if only == NOTHING else i64(SEVERAL)
        if 0 <= only < i - 1 and may_move[i64(kinds[i])]:
            found[i] = i32(only)
    return found


def _places_behind(only: vec[i32]) -> vec[i32]:
    """Where each row stands if it follows its only one, in the order in which such rows were."""
    count: i64 = len(only)
    behind = vec[i32]([i32(0)] * int(count))  # how many rows follow one; then the place of the next
    for i in range(count):
        if only[i] >= 0:
            behind[i64(only[i])] += i32(1)
    places = vec[i32]([i32(0)] * int(count))
    free: i64 = 0
    for i in range(count):
        leader = i64(only[i])
        if leader < 0:
            places[i] = i32(free)
            behind[i], free = i32(free + 1), free + 1 + i64(behind[i])
        else:
            places[i] = behind[leader]
            behind[leader] += i32(1)
    return places


def votes_for_periods(tokens: Any, window: int, most: int) -> Any:
    """By the distance, up to a largest one, how often a window of so many tokens comes again after
    it for the first time."""
    row = vec[i64](tokens)
    width: i64 = window
    places: i64 = len(row) - width + 1
    votes = vec[i32]([i32(0)] * (most + 1))
    size: i64 = 64
    while size < 2 * places:
        size *= 2
    keys, last = vec[i64]([i64(NOTHING)] * int(size)), vec[i32]([i32(0)] * int(size))
    leading: i64 = 1
    for _ in range(width):
        leading = leading * FACTOR % PRIME
    key: i64 = 0
    for i in range(i64(len(row))):
        key = (key * FACTOR + row[i] + 1) % PRIME
        place: i64 = i - width + 1
        if place > 0:  # without the token that the window has left behind
            key = (key + (PRIME - leading) * ((row[place - 1] + 1) % PRIME)) % PRIME
        if place < 0:
            continue
        at = key & (size - 1)
        while keys[at] != NOTHING and keys[at] != key:
            at = (at + 1) & (size - 1)
        if keys[at] == key:
            distance = place - i64(last[at])
            if distance <= most:
                votes[distance] += i32(1)
        keys[at] = key
        last[at] = i32(place)
    return votes
