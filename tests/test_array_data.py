"""Data in arrays, frames and buffers: the same training, the same messages as of lists; checked,
measured, drawn from and split without a list of all numbers, and copied once."""

from __future__ import annotations

import array
import math
import random
import re
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from work import work_grows_with

import nn
from nn.array_rows import ArrayRows, number_array
from nn.training.dataset import read_rows, read_targets, scale_hint

np = pytest.importorskip("numpy")
pytestmark = pytest.mark.one_form

X = [[float((7 * i + 3 * j) % 11 - 5) for j in range(3)] for i in range(12)]
Y = [float(sum(row) > 0) for row in X]


def memmap(rows: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        out = np.memmap(file, float, "w+", shape=(len(rows), len(rows[0])))
    out[:] = rows
    return out


def frame(rows: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(rows, columns=["a", "b", "c"])


KINDS: dict[str, Callable[[Any], Any]] = {
    "float64": np.array,
    "float32": lambda rows: np.array(rows, "f4"),
    "float16": lambda rows: np.array(rows, "f2"),
    "int64": lambda rows: np.array(rows, int),
    "int8": lambda rows: np.array(rows, "i1"),
    "big endian": lambda rows: np.array(rows, ">f8"),
    "by columns": lambda rows: np.array(rows, order="F"),
    "every other": lambda rows: np.repeat(np.array(rows), 2, axis=0)[::2],
    "backwards": lambda rows: np.array(rows[::-1])[::-1],
    "read-only": lambda rows: np.frombuffer(np.array(rows).tobytes()).reshape(-1, 3),
    "memmap": memmap,
    "memoryview": lambda rows: memoryview(np.array(rows)),
    "frame": frame,
    "objects": lambda rows: np.array(rows, object),
    "arrays in a list": lambda rows: [np.array(row) for row in rows],
}


def losses(data: Any, targets: Any = Y, **settings: Any) -> list[Any]:
    model = nn.MLP(3, [4, 1], seed=2)
    history = nn.fit(model, data, targets, epochs=3, batch_size=5, lr=0.1, **settings)
    numbers = [*history["loss"], *history["validation_loss"], history.classes]
    return [*numbers, nn.evaluate(model, data, targets), nn.predict(model, data)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", [{}, {"validation": 0.25}, {"scale": True}], ids=repr)
def test_training_is_that_of_lists(kind: str, settings: Any) -> None:
    """To the last bit: losses, validation, evaluation, predictions."""
    assert losses(KINDS[kind](X), **settings) == losses(X, **settings)


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_in_machine_code_too(engine: str) -> None:
    pytest.importorskip("llvmlite")
    settings = {"engine": engine, "validation": 0.25}
    assert losses(np.array(X, "f4"), np.array(Y, int), **settings) == losses(X, **settings)
    given = (np.array(X[:4]), np.array(Y[:4]))
    settings = {"engine": engine, "validation": given}
    assert losses(np.array(X), np.array(Y), **settings) == losses(X, **settings)


@pytest.mark.parametrize(
    "targets",
    [
        np.array(Y, bool),
        np.array(Y, "u1"),
        np.array(Y)[:, None],
        np.array(["no", "yes"])[np.array(Y, int)],
        array.array("d", Y),
        array.array("b", map(int, Y)),
        memoryview(np.array(Y)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_targets_of_every_kind(targets: Any) -> None:
    """Classes; told apart as in a list of them."""
    assert losses(X, targets) == losses(X, targets.tolist())


def test_rows_of_one() -> None:
    """Arrays of one axis."""
    for data in (np.array([1.0, 2.0, 4.0]), array.array("d", [1.0, 2.0, 4.0])):
        assert list(read_rows("X", data)) == [[1.0], [2.0], [4.0]]


def test_a_buffer_in_use_can_still_grow() -> None:
    """A list made of an array is not in its way; nor are its rows."""
    data = array.array("d", [1.0, 2.0])
    rows = read_rows("X", data)
    data.append(3.0)
    assert list(rows) == [[1.0], [2.0]]


# -- messages --------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan
ODD: dict[str, Any] = {
    "nan": np.array([[1.0, 2.0], [3.0, NAN], [INF, 1.0]]),
    "an infinity in the last row": np.array([[1.0, 2.0]] * 700 + [[-INF, 1.0]], "f4"),
    "one axis": np.array([1.0, -INF, NAN]),
    "one column": np.array([[1.0], [NAN]]),
    "nothing": np.zeros((0, 3)),
    "no columns": np.zeros((3, 0)),
    "one number": np.array(3.0),
    "three axes": np.zeros((3, 2, 2)),
    "complex": np.array([[1j, 2.0]]),
    "texts": np.array([["1", "2"]]),
    "objects": np.array([[1.0, None]], object),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "masked": np.ma.array([[1.0, 2.0]], mask=[[False, True]]),
}


def message(call: Callable[[], object]) -> str:
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize("kind", ODD.keys() - {"one number"})
def test_messages_are_those_of_lists(kind: str) -> None:
    """The same class, words and place."""
    data = ODD[kind]
    assert message(lambda: read_rows("X", data)) == message(lambda: read_rows("X", data.tolist()))


@pytest.mark.parametrize("kind", ["nan", "one axis", "one column", "three axes", "complex"])
def test_messages_about_targets_too(kind: str) -> None:
    data, count = ODD[kind], len(ODD[kind])
    found = message(lambda: read_targets("y", data, count))
    assert found == message(lambda: read_targets("y", data.tolist(), count))
    assert "got 9 in X" in message(lambda: read_targets("y", data, 9))


def test_a_column_of_a_frame_is_named() -> None:
    rows = [[1.0, 2.0, 3.0], [1.0, NAN, 3.0]]
    wanted = "ValueError: X[1]['b'] is nan; fill in missing numbers, or leave the row out"
    assert message(lambda: read_rows("X", frame(rows))) == wanted
    assert message(lambda: read_targets("X", frame(rows), 2)) == wanted


@pytest.mark.parametrize("kind", ["object", "string", "Float64", "Int64"])
def test_what_pandas_calls_missing(kind: str) -> None:
    """NA, NaN and None, whatever the type of the column."""
    pandas = pytest.importorskip("pandas")
    known = ["no", "yes"] if kind in ("object", "string") else [0, 1]
    column = pandas.Series([known[0], None, known[1]], dtype=kind)
    wanted = r"ValueError: {} is (<NA>|nan|None); fill in missing numbers, or leave the row out"
    assert re.fullmatch(wanted.format(r"y\[1\]"), message(lambda: read_targets("y", column, 3)))
    if kind in ("Float64", "Int64"):
        rows = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": column})
        found = message(lambda: read_rows("X", rows))
        assert re.fullmatch(wanted.format(r"X\[1\]\['b'\]"), found)


def test_many_numbers_in_lists_are_read_into_an_array_with_the_same_messages() -> None:
    """A bad number anywhere comes before rows of other lengths."""
    rows = [[1.0] * 500 for _ in range(500)]
    assert isinstance(read_rows("X", rows), ArrayRows)
    rows[7] = [1.0] * 3
    wanted = "the entries of X must be alike: X[0] is a row of 500 numbers, X[7] is a row of 3 "
    assert wanted in message(lambda: read_rows("X", rows))
    rows[499] = [*[1.0] * 499, INF]
    assert "X[499][499] is inf; fill in" in message(lambda: read_rows("X", rows))


def test_a_loss_refuses_a_target_wherever_it_is() -> None:
    """binary_cross_entropy and hinge_loss, of several outputs: the first target that is none."""
    targets = np.full((300, 2), 0.5)
    targets[200, 1], targets[250, 0] = 1.5, 2.5
    rows = [float(i % 2) for i in range(300)]

    def refused(y: Any, loss: str) -> str:
        return message(lambda: nn.fit(nn.MLP(1, [2], seed=0), rows, y, loss=loss))

    for y in (targets, targets.tolist()):
        found = refused(y, "binary_cross_entropy")
        assert found.endswith("targets of binary_cross_entropy are from 0 to 1, got 1.5")
        assert refused(y, "hinge").endswith("labels of hinge_loss are -1 and 1, got 0.5")


# -- what is measured ------------------------------------------------------------------------------

draw = random.Random(4)
NUMBERS: list[Callable[[], float]] = [
    lambda: draw.gauss(0.0, 1.0),
    lambda: draw.gauss(1e4, 1.0),
    lambda: draw.gauss(0.0, 1e-3),
    lambda: 3.25,
    lambda: 0.0,
    lambda: draw.choice([-1.7e308, 1.7e308]),
    lambda: draw.choice([-10.0, 10.0]),
    lambda: float(draw.randrange(255)),
    lambda: draw.choice([5e-324, 0.0, 1e-310]),
]


def test_hints_and_scalers_are_those_of_lists() -> None:
    """Of columns large, small, equal, extreme, and just at the limits."""
    told = 0
    for count in (1, 2, 7, 300):
        for _ in range(30):
            kinds = draw.choices(NUMBERS, k=3)
            rows = [[number() for number in kinds] for _ in range(count)]
            data = np.array(rows)
            with np.errstate(all="raise", under="ignore"):
                hint = scale_hint("X", read_rows("X", data))
            assert hint == scale_hint("X", rows)
            told += hint is not None
            ours, theirs = nn.Scaler.from_rows(data), nn.Scaler.from_rows(rows)
            assert (ours.mean, ours.scale) == (theirs.mean, theirs.scale)
    assert told > 30


def test_a_scaler_refuses_missing_numbers_in_arrays() -> None:
    data = np.array([[1.0, 2.0], [NAN, 3.0]])
    assert message(lambda: nn.Scaler.from_rows(data)) == message(
        lambda: nn.Scaler.from_rows(data.tolist())
    )


@pytest.mark.parametrize("first", [np.array, list])
def test_a_training_begun_with_lists_goes_on_with_arrays(
    first: Callable[[Any], Any], tmp_path: Path
) -> None:
    """And the other way round: a checkpoint knows the data by their numbers."""
    outputs = [[row[0] / 7, row[1] / 7] for row in X]

    def train(data: Any, targets: Any, **settings: Any) -> list[float]:
        model = nn.MLP(3, [4, 2], seed=2)
        history = nn.fit(model, data, targets, batch_size=5, engine="eager", **settings)
        found: list[float] = history["loss"]
        return found

    path = tmp_path / "training.json"
    second = list if first is np.array else np.array
    train(first(X), first(outputs), epochs=2, checkpoint=path)
    resumed = train(second(X), second(outputs), epochs=4, checkpoint=path, resume=True)
    assert resumed == train(X, outputs, epochs=4)


# -- what it costs ---------------------------------------------------------------------------------


def test_work_in_python_does_not_grow_with_the_numbers() -> None:
    """Reading, checking and measuring four times the rows take as many lines of Python."""

    def prepare(count: int) -> Callable[[], object]:
        data = np.full((count, 40), 0.5)
        data[::2] = -0.5
        return lambda: scale_hint("X", read_rows("X", data))

    prepare(10)()  # imports
    assert work_grows_with(prepare, 500) < 1.5


def watch(history: nn.History) -> None:
    """A callback that does nothing."""


@pytest.mark.parametrize(
    ("settings", "copies"), [({}, 0), ({"validation": 0.2}, 1), ({"callback": watch}, 1)], ids=repr
)
def test_data_are_copied_where_they_might_change(settings: Any, copies: int) -> None:
    """At its highest, memory holds one copy beside the user's: of rows that are drawn from it, and
    where a callback might write to it; else none."""
    pytest.importorskip("llvmlite")
    data = np.random.default_rng(0).normal(0.0, 1.0, (10_000, 200))
    model = nn.MLP(200, [1], seed=0)
    keywords = {"epochs": 1, "batch_size": 500, "engine": "jit", "progress": False, **settings}
    nn.fit(model, data[:100], data[:100, 0], **keywords)  # imports
    tracemalloc.start()
    try:
        nn.fit(model, data, data[:, 0], **keywords)
        _, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert copies * data.nbytes < highest < (copies + 0.6) * data.nbytes


def test_what_stays_a_list() -> None:
    """Numbers of no type of NumPy's, texts, single numbers, a few numbers in lists."""
    for x in ([[1.0]], "text", b"12", {1: 2}, 3.0, np.float64(3.0), np.array(["a"]), None):
        assert number_array(x) is None
    assert read_rows("X", [[1.0], [2.0]]) == [[1.0], [2.0]]
