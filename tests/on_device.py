"""Functions that are mapped on a device, by tests on the CPU and on a real one; and how sums are
added up there, written with NumPy."""

import math
from itertools import pairwise

import numpy

from autograd import erf, exp, log, sqrt, tanh, value_and_grad, where

CHUNK, CHUNKS, SUMS, LANES, THREADS = 1024, 1 << 15, 1 << 25, 32, 128


def black_scholes(s, k, t, v, r):
    d1 = (log(s / k) + (r + v * v / 2) * t) / (v * sqrt(t))
    d2 = d1 - v * sqrt(t)
    return s * normal_cdf(d1) - k * exp(-r * t) * normal_cdf(d2)


def normal_cdf(x):
    return 0.5 * (1 + erf(x / math.sqrt(2)))


greeks = value_and_grad(black_scholes, (0, 1, 2, 3, 4))


def options(n, seed=0):
    """Columns of n options: spot, strike, time, volatility, rate."""
    draw = numpy.random.default_rng(seed)
    low, high = [80, 80, 0.1, 0.1, 0.0], [120, 120, 2.0, 0.6, 0.08]
    return [draw.uniform(a, b, n) for a, b in zip(low, high, strict=True)]


def implied(price, s, k, t, r):
    """The volatility at which an option has a price, by Newton's method to convergence."""
    v = 0.3
    for _ in range(20):
        value, slopes = value_and_grad(lambda v: black_scholes(s, k, t, v, r))(v)
        step = (value - price) / slopes
        v = v - step
        if abs(step) < 1e-10:
            break
    return v


def branches(x):
    """Several paths, some of them rare."""
    if x > 1:
        return x * x
    if x < -1:
        return exp(x) - x
    n = 0
    while x < 0.9:
        x = x * 0.5 + 0.8
        n += 1
    return x + n


def network(sizes):
    """The squared error of a network with tanh, and how many parameters it has: the parameters in
    one array, a row of inputs and the target."""
    count = sum((a + 1) * b for a, b in pairwise(sizes))

    def loss(p, row):
        h, at = [row[i] for i in range(sizes[0])], 0
        for layer, size in enumerate(sizes[1:], 2):
            out = []
            for _ in range(size):
                total = p[at + len(h)]
                for i, x in enumerate(h):
                    total = total + p[at + i] * x
                at += len(h) + 1
                out.append(tanh(total) if layer < len(sizes) else total)
            h = out
        return (h[0] - row[sizes[0]]) ** 2

    return loss, count


def selections(x, y):
    return where(x > y, sqrt(x - y), x * y)


def added_up(rows):
    """The sums of a matrix's columns, to the bit as a device adds them: in every chunk 32 rows in
    their order, these sums in theirs; then chunks by 128 threads, and those in a tree."""
    n, width = rows.shape
    size = LANES
    while size < CHUNK and (n > size * CHUNKS or n * width > size * SUMS):
        size *= 2
    partial = []
    for start in range(0, n, size):
        total = numpy.zeros(width)
        for step in range(start, min(start + size, n), LANES):
            over = numpy.zeros(width)
            for row in rows[step : min(step + LANES, n)]:
                over = over + row
            total = total + over
        partial.append(total)
    tree = numpy.zeros((THREADS, width))
    for i, row in enumerate(partial):
        tree[i % THREADS] = tree[i % THREADS] + row
    half = THREADS // 2
    while half:
        tree[:half] = tree[:half] + tree[half : 2 * half]
        half //= 2
    return tree[0]
