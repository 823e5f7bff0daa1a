"""The network room: a small network trained step by step, and what there is to see of it.

Everything is computed by the public engine. A step keeps the graph of the loss: `.grad` of every
parameter always belongs to the batch of the *next* step at the present weights, so that what the
page shows, explains and then does is one and the same.
"""

from __future__ import annotations

import base64
import random
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from math import isfinite
from time import perf_counter
from typing import Any

from autograd import Value, dot, draw, explain, paths, sigmoid
from autograd.exploring.explorable import Source, explorable
from nn import MLP, SGD, Adam, RMSprop, binary_cross_entropy, hinge_loss, mse_loss
from nn.layers import ACTIVATIONS
from playground.data_sets import DATA_SETS, Point, points

__all__ = ["NetworkRoom", "Settings"]

LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "binary_cross_entropy": binary_cross_entropy,
    "mse_loss": mse_loss,
    "hinge_loss": hinge_loss,
}
OPTIMISERS: dict[str, Callable[[list[Value], float], Any]] = {
    "SGD": lambda parameters, rate: SGD(parameters, lr=rate),
    "momentum": lambda parameters, rate: SGD(parameters, lr=rate, momentum=0.9),
    "RMSprop": lambda parameters, rate: RMSprop(parameters, lr=rate),
    "Adam": lambda parameters, rate: Adam(parameters, lr=rate),
}
CHOICES = {
    "data": list(DATA_SETS),
    "activation": ["tanh", "relu", "sigmoid", "leaky_relu", "silu", "sin", "linear"],
    "loss": list(LOSSES),
    "optimizer": list(OPTIMISERS),
}
TRAINING, HELD_BACK = 120, 60  # samples
MOST_LAYERS, MOST_NEURONS = 4, 8
SPAN = 1.4  # the plane is shown from -SPAN to SPAN
CELLS = 32  # of a picture, along each side


@dataclass(frozen=True)
class Settings:
    """What the controls say; `layers` are the widths of the hidden ones."""

    data: str = "moons"
    noise: float = 0.1
    layers: tuple[int, ...] = (4,)
    activation: str = "tanh"
    loss: str = "binary_cross_entropy"
    optimizer: str = "Adam"
    rate: float = 0.03
    batch: int = 10
    seed: int = 0

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Settings:
        """From a page or its address; raises ValueError with a sentence for what cannot be."""
        known = {field.name for field in fields(cls)}
        given = {name: message[name] for name in known & set(message)}
        if "layers" in given:
            given["layers"] = tuple(given["layers"])
        found = cls(**given)
        for name, choices in CHOICES.items():
            if (chosen := getattr(found, name)) not in choices:
                raise ValueError(f"{name} is one of {', '.join(choices)}; got {chosen!r:.40}")
        widths = found.layers
        _check("the number of hidden layers", len(widths), 0, MOST_LAYERS)
        for width in widths:
            _check("the neurons of a layer", width, 1, MOST_NEURONS, whole=True)
        _check("noise", found.noise, 0.0, 0.6)
        _check("the learning rate", found.rate, 0.0, 100.0)
        _check("the batch", found.batch, 1, TRAINING, whole=True)
        _check("the seed", found.seed, 0, 2**31 - 1, whole=True)
        return found

    def restarts(self, other: Settings) -> bool:
        """Whether a change to `other` needs a new network; another pace does not."""
        kept = {"rate": other.rate, "batch": other.batch}
        return {**asdict(self), **kept} != asdict(other)


def _check(name: str, number: object, least: float, most: float, whole: bool = False) -> None:
    if not isinstance(number, (int, float)) or not least <= number <= most:
        raise ValueError(f"{name} must be from {least} to {most:g}; got {number!r:.40}")
    if whole and number != int(number):
        raise ValueError(f"{name} must be a whole number; got {number!r:.40}")


class NetworkRoom:
    """A network in training, its data, and its pictures."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        everything = points(
            settings.data, TRAINING + HELD_BACK, settings.noise, seed=settings.seed + 1
        )
        self.samples, self.held_back = everything[:TRAINING], everything[TRAINING:]
        self.model = MLP(2, [*settings.layers, 1], settings.activation, seed=settings.seed)
        self.parameters = self.model.parameters()
        self.optimizer = OPTIMISERS[settings.optimizer](self.parameters, settings.rate)
        self.steps = 0
        self.batches = self._batches()
        self.pictures = Pictures(self)
        self._differentiate()

    def change(self, settings: Settings) -> None:
        """Another learning rate or batch size, while the training goes on."""
        self.settings = settings
        self.optimizer.lr = settings.rate

    # -- training ----------------------------------------------------------------------------------

    def _batches(self) -> Iterator[list[Point]]:
        """The samples in a new order in every epoch, a batch at a time."""
        rng = random.Random(self.settings.seed)
        queue: list[Point] = []
        while True:
            count = self.settings.batch
            if len(queue) < count:
                queue = queue + rng.sample(self.samples, len(self.samples))
            yield queue[:count]
            queue = queue[count:]

    def target(self, k: int) -> float:
        """Class 0 is the target 0 of the cross entropy, and -1 of the other losses."""
        return float(k) if self.settings.loss == "binary_cross_entropy" else 2.0 * k - 1.0

    def loss_of(self, batch: Sequence[Point], model: Callable[[Any], Any]) -> Any:
        outputs = [model([u, v]) for u, v, _ in batch]
        return LOSSES[self.settings.loss](outputs, [self.target(k) for *_, k in batch])

    def _differentiate(self) -> None:
        """The graph of the next batch, and its gradients."""
        self.batch = next(self.batches)
        self.loss = self.loss_of(self.batch, self.model)
        self.loss.label = "loss"
        self.optimizer.zero_grad()
        self.loss.backward()

    def step(self) -> None:
        """Move every weight against its gradient. Raises ValueError, with the reason, and moves
        nothing where the loss or a gradient is not finite."""
        if not (isfinite(self.loss.data) and all(isfinite(p.grad) for p in self.parameters)):
            findings = explain(self.loss, self.loss).findings
            why = f": {findings[0].why}; {findings[0].remedy}" if findings else ""
            raise ValueError(f"the training stops, the loss is {self.loss.data:g}{why}")
        self.optimizer.step()
        self.steps += 1
        self._differentiate()

    # -- what the page shows -----------------------------------------------------------------------

    def described(self) -> dict[str, Any]:
        """What stays while the network is trained."""
        return {
            "settings": asdict(self.settings),
            "samples": self.samples,
            "heldBack": self.held_back,
            "widths": [2, *self.settings.layers, 1],
            "names": [name for name, _ in self.model.named_parameters()],
            "span": SPAN,
            "cells": CELLS,
            "choices": CHOICES,
        }

    def frame(self) -> dict[str, Any]:
        """The numbers of this moment, in the order of `names`."""
        network = plain(self.model)

        def answer(x: Sequence[float]) -> float:
            return network(x)[-1]

        return {
            "steps": self.steps,
            "epoch": self.steps * self.settings.batch / TRAINING,
            "loss": self.loss_of(self.samples, answer),
            "heldBackLoss": self.loss_of(self.held_back, answer),
            "correct": sum((answer([u, v]) > 0) == k for u, v, k in self.held_back)
            / len(self.held_back),
            "weights": [p.data for p in self.parameters],
            "gradients": [p.grad for p in self.parameters],
        }

    def shade(self, output: float) -> float:
        """An output as a colour from -1 (class 0) to 1 (class 1)."""
        if self.settings.loss == "binary_cross_entropy":
            return 2.0 * float(sigmoid(output)) - 1.0
        return max(-1.0, min(1.0, output))

    # -- why ---------------------------------------------------------------------------------------

    def why(self, name: str, sample: int | None) -> dict[str, Any]:
        """Why the gradient of a parameter is what it is: of the loss of one sample, or of the
        batch that comes next."""
        model = deepcopy(self.model)
        model.zero_grad()
        chosen = self.batch if sample is None else [self.samples[sample]]
        outputs = [
            labelled(model, point[:2], f"_s{i}" if len(chosen) > 1 else "")
            for i, point in enumerate(chosen)
        ]
        loss = LOSSES[self.settings.loss](outputs, [self.target(k) for *_, k in chosen])
        loss.label = "loss"
        loss.backward()
        parameter = dict(model.named_parameters())[name]
        return {
            "name": name,
            "value": parameter.data,
            "gradient": parameter.grad,
            "batch": len(chosen) if sample is None else None,
            "text": explain(parameter, loss).text,
            "paths": paths(loss, parameter)._repr_mimebundle_()["text/html"],
        }

    def explored(self, sample: int) -> Source:
        """The graph of the loss of one sample, to be explored."""
        u, v, k = self.samples[sample]
        loss = LOSSES[self.settings.loss]
        return explorable(self.model, ([u, v], self.target(k)), {"loss": loss})

    def drawn(self, sample: int, language: str) -> str:
        """The same as a picture that does not move, however large the network is."""
        model = deepcopy(self.model)
        model.zero_grad()
        loss: Value = self.loss_of([self.samples[sample]], model)
        loss.label = "loss"
        loss.backward()
        return draw(loss, lang=language)._repr_mimebundle_()["text/html"]


def labelled(model: MLP, x: Sequence[Any], suffix: str) -> Value:
    """The output for one sample, with names on the way: z0_1 is what neuron 1 of layer 0 adds up,
    a0_1 what it gives."""
    for i, layer in enumerate(model.layers):
        found = []
        for j, neuron in enumerate(layer.neurons):
            z = dot(neuron.weights, x) + neuron.bias
            z.label = f"z{i}_{j}{suffix}"
            a = ACTIVATIONS[str(neuron.activation)](z)
            if a is not z:
                a.label = f"a{i}_{j}{suffix}"
            found.append(a)
        x = found
    output: Value = x[0]
    output.label = f"output{suffix}"
    return output


def plain(model: MLP) -> Callable[[Sequence[float]], list[float]]:
    """The network at its present weights on plain numbers: the outputs of all neurons, the last
    layer's last. The engine's functions give plain floats for plain floats, and record nothing."""
    layers = [
        [
            (
                [w.data for w in neuron.weights],
                neuron.bias.data,
                ACTIVATIONS[str(neuron.activation)],
            )
            for neuron in layer.neurons
        ]
        for layer in model.layers
    ]

    def answer(x: Sequence[float]) -> list[float]:
        found: list[float] = []
        for layer in layers:
            x = [activate(dot(weights, x) + bias) for weights, bias, activate in layer]
            found += x
        return found

    return answer


class Pictures:
    """What every neuron answers everywhere in the plane, drawn a few rows at a time, so that the
    training goes on meanwhile."""

    def __init__(self, room: NetworkRoom) -> None:
        self.room = room
        self.rows: list[list[list[float]]] = []
        self.network = plain(room.model)
        self.across = [SPAN * (2 * (i + 0.5) / CELLS - 1) for i in range(CELLS)]

    def advance(self, seconds: float) -> list[str] | None:
        """Draw for so long; the pictures when they are complete, and None till then. A picture is
        CELLS rows of shades from -1 to 1, the top one first, as floats of 32 bits in base64."""
        end = perf_counter() + seconds
        while True:
            if not self.rows:
                self.network = plain(self.room.model)
            v = -self.across[len(self.rows)]  # from the top
            self.rows.append([self.network([u, v]) for u in self.across])
            if len(self.rows) == CELLS:
                return self._finished()
            if perf_counter() > end:
                return None

    def whole(self) -> list[str]:
        """The pictures of the present weights, at once."""
        self.rows = []
        while True:
            if found := self.advance(1.0):
                return found

    def _finished(self) -> list[str]:
        *hidden, output = zip(*(point for row in self.rows for point in row), strict=True)
        self.rows = []
        shades = [_scaled(numbers) for numbers in hidden]
        shades.append([self.room.shade(x) for x in output])
        return [base64.b64encode(array("f", shade).tobytes()).decode() for shade in shades]


def _scaled(numbers: Sequence[float]) -> list[float]:
    """Brought into ±1 by the largest."""
    most = max(map(abs, numbers)) or 1.0
    return [x / most for x in numbers]
