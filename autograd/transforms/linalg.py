"""Small dense matrices as lists of rows, for `implicit`: NumPy is no dependency."""

from __future__ import annotations

import math
import sys

from autograd.engine.ieee import message

__all__ = ["Matrix", "inverted", "matrix_product"]

Matrix = list[list[float]]

EPSILON = sys.float_info.epsilon


def matrix_product(a: Matrix, b: Matrix) -> Matrix:
    """a b, where a factor of 0 in a passes nothing, as an adjoint of 0 doesn't."""
    columns = list(zip(*b, strict=True))
    return [[sum(map(message, row, column)) for column in columns] for row in a]


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
