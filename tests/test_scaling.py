"""Scalers as a part of a model: measured by `fit`, in its file, and in its answers."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path
from typing import Any

import pytest

import nn
from nn import Scaler
from nn.training.dataset import scale_hint

pytestmark = pytest.mark.one_form

rng = random.Random(7)
ROWS = [[rng.gauss(5000, 300), rng.gauss(0.002, 1e-4), 7.0] for _ in range(40)]
PRICES = [200_000 + 90 * (a - 5000) + 3e8 * (b - 0.002) for a, b, _ in ROWS]
KINDS = ["dear" if y > 200_000 else "cheap" for y in PRICES]


def moments(column: Any) -> tuple[float, float]:
    mean = math.fsum(column) / len(column)
    return mean, math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))


# -- the scaler ------------------------------------------------------------------------------------


def test_what_is_measured() -> None:
    """Mean and standard deviation of each column, by hand."""
    scaler = Scaler.from_rows(ROWS)
    for j in range(2):
        mean, deviation = moments([row[j] for row in ROWS])
        assert scaler.mean[j] == pytest.approx(mean, rel=1e-14)
        assert scaler.scale[j] == pytest.approx(deviation, rel=1e-12)
    columns = list(zip(*map(scaler, ROWS), strict=True))
    assert moments(columns[0]) == pytest.approx((0.0, 1.0), abs=1e-12)


@pytest.mark.parametrize("constant", [7.0, 0.1, 0.0, -1e300, 5e-324])
def test_a_constant_column_has_scale_1(constant: float) -> None:
    """And becomes exactly 0."""
    scaler = Scaler.from_rows([[constant]] * 7)
    assert scaler.scale == [1.0]
    assert scaler([constant]) == [0.0]


def test_huge_and_tiny_numbers() -> None:
    """Neither overflow nor underflow on the way."""
    assert Scaler.from_rows([[1e308], [1.5e308]]).scale == pytest.approx([0.25e308])
    assert Scaler.from_rows([[1e-200], [3e-200]]).scale == pytest.approx([1e-200])


def test_restored_is_the_reverse() -> None:
    scaler = Scaler.from_rows([[1.0, 2.0], [3.0, 8.0]])
    assert scaler.restored(scaler([2.5, -1.0])) == pytest.approx([2.5, -1.0])
    single = Scaler.from_rows([1.0, 3.0])
    assert single.restored(0.5) == 2.5
    assert single.scaled(2.5) == 0.5
    assert single(2.5) == [0.5]


def test_until_it_is_measured_it_does_nothing() -> None:
    scaler = Scaler(2)
    assert not scaler.measured
    assert scaler([3.0, 4.0]) == [3.0, 4.0]
    assert repr(scaler) == "Scaler(2 inputs, not measured)"
    assert scaler.parameters() == []


def test_its_numbers_are_in_the_state() -> None:
    """Though no optimiser moves them."""
    model = nn.Sequential(Scaler.from_rows([[1.0], [3.0]]), nn.Linear(1, 1, seed=0))
    state = model.state_dict()
    assert list(state) == [
        "layer1.neuron0.w0",
        "layer1.neuron0.b",
        "layer0.mean.0",
        "layer0.scale.0",
    ]
    other = nn.Sequential(Scaler(1), nn.Linear(1, 1, seed=1))
    other.load_state_dict(state)
    assert other([5.0]).data == model([5.0]).data
    with pytest.raises(ValueError, match=r"missing 'layer0\.mean\.0'"):
        other.load_state_dict({name: x for name, x in state.items() if "mean" not in name})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Scaler.from_rows([]), ValueError, "a row of numbers for each sample"),
        (lambda: Scaler.from_rows([[1.0], [math.nan]]), ValueError, "X[1][0] is nan"),
        (lambda: Scaler.from_rows([["a"]]), TypeError, "X[0][0] must be a number"),
        (lambda: Scaler(2)([1.0]), ValueError, "Scaler(2 inputs, not measured) takes 2 inputs"),
        (lambda: Scaler(0), ValueError, "n_inputs must be at least 1"),
    ],
)
def test_what_has_no_mean(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make()


# -- in fit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_a_regression_in_its_own_units(engine: str) -> None:
    """Trained without a hint about sizes; asked and answering in the units of the data; the loss is
    the share of the variance that is left."""
    pytest.importorskip("llvmlite")
    model = nn.MLP(3, [6, 1], seed=1)
    history = nn.fit(model, ROWS, PRICES, scale=True, lr=0.02, epochs=150, engine=engine)
    assert history.hints == []
    assert history.engine == engine
    assert nn.score(model, ROWS, PRICES) > 0.99
    assert model(ROWS[0]).data == pytest.approx(PRICES[0], rel=0.05)
    left = nn.evaluate(model, ROWS, PRICES).loss
    assert 1 - left == pytest.approx(nn.score(model, ROWS, PRICES), rel=1e-12)


def test_it_is_the_training_on_scaled_data_written_out() -> None:
    """The same losses as of a plain network on rows and targets scaled by hand."""
    settings: dict[str, Any] = {"epochs": 5, "lr": 0.05, "engine": "eager", "optimizer": "sgd"}
    model, plain = nn.MLP(3, [4, 1], seed=1), nn.MLP(3, [4, 1], seed=1)
    history = nn.fit(model, ROWS, PRICES, scale=True, **settings)
    mean, deviation = moments(PRICES)
    y = [(price - mean) / deviation for price in PRICES]
    X = list(map(Scaler.from_rows(ROWS), ROWS))
    assert history["loss"] == pytest.approx(nn.fit(plain, X, y, **settings)["loss"], rel=1e-9)


def test_classes_keep_their_outputs() -> None:
    """Only the inputs are scaled."""
    model = nn.MLP(3, [4, 1], seed=1)
    nn.fit(model, ROWS, KINDS, scale=True, lr=0.05, epochs=60)
    assert model.output_scaler is None
    assert nn.score(model, ROWS, KINDS) > 0.9


def test_only_training_data_are_measured() -> None:
    """Neither held-out samples nor given validation data."""
    model = nn.MLP(3, [2, 1], seed=1)
    nn.fit(model, ROWS, PRICES, scale=True, epochs=1, validation=(ROWS[:3], PRICES[:3]))
    assert model.scaler is not None
    assert model.scaler.mean == Scaler.from_rows(ROWS).mean
    held = nn.MLP(3, [2, 1], seed=1)
    nn.fit(held, ROWS, PRICES, scale=True, epochs=1, validation=0.25)
    assert held.scaler is not None
    assert held.scaler.mean != model.scaler.mean


def test_several_outputs() -> None:
    y = [[price, 1e-3 * row[0]] for price, row in zip(PRICES, ROWS, strict=True)]
    model = nn.MLP(3, [6, 2], seed=1)
    nn.fit(model, ROWS, y, scale=True, lr=0.02, epochs=150)
    assert nn.score(model, ROWS, y) > 0.98


def test_it_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    model = nn.MLP(3, [4, 1], seed=1)
    nn.fit(model, ROWS, PRICES, scale=True, epochs=3)
    model.save(path)
    assert nn.predict(nn.load(path), ROWS) == nn.predict(model, ROWS)
    with pytest.raises(
        ValueError, match=r"'scaler' is 'nn\.Scaler' in the file and nothing in the"
    ):
        nn.MLP(3, [4, 1]).load(path)


def test_a_measured_scaler_stays(tmp_path: Path) -> None:
    """Training goes on with other data: the model is still the same function."""
    model = nn.MLP(3, [4, 1], seed=1)
    nn.fit(model, ROWS, PRICES, scale=True, epochs=3)
    assert model.scaler is not None
    before = model.scaler.mean
    nn.fit(model, ROWS[:20], PRICES[:20], scale=True, epochs=3)
    assert model.scaler.mean == before


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_resumed_to_the_last_bit(engine: str, tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    path = tmp_path / "run.json"

    def run(model: nn.MLP, epochs: int, **settings: Any) -> nn.History:
        settings = {"batch_size": 9, "validation": 0.2, "engine": engine, **settings}
        return nn.fit(model, ROWS, PRICES, scale=True, epochs=epochs, **settings)

    whole, part, rest = (nn.MLP(3, [4, 1], seed=seed) for seed in (1, 1, 2))
    run(whole, 6)
    run(part, 3, checkpoint=path)
    run(rest, 6, checkpoint=path, resume=True)
    assert rest.state_dict() == whole.state_dict()
    assert nn.predict(nn.load(path), ROWS) == nn.predict(whole, ROWS)


def test_a_scaler_in_a_model_of_ones_own() -> None:
    """Measured where it stands, or asked for."""

    class Net(nn.Module):
        def __init__(self) -> None:
            self.scaler, self.inner = Scaler(3), nn.MLP(3, [4, 1], seed=1)

        def forward(self, x: Any) -> Any:
            return self.inner(self.scaler(x))

    net = Net()
    nn.fit(net, ROWS, KINDS, scale=True, lr=0.05, epochs=60)
    assert net.scaler.mean == Scaler.from_rows(ROWS).mean
    assert nn.score(net, ROWS, KINDS) > 0.9
    sequence = nn.Sequential(Scaler(3), nn.Linear(3, 1, seed=1))
    nn.fit(sequence, ROWS, KINDS, scale=True, epochs=2)
    assert sequence[0].measured
    assert sequence.scaler is None
    with pytest.raises(TypeError, match=r"needs a place in Neuron: give it `self\.scaler = "):
        nn.fit(nn.Neuron(3), ROWS, KINDS, scale=True)


def test_after_an_error_there_is_no_scaler(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{}", "utf-8")
    model = nn.MLP(3, [4, 1], seed=1)
    state = model.state_dict()
    with pytest.raises(ValueError, match="was not written by fit"):
        nn.fit(model, ROWS, PRICES, scale=True, checkpoint=path, resume=True)
    assert model.scaler is None
    assert model.output_scaler is None
    assert model.state_dict() == state
    assert model.meaning is None


@pytest.mark.parametrize("size", [1e-300, 1e200])
def test_a_hint_about_numbers_of_any_size(size: float) -> None:
    """Their squares are no doubles."""
    hint = scale_hint("X", [[0.5, size], [-0.5, 3 * size]])
    assert hint is not None
    assert hint.startswith(f"column 1 of X ranges from {size:g}")
