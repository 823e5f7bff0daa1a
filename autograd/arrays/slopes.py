"""Differences in tables of Values: slopes by them, and jumps taken out."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy

from autograd.arrays.elements import Array, along, array_of, each, normal_axes, objects
from autograd.arrays.scalar_functions import is_finite_number
from autograd.engine import primitives as table

__all__ = ["ANSWERS"]


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """By central differences, of second order within; at both ends of order `edge_order`."""
    array = objects(f)
    axes = normal_axes(axis, array.ndim)
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1:
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise TypeError("invalid number of arguments")
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    found = []
    for k, spacing in zip(axes, spacings, strict=True):
        moved = numpy.moveaxis(array, k, 0)
        if len(moved) < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, "
                "at least (edge_order + 1) elements are required."
            )
        slopes = _slopes(moved, _widths(objects(spacing), len(moved)), edge_order)
        found.append(numpy.moveaxis(slopes, 0, k))
    return found[0] if len(found) == 1 else tuple(found)


def _widths(spacing: Array, n: int) -> list[Any]:
    """The distances from each point to the next."""
    if spacing.ndim == 0:
        return [spacing[()]] * (n - 1)
    if spacing.shape != (n,):
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    points = spacing.tolist()
    return [b - a for a, b in pairwise(points)]


def _slopes(rows: Array, widths: list[Any], edge_order: int) -> Array:
    out = numpy.empty(rows.shape, object)
    even = all(map(partial(_is_same_width, widths[0]), widths))
    for i in range(1, len(rows) - 1):
        a, b = widths[i - 1], widths[i]
        if even:
            out[i] = _quotient(rows[i + 1] - rows[i - 1], 2.0 * a)
        else:
            out[i] = _weighted(
                [rows[i - 1], rows[i], rows[i + 1]],
                [table.div(-b, a * (a + b)), table.div(b - a, a * b), table.div(a, b * (a + b))],
            )
    if edge_order == 1:
        out[0] = _quotient(rows[1] - rows[0], widths[0])
        out[-1] = _quotient(rows[-1] - rows[-2], widths[-1])
    else:
        out[0] = _at_the_end(rows[0], rows[1], rows[2], widths[0], widths[1])
        out[-1] = -_at_the_end(rows[-1], rows[-2], rows[-3], widths[-1], widths[-2])
    return out


def _is_same_width(first: Any, width: Any) -> bool:
    """Whether it is at every point: of coordinates that are Values, also of those near by."""
    return width is first or (type(width) is type(first) is float and width == first)


def _at_the_end(first: Any, second: Any, third: Any, a: Any, b: Any) -> Any:
    weights = [
        table.div(-(2.0 * a + b), a * (a + b)),
        table.div(a + b, a * b),
        table.div(-a, b * (a + b)),
    ]
    return _weighted([first, second, third], weights)


def _weighted(rows: list[Any], weights: list[Any]) -> Any:
    return rows[0] * weights[0] + rows[1] * weights[1] + rows[2] * weights[2]


def _quotient(rows: Any, width: Any) -> Any:
    """An element where the rows are such."""
    if not isinstance(rows, numpy.ndarray):
        return table.div(rows, width)
    return each(table.div, rows, array_of([width], ()))


# -- jumps -----------------------------------------------------------------------------------------


def _unwrap(p: Any, discont: Any = None, axis: int = -1, period: Any = 2.0 * math.pi) -> Array:
    """By whole periods, which are constants: the derivatives are those of the numbers themselves,
    also where a jump is of exactly half a period."""
    width = objects(period)[()]
    least = width / 2.0 if discont is None else objects(discont)[()]

    def unwrapped(row: list[Any]) -> list[Any]:
        total, found = 0.0, row[:1]
        for before, x in pairwise(row):
            total = total + _correction(x - before, least, width)
            found.append(x + total)
        return found

    return along(unwrapped, objects(p), axis)


def _correction(step: Any, least: Any, period: Any) -> Any:
    """So many periods less that the step is at most half of one; one of exactly half keeps its
    sign."""
    if not is_finite_number(step):
        return step - step
    if abs(step) < least:
        return 0.0
    periods = table.floor((step + period / 2.0) / period)
    if step > 0.0 and step - period * periods == -period / 2.0:
        periods = periods - 1.0
    return -period * periods


ANSWERS: Final[dict[str, Callable[..., Any]]] = {"gradient": _gradient, "unwrap": _unwrap}
