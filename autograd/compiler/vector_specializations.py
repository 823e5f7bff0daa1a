"""One path of a row in machine code, for many rows."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from autograd.compiler.batching import Inputs
from autograd.compiler.ir.finite_fast_path import finite_fast_path
from autograd.compiler.ir.program import Program
from autograd.compiler.native.kernels import Callbacks
from autograd.compiler.native.machine import compile_llvm
from autograd.compiler.native.simd import in_vectors
from autograd.compiler.native.vector_codegen import CHUNK, Columns, Field, block_kernel, work_size
from autograd.compiler.specializations import Specialization
from autograd.transforms.tree import Structure, size_of

if TYPE_CHECKING:
    from autograd.compiler.batch_signatures import BatchSignature
    from autograd.compiler.vmap import Mapped

__all__ = ["VectorKernel", "VectorSpecialization"]

TOO_LONG_TO_OPTIMISE: Final = 30_000  # lines; slightly slower code is made several times as fast

UNSURE: Final = 2  # results that are not finite, of a program that is right only where they are


class VectorSpecialization:
    """One way of a row through the function, and its machine code with and without adding up.

    Where there is a shorter form of the program, right where results are finite, it is tried first.
    """

    def __init__(
        self, path: Specialization, fields: Sequence[Field], form: BatchSignature, mapped: Mapped
    ) -> None:
        self._captured = path.captured
        self._program = path.program
        self._has_rows = form.has_rows
        self._mapped = mapped
        shared = len(self._has_rows)
        numbers = sum(field.array == shared for field in fields)
        own = [Field(shared, numbers + i, 0) for i in range(len(path.captured))]
        self._inputs = [*fields, *own]
        self._results = _result_fields(path.outputs, shared + 1, bool(mapped.reduce))
        self._is_mostly_finite = True

    @cached_property
    def _filling(self) -> VectorKernel:
        return self._kernel(self._program, self._results)

    @cached_property
    def _filling_finite(self) -> VectorKernel | None:
        program = finite_fast_path(self._program, is_sum=False)
        return None if program is None else self._kernel(program, self._results, is_fast_path=True)

    @cached_property
    def _adding(self) -> VectorKernel:
        return self._kernel(self._program, None)

    @cached_property
    def _adding_finite(self) -> VectorKernel | None:
        program = finite_fast_path(self._program, is_sum=True)
        return None if program is None else self._kernel(program, None, is_fast_path=True)

    def _kernel(
        self, program: Program, results: Sequence[Field] | None, is_fast_path: bool = False
    ) -> VectorKernel:
        instructions = in_vectors(program, self._mapped.vectors)
        return VectorKernel(
            instructions, Columns(self._inputs, results), self._mapped, is_fast_path
        )

    def kernels(self) -> list[VectorKernel]:
        """Those that have been needed."""
        return [x for x in vars(self).values() if isinstance(x, VectorKernel)]

    def fill(self, inputs: Inputs, out: Sequence[Any]) -> Any:
        """Write the rows' results; those of rows on other paths are worth nothing. Gives an array,
        not 0 for the rows on this one."""
        kernel = (self._is_mostly_finite and self._filling_finite) or self._filling
        marks, status = kernel.fill([*self._arrays(inputs), *out], inputs.rows)
        left = (marks == UNSURE).nonzero()[0] if status else ()
        if len(left):
            self._is_mostly_finite = len(left) < 0.1 * inputs.rows
            some = inputs.some(left, self._has_rows)
            results = [x[left] for x in out]
            self._filling.fill([*self._arrays(some), *results], some.rows)
            for whole, part in zip(out, results, strict=True):
                whole[left] = part
        return marks

    def sums(self, inputs: Inputs, count: int) -> Any:
        """The sums of the rows' results over a count; None if a row is on another path."""
        kernel = (self._is_mostly_finite and self._adding_finite) or self._adding
        arrays = self._arrays(inputs)
        sums, status = kernel.sums(arrays, inputs.rows, count)
        if status == UNSURE:
            self._is_mostly_finite = False
            sums, status = self._adding.sums(arrays, inputs.rows, count)
        return None if status else sums

    def _arrays(self, inputs: Inputs) -> list[Any]:
        if not inputs.numbers and not self._captured:
            return [*inputs.arrays, None]
        import numpy

        shared = [*inputs.numbers, *[value.data for value in self._captured]]
        return [*inputs.arrays, numpy.array(shared, float)]


def _result_fields(outputs: Structure, first: int, in_one: bool) -> list[Field]:
    """Where a row's results go: to one array for each place of the nesting, or all to one."""
    if in_one:
        return [Field(first, i, outputs.size) for i in range(outputs.size)]
    return [
        Field(first + i, j, size_of(shape))
        for i, shape in enumerate(outputs.shapes)
        for j in range(size_of(shape))
    ]


class VectorKernel:
    """A program compiled for many rows. Rows are shared out among threads in whole chunks."""

    def __init__(
        self, program: Program, columns: Columns, mapped: Mapped, is_fast_path: bool = False
    ) -> None:
        import numpy

        self._results = len(program.outputs)
        self._callbacks = Callbacks(program)
        start = time.perf_counter()
        addresses = self._callbacks.addresses
        self._asks_python = bool(addresses)
        text = block_kernel(program, columns, mapped.vectors, addresses, is_fast_path)
        self._code = compile_llvm(text, effort=1 if text.count("\n") < TOO_LONG_TO_OPTIMISE else 0)
        self.seconds = time.perf_counter() - start
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._function = self._code.function(
            "run", number, pointer, number, number, pointer, pointer, ctypes.c_double
        )
        self._work = work_size(columns, self._results, mapped.vectors.lanes)
        self._free: list[tuple[Any, int]] = []  # work spaces
        self._threads = mapped.threads
        self._empty = numpy.empty

    def fill(self, arrays: Sequence[Any], rows: int) -> tuple[Any, int]:
        """Write the rows' results into the last of the arrays. Gives their marks: 1 if done, 0 on
        another path, UNSURE; and 0 if all are done."""
        marks = self._empty(rows, "u1")
        return marks, self._share_out(arrays, rows, _address(marks), 0)

    def sums(self, arrays: Sequence[Any], rows: int, count: int) -> tuple[Any, int]:
        """The sums of the rows' results over a count; and 0, or why they are not to be used."""
        if rows == 0 or self._results == 0:
            return self._empty(self._results) * 0.0, 0
        if rows <= CHUNK:
            sums = self._empty(self._results)
            table = _table(arrays)
            return sums, self._run(table, 0, rows, _address(sums), float(count))
        partial, status = self._partial(arrays, rows)
        return partial.sum(axis=0) / count, status

    def partial(self, arrays: Sequence[Any], rows: int) -> Any:
        """The sums over every chunk of rows, where there is but one path."""
        return self._partial(arrays, rows)[0]

    def _partial(self, arrays: Sequence[Any], rows: int) -> tuple[Any, int]:
        partial = self._empty((-(-rows // CHUNK), self._results))
        if partial.size == 0:
            return partial, 0
        return partial, self._share_out(arrays, rows, _address(partial), 8 * self._results)

    def _share_out(self, arrays: Sequence[Any], rows: int, out: int, bytes_per_chunk: int) -> int:
        """Run all chunks; 0 if all rows are done."""
        table = _table(arrays)
        chunks = -(-rows // CHUNK)
        share = -(-chunks // self._threads)

        def part(first: int) -> int:
            end = min(rows, (first + share) * CHUNK)
            return self._run(table, first * CHUNK, end, out + first * bytes_per_chunk, 1.0)

        parts = range(0, chunks, share)
        return max(list(map(part, parts) if len(parts) == 1 else _pool().map(part, parts)))

    def _run(self, table: Any, begin: int, end: int, out: int, divisor: float) -> int:
        """Run some rows; 0 if all are done."""
        work = self._work_space()
        status: int = self._function(table, begin, end, work[1], out, divisor)
        self._free.append(work)
        if self._asks_python:
            self._callbacks.reraise()
        return status

    def _work_space(self) -> tuple[Any, int]:
        """Memory that nobody is using, and where a line of the processor's cache begins in it."""
        try:
            return self._free.pop()
        except IndexError:
            memory = self._empty(self._work + 8)
            return memory, -(-_address(memory) // 64) * 64


def _table(arrays: Sequence[Any]) -> Any:
    """The arrays' addresses, as machine code takes them."""
    return (ctypes.c_void_p * len(arrays))(*map(_address, arrays))


def _address(array: Any) -> int:
    """Where an array's numbers begin."""
    if array is None:
        return 0
    if _data_follows_header():
        return ctypes.c_size_t.from_address(id(array) + _HEADER).value
    place: int = array.__array_interface__["data"][0]
    return place


_HEADER: Final = object.__basicsize__


@cache
def _data_follows_header() -> bool:
    """Whether an array begins with that address, as it does in CPython so far; asking for it takes
    a microsecond."""
    import numpy

    arrays = [numpy.empty(3), numpy.empty((2, 2))[1:]]
    return sys.implementation.name == "cpython" and all(
        ctypes.c_size_t.from_address(id(x) + _HEADER).value == x.__array_interface__["data"][0]
        for x in arrays
    )


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="vmap")
