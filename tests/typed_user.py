"""A user's program, as a type checker sees it: test_typing.py has it checked, never run.

A line with `# error` at its end has to be one; any other line must have none.
"""

# pyright: strict, reportUnknownLambdaType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_type

import numpy as np

import autograd
import nn
from autograd import (
    Primitive,
    Value,
    atan2,
    check_grad,
    clip,
    dot,
    draw,
    exp,
    explain,
    grad,
    hessian,
    jit,
    leaky_relu,
    no_grad,
    paths,
    softmax,
    value_and_grad,
    vmap,
)

# Values and numbers.

a, b = Value(2.0, label="a"), Value(1)
e = (a + b) * (b + 1) - Fraction(1, 2) * a / np.float32(2.0) + 2**b % 3 // 1
assert_type(e, Value)
assert_type(-a, Value)
assert_type(abs(a), Value)
assert_type(a < 1.0, bool)
assert_type(a == b, bool)
assert_type(round(a), int)
assert_type(round(a, 2), float)
assert_type(divmod(a, b), tuple[Value, Value])
e.backward()
e.backward(0.5)
assert_type(a.grad, float)
assert_type(a.data, float)
assert_type(a.label, str | None)
assert_type(e.parents, tuple[Value, ...])
assert_type(e.primitive, Primitive | None)
a.data = 3
a.grad = Fraction(1, 3)
a.label = None

# Functions.

assert_type(exp(a), Value)
assert_type(exp(1), float)
assert_type(a.exp().tanh(), Value)
assert_type(a.leaky_relu(0.1), Value)
assert_type(leaky_relu(a), Value)
assert_type(leaky_relu(2.0, 0.1), float)
assert_type(atan2(1.0, 2.0), float)
assert_type(atan2(a, 1.0), Value)
assert_type(atan2(1.0, a), Value)
assert_type(clip(a, 0, 1), Value)
assert_type(autograd.pow(a, 2), Value)
assert_type(exp.name, str)
array = exp(np.ones(3)) + a * np.ones(3) + np.ones(3) * a
assert_type(dot([a, b], [1.0, 2.0]), Value)
assert_type(dot([1.0], [2.0]), float)
assert_type(autograd.sum([a, 2, 3.5]), Value)
assert_type(autograd.max([1.0, 2.0]), float)
assert_type(softmax([a, b]), list[Value])


def either(x: Value | float) -> Value | float:
    return exp(x) * 2


# Derivatives.


def f(x: Value) -> Value:
    return x * exp(x)


@dataclass
class Line:
    slope: float
    offset: float


def error(line: Line, x: float) -> float:
    return (line.slope * x + line.offset) ** 2


assert_type(grad(f)(2.0), float)
assert_type(grad(f)(a), Value)
assert_type(grad(grad(f))(2.0), float)
assert_type(grad(lambda p: p[0] * p[1])([1.0, 2.0]), list[float])
assert_type(grad(error)(Line(1.0, 0.0), 3.0), Line)
assert_type(value_and_grad(f)(2.0), tuple[float, float])
assert_type(value_and_grad(f)(a), tuple[Value, Value])
grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
hessian(f)(2.0)
fast = jit(grad(f))
fast(3.0)
assert_type(fast.stats().paths, int)
vmap(f, in_axes=0)(np.ones(3))
assert_type(check_grad(f, 2.0).ok, bool)
cube = autograd.primitive("cube", lambda x: x * x * x, lambda out, x: 3 * x * x)
assert_type(cube, Primitive)

# Looking at a graph.

with no_grad():
    f(a)
draw(e, detail="full", max_nodes=10)
str(explain(a, e))
str(paths(e, a))
assert_type(autograd.__version__, str)
assert_type(autograd.compiled, bool)

# A network.

model = nn.MLP(2, [4, 1], seed=3)
optimizer = nn.Adam(model.parameters(), lr=0.1)
loss = nn.mse_loss([model(x) for x in [[0.0, 1.0], [1.0, 0.0]]], [0, 1])
optimizer.zero_grad()
loss.backward()
optimizer.step()
assert_type(model.parameters(), list[Value])
assert_type(nn.Neuron(2)([1.0, 2.0]), Value)
history = nn.fit(model, [[0.0, 1.0]], [1], epochs=2)

# Mistakes.

exp()  # error
exp(a, b)  # error
exp("x")  # error
e.backward("x")  # error
e.backward(b)  # error
a + "x"  # error
a.data = "3"  # error
a.nope  # error
a.exp(2.0)  # error
Value("2")  # error
float(a)  # error
atan2(a)  # error
dot(a, b)  # error
softmax(a)  # error
autograd.nope  # error
autograd.grad()  # error
draw(e, rankdir=3)  # error
nn.MLP("2")  # error
nn.MLP("2", [1])  # error
nn.nope  # error
