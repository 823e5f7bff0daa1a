"""Everything callable that is ours runs in other processes, sent there before or after its first
call: by every way of starting a process, and by value where a function has no name."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import autograd

SCRIPT = """
import math, multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
import numpy
import autograd
from autograd import *
from autograd import jit, vmap

def bell(x):
    "A bell, times x."
    return exp(-x * x) * x if x > 0 else x

def total(x, y=2.0):
    return x[0] ** 2 * x[1] * y

def pair(x):
    return x * x, {"twice": 2.0 * x}

def residual(x, a):
    return x * x - a

def babylonian(x, a):
    return (x + a / x) / 2

def root(a):
    return math.sqrt(a)

class Model:
    def __init__(self, w):
        self.w = Value(w)

    def loss(self, x):
        return self.w * x * x

    slope = grad(loss, argnums=1)
    fast = jit(loss, static_argnames="self")

@jit
def decorated(x):
    return 3.0 * x

@vmap(in_axes=(None, 0))
def decorated_rows(w, x):
    return w * x

@jit
@grad
def decorated_twice(x):
    return x ** 3

def the_loop(f, x):
    return f(x)

model = Model(3.0)
points, rows = [3.0, 4.0], numpy.array([[1.0, 2.0], [-3.0, 0.5]])
solved = implicit_root(residual, root)
fixed = implicit_fixed_point(babylonian, root, tol=1e-3)
WORK = {
    "grad": (grad(bell), 1.0),
    "grad of grad": (grad(grad(bell)), 1.0),
    "argnums": (grad(total, argnums=(0, 1)), points, 2.0),
    "aux": (grad(pair, has_aux=True), 2.0),
    "value_and_grad": (value_and_grad(total), points),
    "jacobian": (jacobian(grad(total)), points),
    "jacfwd": (jacfwd(total), points),
    "jacrev": (jacrev(total), points),
    "hessian": (hessian(total), points),
    "hvp": (hvp(total), points, [1.0, 0.0]),
    "pullback": (vjp(total, points)[1], 1.0),
    "jvp": (partial(jvp, total), (points,), ([1.0, 0.0],)),
    "jvp of grad": (jvp, grad(total), (points,), ([1.0, 0.0],)),
    "implicit_root": (grad(solved), 4.0),
    "implicit_fixed_point": (grad(fixed), 4.0),
    "method": (grad(model.loss), 2.0),
    "method of a class": (model.slope, 2.0),
    "compiled method": (model.fast, 2.0),
    "partial inside": (grad(partial(total, y=3.0)), points),
    "partial outside": (partial(grad(total), y=3.0), points),
    "jit": (jit(bell), 1.0),
    "jit of grad": (jit(grad(bell)), -1.0),
    "jit of jit": (jit(jit(bell)), 1.0),
    "jit of hessian": (jit(hessian(total)), points),
    "jit of a root": (jit(grad(solved)), 4.0),
    "jit of a method": (jit(grad(model.loss)), 2.0),
    "jit of partial": (jit(partial(total, y=3.0)), points),
    "grad of jit": (grad(jit(bell)), 1.0),
    "vmap": (vmap(bell), rows[:, 0]),
    "vmap of grad": (vmap(grad(total)), rows),
    "vmap of jit": (vmap(jit(grad(bell))), rows[:, 0]),
    "vmap of a method": (vmap(model.loss), rows[:, 0]),
    "vmap of partial": (vmap(partial(total, y=3.0), reduce="mean"), rows),
    "vmap of a root": (vmap(grad(solved)), numpy.array([4.0, 9.0])),
    "a compiled function inside": (partial(the_loop, vmap(bell)), rows[:, 0]),
    "decorated": (decorated, 2.0),
    "decorated rows": (decorated_rows, 2.0, rows),
    "decorated twice": (decorated_twice, 2.0),
    "check_grad": (check_grad, bell, 1.0),
    "check of a compiled one": (check_grad, jit(bell), 1.0),
}

def said(result):
    return repr(result)

def here(name):
    f, *args = WORK[name]
    return said(f(*args))

def there(f, args):
    return said(f(*args))

def compare(how, run):
    "Whether a pool's results are those of this process."
    for name, (f, *args) in WORK.items():
        found = run(there, f, args)
        assert found == RIGHT[name], (how, name, found, RIGHT[name])
"""

POOLS = (
    SCRIPT
    + """
if __name__ == "__main__":
    import pickle
    blank = {name: pickle.dumps(work) for name, work in WORK.items()}
    assert len(blank) == len(WORK)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        sent = {n: pool.apply_async(there, (f, args)) for n, (f, *args) in WORK.items()}
        first = {name: x.get() for name, x in sent.items()}
    RIGHT = {name: here(name) for name in WORK}
    for name in WORK:
        assert first[name] == RIGHT[name], ("spawn", name, first[name], RIGHT[name])
    with multiprocessing.get_context("fork").Pool(1) as pool:
        compare("fork", lambda f, *args: pool.apply(f, args))
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        compare("forkserver", lambda f, *args: executor.submit(f, *args).result())
    print("done")
"""
)

LOKY = (
    SCRIPT
    + """
import joblib

if __name__ == "__main__":
    scale = Value(2.0)
    class Local(Model):
        def loss(self, x):
            return super().loss(x) + scale

    def closed(x):
        return scale * x * x

    WORK.update({
        "lambda": (grad(lambda x: x ** 3), 2.0),
        "nested lambda": (jit(grad(grad(lambda x: x ** 3))), 2.0),
        "rows of a lambda": (vmap(grad(lambda w, x: w * x), (None, 0), "sum"), 2.0, rows[0]),
        "closure": (jit(grad(closed)), 3.0),
        "rows of a closure": (vmap(closed), rows[0]),
        "local class": (jit(Local(2.0).loss), 3.0),
        "root of a lambda": (grad(implicit_root(lambda x, a: x * x - a, lambda a: a ** 0.5)), 4.0),
    })
    calls = list(WORK.items())
    with joblib.Parallel(2, backend="loky") as parallel:
        first = parallel(joblib.delayed(there)(f, args) for _, (f, *args) in calls)
        RIGHT = {name: here(name) for name in WORK}
        again = parallel(joblib.delayed(there)(f, args) for _, (f, *args) in calls)
    for (name, _), x, y in zip(calls, first, again):
        assert x == y == RIGHT[name], (name, x, y, RIGHT[name])
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
def test_pools_of_processes(tmp_path):
    """Sent before the first call to a process that starts anew; then with what is recorded."""
    assert run(POOLS, tmp_path) == "done"


def test_joblib_takes_what_has_no_name(tmp_path):
    pytest.importorskip("joblib")
    assert run(LOKY, tmp_path) == "done"
