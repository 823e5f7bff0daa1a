"""What the outputs of a model mean: loss, form of the targets, which predictions are correct."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

import autograd
from autograd import Value
from nn import losses
from nn.array_rows import ArrayRows, as_rows
from nn.dropout import mode
from nn.output_meaning import Meaning
from nn.training.dataset import Row, Samples, Targets, scale_hint, shape_of
from nn.training.scaling import has_scaler, output_scaler_of
from nn.validation import as_list, counted, find_named, listed, name_of

__all__ = ["LOSSES", "Evaluation", "Loss", "Objective", "find_loss", "find_objective"]

Loss: TypeAlias = Callable[[Any, Any], Any]

LOSSES: dict[str, Loss] = {name: getattr(losses, name) for name in losses.__all__}
FOR_LOGITS = (losses.binary_cross_entropy, losses.cross_entropy, losses.hinge_loss)
SQUASHED = {
    "sigmoid": "sigmoid",
    "softmax_share": "softmax",
}  # by the operation, what made an output


REFUSED: dict[Loss, Callable[[float], bool]] = {
    losses.binary_cross_entropy: lambda target: not 0.0 <= target <= 1.0,
    losses.hinge_loss: lambda target: abs(target) != 1.0,
}
"""Numbers that a loss does not take."""


class Evaluation(NamedTuple):
    """How a model does on some data; `accuracy` is from 0 to 1, None for a regression."""

    loss: float
    accuracy: float | None


@dataclass(frozen=True)
class Objective:
    """What a model is trained for: a loss of its outputs and targets, and what counts as correct.

    `classes` are the labels in the order of the outputs; None for a regression.
    """

    model: Callable[[Any], Any]
    n_outputs: int
    in_list: bool  # the model gives a list even of one output
    loss: Loss
    classes: tuple[Any, ...] | None
    ends_in: frozenset[str]  # the last operations of its outputs

    @property
    def has_known_loss(self) -> bool:
        """Whether the loss is one of this library, which can be had for each row by itself."""
        return self.loss in LOSSES.values()

    @property
    def threshold(self) -> float:
        """Above it, a single output says class 1."""
        if self.classes is None or self.classes[0] == -1 or self.loss in FOR_LOGITS:
            return 0.0
        return 0.5 if self.has_known_loss or "sigmoid" in self.ends_in else 0.0

    def meaning(self, columns: Sequence[str]) -> Meaning:
        """What there is to know about the outputs, to be kept with the model."""
        return Meaning(
            name_of(self.loss),
            self.classes,
            tuple(columns) or None,
            self._kind_of_outputs(),
            self.threshold,
        )

    def _kind_of_outputs(self) -> str:
        if self.classes is None:
            return "numbers"
        single = self.n_outputs == 1
        if self.loss is (losses.binary_cross_entropy if single else losses.cross_entropy):
            return "logits"
        squashed = "sigmoid" if single else "softmax"
        ends = {SQUASHED.get(operation) for operation in self.ends_in}
        return "probabilities" if ends == {squashed} else "scores"

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """For each row a Value, or a list of several."""
        model = self.model
        if self.in_list and self.n_outputs == 1:
            return [model(row)[0] for row in rows]
        return [model(row) for row in rows]

    def loss_of(self, outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
        """The loss of a batch; of a model that scales its outputs, in their standard deviations."""
        if isinstance(targets, ArrayRows):
            targets = targets.tolist()
        unit = output_scaler_of(self.model)
        if unit is not None:
            outputs, targets = [unit.scaled(o) for o in outputs], [unit.scaled(t) for t in targets]
        try:
            return self.loss(outputs, targets)
        except TypeError as error:
            if "'list'" not in str(error) or self.has_known_loss:
                raise
            raise TypeError(
                f"{error}, in the loss; it gets the outputs and the targets of a whole batch, two "
                "lists: lambda outputs, targets: autograd.mean([(o - t)**2 for o, t in "
                "zip(outputs, targets)])"
            ).with_traceback(error.__traceback__) from None

    def encode(self, name: str, targets: Sequence[Any]) -> tuple[Targets, list[int] | None]:
        """The targets as the loss takes them, and the class of each, if there are classes."""
        if self.classes is None:
            if isinstance(targets, ArrayRows):  # which are alike
                self._check_regression(f"{name}[0]", targets[0])
                return targets, None
            for i, target in enumerate(targets):
                self._check_regression(f"{name}[{i}]", target)
            return list(targets), None
        indices = self._classes_of(name, targets)
        if self.loss is losses.cross_entropy:
            return list(indices), indices
        return [self._coded(k, target) for k, target in zip(indices, targets, strict=True)], indices

    def _classes_of(self, name: str, targets: Sequence[Any]) -> list[int]:
        """The index of the class that each target names."""
        assert self.classes is not None
        places = {label: k for k, label in reversed([*enumerate(self.classes)])}
        width, found = self.n_outputs, []
        for i, target in enumerate(targets):
            if not isinstance(target, list):
                k = places.get(target)
            else:
                is_class = _is_one_hot(target) and len(target) == width
                k = target.index(1.0) if is_class else None
            if k is None:
                raise ValueError(
                    f"{name}[{i}] is {_shown(target)}, which is none of the classes of the "
                    f"training data: {_listed(self.classes)}"
                )
            found.append(k)
        return found

    def _coded(self, k: int, target: Any) -> Any:
        """Class k as another loss takes it; a user's own gets the target as given."""
        low = -1.0 if self.loss is losses.hinge_loss else 0.0
        if self.n_outputs > 1:
            if not self.has_known_loss and not isinstance(target, list):
                return k
            return [1.0 if j == k else low for j in range(self.n_outputs)]
        if self.loss is losses.hinge_loss or self.loss is losses.binary_cross_entropy:
            return 1.0 if k else low
        return float(k) if isinstance(target, str) else target

    def _check_regression(self, where: str, target: Any) -> None:
        expected = shape_of([0.0] * self.n_outputs if self.n_outputs > 1 else 0.0)
        if shape_of(target) != expected:
            raise ValueError(
                f"{where} is {shape_of(target)}, but the model has "
                f"{counted(self.n_outputs, 'output')}: each target must be {expected}"
            )

    def count_correct(self, outputs: Sequence[Any], classes: Sequence[int]) -> int:
        """How many of the predictions are of the right class."""
        pairs = zip(outputs, classes, strict=True)
        if self.n_outputs == 1:
            threshold = self.threshold
            return sum((out > threshold) == (k == 1) for out, k in pairs)
        places = range(self.n_outputs)
        return sum(max(places, key=out.__getitem__) == k for out, k in pairs)

    def evaluate(self, samples: Samples) -> Evaluation:
        """How the model does on some samples."""
        with autograd.no_grad(), mode(self.model, training=False):
            outputs = self.predict(samples.rows)
            loss = self.loss_of(outputs, samples.targets)
        number = loss.data if isinstance(loss, Value) else float(loss)
        if samples.classes is None:
            return Evaluation(number, None)
        return Evaluation(number, self.count_correct(outputs, samples.classes) / len(samples))

    def check_loss(self, samples: Samples) -> None:
        """Raises now, not in the middle of an epoch, if the loss does not take these targets."""
        with mode(self.model, training=False):
            answer = self.predict(samples.rows[:1])[0]
        if not any(isinstance(output, Value) for output in as_list(answer) or [answer]):
            raise TypeError(
                "fit differentiates what a model gives for a row: a Value, or a list of Values, "
                f"computed from its parameters; {self.model!r:.80} gave {answer!r:.80}"
            )
        targets = self._telling(samples.targets) if self.has_known_loss else samples.targets
        loss = self.loss_of([answer] * len(targets), targets)
        if isinstance(loss, Value) and not loss.op:
            raise ValueError(
                f"{name_of(self.loss)} gave a loss that no operation was recorded for: fit can't "
                "be called in no_grad(), nor the loss be computed from .data"
            )
        if not isinstance(loss, Value):
            raise TypeError(
                "a loss takes the predictions and targets of a batch and gives one Value, computed "
                f"from the predictions; {name_of(self.loss)} gave {loss!r:.80}"
            )

    def _telling(self, targets: Sequence[Any]) -> Sequence[Any]:
        """Of a loss of this library, which takes each target for itself: the first one, and one
        that it refuses. (Targets of classes are in the form that it takes.)"""
        refused = REFUSED.get(self.loss)
        if refused is None or self.classes is not None:
            return targets[:1]
        odd = (row for row in as_rows(targets) if any(map(refused, row)))
        return [targets[0], *islice(odd, 1)]

    def hints(
        self, rows: Sequence[Row], targets: Sequence[Any], columns: Sequence[str]
    ) -> list[str]:
        """What would probably help to train on these data."""
        hints = [self._loss_hint(), self._class_hint(targets)]
        if not has_scaler(self.model):
            hints.insert(0, scale_hint("X", rows, columns))
        if self.classes is None and output_scaler_of(self.model) is None:
            hints.append(scale_hint("y", as_rows(targets)))
        return [hint for hint in hints if hint is not None]

    def _loss_hint(self) -> str | None:
        """What to do about a loss that expects logits and gets probabilities."""
        squashed = [name for op, name in SQUASHED.items() if op in self.ends_in]
        if self.loss not in FOR_LOGITS or not squashed:
            return None
        return (
            f"{name_of(self.loss)} takes the outputs before any {squashed[0]}, and the model ends "
            "in one: leave it out (output_activation='linear'), or use loss='mse'"
        )

    def _class_hint(self, targets: Sequence[Any]) -> str | None:
        """What to do about class indices that a single output is trained to hit as numbers."""
        found = sorted(set(targets)) if self.classes is None and self.n_outputs == 1 else []
        if not 3 <= len(found) <= 20 or found != list(range(len(found))):
            return None
        return (
            f"y has the numbers 0 to {len(found) - 1} only, and the one output of the model learns "
            f"them as amounts; if they are classes, give the model {len(found)} outputs"
        )


def find_objective(
    model: Callable[[Any], Any],
    row: Row,
    targets: Sequence[Any],
    loss: Any,
    classes: tuple[Any, ...] | None = None,
) -> Objective:
    """Find out from one answer of the model, and from the targets, what is not given."""
    try:
        with mode(model, training=False):
            answer = model(row)
    except ValueError as error:
        count = counted(len(row), "number")
        raise ValueError(f"X[0] is a row of {count}; for {model!r:.80}: {error}") from error
    outputs = as_list(answer)
    in_list = outputs is not None
    outputs = outputs if outputs is not None else [answer]
    for output in outputs:
        if not isinstance(output, (Value, Real)):
            raise TypeError(
                f"a model gives a number for a row, or a list of numbers; {model!r:.80} gave "
                f"{answer!r:.80}"
            )
    ends_in = _last_operations(model, row, outputs)
    given = None if loss is None else find_loss(loss)
    if classes is None:
        classes = _classes(targets, len(outputs), given)
    chosen = given or _default_loss(classes, len(outputs), ends_in)
    if len(outputs) == 1 and chosen is losses.cross_entropy:
        raise ValueError(
            "cross_entropy needs an output for each class, and the model has 1; "
            "for two classes and one output use binary_cross_entropy"
        )
    return Objective(model, len(outputs), in_list, chosen, classes, ends_in)


def _last_operations(
    model: Callable[[Any], Any], row: Row, outputs: Sequence[Any]
) -> frozenset[str]:
    """What made the outputs; of a function of plain numbers, what makes them of Values."""
    if not any(isinstance(output, Value) for output in outputs):
        try:
            outputs = as_list(answer := model([Value(x) for x in row])) or [answer]
        except (TypeError, ValueError, ArithmeticError):  # it computes with `math`, say
            return frozenset()
    return frozenset(output.op for output in outputs if isinstance(output, Value))


def find_loss(loss: Any) -> Loss:
    """The loss that goes by this name; a callable is given back as it is.

    >>> find_loss("mse") is find_loss("mse_loss")
    True
    """
    short = {name.removesuffix("_loss"): function for name, function in LOSSES.items()}
    given = LOSSES.get(loss, loss) if isinstance(loss, str) else loss
    return find_named("a loss", given, short, "(predictions, targets)")


def _classes(targets: Sequence[Any], n_outputs: int, loss: Loss | None) -> tuple[Any, ...] | None:
    """The labels, if the targets are classes."""
    first = targets[0]
    if isinstance(first, list):
        return _one_hot_classes(targets, n_outputs, loss)
    if isinstance(first, str):
        return _text_classes(targets, n_outputs)
    found = set(targets)
    if n_outputs == 1:
        for pair in ((0, 1), (-1, 1)):
            if found <= set(pair):
                return pair
        if loss is losses.hinge_loss or loss is losses.binary_cross_entropy:
            _check_two_classes(loss, found)
        return None
    odd = found.difference(range(n_outputs))
    if odd:
        i, target = next((i, target) for i, target in enumerate(targets) if target in odd)
        raise ValueError(
            f"y[{i}] is {target:g}, but the model has {n_outputs} outputs: a target must be a "
            f"class from 0 to {n_outputs - 1}, or a row of {n_outputs} numbers"
        )
    return tuple(range(n_outputs))


def _check_two_classes(loss: Loss, found: set[float]) -> None:
    """Probabilities are fine for the cross-entropy; nothing else is."""
    if loss is losses.hinge_loss or not all(0.0 <= target <= 1.0 for target in found):
        raise ValueError(
            f"{loss.__name__} with one output is for two classes, 0 and 1 or -1 and 1; "
            f"y has {_listed(sorted(found))}. For more classes give the model an output for each"
        )


def _one_hot_classes(
    targets: Sequence[Row], n_outputs: int, loss: Loss | None
) -> tuple[Any, ...] | None:
    width = len(targets[0])
    if width != n_outputs:
        raise ValueError(
            f"y[0] is a row of {width} numbers, but the model has {counted(n_outputs, 'output')}; "
            "they must be as many"
        )
    odd = next((i for i, target in enumerate(targets) if not _is_one_hot(target)), None)
    if odd is None:
        return tuple(range(n_outputs))
    if loss is losses.cross_entropy:
        raise ValueError(
            "cross_entropy takes class indices, or rows with a single 1 among zeros; "
            f"y[{odd}] is {_shown(targets[odd])}"
        )
    return None


def _is_one_hot(row: Row) -> bool:
    return sorted(row) == [0.0] * (len(row) - 1) + [1.0]


def _text_classes(targets: Sequence[str], n_outputs: int) -> tuple[Any, ...]:
    found = tuple(sorted(set(targets)))
    if len(found) != max(2, n_outputs):
        message = (
            f"y has {counted(len(found), 'text label')} ({_listed(found)}), and the model "
            f"{counted(n_outputs, 'output')}: one output is for two labels, otherwise there must "
            "be as many as labels; change the last layer or, if y lacks some labels, give evaluate "
            "classes=history.classes"
        )
        if all(map(_is_numeral, found)):
            message += "; or, if they are numbers, convert them with float(...)"
        raise ValueError(message)
    return found


def _is_numeral(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _default_loss(classes: tuple[Any, ...] | None, n_outputs: int, ends_in: frozenset[str]) -> Loss:
    if classes is None or ends_in & {"sigmoid", "tanh", "softmax_share"}:
        return losses.mse_loss
    if n_outputs > 1:
        return losses.cross_entropy
    return losses.hinge_loss if classes[0] == -1 else losses.binary_cross_entropy


def _shown(target: Any) -> str:
    return f"{target:g}" if isinstance(target, float) else f"{target!r:.80}"


def _listed(entries: Sequence[Any]) -> str:
    return listed(list(map(_shown, entries)), at_most=6)
