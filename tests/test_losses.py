"""Losses: values and gradients against PyTorch 2.13 (float64), exactness in the tails, bad
input."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value

OUTPUTS = [0.3, -1.2, 2.5, 0.0]
TARGETS = [0.5, 1.0, -1.0, 0.0]

# Each row: loss, outputs, targets, value and gradients. The numbers are those of
# torch.nn.functional in float64, such as F.huber_loss(x, torch.tensor(TARGETS), delta=0.25) and
# .backward() for x = torch.tensor(OUTPUTS, requires_grad=True); hinge is relu(1 - y * x).mean(),
# and half the squared error is twice the mean squared error of four entries.
REFERENCE: list[tuple[Callable[..., Any], list[float], Any, float, list[float]]] = [
    (nn.mse_loss, OUTPUTS, TARGETS, 4.282500000000001, [-0.1, -1.1, 1.75, 0.0]),
    (nn.half_squared_error, OUTPUTS, TARGETS, 8.565000000000001, [-0.2, -2.2, 3.5, 0.0]),
    (nn.huber_loss, OUTPUTS, TARGETS, 1.18, [-0.05, -0.25, 0.25, 0.0]),
    (
        lambda o, t: nn.huber_loss(o, t, delta=0.25),
        OUTPUTS,
        TARGETS,
        0.345625,
        [-0.05, -0.0625, 0.0625, 0.0],
    ),
    (nn.hinge_loss, OUTPUTS, [1, -1, -1, 1], 1.3, [-0.25, 0.0, 0.25, -0.25]),
    (
        nn.binary_cross_entropy,
        OUTPUTS,
        [1, 0, True, 0.3],
        0.3974186566647633,
        [-0.10638937079708524, 0.057868804125245595, -0.018964545005310862, 0.05],
    ),
    (
        nn.cross_entropy,
        OUTPUTS,
        2,
        0.19689130355934986,
        [0.09100040667134894, 0.02030493531415033, -0.17872010133708072, 0.06741475935158146],
    ),
]
LOSSES = [row[0] for row in REFERENCE]


@pytest.mark.parametrize(("loss", "outputs", "targets", "value", "gradients"), REFERENCE)
def test_value_and_gradients(
    loss: Callable[..., Any],
    outputs: list[float],
    targets: Any,
    value: float,
    gradients: list[float],
) -> None:
    """Those of PyTorch, to rounding; without Values the result is the same plain float."""
    xs = [Value(x) for x in outputs]
    out = loss(xs, targets)
    out.backward()
    assert out.data == pytest.approx(value, rel=1e-14)
    assert [x.grad for x in xs] == pytest.approx(gradients, rel=1e-13, abs=1e-16)
    plain = loss(outputs, targets)
    assert type(plain) is float
    assert plain == out.data


def test_cross_entropy_of_a_batch_is_the_mean() -> None:
    """F.cross_entropy over two rows of three logits, classes 1 and 0."""
    rows = [[Value(x) for x in row] for row in ([0.3, -1.2, 2.5], [0.0, 4.0, -3.0])]
    loss = nn.cross_entropy(rows, [1, 0])
    loss.backward()
    assert loss.data == pytest.approx(3.923070795339872, rel=1e-14)
    assert [x.grad for x in rows[0]] == pytest.approx(
        [0.04878932386281233, -0.4891136303529571, 0.4403243064901447], rel=1e-13
    )
    assert [x.grad for x in rows[1]] == pytest.approx(
        [-0.49101494096559395, 0.4905676012171587, 0.00044733974843526677], rel=1e-12
    )


@pytest.mark.parametrize("loss", LOSSES[:4])
def test_single_numbers_and_nested_rows(loss: Callable[..., Any]) -> None:
    """A number is a sequence of one; rows within rows are as good as one long row."""
    assert loss(0.25, 1.0) == loss([0.25], (1.0,)) == loss([[[0.25]]], [[[1.0]]])
    assert loss([[0.3, -1.2], [2.5, 0.0]], [[0.5, 1.0], [-1.0, 0.0]]) == loss(OUTPUTS, TARGETS)


def test_arrays_are_sequences() -> None:
    """NumPy targets, labels and logits give what lists give."""
    np = pytest.importorskip("numpy")
    assert nn.mse_loss(np.array(OUTPUTS), np.array(TARGETS)) == nn.mse_loss(OUTPUTS, TARGETS)
    assert nn.cross_entropy(np.array(OUTPUTS), np.int64(2)) == nn.cross_entropy(OUTPUTS, 2)
    assert nn.cross_entropy(np.array([OUTPUTS]), np.array([2])) == nn.cross_entropy(OUTPUTS, 2)
    assert nn.hinge_loss([0.5], np.array([True, False])[:1]) == 0.5


def test_targets_may_be_values() -> None:
    """∂/∂t of the mean of (t - o)² is 2(t - o)/n; of a soft binary target it is -logit."""
    t, u = Value(3.0), Value(0.25)
    nn.mse_loss([1.0, 1.0], [t, 0.0]).backward()
    assert t.grad == 2.0
    nn.binary_cross_entropy([1.5], [u]).backward()
    assert u.grad == pytest.approx(-1.5, rel=1e-15)


# Exactness ----------------------------------------------------------------------------------------


def test_a_sure_and_right_classifier_keeps_its_tiny_loss_and_gradient() -> None:
    """log(1 + e⁻⁵⁰) and its derivative -1/(1 + e⁵⁰): both 1.9287498479639178e-22 (30 digits)."""
    tiny = 1.9287498479639178e-22
    x = Value(50.0)
    for loss in (nn.cross_entropy([x, 0.0], 0), nn.binary_cross_entropy([x], [1])):
        x.grad = 0.0
        loss.backward()
        assert loss.data == pytest.approx(tiny, rel=1e-15)
        assert x.grad == pytest.approx(-tiny, rel=1e-15)


def test_a_sure_and_wrong_classifier_has_a_finite_loss() -> None:
    """-log σ(-1000) is 1000, with slope -1."""
    x = Value(-1000.0)
    for loss in (nn.cross_entropy([x, 0.0], 0), nn.binary_cross_entropy([x], [1])):
        x.grad = 0.0
        loss.backward()
        assert (loss.data, x.grad) == (1000.0, -1.0)


def test_cross_entropy_does_not_see_a_common_offset() -> None:
    """Logits up by 1e6, as far as floats hold them, give the very same loss."""
    assert nn.cross_entropy([1e6 + 1, 1e6 + 2], 0) == nn.cross_entropy([1.0, 2.0], 0)


def test_infinite_logits() -> None:
    """Right and sure beyond measure is 0, wrong is infinite; NaN is never lost."""
    assert nn.binary_cross_entropy([math.inf, -math.inf], [1, 0]) == 0.0
    assert nn.binary_cross_entropy([-math.inf], [1]) == math.inf
    assert nn.cross_entropy([math.inf, 0.0], 0) == 0.0
    assert nn.cross_entropy([-math.inf, 0.0], 0) == math.inf
    for loss in (nn.mse_loss, nn.half_squared_error, nn.huber_loss, nn.hinge_loss):
        assert math.isnan(loss([math.nan, 0.0], [1, 1]))
    assert math.isnan(nn.cross_entropy([math.nan, 0.0], 1))


def test_the_edges_of_huber() -> None:
    """Where the parabola meets the lines the slope is ±delta from both sides; far out it stays."""
    for o, slope in ((2.0, 2.0), (-2.0, -2.0), (1e-200, 1e-200), (1e308, 2.0), (math.inf, 2.0)):
        x = Value(o)
        nn.huber_loss(x, 0.0, delta=2.0).backward()
        assert x.grad == slope


def test_the_kink_of_hinge() -> None:
    """A margin of exactly 1 costs nothing and pulls no more."""
    x = Value(-1.0)
    loss = nn.hinge_loss(x, -1)
    loss.backward()
    assert (loss.data, x.grad) == (0.0, 0.0)


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: nn.mse_loss([1.0, 2.0], [1.0]),
            ValueError,
            "predictions and targets differ: a sequence of 2 and a sequence of 1",
        ),
        (
            lambda: nn.mse_loss([1.0, 2.0], [[1.0], [2.0]]),
            ValueError,
            "predictions[0] and targets[0] differ: a single number and a sequence of 1",
        ),
        (
            lambda: nn.huber_loss([[1.0], [2.0, 3.0]], [[1.0], [2.0]]),
            ValueError,
            "predictions[1] and targets[1] differ",
        ),
        (lambda: nn.mse_loss(1.0, [1.0]), ValueError, "a single number and a sequence of 1"),
        (lambda: nn.mse_loss([], []), ValueError, "at least one prediction"),
        (lambda: nn.half_squared_error([[], []], [[], []]), ValueError, "at least one prediction"),
        (lambda: nn.mse_loss("ab", [1, 2]), TypeError, "got a str"),
        (lambda: nn.mse_loss([1.0], ["a"]), TypeError, "got a str"),
        (lambda: nn.mse_loss([Value(1.0)], [None]), TypeError, "None"),
        (lambda: nn.huber_loss([1.0], [1.0], delta=0.0), ValueError, "greater than 0, got 0.0"),
        (lambda: nn.huber_loss([1.0], [1.0], delta=math.nan), ValueError, "got nan"),
        (lambda: nn.huber_loss([1.0], [1.0], delta=math.inf), ValueError, "finite"),
        (lambda: nn.hinge_loss([1.0], [0]), ValueError, "labels of hinge_loss are -1 and 1, got 0"),
        (lambda: nn.hinge_loss([1.0], [math.nan]), ValueError, "got nan"),
        (lambda: nn.binary_cross_entropy([1.0], [-1]), ValueError, "are from 0 to 1, got -1"),
        (lambda: nn.binary_cross_entropy([1.0], [1.5]), ValueError, "got 1.5"),
        (lambda: nn.binary_cross_entropy([1.0], [math.nan]), ValueError, "got nan"),
        (
            lambda: nn.cross_entropy([1.0, 2.0], 2),
            ValueError,
            "class index 2 is out of range for 2 logits: 0 to 1",
        ),
        (lambda: nn.cross_entropy([1.0, 2.0], -1), ValueError, "class index -1 is out of range"),
        (lambda: nn.cross_entropy([1.0, 2.0], 1.0), TypeError, "a whole number from 0; got 1.0"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], ["cat"]), TypeError, "right class, a whole number"),
        (lambda: nn.cross_entropy([1.0, 2.0], Value(1.0)), TypeError, "Value"),
        (lambda: nn.cross_entropy([], 0), ValueError, "one for each class; got []"),
        (lambda: nn.cross_entropy(Value(1.0), 0), ValueError, "takes a list of logits"),
        (lambda: nn.cross_entropy([Value(1.0)], [0]), ValueError, "takes a list of logits"),
        (
            lambda: nn.cross_entropy([[1.0, 2.0]], [0, 1]),
            ValueError,
            "1 list of logits for 2 class indices",
        ),
        (lambda: nn.cross_entropy([], []), ValueError, "0 lists of logits for 0 class indices"),
        (lambda: nn.cross_entropy(["ab"], [0]), TypeError, "got a str"),
    ],
)
def test_bad_input_is_named(call: Any, error: type[Exception], message: str) -> None:
    """An error of the fitting class that says what came and what was expected."""
    with pytest.raises(error, match=re.escape(message)):
        call()
