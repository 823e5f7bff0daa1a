"""Walks over the graph below some results, for the transforms: what is there, and what depends on
what.

Nothing here is recursive, and nothing changes the graph. Compiled with the engine, because a walk
is most of what a gradient costs besides the pass itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine.value import Value

__all__ = ["below", "consumers", "dependent"]


def below(roots: Sequence[Any]) -> list[Value]:
    """Every node below the roots (Values and numbers), themselves included, once."""
    nodes: list[Value] = []
    seen: set[Value] = set()
    for root in roots:
        if isinstance(root, Value) and root not in seen:
            seen.add(root)
            nodes.append(root)
    for node in nodes:  # which grows on the way
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    return nodes


def dependent(roots: Sequence[Any], seeds: Sequence[Value]) -> tuple[list[Value], set[Value]]:
    """The nodes below the roots that depend on the seeds, inputs before what is made of them; and
    the same as a set, with the seeds. What lies below the seeds is not looked at."""
    order: list[Value] = []
    found: set[Value] = set(seeds)
    seen: set[Value] = set(seeds)
    path: list[Value] = []
    parents: list[tuple[Value, ...]] = []
    places: list[int] = []  # per node on the path, how many of its parents have been looked at
    for root in roots:
        if not isinstance(root, Value) or root in seen:
            continue
        seen.add(root)
        path.append(root)
        parents.append(root.parents)
        places.append(0)
        while path:
            beneath = parents[-1]
            i = places[-1]
            if i < len(beneath):
                places[-1] = i + 1
                parent = beneath[i]
                if parent not in seen:
                    seen.add(parent)
                    path.append(parent)
                    parents.append(parent.parents)
                    places.append(0)
            else:
                node = path.pop()
                parents.pop()
                places.pop()
                for parent in beneath:
                    if parent in found:
                        found.add(node)
                        order.append(node)
                        break
    return order, found


def consumers(nodes: Sequence[Value], roots: Sequence[Any], among: set[Value]) -> dict[Value, int]:
    """How many edges from these nodes will report to each of `among`, a root counting as one."""
    waiting: dict[Value, int] = dict.fromkeys(among, 0)
    for root in roots:
        if isinstance(root, Value) and root in among:
            waiting[root] += 1
    for node in nodes:
        for parent in node.parents:
            if parent in among:
                waiting[parent] += 1
    return waiting
