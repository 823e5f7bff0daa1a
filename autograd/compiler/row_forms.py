"""A program for many rows, in instructions: straight-line, or with the loops that it has, and the
kernels that are made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from autograd.compiler.ir.flat_rows import Rows, rows_from, without_added_zeros
from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.lowering import LIBRARY
from autograd.compiler.ir.passes import prune
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import needed_for
from autograd.compiler.ir.rolling import rolled_rows
from autograd.compiler.ir.sources import Sources
from autograd.compiler.native.cores import Sharing
from autograd.compiler.native.kernels import Callbacks
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import Columns
from autograd.compiler.native.vector_kernels import LoopedKernel, RowKernel, VectorKernel
from autograd.compiler.native.vector_loop_codegen import MANY, VECTORS
from autograd.compiler.specializations import is_long

__all__ = ["RowForm"]

STRAIGHT: Final = 5000  # instructions; of so few, straight-line code is the faster one
SIDE_BY_SIDE: Final = 1000  # instructions; two vectors of rows at a time in so short a program
MANY_VECTORS: Final = 8
LOOPS_COMPILED_AT_ONCE: Final = 4000  # instructions that are written out; half a second
LARGEST: Final = 1 << 22  # numbers that loops leave for later, of each row; 1 GB for 32 rows


class RowForm:
    """A program in instructions for one purpose: whether its rows' results are added up, and
    whether it is right only where they are finite."""

    def __init__(self, instructions: Program, is_sum: bool, is_fast_path: bool) -> None:
        self._instructions = _added_up(instructions) if is_sum else instructions
        self._is_sum = is_sum
        self._is_fast_path = is_fast_path
        self._has_one_width = is_sum and len(instructions.outputs) > MANY
        self._layout = (
            _with_loops(instructions, is_sum) if instructions.operations > STRAIGHT else None
        )

    @property
    def rolled(self) -> Rolled | None:
        """The program with its loops, if it is run so."""
        return None if self._layout is None else self._layout.rolled

    @property
    def operations(self) -> int:
        """How many instructions there are, loops written out."""
        return self._instructions.operations if self.rolled is None else self.rolled.length

    @property
    def size(self) -> int:
        """How many instructions are compiled."""
        return self.operations if self.rolled is None else self.rolled.operations

    @property
    def is_compiled_at_once(self) -> bool:
        """Whether its machine code is ready before long."""
        if self._layout is None:
            return not is_long(self._instructions)
        return self.size <= LOOPS_COMPILED_AT_ONCE

    def wide(self, rows: int, lanes: int) -> int:
        """How many vectors of rows at a time are best for so many."""
        if self._layout is None:
            return 1
        # The sums of many results are added up in blocks, which are to be the same for all batches.
        return VECTORS if self._has_one_width or rows > 2 * lanes else 1

    def wide_for_good(self, rows: int, vectors: Vectors) -> int:
        """The same for calls that come again and again, for which it pays to compile more."""
        wide = self.wide(rows, vectors.lanes)
        if self._layout is not None or self.operations > SIDE_BY_SIDE:
            return wide
        # Running sums are one for each lane of a vector: more of them would be other sums. And
        # without AVX-512 the registers are too few.
        is_free = vectors.scales and not self._is_sum
        return 2 if is_free and rows >= MANY_VECTORS * vectors.lanes else wide

    def kernel(
        self,
        columns: Columns,
        target: tuple[Vectors, Sharing],
        wide: int,
        callbacks: Callbacks | None,
    ) -> RowKernel:
        """Its machine code, for vectors and threads."""
        program, is_fast_path = self._instructions, self._is_fast_path
        if self._layout is None:
            return VectorKernel(program, columns, *target, is_fast_path, callbacks, wide)
        return LoopedKernel(program, self._layout, columns, target, wide, is_fast_path, callbacks)


def _added_up(program: Program) -> Program:
    """The program whose results are added to sums that begin with 0.0: what is a number plus 0.0,
    as derivatives are, is that number, but for the sign of a zero, which no such sum takes over."""
    code = program.code

    def added_to_zero(register: int) -> int:
        op = code[register]
        zeros = [code[i].name == "const" and str(code[i].value) == "0.0" for i in op.operands]
        return op.operands[zeros.index(True) - 1] if op.name == "add" and any(zeros) else register

    return prune(replace(program, outputs=tuple(map(added_to_zero, program.outputs))))


def _with_loops(program: Program, is_sum: bool) -> Sources | None:
    rows = _rows(program)
    rolled = rolled_rows(without_added_zeros(rows) if is_sum else rows)
    if rolled is None:
        return None
    layout = Sources(rolled)
    return layout if layout.left_for_later <= LARGEST else None


def _rows(program: Program) -> Rows:
    """Its rows; functions that a decision hangs on give in lanes what they give alone."""
    if not program.guards:
        return rows_from(program)
    decisive = needed_for(program, [guard.register for guard in program.guards])
    pairs = zip(program.code, decisive, strict=True)
    return rows_from(program, [x and op.name in LIBRARY for op, x in pairs])
