"""Neurons, layers and networks, as they are defined on paper.

A neuron computes a = σ(w·x + b), a layer is several neurons on the same x, and a network hands on
from layer to layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, ClassVar, Never, TypeAlias, cast

import autograd
from autograd import Value, dot
from nn.architecture import function_named
from nn.foreign_names import hinting_keywords
from nn.initialisers import Initialiser, Seed, find_initialiser, random_source
from nn.module import Module
from nn.scaler import Scaler
from nn.validation import (
    Number,
    Vector,
    as_count,
    as_list,
    as_vector,
    counted,
    find_named,
    name_of,
    refuse_others,
)

__all__ = ["ACTIVATIONS", "MLP", "Activation", "Chain", "Layer", "Neuron"]

# -- activations -----------------------------------------------------------------------------------

Activation: TypeAlias = str | Callable[[Any], Any]


def linear(x: Any) -> Any:
    """The activation of a neuron that has none."""
    return x


NAMED = (
    *("relu", "leaky_relu", "elu", "gelu", "silu", "softplus"),
    *("sigmoid", "tanh", "softsign", "sin", "exp"),
)
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": linear,
    **{name: getattr(autograd, name) for name in NAMED},
}
"""The activations a neuron can be given by name; any other function of one number will do."""


def told_activation(activation: Activation) -> Any:
    """An activation as a file says it: by its name; a module is in the file by itself."""
    if isinstance(activation, (str, Module)):
        return activation if isinstance(activation, str) else None
    for name, function in ACTIVATIONS.items():
        if activation is function:
            return name
    return function_named(activation)


def find_activation(activation: Activation) -> Callable[[Any], Any]:
    """The function that goes by this name; a callable is given back as it is.

    >>> find_activation("relu")(-2.0)
    0.0
    """
    if isinstance(activation, str) and activation in ("softmax", "log_softmax"):
        raise ValueError(
            f"{activation} acts on a whole layer: apply it to the outputs, and train on the "
            "outputs themselves with nn.cross_entropy"
        )
    return find_named("an activation", activation, ACTIVATIONS, "of one number")


def _chosen(activation: Activation | None, nonlin: bool | None) -> Activation:
    """tanh, unless another is given, or micrograd's `nonlin`; an error before a weight is drawn."""
    if nonlin is None:
        chosen: Activation = "tanh" if activation is None else activation
        find_activation(chosen)
        return chosen
    if activation is not None:
        raise TypeError("give activation or nonlin, not both")
    return "relu" if nonlin else "linear"


# -- neurons, layers, networks ---------------------------------------------------------------------


class Neuron(Module):
    """σ(w·x + b).

    `activation` is a name (see `nn.ACTIVATIONS`) or a function of one number, tanh if none is
    given; `init` the name of an initialiser (see `nn.INITIALISERS`) or a function like them; `seed`
    an int, a `random.Random`, or None for `random` itself. As in micrograd, `nonlin` may stand for
    an activation, True for relu and False for linear, and `w` and `b` for weights and bias.

    >>> neuron = Neuron(2, "relu", seed=0)
    >>> neuron
    Neuron(2 → 1, relu, 3 parameters)
    >>> neuron([1.0, 2.0]).data == max(0.0, neuron.weights[0].data + 2 * neuron.weights[1].data)
    True
    """

    short_names: ClassVar[Mapping[str, str]] = {
        "weights": "w",
        "bias": "b",
        "_activation": "activation",
    }

    @hinting_keywords
    def __init__(
        self,
        n_inputs: int,
        activation: Activation | None = None,
        *,
        nonlin: bool | None = None,
        init: str | Initialiser = "xavier",
        seed: Seed = None,
    ) -> None:
        activation = _chosen(activation, nonlin)
        n_inputs = as_count("n_inputs", n_inputs)
        draw, rng = find_initialiser(init), random_source(seed)
        self.weights = [Value(draw(n_inputs, 1, rng)) for _ in range(n_inputs)]
        self.bias = Value(0.0)
        self.activation = activation

    @classmethod
    def from_weights(
        cls, weights: Iterable[Number], bias: Number = 0.0, activation: Activation = "tanh"
    ) -> Neuron:
        """A neuron with these weights; a Value among them is shared, not copied.

        >>> Neuron.from_weights([0.25, 0.5], 1.0, "linear")([2.0, 2.0])
        Value(data=2.5, grad=0.0)
        """
        neuron = cls.__new__(cls)
        neuron.weights = _values(weights)
        neuron.bias = _value(bias)
        neuron.activation = activation
        return neuron

    @property
    def activation(self) -> Activation:
        """The name or function it was given; assignable."""
        return self._activation

    @activation.setter
    def activation(self, activation: Activation) -> None:
        activate = find_activation(activation)
        self._activation, self._activate = activation, activate

    @property
    def w(self) -> list[Value]:
        """The weights, by micrograd's name."""
        return self.weights

    @property
    def b(self) -> Value:
        """The bias, by micrograd's name."""
        return self.bias

    @property
    def n_inputs(self) -> int:
        """How many numbers it takes."""
        return len(self.weights)

    def _settings(self) -> dict[str, Any]:
        own = {"n_inputs": self.n_inputs, "activation": told_activation(self.activation)}
        return {**super()._settings(), **own}

    def __call__(self, x: Vector, *others: Never) -> Value:
        refuse_others(self, x, others)
        return self.respond(as_vector(x, len(self.weights), self))

    def respond(self, x: Sequence[Number]) -> Value:
        """The output for as many inputs as weights, unchecked: a layer checks them once for all."""
        out: Value = self._activate(dot(self.weights, x) + self.bias)
        return out

    def __repr__(self) -> str:
        return _describe(self, [len(self.weights), 1], name_of(self.activation))


class Layer(Module):
    """Neurons on the same inputs.

    Called with a sequence of numbers or Values it gives a list of Values; a single Value if it has
    one neuron.

    >>> layer = Layer(2, 3, "relu", seed=0)
    >>> layer
    Layer(2 → 3, relu, 9 parameters)
    >>> len(layer([1.0, 2.0]))
    3
    """

    short_names: ClassVar[Mapping[str, str]] = {"neurons": "neuron"}

    @hinting_keywords
    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: Activation | None = None,
        *,
        nonlin: bool | None = None,
        init: str | Initialiser = "xavier",
        seed: Seed = None,
    ) -> None:
        activation = _chosen(activation, nonlin)
        n_inputs, n_outputs = as_count("n_inputs", n_inputs), as_count("n_outputs", n_outputs)
        draw, rng = find_initialiser(init), random_source(seed)
        rows = [[draw(n_inputs, n_outputs, rng) for _ in range(n_inputs)] for _ in range(n_outputs)]
        self.neurons = [Neuron.from_weights(row, 0.0, activation) for row in rows]

    @classmethod
    def from_weights(
        cls,
        W: Iterable[Iterable[Number]],
        b: Vector = 0.0,
        activation: Activation = "tanh",
    ) -> Layer:
        """A layer with these weights: `W[i]` is neuron i, with one weight for each input.

        If the rows of W stand for the inputs (`x @ W` in NumPy), pass its transpose: `W.T`, or
        `zip(*W)` for lists. `b` is a sequence with one bias for each neuron, or one number or
        Value: a single parameter that all neurons share. Values are shared, never copied.

        >>> Layer.from_weights([[1.0, 2.0], [3.0, 4.0]], 0.5, "linear")([1.0, 1.0])
        [Value(data=3.5, grad=0.0), Value(data=7.5, grad=0.0)]
        """
        rows = [_values(row) for row in as_list(W) or ()]
        if not rows or any(len(row) != len(rows[0]) for row in rows):
            raise ValueError(
                "W must have a row for each neuron, all of one length; got rows of "
                f"{', '.join(str(len(row)) for row in rows) or 'nothing'}"
            )
        biases = as_list(b)
        if biases is None:
            biases = [_value(cast(Number, b))] * len(rows)
        if len(biases) != len(rows):
            raise ValueError(
                f"{counted(len(rows), 'row')} of weights and {len(biases)} biases; "
                "W[i] is neuron i: pass W.T if its rows are the inputs"
            )
        layer = cls.__new__(cls)
        layer.neurons = [
            Neuron.from_weights(row, bias, activation)
            for row, bias in zip(rows, biases, strict=True)
        ]
        return layer

    @property
    def n_inputs(self) -> int:
        """How many numbers it takes."""
        return len(self.neurons[0].weights)

    @property
    def n_outputs(self) -> int:
        """How many numbers it gives: one for each neuron."""
        return len(self.neurons)

    def _settings(self) -> dict[str, Any]:
        told = [told_activation(neuron.activation) for neuron in self.neurons]
        alike = all(activation == told[0] for activation in told)
        own = {"n_inputs": self.n_inputs, "n_outputs": self.n_outputs}
        return {**super()._settings(), **own, **({"activation": told[0]} if alike else {})}

    @property
    def activation(self) -> str:
        """The name of its neurons' activation, or names, where they differ."""
        return "/".join(dict.fromkeys(name_of(neuron.activation) for neuron in self.neurons))

    def __call__(self, x: Vector, *others: Never) -> Any:
        refuse_others(self, x, others)
        x = as_vector(x, self.n_inputs, self)
        out = [neuron.respond(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return _describe(self, [self.n_inputs, self.n_outputs], self.activation)


class Chain(Module):
    """Layers one after the other, each on what the one before gives, between scalers where there
    are any."""

    short_names: ClassVar[Mapping[str, str]] = {"layers": "layer"}
    scaler: Scaler | None = None
    output_scaler: Scaler | None = None
    layers: list[Any]

    def __call__(self, x: Vector, *others: Never) -> Any:
        refuse_others(self, x, others)
        out: Any = x if self.scaler is None else self.scaler(x)
        for layer in self.layers:
            out = layer(out)
        return out if self.output_scaler is None else self.output_scaler.restored(out)


class MLP(Chain):
    """A multilayer perceptron: layers of these sizes, the last with an activation of its own.

    Called with a sequence of numbers or Values it gives a list of Values; a single Value if it has
    one output. The input layer is not counted: 3-4-2 is a network of two layers. `scaler` and
    `output_scaler`, set by `fit(..., scale=True)`, standardise what goes in and give what comes out
    its size.

    >>> model = MLP(2, [16, 16, 1], seed=0)
    >>> model
    MLP(2 → 16 → 16 → 1, tanh, 337 parameters)
    >>> model([0.5, -1.0]).op
    'add'
    >>> model.layers[0].neurons[2].weights[1].label
    'layer0.neuron2.w1'
    """

    layers: list[Layer]

    @hinting_keywords
    def __init__(
        self,
        n_inputs: int,
        sizes: Sequence[int],
        activation: Activation = "tanh",
        output_activation: Activation = "linear",
        *,
        init: str | Initialiser = "xavier",
        seed: Seed = None,
    ) -> None:
        widths = as_list(sizes)
        if not widths:
            raise ValueError(
                f"sizes is the widths of the layers, such as [16, 16, 1]; got {sizes!r}"
            )
        n_inputs = as_count("n_inputs", n_inputs)
        widths = [as_count(f"sizes[{i}]", width) for i, width in enumerate(widths)]
        for given in (activation, output_activation):
            find_activation(given)  # of which a network of one layer has no use for the first
        rng = random_source(seed)
        activations = [activation] * (len(widths) - 1) + [output_activation]
        self.layers = [
            Layer(n_in, n_out, sigma, init=init, seed=rng)
            for (n_in, n_out), sigma in zip(pairwise([n_inputs, *widths]), activations, strict=True)
        ]
        self.parameters()  # labels them

    @classmethod
    def from_layers(cls, layers: Iterable[Layer]) -> MLP:
        """A network of these layers.

        >>> hidden = Layer.from_weights([[0.1, 0.2], [0.3, 0.4]], 0.5, "sigmoid")
        >>> MLP.from_layers([hidden, Layer.from_weights([[0.6, 0.7]], 0.8, "linear")])
        MLP(2 → 2 → 1, sigmoid, 8 parameters)
        """
        model = cls.__new__(cls)
        model.layers = list(layers)
        if not model.layers:
            raise ValueError("a network needs at least one layer")
        for before, after in pairwise(model.layers):
            if before.n_outputs != after.n_inputs:
                raise ValueError(f"{before!r} cannot be followed by {after!r}")
        model.parameters()  # labels them
        return model

    def __repr__(self) -> str:
        activations = [layer.activation for layer in self.layers]
        if len(activations) > 1 and activations[-1] == "linear":
            activations.pop()  # the default, so left out
        widths = [self.layers[0].n_inputs, *(layer.n_outputs for layer in self.layers)]
        return _describe(self, widths, " → ".join(name for name, _ in groupby(activations)))


def _describe(module: Module, widths: Iterable[int], activation: str) -> str:
    shape = " → ".join(map(str, widths))
    count = counted(len(module.parameters()), "parameter")
    return f"{type(module).__name__}({shape}, {activation}, {count})"


def _value(number: Number) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _values(numbers: Iterable[Number]) -> list[Value]:
    entries = as_list(numbers)
    if not entries:
        raise ValueError(f"a sequence of weights was expected, got {numbers!r}")
    return [_value(number) for number in entries]
