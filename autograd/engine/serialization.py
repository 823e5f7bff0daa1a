"""Copying and pickling graphs of any depth, where the usual recursion over attributes would
overflow.

A Value pickles as its place in a `Segment`: the nodes below it, inputs first, each naming its
inputs by number. A node that another live segment already holds is named by that segment and its
number there, so Values that share a part of a graph, pickled together, still share it when they
come back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import ref

from autograd.engine.apply import restore
from autograd.engine.hooks import HOOKS
from autograd.engine.value import Value, inputs_and_partials

__all__ = ["pick", "rebuild"]


def _below(root: Value, known: Callable[[Value], bool]) -> list[Value]:
    """The nodes below `root`, inputs before what is computed from them, without those known
    already."""
    order: list[Value] = []
    done: set[int] = set()
    stack = [root]
    while stack:
        node = stack[-1]
        if id(node) in done or known(node):
            stack.pop()
            continue
        waiting = [x for x in node.parents if id(x) not in done and not known(x)]
        if waiting:
            stack.extend(waiting)
        else:
            stack.pop()
            done.add(id(node))
            order.append(node)
    return order


# -- copying ---------------------------------------------------------------------------------------


def _copy(node: Value) -> Value:
    return restore(node.data, node.grad, node.label, node.primitive, *inputs_and_partials(node))


def _deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """The graph below `root` copied node by node, but for what `memo` already holds."""
    for node in _below(root, lambda node: id(node) in memo):
        inputs, factors = inputs_and_partials(node)
        copies = tuple([memo[id(x)] if isinstance(x, Value) else x for x in inputs])
        memo[id(node)] = restore(node.data, node.grad, node.label, node.primitive, copies, factors)
    copy: Value = memo[id(root)]
    return copy


# -- pickling --------------------------------------------------------------------------------------


class Segment:
    """Nodes that are pickled together. It lives as long as the pickler that saw it remembers it."""

    __slots__ = ("__weakref__", "nodes", "numbers")

    def __init__(self, root: Value) -> None:
        self.nodes = _below(root, lambda node: id(node) in _HOME)
        self.numbers = {id(node): i for i, node in enumerate(self.nodes)}
        home = ref(self)
        _HOME.update((key, home) for key in self.numbers)

    def __del__(self) -> None:
        for key in self.numbers:
            _HOME.pop(key, None)

    def __reduce__(self) -> tuple[Callable[..., list[Value]], tuple[Any, ...]]:
        """Columns. An input is a float, or the number of a node here, or (segment, number)
        elsewhere."""
        nodes = self.nodes
        labels = {i: node.label for i, node in enumerate(nodes) if node.label is not None}
        counts: list[int] = []
        inputs: list[Any] = []
        factors: list[float] = []
        for node in nodes:
            node_inputs, node_factors = inputs_and_partials(node)
            counts.append(len(node_inputs))
            inputs += [self._address(x) if isinstance(x, Value) else x for x in node_inputs]
            factors += node_factors
        data = [node.data for node in nodes]
        grads = [node.grad for node in nodes]
        primitives = [node.primitive for node in nodes]
        return rebuild, (data, grads, labels, primitives, counts, inputs, factors)

    def _address(self, node: Value) -> int | tuple[Segment, int]:
        number = self.numbers.get(id(node))
        if number is not None:
            return number
        home = segment_of(node)
        return home, home.numbers[id(node)]


# By id of a node, which stays alive, so that nothing else gets its id: the segment keeps it.
_HOME: Final[dict[int, ref[Segment]]] = {}
_HOME_LOCK: Final = threading.RLock()


def segment_of(node: Value) -> Segment:
    with _HOME_LOCK:
        home = _HOME.get(id(node))
        segment = home() if home is not None else None
        return Segment(node) if segment is None else segment


def _reduce(value: Value) -> tuple[Callable[..., Value], tuple[Any, ...]]:
    segment = segment_of(value)
    return pick, (segment, segment.numbers[id(value)])


def rebuild(
    data: list[float],
    grads: list[float],
    labels: dict[int, str],
    primitives: list[Any],
    counts: list[int],
    inputs: list[Any],
    factors: list[float],
) -> list[Value]:
    """The nodes of a pickled segment. Raises ValueError for columns that do not fit each other: no
    input may be read twice, so that the work is bounded by the size of the data."""
    size = len(primitives)
    fitting = len(data) == len(grads) == len(counts) == size and len(inputs) == len(factors)
    if not fitting or min(counts, default=0) < 0 or sum(counts) != len(inputs):
        raise ValueError("the pickle of a graph is damaged: its columns do not fit each other")
    nodes: list[Value] = []

    def operand(x: Any) -> Any:
        if isinstance(x, float):
            return x
        return nodes[x] if isinstance(x, int) else pick(*x)

    start = 0
    for i, primitive in enumerate(primitives):
        end = start + counts[i]
        operands = tuple([operand(x) for x in inputs[start:end]])
        node_factors = tuple(factors[start:end])
        nodes.append(restore(data[i], grads[i], labels.get(i), primitive, operands, node_factors))
        start = end
    return nodes


def pick(nodes: list[Value], number: int) -> Value:
    return nodes[number]


HOOKS.copy = _copy
HOOKS.deep_copy = _deep_copy
HOOKS.reduce = _reduce
