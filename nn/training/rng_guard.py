"""Whether random numbers are drawn: a model that does so can't be compiled."""

from __future__ import annotations

import gc
import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Drawn", "Sources"]


class Drawn(Exception):
    """Random numbers were drawn."""


class Sources:
    """All sources of random numbers there are in this process, of `random` and of NumPy."""

    def __init__(self) -> None:
        import numpy.random

        kinds = (random.Random, numpy.random.Generator, numpy.random.RandomState)
        objects = gc.get_objects()
        fitting = {kind for kind in set(map(type, objects)) if issubclass(kind, kinds)}
        self._sources = [x for x in objects if type(x) in fitting]

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Raises Drawn after the block if a number was drawn inside."""
        before = list(map(_state, self._sources))
        yield
        if list(map(_state, self._sources)) != before:
            raise Drawn


def _state(source: Any) -> bytes:
    try:
        return pickle.dumps(source)
    except Exception:  # noqa: BLE001 (the operating system's numbers; or a class of somebody's)
        return b""
