"""A training that goes to its end with a loss of another magnitude, or that nothing moves any more,
says so once; an ordinary one says nothing."""

import random
import warnings
from typing import Any

import pytest

import nn
from autograd import Value, mean

pytestmark = pytest.mark.one_form

rng = random.Random(0)
X = [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(24)]
NUMBERS = [2.0 * a - b for a, b in X]
SIDES = [int(y > 0.3 * a * a) for y, (a, _) in zip(NUMBERS, X, strict=True)]
THREE = [(y > -1.0) + (y > 1.0) for y in NUMBERS]


def said(model: nn.Module, y: Any, **settings: Any) -> list[str]:
    """The warnings of a training."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.fit(model, X, y, **{"epochs": 6, "progress": False, **settings})
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


def network(outputs: int = 1, **settings: Any) -> nn.MLP:
    return nn.MLP(2, [5, outputs], seed=0, **settings)


@pytest.mark.parametrize("engine", ["eager", "jit"])
@pytest.mark.parametrize("batch_size", [8, None])
@pytest.mark.parametrize(("y", "outputs"), [(NUMBERS, 1), (SIDES, 1), (THREE, 3)])
def test_steps_that_are_far_too_large(engine: str, batch_size: Any, y: Any, outputs: int) -> None:
    """The loss before and after, the weights, and the learning rate that was too high."""
    if engine == "jit":
        pytest.importorskip("llvmlite")
    (message,) = said(network(outputs), y, lr=1e6, engine=engine, batch_size=batch_size)
    assert message.startswith("training has diverged: the loss was ")
    assert "the weights are those of the last step. A lower learning rate than 1e+06" in message


def test_the_last_step_counts() -> None:
    """The record of an epoch is measured before its steps, and shows nothing of the only one."""
    (message,) = said(network(), NUMBERS, lr=1e6, epochs=1, batch_size=None)
    assert "training has diverged" in message


def test_best_weights_are_said_to_be_put_back() -> None:
    (message,) = said(network(), NUMBERS, lr=1e6, batch_size=None, restore_best=True)
    assert "the weights are the best, of epoch 1" in message


def test_weights_that_are_put_back_are_no_reason_to_warn() -> None:
    """The loss went down, then up without end, and the lowest one counts."""
    settings: dict[str, Any] = {"lr": 0.6, "optimizer": "sgd", "batch_size": None, "epochs": 60}
    (message,) = said(network(), NUMBERS, **settings)
    assert "training has diverged" in message
    assert said(network(), NUMBERS, restore_best=True, **settings) == []


def test_a_loss_of_ones_own() -> None:
    def squares(outputs: Any, targets: Any) -> Value:
        return mean([(o - t) ** 2 for o, t in zip(outputs, targets, strict=True)])

    (message,) = said(network(), NUMBERS, lr=1e6, loss=squares)
    assert "training has diverged" in message


def test_outputs_at_their_limits() -> None:
    """Their loss is bounded and can't show it; that nothing moves them does."""
    model = network(output_activation="tanh")
    (message,) = said(model, SIDES, lr=1e6)
    assert message.startswith("training has got stuck: the gradient is exactly 0")


def test_what_is_not_finite_is_said_once() -> None:
    (message,) = said(network(activation="relu"), NUMBERS, lr=1e200)
    assert message.startswith("training stopped: ")
    assert "A lower learning rate than 1e+200" in message


@pytest.mark.parametrize("lr", [0.01, 0.1, 1.0])
@pytest.mark.parametrize(("y", "outputs"), [(NUMBERS, 1), (SIDES, 1), (THREE, 3)])
def test_ordinary_trainings_say_nothing(lr: float, y: Any, outputs: int) -> None:
    assert said(network(outputs), y, lr=lr, batch_size=1) == []


def test_a_trained_model_is_trained_again() -> None:
    """From a loss of almost 0 every loss is orders of magnitude away."""
    model = nn.Linear(2, 1, seed=0)
    weights = iter([2.0, -1.0, 1e-9])
    for parameter in model.parameters():
        parameter.data = next(weights)
    assert said(model, NUMBERS, lr=0.01) == []


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_a_loss_below_zero_that_goes_down(engine: str) -> None:
    """A thousand times a number below 0 is less than that number."""
    if engine == "jit":
        pytest.importorskip("llvmlite")

    def mean_of_negatives(outputs: Any, targets: Any) -> Any:
        return mean([-o - 1.0 for o in outputs])

    assert said(network(), NUMBERS, lr=0.1, loss=mean_of_negatives, engine=engine) == []


def test_samples_of_another_magnitude_after_the_first_ones() -> None:
    """As of sorted data: the loss of the first batch says nothing of theirs, which goes down."""
    y = [0.0] * 8 + [3e3] * 16
    (message,) = said(network(), y, lr=0.01, batch_size=8, shuffle=False)
    assert message.startswith("y ranges from 0 to 3000")


def test_a_loss_of_ones_own_that_begins_at_zero() -> None:
    """The first batch happens to be right already."""

    def squares(outputs: Any, targets: Any) -> Value:
        return mean([(o - t) ** 2 for o, t in zip(outputs, targets, strict=True)])

    model = nn.Linear(2, 1, seed=0)
    y = [model(row).data for row in X[:8]] + [1.0] * 16
    assert said(model, y, lr=0.01, batch_size=8, shuffle=False, loss=squares) == []


def test_a_loss_that_can_be_no_lower_is_none_of_it() -> None:
    """The gradient of a constant model is exactly 0 at the mean of its targets."""

    class Constant(nn.Module):
        def __init__(self) -> None:
            self.c = Value(0.0)

        def forward(self, row: Any) -> Any:
            return self.c + 0.0 * row[0]

    assert said(Constant(), [0.25, 0.75] * 12, lr=0.5, optimizer="sgd", loss="mse") == []
