"""Attributes of modules that are other things inside a block, for the thread that opened it.

The attributes themselves stay as they are: other threads use the same module at the same time, and
an interrupt leaves nothing behind. While there is such a block anywhere, every look-up of a
module's attribute asks whether it stands for something else here; when there is none, look-ups are
Python's own again.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from functools import cached_property
from itertools import chain
from typing import Any

from autograd import Setting, Value

__all__ = ["StandIns"]

Attributes = Mapping[int, Mapping[str, tuple[Any, Any]]]
"""By id of a module and name: what the attribute is, and what it is to be while it is that."""


class StandIns:
    """What stands in for attributes of instances of `kind`, the base of all modules."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        nothing: tuple[Attributes, _Kept] = {}, _Kept([])
        self._setting = Setting("stand-ins", nothing, _combined, self._watch)
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)

    def block(
        self, root: Any, parameters: Iterable[Any], values: Sequence[Any]
    ) -> AbstractContextManager[Any]:
        """For the block, the values stand in for these parameters of a module and those below."""
        new = dict(zip(map(id, parameters), values, strict=True))
        found: dict[int, dict[str, tuple[Any, Any]]] = {}
        self._replaced(root, new, found, set())
        return self._setting.block((found, _Kept([tuple(values)])))

    def is_one(self, value: Value) -> bool:
        """Whether it stands in for a parameter here."""
        return self._setting.active != 0 and id(value) in self._setting.here()[1].places

    # -- looking up --------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Before a block holds: have look-ups ask."""
        with self._lock:
            if "__getattribute__" not in vars(self._kind):
                self._kind.__getattribute__ = self._asking()

    def _asking(self) -> Any:
        setting, kind = self._setting, self._kind

        def __getattribute__(module: Any, name: str) -> Any:
            held = super(kind, module).__getattribute__(name)
            attributes = setting.here()[0]
            if not attributes:
                if setting.active == 0:
                    self._stop_watching()
                return held
            own = attributes.get(id(module))
            if own is None:
                return held
            if name == "__dict__":
                return {key: _of(own.get(key), x) for key, x in held.items()}
            return _of(own.get(name), held)

        return __getattribute__

    def _stop_watching(self) -> None:
        with self._lock:
            if self._setting.active == 0 and "__getattribute__" in vars(self._kind):
                del self._kind.__getattribute__

    def _renew_lock(self) -> None:
        """A forked child has no other thread that could release it."""
        if not self._lock._is_owned():  # type: ignore[attr-defined]
            self._lock = threading.RLock()

    # -- replacing ---------------------------------------------------------------------------------

    def _replaced(
        self,
        held: Any,
        new: Mapping[int, Any],
        found: dict[int, dict[str, tuple[Any, Any]]],
        seen: set[int],
    ) -> Any:
        """`held` with other parameters: modules as they are, with what is found; containers
        copied."""
        if isinstance(held, Value):
            return new.get(id(held), held)
        if isinstance(held, self._kind):
            if id(held) not in seen:
                seen.add(id(held))
                own = object.__getattribute__(held, "__dict__")
                for name, inner in list(vars(held).items()):  # as it is in a block around this one
                    other = self._replaced(inner, new, found, seen)
                    if other is not inner:
                        found.setdefault(id(held), {})[name] = own[name], other
            return held
        if isinstance(held, dict):
            return _like(held, {k: self._replaced(x, new, found, seen) for k, x in held.items()})
        if isinstance(held, (list, tuple)):
            entries = self._entries(held, new, found, seen)
            if all(map(operator.is_, entries, held)):
                return held
            if isinstance(held, tuple):
                return getattr(type(held), "_make", type(held))(entries)
            if type(held) is list:
                return entries
            out = copy(held)  # of its own kind
            out[:] = entries
            return out
        if str(getattr(held, "dtype", "")) == "object":
            out = held.copy()
            out.flat[:] = [self._replaced(x, new, found, seen) for x in held.flat]
            return out
        return held

    def _entries(
        self,
        held: Sequence[Any],
        new: Mapping[int, Any],
        found: dict[int, dict[str, tuple[Any, Any]]],
        seen: set[int],
    ) -> list[Any]:
        if set(map(type, held)) == {Value}:  # at once: there may be thousands
            return list(map(new.get, map(id, held), held))
        return [self._replaced(x, new, found, seen) for x in held]


def _of(entry: tuple[Any, Any] | None, held: Any) -> Any:
    """The stand-in, unless the attribute has been assigned since."""
    return entry[1] if entry is not None and entry[0] is held else held


class _Kept:
    """What stands in, kept for as long as its places are to be its own."""

    def __init__(self, groups: Sequence[Sequence[Any]]) -> None:
        self.groups = groups

    @cached_property
    def places(self) -> frozenset[int]:
        """The ids of all."""
        return frozenset(map(id, chain.from_iterable(self.groups)))


def _combined(outer: Any, change: Any) -> tuple[Attributes, _Kept]:
    attributes = {**outer[0]}
    for module, own in change[0].items():
        attributes[module] = {**attributes.get(module, {}), **own}
    return attributes, _Kept([*outer[1].groups, *change[1].groups])


def _like(held: dict[Any, Any], entries: dict[Any, Any]) -> dict[Any, Any]:
    if all(entries[key] is held[key] for key in held):
        return held
    out = copy(held)
    out.update(entries)
    return out
