"""What functions in lanes are computed by: shorter polynomials, and where erf is rounded to 1."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

pytest.importorskip("mpmath")
pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import mpmath
import numpy

import autograd
from autograd import vmap
from autograd.compiler.native.polynomials import UNIT, economized
from autograd.compiler.native.vector_erf import STEP, coefficients


def test_a_shorter_polynomial_is_better_than_a_shorter_series() -> None:
    """exp up to 1/2, by degree 6: within Chebyshev's bound, a 64th of the first term left out."""
    series = [UNIT // math.factorial(k) for k in range(20)]
    shorter = [Fraction(x, UNIT) for x in economized(series, 6, UNIT // 2)]
    farthest = max(
        abs(
            float(sum(c * Fraction(i, 100) ** k for k, c in enumerate(shorter))) - math.exp(i / 100)
        )
        for i in range(-50, 51)
    )
    left_out = 0.5**7 / math.factorial(7)
    assert left_out / 100 < farthest < left_out / 50


def test_erf_is_a_polynomial_around_each_center() -> None:
    rows = coefficients()
    with mpmath.workprec(100):
        for i in range(len(rows[0])):
            for rest in (-0.2, -0.11, 0.07, 0.19):
                x = mpmath.mpf(STEP) * i + rest
                found = sum(row[i] * mpmath.mpf(rest) ** k for k, row in enumerate(rows))
                assert abs(found * x / mpmath.erf(x) - 1) < 2.0**-52


def test_erf_in_lanes_ends_in_1() -> None:
    """To the last bit, as 1 - erf(x) is nothing there; a zero keeps its sign, and NaN stays."""
    x = numpy.array([5.93, 6.0, 6.2, 100.0, 1e300, math.inf, 5.0, 1e-310])
    found = vmap(autograd.erf)(x)
    assert found.tolist()[:6] == [1.0] * 6
    assert vmap(autograd.erf)(-x).tolist() == (-found).tolist()
    assert found[6] == pytest.approx(math.erf(5.0), abs=2e-16)
    zeros = vmap(autograd.erf)(numpy.array([0.0, -0.0, math.nan]))
    assert numpy.signbit(zeros[:2]).tolist() == [False, True]
    assert math.isnan(zeros[2])
