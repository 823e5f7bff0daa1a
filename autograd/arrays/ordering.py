"""What asks for an order: sorting, ranks, sets, and interpolation in a table.

Sorting is by comparisons of the numbers, NaN last as NumPy has it: the Values that come out are
those that went in. A rank is a row of the table of primitives, which compares by itself.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
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
from autograd.arrays.scalar_functions import is_finite_number, is_nan, numbers_in
from autograd.arrays.ufuncs import reduced
from autograd.engine import functions
from autograd.engine import primitives as table

__all__ = ["ANSWERS"]

NAN: Final = float("nan")


# -- sorting ---------------------------------------------------------------------------------------


def _order(xs: list[Any]) -> list[int]:
    """The places of the elements from the smallest to the largest, NaN last; ties as they stand."""
    missing = [is_nan(x) for x in xs]
    numbers = [i for i in range(len(xs)) if not missing[i]]
    return sorted(numbers, key=xs.__getitem__) + [i for i in range(len(xs)) if missing[i]]


def _argsort(a: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Array:
    return _sorted_along(objects(a), axis, _order).astype(numpy.intp)


def _sort(a: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Array:
    return _sorted_along(objects(a), axis, lambda xs: [xs[i] for i in _order(xs)])


def _sorted_along(given: Array, axis: Any, function: Callable[[list[Any]], list[Any]]) -> Array:
    if axis is None:
        given, axis = given.ravel(), -1
    return along(function, given, axis)


def _partition(a: Any, kth: Any, axis: Any = -1, kind: Any = None) -> Array:
    """Sorted, which is a partition at every place."""
    _check_places(kth, objects(a), axis)
    return _sort(a, axis)


def _argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = None) -> Array:
    _check_places(kth, objects(a), axis)
    return _argsort(a, axis)


def _check_places(kth: Any, array: Array, axis: Any) -> None:
    length = array.size if axis is None else array.shape[normal_axis(axis, array.ndim)]
    for place in numpy.asarray(kth).flat:
        if not -length <= place < length:
            raise ValueError(f"kth(={place}) out of bounds ({length})")


def _lexsort(keys: Any, axis: Any = -1) -> Array:
    given = objects(numpy.stack([objects(key) for key in keys]))
    if given.ndim != 2 or axis not in (-1, 0):
        raise TypeError("numpy.lexsort of Values takes vectors")
    order = list(range(given.shape[1]))
    for key in given.tolist():
        order = [order[i] for i in _order([key[i] for i in order])]
    return numpy.array(order, numpy.intp)


# -- ranks -----------------------------------------------------------------------------------------


def _median_of(xs: list[Any]) -> Any:
    return functions.median(xs) if xs else NAN


@lru_cache(maxsize=256)
def _place(n: int, q: float, method: str) -> float:
    """Among n elements in order, in general between two of them: what NumPy's own quantile of 0, 1,
    2 ... gives, for every method is linear between elements."""
    return float(numpy.quantile(numpy.arange(n, dtype=float), q, method=method))  # type: ignore[call-overload]


def _quantile_of(xs: list[Any], q: float, method: str) -> Any:
    if not xs:
        return NAN
    place = _place(len(xs), q, method)
    below = int(place)
    share = place - below
    low = table.order_statistic(float(below), *xs)
    if share == 0.0:
        return low
    high = table.order_statistic(below + 1.0, *xs)
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1.0 - share)


def _median(a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return reduced(_median_of, objects(a), axis, keepdims)


def _nanmedian(
    a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    return reduced(lambda xs: _median_of(numbers_in(xs)), objects(a), axis, keepdims)


def _quantiles(scale: float, only_numbers: bool) -> Callable[..., Any]:
    def answer(
        a: Any,
        q: Any,
        axis: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
    ) -> Array:
        array, levels = objects(a), numpy.asarray(q)
        if levels.dtype == object and has_values(levels):
            raise TypeError("a quantile is not differentiated by q: give q as a plain number")
        levels = levels.astype(float) / scale

        def at(level: float) -> Array:
            def of_list(xs: list[Any]) -> Any:
                return _quantile_of(numbers_in(xs) if only_numbers else xs, level, method)

            return reduced(of_list, array, axis, keepdims)

        found = [at(float(level)) for level in levels.flat]
        if levels.ndim == 0:
            return found[0]
        return numpy.stack(found).reshape(levels.shape + found[0].shape)

    return answer


# -- places in a table -----------------------------------------------------------------------------


def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    places = objects(a).ravel() if sorter is None else objects(a)[numpy.asarray(sorter)]
    find = _finder(places.tolist(), side)
    return each(find, objects(v)).astype(numpy.intp)


def _finder(places: list[Any], side: str) -> Callable[[Any], int]:
    if side not in ("left", "right"):
        raise ValueError(f"side is 'left' or 'right', got {side!r}")
    numbers = len(places)
    while numbers and is_nan(places[numbers - 1]):
        numbers -= 1
    bisect = bisect_left if side == "left" else bisect_right

    def find(x: Any) -> int:
        if is_nan(x):  # beyond every number
            return numbers if side == "left" else len(places)
        return bisect(places, x, 0, numbers)

    return find


def _digitize(x: Any, bins: Any, right: bool = False) -> Array:
    edges = objects(bins).tolist()
    side = "left" if right else "right"
    if all(a <= b for a, b in pairwise(edges)):
        return _searchsorted(objects(bins), x, side)
    if not all(a >= b for a, b in pairwise(edges)):
        raise ValueError("bins must be monotonically increasing or decreasing")
    return numpy.asarray(len(edges) - _searchsorted(objects(bins)[::-1], x, side), numpy.intp)


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Array:
    """Linear between the points of a table. At a point the derivative is that from the right; at
    the last, from the left."""
    places, values = objects(xp).tolist(), objects(fp).tolist()
    if not places or len(places) != len(values):
        raise ValueError("interp: xp and fp have the same length, one or more")
    find = _finder(places, "right")
    before = values[0] if left is None else objects(left)[()]
    after = values[-1] if right is None else objects(right)[()]

    def at(point: Any) -> Any:
        if is_nan(point):
            return point
        i = find(point) - 1
        if i < 0:
            return before
        if point > places[-1]:
            return after
        if len(places) == 1:
            return values[0]
        k = min(i, len(places) - 2)
        slope = table.div(values[k + 1] - values[k], places[k + 1] - places[k])
        if point == places[i] and not is_finite_number(slope):
            return values[i]
        out = values[i] + slope * (point - places[i])
        return _from_above(values, places, k, point, slope) if is_nan(out) else out

    return each(at, objects(x))


def _from_above(values: list[Any], places: list[Any], k: int, point: Any, slope: Any) -> Any:
    """Where values are infinite, as NumPy has it."""
    out = values[k + 1] + slope * (point - places[k + 1])
    return values[k] if is_nan(out) and values[k] == values[k + 1] else out


# -- sets ------------------------------------------------------------------------------------------


def _groups(xs: list[Any], equal_nan: bool) -> list[list[int]]:
    """The places of equal elements, from the smallest to the largest."""
    groups: list[list[int]] = []
    for i in _order(xs):
        last = xs[groups[-1][0]] if groups else None
        if last is not None and (last == xs[i] or (equal_nan and is_nan(last) and is_nan(xs[i]))):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    if axis is not None:
        raise TypeError(
            "numpy.unique of Values takes no axis: which rows are equal has no gradient"
        )
    array = objects(ar)
    xs = array.ravel().tolist()
    groups = _groups(xs, equal_nan)
    found: list[Any] = [array_of([xs[group[0]] for group in groups], (len(groups),))]
    if return_index:
        found.append(numpy.array([group[0] for group in groups], numpy.intp))
    if return_inverse:
        inverse = numpy.empty(len(xs), numpy.intp)
        for k, group in enumerate(groups):
            inverse[group] = k
        found.append(inverse.reshape(array.shape) if int(numpy.__version__[0]) > 1 else inverse)
    if return_counts:
        found.append(numpy.array([len(group) for group in groups], numpy.intp))
    return tuple(found) if len(found) > 1 else found[0]


def _member(x: Any, others: list[Any]) -> bool:
    return any(x == other for other in others)


def _isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    kind: Any = None,
) -> Array:
    others = objects(test_elements).ravel().tolist()
    return each(lambda x: _member(x, others) != invert, objects(element)).astype(bool)


def _union(ar1: Any, ar2: Any) -> Any:
    return _unique(numpy.concatenate([objects(ar1).ravel(), objects(ar2).ravel()]))


def _kept(ar1: Any, ar2: Any, common: bool) -> Array:
    others = objects(ar2).ravel().tolist()
    kept = [x for x in _unique(ar1).tolist() if _member(x, others) == common]
    return array_of(kept, (len(kept),))


def _intersection(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    return _kept(ar1, ar2, True)


def _difference(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """As they stand, where they are said to be unique: so NumPy has it."""
    if not assume_unique:
        return _kept(ar1, ar2, False)
    given = objects(ar1).ravel()
    return given[~_isin(given, ar2)]


def _exclusive(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    return _sort(numpy.concatenate([_kept(ar1, ar2, False), _kept(ar2, ar1, False)]))


ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "sort": _sort,
    "argsort": _argsort,
    "partition": _partition,
    "argpartition": _argpartition,
    "lexsort": _lexsort,
    "median": _median,
    "nanmedian": _nanmedian,
    "quantile": _quantiles(1.0, False),
    "percentile": _quantiles(100.0, False),
    "nanquantile": _quantiles(1.0, True),
    "nanpercentile": _quantiles(100.0, True),
    "searchsorted": _searchsorted,
    "digitize": _digitize,
    "interp": _interp,
    "unique": _unique,
    "unique_values": lambda x: _unique(x, equal_nan=False),
    "isin": _isin,
    "in1d": lambda ar1, ar2, assume_unique=False, invert=False, kind=None: _isin(
        objects(ar1).ravel(), ar2, assume_unique, invert
    ),
    "union1d": _union,
    "intersect1d": _intersection,
    "setdiff1d": _difference,
    "setxor1d": _exclusive,
}
