"""The programs of `loop_programs.py` as other libraries want them: the loop a scan, or arrays."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from loop_programs import Program, lorenz_step

__all__ = ["SCANS", "in_arrays", "scanned"]

SCANS = ("garch", "garch_hessian", "lorenz", "residuals", "kalman")


def in_arrays(name: str, program: Program, size: int, asarray: Any) -> Callable[[Any], Any]:
    """The same function of an array, for JAX and PyTorch."""
    numpy: Any = import_module("numpy")

    def rosenbrock(x: Any) -> Any:
        return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()

    first, second = numpy.triu_indices(size if name == "pairs" else 1, 1)

    def pairs(x: Any) -> Any:
        places = x.reshape(-1, 3)
        apart = places[first] - places[second]
        return (1.0 / ((apart * apart).sum(1) + 0.01) ** 0.5).sum()

    rows = numpy.array(program.data if name == "hierarchical" else [0.0] * 3).reshape(-1, 3)
    groups, x, y = rows[:, 0].astype(int), asarray(rows[:, 1]), asarray(rows[:, 2])

    def hierarchical(p: Any) -> Any:
        return ((p[:20] - p[20]) ** 2).sum() + ((y - p[groups] - p[21] * x) ** 2).sum()

    return {"rosenbrock": rosenbrock, "pairs": pairs, "hierarchical": hierarchical}[name]


def scanned(name: str, program: Program, steps: int) -> Callable[[Any], Any]:
    """The same by jax.lax.scan."""
    jax: Any = import_module("jax")
    numpy, data = jax.numpy, jax.numpy.array(program.data)

    def garch_step(p: Any, h: Any, row: Any) -> Any:
        h = p[0] + p[1] * row[0] ** 2 + p[2] * h
        return h, 0.5 * (numpy.log(h) + row[1] ** 2 / h)

    def runge_kutta(p: Any, s: Any, h: float) -> Any:
        return numpy.array(lorenz_step(s, p, h))

    def square_step(p: Any, s: Any, _: Any) -> Any:
        s = runge_kutta(p, s, 0.001)
        return s, s[0] ** 2

    def observed_step(p: Any, s: Any, _: Any) -> Any:
        s = runge_kutta(p, s, 0.01)
        return s, s[::2]

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
        )[1]

    def summed(f: Any) -> Any:
        return lambda p: f(p).sum()

    if name in ("garch", "garch_hessian"):
        return summed(scan(garch_step, 1.0, numpy.stack([data[:-1], data[1:]], axis=1)))
    if name == "lorenz":
        return summed(scan(square_step, numpy.ones(3), None, steps))
    if name == "residuals":
        states = scan(observed_step, numpy.ones(3), None, steps)
        every = steps // 20
        return lambda p: states(p)[every - 1 :: every].ravel() - data
    return summed(scan(kalman_step, (0.0, 0.0, 1.0, 0.0, 1.0), data))
