"""A digest of what a function is: its code, and what it reaches by its names, closure and defaults
(functions, classes, modules' functions, plain data). Another one where any of it was edited."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import partial
from hashlib import sha256
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from autograd.compiler.recording.reachable_objects import cells_of, names_in
from autograd.engine.loaded_modules import is_library
from autograd.engine.value import Value
from autograd.transforms.tree import is_array

__all__ = ["source_digest"]

MOST: Final = 5000  # objects that are looked at
PLAIN: Final = (bool, int, float, complex, str, bytes, type(None))
ANNOTATING: Final = ("__annotate__", "__annotate_func__")
"""What tells a class's annotations, from Python 3.14 on. It computes nothing else, and it holds the
class's namespace, with the docstring of a dataclass: the repr of a set is another in each process.
"""


def source_digest(f: Any) -> bytes:
    """The same in every process that has the same source. Functions of libraries are taken by their
    names."""
    digest = sha256()
    todo: deque[Any] = deque([f])
    seen: set[int] = set()
    kept = []  # alive, so that no other object has the same id
    while todo and len(seen) < MOST:
        x = todo.popleft()
        digest.update(_said(x))
        if id(x) not in seen and not isinstance(x, PLAIN):
            seen.add(id(x))
            kept.append(x)
            todo.extend(_reached(x))
    return digest.digest()


def _said(x: Any) -> bytes:
    """What is said of an object itself."""
    if isinstance(x, PLAIN):
        return f"{type(x).__name__} {x!r};".encode()
    if isinstance(x, CodeType):
        return _code(x)
    if is_array(x):
        contents = b"" if x.dtype == object else x.tobytes()
        return f"{x.dtype.str} {x.shape};".encode() + contents
    named = x if isinstance(x, (type, FunctionType)) else type(x)
    said = f"{named.__module__}.{named.__qualname__}"
    return f"{said}.{x.name};".encode() if isinstance(x, Enum) else f"{said};".encode()


def _code(code: CodeType) -> bytes:
    constants = [
        sorted(map(repr, x)) if isinstance(x, frozenset) else repr(x)
        for x in code.co_consts
        if not isinstance(x, CodeType)
    ]
    names = (code.co_names, code.co_varnames, code.co_freevars)
    return code.co_code + repr((constants, names)).encode()


def _reached(x: Any) -> list[Any]:
    """What belongs to an object, in an order that is the same everywhere."""
    if isinstance(x, CodeType):
        return [c for c in x.co_consts if isinstance(c, CodeType)]
    if isinstance(x, FunctionType):
        return [] if is_library(x.__module__) else _of_function(x)
    if isinstance(x, type):
        return [] if is_library(x.__module__) else list(_of_class(x))
    if isinstance(x, MethodType):
        return [x.__func__, x.__self__]
    if isinstance(x, partial):
        return [x.func, *x.args, *_pairs(x.keywords)]
    if isinstance(x, dict):
        return _pairs(x)
    if isinstance(x, (list, tuple, deque)):
        return list(x)
    if isinstance(x, (set, frozenset)):
        return sorted(map(repr, (y for y in x if isinstance(y, PLAIN))))
    if isinstance(x, (property, staticmethod, classmethod)):
        parts = [getattr(x, name, None) for name in ("fget", "fset", "__func__")]
        return [part for part in parts if part is not None]
    if isinstance(x, (ModuleType, Value, Enum)) or is_array(x):
        return []
    held = getattr(x, "__dict__", None)
    if not isinstance(held, dict):
        return []
    if "__wrapped__" in held:
        return [held["__wrapped__"]]
    return [] if is_library(type(x).__module__) else [type(x), *_pairs(held)]


def _pairs(held: dict[Any, Any]) -> list[Any]:
    return [part for pair in held.items() for part in pair]


def _of_class(kind: type) -> Iterator[Any]:
    yield from kind.__bases__
    for name, x in vars(kind).items():
        if name in ANNOTATING:
            continue
        is_code = isinstance(x, (FunctionType, property, staticmethod, classmethod))
        if is_code or not name.startswith("__"):
            yield name
            yield x


def _of_function(f: FunctionType) -> list[Any]:
    names = list(dict.fromkeys(names_in(f.__code__)))
    held = [f.__globals__[name] for name in names if name in f.__globals__]
    for x in held:  # which grows on the way, by modules of modules
        if isinstance(x, ModuleType) and not is_library(x.__name__) and len(held) < MOST:
            held += [vars(x)[name] for name in names if vars(x).get(name, x) is not x]
    captured = [x for _, x in cells_of(f)]
    return [f.__code__, f.__defaults__, f.__kwdefaults__, *captured, vars(f), *held]
