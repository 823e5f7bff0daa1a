"""The nodes of a recording, in the order in which they were made.

A node knows its place (`_place`), so whether it belongs to the recording is one look: no table of
nodes is kept beside the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, final

from autograd.engine.primitive import Primitive
from autograd.engine.value import Fan, Value

__all__ = ["Tape"]


@final
class Tape:
    """The arguments of a recording, and the nodes that were made since."""

    __slots__ = ("_arguments", "nodes")

    def __init__(self, arguments: Sequence[Value]) -> None:
        self._arguments = 0
        self.nodes: list[Value] = []
        for x in arguments:
            self.add(x)
        self._arguments = len(self.nodes)

    def add(self, node: Value) -> None:
        """A node was made."""
        if not self.owns(node):
            node._place = len(self.nodes)
            self.nodes.append(node)

    def new(
        self,
        data: float,
        primitive: Primitive,
        a: Value | None,
        b: Value | None,
        pa: float,
        pb: float,
        fan: Fan | None = None,
    ) -> Value:
        """A node that only this tape is told of: for where its recording is all that is on."""
        node = Value(data, None, primitive, a, b, pa, pb, fan, False)
        node._place = len(self.nodes)
        self.nodes.append(node)
        return node

    def owns(self, node: Any) -> bool:
        """Whether it is one of these."""
        if not isinstance(node, Value):
            return False
        place: int = node._place
        return place < len(self.nodes) and self.nodes[place] is node

    def varies(self, nodes: Iterable[Any]) -> bool:
        """Whether one of these is an argument or was made outside of the recording."""
        return any(not self.owns(x) or x._place < self._arguments for x in nodes)

    def needed_for(self, roots: Iterable[Any]) -> list[bool]:
        """Which of the nodes the roots were computed from, or are."""
        needed = [False] * len(self.nodes)
        for x in roots:
            if self.owns(x):
                needed[x._place] = True
        for i in range(len(needed) - 1, -1, -1):
            if not needed[i]:
                continue
            node = self.nodes[i]
            if node._a is not None and self.owns(node._a):
                needed[node._a._place] = True
            if node._b is not None and self.owns(node._b):
                needed[node._b._place] = True
            if node._fan is not None:
                for x in node._fan.inputs:
                    if self.owns(x):
                        needed[x._place] = True
        return needed
