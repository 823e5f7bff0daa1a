"""Value and gradient of a program written as plain Python loops (`loop_programs.py`).

`ready` is processor time from the first call to the last form of the code, recording included; a
call reads its arguments from an array and writes its results in place. C is written by hand, with
adjoints; JAX gets the loop rewritten as a scan. Time is in microseconds per call.
"""

from __future__ import annotations

import ctypes
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from compiling import Call, Prepared, Stopwatch, c_library, doubles, load_ours, measured
from harness import main
from loop_programs import PROGRAMS, flat, scanned


def ours(arguments: Namespace) -> Prepared:
    autograd = load_ours(arguments.peer)
    numpy: Any = import_module("numpy")
    program = PROGRAMS[arguments.program](arguments.size)
    clock = Stopwatch()
    compiled = autograd.jit(autograd.value_and_grad(program.f))
    bound = compiled.bind(numpy.array(program.point))
    first = clock()
    value, gradient = bound()
    ready = clock()
    check = [float(value), *numpy.ravel(gradient).tolist()]
    return Prepared({"call": Call("f()", {"f": bound})}, check, first, ready)


def c(arguments: Namespace) -> Prepared:
    numpy: Any = import_module("numpy")
    program = PROGRAMS[arguments.program](arguments.size)
    point, data = numpy.array(program.point), numpy.array([*program.data, 0.0])
    gradient = numpy.empty(len(point))
    clock = Stopwatch()
    source = Path(__file__).with_name("loop_references.c")
    f = c_library(source, Path(mkdtemp()) / "references.so")[arguments.program]
    f.restype = ctypes.c_double
    given = [doubles(point), doubles(data), ctypes.c_long(arguments.size), doubles(gradient)]
    value = f(*given)
    ready = clock()
    names = {"f": f, **dict(zip("xdng", given, strict=True)), "kept": (point, data, gradient)}
    call = Call("f(x, d, n, g)", names)
    return Prepared({"call": call}, [value, *gradient.tolist()], ready, ready)


def jax(arguments: Namespace) -> Prepared:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    program = PROGRAMS[arguments.program](arguments.size)
    x = library.numpy.array(program.point)
    clock = Stopwatch()
    f = library.jit(library.value_and_grad(scanned(arguments.program, program, arguments.size)))
    value, gradient = library.block_until_ready(f(x))
    ready = clock()
    names = {"f": f, "x": x, "ready": library.block_until_ready}
    check = flat([float(value), [float(g) for g in gradient]])
    return Prepared({"call": Call("ready(f(x))", names)}, list(check), ready, ready)


PEERS: dict[str, Callable[[Namespace], Prepared]] = {
    "chainrule": ours,
    "uncompiled": ours,
    "c": c,
    "jax": jax,
}

if __name__ == "__main__":
    main(lambda arguments: measured(PEERS, arguments, 1e6))
