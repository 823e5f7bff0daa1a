"""Switches that change what an operation does, for the thread that opened them: no_grad,
detect_anomaly, record_lines; and the active tracer of a thread, if any.

`MODES.active` counts the blocks open in any thread. While it is 0, which is nearly always, an
operation pays for one comparison; only otherwise does it ask which modes its own thread is in.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, final

__all__ = [
    "MODES",
    "caller_line",
    "decided",
    "depth",
    "detect_anomaly",
    "no_grad",
    "notify_escape",
    "plain_arithmetic",
    "record_lines",
    "recording",
    "shift",
    "thread_modes",
    "traced_by",
    "tracer",
    "watching",
]


@final
class Modes:
    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = 0


@final
class ThreadModes:
    """How many blocks of each mode a thread is in, and its tracer."""

    __slots__ = ("detect_anomaly", "no_grad", "plain", "record_lines", "traced", "tracer")

    def __init__(self) -> None:
        self.detect_anomaly = 0
        self.no_grad = 0
        self.plain = 0
        self.record_lines = 0
        self.traced = 0
        self.tracer: Any = None


MODES: Final = Modes()
_LOCK: Final = threading.Lock()
_THREAD: Final[Any] = threading.local()


def thread_modes() -> ThreadModes:
    """Those of the thread that asks."""
    found: ThreadModes | None = getattr(_THREAD, "modes", None)
    if found is None:
        found = _THREAD.modes = ThreadModes()
    return found


def depth(mode: str) -> int:
    """How many blocks of the mode, a field of ThreadModes, this thread is in."""
    found: int = getattr(thread_modes(), mode)
    return found


def shift(mode: str, by: int) -> None:
    """Enter as many blocks of the mode, or leave them where `by` is negative."""
    setattr(thread_modes(), mode, depth(mode) + by)
    with _LOCK:
        MODES.active += by


def recording() -> bool:
    """Whether operations of this thread record a graph."""
    modes = thread_modes()
    return modes.no_grad == 0 and modes.plain == 0


def watching() -> bool:
    """Whether this thread is inside detect_anomaly()."""
    modes = thread_modes()
    return modes.detect_anomaly > 0 and modes.plain == 0


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """For the engine itself, where it computes with Values as with numbers: no recording, no
    watching."""
    shift("plain", 1)
    try:
        yield
    finally:
        shift("plain", -1)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside the block (or the decorated function) nothing is recorded: results are leaves.

    It holds for the thread that opened it.

    >>> import autograd
    >>> x = autograd.Value(3.0)
    >>> with autograd.no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    shift("no_grad", 1)
    try:
        yield
    finally:
        shift("no_grad", -1)


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside the block, the operation that first makes a NaN or an infinity raises
    FloatingPointError.

    The message names the operation, its operands with their labels, and the file and line that
    asked for it. `backward()` inside the block raises at the first local derivative that does so.
    It holds for the thread that opened it. The name is PyTorch's.

    >>> import autograd
    >>> with autograd.detect_anomaly():
    ...     autograd.log(autograd.Value(0.0, label="p"))
    Traceback (most recent call last):
        ...
    FloatingPointError: log made -inf of p = 0.0 (..., line ...)
    """
    shift("detect_anomaly", 1)
    try:
        yield
    finally:
        shift("detect_anomaly", -1)


@contextmanager
def record_lines() -> Iterator[None]:
    """Inside the block, every new Value remembers the file and line that asked for it, as `.line`.

    `explain` and whoever looks for the origin of a number can then point at the source. Lines of
    `autograd` and `nn` themselves don't count: a neuron's Values name the line that called it.
    Recording takes some three microseconds per Value; outside the block nothing is paid. It holds
    for the thread that opened it.

    >>> import autograd
    >>> x = autograd.Value(3.0)
    >>> with autograd.record_lines():
    ...     y = x * x
    >>> y.line
    '..., line ...'
    >>> x.line is None
    True
    """
    shift("record_lines", 1)
    try:
        yield
    finally:
        shift("record_lines", -1)


# -- tracing ---------------------------------------------------------------------------------------


def tracer() -> Any:
    """The tracer of this thread, or None. It is told of every node made and every decision taken on
    one (`autograd.compiler.recording.tracing.Trace` is such a class)."""
    modes = thread_modes()
    return modes.tracer if modes.plain == 0 else None


@contextmanager
def traced_by(observer: Any) -> Iterator[None]:
    """For the engine itself: what this thread computes in the block is told to `observer`."""
    modes = thread_modes()
    outer = modes.tracer
    modes.tracer = observer
    shift("traced", 1)
    try:
        yield
    finally:
        shift("traced", -1)
        modes.tracer = outer


def decided(symbol: str, a: object, b: object, out: bool) -> bool:
    """The outcome of a comparison, told to the tracer on its way."""
    observer = tracer()
    if observer is not None:
        observer.decided(symbol, a, b, out, caller_line())
    return out


def notify_escape(node: object, how: str) -> None:
    """Tell the tracer that a number escapes from the recording, or enters it from outside
    (`.data`, `backward`, a copy): it may have to forbid that."""
    observer = tracer()
    if observer is not None:
        observer.escapes(node, how, caller_line())


def caller_line() -> str:
    """The file and line of the innermost caller outside this project."""
    frame: Any = sys._getframe()
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in ("autograd", "nn"):
            return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
        frame = frame.f_back
    return "line unknown"
