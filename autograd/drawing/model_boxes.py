"""A model by itself: its neurons, with weights as arrows; or its layers; or just its parts.

Nothing here knows `nn`: a network is anything with `.layers`, a layer anything with `.neurons`, a
neuron anything with `.weights` (and `.bias`, `.activation`). Of another model with
`named_parameters` the parts are drawn that the qualified names tell of, one inside the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.drawing.dot_language import Line
from autograd.drawing.number_text import spelled
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.drawing.value_boxes import (
    NAME_WIDTH,
    grad_line,
    largest_grad_line,
    number_line,
    range_line,
)
from autograd.engine.text import plural, printable

__all__ = ["model_size", "picture_of_model"]

LABELLED = 24  # so many weights have their numbers on the arrows
LISTED = 6  # so many parameters of a part are listed one by one
WEIGHT_LEGEND = "arrows: weights, solid blue if positive, dashed orange if negative"


@dataclass(frozen=True, slots=True)
class NamedLayer:
    """A layer of a network: its name, and its neurons."""

    name: str
    neurons: Sequence[Any]

    @property
    def inputs(self) -> int:
        return len(self.neurons[0].weights)


def layers_of(model: Any) -> list[NamedLayer] | None:
    """The layers of a model made of neurons, None of any other."""
    if _is_neuron(model):
        return [NamedLayer("", [model])]
    if _is_layer(model):
        return [NamedLayer("", list(model.neurons))]
    layers = getattr(model, "layers", None)
    if isinstance(layers, Sequence) and layers and all(map(_is_layer, layers)):
        return [NamedLayer(f"layer{i}", list(layer.neurons)) for i, layer in enumerate(layers)]
    return None


def _is_neuron(model: Any) -> bool:
    weights = getattr(model, "weights", None)
    return isinstance(weights, Sequence) and bool(weights) and all(map(_is_value, weights))


def _is_layer(model: Any) -> bool:
    neurons = getattr(model, "neurons", None)
    return isinstance(neurons, Sequence) and bool(neurons) and all(map(_is_neuron, neurons))


def _is_value(x: Any) -> bool:
    return hasattr(x, "data") and hasattr(x, "grad")


def model_size(model: Any, level: str) -> tuple[int, int]:
    """How many boxes and arrows its picture has."""
    layers = layers_of(model)
    if layers is None:
        parts = _parts(model)
        return len(parts), len(parts) - 1
    if level == "layer":
        return 1 + len(layers), len(layers)
    widths = [layers[0].inputs, *(len(layer.neurons) for layer in layers)]
    return sum(widths), sum(layer.inputs * len(layer.neurons) for layer in layers)


def picture_of_model(model: Any, level: str) -> Picture:
    """A box per neuron (`level` "neuron") or per layer ("layer")."""
    layers = layers_of(model)
    summary = f"{printable(repr(model), 200)}."
    if layers is None:
        return _picture_of_parts(model, summary)
    if level == "layer":
        return _picture_of_layers(layers, summary)
    return _picture_of_neurons(layers, summary)


# -- a box per neuron ------------------------------------------------------------------------------


def _picture_of_neurons(layers: Sequence[NamedLayer], summary: str) -> Picture:
    below = [f"x{i}" for i in range(layers[0].inputs)]
    boxes = [
        Box(key, [Line("input", "muted", "small"), Line(key, size="name")], "input", f"input {key}")
        for key in below
    ]
    arrows: list[Arrow] = []
    columns = [below]
    weights = [w for layer in layers for neuron in layer.neurons for w in neuron.weights]
    with_gradients = any(w.grad != 0.0 for w in weights)
    most = _largest_finite(map(_gradient if with_gradients else _size, weights))
    for layer in layers:
        above = []
        for i, neuron in enumerate(layer.neurons):
            name = f"{layer.name}.neuron{i}" if layer.name else f"neuron{i}"
            key = name.replace(".", "_")
            above.append(key)
            boxes.append(_neuron_box(key, name, neuron, last=layer is layers[-1]))
            for j, (tail, w) in enumerate(zip(below, neuron.weights, strict=False)):
                arrow = _weight(tail, key, w, f"{name}.w{j}", in_full=len(weights) <= LABELLED)
                size = _gradient(w) if with_gradients else _size(w)
                arrow.strength = size / most if most and math.isfinite(size) else 0.0
                arrows.append(arrow)
        columns.append(above)
        below = above
    note = (
        f"{WEIGHT_LEGEND}; the thicker, the larger the {'gradient' if with_gradients else 'weight'}"
    )
    return Picture(boxes, arrows, summary, [note], columns)


def _size(w: Any) -> float:
    return math.fabs(w.data)


def _gradient(w: Any) -> float:
    return math.fabs(w.grad)


def _largest_finite(sizes: Iterable[float]) -> float:
    return max(filter(math.isfinite, sizes), default=0.0)


def _neuron_box(key: str, name: str, neuron: Any, *, last: bool) -> Box:
    lines = [Line(name, size="name")]
    activation = getattr(neuron, "activation", None)
    if activation is not None:
        lines.append(Line(_name_of(activation), "muted", "edge"))
    bias: Any = getattr(neuron, "bias", None)
    if _is_value(bias):
        lines.append(number_line(bias.data, f"bias {spelled(bias.data)}", "value"))
        lines.append(grad_line(bias.grad))
    return Box(key, lines, "output" if last else "value")


def _name_of(activation: Any) -> str:
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "")
    return printable(name, NAME_WIDTH) or "function"


def _weight(tail: str, head: str, w: Any, name: str, *, in_full: bool) -> Arrow:
    about = f"{name}: value {spelled(w.data)}, gradient {spelled(w.grad)}"
    arrow = Arrow(f"{tail}-{head}", tail, head, about=about)
    arrow.sign = (w.data > 0.0) - (w.data < 0.0)
    if in_full:
        own = w.label if w.label and "." not in w.label else name.rpartition(".")[2]
        text = f"{printable(own, NAME_WIDTH)} = {spelled(w.data)}"
        arrow.lines = [number_line(w.data, text, "value", "edge"), grad_line(w.grad, "edge")]
    return arrow


# -- a box per layer -------------------------------------------------------------------------------


def _picture_of_layers(layers: Sequence[NamedLayer], summary: str) -> Picture:
    first = [Line("input", "muted", "small"), Line(plural(layers[0].inputs, "input"), size="name")]
    boxes, arrows = [Box("x", first, "input", first[-1].text)], []
    for layer in layers:
        lines = [Line(layer.name or "layer", size="name")]
        activations = dict.fromkeys(
            _name_of(x.activation) for x in layer.neurons if getattr(x, "activation", None)
        )
        lines.append(
            Line(", ".join([plural(len(layer.neurons), "neuron"), *activations]), "muted", "edge")
        )
        weights = [w for neuron in layer.neurons for w in neuron.weights]
        biases = {id(x.bias): x.bias for x in layer.neurons if _is_value(getattr(x, "bias", None))}
        lines += _ranges("weights", weights)
        lines += _ranges("biases", list(biases.values()))
        key = layer.name or "layer"
        kind = "output" if layer is layers[-1] else "value"
        arrows.append(Arrow(f"{boxes[-1].id}-{key}", boxes[-1].id, key))
        boxes.append(Box(key, lines, kind))
    return Picture(boxes, arrows, summary)


def _ranges(noun: str, values: Sequence[Any]) -> list[Line]:
    """How many, from where to where, and how large the gradients."""
    if not values:
        return []
    numbers = range_line([x.data for x in values], noun, "value")
    return [numbers, largest_grad_line(x.grad for x in values)]


# -- any other model -------------------------------------------------------------------------------


def _parts(model: Any) -> dict[str, list[tuple[str, Any]]]:
    """The parts of a model by their qualified names, outer ones first, with their parameters."""
    parts: dict[str, list[tuple[str, Any]]] = {"": []}
    for name, parameter in model.named_parameters():
        part, _, own = name.rpartition(".")
        steps = part.split(".") if part else []
        for i in range(len(steps)):
            parts.setdefault(".".join(steps[: i + 1]), [])
        parts[part].append((own, parameter))
    return parts


def _picture_of_parts(model: Any, summary: str) -> Picture:
    boxes, arrows = [], []
    ids: dict[str, str] = {}
    for i, (part, named) in enumerate(_parts(model).items()):
        ids[part] = f"p{i}"
        lines = [Line(printable(part or type(model).__name__, NAME_WIDTH), size="name")]
        if len(named) > LISTED:
            lines += _ranges("parameters", [x for _, x in named])
        else:
            for own, x in named:
                text = f"{printable(own, NAME_WIDTH)} = {spelled(x.data)}"
                lines.append(number_line(x.data, text, "value", "edge"))
                lines.append(grad_line(x.grad, "edge"))
        boxes.append(Box(ids[part], lines, "parameter" if named else "value"))
        if part:
            outer = ids[part.rpartition(".")[0]]
            arrows.append(Arrow(f"{outer}-{ids[part]}", outer, ids[part]))
    return Picture(boxes, arrows, summary)
