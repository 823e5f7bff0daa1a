"""At which distances tokens come again, and where they do so for long. Compiled with the engine.

Little is done where much repeats: then the table of windows has few entries. And a stretch in which
so many tokens in a row come again is missed by no look at one in so many.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.packed_columns import vec

__all__ = ["mark_taken", "repeated_after", "votes_for_periods"]

PRIME: Final = 2147483647  # keys of windows are below it, and their products fit into 63 bits
FACTOR: Final = 1000003
NOTHING: Final = -1
FIRST_SIZE: Final = 1024  # of the table of windows


def votes_for_periods(tokens: vec[i32], window: int, most: int) -> vec[i32]:
    """By the distance, up to a largest one, how often a window of so many tokens comes again after
    it for the first time."""
    width: i64 = window
    votes = vec[i32]([i32(0)] * (most + 1))
    size: i64 = FIRST_SIZE
    keys, last = vec[i32]([i32(NOTHING)] * int(size)), vec[i32]([i32(0)] * int(size))
    used: i64 = 0
    leading: i64 = 1
    for _ in range(width):
        leading = leading * FACTOR % PRIME
    key: i64 = 0
    for i in range(i64(len(tokens))):
        key = key * FACTOR + i64(tokens[i]) + 1
        place: i64 = i - width + 1
        if place > 0:  # without the token that the window has left behind
            key += (PRIME - leading) * (i64(tokens[place - 1]) + 1)
        key %= PRIME
        if place < 0:
            continue
        at = key & (size - 1)
        while keys[at] != NOTHING and keys[at] != key:
            at = (at + 1) & (size - 1)
        if keys[at] == key:
            distance = place - i64(last[at])
            if distance <= most:
                votes[distance] += i32(1)
        else:
            keys[at] = i32(key)
            used += 1
        last[at] = i32(place)
        if 2 * used > size:
            keys, last = _with_more_room(keys, last)
            size = len(keys)
    return votes


def _with_more_room(keys: vec[i32], last: vec[i32]) -> tuple[vec[i32], vec[i32]]:
    """The same table of windows, four times as large."""
    size: i64 = 4 * len(keys)
    more, places = vec[i32]([i32(NOTHING)] * int(size)), vec[i32]([i32(0)] * int(size))
    for i in range(i64(len(keys))):
        if keys[i] != NOTHING:
            at = i64(keys[i]) & (size - 1)
            while more[at] != NOTHING:
                at = (at + 1) & (size - 1)
            more[at], places[at] = keys[i], last[i]
    return more, places


def repeated_after(tokens: vec[i32], period: int, rounds: int) -> list[tuple[int, int]]:
    """Where tokens come again after this period for so many rounds: begins and ends."""
    found: list[tuple[int, int]] = []
    after: i64 = period
    needed: i64 = (rounds - 1) * period  # tokens in a row, each the same as one period later
    end: i64 = len(tokens) - after
    low: i64 = 0  # what is below is in no stretch that is still to be found
    at: i64 = needed - 1
    while at < end:
        if tokens[at] != tokens[at + after]:
            low = at + 1
        else:
            first, last = at, at + 1
            while first > low and tokens[first - 1] == tokens[first - 1 + after]:
                first -= 1
            while last < end and tokens[last] == tokens[last + after]:
                last += 1
            if last - first >= needed:
                found.append((int(first), int(last + after)))
            low = last + 1
        at = low + needed - 1
    return found


def mark_taken(tokens: vec[i32], begin: int, end: int) -> None:
    """These tokens are in a loop now: each becomes one that comes but once."""
    for i in range(i64(begin), i64(end)):
        tokens[i] = i32(NOTHING - i)
