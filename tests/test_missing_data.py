"""NaN in what NumPy compares: in arrays of floats its functions keep NaN or leave it out, in plain
arrays of objects, as numpy.asarray makes them of Values, they ask Python's comparisons. Compiled,
each call gives what the uncompiled one gives, whichever numbers came first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eagerly import outcome

from autograd import grad, jit, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

NAN = float("nan")
ROWS = [[1.0, 2.0], [2.0, 1.0], [NAN, 1.0], [1.0, NAN], [NAN, NAN], [1.0, 1.0]]

COMPARED: dict[str, Callable[[Any], Any]] = {
    "max of asarray": lambda X: np.asarray(X).max(),
    "min of array": lambda X: np.array(X).min(),
    "max of a list of elements": lambda X: np.max([X[0], X[1]]),
    "max of a list": lambda X: np.max(list(X)),
    "maximum": lambda X: np.maximum(np.asarray(X)[:1], np.asarray(X)[1:])[0],
    "maximum.reduce": lambda X: np.maximum.reduce(np.asarray(X)),
    "maximum.accumulate": lambda X: np.maximum.accumulate(np.asarray(X)).sum(),
    "fmax": lambda X: np.fmax.reduce(np.asarray(X)),
    "nanmax": lambda X: np.nanmax(np.asarray(X)),
    "ptp": lambda X: np.ptp(np.asarray(X)),
    "sort": lambda X: np.sort(np.asarray(X))[1],
    "argmax": lambda X: float(np.asarray(X).argmax()),
    "median": lambda X: np.median(np.asarray(X)),
    "clip": lambda X: np.clip(np.asarray(X), 0.0, 1.5).sum(),
    "unique": lambda X: float(len(np.unique(np.asarray(X)))),
    "searchsorted": lambda X: float(np.searchsorted([0.0, 5.0], np.asarray(X)).sum()),
    "a choice": lambda X: np.where(np.asarray(X) > 0, 1.0, 2.0).sum(),
    "Python's sorted": lambda X: sorted(X)[0],  # noqa: FURB192 (which calls it)
    "Python's max": lambda X: max(*X),
}


def same(got: Any, want: Any) -> bool:
    """Equal to the bit, or an error that says so."""
    if isinstance(got, tuple):
        return isinstance(want, tuple) or "for floats" in got[1] or "loop of ufunc" in got[1]
    return repr(float(got)) == repr(float(want))


@pytest.mark.parametrize("kind", COMPARED)
@pytest.mark.parametrize("make", [np.array, list])
def test_missing_numbers_in_plain_arrays(kind: str, make: Callable[[Any], Any]) -> None:
    """Of data and of the arguments themselves; each row first, and all of them after it."""
    f = COMPARED[kind]

    def loss(w: Any, X: Any) -> Any:
        return w * f(X)

    for function in (loss, grad(loss)):
        for first in (ROWS[0], ROWS[2]):
            compiled = jit(function)
            for row in (first, *ROWS):
                with np.errstate(all="ignore"):
                    got = outcome(compiled, 1.0, make(row))
                    want = outcome(function, 1.0, make(row))
                assert same(got, want), (first, row, got, want)


def test_missing_numbers_in_rows() -> None:
    """A batch with rows that lack a number."""
    rows = np.array([[1.0, 2.0], [NAN, 1.0], [2.0, 1.0]])
    derivative = grad(lambda w, X: w * (np.asarray(X).sum() if X[0] > 0 else 1.0))
    assert repr(vmap(derivative, (None, 0))(1.0, rows).tolist()) == "[3.0, 1.0, 3.0]"
    lost = grad(lambda w, X: w * np.asarray(X).max())
    assert vmap(lost, (None, 0))(1.0, rows[::2]).tolist() == [2.0, 2.0]
    with np.errstate(all="ignore"):
        got = outcome(vmap(lost, (None, 0)), 1.0, rows)
    assert isinstance(got, tuple)
    assert "nan for floats, 1.0 for Values" in got[1]


def test_missing_numbers_cost_no_path_of_a_comparison_that_is_written_out() -> None:
    """What Python compares means the same of floats and of Values, NaN or not."""
    compiled = jit(lambda x: 1.0 if x > 0.0 else 2.0)
    assert [compiled(x) for x in (1.0, -1.0, NAN)] == [1.0, 2.0, 2.0]
    assert compiled.stats().paths == 2
    assert compiled.stats().guards == 2
