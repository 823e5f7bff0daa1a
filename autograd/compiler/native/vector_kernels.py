"""A program's machine code for many rows, as Python callables over NumPy arrays."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import most_live
from autograd.compiler.ir.sources import Sources
from autograd.compiler.native.batch_entry import KernelCall, batch_entry
from autograd.compiler.native.cores import Sharing
from autograd.compiler.native.cpython_layout import address_of
from autograd.compiler.native.entry_text import Unsupported
from autograd.compiler.native.kernels import ON_ANY_STACK, Callbacks
from autograd.compiler.native.machine import LANES, MachineCode, compile_lanes, compile_llvm
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import (
    ALIGNMENT,
    CHUNK,
    Columns,
    block_kernel,
    work_size,
)
from autograd.compiler.native.vector_interpreter import RowTable
from autograd.compiler.native.vector_loop_codegen import looped_kernel

__all__ = ["InterpretedKernel", "LoopedKernel", "RowKernel", "VectorKernel"]

SIGNATURE: Final = (
    *(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64),
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double),
)
"""Of both: a status, of arrays, the first row and the end, work space, results and a divisor."""
MOST_WITH_LOCK: Final = 2_000_000  # operations in all rows, some 0.2 to 0.5 ms
SLOWER: Final = 4  # times, than machine code: a row of the interpreter
TOO_LONG_TO_OPTIMISE: Final = 30_000  # lines; slightly slower code is made several times as fast


class RowKernel:
    """A program for many rows. Rows are shared out among threads in whole chunks."""

    tier: str
    """How it is run."""
    seconds = 0.0
    """What making it took."""
    bytes = 0
    """Of memory that each thread keeps for loops."""
    _function: Callable[..., int]
    _code: MachineCode | None = None
    _is_deep = False
    _is_locked = False

    def __init__(self, results: int, work: int, operations: int, sharing: Sharing) -> None:
        import numpy

        self._results = results
        self._work = work
        self._free: list[tuple[Any, int]] = []  # work spaces
        self._operations = operations
        self._sharing = sharing
        self._empty = numpy.empty

    def fill(self, arrays: Sequence[Any], rows: int) -> tuple[Any, int]:
        """Write the rows' results into the last of the arrays. Gives their marks: 1 if done, 0 on
        another path, UNSURE; and 0 if all are done."""
        marks = self._empty(rows, "u1")
        return marks, self._share_out(arrays, rows, address_of(marks), 0)

    def sums(self, arrays: Sequence[Any], rows: int, count: int) -> tuple[Any, int]:
        """The sums of the rows' results over a count; and 0, or why they are not to be used."""
        if rows == 0 or self._results == 0:
            return self._empty(self._results) * 0.0, 0
        if rows <= CHUNK:
            sums = self._empty(self._results)
            return sums, self._run(_table(arrays), 0, rows, address_of(sums), float(count))
        sums, status = self._sums_of_chunks(arrays, rows)
        if status != 0:  # chunks that were not run have left their places as they were found
            return sums, status
        return sums.sum(axis=0) / count, status

    def partial(self, arrays: Sequence[Any], rows: int) -> Any:
        """The sums over every chunk of rows, where there is but one path."""
        return self._sums_of_chunks(arrays, rows)[0]

    def _sums_of_chunks(self, arrays: Sequence[Any], rows: int) -> tuple[Any, int]:
        sums = self._empty((-(-rows // CHUNK), self._results))
        if sums.size == 0:
            return sums, 0
        return sums, self._share_out(arrays, rows, address_of(sums), 8 * self._results)

    def _share_out(self, arrays: Sequence[Any], rows: int, out: int, bytes_per_chunk: int) -> int:
        """Run all chunks; 0 if all rows are done."""
        table = _table(arrays)
        chunks = -(-rows // CHUNK)
        threads = 1 if chunks == 1 else self._sharing.among(rows * self._operations)
        share = -(-chunks // threads)

        def part(first: int) -> int:
            end = min(rows, (first + share) * CHUNK)
            return self._run(table, first * CHUNK, end, out + first * bytes_per_chunk, 1.0)

        return max(LANES.run([partial(part, first) for first in range(0, chunks, share)]))

    def _run(self, table: Any, begin: int, end: int, out: int, divisor: float) -> int:
        """Run some rows; 0 if all are done."""
        work = self._work_space()
        given = table, begin, end, work[1], out, divisor
        run = self._function
        status = LANES.deep(partial(run, *given)) if self._is_deep else run(*given)
        self._free.append(work)
        return status

    def repeating(
        self, arrays: Sequence[Any], rows: int, out: Any, divisor: float
    ) -> Callable[[], int]:
        """What runs the rows of these arrays, of one chunk at most, again and again: marks or sums
        to `out`; 0 if all are done."""
        table, place = _table(arrays), address_of(out)
        return lambda: self._run(table, 0, rows, place, divisor)

    def function_of(
        self,
        arrays: Sequence[Any],
        rows: int,
        out: Any,
        divisor: float,
        shown: tuple[Sequence[Any], tuple[Any, Any] | None, Any],
    ) -> Callable[[], Any]:
        """The same as a function of Python's (see `batch_entry` for what is `shown`), which holds
        the lock of Python's interpreter: no other thread uses its memory meanwhile.

        Raises Unsupported for what takes too long for that, calls Python or needs a large stack.
        """
        if self._code is None or self._is_locked or self._is_deep:
            raise Unsupported
        if rows * self._operations > MOST_WITH_LOCK:
            raise Unsupported
        table, work = _table(arrays), self._work_space()
        place = self._code.address("run"), ctypes.addressof(table)
        entry = batch_entry(KernelCall(*place, rows, work[1], address_of(out), divisor), *shown)
        return entry.function(compile_llvm(str(entry.holed())), (self, arrays, table, work, out))

    def _work_space(self) -> tuple[Any, int]:
        """Memory that nobody is using, and where a line of the processor's cache begins in it."""
        try:
            return self._free.pop()  # one step, which no other thread can come between
        except IndexError:
            memory = self._empty(self._work + ALIGNMENT // 8)
            return memory, -(-address_of(memory) // ALIGNMENT) * ALIGNMENT


class VectorKernel(RowKernel):
    """A program, in instructions, compiled for many rows, `wide` vectors of them at a time."""

    tier = "compiled"

    def __init__(
        self,
        program: Program,
        columns: Columns,
        vectors: Vectors,
        sharing: Sharing,
        is_fast_path: bool = False,
        callbacks: Callbacks | None = None,
        wide: int = 1,
    ) -> None:
        results, lanes = len(program.outputs), wide * vectors.lanes
        work = work_size(columns, results, lanes)
        super().__init__(results, work, program.operations, sharing)
        self._callbacks = Callbacks(program, callbacks)
        start = time.perf_counter()
        addresses = self._callbacks.addresses
        text = block_kernel(program, columns, vectors, addresses, is_fast_path, wide)
        self._code = compile_llvm(text, effort=1 if text.count("\n") < TOO_LONG_TO_OPTIMISE else 0)
        self._is_locked = bool(self._callbacks)
        self._function = self._code.function("run", *SIGNATURE, locked=self._is_locked)
        # LLVM moves what is the same for all rows out of the loop over them, and keeps it.
        same = sum(field.stride == 0 for field in columns.inputs)
        same += sum(op.name == "const" for op in program.code)
        self._is_deep = (most_live(program) + same) * lanes > ON_ANY_STACK
        self.seconds = time.perf_counter() - start


class LoopedKernel(RowKernel):
    """A program with its loops, compiled for many rows, `wide` vectors of them at a time. `program`
    is the same without its loops."""

    tier = "compiled"

    def __init__(
        self,
        program: Program,
        layout: Sources,
        columns: Columns,
        target: tuple[Vectors, Sharing],
        wide: int,
        is_fast_path: bool,
        callbacks: Callbacks | None = None,
    ) -> None:
        vectors, sharing = target
        self._callbacks = Callbacks(program, callbacks)
        start = time.perf_counter()
        addresses = self._callbacks.addresses
        kernel = looped_kernel(layout, columns, vectors, wide, addresses, is_fast_path)
        results, operations = len(layout.rolled.results), layout.rolled.length
        super().__init__(results, kernel.size, operations, sharing)
        self.bytes = 8 * kernel.size
        self._kept = kernel.kept
        self._code = compile_lanes(str(kernel))
        self._is_locked = bool(self._callbacks)
        self._function = self._code.function("run", *SIGNATURE, locked=self._is_locked)
        self._is_deep = len(layout.rows) * wide * vectors.lanes > ON_ANY_STACK
        self.seconds = time.perf_counter() - start


class InterpretedKernel(RowKernel):
    """A program, in instructions, as a table for the native interpreter."""

    tier = "interpreted"

    def __init__(
        self, program: Program, columns: Columns, vectors: Vectors, sharing: Sharing
    ) -> None:
        self._table = RowTable(program, columns, vectors)
        operations = SLOWER * program.operations
        super().__init__(len(program.outputs), self._table.size, operations, sharing)
        self._function = self._table.function(*SIGNATURE)


def _table(arrays: Sequence[Any]) -> Any:
    """The arrays' addresses, as machine code takes them."""
    return (ctypes.c_void_p * len(arrays))(*map(address_of, arrays))
