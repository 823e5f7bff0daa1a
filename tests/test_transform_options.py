"""What transforms accept: results beside the result, arguments chosen twice, one-element arrays,
None in nestings, numbers that are to be constant."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    check_grad,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    sin,
    stop_gradient,
    value_and_grad,
    vjp,
)

# -- has_aux ---------------------------------------------------------------------------------------


def cubed(x: Any) -> Any:
    return x**3, {"square": x * x, "name": "cube", "as it is": [1, None]}


AUX = {"square": 4.0, "name": "cube", "as it is": [1, None]}


def test_jax_s_shapes() -> None:
    """The aux comes last, but that of value_and_grad beside the value."""
    assert grad(cubed, has_aux=True)(2.0) == (12.0, AUX)
    assert value_and_grad(cubed, has_aux=True)(2.0) == ((8.0, AUX), 12.0)
    for jac in (jacobian, jacfwd, jacrev):
        assert jac(cubed, has_aux=True)(2.0) == (12.0, AUX)
    assert hessian(cubed, has_aux=True)(2.0) == (12.0, AUX)
    assert hvp(cubed, has_aux=True)(2.0, 3.0) == (36.0, AUX)
    assert jvp(cubed, (2.0,), (3.0,), has_aux=True) == (8.0, 36.0, AUX)
    value, pullback, aux = vjp(cubed, 2.0, has_aux=True)
    assert (value, pullback(3.0), aux) == (8.0, (36.0,), AUX)
    assert grad(grad(cubed, has_aux=True), has_aux=True)(2.0) == (12.0, AUX)


def test_sparse_transforms_have_it_too() -> None:
    pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    matrix, aux = autograd.sparse_hessian(lambda x: (x[0] ** 3, x[0] * 2), has_aux=True)([2.0])
    assert (matrix.toarray().tolist(), aux) == ([[12.0]], 4.0)
    matrix, aux = autograd.sparse_jacobian(lambda x: (x, x[0] * 2), has_aux=True)([2.0])
    assert (matrix.toarray().tolist(), aux) == ([[1.0]], 4.0)


def test_aux_may_be_anything() -> None:
    marker = object()
    endless: list[Any] = [marker]
    endless.append(endless)
    for aux in (marker, None, "text", endless, {1, 2}, np.arange(3), Value):
        assert grad(lambda x, aux=aux: (x, aux), has_aux=True)(1.0)[1] is aux


@dataclass(frozen=True)
class Record:
    score: Any
    name: str


def test_numbers_in_aux_are_plain_where_the_results_are() -> None:
    def f(x: Any) -> Any:
        return x * x, (x, [Record(2 * x, "a")], {"array": np.array([x, x * x])})

    _, (bare, (record,), table) = grad(f, has_aux=True)(3.0)
    assert (type(bare), bare, record) == (float, 3.0, Record(6.0, "a"))
    assert table["array"].dtype == float
    assert table["array"].tolist() == [3.0, 9.0]
    x = Value(3.0)
    gradient, (bare, _, table) = grad(f, has_aux=True)(x)
    assert isinstance(bare, Value)
    table["array"][1].backward()
    assert (gradient.data, x.grad) == (6.0, 6.0)


def test_aux_is_no_part_of_the_derivative() -> None:
    assert grad(lambda x: (x, x**9), has_aux=True)(2.0)[0] == 1.0
    outer = grad(lambda y: grad(lambda x: (x * y, x * x * y), has_aux=True)(y)[1])
    assert outer(2.0) == 12.0  # of y**3


def test_a_missing_pair_is_told() -> None:
    for result in (lambda x: x, lambda x: (x, 1, 2), lambda x: [x, 1]):
        with pytest.raises(TypeError, match=r"grad with has_aux=True needs.*\(result, aux\)"):
            grad(result, has_aux=True)(1.0)
    for result in (cubed, lambda x: (x, x)):
        with pytest.raises(TypeError, match=r"say so: has_aux=True"):
            grad(result)(1.0)


def test_compiled_with_aux() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    f = lambda x: (x**3, {"square": x * x})  # noqa: E731
    compiled = autograd.jit(value_and_grad(f, has_aux=True))
    for x in (2.0, 3.0):
        assert compiled(x) == value_and_grad(f, has_aux=True)(x)
    constant = autograd.jit(grad(lambda x: (3.0, x * 2), has_aux=True))
    assert [constant(x) for x in (1.0, 5.0)] == [(0.0, 2.0), (0.0, 10.0)]


# -- an argument chosen twice ----------------------------------------------------------------------


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), (1, 0, 1), (-1, 1), (0, 1, 0, 1)])
def test_an_argument_chosen_twice_has_its_derivative_in_each_place(argnums: Any) -> None:
    f = lambda x, y: x[0] ** 3 * x[1] * y  # noqa: E731
    point = ([2.0, 5.0], 7.0)
    once = grad(f, (0, 1))(*point)
    twice = grad(f, argnums)(*point)
    assert twice == tuple(once[i] for i in argnums)
    both = jacobian(lambda *p: [f(*p), f(*p) ** 2, 1.0, f(*p), 2.0], argnums)(*point)
    assert both[3] == twice
    assert jacrev(lambda *p: [f(*p)], argnums)(*point)[0] == twice
    assert jacfwd(lambda *p: [f(*p)], argnums)(*point)[0] == twice
    second = hessian(lambda x, y: x**3 * y, (0, 1))(2.0, 7.0)
    rows = hessian(lambda x, y: x**3 * y, argnums)(2.0, 7.0)
    assert rows == tuple(tuple(second[i][j] for j in argnums) for i in argnums)


def test_twice_in_a_sparse_matrix() -> None:
    pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    f = lambda x: sin(x[0]) * x[1]  # noqa: E731
    x = [0.3, 0.7]
    once, twice = autograd.sparse_hessian(f)(x), autograd.sparse_hessian(f, (0, 0))(x)
    np.testing.assert_allclose(twice.toarray(), np.tile(once.toarray(), (2, 2)), rtol=1e-14)
    rows = lambda x: [x[0] * x[1], x[1], x[0] ** 2]  # noqa: E731
    once, twice = autograd.sparse_jacobian(rows)(x), autograd.sparse_jacobian(rows, (0, 0))(x)
    np.testing.assert_array_equal(twice.toarray(), np.tile(once.toarray(), (1, 2)))


# -- one number ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_an_array_of_one_number_is_one_number(shape: tuple[int, ...]) -> None:
    x = np.full(shape, 5.0)
    f = lambda x: (x - 3.0) ** 2  # noqa: E731
    value, gradient = value_and_grad(f)(x)
    assert type(value) is float
    assert value == 4.0
    assert gradient.shape == shape
    assert gradient.item() == grad(f)(x).item() == 4.0
    assert hessian(f)(x).shape == shape + shape
    assert hessian(f)(x).item() == 2.0


def test_scipy_starts_from_one_number() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    f = lambda x: (x - 3) ** 2  # noqa: E731
    found = optimize.minimize(value_and_grad(f), 0.0, jac=True)
    assert found.x[0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    "result", [lambda x: [x], lambda x: np.array([x, x]), lambda x: np.array([])]
)
def test_lists_and_other_arrays_are_not_one_number(result: Any) -> None:
    with pytest.raises(TypeError, match="returns one number"):
        grad(result)(1.0)


# -- None in a nesting -----------------------------------------------------------------------------


def test_none_in_a_nesting_is_carried_along() -> None:
    point = {"w": 2.0, "bias": None, "more": [None, 3.0]}
    f = lambda p: p["w"] ** 2 * p["more"][1] if p["bias"] is None else p["bias"]  # noqa: E731
    right = {"w": 12.0, "bias": None, "more": [None, 4.0]}
    assert grad(f)(point) == right
    assert vjp(f, point)[1](1.0) == (right,)
    assert jvp(f, (point,), (right,))[1] == 12.0**2 + 4.0**2
    assert jacobian(lambda x: [x * x, None])(3.0) == [6.0, None]
    assert grad(lambda x, y: x * x, argnums=(0, 1))(3.0, None) == (6.0, None)
    assert check_grad(f, point).ok


def test_a_nesting_without_and_with_none_differ() -> None:
    with pytest.raises(TypeError, match="must have the nesting"):
        jvp(lambda p: p[0], ([2.0, None],), ([1.0, 1.0],))


def test_none_alone_is_no_number() -> None:
    """It is what a function without a return statement gives."""
    for call in (lambda: jacobian(lambda x: None)(1.0), lambda: grad(lambda x: x)(None)):
        with pytest.raises(TypeError, match="got None"):
            call()


def test_none_in_compiled_functions() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    f = lambda p: p[0] * 2 if p[1] is None else p[0] * p[1]  # noqa: E731
    compiled = autograd.jit(grad(f))
    for _ in range(3):
        assert compiled([3.0, None]) == [2.0, None]
        assert compiled([3.0, 5.0]) == [5.0, 3.0]
    second = autograd.jit(lambda x, y: x if y is None else x + y)
    assert [second(1.0, None), second(1.0, 2.0), second(4.0, None)] == [1.0, 3.0, 4.0]
    rows = autograd.vmap(lambda p: [p[0] ** 2, None])([np.array([1.0, 2.0]), None])
    assert rows[0].tolist() == [1.0, 4.0]
    assert rows[1] is None


# -- dataclasses -----------------------------------------------------------------------------------


@dataclass
class WithClassVar:
    x: Any
    scale: ClassVar[float] = 3.0


@dataclass
class WithInitVar:
    x: Any
    start: InitVar[float]
    y: Any = 0.0

    def __post_init__(self, start: float) -> None:
        self.y = self.y + start


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    x: Any
    y: Any = field(default_factory=lambda: 1.0)
    derived: Any = field(init=False, default=2.0)


@dataclass
class Inherited(WithClassVar):
    extra: Any = 5.0
    count: ClassVar[int] = 0
    unused: Any = None


POINTS = [
    WithClassVar(2.0),
    WithInitVar(2.0, 4.0),
    Frozen(x=2.0),
    Inherited(2.0),
]


@pytest.mark.parametrize("point", POINTS, ids=lambda p: type(p).__name__)
def test_dataclasses(point: Any) -> None:
    """Their fields are differentiated; what belongs to the class or to __init__ alone is none."""
    f = lambda p: p.x**2 * 3.0  # noqa: E731
    found = grad(f)(point)
    assert type(found) is type(point)
    assert found.x == 12.0
    names = {x.name for x in dataclasses.fields(point)}
    assert all(getattr(found, n) in (0.0, None) for n in names - {"x"})
    assert check_grad(f, point).ok
    assert hessian(f)(point).x.x == 6.0
    assert jvp(f, (point,), (point,))[1] == 24.0


@pytest.mark.parametrize("point", POINTS, ids=lambda p: type(p).__name__)
def test_dataclasses_in_compiled_functions(point: Any) -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    f = lambda p: p.x**2 * 3.0  # noqa: E731
    compiled = autograd.jit(grad(f))
    assert [compiled(point).x for _ in range(3)] == [12.0] * 3
    fields = {x.name: getattr(point, x.name) for x in dataclasses.fields(point)}
    batch = object.__new__(type(point))
    for name, value in fields.items():
        filled = value if value is None else np.full(3, value)
        object.__setattr__(batch, name, filled)
    assert autograd.vmap(f)(batch).tolist() == [12.0] * 3
    assert autograd.vmap(grad(f))(batch).x.tolist() == [12.0] * 3


# -- stop_gradient ---------------------------------------------------------------------------------


def test_stop_gradient_is_constant_to_every_transform() -> None:
    f = lambda x: x * stop_gradient(x * x)  # noqa: E731
    assert grad(f)(3.0) == jacfwd(f)(3.0) == jvp(f, (3.0,), (1.0,))[1] == 9.0
    assert grad(grad(f))(3.0) == 0.0
    x = Value(3.0)
    f(x).backward()
    assert x.grad == 9.0
    w = Value(2.0)
    assert type(grad(lambda t: sin(stop_gradient(w) * t))(0.5)) is float


def test_stop_gradient_of_a_nesting() -> None:
    x = Value(3.0)
    held = stop_gradient({"a": [x, 1, None, "text"], "b": np.array([x * x, 2.0])})
    assert held["a"][1:] == [1, None, "text"]
    assert held["a"][0].data == 3.0
    (held["a"][0] * held["b"][0] + x).backward()
    assert x.grad == 1.0
    assert stop_gradient(2.0) == 2.0
    assert stop_gradient("text") == "text"


def test_a_stopped_value_stays_live_in_a_compiled_function() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    compiled = autograd.jit(value_and_grad(lambda x: x * stop_gradient(x * x)))
    assert [compiled(x) for x in (3.0, 2.0)] == [(27.0, 9.0), (8.0, 4.0)]
    plain = autograd.jit(lambda x: stop_gradient([x, x * 2]))
    assert [plain(x) for x in (3.0, 2.0)] == [[3.0, 6.0], [2.0, 4.0]]


# -- which way a Jacobian is taken -----------------------------------------------------------------


def test_a_tall_jacobian_is_taken_forward_and_a_wide_one_in_reverse(monkeypatch: Any) -> None:
    taken: list[str] = []
    run = autograd.transforms.linearization.Linearization
    for name in ("push_each", "pull_each"):
        original = getattr(run, name)

        def counted(self: Any, name: str = name, original: Any = original) -> Any:
            taken.append(name)
            return original(self)

        monkeypatch.setattr(run, name, counted)
    f = lambda x: [sin(x[0] * x[1]), x[0] ** 3, x[1] / x[0]]  # noqa: E731
    tall = jacobian(f)([0.3, 0.7])
    np.testing.assert_allclose(np.array(tall), np.array(jacrev(f)([0.3, 0.7])), rtol=1e-15)
    jacobian(lambda x: [sin(y) for y in x])([1.0, 2.0])
    jacobian(lambda x: x[0])([1.0, 2.0])
    assert taken == ["push_each", "pull_each", "pull_each", "pull_each"]


def cancelling(x: Any) -> Any:
    root = autograd.sqrt(x)
    return [root - root, x * x, x]


def test_where_infinities_cancel_the_reverse_passes_count() -> None:
    assert jacobian(cancelling)(0.0) == [0.0, 0.0, 1.0]
    assert [x.data for x in jacobian(cancelling)(Value(0.0))] == [0.0, 0.0, 1.0]
    assert math.isnan(jacfwd(cancelling)(0.0)[0])


def test_a_compiled_jacobian_is_the_uncompiled_one() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    compiled = autograd.jit(jacobian(cancelling))
    for x in (4.0, 0.0, 9.0, 0.0):
        assert compiled(x) == jacobian(cancelling)(x)
    f = lambda p: [autograd.exp(p[0] * t) * p[1] - sin(t * p[1]) for t in range(7)]  # noqa: E731
    compiled = autograd.jit(jacobian(f))
    for p in ([0.1, 0.2], [-0.3, 1.5]):
        assert compiled(p) == jacobian(f)(p)
    rows = autograd.vmap(jacobian(cancelling))(np.array([4.0, 0.0, 9.0]))
    assert [column.tolist() for column in rows] == [[0.0] * 3, [8.0, 0.0, 18.0], [1.0] * 3]


def test_a_recorded_jacobian_grows_with_its_inputs_not_with_its_results() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")

    def operations(results: int) -> int:
        def f(p: Any) -> Any:
            x = p[0]
            for _ in range(60):
                x = sin(x * p[1])
            return [x * float(i) for i in range(results)]

        compiled = autograd.jit(jacobian(f))
        compiled([0.3, 0.7])
        return int(compiled.stats().operations)

    few, many = operations(5), operations(40)
    assert many - few <= 10 * 35
