"""A specialization for many rows: the program of one path, and its kernels for all that `vmap` does
with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiler.batching import Inputs
from autograd.compiler.ir.finite_fast_path import finite_fast_path
from autograd.compiler.ir.program import Program
from autograd.compiler.native.simd_math import in_vectors
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import UNSURE, Columns, Field
from autograd.compiler.native.vector_kernels import VectorKernel
from autograd.compiler.specializations import Specialization
from autograd.engine.locks import new_lock
from autograd.transforms.tree import Structure, size_of

__all__ = ["Target", "VectorSpecialization"]


@dataclass(frozen=True)
class Target:
    """What rows are compiled for: the processor's vectors, so many threads, results that are kept
    (None), added up ("sum") or averaged ("mean")."""

    vectors: Vectors
    threads: int
    reduce: str | None


class VectorSpecialization:
    """One path of rows through the function, and its machine code with and without adding up.

    Where there is a shorter program that is right where results are finite, it is tried first.
    """

    def __init__(
        self,
        specialization: Specialization,
        fields: Sequence[Field],
        has_rows: Sequence[bool],
        target: Target,
    ) -> None:
        self._specialization = specialization
        self._captured = specialization.captured
        self._program = specialization.program
        self._has_rows = has_rows
        self._target = target
        # Captured Values are inputs like numbers that all rows share, and follow these.
        shared = len(has_rows)
        numbers = sum(field.array == shared for field in fields)
        own = [Field(shared, numbers + i, 0) for i in range(len(self._captured))]
        self._inputs = [*fields, *own]
        self._results = _result_fields(specialization.outputs, shared + 1, bool(target.reduce))
        self._is_mostly_finite = True
        self._making = new_lock()
        # By whether results are added up.
        self._kernels: dict[bool, VectorKernel] = {}
        self._fast_kernels: dict[bool, VectorKernel | None] = {}

    def _full(self, is_sum: bool) -> VectorKernel:
        """The kernel that is right for all rows of the path."""
        with self._making:
            if is_sum not in self._kernels:
                self._kernels[is_sum] = self._kernel(self._program, is_sum)
            return self._kernels[is_sum]

    def _likely(self, is_sum: bool) -> VectorKernel:
        """The fastest kernel for rows like those of late."""
        if not self._is_mostly_finite:
            return self._full(is_sum)
        with self._making:
            if is_sum not in self._fast_kernels:
                program = finite_fast_path(self._program, is_sum)
                self._fast_kernels[is_sum] = (
                    None if program is None else self._kernel(program, is_sum, is_fast_path=True)
                )
            return self._fast_kernels[is_sum] or self._full(is_sum)

    def _kernel(self, program: Program, is_sum: bool, is_fast_path: bool = False) -> VectorKernel:
        self._specialization.check_primitives()
        vectors, threads = self._target.vectors, self._target.threads
        columns = Columns(self._inputs, None if is_sum else self._results)
        instructions = in_vectors(program, vectors)
        return VectorKernel(instructions, columns, vectors, threads, is_fast_path)

    def kernels(self) -> list[VectorKernel]:
        """Those that have been needed."""
        made = [*self._kernels.values(), *self._fast_kernels.values()]
        return [kernel for kernel in made if kernel is not None]

    def fill(self, inputs: Inputs, out: Sequence[Any]) -> Any:
        """Write the rows' results; those of rows on other paths are worth nothing. Gives an array,
        not 0 for the rows on this one."""
        marks, status = self._likely(is_sum=False).fill([*self._arrays(inputs), *out], inputs.rows)
        left = (marks == UNSURE).nonzero()[0] if status else ()
        if len(left):
            # Where many rows are computed twice, the full program alone is faster.
            self._is_mostly_finite = len(left) < 0.1 * inputs.rows
            some = inputs.some(left, self._has_rows)
            results = [x[left] for x in out]
            self._full(is_sum=False).fill([*self._arrays(some), *results], some.rows)
            for whole, part in zip(out, results, strict=True):
                whole[left] = part
        return marks

    def sums(self, inputs: Inputs, count: int) -> Any:
        """The sums of the rows' results over a count; None if a row is on another path."""
        arrays = self._arrays(inputs)
        sums, status = self._likely(is_sum=True).sums(arrays, inputs.rows, count)
        if status == UNSURE:
            self._is_mostly_finite = False
            sums, status = self._full(is_sum=True).sums(arrays, inputs.rows, count)
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
        size = outputs.size
        return [Field(first, i, size) for i in range(size)]
    return [
        Field(first + i, j, size_of(shape))
        for i, shape in enumerate(outputs.shapes)
        for j in range(size_of(shape))
    ]
