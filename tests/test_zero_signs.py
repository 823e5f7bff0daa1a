"""The sign of a derivative that is 0 is +, by every way to it, as that of sums from 0.0 on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, exp, grad, hessian, hvp, jacobian, sigmoid, tanh, value_and_grad

INF = math.inf
POINTS = [0.0, -0.0, 1.0, -1.0, 2.5, INF, -INF, 1e200, -1e-200]
v = Value(1.0)

FORMS: dict[str, Callable[[Any], Any]] = {
    "a reciprocal": lambda x: v**-1 * x * x,
    "a linear one": lambda x: v**-1 * x,
    "a power": lambda x: x**v,
    "a quotient": lambda x: x * x / v,
    "the other quotient": lambda x: v / x,
    "a cube": lambda x: x**3 * v,
    "a sum below": lambda x: (v + x) ** -1,
    "a negative": lambda x: -(v**-1) * x**2,
    "exp": lambda x: exp(v * x),
    "sigmoid": lambda x: sigmoid(v * x),
    "tanh": lambda x: tanh(v * x) * v,
    "hypot": lambda x: autograd.hypot(v, x),
    "atan2": lambda x: autograd.atan2(v, x),
    "remainder": lambda x: x % v * x,
    "whole part": lambda x: x // v * x * x,
    "prod": lambda x: autograd.prod([v, x, x]),
    "norm": lambda x: autograd.norm([v, x]),
    "where": lambda x: autograd.where(x > 0, v**-1 * x * x, x),
}


def numbers(x: Any) -> list[str]:
    """Those of a result, as they are written: -0.0 is not 0.0."""
    leaves = autograd.transforms.tree.flatten(x)[0]
    return ["nan" if y != y else repr(y) for y in map(number, leaves)]


def number(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


def nth(f: Callable[..., Any], order: int) -> Callable[..., Any]:
    for _ in range(order):
        f = grad(f)
    return f


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("form", FORMS)
def test_a_captured_value_changes_no_sign(form: str, order: int) -> None:
    """Uncompiled and compiled, whatever is in it: no derivative is -0.0."""
    jit = pytest.importorskip("autograd.compiler").jit
    pytest.importorskip("llvmlite")
    derivative = nth(FORMS[form], order)
    compiled = jit(derivative)
    for w in POINTS:
        v.data = w
        for x in POINTS:
            found = numbers(derivative(x))
            assert found == numbers(compiled(x)), (w, x)
            assert found != ["-0.0"], (w, x)


OTHERS: dict[str, Callable[..., Any]] = {
    "value_and_grad": lambda f, x: value_and_grad(f)(x)[1],
    "jacobian": lambda f, x: jacobian(lambda p: [f(p[0]), p[0] * v])([x]),
    "hessian": lambda f, x: hessian(lambda p: f(p[0]) * p[1])([x, x]),
    "hvp": lambda f, x: hvp(f)(x, -1.0),
    "jvp": lambda f, x: autograd.jvp(f, (x,), (-1.0,))[1],
    "jacfwd": lambda f, x: autograd.jacfwd(f)(x),
}


@pytest.mark.parametrize("transform", OTHERS)
def test_no_transform_gives_minus_zero(transform: str) -> None:
    """Of a captured Value, of a plain number in its place, or both given as Values."""
    of = OTHERS[transform]
    for f in FORMS.values():
        for w in (0.0, -1.0, -INF):
            v.data = w
            for x in (0.0, -0.0, -1.0, INF):
                assert "-0.0" not in numbers(of(f, x)), (w, x)


def test_the_graph_goes_on_through_it() -> None:
    """The node that makes 0.0 of -0.0 passes derivatives on."""
    w = Value(-0.0)
    slope = grad(lambda x: w * x)(2.0)
    assert repr(slope.data) == "0.0"
    slope.backward()
    assert w.grad == 1.0
    other = Value(3.0)
    slope = grad(lambda x: other * x)(2.0)
    assert slope is not other  # one, whatever the number: passes through it go one way
    assert slope.data == 3.0
    slope.backward()
    assert other.grad == 1.0
