"""Settings that hold inside a `with` block, and are undone whatever ends it.

A setting holds for the thread and the asyncio task that opened its block, as long as the lock of
that block is held (`block` says why it is always given back).

`Setting.active` is 0 when no block is open in any thread: those who ask often can ask cheaply. It
is set with every block and cleared by whoever finds that none is left; in between it is only slow.
"""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final, final
from weakref import ref

from autograd.engine.block import Block
from autograd.engine.locks import in_child

__all__ = ["Setting"]

OUTSIDE: Final[tuple[int, tuple[Any, ...]]] = (0, ())


@final
class Opened:
    """A block: what it changes, and what comes of that over the setting around it."""

    __slots__ = ("change", "outer", "setting", "thread")

    def __init__(self, change: Any, outer: Any, setting: Any, thread: int) -> None:
        self.change = change
        self.outer = outer
        self.setting = setting
        self.thread = thread


@final
class Setting:
    """A setting of your own that holds as no_grad does: inside `with` blocks, or in decorated
    functions, for the thread and the asyncio task that opened them, whatever ends them.

    `default` holds outside of all blocks, and `combine(setting, change)` in a block that makes this
    change to the setting around it. `entering` is called whenever a block is about to hold.
    `active` is 0 if no block is open in any thread.

    >>> from autograd import Setting
    >>> depth = Setting("depth", 0, lambda setting, change: setting + change)
    >>> with depth.block(1), depth.block(10):
    ...     depth.here()
    11
    >>> depth.here()
    0
    """

    __slots__ = ("_blocks", "_combine", "_default", "_entered", "_entering", "active")

    def __init__(
        self,
        name: str,
        default: Any,
        combine: Callable[[Any, Any], Any],
        entering: Callable[[], object] | None = None,
    ) -> None:
        self.active = 0
        self._entering = entering
        self._default = default
        self._combine = combine
        # The locks of the blocks that this context has entered, outermost first, and its thread: a
        # context can be carried into another one. Nothing but weak references, for they stay here
        # when the block has ended; what they lead to goes when its lock does.
        self._entered: ContextVar[tuple[int, tuple[Any, ...]]] = ContextVar(name, default=OUTSIDE)
        self._blocks: dict[Any, Opened] = {}
        in_child(self._forget_other_threads)

    def block(self, change: Any) -> Block:
        """A block to be opened by `with`, or around each call of the function that it decorates."""
        return Block(self.enter, change)

    def at_once(self, change: Any) -> AbstractContextManager[Any]:
        """A block for the `with` that asks for it, in whose place it is the lock itself: quicker,
        and compiled code too then opens and closes it without a line of Python."""
        lock = allocate_lock()
        self.enter(lock, change)
        return lock

    def here(self) -> Any:
        """The setting that holds for the running code."""
        if self.active == 0:
            return self._default
        if not self._blocks:
            self.active = 0  # not a call since the test: no thread has opened a block in between
            return self._default
        entered = self._entered.get()
        if entered[0] != get_ident():
            return self._default
        for entry in entered[1]:
            lock = entry()
            if lock is None or not lock.locked():
                return self._settled(entered[1])
        return self._blocks[entered[1][-1]].setting if entered[1] else self._default

    def is_single(self) -> bool:
        """Whether one block is open, in all threads together."""
        return len(self._blocks) == 1

    def entered(self) -> Any:
        """The blocks of the running context: one object, until it enters or leaves another. (What
        they stand in is none where this is compiled: a pair is made anew for each who asks.)"""
        return self._entered.get()[1]

    def everywhere(self) -> list[Any]:
        """The settings of all blocks that are open, in whichever thread."""
        return [opened.setting for opened in list(self._blocks.values())]

    def enter(self, lock: Any, change: Any) -> None:
        """Let the change hold, here and from the moment on when the lock is acquired."""
        outer = self.here()
        thread = get_ident()
        entered = self._entered.get()
        opened = Opened(change, outer, self._combine(outer, change), thread)
        self._blocks[entry := ref(lock, self._blocks.pop)] = opened  # at once: it goes as it came
        self.active = 1
        around = entered[1] if entered[0] == thread and outer is not self._default else ()
        self._entered.set((thread, (*around, entry)))
        if self._entering is not None:
            self._entering()

    def _settled(self, entries: tuple[Any, ...]) -> Any:
        """The setting without the blocks that have ended, in whichever order they did."""
        held = []
        setting = self._default
        for entry in entries:
            lock = entry()
            if lock is not None and lock.locked():
                held.append(entry)
                opened = self._blocks[entry]
                if opened.outer is not setting:
                    opened.setting = self._combine(setting, opened.change)
                    opened.outer = setting
                setting = opened.setting
        self._entered.set((get_ident(), tuple(held)))
        return setting

    def _forget_other_threads(self) -> None:
        """In a forked child, where they will never leave their blocks."""
        for entry, opened in list(self._blocks.items()):
            if opened.thread != get_ident():
                del self._blocks[entry]
