"""That compiled functions are never silently wrong: the numbers that f gives, or an error."""

from __future__ import annotations

import datetime
import functools
import gc
import io
import logging
import math
import os
import pickle
import random
import secrets
import sys
import threading
import time
import uuid
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from random import random as draw
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from test_edited_functions import module

import nn
from autograd import (
    Value,
    grad,
    hessian,
    hypot,
    jit,
    no_grad,
    norm,
    primitive,
    tanh,
    value_and_grad,
    vmap,
    where,
)
from autograd.compiler import RecordingError
from autograd.compiler.recording import tracing
from autograd.engine.modes import RUNNING
from autograd.engine.primitive import TABLE

INF, NAN = math.inf, math.nan

# -- texts and keys --------------------------------------------------------------------------------


def caught_conversion(x: Any) -> Any:
    try:
        return x * float(f"{x:.2f}")
    except ValueError:
        return x * 0


def printed_into_a_file(x: Any) -> Any:
    text = io.StringIO()
    print(x, file=text)
    return x * len(text.getvalue())


TEXTS: dict[str, Callable[[Any], Any]] = {
    "a table": lambda x: {"1": 10.0, "2": 20.0}.get(f"{x:.0f}", 0.0) * x,
    "two texts": lambda x: x if f"{x:.3f}" == f"{x * x:.3f}" else -x,
    "float in try": caught_conversion,
    "a key for sorted": lambda x: sorted([x, x * x], key=str)[1],
    "str.format": lambda x: x * len("{:.3f}".format(x)),  # noqa: UP032
    "percent s": lambda x: x * len("%s" % x),  # noqa: UP031
    "a nesting": lambda x: x * len(repr([x, (x,)])),
    "a file": printed_into_a_file,
}


@pytest.mark.parametrize("way", TEXTS)
def test_texts_of_traced_numbers(way: str) -> None:
    """Each is an error that names the line, in jit and vmap, and through a gradient."""
    f = TEXTS[way]
    for call in (
        lambda: jit(f)(1.0),
        lambda: jit(grad(f))(1.0),
        lambda: vmap(f)(np.array([1.0, 2.0])),
    ):
        with pytest.raises(RecordingError, match=r"makes a text.*test_promises\.py, line \d+"):
            call()


def test_containers_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Arrays, lists and records of Values, which write them out by code of their own."""

    def f(p: Any) -> Any:
        print(p)
        return p

    assert jit(f)(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert jit(f)([1.0, 2.0]) == [1.0, 2.0]
    assert jit(f)(Lazy(1.5)) == Lazy(1.5)
    assert "1.5" in capsys.readouterr().out
    with pytest.raises(RecordingError, match="makes a text"):
        jit(lambda p: p * len(str(p)))(np.array([1.0, 2.0]))


def test_texts_that_nothing_depends_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints, logs, and the messages of errors that f raises, which are right."""

    def f(x: Any) -> Any:
        print(x, f"{x:.2f}")
        logging.getLogger("test").debug("x is %s", x)
        if x < 0:
            raise ValueError(f"{x:.1f} is negative")
        return x * 2

    compiled = jit(f)
    assert [compiled(1.0), compiled(3.0)] == [2.0, 6.0]
    assert "1.00" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"^-4.0 is negative"):
        compiled(-4.0)
    assert jit(lambda x: x * float(f"{Value(2.0):.1f}"))(3.0) == 6.0


@functools.lru_cache
def cached_square(x: Any) -> Any:
    return x * x


KEYS: dict[str, Callable[[Any], Any]] = {
    "in a set": lambda x: 10 * x if x in {1.0, 2.0} else 20 * x,
    "in a frozenset": lambda x: 10 * x if x in frozenset([1.0, 2.0]) else 20 * x,
    "dict.get": lambda x: {1.0: 5.0, 2.0: 6.0}.get(x, 0.0) * x,
    "len of a set": lambda x: len({x, 1.0}) * x,
    "a tuple as a key": lambda x: {(1.0, 2.0): 3.0}.get((x, x + 1), 0.0) * x,
    "dict.fromkeys": lambda x: len(dict.fromkeys([x, 1.0])) * x,
    "a Counter": lambda x: Counter([x, 1.0])[1.0] * x,
    "a set of computed ones": lambda x: len({x * 2, 2.0}) * x,
    "a cache": lambda x: cached_square(x) + x,
}


@pytest.mark.parametrize("way", KEYS)
def test_keys_of_sets_and_dicts(way: str) -> None:
    """Each is an error that names the line, compiled or not."""
    f = KEYS[way]
    calls: list[Callable[[], Any]] = [
        lambda: grad(f)(1.0),
        lambda: value_and_grad(f)(1.0),
        lambda: hessian(f)(1.0),
        lambda: jit(f)(1.0),
        lambda: jit(grad(f))(1.0),
        lambda: vmap(f)(np.array([1.0])),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"hash.*, line \d+"):
            call()


def test_keys_that_stay_allowed() -> None:
    """Values by identity: parameters, what nothing varies, id(x); and lists by number."""
    p, q = Value(2.0), Value(2.0)
    assert len({p: 0.0, q: 1.0}) == 2
    seen = {p: 3.0}
    assert grad(lambda x: x * seen[p] * p)(1.0).data == 6.0
    assert grad(lambda x: x * len({Value(1.0), Value(1.0)}))(1.0) == 2.0
    for wrap in (lambda f: f, jit):
        assert wrap(grad(lambda x: x * {id(x): 4.0}[id(x)]))(1.0) == 4.0
        assert wrap(grad(lambda x: x * {1: 5.0}[int(x)]))(1.0) == 5.0
        assert wrap(grad(lambda x: 10 * x if x in [1.0, 2.0] else x))(1.0) == 10.0
    model = nn.MLP(2, [3, 1])
    rows = [[0.5, 1.0], [1.0, 2.0]]
    loss = lambda: sum((model(row) - 1.0) ** 2 for row in rows)  # noqa: E731
    assert len(set(model.parameters())) == len(model.parameters())
    assert isinstance(loss(), Value)


# -- threads, and what is kept ---------------------------------------------------------------------


def in_worker(work: Callable[..., Any], *args: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *args).result()


ELSEWHERE: dict[str, Callable[[Any], Any]] = {
    ".data": lambda x: x * in_worker(lambda: x.data),
    "a comparison": lambda x: x * in_worker(lambda: 2.0 if x > 0 else 3.0),
    "a truth value": lambda x: x * in_worker(lambda: 2.0 if x else 3.0),
    "int": lambda x: x * in_worker(int, x),
    "a text": lambda x: x * len(in_worker(lambda: f"{x:.3f}")),
    "a key": lambda x: x * len(in_worker(lambda: {x, 1.0})),
    "arithmetic": lambda x: x * in_worker(lambda: (x * 2).data),
    "a function": lambda x: x * in_worker(lambda: tanh(x)),
    "a compiled function": lambda x: x * in_worker(jit(lambda t: t * x), 3.0),
}


@pytest.mark.parametrize("way", ELSEWHERE)
def test_numbers_of_a_recording_in_another_thread(way: str) -> None:
    """It would not be seen there: an error, even where f catches that of the thread."""
    f = ELSEWHERE[way]

    def caught(x: Any) -> Any:
        try:
            return f(x)
        except Exception:  # noqa: BLE001
            return x

    for g in (f, caught):
        with pytest.raises(RecordingError, match=r"in another thread|hashes|text|reads"):
            jit(g)(2.0)


def test_a_worker_may_compute_with_other_numbers() -> None:
    w = Value(3.0)
    f = jit(lambda x: x * in_worker(lambda: (Value(2.0) * 3.0).data) + w)
    assert [f(1.0), f(2.0)] == [9.0, 15.0]
    assert in_worker(lambda: jit(lambda x: x if x > 0 else -x)(-2.0)) == 2.0


def test_a_gradient_through_a_compiled_function_in_a_worker() -> None:
    """d(3 w)/dw, whoever calls."""
    assert grad(lambda w: in_worker(jit(lambda x: x * w), 3.0))(2.0) == 3.0
    assert grad(lambda w: in_worker(vmap(lambda x: x * w), np.array([3.0, 4.0])).sum())(2.0) == 7.0


def test_values_left_in_a_cache() -> None:
    """Its own, and another function's, at every call; outside they are Values like any other."""
    cache: dict[str, Any] = {}

    def f(x: Any) -> Any:
        if "y" not in cache:
            cache["y"] = x * x
        return cache["y"] + x

    compiled = jit(f)
    for x in (1.0, 1.0, 2.0):
        with pytest.raises(RecordingError, match="kept when it was recorded"):
            compiled(x)
    with pytest.raises(RecordingError, match="kept when it was recorded"):
        jit(lambda x: x * cache["y"])(2.0)
    with no_grad():
        assert (cache["y"] * 2).data == 2.0


# -- primitives, and bound functions ---------------------------------------------------------------


def positive(x: float) -> float:
    if x < 0:
        raise ValueError("negative")
    return x


def forget(name: str) -> None:
    del TABLE[name]
    delattr(Value, name)


@pytest.fixture
def check() -> Iterator[Any]:
    """A primitive that is called for its check."""
    yield primitive("promises_check", positive, lambda out, x: 1.0)
    forget("promises_check")


@pytest.mark.parametrize("wrap", [jit, lambda f: jit(grad(f)), lambda f: jit(grad(grad(f)))])
def test_primitives_whose_result_is_not_used(check: Any, wrap: Callable[[Any], Any]) -> None:
    """What they raise is part of what f does, in a derivative and under a selection too."""

    def unused(x: Any) -> Any:
        check(x)
        return x * x * x

    def left_out(x: Any) -> Any:
        return where(1.0, x * x * x, check(x))

    def decided(x: Any) -> Any:
        if x > -10:
            check(x)
        return x * x * x

    for f in (unused, left_out, decided):
        compiled = wrap(f)
        first = compiled(2.0)
        assert compiled(2.0) == first == wrap(lambda x: x * x * x)(2.0)
        for _ in range(2):
            with pytest.raises(ValueError, match="negative"):
                compiled(-1.0)
        assert compiled(2.0) == first
    assert compiled(-20.0) == wrap(lambda x: x * x * x)(-20.0)


def test_primitives_whose_result_is_not_used_in_rows(check: Any) -> None:
    f = vmap(lambda x: [check(x), x * 2][1])
    assert f(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="negative"):
        f(np.array([1.0, -2.0]))
    assert f(np.array([np.nan, 2.0]))[1] == 4.0


@pytest.mark.parametrize("has_lowering", [False, True])
def test_a_primitive_defined_anew_between_calls(has_lowering: bool) -> None:
    """It stays the one that was recorded, though its machine code is made only afterwards."""

    def define(step: float) -> Any:
        rule = (lambda x: x + step) if has_lowering else None
        return primitive("promises_step", lambda x: x + step, lambda out, x: 1.0, lowering=rule)

    old = define(1.0)
    f, g = jit(lambda x: old(x) * 2), jit(lambda x: old(x) * 2)
    slope = jit(grad(lambda x: old(x) * x))
    assert f(1.0) == g(1.0) == g(1.0) == 4.0
    assert slope(1.0) == 3.0
    rows = vmap(lambda x: old(x) * 2)
    assert rows(np.array([1.0])) == 4.0
    define(100.0)
    assert [f(1.0), g(1.0), f(2.0), slope(2.0)] == [4.0, 4.0, 6.0, 5.0]
    assert rows(np.array([1.0])) == 4.0
    assert rows(np.arange(1000.0)).tolist() == [2.0 * x + 2.0 for x in range(1000)]
    with pytest.raises(RecordingError, match="'promises_step' that has been defined anew"):
        jit(lambda x: old(x) * 2)(1.0)
    forget("promises_step")
    assert f(3.0) == 8.0


def test_bound_functions_inside_a_recording() -> None:
    """Their arrays are no arguments: an error, also of their latest result."""
    w, place = Value(2.0), np.array(3.0)
    product = jit(lambda p: p * w)
    bound = product.bind(place)
    for f in (lambda t: t * bound(), lambda t: t * bound.result):
        for call in (lambda f=f: jit(f)(1.0), lambda f=f: vmap(f)(np.ones(2))):
            with pytest.raises(RecordingError, match="what bind returned"):
                call()
    f = jit(lambda t, p: t * product(p))
    assert f(1.0, place) == 6.0
    w.data = 5.0
    assert f(1.0, place) == 15.0
    assert grad(lambda t: t * float(bound()))(2.0) == 15.0


# -- random numbers and clocks ---------------------------------------------------------------------

OWN, OF_NUMPY, OLD_NUMPY = random.Random(1), np.random.default_rng(1), np.random.RandomState(1)


class Holder:
    """A generator as an attribute, of the class and of the object."""

    shared = np.random.default_rng(2)

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)

    def __call__(self, x: Any) -> Any:
        return x + 100 if self.rng.random() < RARE else x

    def by_class(self, x: Any) -> Any:
        return x + 100 if self.shared.random() < RARE else x


RARE = 1e-6  # two recordings agree
DRAWS: dict[str, Callable[[], Any]] = {
    "random.random": lambda: random.random() < RARE,
    "by its own name": lambda: draw() < RARE,
    "gauss": lambda: random.gauss(0, 1) > 6,
    "choice": lambda: random.choice(range(10**6)) == 1,
    "shuffle": lambda: random.shuffle([1, 2, 3]),
    "a generator": lambda: OWN.random() < RARE,
    "in map": lambda: list(map(OWN.getrandbits, [60])) == [0],
    "a new generator": lambda: random.Random().random() < RARE,
    "the system's": lambda: random.SystemRandom().random() < RARE,
    "getstate": lambda: random.getstate() == (),
    "seeded by the system": lambda: [random.seed(), random.random()][1] < RARE,
    "numpy.random": lambda: np.random.rand() < RARE,
    "numpy's Generator": lambda: OF_NUMPY.random() < RARE,
    "numpy's RandomState": lambda: OLD_NUMPY.rand() < RARE,
    "numpy.random.randn": lambda: abs(np.random.randn()) < RARE,
    "numpy.random.normal": lambda: abs(np.random.normal()) < RARE,
    "numpy.random.lognormal": lambda: np.random.lognormal() < RARE,
    "multivariate_normal": lambda: (
        abs(np.random.multivariate_normal([0.0] * 3, np.eye(3))[0]) < RARE
    ),
    "the second of two normal numbers": lambda: abs(OLD_NUMPY.standard_normal()) < RARE,
    "random.gauss": lambda: abs(random.gauss(0.0, 1.0)) < RARE,
    "a new one of numpy": lambda: np.random.default_rng().random() < RARE,
    "in a helper": lambda: helper() < RARE,
    "a class": lambda: Holder.shared.random() < RARE,
    "urandom": lambda: os.urandom(8) == b"",
    "secrets": lambda: secrets.randbelow(10**6) == 1,
    "uuid4": lambda: uuid.uuid4().int == 1,
    "time": lambda: time.time() < 1,
    "perf_counter": lambda: time.perf_counter() < 0,
    "monotonic_ns": lambda: time.monotonic_ns() < 0,
    "now": lambda: datetime.datetime.now().year == 1,
    "today": lambda: datetime.date.today().year == 1,
}


def helper() -> float:
    return float(OF_NUMPY.normal()) ** 2


@pytest.mark.parametrize("way", DRAWS)
def test_draws_that_decide(way: str) -> None:
    """Even where both recordings agree, and in an object's attributes."""
    drawn = DRAWS[way]
    f = lambda x: x + 100 if drawn() else x  # noqa: E731
    for call in (lambda: jit(f)(1.0), lambda: jit(grad(f))(1.0), lambda: vmap(f)(np.ones(2))):
        with pytest.raises(RecordingError, match=r"draws random numbers|reads the clock"):
            call()


def test_generators_of_an_object() -> None:
    for f in (Holder(), Holder().by_class, functools.partial(Holder().by_class)):
        with pytest.raises(RecordingError, match="draws random numbers"):
            jit(f)(1.0)


def test_the_line_that_draws() -> None:
    with pytest.raises(RecordingError, match=r"draws random numbers \(.*test_promises.py, line"):
        jit(lambda x: x + random.uniform(0.0, 1.0))(1.0)


def test_draws_under_a_profiler() -> None:
    """A profiler hides calls from everyone else; states are compared all the same."""
    sys.setprofile(lambda frame, event, argument: None)
    try:
        with pytest.raises(RecordingError, match="draws random numbers"):
            jit(lambda x: x + 100 if OWN.random() < RARE else x)(1.0)
        assert jit(lambda x: x * 2)(1.0) == 2.0
        assert sys.getprofile() is not None
    finally:
        sys.setprofile(None)


def test_an_interrupt_as_a_recording_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for one that goes on."""

    def interrupted(trace: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tracing, "end_recording", interrupted)
    with pytest.raises(KeyboardInterrupt):
        jit(lambda x: x * 2)(1.0)
    gc.collect()
    assert not RUNNING


def test_an_interrupt_as_the_watch_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No profiler stays behind, and the next recording is watched."""
    begin = sys.setprofile

    def interrupted(profile: Any) -> None:
        begin(profile)
        if profile is not None:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "setprofile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        jit(lambda x: x * sys.float_info.radix)(1.0)
    monkeypatch.undo()
    assert sys.getprofile() is None
    assert not RUNNING
    with pytest.raises(RecordingError, match="draws random numbers"):
        jit(lambda x: x * random.random())(1.0)


def seeded_anew(x: Any) -> Any:
    random.seed(3)
    np.random.seed(3)
    return x * random.random() + np.random.rand()


def logging_the_time(x: Any) -> Any:
    logging.getLogger("test").warning("called")
    return x * in_worker(lambda: 2.0)


def test_what_draws_the_same_at_every_call() -> None:
    """Generators that the function seeds itself; and what reads the clock for its own use."""
    for f in (
        lambda x: x + random.Random(0).random(),
        lambda x: x + random.Random(0).gauss(0.0, 1.0),
        lambda x: x + np.random.default_rng(0).normal(),
        seeded_anew,
        logging_the_time,
    ):
        compiled = jit(f)
        assert [compiled(2.0), compiled(3.0)] == [f(2.0), f(3.0)]
        assert sys.getprofile() is None


def test_clocks_of_callbacks() -> None:
    """What the garbage collector calls while the function runs is not the function."""
    times: list[float] = []

    class Dying:
        def __del__(self) -> None:
            times.append(time.time())

    def timed(phase: str, info: Any) -> None:
        times.append(time.perf_counter())

    def f(x: Any) -> Any:
        Dying()
        gc.collect()
        return x * 2

    gc.callbacks.append(timed)
    try:
        assert jit(f)(1.0) == 2.0
        assert len(times) >= 4
    finally:
        gc.callbacks.remove(timed)


def test_draws_of_other_threads() -> None:
    """They are not the function's: of generators of their own, and of the same one."""
    stop = threading.Event()

    def draw_on() -> None:
        own = random.Random(2)
        while not stop.is_set():
            own.random()
            random.random()
            OF_NUMPY.random()

    def f(x: Any) -> Any:
        return x * 2 if x > -1 else x + OF_NUMPY.random() + random.random()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(draw_on)
        try:
            assert [jit(f)(1.0) for _ in range(20)] == [2.0] * 20
            assert vmap(f)(np.ones(3)).tolist() == [2.0] * 3
        finally:
            stop.set()


def test_training_while_another_thread_draws() -> None:
    stop = threading.Event()

    def draw_on() -> None:
        own = random.Random(2)
        while not stop.is_set():
            own.random()

    random.seed(1)
    model = nn.MLP(2, [3, 1])
    rows = [[0.5, 1.0], [1.0, 2.0], [0.0, 1.0]]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(draw_on)
        try:
            nn.fit(model, rows, [1.0, 2.0, 0.5], epochs=2, engine="jit")
        finally:
            stop.set()


# -- lengths ---------------------------------------------------------------------------------------


def awkward(rng: random.Random) -> float:
    """Whole numbers, ordinary ones, and those of any size, infinite and NaN."""
    kind = rng.randrange(6)
    if kind == 0:
        return float(rng.randrange(1000))
    if kind == 1:
        return rng.uniform(-1.0, 1.0) * 10.0 ** rng.randrange(-320, 308)
    if kind == 2:
        return rng.choice([0.0, -0.0, INF, NAN, 5e-324, 1.7e308, 2.0**480, 2.0**-480])
    return rng.gauss(0.0, 100.0) if kind < 5 else float(rng.randrange(2**53))


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_lengths_have_the_bits_of_eager(n: int) -> None:
    """math.hypot is correctly rounded nearly always, and so is the machine code."""
    rng = random.Random(n)
    compiled = jit(norm)
    rows = [[awkward(rng) for _ in range(n)] for _ in range(3000)]
    wanted = [math.hypot(*row) for row in rows]
    assert np.array_equal([compiled(row) for row in rows], wanted, equal_nan=True)
    assert np.array_equal(vmap(norm)(np.array(rows)), wanted, equal_nan=True)
    if n == 2:
        pair = jit(hypot)
        assert np.array_equal([pair(*row) for row in rows], wanted, equal_nan=True)


def test_decisions_on_lengths() -> None:
    """hypot(240, 275) is 365 exactly; and a sum of many squares is not off in the last places."""
    whole = jit(lambda p: int(norm(p)))
    for p in ([0.0, 364.2], [0.0, 365.2], [0.0, 364.2], [0.0, 365.2], [240.0, 275.0]):
        assert whole(p) == int(math.hypot(*p))
    rng = random.Random(5)
    many = [rng.gauss(0.0, 1.0) for _ in range(2000)]
    compiled = jit(norm)
    assert [compiled(many), compiled(many)] == [math.hypot(*many)] * 2


# -- what arguments hold beside numbers ------------------------------------------------------------


@dataclass
class Cached:
    """A record that keeps what it has computed."""

    a: float

    def __post_init__(self) -> None:
        self._cache: dict[str, Any] = {}

    @property
    def square(self) -> Any:
        if "square" not in self._cache:
            self._cache["square"] = self.a * self.a
        return self._cache["square"]


@dataclass
class Lazy:
    a: float

    @functools.cached_property
    def square(self) -> Any:
        return self.a * self.a


@dataclass
class Scaled:
    a: float
    scale: ClassVar[float] = 1.0


def with_scale(a: float, scale: Any) -> Scaled:
    out = Scaled(a)
    out.scale = scale  # type: ignore[misc]
    return out


@pytest.mark.parametrize("kind", [Cached, Lazy])
def test_attributes_that_are_no_fields(kind: Any) -> None:
    """They are part of the argument; what the recording computes does not end up in them."""
    compiled = jit(lambda m: m.square + m.a)
    full, other, empty, another = kind(2.0), kind(3.0), kind(4.0), kind(5.0)
    assert (full.square, other.square) == (4.0, 9.0)
    for _ in range(2):
        assert [compiled(m) for m in (full, other, empty, another)] == [6.0, 12.0, 20.0, 30.0]
    assert vars(empty) == vars(kind(4.0))
    scaled = jit(lambda m: m.a * m.scale)
    assert [scaled(with_scale(2.0, s)) for s in (1.0, 10, True, 10.0, 5.0)] == [2, 20, 2, 20, 10]
    with pytest.raises(TypeError, match=r"the attribute scale of a Scaled is .* make it a field"):
        scaled(with_scale(2.0, object()))


def test_types_of_dicts_and_keys() -> None:
    """Each is a nesting of its own."""
    missing = jit(lambda d: d["a"] + d["b"])
    assert missing(defaultdict(lambda: 1.0, a=1.0)) == 2.0
    assert missing(defaultdict(lambda: 100.0, a=1.0)) == 101.0
    with pytest.raises(KeyError):
        missing({"a": 1.0})
    f = lambda d: sum(  # noqa: E731
        v * (10 if type(k) is bool else 3 if type(k) is float else 1) for k, v in d.items()
    )
    compiled = jit(f)
    for _ in range(2):
        for d in ({1: 2.0}, {True: 2.0}, {1.0: 2.0}):
            assert compiled(d) == f(d)
    ordered = jit(lambda d: d["a"] * (2 if isinstance(d, OrderedDict) else 1))
    assert [ordered({"a": 1.0}), ordered(OrderedDict(a=1.0)), ordered({"a": 3.0})] == [1, 2, 3]
    zeros = jit(lambda d: sum(math.copysign(1.0, k) * v for k, v in d.items()))
    assert [zeros({0.0: 1.0}), zeros({-0.0: 1.0})] == [1.0, -1.0]


class Units(np.ndarray):
    """An array with an attribute."""

    def __array_finalize__(self, other: Any) -> None:
        self.unit = getattr(other, "unit", 1000.0)


class Vector(list):  # type: ignore[type-arg]
    def __add__(self, other: Any) -> Any:
        return Vector([a + b for a, b in zip(self, other, strict=True)])


class Pair(NamedTuple):
    a: float
    b: float


class Named(Pair):
    """With attributes, which `_make` does not copy."""


def test_subclasses_of_arrays_lists_and_tuples() -> None:
    """What a plain one would be in the place of is an error that says so."""
    masked = np.ma.masked_array([1.0, 2.0], [0, 1])
    named = Named(1.0, 2.0)
    named.unit = 3.0  # type: ignore[attr-defined]
    for x, said in (
        (masked, "has no mask"),
        (np.ones(2).view(Units), "array of the class Units"),
        (np.ones((2, 2)).view(np.matrix), "numpy.matrix"),
        (Vector([1.0]), "would get a plain"),
        (named, "would get a plain"),
    ):
        for call in (
            lambda x=x: jit(lambda t: t[0])(x),
            lambda x=x: jit(lambda t: t["x"][0])({"x": x}),
            lambda x=x: vmap(lambda t: t)(x),
        ):
            with pytest.raises(TypeError, match=said):
                call()
    assert jit(lambda p: p.a * p.b)(Pair(2.0, 3.0)) == 6.0


def test_one_argument_twice() -> None:
    """An error where the function writes to it, at any call; right where it does not."""

    def write(a: Any, b: Any) -> Any:
        a[0] = a[0] * 10
        return a[0] + b[0]

    compiled = jit(write)
    for make in (lambda: [1.0], lambda: np.array([1.0])):
        x = make()
        with pytest.raises(RecordingError, match="writes to its arguments"):
            jit(write)(x, x)
        assert [compiled(make(), make()) for _ in range(3)] == [11.0] * 3
        with pytest.raises(RecordingError, match="writes to its arguments"):
            compiled(x, x)
    both = np.ones(4)
    with pytest.raises(RecordingError, match="writes to its arguments"):
        compiled(both[:3], both[1:])
    read = jit(lambda a, b: a[0] + b[0])
    assert [read(x, x) for _ in range(3)] == [2.0] * 3


class Machine:
    """A static argument that changes."""

    def __init__(self) -> None:
        self.k = 2.0
        self.settings = {"k": [1.0]}
        self.table = np.array([1.0, 2.0])
        self.inner = SimpleNamespace(k=1.0)

    @partial(jit, static_argnames="self")
    def run(self, x: Any) -> Any:
        return x * self.k + self.settings["k"][0] * self.table[1] * self.inner.k


def test_static_objects_that_change() -> None:
    """By their attributes, and what is in these."""
    machine = Machine()
    assert machine.run(1.0) == machine.run(1.0) == 4.0
    machine.k = 3.0
    assert machine.run(1.0) == 5.0
    machine.settings["k"][0] = 2.0
    assert machine.run(1.0) == 7.0
    machine.table[1] = 3.0
    assert machine.run(1.0) == 9.0
    machine.inner.k = 2.0
    assert machine.run(1.0) == 15.0
    assert Machine().run(1.0) == 4.0


# -- data beside what a derivative differentiates by -----------------------------------------------


@pytest.mark.parametrize("kind", ["u1", "i1", "u4", "i4", "?", "f4", "f2"])
def test_number_types_of_data(kind: str) -> None:
    """Their arithmetic is not that of doubles: an error, also after a call with doubles."""
    loss = lambda w, x: w * (x + x).sum()  # noqa: E731
    compiled, rows = jit(grad(loss)), vmap(grad(loss), in_axes=(None, 0))
    x = np.array([1, 0, 1], kind)
    assert compiled(1.0, x.astype(float)) == 4.0
    assert rows(1.0, x.astype(float)[None]).tolist() == [4.0]
    for call in (
        lambda: compiled(1.0, x),
        lambda: jit(grad(loss))(1.0, x),
        lambda: rows(1.0, x[None]),
        lambda: jit(grad(lambda w, d: w * d["x"].sum()))(1.0, {"x": x}),
        lambda: jit(grad(lambda w, n: w * (n + n)))(1.0, x[0]),
    ):
        with pytest.raises(TypeError, match=r"gets numbers of .*, in an|gets numbers of .* in an"):
            call()
    assert jit(grad(lambda x: (x * x).sum()))(x).tolist() == [2.0, 0.0, 2.0]
    assert compiled(1.0, np.array([1, 2])) == 6.0


def test_keys_by_data() -> None:
    """A plain number that the loss looks up is traced too: an error, and int(n) is seen."""
    table = {1: 10.0, 2: 20.0}
    with pytest.raises(RecordingError, match="hashes"):
        jit(grad(lambda w, n: w * table.get(n, 0.0)))(1.0, 2)
    compiled = jit(grad(lambda w, n: w * table[int(n)]))
    assert [compiled(1.0, n) for n in (2, 1, 2)] == [20.0, 10.0, 20.0]


# -- pickles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [("x * 2", "x * 3"), ("helper(x, 2)", "helper(x, 3)")])
@pytest.mark.parametrize("edited", ["function", "helper", "default", "nothing"])
def test_a_function_edited_after_it_was_pickled(old: str, new: str, edited: str) -> None:
    """It is recorded anew, as it is now; unedited it brings its programs along."""
    text = f"def helper(x, n, k=1):\n    return x * n * k\n\n\ndef f(x):\n    return {old}\n"
    name = f"edited_module_{edited}_{len(old)}"
    edits = {
        "function": (old, new),
        "helper": ("n * k", "n * k + 1"),
        "default": ("k=1", "k=5"),
        "nothing": ("", ""),
    }
    before = module(name, text)
    compiled = jit(before.f)
    assert compiled(1.0) == 2.0
    saved = pickle.dumps(compiled)
    after = module(name, text.replace(*edits[edited]))
    loaded = pickle.loads(saved)
    assert loaded(1.0) == after.f(1.0)
    assert loaded(2.0) == after.f(2.0)
    if edited == "nothing":
        assert loaded.recordings == 0
