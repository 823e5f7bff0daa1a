"""Mean squared error of an MLP 2-16-16-1 (tanh, tanh, linear) over rows, and its 337 derivatives.

The derivatives are each peer's own but for C, NumPy and numba, where they are written by hand. Time
is in microseconds per call, parameters and rows in arrays already.
"""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from operator import mul
from random import Random
from typing import Any

from compiling import (
    Call,
    Prepared,
    Stopwatch,
    doubles,
    for_micrograd,
    load_ours,
    measured,
    references,
    until_compiled,
)
from harness import main

SIZES = (2, 16, 16, 1)
LAYERS = tuple(pairwise(SIZES))
PARAMETERS = sum((inputs + 1) * outputs for inputs, outputs in LAYERS)


def data(numpy: Any, rows: int) -> tuple[Any, Any, Any]:
    """Parameters (of each layer the weights, a row per input, then the biases), points, targets."""
    random = Random(3)
    parameters = [
        random.uniform(-1.0, 1.0) / inputs**0.5
        for inputs, outputs in LAYERS
        for _ in range((inputs + 1) * outputs)
    ]
    points = [[random.uniform(-1.0, 1.0) for _ in range(2)] for _ in range(rows)]
    targets = [1.0 if x * x + y * y < 0.5 else -1.0 for x, y in points]
    return numpy.array(parameters), numpy.array(points), numpy.array(targets)


def layers(parameters: Any) -> list[tuple[Any, Any]]:
    """The flat parameters as weights (a row per input) and biases of each layer."""
    out, start = [], 0
    for inputs, outputs in LAYERS:
        stop = start + inputs * outputs
        out.append((parameters[start:stop], parameters[stop : stop + outputs]))
        start = stop + outputs
    return out


def matrices(parameters: Any) -> list[tuple[Any, Any]]:
    return [
        (weights.reshape(inputs, outputs), biases)
        for (weights, biases), (inputs, outputs) in zip(layers(parameters), LAYERS, strict=True)
    ]


def output(parameters: Any, x: Sequence[Any], tanh: Any, dot: Any) -> Any:
    """The network written neuron by neuron, for one point."""
    parts = layers(parameters)
    for i, (weights, biases) in enumerate(parts):
        count = len(biases)
        x = [dot(weights[k::count], x) + bias for k, bias in enumerate(biases)]
        if i < len(parts) - 1:
            x = [tanh(neuron) for neuron in x]
    return x[0]


def outputs(parameters: Any, points: Any, tanh: Any) -> Any:
    """The network written with matrices, for all points."""
    (W1, b1), (W2, b2), (W3, b3) = matrices(parameters)
    hidden = tanh(tanh(points @ W1 + b1) @ W2 + b2)
    return (hidden @ W3 + b3)[:, 0]


def result(value: Any, gradient: Any) -> list[float]:
    return [float(value), *map(float, gradient)]


def ours(arguments: Namespace) -> Prepared:
    autograd = load_ours(arguments.peer)
    numpy: Any = import_module("numpy")
    parameters, points, targets = data(numpy, arguments.size)

    def loss(p: Any, x: Any, target: Any) -> Any:
        return (output(p, x, autograd.tanh, autograd.dot) - target) ** 2

    clock = Stopwatch()
    f = autograd.vmap(autograd.value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean")
    check = result(*f(parameters, points, targets))
    first = clock()
    until_compiled(f, lambda: f(parameters, points, targets))
    ready = clock()
    call = Call("f(p, x, t)", {"f": f, "p": parameters, "x": points, "t": targets})
    in_place = Call("f()", {"f": f.bind(parameters, points, targets)})
    return Prepared({"call": call, "in place": in_place}, check, first, ready)


def c(arguments: Namespace) -> Prepared:
    import ctypes

    numpy: Any = import_module("numpy")
    parameters, points, targets = data(numpy, arguments.size)
    gradient = numpy.empty(PARAMETERS)
    arrays = (parameters, points, targets, gradient)
    p, x, t, g = map(doubles, arrays)
    clock = Stopwatch()
    f = references(simd=arguments.peer == "c-simd").mlp_gradient
    f.restype = ctypes.c_double
    count = ctypes.c_long(arguments.size)
    value = f(p, x, t, count, g)
    ready = clock()
    names = {"f": f, "p": p, "x": x, "t": t, "n": count, "g": g, "kept": arrays}
    return Prepared(
        {"call": Call("f(p, x, t, n, g)", names)}, result(value, gradient), ready, ready
    )


def numpy(arguments: Namespace) -> Prepared:
    library: Any = import_module("numpy")
    parameters, points, targets = data(library, arguments.size)

    def f(p: Any) -> tuple[Any, Any]:
        (W1, b1), (W2, b2), (W3, b3) = matrices(p)
        first = library.tanh(points @ W1 + b1)
        second = library.tanh(first @ W2 + b2)
        error = (second @ W3 + b3)[:, 0] - targets
        d3 = (2.0 / len(error) * error)[:, None]
        d2 = (d3 @ W3.T) * (1.0 - second * second)
        d1 = (d2 @ W2.T) * (1.0 - first * first)
        gradient = library.concatenate(
            [
                (points.T @ d1).ravel(), d1.sum(0),
                (first.T @ d2).ravel(), d2.sum(0),
                (second.T @ d3).ravel(), d3.sum(0),
            ]
        )  # fmt: skip
        return error @ error / len(error), gradient

    clock = Stopwatch()
    check = result(*f(parameters))
    ready = clock()
    return Prepared({"call": Call("f(p)", {"f": f, "p": parameters})}, check, ready, ready)


def numba(arguments: Namespace) -> Prepared:
    library: Any = import_module("numba")
    numpy: Any = import_module("numpy")
    p, x, t = data(numpy, arguments.size)
    gradient = numpy.empty(PARAMETERS)
    clock = Stopwatch()
    f = library.njit(loops)
    value = f(p, x, t, gradient)
    ready = clock()
    names = {"f": f, "p": p, "x": x, "t": t, "g": gradient}
    return Prepared({"call": Call("f(p, x, t, g)", names)}, result(value, gradient), ready, ready)


def loops(p: Any, points: Any, targets: Any, gradient: Any) -> float:
    """Value and gradient row by row, as in C; compiled by numba."""
    width = 16
    A, B, C, D, E, F = 0, 32, 48, 304, 320, 336
    first, second, back = [0.0] * width, [0.0] * width, [0.0] * width
    gradient[:] = 0.0
    total = 0.0
    for i in range(len(points)):
        x, y = points[i, 0], points[i, 1]
        for j in range(width):
            first[j] = math.tanh(x * p[A + j] + y * p[A + width + j] + p[B + j])
            second[j] = p[D + j]
        for j in range(width):
            for k in range(width):
                second[k] += first[j] * p[C + width * j + k]
        error = p[F] - targets[i]
        for k in range(width):
            second[k] = math.tanh(second[k])
            error += second[k] * p[E + k]
        total += error * error
        error *= 2.0
        gradient[F] += error
        for k in range(width):
            gradient[E + k] += error * second[k]
            back[k] = error * p[E + k] * (1.0 - second[k] * second[k])
            gradient[D + k] += back[k]
        for j in range(width):
            slope = 0.0
            for k in range(width):
                gradient[C + width * j + k] += back[k] * first[j]
                slope += back[k] * p[C + width * j + k]
            slope *= 1.0 - first[j] * first[j]
            gradient[A + j] += slope * x
            gradient[A + width + j] += slope * y
            gradient[B + j] += slope
    gradient /= len(points)
    return total / len(points)


def jax(arguments: Namespace) -> Prepared:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    numpy = library.numpy
    arrays = library.block_until_ready(data(numpy, arguments.size))

    def loss(p: Any, x: Any, t: Any) -> Any:
        return numpy.mean((outputs(p, x, numpy.tanh) - t) ** 2)

    clock = Stopwatch()
    f = library.jit(library.value_and_grad(loss))
    check = result(*library.block_until_ready(f(*arrays)))
    ready = clock()
    names = {"f": f, "ready": library.block_until_ready, **dict(zip("pxt", arrays, strict=True))}
    return Prepared({"call": Call("ready(f(p, x, t))", names)}, check, ready, ready)


def torch(arguments: Namespace) -> Prepared:
    library: Any = import_module("torch")
    numpy: Any = import_module("numpy")
    library.set_num_threads(1)
    p, x, t = map(library.from_numpy, data(numpy, arguments.size))

    def loss(p: Any, x: Any, t: Any) -> Any:
        return ((outputs(p, x, library.tanh) - t) ** 2).mean()

    def by_tape() -> tuple[Any, Any]:
        value = loss(p.requires_grad_(), x, t)
        return value, library.autograd.grad(value, p)[0]

    @library.compile
    def compiled(p: Any, x: Any, t: Any) -> tuple[Any, Any]:
        gradient, value = library.func.grad_and_value(loss)(p, x, t)
        return value, gradient

    clock = Stopwatch()
    f = (lambda: compiled(p, x, t)) if arguments.peer == "torch-compile" else by_tape
    value, gradient = f()
    check = result(value.item(), gradient.tolist())
    ready = clock()
    return Prepared({"call": Call("f()", {"f": f})}, check, ready, ready)


def ddx(arguments: Namespace) -> Prepared:
    """One row as an equation; a batch of rows, with the parameters repeated, and NumPy's mean."""
    library: Any = import_module("ddx")
    numpy: Any = import_module("numpy")
    parameters, points, targets = data(numpy, arguments.size)

    def loss() -> Any:
        p = [library.var(f"p{i}") for i in range(PARAMETERS)]
        x = [library.param("x"), library.param("y")]
        return (output(p, x, library.tanh, sum_of_products) - library.param("t")) ** 2

    clock = Stopwatch()
    equation = library.equation(loss)
    equation.compile(points=arguments.size, cache_dir="")
    batch = numpy.empty((PARAMETERS + 3, arguments.size))
    batch[:PARAMETERS] = parameters[:, None]
    batch[PARAMETERS:-1], batch[-1] = points.T, targets
    call = equation.buffer(batch)

    def f() -> tuple[Any, Any]:
        call.x[:PARAMETERS] = parameters[:, None]
        call()
        return call.value.mean(), call.jacobian.mean(1)

    check = result(*f())
    ready = clock()
    return Prepared({"call": Call("f()", {"f": f})}, check, ready, ready)


def sum_of_products(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    return sum(map(mul, xs, ys))


def casadi(arguments: Namespace) -> Prepared:
    """With matrices in CasADi's virtual machine; scalar by scalar, and in C, it takes minutes."""
    library: Any = import_module("casadi")
    numpy: Any = import_module("numpy")
    parameters, points, targets = data(numpy, arguments.size)
    p = library.MX.sym("p", PARAMETERS)
    clock = Stopwatch()
    x = library.DM(points)
    for i, ((weights, biases), (inputs, outputs)) in enumerate(zip(layers(p), LAYERS, strict=True)):
        W = library.reshape(weights, outputs, inputs).T
        x = library.mtimes(x, W) + library.repmat(biases.T, arguments.size, 1)
        if i < len(LAYERS) - 1:
            x = library.tanh(x)
    value = library.sumsqr(x - library.DM(targets)) / arguments.size
    f = library.Function("f", [p], [value, library.gradient(value, p)])
    buffer, run = f.buffer()
    error, gradient = numpy.zeros(1), numpy.zeros(PARAMETERS)
    buffer.set_arg(0, memoryview(parameters))
    buffer.set_res(0, memoryview(error))
    buffer.set_res(1, memoryview(gradient))
    run()
    ready = clock()
    kept = (buffer, parameters, error, gradient)
    call = Call("f()", {"f": run, "kept": kept})
    return Prepared({"call": call}, result(error[0], gradient), ready, ready)


def micrograd(arguments: Namespace) -> Prepared:
    engine: Any = import_module("micrograd.engine").Value
    tanh = for_micrograd(math.tanh, lambda t: 1.0 - t * t)
    numbers, points, targets = data(Lists, arguments.size)
    parameters = [engine(number) for number in numbers]

    def f() -> tuple[float, list[float]]:
        for parameter in parameters:
            parameter.grad = 0.0
        errors = [
            output(parameters, point, tanh, sum_of_products) - target
            for point, target in zip(points, targets, strict=True)
        ]
        root = sum(error**2 for error in errors) / len(errors)
        root.backward()
        return root.data, [parameter.grad for parameter in parameters]

    clock = Stopwatch()
    check = result(*f())
    ready = clock()
    return Prepared({"call": Call("f()", {"f": f})}, check, ready, ready)


class Lists:
    """In the place of NumPy."""

    array = staticmethod(list)


PEERS: dict[str, Callable[[Namespace], Prepared]] = {
    "chainrule": ours,
    "c": c,
    "c-simd": c,
    "numpy": numpy,
    "numba": numba,
    "jax": jax,
    "torch": torch,
    "torch-compile": torch,
    "ddx": ddx,
    "casadi": casadi,
    "micrograd": micrograd,
}

if __name__ == "__main__":
    main(lambda arguments: measured(PEERS, arguments, 1e6))
