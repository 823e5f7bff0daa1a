"""`fit(engine="jit")`: the same training as the engine's, or none."""

from __future__ import annotations

import builtins
import gc
import json
import math
import random
import signal
import sys
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

import autograd
import nn
from autograd import Value, grad
from nn import schedules

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

pytestmark = pytest.mark.usefixtures("machine_code_once")

FIT: Any = sys.modules["nn.training.fitting"]

rng = random.Random(5)
POINTS = [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(40)]
SIDES = [1 if x * y > 0 else 0 for x, y in POINTS]
SIGNS = [2 * side - 1 for side in SIDES]
CORNERS = [(x > 0) + 2 * (y > 0) for x, y in POINTS]
SUMS = [x + 2 * y for x, y in POINTS]
PAIRS = [[s, -s] for s in SUMS]

Make = Callable[[], nn.Module]


def classifier(outputs: int = 1, **settings: Any) -> nn.MLP:
    return nn.MLP(2, [3, outputs], seed=1, **settings)


def weights(model: nn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


def trained(
    make: Make, y: Any, engine: str | None, **settings: Any
) -> tuple[nn.History, nn.Module]:
    """A training as the settings say; "optimizer" may be a function of the parameters."""
    model = make()
    settings = {"epochs": 6, "lr": 0.05, "batch_size": 16, **settings}
    if callable(settings.get("optimizer")):
        settings.pop("lr")
    return nn.fit(model, POINTS, y, engine=engine, **settings), model


def assert_same(first: nn.History, second: nn.History, rel: float = 1e-9) -> None:
    """The same numbers up to rounding, accuracies exactly."""
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert (a.accuracy, a.validation_accuracy) == (b.accuracy, b.validation_accuracy)
        for x, y in zip(
            astuple(replace(a, seconds=0.0)), astuple(replace(b, seconds=0.0)), strict=True
        ):
            assert x == y or x == pytest.approx(y, rel=rel, abs=1e-12)


def assert_alike(make: Make, y: Any, **settings: Any) -> nn.History:
    """Both engines give the same history and weights."""
    (eager, by_engine), (jit, by_machine) = (
        trained(make, y, engine, **settings) for engine in ("eager", "jit")
    )
    assert (eager.engine, jit.engine) == ("eager", "jit")
    assert_same(jit, eager)
    assert weights(by_machine) == pytest.approx(weights(by_engine), rel=1e-9, abs=1e-12)
    assert jit.stopped == eager.stopped
    return jit


def exact(history: nn.History) -> list[tuple[Any, ...]]:
    return [astuple(replace(record, seconds=0.0)) for record in history]


# -- the same training -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "outputs", "loss"),
    [
        (SIDES, 1, "binary_cross_entropy"),
        ([0.1 + 0.8 * side for side in SIDES], 1, "binary_cross_entropy"),
        (SIGNS, 1, "hinge"),
        (SIDES, 1, "mse"),
        (SUMS, 1, "mse"),
        (SUMS, 1, "huber"),
        (SUMS, 1, "half_squared_error"),
        (PAIRS, 2, "mse"),
        (PAIRS, 2, "huber"),
        (PAIRS, 2, "half_squared_error"),
        (CORNERS, 4, "cross_entropy"),
        ([["ll", "lr", "ul", "ur"][k] for k in CORNERS], 4, "cross_entropy"),
        (CORNERS, 4, "mse"),
        (CORNERS, 4, "half_squared_error"),
        (CORNERS, 4, "hinge"),
        (CORNERS, 4, "binary_cross_entropy"),
        (CORNERS, 4, "huber"),
    ],
)
def test_every_loss(y: Any, outputs: int, loss: str) -> None:
    """In shuffled batches of 16, 16 and, the held-out ones gone, 0 < n < 16."""
    assert_alike(partial(classifier, outputs), y, loss=loss, validation=0.1)


@pytest.mark.parametrize("output_activation", ["sigmoid", "tanh"])
def test_squashed_outputs_have_their_threshold(output_activation: str) -> None:
    make = partial(classifier, output_activation=output_activation)
    assert_alike(make, SIDES if output_activation == "sigmoid" else SIGNS)


class Signed(nn.Optimizer):
    """A user's optimiser with a rule: steps of one size."""

    memory: ClassVar[tuple[str, ...]] = ("last",)

    def __init__(self, parameters: Any, lr: float) -> None:
        super().__init__(parameters, lr)
        self.last = [0.0] * len(self.parameters)

    @staticmethod
    def rule(settings: Any, p: Any, g: Any, last: Any) -> Any:
        (lr,) = settings
        if g == 0.0:
            return p, last
        return p - lr * autograd.sign(g) - 0.1 * lr * last, autograd.sign(g)


OPTIMIZERS = {
    "sgd": partial(nn.SGD, lr=0.1),
    "momentum": partial(nn.SGD, lr=0.1, momentum=0.9),
    "nesterov": partial(nn.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": partial(nn.Adam, lr=0.05),
    "adam, decaying": partial(nn.Adam, lr=0.05, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.01),
    "adamw": partial(nn.AdamW, lr=0.05),
    "a user's": partial(Signed, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser(name: str) -> None:
    """What it keeps, too, is handed back at the end."""
    kept: list[nn.Optimizer] = []

    def optimizer(parameters: list[Value]) -> nn.Optimizer:
        kept.append(OPTIMIZERS[name](parameters))
        return kept[-1]

    assert_alike(classifier, SIDES, optimizer=optimizer)
    eager, jit = (optimizer.state_dict() for optimizer in kept)
    assert eager["steps"] == jit["steps"] == 18
    for key, value in eager.items():
        assert jit[key] == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": schedules.cosine(6)},
        {"schedule": schedules.step(2)},
        {"schedule": lambda epoch: 1.0 / (1 + epoch)},
        {"clip_norm": 0.1},
        {"clip_value": 0.01},
        {"clip_norm": 0.1, "clip_value": 0.05},
        {"batch_size": None},
        {"batch_size": 1, "epochs": 2},
        {"shuffle": False},
        {"seed": 9},
        {"validation": 0.3},
        {"validation": ([[1.0, 1.0], [-1.0, 1.0]], [1, 0])},
        {"validation": 0.3, "epochs": 40, "lr": 0.5, "patience": 3},
        {"patience": 3, "epochs": 40, "lr": 1.0},
        {"patience": 3, "epochs": 40, "lr": 1.0, "restore_best": False},
        {"restore_best": True, "batch_size": None},
    ],
    ids=", ".join,
)
def test_every_setting(settings: dict[str, Any]) -> None:
    assert_alike(classifier, SIDES, **settings)


def test_gradients_are_handed_back() -> None:
    """Those of the last batch, clipped, as the engine leaves them."""
    found = [
        [p.grad for p in trained(classifier, SIDES, engine, clip_value=0.01)[1].parameters()]
        for engine in ("eager", "jit")
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert max(map(abs, found[1])) == 0.01


def test_an_optimiser_of_some_parameters() -> None:
    """In an order of its own; the others stay where they are."""
    make = classifier
    before = weights(make())

    def optimizer(parameters: list[Value]) -> nn.Optimizer:
        return nn.SGD([parameters[4], parameters[1]], lr=0.1, momentum=0.9)

    assert_alike(make, SIDES, optimizer=optimizer, clip_norm=0.1)
    _, model = trained(make, SIDES, "jit", optimizer=optimizer)
    moved = [i for i, (a, b) in enumerate(zip(before, weights(model), strict=True)) if a != b]
    assert moved == [1, 4]


def test_equal_outputs_count_as_the_first_class() -> None:
    """Ties are broken as the engine breaks them."""

    def make() -> nn.Module:
        return nn.Layer.from_weights([[0.0, 0.0]] * 4, 0.0, "linear")

    history = assert_alike(make, CORNERS, epochs=1, optimizer=partial(nn.SGD, lr=0.1))
    assert history[0].accuracy is not None


def test_outputs_that_overflow_are_counted_as_the_engine_counts_them() -> None:
    """Validation data so far out that the outputs are infinite or NaN."""

    def make() -> nn.Module:
        return nn.Layer(2, 2, "linear", seed=1)

    far = ([[1e308, 1e308], [1e308, -1e308], [1.0, 2.0]], [0, 1, 0])
    histories = [
        trained(make, SIDES, engine, loss="hinge", validation=far, epochs=2)[0]
        for engine in ("eager", "jit")
    ]
    accuracies = [history["validation_accuracy"] for history in histories]
    assert accuracies[0] == accuracies[1]


# -- models of the user's own ----------------------------------------------------------------------


class Pair(NamedTuple):
    first: Any
    second: Any


class Shelf(nn.Module):
    """Parameters wherever a module may keep them."""

    def __init__(self) -> None:
        values = [Value(0.1 * (i + 1)) for i in range(12)]
        self.shared = values[0]
        self.again = values[0]
        self.in_list = values[1:3]
        self.in_tuple = tuple(values[3:5])
        self.in_named = Pair(values[5], [values[6]])
        self.in_dict = OrderedDict(a=values[7], b={"c": values[8]})
        self.in_array = np.array(values[9:11], dtype=object)
        self.inner = nn.Neuron.from_weights([0.3, -0.2], 0.0, "tanh")
        self.modules = [self.inner, nn.Neuron.from_weights([0.1, 0.2], 0.5, "tanh")]
        self.last: Any = values[11] * 1.0
        self.name = "shelf"

    def __call__(self, x: Any) -> Any:
        total = self.shared * x[0] + self.again * x[1]
        total = total + autograd.dot(self.in_list, x) + autograd.dot(self.in_tuple, x)
        total = total + self.in_named.first * x[0] * self.in_named.second[0]
        total = total + self.in_dict["a"] * autograd.tanh(self.in_dict["b"]["c"] * x[1])
        total = total + (self.in_array * np.array([x[0], 1.0], dtype=object)).sum()
        for module in self.modules:
            total = total + module(x)
        self.last = total
        return total


def test_parameters_wherever_they_are() -> None:
    assert_alike(Shelf, SUMS)
    _, model = trained(Shelf, SUMS, "jit")
    assert isinstance(model, Shelf)
    assert all(isinstance(p, Value) and not p.op for p in model.parameters())
    assert type(model.in_named) is Pair
    assert type(model.in_dict) is OrderedDict
    assert model.shared is model.again


def test_a_shared_bias() -> None:
    """Its gradient is the sum over its uses."""

    def make() -> nn.Module:
        b = Value(0.25, "b")
        return nn.Layer.from_weights([[0.1, 0.2], [0.3, 0.4]], b, "tanh")

    assert len(make().parameters()) == 5
    assert_alike(make, PAIRS)


class Leaky(nn.Module):
    """Decides with `if`, so there are paths."""

    def __init__(self) -> None:
        self.first = nn.Layer(2, 2, "linear", seed=2)
        self.last = nn.Layer(2, 1, "linear", seed=3)

    def __call__(self, x: Any) -> Any:
        return self.last([h if h > 0 else 0.1 * h for h in self.first(x)])


def test_decisions_make_paths(tmp_path: Path) -> None:
    """Several rows of a batch take several of them; resumed, the numbers are the same bits."""
    assert_alike(Leaky, SIDES, validation=0.2)
    file = tmp_path / "training.json"
    whole, _ = trained(Leaky, SIDES, "jit", epochs=8)
    trained(Leaky, SIDES, "jit", epochs=3, checkpoint=file)
    resumed, _ = trained(Leaky, SIDES, "jit", epochs=8, checkpoint=file, resume=True)
    assert exact(resumed) == exact(whole)


def test_a_model_that_gives_a_list_of_one() -> None:
    class Listed(nn.Module):
        def __init__(self) -> None:
            self.inner = classifier()

        def __call__(self, x: Any) -> list[Any]:
            return [self.inner(x)]

    assert_alike(Listed, SIDES)


def test_values_that_are_no_parameters_are_constants() -> None:
    scale = Value(3.0, "scale")

    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.inner = classifier()

        def __call__(self, x: Any) -> Any:
            return self.inner(x) * scale

    assert_alike(Scaled, SIDES)


def test_a_model_that_asks_for_its_parameters() -> None:
    class Weighed(nn.Module):
        def __init__(self) -> None:
            self.inner = classifier()

        def __call__(self, x: Any) -> Any:
            return self.inner(x) + 0.1 * autograd.sum([p * p for p in self.parameters()])

    assert_alike(Weighed, SUMS)


# -- losses of the user's own ----------------------------------------------------------------------


def top_heavy(outputs: Any, targets: Any) -> Any:
    """Joins rows as no mean does, decides, and looks at plain numbers."""
    errors = [autograd.square(o - t) for o, t in zip(outputs, targets, strict=True)]
    worst = max(errors)
    return autograd.mean(errors) + (worst if worst.data > 0.5 else 2.0 * worst)


def test_a_loss_of_the_users_own() -> None:
    assert_alike(classifier, SUMS, loss=top_heavy, validation=0.2)


def test_a_loss_with_classes_of_the_users_own() -> None:
    def loss(outputs: Any, targets: Any) -> Any:
        return nn.cross_entropy(outputs, targets) + 0.01 * sum(
            z * z for row in outputs for z in row
        )

    assert_alike(partial(classifier, 4), CORNERS, loss=loss, validation=0.2)


def test_a_loss_that_reads_the_parameters() -> None:
    """A penalty on the weights, as they are in every step."""

    def run(engine: str) -> tuple[nn.History, nn.Module]:
        model = classifier()

        def loss(outputs: Any, targets: Any) -> Any:
            penalty = autograd.sum([p * p for p in model.parameters()])
            return nn.hinge_loss(outputs, targets) + 0.01 * penalty

        history = nn.fit(model, POINTS, SIGNS, loss=loss, epochs=5, engine=engine)
        return history, model

    (eager, by_engine), (jit, by_machine) = run("eager"), run("jit")
    assert jit.engine == "jit"
    assert_same(jit, eager)
    assert weights(by_machine) == pytest.approx(weights(by_engine), rel=1e-9)


# -- watching --------------------------------------------------------------------------------------


def test_callbacks_see_and_change() -> None:
    """Weights, gradients, learning rate and momentum, as with the engine; True stops."""

    def run(engine: str) -> tuple[list[Any], nn.History, nn.Module]:
        model, seen = classifier(), []
        optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.5)

        def callback(history: nn.History) -> bool:
            seen.append(
                [weights(model), [p.grad for p in model.parameters()], optimizer.velocity[0]]
            )
            optimizer.lr *= 0.5
            optimizer.momentum = 0.0 if len(history) == 3 else optimizer.momentum
            optimizer.velocity[1] = 0.0
            model.parameters()[0].data = 0.125
            return len(history) == 5

        history = nn.fit(
            model, POINTS, SIDES, optimizer=optimizer, epochs=9, callback=callback, engine=engine
        )
        return seen, history, model

    (seen, eager, by_engine), (seen_too, jit, by_machine) = run("eager"), run("jit")
    assert_same(jit, eager)
    assert jit.stopped == eager.stopped == "by callback after 5 epochs"
    for a, b in zip(seen_too, seen, strict=True):
        for x, y in zip(a, b, strict=True):
            assert x == pytest.approx(y, rel=1e-9)
    assert by_machine.parameters()[0].data == 0.125
    assert weights(by_machine) == pytest.approx(weights(by_engine), rel=1e-9)


@pytest.mark.parametrize("engine", ["jit", "eager"])
def test_resumed_to_the_last_bit(engine: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "optimizer": "adamw", "validation": 0.2, "schedule": schedules.cosine(10), "seed": 4
    }  # fmt: skip
    whole, model = trained(classifier, SIDES, engine, epochs=10, **settings)
    file = tmp_path / "training.json"
    trained(classifier, SIDES, engine, epochs=4, checkpoint=file, **settings)
    assert json.loads(file.read_text())["training"]["engine"] == engine
    resumed_model = classifier()
    resumed = nn.fit(
        resumed_model, POINTS, SIDES, epochs=10, lr=0.05, batch_size=16, checkpoint=file,
        resume=True, **settings,
    )  # fmt: skip
    assert resumed.engine == engine
    assert exact(resumed) == exact(whole)
    assert weights(resumed_model) == weights(model)


def test_the_same_seed_gives_the_same_bits() -> None:
    runs = [trained(classifier, SIDES, "jit", validation=0.2) for _ in range(2)]
    assert exact(runs[0][0]) == exact(runs[1][0])
    assert weights(runs[0][1]) == weights(runs[1][1])


# -- endings ---------------------------------------------------------------------------------------


@pytest.fixture
def alarm() -> Iterator[Callable[[float], Any]]:
    """A function that makes a KeyboardInterrupt come after some seconds, of a real signal."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("there is no timer that sends a signal")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    gc.collect()  # or the signal may come in a finalizer, where Python ignores exceptions
    before = signal.signal(signal.SIGALRM, interrupt)
    yield partial(signal.setitimer, signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("delay", [0.002, 0.0113, 0.0217, 0.0321])
def test_interrupted_at_any_moment(delay: float, alarm: Callable[[float], Any]) -> None:
    """Wherever Ctrl-C comes, the training ends with the best weights, the model is whole, and what
    is computed with it is recorded."""
    model = classifier()
    parameters = model.parameters()

    def callback(history: nn.History) -> None:
        if len(history) == 20:  # enough to be better than chance, on the slowest machine
            alarm(delay)

    history = nn.fit(model, POINTS, SIDES, epochs=5_000, engine="jit", callback=callback)
    assert history.interrupted
    assert f"the best, of epoch {history.best.epoch}" in history.stopped
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True))
    assert nn.evaluate(model, POINTS, SIDES).loss < math.log(2)
    assert model(POINTS[0]).parents


def test_interrupted() -> None:
    """The best weights so far, as with the engine."""

    def callback(history: nn.History) -> None:
        if len(history) == 4:
            raise KeyboardInterrupt

    jit = assert_alike(classifier, SIDES, callback=callback)
    assert jit.interrupted
    assert len(jit) == 4


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        (SUMS, {"optimizer": "sgd", "lr": 1e150}),
        (SUMS, {"optimizer": "sgd", "lr": 1e150, "loss": top_heavy}),
        (CORNERS, {"optimizer": "sgd", "lr": 1e200, "loss": "mse"}),
        (SUMS, {"optimizer": "sgd", "lr": 1e150, "batch_size": None, "epochs": 9}),
    ],
)
def test_not_finite(y: Any, settings: dict[str, Any]) -> None:
    """Ends with the same words and weights as the engine's training."""

    def make() -> nn.Module:
        return nn.MLP(2, [3, 4 if y is CORNERS else 1], activation="linear", seed=1)

    said = []
    for engine in ("eager", "jit"):
        with pytest.warns(RuntimeWarning, match="training stopped") as record:
            history, model = trained(make, y, engine, **settings)
        said.append((str(record[-1].message), history.stopped, weights(model)))
    assert said[0][:2] == said[1][:2]
    assert said[1][2] == pytest.approx(said[0][2], rel=1e-9)


# -- what can't be compiled ------------------------------------------------------------------------


def assert_refused(make: Make, match: str, **settings: Any) -> None:
    """As an error where machine code is asked for, and as a warning where it is taken."""
    with pytest.raises(ValueError, match=match):
        trained(make, SIDES, "jit", **settings)
    with always_long(), pytest.warns(UserWarning, match=match):
        history, _ = trained(make, SIDES, None, **settings)
    assert history.engine == "eager"


@contextmanager
def always_long() -> Iterator[None]:
    """Every training is worth compiling."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FIT, "is_worth_compiling", lambda *_: True)
        yield


class Wrapped(nn.Module):
    """A network and something done to its answer."""

    def __init__(self, wrap: Callable[[Any, Any], Any]) -> None:
        self.inner = classifier()
        self.wrap = wrap

    def __call__(self, x: Any) -> Any:
        return self.wrap(self, self.inner(x))


def test_random_numbers() -> None:
    """Even if all draws came out alike while it was recorded."""
    own, of_numpy = random.Random(1), np.random.default_rng(1)
    dropouts: list[Callable[[], float]] = [
        random.random,
        own.random,
        of_numpy.random,
        np.random.rand,
    ]
    for draw in dropouts:

        def wrap(_: Any, out: Any, draw: Any = draw) -> Any:
            return out * 0.0 if draw() < 1e-9 else out

        assert_refused(partial(Wrapped, wrap), "draws random numbers")


def test_a_parameter_in_a_closure() -> None:
    """Read past the attributes, itself or as something computed from it once."""

    def make(compute: Callable[[Value], Any]) -> nn.Module:
        scale = Value(2.0, "scale")
        captured = compute(scale)
        model = Wrapped(lambda _, out: out * captured)
        model.scale = scale  # type: ignore[attr-defined]
        return model

    match = "reads its parameter 'scale' from elsewhere"
    assert_refused(partial(make, lambda scale: scale), match)
    assert_refused(partial(make, autograd.exp), match)


def test_a_number_that_leaves() -> None:
    """`.data` of a parameter would stay as it was."""
    assert_refused(
        partial(Wrapped, lambda model, out: out * model.inner.parameters()[0].data), r"reads \.data"
    )


def test_a_model_that_counts_its_calls() -> None:
    def wrap(model: Any, out: Any) -> Any:
        model.calls = getattr(model, "calls", 0) + 1
        return out

    assert_refused(partial(Wrapped, wrap), "attributes of Wrapped change: calls")


def test_too_many_paths() -> None:
    """More than it pays to compile; with the line of the decision."""

    def relu(x: Any) -> Any:
        return x if x > 0 else 0.0 * x

    def make() -> nn.Module:
        return nn.MLP(2, [7, 1], activation=relu, seed=1)

    match = r"too many paths .*test_compiled_training\.py"
    with pytest.raises(ValueError, match=match):
        trained(make, SIDES, "jit")
    expected, by_engine = trained(make, SIDES, "eager")
    with always_long(), pytest.warns(UserWarning, match=match):
        history, model = trained(make, SIDES, None)
    assert_same(history, expected)
    assert weights(model) == pytest.approx(weights(by_engine), rel=1e-9)


def test_a_leak_on_a_later_path() -> None:
    """Met in the middle of the training: the engine goes on."""

    def wrap(_: Any, out: Any) -> Any:
        return out * (out.data / out.data) if out > 2.0 else out

    settings: dict[str, Any] = {"loss": "mse", "lr": 0.05, "epochs": 20}
    y = [4.0 * side for side in SIDES]
    expected, _ = trained(partial(Wrapped, wrap), y, "eager", **settings)
    with always_long(), pytest.warns(UserWarning, match=r"training goes on uncompiled: .*\.data"):
        history, _ = trained(partial(Wrapped, wrap), y, None, **settings)
    assert history.engine == "eager"
    assert_same(history, expected)


class WithoutRule(nn.Optimizer):
    def updated(self, i: int, parameter: Value) -> float:
        return parameter.data - self.lr * parameter.grad


class Overridden(nn.SGD):
    def updated(self, i: int, parameter: Value) -> float:
        return parameter.data - 2 * self.lr * parameter.grad


class Stepping(nn.SGD):
    def step(self) -> None:
        super().step()
        self.parameters[0].data = 0.5


class Leaking(nn.Optimizer):
    @staticmethod
    def rule(settings: Any, p: Any, g: Any) -> Any:
        return (p - settings[0] * math.copysign(1.0, g),)


class Noisy(nn.Optimizer):
    @staticmethod
    def rule(settings: Any, p: Any, g: Any) -> Any:
        return (p - settings[0] * g + random.gauss(0.0, 0.01),)


@pytest.mark.parametrize("kind", [WithoutRule, Overridden, Stepping, Leaking, Noisy])
def test_optimisers_that_no_rule_describes(kind: Any) -> None:
    assert_refused(classifier, kind.__name__, optimizer=partial(kind, lr=0.1))
    if kind is not Noisy:
        runs = [
            trained(classifier, SIDES, engine, optimizer=partial(kind, lr=0.1))
            for engine in ("eager", "eager")
        ]
        assert exact(runs[0][0]) == exact(runs[1][0])


def test_a_step_of_ones_own_is_taken() -> None:
    """Also where the class below it has a rule."""
    _, model = trained(classifier, SIDES, "eager", optimizer=partial(Stepping, lr=0.1))
    assert model.parameters()[0].data == 0.5


@pytest.mark.parametrize("engine", ["JIT", "numpy", 1, True])
def test_unknown_engines(engine: Any) -> None:
    with pytest.raises(ValueError, match=r'engine is "jit", "eager" or None, got'):
        nn.fit(classifier(), POINTS, SIDES, engine=engine)


@pytest.mark.parametrize("missing", ["llvmlite", "numpy"])
def test_without_what_it_needs(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error with the command if machine code is asked for; else the engine, without a word."""
    import_ = builtins.__import__

    def without(name: str, *args: Any, **keywords: Any) -> Any:
        if name.partition(".")[0] == missing:
            raise ImportError(name)
        return import_(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    from autograd.compiler.native import machine

    for function in [
        *vars(machine).values(),
        *vars(sys.modules["autograd.compiler.vmap"]).values(),
    ]:
        if hasattr(function, "cache_clear"):
            function.cache_clear()
    with pytest.raises(ImportError, match="pip install"):
        trained(classifier, SIDES, "jit")
    with always_long(), warnings.catch_warnings():
        warnings.simplefilter("error")
        history, _ = trained(classifier, SIDES, None)
    assert history.engine == "eager"


def test_the_choice_without_one() -> None:
    """By size: a short training is not worth compiling, a long one is, however large the model."""
    large = len(nn.MLP(2, [200, 100, 1], seed=1).parameters())
    assert not FIT.is_worth_compiling(1, len(POINTS), large)
    assert FIT.is_worth_compiling(1000, len(POINTS), large)
    assert nn.fit(classifier(), POINTS, SIDES, epochs=1).engine == "eager"
    assert nn.fit(classifier(), POINTS, SIDES, epochs=3000, batch_size=None).engine == "jit"


def test_more_than_twenty_thousand_parameters() -> None:
    """Compiled with its loops: the engine's losses and weights but for rounding."""
    numbers = random.Random(1)
    rows = [[numbers.gauss(0.0, 1.0) for _ in range(160)] for _ in range(5)]
    targets = [[math.tanh(row[i] + row[i + 1]) for i in range(125)] for row in rows]
    models = [nn.MLP(160, [125], seed=2) for _ in range(2)]
    histories = [
        nn.fit(model, rows, targets, epochs=2, batch_size=3, engine=engine)
        for model, engine in zip(models, ("jit", "eager"), strict=True)
    ]
    assert len(models[0].parameters()) == 20_125
    assert histories[0]["loss"] == pytest.approx(histories[1]["loss"], rel=1e-12)
    found, wanted = ([p.data for p in model.parameters()] for model in models)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_nothing_is_left_behind() -> None:
    """No handle on the traced numbers: the model's attributes are the very same objects."""
    model = Shelf()
    before = {name: held for name, held in vars(model).items() if name != "last"}
    nn.fit(model, POINTS, SUMS, epochs=2, engine="jit")
    assert all(vars(model)[name] is held for name, held in before.items())


# -- parameters_as ---------------------------------------------------------------------------------


def test_parameters_as_in_every_container() -> None:
    """As a function of its parameters a model gives the same as by itself; afterwards everything
    is as it was."""
    model = Shelf()
    numbers = [0.5 + 0.1 * i for i in range(len(model.parameters()))]
    before = dict(vars(model))
    with model.parameters_as(numbers):
        replaced = model([1.0, 2.0])
    assert {name: vars(model)[name] for name in before if name != "last"} == {
        name: held for name, held in before.items() if name != "last"
    }
    for p, number in zip(model.parameters(), numbers, strict=True):
        p.data = number
    assert replaced == model([1.0, 2.0]).data


def test_parameters_as_is_differentiated() -> None:
    """The gradient is that of backward()."""
    model = Shelf()
    model([1.0, 2.0]).backward()
    expected = [p.grad for p in model.parameters()]

    def response(p: Any) -> Any:
        with model.parameters_as(p):
            return model([1.0, 2.0])

    assert grad(response)(weights(model)) == pytest.approx(expected, rel=1e-14)


def test_parameters_as_and_exceptions() -> None:
    """Whatever happens inside, the parameters are back afterwards."""
    model = Shelf()
    before = model.parameters()
    with pytest.raises(ZeroDivisionError), model.parameters_as([0.0] * len(before)):
        raise ZeroDivisionError
    assert all(a is b for a, b in zip(model.parameters(), before, strict=True))
    match = "needs a value for each parameter, got 1 value"
    with pytest.raises(ValueError, match=match), model.parameters_as([0.0]):
        pass
    assert all(a is b for a, b in zip(model.parameters(), before, strict=True))


def test_parameters_as_nests() -> None:
    """The inner block counts inside, the outer one after it, here of Values of its own."""
    neuron = nn.Neuron.from_weights([1.0, 2.0], 0.0, "linear")
    outer = [Value(float(x)) for x in (3, 4, 5)]
    with neuron.parameters_as(outer):
        with neuron.parameters_as([10.0, 20.0, 30.0]):
            assert neuron([1.0, 1.0]) == 60.0
        assert neuron([1.0, 1.0]).data == 12.0
        assert all(a is b for a, b in zip(neuron.parameters(), outer, strict=True))
    assert neuron([1.0, 1.0]).data == 3.0


def test_parameters_inside_are_those_given() -> None:
    """So a model may itself ask for them, even under a transform, and blocks nest."""
    neuron = nn.Neuron.from_weights([1.0, 2.0], 0.0, "linear")

    def penalty(p: Any) -> Any:
        with neuron.parameters_as(p):
            with neuron.parameters_as([x * x for x in p]):
                inner = autograd.sum(neuron.parameters())
            return inner + autograd.sum(neuron.parameters())

    assert grad(penalty)([3.0, 4.0, 5.0]) == [7.0, 9.0, 11.0]


def test_parameters_as_keeps_kinds_of_containers() -> None:
    class Row(list):  # type: ignore[type-arg]
        unit = "m"

    @dataclass
    class Unseen:
        value: Value

    class Keeper(nn.Module):
        def __init__(self) -> None:
            self.row = Row([Value(1.0)])
            self.pair = Pair(Value(2.0), 3)
            self.unseen = Unseen(Value(4.0))
            self.queue = deque([Value(5.0)])
            self.zero_d = np.array(Value(6.0), dtype=object)

    keeper = Keeper()
    count = len(keeper.parameters())
    with keeper.parameters_as([7.0] * count):
        assert type(keeper.row) is Row
        assert keeper.row == [7.0]
        assert keeper.pair == Pair(7.0, 3)
        assert type(keeper.pair) is Pair
        assert keeper.zero_d.item() == 7.0
        assert keeper.unseen.value.data == 4.0
        assert keeper.queue[0].data == 5.0
    assert count == 3


class Gated(nn.Module):
    """Constant for some rows."""

    def __init__(self) -> None:
        self.inner = nn.Linear(1, 1, seed=0)

    def __call__(self, x: Any) -> Any:
        hidden = self.inner(x)
        return hidden if x[0] > 0.0 else 0.0


@pytest.mark.parametrize("engine", ["eager", "jit"])
@pytest.mark.parametrize("loss", ["mse", lambda ps, ts: autograd.mean([(ps[0] - ts[0]) ** 2])])
def test_batches_that_do_not_depend_on_the_parameters(engine: Any, loss: Any) -> None:
    """Their gradient is 0, so nothing but the other batch moves the weights."""
    rows, targets = [[1.0], [-1.0], [-2.0]], [1.0, 2.0, 3.0]
    model, alone = Gated(), Gated()
    settings: dict[str, Any] = {"loss": loss, "progress": False, "engine": engine, "shuffle": False}
    settings["optimizer"] = lambda parameters: nn.SGD(parameters, lr=0.1)
    history = nn.fit(model, rows, targets, epochs=1, batch_size=1, **settings)
    nn.fit(alone, rows[:1], targets[:1], epochs=1, batch_size=1, **settings)
    assert weights(model) == weights(alone)
    assert history["loss"][0] > (2.0**2 + 3.0**2) / 3
