"""One step of a training: a batch in, its loss out, and the parameters moved.

`TrainingStep` takes it with the engine; `jit_step.CompiledStep` has the same methods and takes it
as machine code. The loop runs either in the same way.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import hypot, isfinite
from typing import Any, ClassVar, NamedTuple, TypeVar

import autograd
from autograd import Value
from nn.dropout import draw_mask, masks_from
from nn.module import Module
from nn.optim import DATA, GRAD, Optimizer, clip_grad_norm, clip_grad_value
from nn.training.dataset import Samples
from nn.training.objective import Evaluation, Objective

__all__ = ["NotFinite", "Outcome", "TrainingStep", "set_gradients", "without_collection"]

T = TypeVar("T")


class Outcome(NamedTuple):
    """What a batch gave before the parameters moved; `correct` counts predictions."""

    loss: float
    correct: int
    gradient_norm: float


class NotFinite(Exception):
    """The loss or a gradient is NaN or infinite; nothing has moved. Says why."""


@dataclass(eq=False)
class TrainingStep:
    """A batch in; its outcome out, and the parameters moved against the gradient of its loss.

    While `undo` is set, a move that is interrupted halfway is taken back; the loop clears it once
    there are best weights to go back to. `rng` is where dropout draws from.
    """

    objective: Objective
    parameters: Sequence[Value]
    optimizer: Optimizer
    clip_norm: float | None
    clip_value: float | None
    rng: Any
    undo: bool = True
    name: ClassVar[str] = "eager"

    def prepare(self, samples: Any) -> Any:
        """Samples in the form that the other methods take."""
        return samples

    def weights(self) -> Sequence[float]:
        """The numbers of all parameters."""
        return list(map(DATA, self.parameters))

    def set_weights(self, weights: Sequence[float]) -> None:
        """Give the parameters other numbers."""
        for p, number in zip(self.parameters, weights, strict=True):
            p.data = float(number)

    def refresh(self) -> None:
        """Take the numbers from the model and the optimiser again (after a callback), and put the
        model into training mode again."""
        if isinstance(self.objective.model, Module):
            Module.train(self.objective.model)

    def write_back(self) -> None:
        """Bring the model and the optimiser up to date (before a callback)."""

    def evaluate(self, samples: Samples) -> Evaluation:
        """Loss and accuracy; nothing changes."""
        return self.objective.evaluate(samples)

    def __call__(self, batch: Samples) -> Outcome:
        loss, correct = without_collection(self._differentiate, batch)
        norm = hypot(*map(GRAD, self.optimizer.parameters))
        if not (isfinite(loss) and isfinite(norm)):
            raise NotFinite(self.reason(batch, loss, norm))
        if self.clip_value is not None:
            clip_grad_value(self.optimizer.parameters, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm(self.optimizer.parameters, self.clip_norm)
        self._move()
        return Outcome(loss, correct, norm)

    def _differentiate(self, batch: Samples) -> tuple[float, int]:
        """The graph lives in here alone, so that it is freed before collection goes on."""
        outputs, loss = self._loss(batch)
        found = set_gradients(loss, self.parameters)
        if batch.classes is None:
            return found, 0
        return found, self.objective.count_correct(outputs, batch.classes)

    def _loss(self, batch: Samples) -> tuple[list[Any], Any]:
        with masks_from(partial(draw_mask, self.rng)):
            outputs = self.objective.predict(batch.rows)
        return outputs, self.objective.loss_of(outputs, batch.targets)

    def _move(self) -> None:
        if not self.undo:
            self.optimizer.step()
            return
        parameters = self.optimizer.parameters
        before = list(map(DATA, parameters))
        try:
            self.optimizer.step()
        except BaseException:
            for p, number in zip(parameters, before, strict=True):
                p.data = number
            raise

    def reason(self, batch: Samples, loss: float, norm: float) -> str:
        what = f"the gradient has norm {norm:g}" if isfinite(loss) else f"the loss is {loss:g}"
        for p in self.parameters:
            if not isfinite(p.data):
                return f"{what}, because parameter {p.label} is {p.data:g}"
        culprit = next(filter(self._fails, map(batch.take, zip(range(len(batch))))), batch)
        result = self._loss(culprit)[1]
        findings = autograd.explain(result, result).findings
        return f"{what}: {findings[0].why}; {findings[0].remedy}" if findings else what

    def _fails(self, batch: Samples) -> bool:
        """Whether the loss or a gradient is not finite."""
        loss, _ = self._differentiate(batch)
        return not (isfinite(loss) and all(isfinite(p.grad) for p in self.parameters))


def set_gradients(loss: Any, parameters: Sequence[Value]) -> float:
    """Set `.grad` of the parameters to the derivatives of a loss, and give its number."""
    for parameter in parameters:
        parameter.grad = 0.0
    if not isinstance(loss, Value):  # no row of the batch depends on the parameters
        return Value(loss).data
    loss.backward()
    return loss.data


def without_collection(f: Callable[..., T], *args: Any) -> T:
    """Call f and keep the cyclic garbage collector from re-scanning a graph while it grows.

    Graphs hold no cycles, so there is nothing in them that it could free. It is a function because
    a `with` block of our own could be interrupted before its end begins.
    """
    if not gc.isenabled():
        return f(*args)
    try:
        gc.disable()
        return f(*args)
    finally:
        gc.enable()
