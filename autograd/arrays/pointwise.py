"""NumPy's functions, other than ufuncs, of each element by itself, and comparisons of arrays."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy

from autograd.arrays.elements import Array, array_of, each, has_values, objects
from autograd.arrays.scalar_functions import (
    is_finite_number,
    is_infinite,
    is_nan,
    truncated,
)
from autograd.engine import functions
from autograd.engine import primitives as table
from autograd.engine.primitives import TABLE

__all__ = ["ANSWERS"]


# -- kinks and steps -------------------------------------------------------------------------------


def _clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Array:
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("clip takes its bounds by place or by name (min, max), not both")
    low = a_min if min is None else min
    high = a_max if max is None else max
    lowest = -math.inf if low is None else low
    highest = math.inf if high is None else high
    return each(table.clip, objects(a), objects(lowest), objects(highest))


def _round(a: Any, decimals: int = 0) -> Array:
    decimals = operator.index(decimals)
    scale = 10.0 ** abs(decimals) if abs(decimals) <= sys.float_info.max_10_exp else math.inf

    def nearest(x: Any) -> Any:
        if decimals == 0:
            return table.round_(x)
        return table.round_(x * scale) / scale if decimals > 0 else table.round_(x / scale) * scale

    return each(nearest, objects(a))


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return numpy.nonzero(numpy.asarray(condition))
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    asked = numpy.asarray(condition)
    if asked.dtype == object and has_values(asked):
        return each(table.where, asked, objects(x), objects(y))
    return numpy.where(asked.astype(bool), objects(x), objects(y))


def _nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
    largest = numpy.finfo(float).max
    above = float(largest) if posinf is None else posinf
    below = -float(largest) if neginf is None else neginf

    def finite(element: Any) -> Any:
        if is_nan(element):
            return nan
        if is_infinite(element):
            return above if element > 0.0 else below
        return element

    return each(finite, objects(x))


# -- smooth ----------------------------------------------------------------------------------------


def _sinc(x: Any) -> Array:
    return each(TABLE["sinc"], objects(x))


def _bessel(x: Any) -> Any:
    """I0, the mean of cosh(x cos t) over the circle: a trapezoidal rule, whose error with 4 n
    points is near I_4n(x), so as small as rounding with these (Trefethen and Weideman, "The
    exponentially convergent trapezoidal rule", 2014)."""
    n = 8
    while n < 128 and abs(x) > n * n / 8.0:
        n *= 2
    cosines = [math.cos(math.pi * (k + 0.5) / (2 * n)) for k in range(n)]
    return functions.mean([table.cosh(x * cosine) for cosine in cosines])


def _angle(z: Any, deg: bool = False) -> Array:
    scale = 180.0 / math.pi if deg else 1.0
    return each(lambda x: table.atan2(0.0, x) * scale, objects(z))


# -- spaces ----------------------------------------------------------------------------------------


def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    axis: int = 0,
) -> Any:
    first, last = numpy.broadcast_arrays(objects(start), objects(stop))
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    steps = num - 1 if endpoint else num
    if steps > 0:
        step = each(lambda a, b: table.div(b - a, float(steps)), first, last)
        rows = [numpy.asarray(first + step * float(i), object) for i in range(num)]
    else:
        step, rows = objects(numpy.full(first.shape, math.nan)), [first] * num
    if endpoint and num > 1:
        rows[-1] = last
    out = numpy.stack(rows, axis) if rows else numpy.empty((0, *first.shape), object)
    return (out, step) if retstep else out


def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, axis: int = 0
) -> Array:
    return each(table.pow_, objects(base), _linspace(start, stop, num, endpoint, False, axis))


# -- comparisons of arrays -------------------------------------------------------------------------


def _isclose(
    a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False
) -> Array:
    def close(x: Any, y: Any, relative: Any, absolute: Any) -> bool:
        if is_finite_number(x) and is_finite_number(y):
            return bool(abs(x - y) <= absolute + relative * abs(y))
        return bool(x == y) or (equal_nan and is_nan(x) and is_nan(y))

    arrays = map(objects, (a, b, rtol, atol))
    return each(close, *arrays).astype(bool)


def _allclose(
    a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False
) -> bool:
    return bool(_isclose(a, b, rtol, atol, equal_nan).all())


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    left, right = objects(a1), objects(a2)
    if left.shape != right.shape:
        return False
    return all(
        x == y or (equal_nan and is_nan(x) and is_nan(y))
        for x, y in zip(left.flat, right.flat, strict=True)
    )


def _array_equiv(a1: Any, a2: Any) -> bool:
    try:
        left, right = numpy.broadcast_arrays(objects(a1), objects(a2))
    except ValueError:
        return False
    return _array_equal(left, right)


def _filled(value: Any) -> Callable[..., Array]:
    """The same for every real number."""
    return lambda x: numpy.full(objects(x).shape, value)


def _infinite(sign: float) -> Callable[..., Array]:
    return lambda x: each(lambda element: bool(element == sign * math.inf), objects(x)).astype(bool)


ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "clip": _clip,
    **dict.fromkeys(["round", "around", "round_"], _round),
    "fix": lambda x: each(truncated, objects(x)),
    "where": _where,
    "nan_to_num": _nan_to_num,
    "sinc": _sinc,
    "i0": lambda x: each(_bessel, objects(x)),
    "angle": _angle,
    "real": lambda val: objects(val),  # noqa: PLW0108 (NumPy's name of the argument)
    "imag": lambda val: array_of([0.0] * objects(val).size, objects(val).shape),
    "real_if_close": lambda a, tol=100: objects(a),
    "isreal": _filled(True),
    "iscomplex": _filled(False),
    "isposinf": _infinite(1.0),
    "isneginf": _infinite(-1.0),
    "linspace": _linspace,
    "logspace": _logspace,
    "isclose": _isclose,
    "allclose": _allclose,
    "array_equal": _array_equal,
    "array_equiv": _array_equiv,
}
