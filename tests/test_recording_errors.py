"""Errors of recordings name the user's line, the culprit and what to write instead."""

from __future__ import annotations

import copy
import dataclasses
import email.utils
import inspect
import json
import math
import pprint
import re
import string
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isnan as bare_isnan
from typing import Any

import pytest

from autograd import grad, jit, record_lines, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
RecordingError = pytest.importorskip("autograd.compiler.recording.tracing").RecordingError


@contextmanager
def error_at(f: Any, *texts: str) -> Iterator[pytest.ExceptionInfo[RecordingError]]:
    """A RecordingError that names a line of the function's, and these texts."""
    with pytest.raises(RecordingError) as caught:
        yield caught
    message = str(caught.value)
    lines, first = inspect.getsourcelines(f)
    named = re.search(rf"{re.escape(__file__)}, line (\d+)", message)
    assert named is not None, message
    assert first <= int(named[1]) < first + len(lines), message
    for text in texts:
        assert text in message


# -- what plain numbers can do, and Values can't ---------------------------------------------------

OF_NUMBERS: list[tuple[Callable[[Any, Any], Any], Any]] = [
    (lambda w, n: w * [1.0, 2.0][n], 1),
    (lambda w, n: sum(w * i for i in range(n)), 3),
    (lambda w, n: w * (n & 1), 3),
    (lambda w, n: w * (1 << n), 3),
    (lambda w, n: w * ~n, 3),
    (lambda w, n: w * n.bit_length(), 3),
    (lambda w, n: w * len(n.hex()), 1.5),
    (lambda w, n: w * n.is_integer(), 1.5),
    (lambda w, n: w * n.as_integer_ratio()[0], 1.5),
    (lambda w, n: w * math.sqrt(n), 2.0),
    (lambda w, n: w * math.comb(5, n), 2),
    (lambda w, n: w * len("ab" * n), 2),
    (lambda w, n: w * len(struct.pack("d", n)), 2.0),
    (lambda w, n: w * len(bytes(n)), 2),
    (lambda w, n: w * n[0].is_integer(), [2.0]),
    (lambda w, n: w * float(n.view(np.int64)[0]), np.array([1.0])),
    (lambda w, n: w * np.zeros(n).size, 2),
    (lambda w, n: w * len(json.dumps(n)), 2.0),
]


@pytest.mark.parametrize(("loss", "n"), OF_NUMBERS)
def test_what_only_plain_numbers_can_do(loss: Any, n: Any) -> None:
    """The line and the remedy, compiled and in rows; uncompiled it works."""
    assert math.isfinite(grad(loss)(1.0, n))
    is_bare = isinstance(n, (int, float))
    remedy = "n in static_argnames" if is_bare else "in static_argnames"
    with error_at(loss, "none of plain numbers", remedy):
        jit(grad(loss))(1.0, n)
    with error_at(loss, "none of plain numbers"):
        vmap(grad(loss), (0, None))(np.ones(2), n)
    if is_bare:
        assert jit(grad(loss), static_argnames="n")(1.0, n) == grad(loss)(1.0, n)


WHOLE: list[tuple[Callable[[Any, Any], Any], Any, Any]] = [
    (lambda x, n: x[n], [1.0, 2.0], 1),
    (lambda x, n: sum(x for _ in range(n)), 2.0, 3),
    (lambda x, n: x if n & 1 else -x, 2.0, 3),
    (lambda x, n: x * n.bit_length(), 2.0, 3),
    (lambda x, n: x * len("ab" * n), 2.0, 3),
    (lambda x, n: x * math.comb(5, n), 2.0, np.int64(3)),
    (lambda x, n: x[n["at"]], [1.0, 2.0], {"at": 1}),
]


@pytest.mark.parametrize(("f", "x", "n"), WHOLE)
def test_what_only_whole_numbers_can_do(f: Any, x: Any, n: Any) -> None:
    """Not floats either: the same of a function that is not differentiated."""
    with error_at(f, "none of plain numbers", "write int(...)"):
        jit(f)(x, n)
    if isinstance(x, float):
        with error_at(f, "none of plain numbers"):
            vmap(f, (0, None))(np.ones(2), n)
    if not isinstance(n, dict):
        assert jit(f, static_argnames="n")(x, n) == f(x, n)


@pytest.mark.parametrize(
    ("f", "remedy"),
    [
        (lambda x: x * math.sin(x), "write autograd.sin instead of math.sin, or name x"),
        (lambda x: math.sin(0.5) + math.atan2(x, 1.0), "autograd.atan2 instead of math.atan2"),
        (lambda x: x if bare_isnan(x) else -x, "math.isnan(v) is v != v"),
        (lambda x: math.sin(0.5) * float(x), "write int(...) where a whole number is meant"),
        (lambda x: x * math.comb(5, int(x)) * math.gamma(x), "autograd's functions elsewhere"),
    ],
)
def test_a_function_of_math_is_named(f: Any, remedy: str) -> None:
    """Where, first; and what to write for the very call that failed, no more."""
    with error_at(f, remedy) as caught:
        jit(f)(1.0)
    message = str(caught.value)
    assert message.index(", line ") < message.index("raises an error")
    assert len(message.replace(__file__, "")) < 400
    assert ("instead of math." in message) == ("instead of math." in remedy)


def test_the_remedies_are_right() -> None:
    f = jit(grad(lambda w, n: w * [1.0, 2.0][int(n)]))
    assert [f(1.0, n) for n in (1, 0, 1)] == [2.0, 1.0, 2.0]


def test_errors_that_plain_numbers_raise_too() -> None:
    """They go up as they are."""

    def f(w: Any, n: Any) -> Any:
        raise ValueError(f"no {type(w).__name__}") from KeyError(1)

    with pytest.raises(ValueError, match="no Value") as caught:
        jit(grad(f))(1.0, 2.0)
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(TypeError, match="list indices must be integers") as other:
        jit(lambda x: [1.0, 2.0][x])(1.0)
    assert not isinstance(other.value, RecordingError)
    with pytest.raises(TypeError, match="list indices must be integers") as third:
        jit(lambda x, n: x[n])([1.0, 2.0], 7)
    assert not isinstance(third.value, RecordingError)


def test_an_error_that_comes_once() -> None:
    """It says nothing about Values."""
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("the first time")
        return x * 2.0

    compiled = jit(f)
    with pytest.raises(ValueError, match=r"^the first time$"):
        compiled(1.0)
    assert compiled(1.0) == 2.0


# -- the line is the user's ------------------------------------------------------------------------


LIBRARIES: list[Callable[[Any], Any]] = [
    lambda x: x * len(pprint.pformat([x])),
    lambda x: x * len(str(np.array([x]))),
    lambda x: x * len(string.Template("$a").substitute(a=x)),
    lambda x: x * len(string.Formatter().format("{0:g}", x)),
    lambda x: copy.copy([copy.copy(x)])[0],
    lambda x: copy.deepcopy([x])[0],
    lambda x: x * len(tempfile.mktemp()),
    lambda x: x * len(email.utils.formatdate()),
    lambda x: x if np.random.rand() > 2 else -x,
    lambda x: x * np.random.default_rng().normal(),
]


@pytest.mark.parametrize("f", LIBRARIES)
def test_the_line_is_not_a_library_s(f: Any) -> None:
    with error_at(f):
        jit(f)(1.0)


GENERATOR = np.random.default_rng(1)


def drawn() -> Any:
    out = 1.0
    return out * GENERATOR.normal()


def draws_in_a_loop(x: Any) -> Any:
    for _ in range(3):
        x = x * 2.0
    return x + drawn()


def test_the_line_at_which_a_generator_of_numpy_draws() -> None:
    """The one that calls it, be it in a function that is called."""
    line = inspect.getsourcelines(drawn)[1] + 2
    for transform in (lambda f: f, grad):
        with error_at(drawn, f"line {line})", "draws random numbers"):
            jit(transform(draws_in_a_loop))(1.0)


SEEDS = np.random.SeedSequence(3)


def test_seeds_that_are_spawned() -> None:
    """Each time others, of NumPy's generators and sequences alike."""
    for f in (lambda x: x * len(SEEDS.spawn(1)), lambda x: x * len(GENERATOR.spawn(1))):
        with error_at(f, "draws random numbers"):
            jit(f)(1.0)


def test_the_time_that_the_process_has_used() -> None:
    resource = pytest.importorskip("resource")

    def f(x: Any) -> Any:
        return x if resource.getrusage(resource.RUSAGE_SELF).ru_utime > 1e9 else -x

    with error_at(f, "reads the clock"):
        jit(f)(1.0)


def test_recorded_lines_are_the_users() -> None:
    from autograd import Value

    with record_lines():
        out = np.sum([Value(1.0), Value(2.0)])
    assert out.line.startswith(__file__)


def test_copies_are_named_in_english() -> None:
    with pytest.raises(RecordingError, match=r"copies or pickles the number of \"d\['a'\]\" \("):
        jit(lambda d: copy.copy(d["a"]))({"a": 1.0})


@dataclasses.dataclass
class Named:
    a: float
    name: str = "q"
    inner: Any = None


def test_the_place_of_what_is_no_number() -> None:
    for d, place in (
        (Named(1.0), "d.name"),
        (Named(1.0, 2.0, Named(1.0, "x")), "d.inner.name"),  # type: ignore[arg-type]
        ([1.0, {"k": "z"}], "d[1]['k']"),
        ("abc", "d"),
    ):
        with pytest.raises(TypeError, match=rf"got str '\w+' at {re.escape(place)}; name arg"):
            jit(lambda d: 1.0)(d)
        with pytest.raises(TypeError, match=rf"got str '\w+' at {re.escape(place)}; name arg"):
            jit(grad(lambda w, d: w))(1.0, d=d)
    with pytest.raises(TypeError, match=r"grad's argument must be .*got str 'q' at \.name"):
        grad(lambda d: d.a)(Named(1.0))


@pytest.mark.parametrize("result", [lambda x: [2.0 * x, 3.0], lambda x: {"a": x}, lambda x: (x, x)])
def test_a_derivative_s_mistakes_are_told_compiled_as_uncompiled(result: Any) -> None:
    """The results that are shown are numbers, and not the Values of the recording."""
    told = []
    for f in (grad(result), jit(grad(result))):
        with pytest.raises(TypeError, match="needs a function that returns one number") as caught:
            f(1.5)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_isnan_of_math_has_a_remedy() -> None:
    """`missing if math.isnan(x)` is how one writes it over floats."""
    with pytest.raises(RecordingError, match=r"write v != v instead of math\.isnan\(v\)"):
        jit(lambda x, y: y if math.isnan(x) else x)(1.0, 2.0)
    assert jit(lambda x, y: y if x != x else x)(math.nan, 2.0) == 2.0


def test_rounding_to_places_has_a_remedy() -> None:
    f = jit(lambda x: round(x, 2) * x)
    with error_at(test_rounding_to_places_has_a_remedy, "round(v * 100) / 100"):
        f(2.345)
    assert jit(lambda x: round(x * 100) / 100 * x)(2.5) == 6.25
