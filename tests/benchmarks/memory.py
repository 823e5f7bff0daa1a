"""Resident bytes per node of a long chain: built, differentiated, and the peak on the way (Linux).

Every peer keeps the graph it has built until the end. xad keeps no objects, only its tape, which
holds slots and partials but nothing that could be looked at.
"""

from __future__ import annotations

import gc
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from harness import Measurement, load_value, main

Step = Callable[[], Any]


def resident(kind: str = "VmRSS") -> int:
    """This process's resident memory in bytes; "VmHWM" for the highest so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"no {kind} in /proc/self/status")


def multiply_add(x: Any, w: Any, b: Any, operations: int) -> Any:
    for _ in range(operations // 2):
        x = x * w + b
    return x


def object_graph(value: Any, operations: int) -> tuple[Step, Callable[[Any], float]]:
    w, b = value(0.9), value(0.1)

    def differentiate(root: Any) -> float:
        root.backward()
        slope: float = w.grad
        return slope

    return lambda: multiply_add(value(0.5), w, b, operations), differentiate


def ours(peer: str, operations: int) -> tuple[Step, Callable[[Any], float]]:
    return object_graph(load_value(peer), operations)


def micrograd(operations: int) -> tuple[Step, Callable[[Any], float]]:
    engine: Any = import_module("micrograd.engine")
    return object_graph(engine.Value, operations)


def torch(operations: int) -> tuple[Step, Callable[[Any], float]]:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    w, b = (library.tensor(n, dtype=library.float64, requires_grad=True) for n in (0.9, 0.1))

    def differentiate(root: Any) -> float:
        root.backward(retain_graph=True)
        slope: float = w.grad.item()
        return slope

    multiply_add(w, w, b, 100).backward()  # starts the engine, whose threads are not nodes
    w.grad = None
    x = library.tensor(0.5, dtype=library.float64)
    return lambda: multiply_add(x, w, b, operations), differentiate


def xad(operations: int) -> tuple[Step, Callable[[Any], float]]:
    adjoint: Any = import_module("xad.adj_1st")
    tape = adjoint.Tape()
    tape.activate()
    w, b = adjoint.Real(0.9), adjoint.Real(0.1)
    tape.registerInputs([w, b])
    tape.newRecording()

    def differentiate(root: Any) -> float:
        tape.registerOutput(root)
        root.setDerivative(1.0)
        tape.computeAdjoints()
        slope: float = w.getDerivative()
        return slope

    return lambda: multiply_add(adjoint.Real(0.5), w, b, operations), differentiate


def measure(arguments: Namespace) -> Measurement:
    peers = {"micrograd": micrograd, "xad": xad, "torch": torch}
    peer, operations = arguments.peer, arguments.size
    build, differentiate = peers[peer](operations) if peer in peers else ours(peer, operations)
    gc.collect()
    start = resident()
    root = build()
    built = resident()
    slope = differentiate(root)
    gc.collect()  # what a recursive sort leaves behind is garbage, not graph
    differentiated = resident()
    peak = resident("VmHWM")
    figures = {"built": built, "after backward": differentiated, "peak": peak}
    return Measurement(
        {name: (figure - start) / operations for name, figure in figures.items()}, [slope]
    )


if __name__ == "__main__":
    main(measure)
