"""fit on Dask arrays and frames: the same history as on the data in memory, to rounding."""

import warnings

import numpy
import pytest

import nn

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

pytestmark = pytest.mark.one_form

RNG = numpy.random.default_rng(1)
X = RNG.normal(size=(240, 3))
NOISE = RNG.normal(size=240) * 0.1
NUMBERS = X[:, 0] * 2.0 - X[:, 1] + NOISE
SIGNS = (NUMBERS > 0).astype(int)
THREE = numpy.digitize(NUMBERS, [-1.0, 1.0])
CHUNKS = (90, 1, 149)


@pytest.fixture(autouse=True)
def in_this_process():
    with dask.config.set(scheduler="synchronous"):
        yield


def trained(X, y, outputs=1, **settings):
    model = nn.MLP(3, [5, outputs], "tanh", output_activation="linear", seed=3)
    settings = {"engine": "jit", "epochs": 4, "lr": 0.02, "progress": False, **settings}
    return nn.fit(model, X, y, **settings), model


def chunked(x, chunks=CHUNKS):
    return da.from_array(x, chunks=(chunks, *x.shape[1:]))


def assert_alike(found, expected):
    """Histories and models."""
    for name in ("loss", "validation_loss", "accuracy", "validation_accuracy", "gradient_norm"):
        for a, b in zip(found[0], expected[0], strict=True):
            got, want = getattr(a, name), getattr(b, name)
            assert got == (None if want is None else pytest.approx(want, rel=1e-9)), name
    assert found[0].classes == expected[0].classes
    weights = [p.data for p in expected[1].parameters()]
    assert [p.data for p in found[1].parameters()] == pytest.approx(weights, rel=1e-8, abs=1e-12)


TASKS = {
    "regression": (NUMBERS, 1),
    "several numbers": (numpy.stack([NUMBERS, X[:, 2]], axis=1), 2),
    "two classes": (SIGNS, 1),
    "signs": (2 * SIGNS - 1, 1),
    "three classes": (THREE, 3),
    "one-hot": (numpy.eye(3)[THREE], 3),
    "texts": (numpy.array(["low", "mid", "top"], object)[THREE], 3),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_history_is_that_of_one_machine(task):
    y, outputs = TASKS[task]
    settings = {"outputs": outputs, "batch_size": 64, "epochs": 2}
    assert_alike(trained(chunked(X), chunked(y), **settings), trained(X, y, **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"validation": 0.25},
        {"scale": True, "batch_size": None},
        {"batch_size": None, "schedule": nn.schedules.cosine(4)},
        {"optimizer": "sgd", "clip_norm": 0.5, "loss": "huber"},
        {"patience": 2, "validation": (X[:50], NUMBERS[:50])},
    ],
)
def test_so_it_is_with_every_setting(settings):
    assert_alike(trained(chunked(X), chunked(NUMBERS), **settings), trained(X, NUMBERS, **settings))


def test_validation_data_may_be_chunked_too():
    found = trained(chunked(X), chunked(THREE), 3, validation=(chunked(X), chunked(THREE)))
    assert_alike(found, trained(X, THREE, 3, validation=(X, THREE)))
    with pytest.raises(TypeError, match="validation data are Dask arrays, and the training data"):
        trained(X, THREE, 3, validation=(chunked(X), chunked(THREE)))


def test_dropout_drops_the_same():
    def model():
        return nn.Sequential(nn.Linear(3, 4, seed=1), nn.Dropout(0.5), nn.Linear(4, 1, seed=2))

    settings = {"batch_size": 100, "epochs": 2, "engine": "jit", "progress": False, "seed": 5}
    found = nn.fit(model(), chunked(X), chunked(NUMBERS), **settings)
    expected = nn.fit(model(), X, NUMBERS, **settings)
    assert [r.loss for r in found] == pytest.approx([r.loss for r in expected], rel=1e-9)


def test_frames():
    """Columns go by their names; targets may be in memory."""
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    labels = pandas.Series(numpy.array(["no", "yes"])[SIGNS], name="answer")
    expected = trained(frame, labels)
    parts = frames.from_pandas(frame, npartitions=3)
    found = trained(parts, frames.from_pandas(labels, npartitions=3))
    assert_alike(found, expected)
    assert found[1].meaning == expected[1].meaning
    again = nn.fit(found[1], parts[["c", "a", "b"]], labels, epochs=1, progress=False)
    assert again[0].loss <= expected[0][-1].loss


def test_a_checkpoint_is_gone_on_from(tmp_path):
    data = chunked(X), chunked(NUMBERS)
    whole = trained(*data, epochs=4)
    trained(*data, epochs=2, checkpoint=tmp_path / "a.json")
    rest = trained(*data, epochs=4, checkpoint=tmp_path / "a.json", resume=True)
    assert [r.loss for r in rest[0]] == [r.loss for r in whole[0]]


def test_a_callback_may_stop_it_and_change_the_model():
    def half(history):
        model.parameters()[0].data *= 0.5
        return len(history) == 3

    losses = []
    for data in ((chunked(X), chunked(NUMBERS)), (X, NUMBERS)):
        model = nn.MLP(3, [5, 1], "tanh", seed=3)
        history = nn.fit(model, *data, callback=half, epochs=9, engine="jit", progress=False)
        losses.append([r.loss for r in history])
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    assert len(losses[0]) == 3


WITH_NAN = X.copy()
WITH_NAN[200, 1] = numpy.nan


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: trained(chunked(WITH_NAN), chunked(NUMBERS)), ValueError, r"X\[200\]\[1\] is nan"),
        (
            lambda: trained(chunked(X), chunked(WITH_NAN[:, 1])),
            ValueError,
            r"y\[200\] is nan; fill in missing",
        ),
        (lambda: trained(chunked(X), NUMBERS[:9]), ValueError, "got 240 in X and 9 in y"),
        (
            lambda: trained(chunked(X.astype(str)), NUMBERS),
            TypeError,
            "X holds <U.*inputs are numbers",
        ),
        (lambda: trained(chunked(X), THREE, 2), ValueError, "the model has 2 outputs"),
        (
            lambda: trained(chunked(X), NUMBERS, engine="eager"),
            ValueError,
            "engine='eager' computes here",
        ),
        (
            lambda: trained(chunked(X), NUMBERS, loss=lambda p, t: sum(p) * 0.0),
            ValueError,
            "name one of the losses of nn",
        ),
        (lambda: trained(da.zeros((0, 3)), da.zeros(0)), ValueError, "X is empty"),
        (lambda: trained(dask.delayed(X), NUMBERS), TypeError, "X is something delayed"),
    ],
)
def test_what_is_wrong_is_said_before_anything_changes(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_chunks_may_be_empty():
    """Of which Dask finds no mean."""
    cut = (0, 100, 0, 139, 1)
    found = trained(chunked(X, cut), chunked(NUMBERS, cut), scale=True)
    assert_alike(found, trained(X, NUMBERS, scale=True))


def test_an_error_of_the_cluster_is_none_of_the_model():
    """Said with what to do, and not taken for a model that can't be compiled."""

    def lose(block, block_info=None):
        if block_info and lost:
            raise ValueError("Missing dependency ('x', 0) for dependents ('vmap', 0)")
        return block

    lost = []
    rows = chunked(X).map_blocks(lose, meta=X[:0])
    with pytest.raises(RuntimeError, match=r"is the Client still open\?.*go on from a checkpoint"):
        trained(rows, chunked(NUMBERS), callback=lambda history: lost.append(1))


LABELS = numpy.where(NUMBERS > 0, "yes", "no").astype(object)


@pytest.mark.parametrize("kind", ["object", "string", "list", "memory"])
@pytest.mark.parametrize("call", [nn.fit, nn.score, nn.evaluate])
def test_missing_labels_are_named(call, kind):
    """As in memory: NA, NaN and None, by their place in the whole column."""
    pandas, frames = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    model = nn.MLP(3, [4, 1], seed=0)
    nn.fit(model, X, LABELS, epochs=1, progress=False)
    y = pandas.Series(LABELS, dtype="string" if kind == "string" else object)
    y[200] = float("nan") if kind == "list" else None
    with dask.config.set({"dataframe.convert-string": False}):
        y = frames.from_pandas(y, npartitions=3) if kind in ("object", "string") else y
    y = y.tolist() if kind == "list" else y
    more = {"epochs": 1, "progress": False, "batch_size": None} if call is nn.fit else {}
    words = r"^y\[200\] is (<NA>|nan|None); fill in missing numbers, or leave the row out$"
    with pytest.raises(ValueError, match=words):
        call(model, chunked(X), y, **more)


def test_labels_of_two_kinds_are_told_as_in_memory():
    mixed = LABELS.copy()
    mixed[5] = 1
    with pytest.raises(ValueError, match=r"must be alike: y\[0\] is text, y\[5\] is a number"):
        trained(chunked(X), chunked(mixed))


def test_columns_of_several_number_types():
    """Of which pandas makes objects, and Dask too."""
    pandas, frames = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    y = pandas.DataFrame({"no": NUMBERS < 0, "yes": (NUMBERS >= 0).astype(int)})
    settings = {"outputs": 2, "batch_size": None, "epochs": 2}
    found = trained(chunked(X), frames.from_pandas(y, npartitions=3), **settings)
    assert_alike(found, trained(X, y, **settings))
    with pytest.raises(TypeError, match=r"y holds object; rows of targets are numbers"):
        trained(chunked(X), chunked(y.to_numpy()), **settings)


def test_data_that_went_with_their_client():
    """Said by all that computes, whether it is begun before or after, with another client too."""
    distributed = pytest.importorskip("distributed")
    frames, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    local = {"processes": False, "n_workers": 1, "dashboard_address": None}
    data = pandas.DataFrame(X, columns=["a", "b", "c"])
    with distributed.Client(**local):
        rows, signs = chunked(X).persist(scheduler="distributed"), chunked(SIGNS)
        frame = frames.from_pandas(data, npartitions=3).persist(scheduler="distributed")
        _, model = trained(rows, signs, epochs=1)
        distributed.wait([rows, frame])
    calls = [
        lambda: trained(rows, signs),
        lambda: trained(frame, SIGNS),
        lambda: nn.score(model, rows, signs),
        lambda: nn.evaluate(model, rows, SIGNS),
        lambda: nn.predict(model, frame),
    ]
    lost = pytest.raises(RuntimeError, match=r"is the Client still open\?.*persist\(\) is gone")
    for call in calls:
        with lost:
            call()
    with distributed.Client(**local), dask.config.set(scheduler="distributed"), lost:
        trained(rows, signs)


def test_divergence_is_told():
    with pytest.warns(RuntimeWarning, match="training stopped"):
        history, _ = trained(chunked(X), chunked(NUMBERS), optimizer="sgd", lr=1e200)
    assert history.stopped


def test_numbers_of_any_size_are_hinted_at():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trained(chunked(X * 1000.0), chunked(NUMBERS), epochs=1)
    assert any("fit(..., scale=True)" in str(w.message) for w in caught)
