"""A model and its loss as machine code, by `autograd.vmap`, as functions of an array of parameters.

One row of data is recorded; machine code runs all rows of a batch and adds them up. A recording
must be the whole function: a model that draws random numbers, changes when it is called, or
reads its parameters past its attributes is refused with `CannotCompile`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import is_
from typing import Any

import autograd
from autograd import Value
from nn import losses
from nn.array_rows import as_doubles, chosen_of
from nn.dropout import Masks, draw_mask, masks_from, mode
from nn.module import Module, with_stand_ins
from nn.training.dataset import Row, Samples
from nn.training.objective import Objective
from nn.training.purity import KnownParameters, settings_of
from nn.training.training_step import set_gradients, without_collection

__all__ = ["Arrays", "CannotCompile", "CompiledModel", "compiled_model"]

MOST_RECORDINGS = 8
"""Each path is recorded once for training, and again for evaluation. Compiling a path takes as
long as thousands of rows do, and a model with more than a few paths mostly has far more."""


class CannotCompile(Exception):
    """Says why there is no machine code for a training."""


@dataclass(frozen=True)
class Arrays:
    """Samples as arrays: a row for each, its target as the compiled loss takes it, and for classes
    a row that marks the output of its class (with one output, whether it is the second class).
    `places` says where they are among the samples of `origin`."""

    origin: Samples
    places: Any
    rows: Any
    targets: Any
    classes: Any

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int]) -> Arrays:
        """Some of the samples."""
        columns = self.places, self.rows, self.targets, self.classes
        return Arrays(self.origin, *[chosen_of(column, indices) for column in columns])

    @property
    def samples(self) -> Samples:
        """The samples as they were."""
        return self.origin.take(self.places.tolist())


def compiled_model(
    objective: Objective, parameters: Sequence[Value], model: Any, row: Row
) -> CompiledModel:
    """A model and its loss, compiled row by row where the loss is known to be a mean or sum over
    rows. A row of the data tells what dropout draws for each."""
    kind = ByRow if objective.has_known_loss else ByBatch
    return kind(objective, parameters, model, row)


class CompiledModel(ABC):
    """A model and its loss as functions of all its parameters in one array.

    What dropout multiplies by in training is input too, and stands in a row behind its numbers.

    They raise CannotCompile where they can't be compiled; ImportError without llvmlite or NumPy.
    """

    def __init__(
        self, objective: Objective, parameters: Sequence[Value], model: Any, row: Row
    ) -> None:
        self.objective = objective
        self.parameters = parameters
        self._model = model
        self._width = len(row)
        self._masks = _masks_asked_for(objective, row)
        # Asked for once: while the model is recorded, each look at a Value is watched.
        self._own: list[Value] = model.parameters() if isinstance(model, Module) else []
        self._known = KnownParameters([*parameters, *self._own])
        self._are_all = len(self._own) == len(parameters) and all(map(is_, self._own, parameters))

    @property
    def _recordings(self) -> int:
        return sum(function.row.recordings_begun for function in self.compiled)

    @abstractmethod
    def differentiate(self, numbers: Any, batch: Arrays) -> tuple[float, float, Any]:
        """Loss, count of correct predictions (NaN if outputs overflow) and gradient."""

    @property
    @abstractmethod
    def compiled(self) -> Sequence[Any]:
        """Its compiled functions."""

    @property
    def captured(self) -> list[Value]:
        """The Values that machine code reads, beside the parameters."""
        return [value for function in self.compiled for value in function.row.captured]

    @abstractmethod
    def evaluate(self, numbers: Any, batch: Arrays) -> tuple[float, float]:
        """Loss and count of correct predictions (NaN if outputs overflow)."""

    def arrays(self, samples: Samples) -> Arrays:
        """Samples in the form that the other functions take."""
        import numpy

        n, outputs = len(samples), self.objective.n_outputs
        if samples.classes is None:
            classes = numpy.zeros((n, 0))
        elif outputs == 1:
            classes = numpy.array(samples.classes, float).reshape(n, 1)
        else:
            classes = numpy.eye(outputs)[samples.classes]
        by_class = self.objective.loss is losses.cross_entropy
        targets = classes if by_class else as_doubles(samples.targets)
        return Arrays(samples, numpy.arange(n), as_doubles(samples.rows), targets, classes)

    def with_masks(self, batch: Arrays, rng: Any) -> Arrays:
        """The batch for one step of training: drawn row by row, as the engine draws."""
        import numpy

        if not self._masks:
            return batch
        drawn = [
            [factor for count, p in self._masks for factor in draw_mask(rng, count, p)]
            for _ in range(len(batch))
        ]
        return replace(batch, rows=numpy.hstack([batch.rows, drawn]))

    def _check_unchanged(self, before: dict[str, Any]) -> None:
        """Raises CannotCompile if the model has changed itself, having been called."""
        now = self._settings()
        if now != before:
            changed = sorted({name for name, _ in {*now.items()} ^ {*before.items()}})
            raise CannotCompile(
                f"attributes of {type(self._model).__name__} change: {', '.join(changed[:3])}"
            )

    def output(self, p: Any, x: Any, training: bool) -> Any:
        """The model's output for one row and these parameters; called while recording, and where
        compiled calls are checked."""
        if self._recordings > MOST_RECORDINGS:
            raise CannotCompile("the model's decisions on its numbers lead to too many paths")
        numbers, before = list(x), self._settings()
        with (
            mode(self._model, training),
            masks_from(_handed_in(numbers[self._width :])),
            with_stand_ins(self._model, self._own, self._stand_ins(p)),
        ):
            output = self.objective.predict([numbers[: self._width]])[0]
        self._check_unchanged(before)
        return output

    def _stand_ins(self, p: Any) -> list[Any]:
        """For all parameters of the model: those that a callback has put there are not trained."""
        if self._are_all:
            return list(p)
        trained = dict(zip(map(id, self.parameters), p, strict=True))
        return list(map(trained.get, map(id, self._own), self._own))

    def _settings(self) -> dict[str, Any]:
        return settings_of(self._model, self._known)

    def run(self, compiled: Any, *arguments: Any) -> Any:
        """The result of a compiled function. An error of the model becomes CannotCompile: the
        engine will run into it again, if it is one."""
        recordings = self._recordings
        try:
            result = compiled(*arguments)
        except CannotCompile as error:
            raise CannotCompile(f"{error}{_most_frequent_decision(compiled)}") from None
        except (ImportError, autograd.CheckFailed):
            raise
        except Exception as error:
            raise CannotCompile(str(error) or repr(error)) from error
        if self._recordings > recordings:
            self._check_captured(compiled.row.captured)
        return result

    def _check_captured(self, captured: Sequence[Value]) -> None:
        """Refuse a parameter that the model reads past its attributes: it would be a constant."""
        parameters = set(map(id, self.parameters))
        nodes, seen = list(captured), set(map(id, captured))
        for node in nodes:  # grows on the way, by what each was computed from
            if id(node) in parameters:
                raise CannotCompile(
                    f"the model reads its parameter {node.label!r} from elsewhere than its "
                    "attributes"
                )
            parents = [parent for parent in node.parents if id(parent) not in seen]
            seen.update(map(id, parents))
            nodes += parents


def _masks_asked_for(objective: Objective, row: Row) -> list[tuple[int, float]]:
    """How many factors, and for which probability, each dropout takes for a row, in order."""
    asked: list[tuple[int, float]] = []

    def note(count: int, p: float) -> list[float]:
        asked.append((count, p))
        return [1.0] * count

    with mode(objective.model, training=True), masks_from(note):
        objective.predict([row])
    return asked


def _handed_in(factors: Sequence[Any]) -> Masks:
    """Factors from a row, in order."""
    rest = list(factors)

    def take(count: int, p: float) -> list[Any]:
        if count > len(rest):
            raise CannotCompile("dropout drops other numbers from row to row")
        taken = rest[:count]
        del rest[:count]
        return taken

    return take


def _most_frequent_decision(compiled: Any) -> str:
    """The line of the decision that most guards come from, for the message."""
    try:
        lines = Counter(guard.line for guard in compiled.program().guards)
    except ValueError:  # nothing is recorded
        return ""
    return f" (of {lines.most_common(1)[0][0]})" if lines else ""


class ByRow(CompiledModel):
    """With a loss of this library: the row's loss is compiled along with the model."""

    def __init__(
        self, objective: Objective, parameters: Sequence[Value], model: Any, row: Row
    ) -> None:
        super().__init__(objective, parameters, model, row)
        reduce = "sum" if objective.loss is losses.half_squared_error else "mean"
        self._gradient: Any = autograd.vmap(self._row_with_gradient, (None, 0, 0, 0), reduce)
        self._loss: Any = autograd.vmap(self._row_evaluated, (None, 0, 0, 0), reduce)
        self._is_mean = reduce == "mean"

    @property
    def compiled(self) -> Sequence[Any]:
        return self._gradient, self._loss

    def differentiate(self, numbers: Any, batch: Arrays) -> tuple[float, float, Any]:
        columns = batch.rows, batch.targets, batch.classes
        loss, correct, gradient = self.run(self._gradient, numbers, *columns)
        return loss, self._count(correct, batch), gradient

    def evaluate(self, numbers: Any, batch: Arrays) -> tuple[float, float]:
        columns = batch.rows, batch.targets, batch.classes
        loss, correct = self.run(self._loss, numbers, *columns)
        return loss, self._count(correct, batch)

    def _count(self, correct: float, batch: Arrays) -> float:
        if correct != correct:
            return correct
        return round(correct * len(batch) if self._is_mean else correct)

    def _row_with_gradient(self, p: Any, x: Any, target: Any, classes: Any) -> tuple[Any, ...]:
        (loss, correct), pullback = autograd.vjp(lambda p: self._row(p, x, target, classes), p)
        return loss, correct, pullback((1.0, 0.0))[0]

    def _row_evaluated(self, p: Any, x: Any, target: Any, classes: Any) -> tuple[Any, Any]:
        return self._row(p, x, target, classes, training=False)

    def _row(
        self, p: Any, x: Any, target: Any, classes: Any, training: bool = True
    ) -> tuple[Any, Any]:
        output = self.output(p, x, training)
        return self._loss_of(output, target), self._is_correct(output, list(classes))

    def _loss_of(self, output: Any, target: Any) -> Any:
        if self.objective.loss is losses.cross_entropy:
            # -log softmax of the right class, which one-hot weights pick out, be others infinite.
            of_class = [-z for z in autograd.log_softmax(output)]
            rows = zip(target, of_class, strict=True)
            return autograd.sum([autograd.where(is_own, loss, 0.0) for is_own, loss in rows])
        return self.objective.loss_of(
            [output], [list(target) if hasattr(target, "shape") else target]
        )

    def _is_correct(self, output: Any, classes: list[Any]) -> Any:
        """1.0 or 0.0, computed without a decision, which would be a path of its own."""
        if not classes:
            return 0.0
        if self.objective.n_outputs == 1:
            positive = _is_greater(output, self.objective.threshold)
            return 1.0 - abs(positive - classes[0])
        own = autograd.dot(classes, output)
        beaten = [_is_greater(z, own) for z in output]
        for j, z in enumerate(output):  # of several that are largest, the first counts
            comes_before = autograd.sum(classes[j + 1 :])
            beaten.append(comes_before * (1.0 - _is_greater(z, own) - _is_greater(own, z)))
        return autograd.where(autograd.sum(beaten), 0.0, 1.0)


def _is_greater(a: Any, b: Any) -> Any:
    return autograd.relu(autograd.sign(a - b))


class ByBatch(CompiledModel):
    """With a loss of the user's own, which may be any function of a batch: the engine runs it on
    the outputs, and machine code carries its derivatives back through the model."""

    def __init__(
        self, objective: Objective, parameters: Sequence[Value], model: Any, row: Row
    ) -> None:
        super().__init__(objective, parameters, model, row)
        self._outputs = autograd.vmap(self._row, (None, 0))
        self._evaluated = autograd.vmap(self._row_evaluated, (None, 0))
        self._pullback = autograd.vmap(self._row_pullback, (None, 0, 0), "sum")

    @property
    def compiled(self) -> Sequence[Any]:
        return self._outputs, self._evaluated, self._pullback

    def differentiate(self, numbers: Any, batch: Arrays) -> tuple[float, float, Any]:
        import numpy

        columns = self._columns(self._outputs, numbers, batch)
        loss, seeds, own = without_collection(
            self._differentiated_loss, numbers, columns, batch.samples
        )
        gradient = self.run(self._pullback, numbers, batch.rows, numpy.array(seeds))
        return loss, self._count_correct(columns, batch), gradient + own

    def _differentiated_loss(
        self, numbers: Any, columns: Any, samples: Samples
    ) -> tuple[float, Any, Any]:
        """The loss, its derivatives by the outputs, and those by parameters that the loss itself
        reads (a penalty on their size, say)."""
        self._set_parameters(numbers)
        outputs, leaves = self._as_values(columns)
        loss = self.objective.loss_of(outputs, samples.targets)
        found = set_gradients(loss, self.parameters)
        seeds = [[leaf.grad for leaf in row] for row in leaves]
        return found, seeds, [leaf.grad for leaf in self.parameters]

    def evaluate(self, numbers: Any, batch: Arrays) -> tuple[float, float]:
        columns = self._columns(self._evaluated, numbers, batch)
        self._set_parameters(numbers)
        with autograd.no_grad(), mode(self._model, training=False):
            loss = self.objective.loss_of(self._as_values(columns)[0], batch.samples.targets)
        return loss.data if isinstance(loss, Value) else float(loss), self._count_correct(
            columns, batch
        )

    def _columns(self, outputs: Any, numbers: Any, batch: Arrays) -> list[list[float]]:
        """The numbers of each output, for all rows."""
        return [column.tolist() for column in self.run(outputs, numbers, batch.rows)]

    def _as_values(self, columns: Sequence[Sequence[float]]) -> tuple[list[Any], list[Any]]:
        """Outputs as the loss takes them, and the same always in rows."""
        rows = [list(map(Value, row)) for row in zip(*columns, strict=True)]
        return (rows if self.objective.n_outputs > 1 else [row[0] for row in rows]), rows

    def _set_parameters(self, numbers: Any) -> None:
        for parameter, number in zip(self.parameters, numbers.tolist(), strict=True):
            parameter.data = number

    def _count_correct(self, columns: Sequence[Sequence[float]], batch: Arrays) -> float:
        classes = batch.samples.classes
        if classes is None:
            return 0
        rows = zip(*columns, strict=True) if self.objective.n_outputs > 1 else columns[0]
        return self.objective.count_correct(list(rows), classes)

    def _row_evaluated(self, p: Any, x: Any) -> list[Any]:
        return self._row(p, x, training=False)

    def _row(self, p: Any, x: Any, training: bool = True) -> list[Any]:
        output = self.output(p, x, training)
        return list(output) if self.objective.n_outputs > 1 else [output]

    def _row_pullback(self, p: Any, x: Any, seed: Any) -> Any:
        _, pullback = autograd.vjp(lambda p: self._row(p, x), p)
        return pullback(list(seed))[0]
