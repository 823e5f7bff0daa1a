"""What the tests share: runs that repeat exactly, and random formulas over awkward doubles."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from autograd import Value
from autograd.graph import topological_order
from autograd.primitives import TABLE, Primitive, message

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

AWKWARD = [
    0.0,
    -0.0,
    5e-324,
    1e-200,
    0.5,
    1.0,
    -1.0,
    2.0,
    -3.0,
    1e200,
    math.inf,
    -math.inf,
    math.nan,
]
NUMBERS = st.sampled_from(AWKWARD) | st.floats(-4.0, 4.0) | st.floats()

# Defined only for a few constants, and reached only from the rules of other rows.
INNER = {"exp_square", "polygamma"}


@pytest.fixture(autouse=True)
def _seed() -> None:
    """`random` begins the same in every test."""
    random.seed(0)


@dataclass(frozen=True)
class Formula:
    """A random formula: call it with as many Values or numbers as it has `inputs`.

    An operand of a step is an earlier result, by its index, or a plain float.
    """

    inputs: list[float]
    steps: list[tuple[Primitive, list[int | float]]]

    def __call__(self, inputs: Sequence[Any]) -> Any:
        results = list(inputs)
        for row, operands in self.steps:
            results.append(row(*[results[x] if type(x) is int else x for x in operands]))
        return results[-1]


@st.composite
def _formulas(draw: Any, rows: Sequence[Primitive], numbers: SearchStrategy[float]) -> Formula:
    inputs = draw(st.lists(numbers, min_size=1, max_size=3))
    steps: list[tuple[Primitive, list[int | float]]] = []
    for size in range(len(inputs), len(inputs) + draw(st.integers(1, 8))):
        row = draw(st.sampled_from(rows))
        count = row.arity or 2 * draw(st.integers(1, 2))  # `dot` takes an even number
        operand = st.integers(0, size - 1) | numbers
        steps.append((row, draw(st.lists(operand, min_size=count, max_size=count))))
    return Formula(inputs, steps)


@pytest.fixture(scope="session")
def formulas() -> Callable[..., SearchStrategy[Formula]]:
    """A function that makes a strategy: `data.draw(formulas())`.

    `rows` narrows the primitives (default: all built-in ones), `numbers` the leaves and constants.
    """
    built_in = [row for row in TABLE.values() if row.builtin and row.name not in INNER]

    def strategy(
        rows: Sequence[Primitive] = built_in, numbers: SearchStrategy[float] = NUMBERS
    ) -> SearchStrategy[Formula]:
        return _formulas(rows, numbers)

    return strategy


@pytest.fixture(scope="session")
def gradient_graph() -> Callable[[Value, Value], Value]:
    """The reverse pass in Values: d root/d leaf as a graph, which can be differentiated again."""

    def derivative(root: Value, leaf: Value) -> Value:
        adjoints: dict[Value, Any] = {root: Value(1.0)}
        for node in reversed(list(topological_order(root))):
            if node.primitive is None or node not in adjoints:
                continue
            factors = node.primitive.partials(node, *node.inputs)
            if not isinstance(factors, (tuple, list)):
                factors = (factors,)
            for x, factor in zip(node.inputs, factors, strict=True):
                if isinstance(x, Value):
                    adjoints[x] = adjoints.get(x, 0.0) + message(adjoints[node], factor)
        return Value(0.0) + adjoints.get(leaf, 0.0)

    return derivative
