"""implicit_root in compiled functions: the solver is called by the program, the derivatives are
compiled."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    grad,
    hessian,
    implicit_fixed_point,
    implicit_root,
    jacobian,
    jit,
    no_grad,
    vmap,
)

pytest.importorskip("llvmlite", reason="llvmlite is not installed")

solved: list[tuple[float, ...]] = []


def square(x: Any, a: Any) -> Any:
    return x * x - a


def newton(a: float, start: float = 1.0) -> float:
    solved.append((a,))
    x = start
    for _ in range(60):
        x = x - (x * x - a) / (2 * x)
    return x


root = implicit_root(square, newton)


def circle_and_line(p: Any, a: Any) -> Any:
    return [p[0] ** 2 + p[1] ** 2 - a["r"] ** 2, p[1] - a["m"] * p[0]]


def meet(a: Any) -> list[float]:
    x = a["r"] / math.sqrt(1 + a["m"] ** 2)
    return [x, a["m"] * x]


meeting = implicit_root(circle_and_line, meet)


def test_roots_and_their_derivatives() -> None:
    """Of sqrt(a), at numbers that were not there when it was recorded."""
    functions = (root, grad(root), grad(grad(root)), grad(grad(grad(root))))
    powers = ((1.0, 0.5), (0.5, -0.5), (-0.25, -1.5), (0.375, -2.5))
    for function, (factor, power) in zip(functions, powers, strict=True):
        compiled = jit(function)
        for a in (4.0, 9.0, 2.0, 0.3):
            assert compiled(a) == pytest.approx(factor * a**power, rel=1e-13)
            assert compiled(a) == pytest.approx(function(a), rel=1e-15)
        assert compiled.stats().paths == 1


def test_to_the_bit_of_the_uncompiled() -> None:
    compiled = jit(autograd.value_and_grad(lambda a: root(a) * autograd.sin(root(a * 2.0))))
    for a in (4.0, 0.7, 11.0):
        assert compiled(a) == autograd.value_and_grad(
            lambda a: root(a) * autograd.sin(root(a * 2.0))
        )(a)


def test_several_unknowns_in_nestings() -> None:
    """(r, m r) / sqrt(1 + m²), by the formula."""

    def formula(a: Any) -> list[Any]:
        x = a["r"] / autograd.sqrt(1 + a["m"] ** 2)
        return [x, a["m"] * x]

    compiled = jit(jacobian(meeting))
    second = jit(hessian(lambda a: meeting(a)[0] * meeting(a)[1]))
    for point in ({"r": 2.0, "m": 0.5}, {"r": 3.0, "m": -1.5}):
        for x, y in zip(compiled(point), jacobian(formula)(point), strict=True):
            assert x == pytest.approx(y, rel=1e-12)
        right = hessian(lambda a: formula(a)[0] * formula(a)[1])(point)
        for key in ("r", "m"):
            assert second(point)[key] == pytest.approx(right[key], rel=1e-11)


def test_batches() -> None:
    a = np.array([4.0, 9.0, 0.25, 2.0, 16.0])
    np.testing.assert_allclose(vmap(root)(a), np.sqrt(a), rtol=1e-15)
    np.testing.assert_allclose(vmap(grad(root))(a), 0.5 / np.sqrt(a), rtol=1e-15)


def test_a_fixed_point_and_an_argument_given_twice() -> None:
    fixed = implicit_fixed_point(lambda x, a, b: (x + a * b / x) / 2, lambda a, b: newton(a * b))
    compiled = jit(grad(lambda a: fixed(a, a) + a))
    for a in (2.0, 3.0, 2.0):
        assert compiled(a) == pytest.approx(2.0, rel=1e-14)


def test_options_are_handed_on_to_the_solver() -> None:
    compiled = jit(lambda a: root(a, start=-1.0) + 2 * root(a))
    assert [compiled(a) for a in (4.0, 9.0)] == pytest.approx([2.0, 3.0])


def test_the_solver_runs_once_per_root_and_call() -> None:
    compiled = jit(meeting.__class__(circle_and_line, counted_meet))
    compiled({"r": 2.0, "m": 0.5})
    calls.clear()
    compiled({"r": 3.0, "m": 0.5})
    compiled({"r": 3.0, "m": 0.5})
    assert calls == [3.0, 3.0]


calls: list[float] = []


def counted_meet(a: Any) -> list[float]:
    calls.append(a["r"])
    return meet(a)


def test_captured_values_are_read_at_every_call() -> None:
    """By the residual and, through .data, by the solver."""
    w = Value(2.0)
    scaled = implicit_root(lambda x, a: x * x - a * w, lambda a: newton(a * w.data))
    compiled, slope = jit(scaled), jit(grad(scaled))
    for number in (2.0, 8.0):
        w.data = number
        assert compiled(2.0) == pytest.approx(math.sqrt(2.0 * number), rel=1e-14)
        assert slope(2.0) == pytest.approx(math.sqrt(number / 2.0) / 2.0, rel=1e-14)
    assert grad(lambda v: jit(lambda a: scaled(a) * v)(2.0))(1.0) == pytest.approx(4.0)


def test_inside_no_grad_there_is_no_derivative() -> None:
    def f(a: Any) -> Any:
        with no_grad():
            held = root(a)
        return held * a

    compiled = jit(grad(f))
    assert [compiled(a) for a in (4.0, 9.0)] == pytest.approx([2.0, 3.0])


def test_no_root_is_told_at_any_call() -> None:
    """As uncompiled: where a derivative is wanted."""
    sloppy = implicit_root(square, lambda a: newton(a) if a < 5.0 else 1.0)
    compiled = jit(grad(sloppy))
    assert compiled(4.0) == 0.25
    with pytest.raises(ValueError, match="which is no root"):
        compiled(9.0)
    assert compiled(4.0) == 0.25
    assert [jit(sloppy)(9.0), sloppy(9.0)] == [1.0, 1.0]


def test_a_singular_residual_is_told_at_any_call() -> None:
    compiled = jit(grad(root))
    assert compiled(4.0) == 0.25
    touching = jit(grad(implicit_root(lambda x, a: (x - a) ** 2 * a, lambda a: a)))
    with pytest.raises(ValueError, match="singular"):
        touching(1.0)


def test_an_error_of_the_solver_comes_through() -> None:
    def solve(a: float) -> float:
        if a > 5.0:
            raise ArithmeticError("did not converge")
        return newton(a)

    compiled = jit(implicit_root(square, solve))
    assert compiled(4.0) == pytest.approx(2.0)
    with pytest.raises(ArithmeticError, match="did not converge"):
        compiled(9.0)


def test_what_can_not_be_compiled_is_told() -> None:
    with pytest.raises(
        TypeError, match="implicit_root can't be compiled: its solver runs on plain"
    ):
        jit(lambda a: implicit_root(lambda x: x * x - a, lambda: 2.0)())(4.0)
    with pytest.raises(TypeError, match="make it outside of the compiled function"):
        jit(lambda a: implicit_root(square, newton)(a * 1.0))(4.0)
    with pytest.raises(TypeError, match="keyword arguments are plain numbers"):
        jit(lambda a: root(a, start=a))(4.0)
    with pytest.raises(TypeError, match=r"calls a solver, which reads \.data"):
        jit(lambda a: helped(a, [a]))(4.0)
    assert jit(lambda a: a * implicit_root(lambda x: x * x - 4.0, lambda: 2.0)())(3.0) == 6.0


hint: list[Any] = []


def helped(a: Any, given: list[Any]) -> Any:
    """A root whose solver looks at a Value of the compiled function."""
    hint[:] = given
    return looking(a)


looking = implicit_root(square, lambda a: newton(hint[0].data))


MODULE = """
from autograd import grad, implicit_root, jit

def solve(a):
    return a**0.5

root = implicit_root(lambda x, a: x * x - a, solve)

def f(a):
    return root(a) * a

compiled = jit(grad(f))
"""
SAVE = """
import pathlib, pickle
import module_with_a_root as m
print(m.compiled(4.0))
pathlib.Path("kept.pickle").write_bytes(pickle.dumps(m.compiled))
"""
LOAD = """
import pathlib, pickle
f = pickle.loads(pathlib.Path("kept.pickle").read_bytes())
print(f(9.0), f.stats().paths)
"""


def test_a_pickle_of_the_compiled_function(tmp_path: Path) -> None:
    """In another process it is recorded anew, with the solver there: 3 sqrt(a) / 2."""
    compiled = jit(grad(root))
    compiled(4.0)
    assert pickle.loads(pickle.dumps(compiled))(9.0) == compiled(9.0)
    (tmp_path / "module_with_a_root.py").write_text(MODULE, "utf-8")
    said = []
    for script in (SAVE, LOAD):
        run = [sys.executable, "-c", script]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said += done.stdout.split()
    assert said == ["3.0", "4.5", "1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [(0.0, -0.0), (1, True), ([0.0], [-0.0]), ({"start": 0.0}, {"start": -0.0})],
)
def test_options_that_are_equal_and_not_the_same(one: Any, other: Any) -> None:
    """A solver gets its own options, also where Python calls those of two calls equal."""

    def solve(a: float, like: Any) -> float:
        return math.sqrt(a) if repr(like) == repr(one) else -math.sqrt(a)

    root = implicit_root(lambda x, a: x * x - a, solve)
    both = jit(lambda a: [root(a, like=one), root(a, like=other)])
    assert both(4.0) == [2.0, -2.0]


def test_options_of_every_kind() -> None:
    """Arrays and nestings serve as options; what can't be told apart is an error that says so."""
    numpy = pytest.importorskip("numpy")
    root = implicit_root(
        lambda x, a: x * x - a, lambda a, start: math.copysign(a**0.5, start["x"][0])
    )
    compiled = jit(lambda a: root(a, start={"x": numpy.array([-1.0])}))
    assert compiled(4.0) == -2.0
    with pytest.raises(TypeError, match="keyword arguments are hashable"):
        jit(lambda a: root(a, start={1}))(4.0)
