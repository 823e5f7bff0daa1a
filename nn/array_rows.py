"""Rows of numbers that stay in an array: one by one they look like lists of floats.

Data of millions of numbers are checked, measured, drawn from and copied a block at a time, and no
list is made of them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias, overload

from autograd import Value

__all__ = [
    "ArrayRows",
    "DataRows",
    "as_doubles",
    "as_rows",
    "chosen_of",
    "first_missing",
    "number_array",
    "taken",
]

BLOCK: Final = 1 << 17  # numbers looked at together: they stay in the processor's cache


class ArrayRows(Sequence[list[float]]):
    """Rows of an array of numbers with two axes; all of them, or those at some `places` in order.

    >>> import numpy
    >>> rows = ArrayRows(numpy.array([[1, 2], [3, 4], [5, 6]]))
    >>> rows[1], list(rows.take([2, 0]))
    ([3.0, 4.0], [[5.0, 6.0], [1.0, 2.0]])
    """

    def __init__(self, array: Any, places: Any = None, is_own: bool = False) -> None:
        self._array = array
        self._places = places
        self._is_own = is_own

    def __len__(self) -> int:
        return len(self._array if self._places is None else self._places)

    @property
    def width(self) -> int:
        """How many numbers there are in a row."""
        return int(self._array.shape[1])

    @overload
    def __getitem__(self, i: int) -> list[float]: ...
    @overload
    def __getitem__(self, i: slice) -> ArrayRows: ...
    def __getitem__(self, i: int | slice) -> list[float] | ArrayRows:
        if isinstance(i, slice):
            return self.take(range(len(self))[i])
        row = self._array[i if self._places is None else self._places[i]]
        found: list[float] = row.astype(float).tolist()
        return found

    def __iter__(self) -> Iterator[list[float]]:
        for block in self.blocks():
            yield from block.tolist()

    def tolist(self) -> list[list[float]]:
        """Lists of all rows."""
        return list(self)

    def take(self, indices: Sequence[int]) -> ArrayRows:
        """Some of the rows, which stay where they are."""
        import numpy

        places = numpy.arange(len(self._array)) if self._places is None else self._places
        return ArrayRows(self._array, chosen_of(places, indices))

    def blocks(self) -> Iterator[Any]:
        """All rows, some at a time, as contiguous arrays of doubles."""
        import numpy

        step = max(1, BLOCK // max(1, self.width))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            rows = self._array[part if self._places is None else self._places[part]]
            yield numpy.ascontiguousarray(rows, float)

    def column(self, j: int) -> Any:
        """The numbers of one column, as an array of doubles."""
        column = self._array[:, j]
        return (column if self._places is None else column[self._places]).astype(float)

    def doubles(self) -> Any:
        """All rows as a contiguous array of doubles, which is the array itself if it is one."""
        import numpy

        if self._places is None:
            return numpy.ascontiguousarray(self._array, float)
        out = numpy.empty((len(self), self.width))
        start = 0
        for block in self.blocks():
            out[start : start + len(block)] = block
            start += len(block)
        return out

    def own(self) -> ArrayRows:
        """The same rows in an array that nobody else has, so that nobody changes them."""
        if self._is_own:
            return self
        array = self.doubles()
        return ArrayRows(array.copy() if array is self._array else array, is_own=True)


DataRows: TypeAlias = "list[list[float]] | ArrayRows"


def chosen_of(array: Any, indices: Sequence[int]) -> Any:
    """Some entries of an array; those of a range as a view."""
    import numpy

    if isinstance(indices, range) and indices.step > 0:
        return array[indices.start : indices.stop : indices.step]
    return array[numpy.array(indices, numpy.intp)]


def taken(entries: Any, indices: Sequence[int]) -> Any:
    """Some of the rows, or of the entries of a list."""
    if isinstance(entries, ArrayRows):
        return entries.take(indices)
    return [entries[i] for i in indices]


def as_rows(entries: Sequence[Any]) -> Sequence[list[float]]:
    """Rows, of numbers rows of one.

    >>> as_rows([1.0, 2.0])
    [[1.0], [2.0]]
    """
    if isinstance(entries, ArrayRows):
        return entries
    return [x if isinstance(x, list) else [x] for x in entries]


def as_doubles(entries: Any) -> Any:
    """Rows, or the entries of a list, as an array."""
    import numpy

    return entries.doubles() if isinstance(entries, ArrayRows) else numpy.array(entries, float)


def number_array(x: Any) -> Any:
    """What holds numbers of one type along one axis or two, as NumPy's array: an array of any
    library, a frame, a column, a buffer. None for anything else, and without NumPy.

    >>> from array import array
    >>> number_array(array("d", [1.0, 2.0])), number_array([1.0, 2.0])
    (array([1., 2.]), None)
    """
    if isinstance(x, (list, tuple, str, bytes, Value, float, int)):
        return None
    if hasattr(x, "to_numpy"):
        x = x.to_numpy()
    has_protocol = hasattr(type(x), "__array__")
    if not has_protocol and not hasattr(x, "tolist"):
        return None
    if hasattr(type(x), "__dask_graph__"):  # whose numbers are elsewhere
        return None
    try:
        import numpy

        if isinstance(x, numpy.ndarray) and type(x) not in (numpy.ndarray, numpy.memmap):
            return None  # such as one with missing numbers
        # A buffer that is in use can't grow, so it is copied.
        array = numpy.asarray(x) if has_protocol else numpy.array(x)
    except (ImportError, TypeError, ValueError, RuntimeError):  # it says why as a list
        return None
    is_plain = array.dtype.kind in "biu" or (array.dtype.kind == "f" and array.dtype.itemsize <= 8)
    return array if is_plain and array.ndim in (1, 2) and array.size else None


def first_missing(array: Any) -> tuple[int, ...] | None:
    """The place of the first number of an array that is NaN or infinite; None if there is none."""
    import numpy

    if array.dtype.kind != "f" or not array.size:
        return None
    step = max(1, BLOCK // (array.size // len(array)))
    for start in range(0, len(array), step):
        finite = numpy.isfinite(array[start : start + step])
        if not finite.all():
            i, *rest = numpy.argwhere(~finite)[0].tolist()
            return start + i, *rest
    return None
