"""Whether a model is a pure function of its parameters and a row: if not, it can't be compiled.

It must not change its attributes. (That it draws no random numbers is seen when it is recorded.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from operator import is_
from typing import Any

from autograd import Value
from nn.module import Module, members

__all__ = ["KnownParameters", "settings_of"]


class KnownParameters:
    """Values that are parameters for sure, and the lists of nothing else that were met so far."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self._values = list(values)
        self._places = frozenset(map(id, self._values))
        self._lists: dict[int, tuple[Any, ...]] = {}

    def __contains__(self, x: object) -> bool:
        return id(x) in self._places

    def place_of(self, entries: list[Any]) -> int | None:
        """Equal for lists of the same ones of these; None for a list of others too."""
        met = self._lists.get(id(entries), ())
        if len(met) != len(entries) or not all(map(is_, met, entries)):
            if not self._places.issuperset(map(id, entries)):
                return None
            met = self._lists[id(entries)] = tuple(entries)
        return id(met)


def settings_of(holder: Any, known: KnownParameters) -> dict[str, Any]:
    """What a module's answers may depend on apart from the numbers of its parameters: which Values
    these are, and everything else in its attributes, in a form that can be compared."""
    return dict(_settings_below(holder, "", set(), known))


def _settings_below(
    holder: Any, prefix: str, seen: set[int], known: KnownParameters
) -> Iterator[tuple[str, Any]]:
    for name, held in _held_by(holder):
        if name in ("training", "meaning") and isinstance(holder, Module):
            continue  # which `fit` sees to
        if held in known or not isinstance(held, Value) or not held.op:
            yield prefix + name, _identity(held)
        if id(held) not in seen and not isinstance(held, _PLAIN):
            seen.add(id(held))
            if isinstance(held, list):
                place = known.place_of(held)
                if place is not None:
                    yield f"{prefix}{name}.*", place  # at once: there may be thousands
                    continue
            yield from _settings_below(held, f"{prefix}{name}.", seen, known)


def _held_by(holder: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(holder, Module):
        return vars(holder).items()  # lists as such: there may be thousands in one
    is_record = is_dataclass(holder) and hasattr(holder, "__dict__")
    return members(vars(holder) if is_record else holder)


_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def _identity(held: Any) -> Any:
    """Equal for what is the same; for what holds other things, these apart."""
    if isinstance(held, _PLAIN):
        return type(held), repr(held)  # NaN is alike, 0.0 and -0.0 are not
    if isinstance(held, (list, tuple, dict)):
        return type(held), len(held)
    if hasattr(held, "tobytes"):
        is_of_objects = str(getattr(held, "dtype", "")) == "object"
        return type(held), getattr(held, "shape", ()), None if is_of_objects else held.tobytes()
    return id(held)
