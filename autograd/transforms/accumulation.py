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
from contextlib import nullcontext
from typing import Any

from autograd.engine.backward import PASS_LOCK, cuts_at_zero, get_grad, set_grad
from autograd.engine.graph import Graph
from autograd.engine.modes import only_tape, outside_mode, watching
from autograd.engine.observers import check_messages, check_zeros
from autograd.engine.primitives import cut_message, message
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.transforms.factor_graphs import factor_graphs

__all__ = [
    "adjoint_graphs",
    "adjoint_graphs_of_each",
    "column_sweeps",
    "forward_sweeps",
    "reverse_sweeps",
    "tangent_graphs",
]

Factors = dict[Value, Sequence[Any]]  # of nodes: a local derivative per input, as graphs


# -- as numbers ------------------------------------------------------------------------------------


def reverse_sweeps(
    roots: Sequence[Any], seeds: Sequence[Value], nodes: Sequence[Value]
) -> list[list[float]]:
    """d root/d seed for every root and seed, by one `backward` per root. The nodes are those below
    the roots and the seeds, and nobody else uses them; their `.grad` is put back."""
    zeros = [0.0] * len(seeds)
    rows = []
    with PASS_LOCK, outside_mode("tracer"):
        before = list(map(get_grad, nodes))
        before_of_seeds = list(map(get_grad, seeds))
        try:
            for root in roots:
                deque(map(set_grad, seeds, zeros), maxlen=0)
                if isinstance(root, Value):
                    root.backward()
                rows.append(list(map(get_grad, seeds)))
        finally:
            deque(map(set_grad, seeds, before_of_seeds), maxlen=0)
            deque(map(set_grad, nodes, before), maxlen=0)
    return rows


def column_sweeps(roots: Sequence[Any], seeds: Sequence[Value]) -> list[list[float]]:
    """The same, to the last bit, without a word to the nodes: for graphs that reach Values which
    belong to others, whose `.grad` another thread may be using."""
    with outside_mode("tracer"):
        return [_column_sweep(root, seeds) for root in roots]


def _column_sweep(root: Any, seeds: Sequence[Value]) -> list[float]:
    if not isinstance(root, Value):
        return [0.0] * len(seeds)
    graph = Graph([root], seeds)
    found = graph.adjoints()
    if watching():
        for i in graph.schedule:
            check_messages(graph.nodes[i], found[i])
        check_zeros(root)
    return [found[graph.place[id(x)]] if id(x) in graph.place else 0.0 for x in seeds]


def forward_sweeps(
    roots: Sequence[Any], seeds: Sequence[Value], sweeps: Sequence[Sequence[float]]
) -> list[list[float]]:
    """For each sweep, which is one direction per seed, the derivative of each root along it."""
    graph = Graph([x for x in roots if isinstance(x, Value)], seeds)
    places = [graph.place.get(id(x), -1) for x in roots]
    rows = []
    for directions in sweeps:
        found = graph.tangents(list(zip(seeds, directions, strict=True)))
        rows.append([found[i] if i >= 0 else 0.0 for i in places])
    return rows


# -- as graphs -------------------------------------------------------------------------------------


def adjoint_graphs(
    roots: Sequence[Any],
    weights: Sequence[Any],
    seeds: Sequence[Value],
    factors: Factors | None = None,
    by_place: dict[int, Sequence[int]] | None = None,
) -> list[Any]:
    """The derivative of the weighted sum of the roots with respect to each seed, as a graph, by one
    reverse pass in Values. Floats where nothing varies. Passes through one graph share `factors`,
    the local derivatives, which each pass would else compute anew; in a recording `by_place`."""
    tape = _tape_of(seeds)
    if tape is not None:
        return tape.adjoints(roots, weights, seeds, by_place)
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
        for k, (x, factor) in enumerate(zip(node.inputs, _factors(node, factors), strict=True)):
            if isinstance(x, Value) and depends[place[id(x)]]:
                _accumulate(found, place[id(x)], _sent(adjoint, factor, cuts_at_zero(node, k)))
    return _never_minus_zero(_at(seeds, graph, found))


def adjoint_graphs_of_each(roots: Sequence[Any], seeds: Sequence[Value]) -> list[list[Any]]:
    """d root/d seed for every root and seed, as graphs, by one reverse pass per root."""
    shared: Factors = {}
    by_place: dict[int, Sequence[int]] = {}
    return [adjoint_graphs([root], [1.0], seeds, shared, by_place) for root in roots]


def _tape_of(seeds: Sequence[Value]) -> Tape | None:
    """The tape of the recording that these are of, where no other mode is on."""
    tape: Tape | None = only_tape()
    return tape if tape is not None and all(map(tape.owns, seeds)) else None


def tangent_graphs(
    roots: Sequence[Any], seeds: Sequence[Value], sweeps: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    """For each sweep, which is one direction per seed, the derivative of each root along it, as a
    graph; all sweeps in one forward pass in Values, which share the local derivatives. Floats where
    nothing varies."""
    tape = _tape_of(seeds)
    if tape is not None:
        return tape.tangents(roots, seeds, sweeps)
    graph = Graph([x for x in roots if isinstance(x, Value)], seeds)
    depends, ends = graph.dependents(seeds), {id(seed) for seed in seeds}
    above = [i for i, x in enumerate(graph.nodes) if depends[i] and id(x) not in ends]
    columns = [_directions(graph, seeds, directions) for directions in sweeps]
    for i in above:
        _push(graph.nodes[i], i, graph, columns)
    return [_never_minus_zero(_at(roots, graph, found)) for found in columns]


def _directions(graph: Graph, seeds: Sequence[Value], directions: Sequence[Any]) -> list[Any]:
    """A column of tangents with those of the seeds; None is nothing, as a plain 0 is."""
    found: list[Any] = [None] * len(graph.nodes)
    for seed, direction in zip(seeds, directions, strict=True):
        is_nothing = not isinstance(direction, Value) and direction == 0.0
        if id(seed) in graph.place and not is_nothing:
            _accumulate(found, graph.place[id(seed)], direction)
    return found


def _push(node: Value, i: int, graph: Graph, columns: Sequence[list[Any]]) -> None:
    """The tangents of a node from those of its inputs, in each column."""
    places = [graph.place[id(x)] if isinstance(x, Value) else -1 for x in node.inputs]
    factors: Sequence[Any] | None = None
    for found in columns:
        arrived = [None if at < 0 else found[at] for at in places]
        if all(tangent is None for tangent in arrived):
            continue
        if factors is None:
            factors = _factors(node, None)
        for tangent, factor in zip(arrived, factors, strict=True):
            if tangent is not None:
                _accumulate(found, i, _sent(tangent, factor, True))


def _at(nodes: Sequence[Any], graph: Graph, found: Sequence[Any]) -> list[Any]:
    """What was found for these nodes; 0.0 where that is nothing."""
    places = [graph.place.get(id(x), -1) for x in nodes]
    return [0.0 if i < 0 or found[i] is None else found[i] for i in places]


def _never_minus_zero(totals: list[Any]) -> list[Any]:
    """As the sums of the engine, which begin with 0.0; on the way to them the sign of a zero makes
    no difference. Each has a node of its own, whatever the numbers and recorded or not: a pass
    through this graph goes one way then, and adds up in one order."""
    return [x + 0.0 for x in totals]


def _accumulate(sums: list[Any], i: int, term: Any) -> None:
    if term is not None:
        sums[i] = term if sums[i] is None else sums[i] + term


def _factors(node: Value, known: Factors | None) -> Sequence[Any]:
    """The rule of a node's primitive, fed the node and its inputs themselves. It may meet NaN and
    infinity on a side that is not taken: detect_anomaly is told of what comes of it only."""
    found = None if known is None else known.get(node)
    if found is None:
        with outside_mode("detect_anomaly") if watching() else nullcontext():
            found = factor_graphs(node)
        if known is not None:
            known[node] = found
    return found


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
