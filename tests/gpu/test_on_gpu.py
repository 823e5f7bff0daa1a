"""`vmap` on a real CUDA device, with the arrays of every library at hand. Skipped without one; a
failure where CHAINRULE_GPU is "required", as run.sh has it."""

import importlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from numpy.testing import assert_allclose
from on_device import added_up, branches, greeks, implied, network, options, selections

import autograd
from autograd import grad, value_and_grad, vmap
from autograd.compiler.cuda.device import Device, _image
from autograd.compiler.cuda.device_arrays import DeviceArray
from autograd.compiler.cuda.driver import CudaError, the_driver

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def device():
    try:
        driver = the_driver()
        return Device(driver, 0, _image)
    except (ImportError, CudaError) as error:
        if os.environ.get("CHAINRULE_GPU") == "required":
            raise
        pytest.skip(str(error))


class Ours:
    """Arrays of no library."""

    def __init__(self, device):
        self.device = device

    def put(self, x):
        return DeviceArray.like(x, self.device)

    def get(self, x):
        assert isinstance(x, DeviceArray)
        return x.numpy()


class Cupy(Ours):
    def put(self, x):
        return module("cupy").asarray(x)

    def get(self, x):
        assert isinstance(x, module("cupy").ndarray)
        return x.get()


class Torch(Ours):
    def put(self, x):
        return module("torch").as_tensor(numpy.ascontiguousarray(x), device="cuda")

    def get(self, x):
        assert isinstance(x, module("torch").Tensor)
        return x.cpu().numpy()


class Jax(Ours):
    def put(self, x):
        jax = module("jax")
        jax.config.update("jax_enable_x64", True)
        return jax.device_put(x, jax.devices("gpu")[0])

    def get(self, x):
        assert isinstance(x, module("jax").Array)
        return numpy.asarray(x)


class Numba(Ours):
    def put(self, x):
        return module("numba.cuda").to_device(numpy.ascontiguousarray(x))

    def get(self, x):
        return x.copy_to_host()


def module(name):
    return importlib.import_module(name)


LIBRARIES = {"": Ours, "cupy": Cupy, "torch": Torch, "jax": Jax, "numba.cuda": Numba}


@pytest.fixture(params=LIBRARIES)
def library(request, device):
    if request.param:
        pytest.importorskip(request.param)
    return LIBRARIES[request.param](device)


@pytest.fixture
def ours(device):
    return Ours(device)


def numbers(library, x):
    return [library.get(part) for part in x] if isinstance(x, (list, tuple)) else library.get(x)


def test_the_greeks_of_a_million_options(library):
    """To a few units in the last place of the CPU's, in the library's own arrays."""
    columns = options(1_000_000)
    f = vmap(greeks)
    value, slopes = f(*[library.put(x) for x in columns])
    wanted = f(*columns)
    assert_allclose(library.get(value), wanted[0], rtol=1e-11, atol=1e-11)
    for found, expected in zip(numbers(library, slopes), wanted[1], strict=True):
        assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_rows_take_their_own_paths(library):
    x = numpy.random.default_rng(0).normal(size=500_000) * 2
    f = vmap(branches)
    wanted = f(x)
    for _ in range(2):
        assert_allclose(library.get(f(library.put(x))), wanted, rtol=1e-14)


def test_arithmetic_has_the_bits_of_the_cpu(ours):
    """No product and sum is contracted; division and square roots are rounded correctly."""
    draw = numpy.random.default_rng(1)
    x, y = draw.normal(size=100_000), draw.normal(size=100_000)
    f = vmap(value_and_grad(selections, (0, 1)))
    value, slopes = f(ours.put(x), ours.put(y))
    wanted = f(x, y)
    assert ours.get(value).tobytes() == wanted[0].tobytes()
    assert [ours.get(part).tobytes() for part in slopes] == [part.tobytes() for part in wanted[1]]


@pytest.mark.parametrize("n", [1, 1000, 200_000])
@pytest.mark.parametrize("f", [greeks, value_and_grad(lambda s, k, t, v, r: branches(s - 100))])
def test_sums_have_the_bits_that_are_documented(ours, n, f):
    """Of the device's own rows, on one path or several; the same again."""
    columns = [ours.put(x) for x in options(n)]
    value, slopes = vmap(f)(*columns)
    slopes = slopes if isinstance(slopes, (list, tuple)) else [slopes]
    rows = numpy.stack([ours.get(x) for x in (value, *slopes)], 1)
    mapped = vmap(f, reduce="sum")
    for _ in range(2):
        value, slopes = mapped(*columns)
        slopes = slopes if isinstance(slopes, (list, tuple)) else [slopes]
        assert [float(ours.get(x)) for x in (value, *slopes)] == added_up(rows).tolist()


@pytest.mark.parametrize("sizes", [(2, 16, 16, 1), (4, 200, 1)])
def test_a_training_step(library, sizes):
    """In straight lines, and with loops."""
    loss, count = network(sizes)
    draw = numpy.random.default_rng(2)
    p, rows = 0.3 * draw.normal(size=count), draw.normal(size=(20_000, sizes[0] + 1))
    step = vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")
    value, slopes = step(library.put(p), library.put(rows))
    wanted = step(p, rows)
    assert float(library.get(value)) == pytest.approx(wanted[0], rel=1e-11)
    assert library.get(slopes) == pytest.approx(wanted[1], rel=1e-8, abs=1e-12)


def test_newton_takes_as_many_steps_as_a_row_needs(ours):
    """From a year on: before that there are options whose price says nothing of the volatility."""
    s, k, t, v, r = options(100_000)
    t, v = t / 2 + 1.0, v / 2 + 0.2
    prices = vmap(greeks)(s, k, t, v, r)[0]
    f = vmap(implied)
    assert_allclose(ours.get(f(*[ours.put(x) for x in (prices, s, k, t, r)])), v, rtol=1e-10)
    assert max(len(kernel.paths) for kernel in f.stats().kernels) > 1


def test_columns_strides_and_types(device):
    """As CuPy has them."""
    cupy = pytest.importorskip("cupy")
    x = cupy.random.default_rng(0).standard_normal(size=(3, 1000))
    f = lambda row: row[0] * row[1] - row[2]  # noqa: E731
    wanted = (x[0] * x[1] - x[2]).get()
    columns = vmap(f, in_axes=1)
    assert (columns(x).get() == wanted).all()
    assert (vmap(f)(x.T).get() == wanted).all()
    assert (columns(x[:, ::-1]).get() == wanted[::-1]).all()
    with pytest.warns(RuntimeWarning, match="float32"):
        assert columns(x.astype("f4")).dtype == float
    assert vmap(lambda a: [a, 2 * a], out_axes=0)(x[0])[1].shape == (1000,)
    assert vmap(lambda row: row * 2, in_axes=1, out_axes=1)(x).shape == (3, 1000)


def test_rows_are_split_where_memory_is_short(ours, monkeypatch):
    """By a device that has little left: the same numbers."""
    x = ours.put(numpy.random.default_rng(3).normal(size=300_000))
    f = vmap(branches, reduce="sum")
    wanted = ours.get(f(x))
    driver, allocate = the_driver(), the_driver().allocate

    def little(size, stream):
        from autograd.compiler.cuda.driver import OutOfDeviceMemory

        if size > 100_000:
            raise OutOfDeviceMemory("the CUDA device has no memory left")
        return allocate(size, stream)

    monkeypatch.setattr(driver, "allocate", little)
    assert ours.get(f(x)) == wanted


def test_functions_that_no_processor_has(ours):
    """Of the device's own text and library."""
    x = numpy.random.default_rng(4).uniform(0.05, 0.95, 10_000)
    functions = [
        autograd.lgamma,
        autograd.digamma,
        autograd.log_ndtr,
        autograd.erfinv,
        autograd.sinc,
    ]
    for f in [*functions, *map(grad, functions), *[grad(grad(f)) for f in functions]]:
        assert ours.get(vmap(f)(ours.put(x))) == pytest.approx(vmap(f)(x), rel=1e-9, abs=1e-12)
    left = vmap(autograd.lgamma)(x - 5.0)
    assert ours.get(vmap(autograd.lgamma)(ours.put(x - 5.0))) == pytest.approx(left, abs=1e-11)
    rows = numpy.random.default_rng(5).normal(size=(1000, 5))
    medians = ours.get(vmap(autograd.median)(ours.put(rows)))
    assert (medians == numpy.median(rows, axis=1)).all()


def test_calls_are_checked_and_bound(ours):
    columns = [ours.put(x) for x in options(2000)]
    f = vmap(greeks, check=0.01)
    value, _ = f(*columns)
    assert f.stats().checked == 21
    f = vmap(greeks)
    run = f.bind(*columns)
    assert (ours.get(run()[0]) == ours.get(value)).all()
    kernels = f.stats().kernels
    assert [(k.name, k.rows) for k in kernels] == [("fill", 4000)]
    assert 0 < kernels[0].registers <= 255


def test_out_axes(ours):
    x = numpy.random.default_rng(6).normal(size=(5000, 3))
    f = vmap(lambda w, row: (w * 2, row * w), in_axes=(None, 0), out_axes=(None, 1))
    same, turned = f(3.0, ours.put(x))
    assert ours.get(same) == 6.0
    assert (ours.get(turned) == 3 * x.T).all()
    with pytest.raises(ValueError, match="is not the same for all rows"):
        vmap(lambda row: row, out_axes=None)(ours.put(x))


def test_streams_of_torch(device):
    """What another stream still computes is waited for, and what is left there may go at once."""
    torch = pytest.importorskip("torch")
    side = torch.cuda.Stream()
    f = vmap(lambda x: x * 2.0 + 1.0)
    for _ in range(5):
        with torch.cuda.stream(side):
            x = torch.full((4_000_000,), 1.0, dtype=torch.float64, device="cuda")
            for _ in range(20):
                x = x * 1.5 / 1.5
            y = f(x)
            del x
            z = torch.zeros(4_000_000, dtype=torch.float64, device="cuda")
        side.synchronize()
        assert float(y.min()) == pytest.approx(3.0, rel=1e-12)
        del z


def test_streams_of_cupy(device):
    """Beside arrays of no library, which are on the default stream."""
    cupy = pytest.importorskip("cupy")
    stream = cupy.cuda.Stream(non_blocking=True)
    f = vmap(lambda x, y: x * y)
    ones = DeviceArray.like(numpy.ones(1_000_000), device)
    with stream:
        x = cupy.full(1_000_000, 2.0)
        out = f(x, ones)
    del ones
    again = DeviceArray.like(numpy.zeros(1_000_000), device)
    stream.synchronize()
    assert (out.get() == 2.0).all()
    del again


def test_a_second_device():
    """Arrays stay where they are, though another device is the current one."""
    torch = pytest.importorskip("torch")
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two devices")
    x = torch.arange(1000, dtype=torch.float64, device="cuda:1")
    out = vmap(branches)(x)
    assert out.device.index == 1
    assert out.cpu().numpy() == pytest.approx(vmap(branches)(x.cpu().numpy()), rel=1e-13)
    with pytest.raises(ValueError, match="put all arrays on one device"):
        vmap(lambda a, b: a * b)(x, x.to("cuda:0"))


def test_threads_use_a_device_together(ours):
    """Each in the context of the device, one with and one without a path to record."""
    x = numpy.random.default_rng(7).normal(size=100_000) * 2
    f = vmap(branches)
    wanted = f(x)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ours.get(f(ours.put(x))), range(8)))
    assert all(one == pytest.approx(wanted, rel=1e-14) for one in found)


def test_a_forked_child_is_told(device):
    code = (
        "import os, numpy; from autograd import vmap\n"
        "from autograd.compiler.cuda.device import Device, _image\n"
        "from autograd.compiler.cuda.device_arrays import DeviceArray\n"
        "from autograd.compiler.cuda.driver import the_driver\n"
        "x = DeviceArray.like(numpy.ones(3), Device(the_driver(), 0, _image))\n"
        "if os.fork() == 0:\n"
        "    try: vmap(lambda a: a)(x)\n"
        "    except RuntimeError as error: print(error, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'start worker processes by "spawn"' in out.stdout, out.stderr
