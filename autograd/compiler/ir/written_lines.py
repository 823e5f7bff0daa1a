"""Lines of a program in the making, six numbers each, side by side; and how they become columns.

A line begins with its kind and how many operands it reads, in one number; the first three of them
follow, the line before it in its chain, and the last of its readers. A constant has in the place of
an operand that of its number, an input its slot. Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, FlatCode, kind_of
from autograd.compiler.ir.meanings import COMMUTATIVE
from autograd.compiler.ir.packed_columns import as_array, extend, vec

__all__ = ["BITS", "CONSTANT", "FEW", "LINE", "MANY", "NONE", "WrittenLines"]

NONE: Final[i64] = -1  # in the place of an operand that is not there
FEW: Final = 3  # operands that a line has in place
LINE: Final = 6  # numbers of a line
NEXT: Final = 4  # its places: the line before it in the same chain,
READERS: Final = 5  # and the last of the lines that read it
BITS: Final = 3  # of the number of operands
MANY: Final = (1 << BITS) - 1  # it stands for any number above FEW
CONSTANT: Final = (CONST << BITS) | 1  # what a constant begins with
CHAIN: Final = 8  # lines that read one are compared one by one; more are found by their hash
ROOM: Final = 32  # lines, that are made at once
_COMMUTING: Final = frozenset([kind_of(name) for name in COMMUTATIVE])
_COMMUTES: Final = [kind in _COMMUTING for kind in range(max(_COMMUTING) + 1)]


class WrittenLines:
    """Lines, of which each is found by what it does."""

    def __init__(self) -> None:
        self.size: i64 = 0
        """How many lines there are."""
        self.lines = vec[i32]()  # some more than are written
        self._block = vec[i32]([i32(NONE)] * (LINE * ROOM))
        self._room: i64 = 0  # for numbers of lines
        self.values = vec[float]()  # of the constants
        self.rest: dict[int, tuple[int, ...]] = {}
        """All operands of lines with many."""
        self._table = vec[i32]([i32(NONE)] * 64)  # by its hash, the last of such lines
        self._held: i64 = 0  # how many there are in all
        self._commuting = vec[bool](_COMMUTES)

    def shared(self, kind: i64, count: i64, a: i64, b: i64, c: i64, commutes: bool) -> i64:
        """The line that holds this already, or a new one. Where a + b and b + a are one number, to
        the bit, either will do."""
        lines = self.lines
        low, high = (b, a) if commutes and b < a else (a, b)
        owner = max(a, b)  # the last of those that are there
        owner = max(owner, c)
        met: i64 = CHAIN  # of what reads no register nothing is a reader
        if owner >= 0:
            met = 0
            found = i64(lines[LINE * owner + READERS])
            while found >= 0:
                if self._is_this(found, kind, count, low, high, c, commutes):
                    return found
                met += 1
                found = i64(lines[LINE * found + NEXT])
        if met >= CHAIN:
            found = i64(self._table[_hash(kind, low, high, c) & (len(self._table) - 1)])
            while found >= 0:
                if self._is_this(found, kind, count, low, high, c, commutes):
                    return found
                found = i64(lines[LINE * found + NEXT])
        place = self.append(kind, count, a, b, c)
        if met < CHAIN:
            self._link(place, owner)
        else:
            self._hold(place, commutes)
        return place

    def _is_this(
        self, line: i64, kind: i64, count: i64, low: i64, high: i64, c: i64, commutes: bool
    ) -> bool:
        """Whether a line is this operation, whose operands are in order if that is of no matter."""
        lines, at = self.lines, LINE * line
        if lines[at] != (kind << BITS) | count or lines[at + 3] != c:
            return False
        first, second = i64(lines[at + 1]), i64(lines[at + 2])
        if first == low and second == high:
            return True
        return commutes and first == high and second == low

    def append(self, kind: i64, count: i64, a: i64, b: i64, c: i64) -> i64:
        """Write a line; its number."""
        at = LINE * self.size
        if at == len(self.lines):
            self._lengthen()
        lines = self.lines
        lines[at] = i32((kind << BITS) | min(count, i64(MANY)))
        lines[at + 1] = i32(a)
        lines[at + 2] = i32(b)
        lines[at + 3] = i32(c)
        self.size += 1
        return self.size - 1

    def _link(self, line: i64, owner: i64) -> None:
        """Make a line the last reader of another."""
        lines = self.lines
        lines[LINE * line + NEXT] = lines[LINE * owner + READERS]
        lines[LINE * owner + READERS] = i32(line)

    def _hold(self, line: i64, commutes: bool) -> None:
        """Have a line found by its hash."""
        self._held += 1
        if 2 * self._held > len(self._table):
            self._grow()
        self._enter(line, commutes)

    def _enter(self, line: i64, commutes: bool) -> None:
        lines, at = self.lines, LINE * line
        kind, low, high = i64(lines[at]) >> BITS, i64(lines[at + 1]), i64(lines[at + 2])
        if high < low and commutes:
            low, high = high, low
        place = _hash(kind, low, high, i64(lines[at + 3])) & (len(self._table) - 1)
        lines[at + NEXT] = self._table[place]
        self._table[place] = i32(line)

    def _commutes(self, kind: i64) -> bool:
        return kind < len(self._commuting) and self._commuting[kind]

    def _grow(self) -> None:
        before, lines = self._table, self.lines
        self._table = vec[i32]([i32(NONE)] * (4 * len(before)))
        for i in range(i64(len(before))):
            line = i64(before[i])
            while line >= 0:
                following = i64(lines[LINE * line + NEXT])
                self._enter(line, self._commutes(i64(lines[LINE * line]) >> BITS))
                line = following

    # -- the same again ----------------------------------------------------------------------------

    def change(self, line: i64, other: i64, k: i64) -> i64:
        """How far operand k of one line is from that of another."""
        return i64(self.lines[LINE * line + 1 + k]) - i64(self.lines[LINE * other + 1 + k])

    def reserve(self, more: i64) -> None:
        """Have room for so many more lines. Memory is not touched before they are written."""
        room = LINE * (self.size + more) + i64(len(self._block))
        if room > self._room:
            self._room = room
            self.lines = extend(vec[i32](capacity=int(room)), self.lines)

    def _lengthen(self) -> None:
        """By a block of lines that are not written yet."""
        if i64(len(self.lines)) + i64(len(self._block)) > self._room:
            self.reserve(ROOM + (self.size >> 1))
        self.lines = extend(self.lines, self._block)

    def repeat(self, count: i64, changes: vec[i32]) -> None:
        """Write so many lines again, their operands changed by these."""
        begin = self.size
        while LINE * (begin + count) > i64(len(self.lines)):
            self._lengthen()
        self.size += count
        lines = self.lines
        place: i64 = 0
        for at in range(LINE * begin, LINE * (begin + count), LINE):
            before = at - LINE * count
            a = i64(lines[before + 1] + changes[place])
            b = i64(lines[before + 2] + changes[place + 1])
            c = i64(lines[before + 3] + changes[place + 2])
            lines[at] = lines[before]
            lines[at + 1] = i32(a)
            lines[at + 2] = i32(b)
            lines[at + 3] = i32(c)
            place += 3
            if i64(lines[at]) >> BITS <= CONST:
                continue
            owner = max(a, b)
            owner = max(owner, c)
            met: i64 = CHAIN
            if owner >= 0:
                met = 0
                found = i64(lines[LINE * owner + READERS])
                while found >= 0 and met < CHAIN:
                    met += 1
                    found = i64(lines[LINE * found + NEXT])
            if met < CHAIN:
                lines[at + NEXT] = lines[LINE * owner + READERS]
                lines[LINE * owner + READERS] = i32(at // LINE)
            else:
                self._hold(at // LINE, self._commutes(i64(lines[at]) >> BITS))

    # -- from lines to columns ---------------------------------------------------------------------

    def packed(self, needed: vec[bool]) -> tuple[FlatCode, vec[i32]]:
        """The lines that those marked need, in columns; and where each of the lines is there."""
        lines, size = self.lines, self.size
        kept, read = _mark(lines, size, self.rest, needed)
        kinds, starts = vec[i32]([i32(0)] * int(kept)), vec[i32]([i32(0)] * int(kept + 1))
        operands, places = vec[i32]([i32(0)] * int(read)), vec[i32]([i32(0)] * int(size))
        kept = read = 0
        at: i64 = -LINE
        for i in range(size):
            at += LINE
            places[i] = i32(kept)
            if not needed[i]:
                continue
            head = i64(lines[at])
            count = head & MANY
            kinds[kept] = i32(head >> BITS)
            if head <= CONSTANT:
                operands[read] = lines[at + 1]
                read += 1
            elif count > FEW:
                for j in self.rest[i]:
                    operands[read] = places[j]
                    read += 1
            elif count > 0:
                operands[read] = places[i64(lines[at + 1])]
                if count > 1:
                    operands[read + 1] = places[i64(lines[at + 2])]
                if count > 2:
                    operands[read + 2] = places[i64(lines[at + 3])]
                read += count
            kept += 1
            starts[kept] = i32(read)
        columns = as_array("i", kinds), as_array("i", starts), as_array("i", operands)
        return FlatCode(columns[0], columns[1], columns[2], as_array("d", self.values)), places


def _mark(
    lines: vec[i32], size: i64, rest: Mapping[int, tuple[int, ...]], needed: vec[bool]
) -> tuple[i64, i64]:
    """Mark what those marked need; how many there are then, and how many operands they read."""
    kept: i64 = 0
    read: i64 = 0
    at = LINE * size
    for i in range(size - 1, -1, -1):
        at -= LINE
        if not needed[i]:
            continue
        kept += 1
        head = i64(lines[at])
        count = head & MANY
        if head <= CONSTANT:
            read += 1
        elif count > FEW:
            read += len(rest[i])
            for j in rest[i]:
                needed[j] = True
        elif count > 0:
            read += count
            needed[i64(lines[at + 1])] = True
            if count > 1:
                needed[i64(lines[at + 2])] = True
            if count > 2:
                needed[i64(lines[at + 3])] = True
    return kept, read


def _hash(kind: i64, a: i64, b: i64, c: i64) -> i64:
    mixed: i64 = kind * 0x3C6EF372 + a * 0x1E3779B1 + b * 0x05EBCA77 + c * 0x02B2AE3D
    # The upper bits: in the lower ones operands at a constant distance would meet each other.
    return ((mixed ^ (mixed >> 15)) * 0x1E3779B97F4A7C15) >> 32
