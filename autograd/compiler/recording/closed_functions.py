"""Functions whose way depends on nothing but their own names: what they do next follows from where
they are and what their local names stand for.

That holds where nothing outlives them or is shared: they write to no global name, closure or
attribute, and whatever they call is known to keep nothing either. All that their code loads is
looked at, that of the functions which they call too. A function that can't be shown to be closed is
not.
"""

from __future__ import annotations

import builtins
import dis
import math
from collections import ChainMap
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

from autograd.engine import functions
from autograd.engine.primitives import TABLE, Primitive
from autograd.engine.value import Value

__all__ = [
    "GENERATORS",
    "KNOWN",
    "PLAIN",
    "Closed",
    "Loaded",
    "NotClosed",
    "by_identity",
    "closed",
    "found_by",
    "is_one_of",
]

INSTRUCTIONS: Final = frozenset(
    {"BINARY_OP", "BINARY_SLICE", "BINARY_SUBSCR", "BUILD_CONST_KEY_MAP", "BUILD_LIST"}
    | {"BUILD_MAP", "BUILD_SLICE", "BUILD_STRING", "BUILD_TUPLE", "CALL"}
    | {"CALL_FUNCTION_EX", "CALL_KW", "COMPARE_OP", "CONTAINS_OP", "CONVERT_VALUE", "COPY"}
    | {"COPY_FREE_VARS", "DELETE_FAST", "DELETE_SUBSCR", "DICT_MERGE", "DICT_UPDATE"}
    | {"END_FOR", "EXTENDED_ARG", "FORMAT_SIMPLE", "FORMAT_VALUE", "FORMAT_WITH_SPEC"}
    | {"FOR_ITER", "GET_ITER", "IS_OP"}
    | {"JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_FORWARD", "JUMP_IF_FALSE_OR_POP"}
    | {"JUMP_IF_TRUE_OR_POP", "KW_NAMES", "LIST_APPEND", "LIST_EXTEND", "LIST_TO_TUPLE"}
    | {"LOAD_ASSERTION_ERROR", "LOAD_CLOSURE", "LOAD_COMMON_CONSTANT", "LOAD_CONST"}
    | {"LOAD_FAST", "LOAD_FAST_AND_CLEAR"}
    | {"LOAD_FAST_BORROW", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"}
    | {"LOAD_FAST_CHECK", "LOAD_FAST_LOAD_FAST", "LOAD_SMALL_INT", "MAKE_CELL"}
    | {"MAKE_FUNCTION", "MAP_ADD", "NOP", "NOT_TAKEN", "POP_ITER", "POP_TOP", "PRECALL"}
    | {"PUSH_NULL", "RAISE_VARARGS", "RERAISE", "RESUME", "RETURN_CONST", "RETURN_VALUE"}
    | {"SET_FUNCTION_ATTRIBUTE", "STORE_FAST", "STORE_FAST_LOAD_FAST"}
    | {"STORE_FAST_STORE_FAST", "STORE_SLICE", "STORE_SUBSCR", "SWAP", "TO_BOOL", "UNARY_INVERT"}
    | {"UNARY_NEGATIVE", "UNARY_NOT", "UNARY_POSITIVE", "UNPACK_EX", "UNPACK_SEQUENCE"}
)
"""Of which nothing is seen but by the names and on the stack of the function. (Jumps that depend on
something are told by how they begin.) All handlers of exceptions that a user writes begin with
PUSH_EXC_INFO, which is not among them; the others put back what a comprehension hid."""
INTRINSICS: Final = frozenset(["INTRINSIC_LIST_TO_TUPLE", "INTRINSIC_UNARY_POSITIVE"])
OF_GENERATORS: Final = frozenset(["CALL_INTRINSIC_1", "RETURN_GENERATOR", "YIELD_VALUE"])
GENERATOR: Final = 0x20  # of `co_flags`
ASYNCHRONOUS: Final = 0x80 | 0x100 | 0x200
GENERATORS: Final = GENERATOR | ASYNCHRONOUS
LISTS: Final = frozenset(["append", "copy", "extend", "insert", "pop", "reverse"])
"""Methods of lists, which are part of what names stand for."""
CALLABLE: Final = frozenset(
    {abs, all, any, bool, dict, divmod, enumerate, float, int, len, list, max, min, pow, range}
    | {reversed, round, sorted, sum, tuple, zip, map, filter}
)
PLAIN: Final = (type(None), bool, int, float, str)
ATTRIBUTES: Final = frozenset(["LOAD_ATTR", "LOAD_METHOD"])
LOADS: Final = frozenset(
    {"LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_FAST_LOAD_FAST"}
    | {"LOAD_FAST_BORROW_LOAD_FAST_BORROW", "STORE_FAST_LOAD_FAST"}
)
ASSIGNING: Final = frozenset(
    {"DELETE_FAST", "LOAD_FAST_AND_CLEAR", "STORE_DEREF", "STORE_FAST", "STORE_FAST_LOAD_FAST"}
    | {"DELETE_DEREF", "STORE_FAST_STORE_FAST", "STORE_FAST_MAYBE_NULL"}
)


class NotClosed(Exception):
    """It can't be shown to be closed."""


class Loaded:
    """All that the code of such functions loads from outside: kept, so that each is known by its
    identity."""

    def __init__(self) -> None:
        self._loaded: dict[int, Any] = {}
        self._looked_at: set[tuple[int, int]] = set()
        self._instructions: dict[int, tuple[CodeType, list[dis.Instruction]]] = {}

    def has(self, x: object) -> bool:
        """Whether this is one of the functions and classes that are loaded."""
        return id(x) in self._loaded

    def _look_at_function(self, f: FunctionType, owner: Any = None) -> None:
        """`owner` is the object of which it is a method: its first argument at every call."""
        if (id(f), id(owner)) in self._looked_at:
            return
        self._looked_at.add((id(f), id(owner)))
        self._loaded[id(f)] = f
        for x in [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]:
            self._admit(x)
        if f.__dict__ and any(name != "__wrapped__" for name in f.__dict__):
            raise NotClosed
        code, cells = f.__code__, f.__closure__ or ()
        shared = dict(zip(code.co_freevars, cells, strict=True))
        own = {} if owner is None or not code.co_argcount else {code.co_varnames[0]: owner}
        self._look_at_code(code, found_by(f), shared, frozenset(), own)

    def _look_at_code(
        self,
        code: CodeType,
        named: Mapping[str, Any],
        shared: Mapping[str, Any],
        around: frozenset[str],
        objects: Mapping[str, Any],
    ) -> None:
        """`shared` are the cells of the function's closure; `around` the names of functions that
        this one is written in, and which are looked at too; `objects` what some of its own names
        stand for, as long as it does not assign to them."""
        is_generator = bool(code.co_flags & GENERATOR)
        if code.co_flags & ASYNCHRONOUS:
            raise NotClosed
        own = frozenset(code.co_cellvars)
        instructions = self._instructions_of(code)
        if objects:
            objects = _unassigned(objects, instructions)
        receiver: Any = None
        before = name = ""
        for one in instructions:
            before, name = name, one.opname
            is_attribute = name in ATTRIBUTES
            if receiver is not None and (one.is_jump_target or not is_attribute):
                if self._is_only_named_in(receiver):
                    raise NotClosed  # which goes where nobody sees it, or is one of several
                receiver = None
            if name in ("LOAD_GLOBAL", "LOAD_DEREF"):
                receiver = objects.get(one.argval) if name == "LOAD_DEREF" else None
                if receiver is None:
                    receiver = self._load(str(one.argval), name, named, shared, own | around)
            elif is_attribute:
                receiver = self._load_attribute(receiver, str(one.argval))
            elif name in LOADS:
                receiver = objects.get(_last_name(one.argval)) if objects else None
            elif name == "STORE_DEREF":
                if one.argval not in own:
                    raise NotClosed
            elif name == "IS_OP" and before != "LOAD_COMMON_CONSTANT":
                raise NotClosed  # from 3.14 on Python asks whether `tuple` and `any` are its own
            elif name == "CALL_INTRINSIC_1" and not is_generator:
                if one.argrepr not in INTRINSICS:
                    raise NotClosed
            elif not (
                name in INSTRUCTIONS
                or name.startswith("POP_JUMP_")
                or (is_generator and name in OF_GENERATORS)
            ):
                raise NotClosed
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                below = {x: objects[x] for x in inner.co_freevars if x in objects}
                self._look_at_code(inner, named, shared, around | own, below)

    def _instructions_of(self, code: CodeType) -> list[dis.Instruction]:
        """Found once for methods of many objects."""
        if id(code) not in self._instructions:
            self._instructions[id(code)] = code, list(dis.get_instructions(code))
        return self._instructions[id(code)][1]

    def _load(
        self,
        name: str,
        kind: str,
        named: Mapping[str, Any],
        shared: Mapping[str, Any],
        local: frozenset[str],
    ) -> Any:
        """What a name from outside stands for; a module, of which an attribute has to follow."""
        if kind == "LOAD_DEREF":
            if name in local:
                return None
            if name not in shared:
                raise NotClosed
            try:
                found = shared[name].cell_contents
            except ValueError:
                raise NotClosed from None
        elif name in named:
            found = named[name]
        else:
            raise NotClosed
        if not self._is_only_named_in(found):
            self._admit(found)
        return found

    def _is_only_named_in(self, x: Any) -> bool:
        """Whether an attribute has to follow, which is then looked at. (A class of modules may
        compute attributes.)"""
        return type(x) is ModuleType

    def _load_attribute(self, receiver: Any, name: str) -> Any:
        if type(receiver) is ModuleType:
            if name not in vars(receiver):  # its `__getattr__` may give something else each time
                raise NotClosed
            found = vars(receiver)[name]
            if type(found) is ModuleType:
                return found
            self._admit(found)
        elif not self._is_known_method(name):
            raise NotClosed
        return None

    def _is_known_method(self, name: str) -> bool:
        """Whether what has a method of this name keeps nothing, or is part of what names stand
        for."""
        return name in LISTS or name in TABLE

    def _admit(self, x: Any) -> None:
        """Something that the code loads; NotClosed unless it keeps nothing."""
        if type(x) in PLAIN or type(x) is Value:
            return
        if type(x) is tuple:
            for part in x:
                self._admit(part)
        elif is_one_of(x, KNOWN) or (type(x) is Primitive and x.builtin and TABLE.get(x.name) is x):
            self._loaded[id(x)] = x
        elif type(x) is FunctionType:  # what only claims to be one may do more than its code
            self._look_at_function(x)
        else:
            raise NotClosed


class Closed(Loaded):
    """Such a function, and what it loads."""

    def __init__(self, f: FunctionType) -> None:
        super().__init__()
        self.code = f.__code__
        self._look_at_function(f)


def _unassigned(
    objects: Mapping[str, Any], instructions: Iterable[dis.Instruction]
) -> Mapping[str, Any]:
    """Those names to which the code does not assign."""
    assigned: set[str] = set()
    for one in instructions:
        if one.opname in ASSIGNING:
            assigned.update(one.argval if type(one.argval) is tuple else (one.argval,))
    return {name: x for name, x in objects.items() if name not in assigned}


def _last_name(argument: Any) -> str:
    """The name that is on top of the stack after one or two were loaded."""
    return str(argument[-1] if type(argument) is tuple else argument)


def by_identity(those: Iterable[Any]) -> dict[int, Any]:
    """For `is_one_of`."""
    return {id(x): x for x in those}


def is_one_of(x: Any, those: Mapping[int, Any]) -> bool:
    """By identity: what an object says when it is compared is its own affair."""
    return id(x) in those


KNOWN: Final = by_identity(
    [
        *CALLABLE,
        *[getattr(functions, name) for name in functions.__all__],
        *[x for x in vars(math).values() if type(x) is BuiltinFunctionType],
        *[x for x in vars(builtins).values() if type(x) is type and issubclass(x, Exception)],
    ]
)
"""What can be called, and keeps nothing: as of the import, for names in modules can be rebound."""


def found_by(f: FunctionType) -> Mapping[str, Any]:
    """What names stand for in its code: global ones, and the built-in ones."""
    return ChainMap(f.__globals__, getattr(f, "__builtins__"))  # noqa: B009 (of which mypy knows nothing)


def closed(f: Any) -> Closed | None:
    """The function, if it is closed and its code can be followed; None if that can't be shown."""
    if type(f) is not FunctionType or f.__code__.co_flags & GENERATORS:
        return None
    try:
        return Closed(f)
    except (NotClosed, RecursionError):  # of functions that are nested deep
        return None
