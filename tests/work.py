"""Work, counted: what a test of cost compares, instead of a clock that depends on the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["functions_entered", "lines_run", "work_grows_with"]


def lines_run(act: Callable[[], Any], of: str = "") -> int:
    """How many lines of Python an action runs, in modules whose names begin so; each turn of a loop
    counts."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line" and frame.f_globals["__name__"].startswith(of)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def functions_entered(act: Callable[[], Any]) -> list[str]:
    """The functions of Python's that an action enters, by their qualified names."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            entered.append(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return entered


def work_grows_with(prepare: Callable[[int], Callable[[], Any]], size: int) -> float:
    """By what factor the work grows when the size does by four: 4 where it is linear.

    `prepare` gives the action for a size; what it does itself is not counted.
    """
    return lines_run(prepare(4 * size)) / lines_run(prepare(size))
