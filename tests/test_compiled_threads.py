"""Compiled functions in several threads: right, or an error; nobody waits for ever."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import pickle
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from programs import printed_by

import nn
from autograd import Value, grad, jit, sin, vmap
from autograd.compiler.jit import ENTRIES
from autograd.compiler.native import machine
from autograd.compiler.recording.tracing import RecordingError
from autograd.engine import locks

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

CURRENT: contextvars.ContextVar[float] = contextvars.ContextVar("current", default=2.0)
OF_THREAD = threading.local()


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Threads take turns every 10 microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What all of them give; they begin at once."""
    start = threading.Barrier(count)

    def run(i: int) -> Any:
        start.wait(60)
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return [future.result(120) for future in [pool.submit(run, i) for i in range(count)]]


def folded(x: Any) -> Any:
    return x * 2 if x > 0 else x * 3


# -- the same function -----------------------------------------------------------------------------


def test_first_calls_of_a_mapped_function(many_switches: None) -> None:
    """Each path is recorded, kept and counted once, whoever is first."""
    for _ in range(12):
        f = vmap(folded, max_paths=2)
        rows = [np.array([1.0, -1.0]), np.array([-2.0, 3.0, 4.0]), np.array([5.0])]

        def call(i: int, f: Any = f, rows: Any = rows) -> bool:
            return all(
                np.array_equal(f(x), np.where(x > 0, x * 2, x * 3)) for x in (*rows[i % 3 :], *rows)
            )

        assert in_threads(8, call) == [True] * 8
        assert f.stats().paths == 2
        assert [len(signature._paths) for signature in f._signatures.values()] == [2]


def test_paths_of_other_threads_are_not_lost(many_switches: None) -> None:
    """While some are put first, others are recorded."""

    def f(x: Any) -> Any:
        return x * int(x)

    compiled, mapped = jit(f), vmap(f)
    points = [float(k) + 0.5 for k in range(40)]

    def call(i: int) -> bool:
        mine = points[i:] + points[:i]
        whole = np.floor(np.array(mine))
        return [compiled(x) for x in mine] == [x * int(x) for x in mine] and np.array_equal(
            mapped(np.array(mine)), np.array(mine) * whole
        )

    assert in_threads(6, call) == [True] * 6
    assert (compiled.stats().paths, mapped.stats().paths) == (40, 40)


def test_a_path_that_two_threads_record_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are in the middle of it, since neither waits long for the other."""
    monkeypatch.setattr(locks, "PATIENCE", 0.01)
    both = threading.Barrier(2)
    there: list[None] = []

    def meet() -> None:
        if len(there) < 2:  # the first run of each
            there.append(None)
            both.wait(60)

    ask: list[Callable[[], None]] = [meet]

    def f(x: Any) -> Any:
        ask[0]()
        return x * 2

    for compiled, argument in ((jit(f), 1.0), (vmap(f), np.array([1.0]))):
        there.clear()
        assert in_threads(2, lambda _, g=compiled, x=argument: np.sum(g(x))) == [2.0, 2.0]
        assert compiled.stats().paths == 1


def test_everything_at_once(many_switches: None) -> None:
    """Copies, pickles, statistics and bound functions while others record and call."""
    stop = threading.Event()
    f = jit(folded_by_steps, max_paths=1000)
    f(0.5)

    def call(i: int) -> None:
        try:
            for k in range(60):
                x = (k * 7 + i) % 30 + 0.5
                assert f(x) == folded_by_steps(x)
        finally:
            if i == 0:
                stop.set()

    def look(i: int) -> None:
        looks: list[Callable[[], Any]] = [
            lambda: f.stats().paths <= 31 and len(f.captured) == 0,
            lambda: copy.copy(f)(2.5) == folded_by_steps(2.5),
            lambda: copy.deepcopy(f)(3.5) == folded_by_steps(3.5),
            lambda: pickle.loads(pickle.dumps(f))(4.5) == folded_by_steps(4.5),
            lambda: f.bind(np.array(5.5))() == folded_by_steps(5.5),
            lambda: "x" in str(f.program()) and "path" in repr(f),
        ]
        while True:
            assert looks[i % len(looks)](), i
            if stop.is_set():
                return

    in_threads(8, lambda i: call(i) if i < 2 else look(i))
    assert f.stats().paths == 31  # of numbers 30, and one of an array


def folded_by_steps(x: Any) -> Any:
    return x * int(x) + 1.0


# -- nobody waits for ever -------------------------------------------------------------------------


def test_a_function_that_calls_itself_in_a_worker() -> None:
    """The worker does not wait for the recording, which waits for the worker."""
    with ThreadPoolExecutor(1) as pool:
        compiled = jit(lambda x: x if x < 1 else x + pool.submit(lambda: compiled(0.5)).result(60))
        assert compiled(3.0) == 3.5


def test_a_lock_of_the_function_and_that_of_a_recording() -> None:
    """One thread has the user's lock and waits for the recording; it has that, and waits too."""
    lock, recording, held = threading.RLock(), threading.Event(), threading.Event()

    def f(x: Any) -> Any:
        recording.set()
        held.wait(60)
        with lock:
            return x * 2

    compiled = jit(f)

    def other() -> float:
        recording.wait(60)
        with lock:
            held.set()
            return compiled(2.0)

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(other)
        assert (compiled(1.0), second.result(60)) == (2.0, 4.0)


# -- what f does in threads ------------------------------------------------------------------------

OUTSIDE = Value(2.0)


def in_worker(work: Callable[..., Any], *args: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *args).result(60)


@pytest.mark.parametrize(
    "work",
    [
        lambda: OUTSIDE.data,
        lambda: OUTSIDE * 2,
        lambda: 1.0 if OUTSIDE > 1 else 2.0,
        lambda: float(int(OUTSIDE)),
        lambda: grad(lambda t: t * OUTSIDE)(1.0),
    ],
)
def test_captured_values_in_a_worker(work: Callable[[], Any]) -> None:
    """Their numbers would stay as they were."""
    with pytest.raises(RecordingError, match=r"in another thread|reads \.data"):
        jit(lambda x: x * in_worker(work))(1.0)


def test_captured_values_in_a_thread_that_begins_in_the_function() -> None:
    found: list[float] = []

    def look() -> None:
        try:
            found.append(OUTSIDE.data)
        except RecordingError:
            found.append(0.0)

    def f(x: Any) -> Any:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return x * found[-1]

    with pytest.raises(RecordingError, match=r"reads \.data"):
        jit(f)(1.0)


def test_captured_values_that_others_use_meanwhile() -> None:
    """Another thread, which does not work for the function, computes with what it captures."""
    w = Value(3.0)
    recording: list[bool] = []
    done: list[float] = []

    def train() -> None:
        while not recording:
            time.sleep(0.001)
        done.append((w * w).data)

    def f(x: Any) -> Any:
        recording.append(True)
        while not done and not other.done():
            time.sleep(0.001)
        return x * w

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(train)
        assert jit(f)(2.0) == 6.0
    assert done == [9.0]


def test_workers_that_compute_with_plain_numbers() -> None:
    f = jit(lambda x: x * sum(in_worker(lambda: [i * 2.0 for i in range(3)])))
    assert [f(1.0), f(2.0)] == [6.0, 12.0]


def test_thread_locals() -> None:
    OF_THREAD.scale = 2.0

    class Held:
        def __init__(self) -> None:
            self.own = OF_THREAD

        def f(self, x: Any) -> Any:
            return x * self.own.scale

        def plain(self, x: Any) -> Any:
            return x * 2

    for f in (lambda x: x * OF_THREAD.scale, Held().f):
        with pytest.raises(RecordingError, match=r"threading\.local.*as an argument"):
            jit(f)(1.0)
    assert jit(Held().plain)(1.0) == 2.0


def test_context_variables() -> None:
    with pytest.raises(RecordingError, match="reads the context variable 'current'"):
        jit(lambda x: x * CURRENT.get())(1.0)
    with pytest.raises(RecordingError, match="reads the context variable 'current'"):
        vmap(lambda x: x * CURRENT.get())(np.ones(2))

    def sets(x: Any) -> Any:
        CURRENT.set(5.0)
        return x * CURRENT.get()

    assert contextvars.copy_context().run(jit(sets), 1.0) == 5.0
    assert jit(lambda x: x * np.array([1.5]).round()[0])(1.0) == 2.0


def test_tasks() -> None:
    """Of asyncio: each has its own recording, and its own transforms around the call."""

    async def slope(w: float) -> tuple[float, float]:
        k = jit(lambda x: folded(x) * w)
        await asyncio.sleep(0)
        return k(1.0), grad(lambda v: jit(lambda x: x * v)(3.0))(w)

    async def main() -> Any:
        shared = jit(folded)
        both = await asyncio.gather(slope(1.0), slope(2.0))
        return both, await asyncio.to_thread(shared, -1.0), shared(1.0)

    assert asyncio.run(main()) == ([(2.0, 3.0), (4.0, 3.0)], -3.0, 2.0)


@pytest.mark.filterwarnings("ignore:.*coroutine")
def test_coroutines_are_no_results() -> None:
    async def f(x: Any) -> Any:
        return x * 2

    with pytest.raises(TypeError, match="what a compiled function returns must be a number"):
        jit(f)(1.0)


def test_a_mapped_function_meets_a_differentiated_value_later() -> None:
    """On a path that the first call did not take."""
    box: list[Any] = [Value(1.0)]
    f = vmap(lambda x: x if x > 0 else x * box[0])

    def total(w: Any) -> Any:
        box[0] = w
        return f(np.array([-2.0, 5.0])).sum()

    assert f(np.array([1.0])) == 1.0
    assert grad(total)(3.0) == -2.0


# -- trainings -------------------------------------------------------------------------------------


def test_trainings_in_several_threads() -> None:
    """Each as it is alone."""
    rows = [[0.1 * i, 1.0 - 0.2 * i] for i in range(12)]
    targets = [x - y for x, y in rows]

    def train(i: int) -> list[float]:
        model = nn.MLP(2, [2, 1], seed=i % 2)
        history = nn.fit(model, rows, targets, epochs=3, batch_size=4, engine="jit", seed=1)
        return [record.loss for record in history]

    alone = [train(0), train(1)]
    assert in_threads(4, train) == [alone[0], alone[1], alone[0], alone[1]]


# -- machine code and its end ----------------------------------------------------------------------


def test_code_in_cycles_is_freed_by_one_thread() -> None:
    """The collector finds the function, not the engine of LLVM, which it would free too."""
    f: Any = jit(lambda x: x * 2)
    f(1.0), f(2.0)
    f.itself = f
    key = f._latest.kernel.made.code._key
    engine = machine._ENGINES[key]
    del f
    gc.collect()
    assert key not in machine._ENGINES or machine._ENGINES[key] is not engine
    assert not engine.closed
    assert engine in machine._DISCARDED


def test_functions_that_are_gone_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the thread that compiles keeps none of them alive."""
    waiting: list[Callable[[], Any]] = []
    monkeypatch.setattr(machine.COMPILERS, "submit", waiting.append)
    f = jit(lambda x: [sin(x * i) for i in range(450)])
    f(1.0), f(2.0)
    [work] = waiting
    compiled: list[str] = []
    monkeypatch.setattr(machine, "_compile_llvm", lambda text, effort: compiled.append(text))
    del f
    gc.collect()
    work()
    assert compiled == []


def test_calls_while_it_is_interpreted_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name they take the longer way each time."""
    waiting: list[Callable[[], Any]] = []
    monkeypatch.setattr(machine.COMPILERS, "submit", waiting.append)
    f = jit(lambda x: [sin(x * i) for i in range(450)])
    f(1.0)
    for _ in range(50):
        f(x=2.0)
        f(2.0)
    assert all(len(one._waiting) <= 1 for one in f._kept)
    for work in waiting:
        work()
    assert f(2.0)[3] == f(x=2.0)[3]
    assert {one.tier for one in f._kept} == {"compiled"}
    assert len(f._entries) <= ENTRIES


AT_THE_END = """
    import atexit, sys, threading
    import numpy as np
    from autograd import jit, sin, vmap

    def work():
        f = jit(lambda x: sum((sin(x * i) for i in range(600)), 0.0))
        g = vmap(lambda x: 2 * x, threads=2)
        print(f(0.0), f(0.0), g(np.arange(3000.0)).sum())
"""


@pytest.mark.parametrize(
    "begin",
    [
        "atexit.register(work)",
        "threading.Thread(target=lambda: (threading.main_thread().join(), work())).start()",
    ],
)
def test_calls_as_the_process_ends(begin: str) -> None:
    """When no thread begins any more."""
    script = f"{textwrap.dedent(AT_THE_END)}\n{begin}\n"
    assert printed_by(script, seconds=120) == "0.0 0.0 8997000.0"


def test_a_process_ends_while_code_is_being_compiled() -> None:
    """It waits for one program, not for all that are in line; and threads of its own may go on."""
    script = """
    import threading
    from autograd import jit, sin
    from autograd.compiler import specializations

    def without_a_loop(x):
        total = 0.0
        for i in range(600):
            term = sin(x * i)
            for _ in range(i * i * 7919 // 8 % 5):
                term = term * x + i if i * 31 % 7 < 3 else x - term
            total = total + term
        return total

    fs = [jit(lambda x: without_a_loop(x)) for _ in range(5)]
    begun = threading.Event()
    improve = specializations.Specialization.improve
    def counted(self, entry):
        print("compiling", flush=True)
        begun.set()
        improve(self, entry)
    specializations.Specialization.improve = counted
    def forever():
        while True:
            jit(lambda x: x * 2)(1.0)
    threading.Thread(target=forever, daemon=True).start()
    for f in fs:
        f(0.0), f(0.0)
    begun.wait(60)
    """
    assert 1 <= printed_by(script, seconds=120).count("compiling") <= 5


# -- modules that are being imported ---------------------------------------------------------------


def test_a_module_that_another_thread_imports() -> None:
    """It is not there before it is there entirely."""
    script = """
    import sys, types
    from importlib.machinery import ModuleSpec
    half = types.ModuleType("numpy")
    half.__spec__ = ModuleSpec("numpy", None)
    half.__spec__._initializing = True
    sys.modules["numpy"] = sys.modules["numpy.random"] = sys.modules["scipy.sparse"] = half
    from autograd import check_grad, grad, jacobian
    f = lambda p: [p[0] * p[1], p[0]]
    g = lambda x: x * x
    print(grad(g)(3.0), jacobian(f)([2.0, 3.0]), bool(check_grad(g, 2.0)))
    """
    assert printed_by(script, seconds=120) == "6.0 [[3.0, 2.0], [1.0, 0.0]] True"
