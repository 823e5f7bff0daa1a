"""vmap: a function of one row, run over all rows of a batch in the lanes of vectors.

The function is recorded for one row, as `jit` records it, and the program compiled so that every
instruction works on several rows. A lane in which a decision comes out differently has left the
program's path: what it computed is thrown away, and the rows of which that is true are gathered and
run on a path of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, overload

from autograd.compiler.array_kinds import array_kind
from autograd.compiler.batch_signatures import BatchSignature, agreed
from autograd.compiler.batching import (
    Batch,
    Call,
    Inputs,
    divisor,
    empty,
    inputs_of,
    is_in_place,
    placed,
    views,
)
from autograd.compiler.bound import Bound, FirstTime, Run
from autograd.compiler.checked_rows import CheckedRows
from autograd.compiler.checking import Share
from autograd.compiler.chunked_calls import Sent, call_on_chunks
from autograd.compiler.device_calls import DeviceCalls
from autograd.compiler.fixed_batches import FixedRun, filling, summing
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.state_graph import StateGraph
from autograd.compiler.jit import CapturesDifferentiated, Jitted, Stats
from autograd.compiler.native.cores import Sharing, Threads
from autograd.compiler.native.simd_target import Vectors, host_vectors
from autograd.compiler.native.vector_kernels import RowKernel
from autograd.compiler.portable import Compiled
from autograd.compiler.recording.beyond_numbers import check_number_types, data_places
from autograd.compiler.recording.texts_in_results import flatten_result
from autograd.compiler.specializations import Specialization
from autograd.compiler.vector_specializations import Target
from autograd.engine.functions import sum as sum_of
from autograd.engine.locks import cached_property, new_lock
from autograd.engine.modes import MODES
from autograd.engine.primitives import describe
from autograd.transforms.tree import Structure, is_array, pack, size_of

__all__ = ["Mapped", "vmap"]

RunRow = Callable[[tuple[Any, ...], dict[str, Any]], Any]


@overload
def vmap(
    f: Callable[..., Any],
    in_axes: Any = ...,
    reduce: str | None = ...,
    threads: Threads = ...,
    *,
    out_axes: Any = ...,
    max_paths: int = ...,
    check: Share = ...,
    max_nestings: int = ...,
) -> Mapped: ...


@overload
def vmap(
    f: None = None,
    in_axes: Any = ...,
    reduce: str | None = ...,
    threads: Threads = ...,
    *,
    out_axes: Any = ...,
    max_paths: int = ...,
    check: Share = ...,
    max_nestings: int = ...,
) -> Callable[[Callable[..., Any]], Mapped]: ...


def vmap(
    f: Callable[..., Any] | None = None,
    in_axes: Any = 0,
    reduce: str | None = None,
    threads: Threads = None,
    *,
    out_axes: Any = 0,
    max_paths: int = 100,
    check: Share = None,
    max_nestings: int = 256,
) -> Mapped | Callable[[Callable[..., Any]], Mapped]:
    """The function that applies `f` to every row of its arguments, in machine code.

    `in_axes` says along which axis an argument's arrays are taken apart; None hands the argument
    over as it is. One entry for all arguments or a tuple of one for each, itself a nesting where an
    argument is one. Arguments by keyword are mapped along axis 0. The results have the nesting of
    what `f` returns, with arrays in the place of its numbers and arrays, the rows along `out_axes`,
    one axis for all or a nesting of them (None for what is the same for all rows); with
    `reduce="sum"` or `"mean"` they are added up over the rows, always in the same order, and have
    the shapes that `f` returns. `threads` share the rows out, without any effect on the numbers: so
    many, one for each core ("all"), or None: as many of those as pay, of long batches. The cores
    are those that the process may use, or as many as the environment variable
    CHAINRULE_NUM_THREADS says, or else OMP_NUM_THREADS.
    Without `f` it is a decorator with these options: `@vmap(in_axes=(None, 0))`.

    `f` may decide on its numbers like any Python function, and be a transform, as in
    `vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")(params, rows)`. Values that it
    captures are read at every call. Numbers are those that `f` gives for the rows one by one, but
    for functions of the C library, which differ by some units in the last place where the machine
    has them for vectors. Called with Values, `f` runs row by row, uncompiled.

    With `check=True` `f` also runs, uncompiled, for every row, and the results are compared; with a
    share (`check=0.01`) for the first row, and then for one in a hundred. So does the environment
    variable CHAINRULE_CHECK, where `check` is not given. CheckFailed tells what differs by more
    than those functions may.

    Dask arrays are mapped where their chunks are, which may be a cluster, and the results are Dask
    arrays too (docs/cluster.md).

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
    if f is None:
        return partial(
            vmap,
            in_axes=in_axes,
            reduce=reduce,
            threads=threads,
            out_axes=out_axes,
            max_paths=max_paths,
            check=check,
            max_nestings=max_nestings,
        )
    return Mapped(f, in_axes, reduce, threads, max_paths, None, out_axes, check, max_nestings)


class Mapped(Compiled):
    """What `vmap` returns; called like the function, with batches."""

    def __init__(
        self,
        f: Callable[..., Any],
        in_axes: Any = 0,
        reduce: str | None = None,
        threads: Threads = None,
        max_paths: int = 100,
        vectors: Vectors | None = None,
        out_axes: Any = 0,
        check: Share = None,
        max_nestings: int = 256,
    ) -> None:
        _require_numpy()
        _check(in_axes, reduce, threads, out_axes)
        row = Jitted(f, (), max_paths, (), check, max_nestings)
        self._begin(row.f, row, in_axes, reduce, threads, out_axes, vectors)
        self._name_after(row.f)

    def _begin(
        self,
        f: Callable[..., Any],
        row: Jitted,
        in_axes: Any,
        reduce: str | None,
        threads: Threads,
        out_axes: Any,
        vectors: Vectors | None = None,
    ) -> None:
        self.f = f
        self.in_axes = in_axes
        self.row = row
        self.reduce = reduce
        self.threads = threads
        self.out_axes = out_axes
        self._target = Target(vectors or host_vectors(), Sharing(threads), reduce)
        self._signatures: dict[Hashable, BatchSignature] = {}
        self._latest: BatchSignature | None = None
        self.sent: dict[Hashable, Sent] = {}
        """By the nesting of arguments, what has gone to the workers of a cluster."""
        self._lock = new_lock()

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        signature = self._latest
        if signature is not None and MODES.active == 0 and not keywords:
            inputs = signature.in_place(args)
            if inputs is not None:
                return self._run(Call(args, {}), signature, inputs)
        return self._carefully(Call(args, keywords))

    def _run(self, call: Call, signature: BatchSignature, inputs: Inputs) -> Any:
        try:
            return self._shown(*signature.run(call, inputs))
        except CapturesDifferentiated:
            return self._eagerly(self._batch(call))

    def _carefully(self, call: Call) -> Any:
        on_device = self.__dict__.get("_on_device")
        again = None if on_device is None else on_device.again(call)
        if again is not None:
            return again[0]
        kind = array_kind(call.args, call.keywords)
        if kind == "dask":
            return call_on_chunks(self, call)
        return self._on_device.run(call) if kind == "cuda" else self._in_memory(call)

    def for_chunks(self) -> Mapped:
        """The same for a part of the rows: with sums in the place of means; and in one thread, if
        nothing else is said, for a cluster's workers have their own."""
        reduce = None if self.reduce is None else "sum"
        other = Mapped.__new__(Mapped)
        other._begin(self.f, self.row, self.in_axes, reduce, self.threads or 1, self.out_axes)
        return other

    @cached_property
    def _on_device(self) -> DeviceCalls:
        """What answers calls with arrays on a CUDA device."""
        return DeviceCalls(self)

    def _in_memory(self, call: Call) -> Any:
        batch = self._batch(call)
        if batch.is_for_the_engine:
            return self._eagerly(batch, lambda args, keywords: self.row(*args, **keywords))
        signature = self._signature(batch)
        if signature is None:
            return self._eagerly(batch, self.row.uncompiled)
        if self.row.checks is not None:
            try:
                return self._shown(*self._checked(batch, signature).run(call))
            except CapturesDifferentiated:
                return self._eagerly(batch)
        self._latest = signature
        return self._run(call, signature, inputs_of(batch))

    def _checked(self, batch: Batch, signature: BatchSignature) -> CheckedRows:
        assert self.row.checks is not None
        return CheckedRows(
            self.row, self.row.checks, batch, signature, self.reduce, self._batch, signature
        )

    def _shown(self, parts: Sequence[Any], outputs: Structure) -> Any:
        """The result of a call."""
        return placed(parts, outputs, self.out_axes)

    def bind(self, *args: Any) -> Bound:
        """The function with its arguments at fixed places: NumPy arrays, or arrays on a CUDA
        device, whose present content every call reads, and numbers, which stay. It takes no
        arguments and writes its results over the previous ones.

        >>> import numpy
        >>> x = numpy.array([1.0, 2.0])
        >>> squares = vmap(lambda t: t * t).bind(x)
        >>> x[0] = 3.0
        >>> squares()
        array([9., 4.])
        """
        return Bound(self, args)

    def binding(self, args: tuple[Any, ...]) -> FirstTime:
        """How `bind` computes the result."""
        kind = array_kind(args, {})
        if kind == "dask":
            raise TypeError(
                f"bind writes its results over those before, and those of vmap of {self._name} "
                "for Dask arrays are computed elsewhere, when they are asked for; call it, or bind "
                "it to NumPy arrays"
            )
        call = Call(args, {})
        if kind == "cuda":
            return self._on_device.binding(call)
        return lambda: self._bound_in_memory(call)

    def _bound_in_memory(self, call: Call) -> tuple[Run, Any]:
        import numpy

        batch = self._batch(call)
        for leaf in batch.leaves:
            if is_array(leaf.content) and (leaf.axis or not is_in_place(leaf.content)):
                raise TypeError(
                    f"bind reads its arrays in place, so they are contiguous arrays of float64 "
                    f"with their rows along axis 0, and {leaf.name} is not; make one with "
                    "numpy.ascontiguousarray(x, float)"
                )
        inputs, signature = inputs_of(batch), self._signature(batch)
        if signature is None:
            raise ValueError(
                f"{self._name} has met {self.row.bounds.nestings} different nestings of arguments, "
                "and keeps no more, so it can't be bound to these; raise max_nestings"
            )
        outputs = signature.outputs(call)
        columns, flat = empty(inputs.rows, outputs), numpy.empty(outputs.size)

        if self.reduce is None:
            fixed, parts = filling(signature, call, inputs, columns), columns
        else:
            count = divisor(self.reduce, inputs.rows, self._name)
            fixed, parts = summing(signature, call, inputs, count, flat), views(flat, outputs)
        run = FixedRun(inputs.arrays, fixed.run, fixed)
        if self.row.checks is not None:
            checked = self._checked(batch, signature).bound(fixed.run, parts, outputs)
            run = FixedRun(inputs.arrays, checked)
        run()
        return run, self._shown(parts, outputs)

    def _signature(self, batch: Batch) -> BatchSignature | None:
        """What is known of such arguments; None where no more is kept."""
        signature = self._signatures.get(batch.key)
        if signature is not None:
            return signature
        with self._lock:
            if batch.key not in self._signatures:
                if len(self._signatures) >= self.row.bounds.nestings:
                    self.row.bounds.warn_of_nestings(self._name)
                    return None
                new = BatchSignature(batch, self._target, self._record, self._name)
                self._signatures[batch.key] = new
            return self._signatures[batch.key]

    def _batch(self, call: Call) -> Batch:
        """The arguments of a call, taken apart."""
        places = data_places(self.f, len(call.args))
        check_number_types([call.args[i] for i in places])
        return Batch(call, self.in_axes, self.row.parameters, self.row.static)

    def _record(self, call: Call, row: int) -> tuple[Specialization, list[float]]:
        """Record the function for a row of these arguments."""
        return self._record_one(self._batch(call).row(row), row)

    def _record_one(self, one: Call, row: int) -> tuple[Specialization, list[float]]:
        """Record the function for the arguments of one row, whose number is given."""
        try:
            return self.row.record(one.args, one.keywords)
        except Exception as error:
            error.add_note(f"vmap of {self._name} met this in row {row} of the batch")
            raise

    def program(self) -> Program | StateGraph:
        """The program of the row recorded last; print it to read it. ValueError before any call."""
        return self.row.program()

    def stats(self) -> Stats:
        """How much is recorded and compiled so far."""
        paths = [path for one in list(self._signatures.values()) for path in one.paths]
        kernels = [kernel for path in paths for kernel in path.kernels()]
        loops = [rolled for path in paths if (rolled := path.rolled) is not None]
        operations = sum(path.operations for path in paths)
        on_device = self._on_device.stats()
        return replace(
            self.row.stats(),
            tiers=tuple([_tier(path.kernels()) for path in paths]),
            compiling_seconds=sum([one.seconds for one in kernels])
            + sum([one.seconds for one in on_device]),
            kernels=on_device,
            loops=sum(rolled.loops for rolled in loops),
            in_loops=sum(rolled.repeated for rolled in loops) / operations if loops else 0.0,
            loop_bytes=sum(kernel.bytes for kernel in kernels),
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "row": self.row._settings(),
            "in_axes": self.in_axes,
            "reduce": self.reduce,
            "threads": self.threads,
            "out_axes": self.out_axes,
        }

    def _programs(self, with_function: bool) -> tuple[()]:
        """None: rows are recorded anew."""
        return ()

    def _restore(self, f: Callable[..., Any], settings: dict[str, Any], programs: Any) -> None:
        row = Jitted.__new__(Jitted)
        row._restore(f, settings["row"], ())
        self._begin(f, **{**settings, "row": row})

    def __repr__(self) -> str:
        return f"<vmap of {self._name}>"

    def _eagerly(self, batch: Batch, uncompiled: RunRow | None = None) -> Any:
        """What the function gives, row by row, by the engine: Values where Values went in, unless
        it is run in another way."""
        rows: list[list[Any]] = []
        outputs = None
        for i in range(batch.length):
            row = batch.row(i)
            result = uncompiled(*row) if uncompiled else self.f(*row.args, **row.keywords)
            numbers, structure = flatten_result(result)
            outputs = agreed(outputs, structure, i, self._name)
            rows.append(numbers)
        if outputs is None:
            raise ValueError(
                f"vmap of {self._name} got a batch without rows while it runs uncompiled "
                "(of Values, or in a recording): it can't know what the result looks like"
            )
        if self.reduce is None:
            return placed(_stacked(outputs, rows), outputs, self.out_axes)
        sums = [sum_of(column) for column in zip(*rows, strict=True)]
        return outputs.unflatten([x / len(rows) for x in sums] if self.reduce == "mean" else sums)


def _tier(kernels: Sequence[RowKernel]) -> str:
    """How a path is run at present."""
    tiers = [kernel.tier for kernel in kernels]
    return "interpreted" if "interpreted" in tiers else "compiled" if tiers else "recorded"


def _stacked(outputs: Structure, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Rows of results as arrays, one for every place of the nesting."""
    blocks, start = [], 0
    for shape in outputs.shapes:
        stop = start + size_of(shape)
        leaves = [x for row in rows for x in row[start:stop]]
        blocks.append(pack((len(rows), *(shape or ())), leaves))
        start = stop
    return blocks


def _check(in_axes: Any, reduce: str | None, threads: Any, out_axes: Any) -> None:
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f'reduce is None, "sum" or "mean", got {describe(reduce)}')
    if threads not in (None, "all") and (type(threads) is not int or threads < 1):
        raise ValueError(
            'threads is a whole number from 1, "all", or None for as many as pay, got '
            f"{describe(threads)}"
        )
    if reduce is not None and (out_axes != 0 or type(out_axes) is not int):
        raise ValueError(
            f"out_axes places the rows of results, and with reduce={reduce!r} there are none left"
        )
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
            "vmap needs NumPy, which is not installed; run: pip install llvmlite numpy"
        ) from None
