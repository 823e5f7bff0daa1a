"""How long rows take on a CUDA device, beside jax.jit and torch.compile of the same where they can
be imported: each in a process of its own, on the same device, one after the other.

Printed are the first call (recording and compiling), and the best and the median of the later ones,
each until the device is done.
"""

import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

OPTIONS, SAMPLES, PRICES = 50_000_000, 10_000_000, 1_000_000
SECONDS = 1.0  # for each measurement
SIZES = (2, 16, 16, 1)


def measured(name, call, wait, rows):
    start = time.perf_counter()
    call()
    wait()
    first = time.perf_counter() - start
    times = []
    while len(times) < 5 or (sum(times) < SECONDS and len(times) < 50):
        start = time.perf_counter()
        call()
        wait()
        times.append(time.perf_counter() - start)
    best, median = min(times), statistics.median(times)
    print(
        f"{name:<44} first {first:7.2f} s   best {1e3 * best:8.3f} ms   median "
        f"{1e3 * median:8.3f} ms   {1e9 * median / rows:7.3f} ns a row",
        flush=True,
    )


def chainrule():
    import numpy
    from on_device import black_scholes, greeks, implied, network, options

    from autograd import grad, value_and_grad, vmap
    from autograd.compiler.cuda.device import Device, _image
    from autograd.compiler.cuda.device_arrays import DeviceArray
    from autograd.compiler.cuda.driver import the_driver

    device = Device(the_driver(), 0, _image)
    try:
        import cupy

        put, wait = cupy.asarray, cupy.cuda.runtime.deviceSynchronize
    except ImportError:

        def put(x):
            return DeviceArray.like(x, device)

        def wait():
            pass  # results are there when a call returns

    columns = [put(numpy.tile(x, 50)) for x in options(OPTIONS // 50)]
    f = vmap(greeks)
    measured("chainrule: Black-Scholes, five Greeks", lambda: f(*columns), wait, OPTIONS)
    rows = put(numpy.stack([numpy.tile(x, 10) for x in options(OPTIONS // 50)], 1))
    g = vmap(lambda row: black_scholes(*row))
    measured("chainrule: prices of rows of five", lambda: g(rows), wait, OPTIONS // 5)
    total = vmap(greeks, reduce="sum")
    measured("chainrule: the same Greeks added up", lambda: total(*columns), wait, OPTIONS)
    gamma = vmap(grad(grad(black_scholes)))
    measured("chainrule: gamma, grad of grad", lambda: gamma(*columns), wait, OPTIONS)
    columns = rows = None
    loss, count = network(SIZES)
    draw = numpy.random.default_rng(0)
    p, samples = put(draw.normal(size=count)), put(draw.normal(size=(SAMPLES, 3)))
    step = vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")
    measured("chainrule: network 2-16-16-1, mean gradient", lambda: step(p, samples), wait, SAMPLES)
    s, k, t, v, r = options(PRICES)
    prices = vmap(greeks)(s, k, t, v, r)[0]
    asked = [put(x) for x in (prices, s, k, t, r)]
    newton = vmap(implied)
    measured("chainrule: implied volatility by Newton", lambda: newton(*asked), wait, PRICES)


def jax():
    import jax
    import numpy
    from jax import numpy as jnp
    from jax.scipy.special import erf
    from on_device import options

    jax.config.update("jax_enable_x64", True)

    def price(s, k, t, v, r):
        d1 = (jnp.log(s / k) + (r + v * v / 2) * t) / (v * jnp.sqrt(t))
        d2 = d1 - v * jnp.sqrt(t)
        cdf = lambda x: 0.5 * (1 + erf(x / math.sqrt(2)))  # noqa: E731
        return s * cdf(d1) - k * jnp.exp(-r * t) * cdf(d2)

    columns = [jnp.asarray(numpy.tile(x, 50)) for x in options(OPTIONS // 50)]
    all_greeks = jax.value_and_grad(price, (0, 1, 2, 3, 4))
    f = jax.jit(jax.vmap(all_greeks))
    last = []

    def call():
        last[:] = [f(*columns)]

    def wait():
        jax.block_until_ready(last)

    measured("jax.jit: Black-Scholes, five Greeks", call, wait, OPTIONS)
    gamma = jax.jit(jax.vmap(jax.grad(jax.grad(price))))

    def second():
        last[:] = [gamma(*columns)]

    measured("jax.jit: gamma, grad of grad", second, wait, OPTIONS)
    total = jax.jit(lambda *columns: jax.tree.map(jnp.sum, jax.vmap(all_greeks)(*columns)))

    def add():
        last[:] = [total(*columns)]

    measured("jax.jit: the same Greeks added up", add, wait, OPTIONS)
    columns = None
    draw = numpy.random.default_rng(0)
    weights = [
        (jnp.asarray(draw.normal(size=(a, b))), jnp.asarray(draw.normal(size=b)))
        for a, b in ((2, 16), (16, 16), (16, 1))
    ]
    x, y = jnp.asarray(draw.normal(size=(SAMPLES, 2))), jnp.asarray(draw.normal(size=SAMPLES))

    def loss(weights, x, y):
        for i, (w, b) in enumerate(weights):
            x = x @ w + b
            x = jnp.tanh(x) if i < 2 else x
        return ((x[:, 0] - y) ** 2).mean()

    step = jax.jit(jax.value_and_grad(loss))

    def train():
        last[:] = [step(weights, x, y)]

    measured("jax.jit: network 2-16-16-1, mean gradient", train, wait, SAMPLES)
    x = y = None

    def implied(price_asked, s, k, t, r):
        slope = jax.value_and_grad(lambda v: price(s, k, t, v, r))

        def step(state):
            v, _, rounds = state
            value, vega = slope(v)
            change = (value - price_asked) / vega
            return v - change, change, rounds + 1

        start = (jnp.float64(0.3), jnp.float64(1.0), 0)
        on = lambda state: (abs(state[1]) >= 1e-10) & (state[2] < 20)  # noqa: E731
        return jax.lax.while_loop(on, step, start)[0]

    s, k, t, v, r = map(jnp.asarray, options(PRICES))
    prices = jax.vmap(price)(s, k, t, v, r)
    newton = jax.jit(jax.vmap(implied))

    def solve():
        last[:] = [newton(prices, s, k, t, r)]

    measured("jax.jit: implied volatility by Newton", solve, wait, PRICES)


def torch():
    import numpy
    import torch
    from on_device import options

    def price(s, k, t, v, r):
        d1 = (torch.log(s / k) + (r + v * v / 2) * t) / (v * torch.sqrt(t))
        d2 = d1 - v * torch.sqrt(t)
        cdf = lambda x: 0.5 * (1 + torch.erf(x / math.sqrt(2)))  # noqa: E731
        return s * cdf(d1) - k * torch.exp(-r * t) * cdf(d2)

    def all_greeks(*columns):
        value, back = torch.func.vjp(price, *columns)
        return value, back(torch.ones_like(value))

    columns = [torch.tensor(numpy.tile(x, 50), device="cuda") for x in options(OPTIONS // 50)]
    f = torch.compile(all_greeks)
    measured(
        "torch.compile: Black-Scholes, five Greeks",
        lambda: f(*columns),
        torch.cuda.synchronize,
        OPTIONS,
    )
    columns = None
    draw = numpy.random.default_rng(0)
    weights = [
        torch.tensor(draw.normal(size=shape), device="cuda", requires_grad=True)
        for a, b in ((2, 16), (16, 16), (16, 1))
        for shape in ((a, b), (b,))
    ]
    x, y = (torch.tensor(draw.normal(size=(SAMPLES, n)), device="cuda") for n in (2, 1))

    def loss(x, *weights):
        for i in range(0, 6, 2):
            x = x @ weights[i] + weights[i + 1]
            x = torch.tanh(x) if i < 4 else x
        return ((x - y) ** 2).mean()

    compiled = torch.compile(loss)
    measured(
        "torch.compile: network 2-16-16-1, mean gradient",
        lambda: torch.autograd.grad(compiled(x, *weights), weights),
        torch.cuda.synchronize,
        SAMPLES,
    )


def main():
    for peer in ("chainrule", "jax", "torch"):
        if peer != "chainrule":
            asked = [sys.executable, "-c", f"import {peer}"]
            if subprocess.run(asked, capture_output=True, check=False).returncode:
                print(f"{peer} can't be imported")
                continue
        command = [sys.executable, __file__, peer]
        status = subprocess.run(command, check=False, env=dict(os.environ)).returncode
        if status:
            print(f"{peer} ended with status {status}")
        if status and peer == "chainrule":
            raise SystemExit(status)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"chainrule": chainrule, "jax": jax, "torch": torch}[sys.argv[1]]()
    else:
        main()
