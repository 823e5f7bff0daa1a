"""Ways around a recording: a look at its graph, an error in place of ours, anomalies that the
function catches, the sign of NaN, machine code that dies in a cycle."""

from __future__ import annotations

import contextlib
import functools
import gc
import math
import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from eagerly import eagerly

import autograd
from autograd import Value, copysign, detect_anomaly, exp, grad, jit, log, tanh, vmap
from autograd.compiler import RecordingError

INF, NAN = math.inf, math.nan

# -- looking at the graph --------------------------------------------------------------------------

LOOKS: dict[str, Callable[[Any], Any]] = {
    ".op": lambda x: x if x.op == "" else -x,
    ".parents": lambda x: x * len(x.parents),
    ".inputs": lambda x: x * len((x * 2).inputs),
    ".primitive": lambda x: x if x.primitive is None else -x,
    "with getattr": lambda x: x if getattr(x, "op", "") == "" else -x,
    "in try": lambda x: caught(lambda: x.op, x),
}


def caught(work: Callable[[], Any], x: Any) -> Any:
    try:
        return x * len(work())
    except TypeError:
        return x


@pytest.mark.parametrize("way", LOOKS)
def test_looking_at_the_graph_is_an_error(way: str) -> None:
    """It is another graph than that of the call by itself; the line is named."""
    f = LOOKS[way]
    for call in (
        lambda: jit(f)(1.0),
        lambda: jit(grad(f))(1.0),
        lambda: vmap(f)(np.array([1.0, 2.0])),
    ):
        with pytest.raises(RecordingError, match=r"looks at the graph \(\.\w+\).*, line \d+"):
            call()


def test_looks_that_stay_allowed() -> None:
    """At what is no number of the recording: parameters, constants; and in eager code."""
    w = Value(3.0, "w")
    assert jit(lambda x: x * w if w.op == "" and not w.parents else x)(2.0) == 6.0
    assert jit(lambda x: x * 2 if Value(1.0).op == "" else x)(2.0) == 4.0
    assert grad(lambda x: x * 2 if (x * x).op == "mul" else x)(2.0) == 2.0


def test_arguments_have_no_labels() -> None:
    """As in a call with Values that have none; those that f gives are kept; errors name them."""
    assert jit(lambda x: x * 2 if x.label is None else x)(3.0) == 6.0
    assert jit(grad(lambda x: x * 2 if x.label is None else x))(3.0) == 2.0

    def labelled(x: Any) -> Any:
        y = x * 2
        y.label = "y"
        return y if y.label == "y" else x

    assert jit(labelled)(3.0) == 6.0
    with pytest.raises(RecordingError, match=r"reads \.data of 'p\[1\]'"):
        jit(lambda p: p[0] * p[1].data)([1.0, 2.0])


# -- errors in place of ours -----------------------------------------------------------------------


def another(x: Any) -> Any:
    try:
        return x * x.data
    except TypeError as error:
        raise ValueError("no good") from error


def in_a_thread(x: Any) -> Any:
    found: list[Any] = []

    def work() -> None:
        with contextlib.suppress(RecordingError):
            found.append(x * 2)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("f", [another, in_a_thread])
def test_an_error_that_follows_from_ours(f: Any) -> None:
    """Ours is raised, which says what to do, with the other as its cause."""
    with pytest.raises(RecordingError, match=r"reads \.data|in another thread") as raised:
        jit(f)(2.0)
    assert isinstance(raised.value.__cause__, (ValueError, IndexError))


# -- anomalies that the function catches -----------------------------------------------------------


def or_else(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        try:
            with detect_anomaly():
                return work(x)
        except FloatingPointError:
            return x * 3

    return f


CAUGHT: dict[str, Callable[[Any], Any]] = {
    "log": lambda x: log(x) * 2,
    "in a sum": lambda x: autograd.sum([x, exp(x * 1000), 1.0]),
    "a quotient": lambda x: 1 / x + x,
    "of two": lambda x: tanh(x) + log(x) * exp(x),
    "softmax": lambda x: autograd.softmax([x, x])[0],
    "in no_grad": lambda x: without_gradient(x) + x,
}


def without_gradient(x: Any) -> Any:
    with autograd.no_grad():
        return log(x)


@pytest.mark.parametrize("name", CAUGHT)
def test_anomalies_that_the_function_catches(name: str) -> None:
    """It goes on where it goes on in eager, at every later call as well."""
    f = or_else(CAUGHT[name])
    compiled, slope = jit(f), jit(grad(f))
    for x in [1.5, 0.0, -1.0, 2.0, INF, 0.0, -INF, NAN, 3.0]:
        assert compiled(x) == pytest.approx(eagerly(f, x), rel=0, abs=0, nan_ok=True)
        assert slope(x) == pytest.approx(grad(f)(x), rel=0, abs=0, nan_ok=True)


# -- the sign of NaN -------------------------------------------------------------------------------


def sign_of(x: Any, y: Any) -> Any:
    return 1.0 if copysign(x, y) < 0 else 2.0 * copysign(x, y)


@pytest.mark.parametrize("negative", [False, True])
def test_nan_has_a_positive_sign(negative: bool) -> None:
    """copysign gives |x| for both kinds of NaN, and what arithmetic makes of it, on every route."""
    nan = -NAN if negative else NAN
    nans = [(3.0, nan), (-3.0, nan), (-3.0, INF - INF), (-3.0, -(INF - INF)), (3.0, 0.0 * -INF)]
    compiled = jit(sign_of)
    made = jit(lambda x, y: copysign(x, y - y))
    for x, y in nans:
        assert copysign(x, y) == 3.0
        assert [compiled(x, y), made(x, INF), made(x, -INF), made(x, y)] == [6.0, 3.0, 3.0, 3.0]
    assert vmap(copysign)(*np.array(nans).T).tolist() == [3.0] * 5
    assert copysign(-2.0, -0.0) == jit(copysign)(-2.0, -0.0) == -2.0


# -- generators and clocks -------------------------------------------------------------------------


class InSlot:
    __slots__ = ("rng",)

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)


def drawing() -> Iterator[float]:
    rng = np.random.default_rng(2)
    while True:
        yield rng.random()


@functools.lru_cache
def cached() -> Any:
    return np.random.default_rng(3)


IN_SLOT, DRAWING, SPAWNING = InSlot(), drawing(), np.random.default_rng(4)
QUEUE = deque([np.random.default_rng(5)])
CALLING = iter(np.random.default_rng(6).random, 2.0)
PLACES: dict[str, Callable[[], bool]] = {
    "a slot": lambda: IN_SLOT.rng.random() == 0.5,
    "a generator function": lambda: next(DRAWING) == 0.5,
    "a cache": lambda: cached().random() == 0.5,
    "a child": lambda: SPAWNING.spawn(1)[0].random() == 0.5,
    "a deque": lambda: QUEUE[0].random() == 0.5,
    "an iterator": lambda: next(CALLING) == 0.5,
    "ssl": lambda: ssl.RAND_bytes(4) == b"",
    "clock_gettime": lambda: time.clock_gettime(time.CLOCK_REALTIME) < 0,
    "os.times": lambda: os.times().elapsed < 0,
    "asctime": lambda: time.asctime() == "",
}


@pytest.mark.parametrize("place", PLACES)
def test_generators_wherever_they_are(place: str) -> None:
    """Though both recordings take the same way."""
    drawn = PLACES[place]
    with pytest.raises(RecordingError, match=r"draws random numbers|reads the clock"):
        jit(lambda x: x + 100 if drawn() else x)(1.0)


# -- another way of floats, hidden by infinity -----------------------------------------------------


def caught_exponential(y: Any, d: Any) -> Any:
    try:
        return math.exp(d)
    except TypeError:  # of a Value
        return y


def by_kind(y: Any, d: Any) -> Any:
    return math.exp(d) if isinstance(d, float) else y


@pytest.mark.parametrize("first", [INF, 1000.0, 1.0], ids=["inf", "overflow", "finite"])
@pytest.mark.parametrize("f", [caught_exponential, by_kind])
def test_another_way_of_floats_is_seen_where_numbers_overflow(f: Any, first: float) -> None:
    """Where NumPy may give any number, and where floats raise."""
    with pytest.raises(RecordingError, match=r"plain floats .* the two part at .*, line \d+"):
        jit(f)(2.0, first)
    with pytest.raises((RecordingError, OverflowError), match=r"plain floats|math range"):
        jit(grad(f))(2.0, first)


@pytest.mark.parametrize("first", [0.0, INF, -INF, NAN, 1e200])
def test_the_same_way_is_recorded_where_floats_raise_or_overflow(first: float) -> None:
    """1 / 0 and inf // x are errors, or no numbers, of floats alone."""
    for f in (lambda x: (x * x) / x, lambda x: 1.0 / x, lambda x: x // 3.0 + x % 2.0):
        compiled = jit(f)
        for x in (first, 2.0, first):
            np.testing.assert_equal(compiled(x), eagerly(f, x))


def in_no_grad(x: Any) -> Any:
    with autograd.no_grad():
        y = 1.0 / x
    return y * 2.0


def and_finally(x: Any) -> Any:
    done = 0.0
    try:
        y = 1.0 / x
    finally:
        for i in range(3):
            done += i
    return y + done


@contextlib.contextmanager
def counted(counts: list[int]) -> Iterator[None]:
    try:
        yield
    finally:
        counts.append(len(counts))


def in_a_context(x: Any) -> Any:
    counts: list[int] = []
    with counted(counts), contextlib.ExitStack() as stack:
        stack.callback(counts.append, 1)
        y = 1.0 / x
    return y * len(counts)


def raised_again(x: Any) -> Any:
    try:
        return 1.0 / x
    except ZeroDivisionError:
        raise


@pytest.mark.parametrize("f", [in_no_grad, and_finally, in_a_context, raised_again])
def test_what_is_done_on_the_way_out_is_no_other_way(f: Any) -> None:
    """Floats raise by 1 / 0, and leave `with` and `finally` by another door."""
    compiled = jit(f)
    for x in (0.0, 2.0, -0.0, INF):
        assert compiled(x) == eagerly(f, x)


def test_what_the_collector_calls_is_no_other_way() -> None:
    """It comes when it likes, in one run and not in the other."""
    heard: list[int] = []

    def hear(phase: str, _: object) -> None:
        heard.append(len(phase))

    thresholds = gc.get_threshold()
    gc.callbacks.append(hear)
    try:
        for first in range(5, 60):
            gc.set_threshold(first, 1, 1)
            assert jit(lambda xs: [[x // 3.0] for x in xs])([INF] * 8) == [[INF]] * 8
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(hear)
    assert heard
    assert gc.isenabled()


def test_however_many_numbers_overflow_the_runs_are_compared_once() -> None:
    """Whether they part is one question, and takes two more runs: not two for each number."""
    runs: list[int] = []

    def f(xs: Any) -> Any:
        runs.append(len(xs))
        return [x // 3.0 for x in xs]

    for count in (2, 20):
        assert jit(f)([INF] * count) == [INF] * count
    assert runs.count(20) == runs.count(2)
