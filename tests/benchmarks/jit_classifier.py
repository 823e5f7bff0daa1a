"""Classifiers of made images trained by Adam in batches, in their given order: 64-64-10 (tanh) on
1,797 of 8 x 8, and 784-128-10 (101,770 parameters) on 60,000 of 28 x 28.

Cross-entropy, from the same weights. `--program` names the network and the batch size, as in
"digits 32". The figures are seconds: "epoch" is the shortest of all but the first; "ready" what the
first takes beyond that, with all that comes before it. The losses are compared.
"""

from __future__ import annotations

import math
import random
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

from compiling import Stopwatch, load_ours
from harness import Measurement, main

NETWORKS = {"digits": ((64, 64, 10), 1797, 6), "images": ((784, 128, 10), 60_000, 3)}
"""Sizes of the layers, samples and epochs."""
RATE = 0.001

Train = Callable[[Callable[[], None]], list[float]]
"""Gives the losses; calls a function at the beginning of each epoch."""


def data(name: str) -> tuple[Any, list[int]]:
    """Images about one for each class, with noise, and their classes."""
    numpy: Any = import_module("numpy")
    sizes, samples, _ = NETWORKS[name]
    numbers = numpy.random.default_rng(5)
    centres = numbers.uniform(0.0, 1.0, (sizes[-1], sizes[0]))
    classes = numbers.integers(0, sizes[-1], samples)
    noise = numbers.normal(0.0, 0.5, (samples, sizes[0]))
    return centres[classes] + noise, classes.tolist()


def weights(name: str) -> list[list[list[float]]]:
    """Of each layer the rows of its neurons, the bias last."""
    sizes, _, _ = NETWORKS[name]
    numbers = random.Random(3)
    return [
        [
            [*[numbers.uniform(-1.0, 1.0) / math.sqrt(inputs) for _ in range(inputs)], 0.0]
            for _ in range(outputs)
        ]
        for inputs, outputs in pairwise(sizes)
    ]


def ours(arguments: Namespace, name: str, batch: int) -> Train:
    load_ours(arguments.peer)
    nn: Any = import_module("nn")
    X, y = data(name)

    def train(begin: Callable[[], None]) -> list[float]:
        sizes, _, epochs = NETWORKS[name]
        model = nn.MLP(sizes[0], list(sizes[1:]), activation="tanh")
        numbers = [number for rows in weights(name) for row in rows for number in row]
        for parameter, number in zip(model.parameters(), numbers, strict=True):
            parameter.data = number

        def factor(epoch: int) -> float:
            if epoch < epochs:  # asked for once more after the last
                begin()
            return 1.0

        history = nn.fit(
            model,
            X,
            y,
            lr=RATE,
            epochs=epochs,
            schedule=factor,
            batch_size=batch,
            shuffle=False,
            progress=False,
            engine="jit",
        )
        losses: list[float] = history["loss"]
        return losses

    return train


def torch(_: Namespace, name: str, batch: int) -> Train:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    library.set_default_dtype(library.float64)
    X, y = data(name)

    def train(begin: Callable[[], None]) -> list[float]:
        sizes, samples, epochs = NETWORKS[name]
        x, classes = library.tensor(X), library.tensor(y)
        parts = [library.nn.Linear(sizes[i], sizes[i + 1]) for i in range(2)]
        with library.no_grad():
            for part, rows in zip(parts, weights(name), strict=True):
                part.weight.copy_(library.tensor([row[:-1] for row in rows]))
                part.bias.copy_(library.tensor([row[-1] for row in rows]))
        model = library.nn.Sequential(parts[0], library.nn.Tanh(), parts[1])
        optimizer = library.optim.Adam(model.parameters(), lr=RATE)
        loss_of = library.nn.CrossEntropyLoss()
        losses = []
        for _ in range(epochs):
            begin()
            total = 0.0
            for start in range(0, samples, batch):
                rows = x[start : start + batch]
                loss = loss_of(model(rows), classes[start : start + batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            losses.append(total / samples)
        return losses

    return train


def measure(arguments: Namespace) -> Measurement:
    name, batch = arguments.program.split()
    prepare = torch if arguments.peer == "torch" else ours
    train = prepare(arguments, name, int(batch))
    clock = Stopwatch()
    begins: list[float] = []
    losses = train(lambda: begins.append(clock()))
    begins.append(clock())
    epochs = [after - before for before, after in pairwise(begins)]
    epoch = min(epochs[1:])
    return Measurement({"ready": begins[1] - epoch, "epoch": epoch}, losses)


if __name__ == "__main__":
    main(measure)
