"""vmap of Dask arrays: the rows of a NumPy array, wherever its chunks are."""

import doctest
import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy
import pytest

import nn
from autograd import Value, exp, grad, implicit_root, jit, log, value_and_grad, vmap
from autograd.compiler import RecordingError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cluster.md"
ROWS = numpy.random.default_rng(0).normal(size=(1000, 3))
CHUNKED = da.from_array(ROWS, chunks=((300, 1, 0, 450, 249), (3,)))


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes on this machine; computing goes to them while it is open."""
    distributed = pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def in_this_process(x):
    return dask.compute(x, scheduler="synchronous")[0]


def kinked(row):
    return row[0] * row[1] + exp(row[2]) if row[0] > 0 else -row[1]


def quotient(w, x, y):
    return (w["a"] * x + w["b"][0] - y) ** 2 / (1.0 + x * x)


@dataclass
class Pair:
    first: object
    second: object


def same(found, expected):
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in found)
    if isinstance(expected, (tuple, list)):
        return all(same(a, b) for a, b in zip(found, expected, strict=True))
    return numpy.array_equal(found, expected)


# -- one process -----------------------------------------------------------------------------------


def test_rows_come_lazily_and_as_of_numpy():
    """Shape, chunks and type are known before anything is computed; rows on both paths, and an
    empty chunk, give what they give in one array."""
    asked = []
    blocks = CHUNKED.map_blocks(lambda block: asked.append(len(block)) or block, meta=ROWS[:0])
    found = vmap(kinked)(blocks)
    assert asked == []
    assert (found.shape, found.chunks, found.dtype) == ((1000,), (CHUNKED.chunks[0],), float)
    assert numpy.array_equal(in_this_process(found), vmap(kinked)(ROWS))
    assert numpy.array_equal(in_this_process(found[350:352] + 1), vmap(kinked)(ROWS)[350:352] + 1)


def test_other_axes_nestings_and_shared_arguments():
    mapped = vmap(
        lambda w, data, k: {"sum": w["a"] * data.first[0] + data.second * k, "row": data.first},
        in_axes=(None, Pair(1, 0), None),
        out_axes={"sum": 0, "row": -1},
    )
    weights, factor = {"a": numpy.array([2.0, 3.0])}, 0.5
    columns, labels = numpy.ascontiguousarray(ROWS.T), numpy.arange(1000)
    found = mapped(
        weights,
        Pair(da.from_array(columns, chunks=(3, 400)), da.from_array(labels, chunks=300)),
        da.from_array(numpy.array(factor), chunks=()),
    )
    assert found["row"].chunks == ((3,), (300, 100, 200, 200, 100, 100))
    assert same(in_this_process(found), mapped(weights, Pair(columns, labels), factor))


def test_numpy_arrays_are_cut_like_those_of_dask():
    mapped = vmap(lambda x, y: x[0] * y)
    found = mapped(CHUNKED, ROWS[:, 1])
    assert found.chunks == (CHUNKED.chunks[0],)
    assert numpy.array_equal(in_this_process(found), ROWS[:, 0] * ROWS[:, 1])
    assert numpy.array_equal(in_this_process(vmap(lambda x, y: x * y)(y=ROWS, x=CHUNKED)), ROWS**2)


def test_chunks_may_lie_in_memory_as_they_come():
    """Read-only, in the order of Fortran, every other number: one compiled form does for all."""

    def odd(block, block_info=None):
        number = block_info[0]["chunk-location"][0]
        block = numpy.asfortranarray(block) if number % 2 else numpy.repeat(block, 2, 0)[::2]
        block.flags.writeable = number % 3 != 0
        return block

    x = CHUNKED.map_blocks(odd, meta=ROWS[:0])
    found = vmap(kinked, max_nestings=1)(x)
    assert numpy.array_equal(in_this_process(found), vmap(kinked)(ROWS))


@pytest.mark.parametrize("dtype", ["f4", "i2", "?", "u8"])
def test_numbers_of_other_types(dtype):
    numbers = (ROWS * 3).astype(dtype)
    found = vmap(lambda row: row[0] + 2.0 * row[1])(da.from_array(numbers, chunks=(400, 3)))
    doubles = numbers.astype(float)
    assert numpy.array_equal(in_this_process(found), doubles[:, 0] + 2.0 * doubles[:, 1])


def test_sums_and_means():
    """To rounding those of NumPy."""
    weights = {"a": 0.5, "b": [numpy.array(0.25)]}
    x, y = CHUNKED[:, 0], CHUNKED[:, 1]
    for reduce, of in (("sum", 1), ("mean", 1000)):
        mapped = vmap(value_and_grad(quotient), (None, 0, 0), reduce)
        value, slopes = in_this_process(mapped(weights, x, y))
        residual = 0.5 * ROWS[:, 0] + 0.25 - ROWS[:, 1]
        share = residual / (1.0 + ROWS[:, 0] ** 2)
        assert value == pytest.approx((residual * share).sum() / of, rel=1e-13)
        assert slopes["a"] == pytest.approx((2 * share * ROWS[:, 0]).sum() / of, rel=1e-12)
        assert slopes["b"][0] == pytest.approx((2 * share).sum() / of, rel=1e-12)


def test_results_that_are_the_same_for_all_rows():
    mapped = vmap(lambda w, x: (w * w, w * x), in_axes=(None, 0), out_axes=(None, 0))
    square, products = mapped(numpy.array([1.0, 2.0]), CHUNKED[:, 0])
    assert (square.shape, products.shape) == ((2,), (1000, 2))
    assert in_this_process(square).tolist() == [1.0, 4.0]
    other = vmap(lambda x: x, out_axes=None)(CHUNKED[:, 0])
    with pytest.raises(ValueError, match="out_axes is None for a result that is not the same"):
        in_this_process(other)


def test_texts_in_results_stay_as_they_are():
    name, doubled = vmap(lambda row: ("twice", 2.0 * row[0]))(CHUNKED)
    assert name == "twice"
    assert numpy.array_equal(in_this_process(doubled), 2.0 * ROWS[:, 0])
    assert vmap(lambda row: ("twice", row), out_axes=(0, 1))(ROWS)[1].shape == (3, 1000)


def test_captured_values_are_read_when_it_is_called():
    scale = Value(2.0)
    mapped = vmap(lambda x: scale * x if x > 0 else x)
    before = mapped(CHUNKED[:, 0])
    scale.data = 3.0
    after = mapped(CHUNKED[:, 0])
    x = ROWS[:, 0]
    assert numpy.array_equal(in_this_process(after), numpy.where(x > 0, 3.0 * x, x))
    assert numpy.array_equal(in_this_process(before), numpy.where(x > 0, 2.0 * x, x))


def test_a_function_that_has_no_result_at_one():
    """The row of ones, with which it is recorded, is outside its domain: the first row is taken."""

    def f(row):
        if row[0] == 1.0:
            raise ArithmeticError("the pole")
        return 1.0 / (row[0] - 1.0)

    assert numpy.array_equal(in_this_process(vmap(f)(CHUNKED)), 1.0 / (ROWS[:, 0] - 1.0))
    with pytest.raises(ArithmeticError, match="the pole"):
        vmap(f)(da.ones((0, 3), chunks=(1, 3)))


def test_no_rows():
    nothing = da.from_array(numpy.empty((0, 3)), chunks=(1, 3))
    assert in_this_process(vmap(kinked)(nothing)).shape == (0,)
    assert in_this_process(vmap(kinked, reduce="sum")(nothing)) == 0.0
    with pytest.raises(ValueError, match="there is no mean over no rows"):
        vmap(kinked, reduce="mean")(nothing)


def test_calls_are_checked_where_that_is_asked_for():
    found = vmap(kinked, check=True)(CHUNKED)
    assert numpy.array_equal(in_this_process(found), vmap(kinked)(ROWS))
    total = vmap(kinked, reduce="sum", check=0.1)(CHUNKED)
    assert in_this_process(total) == pytest.approx(vmap(kinked)(ROWS).sum(), rel=1e-12)


def test_the_tree_of_sums_depends_on_the_chunks_alone():
    """Against the sums of chunks, added eight at a time by hand."""
    x = da.from_array(ROWS[:, 0], chunks=20)  # 50 chunks: 7 tasks, then 1
    parts = [vmap(exp, reduce="sum")(ROWS[a:b, 0]) for a, b in pairwise(range(0, 1001, 20))]
    sums = []
    for i in range(0, 50, 8):
        total = parts[i]
        for part in parts[i + 1 : i + 8]:
            total += part
        sums.append(total)
    expected = sums[0]
    for part in sums[1:]:
        expected += part
    assert in_this_process(vmap(exp, reduce="sum")(x)) == expected


def test_the_page_says_what_is():
    """The examples of docs/cluster.md."""
    with dask.config.set(scheduler="synchronous"):
        found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 5
    assert found.failed == 0


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: vmap(kinked)(CHUNKED.rechunk((500, 2))),
            ValueError,
            r"row is cut into 2 chunks along axis 1.*call row.rechunk\(\{1: -1\}\)",
        ),
        (
            lambda: vmap(kinked)(CHUNKED[CHUNKED[:, 0] > 0]),
            ValueError,
            r"sizes are not known; call its compute_chunk_sizes\(\)",
        ),
        (
            lambda: vmap(lambda x, y: x)(CHUNKED, CHUNKED[:7]),
            ValueError,
            "the same number of rows, but x has 1000 and y has 7",
        ),
        (lambda: jit(kinked)(CHUNKED), TypeError, "it is vmap that goes to arrays of Dask and"),
        (lambda: vmap(kinked).bind(CHUNKED), TypeError, "call it, or bind it to NumPy arrays"),
        (lambda: vmap(kinked, in_axes=5)(CHUNKED), ValueError, "maps row along axis 5"),
        (lambda: vmap(kinked, out_axes=3)(CHUNKED), ValueError, "out_axes puts rows along axis 3"),
        (
            lambda: vmap(lambda x: x)(da.zeros(3, chunks=1, dtype=complex)),
            TypeError,
            "of numbers, got complex128",
        ),
        (
            lambda: vmap(lambda x: x)(dask.delayed(3.0)),
            TypeError,
            "vmap maps over Dask arrays, and got",
        ),
        (
            lambda: vmap(lambda w, x: w * x, in_axes=(None, 0))(Value(2.0), CHUNKED),
            TypeError,
            r"together with Values.*differentiate inside: vmap\(grad\(f\)\)",
        ),
        (
            lambda: grad(lambda w: vmap(lambda x: w * x[0], reduce="sum")(CHUNKED))(2.0),
            RecordingError,
            "captures a Value that a transform around this call differentiates",
        ),
        (
            lambda: jit(lambda w: vmap(kinked, reduce="sum")(CHUNKED) * w)(2.0),
            TypeError,
            "or in a recording",
        ),
    ],
)
def test_what_is_wrong_is_said_at_once(call, error, words):
    with pytest.raises(error, match=words):
        call()


# -- worker processes ------------------------------------------------------------------------------


def test_workers_get_everything_that_is_ours(cluster):
    """Lambdas, methods, partial functions, transforms of transforms, compiled functions: by value,
    and without having been called before."""

    class Line:
        def __init__(self, slope):
            self.slope = Value(slope)

        def at(self, x):
            return self.slope * x

    x = CHUNKED[:, 0]
    root = implicit_root(lambda y, a: y * y * y - a, lambda a: numpy.cbrt(float(a)))
    functions = [
        lambda x: x * x if x > 0 else log(1.0 - x),
        grad(grad(lambda x: x**3)),
        partial(lambda k, x: k * x, 3.0),
        Line(2.0).at,
        jit(grad(exp)),
        grad(root),
    ]
    for f in functions:
        found = vmap(f)(x).compute()
        assert numpy.array_equal(found, vmap(f)(ROWS[:, 0])), f


def test_each_process_compiles_once(cluster):
    """However many chunks and calls there are."""

    def recordings(dask_worker=None):
        from autograd.compiler.cluster import shipping

        kept = [one.function for one in shipping._KEPT.values()]
        return [f._mapped.stats() for f in kept if f._mapped._name.endswith("<lambda>")]

    mapped = vmap(lambda w, x: w * x if x > 0.5 else x, in_axes=(None, 0))
    x = da.from_array(ROWS[:, 0], chunks=20)
    for w in (2.0, 3.0):
        assert numpy.array_equal(
            mapped(w, x).compute(), numpy.where(ROWS[:, 0] > 0.5, w * ROWS[:, 0], ROWS[:, 0])
        )
    assert mapped.row.recordings == 1
    for stats in cluster.run(recordings).values():
        assert [one.paths for one in stats][-1] <= 1  # beside the path that came along


def test_training_goes_to_the_workers(cluster):
    """With the numbers of one process."""
    y = (ROWS[:, 0] > ROWS[:, 1]).astype(int)
    settings = {"engine": "jit", "epochs": 2, "batch_size": None, "progress": False}
    found = nn.fit(nn.MLP(3, [2, 1], seed=0), CHUNKED, da.from_array(y, chunks=500), **settings)
    expected = nn.fit(nn.MLP(3, [2, 1], seed=0), ROWS, y, **settings)
    assert [r.loss for r in found] == pytest.approx([r.loss for r in expected], rel=1e-12)
    assert [r.accuracy for r in found] == [r.accuracy for r in expected]


def test_functions_are_submitted_as_they_are(cluster):
    """Before their first call, and after it."""
    for f in (grad(lambda x: x**3), jit(grad(lambda x: x**3)), jit(jit(grad(grad(exp))))):
        sent = cluster.submit(f, 2.0)
        assert sent.result() == f(2.0) == cluster.submit(f, 2.0, pure=False).result()


def test_errors_of_a_worker_come_back(cluster):
    """With the row's number in its chunk, and where the chunk is."""

    def f(x):
        if x > 5.0:
            raise OverflowError("too large")
        return x

    numbers = ROWS[:, 0].copy()
    numbers[450] = 6.0
    with pytest.raises(OverflowError, match="too large") as caught:
        vmap(f)(da.from_array(numbers, chunks=400)).compute()
    assert caught.value.__notes__[-2:] == [
        "vmap of test_errors_of_a_worker_come_back.<locals>.f met this in row 50 of the batch",
        "in the chunk that begins with row 400",
    ]

    def leaks(x):
        return x * x.data if isinstance(x, Value) and x > 5.0 else x

    with pytest.raises(RecordingError, match=r"\.data"):
        vmap(leaks)(da.from_array(numbers, chunks=400)).compute()


@pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its open sockets
def test_a_training_outlives_a_worker(cluster):
    """To the bit, data that it had in its memory included."""
    y = da.from_array((ROWS[:, 0] > ROWS[:, 1]).astype(int), chunks=100)
    x = da.from_array(ROWS, chunks=(100, 3))
    killed = []

    def kill(history):
        if len(history) == 2 and not killed:
            workers = cluster.run(os.getpid)
            killed.append(next(iter(workers.values())))
            os.kill(killed[0], signal.SIGKILL)

    losses = []
    for callback in (None, kill):
        model = nn.MLP(3, [2, 1], seed=0)
        settings = {"epochs": 4, "batch_size": None, "progress": False, "callback": callback}
        history = nn.fit(model, x.persist(), y.persist(), **settings)
        losses.append([r.loss for r in history])
    assert killed
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 4


@pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its open sockets
def test_the_same_bits_whatever_the_workers(cluster):
    """One process, two, and two of which one dies in the middle."""
    x = da.random.default_rng(0).normal(size=(60_000, 3), chunks=(1_500, 3))

    def row(w, r):  # in here, for workers can't import this file
        return (r[0] * r[1] + exp(r[2]) if r[0] > 0 else -r[1]) * w**2

    mapped = vmap(value_and_grad(row), (None, 0), "mean")
    alone = in_this_process(mapped(0.3, x))
    assert same(dask.compute(mapped(0.3, x))[0], alone)

    workers = sorted(cluster.scheduler_info(n_workers=-1)["workers"].items())
    victim = cluster.run(os.getpid, workers=[workers[0][0]])

    def slowly(block, block_info=None):
        time.sleep(0.02)
        return block

    future = cluster.compute(mapped(0.3, x.map_blocks(slowly, meta=ROWS[:0])))
    while not any("vmap" in str(key) for keys in cluster.has_what().values() for key in keys):
        time.sleep(0.02)  # until one of them has results of ours, which are gone with it
    os.kill(victim[workers[0][0]], signal.SIGKILL)
    found = cluster.gather(future)
    assert same(found, alone)
