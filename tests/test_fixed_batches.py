"""Bound batches: the way to the machine code is found once, and what is there now is computed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from work import functions_entered

import autograd
from autograd import Value, grad, value_and_grad, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

fixed_batches = pytest.importorskip("autograd.compiler.fixed_batches")
row_forms = pytest.importorskip("autograd.compiler.row_forms")


@pytest.fixture(autouse=True, params=["by Python", "in machine code"])
def often(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of this with calls that Python makes, and with such as are made after the first one."""
    if request.param == "in machine code":
        monkeypatch.setattr(fixed_batches, "OFTEN", 1)


def both(out: Any) -> list[float]:
    return [float(x) for part in out for x in np.ravel(part)]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_what_is_in_the_arrays_now_is_computed(reduce: str | None) -> None:
    """The same as by a call, to the bit, and without a look at the arguments."""
    f = vmap(value_and_grad(lambda w, x: autograd.tanh(w * x) * x), (None, 0), reduce=reduce)
    w, x = np.array(0.5), np.linspace(-1.0, 2.0, 21)
    bound = f.bind(w, x)
    for step in (0.25, -1.5, 3.0):
        w += step
        x *= step
        assert both(bound()) == both(f(w, x))
    entered = functions_entered(bound)
    assert not {"BatchSignature.sums", "BatchSignature.fill", "Mapped.__call__"} & {*entered}


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_rows_that_take_other_paths(reduce: str | None) -> None:
    """Some at first, then none, then all."""
    f = vmap(lambda x: x * 3 if x > 0 else -x, reduce=reduce)
    x = np.array([1.0, 2.0, 3.0])
    bound = f.bind(x)
    for content in ([1.0, -2.0, 3.0], [4.0, 5.0, 6.0], [-1.0, -2.0, -3.0], [1.0, 1.0, -1.0]):
        for _ in range(3):
            x[:] = content
            wanted = [3 * a if a > 0 else -a for a in content]
            got = bound()
            assert np.ravel(got).tolist() == (wanted if reduce is None else [sum(wanted)])


def test_after_a_while_the_short_way_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixed_batches, "PATIENCE", 3)
    x = np.array([1.0, 2.0])
    bound = vmap(lambda x: x * 3 if x > 0 else -x).bind(x)
    bound()
    x[0] = -1.0
    for _ in range(3):
        assert bound().tolist() == [1.0, 6.0]
        assert "BatchSignature.fill" in functions_entered(bound)
    x[0] = 1.0
    for _ in range(6):
        bound()
    assert "BatchSignature.fill" not in functions_entered(bound)
    assert bound().tolist() == [3.0, 6.0]


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_rows_whose_results_are_not_finite(reduce: str | None) -> None:
    """Where the short program for finite results says so, the full one follows."""
    f = vmap(grad(lambda x: autograd.where(x > 0.0, autograd.sqrt(x), 0.0)), reduce=reduce)
    x = np.array([4.0, 1.0, 0.25])
    bound = f.bind(x)
    for content in ([4.0, 1.0, 0.25], [4.0, 0.0, 0.25], [-1.0, 0.0, math.nan], [1.0, 1.0, 1.0]):
        for _ in range(2):
            x[:] = content
            wanted = f(x)
            np.testing.assert_array_equal(bound(), wanted)


@pytest.mark.parametrize("reduce", [None, "mean"])
def test_after_many_calls_none_enters_a_function_of_python(
    reduce: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as rows are on the path and finite; what is not goes the careful way, at once."""
    monkeypatch.setattr(fixed_batches, "OFTEN", 2)
    monkeypatch.setattr(fixed_batches, "PATIENCE", 1)
    f = vmap(value_and_grad(lambda x: autograd.sqrt(x) if x < 9.0 else x), reduce=reduce)
    x = np.array([1.0, 4.0, 0.25])
    bound = f.bind(x)
    for exception in (16.0, -1.0, 0.0):
        for _ in range(8):
            bound()
        for factor in (1.0, 0.5, 3.0):
            x[0] = factor
            assert functions_entered(bound) == []
            assert both(bound()) == both(f(x))
        assert bound() is bound.result
        x[0] = exception
        if exception == 16.0:  # for the others there is machine code, once there was one
            assert "_Calls.anew" in functions_entered(bound)
        np.testing.assert_array_equal(both(bound()), both(f(x)))
        x[0] = 1.0
        assert both(bound()) == both(f(x))


@pytest.mark.parametrize("rows", [63, 64, 70, 1024])
def test_two_vectors_at_a_time_give_the_bits_of_one(rows: int) -> None:
    """Of a short program over so many rows, in calls that come again and again."""

    def f(x: Any, y: Any) -> Any:
        return autograd.erf(x / y) * autograd.exp(x) + autograd.log(y * y) - autograd.tanh(x * y)

    mapped = vmap(value_and_grad(f, argnums=(0, 1)))
    x, y = np.random.default_rng(1).uniform(-3.0, 3.0, (2, rows))
    bound = mapped.bind(x, y)
    for content in (1.0, -2.0, 0.5):
        x *= content
        (value, slopes), (value_too, slopes_too) = bound(), mapped(x, y)
        np.testing.assert_array_equal([value, *slopes], [value_too, *slopes_too])


def test_what_takes_long_is_left_to_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that other threads run meanwhile."""
    kernels = pytest.importorskip("autograd.compiler.native.vector_kernels")
    monkeypatch.setattr(kernels, "MOST_WITH_LOCK", 100)
    x = np.linspace(0.0, 1.0, 70)
    bound = vmap(lambda x: x * x + x).bind(x)
    for _ in range(4):
        x += 1.0
        assert bound().tolist() == (x * x + x).tolist()
    assert "_Calls.anew" in functions_entered(bound)


def test_what_calls_python_is_left_to_python() -> None:
    cube = autograd.primitive("cube_of_tests", lambda x: x * x * x, lambda out, x: 3.0 * x * x)
    x = np.array([1.0, 2.0])
    bound = vmap(cube).bind(x)
    for number in (3.0, 4.0, 5.0):
        x[0] = number
        assert bound().tolist() == [number**3, 8.0]
    assert "_Calls.anew" in functions_entered(bound)


def test_captured_values_are_read_at_every_call() -> None:
    w, x = Value(2.0), np.array([1.0, 2.0])
    bound = vmap(lambda x: x * w, reduce="sum").bind(x)
    for number in (3.0, -1.0):
        w.data = number
        assert float(bound()) == 3.0 * number


def test_sums_stay_where_a_row_raises() -> None:
    """Nothing is written over them before all is known."""

    def f(x: Any) -> Any:
        if x < 0.0:
            raise ValueError("negative")
        return x * x

    x = np.array([1.0, 2.0])
    bound = vmap(f, reduce="sum").bind(x)
    assert float(bound()) == 5.0
    x[0] = -1.0
    with pytest.raises(ValueError, match="negative"):
        bound()
    assert float(bound.result) == 5.0


def test_machine_code_takes_the_place_of_the_interpreter() -> None:
    """In a bound function too, when it is ready."""

    def f(x: Any) -> Any:
        for i in range(400):
            x = autograd.sin(x) + 0.001 * i * x * (1.0 if i % 7 else 2.0)
        return x

    x = np.array([0.1, 0.2])
    mapped = vmap(grad(f))
    bound = mapped.bind(x)
    wanted = bound().tolist()
    while any(tier != "compiled" for tier in mapped.stats().tiers):
        bound()
    np.testing.assert_allclose(bound(), wanted, rtol=1e-9)
    assert bound().tolist() == mapped(x).tolist()


def test_many_rows_are_shared_out_as_before() -> None:
    x = np.linspace(0.0, 1.0, 5000)
    bound = vmap(lambda x: x * x, reduce="mean").bind(x)
    x += 1.0
    assert float(bound()) == pytest.approx(np.mean(x * x), rel=1e-14)
    assert "BatchSignature.sums" in functions_entered(bound)


def test_sums_of_no_rows() -> None:
    assert float(vmap(lambda x: x * x, reduce="sum").bind(np.zeros(0))()) == 0.0
    with pytest.raises(ValueError, match="there is no mean over no rows"):
        vmap(lambda x: x * x, reduce="mean").bind(np.zeros(0))


def test_derivatives_are_added_up_without_the_zero_that_they_begin_with() -> None:
    """Of a sum that begins with 0.0 it would change nothing but the work."""
    f = vmap(grad(lambda x: x[0] * x[1] * x[2]), reduce="sum")
    x = np.array([[1.0, 2.0, 3.0], [-0.0, 5.0, -0.0]])
    assert f(x).tolist() == [6.0, 3.0, 2.0]
    assert not np.signbit(vmap(grad(lambda x: -(x * x)), reduce="sum")(np.zeros(4)))
    [path] = next(iter(f._signatures.values())).paths
    instructions = path._instructions
    without, with_zeros = (
        row_forms.RowForm(instructions, is_sum, False) for is_sum in (True, False)
    )
    assert without.operations == with_zeros.operations - 3
