"""One full-batch training step of an MLP 2-16-16-1 (relu) on 100 points of two half moons.

Mean squared error, plain gradient descent, the same initial weights for everybody; every peer
uses its own `nn` where it has one. The figures are milliseconds per step; the losses are compared.
"""

from __future__ import annotations

import math
import random
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from operator import mul
from statistics import median
from time import process_time
from typing import Any, NamedTuple

from harness import Measurement, load_value, main

SIZES = (2, 16, 16, 1)
SAMPLES = 100
RATE = 0.05
STEPS = {"micrograd": 3}
ENOUGH_STEPS = 12

Points = list[list[float]]


class Step(NamedTuple):
    """The parts of a step; `forward` gives the loss, `number` reads it."""

    forward: Callable[[], Any]
    backward: Callable[[Any], object]
    update: Callable[[], object]
    number: Callable[[Any], float]


def half_moons() -> tuple[Points, list[float]]:
    """Two interleaved half circles with noise, and targets -1 and 1."""
    random_numbers = random.Random(1)
    points, targets = [], []
    for i in range(SAMPLES):
        angle = random_numbers.uniform(0.0, math.pi)
        upper = i % 2 == 0
        x, y = math.cos(angle), math.sin(angle)
        if not upper:
            x, y = 1.0 - x, 0.5 - y
        points.append([x + random_numbers.gauss(0.0, 0.1), y + random_numbers.gauss(0.0, 0.1)])
        targets.append(1.0 if upper else -1.0)
    return points, targets


def initial_parameters() -> list[list[list[float]]]:
    """Per layer, per neuron: its weights, and its bias last."""
    random_numbers = random.Random(2)
    return [
        [
            [random_numbers.uniform(-1.0, 1.0) / math.sqrt(inputs) for _ in range(inputs)] + [0.1]
            for _ in range(outputs)
        ]
        for inputs, outputs in pairwise(SIZES)
    ]


def ours(peer: str) -> Step:
    load_value(peer)
    nn: Any = import_module("nn")
    points, targets = half_moons()
    model = nn.MLP(SIZES[0], list(SIZES[1:]), activation="relu", output_activation="linear")
    for layer, rows in zip(model.layers, initial_parameters(), strict=True):
        for neuron, row in zip(layer.neurons, rows, strict=True):
            for parameter, number in zip([*neuron.weights, neuron.bias], row, strict=True):
                parameter.data = number
    optimizer = nn.SGD(model.parameters(), lr=RATE)

    def update() -> None:
        optimizer.step()
        optimizer.zero_grad()

    return Step(
        forward=lambda: nn.mse_loss([model(point) for point in points], targets),
        backward=lambda loss: loss.backward(),
        update=update,
        number=lambda loss: float(loss.data),
    )


def micrograd() -> Step:
    nn: Any = import_module("micrograd.nn")
    points, targets = half_moons()
    model = nn.MLP(SIZES[0], list(SIZES[1:]))
    numbers = [number for rows in initial_parameters() for row in rows for number in row]
    parameters = model.parameters()
    for parameter, number in zip(parameters, numbers, strict=True):
        parameter.data = number

    def update() -> None:
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        model.zero_grad()

    return Step(
        forward=lambda: mean_squared_error([model(point) for point in points], targets),
        backward=lambda loss: loss.backward(),
        update=update,
        number=lambda loss: float(loss.data),
    )


def mean_squared_error(outputs: Sequence[Any], targets: Sequence[float]) -> Any:
    differences = [output - target for output, target in zip(outputs, targets, strict=True)]
    return sum(difference * difference for difference in differences) / len(differences)


def xad() -> Step:
    """xad has no networks: neuron by neuron, scalar by scalar, a new recording every step."""
    adjoint: Any = import_module("xad.adj_1st")
    real = adjoint.Real
    points, targets = half_moons()
    layers = [[[real(number) for number in row] for row in rows] for rows in initial_parameters()]
    tape = adjoint.Tape()
    tape.activate()

    def forward() -> Any:
        for layer in layers:
            for row in layer:
                tape.registerInputs(row)
        tape.newRecording()
        outputs = []
        for point in points:
            x: list[Any] = point
            for i, layer in enumerate(layers):
                x = [sum(map(mul, row, x), row[-1]) for row in layer]
                if i < len(layers) - 1:
                    x = [max(0.0, neuron) for neuron in x]
            outputs.append(x[0])
        return mean_squared_error(outputs, targets)

    def backward(loss: Any) -> None:
        tape.registerOutput(loss)
        loss.setDerivative(1.0)
        tape.computeAdjoints()

    def update() -> None:
        for layer in layers:
            for row in layer:
                row[:] = [real(p.getValue() - RATE * p.getDerivative()) for p in row]

    return Step(forward, backward, update, lambda loss: float(loss.getValue()))


def measure(arguments: Namespace) -> Measurement:
    peers = {"micrograd": micrograd, "xad": xad}
    peer = arguments.peer
    step = peers[peer]() if peer in peers else ours(peer)
    times: list[tuple[float, float, float, float]] = []
    losses: list[float] = []
    for _ in range(1 + STEPS.get(peer, ENOUGH_STEPS)):  # the first is the warm-up
        start = process_time()
        loss = step.forward()
        forward = process_time()
        step.backward(loss)
        backward = process_time()
        step.update()
        losses.append(step.number(loss))
        del loss
        end = process_time()
        times.append((forward - start, backward - forward, end - backward, end - start))
    names = ("forward", "backward", "update + free", "step")
    columns = zip(*times[1:], strict=True)
    figures = {name: median(column) * 1e3 for name, column in zip(names, columns, strict=True)}
    return Measurement(figures, losses)


if __name__ == "__main__":
    main(measure)
