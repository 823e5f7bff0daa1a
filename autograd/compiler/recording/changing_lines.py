"""The line of a function at which something changes that only its state tells: a generator of
NumPy's, whose calls nobody sees."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from autograd.engine.modes import is_users
from autograd.engine.text import place

__all__ = ["line_that_changes"]

MOST: Final = 10_000  # lines that are looked at


def line_that_changes(run: Callable[[], object], state: Callable[[], object]) -> str:
    """The file and line of the user's code after which the state is another one; "" if it is too
    far on, or if somebody else traces (a debugger, a coverage tool)."""
    if sys.gettrace() is not None:
        return ""
    watch = _Watch(state)
    try:  # before it is set: an interrupt may come with that
        sys.settrace(watch.follow)
        run()
    except Exception:  # noqa: BLE001 (after what it drew)
        pass
    finally:
        sys.settrace(None)
    return place(watch.found)


class _Watch:
    def __init__(self, state: Callable[[], object]) -> None:
        self._state = state
        self._before = state()
        self._line = ""
        self._looks = 0
        self.found = ""

    def follow(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Python's trace function: told before each line, and when a function is left."""
        if self.found or self._looks > MOST or not is_users(frame):
            return None
        self._looks += 1
        if self._state() != self._before:
            self.found = self._line
            return None
        told = frame.f_back if event == "return" else frame
        if told is not None and is_users(told):
            self._line = f"{told.f_code.co_filename}, line {told.f_lineno}"
        return self.follow
