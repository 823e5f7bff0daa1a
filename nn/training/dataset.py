"""Data as they come (lists, NumPy arrays, pandas frames), as rows of floats and targets.

Every entry is checked, and named in the error if it does not fit. What comes in an array stays in
one, and many numbers in lists go into one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import isfinite
from os import PathLike
from typing import Any, Final, TypeAlias

from nn.array_rows import ArrayRows, DataRows, first_missing, number_array, taken
from nn.frame_columns import column_names, in_order
from nn.training.column_sizes import unusual_columns
from nn.validation import as_float, as_list, counted, is_missing

__all__ = [
    "Row",
    "Samples",
    "read_rows",
    "read_targets",
    "scale_hint",
    "shape_of",
]

Row: TypeAlias = list[float]

Targets: TypeAlias = "list[Any] | ArrayRows"

PLAIN: Final = frozenset([float, int, bool])
MANY: Final = 200_000  # numbers; so many are kept in an array, where there is NumPy


def read_rows(name: str, X: Any, trained_on: Sequence[str] = ()) -> DataRows:
    """A row of floats for each sample; a single number is a row of one.

    The columns of a frame must be those that a model was `trained_on`, and come in their order.

    Raises ValueError or TypeError, naming the entry, for no data, rows of different lengths, what
    is not a number, and missing numbers (NaN, infinities).

    >>> read_rows("X", [(1, 2), (3, 4)]), read_rows("X", [0.5, 1.5])
    ([[1.0, 2.0], [3.0, 4.0]], [[0.5], [1.5]])
    """
    X = in_order(name, X, trained_on)
    columns = column_names(X)
    array = number_array(X)
    if array is not None:
        return _checked(name, array, columns)
    entries = _entries(name, X)
    first = _read_row(f"{name}[0]", entries[0], columns)
    if (
        len(entries) * len(first) >= MANY
        and (table := _empty(len(entries), len(first))) is not None
    ):
        return _read_into(table, name, entries, columns)
    rows = [_read_row(f"{name}[{i}]", row, columns) for i, row in enumerate(entries)]
    _check_alike(name, rows)
    return rows


def _checked(name: str, array: Any, columns: Sequence[str]) -> ArrayRows:
    """The rows of an array of numbers; of one with a single axis, rows of one."""
    place = first_missing(array)
    if place is not None:
        _number(_named(name, place, columns), float(array[place]))  # an error
    return ArrayRows(array if array.ndim == 2 else array.reshape(-1, 1))


def _named(name: str, place: Sequence[int], columns: Sequence[str]) -> str:
    """An entry, as messages call it."""
    i, *rest = place
    return f"{name}[{i}]" + "".join([f"[{columns[j]!r}]" if columns else f"[{j}]" for j in rest])


def _empty(rows: int, width: int) -> Any:
    """An array for so many numbers; None without NumPy."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy.empty((rows, width))


def _read_into(table: Any, name: str, entries: Sequence[Any], columns: Sequence[str]) -> ArrayRows:
    """The rows of lists, each checked and put into an array at once."""
    unlike: list[tuple[int, Row]] = []
    for i, entry in enumerate(entries):
        row = _read_row(f"{name}[{i}]", entry, columns)
        if len(row) == table.shape[1]:
            table[i] = row
        else:
            unlike.append((i, row))
    if unlike:  # which is said when all numbers have been looked at
        raise _unlike(name, table[0].tolist(), *unlike[0])
    return ArrayRows(table, is_own=True)


def _read_row(where: str, row: Any, columns: Sequence[str]) -> Row:
    entries = _as_list(row)
    if entries is None:
        return [_number(where, row)]
    if not entries:
        raise ValueError(f"{where} is empty; a row has a number for each input of the model")
    if set(map(type, entries)) == {float} and isfinite(sum(entries)):  # so each of them is
        return list(entries)
    return [
        x
        if type(x) is float and isfinite(x)
        else _number(f"{where}[{columns[j]!r}]" if columns else f"{where}[{j}]", x)
        for j, x in enumerate(entries)
    ]


def _number(where: str, x: Any) -> float:
    """A finite float; not text, even if it spells one."""
    if isinstance(x, str):
        raise TypeError(
            f"{where} is the text {x!r:.60}; inputs are numbers: convert it with float(...), or "
            "code what it means in numbers"
        )
    if is_missing(x) or not isfinite(number := as_float(where, x)):
        raise ValueError(f"{where} is {x}; fill in missing numbers, or leave the row out")
    return number


def _entries(name: str, data: Any) -> list[Any]:
    """One entry for each sample."""
    entries = _as_list(data)
    if entries is None:
        raise TypeError(
            f"{name} must be a sequence with an entry for each sample, got the "
            f"{type(data).__name__} {data!r:.60}{_file_hint(data)}"
        )
    if not entries:
        raise ValueError(f"{name} is empty; there must be at least one sample")
    return list(entries)


def _file_hint(data: Any) -> str:
    """What to do with what may be the name of a file."""
    if not isinstance(data, (str, PathLike)):
        return ""
    return (
        "; if it names a file, read that first: numpy.loadtxt(name, delimiter=',') for a table of "
        "numbers, pandas.read_csv(name) for columns with names"
    )


def _as_list(x: Any) -> Sequence[Any] | None:
    """As `validation.as_list`, but None for text and for what has no order."""
    return None if isinstance(x, (str, bytes, Mapping, AbstractSet)) else as_list(x)


def read_targets(name: str, y: Any, count: int, rows_name: str = "X") -> Targets:
    """For each sample a float, a text, or a row of floats; a row of one is its entry."""
    columns = column_names(y)
    array = number_array(y)
    entries = _entries(name, y) if array is None else array
    if len(entries) != count:
        raise ValueError(
            f"{rows_name} and {name} must have one entry for each sample; "
            f"got {count} in {rows_name} and {len(entries)} in {name}"
        )
    if array is not None:
        is_single = array.ndim == 1 or array.shape[1] == 1
        rows = _checked(name, array.reshape(-1) if is_single else array, columns)
        return rows.column(0).tolist() if is_single else rows
    if (numbers := _plain_numbers(entries)) is not None:
        return numbers
    targets = [_read_target(f"{name}[{i}]", entry, columns) for i, entry in enumerate(entries)]
    _check_alike(name, targets)
    return targets


def _plain_numbers(entries: Sequence[Any]) -> list[float] | None:
    """As floats, if all are Python's own numbers, and finite."""
    if not PLAIN.issuperset(map(type, entries)):
        return None
    try:
        numbers = list(map(float, entries))
    except OverflowError:
        return None
    return numbers if all(map(isfinite, numbers)) else None


def _check_alike(name: str, entries: Sequence[Any]) -> None:
    first = shape_of(entries[0])
    for i, entry in enumerate(entries):
        if shape_of(entry) != first:
            raise _unlike(name, entries[0], i, entry)


def _unlike(name: str, first: Any, i: int, entry: Any) -> ValueError:
    return ValueError(
        f"the entries of {name} must be alike: {name}[0] is {shape_of(first)}, "
        f"{name}[{i}] is {shape_of(entry)}"
    )


def _read_target(where: str, entry: Any, columns: Sequence[str]) -> Any:
    if isinstance(entry, str):
        return str.__str__(entry)  # a plain one, of NumPy's too
    entries = _as_list(entry)
    if entries is not None and len(entries) == 1:
        return _read_target(where, entries[0], ())
    if entries is None:
        return _number(where, entry)
    return _read_row(where, entry, columns)


def shape_of(target: Any) -> str:
    """In words, for messages."""
    if isinstance(target, list):
        return f"a row of {counted(len(target), 'number')}"
    return "text" if isinstance(target, str) else "a number"


@dataclass(frozen=True)
class Samples:
    """Inputs and targets in the form that the loss takes, and the class of each, if any."""

    rows: DataRows
    targets: Targets
    classes: list[int] | None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int]) -> Samples:
        return Samples(
            taken(self.rows, indices),
            taken(self.targets, indices),
            None if self.classes is None else taken(self.classes, indices),
        )

    def own(self) -> Samples:
        """The same, which nobody can change: without what they were taken from."""
        rows, targets = (
            x.own() if isinstance(x, ArrayRows) else x for x in (self.rows, self.targets)
        )
        return Samples(rows, targets, self.classes)


def scale_hint(name: str, rows: Sequence[Row], columns: Sequence[str] = ()) -> str | None:
    """What to do about numbers that are far from the range of ±1, if they are.

    >>> scale_hint("X", [[0.0, 1.0], [1.0, -1.0]])
    >>> print(scale_hint("X", [[0.0, 1000.0], [1.0, 3000.0]]))
    column 1 of X ranges from 1000 to 3000; networks learn ...
    """
    culprits = unusual_columns(rows)
    if not culprits:
        return None
    _, j, low, high = max(culprits)
    which = f"column {columns[j]!r} of {name}" if columns else f"column {j} of {name}"
    which = name if len(rows[0]) == 1 else which
    others = f", and {counted(len(culprits) - 1, 'column')} like it" if len(culprits) > 1 else ""
    return (
        f"{which} ranges from {low:g} to {high:g}{others}; networks learn best from numbers around "
        "±1: fit(..., scale=True) subtracts the mean of each column and divides by its standard "
        "deviation, as a part of the model"
    )
