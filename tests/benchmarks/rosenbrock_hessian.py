"""The Hessian of Rosenbrock's function of many variables, dense.

Everybody gets the function as one would write it there: scalar by scalar for us, on a NumPy array
for HIPS autograd. The figure is milliseconds per Hessian, the median of many repetitions.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from statistics import median
from time import process_time
from typing import Any

from harness import Measurement, load_value, main

REPETITIONS = 50


def ours(peer: str) -> Callable[[list[float]], Sequence[Sequence[float]]]:
    load_value(peer)
    autograd: Any = import_module("autograd")

    def rosenbrock(x: Any) -> Any:
        return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))

    hessian: Callable[[list[float]], list[list[float]]] = autograd.hessian(rosenbrock)
    return hessian


def hips() -> Callable[[list[float]], Sequence[Sequence[float]]]:
    library: Any = import_module("autograd")
    numpy: Any = import_module("autograd.numpy")

    def rosenbrock(x: Any) -> Any:
        return numpy.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    hessian = library.hessian(rosenbrock)
    return lambda x: hessian(numpy.array(x))


def measure(arguments: Namespace) -> Measurement:
    hessian = hips() if arguments.peer == "hips" else ours(arguments.peer)
    n = arguments.size
    x = [-1.2 + 2.2 * i / (n - 1) for i in range(n)]
    matrix = hessian(x)  # warm-up
    times: list[float] = []
    for _ in range(REPETITIONS):
        start = process_time()
        hessian(x)
        times.append(process_time() - start)
    check = [float(entry) for row in matrix for entry in row]
    return Measurement({"Hessian": median(times) * 1e3}, check)


if __name__ == "__main__":
    main(measure)
