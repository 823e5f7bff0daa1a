"""Training as machine code: the same steps as `training.Step` takes, compiled by `autograd.vmap`.

One row of data is recorded, from the numbers of the model and a sample to the loss, its gradient,
and whether the prediction is right; machine code runs all rows of a batch and adds them up. The
optimiser's rule is compiled the same way and runs over all parameters. The numbers live in arrays
meanwhile, and are written back into the model's Values when somebody is going to look at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Any

import autograd
from autograd import Value

from . import losses
from .activations import name_of
from .data import Samples
from .optim import Optimizer
from .steps import Evaluation, NotFinite, Outcome, Step
from .tasks import LOSSES, Task

__all__ = ["Arrays", "CannotCompile", "CompiledModel", "CompiledOptimizer", "CompiledStep"]


class CannotCompile(Exception):
    """Says in a few words why there is no machine code for a training."""


@dataclass(frozen=True)
class Arrays:
    """Samples as arrays: a row for each, its target as the compiled loss takes it, and for classes
    a row that marks the output of its class (with one output, whether it is the second class)."""

    rows: Any
    targets: Any
    classes: Any

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int]) -> Arrays:
        """Some of the samples."""
        chosen = list(indices)
        return Arrays(self.rows[chosen], self.targets[chosen], self.classes[chosen])


class CompiledModel:
    """A model and its loss as functions of all its parameters in one array.

    Raises CannotCompile where they can't be, and says why; ImportError without llvmlite or NumPy.
    """

    def __init__(self, task: Task, parameters: Sequence[Value], model: Any) -> None:
        if task.loss not in LOSSES.values():
            raise CannotCompile(
                f"the loss {name_of(task.loss)} may join rows in other ways than by their mean"
            )
        self._task = task
        self._model = model
        self._parameters = {id(p) for p in parameters}
        self._checked = 0
        reduce = "sum" if task.loss is losses.half_squared_error else "mean"
        self._gradient = autograd.vmap(self._row_with_gradient, (None, 0, 0, 0), reduce)
        self._loss = autograd.vmap(self._row, (None, 0, 0, 0), reduce)
        self._sums = reduce == "sum"

    def arrays(self, samples: Samples) -> Arrays:
        """Samples in the form that the other functions take."""
        import numpy

        n = len(samples)
        outputs = self._task.n_outputs
        classes = numpy.zeros((n, outputs if samples.classes is not None else 0))
        targets = numpy.array(samples.targets, float)
        if samples.classes is not None:
            places = numpy.array(samples.classes)
            if outputs == 1:
                classes[:, 0] = places
            else:
                classes[numpy.arange(n), places] = 1.0
        if self._task.loss is losses.cross_entropy:
            targets = classes
        return Arrays(numpy.array(samples.rows, float), targets, classes)

    def differentiate(self, numbers: Any, batch: Arrays) -> tuple[float, int, Any]:
        """Loss, right predictions and gradient, for the model with these parameters."""
        loss, right, gradient = self._gradient(numbers, batch.rows, batch.targets, batch.classes)
        self._check_captured()
        return loss, self._count(right, batch), gradient

    def evaluate(self, numbers: Any, batch: Arrays) -> tuple[float, int]:
        """Loss and right predictions."""
        loss, right = self._loss(numbers, batch.rows, batch.targets, batch.classes)
        return loss, self._count(right, batch)

    def samples(self, batch: Arrays) -> Samples:
        """The inverse of `arrays`."""
        classes = None
        if self._task.classes is not None:
            one = self._task.n_outputs == 1
            classes = (batch.classes[:, 0] if one else batch.classes.argmax(1)).astype(int).tolist()
        targets = classes if self._task.loss is losses.cross_entropy else batch.targets.tolist()
        return Samples(batch.rows.tolist(), targets or [], classes)

    def _check_captured(self) -> None:
        """A parameter that the model reads past its attributes would not be differentiated."""
        row = self._gradient.row
        if row.recordings == self._checked:
            return
        self._checked = row.recordings
        for value in row.captured:
            if id(value) in self._parameters:
                raise CannotCompile(
                    f"the model reads its parameter {value.label!r} from elsewhere than its "
                    "attributes"
                )

    def _count(self, right: float, batch: Arrays) -> int:
        return round(right if self._sums else right * len(batch))

    # -- one row -----------------------------------------------------------------------------------

    def _row_with_gradient(self, p: Any, x: Any, target: Any, classes: Any) -> tuple[Any, ...]:
        (loss, right), pullback = autograd.vjp(lambda p: self._row(p, x, target, classes), p)
        return loss, right, pullback((1.0, 0.0))[0]

    def _row(self, p: Any, x: Any, target: Any, classes: Any) -> tuple[Any, Any]:
        with self._model.parameters_as(list(p)):
            output = self._task.predict([list(x)])[0]
        return self._loss_of(output, target), self._is_right(output, list(classes))

    def _loss_of(self, output: Any, target: Any) -> Any:
        if self._task.loss is losses.cross_entropy:
            # -log softmax of the right class, whose logit one-hot weights pick out exactly.
            own = autograd.dot(list(target), output)
            return autograd.logsumexp([z - own for z in output])
        return self._task.loss([output], [list(target) if hasattr(target, "shape") else target])

    def _is_right(self, output: Any, classes: list[Any]) -> Any:
        """1.0 or 0.0, computed without a decision, which would be a path of its own."""
        if not classes:
            return 0.0
        if self._task.n_outputs == 1:
            positive = _is_greater(output, self._task.threshold)
            return 1.0 - abs(positive - classes[0])
        own = autograd.dot(classes, output)
        beaten = [_is_greater(z, own) for z in output]
        for j, z in enumerate(output):  # of several that are largest, the first counts
            comes_before = autograd.sum(classes[j + 1 :])
            beaten.append(comes_before * (1.0 - _is_greater(z, own) - _is_greater(own, z)))
        return autograd.where(autograd.sum(beaten), 0.0, 1.0)


def _is_greater(a: Any, b: Any) -> Any:
    return autograd.relu(autograd.sign(a - b))


class CompiledOptimizer:
    """An optimiser's rule over an array of parameters. What it keeps is in arrays meanwhile."""

    def __init__(self, optimizer: Optimizer) -> None:
        import numpy

        if not optimizer.has_rule:
            raise CannotCompile(f"{type(optimizer).__name__} has no rule")
        self._array = numpy.array
        self._optimizer = optimizer
        self._memory: list[Any] = []
        self._rule = autograd.vmap(type(optimizer).rule, (None, 0, 0, *[0] * len(optimizer.memory)))
        self.read()

    def moved(self, numbers: Any, gradient: Any) -> Any:
        """The parameters after a step."""
        self._optimizer.steps += 1
        settings = self._array(self._optimizer.settings(), float)
        new, *self._memory = self._rule(settings, numbers, gradient, *self._memory)
        return new

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

    def __init__(
        self,
        task: Task,
        model: Any,
        optimizer: Optimizer,
        clip_norm: float | None,
        clip_value: float | None,
    ) -> None:
        super().__init__(task, model.parameters(), optimizer, clip_norm, clip_value)
        self._model = CompiledModel(task, self.parameters, model)
        self._rule = CompiledOptimizer(optimizer)
        places = {id(p): i for i, p in enumerate(self.parameters)}
        self._moving = [places[id(p)] for p in optimizer.parameters]
        self._moves_all = self._moving == list(range(len(self.parameters)))
        self.read()

    def try_out(self, samples: Samples) -> None:
        """Record and compile; nothing changes."""
        try:
            self._model.differentiate(self._numbers, self.prepare(samples))
        except (TypeError, ValueError) as error:
            raise CannotCompile(str(error)) from error

    def prepare(self, samples: Samples) -> Any:
        return self._model.arrays(samples)

    def weights(self) -> Any:
        return self._numbers

    def set_weights(self, weights: Sequence[float]) -> None:
        super().set_weights([float(x) for x in weights])
        self.read()

    def read(self) -> None:
        import numpy

        self._numbers = numpy.array(super().weights())
        self._gradient = numpy.array([p.grad for p in self.parameters])
        self._rule.read()

    def write_back(self) -> None:
        super().set_weights(self._numbers.tolist())
        for p, g in zip(self.parameters, self._gradient.tolist(), strict=True):
            p.grad = g
        self._rule.write_back()

    def evaluate(self, samples: Any) -> Evaluation:
        loss, right = self._model.evaluate(self._numbers, samples)
        return Evaluation(loss, None if self.task.classes is None else right / len(samples))

    def __call__(self, batch: Any) -> Outcome:
        loss, right, self._gradient = self._model.differentiate(self._numbers, batch)
        gradient = self._gradient if self._moves_all else self._gradient[self._moving]
        norm = hypot(*gradient.tolist())
        if not (isfinite(loss) and isfinite(norm)):
            self.write_back()
            raise NotFinite(self.reason(self._model.samples(batch), loss, norm))
        if self.clip_value is not None or self.clip_norm is not None:
            gradient = clipped(gradient, norm, self.clip_norm, self.clip_value)
        if self._moves_all:
            self._numbers = self._rule.moved(self._numbers, gradient)
        else:
            numbers = self._numbers.copy()
            numbers[self._moving] = self._rule.moved(numbers[self._moving], gradient)
            self._numbers = numbers
        return Outcome(loss, right, norm)


def clipped(gradient: Any, norm: float, clip_norm: float | None, clip_value: float | None) -> Any:
    """What `clip_grad_value` and then `clip_grad_norm` make of it."""
    import numpy

    if clip_value is not None:
        gradient = numpy.clip(gradient, -clip_value, clip_value)
        norm = hypot(*gradient.tolist())
    if clip_norm is not None and isfinite(norm) and norm > clip_norm:
        gradient = gradient * (clip_norm / norm)
    return gradient
