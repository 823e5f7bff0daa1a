"""explain: why a gradient is what it is.

A gradient is a sum over paths, too many to look at one by one. `origins` finds the operations in
which a zero, an infinity or a NaN begins, `causes` explains each of them, and here the reasons are
put together, the gradient compared with what `.grad` holds, and all of it written down.

A Value does not know what was computed from it. `explain(w)` therefore looks for a result among the
variables of its caller, whose names also serve where a label is missing.
"""

from __future__ import annotations

import inspect
import linecache
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import FrameType
from typing import Any, Final

from autograd.engine.graph import (
    PARTIAL,
    Edge,
    Path,
    count_paths,
    nodes_between,
    paths,
    product_text,
    route_text,
    topological_order,
)
from autograd.engine.primitives import describe
from autograd.engine.text import (
    ELLIPSIS,
    formula,
    number,
    place,
    plural,
    printable,
    quantity,
    wrapped,
)
from autograd.engine.value import UNRECORDED, Value
from autograd.explaining.diagnoses import (
    REMEDIES,
    Cause,
    blocked,
    born,
    flattened,
    shown,
    unbounded,
)
from autograd.explaining.gradient_flow import Flow, Origin, culprits, is_zero, magnitude

__all__ = ["Explanation", "Finding", "explain", "explanation"]

HUGE: Final = 1e4  # from this size on a gradient is remarkable
TINY: Final = 1e-4
CANCELLED: Final = 1e-3  # of the largest message: what is left is a small difference
SHARE: Final = 0.5  # of the orders of magnitude of a product: one factor accounts for it

DIGITS: Final = 6  # of factors and products
EXAMINED: Final = 5  # of the places where operations of one kind begin the same trouble
MAX_LISTED: Final = 6  # leaves, results
MAX_PATHS: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason. Its remedy is for the case that the gradient is not as it is meant to be.

    kind: one word for it, a key of `autograd.explaining.diagnoses.REMEDIES`, such as "dead_relu".
    why: a sentence with the operation, its operands and its numbers. node: where it begins; None
    where there is no such place. paths: the way from the explained value through that place to the
    result (the two
    that cancel, if they do). count: in how many places the same begins.
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


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `explain` found. As text (`str`, `print`, in a notebook) it is for people to read;
    `text` is the same with every reason on one line, however long.

    value, root: whose gradient it is, and of which result. gradient: d root / d value, by one pass
    over the graph as it is, whatever `.grad` holds. findings: the reasons, the most important one
    first; none where nothing is remarkable. `kind`, `path` and `line` are those of the first
    finding, "ordinary" and the strongest path where there is none.
    """

    value: Value
    root: Value
    gradient: float
    findings: tuple[Finding, ...]
    text: str
    _strongest: Path | None

    @property
    def kind(self) -> str:
        """One word for the main reason, such as "dead_relu"; "ordinary" where there is none."""
        return self.findings[0].kind if self.findings else "ordinary"

    @property
    def path(self) -> Path | None:
        """The path that the main reason is about; None where there is none."""
        return self.findings[0].path if self.findings else self._strongest

    @property
    def line(self) -> str | None:
        """The file and line where the main reason begins, as far as recorded."""
        return self.findings[0].line if self.findings else None

    def __str__(self) -> str:
        return wrapped(self.text)

    __repr__ = __str__


def explain(value: Value, root: Value | None = None) -> Explanation:
    """Why the gradient of `root` with respect to `value` is zero, NaN, infinite, huge, or not what
    `value.grad` says.

    `explain(w, loss)` is about one gradient. `explain(loss, loss)` is about the result: its number,
    if that is NaN or infinite, and the gradients of all leaves. Without a root, the result is the
    one among the caller's variables that was computed from `value`; if there is none, `value` is
    itself the result. Nothing in the graph is changed.

    Raises TypeError for anything but Values, ValueError where no result can be found, or several,
    and where root and value are the wrong way round.

    >>> from autograd import Value, explain
    >>> w, x = Value(-1.5, "w"), Value(2.0, "x")
    >>> z = w * x
    >>> loss = (z.relu() - 1) ** 2
    >>> loss.backward()
    >>> print(explain(w))
    ∂loss/∂w = 0
      dead relu: v1 = relu(z) passes nothing on, because z = w * x = -3 is not above 0
        path: w–z–v1–v2–loss  2 × 0 × 1 × (-2) = 0
        remedy: smaller steps or other initial weights; leaky_relu and silu have a slope there
    """
    _check(value, "value")
    if root is not None:
        _check(root, "root")
    variables = _variables(sys._getframe(1))
    if root is None:
        root = _result(value, variables)
    return explanation(value, root, variables)


def explanation(value: Value, root: Value, variables: Mapping[str, Value]) -> Explanation:
    """`explain`, with the Values that the asker has besides, by their names."""
    besides = [x for x in [*variables.values(), value] if x is not root]
    graph = Flow(root, besides, {id(x): name for name, x in variables.items()})
    if value is root:
        return _of_result(graph)
    if not graph.holds(value):
        return _of_outsider(graph, value, list(variables.values()))
    return _of_gradient(graph, value)


def _check(given: object, role: str) -> None:
    if not isinstance(given, Value):
        raise TypeError(f"explain needs a Value as its {role}, got {describe(given)}")


# -- what the caller has ---------------------------------------------------------------------------


class _Together:
    """Several results as the inputs of one node, so that one walk goes over all of them."""

    def __init__(self, parents: Iterable[Value]) -> None:
        self.parents = tuple(parents)
        self.partials = (0.0,) * len(self.parents)


def _variables(frame: FrameType) -> dict[str, Value]:
    """The Values among the caller's variables, each once, by name; local ones first."""
    found: dict[str, Value] = {}
    seen: set[int] = set()
    for scope in (frame.f_locals, frame.f_globals):
        for name, x in list(scope.items()):
            if type(x) is Value and id(x) not in seen and not name.startswith("_"):
                seen.add(id(x))
                found[name] = x
    _forget(frame)
    return found


def _forget(frame: FrameType) -> None:
    """Before Python 3.13, looking at a function's variables leaves a copy of them in its frame,
    which would keep their graphs alive until it returns."""
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        copy = frame.f_locals
        for name in [name for name, x in copy.items() if type(x) is Value]:
            del copy[name]


def _result(value: Value, variables: dict[str, Value]) -> Value:
    """The one result among the variables that the question must be about."""
    results = {name: x for name, x in variables.items() if x.op and x is not value}
    together = _Together(results.values())
    order = topological_order(together)
    used = {id(x) for node in order if node is not together for x in node.parents}
    above = nodes_between(order, value)
    made = [x for x in results.values() if id(x) in above]
    last = {name: x for name, x in results.items() if id(x) not in used}
    found = _likely(value, last, made)
    if not found and value.op:
        return value
    found = found or {name: x for name, x in last.items() if x.grad != 0.0} or last
    if len(found) == 1:
        return next(iter(found.values()))
    what = printable(value.label or "value")
    if not found:
        raise ValueError(
            f"explain: a Value does not know what was computed from it, and no variable here holds "
            f"a result; name one, as in explain({what}, loss)"
        )
    several = ", ".join(map(printable, list(found)[:MAX_LISTED]))
    raise ValueError(
        f"explain: several results could be meant ({several}); name one, as in "
        f"explain({what}, {printable(next(iter(found)))})"
    )


def _likely(value: Value, last: dict[str, Value], made: list[Value]) -> dict[str, Value]:
    """Of the last results, those made of the value on which backward() was called; or else, those
    on which it was called and that seem to use a copy; or else, all that are made of the value."""
    called = {name: x for name, x in last.items() if x.grad != 0.0}
    ids = set(map(id, made))
    return (
        {name: x for name, x in called.items() if id(x) in ids}
        or {name: x for name, x in called.items() if _looks_cut(x, [value, *made])}
        or {name: x for name, x in last.items() if id(x) in ids}
    )


def _looks_cut(root: Value, originals: list[Value]) -> bool:
    leaves = [node for node in topological_order(root) if not node.op]
    return bool(_copied(leaves, originals, lambda node: ""))


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


def _zero(graph: Flow, origin: Origin) -> list[Finding]:
    edge = origin.edge
    if edge is None:
        return [_cancelling(graph, origin.node, origin.way)]
    path = graph.path_through(origin)
    if edge.partial == 0.0:
        return [_finding(blocked(edge, graph.name), edge.output, path)]
    exponent = sum(map(magnitude, path.factors)) / math.log(10.0)
    why = (
        f"the product along the path, of {plural(len(path.factors), 'factor')}, is about "
        f"1e{exponent:.0f}; between 5e-324 and 0 there is no double"
    )
    return [Finding("underflow", why, edge.output, (path,))]


def _cancelling(graph: Flow, node: Value, way: Sequence[Edge]) -> Finding:
    """Messages to a node that add up to nothing, or next to nothing."""
    consumers = graph.consumers[id(node)]
    ends = max(consumers, key=graph.sent), min(consumers, key=graph.sent)
    most, least = (number(graph.sent(edge), DIGITS) for edge in ends)
    more = f" and {quantity(len(consumers) - 2)} more" if len(consumers) > 2 else ""
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
        return [_finding(unbounded(edge, graph.name), edge.output, path)]
    return [_finding(born(way[-1], graph.name), way[-1], path) for way in ways]


def _finding(cause: Cause, node: Value, path: Path) -> Finding:
    return Finding(cause.kind, cause.why, node, (path,))


# -- numbers that are NaN or infinite --------------------------------------------------------------


def _bad_numbers(graph: Flow) -> list[Finding]:
    """Why the result is NaN or infinite."""
    findings = []
    for way in culprits(graph.root):
        upwards = [
            next(edge for edge in graph.consumers[id(below)] if edge.output is above)
            for above, below in pairwise(way)
        ]
        path = graph.path(upwards[::-1])
        findings.append(_finding(born(way[-1], graph.name), way[-1], path))
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
        return [_finding(cause, edge.output, graph.path(way))] if cause else []
    return [_product(graph, graph.path(way), growing=False)] if size <= TINY else []


def _nearly_cancelling(graph: Flow, value: Value, way: Sequence[Edge]) -> Finding | None:
    """The first node on the way up that keeps next to nothing of what it gets."""
    for i, node in enumerate([value, *[edge.output for edge in way]]):
        sent = [graph.sent(edge) for edge in graph.consumers[id(node)]]
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
    slope = f"{PARTIAL}{graph.name(above)}/{PARTIAL}{graph.name(below)}"
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


def _close(a: float, b: float) -> bool:
    return (a != a and b != b) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)


# -- a way that ends at a copy ---------------------------------------------------------------------


def _copies(graph: Flow, originals: Iterable[Value]) -> list[Finding]:
    """Leaves of the graph that look like copies of one of these numbers."""
    return [
        Finding(cause.kind, cause.why, leaf, (graph.path(graph.way_up(leaf)),))
        for leaf, cause in _copied(graph.leaves, originals, graph.name)
    ]


def _copied(
    leaves: Iterable[Value], originals: Iterable[Value], name: Callable[[Any], str]
) -> list[tuple[Value, Cause]]:
    by_number: dict[float, Value] = {}
    for node in originals:
        by_number.setdefault(node.data, node)
    found: list[tuple[Value, Cause]] = []
    for leaf in leaves:
        original = by_number.get(leaf.data)
        if original is None or original is leaf or len(found) == EXAMINED:
            continue
        cause = _copy(leaf, original, name)
        if cause is not None and not _selects(original, leaf):
            found.append((leaf, cause))
    return found


def _selects(original: Value, leaf: Value) -> bool:
    """Whether it has its number from the leaf, or from another input, as relu and max do."""
    same = any(x.data == original.data for x in original.parents)
    return same or any(x is leaf for x in topological_order(original))


def _copy(leaf: Value, original: Value, name: Callable[[Any], str]) -> Cause | None:
    """How sure it is, and why. A number that is written down in many places is no evidence."""
    line = leaf.line or ""
    source = _source(line)
    same = f"{name(leaf)} is a leaf with the number of {name(original)}, {number(leaf.data, 6)}"
    end = "gradients end there"
    if line.endswith(UNRECORDED):
        return Cause("no_grad", f"{same}, computed inside no_grad(): {end}")
    if ".detach(" in source:
        return Cause("detached", f"{same}, made by detach(): {end}")
    if ".data" in source:
        return Cause("copied", f"{same}, made from .data: {end}")
    if leaf.label and leaf.label == original.label:
        return Cause("detached", f"{same}, and its label: most likely made by detach(); {end}")
    if line or len(f"{abs(leaf.data):.6g}".replace(".", "").strip("0")) < 4:
        return None
    return Cause(
        "copied", f"{same}: most likely made from .data, by detach() or in no_grad(); {end}"
    )


# -- the three questions ---------------------------------------------------------------------------


def _of_gradient(graph: Flow, value: Value) -> Explanation:
    gradient = graph.arrives_at(value)
    bad = _badness(gradient)
    findings = _found(graph, [value], bad) if bad else _ordinary(graph, value)
    findings += _bookkeeping(graph, value)
    between = nodes_between(graph.order, value) - {id(graph.root)}
    findings += _copies(graph, [node for node in graph.order if id(node) in between])
    if not math.isfinite(graph.root.data):
        findings += _bad_numbers(graph)
    head = f"{graph.derivative(value)} = {number(gradient + 0.0)}"  # -0 is 0
    return _told(graph, value, [head], findings)


def _badness(gradient: float) -> Callable[[float], bool] | None:
    return next((bad for bad in (math.isnan, math.isinf, is_zero) if bad(gradient)), None)


def _of_outsider(graph: Flow, value: Value, variables: list[Value]) -> Explanation:
    """No path leads from the value to the root."""
    if any(x is graph.root for x in topological_order(value)):
        name, root = graph.name(value), graph.name(graph.root)
        raise ValueError(
            f"explain({name}, {root}): {name} was computed from {root}, not the other way round; "
            f"write explain({root}, {name})"
        )
    together = topological_order(_Together(variables))
    above = nodes_between(together, value)
    findings = _copies(graph, [value, *[x for x in variables if id(x) in above]])
    findings = findings or _uncounted(graph) or [_unused(graph, value)]
    return _told(graph, value, [f"{graph.derivative(value)} = 0"], findings)


def _uncounted(graph: Flow) -> list[Finding]:
    """Leaves that are results of operations nobody recorded."""
    return [
        Finding(
            "no_grad",
            f"{graph.name(leaf)} was computed inside no_grad(): it has no history",
            leaf,
            (graph.path(graph.way_up(leaf)),),
        )
        for leaf in graph.leaves
        if (leaf.line or "").endswith(UNRECORDED)
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


def _of_result(graph: Flow) -> Explanation:
    root = graph.root
    head = [f"{graph.name(root)} = {number(root.data)}"]
    findings = [] if math.isfinite(root.data) else _bad_numbers(graph)
    if not root.op:
        return _told(graph, root, head, findings or _uncounted(graph) or [_no_graph(graph)])
    leaves = graph.leaves
    few = len(leaves) <= MAX_LISTED
    head[0] += f", computed from {_listed(graph, leaves) if few else plural(len(leaves), 'number')}"
    groups = [
        (bad, [leaf for leaf in leaves if bad(graph.arrives_at(leaf))])
        for bad in (math.isnan, math.isinf, is_zero)
    ]
    for word, (bad, affected) in zip(("nan", "infinite", "0"), groups, strict=True):
        if affected:
            head.append(
                f"  {plural(len(affected), 'gradient')} of {quantity(len(leaves))} "
                f"{'is' if len(affected) == 1 else 'are'} {word}: {_listed(graph, affected)}"
            )
            findings += _found(graph, affected, bad)
    rest = [x for x in leaves if not _badness(graph.arrives_at(x))]
    findings += _extremes(graph, rest)
    if root.grad == 0.0:
        findings += _bookkeeping(graph, root)
    findings += _copies(graph, [node for node in graph.order if node.op and node is not root])
    return _told(graph, root, head, findings)


def _extremes(graph: Flow, leaves: Sequence[Value]) -> list[Finding]:
    """What is remarkable about the largest and the smallest of these gradients."""
    findings = []
    if leaves:
        sizes = sorted((abs(graph.arrives_at(leaf)), i) for i, leaf in enumerate(leaves))
        for size, i in dict.fromkeys((sizes[-1], sizes[0])):
            if size >= HUGE or size <= TINY:
                findings += _ordinary(graph, leaves[i])
    return findings


# -- as text ---------------------------------------------------------------------------------------


def _told(graph: Flow, value: Value, head: list[str], findings: Sequence[Finding]) -> Explanation:
    merged = _merged(findings)
    lines = list(head)
    for finding in merged:
        lines += _written(graph, finding)
    strongest = None
    if not merged and value is not graph.root:
        strongest = graph.path(graph.way_up(value))
        lines += _plain(graph, value)
    elif not merged:
        lines.append("  nothing remarkable: its gradients are neither 0 nor infinite nor NaN")
    gradient = graph.adjoint.get(id(value), 0.0)
    return Explanation(value, graph.root, gradient, merged, "\n".join(lines), strongest)


def _merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The first of each kind, with the number of places."""
    kinds: dict[str, dict[int, Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, {}).setdefault(id(finding.node), finding)
    return tuple(
        replace(next(iter(places.values())), count=sum(x.count for x in places.values()))
        for places in kinds.values()
    )


def _written(graph: Flow, finding: Finding) -> list[str]:
    lines = [f"  {finding.kind.replace('_', ' ')}: {finding.why}"]
    repeated: dict[int, set[int]] = {}
    for path in finding.paths:
        if path.factors:
            route = route_text(path, graph.names, repeated)
            lines.append(f"    path: {route}  {product_text(path, DIGITS)}")
    if finding.line:
        lines.append(f"    line: {_place(finding.line)}")
    if finding.count > 1:
        lines.append(f"    the same in {plural(finding.count - 1, 'other place')}")
    lines.append(f"    remedy: {finding.remedy}")
    return lines


def _plain(graph: Flow, value: Value) -> list[str]:
    """A gradient about which there is nothing to say but its paths."""
    found = paths(graph.root, value, MAX_PATHS)
    if found.count == 1:
        head = "  nothing remarkable: the product along the only path"
    else:
        head = f"  nothing remarkable: the sum over {plural(found.count, 'path')}"
    repeated: dict[int, set[int]] = {}
    rows = [
        f"    {route_text(row, graph.names, repeated)}  {product_text(row, DIGITS)}"
        for row in found.rows
    ]
    more = [] if found.complete else [f"    {ELLIPSIS}"]
    return [head, *rows, *more]


def _source(line: str) -> str:
    """The text of the line that `Value.line` names, if the file is there."""
    file, _, count = line.removesuffix(UNRECORDED).rpartition(", line ")
    return linecache.getline(file, int(count)).strip() if count.isdecimal() else ""


def _place(line: str) -> str:
    """Where it is and what it says."""
    source = _source(line)
    return printable(place(line), 200) + (f": {printable(source, 100)}" if source else "")
