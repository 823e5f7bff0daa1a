"""vmap: the function row by row, whatever the lanes, the threads and the paths."""

import math
import pickle
import platform
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import pytest

import autograd
from autograd import Value, grad, hessian, jit, value_and_grad, vmap
from autograd.compiler import RecordingError, batch_signatures
from autograd.compiler.ir.finite_fast_path import finite_fast_path
from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.program import Program
from autograd.compiler.native import machine, simd_target
from autograd.compiler.native.simd_math import in_vectors
from autograd.compiler.native.simd_target import Vectors, host_vectors
from autograd.compiler.vmap import Mapped
from autograd.engine.primitives import TABLE
from autograd.transforms.tree import flatten

numpy = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
mpmath = pytest.importorskip("mpmath")

pytestmark = pytest.mark.usefixtures("machine_code_once")

ROWS = 37  # no multiple of any number of lanes
FORMS = {  # lanes, libmvec, functions of its own
    "one lane": (1, False, False),
    "two lanes": (2, False, True),
    "four lanes": (4, False, True),
    "eight lanes": (8, False, False),
    "this machine without libmvec": (0, False, False),
    "this machine": (0, True, True),
}


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def mapped(request):
    """vmap for this machine, and as it is where there is less."""

    def build(f, in_axes=0, **options):
        return Mapped(f, in_axes, vectors=host_vectors(*request.param), **options)

    return build


@pytest.fixture
def points():
    return numpy.random.default_rng(7).normal(size=(ROWS, 3))


def row_by_row(f, *batches):
    return [f(*row) for row in zip(*batches, strict=True)]


def tangled(p):
    a, b, c = p
    return autograd.tanh(a * b) + autograd.exp(c) / (1.0 + a * a) - autograd.sin(b) ** 3


def test_values_are_those_of_the_rows(mapped, points):
    out = mapped(tangled)(points)
    assert out.dtype == float
    expected = [tangled([Value(x) for x in row]).data for row in points]
    numpy.testing.assert_allclose(out, expected, rtol=1e-14)


def test_gradients_are_those_of_the_rows(mapped, points):
    values, slopes = mapped(value_and_grad(tangled))(points)
    assert values.shape == (ROWS,)
    assert slopes.shape == (ROWS, 3)
    expected = row_by_row(value_and_grad(tangled), points.tolist())
    numpy.testing.assert_allclose(values, [value for value, _ in expected], rtol=1e-14)
    numpy.testing.assert_allclose(slopes, [slope for _, slope in expected], rtol=1e-12)


def test_second_derivatives(mapped, points):
    out = mapped(hessian(tangled))(points)
    assert out.shape == (ROWS, 3, 3)
    expected = row_by_row(hessian(tangled), points.tolist())
    numpy.testing.assert_allclose(out, expected, rtol=1e-11, atol=1e-13)


def test_arithmetic_alone_is_equal_to_the_bit(mapped, points):
    def f(p):
        return (p[0] * p[1] - p[2]) / (p[0] + 3.0) + abs(p[1]) * autograd.sqrt(abs(p[2]))

    assert mapped(f)(points).tolist() == [f([Value(x) for x in row]).data for row in points]


WHOLE = {"exp_square": (1, -0.5), "order_statistic": (0, 1.0)}  # inputs that are not any number
WHOLE |= {row.name: (0, 1.0) for row in TABLE.values() if row.inputs.startswith("n, ")}


@pytest.mark.parametrize("name", sorted(name for name, row in TABLE.items() if row.builtin))
def test_every_primitive(name, points):
    """Each row of the table, in lanes, against its forward function."""
    primitive = TABLE[name]
    arity = primitive.arity or 4
    inputs = numpy.vstack([points, numpy.abs(points), 3.0 * points + 1.0])
    inputs = numpy.hstack([inputs, inputs[::-1]])[:, :arity]
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 1e300, 1e-300, 5e-324]
    corners = [[x if i == j else 0.5 for j in range(arity)] for i in range(arity) for x in special]
    inputs = numpy.vstack([inputs, corners])
    if name in WHOLE:
        inputs[:, WHOLE[name][0]] = WHOLE[name][1]
    with numpy.errstate(all="ignore"):
        out = vmap(lambda row: primitive(*row))(inputs)
    expected = [float(primitive.forward(*row)) for row in inputs.tolist()]
    for x, y, row in zip(out.tolist(), expected, inputs.tolist(), strict=True):
        assert _is_near(x, y), f"{name}{tuple(row)}: {x!r}, by the engine {y!r}"


def _is_near(x, y):
    if x != x or y != y:
        return x != x and y != y
    if x == 0.0 and y == 0.0:
        return math.copysign(1.0, x) == math.copysign(1.0, y)
    return x == y or abs(x - y) <= 1e-13 * abs(y) or abs(x - y) <= 1e-307


# -- the plain form of a program -------------------------------------------------------------------


CORNERS = [0.0, -0.0, 1.0, -2.0, 5e-324, 1e308, math.inf, -math.inf, math.nan]
CAREFUL = {
    "a factor that is infinite": lambda p: p[0] * autograd.sqrt(p[1]),
    "a quotient": lambda p: p[0] * p[0] / p[1],
    "a product": lambda p: p[0] * p[1] * p[0],
    "choices": lambda p: autograd.where(p[0] > 0.0, p[0] * p[1], autograd.sqrt(p[1]) * p[0]),
    "kinks": lambda p: autograd.maximum(p[0], p[1]) * abs(p[0]) + autograd.relu(p[1]) * p[0],
    "a step of descent": lambda p: (p[0] - grad(lambda t: t * autograd.sqrt(p[1]))(p[0])) / p[1],
    "the sign of a zero": lambda p: 1.0 / grad(lambda t: t * p[1] * p[0])(p[0]),
}


def to_the_bit(x):
    return "nan" if x != x else float(x).hex()


@pytest.mark.parametrize("name", CAREFUL)
@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian], ids=lambda f: f.__name__)
def test_a_zero_adjoint_passes_nothing_in_lanes_either(name, transform):
    """0 times infinity is 0 on its way back, and zeros have the sign that they have by the engine,
    or in the full program: a gradient inside of another may be -0.0 by the engine."""
    f = transform(CAREFUL[name])
    alone = jit(f) if name == "the sign of a zero" else f
    rows = numpy.array([[x, y] for x in CORNERS for y in CORNERS])
    expected, _ = flatten([alone(row) for row in rows.tolist()])
    found = vmap(f)(rows)
    leaves = found if isinstance(found, tuple) else (found,)
    columns = numpy.hstack([numpy.asarray(leaf).reshape(len(rows), -1) for leaf in leaves])
    assert [to_the_bit(x) for x in columns.ravel()] == [to_the_bit(x) for x in expected]


@pytest.mark.parametrize("name", CAREFUL)
def test_a_zero_adjoint_passes_nothing_into_sums(name):
    f = grad(CAREFUL[name])
    for row in [[x, y] for x in CORNERS for y in CORNERS]:
        total = vmap(f, reduce="sum")(numpy.array([row, row, row]))
        numpy.testing.assert_array_equal(total, [x + x + x for x in f(row)])


def test_what_the_plain_form_may_leave_out():
    """Only where a difference can't hide."""

    def plain_of(f, count=2, is_sum=False):
        mapped = vmap(f)
        mapped(numpy.ones((2, count)))
        return finite_fast_path(mapped.program(), is_sum)

    assert plain_of(grad(CAREFUL["a product"])) is not None
    assert plain_of(hessian(tangled), 3) is not None
    assert plain_of(tangled, 3) is None  # there is nothing to leave out
    assert plain_of(CAREFUL["the sign of a zero"]) is not None  # 0.0 is added before it is used
    hidden = grad(lambda p: autograd.where(grad(lambda t: t * t * p[1])(p[0]) > 0.0, p[0], p[1]))
    assert plain_of(hidden) is None or "where" not in str(plain_of(hidden))


# -- functions in vectors --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reference", "low", "high"),
    [
        ("exp", mpmath.exp, -745.0, 709.7),
        ("exp", mpmath.exp, -1.0, 1.0),
        ("tanh", mpmath.tanh, -1.0, 1.0),
        ("tanh", mpmath.tanh, -30.0, 30.0),
        ("sech2", lambda x: mpmath.sech(x) ** 2, -1.0, 1.0),
        ("sech2", lambda x: mpmath.sech(x) ** 2, -373.0, 373.0),
        ("normal_cdf", mpmath.ncdf, -38.0, 9.0),
    ],
)
def test_functions_in_vectors_are_within_4_units_in_the_last_place(name, reference, low, high):
    x = numpy.random.default_rng(11).uniform(low, high, 500)
    with mpmath.workprec(200):
        exact = [reference(mpmath.mpf(t)) for t in x.tolist()]
        for lanes in (0, 4):
            out = Mapped(TABLE[name], vectors=host_vectors(lanes))(x)
            units = [
                abs(mpmath.mpf(y) - z) / float(numpy.spacing(abs(float(z))))
                for y, z in zip(out.tolist(), exact, strict=True)
            ]
            assert max(units) <= 4.0


@pytest.mark.parametrize("name", ["exp", "tanh", "sech2", "normal_cdf"])
def test_functions_in_vectors_mean_the_same_in_plain_python(name):
    """The program that is compiled for lanes, by the reference interpreter."""
    code = (Op("input", (), 0), Op(name, (0,)))
    program = in_vectors(Program(code, ("x",), (1,)), host_vectors()._replace(own=True))
    for x in [0.0, -0.0, 0.3, -2.0, 50.0, -700.0, 1e-310, math.inf, -math.inf, math.nan]:
        assert _is_near(program.evaluate([x])[0], TABLE[name].forward(x)), x


# -- arguments and results -------------------------------------------------------------------------


def test_shared_and_mapped_arguments(mapped, points):
    f = mapped(lambda w, x, c: w[0] * x[0] + w[1] * x[1] + c, in_axes=(None, 0, None))
    numpy.testing.assert_allclose(
        f([2.0, 3.0], points, 0.5), 2 * points[:, 0] + 3 * points[:, 1] + 0.5
    )
    numpy.testing.assert_allclose(f([1.0, 0.0], points, -1), points[:, 0] - 1.0)


def test_nested_axes_and_results(mapped, points):
    f = mapped(
        lambda p, t: {"a": [p["x"] * t, p["y"][0]], "b": p["y"][1] - p["k"]},
        in_axes=({"x": 0, "y": 1, "k": None}, 0),
    )
    y = points.T[:2]
    out = f({"x": points[:, 0], "y": y, "k": 4.0}, points[:, 2])
    assert list(out) == ["a", "b"]
    assert isinstance(out["a"], list)
    numpy.testing.assert_allclose(out["a"][0], points[:, 0] * points[:, 2])
    numpy.testing.assert_array_equal(out["a"][1], y[0])
    numpy.testing.assert_allclose(out["b"], y[1] - 4.0)


def test_tuples_named_tuples_and_dataclasses():
    class Point(NamedTuple):
        x: object
        y: object

    @dataclass
    class Pair:
        left: object
        right: object

    x = numpy.arange(5.0)
    out = vmap(lambda p, q: Point(p.x + q.left, (p.y, q.right)))(
        Point(x, 2 * x), Pair(3 * x, 4 * x)
    )
    assert type(out) is Point
    numpy.testing.assert_array_equal(out.x, 4 * x)
    numpy.testing.assert_array_equal(out.y[0], 2 * x)
    numpy.testing.assert_array_equal(out.y[1], 4 * x)


def test_arrays_in_arrays_out(points):
    out = vmap(lambda x: x[:2] * x[2])(points)
    numpy.testing.assert_array_equal(out, points[:, :2] * points[:, 2:])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_any_axis(axis):
    x = numpy.random.default_rng(3).normal(size=(4, 5, 6))
    out = vmap(lambda m: m * 2.0, in_axes=axis)(x)
    numpy.testing.assert_array_equal(out, 2.0 * numpy.moveaxis(x, axis, 0))


@pytest.mark.parametrize(
    "change",
    [
        numpy.asfortranarray,
        lambda x: numpy.repeat(x, 2, axis=0)[::2],
        lambda x: x[::-1][::-1],
        lambda x: x.astype(">f8"),
        lambda x: (
            numpy.frombuffer(b"0" + x.tobytes(), numpy.uint8)[1:].view(float).reshape(x.shape)
        ),
        lambda x: x.astype(object),
        lambda x: x.astype(numpy.longdouble),
    ],
    ids=["fortran", "strided", "reversed", "big-endian", "unaligned", "objects", "long"],
)
def test_layouts(change, points):
    out = vmap(lambda p: p[0] - p[1] * p[2])(change(points))
    numpy.testing.assert_array_equal(out, points[:, 0] - points[:, 1] * points[:, 2])


@pytest.mark.parametrize("kind", [numpy.float32, numpy.int8, numpy.uint64, bool])
def test_other_numbers_are_converted(kind):
    x = numpy.array([0, 1, 1, 0, 1]).astype(kind)
    assert vmap(lambda t: 3.0 * t)(x).tolist() == [0.0, 3.0, 3.0, 0.0, 3.0]


def test_arguments_are_not_written_to(points):
    points.setflags(write=False)
    before = points.copy()
    vmap(value_and_grad(tangled))(points)
    vmap(value_and_grad(tangled), reduce="sum")(points)
    numpy.testing.assert_array_equal(points, before)


def test_arrays_without_dimensions_are_shared():
    out = vmap(lambda x, c: x * c, in_axes=(0, None))(numpy.arange(3.0), numpy.array(2.0))
    assert out.tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 16, 1023, 1024, 1025, 3000])
def test_any_number_of_rows(mapped, rows):
    x = numpy.linspace(-2.0, 2.0, rows)
    f = mapped(lambda t: [t * t, t + 1.0])
    squares, sums = f(x)
    numpy.testing.assert_array_equal(squares, x * x)
    numpy.testing.assert_array_equal(sums, x + 1.0)
    total = mapped(lambda t: t * t, reduce="sum")(x)
    assert total == pytest.approx(math.fsum(x * x), rel=1e-14)


def test_results_that_do_not_vary():
    out = vmap(lambda x: [1.5, x, 2])(numpy.arange(3.0))
    assert [part.tolist() for part in out] == [[1.5] * 3, [0.0, 1.0, 2.0], [2.0] * 3]


def test_captured_values_are_read_at_every_call(mapped):
    w = Value(2.0)
    f = mapped(lambda x: w * x)
    x = numpy.arange(4.0)
    assert f(x).tolist() == [0.0, 2.0, 4.0, 6.0]
    w.data = 3.0
    assert f(x).tolist() == [0.0, 3.0, 6.0, 9.0]


def test_a_jitted_function_is_taken_apart():
    inner = jit(lambda x: x * x)
    assert vmap(inner)(numpy.arange(3.0)).tolist() == [0.0, 1.0, 4.0]


# -- arguments at fixed places ---------------------------------------------------------------------


def test_bound_arrays_are_read_at_every_call(points):
    both = value_and_grad(tangled)
    bound = vmap(both).bind(points)
    first = bound.result
    points[3] = [0.5, -0.5, 2.0]
    values, slopes = bound()
    assert values is first[0]
    numpy.testing.assert_array_equal(values, vmap(both)(points)[0])
    numpy.testing.assert_array_equal(slopes, vmap(both)(points)[1])


def test_bound_sums_follow_their_arrays_and_paths():
    w, x, v = numpy.array([2.0]), numpy.arange(-4.0, 5.0), Value(1.0)
    f = vmap(lambda w, t: [w[0] * kinked(t), v * t], in_axes=(None, 0), reduce="sum")
    bound = f.bind(w, x)
    assert [float(part) for part in bound()] == f(w, x)
    w[0], v.data = 3.0, 2.0
    x += 7.0
    assert [float(part) for part in bound()] == f(w, x) == [3.0 * sum(x * x), 2.0 * sum(x)]


def test_bound_arrays_have_to_be_as_machine_code_reads_them(points):
    with pytest.raises(TypeError, match=r"contiguous arrays of float64.*p is not"):
        vmap(lambda p: p[0]).bind(points.T)
    with pytest.raises(TypeError, match="ascontiguousarray"):
        vmap(lambda p: p[0]).bind(points.astype("f4"))


def test_large_results_stay_as_they_are_while_anybody_has_them():
    x = numpy.linspace(0.0, 1.0, 200_000)
    f = vmap(lambda t: [t + 1.0, {"twice": 2.0 * t}])
    first, second = f(x), f(-x)
    part = f(3.0 * x)[1]["twice"][5:9]
    f(7.0 * x)
    f(8.0 * x)
    numpy.testing.assert_array_equal(first[0], x + 1.0)
    numpy.testing.assert_array_equal(second[1]["twice"], -2.0 * x)
    numpy.testing.assert_array_equal(part, 6.0 * x[5:9])


def test_threads_get_large_results_of_their_own():
    f = vmap(lambda t: [t + 1.0, 2.0 * t])
    wrong = []

    def call(k):
        x = numpy.linspace(0.0, 1.0, 150_000) + k
        for _ in range(20):
            more, twice = f(x)
            if not ((more == x + 1.0).all() and (twice == 2.0 * x).all()):
                wrong.append(k)

    threads = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_memory_of_large_results_is_used_again():
    x = numpy.linspace(0.0, 1.0, 150_000)
    f = vmap(lambda t: t + 1.0)
    first = f(x)
    place, view = first.ctypes.data, first[:10]
    del first
    second = f(-x)
    assert second.ctypes.data != place
    numpy.testing.assert_array_equal(view, x[:10] + 1.0)
    del view
    assert f(3.0 * x).ctypes.data == place
    numpy.testing.assert_array_equal(second, 1.0 - x)


# -- no rows ---------------------------------------------------------------------------------------


def test_no_rows():
    empty = numpy.empty((0, 3))
    values, slopes = vmap(value_and_grad(tangled))(empty)
    assert values.shape == (0,)
    assert slopes.shape == (0, 3)
    total, slope = vmap(value_and_grad(tangled), reduce="sum")(empty)
    assert total == 0.0
    assert slope.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="no mean over no rows"):
        vmap(tangled, reduce="mean")(empty)


# -- sums ------------------------------------------------------------------------------------------


def test_sums_and_means(mapped, points):
    both = value_and_grad(tangled)
    rows = row_by_row(both, points.tolist())
    value = math.fsum(v for v, _ in rows)
    slope = [math.fsum(column) for column in zip(*[g for _, g in rows], strict=True)]
    for reduce, count in (("sum", 1), ("mean", ROWS)):
        total, slopes = mapped(both, reduce=reduce)(points)
        assert type(total) is float
        assert total == pytest.approx(value / count, rel=1e-13)
        assert slopes.shape == (3,)
        numpy.testing.assert_allclose(slopes, numpy.array(slope) / count, rtol=1e-12)


def kinked(x):
    return x * x if x > 0.3 else -3.0 * x


def test_sums_are_the_same_to_the_bit_in_any_run_with_any_threads_and_history():
    x = numpy.random.default_rng(5).normal(size=5000)
    first = vmap(value_and_grad(kinked), reduce="sum")
    expected = first(x)
    assert first(x) == expected
    other = vmap(value_and_grad(kinked), reduce="sum", threads=3)
    other(-abs(x))  # another path first
    assert other(x) == expected
    assert other(x) == expected
    assert other(x[:0]) == (0.0, 0.0)
    alone = vmap(value_and_grad(kinked), reduce="sum")
    positive = alone(abs(x) + 1.0)
    assert other(abs(x) + 1.0) == positive
    rows = [value_and_grad(kinked)(t) for t in x.tolist()]
    assert expected[0] == pytest.approx(math.fsum(v for v, _ in rows), rel=1e-13)
    assert expected[1] == pytest.approx(math.fsum(g for _, g in rows), rel=1e-13)


def test_sums_over_several_paths_take_little_memory_at_a_time(monkeypatch):
    x = numpy.random.default_rng(5).normal(size=5000)
    expected = vmap(value_and_grad(kinked), reduce="mean")(x)
    monkeypatch.setattr(batch_signatures, "AT_A_TIME", 1)
    assert vmap(value_and_grad(kinked), reduce="mean")(x) == expected
    monkeypatch.setattr(batch_signatures, "AT_A_TIME", 5000)
    assert vmap(value_and_grad(kinked), reduce="mean")(x) == expected


def test_nan_in_one_row_is_in_the_sum(mapped):
    x = numpy.ones(20)
    x[11] = math.nan
    assert math.isnan(mapped(lambda t: 2.0 * t, reduce="sum")(x))
    assert mapped(lambda t: 2.0 * t)(x).tolist().count(2.0) == 19


# -- paths -----------------------------------------------------------------------------------------


def newton(a):
    x = a
    for _ in range(60):
        new = 0.5 * (x + a / x)
        if abs(new - x) <= 1e-15 * abs(new):
            break
        x = new
    return x


def collatz(x):
    steps = 0
    while round(x) != 1:
        x = x / 2.0 if round(x) % 2 == 0 else 3.0 * x + 1.0
        steps += 1
    return x * steps


def sorted_three(p):
    low, middle, high = sorted(p)
    return low + 10.0 * middle + 100.0 * high


DECISIONS = {
    "kink": (kinked, numpy.linspace(-2.0, 2.0, 101)),
    "newton": (newton, numpy.geomspace(1e-3, 1e6, 101)),
    "collatz": (collatz, numpy.arange(1.0, 15.0)),
    "bisection": (
        lambda t: t if t == 0 else (2.0 * t if 0 < t < 1 else -t),
        numpy.array([0.0, -0.0, 0.5, 1.0, 2.0, math.nan, -1.0, math.inf]),
    ),
    "decided by a library function": (
        lambda t: autograd.sin(t) if autograd.exp(autograd.sin(t)) > 1.1 else t * t,
        numpy.linspace(-7.0, 7.0, 333),
    ),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_every_row_takes_its_own_path(mapped, name):
    f, x = DECISIONS[name]
    expected = [float(getattr(f(Value(t)), "data", f(Value(t)))) for t in x.tolist()]
    g = mapped(f)
    for _ in range(2):
        numpy.testing.assert_allclose(g(x), expected, rtol=1e-15)
    numpy.testing.assert_allclose(g(x[::-1]), expected[::-1], rtol=1e-15)


def test_sorting_rows(mapped, points):
    expected = numpy.sort(points, axis=1) @ [1.0, 10.0, 100.0]
    numpy.testing.assert_allclose(mapped(sorted_three)(points), expected, rtol=1e-14)


def test_gradients_of_rows_on_several_paths(mapped, points):
    expected = row_by_row(grad(sorted_three), points.tolist())
    numpy.testing.assert_array_equal(mapped(grad(sorted_three))(points), expected)


def test_too_many_paths_run_uncompiled():
    x = numpy.arange(1.0, 8.0)
    f = vmap(lambda t: t * int(t), max_paths=3)
    with pytest.warns(RuntimeWarning, match="3 different paths"):
        out = f(x)
    numpy.testing.assert_array_equal(out, x * x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numpy.testing.assert_array_equal(f(x), x * x)


def test_stats_count_the_paths():
    f = vmap(kinked)
    f(numpy.array([1.0, 2.0]))
    assert (f.stats().paths, f.stats().guards, f.stats().tiers) == (1, 1, ("compiled",))
    f(numpy.array([1.0, -2.0]))
    assert f.stats().paths == 2
    assert f.stats().compiling_seconds > 0.0


def test_pickles_carry_the_function_and_the_options():
    x = numpy.array([[1.0, -2.0], [3.0, 4.0]])
    f = pickle.loads(pickle.dumps(vmap(math.prod, in_axes=1, reduce="mean", threads=2)))
    assert f(x) == vmap(math.prod, in_axes=1, reduce="mean")(x) == -2.5
    assert f.threads == 2


# -- threads, callbacks, errors --------------------------------------------------------------------


def test_threads_change_nothing():
    x = numpy.random.default_rng(2).normal(size=(5000, 3))
    one, four = vmap(value_and_grad(tangled)), vmap(value_and_grad(tangled), threads=4)
    for a, b in zip(one(x), four(x), strict=True):
        numpy.testing.assert_array_equal(a, b)


def test_several_threads_may_call_one_function():
    x = numpy.random.default_rng(2).normal(size=4000)
    f = vmap(kinked)
    expected = f(x)
    results = []
    workers = [threading.Thread(target=lambda: results.append(f(x))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 8
    for out in results:
        numpy.testing.assert_array_equal(out, expected)


def test_what_no_machine_has_is_asked_of_python(mapped):
    x = numpy.linspace(0.5, 9.0, 21)
    out = mapped(autograd.lgamma, threads=2)(x)
    assert out.tolist() == [math.lgamma(t) for t in x]


def test_exceptions_of_callbacks_are_raised():
    def fussy(x):
        if x > 5.0:
            raise RuntimeError("above five")
        return x

    careful = autograd.primitive("vmap_fussy", fussy, lambda out, x: 1.0)
    f = vmap(lambda x: careful(x) * 2.0)
    assert f(numpy.arange(3.0)).tolist() == [0.0, 2.0, 4.0]
    with pytest.raises(RuntimeError, match="above five"):
        f(numpy.arange(9.0))


def test_exceptions_of_the_function_say_which_row():
    def f(x):
        if x > 2:
            raise ArithmeticError("too large")
        return x

    with pytest.raises(ArithmeticError, match="too large") as caught:
        vmap(f)(numpy.array([1.0, 2.0, 3.0]))
    assert "row 2" in caught.value.__notes__[0]


def test_numbers_that_escape_are_errors():
    with pytest.raises(RecordingError, match="data"):
        vmap(lambda x: x * x.data)(numpy.arange(3.0))


def test_nestings_that_differ_between_rows_are_errors():
    with pytest.raises(TypeError, match="different nestings"):
        vmap(lambda x: [x, x] if x > 1 else x)(numpy.arange(4.0))


# -- among Values ----------------------------------------------------------------------------------


def test_called_with_values_it_is_the_function_row_by_row():
    x = numpy.array([Value(1.0), Value(2.0)])
    out = vmap(lambda t: t * t)(x)
    assert isinstance(out[1], Value)
    out[1].backward()
    assert x[1].grad == 4.0
    w = Value(3.0)
    total = vmap(lambda w, t: w * t, in_axes=(None, 0), reduce="mean")(w, numpy.array([1.0, 3.0]))
    total.backward()
    assert (total.data, w.grad) == (6.0, 2.0)


def test_inside_a_recording():
    rows = numpy.arange(1.0, 4.0)
    inner = vmap(lambda w, t: w * t, in_axes=(None, 0), reduce="sum")
    assert grad(lambda w: inner(w, rows) * w)(5.0) == 60.0
    assert jit(grad(lambda w: inner(w, rows) * w))(5.0) == 60.0


def test_anomalies_are_found():
    with autograd.detect_anomaly(), pytest.raises(ArithmeticError):
        vmap(grad(autograd.sqrt))(numpy.array([1.0, -1.0]))
    # Floats would be watched by nobody.
    with autograd.detect_anomaly(), pytest.raises(FloatingPointError, match="log made nan"):
        vmap(autograd.log)(numpy.array([1.0, -1.0]))


def plus(x, y):
    return x + y


# -- where something is missing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "cached"),
    [
        ("llvmlite.binding", machine._llvm),
        ("numpy", sys.modules["autograd.compiler.vmap"]._require_numpy),
    ],
    ids=["llvmlite", "numpy"],
)
def test_without_an_optional_package(module, cached, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    cached.cache_clear()
    with pytest.raises(ImportError, match="pip install"):
        vmap(plus)
    monkeypatch.undo()
    cached.cache_clear()
    assert vmap(plus)(numpy.ones(1), numpy.ones(1)).tolist() == [2.0]


def test_a_processor_without_anything(monkeypatch):
    monkeypatch.setattr(simd_target, "cpu", lambda: ("generic", "+sse2,-avx2,-fma"))
    host_vectors.cache_clear()
    found = host_vectors(library=False)
    monkeypatch.undo()
    host_vectors.cache_clear()
    assert found == Vectors(
        lanes=2, names={}, own=platform.machine() in ("aarch64", "arm64"), scales=False
    )
    x = numpy.linspace(-2.0, 2.0, 9)
    numpy.testing.assert_allclose(
        Mapped(autograd.tanh, vectors=found)(x), numpy.tanh(x), rtol=1e-15
    )


# -- arguments that make no sense ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: vmap(plus)(numpy.ones(3), numpy.ones(4)), ValueError, "x has 3 and y has 4"),
        (lambda: vmap(plus)(numpy.ones(3), 1.0), TypeError, "maps y along axis 0.*None in in_axes"),
        (lambda: vmap(plus)([1.0, 2.0], numpy.ones(2)), TypeError, r"maps x\[0\].*numpy.array"),
        (lambda: vmap(plus, (0, 1))(numpy.ones(3), numpy.ones(3)), ValueError, r"axis 1.*\(3,\)"),
        (lambda: vmap(plus, (0,))(numpy.ones(3), numpy.ones(3)), ValueError, "1 entries.*2 arg"),
        (lambda: vmap(plus, (None, None))(1.0, 2.0), ValueError, "an axis for one"),
        (lambda: vmap(plus, None), ValueError, "in_axes=None"),
        (lambda: vmap(plus, "x")(numpy.ones(3), 1.0), TypeError, "an axis or None"),
        (lambda: vmap(plus, reduce="max"), ValueError, '"sum" or "mean"'),
        (lambda: vmap(plus, threads=0), ValueError, "whole number from 1"),
        (lambda: vmap(plus, max_paths=0), ValueError, "whole number from 1"),
        (lambda: vmap(3.0), TypeError, "takes a function"),
        (lambda: vmap(plus)(numpy.array(1.0), numpy.ones(3)), ValueError, r"x along axis 0.*\(\)"),
        (lambda: vmap(plus)(numpy.ones(3) * 1j, numpy.ones(3)), TypeError, "x must be.*complex"),
        (lambda: vmap(plus)(numpy.array(["a"]), numpy.ones(1)), TypeError, "x must be"),
        (
            lambda: vmap(sum, ([0, 0, 0],))([numpy.ones(2), numpy.ones(2)]),
            ValueError,
            "another nesting",
        ),
    ],
)
def test_errors_name_the_culprit(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
