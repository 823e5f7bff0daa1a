"""Functions that do the same at every run with the same numbers, floats or Values, as their code
shows: one recording is then as good as several, and nothing that they do has to be watched.

Such a function may load more than a closed one (`closed_functions`): lists and dicts of numbers,
which it has left as they were. It may make no text, for an object's address is in its text.
"""

from __future__ import annotations

import dis
import functools
import itertools
import math
import operator
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any, Final

from autograd.compiler.recording.closed_functions import (
    GENERATORS,
    Closed,
    NotClosed,
    by_identity,
    is_one_of,
)
from autograd.engine.primitives import TABLE
from autograd.engine.value import Value
from autograd.transforms import derivatives
from autograd.transforms.derivatives import Derivative

__all__ = ["Repeatable", "are_finite", "repeatable"]

TEXTS: Final = frozenset(
    dis.opmap[name]
    for name in (
        *("BUILD_STRING", "CONVERT_VALUE"),
        *("FORMAT_SIMPLE", "FORMAT_VALUE", "FORMAT_WITH_SPEC"),
    )
    if name in dis.opmap
)
NUMBERS: Final = frozenset([type(None), bool, int, float])
METHODS: Final = frozenset(
    {"append", "clear", "copy", "count", "extend", "get", "index", "insert", "items", "keys", "pop"}
    | {"remove", "reverse", "setdefault", "sort", "update", "values"}
)
"""Of lists, tuples and dicts."""
CALLABLE: Final = by_identity(
    getattr(module, name)
    for module, names in (
        (
            itertools,
            ["accumulate", "chain", "combinations", "count", "cycle", "islice", "pairwise"],
        ),
        (itertools, ["permutations", "product", "repeat", "starmap", "takewhile", "zip_longest"]),
        (operator, ["add", "mul", "neg", "sub", "truediv"]),
        (functools, ["reduce"]),
    )
    for name in names
)
"""Beside those that a closed function may call."""


class Repeatable(Closed):
    """Such a function, and the data that its code loads."""

    def __init__(self, f: FunctionType) -> None:
        self._held: dict[int, tuple[Any, list[Any]]] = {}
        super().__init__(f)

    def is_unchanged(self) -> bool:
        """Whether the data are what they were: it has written to none of them."""
        return all(_is_same(_inside(x), inside) for x, inside in self._held.values())

    def _look_at_code(
        self,
        code: CodeType,
        named: Mapping[str, Any],
        shared: Mapping[str, Any],
        around: frozenset[str],
    ) -> None:
        if not TEXTS.isdisjoint(code.co_code[::2]) or not all(map(_is_plain, code.co_consts)):
            raise NotClosed
        super()._look_at_code(code, named, shared, around)

    def _look_at_function(self, f: FunctionType) -> None:
        names = (f.__globals__, getattr(f, "__builtins__"))  # noqa: B009 (as in `found_by`)
        if any(type(x) is not dict for x in names):  # it may compute what a name stands for
            raise NotClosed
        super()._look_at_function(f)

    def _is_known_method(self, name: str) -> bool:
        return name in METHODS or (name in TABLE and TABLE[name].builtin)

    def _admit(self, x: Any) -> None:
        kind = type(x)
        if kind in (list, dict):
            if id(x) not in self._held:
                inside = _inside(x)
                self._held[id(x)] = x, inside
                self._admit_all(inside)
        elif kind is tuple:
            self._admit_all(list(x))
        elif kind is str and "%" in x:
            raise NotClosed
        elif not is_one_of(x, CALLABLE):
            super()._admit(x)

    def _admit_all(self, found: list[Any]) -> None:
        """What is in a container, of which there may be much: numbers first."""
        if NUMBERS.issuperset(map(type, found)):
            return
        for x in found:
            self._admit(x)


def _inside(x: Any) -> list[Any]:
    return list(x) if type(x) is list else [*x, *x.values()]


def _is_same(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(map(operator.is_, now, before))


def _is_plain(constant: Any) -> bool:
    """Whether this is a constant of code that makes no text of an object."""
    if type(constant) is tuple:
        return all(map(_is_plain, constant))
    if type(constant) is str:
        return "%" not in constant
    return type(constant) in NUMBERS or type(constant) is CodeType


def repeatable(f: Any) -> Repeatable | None:
    """The function, or what it is a derivative of, if it is known to be such; else None."""
    while isinstance(f, Derivative) and type(f).__module__ == derivatives.__name__:
        f = f.__wrapped__
    if type(f) is not FunctionType or f.__code__.co_flags & GENERATORS:
        return None
    try:
        return Repeatable(f)
    except (NotClosed, RecursionError):  # of functions or lists that are nested deep
        return None


def are_finite(values: list[Value]) -> bool:
    """Whether all of them are; only then Python computes with floats as with Values, but for
    rounding: there is no division by 0, no power that is complex, no NaN."""
    return all(map(math.isfinite, [x._data for x in values]))
