"""The reasons why a gradient is what it is, or a result: findings, the most important one first.

A gradient is a sum over paths, too many to look at one by one. `gradient_flow` finds the operations
in which a zero, an infinity or a NaN begins, `diagnoses` explains each of them, and here the
reasons are put together, and the gradient compared with what `.grad` holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from autograd.engine.graph import Edge, Graph, topological_order
from autograd.engine.text import PARTIAL, formula, number, plural, quantity, term
from autograd.engine.value import UNRECORDED, Value
from autograd.engine.zero_times_infinity import Undecided
from autograd.explaining.copies import likely_copies
from autograd.explaining.diagnoses import REMEDIES, blocked, born, flattened, shown, unbounded
from autograd.explaining.gradient_flow import Flow, Origin, culprits, is_zero, magnitude
from autograd.explaining.path_sums import Path, count_paths
from autograd.explaining.staleness import changed_since

__all__ = ["DIGITS", "Finding", "of_gradient", "of_outsider", "of_result"]

HUGE: Final = 1e4  # from this size on a gradient is remarkable
TINY: Final = 1e-4
CANCELLED: Final = 1e-3  # of the largest message: what is left is a small difference
SHARE: Final = 0.5  # of the orders of magnitude of a product: one factor accounts for it

# Reasons for a zero that are wrong where the zero hides an infinity.
OF_ZERO: Final = frozenset(["cancelling", "flat", "saturated", "underflow", "zero_factor"])

DIGITS: Final = 6  # of factors and products
EXAMINED: Final = 5  # of the places where operations of one kind begin the same trouble
MAX_LISTED: Final = 6  # leaves


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason. Its remedy is for the case that the gradient is not as it is meant to be.

    kind: one word for it, a key of `autograd.explaining.diagnoses.REMEDIES`, such as "dead_relu".
    why: a sentence with the operation, its operands and its numbers. node: where it begins; None
    where there is no such place. paths: the way from the explained value through that place to the
    result (the two that cancel, if they do). count: in how many places the same begins.
    """

    kind: str
    why: str
    node: Value | None
    paths: tuple[Path, ...] = ()
    count: int = 1

    @property
    def remedy(self) -> str:
        """What to do, unless the gradient is as it should be."""
        return REMEDIES[self.kind]

    @property
    def path(self) -> Path | None:
        """The first of its paths."""
        return self.paths[0] if self.paths else None

    @property
    def line(self) -> str | None:
        """The file and line that made `node`, if that was inside `record_lines`."""
        return None if self.node is None else self.node.line


Analysis = tuple[list[str], list[Finding]]  # the question's own lines, and the findings


# -- the three questions ---------------------------------------------------------------------------


def of_gradient(graph: Flow, value: Value) -> Analysis:
    """Why the gradient of the root with respect to a value below it is what it is."""
    gradient = graph.arrives_at(value)
    bad = _badness(gradient)
    misleading = graph.undecided([value]) if math.isfinite(gradient) else []
    chance = _by_chance(graph, [(value, place) for place in misleading])
    findings = _found(graph, [value], bad) if bad else _ordinary(graph, value)
    findings = chance + _but_those_at(chance, findings)
    findings += _bookkeeping(graph, value)
    findings += _changed(graph, value)
    pairs = zip(graph.nodes, graph.dependents([value]), strict=True)
    findings += _copies(graph, [x for x, depends in pairs if depends and x is not graph.root])
    if not math.isfinite(graph.root.data):
        findings += _bad_numbers(graph)
    head = f"{graph.derivative(value)} = {number(gradient + 0.0)}"  # -0 is 0
    return [head], findings


def _badness(gradient: float) -> Callable[[float], bool] | None:
    return next((bad for bad in (math.isnan, math.isinf, is_zero) if bad(gradient)), None)


def of_outsider(graph: Flow, value: Value, variables: list[Value]) -> Analysis:
    """Why no path leads from the value to the root."""
    if any(x is graph.root for x in topological_order(value)):
        name, root = graph.name(value), graph.name(graph.root)
        raise ValueError(
            f"explain({name}, {root}): {name} was computed from {root}, not the other way round; "
            f"write explain({root}, {name})"
        )
    others = Graph(variables)
    depends = others.dependents([value])
    made = [x for x in variables if depends[others.place[id(x)]]]
    findings = _copies(graph, [value, *made])
    findings = findings or _uncounted(graph) or [_unused(graph, value)]
    return [f"{graph.derivative(value)} = 0"], findings


def of_result(graph: Flow) -> Analysis:
    """Why the root's number is NaN or infinite, and what is remarkable about all gradients."""
    root = graph.root
    head = [f"{graph.name(root)} = {number(root.data)}"]
    findings = [] if math.isfinite(root.data) else _bad_numbers(graph)
    if not root.op:
        return head, findings or _uncounted(graph) or [_no_graph(graph)]
    leaves = graph.leaves
    few = len(leaves) <= MAX_LISTED
    head[0] += f", computed from {_listed(graph, leaves) if few else plural(len(leaves), 'number')}"
    groups = [
        (bad, [leaf for leaf in leaves if bad(graph.arrives_at(leaf))])
        for bad in (math.isnan, math.isinf, is_zero)
    ]
    found: list[Finding] = []
    for word, (bad, affected) in zip(("nan", "infinite", "0"), groups, strict=True):
        if affected:
            head.append(
                f"  {plural(len(affected), 'gradient')} of {quantity(len(leaves))} "
                f"{'is' if len(affected) == 1 else 'are'} {word}: {_listed(graph, affected)}"
            )
            found += _found(graph, affected, bad)
    misleading = graph.undecided() if math.isfinite(root.data) else []
    chance = _by_chance(graph, [(place.steep.parent, place) for place in misleading])
    findings += chance + _but_those_at(chance, found)
    rest = [x for x in leaves if not _badness(graph.arrives_at(x))]
    findings += _extremes(graph, rest)
    if root.grad == 0.0:
        findings += _bookkeeping(graph, root)
    findings += _changed(graph, root)
    findings += _copies(graph, [node for node in graph.nodes if node.op and node is not root])
    return head, findings


def _extremes(graph: Flow, leaves: Sequence[Value]) -> list[Finding]:
    """What is remarkable about the largest and the smallest of these gradients."""
    findings = []
    if leaves:
        sizes = sorted((abs(graph.arrives_at(leaf)), i) for i, leaf in enumerate(leaves))
        for size, i in dict.fromkeys((sizes[-1], sizes[0])):
            if size >= HUGE or size <= TINY:
                findings += _ordinary(graph, leaves[i])
    return findings


# -- gradients that are 0, NaN or infinite ---------------------------------------------------------


def _found(graph: Flow, starts: Sequence[Value], bad: Callable[[float], bool]) -> list[Finding]:
    """The reasons why the adjoints of these nodes are bad."""
    explained = {is_zero: _zero, math.isnan: _nan, math.isinf: _infinite}[bad]
    groups: dict[str, list[Origin]] = {}
    for origin in graph.origins(starts, bad):
        groups.setdefault(origin.edge.output.op if origin.edge else "", []).append(origin)
    findings: list[Finding] = []
    infinite: list[Value] = []
    for group in groups.values():
        ones = [finding for origin in group[:EXAMINED] for finding in explained(graph, origin)]
        places = {id(origin.edge.output if origin.edge else origin.node) for origin in group}
        more = len(places) - len({id(finding.node) for finding in ones})
        findings += [replace(ones[0], count=1 + max(0, more)), *ones[1:]]
        infinite += [x for origin in group[:EXAMINED] for x in _infinite_node(origin, bad)]
    return findings + (_found(graph, infinite, math.isinf) if infinite else [])


def _infinite_node(origin: Origin, bad: Callable[[float], bool]) -> list[Value]:
    """The node whose infinite adjoint became NaN here, if one did."""
    if bad is not math.isnan:
        return []
    if origin.edge is None:
        return [origin.node]
    return [origin.edge.output] if origin.edge.partial == 0.0 else []


def _by_chance(graph: Flow, places: Sequence[tuple[Value, Undecided]]) -> list[Finding]:
    """Zeros that happen to be some just here, and hide infinite local derivatives on the way to
    these nodes."""
    found: list[Finding] = []
    for value, place in places[:EXAMINED]:
        why = place.sentence(graph.made, lambda node: shown(node, graph.name))
        way = [*graph.way_between(value, place.steep.parent), place.steep, *place.above]
        path = graph.path([*way, *graph.way_up(way[-1].output)])
        node = way[-1].parent if place.cancelling else way[-1].output
        found.append(Finding("undecided", why, node, (path,)))
    if len(places) > EXAMINED:
        found[0] = replace(found[0], count=1 + len(places) - EXAMINED)
    return found


def _but_those_at(chance: Sequence[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """Without the reasons for a zero of which more has been said."""
    places = {id(finding.node) for finding in chance}
    return [x for x in findings if x.kind not in OF_ZERO or id(x.node) not in places]


def _zero(graph: Flow, origin: Origin) -> list[Finding]:
    edge = origin.edge
    if edge is None:
        return [_cancelling(graph, origin.node, origin.way)]
    path = graph.path_through(origin)
    if edge.partial == 0.0:
        above = graph.way_up(edge.output)
        return [Finding(*blocked(edge, graph.name, above), edge.output, (path,))]
    exponent = sum(map(magnitude, path.factors)) / math.log(10.0)
    why = (
        f"the product along the path, of {plural(len(path.factors), 'factor')}, is about "
        f"1e{exponent:.0f}; between 5e-324 and 0 there is no double"
    )
    return [Finding("underflow", why, edge.output, (path,))]


def _cancelling(graph: Flow, node: Value, way: Sequence[Edge]) -> Finding:
    """Messages to a node that add up to nothing, or next to nothing."""
    consumers = graph.consumers(node)
    ends = max(consumers, key=graph.sent), min(consumers, key=graph.sent)
    most, least = (number(graph.sent(edge), DIGITS) for edge in ends)
    rest = len(consumers) - 2
    many = "one more message" if rest == 1 else plural(rest, "more message")
    more = f" and {many}" if rest > 0 else ""
    total = number(graph.arrives_at(node), DIGITS)
    why = f"{graph.name(node)} gets {most} and {least}{more}, which add up to {total}"
    ways = [graph.path([*way, edge, *graph.way_up(edge.output)]) for edge in ends]
    return Finding("cancelling", why, node, tuple(ways))


def _nan(graph: Flow, origin: Origin) -> list[Finding]:
    edge = origin.edge
    if edge is not None and edge.partial != 0.0:
        return _steep(graph, origin, edge)
    path = graph.path_through(origin)
    if edge is None:
        why = f"{graph.name(origin.node)} gets inf and -inf, whose sum is nan"
        return [Finding("infinity_minus_infinity", why, origin.node, (path,))]
    why = (
        f"{graph.name(edge.output)} gets {number(graph.arrives_at(edge.output))} and has slope 0 "
        f"in {graph.name(edge.parent)}: inf × 0 is nan"
    )
    return [Finding("zero_times_infinity", why, edge.output, (path,))]


def _infinite(graph: Flow, origin: Origin) -> list[Finding]:
    if origin.edge is not None and not math.isfinite(origin.edge.partial):
        return _steep(graph, origin, origin.edge)
    return [_product(graph, graph.path_through(origin), growing=True)]


def _steep(graph: Flow, origin: Origin, edge: Edge) -> list[Finding]:
    """An edge whose local derivative is infinite or NaN: by a number, or by its place."""
    path = graph.path_through(origin)
    ways = culprits(edge.output)
    if not ways:
        return [Finding(*unbounded(edge, graph.name), edge.output, (path,))]
    return [Finding(*born(way[-1], graph.name), way[-1], (path,)) for way in ways]


# -- numbers that are NaN or infinite --------------------------------------------------------------


def _bad_numbers(graph: Flow) -> list[Finding]:
    """Why the result is NaN or infinite."""
    findings = []
    for way in culprits(graph.root):
        upwards = [
            next(edge for edge in graph.consumers(below) if edge.output is above)
            for above, below in pairwise(way)
        ]
        path = graph.path(upwards[::-1])
        findings.append(Finding(*born(way[-1], graph.name), way[-1], (path,)))
    return findings


# -- gradients that are huge, tiny or less than they seem ------------------------------------------


def _ordinary(graph: Flow, value: Value) -> list[Finding]:
    """What is remarkable about a gradient that is neither 0 nor infinite nor NaN."""
    size = abs(graph.arrives_at(value))
    way = graph.way_up(value)
    if size >= HUGE:
        if math.log(size) - graph.logarithm(value) > math.log(HUGE) / 2:
            return [_many_paths(graph, value)]
        return [_product(graph, graph.path(way), growing=True)]
    cancelled = _nearly_cancelling(graph, value, way)
    if cancelled is not None:
        return [cancelled]
    flat = [(abs(edge.partial), edge) for edge in way if flattened(edge, graph.name)]
    if flat:
        edge = min(flat, key=lambda pair: pair[0])[1]
        cause = flattened(edge, graph.name)
        return [Finding(*cause, edge.output, (graph.path(way),))] if cause else []
    return [_product(graph, graph.path(way), growing=False)] if size <= TINY else []


def _nearly_cancelling(graph: Flow, value: Value, way: Sequence[Edge]) -> Finding | None:
    """The first node on the way up that keeps next to nothing of what it gets."""
    for i, node in enumerate([value, *[edge.output for edge in way]]):
        sent = [graph.sent(edge) for edge in graph.consumers(node)]
        left = abs(graph.arrives_at(node))
        if sent and left < CANCELLED * min(max(sent), -min(sent)):
            return _cancelling(graph, node, way[:i])
    return None


def _product(graph: Flow, path: Path, growing: bool) -> Finding:
    """Why a product is huge, or tiny: one factor, or many."""
    sign = 1.0 if growing else -1.0
    sizes = [sign * magnitude(factor) for factor in path.factors]
    pushing = [(size, i) for i, size in enumerate(sizes) if size > 0.0]
    if not pushing:
        return _many_paths(graph, path.nodes[0])
    top = sorted(pushing, reverse=True)[:3]
    if top[0][0] > SHARE * sum(size for size, _ in pushing):
        return _one_factor(graph, path, top[0][1], growing)
    mean = math.exp(sign * sum(size for size, _ in pushing) / len(pushing))
    largest = ", ".join(_slope(graph, path, i) for _, i in top)
    side, extreme = ("above", "largest") if growing else ("below", "smallest")
    share = "all" if len(pushing) == len(sizes) else f"{quantity(len(pushing))} of the"
    why = (
        f"{share} {plural(len(sizes), 'factor')} along the path are {side} 1 in size, "
        f"{number(mean, 4)} on geometric average; the {extreme}: {largest}"
    )
    node = path.nodes[top[0][1] + 1]
    return Finding("exploding" if growing else "vanishing", why, node, (path,))


def _one_factor(graph: Flow, path: Path, i: int, growing: bool) -> Finding:
    node = path.nodes[i + 1]
    operands = ", ".join(
        dict.fromkeys(shown(x, graph.name) for x in node.inputs[:MAX_LISTED] if type(x) is Value)
    )
    made = formula(node, graph.name)
    why = f"{_slope(graph, path, i)} accounts for most of it: {made} with {operands}"
    return Finding("large_factor" if growing else "small_factor", why, node, (path,))


def _slope(graph: Flow, path: Path, i: int) -> str:
    below, above = path.nodes[i : i + 2]
    slope = f"{PARTIAL}{term(graph.name(above))}/{PARTIAL}{term(graph.name(below))}"
    return f"{slope} = {number(path.factors[i], 4)}"


def _many_paths(graph: Flow, value: Value) -> Finding:
    count = plural(count_paths(graph.root, value), "path")
    path = graph.path(graph.way_up(value))
    why = f"{count} add up, though none contributes more than {number(abs(path.product), 6)}"
    return Finding("many_paths", why, value, (path,))


# -- what .grad holds ------------------------------------------------------------------------------


def _bookkeeping(graph: Flow, value: Value) -> list[Finding]:
    """Where `.grad` is not what one backward pass from the root gives."""
    held, seed = value.grad, graph.root.grad
    gradient = graph.arrives_at(value)
    due = gradient * seed
    name, root = graph.name(value), graph.name(graph.root)
    if seed == 0.0:
        if gradient == 0.0 and held == 0.0:
            return []
        why = f"{root}.grad is 0: no backward() since it was computed, or since zero_grad()"
        why += "" if value is graph.root else f"; {name}.grad is {number(held)}"
        return [Finding("no_backward", why, None)]
    if _close(held, due):
        return []
    if held == 0.0:
        why = f"{name}.grad is 0, though one pass gives {number(due)}: it was set to 0 afterwards"
        return [Finding("zeroed", why, None)]
    if value.op:
        why = f"{name}.grad is {number(held)}, from a later backward() of another result"
        return [Finding("other_pass", why, None)]
    if not math.isfinite(due):
        return []
    times = held / due if due else 0.0
    if times > 1.5 and abs(times - round(times)) < 1e-9 * times:
        what = f"{round(times)} times what one pass gives: gradients of leaves add up"
    else:
        what = f"one pass gives {number(due)}: others have added to it, or it was assigned"
    return [Finding("accumulated", f"{name}.grad is {number(held)}, {what}", None)]


def _changed(graph: Flow, value: Value) -> list[Finding]:
    """Numbers that were assigned after the graph was computed; first those of the value itself."""
    found = changed_since(graph)
    found.sort(key=lambda one: not any(x is value for x in one.suspects))
    return [
        replace(Finding("changed", one.sentence(graph.name), one.node), count=len(found))
        for one in found[:1]
    ]


def _close(a: float, b: float) -> bool:
    return (a != a and b != b) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)


# -- what the result does not depend on ------------------------------------------------------------


def _copies(graph: Flow, originals: Iterable[Value]) -> list[Finding]:
    """Leaves of the graph that look like copies of one of these numbers."""
    return [
        Finding(*cause, leaf, (graph.path(graph.way_up(leaf)),))
        for leaf, cause in likely_copies(graph.leaves, originals, graph.name)
    ]


def _uncounted(graph: Flow) -> list[Finding]:
    """Leaves that are results of operations inside no_grad()."""
    why = "{} was computed inside no_grad(): it has no history"
    return [
        Finding("no_grad", why.format(graph.name(x)), x, (graph.path(graph.way_up(x)),))
        for x in graph.leaves
        if (x.line or "").endswith(UNRECORDED)
    ]


def _unused(graph: Flow, value: Value) -> Finding:
    if not graph.root.op:
        return _no_graph(graph)
    name, root = graph.name(value), graph.name(graph.root)
    shared = [x for x in topological_order(value) if graph.holds(x) and not x.op]
    if shared:
        made = formula(value, graph.name)
        why = f"{name} = {made} is itself a result; {root} was computed from "
        return Finding("replaced", f"{why}{_listed(graph, shared)}, and not from {name}", value)
    why = f"{root} was not computed from {name}, but from {_listed(graph, graph.leaves)}"
    return Finding("unused", why, None)


def _no_graph(graph: Flow) -> Finding:
    name = graph.name(graph.root)
    why = f"{name} is a leaf: a number that was given, detached, or computed inside no_grad()"
    return Finding("no_graph", why, None)


def _listed(graph: Flow, nodes: Sequence[Value]) -> str:
    shown = ", ".join(graph.name(node) for node in nodes[:MAX_LISTED])
    more = len(nodes) - MAX_LISTED
    return f"{shown} and {quantity(more)} more" if more > 0 else shown
