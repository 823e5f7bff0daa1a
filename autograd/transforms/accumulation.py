"""Reverse and forward accumulation over a recorded graph: as numbers, and as graphs.

As numbers, from the local derivatives that the graph has stored; as graphs, from the rules of the
same table fed Values. Both keep the engine's conventions (an adjoint of exactly 0 passes nothing,
and neither does a selection to the input it did not take), and the reverse passes its order of
adding up, so that they agree to the last bit.

The seeds are where a graph begins: what they themselves were computed from is not looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from autograd.engine import ieee
from autograd.engine.backward import PASS_LOCK, cuts_at_zero, get_grad, set_grad
from autograd.engine.graph import Graph, reachable
from autograd.engine.modes import outside_mode, tracer, watching
from autograd.engine.observers import check_messages, check_zeros
from autograd.engine.primitives import cut_message, message
from autograd.engine.value import Value

__all__ = ["adjoint_graphs", "reverse_sweeps", "tangent_graphs", "tangents"]


# -- as numbers ------------------------------------------------------------------------------------


def reverse_sweeps(roots: Sequence[Any], seeds: Sequence[Value]) -> list[list[float]]:
    """d root/d seed for every root and seed, by one reverse pass per root. Every `.grad` is put
    back, of nodes that the function captured too."""
    nodes = reachable([*roots, *seeds])
    zeros = [0.0] * len(seeds)
    rows = []
    with PASS_LOCK, outside_mode("tracer"):
        before = list(map(get_grad, nodes))
        try:
            for root in roots:
                deque(map(set_grad, seeds, zeros), maxlen=0)
                if isinstance(root, Value):
                    root.backward()
                rows.append(list(map(get_grad, seeds)))
        finally:
            deque(map(set_grad, nodes, before), maxlen=0)
    return rows


def tangents(
    roots: Sequence[Any], seeds: Sequence[Value], directions: Sequence[float]
) -> list[float]:
    """The derivative of each root along these directions of the seeds, by one forward pass.

    A local derivative of 0 passes nothing: an adjoint from above would have become 0 there.
    """
    graph, found, above = _before_forward_pass(roots, seeds, directions)
    parents, partials = graph.parents, graph.partials
    for i in above:
        total = 0.0
        for j in graph.into(i):
            tangent = found[parents[j]]
            if tangent is not None:
                total += ieee.cut_message(tangent, partials[j])
        found[i] = total
    return _at(roots, graph, found)


def _before_forward_pass(
    roots: Sequence[Any], seeds: Sequence[Value], directions: Sequence[Any]
) -> tuple[Graph, list[Any], list[int]]:
    """The graph, what is known per node (the directions, of the seeds), and the nodes that depend
    on the seeds, which are next."""
    graph = Graph([x for x in roots if isinstance(x, Value)], seeds)
    found: list[Any] = [None] * len(graph.nodes)
    for seed, direction in zip(seeds, directions, strict=True):
        if id(seed) in graph.place:
            found[graph.place[id(seed)]] = direction
    depends = graph.dependents(seeds)
    return graph, found, [i for i, x in enumerate(found) if x is None and depends[i]]


def _at(nodes: Sequence[Any], graph: Graph, found: Sequence[Any]) -> list[Any]:
    """What was found for these nodes; 0.0 where that is nothing."""
    places = [graph.place.get(id(x), -1) for x in nodes]
    return [0.0 if i < 0 or found[i] is None else found[i] for i in places]


# -- as graphs -------------------------------------------------------------------------------------


def adjoint_graphs(
    roots: Sequence[Any], weights: Sequence[Any], seeds: Sequence[Value]
) -> list[Any]:
    """The derivative of the weighted sum of the roots with respect to each seed, as a graph, by one
    reverse pass in Values. Floats where nothing varies."""
    graph = Graph([x for x in roots if isinstance(x, Value)], seeds)
    nodes, place = graph.nodes, graph.place
    depends = graph.dependents(seeds)
    found: list[Any] = [None] * len(nodes)
    watched = watching()
    for root, weight in zip(roots, weights, strict=True):
        if isinstance(root, Value) and depends[place[id(root)]]:
            if watched:
                check_zeros(root)
            _accumulate(found, place[id(root)], weight)
    for i in graph.schedule:
        adjoint, node = found[i], nodes[i]
        if adjoint is None:
            continue
        found[i] = None  # it is not needed any more
        if watched:
            check_messages(node, adjoint.data if isinstance(adjoint, Value) else adjoint)
        for k, (x, factor) in enumerate(zip(node.inputs, _factors(node), strict=True)):
            if isinstance(x, Value) and depends[place[id(x)]]:
                _accumulate(found, place[id(x)], _sent(adjoint, factor, cuts_at_zero(node, k)))
    totals = _at(seeds, graph, found)
    # The engine's sums begin with 0.0, so they are never -0.0.
    return totals if tracer() is None else [x + 0.0 for x in totals]


def tangent_graphs(
    roots: Sequence[Any], seeds: Sequence[Value], directions: Sequence[Any]
) -> list[Any]:
    """The derivative of each root along these directions of the seeds, as a graph, by one forward
    pass in Values. Floats where nothing varies."""
    graph, found, above = _before_forward_pass(roots, seeds, directions)
    for i in above:
        node = graph.nodes[i]
        for x, factor in zip(node.inputs, _factors(node), strict=True):
            tangent = found[graph.place[id(x)]] if isinstance(x, Value) else None
            if tangent is not None:
                _accumulate(found, i, _sent(tangent, factor, True))
        if found[i] is None:
            found[i] = 0.0
        if tracer() is not None:
            found[i] = found[i] + 0.0  # as the sums of `tangents`: never -0.0
    return _at(roots, graph, found)


def _accumulate(sums: list[Any], i: int, term: Any) -> None:
    if term is not None:
        sums[i] = term if sums[i] is None else sums[i] + term


def _factors(node: Value) -> Sequence[Any]:
    """The rule of a node's primitive, fed the node and its inputs themselves. It may meet NaN and
    infinity on a side that is not taken: detect_anomaly is told of what comes of it only."""
    if not watching():
        return _rule(node)
    with outside_mode("detect_anomaly"):
        return _rule(node)


def _rule(node: Value) -> Sequence[Any]:
    row = node.primitive
    assert row is not None
    try:
        factors = row.partials(node, *node.inputs)
    except (ZeroDivisionError, OverflowError):  # of its plain numbers: a Value's arithmetic is IEEE
        inputs = [x if isinstance(x, Value) else Value(x) for x in node.inputs]
        factors = row.partials(node, *inputs)
    return factors if isinstance(factors, (tuple, list)) else (factors,)


def _sent(adjoint: Any, factor: Any, cuts: bool) -> Any:
    """What passes along one edge: adjoint x factor, by the engine's two rules; None for nothing."""
    if cuts:
        # 0 whatever the adjoint, where the factor is 0. It may vary: that of x**2 does.
        if isinstance(factor, Value):
            return cut_message(adjoint, factor)
        if factor == 0.0:
            return None
    if type(adjoint) is float and adjoint == 1.0:
        return factor
    if type(factor) is float and factor == 1.0:
        return adjoint
    return message(adjoint, factor)
