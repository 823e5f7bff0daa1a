"""Columns of data whose numbers are far from ±1: found in lists, or in an array without a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import hypot, sqrt
from operator import sub
from typing import Any, Final, NamedTuple

from nn.array_rows import ArrayRows
from nn.scaler import mean_and_spread

__all__ = ["Column", "unusual_columns"]

LARGE, SMALL = 10.0, 0.01
"""Means and standard deviations outside these make a small network learn slowly or not at all."""
BLOCK: Final = 256  # rows
MODERATE: Final = 1e100  # whose square, and that of 1 over it, is far from the limits of floats
ROUNDING: Final = 1e-9  # relative; more than that of a sum in floats


class Column(NamedTuple):
    """A column's place, and how large its numbers are. `size` is |mean| + standard deviation."""

    size: float
    place: int
    low: float
    high: float


def unusual_columns(rows: Sequence[Sequence[float]]) -> list[Column]:
    """Those whose mean or standard deviation is large, or whose standard deviation is small."""
    if isinstance(rows, ArrayRows):
        return _in_array(rows)
    found = []
    for j, (low, high, reach) in enumerate(_ranges(rows)):
        is_wide = high == low or reach > SMALL * sqrt(2.0 * len(rows))
        if is_wide and low >= -LARGE and high <= LARGE:
            continue
        mean, spread = mean_and_spread([row[j] for row in rows])
        if _is_unusual(mean, spread):
            found.append(Column(abs(mean) + spread, j, low, high))
    return found


def _is_unusual(mean: float, spread: float) -> bool:
    return max(abs(mean), spread) > LARGE or 0.0 < spread < SMALL


def _ranges(rows: Sequence[Sequence[float]]) -> Iterator[tuple[float, float, float]]:
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


def _in_array(rows: ArrayRows) -> list[Column]:
    """The same by sums in floats; where their rounding might decide, numbers are added up as those
    of lists are."""
    lows, highs, means, spreads = _measures(rows)
    sizes = [(abs(mean), spread) for mean, spread in zip(means, spreads, strict=True)]
    for j, (mean, spread) in enumerate(sizes):
        if _is_close(max(mean, spread), LARGE) or _is_close(spread, SMALL):
            sizes[j] = _exactly(rows, j)
    unusual = [j for j, size in enumerate(sizes) if _is_unusual(*size)]
    largest = max([sum(sizes[j]) for j in unusual], default=0.0)
    for j in unusual:
        if _is_close(sum(sizes[j]), largest):
            sizes[j] = _exactly(rows, j)
    return [Column(sum(sizes[j]), j, lows[j], highs[j]) for j in unusual]


def _is_close(x: float, y: float) -> bool:
    return abs(x - y) <= ROUNDING * y


def _exactly(rows: ArrayRows, j: int) -> tuple[float, float]:
    mean, spread = mean_and_spread(rows.column(j).tolist())
    return abs(mean), spread


def _measures(rows: ArrayRows) -> tuple[list[float], list[float], list[float], list[float]]:
    """Of each column the least and the largest number, mean and standard deviation; the latter 1
    where the numbers are equal."""
    import numpy

    lows, highs, sums = _extremes_and_sums(rows)
    units: Any = numpy.maximum(abs(lows), abs(highs))
    units[units == 0.0] = 1.0
    is_moderate = bool((units > 1 / MODERATE).all() and (units < MODERATE).all())
    if is_moderate:
        units = 1.0
    else:
        sums = sum((block / units).sum(axis=0) for block in rows.blocks())
    means = sums / len(rows)
    parts = rows.blocks() if is_moderate else (block / units for block in rows.blocks())
    spreads = numpy.sqrt(_squares(parts, means) / len(rows)) * units
    is_constant = lows == highs
    means = numpy.where(is_constant, lows, means * units)
    spreads[is_constant | (spreads == 0.0)] = 1.0
    return lows.tolist(), highs.tolist(), means.tolist(), spreads.tolist()


def _extremes_and_sums(rows: ArrayRows) -> tuple[Any, Any, Any]:
    """Of each column the least and the largest number, and the sum, which may overflow: each block
    is read from memory once."""
    import numpy

    lows, highs = [], []
    sums: Any = 0.0
    for block in rows.blocks():
        lows.append(block.min(axis=0))
        highs.append(block.max(axis=0))
        with numpy.errstate(over="ignore", invalid="ignore"):
            sums = sums + block.sum(axis=0)
    return numpy.min(lows, axis=0), numpy.max(highs, axis=0), sums


def _squares(parts: Iterable[Any], means: Any) -> Any:
    """The sums of squares about these means."""
    import numpy

    total: Any = 0.0
    memory: Any = None
    for part in parts:
        if memory is None or len(memory) < len(part):  # that of the first does for all
            memory = numpy.empty(part.shape)
        distances = numpy.subtract(part, means, out=memory[: len(part)])
        total = total + numpy.square(distances, out=distances).sum(axis=0)
    return total
