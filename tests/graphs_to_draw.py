"""Graphs that several tests of pictures draw."""

from __future__ import annotations

from autograd import Value

__all__ = ["chain", "recurrent"]


def chain(length: int) -> Value:
    """So many values, each of the one before."""
    y = Value(0.5, "x")
    for _ in range(length - 1):
        y = y.tanh()
    return y


def recurrent(times: int) -> Value:
    """A weight and an input that are used again and again."""
    x, w = Value(1.0, "x"), Value(0.5, "w")
    y = x
    for _ in range(times):
        y = (y * w + x).tanh()
    return y
