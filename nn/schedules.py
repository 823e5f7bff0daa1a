"""Learning-rate schedules: the rate that an optimiser was given, times a factor for each epoch.

A rule is a function epoch -> factor: one made by `step` or `cosine`, or any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi
from typing import Any, TypeAlias

from nn.optim import Optimizer
from nn.validation import as_count, non_negative

__all__ = ["Rule", "Schedule", "checked_place", "cosine", "step"]

Rule: TypeAlias = Callable[[int], float]


def step(every: int, factor: float = 0.1) -> Rule:
    """Multiply by `factor` every so many epochs (PyTorch's StepLR).

    >>> rule = step(10, 0.5)
    >>> rule(0), rule(9), rule(10), rule(25)
    (1.0, 1.0, 0.5, 0.25)
    """
    if every < 1:
        raise ValueError(f"every must be at least 1 epoch, got {every}")
    return lambda epoch: float(factor ** (epoch // every))


def cosine(epochs: int, floor: float = 0.0) -> Rule:
    """From 1 down to `floor` along half a cosine in so many epochs, and then stay.

    (Loshchilov and Hutter 2017.)

    >>> rule = cosine(100)
    >>> rule(0), round(rule(50), 12), rule(100), rule(200)
    (1.0, 0.5, 0.0, 0.0)
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    return lambda epoch: floor + (1.0 - floor) * (1.0 + cos(pi * min(epoch / epochs, 1.0))) / 2.0


class Schedule:
    """Sets `optimizer.lr` to (the lr it had) · rule(epoch); `step()` goes on to the next epoch.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.4)
    >>> schedule = Schedule(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    >>> optimizer.lr
    0.1
    """

    def __init__(self, optimizer: Optimizer, rule: Rule) -> None:
        if not callable(rule):
            raise TypeError(
                "a schedule needs a function epoch -> factor, such as step(30) or cosine(100); "
                f"got {rule!r}"
            )
        self.optimizer = optimizer
        self.rule = rule
        self.initial_lr = optimizer.lr
        self.epoch = 0
        self._set_lr()

    def step(self) -> None:
        """One epoch is over."""
        self.epoch += 1
        self._set_lr()

    def state_dict(self) -> dict[str, float]:
        """Where it stands; the rule itself is not part of it."""
        return {"initial_lr": self.initial_lr, "epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Go on from there. Raises ValueError or TypeError, naming the key, if it does not fit;
        then nothing changes."""
        place = checked_place(state)
        self.initial_lr, self.epoch = place["initial_lr"], int(place["epoch"])
        self._set_lr()

    def _set_lr(self) -> None:
        self.optimizer.lr = self.initial_lr * self.rule(self.epoch)


def checked_place(state: Any) -> dict[str, float]:
    """The state of a schedule: the rate it began with, and the number of its epoch."""
    if not isinstance(state, Mapping) or set(state) != {"initial_lr", "epoch"}:
        raise ValueError(f"the state of a schedule is initial_lr and epoch; got {state!r:.80}")
    lr = non_negative("initial_lr", state["initial_lr"])
    return {"initial_lr": lr, "epoch": as_count("the epoch of a schedule", state["epoch"], 0)}
