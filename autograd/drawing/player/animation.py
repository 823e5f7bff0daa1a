"""The forward and the backward pass over a graph as a list of steps, in words and numbers.

Values appear in topological order. Then the root is seeded with 1, and every node, once all its
consumers have reported to it, sends adjoint x local derivative along each of its edges. Nodes that
become ready at the same time send in the order in which they became ready, so that the steps move
through a picture as one wave; gradients do not depend on it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from autograd.drawing.number_text import MINUS, figure, signed
from autograd.drawing.value_boxes import which_input
from autograd.engine.graph import Edge, Graph, edges, message_from
from autograd.engine.text import ELLIPSIS, PARTIAL, TIMES, composed, formula, plural, quantity
from autograd.explaining.diagnoses import is_stale
from autograd.explaining.path_sums import edge_visits

__all__ = ["Animation", "Frame", "backpropagated"]

ARROW = "\N{RIGHTWARDS ARROW}"
MAX_LISTED, LISTED_WIDTH = 6, 90  # local derivatives of one node, gradients at the end

Kind = Literal["value", "seed", "message", "sum", "done"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing that happens, as the player shows it.

    node: where, as a place in `topological_order(root)`. edge: of a message, as a place in
    `edges(root)`. numbers: value: the value; seed: the seed; message: adjoint, local derivative,
    message; sum: the gradient before, the message, the gradient after; done: none. caption: what
    happens. note: why.
    """

    kind: Kind
    node: int
    edge: int | None
    numbers: tuple[float, ...]
    caption: str
    note: str


def backpropagated(root: Any) -> Any:
    """A copy of the graph below `root` after one backward pass; the graph itself stays as it is."""
    copy = deepcopy(root)
    copy.zero_grad()
    copy.backward()
    return copy


class Animation:
    """What both passes over the graph below `root` do, where one backward pass has been made.

    order, edges: its nodes and edges. name: of every node, by id. place: of every node in `order`,
    by id.
    """

    def __init__(self, root: Any, name: dict[int, str]) -> None:
        self.root = root
        self.name = name
        self.columns = Graph([root])
        self.order, self.place = self.columns.nodes, self.columns.place
        self.edges: list[Edge] = edges(root)

    def frames(self) -> list[Frame]:
        return [*self._forward(), *self._backward(), self._done()]

    # -- forward -----------------------------------------------------------------------------------

    def _forward(self) -> Iterator[Frame]:
        for i, node in enumerate(self.order):
            inputs = [self.edges[j] for j in self.columns.into(i)]
            derivatives = _listing([f"{self.derivative(x)} = {figure(x.partial)}" for x in inputs])
            note = f"local derivatives: {derivatives}" if derivatives else "an input of the graph"
            if is_stale(node):
                note = "computed earlier, before an input was changed"
            yield Frame("value", i, None, (node.data,), self._value_caption(node), note)

    def _value_caption(self, node: Any) -> str:
        parts = [self.of(node), self.formula(node), self._substituted(node), figure(node.data)]
        return " = ".join(part for part in parts if part)

    def formula(self, node: Any) -> str:
        return formula(node, self.of, figure, MINUS)

    def _substituted(self, node: Any) -> str:
        """The formula with the inputs' values in their places: `2 + 1`."""
        if not node.op or is_stale(node):
            return ""
        infix = node.primitive is not None and node.primitive.symbol
        numbers = [getattr(x, "data", x) for x in node.inputs]
        return composed(node, list(map(signed if infix else figure, numbers)), MINUS)

    # -- backward ----------------------------------------------------------------------------------

    def _backward(self) -> Iterator[Frame]:
        waiting = list(map(len, self.columns.above))
        sums: dict[int, float] = {}
        root = self.of(self.root)
        seed = self.root.grad
        yield Frame(
            "seed",
            self.place[id(self.root)],
            None,
            (seed,),
            f"{root}.grad = {figure(seed)}",
            f"the pass back starts here: {PARTIAL}{root}/{PARTIAL}{root} = 1",
        )
        ready = deque([len(self.order) - 1])
        while ready:
            for j in self.columns.into(ready.popleft()):
                output, position, parent, partial = self.edges[j]
                k = self.columns.parents[j]
                waiting[k] -= 1
                sent = message_from(output, output.grad, partial, position)
                first, before = k not in sums, sums.get(k, 0.0)
                # Nodes may report in another order than in the engine, which rounds differently;
                # the complete sum is the engine's own.
                sums[k] = before + sent if waiting[k] else parent.grad
                still = self._still(parent, waiting[k], len(self.columns.above[k]))
                yield self._message(j, sent, still if first else "")
                if not first:
                    yield self._sum(parent, before, sent, sums[k], still)
                if not waiting[k]:
                    ready.append(k)

    def _message(self, j: int, sent: float, still: str) -> Frame:
        edge = self.edges[j]
        output, parent = self.of(edge.output), self.of(edge.parent)
        adjoint, partial = edge.output.grad, edge.partial
        caption = f"{output} {ARROW} {parent}{which_input(edge)}: "
        if adjoint == 0.0 and not math.isfinite(partial):
            caption += "0"
            note = f"{output}.grad is 0, so nothing flows, even where {self.derivative(edge)} is "
            note += figure(partial)
        elif partial == 0.0 and sent == 0.0 and not math.isfinite(adjoint):
            caption += "0"
            note = f"{edge.output.op} did not use {parent} here, so nothing flows"
        else:
            caption += f"{figure(adjoint)} {TIMES} {signed(partial)} = {figure(sent)}"
            note = f"{output}.grad {TIMES} the local derivative {self.derivative(edge)}"
        note += f"; {still}" if still else ""
        place = self.place[id(edge.parent)]
        return Frame("message", place, j, (adjoint, partial, sent), caption, note)

    def _sum(self, node: Any, before: float, sent: float, after: float, still: str) -> Frame:
        caption = f"{self.of(node)}.grad: {figure(before)} + {signed(sent)} = {figure(after)}"
        return Frame("sum", self.place[id(node)], None, (before, sent, after), caption, still)

    def _still(self, node: Any, waiting: int, consumers: int) -> str:
        """Whether the node has heard from all its consumers."""
        name = self.of(node)
        if waiting:
            return f"{name} waits for {plural(waiting, 'more message')}"
        if consumers == 1:
            return f"{name}.grad is complete" + (f", so {name} may send" if node.op else "")
        all_of = "both" if consumers == 2 else f"all {consumers}"
        return f"{all_of} messages are in: {name}.grad is complete"

    def _done(self) -> Frame:
        leaves = [node for node in self.order if not node.op]
        listed = _listing([f"{self.gradient(x)} = {figure(x.grad)}" for x in leaves])
        root = self.of(self.root)
        caption = f"{root} = {figure(self.root.data)}; {listed}"
        visits = edge_visits(self.root)
        note = f"backpropagation walked {plural(visits.edges, 'edge')}, each once"
        if visits.saved:
            note += f"; following every path would walk {quantity(visits.path_steps)}"
        return Frame("done", self.place[id(self.root)], None, (), caption, note)

    # -- names -------------------------------------------------------------------------------------

    def of(self, node: Any) -> str:
        return self.name[id(node)]

    def gradient(self, node: Any) -> str:
        """`∂e/∂b`"""
        return f"{PARTIAL}{self.of(self.root)}/{PARTIAL}{self.of(node)}"

    def derivative(self, edge: Edge) -> str:
        """`∂c/∂b`; where b enters c more than once, also as which input."""
        parent = self.of(edge.parent) + which_input(edge)
        return f"{PARTIAL}{self.of(edge.output)}/{PARTIAL}{parent}"


def _listing(parts: list[str]) -> str:
    """As many as fit, at least one."""
    fit = parts if len(parts) <= MAX_LISTED else parts[: MAX_LISTED - 1]
    while len(fit) > 1 and len(", ".join(fit)) > LISTED_WIDTH:
        fit = fit[:-1]
    return ", ".join(fit if len(fit) == len(parts) else [*fit, ELLIPSIS])
