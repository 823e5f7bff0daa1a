"""What somebody writes who comes from another language or library, and what is said in return: the
rule, what broke it, and what to write."""

from __future__ import annotations

import inspect
import operator
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, grad, value_and_grad


@pytest.mark.parametrize("other", [2, 0.5, True, Value(3.0)])
def test_a_power_is_not_written_with_a_caret(other: Any) -> None:
    """On either side of a Value, and in an array of them."""
    x = Value(2.0)
    for write in (
        lambda: x ^ other,
        lambda: other ^ x,
        lambda: operator.ixor(x, other),
        lambda: np.array([x, x]) ^ other,
    ):
        with pytest.raises(TypeError, match=r"a power is written \*\*, as in x \*\* 2"):
            write()


def test_numpy_says_so_too() -> None:
    with pytest.raises(TypeError, match=r"a power is written \*\*"):
        np.array([1.0, 2.0]) ^ Value(2.0)  # type: ignore[operator]


def test_other_types_have_their_say_about_a_caret() -> None:
    class Set:
        def __rxor__(self, other: object) -> str:
            return "mine"

    assert Value(1.0) ^ Set() == "mine"  # type: ignore[operator]
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \^"):
        Value(1.0) ^ "x"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("retain_graph", "a graph is kept as long as something refers to it"),
        ("create_graph", r"grad of grad: grad\(grad\(f\)\)\(x\)"),
        ("inputs", r"grad\(f, argnums=\.\.\.\)"),
        ("foo", r"backward\(\) takes one argument, gradient, .* got foo= besides"),
    ],
)
def test_keywords_of_other_libraries_for_backward(keyword: str, words: str) -> None:
    """And no gradient has changed."""
    x = Value(3.0)
    y = x * x
    with pytest.raises(TypeError, match=words):
        y.backward(**{keyword: True})
    assert (x.grad, y.grad) == (0.0, 0.0)
    y.backward(gradient=2.0)
    assert x.grad == 12.0


def test_what_stands_behind_the_gradient() -> None:
    with pytest.raises(TypeError, match=r"takes one argument, gradient, .* got True besides"):
        Value(1.0).backward(1.0, True)  # type: ignore[call-arg]


@pytest.mark.parametrize("transform", [grad, value_and_grad])
@pytest.mark.parametrize("keyword", ["create_graph", "retain_graph", "allow_unused"])
def test_keywords_of_other_libraries_for_grad(transform: Any, keyword: str) -> None:
    with pytest.raises(TypeError, match=rf"{transform.__name__}\(\) takes no {keyword}: "):
        transform(lambda x: x * x, **{keyword: True})
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        transform(lambda x: x * x, foo=1)


def test_signatures_are_as_before() -> None:
    assert list(inspect.signature(grad).parameters) == ["f", "argnums", "has_aux"]
    x, others = list(inspect.signature(nn.MLP.__call__).parameters.values())[1:]
    assert (x.name, x.kind) == ("x", x.POSITIONAL_OR_KEYWORD)
    assert (others.kind, others.annotation) == (others.VAR_POSITIONAL, "Never")
    assert (Value.backward.__name__, Value.backward.__doc__[:12]) == ("backward", "Reverse pass")


@pytest.mark.parametrize(
    "module",
    [nn.Neuron(2), nn.Layer(2, 3), nn.MLP(2, [3, 1]), nn.Sequential(nn.Linear(2, 1))],
    ids=lambda module: type(module).__name__,
)
def test_the_inputs_of_a_module_are_one_list(module: Any) -> None:
    with pytest.raises(TypeError, match=r"takes one list of numbers, got 2 arguments; put brac"):
        module(1.0, Value(2.0))
    with pytest.raises(TypeError, match=r"got 2 arguments; it takes one sample at a time"):
        module([1.0, 2.0], [3.0, 4.0])
    assert module([1.0, 2.0]) is not None
