"""Walks over a computation graph: floor 0, for anything that has `.parents` and `.partials`.

A node's parents are its inputs, in order, with repeats kept: `a * a` has two edges to a. No walk
recurses, so depth is no limit.

The chain rule can be read in two ways, and both are here. *Sum over paths*: the gradient of the
root with respect to a leaf is the sum, over every path from the leaf up to the root, of the product
of the local derivatives along it (Bauer, "Computational graphs and rounding error", 1974).
*Backpropagation*: send adjoint x local derivative down every edge once, in topological order. They
give the same number; the second does not pay for the number of paths, which grows exponentially
with depth. `paths` shows the first for one leaf, and `edge_visits` counts for all leaves what it
would cost.

Where infinities meet zeros the two can differ, since inf x (1 - 1) is not inf - inf. A product here
keeps the engine's two rules, along its own path: an adjoint of exactly 0 passes nothing, and
neither does a selection to the input it did not take. The total is always the engine's, and the
text says where the products do not add up to it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from autograd.engine.text import ELLIPSIS, names, number, plural, quantity

__all__ = [
    "Edge",
    "EdgeVisits",
    "Path",
    "Paths",
    "adjoints",
    "count_paths",
    "edge_visits",
    "edges",
    "message",
    "nodes_between",
    "path_along",
    "paths",
    "product_text",
    "route_text",
    "topological_order",
]

MAX_STEPS = 1_000_000  # edges that `paths` writes down altogether, however high its limit

EN_DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
PARTIAL = "\N{PARTIAL DIFFERENTIAL}"


class Node(Protocol):
    """What a walk needs of a node."""

    @property
    def parents(self) -> Sequence[Any]: ...

    @property
    def partials(self) -> Sequence[float]: ...


N = TypeVar("N", bound=Node)


class Edge(NamedTuple):
    """One input of one node: `partial` is d output / d parent through this input alone."""

    output: Any
    position: int
    parent: Any
    partial: float


def topological_order(root: N) -> list[N]:
    """Every node below the root once, inputs before what is made of them, the root last.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(1.0, "b")
    >>> [node.data for node in topological_order((a + b) * (b + 1))]
    [2.0, 1.0, 3.0, 2.0, 6.0]
    """
    order: list[N] = []
    seen = {id(root)}
    stack: list[tuple[N, Iterator[N]]] = [(root, iter(root.parents))]
    while stack:
        node, rest = stack[-1]
        for parent in rest:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            stack.pop()
    return order


def edges(root: Node) -> list[Edge]:
    """Every edge below the root, by output in topological order, then by position.

    >>> from autograd import Value
    >>> a = Value(3.0)
    >>> [(edge.position, edge.partial) for edge in edges(a * a)]
    [(0, 3.0), (1, 3.0)]
    """
    return [edge for node in topological_order(root) for edge in _edges_of(node)]


def _edges_of(node: Node) -> Iterator[Edge]:
    pairs = zip(node.parents, node.partials, strict=True)
    return (Edge(node, i, parent, partial) for i, (parent, partial) in enumerate(pairs))


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a leaf up to the root.

    nodes: from the leaf to the root. factors: the local derivative of each step, one fewer than
    nodes. positions: which input of the next node each step enters by (from 0). product: of all the
    factors, by the engine's rules: 0 where nothing passes, even next to an infinity or NaN.
    """

    nodes: tuple[Any, ...]
    factors: tuple[float, ...]
    positions: tuple[int, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Paths:
    """The gradient of a root with respect to one node below it, as a sum over paths.

    rows: the paths written down, all of them if `complete`. total: d root / d leaf, bit for bit
    what `root.backward()` adds to `leaf.grad`. count: how many paths there are, exactly.
    path_steps: the edges one walks over when every path is followed on its own; edges: those that
    backpropagation walks over, once each.
    """

    root: Any
    leaf: Any
    rows: tuple[Path, ...]
    total: float
    count: int
    path_steps: int
    edges: int

    @property
    def complete(self) -> bool:
        """Whether every path is among the rows."""
        return len(self.rows) == self.count

    @property
    def saved(self) -> int:
        """How many edge visits backpropagation saves on the way to this leaf."""
        return self.path_steps - self.edges

    def __str__(self) -> str:
        name = names(topological_order(self.root))
        leaf = name.get(id(self.leaf)) or next(iter(names([self.leaf]).values()))
        root = name[id(self.root)]
        derivative = f"{PARTIAL}{root}/{PARTIAL}{leaf}"
        if not self.count:
            return f"no path leads from {leaf} to {root}: {derivative} = 0"
        lines = [f"{plural(self.count, 'path')} from {leaf} to {root}"]
        repeated: dict[int, set[int]] = {}
        routes = [route_text(row, name, repeated) for row in self.rows]
        width = max(map(len, routes), default=0)
        lines += [
            f"  {route:<{width}}  {product_text(row)}{_why_nothing_passes(row, name)}"
            for route, row in zip(routes, self.rows, strict=True)
        ]
        if not self.complete:
            lines.append(f"  {ELLIPSIS} and {quantity(self.count - len(self.rows))} more")
        lines += self._sum(derivative, name)
        if self.saved:
            lines.append(
                f"  one by one, the paths walk {plural(self.path_steps, 'edge')}; "
                f"backpropagation walks {quantity(self.edges)}, each once"
            )
        return "\n".join(lines)

    def _sum(self, derivative: str, name: dict[int, str]) -> list[str]:
        products = [row.product for row in self.rows]
        shown = self.complete and 1 < self.count <= 6
        terms = " + ".join(map(_factor, products)) + " = " if shown else ""
        found = sum(products)
        if not self.complete or _agree(found, self.total, products):
            return [f"  sum over all paths: {terms}{number(self.total)} = {derivative}"]
        reason = f"adds up at each node before it goes on{self._where_nothing_is_left(name)}"
        return [
            f"  sum over all paths: {terms}{number(found)}",
            f"  {derivative} = {number(self.total)}: backpropagation {reason}",
        ]

    def _where_nothing_is_left(self, name: dict[int, str]) -> str:
        adjoint = adjoints(self.root, self.leaf)
        for row in self.rows:
            for node, factor in zip(row.nodes[1:], row.factors, strict=True):
                if adjoint[id(node)] == 0.0 and not math.isfinite(factor):
                    return f"; {name[id(node)]} gets 0 in all, and passes nothing"
        return ""

    def __repr__(self) -> str:
        written = "" if self.complete else f", {len(self.rows):,} of them written down"
        return f"<Paths: {plural(self.count, 'path')}{written}, total {number(self.total)}>"


def route_text(row: Path, name: dict[int, str], repeated: dict[int, set[int]]) -> str:
    """`b–c–e`; where a node has the same parent twice, by which input: `a–e (input 2)`."""
    parts = [name[id(row.nodes[0])]]
    for node, parent, position in zip(row.nodes[1:], row.nodes, row.positions, strict=False):
        if id(node) not in repeated:
            repeated[id(node)] = _repeated(node.parents)
        twice = id(parent) in repeated[id(node)]
        parts.append(name[id(node)] + (f" (input {position + 1})" if twice else ""))
    return EN_DASH.join(_middle_out(parts))


def _repeated(nodes: Sequence[Any]) -> set[int]:
    return {key for key, times in Counter(map(id, nodes)).items() if times > 1}


def product_text(row: Path, digits: int = 12) -> str:
    """`1 × (-2) = -2`; the number alone where there is one factor."""
    product = number(row.product + 0.0, digits)  # -0 is 0
    if len(row.factors) < 2:
        return product
    factors = [_factor(x, digits) for x in row.factors]
    return f"{f' {TIMES} '.join(_middle_out(factors))} = {product}"


def _factor(x: float, digits: int = 12) -> str:
    text = number(x, digits)
    return f"({text})" if text.startswith("-") else text


def _why_nothing_passes(row: Path, name: dict[int, str]) -> str:
    """Which rule made a product 0 that ordinary multiplication would make NaN."""
    adjoint = 1.0
    steps = zip(row.nodes[-2::-1], row.nodes[:0:-1], row.factors[::-1], strict=True)
    for parent, node, factor in steps:
        sent = message(adjoint, factor, node)
        if math.isnan(adjoint * factor) and sent == 0.0:
            if adjoint == 0.0:
                return f"  (nothing arrives at {name[id(node)]})"
            return f"  ({node.op} passes nothing to {name[id(parent)]})"
        adjoint = sent
    return ""


def _agree(found: float, total: float, terms: Sequence[float]) -> bool:
    if not (math.isfinite(found) and math.isfinite(total)):
        return found == total or (math.isnan(found) and math.isnan(total))
    return abs(found - total) <= 1e-9 * sum(map(abs, terms)) + 1e-300


def _middle_out(parts: list[str]) -> list[str]:
    return parts if len(parts) <= 12 else [*parts[:6], ELLIPSIS, *parts[-5:]]


def paths(root: N, leaf: N, limit: int = 1000) -> Paths:
    """Every path from `leaf` up to `root`, its product, and the total: the gradient of the root.

    At most `limit` paths are written down (fewer if they are very long); `count` and `total` are
    exact whatever the number, and take one walk over the graph. Nothing in the graph is changed.
    `leaf` may be any node; where no path leads from it, the total is 0.

    Raises TypeError if root or leaf is not a node of a graph, ValueError for a negative limit.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(1.0, "b")
    >>> c = a + b; c.label = "c"
    >>> d = b + 1; d.label = "d"
    >>> e = c * d; e.label = "e"
    >>> print(paths(e, b))
    2 paths from b to e
      b–c–e  1 × 2 = 2
      b–d–e  1 × 3 = 3
      sum over all paths: 2 + 3 = 5 = ∂e/∂b
    """
    for role, node in (("root", root), ("leaf", leaf)):
        if not hasattr(node, "parents") or not hasattr(node, "partials"):
            raise TypeError(f"paths needs a Value as its {role}, got {type(node).__name__}")
    if limit < 0:
        raise ValueError(f"limit is the number of paths to write down, from 0; got {limit}")
    order = topological_order(root)
    between = nodes_between(order, leaf)
    count, path_steps, edge_count = _counts(order, between, leaf)
    rows = tuple(_enumerated(root, leaf, between, limit)) if count else ()
    total = adjoints(root, leaf).get(id(leaf), 0.0)
    return Paths(root, leaf, rows, total, count, path_steps, edge_count)


def count_paths(root: N, leaf: N) -> int:
    """How many paths lead from `leaf` up to `root`, exactly, in one walk over the graph.

    >>> from autograd import Value
    >>> x = y = Value(1.0)
    >>> for _ in range(100):
    ...     y = y * y
    >>> count_paths(y, x) == 2**100
    True
    """
    order = topological_order(root)
    return _counts(order, nodes_between(order, leaf), leaf)[0]


def nodes_between(order: Sequence[Node], leaf: Node) -> set[int]:
    """The ids of the nodes that lie on some path from the leaf to the root, both included."""
    found: set[int] = set()
    for node in order:
        if node is leaf or any(id(parent) in found for parent in node.parents):
            found.add(id(node))
    return found


def _counts(order: Sequence[Node], between: set[int], leaf: Node) -> tuple[int, int, int]:
    """The number of paths, their lengths added up, and the edges that lie on any of them.

    A node that n paths reach from the root, of total length s, hands (n, s + n) to each of its
    inputs.
    """
    if id(leaf) not in between:
        return 0, 0, 0
    edge_count = 0
    reached = {id(order[-1]): (1, 0)}
    for node in reversed(order):
        if id(node) not in between or node is leaf:
            continue
        count, length = reached.pop(id(node))
        for parent in node.parents:
            if id(parent) in between:
                edge_count += 1
                n, s = reached.get(id(parent), (0, 0))
                reached[id(parent)] = (n + count, s + length + count)
    return *reached[id(leaf)], edge_count


def _enumerated(root: Node, leaf: Node, between: set[int], limit: int) -> Iterator[Path]:
    """The first paths, in the order of the inputs. Every branch followed ends at the leaf."""
    if root is leaf:
        yield path_along(root, [])
    taken: list[Edge] = []
    stack = [_edges_of(root)]
    written = steps = 0
    while stack and written < limit and steps < MAX_STEPS:
        edge = next(stack[-1], None)
        if edge is None:
            stack.pop()
            del taken[-1:]
        elif edge.parent is leaf:
            path = [*taken, edge]
            yield path_along(root, path)
            written, steps = written + 1, steps + len(path)
        elif id(edge.parent) in between:
            taken.append(edge)
            stack.append(_edges_of(edge.parent))


def path_along(root: Any, downwards: Sequence[Edge]) -> Path:
    """The path of these edges, which lead from the root down."""
    product = 1.0
    for edge in downwards:
        product = message(product, edge.partial, edge.output)
    upwards = downwards[::-1]
    return Path(
        nodes=(*[edge.parent for edge in upwards], root),
        factors=tuple([edge.partial for edge in upwards]),
        positions=tuple([edge.position for edge in upwards]),
        product=product,
    )


def adjoints(root: Any, leaf: Any = None) -> dict[int, float]:
    """Backpropagation, as far as the leaf if there is one, without touching any `.grad`: adjoints
    by id(node).

    In the order of `Value.backward`, so that every sum is rounded as it is there: a node passes its
    adjoint on when its last consumer has reported, the latest such node first.
    """
    order = topological_order(root)
    waiting = Counter(id(parent) for node in order for parent in node.parents)
    found = {id(node): 0.0 for node in order}
    found[id(root)] = 1.0
    stack = [root]
    while stack:
        node = stack.pop()
        if node is leaf:
            break
        adjoint = found[id(node)]
        for parent, partial in zip(node.parents, node.partials, strict=True):
            key = id(parent)
            found[key] += message(adjoint, partial, node)
            waiting[key] -= 1
            if not waiting[key]:
                stack.append(parent)
    return found


def message(adjoint: float, partial: float, node: Any) -> float:
    """What `node` sends to an input in backpropagation: adjoint x partial; 0 where nothing arrives,
    or where a selection did not take this input.
    """
    if adjoint == 0.0 or (
        partial == 0.0 and getattr(getattr(node, "primitive", None), "cuts", False)
    ):
        return 0.0
    return adjoint * partial


# -- what following every path would cost ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EdgeVisits:
    """What all gradients of a root cost: path by path, and by backpropagation.

    leaves: how many leaves there are. count: the paths from all of them. path_steps: the edges one
    walks over when each path is followed on its own; edges: those of the graph, which
    backpropagation walks over once each. busiest: the edge on the most paths, and busiest_visits
    how many those are; None and 0 where there is no edge, or where they are beyond 2**53.
    """

    root: Any
    leaves: int
    count: int
    path_steps: int
    edges: int
    busiest: Edge | None
    busiest_visits: int

    @property
    def saved(self) -> int:
        """How many edge visits backpropagation saves."""
        return self.path_steps - self.edges

    def __str__(self) -> str:
        name = names(topological_order(self.root))
        walked = plural(self.path_steps, "edge")
        if self.busiest is not None and self.busiest_visits > 1:
            ends = name[id(self.busiest.parent)], name[id(self.busiest.output)]
            walked += f", {EN_DASH.join(ends)} {plural(self.busiest_visits, 'time')}"
        return (
            f"{plural(self.count, 'path')} from {_leaves(self.leaves)} to {name[id(self.root)]}\n"
            f"  one by one, the paths walk {walked}\n"
            f"  backpropagation walks {plural(self.edges, 'edge')}, each once"
        )


def _leaves(count: int) -> str:
    return "1 leaf" if count == 1 else f"{quantity(count)} leaves"


def edge_visits(root: Node) -> EdgeVisits:
    """How many edges the paths from all leaves walk over, against backpropagation's once each.

    Exact, and without following any path: one walk over the graph.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(1.0, "b")
    >>> c = a + b; c.label = "c"
    >>> d = b + 1; d.label = "d"
    >>> e = c * d; e.label = "e"
    >>> print(edge_visits(e))
    3 paths from 2 leaves to e
      one by one, the paths walk 6 edges, c–e 2 times
      backpropagation walks 5 edges, each once
    """
    order = topological_order(root)
    reached = {id(root): (1, 0)}
    leaves = count = path_steps = edge_count = 0
    for node in reversed(order):
        n, s = reached.pop(id(node))
        if not node.parents:
            leaves, count, path_steps = leaves + 1, count + n, path_steps + s
        for parent in node.parents:
            edge_count += 1
            old_n, old_s = reached.get(id(parent), (0, 0))
            reached[id(parent)] = (old_n + n, old_s + s + n)
    busiest, visits = _busiest(order) if path_steps < 2**53 else (None, 0)
    return EdgeVisits(root, leaves, count, path_steps, edge_count, busiest, visits)


def _busiest(order: Sequence[Node]) -> tuple[Edge | None, int]:
    """The edge on the most paths: those from below to its parent, times those from its output."""
    below: dict[int, int] = {}
    for node in order:
        below[id(node)] = sum(below[id(parent)] for parent in node.parents) or 1
    above = {id(order[-1]): 1}
    found, most = None, 0
    for node in reversed(order):
        for edge in _edges_of(node):
            key = id(edge.parent)
            above[key] = above.get(key, 0) + above[id(node)]
            visits = above[id(node)] * below[key]
            if visits > most:
                found, most = edge, visits
    return found, most
