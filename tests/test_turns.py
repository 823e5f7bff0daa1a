"""Taking turns: a lock is free again however the work ends, wherever an interrupt comes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from autograd.engine import locks
from autograd.engine.locks import in_turn, new_lock


def is_free(lock: Any) -> bool:
    """Whether another thread gets it at once."""
    got: list[bool] = []

    def ask() -> None:
        got.append(lock.acquire(blocking=False))
        if got[0]:
            lock.release()

    other = threading.Thread(target=ask)
    other.start()
    other.join()
    return got[0]


def interrupted(act: Callable[[], Any], n: int) -> bool:
    """Whether there was an n-th event in the module of locks, at which an act is interrupted."""
    left = n

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != locks.__file__:
            return None
        frame.f_trace_opcodes = True
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return left <= 0


def test_an_interrupt_at_any_instruction_leaves_the_lock_free() -> None:
    """The one right after the lock was acquired is among them."""
    n = 1
    while True:
        lock = new_lock()
        if not interrupted(lambda: in_turn(lock, lambda: None), n):  # noqa: B023 (called at once)
            break
        assert is_free(lock), n
        n += 1
    assert n > 20


class Interrupting:
    """A lock that a signal's handler interrupts once it is acquired."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._is_owned = self.lock._is_owned  # type: ignore[attr-defined]
        self.release = self.lock.release

    def acquire(self, timeout: float) -> bool:
        assert self.lock.acquire(timeout=timeout)
        raise KeyboardInterrupt


def test_an_interrupt_just_after_the_lock_is_acquired() -> None:
    """Nobody has noted that it was."""
    lock = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        in_turn(lock, lambda: None)
    assert is_free(lock.lock)


def test_a_with_statement_interrupted_just_after_it_acquired() -> None:
    """As Python 3.14 may be, which has locks of this class: what it took it gives back, and what
    a `with` around it holds it leaves."""
    lock = locks.EnteredInPython()

    def strike(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_return" and called.__name__ == "acquire":
            raise KeyboardInterrupt

    def enter() -> None:
        with lock:
            raise AssertionError("the body began")

    def enter_interrupted() -> None:
        profiling = sys.getprofile()
        sys.setprofile(strike)
        try:
            with pytest.raises(KeyboardInterrupt):
                enter()
        finally:
            sys.setprofile(profiling)

    enter_interrupted()
    assert is_free(lock)
    with lock:
        enter_interrupted()
        assert not is_free(lock)
    assert is_free(lock)


def test_a_turn_within_a_turn_leaves_the_lock_with_the_outer_one() -> None:
    """And so does an interrupt within the inner one."""
    lock = new_lock()

    def inner() -> None:
        raise KeyboardInterrupt

    def outer() -> bool:
        in_turn(lock, lambda: None)
        with pytest.raises(KeyboardInterrupt):
            in_turn(lock, inner)
        return is_free(lock)

    assert in_turn(lock, outer) is False
    assert is_free(lock)


def test_who_gets_no_turn_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves the lock to the thread that has it."""
    monkeypatch.setattr(locks, "PATIENCE", 0.01)
    lock = new_lock()
    lock.acquire()
    done: list[int] = []
    other = threading.Thread(target=lambda: in_turn(lock, lambda: done.append(1)))
    other.start()
    other.join()
    assert done == [1]
    assert not is_free(lock)
    lock.release()
    assert is_free(lock)
