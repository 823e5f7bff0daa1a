"""Random numbers and clocks: what a function may ask for that is another number at every call.

Two recordings that agree do not show that nothing was drawn: a branch that is taken once in ten
times is missed by both. So the asking itself is looked at, in the recording's own thread. Functions
of Python's C modules are seen as they are called, by whatever name. NumPy's are not, nor what C
code calls; so the states of those generators that the function can reach are compared too.

A generator that the function seeds itself gives the same at every call, and is no matter.
"""

from __future__ import annotations

import gc
import pickle
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import BuiltinMethodType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from autograd.engine.text import place
from autograd.engine.value import Value

__all__ = ["cells_of", "generators_of", "states_of", "watched"]

Tell = Callable[[str, str], None]
"""Is told what was asked, and the line."""

CLOCKS: Final = frozenset(
    function
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
    for function in (getattr(time, name), getattr(time, f"{name}_ns"))
) | {time.localtime, time.gmtime, time.ctime, time.strftime}
ENTROPY: Final = frozenset(["urandom", "getrandom", "generate_time_safe", "UuidCreate"])
TODAY: Final = frozenset(["now", "utcnow", "today"])
DRAWING: Final = frozenset(["random", "getrandbits", "getstate"])
ASKING: Final = (
    DRAWING | TODAY | ENTROPY | {"seed", "setstate"} | {function.__name__ for function in CLOCKS}
)
BETWEEN: Final = frozenset(["numpy", "random", "secrets", "uuid"])
"""Modules that ask on behalf of their caller."""
EXEMPT: Final = frozenset(
    {"_frozen_importlib", "_frozen_importlib_external", "asyncio", "autograd", "concurrent"}
    | {"importlib", "logging", "multiprocessing", "queue", "selectors", "threading", "traceback"}
    | {"warnings", "weakref"}
)
"""Those that ask for the time, or for a name that is not taken, for reasons of their own."""


@contextmanager
def watched(tell: Tell) -> Iterator[None]:
    """Tell of every random number drawn, and every clock read, by this thread in the block; not
    while a profiler of the user's is at work."""
    if sys.getprofile() is not None:  # or a block around this one is at work
        yield
        return
    try:  # before it is set: an interrupt may come with the call that sets it
        sys.setprofile(_watch(tell))
        yield
    finally:
        sys.setprofile(None)


def _watch(tell: Tell) -> Callable[[FrameType, str, Any], None]:
    """A profile function, which Python calls before each call of a C function."""
    meet = Witness(tell).meet

    def profile(frame: FrameType, event: str, called: Any) -> None:  # for every call: short
        if event == "c_call" and called.__name__ in ASKING:
            meet(frame, called)

    return profile


class Witness:
    """Tells of those calls that ask for something outside."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._seeded: dict[int, random.Random] = {}

    def meet(self, frame: FrameType, called: Any) -> None:
        owner = called.__self__
        if isinstance(owner, random.Random):
            self._of_generator(owner, called.__name__, frame)
        elif called in CLOCKS or (called.__name__ in TODAY and _is_date(owner)):
            self._asked("reads the clock", frame)
        elif called.__name__ in ENTROPY and isinstance(owner, ModuleType):
            self._asked("draws random numbers", frame)

    def _of_generator(self, generator: random.Random, name: str, frame: FrameType) -> None:
        if name == "setstate" or (name == "seed" and frame.f_locals.get("a") is not None):
            self._seeded[id(generator)] = generator
        elif name == "seed":
            self._seeded.pop(id(generator), None)
        elif name in DRAWING and id(generator) not in self._seeded:
            self._asked("draws random numbers", frame)

    def _asked(self, how: str, frame: FrameType | None) -> None:
        while frame is not None and _package(frame) in BETWEEN:
            frame = frame.f_back
        if frame is not None and _package(frame) not in EXEMPT and not _is_interruption(frame):
            self._tell(how, place(f"{frame.f_code.co_filename}, line {frame.f_lineno}"))


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


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
    datetime = sys.modules.get("datetime")
    return datetime is not None and isinstance(owner, type) and issubclass(owner, datetime.date)


# -- generators whose calls are not seen -----------------------------------------------------------

MOST: Final = 2000  # objects that are looked at
LIBRARIES: Final = sys.stdlib_module_names | {"autograd", "nn", "numpy", "scipy"}
"""Whose functions draw from what they are given, or from what is seen anyway."""
PLAIN: Final = (bool, int, float, complex, str, bytes, type(None), Value, CodeType)


def generators_of(f: Any) -> list[Any]:
    """Those of Python and NumPy that a function can reach by its names, closure, defaults and
    object."""
    kinds: tuple[type, ...] = (random.Random,)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        kinds += (numpy_random.Generator, numpy_random.RandomState, numpy_random.BitGenerator)
    found: list[Any] = []
    todo: list[Any] = [f]
    seen: set[int] = set()
    for x in todo:  # which grows on the way
        if id(x) in seen or isinstance(x, PLAIN) or len(seen) > MOST:
            continue
        seen.add(id(x))
        if isinstance(x, kinds):
            found.append(x)
        else:
            todo += _below(x)
    return found


def _below(x: Any) -> list[Any]:
    """What can be reached from an object at once."""
    if isinstance(x, (list, tuple)):
        return [] if x and isinstance(x[0], PLAIN) else list(x)
    if isinstance(x, dict):
        return list(x.values())
    if isinstance(x, (MethodType, BuiltinMethodType)):
        return [x.__self__, getattr(x, "__func__", None)]
    if isinstance(x, partial):
        return [x.func, *x.args, *x.keywords.values()]
    if isinstance(x, FunctionType):
        return _of_function(x)
    if isinstance(x, ModuleType):
        return []  # of which a function's names are looked up
    if isinstance(x, type):
        return [] if x.__module__.partition(".")[0] in LIBRARIES else list(vars(x).values())
    held = getattr(x, "__dict__", None)
    return [*(held.values() if isinstance(held, dict) else ()), type(x)]


def _of_function(f: FunctionType) -> list[Any]:
    if str(f.__globals__.get("__name__", "")).partition(".")[0] in LIBRARIES:
        return [f.__dict__, *cells_of(f)]
    names = set(_names(f.__code__))
    held = [f.__globals__[name] for name in names if name in f.__globals__]
    for x in held:  # which grows on the way, by modules of modules
        if isinstance(x, ModuleType):
            held += [vars(x)[name] for name in names if vars(x).get(name, x) is not x]
            if len(held) > MOST:
                break
    return [
        *held,
        *cells_of(f),
        *(f.__defaults__ or ()),
        *(f.__kwdefaults__ or {}).values(),
        f.__dict__,
    ]


def cells_of(f: FunctionType) -> list[Any]:
    """What a function has captured."""
    held = []
    for cell in f.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # nothing is in it yet
            continue
    return held


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def states_of(generators: list[Any]) -> list[bytes]:
    """Where each generator is, to be compared."""
    return [_state(x) for x in generators]


def _state(generator: Any) -> bytes:
    if isinstance(generator, random.Random):
        is_hidden = isinstance(generator, random.SystemRandom)
        return b"" if is_hidden else pickle.dumps(generator.getstate())
    for name in ("bit_generator", "_bit_generator"):
        generator = getattr(generator, name, generator)
    return pickle.dumps(generator.state)
