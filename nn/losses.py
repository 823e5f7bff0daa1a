"""Losses: one number that says how far predictions are from targets.

Predictions and targets are single numbers, sequences, or nested sequences of the same shape:
`[model(x) for x in X]` fits a list of targets as it is. All are means over the entries, as in
PyTorch, except `half_squared_error`, which adds up. Shapes that differ are an error; nothing is
broadcast. With plain numbers the result is a plain float.

None of them branches on a prediction, so that one recording of a loss holds for every batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from operator import index
from typing import Any, SupportsIndex

import autograd
from autograd import Value, clip, log_softmax, mean, relu, softplus, square
from nn.validation import Number, as_list, counted

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "half_squared_error",
    "hinge_loss",
    "huber_loss",
    "mse_loss",
]


def mse_loss(predictions: Any, targets: Any) -> Any:
    """Mean squared error, the mean of (t - o)².

    >>> mse_loss([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return mean([square(t - o) for o, t in _pairs(predictions, targets)])


def half_squared_error(predictions: Any, targets: Any) -> Any:
    """The sum of ½(t - o)², whose derivative is plainly o - t.

    >>> half_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return 0.5 * autograd.sum([square(t - o) for o, t in _pairs(predictions, targets)])


def huber_loss(predictions: Any, targets: Any, delta: float = 1.0) -> Any:
    """Mean of ½r² where the error r is within ±delta, and of delta·(|r| - delta/2) outside.

    Its slope stays within ±delta, whatever the outlier.

    >>> huber_loss([0.0, 0.0], [1.0, 3.0])
    1.5
    """
    if not 0 < delta < inf:
        raise ValueError(f"delta must be a finite number greater than 0, got {delta}")
    errors = [t - o for o, t in _pairs(predictions, targets)]
    return mean(
        [0.5 * square(clip(r, -delta, delta)) + delta * relu(abs(r) - delta) for r in errors]
    )


def hinge_loss(scores: Any, labels: Any) -> Any:
    """Mean of max(0, 1 - y·score) for labels y that are -1 or 1: zero once all margins are 1.

    >>> hinge_loss([2.0, 0.5], [1, -1])
    0.75
    """
    pairs = _pairs(scores, labels)
    for _, y in pairs:
        if abs(y) != 1:
            raise ValueError(f"the labels of hinge_loss are -1 and 1, got {y!r}")
    return mean([relu(1.0 - y * score) for score, y in pairs])


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """Mean of -t·log σ(z) - (1 - t)·log(1 - σ(z)) for logits z and targets t from 0 to 1.

    From the logits, so that loss and gradient stay exact where the sigmoid rounds to 0 or 1.

    >>> binary_cross_entropy([1000.0, -1000.0], [1, 0])
    0.0
    """
    pairs = _pairs(logits, targets)
    for _, t in pairs:
        if not 0 <= t <= 1:
            raise ValueError(f"the targets of binary_cross_entropy are from 0 to 1, got {t!r}")
    return mean([_binary_cross_entropy_of_one(z, t) for z, t in pairs])


def _binary_cross_entropy_of_one(z: Number, t: Number) -> Any:
    if not isinstance(t, Value) and t in (0, 1):
        return softplus(-z if t else z)
    return t * softplus(-z) + (1 - t) * softplus(z)


def cross_entropy(logits: Any, target: Any) -> Any:
    """-log softmax(logits)[target], for a list of logits and the index of the right class.

    For a batch, a list of such lists and a list of indices, it is the mean. Exact where the softmax
    rounds to 1, too. Logits of -inf are masked: their classes have share 0, and the right class
    among them has loss inf and the derivative -1, that of any class with share 0.

    >>> cross_entropy([0.0, 0.0], 1) == cross_entropy([[5.0, 5.0], [7.0, 7.0]], [0, 1])
    True
    >>> cross_entropy([50.0, 0.0], 0)
    1.9287498479639178e-22
    """
    targets = as_list(target)
    if targets is None:
        return _cross_entropy_of_one(logits, target)
    rows = as_list(logits) or ()
    if len(rows) != len(targets) or not rows:
        raise ValueError(f"{counted(len(rows), 'list')} of logits for {len(targets)} class indices")
    return mean([_cross_entropy_of_one(row, k) for row, k in zip(rows, targets, strict=True)])


def _cross_entropy_of_one(logits: Sequence[Number], target: int) -> Any:
    xs = as_list(logits)
    if not xs:
        raise ValueError(
            f"cross_entropy takes a list of logits, one for each class; got {logits!r:.80}"
        )
    if not isinstance(target, SupportsIndex):
        raise TypeError(
            f"cross_entropy takes the index of the right class, a whole number from 0; "
            f"got {target!r:.80}"
        )
    k = index(target)
    if not 0 <= k < len(xs):
        raise ValueError(
            f"class index {k} is out of range for {counted(len(xs), 'logit')}: 0 to {len(xs) - 1}"
        )
    return 0.0 - log_softmax(xs)[k]  # and not -0.0, where nothing is left to lose


def _pairs(predictions: Any, targets: Any) -> list[tuple[Any, Any]]:
    """(prediction, target) for every entry, in order."""
    pairs = _pairs_below(predictions, targets, "")
    if not pairs:
        raise ValueError("a loss needs at least one prediction")
    return pairs


def _pairs_below(predictions: Any, targets: Any, where: str) -> list[tuple[Any, Any]]:
    os, ts = as_list(predictions), as_list(targets)
    if os is None and ts is None:
        return [(predictions, targets)]
    if os is None or ts is None or len(os) != len(ts):
        raise ValueError(
            f"predictions{where} and targets{where} differ: {_shape(os)} and {_shape(ts)}"
        )
    return [
        pair
        for i, (o, t) in enumerate(zip(os, ts, strict=True))
        for pair in _pairs_below(o, t, f"{where}[{i}]")
    ]


def _shape(entries: Sequence[Any] | None) -> str:
    return "a single number" if entries is None else f"a sequence of {len(entries)}"
