"""Programs written anew: operation by operation, by a Writer that makes them shorter on the way.

Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, flat
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.templates import Plans, Templates
from autograd.compiler.ir.writing import AT_A_TIME, FEW, NONE, Operation, Writer, packed

__all__ = ["most_live", "needed_for", "rewritten", "rewritten_and_pruned"]

Emit = Callable[..., int]


def rewritten(program: Program, writer: Writer, emit: Emit | None = None) -> Program:
    """The program with every operation written anew, by `emit` (the writer's own, if not given),
    which gets its name and the new registers of its operands."""
    new = _translated(program, writer, emit, None)
    return program.renumbered(writer.code, new)


def rewritten_and_pruned(
    program: Program, writer: Writer, emit: Emit | None = None, templates: Templates | None = None
) -> Program:
    """The same, without what nothing needs any more. Of an operation for which there is a template
    that is written in its place."""
    new = _translated(program, writer, emit, templates)
    lines = writer.lines
    for register in [*program.outputs, *[guard.register for guard in program.guards]]:
        lines[new[register]].needed = True
    kept = _renumbered(lines, writer.rest)
    at = [lines[register].place for register in new]
    rest = {lines[i].place: operands for i, operands in writer.rest.items()}
    return program.renumbered(packed(kept, writer.values, rest), at)


def _renumbered(lines: list[Operation], rest: dict[int, tuple[int, ...]]) -> list[Operation]:
    """The lines that those marked need, with the registers that they get."""
    for i in range(len(lines) - 1, -1, -1):
        line = lines[i]
        if line.needed and line.kind > CONST:
            if line.count > FEW:
                for j in rest[i]:
                    lines[j].needed = True
            elif line.count > 0:
                lines[line.a].needed = True
                if line.count > 1:
                    lines[line.b].needed = True
                    if line.count > 2:
                        lines[line.c].needed = True
    kept: list[Operation] = []
    for i in range(len(lines)):
        line = lines[i]
        line.place = len(kept)
        if not line.needed:
            continue
        kept.append(line)
        if line.kind <= CONST:
            continue
        if line.count > FEW:
            rest[i] = tuple([lines[j].place for j in rest[i]])
        elif line.count > 0:
            line.a = lines[line.a].place
            if line.count > 1:
                line.b = lines[line.b].place
                if line.count > 2:
                    line.c = lines[line.c].place
    return kept


def _translated(
    program: Program, writer: Writer, emit: Emit | None, templates: Templates | None
) -> list[int]:
    """For each register of the program that of what was written in its place."""
    new: list[int] = []
    code = flat(program.code)
    values: list[float] = code.values.tolist()
    plans = Plans(templates)
    for first in range(0, len(code), AT_A_TIME):
        kinds: list[int] = code.kinds[first : first + AT_A_TIME].tolist()
        starts: list[int] = code.starts[first : first + AT_A_TIME + 1].tolist()
        begin = starts[0]
        operands: list[int] = code.operands[begin : starts[-1]].tolist()
        for i in range(len(kinds)):
            kind = kinds[i]
            at = starts[i] - begin
            if kind == CONST:
                new.append(writer.const(values[operands[at]]))
                continue
            if kind == INPUT:
                new.append(writer.input(operands[at]))
                continue
            count = starts[i + 1] - begin - at
            if emit is not None:
                given = [new[j] for j in operands[at : at + count]]
                new.append(emit(NAMES[kind], *given))
                continue
            if templates is not None:
                plan = plans.of(kind, count)
                if plan is not None:
                    given = [new[j] for j in operands[at : at + count]]
                    new.append(plan.write(writer, given))
                    continue
            if count > FEW:
                new.append(writer.put_all(kind, [new[j] for j in operands[at : at + count]]))
            else:
                a = new[operands[at]] if count > 0 else NONE
                b = new[operands[at + 1]] if count > 1 else NONE
                c = new[operands[at + 2]] if count > 2 else NONE
                new.append(writer.put(kind, count, a, b, c))
    return new


def needed_for(program: Program, registers: Iterable[int]) -> list[bool]:
    """Which registers are needed to compute these."""
    code = flat(program.code)
    kinds: list[int] = code.kinds.tolist()
    starts: list[int] = code.starts.tolist()
    operands: list[int] = code.operands.tolist()
    needed = [False] * len(kinds)
    for i in registers:
        needed[i] = True
    for i in range(len(kinds) - 1, -1, -1):
        if needed[i] and kinds[i] > CONST:
            for at in range(starts[i], starts[i + 1]):
                needed[operands[at]] = True
    return needed


def most_live(program: Program) -> int:
    """How many computed numbers are needed later on, at most at one time."""
    code = flat(program.code)
    kinds: list[int] = code.kinds.tolist()
    starts: list[int] = code.starts.tolist()
    operands: list[int] = code.operands.tolist()
    is_met = [False] * len(kinds)
    live = most = 0
    for i in range(len(kinds) - 1, -1, -1):  # a number lives from its last use up to itself
        if kinds[i] <= CONST:
            continue
        ending = 0
        for at in range(starts[i], starts[i + 1]):
            j = operands[at]
            if not is_met[j]:
                is_met[j] = True
                ending += kinds[j] > CONST
        most = max(most, live + ending)
        live += ending - is_met[i]
    return most
