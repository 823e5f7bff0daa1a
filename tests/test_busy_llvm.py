"""While LLVM, which works for one thread at a time, is at work on a large program, nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from eagerly import eagerly

from autograd import exp, grad, jit, sin
from autograd.engine.locks import cached_property

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


def test_what_one_thread_computes_keeps_no_other_waiting() -> None:
    """A property of one object may wait for a lock whose owner asks for that of another object."""
    is_begun, may_end = threading.Event(), threading.Event()

    class Slow:
        waits = True

        @cached_property
        def size(self) -> int:
            if self.waits:
                is_begun.set()
                assert may_end.wait(10.0)
            return 3

    first, second = Slow(), Slow()
    second.waits = False
    found: list[int] = []
    threads = [threading.Thread(target=lambda x=x: found.append(x.size)) for x in (first, second)]
    threads[0].start()
    assert is_begun.wait(10.0)
    threads[1].start()
    threads[1].join(5.0)
    assert found == [3]
    may_end.set()
    threads[0].join(10.0)
    assert found == [3, 3]
    assert first.size == 3
