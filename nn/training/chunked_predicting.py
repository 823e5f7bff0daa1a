"""What a trained model says about data in Dask arrays and frames: the workers that hold the chunks
compute its outputs, each for its rows, in machine code.

Predictions are Dask's, cut like the data and not computed yet. Figures (loss, accuracy, R²) are
computed at once: sums of chunks, added in a tree that depends on the chunks alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import fsum
from typing import Any

import autograd
from nn.dropout import mode
from nn.module import Module
from nn.output_meaning import Meaning, meaning_of, trained_columns
from nn.training.chunked_data import ChunkedData, chunked_rows, computed, missing_number
from nn.training.chunked_step import ChunkedByRow
from nn.training.cluster_errors import ClusterLost, telling_of_the_cluster
from nn.training.dataset import Row
from nn.training.jit_loss import CannotCompile
from nn.training.objective import Evaluation, Objective
from nn.validation import as_list, as_numbers, counted

__all__ = [
    "accuracy_of_chunks",
    "chunked_evaluation",
    "chunked_predictions",
    "chunked_probabilities",
    "r2_of_chunks",
]


def chunked_predictions(model: Any, X: Any) -> Any:
    """For each row the class, by its label, or the number, or a row of several."""
    meaning = meaning_of(model)
    outputs, columns = _outputs(model, X, _as_they_are), None
    if meaning is not None and meaning.classes is not None:
        outputs = _labels(outputs, meaning)
    elif outputs.shape[1] == 1:
        outputs = outputs[:, 0]
    else:
        columns = range(outputs.shape[1])
    return _like(X, outputs, columns)


def chunked_probabilities(model: Any, X: Any, meaning: Meaning) -> Any:
    """For each row the probabilities of the classes, in their order."""
    from_logits = meaning.outputs == "logits"
    outputs = _outputs(model, X, _shares_of_logits if from_logits else _shares)
    return _like(X, outputs, meaning.classes)


def chunked_evaluation(objective: Objective, data: ChunkedData) -> Evaluation:
    """Loss and accuracy over all rows."""
    model = objective.model
    if not objective.has_known_loss:
        raise ValueError(
            "a loss of one's own gets all rows at once, and those of a Dask array are in several "
            "places; name one of the losses of nn, or hand over X.compute() and y.compute()"
        )
    parameters = model.parameters() if isinstance(model, Module) else []
    samples = data.samples(objective)
    try:
        compiled = ChunkedByRow(objective, parameters, model, data.example_rows[0])
        numbers = [parameter.data for parameter in parameters]
        loss, correct = compiled.evaluate(_array(numbers), compiled.arrays(samples))
    except CannotCompile as error:
        raise ValueError(_not_possible(error)) from error
    if objective.classes is None:
        return Evaluation(loss, None)
    if correct != correct:
        raise ValueError(
            "the outputs are so large that differences of them overflow, which tell the classes; "
            "hand over X.compute() and y.compute()"
        )
    return Evaluation(loss, correct / len(samples))


def accuracy_of_chunks(
    predicted: Any, truth: Any, labels: Callable[[list[Any]], list[Any]]
) -> float:
    """The share of predictions that are right; `labels` says what each target is called."""
    right = _of_pairs(partial(_count_right, labels), predicted, truth)
    return float(sum(right) / len(truth))


def r2_of_chunks(predicted: Any, truth: Any) -> float:
    """As `nn.metrics.r2_score`."""
    import numpy

    if predicted.shape != truth.shape:
        raise ValueError(
            f"there must be a prediction for each target, and y has the shape {truth.shape}, the "
            f"predictions {predicted.shape}"
        )
    ranges = [found for found in _of_pairs(_ranges, predicted, truth) if found is not None]
    sums, *extremes = [numpy.array(part) for part in zip(*ranges, strict=True)]
    least, most, worst = [numpy.max(part, axis=0) for part in extremes]  # -min, max, max |error|
    mean, units = _column_sums(sums) / len(truth), numpy.maximum(abs(least), abs(most))
    units, of_errors = [numpy.where((x > 0) & numpy.isfinite(x), x, 1.0) for x in (units, worst)]
    squares = numpy.array(_of_pairs(partial(_squares, mean, units, of_errors), predicted, truth))
    spread, missed = _column_sums(squares[:, 0]), _column_sums(squares[:, 1])
    with numpy.errstate(divide="ignore", invalid="ignore"):
        scores = 1.0 - missed / spread * (of_errors / units) ** 2
    constant = numpy.where(worst == 0.0, 1.0, 0.0)
    return float(numpy.where(-least == most, constant, scores).mean())


def _of_pairs(function: Callable[..., Any], predicted: Any, truth: Any) -> Any:
    """What a function gives for the predictions and the targets of each chunk."""
    import dask

    call = dask.delayed(function)
    pairs = zip(*[x.to_delayed().ravel().tolist() for x in (predicted, truth)], strict=True)
    return list(computed(tuple([call(*pair) for pair in pairs])))


def _column_sums(parts: Any) -> Any:
    """Of each column, rounded once: in whatever order."""
    return _array([fsum(column) for column in zip(*parts.tolist(), strict=True)])


# -- outputs ---------------------------------------------------------------------------------------


def _outputs(model: Any, X: Any, finish: Callable[[list[Any]], list[Any]]) -> Any:
    """A row of numbers for each row, in a Dask array."""
    rows = chunked_rows("X", X, trained_columns(model)).rows
    if not len(rows):
        raise ValueError("X is empty; there must be at least one sample")
    _try(model, [0.0] * rows.shape[1])
    checked = rows.map_blocks(_without_missing, dtype=float, meta=_array([[]])[:0])
    try:
        with telling_of_the_cluster():
            return autograd.vmap(_Answers(model, finish))(checked)
    except (ImportError, ClusterLost):
        raise
    except Exception as error:
        raise ValueError(_not_possible(error)) from error


def _try(model: Any, row: Row) -> None:
    """Errors for a model that does not take such rows, or has learned other classes."""
    try:
        with autograd.no_grad(), mode(model, training=False):
            count = len(as_numbers("an output", model(row)))
    except ValueError as error:
        raise ValueError(
            f"X has rows of {counted(len(row), 'number')}; for {model!r:.200}: {error}"
        ) from error
    meaning = meaning_of(model)
    classes = None if meaning is None else meaning.classes
    if classes is not None and len(classes) != max(2, count):
        raise ValueError(
            f"{model!r:.200} is said to have learned {len(classes)} classes for "
            f"{counted(count, 'output')}"
        )


class _Answers:
    """A model's outputs for a row, or what is made of them, in an array."""

    def __init__(self, model: Any, finish: Callable[[list[Any]], list[Any]]) -> None:
        self._model = model
        self._finish = finish

    def __repr__(self) -> str:
        return f"the answer of {self._model!r:.80}"

    def __call__(self, row: Any) -> Any:
        with mode(self._model, training=False):
            answer = self._model(list(row))
        outputs = as_list(answer)
        return _as_objects(self._finish([answer] if outputs is None else list(outputs)))


def _as_they_are(outputs: list[Any]) -> list[Any]:
    return outputs


def _shares(outputs: list[Any]) -> list[Any]:
    """Of probabilities."""
    return [1.0 - outputs[0], outputs[0]] if len(outputs) == 1 else outputs


def _shares_of_logits(outputs: list[Any]) -> list[Any]:
    if len(outputs) == 1:
        return [autograd.sigmoid(-outputs[0]), autograd.sigmoid(outputs[0])]
    return autograd.softmax(outputs)


def _not_possible(error: Exception) -> str:
    return (
        f"outputs for Dask arrays are computed in machine code, which is not possible: {error}; "
        "hand over X.compute()"
    )


# -- results ---------------------------------------------------------------------------------------


def _labels(outputs: Any, meaning: Meaning) -> Any:
    assert meaning.classes is not None
    labels = _as_objects(meaning.classes)
    if all(type(label) is int for label in meaning.classes):
        labels = labels.astype(int)
    return outputs.map_blocks(_named, labels, meaning.threshold, dtype=labels.dtype, drop_axis=[1])


def _like(X: Any, found: Any, columns: Sequence[Any] | None) -> Any:
    """Of a frame, a frame or a series with its index and divisions; of an array, an array."""
    if not hasattr(type(X), "to_dask_array"):
        return found
    import dask.dataframe

    names = "prediction" if columns is None else list(columns)
    return dask.dataframe.from_dask_array(found, columns=names, index=X.index)


def _array(numbers: Any) -> Any:
    import numpy

    return numpy.array(numbers, float)


def _as_objects(entries: Sequence[Any]) -> Any:
    import numpy

    out = numpy.empty(len(entries), object)
    out[:] = entries
    return out


# -- of a chunk ------------------------------------------------------------------------------------


def _without_missing(block: Any, block_info: Any = None) -> Any:
    """The block itself."""
    missing = missing_number(block)
    if missing is not None:
        i, j, number = missing
        first = block_info[0]["array-location"][0][0] if block_info else 0
        raise ValueError(
            f"X[{first + i}][{j}] is {number}; fill in missing numbers, or leave the row out"
        )
    return block


def _named(block: Any, labels: Any, threshold: float) -> Any:
    """The labels of the classes that rows of outputs stand for."""
    if block.shape[1] == 1:
        return labels[(block[:, 0] > threshold).astype(int)]
    return labels[block.argmax(axis=1)]


def _count_right(labels: Callable[[list[Any]], list[Any]], predicted: Any, truth: Any) -> int:
    names = labels(truth.tolist()) if len(truth) else []
    return sum(a == b for a, b in zip(names, predicted.tolist(), strict=True))


def _columns(x: Any) -> Any:
    x = x.astype(float)
    return x[:, None] if x.ndim == 1 else x


def _ranges(predicted: Any, truth: Any) -> tuple[Any, ...] | None:
    """Of each column of targets the sum, and how far they and the errors reach; None for no
    rows."""
    if not len(truth):
        return None
    x, errors = _columns(truth), _columns(truth) - _columns(predicted)
    return x.sum(axis=0), -x.min(axis=0), x.max(axis=0), abs(errors).max(axis=0)


def _squares(mean: Any, units: Any, of_errors: Any, predicted: Any, truth: Any) -> list[Any]:
    """Sums of squares of each column: of what targets are away from the mean, and of errors."""
    x, errors = _columns(truth), _columns(truth) - _columns(predicted)
    return [(((x - mean) / units) ** 2).sum(axis=0), ((errors / of_errors) ** 2).sum(axis=0)]
