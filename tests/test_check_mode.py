"""Check mode (`check=`, CHAINRULE_CHECK) and the run on plain floats at recording: what either
finds, and what neither may disturb."""

from __future__ import annotations

import copy
import math
import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import numpy as np

import autograd
import nn
from autograd import CheckFailed, Value, detect_anomaly, grad, jit, no_grad, value_and_grad, vmap
from autograd.compiler import RecordingError
from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rounding import as_floats, in_lanes, reach
from nn.training.surroundings import Surroundings

OUTSIDE = SimpleNamespace(rate=2.0)


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the functions take from outside, as it was; and the tests' own environment."""
    monkeypatch.delenv("CHAINRULE_CHECK", raising=False)
    OUTSIDE.rate = 2.0
    yield
    OUTSIDE.rate = 2.0


def scaled(x: Any) -> Any:
    return x * OUTSIDE.rate if x > 1 else x


# -- what is found ---------------------------------------------------------------------------------


def test_the_sign_of_a_zero_is_compared() -> None:
    """Where nothing is rounded."""
    f = jit(lambda x: x * OUTSIDE.rate, check=True)
    assert str(f(0.0)) == "0.0"
    OUTSIDE.rate = -2.0
    with pytest.raises(CheckFailed, match=r"gives 0.0 for result, where f gives -0.0"):
        f(0.0)


def test_a_changed_number_is_found() -> None:
    """With both numbers, where they stand, the arguments, and the decisions of the path."""
    f = jit(lambda x, y: {"a": [y, scaled(x)]}, check=True)
    assert [f(3.0, 1.0), f(3.0, 1.0)] == [{"a": [1.0, 6.0]}] * 2
    OUTSIDE.rate = 5.0
    with pytest.raises(CheckFailed) as raised:
        f(3.0, 1.0)
    text = str(raised.value)
    assert "gives 6.0 for result['a'][1], where f gives 15.0 (1 of 2 numbers differ)" in text
    assert "at x = 3.0, y = 1.0" in text
    assert "1.0 < x  # " in text
    assert "test_check_mode.py" in text
    assert isinstance(raised.value, AssertionError)


def test_nestings_and_texts_are_compared() -> None:
    f = jit(lambda x: {"root": x, "by": "Newton" if OUTSIDE.rate == 2.0 else "Brent"}, check=True)
    assert [f(1.0), f(1.0)] == [{"root": 1.0, "by": "Newton"}] * 2
    OUTSIDE.rate = 1.0
    with pytest.raises(CheckFailed, match=r"Newton.*where f gives.*Brent"):
        f(1.0)
    g = jit(lambda x: [x] * int(OUTSIDE.rate), check=True)
    assert [g(3.0), g(3.0)] == [[3.0]] * 2
    OUTSIDE.rate = 2.0
    with pytest.raises(CheckFailed, match="list"):
        g(3.0)


def test_an_error_that_only_the_function_raises() -> None:
    def f(x: Any) -> Any:
        if OUTSIDE.rate > 2:
            raise KeyError("too fast")
        return x

    g = jit(f, check=True)
    assert [g(1.0), g(1.0)] == [1.0, 1.0]
    OUTSIDE.rate = 3.0
    with pytest.raises(CheckFailed, match=r"f raises KeyError\('too fast'\)") as raised:
        g(1.0)
    assert isinstance(raised.value.__cause__, KeyError)


def test_an_error_of_the_function_goes_up_as_it_is() -> None:
    def f(x: Any) -> Any:
        if x < 0:
            raise ValueError("negative")
        return x

    g = jit(f, check=True)
    assert g(1.0) == g(1.0)
    with pytest.raises(ValueError, match="negative"):
        g(-1.0)


def test_wrong_machine_code_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An addition in the place of a subtraction, say."""
    from autograd.compiler import specializations

    def wrong(program: Program) -> Program:
        code = [Op("add", op.operands) if op.name == "sub" else op for op in program.code]
        return Program(tuple(code), program.inputs, program.outputs, program.guards)

    monkeypatch.setattr(specializations, "lowered", wrong)
    f = jit(lambda x: x - 1, check=True)
    assert f(3.0) == 2.0
    with pytest.raises(CheckFailed, match=r"gives 4.0 for result, where f gives 2.0"):
        f(3.0)


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("check", [True, 0.1])
def test_rows_are_compared(reduce: str | None, check: float) -> None:
    """In calls and bound, all of them or a share; functions in lanes may be off, and are."""
    x = np.linspace(-3.0, 3.0, 200)
    f = vmap(lambda t: autograd.tanh(scaled(t)) - autograd.exp(t), reduce=reduce, check=check)
    plain = vmap(lambda t: autograd.tanh(scaled(t)) - autograd.exp(t), reduce=reduce)
    assert np.array_equal(f(x), plain(x))
    bound = f.bind(x)
    assert np.array_equal(bound(), plain(x))
    assert f.stats().checked >= 3 * 200 * check
    OUTSIDE.rate = 5.0
    for call in (lambda: f(x), bound):
        with pytest.raises(CheckFailed, match=r"gives .* where"):
            call()


def test_rows_that_are_wrong_are_named() -> None:
    f = vmap(scaled, check=True)
    x = np.array([0.0, 0.5, 4.0])
    assert list(f(x)) == [0.0, 0.5, 8.0]
    OUTSIDE.rate = 3.0
    with pytest.raises(CheckFailed, match=r"gives 8.0 for result, where f gives 12.0") as raised:
        f(x)
    assert raised.value.__notes__ == ["this is row 2 of the batch"]


def test_results_in_place_are_compared() -> None:
    x = np.array([3.0, 1.0])
    f = jit(lambda p: {"s": scaled(p[0]), "p": p * 2}, check=True).bind(x)
    for n in (3.0, 0.5, 4.0, 4.0):
        x[0] = n
        assert f()["s"] == scaled(n)
    OUTSIDE.rate = 5.0
    with pytest.raises(CheckFailed, match=r"gives 8.0 for result\['s'\], where f gives 20.0"):
        f()


# -- which calls -----------------------------------------------------------------------------------


def test_a_share_of_the_calls_without_chance() -> None:
    """The first call of each path, then every tenth; no generator is asked."""
    state = random.getstate()
    f = jit(lambda x: x if x > 0 else -x, check=0.1)
    for _ in range(31):
        f(1.0)
        f(-1.0)
    assert random.getstate() == state
    assert f.stats().checked == 2 * 4  # the recording is none: calls 1, 10, 20, 30 of each path
    assert jit(lambda x: x).stats().checked == 0


@pytest.mark.parametrize(
    ("text", "check", "checked"),
    [("1", None, 9), ("0.5", None, 6), ("", None, 0), ("0", None, 0), ("1", False, 0), ("", 1, 9)],
)
def test_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, text: str, check: Any, checked: int
) -> None:
    """Unless `check` is given. (The second call goes another way than those after it.)"""
    monkeypatch.setenv("CHAINRULE_CHECK", text)
    f = jit(lambda x: x * x, check=check)
    for x in range(10):
        assert f(x) == x * x
    assert f.stats().checked == checked


def test_what_is_no_share_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for check in (2.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 1"):
            jit(lambda x: x, check=check)
    with pytest.raises(TypeError, match="a share of the calls"):
        vmap(lambda x: x, check="all")  # type: ignore[arg-type]
    monkeypatch.setenv("CHAINRULE_CHECK", "often")
    with pytest.raises(ValueError, match=r"CHAINRULE_CHECK is a share .* got 'often'"):
        jit(lambda x: x)


def top(x: Any) -> Any:
    return x * 2


def test_copies_are_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for goes along; what the environment asks for stays there."""
    f = jit(top, check=True)
    f(1.0)
    for g in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f)), jit(f)):
        g(1.0)
        g(1.0)
        assert g.stats().checked in (1, 2)
    rows = pickle.loads(pickle.dumps(vmap(f)))
    rows(np.ones(3))
    assert rows.stats().checked == 3
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    there = pickle.dumps(jit(top))
    monkeypatch.delenv("CHAINRULE_CHECK")
    g = pickle.loads(there)
    assert [g(1.0), g(1.0), g.stats().checked] == [2.0, 2.0, 0]


def test_decorators_have_the_option() -> None:
    @jit(check=True)
    def f(x: Any) -> Any:
        return x + 1

    @vmap(check=0.5)
    def rows(x: Any) -> Any:
        return x + 1

    assert [f(1.0), f(1.0)] == [2.0, 2.0]
    rows(np.ones(10))
    assert (f.stats().checked, rows.stats().checked) == (1, 6)


# -- what is not disturbed -------------------------------------------------------------------------


def test_what_agrees_is_left_alone() -> None:
    """Captured Values, modes, transforms around and within, arguments that are written to."""
    w = Value(3.0)
    inner = jit(lambda t: t * w, check=True)

    def f(p: Any) -> Any:
        p[0] = p[0] * 2
        return inner(p[0]) + grad(inner)(p[1]) * p[1]

    g = jit(f, check=True)
    for n in (1.0, 2.0, -0.0):
        w.data = n + 1
        for p in ([n, 4.0], np.array([n, 4.0])):
            assert g(p) == g(p) == n * 2 * w.data + w.data * 4.0
            assert list(p) == [n, 4.0]
    with no_grad():
        assert g([1.0, 1.0]) == 3 * w.data
    with detect_anomaly():
        assert g([1.0, 1.0]) == 3 * w.data
    assert grad(lambda x: g([x, 2.0]))(1.0) == 2 * w.data
    slope = jit(value_and_grad(lambda x: x * x if x > 0 else -x), check=True)
    assert [slope(x) for x in (3.0, -1.0, 3.0, 0.0, -0.0)] == [
        *[(9.0, 6.0), (1.0, -1.0), (9.0, 6.0), (0.0, -1.0), (0.0, -1.0)]
    ]
    assert slope.stats().checked == 3


@dataclass
class Pair:
    """An argument."""

    a: float
    b: list[float]


def test_arguments_of_every_kind() -> None:
    f = jit(lambda p, *, k=1.0: Pair(p.a * k, [x / k for x in p.b]), check=True)
    for k in (1, 2.0, True, np.float64(3.0)):
        assert f(Pair(1.0, [2, 3.0]), k=k) == f(Pair(1, [2.0, 3]), k=k)
    assert f.stats().checked == 6  # but for the calls that record: a truth value is static


def test_threads_call_one_checked_function() -> None:
    """And a captured Value that changes meanwhile is no difference."""
    w = Value(0.0)
    f = jit(lambda x: x * w + w, check=True)
    f(0.0)
    raised: list[BaseException] = []

    def call() -> None:
        try:
            for i in range(200):
                w.data = float(i)
                f(float(i))
        except BaseException as error:  # noqa: BLE001 (which is looked at)
            raised.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    assert f.stats().checked >= 800


@pytest.mark.parametrize("loss", ["mse", lambda ps, ts: autograd.mean([(ps[0] - ts[0]) ** 2])])
def test_training_is_checked(monkeypatch: pytest.MonkeyPatch, loss: Any) -> None:
    """And comes to the same; a difference goes up from `fit`."""
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    rows = [[0.1 * i, 1.0] for i in range(6)]
    trained = []
    for engine in ("jit", "eager"):
        model = nn.MLP(2, [2, 1], seed=0)
        nn.fit(model, rows, [0.5 * r[0] for r in rows], loss=loss, epochs=2, batch_size=3,
               engine=engine, progress=False, seed=1)  # fmt: skip
        trained.append([p.data for p in model.parameters()])
    assert trained[0] == pytest.approx(trained[1], rel=1e-12)


def test_a_difference_in_training_goes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `fit` does not see by itself that a callback has changed what the model reads."""
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    monkeypatch.setattr(Surroundings, "changed", lambda self: None)

    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(1, 1, seed=0)

        def __call__(self, x: Any) -> Any:
            return self.inner(x) * OUTSIDE.rate

    def slower(epoch: Any) -> None:
        OUTSIDE.rate = 1.0

    with pytest.raises(CheckFailed):
        nn.fit(Scaled(), [[1.0], [2.0]], [1.0, 2.0], epochs=3, engine="jit", progress=False,
               callback=slower)  # fmt: skip


# -- the run on plain floats, at recording ---------------------------------------------------------


def by_type(x: Any) -> Any:
    if isinstance(x, float):
        return x * 2
    return x * 3


def by_exact_type(x: Any) -> Any:
    return x * 2 if type(x) is float else x * 3


def by_attempt(x: Any) -> Any:
    try:
        return float(x) + 1
    except TypeError:
        return x


def by_attribute(x: Any) -> Any:
    return x.tanh() if hasattr(x, "tanh") else x


def by_division(x: Any) -> Any:
    try:
        return 1 / (x - x)
    except ZeroDivisionError:
        return x


def by_text(x: Any) -> Any:
    return {"x": x, "is": "a float" if isinstance(x, float) else "none"}


def by_length(x: Any) -> Any:
    return [x] if isinstance(x, float) else [x, x]


@pytest.mark.parametrize("wrap", [jit, vmap])
@pytest.mark.parametrize("f", [by_type, by_exact_type, by_attempt, by_attribute, by_division])
def test_what_is_another_function_of_floats(f: Any, wrap: Callable[..., Any]) -> None:
    with pytest.raises(RecordingError, match=r"for plain floats.* part at .*test_check_mode.py"):
        wrap(f)(np.ones(2) if wrap is vmap else 1.0)


@pytest.mark.parametrize("f", [by_text, by_length])
def test_other_results_of_floats(f: Any) -> None:
    with pytest.raises(RecordingError, match=r"gives another result for plain floats"):
        jit(f)(1.0)


def test_the_line_at_which_they_part() -> None:
    line = by_type.__code__.co_firstlineno + 1
    with pytest.raises(RecordingError, match=rf"line {line}\. Decide by what a number is worth"):
        jit(by_type)(1.0)
    with pytest.raises(RecordingError, match=r"result is 2.0 for floats, 3.0 for Values"):
        jit(by_type)(1.0)


def test_data_of_a_derivative() -> None:
    """An argument that is not differentiated by is a float for the derivative itself."""
    f = jit(grad(lambda w, x: w * by_type(x)))
    with pytest.raises(RecordingError, match=r"result is 2.0 for floats, 3.0 for Values"):
        f(1.0, 1.0)


NOTHING_TO_SAY: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (lambda x: x.tanh(), (1.0,)),
    (lambda x: 1 / x, (0.0,)),
    (lambda x: x**0.5, (-1.0,)),
    (lambda x: x.detach() if isinstance(x, Value) else x, (1.0,)),
    (lambda p: p.sum() + p.mean() + p.var(), (np.linspace(0.1, 7.0, 1000),)),
    (lambda p: np.exp(p).sum() - np.tanh(p).prod(), (np.linspace(0.1, 7.0, 50),)),
    (lambda p: p.sum() - 0.1 * 33, (np.full(33, 0.1),)),
    (lambda p: 1.0 * (p.sum() == 0.1 * 33), (np.full(33, 0.1),)),
    (lambda p: p @ p.T, (np.linspace(0.1, 7.0, 100).reshape(10, 10),)),
    (np.linalg.det, (np.array([[1e50, 2e50, 1.0], [3e50, 1e50, 2.0], [1.0, 2.0, 1e-50]]),)),
    (np.corrcoef, (np.array([[1.0, 2.0, 3.5], [2.0, 4.1, 6.9]]),)),
    (lambda x: grad(lambda t: t * t * x)(x), (3.0,)),
    (lambda x: int(x) + round(x), (2.5,)),
    (lambda x: x > 1, (2.5,)),
    (lambda x, y: 1.0 if x in [y, 3.0] else 2.0, (math.nan, math.nan)),
    (lambda x: [None, x, float("nan") * x], (2.5,)),
    (lambda x: Value(1.0) * x, (2.5,)),
    (lambda x, y: [x // y, x % y], (7.5, 2.0)),
    (lambda x: 1 + autograd.jit(lambda t: t * t)(x), (2.5,)),
    (lambda x: float(autograd.vmap(lambda t: t * t)(np.ones(3)).sum()) * x, (2.5,)),
]


@pytest.mark.parametrize("i", range(len(NOTHING_TO_SAY)))
def test_what_says_nothing(i: int) -> None:
    """Errors of floats, rounding, decisions that rounding takes."""
    f, args = NOTHING_TO_SAY[i]
    g = jit(f, check=True)
    g(*args)
    g(*args)


def chaotic(x: Any) -> Any:
    for _ in range(200):
        x = np.sum(np.array([3.9 * x, -3.9 * x * x, 1e-17]))
    return x


def test_chaos_is_rounding() -> None:
    """Where rounding decides, another one is no difference."""
    assert jit(chaotic)(0.3) == jit(chaotic)(0.3)


def test_the_run_on_floats_may_not_draw() -> None:
    state = random.getstate()
    drawn = random.random()
    random.setstate(state)

    def f(x: Any) -> Any:
        return x * random.random() if isinstance(x, float) else x * drawn

    with pytest.raises(RecordingError, match=r"draws random numbers .* where its arguments are fl"):
        jit(f)(1.0)


def test_the_run_on_floats_leaves_no_floats_behind() -> None:
    """What a function keeps is then still known to be left over."""
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        kept["y"] = x * 2
        return x

    assert jit(f)(1.0) == 1.0
    assert isinstance(kept["y"], Value)
    with pytest.raises(RecordingError, match="kept when it was recorded"):
        jit(lambda x: x * kept["y"])(1.0)


def test_functions_run_three_times_when_recorded() -> None:
    seen: list[type] = []

    def f(x: Any) -> Any:
        seen.append(type(x))
        return x

    g = jit(f)
    g(1.0)
    assert seen == [Value, Value, float]
    g(1.0)
    assert len(seen) == 3


def test_compiled_functions_are_not_recorded_for_floats() -> None:
    inner = jit(lambda x: x * 2)
    assert jit(lambda x: inner(x) + 1)(3.0) == 7.0
    assert inner.recordings == 0


def test_nobody_is_traced_in_the_end() -> None:
    before = sys.gettrace(), sys.getprofile()
    with pytest.raises(RecordingError):
        jit(by_type)(1.0)
    assert (sys.gettrace(), sys.getprofile()) == before


# -- how far rounding reaches ----------------------------------------------------------------------


def formula(name: str, *numbers: float) -> Program:
    inputs = [Op("input", (), i) for i in range(len(numbers))]
    places = tuple(range(len(numbers)))
    return Program((*inputs, Op(name, places)), ("",) * len(numbers), (len(numbers),))


def test_how_far_rounding_reaches() -> None:
    """An addition is off by a unit of its result; exp by some, in lanes; a maximum not at all."""
    assert reach(formula("add", 1.0, 1.0), [1.0, 1.0], as_floats).of_results == [2.0**-51]
    assert reach(formula("exp", 0.0), [0.0], in_lanes).of_results == [8 * 2.0**-52]
    assert reach(formula("max", 1.0, 2.0), [1.0, 2.0], as_floats).of_results == [0.0]
    assert reach(formula("add", 1.0, 1.0), [1.0, 1.0], in_lanes).of_results == [0.0]


def test_errors_pass_through_operations() -> None:
    """(a + b) * 4: four times that of the sum; 1 / (a + b - c) at c = a + b: without a bound."""
    a, b, c, four = (Op("input", (), i) for i in range(4))
    total = Program((a, b, c, four, Op("add", (0, 1)), Op("mul", (4, 3))), ("",) * 4, (5,))
    units = lambda name, arity: 1.0 if name == "add" else 0.0  # noqa: E731
    assert reach(total, [1.0, 1.0, 2.0, 4.0], units).of_results == [4 * 2.0**-51]
    code = (a, b, c, four, Op("add", (0, 1)), Op("sub", (4, 2)), Op("div", (3, 5)))
    pole = Program(code, ("",) * 4, (6,))
    assert reach(pole, [1.0, 1.0, 2.0, 4.0], units).of_results == [float("inf")]
