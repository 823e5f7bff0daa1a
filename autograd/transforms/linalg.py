"""Small dense matrices as lists of rows, for `implicit`: NumPy is no dependency. The entries of an
inverse are a primitive too, so that they can be differentiated, to any order, and compiled."""

from __future__ import annotations

import math
import sys
from functools import lru_cache
from typing import Any, Final

from autograd.engine.primitive import primitive
from autograd.engine.primitives import message

__all__ = ["Matrix", "inverse_entry", "inverted", "matrix_product"]

Matrix = list[list[float]]

EPSILON = sys.float_info.epsilon


def matrix_product(a: list[list[Any]], b: list[list[Any]]) -> list[list[Any]]:
    """a b, of floats or Values, where a factor of 0 in a passes nothing, as an adjoint of 0
    doesn't."""
    columns = list(zip(*b, strict=True))
    return [[_dot(row, column) for column in columns] for row in a]


def _dot(row: list[Any], column: tuple[Any, ...]) -> Any:
    """From left to right: `sum` is more careful with floats, in some versions of Python."""
    total: Any = 0.0
    for x, y in zip(row, column, strict=True):
        total = total + message(x, y)
    return total


def inverted(matrix: Matrix) -> Matrix | None:
    """The inverse, by Gauss and Jordan with partial pivoting, rows and columns scaled before; None
    if it is singular to working accuracy, all NaN if an entry is not finite."""
    n = len(matrix)
    if not all(math.isfinite(x) for row in matrix for x in row):
        return [[math.nan] * n for _ in range(n)]
    heights = [max(map(abs, row)) or 1.0 for row in matrix]
    scaled = [[x / height for x in row] for row, height in zip(matrix, heights, strict=True)]
    widths = [max(map(abs, column)) or 1.0 for column in zip(*scaled, strict=True)]
    work = [
        [x / width for x, width in zip(row, widths, strict=True)]
        + [1.0 / heights[i] if i == j else 0.0 for j in range(n)]
        for i, row in enumerate(scaled)
    ]
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(work[i][k]))
        work[k], work[best] = work[best], work[k]
        pivot = work[k][k]
        if abs(pivot) <= n * EPSILON:
            return None
        top = work[k] = [x / pivot for x in work[k]]
        for i in range(n):
            factor = work[i][k]
            if i != k and factor != 0.0:
                work[i] = [x - factor * y for x, y in zip(work[i], top, strict=True)]
    return [[x / width for x in row[n:]] for row, width in zip(work, widths, strict=True)]


# -- as a primitive --------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _inverse(entries: tuple[float, ...]) -> Matrix:
    """Of the square matrix with these entries, row by row; ValueError if it is singular."""
    n = math.isqrt(len(entries))
    found = inverted([list(entries[i * n : (i + 1) * n]) for i in range(n)])
    if found is None:
        raise ValueError(
            "the derivative of the residual with respect to the root is singular, so the root has "
            "no derivative there"
        )
    return found


def _entry(*numbers: float) -> float:
    i, j, *entries = numbers
    return _inverse(tuple(entries))[int(i)][int(j)]


def _entry_partials(out: Any, i: Any, j: Any, *entries: Any) -> tuple[Any, ...]:
    """d(A⁻¹)ij / dApq = -(A⁻¹)ip (A⁻¹)qj"""
    places = [float(p) for p in range(math.isqrt(len(entries)))]
    left = [inverse_entry(i, p, *entries) for p in places]
    right = [inverse_entry(q, j, *entries) for q in places]
    return (0.0, 0.0, *[-x * y for x in left for y in right])


inverse_entry: Final = primitive(
    "inverse_entry",
    _entry,
    _entry_partials,
    arity=None,
    doc="Entry (i, j) of the inverse of a square matrix: i, j, and the entries row by row.",
)
