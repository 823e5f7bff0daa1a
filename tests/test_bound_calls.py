"""What `bind` returns is called without a step of Python, and never gives what is out of date."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from work import functions_entered

import autograd
from autograd import grad, hessian, jit, vmap
from autograd.compiler import RecordingError

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")


def test_a_call_enters_no_function_of_python() -> None:
    bound = jit(grad(lambda p: p[0] ** 2 * p[1])).bind(np.array([2.0, 3.0]))
    bound()
    assert functions_entered(bound) == []
    assert bound().tolist() == [12.0, 4.0]


def test_nor_after_the_path_has_changed_and_stayed() -> None:
    """A guard that fails is a matter of Python, once."""
    x = np.array([1.0])
    bound = jit(lambda p: p[0] if p[0] > 0 else [p[0], -p[0]]).bind(x)
    x[0] = -3.0
    assert [float(y) for y in bound()] == [-3.0, 3.0]
    assert functions_entered(bound) == []
    x[0] = 4.0
    assert "_Calls.anew" in functions_entered(bound)
    assert functions_entered(bound) == []
    assert float(bound.result) == 4.0


def test_the_result_shown_is_that_of_the_latest_call() -> None:
    """Whichever of the paths it took, each of which has a result of its own."""
    x = np.array([1.0])
    bound = jit(lambda p: p[0] * 2 if p[0] > 0 else [p[0]]).bind(x)
    for number in (1.0, -1.0, -2.0, 3.0, 4.0, -5.0):
        x[0] = number
        out = bound()
        assert out is bound.result
        wanted = [2 * number] if number > 0 else [number]
        assert np.ravel(out).tolist() == wanted


def test_modes_of_the_caller_change_nothing() -> None:
    x = np.array([3.0])
    bound = jit(lambda p: p[0] * p[0]).bind(x)
    with autograd.no_grad():
        x[0] = 5.0
        assert float(bound()) == 25.0
        assert float(bound()) == 25.0
    x[0] = 6.0
    assert float(bound()) == 36.0
    assert functions_entered(bound) == []


@pytest.mark.parametrize("transform", [jit, vmap])
def test_anomalies_are_looked_for(transform: Callable[..., Any]) -> None:
    """As by a call with the arrays, and on the first call as on later ones."""
    x = np.array(2.0) if transform is jit else np.array([2.0, 4.0])
    bound = transform(autograd.log).bind(x)
    for _ in range(2):
        x[...] = 1.0
        with autograd.detect_anomaly():
            assert np.ravel(bound()).tolist() == [0.0] * x.size
            x[...] = -1.0
            with pytest.raises(FloatingPointError, match="log made nan"):
                bound()
        assert np.isnan(bound()).all()


@pytest.mark.parametrize("transform", [jit, vmap])
@pytest.mark.parametrize("size", [3, 100])
def test_arrays_that_are_bound_keep_their_memory(transform: Callable[..., Any], size: int) -> None:
    """Which machine code goes to, whether or not references are counted."""
    x = np.arange(1.0, size + 1.0)
    bound = transform(lambda p: p * 2).bind(x)
    for check in (True, False):
        with pytest.raises(ValueError, match="cannot resize"):
            x.resize(7 * size, refcheck=check)
        with pytest.raises(ValueError, match="cannot resize"):
            bound.result.resize(7 * size, refcheck=check)
    x[0] = 8.0
    assert bound()[0] == 16.0
    del bound
    x.resize(7 * size, refcheck=False)


@pytest.mark.parametrize("transform", [jit, vmap])
def test_what_is_put_into_a_list_later_is_read_on_no_path(transform: Callable[..., Any]) -> None:
    """Those that are taken later read the same arrays as the first."""
    x = np.array(3.0) if transform is jit else np.array([3.0])
    given = {"a": [x, x + 1.0]}
    bound = transform(lambda g: g["a"][0] * 2 if g["a"][0] > 0 else g["a"][1] - 7).bind(given)
    given["a"][0] = given["a"][1] = x + 100.0
    for number, wanted in (4.0, 8.0), (-1.0, -3.0), (-2.0, -3.0), (5.0, 10.0):
        x[...] = number
        assert np.ravel(bound()).tolist() == [wanted]


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize("transform", [jit, vmap])
@pytest.mark.parametrize("size", [6, 100])
def test_what_is_assigned_to_arrays_is_seen(transform: Callable[..., Any], size: int) -> None:
    """Their shape and type; there and back, without another run for each time."""
    x = np.arange(1.0, size + 1.0)
    function = transform(lambda p: [p * 2, p + 1])
    bound = function.bind(x)
    for shape in (2, size // 2), (size,), (2, size // 2), (size // 2, 2), (size,):
        x.shape = shape
        for got, wanted in zip(bound(), function(x), strict=True):
            assert got.shape == shape
            assert got.tolist() == wanted.tolist()
    assert len(bound._calls._runs) <= 3
    x.dtype = np.int64
    for _ in range(2):
        with pytest.raises(TypeError, match="bind reads its arrays in place"):
            bound()
    x.dtype = float
    assert bound()[1].tolist() == (x + 1).tolist()


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
def test_what_is_assigned_to_arrays_is_seen_where_python_is_called_back() -> None:
    twice = autograd.primitive("twice_of_bound", lambda a: 2 * a, lambda out, a: 2.0)
    x = np.arange(6.0)
    bound = jit(lambda p: [twice(a) for a in p] if p.ndim == 1 else twice(p[1][0])).bind(x)
    x.shape = (2, 3)
    assert float(bound()) == 6.0
    x.shape = (6,)
    assert [float(a) for a in bound()] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_what_the_caller_writes_over_a_result_is_gone_after_the_next_call() -> None:
    """Entries that are always 0, too."""
    x = np.arange(1.0, 7.0)
    bound = jit(hessian(lambda p: sum(a * a * a for a in p))).bind(x)
    matrix = bound()
    for noise in (7.0, np.nan):
        matrix[...] = noise
        assert bound() is matrix
        assert matrix.tolist() == np.diag(6.0 * x).tolist()


def test_a_call_taken_from_its_object_outlives_it() -> None:
    x = np.array([1.0])
    call = jit(lambda p: p[0] + 1 if p[0] > 0 else p[0] - 1).bind(x).__call__
    for number in (2.0, -2.0, -3.0, 5.0):
        x[0] = number
        assert float(call()) == number + (1 if number > 0 else -1)


def test_it_is_freed_without_the_collector() -> None:
    x = np.array([1.0])
    compiled = jit(lambda p: p[0] * 2 if p[0] > 0 else p[0])
    gc.disable()
    try:
        bound = compiled.bind(x)
        for number in (-1.0, 1.0):
            x[0] = number
            bound()
        gone = weakref.ref(bound._calls)
        del bound
        assert gone() is None
    finally:
        gc.enable()


def positive(t: Any) -> Any:
    """A square and a constant; of a number below -5 something else, of others below 0 nothing."""
    if t > 0:
        return t * t, t * 0 + 2
    if t < -5:
        return t, t
    raise ValueError("not positive")


@pytest.mark.parametrize(
    ("compiled", "at"), [(jit, -1.0), (vmap, [4.0, -1.0])], ids=["jit", "vmap"]
)
def test_after_a_call_that_raised_results_are_nan(compiled: Any, at: Any) -> None:
    """No number of a path that was left stands beside those of an earlier call; constants come back
    with the next call."""
    x = np.array([3.0, 2.0]) if compiled is vmap else np.array(3.0)
    bound = compiled(positive).bind(x)
    first = bound.result
    assert np.ravel(first[0])[0] == 9.0
    x[...] = -6.0
    bound()
    x[...] = at
    with pytest.raises(ValueError, match="not positive"):
        bound()
    assert np.isnan(bound.result).all()
    assert np.isnan(first).all()
    x[...] = 4.0
    assert np.unique(bound()).tolist() == [2.0, 16.0]


def test_a_call_that_is_refused_leaves_results() -> None:
    """Within another recording nothing has been computed."""
    x = np.array(3.0)
    bound = jit(positive).bind(x)
    with pytest.raises(RecordingError, match="what bind"):
        jit(lambda y: y * bound()[0])(2.0)
    assert float(bound.result[0]) == 9.0


def test_copies_call_for_themselves() -> None:
    x = np.array([2.0])
    bound = jit(lambda p: [p[0] * 3]).bind(x)
    shallow, deep = copy.copy(bound), copy.deepcopy(bound)
    x[0] = 5.0
    assert [float(one()[0]) for one in (bound, shallow, deep)] == [15.0, 15.0, 6.0]
    assert len({id(one.result) for one in (bound, shallow, deep)}) == 3


def test_a_pickle_calls_for_itself() -> None:
    again = pickle.loads(pickle.dumps(jit(autograd.square).bind(np.array(3.0))))
    assert float(again.result) == 9.0
    assert functions_entered(again) == []


def test_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    function = jit(autograd.square)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match="bind writes results into arrays of NumPy, which is not"):
        function.bind(3.0)
