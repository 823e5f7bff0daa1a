"""In which order an accumulation meets the nodes of a recording, and which of them concern it.

Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from mypy_extensions import i32, i64, u8

from autograd.compiler.ir.packed_columns import append, vec
from autograd.compiler.recording.operation_columns import NOTHING
from autograd.engine import primitives as table
from autograd.engine.value import Value

__all__ = ["APART", "INSIDE", "SEED", "SEVERAL", "SweptPart", "WayDown"]

APART: Final = 0  # a node that no seed goes into
INSIDE: Final = 1
SEED: Final = 2
SEVERAL: Final = -2  # the inputs of a node with a fan


@final
class SweptPart:
    """The nodes from the first seed to the last root, by their place after that seed: what depends
    on a seed, and the inputs that do; of a node with a fan, SEVERAL."""

    def __init__(self, nodes: list[Value], first: i64, end: i64, seeds: Sequence[Value]) -> None:
        self.first = first
        self.count = end - first
        self._nodes = nodes
        self.states = vec[u8]([u8(APART)] * self.count)
        self.a = vec[i32]([i32(NOTHING)] * self.count)
        self.b = vec[i32]([i32(NOTHING)] * self.count)
        for seed in seeds:
            at = self.place_of(seed)
            if at >= 0:
                self.states[at] = SEED
        for i in range(self.count):
            if self.states[i] != SEED:
                self._look_at(nodes[first + i], i)

    def _look_at(self, node: Value, i: i64) -> None:
        if node._primitive is table.stop_gradient:
            return  # uncompiled it has no inputs, for which nothing waits then
        if node._fan is not None:
            for x in node._fan.inputs:
                if self.counted(x) >= 0:
                    self.a[i] = SEVERAL
                    self.states[i] = INSIDE
                    return
            return
        a = NOTHING if node._a is None else self.counted(node._a)
        b = NOTHING if node._b is None else self.counted(node._b)
        if a >= 0 or b >= 0:
            self.a[i] = i32(a)
            self.b[i] = i32(b)
            self.states[i] = INSIDE

    def place_of(self, x: Any) -> i64:
        """Where a node is; NOTHING if it is none of these."""
        if not isinstance(x, Value):
            return NOTHING
        at = i64(x._place) - self.first
        return at if 0 <= at < self.count and self._nodes[at + self.first] is x else NOTHING

    def counted(self, x: Any) -> i64:
        """Where an input is to which something is passed on; else NOTHING."""
        at = self.place_of(x)
        return NOTHING if at < 0 or self.states[at] == APART else at

    def inputs_at(self, i: i64) -> list[int]:
        """Where the inputs of a node are, NOTHING for those that do not depend on a seed."""
        a = i64(self.a[i])
        if a != SEVERAL:
            return [a, i64(self.b[i])]
        fan = self._nodes[self.first + i]._fan
        assert fan is not None
        return [self.counted(x) for x in fan.inputs]

    def needed(self, roots: Sequence[Any]) -> vec[bool]:
        """Which nodes the roots were computed from, or are."""
        needed = vec[bool]([False] * self.count)
        for root in roots:
            at = self.place_of(root)
            if at >= 0:
                needed[at] = True
        for i in range(self.count - 1, -1, -1):
            if needed[i] and self.states[i] == INSIDE:
                for at in self.inputs_at(i):
                    if at >= 0:
                        needed[at] = True
        return needed

    def found_at(self, of: Sequence[Any], found: vec[i32], begin: i64) -> list[int]:
        """What was found for these, by a column that begins at a place of another."""
        out: list[int] = []
        for x in of:
            at = self.place_of(x)
            out.append(NOTHING if at < 0 else i64(found[begin + at]))
        return out


@final
class WayDown:
    """A way from roots down, in the order of `Value.backward` (see `Graph.schedule`), and what has
    arrived at each node."""

    def __init__(self, part: SweptPart) -> None:
        self.part = part
        self.roots: list[int] = []
        self.found = vec[i32]([i32(NOTHING)] * part.count)
        self.left: i64 = 0
        self._ready = vec[i32]()
        self._waiting = vec[i32]()

    def begin(self) -> None:
        """With the roots, when all of them are known."""
        part = self.part
        self._waiting = vec[i32]([i32(0)] * part.count)
        for root in self.roots:
            self._waiting[root] += 1
        for i in range(part.count - 1, -1, -1):
            if self._waiting[i] == 0 or part.states[i] != INSIDE:
                continue
            a, b = i64(part.a[i]), i64(part.b[i])
            if a == SEVERAL:
                for at in part.inputs_at(i):
                    if at >= 0:
                        self._waiting[at] += 1
                continue
            if a >= 0:
                self._waiting[a] += 1
            if b >= 0:
                self._waiting[b] += 1
        for root in self.roots:
            self.report(root)

    def report(self, at: i64) -> None:
        """An edge has reported to a node, which is ready when it was the last one."""
        left = self._waiting[at] - 1
        self._waiting[at] = left
        if left != 0:
            return
        if self.left < len(self._ready):
            self._ready[self.left] = i32(at)
        else:
            self._ready = append(self._ready, i32(at))
        self.left += 1

    def next(self) -> i64:
        """The node that became ready last."""
        self.left -= 1
        return i64(self._ready[self.left])

    def pass_by(self, i: i64) -> None:
        """Report to the inputs of a node at which nothing has arrived."""
        for at in self.part.inputs_at(i):
            if at >= 0:
                self.report(at)
