"""The Black–Scholes price of a European call and five Greeks, at a million points.

Delta, gamma, vega, theta and rho are derivatives for us, jax and ddx; for C, numba, NumPy and torch
they are the closed formulas, which is faster there. Time is in milliseconds for all points, from
five arrays to six: "call" hands out new arrays, "in place" writes over the previous results.
"""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from random import Random
from typing import Any

from compiling import Call, Prepared, Stopwatch, doubles, load_ours, measured, references
from harness import main

ROOT_HALF = math.sqrt(0.5)
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
CHECKED = 100  # points whose results are compared


def data(numpy: Any, count: int) -> Any:
    """Rows: spot, strike, time in years, rate, volatility."""
    random = numpy.random.default_rng(Random(4).randrange(2**32))
    lower = numpy.array([80.0, 80.0, 0.1, 0.0, 0.1])
    upper = numpy.array([120.0, 120.0, 2.0, 0.05, 0.5])
    return lower[:, None] + (upper - lower)[:, None] * random.random((5, count))


def price_by(log: Any, exp: Any, sqrt: Any, erf: Any) -> Callable[..., Any]:
    def cdf(x: Any) -> Any:
        return 0.5 * (1.0 + erf(x * ROOT_HALF))

    def price(s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
        spread = v * sqrt(t)
        d1 = (log(s / k) + (r + 0.5 * v * v) * t) / spread
        return s * cdf(d1) - k * exp(-r * t) * cdf(d1 - spread)

    return price


def formulas_by(log: Any, exp: Any, sqrt: Any, erf: Any) -> Callable[..., Any]:
    """Price, delta, gamma, vega, theta and rho, each as its formula."""

    def formulas(s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
        root = sqrt(t)
        spread = v * root
        d1 = (log(s / k) + (r + 0.5 * v * v) * t) / spread
        n1 = 0.5 * (1.0 + erf(d1 * ROOT_HALF))
        n2 = 0.5 * (1.0 + erf((d1 - spread) * ROOT_HALF))
        phi = DENSITY * exp(-0.5 * d1 * d1)
        discounted = k * exp(-r * t)
        return (
            s * n1 - discounted * n2,
            n1,
            phi / (s * spread),
            s * phi * root,
            -s * phi * v / (2.0 * root) - r * discounted * n2,
            discounted * t * n2,
        )

    return formulas


def checked(results: Any) -> list[float]:
    return [float(x) for result in results for x in result[:CHECKED]]


def ours(arguments: Namespace) -> Prepared:
    autograd = load_ours(arguments.peer)
    numpy: Any = import_module("numpy")
    arrays = list(data(numpy, arguments.size))
    price = price_by(autograd.log, autograd.exp, autograd.sqrt, autograd.erf)

    def greeks(s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
        def delta(s: Any) -> Any:
            return autograd.grad(price)(s, k, t, r, v)

        value, (ds, dt, dr, dv) = autograd.value_and_grad(price, argnums=(0, 2, 3, 4))(
            s, k, t, r, v
        )
        return value, ds, autograd.grad(delta)(s), dv, -dt, dr

    clock = Stopwatch()
    f = autograd.vmap(greeks)
    results = f(*arrays)
    ready = clock()
    return prepared(f, arrays, checked(results), ready, Call("f()", {"f": f.bind(*arrays)}))


def prepared(
    f: Any, arrays: Any, check: list[float], ready: float, in_place: Call | None = None
) -> Prepared:
    names = dict(zip("sktrv", arrays, strict=True))
    calls = {"call": Call("f(s, k, t, r, v)", {"f": f, **names})}
    if in_place is not None:
        calls["in place"] = in_place
    return Prepared(calls, check, ready, ready)


def c(arguments: Namespace) -> Prepared:
    import ctypes

    numpy: Any = import_module("numpy")
    arrays = numpy.ascontiguousarray(data(numpy, arguments.size))
    count = ctypes.c_long(arguments.size)
    clock = Stopwatch()
    f = references(simd=arguments.peer == "c-simd").black_scholes
    f.restype = None
    out = numpy.empty((6, arguments.size))
    x, y = doubles(arrays), doubles(out)
    f(x, y, count)
    ready = clock()

    def call() -> Any:
        results = numpy.empty((6, arguments.size))
        f(x, doubles(results), count)
        return results

    names = {"f": f, "x": x, "y": y, "n": count, "kept": (arrays, out)}
    calls = {"call": Call("f()", {"f": call}), "in place": Call("f(x, y, n)", names)}
    return Prepared(calls, checked(out), ready, ready)


def jax(arguments: Namespace) -> Prepared:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    numpy = library.numpy
    arrays = [numpy.array(row) for row in data(import_module("numpy"), arguments.size)]
    price = price_by(numpy.log, numpy.exp, numpy.sqrt, library.scipy.special.erf)

    def greeks(*point: Any) -> Any:
        value, (ds, dt, dr, dv) = library.value_and_grad(price, argnums=(0, 2, 3, 4))(*point)
        return value, ds, library.grad(library.grad(price))(*point), dv, -dt, dr

    clock = Stopwatch()
    f = library.jit(library.vmap(greeks))
    results = library.block_until_ready(f(*arrays))
    ready = clock()
    return prepared(
        lambda *point: library.block_until_ready(f(*point)), arrays, checked(results), ready
    )


def torch(arguments: Namespace) -> Prepared:
    library: Any = import_module("torch")
    numpy: Any = import_module("numpy")
    library.set_num_threads(1)
    arrays = [library.from_numpy(row) for row in data(numpy, arguments.size)]
    f = formulas_by(library.log, library.exp, library.sqrt, library.erf)
    clock = Stopwatch()
    if arguments.peer == "torch-compile":
        f = library.compile(f)
    results = f(*arrays)
    ready = clock()
    return prepared(f, arrays, checked(results), ready)


def numpy(arguments: Namespace) -> Prepared:
    library: Any = import_module("numpy")
    special: Any = import_module("scipy.special")
    arrays = list(data(library, arguments.size))
    f = formulas_by(library.log, library.exp, library.sqrt, special.erf)
    clock = Stopwatch()
    results = f(*arrays)
    ready = clock()
    return prepared(f, arrays, checked(results), ready)


def numba(arguments: Namespace) -> Prepared:
    library: Any = import_module("numba")
    numpy: Any = import_module("numpy")
    arrays = list(data(numpy, arguments.size))
    at_point = library.njit(formulas_by(math.log, math.exp, math.sqrt, math.erf))

    @library.njit  # type: ignore[untyped-decorator]
    def into(out: Any, s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
        for i in range(len(s)):
            price, delta, gamma, vega, theta, rho = at_point(s[i], k[i], t[i], r[i], v[i])
            out[0, i], out[1, i], out[2, i] = price, delta, gamma
            out[3, i], out[4, i], out[5, i] = vega, theta, rho
        return out

    def f(*arrays: Any) -> Any:
        return into(numpy.empty((6, arguments.size)), *arrays)

    clock = Stopwatch()
    results = f(*arrays)
    ready = clock()
    names = {"f": into, "out": results, "arrays": arrays}
    in_place = Call("f(out, *arrays)", names)
    return prepared(f, arrays, checked(results), ready, in_place)


def ddx(arguments: Namespace) -> Prepared:
    """Gamma is the first entry of the Hessian's product with the direction of the spot."""
    library: Any = import_module("ddx")
    numpy: Any = import_module("numpy")
    points = data(numpy, arguments.size)[[0, 2, 3, 4, 1]]  # parameters come last

    price = price_by(library.log, library.exp, library.sqrt, library.erf)

    def model() -> Any:
        s, t, r, v = map(library.var, "strv")
        return price(s, library.param("k"), t, r, v)

    direction = numpy.zeros((4, arguments.size))
    direction[0] = 1.0
    clock = Stopwatch()
    equation = library.equation(model)
    equation.compile(points=arguments.size, cache_dir="")

    def f() -> Any:
        value, gradient, product = equation.hvp(direction, points)
        return value, gradient[0], product[0], gradient[3], -gradient[1], gradient[2]

    check = checked(f())
    ready = clock()
    return Prepared({"call": Call("f()", {"f": f})}, check, ready, ready)


PEERS: dict[str, Callable[[Namespace], Prepared]] = {
    "chainrule": ours,
    "c": c,
    "c-simd": c,
    "torch": torch,
    "torch-compile": torch,
    "ddx": ddx,
    "numba": numba,
    "numpy": numpy,
    "jax": jax,
}

if __name__ == "__main__":
    main(lambda arguments: measured(PEERS, arguments, 1e3))
