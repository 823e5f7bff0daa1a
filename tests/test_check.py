"""check_grad: derivatives from values alone, kinks told from errors, and slips named."""

from __future__ import annotations

import dataclasses
import doctest
import functools
import html
import math
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mp_reference import ORDERED
from random_formulas import ROWS, Formula, graphs, ordinary

import autograd
from autograd import Value, check_grad, exp, grad, log, relu, sigmoid, sin, sqrt, tanh
from autograd.check import finite_differences, gradient_check
from autograd.check.finite_differences import differentiate
from autograd.check.tutor import naming
from autograd.engine.primitives import TABLE

FAILURES = (ValueError, ZeroDivisionError, OverflowError)


@pytest.mark.parametrize("module", [finite_differences, gradient_check, naming])
def test_docstrings(module: Any) -> None:
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_the_page() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "checking.md"
    results = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert (results.failed, results.attempted > 4) == (0, True)


# -- differences -----------------------------------------------------------------------------------


def real(f: Callable[[float], Any]) -> Callable[[float], float]:
    """NaN wherever Python raises, as the differences expect."""

    def line(x: float) -> float:
        try:
            return f(x)
        except FAILURES:
            return math.nan

    return line


def single(x: float) -> float:
    return struct.unpack("f", struct.pack("f", x))[0]


SMOOTH: list[tuple[Any, Any, float]] = [  # a function, its derivative, and where
    (math.exp, mp.exp, 1.0),
    (lambda x: math.sin(1000 * x), lambda x: 1000 * mp.cos(1000 * x), 0.3),
    (lambda x: math.exp(-1e6 * x * x), lambda x: -2e6 * x * mp.exp(-1e6 * x * x), 1e-3),
    (math.log, lambda x: 1 / x, 1e-10),
    (math.log, lambda x: 1 / x, 1e-300),
    (math.log, lambda x: 1 / x, 1e200),
    (lambda x: x * x, lambda x: 2 * x, 0.0),
    (math.cos, lambda x: -mp.sin(x), 0.0),
    (lambda x: x**3, lambda x: 3 * x**2, 1e100),
    (lambda x: 1 / x, lambda x: -1 / x**2, 1e-5),
    (math.tan, lambda x: 1 + mp.tan(x) ** 2, 1.5707),
    (math.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), 1e-12),
    (lambda x: x * math.log(x), lambda x: 1 + mp.log(x), 1e-8),
    (lambda x: math.exp(100 * x), lambda x: 100 * mp.exp(100 * x), 1.0),
    (lambda x: math.sin(20 * math.pi * x), lambda x: 20 * mp.pi * mp.cos(20 * mp.pi * x), 0.0),
]


@pytest.mark.parametrize(("f", "derivative", "x"), SMOOTH)
def test_a_smooth_derivative_is_within_ten_of_its_errors(f: Any, derivative: Any, x: float) -> None:
    """Near a pole, at 0, at 1e200, of a narrow bump: with a small error that is an honest one."""
    truth = float(derivative(mp.mpf(x)))
    slope = differentiate(real(f), x, truth)
    assert slope.kind == "smooth"
    assert abs(slope.value - truth) <= 1e-15 * abs(truth) + 10 * slope.error + 1e-300
    assert slope.error <= 1e-6 * max(abs(truth), 1.0)


@pytest.mark.parametrize(("f", "derivative", "x"), SMOOTH)
def test_a_wrong_expectation_does_not_sway_the_differences(
    f: Any, derivative: Any, x: float
) -> None:
    truth = float(derivative(mp.mpf(x)))
    slope = differentiate(real(f), x, truth + 0.5 * max(abs(truth), 1.0))
    assert slope.value == pytest.approx(truth, rel=1e-6, abs=10 * slope.error)


def test_the_usual_cost_is_25_values() -> None:
    calls: list[float] = []
    differentiate(lambda x: calls.append(x) or math.sin(x), 1.0, math.cos(1.0))  # type: ignore[func-returns-value]
    assert len(calls) == 25


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (abs, 0.0, -1.0, 1.0),
        (lambda x: max(x, 0.0), 0.0, 0.0, 1.0),
        (lambda x: x if x >= 0 else 0.01 * x, 0.0, 0.01, 1.0),
        (lambda x: abs(x * x - 4.0), 2.0, -4.0, 4.0),
        (lambda x: math.sqrt(abs(x)), 0.0, -math.inf, math.inf),
    ],
)
def test_a_kink_has_two_derivatives(f: Any, x: float, left: float, right: float) -> None:
    slope = differentiate(f, x)
    assert slope.kind == "kink"
    assert slope.left == pytest.approx(left, rel=1e-9, abs=1e-9)
    assert slope.right == pytest.approx(right, rel=1e-9, abs=1e-9)


def test_a_kink_nearby_is_not_a_kink_here() -> None:
    """|x - 1 - 1e-7| at 1: its derivative is -1, whatever steps of 0.1 say."""
    slope = differentiate(lambda x: abs(x - 1.0 - 1e-7), 1.0, -1.0)
    assert (slope.kind, slope.value) == ("smooth", pytest.approx(-1.0, abs=1e-6))


@pytest.mark.parametrize(
    ("f", "x", "jumps", "sides"),
    [
        (math.floor, 2.0, (-1.0, 0.0), (0.0, 0.0)),
        (math.ceil, 2.0, (0.0, 1.0), (0.0, 0.0)),
        (lambda x: math.copysign(1.0, x) if x else 0.0, 0.0, (-1.0, 1.0), (0.0, 0.0)),
        (lambda x: x * x if x < 1 else x * x + 1, 1.0, (-1.0, 0.0), (2.0, 2.0)),
    ],
)
def test_a_jump_is_measured(f: Any, x: float, jumps: Any, sides: Any) -> None:
    slope = differentiate(f, x, 0.0)
    assert slope.kind == "jump"
    assert (slope.jump_left, slope.jump_right) == pytest.approx(jumps, abs=1e-6)
    assert (slope.left, slope.right) == pytest.approx(sides, abs=1e-4)


@pytest.mark.parametrize(
    ("f", "x", "truth"),
    [
        (math.sqrt, 0.0, math.inf),
        (math.cbrt, 0.0, math.inf),
        (math.acos, 1.0, -math.inf),
        (math.asin, -1.0, math.inf),
    ],
)
def test_a_derivative_without_bound_is_infinite(f: Any, x: float, truth: float) -> None:
    slope = differentiate(real(f), x, truth)
    assert (slope.kind, slope.value) == ("infinite", truth)


def test_at_the_edge_of_a_domain_one_side_counts() -> None:
    slope = differentiate(lambda x: 3.0 * x if x >= 0 else math.nan, 0.0, 3.0)
    assert (slope.kind, slope.value) == ("edge", pytest.approx(3.0))
    assert math.isnan(slope.left)


def test_no_value_no_derivative() -> None:
    assert differentiate(real(math.log), 0.0).kind == "undefined"


@pytest.mark.parametrize(
    "f",
    [
        lambda x: single(math.sin(single(x))),
        lambda x: math.sin(x) + 1e-8 * math.sin(1e13 * x),
        lambda x: math.sin(x) + 1e-6 * math.sin(3e11 * x),
    ],
)
def test_noise_is_part_of_the_error(f: Any) -> None:
    """A function in single precision, or with noise of its own: right within the error given."""
    for x in (0.3, 1.0, 2.5):
        slope = differentiate(f, x, math.cos(x))
        assert abs(slope.value - math.cos(x)) <= 10 * slope.error + 1e-6
        assert slope.error < 1e-2


# -- check_grad without a gradient by hand ---------------------------------------------------------


class Point(NamedTuple):
    a: float
    b: list[float]


@dataclasses.dataclass
class Model:
    w: Any
    b: float


def test_components_are_named_as_they_are_reached() -> None:
    np = pytest.importorskip("numpy")

    def f(p: Any, q: Any, m: Any, s: Any) -> Any:
        return p["w"][0] * p["w"][1] + q.a * q.b[0] + m.w[0, 1] * m.w[0, 0] * m.b + s

    check = check_grad(
        f, {"w": [1.0, 2.0]}, Point(3.0, [4.0]), Model(np.array([[5.0, 6.0]]), 7.0), 8
    )
    assert check.ok
    assert [row.name for row in check.rows] == [
        "p['w'][0]",
        "p['w'][1]",
        "q.a",
        "q.b[0]",
        "m.w[0, 0]",
        "m.w[0, 1]",
        "m.b",
        "s",
    ]
    assert [row.ad for row in check.rows] == [2.0, 1.0, 4.0, 3.0, 42.0, 35.0, 30.0, 1.0]


def test_labels_are_names() -> None:
    check = check_grad(lambda p: p[0] * p[1], [Value(2.0, "w"), Value(3.0, "b")])
    assert [row.name for row in check.rows] == ["w", "b"]


def test_argnums_leave_the_others_alone() -> None:
    check = check_grad(lambda x, words: x * len(words), 2.0, ["a", "b"], argnums=0)
    assert [(row.name, row.ad) for row in check.rows] == [("x", 2.0)]


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.builtin], ids=str)
def test_every_primitive_passes_at_ordinary_points(row: Any) -> None:
    """No false accusation of any rule of the table."""
    rng = random.Random(row.name)
    for _ in range(5):
        count = row.arity or 3
        xs = [rng.uniform(0.1, 0.9) for _ in range(count)]
        if row.name == "acosh":
            xs = [1.0 + x for x in xs]
        if row.name == "exp_square":
            xs[1] = -0.5
        if row.name in ORDERED:
            xs[0] = 1.0
        live = 1 if row.name in ORDERED else 0
        value = row(*[Value(x) for x in xs])
        if row.name in TOOLS - {"cut_message", *ORDERED}:
            continue  # they are meant to differ, or take constants
        check = check_grad(lambda *v, row=row: row(*v), *xs, argnums=(live,))
        assert not check.wrong, check
        assert check.value == value.data


def test_a_wrong_rule_is_found_and_named() -> None:
    bad = autograd.primitive("cube_halved", lambda x: x**3, lambda out, x: 1.5 * x * x)
    check = check_grad(lambda x, y: bad(x) * y, 2.0, 3.0)
    assert check.wrong == ("x",)
    assert "the rule of the primitive 'cube_halved' is wrong" in str(check)
    assert "is 12,\n    its partials say 6" in str(check)


def test_what_leaves_the_graph_is_found() -> None:
    check = check_grad(lambda x: x * getattr(x, "data", x), 3.0)
    assert check.wrong == ("x",)
    assert "they say 6" in str(check)
    assert "it says 3" in str(check)
    assert ".data" in str(check)


def test_no_path_in_the_graph_is_said() -> None:
    check = check_grad(lambda x: exp(x.detach()) if isinstance(x, Value) else exp(x), 1.0)
    assert "no path leads from it to the result" in str(check)


def test_a_function_that_treats_values_differently_is_found() -> None:
    check = check_grad(lambda x: x * 2 if isinstance(x, Value) else x * 3, 1.0)
    assert not check
    assert "gives 3 for floats and 2 for Values" in str(check)


def test_functions_of_values_alone_are_checked_on_values() -> None:
    assert check_grad(lambda x: x.exp() * x, 0.3).ok


def test_functions_may_change_their_arguments() -> None:
    assert check_grad(lambda p: p.pop() * p[0], [2.0, 3.0]).ok


@pytest.mark.parametrize(
    ("f", "x", "ad", "text"),
    [
        (relu, 0.0, 0.0, "the left derivative is 0, the right one 1; the convention here, 0"),
        (abs, 0.0, 0.0, "the left derivative is -1, the right one 1"),
        (autograd.leaky_relu, 0.0, 1.0, "the left derivative is 0.01, the right one 1"),
        (lambda x: max(x, 1.0), 1.0, 1.0, "the branch\n    that the function takes here"),
        (lambda x: autograd.maximum(x, 2.0), 2.0, 0.5, "a tie shares the gradient equally"),
    ],
)
def test_kinks_are_told_apart_from_errors(f: Any, x: float, ad: float, text: str) -> None:
    check = check_grad(f, x)
    assert check.ok
    (row,) = check.rows
    assert (row.verdict, row.ad) == ("kink", ad)
    assert text in str(check)


def test_a_derivative_that_is_none_of_the_kinks_is_wrong() -> None:
    bad = autograd.primitive("bent", abs, lambda out, x: 3.0 + 0.0 * x)
    check = check_grad(bad, 0.0)
    assert [row.verdict for row in check.rows] == ["wrong"]


def test_jumps_are_told_apart_from_errors() -> None:
    check = check_grad(lambda x: autograd.floor(x) * x, 2.0)
    assert check.ok
    assert check.rows[0].verdict == "jump"
    assert "the value changes by -2 at once" in str(check)


def test_infinite_derivatives_are_right_where_they_belong() -> None:
    assert check_grad(sqrt, 0.0).ok


def test_what_cannot_be_checked_is_neither_right_nor_wrong() -> None:
    check = check_grad(log, 0.0)
    assert not check.ok
    assert check.wrong == ()
    assert check.summary == "1 of 1 component could not be checked"


def test_second_derivatives() -> None:
    check = check_grad(lambda p: exp(p[0]) * p[1] ** 2 + sin(p[0] * p[1]), [0.3, 2.0], order=2)
    assert check.ok
    assert [row.name for row in check.rows] == [
        "p[0]",
        "p[1]",
        "p[0], p[0]",
        "p[0], p[1]",
        "p[1], p[1]",
    ]


def test_second_derivatives_of_a_rule_that_stops_at_the_first() -> None:
    """A rule written with `.data` has no second derivative: only order=2 finds that."""
    stopped = autograd.primitive(
        "stopped", lambda x: x**3, lambda out, x: 3 * getattr(x, "data", x) ** 2
    )
    assert check_grad(stopped, 2.0).ok
    assert check_grad(stopped, 2.0, order=2).wrong == ("x, x",)


def test_a_profiler_is_left_alone() -> None:
    """While one is at work, no names are read off frames: nodes are called by their formulas."""
    events: list[str] = []

    def profiler(frame: Any, event: str, argument: Any) -> None:
        events.append(event)

    def f(x: Any, y: Any) -> Any:
        net = x * y
        return sigmoid(net + 1) * net

    def wrong(x: float, y: float) -> tuple[float, float]:
        u = x * y
        slope = -s(u + 1) * (1 - s(u + 1)) * u
        return y * (slope + s(u + 1)), x * (slope + s(u + 1))

    named = check_grad(f, 0.3, 0.7, analytic=wrong)
    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        check = check_grad(f, 0.3, 0.7, analytic=wrong)
        kept = sys.getprofile() is profiler
    finally:
        sys.setprofile(before)
    assert kept
    assert events
    assert check.rows == named.rows
    assert check.slips[0].kind == named.slips[0].kind == "sign"
    assert check.slips[0].text == named.slips[0].text.replace("net", "x * y")


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: check_grad(3, 1.0), TypeError, "takes a function and its arguments, got int 3"),
        (lambda: check_grad(sin), TypeError, "the arguments at which to check"),
        (lambda: check_grad(lambda x, s: x, 1.0, "a"), TypeError, "argnums=0"),
        (lambda: check_grad(lambda x: x, 1.0, lambda x: 1.0), TypeError, "by name: analytic=..."),
        (lambda: check_grad(lambda x: [x, x], 1.0), TypeError, "returns one number"),
        (lambda: check_grad(sin, 1.0, order=3), ValueError, "got order=3"),
        (lambda: check_grad(sin, 1.0, order=2, analytic=1.0), ValueError, "leave out order=2"),
        (
            lambda: check_grad(lambda p: p[0], [1.0, 2.0], analytic=[1.0]),
            TypeError,
            "analytic must be nested as the argument .* 2 entries .*, got list",
        ),
        (
            lambda: check_grad(lambda p: p["a"], {"a": 1.0}, analytic={"b": 1.0}),
            TypeError,
            "nested as the argument .* 1 entry .'a'., got dict",
        ),
        (
            lambda: check_grad(lambda p: p[0], [1.0], analytic=[[1.0]]),
            TypeError,
            r"analytic\[0\] must be one number, got list",
        ),
        (
            lambda: check_grad(lambda x: x * random.random(), 1.0),
            ValueError,
            "the same value for the same arguments; this one gave .* draws random numbers",
        ),
    ],
)
def test_errors_name_rule_culprit_and_remedy(call: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        call()


# -- gradients by hand: the worked examples --------------------------------------------------------


def s(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


def the_slip(check: Any) -> Any:
    assert len(check.slips) == 1, check
    return check.slips[0]


def test_a_right_gradient_is_not_accused() -> None:
    check = check_grad(shared, *SHARED, analytic=shared_by_hand)
    assert check.ok
    assert check.slips == ()
    assert check.summary == "all 6 components right"


# 3. The 2-2-2 sigmoid network

W, B = [0.25, 0.25, 0.15, 0.20, 0.30, 0.35, 0.40, 0.35], [0.4, 0.7]


def two_two_two(w: Any, b: Any) -> Any:
    h1 = sigmoid(w[0] * 0.02 + w[1] * 0.04 + b[0])
    h2 = sigmoid(w[2] * 0.02 + w[3] * 0.04 + b[0])
    o1 = sigmoid(w[4] * h1 + w[5] * h2 + b[1])
    o2 = sigmoid(w[6] * h1 + w[7] * h2 + b[1])
    return 0.5 * (0.5 - o1) ** 2 + 0.5 * (0.9 - o2) ** 2


def two_two_two_by_hand(
    w: Any, b: Any, half: float = 1.0, back_from_o2: float = 1.0, transposed: bool = False
) -> Any:
    """delta by delta; `half` is what the first term of the loss is multiplied by."""
    h1 = s(w[0] * 0.02 + w[1] * 0.04 + b[0])
    h2 = s(w[2] * 0.02 + w[3] * 0.04 + b[0])
    o1 = s(w[4] * h1 + w[5] * h2 + b[1])
    o2 = s(w[6] * h1 + w[7] * h2 + b[1])
    d1 = half * (o1 - 0.5) * o1 * (1 - o1)
    d2 = (o2 - 0.9) * o2 * (1 - o2)
    w5, w6 = (w[6], w[5]) if transposed else (w[5], w[6])
    e1 = (w[4] * d1 + back_from_o2 * w6 * d2) * h1 * (1 - h1)
    e2 = (w5 * d1 + back_from_o2 * w[7] * d2) * h2 * (1 - h2)
    weights = [e1 * 0.02, e1 * 0.04, e2 * 0.02, e2 * 0.04, d1 * h1, d1 * h2, d2 * h1, d2 * h2]
    return weights, [e1 + e2, d1 + d2]


def test_section_3_is_right_by_hand() -> None:
    assert check_grad(two_two_two, W, B, analytic=two_two_two_by_hand).ok


def test_section_3_the_first_term_halved_twice() -> None:
    check = check_grad(two_two_two, W, B, analytic=functools.partial(two_two_two_by_hand, half=0.5))
    slip = the_slip(check)
    assert slip.kind == "factor"
    assert "the factor 1/2 on every path through o1 (1/2 applied twice" in slip.text
    assert set(slip.components) == {*[f"w[{i}]" for i in range(6)], "b[0]", "b[1]"}


def test_section_3_a_path_left_out_of_the_hidden_layer() -> None:
    check = check_grad(
        two_two_two, W, B, analytic=functools.partial(two_two_two_by_hand, back_from_o2=0.0)
    )
    slip = the_slip(check)
    assert slip.kind == "missing path"
    assert "every path through w[6] * h1 + w[7] * h2 is left out" in slip.text
    assert set(slip.components) == {"w[0]", "w[1]", "w[2]", "w[3]", "b[0]"}


# 4. The 2-3-1 network, as the tutorial's NumPy class

TWO_THREE_ONE = {
    "W": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "B1": [0.1, 0.2, 0.3],
    "V": [0.1, 0.2, 0.3],
    "B2": 0.1,
}


def arrays() -> dict[str, Any]:
    np = pytest.importorskip("numpy")
    return {k: np.array(v) if isinstance(v, list) else v for k, v in TWO_THREE_ONE.items()}


def numpy_loss(p: Any) -> Any:
    import numpy as np

    H = 1 / (1 + np.exp(-(np.dot(np.array([0.4, 0.5]), p["W"]) + p["B1"])))
    Y = 1 / (1 + np.exp(-(np.dot(H, p["V"]) + p["B2"])))
    return 0.5 * (1 - Y) ** 2


def numpy_by_hand(p: Any, slips: tuple[str, ...] = ()) -> Any:
    import numpy as np

    X = np.array([0.4, 0.5])
    xW = X @ p["W"]
    if "value" in slips:
        xW[1] = 0.22
    H = 1 / (1 + np.exp(-(xW + p["B1"])))
    Y = 1 / (1 + np.exp(-(H @ p["V"] + p["B2"])))
    dE = -0.5 if "square" in slips else -(1 - Y)
    dE = -dE if "sign" in slips else dE
    dY = 1 - Y**2 if "output" in slips else Y - Y**2
    dH = 1 - H**2 if "hidden" in slips else H - H**2
    d = dE * dY
    e = d * p["V"] * dH
    return {"W": np.outer(X, e), "B1": e, "V": d * H, "B2": d}


SAID = {
    "sign": "the derivative of 1 - Y with respect to Y is -1, and 1 was used",
    "output": "the derivative of sigmoid is written as 1 - s**2, the form for tanh, in place of "
    "s*(1 - s) (at Y)",
    "hidden": "the derivative of sigmoid is written as 1 - s**2, the form for tanh, in place of "
    "s*(1 - s) (at H[0], H[1] and H[2])",
    "square": "the derivative of x**2 is left out, as if the square were not there",
}


@pytest.mark.parametrize(
    "slips",
    [
        (),
        ("sign",),
        ("output",),
        ("hidden",),
        ("square",),
        ("sign", "output"),
        ("sign", "hidden"),
        ("square", "hidden"),
        ("sign", "square"),
        ("sign", "output", "square"),
        ("sign", "hidden", "square"),
    ],
    ids="+".join,
)
def test_section_4_every_slip_and_all_of_them_together(slips: tuple[str, ...]) -> None:
    check = check_grad(numpy_loss, arrays(), analytic=lambda p: numpy_by_hand(p, slips))
    assert check.ok == (not slips)
    if not slips:
        return
    slip = the_slip(check)
    for name in slips:
        assert SAID[name] in slip.text
    assert len(slip.parts) == (len(slips) if len(slips) > 1 else 0)
    assert (f"{len(slips)} slips together" in str(check)) == (len(slips) > 1)
    if slips != ("hidden",):
        assert slip.where == "every component"
    else:
        assert slip.where == "p['W'] and p['B1']"


def test_section_4_the_wrong_product() -> None:
    """The tutorial prints 0.22 for the second entry of x·W, which is 0.32."""
    check = check_grad(numpy_loss, arrays(), analytic=lambda p: numpy_by_hand(p, ("value",)))
    slip = the_slip(check)
    assert slip.kind == "value"
    assert (
        "the value of dot([0.4, 0.5], [p['W'][0, 1], p['W'][1, 1]]) is 0.32, and 0.22 was used"
        in slip.text
    )


# 5. The 1-2-1 network with shared biases

SHARED = (0.3, -0.4, 0.6, 0.9, 0.1, -0.2)


def shared(w1: Any, w2: Any, w3: Any, w4: Any, b1: Any, b2: Any) -> Any:
    x, y = 0.7, 0.2
    net_h1 = w1 * x + b1
    net_h2 = w2 * x + b2
    h1, h2 = sigmoid(net_h1), sigmoid(net_h2)
    net_o = w3 * h1 + w4 * h2 + b2
    out = sigmoid(net_o)
    return 0.5 * (y - out) ** 2


def shared_by_hand(
    w1: float, w2: float, w3: float, w4: float, b1: float, b2: float, slip: str = ""
) -> tuple[float, ...]:
    x, y = 0.7, 0.2
    net_h1, net_h2 = w1 * x + b1, w2 * x + b2
    h1, h2 = s(net_h1), s(net_h2)
    out = s(w3 * h1 + w4 * h2 + b2)
    d_o = -(y - out) * out * (1 - out)
    d = [h * (1 - h) for h in (h1, h2)]
    if slip == "at the output":
        d = [s(h) * (1 - s(h)) for h in (h1, h2)]
    if slip == "at the input":
        d = [z * (1 - z) for z in (net_h1, net_h2)]
    if slip == "no activation":
        d = [1.0, 1.0]
    d_h1, d_h2 = w3 * d_o * d[0], w4 * d_o * d[1]
    db1, db2 = d_h1, d_o + d_h2
    dw3, dw4 = d_o * h1, d_o * h2
    if slip in ("tutorial", "db1"):
        db1 = d_h1 + d_h2
    if slip in ("tutorial", "db2"):
        db2 = d_o
    if slip == "assigned":
        db2 = d_h2
    if slip == "no factor":
        dw3, dw4 = d_o, d_o
    if slip == "net":
        dw3, dw4 = d_o * net_h1, d_o * net_h2
    if slip == "swapped":
        dw3, dw4 = dw4, dw3
    if slip == "doubled":
        db2 = d_o + 2 * d_h2
    return d_h1 * x, d_h2 * x, dw3, dw4, db1, db2


@pytest.mark.parametrize(
    ("slip", "wrong", "kind", "text"),
    [
        (
            "tutorial",
            "b1 b2",
            "moved path",
            "b1 equals the true derivative plus it (an extra path), b2 lacks it (a missing path)",
        ),
        (
            "db1",
            "b1",
            "extra path",
            "true derivative plus the contribution of b2 through net_h2: a path that is not in f",
        ),
        ("db2", "b2", "missing path", "the path b2–net_h2 left out"),
        ("assigned", "b2", "missing path", "as when `=` is written where `+=` is needed"),
        ("doubled", "b2", "factor", "the factor 2 on every path b2–net_h2"),
        ("no factor", "w3 w4", "missing factor", "the factors h1 and h2 are missing"),
        (
            "net",
            "w3 w4",
            "missing factor",
            "the factors h1 and h2 taken as net_h1 and net_h2, before the function",
        ),
        ("swapped", "w3 w4", "swapped", "each is the derivative that belongs to the other"),
        (
            "at the output",
            "w1 w2 b1 b2",
            "derivative",
            "the derivative of sigmoid is evaluated at its output, where its input belongs",
        ),
        (
            "at the input",
            "w1 w2 b1 b2",
            "derivative",
            "written as z*(1 - z) with the input z",
        ),
        (
            "no activation",
            "w1 w2 b1 b2",
            "derivative",
            "the derivative of sigmoid is left out (at h1 and h2)",
        ),
    ],
)
def test_section_5(slip: str, wrong: str, kind: str, text: str) -> None:
    check = check_grad(shared, *SHARED, analytic=functools.partial(shared_by_hand, slip=slip))
    assert check.wrong == tuple(wrong.split())
    found = the_slip(check)
    assert (found.kind, found.components) == (kind, check.wrong)
    assert text in found.text


# -- gradients by hand: other slips ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args", "analytic", "text"),
    [
        (lambda x: tanh(x) ** 2, (0.4,), lambda x: 2 * t(x) * t(x) * (1 - t(x)), "t*(1 - t)"),
        (tanh, (0.4,), lambda x: 1 - math.tanh(x), "the square is missing"),
        (lambda x: sin(x) * 3, (0.4,), lambda x: -3 * math.cos(x), "the sign is wrong"),
        (autograd.cos, (0.4,), math.sin, "the sign is wrong"),
        (exp, (0.7,), lambda x: x * math.exp(x - 1), "the rule for powers"),
        (lambda x: x**3, (0.7,), lambda x: x**2, "without the factor 3"),
        (lambda x: x**3, (0.7,), lambda x: 3 * x**3, "the exponent not lowered"),
        (log, (0.7,), lambda x: x, "z in place of 1/z"),
        (lambda x: 3 / x, (0.7,), lambda x: 3 / x**2, "the sign"),
        (sqrt, (0.7,), lambda x: 1 / math.sqrt(x), "factor 1/2 is missing"),
        (lambda x: sin(3 * x), (0.7,), lambda x: math.cos(2.1), "factor 3 of 3 * x is left out"),
        (lambda x: sin(x) ** 2, (0.7,), lambda x: 2 * math.sin(x), "of sin is left out"),
        (lambda x: exp(sin(x)), (0.7,), lambda x: math.exp(math.cos(x)), "no known slip fits"),
        (relu, (0.7,), lambda x: x, "taken as the function itself"),
        (lambda x: relu(x) * 2, (-0.7,), lambda x: 2.0, "left out"),
    ],
)
def test_slips_in_one_variable(f: Any, args: Any, analytic: Any, text: str) -> None:
    check = check_grad(f, *args, analytic=analytic)
    assert check.wrong == ("x",)
    assert text in str(the_slip(check))


def t(x: float) -> float:
    return math.tanh(x)


def test_a_mean_taken_for_a_sum() -> None:
    points = [1.0, 2.0, 4.0]

    def f(w: Any, b: Any) -> Any:
        return autograd.mean([(w * x + b) ** 2 for x in points])

    def by_hand(w: float, b: float) -> Any:
        residuals = [w * x + b for x in points]
        both = zip(residuals, points, strict=True)
        return sum(2 * r * x for r, x in both), sum(2 * r for r in residuals)

    slip = the_slip(check_grad(f, 0.5, 0.1, analytic=by_hand))
    assert "the 1/3 of the mean is missing" in slip.text


def test_softmax_without_the_one_of_the_label() -> None:
    def by_hand(z: Any) -> Any:
        total = sum(math.exp(x) for x in z)
        return [math.exp(x) / total for x in z]

    check = check_grad(lambda z: -autograd.log_softmax(z)[0], [0.1, 0.2, 0.5], analytic=by_hand)
    assert check.wrong == ("z[0]",)
    assert "the 1 of the label itself is missing" in the_slip(check).text


def test_weights_transposed_on_the_way_back() -> None:
    """delta @ V where delta @ V.T belongs: a square layer hides it from the shapes."""

    def f(p: Any) -> Any:
        h = [tanh(sum(p["W"][i][j] * x for j, x in enumerate((0.3, -0.8)))) for i in range(2)]
        o = [sum(p["V"][i][j] * h[j] for j in range(2)) for i in range(2)]
        return o[0] ** 2 + 3 * o[1]

    p = {"W": [[0.2, -0.4], [0.7, 0.5]], "V": [[0.9, -0.3], [0.4, 0.6]]}

    def by_hand(p: Any, transposed: bool) -> Any:
        x = (0.3, -0.8)
        W, V = p["W"], p["V"]
        h = [math.tanh(W[i][0] * x[0] + W[i][1] * x[1]) for i in range(2)]
        d = [2 * (V[0][0] * h[0] + V[0][1] * h[1]), 3.0]
        at = (lambda i, j: V[j][i]) if transposed else (lambda i, j: V[i][j])
        e = [(at(0, j) * d[0] + at(1, j) * d[1]) * (1 - h[j] ** 2) for j in range(2)]
        outer = lambda a, b: [[u * v for v in b] for u in a]  # noqa: E731
        return {"W": outer(e, x), "V": outer(d, h)}

    assert check_grad(f, p, analytic=functools.partial(by_hand, transposed=False)).ok
    check = check_grad(f, p, analytic=functools.partial(by_hand, transposed=True))
    assert "transposed on the way back" in the_slip(check).text


@pytest.mark.parametrize(
    ("loss", "squared", "power"),
    [
        (lambda u: 0.5 * u, lambda u: 0.5 * u * u, "the square"),
        (lambda u: u, lambda u: 0.5 * u * u, "half the square"),
        (lambda u: u / 3, lambda u: u * u / 3, "the square"),
    ],
    ids=["half", "bare", "mean"],
)
def test_a_square_that_the_loss_lacks(loss: Any, squared: Any, power: str) -> None:
    """Of one example and of three, in whatever way the differences are averaged."""

    def total(loss: Any, inputs: tuple[float, ...]) -> Any:
        def f(w: Any, b: Any) -> Any:
            errors = [1.0 - sigmoid(w * x + b) for x in inputs]
            return autograd.sum([loss(e) for e in errors])

        return f

    for inputs, where in (((0.4,), "errors[0]"), ((0.4, 0.7), "errors[0] and errors[1]")):
        by_hand = grad(total(squared, inputs), argnums=(0, 1))
        check = check_grad(total(loss, inputs), 0.3, 0.2, analytic=by_hand)
        slip = the_slip(check)
        assert (slip.kind, slip.where) == ("missing factor", "every component")
        assert f"as if f had {power} of {where}: a square that f lacks" in slip.text


@pytest.mark.parametrize("slips", [(), ("sign",), ("hidden",), ("sign", "hidden")], ids="+".join)
def test_section_4_a_loss_without_its_square_and_more(slips: tuple[str, ...]) -> None:
    """The loss as the tutorial writes it, with the other two slips of its backward pass."""

    def without_square(p: Any) -> Any:
        import numpy as np

        H = 1 / (1 + np.exp(-(np.dot(np.array([0.4, 0.5]), p["W"]) + p["B1"])))
        Y = 1 / (1 + np.exp(-(np.dot(H, p["V"]) + p["B2"])))
        return 0.5 * (1 - Y)

    slip = the_slip(
        check_grad(without_square, arrays(), analytic=lambda p: numpy_by_hand(p, slips))
    )
    for said in ("as if f had the square of 1 - Y", *(SAID[name] for name in slips)):
        assert said in slip.text
    assert len(slip.parts) == (len(slips) + 1 if slips else 0)


def test_the_wrong_factor_of_a_product() -> None:
    def f(w: Any, h: Any, b: Any) -> Any:
        return exp(w * h + b)

    e = math.exp(0.3 * 0.7 + 0.2)
    check = check_grad(f, 0.3, 0.7, 0.2, analytic=(0.3 * e, 0.3 * e, e))
    text = the_slip(check).text
    assert "the derivative of w * h with respect to w is h" in text
    assert "w itself was used" in text


def test_a_transposed_block() -> None:
    np = pytest.importorskip("numpy")
    p = np.array([[1.0, 2.0], [3.0, 4.0]])
    check = check_grad(lambda p: (p * p).sum(), p, analytic=2 * p.T)
    assert "the block is transposed" in the_slip(check).text


def test_numbers_that_were_rounded_are_not_called_a_slip() -> None:
    check = check_grad(lambda x, y: x * exp(y), 2.0, 0.3, analytic=(1.34986, 2.6997))
    assert check.wrong == ("y",)
    assert the_slip(check).kind == "rounded"
    assert check_grad(lambda x, y: x * exp(y), 2.0, 0.3, analytic=(1.34986, 2.6997), rtol=1e-4).ok


def test_zeros_and_what_is_not_finite() -> None:
    check = check_grad(lambda x, y: x * y, 2.0, 3.0, analytic=(math.nan, math.inf))
    assert check.wrong == ("x", "y")
    assert the_slip(check).kind == "not finite"
    check = check_grad(lambda x, y: x * y, 2.0, 3.0, analytic=(3.0, 0.0))
    assert "nothing was ever added" in the_slip(check).text
    check = check_grad(lambda x, y: 2 * x, 2.0, 3.0, analytic=(2.0, 1.0))
    assert "f does not depend on it" in the_slip(check).text
    assert check_grad(lambda x, y: 5.0, 2.0, 3.0, analytic=(0, 0)).ok
    assert check_grad(sqrt, 0.0, analytic=math.inf).ok
    assert check_grad(sqrt, 0.0, analytic=1.0).wrong == ("x",)


def test_a_function_that_does_nothing() -> None:
    assert check_grad(lambda x: x, 2.0, analytic=1.0).ok
    assert "factor 2" in the_slip(check_grad(lambda x: x, 2.0, analytic=2.0)).text
    assert check_grad(lambda x, y: x, 2.0, 3.0, analytic=(-1.0, 0.0)).wrong == ("x",)


def test_components_are_listed_in_short() -> None:
    """One name for a whole block, however deep: `p['W']`, `p['b'][1]`."""
    p = {"W": [[1.0, 2.0], [3.0, 4.0]], "b": [[5.0, 6.0], [7.0, 8.0]], "c": 9.0}

    def f(p: Any) -> Any:
        numbers = [*p["W"][0], *p["W"][1], *p["b"][0], *p["b"][1], p["c"]]
        return autograd.sum([x * x for x in numbers])

    analytic = {"W": [[-2.0, -4.0], [-6.0, -8.0]], "b": [[10.0, 12.0], [-14.0, -16.0]], "c": -18.0}
    slip = the_slip(check_grad(f, p, analytic=analytic))
    assert str(slip) == "p['W'], p['b'][1] and p['c']: the sign is wrong"


def test_any_derivative_between_the_sides_passes_at_a_kink() -> None:
    for choice, ok in ((0.0, True), (1.0, True), (0.5, True), (1.5, False), (-0.1, False)):
        assert check_grad(relu, 0.0, analytic=choice).ok is ok


def test_where_nothing_fits_it_says_so() -> None:
    check = check_grad(lambda x, y: x * exp(y) + x, 2.0, 0.3, analytic=(1.234, 7.77))
    slip = the_slip(check)
    assert (slip.kind, slip.components) == ("unknown", ("x", "y"))
    assert "x is 0.525138 times the derivative" in slip.text


@pytest.mark.parametrize("uses", [3, 5, 15])
def test_of_many_contributions_one_is_assigned(uses: int) -> None:
    """`=` for `+=`: of a bias in every neuron, what the last one adds is all that is left."""

    def f(w: Any, b: Any) -> Any:
        h = [tanh(x + b) for x in w]
        return autograd.sum([x * x for x in h])

    w = [math.sin(3.0 * i + 1.0) for i in range(uses)]
    right = grad(f, argnums=0)(w, 0.2)  # dh/dw = dh/db, neuron by neuron
    slip = the_slip(check_grad(f, w, 0.2, analytic=(right, right[-1])))
    assert (slip.kind, slip.components) == ("missing path", ("b",))
    assert f"only the contribution through w[{uses - 1}] + b arrived" in slip.text
    assert "`=` is written where `+=` is needed" in slip.text


def test_a_gradient_by_hand_is_nested_as_it_likes() -> None:
    """Lists, tuples, arrays and named tuples stand for each other; a dict has its own order."""
    np = pytest.importorskip("numpy")

    def f(q: Any, m: Any, d: Any, a: Any) -> Any:
        return q.a * q.b[0] + m.w[0] * m.b + d["x"] * d["y"] + a[0, 1] * a[1, 0]

    args = (
        Point(1.0, [2.0]),
        Model([3.0], 4.0),
        {"x": 1.0, "y": 2.0},
        np.array([[1.0, 2.0], [3.0, 4.0]]),
    )
    by_hand = [(2.0, np.array([1.0])), Model((4.0,), 3.0), {"y": 1.0, "x": 2.0}, [[0, 3], (2, 0)]]
    assert check_grad(f, *args, analytic=by_hand).ok
    by_hand[3] = [[0, 3], (2,)]
    with pytest.raises(
        TypeError, match=r"analytic\[3\]\[1\] must be nested as the argument .* 2 ent"
    ):
        check_grad(f, *args, analytic=by_hand)


def test_two_slips_in_different_places() -> None:
    """A sign in one component and a path missing in another: two explanations."""
    g = list(shared_by_hand(*SHARED, slip="db2"))
    g[2] = -g[2]
    check = check_grad(shared, *SHARED, analytic=tuple(g))
    assert {(slip.kind, slip.components) for slip in check.slips} == {
        ("sign", ("w3",)),
        ("missing path", ("b2",)),
    }


def test_an_engine_that_is_wrong_is_not_the_yardstick() -> None:
    """Where the graph disagrees with the differences, the gradient by hand is not blamed for it."""
    check = check_grad(lambda x: x * getattr(x, "data", x), 3.0, analytic=6.0)
    assert check.slips == ()
    assert "the one by hand agrees with the differences" in " ".join(str(check).split())


# -- properties ------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, Any] = {"sigmoid": sigmoid, "tanh": tanh, "sin": sin, "gelu": autograd.gelu}
COMMON = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def network(activation: str) -> Callable[..., Any]:
    def f(p: Any, x: Any) -> Any:
        h = [ACTIVATIONS[activation](w[0] * x[0] + w[1] * x[1] + b) for w, b in p["hidden"]]
        out = sum(v * a for v, a in zip(p["out"], h, strict=True)) + p["b"]
        return 0.5 * (1.0 - out) ** 2

    return f


weights = st.floats(-2.0, 2.0).filter(lambda w: abs(w) > 1e-3)
parameters = st.fixed_dictionaries(
    {
        "hidden": st.lists(
            st.tuples(st.lists(weights, min_size=2, max_size=2), weights), min_size=3, max_size=3
        ),
        "out": st.lists(weights, min_size=3, max_size=3),
        "b": weights,
    }
)


@COMMON
@given(st.sampled_from(sorted(ACTIVATIONS)), parameters)
def test_no_right_gradient_is_accused(activation: str, p: Any) -> None:
    """Of random networks, by the engine and by another route (differences of the loss)."""
    f = network(activation)
    right = grad(f)(p, [0.3, -0.7])
    check = check_grad(f, p, [0.3, -0.7], argnums=0, analytic=right)
    assert check.ok, check
    assert check.slips == ()


@COMMON
@given(parameters, st.sampled_from(["sign", "tanh's", "left out", "half", "no factor"]))
def test_a_slip_put_in_is_the_slip_found(p: Any, slip: str) -> None:
    """In random networks, with sigmoids in the hidden layer and backpropagation by hand."""
    f = network("sigmoid")
    x = [0.3, -0.7]
    h = [s(w[0] * x[0] + w[1] * x[1] + b) for w, b in p["hidden"]]
    out = sum(v * a for v, a in zip(p["out"], h, strict=True)) + p["b"]
    d = -(1.0 - out)
    assume(abs(d) > 1e-3)
    if slip == "sign":
        d = -d
    if slip == "half":
        d = d / 2
    rule = {
        "tanh's": lambda a: 1 - a * a,
        "left out": lambda a: 1.0,
    }.get(slip, lambda a: a * (1 - a))
    e = [v * d * rule(a) for v, a in zip(p["out"], h, strict=True)]
    by_hand = {
        "hidden": [([delta * x[0], delta * x[1]], delta) for delta in e],
        "out": [d if slip == "no factor" else d * a for a in h],
        "b": d,
    }
    check = check_grad(f, p, x, argnums=0, analytic=by_hand)
    said = {
        "sign": "-1, and 1 was used",
        "half": "0.5 of 0.5 * (1 - out) ** 2 is applied twice",
        "tanh's": "written as 1 - s**2",
        "left out": "the derivative of sigmoid is left out",
        "no factor": "are missing",
    }[slip]
    assert said in the_slip(check).text


# Constants are inputs of these, or what they pass on is not their derivative.
TOOLS = {
    *("stop_gradient", "message", "cut_message", "finite_part"),
    *("pow_const", "exp_square", "softmax_pivot", "order_statistic", *ORDERED),
}
HONEST = [row for row in ROWS if row.name not in TOOLS]


@settings(COMMON, max_examples=60)
@given(graphs(rows=HONEST, admits=ordinary, sizes=st.integers(5, 60)))
def test_no_random_graph_is_accused(formula: Formula) -> None:
    """Of every primitive, at points where it is smooth; and every component could be checked."""
    check = check_grad(formula, list(formula.inputs))
    assert check.ok, check


# -- how it is shown -------------------------------------------------------------------------------


def test_the_table_and_the_page_say_the_same() -> None:
    check = check_grad(
        lambda p: p["<w>"] * p["b"], {"<w>": 2.0, "b": 3.0}, analytic={"<w>": 3.0, "b": -2.0}
    )
    lines = str(check).splitlines()
    assert lines[0] == "1 of 2 components wrong"
    assert lines[1].split()[:5] == ["component", "by", "hand", "AD", "numeric"]
    assert lines[3].split()[:3] == ["p['b']", "-2", "2"]
    assert lines[-2:] == ["likely mistake:", "  p['b']: the sign is wrong"]
    page = check._repr_html_()
    assert "<w>" not in page
    assert html.escape("p['<w>']") in page
    assert "the sign is wrong" in page
    assert repr(check) == str(check)
    assert not bool(check)


def test_of_many_rows_the_wrong_ones_are_shown() -> None:
    n = 100
    right = [2.0 * i for i in range(n)]
    analytic = [*right[:-1], -right[-1]]
    check = check_grad(
        lambda p: autograd.sum([x * x for x in p]), [float(i) for i in range(n)], analytic=analytic
    )
    assert len(check.rows) == n
    assert check.summary == "1 of 100 components wrong"
    assert str(check).splitlines()[2].startswith("p[99]")
    assert "and 40 more rows" in str(check)


@pytest.mark.parametrize(
    ("x", "analytic"), [([], 0.0), ((), 1.0), ({}, 0.0), ([[], 1.0], [0.0, 1.0])]
)
def test_a_gradient_for_an_empty_argument(x, analytic):
    with pytest.raises(TypeError, match=r"analytic.* must be nested .* 0 entries, got float"):
        check_grad(lambda x: Value(2.0), x, analytic=analytic)


def test_variables_of_libraries_name_nothing() -> None:
    """NumPy's and inspect's, which run on the way from an array's method to its answer."""
    check = check_grad(lambda x: (x**2).sum(), np.ones(2), analytic=lambda x: x)
    assert "at x[0] ** 2 and x[1] ** 2" in " ".join(str(check).split())
