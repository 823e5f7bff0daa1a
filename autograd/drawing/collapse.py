"""A graph too large for a box per Value: a box per neuron or layer.

Which nodes belong together is read from the qualified names of the parameters (`layer0.neuron2.w1`
is of neuron `layer0.neuron2`, in layer `layer0`), so any model with such names will do, for one
sample or for a whole batch. A node made with a parameter belongs to the parameter's neuron; one
made of a single neuron's results alone does too, if it is an activation or a later neuron is made
of it. Nodes of no neuron, such as those of a loss, keep their own boxes while they are few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from autograd.drawing.dot_language import Line
from autograd.drawing.number_text import figure
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.drawing.picture_words import PictureWords
from autograd.drawing.value_boxes import (
    NAME_WIDTH,
    DrawnGraph,
    about,
    grad_line,
    kind_line,
    largest_grad_line,
    range_line,
    small_box,
    value_line,
)
from autograd.engine.graph import Graph
from autograd.engine.locks import cached_property
from autograd.engine.text import ELLIPSIS, printable

__all__ = ["neuron_count", "parameter_names", "picture_of_groups"]

QUALIFIED = re.compile(  # layers.0.w1, but neither 0.5 nor x.1
    r"[^\W\d]\w*(\.([^\W\d]\w*|\d+))*\.[^\W\d]\w*"
)
FEW_INPUTS, FEW_NODES = 8, 8  # that keep boxes of their own
PRODUCTS = ("dot", "mul")  # in which a parameter meets what goes into a neuron


def parameter_names(order: Sequence[Any], given: Any) -> dict[int, str]:
    """id(leaf) -> qualified name, of the leaves that are parameters; "" where one has none.

    They are those of `given`, a model or Values, and those with a qualified name as their label.
    """
    names = {id(node): name for node in order if not node.parents and (name := _qualified(node))}
    if hasattr(given, "named_parameters"):
        return names | {id(x): name for name, x in given.named_parameters()}
    return names | {id(x): _qualified(x) for x in given}


def _is_activation(node: Any) -> bool:
    return node.primitive is not None and "activation" in node.primitive.traits


def _qualified(node: Any) -> str:
    label = node.label or ""
    return label if QUALIFIED.fullmatch(label) else ""


def picture_of_groups(graph: DrawnGraph, level: str) -> Picture:
    """A box per neuron (`level` "neuron") or per layer ("layer"), one per Value of the rest."""
    return _Grouping(graph, level).picture()


def neuron_of(name: str) -> str:
    """`layer0.neuron2` of `layer0.neuron2.w1`; "" of a name that is not qualified."""
    return name.rpartition(".")[0]


def neuron_count(parameters: Mapping[int, str]) -> int:
    """How many neurons these parameters make."""
    return len(set(map(neuron_of, parameters.values())))


def layer_of(neuron: str) -> str:
    """`layer0` of `layer0.neuron2`."""
    return neuron.rpartition(".")[0] or neuron


def _owners(graph: DrawnGraph) -> list[str]:
    """The neuron to which each node belongs, in order; "" where there is none."""
    columns, parameters = graph.columns, graph.parameters
    is_parameter = [id(node) in parameters for node in graph.order]
    own = [neuron_of(parameters.get(id(node), "")) for node in graph.order]
    owner = own.copy()
    before_another = _before_parameters(columns, is_parameter)
    for i, node in enumerate(graph.order):
        inputs = columns.inputs(i)
        used = {own[k] for k in inputs} - {""}
        inner = {owner[k] for k in inputs if not is_parameter[k]}
        if used:
            # A bias may be shared by the neurons of a layer: w·x + b stays with w.
            layers = set(map(layer_of, used))
            siblings = {x for x in inner if x and layer_of(x) in layers}
            candidates = siblings if node.op == "add" and len(siblings) == 1 else used
        elif before_another[i] or _is_activation(node):
            candidates = inner
        else:
            candidates = set()
        if len(candidates) == 1 and "" not in candidates:
            (owner[i],) = candidates
    _disown_shared(columns, is_parameter, owner)
    return owner


def _disown_shared(columns: Graph, is_parameter: Sequence[bool], owner: list[str]) -> None:
    """A parameter that several neurons use belongs to none: it gets a box of its own."""
    user: dict[int, str] = {}
    shared = set()
    for source, output in zip(columns.parents, columns.outputs, strict=True):
        name = owner[output]
        if is_parameter[source] and name and user.setdefault(source, name) != name:
            shared.add(source)
    for source in shared:
        owner[source] = ""


def _before_parameters(columns: Graph, is_parameter: Sequence[bool]) -> list[bool]:
    """Of each node, whether something that uses a parameter is made of it."""
    found = [False] * len(is_parameter)
    for i in reversed(range(len(found))):
        inputs = columns.inputs(i)
        if found[i] or any(is_parameter[k] for k in inputs):
            for k in inputs:
                found[k] = True
    return found


class _Grouping:
    """The group of each node, and the members of each group: nodes are places in order."""

    def __init__(self, graph: DrawnGraph, level: str) -> None:
        self.graph = graph
        self.level = level
        self.neuron = _owners(graph)
        self.group = self.neuron.copy() if level == "neuron" else list(map(layer_of, self.neuron))
        self.owned = set(self.group) - {""}
        self._group_the_rest()
        self.members: dict[str, list[int]] = {}
        for i, group in enumerate(self.group):
            self.members.setdefault(group, []).append(i)
        self.ids = {
            group: f"n{places[0]}" if self._alone(group) else f"g{k}"
            for k, (group, places) in enumerate(self.members.items())
        }

    def _alone(self, group: str) -> bool:
        return group not in self.owned and len(self.members[group]) == 1

    def _group_the_rest(self) -> None:
        """Groups for the nodes of no neuron; a colon is in no qualified name."""
        order, group = self.graph.order, self.group
        rest = [i for i, name in enumerate(group) if not name]
        below = [i for i in rest if i != len(order) - 1]
        inner = [i for i in below if order[i].parents]
        leaves = [i for i in below if not order[i].parents]
        for i in rest:
            group[i] = f":{i}"
        if len(inner) > FEW_NODES:
            component = _connected(self.graph.columns, {*inner, *rest[len(below) :]})
            for i in inner:
                group[i] = f":with {component[i]}"
        if len(leaves) > FEW_INPUTS:  # those that go into the same boxes are one box
            used: dict[int, set[str]] = {i: set() for i in leaves}
            columns = self.graph.columns
            for source, output in zip(columns.parents, columns.outputs, strict=True):
                if source in used:
                    used[source].add(group[output])
            for i, groups in used.items():
                group[i] = ":for " + " ".join(sorted(groups))

    # -- boxes -------------------------------------------------------------------------------------

    def picture(self) -> Picture:
        numbers, arrows_from_numbers = self._plain_numbers()
        boxes = [*numbers, *(self._box(group) for group in self.members)]
        arrows = [*arrows_from_numbers, *self._arrows()]
        words = self.graph.words
        drawn = words.drawn_as.format(boxes=len(boxes), per=words.boxes_per[self.level])
        notes = self.graph.notes()
        if any(arrow.sign for arrow in arrows):
            notes.append(words.colours_of_flow)
        summary = self.graph.summary() + drawn
        return Picture(boxes, arrows, summary, notes, self._columns())

    def _columns(self) -> list[list[str]]:
        """The neurons of each layer, in order; none where a layer feeds itself."""
        layers: dict[str, list[str]] = {}
        within = any(
            layer_of(tail) == layer_of(head)
            for tail, head in self.bundles
            if tail in self.owned and head in self.owned
        )
        if self.level == "neuron" and not within:
            for name in sorted(self.owned, key=_natural):
                layers.setdefault(layer_of(name), []).append(self.ids[name])
        return [layer for layer in layers.values() if len(layer) > 1]

    def _box(self, group: str) -> Box:
        graph, key, words = self.graph, self.ids[group], self.graph.words
        nodes = [graph.order[i] for i in self.members[group]]
        if self._alone(group):
            (node,) = nodes
            return Box(key, small_box(graph, node), graph.kind(node), about(graph, node))
        parameters = [x for x in nodes if id(x) in graph.parameters]
        results = self._results(group)
        if group in self.owned:
            name, size = printable(group, NAME_WIDTH), self._size(group, parameters, results)
        elif nodes[0].parents:
            name = words.count(len(nodes), "operation")
            size = _listed(x.op.removesuffix("_const") for x in nodes)
        else:
            name, size = words.count(len(nodes), graph.kind(nodes[0])), ""
        lines = [Line(name, size="name"), *([Line(size, "muted", "edge")] if size else [])]
        lines += self._numbers(results)
        if parameters:
            gradients = map(graph.gradient, parameters)
            lines.append(largest_grad_line(words, gradients, words.of_parameters))
        root = any(x is graph.root for x in nodes)
        kind = "output" if root else "value" if nodes[-1].parents else graph.kind(nodes[-1])
        return Box(key, lines, kind)

    def _plain_numbers(self) -> tuple[list[Box], list[Arrow]]:
        """Boxes of the plain numbers that parameters are multiplied by, one for all neurons that
        have the same ones, and the arrows from there."""
        boxes: dict[tuple[tuple[float, ...], ...], Box] = {}
        arrows = []
        for group, key in self.ids.items():
            given = self._given(group)
            if not given:
                continue
            if given not in boxes:
                boxes[given] = _numbers_box(self.graph.words, f"numbers{len(boxes)}", given)
            tail = boxes[given].id
            arrows.append(Arrow(f"{tail}-{key}", tail, key, about=self.graph.words.plain_numbers))
        return list(boxes.values()), arrows

    def _given(self, group: str) -> tuple[tuple[float, ...], ...]:
        """The plain numbers of a group, a tuple for each time they were used."""
        if group not in self.owned:
            return ()
        given: dict[tuple[float, ...], None] = {}
        for i in self.members[group]:
            node = self.graph.order[i]
            if node.op in PRODUCTS and any(id(x) in self.graph.parameters for x in node.parents):
                given[tuple(float(x) for x in node.inputs if not hasattr(x, "parents"))] = None
        given.pop((), None)
        return tuple(given)

    def _results(self, group: str) -> list[Any]:
        """The members that someone outside uses, in order."""
        order, used = self.graph.order, self.used_outside
        return [order[i] for i in self.members[group] if i in used or i == len(order) - 1]

    @cached_property
    def used_outside(self) -> set[int]:
        return {self.graph.columns.parents[j] for bundle in self.bundles.values() for j in bundle}

    @cached_property
    def bundles(self) -> dict[tuple[str, str], list[int]]:
        """The edges between every two boxes."""
        found: dict[tuple[str, str], list[int]] = {}
        columns = zip(self.graph.columns.parents, self.graph.columns.outputs, strict=True)
        for j, (source, output) in enumerate(columns):
            tail, head = self.group[source], self.group[output]
            if tail != head:
                found.setdefault((tail, head), []).append(j)
        return found

    def _size(self, group: str, parameters: Sequence[Any], results: Sequence[Any]) -> str:
        parts, words = [], self.graph.words
        if self.level == "layer":
            neurons = {self.neuron[i] for i in self.members[group]}
            if neurons != {group}:
                parts.append(words.count(len(neurons), "neuron"))
        activations = dict.fromkeys(x.op for x in results if _is_activation(x))
        size = words.count(len(parameters), "parameter")
        return words.listed.join([*parts, size, *activations])

    def _numbers(self, results: Sequence[Any]) -> list[Line]:
        """The value and gradient of what comes out of a box; of many results, the ranges."""
        values, gradients = [x.data for x in results], list(map(self.graph.gradient, results))
        words = self.graph.words
        if len(results) > 1:
            ranges = (values, "values", "value"), (gradients, "grads", "grad")
            return [range_line(words, *range_) for range_ in ranges]
        lines = [value_line(words, x) for x in values]
        return lines + [grad_line(words, x) for x in gradients]

    # -- arrows ------------------------------------------------------------------------------------

    def _arrows(self) -> list[Arrow]:
        """One per pair of boxes; it carries what all the edges between them send."""
        arrows = []
        partials, messages = self.graph.columns.partials, self.graph.messages
        words = self.graph.words
        for (tail, head), bundle in self.bundles.items():
            arrow = Arrow(f"{self.ids[tail]}-{self.ids[head]}", self.ids[tail], self.ids[head])
            flow = sum(abs(messages[j]) for j in bundle)
            count = words.count(len(bundle), "edge")
            arrow.about = words.about_bundle.format(edges=count, sum=words.spelled(flow))
            if self.level == "neuron":
                arrow.sign, arrow.strength = _common_sign([partials[j] for j in bundle]), flow
            elif len(bundle) > 1:
                arrow.lines = [Line(count, "muted", "edge")]
            arrows.append(arrow)
        return arrows


def _numbers_box(words: PictureWords, key: str, given: Sequence[Sequence[float]]) -> Box:
    every = [x for numbers in given for x in numbers]
    if len(every) <= FEW_INPUTS:
        size, shown = words.count(len(every), "number"), ", ".join(map(figure, every))
    else:
        size = words.groups_of_numbers.format(len(given), len(given[0]))
        shown = words.range_of(every)
    header = kind_line(words, "input")
    return Box(key, [header, Line(size, size="name"), Line(shown, "value", "edge")], "input")


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts neuron10 behind neuron9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]


def _connected(columns: Graph, places: Collection[int]) -> dict[int, int]:
    """Of each place, its connected component among them all, named by one of its places."""
    above = {i: i for i in places}

    def top(i: int) -> int:
        while above[i] != i:
            above[i] = i = above[above[i]]
        return i

    for source, output in zip(columns.parents, columns.outputs, strict=True):
        if source in above and output in above:
            above[top(source)] = top(output)
    return {i: top(i) for i in places}


def _listed(operations: Iterable[str]) -> str:
    common = [op for op, _ in Counter(operations).most_common(4)]
    return ", ".join(common[:3]) + (f", {ELLIPSIS}" if len(common) > 3 else "")


def _common_sign(numbers: Sequence[float]) -> int:
    if all(x > 0.0 for x in numbers):
        return 1
    return -1 if all(x < 0.0 for x in numbers) else 0
