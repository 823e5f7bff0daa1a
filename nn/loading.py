"""`load`: a model made from its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autograd import Value
from nn.dropout import Dropout
from nn.jsonio import FilePath, read_number
from nn.layers import ACTIVATIONS, MLP, Activation, Chain, Layer, Neuron
from nn.model_file import UNREADABLE, read_model_file, said, source_of
from nn.module import Module
from nn.scaler import Scaler
from nn.sequential import (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    without_bias,
)
from nn.validation import as_count

__all__ = ["load"]


def load(path: FilePath) -> Module:
    """The model that `model.save(path)` wrote, made anew, in the mode for predictions.

    Raises ValueError for a damaged file, and for models of classes and functions of your own, which
    a file has only the names of: build the model, and call `model.load(path)`.

    >>> from nn import MLP
    >>> MLP(2, [3, 1], seed=0).save("model.json")  # doctest: +SKIP
    >>> load("model.json")  # doctest: +SKIP
    MLP(2 → 3 → 1, tanh, 13 parameters)
    """
    document = read_model_file(path)
    source = source_of(path, document)
    if "architecture" not in document:
        raise ValueError(f"{source} says no architecture: {INSTEAD}")
    try:
        model = Builder(document).module("")
        model.named_parameters()  # labels them
    except NotOurs as error:
        raise ValueError(f"{source} {error}: {INSTEAD}") from None
    except UNREADABLE as error:
        raise ValueError(f"{source} is damaged: {said(error)}") from error
    model._load_document(document, source)  # which compares everything
    return Module.eval(model)


INSTEAD = "build the model, and call model.load(path)"


class NotOurs(Exception):
    """A class or function that a file has only the name of."""


class Builder:
    """Makes the modules of a document, from the inside out."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.architecture = document["architecture"]
        self.shared = document["shared"]
        self.numbers = document["parameters"]
        self._modules: dict[str, Module] = {}
        self._values: dict[str, Value] = {}
        self._begun: set[str] = set()

    def module(self, path: str, default: Mapping[str, Any] | None = None) -> Module:
        """The one at this path, which is made once."""
        path = self.shared.get(path, path)
        if path not in self._modules:
            if path in self._begun:
                raise ValueError(f"{path!r} contains itself")
            self._begun.add(path)
            entry = self.architecture.get(path, default)
            if entry is None:
                raise ValueError(f"there is no module {path!r} in it")
            if entry["class"] not in KINDS:
                raise NotOurs(f"is of a class of your own, {entry['class']}")
            self._modules[path] = KINDS[entry["class"]](self, path, entry)
        return self._modules[path]

    def value(self, name: str) -> Value:
        """The parameter of this name, which is made once."""
        name = self.shared.get(name, name)
        if name not in self._values:
            if name not in self.numbers:
                raise ValueError(f"there is no parameter {name!r} in it")
            self._values[name] = Value(read_number(repr(name), self.numbers[name]))
        return self._values[name]

    def scaler(self, path: str) -> Scaler | None:
        """The one at this path, if there is one."""
        if path not in self.architecture and path not in self.shared:
            return None
        module = self.module(path)
        if not isinstance(module, Scaler):
            raise ValueError(f"{path!r} must be a Scaler, and not {module!r:.80}")
        return module

    def layers(self, path: str) -> list[Any]:
        """As many as there are."""
        found: list[Any] = []
        prefix = f"{path}.layer" if path else "layer"
        while (name := f"{prefix}{len(found)}") in self.architecture or name in self.shared:
            found.append(self.module(name))
        return found


def _neuron(builder: Builder, path: str, entry: Mapping[str, Any]) -> Neuron:
    prefix = f"{path}." if path else ""
    count = as_count(f"n_inputs of {path!r}", entry.get("n_inputs"))
    activation = _activation(builder, prefix, entry.get("activation"))
    weights = [builder.value(f"{prefix}w{i}") for i in range(count)]
    if entry.get("bias", True):
        return Neuron.from_weights(weights, builder.value(f"{prefix}b"), activation)
    return without_bias(Neuron.from_weights(weights, 0.0, activation))


def _activation(builder: Builder, prefix: str, told: Any) -> Activation:
    if told is None:
        return builder.module(f"{prefix}activation")
    if isinstance(told, str) and told in ACTIVATIONS:
        return told
    name = told.get("function") if isinstance(told, dict) else told
    raise NotOurs(f"has a function of your own as activation, {name!s:.80}")


def _layer(builder: Builder, path: str, entry: Mapping[str, Any]) -> Layer:
    prefix = f"{path}.neuron" if path else "neuron"
    alike = {**entry, "class": "nn.Neuron"}
    count = as_count(f"n_outputs of {path!r}", entry.get("n_outputs"))
    kind = Linear if entry["class"] == "nn.Linear" else Layer
    layer = kind.__new__(kind)
    layer.neurons = [_neuron_of(builder.module(f"{prefix}{i}", alike)) for i in range(count)]
    return layer


def _neuron_of(module: Module) -> Neuron:
    if not isinstance(module, Neuron):
        raise ValueError(f"a layer has neurons, and not {module!r:.80}")
    return module


def _network(kind: Callable[[list[Any]], Chain]) -> Callable[..., Module]:
    """Made of its layers, and of scalers where it has them."""

    def make(builder: Builder, path: str, entry: Mapping[str, Any]) -> Module:
        prefix = f"{path}." if path else ""
        network = kind(builder.layers(path))
        for name in ("scaler", "output_scaler"):
            if scaler := builder.scaler(prefix + name):
                setattr(network, name, scaler)
        return network

    return make


def _scaler(builder: Builder, path: str, entry: Mapping[str, Any]) -> Scaler:
    count = as_count(f"n_inputs of {path!r}", entry.get("n_inputs"))
    name = f"{path}.mean.{count - 1}" if path else f"mean.{count - 1}"
    if name not in builder.numbers:  # before a damaged count takes all memory
        raise ValueError(f"there is no number {name!r} in it")
    return Scaler(count)


def _simply(kind: Callable[..., Module], *names: str) -> Callable[..., Module]:
    """Made with these settings."""

    def make(builder: Builder, path: str, entry: Mapping[str, Any]) -> Module:
        return kind(**{name: read_number(f"{name} of {path!r}", entry.get(name)) for name in names})

    return make


KINDS: dict[str, Callable[[Builder, str, Mapping[str, Any]], Module]] = {
    "nn.Neuron": _neuron,
    "nn.Layer": _layer,
    "nn.Linear": _layer,
    "nn.MLP": _network(MLP.from_layers),
    "nn.Sequential": _network(lambda layers: Sequential(*layers)),
    "nn.Scaler": _scaler,
    "nn.Dropout": _simply(Dropout, "p"),
    "nn.LeakyReLU": _simply(LeakyReLU, "negative_slope"),
    "nn.ELU": _simply(ELU, "alpha"),
    **{
        f"nn.{kind.__name__}": _simply(kind)
        for kind in (GELU, Identity, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh)
    },
}
