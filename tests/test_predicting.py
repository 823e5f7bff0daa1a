"""What a trained model says: classes by their names, probabilities, scores; and its file too."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

pytestmark = pytest.mark.one_form

rng = random.Random(5)
POINTS = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(40)]
WORDS = ["south" if b < 0 else "north-east" if a > 0 else "north-west" for a, b in POINTS]
SIDES = ["left" if a < 0 else "right" for a, _ in POINTS]


def trained(y: Any, outputs: int, **settings: Any) -> nn.MLP:
    model = nn.MLP(2, [6, outputs], seed=1)
    nn.fit(model, POINTS, y, **{"epochs": 60, "lr": 0.05, "engine": "eager", **settings})
    return model


def answers(model: Any, row: Any) -> list[float]:
    out = model(row)
    return [x.data for x in out] if isinstance(out, list) else [out.data]


# -- classes ---------------------------------------------------------------------------------------


def test_classes_by_their_names() -> None:
    """The name of the largest output, in the order that `history.classes` has."""
    model = trained(WORDS, 3)
    names = ("north-east", "north-west", "south")
    expected = [names[max(range(3), key=answers(model, row).__getitem__)] for row in POINTS]
    assert nn.predict(model, POINTS) == expected
    assert sum(a == b for a, b in zip(expected, WORDS, strict=True)) > 36
    share = sum(a == b for a, b in zip(expected, WORDS, strict=True)) / 40
    assert nn.score(model, POINTS, WORDS) == share == nn.evaluate(model, POINTS, WORDS).accuracy


def test_probabilities_by_the_names_of_classes() -> None:
    """The softmax of the outputs."""
    model = trained(WORDS, 3)
    (found,) = nn.predict_proba(model, [[0.2, -0.3]])
    z = answers(model, [0.2, -0.3])
    total = sum(map(math.exp, z))
    assert list(found) == ["north-east", "north-west", "south"]
    assert list(found.values()) == pytest.approx([math.exp(x) / total for x in z], rel=1e-12)


def test_two_classes_and_one_output() -> None:
    """A logit of the second class; far out, its probability and that of the first are exact."""
    model = trained(SIDES, 1)
    (found,) = nn.predict_proba(model, [[0.2, -0.3]])
    z = model([0.2, -0.3]).data
    assert found == pytest.approx({"left": 1 / (1 + math.exp(z)), "right": 1 / (1 + math.exp(-z))})
    assert nn.predict(model, [[-2.0, 0.0], [2.0, 0.0]]) == ["left", "right"]
    sure = nn.Neuron.from_weights([1.0], 0.0, "linear")
    sure.meaning = trained(SIDES, 1).meaning
    assert nn.predict_proba(sure, [[100.0]])[0]["left"] == pytest.approx(math.exp(-100), rel=1e-12)


@pytest.mark.parametrize(
    ("y", "settings", "labels"),
    [
        ([int(w == "right") for w in SIDES], {}, [0, 1]),
        ([1 if w == "right" else -1 for w in SIDES], {}, [-1, 1]),
        ([1 if w == "right" else -1 for w in SIDES], {"loss": "mse"}, [-1, 1]),
        ([int(w == "right") for w in SIDES], {"loss": "mse"}, [0, 1]),
        ([w == "right" for w in SIDES], {}, [0, 1]),
    ],
)
def test_numbers_as_classes(y: Any, settings: Any, labels: list[int]) -> None:
    """Indices and signs come back as they were given."""
    model = trained(y, 1, **settings)
    assert nn.predict(model, [[-2.0, 0.0], [2.0, 0.0]]) == labels
    assert nn.score(model, POINTS, y) == nn.evaluate(model, POINTS, y).accuracy > 0.9


def test_one_hot_rows() -> None:
    """The class is the place of the 1."""
    y = [[float(w == k) for k in ("left", "right")] for w in SIDES]
    model = trained(y, 2)
    assert nn.predict(model, [[-2.0, 0.0], [2.0, 0.0]]) == [0, 1]
    assert nn.score(model, POINTS, y) > 0.9


CODES = [int(w == "right") for w in SIDES]
SIGNS = [2 * k - 1 for k in CODES]


@pytest.mark.parametrize("learned", [SIDES, CODES, SIGNS])
@pytest.mark.parametrize("told", [CODES, SIGNS, [[1.0 - k, float(k)] for k in CODES]])
def test_a_score_takes_classes_as_fit_does(learned: Any, told: Any) -> None:
    """By places, signs or one-hot rows; they were compared with the labels, and never equal."""
    model = trained(learned, 1)
    assert nn.score(model, POINTS, told) == nn.score(model, POINTS, learned) > 0.9


@pytest.mark.parametrize(
    ("y", "culprit"),
    [
        (["left"] * 39 + ["middle"], r"y\[39\] is 'middle'"),
        ([0] * 39 + [2], r"y\[39\] is 2"),
        ([[1.0, 0.0, 0.0]] * 40, r"y\[0\] is \[1.0, 0.0, 0.0\]"),
        ([[0.3, 0.7]] * 40, r"y\[0\] is \[0.3, 0.7\]"),
    ],
)
def test_a_score_of_what_was_not_learned(y: Any, culprit: str) -> None:
    with pytest.raises(ValueError, match=f"{culprit}.* none of the classes .* 'left', 'right'"):
        nn.score(trained(SIDES, 1, epochs=1), POINTS, y)


def test_labels_of_an_array_are_plain_text() -> None:
    np = pytest.importorskip("numpy")
    model = trained(list(np.array(SIDES)), 1, epochs=1)
    assert {type(label) for label in nn.predict(model, POINTS)} == {str}


def test_a_model_that_ends_in_a_sigmoid_gives_probabilities() -> None:
    model = nn.MLP(2, [4, 1], output_activation="sigmoid", seed=1)
    nn.fit(model, POINTS, SIDES, epochs=30, lr=0.05)
    (found,) = nn.predict_proba(model, POINTS[:1])
    assert found["right"] == model(POINTS[0]).data


def test_a_model_that_ends_in_a_softmax_gives_probabilities() -> None:
    model = nn.Sequential(nn.Linear(2, 3, seed=1), nn.Softmax())
    nn.fit(model, POINTS, WORDS, epochs=30, lr=0.05)
    (found,) = nn.predict_proba(model, POINTS[:1])
    assert list(found.values()) == answers(model, POINTS[0])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: trained([1 if w == "right" else -1 for w in SIDES], 1), "are scores, and no"),
        (lambda: trained(SIDES, 1, loss="mse"), "are scores, and no probabilities"),
        (lambda: trained([a for a, _ in POINTS], 1), "are numbers, and no probabilities"),
        (lambda: nn.MLP(2, [1]), "has not been trained by nn.fit"),
    ],
)
def test_what_gives_no_probabilities(model: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.predict_proba(model(), POINTS)


# -- numbers ---------------------------------------------------------------------------------------


def test_numbers() -> None:
    """Of one output floats, of several lists; the score is R²."""
    y = [a - 2 * b for a, b in POINTS]
    model = trained(y, 1)
    assert nn.predict(model, POINTS) == [model(row).data for row in POINTS]
    mean = sum(y) / len(y)
    error = sum((t - model(row).data) ** 2 for row, t in zip(POINTS, y, strict=True))
    expected = 1 - error / sum((t - mean) ** 2 for t in y)
    assert nn.score(model, POINTS, y) == pytest.approx(expected, rel=1e-12)
    two = trained([[a, b] for a, b in POINTS], 2)
    assert nn.predict(two, POINTS[:1]) == [answers(two, POINTS[0])]
    assert nn.score(two, POINTS, POINTS) > 0.9


def test_a_model_that_fit_has_not_trained() -> None:
    """Its outputs, as numbers."""
    model = nn.MLP(2, [3, 2], seed=0)
    assert nn.predict(model, POINTS[:2]) == [answers(model, row) for row in POINTS[:2]]


def test_a_function_of_plain_numbers_is_evaluated() -> None:
    """No derivative is asked for, so no Value is; its last operation tells the loss even so."""
    X, y = [[0.0], [1.0], [3.0]], [0, 1, 1]
    assert nn.evaluate(lambda row: 2.0 * row[0], X, [1.0, 2.0, 7.0]) == (2.0 / 3.0, None)
    logits = nn.evaluate(lambda row: row[0] - 0.5, X, y)
    assert logits.loss == pytest.approx(sum(math.log1p(math.exp(-z)) for z in (0.5, 0.5, 2.5)) / 3)
    share = nn.evaluate(lambda row: autograd.sigmoid(row[0] - 0.5), X, y)
    errors = [1 / (1 + math.exp(z)) for z in (0.5, 0.5, 2.5)]
    assert share.loss == pytest.approx(sum(e * e for e in errors) / 3)
    assert logits.accuracy == share.accuracy == 1.0
    assert nn.evaluate(lambda row: math.exp(row[0]), [[0.0]], [3.0]).loss == 4.0


def test_fit_asks_for_values() -> None:
    """Unlike evaluate, it differentiates: the message names what was given."""

    class Plain(nn.Module):
        def __init__(self) -> None:
            self.w = Value(2.0)

        def forward(self, row: Any) -> Any:
            return self.w.data * row[0]

    with pytest.raises(TypeError, match=r"computed from its parameters; Plain.* gave 2\.0"):
        nn.fit(Plain(), [[1.0], [2.0]], [1.0, 2.0])


def test_nothing_is_dropped_and_nothing_changes() -> None:
    model = nn.Sequential(nn.Linear(2, 6, seed=0), nn.Dropout(0.5), nn.Linear(6, 1, seed=1))
    assert nn.predict(model, POINTS) == nn.predict(model, POINTS)
    assert model[1].training
    assert not any(p.grad for p in model.parameters())


def test_predictions_from_arrays() -> None:
    np = pytest.importorskip("numpy")
    model = trained(SIDES, 1)
    assert nn.predict(model, np.array(POINTS)) == nn.predict(model, POINTS)


def test_rows_of_another_length() -> None:
    with pytest.raises(ValueError, match=r"X has rows of 3 numbers; for MLP.* takes 2 inputs"):
        nn.predict(nn.MLP(2, [1]), [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"X\[0\]\[1\] is nan"):
        nn.predict(nn.MLP(2, [1]), [[1.0, math.nan]])


def test_methods_of_other_libraries_name_ours() -> None:
    for name in ("predict", "predict_proba", "score"):
        with pytest.raises(AttributeError, match=rf"nn\.{name}\(model, X"):
            getattr(nn.MLP(2, [1]), name)


# -- frames ----------------------------------------------------------------------------------------


def test_columns_of_a_frame_go_by_their_names() -> None:
    """In any order; missing and other ones are an error."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(POINTS, columns=["across", "up"])
    model = nn.MLP(2, [4, 1], seed=1)
    turned = frame[["up", "across"]]
    first = nn.fit(model, frame, SIDES, epochs=20, lr=0.05, validation=(frame, SIDES))
    other = nn.MLP(2, [4, 1], seed=1)
    second = nn.fit(other, frame, SIDES, epochs=20, lr=0.05, validation=(turned, SIDES))
    assert first["validation_loss"] == second["validation_loss"]
    assert model.meaning is not None
    assert model.meaning.columns == ("across", "up")
    assert nn.predict(model, turned) == nn.predict(model, frame) == nn.predict(model, POINTS)
    assert nn.evaluate(model, turned, SIDES) == nn.evaluate(model, frame, SIDES)
    assert nn.score(model, turned, pandas.Series(SIDES)) == nn.score(model, frame, SIDES)
    with pytest.raises(ValueError, match=r"columns of X .* missing: 'up'; not among them: 'down'"):
        nn.predict(model, frame.rename(columns={"up": "down"}))
    with pytest.raises(ValueError, match="not among them: 'more'"):
        nn.predict(model, frame.assign(more=1.0))
    with pytest.raises(ValueError, match="the columns of validation X are not those"):
        nn.fit(model, frame, SIDES, validation=(frame.rename(columns={"up": "down"}), SIDES))


def test_a_model_goes_on_with_its_columns() -> None:
    """A second training takes them in the order of the first, and numbers without names so too."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(POINTS, columns=["across", "up"])
    model, other = nn.MLP(2, [4, 1], seed=1), nn.MLP(2, [4, 1], seed=1)
    for one, second in ((model, frame[["up", "across"]]), (other, POINTS)):
        nn.fit(one, frame, SIDES, epochs=20, lr=0.05, scale=True)
        nn.fit(one, second, SIDES, epochs=5, lr=0.05, scale=True)
        assert one.meaning is not None
        assert one.meaning.columns == ("across", "up")
    assert model.state_dict() == other.state_dict()
    with pytest.raises(ValueError, match="missing: 'up'; not among them: 'down'"):
        nn.fit(model, frame.rename(columns={"up": "down"}), SIDES)


@pytest.mark.parametrize("names", [["a", "a"], [1, "1"]])
def test_two_columns_of_one_name(names: list[Any]) -> None:
    """Their order could not be told, nor the file be read."""
    pandas = pytest.importorskip("pandas")
    model = nn.MLP(2, [1], seed=1)
    with pytest.raises(ValueError, match=f"X has several columns called '{names[0]}'"):
        nn.fit(model, pandas.DataFrame(POINTS, columns=names), SIDES)
    assert getattr(model, "meaning", None) is None


# -- files -----------------------------------------------------------------------------------------


def test_a_file_knows_what_the_outputs_mean(tmp_path: Path) -> None:
    """Classes, loss and columns; `nn.load` and `model.load` bring them back."""
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "model.json"
    frame = pandas.DataFrame(POINTS, columns=["across", "up"])
    model = nn.MLP(2, [6, 3], seed=1)
    nn.fit(model, frame, WORDS, epochs=30, lr=0.05)
    model.save(path)
    other = nn.MLP(2, [6, 3])
    other.load(path)
    for found in (nn.load(path), other):
        assert found.meaning == model.meaning
        assert nn.predict(found, frame[["up", "across"]]) == nn.predict(model, frame)
        assert nn.predict_proba(found, POINTS) == nn.predict_proba(model, POINTS)
        assert nn.evaluate(found, frame, WORDS) == nn.evaluate(model, frame, WORDS)


def test_labels_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    """`nan` and `inf` are words here."""
    path = tmp_path / "model.json"
    model = trained(["nan" if w == "left" else "inf" for w in SIDES], 1)
    model.save(path)
    assert nn.predict(nn.load(path), [[-2.0, 0.0], [2.0, 0.0]]) == ["nan", "inf"]


def test_a_checkpoint_knows_it_too(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    model = trained(WORDS, 3, checkpoint=path)
    assert nn.predict(nn.load(path), POINTS) == nn.predict(model, POINTS)
    resumed = trained(WORDS, 3, checkpoint=path, resume=True)
    assert resumed.meaning == model.meaning


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("loss", 3),
        ("classes", "abc"),
        ("classes", []),
        ("classes", ["a", "a", "b"]),
        ("classes", [1.5, 2.5, 3.5]),
        ("columns", [1, 2]),
        ("outputs", "words"),
        ("threshold", "high"),
        ("extra", 1),
    ],
)
def test_a_damaged_meaning_is_named(key: str, bad: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    trained(WORDS, 3, epochs=1).save(path)
    document = json.loads(path.read_text("utf-8"))
    document["meaning"][key] = bad
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(ValueError, match=r"model\.json.*meaning"):
        nn.load(path)


def test_a_number_of_classes_that_does_not_fit_the_outputs(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    trained(WORDS, 3, epochs=1).save(path)
    document = json.loads(path.read_text("utf-8"))
    document["meaning"]["classes"].pop()
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(ValueError, match="2 classes for 3 outputs"):
        nn.predict(nn.load(path), POINTS)


def test_the_history_names_the_loss() -> None:
    history = nn.fit(nn.MLP(2, [1], seed=1), POINTS, SIDES, epochs=1)
    assert history.loss_name == "binary_cross_entropy"

    def mine(outputs: Any, targets: Any) -> Any:
        return autograd.mean([(o - t) ** 2 for o, t in zip(outputs, targets, strict=True)])

    assert nn.fit(nn.MLP(2, [1]), POINTS, SIDES, epochs=1, loss=mine).loss_name == "mine"


def test_a_single_sample_is_told_from_rows_of_one_number() -> None:
    model = nn.MLP(2, [1], seed=0)
    nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=1)
    with pytest.raises(
        ValueError, match=r"takes 2 inputs, got 1; if X is a single sample, write \[X\]$"
    ):
        nn.predict(model, [0.0, 1.0])


def test_a_model_takes_rows_and_no_frame() -> None:
    """Going through a frame would give the names of its columns."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
    with pytest.raises(ValueError, match="it takes one sample at a time"):
        nn.MLP(2, [1])(frame)
    model = nn.MLP(2, [1], seed=0)
    assert model(frame.iloc[0]).data == model([1.0, 4.0]).data
