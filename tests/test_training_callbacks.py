"""`fit(engine="jit")` and callbacks: what they change is seen, as by the engine, whichever rows see
it."""

from __future__ import annotations

import contextvars
import decimal
import locale
import random
import sys
import types
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import autograd
import nn
from autograd import Value
from nn.training.surroundings import Surroundings

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

pytestmark = pytest.mark.usefixtures("machine_code_once", "as_it_was")

FIT: Any = sys.modules["nn.training.fitting"]

rng = random.Random(3)
ROWS = [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(24)]
ROWS[:10] = [[-abs(x), y] for x, y in ROWS[:10]]
SUMS = [x + 2 * y for x, y in ROWS]

Compute = Callable[[Any, Any], Any]

SETTINGS: Any = types.ModuleType("settings_of_a_test")
SCALE = 1.0
CURRENT: contextvars.ContextVar[float] = contextvars.ContextVar("current", default=1.0)
HELD = {"scale": 1.0}


class Slotted:
    __slots__ = ("scale",)
    kind: ClassVar[float] = 1.0


def reset() -> None:
    """What the cases change outside of their models is as before."""
    globals()["SCALE"] = HELD["scale"] = Slotted.kind = 1.0
    SETTINGS.scale, SETTINGS.flag, SETTINGS.bound = 1.0, False, 0.0
    CURRENT.set(1.0)


@pytest.fixture
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "settings_of_a_test", SETTINGS)
    reset()
    yield
    reset()


class Model(nn.Module):
    """A network, what it may compute with, and how it does."""

    def __init__(self, compute: Compute) -> None:
        self.inner = nn.MLP(2, [2, 1], seed=1)
        self.before = [nn.MLP(2, [2], seed=2)]
        self.scaler = nn.Scaler(2)
        self.dropout = nn.Dropout(0.3)
        self.compute = compute
        self.scale = 1.0
        self.is_frozen = False
        self.options = {"scale": 1.0}
        self.object = SimpleNamespace(scale=1.0)
        self.slotted = Slotted()
        self.slotted.scale = 1.0
        self.array = np.ones(2)
        self.activations: list[Any] = [autograd.tanh]
        self.note = 0

    def __call__(self, x: Any) -> Any:
        return self.compute(self, x)


def late(x: Any) -> bool:
    """Whether it is a row after the tenth, which a trial of the first rows does not meet."""
    return bool(x[0] > 0)


def scaled_late(scale: Callable[[Model], Any]) -> Compute:
    return lambda model, x: model.inner(x) * (scale(model) if late(x) else 1.0)


def imported(model: Model) -> Any:
    import settings_of_a_test  # type: ignore[import-not-found]

    return settings_of_a_test.scale


def imported_name(model: Model) -> Any:
    from settings_of_a_test import scale

    return scale


def layers(model: Model, x: Any) -> Any:
    for layer in model.before:
        x = layer(x)
    return model.inner(x)


def rescale() -> None:
    globals()["SCALE"] = 3.0


def weights_of_first(model: Model) -> list[Any]:
    found: list[Any] = model.inner.layers[0].neurons[0].weights
    return found


def put(place: Any, name: str, x: Any) -> None:
    setattr(place, name, x)


def in_closure() -> tuple[Compute, Callable[[Model], None]]:
    scale = 1.0

    def change(model: Model) -> None:
        nonlocal scale
        scale = 3.0

    return scaled_late(lambda model: scale), change


Case = tuple[Compute, Callable[[Model], Any]]
plain: Compute = lambda model, x: model.inner(x)  # noqa: E731

CASES: dict[str, Callable[[], Case]] = {
    "a global": lambda: (scaled_late(lambda _: SCALE), lambda _: rescale()),
    "by globals()": lambda: (scaled_late(lambda _: globals()["SCALE"]), lambda _: rescale()),
    "a closure": in_closure,
    "a dict": lambda: (scaled_late(lambda _: HELD["scale"]), lambda _: HELD.update(scale=3.0)),
    "an attribute of a module": lambda: (
        scaled_late(lambda _: SETTINGS.scale),
        lambda _: put(SETTINGS, "scale", 3.0),
    ),
    "of an imported module": lambda: (
        scaled_late(imported),
        lambda _: put(SETTINGS, "scale", 3.0),
    ),
    "an imported name": lambda: (
        scaled_late(imported_name),
        lambda _: put(SETTINGS, "scale", 3.0),
    ),
    "a bound": lambda: (
        lambda model, x: model.inner(x) * (2.0 if x[0] > SETTINGS.bound else 1.0),
        lambda _: put(SETTINGS, "bound", 0.4),
    ),
    "a bound beyond all rows": lambda: (
        lambda model, x: model.inner(x) * (2.0 if x[0] > SETTINGS.bound else 1.0),
        lambda _: put(SETTINGS, "bound", 99.0),
    ),
    "a flag": lambda: (
        lambda model, x: model.inner(x) * (2.0 if SETTINGS.flag and late(x) else 1.0),
        lambda _: put(SETTINGS, "flag", True),
    ),
    "an attribute": lambda: (scaled_late(lambda m: m.scale), lambda m: put(m, "scale", 3.0)),
    "an attribute by its text": lambda: (
        scaled_late(lambda m: getattr(m, "sca" + "le".lower())),
        lambda m: put(m, "scale", 3.0),
    ),
    "in a dict of the model": lambda: (
        scaled_late(lambda m: m.options["scale"]),
        lambda m: m.options.update(scale=3.0),
    ),
    "in an object": lambda: (
        scaled_late(lambda m: m.object.scale),
        lambda m: put(m.object, "scale", 3.0),
    ),
    "in a slot": lambda: (
        scaled_late(lambda m: m.slotted.scale),
        lambda m: put(m.slotted, "scale", 3.0),
    ),
    "in an array": lambda: (
        scaled_late(lambda m: float(m.array[0])),
        lambda m: m.array.__setitem__(0, 3.0),
    ),
    "of a class": lambda: (
        scaled_late(lambda _: Slotted.kind),
        lambda _: put(Slotted, "kind", 3.0),
    ),
    "the gradient alone": lambda: (
        lambda m, x: (
            m.inner(x) + (m.inner(x).detach() if SETTINGS.flag and late(x) else m.inner(x))
        ),
        lambda _: put(SETTINGS, "flag", True),
    ),
    "frozen for some rows": lambda: (
        lambda m, x: (
            (m.inner(x).detach() + m.scaler(x)[0]) if m.is_frozen and late(x) else m.inner(x)
        ),
        lambda m: put(m, "is_frozen", True),
    ),
    "a weight becomes a number": lambda: (
        plain,
        lambda m: weights_of_first(m).__setitem__(0, 0.7),
    ),
    "another parameter": lambda: (
        plain,
        lambda m: weights_of_first(m).__setitem__(0, Value(0.7)),
    ),
    "a network is replaced": lambda: (plain, lambda m: put(m, "inner", nn.MLP(2, [2, 1], seed=8))),
    "a layer more": lambda: (layers, lambda m: m.before.append(nn.MLP(2, [2], seed=5))),
    "another activation": lambda: (
        lambda m, x: m.activations[0](m.inner(x)) if late(x) else m.inner(x),
        lambda m: m.activations.__setitem__(0, autograd.sin),
    ),
    "another function": lambda: (plain, lambda m: put(m, "compute", scaled_late(lambda _: 3.0))),
    "dropout": lambda: (lambda m, x: m.inner(m.dropout(x)), lambda m: put(m.dropout, "p", 0.6)),
    "no dropout": lambda: (lambda m, x: m.inner(m.dropout(x)), lambda m: put(m.dropout, "p", 0.0)),
    "a scaler": lambda: (
        lambda m, x: m.inner(m.scaler(x)),
        lambda m: m.scaler.measure([[5.0, 1.0], [7.0, 2.0]]),
    ),
    "numbers of parameters": lambda: (plain, lambda m: put(m.parameters()[2], "data", 0.25)),
    "the mode": lambda: (lambda m, x: m.inner(m.dropout(x)), lambda m: m.eval()),
    "what only measuring sees": lambda: (
        lambda m, x: (
            m.inner(x) if m.training else m.inner(x) * (SETTINGS.scale if late(x) else 1.0)
        ),
        lambda _: put(SETTINGS, "scale", 3.0),
    ),
    "nothing that counts": lambda: (plain, lambda m: put(m, "note", m.note + 1)),
}


def own(outputs: Any, targets: Any) -> Any:
    return autograd.mean([abs(o - t) for o, t in zip(outputs, targets, strict=True)])


def run(
    case: str, engine: str | None, every_epoch: bool = False, fails: bool = False, **settings: Any
) -> tuple[nn.History | None, list[float], list[Any]]:
    """A training, its weights, and its losses."""
    reset()
    compute, change = CASES[case]()
    model = Model(compute)

    def callback(history: nn.History) -> None:
        if every_epoch or len(history) == 2:
            change(model)
            if fails:
                raise LookupError("of the callback")

    settings = {"epochs": 5, "batch_size": 8, "lr": 0.02, "seed": 1, **settings}
    history = None
    try:
        history = nn.fit(model, ROWS, SUMS, callback=callback, engine=engine, **settings)
    except LookupError:
        assert fails
    losses = [(r.loss, r.validation_loss, r.gradient_norm) for r in history or ()]
    flat = [x for row in losses for x in row if x is not None]
    return history, [p.data for p in model.parameters()], flat


def assert_alike(case: str, engine: str | None = "jit", **settings: Any) -> nn.History | None:
    _, weights, losses = run(case, "eager", **settings)
    history, by_machine, found = run(case, engine, **settings)
    assert found == pytest.approx(losses, rel=1e-9, abs=1e-12)
    assert by_machine == pytest.approx(weights, rel=1e-9, abs=1e-12)
    return history


@pytest.mark.filterwarnings("ignore:training has got stuck")  # where the new network is not trained
@pytest.mark.parametrize("case", CASES)
def test_what_a_callback_changes_is_seen(case: str) -> None:
    """The losses are the engine's, and machine code goes on."""
    history = assert_alike(case, validation=0.3)
    assert history is not None
    assert history.engine == "jit"


@pytest.mark.parametrize("case", ["a global", "an attribute", "a bound", "the gradient alone"])
@pytest.mark.parametrize(
    "settings",
    [{"loss": own}, {"optimizer": "adam", "patience": 2, "validation": 0.3}, {"batch_size": None}],
)
def test_with_other_settings(case: str, settings: dict[str, Any]) -> None:
    """A loss of one's own, another optimiser, the best weights restored, one batch."""
    assert_alike(case, **settings)


@pytest.mark.parametrize("case", ["a global", "numbers of parameters", "a network is replaced"])
def test_a_callback_that_fails(case: str) -> None:
    """It leaves the model as it left it, not as it was before."""
    assert_alike(case, fails=True)


def test_a_change_after_every_epoch() -> None:
    """Is compiled every time if that was asked for, and else left to the engine."""
    case = "of a class"

    def anneal(_: Model) -> None:
        Slotted.kind *= 1.5

    CASES["annealed"] = lambda: (CASES[case]()[0], anneal)
    try:
        history = assert_alike("annealed", every_epoch=True, epochs=6)
        assert history is not None
        assert history.engine == "jit"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FIT, "is_worth_compiling", lambda *_: True)
            with pytest.warns(UserWarning, match="changed 4 times what the model computes .kind"):
                history = assert_alike("annealed", None, every_epoch=True, epochs=6)
            assert history is not None
            assert history.engine == "eager"
    finally:
        del CASES["annealed"]


def test_what_changes_nothing_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes that the model does not read, weights, its mode, a call in between."""
    made = []
    module: Any = sys.modules["nn.training.jit_step"]
    compiled = module.compiled_model

    def counted(*args: Any) -> Any:
        made.append(args)
        return compiled(*args)

    monkeypatch.setattr(module, "compiled_model", counted)
    run("nothing that counts", "jit", every_epoch=True)
    run("numbers of parameters", "jit", every_epoch=True)
    run("the mode", "jit", every_epoch=True)
    assert len(made) == 3


def test_a_model_that_reads_a_context_variable() -> None:
    """It is left to the engine, as what is another number elsewhere."""
    CASES["read"] = lambda: (scaled_late(lambda _: CURRENT.get()), lambda _: CURRENT.set(3.0))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FIT, "is_worth_compiling", lambda *_: True)
            with pytest.warns(UserWarning, match="reads the context variable 'current'"):
                assert_alike("read", None)
        with pytest.raises(ValueError, match="reads the context variable 'current'"):
            run("read", "jit")
    finally:
        del CASES["read"]


def test_two_trainings_of_one_model() -> None:
    """The second one begins with what the first one's callback has changed."""

    def twice(engine: str) -> list[float]:
        reset()
        model = Model(scaled_late(lambda m: m.scale))
        losses = []
        for _ in range(2):

            def callback(history: nn.History) -> None:
                model.scale *= 1.5

            history = nn.fit(model, ROWS, SUMS, epochs=2, seed=1, callback=callback, engine=engine)
            losses += [record.loss for record in history]
        return losses

    assert twice("jit") == pytest.approx(twice("eager"), rel=1e-9)


def test_resumed_after_a_change(tmp_path: Any) -> None:
    """From a checkpoint, with what the callback had changed by then."""

    def both_parts(engine: str) -> list[float]:
        path = tmp_path / f"{engine}.json"
        reset()
        settings: dict[str, Any] = {"seed": 1, "engine": engine, "checkpoint": path}
        model = Model(scaled_late(lambda _: SETTINGS.scale))

        def callback(history: nn.History) -> None:
            SETTINGS.scale = 1.0 + len(history)

        nn.fit(model, ROWS, SUMS, epochs=2, callback=callback, **settings)
        again = Model(scaled_late(lambda _: SETTINGS.scale))
        history = nn.fit(again, ROWS, SUMS, epochs=4, callback=callback, resume=True, **settings)
        return [record.loss for record in history]

    assert both_parts("jit") == pytest.approx(both_parts("eager"), rel=1e-9)


def test_an_optimiser_that_is_changed() -> None:
    """A parameter that it no longer moves."""

    def trained(engine: str) -> list[float]:
        model = Model(plain)
        optimizer = nn.RMSprop(model.parameters(), lr=0.02)

        def callback(history: nn.History) -> None:
            if len(history) == 2:
                del optimizer.parameters[0]
                for name in optimizer.memory:
                    del getattr(optimizer, name)[0]

        nn.fit(model, ROWS, SUMS, epochs=4, optimizer=optimizer, callback=callback, engine=engine)
        return [p.data for p in model.parameters()]

    assert trained("jit") == pytest.approx(trained("eager"), rel=1e-9)


# -- what is looked at -----------------------------------------------------------------------------


def test_surroundings_that_are_not_all_known() -> None:
    """Then every row is compared."""
    assert Surroundings([Model(scaled_late(lambda _: SCALE))]).is_all
    for scale in (
        lambda _: globals()["SCALE"],
        lambda _: eval("SCALE"),
        lambda _: next(iter_of_numbers),
        lambda _: decimal.getcontext().prec,
        lambda _: float(Decimal(1) / 3),
        lambda _: len(locale.localeconv()),
        lambda _: sys.getrecursionlimit(),
        lambda _: len(np.geterr()),
    ):
        assert not Surroundings([Model(scaled_late(scale))]).is_all


iter_of_numbers = iter([1.0])


def test_a_setting_of_the_thread_that_a_callback_changes() -> None:
    """The context of `decimal`, which late rows alone compute with: as the engine does."""

    def losses(engine: str) -> Any:
        def change(history: Any) -> None:
            if len(history) == 2:
                decimal.getcontext().prec = 1

        with decimal.localcontext() as context:
            context.prec = 28
            model = Model(scaled_late(lambda _: float(Decimal(1) / 3)))
            history = nn.fit(
                model, ROWS, SUMS, epochs=5, callback=change, engine=engine, progress=False
            )
            return [record.loss for record in history.records]

    assert losses("jit") == pytest.approx(losses("eager"), rel=1e-9)


def test_surroundings_that_lead_back() -> None:
    """Objects that hold each other, and functions that do."""
    a, b = SimpleNamespace(x=1.0), SimpleNamespace()
    a.other, b.other = b, a

    def f(x: Any) -> Any:
        return f(x) * a.x if x else b.other.other.other.x

    around = Surroundings([f])
    assert around.changed() is None
    a.x = 2.0
    assert around.changed() == "x"
    assert around.changed() is None


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_arrays_are_read_where_they_are(engine: Any) -> None:
    """Without a callback, in every epoch, by both engines; of a copy nothing is changed by what is
    written into the original. (A schedule writes, at a known time, what a thread would.)"""

    def trained(is_copied: bool, factor: float) -> list[float]:
        X = np.array([[0.5], [-1.0], [2.0]])
        model = nn.Neuron(1, seed=0)

        def schedule(epoch: int) -> float:
            if epoch == 3:
                X[:] *= factor
            return 0.1

        given = X.copy() if is_copied else X
        options = {"loss": "mse", "optimizer": "sgd", "batch_size": 3, "shuffle": False}
        nn.fit(
            model,
            given,
            [1.0, -2.0, 4.0],
            engine=engine,
            epochs=5,
            schedule=schedule,
            progress=False,
            **options,
        )
        return [p.data for p in model.parameters()]

    unchanged = trained(is_copied=False, factor=1.0)
    assert trained(is_copied=True, factor=2.0) == unchanged
    assert trained(is_copied=False, factor=2.0) != unchanged
