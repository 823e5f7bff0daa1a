"""The special functions where their formulas would cancel, overflow or end."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest

import autograd


def derived(f: Callable[..., Any], order: int) -> Callable[..., Any]:
    for _ in range(order):
        f = autograd.grad(f)
    return f


def mills(x: float) -> list[Any]:
    """The first four derivatives of log_ndtr, in mpmath: h, then h' = -h (x + h) and on."""
    z = mp.mpf(x)
    h = mp.npdf(z) / mp.ncdf(z)
    second = -h * (z + h)
    third = -second * (z + h) - h * (1 + second)
    fourth = -third * (z + h) - 2 * second * (1 + second) - h * third
    return [h, second, third, fourth]


@pytest.mark.parametrize("x", [-547.9, -40.0, -3.0, -0.3, 0.0, 0.5, 3.0])
def test_log_ndtr_in_every_order(x: float) -> None:
    """Left of 0 the third derivative is 2 / x**3, where terms of size 1 / x would cancel."""
    with mp.workdps(60):
        for order, want in enumerate(mills(x), 1):
            got = derived(autograd.log_ndtr, order)(x)
            assert got == pytest.approx(float(want), rel=2e-14), order


def test_log_ndtr_far_out() -> None:
    """By its asymptotic series."""
    for x in (-5e6, -1e12):
        assert derived(autograd.log_ndtr, 3)(x) == pytest.approx(-2 / x**3, rel=1e-12)


@pytest.mark.parametrize(
    ("n", "x"),
    [(100, 1e4), (50, 1e7), (20, 1e16), (100, -0.5), (60, -3.7), (30, -20.2), (4, -2.5), (0, -7.5)],
)
def test_polygamma_of_high_orders(n: int, x: float) -> None:
    """x**n alone is no double, n! / x**n is; half way between poles the cotangent is exactly 0."""
    with mp.workdps(300):
        want = float(mp.psi(n, mp.mpf(x)))
    assert autograd.polygamma(n, x) == pytest.approx(want, rel=1e-14)


def test_lbeta_of_the_largest_numbers() -> None:
    """a + b may be too large; B(a, a) is about 4**-a."""
    assert autograd.lbeta(1e308, 1e308) == pytest.approx(-1e308 * math.log(4), rel=1e-15)
    assert autograd.grad(autograd.lbeta)(math.inf, 2.0) == 0.0
    assert autograd.grad(autograd.lbeta)(1e300, 2.0) == pytest.approx(-2e-300)


@pytest.mark.parametrize("order", [2, 3])
def test_erfinv_at_its_edges_has_the_limits_from_inside(order: int) -> None:
    """In compiled code too."""
    slope = derived(autograd.erfinv, order)
    left = math.inf if order % 2 == 1 else -math.inf
    assert (slope(-1.0), slope(1.0)) == (left, math.inf)
    assert autograd.jit(slope)(-1.0) == left
    assert math.copysign(1.0, slope(-0.9999999)) == math.copysign(1.0, left)
