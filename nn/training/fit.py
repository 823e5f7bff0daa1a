"""Training in one call: `fit` takes a model and data, and gives back what happened.

    history = nn.fit(model, X, y, validation=0.2, patience=20)
    history.plot()

Below it stands one step: a batch in, its loss out, and the parameters moved (`Step`). Everything
else, from shuffling to checkpoints, is bookkeeping around it, so another engine is another step.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from numbers import Real
from operator import index
from time import perf_counter
from typing import Any, SupportsIndex, TypeAlias, TypeVar

from autograd import Value
from nn.activations import name_of
from nn.initialisers import Seed, random_source
from nn.jsonio import FilePath
from nn.module import Module
from nn.optim import SGD, Adam, AdamW, Optimizer
from nn.schedules import Rule, Schedule
from nn.training.checkpoint import Checkpoint, data_digest
from nn.training.dataset import Row, Samples, column_names, read_rows, read_targets, scale_hint
from nn.training.history import History, Record, records_from
from nn.training.jit_step import TRIED_ROWS, CannotCompile, CompiledStep
from nn.training.objective import Loss, Task, class_hint, loss_hint, make_task
from nn.training.progress import Progress
from nn.training.training_step import (
    Evaluation,
    NotFinite,
    Outcome,
    Step,
    collection_paused,
    evaluation,
)
from nn.validation import as_float, plural

__all__ = ["Evaluation", "evaluate", "fit"]

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
LEARNING_RATES = {"sgd": 0.1, "adam": 0.01, "adamw": 0.01}
"""What `fit` starts from: networks of a few hundred parameters learn well with more than the
cautious defaults of the optimisers."""

NO_GRADIENT = (
    "the gradient was exactly 0 in the whole first epoch, so nothing is learned: does the loss"
    " depend on the parameters, without .data, no_grad or dead relus on the way? For a loss of your"
    " own making, autograd.explain(loss, loss) says more"
)

OptimizerLike: TypeAlias = str | Optimizer | Callable[[list[Value]], Optimizer]
Callback: TypeAlias = Callable[[History], Any]
T = TypeVar("T")


# -- how good is it --------------------------------------------------------------------------------


def evaluate(
    model: Callable[[Any], Any],
    X: Any,
    y: Any,
    *,
    loss: str | Loss | None = None,
    classes: Any = None,
) -> Evaluation:
    """Loss and accuracy of a model on data that it may never have seen. Nothing changes.

    X, y and `loss` are those of `fit`. If y has text labels, `classes=history.classes` says in
    which order the model learned them.

    >>> from nn import Neuron
    >>> evaluate(Neuron.from_weights([1.0], -0.5, "linear"), [0.0, 1.0], [0, 1]).accuracy
    1.0
    """
    rows = read_rows("X", X)
    targets = read_targets("y", y, len(rows))
    task = make_task(model, rows[0], targets, loss, None if classes is None else tuple(classes))
    return evaluation(task, Samples(rows, *task.encode("y", targets)))


# -- fit -------------------------------------------------------------------------------------------


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | Loss | None = None,
    optimizer: OptimizerLike = "adam",
    lr: float | None = None,
    weight_decay: float | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: Seed = 0,
    validation: float | tuple[Any, Any] | None = None,
    patience: int | None = None,
    restore_best: bool | None = None,
    schedule: Rule | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    callback: Callback | Iterable[Callback] | None = None,
    progress: bool = True,
    checkpoint: FilePath | None = None,
    resume: bool = False,
    engine: str | None = None,
) -> History:
    """Train a model, and give back the history of its training.

    **Data.** `X` has a row for each sample (lists, a NumPy array, a pandas frame; single numbers
    for a model of one input), `y` a target for each: a number or a row of numbers for a regression;
    for classes an index from 0, a text label, a one-hot row, or, with one output, 0 and 1 or -1 and
    1. Missing numbers are an error.

    **Loss.** A name ("mse", "half_squared_error", "huber", "binary_cross_entropy", "cross_entropy",
    "hinge") or a function (predictions, targets) -> Value of a whole batch. Classes are put into
    the form that the named loss takes. If it is not given: `cross_entropy` for classes and several
    outputs; for one output `binary_cross_entropy` for 0 and 1 or two labels, `hinge` for -1 and 1;
    `mse` for numbers, and for a model that ends in a sigmoid or tanh.

    **Optimiser.** A name ("adam", "adamw", "sgd"), with `lr` (default 0.01, sgd 0.1) and
    `weight_decay`; an optimiser of this model's parameters; or a function parameters -> optimiser.
    `schedule` is a rule epoch -> factor, such as `nn.schedules.cosine(epochs)`; afterwards the
    optimiser has the learning rate again that it came with. `clip_norm` and `clip_value` bound the
    gradient of a batch, as `clip_grad_norm` and `clip_grad_value` do.

    **Batches.** `batch_size` samples a step, None for all of them; `shuffle` puts them in another
    order each epoch, drawn from `seed` (an int, a `random.Random`, or None for `random` itself).

    **Validation.** A fraction of the samples, drawn at random and held out, or a pair (X, y).
    With `patience`, training stops after so many epochs without a lower validation loss (or loss,
    without validation data), and the best weights are put back, unless `restore_best` is False.
    Without patience `restore_best=True` puts them back at the end.

    **Watching.** `callback` is a function of the history so far, or several, called after each
    epoch; True stops the training. `progress` shows a bar (tqdm) on a terminal or in a notebook.

    **Endings.** Ctrl-C ends the training early and keeps the best weights so far (in the first
    epoch, those of the last step). A loss or gradient that is NaN or infinite does so too (in the
    first epoch, it puts back the weights from before training), with a RuntimeWarning that says
    which operation made it. `history.stopped` has the same in words. Best is the lowest validation
    loss; without validation data, the loss of an epoch counts for the weights after it, or, if it
    was a single batch, for those before its step, which it was computed with.

    **Checkpoint.** A JSON file with everything that the rest of the training depends on, replaced
    after an epoch, at most once a second, and at the end. With `resume=True` and the file there,
    training goes on from it up to `epochs` epochs in all and ends with the very same numbers, to
    the last bit, as if it had never been interrupted. `model.load(checkpoint)` reads the weights
    alone.

    **Engine.** "jit" trains in machine code: the same numbers but for rounding, in batches of 32
    tens of times as fast, in one batch of a thousand hundreds of times. It takes a while to get
    ready: 0.2 s for a few dozen parameters, 0.6 s for 300, 4 s for 2,400. "eager" trains with the
    engine as it is. If none is given, "jit" is taken where llvmlite is installed and the training
    is long enough to be worth it, for up to 20,000 parameters (which take 1 GB of memory). Models
    and losses may be any; but a model that draws random numbers, changes from call to call, reads a
    parameter past its attributes, or decides its way into many paths is left to the engine, with a
    UserWarning that says so (where "jit" was asked for, it is a ValueError). `history.engine` says
    which it was.

    Raises ValueError or TypeError, before anything has changed, for data, shapes and settings that
    do not fit each other. Warns (UserWarning) about numbers far from the range that networks learn
    well from.

    >>> import nn
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> model = nn.MLP(2, [8, 1], seed=1)
    >>> history = nn.fit(model, X, [0, 1, 1, 0], epochs=200, lr=0.05)
    >>> history[-1].accuracy
    1.0
    """
    _check_model(model)
    epochs = _whole("epochs", epochs)
    batch_size = None if batch_size is None else _whole("batch_size", batch_size)
    patience = None if patience is None else _whole("patience", patience)
    clip_norm = None if clip_norm is None else _positive("clip_norm", clip_norm)
    clip_value = None if clip_value is None else _positive("clip_value", clip_value)
    if isinstance(validation, Real):
        validation = as_float("validation", validation)
    if resume and checkpoint is None:
        raise ValueError("resume=True must know from where: give checkpoint='training.json' too")
    callbacks = _callbacks(callback)
    rng = _shuffler(seed)

    rows = read_rows("X", X)
    targets = read_targets("y", y, len(rows))
    task = make_task(model, rows[0], targets, loss)
    samples = Samples(rows, *task.encode("y", targets))
    given = _given_validation(task, validation, len(rows[0]))
    for part in filter(None, (samples, given)):
        _try_loss(task, part)
    optimizer = _optimizer(optimizer, model.parameters(), lr, weight_decay)

    file, saved = None, None
    if checkpoint is not None:
        settings = {
            "loss": name_of(task.loss),
            **_settings_of(optimizer),
            "schedule": schedule is not None,
            "batch_size": batch_size,
            "shuffle": bool(shuffle),
            "clip_norm": clip_norm,
            "clip_value": clip_value,
            "validation": validation if given is None else "given",
            "data": data_digest(samples, given),
        }
        file = Checkpoint(checkpoint, settings)
        saved = file.read() if resume else None

    for hint in (hints := _hints(task, rows, targets, column_names(X))):
        warnings.warn(hint, stacklevel=2)
    held_out = saved["held_out"] if saved else _draw(validation, len(rows), rng)
    eager = Step(task, model.parameters(), optimizer, clip_norm, clip_value)
    if _wants_machine_code(engine, saved, epochs, samples, model):
        step = _compiled(eager, model, samples, must=engine == "jit")
    else:
        step = eager
    training = Training(
        model=model,
        task=task,
        samples=samples,
        held_out=held_out,
        validation=given,
        step=step,
        batch_size=batch_size,
        rng=rng,
        shuffle=shuffle,
        must_compile=engine == "jit",
    )
    training.history.hints = hints
    lr_before = optimizer.lr
    try:
        if schedule is not None:
            training.schedule = Schedule(optimizer, schedule)
        if file and saved:
            training.load_state(saved, repr(os.fspath(file.path)))
        training.run(epochs, patience, callbacks, file, progress)
    finally:
        if schedule is not None:
            optimizer.lr = lr_before
    training.finish(restore_best, patience is not None)
    return training.history


class Training:
    """What changes from epoch to epoch, and what it takes to go on from there."""

    def __init__(
        self,
        model: Module,
        task: Task,
        samples: Samples,
        held_out: list[int],
        validation: Samples | None,
        step: Step,
        batch_size: int | None,
        rng: Any,
        shuffle: bool,
        must_compile: bool,
    ) -> None:
        self.model = model
        self.names = [name for name, _ in model.named_parameters()]
        self.task = task
        self.held_out = held_out
        kept = sorted(set(range(len(samples))) - set(held_out))
        self._parts = (
            samples.take(kept) if held_out else samples,
            samples.take(held_out) if held_out else validation,
        )
        self._use(step)
        self.batch_size = min(batch_size or len(self.samples), len(self.samples))
        self.rng = rng
        self.shuffle = shuffle
        self.must_compile = must_compile
        self.schedule: Schedule | None = None
        self.history = History(classes=task.classes, engine=step.name)
        self.best_loss, self.best_epoch = inf, 0
        self.best_weights: Sequence[float] | None = None
        self.first_weights = self.step.weights()
        self.broken_off = False

    # -- the engine --------------------------------------------------------------------------------

    def _use(self, step: Step) -> None:
        samples, validation = self._parts
        self.step = step
        self.samples = step.prepare(samples)
        self.validation = step.prepare(validation) if validation else None

    def _somehow(self, act: Callable[[], T]) -> T:
        """By the present step or, where a step in machine code meets what it can't do, without."""
        try:
            return act()
        except CannotCompile as error:
            self.step.write_back()
            self._go_on_uncompiled(error)
            return act()

    def _read(self) -> None:
        """What callbacks have made of model and optimiser."""
        try:
            self.step.read()
        except CannotCompile as error:
            self._go_on_uncompiled(error)

    def _go_on_uncompiled(self, error: CannotCompile) -> None:
        assert isinstance(self.step, CompiledStep)
        if self.must_compile:
            raise ValueError(
                f"engine='jit' can't go on in epoch {len(self.history) + 1}: {error}"
            ) from error
        warnings.warn(f"training goes on uncompiled: {error}; {WITHOUT}", stacklevel=6)
        self._use(self.step.uncompiled())
        self.history.engine = self.step.name

    # -- epochs ------------------------------------------------------------------------------------

    def run(
        self,
        epochs: int,
        patience: int | None,
        callbacks: Sequence[Callback],
        checkpoint: Checkpoint | None,
        progress: bool,
    ) -> None:
        """Epoch after epoch, until one of the reasons to stop."""
        history = self.history
        bar = Progress(progress, epochs, len(self._batches()), len(history))
        try:
            self._be_patient(patience)
            while len(history) < epochs and history.stopped is None:
                self._run_epoch(bar)
                if checkpoint is not None or callbacks:
                    self.step.write_back()
                if checkpoint is not None:
                    checkpoint.keep(self.state())
                self._be_patient(patience)
                self._ask(callbacks)
        except KeyboardInterrupt:
            self.broken_off = history.interrupted = True
            history.stopped = f"interrupted in epoch {len(history) + 1}"
        except NotFinite as error:
            self.broken_off = True
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
            outcomes.append(self._somehow(partial(self._step_on, indices)))
            sizes.append(len(indices))
            bar.step()
        validation = self._somehow(self._evaluate)
        record = Record(
            epoch=epoch,
            loss=_mean([outcome.loss for outcome in outcomes], sizes),
            validation_loss=validation.loss if validation else None,
            accuracy=(
                sum(outcome.right for outcome in outcomes) / len(self.samples)
                if self.task.classes
                else None
            ),
            validation_accuracy=validation.accuracy if validation else None,
            lr=self.step.optimizer.lr,
            gradient_norm=_mean([outcome.gradient_norm for outcome in outcomes]),
            seconds=perf_counter() - start,
        )
        if record.decisive_loss < self.best_loss:
            measured_before = validation is None and len(outcomes) == 1
            self.best_weights = before if measured_before else self.step.weights()
            self.best_loss, self.best_epoch = record.decisive_loss, epoch
        self.step.undo = self.best_weights is None
        self.history.records.append(record)
        if epoch == 1 and record.gradient_norm == 0.0 != record.loss:
            self.history.hints.append(NO_GRADIENT)
            warnings.warn(NO_GRADIENT, stacklevel=4)
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
        if not self.shuffle or self.batch_size >= count:
            return range(count)
        order = list(range(count))
        self.rng.shuffle(order)
        return order

    def _batches(self, order: Sequence[int] | None = None) -> list[Sequence[int]]:
        order = range(len(self.samples)) if order is None else order
        return [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]

    def _be_patient(self, patience: int | None) -> None:
        if patience is not None and len(self.history) - self.best_epoch >= patience:
            which = "loss" if self.validation is None else "validation loss"
            self.history.stopped = f"no lower {which} for {plural(patience, 'epoch')}"

    def _ask(self, callbacks: Sequence[Callback]) -> None:
        for callback in callbacks:
            answer = callback(self.history)
            if answer is not None and answer not in (True, False):
                raise TypeError(
                    "a callback returns True to stop the training, and None or False to go on;"
                    f" {name_of(callback)} returned {answer!r:.80}"
                )
            self._read()
            if answer:
                epoch = plural(len(self.history), "epoch")
                self.history.stopped = f"by {name_of(callback)} after {epoch}"

    # -- the end -----------------------------------------------------------------------------------

    def finish(self, restore_best: bool | None, early_stopping: bool) -> None:
        """Put back the best weights where that is wanted, and say what is to be said."""
        history = self.history
        failed = self.broken_off and not history.interrupted
        wanted = early_stopping or self.broken_off if restore_best is None else restore_best
        kept = "those of the last step"
        if wanted and self.best_weights is not None:
            self.step.set_weights(self.best_weights)
            kept = f"the best, of epoch {self.best_epoch}"
        elif wanted and failed:
            self.step.set_weights(self.first_weights)
            kept = "those from before training"
        if self.broken_off:
            history.stopped = f"{history.stopped}; the weights are {kept}"
        if failed:
            warnings.warn(
                f"training stopped: {history.stopped}. A lower learning rate, inputs of about ±1,"
                " or clip_norm=1.0 may help",
                RuntimeWarning,
                stacklevel=3,
            )

    # -- going on later ----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on, apart from its settings."""
        best = self.best_weights
        return {
            "module": repr(self.model),
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
        """All of it or, if it does not fit, nothing."""
        weights, optimizer = list(self.step.weights()), self.step.optimizer.state_dict()
        try:
            self.history.records = records_from(state["history"])
            self.best_weights = state["best_weights"]
            if best := self.history.best:
                self.best_loss, self.best_epoch = best.decisive_loss, best.epoch
            self.model.load_state_dict(state["parameters"])
            self.step.optimizer.load_state_dict(state["optimizer"])
            if self.schedule is not None:
                self.schedule.load_state_dict(state["schedule"])
            version, internal, gauss = state["random"]
            self.rng.setstate((version, tuple(internal), gauss))
            self.step.read()
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.step.set_weights(weights)
            self.step.optimizer.load_state_dict(optimizer)
            self.step.read()
            raise ValueError(f"the checkpoint in {source} does not fit: {error}") from error


# -- what fit is given -----------------------------------------------------------------------------


def _whole(name: str, count: SupportsIndex) -> int:
    if not isinstance(count, SupportsIndex):
        raise TypeError(f"{name} must be a whole number, got {count!r:.80}")
    if index(count) < 1:
        raise ValueError(f"{name} must be at least 1, got {count}")
    return index(count)


def _positive(name: str, bound: float) -> float:
    bound = as_float(name, bound)
    if not bound > 0.0:
        raise ValueError(f"{name} must be greater than 0, got {bound}")
    return bound


def _check_model(model: object) -> None:
    if not isinstance(model, Module) or not callable(model):
        raise TypeError(
            "fit trains an nn.Module that can be called, such as nn.MLP(2, [16, 1]);"
            f" got {model!r:.80}"
        )


def _given_validation(task: Task, validation: Any, width: int) -> Samples | None:
    """Validation data that are not a part of the training data."""
    if validation is None or isinstance(validation, float):
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(
            "validation is a fraction of the samples, such as 0.2, or a pair (X, y);"
            f" got {validation!r:.80}"
        )
    rows = read_rows("validation X", validation[0])
    if len(rows[0]) != width:
        raise ValueError(
            f"a row of X has {plural(width, 'number')}, of validation X {len(rows[0])}"
        )
    targets = read_targets("validation y", validation[1], len(rows), "validation X")
    return Samples(rows, *task.encode("validation y", targets))


def _draw(validation: Any, count: int, rng: Any) -> list[int]:
    """Which samples are held out, if validation is a fraction of them."""
    if not isinstance(validation, float):
        return []
    held_out = max(1, round(validation * count)) if 0.0 < validation < 1.0 else 0
    if not 0 < held_out < count:
        raise ValueError(
            "validation as a fraction of the samples is between 0 and 1 and leaves some for"
            f" training; got {validation} of {plural(count, 'sample')}"
        )
    order = list(range(count))
    rng.shuffle(order)
    return sorted(order[:held_out])


def _try_loss(task: Task, samples: Samples) -> None:
    """Let the loss object to a target now, and not in the middle of an epoch."""
    answer = task.predict(samples.rows[:1])[0]
    loss = task.loss([answer] * len(samples), samples.targets)
    if isinstance(loss, Value) and not loss.op:
        raise ValueError(
            f"{name_of(task.loss)} gave a loss that no operation was recorded for: fit can't be"
            " called in no_grad(), nor the loss be computed from .data"
        )
    if not isinstance(loss, Value):
        raise TypeError(
            "a loss takes the predictions and targets of a batch and gives one Value, computed from"
            f" the predictions; {name_of(task.loss)} gave {loss!r:.80}"
        )


def _optimizer(
    given: Any, parameters: list[Value], lr: float | None, weight_decay: float | None
) -> Optimizer:
    both = {"lr": lr, "weight_decay": weight_decay}
    settings: dict[str, Any] = {name: x for name, x in both.items() if x is not None}
    optimizer = given
    if isinstance(given, Optimizer):
        if settings:
            raise ValueError(f"{given!r} has its own {' and '.join(settings)}; set it there")
    elif isinstance(given, str):
        name = given.lower()
        if name not in OPTIMIZERS:
            raise ValueError(f"no optimiser is called {given!r}; known: {', '.join(OPTIMIZERS)}")
        optimizer = OPTIMIZERS[name](parameters, **{"lr": LEARNING_RATES[name], **settings})
    elif callable(given):
        optimizer = given(parameters, **settings)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"an optimiser is a name ({', '.join(OPTIMIZERS)}), an nn.Optimizer, or a function"
            f" parameters -> nn.Optimizer; got {optimizer!r:.80}"
        )
    strangers = {id(p) for p in optimizer.parameters} - {id(p) for p in parameters}
    if strangers:
        raise ValueError(
            f"{plural(len(strangers), 'parameter')} of {optimizer!r} belong to another model than"
            " the one to be trained; make the optimiser from model.parameters()"
        )
    return optimizer


ENGINES = (None, "jit", "eager")
LARGEST = 20_000
WITHOUT = "engine='eager' is this without the warning"


def _wants_machine_code(
    engine: str | None,
    saved: dict[str, Any] | None,
    epochs: int,
    samples: Samples,
    model: Module,
) -> bool:
    if engine not in ENGINES:
        raise ValueError(f"""engine is "jit", "eager" or None, got {engine!r:.80}""")
    if engine is None and saved is not None:
        engine = saved.get("engine", "eager")
    if engine is None:
        return _is_long(epochs, samples, model)
    return engine == "jit"


def _compiled(eager: Step, model: Module, samples: Samples, must: bool) -> Step:
    """The same step in machine code; where it is not to be had, `eager`, or an error if it must."""
    try:
        with collection_paused():
            step = CompiledStep(model, eager)
            step.try_out(samples.take(range(min(TRIED_ROWS, len(samples)))))
    except ImportError:
        if must:
            raise
        return eager
    except CannotCompile as error:
        if must:
            raise ValueError(f"engine='jit' is not to be had: {error}") from error
        warnings.warn(f"training runs uncompiled: {error}; {WITHOUT}", stacklevel=3)
        return eager
    return step


def _is_long(epochs: int, samples: Samples, model: Module) -> bool:
    """Whether a training would take the engine longer than compiling it takes: measured with
    networks of 17 to 2,410 parameters, which break even at 5,000 to 8,000 samples seen. Compiling
    takes memory, too: 1 GB for 18,000 parameters."""
    parameters = len(model.parameters())
    seconds = epochs * len(samples) * (2e-5 + 2.2e-7 * parameters)
    return parameters <= LARGEST and seconds > 0.3 + 0.002 * parameters


def _settings_of(optimizer: Optimizer) -> dict[str, Any]:
    """What it was made with, without what it has seen."""
    state = {name: x for name, x in optimizer.state_dict().items() if not isinstance(x, list)}
    return {"optimizer": type(optimizer).__name__, **state, "steps": None}


def _callbacks(callback: Any) -> list[Callback]:
    callbacks = list(callback) if isinstance(callback, Iterable) else [callback]
    if callback is None:
        callbacks = []
    for entry in callbacks:
        if not callable(entry):
            raise TypeError(f"a callback is a function of the history, got {entry!r:.80}")
    return callbacks


def _shuffler(seed: Seed) -> Any:
    rng = random_source(seed)
    if not all(hasattr(rng, method) for method in ("shuffle", "getstate", "setstate")):
        raise TypeError(f"a seed is an int, a random.Random, or None; got {seed!r:.80}")
    return rng


def _hints(
    task: Task, rows: Sequence[Row], targets: Sequence[Any], columns: Sequence[str]
) -> list[str]:
    hints = [scale_hint("X", rows, columns), loss_hint(task), class_hint(task, targets)]
    if task.classes is None:
        hints.append(scale_hint("y", [t if isinstance(t, list) else [t] for t in targets]))
    return [hint for hint in hints if hint is not None]


def _mean(numbers: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Of a single number exactly that number."""
    if len(numbers) == 1:
        return numbers[0]
    weights = weights or [1.0] * len(numbers)
    return sum(x * w for x, w in zip(numbers, weights, strict=True)) / sum(weights)
