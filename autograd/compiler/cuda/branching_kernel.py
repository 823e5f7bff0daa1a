"""Several paths of a function as one kernel: what they do alike is written once, and where a
decision comes out otherwise than on one path, those that part from it there go on.

Operations are the same where they have the same name and the same operands. A row's results are
written only after all guards of their path were checked, so nothing depends on how paths are put
together; that they share their decisions up to where they part makes it short.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack
from typing import Any, Final

from autograd.compiler.cuda.kernel_prelude import LANES, PRELUDE
from autograd.compiler.cuda.kernel_writer import (
    INDENT,
    Places,
    adding_frame,
    called_often,
    filling_frame,
)
from autograd.compiler.cuda.special_kernels import functions_for
from autograd.compiler.ir.meanings import TRUTHS
from autograd.compiler.ir.program import Program
from autograd.compiler.native.c_codegen import c_comment, c_formula, c_number

__all__ = ["BranchingKernels", "can_join"]

DEPTH: Final = 100  # of branches within each other


def can_join(programs: Sequence[Program], most: int) -> bool:
    """Whether every path parts from the others at a decision, and the kernel of them all has at
    most so many operations."""
    lines = _Lines(programs, None)
    return lines.paths == len(programs) and lines.operations <= most and lines.depth <= DEPTH


class BranchingKernels:
    """The texts of both kernels of paths that can be joined, with the same places for their
    arguments and results."""

    def __init__(self, programs: Sequence[Program], places: Places) -> None:
        self._programs = programs
        self._places = places
        self._results = len(programs[0].outputs)

    def _head(self, lines: Sequence[str]) -> list[str]:
        names = set[str]().union(*[program.names for program in self._programs])
        return [PRELUDE, *functions_for(names), *called_often(lines)]

    def filling(self, name: str = "fill") -> str:
        """As `filling_kernel`."""
        outputs = [self._places.output(k) for k in range(self._results)]
        body = _Lines(self._programs, self._places, outputs, "is_left").lines
        return "\n".join([*self._head(body), *filling_frame(name, self._places, True, body), ""])

    def adding(self, name: str = "add") -> str:
        """As `adding_kernel`."""
        outputs = [f"out[{k}]" for k in range(self._results)]
        row = _Lines(self._programs, self._places, outputs, "is_lost").lines
        margin = INDENT * 3
        starts = range(0, self._results, LANES)
        body = [
            f"{margin}double out[{self._results}] = {{0.0}};",
            f"{margin}bool is_lost = true;",
            f"{margin}do {{",
            *row,
            f"{margin}{INDENT}is_lost = false;",
            f"{margin}}} while (0);",
            f"{margin}is_left |= is_lost && is_row;",
        ]
        written = []
        for group, start in enumerate(starts):
            size = min(LANES, self._results - start)
            body += [f"{margin}tile[{33 * j} + lane] = out[{start + j}];" for j in range(size)]
            added = f"over_lanes(tile, lane, lanes, {size})"
            body.append(f"{margin}sum{group} = sum{group} + {added};")
            to = f"chunk * {self._results} + {start} + lane"
            written.append(f"if (lane < {size}) partial[{to}] = sum{group};")
        begun = [f"double sum{group} = 0.0;" for group in range(len(starts))]
        parameters = self._places.parameters()
        frame = adding_frame(name, parameters, self._results, begun, body, written)
        return "\n".join([*self._head(body), *frame, ""])


class _Lines:
    """Paths as lines of C, which `break`: where a row is on none of them, and where one of them has
    its outputs written and `mark` is false, but for the first, which goes on. Without places only
    their operations are counted."""

    def __init__(
        self,
        programs: Sequence[Program],
        places: Places | None,
        outputs: Sequence[str] = (),
        mark: str = "",
    ) -> None:
        self._places = places
        self._outputs = outputs
        self._mark = mark
        self._shown: list[str] = []
        self._numbers: dict[Any, int] = {}
        self._paths = [(program, self._numbered(program)) for program in programs]
        self.lines: list[str] = []
        self.paths = 0
        """How many have their outputs somewhere."""
        self.operations = 0
        self.depth = 0
        self._write(range(len(programs)), set(), set(), 1)

    def _numbered(self, program: Program) -> list[int]:
        """For each register the number of what it holds, which is the same for all programs."""
        found: list[int] = []
        for name, operands, value in program.code:
            key = (name, tuple([found[i] for i in operands]), pack("d", value))
            found.append(self._numbers.setdefault(key, len(self._numbers)))
            if found[-1] == len(self._shown):
                self._shown.append(c_number(value) if name == "const" else f"r{found[-1]}")
        return found

    def _write(
        self, paths: Sequence[int], known: set[int], held: set[tuple[int, bool]], depth: int
    ) -> None:
        """What paths do that is not known yet, and the guards that are not yet held to."""
        self.depth = max(self.depth, depth)
        margin = INDENT * (3 + min(depth, 5))
        longest = max(paths, key=lambda path: len(self._paths[path][0].guards))
        program, numbers = self._paths[longest]
        partings = self._partings(longest, paths)
        checks = program.checks()
        for i, (name, operands, value) in enumerate(program.code):
            if numbers[i] not in known:
                known.add(numbers[i])
                if name != "const":
                    self.operations += 1
                    shown = [self._shown[numbers[j]] for j in operands]
                    self._compute(numbers[i], name, shown, int(value), margin)
            for index in checks.get(i, ()):
                guard = program.guards[index]
                test = numbers[guard.register], guard.expected
                parted = partings.get(index, [])
                if parted or test not in held:
                    failed = f"if ({'!' * guard.expected}{self._shown[test[0]]})"
                    comment = f"/* {c_comment(guard.line)} */"
                    if parted:
                        self.lines.append(f"{margin}{failed} {{ {comment}")
                        other = test[0], not guard.expected
                        self._write(parted, set(known), {*held, other}, depth + 1)
                        self.lines += [f"{margin}{INDENT}{self._mark} = false;"]
                        self.lines += [f"{margin}{INDENT}break;", f"{margin}}}"]
                    else:
                        self.lines.append(f"{margin}{failed} break; {comment}")
                    held.add(test)
        self.paths += 1
        if self._places is not None:
            for to, j in zip(self._outputs, program.outputs, strict=True):
                self.lines.append(f"{margin}{to} = {self._shown[numbers[j]]};")

    def _partings(self, path: int, paths: Sequence[int]) -> dict[int, list[int]]:
        """The others, by the decision at which they part from one."""
        found: dict[int, list[int]] = {}
        for other in paths:
            at = _parting(self._paths[path][0], self._paths[other][0])
            if at is not None:
                found.setdefault(at, []).append(other)
        return found

    def _compute(
        self, number: int, name: str, shown: Sequence[str], slot: int, margin: str
    ) -> None:
        if self._places is None:
            return
        kind = "int" if name in TRUTHS else "double"
        text = self._places.input(slot) if name == "input" else c_formula(name, shown)
        self.lines.append(f"{margin}const {kind} r{number} = {text};")


def _parting(a: Program, b: Program) -> int | None:
    """The first decision that comes out otherwise; None if one of them ends before."""
    for i, (one, other) in enumerate(zip(a.guards, b.guards, strict=False)):
        if one.outcome != other.outcome:
            return i
    return None
