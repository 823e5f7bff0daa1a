"""A function of which the code shows that it does the same at every run, with floats too, is run
once when it is recorded, and not watched. Whatever is not shown is looked at as ever.
"""

from __future__ import annotations

import builtins
import math
import operator
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("llvmlite")

import autograd
from autograd import Value, exp, grad, hessian, jit, log, primitive, value_and_grad
from autograd.compiler.recording.repeatable import repeatable
from autograd.compiler.recording.tracing import RecordingError

DATA = [0.5, -1.0, 2.0]
TABLE = {"scale": 2.0, "rows": [[1.0, 2.0], [3.0, 4.0]]}
OBJECT = SimpleNamespace(one=1.0)
LATER: list[float] = []
WEIGHT = Value(3.0)


def slope(state: Any, p: Any) -> Any:
    x, y = state
    return [p[0] * (y - x), x * p[1] - y]


def steps(p: Any) -> Any:
    state, total = [1.0, 0.5], 0.0
    for x in DATA:
        k = slope(state, p)
        state = [u + 0.1 * v for u, v in zip(state, k, strict=True)]
        total = total + (state[0] - x) ** 2
    return total


def rows(p: Any) -> Any:
    found = [sum(w * x for w, x in zip(row, p, strict=True)) for row in TABLE["rows"]]
    out = [TABLE["scale"] * x for x in found]
    return sum(exp(-((b - a) ** 2)) for a, b in pairwise(out)) + log(p[0] * p[0])


def by_length(p: Any) -> Any:
    largest = max(p)
    return p[0] / largest if len(p) > 1 and p[0] > 0 else autograd.tanh(largest) * WEIGHT


@pytest.mark.parametrize("f", [steps, rows, by_length])
@pytest.mark.parametrize("transform", [lambda f: f, grad, value_and_grad, hessian])
def test_functions_of_which_the_code_shows_all(f: Any, transform: Any, runs: list[str]) -> None:
    """They are recorded by one run, and give what they give uncompiled, on other paths too."""
    compiled, eager = jit(transform(f)), transform(f)
    compiled([0.5, 1.5])
    assert runs == ["values"]
    for point in ([0.5, 1.5], [-0.5, 1.5], [1.5, 0.25]):
        for _ in range(2):
            expected = eager([Value(x) for x in point]) if transform is not grad else eager(point)
            assert _numbers(compiled(point)) == pytest.approx(_numbers(expected), rel=1e-12)


def _numbers(x: Any) -> list[float]:
    if isinstance(x, (list, tuple)):
        return [y for part in x for y in _numbers(part)]
    return [x.data if isinstance(x, Value) else x]


def test_data_that_the_function_writes_to(runs: list[str]) -> None:
    """What it would meet at the next run is not what it met."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x)
        return x * len(kept)

    with pytest.raises(RecordingError, match="two recordings"):
        jit(f)(2.0)
    assert runs == ["values", "values"]


def test_a_table_that_the_function_writes_to() -> None:
    """A number in a dict in a list is looked at as well."""
    kept = [{"calls": 0}]

    def f(x: Any) -> Any:
        kept[0]["calls"] += 1
        return x * kept[0]["calls"]

    with pytest.raises(RecordingError, match="two recordings"):
        jit(f)(2.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: abs(x**0.5),  # of -2.0: a complex number's, or that of a NaN
        lambda x: sum([abs(x**0.5), 1.0]),
        lambda x: x / 0.0 * 0.0 if x < 0 else x,
    ],
)
def test_numbers_that_are_not_finite_are_met_with_floats(f: Any, runs: list[str]) -> None:
    """Python computes otherwise with floats where Values are NaN or infinite."""
    with suppress(RecordingError):
        jit(f)(-2.0)
    assert "floats" in runs


def test_data_of_a_derivative_stay_plain_numbers(runs: list[str]) -> None:
    """Uncompiled, that function gets a float, which has no such method."""
    with pytest.raises(AttributeError):
        jit(grad(lambda x, y: x * y.tanh()))(2.0, 3.0)
    assert runs == ["values", "floats"]


square = primitive("square_recorded_once", lambda x: x * x, lambda out, x: 2.0 * x)
clock = time.perf_counter


def of_a_computing_namespace() -> Any:
    """A function whose names are looked up by code."""

    class Names(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return random.random()

    code = compile("def f(x): return x * drawn", "", "exec")
    names = Names()
    exec(code, names)
    return FunctionType(names["f"].__code__, names)


def text_of_a_function(x: Any) -> Any:
    def inner() -> None: ...

    return x if f"{inner}"[-2] == "0" else 2 * x


def text_by_percent(x: Any) -> Any:
    return x if ("%s" % len)[0] == "<" else 2 * x  # noqa: UP031


def compares_with_a_complex_number(x: Any) -> Any:
    return x if x == 1 + 0j else 2 * x


def default_that_is_an_object(x: Any, one: Any = OBJECT) -> Any:
    return x * one.one


lazy = ModuleType("lazy")
exec("import random\ndef __getattr__(name): return random.random()", lazy.__dict__)
patched = ModuleType("math")
patched.sqrt = random.random  # type: ignore[attr-defined]
PERCENT = ["%s"]


class OfProperties(ModuleType):
    rate = property(lambda self: random.random())


computed = OfProperties("computed")


class Liar:
    """Equal to a function that is known, and says that it is a function of plain code."""

    __slots__ = ()
    __class__ = property(lambda self: FunctionType)  # type: ignore[assignment]
    __code__, __globals__, __closure__ = slope.__code__, slope.__globals__, None
    __builtins__, __defaults__, __kwdefaults__ = builtins.__dict__, None, None
    __dict__: dict[str, Any] = {}  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash(operator.add)

    def __call__(self, *given: Any) -> Any:
        return random.random()


liar = Liar()
listed = {"liar": liar}


def called_of(module: Any, scale: Any, x: Any) -> Any:
    return module.sqrt(x) * scale


def text_of_a_function_by_a_text_from_outside(x: Any) -> Any:
    return x * (PERCENT[0] % called_of).index("0x")


def one_of_two_modules(x: Any) -> Any:
    return (patched if x > 0 else math).sqrt(x)


def of_builtins_that_compute() -> Any:
    given: list[Any] = [sum]  # when it is looked at

    class Names(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return given.pop() if given else random.random

    names: dict[str, Any] = {"__builtins__": Names(vars(builtins))}
    exec("def f(x): return x * sum()", names)
    return names["f"]


def of_many_functions() -> Any:
    def one_more(f: Any) -> Any:
        return lambda x: f(x) + 1.0

    f: Any = abs
    for _ in range(400):
        f = one_more(f)
    return f


def of_nested_lists() -> Any:
    nested: list[Any] = [1.0]
    for _ in range(2000):
        nested = [1.0, nested]
    return lambda x: x * nested[0]


NOT_SHOWN: list[Callable[..., Any]] = [
    lambda x: x * random.random(),
    lambda x: x * clock(),
    lambda x: x * OBJECT.one,
    lambda x: x if isinstance(x, float) else 2 * x,
    lambda x: x if type(x) is float else 2 * x,
    lambda x: x * id(x),
    lambda x: x * sys.getrefcount(x),
    lambda x: x * threading.get_ident(),
    lambda x: x if hasattr(x, "hex") else 2 * x,
    lambda x: x if x is WEIGHT else 2 * x,
    lambda x: x if x in {1.0, 2.0} else 2 * x,
    lambda x: square(x) + x,
    lambda x: x * operator.attrgetter("one")(OBJECT),
    lambda x: print(x) or x,
    lambda x: grad(lambda y: y * x)(x),
    lambda x: x * WEIGHT.data,
    text_of_a_function,
    text_by_percent,
    compares_with_a_complex_number,
    default_that_is_an_object,
    of_a_computing_namespace(),
    of_builtins_that_compute(),
    of_many_functions(),
    of_nested_lists(),
    lambda x: x * lazy.rate,
    lambda x: x * computed.rate,
    lambda x: x * patched.sqrt(),
    lambda x: called_of(patched, WEIGHT, x),
    lambda x: x * liar(x, x),
    lambda x: x * listed["liar"](x, x),
    one_of_two_modules,
    text_of_a_function_by_a_text_from_outside,
    math.sqrt,
]


@pytest.mark.parametrize("f", NOT_SHOWN, ids=range(len(NOT_SHOWN)))
def test_functions_of_which_the_code_does_not_show_all(f: Any) -> None:
    """They may draw, ask, tell floats from Values, or do what nobody sees."""
    assert repeatable(f) is None
    assert repeatable(grad(f)) is None


@pytest.mark.parametrize("f", [steps, rows, by_length])
@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian])
def test_derivatives_by_arrays_are_recorded_once(f: Any, transform: Any, runs: list[str]) -> None:
    """For the function gets its Values in an array uncompiled too."""
    numpy = pytest.importorskip("numpy")
    compiled, eager = jit(transform(f)), transform(f)
    for point in ([0.5, 1.5], [0.75, 1.25]):
        found, wanted = compiled(numpy.array(point)), eager(numpy.array(point))
        for a, b in zip(found, wanted, strict=True):
            assert numpy.asarray(a).tobytes() == numpy.asarray(b).tobytes()
    assert runs == ["values"]


def written(x: Any) -> Any:
    x[0] = x[0] * 2.0
    return x[0] * x[1]


def written_through_a_view(x: Any) -> Any:
    y = x[1:]
    y[0] = y[0] * 2.0
    return x[0] * x[1]


def asked_for_its_shape(x: Any) -> Any:
    return x[0] * x.shape[0]


def of_numpy(x: Any) -> Any:
    return OBJECT.one * x[0]


@pytest.mark.parametrize("f", [written, written_through_a_view, asked_for_its_shape, of_numpy])
def test_arrays_that_are_more_than_values_in_a_row(f: Any, runs: list[str]) -> None:
    """A derivative's function writes to an array of its own; where one is asked for something,
    there are several runs."""
    numpy = pytest.importorskip("numpy")
    point = numpy.array([3.0, 2.0])
    compiled = jit(grad(f))
    for factor in (1.0, 2.0):
        assert compiled(factor * point).tolist() == grad(f)(factor * point).tolist()
    assert (len(runs) > 1) == (f in (asked_for_its_shape, of_numpy))


def test_arrays_of_whole_numbers_and_plain_functions_are_run_on_floats(runs: list[str]) -> None:
    numpy = pytest.importorskip("numpy")
    assert jit(lambda x: x[0] * 2)(numpy.array([3.0, 2.0])) == 6.0
    assert "floats" in runs
    del runs[:]
    assert jit(grad(lambda x: x[0] * x[1]))(numpy.array([3, 2])).tolist() == [2.0, 3.0]
    assert len(runs) > 1


def test_functions_of_math_that_were_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the module has now is not what it had: it may draw."""
    monkeypatch.setattr(math, "random", random.random, raising=False)
    assert repeatable(lambda x: x * math.random()) is None  # type: ignore[attr-defined]


def test_functions_that_are_nested_deep() -> None:
    """They are recorded as ever, in loops too."""
    deep = of_many_functions()

    def looped(x: Any) -> Any:
        n = 0
        while x * x > 1.0 and n < 100:
            x, n = x * 0.9, n + 1
        return of_shallow(x)

    def of_shallow(x: Any) -> Any:
        return of_nested_lists()(x)

    for f in (deep, of_nested_lists(), looped):
        compiled = jit(f)
        assert [compiled(x) for x in (0.5, 3.0)] == [f(x) for x in (0.5, 3.0)]


def test_a_complex_number_is_compared_as_with_floats() -> None:
    """It may come of plain numbers that the function computes with."""
    below = -1.0

    def f(x: Any) -> Any:
        zero = below**0.5 * 0.0
        return x + 1.0 if x == zero else 2.0 * x

    assert repeatable(f) is not None
    compiled = jit(f)
    assert [compiled(x) for x in (0.0, 3.0, 0.0)] == [f(x) for x in (0.0, 3.0, 0.0)]
    number = Value(2.0)
    assert (number == 2 + 0j, number != 2 + 0j, number == 2 + 1j) == (True, False, False)
