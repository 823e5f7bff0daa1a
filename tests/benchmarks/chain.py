"""A chain of `x * w + b` with a tanh every fifth operation: build it, differentiate it, free it.

The figures are nanoseconds per operation, the median of many repetitions.
"""

from __future__ import annotations

import gc
import math
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from statistics import median
from time import process_time
from typing import Any

from harness import Measurement, load_value, main

OPERATIONS_PER_LINK = 5

Times = tuple[float, float, float]


def build(x: Any, w: Any, b: Any, tanh: Callable[[Any], Any], operations: int) -> Any:
    """The chain itself, the same text for every peer."""
    for _ in range(operations // OPERATIONS_PER_LINK):
        x = tanh((x * w + b) * w + b)
    return x


def ours(peer: str) -> Callable[[int], tuple[Times, float]]:
    value = load_value(peer)
    return lambda operations: object_graph(value, value.tanh, operations)


def micrograd() -> Callable[[int], tuple[Times, float]]:
    engine: Any = import_module("micrograd.engine")

    def tanh(x: Any) -> Any:  # micrograd 0.1.0 has none; written as its relu is
        t = math.tanh(x.data)
        out = engine.Value(t, (x,), "tanh")

        def _backward() -> None:
            x.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out

    cyclic = not gc.isenabled()  # its nodes are reference cycles: somebody has to collect them
    return lambda operations: object_graph(engine.Value, tanh, operations, collect=cyclic)


def object_graph(
    value: Any, tanh: Callable[[Any], Any], operations: int, collect: bool = False
) -> tuple[Times, float]:
    """One repetition for an engine whose graph is its objects."""
    start = process_time()
    x, w, b = value(0.5), value(0.9), value(0.1)
    root = build(x, w, b, tanh, operations)
    built = process_time()
    root.backward()
    differentiated = process_time()
    del root
    if collect:
        gc.collect()
    freed = process_time()
    return (built - start, differentiated - built, freed - differentiated), w.grad


def xad() -> Callable[[int], tuple[Times, float]]:
    adjoint: Any = import_module("xad.adj_1st")
    math_functions: Any = import_module("xad.math")

    def once(operations: int) -> tuple[Times, float]:
        start = process_time()
        with adjoint.Tape() as tape:
            x, w, b = adjoint.Real(0.5), adjoint.Real(0.9), adjoint.Real(0.1)
            tape.registerInputs([x, w, b])
            tape.newRecording()
            root = build(x, w, b, math_functions.tanh, operations)
            built = process_time()
            tape.registerOutput(root)
            root.setDerivative(1.0)
            tape.computeAdjoints()
            slope = w.getDerivative()
            differentiated = process_time()
        del tape, root
        freed = process_time()
        return (built - start, differentiated - built, freed - differentiated), slope

    return once


def torch() -> Callable[[int], tuple[Times, float]]:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    library.set_default_dtype(library.float64)

    def once(operations: int) -> tuple[Times, float]:
        start = process_time()
        x, w, b = (library.tensor(number, requires_grad=True) for number in (0.5, 0.9, 0.1))
        root = build(x, w, b, library.tanh, operations)
        built = process_time()
        root.backward()
        differentiated = process_time()
        del root
        freed = process_time()
        return (built - start, differentiated - built, freed - differentiated), w.grad.item()

    return once


def measure(arguments: Namespace) -> Measurement:
    peers = {"micrograd": micrograd, "xad": xad, "torch": torch}
    peer = arguments.peer
    once = peers[peer]() if peer in peers else ours(peer)
    operations = arguments.size
    once(operations)  # warm-up
    repetitions = max(5, min(300, 200_000 // operations))
    runs = [once(operations) for _ in range(repetitions)]
    times, slopes = zip(*runs, strict=True)
    figures = {
        name: median(column) / operations * 1e9
        for name, column in zip(
            ("build", "backward", "free"), zip(*times, strict=True), strict=True
        )
    }
    both = median(forward + backward for forward, backward, _ in times) / operations * 1e9
    return Measurement({**figures, "build + backward": both}, [slopes[0]])


if __name__ == "__main__":
    main(measure)
