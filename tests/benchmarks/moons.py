"""micrograd's demo: MLP 2-16-16-1 (relu) on 100 points of two half moons, full batch.

Max-margin loss, L2 with factor 1e-4, and plain gradient descent at the rate 1 - 0.9 k/100 in step
k, from the same weights for everybody. Ours does it twice: through `nn.fit`, and in a loop written
out with the same engine. micrograd does its notebook's loop, fewer steps of it. The figures are
milliseconds per step of the whole training; the losses are compared.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
from statistics import median
from time import process_time
from typing import Any

from harness import Measurement, load_value, main
from mlp_step import SIZES, half_moons, initial_parameters

STEPS = 100
MICROGRAD_STEPS = 5
L2 = 1e-4
REPETITIONS = 3


def factor(k: int) -> float:
    return 1.0 - 0.9 * min(k / STEPS, 1.0)


def our_model(nn: Any) -> Any:
    model = nn.MLP(SIZES[0], list(SIZES[1:]), activation="relu")
    numbers = [number for rows in initial_parameters() for row in rows for number in row]
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    return model


def through_fit(nn: Any, engine: str = "eager", steps: int = STEPS) -> list[float]:
    points, targets = half_moons()
    history = nn.fit(
        our_model(nn),
        points,
        targets,
        loss="hinge",
        optimizer="sgd",
        lr=1.0,
        weight_decay=2 * L2,
        epochs=steps,
        batch_size=None,
        schedule=factor,
        progress=False,
        engine=engine,
    )
    losses: list[float] = history["loss"]
    return losses


def written_out(nn: Any) -> list[float]:
    points, targets = half_moons()
    model = our_model(nn)
    optimizer = nn.SGD(model.parameters(), lr=1.0, weight_decay=2 * L2)
    schedule = nn.Schedule(optimizer, factor)
    losses = []
    for _ in range(STEPS):
        loss = nn.hinge_loss([model(point) for point in points], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.data)
    return losses


def micrograd() -> list[float]:
    value: Any = import_module("micrograd.engine").Value
    model: Any = import_module("micrograd.nn").MLP(SIZES[0], list(SIZES[1:]))
    points, targets = half_moons()
    parameters = model.parameters()
    numbers = [number for rows in initial_parameters() for row in rows for number in row]
    for parameter, number in zip(parameters, numbers, strict=True):
        parameter.data = number
    losses = []
    for k in range(MICROGRAD_STEPS):
        scores = [model([value(x) for x in point]) for point in points]
        margins = [(1 + -y * score).relu() for y, score in zip(targets, scores, strict=True)]
        loss = sum(margins) * (1.0 / len(margins))
        total = loss + L2 * sum(p * p for p in parameters)
        model.zero_grad()
        total.backward()
        for p in parameters:
            p.data -= factor(k) * p.grad
        losses.append(float(loss.data))
    return losses


def timed(train: Any, *arguments: Any) -> tuple[float, list[float]]:
    """Milliseconds of processor time per step, and the losses."""
    start = process_time()
    losses = train(*arguments)
    return (process_time() - start) * 1e3 / len(losses), losses


def measure(arguments: Namespace) -> Measurement:
    if arguments.peer == "micrograd":
        step, losses = timed(micrograd)
        return Measurement({"step": step, "written out": step, "fit ÷ written out": 1.0}, losses)
    load_value(arguments.peer)
    nn: Any = import_module("nn")
    timed(written_out, nn)  # the warm-up
    pairs = [(timed(through_fit, nn), timed(written_out, nn)) for _ in range(REPETITIONS)]
    fit, loop = (median(pair[i][0] for pair in pairs) for i in (0, 1))
    fitted, looped = pairs[0][0][1], pairs[0][1][1]
    if fitted != looped:
        raise SystemExit("fit and the loop written out disagree")
    return Measurement({"step": fit, "written out": loop, "fit ÷ written out": fit / loop}, fitted)


if __name__ == "__main__":
    main(measure)
