"""A recording that is all that is on takes new nodes without asking which modes hold. That ends
with any other block or recording, and holds in its own thread alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from autograd import Value, exp, grad, jit, no_grad, record_lines
from autograd.compiler.recording.tracing import RecordingError, Trace
from autograd.engine.alone import ALONE


def in_thread(work: Any) -> Any:
    found: list[Any] = []
    context = copy_context()  # in which the recording's block holds too
    thread = Thread(target=lambda: found.append(context.run(work)))
    thread.start()
    thread.join()
    return found[0]


def test_it_is_on_where_nothing_else_is() -> None:
    """From the first node on, and again after a block of another mode; not in another thread, or a
    context that knows nothing of it."""
    x = Value(2.0)
    trace = Trace([x])

    def f() -> Value:
        y = x * x
        assert ALONE.nodes() is trace.tape.nodes
        assert in_thread(ALONE.nodes) is None
        assert Context().run(ALONE.nodes) is None
        assert copy_context().run(ALONE.nodes) is trace.tape.nodes
        with no_grad():
            assert ALONE.nodes() is None
            hidden = exp(x)
        with record_lines():
            assert ALONE.nodes() is None
        z = y + hidden
        assert ALONE.nodes() is trace.tape.nodes
        return z * 2.0

    out = trace.run(f)
    assert ALONE.nodes() is None
    places = [trace.tape.owns(node) for node in (x, *out.parents, out)]
    assert all(places)
    assert [node._place for node in trace.tape.nodes] == [*range(len(trace.tape.nodes))]


def test_it_ends_with_the_recording() -> None:
    """However that ends; another recording within it has nodes of its own."""
    x, y = Value(2.0), Value(3.0)
    outer, inner = Trace([x]), Trace([y])

    def f() -> Value:
        out = x * 2.0
        inner.run(lambda: y * y * y)
        assert ALONE.nodes() is not inner.tape.nodes
        out = out + 1.0
        assert ALONE.nodes() is outer.tape.nodes
        raise LookupError(out)

    with pytest.raises(LookupError):
        outer.run(f)
    assert ALONE.nodes() is None
    x * y
    assert (len(outer.tape.nodes), len(inner.tape.nodes)) == (3, 3)


def in_task(work: Callable[[], Any]) -> Any:
    """In a task of a context of its own."""

    async def call() -> Any:
        return work()

    async def begin() -> Any:
        return await asyncio.get_running_loop().create_task(call(), context=Context())

    return asyncio.run(begin())


@pytest.mark.parametrize("run", [lambda work: Context().run(work), in_task])
@pytest.mark.parametrize(
    "work",
    [
        lambda y: 1.0 if y > 10.0 else 2.0,
        lambda y: y * 3.0 if y > 10.0 else y,
        lambda y: float(int(y)),
        lambda y: y * 3.0,
        lambda y: y.data,
    ],
)
def test_numbers_of_a_recording_in_another_context(run: Any, work: Any) -> None:
    """What is decided there would stay as it was: a greenlet is such a context, too."""
    with pytest.raises(RecordingError, match=r"in another thread or task|reads \.data"):
        jit(lambda x: x * run(lambda: work(x * 2.0)))(2.0)


def test_a_context_that_leaves_the_recording_alone() -> None:
    """It may compute what the function has no part in; a copied context is the function's own."""
    own = Value(3.0)

    def f(x: Any) -> Any:
        Context().run(lambda: own * own > 1.0)
        return copy_context().run(lambda: x * 3.0 if x > 1.0 else -x)

    for g in (f, grad(f)):
        compiled = jit(g)
        assert [compiled(x) for x in (2.0, 0.5, 4.0)] == [g(x) for x in (2.0, 0.5, 4.0)]
