"""Levels: the calls of functions that transforms are making, and which leaves were made in one.

A derivative has to tell a Value that its function captured, through which gradients go on flowing,
from one that the function made itself (the `Value(0.0)` that a sum begins with), which is constant.
So while a transform calls a function, a leaf that is made in this thread is given the level of the
innermost such call, in `_pb`, which a leaf has no other use for. Operations are not: what they were
computed from is older than they are.

A level is a serial number, drawn from blocks of which each belongs to one thread. Of the leaves
that carry a number, those made within a level, or in a call nested in it, have one at least as high
and from a block of the same thread.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import Any, Final, final

__all__ = ["RUNNING", "blocks", "current_level", "enter_level", "is_within", "leave_level"]

BLOCK: Final = 1 << 20
_BLOCKS: Final[Any] = count(1)
_THREAD: Final[Any] = threading.local()

RUNNING: Final[dict[float, None]] = {}
"""The levels of all threads that have not been left. While there are none, a leaf asks no more."""


@final
class ThreadLevels:
    """Of one thread: its blocks, the last number drawn, and the levels it is in."""

    __slots__ = ("blocks", "last", "open")

    def __init__(self) -> None:
        self.blocks: set[int] = set()
        self.last = -1
        self.open: list[float] = []

    def draw(self) -> float:
        self.last += 1
        if self.last % BLOCK == 0:  # the block is used up, or there was none yet
            block: int = next(_BLOCKS)
            self.blocks.add(block)
            self.last = block * BLOCK
        return float(self.last)


def _thread_levels() -> ThreadLevels:
    found: ThreadLevels | None = getattr(_THREAD, "levels", None)
    if found is None:
        found = _THREAD.levels = ThreadLevels()
    return found


def current_level() -> float:
    """The level that a leaf made now is given; 0.0 outside of all."""
    opened = _thread_levels().open
    return opened[-1] if opened else 0.0


def enter_level() -> float:
    """A new level, inside of those that this thread is in."""
    mine = _thread_levels()
    level = mine.draw()
    mine.open.append(level)
    RUNNING[level] = None
    return level


def leave_level(level: float) -> None:
    """Out of this level, and out of any within it that an exception has left open."""
    opened = _thread_levels().open
    while opened and opened[-1] >= level:
        RUNNING.pop(opened.pop(), None)


def blocks() -> set[int]:
    """Those of this thread."""
    return _thread_levels().blocks


def is_within(mark: float, level: float, own_blocks: set[int]) -> bool:
    """Whether a leaf with this mark was made in the level, or in one that was entered from it."""
    return mark >= level and int(mark) // BLOCK in own_blocks
