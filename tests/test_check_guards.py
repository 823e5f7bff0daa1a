"""check_grad where Python's own arithmetic raises and the engine's has an answer."""

import math

import pytest

from autograd import check_grad, cos, exp, log, sin, tanh, where

GUARDED = {  # a function, where, and the derivative there, by hand
    "sinc": (lambda x: where(x, sin(x) / x, 1.0), 0.0, 0.0),
    "tanhc": (lambda x: where(x == 0, 1.0, tanh(x) / x), 0.0, 0.0),
    "sinc by a power": (lambda x: where(x, sin(x) * x**-1, 1.0), 0.0, 0.0),
    "remainder": (lambda x: where(x, x % x, 0.0), 0.0, 0.0),
    "bump": (lambda x: where(x > 0, exp(-1 / x), 0.0), 0.0, 0.0),
    "overflow beside": (lambda x: where(x < 10, x**3, (x * 1e155) ** 2), 1.0, 3.0),
}


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_singularity_is_a_point_like_any_other(name):
    f, x, derivative = GUARDED[name]
    check = check_grad(f, x)
    assert check, str(check)
    assert check.rows[0].ad == derivative
    assert check.rows[0].verdict == "ok"
    assert "no finite value" not in str(check)


def test_only_the_component_that_is_singular_costs_more():
    check = check_grad(lambda v: where(v[0] > 0, v[1] / v[0], v[1]), [0.0, 2.0])
    assert [row.ad for row in check.rows] == [0.0, 1.0]
    assert "no finite value" not in str(check)


def test_a_gradient_by_hand_may_be_guarded_too():
    def f(x):
        return where(x, sin(x) / x, 1.0)

    def by_hand(x):
        return where(x, (x * cos(x) - sin(x)) / x**2, 0.0)

    assert check_grad(f, 0.0, analytic=by_hand)
    assert check_grad(f, 0.5, analytic=by_hand)


def test_where_there_is_no_value_it_still_says_so():
    for f in (lambda x: 1 / x, log):
        check = check_grad(f, 0.0)
        assert not check
        assert "no finite value" in str(check)


def test_math_outside_its_domain_is_no_value_rather_than_an_error():
    """math.sqrt raises for floats and refuses Values: what lies left of 0 is outside."""
    from autograd.check.point import Point

    point = Point(math.sqrt, (1.0,), None)
    assert point([4.0]) == 2.0
    assert math.isnan(point([-1.0]))


def test_a_function_that_is_complex_for_floats_is_said_to_differ():
    """abs((-8) ** (1/3)) is 2 in Python, by way of a complex number."""
    text = str(check_grad(lambda x: abs(x ** (1 / 3)), -8.0))
    assert "gives 2 for floats and nan for Values" in text
