"""Forks, pools within pools, interrupts: no call of a compiled function waits for ever."""

from __future__ import annotations

import _thread
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import jit, primitive, vmap
from autograd.compiler.native import machine

pytest.importorskip("llvmlite")
np = pytest.importorskip("numpy")
pytestmark = pytest.mark.usefixtures("forget")

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


def run(script: str, seconds: int = 60) -> str:
    """What a program of its own prints: a fork of this process would inherit pytest's threads."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env={"PYTHONPATH": str(Path(autograd.__file__).parents[1]), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    return done.stdout.strip() or done.stderr


FORKING = """
import os, signal, threading, time
import numpy as np
from autograd import grad, jit, vmap
from autograd.compiler.native import machine

def in_child(f):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        os._exit(0 if f() else 1)
    return os.waitpid(pid, 0)[1] == 0
"""


@forks
def test_a_child_has_threads_of_its_own() -> None:
    """Before and after the parent has used its own."""
    script = """
    f = vmap(lambda x: 2 * x, threads=2)
    rows = np.arange(5000.0)
    right = lambda: f(rows).tolist() == (2 * rows).tolist()
    print([in_child(right), right(), in_child(right), in_child(lambda: in_child(right)), right()])
    """
    assert run(FORKING + textwrap.dedent(script)) == str([True] * 5)


@forks
@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("recording", "jitted(2.0) == 6.0"),
        ("compiling", "jitted(2.0) == 6.0"),
        ("compiling", "mapped(np.ones(2)).tolist() == [3.0, 3.0]"),
        ("recording rows", "mapped(np.ones(2)).tolist() == [3.0, 3.0]"),
    ],
)
def test_a_child_finds_every_lock_free(what: str, call: str) -> None:
    """Forked while another thread is at its first call."""
    script = f"""
    there, go_on = threading.Event(), threading.Event()
    first = [True]  # call: that of the other thread

    def pause():
        if first:
            first.clear()
            there.set()
            go_on.wait(20)

    def f(x):
        if {what!r}.startswith("recording"):
            pause()
        return 3 * x

    compile_llvm = machine._compile_llvm
    def slow(*given):
        if {what!r} == "compiling":
            there.set()
            if threading.current_thread() is not threading.main_thread():
                time.sleep(0.2)
        return compile_llvm(*given)
    machine._compile_llvm = slow

    jitted, mapped = jit(f), vmap(f)
    if {what!r} == "compiling":
        jitted(1.0)
    work = lambda: {call}
    thread = threading.Thread(target=work)
    thread.start()
    there.wait(20)
    print(in_child(work))
    go_on.set()
    thread.join()
    print(work())
    """
    assert run(FORKING + textwrap.dedent(script)).split() == ["True", "True"]


@forks
def test_forks_at_any_moment() -> None:
    """While other threads record and compile, over and over."""
    script = """
    stop = False
    def busy():
        while not stop:
            k = time.perf_counter()
            f, g = jit(grad(lambda x: x * x * k)), vmap(lambda x: x * k, threads=2)
            for _ in range(3):
                f(1.0), g(np.ones(3000))
    threads = [threading.Thread(target=busy) for _ in range(2)]
    [t.start() for t in threads]
    def fresh():
        f, g = jit(grad(lambda x: x * x)), vmap(lambda x: 2 * x, threads=2)
        return [f(3.0), f(4.0), *g(np.ones(3000))[:2]] == [6.0, 8.0, 2.0, 2.0]
    out = [in_child(fresh) for _ in range(25)]
    stop = True
    [t.join() for t in threads]
    print(set(out))
    """
    assert run(FORKING + textwrap.dedent(script), 200) == "{True}"


@forks
def test_a_fork_while_a_compiled_function_dies() -> None:
    """In a thread that has the lock of the pools, which a fork takes after that of LLVM."""
    script = """
    import concurrent.futures.thread as pools, gc, os, threading
    held, forking = threading.Event(), threading.Event()
    os.register_at_fork(before=forking.set)  # after the compiler's own, before that of the pools

    from autograd import jit
    f = jit(lambda x: 2 * x)
    f(1.0), f(1.0)

    def collect():
        global f
        with pools._global_shutdown_lock:
            held.set()
            forking.wait(20)
            del f
            gc.collect()
    thread = threading.Thread(target=collect)
    thread.start()
    held.wait(20)
    pid = os.fork()
    if pid == 0:
        os._exit(int(jit(lambda x: 3 * x)(1.0)))
    thread.join()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    assert run(script) == "3"


def test_code_of_dead_functions_is_freed() -> None:
    """When the next function is compiled."""
    code = machine.compile_llvm("define double @f(double %x) { ret double %x }")
    engine = machine._ENGINES[code._key]
    del code
    assert not engine.closed
    machine.compile_llvm("define double @f(double %x) { ret double %x }")
    assert engine.closed


def test_batches_within_batches() -> None:
    """A primitive that maps with threads of its own, in more threads than the pool has."""
    inner = vmap(lambda x: x + 1, threads=4, reduce="sum")
    rows = np.arange(5000.0)
    total = float(rows.sum() + 5000)
    ask = primitive("asks_a_batch", lambda x: x + inner(rows), lambda out, x: 1.0)
    outer = vmap(lambda x: 1.0 * ask(x), threads=64)
    many = np.zeros(64 * 1024)
    many[::1024] = 1.0
    ask_some = primitive("asks_seldom", lambda x: inner(rows) if x else 0.0, lambda out, x: 1.0)
    assert outer(np.arange(3.0)).tolist() == [total, total + 1, total + 2]
    assert vmap(lambda x: 1.0 * ask_some(x), threads=64)(many).sum() == 64 * total


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Where SIGINT is ignored, as it is behind a shell's &, it interrupts all the same."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_waits_for_the_threads() -> None:
    """They write to arrays that would be freed, and lent out again."""
    inside: set[int] = set()
    interrupt = threading.Event()

    def forward(x: float) -> float:
        if x == 1.0:
            wait()
        return x

    def wait() -> None:
        try:
            inside.add(threading.get_ident())
            if interrupt.is_set():
                interrupt.clear()
                _thread.interrupt_main(signal.SIGINT)
            time.sleep(0.3)
        finally:
            inside.discard(threading.get_ident())

    ask = primitive("asks_slowly", forward, lambda out, x: 1.0)
    f = vmap(lambda x: ask(x) * 2, threads=2)
    rows = np.zeros(2048)
    assert f(rows).sum() == 0.0
    rows[::1024] = 1.0
    interrupt.set()
    with pytest.raises(KeyboardInterrupt):
        f(rows)
    assert not inside
    assert f(rows).sum() == 4.0


def test_machine_code_replaces_the_interpreter_in_the_background(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where LLVM fails there, the interpreter goes on."""

    without_loops = random.Random(1).choices(range(2), k=600)

    def long(x: Any) -> Any:
        for i, is_product in enumerate(without_loops):
            x = x * 1.0009 if is_product else x + i
        return x

    f = jit(long)
    wanted = f(1.0)
    kernel = machine._compile_llvm
    f(1.0)
    for _ in range(200):
        if f.stats().tiers == ("compiled",):
            break
        time.sleep(0.05)
    assert f.stats().tiers == ("compiled",)
    assert f(1.0) == wanted

    def fail(text: str, effort: int, loops: bool) -> Any:
        if (
            "%never" in text
            and "@kernel" in text
            and "inttoptr" not in text.split("@kernel")[1][:400]
        ):
            raise MemoryError
        return kernel(text, effort, loops)

    monkeypatch.setattr(machine, "_compile_llvm", fail)
    g = jit(long)
    assert [g(1.0) for _ in range(3)] == [wanted] * 3
    machine.COMPILERS.submit(int).result()  # after the failure
    assert g.stats().tiers == ("interpreted",)
    assert g(1.0) == wanted
