"""What a trained model says about data: `predict`, `predict_proba`, `score`.

They read the outputs as `fit` has learned them (`model.meaning`): classes by their names, columns
of a frame by theirs. Nothing changes, and dropout is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import autograd
from nn.dropout import mode
from nn.foreign_names import hinting_keywords
from nn.metrics import accuracy, r2_score
from nn.output_meaning import Meaning, meaning_of, trained_columns
from nn.training.chunked_data import chunked_data, is_chunked
from nn.training.chunked_predicting import (
    accuracy_of_chunks,
    chunked_predictions,
    chunked_probabilities,
    r2_of_chunks,
)
from nn.training.dataset import Row, read_rows, read_targets
from nn.validation import as_numbers, counted, listed

__all__ = ["predict", "predict_proba", "score"]


@hinting_keywords
def predict(model: Any, X: Any) -> Any:
    """For each row of X the class, by its label, or the number (a list, of several outputs).

    X is what `fit` takes. The columns of a frame must be those that the model was trained with, and
    are put in their order. A model that `fit` has not trained gives its outputs as numbers. They
    come in a list; for a Dask array in one of the same chunks, for a frame of Dask's in a series
    (of several outputs, a frame) of the same divisions, not computed yet.

    >>> import nn
    >>> model = nn.MLP(1, [4, 1], seed=0)
    >>> history = nn.fit(model, [-2, -1, 1, 2], ["low", "low", "high", "high"], lr=0.1)
    >>> predict(model, [-1.5, 1.5])
    ['low', 'high']
    """
    if is_chunked(X):
        return chunked_predictions(model, X)
    meaning = meaning_of(model)
    outputs = _outputs(model, X)
    if meaning is None or meaning.classes is None:
        return [row[0] if len(row) == 1 else row for row in outputs]
    return [meaning.classes[_index(meaning, row)] for row in outputs]


@hinting_keywords
def predict_proba(model: Any, X: Any) -> Any:
    """For each row of X the probability of every class: label -> number from 0 to 1. For a Dask
    array, rows of them, in the order of `model.meaning.classes`; for a frame, a column for each.

    Raises ValueError for a model whose outputs are no probabilities: a regression, or one trained
    with a loss other than `cross_entropy` and `binary_cross_entropy` that does not end in a softmax
    or sigmoid.

    >>> import nn
    >>> model = nn.MLP(1, [4, 1], seed=0)
    >>> history = nn.fit(model, [-2, -1, 1, 2], ["low", "low", "high", "high"], lr=0.1)
    >>> [round(p["high"]) for p in predict_proba(model, [-1.5, 1.5])]
    [0, 1]
    """
    meaning = _known_meaning(model)
    if meaning.classes is None or meaning.outputs not in ("logits", "probabilities"):
        raise ValueError(
            f"the outputs of {model!r:.200} are {meaning.outputs}, and no probabilities: those "
            "come from 'cross_entropy' or 'binary_cross_entropy', or from a softmax or sigmoid at "
            "the end of the model"
        )
    if is_chunked(X):
        return chunked_probabilities(model, X, meaning)
    return [
        dict(zip(meaning.classes, _probabilities(meaning, row), strict=True))
        for row in _outputs(model, X)
    ]


@hinting_keywords
def score(model: Any, X: Any, y: Any) -> float:
    """How good the predictions are: the accuracy of classes, the R² of numbers; 1 is perfect.

    Classes are told as to `fit`: by their labels, their places (0, 1 ...), one-hot rows, or -1 and
    1. Raises ValueError for a label that the model has not learned. `evaluate` gives the loss,
    `nn.metrics` more figures.

    >>> import nn
    >>> model = nn.MLP(1, [1], seed=0)
    >>> history = nn.fit(model, [0, 1, 2], [1, 3, 5], lr=0.1, epochs=300)
    >>> round(score(model, [0, 1, 2], [1, 3, 5]), 6)
    1.0
    """
    meaning = meaning_of(model)
    classes = None if meaning is None else meaning.classes
    chunked = chunked_data(X, y, trained_columns(model))
    if chunked is not None:
        predicted = chunked_predictions(model, chunked.rows)
        if classes is None:
            return r2_of_chunks(predicted, chunked.targets)
        known = read_targets("y", chunked.example_targets, len(chunked.example_targets))
        named = partial(_as_labels, classes, _codes(classes, known))
        return accuracy_of_chunks(predicted, chunked.targets, named)
    predicted = predict(model, X)
    truth = read_targets("y", y, len(predicted))
    if classes is None:
        return r2_score(truth, predicted)
    return accuracy(_as_labels(classes, _codes(classes, truth), truth), predicted)


def _codes(classes: Sequence[Any], truth: Sequence[Any]) -> Sequence[Any]:
    """By what targets name the classes: labels, or else their places, -1 and 1, one-hot rows."""
    count = len(classes)
    codes: Sequence[Any] = classes
    if isinstance(truth[0], list):
        codes = [[float(j == k) for j in range(count)] for k in range(count)]
    elif any(target not in classes for target in truth) and not isinstance(truth[0], str):
        codes = [-1.0, 1.0] if count == 2 and -1.0 in truth else list(range(count))
    return codes


def _as_labels(classes: Sequence[Any], codes: Sequence[Any], truth: Sequence[Any]) -> list[Any]:
    """The class that each target names."""
    for i, target in enumerate(truth):
        if target not in codes:
            known = listed(list(map(repr, classes)), at_most=6)
            raise ValueError(
                f"y[{i}] is {target!r:.80}, which is none of the classes of the training data: "
                f"{known}"
            )
    return [classes[codes.index(target)] for target in truth]


def _known_meaning(model: Any) -> Meaning:
    meaning = meaning_of(model)
    if meaning is None:
        raise ValueError(
            f"{model!r:.200} has not been trained by nn.fit, so nothing says what its outputs mean"
        )
    return meaning


def _outputs(model: Any, X: Any) -> list[list[float]]:
    meaning = meaning_of(model)
    rows = read_rows("X", X, trained_columns(model))
    with autograd.no_grad(), mode(model, training=False):
        outputs = [_numbers(model, row) for row in rows]
    count = len(outputs[0])
    classes = None if meaning is None else meaning.classes
    if classes is not None and len(classes) != max(2, count):
        raise ValueError(
            f"{model!r:.200} is said to have learned {len(classes)} classes for "
            f"{counted(count, 'output')}"
        )
    return outputs


def _numbers(model: Any, row: Row) -> list[float]:
    try:
        answer = model(row)
    except ValueError as error:
        count = counted(len(row), "number")
        hint = "; if X is a single sample, write [X]" if len(row) == 1 else ""
        raise ValueError(f"X has rows of {count}; for {model!r:.200}: {error}{hint}") from error
    return as_numbers("an output", answer)


def _index(meaning: Meaning, outputs: Sequence[float]) -> int:
    """Of the class that a row of outputs stands for."""
    if len(outputs) == 1:
        return int(outputs[0] > meaning.threshold)
    return max(range(len(outputs)), key=outputs.__getitem__)


def _probabilities(meaning: Meaning, outputs: Sequence[float]) -> list[float]:
    if len(outputs) == 1:
        p, q = outputs[0], 1.0 - outputs[0]
        if meaning.outputs == "logits":
            p, q = autograd.sigmoid(outputs[0]), autograd.sigmoid(-outputs[0])
        return [q, p]
    return autograd.softmax(outputs) if meaning.outputs == "logits" else list(outputs)
