"""Derivatives of functions, of every order, against numbers found by hand or by mpmath."""

from __future__ import annotations

import dataclasses
import doctest
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import (
    Value,
    cos,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    no_grad,
    relu,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vjp,
    where,
)
from autograd.engine.graph import reachable
from autograd.engine.primitives import TABLE, primitive
from autograd.transforms import derivatives, linearization


def test_docstrings() -> None:
    assert doctest.testmod(derivatives).failed == 0


# -- first order -----------------------------------------------------------------------------------


def test_grad_by_hand() -> None:
    assert grad(lambda x: x * x + 3 * x)(2.0) == 7.0
    assert grad(lambda x, y: x * y**2, argnums=1)(3.0, 4.0) == 24.0
    assert grad(lambda x, y: x * y**2, argnums=-1)(3.0, 4.0) == 24.0
    assert grad(lambda x, y: x * y**2, argnums=(1, 0))(3.0, 4.0) == (24.0, 16.0)
    assert type(grad(lambda x: x * x)(3)) is float


def test_python_control_flow() -> None:
    def power(x: Any, n: int) -> Any:
        out = 1.0
        while n:
            out, n = out * x, n - 1
        return out if x > 0 else -out

    assert grad(power)(2.0, 5) == 80.0
    assert grad(power)(-2.0, 3) == -12.0


def test_an_ignored_argument_and_a_constant_function_give_zero() -> None:
    assert grad(lambda x, y: y * y, argnums=(0, 1))(1.0, 3.0) == (0.0, 6.0)
    assert grad(lambda x: 7.0)(1.0) == 0.0
    assert grad(grad(lambda x: 3 * x))(1.0) == 0.0
    assert grad(grad(lambda x: 7))(1.0) == 0.0
    assert jacobian(lambda p: [1.0, p[0]])([5.0, 6.0]) == [[0.0, 0.0], [1.0, 0.0]]
    assert hessian(lambda p: p[0])([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert vjp(lambda x: 2.0, 1.0)[1](1.0) == (0.0,)
    assert jvp(lambda x: 2.0, (1.0,), (1.0,)) == (2.0, 0.0)


def test_the_identity() -> None:
    assert grad(lambda x: x)(3.0) == 1.0
    assert grad(grad(lambda x: x))(3.0) == 0.0
    assert jvp(lambda x: x, (3.0,), (2.0,)) == (3.0, 2.0)


def test_value_and_grad_calls_the_function_once() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return exp(x)

    assert value_and_grad(f)(0.0) == (1.0, 1.0)
    assert len(calls) == 1


def test_keyword_arguments_are_handed_on() -> None:
    assert grad(lambda x, scale: scale * x)(2.0, scale=5.0) == 5.0


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class Parameters:
    weight: Any
    bias: Any


def test_gradients_have_the_nesting_of_the_argument() -> None:
    def f(p: Any) -> Any:
        return p["pair"].a * p["line"].weight[1] + p["line"].bias * p["array"][1, 0]

    point = {
        "pair": Pair(2, 3.0),
        "line": Parameters([4.0, 5.0], 6.0),
        "array": np.array([[1, 2], [3, 4]]),
    }
    found = grad(f)(point)
    assert found["pair"] == Pair(5.0, 0.0)
    assert found["line"] == Parameters([0.0, 2.0], 3.0)
    np.testing.assert_array_equal(found["array"], [[0.0, 0.0], [6.0, 0.0]])
    assert found["array"].dtype == float


@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_array_in_array_out(shape: tuple[int, ...]) -> None:
    x = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    np.testing.assert_array_equal(grad(lambda x: np.sum(x * x))(x), 2 * x)
    assert grad(lambda x: np.sum(x * x))(x).shape == shape


def test_numpy_expressions() -> None:
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    x = np.array([1.0, -2.0])
    np.testing.assert_allclose(grad(lambda x: x @ matrix @ x)(x), 2 * matrix @ x)
    np.testing.assert_allclose(hessian(lambda x: x @ matrix @ x)(x), 2 * matrix)
    np.testing.assert_allclose(
        jacobian(lambda x: np.tanh(matrix @ x))(x), (1 - np.tanh(matrix @ x) ** 2)[:, None] * matrix
    )


# -- Jacobians -------------------------------------------------------------------------------------


def test_the_shape_of_a_jacobian_is_result_then_argument() -> None:
    x = np.arange(6.0).reshape(2, 3)
    found = jacobian(lambda x: x[0] * x[1])(x)
    assert found.shape == (3, 2, 3)
    expected = np.zeros((3, 2, 3))
    for i in range(3):
        expected[i, 0, i], expected[i, 1, i] = x[1, i], x[0, i]
    np.testing.assert_array_equal(found, expected)


def test_a_jacobian_of_nestings_is_a_nesting_of_nestings() -> None:
    def f(p: Any) -> Any:
        return {"scalar": p[0] * p[1][0], "array": p[1] * p[0]}

    found = jacobian(f)((2.0, np.array([3.0, 5.0])))
    assert found["scalar"][0] == 3.0
    np.testing.assert_array_equal(found["scalar"][1], [2.0, 0.0])
    np.testing.assert_array_equal(found["array"][0], [3.0, 5.0])
    np.testing.assert_array_equal(found["array"][1], [[2.0, 0.0], [0.0, 2.0]])
    assert jacobian(lambda x, y: [x * y], argnums=(0, 1))(2.0, 3.0) == [(3.0, 2.0)]
    assert jacobian(lambda x: x * x)(3.0) == 6.0


def test_vjp_and_jvp_are_the_two_sides_of_the_jacobian() -> None:
    def f(x: Any) -> Any:
        return np.array([x[0] * x[1], sin(x[1]), exp(x[0] - x[1])])

    x, u, v = np.array([0.5, -1.5]), np.array([1.0, -2.0, 0.5]), np.array([3.0, 0.25])
    matrix = jacobian(f)(x)
    value, pullback = vjp(f, x)
    np.testing.assert_allclose(value, [-0.75, math.sin(-1.5), math.exp(2.0)])
    np.testing.assert_allclose(pullback(u)[0], u @ matrix, rtol=1e-15)
    np.testing.assert_allclose(pullback(u)[0], u @ matrix, rtol=1e-15)  # as often as one likes
    value, tangent = jvp(f, (x,), (v,))
    np.testing.assert_allclose(tangent, matrix @ v, rtol=1e-15)
    assert value.dtype == tangent.dtype == float


# -- functions within functions --------------------------------------------------------------------


def test_no_perturbation_confusion() -> None:
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(2.0) == 4.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * x * y * y)(x))(3.0) == 54.0  # of 2 x**3
    assert grad(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1])(1.0) == 1.0
    assert jvp(lambda x: x * grad(lambda y: x * y)(1.0), (2.0,), (1.0,)) == (4.0, 4.0)
    assert grad(lambda x: jvp(lambda y: y * x, (3.0,), (x,))[1])(2.0) == 4.0  # of x**2


def test_the_same_number_as_two_arguments_is_two_arguments() -> None:
    def f(x: Any) -> Any:
        return grad(lambda a, b: a * a * b, argnums=0)(x, x)

    assert f(3.0) == 18.0
    assert grad(f)(3.0) == 12.0  # of 2 x**2


def test_three_levels_and_a_pullback_that_outlives_its_call() -> None:
    def f(x: Any) -> Any:
        def g(y: Any) -> Any:
            return grad(lambda z: x * y * z**2)(1.0) * y  # 2 x y**2

        return grad(g)(x)  # 4 x**2

    assert grad(f)(3.0) == 24.0

    def through_a_pullback(x: Any) -> Any:
        _, pullback = vjp(lambda y: x * y * y, 3.0)
        return pullback(x)[0]  # 6 x**2

    assert grad(through_a_pullback)(2.0) == 24.0


def test_called_with_values_gives_values() -> None:
    x = Value(2.0)
    slope = grad(lambda x: x**3)(x)
    assert slope.data == 12.0
    slope.backward()
    assert x.grad == 12.0
    value, gradient = value_and_grad(lambda p: p[0] * p[1])([x, 5.0])
    assert value.data == 10.0
    assert [g.data for g in gradient] == [5.0, 2.0]
    assert all(isinstance(g, Value) for g in gradient)
    assert isinstance(grad(lambda x: 3.0)(x), Value)


def test_a_derivative_as_a_loss() -> None:
    """A network whose slope is fitted: called with a Value, what it captures is differentiated."""
    w = Value(0.5)
    slope = grad(lambda x: tanh(w * x))(Value(0.0))
    (slope - 2.0).square().backward()
    assert w.grad == -3.0  # slope = w at 0, and 2 (w - 2)


def test_a_value_among_the_other_arguments_counts_too() -> None:
    w = Value(3.0)
    for call in (
        lambda: grad(lambda x, w: w * x * x)(2.0, w),
        lambda: grad(lambda x, w: w[0]["w"] * x * x)(2.0, [{"w": w}]),
        lambda: grad(lambda x, w: w[0] * x * x)(2.0, np.array([w])),
        lambda: grad(lambda x, *, w: w * x * x)(2.0, w=w),
    ):
        w.zero_grad()
        call().backward()
        assert w.grad == 4.0
    assert grad(lambda x, name: {"w": x * x}[name])(2.0, "w") == 4.0
    endless: list[Any] = []
    endless.append(endless)
    assert grad(lambda x, endless: x * len(endless))(2.0, endless) == 1.0
    with no_grad():
        assert grad(lambda x, w: w * x * x)(2.0, w).parents == ()


def test_captured_values_are_constants_in_a_no_grad_block_and_keep_their_grad() -> None:
    w = Value(3.0)
    inside = w * 2.0
    inside.backward()
    assert (w.grad, inside.grad) == (2.0, 1.0)
    for f in (lambda x: inside * w * x * x, lambda x: inside, lambda x: w):
        with no_grad():
            found = [
                grad(f)(2.0),
                grad(grad(f))(2.0),
                hessian(f)(2.0),
                value_and_grad(f)(2.0)[0],
                jvp(f, (2.0,), (1.0,))[1],
            ]
        assert all(type(x) is float for x in found)
    with no_grad():
        assert grad(lambda x: inside * w * x * x)(2.0) == 72.0
    assert (w.grad, inside.grad) == (2.0, 1.0)
    fresh = w * w
    grad(lambda x: x * fresh)(1.0)
    assert fresh.grad == 0.0


def test_grads_are_put_back_when_a_pass_fails() -> None:
    w = Value(1.0)
    w.grad = 5.0
    with autograd.detect_anomaly(), pytest.raises(FloatingPointError):
        grad(lambda x: sqrt(x) * w)(0.0)
    assert w.grad == 5.0


def test_backward_inside_the_function_does_no_harm() -> None:
    def f(x: Any) -> Any:
        y = x * x
        y.backward()
        return y * x

    assert grad(f)(2.0) == 12.0


def test_no_grad_inside_the_function_is_respected() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            held = x * x
        return held * x

    assert grad(f)(3.0) == 9.0
    assert grad(grad(f))(3.0) == 0.0

    def g(x: Any) -> Any:
        with no_grad():
            slope = grad(lambda y: y * y * x)(x)
        return slope * x

    assert grad(g)(3.0) == 18.0


def test_called_in_a_no_grad_block() -> None:
    with no_grad():
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
        _, pullback = vjp(lambda x: [x * x, x], 3.0)
        assert pullback([1.0, 1.0]) == (7.0,)
        slope = grad(lambda x: x * x)(Value(3.0))
    assert (slope.data, slope.parents) == (6.0, ())
    x = Value(1.0)
    assert (x * 2).parents == (x,)


def test_a_function_that_raises_leaves_nothing_behind() -> None:
    def f(x: Any) -> Any:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"), no_grad():
        grad(f)(1.0)
    assert type(grad(lambda x: x * x)(1.0)) is float
    assert (Value(1.0) * 2).parents


# -- higher orders ---------------------------------------------------------------------------------

THIRD: dict[str, tuple[Callable[[Any], Any], float]] = {
    "exp": (mp.exp, 0.3),
    "expm1": (mp.expm1, 0.3),
    "log": (mp.log, 0.7),
    "log1p": (mp.log1p, 0.7),
    "log2": (lambda x: mp.log(x, 2), 0.7),
    "log10": (mp.log10, 0.7),
    "sqrt": (mp.sqrt, 0.7),
    "cbrt": (mp.cbrt, 0.7),
    "square": (lambda x: x * x, 0.7),
    "reciprocal": (lambda x: 1 / x, 0.7),
    "neg": (lambda x: -x, 0.7),
    "sin": (mp.sin, 0.7),
    "cos": (mp.cos, 0.7),
    "tan": (mp.tan, 0.7),
    "asin": (mp.asin, 0.4),
    "acos": (mp.acos, 0.4),
    "atan": (mp.atan, 0.4),
    "sinh": (mp.sinh, 0.4),
    "cosh": (mp.cosh, 0.4),
    "tanh": (mp.tanh, 0.4),
    "sech2": (lambda x: mp.sech(x) ** 2, 0.4),
    "asinh": (mp.asinh, 0.4),
    "acosh": (mp.acosh, 1.7),
    "atanh": (mp.atanh, 0.4),
    "erf": (mp.erf, 0.4),
    "erfc": (mp.erfc, 0.4),
    "normal_cdf": (mp.ncdf, 0.4),
    "lgamma": (mp.loggamma, 1.4),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), 0.4),
    "gelu": (lambda x: x * mp.ncdf(x), 0.4),
    "silu": (lambda x: x / (1 + mp.exp(-x)), 0.4),
    "softplus": (lambda x: mp.log(1 + mp.exp(x)), 0.4),
    "softsign": (lambda x: x / (1 + abs(x)), 0.4),
    "relu": (lambda x: max(x, 0), 0.4),
    "abs": (abs, -0.4),
}


@pytest.mark.parametrize("name", THIRD)
def test_third_derivatives_of_rows(name: str) -> None:
    """grad(grad(grad(row))) is the third derivative that mpmath finds by differences."""
    reference, x = THIRD[name]
    with mp.workdps(60):
        expected = float(mp.diff(reference, mp.mpf(x), 3))
    found = grad(grad(grad(TABLE[name])))(x)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(
    ("f", "reference"),
    [
        (lambda x: x**x, lambda x: x**x),
        (lambda x: 1 / (1 + x**2.5), lambda x: 1 / (1 + x ** mp.mpf(2.5))),
        (lambda x: autograd.atan2(sin(x), 2 + x), lambda x: mp.atan2(mp.sin(x), 2 + x)),
        (lambda x: autograd.hypot(x, x * x), lambda x: mp.sqrt(x**2 + x**4)),
        (lambda x: autograd.prod([x, sin(x), x]), lambda x: x * x * mp.sin(x)),
        (
            lambda x: autograd.logsumexp([x, x * x, 1.0]),
            lambda x: mp.log(mp.exp(x) + mp.exp(x * x) + mp.e),
        ),
        (
            lambda x: autograd.softmax([sin(x), x, 0.5])[1],
            lambda x: mp.exp(x) / (mp.exp(mp.sin(x)) + mp.exp(x) + mp.exp(0.5)),
        ),
        (lambda x: autograd.dot([x, x * x], [x, 3.0]), lambda x: 4 * x * x),
        (lambda x: autograd.norm([x, 1.0]), lambda x: mp.sqrt(x * x + 1)),
    ],
)
def test_third_derivatives_of_compositions(f: Any, reference: Any) -> None:
    with mp.workdps(60):
        expected = float(mp.diff(reference, mp.mpf(0.7), 3))
    assert grad(grad(grad(f)))(0.7) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_every_order_by_either_way() -> None:
    """The fourth derivative of sin(x**2), with reverse and forward mode in every order."""

    def forward(f: Any) -> Any:
        return lambda x: jvp(f, (x,), (1.0,))[1]

    with mp.workdps(60):
        expected = float(mp.diff(lambda x: mp.sin(x * x), mp.mpf(0.9), 4))
    for pattern in range(16):
        f: Any = lambda x: sin(x * x)  # noqa: E731
        for i in range(4):
            f = (grad if pattern >> i & 1 else forward)(f)
        assert f(0.9) == pytest.approx(expected, rel=1e-12)


def rosenbrock(x: Any) -> Any:
    return autograd.sum(
        100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range(len(x) - 1)
    )


def test_hessian_of_rosenbrock_by_hand() -> None:
    x = np.array([-1.2, 1.0])
    expected = [[1200 * 1.44 - 400 + 2, 480.0], [480.0, 200.0]]
    np.testing.assert_allclose(hessian(rosenbrock)(x), expected, rtol=1e-14)
    np.testing.assert_allclose(jacobian(grad(rosenbrock))(x), expected, rtol=1e-14)
    v = np.array([0.5, -2.0])
    np.testing.assert_allclose(hvp(rosenbrock)(x, v), np.array(expected) @ v, rtol=1e-14)
    third = jacobian(hessian(rosenbrock))(x)
    assert third.shape == (2, 2, 2)
    np.testing.assert_allclose(third[0, 0], [2400 * -1.2, -400.0])


def test_hessians_are_symmetric() -> None:
    def f(x: Any) -> Any:
        return (
            exp(x[0] * x[1]) * tanh(x[2])
            + log(1.5 + cos(x[0] + x[3])) / (1.0 + x[1] ** 2)
            + (maximum(x[2], x[3]) * x[0])
        )

    found = hessian(f)(np.array([0.3, -0.7, 1.1, 0.2]))
    np.testing.assert_allclose(found, found.T, rtol=1e-13, atol=1e-15)
    nested = hessian(lambda p: p["a"] * p["b"][0] ** 2)({"a": 2.0, "b": [3.0]})
    assert nested == {"a": {"a": 0.0, "b": [6.0]}, "b": [{"a": 6.0, "b": [4.0]}]}
    pair = hessian(lambda x, y: x * x * y, argnums=(0, 1))(2.0, 3.0)
    assert pair == ((6.0, 4.0), (4.0, 0.0))


# -- the conventions, at every order ---------------------------------------------------------------


def orders(f: Any, x: float) -> list[float]:
    out = []
    for _ in range(3):
        f = grad(f)
        out.append(f(x))
    return out


def test_a_guarded_function_has_finite_derivatives_of_every_order() -> None:
    assert orders(lambda x: where(x > 0, sqrt(x), 0.0), 0.0) == [0.0, 0.0, 0.0]
    assert orders(lambda x: where(x > 0, log(x), x * x * x), 0.0) == [0.0, 0.0, 6.0]
    assert orders(lambda x: where(x > 0, x / abs(x), x), 0.0) == [1.0, 0.0, 0.0]


def test_a_zero_adjoint_passes_nothing_at_every_order() -> None:
    assert orders(lambda x: 0.0 * sqrt(x), 0.0) == [0.0, 0.0, 0.0]
    assert orders(lambda x: relu(-x) * 1.0, 2.0) == [0.0, 0.0, 0.0]


def test_a_factor_that_is_zero_here_may_still_vary() -> None:
    assert orders(lambda x: x**2, 0.0) == [0.0, 2.0, 0.0]
    assert orders(lambda x: x**3, 0.0) == [0.0, 0.0, 6.0]
    assert orders(lambda x: x * x * x, 0.0) == [0.0, 0.0, 6.0]
    assert orders(lambda x: autograd.prod([x, x, x]), 0.0) == [0.0, 0.0, 6.0]
    assert hessian(lambda p: p[0] * p[1])([0.0, 0.0]) == [[0.0, 1.0], [1.0, 0.0]]


def test_kinks_at_every_order() -> None:
    assert orders(relu, 0.0) == [0.0, 0.0, 0.0]
    assert orders(abs, 0.0) == [0.0, 0.0, 0.0]
    assert orders(autograd.leaky_relu, 0.0) == [1.0, 0.0, 0.0]
    assert orders(lambda x: maximum(x, 0.0), 0.0) == [0.5, 0.0, 0.0]
    assert orders(lambda x: autograd.clip(x, 0.0, 1.0), 1.0) == [1.0, 0.0, 0.0]
    assert orders(sqrt, 0.0)[0] == math.inf


def test_selections_cut_forward_too() -> None:
    assert jvp(lambda x: where(x > 0, sqrt(x), 0.0), (0.0,), (1.0,)) == (0.0, 0.0)
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)


def cancelling(x: Any) -> Any:
    root = sqrt(x)
    return root - root


def test_forward_mode_has_the_zeros_of_backward() -> None:
    """What is multiplied by 0 further up is 0 further down; only sums that cancel are met late."""
    for f in (lambda x: 0.0 * sqrt(x), lambda x: sqrt(x) ** 2, lambda x: autograd.floor(1 / x)):
        assert grad(f)(0.0) == jvp(f, (0.0,), (1.0,))[1] == 0.0
        assert jvp(grad(f), (0.0,), (1.0,))[1] == 0.0
        assert jvp(lambda x, f=f: jvp(f, (x,), (1.0,))[1], (0.0,), (1.0,))[1] == 0.0
    assert grad(cancelling)(0.0) == 0.0
    assert math.isnan(jvp(cancelling, (0.0,), (1.0,))[1])


def test_anomalies_of_higher_derivatives_are_those_of_the_result() -> None:
    """Not those that a rule meets on a side it does not take; and the operation is named."""
    with autograd.detect_anomaly():
        assert hessian(lambda p: autograd.atan2(p[0], p[1]))([0.0, 0.0]) == [[0.0, 0.0]] * 2
        assert hessian(lambda p: p[0] ** p[1])([0.0, 2.0])[0][0] == 2.0
        with pytest.raises(FloatingPointError, match=r"backward through sqrt\(0.0\) made inf"):
            grad(grad(sqrt))(0.0)


def agree(a: float, b: float, tolerance: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= tolerance * max(abs(a), abs(b))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_numbers_and_graphs_give_the_gradients_of_backward(data: Any, formulas: Any) -> None:
    """At NaN, infinities and kinks too: bit for bit from numbers, to rounding from the rules."""
    f = data.draw(formulas())
    leaves = [Value(x) for x in f.inputs]
    root = f(leaves)
    if isinstance(root, Value):
        root.backward()
    numbers = grad(f)(f.inputs)
    graphs = grad(f)([Value(x) for x in f.inputs])
    for leaf, number, graph in zip(leaves, numbers, graphs, strict=True):
        assert agree(leaf.grad, number, 0.0)
        assert agree(leaf.grad, graph.data, 1e-9)


SMOOTH = ["add", "sub", "mul", "sin", "cos", "tanh", "sigmoid", "softplus", "atan", "square"]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_four_ways_to_a_hessian(data: Any, formulas: Any) -> None:
    """Reverse over reverse, forward over reverse, products with unit vectors; and it is
    symmetric."""
    f = data.draw(formulas(rows=[TABLE[name] for name in SMOOTH], numbers=st.floats(-1.0, 1.0)))
    x, n = f.inputs, len(f.inputs)
    units = np.eye(n).tolist()
    ways = [
        np.array(hessian(f)(x)),
        np.array(hessian(f)(x)).T,
        np.array([jvp(grad(f), (x,), (unit,))[1] for unit in units]),
        np.array([hvp(f)(x, unit) for unit in units]),
    ]
    scale = 1.0 + np.abs(ways[0]).max()
    for way in ways[1:]:
        np.testing.assert_allclose(way, ways[0], rtol=1e-9, atol=1e-9 * scale)


def test_a_plain_zero_in_a_rule_raises_nothing() -> None:
    """1/b with a plain b of 0: infinite, as in the engine's own pass."""
    assert grad(lambda x: x / 0.0)(1.0) == math.inf
    assert jvp(lambda x: x / 0.0, (1.0,), (1.0,))[1] == math.inf
    slope = grad(lambda x: x / 0.0)(Value(1.0))
    assert slope.data == math.inf


def test_a_primitive_of_ones_own_has_every_order() -> None:
    cube = primitive("cube_of_test_transforms", lambda x: x * x * x, lambda out, x: 3 * x * x)
    try:
        assert orders(cube, 2.0) == [12.0, 12.0, 6.0]
    finally:
        TABLE.pop("cube_of_test_transforms")
        delattr(Value, "cube_of_test_transforms")


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: grad(lambda x: [x, x])(1.0),
            "returns one number, this one returned.*use jacobian",
        ),
        (lambda: value_and_grad(lambda x: (x,))(1.0), "value_and_grad needs a function that"),
        (lambda: grad(lambda x: x * x)(np.ones(2)), "returns one number"),
        (lambda: hessian(lambda x: [x])(1.0), "hessian needs a function that returns one number"),
        (lambda: grad(lambda x: None)(1.0), "what grad's function returns must be.*got None; is a"),
        (
            lambda: grad(lambda s: s.sum())(pytest.importorskip("pandas").Series([1.0])),
            r"got Series.*an array with \.to_numpy\(\)$",
        ),
        (lambda: grad(lambda m: m(1.0))(nn.Neuron(1)), r"got Neuron.*from loss\.backward\(\)$"),
        (lambda: grad(lambda x: x)("1.0"), "grad's argument must be.*got str '1.0'"),
        (lambda: jacobian(lambda x: x)({"a": "1"}), "jacobian's argument must be.*got str '1'"),
        (lambda: grad(lambda x: x, argnums=1)(1.0), "asked for argument 1.*1 positional argument$"),
        (lambda: grad(lambda x: x)(x=1.0), "called with 0 positional arguments"),
        (lambda: grad(lambda x: x, argnums=1.0)(1.0), "argnums is an int or a tuple of ints"),
        (lambda: jvp(lambda x: x, (1.0,), ([1.0],)), "jvp's tangents must have the nesting"),
        (lambda: jvp(lambda x: x, 1.0, 1.0), "jvp's args are a tuple"),
        (lambda: vjp(lambda x: [x], 1.0)[1](1.0), "vjp's cotangent must have the nesting"),
        (lambda: hvp(lambda x: x[0])([1.0], [1.0, 2.0]), "hvp's vector must have the nesting"),
    ],
)
def test_mistakes_are_told(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


# -- cost and size ---------------------------------------------------------------------------------


def long_chain(x: Any) -> Any:
    for i in range(5_000):
        x = x * 0.999 + 0.001 if i % 5 else tanh(x) + 0.5
    return x


def nodes_visited(f: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many nodes the reverse passes of a transform walk over, added up."""
    visits = 0

    def counted(roots: Any) -> Any:
        nonlocal visits
        nodes = reachable(roots)
        visits += len(nodes)
        return nodes

    monkeypatch.setattr(linearization, "reachable", counted)
    f()
    return visits


def test_a_gradient_costs_no_more_than_five_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10,000 operations: it walks over the recorded nodes once, and there are no others."""
    x = Value(0.5)
    recorded = len(reachable([long_chain(x)]))
    assert recorded == 10_001
    visits = nodes_visited(lambda: grad(long_chain)(0.5), monkeypatch)
    assert visits <= recorded + 1
    second = value_and_grad(grad(long_chain))(Value(0.5))[0]
    assert len(reachable([second])) <= 5 * recorded


def test_deep_chains() -> None:
    def deep(x: Any) -> Any:
        for _ in range(30_000):
            x = x * 1.0
        return x * x

    assert grad(deep)(3.0) == 6.0
    assert grad(grad(deep))(3.0) == 2.0
    assert jvp(deep, (3.0,), (1.0,)) == (9.0, 6.0)
