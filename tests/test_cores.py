"""All cores: how many threads share out the rows of a batch, and that it changes no number."""

import os
import subprocess
import sys

import numpy
import pytest

from autograd import exp, value_and_grad, vmap
from autograd.compiler.native import cores as module
from autograd.compiler.native.cores import PAYS, Sharing, cores


@pytest.fixture(autouse=True)
def nothing_is_said(monkeypatch):
    for name in ("CHAINRULE_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def tangled(x):
    return exp(x) * x if x > 0 else x / 3


def shared(monkeypatch):
    """The numbers of parts into which the rows of each call are cut."""
    from autograd.compiler.native.machine import LANES

    parts, run = [], LANES.run
    monkeypatch.setattr(LANES, "run", lambda work: parts.append(len(work)) or run(work))
    return parts


def test_few_rows_are_computed_by_one_thread_and_many_by_all(monkeypatch):
    """Threads are asked for where each gets work for half a millisecond."""
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "3")
    assert [Sharing(None).among(PAYS * k) for k in (0, 1, 2, 3, 4, 100)] == [1, 1, 2, 3, 3, 3]
    assert Sharing("all").among(1) == 3
    assert Sharing(5).among(1) == 5


def test_the_default_shares_out_long_batches_only(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "4")
    parts = shared(monkeypatch)
    f = vmap(lambda x: x * x + x)
    f(numpy.ones(10_000))
    f(numpy.ones(5_000_000))
    vmap(lambda x: x * x + x, threads="all")(numpy.ones(10_000))
    vmap(lambda x: x * x + x, threads=1)(numpy.ones(5_000_000))
    assert parts == [1, 4, 4, 1]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_the_numbers_are_the_same_by_any_number_of_threads(monkeypatch, reduce):
    """To the bit: of rows, and of sums."""
    x = numpy.random.default_rng(0).normal(size=70_000)
    found = []
    for threads, environment in [(1, 1), (7, 1), ("all", 2), ("all", 5), (None, 3), (None, 64)]:
        monkeypatch.setenv("CHAINRULE_NUM_THREADS", str(environment))
        monkeypatch.setattr(module, "PAYS", 10_000)
        mapped = vmap(value_and_grad(tangled), reduce=reduce, threads=threads)
        found.append([numpy.asarray(part).tobytes() for part in mapped(x)])
    assert all(one == found[0] for one in found)


def test_the_environment_says_how_many_cores_there_are(monkeypatch):
    """OpenMP's variable counts where ours is not set, and its first level."""
    assert 1 <= cores() <= (os.cpu_count() or 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "6,2")
    assert cores() == 6
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    assert cores() == 2
    for wrong in ("0", "many", "-1", "1.5"):
        monkeypatch.setenv("CHAINRULE_NUM_THREADS", wrong)
        with pytest.raises(ValueError, match="CHAINRULE_NUM_THREADS is a whole number from 1, got"):
            vmap(lambda x: x, threads="all")(numpy.ones(5000))


def test_a_container_has_as_many_cores_as_its_quota(tmp_path, monkeypatch):
    found = []
    for i, text in enumerate(["250000 100000", "max 100000", "50000 100000", "gibberish"]):
        file = tmp_path / f"cpu{i}.max"
        file.write_text(text)
        found.append(module._quota(str(file)))
    assert found == [2, None, 0, None]
    monkeypatch.setattr(module, "_quota", lambda: 0)
    assert cores() == 1  # less than one core is one


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_a_process_that_is_bound_to_a_core_has_one():
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "from autograd.compiler.native.cores import cores; print(cores())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_shares_rows_out_among_threads_of_its_own(monkeypatch):
    """By default too, after its parent has."""
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    f, x = vmap(lambda x: x * x + x), numpy.arange(4_000_000.0)
    wanted = f(x)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if (f(x) == wanted).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_what_is_bound_shares_rows_out_too(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    x = numpy.ones(4_000_000)
    bound = vmap(lambda x: x * x + x).bind(x)
    parts = shared(monkeypatch)
    x[-1] = 3.0
    assert bound()[-1] == 12.0
    assert parts == [2]


@pytest.mark.parametrize("threads", [0, -2, True, 1.5, "some", []])
def test_no_other_number_of_threads(threads):
    with pytest.raises(ValueError, match='threads is a whole number from 1, "all", or None'):
        vmap(lambda x: x, threads=threads)
