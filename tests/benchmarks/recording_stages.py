"""Where the time and the memory of a recording go: ``python tests/benchmarks/recording_stages.py``.

For programs as practitioners write them, a loop over data or time, the stages from the function to
instructions: processor microseconds per recorded operation, and the peak of traced memory in bytes
per recorded operation (`--memory`, a run of its own, for watching allocations takes time).
"""

from __future__ import annotations

import argparse
import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import sin
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final

import autograd
from autograd import grad, hessian, log, tanh, value_and_grad
from autograd.compiler.ir import lowering
from autograd.compiler.recording import arguments, tracing
from autograd.transforms import linearization

Program = tuple[Callable[..., Any], tuple[Any, ...]]


def rosenbrock(n: int) -> Program:
    def f(x: Any) -> Any:
        return sum(100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range(n - 1))

    return f, ([-1.2 + 2.2 * i / (n - 1) for i in range(n)],)


def garch(n: int) -> Program:
    draw = random.Random(1)
    data = [draw.gauss(0.0, 1.0) for _ in range(n)]

    def f(p: Any) -> Any:
        omega, alpha, beta = p
        variance = omega / (1.0 - alpha - beta)
        total = 0.0
        for r in data:
            total = total + log(variance) + r * r / variance
            variance = omega + alpha * (r * r) + beta * variance
        return 0.5 * total

    return f, ([0.1, 0.1, 0.8],)


def rk4(steps: int) -> Program:
    data = [sin(0.1 * i) for i in range(steps)]

    def slope(y: Any, p: Any) -> Any:
        a, b, c, d = p
        return [a * (y[1] - y[0]), y[0] * (b - y[2]) - d * y[1], y[0] * y[1] - c * y[2]]

    def f(p: Any) -> Any:
        h, y, total = 0.01, [1.0, 1.0, 1.0], 0.0
        for x in data:
            k1 = slope(y, p)
            k2 = slope([u + 0.5 * h * k for u, k in zip(y, k1, strict=True)], p)
            k3 = slope([u + 0.5 * h * k for u, k in zip(y, k2, strict=True)], p)
            k4 = slope([u + h * k for u, k in zip(y, k3, strict=True)], p)
            y = [
                u + h / 6.0 * (r + 2.0 * s + 2.0 * t + w)
                for u, r, s, t, w in zip(y, k1, k2, k3, k4, strict=True)
            ]
            total = total + (y[0] - x) ** 2
        return total

    return f, ([10.0, 28.0, 2.7, 1.0],)


def mlp(inputs: int, hidden: int, outputs: int) -> Program:
    draw = random.Random(1)
    sizes = [inputs, hidden, outputs]
    weights = [
        [[draw.gauss(0.0, 0.1) for _ in range(m + 1)] for _ in range(n)] for m, n in pairwise(sizes)
    ]

    def f(layers: Any, x: Any) -> Any:
        for layer in layers:
            x = [tanh(sum((w * u for w, u in zip(row, x, strict=False)), row[-1])) for row in layer]
        return sum(u * u for u in x)

    return f, (weights, [draw.random() for _ in range(inputs)])


PROGRAMS: Final[dict[str, Callable[[], Program]]] = {
    "rosenbrock 1000": lambda: rosenbrock(1000),
    "garch 1000": lambda: garch(1000),
    "rk4 500": lambda: rk4(500),
    "mlp 64-64-10": lambda: mlp(64, 64, 10),
}
TRANSFORMS: Final[dict[str, Callable[..., Any]]] = {
    "value": lambda f: f,
    "value_and_grad": value_and_grad,
    "hessian": hessian,
    "grad": grad,
}
ASKED: Final = [
    ("rosenbrock 1000", "value"),
    ("rosenbrock 1000", "value_and_grad"),
    ("garch 1000", "value_and_grad"),
    ("garch 1000", "hessian"),
    ("rk4 500", "value_and_grad"),
    ("mlp 64-64-10", "value_and_grad"),
]


def _seconds() -> float:
    """Of processor time, by a clock that a recording does not look for."""
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Stages:
    """Adds up the time, or takes the peak of memory, of calls of the functions it wraps."""

    def __init__(self, memory: bool) -> None:
        self.spent: dict[str, float] = {}
        self._memory = memory

    def timed(self, name: str, f: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **keywords: Any) -> Any:
            with self.stage(name):
                return f(*args, **keywords)

        return call

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self._memory:
            tracemalloc.reset_peak()
        start = _seconds()
        yield
        if self._memory:
            found = float(tracemalloc.get_traced_memory()[1])
            self.spent[name] = max(self.spent.get(name, 0.0), found)
        else:
            self.spent[name] = self.spent.get(name, 0.0) + _seconds() - start


WRAPPED: Final = [
    ("derivatives", linearization, "adjoint_graphs"),
    ("derivatives", linearization, "adjoint_graphs_of_each"),
    ("derivatives", linearization, "tangent_graphs"),
    ("read off", arguments, "read_off"),
]


def measured(f: Callable[..., Any], args: tuple[Any, ...], memory: bool) -> dict[str, float]:
    """Per stage, microseconds or bytes for each operation of the program."""
    stages = Stages(memory)
    before = [(module, name, getattr(module, name)) for _, module, name in WRAPPED]
    for stage, module, name in WRAPPED:
        setattr(module, name, stages.timed(stage, getattr(module, name)))
    run = tracing.Trace.run
    setattr(tracing.Trace, "run", stages.timed("runs", run))  # noqa: B010
    gc.collect()
    if memory:
        tracemalloc.start()
    try:
        call = arguments.Arguments(f, [], frozenset(), args, {})
        with stages.stage("recording"):
            recorded, _, _ = call.recorded()
        with stages.stage("lowered"):  # and shortened
            instructions = lowering.lowered(recorded.program)
    finally:
        setattr(tracing.Trace, "run", run)  # noqa: B010
        for module, name, function in before:
            setattr(module, name, function)
    spent = stages.spent
    total = {"all": max(spent.values())}
    if memory:
        total |= {"kept": float(tracemalloc.get_traced_memory()[0])}
        tracemalloc.stop()
        spent.pop("derivatives", 0.0)
    else:
        total = {"all": spent["recording"] + spent["lowered"]}
        spent["compared"] = spent["recording"] - spent["runs"] - spent["read off"]
        spent["runs"] -= spent.get("derivatives", 0.0)
    count = recorded.program.operations
    scale = 1.0 if memory else 1e6
    found = {name: scale * x / count for name, x in {**spent, **total}.items()}
    return {"recorded": count, "lowered to": instructions.operations, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", action="store_true", help="bytes instead of microseconds")
    parser.add_argument("--only", default="", help="part of a program's name")
    asked = parser.parse_args()
    print(f"engine {'compiled' if autograd.compiled else 'not compiled'}")
    for name, transform in ASKED:
        if asked.only not in f"{name} {transform}":
            continue
        f, args = PROGRAMS[name]()
        found = measured(TRANSFORMS[transform](f), args, asked.memory)
        print(f"{name}, {transform}")
        print("  " + ", ".join(f"{stage} {x:.4g}" for stage, x in found.items()), flush=True)


if __name__ == "__main__":
    main()
