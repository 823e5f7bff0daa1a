"""`draw`: a picture of a graph or of a model, as its options say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from autograd.drawing.choosing import (
    COLLAPSED,
    VALUES,
    Limits,
    graph_that_fits,
    needed,
    played,
    too_many,
)
from autograd.drawing.collapse import parameter_names
from autograd.drawing.model_boxes import model_size, picture_of_model
from autograd.drawing.palette import THEMES
from autograd.drawing.picture import Picture
from autograd.drawing.picture_words import PICTURE_WORDS, PictureWords, known_language
from autograd.drawing.placing import Placed, on_a_page, placed_model
from autograd.engine.graph import Graph
from autograd.engine.text import printable

if TYPE_CHECKING:
    from autograd.drawing.diagram import Diagram
    from autograd.engine.value import Value

__all__ = ["draw", "draw_every_edge"]

Detail = Literal["auto", "full", "medium", "small", "neuron", "layer"]

TITLE_LINES, TITLE_WIDTH = 4, 100
DETAILS = ("auto", *VALUES, *COLLAPSED)
DIRECTIONS = ("auto", "LR", "RL", "TB", "BT")


def draw(
    root: Any,
    *,
    rankdir: str = "auto",
    detail: Detail = "auto",
    max_nodes: int = 200,
    depth: int | None = None,
    show_constants: bool = False,
    parameters: Any = (),
    theme: Literal["auto", "light", "dark"] = "auto",
    title: str | None = None,
    lang: str = "en",
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

    rankdir: "LR" from left to right, in rows if it is longer than a page is wide, "TB" from top to
        bottom, or "RL", "BT"; "auto" takes what fits a page.
    detail: "full", "medium" (no sums, no messages), "small" (no text on arrows), "neuron" or
        "layer" (a box for each one, by the names of the parameters: `layer0.neuron2.w1`); "auto"
        shows as much as can be read on a notebook's page, and of many terms of one form the first.
    max_nodes: more boxes than this, or five times as many arrows, are refused.
    depth: only the nodes this many edges from the root, or closer.
    show_constants: plain numbers as boxes of their own, besides their place in the formula.
    parameters: a model, or Values: which leaves are parameters, not inputs. Leaves whose labels are
        qualified names are anyway.
    theme: "light" or "dark"; "auto" is dark where the notebook is, and light in files.
    title: a heading, of up to four lines.
    lang: of all that is said besides names and numbers, "en" or "zh".

    Raises TypeError if `root` is not a Value or a model, ValueError if the picture would have more
    than `max_nodes` boxes, or for another language, ImportError if the `graphviz` package is
    missing.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> draw(a * b)
    <Diagram: 3 values, 2 edges. v1 = 6. dv1/da = 3, dv1/db = 2.>
    >>> draw(a * b).render("product.svg")  # doctest: +SKIP
    """
    _check("detail", detail, DETAILS)
    _check("rankdir", rankdir, DIRECTIONS)
    _check("theme", theme, ("auto", *THEMES))
    words = PICTURE_WORDS[known_language(lang)]
    if depth is not None and depth < 0:
        raise ValueError(f"depth is a number of edges, from 0; got {depth}")
    if hasattr(root, "parents") and hasattr(root, "partials"):
        columns = Graph([root])
        limits = Limits(max_nodes, depth, show_constants, rankdir, lang)
        found = graph_that_fits(columns, parameter_names(columns.nodes, parameters), detail, limits)
    elif hasattr(root, "named_parameters"):
        found = placed_model(_of_model(root, detail, max_nodes, words), rankdir)
    else:
        raise TypeError(
            f"draw needs a Value, the root of a graph, or a model; got {type(root).__name__}"
        )
    return _laid_out(found, theme, title, words)


def draw_every_edge(
    root: Value,
    limits: Limits,
    change: Callable[[Picture], Picture] = lambda picture: picture,
    parameters: Any = (),
    levels: Sequence[str] = (),
) -> Diagram:
    """A diagram for the player, which lights up one edge after the other: none stands for many.
    `change` may put other lines in it before it is laid out; `levels` are those to choose from."""
    _check("rankdir", limits.rankdir, DIRECTIONS)
    columns = Graph([root])
    known = parameter_names(columns.nodes, parameters)
    found = played(columns, known, limits, change, levels)
    return _laid_out(found, "auto", None, limits.words)


def _laid_out(found: Placed, theme: str, title: str | None, words: PictureWords) -> Diagram:
    colours = THEMES["light" if theme == "auto" else theme]
    try:
        diagram = on_a_page(found, colours, _title(title), words)
    except ModuleNotFoundError as error:
        if error.name != "graphviz":
            raise
        raise ImportError("drawing needs the graphviz package; run: pip install graphviz") from None
    diagram.in_both_themes = theme == "auto"
    return diagram


def _title(title: str | None) -> list[str]:
    """The title in lines that can be shown."""
    lines = (title or "").strip().split("\n")[:TITLE_LINES]
    return [printable(line, TITLE_WIDTH) for line in lines if line.strip()]


def _check(name: str, given: str, allowed: Iterable[str]) -> None:
    if given not in allowed:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, allowed))}; got {given!r:.80}"
        )


def _of_model(model: Any, detail: Detail, max_nodes: int, words: PictureWords) -> Picture:
    for level in (detail,) if detail in COLLAPSED else COLLAPSED:
        boxes, arrows = model_size(model, level)
        if needed(boxes, arrows) <= max_nodes:
            return picture_of_model(model, level, words)
    raise ValueError(too_many("the model", boxes, arrows, max_nodes, 0))
