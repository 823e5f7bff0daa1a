"""Derivatives of roots and fixed points: against solutions by hand, and against Newton's iterations
differentiated one by one."""

from __future__ import annotations

import doctest
import gc
import math
import sys
from typing import Any

import pytest

import autograd
from autograd import (
    Value,
    cos,
    exp,
    grad,
    hessian,
    implicit_fixed_point,
    implicit_root,
    jacobian,
    jvp,
    no_grad,
    sin,
    sqrt,
    tanh,
    vjp,
)


def test_docstrings() -> None:
    assert doctest.testmod(sys.modules["autograd.transforms.implicit"]).failed == 0


# -- one unknown -----------------------------------------------------------------------------------


def kepler_by_newton(mean: Any, e: Any) -> Any:
    """The eccentric anomaly E - e sin E = M, of Values or numbers."""
    x = mean
    for _ in range(30):
        x = x - (x - e * sin(x) - mean) / (1.0 - e * cos(x))
    return x


kepler = implicit_root(lambda x, mean, e: x - e * sin(x) - mean, kepler_by_newton)


@pytest.mark.parametrize(("mean", "e"), [(1.0, 0.3), (0.1, 0.9), (-2.5, 0.6), (3.0, 0.0)])
def test_keplers_equation(mean: float, e: float) -> None:
    """dE/dM = 1/(1 - e cos E), dE/de = sin E/(1 - e cos E), d²E/dM² = -e sin E/(1 - e cos E)³."""
    x = kepler(mean, e)
    assert x - e * math.sin(x) == pytest.approx(mean, rel=1e-15)
    slope = 1.0 - e * math.cos(x)
    assert grad(kepler)(mean, e) == pytest.approx(1.0 / slope, rel=1e-14)
    assert grad(kepler, 1)(mean, e) == pytest.approx(math.sin(x) / slope, rel=1e-14)
    second = grad(grad(kepler))(mean, e)
    assert second == pytest.approx(-e * math.sin(x) / slope**3, rel=1e-13, abs=1e-15)


def test_every_order_against_unrolled_newton() -> None:
    for order in range(1, 5):
        f, g = kepler, kepler_by_newton
        for i in range(order):
            f, g = grad(f, i % 2), grad(g, i % 2)
        assert f(1.0, 0.3) == pytest.approx(g(1.0, 0.3), rel=1e-11)


def test_eager_values() -> None:
    mean, e = Value(1.0), Value(0.3)
    x = kepler(mean, e)
    assert isinstance(x, Value)
    (x * x).backward()
    root = kepler(1.0, 0.3)
    assert mean.grad == pytest.approx(2 * root / (1 - 0.3 * math.cos(root)), rel=1e-14)
    assert x.op == "implicit_root"


def test_plain_numbers_give_plain_numbers() -> None:
    assert type(kepler(1.0, 0.3)) is float
    assert type(kepler(1, 0)) is float
    with no_grad():
        x = kepler(Value(1.0), 0.3)
    assert x.parents == ()
    assert x.data == kepler(1.0, 0.3)


def test_the_solver_sees_plain_numbers_and_its_own_options() -> None:
    seen: list[Any] = []

    def solve(a: Any, *, start: float) -> float:
        seen.append((type(a), start))
        return math.sqrt(a)

    root = implicit_root(lambda x, a: x * x - a, solve)
    assert grad(root)(4.0, start=1.5) == 0.25
    assert grad(grad(root))(4.0, start=1.5) == pytest.approx(-1 / 32, rel=1e-15)
    assert seen == [(float, 1.5), (float, 1.5)]


def test_what_the_solver_computes_on_values_is_not_recorded() -> None:
    w = Value(4.0)
    root = implicit_root(lambda x: x * x - w, lambda: sqrt(w))
    x = root()
    assert (x.data, x.inputs[1:]) == (2.0, (w,))


def test_captured_values_are_differentiated() -> None:
    """x² = w³, captured from a transform around it, from one within, and from none."""

    def f(w: Any) -> Any:
        return implicit_root(lambda x: x * x - w * w * w, lambda: 2.0**1.5)()

    assert grad(f)(2.0) == pytest.approx(1.5 * math.sqrt(2.0), rel=1e-15)
    assert grad(grad(f))(2.0) == pytest.approx(0.75 / math.sqrt(2.0), rel=1e-14)
    w = Value(2.0)
    f(w).backward()
    assert w.grad == pytest.approx(1.5 * math.sqrt(2.0), rel=1e-15)


def test_an_argument_and_what_was_computed_from_it() -> None:
    """x² = a b with b = a² captured: x = a^1.5."""

    def f(a: Any) -> Any:
        b = a * a
        return implicit_root(lambda x, a: x * x - a * b, lambda a: a**1.5)(a)

    assert grad(f)(2.0) == pytest.approx(1.5 * math.sqrt(2.0), rel=1e-14)
    assert grad(grad(f))(2.0) == pytest.approx(0.75 / math.sqrt(2.0), rel=1e-14)


def test_a_root_of_a_root() -> None:
    """y³ = sqrt(a), where sqrt(a) is a root itself."""
    inner = implicit_root(lambda x, a: x * x - a, math.sqrt)
    outer = implicit_root(lambda y, a: y**3 - inner(a), lambda a: a ** (1 / 6))
    assert grad(outer)(3.0) == pytest.approx(3.0 ** (-5 / 6) / 6, rel=1e-13)
    assert grad(grad(outer))(3.0) == pytest.approx(-5 / 36 * 3.0 ** (-11 / 6), rel=1e-13)


def test_an_argument_that_does_not_matter() -> None:
    root = implicit_root(lambda x, a, b: x * x - a, lambda a, b: math.sqrt(a))
    assert grad(root, (0, 1))(4.0, 7.0) == (0.25, 0.0)
    constant = implicit_root(lambda x, a: x * x - 2.0, lambda a: math.sqrt(2.0))
    assert grad(constant)(3.0) == 0.0
    assert isinstance(constant(Value(3.0)), Value)


# -- several unknowns ------------------------------------------------------------------------------


def solve_nested(a: Any) -> Any:
    """Plain Newton for the two equations below."""
    x, y = 1.5, 0.5
    for _ in range(50):
        r, s = x * x + y * y - a["r"], x * y - a["p"][0] * x
        determinant = 2 * x * x - 2 * y * (y - a["p"][0])
        x, y = (
            x - (x * r - 2 * y * s) / determinant,
            y - (2 * x * s - (y - a["p"][0]) * r) / determinant,
        )
    return {"x": x, "y": (y,)}


nested = implicit_root(
    lambda u, a: [u["x"] ** 2 + u["y"][0] ** 2 - a["r"], u["y"][0] * u["x"] - a["p"][0] * u["x"]],
    solve_nested,
)


def nested_by_hand(a: Any) -> Any:
    return {"x": sqrt(a["r"] - a["p"][0] ** 2), "y": (a["p"][0] * 1.0,)}


def flat(tree: Any) -> list[float]:
    return [
        x.data if isinstance(x, Value) else x for x in autograd.transforms.tree.flatten(tree)[0]
    ]


def test_nestings_of_unknowns_and_arguments() -> None:
    a = {"r": 3.0, "p": [0.7]}
    found, expected = jacobian(nested)(a), jacobian(nested_by_hand)(a)
    assert found.keys() == {"x", "y"}
    assert flat(found) == pytest.approx(flat(expected), rel=1e-13, abs=1e-15)


def test_second_and_third_derivatives_of_several_unknowns() -> None:
    a = {"r": 3.0, "p": [0.7]}

    def through(f: Any) -> Any:
        return lambda a: f(a)["x"] * f(a)["y"][0] ** 2 + exp(f(a)["x"])

    for transform in (hessian, lambda f: jacobian(hessian(f))):
        found, expected = transform(through(nested))(a), transform(through(nested_by_hand))(a)
        assert flat(found) == pytest.approx(flat(expected), rel=1e-12, abs=1e-13)


def test_forward_and_reverse_mode_agree() -> None:
    a, v = {"r": 3.0, "p": [0.7]}, {"r": 1.0, "p": [-2.0]}
    value, tangent = jvp(nested, (a,), (v,))
    assert value == nested(a)
    matrix = jacobian(nested)(a)
    expected = [
        matrix["x"]["r"] - 2 * matrix["x"]["p"][0],
        matrix["y"][0]["r"] - 2 * matrix["y"][0]["p"][0],
    ]
    assert flat(tangent) == pytest.approx(expected, rel=1e-14)
    _, pullback = vjp(nested, a)
    assert flat(pullback({"x": 0.0, "y": (1.0,)})[0]) == flat(matrix["y"][0])


def test_linear_equations_by_hand() -> None:
    """A x = b: dx/db = A⁻¹, and of x with respect to A, dx_i/dA_jk = -A⁻¹_ij x_k."""

    def solve(a: Any, b: Any) -> Any:
        (p, q), (r, s) = a
        det = p * s - q * r
        return [(s * b[0] - q * b[1]) / det, (p * b[1] - r * b[0]) / det]

    root = implicit_root(
        lambda x, a, b: [a[i][0] * x[0] + a[i][1] * x[1] - b[i] for i in range(2)], solve
    )
    a, b = [[2.0, 1.0], [1.0, 3.0]], [1.0, -1.0]
    inverse, x = [[0.6, -0.2], [-0.2, 0.4]], [0.8, -0.6]
    assert root(a, b) == pytest.approx(x, rel=1e-15)
    by_b = jacobian(root, 1)(a, b)
    by_a = jacobian(root)(a, b)
    for i in range(2):
        assert by_b[i] == pytest.approx(inverse[i], rel=1e-14)
        for j in range(2):
            assert by_a[i][j] == pytest.approx([-inverse[i][j] * y for y in x], rel=1e-14)


def test_equations_of_very_different_size() -> None:
    root = implicit_root(
        lambda x, a: [1e-20 * (x[0] - a * x[1]), 1e20 * (x[1] - 1e-9 * a)],
        lambda a: [1e-9 * a * a, 1e-9 * a],
    )
    assert jacobian(root)(3.0) == pytest.approx([6e-9, 1e-9], rel=1e-14)


# -- fixed points ----------------------------------------------------------------------------------


def test_a_fixed_point_of_a_network_layer() -> None:
    """x = tanh(w x + b), iterated to the end; against the iterations differentiated one by one."""

    def layer(x: Any, w: Any, b: Any) -> Any:
        return [tanh(autograd.dot(row, x) + bias) for row, bias in zip(w, b, strict=True)]

    def iterate(w: Any, b: Any) -> Any:
        x = [0.0, 0.0]
        for _ in range(80):
            x = layer(x, w, b)
        return x

    state = implicit_fixed_point(layer, iterate)
    w, b = [[0.3, -0.2], [0.1, 0.4]], [0.5, -1.0]

    def loss(f: Any) -> Any:
        return lambda w, b: f(w, b)[0] ** 2 + 3 * f(w, b)[1]

    for order in (lambda f: grad(f, (0, 1)), lambda f: hessian(f, 1)):
        found, expected = order(loss(state))(w, b), order(loss(iterate))(w, b)
        assert flat(found) == pytest.approx(flat(expected), rel=1e-11)


def test_a_minimum_by_its_gradient() -> None:
    """argmin over x of exp(x) - a x is log a."""

    def energy(x: Any, a: Any) -> Any:
        return exp(x) - a * x

    lowest = implicit_root(grad(energy), math.log)
    assert lowest(2.5) == math.log(2.5)
    assert grad(lowest)(2.5) == pytest.approx(0.4, rel=1e-15)
    assert grad(grad(lowest))(2.5) == pytest.approx(-0.16, rel=1e-14)


# -- with SciPy ------------------------------------------------------------------------------------


def test_scipy_brentq() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    root = implicit_root(
        lambda x, a: exp(x) * x - a,
        lambda a: optimize.brentq(lambda x: exp(x) * x - a, 0.0, 5.0, xtol=1e-14),
    )
    x = root(2.0)
    assert grad(root)(2.0) == pytest.approx(1 / (math.exp(x) * (1 + x)), rel=1e-12)


def test_scipy_root_on_arrays() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")

    def residual(x: Any, a: Any) -> Any:
        return a @ x + np.tanh(x) - 1.0

    def solve(a: Any) -> Any:
        return optimize.root(residual, np.zeros(3), (a,), jac=jacobian(residual), tol=1e-13).x

    a = np.array([[3.0, 1.0, 0.0], [1.0, 4.0, 1.0], [0.0, -1.0, 2.0]])
    root = implicit_root(residual, solve)
    x = root(a)
    assert x.dtype == float
    inverse = np.linalg.inv(a + np.diag(1 / np.cosh(x) ** 2))
    expected = -np.einsum("ij,k->ijk", inverse, x)
    np.testing.assert_allclose(jacobian(root)(a), expected, rtol=1e-11, atol=1e-14)


# -- awkward points and mistakes -------------------------------------------------------------------


def test_no_root_is_told() -> None:
    rough = implicit_root(lambda x, a: x * x - a, lambda a: 1.5)
    assert rough(2.0) == 1.5  # nobody wants a derivative
    message = "solve returned 1.5, which is no root: a Newton step from there goes to 1.41666"
    with pytest.raises(ValueError, match=message):
        grad(rough)(2.0)
    allowed = implicit_root(lambda x, a: x * x - a, lambda a: 1.5, tol=0.1)
    assert grad(allowed)(2.0) == 1 / 3


def test_a_singular_residual_is_told() -> None:
    with pytest.raises(ValueError, match=r"at 0\.0 the derivative of the residual.*singular"):
        grad(implicit_root(lambda x, a: x * x - a, math.sqrt))(0.0)
    twice = implicit_root(
        lambda x, a: [0.1 * x[0] + 0.2 * x[1] - a, 0.3 * x[0] + 0.6 * x[1] - 3 * a],
        lambda a: [10 * a, 0.0],
    )
    with pytest.raises(ValueError, match=r"at \[10\.0, 0\.0\] the derivative.*singular"):
        jacobian(twice)(1.0)
    with pytest.raises(ValueError, match="singular"):
        grad(implicit_root(lambda x, a: a - 1.0, lambda a: 5.0))(1.0)


def test_nan_stays_nan() -> None:
    lost = implicit_root(lambda x, a: x * x - a, lambda a: math.nan)
    assert math.isnan(grad(lost)(2.0))
    edge = implicit_root(lambda x, a: sqrt(x) - a, lambda a: a * a)
    assert math.isnan(grad(edge)(0.0))


def test_a_residual_that_changes_is_told() -> None:
    calls: list[int] = []

    def residual(x: Any, a: Any) -> Any:
        calls.append(1)
        return x - a if len(calls) % 2 else sin(x) - sin(a)

    with pytest.raises(ValueError, match="computed different things from the same numbers"):
        grad(implicit_root(residual, lambda a: a))(1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: implicit_root(lambda x, a: [x - a, x], lambda a: a)(1.0),
            ValueError,
            "as many equations as unknowns: the residual has 2 numbers, the root.*returned 1",
        ),
        (
            lambda: implicit_root(lambda x, a: x, lambda a: "0.5")(1.0),
            TypeError,
            "what implicit_root's solve returns must be .*got str '0.5'",
        ),
        (
            lambda: implicit_root(lambda x, a: None, lambda a: a)(1.0),
            TypeError,
            "what implicit_root's residual returns must be",
        ),
        (
            lambda: implicit_root(lambda x, a: x, lambda a: 1.0)("a"),
            TypeError,
            "implicit_root's arguments must be",
        ),
        (
            lambda: implicit_fixed_point(lambda x, a: [x], lambda a: a)(1.0),
            TypeError,
            "implicit_fixed_point's function must return the nesting and the shapes of x",
        ),
    ],
)
def test_mistakes_are_told(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_node_says_that_it_can_not_be_computed_anew() -> None:
    x = kepler(Value(1.0), 0.3)
    assert x.primitive.forward(*[getattr(i, "data", i) for i in x.inputs]) == x.data
    with pytest.raises(ValueError, match="can't be computed anew from its node"):
        x.primitive.forward(0.0, 2.0)


def test_a_copy_has_a_first_derivative_only() -> None:
    import copy

    mean = Value(1.0)
    x, twin = copy.deepcopy((kepler(mean, 0.3), mean))
    x.backward()
    assert twin.grad == pytest.approx(grad(kepler)(1.0, 0.3), rel=1e-15)
    factors = x.primitive.partials
    with pytest.raises(ValueError, match="a copy of a root has a first derivative only"):
        factors(x, *x.inputs)


@pytest.mark.usefixtures("no_collector")
def test_long_chains_of_roots_are_freed_without_the_collector() -> None:
    """Implicit Euler: the derivative is the product of all steps', and nothing is left behind."""
    step = implicit_root(lambda x, before: x - before + 0.001 * x, lambda before: before / 1.001)
    start = Value(1.0)
    x = start
    for _ in range(3000):
        x = step(x)
    x.backward()
    assert start.grad == pytest.approx(1.001**-3000, rel=1e-11)
    second = grad(grad(lambda a: step(step(a)) ** 2))(1.0)
    assert second == pytest.approx(2 * 1.001**-4, rel=1e-12)
    del x
    assert gc.collect() < 100
