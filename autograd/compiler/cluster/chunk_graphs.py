"""The tasks of a mapped function over chunks of rows, as Dask arrays.

Sums are added in a tree whose shape depends on the number of chunks alone: so their bits are the
same whichever workers do it, and in which order they come to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add, getitem
from typing import Any, Final

from autograd.compiler.cluster.row_chunks import RowChunks
from autograd.compiler.cluster.shipping import Parcel, run_on_chunk

__all__ = ["ChunkTasks"]

ADDED_AT_ONCE: Final = 8  # sums of chunks, by one task


class ChunkTasks:
    """A task for every chunk, which gives a list of arrays, or one of sums."""

    def __init__(
        self, parcel: Parcel, arguments: bytes, inputs: Sequence[RowChunks], sizes: Sequence[int]
    ) -> None:
        from dask.base import tokenize
        from dask.highlevelgraph import HighLevelGraph

        numbers = parcel.numbers()
        names = [x.array.name for x in inputs]
        self._name = "vmap-" + tokenize(parcel.digest, arguments, numbers, names)
        self._sizes = sizes
        function, call = f"function-{self._name}", f"arguments-{self._name}"
        tasks: dict[Any, Any] = {
            function: (_pair, parcel.digest, parcel.payload),
            call: (_pair, arguments, _Opaque(numbers)),
        }
        first = 0
        for i, size in enumerate(sizes):
            chunks = [x.key(i) for x in inputs]
            tasks[self._name, i] = (run_on_chunk, function, call, first, *chunks)
            first += size
        arrays = [x.array for x in inputs]
        self._graph = HighLevelGraph.from_collections(self._name, tasks, dependencies=arrays)

    def rows(self, place: int, shape: tuple[int, ...], axis: int) -> Any:
        """The results at one place of the nesting, whose rows stand along an axis."""
        name = f"{self._name}-{place}"
        chunks: list[tuple[int, ...]] = [(n,) for n in shape]
        chunks.insert(axis, tuple(self._sizes))
        graph = {}
        for i in range(len(self._sizes)):
            places = [0] * len(shape)
            places.insert(axis, i)
            graph[(name, *places)] = (getitem, (self._name, i), place)
        return self._array(name, graph, tuple(chunks))

    def shared(self, place: int, shape: tuple[int, ...], join: Callable[[list[Any]], Any]) -> Any:
        """The results at a place where they are the same for all rows, which `join` sees to."""
        name = f"{self._name}-{place}"
        parts = [(getitem, (self._name, i), place) for i in range(len(self._sizes))]
        key = (name, *[0] * len(shape))
        return self._array(name, {key: (join, parts)}, tuple([(n,) for n in shape]))

    def sums(self, places: Sequence[tuple[slice, tuple[int, ...]]], count: int) -> list[Any]:
        """The chunks' sums, added and divided by a count: an array for every place, which has a
        part of the numbers and a shape."""
        graph: dict[Any, Any] = {}
        keys: list[Any] = [(self._name, i) for i in range(len(self._sizes))]
        level = 0
        while len(keys) > 1:
            level += 1
            parts = [keys[i : i + ADDED_AT_ONCE] for i in range(0, len(keys), ADDED_AT_ONCE)]
            keys = [(f"{self._name}-sum", level, i) for i in range(len(parts))]
            graph.update({key: (_added, part) for key, part in zip(keys, parts, strict=True)})
        out = []
        for j, (part, shape) in enumerate(places):
            name = f"{self._name}-{j}"
            key = (name, *[0] * len(shape))
            task = {key: (_part, keys[0], part.start, part.stop, _Opaque(shape), count)}
            out.append(self._array(name, {**graph, **task}, tuple([(n,) for n in shape])))
        return out

    def _array(self, name: str, graph: dict[Any, Any], chunks: tuple[tuple[int, ...], ...]) -> Any:
        import dask.array
        from dask.highlevelgraph import HighLevelGraph

        below = self._graph
        whole = HighLevelGraph(
            {**below.layers, name: graph}, {**below.dependencies, name: {self._name}}
        )
        return dask.array.Array(whole, name, chunks=chunks, dtype=float)


class _Opaque:
    """What Dask hands over as it is, instead of looking for tasks in it."""

    def __init__(self, content: Any) -> None:
        self.content = content


def _pair(first: Any, second: Any) -> tuple[Any, Any]:
    return first, second.content if isinstance(second, _Opaque) else second


def _added(parts: Sequence[Any]) -> Any:
    return reduce(add, parts)


def _part(sums: Any, start: int, stop: int, shape: _Opaque, count: int) -> Any:
    found = sums[start:stop] if count == 1 else sums[start:stop] / count
    return found.reshape(shape.content)
