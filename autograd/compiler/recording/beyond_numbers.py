"""What arguments hold beside their numbers and the nesting of these: types, attributes, keys.

A function may look at it, so it is part of the key under which a recording is kept; or, where it
could change without a trace, an error.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import Enum
from functools import lru_cache, partial
from itertools import combinations
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    ModuleType,
)
from typing import Any, Final

from autograd.compiler.recording.layouts import layout_of
from autograd.compiler.recording.reachable_objects import cells_of, slots_of
from autograd.engine.operands import to_float
from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.derivatives import Derivative
from autograd.transforms.linearization import argument_places
from autograd.transforms.tree import is_array, opened

__all__ = [
    "beyond_numbers",
    "check_number_types",
    "containers_and_arrays",
    "data_places",
    "fixed",
    "has_read_only",
    "is_aliased",
    "is_bare",
    "is_bare_or_in_arrays",
    "is_elsewhere",
    "is_flag",
    "is_truth",
    "plain_number",
    "state_of",
    "types_of_data",
    "unhashable",
    "with_own_attributes",
]

NUMBERS: Final = frozenset([float, int])
SCALARS: Final = frozenset([float, int, Value, type(None)])
CONTAINERS: Final = (list, dict, set)
PLAIN: Final = (bool, int, float, complex, str, bytes, type(None))
NAMED: Final = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType, Enum, Value)


DATA: Final = (*PLAIN, list, tuple, dict, set, frozenset)
LIBRARIES: Final = frozenset(["builtins", "collections", "typing", "enum", "numpy", "abc"])

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
        return _of_leaf(tree, kind)
    inside = [None if type(x) is float else beyond_numbers(x) for x in children]
    found = (_own(tree, kind), *inside)
    return None if all(x is None for x in found) else found


def _of_leaf(x: Any, kind: type) -> Hashable:
    """How an array lies in memory, where it is not in the order of C, and that it is read-only; a
    truth value; TypeError for a number that would behave otherwise than the one that the function
    gets."""
    if is_array(x):
        return layout_of(x)
    if is_truth(x):  # of which `x is True` makes two
        return kind.__name__, bool(x)
    is_own = isinstance(x, (float, int)) and not isinstance(x, Enum)
    if is_own and kind.__module__ != "numpy" and _adds_to_its_base(kind):
        base = "float" if isinstance(x, float) else "int"
        raise TypeError(
            f"an argument of a compiled function is a {kind.__name__}, of which the function would "
            f"get the number alone; hand over {base}(x), or name it in static_argnames"
        )
    return None


def is_elsewhere(x: Any) -> bool:
    """Whether it is an array whose numbers are not in this process's memory."""
    try:
        on_device = getattr(x, "__cuda_array_interface__", None)
    except RuntimeError as error:  # PyTorch's, of what it differentiates there
        on_device = error
    return on_device is not None or hasattr(type(x), "__dask_graph__")


def is_bare(x: Any) -> bool:
    """Whether it is nothing but plain numbers, in lists, tuples and dicts."""
    return _is_made_of(x, _is_plain_number)


def is_bare_or_in_arrays(x: Any) -> bool:
    """The same, with NumPy's own arrays beside the numbers."""
    return _is_made_of(x, lambda leaf: _is_plain_number(leaf) or type(leaf).__name__ == "ndarray")


def _is_made_of(x: Any, is_leaf: Callable[[Any], bool]) -> bool:
    if type(x) in (list, tuple):
        if NUMBERS.issuperset(map(type, x)):
            return True  # at once: there may be thousands
        return all(_is_made_of(part, is_leaf) for part in x)
    if type(x) is dict:
        return all(_is_made_of(part, is_leaf) for part in x.values())
    return is_leaf(x)


def _is_plain_number(x: Any) -> bool:
    return type(x) in NUMBERS


def plain_number(x: Any, stays: bool) -> Any:
    """A number as the function gets it."""
    if type(x) is float:
        return x * 1.0
    return x if stays or is_truth(x) else to_float(x, "")


def unhashable(xs: Iterable[Any]) -> Any:
    for x in xs:
        try:
            hash(x)
        except TypeError:
            return x
    return tuple(xs)


def fixed(name: int | str, x: Any) -> Any:
    state = state_of(x)
    return (name, type(x), x, repr(x)) if state is None else (name, type(x), x, repr(x), state)


def is_flag(x: Any) -> bool:
    """Whether it is a truth value, which a function may tell from the number that it is worth: as
    an argument it is static."""
    return type(x) is bool


def is_truth(x: Any) -> bool:
    """The same, or NumPy's, known by its name: NumPy may not be loaded."""
    kind = type(x)
    return kind is bool or (kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_"))


def _own(tree: Any, kind: type) -> Hashable:
    """What a container holds itself."""
    if isinstance(tree, dict):
        keys = tuple([_frozen(key, "a key") for key in tree if type(key) is not str])
        factory = Same(tree.default_factory) if isinstance(tree, defaultdict) else None
        if kind is dict and not keys:
            return None
        return kind, factory, keys, _attributes(tree), _of_class(kind)
    if isinstance(tree, (list, tuple)):
        if _extras(tree) or (not hasattr(kind, "_make") and _adds_to_its_base(kind)):
            base = "list" if isinstance(tree, list) else "tuple"
            raise TypeError(
                f"an argument of a compiled function is a {kind.__name__}, of which the function "
                f"would get a plain {base}; hand over {base}(...), or name it in static_argnames"
            )
        return _of_class(kind)
    attributes, of_class = _attributes(tree), _of_class(kind)
    return attributes if of_class is None else (attributes, of_class)


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
    held = _attributes_of(tree)
    if not held:
        return {}
    kind: Any = type(tree)
    fields = _fields(kind)
    if fields.issuperset(held):
        return {}
    return {name: x for name, x in held.items() if name not in fields}


@lru_cache(1000)
def _fields(kind: Any) -> frozenset[str]:
    is_record = dataclasses.is_dataclass(kind)
    return frozenset([field.name for field in dataclasses.fields(kind)] if is_record else [])


def _of_class(kind: Any) -> Hashable:
    """The plain data among the attributes of a class of the user's."""
    names = _data_of(kind)
    return tuple([(name, _state(getattr(kind, name, None), set())) for name in names]) or None


@lru_cache(1000)
def _data_of(kind: Any) -> tuple[str, ...]:
    """Their names, but for those that every object has itself."""
    found = {
        name
        for base in kind.__mro__
        if base.__module__ not in LIBRARIES
        for name, x in vars(base).items()
        if not name.startswith("_") and (isinstance(x, DATA) or is_array(x))
    }
    return tuple(sorted(found - _fields(kind)))


def _frozen(x: Any, where: str) -> Hashable:
    """Equal for what is the same now."""
    if isinstance(x, NAMED):
        return _state(x, set())
    contents: Hashable
    if isinstance(x, PLAIN):
        contents = repr(x)  # 1, 1.0 and True are not the same, nor 0.0 and -0.0
    elif isinstance(x, (list, tuple)):
        contents = tuple([_frozen(item, where) for item in x])
    elif isinstance(x, dict):
        pairs = [(_frozen(key, where), _frozen(item, where)) for key, item in x.items()]
        contents = tuple(pairs)
    elif isinstance(x, (set, frozenset)):
        contents = frozenset([_frozen(item, where) for item in x])
    elif is_array(x) and x.dtype != object:
        contents = _of_array(x)
    else:
        raise TypeError(
            f"{where} is {describe(x)}: a compiled function would not see it change; make it a "
            "field, leave it out, or name the argument in static_argnames"
        )
    own = [(name, _frozen(item, where)) for name, item in _extras(x).items()]
    return (type(x), contents, *own)


def _of_array(x: Any) -> Hashable:
    return x.dtype.str, x.shape, x.strides, x.flags.writeable, x.tobytes()


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
        if isinstance(x, CONTAINERS):
            object.__setattr__(tree, name, _copied(x))
    return tree


def _copied(x: Any) -> Any:
    if isinstance(x, dict):
        copied = x.copy()
        for key, y in x.items():
            if isinstance(y, CONTAINERS):
                copied[key] = _copied(y)
        return copied
    return type(x)([_copied(item) if isinstance(item, CONTAINERS) else item for item in x])


def is_aliased(tree: Any) -> bool:
    """Whether a container or an array is there twice, or two arrays share memory."""
    seen: set[int] = set()
    arrays: list[Any] = []
    for x in containers_and_arrays(tree):
        if id(x) in seen and not isinstance(x, tuple):
            return True
        seen.add(id(x))
        arrays += [x] if is_array(x) else []
    return any(_share(a, b) for a, b in combinations(arrays, 2))


def has_read_only(tree: Any) -> bool:
    """Whether there is an array that can't be written to."""
    return any(is_array(x) and not x.flags.writeable for x in containers_and_arrays(tree))


def containers_and_arrays(tree: Any) -> Iterator[Any]:
    """The containers and arrays of a nesting."""
    todo = [tree]
    for x in todo:  # which grows on the way
        if type(x) in SCALARS:
            continue
        children, _, assemble = opened(x)
        todo += children
        if assemble is not None or is_array(x):
            yield x


def _share(a: Any, b: Any) -> bool:
    import numpy

    return bool(numpy.may_share_memory(a, b))


# -- types of numbers ------------------------------------------------------------------------------


def check_number_types(data: Iterable[Any]) -> None:
    """TypeError where a derivative gets, beside what it differentiates by, numbers whose arithmetic
    is not that of doubles: uncompiled it would compute with them as they are."""
    for x in data:
        _check_types(x)


def data_places(f: Any, count: int) -> list[int]:
    """Which of so many arguments by place a derivative does not differentiate by: its function gets
    them as they are."""
    if not isinstance(f, Derivative):
        return []
    chosen = argument_places(f.argnums, count, "jit")
    return [i for i in range(count) if i not in chosen]


def types_of_data(x: Any) -> Any:
    """The types of the numbers in what stays as it is; None if all are floats. Of a list the types
    that there are: its items are of a kind, and each mixture would be another nesting."""
    if type(x) is float:
        return None
    if is_array(x):
        return None if x.dtype == float else x.dtype.str
    children, _, assemble = opened(x)
    if assemble is None:
        return type(x)
    found = tuple([types_of_data(child) for child in children])
    if all(kind is None for kind in found):
        return None
    return frozenset(found) if isinstance(x, list) else found


def _check_types(x: Any) -> None:
    if is_flag(x):
        return
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
    """What is in the attributes of an object, and in what it consists of; None for plain data."""
    return None if type(x) in PLAIN else _state(x, set())


def _state(x: Any, seen: set[int]) -> Hashable:
    if type(x) in PLAIN:
        return type(x), repr(x)
    if id(x) in seen:
        return Same(x)
    seen.add(id(x))
    if isinstance(x, MethodType):
        return Same(x.__func__), _state(x.__self__, seen)
    if isinstance(x, FunctionType):
        return _of_function(x, seen)
    if isinstance(x, partial):
        return Same(x.func), _state([x.func, x.args, x.keywords], seen)
    if isinstance(x, type):
        return Same(x), _of_class(x)
    if isinstance(x, NAMED):
        return Same(x)
    if isinstance(x, (list, tuple, deque, bytearray, array)):
        if x and isinstance(x[0], Value):
            return tuple(map(id, x))
        return type(x), tuple([_state(item, seen) for item in x])
    if isinstance(x, dict):
        return type(x), tuple([(_state(k, seen), _state(item, seen)) for k, item in x.items()])
    if isinstance(x, (set, frozenset)):
        return type(x), frozenset([_state(item, seen) for item in x])
    if is_array(x):
        return _state(x.tolist(), seen) if x.dtype == object else _of_array(x)
    held = [(name, _state(item, seen)) for name, item in _attributes_of(x).items()]
    return type(x), _itself(x), tuple(held), _of_class(type(x))


def _itself(x: Any) -> Hashable:
    """An object, in the place of which an equal one does as well, if it can be told."""
    try:
        hash(x)
    except TypeError:
        return Same(x)
    found: Hashable = x
    return found


_slots: Final[Any] = lru_cache(1000)(slots_of)


def _attributes_of(x: Any) -> dict[str, Any]:
    held, kind = getattr(x, "__dict__", None), x.__class__
    slots = _slots(kind)
    if not held and not slots:
        return {}
    own = {name: getattr(x, name) for name in slots if hasattr(x, name)}
    return {**(held if isinstance(held, dict) else {}), **own}


def _of_function(f: FunctionType, seen: set[int]) -> Hashable:
    """What a function has with it: its defaults, closure and attributes."""
    held = [f.__defaults__, f.__kwdefaults__, f.__dict__, *[x for _, x in cells_of(f)]]
    return Same(f), tuple([_state(x, seen) for x in held])
