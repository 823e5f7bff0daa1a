"""Switches that change what an operation does, for the thread that opened them: no_grad,
detect_anomaly, record_lines; and the tracer, for whom a thread's operations are being written down.

`MODES.active` counts the blocks open in any thread. While it is 0, which is nearly always, an
operation pays for one comparison; only otherwise does it ask which modes its own thread is in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = [
    "MODES",
    "detect_anomaly",
    "no_grad",
    "plain_arithmetic",
    "recording",
    "traced_by",
    "tracer",
    "watching",
]


class Modes:
    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = 0


MODES: Final = Modes()
_LOCK: Final = threading.Lock()
_THREAD: Final[Any] = threading.local()


def recording() -> bool:
    """Whether operations of this thread record a graph."""
    return _depth("no_grad") == 0 and _depth("plain") == 0


def watching() -> bool:
    """Whether this thread is inside detect_anomaly()."""
    return _depth("detect_anomaly") > 0 and _depth("plain") == 0


def tracer() -> Any:
    """The tracer of this thread, or None. It is told of every node made and every decision taken on
    one (`autograd.jit.tracing` has the class)."""
    return getattr(_THREAD, "tracer", None) if _depth("plain") == 0 else None


@contextmanager
def traced_by(observer: Any) -> Iterator[None]:
    """For the engine itself: what this thread computes in the block is told to `observer`."""
    outer = getattr(_THREAD, "tracer", None)
    _THREAD.tracer = observer
    _shift("traced", 1)
    try:
        yield
    finally:
        _shift("traced", -1)
        _THREAD.tracer = outer


def locating() -> bool:
    """Whether this thread is inside record_lines()."""
    return _depth("record_lines") > 0


def _depth(mode: str) -> int:
    depth: int = getattr(_THREAD, mode, 0)
    return depth


def _shift(mode: str, by: int) -> None:
    setattr(_THREAD, mode, _depth(mode) + by)
    with _LOCK:
        MODES.active += by


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """For the engine itself, where it computes with Values as with numbers: no recording, no
    watching."""
    _shift("plain", 1)
    try:
        yield
    finally:
        _shift("plain", -1)


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
    _shift("no_grad", 1)
    try:
        yield
    finally:
        _shift("no_grad", -1)


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
    _shift("detect_anomaly", 1)
    try:
        yield
    finally:
        _shift("detect_anomaly", -1)


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
    _shift("record_lines", 1)
    try:
        yield
    finally:
        _shift("record_lines", -1)
