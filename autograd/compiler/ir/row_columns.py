"""What takes a look at every row of a program, one after the other: the rows themselves, and at
which distances they come again. Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, FlatCode
from autograd.compiler.ir.packed_columns import append, vec

__all__ = ["row_columns", "votes_for_periods"]

PRIME: Final = 2147483647  # keys of windows are below it, and their products fit into 63 bits
FACTOR: Final = 1000003
NOTHING: Final = -1


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
    codes, begins = vec[i32](), vec[i64]([i64(0)])
    operands, addresses = vec[i64](), vec[i64](capacity=len(kinds))
    guard: i64 = 0
    guards: i64 = len(tested)
    known: i64 = tested[0] if guards > 0 else NOTHING
    for i in range(i64(len(kinds))):
        kind, at = i64(kinds[i]), i64(starts[i])
        if kind == CONST:
            addresses = append(addresses, NOTHING - i64(read[at]) - i64(inputs))
        elif kind == INPUT:
            addresses = append(addresses, NOTHING - i64(read[at]))
        else:
            addresses = append(addresses, i64(len(codes)))
            codes = append(codes, place_of[kind])
            for k in range(at, i64(starts[i + 1])):
                operands = append(operands, addresses[i64(read[k])])
            begins = append(begins, i64(len(operands)))
        # A guard is checked as soon as it and all guards before it are known.
        while guard < guards and known <= i:
            codes = append(codes, i32(len(used) + fails[guard]))
            operands = append(operands, addresses[i64(tested[guard])])
            begins = append(begins, i64(len(operands)))
            guard += 1
            if guard < guards:
                known = max(known, i64(tested[guard]))
    return codes, begins, operands, addresses


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
