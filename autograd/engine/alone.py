"""Where one recording is all that is on, a new node goes straight into its list of nodes.

Otherwise it is asked which modes hold where the node is made, which takes several times as long as
making it. Whatever opens a block, or begins or ends a recording, in whichever thread, ends this; it
is found out again at the next node.
"""

from __future__ import annotations

from _thread import get_ident
from typing import Any, Final, final

from autograd.engine.hooks import HOOKS
from autograd.engine.setting import Setting

__all__ = ["ALONE"]


@final
class Alone:
    """The nodes of such a recording, its thread and context, and the setting that has its block
    alone."""

    __slots__ = ("_entered", "_ident", "_modes", "_nodes")

    def __init__(self) -> None:
        self._modes: Setting | None = None
        self._nodes: list[Any] | None = None
        self._entered: Any = None
        self._ident = 0

    def begin(self, modes: Setting, nodes: list[Any]) -> None:
        """For the running thread and context: others are to be told that they meet its nodes."""
        self._nodes = None
        if modes.is_single():
            self._modes = modes
            self._entered = modes.entered()
            self._ident = get_ident()
            self._nodes = nodes

    def end(self) -> None:
        """Ask again."""
        self._nodes = None

    def nodes(self) -> list[Any] | None:
        """The list, where the running thread and context are those that record."""
        nodes, modes = self._nodes, self._modes  # at once: another thread may end it
        if nodes is None or modes is None or not modes.is_single() or get_ident() != self._ident:
            return None
        return nodes if modes.entered() is self._entered else None

    def add(self, node: Any) -> int:
        """A node was made, or a constant as a leaf: its place among those of a recording."""
        nodes = self.nodes()
        if nodes is None:
            HOOKS.made(node)
            place: int = node._place
            return place
        nodes.append(node)
        return len(nodes) - 1


ALONE: Final = Alone()
