"""The loop over epochs: batches, records, patience, callbacks, checkpoints, and how it ends.

A `TrainingStep` takes the steps, by the engine or as machine code; where machine code meets what it
can't compute, training goes on with the engine.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from nn.module import Module
from nn.schedules import Schedule
from nn.training.checkpoint import Checkpoint
from nn.training.chunked_data import ChunkedSamples
from nn.training.dataset import Samples
from nn.training.divergence import REMEDY, what_went_wrong
from nn.training.history import History, Record, records_from
from nn.training.jit_step import CannotCompile, CompiledStep
from nn.training.objective import Evaluation
from nn.training.progress import Progress
from nn.training.training_step import NotFinite, Outcome, TrainingStep
from nn.validation import counted, name_of

__all__ = ["Callback", "Plan", "Training"]

NO_GRADIENT = (
    "the gradient was exactly 0 in the whole first epoch, so nothing is learned: does the loss "
    "depend on the parameters, without .data, no_grad or dead relus on the way? For a loss of your "
    "own making, autograd.explain(loss, loss) says more"
)

Callback: TypeAlias = Callable[[History], Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How to train: arguments of `fit`, checked."""

    epochs: int
    batch_size: int | None
    shuffle: bool
    patience: int | None
    restore_best: bool | None
    callbacks: Sequence[Callback]
    progress: bool


class Best(NamedTuple):
    """The lowest decisive loss up to an epoch, that epoch, and the weights to go back to."""

    loss: float = inf
    epoch: int = 0
    weights: Sequence[float] | None = None


class Training:
    """A training in progress."""

    def __init__(
        self,
        model: Module,
        step: TrainingStep,
        plan: Plan,
        samples: Samples | ChunkedSamples,
        held_out: list[int],
        validation: Samples | ChunkedSamples | None,
        rng: Any,
        trial: Samples,
    ) -> None:
        self.model = model
        self.names: Sequence[str] = ()
        """Of the parameters, where checkpoints are written."""
        self.plan = plan
        self.held_out = held_out
        if held_out:
            kept = sorted(set(range(len(samples))) - set(held_out))
            samples, validation = samples.take(kept), samples.take(held_out)
        # A callback may change the user's arrays.
        parts = (samples, validation)
        self._parts = [_own(part) for part in parts] if plan.callbacks else parts
        self._use(step)
        self.batch_size = min(plan.batch_size or len(samples), len(samples))
        self.rng = rng
        self.schedule: Schedule | None = None
        self.history = History(classes=step.objective.classes, engine=step.name)
        self._bests = [Best()]
        self.first_weights = step.weights()
        self.failed = False
        self.trial = _own(trial)
        """A few of the samples, as they were."""
        self.loss_before: float | None = None
        """That of the first batch, before its step."""

    @property
    def best(self) -> Best:
        """Of the epochs in the history: the record of an epoch, and no sooner, makes its weights
        count, so an interrupt finds both or neither."""
        return next(best for best in reversed(self._bests) if best.epoch <= len(self.history))

    def _use(self, step: TrainingStep) -> None:
        samples, validation = self._parts
        self.step = step
        self.samples = step.prepare(samples)
        self.validation = step.prepare(validation) if validation else None

    def _with_fallback(self, act: Callable[[], T]) -> T:
        """Run `act`; if machine code can't, switch to the eager step and run it again."""
        try:
            return act()
        except CannotCompile as error:
            self.step.write_back()
            self._fall_back(error)
            return act()

    def _refresh(self) -> None:
        """Take over what a callback has changed in model and optimiser."""
        try:
            self.step.refresh()
        except CannotCompile as error:
            self._fall_back(error)

    def _fall_back(self, error: CannotCompile) -> None:
        assert isinstance(self.step, CompiledStep)
        self._use(self.step.uncompiled(error, epoch=len(self.history) + 1))
        self.history.engine = self.step.name

    def run(self, checkpoint: Checkpoint | None) -> None:
        """Epoch after epoch, until one of the reasons to stop."""
        history, epochs = self.history, self.plan.epochs
        if checkpoint is not None:
            self.names = [name for name, _ in self.model.named_parameters()]
        bar = Progress(self.plan.progress, epochs, len(self._batches()), len(history))
        try:
            self._stop_if_no_better()
            while len(history) < epochs and history.stopped is None:
                self._run_epoch(bar)
                if checkpoint is not None or self.plan.callbacks:
                    self.step.write_back()
                if checkpoint is not None:
                    checkpoint.keep(self.state())
                self._stop_if_no_better()
                self._call_back()
        except KeyboardInterrupt:
            history.interrupted = True
            history.stopped = f"interrupted in epoch {len(history) + 1}"
        except NotFinite as error:
            self.failed = True
            history.stopped = f"in epoch {len(history) + 1} {error}"
        finally:
            self.step.write_back()
            bar.close()
            if checkpoint is not None:
                checkpoint.flush()

    def _run_epoch(self, bar: Progress) -> None:
        start = perf_counter()
        epoch = len(self.history) + 1
        bar.begin_epoch(epoch)
        before = self.step.weights()
        sizes, outcomes = [], []
        for indices in self._batches(self._order()):
            outcomes.append(self._with_fallback(partial(self._step_on, indices)))
            sizes.append(len(indices))
            bar.step()
        if self.loss_before is None:
            self.loss_before = outcomes[0].loss
        validation = self._with_fallback(self._evaluate)
        record = Record(
            epoch=epoch,
            loss=_mean([outcome.loss for outcome in outcomes], sizes),
            validation_loss=validation.loss if validation else None,
            accuracy=(
                sum(outcome.correct for outcome in outcomes) / len(self.samples)
                if self.step.objective.classes
                else None
            ),
            validation_accuracy=validation.accuracy if validation else None,
            lr=self.step.optimizer.lr,
            gradient_norm=_mean([outcome.gradient_norm for outcome in outcomes]),
            seconds=perf_counter() - start,
        )
        if record.decisive_loss < self.best.loss:
            measured_before = validation is None and len(outcomes) == 1
            weights = before if measured_before else self.step.weights()
            self._bests = [self.best, Best(record.decisive_loss, epoch, weights)]
        self.history.records.append(record)
        self.step.undo = self.best.weights is None
        if epoch == 1 and record.gradient_norm == 0.0 != record.loss:
            self.history.hints.append(NO_GRADIENT)
            warnings.warn(NO_GRADIENT, stacklevel=5)
        if self.schedule is not None:
            self.schedule.step()
        bar.end_epoch(record)

    def _step_on(self, indices: Sequence[int]) -> Outcome:
        is_all = len(indices) == len(self.samples)
        return self.step(self.samples if is_all else self.samples.take(indices))

    def _evaluate(self) -> Evaluation | None:
        return None if self.validation is None else self.step.evaluate(self.validation)

    def _order(self) -> Sequence[int]:
        """Of the samples in this epoch; a single batch is the same in any order."""
        count = len(self.samples)
        if not self.plan.shuffle or self.batch_size >= count:
            return range(count)
        order = list(range(count))
        self.rng.shuffle(order)
        return order

    def _batches(self, order: Sequence[int] | None = None) -> list[Sequence[int]]:
        order = range(len(self.samples)) if order is None else order
        return [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]

    def _stop_if_no_better(self) -> None:
        patience = self.plan.patience
        if patience is not None and len(self.history) - self.best.epoch >= patience:
            which = "loss" if self.validation is None else "validation loss"
            self.history.stopped = f"no lower {which} for {counted(patience, 'epoch')}"

    def _call_back(self) -> None:
        for callback in self.plan.callbacks:
            answer = callback(self.history)
            if answer is not None and answer not in (True, False):
                raise TypeError(
                    "a callback returns True to stop the training, and None or False to go on; "
                    f"{name_of(callback)} returned {answer!r:.80}"
                )
            self._refresh()
            if answer:
                epoch = counted(len(self.history), "epoch")
                self.history.stopped = f"by {name_of(callback)} after {epoch}"

    def finish(self) -> None:
        """Put back the best weights where that is wanted, and warn if training failed."""
        history, wanted = self.history, self.plan.restore_best
        broken_off = history.interrupted or self.failed
        if wanted is None:
            wanted = self.plan.patience is not None or broken_off
        wrong = None if broken_off else self._what_went_wrong()
        kept = "those of the last step"
        best = self.best
        if wanted and best.weights is not None:
            self.step.set_weights(best.weights)
            kept = f"the best, of epoch {best.epoch}"
            wrong = None if best.loss < self.history[0].loss else wrong
        elif wanted and self.failed:
            self.step.set_weights(self.first_weights)
            kept = "those from before training"
        if broken_off:
            history.stopped = f"{history.stopped}; the weights are {kept}"
        if self.failed:
            wrong = f"training stopped: {history.stopped}"
        elif wrong is not None:
            wrong += f"; the weights are {kept}"
        if wrong is not None:
            remedy = REMEDY.format(lr=self.step.optimizer.lr)
            warnings.warn(f"{wrong}. {remedy}", RuntimeWarning, stacklevel=4)

    def _what_went_wrong(self) -> str | None:
        """In a training that went to its end; None where nothing did, or is known already."""
        if self.loss_before is None or NO_GRADIENT in self.history.hints:
            return None
        objective = self.step.objective
        return what_went_wrong(objective, self.trial, self.loss_before, self.history)

    def state(self) -> dict[str, Any]:
        """What the rest of the training depends on, besides its settings."""
        best = self.best.weights
        return {
            "engine": self.step.name,
            "parameters": dict(zip(self.names, map(float, self.step.weights()), strict=True)),
            "optimizer": self.step.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "random": self.rng.getstate(),
            "held_out": self.held_out,
            "best_weights": None if best is None else list(map(float, best)),
            "history": list(self.history),
        }

    def load_state(self, state: dict[str, Any], source: str) -> None:
        """Go on from a checkpoint; if it does not fit, nothing changes."""
        weights, optimizer = list(self.step.weights()), self.step.optimizer.state_dict()
        try:
            self.history.records = records_from(state["history"])
            if best := self.history.best:
                self._bests = [Best(best.decisive_loss, best.epoch, state["best_weights"])]
            self.model.load_state_dict(state["parameters"])
            self.step.optimizer.load_state_dict(state["optimizer"])
            if self.schedule is not None:
                self.schedule.load_state_dict(state["schedule"])
            self.rng.setstate(state["random"])
            self.step.refresh()
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.step.set_weights(weights)
            self.step.optimizer.load_state_dict(optimizer)
            self.step.refresh()
            raise ValueError(f"the checkpoint in {source} does not fit: {error}") from error


def _own(samples: Any) -> Any:
    """What nobody changes who changes the user's arrays."""
    return samples.own() if isinstance(samples, Samples) else samples


def _mean(numbers: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Of a single number exactly that number."""
    if len(numbers) == 1:
        return numbers[0]
    weights = weights or [1.0] * len(numbers)
    return sum(x * w for x, w in zip(numbers, weights, strict=True)) / sum(weights)
