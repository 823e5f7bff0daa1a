"""Programs as practitioners write them: plain Python loops over data, time steps and neurons.

Each is made for a library, whose `log`, `sqrt` and `tanh` it calls. `loop_references.c` has the
derivatives in C, by hand; `loop_rewritten.py` the same functions as scans and as arrays.
"""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable
from functools import reduce
from itertools import islice, pairwise
from random import Random
from typing import Any, NamedTuple

from microgpt import load_engine


class Program(NamedTuple):
    """A function of numbers, the point at which it is taken, the data that C gets, and what is
    asked for: a transform's name, and how many results that has beside a value."""

    f: Callable[[Any], Any]
    point: list[float]
    data: list[float]
    transform: str = "value_and_grad"
    results: int = 0


def normal(n: int) -> list[float]:
    random = Random(1)
    return [random.gauss(0.0, 1.0) for _ in range(n)]


def rosenbrock(n: int, by: Any) -> Program:
    def f(x: Any) -> Any:
        return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))

    return Program(f, [-1.2 + 2.2 * i / (n - 1) for i in range(n)], [])


def garch(n: int, by: Any) -> Program:
    """Minus the log-likelihood of a GARCH(1,1) process, but for a constant."""
    data = normal(n)

    def f(p: Any) -> Any:
        h, total = 1.0, 0.0
        for before, now in pairwise(data):
            h = p[0] + p[1] * (before * before) + p[2] * h
            total = total + 0.5 * (by.log(h) + now * now / h)
        return total

    return Program(f, [0.1, 0.1, 0.8], data)


def garch_hessian(n: int, by: Any) -> Program:
    return garch(n, by)._replace(transform="hessian", results=9)


def lorenz_slope(s: Any, p: Any) -> Any:
    x, y, z = s
    return [p[0] * (y - x), x * (p[1] - z) - y * p[3], x * y - p[2] * z]


def lorenz_step(s: Any, p: Any, h: float) -> Any:
    """A step of Runge and Kutta's method."""
    k1 = lorenz_slope(s, p)
    k2 = lorenz_slope([a + h / 2 * k for a, k in zip(s, k1, strict=True)], p)
    k3 = lorenz_slope([a + h / 2 * k for a, k in zip(s, k2, strict=True)], p)
    k4 = lorenz_slope([a + h * k for a, k in zip(s, k3, strict=True)], p)
    ks = zip(s, k1, k2, k3, k4, strict=True)
    return [a + h / 6 * (q + 2 * r + 2 * u + v) for a, q, r, u, v in ks]


LORENZ_POINT = [10.0, 28.0, 8.0 / 3.0, 1.0]


def lorenz(n: int, by: Any) -> Program:
    """The sum of x² along n steps, by three parameters and a fourth that weighs the third state."""

    def f(p: Any) -> Any:
        s, total = [1.0, 1.0, 1.0], 0.0
        for _ in range(n):
            s = lorenz_step(s, p, 0.001)
            total = total + s[0] * s[0]
        return total

    return Program(f, LORENZ_POINT, [])


def residuals(n: int, by: Any) -> Program:
    """What 20 observations of two of the states, evenly spread over n steps, leave over."""
    data = [10.0 * math.cos(i) for i in range(40)]

    def f(p: Any) -> Any:
        s, out = [1.0, 1.0, 1.0], []
        for i in range(n):
            s = lorenz_step(s, p, 0.01)
            if (i + 1) % (n // 20) == 0:
                k = len(out)
                out += [s[0] - data[k], s[2] - data[k + 1]]
        return out

    return Program(f, LORENZ_POINT, data, "jacobian", 160)


def kalman(n: int, by: Any) -> Program:
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
            total = total - 0.5 * (by.log(s) + v * v / s)
        return total

    return Program(f, [0.1, 0.5, 0.9], data)


def pairs(n: int, by: Any) -> Program:
    """The energy of all pairs of n bodies, whose gradient is the forces."""

    def f(x: Any) -> Any:
        places = list(zip(x[::3], x[1::3], x[2::3], strict=True))
        energy = 0.0
        for i, (a, b, c) in enumerate(places):
            for d, e, g in places[i + 1 :]:
                u, v, w = a - d, b - e, c - g
                energy = energy + 1.0 / by.sqrt(u * u + v * v + w * w + 0.01)
        return energy

    return Program(f, [math.sin(i * i) for i in range(3 * n)], [])


def mlp(n: int, by: Any) -> Program:
    """The squares of what a network n-n-10 gives, one row."""
    data = [math.cos(i) for i in range(n)]

    def f(p: Any) -> Any:
        hidden = []
        for j in range(n):
            weights = p[(n + 1) * j : (n + 1) * (j + 1)]
            total = weights[n]
            for w, x in zip(weights, data, strict=False):
                total = total + w * x
            hidden.append(by.tanh(total))
        loss = 0.0
        for j in range(n, n + 10):
            weights = p[(n + 1) * j : (n + 1) * (j + 1)]
            total = weights[n]
            for w, x in zip(weights, hidden, strict=False):
                total = total + w * x
            loss = loss + total * total
        return loss

    return Program(f, [0.1 * math.sin(i) for i in range((n + 1) * (n + 10))], data)


def hierarchical(n: int, by: Any) -> Program:
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


def microgpt(path: str, by: Any) -> Program:
    """The loss of microgpt on a document of 6 characters, by its 4,192 parameters. The module's
    softmax reads the largest logit's `.data`, a number that would be a constant: here it is a
    Value, with `by.maximum`."""
    engine = load_engine(path)

    def softmax(logits: Any) -> Any:
        largest = reduce(by.maximum, logits)
        exponentials = [by.exp(x - largest) for x in logits]
        total = sum(exponentials)
        return [e / total for e in exponentials]

    engine._softmax = softmax
    model = engine.MicroGPT(vocab_size=27)
    shapes = {name: [len(row) for row in rows] for name, rows in model.state_dict.items()}
    point = [p.data for p in model.params]
    tokens = [26, *(ord(letter) - ord("a") for letter in "sophia"), 26]

    def f(p: Any) -> Any:
        numbers = iter(p)
        model.state_dict = {
            name: [list(islice(numbers, width)) for width in widths]
            for name, widths in shapes.items()
        }
        keys: list[Any] = [[]]
        values: list[Any] = [[]]
        total = 0.0
        for place, (token, target) in enumerate(pairwise(tokens)):
            logits = model.forward(token, place, keys, values)
            total = total - by.log(softmax(logits)[target])
        return total / (len(tokens) - 1)

    return Program(f, point, [])


PROGRAMS: dict[str, Callable[[Any, Any], Program]] = {
    "rosenbrock": rosenbrock,
    "garch": garch,
    "garch_hessian": garch_hessian,
    "lorenz": lorenz,
    "residuals": residuals,
    "kalman": kalman,
    "pairs": pairs,
    "mlp": mlp,
    "hierarchical": hierarchical,
    "microgpt": microgpt,
}


def program_of(arguments: Namespace, by: Any) -> Program:
    """The program that is asked for on the command line, by this library's functions."""
    return PROGRAMS[arguments.program](arguments.source or arguments.size, by)
