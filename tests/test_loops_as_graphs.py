"""Loops that are followed from state to state: one path, and eager's numbers to the bit; and what
must not be taken for such a loop."""

from __future__ import annotations

import copy
import math
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest

from autograd import Value, exp, grad, hessian, jit, sin, sqrt, tanh, value_and_grad, vmap
from autograd.compiler.native import graph_codegen
from autograd.compiler.recording.closed_functions import closed

POINTS = 1000


def bits(tree: Any) -> list[str]:
    """All numbers of a result, to the bit; all NaNs are one."""
    if isinstance(tree, dict):
        return bits(list(tree.values()))
    if isinstance(tree, (list, tuple)) or np.ndim(tree):
        return [x for part in tree for x in bits(part)]
    number = float(tree.data if isinstance(tree, Value) else tree)
    return ["nan" if number != number else number.hex()]


# -- loops that compile once -----------------------------------------------------------------------


def newton(a: Any) -> Any:
    """The square root."""
    x = 0.5 * (1.0 + a)
    while True:
        better = 0.5 * (x + a / x)
        if abs(better - x) <= 1e-15 * better:
            return better
        x = better


def bisection(a: Any) -> Any:
    """The root of x + exp(x) = a."""
    low, high = -3.0, 3.0
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
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


def adaptive(p: Any) -> Any:
    """y' = sin(t) - rate * y by Heun's method with Euler's inside of it (RK12), and steps by the
    error."""
    rate, y = p
    t, h = 0.0, 0.25
    while t < 2.0:
        h = min(h, 2.0 - t)
        first = sin(t) - rate * y
        second = sin(t + h) - rate * (y + h * first)
        error = abs(0.5 * h * (second - first))
        if error > 0.01:
            h = 0.5 * h
            continue
        y = y + 0.5 * h * (first + second)
        t = t + h
        if error < 0.001:
            h = 2.0 * h
    return y


def fehlberg(rate: Any) -> Any:
    """A predator and its prey by Bogacki and Shampine's pair (RK23), the step by the root of the
    error."""

    def slope(u: Any, v: Any) -> tuple[Any, Any]:
        return u * (1.0 - v), rate * v * (u - 1.0)

    u, v, t, h = 1.5, 1.0, 0.0, 0.1
    while t < 1.0:
        h = min(h, 1.0 - t)
        a, b = slope(u, v)
        c, d = slope(u + 0.5 * h * a, v + 0.5 * h * b)
        e, f = slope(u + 0.75 * h * c, v + 0.75 * h * d)
        x = u + h * (2.0 * a + 3.0 * c + 4.0 * e) / 9.0
        y = v + h * (2.0 * b + 3.0 * d + 4.0 * f) / 9.0
        g, k = slope(x, y)
        off = h * abs(-5.0 * a + 6.0 * c + 8.0 * e - 9.0 * g) / 72.0
        off = off + h * abs(-5.0 * b + 6.0 * d + 8.0 * f - 9.0 * k) / 72.0
        if off <= 1e-5:
            u, v, t = x, y, t + h
        h = 0.9 * h * sqrt(1e-5 / max(off, 1e-9))
    return u * v


SHARED = Value(0.75)


def captured(a: Any) -> Any:
    """A Value from outside, read at every call."""
    x = a
    while x > 1.0:
        x = SHARED * x
    return x


def in_a_dict(p: Any) -> Any:
    x, n = p["a"], 0.0
    while x > p["b"][0]:
        x, n = 0.5 * x, n + 1.0
    return x * p["b"][1] + 0.0 * n


def pendulum(p: Any) -> Any:
    """Until it turns: two loops, one in the other."""
    angle, speed = p
    while angle < 1.0:
        h = 0.125
        while abs(h * speed) > 0.01:
            h = 0.5 * h
        speed = speed - h * sin(angle)
        angle = angle + h * speed
        if speed < 0.0:
            return angle * speed
    return angle - speed


CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Random], Any], int]] = {
    "newton": (newton, lambda r: r.uniform(0.1, 1.0) * 10.0 ** r.randint(-3, 9), 3),
    "bisection": (bisection, lambda r: r.uniform(-1.0, 9.0), 4),
    "collatz": (collatz, lambda r: float(r.randint(1, 30)), 5),
    "adaptive": (adaptive, lambda r: [r.uniform(0.1, 6.0), r.uniform(0.0, 2.0)], 8),
    "in a dict": (
        in_a_dict,
        lambda r: {"a": 10.0 ** r.uniform(-1, 4), "b": [r.uniform(0.1, 1.0), r.uniform(0, 1)]},
        4,
    ),
    "pendulum": (pendulum, lambda r: [r.uniform(-0.5, 0.9), r.uniform(0.05, 2.0)], 12),
}


@cache
def compared(name: str, derivative: Callable[..., Any] | None) -> Any:
    """The compiled function, after 1,000 points at which it is what it is in eager."""
    f, draw, _ = CASES[name]
    eager = f if derivative is None else derivative(f)
    compiled = jit(eager)
    random = Random(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(POINTS):
            x = draw(random)
            assert bits(compiled(x)) == bits(eager(x)), x
    return compiled


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("derivative", [None, value_and_grad])
def test_loops_compile_once(name: str, derivative: Any) -> None:
    """At 1,000 points: one path, which is compiled, and few recordings."""
    compiled = compared(name, derivative)
    stats = compiled.stats()
    assert (stats.paths, stats.tiers, stats.uncompiled) == (1, ("compiled",), 0)
    assert compiled.recordings <= CASES[name][2]
    assert stats.loops > 0
    assert "while" in str(compiled.program())


def test_gradients_alone() -> None:
    compiled, random = jit(grad(newton)), Random(2)
    for _ in range(POINTS):
        x = CASES["newton"][1](random)
        assert bits(compiled(x)) == bits(grad(newton)(x))
    assert compiled.stats().paths == 1


def test_what_comes_of_a_loop_that_a_closure_is_used_in() -> None:
    """An inner function is another one at every call: its loop is not followed."""
    compiled, random = jit(value_and_grad(fehlberg)), Random(2)
    for _ in range(12):
        x = random.uniform(0.5, 1.5)
        assert bits(compiled(x)) == bits(value_and_grad(fehlberg)(x))


def test_captured_values_in_a_loop() -> None:
    compiled, random = jit(captured), Random(2)
    for _ in range(POINTS):
        x = 10.0 ** random.uniform(-1, 3)
        SHARED.data = random.uniform(0.3, 0.9)
        assert bits(compiled(x)) == bits(captured(Value(x)))
    assert compiled.stats().paths == 1


def test_extremes() -> None:
    """NaN, infinities, zeros and numbers for which nothing converges."""
    extremes = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1.7e308, -1.0, 1.0]

    def halved(a: Any) -> Any:
        x, y = a, 0.0 * a
        while abs(x) > 1e-3 and y < 40.0:
            x, y = 0.5 * x - 0.0 * y, y + 1.0
        return x + y

    compiled = jit(value_and_grad(halved))
    for x in [3.0, 40.0, *extremes, *extremes]:
        assert bits(compiled(x)) == bits(value_and_grad(halved)(x)), x


# -- what must not be taken for a loop -------------------------------------------------------------

LOG: list[int] = []


def with_a_global_list(a: Any) -> Any:
    LOG.clear()
    x = 1.0 + a
    while x > 1.0:
        LOG.append(1)
        x = 0.5 * x if len(LOG) != 7 else 0.4 * x
    return x


def with_an_alias(a: Any) -> Any:
    kept = LOG
    kept.clear()
    x = 1.0 + a
    while x > 1.0:
        kept = LOG
        kept.append(1)
        is_seventh = len(kept) == 7
        kept = []
        x = 0.4 * x if is_seventh else 0.5 * x
    return x


def with_a_default(a: Any) -> Any:
    def counts(x: Any, log: list[int] = []) -> Any:  # noqa: B006
        log.append(1)
        return 0.4 * x if len(log) == 7 else 0.5 * x

    x = 1.0 + a
    while x > 1.0:
        x = counts(x)
    return x


def with_a_nonlocal(a: Any) -> Any:
    count = 0

    def step(x: Any) -> Any:
        nonlocal count
        count += 1
        return 0.4 * x if count == 7 else 0.5 * x

    x = 1.0 + a
    while x > 1.0:
        x = step(x)
    return x


def with_a_generator(a: Any) -> Any:
    def factors() -> Iterator[float]:
        yield from [0.5, 0.6, 0.7, 0.4, 0.3, 0.2, 0.8] * 20

    steps, x = factors(), 1.0 + a
    while x > 1.0:
        x = next(steps) * x
    return x


def with_an_iterator(a: Any) -> Any:
    steps, x = iter([0.5, 0.6, 0.7, 0.4] * 40), 1.0 + a
    for factor in steps:
        x = factor * x
        if x < 1.0:
            break
    return x


class Counter:
    def __init__(self) -> None:
        self.n = 0

    def next(self) -> int:
        self.n += 1
        return self.n


def with_an_object(a: Any) -> Any:
    counter, x = Counter(), 1.0 + a
    while x > 1.0:
        x = 0.4 * x if counter.next() == 7 else 0.5 * x
    return x


def with_lists_compared(a: Any) -> Any:
    """A number that nothing reads later decides, beside one that a recording sees."""
    x, k, y = 1.0 + a, 0, 0.0 * a
    while x > 1.0:
        k = (k + 1) % 5
        flag = [y, k] < [y + 0.0, 3]
        x = 0.5 * x if flag else 0.7 * x
    return x


def with_pairs_equal(a: Any) -> Any:
    x, n = 1.0 + a, 0
    while x > 1.0:
        n = n % 3 + 1
        x = 0.5 * x if (x, n) == (x * 1.0, 2) else 0.75 * x
    return x


def with_a_sum_of_floats(a: Any) -> Any:
    t, x = 0.1, 1.0 + a
    while x > 1.0:
        t = sum([t, 1e16, 0.1, -1e16])
        x = 0.5 * x + 0.0 * t
    return x + t


def with_powers_of_floats(a: Any) -> Any:
    t, x = 1.1, 1.0 + a
    while x > 1.0:
        t = t**2.0 / (1.0 + t)
        x = 0.5 * x + 1e-3 * t
        if t < 1e-3:
            return x
    return x + t


def with_a_division(a: Any) -> Any:
    """Of floats, which raises where one of Values does not."""
    t, h, x = 8.0, 1.0, 1.0 + a
    while x > 1.0:
        h = 1.0 / t
        t = t - 1.0
        x = 0.5 * x + 0.0 * h
    return x + h


def with_an_exception(a: Any) -> Any:
    x, k = 1.0 + a, 0
    while x > 1.0:
        try:
            k += 1
            x = [0.5, 0.6, 0.7][k] * x
        except IndexError:
            k, x = 0, 0.9 * x
    return x


def with_a_text(a: Any) -> Any:
    text, x = "", 1.0 + a
    while x > 1.0:
        x, text = 0.6 * x, text + "."
    return x * len(text)


def with_a_counter(a: Any) -> Any:
    x, i = 1.0 + a, 0
    while x > 1.0:
        x, i = 0.5 * x + 0.001 * i, i + 1
        if i == 7:
            x = 0.9 * x
    return x


def with_a_cycle(a: Any) -> Any:
    """Every third round is another one; it comes again all the same."""
    x, k = 1.0 + a, 0
    while x > 1.0:
        x, k = (0.5 * x if k else 0.9 * x), (k + 1) % 3
    return x


def with_recursion(a: Any) -> Any:
    return a if a < 1.0 else 0.5 * with_recursion(0.5 * a) + 0.1


def with_a_lambda(a: Any) -> Any:
    x = 1.0 + a
    while max([x, 1.0], key=lambda y: y * y) > 1.0:
        x = 0.5 * x
    return x


def with_sorted(a: Any) -> Any:
    xs = [a, 3.0 - a, 1.5 * a]
    while xs[0] > 0.5:
        xs = [0.5 * x for x in sorted(xs)]
    return xs[0] + 2.0 * xs[1]


def with_identity(a: Any) -> Any:
    x, y = 1.0 + a, a
    while x > 1.0:
        x, y = (0.5 * x, x) if x is y else (0.25 * x, x)
    return x + y


def with_minus_zero(a: Any) -> Any:
    t, x = -0.0, 1.0 + a
    while x > 1.0:
        t = -t
        x = 0.5 * x
    return x + t * 1.0 + math.copysign(1.0, 1.0)


def with_choices(a: Any) -> Any:
    """Two numbers that change places."""
    low, high = 0.25 * a, 1.0 + a
    while high > 1.0:
        low, high = min(0.5 * high, low), max(0.5 * high, low)
    return high - low


def with_two_results(a: Any) -> Any:
    x, xs = 1.0 + a, []
    while x > 1.0:
        x = 0.5 * x
        xs.append(x)
    return xs[-1] if xs else a


TRAPS = [
    with_a_global_list,
    with_an_alias,
    with_a_default,
    with_a_nonlocal,
    with_a_generator,
    with_an_iterator,
    with_an_object,
    with_lists_compared,
    with_pairs_equal,
    with_a_sum_of_floats,
    with_powers_of_floats,
    with_an_exception,
    with_a_text,
    with_a_counter,
    with_a_cycle,
    with_recursion,
    with_a_lambda,
    with_sorted,
    with_identity,
    with_minus_zero,
    with_choices,
    with_two_results,
]
OPEN = [*TRAPS[:2], with_an_exception, with_an_object, with_identity]


@pytest.mark.parametrize("f", TRAPS)
@pytest.mark.parametrize("derivative", [None, value_and_grad])
def test_what_a_state_must_not_miss(f: Any, derivative: Any) -> None:
    """Whatever decides beside the numbers, it is as in eager."""
    eager = f if derivative is None else derivative(f)
    compiled = jit(eager, max_paths=1000)
    random = Random(3)
    for _ in range(60):
        x = 10.0 ** random.uniform(-1, 5)
        assert bits(compiled(x)) == bits(eager(x)), x


@pytest.mark.parametrize("f", OPEN)
def test_functions_that_are_not_closed(f: Any) -> None:
    assert closed(f) is None


def test_division_by_zero_of_floats_raises() -> None:
    compiled = jit(with_a_division)
    for x in [3.0, 5.0, 10.0, 30.0, 100.0]:
        assert bits(compiled(x)) == bits(with_a_division(x))
    with pytest.raises(ZeroDivisionError):
        compiled(1e6)


def test_an_exception_in_a_round() -> None:
    def f(a: Any) -> Any:
        x = 1.0 + a
        while x > 1.0:
            x = 0.7 * x - 0.001
            if abs(x - 3.05) < 0.05:
                raise ArithmeticError("there")
        return x

    compiled, random, raised = jit(f), Random(4), 0
    for _ in range(POINTS):
        x = 10.0 ** random.uniform(-1, 4)
        try:
            wanted = f(x)
        except ArithmeticError:
            raised += 1
            with pytest.raises(ArithmeticError, match="there"):
                compiled(x)
        else:
            assert bits(compiled(x)) == bits(wanted)
    assert 0 < raised < POINTS
    assert compiled.stats().paths == 1


# -- the rest of what a compiled function does -----------------------------------------------------


def test_machine_code_gives_what_the_reference_gives() -> None:
    for name in CASES:
        for derivative in (None, value_and_grad):
            compiled, random = compared(name, derivative), Random(6)
            for _ in range(20):
                point = CASES[name][1](random)
                compiled(point)  # it may come to a stretch that was missing
                (graph,) = compiled._kept
                x = compiled._arguments((point,), {}).numbers
                assert bits(graph.run(x)[1]) == bits(graph.graph.evaluate(x))


def test_calls_that_take_long_can_be_interrupted(monkeypatch: Any) -> None:
    """After so many decisions machine code gives up, and the call goes on in Python."""
    monkeypatch.setattr(graph_codegen, "MOST_TURNS", 20)
    compiled = jit(value_and_grad(captured_free))
    for x in [2.0, 9.0, 1e3, 1e300]:
        assert bits(compiled(x)) == bits(value_and_grad(captured_free)(x))
    assert compiled.stats().paths == 1
    assert compiled.recordings == 2


def captured_free(a: Any) -> Any:
    x = a
    while x > 1.0:
        x = 0.5 * x + 0.0 * a
    return x * a


def test_tapes_grow() -> None:
    """A loop of 10,000 rounds: more nodes than there is room for at first."""

    def short(p: Any) -> Any:
        x, t = p[0], 0.0 * p[0]
        while t < p[1]:
            x, t = x + 1e-6 * tanh(x), t + 1.0
        return x

    direct = jit(value_and_grad(short))
    for rounds in [2.0, 3.0, 10_000.0]:
        x = [0.5, rounds]
        assert bits(direct(x)) == bits(value_and_grad(short)(x))
    assert direct.recordings == 2


def test_pickles_and_copies() -> None:
    """They bring the graph along."""
    for derivative in (None, value_and_grad):
        f, draw, _ = CASES["newton"]
        eager = f if derivative is None else derivative(f)
        compiled = compared("newton", derivative)
        for again in (pickle.loads(pickle.dumps(compiled)), copy.copy(compiled)):
            random = Random(7)
            for _ in range(30):
                x = draw(random)
                assert bits(again(x)) == bits(eager(x))
            assert again.stats().paths == 1
            assert isinstance(again, type(compiled))
        assert pickle.loads(pickle.dumps(compiled)).recordings == 0


def test_checked_calls() -> None:
    f, draw, _ = CASES["adaptive"]
    compiled, random = jit(value_and_grad(f), check=True), Random(8)
    for _ in range(40):
        compiled(draw(random))
    assert compiled.stats().paths == 1
    plain = jit(bisection, check=True)
    for _ in range(40):
        plain(CASES["bisection"][1](random))


def test_bound_arrays_are_not_followed_and_right() -> None:
    array = np.array([0.5, 1.0])
    bound = jit(value_and_grad(adaptive)).bind(array)
    random = Random(9)
    for _ in range(10):
        array[:] = CASES["adaptive"][1](random)
        assert bits(bound()) == bits(value_and_grad(adaptive)([*map(float, array)]))


def test_bound_numbers() -> None:
    compiled = compared("newton", value_and_grad)
    bound = compiled.bind(1234.5)
    assert bits(bound()) == bits(value_and_grad(newton)(1234.5))
    assert bits(bound()) == bits(value_and_grad(newton)(1234.5))


def test_rows() -> None:
    xs = np.array([CASES["newton"][1](Random(k)) for k in range(40)])
    assert vmap(newton)(xs) == pytest.approx(np.sqrt(xs), rel=1e-14)


def test_threads() -> None:
    """They come to stretches that are missing while others run the graph."""
    compiled = jit(value_and_grad(pendulum))
    draw = CASES["pendulum"][1]
    points = [draw(Random(k)) for k in range(20)]
    wanted = [bits(value_and_grad(pendulum)(x)) for x in points]
    wrong: list[int] = []

    def work(first: int) -> None:
        for turn in range(40):
            k = (7 * first + turn) % len(points)
            if bits(compiled(points[k])) != wanted[k]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert compiled.stats().paths == 1


def test_higher_derivatives_stay_paths() -> None:
    compiled, random = jit(hessian(newton)), Random(5)
    for _ in range(20):
        x = CASES["newton"][1](random)
        assert bits(compiled(x)) == bits(hessian(newton)(x))


def test_assembly_and_source() -> None:
    compiled = compared("newton", None)
    assert "state1:" in compiled.source("llvm")
    assert "double" in compiled.source("c")
