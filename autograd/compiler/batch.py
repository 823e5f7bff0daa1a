"""vmap: a function of one row, run over all rows of a batch in the lanes of vectors.

The function is recorded for one row, as `jit` records it, and the program compiled so that every
instruction works on several rows. A lane in which a decision comes out differently has left the
program's path: what it computed is thrown away, and the rows of which that is true are gathered and
run on a path of their own.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property, update_wrapper
from typing import Any, Final, NamedTuple

from autograd.compiler.arguments import RESULT
from autograd.compiler.blocks import CHUNK, Columns, Field, block_kernel, work_size
from autograd.compiler.function import Jitted
from autograd.compiler.kernels import Callbacks
from autograd.compiler.machine import compiled
from autograd.compiler.paths import Path
from autograd.compiler.program import Op, Program
from autograd.compiler.rows import Batch, Leaf, doubles, is_array, row_shape
from autograd.compiler.vectors import Vectors, host_vectors
from autograd.functions import sum as sum_of
from autograd.modes import MODES, tracer, watching
from autograd.primitives import describe
from autograd.tree import Structure, flatten, pack, size_of

__all__ = ["Mapped", "vmap"]


def vmap(
    f: Callable[..., Any],
    in_axes: Any = 0,
    reduce: str | None = None,
    threads: int = 1,
    *,
    max_paths: int = 100,
) -> Mapped:
    """The function that applies `f` to every row of its arguments, in machine code.

    `in_axes` says along which axis an argument's arrays are taken apart; None hands the argument
    over as it is. One entry for all arguments or a tuple of one for each, itself a nesting where an
    argument is one. The results have the nesting of what `f` returns, with arrays in the place of
    its numbers and arrays, the rows along axis 0; with `reduce="sum"` or `"mean"` they are added up
    over the rows, always in the same order, and have the shapes that `f` returns. `threads` share
    the rows out, without any effect on the numbers.

    `f` may decide on its numbers like any Python function, and be a transform, as in
    `vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")(params, rows)`. Values that it
    captures are read at every call. Numbers are those that `f` gives for the rows one by one, but
    for functions of the C library, which differ by some units in the last place where the machine
    has them for vectors. Called with Values, `f` runs row by row, uncompiled.

    Raises ValueError for batches of different lengths; RecordingError as `jit` does; ImportError
    without llvmlite and NumPy.

    >>> import numpy
    >>> from autograd import grad, vmap
    >>> slopes = vmap(grad(lambda x: x * x if x > 0 else -x))
    >>> slopes(numpy.array([3.0, -3.0, 4.0]))
    array([ 6., -1.,  8.])
    >>> total = vmap(lambda w, x: w * x[0] + x[1], in_axes=(None, 0), reduce="sum")
    >>> total(2.0, numpy.array([[1.0, 10.0], [2.0, 20.0]]))
    36.0
    """
    return Mapped(f, in_axes, reduce, threads, max_paths)


class Mapped:
    """What `vmap` returns; called like the function, with batches."""

    def __init__(
        self,
        f: Callable[..., Any],
        in_axes: Any = 0,
        reduce: str | None = None,
        threads: int = 1,
        max_paths: int = 100,
        vectors: Vectors | None = None,
    ) -> None:
        _require_numpy()
        _check(in_axes, reduce, threads)
        self.f: Final = f.f if isinstance(f, Jitted) else f
        self.in_axes: Final = in_axes
        self.reduce: Final = reduce
        self.threads: Final = threads
        self.row: Final = Jitted(self.f, (), max_paths)
        self.vectors: Final = vectors or host_vectors()
        self.name: Final[str] = getattr(self.f, "__qualname__", repr(self.f))
        self._names = self.row._signature
        self._forms: dict[Hashable, _Form] = {}
        self._lock = threading.RLock()
        update_wrapper(self, self.f, updated=())

    def __call__(self, *args: Any) -> Any:
        batch = Batch(args, self.in_axes, self._names)
        observed = MODES.active != 0 and (tracer() is not None or watching())
        if observed or batch.has_values:
            return self._eagerly(batch)
        form = self._forms.get(batch.key)
        if form is None:
            with self._lock:
                form = self._forms.setdefault(batch.key, _Form(self, batch))
        return form.run(batch)

    def program(self) -> Program:
        """The program of the row recorded last; print it to read it. ValueError before any call."""
        return self.row.program()

    def __repr__(self) -> str:
        return f"<vmap of {self.name}>"

    def _eagerly(self, batch: Batch) -> Any:
        """What the function gives, row by row, by the engine: Values where Values went in."""
        rows: list[list[Any]] = []
        outputs = None
        for i in range(batch.length):
            numbers, structure = flatten(self.f(*batch.row(i)), RESULT)
            outputs = self.agreeing(outputs, structure, i)
            rows.append(numbers)
        if outputs is None:
            raise ValueError(
                f"vmap of {self.name} got a batch without rows while it runs uncompiled (of "
                "Values, or in a recording): it can't know what the result looks like"
            )
        if self.reduce is None:
            return _stacked(outputs, rows)
        sums = [sum_of(column) for column in zip(*rows, strict=True)]
        return outputs.unflatten([x / len(rows) for x in sums] if self.reduce == "mean" else sums)

    def agreeing(self, known: Structure | None, outputs: Structure, row: int) -> Structure:
        """The nesting of every row's results, or TypeError."""
        if known is not None and known != outputs:
            raise TypeError(
                f"{self.name} returns different nestings for different rows (row {row}); vmap puts "
                "the rows' results into arrays, so they have to be alike"
            )
        return outputs


def _stacked(outputs: Structure, rows: Sequence[Sequence[Any]]) -> Any:
    """Rows of results as arrays."""
    blocks, start = [], 0
    for shape in outputs.shapes:
        stop = start + size_of(shape)
        leaves = [x for row in rows for x in row[start:stop]]
        blocks.append(pack((len(rows), *(shape or ())), leaves))
        start = stop
    return outputs.build(blocks)


def _check(in_axes: Any, reduce: str | None, threads: int) -> None:
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f'reduce is None, "sum" or "mean", got {describe(reduce)}')
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads is a whole number from 1, got {describe(threads)}")
    if in_axes is None:
        raise ValueError(
            "in_axes=None maps no argument, so there are no rows; give an axis for at least one"
        )


@cache
def _require_numpy() -> None:
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise ImportError(
            "vmap needs NumPy, which is not installed; run: pip install 'chainrule[jit]'"
        ) from None


# -- one form of arguments -------------------------------------------------------------------------


class _Inputs(NamedTuple):
    """Arrays of doubles, rows along axis 0 where they have any; the numbers that all rows share;
    how many rows there are."""

    arrays: list[Any]
    numbers: list[float]
    rows: int


class _Form:
    """All calls with arguments of one nesting: where the inputs are, and the paths so far."""

    def __init__(self, mapped: Mapped, batch: Batch) -> None:
        arrays = [leaf for leaf in batch.leaves if is_array(leaf.content)]
        self._mapped = mapped
        self._has_rows = [leaf.axis is not None for leaf in arrays]
        self._fields = _fields(batch.leaves, len(arrays))
        self._paths: list[_RowPath] = []
        self._outputs: Structure | None = None
        self._is_mixed = False
        self._totals: _Kernel | None = None

    def run(self, batch: Batch) -> Any:
        """The result of a call."""
        arrays, numbers = [], []
        for leaf in batch.leaves:
            if is_array(leaf.content):
                arrays.append(doubles(leaf))
            else:
                numbers.append(float(leaf.content))
        if not self._paths:
            self._record(batch.row(0) if batch.length else batch.row_of_ones(), 0)
        inputs = _Inputs(arrays, numbers, batch.length)
        if self._mapped.reduce is None:
            return self._columns(batch, inputs)
        return self._reduced(batch, inputs)

    def _columns(self, batch: Batch, inputs: _Inputs) -> Any:
        assert self._outputs is not None
        out = _empty(inputs.rows, self._outputs.shapes)
        if inputs.rows:
            self._fill(batch, inputs, out)
        return self._outputs.build(out)

    def _reduced(self, batch: Batch, inputs: _Inputs) -> Any:
        assert self._outputs is not None
        if inputs.rows == 0 and self._mapped.reduce == "mean":
            raise ValueError(f"vmap of {self._mapped.name}: there is no mean over no rows")
        sums = None if self._is_mixed else self._paths[0].sums(inputs)
        if sums is None:
            out = _empty(inputs.rows, [(self._outputs.size,)])
            self._is_mixed = self._fill(batch, inputs, out)
            sums = self._sums_of(out[0])
        if self._mapped.reduce == "mean":
            sums /= inputs.rows
        blocks, start = [], 0
        for shape in self._outputs.shapes:
            stop = start + size_of(shape)
            blocks.append(sums.item(start) if shape is None else sums[start:stop].reshape(shape))
            start = stop
        return self._outputs.build(blocks)

    def _sums_of(self, rows: Any) -> Any:
        """The sums of an array's columns, in the order of additions of every other kernel."""
        if self._totals is None:
            size = rows.shape[1]
            code = tuple([Op("input", (), i) for i in range(size)])
            program = Program(code, ("",) * size, tuple(range(size)))
            places = Columns([Field(0, i, size) for i in range(size)], None)
            self._totals = _Kernel(program, places, self._mapped)
        return self._totals.sums([rows], len(rows))

    # -- rows and their paths ----------------------------------------------------------------------

    def _fill(self, batch: Batch, inputs: _Inputs, out: list[Any]) -> bool:
        """Write the results of every row, and say whether the rows took several paths."""
        import numpy

        done = self._paths[0].fill(inputs, out)
        if done.all():
            return False
        taken = {self._paths[0]: int(done.sum())}
        left = numpy.flatnonzero(~done)
        while left.size:
            path = self._path_of(batch, inputs, int(left[0]), taken)
            if isinstance(path, list):
                _put(out, int(left[0]), path)
                left = left[1:]
                continue
            rows = self._some(inputs, left)
            results = [numpy.empty((len(left), *x.shape[1:])) for x in out]
            done = path.fill(rows, results)
            for whole, part in zip(out, results, strict=True):
                whole[left[done]] = part[done]
            left = left[~done]
            taken[path] = int(done.sum())
        self._paths.sort(key=lambda path: -taken.get(path, 0))
        return max(taken.values()) < inputs.rows

    def _path_of(
        self, batch: Batch, inputs: _Inputs, row: int, tried: dict[_RowPath, int]
    ) -> _RowPath | list[float]:
        """The path that a row takes, recorded if it is new; or its results, where no more paths
        are kept."""
        import numpy

        assert self._outputs is not None
        one = self._some(inputs, numpy.array([row]))
        place = _empty(1, [(self._outputs.size,)] if self._mapped.reduce else self._outputs.shapes)
        for path in self._paths:
            if path not in tried and path.fill(one, place)[0]:
                return path
        return self._record(batch.row(row), row)

    def _some(self, inputs: _Inputs, rows: Any) -> _Inputs:
        pairs = zip(inputs.arrays, self._has_rows, strict=True)
        arrays = [array[rows] if has_rows else array for array, has_rows in pairs]
        return _Inputs(arrays, inputs.numbers, len(rows))

    def _record(self, args: tuple[Any, ...], row: int) -> _RowPath | list[float]:
        """The new path of a row, or its results where no more paths are kept."""
        try:
            path, results = self._mapped.row.record(args)
        except Exception as error:
            error.add_note(f"vmap of {self._mapped.name} met this in row {row} of the batch")
            raise
        self._outputs = self._mapped.agreeing(self._outputs, path.outputs, row)
        if not path.is_kept:
            return results
        new = _RowPath(path, self._fields, len(self._has_rows), self._mapped)
        self._paths = [*self._paths, new]
        return new


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


def _empty(rows: int, shapes: Sequence[tuple[int, ...] | None]) -> list[Any]:
    import numpy

    return [numpy.empty((rows, *(shape or ()))) for shape in shapes]


def _put(out: Sequence[Any], row: int, results: Sequence[float]) -> None:
    """Write a row of results."""
    import numpy

    start = 0
    for array in out:
        stop = start + array[row].size
        array[row] = numpy.reshape(results[start:stop], array[row].shape)
        start = stop


class _RowPath:
    """One way of a row through the function, and its machine code with and without adding up."""

    def __init__(self, path: Path, fields: Sequence[Field], shared: int, mapped: Mapped) -> None:
        self._program = path.instructions
        self._captured = path.captured
        self._shared = shared
        self._mapped = mapped
        numbers = sum(field.array == shared for field in fields)
        self._inputs = [
            *fields,
            *[Field(shared, numbers + i, 0) for i in range(len(path.captured))],
        ]
        self._results = _result_fields(path.outputs, shared + 1, bool(mapped.reduce))

    @cached_property
    def _filling(self) -> _Kernel:
        return _Kernel(self._program, Columns(self._inputs, self._results), self._mapped)

    @cached_property
    def _adding(self) -> _Kernel:
        return _Kernel(self._program, Columns(self._inputs, None), self._mapped)

    def fill(self, inputs: _Inputs, out: Sequence[Any]) -> Any:
        """Write the rows' results; those of rows on other paths are worth nothing. Gives an array
        of truth values, true for the rows on this one."""
        return self._filling.fill([*self._arrays(inputs), *out], inputs.rows)

    def sums(self, inputs: _Inputs) -> Any:
        """The sums of the rows' results; None if a row is on another path."""
        return self._adding.sums(self._arrays(inputs), inputs.rows)

    def _arrays(self, inputs: _Inputs) -> list[Any]:
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


# -- machine code ----------------------------------------------------------------------------------


class _Kernel:
    """A program compiled for many rows. Rows are shared out among threads in whole chunks."""

    def __init__(self, program: Program, columns: Columns, mapped: Mapped) -> None:
        self._results = len(program.outputs)
        self._callbacks = Callbacks(program)
        self._code = compiled(
            block_kernel(program, columns, mapped.vectors, self._callbacks.addresses)
        )
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._run = self._code.function("run", number, pointer, number, number, pointer, pointer)
        self._work = work_size(columns, self._results, mapped.vectors.lanes)
        self._free: list[tuple[Any, int]] = []  # work spaces
        self._threads = mapped.threads

    def fill(self, arrays: Sequence[Any], rows: int) -> Any:
        """Write the rows' results into the last of the arrays, and say which rows took the path."""
        import numpy

        marks = numpy.empty(rows, bool)
        self._share_out(arrays, rows, _address(marks), 0)
        return marks

    def sums(self, arrays: Sequence[Any], rows: int) -> Any:
        """The sums of the rows' results, or None if a row did not take the path."""
        import numpy

        if rows == 0 or self._results == 0:
            return numpy.zeros(self._results)
        chunks = -(-rows // CHUNK)
        partial = numpy.empty((chunks, self._results))
        if not self._share_out(arrays, rows, _address(partial), 8 * self._results):
            return None
        return partial[0] if chunks == 1 else partial.sum(axis=0)

    def _share_out(self, arrays: Sequence[Any], rows: int, out: int, bytes_per_chunk: int) -> bool:
        """Run all chunks, and say whether every row took the path."""
        table = (ctypes.c_void_p * len(arrays))(*map(_address, arrays))
        chunks = -(-rows // CHUNK)
        share = -(-chunks // self._threads)

        def part(first: int) -> bool:
            end = min(rows, (first + share) * CHUNK)
            work = self._work_space()
            status: int = self._run(
                table, first * CHUNK, end, work[1], out + first * bytes_per_chunk
            )
            self._free.append(work)
            return status == 0

        starts = range(0, chunks, share)
        good = list(map(part, starts) if len(starts) == 1 else _pool().map(part, starts))
        self._callbacks.reraise()
        return all(good)

    def _work_space(self) -> tuple[Any, int]:
        """Memory that nobody is using, and where a line of the processor's cache begins in it."""
        import numpy

        try:
            return self._free.pop()
        except IndexError:
            memory = numpy.empty(self._work + 8)
            return memory, -(-_address(memory) // 64) * 64


def _address(array: Any) -> int:
    place: int = array.__array_interface__["data"][0]
    return place


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="vmap")
