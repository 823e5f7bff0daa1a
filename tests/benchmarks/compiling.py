"""What the benchmarks of compiled code share: the clock, the C references, the end of a script.

A peer is prepared (recorded, compiled, called once), which takes a while until its first result and
until its code is in its last form. Calls are timed by `timeit`; the least of several repetitions
counts. All of it is processor time, so that other work on the machine disturbs less, and includes
compilers that run as processes of their own.
"""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from time import process_time, sleep
from timeit import Timer
from typing import Any, NamedTuple

from harness import Measurement, load_value

REPETITIONS = 7
SHORTEST = 0.05  # seconds that one repetition takes at least
SOURCE = Path(__file__).with_name("references.c")
SIMD = ("-DSIMD", "-fopenmp-simd", "-fno-math-errno", "-mprefer-vector-width=512")


class Call(NamedTuple):
    """A call to be timed: a statement, and the names in it."""

    statement: str
    names: dict[str, Any]


class Prepared(NamedTuple):
    """A peer ready to be timed, and the numbers that it gave."""

    calls: dict[str, Call]
    check: list[float]
    first: float
    ready: float


class Stopwatch:
    """Seconds of processor time since it was made, of this process and those it waited for."""

    def __init__(self) -> None:
        self._start = _processor_time()

    def __call__(self) -> float:
        return _processor_time() - self._start


def _processor_time() -> float:
    times = os.times()
    return process_time() + times.children_user + times.children_system


def per_call(call: Call) -> float:
    """Seconds that the statement takes."""
    setup = "import gc; gc.enable()" if gc.isenabled() else "pass"  # timeit would disable it
    timer = Timer(call.statement, setup, timer=process_time, globals=call.names)
    number, taken = 1, timer.timeit(1)
    while taken < SHORTEST:
        number = max(2 * number, int(1.2 * SHORTEST * number / max(taken, 1e-6)))
        taken = timer.timeit(number)
    repetitions = REPETITIONS if taken < 1.0 else 1
    return min([taken, *timer.repeat(repetitions, number)]) / number


def measured(
    peers: dict[str, Callable[[Namespace], Prepared]], arguments: Namespace, scale: float
) -> Measurement:
    """The peer's calls in units of 1/scale seconds, and the seconds that preparing it took."""
    prepared = peers[arguments.peer](arguments)
    figures = {name: scale * per_call(call) for name, call in prepared.calls.items()}
    figures |= {"first result, s": prepared.first, "ready, s": prepared.ready}
    return Measurement(figures, prepared.check)


def references(simd: bool) -> ctypes.CDLL:
    """The functions of `references.c`, compiled here."""
    directory = tempfile.mkdtemp()
    return c_library(SOURCE, Path(directory) / "references.so", SIMD if simd else ())


def c_library(source: Path, target: Path, options: Sequence[str] = ()) -> ctypes.CDLL:
    """A C source, compiled by gcc -O3 -march=native and loaded."""
    command = ["gcc", "-O3", "-march=native", *options, "-shared", "-fPIC", str(source)]
    subprocess.run([*command, "-o", str(target), "-lmvec", "-lm"], check=True)
    return ctypes.CDLL(str(target))


def casadi_in_c(library: Any, f: Any) -> Any:
    """The function as CasADi's C code, compiled and loaded."""
    directory = Path(tempfile.mkdtemp())
    generator = library.CodeGenerator("generated.c")
    generator.add(f)
    generator.generate(f"{directory}/")
    target = directory / "generated.so"
    c_library(directory / "generated.c", target)
    return library.external(f.name(), str(target))


def doubles(array: Any) -> Any:
    """A NumPy array's content as an argument for C, in the form that ctypes passes on fastest."""
    return ctypes.byref((ctypes.c_double * array.size).from_buffer(array))


def load_ours(peer: str) -> Any:
    """Our package, with all that is imported when something is first compiled."""
    load_value(peer)
    autograd: Any = import_module("autograd")
    import_module("llvmlite.binding")
    import_module("numpy")
    import_module("autograd.compiler")
    return autograd


def until_compiled(jitted: Any, call: Callable[[], object]) -> None:
    """Call until every path of our compiled function runs in its last form."""
    while any(tier != "compiled" for tier in jitted.stats().tiers):
        call()
        sleep(0.001)


def for_micrograd(forward: Callable[[float], float], slope: Callable[[float], float]) -> Any:
    """A function that micrograd 0.1.0 lacks, written as its relu is; `slope` is of the result."""
    engine: Any = import_module("micrograd.engine").Value

    def function(x: Any) -> Any:
        out = engine(forward(x.data), (x,), forward.__name__)

        def _backward() -> None:
            x.grad += slope(out.data) * out.grad

        out._backward = _backward
        return out

    return function
