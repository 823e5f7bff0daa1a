"""What a newcomer writes by habit is answered with what to write here."""

import importlib
import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

import autograd
import nn
from autograd import Value

POINTS = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
SIDES = [1.0, -1.0, 2.0, 0.5]


def linear() -> nn.MLP:
    return nn.MLP(2, [1], seed=0)


def fit(**settings: Any) -> nn.History:
    return nn.fit(linear(), POINTS, SIDES, progress=False, **settings)


anything: Any = nn  # for calls that no type checker would let pass


@pytest.mark.parametrize(
    ("call", "ours"),
    [
        (lambda: fit(n_epochs=5), "called 'epochs'"),
        (lambda: fit(epoch=5), "called 'epochs'"),
        (lambda: fit(validation_split=0.2), "called 'validation'"),
        (lambda: fit(learning_rate=0.1), "called 'lr'"),
        (lambda: fit(batchsize=2), "the nearest name is 'batch_size'"),
        (lambda: anything.evaluate(linear(), POINTS, SIDES, criterion="mse"), "called 'loss'"),
        (lambda: anything.SGD([Value(1.0)], learning_rate=0.1), "called 'lr'"),
        (lambda: anything.Adam([Value(1.0)], epsilon=0.1), "called 'eps'"),
        (lambda: anything.Adam(params=[Value(1.0)]), "called 'parameters'"),
        (lambda: anything.MLP(2, [4], act="relu"), "called 'activation'"),
        (lambda: anything.MLP(2, hidden_sizes=[4]), "called 'sizes'"),
        (lambda: anything.Layer(2, 4, random_state=0), "called 'seed'"),
        (lambda: anything.Linear(2, 4, use_bias=False), "called 'bias'"),
        (lambda: anything.Dropout(rate=0.1), "called 'p'"),
    ],
)
def test_an_unknown_keyword_names_ours(call: Callable[[], Any], ours: str) -> None:
    with pytest.raises(TypeError, match=rf"got an unexpected keyword argument '\w+'; .*{ours}"):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: anything.fit(linear(), POINTS),
            r"^fit\(\) needs y \(.* write fit\(model, X, y\)$",
        ),
        (lambda: anything.fit(POINTS, SIDES), r"needs y .* write fit\(model, X, y\)$"),
        (lambda: anything.fit(linear(), X=POINTS, lr=0.1), "needs y "),
        (lambda: anything.fit(linear()), r"needs X \(a row of .*\) and y \("),
        (lambda: anything.fit(linear(), POINTS, targets=SIDES), "here it is called 'y'"),
        (
            lambda: anything.fit(linear(), POINTS, SIDES, "mse"),
            "by name .*loss=.*; got 'mse' by place",
        ),
        (lambda: anything.evaluate(linear(), POINTS), r"write evaluate\(model, X, y\)$"),
        (lambda: anything.score(linear(), POINTS), r"write score\(model, X, y\)$"),
        (lambda: anything.predict(POINTS), r"needs X .* write predict\(model, X\)$"),
        (lambda: anything.predict_proba(linear()), r"write predict_proba\(model, X\)$"),
        (
            lambda: anything.MLP(2),
            r"^MLP\(\) needs sizes \(the widths.* write MLP\(n_inputs, sizes\)$",
        ),
        (lambda: anything.Linear(2), "needs out_features"),
        (lambda: anything.SGD(lr=0.1), r"needs parameters \(.*model.parameters\(\)\)"),
    ],
)
def test_an_argument_that_is_left_out_is_said_what_it_is(
    call: Callable[[], Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        call()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("import autograd.numpy as np", "this is Chainrule, and not HIPS.* import numpy "),
        ("from autograd.numpy import exp", "not HIPS.* NumPy itself works"),
        ("from autograd import numpy", "not HIPS.* NumPy itself works"),
        ("import autograd.numpy.random", "not HIPS.* NumPy itself works"),
        ("import autograd.scipy.stats", "SciPy itself"),
        ("from autograd.misc.optimizers import adam", r"nn\.Adam"),
        ("from autograd.test_util import check_grads", r"autograd\.check_grad\(f, x\)"),
        ("from autograd import elementwise_grad", r"here it is autograd\.vmap"),
        ("from autograd import Tensor", r"here it is autograd\.Value\(data\)"),
        ("from autograd import nn", "import nn$"),
        ("import autograd.nn", "import nn$"),
        ("import nn.functional as F", "nn has the losses"),
        ("from nn import Conv2d", "there are no convolutions"),
    ],
)
def test_an_import_by_a_name_from_elsewhere_says_ours(statement: str, words: str) -> None:
    """Also where Python would replace what the module says of its attributes by its own words."""
    with pytest.raises(ImportError, match=words):
        exec(statement)


def test_an_import_by_no_known_name_is_pythons_own_error() -> None:
    for statement, words in (
        ("import autograd.bogus", r"^No module named 'autograd\.bogus'$"),
        ("from nn import bogus", "^cannot import name 'bogus' from 'nn'"),
    ):
        with pytest.raises(ImportError, match=words):
            exec(statement)


@pytest.mark.parametrize("name", ["scale", "shuffle", "resume"])
def test_a_text_is_no_flag(name: str) -> None:
    """Python would take "no" for True."""
    with pytest.raises(TypeError, match=f"^{name} must be True or False, got the text 'no'$"):
        fit(**{name: "no"})


@pytest.mark.parametrize(
    ("thing", "name", "words"),
    [
        (Value(1.0), "gradient", r"in v\.grad"),
        (Value(1.0), "backwards", r"v\.backward\(\)"),
        (Value(1.0), "val", r"v\.data"),
        (linear(), "params", r"model\.parameters\(\)"),
        (linear(), "summary", r"print\(model\)"),
        (linear(), "forward", r"call it: model\(row\)"),
    ],
)
def test_an_attribute_by_another_name_says_ours(thing: Any, name: str, words: str) -> None:
    with pytest.raises(AttributeError, match=words):
        getattr(thing, name)


def test_a_keyword_like_no_other_gets_no_hint() -> None:
    with pytest.raises(TypeError, match=r"^fit\(\) got an unexpected keyword argument 'zzz'$"):
        fit(zzz=1)


def test_functions_with_hints_keep_their_signature_and_text() -> None:
    assert list(inspect.signature(nn.fit).parameters)[:4] == ["model", "X", "y", "loss"]
    assert list(inspect.signature(nn.SGD).parameters)[:2] == ["parameters", "lr"]
    assert (nn.fit.__doc__ or "").startswith("Train a model")


def test_warnings_of_a_training_point_at_the_line_that_asked_for_it() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.fit(linear(), [[0.0, 1e6], [1.0, 3e6]], [0.5, 0.7], epochs=1, progress=False)
        nn.fit(linear(), POINTS, SIDES, optimizer="sgd", lr=1e200, epochs=5, progress=False)
    assert len(caught) >= 2
    assert {warning.filename for warning in caught} == {__file__}


def test_the_networks_are_no_part_of_autograd() -> None:
    """However they are asked for; and asking whether there are any stays a question."""
    for statement in (
        "import autograd.nn",
        "from autograd import nn",
        "from autograd.nn import MLP",
    ):
        with pytest.raises(ImportError, match="a package of their own: import nn"):
            exec(statement, {})
    assert not hasattr(autograd, "nn")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'autograd\.nnn'"):
        importlib.import_module("autograd.nnn")


def test_load_called_on_a_class_names_the_function() -> None:
    for call in (lambda: anything.MLP.load("m.json"), lambda: anything.Module.load(path="m.json")):
        with pytest.raises(TypeError, match=r"nn\.load\(path\) makes the model"):
            call()


@pytest.mark.parametrize("engine", [None, "eager", "jit"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_loss_of_one_sample_is_told_of_batches(engine: str | None, outputs: int) -> None:
    y = [[side] * outputs for side in SIDES]
    model = nn.MLP(2, [outputs], seed=0)
    with pytest.raises(TypeError, match=r"outputs and the targets of a whole batch, .* zip\("):
        nn.fit(model, POINTS, y, loss=lambda o, t: (o - t) ** 2, engine=engine, progress=False)


def test_other_errors_of_a_loss_are_its_own() -> None:
    with pytest.raises(TypeError, match=r"^no loss today$"):
        fit(loss=_without_a_loss)


def _without_a_loss(outputs: Any, targets: Any) -> Any:
    raise TypeError("no loss today")


@pytest.mark.parametrize("name", ["s.svg", "s.PNG", "s.mp4"])
def test_a_player_is_saved_as_a_page_only(name: str, tmp_path: Path) -> None:
    pytest.importorskip("graphviz")
    player = autograd.steps(Value(2.0) * 3.0)
    with pytest.raises(ValueError, match=r"ends in \.html"):
        player.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_data_sets_from_elsewhere_name_ours() -> None:
    for name, ours in [("make_moons", "moons"), ("load_iris", "iris"), ("digits", "IRIS, iris")]:
        with pytest.raises(AttributeError, match=f"; (here it is nn.datasets.|there are ){ours}"):
            getattr(nn.datasets, name)
    assert dir(nn.datasets) == ["IRIS", "iris", "moons"]


def test_columns_of_a_one_hot_frame_are_the_classes(tmp_path: Path) -> None:
    """Of texts and of whole numbers; they stay with the model, and in its file."""
    pandas = pytest.importorskip("pandas")
    for labels in (["cat", "dog", "owl", "dog"], [3, 5, 7, 5]):
        model = nn.MLP(2, [3], seed=0)
        y = pandas.get_dummies(labels)
        history = nn.fit(model, POINTS, y, epochs=300, lr=0.1, progress=False)
        assert history.classes == tuple(sorted(set(labels)))
        assert nn.predict(model, POINTS) == labels
        assert nn.score(model, POINTS, y) == nn.score(model, POINTS, labels) == 1.0
        model.save(tmp_path / "m.json")
        assert nn.predict(nn.load(tmp_path / "m.json"), POINTS) == labels
    plain = nn.fit(nn.MLP(2, [3]), POINTS, y.to_numpy(), epochs=1, progress=False)
    assert plain.classes == (0, 1, 2)


@pytest.mark.parametrize(
    "name",
    ["sum", "prod", "mean", "median", "norm", "logsumexp", "max", "min", "softmax", "log_softmax"],
)
def test_functions_of_a_sequence_say_that_they_take_one(name: str) -> None:
    function = getattr(autograd, name)
    for arguments in ((1.0, 2.0), ([1.0], 2.0, 3.0)):
        with pytest.raises(TypeError, match=rf"^{name} takes one sequence, as in {name}\(\[a, b"):
            function(*arguments)


def test_modes_decorate_with_and_without_parentheses() -> None:
    """A function, a generator, and what is none."""

    def double(x: Any) -> Any:
        return x + x

    def doubles(x: Any) -> Any:
        yield x + x

    x, ill_typed = Value(3.0), cast("Any", autograd.no_grad)
    assert autograd.no_grad(double)(x).parents == autograd.no_grad()(double)(x).parents == ()
    assert next(autograd.no_grad(doubles)(x)).parents == ()
    assert autograd.no_grad(double).__name__ == "double"
    assert autograd.record_lines(double)(x).line is not None
    with pytest.raises(FloatingPointError):
        autograd.detect_anomaly(autograd.log)(Value(0.0))
    assert double(x).parents == (x, x)
    with pytest.raises(TypeError, match="a block decorates a function or is opened by `with`"):
        ill_typed(False)
