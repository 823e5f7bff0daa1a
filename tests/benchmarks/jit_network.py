"""The loss of a 2-2-2 network of sigmoids, and its derivatives in ten parameters.

Twice: called with ten floats, for floats; and with the arguments in arrays, where they stay. Every
peer derives the gradient itself but for C, NumPy and numba, where it is written by hand. Time is in
microseconds per call.
"""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from struct import Struct
from typing import Any

from compiling import (
    Call,
    Prepared,
    Stopwatch,
    casadi_in_c,
    doubles,
    for_micrograd,
    load_ours,
    measured,
    references,
    until_compiled,
)
from harness import main

NAMES = ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "b1", "b2")
NUMBERS = (0.25, 0.25, 0.15, 0.2, 0.3, 0.35, 0.4, 0.35, 0.4, 0.7)
INPUTS = (0.02, 0.04)
TARGETS = (0.5, 0.9)
ALL = tuple(range(10))


def loss_by(sigmoid: Callable[[Any], Any]) -> Callable[..., Any]:
    """The loss in the ten parameters, on whatever numbers `sigmoid` works."""
    i1, i2 = INPUTS
    t1, t2 = TARGETS

    def loss(
        w1: Any, w2: Any, w3: Any, w4: Any, w5: Any, w6: Any, w7: Any, w8: Any, b1: Any, b2: Any
    ) -> Any:
        h1 = sigmoid(w1 * i1 + w2 * i2 + b1)
        h2 = sigmoid(w3 * i1 + w4 * i2 + b1)
        o1 = sigmoid(w5 * h1 + w6 * h2 + b2)
        o2 = sigmoid(w7 * h1 + w8 * h2 + b2)
        return 0.5 * (t1 - o1) * (t1 - o1) + 0.5 * (t2 - o2) * (t2 - o2)

    return loss


def with_floats(f: Any, statement: str = "f({})", **names: Any) -> Call:
    """A call with the ten numbers, each in a variable."""
    variables = dict(zip(NAMES, NUMBERS, strict=True))
    return Call(statement.format(", ".join(NAMES)), {"f": f, **variables, **names})


def both(floats: Call, arrays: Call) -> dict[str, Call]:
    return {"floats": floats, "arrays": arrays}


def ours(arguments: Namespace) -> Prepared:
    autograd = load_ours(arguments.peer)
    numpy: Any = import_module("numpy")
    loss = loss_by(autograd.sigmoid)
    clock = Stopwatch()
    f = autograd.jit(autograd.value_and_grad(loss, argnums=ALL))
    value, gradient = f(*NUMBERS)
    first = clock()
    until_compiled(f, lambda: f(*NUMBERS))
    ready = clock()
    on_array = autograd.value_and_grad(lambda p: loss(*p))
    bound = autograd.jit(on_array).bind(numpy.array(NUMBERS))
    calls = both(with_floats(f), Call("f()", {"f": bound}))
    return Prepared(calls, [value, *gradient], first, ready)


def c(_: Namespace) -> Prepared:
    """Through ctypes, which is how C is called without writing an extension."""
    numpy: Any = import_module("numpy")
    clock = Stopwatch()
    f = references(simd=False).network_loss
    f.restype = None
    numbers, outputs = numpy.array(NUMBERS), numpy.empty(11)
    places = {"p": numbers, "q": outputs, "a": doubles(numbers), "b": doubles(outputs)}
    f(places["a"], places["b"])
    ready = clock()
    codec = {"pack": Struct("10d").pack_into, "unpack": Struct("11d").unpack_from}
    calls = both(
        with_floats(f, "pack(p, 0, {}); f(a, b); unpack(q)", **codec, **places),
        Call("f(a, b)", {"f": f, **places}),
    )
    return Prepared(calls, outputs.tolist(), ready, ready)


def casadi(arguments: Namespace) -> Prepared:
    library: Any = import_module("casadi")
    numpy: Any = import_module("numpy")
    p = library.SX.sym("p", 10)
    clock = Stopwatch()
    value = loss_by(lambda x: 1.0 / (1.0 + library.exp(-x)))(*library.vertsplit(p))
    f = library.Function("f", [p], [value, library.gradient(value, p)])
    if arguments.peer == "casadi-c":
        f = casadi_in_c(library, f)
    value, gradient = f(NUMBERS)
    ready = clock()
    buffer, run = f.buffer()
    numbers, outputs = numpy.array(NUMBERS), (numpy.zeros(1), numpy.zeros(10))
    buffer.set_arg(0, memoryview(numbers))
    for i, output in enumerate(outputs):
        buffer.set_res(i, memoryview(output))
    calls = both(with_floats(f, "f([{}])"), Call("f()", {"f": run, "kept": (buffer, outputs)}))
    return Prepared(calls, [float(value), *gradient.full().ravel().tolist()], ready, ready)


def ddx(_: Namespace) -> Prepared:
    library: Any = import_module("ddx")
    numpy: Any = import_module("numpy")
    loss = loss_by(lambda x: 1.0 / (1.0 + library.exp(-x)))
    clock = Stopwatch()
    equation = library.equation(lambda: loss(*[library.var(name) for name in NAMES]))
    equation.compile(cache_dir="")
    value, gradient = equation.jacobian(NUMBERS)
    ready = clock()
    calls = both(
        with_floats(equation.jacobian, "f(({}))"),
        Call("f()", {"f": equation.buffer(numpy.array(NUMBERS))}),
    )
    return Prepared(calls, [value, *gradient.tolist()], ready, ready)


def jax(_: Namespace) -> Prepared:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    loss = loss_by(library.nn.sigmoid)
    clock = Stopwatch()
    f = library.jit(library.value_and_grad(loss, argnums=ALL))
    value, gradient = library.block_until_ready(f(*NUMBERS))
    ready = clock()
    on_array = library.jit(library.value_and_grad(lambda p: loss(*p)))
    finished = {"ready": library.block_until_ready, "p": library.numpy.array(NUMBERS)}
    calls = both(
        with_floats(f, "ready(f({}))", **finished),
        Call("ready(f(p))", {"f": on_array, **finished}),
    )
    return Prepared(calls, [float(value), *map(float, gradient)], ready, ready)


def torch(arguments: Namespace) -> Prepared:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    library.set_default_dtype(library.float64)
    scalar_loss = loss_by(library.sigmoid)

    def value_and_gradient(p: Any) -> tuple[Any, Any]:
        gradient, value = library.func.grad_and_value(lambda q: scalar_loss(*q.unbind()))(p)
        return value, gradient

    def by_tape(p: Any) -> tuple[Any, Any]:
        p = p.detach().requires_grad_()
        value = scalar_loss(*p.unbind())
        return value, library.autograd.grad(value, p)[0]

    clock = Stopwatch()
    is_compiled = arguments.peer == "torch-compile"
    f = library.compile(value_and_gradient) if is_compiled else by_tape
    p = library.tensor(NUMBERS)
    value, gradient = f(p)
    ready = clock()

    def from_floats(*numbers: float) -> tuple[float, list[float]]:
        value, gradient = f(library.tensor(numbers))
        return value.item(), gradient.tolist()

    calls = both(with_floats(from_floats), Call("f(p)", {"f": f, "p": p}))
    return Prepared(calls, [value.item(), *gradient.tolist()], ready, ready)


def numba(_: Namespace) -> Prepared:
    library: Any = import_module("numba")
    numpy: Any = import_module("numpy")
    clock = Stopwatch()
    f = library.njit(gradient_by_hand)
    result = f(*NUMBERS)
    ready = clock()

    @library.njit  # type: ignore[untyped-decorator]
    def on_arrays(p: Any, out: Any) -> None:
        out[:] = f(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9])

    places = {"p": numpy.array(NUMBERS), "out": numpy.empty(11)}
    on_arrays(**places)
    calls = both(with_floats(f), Call("f(p, out)", {"f": on_arrays, **places}))
    return Prepared(calls, list(result), ready, ready)


def gradient_by_hand(
    w1: float, w2: float, w3: float, w4: float, w5: float,
    w6: float, w7: float, w8: float, b1: float, b2: float,
) -> tuple[float, ...]:  # fmt: skip
    i1, i2 = INPUTS
    t1, t2 = TARGETS
    h1 = 1.0 / (1.0 + math.exp(-(w1 * i1 + w2 * i2 + b1)))
    h2 = 1.0 / (1.0 + math.exp(-(w3 * i1 + w4 * i2 + b1)))
    o1 = 1.0 / (1.0 + math.exp(-(w5 * h1 + w6 * h2 + b2)))
    o2 = 1.0 / (1.0 + math.exp(-(w7 * h1 + w8 * h2 + b2)))
    e1, e2 = o1 - t1, o2 - t2
    d1, d2 = e1 * o1 * (1.0 - o1), e2 * o2 * (1.0 - o2)
    g1 = (d1 * w5 + d2 * w7) * h1 * (1.0 - h1)
    g2 = (d1 * w6 + d2 * w8) * h2 * (1.0 - h2)
    loss = 0.5 * e1 * e1 + 0.5 * e2 * e2
    return (
        loss, g1 * i1, g1 * i2, g2 * i1, g2 * i2,
        d1 * h1, d1 * h2, d2 * h1, d2 * h2, g1 + g2, d1 + d2,
    )  # fmt: skip


def numpy(_: Namespace) -> Prepared:
    library: Any = import_module("numpy")
    x, t = library.array(INPUTS), library.array(TARGETS)

    def on_array(p: Any) -> tuple[Any, Any]:
        W, V = p[:4].reshape(2, 2), p[4:8].reshape(2, 2)
        h = 1.0 / (1.0 + library.exp(-(W @ x + p[8])))
        o = 1.0 / (1.0 + library.exp(-(V @ h + p[9])))
        e = o - t
        d = e * o * (1.0 - o)
        g = (d @ V) * h * (1.0 - h)
        out = library.empty(10)
        out[:4] = library.outer(g, x).ravel()
        out[4:8] = library.outer(d, h).ravel()
        out[8], out[9] = g.sum(), d.sum()
        return 0.5 * (e @ e), out

    clock = Stopwatch()
    p = library.array(NUMBERS)
    value, gradient = on_array(p)
    ready = clock()

    def on_floats(*numbers: float) -> tuple[float, list[float]]:
        value, gradient = on_array(library.array(numbers))
        return float(value), gradient.tolist()

    calls = both(with_floats(on_floats), Call("f(p)", {"f": on_array, "p": p}))
    return Prepared(calls, [float(value), *gradient.tolist()], ready, ready)


def micrograd(_: Namespace) -> Prepared:
    engine: Any = import_module("micrograd.engine").Value

    sigmoid = for_micrograd(lambda x: 1.0 / (1.0 + math.exp(-x)), lambda s: s * (1.0 - s))
    loss = loss_by(sigmoid)

    def f(*numbers: float) -> list[float]:
        parameters = [engine(number) for number in numbers]
        root = loss(*parameters)
        root.backward()
        return [root.data, *(p.grad for p in parameters)]

    clock = Stopwatch()
    result = f(*NUMBERS)
    ready = clock()
    return Prepared({"floats": with_floats(f)}, result, ready, ready)


PEERS = {
    "chainrule": ours,
    "c": c,
    "casadi": casadi,
    "casadi-c": casadi,
    "ddx": ddx,
    "jax": jax,
    "torch": torch,
    "torch-compile": torch,
    "numba": numba,
    "numpy": numpy,
    "micrograd": micrograd,
}

if __name__ == "__main__":
    main(lambda arguments: measured(PEERS, arguments, 1e6))
