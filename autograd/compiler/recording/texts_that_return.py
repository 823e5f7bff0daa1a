"""Texts that are shown, and come back: through a stream that the function reads again, a handler of
its own, a traceback as a text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import takewhile
from types import FrameType
from typing import Any, Final

from autograd.engine.lexical_guard import WRITING
from autograd.engine.loaded_modules import is_library, package_of

__all__ = ["comes_back", "streams"]

WRITERS: Final = frozenset(["autograd", "nn", "numpy", "reprlib"])


def streams() -> tuple[Any, Any]:
    """Where `print` and tracebacks go."""
    return sys.stdout, sys.stderr


def comes_back(before: tuple[Any, Any]) -> bool:
    """Whether the function may read a text that is being made to be shown; `before` is what
    `streams` gave when it was called."""
    frames = [*_frames()]
    while frames and (package_of(frames[0]) in WRITERS or frames[0].f_code.co_name in WRITING):
        frames.pop(0)
    # Those of the function itself, or of what it calls: up to the first one of ours.
    frames = [*takewhile(lambda frame: package_of(frame) != "autograd", frames)]
    if package_of(frames[0]) == "traceback":
        return _traceback_comes_back(frames, before)
    if package_of(frames[0]) == "logging":
        return _log_comes_back(frames)
    return streams() != before


def _traceback_comes_back(frames: list[FrameType], before: tuple[Any, Any]) -> bool:
    own, others = _split(frames, "traceback")
    if package_of(others[0]) == "logging":
        return _log_comes_back(others)
    if not own[-1].f_code.co_name.startswith("print"):
        return not is_library(others[0].f_globals.get("__name__"))
    file = own[-1].f_locals.get("file")
    return streams() != before or not (file is None or file in before)


def _log_comes_back(frames: list[FrameType]) -> bool:
    """Whether it goes to a handler, or a stream, that the function has."""
    logging = [i for i, frame in enumerate(frames) if package_of(frame) == "logging"]
    writing, asking = frames[: logging[-1] + 1], frames[logging[-1] + 1 :]
    homes = [frame.f_globals for frame in _of_function(asking)]
    held = [*_held(asking)]
    for frame in writing:
        if any(frame.f_globals is home for home in homes):
            return True  # a handler of its own
        if frame.f_code.co_name == "emit":
            handler = frame.f_locals.get("self")
            found = [handler, getattr(handler, "stream", handler)]
            if any(x is y for x in found for y in held):
                return True
    return False


def _held(frames: list[FrameType]) -> Iterator[Any]:
    """What the function's code has names for."""
    for frame in _of_function(frames):
        yield from frame.f_locals.values()
        names = frame.f_code.co_names
        yield from [frame.f_globals[name] for name in names if name in frame.f_globals]


def _of_function(frames: list[FrameType]) -> list[FrameType]:
    """Those that are not of a library."""
    return [frame for frame in frames if not is_library(frame.f_globals.get("__name__"))]


def _split(frames: list[FrameType], package: str) -> tuple[list[FrameType], list[FrameType]]:
    """Those of a package at the beginning, and the others."""
    n = 0
    while n < len(frames) - 1 and package_of(frames[n]) == package:
        n += 1
    return frames[:n], frames[n:]


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back
