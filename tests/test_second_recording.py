"""A function is recorded twice; the second recording is compared with the first while it runs, and
takes from it the reverse and forward passes that would be the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from autograd import Value, exp, grad, hessian, jacfwd, jacobian, jit, primitive, value_and_grad
from autograd.compiler.recording.arguments import difference
from autograd.compiler.recording.tracing import RecordingError, Trace, read_off
from autograd.engine.primitives import TABLE
from autograd.transforms.tree import flatten


def energy(p: Any) -> Any:
    """Shared nodes, a power, a division, a constant on either side."""
    x, y = p
    shared = exp(x) * y - 3.0
    return shared * shared / (1.0 + y * y) + (2.0 - x) ** 3 + x * y


def path(p: Any) -> list[Any]:
    """More results than arguments, so that forward passes are made."""
    x, y = p
    return [x * y, x / y, exp(x) - y, 3.0 * x]


TRANSFORMS: list[Callable[[Any], Any]] = [
    grad(energy),
    value_and_grad(energy),
    hessian(energy),
    grad(lambda p: sum(grad(energy)(p))),
    jacobian(path),
    jacfwd(path),
]


def recording(f: Callable[[Any], Any], first: Trace | None = None) -> tuple[Trace, list[Any]]:
    values = [Value(0.3), Value(-1.7)]
    trace = Trace(values, (), first)
    return trace, flatten(trace.run(lambda: f(values)))[0]


@pytest.mark.parametrize("f", TRANSFORMS)
def test_passes_of_the_first_recording_are_not_made_again(f: Callable[[Any], Any]) -> None:
    """All of them are taken over, and the recordings are found to be one."""
    trace, results = recording(f)
    again, others = recording(f, trace)
    assert len(again.tape.repeated) == len(trace.tape.sweeps) > 0
    assert again.repeats(trace.decisions, others, results)
    assert [x.data for x in others] == [x.data for x in results]


@pytest.mark.parametrize("f", TRANSFORMS)
def test_a_recording_that_parts_from_the_first_is_whole(f: Callable[[Any], Any]) -> None:
    """What it has taken over refers to its own nodes then: it reads as it would alone."""
    names = ["x", "y"]
    trace, results = recording(f)
    first = read_off(trace, results, names)
    again, others = recording(f, trace)
    again.tape.part()
    assert not again.repeats(trace.decisions, others, results)
    assert not difference(first, read_off(again, others, names))


def test_what_no_result_depends_on_may_differ() -> None:
    """A node that nobody needs, and another one in each call, before and after a derivative."""
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        x + len(calls)
        slope = grad(lambda u: u**3)(x)
        x * len(calls)
        return slope * grad(lambda u: u * u)(x)

    assert jit(f)(2.0) == 48.0
    assert len(calls) > 1


@pytest.mark.parametrize("place", ["before", "inside", "after"])
def test_what_results_depend_on_may_not(place: str) -> None:
    """Before, inside and after a derivative, in every other call too."""
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        odd = {place: float(len(calls) % 2)}
        y = x + odd.get("before", 0.0)
        slope = grad(lambda u: u**3 + odd.get("inside", 0.0) * u * u)(y)
        return slope + odd.get("after", 0.0)

    with pytest.raises(RecordingError, match="differ"):
        jit(f)(2.0)


def test_a_derivative_at_a_constant_stays_a_number() -> None:
    """d²(u³)/du² at 3 is 18: no node of the recording, in neither run."""
    f = jit(lambda x: x * grad(grad(lambda u: u**3))(3.0))
    assert f(2.0) == 36.0
    assert f.program().operations == 1


def test_a_derivative_that_was_kept_is_a_leak() -> None:
    """It was found by the first recording, and handed out by the second as well."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(grad(lambda u: u * u * u)(x))
        return kept[-1] + (kept[0] if len(kept) > 3 else 0.0)

    compiled = jit(f)
    assert compiled(2.0) == 12.0
    with pytest.raises(RecordingError, match="kept when it was recorded"):
        jit(lambda x: x + kept[0])(1.0)


def test_floats_that_were_kept_do_not_stay() -> None:
    """A derivative that the function keeps is one of a recording, after the run on floats too."""
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["slope"] = grad(lambda u: u * u)(x)
        return x * 2.0

    jit(f)(3.0)
    assert isinstance(kept["slope"], Value)


def test_a_rule_of_the_user_is_run_in_both_recordings() -> None:
    """It may decide, here at 0, which the reverse pass of the first recording says nothing of."""
    leaky = TABLE.get("leaky_at_0") or primitive(
        "leaky_at_0",
        lambda x, y: x if x > 0.0 else x * y,
        lambda out, x, y: (1.0 if x > 0.0 else y, min(x, 0.0)),
        arity=2,
    )
    slopes = grad(lambda x, y: leaky(x, y) * y, (0, 1))
    compiled = jit(slopes)
    for x in (1.5, -2.0, 0.5, 0.0, -0.25):
        assert compiled(x, 3.0) == slopes(x, 3.0)


def test_a_rule_of_the_user_that_gives_another_number_each_time_is_an_error() -> None:
    """As a function that does is."""
    calls = itertools.count()
    shaky = TABLE.get("shaky") or primitive(
        "shaky", lambda x: 2.0 * x, lambda out, x: 2.0 + next(calls) * x
    )
    with pytest.raises(RecordingError, match="depends on more than its arguments"):
        jit(grad(shaky))(1.0)


@pytest.mark.parametrize("result", [lambda x, zero: x + zero, lambda x, zero: zero])
def test_zeros_of_two_signs_are_two_constants(result: Callable[[Any, float], Any]) -> None:
    calls = itertools.count()
    with pytest.raises(RecordingError, match="depends on more than its arguments"):
        jit(lambda x: [x, result(x, -0.0 if next(calls) % 2 else 0.0)])(1.0)
