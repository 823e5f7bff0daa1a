"""predict, predict_proba, score and evaluate of Dask arrays and frames: what they are of the same
data in memory, chunk by chunk."""

import math

import numpy
import pytest

import nn
from autograd import Value, sigmoid, tanh

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

pytestmark = pytest.mark.one_form

RNG = numpy.random.default_rng(1)
X = RNG.normal(size=(240, 3))
NUMBERS = X[:, 0] * 2.0 - X[:, 1] + RNG.normal(size=240) * 0.1
SIGNS = (NUMBERS > 0).astype(int)
THREE = numpy.digitize(NUMBERS, [-1.0, 1.0])
TEXTS = numpy.array(["low", "mid", "top"], object)[THREE]
CHUNKS = (90, 1, 0, 149)


@pytest.fixture(autouse=True)
def in_this_process():
    with dask.config.set(scheduler="synchronous"):
        yield


def chunked(x, chunks=CHUNKS):
    return da.from_array(x, chunks=(chunks, *x.shape[1:]))


def trained(x, y, outputs=1, **settings):
    model = nn.MLP(3, [5, outputs], "tanh", output_activation="linear", seed=3)
    nn.fit(model, x, y, **{"epochs": 3, "lr": 0.05, "progress": False, **settings})
    return model


TASKS = {
    "regression": (NUMBERS, 1, {}),
    "several numbers": (numpy.stack([NUMBERS, X[:, 2]], axis=1), 2, {}),
    "scaled numbers": (NUMBERS * 100.0, 1, {"scale": True}),
    "two classes": (SIGNS, 1, {}),
    "signs": (2 * SIGNS - 1, 1, {}),
    "three classes": (THREE, 3, {}),
    "one-hot": (numpy.eye(3)[THREE], 3, {}),
    "texts": (TEXTS, 3, {}),
    "half squares": (NUMBERS, 1, {"loss": "half_squared_error"}),
    "probabilities": (THREE, 3, {"loss": "mse"}),
}


@pytest.mark.parametrize("task", TASKS)
def test_figures_and_predictions_are_those_of_one_machine(task):
    """Classes the same, numbers to rounding; cut as the rows are."""
    y, outputs, settings = TASKS[task]
    model = trained(X, y, outputs, **settings)
    found, wanted = nn.predict(model, chunked(X)), nn.predict(model, X)
    assert found.chunks[0] == CHUNKS
    if model.meaning.classes is None:
        assert found.compute() == pytest.approx(numpy.array(wanted), rel=1e-12, abs=1e-12)
    else:
        assert found.compute().tolist() == wanted
        assert found.dtype == (object if task == "texts" else int)
    assert nn.score(model, chunked(X), chunked(y)) == pytest.approx(nn.score(model, X, y))
    loss, accuracy = nn.evaluate(model, chunked(X), chunked(y))
    wanted = nn.evaluate(model, X, y)
    assert (loss, accuracy) == (pytest.approx(wanted.loss, rel=1e-12), wanted.accuracy)


@pytest.mark.parametrize("task", ["two classes", "three classes", "texts"])
def test_probabilities(task):
    y, outputs, _ = TASKS[task]
    model = trained(X, y, outputs)
    found = nn.predict_proba(model, chunked(X)).compute()
    wanted = [list(row.values()) for row in nn.predict_proba(model, X)]
    assert found == pytest.approx(numpy.array(wanted), rel=1e-12)


def test_frames_keep_index_and_divisions():
    """Columns go by their names, in any order; the rows by their index."""
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"], index=range(10, 250))
    parts = frames.from_pandas(frame, npartitions=3)[["c", "a", "b"]]
    model = trained(frame, TEXTS, 3)
    found = nn.predict(model, parts)
    assert found.divisions == parts.divisions
    assert found.compute().to_dict() == dict(
        zip(frame.index, nn.predict(model, frame), strict=True)
    )
    shares = nn.predict_proba(model, parts).compute()
    assert list(shares.columns) == ["low", "mid", "top"]
    assert shares.index.tolist() == frame.index.tolist()
    assert shares.to_dict("records") == [pytest.approx(x) for x in nn.predict_proba(model, frame)]
    labels = frames.from_pandas(pandas.Series(TEXTS, frame.index), npartitions=3)
    assert nn.score(model, parts, labels) == nn.score(model, frame, TEXTS)
    assert nn.evaluate(model, parts, labels) == pytest.approx(nn.evaluate(model, frame, TEXTS))
    two = trained(frame, TASKS["several numbers"][0], 2)
    assert nn.predict(two, parts).compute().to_numpy() == pytest.approx(
        numpy.array(nn.predict(two, frame))
    )
    with pytest.raises(ValueError, match="missing: 'b'"):
        nn.predict(model, parts[["a", "c"]])


def test_nothing_is_computed_before_it_is_asked_for():
    asked = []
    blocks = chunked(X).map_blocks(lambda block: asked.append(len(block)) or block, meta=X[:0])
    found = nn.predict(trained(X, SIGNS), blocks)
    assert asked == []
    assert found[90:92].compute().shape == (2,)
    assert sorted(asked) == [1, 149]


def test_figures_do_not_depend_on_who_adds_them_up():
    """The same chunks, the same bits."""
    model, data = trained(X, NUMBERS), (chunked(X, (40,) * 6), chunked(NUMBERS, (40,) * 6))
    alone = nn.evaluate(model, *data), nn.score(model, *data)
    with dask.config.set(scheduler="threads", num_workers=4):
        assert (nn.evaluate(model, *data), nn.score(model, *data)) == alone


def test_dropout_is_left_out_and_parameters_are_those_of_now():
    model = nn.Sequential(nn.Linear(3, 4, seed=1), nn.Dropout(0.5), nn.Linear(4, 1, seed=2))
    first = nn.predict(model, chunked(X))
    assert first.compute() == pytest.approx(nn.predict(model, X))
    model.parameters()[0].data += 1.0
    assert nn.predict(model, chunked(X)).compute() == pytest.approx(nn.predict(model, X))


def test_a_function_is_a_model_too():
    w = Value(2.0)
    found = nn.predict(lambda row: tanh(w * row[0]) if row[1] > 0 else w, chunked(X)).compute()
    assert found == pytest.approx(numpy.where(X[:, 1] > 0, numpy.tanh(2 * X[:, 0]), 2.0), rel=1e-14)


W = Value(2.0)
FUNCTIONS = {
    "of plain numbers": (lambda row: row[0] * 2.0 - row[1], NUMBERS),
    "that captures a Value": (lambda row: W * row[0], NUMBERS),
    "that decides": (lambda row: row[0] if row[1] > 0 else tanh(row[2]), NUMBERS),
    "of several outputs": (lambda row: [row[0], tanh(row[1])], X[:, 1:]),
    "that ends in a sigmoid": (lambda row: sigmoid(row[0] - row[1]), SIGNS),
    "that gives logits": (lambda row: [row[0], row[1], 0.5], THREE),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_figures_of_a_function_are_those_of_one_machine(kind):
    """Loss, accuracy and R² of a model that is no Module."""
    function, y = FUNCTIONS[kind]
    found, wanted = nn.evaluate(function, chunked(X), chunked(y)), nn.evaluate(function, X, y)
    assert (found.loss, found.accuracy) == (pytest.approx(wanted.loss, rel=1e-12), wanted.accuracy)
    if kind != "that gives logits":  # of which score does not know that they are classes
        assert nn.score(function, chunked(X), chunked(y)) == pytest.approx(nn.score(function, X, y))


def test_chunk_sizes_may_be_unknown():
    model, some = trained(X, SIGNS), X[:, 0] > 0
    rows, targets = chunked(X), chunked(SIGNS)
    unknown = rows[rows[:, 0] > 0]
    assert nn.predict(model, unknown).compute().tolist() == nn.predict(model, X[some])
    unknown = rows[rows[:, 0] > 0], targets[rows[:, 0] > 0]
    assert nn.score(model, *unknown) == nn.score(model, X[some], SIGNS[some])


def test_targets_that_do_not_vary():
    """As in memory: 1 for perfect predictions, 0 for others."""
    model = nn.Linear(3, 1, seed=0)
    for parameter in model.parameters():
        parameter.data = 0.0
    for constant in (0.0, 1.0):
        y = numpy.full(240, constant)
        assert nn.score(model, chunked(X), chunked(y)) == nn.score(model, X, y) == 1.0 - constant


WITH_NAN = X.copy()
WITH_NAN[200, 1] = numpy.nan


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: nn.predict(m, chunked(WITH_NAN)).compute(), ValueError, r"X\[200\]\[1\] is nan"),
        (lambda m: nn.evaluate(m, chunked(WITH_NAN), SIGNS), ValueError, r"X\[200\]\[1\] is nan"),
        (lambda m: nn.predict(m, chunked(X[:, :2])), ValueError, "X has rows of 2 numbers; for"),
        (lambda m: nn.predict(m, da.zeros((0, 3))), ValueError, "X is empty"),
        (lambda m: nn.predict(m, chunked(X.astype(str))), TypeError, "X holds <U.*are numbers"),
        (lambda m: nn.predict(m, dask.delayed(X)), TypeError, "X is something delayed"),
        (lambda m: nn.predict(m, da.zeros((2, 3, 3))), ValueError, "has a row of numbers for each"),
        (lambda m: nn.score(m, chunked(X), SIGNS[:9]), ValueError, "got 240 in X and 9 in y"),
        (lambda m: nn.score(m, chunked(X), chunked(THREE)), ValueError, "is none of the classes"),
        (
            lambda m: nn.evaluate(m, chunked(X), SIGNS, loss=lambda p, t: sum(p) * 0.0),
            ValueError,
            "name one of the losses of nn, or hand over",
        ),
        (
            lambda m: nn.evaluate(lambda row: math.exp(row[0]), chunked(X), NUMBERS),
            ValueError,
            "not possible.*write autograd.exp.*hand over X.compute",
        ),
        (lambda m: nn.evaluate(lambda row: None, chunked(X), NUMBERS), TypeError, "gave None"),
        (lambda m: nn.predict(Draws(), chunked(X)).compute(), ValueError, "not possible.*compute"),
    ],
)
def test_what_is_wrong_is_said(call, error, words):
    with pytest.raises(error, match=words):
        call(trained(X, SIGNS, epochs=1))


class Draws(nn.Module):
    def __call__(self, row):
        return row[0] * float(RNG.normal())
