"""`draw`, and how much a picture shows: the level of detail that a graph's size allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from autograd.drawing.collapse import neuron_count, parameter_names, picture_of_groups
from autograd.drawing.crowded import bundled, shortened
from autograd.drawing.model_boxes import model_size, picture_of_model
from autograd.drawing.palette import THEMES
from autograd.drawing.picture import Picture
from autograd.drawing.value_boxes import DrawnGraph, near, picture_of_values
from autograd.engine.graph import Graph
from autograd.engine.text import plural, printable

if TYPE_CHECKING:
    from autograd.drawing.diagram import Diagram
    from autograd.engine.value import Value

__all__ = ["draw", "draw_every_edge", "needed"]

Detail = Literal["auto", "full", "medium", "small", "neuron", "layer"]

FULL, MEDIUM = 16, 60  # the largest graphs, in nodes, that are drawn at these levels by themselves
MAX_EDGES = 1_500_000  # of a graph that is collapsed: some seconds
TITLE_LINES, TITLE_WIDTH = 4, 100
EDGES_PER_NODE = 5  # a picture may have this many times as many arrows as boxes
COLLAPSED = ("neuron", "layer")
DETAILS = ("auto", "full", "medium", "small", *COLLAPSED)
DIRECTIONS = ("LR", "RL", "TB", "BT")


def draw(
    root: Any,
    *,
    rankdir: str = "LR",
    detail: Detail = "auto",
    max_nodes: int = 200,
    depth: int | None = None,
    show_constants: bool = False,
    parameters: Any = (),
    theme: Literal["light", "dark"] = "light",
    title: str | None = None,
) -> Diagram:
    """A diagram of the graph below a Value, or of a model: a graphviz.Digraph that shows itself.

    A box is one Value with the operation that made it: formula, value and gradient, and where
    several messages added up to the gradient, their sum. An arrow leads from an input to what is
    made of it, with the local derivative and the message that backpropagation sends back: gradient
    of the output times local derivative. Parameters have sharp corners, the root a thick border.

    Gradients are those of one backward pass from `root`, starting from `root.grad`, or from 1 where
    `backward()` has not run. Nothing in the graph is changed. Where the `.grad` of a leaf holds
    more, from other passes, the box says so.

    A model (anything with `named_parameters`) is drawn by itself: its neurons with their biases,
    its weights as arrows, blue for positive and orange and dashed for negative ones; the thicker,
    the larger the gradient.

    rankdir: "LR" from left to right, "TB" from top to bottom, or "RL", "BT".
    detail: "full", "medium" (no sums, no messages), "small" (no text on arrows), "neuron" or
        "layer" (a box for each one, by the names of the parameters: `layer0.neuron2.w1`); "auto"
        goes by the size of the graph.
    max_nodes: more boxes than this, or five times as many arrows, are refused.
    depth: only the nodes this many edges from the root, or closer.
    show_constants: plain numbers as boxes of their own, besides their place in the formula.
    parameters: a model, or Values: which leaves are parameters, not inputs. Leaves whose labels are
        qualified names are anyway.
    theme: "light" or "dark".
    title: a heading, of up to four lines.

    Raises TypeError if `root` is not a Value or a model, ValueError if the picture would have more
    than `max_nodes` boxes, ImportError if the `graphviz` package is missing.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> draw(a * b)
    <Diagram: 3 values, 2 edges. v1 = 6. dv1/da = 3, dv1/db = 2.>
    >>> draw(a * b).render("product.svg")  # doctest: +SKIP
    """
    _check("detail", detail, DETAILS)
    _check("rankdir", rankdir, DIRECTIONS)
    _check("theme", theme, THEMES)
    if depth is not None and depth < 0:
        raise ValueError(f"depth is a number of edges, from 0; got {depth}")
    if hasattr(root, "parents") and hasattr(root, "partials"):
        found = _of_graph(root, detail, max_nodes, depth, show_constants, parameters, False)
    elif hasattr(root, "named_parameters"):
        found = _of_model(root, detail, max_nodes)
    else:
        raise TypeError(
            f"draw needs a Value, the root of a graph, or a model; got {type(root).__name__}"
        )
    return _laid_out(found, rankdir, theme, title)


def draw_every_edge(root: Value, rankdir: str, max_nodes: int) -> Diagram:
    """A diagram for the player, which lights up one edge after the other: none stands for many."""
    _check("rankdir", rankdir, DIRECTIONS)
    found = _of_graph(root, "auto", max_nodes, None, False, (), True)
    return _laid_out(found, rankdir, "light", None)


def _laid_out(found: Picture, rankdir: str, theme: str, title: str | None) -> Diagram:
    try:
        return found.diagram(rankdir, THEMES[theme], _title(title))
    except ModuleNotFoundError as error:
        if error.name != "graphviz":
            raise
        raise ImportError("drawing needs the graphviz package; run: pip install graphviz") from None


def _title(title: str | None) -> list[str]:
    """The title in lines that can be shown."""
    lines = (title or "").strip().split("\n")[:TITLE_LINES]
    return [printable(line, TITLE_WIDTH) for line in lines if line.strip()]


def _check(name: str, given: str, allowed: Iterable[str]) -> None:
    if given not in allowed:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, allowed))}; got {given!r:.80}"
        )


def needed(boxes: int, arrows: int) -> int:
    """The least `max_nodes` that allows a picture of so many boxes and arrows."""
    return max(boxes, -(-arrows // EDGES_PER_NODE))


def _of_graph(
    root: Value,
    detail: Detail,
    max_nodes: int,
    depth: int | None,
    show_constants: bool,
    parameters: Any,
    every_edge: bool,
) -> Picture:
    columns = Graph([root])
    order = columns.nodes
    shown = order if depth is None else near(order, depth)
    nodes, arrows = len(shown), sum(len(node.parents) for node in shown)
    known = parameter_names(order, parameters)
    if detail not in COLLAPSED and needed(nodes, arrows) <= max_nodes:
        level = _level(nodes, arrows) if detail == "auto" else detail
        graph = DrawnGraph(columns, known)
        found = picture_of_values(graph, level, shown, show_constants)
        return shortened(found if every_edge else bundled(found, graph, level), graph)
    if detail in COLLAPSED or (detail == "auto" and depth is None):
        if arrows > MAX_EDGES:
            raise ValueError(
                f"the graph has {plural(nodes, 'node')} and {plural(arrows, 'edge')}, too many "
                "even for a picture of its parts; draw the graph of fewer samples, or the model"
            )
        for found in _collapsed(columns, known, detail, max_nodes):
            nodes, arrows = len(found.boxes), len(found.arrows)
            if needed(nodes, arrows) <= max_nodes:
                return found
    raise ValueError(_too_many("the graph", nodes, arrows, max_nodes, len(order)))


def _collapsed(
    columns: Graph, known: Mapping[int, str], detail: Detail, max_nodes: int
) -> Iterator[Picture]:
    """Pictures of the graph's neurons and layers, the finest first."""
    if any("." in name for name in known.values()):
        graph = DrawnGraph(columns, known)
        by_neuron = detail == "neuron" or (detail == "auto" and neuron_count(known) <= max_nodes)
        if by_neuron:
            yield picture_of_groups(graph, "neuron")
        if detail != "neuron":
            yield picture_of_groups(graph, "layer")
    elif detail in COLLAPSED:
        raise ValueError(
            f"detail={detail!r} goes by the names of parameters, such as layer0.neuron2.w1, "
            "and none here has one; pass parameters=model"
        )


def _level(nodes: int, arrows: int) -> str:
    size = max(nodes, arrows // 2)
    return "full" if size <= FULL else "medium" if size <= MEDIUM else "small"


def _of_model(model: Any, detail: Detail, max_nodes: int) -> Picture:
    for level in (detail,) if detail in COLLAPSED else COLLAPSED:
        boxes, arrows = model_size(model, level)
        if needed(boxes, arrows) <= max_nodes:
            return picture_of_model(model, level)
    raise ValueError(_too_many("the model", boxes, arrows, max_nodes, 0))


def _too_many(what: str, boxes: int, arrows: int, max_nodes: int, nodes: int) -> str:
    size, limit = plural(boxes, "node"), f"more than max_nodes={max_nodes:,}"
    if boxes <= max_nodes:
        size, limit = f"{size} and {plural(arrows, 'edge')}", f"{limit} allows"
    nearest = "pass depth=4 for what is nearest to the root, " if nodes else ""
    return (
        f"{what} has {size}, {limit}, too many to read; draw one of its parts, "
        f"{nearest}or pass max_nodes={needed(boxes, arrows)}"
    )
