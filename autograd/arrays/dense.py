"""Linear algebra of small dense matrices of Values: factorizations written out in `dot`s, so that
derivatives of every order follow.

Pivots are chosen by comparing numbers, which a recording keeps as guards.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy

from autograd.arrays.elements import Array, array_of, normal_axes, normal_axis, objects
from autograd.arrays.products import matmul
from autograd.arrays.scalar_functions import is_finite_number
from autograd.arrays.ufuncs import reduced
from autograd.engine import functions
from autograd.engine import primitives as table
from autograd.engine.value import Value

__all__ = ["ANSWERS"]

Row = list[Any]
Rows = list[Row]


class _Slogdet(NamedTuple):
    """By NumPy's names."""

    sign: Any
    logabsdet: Any


class _Singular(Exception):
    """A pivot is exactly 0."""


# -- one matrix, as rows ---------------------------------------------------------------------------


def _minus_dot(x: Any, row: Row, column: Row) -> Any:
    return x - functions.dot(row, column) if row else x


def _factored(matrix: Rows) -> tuple[Rows, Rows, list[int], float]:
    """L below the diagonal and U as its columns, the order of the rows, and its sign: Crout's order
    of Gaussian elimination with partial pivoting (Golub and Van Loan, "Matrix Computations", 3.2
    and 3.4)."""
    n = len(matrix)
    lower: Rows = [[] for _ in range(n)]
    columns: Rows = []
    order, sign = list(range(n)), 1.0
    for j in range(n):
        column: Row = []
        for i in range(j):
            column.append(_minus_dot(matrix[order[i]][j], lower[i][:i], column[:i]))
        rest = [_minus_dot(matrix[order[i]][j], lower[i], column) for i in range(j, n)]
        best = _largest(rest)
        if best:
            rest[0], rest[best] = rest[best], rest[0]
            order[j], order[j + best] = order[j + best], order[j]
            lower[j], lower[j + best] = lower[j + best], lower[j]
            sign = -sign
        if rest[0] == 0.0:
            raise _Singular
        columns.append([*column, rest[0]])
        for i in range(j + 1, n):
            lower[i].append(table.div(rest[i - j], rest[0]))
    return lower, columns, order, sign


def _largest(xs: Row) -> int:
    best, size = 0, abs(xs[0])
    for i in range(1, len(xs)):
        other = abs(xs[i])
        if other > size:
            best, size = i, other
    return best


def _solved(factors: tuple[Rows, Rows, list[int], float], right: Row) -> Row:
    lower, columns, order, _ = factors
    n = len(order)
    halfway: Row = []
    for i in range(n):
        halfway.append(_minus_dot(right[order[i]], lower[i], halfway))
    out: Row = []  # from the last to the first
    for i in reversed(range(n)):
        row = [columns[j][i] for j in reversed(range(i + 1, n))]
        out.append(table.div(_minus_dot(halfway[i], row, out), columns[i][i]))
    return out[::-1]


def _determinant(matrix: Rows) -> Any:
    if not matrix:
        return 1.0
    try:
        _, columns, _, sign = _factored(matrix)
    except _Singular:
        return _determinant_without_division(matrix)
    return _product([sign, *[column[-1] for column in columns]])


def _product(xs: Row) -> Any:
    """The product; where it is 0 or infinite from left to right, in an order in which it is so only
    if all orders are."""
    found = functions.prod(xs)
    if found != 0.0 and is_finite_number(found):
        return found
    small = sorted([x for x in xs if abs(x) < 1.0], key=abs, reverse=True)
    large = [x for x in xs if not abs(x) < 1.0]
    order: Row = []
    total: Any = 1.0
    while small and large:
        order.append(small.pop() if abs(total) >= 1.0 else large.pop())
        total = total * order[-1]
    return functions.prod([*order, *small, *large])


def _determinant_without_division(matrix: Rows) -> Any:
    """Bird's algorithm ("A simple division-free algorithm for computing determinants", 2011): of a
    singular matrix too it has the derivatives."""
    n = len(matrix)
    columns = list(zip(*matrix, strict=True))
    found = matrix
    for _ in range(n - 1):
        rest = [0.0] * n
        for i in reversed(range(n - 1)):
            rest[i] = rest[i + 1] - found[i + 1][i + 1]
        upper = [[0.0] * i + [rest[i]] + found[i][i + 1 :] for i in range(n)]
        found = [[functions.dot(row, list(column)) for column in columns] for row in upper]
    return found[0][0] if n % 2 else -found[0][0]


def _sign_and_logarithm(matrix: Rows) -> tuple[Any, Any]:
    if not matrix:
        return 1.0, 0.0
    try:
        _, columns, _, sign = _factored(matrix)
    except _Singular:
        return 0.0, table.log(_zero_like(_determinant_without_division(matrix)))
    pivots = [column[-1] for column in columns]
    signs = functions.prod([sign, *map(table.sign, pivots)])
    return signs, functions.sum([table.log(abs(pivot)) for pivot in pivots])


def _zero_like(x: Any) -> Any:
    """0, with the derivatives of x."""
    return x - x.detach() if isinstance(x, Value) else 0.0


def _root(matrix: Rows) -> Rows:
    """Cholesky's lower factor, of the lower triangle."""
    lower: Rows = []
    for i, given in enumerate(matrix):
        row: Row = []
        for j in range(i):
            row.append(table.div(_minus_dot(given[j], row, lower[j][:j]), lower[j][j]))
        square = _minus_dot(given[i], row, row)
        if square <= 0.0:
            raise numpy.linalg.LinAlgError("Matrix is not positive definite")
        row.append(table.sqrt(square))
        lower.append(row + [0.0] * (len(matrix) - i - 1))
    return lower


# -- stacks of matrices ----------------------------------------------------------------------------


def _square(a: Any, function: str) -> Array:
    array = objects(a)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise numpy.linalg.LinAlgError(
            f"{function} takes a square matrix, or a stack of them; got the shape {array.shape}"
        )
    return array


def _of_each_matrix(function: Callable[[Rows], Any], array: Array) -> Array:
    stack = array.shape[:-2]
    found = [function(array[place].tolist()) for place in numpy.ndindex(stack)]
    return array_of(found, stack)


def _matrices(function: Callable[[Rows], Rows], array: Array) -> Array:
    out = numpy.empty(array.shape, object)
    for place in numpy.ndindex(array.shape[:-2]):
        rows = function(array[place].tolist())
        out[place] = array_of([x for row in rows for x in row], array.shape[-2:])
    return out


def _factors(matrix: Rows) -> tuple[Rows, Rows, list[int], float]:
    try:
        return _factored(matrix)
    except _Singular:
        raise numpy.linalg.LinAlgError("Singular matrix") from None


def _solve(a: Any, b: Any) -> Array:
    left, right = _square(a, "solve"), objects(b)
    n = left.shape[-1]
    columns = right[:, None] if right.ndim == 1 else right
    if columns.ndim < 2 or columns.shape[-2] != n:
        raise ValueError(f"solve: the shapes {left.shape} and {right.shape} do not fit")
    stack = numpy.broadcast_shapes(left.shape[:-2], columns.shape[:-2])
    width = columns.shape[-1]
    left = numpy.broadcast_to(left, (*stack, n, n))
    columns = numpy.broadcast_to(columns, (*stack, n, width))
    out = numpy.empty((*stack, n, width), object)
    for place in numpy.ndindex(stack):
        factors = _factors(left[place].tolist())
        for k, column in enumerate(columns[place].T.tolist()):
            out[(*place, slice(None), k)] = array_of(_solved(factors, column), (n,))
    return out[..., 0] if right.ndim == 1 else out


def _inv(a: Any) -> Array:
    array = _square(a, "inv")
    return _solve(array, numpy.eye(array.shape[-1]))


def _det(a: Any) -> Array:
    return _of_each_matrix(_determinant, _square(a, "det"))


def _slogdet(a: Any) -> Any:
    array = _square(a, "slogdet")
    pairs = [
        _sign_and_logarithm(array[place].tolist()) for place in numpy.ndindex(array.shape[:-2])
    ]
    signs, logarithms = zip(*pairs, strict=True) if pairs else ((), ())
    stack = array.shape[:-2]
    return _Slogdet(array_of(signs, stack), array_of(logarithms, stack))


def _cholesky(a: Any, upper: bool = False) -> Array:
    array = _square(a, "cholesky")
    if upper:
        return _matrices(_root, array.swapaxes(-1, -2)).swapaxes(-1, -2)
    return _matrices(_root, array)


def _matrix_power(a: Any, n: Any) -> Array:
    array, power = _square(a, "matrix_power"), operator.index(n)
    if power < 0:
        array, power = _inv(array), -power
    out = None
    while power:
        if power % 2:
            out = array if out is None else matmul(out, array)
        array, power = matmul(array, array) if power > 1 else array, power // 2
    identity = objects(numpy.eye(array.shape[-1]))
    return numpy.broadcast_to(identity, array.shape).copy() if out is None else out


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Array:
    array, right = objects(a), objects(b)
    if axes is not None:
        moved = [normal_axis(k, array.ndim) for k in axes]
        array = array.transpose([k for k in range(array.ndim) if k not in moved] + moved)
    shape = array.shape[right.ndim :]
    return _solve(array.reshape(right.size, -1), right.ravel()).reshape(shape)


def _tensorinv(a: Any, ind: int = 2) -> Array:
    array = objects(a)
    shape = array.shape[ind:] + array.shape[:ind]
    tall = int(numpy.prod(array.shape[:ind], dtype=int))
    return _inv(array.reshape(tall, -1)).reshape(shape)


def _multi_dot(arrays: Any) -> Array:
    first, *others = map(objects, arrays)
    out = first
    for other in others:
        out = matmul(out, other)
    return out


# -- norms -----------------------------------------------------------------------------------------


def _of_vector(order: Any) -> Callable[[Row], Any]:
    if order is None or order == 2:
        return functions.norm
    if order == numpy.inf:
        return lambda xs: functions.max(map(abs, xs))
    if order == -numpy.inf:
        return lambda xs: functions.min(map(abs, xs))
    if order == 0:
        return lambda xs: float(sum(bool(x != 0) for x in xs))
    if order == 1:
        return lambda xs: functions.sum(map(abs, xs))
    if not isinstance(order, (int, float)):
        raise ValueError(f"invalid norm order {order!r} for vectors")
    p = float(order)
    return lambda xs: table.pow_(functions.sum([table.pow_(abs(x), p) for x in xs]), 1.0 / p)


def _vector_norm(x: Any, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Array:
    return reduced(_of_vector(ord), objects(x), axis, keepdims)


def _matrix_norm(x: Any, keepdims: Any = False, ord: Any = "fro", axis: Any = (-2, -1)) -> Array:
    """The largest, or smallest, sum of absolute values of a column (1) or of a row (inf), or the
    length of all entries."""
    array = objects(x)
    i, j = (normal_axis(a, array.ndim) for a in axis)
    if ord is None or ord == "fro":
        return reduced(functions.norm, array, (i, j), keepdims)
    if ord not in (1, -1, numpy.inf, -numpy.inf):
        raise TypeError(
            f"numpy.linalg.norm of order {ord!r} needs singular values, which are not available "
            "for Values; there are 'fro', 1, -1, inf and -inf"
        )
    summed, beside = (i, j) if ord in (1, -1) else (j, i)
    sums = reduced(lambda xs: functions.sum(map(abs, xs)), array, summed, True)
    return reduced(functions.max if ord > 0 else functions.min, sums, (summed, beside), keepdims)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Array:
    array = objects(x)
    if axis is None and ord is None:
        return reduced(functions.norm, array, None, keepdims)
    axes = normal_axes(axis, array.ndim)
    if len(axes) == 2:
        return _matrix_norm(array, keepdims, ord, axes)
    if len(axes) != 1:
        raise ValueError("Improper number of dimensions to norm.")
    return reduced(_of_vector(ord), array, axes, keepdims)


ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "linalg.solve": _solve,
    "linalg.inv": _inv,
    "linalg.det": _det,
    "linalg.slogdet": _slogdet,
    "linalg.cholesky": _cholesky,
    "linalg.matrix_power": _matrix_power,
    "linalg.tensorsolve": _tensorsolve,
    "linalg.tensorinv": _tensorinv,
    "linalg.multi_dot": _multi_dot,
    "linalg.norm": _norm,
    "linalg.vector_norm": _vector_norm,
    "linalg.matrix_norm": _matrix_norm,
}
