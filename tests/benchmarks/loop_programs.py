"""Programs as practitioners write them: plain Python loops over data, time steps and neurons.

Each function of numbers is also given as its value and gradient in C, by hand, in
`loop_references.c`; those that go step by step also by `jax.lax.scan`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple


class Program(NamedTuple):
    """A function of numbers, the point at which it is taken, and the data that C gets."""

    f: Callable[[Any], Any]
    point: list[float]
    data: list[float]


def normal(n: int) -> list[float]:
    random = Random(1)
    return [random.gauss(0.0, 1.0) for _ in range(n)]


def rosenbrock(n: int) -> Program:
    def f(x: Any) -> Any:
        return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))

    return Program(f, [-1.2 + 2.2 * i / (n - 1) for i in range(n)], [])


def garch(n: int) -> Program:
    """Minus the log-likelihood of a GARCH(1,1) process, but for a constant."""
    data = normal(n)

    def f(p: Any) -> Any:
        h, total = 1.0, 0.0
        for before, now in pairwise(data):
            h = p[0] + p[1] * (before * before) + p[2] * h
            total = total + 0.5 * (autograd_log(h) + now * now / h)
        return total

    return Program(f, [0.1, 0.1, 0.8], data)


def lorenz(n: int) -> Program:
    """The sum of x² along n steps of Runge and Kutta's method, by three parameters and a fourth
    that weighs the third state."""

    def slope(s: Any, p: Any) -> Any:
        x, y, z = s
        return [p[0] * (y - x), x * (p[1] - z) - y * p[3], x * y - p[2] * z]

    def f(p: Any) -> Any:
        s, h, total = [1.0, 1.0, 1.0], 0.001, 0.0
        for _ in range(n):
            k1 = slope(s, p)
            k2 = slope([a + h / 2 * k for a, k in zip(s, k1, strict=True)], p)
            k3 = slope([a + h / 2 * k for a, k in zip(s, k2, strict=True)], p)
            k4 = slope([a + h * k for a, k in zip(s, k3, strict=True)], p)
            ks = zip(s, k1, k2, k3, k4, strict=True)
            s = [a + h / 6 * (q + 2 * r + 2 * u + v) for a, q, r, u, v in ks]
            total = total + s[0] * s[0]
        return total

    return Program(f, [10.0, 28.0, 8.0 / 3.0, 1.0], [])


def kalman(n: int) -> Program:
    """The log-likelihood of observations with a local level and slope."""
    data = normal(n)

    def f(p: Any) -> Any:
        q, r, phi = p
        m0, m1, c00, c01, c11, total = 0.0, 0.0, 1.0, 0.0, 1.0, 0.0
        for y in data:
            a0 = phi * m0 + m1
            a00 = phi * phi * c00 + 2.0 * phi * c01 + c11 + q
            a01, a11 = phi * c01 + c11, c11 + q
            s, v = a00 + r, y - a0
            k0, k1 = a00 / s, a01 / s
            m0, m1 = a0 + k0 * v, m1 + k1 * v
            c00, c01, c11 = a00 - k0 * a00, a01 - k0 * a01, a11 - k1 * a01
            total = total - 0.5 * (autograd_log(s) + v * v / s)
        return total

    return Program(f, [0.1, 0.5, 0.9], data)


def pairs(n: int) -> Program:
    """The energy of all pairs of n bodies, whose gradient is the forces."""

    def f(x: Any) -> Any:
        places = list(zip(x[::3], x[1::3], x[2::3], strict=True))
        energy = 0.0
        for i, (a, b, c) in enumerate(places):
            for d, e, g in places[i + 1 :]:
                u, v, w = a - d, b - e, c - g
                energy = energy + 1.0 / autograd_sqrt(u * u + v * v + w * w + 0.01)
        return energy

    return Program(f, [math.sin(i * i) for i in range(3 * n)], [])


def mlp(n: int) -> Program:
    """The squares of what a network n-n-10 gives, one row."""
    data = [math.cos(i) for i in range(n)]

    def f(p: Any) -> Any:
        hidden = []
        for j in range(n):
            weights = p[(n + 1) * j : (n + 1) * (j + 1)]
            total = weights[n]
            for w, x in zip(weights, data, strict=False):
                total = total + w * x
            hidden.append(autograd_tanh(total))
        loss = 0.0
        for j in range(n, n + 10):
            weights = p[(n + 1) * j : (n + 1) * (j + 1)]
            total = weights[n]
            for w, x in zip(weights, hidden, strict=False):
                total = total + w * x
            loss = loss + total * total
        return loss

    return Program(f, [0.1 * math.sin(i) for i in range((n + 1) * (n + 10))], data)


def hierarchical(n: int) -> Program:
    """Least squares of rows in 20 groups, each with its own level, drawn to a common one."""
    random, data = Random(2), normal(2 * n)
    rows = list(zip([random.randrange(20) for _ in range(n)], data[:n], data[n:], strict=True))

    def f(p: Any) -> Any:
        total = sum((p[g] - p[20]) ** 2 for g in range(20))
        for g, x, y in rows:
            r = y - p[g] - p[21] * x
            total = total + r * r
        return total

    return Program(f, [0.1 * math.sin(i) for i in range(22)], [x for row in rows for x in row])


def _ours(name: str) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        return getattr(import_module("autograd"), name)(x)

    return function


autograd_log, autograd_sqrt, autograd_tanh = _ours("log"), _ours("sqrt"), _ours("tanh")

PROGRAMS: dict[str, Callable[[int], Program]] = {
    "rosenbrock": rosenbrock,
    "garch": garch,
    "lorenz": lorenz,
    "kalman": kalman,
    "pairs": pairs,
    "mlp": mlp,
    "hierarchical": hierarchical,
}


def scanned(name: str, program: Program, steps: int) -> Callable[[Any], Any]:
    """The same by jax.lax.scan."""
    jax: Any = import_module("jax")
    numpy, data = jax.numpy, jax.numpy.array(program.data)

    def garch_step(p: Any, h: Any, row: Any) -> Any:
        h = p[0] + p[1] * row[0] ** 2 + p[2] * h
        return h, 0.5 * (numpy.log(h) + row[1] ** 2 / h)

    def slope(s: Any, p: Any) -> Any:
        x, y, z = s
        return numpy.array([p[0] * (y - x), x * (p[1] - z) - y * p[3], x * y - p[2] * z])

    def lorenz_step(p: Any, s: Any, _: Any) -> Any:
        h = 0.001
        k1 = slope(s, p)
        k2 = slope(s + h / 2 * k1, p)
        k3 = slope(s + h / 2 * k2, p)
        s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(s + h * k3, p))
        return s, s[0] ** 2

    def kalman_step(p: Any, state: Any, y: Any) -> Any:
        (q, r, phi), (m0, m1, c00, c01, c11) = p, state
        a0 = phi * m0 + m1
        a00 = phi * phi * c00 + 2.0 * phi * c01 + c11 + q
        a01, a11 = phi * c01 + c11, c11 + q
        s, v = a00 + r, y - a0
        k0, k1 = a00 / s, a01 / s
        new = (a0 + k0 * v, m1 + k1 * v, a00 - k0 * a00, a01 - k0 * a01, a11 - k1 * a01)
        return new, -0.5 * (numpy.log(s) + v * v / s)

    def scan(step: Any, first: Any, rows: Any, length: int | None = None) -> Any:
        return lambda p: jax.lax.scan(
            lambda carried, row: step(p, carried, row), first, rows, length
        )[1].sum()

    if name == "garch":
        return scan(garch_step, 1.0, numpy.stack([data[:-1], data[1:]], axis=1))
    if name == "lorenz":
        return scan(lorenz_step, numpy.ones(3), None, steps)
    return scan(kalman_step, (0.0, 0.0, 1.0, 0.0, 1.0), data)


def flat(tree: Any) -> Sequence[float]:
    """The numbers of a value and gradient."""
    return [tree] if isinstance(tree, float) else [x for part in tree for x in flat(part)]
