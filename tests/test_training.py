"""`fit`, `History`, `evaluate`: against loops written out, against scikit-learn, and bad input."""

from __future__ import annotations

import gc
import io
import json
import math
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Value, mean, no_grad, sqrt
from nn import History, schedules

rng = random.Random(5)
POINTS = [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(40)]
SIDES = [1 if x * y > 0 else 0 for x, y in POINTS]
CORNERS = [(x > 0) + 2 * (y > 0) for x, y in POINTS]
SUMS = [x + 2 * y for x, y in POINTS]


def classifier(outputs: int = 1, **settings: Any) -> nn.MLP:
    return nn.MLP(2, [6, outputs], seed=1, **settings)


def numbers(history: History) -> list[tuple[Any, ...]]:
    """Everything in the records but the time."""
    return [astuple(replace(record, seconds=0.0)) for record in history]


def weights(model: nn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


# -- the same as a loop written out ----------------------------------------------------------------


def test_full_batch_is_the_loop_written_out() -> None:
    """Bit by bit: the losses, the weights, the accuracy, the schedule's learning rates."""
    by_hand, losses, rates, right = classifier(), [], [], []
    optimizer = nn.SGD(by_hand.parameters(), lr=0.5, momentum=0.5, weight_decay=0.01)
    schedule = nn.Schedule(optimizer, schedules.cosine(20))
    for _ in range(20):
        outputs = [by_hand(x) for x in POINTS]
        loss = nn.binary_cross_entropy(outputs, SIDES)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.data)
        rates.append(optimizer.lr)
        right.append(sum((out.data > 0) == side for out, side in zip(outputs, SIDES, strict=True)))
        optimizer.step()
        schedule.step()

    model = classifier()
    moved_by = nn.SGD(model.parameters(), lr=0.5, momentum=0.5, weight_decay=0.01)
    history = nn.fit(
        model,
        POINTS,
        SIDES,
        optimizer=moved_by,
        epochs=20,
        batch_size=None,
        schedule=schedules.cosine(20),
    )
    assert history["loss"] == losses
    assert history["lr"] == rates
    assert history["accuracy"] == [count / 40 for count in right]
    assert weights(model) == weights(by_hand)
    assert moved_by.lr == 0.5


def test_batches_are_the_loop_written_out() -> None:
    """Three batches of 16, 16 and 8 in the shuffled order of the seed; the loss of an epoch is the
    mean over samples, the gradient's norm the mean over batches, before clipping."""
    by_hand, source = classifier(4), random.Random(7)
    optimizer = nn.Adam(by_hand.parameters(), lr=0.05)
    losses, norms = [], []
    for _ in range(3):
        order = list(range(40))
        source.shuffle(order)
        total, lengths = 0.0, []
        for batch in (order[:16], order[16:32], order[32:]):
            logits = [by_hand(POINTS[i]) for i in batch]
            loss = nn.cross_entropy(logits, [CORNERS[i] for i in batch])
            optimizer.zero_grad()
            loss.backward()
            lengths.append(nn.clip_grad_norm(by_hand.parameters(), 0.5))
            optimizer.step()
            total += loss.data * len(batch)
        losses.append(total / 40)
        norms.append(sum(lengths) / 3)

    model = classifier(4)
    settings: dict[str, Any] = {"lr": 0.05, "epochs": 3, "batch_size": 16, "clip_norm": 0.5}
    history = nn.fit(model, POINTS, CORNERS, seed=7, **settings)
    assert history["loss"] == pytest.approx(losses, rel=1e-14)
    assert history["gradient_norm"] == pytest.approx(norms, rel=1e-14)
    assert weights(model) == weights(by_hand)


def test_clip_value() -> None:
    """With every gradient clipped to ±1e-9, plain descent at rate 1 moves nothing further."""
    model = classifier()
    before = weights(model)
    nn.fit(model, POINTS, SIDES, optimizer="sgd", lr=1.0, clip_value=1e-9, epochs=1, batch_size=40)
    moves = [abs(new - old) for new, old in zip(weights(model), before, strict=True)]
    assert max(moves) == pytest.approx(1e-9, rel=1e-6)


def test_the_same_seed_gives_the_same_training() -> None:
    """Bit by bit with a seed, whatever happens to `random`; another seed, another order."""
    runs = []
    for seed in (3, 3, 4):
        random.random()
        model = classifier()
        nn.fit(model, POINTS, SIDES, epochs=2, batch_size=7, seed=seed)
        runs.append(weights(model))
    assert runs[0] == runs[1] != runs[2]


def test_seed_none_obeys_random_seed() -> None:
    runs = []
    for _ in range(2):
        random.seed(11)
        model = classifier()
        nn.fit(model, POINTS, SIDES, epochs=2, batch_size=7, seed=None)
        runs.append(weights(model))
    assert runs[0] == runs[1]


def test_without_shuffling_the_order_is_that_of_the_data() -> None:
    seen: list[list[float]] = []

    def loss(outputs: Any, targets: Any) -> Any:
        seen.append(targets)
        return nn.mse_loss(outputs, targets)

    nn.fit(classifier(), POINTS, SUMS, loss=loss, epochs=1, batch_size=25, shuffle=False)
    assert seen[-2:] == [SUMS[:25], SUMS[25:]]


# -- targets and losses ----------------------------------------------------------------------------

SIGNS = [2 * side - 1 for side in SIDES]
WORDS = ["no", "yes"]
CORNER_WORDS = ["ll", "lr", "ul", "ur"]
ONE_HOT = [[float(k == corner) for k in range(4)] for corner in CORNERS]


def losses_of(model: nn.Module, y: Any, **settings: Any) -> list[float]:
    losses: list[float] = nn.fit(model, POINTS, y, epochs=4, lr=0.05, **settings)["loss"]
    return losses


@pytest.mark.parametrize(
    ("y", "outputs", "output_activation", "loss"),
    [
        (SIDES, 1, "linear", "binary_cross_entropy"),
        ([WORDS[side] for side in SIDES], 1, "linear", "binary_cross_entropy"),
        ([bool(side) for side in SIDES], 1, "linear", "binary_cross_entropy"),
        (SIGNS, 1, "linear", "hinge"),
        (SIDES, 1, "sigmoid", "mse"),
        (SIGNS, 1, "tanh", "mse"),
        (SUMS, 1, "linear", "mse"),
        ([[s] for s in SUMS], 1, "linear", "mse"),
        ([[s, -s] for s in SUMS], 2, "linear", "mse"),
        (CORNERS, 4, "linear", "cross_entropy"),
        ([CORNER_WORDS[k] for k in CORNERS], 4, "linear", "cross_entropy"),
        (ONE_HOT, 4, "linear", "cross_entropy"),
        (CORNERS, 4, "sigmoid", "mse"),
    ],
)
def test_default_loss(y: Any, outputs: int, output_activation: str, loss: str) -> None:
    """Without a loss, the one that suits targets and outputs."""
    models = [classifier(outputs, output_activation=output_activation) for _ in range(2)]
    chosen = losses_of(models[0], y)
    assert chosen == losses_of(models[1], y, loss=loss)
    assert chosen[-1] < chosen[0]


@pytest.mark.parametrize(
    ("forms", "outputs", "loss"),
    [
        ((SIDES, SIGNS, [WORDS[s] for s in SIDES]), 1, "hinge"),
        ((SIDES, SIGNS, [WORDS[s] for s in SIDES]), 1, "binary_cross_entropy"),
        ((CORNERS, ONE_HOT, [CORNER_WORDS[k] for k in CORNERS]), 4, "cross_entropy"),
        ((CORNERS, ONE_HOT), 4, "mse"),
        ((CORNERS, ONE_HOT), 4, "half_squared_error"),
        ((CORNERS, ONE_HOT), 4, "huber"),
        ((CORNERS, ONE_HOT), 4, "hinge"),
        ((CORNERS, ONE_HOT), 4, "binary_cross_entropy"),
    ],
)
def test_forms_of_targets(forms: tuple[Any, ...], outputs: int, loss: str) -> None:
    """Indices, signs, labels and one-hot rows are the same classes to a loss given by name."""
    first, *others = [losses_of(classifier(outputs), y, loss=loss) for y in forms]
    assert all(other == first for other in others)


def test_hinge_of_indices_is_hinge_of_signs() -> None:
    model = classifier()
    expected = nn.hinge_loss([model(x) for x in POINTS], SIGNS).data
    assert losses_of(model, SIDES, loss=nn.hinge_loss, batch_size=None)[0] == expected


def test_a_loss_of_ones_own_gets_the_targets_as_they_are() -> None:
    seen = []

    def loss(outputs: Any, targets: Any) -> Any:
        seen.append(targets)
        return nn.cross_entropy(outputs, targets)

    nn.fit(classifier(4), POINTS, CORNERS, loss=loss, epochs=1, batch_size=None)
    assert seen[-1] == CORNERS


@pytest.mark.parametrize(
    ("y", "outputs", "settings"),
    [
        (SIDES, 1, {}),
        (SIGNS, 1, {}),
        (SIDES, 1, {"output_activation": "sigmoid"}),
        (SIGNS, 1, {"output_activation": "tanh"}),
        (CORNERS, 4, {}),
        (ONE_HOT, 4, {}),
    ],
)
def test_accuracy(y: Any, outputs: int, settings: dict[str, Any]) -> None:
    """The share of samples on whose side, or at whose class, the output is."""
    model = classifier(outputs, **settings)
    nn.fit(model, POINTS, y, epochs=30, lr=0.05)
    middle = 0.5 if settings.get("output_activation") == "sigmoid" else 0.0
    if outputs == 1:
        right = [(model(x).data > middle) == s for x, s in zip(POINTS, SIDES, strict=True)]
    else:
        right = [
            model(x)[k].data == max(out.data for out in model(x))
            for x, k in zip(POINTS, CORNERS, strict=True)
        ]
    assert nn.evaluate(model, POINTS, y).accuracy == sum(right) / 40
    assert sum(right) > 25


def test_equal_outputs_are_not_all_right() -> None:
    """A network that cannot tell gets the share of its first class."""
    layer = nn.Layer.from_weights([[0.0, 0.0]] * 4, 0.0, "linear")
    assert nn.evaluate(layer, POINTS, CORNERS).accuracy == CORNERS.count(0) / 40


def test_regression_has_no_accuracy() -> None:
    history = nn.fit(classifier(), POINTS, SUMS, epochs=1)
    assert history.classes is None
    assert history[0].accuracy is None
    assert "accuracy" not in history.columns()


def test_a_model_that_gives_a_list_of_one() -> None:
    class Listed(nn.Module):
        def __init__(self) -> None:
            self.inner = classifier()

        def __call__(self, x: Any) -> list[Any]:
            return [self.inner(x)]

    assert losses_of(Listed(), SIDES) == losses_of(classifier(), SIDES)


def test_evaluate_knows_the_order_of_the_classes() -> None:
    """One label alone would not say which output it stands for."""
    labels = [CORNER_WORDS[k] for k in CORNERS]
    model = classifier(4)
    history = nn.fit(model, POINTS, labels, epochs=30, lr=0.05)
    assert history.classes == ("ll", "lr", "ul", "ur")
    some = [(x, label) for x, label in zip(POINTS, labels, strict=True) if label != "lr"]
    X, y = [x for x, _ in some], [label for _, label in some]
    indices = [CORNER_WORDS.index(label) for label in y]
    found = nn.evaluate(model, X, y, classes=history.classes)
    assert found == nn.evaluate(model, X, indices)
    assert found == nn.evaluate(model, X, y)
    model.meaning = None
    with pytest.raises(ValueError, match=r"classes=history\.classes"):
        nn.evaluate(model, X, y)


def test_evaluate_changes_nothing() -> None:
    model = classifier()
    before = model.state_dict()
    loss = nn.mse_loss([model(x) for x in POINTS], SUMS)
    loss.backward()
    gradients = [p.grad for p in model.parameters()]
    assert nn.evaluate(model, POINTS, SUMS) == (loss.data, None)
    assert [p.grad for p in model.parameters()] == gradients
    assert model.state_dict() == before


# -- what holds the data ---------------------------------------------------------------------------


def test_numpy_arrays() -> None:
    np = pytest.importorskip("numpy")
    expected = losses_of(classifier(4), CORNERS)
    for dtype in ("int64", "uint8", "float32"):
        y = np.array(CORNERS, dtype=dtype)
        assert losses_of(classifier(4), y) == expected
        column = nn.fit(classifier(4), np.array(POINTS), y[:, None], epochs=4, lr=0.05)
        assert column["loss"] == expected


def test_pandas_frames() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(POINTS, columns=["x", "y"], index=range(100, 140))
    labels = pd.Series([CORNER_WORDS[k] for k in CORNERS], index=frame.index)
    expected = losses_of(classifier(4), CORNERS)
    forms = (labels, labels.astype("category"), labels.to_frame(), pd.get_dummies(labels))
    for y in forms:
        assert nn.fit(classifier(4), frame, y, epochs=4, lr=0.05)["loss"] == expected
    with pytest.raises(TypeError, match=r"X\[0\]\['name'\] is the text 'll'"):
        nn.fit(classifier(4), frame.assign(name=labels), CORNERS)
    frame.loc[101, "y"] = None
    with pytest.raises(ValueError, match=r"X\[1\]\['y'\] is nan; fill in missing numbers"):
        nn.fit(classifier(4), frame, CORNERS)
    history = nn.fit(classifier(), POINTS, SIDES, epochs=3, validation=0.25)
    assert list(pd.DataFrame(history.columns()).columns) == list(history.columns())


def test_single_numbers_are_rows_of_one() -> None:
    line = nn.Neuron.from_weights([0.0], 0.0, "linear")
    x = [i / 10 for i in range(20)]
    nn.fit(line, x, [3 * t - 1 for t in x], lr=0.1, epochs=300)
    assert line.weights[0].data == pytest.approx(3.0, abs=1e-3)
    assert line.bias.data == pytest.approx(-1.0, abs=1e-3)


# -- validation, early stopping, the best weights --------------------------------------------------


def test_validation_pair_is_measured_after_each_epoch() -> None:
    X, y = POINTS[30:], SIDES[30:]
    model, measured = classifier(), []

    def watch(history: History) -> None:
        loss = nn.binary_cross_entropy([model(x) for x in X], y)
        assert history[-1].validation_loss == loss.data
        measured.append(loss.data)

    data: Any = (X, y)
    history = nn.fit(
        model, POINTS[:30], SIDES[:30], epochs=5, validation=data, callback=watch, batch_size=8
    )
    assert history["validation_loss"] == measured
    assert history[-1].validation_accuracy == nn.evaluate(model, X, y).accuracy


def test_validation_fraction_is_held_out() -> None:
    """A quarter of the samples, drawn at random, never trained on; the same for the same seed."""
    targets = [float(i) / 40 for i in range(40)]
    trained_on: set[float] = set()

    def loss(outputs: Any, batch: Any) -> Any:
        if len(batch) == 1:
            trained_on.update(batch)
        return nn.mse_loss(outputs, batch)

    def held_out(seed: int) -> set[float]:
        trained_on.clear()
        nn.fit(
            classifier(), POINTS, targets, loss=loss, epochs=2, validation=0.25, batch_size=1,
            seed=seed, shuffle=True, callback=lambda _: None,
        )  # fmt: skip
        return set(targets) - trained_on

    first = held_out(1)
    assert len(first) == 10
    assert first == held_out(1) != held_out(2)
    assert first != set(targets[-10:])


def overfitted(**settings: Any) -> tuple[nn.MLP, History, tuple[Any, Any]]:
    """Random labels: the validation loss soon rises."""
    source = random.Random(2)
    labels = [source.randrange(2) for _ in POINTS]
    model = nn.MLP(2, [16, 1], seed=1)
    held_out = (POINTS[20:], labels[20:])
    settings = {"epochs": 60, "lr": 0.1, "batch_size": 10, "validation": held_out, **settings}
    return model, nn.fit(model, POINTS[:20], labels[:20], **settings), held_out


def test_patience() -> None:
    """Stops so many epochs after the best one, and has the weights of that one."""
    model, history, (X, y) = overfitted(patience=4)
    assert history.best is not None
    assert len(history) == history.best.epoch + 4 < 60
    assert history.stopped == "no lower validation loss for 4 epochs"
    assert nn.evaluate(model, X, y).loss == history.best.validation_loss
    assert history.best.validation_loss == min(history["validation_loss"])
    assert not history.interrupted


def test_restore_best() -> None:
    """As asked for, whether or not there is patience."""
    for settings, restored in (
        ({"patience": 4, "restore_best": False}, False),
        ({"restore_best": True}, True),
        ({}, False),
    ):
        model, history, (X, y) = overfitted(**settings)
        assert history.best is not None
        assert history.best is not history[-1]
        wanted = history.best if restored else history[-1]
        assert nn.evaluate(model, X, y).loss == wanted.validation_loss


def test_without_validation_the_loss_decides() -> None:
    """A full batch is measured before its step: the best weights are those it was measured with."""
    model = classifier()
    history = nn.fit(
        model, POINTS, SUMS, optimizer="sgd", lr=0.6, batch_size=None, epochs=30, restore_best=True
    )
    assert history.best is not None
    assert history.best.loss == min(history["loss"]) < history[0].loss
    assert nn.evaluate(model, POINTS, SUMS).loss == history.best.loss


def test_callbacks_may_stop() -> None:
    lengths: list[int] = []
    history = nn.fit(
        classifier(),
        POINTS,
        SIDES,
        callback=[lambda h: lengths.append(len(h)), lambda h: len(h) == 3],
    )
    assert lengths == [1, 2, 3]
    assert history.stopped == "by <lambda> after 3 epochs"


def test_an_error_in_a_callback_is_the_callers() -> None:
    def fail(history: History) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        nn.fit(classifier(), POINTS, SIDES, callback=fail)
    with pytest.raises(TypeError, match=r"<lambda> returned 0\.3"):
        nn.fit(classifier(), POINTS, SIDES, callback=lambda h: 0.3)


# -- interruptions ---------------------------------------------------------------------------------


def interrupt_after(epochs: int) -> Callable[[History], None]:
    def callback(history: History) -> None:
        if len(history) == epochs:
            raise KeyboardInterrupt

    return callback


def test_ctrl_c_keeps_the_best_weights() -> None:
    model, history, (X, y) = overfitted(callback=interrupt_after(40))
    assert len(history) == 40
    assert history.interrupted
    assert history.best is not None
    assert history.best.epoch < 40
    best = f"the weights are the best, of epoch {history.best.epoch}"
    assert history.stopped == f"interrupted in epoch 41; {best}"
    assert nn.evaluate(model, X, y).loss == history.best.validation_loss


def test_ctrl_c_in_the_first_epoch_keeps_whole_steps() -> None:
    """The step that it falls into is taken back, those before stay."""

    class Clumsy(nn.SGD):
        def updated(self, i: int, parameter: Value) -> float:
            if self.steps == 3 and i == 5:
                raise KeyboardInterrupt
            return super().updated(i, parameter)

    class Two(nn.SGD):
        def step(self) -> None:
            if self.steps < 2:
                super().step()

    models = classifier(), classifier()
    settings: dict[str, Any] = {"epochs": 1, "batch_size": 10, "lr": 0.1}
    history = nn.fit(models[0], POINTS, SIDES, optimizer=Clumsy, **settings)
    nn.fit(models[1], POINTS, SIDES, optimizer=Two, **settings)
    assert (len(history), history.interrupted) == (0, True)
    assert history.stopped == "interrupted in epoch 1; the weights are those of the last step"
    assert history.best is None
    assert repr(history).startswith("History(0 epochs; stopped: interrupted")
    assert weights(models[0]) == weights(models[1]) != weights(classifier())


def test_an_infinite_loss_stops_with_the_reason() -> None:
    """Far too large a rate: the best weights come back, and a warning says what overflowed."""
    model = classifier()
    with pytest.warns(RuntimeWarning, match=r"epoch \d+ the loss is inf: .*square") as caught:
        history = nn.fit(model, POINTS, SUMS, optimizer="sgd", lr=1e60, batch_size=None, epochs=9)
    assert caught[0].filename == __file__
    assert history.best is not None
    assert not history.interrupted
    assert f"the weights are the best, of epoch {history.best.epoch}" in str(history.stopped)
    assert nn.evaluate(model, POINTS, SUMS).loss == history.best.loss


def test_a_nan_in_the_first_step_changes_nothing() -> None:
    """The reason is the operation, its operands, and what to do."""

    def rooted(outputs: Any, targets: Any) -> Any:
        return mean([sqrt(out - t) for out, t in zip(outputs, targets, strict=True)])

    model = classifier()
    before = weights(model)
    with pytest.warns(RuntimeWarning, match=r"epoch 1 the loss is nan: .*sqrt.* not defined"):
        history = nn.fit(model, POINTS, SUMS, loss=rooted)
    assert "the weights are those from before training" in str(history.stopped)
    assert weights(model) == before


def test_an_infinite_gradient_stops_too() -> None:
    """√0 has the value 0 and an infinite slope."""

    def rooted(outputs: Any, targets: Any) -> Any:
        return mean([sqrt(out * out) for out in outputs])

    layer = nn.Layer.from_weights([[0.0, 0.0]], 0.0, "linear")
    with pytest.warns(RuntimeWarning, match=r"the gradient has norm nan: .*inf"):
        nn.fit(layer, POINTS, SUMS, loss=rooted)
    assert weights(layer) == [0.0, 0.0, 0.0]


def test_a_broken_parameter_is_named() -> None:
    model = classifier()
    model.layers[0].neurons[2].bias.data = math.nan
    with pytest.warns(RuntimeWarning, match=r"because parameter layer0\.neuron2\.b is nan"):
        nn.fit(model, POINTS, SUMS)


# -- the garbage collector -------------------------------------------------------------------------


@pytest.fixture
def collector() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


@pytest.mark.usefixtures("collector")
def test_collection_is_paused_while_a_graph_lives() -> None:
    """Paused in a loss, running in a callback; afterwards as before, errors included."""
    states: dict[str, list[bool]] = {"loss": [], "callback": []}

    def loss(outputs: Any, targets: Any) -> Any:
        states["loss"].append(gc.isenabled())
        if len(states["loss"]) == 4:
            raise LookupError
        return nn.mse_loss(outputs, targets)

    def callback(history: History) -> None:
        states["callback"].append(gc.isenabled())

    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        for kept in states.values():
            kept.clear()
        with pytest.raises(LookupError):
            nn.fit(
                classifier(), POINTS, SUMS, loss=loss, batch_size=None, epochs=9, callback=callback
            )
        assert gc.isenabled() == enabled
        assert states == {"loss": [enabled, False, False, False], "callback": [enabled] * 2}


@pytest.mark.usefixtures("collector")
def test_nothing_is_left_to_collect() -> None:
    nn.fit(classifier(), POINTS, SIDES, epochs=1)
    gc.collect()
    gc.disable()
    nn.fit(classifier(), POINTS, SIDES, epochs=3)
    assert gc.collect() < 50


# -- checkpoints -----------------------------------------------------------------------------------

RUN: dict[str, Any] = {
    "batch_size": 7,
    "validation": 0.2,
    "lr": 0.05,
    "weight_decay": 0.01,
    "seed": 3,
    "schedule": schedules.cosine(12, floor=0.1),
}


def start(**settings: Any) -> tuple[nn.MLP, History]:
    model = classifier(4)
    return model, nn.fit(model, POINTS, CORNERS, **{**RUN, **settings})


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "momentum"])
@pytest.mark.parametrize("seed", [3, None])
def test_resumed_training_is_bit_equal(optimizer: str, seed: int | None, tmp_path: Path) -> None:
    """Broken off in an epoch, gone on with in a new model: weights and history are those of one
    training, to the last bit."""

    def momentum(parameters: Any, **settings: Any) -> nn.Optimizer:
        return nn.SGD(parameters, momentum=0.9, nesterov=True, **settings)

    settings = {"optimizer": momentum if optimizer == "momentum" else optimizer, "seed": seed}
    random.seed(8)
    whole, history = start(epochs=12, **settings)
    path = tmp_path / "run.json"
    random.seed(8)
    _, part = start(epochs=12, checkpoint=path, callback=interrupt_after(5), **settings)
    assert part.interrupted
    random.seed(1)
    rest, resumed = start(epochs=12, checkpoint=path, resume=True, **settings)
    assert numbers(resumed) == numbers(history)
    assert weights(rest) == weights(whole)
    again, finished = start(epochs=12, checkpoint=path, resume=True, **settings)
    assert weights(again) == weights(whole)
    assert numbers(finished) == numbers(history)


def test_interrupted_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    """The checkpoint is that of the last whole epoch, whatever half an epoch has moved since."""
    path = tmp_path / "run.json"
    calls = 0

    def loss(outputs: Any, targets: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 23:  # 1 trial, and 5 batches and 1 validation in each epoch
            raise KeyboardInterrupt
        return nn.cross_entropy(outputs, targets)

    whole, _ = start(epochs=6)
    _, part = start(epochs=6, loss=loss, checkpoint=path)
    assert (len(part), part.interrupted) == (3, True)
    rest, _ = start(epochs=6, loss=loss, checkpoint=path, resume=True)
    assert weights(rest) == weights(whole)


def test_patience_goes_on_counting(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    model, history, _ = overfitted(patience=4)
    overfitted(patience=4, checkpoint=path, epochs=len(history) - 2)
    resumed, later, _ = overfitted(patience=4, checkpoint=path, resume=True)
    assert numbers(later) == numbers(history)
    assert weights(resumed) == weights(model)
    done, same, _ = overfitted(patience=4, checkpoint=path, resume=True)
    assert same.stopped == history.stopped == later.stopped
    assert numbers(same) == numbers(history)
    assert weights(done) == weights(model)


def test_resume_without_a_file_begins(tmp_path: Path) -> None:
    """So that one command both begins and goes on."""
    path = tmp_path / "run.json"
    model, _ = start(epochs=3, checkpoint=path, resume=True)
    other, _ = start(epochs=3)
    assert weights(model) == weights(other)
    assert path.exists()


def test_a_checkpoint_is_plain_json_that_a_model_can_load(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    model, _ = start(epochs=2, checkpoint=path)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    json.loads(path.read_text("utf-8"), parse_constant=refuse)
    other = classifier(4)
    other.load(path)
    assert weights(other) == weights(model)
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 8}, "batch_size=7, and this call has 8"),
        ({"lr": 0.01}, "lr=0.05, and this call has 0.01"),
        ({"optimizer": "sgd"}, "optimizer='Adam', and this call has 'SGD'"),
        ({"loss": "mse"}, "loss='cross_entropy', and this call has 'mse_loss'"),
        ({"validation": 0.3}, "validation=0.2, and this call has 0.3"),
        ({"clip_norm": 1.0}, "clip_norm=None, and this call has 1.0"),
        ({"schedule": None}, "schedule=True, and this call has False"),
    ],
)
def test_resumed_with_other_settings(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """Not silently one or the other."""
    path = tmp_path / "run.json"
    start(epochs=2, checkpoint=path)
    model = classifier(4)
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.fit(model, POINTS, CORNERS, **{**RUN, **settings}, checkpoint=path, resume=True)
    assert weights(model) == weights(classifier(4))


def test_resumed_with_other_data_or_another_model(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    start(epochs=2, checkpoint=path)
    with pytest.raises(ValueError, match="other data"):
        nn.fit(classifier(4), POINTS[::-1], CORNERS, **RUN, checkpoint=path, resume=True)
    model = nn.MLP(2, [5, 4], seed=1)
    before = weights(model)
    with pytest.raises(ValueError, match="does not fit"):
        nn.fit(model, POINTS, CORNERS, **RUN, checkpoint=path, resume=True)
    assert weights(model) == before


@pytest.mark.parametrize("spoil", ["random", "optimizer", "history"])
def test_a_damaged_checkpoint_changes_nothing(spoil: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    start(epochs=2, checkpoint=path)
    document = json.loads(path.read_text("utf-8"))
    document["training"][spoil] = {}
    path.write_text(json.dumps(document), "utf-8")
    model = classifier(4)
    optimizer = nn.Adam(model.parameters(), lr=0.05, weight_decay=0.01)
    state = optimizer.state_dict()
    settings = {name: x for name, x in RUN.items() if name not in ("lr", "weight_decay")}
    with pytest.raises(ValueError, match=r"the checkpoint in .*run\.json' does not fit"):
        nn.fit(
            model, POINTS, CORNERS, optimizer=optimizer, checkpoint=path, resume=True, **settings
        )
    assert weights(model) == weights(classifier(4))
    assert optimizer.state_dict() == state


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    classifier(4).save(path)
    with pytest.raises(ValueError, match=r"model\.json' was not written by fit"):
        start(checkpoint=path, resume=True)
    with pytest.raises(FileNotFoundError, match="there is no such directory"):
        start(checkpoint=tmp_path / "missing" / "run.json")
    with pytest.raises(ValueError, match="give checkpoint="):
        start(resume=True)


# -- the history -----------------------------------------------------------------------------------


def test_history_is_a_sequence_of_records() -> None:
    history = nn.fit(classifier(), POINTS, SIDES, epochs=5, validation=0.25, lr=0.1)
    assert [record.epoch for record in history] == [1, 2, 3, 4, 5] == history["epoch"]
    assert history[-1] is history[4] is list(history)[-1]
    assert history[1:3] == [history[1], history[2]]
    assert history[0].seconds > 0
    assert history.seconds == sum(history["seconds"])
    columns = history.columns()
    assert columns["loss"] == history["loss"]
    assert set(columns) >= {"validation_loss", "accuracy", "validation_accuracy", "lr"}
    with pytest.raises(KeyError, match="no column is called 'acc'; known: epoch, loss"):
        history["acc"]
    text = repr(history)
    assert re.match(r"History\(5 epochs in \d+\.\d s; loss 0\.\d+, validation loss 0\.", text)


def test_history_is_drawn() -> None:
    pytest.importorskip("matplotlib")
    history = nn.fit(classifier(), POINTS, SIDES, epochs=5, validation=0.25)
    lines = history.plot().get_lines()
    assert list(lines[0].get_ydata()) == history["loss"]
    assert list(lines[1].get_ydata()) == history["validation_loss"]
    assert len(nn.fit(classifier(), POINTS, SIDES, epochs=2).plot().get_lines()) == 1


# -- the progress bar ------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **settings: Any) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    nn.fit(classifier(), POINTS, SIDES, epochs=3, batch_size=10, **settings)
    return stream.getvalue()


def test_the_bar_shows_epoch_loss_and_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    text = shown(monkeypatch, Terminal())
    last = text.split("\r")[-1]
    assert "epoch 3/3: 100%" in last
    assert "12/12" in last
    assert re.search(r"loss=0\.\d+", last)
    assert "step/s" in last


def test_no_bar_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO()) == ""
    assert shown(monkeypatch, Terminal(), progress=False) == ""


# -- hints -----------------------------------------------------------------------------------------


def test_unscaled_inputs_give_a_hint() -> None:
    X = [[x, 1000 + 500 * y] for x, y in POINTS]
    with pytest.warns(
        UserWarning, match=r"column 1 of X ranges from -\d+\.\d+ to \d+\.\d+; .*subtract"
    ) as w:
        history = nn.fit(classifier(), X, SIDES, epochs=1)
    assert w[0].filename == __file__
    assert history.hints == [str(w[0].message)]
    with pytest.warns(UserWarning, match=r"^y ranges from .*scale=True"):
        nn.fit(classifier(), POINTS, [100 * s + 300 for s in SUMS], epochs=1)


def test_probabilities_for_a_loss_of_logits_give_a_hint() -> None:
    model = classifier(output_activation="sigmoid")
    with pytest.warns(UserWarning, match="takes the outputs before any sigmoid"):
        nn.fit(model, POINTS, SIDES, loss="binary_cross_entropy", epochs=1)


def test_classes_for_one_output_give_a_hint() -> None:
    with pytest.warns(UserWarning, match="if they are classes, give the model 4 outputs"):
        nn.fit(classifier(), POINTS, CORNERS, epochs=1)


def test_a_gradient_of_zero_gives_a_hint() -> None:
    """All relus dead: a loss above 0, and nothing to change it by."""
    dead = nn.Layer.from_weights([[0.0, 0.0]], -1.0, "relu")
    with pytest.warns(UserWarning, match="exactly 0 in the whole first epoch") as caught:
        history = nn.fit(dead, POINTS, SUMS, epochs=2)
    assert caught[0].filename == __file__
    assert len(history.hints) == 1


def test_scaled_data_give_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nn.fit(classifier(), POINTS, SIDES, epochs=1).hints == []


# -- bad input -------------------------------------------------------------------------------------

EMPTY = "is empty; there must be at least one sample"


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([], [], f"X {EMPTY}"),
        (POINTS, [], f"y {EMPTY}"),
        (POINTS, SIDES[:-1], "got 40 in X and 39 in y"),
        ([[1.0, 2.0, 3.0]] * 2, [0, 1], "X[0] is a row of 3 numbers; for MLP(2 →"),
        ([[1.0, 2.0], [3.0]], [0, 1], "X[0] is a row of 2 numbers, X[1] is a row of 1 number"),
        ([[1.0, math.nan], [3.0, 4.0]], [0, 1], "X[0][1] is nan; fill in missing numbers"),
        ([[1.0, None], [3.0, 4.0]], [0, 1], "X[0][1] is None; fill in missing numbers"),
        ([[1.0, 2.0], [3.0, 4.0]], ["no", None], "y[1] is None; fill in missing numbers"),
        ([[1.0, 2.0], [-math.inf, 4.0]], [0, 1], "X[1][0] is -inf"),
        (POINTS, [math.nan] * 40, "y[0] is nan"),
        (POINTS, [[1.0, 2.0]] * 40, "y[0] is a row of 2 numbers, but the model has 1 output"),
        (POINTS, [0.5] * 39 + [[1.0, 2.0]], "y[0] is a number, y[39] is a row of 2 numbers"),
        (POINTS, ["a", "b"] * 19 + ["c", "d"], "y has 4 text labels ('a', 'b', 'c', 'd')"),
        (POINTS, list(map(str, range(40))), "if they are numbers, convert them"),
        ([[], []], [0, 1], "X[0] is empty"),
    ],
)
def test_data_that_do_not_fit(X: Any, y: Any, message: str) -> None:
    """ValueError names the entry and the rule; nothing has changed."""
    model = classifier()
    before = weights(model)
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.fit(model, X, y)
    assert weights(model) == before


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (None, [0], "X must be a sequence with an entry for each sample"),
        ("abc", [0], "X must be a sequence"),
        ({"x": [1.0]}, [0], "X must be a sequence"),
        ([["1.5", "2"]], [0], "X[0][0] is the text '1.5'"),
        ([[1.0, 1j]], [0], "X[0][1] must be a number, got the complex 1j"),
        ([[1.0, 2.0]], [1j], "y[0] must be a number"),
        (
            "iris.csv",
            [0],
            "got the str 'iris.csv'; if it names a file, read that first: numpy.load",
        ),
        (Path("iris.csv"), [0], "pandas.read_csv(name) for columns with names"),
        ([[1.0, 2.0]], 3, "y must be a sequence"),
        ([{"x": 1.0}], [0], "X[0] must be a number, got the dict"),
    ],
)
def test_data_of_the_wrong_type(X: Any, y: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        nn.fit(classifier(), X, y)


@pytest.mark.parametrize(
    ("y", "loss", "message"),
    [
        ([7, *CORNERS[1:]], None, "y[0] is 7, but the model has 4 outputs"),
        (SUMS, None, "a class from 0 to 3, or a row of 4 numbers"),
        ([*ONE_HOT[:-1], [0.5, 0.5, 0.0, 0.0]], "cross_entropy", "y[39] is [0.5, 0.5, 0.0, 0.0]"),
        ([[1.0, 2.0]] * 40, None, "y[0] is a row of 2 numbers, but the model has 4 outputs"),
    ],
)
def test_targets_of_several_outputs(y: Any, loss: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.fit(classifier(4), POINTS, y, loss=loss)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "mae"}, "no loss is called 'mae'; known: binary_cross_entropy, cross_entropy"),
        ({"loss": "crossentropy"}, "'crossentropy'; the nearest name is 'cross_entropy'; known:"),
        ({"optimizer": "adan"}, "called 'adan'; the nearest name is 'adam'; known: sgd, adam"),
        ({"loss": "cross_entropy"}, "cross_entropy needs an output for each class"),
        ({"loss": "hinge", "y": CORNERS}, "y has 0, 1, 2, 3"),
        ({"loss": "binary_cross_entropy", "y": CORNERS}, "y has 0, 1, 2, 3"),
        (
            {"optimizer": "lbfgs"},
            "no optimiser is called 'lbfgs'; known: sgd, adam, adamw, rmsprop",
        ),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"patience": -1}, "patience must be at least 1"),
        ({"clip_norm": 0.0}, "clip_norm must be greater than 0"),
        ({"lr": -1.0}, "lr must be a finite number, 0 or more"),
        ({"validation": 1.0}, "validation as a fraction"),
        ({"validation": 0}, "validation as a fraction"),
        ({"validation": ([], [])}, "validation X is empty"),
        ({"validation": ([[1.0]], [0])}, "of X has 2 numbers, of validation X 1"),
        ({"validation": (POINTS, SIDES[1:])}, "40 in validation X and 39 in validation y"),
        ({"validation": (POINTS, CORNERS)}, "which is none of the classes of the training data"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    model = classifier()
    before = weights(model)
    y = settings.pop("y", SIDES)
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.fit(model, POINTS, y, **settings)
    assert weights(model) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": 3}, "or a function (predictions, targets), got 3"),
        ({"loss": lambda outputs, targets: 1.0}, "<lambda> gave 1.0"),
        ({"optimizer": 3}, "an optimiser is a name"),
        ({"optimizer": lambda parameters: None}, "got None"),
        ({"schedule": 3}, "a schedule needs a function"),
        ({"callback": 3}, "a callback is a function of the history"),
        ({"callback": [3]}, "a callback is a function of the history"),
        ({"epochs": 1.5}, "epochs must be a whole number, got 1.5"),
        ({"validation": POINTS}, "validation is a fraction"),
        ({"clip_value": "1"}, "clip_value must be a number"),
        ({"seed": "a"}, "a seed is an int"),
    ],
)
def test_settings_of_the_wrong_type(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        nn.fit(classifier(), POINTS, SIDES, **settings)


def test_an_optimiser_has_settings_and_parameters_of_its_own() -> None:
    model, other = classifier(), classifier()
    with pytest.raises(ValueError, match=r"Adam\(.*\) has its own lr; set it there"):
        nn.fit(model, POINTS, SIDES, optimizer=nn.Adam(model.parameters()), lr=0.1)
    with pytest.raises(ValueError, match=r"25 parameters of Adam.* belong to another model"):
        nn.fit(model, POINTS, SIDES, optimizer=nn.Adam(other.parameters()))


def test_some_parameters_may_be_frozen() -> None:
    model = classifier()
    first, second = model.layers
    frozen, moving = weights(first), weights(second)
    nn.fit(model, POINTS, SIDES, optimizer=nn.SGD(second.parameters(), lr=0.1), epochs=2)
    assert weights(first) == frozen
    assert weights(second) != moving


def test_nothing_is_recorded() -> None:
    with no_grad(), pytest.raises(ValueError, match=r"fit can't be called in no_grad\(\)"):
        nn.fit(classifier(), POINTS, SIDES)


@pytest.mark.parametrize("model", [None, lambda x: x, nn.Module()])
def test_what_is_no_model(model: Any) -> None:
    with pytest.raises(TypeError, match=r"fit trains an nn\.Module that can be called"):
        nn.fit(model, POINTS, SIDES)


def test_a_model_of_plain_numbers() -> None:
    class Constant(nn.Module):
        def __init__(self) -> None:
            self.bias = Value(0.0)

        def __call__(self, x: Any) -> float:
            return self.bias.data

    with pytest.raises(TypeError, match=r"differentiates what a model gives.* gave 0\.0"):
        nn.fit(Constant(), POINTS, SIDES)


# -- data that people have -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hidden", "epochs"), [("iris", 8, 40), ("wine", 8, 15), ("breast_cancer", 6, 8)]
)
def test_as_accurate_as_scikit_learn(name: str, hidden: int, epochs: int) -> None:
    """On the half of the samples that neither has seen, within two points of scikit-learn's network
    of the same architecture, optimiser, rate, batches and epochs. tests/benchmarks/real_data.py
    has digits and diabetes too, and more splits."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = (X - X.mean(0)) / X.std(0)
    halves = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
    inputs, held_out, targets, wanted = halves
    peer = MLPClassifier(
        (hidden,), activation="tanh", alpha=0.0, batch_size=32, learning_rate_init=0.02,
        max_iter=epochs, n_iter_no_change=epochs, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as many epochs as ours, converged or not
        peer.fit(inputs, targets)
    outputs = 1 if max(y) == 1 else int(max(y)) + 1
    model = nn.MLP(X.shape[1], [hidden, outputs], seed=0)
    nn.fit(model, inputs, targets, lr=0.02, epochs=epochs)
    accuracy = nn.evaluate(model, held_out, wanted).accuracy
    assert accuracy is not None
    assert accuracy > 0.93
    assert accuracy >= peer.score(held_out, wanted) - 0.02


def test_the_example_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a table with text labels to a file, as it stands in README.md."""
    pytest.importorskip("matplotlib")
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")
    code = readme.partition("```python\nimport nn\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"nn": nn}
    exec(code, names)
    assert names["history"].classes == ("setosa", "versicolor", "virginica")
    assert names["history"].best.validation_accuracy > 0.9
    assert nn.predict(nn.load("iris.json"), [[5.1, 3.5, 1.4, 0.2]]) == ["setosa"]
