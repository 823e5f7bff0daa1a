"""The rounds of what a program repeats: as soon as one was written as the one before it, the others
are copied.

A round is written by what the writer knows of its operands: which registers they are, and what it
has seen in lines that are there already (an event each). Where all of these change by the same
from round to round, what is written does too. That much is checked of every round that is copied:
each register that it reads, each line that was looked at, each constant. Nothing has to be known of
why a program repeats itself; what does not change as it did is written operation by operation.

Compiled with the engine.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, FlatCode
from autograd.compiler.ir.packed_columns import append, vec
from autograd.compiler.ir.writing import EVENT, FIXED, INSTEAD, Writer
from autograd.compiler.ir.written_lines import NONE

__all__ = ["TRIES", "CodeColumns", "Rounds"]

NEAR: Final[i64] = 64  # operations, at which the next round is looked for first
FAR: Final[i64] = 1 << 14  # and last
ALIKE: Final[i64] = 128  # operations that have to come again, that it is worth while
TIMES: Final[i64] = 3  # rounds that have to
TRIES: Final[i64] = 6  # rounds that are written before none is expected to be like another
OPERANDS: Final[i64] = 3  # of a line


@final
class CodeColumns:
    """What is rewritten, and for each register that of what was written in its place."""

    def __init__(self, code: FlatCode) -> None:
        self.kinds = vec[i32](code.kinds)
        self.starts = vec[i32](code.starts)
        self.operands = vec[i32](code.operands)
        self.values = vec[float](code.values)
        self.new = vec[i32]([i32(NONE)] * len(code))


@final
class Round:
    """One that was written operation by operation."""

    def __init__(self, begin: i64, line: i64, truths: i64, rest: i64) -> None:
        self.begin: i64 = begin  # its first operation
        self.line: i64 = line  # and line
        self.lines: i64 = 0
        self.truths: i64 = truths
        self.rest: i64 = rest
        self.events = vec[i32]()


@final
class Rounds:
    """Copies rounds of a program that is written."""

    def __init__(self, columns: CodeColumns, writer: Writer) -> None:
        self._columns = columns
        self._writer = writer
        self._reach: i64 = NEAR
        self.next: i64 = 0
        """Where to look for a period."""
        self.saved: i64 = 0
        """How many operations were copied."""
        self._failures: i64 = 0
        self._period: i64 = 0
        self._end: i64 = 0  # up to which kinds are known to come again
        self._last: Round | None = None
        self._before: Round | None = None
        # How the numbers of a round change from the one before it.
        self._results = vec[i32]()  # of each operation
        self._read = vec[i32]()  # of each operand,
        self._now = vec[i32]()  # which is this at present
        self._makers = vec[i32]()  # of each constant, the operation that writes it, if one does
        self._lines = vec[i32]()  # of each line its operands
        self._looked = vec[i32]()  # lines that were looked at, each with its and its operands'
        self._fresh: i64 = 0  # constants in a round

    # -- periods -----------------------------------------------------------------------------------

    def period(self, at: i64) -> i64:
        """After how many operations what follows comes again; 0 if it does not, or if it takes too
        long to find out."""
        if at < self.next:
            return 0
        kinds = self._columns.kinds
        most = min(self._reach, (i64(len(kinds)) - at - ALIKE) // (TIMES + 1))
        if most > 0:
            first, second = kinds[at], kinds[at + 1]
            for period in range(i64(1), most + 1):
                if kinds[at + period] != first or kinds[at + period + 1] != second:
                    continue
                if self._recurs(at, period):
                    self._begin(at, period)
                    return period
        self.next = at + self._reach // 2  # so that looking takes far less time than writing
        self._reach = min(2 * self._reach, FAR)
        return 0

    def _recurs(self, at: i64, period: i64) -> bool:
        kinds = self._columns.kinds
        count = max(TIMES * period, ALIKE)
        if at + period + count > i64(len(kinds)):
            return False
        for i in range(at, at + count):  # noqa: SIM110
            if kinds[i] != kinds[i + period]:
                return False
        return True

    def _begin(self, at: i64, period: i64) -> None:
        self._last = self._before = None
        if period != self._period or at >= self._end:
            self._period, self._end = period, at + period

    def end(self, at: i64, copied: bool) -> None:
        """No further rounds are expected."""
        self._writer.is_watched = False
        self._failures = 0 if copied else self._failures + 1
        self._reach = NEAR
        wait: i64 = 0
        if not copied:
            wait = self._period << min(self._failures, i64(20))
        self.next = at + wait

    def comes_again(self, at: i64) -> bool:
        """Whether what follows is of the same kinds as the round before it."""
        columns, period = self._columns, self._period
        kinds, starts = columns.kinds, columns.starts
        i, end = self._end, at + period
        if end > i64(len(kinds)):
            return False
        while i < end and kinds[i] == kinds[i - period]:
            if starts[i + 1] - starts[i] != starts[i + 1 - period] - starts[i - period]:
                break
            i += 1
        self._end = i
        return i >= end

    # -- two rounds --------------------------------------------------------------------------------

    def watch(self, at: i64) -> None:
        """A round is written operation by operation from here on."""
        writer = self._writer
        writer.is_watched = True
        writer.events = vec[i32]()
        self._before = self._last
        self._last = Round(at, writer.size, len(writer.truths), len(writer.rest))

    def copied(self, at: i64) -> i64:
        """Copy rounds if the last one was written as the one before it; where that ends."""
        last, before, writer = self._last, self._before, self._writer
        assert last is not None
        last.lines = writer.size - last.line
        last.events = writer.events
        if before is None or not self._is_steady(last, before):
            return at
        begin = at
        while self._is_next(at):
            writer.repeat(last.lines, self._lines)
            at += self._period
        if at > begin:
            self._last = None
            self.saved += at - begin
        return at

    def _is_steady(self, last: Round, before: Round) -> bool:
        writer = self._writer
        return (
            last.lines == before.lines
            and last.line == before.line + before.lines
            and before.truths == i64(len(writer.truths))
            and before.rest == i64(len(writer.rest))
            and self._lines_change(last)
            and self._events_change(last, before)
            and self._operations_change(last)
        )

    def _lines_change(self, last: Round) -> bool:
        """Whether the lines are of the same kinds; and how their operands change."""
        writer, count = self._writer, last.lines
        changes = vec[i32]([i32(0)] * int(OPERANDS * count))
        fresh: i64 = 0
        for i in range(count):
            line = last.line + i
            if not writer.is_like(line, line - count):
                return False
            if writer.is_constant(line):
                fresh += 1
            for k in range(OPERANDS):
                changes[OPERANDS * i + k] = i32(writer.change(line, line - count, k))
        self._lines, self._fresh = changes, fresh
        return True

    def _events_change(self, last: Round, before: Round) -> bool:
        """Whether the same was seen, in lines that may be others."""
        now, then = last.events, before.events
        if len(now) != len(then):
            return False
        self._looked = vec[i32]()
        known: i64 = -1
        known_change: i64 = 0
        for i in range(i64(0), i64(len(now)), EVENT):
            same_place = i64(now[i + 1]) - last.line == i64(then[i + 1]) - before.line
            if not same_place or now[i + 2] != then[i + 2]:
                return False
            line = i64(now[i])
            change = line - i64(then[i])
            if change == 0:
                continue
            if now[i + 2] >= FIXED:
                return False
            if line == known and change == known_change:
                continue
            if now[i + 2] == INSTEAD and not self._writer.is_constant(line):
                continue
            if not self._look(last, line, change):
                return False
            known, known_change = line, change
        return True

    def _look(self, last: Round, line: i64, change: i64) -> bool:
        """Have a line looked at in every round, if it is not one that is copied there."""
        writer = self._writer
        if change == last.lines and line >= last.line:
            return True
        if not writer.is_like(line, line - change):
            return False
        self._looked = append(self._looked, i32(line))
        self._looked = append(self._looked, i32(change))
        for k in range(OPERANDS):
            by = 0 if writer.is_constant(line) else writer.change(line, line - change, k)
            self._looked = append(self._looked, i32(by))
        return True

    def _operations_change(self, last: Round) -> bool:
        """Whether operations and their operands may be followed; and how these change."""
        columns, writer, period = self._columns, self._writer, self._period
        kinds, starts, operands, new = columns.kinds, columns.starts, columns.operands, columns.new
        begin = last.begin
        width = i64(starts[begin + period]) - i64(starts[begin])
        results, makers = vec[i32]([i32(0)] * int(period)), vec[i32]([i32(-1)] * int(period))
        read, current = vec[i32]([i32(0)] * int(width)), vec[i32]([i32(0)] * int(width))
        writing = vec[i32]([i32(-1)] * int(last.lines))  # by line, the operation that writes it
        made: i64 = 0
        place: i64 = 0
        for i in range(period):
            at = begin + i
            register, change = i64(new[at]), i64(new[at]) - i64(new[at - period])
            results[i] = i32(change)
            if kinds[at] == INPUT:
                return False
            if kinds[at] == CONST:
                if change != 0 and not writer.is_like(register, register - change):
                    return False
                place += 1
                if change == last.lines and register >= last.line:
                    if writing[register - last.line] < 0:
                        writing[register - last.line] = i32(i)
                        made += 1
                    makers[i] = writing[register - last.line]
                continue
            for e in range(i64(starts[at]), i64(starts[at + 1])):
                register = i64(new[i64(operands[e])])
                change = register - i64(new[i64(operands[e - width])])
                read[place], current[place] = i32(change), i32(register)
                place += 1
                is_number = change != 0 and writer.is_constant(register)
                if is_number and not self._look(last, register, change):
                    return False
        self._results, self._makers, self._read, self._now = results, makers, read, current
        return made == self._fresh

    # -- copies ------------------------------------------------------------------------------------

    def _is_next(self, at: i64) -> bool:
        """Whether the next round reads and looks at what it would if it were written; if so, its
        constants are."""
        if not self.comes_again(at):
            return False
        writer = self._writer
        constants: i64 = len(writer.values)
        if self._is_followed(at) and self._is_seen():
            return True
        writer.forget_constants(constants)
        return False

    def _is_followed(self, at: i64) -> bool:
        columns, period = self._columns, self._period
        kinds, starts, operands, new = columns.kinds, columns.starts, columns.operands, columns.new
        results, read, now = self._results, self._read, self._now
        place: i64 = 0
        for i in range(period):
            new[at] = new[at - period] + results[i]
            if kinds[at] == CONST:
                if not self._is_expected(at, i):
                    return False
                place += 1
            else:
                for e in range(i64(starts[at]), i64(starts[at + 1])):
                    expected = now[place] + read[place]
                    if new[i64(operands[e])] != expected:
                        return False
                    now[place] = expected
                    place += 1
            at += 1
        return True

    def _is_expected(self, at: i64, i: i64) -> bool:
        """Whether a constant is in the register where it is expected, or is written there."""
        columns, writer, maker = self._columns, self._writer, i64(self._makers[i])
        values, starts, operands = columns.values, columns.starts, columns.operands
        register = i64(columns.new[at])
        value = values[i64(operands[i64(starts[at])])]
        if maker < 0:
            return writer.is_number(register, value)
        if maker == i:
            return writer.enter_constant(register, value, i64(columns.new[at - self._period]))
        first = at - i + maker
        return value == values[i64(operands[i64(starts[first])])]  # which is no zero

    def _is_seen(self) -> bool:
        """Whether the lines that were looked at are what they would be."""
        looked, writer = self._looked, self._writer
        for i in range(i64(0), i64(len(looked)), OPERANDS + 2):
            line = i64(looked[i])
            other = line + i64(looked[i + 1])
            if not (0 <= other < writer.size and writer.is_like(other, line)):
                return False
            if not writer.is_constant(line):
                for k in range(OPERANDS):
                    if writer.change(other, line, k) != i64(looked[i + 2 + k]):
                        return False
            looked[i] = i32(other)
        return True
