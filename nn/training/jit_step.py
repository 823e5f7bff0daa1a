"""Training as machine code: the same steps as `steps.Step` takes.

The model and its loss come compiled from `compiled_model`; the optimiser's rule is compiled here
and runs over all parameters. The numbers live in arrays meanwhile, and are written back into the
model's Values when somebody is going to look at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from math import hypot, isfinite, isnan
from typing import Any

import autograd
from nn.optim import Optimizer
from nn.training.dataset import Samples
from nn.training.jit_loss import Arrays, CannotCompile, compiled_model
from nn.training.objective import LOSSES
from nn.training.training_step import Evaluation, NotFinite, Outcome, Step

__all__ = ["CannotCompile", "CompiledOptimizer", "CompiledStep"]

TRIED_ROWS = 8
AGREEMENT = 1e-6
"""How far machine code and engine may differ, as a share of the largest number and of 1: more than
by any rounding, and less than by any model that depends on more than its parameters and a row."""


class CompiledOptimizer:
    """An optimiser's rule over an array of parameters. What it keeps is in arrays meanwhile."""

    def __init__(self, optimizer: Optimizer) -> None:
        import numpy

        rule = type(optimizer).rule
        if not optimizer.has_rule or optimizer.rule is not rule:
            raise CannotCompile(f"{type(optimizer).__name__} has no rule, a static method")
        self._array = numpy.array
        self._optimizer = optimizer
        self._memory: list[Any] = []
        self._rule = autograd.vmap(rule, (None, 0, 0, *[0] * len(optimizer.memory)))
        self.read()

    def moved(self, numbers: Any, gradient: Any) -> Any:
        """The parameters after a step."""
        self._optimizer.steps += 1
        try:
            new, *memory = self._applied(self._optimizer, numbers, gradient)
        except BaseException:
            self._optimizer.steps -= 1
            raise
        self._memory = memory
        return new

    def try_out(self, numbers: Any, gradient: Any) -> None:
        """Record and compile; nothing changes."""
        optimizer = copy(self._optimizer)
        optimizer.steps += 1
        self._applied(optimizer, numbers, gradient)

    def _applied(self, optimizer: Optimizer, numbers: Any, gradient: Any) -> Any:
        settings = self._array(optimizer.settings(), float)
        try:
            return self._rule(settings, numbers, gradient, *self._memory)
        except Exception as error:
            raise CannotCompile(f"{type(optimizer).__name__}.rule: {error}") from error

    def read(self) -> None:
        """Take what is kept from the optimiser."""
        names = self._optimizer.memory
        self._memory = [self._array(getattr(self._optimizer, name), float) for name in names]

    def write_back(self) -> None:
        """Hand it back."""
        for name, array in zip(self._optimizer.memory, self._memory, strict=True):
            getattr(self._optimizer, name)[:] = array.tolist()


class CompiledStep(Step):
    """A step in machine code. Raises CannotCompile where there is none for this training."""

    name = "jit"

    def __init__(self, model: Any, eager: Step) -> None:
        optimizer = eager.optimizer
        super().__init__(eager.task, eager.parameters, optimizer, eager.clip_norm, eager.clip_value)
        self._eager = eager
        self._model = compiled_model(eager.task, self.parameters, model)
        self._rule = CompiledOptimizer(optimizer)
        places = {id(p): i for i, p in enumerate(self.parameters)}
        self._moving = [places[id(p)] for p in optimizer.parameters]
        self._moves_all = self._moving == list(range(len(self.parameters)))
        self._probe: Samples | None = None
        self.read()

    def try_out(self, samples: Samples) -> None:
        """Record, compile and compare with the engine; nothing changes."""
        gradient_before = self._gradient
        loss, _, gradient = self._model.differentiate(self._numbers, self.prepare(samples))
        self._rule.try_out(self._numbers[self._moving], gradient[self._moving])
        expected, _ = self._differentiate(samples)
        wanted = [p.grad for p in self.parameters]
        for p, number in zip(self.parameters, gradient_before.tolist(), strict=True):
            p.grad = number
        if not (_agree([loss], [expected]) and _agree(gradient.tolist(), wanted)):
            raise CannotCompile(
                "the model gives other numbers for the same row the next time, so it depends on "
                "more than its parameters"
            )
        self._probe = samples.take([0]) if self.task.loss in LOSSES.values() else samples

    def uncompiled(self) -> Step:
        """The same in the engine's hands."""
        self._eager.undo = self.undo
        return self._eager

    def prepare(self, samples: Samples) -> Any:
        return self._model.arrays(samples)

    def weights(self) -> Any:
        return self._numbers

    def set_weights(self, weights: Sequence[float]) -> None:
        super().set_weights(weights)
        self._numbers = self._array(weights)

    def read(self) -> None:
        self._numbers = self._array(super().weights())
        self._gradient = self._array([p.grad for p in self.parameters])
        self._rule.read()
        self._model.check_unchanged()
        if self._probe:
            self._check(self._probe)

    def _check(self, samples: Samples) -> None:
        """Raises CannotCompile if engine and machine code no longer give the same loss."""
        loss, *_ = self._model.differentiate(self._numbers, self.prepare(samples))
        if not _agree([loss], [super().evaluate(samples).loss]):
            raise CannotCompile("what the model computes has changed since it was recorded")

    def _array(self, numbers: Sequence[float]) -> Any:
        import numpy

        return numpy.array(numbers, float)

    def write_back(self) -> None:
        super().set_weights(self._numbers.tolist())
        for p, g in zip(self.parameters, self._gradient.tolist(), strict=True):
            p.grad = g
        self._rule.write_back()

    def evaluate(self, samples: Any) -> Evaluation:
        loss, right = self._model.evaluate(self._numbers, samples)
        if self.task.classes is None:
            return Evaluation(loss, None)
        if isnan(right):
            return self._evaluated_by_engine(samples)
        return Evaluation(loss, right / len(samples))

    def _evaluated_by_engine(self, batch: Arrays) -> Evaluation:
        """Where the outputs are so far out that arithmetic can't compare them."""
        self.write_back()
        return super().evaluate(batch.samples)

    def __call__(self, batch: Any) -> Outcome:
        loss, right, self._gradient = self._model.differentiate(self._numbers, batch)
        gradient = self._gradient if self._moves_all else self._gradient[self._moving]
        norm = hypot(*gradient.tolist())
        if not (isfinite(loss) and isfinite(norm)):
            self.write_back()
            raise NotFinite(self.reason(batch.samples, loss, norm))
        if isnan(right):
            right = (self._evaluated_by_engine(batch).accuracy or 0.0) * len(batch)
        if self.clip_value is not None or self.clip_norm is not None:
            gradient = clipped(gradient, norm, self.clip_norm, self.clip_value)
            self._gradient[self._moving] = gradient
        if self._moves_all:
            self._numbers = self._rule.moved(self._numbers, gradient)
        else:
            numbers = self._numbers.copy()
            numbers[self._moving] = self._rule.moved(numbers[self._moving], gradient)
            self._numbers = numbers
        return Outcome(loss, round(right), norm)


def clipped(gradient: Any, norm: float, clip_norm: float | None, clip_value: float | None) -> Any:
    """What `clip_grad_value` and then `clip_grad_norm` make of it."""
    import numpy

    if clip_value is not None:
        gradient = numpy.clip(gradient, -clip_value, clip_value)
        norm = hypot(*gradient.tolist())
    if clip_norm is not None and isfinite(norm) and norm > clip_norm:
        gradient = gradient * (clip_norm / norm)
    return gradient


def _agree(found: Sequence[float], wanted: Sequence[float]) -> bool:
    if not all(map(isfinite, wanted)):
        return True
    tolerance = AGREEMENT * max(1.0, *map(abs, wanted))
    return all(abs(x - y) <= tolerance for x, y in zip(found, wanted, strict=True))
