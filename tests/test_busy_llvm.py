"""While LLVM, which works for one thread at a time, is at work on a large program, nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from eagerly import eagerly

from autograd import exp, grad, jit, sin

pytest.importorskip("llvmlite")
machine = pytest.importorskip("autograd.compiler.native.machine")


@contextmanager
def llvm_at_work() -> Iterator[None]:
    """As if another thread were having something long compiled."""
    begun, finished = threading.Event(), threading.Event()

    def compile_something_long() -> None:
        with machine._LOCK:
            machine._AT_WORK.append(machine.LONG + 1)
            begun.set()
            finished.wait(60)
            machine._AT_WORK.clear()

    thread = threading.Thread(target=compile_something_long)
    thread.start()
    begun.wait(60)
    try:
        yield
    finally:
        finished.set()
        thread.join()
        done = machine.LLVM.submit(lambda: None)  # behind all that was asked for meanwhile
        assert done is not None
        done.result(60)


def decides(x: Any) -> Any:
    out = exp(-x) if x > 1.0 else x * 3.0
    return out + int(x) * sin(x)


def long(x: Any) -> Any:
    for i in range(300):
        x = x + sin(x) * (i % 7) - x / (i + 2.0)
    return x


@pytest.mark.parametrize("f", [decides, long, grad(decides), grad(long)])
def test_nobody_waits_for_llvm(f: Callable[[Any], Any]) -> None:
    """Calls run what was recorded, to the bit, and record nothing again; machine code follows."""
    compiled = jit(f)
    points = [0.5, 2.25, -0.5, 2.75, 0.25]
    expected = [eagerly(f, x) for x in points]
    with llvm_at_work():
        assert [compiled(x) for x in points] == expected
        paths = compiled.stats().paths
        for _ in range(3):
            assert [compiled(x) for x in points] == expected
        assert compiled.stats().paths == paths
        assert set(compiled.stats().tiers) == {"recorded"}
    assert "recorded" not in compiled.stats().tiers
    assert [compiled(x) for x in points] == expected
    assert compiled.stats().paths == paths


def test_arguments_of_every_nesting() -> None:
    f = jit(grad(lambda p, n: p["a"] * n + p["b"][0] ** 2, argnums=0))
    expected = {"a": 3.0, "b": [5.0]}
    with llvm_at_work():
        for _ in range(3):
            assert f({"a": 1.0, "b": [2.5]}, 3) == expected
    assert f({"a": 1.0, "b": [2.5]}, 3) == expected


def test_short_work_of_llvm_is_waited_for() -> None:
    """Which is over before Python is done."""
    f = jit(lambda x: x * 2.0)
    assert [f(1.0), f(2.0)] == [2.0, 4.0]
    assert f.stats().tiers == ("compiled",)
    assert not machine.is_busy()
