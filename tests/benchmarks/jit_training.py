"""MLP 2-16-16-1 (tanh) on 1,000 points of two half moons: 1,000 epochs of Adam, full batch.

Binary cross-entropy on logits, from the same weights for everybody but scikit-learn, which draws
its own. The figures are seconds of the whole training, from lists of numbers to the last loss, with
recording and compiling; and milliseconds that a further epoch takes: the difference, when all is
done again, between this training and one of two epochs. The first losses are compared.
"""

from __future__ import annotations

import math
import random
import warnings
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from typing import Any

from compiling import Stopwatch, load_ours
from harness import Measurement, main
from mlp_step import SIZES, initial_parameters

SAMPLES = 1_000
EPOCHS = 1_000
RATE = 0.01
COMPARED = 10

Train = Callable[[int], list[float]]


def data() -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles with noise, and classes 0 and 1."""
    numbers = random.Random(5)
    points = []
    for i in range(SAMPLES):
        angle = numbers.uniform(0.0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        if i % 2:
            x, y = 1.0 - x, 0.5 - y
        points.append([x + numbers.gauss(0.0, 0.1), y + numbers.gauss(0.0, 0.1)])
    return points, [i % 2 for i in range(SAMPLES)]


def layers(array: Callable[[Any], Any]) -> list[Any]:
    """Weights (a row for each neuron) and biases of each layer, one after the other."""
    out = []
    for rows in initial_parameters():
        out += [array([row[:-1] for row in rows]), array([row[-1] for row in rows])]
    return out


def ours(arguments: Namespace) -> Train:
    load_ours(arguments.peer)
    nn: Any = import_module("nn")
    points, classes = data()

    def train(epochs: int) -> list[float]:
        model = nn.MLP(SIZES[0], list(SIZES[1:]), activation="tanh")
        numbers = [number for rows in initial_parameters() for row in rows for number in row]
        for parameter, number in zip(model.parameters(), numbers, strict=True):
            parameter.data = number
        history = nn.fit(
            model,
            points,
            classes,
            loss="binary_cross_entropy",
            lr=RATE,
            epochs=epochs,
            batch_size=None,
            progress=False,
            engine="jit",
        )
        losses: list[float] = history["loss"]
        return losses

    return train


def torch(arguments: Namespace) -> Train:
    library: Any = import_module("torch")
    library.set_num_threads(1)
    library.set_default_dtype(library.float64)
    functional = library.nn.functional
    points, classes = data()

    def train(epochs: int) -> list[float]:
        x, y = library.tensor(points), library.tensor(classes, dtype=library.float64)
        parts = [library.nn.Linear(SIZES[i], SIZES[i + 1]) for i in range(3)]
        tanh = library.nn.Tanh()
        model = library.nn.Sequential(parts[0], tanh, parts[1], tanh, parts[2])
        with library.no_grad():
            for parameter, numbers in zip(model.parameters(), layers(library.tensor), strict=True):
                parameter.copy_(numbers)
        optimizer = library.optim.Adam(model.parameters(), lr=RATE)

        def loss_of(x: Any, y: Any) -> Any:
            return functional.binary_cross_entropy_with_logits(model(x)[:, 0], y)

        if arguments.peer == "torch-compile":
            library.compiler.reset()
            loss_of = library.compile(loss_of)
        losses = []
        for _ in range(epochs):
            loss = loss_of(x, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return train


def jax(_: Namespace) -> Train:
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    optax: Any = import_module("optax")
    numpy = library.numpy
    points, classes = data()

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        hidden = numpy.tanh(numpy.tanh(x @ W1.T + b1) @ W2.T + b2)
        logits = (hidden @ W3.T + b3)[:, 0]
        return optax.sigmoid_binary_cross_entropy(logits, y).mean()

    def train(epochs: int) -> list[float]:
        library.clear_caches()
        x, y = numpy.array(points), numpy.array(classes, float)
        parameters = layers(numpy.array)
        optimizer = optax.adam(RATE)
        state = optimizer.init(parameters)

        @library.jit
        def step(parameters: Any, state: Any, x: Any, y: Any) -> Any:
            loss, gradient = library.value_and_grad(loss_of)(parameters, x, y)
            changes, state = optimizer.update(gradient, state)
            return optax.apply_updates(parameters, changes), state, loss

        losses = []
        for _ in range(epochs):
            parameters, state, loss = step(parameters, state, x, y)
            losses.append(loss)
        return [float(loss) for loss in losses]

    return train


def sklearn(_: Namespace) -> Train:
    network: Any = import_module("sklearn.neural_network")
    points, classes = data()

    def train(epochs: int) -> list[float]:
        model = network.MLPClassifier(
            hidden_layer_sizes=SIZES[1:-1],
            activation="tanh",
            alpha=0.0,
            batch_size=SAMPLES,
            learning_rate_init=RATE,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it might not have converged
            model.fit(points, classes)
        losses: list[float] = model.loss_curve_
        return losses

    return train


def timed(train: Train, epochs: int) -> tuple[float, list[float]]:
    clock = Stopwatch()
    losses = train(epochs)
    if len(losses) != epochs:
        raise SystemExit(f"stopped after {len(losses)} epochs")
    return clock(), losses


def measure(arguments: Namespace) -> Measurement:
    peers = {"torch": torch, "torch-compile": torch, "jax": jax, "sklearn": sklearn}
    train = peers.get(arguments.peer, ours)(arguments)
    (whole, losses), (again, _), (short, _) = (timed(train, n) for n in (EPOCHS, EPOCHS, 2))
    epoch = (again - short) / (EPOCHS - 2)
    figures = {"training": whole, "epoch, ms": 1e3 * epoch, "last loss": losses[-1]}
    return Measurement(figures, [] if arguments.peer == "sklearn" else losses[:COMPARED])


if __name__ == "__main__":
    main(measure)
