"""Random numbers, clocks and what each thread or task has of its own: what a function may ask for
that is another number at every call.

Two recordings that agree do not show that nothing was drawn: a branch that is taken once in ten
times is missed by both. So the asking itself is looked at, in the recording's own thread. Functions
of Python's C modules are seen as they are called, by whatever name. NumPy's are not, nor what C
code calls; so the states of those generators that the function can reach are compared too.

A generator that the function seeds itself gives the same at every call, and is no matter.
"""

from __future__ import annotations

import gc
import os
import pickle
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType, ModuleType
from typing import Any, Final

from autograd.compiler.recording.reachable_objects import reached
from autograd.engine.loaded_modules import LIBRARIES, loaded, package_of
from autograd.engine.modes import user_line
from autograd.engine.text import place

__all__ = ["generators_of", "states_of", "watched"]

Tell = Callable[[str, str], None]
"""Is told what was asked, and the line."""

READ: Final = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
CLOCKS: Final = frozenset(
    getattr(module, name)
    for module, names in (
        (time, [*READ, *[f"{name}_ns" for name in READ]]),
        (time, ["localtime", "gmtime", "ctime", "asctime", "strftime"]),
        (os, ["times", "getloadavg"]),
    )
    for name in names
    if hasattr(module, name)  # not all are there on every system
)
ENTROPY: Final = frozenset(
    ["urandom", "getrandom", "generate_time_safe", "UuidCreate", "RAND_bytes"]
)
MEASURED: Final = frozenset(["getrusage"])  # of a module that may not be loaded, or there
TODAY: Final = frozenset(["now", "utcnow", "today"])
DRAWING: Final = frozenset(["random", "getrandbits", "getstate"])
ASKING: Final = (
    DRAWING
    | TODAY
    | ENTROPY
    | MEASURED
    | {"seed", "setstate"}
    | {function.__name__ for function in CLOCKS}
)
HANDING_OVER: Final = frozenset(["put", "release", "start_new_thread", "start_joinable_thread"])
"""What is called to begin a thread, or to give one something to do."""
WHO: Final = {
    "get_ident": "asks for the thread that it runs in",
    "get_native_id": "asks for the thread that it runs in",
    "get_running_loop": "asks for the task that it runs in",
    "current_task": "asks for the task that it runs in",
    "getpid": "asks for the process that it runs in",
}
"""What is another thing in each thread, task or process."""
WHO_BY_PYTHON: Final = frozenset(["current_thread", "currentThread", "current_task"])
"""Functions of Python's that ask for their caller."""
OF_INTEREST: Final = ASKING | HANDING_OVER | {"get", "set"} | WHO.keys()
BETWEEN: Final = frozenset(["numpy", "random", "secrets", "uuid"])
"""Modules that ask on behalf of their caller."""
EXEMPT: Final = frozenset(
    {"_frozen_importlib", "_frozen_importlib_external", "asyncio", "autograd", "concurrent"}
    | {"importlib", "logging", "multiprocessing", "queue", "selectors", "threading", "traceback"}
    | {"warnings", "weakref"}
)
"""Those that ask for the time, or for a name that is not taken, for reasons of their own."""


@contextmanager
def watched(tell: Tell, hand_over: Callable[[], None]) -> Iterator[None]:
    """Tell of every random number drawn, and every clock and context variable read, by this thread
    in the block, and when it gives another thread something to do; not while a profiler of the
    user's is at work."""
    if sys.getprofile() is not None:  # or a block around this one is at work
        yield
        return
    try:  # before it is set: an interrupt may come with the call that sets it
        sys.setprofile(_watch(Witness(tell, hand_over).meet))
        yield
    finally:
        sys.setprofile(None)


def _watch(meet: Callable[[FrameType, Any], None]) -> Callable[[FrameType, str, Any], None]:
    """A profile function, which Python calls before each call of a C function."""

    def profile(frame: FrameType, event: str, called: Any) -> None:  # for every call: short
        if event == "c_call" and called.__name__ in OF_INTEREST:
            meet(frame, called)

    return profile


class Witness:
    """Tells of those calls that ask for something outside."""

    def __init__(self, tell: Tell, hand_over: Callable[[], None]) -> None:
        self._tell = tell
        self._hand_over = hand_over
        self._seeded: dict[int, Any] = {}

    def meet(self, frame: FrameType, called: Any) -> None:
        owner = called.__self__
        if called.__name__ in HANDING_OVER:
            if called.__name__ != "release" or package_of(frame) == "threading":  # by an Event, say
                self._hand_over()
        elif isinstance(owner, random.Random):
            self._of_generator(owner, called.__name__, frame)
        elif isinstance(owner, ContextVar):
            self._of_variable(owner, called.__name__, frame)
        elif called.__name__ in WHO and isinstance(owner, ModuleType):
            # The loop that runs is no secret to a coroutine, unless for the task of Python 3.11.
            if called.__name__ != "get_running_loop" or frame.f_code.co_name == "current_task":
                self._asks_who(WHO[called.__name__], frame)
        elif called in CLOCKS or (called.__name__ in TODAY and _is_date(owner)):
            self._asked("reads the clock", frame)
        elif called.__name__ in ENTROPY and isinstance(owner, ModuleType):
            self._asked("draws random numbers", frame)
        elif called.__name__ in MEASURED and isinstance(owner, ModuleType):
            self._asked("reads the clock", frame)

    def _of_generator(self, generator: random.Random, name: str, frame: FrameType) -> None:
        if name == "setstate" or (name == "seed" and frame.f_locals.get("a") is not None):
            self._seeded[id(generator)] = generator
        elif name == "seed":
            self._seeded.pop(id(generator), None)
        elif name in DRAWING and id(generator) not in self._seeded:
            self._asked("draws random numbers", frame)

    def _of_variable(self, variable: ContextVar[Any], name: str, frame: FrameType) -> None:
        if name == "set":
            self._seeded[id(variable)] = variable
        elif id(variable) not in self._seeded and package_of(frame) not in LIBRARIES:
            self._asked(f"reads the context variable {variable.name!r}", frame)

    def _asks_who(self, how: str, frame: FrameType | None) -> None:
        """Not where a library does so for reasons of its own, as a lock does."""
        while frame is not None and frame.f_code.co_name in WHO_BY_PYTHON:
            frame = frame.f_back
        if frame is not None and package_of(frame) not in LIBRARIES:
            self._asked(how, frame)

    def _asked(self, how: str, frame: FrameType | None) -> None:
        while frame is not None and package_of(frame) in BETWEEN:
            frame = frame.f_back
        if frame is not None and package_of(frame) not in EXEMPT and not _is_interruption(frame):
            self._tell(how, place(user_line(frame)))


def _is_interruption(frame: FrameType | None) -> bool:
    """Whether this is called by no code of the function, which was only running when the garbage
    collector, or a signal, had something called."""
    handlers = map(signal.getsignal, signal.valid_signals())
    others = {getattr(f, "__code__", None) for f in [*gc.callbacks, *handlers]}
    while frame is not None:
        if frame.f_code in others or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def _is_date(owner: Any) -> bool:
    datetime = loaded("datetime")
    return datetime is not None and isinstance(owner, type) and issubclass(owner, datetime.date)


# -- generators whose calls are not seen -----------------------------------------------------------


def generators_of(f: Any) -> list[Any]:
    """Those of Python and NumPy that a function can reach by its names, closure, defaults and
    object."""
    kinds: tuple[type, ...] = (random.Random,)
    numpy_random = loaded("numpy.random")
    if numpy_random is not None:
        kinds += (numpy_random.Generator, numpy_random.RandomState, numpy_random.BitGenerator)
        kinds += (numpy_random.SeedSequence,)
    return [x for _, x in reached(f) if isinstance(x, kinds)]


def states_of(generators: list[Any]) -> list[bytes]:
    """Where each generator is, to be compared."""
    return [_state(x) for x in generators]


def _state(generator: Any) -> bytes:
    if hasattr(generator, "n_children_spawned"):  # a SeedSequence
        return str(generator.n_children_spawned).encode()
    children = getattr(getattr(generator, "bit_generator", None), "seed_seq", None)
    spawned = getattr(children, "n_children_spawned", 0)
    if isinstance(generator, random.Random):
        is_hidden = isinstance(generator, random.SystemRandom)
        return b"" if is_hidden else pickle.dumps(generator.getstate())
    if hasattr(generator, "get_state"):  # which keeps the second of each two normal numbers
        return pickle.dumps(generator.get_state(legacy=False))
    for name in ("bit_generator", "_bit_generator"):
        generator = getattr(generator, name, generator)
    return pickle.dumps((generator.state, spawned))
