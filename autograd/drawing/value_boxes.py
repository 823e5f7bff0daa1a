"""A box per Value and an arrow per input: what they say at each level of detail."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from autograd.drawing.backward_pass import BackwardPass
from autograd.drawing.dot_language import Line, isolated
from autograd.drawing.number_text import MINUS, equation, figure, signed, spelled
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.engine.graph import PARTIAL, TIMES, Edge, edges
from autograd.engine.text import ELLIPSIS, formula, names, plural, printable

__all__ = [
    "NAME_WIDTH",
    "DrawnGraph",
    "about",
    "grad_line",
    "near",
    "picture_of_values",
    "small_box",
    "value_line",
]

NAME_WIDTH = 24  # characters of a label
FORMULA_WIDTH = 34  # of a line of a formula
FORMULA_LINES = 3
MEDIUM_FORMULA = 24  # a longer formula is only named by its operation, where space is short
LEAVES = 4  # in a summary
BACKWARD_NOT_RUN = "backward() has not run here: grad is what it would give"


class DrawnGraph:
    """The graph below a root, with everything that its pictures say about it.

    parameters: id(node) -> qualified name, of the leaves that are known to be parameters.
    """

    def __init__(self, order: Sequence[Any], parameters: Mapping[int, str]) -> None:
        self.order = order
        self.root = order[-1]
        self.parameters = parameters
        self.back = BackwardPass(order)
        self.links = self.back.links
        self.name: dict[int, str] = {
            key: isolated(text) for key, text in names(order, NAME_WIDTH).items()
        }

    @cached_property
    def edges(self) -> list[Edge]:
        """As `graph.edges` has them, for a picture that has an arrow for each."""
        return edges(self.root)

    @cached_property
    def arrivals(self) -> dict[int, list[float]]:
        """The messages that add up to each gradient, in the order of the picture."""
        found: dict[int, list[float]] = {}
        for edge in self.edges:
            found.setdefault(id(edge.parent), []).append(self.back.sent(edge))
        return found

    def kind(self, node: Any) -> str:
        if node is self.root:
            return "output"
        if node.parents:
            return "value"
        return "parameter" if id(node) in self.parameters else "input"

    def short_name(self, node: Any) -> str:
        """`w1` of `layer0.neuron2.w1`: enough on an arrow, which begins at the box of that name."""
        qualified = self.parameters.get(id(node), "")
        if node.label == qualified and "." in qualified:
            return isolated(printable(qualified.rpartition(".")[2], NAME_WIDTH))
        return self.name[id(node)]

    def formula(self, node: Any) -> str:
        return formula(node, lambda x: self.name[id(x)], figure, MINUS)

    def gradient(self, node: Any) -> float:
        return self.back.adjoint[id(node)]

    def summary(self) -> str:
        """`5 values, 5 edges. e = 6. de/da = 2, de/db = 5.`"""
        root = self.name[id(self.root)]
        edge_count = len(self.links.sources)
        text = f"{plural(len(self.order), 'value')}, {plural(edge_count, 'edge')}."
        text += f" {root} = {spelled(self.root.data)}."
        leaves = [node for node in self.order if not node.parents and node is not self.root]
        if not leaves:
            return text
        seed = self.gradient(self.root)
        found = [
            (f"d{root}/d{name} = " if seed == 1.0 else f"{name} ") + spelled(self.gradient(leaf))
            for leaf in leaves[:LEAVES]
            for name in [self.name[id(leaf)]]
        ]
        if len(leaves) > LEAVES:
            found.append(f"and {plural(len(leaves) - LEAVES, 'more gradient')}")
        listed = ", ".join(found)
        if seed == 1.0:
            return f"{text} {listed}."
        return f"{text} Gradients: {listed}, from {root} {spelled(seed)}."

    def notes(self) -> list[str]:
        return [] if self.back.ran else [BACKWARD_NOT_RUN]


def picture_of_values(
    graph: DrawnGraph, level: str, nodes: Iterable[Any], show_constants: bool
) -> Picture:
    """Each of these nodes as a box: `level` is "full", "medium" or "small"."""
    shown = set(map(id, nodes))
    ids = {id(node): f"n{i}" for i, node in enumerate(graph.order)}
    boxes = [
        Box(ids[id(node)], lines, graph.kind(node), about(graph, node))
        for node in graph.order
        if id(node) in shown
        for lines in [BOX_LINES[level](graph, node)]
    ]
    arrows = []
    for j, edge in enumerate(graph.edges):
        if id(edge.output) in shown and id(edge.parent) in shown:
            tail, head = ids[id(edge.parent)], ids[id(edge.output)]
            lines = ARROW_LINES[level](graph, edge)
            arrows.append(Arrow(f"e{j}", tail, head, lines, about_edge(graph, edge)))
    if show_constants:
        _add_constants(graph, shown, ids, boxes, arrows)
    _add_stubs(graph, shown, ids, boxes, arrows)
    return Picture(boxes, arrows, graph.summary(), graph.notes(), ordered=level == "full")


# -- boxes -----------------------------------------------------------------------------------------


def _full_box(graph: DrawnGraph, node: Any) -> list[Line]:
    kind = graph.kind(node)
    header = [] if kind == "value" else [Line(kind, "muted", "small")]
    made = graph.formula(node)
    text = graph.name[id(node)] + (f" = {made}" if made else "")
    arrivals = graph.arrivals.get(id(node), [])
    gradient = graph.gradient(node)
    lines = [
        *header,
        *(Line(part, size="name") for part in _wrapped(text)),
        value_line(node.data),
        grad_line(gradient, equation(arrivals, "+", gradient)),
    ]
    if graph.back.holds_another(node):
        lines.append(Line(f"in .grad: {spelled(node.grad)}", "grad", "small"))
    return lines


def _medium_box(graph: DrawnGraph, node: Any) -> list[Line]:
    made = graph.formula(node)
    if len(made) > MEDIUM_FORMULA:
        made = f"{node.op} of {len(node.inputs)}"
    text = graph.name[id(node)] + (f" = {made}" if made else "")
    kind = graph.kind(node)
    header = [Line(kind, "muted", "small")] if kind in ("input", "parameter") else []
    gradient = graph.gradient(node)
    return [
        *header,
        Line(text, size="name"),
        value_line(node.data),
        grad_line(gradient, spelled(gradient)),
    ]


def small_box(graph: DrawnGraph, node: Any) -> list[Line]:
    return _medium_box(graph, node)[-3:]


def value_line(x: float) -> Line:
    return Line(f"value {spelled(x)}", "value", alarm=not math.isfinite(x))


def grad_line(x: float, text: str) -> Line:
    return Line(f"grad {text}", "grad", alarm=not math.isfinite(x))


def _wrapped(text: str) -> list[str]:
    """The text in a few lines, broken at its commas."""
    if len(text) <= FORMULA_WIDTH:
        return [text]
    lines = [""]
    for part in re.split(r"(?<=, )", text):
        if lines[-1] and len(lines[-1]) + len(part) > FORMULA_WIDTH:
            lines.append("")
        lines[-1] += part
    if len(lines) > FORMULA_LINES:
        lines[FORMULA_LINES - 1 :] = [f"{ELLIPSIS} {lines[-1]}"]
    return [line.strip() for line in lines]


def about(graph: DrawnGraph, node: Any) -> str:
    made = graph.formula(node)
    name = graph.name[id(node)] + (f" = {made}" if made else "")
    return f"{name}: value {spelled(node.data)}, gradient {spelled(graph.gradient(node))}"


# -- arrows ----------------------------------------------------------------------------------------


def _derivative(graph: DrawnGraph, edge: Edge, parent: str) -> Line:
    """`∂c/∂b = 1`; where the parent b enters c more than once, also as which input."""
    output = graph.name[id(edge.output)]
    twice = sum(other is edge.parent for other in edge.output.parents) > 1
    which = f" (input {edge.position + 1})" if twice else ""
    text = f"{PARTIAL}{output}/{PARTIAL}{parent} = {spelled(edge.partial)}{which}"
    return Line(text, "muted", "edge", alarm=not math.isfinite(edge.partial))


def _message(graph: DrawnGraph, edge: Edge) -> Line:
    """`2 × 1 = 2`: gradient of the output, times local derivative, is what the input gets."""
    sent = graph.back.sent(edge)
    above = graph.gradient(edge.output)
    text = f"{figure(above)} {TIMES} {signed(edge.partial)}"
    text += (
        " passes nothing"
        if math.isnan(above * edge.partial) and sent == 0.0
        else f" = {spelled(sent)}"
    )
    return Line(text, "grad", "edge", alarm=not math.isfinite(sent))


def _full_arrow(graph: DrawnGraph, edge: Edge) -> list[Line]:
    return [*_medium_arrow(graph, edge), _message(graph, edge)]


def _medium_arrow(graph: DrawnGraph, edge: Edge) -> list[Line]:
    return [_derivative(graph, edge, graph.short_name(edge.parent))]


def about_edge(graph: DrawnGraph, edge: Edge) -> str:
    derivative = _derivative(graph, edge, graph.name[id(edge.parent)])
    return f"{derivative.text}; sent back: {_message(graph, edge).text}"


BOX_LINES: dict[str, Callable[[DrawnGraph, Any], list[Line]]] = {
    "full": _full_box,
    "medium": _medium_box,
    "small": small_box,
}
ARROW_LINES: dict[str, Callable[[DrawnGraph, Edge], list[Line]]] = {
    "full": _full_arrow,
    "medium": _medium_arrow,
    "small": lambda graph, edge: [],
}

# -- what is added and what is left out ------------------------------------------------------------


def _add_constants(
    graph: DrawnGraph,
    shown: Collection[int],
    ids: dict[int, str],
    boxes: list[Box],
    arrows: list[Arrow],
) -> None:
    into: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        into.setdefault(arrow.head, []).append(arrow)
    for node in graph.order:
        if id(node) not in shown:
            continue
        head = ids[id(node)]
        for i, x in enumerate(getattr(node, "inputs", ())):
            if not hasattr(x, "parents"):
                key = f"{head}c{i}"
                boxes.append(Box(key, [Line(figure(x))], "constant", f"the number {figure(x)}"))
                into.setdefault(head, []).insert(i, Arrow(f"{key}e", key, head))
    arrows[:] = [arrow for bundle in into.values() for arrow in bundle]


def near(order: Sequence[Any], depth: int) -> list[Any]:
    """The nodes at most `depth` edges from the root, in topological order."""
    root = order[-1]
    found, layer = {id(root)}, [root]
    for _ in range(depth):
        above, layer = layer, []
        for node in above:
            for parent in node.parents:
                if id(parent) not in found:
                    found.add(id(parent))
                    layer.append(parent)
        if not layer:
            break
    return [node for node in order if id(node) in found]


def _add_stubs(
    graph: DrawnGraph,
    shown: Collection[int],
    ids: dict[int, str],
    boxes: list[Box],
    arrows: list[Arrow],
) -> None:
    """Where inputs are left out, a small box says how many."""
    if len(shown) == len(graph.order):
        return
    hidden = Counter(
        id(edge.output)
        for edge in graph.edges
        if id(edge.output) in shown and id(edge.parent) not in shown
    )
    for key, count in hidden.items():
        text = f"{ELLIPSIS} {plural(count, 'input')}"
        stub = f"{ids[key]}more"
        boxes.append(Box(stub, [Line(text, "muted", "small")], "rest", f"{text} left out"))
        arrows.append(Arrow(f"{stub}e", stub, ids[key]))
