"""Products of vectors and matrices of Values: each number of a result is one `dot`, one node."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy

from autograd.arrays.elements import Array, array_of, each, normal_axis, objects
from autograd.arrays.refusals import refused
from autograd.engine import functions

__all__ = ["ANSWERS", "GENERALIZED", "matmul"]


def matmul(a: Array, b: Array) -> Array:
    """`a @ b`: of matrices, of vectors, of stacks of matrices."""
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("matmul: an operand is a single number; multiply with * instead")
    rows = a[None, :] if a.ndim == 1 else a
    columns = b[:, None] if b.ndim == 1 else b
    if rows.shape[-1] != columns.shape[-2]:
        raise ValueError(f"matmul: the shapes {a.shape} and {b.shape} do not fit")
    stack = numpy.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    left = numpy.broadcast_to(rows, stack + rows.shape[-2:])
    right = numpy.broadcast_to(columns, stack + columns.shape[-2:]).swapaxes(-1, -2)
    out = numpy.empty((*stack, rows.shape[-2], columns.shape[-1]), object)
    for place in numpy.ndindex(stack):
        beside = right[place].tolist()
        for i, row in enumerate(left[place].tolist()):
            for j, column in enumerate(beside):
                out[(*place, i, j)] = functions.dot(row, column)
    if a.ndim == 1:
        out = out[..., 0, :]
    return numpy.asarray(out[..., 0] if b.ndim == 1 else out, object)


def vecdot(a: Array, b: Array) -> Array:
    """Products of the vectors along the last axis."""
    return matmul(a[..., None, :], b[..., :, None])[..., 0, 0]


# The ufuncs over vectors and matrices, of NumPy 2.
GENERALIZED: Final[dict[str, Callable[[Array, Array], Array]]] = {
    "matmul": matmul,
    "vecdot": vecdot,
    "matvec": lambda a, b: matmul(a, b[..., None])[..., 0],
    "vecmat": lambda a, b: matmul(a[..., None, :], b)[..., 0, :],
}


def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    """The sum over pairs of axes: the last of `a` with the first of `b`, or those named."""
    left, right = objects(a), objects(b)
    summed, with_these = _paired(axes, left.ndim, right.ndim)
    if any(left.shape[i] != right.shape[j] for i, j in zip(summed, with_these, strict=True)):
        raise ValueError("tensordot: the lengths of the axes differ")
    kept = [i for i in range(left.ndim) if i not in summed]
    beside = [j for j in range(right.ndim) if j not in with_these]
    length = int(numpy.prod([left.shape[i] for i in summed], dtype=int))
    shape = [left.shape[i] for i in kept] + [right.shape[j] for j in beside]
    rows = left.transpose([*kept, *summed])
    columns = right.transpose([*with_these, *beside])
    tall = int(numpy.prod(rows.shape[: len(kept)], dtype=int))
    wide = int(numpy.prod(columns.shape[len(summed) :], dtype=int))
    return matmul(rows.reshape(tall, length), columns.reshape(length, wide)).reshape(shape)


def _paired(axes: Any, ndim_a: int, ndim_b: int) -> tuple[list[int], list[int]]:
    if numpy.ndim(axes) == 0:
        count = operator.index(axes)
        return list(range(ndim_a - count, ndim_a)), list(range(count))
    first, second = axes
    of_a = [first] if numpy.ndim(first) == 0 else list(first)
    of_b = [second] if numpy.ndim(second) == 0 else list(second)
    if len(of_a) != len(of_b):
        raise ValueError("tensordot: the axes of a and b are not in pairs")
    return [normal_axis(x, ndim_a) for x in of_a], [normal_axis(x, ndim_b) for x in of_b]


def dot_product(a: Any, b: Any) -> Array:
    """NumPy's `dot`: the last axis of `a` with the last but one of `b`, or with its only one."""
    left, right = objects(a), objects(b)
    if left.ndim == 0 or right.ndim == 0:
        return each(operator.mul, left, right)
    if left.shape[-1] != right.shape[-2 if right.ndim > 1 else 0]:
        raise ValueError(f"dot: the shapes {left.shape} and {right.shape} do not fit")
    return tensordot(left, right, ([-1], [-2 if right.ndim > 1 else 0]))


def inner(a: Any, b: Any) -> Array:
    left, right = objects(a), objects(b)
    if left.ndim == 0 or right.ndim == 0:
        return each(operator.mul, left, right)
    return tensordot(left, right, ([-1], [-1]))


def vdot(a: Any, b: Any) -> Any:
    left, right = objects(a).ravel(), objects(b).ravel()
    return functions.dot(left.tolist(), right.tolist())


def outer(a: Any, b: Any) -> Array:
    return each(operator.mul, objects(a).reshape(-1, 1), objects(b).reshape(1, -1))


# -- sliding sums ----------------------------------------------------------------------------------


def convolve(a: Any, v: Any, mode: str = "full") -> Array:
    left, right = _vector(a, "convolve"), _vector(v, "convolve")
    return _of_mode(_slid(left, right), len(left), len(right), mode, True)


def correlate(a: Any, v: Any, mode: str = "valid") -> Array:
    left, right = _vector(a, "correlate"), _vector(v, "correlate")
    return _of_mode(_slid(left, right[::-1]), len(left), len(right), mode, False)


def _vector(x: Any, function: str) -> list[Any]:
    array = objects(x)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"{function} takes vectors of one element or more")
    elements: list[Any] = array.ravel().tolist()
    return elements


def _slid(a: Sequence[Any], v: Sequence[Any]) -> list[Any]:
    """Every sum of the a[i] v[k - i]."""
    out = []
    for k in range(len(a) + len(v) - 1):
        first, last = max(0, k - len(v) + 1), min(k, len(a) - 1)
        out.append(
            functions.dot(list(a[first : last + 1]), [v[k - i] for i in range(first, last + 1)])
        )
    return out


def _of_mode(full: list[Any], n: int, m: int, mode: str, symmetric: bool) -> Array:
    """The part of all sums that a mode asks for. With an even length NumPy's "same" is not in the
    middle: for `correlate` it depends on which of the two is longer."""
    short, long = min(n, m), max(n, m)
    if mode == "full":
        start, length = 0, len(full)
    elif mode == "valid":
        start, length = short - 1, long - short + 1
    elif mode == "same":
        start, length = (short - 1) // 2 if symmetric or n >= m else short // 2, long
    else:
        raise ValueError(f"the mode is 'full', 'same' or 'valid', got {mode!r}")
    return array_of(full[start : start + length], (length,))


def polyval(p: Any, x: Any) -> Array:
    """The polynomial with these coefficients, the highest power first, by Horner's rule."""
    point = objects(x)
    out = array_of([0.0] * point.size, point.shape)
    for coefficient in objects(p):
        out = numpy.asarray(out * point + coefficient, object)
    return out


def _poly(seq_of_zeros: Any) -> Array:
    """The coefficients of the polynomial with these roots."""
    roots = objects(seq_of_zeros)
    if roots.ndim > 1:
        raise refused("numpy.poly of a matrix")
    out = array_of([1.0], (1,))
    for root in roots.ravel():
        out = convolve(out, array_of([1.0, -root], (2,)))
    return out


ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "dot": dot_product,
    "inner": inner,
    "vdot": vdot,
    "outer": outer,
    "tensordot": tensordot,
    "convolve": convolve,
    "correlate": correlate,
    "poly": _poly,
    "polyval": polyval,
    "linalg.outer": lambda x1, x2: outer(x1, x2),  # noqa: PLW0108 (NumPy's names)
    "linalg.tensordot": lambda x1, x2, axes=2: tensordot(x1, x2, axes),
    "linalg.matmul": lambda x1, x2: matmul(objects(x1), objects(x2)),
    "linalg.vecdot": lambda x1, x2, axis=-1: vecdot(
        numpy.moveaxis(objects(x1), axis, -1), numpy.moveaxis(objects(x2), axis, -1)
    ),
}
