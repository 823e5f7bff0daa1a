"""Points in a plane, of two classes, as the network room offers them."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import cos, pi, sin
from typing import TypeAlias

from nn.datasets import moons as half_moons

__all__ = ["DATA_SETS", "Point", "points"]

Point: TypeAlias = tuple[float, float, int]
"""Two coordinates, mostly within ±1, and a class, 0 or 1."""


def moons(count: int, noise: float, rng: random.Random) -> list[Point]:
    """Two half circles that reach into each other, moved into the middle of the plane."""
    X, y = half_moons(count, noise=noise, seed=rng.randrange(2**31))
    return [((u - 0.5) / 1.3, (v - 0.25) / 1.3, k) for (u, v), k in zip(X, y, strict=True)]


def circle(count: int, noise: float, rng: random.Random) -> list[Point]:
    """A disc of one class inside a ring of the other."""
    found = []
    for i in range(count):
        k = i % 2
        radius = rng.uniform(0.0, 0.45) if k else rng.uniform(0.65, 1.0)
        found.append(_moved(*_polar(radius, rng.uniform(0.0, 2 * pi)), k, noise, rng))
    return found


def xor(count: int, noise: float, rng: random.Random) -> list[Point]:
    """Class 1 where the coordinates have different signs."""
    found = []
    for _ in range(count):
        u, v = rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0)
        u, v = (x + (0.06 if x > 0 else -0.06) for x in (u, v))
        found.append(_moved(u, v, int(u * v < 0), noise, rng))
    return found


def clouds(count: int, noise: float, rng: random.Random) -> list[Point]:
    """Two round clouds that a straight line can separate."""
    spread = 0.18 + noise / 2
    return [
        (rng.gauss(0.5, spread), rng.gauss(0.5, spread), 1)
        if i % 2
        else (rng.gauss(-0.5, spread), rng.gauss(-0.5, spread), 0)
        for i in range(count)
    ]


def spiral(count: int, noise: float, rng: random.Random) -> list[Point]:
    """Two arms wound around each other."""
    found = []
    for i in range(count):
        k, along = i % 2, (i // 2 + 0.5) / (count / 2)
        u, v = _polar(0.08 + 0.95 * along, 1.1 * 2 * pi * along + k * pi)
        found.append(_moved(u, v, k, noise / 2, rng))
    return found


def _polar(radius: float, angle: float) -> tuple[float, float]:
    return radius * cos(angle), radius * sin(angle)


def _moved(u: float, v: float, k: int, noise: float, rng: random.Random) -> Point:
    return u + rng.gauss(0.0, noise), v + rng.gauss(0.0, noise), k


DATA_SETS: dict[str, Callable[[int, float, random.Random], list[Point]]] = {
    "moons": moons,
    "circle": circle,
    "xor": xor,
    "clouds": clouds,
    "spiral": spiral,
}


def points(name: str, count: int, noise: float, seed: int) -> list[Point]:
    """`count` points of a data set, in an order that `seed` decides.

    >>> [k for *_, k in points("clouds", 4, noise=0.0, seed=1)].count(1)
    2
    """
    rng = random.Random(seed)
    found = DATA_SETS[name](count, noise, rng)
    rng.shuffle(found)
    return found
