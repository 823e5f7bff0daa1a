"""Values that a function captures carry gradients through its derivatives; those that it makes
itself are constants."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

import autograd
from autograd import (
    Value,
    cos,
    exp,
    grad,
    hessian,
    hvp,
    implicit_fixed_point,
    implicit_root,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    no_grad,
    sin,
    stop_gradient,
    tanh,
    value_and_grad,
    vjp,
)
from autograd.engine import levels

W, T = 2.0, 0.5


def wave(w: Any) -> Callable[[Any], Any]:
    """sin(w t). Its slope is w cos(w t), and that by w is cos(w t) - w t sin(w t)."""
    return lambda t: sin(w * t)


SLOPE = W * math.cos(W * T)
BY_W = math.cos(W * T) - W * T * math.sin(W * T)
CURVE_BY_W = -2 * W * math.sin(W * T) - W * W * T * math.cos(W * T)

# A derivative of the wave at T, as a function of what was made by a transform; and what `backward`
# leaves in w.grad after it.
WAYS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "grad": (lambda f: grad(f)(T), BY_W),
    "value": (lambda f: value_and_grad(f)(T)[0], T * math.cos(W * T)),
    "value_and_grad": (lambda f: value_and_grad(f)(T)[1], BY_W),
    "jacobian": (lambda f: jacobian(f)(T), BY_W),
    "jacobian, forward": (lambda f: jacobian(lambda t: [f(t), f(t)])(T)[1], BY_W),
    "jacfwd": (lambda f: jacfwd(f)(T), BY_W),
    "jacrev": (lambda f: jacrev(f)(T), BY_W),
    "vjp": (lambda f: vjp(f, T)[1](1.0)[0], BY_W),
    "jvp": (lambda f: jvp(f, (T,), (1.0,))[1], BY_W),
    "hessian": (lambda f: hessian(f)(T), CURVE_BY_W),
    "hvp": (lambda f: hvp(f)(T, 1.0), CURVE_BY_W),
    "grad of grad": (lambda f: grad(grad(f))(T), CURVE_BY_W),
    "aux": (lambda f: grad(lambda t: (t, f(t)), has_aux=True)(T)[1], T * math.cos(W * T)),
}


@pytest.mark.parametrize("way", WAYS)
def test_backward_goes_through_every_transform(way: str) -> None:
    """At a plain number, as at a Value, and as `grad` around it."""
    derivative, right = WAYS[way]
    w = Value(W)
    derivative(wave(w)).backward()
    assert w.grad == pytest.approx(right, rel=1e-14)
    assert grad(lambda w: derivative(wave(w)))(W) == pytest.approx(right, rel=1e-14)


@pytest.mark.parametrize("way", WAYS)
def test_inside_no_grad_the_results_are_plain(way: str) -> None:
    derivative, _ = WAYS[way]
    with no_grad():
        plain = derivative(wave(Value(W)))
    assert type(plain) is float
    assert plain == pytest.approx(derivative(wave(W)), rel=1e-14)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_function_makes_itself_is_constant(way: str) -> None:
    """A Value that a sum begins with, one that was detached, copied, or computed unrecorded."""
    derivative, _ = WAYS[way]
    w = Value(W)

    def own(t: Any) -> Any:
        with no_grad():
            one = w / w
        return Value(0.0) + sin(w.detach() * t) * one + autograd.sum([Value(0.0), 0.0])

    found = derivative(own)
    assert type(found) is float
    assert found == pytest.approx(derivative(wave(W)), rel=1e-14)
    assert w.grad == 0.0


def test_a_product_with_the_derivative() -> None:
    """4 cos 1 - 2 sin 1: the case of a model that is trained on its own slope."""
    w = Value(W)
    (w * grad(wave(w))(T)).backward()
    assert w.grad == pytest.approx(4 * math.cos(1) - 2 * math.sin(1), rel=1e-14)


def test_training_on_the_residual_of_a_differential_equation() -> None:
    """y' = -y for y = exp(a t): whatever the start, gradient descent finds a = -1."""
    a = Value(0.3)
    for _ in range(200):
        a.grad = 0.0
        y = lambda t: exp(a * t)  # noqa: E731
        loss = autograd.sum((grad(y)(t) + y(t)) ** 2 for t in (0.0, 0.25, 0.5))
        loss.backward()
        a.data -= 0.1 * a.grad
    assert a.data == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize(
    "captured",
    [
        lambda w: w * 1.0,
        lambda w: Value(1.0) * w,
        lambda w: autograd.sum([w, 0.0]),
        lambda w: stop_gradient(1.0) * w,
    ],
)
def test_from_whatever_depth(captured: Any) -> None:
    """The function captures what was computed from w."""
    w = Value(W)
    inner = captured(w)
    found = grad(grad(lambda t: sin(inner * t)))(T)
    found.backward()
    assert w.grad == pytest.approx(CURVE_BY_W, rel=1e-14)


def test_a_value_computed_unrecorded_outside_is_captured() -> None:
    """It is a leaf of its own, and no older."""
    with no_grad():
        w = Value(W) * 1.0
    grad(wave(w))(T).backward()
    assert w.grad == pytest.approx(BY_W, rel=1e-14)


def test_a_value_kept_from_an_earlier_call_is_captured() -> None:
    kept: list[Value] = []

    def f(t: Any) -> Any:
        if not kept:
            kept.append(Value(W))
        return sin(kept[0] * t)

    assert type(grad(f)(T)) is float
    second = grad(f)(T)
    second.backward()
    assert kept[0].grad == pytest.approx(BY_W, rel=1e-14)


def test_a_constant_of_the_outer_function_is_captured_by_the_inner_one_alone() -> None:
    seen: list[Any] = []

    def outer(x: Any) -> Any:
        c = Value(W)
        seen.append(grad(wave(c))(T))
        return seen[-1] * x

    assert grad(outer)(3.0) == pytest.approx(SLOPE, rel=1e-15)
    assert type(grad(outer)(3.0)) is float
    assert isinstance(seen[0], Value)


def test_recursion() -> None:
    """Each call makes constants of its own, and is differentiated within the next."""

    def power(n: int) -> Callable[[Any], Any]:
        if n == 0:
            return lambda t: Value(1.0) * t**5
        return lambda t: Value(0.0) + grad(power(n - 1))(t)

    assert power(4)(2.0).data == 240.0
    assert type(grad(power(3))(2.0)) is float
    assert grad(power(3))(2.0) == 240.0
    w = Value(2.0)
    grad(lambda t: grad(lambda u: w * u**3 + Value(0.0))(t) * Value(1.0))(5.0).backward()
    assert w.grad == 30.0


def test_many_levels() -> None:
    """More calls than a block of serial numbers has."""
    mine = levels._numbers()
    before = mine.last
    mine.last = before // levels.BLOCK * levels.BLOCK + levels.BLOCK - 3

    def outer(x: Any) -> Any:
        early = Value(1.0)
        total = x * 0.0
        for _ in range(6):
            total = total + grad(lambda t: Value(2.0) * t * x)(1.0)
        return total * early * Value(1.0)

    assert grad(outer)(3.0) == 12.0
    assert type(grad(outer)(3.0)) is float
    assert len(mine.blocks) > 1
    w = Value(W)
    assert isinstance(grad(wave(w))(T), Value)


def test_an_exception_leaves_no_level_open() -> None:
    def fails(x: Any) -> Any:
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            grad(fails)(1.0)
    assert levels.current_level() == 0.0
    assert levels.LEVELS.here() == ()


# -- threads ---------------------------------------------------------------------------------------


def test_constants_of_many_threads_at_once() -> None:
    """Each thread's function is slow and makes its own constants, and all are running together."""
    together = threading.Barrier(6)

    def f(t: Any) -> Any:
        together.wait(30)
        total = Value(0.0)
        for _ in range(50):
            total = total + Value(1.0) * grad(lambda u: Value(2.0) * u * t)(1.0)
            time.sleep(0.0001)
        return total

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(grad(f), [0.5 * i for i in range(6)]))
    assert found == [100.0] * 6
    assert all(type(x) is float for x in found)


def test_a_value_that_another_thread_makes_meanwhile_is_captured() -> None:
    """Younger than the call, and yet not of it."""
    asked, made = threading.Event(), threading.Event()
    given: list[Value] = []

    def other() -> None:
        assert asked.wait(30)
        grad(lambda t: given.append(Value(W)) or t)(1.0)  # in a call of its own
        made.set()

    def f(t: Any) -> Any:
        asked.set()
        assert made.wait(30)
        return sin(given[0] * t)

    thread = threading.Thread(target=other)
    thread.start()
    grad(f)(T).backward()
    thread.join()
    assert given[0].grad == pytest.approx(BY_W, rel=1e-14)


@contextmanager
def watched(w: Value) -> Iterator[set[float]]:
    """The gradients that another thread sees in w while the block runs."""
    seen: set[float] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(w.grad)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def test_nobody_sees_another_gradient_in_a_captured_value() -> None:
    """Neither while derivatives are taken as numbers, nor as graphs."""
    w = Value(3.0)
    w.grad = 7.0
    inside = w * 1.0
    with watched(w) as seen, no_grad():
        for _ in range(20):
            assert grad(lambda t: autograd.sum([inside * w * t * 1e60] * 200))(1.0) > 1e62
    with watched(w) as seen_too:
        for _ in range(5):
            grad(lambda t: autograd.sum([inside * w * t * 1e60] * 50))(1.0)
    assert seen == seen_too == {7.0}


def test_writes_of_another_thread_are_kept() -> None:
    """A gradient written into a captured Value while a derivative of it is taken stays there."""
    w = Value(3.0)

    def f(t: Any) -> Any:
        out = autograd.sum([w * t] * 100)
        w.grad += 1.0  # as another thread would, at the least convenient moment
        return out

    with no_grad():
        assert [grad(f)(1.0) for _ in range(3)] == [300.0] * 3
    assert w.grad == 3.0


# -- what a captured value is not ------------------------------------------------------------------


def test_numbers_that_do_not_depend_on_it() -> None:
    """A Value that the function looks at, and does not use."""
    w = Value(W)
    assert type(grad(lambda t: t * t if w > 0 else t)(3.0)) is float
    assert type(grad(lambda t: t * w.data)(3.0)) is float


def test_float_of_such_a_result_says_what_to_do() -> None:
    w = Value(W)
    with pytest.raises(TypeError, match="no_grad"):
        float(grad(wave(w))(T))


def test_bits_are_those_of_the_recorded_way() -> None:
    """As numbers, beside captured Values, a derivative is what `backward` gives."""
    w, t = Value(0.3), Value(0.7)
    f = lambda t: tanh(w * t) * cos(t / w) + exp(-t * t * w)  # noqa: E731
    f(t).backward()
    with no_grad():
        assert grad(f)(0.7) == t.grad
    assert grad(f)(0.7).data == t.grad


def test_an_anomaly_beside_a_captured_value() -> None:
    w = Value(1.0)
    with no_grad(), autograd.detect_anomaly(), pytest.raises(FloatingPointError, match="backward"):
        grad(lambda x: autograd.sqrt(x) * w)(0.0)


# -- implicit, sparse, compiled --------------------------------------------------------------------


def test_roots() -> None:
    a = Value(4.0)
    for root in (
        implicit_root(lambda x: x * x - a + Value(0.0), lambda: 2.0),
        implicit_fixed_point(lambda x: (x + a / x) / 2 + Value(0.0), lambda: 2.0),
    ):
        a.grad = 0.0
        root().backward()
        assert a.grad == pytest.approx(0.25, rel=1e-12)
        with no_grad():
            assert type(root()) is float
    assert type(implicit_root(lambda x: x * x - Value(4.0), lambda: 2.0)()) is float


def test_a_constant_that_a_residual_makes_once_is_constant() -> None:
    made: list[Value] = []

    def residual(x: Any, a: Any) -> Any:
        if not made:
            made.append(Value(2.0))
        return x * made[0] - a

    root = implicit_root(residual, lambda a: a / 2.0)
    assert type(root(4.0)) is float
    assert isinstance(root(4.0), Value)  # made before this call


def test_sparse_matrices_say_where_plain_numbers_are_had() -> None:
    pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    w = Value(3.0)
    for made in (
        autograd.sparse_jacobian(lambda x: [w * x[0] * x[0]]),
        autograd.sparse_hessian(lambda x: w * x[0] ** 3 / 3),
    ):
        with pytest.raises(TypeError, match=r"captures\s+Values.*no_grad"):
            made([2.0])
        with no_grad():
            assert made([2.0]).toarray().tolist() == [[12.0]]
    assert w.grad == 0.0


def test_compiled() -> None:
    """A compiled function keeps giving plain numbers, and is right about what it captures."""
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    w = Value(W)
    right = 4 * math.cos(1) - 2 * math.sin(1)
    f = lambda w: w * grad(lambda t: sin(w * t))(T)  # noqa: E731
    assert autograd.jit(f)(W) == pytest.approx(W * SLOPE, rel=1e-14)
    assert autograd.jit(grad(f))(W) == pytest.approx(right, rel=1e-14)
    assert grad(autograd.jit(f))(W) == pytest.approx(right, rel=1e-14)
    compiled = autograd.jit(grad(wave(w)))
    assert type(compiled(T)) is float
    w.data = 3.0
    assert compiled(T) == pytest.approx(3.0 * math.cos(1.5), rel=1e-14)
    (w * grad(autograd.jit(wave(w)))(T)).backward()
    assert w.grad == pytest.approx(2 * 3 * math.cos(1.5) - 4.5 * math.sin(1.5), rel=1e-14)


def test_check_grad_of_a_function_that_captures_values() -> None:
    """Of both orders, and by hand; it is about plain numbers, and leaves the captured one alone."""
    w = Value(W)
    w.grad = 7.0
    assert autograd.check_grad(wave(w), T, order=2).ok
    assert autograd.check_grad(wave(w), T, analytic=lambda t: w * cos(w * t)).ok
    assert w.grad == 7.0
