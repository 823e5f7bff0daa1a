"""All calls of a mapped function with arguments of one nesting, and the paths of their rows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.batching import Batch, Inputs, Leaf, in_place_types, is_array, row_shape
from autograd.compiler.ir.program import Op, Program
from autograd.compiler.native.vector_codegen import CHUNK, Columns, Field
from autograd.compiler.vector_specializations import VectorKernel, VectorSpecialization
from autograd.transforms.tree import Structure, size_of

if TYPE_CHECKING:
    from autograd.compiler.vmap import Mapped

__all__ = ["BatchSignature", "empty", "views"]


class BatchSignature:
    """All calls with arguments of one nesting: where the inputs are, and the paths so far."""

    def __init__(self, mapped: Mapped, batch: Batch) -> None:
        arrays = [leaf for leaf in batch.leaves if is_array(leaf.content)]
        self._mapped = mapped
        self.has_rows = [leaf.axis is not None for leaf in arrays]
        self._fields = _fields(batch.leaves, len(arrays))
        self._paths: list[VectorSpecialization] = []
        self._outputs: Structure | None = None
        self._is_mixed = False
        self._totals: VectorKernel | None = None
        self._lock = threading.Lock()
        self._shapes = batch.in_place_shapes()
        self._large = _LargeResults()

    def as_they_are(self, args: tuple[Any, ...]) -> Inputs | None:
        """The inputs, where every argument is an array as machine code reads it, of the shape that
        is expected; None where it takes more to find out."""
        if self._shapes is None or len(args) != len(self._shapes):
            return None
        rows = -1
        array, double = in_place_types()
        for x, (has_rows, shape) in zip(args, self._shapes, strict=True):
            if type(x) is not array or x.dtype is not double:
                return None
            flags = x.flags
            if not (flags.c_contiguous and flags.aligned):
                return None
            found = x.shape
            if has_rows:
                if found[1:] != shape or (rows >= 0 and found[0] != rows):
                    return None
                rows = found[0]
            elif found != shape:
                return None
        return Inputs(list(args), [], rows)

    def run(self, args: tuple[Any, ...], inputs: Inputs) -> Any:
        """The result of a call."""
        outputs = self.outputs(args, inputs)
        if self._mapped.reduce is None:
            out = self._large.take(inputs.rows) or empty(inputs.rows, outputs.shapes)
            self.fill(args, inputs, out)
            self._large.keep(inputs.rows, out)
            return outputs.build(out)
        parts = views(self.sums(args, inputs), outputs)
        return outputs.build([x.item() if x.ndim == 0 else x for x in parts])

    def outputs(self, args: tuple[Any, ...], inputs: Inputs) -> Structure:
        """What every row's results look like."""
        if self._outputs is None:
            batch = self._mapped.batch(args)
            self._record(batch.row(0) if inputs.rows else batch.row_of_ones(), 0)
            assert self._outputs is not None
        return self._outputs

    def sums(self, args: tuple[Any, ...], inputs: Inputs) -> Any:
        """The rows' results added up, or their mean, as one flat array."""
        count = 1
        if self._mapped.reduce == "mean":
            count = inputs.rows
            if count == 0:
                raise ValueError(f"vmap of {self._mapped.name}: there is no mean over no rows")
        is_mixed = self._is_mixed and inputs.rows > 0
        sums = None if is_mixed else self._paths[0].sums(inputs, count)
        return self._sums_of_mixed(args, inputs) / count if sums is None else sums

    def _sums_of_mixed(self, args: tuple[Any, ...], inputs: Inputs) -> Any:
        """The sums over rows of several paths: of the rows' results, added in the order of every
        kernel, so many rows at a time as fit into little memory."""
        import numpy

        size = self.outputs(args, inputs).size
        step = max(1, AT_A_TIME // size // CHUNK) * CHUNK if size else inputs.rows
        self._is_mixed = False
        partial = []
        for start in range(0, inputs.rows, step):
            some = inputs.between(start, start + step, self.has_rows)
            out = empty(some.rows, [(size,)])
            self._is_mixed |= self.fill(args, some, out, start)
            partial.append(self._adding_up(size).partial([out[0]], some.rows))
        return numpy.concatenate(partial).sum(axis=0)

    def _adding_up(self, size: int) -> VectorKernel:
        """The program that gives its inputs."""
        if self._totals is None:
            code = tuple([Op("input", (), i) for i in range(size)])
            program = Program(code, ("",) * size, tuple(range(size)))
            places = Columns([Field(0, i, size) for i in range(size)], None)
            self._totals = VectorKernel(program, places, self._mapped)
        return self._totals

    def kernels(self) -> list[list[VectorKernel]]:
        """Of every path, the machine code there is of it."""
        return [path.kernels() for path in self._paths]

    # -- rows and their paths ----------------------------------------------------------------------

    def fill(self, args: tuple[Any, ...], inputs: Inputs, out: list[Any], first: int = 0) -> bool:
        """Write the results of every row, and say whether the rows took several paths. The inputs
        are those from row `first` of the arguments."""
        import numpy

        if inputs.rows == 0:
            return False
        marks = self._paths[0].fill(inputs, out)
        if marks.all():
            return False
        taken = {self._paths[0]: int(numpy.count_nonzero(marks))}
        left = numpy.flatnonzero(marks == 0)
        while left.size:
            row = int(left[0])
            path, result = self._path_of(args, inputs, row, first, taken)
            if path is not None:
                results = [numpy.empty((len(left), *x.shape[1:])) for x in out]
                done = path.fill(inputs.some(left, self.has_rows), results) != 0
                for whole, part in zip(out, results, strict=True):
                    whole[left[done]] = part[done]
                left = left[~done]
                taken[path] = int(numpy.count_nonzero(done))
            if left.size and left[0] == row:
                _put(out, row, result)
                left = left[1:]
        self._paths = sorted(self._paths, key=lambda path: -taken.get(path, 0))
        return max(taken.values()) < inputs.rows

    def _path_of(
        self,
        args: tuple[Any, ...],
        inputs: Inputs,
        row: int,
        first: int,
        tried: dict[VectorSpecialization, int],
    ) -> tuple[VectorSpecialization | None, list[float]]:
        """The path that a row takes; if it is new, the row's results too, and no path where no more
        are kept."""
        import numpy

        assert self._outputs is not None
        one = inputs.some(numpy.array([row]), self.has_rows)
        place = empty(1, [(self._outputs.size,)] if self._mapped.reduce else self._outputs.shapes)
        for path in self._paths:
            if path not in tried and path.fill(one, place)[0]:
                return path, []
        return self._record(self._mapped.batch(args).row(first + row), first + row)

    def _record(
        self, args: tuple[Any, ...], row: int
    ) -> tuple[VectorSpecialization | None, list[float]]:
        """The new path of a row, if it is kept, and its results."""
        try:
            path, results = self._mapped.row.record(args)
        except Exception as error:
            error.add_note(f"vmap of {self._mapped.name} met this in row {row} of the batch")
            raise
        self._outputs = self._mapped.agreeing(self._outputs, path.outputs, row)
        if not path.is_kept:
            return None, results
        new = VectorSpecialization(path, self._fields, self, self._mapped)
        with self._lock:
            self._paths = [*self._paths, new]
        return new, results


AT_A_TIME = 1 << 22  # numbers
SMALL, HUGE = 1 << 20, 1 << 28  # bytes


class _LargeResults:
    """The arrays of the last result, for the next one to be written to if nobody has them any more.

    Memory of many megabytes goes back to the operating system when it is freed, and to get it anew,
    page by page, takes as long as to fill it. So these arrays are kept, unless they are huge.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[int, list[Any]]] = []
        self._is_possible = _counts_references()

    def keep(self, rows: int, arrays: list[Any]) -> None:
        """Remember the arrays of a result."""
        if rows * 8 * len(arrays) < SMALL or not self._is_possible:
            return
        if SMALL <= sum(array.nbytes for array in arrays) <= HUGE and not self._kept:
            self._kept.append((rows, arrays))

    def take(self, rows: int) -> list[Any] | None:
        """Those arrays, if they fit and are nobody else's; None if not."""
        if not self._kept:
            return None
        try:
            kept, arrays = self._kept.pop()
        except IndexError:  # another thread was faster
            return None
        if kept == rows and all(sys.getrefcount(arrays[i]) == 2 for i in range(len(arrays))):
            return arrays
        return None


def _counts_references() -> bool:
    """Whether the interpreter counts references, all of them."""
    arrays = [object()]
    return sys.implementation.name == "cpython" and sys.getrefcount(arrays[0]) == 2


def _fields(leaves: Sequence[Leaf], shared: int) -> list[Field]:
    """Where each number of the arguments is: in its array, or in that of the shared numbers."""
    fields: list[Field] = []
    array = number = 0
    for leaf in leaves:
        if is_array(leaf.content):
            size = size_of(row_shape(leaf.content, leaf.axis))
            stride = 0 if leaf.axis is None else size
            fields += [Field(array, i, stride) for i in range(size)]
            array += 1
        else:
            fields.append(Field(shared, number, 0))
            number += 1
    return fields


def empty(rows: int, shapes: Sequence[tuple[int, ...] | None]) -> list[Any]:
    import numpy

    return [numpy.empty((rows, *(shape or ()))) for shape in shapes]


def views(flat: Any, outputs: Structure) -> list[Any]:
    """A flat array as views, one for every place of the nesting."""
    parts, start = [], 0
    for shape in outputs.shapes:
        stop = start + size_of(shape)
        part = flat[start:stop]
        parts.append(part if shape is not None and len(shape) == 1 else part.reshape(shape or ()))
        start = stop
    return parts


def _put(out: Sequence[Any], row: int, results: Sequence[float]) -> None:
    """Write a row of results."""
    import numpy

    start = 0
    for array in out:
        stop = start + array[row].size
        array[row] = numpy.reshape(results[start:stop], array[row].shape)
        start = stop
