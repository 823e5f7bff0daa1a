"""Names from PyTorch and micrograd that are called otherwise here, and arguments that are left out,
for the errors about them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypeVar, cast

from autograd._foreign_names import ForeignNames

__all__ = ["attribute_hint", "hinting_keywords", "name_hint", "nearest_hint"]

F = TypeVar("F", bound=Callable[..., Any])

DEVICE = "there is one device, the processor: leave it out"

NAMES = {
    "MSELoss": "the mean squared error is nn.mse_loss, a function",
    "L1Loss": "write it: autograd.mean([abs(o - t) for o, t in zip(outputs, targets)])",
    "CrossEntropyLoss": "it is nn.cross_entropy, a function of logits and class indices",
    "NLLLoss": "nn.cross_entropy has the logarithm and the softmax in it",
    "BCEWithLogitsLoss": "it is nn.binary_cross_entropy, a function",
    "BCELoss": "it is nn.binary_cross_entropy, of logits: the outputs before any sigmoid",
    "HuberLoss": "it is nn.huber_loss, a function",
    "SmoothL1Loss": "it is nn.huber_loss, a function",
    "functional": "autograd has functions such as relu and softmax, nn has the losses",
    "Parameter": "a parameter is an autograd.Value in an attribute of a module",
    "ModuleList": "a list of modules in an attribute will do",
    "ParameterList": "a list of Values in an attribute will do",
    "DataLoader": "nn.fit(model, X, y, batch_size=32) makes the batches",
    "Conv1d": "there are no convolutions",
    "Conv2d": "there are no convolutions",
    "BatchNorm1d": "nn.fit(..., scale=True) and nn.Scaler standardise the inputs",
    "LayerNorm": "write it with autograd.mean and autograd.sqrt",
    "Embedding": "keep a dict of lists of Values in an attribute",
    "LSTM": "there are no recurrent layers; call a module for each step, in a loop",
    "RNN": "there are no recurrent layers; call a module for each step, in a loop",
    "GRU": "there are no recurrent layers; call a module for each step, in a loop",
    "Flatten": "a module takes a flat list of numbers: flatten each row of X",
    "Dense": "it is nn.Linear(inputs, outputs), or nn.Layer with an activation",
    "init": "the initialisers are nn.xavier, nn.he and nn.uniform, as in nn.MLP(2, [4], init='he')",
    "utils": "nn.clip_grad_norm and nn.clip_grad_value bound gradients",
    "lr_scheduler": "nn.schedules has rules for nn.fit(..., schedule=) and nn.Schedule",
    "save": "a model saves itself, model.save(path), and nn.load(path) makes it again",
    "train_test_split": "nn.fit(..., validation=0.2) holds data out",
    "MLPClassifier": "it is nn.Classifier",
    "MLPRegressor": "it is nn.Regressor",
    "StandardScaler": "nn.fit(..., scale=True) puts an nn.Scaler into the model",
    "LogSoftmax": "autograd.log_softmax is a function; nn.cross_entropy has it in it",
    "draw_network": "autograd.draw(model) draws a network",
    "draw_dot": "autograd.draw(root) draws a graph",
}

ATTRIBUTES = {
    "to": DEVICE,
    "cuda": DEVICE,
    "cpu": DEVICE,
    "float": "numbers have 64 bits, always",
    "double": "numbers have 64 bits, always",
    "fit": "train it with nn.fit(model, X, y)",
    "predict": "ask it with nn.predict(model, X)",
    "predict_proba": "ask it with nn.predict_proba(model, X)",
    "score": "ask for it with nn.score(model, X, y)",
    "evaluate": "ask for it with nn.evaluate(model, X, y)",
    "step": "an optimiser moves it: optimizer.step()",
    "backward": "call it on the loss: loss.backward()",
    "weight": "a neuron has `weights`, a layer `neurons`; nn.Linear has `weight`",
    "add_module": "assign it to an attribute",
    "register_parameter": "assign a Value to an attribute",
    "register_buffer": "name the attribute in the class's `buffers`",
    "children": "named_modules() gives all of them",
    "requires_grad_": "give the optimiser the parameters that are to be trained",
    "apply": "named_modules() gives the modules to apply it to",
    "forward": "call it: model(row)",
    "params": "the Values to be trained are model.parameters()",
    "summary": "print(model) tells its layers, and autograd.draw(model) draws them",
    "compile": "nn.fit(model, X, y, loss=, optimizer=) takes these settings",
}

KEYWORDS = {
    "activation": "act activation_fn activation_function hidden_activation nonlinearity",
    "alpha": "rho decay smoothing",
    "batch_size": "batch minibatch minibatch_size bs",
    "betas": "beta beta1 beta2 beta_1 beta_2 b1 b2",
    "bias": "use_bias",
    "callback": "callbacks",
    "clip_norm": "clip clipnorm grad_clip gradient_clip max_norm max_grad_norm",
    "clip_value": "clipvalue",
    "epochs": "epoch n_epochs num_epochs nb_epoch max_epochs n_iter max_iter iterations steps",
    "eps": "epsilon",
    "hidden": "hidden_layer_sizes hidden_sizes hidden_layers layers sizes",
    "in_features": "n_inputs inputs n_in nin input_size input_dim",
    "init": "initializer initialiser kernel_initializer weight_init",
    "loss": "loss_fn loss_function criterion objective",
    "lr": "learning_rate learning_rate_init eta step_size",
    "n_inputs": "in_features inputs n_in nin input_size input_dim",
    "n_outputs": "out_features outputs n_out nout output_size output_dim units",
    "negative_slope": "alpha slope",
    "nesterov": "nesterovs_momentum",
    "optimizer": "optimiser opt optim solver",
    "out_features": "n_outputs outputs n_out nout output_size output_dim units",
    "output_activation": "out_activation final_activation last_activation",
    "p": "rate prob probability dropout",
    "parameters": "params",
    "patience": "early_stopping n_iter_no_change",
    "progress": "verbose verbosity",
    "scale": "standardize standardise normalize normalise",
    "schedule": "scheduler lr_schedule lr_scheduler",
    "seed": "random_state random_seed rng generator",
    "sizes": "hidden hidden_sizes hidden_layers hidden_layer_sizes layers layer_sizes nouts",
    "validation": "validation_split validation_data validation_fraction val val_split val_data",
    "weight_decay": "l2 wd regularization decay alpha",
    "X": "x inputs data features samples rows x_train",
    "y": "target targets label labels outputs y_train",
}

MEANINGS = {
    "model": "what is trained or asked, such as nn.MLP(2, [8, 1])",
    "X": "a row of numbers for each sample",
    "y": "what the model is to give for each row of X, a number or a class",
    "parameters": "the Values to be moved, model.parameters()",
    "n_inputs": "how many numbers a row has",
    "n_outputs": "how many outputs there are",
    "in_features": "how many numbers a row has",
    "out_features": "how many outputs there are",
    "sizes": "the widths of the layers, the last for the outputs, such as [16, 1]",
}


def hinting_keywords(f: F) -> F:
    """Says, to those who call `f` with a keyword that it has not, the name that they may mean, and
    what an argument is that they leave out.

    >>> @hinting_keywords
    ... def train(model, *, lr=0.1): ...
    >>> train(None, learning_rate=0.2)
    Traceback (most recent call last):
        ...
    TypeError: train() got an unexpected keyword argument 'learning_rate'; here it is called 'lr'
    >>> train()
    Traceback (most recent call last):
        ...
    TypeError: train() needs model (what is trained or asked, such as nn.MLP(2, [8, 1])); write ...
    """
    parameters = signature(f).parameters.values()
    known = frozenset(parameter.name for parameter in parameters)
    by_place = [x.name for x in parameters if x.kind is not Parameter.KEYWORD_ONLY]
    by_name = [x.name for x in parameters if x.kind is Parameter.KEYWORD_ONLY]
    needed = [x.name for x in parameters if x.default is Parameter.empty]
    own = by_place[:1] == ["self"]
    called_as = f.__name__ if f.__name__ != "__init__" else f.__qualname__.split(".")[-2]

    @wraps(f)
    def called(*args: Any, **keywords: Any) -> Any:
        for name in keywords:
            if name not in known:
                raise TypeError(
                    f"{f.__qualname__}() got an unexpected keyword argument {name!r}"
                    + _keyword_hint(name, known)
                )
        given = {*by_place[: len(args)], *keywords}
        missing = [name for name in needed if name not in given and name in MEANINGS]
        if missing:
            raise TypeError(
                f"{called_as}() needs {' and '.join(f'{x} ({MEANINGS[x]})' for x in missing)}; "
                f"write {called_as}({', '.join(needed[own:])})"
            )
        if by_name and len(args) > len(by_place):
            raise TypeError(
                f"{called_as}() takes {', '.join(by_place[own:])} by place, and the rest by name "
                f"({'=, '.join(by_name[:3])}= ...); got {args[len(by_place)]!r:.60} by place"
            )
        return f(*args, **keywords)

    return cast("F", called)


def _keyword_hint(name: str, known: Iterable[str]) -> str:
    for ours in sorted(known):
        if name.lower() in KEYWORDS.get(ours, "").split():
            return f"; here it is called {ours!r}"
    return nearest_hint(name, sorted(known))


def name_hint(name: str, known: Iterable[str]) -> str:
    """What to say about a name that `nn` has not, after a semicolon; "" for nothing."""
    return _said_of(name) or nearest_hint(name, known)


def _said_of(name: str) -> str:
    return f"; {NAMES[name]}" if name in NAMES else ""


sys.meta_path.append(ForeignNames("nn", _said_of))


def nearest_hint(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known name that is most like it, after a semicolon; "" where none is alike."""
    from difflib import get_close_matches

    names = {known_name.lower(): known_name for known_name in known}
    for nearest in get_close_matches(name.lower(), names, n=1, cutoff=cutoff):
        return f"; the nearest name is {names[nearest]!r}"
    return ""


def attribute_hint(name: str) -> str:
    """The same about an attribute that a module has not."""
    return f"; {ATTRIBUTES[name]}" if name in ATTRIBUTES else ""
