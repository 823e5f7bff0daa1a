"""Exceptions of compiled code: what the user's code raises comes out, once, from every tier."""

from __future__ import annotations

import math
import signal
import sys
import warnings
from typing import Any

import pytest

import autograd
from autograd import Value, grad, jit, primitive, vmap
from autograd.compiler.native import machine

pytest.importorskip("llvmlite")
np = pytest.importorskip("numpy")
pytestmark = pytest.mark.usefixtures("forget")


class Stop(Exception):
    """What a test raises."""


def counted(name: str, stops_at: int) -> Any:
    """A primitive, the identity, whose call of that number raises, and no other."""
    calls = 0

    def forward(x: float) -> float:
        nonlocal calls
        calls += 1
        if calls == stops_at:
            raise Stop(f"call {calls}")
        return x

    return primitive(name, forward, lambda out, x: 1.0)


@pytest.mark.parametrize("max_paths", [1, 2, 100])
def test_what_a_primitive_raises_once_is_raised(max_paths: int) -> None:
    """Though the function runs through when it is asked again; the next call is as ever."""
    ask = counted("stops", 6)
    f = jit(lambda x: 2 * ask(x), max_paths=max_paths)  # recorded by three calls of the primitive
    assert [f(1.0), f(2.0), f(3.0)] == [2.0, 4.0, 6.0]
    with pytest.raises(Stop, match="call 6"):
        f(4.0)
    assert f(5.0) == 10.0
    assert f.stats().paths == 1


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_primitive_raises_in_a_batch(reduce: str | None, threads: int) -> None:
    def forward(x: float) -> float:
        if x == 4000.0:
            raise Stop("row 4000")
        return x

    ask = primitive("asked_in_rows", forward, lambda out, x: 1.0)
    f = vmap(lambda x: 2 * ask(x), reduce=reduce, threads=threads)
    assert np.sum(f(np.ones(3))) == (2.0 if reduce == "mean" else 6.0)
    for _ in range(2):
        with pytest.raises(Stop, match="row 4000"):
            f(np.arange(5000.0))
    assert np.sum(f(np.ones(3))) == (2.0 if reduce == "mean" else 6.0)


def test_after_an_exception_nothing_more_is_asked() -> None:
    """As in Python: the first one ends the function."""
    asked: list[float] = []

    def forward(x: float) -> float:
        asked.append(x)
        if x < 0:
            raise Stop(f"at {x}")
        return x

    ask = primitive("asked_in_order", forward, lambda out, x: 1.0)
    f = jit(lambda x: ask(x) + ask(x - 1) + ask(x - 2))
    f(5.0), f(6.0)
    asked.clear()
    with pytest.raises(Stop, match=r"at -0.5"):
        f(0.5)
    assert asked == [0.5, -0.5, 0.5, -0.5]  # compiled, then by the function itself


def test_rows_on_another_path_are_not_asked() -> None:
    """A primitive with a domain, guarded by a comparison, in lanes as one by one."""
    root = primitive("asked_root", math.sqrt, lambda out, x: 0.5 / out)
    f = lambda x: root(x) if x > 0 else -x  # noqa: E731
    rows = np.array([4.0, -1.0, 9.0, -2.0, 0.0, 16.0, 25.0, -3.0, 1.0])
    wanted = [2.0, 1.0, 3.0, 2.0, 0.0, 4.0, 5.0, 3.0, 1.0]
    mapped = vmap(f)
    assert [mapped(rows).tolist() for _ in range(2)] == [wanted, wanted]
    total = vmap(f, reduce="sum")
    assert [total(rows) for _ in range(2)] == [21.0, 21.0]
    slopes = vmap(grad(f))
    assert slopes(rows).tolist() == [0.25, -1, 1 / 6, -1, -1, 0.125, 0.1, -1, 0.5]
    compiled = jit(f)
    assert [compiled(x) for x in rows] == wanted


@pytest.mark.parametrize("result", [None, "text", 1j])
def test_a_primitive_that_gives_no_number(result: Any) -> None:
    """Its TypeError is raised, and not printed."""
    given = iter([1.0, 1.0, result, result])
    ask = primitive("asked_for_a_number", lambda x: next(given, 1.0), lambda out, x: 1.0)
    f = jit(lambda x: 2 * ask(x))
    f(1.0)
    with pytest.raises(TypeError):
        f(1.0)


def test_many_inputs() -> None:
    rule = lambda out, *xs: [1.0] * len(xs)  # noqa: E731
    ask = primitive("asked_for_many", lambda *xs: sum(xs), rule, arity=None)
    f = jit(lambda xs: ask(*xs) * 2)
    assert [f([1.0] * 50), f([2.0] * 50), f([3.0] * 50)] == [100.0, 200.0, 300.0]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("how", ["jit", "grad", "bind", "vmap"])
def test_what_a_signal_handler_raises(how: str) -> None:
    """A time limit holds in compiled code too, whenever Python runs in it."""
    rings = False

    def forward(x: float) -> float:
        nonlocal rings
        if rings:
            rings = False
            signal.raise_signal(signal.SIGALRM)
        return x

    def stop(*_: Any) -> None:
        raise TimeoutError("time is up")

    ask = primitive("asked_in_time", forward, lambda out, x: 1.0, lowering=None)
    f = lambda x: ask(x) * x  # noqa: E731
    x = np.array([3.0])
    run = {
        "jit": lambda: jitted(3.0),
        "grad": lambda: slope(3.0),
        "bind": lambda: float(bound()[0]),
        "vmap": lambda: mapped(x).tolist()[0],
    }[how]
    jitted, slope, mapped = jit(f), jit(grad(f)), vmap(f)
    bound = jit(lambda x: [f(x[0])]).bind(x) if how == "bind" else None
    wanted = [run(), run()]
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(3):
            rings = True
            with pytest.raises(TimeoutError, match="time is up"):
                run()
            assert not rings
            assert [run(), run()] == wanted
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("mapped", [False, True])
def test_what_llvm_raises(monkeypatch: pytest.MonkeyPatch, mapped: bool) -> None:
    """Where there is no interpreter either it comes out as it is; else as a warning, here an error.
    When LLVM works again, so does the function."""
    f: Any = (vmap if mapped else jit)(lambda x: 3 * x)
    x = np.ones(1) if mapped else 1.0
    if not mapped:
        f(x)

    def fail(*_: Any) -> Any:
        raise RuntimeError("LLVM has no memory left")

    with monkeypatch.context() as patch:
        patch.setattr(machine, "_compile_llvm", fail)
        for _ in range(2):
            with pytest.raises((RuntimeError, RuntimeWarning), match="no memory left"):
                f(x)
    assert f(x) == 3.0


def test_one_path_is_enough_for_a_function_without_decisions() -> None:
    """max_paths=1 warns where a second path is met, and names the decision."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = jit(lambda x: 2 * x, max_paths=1)
        assert [f(1.0), f(2.0), f([1.0][0])] == [2.0, 4.0, 2.0]
    g = jit(lambda x: x if x > 0 else -x, max_paths=1)
    g(1.0)
    with pytest.warns(RuntimeWarning, match=r"taken 1 different paths.*test_jit_exceptions"):
        assert g(-1.0) == 1.0


@pytest.mark.parametrize("n", [491, 2_000])
@pytest.mark.parametrize("name", ["norm", "logsumexp", "sum", "prod", "max", "min"])
def test_functions_of_many_numbers(name: str, n: int) -> None:
    """However many: nothing in the compiler is as deep as a chain of operations."""
    function = getattr(autograd, name)
    xs = [1.0 + i % 7 / 100 for i in range(n)]
    f = jit(lambda xs: 2 * function(xs))
    wanted = 2 * function([Value(x) for x in xs]).data
    assert [f(xs), f(xs)] == pytest.approx([wanted, wanted], rel=1e-12)
