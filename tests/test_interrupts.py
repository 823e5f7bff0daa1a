"""Interrupts: whatever Ctrl-C cuts short, every mode is off afterwards and gradients are right.

Three ways to interrupt: at every line, as a debugger might; at every point at which CPython really
looks for signals and a profiler can follow (a call begins, a call has returned); and by signals at
random moments, of which CHAINRULE_INTERRUPTS sets the number.
"""

from __future__ import annotations

import gc
import linecache
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import FrameType
from typing import Any

import numpy
import pytest

import autograd
import nn
from autograd import Value, detect_anomaly, no_grad, record_lines
from autograd.compiler.recording.plain_floats import is_running_plainly
from autograd.engine.backward import PASS_LOCK
from autograd.engine.modes import MODES, RUNNING, modes_here, plain_arithmetic
from autograd.transforms.linearization import is_differentiated

INTERRUPTS = int(os.environ.get("CHAINRULE_INTERRUPTS", "300"))
PLACES = INTERRUPTS // 3  # at most, of each kind of work and each way; 10,000 are all
OURS = tuple(os.path.dirname(package.__file__) + os.sep for package in (autograd, nn))
ENTERING = ("__enter__", "acquired")  # in Python, from 3.14 on
MODE_FIELDS = ["detect_anomaly", "no_grad", "plain", "record_lines", "tracer"]


def norm(x: Any) -> Any:
    return autograd.sqrt(x[0] * x[0] + x[1] * x[1])


def in_no_grad() -> None:
    with no_grad():
        Value(2.0) * 3.0


def in_a_block_with_a_name() -> None:
    block = no_grad()
    with block:
        Value(2.0) * 3.0


@no_grad()
def decorated(x: Value) -> Value:
    return x * x


@no_grad()
def decorated_generator(x: Value) -> Iterator[Value]:
    yield x * x
    yield x + x


def in_detect_anomaly() -> None:
    with detect_anomaly():
        norm([Value(3.0), Value(4.0)]).backward()


def in_record_lines() -> None:
    with record_lines():
        norm([Value(3.0), Value(4.0)])


def nested_blocks() -> None:
    with no_grad(), detect_anomaly():
        with record_lines():
            Value(2.0).exp()
        Value(0.0) ** 0


def division_by_zero() -> None:
    """A rule that is fed Values, in plain arithmetic."""
    autograd.hypot(Value(0.0), 0.0).backward()


def fitted() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    nn.fit(model, [[0, 1], [1, 0]], [0.5, 1.5], epochs=2, progress=False, engine="eager")


def with_parameters() -> None:
    model = nn.Neuron.from_weights([0.25, 0.5], 1.0, "linear")

    def response(p: Any) -> Any:
        with model.parameters_as(p):
            return model([3.0, 4.0])

    autograd.grad(response)([1.0, 1.0, 1.0])


def checked() -> None:
    autograd.check_grad(norm, [3.0, 4.0])


def explained() -> None:
    x = Value(0.0)
    autograd.explain(x, x * 0.0)


SQUARE_ROOT = autograd.implicit_root(lambda x, a: x * x - a, lambda a: a**0.5)

WORK: dict[str, Callable[[], object]] = {
    "no_grad": in_no_grad,
    "in_a_block_with_a_name": in_a_block_with_a_name,
    "decorated": lambda: decorated(Value(2.0)),
    "decorated_generator": lambda: list(decorated_generator(Value(2.0))),
    "detect_anomaly": in_detect_anomaly,
    "record_lines": in_record_lines,
    "nested_blocks": nested_blocks,
    "division_by_zero": division_by_zero,
    "backward": lambda: norm([Value(3.0), Value(4.0)]).backward(),
    "grad": lambda: autograd.grad(norm)([3.0, 4.0]),
    "grad_inside_no_grad": lambda: no_grad()(autograd.grad(norm))([3.0, 4.0]),
    "hessian": lambda: autograd.hessian(norm)([3.0, 4.0]),
    "recording": lambda: autograd.jit(norm)([3.0, 4.0]),
    "recorded_derivative": lambda: autograd.jit(autograd.grad(norm))([3.0, 4.0]),
    "vmap": lambda: autograd.vmap(norm)(numpy.array([[3.0, 4.0], [6.0, 8.0]])),
    "implicit_root": lambda: autograd.grad(SQUARE_ROOT)(4.0),
    "sparse_hessian": lambda: autograd.sparse_hessian(norm)([3.0, 4.0]),
    "check_grad": checked,
    "explain": explained,
    "parameters_as": with_parameters,
    "fit": fitted,
}


def assert_all_is_well() -> None:
    """No mode is on, and what a mode would spoil is right."""
    modes = modes_here()
    assert not any(getattr(modes, field) for field in MODE_FIELDS)
    x = Value(3.0)
    y = x * x
    assert y.line is None
    y.backward()
    assert (y.parents, x.grad) == ((x, x), 6.0)
    assert Value(0.0).log() == float("-inf")
    assert not is_differentiated([x, y])
    assert autograd.grad(norm)([3.0, 4.0]) == pytest.approx([0.6, 0.8])


def nothing_is_open() -> bool:
    """Whether operations are quick again, and functions recorded, at the latest when frames that
    an exception caught in a cycle are gone."""
    if MODES.active or RUNNING:
        gc.collect()
        modes_here()
    return MODES.active == 0 and not RUNNING and not is_running_plainly()


# -- one strike ------------------------------------------------------------------------------------


class Striker:
    """Runs something and raises KeyboardInterrupt at one of the points on its way.

    points: those that it has met, in order: where in the code, and for the how-manieth time.
    """

    def __init__(self, strike_at: tuple[Any, int] | None = None) -> None:
        self.strike_at = strike_at
        self.visits: dict[Any, int] = {}

    def meet(self, place: Any) -> None:
        self.visits[place] = self.visits.get(place, 0) + 1
        if self.strike_at == (place, self.visits[place]):
            raise KeyboardInterrupt

    def by_line(self, work: Callable[[], object]) -> None:
        tracing = sys.gettrace()

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            if not counts(frame):
                return None
            if event == "line" and not is_beyond_signals(frame):
                self.meet((frame.f_code, frame.f_lineno))
            return trace

        sys.settrace(trace)
        try:
            work()
        finally:
            sys.settrace(tracing)

    def by_call(self, work: Callable[[], object]) -> None:
        profiling = sys.getprofile()

        def profile(frame: FrameType, event: str, called: Any) -> None:
            del called  # a lock's method: the traceback would hold it, as that of no signal does
            if frame.f_code.co_name in ENTERING and event == "return":
                return  # CPython looks for no signal there
            if counts(frame) and event in ("call", "return", "c_return"):
                self.meet((frame.f_code, frame.f_lasti, event))

        sys.setprofile(profile)
        try:
            work()
        finally:
            sys.setprofile(profiling)


def counts(frame: FrameType) -> bool:
    """Code of this project and of these tests, and what `with` and decorators call."""
    name = frame.f_code.co_filename
    return name.startswith(OURS) or (
        name == __file__ and frame.f_code.co_name not in ("by_line", "by_call", "meet")
    )


def is_beyond_signals(frame: FrameType) -> bool:
    """Whether it is a line where CPython does not look for signals, and an exception out of nowhere
    would leave a lock taken, be it whose it may: that of a `with` that takes one, to which Python
    comes back at the end, and a bare `try`, which the `with` around it does not cover."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip().lower()
    return line == "try:" or (line.startswith("with ") and "lock" in line)


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """No warning of anything that was cut short, and the collector at work."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("way", ["by_line", "by_call"])
@pytest.mark.parametrize("name", WORK)
def test_one_interrupt_anywhere(name: str, way: str) -> None:
    """At every place, at its first and at its last visit; asked while the error is being handled,
    whose traceback keeps frames alive."""
    work = WORK[name]
    work()  # whatever is loaded at a first use
    survey = Striker()
    getattr(survey, way)(work)
    targets = [(place, k) for place, n in survey.visits.items() for k in sorted({1, n})]
    struck = 0
    for target in targets[:: 1 + len(targets) // PLACES]:
        try:
            getattr(Striker(target), way)(work)
        except KeyboardInterrupt:
            struck += 1
            assert_all_is_well()
        assert_all_is_well()
        assert nothing_is_open()
        assert free_for_others()
        assert gc.isenabled() or way == "by_line"  # where a `finally` can be struck at its begin
        gc.enable()
    assert struck > 0


def free_for_others() -> bool:
    """Whether another thread gets the lock of the passes."""
    found: list[bool] = []

    def attempt() -> None:
        found.append(PASS_LOCK.acquire(blocking=False))
        if found[0]:
            PASS_LOCK.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return found[0]


# -- signals ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signal.setitimer")
@pytest.mark.usefixtures("undisturbed")
def test_signals_at_random_moments() -> None:
    """Each kind of work is struck as often as any other, at moments spread over its duration."""
    rng = random.Random(0)
    struck = 0

    def strike(*_: Any) -> None:
        nonlocal struck
        struck += 1
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, strike)
    names = sorted(WORK.keys() - {"vmap"})  # in the middle of LLVM, llvmlite does not bear it
    durations = {}
    for name in names:
        WORK[name]()
        start = time.perf_counter()
        WORK[name]()
        durations[name] = time.perf_counter() - start
    try:
        while struck < INTERRUPTS:
            name = names[rng.randrange(len(names))]
            try:
                signal.setitimer(signal.ITIMER_REAL, max(1e-6, rng.random() * durations[name]))
                WORK[name]()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                assert_all_is_well()
            assert_all_is_well()
            assert nothing_is_open()
            assert gc.isenabled()
            assert free_for_others()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


# -- the blocks themselves -------------------------------------------------------------------------


def test_a_block_is_over_when_its_with_statement_is_torn_down() -> None:
    """Even where the release is skipped, as when a debugger raises on the way out."""
    struck = Striker()
    struck.by_line(in_no_grad)
    (line,) = {
        line for (code, line), n in struck.visits.items() if code is in_no_grad.__code__ and n == 2
    }
    target = ((in_no_grad.__code__, line), 2)  # the line of `with`, on leaving
    with pytest.raises(KeyboardInterrupt) as error:
        Striker(target).by_line(in_no_grad)
    assert_all_is_well()
    del error


def test_a_block_is_for_one_with_statement() -> None:
    """Opened again it is refused, and holds on until its own end."""
    block = no_grad()
    with block:
        with pytest.raises(RuntimeError, match="opened once"), block:
            pass
        assert (Value(1.0) + 1).parents == ()
    assert_all_is_well()
    with pytest.raises(RuntimeError, match="opened once"), block:
        pass
    assert_all_is_well()


def test_blocks_on_an_exit_stack() -> None:
    """Which looks their methods up in the class."""
    with ExitStack() as stack:
        stack.enter_context(no_grad())
        assert (Value(1.0) + 1).parents == ()
    assert_all_is_well()


def test_blocks_opened_and_closed_by_hand() -> None:
    """As in a notebook, from one cell to another."""
    block = no_grad()
    block.__enter__()
    assert (Value(1.0) + 1).parents == ()
    block.__exit__(None, None, None)
    assert_all_is_well()


def test_blocks_that_end_in_another_order() -> None:
    """As of two generators that take turns: each holds until its own end."""

    def hold(block: Any) -> Iterator[None]:
        with block:
            yield

    first, second = hold(no_grad()), hold(detect_anomaly())
    next(first)
    next(second)
    first.close()
    assert len((Value(1.0) + 1).parents) == 1
    with pytest.raises(FloatingPointError):
        Value(0.0).log()
    second.close()
    assert_all_is_well()


def test_the_engines_own_blocks() -> None:
    """Locks themselves, also in the compiled form, where `with` looks methods up in the class."""
    with plain_arithmetic():
        assert (Value(1.0) + 1).parents == ()
    assert_all_is_well()


# -- training --------------------------------------------------------------------------------------


def test_the_best_weights_are_those_of_the_best_epoch() -> None:
    """Wherever `fit` is interrupted, the weights it puts back have the loss of the best epoch in
    its history: a batch of all samples has the loss of the weights before its step."""
    X, y = [[0.0, 1.0], [1.0, 0.0]], [0.5, 1.5]

    def train(model: nn.MLP) -> nn.History:
        return nn.fit(
            model, X, y, epochs=3, batch_size=None, progress=False, engine="eager", loss="mse"
        )

    survey = Striker()
    survey.by_line(lambda: train(nn.MLP(2, [2, 1], seed=0)))
    places = [
        (place, k)
        for place, n in survey.visits.items()
        if place[0].co_filename.endswith("loop.py")
        for k in range(1, n + 1)
    ]
    interrupted = 0
    for target in places:
        model = nn.MLP(2, [2, 1], seed=0)
        histories: list[nn.History] = []
        try:
            Striker(target).by_line(lambda m=model, h=histories: h.append(train(m)))  # type: ignore[misc]
        except KeyboardInterrupt:
            continue  # outside of what `fit` takes as the end of the training
        (history,) = histories
        if history.interrupted and history.best is not None:
            interrupted += 1
            assert nn.evaluate(model, X, y, loss="mse").loss == history.best.loss
    assert interrupted > 20
