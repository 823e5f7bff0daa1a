"""Compiled functions and derivatives sent to the workers of Ray, before their first call and after
it: by name, and by value where they have none."""

import subprocess
import sys
from pathlib import Path

import pytest

import autograd

pytest.importorskip("ray")

pytestmark = pytest.mark.one_form

SCRIPT = """
import numpy, ray
from autograd import Value, exp, grad, hessian, implicit_root, jit, vmap

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=80_000_000)
scale, rows = Value(2.0), numpy.array([[1.0, 2.0], [-3.0, 0.5]])

class Local:  # of the script, as of a notebook
    def __init__(self):
        self.w = Value(3.0)

    def loss(self, x):
        return self.w * x * x + scale

@ray.remote
def there(f, *args):
    return repr(f(*args))

@ray.remote
class Actor:
    def __init__(self, f):
        self.f = f

    def run(self, *args):
        return repr(self.f(*args))

root = implicit_root(lambda x, a: x * x - a, lambda a: a ** 0.5)
WORK = [
    (grad(lambda x: x ** 3), 2.0),
    (jit(lambda x: x * x if x > 0 else x), -2.0),
    (jit(grad(grad(lambda x: exp(-x * x)))), 1.0),
    (jit(hessian(lambda x: x[0] ** 2 * x[1])), [1.0, 2.0]),
    (jit(Local().loss), 3.0),
    (vmap(grad(lambda w, x: w * x), (None, 0), "sum"), 2.0, rows[0]),
    (vmap(lambda row: row[0] * row[1] if row[0] > 0 else scale), rows),
    (vmap(Local().loss), rows[0]),
    (vmap(grad(root)), rows[:, 1]),
]
first = ray.get([there.remote(*work) for work in WORK])
right = [repr(f(*args)) for f, *args in WORK]
again = ray.get([there.remote(*work) for work in WORK])
kept = ray.get([Actor.remote(f).run.remote(*args) for f, *args in WORK[-3:]])
assert first == right == again, (first, right, again)
assert kept == right[-3:], (kept, right)

big = numpy.arange(200_000.0)  # comes to a worker in shared memory that can't be written to
found = ray.get(there.remote(vmap(lambda x: x * 2.0 if x > 10 else x, reduce="sum"), ray.put(big)))
assert float(found) == big.sum() * 2.0 - numpy.arange(11.0).sum(), found
ray.shutdown()
print("done")
"""


def test_rays_workers_take_everything_that_is_ours(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    root = str(Path(autograd.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        env={
            "PYTHONPATH": ":".join([root, *sys.path]),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": "/tmp",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout.strip() == "done", done.stderr[-3000:]
