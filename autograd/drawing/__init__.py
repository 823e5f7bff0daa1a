"""Pictures of computation graphs.

`draw` decides what a picture shows; `numbers` how a number is written in it, `dot` how text gets
safely into DOT, `executable` which Graphviz runs, `diagram` is the object a user holds. The
`graphviz` package is imported when the first picture is drawn, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.drawing.numbers import MINUS, figure
from autograd.graph import PARTIAL, edges, topological_order
from autograd.text import formula, names

if TYPE_CHECKING:
    from autograd.drawing.diagram import Diagram
    from autograd.value import Value

__all__ = ["draw"]

NAME_WIDTH = 24  # characters of a label


def draw(root: Value, *, rankdir: str = "LR", max_nodes: int = 200) -> Diagram:
    """A diagram of the graph below `root`: a box per Value, an arrow per input.

    A box holds the formula, the value and the gradient (call `root.backward()` first), an arrow the
    local derivative. The root has a thick border. `rankdir` is Graphviz's: "LR" from left to right,
    "TB" from top to bottom. The result is a graphviz.Digraph: `.render("e.svg")`, `.pipe("png")`,
    `.source`; it shows itself in a notebook.

    Raises TypeError if `root` is not a Value, ValueError if the graph has more than `max_nodes`
    nodes, ImportError if the `graphviz` package is missing.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> print(draw(a * b).source)  # doctest: +ELLIPSIS
    digraph {
    ...
    """
    if not hasattr(root, "parents") or not hasattr(root, "partials"):
        raise TypeError(f"draw needs a Value, the root of a graph; got {type(root).__name__}")
    order = topological_order(root)
    if len(order) > max_nodes:
        raise ValueError(
            f"the graph has {len(order):,} nodes, more than max_nodes={max_nodes:,}, too many to "
            f"read; draw one of its parts, or pass max_nodes={len(order)}"
        )
    try:
        from autograd.drawing import dot
        from autograd.drawing.diagram import Diagram
    except ModuleNotFoundError as error:
        if error.name != "graphviz":
            raise
        raise ImportError("drawing needs the graphviz package; run: pip install graphviz") from None

    name = {key: dot.isolated(text) for key, text in names(order, NAME_WIDTH).items()}
    ids = {id(node): f"n{i}" for i, node in enumerate(order)}
    diagram = Diagram(format="svg", graph_attr={"rankdir": rankdir})
    diagram.attr("node", shape="box", style="rounded", fontname="Helvetica")
    diagram.attr("edge", fontname="Helvetica", fontsize="11")
    for node in order:
        lines = _lines(node, name)
        attributes = {"penwidth": "3"} if node is root else {}
        width = dot.min_width(lines)
        if width is not None:
            attributes["width"] = width
        key = ids[id(node)]
        diagram.node(key, dot.label(lines), id=key, **attributes)
    for i, edge in enumerate(edges(root)):
        tail, head = ids[id(edge.parent)], ids[id(edge.output)]
        diagram.edge(tail, head, dot.label([_derivative(edge, name)]), id=f"e{i}")
    return diagram


def _lines(node: Any, name: dict[int, str]) -> list[str]:
    made = formula(node, lambda x: name[id(x)], figure, MINUS)
    first = name[id(node)] + (f" = {made}" if made else "")
    return [first, f"value {figure(node.data)}", f"grad {figure(node.grad)}"]


def _derivative(edge: Any, name: dict[int, str]) -> str:
    """`∂c/∂b = 1`; where b enters c more than once, also as which input."""
    output, parent = name[id(edge.output)], name[id(edge.parent)]
    text = f"{PARTIAL}{output}/{PARTIAL}{parent} = {figure(edge.partial)}"
    twice = sum(other is edge.parent for other in edge.output.parents) > 1
    return f"{text} (input {edge.position + 1})" if twice else text
