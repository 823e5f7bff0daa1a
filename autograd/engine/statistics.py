"""Statistics of any number of floats, for the table."""

from __future__ import annotations

import math

from autograd.engine import ieee


def variance(*xs: float) -> float:
    """The mean square of the deviations from the mean."""
    squares = [x * x for x in _deviations(xs)]
    return ieee.sum_of(*squares) / len(xs)


def deviation(*xs: float) -> float:
    """The root of the variance, without overflow or underflow on the way."""
    deviations = _deviations(xs)
    for x in deviations:
        if x != x:
            return math.nan  # which hypot would lose beside an infinity
    return math.hypot(*deviations) / math.sqrt(len(xs))


def _deviations(xs: tuple[float, ...]) -> list[float]:
    """From the mean, which is counted from the first: so equal numbers deviate by exactly 0."""
    first = xs[0]
    shifted = [x - first for x in xs]
    middle = ieee.mean(*shifted)
    return [x - middle for x in shifted]


def order_statistic(k: float, *xs: float) -> float:
    """The number at place k, from 0, of the sorted xs; NaN if one is NaN, or if there is no such
    place."""
    for x in xs:
        if x != x:
            return math.nan
    if not 0.0 <= k < len(xs) or k != math.floor(k):
        return math.nan
    return sorted(xs)[int(k)]
