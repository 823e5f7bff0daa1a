"""micrograd's demo, as in `moons.py`, with our training in machine code.

A step is what longer training adds: the difference between one of 100 and one of 10,100 steps. The
whole is the demo's 100 steps, recording and compiling included.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from typing import Any

from compiling import Stopwatch, load_ours
from harness import Measurement, main
from moons import STEPS, micrograd, through_fit

MORE = 10_000


def measure(arguments: Namespace) -> Measurement:
    if arguments.peer == "micrograd":
        clock = Stopwatch()
        losses = micrograd()
        step = clock() / len(losses)
        return Measurement({"step": step * 1e3, "training, s": step * STEPS}, losses)
    load_ours(arguments.peer)
    nn: Any = import_module("nn")
    clock = Stopwatch()
    losses = through_fit(nn, "jit")
    whole = clock()
    through_fit(nn, "jit", STEPS + MORE)
    step = (clock() - 2.0 * whole) / MORE
    return Measurement({"step": step * 1e3, "training, s": whole}, losses)


if __name__ == "__main__":
    main(measure)
