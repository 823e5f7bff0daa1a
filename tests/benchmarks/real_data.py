"""`nn.fit` on the data sets that come with scikit-learn, beside scikit-learn's own networks.

    python tests/benchmarks/real_data.py [--splits 5] [--only iris digits]

Needs `pip install . scikit-learn`. Both get the same architecture (one hidden layer), activation,
optimiser, learning rate, batch size, epochs and standardised inputs; each starts from its own
initialisation and shuffles in its own order. Half of the samples are held out (of digits a fifth),
split anew for every repetition. Printed are means over the repetitions, in per cent of held-out
samples classified correctly; for diabetes, a regression, the share of variance explained (R²).
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, stdev
from time import process_time
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

import autograd
import nn


@dataclass(frozen=True)
class Case:
    load: Callable[..., Any]
    hidden: int
    activation: str
    epochs: int
    held_out: float = 0.5
    lr: float = 0.01
    batch_size: int = 32


CASES = {
    "iris": Case(datasets.load_iris, 16, "tanh", 60),
    "wine": Case(datasets.load_wine, 16, "tanh", 30),
    "breast cancer": Case(datasets.load_breast_cancer, 16, "tanh", 20),
    "digits": Case(datasets.load_digits, 32, "relu", 20, held_out=0.2, lr=0.005),
    "diabetes": Case(datasets.load_diabetes, 8, "tanh", 30, lr=0.005),
}


def split(case: Case, seed: int) -> list[Any]:
    """Training and held-out inputs, then targets; standardised by the training half."""
    X, y = case.load(return_X_y=True)
    classes = y if y.dtype.kind == "i" else None
    inputs, held_out, targets, wanted = train_test_split(
        X, y, test_size=case.held_out, random_state=seed, stratify=classes
    )
    centre, spread = inputs.mean(0), inputs.std(0)
    spread[spread == 0.0] = 1.0
    if classes is None:
        wanted, targets = ((t - targets.mean()) / targets.std() for t in (wanted, targets))
    return [(inputs - centre) / spread, (held_out - centre) / spread, targets, wanted]


def ours(case: Case, seed: int, data: list[Any]) -> float:
    inputs, held_out, targets, wanted = data
    outputs = 1 if targets.dtype.kind == "f" or targets.max() == 1 else int(targets.max()) + 1
    model = nn.MLP(
        inputs.shape[1],
        [case.hidden, outputs],
        activation=case.activation,
        init="he" if case.activation == "relu" else "xavier",
        seed=seed,
    )
    nn.fit(
        model,
        inputs,
        targets,
        lr=case.lr,
        epochs=case.epochs,
        batch_size=case.batch_size,
        seed=seed,
        progress=False,
    )
    evaluation = nn.evaluate(model, held_out, wanted)
    if evaluation.accuracy is not None:
        return evaluation.accuracy
    return 1.0 - evaluation.loss / float(np.var(wanted))


def theirs(case: Case, seed: int, data: list[Any]) -> float:
    inputs, held_out, targets, wanted = data
    kind = MLPRegressor if targets.dtype.kind == "f" else MLPClassifier
    model = kind(
        hidden_layer_sizes=(case.hidden,),
        activation=case.activation,
        alpha=0.0,
        batch_size=case.batch_size,
        learning_rate_init=case.lr,
        max_iter=case.epochs,
        n_iter_no_change=case.epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as many epochs as ours, converged or not
        model.fit(inputs, targets)
    return float(model.score(held_out, wanted))


def main() -> None:
    description, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=description, epilog=details)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    arguments = parser.parse_args()
    form = "compiled" if autograd.compiled else "uncompiled"
    print(f"| data | hidden | epochs | scikit-learn | chainrule | difference | s ({form}) |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in arguments.only:
        case = CASES[name]
        splits = [split(case, seed) for seed in range(arguments.splits)]
        peers = [theirs(case, seed, data) for seed, data in enumerate(splits)]
        start = process_time()
        found = [ours(case, seed, data) for seed, data in enumerate(splits)]
        seconds = (process_time() - start) / len(splits)
        print(
            f"| {name} | {case.hidden} | {case.epochs} | {shown(peers)} | {shown(found)} |"
            f" {100 * (mean(found) - mean(peers)):+.1f} | {seconds:.1f} |",
            flush=True,
        )


def shown(scores: list[float]) -> str:
    """Mean and, of several, standard deviation, in per cent."""
    spread = f" ± {100 * stdev(scores):.1f}" if len(scores) > 1 else ""
    return f"{100 * mean(scores):.1f}{spread}"


if __name__ == "__main__":
    main()
