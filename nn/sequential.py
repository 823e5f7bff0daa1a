"""Modules with the names and meaning that they have in `torch.nn`, on one row of numbers.

    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))

One output is a single Value, as everywhere in `nn`, and not a list of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any

import autograd
from autograd import Primitive, Value
from nn.foreign_names import hinting_keywords
from nn.initialisers import Seed, random_source
from nn.layers import Chain, Layer, Neuron
from nn.module import Module, computes
from nn.validation import Vector, as_count, as_float, as_list

__all__ = [
    "ELU",
    "GELU",
    "Elementwise",
    "Identity",
    "LeakyReLU",
    "Linear",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "without_bias",
]


class Linear(Layer):
    """x ↦ W·x + b, one neuron without activation for each output.

    Weights and biases start uniform in ±1/√in_features, as in PyTorch, drawn from `seed` (an int, a
    `random.Random`, or None for `random` itself). Without `bias` there is none.

    >>> linear = Linear(2, 3, seed=0)
    >>> linear
    Linear(2 → 3, linear, 9 parameters)
    >>> len(linear.weight), len(linear.weight[0]), len(linear.bias)
    (3, 2, 3)
    """

    @hinting_keywords
    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, seed: Seed = None
    ) -> None:
        in_features = as_count("in_features", in_features)
        out_features = as_count("out_features", out_features)
        rng, bound = random_source(seed), 1.0 / sqrt(in_features)
        rows = [
            [rng.uniform(-bound, bound) for _ in range(in_features)] for _ in range(out_features)
        ]
        self.neurons = [Neuron.from_weights(row, 0.0, "linear") for row in rows]
        for neuron in self.neurons:
            if bias:
                neuron.bias.data = rng.uniform(-bound, bound)
            else:
                without_bias(neuron)

    @property
    def weight(self) -> list[list[Value]]:
        """A row for each output."""
        return [neuron.weights for neuron in self.neurons]

    @property
    def bias(self) -> list[Value] | None:
        """One for each output; None without."""
        biases: list[Any] = [neuron.bias for neuron in self.neurons]
        return biases if isinstance(biases[0], Value) else None

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), "bias": self.bias is not None}


def without_bias(neuron: Neuron) -> Neuron:
    """The neuron with a plain 0 in the place of its bias, which is no parameter."""
    neuron.bias = 0.0  # type: ignore[assignment]
    return neuron


class Sequential(Chain):
    """Modules one after the other, each on what the one before gives.

    >>> model = Sequential(Linear(2, 3, seed=0), Tanh(), Linear(3, 1, seed=1))
    >>> model
    Sequential(Linear(2 → 3, linear, 9 parameters), Tanh(), Linear(3 → 1, linear, 4 parameters))
    >>> model([1.0, 2.0]).op
    'add'
    """

    layers: list[Module]

    def __init__(self, *modules: Any) -> None:
        if not modules:
            raise ValueError("Sequential needs at least one module")
        for i, module in enumerate(modules):
            if not (isinstance(module, Module) and computes(module)):
                raise TypeError(
                    f"entry {i} of Sequential is no module: {module!r:.80}{_hint(module)}"
                )
        self.layers = list(modules)
        self.named_parameters()  # labels them

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


def _hint(module: object) -> str:
    if isinstance(module, type):
        return f"; make one: {module.__name__}(...)"
    name = module.name if isinstance(module, Primitive) else getattr(module, "__name__", "")
    for known in __all__:
        if name.replace("_", "") == known.lower():
            return f"; the module is nn.{known}()"
    return "; they are given one by one: Sequential(*modules)" if as_list(module) else ""


# -- activations -----------------------------------------------------------------------------------


class Elementwise(Module):
    """A function of one number, on each of a row of them."""

    def apply(self, x: Any) -> Any:
        """Of one number."""
        raise NotImplementedError(f"{type(self).__name__} has no apply(x)")

    def __call__(self, x: Vector) -> Any:
        entries = as_list(x)
        return self.apply(x) if entries is None else [self.apply(entry) for entry in entries]

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={kept}" for name, kept in self._settings().items())
        return f"{type(self).__name__}({settings})"


class Identity(Elementwise):
    """x ↦ x."""

    def apply(self, x: Any) -> Any:
        return x


class ReLU(Elementwise):
    """x ↦ max(0, x).

    >>> ReLU()([-1.0, 2.0])
    [0.0, 2.0]
    """

    def apply(self, x: Any) -> Any:
        return autograd.relu(x)


class Tanh(Elementwise):
    """x ↦ tanh x."""

    def apply(self, x: Any) -> Any:
        return autograd.tanh(x)


class Sigmoid(Elementwise):
    """x ↦ 1 / (1 + exp(-x))."""

    def apply(self, x: Any) -> Any:
        return autograd.sigmoid(x)


class GELU(Elementwise):
    """x ↦ x·Φ(x), with the normal distribution's Φ."""

    def apply(self, x: Any) -> Any:
        return autograd.gelu(x)


class SiLU(Elementwise):
    """x ↦ x·sigmoid(x)."""

    def apply(self, x: Any) -> Any:
        return autograd.silu(x)


class Softplus(Elementwise):
    """x ↦ log(1 + exp x)."""

    def apply(self, x: Any) -> Any:
        return autograd.softplus(x)


class LeakyReLU(Elementwise):
    """x ↦ x, times `negative_slope` where it is negative."""

    @hinting_keywords
    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = as_float("negative_slope", negative_slope)

    def apply(self, x: Any) -> Any:
        return autograd.leaky_relu(x, self.negative_slope)


class ELU(Elementwise):
    """x ↦ x where it is positive, else alpha·(exp(x) - 1)."""

    @hinting_keywords
    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = as_float("alpha", alpha)

    def apply(self, x: Any) -> Any:
        return autograd.elu(x, self.alpha)


class Softmax(Module):
    """Shares that add up to 1. A model trained with `cross_entropy` ends without it.

    >>> Softmax()([0.0, 0.0])
    [0.5, 0.5]
    """

    def __call__(self, x: Vector) -> list[Any]:
        return autograd.softmax(as_list(x) or [x])

    def __repr__(self) -> str:
        return "Softmax()"
