"""How good predictions are: accuracy and confusion of classes, errors of numbers.

Each takes what is true first, as in scikit-learn: lists, arrays, columns of frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, inf
from typing import Any

from autograd import Value
from nn.validation import as_list, as_numbers, counted, listed

__all__ = [
    "ConfusionMatrix",
    "accuracy",
    "confusion_matrix",
    "mean_absolute_error",
    "r2_score",
]


def accuracy(truth: Iterable[Any], predicted: Iterable[Any]) -> float:
    """The share of predictions that are right, from 0 to 1.

    Raises ValueError where one side has text labels and the other numbers.

    >>> accuracy(["cat", "dog", "dog"], ["cat", "dog", "cat"])
    0.6666666666666666
    """
    pairs = _labels(truth, predicted)
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
    is none of them, or stands there twice.

    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "dog", "cat"])
         cat  dog
    cat    1    0
    dog    1    1
    """
    pairs = _labels(truth, predicted)
    for label in (label for pair in pairs for label in pair):
        if isinstance(label, (list, tuple)):
            raise ValueError(
                f"a label is a text or a number, got the row {label!r:.80}; "
                "of a one-hot row take the place of the 1, row.index(1)"
            )
    if classes is None:
        labels = sorted(
            {label for pair in pairs for label in pair}, key=lambda x: (str(type(x)), x)
        )
    else:
        labels = list(classes)
    places = {label: i for i, label in enumerate(labels)}
    if len(places) < len(labels):
        raise ValueError(f"classes must name each label once, got {labels!r:.200}")
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
    first = column[0][0]
    if all(a == first for a, _ in column):
        return 1.0 if all(a == b for a, b in column) else 0.0
    mean = fsum(a / len(column) for a, _ in column)
    error, unit_of_error = _scaled_squares([a - b for a, b in column])
    spread, unit = _scaled_squares([a - mean for a, _ in column])
    ratio = unit_of_error / unit
    return 1.0 - error / spread * ratio * ratio


def _scaled_squares(xs: Sequence[float]) -> tuple[float, float]:
    """Their sum of squares, in units of the square of the second number: no square overflows."""
    unit = max(map(abs, xs))
    if not 0.0 < unit < inf:
        unit = 1.0
    return fsum((x / unit) * (x / unit) for x in xs), unit


def _labels(truth: Any, predicted: Any) -> list[tuple[Any, Any]]:
    """Pairs of labels, of one kind; a row of one is its entry, as in a column of a frame."""
    pairs = [(_single(a), _single(b)) for a, b in _pairs(truth, predicted)]
    kinds = [{isinstance(label, str) for label in side} for side in zip(*pairs, strict=True)]
    if not kinds[0] & kinds[1]:
        a, b = pairs[0]
        raise ValueError(
            f"truth and predicted must have the same labels, got {a!r:.80} and {b!r:.80}: "
            "texts are never equal to numbers"
        )
    return pairs


def _single(entry: Any) -> Any:
    return entry[0] if isinstance(entry, (list, tuple)) and len(entry) == 1 else entry


def _pairs(truth: Any, predicted: Any) -> list[tuple[Any, Any]]:
    lists = [_entries("truth", truth), _entries("predicted", predicted)]
    if len(lists[0]) != len(lists[1]):
        raise ValueError(
            "there must be a prediction for each sample: "
            f"got {len(lists[1])} for {counted(len(lists[0]), 'sample')}"
        )
    return list(zip(*lists, strict=True))


def _entries(name: str, labels: Any) -> list[Any]:
    entries = as_list(labels)
    if not entries:
        raise ValueError(f"{name} must have an entry for each sample, got {labels!r:.80}")
    return [entry.data if isinstance(entry, Value) else entry for entry in entries]


def _columns(truth: Any, predicted: Any) -> list[list[tuple[float, float]]]:
    """(true, predicted) of every sample, for each output."""
    rows: list[list[tuple[float, float]]] = []
    for i, (a, b) in enumerate(_pairs(truth, predicted)):
        left, right = as_numbers(f"truth[{i}]", a), as_numbers(f"predicted[{i}]", b)
        if len(left) != len(right) or (rows and len(left) != len(rows[0])):
            raise ValueError(f"truth[{i}] and predicted[{i}] must be as long as all others")
        rows.append(list(zip(left, right, strict=True)))
    return [list(column) for column in zip(*rows, strict=True)]
