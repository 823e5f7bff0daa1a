"""`grad` of a function of some thousand operations, against recording the function and no more.

The figures are milliseconds, and their ratio; medians of many repetitions.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from statistics import median
from time import process_time
from typing import Any

from chain import build
from harness import Measurement, load_value, main

REPETITIONS = 50


def measure(arguments: Namespace) -> Measurement:
    value = load_value(arguments.peer)
    autograd: Any = import_module("autograd")

    def f(x: Any) -> Any:
        return build(x, 0.9, 0.1, autograd.tanh, arguments.size)

    gradient = autograd.grad(f)
    slope = gradient(0.5)  # warm-up
    times: list[tuple[float, float]] = []
    for _ in range(REPETITIONS):
        start = process_time()
        root = f(value(0.5))
        recorded = process_time()
        del root
        freed = process_time()
        gradient(0.5)
        times.append((recorded - start, process_time() - freed))
    recording, differentiating = (median(column) * 1e3 for column in zip(*times, strict=True))
    figures = {
        "record": recording,
        "grad": differentiating,
        "grad / record": differentiating / recording,
    }
    return Measurement(figures, [slope])


if __name__ == "__main__":
    main(measure)
