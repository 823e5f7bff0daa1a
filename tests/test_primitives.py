"""Every row of the table, against mpmath and against itself: a new row is tested by being there.

What a row has to bring is one line in mp_reference.py, the same function in mpmath. Values and
local derivatives are then compared over its whole domain, in units in the last place (ulp);
derivatives of the reference are divided differences at high precision, so no rule is tested with a
rule.
"""

from __future__ import annotations

import doctest
import inspect
import math
import operator
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import mpmath as mp
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mp_reference import HELD, ORDERED, REFERENCE, dot

import autograd
from autograd import Value
from autograd.engine.primitives import TABLE, Primitive

Point = tuple[float, ...]

ROWS = [row for row in TABLE.values() if row.builtin]


def each_row(rows: Iterable[Primitive]) -> Any:
    return pytest.mark.parametrize("row", list(rows), ids=lambda row: row.name)


# -- the reference ---------------------------------------------------------------------------------


def derivative(f: Callable[..., Any], point: Point, i: int, digits: int = 100) -> Any:
    """The partial derivative by a central difference, with more digits while those cancel."""
    with mp.workdps(digits + max(0, *(math.frexp(x)[1] // 3 for x in point))):
        at = [mp.mpf(x) for x in point]
        size = min(abs(at[i]), 1) or mp.mpf(10) ** -140  # at 0, step**2 is no double
        step = size * mp.mpf(10) ** -30
        above = f(*at[:i], at[i] + step, *at[i + 1 :])
        below = f(*at[:i], at[i] - step, *at[i + 1 :])
        change = above - below
        if digits < 1500 and abs(change) <= abs(above) * mp.mpf(10) ** (40 - digits):
            return derivative(f, point, i, 4 * digits)
        return change / (2 * step)


# -- where to look ---------------------------------------------------------------------------------

ORDINARY = [0.1, 0.3, 0.5, 0.9, 1.2, 1.5, 2.0, 3.7, 7.9, 13.3]
TAILS = [20.0, 26.4, 30.0, 36.9, 38.3, 40.0, 100.0, 300.0, 372.5, 700.3, 709.5, 745.0]
TINY = [2.3e-308, 1e-200, 1e-100, 1e-20, 1e-16, 1e-10, 1e-8, 1e-5, 0.003]
HUGE = [1e3, 1e5, 1e8, 1e16, 1e20, 1e100, 1e154, 1e200, 1.7e308]
FEW = [1e-200, 0.003, 0.3, 1.5, 7.9, 1e3, 1e200]

LISTS = [
    *[
        (2.5,),
        (-1.5, 3.0),
        (0.25, 4.0, -0.5),
        (1.0, 2.0, 3.0, -4.5),
        (0.1, 0.7, 0.2, 0.9, -3.3, 1.2),
    ],
    *[
        (300.1, -399.7),
        (-700.3, 4.4, 0.3),
        (1000.25, 999.0),
        (1e5, 99970.1, 0.1),
        (-1000.3, -1030.7),
    ],
]
SPREAD = [(1e200, 3e200), (3e-200, 1e-200, 2e-200), (1e-200, 1.0, -2.0)]


# Their domain ends at 0, where they are not smooth; beyond it they go on.
MIRRORED = {"div", "reciprocal", "cbrt", "atan2", "hypot"}


def axis(interval: tuple[float, float], sizes: Iterable[float]) -> list[float]:
    """These sizes with both signs, and points close to a finite edge, inside an open interval."""
    lo, hi = interval
    points = [x for size in sizes for x in (size, -size)]
    for edge in {lo, hi} - {0.0, math.inf, -math.inf}:
        points += [edge + sign * d for d in (3e-16, 1e-12, 1e-8, 1e-4) for sign in (1, -1)]
    return sorted(x for x in points if lo < x < hi)


def smooth(row: Primitive, point: Point) -> bool:
    """Whether this is no kink: kinks lie at 0 and where two inputs are equal."""
    if row.name == "reciprocal":
        return point != (0.0,)
    return not row.kinks or (0.0 not in point and len(set(point)) == len(point))


def grid(row: Primitive) -> list[Point]:
    """Points of a row's domain."""
    if row.name in SPECIAL:
        return SPECIAL[row.name]
    if row.arity is None:
        return LISTS
    domain = list(row.domain)
    if row.name in MIRRORED:
        domain = [(-hi if lo == 0.0 else lo, hi) for lo, hi in domain]
    sizes = {1: [0.0, *TINY, *ORDINARY, *TAILS, *HUGE], 2: FEW, 3: [0.3, 2.5, 1e200]}[row.arity]
    return [p for p in product(*[axis(d, sizes) for d in domain]) if smooth(row, p)]


POWERS = list(product([1e-200, 0.003, 1.5, 7.9, 1e200], [-7.3, -1.0, 0.1, 0.5, 1.5, 2.0, 40.0]))
QUOTIENTS = list(product([-1e4, -7.25, -0.3, 1e-20, 0.3, 7.25], [-3.7, -0.7, 1e-3, 0.7, 3.7]))
UNROUND = [(x,) for x in (-1e5 - 0.3, -7.3, -0.4, -1e-200, 1e-5, 0.3, 3.7, 1e15 + 0.3)]
NEGATIVE = [-5e-324, -1e-20, -0.3, -0.5, -0.999, -1 - 2.3e-16, -2.5, -10.00001, -100.3, -1e5 - 0.3]

SPECIAL: dict[str, list[Point]] = {
    "pow": POWERS,
    "pow_const": POWERS,
    "mod": QUOTIENTS,
    "fmod": QUOTIENTS,
    "floordiv": QUOTIENTS,
    "floor": UNROUND,
    "ceil": UNROUND,
    "round": UNROUND,
    "lgamma": [(x,) for x in axis((0.0, math.inf), TINY + ORDINARY + HUGE) + NEGATIVE[1:]],
    "exp_difference": list(product([-700.3, -40.1, -0.3, 0.0, 1e-10], [0.7, 9.1, 300.7, 1e-20])),
    "elu": list(product([-1e200, -745.0, -1.5, -1e-20, 0.3, 1e200], [0.3, 1.5])),
    "erf": [(x,) for x in axis((-math.inf, math.inf), [*TINY, *ORDINARY, 26.4, 1e200])],
    "exp_square": list(product(axis((-60.0, 60.0), TINY + ORDINARY + TAILS), [-1.0, -0.5])),
    "polygamma": [
        *product([0.0, 1.0, 2.0, 3.0], [1e-20, 0.003, 0.5, 1.5, 7.9, 19.5, 1e5, 1e20]),
        *[(0.0, x) for x in NEGATIVE],
    ],
    "polygamma_difference": list(
        product([0.0, 1.0, 2.0], [1e-20, 0.003, 1.5, 19.5, 1e16], [1e-8, 0.5, 1e16])
    ),
    "lbeta": list(product([0.003, 0.5, 1.5, 7.9, 40.0, 1e16], repeat=2)),
    "digamma": [(x,) for x in [1e-20, 0.003, 0.5, 1.5, 7.9, 19.5, 1e5, 1e20, *NEGATIVE]],
    "erfcx_ratio": [
        *product([1.0], [0.003, 0.49, 0.7, 1.9, 7.9, 26.4, 1e5]),
        *product([2.0], [0.7, 1.9, 7.9, 26.4, 1e5]),
    ],
    "sinc_derivative": list(product([0.0, 1.0], [-5.3, -0.3, 0.003, 0.49, 0.7, 1.9, 7.9, 26.4])),
    "logaddexp": [x for x in LISTS if len(x) == 2],
    "var": LISTS,
    "std": LISTS + SPREAD,
    "order_statistic": [(0.0, 2.5), (1.0, -1.5, 3.0), (3.0, 1.0, 2.0, 3.0, -4.5)],
    "softmax_pivot": [
        (2.5,),
        (-1.5, 3.0),
        (0.7, -1.2, 0.4, 1.9),
        (700.3, 4.4, 0.3),
    ],  # each is followed
    "softmax_others": LISTS,
    "softmax_apart": [(0.3, 7.9, 0.3), (7.9, 0.3, 1.5)],
    "softmax_share": list(product([-700.3, -1.5, 0.3], [0.4, 7.9], [1e-20, 0.3, 1.5, 7.9, 1e5])),
    "log_softmax_share": list(
        product([-700.3, -1.5, 0.3], [0.4, 7.9], [1e-20, 0.3, 1.5, 7.9, 1e5])
    ),
    "prod": LISTS + SPREAD,
    "norm": LISTS + SPREAD,
    "dot": [x for x in LISTS if len(x) % 2 == 0] + [(1e200, 1e-200, 3.0, 1e-200)],
}


@st.composite
def anywhere(draw: Any, row: Primitive) -> Point:
    """A point of the domain that hypothesis picks: of ordinary size or, for one input, any."""
    domain = row.domain if row.arity else 2 * draw(st.integers(1, 3)) * [(-math.inf, math.inf)]
    point = []
    for lo, hi in domain:
        inside = {"exclude_min": True, "exclude_max": True, "allow_subnormal": False}
        near = st.floats(max(lo, -30.0), min(hi, 30.0), **inside)
        point.append(draw(near | st.floats(lo, hi, **inside) if row.arity == 1 else near))
    return tuple(point)


# -- how close -------------------------------------------------------------------------------------

VALUE_ULPS = 4.0
DERIVATIVE_ULPS = 8.0  # a rule rounds a few times more


def rounding(row: Primitive, point: Point) -> float:
    """What is allowed on top: a sum over any number of inputs rounds once for each."""
    return 0.0 if row.arity else float(len(point))


# Where a sum cancels, the result is as good as its largest term, whose size stands here.
VALUE_SCALE: dict[str, Callable[..., Any]] = {
    "lgamma": lambda x: 4.0,  # at its zeros 1 and 2
    "polygamma": lambda order, x: 1.0 if order == 0 else 0.0,  # digamma at its zero 1.46
    "digamma": lambda x: 1.0,
    "lbeta": lambda a, b: 4.0,  # where B is 1
    "logaddexp": lambda *xs: max(map(abs, xs)),
    "sum": lambda *xs: sum(map(abs, xs)),
    "mean": lambda *xs: sum(map(abs, xs)) / len(xs),
    "dot": lambda *xs: dot(*map(abs, xs)),
    "logsumexp": lambda *xs: max(map(abs, xs)),
}
DERIVATIVE_SCALE: dict[str, Callable[..., Any]] = {
    "sinc": lambda x: 1.0 / abs(x) if abs(x) > 0.5 else 0.0,  # at its extremes
    "sinc_derivative": lambda order, x: 1.0,
    "var": lambda *xs: max(xs) - min(xs),  # where an input is near the mean
    "std": lambda *xs: 1.0,
    "lgamma": lambda x: 1.0,
    "gelu": lambda x: 0.2 if -1.5 < x < 0.0 else 0.0,  # at its minimum, -0.75
    "silu": lambda x: 0.2 if -2.0 < x < 0.0 else 0.0,  # at its minimum, -1.28
}


def ulps_off(got: float, want: Any, scale: float) -> float:
    """The distance, in units in the last place of the wanted number or, if larger, of `scale`."""
    try:
        nearest = float(want)
    except OverflowError:
        nearest = math.copysign(math.inf, want)
    if got == nearest:
        return 0.0
    if not math.isfinite(got) or not math.isfinite(nearest):
        return math.inf
    # Below 1e-300 an intermediate result may have been denormal.
    unit = max(math.ulp(max(abs(nearest), scale)), 4e-321 if abs(nearest) < 1e-300 else 0.0)
    return float(abs(mp.mpf(got) - want) / unit)


def value_error(row: Primitive, point: Point) -> float:
    with mp.workdps(400):
        want = REFERENCE[row.name](*map(mp.mpf, point))
    scale = VALUE_SCALE.get(row.name, lambda *xs: 0.0)(*point)
    return ulps_off(row(*point), want, scale)


def derivative_error(row: Primitive, point: Point, i: int) -> float:
    out = row(*[Value(x) if j == i else x for j, x in enumerate(point)])
    (got,) = out.partials
    want = 0 if (row.name, i) in HELD else derivative(REFERENCE[row.name], point, i)
    scale = DERIVATIVE_SCALE.get(row.name, lambda *xs: 0.0)(*point)
    error = ulps_off(got, want, scale)
    if row.name in ("pow", "pow_const") and point[1] < 0.5:
        # n - 1 is rounded, by half a unit of it at most; log x times that is what x**(n-1) is off.
        error -= abs(math.log(point[0])) * math.ulp(point[1] - 1.0) / 2 / 2**-53
    return error


# -- the tests -------------------------------------------------------------------------------------


def test_every_row_is_complete() -> None:
    """A row has a reference here, a sentence of documentation and an interval per input."""
    assert {row.name for row in ROWS} == set(REFERENCE)
    for row in ROWS:
        assert row.doc.endswith("."), row.name
        assert row.arity is None or len(row.domain) == row.arity, row.name


@each_row(ROWS)
def test_a_row_looks_like_a_function(row: Primitive) -> None:
    """To `help`, `inspect`, and whoever runs the example."""
    assert row.__name__ == row.__qualname__ == row.name
    assert row.__module__ == "autograd"
    assert str(inspect.signature(row)) == f"({row.inputs})"
    assert row.__doc__.startswith(f"{row.name}({row.inputs})\n\n{row.doc}")
    test = doctest.DocTestParser().get_doctest(row.__doc__, {}, row.name, None, None)
    assert bool(test.examples) == (vars(autograd).get(row.name) is row)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_what_help_says() -> None:
    """All of it read off the row; the class has a text of its own."""
    assert autograd.leaky_relu.__doc__ == (
        "leaky_relu(x, slope=0.01)\n\n"
        "x where x >= 0, else slope * x.\n\n"
        "Where it is not smooth: the right-hand derivative, 1, at 0.\n\n"
        ">>> import autograd\n"
        ">>> from autograd import Value\n"
        ">>> out = autograd.leaky_relu(Value(0.5))\n"
        ">>> out.data, out.partials\n"
        "(0.5, (1.0,))"
    )
    for function, condition in [
        (autograd.log1p, "x > -1"),
        (autograd.sqrt, "x > 0"),
        (autograd.cbrt, "x != 0"),
        (autograd.asin, "-1 < x < 1"),
        (autograd.atan2, "y != 0 and x != 0"),
    ]:
        assert f"Smooth and finite where {condition}." in function.__doc__
    assert "\n\nWritten a ** b.\n\n" in autograd.pow.__doc__
    assert "Smooth" not in autograd.exp.__doc__
    assert Primitive.__doc__ != autograd.exp.__doc__
    assert Primitive.__name__ == "Primitive"


@pytest.mark.parametrize(
    ("forward", "arity", "signature"),
    [
        (lambda t: t, 1, "(t)"),
        (lambda a, b, c=1: a, 2, "(a, b)"),
        (lambda *numbers: 0.0, None, "(*numbers)"),
        (lambda *numbers: 0.0, 2, "(x1, x2)"),
        (math.cbrt, 1, "(x)"),
        (math.hypot, 1, "(x)"),
    ],
)
def test_a_primitive_of_your_own_has_the_signature_of_its_function(
    forward: Callable[..., float], arity: int | None, signature: str
) -> None:
    own = autograd.primitive("own", forward, lambda out, *xs: 0.0, arity=arity, doc="Mine.")
    try:
        assert str(inspect.signature(own)) == signature
        assert own.__doc__ == f"own{signature}\n\nMine."
    finally:
        if own.is_method:
            delattr(Value, "own")
        del TABLE["own"]


@each_row(ROWS)
def test_values_are_those_of_mpmath(row: Primitive) -> None:
    """Over the whole range, tails and edges included, to a few units in the last place."""
    for point in grid(row):
        assert value_error(row, point) <= VALUE_ULPS + rounding(row, point), point


@each_row(ROWS)
def test_derivatives_are_those_of_mpmath(row: Primitive) -> None:
    """Every local derivative, over the whole range, to a few units in the last place."""
    for point in grid(row):
        allowed = DERIVATIVE_ULPS + rounding(row, point)
        for i in range(len(point)):
            assert derivative_error(row, point, i) <= allowed, (point, i)


@each_row(row for row in ROWS if row.name not in SPECIAL)
@settings(max_examples=20)
@given(data=st.data())
def test_values_and_derivatives_anywhere(row: Primitive, data: Any) -> None:
    """At points that nobody chose."""
    point = data.draw(anywhere(row))
    assume(smooth(row, point))
    assert value_error(row, point) <= VALUE_ULPS + rounding(row, point)
    for i in range(len(point)):
        assert derivative_error(row, point, i) <= DERIVATIVE_ULPS + rounding(row, point)


# -- one rule, however it is fed -------------------------------------------------------------------

AWKWARD = [0.0, -0.0, 5e-324, -1e-308, 0.5, 1.0, -1.0, 2.0, -3.0, 1e200, -1.7e308]
AWKWARD += [math.inf, -math.inf, math.nan]


def bits(x: float) -> str:
    """Tells 0.0 from -0.0; all NaNs are one."""
    return x.hex()


def awkward_points(row: Primitive) -> list[Point]:
    if row.name == "exp_square":
        return list(product(AWKWARD, [-1.0, -0.5]))
    if row.name in ORDERED:
        rest = [AWKWARD] if row.arity == 2 else [AWKWARD[::2]] * 2
        return list(product([0.0, 1.0, 2.0, 3.0], *rest))
    if row.arity is None:
        return [*product(AWKWARD, repeat=2), *product(AWKWARD[::3], repeat=4)]
    return list(product(AWKWARD[:: max(1, row.arity - 1)], repeat=row.arity))


def factors(row: Primitive, out: Any, inputs: Iterable[Any]) -> tuple[Any, ...]:
    """What the rule returns, one factor per input."""
    found = row.partials(out, *inputs)
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


def numbers(values: Iterable[Any]) -> list[str]:
    return [bits(x.data if isinstance(x, Value) else x) for x in values]


def rule(row: Primitive, out: float, point: Point) -> list[str]:
    """The rule's factors, over floats or, where those raise, over Values."""
    try:
        return numbers(factors(row, out, point))
    except ZeroDivisionError:
        return numbers(factors(row, Value(out), map(Value, point)))


@each_row(ROWS)
def test_the_rule_is_the_same_over_floats_and_over_values(row: Primitive) -> None:
    """Bit for bit, wherever floats don't raise; and a node keeps what the rule says."""
    for point in awkward_points(row):
        node = row(*map(Value, point))
        over_values = numbers(factors(row, Value(node.data), map(Value, point)))
        assert over_values == rule(row, node.data, point), point
        assert over_values == numbers(node.partials), point


OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "mod": operator.mod,
    "floordiv": operator.floordiv,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_have_the_derivatives_of_their_rows(name: str) -> None:
    """What value.py says once more, for speed, agrees bit for bit; constants on either side too."""
    for a, b in product(AWKWARD, repeat=2):
        for left, right in [(Value(a), Value(b)), (Value(a), b), (a, Value(b))]:
            row = TABLE["pow_const" if name == "pow" and right is b else name]
            node = OPERATORS[name](left, right)
            assert node.primitive is row
            assert bits(node.data) == bits(row.forward(a, b)), (a, b)
            assert node.inputs[0] is left or bits(node.inputs[0]) == bits(a)
            assert node.inputs[1] is right or bits(node.inputs[1]) == bits(b)
            wanted = rule(row, node.data, (a, b))
            used = [f for x, f in zip((left, right), wanted, strict=True) if isinstance(x, Value)]
            assert numbers(node.partials) == used, (left, right)


@pytest.mark.parametrize(("name", "function"), [("neg", operator.neg), ("abs", abs)])
def test_signs_have_the_derivatives_of_their_rows(
    name: str, function: Callable[[Value], Value]
) -> None:
    for x in AWKWARD:
        node = function(Value(x))
        assert node.primitive is TABLE[name]
        assert numbers([node]) == numbers([TABLE[name].forward(x)])
        assert numbers(node.partials) == rule(TABLE[name], node.data, (x,))


# -- higher derivatives ----------------------------------------------------------------------------


def derivatives(root: Value, inputs: list[Value]) -> list[float]:
    for x in inputs:
        x.grad = 0.0
    root.backward()
    return [x.grad for x in inputs]


def ordinary_points(row: Primitive) -> list[Point]:
    if row.name == "exp_square":
        return [(0.7, -1.0), (-1.9, -0.5)]
    if row.name in ORDERED:
        return [(0.0, 0.7, 1.4)[: row.arity], (1.0, 3.3, 0.3)[: row.arity]]
    if row.name == "order_statistic":
        return [(1.0, 0.7, -1.2, 0.4)]
    if row.arity is None:
        return [(0.7, -1.2, 0.4, 1.9), (2.5, 1.25)]
    points = [(0.7, 0.45, 0.9), (0.3, 1.4, -0.6), (2.6, 1.1, 1.7), (-0.8, 0.6, 0.2)]
    return [
        p
        for p in (point[: row.arity] for point in points)
        if all(lo < x < hi for x, (lo, hi) in zip(p, row.domain, strict=True))
    ]


@each_row(row for row in ROWS if row.name != "stop_gradient")
def test_higher_derivatives_are_those_of_mpmath(
    row: Primitive, gradient_graph: Callable[[Value, Value], Value]
) -> None:
    """Fed Values, a rule is a graph: second derivatives, mixed ones too, and third ones."""
    for point in ordinary_points(row):
        inputs = [Value(x) for x in point]
        free = [i for i in range(len(point)) if (row.name, i) not in HELD]
        for i in free:
            first = factors(row, row(*inputs), inputs)[i]
            second = derivatives(Value(0.0) + first, inputs)
            graph = gradient_graph(gradient_graph(row(*inputs), inputs[i]), inputs[i])
            third = derivatives(graph, inputs)
            with mp.workdps(30):
                for j in free:
                    order = [(j == k) + (i == k) for k in range(len(point))]
                    want = mp.diff(REFERENCE[row.name], point, tuple(order))
                    assert second[j] == pytest.approx(float(want), rel=1e-13, abs=1e-13), (i, j)
                order = [3 * (i == k) for k in range(len(point))]
                want = mp.diff(REFERENCE[row.name], point, tuple(order))
                assert third[i] == pytest.approx(float(want), rel=1e-12, abs=1e-12), (i, point)
