"""Levels: the calls of functions that transforms are making, and which leaves were made in one.

A derivative has to tell a Value that its function captured, through which gradients go on flowing,
from one that the function made itself (the `Value(0.0)` that a sum begins with), which is constant.
So while a transform calls a function, a leaf that is made there is given the number of the
innermost such call, in `_pb`, which a leaf has no other use for. Operations are not: what they were
computed from is older than they are.

The numbers are drawn from blocks of which each belongs to one thread. Of the leaves that carry one,
those made within a level, or in a call nested in it, have one at least as high and from a block of
the same thread.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import Any, Final, final

from autograd.engine.setting import Setting

__all__ = ["LEVELS", "Level", "blocks", "current_level", "is_within"]

BLOCK: Final = 1 << 20
_BLOCKS: Final[Any] = count(1)
_THREAD: Final[Any] = threading.local()


@final
class Numbers:
    """Of one thread: its blocks, and the last number drawn."""

    __slots__ = ("blocks", "last")

    def __init__(self) -> None:
        self.blocks: set[int] = set()
        self.last = -1

    def draw(self) -> float:
        self.last += 1
        if self.last % BLOCK == 0:  # the block is used up, or there was none yet
            block: int = next(_BLOCKS)
            self.blocks.add(block)
            self.last = block * BLOCK
        return float(self.last)


def _numbers() -> Numbers:
    found: Numbers | None = getattr(_THREAD, "numbers", None)
    if found is None:
        found = _THREAD.numbers = Numbers()
    return found


@final
class Level:
    """A call of a function: its number, and the seeds on which it is called."""

    __slots__ = ("number", "seeds")

    def __init__(self) -> None:
        self.number: float = _numbers().draw()
        self.seeds: list[Any] = []  # no set: a recording is told of every Value that is hashed


LEVELS: Final = Setting("autograd levels", (), lambda outer, level: (*outer, level))
"""The calls that are running, outermost first. `with LEVELS.at_once(level):` around each."""


def current_level() -> float:
    """The number that a leaf made now is given; 0.0 outside of all levels."""
    running = LEVELS.here()
    if not running:
        return 0.0
    innermost: Level = running[-1]
    return innermost.number


def blocks() -> set[int]:
    """Those of this thread."""
    return _numbers().blocks


def is_within(mark: float, level: float, own_blocks: set[int]) -> bool:
    """Whether a leaf with this mark was made in the level, or in one that was entered from it."""
    return mark >= level and int(mark) // BLOCK in own_blocks
