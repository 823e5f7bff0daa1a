"""The same loop a different number of times: eager's numbers, and few pieces of machine code."""

from __future__ import annotations

import gc
import math
import pickle
import struct
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from eagerly import eagerly

from autograd import exp, grad, hessian, jit, primitive, sin, square, tanh, value_and_grad
from autograd.compiler.native import machine

POINTS = 1000


def bits(tree: Any) -> list[str]:
    """All numbers of a result, to the bit; all NaNs are one."""
    if isinstance(tree, dict):
        return bits(list(tree.values()))
    if isinstance(tree, (list, tuple)) or np.ndim(tree):
        return [x for part in tree for x in bits(part)]
    return ["nan" if tree != tree else struct.pack("<d", tree).hex()]


# -- loops whose length depends on the numbers -----------------------------------------------------


def newton(a: Any) -> Any:
    """The square root."""
    x = 0.5 * (1.0 + a)
    while True:
        better = 0.5 * (x + a / x)
        if abs(better - x) <= 1e-15 * better:
            return better
        x = better


def bisection(a: Any) -> Any:
    """The root of x + exp(x) = a, roughly."""
    low, high = -3.0, 3.0
    while high - low > 0.3:
        middle = 0.5 * (low + high) + 0.0 * a
        if middle + exp(middle) > a:
            high = middle
        else:
            low = middle
    return low - (low + exp(low) - a) / (1.0 + exp(low))


def collatz(a: Any) -> Any:
    """Steps until 1, by whole numbers that come out of the Values."""
    total, x = 0.0 * a, a
    while round(x) > 1:
        total = total + sin(x)
        x = x / 2 if round(x) % 2 == 0 else 3 * x + 1
    return total * a


def adaptive(rate: Any) -> Any:
    """Heun's method for y' = -rate * y + sin(t), with steps that are halved and doubled."""
    t, y, h = 0.0, 1.0, 0.25
    while t < 2.0:
        first = sin(t) - rate * y
        second = sin(t + h) - rate * (y + h * first)
        error = abs(0.5 * h * (second - first))
        if error > 0.02:
            h = 0.5 * h
            continue
        y = y + 0.5 * h * (first + second)
        t = t + h
        if error < 0.002:
            h = 2.0 * h
    return y


def relaxed(p: Any) -> Any:
    """A state of three numbers, until it hardly moves."""
    state = [p[0], p[1], p[0] * p[1]]
    for _ in range(200):
        before = state
        mean = (before[0] + before[1] + before[2]) / 3.0
        state = [0.75 * x + 0.25 * tanh(mean) for x in before]
        if abs(state[0] - before[0]) < 2e-2:
            break
    return state[0] + state[1] * state[2]


def total(x: Any) -> Any:
    """Rosenbrock's function of n numbers."""
    return sum(100.0 * square(b - a * a) + square(1.0 - a) for a, b in pairwise(x))


def mean_square(x: Any) -> Any:
    return sum(a * a for a in x) / len(x)


def recurrence(pairs: Any) -> Any:
    state = 0.5
    for a, b in pairs:
        state = tanh(a * state + b)
    return state


def numbers(random: Random, n: int) -> list[float]:
    return [random.uniform(-1.0, 1.0) for _ in range(n)]


CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Random], Any], int]] = {
    "newton": (newton, lambda r: r.uniform(0.1, 1.0) * 10.0 ** r.randint(-3, 9), 6),
    "bisection": (bisection, lambda r: r.uniform(-1.0, 9.0), 40),
    "collatz": (collatz, lambda r: float(r.randint(1, 20)), 20),
    "adaptive": (adaptive, lambda r: r.uniform(0.1, 6.0), 20),
    "relaxed": (relaxed, lambda r: [r.uniform(0.1, 1.0), r.uniform(0.1, 1.0)], 15),
    "list": (total, lambda r: numbers(r, r.randint(2, 30)), 12),
    "array": (mean_square, lambda r: np.array(numbers(r, r.randint(1, 40))), 12),
    "pairs": (
        recurrence,
        lambda r: [(r.uniform(-1, 1), r.uniform(-1, 1)) for _ in range(r.randint(1, 30))],
        10,
    ),
}


@cache
def compared(name: str, derivative: Callable[..., Any] | None) -> Any:
    """The compiled function, after 1,000 points at which it is what it is in eager."""
    f, draw, _ = CASES[name]
    whole = f if derivative is None else derivative(f)
    # Of Values: from Python 3.12 on `sum` adds floats with compensation.
    eager = partial(eagerly, f) if derivative is None else whole
    compiled = jit(whole, max_paths=1000, max_nestings=1000)
    random = Random(name)
    for _ in range(POINTS):
        x = draw(random)
        assert bits(compiled(x)) == bits(eager(x)), x
        compiled_so_far()
    return compiled


def compiled_so_far() -> None:
    """Wait for what compiles behind calls: what is ready can be shared."""
    machine.COMPILERS.submit(int).result()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("derivative", [None, value_and_grad])
def test_they_give_what_eager_gives_at_1000_points(name: str, derivative: Any) -> None:
    """To the bit, and a piece of machine code runs many lengths."""
    stats = compared(name, derivative).stats()
    assert stats.uncompiled == 0
    assert stats.codes <= CASES[name][2], stats.code_of


def test_second_derivatives() -> None:
    eager, compiled = hessian(newton), jit(hessian(newton))
    random = Random(5)
    for _ in range(POINTS):
        x = CASES["newton"][1](random)
        assert bits(compiled(x)) == bits(eager(x))
        compiled_so_far()
    stats = compiled.stats()
    assert (stats.paths > 12, stats.codes <= 6) == (True, True), stats.code_of


def test_lengths_up_to_400() -> None:
    """100 lengths of a list: a handful of forms, most of them for the first few lengths."""
    compiled = jit(mean_square, max_nestings=1000)
    random = Random(1)
    for n in [*range(1, 11), *random.sample(range(11, 401), 90)]:
        for _ in range(2):
            x = numbers(random, n)
            assert bits(compiled(x)) == bits(eagerly(mean_square, x))
            compiled_so_far()
    stats = compiled.stats()
    assert (stats.paths, stats.uncompiled) == (100, 0)
    assert stats.codes <= 10
    shared = [code for code in stats.code_of if stats.code_of.count(code) > 1]
    assert len(shared) > 80


def test_another_length_takes_little_memory() -> None:
    """What is kept for each is its program and its numbers, not an engine."""
    compiled = jit(mean_square, max_nestings=1000)

    def lengths(first: int, last: int) -> None:
        for n in range(first, last):
            compiled([0.5] * n)
            compiled([0.25] * n)

    lengths(20, 40)
    gc.collect()
    tracemalloc.start()
    lengths(40, 90)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / 50 < 60_000


# -- what must not be taken for the same -----------------------------------------------------------


def special_at_7(a: Any) -> Any:
    x, i = 1.0 + a, 0
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
        i += 1
        if i == 7:
            x = x * 1.001
    return x


def longer_than_10(xs: Any) -> Any:
    out = sum(x * x for x in xs)
    return out * 2.0 if len(xs) > 10 else out


def counted(a: Any) -> Any:
    x, i = 1.0 + a, 0
    while x > 1.0:
        x = 0.5 * x + 0.001 * i * i
        i += 1
        if i > 60:
            break
    return x * a


def collected(a: Any) -> Any:
    x, kept = 1.0 + a, [a]
    while x > 1.0:
        x = 0.7 * x
        kept.append(x)
    return sum(k * y for k, y in enumerate(kept)) + kept[len(kept) // 2]


def at_most_8(a: Any) -> Any:
    x = 1.0 + a
    for _ in range(8):
        if abs(x * x - a) < 1e-13 * a:
            break
        x = 0.5 * (x + a / x)
    else:
        x = x + 1.0
    return x


def how_often(a: Any) -> Any:
    k, x = 0, 1.0 + a
    while x > 1.0:
        x, k = 0.5 * x, k + 1
    return k


def raises_at_20(a: Any) -> Any:
    k, x = 0, 1.0 + a
    while x > 1.0:
        x, k = 0.7 * x, k + 1
        if k == 20:
            raise ArithmeticError("too often")
    return x


def every_third(a: Any) -> Any:
    x, previous, k = 1.0 + a, a, 0
    while x > 1.0:
        x, previous = (0.5 * x, x) if k % 3 else (0.9 * x + 0.01 * previous, x)
        k = (k + 1) % 6
    return x + previous


def by_last_digit(a: Any) -> Any:
    text, x = "", 1.0 + a
    while x > 1.0:
        x, text = 0.6 * x, text + "."
    return x * len(text)


TRAPS: list[tuple[Callable[[Any], Any], Callable[[Random], Any]]] = [
    (special_at_7, lambda r: 10.0 ** r.uniform(-2, 9)),
    (longer_than_10, lambda r: numbers(r, r.randint(1, 30))),
    (counted, lambda r: 10.0 ** r.uniform(-2, 7)),
    (collected, lambda r: 10.0 ** r.uniform(-2, 5)),
    (at_most_8, lambda r: 10.0 ** r.uniform(-2, 9)),
    (how_often, lambda r: 10.0 ** r.uniform(-2, 12)),
    (every_third, lambda r: 10.0 ** r.uniform(-2, 9)),
    (by_last_digit, lambda r: 10.0 ** r.uniform(-2, 9)),
]


@pytest.mark.parametrize(("f", "draw"), TRAPS)
def test_what_depends_on_the_number_of_rounds(f: Any, draw: Any) -> None:
    """A round that is special, a counter that is computed with, a list that grows: as in eager."""
    compiled = jit(f)
    slope = jit(grad(f)) if f is not how_often else None
    random = Random(3)
    for _ in range(POINTS):
        x = draw(random)
        assert bits(compiled(x)) == bits(float(eagerly(f, x)))
        if slope is not None:
            assert bits(slope(x)) == bits(grad(f)(x))


def test_an_exception_at_round_20() -> None:
    compiled = jit(raises_at_20)
    random = Random(4)
    raised = 0
    for _ in range(POINTS):
        x = 10.0 ** random.uniform(-2, 6)
        try:
            wanted = raises_at_20(x)
        except ArithmeticError:
            raised += 1
            with pytest.raises(ArithmeticError, match="too often"):
                compiled(x)
        else:
            assert bits(compiled(x)) == bits(wanted)
    assert 0 < raised < POINTS


# -- the same code in every way to call it ---------------------------------------------------------


@pytest.mark.parametrize("name", ["newton", "list", "pairs"])
def test_pickles_share_again(name: str) -> None:
    compiled = compared(name, value_and_grad)
    again = pickle.loads(pickle.dumps(compiled))
    _, draw, most = CASES[name]
    random = Random(name)
    for _ in range(200):
        x = draw(random)
        assert bits(again(x)) == bits(compiled(x))
    assert again.recordings == 0
    assert again.stats().codes <= most + 1


def test_bound_arrays_of_many_lengths() -> None:
    compiled = jit(value_and_grad(mean_square))
    random = Random(8)
    for n in random.sample(range(1, 80), 40):
        array = np.array(numbers(random, n))
        bound = compiled.bind(array)
        for _ in range(3):
            array[:] = numbers(random, n)
            assert bits(bound()) == bits(value_and_grad(mean_square)(array))


def test_threads_call_several_lengths() -> None:
    """Each with its own numbers of rounds and its own memory, in one piece of machine code."""
    compiled = jit(value_and_grad(total))
    random = Random(9)
    points = [numbers(random, n) for n in range(30, 46)]
    wanted = [bits(value_and_grad(total)(x)) for x in points]
    for x in points[:3] * 2:
        compiled(x)
    compiled_so_far()
    wrong: list[int] = []

    def work(first: int) -> None:
        for turn in range(200):
            k = (first + turn) % len(points)
            if bits(compiled(points[k])) != wanted[k]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(4 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert compiled.stats().codes <= 4


@pytest.mark.parametrize("name", CASES)
def test_checked_calls_find_nothing(name: str) -> None:
    f, draw, _ = CASES[name]
    compiled = jit(value_and_grad(f), check=True)
    random = Random(name)
    for _ in range(60):
        compiled(draw(random))
    assert compiled.stats().checked + compiled.recordings == 60


def test_long_lists_share_as_well() -> None:
    """Programs of thousands of operations, with loops in loops."""

    def rows(m: Any) -> Any:
        return sum(tanh(sum(w * x for w, x in zip(row, m[1], strict=True))) for row in m[0])

    compiled = jit(value_and_grad(rows))
    random = Random(10)
    for n, k in [(30, 8), (31, 8), (60, 8), (40, 8), (30, 12), (40, 12), (35, 12)]:
        for _ in range(2):
            x = (np.array([numbers(random, k) for _ in range(n)]), np.array(numbers(random, k)))
            assert bits(compiled(x)) == bits(value_and_grad(rows)(x))
            compiled_so_far()
    assert compiled.stats().codes <= 5


def test_constants_that_depend_on_the_length() -> None:
    """1 / n is a number of the program, and another one for each length."""

    def variance(x: Sequence[Any]) -> Any:
        mean = sum(x) / len(x)
        return sum(square(a - mean) for a in x) * (1.0 / max(len(x) - 1, 1)) + math.log(len(x))

    compiled = jit(value_and_grad(variance))
    random = Random(11)
    for n in range(20, 60):
        for _ in range(2):
            x = numbers(random, n)
            assert bits(compiled(x)) == bits(value_and_grad(variance)(x))
            compiled_so_far()
    assert compiled.stats().codes <= 6


def test_paths_that_differ_in_a_constant() -> None:
    """A whole number that the function computes with: a path for each, one piece of code."""

    def f(x: Any) -> Any:
        n = int(x)
        return (x - n) * (x + 0.5 * n) + sin(x) / (n + 3.5)

    compiled = jit(value_and_grad(f))
    random = Random(12)
    for n in random.sample(range(5, 60), 40):
        for _ in range(2):
            x = n + random.random()
            assert bits(compiled(x)) == bits(value_and_grad(f)(x))
            compiled_so_far()
    stats = compiled.stats()
    assert (stats.paths, stats.codes <= 6) == (40, True), stats.code_of


@pytest.mark.usefixtures("forget")
def test_primitives_of_users_at_several_lengths() -> None:
    """What calls back has code of its own for each length, if it is short."""
    half = primitive("half_of_any_length", lambda x: 0.5 * x, lambda out, x: 0.5)

    def f(xs: Any) -> Any:
        state = 0.1
        for x in xs:
            state = half(state + x) * x + 0.25 * x * x - state
        return state

    compiled = jit(f)
    random = Random(13)
    for n in (3, 20, 30, 300, 310, 320):
        for _ in range(2):
            x = numbers(random, n)
            assert bits(compiled(x)) == bits(f(x))
    assert compiled.stats().codes == 5
