"""Dask arrays, cut alike along the axis of their rows; and what is wrong with those that can't."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from autograd.engine.primitives import describe

__all__ = ["RowChunks", "cut_alike", "fetched", "refuse_unknown", "whole"]


class RowChunks(NamedTuple):
    """An array of which every chunk is of all that its rows have, or which is a single chunk that
    all rows share (axis None)."""

    array: Any
    axis: int | None

    def key(self, i: int) -> tuple[Any, ...]:
        """Of the chunk with number `i`."""
        places = [0] * self.array.ndim
        if self.axis is not None:
            places[self.axis] = i
        return (self.array.name, *places)


def refuse_unknown(x: Any) -> None:
    """TypeError for what is no array, ValueError for one of unknown shape."""
    import dask.array

    if not isinstance(x, dask.array.Array):
        kind = type(x).__name__
        if hasattr(type(x), "to_dask_array"):
            raise TypeError(
                f"vmap maps over Dask arrays, and got a {kind} of Dask; hand over "
                "x.to_dask_array(lengths=True)"
            )
        raise TypeError(
            f"vmap maps over Dask arrays, and got {describe(x)}; make an array of it "
            "(dask.array.from_delayed), or compute it first"
        )
    if any(math.isnan(n) for n in x.shape):
        raise ValueError(
            f"a Dask array of the shape {x.shape} has chunks whose sizes are not known; call its "
            "compute_chunk_sizes(), or give to_dask_array lengths=True"
        )


def cut_alike(arrays: Sequence[tuple[Any, int, str]], rows: int) -> tuple[list[Any], list[int]]:
    """Arrays with their axes of rows and names, NumPy's among them, all cut where any of them is;
    and the rows in each chunk. ValueError for one that is cut across its rows."""
    import dask.array

    found: set[tuple[int, ...]] = set()
    for x, axis, name in arrays:
        if isinstance(x, dask.array.Array):
            _refuse_cut_rows(x, axis, name)
            found.add(x.chunks[axis])
    sizes = next(iter(found), (rows,)) if len(found) < 2 else _everywhere(found)
    return [_cut(x, axis, sizes) for x, axis, _ in arrays], list(sizes)


def _everywhere(chunks: set[tuple[int, ...]]) -> tuple[int, ...]:
    """The sizes of chunks that are cut wherever one of these is."""
    places = {0}.union(*[accumulate(sizes) for sizes in chunks])
    return tuple([b - a for a, b in pairwise(sorted(places))])


def _cut(x: Any, axis: int, sizes: tuple[int, ...]) -> Any:
    import dask.array

    if isinstance(x, dask.array.Array):
        return x if x.chunks[axis] == sizes else x.rechunk({axis: sizes})
    chunks = tuple([sizes if i == axis else n for i, n in enumerate(x.shape)])
    return dask.array.from_array(x, chunks=chunks)


def fetched(arrays: Sequence[Any]) -> list[Any]:
    """Dask arrays as NumPy's; others as they are."""
    import dask

    return list(dask.compute(*arrays))


def whole(x: Any) -> Any:
    """A Dask array in one chunk."""
    return x if x.npartitions == 1 else x.rechunk(-1)


def _refuse_cut_rows(x: Any, axis: int, name: str) -> None:
    for other, parts in enumerate(x.chunks):
        if other != axis and len(parts) > 1:
            raise ValueError(
                f"{name} is cut into {len(parts)} chunks along axis {other}, and vmap takes its "
                f"rows along axis {axis}, each of which has to be in one chunk; call "
                f"{name}.rechunk({{{other}: -1}}), or name axis {other} in in_axes"
            )
