"""Whether a training can go on from a checkpoint: every entry is checked, before anything changes.

Each function takes what stands in the file and gives it back in the form that the training takes,
or raises ValueError or TypeError with the name of the entry.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from nn.jsonio import read_number
from nn.model_file import check_fits, fitting_numbers
from nn.module import Module
from nn.optim import Optimizer
from nn.schedules import checked_place
from nn.training.history import records_from

__all__ = ["Expected", "fitting_state"]

NEEDED = ("optimizer", "schedule", "random", "held_out", "best_weights", "history", "settings")
KNOWN = {*NEEDED, "engine"}
ALWAYS = ("epoch", "loss", "lr", "gradient_norm", "seconds")
MERSENNE_TWISTER = 3  # the version of the state of a random.Random


@dataclass(frozen=True)
class Expected:
    """The training that is to go on."""

    model: Module
    optimizer: Optimizer
    samples: int
    held_out: int
    has_validation: bool
    has_classes: bool
    has_schedule: bool


def fitting_state(document: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
    """The state of a training, as `Training.state` gave it."""
    model, training = expected.model, document["training"]
    for name in NEEDED:
        if name not in training:
            raise ValueError(f"it has no {name!r}")
    for name in training:
        if name not in KNOWN:
            raise ValueError(f"it has an entry {name!r:.80}, which no training has")
    check_fits(document, model, "its model")
    names = list(model.state_dict())
    numbers = fitting_numbers(model, names, document["parameters"], "its model", coded=True)
    columns = _history(training["history"], expected)
    return {
        "engine": _engine(training.get("engine", "eager")),
        "parameters": dict(zip(names, numbers, strict=True)),
        "optimizer": _optimizer(training["optimizer"], expected.optimizer),
        "schedule": _schedule(training["schedule"], expected, len(columns["epoch"])),
        "random": _random(training["random"]),
        "held_out": _held_out(training["held_out"], expected),
        "best_weights": _best_weights(training["best_weights"], columns, model),
        "history": columns,
    }


def _engine(name: Any) -> str:
    if name not in ("jit", "eager"):
        raise ValueError(f"'engine' is 'jit' or 'eager', got {name!r:.80}")
    return str(name)


def _optimizer(state: Any, optimizer: Optimizer) -> dict[str, Any]:
    if not isinstance(state, dict):
        raise TypeError(f"'optimizer' must be its state, got {state!r:.80}")
    return optimizer.fitting_state(
        {
            name: _numbers(name, x) if isinstance(x, list) else _decoded(x)
            for name, x in state.items()
        }
    )


def _decoded(x: Any) -> Any:
    return read_number("", x) if x in ("nan", "inf", "-inf") else x


def _schedule(state: Any, expected: Expected, epochs: int) -> dict[str, float] | None:
    if (state is not None) != expected.has_schedule:
        raise ValueError(f"'schedule' must{'' if expected.has_schedule else ' not'} be there")
    if state is None:
        return None
    place = checked_place(state)
    if place["epoch"] != epochs:
        raise ValueError(f"'schedule' is in epoch {place['epoch']}, the history in {epochs}")
    return place


def _random(state: Any) -> tuple[int, tuple[int, ...], float | None]:
    """The state of a `random.Random`."""
    if not (isinstance(state, list) and len(state) == 3 and isinstance(state[1], list)):
        raise ValueError("'random' must be the version, numbers and rest of a random.Random")
    version, internal, gauss = state
    for i, x in enumerate(internal):
        if type(x) is not int or not 0 <= x < 2**32:
            raise ValueError(f"'random'[1][{i}] must be a whole number of 32 bits, got {x!r:.80}")
    if version != MERSENNE_TWISTER:
        raise ValueError(f"'random'[0] must be {MERSENNE_TWISTER}, got {version!r:.80}")
    gauss = None if gauss is None else read_number("'random'[2]", gauss)
    found = (version, tuple(internal), gauss)
    try:
        random.Random().setstate(found)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"'random' is no state of a random.Random: {error}") from None
    return found


def _held_out(indices: Any, expected: Expected) -> list[int]:
    if not isinstance(indices, list):
        raise TypeError(f"'held_out' must be a list of samples, got {indices!r:.80}")
    for i, index in enumerate(indices):
        if type(index) is not int or not 0 <= index < expected.samples:
            raise ValueError(f"'held_out'[{i}] must be one of the samples, got {index!r:.80}")
    if indices != sorted(set(indices)) or len(indices) != expected.held_out:
        raise ValueError(
            f"'held_out' must be {expected.held_out} samples, each once and in order; got "
            f"{len(indices)}: {indices!r:.80}"
        )
    return indices


def _best_weights(
    weights: Any, columns: Mapping[str, list[Any]], model: Module
) -> list[float] | None:
    has_best = any(record.decisive_loss < inf for record in records_from({**columns}))
    if weights is None and not has_best:
        return None
    if weights is None or not has_best:
        rule = "be there" if has_best else "not be there without a loss that is finite"
        raise ValueError(f"'best_weights' must {rule}")
    count = len(model.parameters())
    if not isinstance(weights, list) or len(weights) != count:
        raise ValueError(f"'best_weights' must be {count} numbers, one for each parameter")
    return _numbers("best_weights", weights)


def _numbers(name: str, numbers: Sequence[Any]) -> list[float]:
    return [read_number(f"{name!r}[{i}]", x) for i, x in enumerate(numbers)]


# -- the history -----------------------------------------------------------------------------------


def _history(columns: Any, expected: Expected) -> dict[str, list[Any]]:
    if not isinstance(columns, dict):
        raise TypeError(f"'history' must have columns, got {columns!r:.80}")
    needed = {
        *ALWAYS,
        *(["validation_loss"] if expected.has_validation else []),
        *(["accuracy"] if expected.has_classes else []),
        *(["validation_accuracy"] if expected.has_validation and expected.has_classes else []),
    }
    if odd := sorted(needed ^ columns.keys()):
        rule = "have" if odd[0] in needed else "not have"
        raise ValueError(f"'history' must {rule} a column {odd[0]!r:.80}")
    for name, column in columns.items():
        if not isinstance(column, list) or len(column) != len(columns["epoch"]) or not column:
            raise ValueError(f"'history' must have an entry for each epoch in {name!r}")
    return {name: _column(name, column) for name, column in columns.items()}


def _column(name: str, column: Sequence[Any]) -> list[Any]:
    where = f"history.{name}"
    if name == "epoch":
        if column != list(range(1, len(column) + 1)):
            raise ValueError(f"'{where}' must count from 1, got {column!r:.80}")
        return [int(epoch) for epoch in column]
    numbers = _numbers(where, column)
    if name in LIMITS:
        low, high = LIMITS[name]
        for i, x in enumerate(numbers):
            if not low <= x <= high:
                raise ValueError(f"'{where}'[{i}] must be from {low:g} to {high:g}, got {x:g}")
    return numbers


LIMITS = {
    "accuracy": (0.0, 1.0),
    "validation_accuracy": (0.0, 1.0),
    "lr": (0.0, inf),
    "gradient_norm": (0.0, inf),
    "seconds": (0.0, inf),
}
