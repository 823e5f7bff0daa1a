"""The toy, one neuron, one diagram: under a second, to run before each commit."""

from __future__ import annotations

import autograd
import nn
from autograd import Value
from autograd.drawing import draw


def test_the_toy() -> None:
    """e = (a + b)(b + 1) at a = 2, b = 1: the value and both gradients, by hand."""
    a, b = Value(2.0, label="a"), Value(1.0, label="b")
    e = (a + b) * (b + 1)
    e.backward()
    assert (e.data, a.grad, b.grad) == (6.0, 2.0, 5.0)


def test_one_neuron() -> None:
    """relu(0.5·2 - 1·3 + 2.5) = 0.5; its derivatives are the inputs, and 1 for the bias."""
    neuron = nn.Neuron.from_weights([0.5, -1.0], 2.5, "relu")
    out = neuron([2.0, 3.0])
    out.backward()
    assert out.data == 0.5
    assert [p.grad for p in neuron.parameters()] == [2.0, 3.0, 1.0]


def test_one_diagram() -> None:
    """The diagram names its leaves and is written in DOT."""
    source = draw(Value(2.0, label="left") * Value(3.0, label="right")).source
    assert source.startswith("digraph")
    assert "left" in source
    assert "right" in source


def test_the_form_is_known() -> None:
    """`compiled` says which form of the engine runs."""
    assert type(autograd.compiled) is bool
