"""Data as they come (lists, NumPy arrays, pandas frames), as rows of floats and targets.

Every entry is checked, and named in the error if it does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from operator import sub
from typing import Any, TypeAlias

from nn.frame_columns import column_names, in_order
from nn.scaler import mean_and_spread
from nn.validation import as_float, as_list, counted

__all__ = [
    "Row",
    "Samples",
    "read_rows",
    "read_targets",
    "scale_hint",
    "shape_of",
]

Row: TypeAlias = list[float]


def read_rows(name: str, X: Any, trained_on: Sequence[str] = ()) -> list[Row]:
    """A row of floats for each sample; a single number is a row of one.

    The columns of a frame must be those that a model was `trained_on`, and come in their order.

    Raises ValueError or TypeError, naming the entry, for no data, rows of different lengths, what
    is not a number, and missing numbers (NaN, infinities).

    >>> read_rows("X", [(1, 2), (3, 4)]), read_rows("X", [0.5, 1.5])
    ([[1.0, 2.0], [3.0, 4.0]], [[0.5], [1.5]])
    """
    X = in_order(name, X, trained_on)
    columns = column_names(X)
    rows = [_read_row(f"{name}[{i}]", row, columns) for i, row in enumerate(_entries(name, X))]
    _check_alike(name, rows)
    return rows


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
    number = as_float(where, x)
    if not isfinite(number):
        raise ValueError(f"{where} is {number}; fill in missing numbers, or leave the row out")
    return number


def _entries(name: str, data: Any) -> list[Any]:
    """One entry for each sample."""
    entries = _as_list(data)
    if entries is None:
        raise TypeError(
            f"{name} must be a sequence with an entry for each sample, got the "
            f"{type(data).__name__} {data!r:.60}"
        )
    if not entries:
        raise ValueError(f"{name} is empty; there must be at least one sample")
    return list(entries)


def _as_list(x: Any) -> Sequence[Any] | None:
    """As `validation.as_list`, but None for text and for what has no order."""
    return None if isinstance(x, (str, bytes, Mapping, AbstractSet)) else as_list(x)


def read_targets(name: str, y: Any, count: int, rows_name: str = "X") -> list[Any]:
    """For each sample a float, a text, or a row of floats; a row of one is its entry."""
    columns = column_names(y)
    entries = _entries(name, y)
    if len(entries) != count:
        raise ValueError(
            f"{rows_name} and {name} must have one entry for each sample; "
            f"got {count} in {rows_name} and {len(entries)} in {name}"
        )
    targets = [_read_target(f"{name}[{i}]", entry, columns) for i, entry in enumerate(entries)]
    _check_alike(name, targets)
    return targets


def _check_alike(name: str, entries: Sequence[Any]) -> None:
    first = shape_of(entries[0])
    for i, entry in enumerate(entries):
        if shape_of(entry) != first:
            raise ValueError(
                f"the entries of {name} must be alike: {name}[0] is {first}, "
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

    rows: list[Row]
    targets: list[Any]
    classes: list[int] | None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int]) -> Samples:
        return Samples(
            [self.rows[i] for i in indices],
            [self.targets[i] for i in indices],
            None if self.classes is None else [self.classes[i] for i in indices],
        )


LARGE, SMALL = 10.0, 0.01
"""Means and standard deviations outside these make a small network learn slowly or not at all."""
BLOCK = 256  # rows


def scale_hint(name: str, rows: Sequence[Row], columns: Sequence[str] = ()) -> str | None:
    """What to do about numbers that are far from the range of ±1, if they are.

    >>> scale_hint("X", [[0.0, 1.0], [1.0, -1.0]])
    >>> print(scale_hint("X", [[0.0, 1000.0], [1.0, 3000.0]]))
    column 1 of X ranges from 1000 to 3000; networks learn ...
    """
    culprits = []
    for j, (low, high, reach) in enumerate(_ranges(rows)):
        is_wide = high == low or reach > SMALL * sqrt(2.0 * len(rows))
        if is_wide and low >= -LARGE and high <= LARGE:
            continue
        mean, spread = mean_and_spread([row[j] for row in rows])
        if max(abs(mean), spread) > LARGE or 0.0 < spread < SMALL:
            culprits.append((abs(mean) + spread, j, low, high))
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


def _ranges(rows: Sequence[Row]) -> Iterator[tuple[float, float, float]]:
    """Of each column the least and the largest number, and how far apart two numbers would be that
    alone make for a spread no larger than the column's: those farthest apart in each block of rows,
    taken together. (Blocks, so that what is transposed stays in the processor's cache.)"""
    lows, highs = [], []
    for start in range(0, len(rows), BLOCK):
        columns = list(zip(*rows[start : start + BLOCK], strict=True))
        lows.append(list(map(min, columns)))
        highs.append(list(map(max, columns)))
    for least, largest in zip(zip(*lows, strict=True), zip(*highs, strict=True), strict=True):
        yield min(least), max(largest), hypot(*map(sub, largest, least))
