"""Figures about predictions, against hand-computed ones and scikit-learn's."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from autograd import Value
from nn import metrics

pytestmark = pytest.mark.one_form

TRUE = ["cat", "dog", "dog", "bird", "cat", "dog"]
FOUND = ["cat", "dog", "cat", "bird", "dog", "dog"]


def test_accuracy_is_the_share_that_is_right() -> None:
    assert metrics.accuracy(TRUE, FOUND) == 4 / 6
    assert metrics.accuracy([0, 1], [0.0, Value(1.0)]) == 1.0


def test_confusion_matrix() -> None:
    """A row for each true class, a column for each predicted one."""
    matrix = metrics.confusion_matrix(TRUE, FOUND)
    assert matrix.classes == ["bird", "cat", "dog"]
    assert matrix == [[1, 0, 0], [0, 1, 1], [0, 1, 2]]
    assert repr(matrix).splitlines() == [
        "      bird  cat  dog",
        "bird     1    0    0",
        " cat     0    1    1",
        " dog     0    1    2",
    ]
    turned = metrics.confusion_matrix(TRUE, FOUND, classes=["dog", "cat", "bird", "fish"])
    assert turned == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    with pytest.raises(ValueError, match="'dog' is none of the classes 'cat', 'bird'"):
        metrics.confusion_matrix(TRUE, FOUND, classes=["cat", "bird"])


def test_errors_of_numbers_by_hand() -> None:
    assert metrics.mean_absolute_error([1.0, 2.0, 4.0], [1.5, 2.0, 3.0]) == 0.5
    assert metrics.r2_score([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) == 0.0
    assert metrics.r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert metrics.r2_score([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == -3.0
    assert metrics.r2_score([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert metrics.r2_score([2.0, 2.0], [2.0, 3.0]) == 0.0


@pytest.mark.parametrize("outputs", [1, 3])
def test_as_in_scikit_learn(outputs: int) -> None:
    peer = pytest.importorskip("sklearn.metrics")
    rng = random.Random(outputs)

    def column() -> Any:
        rows = [[rng.gauss(3, 2) for _ in range(outputs)] for _ in range(50)]
        return rows if outputs > 1 else [row[0] for row in rows]

    truth, found = column(), column()
    assert metrics.r2_score(truth, found) == pytest.approx(peer.r2_score(truth, found))
    assert metrics.mean_absolute_error(truth, found) == pytest.approx(
        peer.mean_absolute_error(truth, found)
    )
    labels, guessed = [[rng.randrange(4) for _ in range(80)] for _ in range(2)]
    assert metrics.accuracy(labels, guessed) == peer.accuracy_score(labels, guessed)
    assert metrics.confusion_matrix(labels, guessed) == (
        peer.confusion_matrix(labels, guessed).tolist()
    )


def test_arrays_and_columns_of_frames() -> None:
    np, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    assert metrics.accuracy(np.array(TRUE), pandas.Series(FOUND)) == 4 / 6
    assert metrics.mean_absolute_error(pandas.Series([1.0, 2.0]), np.array([2.0, 4.0])) == 1.5
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [0.0, 1.0]})
    assert metrics.r2_score(frame, [[1.0, 0.0], [2.0, 1.0]]) == 1.0


@pytest.mark.parametrize(
    ("truth", "found", "error", "message"),
    [
        ([1.0], [1.0, 2.0], ValueError, "got 2 for 1 sample"),
        ([], [], ValueError, "truth must have an entry for each sample"),
        (3.0, [1.0], ValueError, "truth must have an entry"),
        (["a"], [1.0], TypeError, r"truth\[0\] must be a number"),
        ([[1.0, 2.0]], [[1.0]], ValueError, r"truth\[0\] and predicted\[0\] must be as long"),
    ],
)
def test_what_does_not_fit(truth: Any, found: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        metrics.mean_absolute_error(truth, found)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_a_score_of_numbers_of_any_size(size: float) -> None:
    """Their squares are no doubles."""
    truth, found = [size, 2 * size, 3 * size], [3 * size, 2 * size, size]
    assert metrics.r2_score(truth, found) == pytest.approx(-3.0, rel=1e-14)
    assert metrics.r2_score([0.1] * 7, [0.1] * 6 + [0.1 * (1 + 1e-15)]) == 0.0


def test_a_column_is_a_list_of_labels() -> None:
    """A row of one entry is that entry."""
    assert metrics.accuracy([["a"], ["b"]], ["a", "b"]) == 1.0
    assert metrics.confusion_matrix([[0], [1]], [0, 0]) == [[1, 0], [1, 0]]


def test_labels_that_can_not_be_compared() -> None:
    for figure in (metrics.accuracy, metrics.confusion_matrix):
        with pytest.raises(ValueError, match="texts are never equal to numbers"):
            figure(["1", "0"], [1, 0])
    with pytest.raises(ValueError, match="take the place of the 1"):
        metrics.confusion_matrix([[1, 0], [0, 1]], [[1, 0], [0, 1]])
    with pytest.raises(ValueError, match="must name each label once"):
        metrics.confusion_matrix([0, 1], [0, 1], classes=[0, 1, 1])


def test_not_a_number_stays_one() -> None:
    assert math.isnan(metrics.mean_absolute_error([math.nan], [1.0]))
