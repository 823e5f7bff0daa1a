"""Locks that a forked child finds free.

A child of `os.fork` has only the thread that forked. A lock that another thread held at that moment
stays locked in the child for ever: nobody is left to release it. So every lock of this project is
entered here, and made anew in the child; and so is what a thread may have left half-done.

From Python 3.14 on, a `with` looks for signals between `__enter__`, if that is C, and its body, and
an interrupt just then leaves the lock taken. On the return from a function in Python it looks for
none: so `__enter__` is one there, which gives back what it took if it is interrupted.
"""

from __future__ import annotations

import functools
import os
import sys
from _thread import RLock
from collections.abc import Callable
from typing import Any, Final, Self, TypeVar, overload
from weakref import ref

__all__ = [
    "ReentrantLock",
    "cached_property",
    "in_child",
    "in_turn",
    "new_lock",
    "renewed_in_child",
]

L = TypeVar("L")
T = TypeVar("T")

PATIENCE: Final = 0.5  # seconds

_LOCKS: Final[set[ref[Any]]] = set()
_ACTIONS: Final[list[Callable[[], object]]] = []


class EnteredInPython(RLock):  # type: ignore[misc] # the class is not final at run time
    """An RLock that `with` either holds for its body or has given back."""

    __slots__ = ()

    def __enter__(self: Any) -> Any:  # type: ignore[override] # takes no options of acquire
        before = self._recursion_count()
        try:
            return self.acquire()
        except BaseException:
            while self._recursion_count() > before:
                self.release()
            raise


ReentrantLock: Final[Callable[[], Any]] = EnteredInPython if sys.version_info >= (3, 14) else RLock


def new_lock() -> Any:
    """A lock that one thread holds at a time, any number of times, and that a forked child finds
    free unless the thread that forked holds it.

    >>> with new_lock() as taken:
    ...     taken
    True
    """
    return renewed_in_child(ReentrantLock())


def renewed_in_child(lock: L) -> L:
    """A threading.Lock or RLock, which a forked child will find free. An RLock stays with the
    thread that forks, if that holds it; of a Lock nobody knows who does."""
    _LOCKS.add(ref(lock, _LOCKS.discard))
    return lock


def in_turn(lock: Any, work: Callable[[], T]) -> T:
    """Work that runs code of others, and that threads had better do one after the other.

    Who holds a lock meanwhile must not be waited for without end: that code may itself wait for the
    thread that would wait, in an executor or for a lock of its own. So after a while the work is
    done all the same. A lock of `new_lock`.
    """
    if lock._is_owned():  # by a call around this one, which gives it back
        return work()
    try:
        try:
            lock.acquire(timeout=PATIENCE)
            return work()
        finally:
            _give_back(lock)
    finally:  # where an interrupt came just before the lock was given back
        _give_back(lock)


def _give_back(lock: Any) -> None:
    """Whose it is, the lock says: an interrupt that comes right after it was acquired leaves no
    time to note it."""
    if lock._is_owned():
        lock.release()


class cached_property(functools.cached_property[L]):
    """That of functools without the lock, one for all instances, that it has until Python 3.12:
    whoever held it might wait for a thread that waits for it."""

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> L: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        known, name = vars(instance), self.attrname or ""
        return known[name] if name in known else known.setdefault(name, self.func(instance))


def in_child(action: Callable[[], object]) -> None:
    """Have a forked child do this first, once its locks are free."""
    _ACTIONS.append(action)


def _renew() -> None:
    for entry in list(_LOCKS):
        lock = entry()
        if lock is not None and not (hasattr(lock, "_is_owned") and lock._is_owned()):
            lock._at_fork_reinit()
    for action in _ACTIONS:
        action()


if hasattr(os, "register_at_fork"):  # where there is no fork there is nothing to renew
    os.register_at_fork(after_in_child=_renew)
