"""Every number of the worked examples: small systems computed by hand and at 30 digits.

Where the tutorials that they come from contain a slip, a test shows that it is one. What holds for
networks of any shape (how layers and parameters are counted, the delta formulas) is in test_nn.py.
"""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import Any

import pytest

import autograd
import nn
from autograd import Value


def agrees(number: float, printed: str) -> bool:
    """Whether a number, rounded to as many significant digits as were printed, is what was printed.

    Half a unit of the last digit more is allowed to the rounding of the engine's own digits.
    """
    expected = Decimal(printed)
    exponent = expected.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(Decimal(number) - expected) <= Decimal("0.501").scaleb(exponent)


# 1. The chain-rule toy ----------------------------------------------------------------------------


def toy() -> tuple[Value, ...]:
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c = a + b
    d = b + 1
    e = c * d
    return a, b, c, d, e


def test_toy_values() -> None:
    """c = 3, d = 2, e = 6."""
    _, _, c, d, e = toy()
    assert (c.data, d.data, e.data) == (3.0, 2.0, 6.0)


def test_toy_local_derivatives() -> None:
    """∂e/∂c = d = 2 and ∂e/∂d = c = 3; the three edges into sums are 1."""
    a, b, c, d, e = toy()
    assert (e.parents, e.partials) == ((c, d), (2.0, 3.0))
    assert (c.parents, c.partials) == ((a, b), (1.0, 1.0))
    assert (d.parents, d.partials) == ((b,), (1.0,))


def test_toy_backpropagation() -> None:
    """∂e/∂a = 2 and ∂e/∂b = 5; on the way ∂e/∂c = 2 and ∂e/∂d = 3."""
    a, b, c, d, e = toy()
    e.backward()
    assert (a.grad, b.grad) == (2.0, 5.0)
    assert (c.grad, d.grad, e.grad) == (2.0, 3.0, 1.0)


def test_toy_sum_over_paths() -> None:
    """a–c–e gives 1·2; b–c–e gives 1·2 and b–d–e 1·3, together 5."""
    a, b, c, d, e = toy()
    to_a, to_b = autograd.paths(e, a), autograd.paths(e, b)
    assert [(path.nodes, path.factors) for path in to_a.rows] == [((a, c, e), (1.0, 2.0))]
    assert [(path.nodes, path.factors) for path in to_b.rows] == [
        ((b, c, e), (1.0, 2.0)),
        ((b, d, e), (1.0, 3.0)),
    ]
    assert [path.product for path in to_b.rows] == [2.0, 3.0]
    assert (to_a.total, to_b.total) == (2.0, 5.0)


def test_toy_enumeration_visits_an_edge_twice() -> None:
    """Path by path, the edge c–e is walked for a and for b; backpropagation sends one message."""
    a, b, c, _, e = toy()
    rows = autograd.paths(e, a).rows + autograd.paths(e, b).rows
    assert sum(path.nodes[-2] is c for path in rows) == 2


# 2. A circuit -------------------------------------------------------------------------------------


def test_circuit() -> None:
    """f = (x + y)z at (-2, 5, -4): q = 3, f = -12, gradients -4, -4, 3."""
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert (x.grad, y.grad, z.grad) == (-4.0, -4.0, 3.0)


# 3. The 2-2-2 sigmoid network ---------------------------------------------------------------------

INPUTS, TARGETS = [0.02, 0.04], [0.5, 0.9]

STEP = """
    w1   1.81911912141e-5   0.249998180881
    w2   3.63823824282e-5   0.249996361762
    w3   3.55584650089e-5   0.149996444153
    w4   7.11169300178e-5   0.199992888307
    w5   0.0281785150891    0.297182148491
    w6   0.0281336688604    0.347186633114
    w7   -0.0154164614509   0.401541646145
    w8   -0.0153919260858   0.351539192609
"""
BIASES = {"b1": "0.00268748281115", "b2": "0.0211893517200"}


def two_two_two() -> nn.MLP:
    """One bias per layer, shared by its neurons."""
    hidden = nn.Layer.from_weights([[0.25, 0.25], [0.15, 0.20]], Value(0.4, "b1"), "sigmoid")
    output = nn.Layer.from_weights([[0.30, 0.35], [0.40, 0.35]], Value(0.7, "b2"), "sigmoid")
    return nn.MLP.from_layers([hidden, output])


def weights_of(model: nn.MLP) -> dict[str, Value]:
    found = [w for layer in model.layers for neuron in layer.neurons for w in neuron.weights]
    return {f"w{i}": w for i, w in enumerate(found, 1)}


def test_sigmoid_network_forward() -> None:
    """net(h), h, o and E."""
    model = two_two_two()
    hidden = model.layers[0](INPUTS)
    outputs = model.layers[1](hidden)
    nets = [h.parents[0] for h in hidden]
    assert all(map(agrees, [x.data for x in nets], ["0.415000000000", "0.411000000000"]))
    assert all(map(agrees, [h.data for h in hidden], ["0.602286176889", "0.601327635833"]))
    assert all(map(agrees, [o.data for o in outputs], ["0.748598311162", "0.759762732939"]))
    loss = nn.half_squared_error(outputs, TARGETS)
    assert agrees(loss.data, "0.0407338056927")


def test_sigmoid_network_slip() -> None:
    """The tutorial's 0.025283526 is what comes out if the first term is halved twice."""
    o1, o2 = two_two_two()(INPUTS)
    slip = 0.5 * (0.5 * (0.5 - o1) ** 2) + 0.5 * (0.9 - o2) ** 2
    assert agrees(slip.data, "0.025283526")


def test_sigmoid_network_gradients_and_one_step() -> None:
    """The table: eight gradients, eight updated weights, two gradients of biases."""
    model = two_two_two()
    weights = weights_of(model)
    nn.half_squared_error(model(INPUTS), TARGETS).backward()
    for layer, (name, gradient) in zip(model.layers, BIASES.items(), strict=True):
        bias = layer.neurons[0].bias
        assert bias.label == name
        assert bias is layer.neurons[1].bias
        assert agrees(bias.grad, gradient), name
    nn.SGD(weights.values(), lr=0.1).step()
    rows = [line.split() for line in STEP.strip().splitlines()]
    assert [row[0] for row in rows] == list(weights)
    for name, gradient, updated in rows:
        assert agrees(weights[name].grad, gradient), name
        assert agrees(weights[name].data, updated), name


def test_sigmoid_network_descent() -> None:
    """10,000 steps on the weights alone: the loss at four of them, and the outputs reached."""
    model = two_two_two()
    optimizer = nn.SGD(weights_of(model).values(), lr=0.1)
    printed = {1: "4.073e-2", 100: "2.346e-2", 1000: "5.854e-4", 10000: "5.587e-9"}
    for step in range(1, 10001):
        loss = nn.half_squared_error(model(INPUTS), TARGETS)
        if step in printed:
            assert agrees(loss.data, printed[step]), step
        model.zero_grad()
        loss.backward()
        optimizer.step()
    assert [o.data for o in model(INPUTS)] == pytest.approx([0.5, 0.9], abs=2e-4)
    assert [layer.neurons[0].bias.data for layer in model.layers] == [0.4, 0.7]


# 4. The 2-3-1 network, as the tutorial's NumPy class ----------------------------------------------

H = ["0.559713649267", "0.627147766313", "0.689974481128"]
Y, E = "0.619727853078", "0.0723034528622"

GRADIENTS = {
    "W": [
        ["-0.000883387317786", "-0.0016764347896", "-0.00230039156469"],
        ["-0.00110423414723", "-0.00209554348701", "-0.00287548945586"],
    ],
    "B1": ["-0.00220846829447", "-0.00419108697401", "-0.00575097891173"],
    "V": ["-0.0501598173732", "-0.0562030557329", "-0.0618333928622"],
    "B2": "-0.0896169272249",
}
UPDATED = {
    "W": [
        ["0.100008833873", "0.300016764348", "0.500023003916"],
        ["0.200011042341", "0.400020955435", "0.600028754895"],
    ],
    "B1": ["0.100022084683", "0.200041910870", "0.300057509789"],
    "V": ["0.100501598174", "0.200562030557", "0.300618333929"],
    "B2": "0.100896169272",
}
START: dict[str, Any] = {
    "W": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "B1": [0.1, 0.2, 0.3],
    "V": [0.1, 0.2, 0.3],
    "B2": 0.1,
}


def leaves(nested: Any) -> Any:
    return [leaves(x) for x in nested] if isinstance(nested, list) else Value(nested)


def flat(nested: Any) -> list[Any]:
    if hasattr(nested, "ravel"):
        return list(nested.ravel())
    return [y for x in nested for y in flat(x)] if isinstance(nested, list) else [nested]


class NumpyNetwork:
    """The network as one writes it in NumPy, knowing nothing of Values."""

    def __init__(self, np: Any, parameters: dict[str, Any]) -> None:
        self.np = np
        self.W, self.B1, self.V = (np.array(parameters[name]) for name in ("W", "B1", "V"))
        self.B2 = parameters["B2"]

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + self.np.exp(-x))

    def forward(self, X: Any) -> Any:
        self.H = self.sigmoid(self.np.dot(X, self.W) + self.B1)
        self.Y = self.sigmoid(self.np.dot(self.H, self.V) + self.B2)
        return self.Y

    def loss(self, X: Any, label: float) -> Any:
        return 0.5 * (label - self.forward(X)) ** 2

    def update(self, lr: float) -> None:
        for p in self.parameters():
            p.data -= lr * p.grad

    def parameters(self) -> list[Any]:
        return [p for name in START for p in flat(getattr(self, name))]


X = [0.4, 0.5]


def test_numpy_network_on_floats_and_on_values() -> None:
    """The same class gives H, Y and E on float arrays and, bit for bit, on arrays of Values."""
    np = pytest.importorskip("numpy")
    plain = NumpyNetwork(np, START)
    assert [round(x, 12) for x in np.dot(np.array(X), plain.W)] == [0.14, 0.32, 0.5]
    plain_loss = plain.loss(np.array(X), 1)
    network = NumpyNetwork(np, {name: leaves(x) for name, x in START.items()})
    loss = network.loss(np.array(X), 1)
    assert [h.data for h in network.H] == list(plain.H)
    assert all(map(agrees, plain.H, H))
    assert network.Y.data == plain.Y
    assert agrees(plain.Y, Y)
    assert loss.data == plain_loss
    assert agrees(plain_loss, E)


def test_numpy_network_gradients_and_one_step() -> None:
    """The table: thirteen gradients, and the parameters after a step of 0.01."""
    np = pytest.importorskip("numpy")
    network = NumpyNetwork(np, {name: leaves(x) for name, x in START.items()})
    network.loss(np.array(X), 1).backward()
    network.update(lr=0.01)
    for name in START:
        values = flat(getattr(network, name))
        assert all(map(agrees, [p.grad for p in values], flat(GRADIENTS[name]))), name
        assert all(map(agrees, [p.data for p in values], flat(UPDATED[name]))), name


def test_numpy_network_as_layers() -> None:
    """The same network of nn's layers gives the same gradients; rows of W are inputs."""
    W, B1, V, B2 = (leaves(x) for x in START.values())
    hidden = nn.Layer.from_weights(zip(*W, strict=True), B1, "sigmoid")
    model = nn.MLP.from_layers([hidden, nn.Layer.from_weights([V], B2, "sigmoid")])
    loss = nn.half_squared_error(model(X), 1)
    loss.backward()
    assert agrees(loss.data, E)
    for values, name in ((W, "W"), (B1, "B1"), (V, "V"), (B2, "B2")):
        assert all(map(agrees, [p.grad for p in flat(values)], flat(GRADIENTS[name]))), name


def test_numpy_network_slips() -> None:
    """From `label - Y` the update climbs; with 1 - σ² for σ' the hidden gradients are wrong."""
    np = pytest.importorskip("numpy")
    network = NumpyNetwork(np, {name: leaves(x) for name, x in START.items()})
    loss = network.loss(np.array(X), 1)
    loss.backward()
    h, y = network.H[0].data, network.Y.data
    delta = (y - 1) * y * (1 - y)
    right, wrong = delta * 0.1 * h * (1 - h), delta * 0.1 * (1 - h * h)
    assert network.B1[0].grad == pytest.approx(right, rel=1e-12)
    assert abs(wrong / right) > 2
    network.update(lr=-0.01)
    assert network.loss(np.array(X), 1) > loss


# 5. The 1-2-1 network with shared biases ----------------------------------------------------------


def test_shared_biases_against_the_formulas() -> None:
    """δ_o, δ_h1, δ_h2 written out; db2 = δ_o + δ_h2 since b2 feeds both net_h2 and net_o."""
    rng = random.Random(121)
    for _ in range(20):
        numbers = [rng.uniform(-2, 2) for _ in range(8)]
        w1, w2, w3, w4, b1, b2 = parameters = [Value(number) for number in numbers[:6]]
        x, y = numbers[6:]
        h1, h2 = (w1 * x + b1).sigmoid(), (w2 * x + b2).sigmoid()
        out = (w3 * h1 + w4 * h2 + b2).sigmoid()
        (0.5 * (y - out) ** 2).backward()

        s1, s2 = sigma(w1.data * x + b1.data), sigma(w2.data * x + b2.data)
        s = sigma(w3.data * s1 + w4.data * s2 + b2.data)
        delta_o = -(y - s) * s * (1 - s)
        delta_h1 = w3.data * delta_o * s1 * (1 - s1)
        delta_h2 = w4.data * delta_o * s2 * (1 - s2)
        by_hand = [delta_h1 * x, delta_h2 * x, delta_o * s1, delta_o * s2]
        by_hand += [delta_h1, delta_o + delta_h2]
        assert [p.grad for p in parameters] == pytest.approx(by_hand, rel=1e-12, abs=1e-15)
        # The tutorial's version contradicts its own forward pass:
        assert b2.grad != pytest.approx(delta_o, rel=1e-6)
        assert b1.grad != pytest.approx(delta_h1 + delta_h2, rel=1e-6)


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def test_shared_biases_in_layers() -> None:
    """The same network in nn: one bias Value handed to two layers is one parameter."""
    b1, b2 = Value(0.3), Value(-0.2)
    hidden = nn.Layer.from_weights([[0.5], [-1.5]], [b1, b2], "sigmoid")
    model = nn.MLP.from_layers([hidden, nn.Layer.from_weights([[0.7, 1.1]], b2, "sigmoid")])
    assert len(model.parameters()) == 6
    nn.half_squared_error(model([0.9]), 0.25).backward()
    s1, s2 = sigma(0.5 * 0.9 + 0.3), sigma(-1.5 * 0.9 - 0.2)
    s = sigma(0.7 * s1 + 1.1 * s2 - 0.2)
    delta_o = -(0.25 - s) * s * (1 - s)
    assert b1.grad == pytest.approx(0.7 * delta_o * s1 * (1 - s1), rel=1e-12)
    assert b2.grad == pytest.approx(delta_o + 1.1 * delta_o * s2 * (1 - s2), rel=1e-12)
