"""Threads, tasks and processes by which a function decides: another one would decide otherwise, so
to ask which one it is is an error when the function is recorded."""

from __future__ import annotations

import _thread
import asyncio
import collections
import logging
import os
import queue
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from autograd import grad, jit

pytest.importorskip("llvmlite")

from autograd.compiler.recording.tracing import RecordingError

LOCK, CONDITION = threading.RLock(), threading.Condition()


async def named(x: Any) -> Any:
    task = asyncio.current_task()
    return x * len(task.get_name() if task else "")


ASKED: dict[str, Callable[[Any], Any]] = {
    "the name of the thread": lambda x: x * len(threading.current_thread().name),
    "its number": lambda x: x * (threading.get_ident() % 7),
    "its number of _thread": lambda x: x * (_thread.get_ident() % 7),
    "its number in the system": lambda x: x * (threading.get_native_id() % 7),
    "the main thread": lambda x: (
        x * 2 if threading.current_thread() is threading.main_thread() else x
    ),
    "the process": lambda x: x * (os.getpid() % 7),
    "the task": lambda x: asyncio.run(named(x)),
}


@pytest.mark.parametrize("kind", ASKED)
def test_functions_that_ask_who_runs_them(kind: str) -> None:
    f = ASKED[kind]
    for function in (f, grad(f)):
        with pytest.raises(RecordingError, match=r"asks for the .*test_asking_who.py, line.*pass"):
            jit(function)(3.0)


def with_lock(x: Any) -> Any:
    with LOCK, CONDITION:
        return x * 2.0


def with_queue(x: Any) -> Any:
    held: queue.Queue[Any] = queue.Queue()
    held.put(1)
    return x * 2.0 * held.get()


def with_thread(x: Any) -> Any:
    thread = threading.Thread(target=len, args=((),))
    thread.start()
    thread.join()
    return x * 2.0


def with_warning(x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("nothing", stacklevel=1)
    return x * 2.0


def with_log(x: Any) -> Any:
    logging.getLogger("who").debug("nothing")
    return x * 2.0


@pytest.mark.parametrize("f", [with_lock, with_queue, with_thread, with_warning, with_log])
def test_libraries_that_ask_for_themselves(f: Callable[[Any], Any]) -> None:
    """Locks and the like belong to a thread; nothing depends on it."""
    assert [jit(f)(3.0), jit(grad(f))(3.0)] == [6.0, 2.0]
    text = jit(lambda x: x * len(repr(collections.OrderedDict(a=1))))
    assert text(1.0) == len(repr(collections.OrderedDict(a=1)))
