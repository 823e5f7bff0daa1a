"""What a function can reach: by the names in its code, its closure, its defaults, its object."""

from __future__ import annotations

import gc
import random
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final
from weakref import WeakKeyDictionary

from autograd.engine.loaded_modules import OURS, is_library
from autograd.engine.value import Value

__all__ = [
    "cells_of",
    "names_in",
    "reached",
    "slots_of",
    "thread_local_of",
    "values_of",
]

MOST: Final = 2000  # objects that are looked at
PLAIN: Final = (bool, int, float, complex, str, bytes, type(None), Value, CodeType)
PLAIN_TYPES: Final = frozenset(PLAIN)
NUMBERS_AND_TEXTS: Final = PLAIN_TYPES - {Value}
CALLED_BY_SIGN: Final = frozenset(["__call__", "__getattr__", "__getitem__", "__iter__", "__len__"])
ITERATING: Final = ("builtins", "functools", "itertools")
"""Modules of the classes of iterators and caches."""
_SLOTS: Final[WeakKeyDictionary[type, list[str]]] = WeakKeyDictionary()
"""Of classes that were looked at before: there may be thousands of objects of one."""
Named = tuple[str, Any]
"""An object, and the name or attribute by which it is reached; "" if it has none there."""


def reached(f: Any) -> Iterator[Named]:
    """The objects that a function can reach, but for numbers, texts and Values."""
    todo: list[Named] = [("", f)]
    seen: set[int] = set()
    for name, x in todo:  # which grows on the way
        if type(x) in PLAIN_TYPES or id(x) in seen or isinstance(x, PLAIN):
            continue
        if len(seen) > MOST:
            return
        seen.add(id(x))
        yield name, x
        if not isinstance(x, (random.Random, threading.local)):
            todo += _below(x)


def values_of(f: Any) -> list[Value]:
    """The Values among what a function can reach at once."""
    found: dict[int, Value] = {}
    for _, x in reached(f):
        held = x if isinstance(x, (list, tuple)) else [y for _, y in _below(x)]
        found.update((id(y), y) for y in held if isinstance(y, Value))
    return list(found.values())


def thread_local_of(f: Any) -> str | None:
    """The name in a function's code that is of a threading.local; None if there is none."""
    objects = list(reached(f))
    found = {name for name, x in objects if isinstance(x, threading.local)}
    return min(found & _used(objects), default=None) if found else None


def _used(objects: Iterable[Named]) -> set[str]:
    """The names in code: of functions that are there by themselves, or by a name in such code."""
    waiting = [(name, x) for name, x in objects if isinstance(x, FunctionType)]
    used = {""}
    while called := [(n, x) for n, x in waiting if n in used or n in CALLED_BY_SIGN]:
        waiting = [item for item in waiting if item not in called]
        for _, x in called:
            used |= {*names_in(x.__code__), *x.__code__.co_freevars}
    return used


def _below(x: Any) -> list[Named]:
    """What can be reached from an object at once."""
    if isinstance(x, (list, tuple)):
        return [] if x and isinstance(x[0], PLAIN) else _unnamed(x)
    if isinstance(x, dict):
        return _unnamed(x.values())
    if isinstance(x, (MethodType, BuiltinMethodType)):
        return _unnamed([x.__self__, getattr(x, "__func__", None)])
    if isinstance(x, partial):
        return _unnamed([x.func, *x.args, *x.keywords.values()])
    if isinstance(x, FunctionType):
        return _of_function(x)
    if isinstance(x, ModuleType):
        return []  # of which a function's names are looked up
    if isinstance(x, type):
        return [] if is_library(x.__module__) else list(vars(x).items())
    if type(x) in (set, frozenset) and NUMBERS_AND_TEXTS.issuperset(map(type, x)):
        return []  # at once: there may be thousands
    if isinstance(x, (set, frozenset, deque)) or type(x).__module__ in ITERATING:
        return _unnamed(gc.get_referents(x))  # of an iterator, a generator, a cache too
    held = getattr(x, "__dict__", None)
    slots = [(name, getattr(x, name)) for name in slots_of(type(x)) if hasattr(x, name)]
    found = [*(held.items() if isinstance(held, dict) else ()), *slots, ("", type(x))]
    if type(x).__module__.partition(".")[0] in OURS:  # what these keep by threads is in order
        found = [(name, y) for name, y in found if not isinstance(y, threading.local)]
    return found


def slots_of(kind: type) -> list[str]:
    """The attributes of objects of a class that have places of their own."""
    found = _SLOTS.get(kind)
    if found is None:
        found = _SLOTS[kind] = [
            name
            for base in kind.__mro__
            if "__slots__" in vars(base)
            for name, x in vars(base).items()
            if isinstance(x, MemberDescriptorType)
        ]
    return found


def _unnamed(xs: Iterable[Any]) -> list[Named]:
    return [("", x) for x in xs]


def _of_function(f: FunctionType) -> list[Named]:
    if is_library(f.__globals__.get("__name__")):
        return [("", f.__dict__), *cells_of(f)]
    names = set(names_in(f.__code__))
    held = [(name, f.__globals__[name]) for name in names if name in f.__globals__]
    for _, x in held:  # which grows on the way, by modules of modules
        if isinstance(x, ModuleType):
            inside = vars(x)
            held += [(name, inside[name]) for name in names if inside.get(name, x) is not x]
            if len(held) > MOST:
                break
    defaults = [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values(), f.__dict__]
    return [*held, *cells_of(f), *_unnamed(defaults)]


def cells_of(f: FunctionType) -> list[Named]:
    """What a function has captured, by name."""
    held = []
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            held.append((name, cell.cell_contents))
        except ValueError:  # nothing is in it yet
            continue
    return held


def names_in(code: CodeType) -> Iterator[str]:
    """The names in a function's code, and in that of functions inside of it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
