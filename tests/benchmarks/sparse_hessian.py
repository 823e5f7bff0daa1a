"""The sparse Hessian of Rosenbrock's function of many variables, from recording to SciPy's matrix.

The figures are milliseconds per Hessian, the median of some repetitions, and the number of sweeps.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from itertools import pairwise
from statistics import median
from time import process_time
from typing import Any

from harness import Measurement, load_value, main

REPETITIONS = 15


def measure(arguments: Namespace) -> Measurement:
    load_value(arguments.peer)
    autograd: Any = import_module("autograd")
    sparse: Any = import_module("autograd.transforms.sparse")

    def rosenbrock(x: Any) -> Any:
        return autograd.sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))

    hessian = autograd.sparse_hessian(rosenbrock)
    n = arguments.size
    x = [-1.2 + 2.2 * i / (n - 1) for i in range(n)]
    matrix = hessian(x)  # warm-up
    times: list[float] = []
    for _ in range(REPETITIONS):
        start = process_time()
        hessian(x)
        times.append(process_time() - start)
    figures = {
        "Hessian": median(times) * 1e3,
        "sweeps": float(max(sparse.star_colours(matrix)) + 1),
        "stored": float(matrix.nnz),
    }
    return Measurement(figures, matrix.data.tolist())


if __name__ == "__main__":
    main(measure)
