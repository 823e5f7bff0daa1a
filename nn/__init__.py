"""Neural networks on scalar Values: layers, losses, optimisers, schedules, `fit`, plots.

Written with the public `autograd` only. In reading order:

module        what every model shares: parameters, their names, files
initialisers  where the weights start
layers        activations, Neuron, Layer, MLP
sequential    Sequential, Linear, and activations as modules, by PyTorch's names
scaler        Scaler: numbers of a size that networks learn well from
dropout       Dropout, and the modes for training and predictions
losses        how far predictions are from targets
optim         optimisers, gradient clipping
schedules     how the learning rate changes
training      `fit`, `evaluate`, and what a trained model says: `predict`, `score`
metrics       how good predictions are; datasets: two to try things on
plots         pictures of a training; boundaries: of what a network decides
loading       a model from its file; model_file: what such a file says, of an architecture
validation    what all of these may be called with
jsonio        exact JSON files; replacing: a file in one go
foreign_names what is called otherwise elsewhere

>>> import nn
>>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
>>> model = nn.MLP(2, [4, 1], seed=3)
>>> optimizer = nn.Adam(model.parameters(), lr=0.1)
>>> for epoch in range(100):
...     loss = nn.binary_cross_entropy([model(x) for x in X], y)
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
>>> [round(model(x).sigmoid().data) for x in X]
[0, 1, 1, 0]
"""

import typing as _typing
from importlib import import_module as _import_module

import autograd._conflict_check  # noqa: F401 (before anything else of ours)
from autograd._moved import MOVED as _MOVED
from nn import datasets, metrics, schedules
from nn.dropout import Dropout
from nn.foreign_names import name_hint as _name_hint
from nn.initialisers import INITIALISERS, he, uniform, xavier
from nn.layers import ACTIVATIONS, MLP, Layer, Neuron
from nn.loading import load
from nn.losses import (
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    hinge_loss,
    huber_loss,
    mse_loss,
)
from nn.module import Module
from nn.optim import SGD, Adam, AdamW, Optimizer, RMSprop, clip_grad_norm, clip_grad_value
from nn.plots import accuracy_curve, decision_boundary, loss_curve
from nn.scaler import Scaler
from nn.schedules import Schedule
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
)
from nn.training import Evaluation, evaluate, fit, predict, predict_proba, score
from nn.training.history import History, Record

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "INITIALISERS",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Dropout",
    "Evaluation",
    "History",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSprop",
    "ReLU",
    "Record",
    "Scaler",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "accuracy_curve",
    "binary_cross_entropy",
    "clip_grad_norm",
    "clip_grad_value",
    "cross_entropy",
    "datasets",
    "decision_boundary",
    "evaluate",
    "fit",
    "half_squared_error",
    "he",
    "hinge_loss",
    "huber_loss",
    "load",
    "loss_curve",
    "metrics",
    "mse_loss",
    "predict",
    "predict_proba",
    "schedules",
    "score",
    "uniform",
    "xavier",
]


_ESTIMATORS = ["Classifier", "Regressor"]  # on first use: they need scikit-learn

if _typing.TYPE_CHECKING:
    from nn.training.estimators import Classifier as Classifier
    from nn.training.estimators import Regressor as Regressor


def __dir__() -> list[str]:
    return sorted({*globals(), *_ESTIMATORS})


if not _typing.TYPE_CHECKING:  # a type checker would believe in every name

    def __getattr__(name: str) -> _typing.Any:
        if f"nn.{name}" in _MOVED:
            return _import_module(f"nn.{name}")
        if name in _ESTIMATORS:
            return getattr(_import_module("nn.training.estimators"), name)
        hint = "" if name.startswith("_") else _name_hint(name, __all__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
