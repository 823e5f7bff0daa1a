"""Graphs of any shape are freed at once, without deep recursion, by reference counting alone."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alive import Tag

import autograd
from autograd import Value

pytestmark = pytest.mark.usefixtures("no_collector")

DEEP = 20_000
# Bytes: too few for any recursion that deep. From 3.13 on CPython itself frees chains of objects of
# Python's up to 10,000 deep by recursion, and only then puts aside. In the uncompiled form, nodes
# are such objects.
SMALL = 1 << 18
FOR_OBJECTS = 1 << 23 if sys.version_info >= (3, 13) else SMALL
FOR_NODES = SMALL if autograd.compiled else FOR_OBJECTS


def in_a_small_stack(test: Callable[..., None], size: int = FOR_NODES) -> Callable[..., None]:
    """The test, run by a thread that has a small stack."""

    @functools.wraps(test)
    def run(*args: Any, **keywords: Any) -> None:
        usual = threading.stack_size(size)
        try:
            with ThreadPoolExecutor(1) as pool:
                done = pool.submit(test, *args, **keywords)
        finally:
            threading.stack_size(usual)
        done.result()

    return run


def chain(length: int, label: Callable[[], str] = Tag) -> Value:
    x = Value(1.0, label())
    for _ in range(length):
        x = x * 1.0
        x.label = label()
    return x


@in_a_small_stack
def test_every_node_of_a_chain_is_freed() -> None:
    """It needs no more stack than freeing one node, and nothing put aside on the way is forgotten.
    (A million of them are freed in test_robustness.py.)"""
    x = chain(DEEP)
    assert Tag.alive == DEEP + 1
    del x
    assert Tag.alive == 0


@in_a_small_stack
def test_a_wide_graph() -> None:
    """A node with very many parents, and a balanced tree, leave nothing behind."""
    total = autograd.sum([Value(1.0, Tag()) for _ in range(DEEP)])
    del total
    assert Tag.alive == 0
    level = [Value(1.0, Tag()) for _ in range(2**14)]
    while len(level) > 1:
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    del level
    assert Tag.alive == 0


@in_a_small_stack
def test_a_chain_of_nodes_of_many_inputs() -> None:
    """Nodes that keep their parents in a tuple nest no deeper than the others."""
    x = Value(1.0, Tag())
    for _ in range(DEEP):
        x = autograd.mean([x, x, x])
        x.label = Tag()
    del x
    assert Tag.alive == 0


class Link:
    def __init__(self, value: Value, rest: Link | None) -> None:
        self.value = value
        self.rest = rest


@pytest.mark.parametrize(
    "wrap",
    [
        Link,
        lambda value, rest: [value, rest],
        lambda value, rest: (rest, value),
        lambda value, rest: {value: rest},
    ],
    ids=["object", "list", "tuple", "dict"],
)
@pytest.mark.parametrize("depth", [1000, DEEP])
@functools.partial(in_a_small_stack, size=FOR_OBJECTS)
def test_values_in_nested_containers(wrap: Callable[[Value, Any], Any], depth: int) -> None:
    """The protection of nested containers and that of graphs do not spoil each other."""
    nested = None
    for i in range(depth):
        nested = wrap(chain(200 if i % 1000 == 0 else 2), nested)
    del nested
    assert Tag.alive == 0


class Builder(Tag):
    """A label whose finalizer makes and frees graphs of its own."""

    def __del__(self) -> None:
        nested: Any = chain(200, str)
        for _ in range(100):
            nested = [nested, Value(1.0) * 2.0]
        super().__del__()


@in_a_small_stack
def test_finalizers_that_build_graphs() -> None:
    """Graphs that come and go while another one is being freed are freed as well."""
    x = Value(1.0, Builder())
    for i in range(20_000):
        x = x * 1.0
        x.label = Builder() if i % 50 == 0 else Tag()
    del x
    assert Tag.alive == 0


@in_a_small_stack
def test_an_exception_in_flight() -> None:
    """Freeing the graphs of a frame that an exception leaves keeps the exception as it was."""

    def fail() -> None:
        graphs = [chain(DEEP), chain(100, Builder)]
        raise LookupError(f"{len(graphs)} graphs")

    with pytest.raises(LookupError, match=r"^2 graphs$") as caught:
        fail()
    del caught
    assert Tag.alive == 0


def test_freed_by_another_thread() -> None:
    """A graph need not be freed by the thread that built it, nor needs that one a big stack."""
    graphs = [chain(DEEP) for _ in range(4)]
    usual = threading.stack_size(FOR_NODES)
    try:
        threads = [threading.Thread(target=graphs.pop) for _ in range(4)]
        for thread in threads:
            thread.start()
    finally:
        threading.stack_size(usual)
    for thread in threads:
        thread.join()
    assert Tag.alive == 0


def test_freed_by_many_threads_at_once() -> None:
    """Finalizers let other threads run in the middle of freeing; each keeps its own books."""

    def work() -> None:
        for _ in range(5):
            x = Value(1.0)
            for i in range(5000):
                x = x * 1.0
                if i % 100 == 0:
                    x.label = Builder()
            del x

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
