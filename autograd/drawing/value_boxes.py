"""A box per Value and an arrow per input: what they say at each level of detail."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from autograd.drawing.dot_language import Line, isolated
from autograd.drawing.formulas import made_of
from autograd.drawing.number_text import figure, largest_of, signed
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.drawing.picture_words import ENGLISH, PictureWords
from autograd.engine.graph import Edge, Graph, message_from
from autograd.engine.locks import cached_property
from autograd.engine.text import ELLIPSIS, PARTIAL, TIMES, names, printable, term
from autograd.explaining.staleness import Changed, changed_since

__all__ = [
    "ARROW_LINES",
    "BOX_LINES",
    "NAME_WIDTH",
    "DrawnGraph",
    "about",
    "arrow_along",
    "grad_line",
    "kind_line",
    "largest_grad_line",
    "near",
    "number_line",
    "picture_of_values",
    "range_line",
    "small_box",
    "stand_in",
    "value_line",
    "with_inputs_left_out",
]

NAME_WIDTH = 24  # characters of a label
FORMULA_WIDTH = 34  # of a line of a formula
FORMULA_LINES = 3
MESSAGE_WIDTH = 18  # of a line of an equation, where arrows have little room
SMALL_FORMULA = 24  # a longer formula is only named by its operation, where space is short
ROUNDING = 1e-9  # of what adds up to a gradient, by which it may differ from another sum of them
LEAVES = 4  # in a summary
COMPUTED_ANEW = 10_000  # nodes of a graph of which it is asked whether its numbers are up to date


class _Inputs(NamedTuple):
    """How often each node is an input of another, by id, and how many have each short name."""

    times: Counter[int]
    own_names: Counter[str]


class DrawnGraph:
    """The graph below a root, with everything that its pictures say about it.

    parameters: id(node) -> qualified name, of the leaves that are known to be parameters. words:
    in which language.

    Gradients are computed anew, without touching any `.grad`: a picture is of one root, while the
    `.grad` of a leaf may hold the sum of several passes. They begin with the root's own `.grad`,
    which is right after `backward()` with any seed and for a part of a larger graph; where it is 0,
    no pass has come by (`ran` is False) and they begin with 1.
    """

    def __init__(
        self, columns: Graph, parameters: Mapping[int, str], words: PictureWords = ENGLISH
    ) -> None:
        self.words = words
        self.columns = columns
        self.order: Sequence[Any] = columns.nodes
        self.root = columns.nodes[-1]
        self.parameters = parameters
        self.ran: bool = self.root.grad != 0.0
        self.adjoints = columns.adjoints(self.root.grad if self.ran else 1.0)
        self._inputs: dict[int, _Inputs] = {}
        self.name: dict[int, str] = {
            key: isolated(text) for key, text in names(self.order, NAME_WIDTH).items()
        }

    @cached_property
    def edges(self) -> list[Edge]:
        """For a picture that has an arrow for each."""
        return list(map(self.columns.edge, range(len(self.columns.parents))))

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each node in order, by the id of its box."""
        return {f"n{i}": i for i in range(len(self.order))}

    @cached_property
    def messages(self) -> list[float]:
        """What travels down each edge."""
        return self.columns.messages(self.adjoints)

    def sent(self, edge: Edge) -> float:
        """What travels down an edge."""
        return message_from(edge.output, self.gradient(edge.output), edge.partial, edge.position)

    def holds_another(self, node: Any) -> bool:
        """Whether the node's `.grad` tells of other passes than this one."""
        here, there = self.gradient(node), node.grad
        if here == there or (math.isnan(here) and math.isnan(there)):
            return False
        terms = [abs(x) for x in (here, there, *self.arrivals.get(id(node), ()))]
        if abs(here - there) <= ROUNDING * sum(x for x in terms if math.isfinite(x)):
            return False  # infinities differ by infinity or NaN
        return self.ran or there != 0.0

    @cached_property
    def arrivals(self) -> dict[int, list[float]]:
        """The messages that add up to each gradient, in the order of the picture."""
        found: dict[int, list[float]] = {}
        for k, sent in zip(self.columns.parents, self.messages, strict=True):
            found.setdefault(id(self.order[k]), []).append(sent)
        return found

    def kind(self, node: Any) -> str:
        if node is self.root:
            return "output"
        if node.parents:
            return "value"
        return "parameter" if id(node) in self.parameters else "input"

    def short_name(self, node: Any, output: Any) -> str:
        """`w1` of `layer0.neuron2.w1`, beside the box of `output`, into which it goes by an arrow
        from the box that has its whole name; the whole name where another value is called w1."""
        short = self._own_name(node)
        if not short or short in self._taken or self._among_inputs(output).own_names[short] > 1:
            return self.name[id(node)]
        return isolated(printable(short, NAME_WIDTH))

    def which_input(self, edge: Edge) -> str:
        """` (input 2)` where the parent is more than one input of the output; else nothing."""
        twice = self._among_inputs(edge.output).times[id(edge.parent)] > 1
        return self.words.which_input.format(edge.position + 1) if twice else ""

    def _among_inputs(self, output: Any) -> _Inputs:
        found = self._inputs.get(id(output))
        if found is None:
            distinct = {id(x): x for x in output.parents}.values()
            found = _Inputs(
                Counter(map(id, output.parents)), Counter(map(self._own_name, distinct))
            )
            self._inputs[id(output)] = found
        return found

    def _own_name(self, node: Any) -> str:
        """The last part of a qualified name; of a number in a list with the name of the list."""
        qualified = self.parameters.get(id(node), "")
        if node.label != qualified or "." not in qualified:
            return ""
        *_, before, own = qualified.split(".")
        return f"{before}.{own}" if own.isdecimal() else own

    @cached_property
    def _taken(self) -> set[str]:
        return set(self.name.values())

    def term(self, node: Any) -> str:
        """The name as part of a formula: in brackets where the label is a formula itself."""
        return term(self.name[id(node)])

    def formula(self, node: Any) -> str:
        return made_of(node, lambda x: self.name[id(x)], self.words.more_inputs)

    def title(self, node: Any) -> str:
        """`c = a + b`; of a leaf just its name."""
        made = self.formula(node)
        return f"{self.term(node)} = {made}" if made else self.name[id(node)]

    def heading(self, node: Any) -> str:
        """As `title`, with the short names of parameters, for a box."""
        made = made_of(node, lambda x: self.short_name(x, node), self.words.more_inputs)
        return f"{self.term(node)} = {made}" if made else self.name[id(node)]

    @cached_property
    def changed(self) -> dict[int, Changed]:
        """By id, the nodes that were computed from other numbers than those of now."""
        if len(self.order) > COMPUTED_ANEW:
            return {}
        return {id(one.node): one for one in changed_since(self.columns)}

    def staleness(self, node: Any) -> str:
        """`computed before a changed to 5`; nothing where the node is up to date."""
        one = self.changed.get(id(node))
        if one is None:
            return ""
        if one.suspects[0] is node:
            return self.words.assigned_later.format(figure(one.again.data))
        changes = [
            self.words.changed_to.format(name=self.term(x), number=figure(x.data))
            for x in one.suspects
        ]
        return self.words.stale.format(self.words.or_.join(changes))

    def gradient(self, node: Any) -> float:
        return self.adjoints[self.columns.place[id(node)]]

    def summary(self) -> str:
        """`5 values, 5 edges. e = 6. de/da = 2, de/db = 5.`"""
        words, root, seed = self.words, self.name[id(self.root)], self.gradient(self.root)
        text = words.size.format(
            values=words.count(len(self.order), "value"),
            edges=words.count(len(self.columns.parents), "edge"),
        )
        root = term(root) if self.root.label else root
        text += words.result.format(root=root, number=words.spelled(self.root.data))
        leaves = [node for node in self.order if not node.parents and node is not self.root]
        if not leaves:
            return text
        before, equals = (f"d{root}/d", " = ") if seed == 1.0 else ("", " ")
        found = [
            f"{before}{self.term(leaf)}{equals}{words.spelled(self.gradient(leaf))}"
            for leaf in leaves[:LEAVES]
        ]
        if len(leaves) > LEAVES:
            more = words.count(len(leaves) - LEAVES, "more gradient")
            found.append(words.and_more.format(more))
        listed = words.listed.join(found)
        if seed == 1.0:
            return text + words.gradients.format(listed)
        start = words.spelled(seed)
        return text + words.gradients_of_seed.format(listed=listed, root=root, seed=start)

    def notes(self) -> list[str]:
        """What is said above the picture: no pass has come by, or numbers were assigned since."""
        said = [] if self.ran else [self.words.backward_not_run]
        first = next(iter(self.changed.values()), None)
        if first is None:
            return said
        return [*said, first.sentence(lambda x: self.name[id(x)], self.words.assigned)]


def picture_of_values(
    graph: DrawnGraph, level: str, nodes: Sequence[Any], show_constants: bool
) -> Picture:
    """A box for each of these nodes: `level` is "full", "narrow" (the same in shorter lines),
    "medium" or "small"."""
    shown = {id(node): f"n{graph.columns.place[id(node)]}" for node in nodes}
    boxes = [
        Box(key, BOX_LINES[level](graph, node), graph.kind(node), about(graph, node))
        for key, node in zip(shown.values(), nodes, strict=True)
    ]
    into: dict[str, list[Arrow]] = {}
    for j, edge in enumerate(graph.edges):
        if id(edge.parent) in shown and id(edge.output) in shown:
            into.setdefault(shown[id(edge.output)], []).append(arrow_along(graph, level, j))
    if show_constants:
        for node in nodes:
            boxes += _constants(graph.words, node, shown[id(node)], into)
    arrows = [arrow for bundle in into.values() for arrow in bundle]
    return Picture(
        boxes, arrows, graph.summary(), graph.notes(), ordered=level in ("full", "narrow")
    )


def arrow_along(graph: DrawnGraph, level: str, j: int) -> Arrow:
    """The arrow of an edge, by its place."""
    edge = graph.edges[j]
    tail, head = graph.columns.parents[j], graph.columns.outputs[j]
    lines, words = ARROW_LINES[level](graph, edge), _about_edge(graph, edge)
    return Arrow(f"e{j}", f"n{tail}", f"n{head}", lines, words)


def with_inputs_left_out(picture: Picture, nodes: Sequence[Any], graph: DrawnGraph) -> Picture:
    """The picture of these nodes, with a small box for inputs that are not among them."""
    shown = set(map(id, nodes))
    boxes, arrows = list(picture.boxes), list(picture.arrows)
    for node in nodes:
        hidden = sum(id(parent) not in shown for parent in node.parents)
        if hidden:
            text = f"{ELLIPSIS} {graph.words.count(hidden, 'input')}"
            head = f"n{graph.columns.place[id(node)]}"
            key = f"{head}more"
            about_it = graph.words.left_out.format(text)
            boxes.append(Box(key, [Line(text, "muted", "small")], "rest", about_it))
            arrows.append(Arrow(f"{key}e", key, head))
    return replace(picture, boxes=boxes, arrows=arrows)


def _constants(
    words: PictureWords, node: Any, head: str, into: dict[str, list[Arrow]]
) -> Iterator[Box]:
    """A box per plain number among the inputs of a node; its arrow stands in their order."""
    for i, x in enumerate(getattr(node, "inputs", ())):
        if not hasattr(x, "parents"):
            key = f"{head}c{i}"
            into.setdefault(head, []).insert(i, Arrow(f"{key}e", key, head))
            yield Box(key, [Line(figure(x))], "constant", words.constant.format(figure(x)))


def stand_in(graph: DrawnGraph, picture: Picture, key: str, new_key: str) -> Box:
    """A small box with the name of one that is further away."""
    if key in graph.places:
        name = graph.name[id(graph.order[graph.places[key]])]
        about_it = graph.words.further_away.format(name)
        return Box(new_key, [Line(name, size="name")], "rest", about_it)
    lines = next(box.lines for box in picture.boxes if box.id == key)
    return Box(new_key, lines[:1], "rest")


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


# -- boxes -----------------------------------------------------------------------------------------


def _full_box(graph: DrawnGraph, node: Any) -> list[Line]:
    kind, gradient, words = graph.kind(node), graph.gradient(node), graph.words
    sum_ = words.equation(graph.arrivals.get(id(node), []), "+", gradient)
    lines = [
        *([] if kind == "value" else [kind_line(words, kind)]),
        *(Line(part, size="name") for part in _wrapped(graph.heading(node))),
        *_value_lines(graph, node),
        number_line(gradient, words.grad.format(sum_), "grad"),
    ]
    if graph.holds_another(node):
        lines.append(Line(words.held.format(words.spelled(node.grad)), "grad", "small"))
    return lines


def _narrow_box(graph: DrawnGraph, node: Any) -> list[Line]:
    return [
        part
        for line in _full_box(graph, node)
        for part in (_narrowed(line, FORMULA_WIDTH) if line.colour == "grad" else [line])
    ]


def _narrowed(line: Line, most: int) -> Iterator[Line]:
    """A line in several: sums are broken behind plus signs, equations before the result."""
    *others, last = _filled(re.split(r"(?<=\+ )|(?= = )", line.text), most)
    yield from (line._replace(text=part.strip(), alarm=False) for part in others)
    yield line._replace(text=last.strip())


def _medium_box(graph: DrawnGraph, node: Any) -> list[Line]:
    kind, gradient = graph.kind(node), graph.gradient(node)
    header = [kind_line(graph.words, kind)] if kind in ("input", "parameter") else []
    title = [Line(part, size="name") for part in _wrapped(graph.heading(node))]
    return [*header, *title, *_value_lines(graph, node), grad_line(graph.words, gradient)]


def small_box(graph: DrawnGraph, node: Any) -> list[Line]:
    title = graph.heading(node)
    if len(title) > SMALL_FORMULA and node.op:
        title = graph.words.operation_of.format(
            name=graph.term(node), operation=node.op, count=len(node.inputs)
        )
    return [
        Line(title, size="name"),
        *_value_lines(graph, node),
        grad_line(graph.words, graph.gradient(node)),
    ]


def _value_lines(graph: DrawnGraph, node: Any) -> list[Line]:
    """The value and, where a number has been assigned since, what it was computed before."""
    stale = graph.staleness(node)
    value = value_line(graph.words, node.data)
    return [value, *([Line(stale, "muted", "small")] if stale else [])]


def kind_line(words: PictureWords, kind: str) -> Line:
    """What a box is, above its name."""
    return Line(words.kinds.get(kind, kind), "muted", "small")


def number_line(x: float, text: str, colour: str, size: str = "body") -> Line:
    """A line about a number, with an alarm where that is not finite."""
    return Line(text, colour, size, alarm=not math.isfinite(x))


def value_line(words: PictureWords, x: float) -> Line:
    return number_line(x, words.value.format(words.spelled(x)), "value")


def grad_line(words: PictureWords, x: float, size: str = "body") -> Line:
    return number_line(x, words.grad.format(words.spelled(x)), "grad", size)


def range_line(words: PictureWords, numbers: Sequence[float], noun: str, colour: str) -> Line:
    """How many there are, and from where to where they go."""
    text = words.ranges[noun].format(len(numbers), words.range_of(numbers))
    return number_line(largest_of(numbers), text, colour, "edge")


def largest_grad_line(words: PictureWords, gradients: Iterable[float], of: str = "{}") -> Line:
    largest = largest_of(gradients)
    text = of.format(words.largest_grad.format(words.spelled(largest)))
    return number_line(largest, text, "grad", "edge")


def _wrapped(text: str) -> list[str]:
    """The text in a few lines, broken behind commas and plus signs."""
    if len(text) <= FORMULA_WIDTH:
        return [text]
    lines = _filled(re.split(r"(?<=, )|(?<= \+ )", text), FORMULA_WIDTH)
    if len(lines) > FORMULA_LINES:
        lines[FORMULA_LINES - 1 :] = [f"{ELLIPSIS} {lines[-1]}"]
    return [line.strip() for line in lines]


def _filled(parts: Iterable[str], most: int) -> list[str]:
    """The parts in lines of no more than so many characters, unless a part is longer itself."""
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part) > most:
            lines.append("")
        lines[-1] += part
    return lines


def about(graph: DrawnGraph, node: Any) -> str:
    value, gradient = map(graph.words.spelled, (node.data, graph.gradient(node)))
    return graph.words.about_value.format(title=graph.title(node), value=value, gradient=gradient)


# -- arrows ----------------------------------------------------------------------------------------


def _derivative(graph: DrawnGraph, edge: Edge, parent: str) -> Line:
    """`∂c/∂b = 1`; where the parent b enters c more than once, also as which input."""
    ratio = f"{PARTIAL}{graph.term(edge.output)}/{PARTIAL}{term(parent)}"
    text = f"{ratio} = {graph.words.spelled(edge.partial)}{graph.which_input(edge)}"
    return number_line(edge.partial, text, "muted", "edge")


def _message(graph: DrawnGraph, edge: Edge) -> Line:
    """`2 × 1 = 2`: gradient of the output, times local derivative, is what the input gets."""
    sent = graph.sent(edge)
    above = graph.gradient(edge.output)
    nothing = math.isnan(above * edge.partial) and sent == 0.0
    product = f"{figure(above)} {TIMES} {signed(edge.partial)}"
    words = graph.words
    text = words.passes_nothing.format(product) if nothing else f"{product} = {words.spelled(sent)}"
    return number_line(sent, text, "grad", "edge")


def _full_arrow(graph: DrawnGraph, edge: Edge) -> list[Line]:
    return [*_medium_arrow(graph, edge), _message(graph, edge)]


def _narrow_arrow(graph: DrawnGraph, edge: Edge) -> list[Line]:
    return [*_medium_arrow(graph, edge), *_narrowed(_message(graph, edge), MESSAGE_WIDTH)]


def _medium_arrow(graph: DrawnGraph, edge: Edge) -> list[Line]:
    return [_derivative(graph, edge, graph.short_name(edge.parent, edge.output))]


def _about_edge(graph: DrawnGraph, edge: Edge) -> str:
    derivative = _derivative(graph, edge, graph.name[id(edge.parent)])
    return derivative.text + graph.words.sent_back + _message(graph, edge).text


BOX_LINES: dict[str, Callable[[DrawnGraph, Any], list[Line]]] = {
    "full": _full_box,
    "narrow": _narrow_box,
    "medium": _medium_box,
    "small": small_box,
}
ARROW_LINES: dict[str, Callable[[DrawnGraph, Edge], list[Line]]] = {
    "full": _full_arrow,
    "narrow": _narrow_arrow,
    "medium": _medium_arrow,
    "small": lambda graph, edge: [],
}
