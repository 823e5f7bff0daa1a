"""Neurons, layers, networks, and what every module can do: naming, state, files."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import random
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from nn import MLP, Layer, Module, Neuron

# Neurons ------------------------------------------------------------------------------------------


def test_neuron_is_the_activation_of_a_weighted_sum() -> None:
    """tanh(0.5·2 - 1·3 + 0.25), the tanh taken from a table to 15 digits."""
    neuron = Neuron.from_weights([0.5, -1.0], 0.25, "tanh")
    assert neuron([2.0, 3.0]).data == pytest.approx(-0.941375538497387, rel=1e-14)


def test_neuron_gradient_by_hand() -> None:
    """For a linear neuron ∂out/∂wᵢ = xᵢ and ∂out/∂b = 1."""
    neuron = Neuron(3, "linear", seed=0)
    neuron([7.0, -2.0, 0.5]).backward()
    assert [w.grad for w in neuron.weights] == [7.0, -2.0, 0.5]
    assert neuron.bias.grad == 1.0


def test_weighted_sum_is_one_node() -> None:
    """A neuron is dot, + and the activation: three nodes, however many inputs."""
    out = Neuron(50, "tanh", seed=0)([1.0] * 50)
    assert out.op == "tanh"
    (total,) = out.parents
    assert total.op == "add"
    assert total.parents[0].op == "dot"
    assert all(parent.op == "" for parent in total.parents[0].parents)


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 2.0],
        (1, 2),
        [Value(1.0), 2],
        [Fraction(1), True + 1],
        (x for x in (1.0, 2.0)),
        range(1, 3),
    ],
    ids=["list", "tuple", "Values", "numbers", "generator", "range"],
)
def test_any_sequence_of_numbers_is_an_input(x: Any) -> None:
    """All spellings of (1, 2) give the same."""
    assert Neuron.from_weights([10.0, 1.0], 0.5, "linear")(x).data == 12.5


def test_array_rows_are_inputs() -> None:
    """A NumPy row gives what the list gives, for floats, integers and Values."""
    np = pytest.importorskip("numpy")
    layer = Layer.from_weights(np.array([[10.0, 1.0]]), np.array([0.5]), "linear")
    for row in (np.array([1.0, 2.0]), np.array([1, 2]), np.array([Value(1.0), 2.0])):
        assert layer(row).data == 12.5
    assert Neuron.from_weights([2.0], 0.0, "linear")(np.float64(3.0)).data == 6.0


def test_gradients_reach_the_inputs() -> None:
    """∂out/∂xᵢ = wᵢ for a linear neuron."""
    x = [Value(1.0), Value(2.0)]
    Neuron.from_weights([10.0, -3.0], 0.5, "linear")(x).backward()
    assert [v.grad for v in x] == [10.0, -3.0]


def test_no_grad_gives_the_same_numbers_without_a_graph() -> None:
    """Inference under no_grad records nothing."""
    model = MLP(2, [3, 1], seed=0)
    with autograd.no_grad():
        out = model([0.5, -0.25])
    assert out.parents == ()
    assert out.data == model([0.5, -0.25]).data


# Activations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_activation_by_name(name: str) -> None:
    """The named function of the engine is what is applied to the sum 0.75."""
    out = Neuron.from_weights([1.0], 0.25, name)([0.5]).data
    assert out == (0.75 if name == "linear" else getattr(autograd, name)(0.75))


def test_activation_may_be_any_function() -> None:
    """A lambda of one number, applied to 3."""
    assert Neuron.from_weights([1.0], 1.0, lambda z: z * z)([2.0]).data == 9.0


def test_activation_may_be_a_module_that_learns() -> None:
    """Its parameters are found, once, though all neurons share it."""

    class Slope(Module):
        def __init__(self) -> None:
            self.slope = Value(3.0)

        def __call__(self, z: Value) -> Value:
            return self.slope * z

    layer = Layer(2, 2, Slope(), seed=0)
    assert [name for name, _ in layer.named_parameters()] == [
        *("neuron0.w0", "neuron0.w1", "neuron0.b", "neuron0.activation.slope"),
        *("neuron1.w0", "neuron1.w1", "neuron1.b"),
    ]
    assert "Slope" in repr(layer)


def test_activation_is_assignable() -> None:
    """A neuron follows its new activation, and keeps the old one if the new one is unknown."""
    neuron = Neuron.from_weights([1.0], 0.0, "relu")
    with pytest.raises(ValueError, match="no activation is called 'rlu'"):
        neuron.activation = "rlu"
    assert neuron.activation == "relu"
    neuron.activation = "linear"
    assert neuron([-2.0]).data == -2.0


def test_unknown_activation_names_the_known_ones() -> None:
    """The error lists what there is; softmax gets a word of its own."""
    with pytest.raises(
        ValueError,
        match=r"'tahn'; the nearest name is 'tanh'; known: linear, relu, .*sigmoid, tanh",
    ):
        Neuron(2, "tahn")
    with pytest.raises(ValueError, match=r"softmax acts on a whole layer.*cross_entropy"):
        MLP(2, [3], output_activation="softmax")
    with pytest.raises(
        TypeError, match=r"an activation is a name .* or a function of one number, got 5"
    ):
        Layer(2, 3, 5)
    with pytest.raises(
        ValueError, match=r"'rellu'; the nearest name is 'relu'; known: linear, relu"
    ):
        MLP(2, [1], activation="rellu")  # which a network of one layer has no use for


def test_an_unknown_activation_draws_no_weights() -> None:
    rng = random.Random(3)
    makers: list[Any] = [
        lambda: Neuron(2, "rellu", seed=rng),
        lambda: Layer(2, 2, "rellu", seed=rng),
        lambda: MLP(2, [3, 1], output_activation="rellu", seed=rng),
    ]
    for make in makers:
        with pytest.raises(ValueError, match="no activation is called 'rellu'"):
            make()
    assert rng.random() == random.Random(3).random()


# Layers and networks ------------------------------------------------------------------------------


def test_layer_gives_a_list_and_a_single_value_for_one_neuron() -> None:
    """Rows of W are neurons: W·x + b by hand."""
    two = Layer.from_weights([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0], "linear")
    assert [out.data for out in two([1.0, -1.0])] == [9.0, 19.0]
    one = Layer.from_weights([[1.0, 2.0]], [10.0], "linear")
    assert one([1.0, -1.0]).data == 9.0


def test_a_hidden_layer_of_one_neuron_works() -> None:
    """The single Value it gives is a sequence of one for the next layer."""
    model = MLP.from_layers(
        [
            Layer.from_weights([[1.0, 2.0]], 0.0, "linear"),
            Layer.from_weights([[3.0], [4.0]], 1.0, "linear"),
        ]
    )
    assert [out.data for out in model([1.0, 1.0])] == [10.0, 13.0]
    assert MLP(1, [3, 1], seed=0)(0.5).data == MLP(1, [3, 1], seed=0)([0.5]).data


@pytest.mark.parametrize(
    ("n_inputs", "sizes", "layers", "neurons", "parameters"),
    [(3, [4, 2], 2, 6, 26), (3, [4, 4, 1], 3, 9, 41), (2, [16, 16, 1], 3, 33, 337)],
)
def test_the_input_layer_is_not_counted(
    n_inputs: int, sizes: list[int], layers: int, neurons: int, parameters: int
) -> None:
    """3-4-2 has 2 layers, 6 neurons, 26 parameters; 3-4-4-1 has 3, 9 and 41."""
    model = MLP(n_inputs, sizes)
    assert len(model.layers) == layers
    assert sum(len(layer.neurons) for layer in model.layers) == neurons
    assert len(model.parameters()) == parameters


def test_repr_shows_shape_activations_and_parameter_count() -> None:
    """A linear output goes without saying."""
    assert repr(MLP(2, [16, 16, 1])) == "MLP(2 → 16 → 16 → 1, tanh, 337 parameters)"
    assert (
        repr(MLP(2, [3, 2], "relu", "sigmoid")) == "MLP(2 → 3 → 2, relu → sigmoid, 17 parameters)"
    )
    assert repr(MLP(2, [1])) == "MLP(2 → 1, linear, 3 parameters)"
    assert repr(Layer(2, 3, "relu")) == "Layer(2 → 3, relu, 9 parameters)"
    assert repr(Neuron(1, math.sin)) == "Neuron(1 → 1, sin, 2 parameters)"


def test_layers_without_activation_collapse_into_one_linear_map() -> None:
    """W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂), multiplied out with plain numbers."""
    rng = random.Random(6)
    model = MLP(3, [4, 2], "linear", "linear", seed=rng)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-1, 1)
    x = [0.3, -0.7, 1.1]
    (W1, b1), (W2, b2) = map(numbers_of, model.layers)
    W = [[sum(W2[i][k] * W1[k][j] for k in range(4)) for j in range(3)] for i in range(2)]
    b = [sum(W2[i][k] * b1[k] for k in range(4)) + b2[i] for i in range(2)]
    collapsed = Layer.from_weights(W, b, "linear")
    assert [out.data for out in model(x)] == pytest.approx([out.data for out in collapsed(x)])


def test_the_delta_formulas_give_the_gradients_of_the_engine() -> None:
    """δᴸ = ∇C ⊙ σ'(zᴸ), δˡ = (Wˡ⁺¹)ᵀδˡ⁺¹ ⊙ σ'(zˡ), ∂C/∂Wˡ = δˡ(aˡ⁻¹)ᵀ, ∂C/∂bˡ = δˡ by hand."""
    rng = random.Random(1986)
    model = MLP(3, [4, 3, 2], "sigmoid", "sigmoid", seed=rng)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-2, 2)
    x, targets = [0.2, -1.3, 0.8], [0.1, 0.9]
    nn.half_squared_error(model(x), targets).backward()

    weights, biases = zip(*map(numbers_of, model.layers), strict=True)
    activations = [x]
    for W, b in zip(weights, biases, strict=True):
        below = activations[-1]
        z = [
            sum(w * a for w, a in zip(row, below, strict=True)) + c
            for row, c in zip(W, b, strict=True)
        ]
        activations.append([1 / (1 + math.exp(-zi)) for zi in z])
    upper: list[float] = [a - t for a, t in zip(activations[-1], targets, strict=True)]
    for k in (2, 1, 0):
        delta = [u * a * (1 - a) for u, a in zip(upper, activations[k + 1], strict=True)]
        for neuron, d in zip(model.layers[k].neurons, delta, strict=True):
            assert neuron.bias.grad == pytest.approx(d, rel=1e-12)
            by_hand = [d * a for a in activations[k]]
            assert [w.grad for w in neuron.weights] == pytest.approx(by_hand, rel=1e-12)
        columns = zip(*weights[k], strict=True)
        upper = [sum(w * d for w, d in zip(column, delta, strict=True)) for column in columns]


def numbers_of(layer: Layer) -> tuple[list[list[float]], list[float]]:
    """(W, b) as plain numbers."""
    W = [[w.data for w in neuron.weights] for neuron in layer.neurons]
    return W, [neuron.bias.data for neuron in layer.neurons]


def test_micrograd_spelling() -> None:
    """The classic demo, a hinge loss on a few points, runs and its loss falls."""
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    X, y = [[0.0, 1.0], [1.0, 0.5], [-1.0, 0.0], [0.5, -1.0]], [1, 1, -1, -1]
    losses = []
    for _ in range(20):
        scores = list(map(model, X))
        loss = sum((1 + -yi * si).relu() for yi, si in zip(y, scores, strict=True)) * (1.0 / len(y))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.1 * losses[0]


# Given weights ------------------------------------------------------------------------------------


def test_worked_example_with_a_bias_shared_in_each_layer() -> None:
    """The 2-2-2 sigmoid network: loss and gradients computed elsewhere at 30 digits."""
    hidden = Layer.from_weights([[0.25, 0.25], [0.15, 0.20]], Value(0.4, "b1"), "sigmoid")
    output = Layer.from_weights([[0.30, 0.35], [0.40, 0.35]], 0.7, "sigmoid")
    model = MLP.from_layers([hidden, output])
    loss = nn.half_squared_error(model([0.02, 0.04]), [0.5, 0.9])
    loss.backward()
    assert loss.data == pytest.approx(0.0407338056927, rel=1e-11)
    assert hidden.neurons[0].bias.grad == pytest.approx(0.00268748281115, rel=1e-11)
    assert output.neurons[1].bias.grad == pytest.approx(0.0211893517200, rel=1e-11)
    assert len(model.parameters()) == 10


def test_worked_example_whose_rows_are_inputs() -> None:
    """The 2-3-1 network, its first matrix transposed on the way in."""
    W = [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]
    model = MLP.from_layers(
        [
            Layer.from_weights(zip(*W, strict=True), [0.1, 0.2, 0.3], "sigmoid"),
            Layer.from_weights([[0.1, 0.2, 0.3]], 0.1, "sigmoid"),
        ]
    )
    loss = nn.half_squared_error(model([0.4, 0.5]), 1)
    loss.backward()
    assert loss.data == pytest.approx(0.0723034528622, rel=1e-11)
    assert model.layers[0].neurons[2].weights[1].grad == pytest.approx(-0.00287548945586, rel=1e-11)


def test_given_values_are_shared_never_copied() -> None:
    """The neuron holds the very Values; a Value in two places is one parameter, its gradients
    add."""
    w, b = Value(2.0), Value(1.0)
    layer = Layer.from_weights([[w, 3.0], [w, 4.0]], b, "linear")
    assert layer.neurons[0].weights[0] is layer.neurons[1].weights[0] is w
    assert layer.neurons[0].bias is layer.neurons[1].bias is b
    first, second = layer([5.0, 7.0])
    (first + second).backward()
    assert (w.grad, b.grad) == (10.0, 2.0)
    assert len(layer.parameters()) == 4


def test_a_list_of_biases_is_not_shared() -> None:
    """One parameter for each neuron, equal numbers or not."""
    layer = Layer.from_weights([[1.0], [1.0]], [0.5, 0.5])
    assert layer.neurons[0].bias is not layer.neurons[1].bias


# Initialisation -----------------------------------------------------------------------------------


def test_a_seed_reproduces_a_network() -> None:
    """The same seed, the same numbers; another seed, others."""
    state = MLP(3, [5, 2], seed=7).state_dict()
    assert MLP(3, [5, 2], seed=7).state_dict() == state
    assert MLP(3, [5, 2], seed=random.Random(7)).state_dict() == state
    assert MLP(3, [5, 2], seed=8).state_dict() != state


def test_without_a_seed_the_random_module_decides() -> None:
    """random.seed(...) makes it reproducible; two networks in a row differ."""
    random.seed(3)
    first, second = Neuron(2).state_dict(), Neuron(2).state_dict()
    random.seed(3)
    assert Neuron(2).state_dict() == first != second


def test_layers_start_different_from_each_other() -> None:
    """No two weights of a network are drawn alike: symmetry is broken."""
    model = MLP(4, [4, 4, 4], seed=0)
    weights = [p.data for name, p in model.named_parameters() if not name.endswith(".b")]
    assert len(set(weights)) == len(weights) == 48


@pytest.mark.parametrize(
    ("init", "bound", "deviation"),
    [
        ("xavier", math.sqrt(6 / 150), math.sqrt(2 / 150)),
        ("he", math.inf, math.sqrt(2 / 100)),
        ("uniform", 1.0, math.sqrt(1 / 3)),
    ],
)
def test_spread_of_the_initialisers(init: str, bound: float, deviation: float) -> None:
    """5,000 weights of a 100-50 layer: bound and standard deviation as published, mean about 0."""
    layer = Layer(100, 50, init=init, seed=2)
    weights = [w.data for neuron in layer.neurons for w in neuron.weights]
    assert max(map(abs, weights)) <= bound
    assert math.sqrt(sum(w * w for w in weights) / 5000) == pytest.approx(deviation, rel=0.05)
    assert abs(sum(weights) / 5000) < 4 * deviation / math.sqrt(5000)
    assert all(neuron.bias.data == 0.0 for neuron in layer.neurons)


def test_an_initialiser_may_be_any_function() -> None:
    """It sees the width in, the width out and the source."""
    layer = Layer(3, 2, init=lambda n_inputs, n_outputs, rng: n_inputs + n_outputs / 10)
    assert {w.data for neuron in layer.neurons for w in neuron.weights} == {3.2}


# Names --------------------------------------------------------------------------------------------


def test_parameters_have_qualified_names_and_carry_them_as_labels() -> None:
    """layer, neuron and weight are counted from 0."""
    model = MLP(2, [1, 1], seed=0)
    names = [
        *("layer0.neuron0.w0", "layer0.neuron0.w1", "layer0.neuron0.b"),
        *("layer1.neuron0.w0", "layer1.neuron0.b"),
    ]
    assert [name for name, _ in model.named_parameters()] == names
    assert [parameter.label for parameter in model.parameters()] == names


def test_a_label_that_is_there_stays() -> None:
    """Names never overwrite what the user wrote."""
    model = MLP.from_layers([Layer.from_weights([[Value(1.0, "slope")]], [0.0])])
    assert [p.label for p in model.parameters()] == ["slope", "layer0.neuron0.b"]


class Everything(Module):
    """Parameters in every place where they are found."""

    def __init__(self) -> None:
        self.scale = Value(1.0)
        self.units = 3
        self.matrix = [[Value(2.0), Value(3.0)], [Value(4.0), 5.0]]
        self.heads = {"left": Neuron(1, seed=0), "right": (Value(6.0),)}
        self.inner = Layer(1, 1, seed=0)
        self.again = self.inner
        self.tied = self.scale
        self.last = self.scale * 2  # a result, not a parameter
        self.up = self  # a circle


def test_parameters_are_found_in_order_of_assignment() -> None:
    """In attributes, nested lists, tuples, dicts and modules; shared ones once, results never."""
    assert [name for name, _ in Everything().named_parameters()] == [
        *("scale", "matrix.0.0", "matrix.0.1", "matrix.1.0"),
        *("heads.left.w0", "heads.left.b", "heads.right.0"),
        *("inner.neuron0.w0", "inner.neuron0.b"),
    ]
    assert repr(Everything()) == "Everything(9 parameters)"


def test_parameters_are_found_in_arrays_of_values() -> None:
    """Element by element, as counted in memory order."""
    np = pytest.importorskip("numpy")

    class Matrix(Module):
        def __init__(self) -> None:
            self.W = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
            self.data = np.zeros((100, 3))

    assert Matrix().state_dict() == {"W.0": 1.0, "W.1": 2.0, "W.2": 3.0, "W.3": 4.0}


def test_two_parameters_of_one_name_are_an_error() -> None:
    """Otherwise one of them would silently be missing from a saved model."""

    class Clash(Module):
        def __init__(self) -> None:
            self.pair = {1: Value(1.0), "1": Value(2.0)}

    with pytest.raises(ValueError, match=r"Clash has two parameters called 'pair\.1'"):
        Clash().parameters()


def test_zero_grad_reaches_every_parameter() -> None:
    """All gradients are 0 afterwards, the numbers untouched."""
    model = MLP(2, [3, 1], seed=0)
    model([1.0, 2.0]).backward()
    state = model.state_dict()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())
    assert model.state_dict() == state


# State and files ----------------------------------------------------------------------------------

AWKWARD = [0.1, 1 / 3, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf, 1e16]


def awkward_model() -> MLP:
    model = MLP(2, [2, 1], seed=0)
    for parameter, number in zip(model.parameters(), AWKWARD, strict=True):
        parameter.data = number
    return model


def test_a_file_keeps_every_bit(tmp_path: Path) -> None:
    """Saved and loaded floats have the same hexadecimal digits, NaN, infinities and -0.0
    included."""
    path = tmp_path / "model.json"
    awkward_model().save(path)
    other = MLP(2, [2, 1], seed=1)
    other.load(str(path))
    assert [p.data.hex() for p in other.parameters()] == [x.hex() for x in AWKWARD]


def test_a_file_is_standard_json(tmp_path: Path) -> None:
    """Any JSON reader can read it: no bare NaN or Infinity."""
    path = tmp_path / "model.json"
    awkward_model().save(path)

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    document = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert document["module"] == "MLP(2 → 2 → 1, tanh, 9 parameters)"
    assert document["parameters"]["layer0.neuron0.w1"] == 1 / 3
    assert list(document["parameters"].values())[5:8] == ["nan", "inf", "-inf"]


def test_a_failed_save_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted while writing, a save has not happened."""
    path = tmp_path / "model.json"
    MLP(2, [1], seed=0).save(path)
    before = path.read_text(encoding="utf-8")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        MLP(2, [1], seed=1).save(path)
    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_shared_bias_round_trips_and_counts_once() -> None:
    """One name, one number; loading, pickling and copying keep it shared."""
    model = MLP.from_layers([Layer.from_weights([[1.0], [2.0]], 0.5)])
    state = model.state_dict()
    assert state == {"layer0.neuron0.w0": 1.0, "layer0.neuron0.b": 0.5, "layer0.neuron1.w0": 2.0}
    other = MLP.from_layers([Layer.from_weights([[0.0], [0.0]], 0.0)])
    other.load_state_dict(state)
    for same in (other, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert same.state_dict() == state
        assert same.layers[0].neurons[0].bias is same.layers[0].neurons[1].bias
        assert same.layers[0].neurons[0].bias is not model.layers[0].neurons[0].bias


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("layer1.neuron0.b"), ValueError, "8 names against 9; missing 'layer1"),
        (lambda s: s.update(extra=1.0), ValueError, "10 names .* not in the model 'extra'"),
        (lambda s: s.clear(), ValueError, r"missing 'layer0\.neuron0\.w0', .* and 6 more"),
        (lambda s: s.update({"layer1.neuron0.b": "1"}), TypeError, "'layer1.neuron0.b' must be a"),
        (
            lambda s: s.update({"layer1.neuron0.b": [1.0]}),
            TypeError,
            r"number, got the list \[1.0\]",
        ),
        (lambda s: s.update({"layer1.neuron0.b": Value(1.0)}), TypeError, "got the Value"),
        (lambda s: s.update({"layer1.neuron0.b": None}), TypeError, "got the NoneType"),
        (lambda s: s.update({"layer1.neuron0.b": 10**400}), ValueError, "does not fit a float"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(
    change: Any, error: type[Exception], message: str
) -> None:
    """The culprit is named, and not even the keys before it are loaded."""
    model = MLP(2, [2, 1], seed=0)
    before = model.state_dict()
    state: dict[str, Any] = dict.fromkeys(before, 9.0)
    change(state)
    with pytest.raises(error, match=message):
        model.load_state_dict(state)
    assert model.state_dict() == before


def test_a_file_of_another_shape_names_both(tmp_path: Path) -> None:
    """The error shows the two models and the file."""
    path = tmp_path / "small.json"
    MLP(2, [2, 1], seed=0).save(path)
    model = MLP(2, [3, 1], seed=0)
    with pytest.raises(ValueError, match=r"small\.json.*MLP\(2 → 2 → 1.*MLP\(2 → 3 → 1.*9 .*13"):
        model.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"parameters": 3}',
        '{"weights": {}}',
        "[" * 100_000,
        '{"parameters": {"w0": ' + "9" * 10_000 + "}}",
        "\ufeff{}",
    ],
    ids=["empty", "cut", "list", "null", "number", "other", "deep", "digits", "mark"],
)
def test_a_file_that_is_no_model_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    """Whatever is wrong with the text, the file is named."""
    path = tmp_path / "odd.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.json' was not written by Module\.save"):
        Neuron(1, seed=0).load(path)


def test_strange_numbers_in_a_file_name_the_key(tmp_path: Path) -> None:
    """Only "nan", "inf" and "-inf" stand for numbers."""
    path = tmp_path / "odd.json"
    path.write_text('{"parameters": {"w0": "12", "b": 0}}', encoding="utf-8")
    with pytest.raises(TypeError, match="'w0' must be a number, got the str '12'"):
        Neuron(1, seed=0).load(path)


def test_loading_never_executes_anything(tmp_path: Path) -> None:
    """A pickle is refused as text."""
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps({"parameters": {}}))
    with pytest.raises(ValueError, match="was not written by"):
        Neuron(1, seed=0).load(path)


def test_saving_keeps_the_permissions_of_the_file(tmp_path: Path) -> None:
    """A private file stays private."""
    path = tmp_path / "model.json"
    path.touch()
    path.chmod(0o600)
    Neuron(1, seed=0).save(path)
    assert path.stat().st_mode & 0o777 == 0o600


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Neuron(2)([1.0]), ValueError, "Neuron(2 → 1, tanh, 3 parameters) takes 2 inputs"),
        (lambda: Neuron(2)([1.0, 2.0, 3.0]), ValueError, "takes 2 inputs, got 3"),
        (lambda: Neuron(2)([]), ValueError, "takes 2 inputs, got 0"),
        (lambda: Neuron(2)(1.0), ValueError, "takes 2 inputs, got 1"),
        (
            lambda: Layer(1, 2)([1, 2]),
            ValueError,
            "Layer(1 → 2, tanh, 4 parameters) takes 1 input,",
        ),
        (lambda: MLP(2, [1])([[1, 2]] * 3), ValueError, "one sample at a time"),
        (lambda: Neuron(2)("ab"), TypeError, "a sequence of numbers was expected, got a str"),
        (lambda: Neuron(2)({"a": 1, "b": 2}), TypeError, "got a dict"),
        (lambda: Neuron(2)({1, 2}), TypeError, "got a set"),
        (lambda: Neuron(2)([1.0, "2"]), TypeError, "str"),
        (lambda: Neuron(2)([1.0, None]), TypeError, "None"),
        (lambda: Neuron(2)([1.0, 2j]), TypeError, "complex"),
        (lambda: Neuron(0), ValueError, "n_inputs must be at least 1, got 0"),
        (lambda: Layer(2, -1), ValueError, "n_outputs must be at least 1, got -1"),
        (lambda: Layer(2, 1.5), TypeError, "n_outputs must be a whole number, got 1.5"),
        (lambda: MLP(2, []), ValueError, "sizes is the widths of the layers"),
        (lambda: MLP(2, 3), ValueError, "such as [16, 16, 1]; got 3"),
        (lambda: MLP(2, [3, 0]), ValueError, "at least 1, got 0"),
        (lambda: MLP(2, [3], init="xaver"), ValueError, "known: xavier, he, uniform"),
        (lambda: MLP(2, [3], init=3), TypeError, "an initialiser is a name"),
        (lambda: MLP(2, [3], seed="abc"), TypeError, "a seed is an int or a random.Random"),
        (lambda: MLP(2, [3], seed=1.5), TypeError, "a seed is an int or a random.Random"),
        (lambda: Layer.from_weights([]), ValueError, "got rows of nothing"),
        (lambda: Layer.from_weights([[1.0], [1.0, 2.0]]), ValueError, "got rows of 1, 2"),
        (lambda: Layer.from_weights([1.0, 2.0]), ValueError, "sequence of weights was expected"),
        (lambda: Layer.from_weights([[]]), ValueError, "sequence of weights was expected"),
        (lambda: Layer.from_weights([[1.0], [2.0]], [1.0]), ValueError, "pass W.T"),
        (lambda: Layer.from_weights(["ab"]), TypeError, "got a str"),
        (lambda: Layer.from_weights([["a"]]), TypeError, "str"),
        (lambda: Neuron.from_weights([1.0], None), TypeError, "None"),
        (lambda: MLP.from_layers([]), ValueError, "at least one layer"),
        (
            lambda: MLP.from_layers([Layer(2, 3), Layer(2, 1)]),
            ValueError,
            "Layer(2 → 3, tanh, 9 parameters) cannot be followed by Layer(2 → 1, tanh,",
        ),
    ],
)
def test_bad_input_is_named(call: Any, error: type[Exception], message: str) -> None:
    """An error of the fitting class that says what came and what was expected."""
    with pytest.raises(error, match=re.escape(message)):
        call()
