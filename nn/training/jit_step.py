"""One step of a training as machine code: the same numbers as `TrainingStep` but for rounding.

The model and its loss come compiled from `jit_loss`; the optimiser's rule is compiled here and runs
over all parameters. The numbers live in arrays, and are copied back into the model's Values before
a callback, a checkpoint, and at the end.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from itertools import count
from math import hypot, isfinite, isnan, sqrt
from typing import Any

import autograd
from nn.dropout import mode
from nn.module import Module
from nn.optim import GRAD, Optimizer
from nn.training.dataset import Row, Samples
from nn.training.jit_loss import Arrays, CannotCompile, CompiledModel, compiled_model
from nn.training.objective import Evaluation
from nn.training.surroundings import Surroundings
from nn.training.training_step import NotFinite, Outcome, TrainingStep, without_collection

__all__ = ["CannotCompile", "CompiledStep", "compiled_step", "is_worth_compiling"]

FEW = 1000  # numbers
TRIED_ROWS = 8
AGREEMENT = 1e-6
"""How far machine code and engine may differ, as a share of the largest number and of 1: more than
by any rounding, and less than by any model that depends on more than its parameters and a row."""

MOST_CHANGES = 3
"""How often a training that need not be compiled is, because a callback changes what the model
computes. Who changes it after every epoch is faster with the engine."""

EAGER_IS_SILENT = "engine='eager' is this without the warning"


def is_worth_compiling(epochs: int, samples: int, parameters: int) -> bool:
    """Whether the engine would take longer to train than machine code takes to compile: measured
    with networks of 17 to 101,770 parameters."""
    seconds = epochs * samples * (2e-5 + 2.2e-7 * parameters)
    return seconds > 0.3 + min(0.002 * parameters, 0.5 + 1e-4 * parameters)


def compiled_step(eager: TrainingStep, model: Module, samples: Samples, must: bool) -> TrainingStep:
    """The same step as machine code. Where that is not possible it is `eager`, with a warning, or
    an error if it `must` be compiled."""

    def compiled() -> CompiledStep:
        with mode(model, training=True):  # whatever ends the trial
            return CompiledStep(
                model, eager, must, samples.take(range(min(TRIED_ROWS, len(samples))))
            )

    try:
        return without_collection(compiled)
    except ImportError:
        if must:
            raise
        return eager
    except CannotCompile as error:
        if must:
            raise ValueError(f"engine='jit' is not possible: {error}") from error
        warnings.warn(f"training runs uncompiled: {error}; {EAGER_IS_SILENT}", stacklevel=4)
        return eager


class CompiledOptimizer:
    """An optimiser's rule over an array of parameters, and its memory in arrays."""

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
        except autograd.CheckFailed:
            raise
        except Exception as error:
            raise CannotCompile(f"{type(optimizer).__name__}.rule: {error}") from error

    def read(self) -> None:
        """Copy the memory from the optimiser."""
        names = self._optimizer.memory
        self._memory = [self._array(getattr(self._optimizer, name), float) for name in names]

    def write_back(self) -> None:
        """Copy the memory to the optimiser."""
        for name, array in zip(self._optimizer.memory, self._memory, strict=True):
            getattr(self._optimizer, name)[:] = array.tolist()


class CompiledStep(TrainingStep):
    """A step as machine code. Raises CannotCompile where that is not possible."""

    name = "jit"

    def __init__(self, model: Module, eager: TrainingStep, must: bool, trial: Samples) -> None:
        optimizer, bounds = eager.optimizer, (eager.clip_norm, eager.clip_value)
        super().__init__(eager.objective, eager.parameters, optimizer, *bounds, eager.rng)
        self._eager = eager
        self._must = must
        self._module = model
        self._trial = trial
        self._probe = trial.take([0]) if eager.objective.has_known_loss else trial
        self._prepared: list[Samples] = []
        self._changes = 0
        self._compile()

    def _compile(self) -> None:
        """Record, compile and compare with the engine; nothing changes."""
        optimizer, trial = self.optimizer, self._trial
        self._model = self._compiled_model(self._module, trial.rows[0])
        self._rule = CompiledOptimizer(optimizer)
        self._read()
        loss, _, gradient = self._tried(trial)
        self._rule.try_out(self._numbers[self._moving], gradient[self._moving])
        if not self._engine_agrees(trial, loss, gradient):
            raise CannotCompile(
                "the model gives other numbers when the same row is computed again, so it depends "
                "on more than its parameters"
            )
        rule = optimizer.rule
        self._surroundings = Surroundings([self._module, rule], self._model.captured)

    def _compiled_model(self, model: Module, row: Row) -> CompiledModel:
        return compiled_model(self.objective, self.parameters, model, row)

    def _engine_agrees(self, samples: Samples, loss: float, gradient: Any) -> bool:
        """Whether the engine finds the same loss and gradient."""
        with self._trying():
            expected, _ = self._differentiate(samples)
        wanted = [p.grad for p in self.parameters]
        for p, number in zip(self.parameters, self._gradient.tolist(), strict=True):
            p.grad = number
        return _agree([loss], [expected]) and _agree(gradient.tolist(), wanted)

    def _is_as_recorded(self, samples: Samples) -> bool:
        """Whether the model as it is now does the same for some samples as its machine code."""
        loss, _, gradient = self._tried(samples)
        if not self._engine_agrees(samples, loss, gradient):
            return False
        measured, _ = self._model.evaluate(self._numbers, self._model.arrays(samples))
        return _agree([measured], [self.objective.evaluate(samples).loss])

    def _is_known_elsewhere(self) -> bool:
        """The same for all samples (each by itself, where a loss can be had for one), unless it is
        known that nothing has changed."""
        if self._surroundings.is_all:
            return True
        by_row = self.objective.has_known_loss
        for samples in self._prepared:
            parts = [samples.take([i]) for i in range(len(samples))] if by_row else [samples]
            if not all(map(self._is_as_recorded, parts)):
                return False
        return True

    def _tried(self, samples: Samples) -> tuple[float, float, Any]:
        """Loss, count and gradient, with the dropout of a trial."""
        batch = self._model.with_masks(self._model.arrays(samples), random.Random(0))
        return self._model.differentiate(self._numbers, batch)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Inside the block the engine trains with the dropout of a trial, too."""
        rng, self.rng = self.rng, random.Random(0)
        try:
            with mode(self.objective.model, training=True):
                yield
        finally:
            self.rng = rng

    def uncompiled(self, error: CannotCompile, epoch: int) -> TrainingStep:
        """The same step by the engine, with a warning, or an error if it must be compiled."""
        if self._must:
            raise ValueError(f"engine='jit' can't go on in epoch {epoch}: {error}") from error
        warnings.warn(f"training goes on uncompiled: {error}; {EAGER_IS_SILENT}", stacklevel=8)
        self._eager.undo = self.undo
        return self._eager

    def prepare(self, samples: Any) -> Any:
        self._prepared.append(samples)
        return self._model.arrays(samples)

    def weights(self) -> Any:
        return self._numbers

    def set_weights(self, weights: Sequence[float]) -> None:
        super().set_weights(weights)
        self._numbers = self._array(weights)

    def refresh(self) -> None:
        super().refresh()
        self._read()
        changed = self._surroundings.changed()
        if changed is None and self._is_as_recorded(self._probe) and self._is_known_elsewhere():
            return
        self._changes += 1
        if self._changes > MOST_CHANGES and not self._must:
            what = "" if changed is None else f" ({changed})"
            raise CannotCompile(
                f"a callback has changed {self._changes} times what the model computes{what}"
            )
        without_collection(self._compile)

    def _read(self) -> None:
        """Copy the numbers from the model and the optimiser."""
        places = dict(zip(map(id, self.parameters), count()))
        moving = list(map(places.get, map(id, self.optimizer.parameters)))
        if None in moving:
            raise CannotCompile("the optimiser moves other parameters than when training began")
        self._moving: list[Any] = moving
        self._moves_all = moving == list(range(len(places)))
        self._numbers = self._array(super().weights())
        self._gradient = self._array(list(map(GRAD, self.parameters)))
        self._rule.read()
        self._is_written = True

    def _array(self, numbers: Sequence[float]) -> Any:
        import numpy

        return numpy.array(numbers, float)

    def write_back(self) -> None:
        if self._is_written:  # since then a callback may have changed them
            return
        self._is_written = True
        super().set_weights(self._numbers.tolist())
        for p, g in zip(self.parameters, self._gradient.tolist(), strict=True):
            p.grad = g
        self._rule.write_back()

    def evaluate(self, samples: Any) -> Evaluation:
        loss, correct = self._model.evaluate(self._numbers, samples)
        if self.objective.classes is None:
            return Evaluation(loss, None)
        if isnan(correct):
            return self._evaluated_by_engine(samples)
        return Evaluation(loss, correct / len(samples))

    def _evaluated_by_engine(self, batch: Arrays) -> Evaluation:
        """Where the outputs overflow, so that differences of them can't tell the largest."""
        self.write_back()
        return super().evaluate(batch.samples)

    def __call__(self, batch: Any) -> Outcome:
        batch = self._model.with_masks(batch, self.rng)
        loss, correct, gradient = self._model.differentiate(self._numbers, batch)
        self._is_written, self._gradient = False, gradient
        gradient = gradient if self._moves_all else gradient[self._moving]
        norm = _norm(gradient)
        if not (isfinite(loss) and isfinite(norm)):
            self.write_back()
            raise NotFinite(self.reason(batch.samples, loss, norm))
        if isnan(correct):
            correct = (self._evaluated_by_engine(batch).accuracy or 0.0) * len(batch)
        self._is_written = False
        if self.clip_value is not None or self.clip_norm is not None:
            gradient = _clipped(gradient, norm, self.clip_norm, self.clip_value)
            self._gradient[self._moving] = gradient
        if self._moves_all:
            self._numbers = self._rule.moved(self._numbers, gradient)
        else:
            numbers = self._numbers.copy()
            numbers[self._moving] = self._rule.moved(numbers[self._moving], gradient)
            self._numbers = numbers
        return Outcome(loss, round(correct), norm)


def _norm(gradient: Any) -> float:
    """The engine's for a few numbers; of thousands the sum of squares, in which the last digits may
    differ, for the engine's takes longer than a step."""
    if len(gradient) <= FEW:
        return hypot(*gradient.tolist())
    largest = float(abs(gradient).max())
    if not (isfinite(largest) and largest):
        return largest
    scaled = gradient / largest  # so that no square overflows
    return largest * sqrt(float((scaled * scaled).sum()))


def _clipped(gradient: Any, norm: float, clip_norm: float | None, clip_value: float | None) -> Any:
    """What `clip_grad_value` and then `clip_grad_norm` make of it."""
    import numpy

    if clip_value is not None:
        gradient = numpy.clip(gradient, -clip_value, clip_value)
        norm = _norm(gradient)
    if clip_norm is not None and isfinite(norm) and norm > clip_norm:
        gradient = gradient * (clip_norm / norm)
    return gradient


def _agree(found: Sequence[float], wanted: Sequence[float]) -> bool:
    if not all(map(isfinite, wanted)):
        return True
    tolerance = AGREEMENT * max(1.0, *map(abs, wanted))
    return all(abs(x - y) <= tolerance for x, y in zip(found, wanted, strict=True))
