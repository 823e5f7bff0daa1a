"""How good predictions are: accuracy and confusion of classes, errors of numbers.

Each takes what is true first, as in scikit-learn: lists, arrays, columns of frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import Any

from autograd import Value
from nn.validation import as_float, as_list, counted, listed

__all__ = [
    "ConfusionMatrix",
    "accuracy",
    "confusion_matrix",
    "mean_absolute_error",
    "r2_score",
]


def accuracy(truth: Iterable[Any], predicted: Iterable[Any]) -> float:
    """The share of predictions that are right, from 0 to 1.

    >>> accuracy(["cat", "dog", "dog"], ["cat", "dog", "cat"])
    0.6666666666666666
    """
    pairs = _pairs(truth, predicted)
    return sum(bool(a == b) for a, b in pairs) / len(pairs)


class ConfusionMatrix(list[list[int]]):
    """`matrix[i][j]` samples of class i were taken for class j; `classes` are their labels."""

    def __init__(self, rows: Iterable[list[int]], classes: Sequence[Any]) -> None:
        super().__init__(rows)
        self.classes = list(classes)

    def __repr__(self) -> str:
        head = ["", *map(str, self.classes)]
        body = [[str(k), *map(str, row)] for k, row in zip(self.classes, self, strict=True)]
        table = [head, *body]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(entry.rjust(w) for entry, w in zip(row, widths, strict=True)) for row in table
        ]
        return "\n".join(lines)


def confusion_matrix(
    truth: Iterable[Any], predicted: Iterable[Any], classes: Iterable[Any] | None = None
) -> ConfusionMatrix:
    """How many samples of each class (a row) were taken for which (a column).

    `classes` is the order; without it, all that occur, sorted. Raises ValueError for a label that
    is none of them.

    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "dog", "cat"])
         cat  dog
    cat    1    0
    dog    1    1
    """
    pairs = _pairs(truth, predicted)
    if classes is None:
        labels = sorted(
            {label for pair in pairs for label in pair}, key=lambda x: (str(type(x)), x)
        )
    else:
        labels = list(classes)
    places = {label: i for i, label in enumerate(labels)}
    matrix = [[0] * len(labels) for _ in labels]
    for a, b in pairs:
        for label in (a, b):
            if label not in places:
                known = listed(list(map(repr, labels)), at_most=6)
                raise ValueError(f"{label!r:.80} is none of the classes {known}")
        matrix[places[a]][places[b]] += 1
    return ConfusionMatrix(matrix, labels)


def mean_absolute_error(truth: Any, predicted: Any) -> float:
    """The mean of |true - predicted|, over the outputs too, if there are several.

    >>> mean_absolute_error([1.0, 2.0], [1.5, 2.0])
    0.25
    """
    columns = _columns(truth, predicted)
    errors = [abs(a - b) for column in columns for a, b in column]
    return fsum(errors) / len(errors)


def r2_score(truth: Any, predicted: Any) -> float:
    """The share of the variance that is explained: 1 - Σ(true - predicted)² / Σ(true - mean)².

    1 is perfect, 0 as good as always the mean. Of several outputs, the mean of their scores. Where
    what is true does not vary, it is 1 for perfect predictions, and 0 for others, as in
    scikit-learn.

    >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    scores = [_explained(column) for column in _columns(truth, predicted)]
    return fsum(scores) / len(scores)


def _explained(column: Sequence[tuple[float, float]]) -> float:
    mean = fsum(a for a, _ in column) / len(column)
    error = fsum((a - b) ** 2 for a, b in column)
    spread = fsum((a - mean) ** 2 for a, _ in column)
    if not spread:
        return 0.0 if error else 1.0
    return 1.0 - error / spread


def _pairs(truth: Any, predicted: Any) -> list[tuple[Any, Any]]:
    lists = [_entries("truth", truth), _entries("predicted", predicted)]
    if len(lists[0]) != len(lists[1]):
        raise ValueError(
            "there must be a prediction for each sample: "
            f"got {len(lists[1])} for {counted(len(lists[0]), 'sample')}"
        )
    return list(zip(*lists, strict=True))


def _entries(name: str, labels: Any) -> list[Any]:
    if hasattr(labels, "to_numpy"):  # a column or frame of pandas
        labels = labels.to_numpy()
    entries = as_list(labels)
    if not entries:
        raise ValueError(f"{name} must have an entry for each sample, got {labels!r:.80}")
    return [entry.data if isinstance(entry, Value) else entry for entry in entries]


def _columns(truth: Any, predicted: Any) -> list[list[tuple[float, float]]]:
    """(true, predicted) of every sample, for each output."""
    rows: list[list[tuple[float, float]]] = []
    for i, (a, b) in enumerate(_pairs(truth, predicted)):
        left, right = _numbers(f"truth[{i}]", a), _numbers(f"predicted[{i}]", b)
        if len(left) != len(right) or (rows and len(left) != len(rows[0])):
            raise ValueError(f"truth[{i}] and predicted[{i}] must be as long as all others")
        rows.append(list(zip(left, right, strict=True)))
    return [list(column) for column in zip(*rows, strict=True)]


def _numbers(where: str, x: Any) -> list[float]:
    entries = [x] if isinstance(x, str) else as_list(x)
    entries = [x] if entries is None else entries
    return [as_float(where, e.data if isinstance(e, Value) else e) for e in entries]
