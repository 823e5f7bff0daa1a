"""Random formulas for hypothesis: small ones over awkward doubles, and graphs of some 200 nodes.

Several tests import it; pyproject.toml puts this directory on their path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from autograd import Value
from autograd.engine.primitives import TABLE, Primitive, mean

__all__ = ["AWKWARD", "NUMBERS", "ROWS", "Formula", "formulas", "graphs", "ordinary"]

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

# Defined only for a few constants or for inputs that belong together, and reached only from the
# rules of other rows, or a function over a sequence.
INNER = {row.name for row in TABLE.values() if row.inputs.startswith("n, ")}
INNER |= {
    "order_statistic",
    "exp_square",
    "softmax_pivot",
    "softmax_apart",
    "softmax_others",
    "softmax_share",
    "log_softmax_share",
}
ROWS = [row for row in TABLE.values() if row.builtin and row.name not in INNER]

UP_TO_200 = st.integers(5, 250)  # of which some are plain numbers, and no nodes

Operand = int | float  # an earlier result, by its index, or a plain number
Step = tuple[Primitive, list[Operand]]
Admits = Callable[[Primitive, Sequence[float]], bool]


@dataclass(frozen=True)
class Formula:
    """A random formula: call it with as many Values or numbers as it has `inputs`."""

    inputs: list[float]
    steps: list[Step]

    def __call__(self, inputs: Sequence[Any]) -> Any:
        return self.in_terms_of(lambda row: row, inputs)

    def in_terms_of(self, function: Callable[[Primitive], Any], inputs: Sequence[Any]) -> Any:
        """The same formula with other functions in the place of the primitives."""
        results = list(inputs)
        for row, operands in self.steps:
            results.append(function(row)(*_looked_up(operands, results)))
        return results[-1]


def _looked_up(operands: Sequence[Operand], results: Sequence[Any]) -> list[Any]:
    return [results[x] if type(x) is int else x for x in operands]


@st.composite
def formulas(
    draw: Any, rows: Sequence[Primitive] = ROWS, numbers: SearchStrategy[float] = NUMBERS
) -> Formula:
    """Formulas of at most eight steps, each number of them drawn on its own."""
    inputs = draw(st.lists(numbers, min_size=1, max_size=3))
    steps: list[Step] = []
    for size in range(len(inputs), len(inputs) + draw(st.integers(1, 8))):
        row = draw(st.sampled_from(rows))
        count = row.arity or 2 * draw(st.integers(1, 2))  # `dot` takes an even number
        operand = st.integers(0, size - 1) | numbers
        steps.append((row, draw(st.lists(operand, min_size=count, max_size=count))))
    return Formula(inputs, steps)


@st.composite
def graphs(
    draw: Any,
    rows: Sequence[Primitive] = ROWS,
    numbers: Sequence[float] = (),
    admits: Admits = lambda row, point: True,
    sizes: SearchStrategy[int] = UP_TO_200,
) -> Formula:
    """Graphs with so many results, shared and n-ary ones among them; all of it counts, since
    the root is the mean of whatever nobody used. Leaves and constants are among these numbers
    (default: any from -2 to 2). The mean takes the place of a step that is not admitted."""
    count = draw(st.integers(1, 3))
    seeds = draw(sizes.flatmap(lambda size: _seeds(size - count - 1)))
    rng = Random(seeds[0])
    inputs = results = [_number(rng, numbers) for _ in range(count)]
    steps: list[Step] = []
    unused = set(range(count))
    for rng in map(Random, seeds):
        row, operands = _random_step(rng, rows, numbers, len(results))
        if not admits(row, _looked_up(operands, results)):
            row = mean
        steps.append((row, operands))
        unused -= {x for x in operands if type(x) is int}
        unused.add(len(results))
        results = [*results, row(*_looked_up(operands, results))]
    return Formula(inputs, [*steps, (mean, sorted(unused))])


def _seeds(count: int) -> SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 2**32 - 1), min_size=count, max_size=count)


def _number(rng: Random, numbers: Sequence[float]) -> float:
    return rng.choice(numbers) if numbers else rng.uniform(-2.0, 2.0)


def _random_step(
    rng: Random, rows: Sequence[Primitive], numbers: Sequence[float], size: int
) -> Step:
    """A row, and operands of which half are recent, so that the graph is deep."""
    row = rng.choice(rows)
    operands: list[Operand] = []
    for _ in range(row.arity or 2 * rng.randint(1, 2)):
        recent = rng.randint(max(0, size - 4), size - 1)
        operand = rng.choice([recent, recent, rng.randrange(size), _number(rng, numbers)])
        operands.append(operand)
    return row, operands


def ordinary(row: Primitive, point: Sequence[float]) -> bool:
    """Whether a row is smooth and of moderate size here: no kink, jump or pole within 1e-6."""
    node = row(*map(Value, point))
    numbers = [node.data, *node.partials]
    if not all(abs(x) <= 4.0 for x in numbers):
        return False
    for signs in ((1, 1, 1, 1), (-1, -1, -1, -1), (1, -1, -1, 1), (-1, 1, 1, -1)):
        near = row(*[Value(x + 1e-6 * s) for x, s in zip(point, cycle(signs), strict=False)])
        beside = [near.data, *near.partials]
        if not all(abs(x - y) <= 1e-4 for x, y in zip(numbers, beside, strict=True)):
            return False
    return True
