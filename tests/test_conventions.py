"""What was decided at the awkward points: one test per line of docs/conventions.md, which names it.

A seed of inf or NaN (`backward(math.inf)`) stands for whatever bad thing happened above.
"""

from __future__ import annotations

import asyncio
import functools
import math
import operator
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import Any

import mpmath as mp
import pytest
from graphs_to_draw import chain
from hypothesis import given
from hypothesis import strategies as st
from mp_reference import ORDERED

import autograd
import nn
from autograd import Value
from autograd.engine.primitives import TABLE, Primitive
from autograd.exploring import Exploration, explorable

INF, NAN = math.inf, math.nan
ROWS = [row for row in TABLE.values() if row.builtin]
PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"


def gradients(function: Callable[..., Any], *point: float, seed: float = 1.0) -> tuple[float, ...]:
    """The gradient of a function of Values at a point."""
    inputs = [Value(x) for x in point]
    function(*inputs).backward(seed)
    return tuple(x.grad for x in inputs)


def same(a: float, b: float) -> bool:
    """Bit for bit; all NaNs are one."""
    return a.hex() == b.hex()


def test_the_page_names_the_tests() -> None:
    """Every line of the page stands on a test, and every test has its line."""
    named = re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8"))
    here = [name for name in globals() if name.startswith("test_")]
    assert sorted(named) == sorted(set(here) - {"test_the_page_names_the_tests"})


# -- IEEE 754 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "point", "result"),
    [
        (lambda a, b: a / b, (1.0, 0.0), INF),
        (lambda a, b: a / b, (1.0, -0.0), -INF),
        (lambda a, b: a / b, (-1.0, 0.0), -INF),
        (lambda a, b: a / b, (0.0, 0.0), NAN),
        (lambda a, b: a / b, (INF, INF), NAN),
        (lambda a, b: a % b, (1.0, 0.0), NAN),
        (lambda a, b: a % b, (INF, 2.0), NAN),
        (lambda a, b: a // b, (1.0, 0.0), INF),
        (lambda a, b: a // b, (0.0, 0.0), NAN),
        (lambda a, b: a**b, (-8.0, 1 / 3), NAN),
        (lambda a, b: a**b, (0.0, -2.0), INF),
        (lambda a, b: a**b, (-0.0, -3.0), -INF),
        (lambda a, b: a**b, (10.0, 400.0), INF),
        (lambda a, b: a**b, (-10.0, 401.0), -INF),
        (lambda a, b: a**b, (10.0, -400.0), 0.0),
        (lambda a, b: a * b, (1e200, 1e200), INF),
        (lambda a, b: a + b, (INF, -INF), NAN),
        (autograd.fmod, (1.0, 0.0), NAN),
        (autograd.fmod, (INF, 1.0), NAN),
        (autograd.exp, (1000.0,), INF),
        (autograd.expm1, (1000.0,), INF),
        (autograd.sinh, (-1000.0,), -INF),
        (autograd.cosh, (-1000.0,), INF),
        (autograd.square, (1e200,), INF),
        (autograd.reciprocal, (-0.0,), -INF),
        (autograd.log, (0.0,), -INF),
        (autograd.log, (-1.0,), NAN),
        (autograd.log1p, (-1.0,), -INF),
        (autograd.log1p, (-1.5,), NAN),
        (autograd.log2, (-0.0,), -INF),
        (autograd.log10, (-INF,), NAN),
        (autograd.sqrt, (-1.0,), NAN),
        (autograd.sqrt, (-0.0,), -0.0),
        (autograd.asin, (1.5,), NAN),
        (autograd.acos, (-1.5,), NAN),
        (autograd.acosh, (0.5,), NAN),
        (autograd.atanh, (1.0,), INF),
        (autograd.atanh, (-1.0,), -INF),
        (autograd.atanh, (2.0,), NAN),
        (autograd.sin, (INF,), NAN),
        (autograd.tan, (-INF,), NAN),
        (autograd.lgamma, (-1.0,), INF),
        (autograd.lgamma, (1e306,), INF),
        (autograd.floor, (-INF,), -INF),
        (autograd.ceil, (-0.5,), -0.0),
    ],
)
def test_ieee_754_answers_instead_of_an_exception(
    function: Callable[..., Any], point: tuple[float, ...], result: float
) -> None:
    """Infinity for a pole or an overflow, NaN where there is no real result; constants alike."""
    values = [Value(x) for x in point]
    assert same(function(*values).data, result)
    for i, v in enumerate(values):
        assert same(function(*point[:i], v, *point[i + 1 :]).data, result)


AWKWARD = [0.0, -0.0, 5e-324, 0.5, 1.0, -1.0, 2.0, -3.0, 1e200, -1.7e308, INF, -INF, NAN]
CONSTANTS = {name: (0, [0.0, 1.0, 2.0, 3.0]) for name in ORDERED}
CONSTANTS["exp_square"] = (1, [-1.0, -0.5])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_row_raises_whatever_the_numbers(row: Primitive) -> None:
    """Each row over all awkward numbers, forward and backward; floats and Values give the same."""
    axes = [AWKWARD[:: max(1, (row.arity or 2) - 1)]] * (row.arity or 2)
    if row.name in CONSTANTS:
        i, allowed = CONSTANTS[row.name]
        axes[i] = allowed
    for point in product(*axes):
        values = [Value(x) for x in point]
        out = row(*values)
        out.backward()
        number = row(*point)
        assert type(number) is float
        assert type(out.data) is float
        assert same(number, out.data), point


@given(data=st.data())
def test_formulas_never_raise_and_are_the_same_over_floats(formulas: Any, data: Any) -> None:
    """Random formulas over any doubles: bit-equal data, a gradient for every leaf, 0 for seed 0."""
    formula = data.draw(formulas())
    inputs = [Value(x) for x in formula.inputs]
    out = formula(inputs)
    number = formula(formula.inputs)
    assert type(number) is float
    if isinstance(out, Value):
        assert same(number, out.data)
        out.backward(0.0)
        assert [x.grad for x in inputs if x is not out] == [0.0 for x in inputs if x is not out]
        out.backward()
        assert all(type(x.grad) is float for x in inputs)


def test_lists_compare_numbers_and_dicts_tell_nodes_apart() -> None:
    """`in`, `index`, `remove` and `count` of a list go by ==; sets and dicts by identity."""
    a, b = Value(2.0), Value(2.0)
    listed, named = [a], {a: "first"}
    assert a == b == 2.0
    assert b in listed
    assert not any(b is x for x in listed)
    assert b not in named
    assert 2.0 not in named
    assert [a, b].index(b) == 0
    assert [a, b].count(b) == 2
    assert len({a, b}) == 2
    assert {a: "first", b: "second"}[b] == "second"


def test_what_is_differentiated_is_no_key() -> None:
    """d(x * {p: 3})/dx by identity of a parameter; x itself can't be looked up."""
    p = Value(2.0)
    for f in (lambda x: x * {1.0: 2.0}.get(x, 0.0), lambda x: x * len({x * 2, 2.0})):
        with pytest.raises(TypeError, match="hashes a Value"):
            autograd.grad(f)(1.0)
    assert autograd.grad(lambda x: x * {p: 3.0}[p])(1.0) == 3.0
    assert autograd.grad(lambda x: x * {1: 3.0}[int(x)])(1.0) == 3.0


# -- kinks, steps, ties ----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [abs, autograd.abs, autograd.relu, autograd.sign])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_abs_relu_and_sign_have_derivative_0_at_0(
    function: Callable[[Value], Value], zero: float
) -> None:
    assert gradients(function, zero) == (0.0,)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_leaky_relu_and_elu_take_the_right_hand_derivative(zero: float) -> None:
    """1, whatever the slope on the left."""
    assert gradients(autograd.leaky_relu, zero) == (1.0,)
    assert gradients(autograd.elu, zero) == (1.0,)
    assert gradients(autograd.leaky_relu, zero, 0.3) == (1.0, 0.0)
    assert gradients(autograd.elu, zero, 0.3) == (1.0, 0.0)


def test_ties_share_the_gradient_equally() -> None:
    """Halves for two, thirds for three; an input that stands there twice gets both shares."""
    assert gradients(autograd.maximum, 2.0, 2.0) == (0.5, 0.5)
    assert gradients(autograd.minimum, 0.0, -0.0) == (0.5, 0.5)
    assert gradients(lambda a, b, c: autograd.max([a, b, c]), 5.0, 1.0, 5.0) == (0.5, 0.0, 0.5)
    assert gradients(lambda a, b, c: autograd.min([a, b, c]), -1.0, -1.0, -1.0) == (1 / 3,) * 3
    assert gradients(lambda a, b: autograd.max([a, b]), INF, INF) == (0.5, 0.5)
    assert gradients(lambda a: autograd.max([a, a]), 7.0) == (1.0,)
    assert gradients(lambda a: autograd.maximum(a, 3.0), 3.0) == (0.5,)


@pytest.mark.parametrize("x", [-1.5, -0.0, 0.5, 2.0, INF])
@pytest.mark.parametrize("seed", [1.0, INF, NAN])
def test_steps_have_derivative_0_everywhere(x: float, seed: float) -> None:
    """At the jumps too, and whatever comes from above."""
    for step in (autograd.floor, autograd.ceil, autograd.round, autograd.sign):
        assert gradients(step, x, seed=seed) == (0.0,)
    assert gradients(lambda a, b: a // b, x, 0.5, seed=seed) == (0.0, 0.0)


@pytest.mark.parametrize("a", [7.5, -7.5, 6.0, 0.0])
@pytest.mark.parametrize("b", [2.0, -2.0])
def test_mod_has_derivatives_1_and_minus_the_floored_quotient(a: float, b: float) -> None:
    """With the sign of the divisor, as in Python; at the jumps as to their right. `fmod` truncates,
    as in C."""
    assert (Value(a) % Value(b)).data == a % b
    assert gradients(lambda a, b: a % b, a, b) == (1.0, -math.floor(a / b))
    assert autograd.fmod(Value(a), Value(b)).data == math.fmod(a, b)
    assert gradients(autograd.fmod, a, b) == (1.0, -math.trunc(a / b))


def test_hypot_norm_and_atan2_have_derivative_0_at_the_origin() -> None:
    assert gradients(autograd.hypot, 0.0, -0.0) == (0.0, 0.0)
    assert gradients(autograd.atan2, 0.0, 0.0) == (0.0, 0.0)
    assert gradients(autograd.atan2, -0.0, -0.0) == (0.0, 0.0)
    assert gradients(lambda *xs: autograd.norm(xs), 0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


# -- powers and roots ------------------------------------------------------------------------------


def test_0_to_the_power_0_is_1_with_derivatives_0() -> None:
    power = Value(0.0) ** Value(0.0)
    assert (power.data, power.partials) == (1.0, (0.0, 0.0))
    assert gradients(lambda x: x**0, 0.0) == (0.0,)
    assert gradients(lambda b: 0**b, 0.0) == (0.0,)


@pytest.mark.parametrize(
    ("n", "first"), [(1, 1.0), (2, 0.0), (3, 0.0), (1.5, 0.0), (0.5, INF), (-1, -INF), (-2, -INF)]
)
def test_a_power_of_0_has_the_exact_polynomial_derivative(n: float, first: float) -> None:
    """n 0**(n - 1), and log 0 is never taken; the same whether n is a number or a Value."""
    assert gradients(lambda x: x**n, 0.0) == (first,)
    assert gradients(lambda x, n: x**n, 0.0, n)[0] == first


def test_powers_have_exact_derivatives_of_every_order_at_0(
    gradient_graph: Callable[[Value, Value], Value],
) -> None:
    """x**3 at 0: 0, 0, 6, 0."""
    x = Value(0.0)
    derivative = x**3
    orders = []
    for _ in range(4):
        derivative = gradient_graph(derivative, x)
        orders.append(derivative.data)
    assert orders == [0.0, 0.0, 6.0, 0.0]


@pytest.mark.parametrize("b", [0.5, 1.0, 2.0, 1e300])
def test_0_to_a_positive_power_has_derivative_0_in_the_exponent(b: float) -> None:
    """0**b stays 0 when b moves a little, though log 0 is infinite."""
    assert gradients(lambda a, b: a**b, 0.0, b)[1] == 0.0
    assert gradients(lambda b: 0.0**b, b) == (0.0,)


def test_a_negative_base_has_nan_only_where_the_exponent_is_a_value() -> None:
    """And then only there: the base has its derivative."""
    assert gradients(lambda x: x**3, -2.0) == (12.0,)
    assert gradients(lambda x: x**-1, -2.0) == (-0.25,)
    base, exponent = gradients(lambda a, b: a**b, -2.0, 3.0)
    assert base == 12.0
    assert math.isnan(exponent)


def test_roots_have_derivative_inf_at_0() -> None:
    """And inverse functions at the ends of their range."""
    assert gradients(autograd.sqrt, 0.0) == (INF,)
    assert gradients(autograd.cbrt, 0.0) == (INF,)
    assert gradients(lambda x: x**0.5, 0.0) == (INF,)
    assert gradients(autograd.asin, -1.0) == (INF,)
    assert gradients(autograd.acos, 1.0) == (-INF,)
    assert gradients(autograd.acosh, 1.0) == (INF,)
    assert gradients(autograd.atanh, -1.0) == (INF,)


# -- zero adjoints and sides not taken -------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: 0.0 * autograd.sqrt(x), 0.0),
        (lambda x: autograd.sqrt(x) ** 0, 0.0),
        (lambda x: -0.0 * (1 / x), 0.0),
        (lambda x: 0 * autograd.log(x), -1.0),
        (lambda x: 0 * autograd.asin(x), 2.0),
        (lambda x: 0 * autograd.cbrt(x) * 3.0, 0.0),
        (lambda x: autograd.floor(1 / x), 0.0),
        (lambda x: autograd.dot([autograd.log(x), autograd.sqrt(x)], [0.0, 0.0]), 0.0),
        (lambda x: autograd.prod([autograd.sqrt(x), 0.0, 2.0]), 0.0),
    ],
)
@pytest.mark.parametrize("seed", [1.0, 1e300])
def test_a_zero_adjoint_stays_zero(
    function: Callable[[Value], Value], x: float, seed: float
) -> None:
    """What is multiplied by an adjoint of exactly 0 adds 0, be the local derivative inf or NaN."""
    assert gradients(function, x, seed=seed) == (0.0,)
    assert gradients(lambda x: function(x) + x, x, seed=seed) == (seed,)


@pytest.mark.parametrize("row", [r for r in ROWS if r.arity], ids=lambda row: row.name)
def test_a_seed_of_0_sends_nothing(row: Primitive) -> None:
    """Through any operation, at any point."""
    for point in product(*[[0.0, -1.0, INF, NAN]] * (row.arity or 0)):
        if row.name not in CONSTANTS:
            assert set(gradients(row, *point, seed=0.0)) == {0.0}


def test_messages_that_cancel_are_a_zero_adjoint() -> None:
    """A sum of messages that is exactly 0 counts as 0."""

    def difference(x: Value) -> Value:
        root = autograd.sqrt(x)
        return root - root

    assert gradients(difference, 0.0) == (0.0,)


def test_a_zero_that_hides_an_infinity_is_said() -> None:
    """Unless it is exact. (More in tests/test_zero_times_infinity.py.)"""
    said = "0 × ∞, decided as 0: not reliable here"
    assert gradients(lambda x: autograd.sqrt(x) ** 2, 0.0) == (0.0,)
    for f, hidden in (
        (lambda x: autograd.sqrt(x) ** 2, True),
        (lambda x: 0 * autograd.sqrt(x), False),
        (lambda x: autograd.where(x > 0, autograd.sqrt(x), 0), False),
    ):
        x = Value(0.0)
        assert (said in str(autograd.explain(x, f(x)))) == hidden
        assert (said in str(autograd.check_grad(f, 0.0))) == hidden
        with (
            autograd.detect_anomaly(),
            nullcontext() if not hidden else pytest.raises(FloatingPointError, match=said),
        ):
            f(x).backward()


@pytest.mark.parametrize("x", [0.0, -1.0, -INF, 4.0])
def test_a_guarded_function_has_a_finite_gradient_everywhere(
    x: float, gradient_graph: Callable[[Value, Value], Value]
) -> None:
    """`where(x > 0, sqrt(x), 0)`, to the third order, though sqrt(x) is computed in any case."""
    v = Value(x)
    derivative = autograd.where(v > 0, autograd.sqrt(v), 0.0)
    want = [0.25, -1 / 32, 3 / 256] if x > 0.0 else [0.0, 0.0, 0.0]
    assert gradients(lambda v: autograd.where(v > 0, autograd.sqrt(v), 0.0), x) == (want[0],)
    for expected in want:
        derivative = gradient_graph(derivative, v)
        assert derivative.data == expected


SIDES: list[tuple[Callable[..., Any], tuple[float, ...], int]] = [
    # A selection, a point, and which input it takes (-1: none).
    (lambda a, b: autograd.where(True, a, b), (1.0, 2.0), 0),
    (lambda a, b: autograd.where(0.0, a, b), (1.0, 2.0), 1),
    (autograd.where, (1.0, 2.0, 3.0), 1),
    (autograd.maximum, (1.0, 2.0), 1),
    (autograd.maximum, (INF, 2.0), 0),
    (autograd.minimum, (1.0, 2.0), 0),
    (autograd.minimum, (1.0, -INF), 1),
    (lambda *xs: autograd.max(xs), (1.0, 3.0, 2.0), 1),
    (lambda *xs: autograd.min(xs), (1.0, 3.0, 2.0), 0),
    (autograd.relu, (-2.0,), -1),
    (autograd.relu, (0.0,), -1),
    (autograd.relu, (2.0,), 0),
    (autograd.clip, (0.5, 0.0, 1.0), 0),
    (autograd.clip, (-0.5, 0.0, 1.0), 1),
    (autograd.clip, (1.5, 0.0, 1.0), 2),
    (lambda x: autograd.clip(x, 0.0, 1.0), (1.5,), -1),
]


@pytest.mark.parametrize(("selection", "point", "taken"), SIDES)
@pytest.mark.parametrize("seed", [1.0, INF, -INF, NAN])
def test_a_side_not_taken_receives_exactly_0(
    selection: Callable[..., Any], point: tuple[float, ...], taken: int, seed: float
) -> None:
    """Even from an infinite or NaN adjoint, where 0 times the adjoint would be NaN."""
    for i, gradient in enumerate(gradients(selection, *point, seed=seed)):
        assert same(gradient, seed if i == taken else 0.0)


FLAT_BY_CHANCE: list[tuple[Callable[[Any], Any], float]] = [
    # A function and a point where a local derivative is 0, and its adjoint is not finite.
    (lambda x: autograd.log(x**2), 0.0),
    (lambda x: autograd.log(x * x), 0.0),
    (lambda x: autograd.log(autograd.square(x)), 0.0),
    (lambda x: 1.0 / x**2, 0.0),
    (lambda x: 1.0 / x**4, 0.0),
    (lambda x: autograd.sqrt(x**2), 0.0),
    (lambda x: autograd.cbrt(x**3), 0.0),
    (lambda x: autograd.acosh(x**3), 0.0),
    (lambda x: autograd.log(abs(x)), 0.0),
    (lambda x: autograd.log(autograd.copysign(x, -1.0)), 0.0),
    (lambda x: autograd.log(1.0 + autograd.elu(x)), -800.0),
    (lambda x: autograd.log(autograd.leaky_relu(x, 0.0)), -1.0),
]


@pytest.mark.parametrize(("function", "x"), FLAT_BY_CHANCE)
def test_a_derivative_that_happens_to_be_0_selects_nothing(
    function: Callable[[Any], Any], x: float, gradient_graph: Callable[[Value, Value], Value]
) -> None:
    """Infinity times 0 is NaN, whichever way the derivative is taken."""
    v = Value(x)
    out = function(v)
    graph = autograd.engine.graph.Graph([out])
    routes = [
        *gradients(function, x),
        graph.adjoints()[graph.place[id(v)]],
        sum(graph.messages(graph.adjoints())[j] for j in graph.above[graph.place[id(v)]]),
        autograd.paths(out, v).total,
        autograd.grad(function)(x),
        gradient_graph(out, v).data,
        autograd.jit(autograd.grad(function))(x),
    ]
    assert all(map(math.isnan, routes)), routes


@pytest.mark.parametrize(("function", "x"), FLAT_BY_CHANCE[:8])
def test_nor_does_one_of_higher_order(function: Callable[[Any], Any], x: float) -> None:
    """A second derivative that does not exist is not 0 either."""
    second = autograd.grad(autograd.grad(function))
    assert not math.isfinite(second(x))
    assert same(second(x), autograd.jit(second)(x))


@pytest.mark.parametrize(
    "step", [autograd.floor, autograd.ceil, autograd.round, autograd.sign, lambda x: x // 2.0]
)
def test_steps_cut_as_selections_do(step: Callable[[Any], Any]) -> None:
    """A step depends on nothing nearby: no path is there that an infinite adjoint could take."""
    assert gradients(lambda x: 1.0 / step(x), -0.0) == (0.0,)
    assert autograd.grad(autograd.grad(lambda x: 1.0 / step(x)))(0.0) == 0.0
    assert autograd.jit(autograd.grad(lambda x: 1.0 / step(x)))(-0.0) == 0.0


def test_0_times_log_of_anything_is_0() -> None:
    """Nothing depends on y there; by x the derivative is the logarithm, whatever that is."""
    for y in (0.0, 0.5, -1.0, INF):
        assert autograd.xlogy(0.0, y) == 0.0
        assert autograd.xlog1py(0.0, y - 1.0) == 0.0
        assert gradients(lambda y: autograd.xlogy(0.0, y), y) == (0.0,)
        assert gradients(lambda y: autograd.xlog1py(0.0, y), y - 1.0) == (0.0,)
    assert gradients(autograd.xlogy, 0.0, 0.0) == (-INF, 0.0)
    assert gradients(autograd.xlog1py, 0.0, -1.0) == (-INF, 0.0)
    assert gradients(autograd.xlogy, 0.0, 0.25) == (math.log(0.25), 0.0)
    assert gradients(lambda p: -autograd.xlogy(p, p), 0.0) == (INF,)  # of an entropy
    assert math.isnan(autograd.xlogy(0.0, NAN))


@pytest.mark.parametrize("x", [0.1, -3.0, 1e300, 5e-324])
def test_numbers_that_do_not_spread_have_standard_deviation_0(x: float) -> None:
    """Exactly, with derivatives 0 of every order, as the norm has at the origin."""
    xs = [x] * 3
    assert autograd.std(xs) == autograd.var(xs) == 0.0
    for function in (autograd.std, autograd.var):
        assert autograd.grad(function)(xs) == [0.0, 0.0, 0.0]
        assert autograd.jit(autograd.grad(function))(xs) == [0.0, 0.0, 0.0]
    assert autograd.hessian(autograd.std)(xs) == [[0.0] * 3] * 3


def test_places_in_sorted_numbers_share_among_ties() -> None:
    """As max and min do, which are the quantiles 1 and 0; what lies elsewhere gets 0, even of an
    infinite adjoint; NaN wins."""
    numbers = [2.0, 1.0, 2.0, 5.0]
    assert gradients(lambda *xs: autograd.median(xs), *numbers) == (0.5, 0.0, 0.5, 0.0)
    assert gradients(lambda *xs: autograd.quantile(xs, 1.0), *numbers) == (0.0, 0.0, 0.0, 1.0)
    assert gradients(lambda *xs: autograd.quantile(xs, 0.75), *numbers) == (
        *(0.375, 0.0, 0.375, 0.25),
    )
    assert gradients(lambda *xs: autograd.median(xs), 1.0, 3.0, 2.0, seed=INF) == (0.0, 0.0, INF)
    assert autograd.hessian(autograd.median)(numbers) == [[0.0] * 4] * 4
    assert math.isnan(autograd.median([1.0, NAN, 2.0]))
    assert all(map(math.isnan, autograd.grad(autograd.median)([1.0, NAN, 2.0])))


def test_erfinv_has_derivative_inf_at_its_edges() -> None:
    assert autograd.erfinv(1.0) == INF
    assert autograd.erfinv(-1.0) == -INF
    assert gradients(autograd.erfinv, 1.0) == gradients(autograd.erfinv, -1.0) == (INF,)
    second = autograd.grad(autograd.grad(autograd.erfinv))
    assert (second(1.0), second(-1.0)) == (INF, -INF)
    assert math.isnan(autograd.erfinv(1.5))


def test_an_order_that_is_no_whole_number_gives_nan() -> None:
    assert autograd.polygamma(1.0, 2.0) == pytest.approx(math.pi**2 / 6 - 1, rel=1e-14)
    assert all(math.isnan(autograd.polygamma(n, 2.0)) for n in (0.5, -1.0, 101.0, NAN, INF))


# -- NaN -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: autograd.maximum(x, 1.0),
        lambda x: autograd.maximum(1.0, x),
        lambda x: autograd.minimum(x, -INF),
        lambda x: autograd.max([1.0, x, 2.0]),
        lambda x: autograd.max([x, INF]),
        lambda x: autograd.min([1.0, x, -INF]),
        autograd.relu,
        autograd.leaky_relu,
        autograd.elu,
        lambda x: autograd.clip(x, 0.0, 1.0),
        lambda x: autograd.clip(0.5, x, 1.0),
        lambda x: autograd.clip(2.0, 0.0, x),
        abs,
        autograd.sign,
        autograd.floor,
        autograd.round,
        lambda x: x % 2.0,
        lambda x: x // 2.0,
        lambda x: autograd.sum([1.0, x]),
        lambda x: autograd.prod([0.0, x]),
        lambda x: autograd.dot([0.0, 1.0], [x, 1.0]),
        lambda x: autograd.norm([x, 1.0]),
        lambda x: autograd.logsumexp([x, INF]),
        lambda x: autograd.softmax([0.0, x])[0],
        lambda x: autograd.log_softmax([0.0, x])[0],
    ],
)
def test_nan_is_never_lost(function: Callable[[Any], Any]) -> None:
    """Neither from the value nor, by a selection, from the gradient."""
    x = Value(NAN)
    assert math.isnan(function(x).data)
    assert math.isnan(function(NAN))


def test_a_selection_among_nan_has_a_nan_gradient() -> None:
    """There is no telling which one would have been taken."""
    assert all(map(math.isnan, gradients(autograd.maximum, NAN, 1.0)))
    assert all(map(math.isnan, gradients(lambda *xs: autograd.min(xs), 0.0, NAN, 1.0)))
    assert all(map(math.isnan, gradients(autograd.relu, NAN)))
    assert all(map(math.isnan, gradients(autograd.clip, NAN, 0.0, 1.0)))


def test_where_ieee_754_itself_gives_a_number_for_nan() -> None:
    """Whatever the NaN stood for, the result would be this."""
    assert (Value(NAN) ** 0).data == 1.0
    assert (1 ** Value(NAN)).data == 1.0
    assert autograd.hypot(Value(NAN), INF).data == INF
    assert autograd.norm([Value(NAN), INF]).data == INF
    assert gradients(lambda x: x**0, NAN) == (0.0,)


def test_a_nan_condition_counts_as_true() -> None:
    """As in Python: it is not 0."""
    assert autograd.where(NAN, 1.0, 2.0) == 1.0
    assert autograd.where(Value(NAN), Value(1.0), Value(2.0)).data == 1.0


# -- clip ------------------------------------------------------------------------------------------


def test_clip_has_derivative_1_at_its_edges() -> None:
    """The edge itself counts as inside; the bounds get nothing there."""
    assert gradients(autograd.clip, 0.0, 0.0, 1.0) == (1.0, 0.0, 0.0)
    assert gradients(autograd.clip, 1.0, 0.0, 1.0) == (1.0, 0.0, 0.0)
    assert gradients(autograd.clip, 1.0, 1.0, 1.0) == (1.0, 0.0, 0.0)


def test_clip_between_crossed_bounds_is_the_upper_one() -> None:
    """As in NumPy and PyTorch."""
    for x in (-1.0, 0.5, 3.0):
        assert autograd.clip(x, 2.0, 0.0) == 0.0
        assert gradients(autograd.clip, x, 2.0, 0.0) == (0.0, 0.0, 1.0)


# -- accuracy --------------------------------------------------------------------------------------


def ulps(got: float, want: Any) -> float:
    return float(abs(mp.mpf(got) - want) / math.ulp(float(want)))


def normal_slope(x: float) -> Any:
    """The derivative of erfinv."""
    return mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(mp.mpf(x)) ** 2)


@pytest.mark.parametrize(
    ("function", "x", "want"),
    [
        # Derivatives that out*(1-out), 1-out*out or a rounded x*x lose in the tails.
        (autograd.sigmoid, 40.0, lambda: mp.exp(-40) / (1 + mp.exp(-40)) ** 2),
        (autograd.sigmoid, -700.0, lambda: mp.exp(-700)),
        (autograd.tanh, 20.0, lambda: mp.sech(20) ** 2),
        (autograd.tanh, -300.0, lambda: mp.sech(300) ** 2),
        (autograd.softplus, -700.0, lambda: mp.exp(-700)),
        (autograd.expm1, -40.0, lambda: mp.exp(-40)),
        (autograd.log_ndtr, -1e10, lambda: mp.mpf(1e10) + mp.mpf(1e-10)),
        (autograd.erfinv, 1 - 2**-53, lambda: normal_slope(1 - 2**-53)),
        (lambda x: autograd.lbeta(x, 0.5), 1e16, lambda: -mp.mpf(0.5e-16)),
        (autograd.sinc, 1e-10, lambda: -(mp.pi**2) * mp.mpf(1e-10) / 3),
        (autograd.erf, 20.0, lambda: 2 / mp.sqrt(mp.pi) * mp.exp(-400)),
        (autograd.erfc, 25.3, lambda: -2 / mp.sqrt(mp.pi) * mp.exp(-(mp.mpf(25.3) ** 2))),
        (autograd.atanh, 1 - 2**-53, lambda: 1 / (1 - (1 - mp.mpf(2) ** -53) ** 2)),
        (autograd.acosh, 1 + 2**-52, lambda: 1 / mp.sqrt((1 + mp.mpf(2) ** -52) ** 2 - 1)),
        (autograd.asinh, 1e300, lambda: 1 / mp.mpf(1e300)),
        (lambda x: autograd.hypot(x, 4e200), 3e200, lambda: mp.mpf(0.6)),
        (lambda x: autograd.hypot(x, 4e-200), 3e-200, lambda: mp.mpf(0.6)),
        (lambda x: autograd.norm([x, 4e200]), 3e200, lambda: mp.mpf(0.6)),
        (lambda x: autograd.logsumexp([x, 300.1]), -399.7, lambda: share(-399.7, 300.1)),
        (lambda x: autograd.softmax([x, 300.1])[0], -399.7, lambda: share(-399.7, 300.1)),
        (lambda x: autograd.log_softmax([300.1, x])[0], -399.7, lambda: -share(-399.7, 300.1)),
    ],
)
def test_derivatives_are_accurate_in_the_tails(
    function: Callable[[Value], Value], x: float, want: Callable[[], Any]
) -> None:
    """To a few units in the last place, where the usual formulas have lost everything."""
    with mp.workdps(40):
        assert ulps(gradients(function, x)[0], want()) < 4.0


def log_beta(a: float, b: float) -> Any:
    a, b = mp.mpf(a), mp.mpf(b)
    with mp.workdps(80):
        return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def share(a: float, b: float) -> Any:
    return 1 / (1 + mp.exp(mp.mpf(b) - mp.mpf(a)))


@pytest.mark.parametrize(
    ("function", "point", "want"),
    [
        (autograd.sigmoid, (-700.0,), lambda: mp.exp(-700)),
        (autograd.log_ndtr, (-40.0,), lambda: mp.log(mp.erfc(40 / mp.sqrt(2)) / 2)),
        (autograd.log_ndtr, (9.0,), lambda: -mp.erfc(9 / mp.sqrt(2)) / 2),
        (autograd.erfinv, (1 - 2**-53,), lambda: mp.erfinv(1 - mp.mpf(2) ** -53)),
        (autograd.lbeta, (1e16, 0.5), lambda: log_beta(1e16, 0.5)),
        (autograd.lbeta, (3e10, 5e10), lambda: log_beta(3e10, 5e10)),
        (autograd.sinc, (1e5 + 0.25,), lambda: mp.sincpi(mp.mpf(100000.25))),
        (autograd.logaddexp, (0.0, -700.0), lambda: mp.exp(-700)),
        (autograd.softplus, (-700.0,), lambda: mp.exp(-700)),
        (autograd.softplus, (700.0,), lambda: mp.mpf(700)),
        (autograd.log1p, (1e-300,), lambda: mp.mpf(1e-300)),
        (autograd.expm1, (-1e-300,), lambda: mp.mpf(-1e-300)),
        (autograd.erfc, (26.0,), lambda: mp.erfc(26)),
        (autograd.gelu, (-30.0,), lambda: -15 * mp.erfc(30 / mp.sqrt(2))),
        (autograd.asinh, (-1e-300,), lambda: mp.mpf(-1e-300)),
        (autograd.asinh, (-1e300,), lambda: -mp.log(2 * mp.mpf(1e300))),
        (autograd.acosh, (1 + 2**-52,), lambda: mp.acosh(1 + mp.mpf(2) ** -52)),
        (autograd.atanh, (1 - 2**-53,), lambda: mp.atanh(1 - mp.mpf(2) ** -53)),
        (autograd.hypot, (3e200, 4e200), lambda: mp.mpf(5e200)),
        (autograd.hypot, (3e-200, 4e-200), lambda: mp.mpf(5e-200)),
        (lambda *xs: autograd.norm(xs), (3e-200, 4e-200), lambda: mp.mpf(5e-200)),
        (lambda *xs: autograd.logsumexp(xs), (1000.0, 1000.0), lambda: 1000 + mp.log(2)),
        (lambda *xs: autograd.logsumexp(xs), (0.0, -700.0), lambda: mp.exp(-700)),
        (lambda *xs: autograd.softmax(xs)[0], (-399.7, 300.1), lambda: share(-399.7, 300.1)),
        (lambda *xs: autograd.log_softmax(xs)[0], (700.0, 0.0), lambda: -mp.exp(-700)),
        (lambda *xs: autograd.log_softmax(xs)[1], (1e300, 0.0), lambda: -mp.mpf(1e300)),
    ],
)
def test_values_are_accurate_in_the_tails(
    function: Callable[..., Any], point: tuple[float, ...], want: Callable[[], Any]
) -> None:
    """To a few units in the last place, without overflow on the way."""
    with mp.workdps(40):
        assert ulps(function(*point), want()) < 4.0
        assert same(function(*map(Value, point)).data, function(*point))


def test_the_two_numbers_that_everyone_gets_as_0() -> None:
    """sigmoid'(40) and tanh'(20), where `out * (1 - out)` and `1 - out * out` are 0."""
    assert gradients(autograd.sigmoid, 40.0)[0] == pytest.approx(4.248354255291589e-18, rel=1e-15)
    assert gradients(autograd.tanh, 20.0)[0] == pytest.approx(1.699341702116635e-17, rel=1e-15)


def test_pythons_own_sum_adds_values_one_after_another() -> None:
    """Ten times 0.1 is 1 - 2**-53 on every Python; of floats, CPython has given 1 since 3.12."""
    tenths = [0.1] * 10
    assert sum(Value(x) for x in tenths).data == 1.0 - 2.0**-53
    assert autograd.jit(lambda xs: 1.0 * sum(xs))(tenths) == 1.0 - 2.0**-53
    if sys.implementation.name == "cpython":
        assert (sum(tenths) == 1.0) == (sys.version_info >= (3, 12))


@pytest.mark.parametrize(
    ("function", "limits"),
    [
        (autograd.sigmoid, [(-INF, 0.0, 0.0), (INF, 1.0, 0.0)]),
        (autograd.tanh, [(-INF, -1.0, 0.0), (INF, 1.0, 0.0)]),
        (autograd.gelu, [(-INF, 0.0, 0.0), (INF, INF, 1.0)]),
        (autograd.silu, [(-INF, 0.0, 0.0), (INF, INF, 1.0)]),
        (autograd.elu, [(-INF, -1.0, 0.0), (INF, INF, 1.0)]),
        (autograd.softplus, [(-INF, 0.0, 0.0), (INF, INF, 1.0)]),
        (autograd.softsign, [(-INF, -1.0, 0.0), (INF, 1.0, 0.0)]),
        (autograd.atan, [(-INF, -math.pi / 2, 0.0), (INF, math.pi / 2, 0.0)]),
        (autograd.erf, [(-INF, -1.0, 0.0), (INF, 1.0, 0.0)]),
        (autograd.log, [(INF, INF, 0.0)]),
        (autograd.sqrt, [(INF, INF, 0.0)]),
        (lambda x: autograd.log_softmax([0.0, x])[0], [(-INF, 0.0, 0.0), (INF, -INF, -1.0)]),
        (lambda x: autograd.log_softmax([0.0, x])[1], [(-INF, -INF, 1.0), (INF, 0.0, 0.0)]),
        (lambda x: autograd.softmax([0.0, x])[0], [(-INF, 1.0, 0.0), (INF, 0.0, 0.0)]),
        (lambda x: autograd.logsumexp([0.0, x]), [(-INF, 0.0, 0.0), (INF, INF, 1.0)]),
        (lambda x: autograd.logsumexp([0.0, x]), [(-INF, 0.0, 0.0)]),
    ],
)
def test_functions_have_their_limits_at_infinity(
    function: Callable[[Value], Value], limits: list[tuple[float, float, float]]
) -> None:
    """Value and derivative, where 0 times infinity would be NaN; -inf masks a logit."""
    for x, value, derivative in limits:
        assert function(Value(x)).data == value
        (gradient,) = gradients(function, x)
        assert gradient == derivative or (math.isnan(gradient) and math.isnan(derivative))


# -- higher orders ---------------------------------------------------------------------------------


def first_two(function: Callable[[Any], Any], x: float) -> tuple[float, float]:
    """The first and the second derivative."""
    return autograd.grad(function)(x), autograd.grad(autograd.grad(function))(x)


def second(function: Callable[..., Any], *point: float) -> list[list[float]]:
    """All second derivatives."""
    found: list[list[float]] = autograd.hessian(lambda xs: function(*xs))(list(point))
    return found


def alike(found: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    """Equal, zeros of either sign and all NaNs alike."""
    pairs = list(zip(found, wanted, strict=True))
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)


@pytest.mark.parametrize(
    ("name", "point"),
    [
        *[(name, (0.0,)) for name in ("abs", "relu", "sign", "floor", "ceil", "softsign")],
        ("round", (0.5,)),
        ("leaky_relu", (0.0, 0.3)),
        ("elu", (0.0, 0.3)),
        ("maximum", (2.0, 2.0)),
        ("minimum", (2.0, 2.0)),
        ("max", (2.0, 2.0, 1.0)),
        ("min", (2.0, 2.0, 2.0)),
        ("clip", (0.0, 0.0, 1.0)),
        ("clip", (1.0, 0.0, 1.0)),
        ("clip", (3.0, 2.0, 0.0)),
        ("hypot", (0.0, 0.0)),
        ("norm", (0.0, 0.0, 0.0)),
        ("atan2", (0.0, 0.0)),
        ("copysign", (0.0, 1.0)),
        ("mod", (6.0, 2.0)),
        ("fmod", (6.0, 2.0)),
        ("floordiv", (6.0, 2.0)),
        ("where", (0.0, 1.0, 2.0)),
    ],
)
def test_kinks_and_jumps_have_second_derivatives_0(name: str, point: tuple[float, ...]) -> None:
    """What stands in for the derivative there counts as constant."""
    assert second(TABLE[name], *point) == [[0.0] * len(point)] * len(point)


@pytest.mark.parametrize(
    ("function", "x", "wanted"),
    [
        (autograd.log, 0.0, (INF, -INF)),
        (autograd.log2, 0.0, (INF, -INF)),
        (autograd.log10, 0.0, (INF, -INF)),
        (autograd.log1p, -1.0, (INF, -INF)),
        (autograd.sqrt, 0.0, (INF, -INF)),
        (autograd.cbrt, 0.0, (INF, -INF)),
        (autograd.reciprocal, 0.0, (-INF, INF)),
        (autograd.lgamma, 0.0, (-INF, INF)),
        (autograd.asin, 1.0, (INF, INF)),
        (autograd.asin, -1.0, (INF, -INF)),
        (autograd.acos, 1.0, (-INF, -INF)),
        (autograd.acos, -1.0, (-INF, INF)),
        (autograd.acosh, 1.0, (INF, -INF)),
        (autograd.atanh, 1.0, (INF, INF)),
        (autograd.atanh, -1.0, (INF, -INF)),
        (lambda x: x**0.5, 0.0, (INF, -INF)),
        (lambda x: x**1.5, 0.0, (0.0, INF)),
    ],
)
def test_edges_of_a_domain_have_the_derivatives_from_inside(
    function: Callable[[Any], Any], x: float, wanted: tuple[float, float]
) -> None:
    """Of second order too, where inf times 0 would be NaN."""
    assert first_two(function, x) == wanted


def test_the_sign_of_a_zero_chooses_the_side() -> None:
    """As 1/x does: -0.0 is 0 from the left, where a square root has no other."""
    assert first_two(autograd.reciprocal, -0.0) == (-INF, -INF)
    assert first_two(autograd.log, -0.0) == (-INF, -INF)
    assert first_two(autograd.cbrt, -0.0) == (INF, INF)
    assert first_two(autograd.lgamma, -0.0) == (INF, INF)
    assert first_two(autograd.sqrt, -0.0) == (-INF, INF)


@pytest.mark.parametrize(
    ("names", "left", "right"),
    [
        ("atan tanh asinh erf erfc sigmoid softsign sech2 normal_cdf", (0.0, 0.0), (0.0, 0.0)),
        ("gelu silu softplus elu relu", (0.0, 0.0), (1.0, 0.0)),
        ("cbrt reciprocal", (0.0, 0.0), (0.0, 0.0)),
        ("log log2 log10 log1p", (0.0, 0.0), (0.0, 0.0)),
        ("sqrt acosh", (NAN, NAN), (0.0, 0.0)),
        ("lgamma", (NAN, NAN), (INF, 0.0)),
        ("log_ndtr", (INF, -1.0), (0.0, 0.0)),
        ("exp expm1", (0.0, 0.0), (INF, INF)),
        ("sinh", (INF, -INF), (INF, INF)),
        ("cosh", (-INF, INF), (INF, INF)),
        ("square", (-INF, 2.0), (INF, 2.0)),
        ("neg", (-1.0, 0.0), (-1.0, 0.0)),
        ("abs", (-1.0, 0.0), (1.0, 0.0)),
        ("leaky_relu", (0.01, 0.0), (1.0, 0.0)),
        ("sign floor ceil round", (0.0, 0.0), (0.0, 0.0)),
        ("sin cos tan asin acos", (NAN, NAN), (NAN, NAN)),
    ],
)
def test_second_derivatives_have_their_limits_at_infinity(
    names: str, left: tuple[float, float], right: tuple[float, float]
) -> None:
    """NaN where there is no limit, or no function."""
    for name in names.split():
        assert alike(first_two(TABLE[name], -INF), left), name
        assert alike(first_two(TABLE[name], INF), right), name


def test_lengths_and_angles_have_nan_derivatives_at_infinity() -> None:
    """Infinity over infinity."""
    assert math.isnan(gradients(autograd.hypot, INF, 1.0)[0])
    assert math.isnan(gradients(lambda *xs: autograd.norm(xs), INF, 1.0)[0])
    assert gradients(autograd.hypot, INF, 1.0)[1] == 0.0
    assert math.isnan(second(autograd.atan2, INF, 1.0)[1][1])


CONSTANT_SECOND = {
    "neg": 0.0,
    "deg2rad": 0.0,
    "rad2deg": 0.0,
    "square": 2.0,
    "one_minus_square": -2.0,
}
PIECES = {"relu", "abs", "leaky_relu"}
STEPS = {r.name for r in ROWS if "step" in r.traits} | {"stop_gradient", "finite_part"}


def test_where_all_logits_are_masked() -> None:
    """log(0 + 0) stays -inf whatever one of them does; which share of nothing is whose, nobody
    knows."""
    assert gradients(lambda *xs: autograd.logsumexp(xs), -INF, -INF) == (0.0, 0.0)
    assert gradients(lambda x: autograd.logsumexp([-INF, -INF + x]), 1.0) == (0.0,)
    assert autograd.jit(autograd.grad(autograd.logsumexp))([-INF, -INF]) == [0.0, 0.0]
    assert autograd.hessian(autograd.logsumexp)([-INF, -INF]) == [[0.0, 0.0], [0.0, 0.0]]
    assert all(map(math.isnan, autograd.softmax([-INF, -INF])))


def test_a_masked_class_as_the_right_one_pulls_with_slope_1() -> None:
    """The loss is infinite; its gradient is that of any class of share 0."""
    for function in (lambda xs: -autograd.log_softmax(xs)[1], lambda xs: nn.cross_entropy(xs, 1)):
        assert function([0.0, -INF]) == INF
        assert autograd.grad(function)([0.0, -INF]) == [1.0, -1.0]
        assert autograd.jit(autograd.grad(function))([0.0, -INF]) == [1.0, -1.0]


def test_two_infinite_logits_have_no_shares() -> None:
    """inf - inf; one alone has all."""
    assert all(map(math.isnan, autograd.softmax([INF, INF, 0.0])))
    assert all(map(math.isnan, autograd.grad(autograd.logsumexp)([INF, INF, 0.0])))
    assert autograd.softmax([INF, 0.0]) == [1.0, 0.0]


@pytest.mark.parametrize("row", [r for r in ROWS if r.is_method], ids=lambda row: row.name)
def test_nan_has_nan_derivatives_unless_they_are_constant(row: Primitive) -> None:
    """-1 for neg, 2 for the second of square, 0 for the second of piecewise linear functions."""
    first, then = first_two(row, NAN)
    assert math.isnan(row(NAN)) or row.name == "finite_part"
    if row.name in STEPS:
        assert (first, then) == (0.0, 0.0)
    else:
        assert math.isnan(first) or row.name in ("neg", "deg2rad", "rad2deg")
        wanted = 0.0 if row.name in PIECES else CONSTANT_SECOND.get(row.name, NAN)
        assert alike((then,), (wanted,))


def test_logarithms_keep_the_formula_beyond_their_domain() -> None:
    """1/x of a negative x, as in PyTorch and JAX; roots have no number to go on with."""
    assert first_two(autograd.log, -2.0) == (-0.5, -0.25)
    assert gradients(autograd.log1p, -3.0) == (-0.5,)
    assert gradients(autograd.log2, -1.0)[0] < 0.0
    assert gradients(autograd.log10, -1.0)[0] < 0.0
    assert gradients(autograd.atanh, 3.0) == (-0.125,)
    for function, x in [
        (autograd.sqrt, -1.0),
        (autograd.asin, 2.0),
        (autograd.acos, -2.0),
        (autograd.acosh, 0.5),
    ]:
        assert alike(first_two(function, x), (NAN, NAN))


@pytest.mark.parametrize("b", [0.0, 0.5, 1.0, 2.0, 3.5])
def test_0_to_a_power_has_mixed_derivatives_0(b: float) -> None:
    """Whichever input comes first; the second derivative in the base is that of the polynomial."""
    (aa, ab), (ba, bb) = second(TABLE["pow"], 0.0, b)
    assert (ab, ba, bb) == (0.0, 0.0, 0.0)
    assert aa == {0.0: 0.0, 0.5: -INF, 1.0: 0.0, 2.0: 2.0, 3.5: 0.0}[b]


def test_exponents_of_a_negative_base_have_nan_second_derivatives() -> None:
    (aa, ab), (ba, bb) = second(TABLE["pow"], -2.0, 3.0)
    assert aa == -12.0
    assert all(math.isnan(x) for x in (ab, ba, bb))


def test_second_derivatives_are_as_accurate_as_their_terms() -> None:
    """Where those cancel, nearly all may be lost: that of sigmoid is odd, and 0 at 1e-20."""
    assert first_two(autograd.sigmoid, 1e-20)[1] == 0.0
    assert first_two(autograd.sigmoid, 40.0)[1] == pytest.approx(-4.248354255291589e-18, rel=1e-14)
    assert first_two(autograd.tanh, 20.0)[1] == pytest.approx(-3.39868340423327e-17, rel=1e-14)
    assert first_two(autograd.asin, 1e-20)[1] == 1e-20
    assert first_two(autograd.atanh, 1e-20)[1] == 2e-20


def test_far_out_higher_derivatives_do_not_overflow() -> None:
    """Where a density is 0, so is x**2 times the density."""
    for function in (autograd.gelu, autograd.erf, autograd.silu, autograd.softplus):
        assert first_two(function, -1e200) == (0.0, 0.0)
        assert autograd.grad(autograd.grad(autograd.grad(function)))(-1e200) == 0.0


def test_forward_mode_has_the_zeros_of_the_reverse_pass() -> None:
    """And one of its own: a tangent of exactly 0 stays 0."""
    for function in (lambda x: 0.0 * autograd.sqrt(x), lambda x: autograd.sqrt(x) ** 2):
        assert autograd.jvp(function, (0.0,), (1.0,)) == (0.0, 0.0)
        assert autograd.grad(function)(0.0) == 0.0
    assert autograd.jvp(lambda x: autograd.sqrt(0.0 * x), (3.0,), (1.0,)) == (0.0, 0.0)
    assert math.isnan(autograd.grad(lambda x: autograd.sqrt(0.0 * x))(3.0))


def test_forward_mode_meets_infinities_before_they_cancel() -> None:
    """inf - inf, which from above is inf times (1 - 1)."""

    def difference(x: Any) -> Any:
        root = autograd.sqrt(x)
        return root - root

    assert autograd.grad(difference)(0.0) == 0.0
    assert math.isnan(autograd.jvp(difference, (0.0,), (1.0,))[1])


def test_anomalies_are_those_of_results() -> None:
    """A rule may meet inf times 0 on a side it does not take."""
    with autograd.detect_anomaly():
        assert second(autograd.atan2, 0.0, 0.0) == [[0.0, 0.0], [0.0, 0.0]]
        with pytest.raises(FloatingPointError, match=r"backward through sqrt\(0.0\) made inf"):
            second(autograd.sqrt, 0.0)


def test_what_a_guard_leaves_out_is_no_anomaly() -> None:
    """More in tests/test_guarded_anomalies.py."""

    def guarded(x: Value) -> Value:
        return autograd.where(x > 0, x * autograd.log(x), 0)

    def line_before(x: Value) -> Value:
        y = autograd.log(x)
        return autograd.where(x > 0, x * y, 0)

    with autograd.detect_anomaly():
        assert gradients(guarded, 0.0) == (0.0,)
        with pytest.raises(FloatingPointError, match="log made -inf"):
            line_before(Value(0.0))


# -- NumPy arrays ----------------------------------------------------------------------------------


def test_numpy_functions_keep_nan_and_share_ties() -> None:
    np = pytest.importorskip("numpy")
    x = np.array([1.0, NAN, 3.0])
    for keeps in (np.max, np.min, np.median, np.ptp, lambda x: np.maximum(x, 0.0).sum()):
        assert math.isnan(autograd.value_and_grad(keeps)(x)[0])
    for larger in (lambda x: np.maximum(x, 2.0), lambda x: np.maximum(2.0, x)):
        assert autograd.jacobian(larger)(np.array([2.0])).tolist() == [[0.5]]
    assert autograd.jacobian(lambda x: x.clip(0.0, 1.0))(np.array([1.0])).tolist() == [[1.0]]


def test_numpy_functions_give_numpys_kinds() -> None:
    np = pytest.importorskip("numpy")
    kinds = []

    def look(x: Any) -> Any:
        kinds.extend([(x > 0.5).dtype, np.isnan(x).dtype, np.argmax(x).dtype.kind])
        kinds.extend([type(np.floor(x)[0]), type(np.isfinite(x[0]))])
        return np.floor(x).sum()

    assert autograd.grad(look)(np.array([0.75])).tolist() == [0.0]
    assert kinds == [bool, bool, "i", Value, bool]


def test_ranks_of_arrays() -> None:
    np = pytest.importorskip("numpy")
    median = autograd.grad(np.median)
    assert median(np.array([3.0, 1.0, 2.0])).tolist() == [0.0, 0.0, 1.0]
    assert np.isnan(median(np.array([3.0, NAN, 2.0]))).all()
    assert median(np.array([1.0, 1.0, 2.0])).tolist() == [0.5, 0.5, 0.0]
    quartile = autograd.grad(lambda x: np.quantile(x, 0.25))
    assert quartile(np.array([4.0, 0.0, 2.0])).tolist() == [0.0, 0.5, 0.5]


def test_the_deviation_of_equal_numbers_has_derivative_0() -> None:
    np = pytest.importorskip("numpy")
    assert autograd.grad(np.std)(np.array([2.0, 2.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("x", "slope"), [(-1.0, 0.0), (0.0, 2.0), (1.0, -3.0), (2.0, -3.0)])
def test_interpolation_has_the_slope_to_the_right(x: float, slope: float) -> None:
    np = pytest.importorskip("numpy")
    assert autograd.grad(lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 2.0, -1.0]))(x) == slope
    assert autograd.grad(lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 2.0, -1.0]))(3.0) == 0.0


def test_determinants_have_derivatives_at_singular_matrices() -> None:
    np = pytest.importorskip("numpy")
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert autograd.grad(np.linalg.det)(singular).tolist() == [[4.0, -2.0], [-2.0, 1.0]]
    with pytest.raises(np.linalg.LinAlgError):
        autograd.jacobian(np.linalg.inv)(singular)


def test_arrays_beside_values_are_doubles() -> None:
    np = pytest.importorskip("numpy")
    x, hundreds = np.array([2.0]), np.array([200], np.uint8)
    assert autograd.value_and_grad(lambda x: (x * hundreds)[0])(x) == (400.0, [200.0])
    tenth = np.array([0.1], np.float32)
    assert autograd.grad(lambda x: (x * tenth)[0])(x).tolist() == [13421773 / 2**27]
    with pytest.raises(TypeError, match=r"numpy\.fft\.fft is not available for Values"):
        autograd.grad(lambda x: abs(np.fft.fft(x)[0]))(x)


# -- derivatives of functions ----------------------------------------------------------------------


def test_a_derivative_depends_on_what_the_function_captures() -> None:
    """d/dw of w cos(w t) is cos(w t) - w t sin(w t)."""
    w, t = Value(2.0), 0.5
    w.grad = 1.0
    slope = autograd.grad(lambda t: autograd.sin(w * t))(t)
    assert w.grad == 1.0
    slope.backward()
    assert w.grad == pytest.approx(1.0 + math.cos(1.0) - math.sin(1.0), rel=1e-15)
    with autograd.no_grad():
        plain = autograd.grad(lambda t: autograd.sin(w * t))(t)
    assert type(plain) is float
    assert plain == slope.data


def test_a_value_that_the_function_makes_is_a_constant() -> None:
    kept: list[Value] = []

    def f(x: Any) -> Any:
        kept.append(Value(3.0))
        return Value(0.0) + x * x * kept[0] + Value(1.0).detach()

    first, second = autograd.grad(f)(1.0), autograd.grad(f)(1.0)
    assert type(first) is float
    assert isinstance(second, Value)
    assert first == second.data == 6.0


def test_a_tall_jacobian_is_taken_forward_where_that_is_finite() -> None:
    def f(x: Any) -> Any:
        root = autograd.sqrt(x)
        return [root - root, autograd.sqrt(0.0 * x)]

    assert autograd.jacobian(f)(4.0) == [0.0, 0.0]
    assert math.isnan(autograd.jacrev(f)(4.0)[1])
    assert autograd.jacobian(lambda x: f(x)[:1] * 2)(0.0) == [0.0, 0.0]
    assert math.isnan(autograd.jacfwd(f)(0.0)[0])


def test_an_array_of_one_number_is_one_number() -> None:
    numpy = pytest.importorskip("numpy", reason="NumPy is not installed")
    x = numpy.array([3.0])
    assert autograd.value_and_grad(lambda x: x * x)(x) == (9.0, [6.0])
    assert autograd.hessian(lambda x: x * x)(x).tolist() == [[2.0]]
    with pytest.raises(TypeError, match="returns one number"):
        autograd.grad(lambda x: [x])(3.0)


def test_an_argument_chosen_twice_is_one_argument() -> None:
    assert autograd.grad(lambda x, y: x**3 * y, argnums=(0, -2))(2.0, 2.0) == (24.0, 24.0)


def test_none_is_carried_along_in_a_nesting_only() -> None:
    assert autograd.grad(lambda p: p[0] ** 2)([3.0, None]) == [6.0, None]
    with pytest.raises(TypeError, match="got None"):
        autograd.jacobian(lambda x: None)(3.0)


# -- networks --------------------------------------------------------------------------------------


def test_one_output_is_a_single_value() -> None:
    for model in (nn.Linear(2, 1), nn.Sequential(nn.Linear(2, 1)), nn.Layer(2, 1)):
        assert isinstance(model([1.0, 2.0]), Value)


def test_dropout_is_for_training_and_fit_leaves_it_off(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Dropout(0.5, seed=0), nn.Linear(20, 1))
    ones = [[1.0] * 20]
    assert model[0].training
    assert 0.0 in model[0](ones[0])
    assert nn.predict(model, ones) == nn.predict(model, ones)
    nn.fit(model, ones, [1.0], epochs=1)
    assert model[0](ones[0]) == ones[0]
    model.save(tmp_path / "model.json")
    assert nn.load(tmp_path / "model.json")(ones[0]).data == model(ones[0]).data


def test_fit_trains_on_the_data_as_they_were() -> None:
    """Numbers that a callback writes into the user's arrays are not met."""
    numpy = pytest.importorskip("numpy")

    def losses(callback: Callable[[Any, Any], object]) -> list[float]:
        X, y = numpy.array([[0.0], [1.0], [2.0]]), numpy.array([[1.0, 0.5], [3.0, 2.5], [5.0, 4.5]])
        model = nn.MLP(1, [2], seed=0)
        history = nn.fit(model, X, y, epochs=4, callback=lambda history: callback(X, y))
        found: list[float] = history["loss"]
        return found

    def spoils(X: Any, y: Any) -> None:
        X[:], y[:] = 100.0, -7.0

    assert losses(spoils) == losses(lambda X, y: None)


def test_a_file_of_another_model_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    nn.MLP(2, [3, 1], "tanh", seed=0).save(path)
    model = nn.MLP(2, [3, 1], "relu", seed=1)
    before = model.state_dict()
    with pytest.raises(ValueError, match="'tanh' in the file and 'relu' in the model"):
        model.load(path)
    assert model.state_dict() == before


def test_a_full_disk_stops_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(RuntimeWarning, match="No space"), pytest.raises(OSError) as caught:  # noqa: PT011
        nn.fit(nn.MLP(1, [1]), [0.0, 1.0], [0, 1], epochs=3, checkpoint=tmp_path / "run.json")
    assert len(caught.value.history) == 3  # type: ignore[attr-defined]


def test_a_device_is_written_to_and_stays() -> None:
    nn.MLP(1, [1]).save("/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_loss_of_another_magnitude_is_said() -> None:
    """Of 1 at first: 500 is not, 1e6 is."""
    X, y = [[1.0], [-1.0]], [1.0, -1.0]
    for lr, words in ((12.0, None), (1e3, "diverged: the loss was 1 at first, and is 4e\\+06 now")):
        model = nn.Linear(1, 1, bias=False)
        model.parameters()[0].data = 0.0
        settings: Any = {"lr": lr, "optimizer": "sgd", "epochs": 1, "progress": False}
        with nullcontext() if words is None else pytest.warns(RuntimeWarning, match=words):
            nn.fit(model, X, y, loss="mse", **settings)


def test_a_column_that_does_not_vary_has_scale_1() -> None:
    scaler = nn.Scaler.from_rows([[0.1, 1.0], [0.1, 3.0], [0.1, 2.0]])
    assert scaler.scale[0] == 1.0
    assert scaler([0.1, 2.0]) == [0.0, 0.0]


# -- blocks, threads, tasks and processes ----------------------------------------------------------


def is_recorded() -> bool:
    return (Value(1.0) * 2.0).parents != ()


def test_a_mode_is_over_with_its_block_whatever_ends_it() -> None:
    """Struck on the line of `with`, on the way out, so that its end is never called. (Elsewhere:
    test_interrupts.py.)"""

    def work() -> None:
        with autograd.no_grad():
            Value(1.0)

    def strike(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code is not work.__code__:
            return None
        lines.append(frame.f_lineno)
        if event == "line" and lines.count(frame.f_lineno) == 2:
            raise KeyboardInterrupt
        return strike

    lines: list[int] = []
    tracing = sys.gettrace()
    sys.settrace(strike)
    try:
        work()
    except KeyboardInterrupt:
        sys.settrace(tracing)
        assert is_recorded()
    sys.settrace(tracing)
    assert is_recorded()
    block = autograd.no_grad()
    with block:
        pass
    with pytest.raises(RuntimeError, match="opened once"), block:
        pass


def test_a_mode_is_for_its_thread_and_task() -> None:
    async def child(over: asyncio.Event) -> list[bool]:
        inside = is_recorded()
        await over.wait()
        return [inside, is_recorded()]

    async def main() -> None:
        over = asyncio.Event()
        neighbour = asyncio.create_task(child(over))
        with autograd.no_grad():
            begun_inside = asyncio.create_task(child(over))
            await asyncio.sleep(0)
            assert await asyncio.to_thread(is_recorded)
            assert not is_recorded()
        over.set()
        assert await neighbour == [True, True]
        assert await begun_inside == [False, True]

    asyncio.run(main())


def test_a_decorated_generator_is_in_the_mode_while_its_body_runs() -> None:
    @autograd.no_grad()
    def body() -> Iterator[bool]:
        while True:
            yield is_recorded()

    steps = body()
    assert [next(steps), is_recorded(), next(steps), is_recorded()] == [False, True, False, True]


def in_threads(work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_threads_lose_no_gradient() -> None:
    x = Value(3.0)

    def work(k: int) -> None:
        for _ in range(50):
            (x * k).backward()

    in_threads(work)
    assert x.grad == 50 * (0 + 1 + 2 + 3)


def test_stand_ins_are_for_their_thread() -> None:
    model = nn.Neuron.from_weights([2.0], 1.0, "linear")

    def work(k: int) -> None:
        for _ in range(50):
            with model.parameters_as([float(k), 0.0]):
                assert model([5.0]) == 5.0 * k
            assert model([5.0]).data == 11.0

    in_threads(work)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_is_not_locked_out() -> None:
    """Of the lock of the passes; of the others in test_forks.py."""
    code = """
        import os, signal, threading
        from autograd import Value
        from autograd.engine.backward import PASS_LOCK
        taken, done = threading.Event(), threading.Event()
        def hold():
            with PASS_LOCK:
                taken.set()
                done.wait(60)
        threading.Thread(target=hold).start()
        taken.wait(60)
        pid = os.fork()
        if pid == 0:
            signal.alarm(30)
            Value(1.0).backward()
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        done.set()
        raise SystemExit(status)
        """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
    assert subprocess.run(command, check=False).returncode == 0


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where it can't be put in place, nothing is left beside it; disks that fill up are in
    test_files.py."""
    path = tmp_path / "e.svg"
    path.write_text("old")
    (tmp_path / "link.svg").symlink_to(path)
    assert autograd.draw(Value(1.0) * 2).render(tmp_path / "link.svg")
    assert (tmp_path / "link.svg").is_symlink()
    assert "<svg" in path.read_text("utf-8")
    with pytest.raises(FileNotFoundError, match=r"missing.*e\.svg"):
        autograd.draw(Value(1.0) * 2).write(tmp_path / "missing" / "e.svg")
    assert sorted(x.name for x in tmp_path.iterdir()) == ["e.svg", "link.svg"]


# -- pictures --------------------------------------------------------------------------------------


def test_a_label_that_is_a_formula_stands_in_brackets() -> None:
    for label, shown in (
        ("a+b", "(a+b)"),
        ("0.5", "“0.5”"),
        ("a)+(b", "“a)+(b”"),
        ("w[0]", "w[0]"),
    ):
        words = autograd.draw(Value(2.0, label) * Value(3.0, "c")).words
        assert words["n2"].startswith(f"v1 = {shown} * c: ")
        assert words["e0"].startswith(f"∂v1/∂{shown} = 3; ")


def test_a_label_that_ends_in_a_number_is_no_qualified_name() -> None:
    for label, kind in (("layer0.w", "parameter"), ("x.1", "input"), ("0.5", "input")):
        assert f">{kind}<" in autograd.draw(Value(2.0, label) * 3).source


def test_a_box_says_what_is_in_grad_beyond_rounding() -> None:
    x = Value(1.0, "x")
    y = x * 0.1 + x * 0.2
    y.backward()
    for grad, said in ((0.3, False), (0.3 * (1 + 1e-12), False), (0.3001, True)):
        x.grad = grad
        assert ("in .grad" in autograd.draw(y).source) == said


def test_a_picture_shows_as_much_as_fits_a_page() -> None:
    """Ten values in a chain with messages; a hundred with local derivatives at most, in rows; of a
    hundred terms the first."""

    assert " × " in autograd.draw(chain(10)).source
    assert " × " not in autograd.draw(chain(100)).source
    assert "cluster_5" in autograd.draw(chain(100)).source
    terms = [Value(float(i), f"x{i}") * 2.0 for i in range(100)]
    assert "99 more like v1" in autograd.draw(autograd.sum(terms)).source


def test_pictures_in_chinese_keep_what_is_pythons() -> None:
    x = Value(-1.0, "x")
    x.grad = 5.0
    y = autograd.relu(x)
    y.label, y.grad = "y", 1.0
    words = autograd.draw(y, lang="zh").source
    for line in ("值 −1", "梯度 0", ".grad 里是 5", "y = relu(x)"):
        assert f">{line}<" in words
    assert ">值 NaN<" in autograd.draw(autograd.log(x), lang="zh").source


def test_files_of_pictures_are_light(tmp_path: Path) -> None:
    y = Value(2.0, "a") * 3.0
    shown = autograd.draw(y)._repr_mimebundle_()["image/svg+xml"]
    assert "prefers-color-scheme: dark" in shown
    path = Path(autograd.draw(y).render(tmp_path / "e.svg"))
    assert "prefers-color-scheme" not in path.read_text("utf-8")
    assert "#ffffff" in path.read_text("utf-8")


# -- the quiz --------------------------------------------------------------------------------------


def quiz(formula: str, **numbers: float) -> Exploration:
    return Exploration(explorable(formula, (), numbers), quiz=True)


def status(asked: Exploration, line: str, typed: str) -> str:
    asked.receive({"answer": {"question": line, "text": typed}})
    return next(x.status for x in asked.quiz.questions if x.id == line)


@pytest.mark.parametrize(
    ("a", "typed", "right"),
    [
        (0.25, "0.25", True),
        (0.25, "0.2501", False),
        (1 / 3, "0.3333", True),
        (1 / 3, "0.335", False),
    ],
)
def test_reckoning_with_the_digits_shown_is_right(a: float, typed: str, right: bool) -> None:
    """The derivative of a*b with respect to b is a."""
    assert (status(quiz("e = a * b", a=a, b=3.0), "n1-grad", typed) == "right") is right


def test_a_quiz_asks_for_finite_numbers() -> None:
    asked = quiz("e = sqrt(a)", a=0.0)
    assert [question.id for question in asked.quiz.questions] == ["n1-grad"]


def test_a_line_waits_for_what_it_tells() -> None:
    asked = quiz("c = a + b; d = b + 1; e = c * d", a=2.0, b=1.0)
    assert status(asked, "n1-grad", "5") == "right"
    assert asked.state()["texts"]["n1-grad"] == "grad 5"
    for line, typed in (("e1-message", "2"), ("e2-message", "3")):
        assert status(asked, line, typed) == "right"
    assert asked.state()["texts"]["n1-grad"] == "grad 2 + 3 = 5"


# -- arrays of rows --------------------------------------------------------------------------------


class OnDevice:
    """As an array of CUDA's shows itself to DLPack."""

    def __dlpack__(self) -> None:
        raise NotImplementedError

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0


def test_arrays_of_one_call_are_in_one_place() -> None:
    numpy = pytest.importorskip("numpy")
    product = autograd.vmap(lambda x, y: x * y)
    with pytest.raises(TypeError, match="OnDevice on a CUDA device and a numpy ndarray"):
        product(OnDevice(), numpy.ones(3))
    da = pytest.importorskip("dask.array")
    beside = product(da.from_array([1.0, 2.0, 3.0], chunks=2), numpy.array([2.0, 3.0, 4.0]))
    assert beside.chunks == ((2, 1),)
    assert beside.compute(scheduler="synchronous").tolist() == [2.0, 6.0, 12.0]
    with pytest.raises(TypeError, match="on a CUDA device and a dask Array"):
        product(OnDevice(), da.ones(3))


def test_chunks_are_added_in_a_fixed_tree() -> None:
    """Numbers of which most sums are rounded; a chunk each, added by hand in the same order."""
    da = pytest.importorskip("dask.array")
    numbers = [math.sin(i) * 10.0 ** (i % 7) for i in range(20)]
    total = autograd.vmap(lambda x: x, reduce="sum")(da.from_array(numbers, chunks=1))
    by_eight = [functools.reduce(operator.add, numbers[i : i + 8]) for i in (0, 8, 16)]
    assert (
        float(total.compute(scheduler="synchronous")) == (by_eight[0] + by_eight[1]) + by_eight[2]
    )
    assert float(total.compute(scheduler="threads")) == (by_eight[0] + by_eight[1]) + by_eight[2]


def test_cores_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is long enough to be shared out, by one core and by five."""
    numpy = pytest.importorskip("numpy")
    x = numpy.random.default_rng(0).normal(size=3_000_000)
    f = autograd.vmap(autograd.value_and_grad(lambda x: x * x * x / 3 + x), reduce="sum")
    found = []
    for cores in ("1", "5"):
        monkeypatch.setenv("CHAINRULE_NUM_THREADS", cores)
        found.append(f(x))
    assert found[0] == found[1]


def test_predictions_for_chunks_are_chunks() -> None:
    numpy = pytest.importorskip("numpy")
    da = pytest.importorskip("dask.array")
    import nn

    model = nn.Linear(1, 1, seed=0)
    asked: list[int] = []
    x = da.from_array(numpy.arange(5.0)[:, None], chunks=(2, 1))
    x = x.map_blocks(lambda block: asked.append(len(block)) or block, meta=numpy.empty((0, 1)))
    found = nn.predict(model, x)
    assert (found.chunks, asked) == (((2, 2, 1),), [])
    w, b = [p.data for p in model.parameters()]
    assert found.compute(scheduler="synchronous").tolist() == [w * i + b for i in range(5)]
    assert sorted(asked) == [1, 2, 2]
    assert isinstance(nn.score(model, x, numpy.arange(5.0)), float)


def test_nan_is_the_same_for_all_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    cuda = pytest.importorskip("cuda_on_cpu")
    once = autograd.vmap(lambda w, x: w * 1.0, in_axes=(None, 0), out_axes=None)
    assert math.isnan(once(math.nan, numpy.ones(3)))
    with pytest.raises(ValueError, match="out_axes is None for a result that is not the same"):
        once(math.nan, numpy.ones(0))
    if cuda.COMPILER is None:
        pytest.skip("needs a C++ compiler")
    device = cuda.device_on_cpu(tmp_path)
    monkeypatch.setattr("autograd.compiler.device_calls.device_of", lambda pointer: device)
    assert math.isnan(float(once(math.nan, cuda.HostArray(numpy.ones(3))).numpy()))
    with pytest.raises(ValueError, match="out_axes is None for a result that is not the same"):
        once(math.nan, cuda.HostArray(numpy.ones(3)[:0]))


def test_sums_on_a_device_have_a_fixed_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """32 rows in their order, and their sum to that of those before: by hand, of 64 rows."""
    numpy = pytest.importorskip("numpy")
    device_on_cpu = pytest.importorskip("cuda_on_cpu")
    if device_on_cpu.COMPILER is None:
        pytest.skip("needs a C++ compiler")
    device = device_on_cpu.device_on_cpu(tmp_path)
    monkeypatch.setattr("autograd.compiler.device_calls.device_of", lambda pointer: device)
    x = numpy.array([math.sin(i) * 10.0 ** (i % 7) for i in range(64)])
    total = autograd.vmap(lambda x: x * 1.0, reduce="sum")
    by_step = [functools.reduce(operator.add, x[i : i + 32].tolist()) for i in (0, 32)]
    assert float(total(device_on_cpu.HostArray(x)).numpy()) == by_step[0] + by_step[1]
    with pytest.warns(RuntimeWarning, match="x holds float32: it is converted at every call"):
        total(device_on_cpu.HostArray(x.astype("f4")))
