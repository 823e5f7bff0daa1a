"""Modules spelt as in PyTorch, dropout in every way of training, RMSprop, and habits from
elsewhere that meet a helpful error."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

rng = random.Random(3)
POINTS = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(30)]
SIDES = [int(a * b > 0) for a, b in POINTS]
CORNERS = [int(a > 0) + 2 * int(b > 0) for a, b in POINTS]


def numbers(out: list[Any]) -> list[float]:
    return [x.data if isinstance(x, Value) else x for x in out]


def dropping(seed: int = 1, outputs: int = 1, **settings: Any) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(2, 6, seed=seed),
        nn.Tanh(),
        nn.Dropout(0.3, **settings),
        nn.Linear(6, outputs, seed=seed + 1),
    )


# -- modules ---------------------------------------------------------------------------------------


def test_linear_is_a_matrix_and_a_vector() -> None:
    """W·x + b, computed by hand from `weight` and `bias`."""
    linear = nn.Linear(3, 2, seed=0)
    x = [0.5, -1.0, 2.0]
    assert linear.bias is not None
    expected = [
        sum(w.data * entry for w, entry in zip(row, x, strict=True)) + b.data
        for row, b in zip(linear.weight, linear.bias, strict=True)
    ]
    assert numbers(linear(x)) == pytest.approx(expected, rel=1e-15)


def test_linear_starts_where_pytorch_starts() -> None:
    """Uniform in ±1/√inputs, weights and biases alike."""
    entries = numbers(nn.Linear(16, 200, seed=0).parameters())
    assert max(map(abs, entries)) < 0.25
    assert sum(x * x for x in entries) / len(entries) == pytest.approx(0.25**2 / 3, rel=0.05)
    assert sum(entries) / len(entries) == pytest.approx(0.0, abs=0.01)


def test_linear_without_bias() -> None:
    """No parameter, not even a constant one."""
    linear = nn.Linear(3, 2, bias=False, seed=0)
    assert linear.bias is None
    assert len(linear.parameters()) == 6
    assert numbers(linear([0.0, 0.0, 0.0])) == [0.0, 0.0]
    history = nn.fit(nn.Linear(2, 1, bias=False), POINTS, SIDES, epochs=2, loss="mse")
    assert len(history) == 2


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (nn.ReLU(), autograd.relu),
        (nn.Tanh(), autograd.tanh),
        (nn.Sigmoid(), autograd.sigmoid),
        (nn.GELU(), autograd.gelu),
        (nn.SiLU(), autograd.silu),
        (nn.Softplus(), autograd.softplus),
        (nn.Identity(), lambda x: x),
        (nn.LeakyReLU(0.2), lambda x: x if x > 0 else 0.2 * x),
        (nn.ELU(1.5), lambda x: x if x > 0 else 1.5 * (math.exp(x) - 1)),
    ],
    ids=lambda x: getattr(x, "__name__", repr(x)),
)
def test_activations_as_modules(module: nn.Module, function: Callable[[float], float]) -> None:
    """On a row, on a single number, and as the activation of a neuron."""
    assert module([-0.7, 1.3]) == pytest.approx([function(-0.7), function(1.3)], rel=1e-14)
    assert module(-0.7) == pytest.approx(function(-0.7), rel=1e-14)
    neuron = nn.Neuron.from_weights([1.0], 0.0, module)
    assert neuron([-0.7]).data == pytest.approx(function(-0.7), rel=1e-14)


def test_softmax_adds_up() -> None:
    assert numbers(nn.Softmax()([Value(0.0), Value(math.log(3.0))])) == pytest.approx([0.25, 0.75])


def test_a_sequence_is_its_modules_one_after_the_other() -> None:
    first, second = nn.Linear(2, 3, seed=0), nn.Linear(3, 1, seed=1)
    model = nn.Sequential(first, nn.ReLU(), second)
    assert model([0.3, 0.7]).data == second(nn.ReLU()(first([0.3, 0.7]))).data
    assert list(model) == [first, model[1], second]
    assert len(model) == 3
    assert [name for name, _ in model.named_parameters()][-2:] == [
        "layer2.neuron0.w2",
        "layer2.neuron0.b",
    ]


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_a_sequence_is_trained(engine: str) -> None:
    pytest.importorskip("llvmlite")
    model = nn.Sequential(nn.Linear(2, 8, seed=1), nn.Tanh(), nn.Linear(8, 4, seed=2))
    history = nn.fit(model, POINTS, CORNERS, epochs=60, lr=0.05, engine=engine)
    assert history[-1].accuracy == 1.0


def test_forward_is_called() -> None:
    """By a call, in `fit`, and compiled, as in PyTorch."""

    class Net(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.MLP(2, [4, 1], seed=1)

        def forward(self, x: Any, scale: float = 1.0) -> Any:
            return self.inner(x) * scale

    net = Net()
    assert net([1.0, 2.0], scale=2.0).data == 2 * net.inner([1.0, 2.0]).data
    assert net([1.0, 2.0]).data == net.forward([1.0, 2.0]).data
    assert len(nn.fit(net, POINTS, SIDES, epochs=2)) == 2

    class Nothing(nn.Module):
        pass

    with pytest.raises(TypeError, match="Nothing has neither __call__ nor forward: define one"):
        Nothing()([1.0])
    with pytest.raises(TypeError, match=r"fit trains an nn\.Module that can be called"):
        nn.fit(Nothing(), POINTS, SIDES)


# -- dropout ---------------------------------------------------------------------------------------


def test_dropout_zeroes_a_share_and_scales_the_rest() -> None:
    """So that the mean stays: 0 with probability p, else x/(1 - p)."""
    out = nn.Dropout(0.25, seed=0)([3.0] * 4000)
    assert set(out) == {0.0, 4.0}
    assert out.count(0.0) / 4000 == pytest.approx(0.25, abs=0.02)
    assert nn.Dropout(1.0)([1.0, 2.0]) == [0.0, 0.0]
    assert nn.Dropout(0.0)([1.0, 2.0]) == [1.0, 2.0]


def test_dropout_in_the_mode_for_predictions() -> None:
    """`eval()` reaches modules in modules, `train()` brings it back, both give the model."""
    model = nn.Sequential(nn.Sequential(nn.Dropout(0.5, seed=1)))
    assert model.eval() is model
    assert model([1.0] * 50) == [1.0] * 50
    assert model.train() is model
    assert 0.0 in model([1.0] * 50)


def test_the_gradient_goes_through_what_is_kept() -> None:
    xs = [Value(1.0) for _ in range(20)]
    out = nn.Dropout(0.5, seed=2)(xs)
    autograd.sum(out).backward()
    assert [x.grad for x in xs] == numbers(out)
    assert {x.grad for x in xs} == {0.0, 2.0}


def test_a_seed_reproduces_dropout() -> None:
    """Its own, or that of `random`; every call is another."""
    first, second = nn.Dropout(0.5, seed=4), nn.Dropout(0.5, seed=4)
    calls = [first([1.0] * 30) for _ in range(3)]
    assert calls == [second([1.0] * 30) for _ in range(3)]
    assert calls[0] != calls[1]
    random.seed(1)
    free = nn.Dropout(0.5)([1.0] * 30)
    random.seed(1)
    assert nn.Dropout(0.5)([1.0] * 30) == free


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_a_probability_is_from_0_to_1(p: float) -> None:
    with pytest.raises(ValueError, match="p, the probability of a zero, is from 0 to 1"):
        nn.Dropout(p)


def top_heavy(outputs: Any, targets: Any) -> Any:
    errors = [(o - t) ** 2 for o, t in zip(outputs, targets, strict=True)]
    return autograd.max(errors) + autograd.mean(errors)


@pytest.mark.parametrize("loss", [None, top_heavy])
@pytest.mark.parametrize("batch_size", [7, None])
def test_machine_code_drops_what_the_engine_drops(loss: Any, batch_size: int | None) -> None:
    """The same history and weights but for rounding, also of the validation, which has none."""
    pytest.importorskip("llvmlite")
    settings: dict[str, Any] = {"loss": loss, "batch_size": batch_size, "validation": 0.2}
    trained = []
    for engine in ("eager", "jit"):
        model = dropping()
        history = nn.fit(model, POINTS, SIDES, epochs=6, lr=0.05, engine=engine, **settings)
        assert history.engine == engine
        trained.append((model, history))
    (one, by_engine), (other, by_machine) = trained
    assert by_machine["loss"] == pytest.approx(by_engine["loss"], rel=1e-9)
    assert by_machine["validation_loss"] == pytest.approx(by_engine["validation_loss"], rel=1e-9)
    assert by_machine["accuracy"] == by_engine["accuracy"]
    assert numbers(other.parameters()) == pytest.approx(numbers(one.parameters()), rel=1e-9)


def test_dropout_is_drawn_afresh_in_every_step() -> None:
    """With weights that hardly move, the loss of a step still varies; and not without dropout."""
    pytest.importorskip("llvmlite")
    settings: dict[str, Any] = {"batch_size": None, "lr": 1e-12, "epochs": 8, "engine": "jit"}
    losses = nn.fit(dropping(), POINTS, SIDES, **settings)["loss"]
    assert len({round(x, 6) for x in losses}) == 8
    plain = nn.Sequential(nn.Linear(2, 6, seed=1), nn.Linear(6, 1, seed=2))
    assert len({round(x, 6) for x in nn.fit(plain, POINTS, SIDES, **settings)["loss"]}) == 1


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_the_seed_of_fit_reproduces_its_dropout(engine: str) -> None:
    pytest.importorskip("llvmlite")
    run = partial(nn.fit, X=POINTS, y=SIDES, epochs=3, engine=engine)
    first, same, other = run(dropping()), run(dropping()), run(dropping(), seed=1)
    assert first["loss"] == same["loss"] != other["loss"]


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_a_training_with_dropout_is_resumed_to_the_last_bit(engine: str, tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    path = tmp_path / "run.json"
    run = partial(nn.fit, X=POINTS, y=SIDES, batch_size=7, engine=engine)
    whole, part = dropping(), dropping()
    run(whole, epochs=6)
    run(part, epochs=3, checkpoint=path)
    rest = dropping(seed=5)
    run(rest, epochs=6, checkpoint=path, resume=True)
    assert rest.state_dict() == whole.state_dict()


def test_a_training_that_does_not_begin_leaves_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it is compiled, after steps of the engine were tried."""
    pytest.importorskip("llvmlite")
    from nn.training import jit_step

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(jit_step, "_agree", interrupted)
    model = dropping().eval()
    with pytest.raises(KeyboardInterrupt):
        nn.fit(model, POINTS, SIDES, engine="jit")
    assert model([1.0, 2.0]).data == model([1.0, 2.0]).data


def test_fit_leaves_a_model_ready_for_predictions() -> None:
    """And trains it again though it was; callbacks see training mode."""
    seen: list[bool] = []
    model = dropping().eval()
    nn.fit(model, POINTS, SIDES, epochs=2, callback=lambda _: seen.append(model[2].training))
    assert seen == [True, True]
    assert not model[2].training
    assert model([1.0, 2.0]).data == model([1.0, 2.0]).data


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_a_mode_that_a_callback_changes_is_set_again(engine: str) -> None:
    pytest.importorskip("llvmlite")
    model = dropping()
    history = nn.fit(
        model, POINTS, SIDES, epochs=3, engine=engine, callback=lambda _: model.eval() and None
    )
    assert history["loss"] == nn.fit(dropping(), POINTS, SIDES, epochs=3, engine=engine)["loss"]


def test_evaluate_measures_without_dropout() -> None:
    """And leaves the mode as it was."""
    model = dropping()
    assert nn.evaluate(model, POINTS, SIDES) == nn.evaluate(model, POINTS, SIDES)
    assert model[2].training


@pytest.mark.parametrize("compiled", [autograd.jit, lambda f: autograd.vmap(f, (0,))])
def test_dropout_is_not_frozen_in_a_recording(compiled: Any) -> None:
    """An error, in training mode; for predictions it is compiled."""
    pytest.importorskip("llvmlite")
    np = pytest.importorskip("numpy")
    model = dropping()
    x = np.array([[0.1, 0.2], [0.3, 0.4]]) if compiled is not autograd.jit else [0.1, 0.2]
    with pytest.raises(TypeError, match=r"'the random numbers of nn\.Dropout'"):
        compiled(lambda x: model(list(x)))(x)
    model.eval()
    compiled(lambda x: model(list(x)))(x)


def test_dropout_of_another_number_of_entries_in_each_row() -> None:
    """The engine trains it; machine code refuses."""
    pytest.importorskip("llvmlite")

    class Odd(nn.Module):
        def __init__(self) -> None:
            self.drop, self.out = nn.Dropout(0.5), nn.Neuron(2, seed=0)

        def forward(self, x: Any) -> Any:
            row = self.drop(x) if x[0] > POINTS[0][0] else self.drop(self.drop(x))
            return self.out(self.drop(row) if x[1] > POINTS[0][1] else row)

    assert len(nn.fit(Odd(), POINTS, SIDES, epochs=2, engine="eager")) == 2
    with pytest.raises(ValueError, match="engine='jit' is not possible"):
        nn.fit(Odd(), POINTS, SIDES, epochs=2, engine="jit")


# -- RMSprop ---------------------------------------------------------------------------------------

GRADIENTS = [[0.5, -2.0], [0.1, 0.0], [-1.0, 1e-3], [0.25, 3.0], [0.5, -0.5]]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"alpha": 0.9, "eps": 1e-3},
        {"momentum": 0.9},
        {"centered": True, "alpha": 0.8},
        {"momentum": 0.5, "centered": True, "weight_decay": 0.1},
    ],
)
def test_rmsprop_by_its_formula(settings: dict[str, Any]) -> None:
    """Five steps written out as in PyTorch's documentation of RMSprop."""
    p = [Value(1.0), Value(-2.0)]
    optimizer = nn.RMSprop(p, lr=0.05, **settings)
    decay, momentum = settings.get("weight_decay", 0.0), settings.get("momentum", 0.0)
    alpha, eps = settings.get("alpha", 0.99), settings.get("eps", 1e-8)
    theta, v, mean, b = [1.0, -2.0], [0.0] * 2, [0.0] * 2, [0.0] * 2
    for gradients in GRADIENTS:
        for i, gradient in enumerate(gradients):
            p[i].grad = gradient
            g = gradient + decay * theta[i]
            v[i] = alpha * v[i] + (1 - alpha) * g * g
            average = v[i]
            if settings.get("centered"):
                mean[i] = alpha * mean[i] + (1 - alpha) * g
                average = v[i] - mean[i] ** 2
            b[i] = momentum * b[i] + g / (math.sqrt(average) + eps)
            theta[i] -= 0.05 * b[i]
        optimizer.step()
        assert numbers(p) == pytest.approx(theta, rel=1e-12)


def test_rmsprop_centred_on_a_constant_gradient() -> None:
    """The variance is 0 up to rounding, and never below: no NaN."""
    p = Value(1.0)
    optimizer = nn.RMSprop([p], centered=True, alpha=0.1)
    for _ in range(100):
        p.grad = 0.1
        optimizer.step()
    assert math.isfinite(p.data)


@pytest.mark.parametrize(
    "settings", [{}, {"momentum": 0.9, "centered": True, "weight_decay": 0.01}]
)
def test_rmsprop_compiled(settings: dict[str, Any]) -> None:
    """Machine code takes the same steps."""
    pytest.importorskip("llvmlite")
    trained = []
    for engine in ("eager", "jit"):
        model = nn.MLP(2, [4, 1], seed=1)
        optimizer = nn.RMSprop(model.parameters(), **settings)
        nn.fit(model, POINTS, SIDES, epochs=5, optimizer=optimizer, engine=engine)
        trained.append([*numbers(model.parameters()), *optimizer.velocity, *optimizer.mean])
    assert trained[1] == pytest.approx(trained[0], rel=1e-9)
    assert nn.fit(nn.MLP(2, [1]), POINTS, SIDES, optimizer="rmsprop", epochs=1).best


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 1.0}, "alpha must be from 0 to below 1"),
        ({"eps": 0.0}, "eps must be greater than 0"),
        ({"momentum": -1.0}, "momentum must be a finite number, 0 or more"),
    ],
)
def test_settings_of_rmsprop(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.RMSprop([Value(1.0)], **settings)


# -- habits from elsewhere -------------------------------------------------------------------------


def test_micrograd_names() -> None:
    """`nonlin`, `w`, `b`, `layers`, `neurons`: the lecture's network runs as it stands."""
    neuron = nn.Neuron(2, nonlin=True, seed=0)
    assert neuron.activation == "relu"
    assert neuron.w is neuron.weights
    assert neuron.b is neuron.bias
    assert nn.Neuron(2, nonlin=False).activation == "linear"
    assert nn.Layer(2, 3, nonlin=False).activation == "linear"
    model = nn.MLP(3, [4, 4, 1])
    for parameter in model.layers[0].neurons[0].w:
        parameter.data -= 0.1 * parameter.grad
    with pytest.raises(TypeError, match="give activation or nonlin, not both"):
        nn.Neuron(2, "tanh", nonlin=True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MSELoss", "nn.mse_loss"),
        ("CrossEntropyLoss", "nn.cross_entropy"),
        ("BCEWithLogitsLoss", "nn.binary_cross_entropy"),
        ("BCELoss", "nn.binary_cross_entropy, of logits"),
        ("SmoothL1Loss", "nn.huber_loss"),
        ("functional", "autograd has functions"),
        ("Parameter", "autograd.Value"),
        ("ModuleList", "a list"),
        ("Conv2d", "no convolutions"),
        ("BatchNorm1d", "scale"),
        ("lr_scheduler", "nn.schedules"),
        ("init", "nn.xavier"),
        ("save", "model.save(path)"),
        ("MLPClassifier", "it is nn.Classifier"),
        ("draw_network", "autograd.draw(model)"),
        ("mse_los", "the nearest name is 'mse_loss'"),
        ("Adamw", "the nearest name is 'AdamW'"),
    ],
)
def test_a_name_from_elsewhere_names_ours(name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(hint)):
        getattr(nn, name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nn", "import nn"),
        ("numpy", "import numpy"),
        ("lax", "write `if`, `for` and `while`"),
        ("scan", "write a loop"),
        ("custom_vjp", "here it is autograd.primitive("),
        ("make_jaxpr", "here it is autograd.jit(f)"),
    ],
)
def test_what_other_libraries_have_and_this_one_does_otherwise(name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(hint)):
        getattr(autograd, name)


@pytest.mark.parametrize("name", ["draw_dot", "Tensor", "tensor", "Variable"])
def test_names_of_the_engine_from_elsewhere(name: str) -> None:
    with pytest.raises(
        AttributeError, match=r"; here it is autograd\.(draw\(root\)|Value\(data\))"
    ):
        getattr(autograd, name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("to", "there is one device"),
        ("cuda", "there is one device"),
        ("fit", "nn.fit(model, X, y)"),
        ("step", "optimizer.step()"),
        ("weight", "nn.Linear has `weight`"),
        ("add_module", "assign it to an attribute"),
    ],
)
def test_an_attribute_from_elsewhere_names_ours(name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(hint)):
        getattr(nn.MLP(2, [1]), name)
    with pytest.raises(AttributeError, match=r"'MLP' object has no attribute 'nothing'$"):
        nn.MLP(2, [1]).nothing  # noqa: B018
    assert not hasattr(nn.MLP(2, [1]), name)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.MLP(3.0, [1]), TypeError, "n_inputs must be a whole number, got 3.0"),
        (lambda: nn.MLP(2, []), ValueError, "sizes is the widths of the layers"),
        (lambda: nn.MLP(2, [4, 1.5]), TypeError, "sizes[1] must be a whole number, got 1.5"),
        (lambda: nn.MLP(2, [4, 0]), ValueError, "sizes[1] must be at least 1, got 0"),
        (lambda: nn.MLP([2, 3, 1], [1]), TypeError, "n_inputs must be a whole number, got [2, 3,"),
        (lambda: nn.MLP("2", [1]), TypeError, "n_inputs must be a whole number, got '2'"),
        (lambda: nn.Linear(2.0, 1), TypeError, "in_features must be a whole number, got 2.0"),
        (lambda: nn.Linear(2, 0), ValueError, "out_features must be at least 1, got 0"),
        (nn.Sequential, ValueError, "Sequential needs at least one module"),
        (lambda: nn.Sequential(nn.ReLU), TypeError, "entry 0 of Sequential is no module"),
        (lambda: nn.Sequential(nn.ReLU), TypeError, "make one: ReLU(...)"),
        (lambda: nn.Sequential(autograd.leaky_relu), TypeError, "the module is nn.LeakyReLU()"),
        (lambda: nn.Sequential([nn.ReLU()]), TypeError, "one by one: Sequential(*modules)"),
        (lambda: nn.Linear(2, 1)([1.0]), ValueError, "Linear(2 → 1, linear, 3 parameters) takes 2"),
    ],
)
def test_bad_arguments_are_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()
