"""The activations a neuron can be given by name. Any other callable of one number will do as
well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import autograd

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


def find_activation(activation: Activation) -> Callable[[Any], Any]:
    """The function that goes by this name; a callable is given back as it is.

    >>> find_activation("relu")(-2.0)
    0.0
    """
    if isinstance(activation, str):
        if activation in ACTIVATIONS:
            return ACTIVATIONS[activation]
        message = f"no activation is called {activation!r}; known: {', '.join(ACTIVATIONS)}"
        if activation in ("softmax", "log_softmax"):
            message += f"; {activation} acts on a whole layer: apply it to the outputs"
            message += ", and train on the outputs themselves with nn.cross_entropy"
        raise ValueError(message)
    if not callable(activation):
        raise TypeError(
            f"an activation is a name or a function of one number, got {activation!r};"
            f" names: {', '.join(ACTIVATIONS)}"
        )
    return activation


def name_of(function: str | Callable[..., Any]) -> str:
    """How `repr` and messages call an activation or another function."""
    if isinstance(function, str):
        return function
    return getattr(function, "__name__", type(function).__name__)
