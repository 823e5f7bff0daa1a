"""Checked calls run the function as its author wrote it too: on the arguments as they are handed
over, and on floats. What they accept is what the uncompiled call gives."""

from __future__ import annotations

import enum
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from autograd import grad, jit, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.checking import CheckFailed  # noqa: E402


class Place(enum.IntEnum):
    FIRST = 1


def reciprocal(x: Any) -> Any:
    try:
        return 1 / x
    except ZeroDivisionError:
        return 5.0


def by_type(x: Any) -> Any:
    return x * 2.0 if isinstance(x, float) else x * 3.0


FOUND: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "an int": (lambda n: 2.0 if isinstance(n, int) else 3.0, 7.0, 7),
    "a member": (lambda n: 2.0 * n if n is Place.FIRST else n * 3.0, 1.0, Place.FIRST),
    "a fraction": (lambda x: x + (isinstance(x, Fraction)), 0.5, Fraction(1, 2)),
    "whole parts of ints": (lambda n: (1 // n).sum(), np.array([1.0, 2.0]), np.array([0, 2])),
    "uint8": (lambda X: (X + X).sum(), np.array([1.0]), np.array([200], "u1")),
    "int64": (lambda X: (X * 4).sum(), np.ones(1), np.array([2**62])),
    "float32": (lambda X: (X * X).sum(), np.array([0.5]), np.array([0.1], "f4")),
    "truth values": (lambda X: (X + X).sum(), np.array([0.0]), np.array([True])),
    "dtype": (lambda X: X[0] * 2 if X.dtype == int else X[0], np.ones(1), np.array([1])),
    "itemsize": (lambda X: X.itemsize * X[0], np.array([0.0]), np.array([1.0], "f4")),
    "a first call at 0": (by_type, 0.0, 3.25),
    "a division by 0 that is caught": (reciprocal, 1.0, 0.0),
    "in a list": (
        lambda xs: xs[1] * (2.0 if isinstance(xs[0], int) else 1.0),
        [1.0, 2.0],
        [1, 2.0],
    ),
}


@pytest.mark.parametrize("kind", FOUND)
def test_what_the_very_arguments_show(kind: str) -> None:
    """At the first call and at a later one; not checked, it is silent."""
    f, first, other = FOUND[kind]
    after = jit(f, check=True)
    assert after(first) == after(first) == f(first)
    alone = jit(f, check=True)
    at_once = () if "first call" in kind or "caught" in kind else (alone,)
    for compiled in (*at_once, after, after):
        with np.errstate(all="ignore"), pytest.raises(CheckFailed, match=r"is another function"):
            compiled(other)
    with np.errstate(all="ignore"):
        unchecked = jit(f, check=False)
        unchecked(first)
        assert unchecked(other) != float(f(other))


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_what_rows_as_they_are_show(reduce: str | None) -> None:
    rows = vmap(by_type, check=True, reduce=reduce)
    with pytest.raises(CheckFailed, match=r"is 6.5 for the arguments as they are, 9.75 compiled"):
        rows(np.array([0.0, 3.25]))
    twice = vmap(lambda x: x + x, check=True, reduce=reduce)
    twice(np.array([100.0, 1.0]))
    with np.errstate(all="ignore"), pytest.raises(CheckFailed, match=r"is 144.0 for the arguments"):
        twice(np.array([200, 1], "u1"))


def test_what_plain_numbers_may_do() -> None:
    """Round otherwise, raise what Values do not, and be ints that are worth the same."""
    f = jit(lambda x, n: x**3 + x**2 / 7 - n, check=True)
    for x in (0.3, 0.7, 1.1e5):
        assert f(x, 2) == f(x, 2.0) == f(x, np.float64(2.0))
    inverse = jit(lambda x: 1 / x if x < 1.0 else x.tanh(), check=True)
    assert [inverse(x) for x in (0.5, 0.5)] == [2.0, 2.0]
    sums = jit(lambda X: X.sum() / 3 + X.mean(), check=True)
    for _ in range(3):
        sums(np.linspace(-1.0, 1.0, 100))
        sums(np.arange(100))
    slope = jit(grad(lambda x, n: x * n), check=True)
    assert [slope(2.0, n) for n in (3, 3, 3.0)] == [3.0, 3.0, 3.0]
