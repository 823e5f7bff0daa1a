"""A derivative by all of its arguments gets Values whether it is compiled or not: in the place of a
run as it was written there is a third recording, which repeats no derivative. (The functions have
an attribute, of which their code alone does not show what it is.)
"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("llvmlite")

import numpy as np

from autograd import Value, grad, hessian, jit, primitive, value_and_grad
from autograd.compiler.recording.tracing import RecordingError

ATTRIBUTES = SimpleNamespace(zero=0.0, one=1.0)


def energy(x: Any) -> Any:
    total = ATTRIBUTES.zero
    for a, b in pairwise(x):
        total = total + (b - a * a) ** 2 / (1.0 + b * b)
    return total


@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian])
@pytest.mark.parametrize("point", [[0.5, -1.5, 2.0], np.array([0.5, -1.5, 2.0])], ids=type)
def test_of_a_derivative_by_all_arguments(transform: Any, point: Any, runs: list[str]) -> None:
    """It is recorded three times, and gives what it gives uncompiled."""
    found = jit(transform(energy))(point)
    assert runs == ["values"] * 3
    assert repr(found) == repr(transform(energy)(point))


def test_floats_are_met_where_some_arguments_are_data(runs: list[str]) -> None:
    """They, and functions that are no derivatives, get floats uncompiled."""
    jit(grad(lambda x, y: x * y * ATTRIBUTES.one))(2.0, 3.0)
    jit(lambda x: x * x * ATTRIBUTES.one)(2.0)
    assert runs == ["values", "values", "floats"] * 2


def test_what_is_different_the_third_time() -> None:
    """As where floats are met: what a function has counted is an error."""
    calls: list[Value] = []

    def f(x: Any) -> Any:
        calls.append(x)
        return x * x if len(calls) < 3 else x * x * x

    with pytest.raises(RecordingError, match=r"gives another result .* 12\.0 .* 4\.0"):
        jit(grad(f))(2.0)


def test_what_raises_the_third_time() -> None:
    """It goes up as it is."""
    calls: list[Value] = []

    def f(x: Any) -> Any:
        calls.append(x)
        if len(calls) >= 3:
            raise LookupError("no more")
        return x * x

    with pytest.raises(LookupError, match="no more"):
        jit(grad(f))(2.0)


def test_a_users_rule_is_run_on_floats(runs: list[str]) -> None:
    """It may be another one of these."""
    square = primitive("square_of_users", lambda x: x * x, lambda out, x: 2.0 * x)
    assert jit(grad(lambda x: square(x) * 3.0))(2.0) == 12.0
    assert runs == ["values", "values", "floats"]


def test_a_generator_that_is_drawn_from_the_third_time() -> None:
    """Its state is compared there too."""
    generator = np.random.default_rng(1)
    calls: list[Value] = []

    def f(x: Any) -> Any:
        calls.append(x)
        if len(calls) >= 3:
            generator.random()
        return x * x

    with pytest.raises(RecordingError, match="draws random numbers"):
        jit(grad(f))(2.0)
