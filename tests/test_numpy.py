"""Where Values meet NumPy: scalars on either side, object arrays, and autograd's own functions."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.engine.primitives import TABLE

np = pytest.importorskip("numpy")

ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.mod,
    operator.floordiv,
]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
SCALARS = [
    np.float64(2.0),
    np.float32(2.0),
    np.float16(2.0),
    np.longdouble(2.0),
    np.int64(2),
    np.int8(2),
    np.uint16(2),
    np.array(2.0),
    np.array(2),
]
ids = [f"{type(x).__name__}-{x.dtype}" for x in SCALARS]


def data(x: Any) -> Any:
    """The numbers of an array of Values (or of one), gradients left behind."""
    return np.vectorize(lambda v: getattr(v, "data", v), otypes=[float])(x)


def grads(x: Any) -> Any:
    return np.vectorize(lambda v: v.grad, otypes=[float])(x)


def values(x: Any) -> Any:
    """An object array with a leaf for each number."""
    return np.vectorize(Value, otypes=[object])(x)


# Scalars ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scalar", SCALARS, ids=ids)
def test_scalars_are_numbers(scalar: Any) -> None:
    """As data, gradient and seed; what is kept is a Python float."""
    v = Value(scalar)
    v.grad = scalar
    assert (type(v.data), v.data, type(v.grad), v.grad) == (float, 2.0, float, 2.0)
    v.backward(scalar)
    assert v.grad == 4.0


@pytest.mark.parametrize("scalar", SCALARS, ids=ids)
@pytest.mark.parametrize("compute", ARITHMETIC)
def test_scalars_as_operands(compute: Callable[[Any, Any], Any], scalar: Any) -> None:
    """On either side the result is a Value, with the number that a float gives, and one parent."""
    v = Value(7.0)
    for out, expected in (
        (compute(v, scalar), compute(7.0, 2.0)),
        (compute(scalar, v), compute(2.0, 7.0)),
    ):
        assert type(out) is Value
        assert out.data == expected
        assert out.parents == (v,)
        assert all(type(x) in (Value, float) for x in out.inputs)


@pytest.mark.parametrize("scalar", SCALARS, ids=ids)
@pytest.mark.parametrize("compare", COMPARISONS)
def test_scalars_in_comparisons(compare: Callable[[Any, Any], Any], scalar: Any) -> None:
    """A Value on the left gives a plain bool; on the right the answer is the same."""
    for x in (1.0, 2.0, 3.0):
        assert compare(Value(x), scalar) is compare(x, 2.0)
        assert bool(compare(scalar, Value(x))) is compare(2.0, x)


def test_bools_are_numbers() -> None:
    """np.True_ is 1, as True is."""
    assert Value(np.True_).data == 1.0
    assert (Value(2.0) + np.True_).data == 3.0
    assert (np.True_ + Value(2.0)).data == 3.0


@pytest.mark.parametrize("culprit", [np.complex128(1j), np.array([1.0]), np.array(["1"])])
def test_what_is_no_real_number(culprit: Any) -> None:
    """A complex scalar, or an array where one number belongs."""
    with pytest.raises(TypeError, match="Value's data must be a real number"):
        Value(culprit)
    with pytest.raises(TypeError, match=r"backward's gradient must be a real number"):
        Value(1.0).backward(culprit)


def test_a_value_does_not_become_a_float_by_accident() -> None:
    """A float array won't take a Value: the gradient would be lost."""
    v = Value(2.0)
    floats = np.zeros(2)
    with pytest.raises(TypeError, match=r"would lose its gradient.* v\.data"):
        floats[0] = v
    with pytest.raises(TypeError, match="would lose its gradient"):
        np.array([v, 1.0]).astype(float)
    with pytest.raises(TypeError, match="would lose its gradient"):
        np.float64(v)


# Arrays and one Value -----------------------------------------------------------------------------


@pytest.mark.parametrize("compute", ARITHMETIC)
def test_a_float_array_and_a_value(compute: Callable[[Any, Any], Any]) -> None:
    """An object array of Values, elementwise, on either side."""
    v, array = Value(1.5), np.array([[1.0, 2.0, 5.0], [0.5, 0.25, 3.0]])
    for out, expected in (
        (compute(array, v), compute(array, 1.5)),
        (compute(v, array), compute(1.5, array)),
    ):
        assert out.dtype == object
        assert out.shape == (2, 3)
        assert all(type(x) is Value and x.parents == (v,) for x in out.flat)
        assert data(out) == pytest.approx(expected, rel=1e-15)


def test_an_array_of_one_value_without_dimensions() -> None:
    """np.array(v) counts as v."""
    v = Value(3.0)
    for out in (np.array(v) * v, v * np.array(v), autograd.square(np.array(v))):
        v.grad = 0.0
        out.backward()
        assert (out.data, v.grad) == (9.0, 6.0)


@pytest.mark.parametrize("culprit", ["1", None, 1j])
@pytest.mark.parametrize("left", [True, False])
def test_an_array_of_what_is_no_number(culprit: Any, left: bool) -> None:
    """The element is named, not the array."""
    array, v = np.array([culprit], dtype=object), Value(1.0)
    with pytest.raises(TypeError, match="an operand of a Value must be") as error:
        array * v if left else v * array
    assert repr(culprit) in str(error.value)


# Arrays of Values ---------------------------------------------------------------------------------

A = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -1.5]])
B = np.array([[2.0, 0.25, 1.0], [-1.0, 3.0, 0.75]])


@pytest.mark.parametrize("compute", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_arithmetic_of_arrays(compute: Callable[[Any, Any], Any]) -> None:
    """+ - * / with arrays of Values, of floats, and with numbers; gradients elementwise."""
    a, b = values(A), values(B)
    for out in (compute(a, b), compute(a, B), compute(A, b)):
        assert out.dtype == object
        assert data(out) == pytest.approx(compute(A, B), rel=1e-15)
    assert data(compute(a, 2)) == pytest.approx(compute(A, 2.0), rel=1e-15)
    assert data(compute(2, a)) == pytest.approx(compute(2.0, A), rel=1e-15)
    np.sum(compute(a, b)).backward()
    step = 1e-6
    slope = (compute(A + step, B) - compute(A - step, B)) / (2 * step)
    assert grads(a) == pytest.approx(slope, rel=1e-8)


def test_negation_and_absolute_value() -> None:
    """Unary operators of an array reach its elements."""
    a = values(A)
    assert data(-a) == pytest.approx(-A)
    assert data(abs(a)) == pytest.approx(abs(A))


def test_in_place_arithmetic() -> None:
    """An object array takes Values in place; a float array refuses."""
    a = values(A)
    a += 1
    a *= values(B)
    assert data(a) == pytest.approx((A + 1) * B)
    floats = A.copy()
    with pytest.raises(TypeError):
        floats += Value(1.0)
    assert (floats == A).all()


def test_broadcasting() -> None:
    """A row of Values and a column of numbers make a matrix; each Value gets the sum of its
    column."""
    row = values([1.0, 2.0, 3.0])
    out = row * np.array([[10.0], [20.0]])
    assert data(out).tolist() == [[10.0, 20.0, 30.0], [20.0, 40.0, 60.0]]
    np.sum(out).backward()
    assert grads(row).tolist() == [30.0, 30.0, 30.0]


@pytest.mark.parametrize("multiply", [operator.matmul, np.matmul, np.dot])
def test_matrix_products(multiply: Callable[[Any, Any], Any]) -> None:
    """Matrix by matrix, by vector and vector by vector; ∂ΣC/∂A = 1·Bᵀ and ∂ΣC/∂B = Aᵀ·1."""
    a, b = values(A), values(B.T)
    for out in (multiply(a, b), multiply(a, B.T), multiply(A, b)):
        assert data(out) == pytest.approx(A @ B.T, rel=1e-14)
    np.sum(multiply(a, b)).backward()
    assert grads(a) == pytest.approx(np.ones((2, 2)) @ B)
    assert grads(b) == pytest.approx(A.T @ np.ones((2, 2)))
    assert data(multiply(a, B[0])) == pytest.approx(A @ B[0])
    assert data(multiply(B[:, 0], a)) == pytest.approx(B[:, 0] @ A)
    product = multiply(a[0], b[:, 1])
    assert type(product) is Value
    assert product.data == pytest.approx(A[0] @ B[1])


@pytest.mark.parametrize(
    ("reduce", "slope"),
    [
        (np.sum, [1.0, 1.0, 1.0]),
        (np.mean, [1 / 3, 1 / 3, 1 / 3]),
        (np.prod, [20.0, 10.0, 8.0]),
        (np.max, [0.0, 0.0, 1.0]),
        (np.min, [1.0, 0.0, 0.0]),
        (np.linalg.norm, [2 / math.sqrt(45), 4 / math.sqrt(45), 5 / math.sqrt(45)]),
        (lambda x: x.sum(), [1.0, 1.0, 1.0]),
        (lambda x: np.cumsum(x)[-1], [1.0, 1.0, 1.0]),
        (lambda x: np.einsum("i,i->", x, x), [4.0, 8.0, 10.0]),
    ],
)
def test_reductions(reduce: Callable[[Any], Any], slope: list[float]) -> None:
    """At (2, 4, 5), by hand: one Value, and what flows back."""
    x = values([2.0, 4.0, 5.0])
    out = reduce(x)
    assert type(out) is Value
    assert out.data == pytest.approx(reduce(np.array([2.0, 4.0, 5.0])))
    out.backward()
    assert grads(x) == pytest.approx(slope)


def test_reductions_along_an_axis() -> None:
    """Rows and columns."""
    a = values(A)
    assert data(np.sum(a, axis=0)) == pytest.approx(A.sum(axis=0))
    assert data(np.mean(a, axis=1)) == pytest.approx(A.mean(axis=1))
    assert data(a.sum(axis=1, keepdims=True)) == pytest.approx(A.sum(axis=1, keepdims=True))


UFUNCS = [
    row
    for row in TABLE.values()
    if row.is_method and row.builtin and isinstance(getattr(np, row.numpy_name, None), np.ufunc)
]


def test_names_given_for_numpy_are_ufuncs() -> None:
    """A row says the name only where it is another one than its own."""
    for row in TABLE.values():
        if row.builtin and row.numpy_name != row.name:
            assert isinstance(getattr(np, row.numpy_name), np.ufunc)
    assert len(UFUNCS) >= 27


@pytest.mark.parametrize("row", UFUNCS, ids=lambda row: row.numpy_name)
def test_unary_ufuncs(row: autograd.Primitive) -> None:
    """np.exp(array of Values) is what autograd.exp gives for each, gradients included, and NumPy's
    own to a few ulp. Of a step NumPy makes plain ints, which have no gradient to lose."""
    numbers = np.array([1.25, 1.5, 2.5]) if row.name == "acosh" else np.array([0.25, 0.5, 0.75])
    ufunc = getattr(np, row.numpy_name)
    x = values(numbers)
    out = ufunc(x)
    assert data(out).tolist() == [row(number) for number in numbers.tolist()]
    assert data(out) == pytest.approx(ufunc(numbers), rel=1e-14)
    if row.name not in ("sign", "floor", "ceil"):
        np.sum(out).backward()
        assert grads(x) == pytest.approx([row(Value(number)).partials[0] for number in numbers])
        assert type(ufunc(x[0])) is Value


def test_a_ufunc_that_values_lack_is_an_error() -> None:
    """Never a silent float."""
    for ufunc in (np.spacing, np.isnan, np.logaddexp):
        with pytest.raises(TypeError):
            ufunc(*[values([1.0])] * ufunc.nin)


def test_sorting_and_selecting() -> None:
    """By the data; the Values that come out are those that went in."""
    x = values([3.0, 1.0, 2.0])
    assert np.sort(x).tolist() == [1.0, 2.0, 3.0]
    assert np.argmax(x) == 0
    assert (x > 1.5).tolist() == [True, False, True]
    assert (x == np.array([3.0, 0.0, 2.0])).tolist() == [True, False, True]
    chosen = np.where(x > 1.5, x, 0.0)
    assert chosen[0] is x[0]
    assert chosen[1] == 0.0


def test_copies_of_arrays_share_as_the_array_did() -> None:
    """Deep copies and pickles of an array keep one node for one node."""
    v = Value(2.0)
    array = np.array([v, v * 3, v])
    for again in (copy.deepcopy(array), pickle.loads(pickle.dumps(array))):
        assert again[0] is again[2] is not v
        again[1].backward()
        assert again[0].grad == 3.0
    assert v.grad == 0.0


# autograd's functions of arrays -------------------------------------------------------------------


def test_functions_of_float_arrays_give_float_arrays() -> None:
    """Elementwise, of any shape, integers too."""
    out = autograd.exp(A)
    assert (out.dtype, out.shape) == (float, (2, 3))
    assert out == pytest.approx(np.exp(A), rel=1e-15)
    assert autograd.sqrt(np.array([1, 4, 9])).tolist() == [1.0, 2.0, 3.0]
    assert autograd.exp(np.zeros((2, 0))).shape == (2, 0)
    assert autograd.exp(np.array(0.0)) == 1.0


def test_functions_of_arrays_of_values() -> None:
    """Elementwise, Values and numbers mixed, with broadcasting."""
    v = Value(0.5)
    out = autograd.exp(np.array([v, 1.0]))
    assert out[0].op == "exp"
    assert out[1] == math.e
    angles = autograd.atan2(np.array([[v], [1.0]]), np.array([1.0, 2.0]))
    assert data(angles) == pytest.approx(np.arctan2([[0.5], [1.0]], [1.0, 2.0]))
    chosen = autograd.where(np.array([True, False]), v, np.array([1.0, 2.0]))
    assert data(chosen).tolist() == [0.5, 2.0]


def test_functions_over_a_sequence_take_arrays() -> None:
    """Of any shape, element by element: one node."""
    a = values(A)
    total = autograd.sum(a)
    assert (total.op, len(total.parents), total.data) == ("sum", 6, A.sum())
    assert autograd.mean(A) == A.mean()
    assert autograd.dot(a[0], B[0]).data == pytest.approx(A[0] @ B[0])
    assert autograd.max(a).data == 4.0
    assert data(autograd.softmax(a[0])) == pytest.approx(np.exp(A[0]) / np.exp(A[0]).sum())
    assert type(autograd.norm(A)) is float


# A program written for NumPy ----------------------------------------------------------------------


class TwoLayers:
    """A network with its training step, written for float arrays, in NumPy and nothing else."""

    def __init__(self, W1: Any, b1: Any, W2: Any, b2: Any) -> None:
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def forward(self, X: Any) -> Any:
        self.H = self.sigmoid(np.dot(X, self.W1) + self.b1)
        return self.sigmoid(np.dot(self.H, self.W2) + self.b2)

    def loss(self, X: Any, y: Any) -> Any:
        return np.mean(0.5 * (y - self.forward(X)) ** 2)

    def gradients(self, X: Any, y: Any) -> list[Any]:
        """By hand, as such programs do it."""
        out = self.forward(X)
        delta = (out - y) * out * (1 - out) / y.size
        below = (delta @ self.W2.T) * self.H * (1 - self.H)
        return [X.T @ below, below.sum(axis=0), self.H.T @ delta, delta.sum(axis=0)]


def test_a_numpy_network_runs_unchanged() -> None:
    """On arrays of Values a batch gives the same loss, and backward the hand-derived gradients."""
    rng = np.random.default_rng(231)
    shapes = [(2, 3), (3,), (3, 1), (1,)]
    numbers = [rng.uniform(-1, 1, shape) for shape in shapes]
    X, y = rng.uniform(-1, 1, (5, 2)), rng.uniform(0, 1, (5, 1))
    plain = TwoLayers(*numbers)
    parameters = [values(x) for x in numbers]
    network = TwoLayers(*parameters)
    loss = network.loss(X, y)
    assert loss.data == pytest.approx(plain.loss(X, y), rel=1e-14)
    loss.backward()
    for parameter, gradient in zip(parameters, plain.gradients(X, y), strict=True):
        assert grads(parameter) == pytest.approx(gradient, rel=1e-12)


def test_variance_and_standard_deviation() -> None:
    """np.var and np.std of an array of Values have the derivative that is found by hand."""
    xs = np.array([Value(1.0), Value(2.0), Value(6.0)])
    np.var(xs).backward()
    assert [x.grad for x in xs] == pytest.approx([-4 / 3, -2 / 3, 2.0])  # 2 (x - mean) / n
    assert np.std(xs).data == pytest.approx(math.sqrt(14 / 3))
