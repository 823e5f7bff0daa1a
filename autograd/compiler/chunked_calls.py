"""A call of a mapped function with Dask arrays: it is recorded here, for one row, and run where the
chunks are, each by the same machine code as a NumPy array of its rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import Any, Protocol

from autograd.compiler.array_kinds import is_dask
from autograd.compiler.batch_signatures import BatchSignature
from autograd.compiler.batching import Batch, Call, Leaf, divisor, inputs_of, result_axes, rows_at
from autograd.compiler.checked_rows import CheckedRows
from autograd.compiler.cluster.chunk_graphs import ChunkTasks
from autograd.compiler.cluster.row_chunks import (
    RowChunks,
    cut_alike,
    fetched,
    refuse_unknown,
    whole,
)
from autograd.compiler.cluster.shipping import Parcel, Slot, pack_for_workers, packed_arguments
from autograd.compiler.jit import CapturesDifferentiated, Jitted
from autograd.compiler.specializations import Specialization
from autograd.engine.primitives import TABLE
from autograd.transforms.compiled_root import calls_solver
from autograd.transforms.tree import Structure, size_of

__all__ = ["Sent", "call_on_chunks"]


class Mappable(Protocol):
    """What is needed of a mapped function."""

    row: Jitted
    reduce: str | None
    out_axes: Any
    sent: dict[Hashable, Sent]
    """By the nesting of its arguments, what has gone to workers."""

    @property
    def _name(self) -> str: ...
    def _batch(self, call: Call) -> Batch: ...
    def _signature(self, batch: Batch) -> BatchSignature | None: ...
    def _checked(self, batch: Batch, signature: BatchSignature) -> CheckedRows: ...
    def for_chunks(self) -> Mappable:
        """The same for a part of the rows."""


class Sent:
    """A mapped function as workers get it, and what a row's results look like."""

    def __init__(self, parcel: Parcel, outputs: Structure) -> None:
        self.parcel = parcel
        self.outputs = outputs


class ChunkFunction:
    """A mapped function on a worker, and the path that was recorded for it elsewhere, unless that
    is worth nothing but there."""

    def __init__(self, mapped: Mappable, path: Specialization, axes: Sequence[int | None]) -> None:
        self._mapped = mapped
        self._path = path if _means_the_same_elsewhere(path) else None
        self._axes = axes
        self._signature: BatchSignature | None = None

    def __call__(self, call: Call) -> Any:
        """For a chunk of rows: an array for each place of the results; or all sums in one."""
        mapped = self._mapped
        batch = mapped._batch(call)
        # One for all chunks: they differ in how they lie in memory, and whether they are read-only,
        # as it comes when they travel.
        signature = self._signature = self._signature or mapped._signature(batch)
        assert signature is not None, "there is room for one"
        if mapped.row.checks is not None:  # which compares with recordings of its own
            parts = mapped._checked(batch, signature).run(call)[0]
        else:
            if self._path is not None:
                signature.begin_with(self._path)
            parts = signature.run(call, inputs_of(batch))[0]
        if mapped.reduce is not None:
            return _flat(parts)
        return [_kept(x, axis) for x, axis in zip(parts, self._axes, strict=True)]


def call_on_chunks(mapped: Mappable, call: Call) -> Any:
    """What the function gives for rows in Dask arrays: Dask arrays, none of them computed yet."""
    originals: dict[int, Any] = {}
    shown = call.replaced(partial(_standing_in, originals))
    batch = mapped._batch(shown)
    _refuse_values(batch, mapped._name)
    contents = [originals.get(id(leaf.content), leaf.content) for leaf in batch.leaves]
    sent = _sent(mapped, batch, contents)
    slots, inputs, sizes = _chunks_of(batch, contents)
    tasks = ChunkTasks(sent.parcel, packed_arguments(batch.of(slots)), inputs, sizes)
    outputs = sent.outputs
    if mapped.reduce is not None:
        count = divisor(mapped.reduce, batch.length, mapped._name)
        return outputs.build(tasks.sums(_places(outputs), count))
    found = []
    for place, (axis, shape) in enumerate(
        zip(result_axes(outputs, mapped.out_axes), outputs.shapes, strict=True)
    ):
        if axis is None:
            found.append(tasks.shared(place, shape or (), _joined))
        else:
            found.append(tasks.rows(place, shape or (), axis))
    return outputs.build(found)


def _standing_in(originals: dict[int, Any], x: Any) -> Any:
    """For a Dask array, which is noted by it, a NumPy array of the same shape, in no memory; None
    for anything else."""
    if not is_dask(x):
        return None
    import numpy

    refuse_unknown(x)
    out = numpy.broadcast_to(numpy.ones((), x.dtype), x.shape)
    originals[id(out)] = x
    return out


def _refuse_values(batch: Batch, name: str) -> None:
    if batch.is_for_the_engine:
        raise TypeError(
            f"vmap of {name} got Dask arrays together with Values, or in a recording: its rows are "
            "computed elsewhere, where nothing is recorded for this process; hand over numbers, "
            "and differentiate inside: vmap(grad(f)), not grad(vmap(f))"
        )


# -- recording -------------------------------------------------------------------------------------


def _sent(mapped: Mappable, batch: Batch, contents: Sequence[Any]) -> Sent:
    """The function with a path for such arguments, recorded when they are met first."""
    pairs = list(zip(batch.leaves, contents, strict=True))
    one = mapped._batch(batch.of([_one_row_of_ones(leaf, x) for leaf, x in pairs]))
    if one.key not in mapped.sent:
        try:
            path = _recorded(mapped, one)
        except CapturesDifferentiated:
            raise
        except Exception:  # of numbers that the data need not have
            if batch.length == 0:
                raise
            path = _recorded(mapped, mapped._batch(batch.of(_first_rows(pairs))))
        axes = result_axes(path.outputs, mapped.out_axes) if mapped.reduce is None else []
        parcel = pack_for_workers(ChunkFunction(mapped.for_chunks(), path, axes))
        mapped.sent[one.key] = Sent(parcel, path.outputs)
    return mapped.sent[one.key]


def _recorded(mapped: Mappable, one: Batch) -> Specialization:
    return mapped.row.record(*one.row(0))[0]


def _means_the_same_elsewhere(path: Specialization) -> bool:
    """Whether it calls nothing that is this process's: a solver, a primitive of the user's."""
    names = path.program.names
    rows = [TABLE.get(name) for name in names]
    return not calls_solver(names) and all(row is None or row.builtin for row in rows)


def _one_row_of_ones(leaf: Leaf, content: Any) -> Any:
    """In the place of a Dask array; of others the first row, if there is one."""
    import numpy

    if leaf.axis is None:
        return numpy.ones(content.shape, content.dtype) if is_dask(content) else content
    if not is_dask(content) and content.shape[leaf.axis]:
        return content.take([0], leaf.axis)
    shape = [1 if i == leaf.axis else n for i, n in enumerate(content.shape)]
    return numpy.ones(shape, content.dtype)


def _first_rows(pairs: Sequence[tuple[Leaf, Any]]) -> list[Any]:
    """The first row of the data, which is computed."""
    some = [x if leaf.axis is None else leaf._replace(content=x).first() for leaf, x in pairs]
    return fetched(some)


# -- chunks ----------------------------------------------------------------------------------------


def _chunks_of(
    batch: Batch, contents: Sequence[Any]
) -> tuple[list[Any], list[RowChunks], list[int]]:
    """What stands in the arguments of every task (slots, and what all rows share), what comes to
    the slots, and the rows in each chunk."""
    pairs = list(zip(batch.leaves, contents, strict=True))
    mapped = [(x, leaf.axis, leaf.name) for leaf, x in pairs if leaf.axis is not None]
    arrays, sizes = cut_alike(mapped, batch.length)
    cut = iter(arrays)
    slots: list[Any] = []
    inputs: list[RowChunks] = []
    for leaf, x in pairs:
        if leaf.axis is None and not is_dask(x):
            slots.append(x)
            continue
        slots.append(Slot(len(inputs)))
        inputs.append(RowChunks(whole(x) if leaf.axis is None else next(cut), leaf.axis))
    return slots, inputs, sizes


def _places(outputs: Structure) -> list[tuple[slice, tuple[int, ...]]]:
    """Which of the numbers in a row belong to each place of a nesting, and its shape."""
    found, start = [], 0
    for shape in outputs.shapes:
        stop = start + size_of(shape)
        found.append((slice(start, stop), shape or ()))
        start = stop
    return found


# -- on the worker ---------------------------------------------------------------------------------


def _flat(parts: Sequence[Any]) -> Any:
    import numpy

    return numpy.concatenate([numpy.ravel(x) for x in parts] or [numpy.empty(0)])


def _kept(x: Any, axis: int | None) -> Any:
    """Mappable along the axis where they are wanted; of those that are all the same, one."""
    if axis is None and len(x):
        return rows_at(x, None)[None]
    return x if axis is None else rows_at(x, axis)


def _joined(parts: list[Any]) -> Any:
    """What is the same in all chunks."""
    import numpy

    return rows_at(numpy.concatenate(parts), None)
