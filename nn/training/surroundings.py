"""What a model's code can reach: its attributes, and names of modules, closures, objects outside.

Machine code has all of it as it was when the model was recorded. A callback may change any of it,
for all rows or for those on a branch; so it is compared before and after.
"""

from __future__ import annotations

import dis
import operator
import random
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from enum import Enum
from functools import cached_property, lru_cache, partial
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, Final
from weakref import ref

from autograd import Value
from nn.module import Module

__all__ = ["Surroundings"]

MOST: Final = 20_000  # objects that are looked at
PLAIN: Final = (bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented))
LIBRARIES: Final = sys.stdlib_module_names | {"autograd", "nn", "numpy", "scipy"}
"""Whose code reads nothing that a user changes, but for what it is given."""
HOLDING: Final = frozenset(["argparse", "collections", "nn", "types"])
"""Those whose objects are looked into."""
HARMLESS: Final = frozenset(
    {"_abc", "_io", "_thread", "abc", "autograd", "logging", "numpy", "random", "re"}
    | {"threading", "typing"}
)
"""Those whose objects hold nothing that a model computes with: a draw is refused anyway."""
FIXED: Final = (
    *(ModuleType, CodeType, Enum, MemberDescriptorType, GetSetDescriptorType),
    *(WrapperDescriptorType, MethodDescriptorType, ClassMethodDescriptorType),
)
"""What is compared as itself, whatever is in it."""
WRAPPING: Final = (staticmethod, classmethod, property, cached_property, type(lru_cache(int)))
WRAPPED: Final = ("__func__", "fget", "func", "__wrapped__")
UNSEEN: Final = frozenset(
    {"__import__", "eval", "exec", "globals", "import_module", "open"}
    | {"getcwd", "getenv", "geterr", "geterrcall", "get_printoptions", "getrecursionlimit"}
    | {
        "getloadavg",
        "getrlimit",
        "getrusage",
        "getsignal",
        "getswitchinterval",
        "getdefaulttimeout",
    }
)
"""Names of what reads things that no walk along names finds."""
HIDING: Final = frozenset(["decimal", "_decimal", "_pydecimal", "locale", "_locale"])
"""Modules whose functions compute by settings of the thread or the process."""
BY_TEXT: Final = frozenset(
    ["__dict__", "getattr", "named_modules", "named_parameters", "parameters", "state_dict", "vars"]
)
"""Names of what reads attributes whose names may not be in the code."""
OWN: Final = frozenset(["__dict__", "__doc__", "__module__", "__weakref__"])
"""Attributes that change nothing."""

Named = tuple[str, Any]
"""An object, and what it is called where it is."""


class Itself:
    """An object, equal to itself alone; it is kept, for another one might get its place."""

    __slots__ = ("_object",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, x: Any) -> None:
        self._object = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self._object is other._object


class Each:
    """Objects, each equal to itself alone."""

    __slots__ = ("_objects",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, objects: Iterable[Any]) -> None:
        self._objects = tuple(objects)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Each) or len(self._objects) != len(other._objects):
            return False
        return all(map(operator.is_, self._objects, other._objects))


class Surroundings:
    """What can be reached from some objects, by their code, when this is made.

    A Value counts as what it is, for its number is read at every call; the result of an operation
    only where it is among those `read`. An attribute of a user's object counts where its name is in
    code that can be reached.
    """

    def __init__(self, roots: Iterable[Any], read: Iterable[Value] = ()) -> None:
        self._start = [("", x) for x in roots]
        self._values = {id(x) for x in read}
        self._used: frozenset[str] | None = None
        walk = self._look()
        if self.is_all and not walk.names & BY_TEXT:
            self._used = frozenset(walk.names)
            self._look()

    def _look(self) -> _Walk:
        walk = _Walk(self._start, self._values, self._used)
        self._found = walk.found
        self.is_all = walk.is_all and not walk.names & UNSEEN
        """Whether everything is known that there may be."""
        return walk

    def changed(self) -> str | None:
        """The name of something that was otherwise when this was made, or asked for the last time;
        None if nothing was."""
        before = self._found
        self._look()
        for (name, now), (_, then) in zip(self._found, before, strict=False):
            if now != then:
                return name or "its class"
        return None if len(self._found) == len(before) else "what it can reach"


class _Walk:
    """All that can be reached, each once, with what it is compared by."""

    def __init__(self, start: list[Named], values: set[int], used: frozenset[str] | None) -> None:
        self.found: list[Named] = []
        self.names: set[str] = set()
        """Those in the code."""
        self.is_all = True
        self._values = values
        self._used = used
        todo = list(start)
        seen: set[int] = set()
        for name, x in todo:  # which grows on the way
            if isinstance(x, PLAIN):
                self.found.append((name, (type(x), repr(x))))  # NaN is alike, 0.0 and -0.0 are not
            elif id(x) not in seen:
                seen.add(id(x))
                todo += [(inner or name, y) for inner, y in self._below(name, x)]
                if len(todo) > MOST:
                    self.is_all = False
                    break

    def _is(self, name: str, x: Any) -> None:
        """It is to be compared by this."""
        self.found.append((name, x))

    def _below(self, name: str, x: Any) -> Iterable[Named]:
        """Note an object, and give what is in it."""
        if isinstance(x, Value):
            if not x.op or id(x) in self._values:
                self._is(name, Itself(x))
            return ()
        if isinstance(x, dict):
            self._is(name, (type(x), len(x)))
            keys = [("", key) for key in x]
            return [*keys, *[(f"{name}[{key!r:.20}]", y) for key, y in x.items()]]
        if isinstance(x, (list, tuple, deque)):
            self._is(name, (type(x), len(x)))
            if all(isinstance(y, Value) and not y.op for y in x):
                self._is(name, Each(x))  # at once: there may be thousands
                return ()
            return [(f"{name}[{i}]", y) for i, y in enumerate(x)]
        if isinstance(x, (set, frozenset)):
            self._is(name, (type(x), sorted(map(repr, x))))
            self.is_all &= all(isinstance(y, PLAIN) for y in x)
            return ()
        if hasattr(x, "tobytes") and not isinstance(x, type):
            return self._in_array(name, x)
        return self._in_code(name, x)

    def _in_array(self, name: str, x: Any) -> Iterable[Named]:
        if str(getattr(x, "dtype", "")) == "object":
            self._is(name, x.shape)
            return [(f"{name}[{i}]", y) for i, y in enumerate(x.flat)]
        self._is(name, (str(getattr(x, "dtype", "")), getattr(x, "shape", ()), x.tobytes()))
        return ()

    def _in_code(self, name: str, x: Any) -> Iterable[Named]:
        module = x.__name__ if isinstance(x, ModuleType) else getattr(x, "__module__", None)
        if module in HIDING:
            self.is_all = False
        if isinstance(x, FunctionType):
            self._is(name, (Itself(x), Itself(x.__code__)))
            return () if _is_library(x.__globals__.get("__name__")) else self._of_function(x)
        if isinstance(x, type):
            self._is(name, Itself(x))
            inside = () if _is_library(x.__module__) else vars(x).items()
            return [*self._attributes(inside), *[("", base) for base in x.__bases__]]
        if isinstance(x, MethodType):
            return [("", x.__func__), ("", x.__self__)]
        if isinstance(x, BuiltinFunctionType):
            is_one = isinstance(x.__self__, (ModuleType, type)) or x.__self__ is None
            self._is(name, Itself(x) if is_one else x.__name__)
            return [] if is_one else [("", x.__self__)]
        if isinstance(x, partial):
            return [("", x.func), ("", x.args), ("", x.keywords)]
        if isinstance(x, WRAPPING):
            return [("", getattr(x, inner)) for inner in WRAPPED if hasattr(x, inner)]
        if isinstance(x, FIXED):
            self._is(name, Itself(x))
            return ()
        return self._in_object(name, x)

    def _of_function(self, f: FunctionType) -> Iterator[Named]:
        names = _names(f.__code__)
        self.names |= names
        held = [(name, _global(f, name)) for name in sorted(names)]
        looked_up: list[ModuleType] = []
        for _, module in held:  # which grows on the way, by modules of modules
            if isinstance(module, ModuleType) and module not in looked_up:
                looked_up.append(module)
                inside = vars(module)
                held += [(name, inside[name]) for name in sorted(names & inside.keys())]
        yield from [(name, x) for name, x in held if x is not None]
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # nothing is in it yet
                yield name, None
        yield "", f.__defaults__
        yield "", f.__kwdefaults__
        yield from f.__dict__.items()

    def _in_object(self, name: str, x: Any) -> Iterable[Named]:
        if isinstance(x, ContextVar):
            return [(name, x.get(None))]
        if isinstance(x, ref):
            return [(name, x())]
        self._is(name, Itself(x))
        if isinstance(x, (Module, threading.local)) or not _is_library(type(x).__module__):
            return self._in_instance(x)
        package = type(x).__module__.partition(".")[0]
        inner = getattr(x, "__wrapped__", None)
        if package in HOLDING:
            return self._in_instance(x)
        if inner is None and package not in HARMLESS and not isinstance(x, random.Random):
            self._in_library(name, x)
        return [] if inner is None else [("", inner)]

    def _in_library(self, name: str, x: Any) -> None:
        """Where it is equal to what has the same content, that does not change, and is shown."""
        hashed: Any = type(x).__hash__
        if hashed is None or hashed is object.__hash__:
            self.is_all = False
        else:
            self._is(name, repr(x))

    def _in_instance(self, x: Any) -> Iterable[Named]:
        held = getattr(x, "__dict__", None)
        slots = [
            (slot, getattr(x, slot, None))
            for kind in type(x).__mro__
            for slot in _listed(vars(kind).get("__slots__", ()))
            if slot not in OWN
        ]
        if not isinstance(held, dict) and not slots and not _is_empty(type(x)):
            self.is_all = False  # it is written in C
        attributes = [*(held.items() if isinstance(held, dict) else ()), *slots]
        if isinstance(x, Module):  # some have these themselves, others from their class
            seen_to = ("meaning", "training")
            attributes = [(n, y) for n, y in attributes if n not in seen_to]
            attributes.append(("training", x.training))
        kinds = [kind for kind in type(x).__mro__ if kind not in (object, Module)]
        by_name = not any(_is_library(kind.__module__) for kind in kinds)
        return [("", type(x)), *self._attributes(attributes, by_name)]

    def _attributes(self, held: Iterable[Named], by_name: bool = False) -> list[Named]:
        used = self._used if by_name else None
        return [(n, x) for n, x in held if n not in OWN and (used is None or n in used)]


def _is_library(module: Any) -> bool:
    return str(module).partition(".")[0] in LIBRARIES


def _is_empty(kind: type) -> bool:
    """Whether its objects have no content of their own."""
    # PyPy tells no sizes: there, whatever is written in C has content.
    return getattr(kind, "__basicsize__", None) == getattr(object, "__basicsize__", 0)


def _listed(slots: Any) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _global(f: FunctionType, name: str) -> Any:
    """What a name in a function's code stands for, as a global or in an import statement."""
    found = f.__globals__.get(name)
    return sys.modules.get(name) if found is None else found


@lru_cache(1000)
def _names(code: CodeType) -> frozenset[str]:
    """The names that code reads, and the texts, which may be names for `getattr`."""
    lines = dis.get_instructions(code)
    names = {str(x.argval) for x in lines if x.opcode in dis.hasname and _reads(x.opname)}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
        elif isinstance(constant, str):
            names.add(constant)
    return frozenset(names)


def _reads(opname: str) -> bool:
    return not opname.startswith(("STORE", "DELETE"))
