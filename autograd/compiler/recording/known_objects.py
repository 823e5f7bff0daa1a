"""Objects of which it is known what an attribute is, and what operators do: instances of classes
that are written in plain Python, NumPy's arrays and numbers.

An attribute may be computed: by `__getattr__`, a descriptor, a metaclass, a dict of a kind of its
own. Each is looked for where Python looks, and what isn't known to compute nothing, or to be a
function whose code can be looked at, is not known.
"""

from __future__ import annotations

import builtins
import itertools
import os
from abc import ABCMeta
from collections import namedtuple
from functools import lru_cache, partial
from pathlib import Path
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
)
from typing import Any, Final

from autograd.compiler.recording.closed_functions import (
    KNOWN,
    PLAIN,
    NotClosed,
    found_by,
    is_one_of,
)
from autograd.compiler.recording.reachable_objects import names_in
from autograd.engine.loaded_modules import loaded
from autograd.engine.primitives import TABLE, Primitive
from autograd.engine.value import Value

__all__ = [
    "FIELDS",
    "LOOKED_UP",
    "attribute_of_class",
    "check_names",
    "compared_fields",
    "held_by",
    "is_array_of_numbers",
    "is_number_of_numpy",
    "is_object",
    "is_of_ours",
    "is_special",
    "names_of_others",
    "operators_of",
]

HEAP: Final = 1 << 9  # of `__flags__`: made by a class statement, or as by one
KINDS_OF_CLASSES: Final = (type, ABCMeta)
FIELDS: Final = (MemberDescriptorType, type(vars(namedtuple("Pair", ["a"]))["a"]))  # noqa: PYI024
"""Descriptors of `__slots__` and of named tuples, which give what was put there."""
NEVER_CALLED: Final = frozenset(
    f"__{name}__"
    for name in (
        *("abstractmethods", "aenter", "aexit", "annotate", "annotate_func", "annotations"),
        *("annotations_cache", "class_getitem", "conditional_annotations", "copy"),
        *("dataclass_fields", "dataclass_params", "deepcopy", "delattr", "dir", "doc", "enter"),
        *("exit", "firstlineno", "format", "getnewargs", "getnewargs_ex", "getstate", "init"),
        *("init_subclass", "match_args", "module", "new", "orig_bases", "parameters"),
        *("post_init", "reduce", "reduce_ex", "replace", "repr", "set_name", "setattr"),
        *("setstate", "sizeof", "slotnames", "slots", "static_attributes", "str", "subclasshook"),
        "type_params",
    )
)
"""By code that makes no objects and no texts, and sets no attributes."""
NEVER_KNOWN: Final = frozenset(
    {"__getattr__", "__getattribute__", "__get__", "__set__", "__delete__", "__del__", "__class__"}
)
LOOKED_UP: Final = frozenset(["keys", "ravel", "to_numpy", "tolist", "toarray"])
"""Asked for by Python and the engine, of what is handed to them."""
PROPERTIES: Final = ("dtype", "shape", "nnz", "parents", "label", "parameters", "_fields")
"""Asked for by the engine, and not called."""
UNCALLED: Final = frozenset([*PLAIN, *FIELDS, FunctionType, list, tuple, dict])
"""What nothing is called of, where such an attribute of a class is looked up."""
COMPARISONS: Final = frozenset(f"__{name}__" for name in ("eq", "ge", "gt", "hash", "le", "lt"))
TEXTS: Final = frozenset([str])
BUILT_IN: Final = {"NotImplemented": NotImplemented, "hash": hash}
OURS: Final = str(Path(__file__).parents[3] / "nn")
BUILTIN_NAMES: Final = frozenset(vars(builtins)) - {"__doc__", "__name__"}


def is_object(x: Any) -> bool:
    """Whether it is an instance of a class statement's class, or as such."""
    kind = type(x)
    return type(kind) in KINDS_OF_CLASSES and bool(kind.__flags__ & HEAP)


def is_array_of_numbers(x: Any) -> bool:
    """Whether it is an array of NumPy's own kind, of doubles, whole numbers or truth values."""
    return _is_numpys(type(x), "ndarray") and x.dtype.str in ("<f8", "<i8", "|b1")


def is_number_of_numpy(x: Any) -> bool:
    """Whether it is one of these."""
    return _is_numpys(type(x), "float64", "int64", "bool", "bool_")


def _is_numpys(kind: Any, *names: str) -> bool:
    """No class statement makes a class without the flag."""
    is_static = type(kind) is type and not kind.__flags__ & HEAP
    return is_static and kind.__module__ == "numpy" and kind.__name__ in names


# -- classes ---------------------------------------------------------------------------------------


def operators_of(kind: Any) -> dict[str, list[FunctionType]]:
    """What its instances do where no attribute is named: the functions by name, those of its bases
    too. NotClosed where something else is done."""
    found: dict[str, list[FunctionType]] = {}
    for base in kind.__mro__:
        if base is object or base is tuple:
            continue
        if not _is_looked_at(base):
            raise NotClosed
        check_names(base)
        for name, x in vars(base).items():
            if not is_special(name) or name in NEVER_CALLED:
                continue
            if type(x) is FunctionType and name not in NEVER_KNOWN:
                found.setdefault(name, []).append(x)
            elif not _is_nothing(name, x):
                raise NotClosed
        if not all(type(vars(base).get(name)) in UNCALLED for name in PROPERTIES):
            raise NotClosed
    return found


def check_names(base: Any) -> None:
    """NotClosed if a class has a name that is a text of a kind of its own, which may say that it is
    another one."""
    if not TEXTS.issuperset(map(type, vars(base))):
        raise NotClosed


def _is_looked_at(base: Any) -> bool:
    is_plain = type(base) in KINDS_OF_CLASSES and bool(base.__flags__ & HEAP)
    return is_plain and not issubclass(base, (Value, Primitive))


def is_special(name: str) -> bool:
    """Whether it is one of those with a meaning of Python's."""
    return name.startswith("__") and name.endswith("__")


def _is_nothing(name: str, x: Any) -> bool:
    """Whether what a class has by a special name does nothing."""
    if name in ("__dict__", "__weakref__"):
        return type(x) is GetSetDescriptorType
    if name == "__getattr__":
        return is_of_ours(x, "module.py", "Module.__getattr__")  # which raises
    return type(x) in PLAIN and name not in NEVER_KNOWN


def is_of_ours(x: Any, file: str, *names: str) -> bool:
    """Whether it is this function of `nn`, and neither it nor one that it calls is another that was
    put in its place."""
    if type(x) is not FunctionType or x.__code__.co_qualname not in names:
        return False
    return x.__code__.co_filename == _path_of(file) and _calls_ours(x, set())


def _calls_ours(f: FunctionType, seen: set[int]) -> bool:
    """Whether the functions that it finds by names of its module are the library's, all the way."""
    seen.add(id(f))
    if not f.__code__.co_filename.startswith(OURS + os.sep):
        return False
    for name in names_in(f.__code__):
        x = f.__globals__.get(name)
        is_known = id(x) in seen or is_one_of(x, KNOWN)
        if type(x) is FunctionType and not is_known and not _calls_ours(x, seen):
            return False
        if type(x) is Primitive and TABLE.get(x.name) is not x:
            return False
        if name in f.__globals__ and name in BUILTIN_NAMES:
            return False
    return True


@lru_cache(10)
def _path_of(file: str) -> str:
    return str(Path(OURS) / file)


def attribute_of_class(kind: Any, name: str) -> Any:
    """What a class, which was looked at, or one of its bases has by this name, as it is there; None
    if none has. NotClosed for special names."""
    if is_special(name):
        raise NotClosed
    for base in kind.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def held_by(x: Any) -> dict[str, Any]:
    """The attributes that an instance of such a class has itself."""
    held = getattr(x, "__dict__", None)
    if held is None:
        return {}
    if type(held) is not dict or not TEXTS.issuperset(map(type, held)):
        raise NotClosed
    return held


def compared_fields(kind: Any, name: str, f: FunctionType) -> list[str] | None:
    """The fields that a dataclass's own comparison or hash, as `dataclass` writes it, asks for;
    None for any other function."""
    dataclasses = loaded("dataclasses")
    if name not in COMPARISONS or dataclasses is None:
        return None
    owner = next((base for base in kind.__mro__ if vars(base).get(name) is f), None)
    if owner is None or "__dataclass_params__" not in vars(owner):
        return None
    fields = dataclasses.fields(owner)
    written = _written_by_dataclass(name, tuple((x.name, x.compare, x.hash) for x in fields))
    own, names = f.__code__, found_by(f)
    is_written = _parts(own) == written and not f.__closure__ and not f.__defaults__
    called = [(x, BUILT_IN[x]) for x in own.co_names if x in BUILT_IN]
    is_known = all(names.get(name) is x for name, x in called)
    return [x.name for x in fields] if is_written and is_known else None


@lru_cache(1000)
def _written_by_dataclass(
    name: str, fields: tuple[tuple[str, bool, bool | None], ...]
) -> tuple[Any, ...]:
    """Its function of this name for a class with these fields, compared and hashed or not."""
    dataclasses = loaded("dataclasses")
    like = dataclasses.make_dataclass(
        "Like",
        [(field, object, dataclasses.field(compare=c, hash=h)) for field, c, h in fields],
        namespace={"__doc__": ""},  # which would be made of its signature
        init=False,
        repr=False,
        order=name not in ("__eq__", "__hash__"),
        unsafe_hash=name == "__hash__",
    )
    return _parts(vars(like)[name].__code__)


def _parts(code: CodeType) -> tuple[Any, ...]:
    constants = [(type(x), x) for x in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, constants, code.co_flags


# -- names -----------------------------------------------------------------------------------------

INSTANCES: Final[list[Any]] = [
    *({}.keys(), {}.values(), {}.items(), iter([]), iter({}), iter(()), iter(range(0))),
    *([].append, list.append, "".__str__, abs, None, ..., NotImplemented, partial(abs)),
    *(is_object, (x for x in [0]), is_object.__code__),
]
KINDS: Final[list[Any]] = [
    *(Value, Primitive, type, MethodType),
    *[type(x) for x in INSTANCES],
    *[x for module in (builtins, itertools) for x in vars(module).values() if type(x) is type],
]
OF_NUMPY: Final = ("ndarray", "float64", "int64", "bool_", "dtype", "flatiter")


def names_of_others() -> frozenset[str]:
    """The attributes of all else that code may meet: by these names it may ask one of them."""
    return _names_of_others(loaded("numpy"), loaded("autograd.arrays.value_array"))


@lru_cache(4)
def _names_of_others(numpy: Any, arrays: Any) -> frozenset[str]:
    kinds = list(KINDS)
    kinds += [] if numpy is None else [getattr(numpy, name) for name in OF_NUMPY]
    kinds += [] if arrays is None else [arrays.ValueArray]
    return frozenset(name for kind in kinds for base in kind.__mro__ for name in vars(base))
