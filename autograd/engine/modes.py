"""Switches that change what an operation does, for the thread or asyncio task that opened them:
no_grad, detect_anomaly, record_lines; and the active tracer, if any.

`MODES.active` is 0 while no block is open in any thread, which is nearly always: then an operation
pays for one comparison. Only otherwise does it ask which modes hold where it runs. That they are
always undone is the business of `setting`.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeVar, final, overload
from weakref import ref

from autograd.engine.alone import ALONE
from autograd.engine.block import Block
from autograd.engine.loaded_modules import OURS, is_library, package_of
from autograd.engine.setting import Setting

__all__ = [
    "MODES",
    "RUNNING",
    "TEXT",
    "asked_by_us",
    "begin_recording",
    "caller_line",
    "decided",
    "detect_anomaly",
    "end_recording",
    "is_users",
    "modes_here",
    "no_grad",
    "notify_computed",
    "notify_escape",
    "only_tape",
    "outside_mode",
    "part_recordings",
    "plain_arithmetic",
    "record_lines",
    "recording",
    "traced_by",
    "tracer",
    "user_line",
    "watching",
]

F = TypeVar("F", bound=Callable[..., Any])


@final
class Held:
    """Which modes hold somewhere, and the tracer."""

    __slots__ = ("detect_anomaly", "key", "no_grad", "plain", "record_lines", "tape", "tracer")

    def __init__(self) -> None:
        self.detect_anomaly = False
        self.no_grad = False
        self.plain = False
        self.record_lines = False
        self.tracer: Any = None
        self.tape: Any = None  # of the tracer, if it has one
        self.key: Any = None  # the tracer's in RUNNING; None where no block has set a tracer


def _changed(held: Any, change: Any) -> Held:
    """The same, but for one field and what it is to be."""
    new = Held()
    new.detect_anomaly = held.detect_anomaly
    new.no_grad = held.no_grad
    new.plain = held.plain
    new.record_lines = held.record_lines
    new.tracer = held.tracer
    setattr(new, change[0], change[1])
    new.tape = getattr(new.tracer, "tape", None)
    new.key = id(new.tracer) if change[0] == "tracer" else held.key
    ALONE.end()
    return new


MODES: Final = Setting("autograd modes", Held(), _changed)


def modes_here() -> Held:
    """Those of the running thread or task."""
    found: Held = MODES.here()
    return found


def recording() -> bool:
    """Whether operations record a graph here."""
    modes = modes_here()
    return not (modes.no_grad or modes.plain)


def watching() -> bool:
    """Whether this is inside detect_anomaly()."""
    modes = modes_here()
    return modes.detect_anomaly and not modes.plain


def only_tape() -> Any:
    """The tape of the tracer, where no other mode is on and no other tracer is at work; or None."""
    modes = modes_here()
    others = modes.no_grad or modes.plain or modes.detect_anomaly or modes.record_lines
    if others or len(RUNNING) != 1 or modes.key not in RUNNING:
        return None
    return modes.tape


def part_recordings() -> None:
    """Before a walk over nodes: those of a second recording then refer to no node of the first."""
    if MODES.active != 0:
        tape = modes_here().tape
        if tape is not None:
            tape.part()


def plain_arithmetic() -> AbstractContextManager[Any]:
    """For the engine itself, where it computes with Values as with numbers: no recording, no
    watching."""
    return MODES.at_once(("plain", True))


def outside_mode(mode: str) -> AbstractContextManager[Any]:
    """For the engine itself: as if the blocks of this mode that the caller has opened were not. The
    tracer counts as a mode. Where it is off, nothing is opened: operations stay as quick."""
    if not getattr(modes_here(), mode):
        return nullcontext()
    return MODES.at_once((mode, None if mode == "tracer" else False))


def _block_or_decorated(change: Any, function: Any) -> Any:
    """A block or, for `@no_grad` without parentheses, the function with blocks."""
    block = MODES.block(change)
    return block if function is None else block(function)


@overload
def no_grad() -> Block: ...
@overload
def no_grad(function: F, /) -> F: ...
def no_grad(function: Any = None, /) -> Any:
    """Inside the block (or the decorated function) nothing is recorded: results are leaves.

    It holds for the thread and the asyncio task that opened it; in a decorated generator or async
    function, while its body runs.

    >>> import autograd
    >>> x = autograd.Value(3.0)
    >>> with autograd.no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """
    return _block_or_decorated(("no_grad", True), function)


@overload
def detect_anomaly() -> Block: ...
@overload
def detect_anomaly(function: F, /) -> F: ...
def detect_anomaly(function: Any = None, /) -> Any:
    """Inside the block, the operation that first makes a NaN or an infinity raises
    FloatingPointError.

    The message names the operation, its operands with their labels, and the file and line that
    asked for it. `backward()` inside the block raises at the first local derivative that does so,
    and where an adjoint that is 0 just there hides an infinite one, as in sqrt(x)**2 at 0.

    What `where`, `clip`, `maximum` and the like leave out is no anomaly, if it is computed among
    their arguments, as in `where(x > 0, x * log(x), 0)`; what was computed before, in a statement
    of its own, has raised by then.

    It holds for the thread and the asyncio task that opened it, and decorates functions too. The
    name is PyTorch's.

    >>> import autograd
    >>> with autograd.detect_anomaly():
    ...     autograd.log(autograd.Value(0.0, label="p"))
    Traceback (most recent call last):
        ...
    FloatingPointError: log made -inf of p = 0.0 (..., line ...)
    """
    return _block_or_decorated(("detect_anomaly", True), function)


@overload
def record_lines() -> Block: ...
@overload
def record_lines(function: F, /) -> F: ...
def record_lines(function: Any = None, /) -> Any:
    """Inside the block, every new Value remembers the file and line that asked for it, as `.line`.

    `explain` and whoever looks for the origin of a number can then point at the source. Lines of
    `autograd` and `nn` themselves don't count, nor those of Python's own modules and NumPy: a
    neuron's Values name the line that called it.
    Recording takes some three microseconds per Value; outside the block nothing is paid. It holds
    for the thread and the asyncio task that opened it, and decorates functions too.

    >>> import autograd
    >>> x = autograd.Value(3.0)
    >>> with autograd.record_lines():
    ...     y = x * x
    >>> y.line
    '..., line ...'
    >>> x.line is None
    True
    """
    return _block_or_decorated(("record_lines", True), function)


# -- tracing ---------------------------------------------------------------------------------------


def tracer() -> Any:
    """The tracer of the running code, or None. It is told of every node made and every decision
    taken on one (`autograd.compiler.recording.tracing.Trace` is such a class)."""
    modes = modes_here()
    return None if modes.plain else modes.tracer


def traced_by(observer: Any) -> AbstractContextManager[Any]:
    """For the engine itself: what is computed in the block is told to `observer`."""
    return MODES.at_once(("tracer", observer))


RUNNING: Final[dict[int, ref[Any]]] = {}
"""The tracers of all threads, while they record; not for longer than they live, whatever interrupts
their end."""


def begin_recording(observer: Any) -> None:
    """For `RUNNING`, until `end_recording` or the end of the tracer's life."""
    key = id(observer)
    RUNNING[key] = ref(observer, lambda _: _ended(key))
    ALONE.end()


def end_recording(observer: Any) -> None:
    """Take it out again; nothing happens if it is not there."""
    _ended(id(observer))


def _ended(key: int) -> None:
    RUNNING.pop(key, None)
    ALONE.end()


TEXT: Final = "makes a text"
"""How a number escapes that is written out."""


def decided(symbol: str, a: object, b: object, out: bool) -> bool:
    """The outcome of a comparison, told to the tracer on its way."""
    observer = tracer()
    if observer is not None:
        observer.decided(symbol, a, b, out, caller_line())
    elif RUNNING:
        for x in (a, b):
            notify_escape(x, f"decides, {ELSEWHERE}, on the number")
    return out


def notify_escape(node: object, how: str) -> None:
    """Tell the tracer that a number escapes from the recording, or enters it from outside
    (`.data`, `backward`, a copy): it may have to forbid that."""
    observer = tracer()
    if observer is None and RUNNING:
        observer = _recorded_elsewhere(node)
    if observer is not None:
        observer.escapes(node, how, caller_line())


ELSEWHERE: Final = "in another thread or task"

ASKING: Final = (__name__, "autograd.engine.observers", "autograd.engine.value")
"""Frames in between, where nothing is compiled."""


def asked_by_us() -> bool:
    """Whether the code that asks something of a Value is this project's."""
    frame: Any = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "") in ASKING:
        frame = frame.f_back
    return frame is not None and package_of(frame) in OURS


def notify_computed(inputs: Any) -> None:
    """Tell the tracer of another thread that something is computed from one of its nodes here,
    which it does not see."""
    for x in inputs:
        observer = _recorded_elsewhere(x)
        if observer is not None:
            how = f"computes, {ELSEWHERE}, with the number"
            observer.escapes(x, how, caller_line())


def _recorded_elsewhere(node: object) -> Any:
    """The tracer of another thread, or of a context that this one knows nothing of (a greenlet's,
    `Context().run`), to which this node matters; None if there is none."""
    here, modes = get_ident(), modes_here()
    is_told = modes.plain or modes.key is not None
    for entry in RUNNING.copy().values():
        observer = entry()
        if observer is None or (is_told and observer.thread == here):
            continue
        if observer.concerns(node):
            return observer
    return None


def caller_line() -> str:
    """The file and line of the innermost caller that is the user's."""
    frame: Any = sys._getframe()
    while frame is not None and package_of(frame) in OURS:
        frame = frame.f_back
    return "line unknown" if frame is None else user_line(frame)


def user_line(innermost: Any) -> str:
    """The file and line of a frame, or of that within which a library was called, where it is a
    library's: nobody can mend Python's `pprint`. A library's own where there is none else."""
    frame = innermost
    while frame is not None and not is_users(frame):
        frame = frame.f_back
    found = innermost if frame is None else frame
    return f"{found.f_code.co_filename}, line {found.f_lineno}"


def is_users(frame: Any) -> bool:
    """Whether its code was written by the user, and not by a library, or for a dataclass."""
    is_generated = frame.f_code.co_filename == "<string>" and frame.f_code.co_name[:2] == "__"
    return not is_generated and not is_library(frame.f_globals.get("__name__"))
