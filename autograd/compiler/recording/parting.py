"""Where two runs of a function part: the line at which they went on differently."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

from autograd.engine.loaded_modules import is_library
from autograd.engine.text import place

__all__ = ["parting", "parts_before"]

MOST: Final = 1_000_000  # instructions that are kept of a run
Step = tuple[CodeType, int, int]
"""The code, the place of an instruction in it (~place where that raises), and its line."""


def parting(first: Callable[[], object], second: Callable[[], object]) -> str:
    """The file and line of the last instruction that both runs had in common, "" if they have all
    in common; or if somebody else traces (a debugger, a coverage tool)."""
    if sys.gettrace() is not None:
        return ""
    a, b = _steps(first), _steps(second)
    for i, (step, other) in enumerate(zip(a, b, strict=False)):
        if step[:2] != other[:2]:
            return _shown(a[max(i - 1, 0)])
    return "" if len(a) == len(b) else _shown(min(a, b, key=len)[-1]) if a and b else ""


def parts_before(first: Callable[[], object], second: Callable[[], object]) -> bool:
    """Whether the first run does something else before the second one ends, by an exception, say.
    False if somebody else traces."""
    if sys.gettrace() is not None:
        return False
    a, b = _places(_steps(first)), _places(_steps(second))
    next_of_first = a[len(b) : len(b) + 1]
    return a[: len(b)] != b or any(place < 0 for _, place in next_of_first)  # it raises, too


def _places(steps: Sequence[Step]) -> list[tuple[CodeType, int]]:
    return [step[:2] for step in steps]


def _shown(step: Step) -> str:
    return place(f"{step[0].co_filename}, line {step[2]}")


def _steps(run: Callable[[], object]) -> list[Step]:
    """The instructions of a run; of one that raises, those until there: what `with` and `finally`
    do then, they do for any exception."""
    steps: list[Step] = []

    def follow(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "call":
            name = frame.f_globals.get("__name__")
            if is_library(name) or str(name).startswith("namedtuple_"):
                return None
            frame.f_trace = follow  # from 3.13 on, the next line has no effect without it
            frame.f_trace_opcodes = True
        elif event == "opcode" and len(steps) < MOST:
            steps.append((frame.f_code, frame.f_lasti, frame.f_lineno))
        elif event == "exception" and len(steps) < MOST:
            steps.append((frame.f_code, ~frame.f_lasti, frame.f_lineno))
        return follow

    # Of any frame, before it is set: else CPython 3.12 tells of no instruction the first time.
    sys._getframe().f_trace_opcodes = True
    collects = gc.isenabled()
    try:  # before it is set: an interrupt may come with that
        gc.disable()  # what it calls would come between, in one run and not in the other
        sys.settrace(follow)
        run()
    except Exception as error:  # noqa: BLE001 (which is a way to part)
        return _until_raised(steps, error.__traceback__)
    finally:
        sys.settrace(None)
        if collects:
            gc.enable()
    return steps


def _until_raised(steps: list[Step], traceback: TracebackType | None) -> list[Step]:
    places = _places(steps)
    end = len(steps)
    while traceback is not None:  # the last of those that were followed is where it was raised
        place = (traceback.tb_frame.f_code, traceback.tb_lasti)
        if place in places:
            end = len(places) - places[::-1].index(place)
        traceback = traceback.tb_next
    return steps[:end]
