"""A primitive's lowering, which machine code goes by, against its forward function, the engine's:
at the inputs of every recording they agree, or there is an error that names the primitive."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import grad, jit, primitive, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.recording.tracing import RecordingError  # noqa: E402

COUNT = itertools.count()
Rule = Callable[..., Any]


def made(forward: Rule, lowering: Rule) -> tuple[str, Any]:
    """A new primitive of one or two inputs, and its name."""
    name = f"users_lowering_{next(COUNT)}"
    arity = forward.__code__.co_argcount
    slopes: Rule = (lambda out, x: 2.0) if arity == 1 else (lambda out, x, y: (1.0, 1.0))
    return name, primitive(name, forward, slopes, arity=arity, lowering=lowering)


def double(x: Any) -> Any:
    return x * 2


DIFFERENT: dict[str, tuple[Rule, Rule, float]] = {
    "isinstance": (
        lambda x: x * 2 if isinstance(x, float) else x * 3,
        lambda x: x * 2 if isinstance(x, float) else x * 3,
        1.5,
    ),
    "type": (double, lambda x: x * 2 if type(x) is float else x * 3, 1.5),
    "hasattr": (double, lambda x: x * 2 if hasattr(x, "is_integer") else x * 3, 1.5),
    "another formula": (double, lambda x: x * 2 + 1e-9, 1.5),
    "a few units": (double, lambda x: x * 2 * (1 + 2e-15), 1.5),
    "on one side only": (double, lambda x: autograd.where(autograd.relu(x), x * 2, x), -1.5),
    "the sign of 0": (double, lambda x: x * 2 + 0.0, -0.0),
    "an infinity": (double, lambda x: x * 1e300 * 1e300 / 1e300, 1e100),
    "nan": (lambda x: 0.0, lambda x: x - x, math.inf),
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_a_lowering_that_differs_is_an_error(kind: str) -> None:
    """Whichever way it is compiled; a function that does not use it is none."""
    forward, lowering, x = DIFFERENT[kind]
    name, f = made(forward, lowering)
    for act in (
        lambda: jit(lambda x: f(x) + 1.0)(x),
        lambda: jit(grad(lambda x: f(x) * x))(x),
        lambda: jit(lambda p: sum(f(t) for t in p))([x, x]),
        lambda: vmap(f)(np.array([x, x])),
        lambda: [jit(lambda p: f(p[0]) * 1.0).bind(np.array([x]))()],
    ):
        with pytest.raises(RecordingError, match=rf"the lowering of the primitive '{name}' gives"):
            act()
    assert jit(lambda x: x * 2.0)(1.5) == 3.0


def test_the_error_says_both_numbers() -> None:
    """With the inputs at which they differ."""
    _, f = made(lambda x, y: x * y, lambda x, y: x + y)
    with pytest.raises(RecordingError, match=r"gives 5.0 for 2.0, 3.0, where its .* gives 6.0"):
        jit(lambda x: f(x, 3.0))(2.0)


def test_a_path_at_which_it_differs() -> None:
    """Where it agrees it is compiled; the path at which it does not is the error."""
    _, f = made(double, lambda x: autograd.where(autograd.relu(x), x * 2, x * 3))
    compiled = jit(lambda x: f(x) if x > 0 else f(x) * 2)
    assert compiled(1.5) == 3.0
    with pytest.raises(RecordingError, match=r"gives -4.5 for -1.5, where its .* gives -3.0"):
        compiled(-1.5)
    assert compiled(2.5) == 5.0


SAME: dict[str, tuple[Rule, Rule]] = {
    "the same": (double, double),
    "rounded otherwise": (lambda x: math.log1p(math.exp(x)), autograd.softplus),
    "in other words": (lambda x: max(x, 0.0), autograd.relu),
}


@pytest.mark.parametrize("kind", SAME)
def test_a_lowering_that_agrees(kind: str) -> None:
    """Within four units in the last place it may round otherwise."""
    forward, lowering = SAME[kind]
    _, f = made(forward, lowering)
    compiled = jit(lambda x: f(x) * 1.0)
    for x in (0.7, -1.3, 2.5, -0.1):
        assert compiled(x) == pytest.approx(forward(x), rel=1e-15)


def test_the_forward_function_is_not_called_for_it() -> None:
    """It is asked as often as the function is recorded and run on floats."""
    calls: list[float] = []

    def forward(x: float) -> float:
        calls.append(x)
        return x * 2

    _, f = made(forward, double)
    jit(f)(1.5)
    assert len(calls) == 3
