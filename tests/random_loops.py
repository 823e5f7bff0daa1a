"""Random programs of nested loops, as functions of seven numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

import autograd
from autograd import exp, sqrt, tanh

POINT = [0.3, -0.7, 1.1, 0.2, -1.3, 0.9, 0.05]
Statement = tuple[Any, ...]
COUNTS = st.sampled_from([1, 2, 3, 5, 9, 12])
STATES, INPUTS = 3, 7
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b * 0.5,
    "div": lambda a, b: a / (b * b + 1.0),
    "tanh": lambda a, b: tanh(a),
    "max": autograd.maximum,
    "where": lambda a, b: autograd.where(a > b, a, 0.5 * b),
    "sqrt": lambda a, b: sqrt(a * a + 0.1),
    "exp": lambda a, b: exp(-a * a),
}
OPERANDS = st.one_of(
    st.tuples(st.just("state"), st.integers(0, STATES - 1)),
    st.tuples(st.just("input"), st.integers(-2, 2), st.integers(-1, 2), st.integers(0, INPUTS)),
    st.tuples(st.just("data"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("number"), st.sampled_from([0.5, -1.0, 2.0, 1.5])),
    st.tuples(st.just("kept"), st.sampled_from([-1, 1, 2]), st.integers(1, 4)),
    st.tuples(st.just("scattered"), st.integers(0, 5)),
)
OPERATION = st.tuples(
    st.just("do"),
    st.sampled_from(sorted(OPERATIONS)),
    st.integers(0, STATES - 1),
    OPERANDS,
    OPERANDS,
)
KEEP = st.tuples(st.just("keep"), st.integers(0, STATES - 1))
DECIDE = st.tuples(st.just("decide"), st.integers(0, STATES - 1), OPERANDS)
SIMPLE = st.one_of(OPERATION, OPERATION, OPERATION, KEEP, DECIDE)


def loops_of(body: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
    kinds = st.sampled_from(["for", "for", "for", "up to"])
    return st.tuples(kinds, COUNTS, st.lists(body, min_size=1, max_size=4))


INNERMOST = loops_of(SIMPLE)
MIDDLE = loops_of(st.one_of(SIMPLE, SIMPLE, INNERMOST))
PROGRAMS = st.lists(st.one_of(SIMPLE, INNERMOST, MIDDLE), min_size=1, max_size=4)


class Interpreted:
    """A random program as a function of seven numbers."""

    def __init__(self, statements: Sequence[Statement], seed: int) -> None:
        self.statements = statements
        random = Random(seed)
        self.data = [random.choice([random.gauss(0.0, 1.0), 1.0, -2.0]) for _ in range(50)]
        self.places = [random.randrange(INPUTS) for _ in range(50)]

    def __call__(self, x: Sequence[Any]) -> Any:
        states: list[Any] = [0.0, *x[: STATES - 1]]
        kept: list[Any] = [x[0]]
        self._do(self.statements, x, states, kept, 0, 0)
        return sum(states) + kept[-1]

    def _do(self, body: Any, x: Any, states: Any, kept: Any, i: int, j: int) -> None:
        for kind, *rest in body:
            if kind == "do":
                name, target, *operands = rest
                given = [self._operand(o, x, states, kept, i, j) for o in operands]
                states[target] = OPERATIONS[name](given[0] + 0.0 * x[0], given[1])
            elif kind == "keep":
                kept.append(states[rest[0]])
            elif kind == "decide":
                if states[rest[0]] > self._operand(rest[1], x, states, kept, i, j):
                    states[rest[0]] = states[rest[0]] * 0.75
            else:
                count, inner = rest
                for k in range(min(i, 4) if kind == "up to" else 0, count):
                    self._do(inner, x, states, kept, k, i)

    def _operand(self, operand: Any, x: Any, states: Any, kept: Any, i: int, j: int) -> Any:
        kind, *rest = operand
        if kind == "state":
            return states[rest[0]]
        if kind == "input":
            return x[(rest[0] * i + rest[1] * j + rest[2]) % len(x)]
        if kind == "data":
            return self.data[(rest[0] * i + 7 * j + rest[1]) % 50]
        if kind == "kept":
            return kept[(rest[0] * i - rest[1]) % len(kept)]
        if kind == "scattered":
            return x[self.places[(i + 3 * j + rest[0]) % 50]]
        return rest[0]
