"""A model by itself: its neurons, with weights as arrows; or its layers; or just its parts.

Nothing here knows `nn`: a network is anything with `.layers`, a layer anything with `.neurons`, a
neuron anything with `.weights` (and `.bias`, `.activation`). Of another model with
`named_parameters` the parts are drawn that the qualified names tell of, one inside the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeGuard

from autograd.drawing.dot_language import Line
from autograd.drawing.picture import Arrow, Box, Picture
from autograd.drawing.picture_words import PictureWords
from autograd.drawing.value_boxes import (
    NAME_WIDTH,
    grad_line,
    kind_line,
    largest_grad_line,
    number_line,
    range_line,
)
from autograd.engine.text import printable

__all__ = ["model_size", "picture_of_model"]

LABELLED = 24  # so many weights have their numbers on the arrows
LISTED = 6  # so many parameters of a part are listed one by one


def layers_of(model: Any) -> dict[str, Sequence[Any]]:
    """The neurons of each layer, by its name; nothing of a model that is not made of neurons."""
    if _is_neuron(model):
        return {"": [model]}
    if _is_layer(model):
        return {"": model.neurons}
    layers = getattr(model, "layers", None)
    if _all(layers, _is_layer):
        return {f"layer{i}": layer.neurons for i, layer in enumerate(layers)}
    return {}


def _is_layer(model: Any) -> bool:
    return _all(getattr(model, "neurons", None), _is_neuron)


def _is_neuron(model: Any) -> bool:
    return _all(getattr(model, "weights", None), _is_value)


def _is_value(x: Any) -> bool:
    return hasattr(x, "data") and hasattr(x, "grad")


def _all(items: Any, kind: Callable[[Any], bool]) -> TypeGuard[Sequence[Any]]:
    return isinstance(items, Sequence) and bool(items) and all(map(kind, items))


def model_size(model: Any, level: str) -> tuple[int, int]:
    """How many boxes and arrows its picture has."""
    layers = list(layers_of(model).values())
    if not layers:
        parts = _parts(model)
        return len(parts), len(parts) - 1
    if level == "layer":
        return 1 + len(layers), len(layers)
    inputs = [len(neurons[0].weights) for neurons in layers]
    weights = sum(n * len(neurons) for n, neurons in zip(inputs, layers, strict=True))
    return inputs[0] + sum(map(len, layers)), weights


def picture_of_model(model: Any, level: str, words: PictureWords) -> Picture:
    """A box per neuron (`level` "neuron") or per layer ("layer")."""
    layers = layers_of(model)
    summary = f"{printable(repr(model), 200)}."
    if not layers:
        return _picture_of_parts(words, model, summary)
    if level == "layer":
        return _picture_of_layers(words, layers, summary)
    return _picture_of_neurons(words, layers, summary)


def _input_box(words: PictureWords, key: str, title: str, about: str) -> Box:
    return Box(key, [kind_line(words, "input"), Line(title, size="name")], "input", about)


def _number_of_inputs(layers: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(layers.values()))[0].weights)


# -- a box per neuron ------------------------------------------------------------------------------


def _picture_of_neurons(
    words: PictureWords, layers: Mapping[str, Sequence[Any]], summary: str
) -> Picture:
    weights = [w for neurons in layers.values() for neuron in neurons for w in neuron.weights]
    by_gradient = any(w.grad != 0.0 for w in weights)
    columns = [[f"x{i}" for i in range(_number_of_inputs(layers))]]
    boxes = [_input_box(words, key, key, words.about_input.format(key)) for key in columns[0]]
    arrows = []
    for layer, neurons in layers.items():
        below, above = columns[-1], []
        for i, neuron in enumerate(neurons):
            name = f"{layer}.neuron{i}" if layer else f"neuron{i}"
            key = name.replace(".", "_")
            above.append(key)
            boxes.append(_neuron_box(words, key, name, neuron))
            for j, (tail, w) in enumerate(zip(below, neuron.weights, strict=False)):
                in_full = len(weights) <= LABELLED
                arrow = _weight(words, tail, key, w, f"{name}.w{j}", in_full=in_full)
                arrow.strength = math.fabs(w.grad if by_gradient else w.data)
                arrows.append(arrow)
        columns.append(above)
    for box in boxes[-len(columns[-1]) :]:
        box.kind = "output"
    thickness = words.thickness["gradient" if by_gradient else "weight"]
    note = words.colours_of_weights.format(thickness)
    return Picture(boxes, arrows, summary, [note], columns)


def _neuron_box(words: PictureWords, key: str, name: str, neuron: Any) -> Box:
    lines = [Line(name, size="name")]
    activation = getattr(neuron, "activation", None)
    if activation is not None:
        lines.append(Line(_name_of(words, activation), "muted", "edge"))
    bias: Any = getattr(neuron, "bias", None)
    if _is_value(bias):
        text = words.bias.format(words.spelled(bias.data))
        lines.append(number_line(bias.data, text, "value"))
        lines.append(grad_line(words, bias.grad))
    return Box(key, lines)


def _name_of(words: PictureWords, activation: Any) -> str:
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "")
    return printable(name, NAME_WIDTH) or words.function


def _weight(
    words: PictureWords, tail: str, head: str, w: Any, name: str, *, in_full: bool
) -> Arrow:
    about = words.about_value.format(
        title=name, value=words.spelled(w.data), gradient=words.spelled(w.grad)
    )
    arrow = Arrow(f"{tail}-{head}", tail, head, about=about)
    arrow.sign = (w.data > 0.0) - (w.data < 0.0)
    if in_full:
        own = w.label if w.label and "." not in w.label else name.rpartition(".")[2]
        arrow.lines = _parameter_lines(words, own, w)
    return arrow


def _parameter_lines(words: PictureWords, name: str, x: Any) -> list[Line]:
    text = f"{printable(name, NAME_WIDTH)} = {words.spelled(x.data)}"
    return [number_line(x.data, text, "value", "edge"), grad_line(words, x.grad, "edge")]


# -- a box per layer -------------------------------------------------------------------------------


def _picture_of_layers(
    words: PictureWords, layers: Mapping[str, Sequence[Any]], summary: str
) -> Picture:
    inputs = words.count(_number_of_inputs(layers), "input")
    boxes, arrows = [_input_box(words, "x", inputs, inputs)], []
    for name, neurons in layers.items():
        activations = dict.fromkeys(
            _name_of(words, x.activation) for x in neurons if getattr(x, "activation", None)
        )
        size = words.listed.join([words.count(len(neurons), "neuron"), *activations])
        biases = {id(x.bias): x.bias for x in neurons if _is_value(getattr(x, "bias", None))}
        key = name or "layer"
        lines = [
            Line(key, size="name"),
            Line(size, "muted", "edge"),
            *_ranges(words, "weights", [w for neuron in neurons for w in neuron.weights]),
            *_ranges(words, "biases", list(biases.values())),
        ]
        arrows.append(Arrow(f"{boxes[-1].id}-{key}", boxes[-1].id, key))
        boxes.append(Box(key, lines))
    boxes[-1].kind = "output"
    return Picture(boxes, arrows, summary)


def _ranges(words: PictureWords, noun: str, values: Sequence[Any]) -> list[Line]:
    """How many, from where to where, and how large the gradients."""
    if not values:
        return []
    numbers = range_line(words, [x.data for x in values], noun, "value")
    return [numbers, largest_grad_line(words, (x.grad for x in values))]


# -- any other model -------------------------------------------------------------------------------


def _parts(model: Any) -> dict[str, list[tuple[str, Any]]]:
    """The parts of a model by their qualified names, outer ones first, with their parameters."""
    parts: dict[str, list[tuple[str, Any]]] = {"": []}
    for name, parameter in model.named_parameters():
        part, _, own = name.rpartition(".")
        for outer in accumulate(part.split("."), "{}.{}".format):
            parts.setdefault(outer, [])
        parts[part].append((own, parameter))
    return parts


def _picture_of_parts(words: PictureWords, model: Any, summary: str) -> Picture:
    boxes, arrows = [], []
    ids: dict[str, str] = {}
    for i, (part, named) in enumerate(_parts(model).items()):
        ids[part] = f"p{i}"
        lines = [Line(printable(part or type(model).__name__, NAME_WIDTH), size="name")]
        if len(named) > LISTED:
            lines += _ranges(words, "parameters", [x for _, x in named])
        else:
            lines += [line for own, x in named for line in _parameter_lines(words, own, x)]
        boxes.append(Box(ids[part], lines, "parameter" if named else "value"))
        if part:
            outer = ids[part.rpartition(".")[0]]
            arrows.append(Arrow(f"{outer}-{ids[part]}", outer, ids[part]))
    return Picture(boxes, arrows, summary)
