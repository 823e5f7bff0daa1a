"""The dense Hessian of Rosenbrock's function of 20 variables, arguments and results in arrays.

Derivatives are each peer's own but for C, numba and NumPy, where the formulas are written by hand.
CasADi's matrix is sparse, its way of giving them; ddx gives value and gradient as well. Time is in
microseconds per call.
"""

from __future__ import annotations

import ctypes
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

from compiling import (
    Call,
    Prepared,
    Stopwatch,
    casadi_in_c,
    doubles,
    load_ours,
    measured,
    references,
)
from harness import main


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def rosenbrock_of_array(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def point(n: int) -> list[float]:
    return [-1.2 + 2.2 * i / (n - 1) for i in range(n)]


def prepared(clock: Stopwatch, call: Call, matrix: Any) -> Prepared:
    ready = clock()
    return Prepared({"call": call}, [float(x) for row in matrix for x in row], ready, ready)


def ours(arguments: Namespace) -> Prepared:
    autograd = load_ours(arguments.peer)
    numpy: Any = import_module("numpy")
    clock = Stopwatch()
    bound = autograd.jit(autograd.hessian(rosenbrock)).bind(numpy.array(point(arguments.size)))
    first = clock()
    matrix = numpy.array(bound())
    ready = clock()
    call = Call("f()", {"f": bound})
    return Prepared({"call": call}, matrix.ravel().tolist(), first, ready)


def c(arguments: Namespace) -> Prepared:
    numpy: Any = import_module("numpy")
    n = arguments.size
    x, out = numpy.array(point(n)), numpy.empty((n, n))
    clock = Stopwatch()
    f = references(simd=False).rosenbrock_hessian
    f.restype = None
    names = {"f": f, "x": doubles(x), "y": doubles(out), "n": ctypes.c_long(n), "kept": (x, out)}
    f(names["x"], names["y"], names["n"])
    return prepared(clock, Call("f(x, y, n)", names), out)


def casadi(arguments: Namespace) -> Prepared:
    library: Any = import_module("casadi")
    numpy: Any = import_module("numpy")
    x = library.SX.sym("x", arguments.size)
    clock = Stopwatch()
    matrix, _ = library.hessian(rosenbrock(library.vertsplit(x)), x)
    f = library.Function("f", [x], [matrix])
    if arguments.peer == "casadi-c":
        f = casadi_in_c(library, f)
    buffer, run = f.buffer()
    numbers, out = numpy.array(point(arguments.size)), numpy.empty(f.nnz_out(0))
    buffer.set_arg(0, memoryview(numbers))
    buffer.set_res(0, memoryview(out))
    run()
    full = library.DM(f.sparsity_out(0), out).full()
    return prepared(clock, Call("f()", {"f": run, "kept": (buffer, numbers, out)}), full)


def ddx(arguments: Namespace) -> Prepared:
    library: Any = import_module("ddx")
    numpy: Any = import_module("numpy")
    names = [f"x{i}" for i in range(arguments.size)]
    clock = Stopwatch()
    equation = library.equation(lambda: rosenbrock([library.var(name) for name in names]))
    equation.compile(cache_dir="")
    call = equation.buffer(numpy.array(point(arguments.size)), want=library.Want.HESSIAN)
    call()
    return prepared(clock, Call("f()", {"f": call}), call.hessian)


def jax(arguments: Namespace) -> Prepared:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    x = library.numpy.array(point(arguments.size))
    clock = Stopwatch()
    f = library.jit(library.hessian(rosenbrock_of_array))
    matrix = library.block_until_ready(f(x))
    names = {"f": f, "x": x, "ready": library.block_until_ready}
    return prepared(clock, Call("ready(f(x))", names), matrix)


def torch(arguments: Namespace) -> Prepared:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    x = library.tensor(point(arguments.size), dtype=library.float64)
    clock = Stopwatch()
    f = library.func.hessian(rosenbrock_of_array)
    if arguments.peer == "torch-compile":
        f = library.compile(f)
    matrix = f(x)
    return prepared(clock, Call("f(x)", {"f": f, "x": x}), matrix)


def numba(arguments: Namespace) -> Prepared:
    library: Any = import_module("numba")
    numpy: Any = import_module("numpy")
    n = arguments.size
    x, out = numpy.array(point(n)), numpy.empty((n, n))
    clock = Stopwatch()
    f = library.njit(loops)
    f(x, out)
    return prepared(clock, Call("f(x, out)", {"f": f, "x": x, "out": out}), out)


def loops(x: Any, out: Any) -> None:
    """By hand, as in C; compiled by numba."""
    out[:] = 0.0
    for i in range(len(x) - 1):
        out[i, i] += 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0
        out[i, i + 1] = -400.0 * x[i]
        out[i + 1, i] = -400.0 * x[i]
        out[i + 1, i + 1] += 200.0


def numpy(arguments: Namespace) -> Prepared:
    library: Any = import_module("numpy")
    n = arguments.size
    x, out = library.array(point(n)), library.zeros((n, n))
    diagonal, upper, lower = (out.ravel()[start :: n + 1] for start in (0, 1, n))

    def f() -> None:
        diagonal[:-1] = 1200.0 * x[:-1] * x[:-1] - 400.0 * x[1:] + 2.0
        diagonal[-1] = 0.0
        diagonal[1:] += 200.0
        upper[:] = lower[:] = -400.0 * x[:-1]

    clock = Stopwatch()
    f()
    return prepared(clock, Call("f()", {"f": f}), out)


PEERS: dict[str, Callable[[Namespace], Prepared]] = {
    "chainrule": ours,
    "c": c,
    "casadi": casadi,
    "casadi-c": casadi,
    "ddx": ddx,
    "numba": numba,
    "numpy": numpy,
    "jax": jax,
    "torch": torch,
    "torch-compile": torch,
}

if __name__ == "__main__":
    main(lambda arguments: measured(PEERS, arguments, 1e6))
