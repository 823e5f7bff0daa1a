"""Batch signatures: all calls of a mapped function with arguments of one nesting, and the
specializations that their rows take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from autograd.compiler.batching import (
    Batch,
    Call,
    Inputs,
    Leaf,
    divisor,
    empty,
    is_in_place,
    row_shape,
    views,
)
from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.program import Program
from autograd.compiler.native.vector_codegen import CHUNK, Columns, Field
from autograd.compiler.native.vector_kernels import VectorKernel
from autograd.compiler.path_tree import PathTree
from autograd.compiler.specializations import Specialization
from autograd.compiler.vector_specializations import Target, VectorSpecialization
from autograd.engine.locks import in_turn, new_lock
from autograd.transforms.tree import Structure, is_array, size_of

__all__ = ["BatchSignature", "agreed", "fields_of"]

AT_A_TIME: Final = 1 << 22  # numbers that the rows of several paths may need, before they are added
SMALL, HUGE = 1 << 20, 1 << 28  # bytes of a result, between which its memory is kept

RecordRow = Callable[[Call, int], tuple[Specialization, list[float]]]


class BatchSignature:
    """All calls with arguments of one nesting: where the inputs are, and the paths so far.

    `record` records the function for a row of a call's arguments, whose number is given; `name` is
    the function's in messages.
    """

    def __init__(self, batch: Batch, target: Target, record: RecordRow, name: str) -> None:
        arrays = [leaf for leaf in batch.leaves if is_array(leaf.content)]
        self._target = target
        self._record = record
        self._name = name
        self._has_rows = [leaf.axis is not None for leaf in arrays]
        self._fields = fields_of(batch.leaves, len(arrays))
        self._paths: list[VectorSpecialization] = []
        self._tree: PathTree[VectorSpecialization] = PathTree()
        self._outputs: Structure | None = None
        self._is_mixed = False
        self._totals: VectorKernel | None = None
        self._turn = new_lock()
        self._lock = new_lock()
        self._shapes = batch.in_place_shapes()
        self._memory = _ResultMemory()

    def in_place(self, args: Sequence[Any]) -> Inputs | None:
        """The inputs, where every argument is an array as machine code reads it, of the shape that
        is expected; None where it takes more to find out."""
        if self._shapes is None or len(args) != len(self._shapes):
            return None
        rows = -1
        for x, (has_rows, shape, is_writeable) in zip(args, self._shapes, strict=True):
            if not is_in_place(x) or x.flags.writeable != is_writeable:
                return None
            found = x.shape
            if has_rows:
                if found[1:] != shape or (rows >= 0 and found[0] != rows):
                    return None
                rows = found[0]
            elif found != shape:
                return None
        return Inputs(list(args), [], rows)

    def run(self, call: Call, inputs: Inputs) -> tuple[Sequence[Any], Structure]:
        """The results of a call, one array or number for every place of their nesting."""
        outputs = self.outputs(call)
        if self._target.reduce is None:
            out = self._memory.arrays(inputs.rows, outputs)
            self.fill(call, inputs, out)
            return out, outputs
        parts = views(self.sums(call, inputs), outputs)
        return [x.item() if x.ndim == 0 else x for x in parts], outputs

    def outputs(self, call: Call) -> Structure:
        """What every row's results look like."""
        if self._outputs is None:
            in_turn(self._turn, lambda: self._outputs or self._specialise(call, 0))
            assert self._outputs is not None
        return self._outputs

    def begin_with(self, path: Specialization) -> None:
        """Know a path that was recorded elsewhere, unless there is one already."""
        if not self._paths:
            path.is_kept = True
            in_turn(self._turn, lambda: self._paths or self._take_up(path))

    @property
    def paths(self) -> list[VectorSpecialization]:
        """Those that rows have taken so far."""
        return self._paths

    @property
    def leading(self) -> VectorSpecialization | None:
        """The path that all rows took last time."""
        paths = self._paths
        return paths[0] if paths and not self._is_mixed else None

    # -- sums --------------------------------------------------------------------------------------

    def sums(self, call: Call, inputs: Inputs) -> Any:
        """The rows' results added up, or their mean, as one flat array."""
        count = divisor(self._target.reduce, inputs.rows, self._name)
        # Rows that took several paths last time are likely to do so again.
        is_mixed = self._is_mixed and inputs.rows > 0
        paths = () if is_mixed else self._paths
        sums = paths[0].sums(inputs, count) if paths else None
        return self._sums_of_mixed(call, inputs) / count if sums is None else sums

    def _sums_of_mixed(self, call: Call, inputs: Inputs) -> Any:
        """The sums over rows of several paths: of the rows' results, added in the order of every
        kernel, so many rows at a time as fit into little memory."""
        import numpy

        size = self.outputs(call).size
        step = max(1, AT_A_TIME // size // CHUNK) * CHUNK if size else inputs.rows
        self._is_mixed = False
        partial = []
        for start in range(0, inputs.rows, step):
            some = inputs.some(slice(start, start + step), self._has_rows)
            out = numpy.empty((some.rows, size))
            self._is_mixed |= self.fill(call, some, [out], start)
            partial.append(self._adding_up(size).partial([out], some.rows))
        return numpy.concatenate(partial).sum(axis=0)

    def _adding_up(self, size: int) -> VectorKernel:
        """The program that gives its inputs, added up."""
        if self._totals is None:
            code = tuple([Op("input", (), i) for i in range(size)])
            program = Program(code, ("",) * size, tuple(range(size)))
            places = Columns([Field(0, i, size) for i in range(size)], None)
            target = self._target
            self._totals = VectorKernel(program, places, target.vectors, target.sharing)
        return self._totals

    # -- rows and their paths ----------------------------------------------------------------------

    def fill(self, call: Call, inputs: Inputs, out: list[Any], first: int = 0) -> bool:
        """Write the results of every row, and say whether the rows took several paths. The inputs
        are those from row `first` of the arguments."""
        import numpy

        if inputs.rows == 0:
            return False
        taken: dict[VectorSpecialization, int] = {}
        marks = numpy.zeros(inputs.rows, "u1")
        for path in self._paths[:1]:
            marks = path.fill(inputs, out)
            if marks.all():
                return False
            taken[path] = int(numpy.count_nonzero(marks))
        left = numpy.flatnonzero(marks == 0)
        while left.size:
            row = int(left[0])
            found, result = self._path_of(call, inputs, row, first, taken)
            if found is not None:
                results = [numpy.empty((len(left), *x.shape[1:])) for x in out]
                done = found.fill(inputs.some(left, self._has_rows), results) != 0
                for whole, part in zip(out, results, strict=True):
                    whole[left[done]] = part[done]
                left = left[~done]
                taken[found] = int(numpy.count_nonzero(done))
            if left.size and left[0] == row:
                # No more paths are kept: its results are those of the recording.
                self._put(out, row, result)
                left = left[1:]
        # The path that most rows take is run over all of them first next time.
        with self._lock:
            self._paths = sorted(self._paths, key=lambda path: -taken.get(path, 0))
        return max(taken.values(), default=0) < inputs.rows

    def _path_of(
        self,
        call: Call,
        inputs: Inputs,
        row: int,
        first: int,
        tried: Iterable[VectorSpecialization],
    ) -> tuple[VectorSpecialization | None, list[float]]:
        """The path that a row takes, which is none of those tried; if it is new, the row's results
        too, and no path where no more are kept."""
        import numpy

        assert self._outputs is not None
        one = inputs.some(numpy.array([row]), self._has_rows)
        in_one = self._target.reduce is not None
        place = [numpy.empty((1, self._outputs.size))] if in_one else empty(1, self._outputs)
        others = set(tried)

        def known() -> VectorSpecialization | None:
            for path in self._candidates(one):
                if path not in others:
                    others.add(path)
                    if path.fill(one, place)[0]:
                        return path
            return None

        def known_or_recorded() -> tuple[VectorSpecialization | None, list[float]]:
            path = known()  # by another thread, perhaps
            return self._specialise(call, first + row) if path is None else (path, [])

        path = known()
        return in_turn(self._turn, known_or_recorded) if path is None else (path, [])

    def _candidates(self, one: Inputs) -> Sequence[VectorSpecialization]:
        """The paths that a row may take: the one to which its decisions lead."""
        if not all(path.tells for path in self._paths):
            return self._paths
        found = self._tree.find(lambda path: path.departure(one))
        return [] if found is None else [found]

    def _specialise(self, call: Call, row: int) -> tuple[VectorSpecialization | None, list[float]]:
        """The new path of a row, if it is kept, and its results."""
        specialization, results = self._record(call, row)
        agreed(self._outputs, specialization.outputs, row, self._name)
        return self._take_up(specialization), results

    def _take_up(self, specialization: Specialization) -> VectorSpecialization | None:
        """The path in lanes, if it is kept and not known already."""
        new = None
        if specialization.is_kept:
            new = VectorSpecialization(specialization, self._fields, self._has_rows, self._target)
            with self._lock:
                if any(path.is_of(specialization) for path in self._paths):
                    # It has this path, and in lanes a function is rounded to another decision.
                    new = None
                else:
                    self._paths = [*self._paths, new]
                    self._tree.add(new)
        self._outputs = specialization.outputs  # once there is a path: other threads go by it
        return new

    def _put(self, out: Sequence[Any], row: int, results: Sequence[float]) -> None:
        """Write a row of results."""
        import numpy

        assert self._outputs is not None
        flat = numpy.array(results)
        parts = [flat] if self._target.reduce else views(flat, self._outputs)
        for array, part in zip(out, parts, strict=True):
            array[row] = part


class _ResultMemory:
    """Arrays for the results of all rows, in the memory of earlier ones that are gone.

    Memory of many megabytes goes back to the operating system when it is freed, and to get it anew,
    page by page, takes as long as to fill it: 12 of 32 ms for six columns of a million rows.
    """

    def __init__(self) -> None:
        self._latest: tuple[int, list[list[Any]]] = (0, [])  # rows; for each place free memory

    def arrays(self, rows: int, outputs: Structure) -> list[Any]:
        """Arrays that nobody else has."""
        if not SMALL <= 8 * rows * outputs.size <= HUGE:
            return empty(rows, outputs)
        latest = self._latest
        if latest[0] != rows:
            latest = self._latest = (rows, [[] for _ in outputs.shapes])
        shapes = [(rows, *(shape or ())) for shape in outputs.shapes]
        return [_lent(shape, free) for shape, free in zip(shapes, latest[1], strict=True)]


def _lent(shape: tuple[int, ...], free: list[Any]) -> Any:
    """An array in free memory, if there is any."""
    import numpy

    try:
        memory = free.pop()  # one step, which no other thread can come between
    except IndexError:
        memory = numpy.empty(shape)
    return numpy.asarray(_Lease(memory, free))


class _Lease:
    """What an array in lent memory, and each view of it, refers to. So when this object goes, none
    of them is left, and the memory is free again."""

    def __init__(self, memory: Any, free: list[Any]) -> None:
        self.__array_interface__ = memory.__array_interface__
        self._memory = memory
        self._free = free

    def __del__(self) -> None:
        if not self._free:  # one is enough for calls that come one after the other
            self._free.append(self._memory)


def agreed(known: Structure | None, outputs: Structure, row: int, name: str) -> Structure:
    """The nesting of every row's results, or TypeError."""
    if known is not None and known != outputs:
        raise TypeError(
            f"{name} returns different nestings for different rows (row {row}); vmap puts "
            "the rows' results into arrays, so they have to be alike"
        )
    return outputs


def fields_of(leaves: Sequence[Leaf], shared: int) -> list[Field]:
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
