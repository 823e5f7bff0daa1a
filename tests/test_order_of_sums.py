"""The order in which second derivatives are added up, which decides on their last bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from autograd import dot, grad, hvp, jit, vjp

DIRECTION = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
POINT = [0.3, 0.5, 0.1, 0.9, 0.2, 0.7]


def squared(x: Any) -> Any:
    """An entry of its gradient is the number of which others are made."""
    y = x[0] - x[5]
    y = y + (x[1] - x[4])
    y = y + (x[4] - x[1])
    y = y + (x[2] - x[3])
    return y**2


def by_hvp(x: Any) -> Any:
    return hvp(squared)(x, DIRECTION)


def by_vjp(x: Any) -> Any:
    return vjp(grad(squared), x)[1](DIRECTION)


def by_dot(x: Any) -> Any:
    return grad(lambda p: dot(grad(squared)(p), DIRECTION))(x)


@pytest.mark.parametrize("derivative", [by_hvp, by_vjp, by_dot])
def test_products_with_a_hessian_have_the_same_bits_recorded(
    derivative: Callable[[Any], Any],
) -> None:
    """A gradient is as many nodes as it has entries, recorded or not."""
    assert repr(jit(derivative)(POINT)) == repr(derivative(POINT))
