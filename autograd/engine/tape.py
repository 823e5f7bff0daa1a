"""The nodes of a recording, in the order in which they were made.

A node knows its place (`_place`), so whether it belongs to the recording is one look: no table of
nodes is kept beside the list.

A second recording of the same function is compared with the first while it runs. As long as the two
agree, a reverse or forward accumulation that the first has made is not made again: its nodes are
those of the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, final

from autograd.engine.value import Fan, Value

__all__ = ["Sweep", "Tape"]


@final
class Sweep:
    """An accumulation over a tape: what it was asked, its nodes' places, and what it found."""

    __slots__ = ("asked", "begin", "end", "found")

    def __init__(self, asked: Sequence[Any], begin: int, end: int, found: Sequence[Any]) -> None:
        self.asked = asked
        self.begin = begin
        self.end = end
        self.found = found


class Tape:
    """The arguments of a recording, and the nodes that were made since; `first` is the tape of the
    first recording, if this is the second one."""

    __slots__ = ("_agreed", "_arguments", "_first", "nodes", "repeated", "rules_of_users", "sweeps")

    def __init__(self, arguments: Sequence[Value], first: Tape | None = None) -> None:
        self._arguments = 0
        self.nodes: list[Value] = []
        self.sweeps: list[Sweep] = []
        self.repeated: list[Sweep] = []  # of the first recording's, those that are not made again
        self.rules_of_users = 0  # how often one was run
        self._first = first
        self._agreed = 0  # how many nodes are known to be as in the first recording
        for x in arguments:
            self.add(x)
        self._arguments = len(self.nodes)

    def add(self, node: Value) -> None:
        """A node was made."""
        if not self.owns(node):
            node._place = len(self.nodes)
            self.nodes.append(node)

    def owns(self, node: Any) -> bool:
        """Whether it is one of these."""
        if not isinstance(node, Value):
            return False
        place: int = node._place
        return place < len(self.nodes) and self.nodes[place] is node

    def varies(self, nodes: Iterable[Any]) -> bool:
        """Whether one of these is an argument or was made outside of the recording."""
        return any(not self.owns(x) or x._place < self._arguments for x in nodes)

    def of_users(self) -> list[Value]:
        """The results of users' primitives."""
        found: list[Value] = []
        for node in self.nodes:
            row = node._primitive
            if row is not None and not row.builtin:
                found.append(node)
        return found

    # -- accumulation, which is the recording's business -------------------------------------------

    def adjoints(
        self,
        roots: Sequence[Any],
        weights: Sequence[Any],
        seeds: Sequence[Value],
        shared: dict[int, Sequence[int]] | None = None,
    ) -> list[Any]:
        """For each seed, all of which are of the tape, what arrives from the weighted roots, by a
        node of its own and never -0.0; a float where nothing varies. Passes through the same nodes
        share local derivatives, by the place of their node."""
        raise NotImplementedError

    def tangents(
        self, roots: Sequence[Any], seeds: Sequence[Value], sweeps: Sequence[Sequence[Any]]
    ) -> list[list[Any]]:
        """For each sweep, which is one direction per seed, what arrives at each root, likewise."""
        raise NotImplementedError

    # -- the second recording of two ---------------------------------------------------------------

    def keep(self, asked: Sequence[Any], begin: int, rules: int, found: Sequence[Any]) -> None:
        """For another recording: an accumulation, and how many nodes and runs of users' rules there
        were before it. With more of those now it is made again: such a rule may do anything."""
        if rules == self.rules_of_users:
            self.sweeps.append(Sweep(asked, begin, len(self.nodes), found))

    def sweep_again(self, asked: Sequence[Any]) -> Sequence[Any] | None:
        """What the first recording found by an accumulation that was asked this at this place; its
        nodes are here too, then. None if there is no such one."""
        first, k = self._first, len(self.repeated)
        if first is None:
            return None
        if k < len(first.sweeps):
            sweep = first.sweeps[k]
            if sweep.begin == len(self.nodes) and sweep.asked == asked and self._agrees(first):
                self.nodes.extend(first.nodes[sweep.begin : sweep.end])
                self._agreed = sweep.end
                self.repeated.append(sweep)
                return [self._here(first, x) for x in sweep.found]
        self.part()
        return None

    def is_as_first(self) -> bool:
        """Whether all nodes are as in the first recording, in number too."""
        first = self._first
        return first is not None and len(first.nodes) == len(self.nodes) and self._agrees(first)

    def same(self, x: Any, y: Any) -> bool:
        """Whether x is here what y is in the first recording: a node, a Value from outside, or a
        number."""
        first = self._first
        if isinstance(x, Value) and isinstance(y, Value):
            return first is not None and self._same_input(first, x, y)
        return type(x) is float and type(y) is float and _same_number(x, y)

    def part(self) -> None:
        """Go on without the first recording: what is taken from there refers to nodes of here."""
        first = self._first
        self._first = None
        if first is None:
            return
        own, others = self.nodes, first.nodes
        for sweep in self.repeated:
            for i in range(sweep.begin, sweep.end):
                node = own[i]
                if node._a is not None:
                    node._a = _counterpart(own, others, node._a)
                if node._b is not None:
                    node._b = _counterpart(own, others, node._b)
                if node._fan is not None:
                    fan = node._fan
                    inputs = [self._here(first, x) for x in fan.inputs]
                    node._fan = Fan(tuple(inputs), fan.factors)

    def _here(self, first: Tape, x: Any) -> Any:
        return _counterpart(self.nodes, first.nodes, x) if isinstance(x, Value) else x

    def _agrees(self, first: Tape) -> bool:
        """Whether all nodes so far are as in the first recording."""
        own, others = self.nodes, first.nodes
        count = len(own)
        if count > len(others):
            return False
        for i in range(self._agreed, count):
            x, y = own[i], others[i]
            if x is not y and not _same_node(own, others, x, y):
                return False
        self._agreed = count
        return True

    def _same_input(self, first: Tape, x: Value, y: Value) -> bool:
        return _same_input(self.nodes, first.nodes, x, y)


def _counterpart(own: list[Value], others: list[Value], x: Value) -> Value:
    """The node here that stands at the place of one of the others; itself if it is none of them."""
    place: int = x._place
    return own[place] if place < len(others) and others[place] is x else x


def _same_node(own: list[Value], others: list[Value], x: Value, y: Value) -> bool:
    row = x._primitive
    if row is not y._primitive:
        return False
    if row is None:
        return _same_number(x._data, y._data)
    if x._fan is not None or y._fan is not None:
        return _same_fan(own, others, x._fan, y._fan)
    if x._a is not None and y._a is not None:
        if not _same_input(own, others, x._a, y._a):
            return False
    elif x._a is not y._a or not _same_number(x._pa, y._pa):
        return False
    if x._b is not None and y._b is not None:
        return _same_input(own, others, x._b, y._b)
    return x._b is y._b and (row.arity == 1 or _same_number(x._pb, y._pb))


def _same_fan(own: list[Value], others: list[Value], x: Fan | None, y: Fan | None) -> bool:
    if x is None or y is None or len(x.inputs) != len(y.inputs):
        return False
    for a, b in zip(x.inputs, y.inputs, strict=True):
        if isinstance(a, Value) and isinstance(b, Value):
            if not _same_input(own, others, a, b):
                return False
        elif type(a) is not float or type(b) is not float or not _same_number(a, b):
            return False
    return True


def _same_input(own: list[Value], others: list[Value], x: Value, y: Value) -> bool:
    """Nodes at the same place, or one Value from outside."""
    place: int = x._place
    if place < len(own) and own[place] is x:
        return place < len(others) and others[place] is y
    place = y._place
    return x is y and not (place < len(others) and others[place] is y)


def _same_number(x: float, y: float) -> bool:
    if x != y:
        return x != x and y != y
    return x != 0.0 or math.copysign(1.0, x) == math.copysign(1.0, y)
