"""A recording that is all that is on takes new nodes without asking which modes hold. That ends
with any other block or recording, and holds in its own thread alone.
"""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from autograd import Value, exp, no_grad, record_lines
from autograd.compiler.recording.tracing import Trace
from autograd.engine.alone import ALONE


def in_thread(work: Any) -> Any:
    found: list[Any] = []
    context = copy_context()  # in which the recording's block holds too
    thread = Thread(target=lambda: found.append(context.run(work)))
    thread.start()
    thread.join()
    return found[0]


def test_it_is_on_where_nothing_else_is() -> None:
    """From the first node on, and again after a block of another mode; not in another thread."""
    x = Value(2.0)
    trace = Trace([x])

    def f() -> Value:
        y = x * x
        assert ALONE.nodes() is trace.tape.nodes
        assert in_thread(ALONE.nodes) is None
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
