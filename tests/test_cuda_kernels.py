"""CUDA kernels as texts: the same program that C source prints, the same numbers as the CPU's, and
accepted by NVRTC for the oldest and the newest device."""

import ctypes
import math
import re

import numpy
import pytest
from cuda_on_cpu import COMPILER, device_on_cpu
from on_device import added_up, branches, greeks, network, options

import autograd
from autograd import jit, value_and_grad
from autograd.compiler.cuda import nvrtc
from autograd.compiler.cuda.device_arrays import View
from autograd.compiler.cuda.device_rows import (
    DevicePath,
    ListedRows,
    Sums,
    add_chunks,
    add_rows,
    chunks_of,
    doubles,
    operands_of,
)
from autograd.compiler.cuda.dlpack import packed_strides
from autograd.compiler.cuda.kernel_prelude import ADDING, copying
from autograd.compiler.cuda.kernel_writer import Operand
from autograd.compiler.cuda.special_kernels import SPECIAL
from autograd.compiler.ir.lowering import lowered
from autograd.compiler.ir.passes import optimised
from autograd.compiler.ir.program import Op, Program
from autograd.engine.primitives import TABLE

needs_a_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    return device_on_cpu(tmp_path_factory.mktemp("kernels"))


def path_of(program, sizes):
    """A program's kernels, of arrays with so many numbers to a row."""
    slots = [(array, i) for array, size in enumerate(sizes) for i in range(size)]
    return DevicePath([program], slots, "f")


def view(x):
    strides = tuple([stride // x.itemsize for stride in x.strides])
    return View(x.ctypes.data, x.shape, strides, x.dtype.str, None, x)


def filled(path, arrays, memory, sizes, listed=None):
    """The results of rows, where they are on the path; and the rows that are left, in order."""
    n = len(arrays[0])
    out = [numpy.full((n, size), -7.0) for size in sizes]
    operands = operands_of([view(x) for x in arrays], [True] * len(arrays), memory)
    rows = ListedRows(n) if listed is None else ListedRows(len(listed), listed.ctypes.data)
    results = [(x.ctypes.data, x.shape[1]) for x in out]
    left = path.fill(operands, 0, results, rows, memory)
    names = (ctypes.c_uint32 * left.rows.number).from_address(left.rows.listed or 1 << 20)
    found = sorted(names) if left.rows.number else []
    assert left.first == (found[0] if found else left.first)
    return out, found


# -- texts -----------------------------------------------------------------------------------------


def test_the_kernel_is_the_program_that_c_source_prints():
    """Line by line, twice, but for where inputs are read, and that calls have a form without
    branches."""
    compiled = jit(greeks)
    compiled(100.0, 95.0, 1.0, 0.2, 0.03)
    places = [f"in[{i}]" for i in range(5)]
    kernel = path_of(lowered(optimised(compiled.program())), [1] * 5)
    lines = kernel.source([Operand(1, True, True)] * 5, [1] * 6).splitlines()
    rows = [[re.sub(rf"\b(r\d+|i){row}\b", r"\1", line) for line in lines] for row in "ab"]
    own = [[line for line in row if line not in lines] for row in rows]
    assert own[0][1:] == own[1][1:]  # behind the number of the row
    text = "\n".join(rows[0])
    names = {re.search(rf"(r\d+) = x{i}\[", text)[1]: f"in[{i}]" for i in range(5)}
    printed = [line.strip() for line in compiled.source("c").splitlines()]
    printed = [line for line in printed if line.startswith("const ")]
    own = re.sub(r"\br\d+\b", lambda name: names.get(name[0], name[0]), text)
    own = re.sub(r"(double r\d+ = )quick_ratio\((.*), (.*), is_\w+\);", r"const \1\2 / \3;", own)
    own = re.sub(r"(double r\d+ = )quick_(\w+\(.*), is_\w+\);", r"const \1\2);", own)
    assert len(printed) > 100
    assert [line for line in printed if line not in own] == []
    assert all(place in own for place in places)


@pytest.mark.parametrize("arch", ["compute_75", "sm_90"])
def test_nvrtc_compiles_every_kernel(arch):
    """The fixed ones, and straight-line and looped ones that write or add up."""
    _require_nvrtc()
    compiled = jit(greeks)
    compiled(100.0, 95.0, 1.0, 0.2, 0.03)
    kernel = path_of(lowered(optimised(compiled.program())), [1] * 5)
    one = Operand(1, True, True)
    texts = [kernel.source([one] * 5, [1] * 6), kernel.source([one] * 5, None)]
    texts += [ADDING, *[copying(kind) for kind in ("<f8", "<f2", "<b2", "|i1")]]
    for text in texts:
        image = nvrtc.compiled(text, arch)
        assert (b".entry" in image) == arch.startswith("compute")


def test_nvrtc_contracts_no_product_and_sum():
    """PTX has fused operations only where the text asks for them."""
    _require_nvrtc()
    compiled = jit(lambda x, y: x * y + x - x * x * y)
    compiled(1.0, 2.0)
    kernel = path_of(lowered(optimised(compiled.program())), [1, 1])
    text = kernel.source([Operand(1, True, True)] * 2, [1])
    assert b"fma.rn.f64" not in nvrtc.compiled(text, "compute_80")


def test_nvrtc_says_what_it_does_not_compile():
    _require_nvrtc()
    with pytest.raises(
        nvrtc.NvrtcError, match=r"did not compile a kernel for sm_90: .*\n  nonsense"
    ):
        nvrtc.compiled("nonsense", "sm_90")
    with pytest.raises(nvrtc.NvrtcError, match="did not compile a kernel for sm_10"):
        nvrtc.compiled(ADDING, "sm_10")


def test_nvrtc_is_found_in_wheels_of_two_versions(tmp_path):
    """Of CUDA 13 and of CUDA 12, the newer first; the library of built-ins is not it."""
    for file in ["cu13/lib/libnvrtc.so.13", "cu13/lib/libnvrtc-builtins.so.13.5"]:
        (tmp_path / "nvidia" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "nvidia" / file).touch()
    (tmp_path / "nvidia/cuda_nvrtc/lib").mkdir(parents=True)
    (tmp_path / "nvidia/cuda_nvrtc/lib/libnvrtc.so.12").touch()
    found = [name for name in nvrtc._candidates([str(tmp_path)]) if str(tmp_path) in name]
    assert [name.rpartition("/")[2] for name in found] == ["libnvrtc.so.13", "libnvrtc.so.12"]


def test_built_ins_are_loaded_before_the_library_that_lies_beside_them(tmp_path, monkeypatch):
    """NVRTC 13.0, as its wheel has it, doesn't find them by itself."""
    folder = tmp_path / "nvidia/cu13/lib"
    folder.mkdir(parents=True)
    for file in ["nvrtc.so.13", "nvrtc-builtins.so.13.0", "nvrtc-builtins.alt.so.13.0"]:
        (folder / f"lib{file}").touch()
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", loaded.append)
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    nvrtc._library.__wrapped__()
    assert loaded == [
        str(folder / f"lib{name}") for name in ("nvrtc-builtins.so.13.0", "nvrtc.so.13")
    ]
    loaded.clear()
    monkeypatch.chdir(folder)  # where nothing is looked for
    nvrtc._loaded(nvrtc.Path("libnvrtc.so.13"))
    assert loaded == ["libnvrtc.so.13"]


def test_sums_over_a_warp_have_one_address():
    """And the places of its 32 numbers behind it, whatever the version of NVRTC: 13.0 computed
    each, twice as many instructions."""
    _require_nvrtc()
    program = program_of(greeks, 100.0, 95.0, 1.0, 0.2, 0.03)
    text = path_of(program, [1] * 5).source([Operand(1, True, True)] * 5, None)
    ptx = nvrtc.compiled(text, "compute_80").decode()
    loads = re.findall(r"ld\.shared\.f64\s+%fd\d+, \[%\w+\+(\d+)\]", ptx)
    assert [f"{8 * k}" for k in range(1, 32) if f"{8 * k}" not in loads] == []


def _require_nvrtc():
    try:
        nvrtc.nvrtc_version()
    except ImportError:
        pytest.skip("needs NVRTC: pip install nvidia-cuda-nvrtc")


# -- numbers ---------------------------------------------------------------------------------------

HARD = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-300, 1e300, -40.0, 5e-324, 0.1, 710.0]
HARD += [math.inf, -math.inf, math.nan]


def same_bits(a, b):
    """Whether two arrays are the same, any NaN being like any other."""
    is_nan = numpy.isnan(a)
    return (
        numpy.array_equal(is_nan, numpy.isnan(b)) and a[~is_nan].tobytes() == b[~is_nan].tobytes()
    )


@needs_a_compiler
def test_every_primitive_has_the_bits_of_the_interpreter(device):
    """All in one kernel, at numbers with NaN, infinities and both zeros among them."""
    rows = [row for row in TABLE.values() if row.builtin and row.lowering is not None]
    code = [Op("input", (), i) for i in range(4)]
    code += [Op(row.name, tuple(range(4 if row.arity is None else row.arity))) for row in rows]
    outputs = tuple(range(4, len(code)))
    program = lowered(Program(tuple(code), ("a", "b", "c", "d"), outputs))
    points = numpy.random.default_rng(0).choice(HARD, (400, 4))
    with device.memory(0) as memory:
        (out,), left = filled(path_of(program, [4]), [points], memory, [len(rows)])
    assert left == []
    wanted = numpy.array([program.evaluate(list(point)) for point in points])
    wrong = [row.name for i, row in enumerate(rows) if not same_bits(out[:, i], wanted[:, i])]
    assert wrong == []
    assert len(rows) > 70


@needs_a_compiler
def test_functions_that_no_processor_has(device):
    """On the CPU they call Python back; the device has them: to some units in the last place,
    which the C library's functions take."""
    rows = [row for row in TABLE.values() if row.builtin and row.lowering is None]
    assert {row.name for row in rows} == SPECIAL
    code = [Op("input", (), i) for i in range(3)]
    code += [Op("const", (), float(k)) for k in range(4)]
    draw = numpy.random.default_rng(0)
    for row in rows:
        if row.name == "order_statistic":
            code += [Op(row.name, (3 + k, 0, 1, 2)) for k in range(4)]
        elif row.name == "lbeta":
            code.append(Op(row.name, (0, 1)))
        elif row.name == "polygamma_difference":
            code += [Op(row.name, (3 + k, 0, 1)) for k in range(4)]
        elif row.arity == 2:
            code += [Op(row.name, (3 + k, 0)) for k in range(4)]
        else:
            code.append(Op(row.name, (0,)))
    program = Program(tuple(code), ("a", "b", "c"), tuple(range(7, len(code))))
    points = numpy.concatenate(
        [
            draw.choice([*HARD, 1.5, -1.5, 7.5, 30.0, -0.3, -3.25, 0.999], (300, 3)),
            draw.normal(size=(300, 3)),
            draw.uniform(0, 30, (300, 3)),
        ]
    )
    points[:, 1:][abs(points[:, 1:]) > 1e200] = 2.0
    with device.memory(0) as memory:
        (out,), left = filled(path_of(program, [3]), [points], memory, [len(code) - 7])
    assert left == []
    wanted = numpy.array([program.evaluate(list(point)) for point in points])
    for i, op in enumerate(code[7:]):
        near = numpy.isclose(out[:, i], wanted[:, i], rtol=1e-11, atol=1e-13, equal_nan=True)
        wrong = points[~near][:3], out[~near, i][:3], wanted[~near, i][:3]
        assert near.all(), (op, *wrong)


def program_of(f, *args):
    """Of the path that a function takes, in instructions."""
    compiled = jit(f)
    compiled(*args)
    return lowered(optimised(compiled.program()))


@needs_a_compiler
def test_rows_on_other_paths_are_left_alone_and_listed(device):
    """In every layout of the arrays, and of listed rows only."""
    program = program_of(branches, 2.0)
    x = numpy.random.default_rng(1).normal(size=1000) * 2
    wanted = numpy.where(x > 1, x * x, -7.0)
    with device.memory(0) as memory:
        for array in (x, numpy.repeat(x, 2)[::2], x[::-1].copy()[::-1]):
            (out,), left = filled(path_of(program, [1]), [array], memory, [1])
            assert (out[:, 0] == wanted).all()
            assert left == numpy.flatnonzero(~(x > 1)).tolist()
        some = numpy.arange(3, 1000, 7, dtype=numpy.uint32)
        (out,), left = filled(path_of(program, [1]), [x], memory, [1], some)
        assert left == [i for i in some if not x[i] > 1]
        assert (out[some, 0] == wanted[some]).all()
        assert (numpy.delete(out, some) == -7).all()


@needs_a_compiler
@pytest.mark.parametrize("n", [1, 31, 32, 1000, 1024, 5000])
def test_sums_are_added_in_the_order_that_is_documented(device, n):
    """To the bit: of results in straight lines, of a matrix, of any number of columns."""
    columns = options(n)
    program = program_of(greeks, *[float(x[0]) for x in columns])
    with device.memory(0) as memory:
        path = path_of(program, [1] * 5)
        out, left = filled(path, columns, memory, [1] * 6)
        assert left == []
        rows = numpy.hstack(out)
        chunks = chunks_of(n, 6)
        partial = memory.take(8 * 6 * chunks.number)
        operands = operands_of([view(x) for x in columns], [True] * 5, memory)
        assert path.add(operands, 0, partial, n, chunks.size, memory)
        assert numpy.array_equal(total(partial, n, 6, memory), added_up(rows))
        wide = numpy.hstack([rows * k for k in range(1, 8)])
        chunks = chunks_of(n, 42)
        partial = memory.take(8 * 42 * chunks.number)
        add_rows(wide.ctypes.data, n, chunks.size, 42, partial, memory)
        assert numpy.array_equal(total(partial, n, 42, memory), added_up(wide))


def total(partial, n, width, memory):
    out = numpy.empty(width)
    sums = Sums(partial, chunks_of(n, width).number, width)
    places = [(out.ctypes.data, 2), (0, 0), (out[2:].ctypes.data, width - 2)]
    add_chunks(sums, places, 1.0, memory)
    return out


@needs_a_compiler
def test_sums_for_many_arrays_are_written_by_few_launches(device):
    """Of 150 arrays each has its own columns, the empty ones none."""
    sizes = [k % 4 for k in range(150)]
    rows = numpy.random.default_rng(0).normal(size=(3, sum(sizes)))
    out = [numpy.empty(size) for size in sizes]
    with device.memory(0) as memory:
        device.driver.events.clear()
        places = [(x.ctypes.data, x.size) for x in out]
        add_chunks(Sums(rows.ctypes.data, 3, rows.shape[1]), places, 2.0, memory)
        assert device.driver.events == ["launch add_chunks"] * 2
    assert numpy.allclose(numpy.concatenate(out), rows.sum(0) / 2, rtol=1e-15, atol=1e-15)


@needs_a_compiler
def test_a_path_says_that_its_sums_are_worth_nothing(device):
    program = program_of(branches, 2.0)
    x = numpy.full(3000, 2.0)
    with device.memory(0) as memory:
        path = path_of(program, [1])
        partial = memory.take(8 * 3)
        for row, is_right in [(0, True), (2999, False)]:
            x[row] = 2.0 if is_right else 0.0
            operands = operands_of([view(x)], [True], memory)
            assert path.add(operands, 0, partial, 3000, 1024, memory) == is_right


@needs_a_compiler
@pytest.mark.parametrize("sizes", [(2, 12, 12, 1), (3, 40, 1)])
def test_loops_have_the_numbers_of_the_cpu(device, sizes, monkeypatch):
    """Parameters that all rows share, in one array; rows of another; loops and their memory."""
    loss, count = network(sizes)
    draw = numpy.random.default_rng(2)
    p, rows = draw.normal(size=count), draw.normal(size=(70, sizes[0] + 1))
    compiled = jit(value_and_grad(loss))
    expected = [compiled(p, row) for row in rows]
    program = lowered(optimised(compiled.program()))
    monkeypatch.setattr("autograd.compiler.cuda.device_rows.STRAIGHT", 100)
    slots = [(0, i) for i in range(count)] + [(1, i) for i in range(sizes[0] + 1)]
    path = DevicePath([program], slots, "loss")
    assert path.layout is not None
    value, slopes = numpy.zeros(70), numpy.zeros((70, count))
    with device.memory(0) as memory:
        operands = operands_of([view(p), view(rows)], [False, True], memory)
        results = [(value.ctypes.data, 1), (slopes.ctypes.data, count)]
        assert path.fill(operands, 0, results, ListedRows(70), memory).rows.number == 0
        assert value.tolist() == [one[0] for one in expected]
        assert slopes.tolist() == [list(one[1]) for one in expected]
        chunks = chunks_of(70, count + 1)
        partial = memory.take(8 * (count + 1) * chunks.number)
        assert path.add(operands, 0, partial, 70, chunks.size, memory)
        whole = numpy.hstack([value[:, None], slopes])
        assert numpy.array_equal(total(partial, 70, count + 1, memory), added_up(whole))


def test_loops_are_compiled_by_nvrtc(monkeypatch):
    _require_nvrtc()
    loss, count = network((3, 20, 1))
    monkeypatch.setattr("autograd.compiler.cuda.device_rows.STRAIGHT", 100)
    program = program_of(value_and_grad(loss), [0.1] * count, [0.1, 0.2, 0.3, 0.4])
    slots = [(0, i) for i in range(count)] + [(1, i) for i in range(4)]
    path = DevicePath([program], slots, "loss")
    kinds = [Operand(count, True, False), Operand(4, False, True)]
    for sizes in ([1, count], None):
        assert b".entry" in nvrtc.compiled(path.source(kinds, sizes), "compute_80")


@needs_a_compiler
@pytest.mark.parametrize("kind", ["<f4", "<f2", "<u4", "|b1"])
def test_arrays_of_any_layout_and_type_become_doubles(device, kind):
    """As NumPy converts them."""
    whole = numpy.random.default_rng(3).integers(0, 2, (5, 6, 7)).astype(kind)
    if kind != "|b1":
        whole = (whole * 3).astype(kind)
    with device.memory(0) as memory:
        for x in (whole, whole[::2, 1:, ::-3], whole.transpose(2, 0, 1), whole[0, 0, :0]):
            found = doubles(view(x), memory)
            size = 8 * x.size
            data = memory.device.driver.read(found.pointer, size, 0) if size else b""
            assert (numpy.frombuffer(data).reshape(x.shape) == x).all()
            assert found.strides == packed_strides(x.shape)


@needs_a_compiler
def test_every_float_of_16_bits_is_the_same_double(device):
    """All of float16 as NumPy has them; of bfloat16, the upper halves of floats."""
    bits = numpy.arange(1 << 16).astype(numpy.uint16)
    halves = view(bits.view(numpy.float16))
    uppers = view(bits)._replace(kind="<b2")
    wanted = bits.view(numpy.float16), (bits.astype(numpy.uint32) << 16).view(numpy.float32)
    with device.memory(0) as memory:
        for x, expected in zip((halves, uppers), wanted, strict=True):
            data = memory.device.driver.read(doubles(x, memory).pointer, 8 << 16, 0)
            found = numpy.frombuffer(data)
            with numpy.errstate(invalid="ignore"):  # NaN that signal
                assert numpy.array_equal(found, expected.astype(float), equal_nan=True)
            assert (numpy.signbit(found) == numpy.signbit(expected)).all()


def test_special_functions_are_compiled_by_nvrtc():
    """All of them, with what they call; and only what is called stands in a kernel."""
    _require_nvrtc()
    names = sorted(SPECIAL - {"order_statistic"})
    arities = {"polygamma_difference": 3, "lbeta": 2, "polygamma": 2, "erfcx_ratio": 2}
    arities["sinc_derivative"] = 2
    code = [Op("input", (), i) for i in range(3)]
    code += [Op(name, tuple(range(arities.get(name, 1)))) for name in names]
    code.append(Op("order_statistic", (0, 1, 2)))
    program = Program(tuple(code), ("a", "b", "c"), tuple(range(3, len(code))))
    text = path_of(program, [3]).source([Operand(3, True, True)], [len(code) - 3])
    assert b".entry" in nvrtc.compiled(text, "compute_75")
    assert "polygamma" not in path_of(program_of(autograd.log_ndtr, 1.0), [1]).source(
        [Operand(1, True, True)], [1]
    )


def test_what_calls_python_back_is_refused():
    own = autograd.primitive("own_without_lowering", math.tan, lambda out, x: 1.0 + out * out)
    program = program_of(own, 1.5)
    with pytest.raises(
        ValueError,
        match="a CUDA device can't call Python back for own_without_lowering, which f",
    ):
        DevicePath([program], [(0, 0)], "f")
