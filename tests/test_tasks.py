"""Modes in asyncio tasks, and functions of every kind that modes decorate."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import autograd
from autograd import Value, detect_anomaly, no_grad, record_lines
from autograd.engine.modes import MODES, modes_here

MODE_NAMES = ["no_grad", "detect_anomaly", "record_lines"]


def is_on(mode: str) -> bool:
    """Seen from what operations do, not from the switches."""
    if mode == "no_grad":
        return (Value(1.0) + 1).parents == ()
    if mode == "record_lines":
        return Value(1.0).line is not None
    try:
        Value(0.0).log()
    except FloatingPointError:
        return True
    return False


def opened(mode: str) -> Any:
    return getattr(autograd, mode)()


# -- tasks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_each_task_has_its_own_modes(mode: str) -> None:
    """Two tasks take turns, one inside the block: the other and the caller see nothing of it."""
    seen = []

    async def inside(ready: asyncio.Event, done: asyncio.Event) -> None:
        with opened(mode):
            seen.append(("inside", is_on(mode)))
            ready.set()
            await done.wait()
            seen.append(("inside, later", is_on(mode)))
        seen.append(("after", is_on(mode)))

    async def outside(ready: asyncio.Event, done: asyncio.Event) -> None:
        await ready.wait()
        seen.append(("outside", is_on(mode)))
        done.set()

    async def main() -> None:
        events = asyncio.Event(), asyncio.Event()
        await asyncio.gather(inside(*events), outside(*events))
        seen.append(("caller", is_on(mode)))

    asyncio.run(main())
    assert seen == [
        ("inside", True),
        ("outside", False),
        ("inside, later", True),
        ("after", False),
        ("caller", False),
    ]
    assert MODES.active == 0


def test_tasks_that_interleave_in_different_modes() -> None:
    """Blocks that end in another order than they began, each in its own task."""

    async def hold(mode: str, turns: int) -> list[bool]:
        found = []
        with opened(mode):
            for _ in range(turns):
                found.append([m for m in MODE_NAMES if is_on(m)] == [mode])
                await asyncio.sleep(0)
        return found

    async def main() -> list[list[bool]]:
        return await asyncio.gather(*(hold(m, 5 + 3 * i) for i, m in enumerate(MODE_NAMES)))

    assert asyncio.run(main()) == [[True] * 5, [True] * 8, [True] * 11]


def test_a_task_begun_inside_a_block_is_inside_until_the_block_ends() -> None:
    """It can outlive the block; then it records again, and nobody gets a silent zero."""
    seen = []

    async def child(over: asyncio.Event) -> None:
        seen.append(is_on("no_grad"))
        await over.wait()
        seen.append(is_on("no_grad"))

    async def main() -> None:
        over = asyncio.Event()
        with no_grad():
            task = asyncio.create_task(child(over))
            await asyncio.sleep(0)
        over.set()
        await task

    asyncio.run(main())
    assert seen == [True, False]


def test_a_cancelled_task_leaves_its_modes() -> None:
    """Cancelled or timed out inside a block, as servers do."""

    async def main() -> bool:
        async def wait() -> None:
            with no_grad():
                await asyncio.sleep(60)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 0.01)
        return is_on("no_grad")

    assert asyncio.run(main()) is False


def test_another_thread_begins_outside_even_with_the_context_of_this_one() -> None:
    """`asyncio.to_thread` carries context variables along; modes hold for their thread alone."""

    async def main() -> bool:
        with no_grad():
            return await asyncio.to_thread(is_on, "no_grad")

    assert asyncio.run(main()) is False


# -- decorated functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_a_decorated_generator(mode: str) -> None:
    """The mode holds while its body runs and not between, whoever goes on: next, send, throw."""
    seen = []

    @opened(mode)
    def body(first: int) -> Iterator[Any]:
        """Doc."""
        seen.append(is_on(mode))
        sent = yield first
        seen.append((sent, is_on(mode)))
        try:
            yield 2
        except KeyError:
            seen.append(("thrown", is_on(mode)))
            yield 3
        seen.append(is_on(mode))
        return 4

    assert inspect.isgeneratorfunction(body)
    assert body.__doc__ == "Doc."
    steps = body(1)
    assert seen == []
    assert (next(steps), is_on(mode)) == (1, False)
    assert (steps.send("sent"), is_on(mode)) == (2, False)
    assert (steps.throw(KeyError()), is_on(mode)) == (3, False)
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == 4
    assert seen == [True, ("sent", True), ("thrown", True), True]
    assert not is_on(mode)


def test_a_decorated_generator_that_is_closed() -> None:
    """Its `finally` belongs to the body; a caller's own block is none of its business."""
    seen = []

    @no_grad()
    def body() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            seen.append(is_on("no_grad"))

    for _ in body():
        break
    with no_grad():
        steps = body()
        next(steps)
        assert is_on("no_grad")
    steps.close()
    assert seen == [True, True]
    assert not is_on("no_grad")


def test_a_decorated_generator_begun_in_one_task_and_ended_in_another() -> None:
    """A block per step belongs to whoever takes the step."""

    @no_grad()
    def body() -> Iterator[bool]:
        while True:
            yield is_on("no_grad")

    steps = body()

    async def step() -> tuple[bool, bool]:
        return next(steps), is_on("no_grad")

    assert asyncio.run(step()) == asyncio.run(step()) == (True, False)


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_a_decorated_async_function(mode: str) -> None:
    """The mode holds in its body and in what it awaits itself, not in tasks that run meanwhile."""
    seen = []

    async def inner() -> bool:
        await asyncio.sleep(0)
        return is_on(mode)

    @opened(mode)
    async def body(other: asyncio.Event) -> str:
        seen.append(is_on(mode))
        other.set()
        await asyncio.sleep(0)
        seen.append(is_on(mode))
        seen.append(await inner())
        return "done"

    async def neighbour(event: asyncio.Event) -> bool:
        await event.wait()
        return is_on(mode)

    async def main() -> Any:
        event = asyncio.Event()
        return await asyncio.gather(body(event), neighbour(event))

    assert inspect.iscoroutinefunction(body)
    assert asyncio.run(main()) == ["done", False]
    assert seen == [True, True, True]
    assert not is_on(mode)


def test_a_decorated_async_function_is_cancelled() -> None:
    """The cancellation gets to the body, inside the mode."""
    seen = []

    @no_grad()
    async def body() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append(is_on("no_grad"))
            raise

    async def main() -> None:
        task = asyncio.create_task(body())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_on("no_grad")

    asyncio.run(main())
    assert seen == [True]


@pytest.mark.parametrize("mode", MODE_NAMES)
def test_a_decorated_async_generator(mode: str) -> None:
    """Iterated, sent to, thrown into and closed: inside while its body runs, not between."""
    seen = []

    @opened(mode)
    async def body() -> AsyncIterator[Any]:
        try:
            sent = yield is_on(mode)
            await asyncio.sleep(0)
            seen.append((sent, is_on(mode)))
            try:
                yield 2
            except KeyError:
                yield is_on(mode)
            yield 4
        finally:
            await asyncio.sleep(0)
            seen.append(is_on(mode))

    async def main() -> None:
        steps: Any = body()
        assert (await steps.asend(None), is_on(mode)) == (True, False)
        assert (await steps.asend("sent"), is_on(mode)) == (2, False)
        assert (await steps.athrow(KeyError()), is_on(mode)) == (True, False)
        assert (await anext(steps), is_on(mode)) == (4, False)
        await steps.aclose()
        assert not is_on(mode)
        assert [x async for x in body()] == [True, 2, 4]

    assert inspect.isasyncgenfunction(body)
    asyncio.run(main())
    assert seen == [("sent", True), True, (None, True), True]


def test_modes_of_a_method_and_of_stacked_decorators() -> None:
    """Two modes at once, on a method."""

    class Model:
        @no_grad()
        @record_lines()
        def __call__(self, x: Value) -> Value:
            return x * 2

    out = Model()(Value(3.0))
    assert (out.parents, out.line is None) == ((), False)
    with detect_anomaly():
        assert modes_here().detect_anomaly
    assert not modes_here().detect_anomaly
