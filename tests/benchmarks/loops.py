"""Derivatives of a program written as plain Python loops (`loop_programs.py`).

`ready` is processor time from the first call to the last form of the code, recording included; a
call reads its arguments from an array and writes its results in place. C is written by hand, with
adjoints; CasADi and ddx run the loop as it is; JAX gets it rewritten as a scan or, as PyTorch, in
arrays. Time is in microseconds per call.
"""

from __future__ import annotations

import ctypes
import math
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from compiling import (
    Call,
    Prepared,
    Stopwatch,
    c_library,
    casadi_in_c,
    doubles,
    load_ours,
    measured,
)
from harness import main
from loop_programs import Program, program_of
from loop_rewritten import SCANS, in_arrays, scanned


def ours(arguments: Namespace) -> Prepared:
    autograd = load_ours(arguments.peer)
    numpy: Any = import_module("numpy")
    program = program_of(arguments, autograd)
    clock = Stopwatch()
    compiled = autograd.jit(getattr(autograd, program.transform)(program.f))
    bound = compiled.bind(numpy.array(program.point))
    first = clock()
    result = bound()
    ready = clock()
    return Prepared({"call": Call("f()", {"f": bound})}, _numbers(result), first, ready)


def _numbers(result: Any) -> list[float]:
    """Those of an array, or of several arrays and numbers."""
    numpy: Any = import_module("numpy")
    parts = result if isinstance(result, (tuple, list)) else (result,)
    return [float(x) for part in parts for x in numpy.ravel(part)]


def c(arguments: Namespace) -> Prepared:
    numpy: Any = import_module("numpy")
    program = program_of(arguments, math)
    point, data = numpy.array(program.point), numpy.array([*program.data, 0.0])
    results = numpy.empty(program.results or len(point))
    clock = Stopwatch()
    source = Path(__file__).with_name("loop_references.c")
    f = c_library(source, Path(mkdtemp()) / "references.so")[arguments.program]
    f.restype = ctypes.c_double
    given = [doubles(point), doubles(data), ctypes.c_long(arguments.size), doubles(results)]
    value = f(*given)
    ready = clock()
    names = {"f": f, **dict(zip("xdng", given, strict=True)), "kept": (point, data, results)}
    check = results.tolist()
    if not program.results:
        check = [value, *check]
    return Prepared({"call": Call("f(x, d, n, g)", names)}, check, ready, ready)


def jax(arguments: Namespace) -> Prepared:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    program = program_of(arguments, math)
    x = library.numpy.array(program.point)
    transform = {"jacobian": "jacfwd"}.get(program.transform, program.transform)
    clock = Stopwatch()
    if arguments.program in SCANS:
        function = scanned(arguments.program, program, arguments.size)
    else:
        arrays = library.numpy.asarray
        function = in_arrays(arguments.program, program, arguments.size, arrays)
    f = library.jit(getattr(library, transform)(function))
    result = library.block_until_ready(f(x))
    ready = clock()
    names = {"f": f, "x": x, "ready": library.block_until_ready}
    return Prepared({"call": Call("ready(f(x))", names)}, _numbers(result), ready, ready)


def torch(arguments: Namespace) -> Prepared:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    program = program_of(arguments, math)
    x = library.tensor(program.point, dtype=library.float64, requires_grad=True)
    clock = Stopwatch()
    function = in_arrays(arguments.program, program, arguments.size, library.asarray)

    def f() -> Any:
        value = function(x)
        return value, library.autograd.grad(value, x)[0]

    value, gradient = f()
    ready = clock()
    check = [value.item(), *gradient.tolist()]
    return Prepared({"call": Call("f()", {"f": f})}, check, ready, ready)


def casadi(arguments: Namespace) -> Prepared:
    library: Any = import_module("casadi")
    numpy: Any = import_module("numpy")
    library.SX.relu = lambda x: library.fmax(x, 0.0)
    library.maximum = library.fmax
    program = program_of(arguments, library)
    clock = Stopwatch()
    x = library.SX.sym("x", len(program.point))
    y = program.f(library.vertsplit(x))
    f = library.Function("f", [x], _derivatives_by_casadi(library, program, x, y))
    if arguments.peer == "casadi-c":
        f = casadi_in_c(library, f)
    buffer, run = f.buffer()
    point = numpy.array(program.point)
    buffer.set_arg(0, memoryview(point))
    outs = [numpy.empty(f.nnz_out(i)) for i in range(f.n_out())]
    for i, out in enumerate(outs):
        buffer.set_res(i, memoryview(out))
    run()
    ready = clock()
    call = Call("f()", {"f": run, "kept": (buffer, point, outs)})
    return Prepared({"call": call}, _numbers(outs), ready, ready)


def _derivatives_by_casadi(library: Any, program: Program, x: Any, y: Any) -> list[Any]:
    if program.transform == "value_and_grad":
        return [y, library.gradient(y, x)]
    if program.transform == "hessian":
        return [library.densify(library.hessian(y, x)[0])]
    return [library.densify(library.jacobian(library.vertcat(*y), x)).T]  # row by row


def ddx(arguments: Namespace) -> Prepared:
    library: Any = import_module("ddx")
    numpy: Any = import_module("numpy")
    library.Expression.relu = lambda x: library.max(x, 0.0)
    library.maximum = library.max
    program = program_of(arguments, library)
    names = [f"x{i}" for i in range(len(program.point))]
    clock = Stopwatch()
    equation = library.equation(lambda: program.f([library.var(name) for name in names]))
    equation.compile(cache_dir="")
    value, gradient = equation.jacobian(program.point)
    ready = clock()
    call = Call("f()", {"f": equation.buffer(numpy.array(program.point))})
    return Prepared({"call": call}, [value, *gradient.tolist()], ready, ready)


PEERS: dict[str, Callable[[Namespace], Prepared]] = {
    "chainrule": ours,
    "uncompiled": ours,
    "c": c,
    "jax": jax,
    "torch": torch,
    "casadi": casadi,
    "casadi-c": casadi,
    "ddx": ddx,
}

if __name__ == "__main__":
    main(lambda arguments: measured(PEERS, arguments, 1e6))
