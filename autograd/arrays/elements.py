"""Arrays as this folder computes with them: plain object arrays of Values and floats."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy

from autograd.arrays.refusals import refuse_other_kinds, refuse_sparse
from autograd.engine.operands import to_float
from autograd.engine.value import Value

__all__ = [
    "ELEMENT",
    "Array",
    "advise_object",
    "along",
    "array_of",
    "each",
    "has_values",
    "moved_last",
    "normal_axes",
    "normal_axis",
    "objects",
    "plain",
    "rows_of",
    "stored",
]

Array = Any  # an ndarray; of dtype object, if nothing else is said

ELEMENT = "an operand of a Value must be a Value or"


def objects(x: Any) -> Array:
    """Whatever counts as an array, as a plain object array of Values and floats: every other number
    is converted as `float` does it. TypeError for an element that is no number."""
    if isinstance(x, Value):
        return array_of([x], ())
    if isinstance(x, numpy.ndarray):
        refuse_other_kinds(x, "an operand of an array of Values")
    else:
        refuse_sparse(x)
    array = numpy.asarray(x)
    if array.dtype.kind in "biuf":
        return array.astype(float).astype(object)
    if array.dtype.kind != "O":
        raise TypeError(
            f"an array of Values meets real numbers only, got an array of {array.dtype}"
            + ("; complex numbers have no Values" if array.dtype.kind == "c" else "")
        )
    if all(type(element) is float or type(element) is Value for element in array.flat):
        return array
    return each(_number, array)


def _number(x: Any) -> Any:
    return x if isinstance(x, Value) else to_float(x, ELEMENT)


def plain(x: Any) -> Any:
    """The same argument for NumPy itself: arrays of ours, and Values, as plain object arrays."""
    if isinstance(x, Value):
        return array_of([x], ())
    if isinstance(x, numpy.ndarray):
        refuse_other_kinds(x, "an argument beside an array of Values")
        return objects(x) if x.dtype == object else x
    if type(x) in (list, tuple) and any(isinstance(item, numpy.ndarray) for item in x):
        return type(x)(map(plain, x))
    return x


def array_of(elements: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """A plain object array with these elements."""
    return numpy.fromiter(elements, object, len(elements)).reshape(shape)


def has_values(x: Any) -> bool:
    """Whether there is a Value among the elements."""
    return isinstance(x, Value) or any(isinstance(element, Value) for element in x.flat)


def each(function: Callable[..., Any], *arrays: Any) -> Array:
    """The function of each element (of all arrays, broadcast): an object array."""
    out = _over_elements(function, len(arrays))(*arrays)
    return out if isinstance(out, numpy.ndarray) else array_of([out], ())


@lru_cache(maxsize=256)
def _over_elements(function: Callable[..., Any], inputs: int) -> Any:
    return numpy.frompyfunc(function, inputs, 1)


# -- along axes ------------------------------------------------------------------------------------


def normal_axis(axis: Any, ndim: int) -> int:
    """An axis counted from the front; NumPy's AxisError where there is none such."""
    index = operator.index(axis)
    if not -ndim <= index < ndim:
        raise numpy.exceptions.AxisError(index, ndim)
    return index % ndim


def normal_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """One axis or several (None: all) counted from the front; ValueError for one named twice."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = tuple([normal_axis(x, ndim) for x in given])
    if len(set(axes)) < len(axes):
        raise ValueError("duplicate value in 'axis'")
    return axes


def moved_last(array: Array, axis: Any) -> tuple[Array, tuple[int, ...]]:
    """The axes (None: all) moved to the end and made one, and which ones they were."""
    axes = normal_axes(axis, array.ndim)
    kept = [i for i in range(array.ndim) if i not in axes]
    shape = [array.shape[i] for i in kept]
    length = 1
    for i in axes:
        length *= array.shape[i]
    return array.transpose([*kept, *axes]).reshape([*shape, length]), axes


def rows_of(array: Array) -> Iterable[tuple[tuple[int, ...], list[Any]]]:
    """Every place among all axes but the last, and the elements along it."""
    for place in numpy.ndindex(array.shape[:-1]):
        yield place, array[place].tolist()


def along(function: Callable[[list[Any]], Any], array: Array, axis: Any, more: int = 0) -> Array:
    """In the place of the elements along an axis the function of their list, as many or so many
    more."""
    lines = numpy.moveaxis(array, normal_axis(axis, array.ndim), -1)
    out = numpy.empty((*lines.shape[:-1], lines.shape[-1] + more), object)
    for place, row in rows_of(lines):
        out[place] = array_of(function(row), out.shape[-1:])
    return numpy.moveaxis(out, -1, axis)


# -- where results go ------------------------------------------------------------------------------


def stored(result: Any, out: Any, function: str) -> Any:
    """The result written into an array that the user gave."""
    if isinstance(out, tuple):
        (out,) = out
    if not isinstance(out, numpy.ndarray):
        raise TypeError(f"{function}: out must be an array")
    target, source = out.view(numpy.ndarray), numpy.asarray(result)
    if source.shape != out.shape:
        raise ValueError(f"{function}: out has the shape {out.shape}, the result {source.shape}")
    if source.dtype == object and target.dtype != object and has_values(source):
        raise advise_object(f"{function}: out is an array of {out.dtype}, which can't hold Values")
    numpy.copyto(target, source, casting="unsafe")
    return out


def advise_object(problem: str) -> TypeError:
    """The error of a place that can't hold Values."""
    return TypeError(
        f"{problem}; make it with dtype=object, or by numpy.zeros_like of an array of Values, or "
        "build the result with numpy.stack"
    )
