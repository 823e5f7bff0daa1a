"""A program's machine code for many rows, as a Python callable over NumPy arrays."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from typing import Any, Final

from autograd.compiler.ir.program import Program
from autograd.compiler.native.cpython_layout import address_of
from autograd.compiler.native.kernels import Callbacks
from autograd.compiler.native.machine import compile_llvm, thread_pool
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import (
    ALIGNMENT,
    CHUNK,
    Columns,
    block_kernel,
    work_size,
)

__all__ = ["VectorKernel"]

TOO_LONG_TO_OPTIMISE: Final = 30_000  # lines; slightly slower code is made several times as fast


class VectorKernel:
    """A program, in instructions, compiled for many rows. Rows are shared out among threads in
    whole chunks."""

    def __init__(
        self,
        program: Program,
        columns: Columns,
        vectors: Vectors,
        threads: int,
        is_fast_path: bool = False,
    ) -> None:
        import numpy

        self._results = len(program.outputs)
        self._callbacks = Callbacks(program)
        start = time.perf_counter()
        addresses = self._callbacks.addresses
        text = block_kernel(program, columns, vectors, addresses, is_fast_path)
        self._code = compile_llvm(text, effort=1 if text.count("\n") < TOO_LONG_TO_OPTIMISE else 0)
        self.seconds = time.perf_counter() - start
        place, number = ctypes.c_void_p, ctypes.c_int64
        self._function = self._code.function(
            "run",
            number,
            *(place, number, number, place, place, ctypes.c_double),
            locked=bool(self._callbacks),
        )
        self._work = work_size(columns, self._results, vectors.lanes)
        self._free: list[tuple[Any, int]] = []  # work spaces
        self._threads = threads
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
        partial, status = self._partial(arrays, rows)
        return partial.sum(axis=0) / count, status

    def partial(self, arrays: Sequence[Any], rows: int) -> Any:
        """The sums over every chunk of rows, where there is but one path."""
        return self._partial(arrays, rows)[0]

    def _partial(self, arrays: Sequence[Any], rows: int) -> tuple[Any, int]:
        partial = self._empty((-(-rows // CHUNK), self._results))
        if partial.size == 0:
            return partial, 0
        return partial, self._share_out(arrays, rows, address_of(partial), 8 * self._results)

    def _share_out(self, arrays: Sequence[Any], rows: int, out: int, bytes_per_chunk: int) -> int:
        """Run all chunks; 0 if all rows are done."""
        table = _table(arrays)
        chunks = -(-rows // CHUNK)
        share = -(-chunks // self._threads)

        def part(first: int) -> int:
            end = min(rows, (first + share) * CHUNK)
            return self._run(table, first * CHUNK, end, out + first * bytes_per_chunk, 1.0)

        parts = range(0, chunks, share)
        if len(parts) == 1:
            return part(0)
        return max(thread_pool("vmap").map(part, parts))

    def _run(self, table: Any, begin: int, end: int, out: int, divisor: float) -> int:
        """Run some rows; 0 if all are done."""
        work = self._work_space()
        status: int = self._function(table, begin, end, work[1], out, divisor)
        self._free.append(work)
        return status

    def _work_space(self) -> tuple[Any, int]:
        """Memory that nobody is using, and where a line of the processor's cache begins in it."""
        try:
            return self._free.pop()  # one step, which no other thread can come between
        except IndexError:
            memory = self._empty(self._work + ALIGNMENT // 8)
            return memory, -(-address_of(memory) // ALIGNMENT) * ALIGNMENT


def _table(arrays: Sequence[Any]) -> Any:
    """The arrays' addresses, as machine code takes them."""
    return (ctypes.c_void_p * len(arrays))(*map(address_of, arrays))
