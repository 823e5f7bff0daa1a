"""Different routes to one number agree: for every primitive, and for random graphs of 200 nodes.

Backpropagation, the sum over paths, forward mode, the gradient transform, the recorded derivative
graph and a central difference in mpmath. None of them is taken to be right: they have to be equal,
bit for bit where the operations are the same, and to a stated tolerance where only their order is
not. The scale of a tolerance is the sum over all paths of the *absolute* products, since that is
what rounding is relative to.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement, permutations
from typing import Any

import mpmath as mp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mp_reference import HELD, ORDERED, REFERENCE
from random_formulas import AWKWARD, ROWS, Formula, graphs, ordinary

from autograd import Value, grad, hessian, jacobian, jvp, paths
from autograd.engine.graph import topological_order
from autograd.engine.primitives import TABLE, Primitive

INF, NAN = math.inf, math.nan

# Rows that are what mpmath says they are: these two have inputs that count as constant.
PLAIN = [row for row in ROWS if row.name not in ("stop_gradient", "pow_const")]

quickly = settings(max_examples=60, suppress_health_check=list(HealthCheck))


def backward(f: Callable[..., Any], point: Sequence[float]) -> tuple[Any, list[float]]:
    """The root that f makes of new leaves, and their gradients."""
    leaves = [Value(x) for x in point]
    root = f(leaves)
    root.backward()
    return root, [leaf.grad for leaf in leaves]


def sizes(root: Value) -> dict[int, float]:
    """For every node, the sum over its paths to the root of the absolute products."""
    found: dict[int, float] = defaultdict(float, {id(root): 1.0})
    for node in reversed(topological_order(root)):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            found[id(parent)] += abs(partial) * found[id(node)]
    return found


def forward(f: Callable[..., Any], point: Sequence[float]) -> list[float]:
    """The gradient by forward mode, one direction at a time."""
    units = [[float(i == j) for j in range(len(point))] for i in range(len(point))]
    return [jvp(f, (list(point),), (unit,))[1] for unit in units]


def in_mpmath(f: Formula) -> Callable[..., Any]:
    """The same formula with mpmath's functions in the place of the primitives."""

    def exact(row: Primitive) -> Callable[..., Any]:
        return lambda *xs: REFERENCE[row.name](*map(mp.mpf, xs))

    return lambda *inputs: f.in_terms_of(exact, inputs)


def central_difference(f: Callable[..., Any], point: Sequence[float], i: int) -> float:
    """With a step of 1e-20 and 50 digits: exact to 1e-30."""
    with mp.workdps(50):
        step = mp.mpf(10) ** -20
        above = f(*[mp.mpf(x) + step * (i == j) for j, x in enumerate(point)])
        below = f(*[mp.mpf(x) - step * (i == j) for j, x in enumerate(point)])
        return float((above - below) / (2 * step))


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


# -- random graphs ---------------------------------------------------------------------------------


@quickly
@given(f=graphs(rows=PLAIN, admits=ordinary))
def test_six_ways_to_a_gradient(f: Formula) -> None:
    """Backward, the transform, the derivative graph, forward mode, paths, central difference."""
    root, found = backward(f, f.inputs)
    assert grad(f)(f.inputs) == found
    leaves = [Value(x) for x in f.inputs]
    tree = f(leaves)
    scale = sizes(tree)
    recorded = grad(f)(leaves)
    tangents = forward(f, f.inputs)
    for i, leaf in enumerate(leaves):
        close = pytest.approx(found[i], rel=0.0, abs=1e-13 * scale[id(leaf)])
        assert recorded[i].data == found[i]
        assert tangents[i] == close
        assert paths(tree, leaf, limit=0).total == found[i]
        difference = central_difference(in_mpmath(f), f.inputs, i)
        assert difference == pytest.approx(found[i], rel=0.0, abs=1e-12 * scale[id(leaf)])
    assert root.data == tree.data


@quickly
@given(f=graphs(rows=PLAIN, admits=ordinary, sizes=st.integers(5, 25)))
def test_the_sum_over_all_paths_written_down(f: Formula) -> None:
    """Each path on its own, every product multiplied out."""
    leaves = [Value(x) for x in f.inputs]
    root = f(leaves)
    root.backward()
    for leaf in leaves:
        found = paths(root, leaf, limit=10_000)
        products = [row.product for row in found.rows]
        assert found.complete
        assert len(products) == found.count
        tolerance = 1e-14 * math.fsum(map(abs, products))
        assert math.fsum(products) == pytest.approx(leaf.grad, rel=0.0, abs=tolerance)


@quickly
@given(f=graphs(numbers=AWKWARD))
def test_graphs_over_awkward_numbers(f: Formula) -> None:
    """NaN, infinities, zeros of both signs, huge and tiny: the numeric routes are bit-equal."""
    root, found = backward(f, f.inputs)
    assert all(map(same, grad(f)(f.inputs), found))
    leaves = [Value(x) for x in f.inputs]
    tree = f(leaves)
    assert same(tree.data, root.data)
    assert all(
        same(paths(tree, leaf, limit=0).total, x) for leaf, x in zip(leaves, found, strict=True)
    )


@quickly
@given(f=graphs(rows=PLAIN, admits=ordinary, sizes=st.integers(5, 40)))
def test_hessians_are_symmetric_whichever_way(f: Formula) -> None:
    """Reverse over reverse is forward over reverse is a second difference in mpmath."""
    found = hessian(f)(f.inputs)
    scale = 1.0 + max(abs(x) for row in found for x in row)
    n = range(len(f.inputs))
    for i in n:
        unit = [float(i == j) for j in n]
        _, column = jvp(grad(f), (f.inputs,), (unit,))
        for j in n:
            close = pytest.approx(found[i][j], rel=0.0, abs=1e-11 * scale)
            assert found[j][i] == close
            assert column[j] == close
            with mp.workdps(50):
                order = tuple([(i == k) + (j == k) for k in n])
                exact = mp.diff(in_mpmath(f), tuple(f.inputs), order)
            assert float(exact) == pytest.approx(found[i][j], rel=0.0, abs=1e-9 * scale)


@quickly
@given(f=graphs(numbers=[0.0, -0.0, 0.5, 1.0, -2.0, 3.5, INF, -INF, NAN]))
def test_forward_mode_over_awkward_numbers(f: Formula) -> None:
    """Finite wherever backward is finite and nothing infinite cancels; then they agree."""
    _, found = backward(f, f.inputs)
    leaves = [Value(x) for x in f.inputs]
    scale = sizes(f(leaves))
    for leaf, there, back in zip(leaves, found, forward(f, f.inputs), strict=True):
        if math.isfinite(scale[id(leaf)]):
            assert there == pytest.approx(back, rel=0.0, abs=1e-13 * scale[id(leaf)])


# -- every primitive -------------------------------------------------------------------------------

BUILT_IN = [row for row in TABLE.values() if row.builtin]


@st.composite
def inside(draw: Any, row: Primitive) -> list[float]:
    """A point of the domain where the row is ordinary; away from 0, where softsign is not."""
    if row.name in ORDERED:
        rest = [draw(st.floats(0.5, 3.0)) for _ in row.domain[1:]]
        return [draw(st.sampled_from([0.0, 1.0])), *rest]
    domain = row.domain if row.arity else [(-INF, INF)] * draw(st.sampled_from([2, 4]))
    axes = [st.floats(max(lo, -3.0), min(hi, 3.0)) for lo, hi in domain]
    points = st.tuples(*axes).map(list)
    return draw(points.filter(lambda point: min(map(abs, point)) > 0.01 and ordinary(row, point)))


# A pivot that does not follow the largest input has derivative 0, and a place is a whole number:
# softmax and median are checked with theirs. The slope of rad2deg is 57.
SPECIAL = ("softmax_pivot", "order_statistic", "rad2deg")


@pytest.mark.parametrize(
    "row", [row for row in BUILT_IN if row.name not in SPECIAL], ids=lambda row: row.name
)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_three_orders_of_every_primitive(row: Primitive, data: Any) -> None:
    """All derivatives, mixed ones included, against differences in mpmath; each symmetric."""
    point = data.draw(inside(row))
    free = [i for i in range(len(point)) if (row.name, i) not in HELD]

    def f(xs: Sequence[Any]) -> Any:
        return row(*xs)

    orders = [grad(f)(point), hessian(f)(point), jacobian(hessian(f))(point)]
    for order, found in enumerate(orders, 1):
        scale = 1.0 + max(map(abs, flat(found)))
        for by in combinations_with_replacement(free, order):
            with mp.workdps(50):
                counts = tuple([by.count(i) for i in range(len(point))])
                want = float(mp.diff(REFERENCE[row.name], tuple(point), counts))
            for places in set(permutations(by)):
                number = functools.reduce(operator.getitem, places, found)
                assert number == pytest.approx(want, rel=0.0, abs=1e-12 * scale), places


def flat(nested: Any) -> list[float]:
    return [x for row in nested for x in flat(row)] if isinstance(nested, list) else [nested]


SIZES = [1e-200, 1e-20, 1e-5, 0.003, 20.0, 40.0, 300.0, 1e5, 1e20, 1e200]
# floor and ceil jump at whole numbers, as all the large ones are.
UNARY = [row for row in BUILT_IN if row.arity == 1 and row.name not in ("floor", "ceil")]


def second_difference(f: Callable[[Any], Any], x: float) -> float:
    """With a step of 1e-60 of x, and digits enough for what cancels: more where x is tiny."""
    with mp.workdps(450 if abs(x) > 1e-6 else 700):
        at, step = mp.mpf(x), abs(mp.mpf(x)) * mp.mpf(10) ** -60
        found = (f(at + step) - 2 * f(at) + f(at - step)) / step**2
        return math.copysign(INF, found) if abs(found) > 1.7e308 else float(found)


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
def test_second_derivatives_of_huge_and_tiny_numbers(row: Primitive) -> None:
    """To 1e-13 of the number itself or, where terms cancel, 1e-15 of the first derivative."""
    ((lo, hi),) = row.domain
    for x in [sign * size for size in SIZES for sign in (1.0, -1.0)]:
        if not lo < x < hi or (abs(x) > 1e15 and row.name in ("sin", "cos", "tan")):
            continue
        found, slope = grad(grad(row))(x), grad(row)(x)
        want = second_difference(REFERENCE[row.name], x)
        tolerance = 1e-13 * abs(want) + 1e-15 * abs(slope) + 1e-300
        assert found == want or abs(found - want) <= tolerance, x
