"""Code that needs a large stack runs where there is one, and is handed over where there is none."""

from __future__ import annotations

import os
import sys
import threading
from _thread import get_ident
from collections.abc import Callable

import pytest

machine = pytest.importorskip("autograd.compiler.native.machine")

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks the C library of Linux")


def in_thread(work: Callable[[], object], stack: int) -> None:
    """Do it in a thread with such a stack."""
    before = threading.stack_size(stack)
    try:
        thread = threading.Thread(target=work)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()


def where(stack: int) -> tuple[int, int, int]:
    """The size of a thread's stack, which may be larger than was asked for; the thread; and the one
    that does what needs a large stack."""
    found: list[tuple[int, int, int]] = []
    in_thread(
        lambda: found.append((machine._stack_size(), get_ident(), machine.LANES.deep(get_ident))),
        stack,
    )
    return found[0]


@LINUX
def test_a_thread_with_a_large_stack_does_it_itself() -> None:
    size, own, other = where(64 << 20)
    assert size >= 64 << 20
    assert own == other


def test_a_thread_with_a_small_one_hands_it_over() -> None:
    size, own, other = where(1 << 18)
    assert (own == other) == (size >= machine.ROOM)


def test_the_main_thread_does_it_itself() -> None:
    assert machine.LANES.deep(get_ident) == get_ident()


def test_a_thread_of_the_pool_does_it_itself() -> None:
    """It would else wait for another one of its kind, which may wait for it."""

    def nested() -> bool:
        return bool(machine.LANES.deep(get_ident) == get_ident())

    future = machine.LANES.submit(nested)
    assert future is not None
    assert future.result()


@LINUX
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_the_main_thread_of_a_child_may_have_a_small_one() -> None:
    """It is the thread that forked."""
    statuses: list[int] = []

    def fork() -> None:
        child = os.fork()
        if child == 0:
            is_small = machine._stack_size() < machine.ROOM
            os._exit(is_small != (machine.LANES.deep(get_ident) != get_ident()))
        statuses.append(os.waitpid(child, 0)[1])

    in_thread(fork, 1 << 18)
    assert statuses == [0]
