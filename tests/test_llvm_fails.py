"""Where LLVM fails at code that is compiled before the call returns, the program is interpreted:
with a warning, and the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llvmlite")

import numpy as np

from autograd import jit, primitive, tanh, value_and_grad, vmap
from autograd.compiler.native import machine


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """LLVM fails at all but the interpreters' own code."""
    compiled, texts = machine._compile_llvm, []

    def fail(text: str, *options: Any) -> Any:
        if "noalias" in text:  # as places of numbers in the code of a program are
            texts.append(text)
            raise RuntimeError("LLVM IR parsing error")
        return compiled(text, *options)

    monkeypatch.setattr(machine, "_compile_llvm", fail)
    return texts


def loss(p: Any) -> Any:
    return tanh(p[0] * p[1]) ** 2 if p[0] > 0 else p[1] * p[1]


@pytest.mark.parametrize("f", [loss, value_and_grad(loss)])
def test_calls_are_interpreted_with_a_warning(f: Callable[..., Any], failing: list[str]) -> None:
    """Every path once warns, at the line of the call; later calls are silent."""
    compiled, points = jit(f), [[0.5, 2.0], [-0.5, 2.0]]
    wanted = [f(point) for point in points]
    with pytest.warns(RuntimeWarning, match="could not compile .* interpreted") as said:
        found = [compiled(point) for point in points * 2]
    assert found == wanted * 2
    assert [one.filename for one in said] == [__file__] * 2
    assert [compiled(point) for point in points] == wanted
    assert failing
    assert set(compiled.stats().tiers) == {"interpreted"}


def test_loops_that_are_followed(failing: list[str]) -> None:
    """The graph of states is run by its reference."""

    def halvings(a: Any) -> Any:
        while a > 1.0:
            a = 0.5 * a
        return a

    f = jit(halvings)
    points = [3.0, 5.0, 9.0, 17.0, 33.0, 65.0]
    with pytest.warns(RuntimeWarning, match="could not compile"):
        found = [f(x) for x in points]
    assert found == [halvings(x) for x in points]
    assert f(129.0) == halvings(129.0)


def test_batches(failing: list[str]) -> None:
    """Rows are interpreted, several at a time."""
    rows = np.array([[0.5, 2.0], [-0.5, 3.0], [1.5, 0.25]])
    with pytest.warns(RuntimeWarning, match="could not compile"):
        found = vmap(value_and_grad(loss))(rows)
    wanted = [value_and_grad(loss)(row.tolist()) for row in rows]
    assert found[0] == pytest.approx([value for value, _ in wanted], rel=1e-14)
    assert found[1] == pytest.approx(np.array([slope for _, slope in wanted]), rel=1e-14)


def test_bound_arrays(failing: list[str]) -> None:
    """What is bound is interpreted."""
    x = np.array([0.5, 2.0])
    with pytest.warns(RuntimeWarning, match="could not compile"):
        bound = jit(loss).bind(x)
    first = float(bound())
    x[0] = 0.25
    assert [first, float(bound())] == [np.tanh(1.0) ** 2, np.tanh(0.5) ** 2]


def test_what_calls_python_back_has_no_interpreter(failing: list[str]) -> None:
    """There the error goes up."""
    square = primitive("square_without_llvm", lambda x: x * x, lambda out, x: 2.0 * x)
    f = jit(lambda x: square(x) + x)
    f(2.0)
    with pytest.raises(RuntimeError, match="parsing"):
        f(2.0)
