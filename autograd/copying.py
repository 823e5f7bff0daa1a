"""Copying and pickling graphs of any depth, where the usual recursion over attributes would overflow.

A Value pickles as the list of the nodes below it, inputs first. Each node in that list stands in a `Shell`,
which names its inputs by their own shells, so the pickler meets every input before it is needed and its
memo keeps sharing intact, also between several Values in one pickle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from autograd.graph import topological_order
from autograd.value import Value, edges, restore

__all__ = ["deep_copy", "reduce_value"]


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """The graph below `root` copied node by node, but for what `memo` already holds."""
    stack = [root]
    while stack:
        node = stack[-1]
        if id(node) in memo:
            stack.pop()
            continue
        inputs, factors = edges(node)
        waiting = [x for x in inputs if isinstance(x, Value) and id(x) not in memo]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        copies = tuple(memo[id(x)] if isinstance(x, Value) else x for x in inputs)
        memo[id(node)] = restore(
            node.data, node.grad, node.label, node.primitive, copies, factors
        )
    copy: Value = memo[id(root)]
    return copy


class Shell:
    """Stands for one node in a pickle."""

    __slots__ = ("__weakref__", "node")

    def __init__(self, node: Value) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Callable[..., Value], tuple[Any, ...]]:
        node = self.node
        inputs, factors = edges(node)
        shells = tuple(shell_of(x) if isinstance(x, Value) else x for x in inputs)
        return restore, (node.data, node.grad, node.label, node.primitive, shells, factors)


# One shell per node for as long as a pickler's memo holds it; the shell keeps its node, and so the id, alive.
_SHELLS: WeakValueDictionary[int, Shell] = WeakValueDictionary()


def shell_of(node: Value) -> Shell:
    shell = _SHELLS.get(id(node))
    if shell is None:
        shell = Shell(node)
        _SHELLS[id(node)] = shell
    return shell


def reduce_value(root: Value) -> tuple[Callable[..., Value], tuple[Any, ...]]:
    return last, ([shell_of(node) for node in topological_order(root)],)


def last(nodes: list[Value]) -> Value:
    return nodes[-1]
