"""Training in one call: `fit` takes a model and data, and gives back what happened.

    history = nn.fit(model, X, y, validation=0.2, patience=20)
    history.plot()

This module checks what `fit` is given; `loop` trains.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from numbers import Real
from typing import Any, TypeAlias

from autograd import Value
from nn.foreign_names import hinting_keywords
from nn.frame_columns import column_labels, column_names
from nn.initialisers import Seed, random_source
from nn.jsonio import FilePath
from nn.module import Module, computes
from nn.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.output_meaning import meaning_of, trained_columns
from nn.schedules import Rule, Schedule
from nn.training.checkpoint import Checkpoint, data_digest
from nn.training.chunked_data import ChunkedSamples, chunked_data, is_chunked
from nn.training.chunked_predicting import chunked_evaluation
from nn.training.chunked_step import chunked_step
from nn.training.dataset import Row, Samples, read_rows, read_targets
from nn.training.divergence import TRIAL_ROWS
from nn.training.history import History
from nn.training.jit_step import TRIED_ROWS, compiled_step, is_worth_compiling
from nn.training.loop import Callback, Plan, Training
from nn.training.objective import LOSSES, Evaluation, Loss, Objective, find_objective
from nn.training.resumption import Expected
from nn.training.scaling import scaling
from nn.training.training_step import TrainingStep
from nn.validation import as_count, as_float, counted, name_of, unknown_name

__all__ = ["evaluate", "fit"]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
}
LEARNING_RATES = {"sgd": 0.1, "adam": 0.01, "adamw": 0.01, "rmsprop": 0.01}
"""What `fit` starts from: networks of a few hundred parameters learn well with more than the
cautious defaults of the optimisers."""

OptimizerLike: TypeAlias = str | Optimizer | Callable[[list[Value]], Optimizer]


@hinting_keywords
def evaluate(
    model: Callable[[Any], Any],
    X: Any,
    y: Any,
    *,
    loss: str | Loss | None = None,
    classes: Any = None,
) -> Evaluation:
    """Loss and accuracy of a model on data that it may never have seen. Nothing changes.

    X, y and `loss` are those of `fit`; of Dask arrays and frames each chunk is evaluated where it
    is. A model that `fit` has trained knows its loss, and the order
    of its classes; for another with text labels, `classes` says in which order it learned them.

    >>> from nn import Neuron
    >>> evaluate(Neuron.from_weights([1.0], -0.5, "linear"), [0.0, 1.0], [0, 1]).accuracy
    1.0
    """
    meaning, known = meaning_of(model), trained_columns(model)
    chunked = chunked_data(X, y, known)
    rows = read_rows("X", chunked.example_rows if chunked else X, known)
    targets = read_targets("y", chunked.example_targets if chunked else y, len(rows))
    if loss is None and meaning is not None and meaning.loss in LOSSES:
        loss = meaning.loss
    if classes is None and meaning is not None and meaning.names(targets):
        classes = meaning.classes
    labels = None if classes is None else tuple(classes)
    objective = find_objective(model, rows[0], targets, loss, labels)
    if chunked:
        return chunked_evaluation(objective, chunked)
    return objective.evaluate(Samples(rows, *objective.encode("y", targets)))


@hinting_keywords
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
    scale: bool = False,
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
    1. Missing numbers are an error. Arrays stay arrays, and are copied only if there is a callback,
    which might change them. Data in Dask arrays and frames stay where they are: their workers
    compute loss and gradient of each step for the rows that they hold.

    **Loss.** A name ("mse", "half_squared_error", "huber", "binary_cross_entropy", "cross_entropy",
    "hinge") or a function (predictions, targets) -> Value of a whole batch. Classes are put into
    the form that the named loss takes. If it is not given: `cross_entropy` for classes and several
    outputs; for one output `binary_cross_entropy` for 0 and 1 or two labels, `hinge` for -1 and 1;
    `mse` for numbers, and for a model that ends in a sigmoid or tanh.

    **Optimiser.** A name ("adam", "adamw", "rmsprop", "sgd"), with `lr` (default 0.01, sgd 0.1) and
    `weight_decay`; an optimiser of this model's parameters; or a function parameters -> optimiser.
    `schedule` is a rule epoch -> factor, such as `nn.schedules.cosine(epochs)`; afterwards the
    optimiser has the learning rate again that it came with. `clip_norm` and `clip_value` bound the
    gradient of a batch, as `clip_grad_norm` and `clip_grad_value` do.

    **Batches.** `batch_size` samples a step, None for all of them; `shuffle` puts them in another
    order each epoch, drawn from `seed` (an int, a `random.Random`, or None for `random` itself).

    **Scale.** With `scale=True` the inputs are standardised by the mean and standard deviation of
    the training data (`nn.Scaler`), and for a regression the targets too; the loss is then that of
    targets in standard deviations. Both become a part of the model and its file: it is asked with
    numbers as they are, and answers in their units.

    **Validation.** A fraction of the samples, drawn at random and held out, or a pair (X, y).
    With `patience`, training stops after so many epochs without a lower validation loss (or loss,
    without validation data), and the best weights are put back, unless `restore_best` is False.
    Without patience `restore_best=True` puts them back at the end.

    **Watching.** `callback` is a function of the history so far, or several, called after each
    epoch; True stops the training. `progress` shows a bar (tqdm) on a terminal or in a notebook.

    **Endings.** Ctrl-C ends the training early and keeps the best weights so far (in the first
    epoch, those of the last step). A loss or gradient that is NaN or infinite does so too (in the
    first epoch, it puts back the weights from before training), with a RuntimeWarning that says
    which operation made it. A training that goes to its end with a loss a thousand times what it
    began with, or with a gradient of exactly 0, ends in a RuntimeWarning too; the weights are then
    those of the last step, as ever. `history.stopped` has in words why a training was stopped. Best
    is the lowest validation loss; without validation data, the loss of an epoch counts for the
    weights after it, or, if it was a single batch, for those before its step, which it was computed
    with.

    **Modes.** A model is trained in training mode, measured without dropout, and left in the mode
    for predictions (`model.eval()`). Dropout draws from `seed`.

    **Checkpoint.** A JSON file with everything that the rest of the training depends on, replaced
    after an epoch, at most once a second, and at the end. With `resume=True` and the file there,
    training goes on from it up to `epochs` epochs in all and ends with the very same numbers, to
    the last bit, as if it had never been interrupted. `model.load(checkpoint)` reads the weights
    alone. Where the file can't be written (a full disk), there is a RuntimeWarning, training goes
    on, and it is tried again; if that fails to the end, fit raises the OSError after the training,
    with the history as its attribute `history`.

    **Engine.** "jit" trains in machine code: the same numbers but for rounding, in batches of 32
    tens of times as fast, in one batch of a thousand hundreds of times. It takes a while to get
    ready: some 0.5 s, and 0.05 s for each thousand parameters, of which there may be any number.
    "eager" trains with the engine as it is. If none is given, "jit" is taken where llvmlite is
    installed and the training is long enough to be worth it. Models and losses may be any; but a
    model that draws random numbers, changes from call to call, reads a parameter past its
    attributes, or branches into many paths is left to the engine, with a UserWarning that says so
    (where "jit" was asked for, it is a ValueError). `history.engine` says which it was.

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
    if not isinstance(model, Module) or not computes(model):
        own = "; it is an estimator: call its own fit(X, y)" if hasattr(model, "get_params") else ""
        raise TypeError(
            "fit trains an nn.Module that can be called, such as nn.MLP(2, [16, 1]); "
            f"got {model!r:.80}{own}"
        )
    for name, flag in (("shuffle", shuffle), ("scale", scale), ("resume", resume)):
        if isinstance(flag, str):  # of which even "no" would count as True
            raise TypeError(f"{name} must be True or False, got the text {flag!r:.80}")
    plan = Plan(
        epochs=as_count("epochs", epochs),
        batch_size=None if batch_size is None else as_count("batch_size", batch_size),
        shuffle=bool(shuffle),
        patience=None if patience is None else as_count("patience", patience),
        restore_best=restore_best,
        callbacks=_callbacks(callback),
        progress=progress,
    )
    clip_norm, clip_value = _positive("clip_norm", clip_norm), _positive("clip_value", clip_value)
    if isinstance(validation, Real):
        validation = as_float("validation", validation)
    if resume and checkpoint is None:
        raise ValueError("resume=True must know from where: give checkpoint='training.json' too")
    if engine not in (None, "jit", "eager"):
        raise ValueError(f"""engine is "jit", "eager" or None, got {engine!r:.80}""")
    if engine == "eager" and (is_chunked(X) or is_chunked(y)):
        raise ValueError(
            "engine='eager' computes here, and the rows of a Dask array are elsewhere; leave it "
            "out, or hand over X.compute() and y.compute()"
        )
    rng = _shuffler(seed)

    known = trained_columns(model)
    chunked = chunked_data(X, y, known)
    labels = chunked.labels if chunked else column_labels(y)
    columns = list(known) or (chunked.columns if chunked else column_names(X))
    rows = read_rows("X", chunked.example_rows if chunked else X, known)
    targets = read_targets("y", chunked.example_targets if chunked else y, len(rows))
    objective = find_objective(model, rows[0], targets, loss)
    if objective.classes is not None and isinstance(targets[0], list):
        objective = replace(objective, classes=labels or objective.classes)
    samples = Samples(rows, *objective.encode("y", targets))
    data = chunked.samples(objective) if chunked else samples
    given = _given_validation(objective, validation, len(rows[0]), columns, chunked is not None)
    objective.check_loss(samples)
    if isinstance(given, Samples):
        objective.check_loss(given)
    parameters = model.parameters()
    optimizer = _find_optimizer(optimizer, parameters, lr, weight_decay)

    outputs = objective.n_outputs if objective.classes is None else None
    with (
        scaling(model, len(rows[0]), outputs) if scale else nullcontext(_measure_nothing) as measure
    ):
        file, saved = None, None
        if checkpoint is not None:
            settings = {
                "loss": name_of(objective.loss),
                **_settings_of(optimizer),
                "schedule": schedule is not None,
                "batch_size": plan.batch_size,
                "shuffle": plan.shuffle,
                "clip_norm": clip_norm,
                "clip_value": clip_value,
                "validation": validation if given is None else "given",
                "data": data_digest(samples, given if isinstance(given, Samples) else None),
            }
            file = Checkpoint(checkpoint, settings, model)
            expected = Expected(
                model=model,
                optimizer=optimizer,
                samples=len(data),
                held_out=_count_held_out(validation, len(data)),
                has_validation=validation is not None,
                has_classes=objective.classes is not None,
                has_schedule=schedule is not None,
            )
            saved = file.read(expected) if resume else None

        hints = objective.hints(rows, targets, columns)
        for hint in hints:
            warnings.warn(hint, stacklevel=3)
        held_out = saved["held_out"] if saved else _draw_validation(validation, len(data), rng)
        measure(*_without(held_out, data))
        if saved:
            _restore_buffers(model, saved["parameters"])
        step = TrainingStep(objective, parameters, optimizer, clip_norm, clip_value, rng)
        wanted = engine or (saved["engine"] if saved else None)
        if chunked:
            step = chunked_step(step, model, samples.take(range(min(TRIED_ROWS, len(data)))))
        elif wanted == "jit" or (
            wanted is None and is_worth_compiling(plan.epochs, len(samples), len(parameters))
        ):
            step = compiled_step(step, model, samples, must=engine == "jit")
        trial = samples.take(range(min(TRIAL_ROWS, len(samples))))
        training = Training(model, step, plan, data, held_out, given, rng, trial)
        training.history.hints = hints
        training.history.loss_name = name_of(objective.loss)
    lr_before = optimizer.lr
    Module.train(model)
    model.meaning = objective.meaning(columns)
    try:
        if schedule is not None:
            training.schedule = Schedule(optimizer, schedule)
        if file and saved:
            training.load_state(saved, repr(os.fspath(file.path)))
        training.run(file)
    finally:
        Module.eval(model)
        if schedule is not None:
            optimizer.lr = lr_before
    training.finish()
    if file is not None:
        file.raise_failure(training.history)
    return training.history


def _measure_nothing(rows: Sequence[Row], targets: Sequence[Any]) -> None:
    """In the place of scaling's."""


def _without(
    held_out: Sequence[int], samples: Samples | ChunkedSamples
) -> tuple[Sequence[Row], Sequence[Any]]:
    """The rows and targets that are trained on, or some with the same mean and deviation."""
    out = set(held_out)
    if out:
        samples = samples.take([i for i in range(len(samples)) if i not in out])
    return (samples.rows, samples.targets) if isinstance(samples, Samples) else samples.like_these()


def _restore_buffers(model: Module, numbers: Mapping[str, float]) -> None:
    """Before the model is compiled: machine code has them as constants."""
    for name, entry in Module._buffer_entries(model):
        entry.data = numbers[name]


# -- what fit is given -----------------------------------------------------------------------------


def _positive(name: str, bound: float | None) -> float | None:
    bound = None if bound is None else as_float(name, bound)
    if bound is not None and not bound > 0.0:
        raise ValueError(f"{name} must be greater than 0, got {bound}")
    return bound


def _callbacks(callback: Any) -> list[Callback]:
    if callback is None:
        return []
    callbacks = list(callback) if isinstance(callback, Iterable) else [callback]
    for entry in callbacks:
        if not callable(entry):
            raise TypeError(f"a callback is a function of the history, got {entry!r:.80}")
    return callbacks


def _shuffler(seed: Seed) -> Any:
    rng = random_source(seed)
    if not all(hasattr(rng, method) for method in ("shuffle", "getstate", "setstate")):
        raise TypeError(f"a seed is an int, a random.Random, or None; got {seed!r:.80}")
    return rng


def _given_validation(
    objective: Objective,
    validation: Any,
    width: int,
    columns: Sequence[str],
    may_be_chunked: bool,
) -> Samples | ChunkedSamples | None:
    """Validation data that are not a part of the training data."""
    if validation is None or isinstance(validation, float):
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(
            "validation is a fraction of the samples, such as 0.2, or a pair (X, y); "
            f"got {validation!r:.80}"
        )
    chunked = chunked_data(validation[0], validation[1], columns, "validation ")
    if chunked and not may_be_chunked:
        raise TypeError(
            "validation data are Dask arrays, and the training data are not; hand over "
            "X.compute() and y.compute(), or Dask arrays for both"
        )
    X, y = (chunked.example_rows, chunked.example_targets) if chunked else validation
    rows = read_rows("validation X", X, columns)
    if len(rows[0]) != width:
        raise ValueError(
            f"a row of X has {counted(width, 'number')}, of validation X {len(rows[0])}"
        )
    targets = read_targets("validation y", y, len(rows), "validation X")
    samples = Samples(rows, *objective.encode("validation y", targets))
    return chunked.samples(objective) if chunked else samples


def _draw_validation(validation: Any, count: int, rng: Any) -> list[int]:
    """Which samples are held out, if validation is a fraction of them."""
    held_out = _count_held_out(validation, count)
    if not held_out:
        return []
    order = list(range(count))
    rng.shuffle(order)
    return sorted(order[:held_out])


def _count_held_out(validation: Any, count: int) -> int:
    if not isinstance(validation, float):
        return 0
    held_out = max(1, round(validation * count)) if 0.0 < validation < 1.0 else 0
    if not 0 < held_out < count:
        raise ValueError(
            "validation as a fraction of the samples is between 0 and 1 and leaves some for "
            f"training; got {validation} of {counted(count, 'sample')}"
        )
    return held_out


def _find_optimizer(
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
            raise unknown_name("optimiser", given, OPTIMIZERS)
        optimizer = OPTIMIZERS[name](parameters, **{"lr": LEARNING_RATES[name], **settings})
    elif callable(given):
        optimizer = given(parameters, **settings)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"an optimiser is a name ({', '.join(OPTIMIZERS)}), an nn.Optimizer, or a function "
            f"parameters -> nn.Optimizer; got {optimizer!r:.80}"
        )
    strangers = set(map(id, optimizer.parameters)) - set(map(id, parameters))
    if strangers:
        raise ValueError(
            f"{counted(len(strangers), 'parameter')} of {optimizer!r} belong to another model than "
            "the one to be trained; make the optimiser from model.parameters()"
        )
    return optimizer


def _settings_of(optimizer: Optimizer) -> dict[str, Any]:
    """The arguments it was made with, without the state of its steps."""
    state = {name: x for name, x in optimizer.state_dict().items() if not isinstance(x, list)}
    return {"optimizer": type(optimizer).__name__, **state, "steps": None}
