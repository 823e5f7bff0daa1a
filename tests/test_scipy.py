"""SciPy's optimisers on our derivatives: problems of Moré, Garbow and Hillstrom, "Testing
Unconstrained Optimization Software" (1981), by their numbers there, from their standard starting
points to the minima that they list."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

import autograd
from autograd import atan2, cos, exp, hessian, hvp, hypot, jacobian, sin, value_and_grad

np = pytest.importorskip("numpy", reason="NumPy is not installed")
optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")


def test_the_names_are_those_of_the_collection() -> None:
    assert len(PROBLEMS) >= 10
    assert [problem.number for problem in PROBLEMS] == sorted({p.number for p in PROBLEMS})


# -- the problems: what is squared and added up ----------------------------------------------------


def rosenbrock(x: Any) -> list[Any]:
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


def freudenstein_and_roth(x: Any) -> list[Any]:
    return [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ]


def brown_badly_scaled(x: Any) -> list[Any]:
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


def beale(x: Any) -> list[Any]:
    return [y - x[0] * (1 - x[1] ** i) for i, y in enumerate([1.5, 2.25, 2.625], start=1)]


def jennrich_and_sampson(x: Any) -> list[Any]:
    return [2 + 2 * i - (exp(i * x[0]) + exp(i * x[1])) for i in range(1, 11)]


def helical_valley(x: Any) -> list[Any]:
    angle = atan2(x[1], x[0]) / (2 * math.pi)
    return [10 * (x[2] - 10 * angle), 10 * (hypot(x[0], x[1]) - 1), x[2]]


def bard(x: Any) -> list[Any]:
    y = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    return [y[u - 1] - (x[0] + u / ((16 - u) * x[1] + min(u, 16 - u) * x[2])) for u in range(1, 16)]


def gaussian(x: Any) -> list[Any]:
    half = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
    y = [*half, 0.3989, *reversed(half)]
    return [x[0] * exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y[i - 1] for i in range(1, 16)]


def box(x: Any) -> list[Any]:
    times = [0.1 * i for i in range(1, 11)]
    return [
        exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (math.exp(-t) - math.exp(-10 * t)) for t in times
    ]


def powell_singular(x: Any) -> list[Any]:
    return [
        x[0] + 10 * x[1],
        math.sqrt(5) * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        math.sqrt(10) * (x[0] - x[3]) ** 2,
    ]


def wood(x: Any) -> list[Any]:
    return [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        math.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        math.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / math.sqrt(10),
    ]


def kowalik_and_osborne(x: Any) -> list[Any]:
    y = [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    u = [4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625]
    return [
        b - x[0] * (a * a + a * x[1]) / (a * a + a * x[2] + x[3]) for a, b in zip(u, y, strict=True)
    ]


def brown_and_dennis(x: Any) -> list[Any]:
    times = [i / 5 for i in range(1, 21)]
    return [
        (x[0] + t * x[1] - math.exp(t)) ** 2 + (x[2] + x[3] * math.sin(t) - math.cos(t)) ** 2
        for t in times
    ]


def biggs(x: Any) -> list[Any]:
    times = [0.1 * i for i in range(1, 14)]
    return [
        x[2] * exp(-t * x[0])
        - x[3] * exp(-t * x[1])
        + x[5] * exp(-t * x[4])
        - (math.exp(-t) - 5 * math.exp(-10 * t) + 3 * math.exp(-4 * t))
        for t in times
    ]


def watson(x: Any) -> list[Any]:
    def equation(t: float) -> Any:
        slope = autograd.sum(j * x[j] * t ** (j - 1) for j in range(1, len(x)))
        return slope - autograd.sum(x[j] * t**j for j in range(len(x))) ** 2 - 1

    return [*[equation(i / 29) for i in range(1, 30)], x[0], x[1] - x[0] ** 2 - 1]


def variably_dimensioned(x: Any) -> list[Any]:
    total = autograd.sum(j * (y - 1) for j, y in enumerate(x, start=1))
    return [*[y - 1 for y in x], total, total**2]


def trigonometric(x: Any) -> list[Any]:
    n = len(x)
    total = n - autograd.sum(cos(y) for y in x)
    return [total + i * (1 - cos(y)) - sin(y) for i, y in enumerate(x, start=1)]


def discrete_boundary_value(x: Any) -> list[Any]:
    h = 1 / (len(x) + 1)
    padded = [0.0, *x, 0.0]
    return [
        2 * padded[i] - padded[i - 1] - padded[i + 1] + h * h * (padded[i] + i * h + 1) ** 3 / 2
        for i in range(1, len(x) + 1)
    ]


def broyden_tridiagonal(x: Any) -> list[Any]:
    padded = [0.0, *x, 0.0]
    return [
        (3 - 2 * padded[i]) * padded[i] - padded[i - 1] - 2 * padded[i + 1] + 1
        for i in range(1, len(x) + 1)
    ]


class Problem(NamedTuple):
    """The minima are of the sum of squares."""

    number: int
    residuals: Callable[[Any], list[Any]]
    start: Sequence[float]
    minima: tuple[float, ...] = (0.0,)

    def vector(self, x: Any) -> Any:
        return np.array(self.residuals(x))

    def total(self, x: Any) -> Any:
        return autograd.sum(r**2 for r in self.residuals(x))


PROBLEMS = [
    Problem(1, rosenbrock, [-1.2, 1.0]),
    Problem(2, freudenstein_and_roth, [0.5, -2.0], (0.0, 48.9842)),
    Problem(4, brown_badly_scaled, [1.0, 1.0]),
    Problem(5, beale, [1.0, 1.0]),
    Problem(6, jennrich_and_sampson, [0.3, 0.4], (124.362,)),
    Problem(7, helical_valley, [-1.0, 0.0, 0.0]),
    Problem(8, bard, [1.0, 1.0, 1.0], (8.21487e-3,)),
    Problem(9, gaussian, [0.4, 1.0, 0.0], (1.12793e-8,)),
    Problem(12, box, [0.0, 10.0, 20.0]),
    Problem(13, powell_singular, [3.0, -1.0, 0.0, 1.0]),
    Problem(14, wood, [-3.0, -1.0, -3.0, -1.0]),
    Problem(15, kowalik_and_osborne, [0.25, 0.39, 0.415, 0.39], (3.07505e-4,)),
    Problem(16, brown_and_dennis, [25.0, 5.0, -5.0, -1.0], (85822.2,)),
    Problem(18, biggs, [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], (0.0, 5.65565e-3)),
    Problem(20, watson, [0.0] * 6, (2.28767e-3,)),
    Problem(25, variably_dimensioned, [1 - j / 10 for j in range(1, 11)]),
    Problem(26, trigonometric, [0.1] * 10, (0.0, 2.79506e-5)),
    Problem(28, discrete_boundary_value, [i / 11 * (i / 11 - 1) for i in range(1, 11)]),
    Problem(30, broyden_tridiagonal, [-1.0] * 10),
]


def each(problems: Sequence[Problem], *but: Callable[[Any], list[Any]]) -> pytest.MarkDecorator:
    chosen = [problem for problem in problems if problem.residuals not in but]
    names = [problem.residuals.__name__ for problem in chosen]
    return pytest.mark.parametrize("problem", chosen, ids=names)


def check(problem: Problem, found: float) -> None:
    """One of the listed minima, which have six digits."""
    assert any(abs(found - x) <= (5e-6 * x if x else 1e-8) for x in problem.minima), found


# -- minimize --------------------------------------------------------------------------------------


@each(PROBLEMS)
def test_bfgs(problem: Problem) -> None:
    found = optimize.minimize(
        value_and_grad(problem.total),
        np.array(problem.start),
        jac=True,
        method="BFGS",
        options={"gtol": 1e-8},
    )
    check(problem, found.fun)


@each(PROBLEMS, wood, biggs)  # which take it some thousand products
def test_newton_cg(problem: Problem) -> None:
    found = optimize.minimize(
        value_and_grad(problem.total),
        np.array(problem.start),
        jac=True,
        hessp=hvp(problem.total),
        method="Newton-CG",
        options={"xtol": 1e-6, "maxiter": 2000},
    )
    check(problem, found.fun)


@each(PROBLEMS)
def test_trust_exact(problem: Problem) -> None:
    found = optimize.minimize(
        value_and_grad(problem.total),
        np.array(problem.start),
        jac=True,
        hess=hessian(problem.total),
        method="trust-exact",
        options={"gtol": 1e-8, "maxiter": 2000},
    )
    check(problem, found.fun)


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "dogleg", "trust-krylov"])
def test_other_methods_take_them_too(method: str) -> None:
    problem = PROBLEMS[0]
    start = [0.9, 0.8] if method == "dogleg" else problem.start  # convex there
    second = {"hess": hessian(problem.total)} if method in ("dogleg", "trust-krylov") else {}
    found = optimize.minimize(
        value_and_grad(problem.total), start, jac=True, method=method, tol=1e-8, **second
    )
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-4)


# -- least_squares and root ------------------------------------------------------------------------


@each(PROBLEMS)
def test_least_squares(problem: Problem) -> None:
    found = optimize.least_squares(
        problem.vector, problem.start, jac=jacobian(problem.vector), xtol=1e-12, ftol=1e-12
    )
    check(problem, 2 * found.cost)


SQUARE = [
    problem for problem in PROBLEMS if len(problem.residuals(problem.start)) == len(problem.start)
]


@each(SQUARE, trigonometric)  # where it stops at the minimum that is no root
def test_root(problem: Problem) -> None:
    found = optimize.root(problem.vector, problem.start, jac=jacobian(problem.vector))
    check(problem, problem.total(found.x))
