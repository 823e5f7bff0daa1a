"""The gradient as a sum over paths, and what following every path would cost.

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
from html import escape
from typing import Any

from autograd.engine.graph import Edge, Graph, Node, edges, message_from, topological_order
from autograd.engine.text import (
    ELLIPSIS,
    EN_DASH,
    PARTIAL,
    TIMES,
    names,
    number,
    plural,
    quantity,
    term,
)
from autograd.explaining.staleness import changed_since

# `edges` and `topological_order` among them: in 0.1.0 this and the engine's graph were one module,
# whose name stands for this one in old pickles and imports.
__all__ = [
    "Edge",
    "EdgeVisits",
    "Path",
    "Paths",
    "count_paths",
    "edge_visits",
    "edges",
    "path_along",
    "paths",
    "product_text",
    "route_text",
    "topological_order",
]

IN_A_TABLE = 100  # paths that a notebook shows
WHICH_INPUT = " (input {})"
MAX_STEPS = 1_000_000  # edges that `paths` writes down altogether, however high its limit


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
        title, rows, notes = self._said()
        width = max((len(route) for route, _ in rows), default=0)
        lines = [f"  {route:<{width}}  {product}" for route, product in rows]
        return "\n".join([title, *lines, *(f"  {note}" for note in notes)])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: a table, and the same as text."""
        title, rows, notes = self._said()
        cells = "".join(
            f'<tr><td style="text-align: left">{escape(route)}</td>'
            f'<td style="text-align: left">{escape(product)}</td></tr>'
            for route, product in rows[:IN_A_TABLE]
        )
        if len(rows) > IN_A_TABLE:
            notes.insert(0, f"{ELLIPSIS} {quantity(len(rows) - IN_A_TABLE)} more in print(...)")
        said = "<br>".join(map(escape, notes))
        table = f"<table><tbody>{cells}</tbody></table>" if cells else ""
        html = f"<div><b>{escape(title)}</b>{table}{said}</div>"
        return {"text/html": html, "text/plain": str(self)}

    def _said(self) -> tuple[str, list[tuple[str, str]], list[str]]:
        """A title, each path with its product, and what is to be said of them all."""
        name = names(topological_order(self.root))
        leaf = name.get(id(self.leaf)) or next(iter(names([self.leaf]).values()))
        root = name[id(self.root)]
        derivative = f"{PARTIAL}{term(root)}/{PARTIAL}{term(leaf)}"
        if not self.count:
            return f"no path leads from {leaf} to {root}: {derivative} = 0", [], []
        repeated: dict[int, set[int]] = {}
        rows = [
            (
                route_text(row, name, repeated),
                f"{product_text(row)}{_why_nothing_passes(row, name)}",
            )
            for row in self.rows
        ]
        rest = quantity(self.count - len(self.rows))
        notes = [] if self.complete else [f"{ELLIPSIS} and {rest} more"]
        notes += self._sum(derivative, name)
        changed = changed_since(Graph([self.root]))[:1]
        notes += [one.sentence(lambda x: name[id(x)]) for one in changed]
        if self.saved:
            notes.append(
                f"one by one, the paths walk {plural(self.path_steps, 'edge')}; "
                f"backpropagation walks {quantity(self.edges)}, each once"
            )
        return f"{plural(self.count, 'path')} from {leaf} to {root}", rows, notes

    def _sum(self, derivative: str, name: dict[int, str]) -> list[str]:
        products = [row.product for row in self.rows]
        shown = self.complete and 1 < self.count <= 6
        terms = " + ".join(map(_factor, products)) + " = " if shown else ""
        found = sum(products)
        if not self.complete or _agree(found, self.total, products):
            return [f"sum over all paths: {terms}{number(self.total)} = {derivative}"]
        reason = f"adds up at each node before it goes on{self._where_nothing_is_left(name)}"
        return [
            f"sum over all paths: {terms}{number(found)}",
            f"{derivative} = {number(self.total)}: backpropagation {reason}",
        ]

    def _where_nothing_is_left(self, name: dict[int, str]) -> str:
        graph = Graph([self.root])
        adjoints = graph.adjoints()
        for row in self.rows:
            for node, factor in zip(row.nodes[1:], row.factors, strict=True):
                if adjoints[graph.place[id(node)]] == 0.0 and not math.isfinite(factor):
                    return f"; {name[id(node)]} gets 0 in all, and passes nothing"
        return ""

    def __repr__(self) -> str:
        written = "" if self.complete else f", {len(self.rows):,} of them written down"
        return f"<Paths: {plural(self.count, 'path')}{written}, total {number(self.total)}>"


def route_text(
    row: Path, name: dict[int, str], repeated: dict[int, set[int]], which: str = WHICH_INPUT
) -> str:
    """`b–c–e`; where a node has the same parent twice, by which input: `a–e (input 2)`."""
    parts = [term(name[id(row.nodes[0])])]
    for node, parent, position in zip(row.nodes[1:], row.nodes, row.positions, strict=False):
        if id(node) not in repeated:
            repeated[id(node)] = _repeated(node.parents)
        twice = id(parent) in repeated[id(node)]
        parts.append(term(name[id(node)]) + (which.format(position + 1) if twice else ""))
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
    upwards = (row.nodes[-2::-1], row.nodes[:0:-1], row.factors[::-1], row.positions[::-1])
    for parent, node, factor, position in zip(*upwards, strict=True):
        sent = message_from(node, adjoint, factor, position)
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


def paths(root: Node, leaf: Node, limit: int = 1000) -> Paths:
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
    graph = Graph([root])
    count, path_steps, edge_count = _counts(graph, [leaf])
    rows = tuple(_enumerated(graph, leaf, limit)) if count else ()
    total = graph.adjoints()[graph.place[id(leaf)]] if count else 0.0
    return Paths(root, leaf, rows, total, count, path_steps, edge_count)


def count_paths(root: Node, leaf: Node) -> int:
    """How many paths lead from `leaf` up to `root`, exactly, in one walk over the graph.

    >>> from autograd import Value
    >>> x = y = Value(1.0)
    >>> for _ in range(100):
    ...     y = y * y
    >>> count_paths(y, x) == 2**100
    True
    """
    return _counts(Graph([root]), [leaf])[0]


def _counts(graph: Graph, ends: Sequence[Any]) -> tuple[int, int, int]:
    """The number of paths from the ends up to the root, their lengths added up, and the edges that
    lie on any of them.

    A node that n paths reach from the root, of total length s, hands (n, s + n) to each of its
    inputs.
    """
    within = graph.dependents(ends)
    last = {graph.place[id(end)] for end in ends if id(end) in graph.place}
    counts, lengths = ([0] * len(within) for _ in range(2))
    counts[-1] = 1
    count = length = edge_count = 0
    for i in reversed(range(len(within))):
        n, s = counts[i], lengths[i]
        counts[i] = lengths[i] = 0  # they may have thousands of digits
        if i in last:
            count, length = count + n, length + s
        elif within[i]:
            for k in graph.inputs(i):
                if within[k]:
                    edge_count += 1
                    counts[k] += n
                    lengths[k] += s + n
    return count, length, edge_count


def _enumerated(graph: Graph, leaf: Any, limit: int) -> Iterator[Path]:
    """The first paths, in the order of the inputs. Every branch followed ends at the leaf."""
    root, end = graph.nodes[-1], graph.place[id(leaf)]
    if root is leaf:
        yield path_along(root, [])
    between = graph.dependents([leaf])
    taken: list[int] = []
    stack = [iter(graph.into(len(graph.nodes) - 1))]
    written = steps = 0
    while stack and written < limit and steps < MAX_STEPS:
        j = next(stack[-1], None)
        if j is None:
            stack.pop()
            del taken[-1:]
        elif graph.parents[j] == end:
            path = [graph.edge(step) for step in (*taken, j)]
            yield path_along(root, path)
            written, steps = written + 1, steps + len(path)
        elif between[graph.parents[j]]:
            taken.append(j)
            stack.append(iter(graph.into(graph.parents[j])))


def path_along(root: Any, downwards: Sequence[Edge]) -> Path:
    """The path of these edges, which lead from the root down."""
    product = 1.0
    for edge in downwards:
        product = message_from(edge.output, product, edge.partial, edge.position)
    upwards = downwards[::-1]
    return Path(
        nodes=(*[edge.parent for edge in upwards], root),
        factors=tuple([edge.partial for edge in upwards]),
        positions=tuple([edge.position for edge in upwards]),
        product=product,
    )


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
        leaves = plural(self.leaves, "leaf", "leaves")
        walked = plural(self.path_steps, "edge")
        if self.busiest is not None and self.busiest_visits > 1:
            ends = name[id(self.busiest.parent)], name[id(self.busiest.output)]
            walked += f", {EN_DASH.join(ends)} {plural(self.busiest_visits, 'time')}"
        return (
            f"{plural(self.count, 'path')} from {leaves} to {name[id(self.root)]}\n"
            f"  one by one, the paths walk {walked}\n"
            f"  backpropagation walks {plural(self.edges, 'edge')}, each once"
        )


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
    graph = Graph([root])
    leaves = [node for node in graph.nodes if not node.parents]
    count, path_steps, edge_count = _counts(graph, leaves)
    busiest, visits = _busiest(graph) if path_steps < 2**53 else (None, 0)
    return EdgeVisits(root, len(leaves), count, path_steps, edge_count, busiest, visits)


def _busiest(graph: Graph) -> tuple[Edge | None, int]:
    """The edge on the most paths: those from below to its parent, times those from its output."""
    from_leaves: list[int] = []
    for i in range(len(graph.nodes)):
        from_leaves.append(sum(from_leaves[k] for k in graph.inputs(i)) or 1)
    to_root = [0] * len(graph.nodes)
    to_root[-1] = 1
    found, most = None, 0
    for i in reversed(range(len(to_root))):
        for j, k in zip(graph.into(i), graph.inputs(i), strict=True):
            to_root[k] += to_root[i]
            visits = to_root[i] * from_leaves[k]
            if visits > most:
                found, most = j, visits
    return None if found is None else graph.edge(found), most
