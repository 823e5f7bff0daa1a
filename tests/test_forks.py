"""A forked child works, whatever other threads were doing at the time.

The child has none of those threads: a lock that one of them held would never be released.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, no_grad
from autograd.drawing import draw, graphviz_program
from autograd.engine import serialization
from autograd.engine.backward import PASS_LOCK
from autograd.engine.locks import cached_property, in_child, new_lock, renewed_in_child
from autograd.engine.modes import MODES

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
SECONDS = 30


def in_forked_child(work: Callable[[], object]) -> None:
    """Assert that it succeeds in a child, which is given some time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, from 3.12
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            work()
            status = 0
        except BaseException:  # noqa: BLE001 (the child must not go on with the tests)
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


def forked_while_held(lock: Any, work: Callable[[], object]) -> None:
    """Fork while another thread holds the lock, and work in the child."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait(SECONDS)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(SECONDS)
    try:
        in_forked_child(work)
    finally:
        done.set()
        thread.join()


def differentiate() -> None:
    x = Value(3.0)
    (x * x).backward()
    assert x.grad == 6.0


def pickled() -> None:
    x = Value(3.0)
    assert pickle.loads(pickle.dumps(x * x)).data == 9.0


def drawn() -> None:
    x = Value(3.0, "x")
    assert b"<svg" in draw(x * x).pipe("svg")


@pytest.mark.parametrize(
    ("lock", "work"),
    [
        (PASS_LOCK, differentiate),
        (PASS_LOCK, lambda: autograd.grad(lambda x: x * x)(3.0)),
        (serialization._HOME_LOCK, pickled),
        (graphviz_program._LOCK, drawn),
    ],
    ids=["backward", "grad", "pickle", "draw"],
)
def test_forked_while_a_thread_holds_a_lock(lock: Any, work: Callable[[], object]) -> None:
    """Each lock of the engine and of drawing."""
    forked_while_held(lock, work)


def test_forked_in_the_middle_of_a_pass() -> None:
    """Another thread's pass is no pass of the child's, and its counts are taken back."""
    reached, done = threading.Event(), threading.Event()
    x = Value(3.0)
    y = x * x

    class Slow(float):
        """A local derivative that takes its time."""

        def __ne__(self, other: object) -> bool:
            reached.set()
            done.wait(SECONDS)
            return float(self) != other

    slow = autograd.primitive("fork_slow", lambda x: 2.0 * x, lambda out, x: 2.0)
    root = slow(y)
    if autograd.compiled:
        pytest.skip("no other thread runs in the middle of a compiled pass")
    root._pa = Slow(2.0)

    thread = threading.Thread(target=root.backward)
    thread.start()
    assert reached.wait(SECONDS)

    def work() -> None:
        differentiate()
        y.backward()
        assert x.grad == 6.0

    try:
        in_forked_child(work)
    finally:
        done.set()
        thread.join()


def test_forked_while_a_thread_is_in_a_mode() -> None:
    """The child is not in it, nor slowed down by it; this thread's own mode stays on and ends."""
    opened, done = threading.Event(), threading.Event()

    def hold() -> None:
        with no_grad():
            opened.set()
            done.wait(SECONDS)

    def work() -> None:
        differentiate()
        assert MODES.active == 0

    thread = threading.Thread(target=hold)
    thread.start()
    opened.wait(SECONDS)
    try:
        in_forked_child(work)
    finally:
        done.set()
        thread.join()

    def still_inside() -> None:
        assert (Value(1.0) + 1).parents == ()

    with no_grad():
        in_forked_child(still_inside)


def test_locks_of_the_forking_thread_stay_its_own() -> None:
    """It is in the middle of what they guard, in the child too; another's are free there."""
    lock = new_lock()
    plain = renewed_in_child(threading.Lock())

    def work() -> None:
        assert lock._is_owned()
        lock.release()
        assert not lock._is_owned()
        assert plain.acquire(timeout=SECONDS)

    with lock, plain:
        in_forked_child(work)
        assert lock._is_owned()
        assert plain.locked()


def test_locks_are_forgotten_with_their_owners() -> None:
    """The register keeps none alive."""
    from autograd.engine import locks

    before = len(locks._LOCKS)
    kept = [new_lock() for _ in range(10)]
    assert len(locks._LOCKS) == before + 10
    del kept
    assert len(locks._LOCKS) == before


def test_what_a_child_does_first() -> None:
    """Actions run in the child alone, when the locks are free."""
    code = """
        import os
        from autograd.engine.locks import cached_property, in_child, new_lock
        done = []
        in_child(lambda: done.append(1))
        pid = os.fork()
        if pid == 0:
            os._exit(len(done))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(done))
        """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["1", "0"]
    assert callable(in_child)


def test_a_property_that_another_thread_is_computing() -> None:
    """Until Python 3.12 a cached property has a lock, one for all instances."""

    class Slow:
        @cached_property
        def shown(self) -> int:
            started.set()
            done.wait(SECONDS)
            return 1

    started, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: Slow().shown)
    thread.start()
    started.wait(SECONDS)

    def work() -> None:
        done.set()
        assert Slow().shown == 1

    try:
        in_forked_child(work)
    finally:
        done.set()
        thread.join()
