"""Where the weights of a new network start.

An initialiser draws one weight: a function of the layer's numbers of inputs and outputs and a
source of random numbers. Biases start at 0.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import sqrt
from operator import index
from typing import Protocol, SupportsIndex, TypeAlias

from nn.validation import find_named

__all__ = [
    "INITIALISERS",
    "Initialiser",
    "RandomSource",
    "Seed",
    "find_initialiser",
    "he",
    "random_source",
    "uniform",
    "xavier",
]


class RandomSource(Protocol):
    """What an initialiser draws from: a `random.Random`, or the module `random` itself."""

    def uniform(self, a: float, b: float) -> float: ...
    def gauss(self, mu: float, sigma: float) -> float: ...


Seed: TypeAlias = SupportsIndex | RandomSource | None
Initialiser: TypeAlias = Callable[[int, int, RandomSource], float]


def xavier(n_inputs: int, n_outputs: int, rng: RandomSource) -> float:
    """Uniform in ±√(6 / (inputs + outputs)), for tanh and sigmoid (Glorot and Bengio 2010).

    >>> abs(xavier(3, 3, random.Random(0))) <= 1.0
    True
    """
    bound = sqrt(6.0 / (n_inputs + n_outputs))
    return rng.uniform(-bound, bound)


def he(n_inputs: int, n_outputs: int, rng: RandomSource) -> float:
    """Normal with standard deviation √(2 / inputs), for relu and the like (He et al. 2015)."""
    return rng.gauss(0.0, sqrt(2.0 / n_inputs))


def uniform(n_inputs: int, n_outputs: int, rng: RandomSource) -> float:
    """Uniform in ±1 whatever the layer, as in micrograd."""
    return rng.uniform(-1.0, 1.0)


INITIALISERS: dict[str, Initialiser] = {"xavier": xavier, "he": he, "uniform": uniform}


def find_initialiser(init: str | Initialiser) -> Initialiser:
    """The initialiser that goes by this name; a callable is given back as it is."""
    signature = "(n_inputs, n_outputs, rng) -> weight"
    return find_named("an initialiser", init, INITIALISERS, signature)


def random_source(seed: Seed) -> RandomSource:
    """A source of random numbers for this seed; a source is used as it is, so that layers share it.

    Without a seed it is the module `random`, which obeys `random.seed(...)`.

    >>> random_source(1).uniform(0, 1) == random_source(1).uniform(0, 1)
    True
    """
    if seed is None:
        return random  # the module has the methods of one hidden Random
    if isinstance(seed, SupportsIndex):
        return random.Random(index(seed))
    if not hasattr(seed, "gauss"):
        raise TypeError(f"a seed is an int or a random.Random, got {seed!r}")
    return seed
