"""Two small data sets, for examples.

`iris` is a file of this package, nn/data/iris.csv, which `IRIS` names: 150 flowers of three
species, four lengths in centimetres, as measured by Edgar Anderson and published by R. A. Fisher,
"The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936), 179 to 188,
table I. In the public domain.
"""

from __future__ import annotations

import csv
import random
from math import cos, pi, sin
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, SupportsIndex

from nn.validation import as_count, non_negative

__all__ = ["IRIS", "iris", "moons"]

IRIS = Path(__file__).parent / "data" / "iris.csv"
"""The file, for `pandas.read_csv(nn.datasets.IRIS)`."""


def iris() -> tuple[list[list[float]], list[str]]:
    """150 rows of four lengths, and the species of each, "setosa", "versicolor" or "virginica".

    >>> X, y = iris()
    >>> X[0], y[0], len(X)
    ([5.1, 3.5, 1.4, 0.2], 'setosa', 150)
    """
    from importlib.resources import files  # which takes longer to import than all of this package

    text = files(__package__).joinpath("data", IRIS.name).read_text("utf-8")  # out of a zip, too
    _, *rows = csv.reader(text.splitlines())
    return [[float(x) for x in row[:-1]] for row in rows], [row[-1] for row in rows]


def moons(
    n: int = 200, noise: float = 0.1, seed: SupportsIndex | None = 0
) -> tuple[list[list[float]], list[int]]:
    """`n` points on two half circles that reach into each other, and the class of each, 0 or 1.

    Each coordinate has normal noise of standard deviation `noise`; `seed` None draws anew at every
    call. (The shape is that of scikit-learn's make_moons.)

    >>> X, y = moons(4, noise=0.0)
    >>> sorted((round(a, 3), round(b, 3), k) for (a, b), k in zip(X, y))
    [(-1.0, 0.0, 0), (0.0, 0.5, 1), (1.0, 0.0, 0), (2.0, 0.5, 1)]
    """
    n, noise = as_count("n", n, least=2), non_negative("noise", noise)
    rng = random.Random(None if seed is None else index(seed))
    outer, inner = n // 2, n - n // 2
    points = [(cos(t), sin(t), 0) for t in _angles(outer)]
    points += [(1.0 - cos(t), 0.5 - sin(t), 1) for t in _angles(inner)]
    rng.shuffle(points)
    X = [[a + rng.gauss(0.0, noise), b + rng.gauss(0.0, noise)] for a, b, _ in points]
    return X, [k for _, _, k in points]


def _angles(count: int) -> list[float]:
    """From 0 to π, both included where there are two."""
    return [pi * i / max(1, count - 1) for i in range(count)]


# What other libraries call otherwise.
ELSEWHERE = {"load_iris": "iris", "fetch_iris": "iris", "make_moons": "moons", "two_moons": "moons"}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a type checker would believe in every name

    def __getattr__(name: str) -> NoReturn:
        message = f"module {__name__!r} has no attribute {name!r}"
        if name in ELSEWHERE:
            message += f"; here it is nn.datasets.{ELSEWHERE[name]}"
        elif not name.startswith("_"):
            message += f"; there are {', '.join(__all__)}"
        raise AttributeError(message)
