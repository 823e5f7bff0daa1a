"""vmap: a function of one row, run over all rows of a batch in the lanes of vectors.

The function is recorded for one row, as `jit` records it, and the program compiled so that every
instruction works on several rows. A lane in which a decision comes out differently has left the
program's path: what it computed is thrown away, and the rows of which that is true are gathered and
run on a path of their own.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, cached_property, update_wrapper
from typing import Any, Final, NamedTuple

from autograd.compiler.arguments import RESULT
from autograd.compiler.blocks import CHUNK, Columns, Field, block_kernel, work_size
from autograd.compiler.function import Jitted, Stats
from autograd.compiler.kernels import Callbacks
from autograd.compiler.machine import compiled
from autograd.compiler.paths import Path
from autograd.compiler.program import Op, Program
from autograd.compiler.rows import Batch, Leaf, doubles, is_array, is_plain, plain_types, row_shape
from autograd.compiler.speculation import plain
from autograd.compiler.vectors import Vectors, host_vectors, in_vectors
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
        self._latest: _Form | None = None
        self._lock = threading.RLock()
        update_wrapper(self, self.f, updated=())

    def __call__(self, *args: Any) -> Any:
        form = self._latest
        if form is not None and MODES.active == 0:
            inputs = form.as_they_are(args)
            if inputs is not None:
                return form.run(args, inputs)
        return self._carefully(args)

    def _carefully(self, args: tuple[Any, ...]) -> Any:
        batch = self.batch(args)
        observed = MODES.active != 0 and (tracer() is not None or watching())
        if observed or batch.has_values:
            return self._eagerly(batch)
        form = self._latest = self.form(batch)
        return form.run(args, inputs_of(batch))

    def bind(self, *args: Any) -> BoundRows:
        """The function with its arguments at fixed places: NumPy arrays, whose present content
        every call reads, and numbers, which stay. It takes no arguments and writes its results
        over the previous ones.

        >>> import numpy
        >>> x = numpy.array([1.0, 2.0])
        >>> squares = vmap(lambda t: t * t).bind(x)
        >>> x[0] = 3.0
        >>> squares()
        array([9., 4.])
        """
        return BoundRows(self, args)

    def form(self, batch: Batch) -> _Form:
        """What is known of such arguments."""
        form = self._forms.get(batch.key)
        if form is None:
            with self._lock:
                form = self._forms.setdefault(batch.key, _Form(self, batch))
        return form

    def batch(self, args: tuple[Any, ...]) -> Batch:
        """The arguments of a call, taken apart."""
        return Batch(args, self.in_axes, self._names)

    def program(self) -> Program:
        """The program of the row recorded last; print it to read it. ValueError before any call."""
        return self.row.program()

    def stats(self) -> Stats:
        """How much is recorded and compiled so far."""
        kernels = [form.kernels() for form in list(self._forms.values())]
        return replace(
            self.row.stats(),
            tiers=tuple(
                ["compiled" if path else "recorded" for paths in kernels for path in paths]
            ),
            compiling_seconds=sum(x.seconds for paths in kernels for path in paths for x in path),
        )

    def __reduce__(self) -> Any:
        options = (self.in_axes, self.reduce, self.threads, self.row.max_paths)
        return Mapped, (self.f, *options)

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


class BoundRows:
    """What `bind` returns: called without arguments, it gives the result of the function for what
    is in the arrays now.

    The result is a nesting of arrays (without dimensions, for sums of single numbers) that the next
    call overwrites; `.result` is the same without a call.
    """

    def __init__(self, mapped: Mapped, args: tuple[Any, ...]) -> None:
        import numpy

        batch = mapped.batch(args)
        for leaf in batch.leaves:
            if is_array(leaf.content) and (leaf.axis or not is_plain(leaf.content)):
                raise TypeError(
                    f"bind reads its arrays in place, so they are contiguous arrays of float64 "
                    f"with their rows along axis 0, and {leaf.name} is not; make one with "
                    "numpy.ascontiguousarray(x, float)"
                )
        self._args = args
        self._inputs = inputs_of(batch)
        self._form = mapped.form(batch)
        outputs = self._form.outputs(args, self._inputs)
        self._flat = numpy.empty(outputs.size) if mapped.reduce else None
        self._columns = _empty(self._inputs.rows, outputs.shapes)
        self.result: Any = outputs.build(
            self._columns if self._flat is None else _parts(self._flat, outputs)
        )
        self()

    def __call__(self) -> Any:
        if self._flat is None:
            self._form.fill(self._args, self._inputs, self._columns)
        else:
            self._flat[:] = self._form.sums(self._args, self._inputs)
        return self.result


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

    def some(self, chosen: Any, has_rows: Sequence[bool]) -> _Inputs:
        """The same of some rows."""
        pairs = zip(self.arrays, has_rows, strict=True)
        arrays = [array[chosen] if rows else array for array, rows in pairs]
        return _Inputs(arrays, self.numbers, len(chosen))


def inputs_of(batch: Batch) -> _Inputs:
    arrays, numbers = [], []
    for leaf in batch.leaves:
        if is_array(leaf.content):
            arrays.append(doubles(leaf))
        else:
            numbers.append(float(leaf.content))
    return _Inputs(arrays, numbers, batch.length)


class _Form:
    """All calls with arguments of one nesting: where the inputs are, and the paths so far."""

    def __init__(self, mapped: Mapped, batch: Batch) -> None:
        arrays = [leaf for leaf in batch.leaves if is_array(leaf.content)]
        self._mapped = mapped
        self.has_rows = [leaf.axis is not None for leaf in arrays]
        self._fields = _fields(batch.leaves, len(arrays))
        self._paths: list[_RowPath] = []
        self._outputs: Structure | None = None
        self._is_mixed = False
        self._totals: _Kernel | None = None
        self._lock = threading.Lock()
        self._plain = batch.plain_shapes()
        self._large = _LargeResults()

    def as_they_are(self, args: tuple[Any, ...]) -> _Inputs | None:
        """The inputs, where every argument is an array as machine code reads it, of the shape that
        is expected; None where it takes more to find out."""
        if self._plain is None or len(args) != len(self._plain):
            return None
        rows = -1
        array, double = plain_types()
        for x, (has_rows, shape) in zip(args, self._plain, strict=True):
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
        return _Inputs(list(args), [], rows)

    def run(self, args: tuple[Any, ...], inputs: _Inputs) -> Any:
        """The result of a call."""
        outputs = self.outputs(args, inputs)
        if self._mapped.reduce is None:
            out = self._large.take(inputs.rows) or _empty(inputs.rows, outputs.shapes)
            self.fill(args, inputs, out)
            self._large.keep(inputs.rows, out)
            return outputs.build(out)
        parts = _parts(self.sums(args, inputs), outputs)
        return outputs.build([x.item() if x.ndim == 0 else x for x in parts])

    def outputs(self, args: tuple[Any, ...], inputs: _Inputs) -> Structure:
        """What every row's results look like."""
        if self._outputs is None:
            batch = self._mapped.batch(args)
            self._record(batch.row(0) if inputs.rows else batch.row_of_ones(), 0)
            assert self._outputs is not None
        return self._outputs

    def sums(self, args: tuple[Any, ...], inputs: _Inputs) -> Any:
        """The rows' results added up, or their mean, as one flat array."""
        count = 1
        if self._mapped.reduce == "mean":
            count = inputs.rows
            if count == 0:
                raise ValueError(f"vmap of {self._mapped.name}: there is no mean over no rows")
        sums = None if self._is_mixed else self._paths[0].sums(inputs, count)
        if sums is None:
            out = _empty(inputs.rows, [(self.outputs(args, inputs).size,)])
            self._is_mixed = self.fill(args, inputs, out)
            sums = self._sums_of(out[0], count)
        return sums

    def kernels(self) -> list[list[_Kernel]]:
        """Of every path, the machine code there is of it."""
        return [path.kernels() for path in self._paths]

    def _sums_of(self, rows: Any, count: int) -> Any:
        """The sums of an array's columns over a count, added in the order of every kernel."""
        if self._totals is None:
            size = rows.shape[1]
            code = tuple([Op("input", (), i) for i in range(size)])
            program = Program(code, ("",) * size, tuple(range(size)))
            places = Columns([Field(0, i, size) for i in range(size)], None)
            self._totals = _Kernel(program, places, self._mapped)
        return self._totals.sums([rows], len(rows), count)[0]

    # -- rows and their paths ----------------------------------------------------------------------

    def fill(self, args: tuple[Any, ...], inputs: _Inputs, out: list[Any]) -> bool:
        """Write the results of every row, and say whether the rows took several paths."""
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
            path, result = self._path_of(args, inputs, row, taken)
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
        self, args: tuple[Any, ...], inputs: _Inputs, row: int, tried: dict[_RowPath, int]
    ) -> tuple[_RowPath | None, list[float]]:
        """The path that a row takes; if it is new, the row's results too, and no path where no more
        are kept."""
        import numpy

        assert self._outputs is not None
        one = inputs.some(numpy.array([row]), self.has_rows)
        place = _empty(1, [(self._outputs.size,)] if self._mapped.reduce else self._outputs.shapes)
        for path in self._paths:
            if path not in tried and path.fill(one, place)[0]:
                return path, []
        return self._record(self._mapped.batch(args).row(row), row)

    def _record(self, args: tuple[Any, ...], row: int) -> tuple[_RowPath | None, list[float]]:
        """The new path of a row, if it is kept, and its results."""
        try:
            path, results = self._mapped.row.record(args)
        except Exception as error:
            error.add_note(f"vmap of {self._mapped.name} met this in row {row} of the batch")
            raise
        self._outputs = self._mapped.agreeing(self._outputs, path.outputs, row)
        if not path.is_kept:
            return None, results
        new = _RowPath(path, self._fields, self, self._mapped)
        with self._lock:
            self._paths = [*self._paths, new]
        return new, results


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


def _empty(rows: int, shapes: Sequence[tuple[int, ...] | None]) -> list[Any]:
    import numpy

    return [numpy.empty((rows, *(shape or ()))) for shape in shapes]


def _parts(flat: Any, outputs: Structure) -> list[Any]:
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


class _RowPath:
    """One way of a row through the function, and its machine code with and without adding up.

    Where there is a plain form of the program, right where results are finite, it is tried first.
    """

    def __init__(self, path: Path, fields: Sequence[Field], form: _Form, mapped: Mapped) -> None:
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
    def _filling(self) -> _Kernel:
        return self._kernel(self._program, self._results)

    @cached_property
    def _filling_plain(self) -> _Kernel | None:
        program = plain(self._program, is_sum=False)
        return None if program is None else self._kernel(program, self._results, is_plain=True)

    @cached_property
    def _adding(self) -> _Kernel:
        return self._kernel(self._program, None)

    @cached_property
    def _adding_plain(self) -> _Kernel | None:
        program = plain(self._program, is_sum=True)
        return None if program is None else self._kernel(program, None, is_plain=True)

    def _kernel(
        self, program: Program, results: Sequence[Field] | None, is_plain: bool = False
    ) -> _Kernel:
        instructions = in_vectors(program, self._mapped.vectors)
        return _Kernel(instructions, Columns(self._inputs, results), self._mapped, is_plain)

    def kernels(self) -> list[_Kernel]:
        """Those that have been needed."""
        return [x for x in vars(self).values() if isinstance(x, _Kernel)]

    def fill(self, inputs: _Inputs, out: Sequence[Any]) -> Any:
        """Write the rows' results; those of rows on other paths are worth nothing. Gives an array,
        not 0 for the rows on this one."""
        kernel = (self._is_mostly_finite and self._filling_plain) or self._filling
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

    def sums(self, inputs: _Inputs, count: int) -> Any:
        """The sums of the rows' results over a count; None if a row is on another path."""
        kernel = (self._is_mostly_finite and self._adding_plain) or self._adding
        arrays = self._arrays(inputs)
        sums, status = kernel.sums(arrays, inputs.rows, count)
        if status == UNSURE:
            self._is_mostly_finite = False
            sums, status = self._adding.sums(arrays, inputs.rows, count)
        return None if status else sums

    def _arrays(self, inputs: _Inputs) -> list[Any]:
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


# -- machine code ----------------------------------------------------------------------------------


LONG: Final = 30_000  # lines; from here on a little slower code is made several times as fast
UNSURE: Final = 2  # results that are not finite, of a program that is right only where they are


class _Kernel:
    """A program compiled for many rows. Rows are shared out among threads in whole chunks."""

    def __init__(
        self, program: Program, columns: Columns, mapped: Mapped, is_plain: bool = False
    ) -> None:
        import numpy

        self._results = len(program.outputs)
        self._callbacks = Callbacks(program)
        start = time.perf_counter()
        addresses = self._callbacks.addresses
        self._asks_python = bool(addresses)
        text = block_kernel(program, columns, mapped.vectors, addresses, is_plain)
        self._code = compiled(text, effort=1 if text.count("\n") < LONG else 0)
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
        partial = self._empty((-(-rows // CHUNK), self._results))
        status = self._share_out(arrays, rows, _address(partial), 8 * self._results)
        return partial.sum(axis=0) / count, status

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
