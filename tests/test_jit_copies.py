"""Copies, pickles, other processes: a compiled function stays that of its object."""

from __future__ import annotations

import copy
import functools
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, grad, jit, vmap

pytest.importorskip("llvmlite")
np = pytest.importorskip("numpy")


class Net(nn.Module):
    def __init__(self) -> None:
        self.a = Value(2.0)

    def __call__(self, x: Any) -> Any:
        return self.a * x


def forward(model: Net, x: Any) -> Any:
    return model(x)


class Estimator:
    """Holds a model, and compiled functions of itself in every form."""

    def __init__(self) -> None:
        self.model = Net()
        self.x = np.array([1.0, 2.0])
        self.compiled = {
            "method": jit(self.predict),
            "model": jit(self.model),
            "partial": jit(functools.partial(forward, self.model)),
            "compiled twice": jit(jit(self.predict)),
            "slope": jit(grad(self.predict)),
        }
        self.rows = vmap(self.predict)
        self.bound = self.compiled["method"].bind(self.x)
        self.bound_rows = self.rows.bind(self.x)

    def predict(self, x: Any) -> Any:
        return self.model(x)

    def all(self) -> dict[str, Any]:
        return {
            **{how: f(3.0) for how, f in self.compiled.items()},
            "rows": self.rows(np.array([3.0])).tolist(),
            "bound": self.bound().tolist(),
            "bound rows": self.bound_rows().tolist(),
        }


def square(x: Any) -> Any:
    return x * x


Estimator.__module__ = square.__module__ = Net.__module__ = forward.__module__ = (
    "estimators_of_a_test"
)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pickle looks for by name (a test's module has none that is found)."""
    monkeypatch.setitem(sys.modules, "estimators_of_a_test", sys.modules[__name__])


def deep(x: Any) -> Any:
    return copy.deepcopy(x)


def by_pickle(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


def by_python_pickle(x: Any) -> Any:
    return pickle.loads(pickle._dumps(x))


def by_old_protocol(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x, 0))


def by_cloudpickle(x: Any) -> Any:
    cloudpickle = pytest.importorskip("cloudpickle")
    return cloudpickle.loads(cloudpickle.dumps(x))


WAYS = [deep, by_pickle, by_python_pickle, by_old_protocol, by_cloudpickle]


@pytest.mark.parametrize("again", WAYS)
def test_a_copied_object_has_compiled_functions_of_its_own(again: Any) -> None:
    """They follow the copy's model and arrays, and the original's follow the original's."""
    one = Estimator()
    one.all()
    two = again(one)
    two.model.a.data = 10.0
    two.x[0] = 7.0
    assert two.all() == {
        "method": 30.0,
        "model": 30.0,
        "partial": 30.0,
        "compiled twice": 30.0,
        "slope": 10.0,
        "rows": [30.0],
        "bound": [70.0, 20.0],
        "bound rows": [70.0, 20.0],
    }
    assert one.all()["method"] == 6.0
    assert one.all()["bound"] == [2.0, 4.0]


@pytest.mark.parametrize("again", WAYS)
@pytest.mark.parametrize("name", ["method", "rows", "bound"])
def test_a_function_brings_its_object_along(again: Any, name: str) -> None:
    """Copied by itself, it is still among what the copied object holds."""
    one = Estimator()
    f = one.compiled["method"] if name == "method" else getattr(one, name)
    out = again(f)
    found = out._calls.function if name == "bound" else out
    owner = found.f.__self__
    assert owner is not one
    assert {"method": owner.compiled["method"], "rows": owner.rows, "bound": owner.bound}[
        name
    ] is out
    owner.model.a.data = 5.0
    arguments = {"method": (1.0,), "rows": (np.ones(1),), "bound": ()}[name]
    assert np.ravel(out(*arguments))[0] == 5.0


def test_numbers_of_the_copied_object_count() -> None:
    """What the original had recorded of its plain numbers is not taken for the copy's."""

    class Scaled:
        def __init__(self) -> None:
            self.scale = 2.0
            self.fast = jit(self.slow)

        def slow(self, x: Any) -> Any:
            return self.scale * x

    one = Scaled()
    assert one.fast(1.0) == one.fast(1.0) == 2.0
    two = copy.deepcopy(one)
    two.scale = 7.0
    assert two.fast(1.0) == 7.0


def test_copies_of_a_lambda() -> None:
    """In one process nothing has to be pickled: the copy takes every path, and those that are
    recorded it need not record."""
    w = Value(3.0)
    compiled = jit(lambda x: w * x if x > 0 else x)
    compiled(1.0)
    for again in (copy.copy(compiled), copy.deepcopy(compiled)):
        w.data = 4.0
        assert [again(1.0), again(-1.0)] == [4.0, -1.0]
        assert (again.stats().paths, again.recordings, compiled.stats().paths) == (2, 1, 1)
        w.data = 3.0
    rows = vmap(lambda x: w * x)
    assert copy.copy(rows)(np.ones(1)) == copy.deepcopy(rows)(np.ones(1)) == 3.0
    x = np.array(1.0)
    bound = compiled.bind(x)
    again = copy.copy(bound)
    x[...] = 2.0
    assert again.result == 6.0
    assert bound.result == 3.0
    assert bound() == 6.0


def test_what_pickle_does_not_find_stays_behind() -> None:
    """With recorded paths these go; without any it is an error that names the remedy."""
    compiled = jit(lambda x: 2 * x)
    with pytest.raises(
        pickle.PicklingError, match=r"(?s)lambda.*at the top of a module.*cloudpickle"
    ):
        pickle.dumps(compiled)
    with pytest.raises(pickle.PicklingError, match="cloudpickle"):
        pickle.dumps(vmap(lambda x: x))
    compiled(1.0)
    sent = by_pickle(by_pickle(compiled))
    assert sent(4.0) == 8.0
    assert copy.deepcopy(sent)(4.0) == 8.0
    with pytest.raises(LookupError, match="without its source"):
        sent([1.0])


def test_recorded_paths_of_a_lambda_share_their_values_with_the_pickled_object() -> None:
    """A model that goes along is the one that they read, in deep copies too."""
    model = Net()
    compiled = jit(lambda x: 1.0 * model(x))
    compiled(1.0)
    for again in (by_pickle, lambda x: copy.deepcopy(by_pickle(x))):
        there, sent = again((model, compiled))
        there.a.data = 9.0
        assert sent(1.0) == 9.0
    assert compiled(1.0) == 2.0


def test_cloudpickle_takes_a_lambda_along() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    compiled = jit(lambda x: x * 3 if x > 0 else x)
    compiled(1.0)
    sent = pickle.loads(cloudpickle.dumps(compiled))
    assert [sent(1.0), sent(-1.0)] == [3.0, -1.0]
    assert sent.recordings == 1


def test_derivatives_are_found_by_the_name_of_their_function() -> None:
    """Recorded or not; a derivative of a lambda stays behind like the lambda."""
    slope = jit(grad(functools.partial(forward, Net())))
    assert by_pickle(slope)(1.0) == slope(1.0) == by_pickle(slope)(1.0) == 2.0
    recorded = jit(grad(square))
    recorded(1.0)
    sent = by_pickle(recorded)
    assert sent.stats().paths == 1
    assert [sent(3.0), sent([1.0][0])] == [6.0, 2.0]
    with pytest.raises(pickle.PicklingError, match=r"grad\(.*lambda"):
        pickle.dumps(jit(grad(lambda x: x)))


def test_static_objects_are_recorded_anew() -> None:
    """A key that compares by identity is another one elsewhere, so its program stays behind."""
    f = jit(forward, static_argnames="model")
    assert f(Net(), 3.0) == 6.0
    assert f.stats().paths == 1
    assert by_pickle(f).stats().paths == 0
    assert by_pickle(f)(Net(), 3.0) == 6.0


def test_arrays_from_a_pickle_are_bound_in_place() -> None:
    """NumPy gives such an array a dtype object of its own."""
    x = by_pickle(np.array([1.0, 2.0]))
    bound = vmap(lambda t: t * t).bind(x)
    x[0] = 3.0
    assert bound().tolist() == [9.0, 4.0]


SCRIPT = """
import functools, multiprocessing, pickle, sys
from concurrent.futures import ProcessPoolExecutor
from autograd import Value, grad, jit, vmap
import numpy as np

def f(x):
    return x * x if x > 0 else -x

@jit
def decorated(x):
    return 3 * x if x > 0 else x

@jit
@jit
def twice(x):
    return 4 * x

@vmap
def rows(x):
    return 2 * x

class Model:
    def __init__(self):
        self.w = Value(2.0)

    def predict(self, x):
        return self.w * x

    fast = jit(predict, static_argnames="self")

recorded = jit(f)
made = {
    "f": jit(f), "recorded": recorded, "decorated": decorated, "twice": twice,
    "method": jit(Model().predict), "static": Model().fast, "partial": jit(functools.partial(f)),
}
right = {
    "f": [1.0, 2.0], "recorded": [1.0, 2.0], "decorated": [3.0, -2.0], "twice": [4.0, -8.0],
    "method": [2.0, -4.0], "static": [2.0, -4.0], "partial": [1.0, 2.0],
}
"""

POOLS = (
    SCRIPT
    + """
if __name__ == "__main__":
    recorded(1.0), recorded(2.0), decorated(1.0)
    for how in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(how)
        with context.Pool(1) as pool, ProcessPoolExecutor(1, context) as executor:
            for map in (pool.map, executor.map):
                out = {name: list(map(g, [1.0, -2.0])) for name, g in made.items()}
                assert out == right, (how, out)
                assert [x.tolist() for x in map(rows, [np.ones(2)])] == [[2.0, 2.0]]
    print("done")
"""
)

JOBLIB = (
    SCRIPT
    + """
import joblib

if __name__ == "__main__":
    recorded(1.0), recorded(2.0), decorated(1.0)
    part = jit(lambda x: x if x > 0 else 7 * x)
    part(1.0)
    made.update({"lambda": jit(lambda x: 5 * x), "slope": jit(grad(f)), "part": part})
    right.update({"lambda": [5.0, -10.0], "slope": [2.0, -1.0], "part": [1.0, -14.0]})
    with joblib.Parallel(1, backend="loky") as one, joblib.Parallel(2, backend="loky") as two:
        for parallel in (one, two):
            for name, g in made.items():
                out = parallel(joblib.delayed(g)(x) for x in (1.0, -2.0))
                assert out == right[name], (name, out)
    out = joblib.Parallel(2)([joblib.delayed(rows)(np.ones(2))] * 2)
    assert [x.tolist() for x in out] == [[2.0, 2.0]] * 2
    print("done")
"""
)


def run(script: str, tmp_path: Path) -> str:
    """What a script of its own prints: a child process has to find the functions in it."""
    (tmp_path / "script.py").write_text(textwrap.dedent(script), "utf-8")
    root = str(Path(autograd.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(tmp_path / "script.py")],
        env={"PYTHONPATH": root, "PATH": "", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_pools_of_processes(tmp_path: Path) -> None:
    """Every way of starting a process, by multiprocessing and concurrent.futures."""
    assert run(POOLS, tmp_path) == "done"


def test_joblib(tmp_path: Path) -> None:
    """Its processes don't import the script that is running, and get functions by value."""
    pytest.importorskip("joblib")
    assert run(JOBLIB, tmp_path) == "done"
