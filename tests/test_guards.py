"""Never silently wrong: every decision of a compiled function is taken anew at every call, and a
number that escapes from the recording is an error.

docs/compiling.md names these tests, and has a line for each entry of LEAKS.
"""

from __future__ import annotations

import array
import copy
import ctypes
import decimal
import fractions
import inspect
import itertools
import json
import math
import pickle
import random
import re
import statistics
import struct
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from eagerly import eagerly, outcome, same

import autograd
from autograd import Value, exp, grad, jit, log, no_grad, sqrt, tanh, value_and_grad

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

INF, NAN = math.inf, math.nan
PAGE = Path(__file__).parent.parent / "docs" / "compiling.md"
POINTS = 1000
AWKWARD = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e-300, -1e300, INF, -INF, NAN]


# -- functions with decisions, and where to call them ----------------------------------------------


def absolute(x: Any) -> Any:
    if x < 0:
        return -x
    return x


def cubic(x: Any) -> Any:
    """The spline with knots 0, 1, 2."""
    if x <= 0:
        return x * 0
    if x <= 1:
        return x**3
    return 1 + 3 * (x - 1) + 3 * (x - 1) ** 2 - 2 * (x - 1) ** 3 if x <= 2 else 5 + 3 * (x - 2)


def newton(a: Any) -> Any:
    """The square root, to convergence: as many steps as it takes."""
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def bisection(a: Any) -> Any:
    """Where x**3 is a."""
    low, high = Value(0.0), Value(2.0)
    while high - low > 0.1:
        middle = (low + high) / 2
        if middle**3 < a:
            low = middle
        else:
            high = middle
    return low + (a - low**3) / (3 * high * high)


def sorting(a: Any, b: Any, c: Any) -> Any:
    first, second, third = sorted([a, b, c])
    return [first, second * 2, third * a]


def largest(xs: Any) -> Any:
    return max(xs) * xs[0]


def steps(x: Any) -> Any:
    """The numbers of a sequence like Collatz's, on whole numbers."""
    n, total = round(x), x
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        total = total * 0.5 + n
    return total


def early(xs: Any) -> Any:
    total = xs[0]
    for x in xs:
        if x > 1:
            return total * x
        total = total + x
    return total


def simpson(a: Any, b: Any) -> Any:
    """The integral of exp(-x**2), halved where it is not yet good enough."""

    def f(x: Any) -> Any:
        return exp(-x * x)

    def rule(a: Any, b: Any) -> Any:
        return (b - a) / 6 * (f(a) + 4 * f((a + b) / 2) + f(b))

    def area(a: Any, b: Any, whole: Any, depth: int) -> Any:
        middle = (a + b) / 2
        left, right = rule(a, middle), rule(middle, b)
        if depth == 0 or abs(left + right - whole) < 1e-3:
            return left + right
        return area(a, middle, left, depth - 1) + area(middle, b, right, depth - 1)

    return area(a, b, rule(a, b), 4)


def guarded(x: Any) -> Any:
    def positive(x: Any) -> Any:
        if not x > 0:
            raise ValueError("only positive numbers have a logarithm")
        return log(x)

    try:
        return positive(x)
    except ValueError:
        return x * 2


def is_zero(x: Any) -> Any:
    return x + 1 if x == 0 else 3 / x


def chained(x: Any, y: Any) -> Any:
    return x * y if -1 < x <= y < 1 else x - y


def logic(x: Any, y: Any) -> Any:
    if (x > 0 and not y > 0) or x == y:
        return x
    return y * 2 if x or y else x + y


def by_key(xs: Any) -> Any:
    return min(xs, key=lambda x: (x - 1) * (x - 1)) ** 2


def table(x: Any) -> Any:
    ways = {(True, False): lambda: x * 2, (False, True): lambda: -x, (False, False): lambda: x + 1}
    return ways[bool(x > 1), bool(x < -1)]()


def integers(x: Any) -> Any:
    if int(x) % 2:
        return x * math.floor(x)
    return x - math.ceil(x / 2) + math.trunc(x)


def too_big(x: Any) -> Any:
    """Compared with whole numbers that no double is near to, and one between two doubles."""
    if x > 10**400 or x < -(10**400):
        return x * 0
    if x >= 2**53 + 1:
        return x * 2
    return x * 3 if x != 2**53 + 1 and x <= 10**400 else x


def thirds(x: Any) -> Any:
    third = fractions.Fraction(1, 3)
    return [x, 1.0] if x < third else [-x, 2.0] if x == third else [x * x, 3.0]


def gauss(scale: float) -> Callable[[Random], float]:
    return lambda rng: rng.gauss(0.0, scale) if rng.random() < 0.9 else rng.choice(AWKWARD)


def among(low: float, high: float) -> Callable[[Random], float]:
    return lambda rng: rng.uniform(low, high)


def near_thirds(rng: Random) -> float:
    return rng.choice([1 / 3, math.nextafter(1 / 3, 1), math.nextafter(1 / 3, 0), rng.random()])


def large(rng: Random) -> float:
    near = [2.0**53, 2.0**53 + 2, 1e308, -1e308, INF, -INF, NAN]
    return rng.choice(near) if rng.random() < 0.5 else rng.uniform(-1e17, 1e17)


# name: the function, and one kind of random number for each argument; several in a list.
FUNCTIONS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "abs by if": (absolute, [gauss(1.0)]),
    "piecewise cubic": (cubic, [gauss(2.0)]),
    "Newton to convergence": (newton, [among(0.1, 50.0)]),
    "bisection": (bisection, [among(0.0, 8.0)]),
    "sorting three numbers": (sorting, [gauss(1.0)] * 3),
    "max of a list": (largest, [[gauss(1.0)] * 4]),
    "whole steps by round": (steps, [among(-2.0, 20.0)]),
    "early return": (early, [[gauss(0.8)] * 4]),
    "recursion": (simpson, [among(0.0, 1.0), among(1.0, 3.0)]),
    "try and except": (guarded, [gauss(1.0)]),
    "x == 0": (is_zero, [gauss(1.0)]),
    "chained comparisons": (chained, [gauss(0.8)] * 2),
    "and, or, not": (logic, [gauss(1.0)] * 2),
    "min by a key": (by_key, [[gauss(2.0)] * 3]),
    "a dict of branches": (table, [gauss(2.0)]),
    "int, floor, ceil, trunc": (integers, [among(-6.0, 6.0)]),
    "ints too big for a double": (too_big, [large]),
    "fractions": (thirds, [near_thirds]),
}


def drawn(kinds: Any, rng: Random) -> Any:
    return [drawn(kind, rng) for kind in kinds] if isinstance(kinds, list) else kinds(rng)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_decisions_come_out_as_in_eager_at_1000_points(name: str) -> None:
    """Values and gradients, bit for bit, whichever path was recorded first."""
    f, kinds = FUNCTIONS[name]
    rng = Random(name)
    compiled = jit(f, max_paths=400)
    for _ in range(POINTS):
        point = drawn(kinds, rng)
        wanted, found = outcome(eagerly, f, *point), outcome(compiled, *point)
        assert same(wanted, found), (point, wanted, found)
    assert len(compiled.stats().tiers) <= 400


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_take_the_same_ways(name: str) -> None:
    """Of the first argument, and of the sum of the results where there are several."""
    f, kinds = FUNCTIONS[name]

    def scalar(*args: Any) -> Any:
        out = f(*args)
        return autograd.sum(out) if isinstance(out, list) else out

    rng = Random(name)
    plain = value_and_grad(scalar)
    compiled = jit(plain, max_paths=400)
    for _ in range(POINTS // 4):
        point = drawn(kinds, rng)
        wanted, found = outcome(plain, *point), outcome(compiled, *point)
        assert same(wanted, found), (point, wanted, found)


def test_every_order_of_the_first_calls_gives_the_same() -> None:
    """Which path is recorded first is of no consequence."""
    points = [-2.0, 0.5, 1.5, 3.0]
    wanted = [eagerly(cubic, x) for x in points]
    for order in itertools.permutations(range(4)):
        compiled = jit(cubic)
        for i in order:
            compiled(points[i])
        assert [compiled(x) for x in points] == wanted
        assert compiled.stats().paths == 4


def test_a_nan_takes_the_way_that_it_takes_in_eager() -> None:
    """Every comparison with NaN is False, but !=; and NaN is true."""
    compiled = jit(lambda x: [x < 1, x <= 1, x > 1, x >= 1, x == x, x != x, bool(x)])
    for x in (0.0, NAN, 2.0, NAN, 1.0, -NAN):
        wanted = [x < 1, x <= 1, x > 1, x >= 1, x == x, x != x, bool(x)]
        assert compiled(x) == list(map(float, wanted))


def test_whole_numbers_that_do_not_exist_are_decisions_too() -> None:
    """int(inf) and int(nan) raise, which the function may catch."""

    def whole(x: Any) -> Any:
        try:
            return x * int(x)
        except OverflowError:
            return Value(-1.0)
        except ValueError:
            return Value(-2.0)

    compiled = jit(whole)
    for _ in range(2):
        for x in (INF, 3.7, NAN, -INF, -3.2, 0.0):
            assert same(compiled(x), eagerly(whole, x))
    assert compiled.stats().paths == 6


def test_anomalies_watched_for_inside_are_decisions() -> None:
    """A block of detect_anomaly raises at the point where it would in eager."""

    def f(x: Any, y: Any) -> Any:
        with autograd.detect_anomaly():
            return log(x) * y

    compiled = jit(f)
    for point in [(1.0, 2.0), (0.0, 1.0), (2.0, 1.0), (NAN, 1.0), (-1.0, 1.0), (INF, 0.0)] * 2:
        wanted, found = outcome(eagerly, f, *point), outcome(compiled, *point)
        assert type(wanted) is type(found)
        assert same(wanted, found) or wanted[0] is found[0] is FloatingPointError


def test_a_primitive_that_raises_has_to_be_left_to_raise() -> None:
    """Whether a user's function raises can't be seen without calling it."""
    root = autograd.primitive("guards_root", math.sqrt, lambda out, x: 0.5 / out)

    def caught(x: Any) -> Any:
        try:
            return root(x)
        except ValueError:
            return x * 0

    compiled = jit(caught)
    assert [compiled(4.0), compiled(9.0)] == [2.0, 3.0]
    with pytest.raises(autograd.compiler.RecordingError, match="catches the ValueError that gua"):
        compiled(-4.0)
    assert compiled(16.0) == 4.0
    left = jit(root)
    assert left(4.0) == 2.0
    for _ in range(2):
        with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
            left(-4.0)
    assert left(4.0) == 2.0


def test_numpy_decides_by_the_same_guards() -> None:
    """Its sorting and searching of object arrays compares the elements."""

    def f(a: Any) -> Any:
        ordered = np.sort(a)
        return ordered * np.argmax(a) + np.where(a > 0, a, -a) + np.abs(a).max()

    compiled = jit(f, max_paths=400)
    rng = np.random.default_rng(0)
    for _ in range(200):
        a = rng.normal(size=3)
        assert same(compiled(a), eagerly(f, a))


# -- what can't be guarded -------------------------------------------------------------------------

W = Value(3.0, label="w")
COUNTER = itertools.count()
SEEN: list[Any] = []


def backward_and_grad(x: Any) -> Any:
    y = x * x
    y.backward()  # here
    return x.grad


def assigning(v: Any, name: str) -> Any:
    setattr(v, name, 2.0)
    return v


def constant_assigned(x: Any) -> Any:
    v = Value(2.0)
    y = v * x
    v.data = 3.0  # here
    return y


def cleared(x: Any) -> Any:
    (x * x).zero_grad()  # here
    return x


def grows(x: Any) -> Any:
    SEEN.append(x)
    return x * len(SEEN)


def kept_from_before(x: Any) -> Any:
    SEEN.append(x * x)
    return SEEN[-2] if len(SEEN) > 1 else x


def unrecorded(x: Any) -> Any:
    with no_grad():
        y = x * x
    return y * x


def memo(x: Any) -> Any:
    known = {id(x): x * x}
    return known[id(x)] + x


# What stands in the page's table: the way out, and a function that takes it in its first line (or
# in the one that is marked). An error names that line, or its traceback does.
ERRORS: dict[str, Callable[[Any], Any]] = {
    "`x.data`": lambda x: x * x.data,
    "`.data` of a result": lambda x: x * (x * x).data,
    "`.data` of a captured Value": lambda x: x * W.data,
    "assigning `x.data`": lambda x: assigning(x, "data"),
    "assigning `.data` of a captured Value": lambda x: assigning(W, "data") * x,
    "assigning `.data` of a constant": constant_assigned,
    "`x.grad`": lambda x: x * x.grad,
    "assigning `.grad` of a captured Value": lambda x: assigning(W, "grad") * x,
    "`.partials`": lambda x: x * (x * x).partials[0],
    "`backward()`": backward_and_grad,
    "`x.op`, `x.parents`, `x.inputs`, `x.primitive`": lambda x: x if x.op else x * len(x.parents),
    "`zero_grad()`": cleared,
    "`float(x)`": lambda x: x * float(x),
    "`complex(x)`": lambda x: x * complex(x).real,
    "`range(x)`, `items[x]`": lambda x: [1.0, 2.0][x],
    "`math.exp(x)`, `math.isnan(x)` ...": lambda x: x * math.exp(x),
    "`round(x, 2)`": lambda x: x * round(x, 2),
    "`np.asarray([x], dtype=float)`": lambda x: np.asarray([x], dtype=float),
    "`array.astype(float)`": lambda x: np.array([x]).astype(float),
    "`np.float64(x)`": lambda x: np.float64(x),  # noqa: PLW0108
    "`np.isnan(np.array([x]))`": lambda x: x * bool(np.isnan(np.array([x]))[0]),
    "a comparison with a `np.float32`": lambda x: x if x < np.float32(0.1) else -x,
    "`float(f'{x}')`, `float(str(x))`": lambda x: x * float(f"{x}"),
    "`float(f'{x:.3f}')`": lambda x: x * float(f"{x:.3f}"),
    "the text itself: `len(str(x))`, `'-' in str(x)`": lambda x: x * len(str(x)),
    "`hash(x)`, `x in {1.0, 2.0}`, `{1.0: y}[x]`": lambda x: x * (x in {1.0, 2.0}),
    "`'%g' % x`": lambda x: x * float("%g" % x),  # noqa: UP031
    "`copy.copy(x)`": lambda x: copy.copy(x) * x,
    "`copy.deepcopy(x)`": lambda x: copy.deepcopy([x])[0] * x,
    "`pickle.dumps(x)`": lambda x: pickle.loads(pickle.dumps(x)) * x,
    "`json.dumps(x)`": lambda x: json.loads(json.dumps(x)) * x,
    "`struct.pack('d', x)`": lambda x: struct.unpack("d", struct.pack("d", x))[0] * x,
    "`array.array('d', [x])`": lambda x: array.array("d", [x])[0] * x,
    "`ctypes.c_double(x)`": lambda x: ctypes.c_double(x).value * x,
    "`Decimal(x)`": lambda x: x * float(decimal.Decimal(x)),
    "`Fraction(x)`": lambda x: x * float(fractions.Fraction(x)),
    "`statistics.mean([x])`": lambda x: x * statistics.mean([x]),
    "`time.sleep(x)` and other C functions": lambda x: time.sleep(x) or x,
}
# No line to name: two recordings with the same arguments come out differently.
DIFFER: dict[str, Callable[[Any], Any]] = {
    "`id(x)`": lambda x: x * (id(x) % 1_000_003),
    "`random.random()`": lambda x: x * random.random(),
    "`time.perf_counter()`": lambda x: x * time.perf_counter(),
    "a counter": lambda x: x * next(COUNTER),
    "a list that grows": grows,
    "a Value kept from an earlier call": kept_from_before,
}
RIGHT: dict[str, Callable[[Any], Any]] = {
    "`int(x)`, `round(x)`, `math.floor(x)`": lambda x: x * int(x) + round(x) + math.floor(x),
    "`bool(x)`, `x in items`": lambda x: x * 2 if x in [1.0, 2.0] else -x,
    "a block of `no_grad()`": unrecorded,
    "`x.detach()`": lambda x: x.detach() * x,
    "a captured Value": lambda x: W * x,
    "`id(x)` as a key": memo,
    "`x is y`": lambda x: x if x is x + 0 else x * 2,
}


def line_of(f: Callable[..., Any]) -> int:
    lines, first = inspect.getsourcelines(f)
    return next((i for i, text in enumerate(lines, first) if "# here" in text), first)


@pytest.mark.parametrize("way", ERRORS)
@pytest.mark.parametrize("x", [1.25, -0.5])
def test_what_leaves_the_recording_is_an_error(way: str, x: float) -> None:
    """It says which line, or comes from there; at the first call and at any other."""
    before = W.data, W.grad
    for compiled in (jit(ERRORS[way]), jit(grad(ERRORS[way]))):
        for _ in range(2):
            with pytest.raises((TypeError, ValueError, struct.error)) as caught:
                compiled(x)
            lines = [entry.lineno + 1 for entry in caught.traceback if str(entry.path) == __file__]
            named = re.search(r"test_guards.py, line (\d+)", str(caught.value))
            if named:
                lines.append(int(named[1]))
            assert line_of(ERRORS[way]) in lines
        assert compiled.stats().paths == 0
    assert (W.data, W.grad) == before


@pytest.mark.parametrize("way", DIFFER)
@pytest.mark.parametrize("x", [1.25, -0.5])
def test_what_depends_on_more_than_the_arguments_is_an_error(way: str, x: float) -> None:
    """A function is recorded twice, and both have to be alike."""
    SEEN.clear()
    compiled = jit(DIFFER[way])
    with pytest.raises(
        autograd.compiler.RecordingError, match=r"two recordings of .* differ|kept when|draws|clock"
    ):
        compiled(x)
    assert compiled.stats().paths == 0


@pytest.mark.parametrize("way", RIGHT)
def test_what_is_seen_is_right(way: str) -> None:
    """As are its derivatives."""
    f = RIGHT[way]
    compiled, slope = jit(f), jit(grad(f))
    for x in (1.25, -0.5, 2.0, 1.0, -3.5, 0.0) * 2:
        assert same(compiled(x), eagerly(f, x))
        with no_grad():  # where a derivative is a plain number, whatever the function captures
            assert same(slope(x), grad(f)(x))


def test_an_escape_is_an_error_even_where_the_function_catches_it() -> None:
    def f(x: Any) -> Any:
        try:
            return x * x.data
        except TypeError:
            return x

    with pytest.raises(autograd.compiler.RecordingError, match=r"reads \.data of 'x'"):
        jit(f)(2.0)


def test_a_decision_on_text_is_an_error() -> None:
    """Whatever the text decides: that it was made is seen, and the line."""
    for f in (
        lambda x: x if "-" in str(x) else -x,
        lambda x: x if f"{x}".startswith("-") else -x,
        lambda x: x if "nan" in f"{x}" else -x,
        lambda x: x if "e" in f"{x:g}" else -x,
        lambda x: x if "inf" in repr(x) else -x,
    ):
        with pytest.raises(autograd.compiler.RecordingError, match=r"makes a text of 'x' \(.*line"):
            jit(f)(2.0)


def test_constants_may_leave() -> None:
    """What depends on no argument is the same at every call."""

    def f(x: Any) -> Any:
        a = Value(2.0)
        y = tanh(a) * a
        y.backward()
        return x * a.grad + y.data + math.exp(a.data) + float(f"{copy.copy(a).data}")

    def g(x: Any) -> Any:
        a = Value(2.0)
        y = tanh(a) * a
        y.backward()
        return x * a.grad + y.data + math.exp(a.data) + 2.0

    assert jit(f)(1.5) == jit(f)(1.5) == eagerly(g, 1.5)


def test_the_page_has_a_line_for_every_way() -> None:
    """And none that is not tested."""
    text = PAGE.read_text("utf-8")
    for title, ways in [("error", [*ERRORS, *DIFFER]), ("right", list(RIGHT))]:
        rows = re.findall(rf"^\| (.+?) \| {title}\b", text, re.MULTILINE)
        assert sorted(rows) == sorted(ways)
    rows = re.findall(r"^\| (.+?) \| guard", text, re.MULTILINE)
    assert sorted(rows) == sorted(FUNCTIONS)


def test_the_page_names_the_tests() -> None:
    """Each that is named exists, and each of this file is named."""
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    here = {name for name in globals() if name.startswith("test_")}
    assert here - named == {
        "test_the_page_names_the_tests",
        "test_the_page_has_a_line_for_every_way",
    }
    text = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert named <= set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))


def test_roots_are_still_roots() -> None:
    """The functions of this page compute what they say."""
    assert jit(newton)(2.0) == pytest.approx(math.sqrt(2.0), rel=1e-12)
    assert jit(simpson)(0.0, 1.0) == pytest.approx(0.746824132812427, abs=1e-4)
    assert jit(bisection)(2.0) == pytest.approx(2 ** (1 / 3), abs=0.01)
    assert jit(sqrt)(4.0) == 2.0
