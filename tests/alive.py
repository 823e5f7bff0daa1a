"""Which nodes are alive: `Tag`, a label to give them, and so to see that a graph was freed."""

from __future__ import annotations

from typing import Self

__all__ = ["Tag"]


class Tag(str):
    """A label that counts how many of its kind are alive, and so the nodes that carry one."""

    alive = 0

    def __new__(cls, text: str = "") -> Self:
        Tag.alive += 1
        return super().__new__(cls, text)

    def __del__(self) -> None:
        Tag.alive -= 1
