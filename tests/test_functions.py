"""Functions: over sequences, of plain numbers, and primitives of one's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import work_grows_with

import autograd
import nn
from autograd import Value
from autograd.engine.graph import Graph
from autograd.engine.primitives import TABLE, Primitive

INF, NAN = math.inf, math.nan


def values(numbers: Iterable[float]) -> list[Value]:
    return [Value(x) for x in numbers]


def gradients(out: Value, inputs: Iterable[Value]) -> list[float]:
    out.backward()
    return [x.grad for x in inputs]


# Over a sequence ----------------------------------------------------------------------------------

E3 = math.exp(1) + math.exp(2) + math.exp(3)
SHARES = [math.exp(k) / E3 for k in (1, 2, 3)]

OVER = [
    # Function, its value at [1, 2, 3] and its gradient there, by hand.
    (autograd.sum, 6.0, [1.0, 1.0, 1.0]),
    (autograd.prod, 6.0, [6.0, 3.0, 2.0]),
    (autograd.mean, 2.0, [1 / 3, 1 / 3, 1 / 3]),
    (autograd.norm, math.sqrt(14), [k / math.sqrt(14) for k in (1, 2, 3)]),
    (autograd.logsumexp, math.log(E3), SHARES),
    (autograd.max, 3.0, [0.0, 0.0, 1.0]),
    (autograd.min, 1.0, [1.0, 0.0, 0.0]),
    (lambda xs: autograd.dot(xs, xs), 14.0, [2.0, 4.0, 6.0]),
    (lambda xs: autograd.softmax(xs)[1], SHARES[1], [-SHARES[1] * SHARES[0], None, None]),
    (lambda xs: autograd.log_softmax(xs)[0], math.log(SHARES[0]), [None, -SHARES[1], -SHARES[2]]),
]
over_a_sequence = pytest.mark.parametrize(("function", "value", "gradient"), OVER)


@over_a_sequence
def test_values_and_gradients(
    function: Callable[[Any], Value], value: float, gradient: list[float | None]
) -> None:
    """Of three Values, and one node for all of them; a share stands above what all have in
    common."""
    xs = values([1.0, 2.0, 3.0])
    out = function(xs)
    assert out.data == pytest.approx(value, rel=1e-15)
    assert set(out.parents) == set(xs) or "share" in out.op
    for got, want in zip(gradients(out, xs), gradient, strict=True):
        assert want is None or got == pytest.approx(want, rel=1e-14)


@over_a_sequence
def test_any_kind_of_sequence(
    function: Callable[[Any], Any], value: float, gradient: list[float | None]
) -> None:
    """Lists, tuples and arrays, of Values, of numbers, or mixed."""
    numbers = [1, 2.0, Fraction(3)]
    mixed = [Value(1.0), np.float64(2.0), True + 2]
    for xs in (numbers, tuple(numbers), np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3])):
        assert type(function(xs)) is float
        assert function(xs) == pytest.approx(value, rel=1e-15)
    for xs in (mixed, tuple(mixed), np.array(mixed, dtype=object)):
        assert function(xs).data == pytest.approx(value, rel=1e-15)
        assert mixed[0] in function(xs).parents or "share" in function(xs).op


@pytest.mark.parametrize("function", [row[0] for row in OVER[:7]])
def test_iterators_are_used_up_once(function: Callable[[Any], Any]) -> None:
    """Generators, dict views, sets, ranges."""
    xs = values([1.0, 2.0, 3.0])
    want = function(xs).data
    assert function(x for x in xs).data == want
    assert function(iter(xs)).data == want
    assert function(dict(enumerate(xs)).values()).data == want
    assert function({1, 2, 3}) == want
    assert function(range(1, 4)) == want


def test_iterators_of_the_others() -> None:
    """Two at once, and those that give lists."""
    assert autograd.dot(iter([1, 2]), (x for x in (3, 4))) == 11.0
    assert autograd.softmax(iter([0, 0])) == [0.5, 0.5]
    assert autograd.log_softmax(iter([0.0])) == [0.0]


@pytest.mark.parametrize("function", [row[0] for row in OVER[:7]])
def test_arrays_of_any_shape_are_taken_element_by_element(function: Callable[[Any], Any]) -> None:
    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for array in (a, a.T, a.reshape(1, 6, 1), a[:, ::2]):
        assert function(array) == function(array.ravel().tolist())
    assert function(np.array(2.0)) == function([2.0])


def test_a_sequence_of_one() -> None:
    """Is that one."""
    for function in (autograd.sum, autograd.prod, autograd.mean, autograd.max, autograd.min):
        x = Value(-2.5)
        out = function([x])
        assert (out.data, gradients(out, [x])) == (-2.5, [1.0])
    x = Value(-2.5)
    assert gradients(autograd.norm([x]), [x]) == [-1.0]
    x = Value(-2.5)
    (share,) = autograd.softmax([x])
    assert (share.data, gradients(share, [x])) == (1.0, [0.0])
    assert autograd.logsumexp([-2.5]) == -2.5


def test_empty_sequences_that_have_an_answer() -> None:
    """The neutral element."""
    for empty in ([], (), iter(()), np.zeros((0, 3))):
        assert autograd.sum(empty) == 0.0
        assert autograd.prod(empty) == 1.0
        assert autograd.norm(empty) == 0.0
        assert autograd.logsumexp(empty) == -INF
        assert autograd.softmax(empty) == []
        assert autograd.log_softmax(empty) == []
        assert autograd.dot(empty, []) == 0.0
    assert type(autograd.sum([])) is float


def test_the_same_value_several_times() -> None:
    """Each place counts."""
    x = Value(3.0)
    out = autograd.prod([x, x, 2.0, x])
    assert out.parents == (x, x, x)
    assert gradients(out, [x]) == [54.0]


def test_products_have_exact_derivatives_beside_zeros() -> None:
    """The product of the others, which dividing by the input would not give."""
    xs = values([0.0, 2.0, 3.0])
    assert gradients(autograd.prod(xs), xs) == [6.0, 0.0, 0.0]
    xs = values([0.0, 2.0, 0.0])
    assert gradients(autograd.prod(xs), xs) == [0.0, 0.0, 0.0]
    xs = values([1e-200, 1e-200, 1e300])
    assert gradients(autograd.prod(xs), xs) == pytest.approx([1e100, 1e100, 0.0])


def test_sums_are_added_up_from_left_to_right() -> None:
    """As the operators would."""
    assert autograd.sum([1e16, 1.0, 1.0, -1e16]) == 1e16 + 1.0 + 1.0 - 1e16
    assert autograd.sum([1.0, 1.0, 1e16, -1e16]) == 2.0


@given(st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=6))
def test_softmax_is_a_distribution_and_log_softmax_its_logarithm(numbers: list[float]) -> None:
    """The shares add up to 1, and their gradients to 0."""
    xs = values(numbers)
    shares = autograd.softmax(xs)
    logs = autograd.log_softmax(numbers)
    assert autograd.sum([s.data for s in shares]) == pytest.approx(1.0, rel=1e-14)
    assert [math.exp(x) for x in logs] == pytest.approx([s.data for s in shares], rel=1e-13)
    assert sum(gradients(shares[0], xs)) == pytest.approx(0.0, abs=1e-15)


def test_the_callers_list_is_neither_changed_nor_kept() -> None:
    """What happens to it later is no part of the graph."""
    xs, ys = values([1.0, 2.0]), [3.0, 4]
    before = list(xs), list(ys)
    results = [autograd.dot(xs, ys), autograd.sum(xs), autograd.softmax(xs)[1]]
    assert (xs, ys) == before
    xs.clear()
    ys[0] = 100.0
    assert [len(out.parents) for out in results] == [2, 2, 3]
    assert results[0].inputs[2:] == (3.0, 4.0)
    assert gradients(results[0], before[0]) == [3.0, 4.0]


NUMBERS = [0.0, -0.0, 5e-324, 1.5, -3.0, 1e200, INF, NAN]


def test_dot_has_the_derivatives_of_its_row() -> None:
    """functions.py says them once more, for speed: the same bits, constants in any place."""
    row = TABLE["dot"]
    for a, b in product(NUMBERS, repeat=2):
        numbers = [a, 0.5, b, -2.0]
        for values_at in product([False, True], repeat=4):
            if not any(values_at):
                continue
            xs = [Value(x) if v else x for x, v in zip(numbers, values_at, strict=True)]
            fast, plain = autograd.dot(xs[:2], xs[2:]), row(*xs)
            assert fast.primitive is row
            assert fast.data.hex() == plain.data.hex()
            assert fast.inputs[0] is xs[0]
            assert [f.hex() for f in fast.partials] == [f.hex() for f in plain.partials]
        assert autograd.dot([a, 0.5], [b, -2.0]).hex() == row(*numbers).hex()


@pytest.mark.parametrize("bad", ["1", None, 1j, [2.0]])
def test_an_entry_that_is_no_number_is_named(bad: Any) -> None:
    """With the function, in any place, beside Values or not; and nothing is recorded."""
    for function in (autograd.sum, autograd.mean, autograd.logsumexp, autograd.softmax):
        for xs in ([1.0, bad], [Value(1.0), bad]):
            with pytest.raises(TypeError, match=rf"^{function.__name__} takes a Value or a real"):
                function(xs)
    for xs, ys in (([Value(1.0)], [bad]), ([bad], [1.0])):
        with pytest.raises(TypeError, match=r"^dot takes a Value or a real number"):
            autograd.dot(xs, ys)


def test_a_hundred_thousand_inputs() -> None:
    """One node; and its derivatives are found in linear time."""
    xs = values([0.5]) * 100_000
    out = autograd.logsumexp(xs)
    assert len(out.parents) == 100_000
    assert gradients(out, xs[:1]) == pytest.approx([1.0])


# Of plain numbers ---------------------------------------------------------------------------------

FIXED = [row for row in TABLE.values() if row.builtin and row.arity is not None]


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
@pytest.mark.parametrize("number", [1, True, Fraction(1), np.float32(1), np.int8(1), 1.0])
def test_plain_numbers_give_a_plain_float(row: Primitive, number: Any) -> None:
    """No Value in, no Value out; whatever the numbers' type, the same float."""
    constants = [-1.0] * (row.name == "exp_square")
    inputs = [number] * ((row.arity or 0) - len(constants)) + constants
    out = row(*inputs)
    assert type(out) is float
    assert out.hex() == row(*[1.0] * (len(inputs) - len(constants)), *constants).hex()


@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
def test_a_parameter_may_be_left_out(name: str) -> None:
    """And be a Value where it is given."""
    function = getattr(autograd, name)
    (default,) = TABLE[name].defaults
    assert function(-2.0) == function(-2.0, default)
    x, parameter = Value(-2.0), Value(0.5)
    out = function(x, parameter)
    assert out.parents == (x, parameter)
    assert gradients(out, [parameter])[0] == function(-2.0, 1.0)


def test_the_public_names() -> None:
    """Everything in `__all__` is there, and nothing in it shadows a builtin."""
    import builtins

    assert all(hasattr(autograd, name) for name in autograd.__all__)
    assert not {name for name in autograd.__all__ if hasattr(builtins, name)}
    for name in ("sum", "max", "min", "abs", "pow", "round"):
        assert callable(getattr(autograd, name))


# Primitives of one's own --------------------------------------------------------------------------


@pytest.fixture
def define(forget: None) -> Callable[..., Primitive]:
    """`autograd.primitive`, whose names are forgotten after the test."""
    return autograd.primitive


def test_a_unary_primitive_works_everywhere(
    define: Callable[..., Primitive], gradient_graph: Callable[[Value, Value], Value]
) -> None:
    """A function, a method, over arrays, in higher derivatives, by its own name in the graph."""
    mish = define(
        "mish",
        lambda x: x * math.tanh(math.log1p(math.exp(x))),
        lambda out, x: (
            autograd.tanh(autograd.softplus(x))
            + x * (1 - autograd.square(autograd.tanh(autograd.softplus(x)))) * autograd.sigmoid(x)
        ),
        doc="x tanh(softplus(x)).",
    )
    x = Value(0.7)
    out = mish(x)
    assert (out.op, out.primitive, out.parents) == ("mish", mish, (x,))
    assert x.mish().data == out.data == mish(0.7)
    assert mish(np.array([0.7, 0.7])).tolist() == [mish(0.7)] * 2
    assert [v.op for v in mish(np.array([x, x]))] == ["mish", "mish"]
    assert repr(mish) == "<primitive mish: x tanh(softplus(x)).>"

    h = 1e-4
    (slope,) = gradients(out, [x])
    assert slope == pytest.approx((mish(0.7 + h) - mish(0.7 - h)) / (2 * h), rel=1e-7)
    second = gradient_graph(gradient_graph(mish(x), x), x).data
    assert second == pytest.approx((mish(0.7 + h) - 2 * mish(0.7) + mish(0.7 - h)) / h**2, rel=1e-6)


def test_a_primitive_of_two_inputs(define: Callable[..., Primitive]) -> None:
    """Values and numbers in either place; not a method."""
    xlogy = define(
        "my_xlogy",
        lambda x, y: x * math.log(y) if x else 0.0,
        lambda out, x, y: (autograd.log(y), x / y),
        arity=2,
    )
    x, y = Value(3.0), Value(2.0)
    assert gradients(xlogy(x, y), [x, y]) == [math.log(2.0), 1.5]
    assert xlogy(x, 2).partials == (math.log(2.0),)
    assert xlogy(3, y).partials == (1.5,)
    assert xlogy(3, 2) == 3 * math.log(2.0)
    assert not hasattr(Value, "my_xlogy")
    with pytest.raises(TypeError, match=r"^my_xlogy takes 2 inputs, got 1$"):
        xlogy(x)


def test_a_primitive_of_any_number_of_inputs(define: Callable[..., Primitive]) -> None:
    """A list or a tuple of factors."""
    power_sum = define(
        "power_sum",
        lambda *xs: sum(x**2 for x in xs),
        lambda out, *xs: [2 * x for x in xs],
        arity=None,
    )
    xs = values([1.0, 2.0, 3.0])
    assert gradients(power_sum(*xs, 4.0), xs) == [2.0, 4.0, 6.0]
    assert power_sum(1, 2) == 5.0
    assert type(power_sum()) is float


def test_a_primitive_of_ones_own_can_be_replaced(define: Callable[..., Primitive]) -> None:
    """Its method too; graphs that used the old one keep it."""
    first = define("replaced", lambda x: x + 1, lambda out, x: 1.0)
    x = Value(2.0)
    old = x.replaced()
    second = define("replaced", lambda x: 5 * x, lambda out, x: 5.0)
    assert TABLE["replaced"] is second
    assert (x.replaced().data, x.replaced().primitive) == (10.0, second)
    assert (old.data, old.primitive) == (3.0, first)
    assert first(x).partials == (1.0,)


def test_a_method_goes_with_its_primitive(define: Callable[..., Primitive]) -> None:
    """Replaced by one of two inputs, it is no method any more."""
    define("changing", lambda x: x, lambda out, x: 1.0)
    assert hasattr(Value, "changing")
    define("changing", lambda x, y: x, lambda out, x, y: (1.0, 0.0), arity=2)
    assert not hasattr(Value, "changing")


def test_a_rule_may_divide_by_zero(define: Callable[..., Primitive]) -> None:
    """Where floats would raise, the rule is fed Values, whose division is IEEE's."""
    root = define("root", math.sqrt, lambda out, x: 1 / (2 * out))
    assert root(Value(0.0)).partials == (INF,)
    assert root(Value(4.0)).partials == (0.25,)
    ratio = define(
        "ratio", lambda a, b: a / b if b else NAN, lambda out, a, b: (1 / b, -out / b), arity=2
    )
    first, second = ratio(Value(1.0), Value(0.0)).partials
    assert first == INF
    assert math.isnan(second)


def test_factors_may_be_any_real_numbers(define: Callable[..., Primitive]) -> None:
    """ints, NumPy scalars, or Values computed from nothing but numbers."""
    for factor in (2, np.float32(2), Fraction(2), Value(2.0)):
        twice = define("twice", lambda x: 2 * x, lambda out, x, factor=factor: factor)
        assert twice(Value(1.0)).partials == (2.0,)
        assert type(twice(Value(1.0)).partials[0]) is float


def test_a_forward_may_return_any_real_number(define: Callable[..., Primitive]) -> None:
    """It becomes a float, over Values and over plain numbers."""
    for result in (1, True, np.float32(1), Fraction(1)):
        constant = define("constant", lambda x, result=result: result, lambda out, x: 0.0)
        assert type(constant(0.5)) is float
        assert type(constant(Value(0.5)).data) is float


def test_cuts_says_that_a_factor_of_0_passes_nothing(define: Callable[..., Primitive]) -> None:
    """Not even NaN; without it 0 times NaN is NaN."""
    for cuts in (True, False):
        gate = define("gate", lambda x: max(x, 0.0), lambda out, x: autograd.sign(out), cuts=cuts)
        x = Value(-1.0)
        gate(x).backward(NAN)
        assert math.isnan(x.grad) is not cuts


def test_an_exception_in_a_primitive_is_the_users_own(define: Callable[..., Primitive]) -> None:
    """It comes out as it is, and leaves nothing behind."""
    logarithm = define("logarithm", math.log, lambda out, x: 1 / x)
    with pytest.raises(ValueError, match=r"math domain error|positive"):
        logarithm(Value(-1.0))
    assert logarithm(Value(1.0)).partials == (1.0,)


def test_a_refused_name_changes_nothing() -> None:
    """A clash with a built-in primitive or an attribute of Value is found before anything is."""
    before, backward = dict(TABLE), Value.backward
    for name in ("tanh", "sum", "backward", "data", "_grad", "__init__"):
        with pytest.raises(ValueError, match=name):
            autograd.primitive(name, lambda x: x, lambda out, x: 1.0)
    assert before == TABLE
    assert Value.backward is backward


def test_a_row_shows_its_documentation() -> None:
    assert repr(autograd.tanh) == "<primitive tanh: Hyperbolic tangent.>"


# Softmax, in proportion to its inputs ------------------------------------------------------------


def logits(count: int) -> list[float]:
    return [math.sin(i * i) for i in range(count)]


@pytest.mark.parametrize("function", [autograd.softmax, autograd.log_softmax])
def test_softmax_has_a_node_and_a_few_edges_for_each_input(
    function: Callable[[Any], list[Value]],
) -> None:
    """And not an edge from every result to every input."""
    for count in (10, 100):
        xs = values(logits(count))
        graph = Graph([autograd.dot(function(xs), logits(count))])
        assert len(graph.nodes) == 2 * count + 3
        assert len(graph.parents) <= 6 * count + 1


@pytest.mark.parametrize(
    "act",
    [
        autograd.softmax,
        lambda xs: autograd.dot(autograd.softmax(values(xs)), xs).backward(),
        lambda xs: nn.cross_entropy(values(xs), 1).backward(),
        lambda xs: autograd.hvp(autograd.logsumexp)(xs, xs),
        lambda xs: autograd.hvp(lambda v: nn.cross_entropy(v, 1))(xs, xs),
        lambda xs: autograd.hvp(lambda v: autograd.dot(autograd.softmax(v), xs))(xs, xs),
    ],
)
def test_the_work_of_softmax_is_in_proportion_to_its_inputs(act: Callable[[Any], Any]) -> None:
    """Values, gradients and products with the Hessian."""

    def prepare(count: int) -> Callable[[], Any]:
        xs = logits(count)
        return lambda: act(xs)

    assert work_grows_with(prepare, 50) < 4.3


def test_a_compiled_softmax_has_instructions_in_proportion_to_its_inputs() -> None:
    """Of its gradient too."""

    def weighted(xs: Any) -> Any:
        return autograd.dot(autograd.softmax(xs), logits(len(xs)))

    for f in (weighted, autograd.grad(weighted), autograd.grad(lambda v: nn.cross_entropy(v, 1))):
        lines = []
        for count in (20, 80):
            compiled = autograd.jit(f)
            compiled(logits(count))
            lines.append(compiled.source("c").count("\n"))
        assert lines[1] < 4.1 * lines[0]
