"""Whether a training that went to its end has gone wrong: a loss far above what it began with, or
outputs that nothing moves any more. Both come of steps that are too large."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import autograd
from nn.array_rows import as_rows
from nn.training.dataset import Samples
from nn.training.history import Record
from nn.training.objective import Objective

__all__ = ["REMEDY", "TRIAL_ROWS", "what_went_wrong"]

TRIAL_ROWS = 8
"""Few, since the engine computes them, and enough to see a loss of another magnitude."""

FACTOR = 1000.0
"""Losses that go up by less than this may come down again."""

REMEDY = (
    "A lower learning rate than {lr:g}, inputs of about ±1 (scale=True), or clip_norm=1.0 may help"
)


def what_went_wrong(
    objective: Objective, trial: Samples, before: float, history: Sequence[Record]
) -> str | None:
    """In words, or None: after the last epoch, of a loss that was `before` at the first batch.

    The record of an epoch is measured before its steps and says nothing of the last one, so a few
    samples are measured again, with a loss of this library: one of the user's own may count calls.
    """
    first, last = history[0], history[-1]
    magnitude, losses = abs(before), []
    if objective.has_known_loss:
        losses.append(objective.evaluate(trial).loss)
        magnitude = max(magnitude, _of_a_constant(objective, trial))
    # Other samples may have losses of another magnitude, and then had them in the first epoch too.
    if last.loss >= first.loss:
        losses.append(last.loss)
    for now in losses:
        if not isfinite(now) or now > FACTOR * magnitude:
            return (
                f"training has diverged: the loss was {before:.3g} at first, and is {now:.3g} now"
            )
    if last.gradient_norm == 0.0 != last.loss >= before:
        return (
            "training has got stuck: the gradient is exactly 0 (of outputs at their limits, dead "
            "relus, or parameters that the model does not use), and the loss, "
            f"{before:.3g} at first, is {last.loss:.3g} now"
        )
    return None


def _of_a_constant(objective: Objective, trial: Samples) -> float:
    """The loss of one answer to all: the mean of the targets, or no preference among classes.

    It tells the magnitude of losses where that of the first batch happens to be tiny, as when a
    trained model is trained again.
    """
    answer = [0.0] * objective.n_outputs
    if objective.classes is None:
        answer = [autograd.mean(column) for column in zip(*as_rows(trial.targets), strict=True)]
    output = answer if objective.n_outputs > 1 else answer[0]
    return float(objective.loss_of([output] * len(trial), trial.targets))
