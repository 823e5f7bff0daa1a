"""Blocks: what holds inside a `with` statement, and is over whatever ends it.

Ending it takes no code of ours, which an interrupt might cut short: a block has a lock of its own,
and holds as long as that is held. `with` acquires and releases it by one call into C each, which no
signal splits. If even the release is skipped (a debugger may do that), the lock goes with the last
reference to it, which is the `with` statement's own. (From Python 3.14 on, a signal can come
between a call into C that acquires and the body; so it is a call of Python there: see `locks`.)

A decorated generator or coroutine runs in steps, and between two of them others do: its caller,
other tasks. So a block is opened for each step anew.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from collections.abc import AsyncIterator, Callable
from functools import wraps
from typing import Any, TypeVar

__all__ = ["Block"]

F = TypeVar("F", bound=Callable[..., Any])


class _Opening:
    """`__enter__` of a block. `with` asks for it and calls what it gets, which is the lock's own:
    there is no Python code between holding the lock and being sure to release it."""

    def __get__(self, block: Block | None, owner: Any = None) -> Any:
        return self if block is None else block.entrance()

    def __call__(self, block: Block) -> Any:
        """For those who look it up in the class, as ExitStack does."""
        entrance = [block.entrance()]
        del block  # a traceback keeps what this frame holds
        return entrance.pop()()


class _Closing:
    """`__exit__` of a block: its lock's own."""

    def __get__(self, block: Block | None, owner: Any = None) -> Any:
        return self if block is None else block.exit()

    def __call__(self, block: Block, *error: Any) -> Any:
        return block.exit()(*error)


class Block:
    """Something holds inside it: `with block:`, or `@block` for a function of any kind, the body of
    which then runs inside one.

    enter: told of the lock just before it is acquired, and of what this block is to change.
    """

    __enter__ = _Opening()
    __exit__ = _Closing()

    def __init__(self, enter: Callable[[Any, Any], object], change: Any) -> None:
        self._enter = enter
        self._change = change
        self._lock = allocate_lock()
        self._is_used = False

    def entrance(self) -> Any:
        """What opens the block."""
        if self._is_used:
            raise RuntimeError(
                "a block is opened once, and this one has been; make another for each `with`, as "
                "in `with no_grad():`"
            )
        self._is_used = True
        self._enter(self._lock, self._change)
        return self.acquired if sys.version_info >= (3, 14) else self._lock.__enter__

    def acquired(self) -> bool:
        """Acquire the lock, which nobody else does, and release it if that is interrupted."""
        try:
            return self._lock.acquire()
        except BaseException:
            if self._lock.locked():
                self._lock.release()
            raise

    def exit(self) -> Any:
        """What closes the block."""
        return self._lock.__exit__

    def __call__(self, f: F) -> F:
        """The function of the same kind whose body runs inside blocks."""
        if not callable(f):
            raise TypeError(f"a block decorates a function or is opened by `with`, got {f!r:.80}")
        decorated: F = _decorated(lambda: Block(self._enter, self._change), f)
        return decorated


# -- decorated functions ---------------------------------------------------------------------------

Opener = Callable[[], Block]


def _decorated(block: Opener, f: Callable[..., Any]) -> Any:
    import inspect

    if inspect.isasyncgenfunction(f):
        return _async_generator(block, f)
    if inspect.iscoroutinefunction(f):
        return _coroutine(block, f)
    if inspect.isgeneratorfunction(f):
        return _generator(block, f)

    @wraps(f)
    def function(*args: Any, **keywords: Any) -> Any:
        with block():
            return f(*args, **keywords)

    return function


class _Steps:
    """An iterator such as a generator, each step of which is taken inside a block."""

    def __init__(self, block: Opener, body: Any) -> None:
        self._block = block
        self._body = body

    def __iter__(self) -> Any:
        return self

    __await__ = __iter__

    def __next__(self) -> Any:
        with self._block():
            return next(self._body)

    def send(self, x: Any) -> Any:
        with self._block():
            return self._body.send(x)

    def throw(self, *error: Any) -> Any:
        with self._block():
            return self._body.throw(*error)

    def close(self) -> None:
        with self._block():
            self._body.close()


def _generator(block: Opener, f: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(f)
    def generator(*args: Any, **keywords: Any) -> Any:
        return (yield from _Steps(block, f(*args, **keywords)))

    return generator


def _coroutine(block: Opener, f: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(f)
    async def coroutine(*args: Any, **keywords: Any) -> Any:
        return await _Steps(block, f(*args, **keywords).__await__())

    return coroutine


def _async_generator(block: Opener, f: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(f)
    async def generator(*args: Any, **keywords: Any) -> AsyncIterator[Any]:
        body = f(*args, **keywords)

        async def taken(step: Any) -> Any:
            return await _Steps(block, step.__await__())

        try:
            item = await taken(body.asend(None))
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    await taken(body.aclose())
                    raise
                except BaseException as error:  # noqa: BLE001 (the body decides)
                    item = await taken(body.athrow(error))
                else:
                    item = await taken(body.asend(sent))
        except StopAsyncIteration:
            return

    return generator
