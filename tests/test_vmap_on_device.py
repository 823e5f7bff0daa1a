"""`vmap` of arrays on a CUDA device: the rows' numbers, on their paths, in arrays of the same
library. The device is the CPU (`cuda_on_cpu`); tests/gpu has the tests that need a real one."""

import ctypes
import math
import pickle
import subprocess
import sys

import numpy
import pytest
from cuda_on_cpu import COMPILER, DriverOnCpu, HostArray, device_on_cpu
from on_device import added_up, black_scholes, branches, greeks, implied, network, options

import autograd
from autograd import Value, detect_anomaly, grad, jit, value_and_grad, vmap
from autograd.compiler.cuda import dlpack, image_store, nvrtc
from autograd.compiler.cuda.device import _image
from autograd.compiler.cuda.device_arrays import DeviceArray, view_of
from autograd.compiler.cuda.device_libraries import Library, _Jax
from autograd.compiler.cuda.driver import CudaError, Driver, the_driver

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture
def device(kernels, monkeypatch):
    """The device of every array."""
    found = device_on_cpu(kernels)
    monkeypatch.setattr("autograd.compiler.device_calls.device_of", lambda pointer: found)
    monkeypatch.setattr(autograd.compiler.device_signatures, "MOST_ROWS", 4096)
    return found


OWN = autograd.primitive("own_on_device", math.tan, lambda out, x: 1.0 + out * out)


class Unaligned(HostArray):
    """Three numbers that begin where a device can't read one."""

    def __init__(self):
        super().__init__(numpy.frombuffer(bytearray(40), float, 3, 4))


def numpys(x):
    """Results as NumPy arrays."""
    if isinstance(x, DeviceArray):
        return x.numpy()
    return type(x)([numpys(part) for part in x])


def launches(device):
    return [event for event in device.driver.events if event.startswith("launch")]


def test_rows_stay_on_the_device_and_have_the_numbers_of_eager(device):
    """Without guards nothing is read back."""
    columns = options(5000)
    f = vmap(greeks)
    on = [HostArray(x) for x in columns]
    f(*on)
    device.driver.events.clear()
    value, slopes = numpys(f(*on))
    assert launches(device) == ["launch fill"] * 2
    wanted = [greeks(*row) for row in zip(*[x[:50].tolist() for x in columns], strict=True)]
    assert value[:50].tolist() == [one[0] for one in wanted]
    assert [[x[i] for x in slopes] for i in range(50)] == [list(one[1]) for one in wanted]
    assert value.shape == (5000,)


def test_rows_take_their_own_paths(device):
    """The numbers of eager, in one call and in later ones; each path is recorded once."""
    x = numpy.random.default_rng(0).normal(size=6000) * 2
    f = vmap(branches)
    for _ in range(2):
        assert f(HostArray(x)).numpy().tolist() == [branches(float(a)) for a in x]
    assert f.row.recordings == f.stats().paths == 5
    device.driver.events.clear()
    f(HostArray(numpy.full(3000, 2.0)))
    f(HostArray(numpy.full(3000, 2.0)))
    assert len(launches(device)) < 6  # the path that most rows take is tried first


def test_newton_takes_as_many_steps_as_a_row_needs(device):
    s, k, t, v, r = options(300)
    prices = numpy.array([black_scholes(*row) for row in zip(s, k, t, v, r, strict=True)])
    found = vmap(implied)(*[HostArray(x) for x in (prices, s, k, t, r)]).numpy()
    rows = zip(prices, s, k, t, r, strict=True)
    assert found.tolist() == [implied(*map(float, row)) for row in rows]


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("f", [value_and_grad(branches), value_and_grad(lambda x: x * x)])
def test_sums_have_the_bits_that_are_documented(device, f, reduce):
    """On one path or several, in parts or at once."""
    x = numpy.random.default_rng(0).normal(size=9000)
    rows = numpy.array([f(float(a)) for a in x])
    mapped = vmap(f, reduce=reduce)
    wanted = added_up(rows) / (9000 if reduce == "mean" else 1)
    for _ in range(2):
        found = mapped(HostArray(x))
        assert [part.shape for part in found] == [(), ()]
        assert numpys(found) == tuple(wanted)


def test_a_training_step_stays_on_the_device(device):
    """Parameters in one array for all rows; the mean loss and its gradient."""
    loss, count = network((2, 8, 1))
    draw = numpy.random.default_rng(1)
    p, rows = draw.normal(size=count), draw.normal(size=(3000, 3))
    step = vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")
    value, slopes = numpys(step(HostArray(p), HostArray(rows)))
    expected = step(p, rows)
    assert value == pytest.approx(expected[0], rel=1e-13)
    assert slopes == pytest.approx(expected[1], rel=1e-10, abs=1e-15)


def test_layouts_are_read_where_they_are(device):
    """Rows along any axis, strided, backwards, of many dimensions; only the last is copied."""
    x = numpy.random.default_rng(2).normal(size=(50, 3, 4))

    def f(row):
        return row[0][0] * row[2][3] - row[1][2]

    wanted = [f(row) for row in x]
    f0, f2 = vmap(f), vmap(f, in_axes=2)
    flat = vmap(lambda row: row[0] * row[1] - row[2])
    for array in (x, x[::-1].copy()[::-1], numpy.repeat(x, 2, 0)[::2]):
        assert f0(HostArray(array)).numpy().tolist() == wanted
    assert f2(HostArray(x.transpose(1, 2, 0))).numpy().tolist() == wanted
    three = x[:, :, 0]
    device.driver.events.clear()
    for array in (three, three.copy(), numpy.asfortranarray(three)):
        assert (flat(HostArray(array)).numpy() == three[:, 0] * three[:, 1] - three[:, 2]).all()
    assert launches(device).count("launch copy_numbers") == 1  # of the row that is recorded


def test_numbers_lists_and_keywords_stand_beside_arrays(device):
    f = vmap(lambda w, x, scale: (w[0] * x["a"] + w[1]) * scale, in_axes=(None, 0))
    x = numpy.arange(5.0)
    out = f([2.0, 1.0], {"a": HostArray(x)}, scale=HostArray(x))
    assert out.numpy().tolist() == [(2 * a + 1) * a for a in x]


def test_captured_values_are_read_at_every_call(device):
    w = Value(2.0)
    f = vmap(lambda x: w * x)
    assert f(HostArray(numpy.ones(3))).numpy().tolist() == [2, 2, 2]
    w.data = 5.0
    assert f(HostArray(numpy.ones(3))).numpy().tolist() == [5, 5, 5]


def test_derivatives_of_derivatives(device):
    f = vmap(grad(grad(lambda x: autograd.exp(x) * x)))
    x = numpy.linspace(-1, 1, 9)
    assert f(HostArray(x)).numpy() == pytest.approx(numpy.exp(x) * (x + 2), rel=1e-14)


def test_no_rows(device):
    """Results of the right shapes; sums of 0; no mean."""
    x = HostArray(numpy.ones((0, 3)))
    f = lambda row: [row[0], row * 2]  # noqa: E731
    x.x = numpy.ones((4, 3))[:0]
    one, three = numpys(vmap(f)(x))
    assert (one.shape, three.shape) == ((0,), (0, 3))
    assert numpys(vmap(f, reduce="sum")(x))[1].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="there is no mean over no rows"):
        vmap(f, reduce="mean")(x)


def test_no_more_paths_than_are_kept(device):
    """Other rows have the numbers of their recording."""
    f = vmap(branches, max_paths=2)
    x = numpy.array([2.0, 0.5, -3.0, 0.0, 0.8, 4.0])
    with pytest.warns(RuntimeWarning, match="has taken 2 different paths"):
        out = f(HostArray(x)).numpy()
    assert out.tolist() == [branches(float(a)) for a in x]


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_shorter_floats_are_converted_and_that_is_said_once(device, kind):
    x = numpy.random.default_rng(3).normal(size=100).astype(kind)
    f = vmap(lambda x: x * x)
    with pytest.warns(RuntimeWarning, match=f"x holds {kind}: it is converted at every call"):
        out = f(HostArray(x)).numpy()
    assert (out == x.astype(float) ** 2).all()
    assert (f(HostArray(x)).numpy() == out).all()
    assert vmap(lambda n: n * 2)(HostArray(numpy.arange(4))).numpy().tolist() == [0, 2, 4, 6]


def test_rows_are_split_where_memory_is_short(device, monkeypatch):
    """The same numbers, to the bit; with none at all, an error says what to free."""
    monkeypatch.setattr(autograd.compiler.device_signatures, "MOST_ROWS", 1 << 26)
    x = numpy.random.default_rng(4).normal(size=20_000)
    for reduce in (None, "sum"):
        f = vmap(apart(), reduce=reduce)
        wanted = f(HostArray(x)).numpy()
        device.driver.room = device.driver.in_use + 8 * 20_000 + 60_000
        device.driver.events.clear()
        assert (f(HostArray(x)).numpy() == wanted).all()
        assert len(launches(device)) > 4
        kept = 8 * 20_000 if reduce is None else 8 * 625  # results, or the sums of 625 chunks
        device.driver.room = device.driver.in_use + kept + 1000
        with pytest.raises(MemoryError, match=r"no memory left, not even for \d+ rows at a ti"):
            f(HostArray(x))
        device.driver.room = 1 << 40
    del wanted, f
    assert device.driver.in_use < 9 * 20_000


def apart():
    """A function whose paths can't share a kernel: each captures a Value of its own."""
    a, b = Value(2.0), Value(3.0)
    return lambda x: a * x if x > 0 else b - x


def test_paths_that_can_share_a_kernel_do(device):
    """One launch for all paths that are known, rows or sums; others have kernels of their own."""
    x = numpy.random.default_rng(8).normal(size=3000) * 2
    for f, launched in ((lambda x: x * x if abs(x) > 1 else x - 1, 1), (apart(), 2)):
        for reduce in (None, "sum"):
            mapped = vmap(f, reduce=reduce)
            mapped(HostArray(x))
            device.driver.events.clear()
            found = mapped(HostArray(x)).numpy()
            rows = [getattr(y, "data", y) for y in map(f, x.tolist())]
            wanted = rows if reduce is None else added_up(numpy.array([rows]).T)[0]
            assert found.tolist() == (wanted if reduce is None else float(wanted))
            names = [event.split()[1] for event in launches(device)]
            assert names.count("add" if reduce and launched == 1 else "fill") == launched
            assert names.count("copy_numbers") == 0
        paths = [kernel.paths for kernel in mapped.stats().kernels]
        assert (max(map(len, paths)) == mapped.stats().paths) == (launched == 1)


def many_ways(x):
    """32 paths, which part at five decisions, half of them on whole numbers."""
    total = 0.0
    for k in range(1, 4):
        n = int(x * k) % 3
        total = total + (n * x if n != 1 else autograd.exp(x) / k)
    if total > 2 and x < 1.5:
        total = total * total
    return total if total != 0 else x - 1


def test_paths_of_every_kind_part(device):
    """Truth values and whole numbers, within each other, with derivatives; rows of paths that were
    not met before among them."""
    draw = numpy.random.default_rng(9)
    f = vmap(value_and_grad(many_ways))
    for spread in (0.5, 2.0):
        x = draw.normal(size=400) * spread
        value, slope = numpys(f(HostArray(x)))
        wanted = [value_and_grad(many_ways)(float(a)) for a in x]
        assert value.tolist() == [one[0] for one in wanted]
        assert slope.tolist() == [one[1] for one in wanted]
    assert f.stats().paths > 15


def test_paths_that_come_one_by_one_are_joined_in_time(device):
    """Few kernels are made for many paths, and few are launched: a path is compiled again only with
    about as many others."""
    f = vmap(lambda x: sum(x for _ in range(int(x))) + 1.0)
    for n in range(1, 8):
        assert f(HostArray(numpy.full(10, float(n)))).numpy().tolist() == [n * n + 1.0] * 10
    sizes = [len(kernel.paths) for kernel in f.stats().kernels]
    assert sum(sizes) < 7 * 4
    device.driver.events.clear()
    assert f(HostArray(numpy.array([1.0, 7.0]))).numpy().tolist() == [2.0, 50.0]
    assert launches(device).count("launch fill") < 5


def test_long_paths_are_apart(device, monkeypatch):
    """Kernels of several paths have no more operations than the compiler takes in reasonable
    time."""
    monkeypatch.setattr(autograd.compiler.device_signatures, "STRAIGHT", 8)
    x = numpy.random.default_rng(10).normal(size=500) * 2
    f = vmap(branches)
    for _ in range(2):
        assert f(HostArray(x)).numpy().tolist() == [branches(float(a)) for a in x]
    assert len({kernel.paths for kernel in f.stats().kernels}) > 1


def test_the_first_row_that_raises_is_told_of(device):
    """Not another one that was looked at to find paths."""

    def f(x):
        if x > 100:
            raise ZeroDivisionError("a row of its own")
        return x * x if x > 0 else -x

    x = numpy.linspace(-1, 1, 1000)
    x[[700, 900]] = 200.0
    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as caught:
            vmap(f)(HostArray(x))
        assert "in row 700 of the batch" in caught.value.__notes__[-1]


def test_an_array_that_is_being_computed_is_waited_for(device):
    """On the stream that it names, unless that is ours."""
    f = vmap(lambda x: x + 1)
    f(HostArray(numpy.ones(3)))
    device.driver.events.clear()
    f(HostArray(numpy.ones(3), stream=7))
    assert device.driver.events[0] == "synchronise 7"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f, x: f(x, numpy.ones(3)), TypeError, "in the memory of the CPU; put all arrays"),
        (lambda f, x: f(x, Value(1.0)), TypeError, "maps y along axis 0"),
        (
            lambda f, x: vmap(f.f, (0, None))(x, Value(1.0)),
            TypeError,
            "which arrays on a device",
        ),
        (lambda f, x: f.bind(x, numpy.ones(3)), TypeError, "in the memory of the CPU; put all"),
        (lambda f, x: jit(f.f)(x, x), TypeError, "HostArray.*it is vmap that goes to arrays of"),
        (lambda f, x: f(x, HostArray(numpy.ones(3, complex))), TypeError, "the type '<c16'"),
        (lambda f, x: f(x, HostArray(numpy.ones(3, ">f8"))), TypeError, "in the other order"),
        (lambda f, x: f(x, HostArray(numpy.ones(4))), ValueError, "the same number of rows"),
        (lambda f, x: vmap(OWN)(x), ValueError, "can't call Python back for own_on_device"),
        (lambda f, x: f(x, Unaligned()), TypeError, "y begins at an address that is no multiple"),
        (
            lambda f, x: vmap(lambda x: [x, x], out_axes=1)(x),
            ValueError,
            "with them the result",
        ),
        (lambda f, x: vmap(lambda x: [x] * 2, max_nestings=1)([x], [x]), TypeError, "argument"),
    ],
)
def test_errors_say_what_to_do(device, call, error, message):
    f = vmap(lambda x, y: x * y)
    with pytest.raises(error, match=message):
        call(f, HostArray(numpy.ones(3)))


def test_two_devices_are_an_error(device, monkeypatch, kernels):
    here, there = HostArray(numpy.ones(3)), HostArray(numpy.ones(3))
    other = device_on_cpu(kernels)
    other.number = 1
    monkeypatch.setattr(
        "autograd.compiler.device_calls.device_of",
        lambda pointer: other if pointer == there.x.ctypes.data else device,
    )
    with pytest.raises(ValueError, match="x on device 0 and y on device 1; put all arrays on one"):
        vmap(lambda x, y: x * y)(here, there)


def test_an_error_of_the_function_names_the_row(device):
    def f(x):
        if x < 0:
            raise ArithmeticError("negative")
        return x

    x = numpy.ones(5000)
    x[4321] = -1.0
    with pytest.raises(ArithmeticError) as raised:
        vmap(f)(HostArray(x))
    assert "met this in row 4321 of the batch" in raised.value.__notes__[-1]


def test_what_is_bound_reads_its_arrays_anew(device):
    """And writes its results where they were, on whatever path the rows are now."""
    x, w = HostArray(numpy.array([2.0, 0.5, -3.0])), HostArray(numpy.array([1.0, 2.0]))

    def f(w, x):
        return [branches(x) * w[0], w * x]

    run = vmap(f, in_axes=(None, 0)).bind(w, x)
    first, second = run.result
    for numbers in ([2.0, 0.5, -3.0], [0.1, 7.0, 0.95]):
        x.x[:], w.x[:] = numbers, numbers[:2]
        assert run() is run.result
        assert run.result[0] is first
        assert first.numpy().tolist() == [branches(a) * numbers[0] for a in numbers]
        assert (second.numpy() == numpy.outer(numbers, numbers[:2])).all()
    total = vmap(lambda x: x * x, reduce="mean").bind(x)
    x.x[:] = 3.0
    assert total().numpy() == 9.0


def test_what_never_changes_is_not_bound(device, monkeypatch):
    monkeypatch.setattr("autograd.compiler.device_calls.library_of", lambda x: _Jax())
    with pytest.raises(TypeError, match=r"arrays of cuda_on_cpu never change; call vmap of"):
        vmap(lambda x: x).bind(HostArray(numpy.ones(3)))


@pytest.mark.parametrize("share", [True, 0.1])
@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_calls_are_checked_against_the_function(device, share, reduce):
    """Rows are copied to the CPU for that."""
    x = numpy.random.default_rng(0).normal(size=300)
    f = vmap(value_and_grad(branches), reduce=reduce, check=share)
    wanted = vmap(value_and_grad(branches), reduce=reduce)(HostArray(x))
    assert numpys(f(HostArray(x)))[1].tolist() == wanted[1].numpy().tolist()
    assert f.stats().checked == (300 if share is True else 31)
    bound = f.bind(HostArray(x))
    assert numpys(bound())[1].tolist() == wanted[1].numpy().tolist()


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_a_device_that_gives_other_numbers_is_found_out(device, monkeypatch, reduce):
    launch = device.driver.launch

    def wrong(function, blocks, args, stream):
        launch(function, blocks, args, stream)
        if function.__name__ == "launch_fill":
            ctypes.c_double.from_address(args[2].value).value += 1e-9
        if function.__name__ == "launch_add_chunks":
            ctypes.c_double.from_address(args[-1].arrays[0]).value += 1e-9

    monkeypatch.setattr(device.driver, "launch", wrong)
    f = vmap(lambda x: x * 2.0, reduce=reduce, check=True)
    with pytest.raises(autograd.CheckFailed):
        f(HostArray(numpy.ones(5)))


def test_what_is_the_same_for_all_rows_comes_once(device):
    """With NaN like NaN; other results are an error, and so is none."""
    weights, x = HostArray(numpy.array([1.0, numpy.nan])), HostArray(numpy.arange(3000.0))
    f = vmap(lambda w, x: (w * 2, w[0] * x), in_axes=(None, 0), out_axes=(None, 0))
    same, rows = numpys(f(weights, x))
    assert same.tolist()[0] == 2.0
    assert numpy.isnan(same[1])
    assert rows.tolist() == x.x.tolist()
    assert vmap(lambda x: 1.0, out_axes=None)(x).numpy() == 1.0
    for numbers in (x, HostArray(numpy.ones(4)[:0])):
        with pytest.raises(ValueError, match="out_axes is None for a result that is not the same"):
            vmap(lambda x: x, out_axes=None)(numbers)


def test_rows_stand_along_any_axis(device):
    """Copied so, for a library without views; each time that bound arrays are read."""
    x = HostArray(numpy.random.default_rng(0).normal(size=(50, 3)))
    f = vmap(lambda row: (row * 2, row[0]), out_axes=(-1, 0))
    for out in (f(x), f.bind(x).result):
        assert (out[0].numpy() == 2 * x.x.T).all()
        assert out[1].shape == (50,)
    run = vmap(lambda row: row, out_axes=1).bind(x)
    x.x[:] = 7.0
    assert (run().numpy() == 7.0).all()


def test_functions_that_no_processor_has(device):
    """And their derivatives, which call further ones."""
    x = numpy.linspace(0.1, 8.0, 50)
    for f in (
        autograd.lgamma,
        autograd.log_ndtr,
        grad(autograd.lgamma),
        grad(grad(autograd.erfinv)),
    ):
        points = x / 10 if f is not autograd.lgamma else x
        found = vmap(f)(HostArray(points)).numpy()
        assert found == pytest.approx(vmap(f)(points), rel=1e-11)
    median = vmap(autograd.median)
    rows = numpy.random.default_rng(0).normal(size=(40, 5))
    assert (median(HostArray(rows)).numpy() == numpy.median(rows, axis=1)).all()


def test_kernels_are_told_of(device):
    """By paths: what each has been run over, and what it took."""
    f = vmap(branches)
    assert f.stats().kernels == ()
    f(HostArray(numpy.array([2.0, 3.0, -4.0, 5.0])))
    assert [(k.paths, k.name, k.device, k.rows) for k in f.stats().kernels] == [
        ((0, 1), "fill", 0, 4)
    ]
    assert all(k.registers == 24 and k.seconds > 0 for k in f.stats().kernels)
    assert f.stats().compiling_seconds > sum(k.seconds for k in f.stats().kernels) * 0.99
    total = vmap(lambda x: x * x, reduce="sum")
    total(HostArray(numpy.ones(5000)))
    assert [(k.name, k.rows) for k in total.stats().kernels] == [("add", 5000)]


def test_memory_of_several_streams_is_waited_for(device, monkeypatch):
    """Arrays of two libraries: the other's may be freed as soon as the call returns."""

    class Elsewhere(Library):
        def stream(self, device):
            return 5

    class Other(HostArray):
        pass

    monkeypatch.setattr(
        "autograd.compiler.device_calls.library_of",
        lambda x: Elsewhere() if isinstance(x, Other) else _Quiet(),
    )
    f = vmap(lambda x, y: x * y)
    ones = numpy.ones(3)
    f(HostArray(ones), HostArray(ones))
    device.driver.events.clear()
    f(HostArray(ones), HostArray(ones))
    alone = [event for event in device.driver.events if event.startswith("sync")]
    device.driver.events.clear()
    f(HostArray(ones), Other(ones))
    both = [event for event in device.driver.events if event.startswith("sync")]
    assert both == ["synchronise 5", *alone, "synchronise 0"]


def test_a_call_like_the_one_before_is_not_taken_apart(device, monkeypatch):
    """Arrays of the same kinds and shapes; everything else is looked at."""
    f = vmap(lambda x, y: x * y, in_axes=(0, None))
    x, y = numpy.arange(3.0), numpy.arange(4.0)
    f(HostArray(x), 2.0)
    f(HostArray(x), HostArray(y))
    with monkeypatch.context() as patch:
        patch.setattr(f, "_batch", None)
        found = f(HostArray(x + 1), HostArray(y + 1)).numpy()
        assert found.tolist() == numpy.outer(x + 1, y + 1).tolist()
        with pytest.raises(TypeError, match="not callable"):
            f(HostArray(x), HostArray(x))
    wanted = [[float(a) * b for b in y] for a in x]
    assert f(HostArray(x), HostArray(y)).numpy().tolist() == wanted
    assert f(HostArray(x), 3.0).numpy().tolist() == (3 * x).tolist()
    assert f(HostArray(x), HostArray(y)).numpy().tolist() == wanted
    with pytest.raises(TypeError, match="put all arrays on the device"):
        f(HostArray(x), y)
    with detect_anomaly(), pytest.raises(TypeError, match="arrays on a device can't"):
        f(HostArray(x), HostArray(y))


class _Streams(Library):
    """One that has a stream of its own, as CuPy and PyTorch."""

    def waits(self):
        return False

    def stream(self, device):
        return 9

    def empty(self, shapes, device):
        return [HostArray(numpy.full(shape, 7.0)) for shape in shapes]

    def address_of_doubles(self, x, device):
        is_read = x.x.dtype == float and x.x.flags.c_contiguous
        return x.x.ctypes.data if is_read else 0


def test_a_call_of_other_numbers_is_one_launch(device, monkeypatch):
    """Of arrays that are read as they are, on the one path there is; all others go the long way,
    to the same numbers."""
    library = _Streams()
    monkeypatch.setattr("autograd.compiler.device_calls.library_of", lambda x: library)
    f = vmap(lambda x, y: (x[0] * y, y - x[1]), in_axes=(0, None))
    draw = numpy.random.default_rng(11)
    x, y = draw.normal(size=(300, 2)), draw.normal(size=4)

    def is_right(x, y):
        a, b = f(HostArray(x), HostArray(y))
        wanted = numpy.outer(x[:, 0], y), y - x[:, 1:]
        return (a.x == wanted[0]).all() and (b.x == wanted[1]).all()

    assert is_right(x, y)
    with monkeypatch.context() as patch:
        patch.setattr(f._on_device, "run", None)
        device.driver.events.clear()
        assert is_right(x + 1, y - 1)
        assert device.driver.events == ["launch fill"]
        assert is_right(x * 2, y)
    assert is_right(x[:7], y)
    assert is_right(numpy.asfortranarray(x), y)
    assert is_right(x, y[::-1])
    assert is_right(x, y.copy())
    (kernel,) = [one for one in f.stats().kernels if one.rows > 600]
    assert kernel.rows >= 900
    with pytest.raises(ValueError, match="in_axes has 2 entries"):
        f(HostArray(x))
    with detect_anomaly(), pytest.raises(TypeError, match="arrays on a device can't"):
        is_right(x, y)
    with pytest.warns(RuntimeWarning, match="holds float32"):
        assert is_right(x.astype("f4"), y)


@pytest.mark.parametrize("kind", ["guards", "captured", "reduce", "out_axes", "number", "checked"])
def test_what_is_more_than_one_launch_is_not_played_again(device, monkeypatch, kind):
    library = _Streams()
    monkeypatch.setattr("autograd.compiler.device_calls.library_of", lambda x: library)
    w = Value(2.0)
    f, keywords, rest = {
        "guards": (lambda x: x * 2 if x > 0 else x * 3, {}, ()),
        "captured": (lambda x: x * w, {}, ()),
        "reduce": (lambda x: x * 2, {"reduce": "sum"}, ()),
        "out_axes": (lambda x: (x * 2, 1.0), {"out_axes": (0, None)}, ()),
        "number": (lambda x, a: x * a, {"in_axes": (0, None)}, (2.0,)),
        "checked": (lambda x: x * 2, {"check": True}, ()),
    }[kind]
    mapped = vmap(f, **keywords)
    x = numpy.array([1.0, 2.0, 4.0])
    for _ in range(3):
        out = mapped(HostArray(x), *rest)
        first = out[0] if kind == "out_axes" else out
        assert first.x.tolist() == (14.0 if kind == "reduce" else [2.0, 4.0, 8.0])
        assert mapped._on_device._replay is None
    w.data = 3.0
    if kind == "captured":
        assert mapped(HostArray(x)).x.tolist() == [3.0, 6.0, 12.0]


def test_the_default_stream_has_two_names(device, monkeypatch):
    """1 in an array interface, 0 for the driver: no need to wait."""
    assert view_of(HostArray(numpy.ones(3), stream=1), "x").stream == 0
    assert view_of(HostArray(numpy.ones(3), stream=2), "x").stream == 2


def test_copies_and_pickles_run_on_the_device_too(device):
    f = pickle.loads(pickle.dumps(vmap(branches)))
    assert f(HostArray(numpy.array([2.0]))).numpy().tolist() == [4.0]


class _Quiet(Library):
    def waits(self):
        return False


# -- what lies below -------------------------------------------------------------------------------


def test_arrays_are_handed_over_by_dlpack(kernels):
    """Address, shape and type; the memory lives as long as a capsule, or who takes it over."""
    device = device_on_cpu(kernels)
    array = DeviceArray.like(numpy.arange(6.0).reshape(2, 3), device)
    assert array.__dlpack_device__() == (2, 0)
    capsule = array.__dlpack__(stream=1, max_version=(1, 0))
    pointer, shape, strides, kind = dlpack.tensor_in(capsule)
    assert (shape, strides, kind) == ((2, 3), (3, 1), "<f8")
    assert numpy.frombuffer(ctypes.string_at(pointer, 48)).tolist() == list(range(6))
    del array
    assert device.driver.in_use == 48
    del capsule
    assert (device.driver.in_use, dlpack._LENT) == (0, {})


def test_arrays_are_taken_over_by_dlpack(kernels):
    """Of libraries without an array interface."""

    class Other:
        def __init__(self, inner):
            self.inner = inner

        def __dlpack_device__(self):
            return 2, 0

        def __dlpack__(self):
            return self.inner.__dlpack__()

    array = DeviceArray.like(numpy.arange(3.0), device_on_cpu(kernels))
    view = view_of(Other(array), "x")
    assert (view.shape, view.strides, view.kind) == ((3,), (1,), "<f8")


def test_what_pytorch_differentiates_is_refused():
    class Tensor:
        @property
        def __cuda_array_interface__(self):
            raise RuntimeError("requires grad")

    with pytest.raises(TypeError, match=r"pass x.detach\(\): derivatives are those of vmap"):
        view_of(Tensor(), "x")


def test_images_are_kept_from_one_process_to_the_next(tmp_path, monkeypatch):
    """By their key; one that is damaged is made anew, and the variable can say that none is."""
    made = []

    def make(image=b"image"):
        made.append(image)
        return image

    monkeypatch.setenv("CHAINRULE_CUDA_CACHE", str(tmp_path / "kept"))
    for _ in range(2):
        assert image_store.kept_or_made(("text", "sm_90"), make) == b"image"
    assert image_store.kept_or_made(("text", "sm_80"), make) == b"image"
    assert len(made) == 2
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert image_store.kept_or_made(("text", "sm_90"), make) == b"image"
    assert len(made) == 3
    monkeypatch.setenv("CHAINRULE_CUDA_CACHE", "")
    assert image_store.kept_or_made(("text", "sm_90"), make) == b"image"
    assert len(made) == 4
    monkeypatch.setenv("CHAINRULE_CUDA_CACHE", "/proc/nothing/can/be/written/here")
    assert image_store.kept_or_made(("text", "sm_90"), make) == b"image"


def test_without_a_driver_and_without_nvrtc_an_error_says_what_to_install(monkeypatch):
    def missing(name, *rest):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(ImportError, match=r"need NVIDIA's driver \(.*\), which is not installed"):
        the_driver.__wrapped__()
    with pytest.raises(ImportError, match=r"NVRTC, which is not installed; run: pip install"):
        nvrtc._library.__wrapped__()


class _Library:
    """CUDA's driver, which answers every call with the same number."""

    def __init__(self, answer=0):
        self.answer = answer
        self.calls = []

    def __getattr__(self, name):
        def function(*args):
            self.calls.append(name)
            return 0 if name == "cuInit" else self.answer

        return function


def test_the_driver_says_what_is_wrong(monkeypatch):
    """Out of memory, too new a compiler, a forked process; each with a remedy."""
    with pytest.raises(MemoryError, match="the CUDA device has no memory left"):
        Driver(_Library(2)).allocate(8, 0)
    with pytest.raises(CudaError, match="cuStreamSynchronize: error 700"):
        Driver(_Library(700)).synchronise(0)
    library = _Library(0)
    driver = Driver(library)
    library.cuModuleLoadData = lambda *args: 222
    with pytest.raises(CudaError, match="update the driver, or install the NVRTC of its version"):
        driver.module(b"")
    with driver.current(0):
        driver.free(driver.allocate(8, 0), 0)
        driver.write(0, b"abc", 0)
        assert driver.read(0, 4, 0) == b"\0" * 4
        driver.launch(driver.function(None, "fill"), 2, [ctypes.c_int(1)], 0)
    assert library.calls[-2:] == ["cuLaunchKernel", "cuCtxPopCurrent_v2"]
    monkeypatch.setattr("os.getpid", lambda: -1)
    with pytest.raises(CudaError, match='start worker processes by "spawn" or "forkserver"'):
        driver.synchronise(0)


def test_memory_is_of_a_pool_where_there_are_pools():
    """Some virtual devices have none; then it is freed when the stream has done its work."""
    for has_pools, calls in (
        (1, ["cuMemAllocAsync", "cuMemFreeAsync"]),
        (0, ["cuMemAlloc_v2", "cuStreamSynchronize", "cuMemFree_v2"]),
    ):
        library = _Library(0)

        def attribute(found, attribute, device, answer=has_pools):
            found._obj.value = answer
            return 0

        library.cuDeviceGetAttribute = attribute
        driver = Driver(library)
        with driver.current(0):
            del library.calls[:]
            driver.free(driver.allocate(8, 3), 3)
            assert library.calls == calls


def test_a_thread_without_a_context_asks_in_that_of_a_device():
    """Whose array it is; any other failure is told."""
    answers = [201, 0]

    def attribute(found, number, pointer):
        found._obj.value = 3
        return answers.pop(0)

    library = _Library(0)
    library.cuPointerGetAttribute = attribute
    assert Driver(library).device_of(64) == 3
    assert library.calls[-1] == "cuCtxPopCurrent_v2"
    answers[:] = [1]
    with pytest.raises(CudaError, match="cuPointerGetAttribute: error 1"):
        Driver(library).device_of(64)


def test_a_device_that_is_too_old_for_the_compiler(monkeypatch):
    monkeypatch.setattr("autograd.compiler.cuda.device.archs", lambda: (75, 120))
    monkeypatch.setattr("autograd.compiler.cuda.device.nvrtc_version", lambda: (13, 0))
    with pytest.raises(nvrtc.NvrtcError, match=r"7\.5 and newer, and this one has 6\.1; inst"):
        _image("", 61)


def test_what_a_library_may_still_read_is_waited_for(kernels):
    """Before its memory is given back; copies are not handed out."""
    device = device_on_cpu(kernels)
    for take in (lambda x: None, lambda x: x.__dlpack__(), lambda x: x.__cuda_array_interface__):
        array = DeviceArray.like(numpy.ones(3), device)
        taken = take(array)
        del device.driver.events[:], array
        found, taken = taken is not None, None
        assert ("wait for all" in device.driver.events) == found
    with pytest.raises(BufferError, match="where they are, and are not copied"):
        DeviceArray.like(numpy.ones(3), device).__dlpack__(copy=True)


def test_the_driver_on_the_cpu_does_what_the_driver_does():
    """It has the same methods, so what is tested with it means something."""
    names = {name for name in vars(Driver) if not name.startswith("_")}
    assert names - {"version"} <= set(dir(DriverOnCpu()))


def test_nothing_of_cuda_is_loaded_for_numpy_arrays():
    code = (
        "import sys, numpy; from autograd import vmap; vmap(lambda x: x * x)(numpy.ones(3))\n"
        "from autograd.compiler.cuda import driver, nvrtc\n"
        "print(driver.the_driver.cache_info().currsize, nvrtc._library.cache_info().currsize)\n"
        "print(*[name for name in ('cupy', 'torch', 'jax', 'numba') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "0 0\n\n"
