"""Dropout, and where its random numbers come from.

By itself a `Dropout` draws from its seed. `fit` draws for all of a model, row by row, from its own
seed, and hands the numbers in: so they are part of a checkpoint, and machine code, for which they
are inputs, computes the same as the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

from autograd import Setting, Value
from nn.foreign_names import hinting_keywords
from nn.initialisers import RandomSource, Seed, random_source
from nn.module import Module
from nn.validation import Vector, as_float, as_list

__all__ = ["Dropout", "Masks", "draw_mask", "masks_from", "mode"]

Masks: TypeAlias = Callable[[int, float], Sequence[Any]]
"""(how many, the share that is dropped) -> a factor for each."""

_MASKS = Setting("masks", None, lambda _, masks: masks)

_OUTSIDE = Value(0.0, "the random numbers of nn.Dropout")
"""Reading its number is an error in a recording, where random numbers would be frozen."""


class Dropout(Module):
    """Sets each number to 0 with probability p, and divides the others by 1 - p, while the module
    is trained: `train()` and `eval()` say so, and `fit` does by itself. Otherwise it hands on what
    it gets.

    (Srivastava et al. 2014, scaled as in PyTorch.) `seed` is an int, a `random.Random`, or None for
    `random` itself. Inside `autograd.jit` and `vmap`, which would record the same zeros for good,
    it is an error; `fit` compiles it.

    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout([1.0, 2.0, 3.0])
    [0.0, 4.0, 6.0]
    >>> dropout.eval()([1.0, 2.0, 3.0])
    [1.0, 2.0, 3.0]
    """

    @hinting_keywords
    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        self.p = as_float("p", p)
        if not 0.0 <= self.p <= 1.0:
            raise ValueError(f"p, the probability of a zero, is from 0 to 1, got {p}")
        self._rng = None if seed is None else random_source(seed)

    def __call__(self, x: Vector) -> Any:
        entries = as_list(x)
        if not self.training or not self.p:
            return x if entries is None else list(entries)
        masks = _MASKS.here() or self._own_mask
        dropped = [
            factor * entry
            for factor, entry in zip(
                masks(1 if entries is None else len(entries), self.p),
                [x] if entries is None else entries,
                strict=True,
            )
        ]
        return dropped[0] if entries is None else dropped

    def _own_mask(self, count: int, p: float) -> list[float]:
        _ = _OUTSIDE.data
        return draw_mask(self._rng or random_source(None), count, p)

    def __repr__(self) -> str:
        return f"Dropout(p={self.p})"


def draw_mask(rng: RandomSource, count: int, p: float) -> list[float]:
    """As many factors: 0 with probability p, else 1/(1 - p)."""
    return [0.0 if rng.uniform(0.0, 1.0) < p or p == 1.0 else 1.0 / (1.0 - p) for _ in range(count)]


def masks_from(masks: Masks) -> AbstractContextManager[Any]:
    """Inside the block every Dropout takes its factors from there."""
    return _MASKS.block(masks)


@contextmanager
def mode(model: Any, training: bool) -> Iterator[None]:
    """Inside the block a model is in training mode, or in the one for predictions."""
    modules = Module.named_modules(model) if isinstance(model, Module) else ()
    changed = [module for _, module in modules if module.training != training]
    try:
        for module in changed:
            module.training = training
        yield
    finally:
        for module in changed:
            module.training = not training
