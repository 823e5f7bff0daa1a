"""Sums, means, extremes and their like along the axes of arrays of Values: one node per result.

Each function takes what NumPy's of the same name does (`ANSWERS` says which), on plain object
arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import accumulate
from typing import Any, Final

import numpy

from autograd.arrays.elements import (
    Array,
    along,
    array_of,
    each,
    has_values,
    normal_axis,
    objects,
)
from autograd.arrays.products import matmul
from autograd.arrays.refusals import refused
from autograd.arrays.scalar_functions import is_nan, numbers_in
from autograd.arrays.ufuncs import NOTHING, Reduction, reduced, reduction
from autograd.engine import functions
from autograd.engine import primitives as table
from autograd.engine.primitives import Primitive

__all__ = ["ANSWERS"]

NAN: Final = float("nan")
LARGEST: Final = reduction(numpy.maximum)
SMALLEST: Final = reduction(numpy.minimum)


# -- of a list of elements -------------------------------------------------------------------------


def _mean(xs: list[Any]) -> Any:
    return functions.mean(xs) if xs else NAN


def _sampled(function: Callable[[list[Any], float], Any], row: Primitive, ddof: float) -> Reduction:
    """`var` or `std`, of which this is the row; of too few elements what division by 0 gives."""

    def of_list(xs: list[Any]) -> Any:
        if xs and len(xs) > ddof:
            return function(xs, ddof)
        return table.div(row(*xs) if xs else 0.0, max(len(xs) - ddof, 0.0))

    return of_list


def _variance(ddof: float) -> Reduction:
    return _sampled(functions.var, table.var, ddof)


def _deviation(ddof: float) -> Reduction:
    return _sampled(functions.std, table.std, ddof)


def _place_of(beyond: Callable[[Any, Any], Any], name: str) -> Reduction:
    """The index of the first that none is beyond; of the first NaN, if there is one."""

    def of_list(xs: list[Any]) -> int:
        if not xs:
            raise ValueError(f"attempt to get {name} of an empty sequence")
        best = 0
        for i, x in enumerate(xs):
            if is_nan(x):
                return i
            if beyond(x, xs[best]):
                best = i
        return best

    return of_list


def _numbers(function: Reduction) -> Reduction:
    """The function of those that are not NaN."""
    return lambda xs: function(numbers_in(xs))


def _or_nan(function: Reduction) -> Reduction:
    """NaN where NaN is all there is."""

    def of_list(xs: list[Any]) -> Any:
        numbers = numbers_in(xs)
        return function(numbers) if numbers or not xs else xs[0]

    return of_list


def _place_among_numbers(find: Reduction) -> Reduction:
    def of_list(xs: list[Any]) -> Any:
        places = [i for i, x in enumerate(xs) if not is_nan(x)]
        if not places:
            raise ValueError("All-NaN slice encountered")
        return places[find([xs[i] for i in places])]

    return of_list


# -- along axes ------------------------------------------------------------------------------------


def _along(function: Reduction) -> Callable[..., Any]:
    def answer(
        a: Any, axis: Any = None, keepdims: Any = False, initial: Any = NOTHING, where: Any = True
    ) -> Array:
        return reduced(function, objects(a), axis, keepdims, initial, where)

    return answer


def _without_initial(function: Reduction) -> Callable[..., Any]:
    def answer(a: Any, axis: Any = None, keepdims: Any = False, where: Any = True) -> Array:
        return reduced(function, objects(a), axis, keepdims, NOTHING, where)

    return answer


def _as_bool(function: Reduction) -> Callable[..., Any]:
    def answer(a: Any, axis: Any = None, keepdims: Any = False, where: Any = True) -> Array:
        return reduced(function, objects(a), axis, keepdims, NOTHING, where).astype(bool)

    return answer


def _as_place(function: Reduction) -> Callable[..., Any]:
    def answer(a: Any, axis: Any = None, keepdims: Any = False) -> Array:
        return reduced(function, objects(a), axis, keepdims).astype(numpy.intp)

    return answer


def _spread(of_ddof: Callable[[float], Reduction], only_numbers: bool) -> Callable[..., Any]:
    def answer(
        a: Any,
        axis: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        where: Any = True,
        correction: Any = None,
    ) -> Array:
        if correction is not None and ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        function = of_ddof(float(ddof if correction is None else correction))
        chosen = _numbers(function) if only_numbers else function
        return reduced(chosen, objects(a), axis, keepdims, NOTHING, where)

    return answer


def _ptp(a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    return reduced(lambda xs: LARGEST(xs) - SMALLEST(xs), objects(a), axis, keepdims)


def _count_nonzero(a: Any, axis: Any = None, keepdims: Any = False) -> Array:
    def count(xs: list[Any]) -> int:
        return sum(map(bool, xs))

    return reduced(count, objects(a), axis, keepdims).astype(numpy.intp)


def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: Any = False
) -> Any:
    array = objects(a)
    if weights is None:
        out = reduced(_mean, array, axis, keepdims)
        total = objects(numpy.full(out.shape, array.size / max(out.size, 1)))
    else:
        factors = _as_wide(objects(weights), array, axis)
        total = reduced(functions.sum, factors, axis, keepdims)
        products = each(operator.mul, array, factors)
        out = each(table.div, reduced(functions.sum, products, axis, keepdims), total)
    return (out, total) if returned else out


def _as_wide(weights: Array, array: Array, axis: Any) -> Array:
    if weights.shape == array.shape:
        return weights
    if axis is None or weights.ndim != 1 or weights.shape[0] != array.shape[axis]:
        raise ValueError("average: weights have the shape of a, or are a vector along one axis")
    shape = [1] * array.ndim
    shape[normal_axis(axis, array.ndim)] = -1
    return numpy.broadcast_to(weights.reshape(shape), array.shape)


# -- running ---------------------------------------------------------------------------------------


def _running(
    function: Callable[[Any, Any], Any], start: float, only_numbers: bool
) -> Callable[..., Any]:
    def answer(a: Any, axis: Any = None, include_initial: bool = False) -> Array:
        array = objects(a)
        if axis is None:
            array, axis = array.ravel(), -1

        def sums(row: list[Any]) -> list[Any]:
            numbers = [start if is_nan(x) else x for x in row] if only_numbers else row
            return [start] * include_initial + list(accumulate(numbers, function))

        return along(sums, array, axis, int(include_initial))

    return answer


def _cumulative(running: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Of the array API: without an axis for one dimension only."""

    def answer(x: Any, axis: Any = None, include_initial: bool = False) -> Array:
        if axis is None and objects(x).ndim > 1:
            raise ValueError(f"{name} of more than one dimension takes an axis")
        return running(x, axis, include_initial)

    return answer


# -- statistics ------------------------------------------------------------------------------------


def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
) -> Array:
    rows = _variables(m, rowvar)
    if y is not None:
        rows = numpy.concatenate([rows, _variables(y, rowvar)])
    centered = each(operator.sub, rows, reduced(_mean, rows, 1, True))
    freedom = rows.shape[1] - (ddof if ddof is not None else 0 if bias else 1)
    return each(table.div, matmul(centered, centered.T), objects(float(max(freedom, 0)))).squeeze()


def _variables(x: Any, in_rows: bool) -> Array:
    array = numpy.atleast_2d(objects(x))
    return array if in_rows or objects(x).ndim < 2 else array.T


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Array:
    covariance = _cov(x, y, rowvar)
    if covariance.ndim == 0:
        return each(table.div, covariance, covariance)
    lengths = each(table.sqrt, numpy.diagonal(covariance))
    scaled = each(table.div, covariance, lengths[:, None])
    return each(table.div, scaled, lengths[None, :])


def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Array:
    """The sums of the weights, by the whole number that stands beside each."""
    if isinstance(x, numpy.ndarray) and x.dtype == object and has_values(x):
        raise refused("numpy.bincount")
    bins, added = numpy.asarray(x).astype(int, casting="safe"), objects(weights)
    if bins.ndim != 1 or bins.shape != added.shape:
        raise ValueError(
            f"bincount takes a vector and a weight for each number, got {bins.shape} and "
            f"{added.shape}"
        )
    if bins.min(initial=0) < 0:
        raise ValueError("bincount takes no negative numbers: they are places")
    length = max(minlength, bins.max(initial=-1) + 1)
    sums: list[list[Any]] = [[] for _ in range(length)]
    for i, weight in zip(bins.tolist(), added.tolist(), strict=True):
        sums[i].append(weight)
    return array_of(list(map(functions.sum, sums)), (length,))


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    return reduced(functions.sum, numpy.diagonal(objects(a), offset, axis1, axis2), -1)


_CUMSUM, _CUMPROD = _running(operator.add, 0.0, False), _running(operator.mul, 1.0, False)

ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "sum": _along(functions.sum),
    "prod": _along(functions.prod),
    "mean": _without_initial(_mean),
    **dict.fromkeys(["max", "amax"], _along(LARGEST)),
    **dict.fromkeys(["min", "amin"], _along(SMALLEST)),
    "ptp": _ptp,
    "std": _spread(_deviation, False),
    "var": _spread(_variance, False),
    "all": _as_bool(lambda xs: all(map(bool, xs))),
    "any": _as_bool(lambda xs: any(map(bool, xs))),
    "count_nonzero": _count_nonzero,
    "argmax": _as_place(_place_of(operator.gt, "argmax")),
    "argmin": _as_place(_place_of(operator.lt, "argmin")),
    "average": _average,
    "trace": _trace,
    "linalg.trace": lambda x, offset=0: _trace(x, offset, -2, -1),
    "cumsum": lambda a, axis=None: _CUMSUM(a, axis),
    "cumprod": lambda a, axis=None: _CUMPROD(a, axis),
    "cumulative_sum": _cumulative(_CUMSUM, "cumulative_sum"),
    "cumulative_prod": _cumulative(_CUMPROD, "cumulative_prod"),
    "nansum": _along(_numbers(functions.sum)),
    "nanprod": _along(_numbers(functions.prod)),
    "nanmean": _without_initial(_numbers(_mean)),
    "nanmax": _along(_or_nan(LARGEST)),
    "nanmin": _along(_or_nan(SMALLEST)),
    "nanstd": _spread(_deviation, True),
    "nanvar": _spread(_variance, True),
    "nanargmax": _as_place(_place_among_numbers(_place_of(operator.gt, "argmax"))),
    "nanargmin": _as_place(_place_among_numbers(_place_of(operator.lt, "argmin"))),
    "nancumsum": _running(operator.add, 0.0, True),
    "nancumprod": _running(operator.mul, 1.0, True),
    "cov": _cov,
    "corrcoef": _corrcoef,
    "bincount": _bincount,
}
