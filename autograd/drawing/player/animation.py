"""The forward and the backward pass over a graph as a list of steps, in words and numbers.

Values appear in topological order. Then the root is seeded with 1, and every node, once all its
consumers have reported to it, sends adjoint x local derivative along each of its edges. Nodes that
become ready at the same time send in the order in which they became ready, so that the steps move
through a picture as one wave; gradients do not depend on it.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from autograd.drawing.formulas import made_of, made_of_numbers
from autograd.drawing.number_text import figure, signed
from autograd.engine.graph import Edge, Graph, edges, message_from
from autograd.engine.text import ELLIPSIS, PARTIAL, TIMES, quantity, term
from autograd.explaining.diagnoses import is_stale
from autograd.explaining.path_sums import edge_visits
from autograd.exploring.wording import LANGUAGES, Wording

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
    by id. words: the language.
    """

    def __init__(self, root: Any, name: dict[int, str], words: Wording = LANGUAGES["en"]) -> None:
        self.root = root
        self.name = name
        self.words = words
        self.columns = Graph([root])
        self.order, self.place = self.columns.nodes, self.columns.place
        self.edges: list[Edge] = edges(root)
        self._times = Counter((id(edge.output), id(edge.parent)) for edge in self.edges)

    def frames(self) -> list[Frame]:
        return [*self._forward(), *self._backward(), self._done()]

    # -- forward -----------------------------------------------------------------------------------

    def _forward(self) -> Iterator[Frame]:
        for i, node in enumerate(self.order):
            inputs = [self.edges[j] for j in self.columns.into(i)]
            derivatives = self._listing(
                [f"{self.derivative(x)} = {figure(x.partial)}" for x in inputs]
            )
            note = self.words.derivatives.format(derivatives) if derivatives else self.words.leaf
            if is_stale(node):
                note = self.words.stale
            yield Frame("value", i, None, (node.data,), self._value_caption(node), note)

    def _value_caption(self, node: Any) -> str:
        parts = [self.term(node), self.formula(node), self._substituted(node), figure(node.data)]
        return " = ".join(part for part in parts if part)

    def formula(self, node: Any) -> str:
        return made_of(node, self.of, self.words.picture.more_inputs)

    def _substituted(self, node: Any) -> str:
        """The formula with the inputs' values in their places: `2 + 1`."""
        more = self.words.picture.more_inputs
        return made_of_numbers(node, more) if node.op and not is_stale(node) else ""

    # -- backward ----------------------------------------------------------------------------------

    def _backward(self) -> Iterator[Frame]:
        waiting = list(map(len, self.columns.above))
        sums: dict[int, float] = {}
        root = self.term(self.root)
        seed = self.root.grad
        yield Frame(
            "seed",
            self.place[id(self.root)],
            None,
            (seed,),
            f"{root}.grad = {figure(seed)}",
            self.words.seed.format(f"{PARTIAL}{root}/{PARTIAL}{root}"),
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
        edge, words = self.edges[j], self.words
        output, parent = self.term(edge.output), self.term(edge.parent)
        adjoint, partial = edge.output.grad, edge.partial
        caption = f"{output} {ARROW} {parent}{self.which_input(edge)}: "
        derivative = self.derivative(edge)
        if adjoint == 0.0 and not math.isfinite(partial):
            caption += "0"
            note = words.adjoint_0.format(
                output=output, derivative=derivative, partial=figure(partial)
            )
        elif partial == 0.0 and sent == 0.0 and not math.isfinite(adjoint):
            caption += "0"
            note = words.not_used.format(operation=edge.output.op, parent=parent)
        else:
            caption += f"{figure(adjoint)} {TIMES} {signed(partial)} = {figure(sent)}"
            note = words.message.format(output=output, derivative=derivative)
        note += f"{words.and_then}{still}" if still else ""
        place = self.place[id(edge.parent)]
        return Frame("message", place, j, (adjoint, partial, sent), caption, note)

    def _sum(self, node: Any, before: float, sent: float, after: float, still: str) -> Frame:
        caption = f"{self.term(node)}.grad: {figure(before)} + {signed(sent)} = {figure(after)}"
        return Frame("sum", self.place[id(node)], None, (before, sent, after), caption, still)

    def _still(self, node: Any, waiting: int, consumers: int) -> str:
        """Whether the node has heard from all its consumers."""
        name, words = self.term(node), self.words
        if waiting:
            return words.waits.format(name=name, messages=words.count(waiting, "more message"))
        if consumers == 1:
            return (words.may_send if node.op else words.complete).format(name=name)
        return (words.both_in if consumers == 2 else words.all_in).format(
            name=name, count=consumers
        )

    def _done(self) -> Frame:
        words = self.words
        leaves = [node for node in self.order if not node.op]
        listed = self._listing([f"{self.gradient(x)} = {figure(x.grad)}" for x in leaves])
        caption = f"{self.term(self.root)} = {figure(self.root.data)}{words.and_then}{listed}"
        visits = edge_visits(self.root)
        note = words.walked.format(words.count(visits.edges, "edge"))
        if visits.saved:
            note += words.and_then + words.saved.format(quantity(visits.path_steps))
        return Frame("done", self.place[id(self.root)], None, (), caption, note)

    # -- names -------------------------------------------------------------------------------------

    def of(self, node: Any) -> str:
        return self.name[id(node)]

    def term(self, node: Any) -> str:
        """The name as part of a formula: in brackets where the label is a formula itself."""
        return term(self.of(node))

    def gradient(self, node: Any) -> str:
        """`∂e/∂b`"""
        return f"{PARTIAL}{self.term(self.root)}/{PARTIAL}{self.term(node)}"

    def derivative(self, edge: Edge) -> str:
        """`∂c/∂b`; where b enters c more than once, also as which input."""
        parent = self.term(edge.parent) + self.which_input(edge)
        return f"{PARTIAL}{self.term(edge.output)}/{PARTIAL}{parent}"

    def which_input(self, edge: Edge) -> str:
        """` (input 2)` where the parent is more than one input of the output; else nothing."""
        twice = self._times[id(edge.output), id(edge.parent)] > 1
        return self.words.input.format(edge.position + 1) if twice else ""

    def _listing(self, parts: list[str]) -> str:
        """As many as fit, at least one."""
        between = self.words.listed
        fit = parts if len(parts) <= MAX_LISTED else parts[: MAX_LISTED - 1]
        while len(fit) > 1 and len(between.join(fit)) > LISTED_WIDTH:
            fit = fit[:-1]
        return between.join(fit if len(fit) == len(parts) else [*fit, ELLIPSIS])
