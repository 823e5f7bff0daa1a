"""Programs written anew: operation by operation, by a Writer that makes them shorter on the way.

Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, flat
from autograd.compiler.ir.packed_columns import vec
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rounds import TRIES, CodeColumns, Rounds
from autograd.compiler.ir.templates import Plans, Template, Templates
from autograd.compiler.ir.writing import Writer
from autograd.compiler.ir.written_lines import FEW, NONE

__all__ = [
    "Expansion",
    "Translation",
    "most_live",
    "needed_for",
    "rewritten",
    "rewritten_and_pruned",
]

Emit = Callable[..., int]
USUAL: Final = 2  # lines that are written for an operation, at most


def rewritten(program: Program, writer: Writer, emit: Emit | None = None) -> Program:
    """The program with every operation written anew, by `emit` (the writer's own, if not given),
    which gets its name and the new registers of its operands."""
    new = _translated(program, writer, emit, None)
    return program.renumbered(writer.code, list(new))


def rewritten_and_pruned(
    program: Program, writer: Writer, emit: Emit | None = None, templates: Templates | None = None
) -> Program:
    """The same, without what nothing needs any more. Of an operation for which there is a template
    that is written in its place, unless the operation as such is a shorter one."""
    new = _translated(program, writer, emit, templates)
    roots = [*program.outputs, *[guard.register for guard in program.guards]]
    needed = vec[bool]([False] * int(writer.size))
    for register in roots:
        needed[i64(new[register])] = True
    code, places = writer.packed(needed)
    at = {register: int(places[i64(new[register])]) for register in roots}
    return program.renumbered(code, at)


def _translated(
    program: Program, writer: Writer, emit: Emit | None, templates: Templates | None
) -> vec[i32]:
    """For each register of the program that of what was written in its place."""
    columns = CodeColumns(flat(program.code))
    if emit is not None:
        _emit_all(columns, writer, emit)
        return columns.new
    Translation(columns, writer, templates).write_all()
    return columns.new


def _emit_all(columns: CodeColumns, writer: Writer, emit: Emit) -> None:
    kinds, starts, operands, new = columns.kinds, columns.starts, columns.operands, columns.new
    for i in range(i64(len(kinds))):
        kind, at = i64(kinds[i]), i64(starts[i])
        if kind == CONST:
            new[i] = i32(writer.const(columns.values[i64(operands[at])]))
        elif kind == INPUT:
            new[i] = i32(writer.input(operands[at]))
        else:
            given = [int(new[i64(operands[e])]) for e in range(at, i64(starts[i + 1]))]
            new[i] = i32(emit(NAMES[kind], *given))


@final
class Translation:
    """A program on its way to a writer."""

    def __init__(self, columns: CodeColumns, writer: Writer, templates: Templates | None) -> None:
        self._columns = columns
        self._writer = writer
        self._plans = Plans(templates)
        self.rounds = Rounds(columns, writer)

    def write_all(self) -> None:
        """Write every operation, or copy what is written for those of a round before."""
        at: i64 = 0
        end: i64 = len(self._columns.kinds)
        writer = self._writer
        writer.reserve(USUAL * end)
        writer.expand = Expansion(self._plans, writer).register
        while at < end:
            period = self.rounds.period(at)
            if period > 0:
                at = self._write_rounds(at, period)
            else:
                after = min(self.rounds.next, end)
                self._write(at, after)
                at = after
        writer.expand = None

    def _write_rounds(self, at: i64, period: i64) -> i64:
        """Write rounds until no further one is alike; where that is."""
        rounds = self.rounds
        tries: i64 = 0
        are_copied = False
        while tries < TRIES and (tries == 0 or rounds.comes_again(at)):
            rounds.watch(at)
            self._write(at, at + period)
            at += period
            after = rounds.copied(at)
            tries += 1
            if after > at:
                tries, are_copied = 1, True
            at = after
        rounds.end(at, are_copied)
        return at

    def _write(self, begin: i64, end: i64) -> None:
        """Operation by operation."""
        columns, writer, plans = self._columns, self._writer, self._plans
        kinds, starts, operands, new = columns.kinds, columns.starts, columns.operands, columns.new
        for i in range(begin, end):
            kind = i64(kinds[i])
            at = i64(starts[i])
            if kind == CONST:
                new[i] = i32(writer.const(columns.values[i64(operands[at])]))
                continue
            if kind == INPUT:
                new[i] = i32(writer.input(operands[at]))
                continue
            count = i64(starts[i + 1]) - at
            plan = plans.of(kind, count)
            if count > FEW:
                given = [int(new[i64(operands[at + k])]) for k in range(int(count))]
                new[i] = i32(_put_all(writer, plan, kind, given))
                continue
            a = i64(new[i64(operands[at])]) if count > 0 else NONE
            b = i64(new[i64(operands[at + 1])]) if count > 1 else NONE
            c = i64(new[i64(operands[at + 2])]) if count > 2 else NONE
            if plan is None:
                new[i] = i32(writer.put(kind, count, a, b, c))
                continue
            register = writer.shorter(kind, count, a, b, c)
            if register < 0:
                registers = plan.room()
                for k in range(count):
                    registers[k] = new[i64(operands[at + k])]
                register = plan.write(writer, registers)
            new[i] = i32(register)


def _put_all(writer: Writer, plan: Template | None, kind: int, operands: list[int]) -> int:
    """Write an operation, by its template if it has one."""
    if plan is None:
        return writer.put_all(kind, operands)
    found = writer.shorter_of_all(kind, operands)
    if found >= 0:
        return found
    registers = plan.room()
    for k, register in enumerate(operands):
        registers[k] = i32(register)
    return plan.write(writer, registers)


@final
class Expansion:
    """Writes what identities make of operations, by the templates of one program."""

    __slots__ = ("_plans", "_writer")

    def __init__(self, plans: Plans, writer: Writer) -> None:
        self._plans = plans
        self._writer = writer

    def register(self, kind: int, operands: tuple[int, ...]) -> int:
        """That of an operation."""
        return _put_all(self._writer, self._plans.of(kind, len(operands)), kind, list(operands))


def needed_for(program: Program, registers: Iterable[int]) -> list[bool]:
    """Which registers are needed to compute these."""
    code = flat(program.code)
    kinds, starts = vec[i32](code.kinds), vec[i32](code.starts)
    operands = vec[i32](code.operands)
    needed = vec[bool]([False] * len(kinds))
    for register in registers:
        needed[register] = True
    for i in range(i64(len(kinds)) - 1, -1, -1):
        if needed[i] and kinds[i] > CONST:
            for at in range(i64(starts[i]), i64(starts[i + 1])):
                needed[i64(operands[at])] = True
    return list(needed)


def most_live(program: Program) -> int:
    """How many computed numbers are needed later on, at most at one time."""
    code = flat(program.code)
    kinds, starts = vec[i32](code.kinds), vec[i32](code.starts)
    operands = vec[i32](code.operands)
    is_met = vec[bool]([False] * len(kinds))
    live: i64 = 0
    most: i64 = 0
    for i in range(i64(len(kinds)) - 1, -1, -1):  # a number lives from its last use up to itself
        if kinds[i] <= CONST:
            continue
        ending: i64 = 0
        for at in range(i64(starts[i]), i64(starts[i + 1])):
            j = i64(operands[at])
            if not is_met[j]:
                is_met[j] = True
                if kinds[j] > CONST:
                    ending += 1
        most = max(most, live + ending)
        live += ending
        if is_met[i]:
            live -= 1
    return most
