"""An adjoint that is 0 just here, times an infinite local derivative, is taken for 0: which nobody
hides. Where the 0 is exact (a side not taken, a constant factor), nothing is said."""

import mpmath
import pytest

import autograd
from autograd import (
    Value,
    cbrt,
    check_grad,
    clip,
    detect_anomaly,
    dot,
    exp,
    explain,
    grad,
    hypot,
    log,
    maximum,
    prod,
    reciprocal,
    relu,
    sin,
    sqrt,
    square,
    where,
)

SAID = "0 × ∞, decided as 0: not reliable here"


def twice(r):
    return r * r


def no_sine(r):
    return r - r


def less_sine(r):
    return r - sin(r)


def less_median(r):
    return r - autograd.median([r, -1.0, 1.0])


IDENTITIES = {  # x for x >= 0, or a multiple of it
    "sqrt(x)**2": (lambda x: sqrt(x) ** 2, 1.0),
    "sqrt(x)*sqrt(x)": (lambda x: sqrt(x) * sqrt(x), 1.0),
    "one node twice": (lambda x: twice(sqrt(x)), 1.0),
    "cbrt(x)**3": (lambda x: cbrt(x) ** 3, 1.0),
    "(x**0.5)**2": (lambda x: (x**0.5) ** 2, 1.0),
    "square": (lambda x: square(sqrt(x)), 1.0),
    "dot": (lambda x: dot([sqrt(x)], [sqrt(x)]), 1.0),
    "prod": (lambda x: prod([sqrt(x), sqrt(x), 2.0]), 2.0),
    "hypot": (lambda x: hypot(sqrt(x), 0.0) ** 2, 1.0),
    "exp(log(x))": (lambda x: exp(log(x)), 1.0),
    "1/(1/x)": (lambda x: 1 / (1 / x), 1.0),
    "reciprocal": (lambda x: reciprocal(reciprocal(x)), 1.0),
    "several steps away": (lambda x: (sqrt(x) * 2 + 0) ** 2 * 3, 12.0),
    "beside another path": (lambda x: x + sqrt(x) ** 2, 2.0),
    "on the side taken": (lambda x: where(x < 5, sqrt(x) ** 2, 0.0), 1.0),
}

EXACT = {  # the 0 is one beside this point too
    "guard": lambda x: where(x > 0, sqrt(x), 0),
    "guard around the product": lambda x: where(x > 0, sqrt(x) ** 2, x),
    "constant factor": lambda x: 0 * sqrt(x),
    "the same node": lambda x: no_sine(sqrt(x)),
    "comparison": lambda x: (x > 0) * sqrt(x),
    "dead relu": lambda x: relu(sqrt(x) - 1),
    "maximum": lambda x: maximum(sqrt(x), 1.0) ** 2,
    "clip": lambda x: clip(sqrt(x), 1, 2) ** 2,
    "median": lambda x: less_median(sqrt(x)),
    "power 0": lambda x: sqrt(x) ** 0,
    "entropy": lambda x: where(x > 0, x * log(x), 0),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_explain_and_check_grad_say_that_the_zero_is_not_reliable(name):
    f, derivative = IDENTITIES[name]
    x = Value(0.0, "x")
    y = f(x)
    y.backward()
    assert x.grad != derivative
    for explained in (explain(x, y), explain(y, y)):
        assert "undecided" in [finding.kind for finding in explained.findings]
        assert SAID in str(explained)
        assert "flat" not in str(explained)
    check = check_grad(f, 0.0)
    assert not check
    assert SAID in str(check)
    assert check.rows[0].numeric == pytest.approx(derivative)


def test_the_derivative_that_is_missed_is_that_of_the_formula():
    """So says mpmath, from the right, with 50 digits."""
    with mpmath.workdps(50):
        slope = mpmath.diff(lambda x: mpmath.sqrt(x) ** 2, 0, direction=1)
    assert float(slope) == IDENTITIES["sqrt(x)**2"][1]


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_zero_says_nothing(name):
    f = EXACT[name]
    x = Value(0.0, "x")
    y = f(x)
    y.backward()
    assert SAID not in str(explain(x, y))
    assert SAID not in str(explain(y, y))
    assert SAID not in str(check_grad(f, 0.0))


@pytest.mark.parametrize("name", ["sqrt(x)**2", "cbrt(x)**3", "dot", "several steps away"])
def test_detect_anomaly_raises_there_and_no_leaf_has_changed(name):
    f, _ = IDENTITIES[name]
    x = Value(0.0, "x")
    x.grad = 7.0
    y = f(x)
    with detect_anomaly(), pytest.raises(FloatingPointError, match=SAID):
        y.backward()
    assert x.grad == 7.0
    with detect_anomaly(), pytest.raises(FloatingPointError, match=SAID):
        grad(f)(0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError, match=SAID):
        grad(grad(f))(0.0)


@pytest.mark.parametrize("name", sorted(EXACT.keys() - {"entropy"}))
def test_detect_anomaly_lets_exact_zeros_pass(name):
    with detect_anomaly():
        grad(EXACT[name])(0.0)
        grad(grad(EXACT[name]))(0.0)


def test_a_zero_weight_is_a_constant_for_what_it_multiplies():
    """∂(w sqrt(x))/∂x is w/(2 sqrt(x)), which is 0 for w = 0 at every x; but not with w = x."""
    w, x = Value(0.0, "w"), Value(0.0, "x")
    y = w * sqrt(x)
    with detect_anomaly():
        y.backward()
    assert SAID not in str(explain(x, y)) + str(explain(w, y)) + str(explain(y, y))
    assert SAID in str(explain(x, x * sqrt(x)))


def test_messages_that_cancel_only_here():
    """r gets 1 - cos(r), which is 0 at 0 alone."""
    x = Value(0.0, "x")
    y = less_sine(sqrt(x))
    assert SAID in str(explain(x, y))


def test_of_many_places_a_few_are_looked_at():
    """2,000 roots of 0, each squared: one sentence, and how often."""
    xs = [Value(0.0) for _ in range(2_000)]
    y = autograd.sum([sqrt(x) ** 2 for x in xs])
    explained = explain(y, y)
    assert str(explained).count(SAID) == 1


def test_an_infinite_result_is_told_from_a_hidden_one():
    """Where the gradient is infinite or NaN itself, nobody takes the 0 for an answer."""
    x = Value(0.0, "x")
    y = sqrt(x) + sqrt(x) ** 2
    assert explain(x, y).gradient == float("inf")
    assert SAID not in str(explain(x, y))
