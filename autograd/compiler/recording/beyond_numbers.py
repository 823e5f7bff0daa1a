"""What arguments hold beside their numbers and the nesting of these: types, attributes, keys.

A function may look at it, so it is part of the key under which a recording is kept; or, where it
could change without a trace, an error.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Hashable, Sequence
from enum import Enum
from itertools import combinations
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.derivatives import Derivative
from autograd.transforms.linearization import argument_places
from autograd.transforms.tree import is_array, opened

__all__ = ["beyond_numbers", "check_number_types", "is_aliased", "state_of", "with_own_attributes"]

SCALARS: Final = frozenset([float, int, bool, Value, type(None)])
PLAIN: Final = (bool, int, float, complex, str, bytes, type(None))
NAMED: Final = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType, Enum, Value)


NOTHING: Final = frozenset(
    {"__annotations__", "__dict__", "__doc__", "__firstlineno__", "__module__", "__orig_bases__"}
    | {"__parameters__", "__slots__", "__static_attributes__", "__weakref__"}
)
"""What a class has that is defined without a line in it."""


class Same:
    """An object, equal to itself alone."""

    __slots__ = ("_object",)

    def __init__(self, x: Any) -> None:
        self._object = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)


def beyond_numbers(tree: Any) -> Hashable:
    """None for numbers in plain lists, tuples, arrays and dicts with texts for keys; for others
    what makes them differ. TypeError for what can't be kept track of."""
    kind = type(tree)
    if kind in SCALARS:
        return None
    children, _, assemble = opened(tree)
    if assemble is None:
        return None
    inside = [None if type(x) is float else beyond_numbers(x) for x in children]
    found = (_own(tree, kind), *inside)
    return None if all(x is None for x in found) else found


def _own(tree: Any, kind: type) -> Hashable:
    """What a container holds itself."""
    if isinstance(tree, dict):
        keys = tuple([_frozen(key, "a key") for key in tree if type(key) is not str])
        factory = Same(tree.default_factory) if isinstance(tree, defaultdict) else None
        if kind is dict and not keys:
            return None
        return kind, factory, keys, _attributes(tree)
    if isinstance(tree, (list, tuple)):
        if _extras(tree) or (not hasattr(kind, "_make") and _adds_to_its_base(kind)):
            base = "list" if isinstance(tree, list) else "tuple"
            raise TypeError(
                f"an argument of a compiled function is a {kind.__name__}, of which the function "
                f"would get a plain {base}; hand over {base}(...), or name it in static_argnames"
            )
        return None
    return _attributes(tree)


def _adds_to_its_base(kind: type) -> bool:
    """Whether a kind of list or tuple behaves otherwise than one."""
    return any(
        not NOTHING.issuperset(vars(base))
        for base in kind.__mro__
        if base.__module__ not in ("builtins", "typing")
    )


def _attributes(tree: Any) -> Hashable:
    """The attributes that are no fields."""
    extras = _extras(tree)
    if not extras:
        return None
    where = f"the attribute {{}} of a {type(tree).__name__}"
    return tuple([(name, _frozen(x, where.format(name))) for name, x in extras.items()])


def _extras(tree: Any) -> dict[str, Any]:
    held = getattr(tree, "__dict__", None)
    if not held:
        return {}
    is_record = dataclasses.is_dataclass(tree)
    fields = {field.name for field in dataclasses.fields(tree)} if is_record else set()
    return {name: x for name, x in held.items() if name not in fields}


def _frozen(x: Any, where: str) -> Hashable:
    """Equal for what is the same now."""
    if isinstance(x, PLAIN):
        return type(x), repr(x)  # 1, 1.0 and True are not the same, nor 0.0 and -0.0
    if isinstance(x, NAMED):
        return Same(x)
    if isinstance(x, (list, tuple)):
        return type(x), tuple([_frozen(item, where) for item in x])
    if isinstance(x, dict):
        pairs = [(_frozen(key, where), _frozen(item, where)) for key, item in x.items()]
        return type(x), tuple(pairs)
    if isinstance(x, (set, frozenset)):
        return type(x), frozenset([_frozen(item, where) for item in x])
    if is_array(x) and x.dtype != object:
        return type(x), x.dtype.str, x.shape, x.tobytes()
    raise TypeError(
        f"{where} is {describe(x)}: a compiled function would not see it change; make it a field, "
        "leave it out, or name the argument in static_argnames"
    )


def with_own_attributes(tree: Any) -> Any:
    """The nesting, with copies of the lists, dicts and sets among the attributes that are no
    fields: what a recording writes to a cache stays there."""
    if type(tree) in SCALARS:
        return tree
    children, _, assemble = opened(tree)
    if assemble is None:
        return tree
    for child in children:
        with_own_attributes(child)
    for name, x in _extras(tree).items():
        if isinstance(x, (list, dict, set)):
            object.__setattr__(tree, name, _copied(x))
    return tree


def _copied(x: Any) -> Any:
    if isinstance(x, dict):
        return type(x)(x) if type(x) is dict else x.copy()
    return type(x)([_copied(item) if isinstance(item, (list, dict, set)) else item for item in x])


def is_aliased(tree: Any) -> bool:
    """Whether a container or an array is there twice, or two arrays share memory."""
    seen: set[int] = set()
    arrays: list[Any] = []
    todo = [tree]
    for x in todo:  # which grows on the way
        if type(x) in SCALARS:
            continue
        children, _, assemble = opened(x)
        if assemble is None and not is_array(x):
            continue
        if id(x) in seen and not isinstance(x, tuple):
            return True
        seen.add(id(x))
        todo += children
        arrays += [x] if is_array(x) else []
    return any(_share(a, b) for a, b in combinations(arrays, 2))


def _share(a: Any, b: Any) -> bool:
    import numpy

    return bool(numpy.may_share_memory(a, b))


# -- types of numbers ------------------------------------------------------------------------------


def check_number_types(f: Any, args: Sequence[Any]) -> None:
    """TypeError where a derivative gets, beside what it differentiates by, numbers whose arithmetic
    is not that of doubles: uncompiled it would compute with them as they are."""
    if not isinstance(f, Derivative):
        return
    places = argument_places(f.argnums, len(args), "jit")
    for i, x in enumerate(args):
        if i not in places:
            _check_types(x)


def _check_types(x: Any) -> None:
    dtype = getattr(x, "dtype", None)
    if dtype is not None:
        if str(dtype) not in ("float64", "int64", "object"):
            raise TypeError(
                f"a compiled derivative gets numbers of {dtype} in an argument that it does not "
                "differentiate by, and would compute with them as doubles, without their rounding "
                "and overflow; hand over x.astype(float)"
            )
        return
    if type(x) in SCALARS:
        return
    children, _, assemble = opened(x)
    if assemble is not None:
        for child in children:
            if type(child) is not float:
                _check_types(child)


# -- static arguments ------------------------------------------------------------------------------


def state_of(x: Any) -> Hashable:
    """What is in the attributes of an object that is hashed by identity; None for others."""
    hashed: Any = type(x).__hash__
    if hashed is not object.__hash__ or isinstance(x, NAMED):
        return None
    return _state(x, set())


def _state(x: Any, seen: set[int]) -> Hashable:
    if isinstance(x, PLAIN):
        return type(x), repr(x)
    if isinstance(x, NAMED) or id(x) in seen:
        return Same(x)
    seen.add(id(x))
    if isinstance(x, (list, tuple)):
        if x and isinstance(x[0], Value):
            return tuple(map(id, x))
        return type(x), tuple([_state(item, seen) for item in x])
    if isinstance(x, dict):
        return type(x), tuple([(_state(k, seen), _state(item, seen)) for k, item in x.items()])
    if isinstance(x, (set, frozenset)):
        return type(x), frozenset([_state(item, seen) for item in x])
    if is_array(x):
        return Same(x) if x.dtype == object else (x.dtype.str, x.shape, x.tobytes())
    held = getattr(x, "__dict__", None)
    if not isinstance(held, dict):
        return Same(x)
    return Same(x), tuple([(name, _state(item, seen)) for name, item in held.items()])
