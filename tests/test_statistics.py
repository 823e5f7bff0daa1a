"""Standard deviations, variances, medians and quantiles, against NumPy's and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import work_grows_with

import autograd
from autograd import Value, check_grad, grad, hessian, jit, median, quantile, std, var

np = pytest.importorskip("numpy")

NUMBERS = st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=9)
PARTS = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.7, 0.999, 1.0])


@given(NUMBERS, PARTS)
def test_the_numbers_are_those_of_numpy(numbers: list[float], q: float) -> None:
    """Of floats, Values and arrays of any shape."""
    for ours, theirs in [
        (std, np.std),
        (var, np.var),
        (median, np.median),
        (lambda xs: quantile(xs, q), lambda xs: np.quantile(xs, q)),
    ]:
        wanted = pytest.approx(float(theirs(numbers)), rel=1e-13, abs=1e-13)
        assert ours(numbers) == wanted
        assert ours([Value(x) for x in numbers]).data == wanted
        assert ours(np.array([numbers])) == wanted


@pytest.mark.parametrize("ddof", [0, 1, 2, 0.5, -1])
def test_ddof_is_taken_off_the_count(ddof: float) -> None:
    numbers = [1.0, 2.0, 6.0, -3.5]
    assert var(numbers, ddof) == pytest.approx(np.var(numbers, ddof=ddof), rel=1e-15)
    assert std(numbers, ddof=ddof) == pytest.approx(np.std(numbers, ddof=ddof), rel=1e-15)


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (var, [-4 / 3, -2 / 3, 2.0]),  # 2 (x - 3) / 3
        (lambda xs: var(xs, 1), [-2.0, -1.0, 3.0]),
        (std, [-2 / math.sqrt(42), -1 / math.sqrt(42), 3 / math.sqrt(42)]),
        (median, [0.0, 1.0, 0.0]),
        (lambda xs: quantile(xs, 0.25), [0.5, 0.5, 0.0]),
        (lambda xs: quantile(xs, 0.9), [0.0, 0.2, 0.8]),
    ],
)
def test_gradients_by_hand(function: Callable[[Any], Any], gradient: list[float]) -> None:
    """At [1, 2, 6], eager, as a graph, and compiled."""
    point = [1.0, 2.0, 6.0]
    wanted = pytest.approx(gradient, rel=1e-14, abs=1e-16)
    assert grad(function)(point) == wanted
    assert jit(grad(function))(point) == wanted
    assert grad(lambda xs: autograd.sum(grad(function)(xs)))(point) == pytest.approx(
        [0.0] * 3, abs=1e-15
    )
    assert check_grad(function, point).ok


def test_the_second_derivatives_of_a_deviation() -> None:
    """(δ - 1/n)/(n s) less the product of the first two over s."""
    point = [1.0, 2.0, 6.0, 4.0]
    s, first = std(point), grad(std)(point)
    for i, row in enumerate(hessian(std)(point)):
        for j, found in enumerate(row):
            projected = ((i == j) - 0.25) / (4 * s)
            assert found == pytest.approx(projected - first[i] * first[j] / s, rel=1e-13)


def test_compiled_they_follow_the_order_of_the_numbers() -> None:
    """Sorting is no decision of the recording: one program for every order, and in lanes."""
    f = jit(grad(median))
    for point in ([3.0, 1.0, 2.0], [1.0, 3.0, 2.0], [1.0, 2.0, 2.0], [2.0, 1.0, 7.0]):
        assert f(point) == grad(median)(point)
    assert f.stats().paths == 1


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_a_deviation_does_not_overflow(scale: float) -> None:
    assert std([scale, 3 * scale]) == pytest.approx(scale, rel=1e-15)
    assert grad(std)([scale, 3 * scale]) == pytest.approx([-0.5, 0.5], rel=1e-15)


@pytest.mark.parametrize("function", [std, var])
@pytest.mark.parametrize("xs", [[0.0, math.inf], [math.inf, math.inf], [1.0, math.nan, -math.inf]])
def test_infinite_numbers_have_no_deviation(
    function: Callable[[Any], Any], xs: list[float]
) -> None:
    """inf - inf, as in NumPy."""
    assert math.isnan(function(xs))
    assert math.isnan(jit(function)(xs))
    assert not any(map(math.isfinite, grad(function)(xs)))


@pytest.mark.parametrize("function", [std, var, median, lambda xs: quantile(xs, 0.3)])
def test_the_work_is_in_proportion(function: Callable[[Any], Any]) -> None:
    def prepare(count: int) -> Callable[[], Any]:
        xs = [math.sin(i * i) for i in range(count)]
        return lambda: grad(function)(xs)

    assert work_grows_with(prepare, 50) < 4.3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: std([]), "std of an empty sequence is not defined; give it one number or more"),
        (lambda: var([]), "var of an empty sequence"),
        (lambda: median(iter([])), "median of an empty sequence"),
        (lambda: quantile([], 0.5), "quantile of an empty sequence"),
        (lambda: var([1.0], ddof=1), "var of 1 number with ddof=1 is not defined"),
        (lambda: std([1.0, 2.0], 2), "std of 2 numbers with ddof=2 is not defined"),
        (lambda: quantile([1.0], 1.5), "quantile's q is from 0 to 1, got 1.5"),
        (lambda: quantile([1.0], math.nan), "quantile's q is from 0 to 1, got nan"),
    ],
)
def test_what_is_not_defined(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.replace(".", r"\.")):
        call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: median(Value(1.0)), r"put it in a list: median\(\[x, y\]\)$"),
        (lambda: median(["a"]), "^median takes a Value or a real number"),
        (lambda: quantile([1.0, None], 0.5), "^quantile takes a Value or a real number"),
        (lambda: std([1.0, "2"]), "^std takes a Value or a real number"),
        (lambda: quantile([1.0], Value(0.5)), "^quantile's q must be a real number"),
        (lambda: std([1.0], ddof="1"), "^std's ddof must be a real number"),
    ],
)
def test_what_is_no_number(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call()
