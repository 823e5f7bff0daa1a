"""Functions that do the same at every run with the same numbers, floats or Values, as their code
shows: one recording is then as good as several, and nothing that they do has to be watched.

Such a function may load more than a closed one (`closed_functions`): lists and dicts of numbers,
which it has left as they were. It may make no text, for an object's address is in its text.
"""

from __future__ import annotations

import builtins
import dis
import functools
import itertools
import math
import operator
from collections.abc import Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from autograd.compiler.recording.closed_functions import (
    GENERATORS,
    KNOWN,
    PLAIN,
    Loaded,
    NotClosed,
    by_identity,
    is_one_of,
)
from autograd.compiler.recording.known_objects import (
    FIELDS,
    LOOKED_UP,
    attribute_of_class,
    check_names,
    compared_fields,
    held_by,
    is_array_of_numbers,
    is_number_of_numpy,
    is_object,
    is_of_ours,
    is_special,
    names_of_others,
    operators_of,
)
from autograd.engine.primitives import TABLE, Primitive
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
NUMBERS: Final = frozenset([type(None), bool, int, float, Value])
NUMBER: Final = operator.attrgetter("_data")
EXACT: Final = 2.0**53
OF_SIGNS: Final = frozenset(["atan2", "copysign"])
OF_ARRAYS: Final = frozenset(["T", "ndim", "shape", "size", "tolist"])
OF_CONTAINERS: Final = frozenset(
    {"__bool__", "__call__", "__contains__", "__getitem__", "__iter__", "__len__", "__next__"}
)
"""Operators by which an object does not compute with numbers."""
METHODS: Final = frozenset(
    {"append", "clear", "copy", "count", "extend", "get", "index", "insert", "items", "keys", "pop"}
    | {"remove", "reverse", "setdefault", "sort", "update", "values"}
)
"""Of lists, tuples and dicts."""
OF_NN: Final = {
    "losses.py": (
        *("binary_cross_entropy", "cross_entropy", "half_squared_error", "hinge_loss"),
        *("huber_loss", "mse_loss"),
    ),
    "sequential.py": ("Linear.bias",),
    "validation.py": ("as_entries", "as_list", "as_vector", "refuse_others"),
}
"""Functions of `nn` that look at what numbers are in, and write texts of errors alone."""
ASKED_BY_NN: Final = ("neurons", "bias")
"""By these functions, of modules."""
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
        (builtins, ["iter"]),
    )
    for name in names
)
"""Beside those that a closed function may call."""


class Repeatable(Loaded):
    """Such a function, and the data and objects that its code loads."""

    def __init__(self, f: Any) -> None:
        super().__init__()
        self._data: dict[int, tuple[Any, list[Any]]] = {}
        self._arrays: dict[int, tuple[Any, bytes]] = {}
        self._objects: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._operators: dict[int, dict[str, list[FunctionType]]] = {}
        self._of_one: set[int] = set()
        """Methods that have to be looked at for each object."""
        self._in_classes: dict[tuple[int, str], Any] = {}
        self._asked: list[str] = [*LOOKED_UP]
        self.asks_values = False
        """Whether it asks something for a method that Values have, and floats have not."""
        self.is_of_floats_alone = True
        """Whether all numbers that it meets are Python's own, and no object computes with them."""
        self._admit(f)
        self._look_at_attributes()

    def is_unchanged(self) -> bool:
        """Whether the data are what they were: it has written to none of them."""
        return all(_is_same(_inside(x), inside) for x, inside in self._data.values()) and all(
            x.tobytes() == numbers for x, numbers in self._arrays.values()
        )

    def takes_plain_data(self, nodes: list[Value], are_floats: bool) -> bool:
        """Whether, of a derivative, it takes plain numbers as it takes Values, having made these
        nodes, all of which are finite."""
        is_asked_alike = not self.asks_values and _meet_no_infinity(nodes)
        return is_asked_alike and (are_floats or _are_exact(nodes))

    # -- code --------------------------------------------------------------------------------------

    def _look_at_code(
        self,
        code: CodeType,
        named: Mapping[str, Any],
        shared: Mapping[str, Any],
        around: frozenset[str],
        objects: Mapping[str, Any],
    ) -> None:
        if not TEXTS.isdisjoint(code.co_code[::2]) or not all(map(_is_plain, code.co_consts)):
            raise NotClosed
        super()._look_at_code(code, named, shared, around, objects)

    def _look_at_function(self, f: FunctionType, owner: Any = None) -> None:
        if any(is_of_ours(f, file, *names) for file, names in OF_NN.items()):
            for name in ASKED_BY_NN:
                self._ask(name)
            return
        names = (f.__globals__, getattr(f, "__builtins__"))  # noqa: B009 (as in `found_by`)
        if any(type(x) is not dict for x in names):  # it may compute what a name stands for
            raise NotClosed
        super()._look_at_function(f, owner)

    def _is_only_named_in(self, x: Any) -> bool:
        """Classes too, which may be what constants are kept in."""
        is_known = is_one_of(x, KNOWN) or is_one_of(x, CALLABLE)
        return super()._is_only_named_in(x) or (type(x) is type and not is_known)

    def _load_attribute(self, receiver: Any, name: str) -> Any:
        if type(receiver) is ModuleType:
            return super()._load_attribute(receiver, name)
        if self._is_only_named_in(receiver):
            for base in receiver.__mro__:
                check_names(base)
            return self._attribute_of_class(receiver, name)
        if id(receiver) in self._objects:
            return self._attribute(receiver, name)
        if not (is_array_of_numbers(receiver) and name in OF_ARRAYS):
            self._ask(name)
        return None

    def _ask(self, name: str) -> None:
        """Something, of which it is not known which object it is, is asked for an attribute."""
        if is_special(name):
            raise NotClosed
        if name in TABLE and TABLE[name].builtin:
            self.asks_values = self.asks_values or name not in METHODS
        elif name not in METHODS and name in names_of_others():
            raise NotClosed
        if name not in self._asked:
            self._asked.append(name)

    def _look_at_method(self, f: FunctionType, owner: Any) -> None:
        """As it is for any object, if that can be, for there may be thousands of a class; else for
        this one, of which it is known what its attributes are."""
        if (id(f), id(None)) in self._looked_at:
            return
        if id(f) not in self._of_one:
            before = set(self._looked_at), dict(self._objects), dict(self._data)
            try:
                self._look_at_function(f)
                return
            except NotClosed:  # and nothing counts that was looked at half
                self._looked_at, self._objects, self._data = before
                self._of_one.add(id(f))
        self._look_at_function(f, owner)

    # -- objects -----------------------------------------------------------------------------------

    def _look_at_attributes(self) -> None:
        """Of each object all that something is asked for, both of which may grow on the way."""
        objects = names = 0
        while objects < len(self._objects) or names < len(self._asked):
            found, asked = list(self._objects.values()), list(self._asked)
            for i, (x, _) in enumerate(found):
                for name in asked[names if i < objects else 0 :]:
                    self._attribute(x, name)
            objects, names = len(found), len(asked)

    def _attribute(self, x: Any, name: str) -> Any:
        """What an attribute of one of the objects is; None if that is not known, but harmless."""
        held = self._objects[id(x)][1]
        of_class = self._found_in_class(type(x), name)
        kind = type(of_class)
        found: Any = None
        if of_class is None and name not in held:
            return None
        if kind in FIELDS:
            try:
                found = of_class.__get__(x)
            except AttributeError:
                raise NotClosed from None
        elif kind is property and type(of_class.fget) is FunctionType:
            self._look_at_method(of_class.fget, x)
        elif name in held:
            if kind is not FunctionType:
                self._admit(of_class)  # which may be one of those that come first
            found = held[name]
        elif kind is FunctionType:
            self._look_at_method(of_class, x)
        else:
            found = self._attribute_of_class(type(x), name)
        self._admit(found)
        return found

    def _found_in_class(self, kind: Any, name: str) -> Any:
        """As it is there: found once for many objects."""
        place = id(kind), name
        if place not in self._in_classes:
            self._in_classes[place] = attribute_of_class(kind, name)
        return self._in_classes[place]

    def _attribute_of_class(self, kind: Any, name: str) -> Any:
        found = self._found_in_class(kind, name)
        if type(found) is staticmethod:
            found = found.__func__
        if name in METHODS and found is vars(tuple).get(name):
            return None
        self._admit(found)
        return found

    def _admit_object(self, x: Any) -> None:
        """An instance of a class in plain Python."""
        kind = type(x)
        if str(kind.__module__).partition(".")[0] == "autograd":
            raise NotClosed
        if id(kind) not in self._operators:
            self._operators[id(kind)] = operators_of(kind)
        operators = self._operators[id(kind)]
        self._objects[id(x)] = x, held_by(x)
        if isinstance(x, tuple):
            self._admit_all([*tuple.__iter__(x)])  # which its class may have in another way
        for name, functions in operators.items():
            for f in functions:
                self._admit_operator(x, name, f)

    def _admit_operator(self, x: Any, name: str, f: FunctionType) -> None:
        if is_of_ours(f, "module.py", "Module.__call__"):
            self._attribute(x, "forward")
            return
        fields = compared_fields(type(x), name, f)
        if fields is None:
            self.is_of_floats_alone = self.is_of_floats_alone and name in OF_CONTAINERS
            self._look_at_method(f, x)
        for field in fields or ():
            self._attribute(x, field)

    # -- data --------------------------------------------------------------------------------------

    def _admit(self, x: Any) -> None:
        kind = type(x)
        if kind in NUMBERS or id(x) in self._objects or is_one_of(x, CALLABLE):
            return
        if kind is list or kind is dict:
            if id(x) not in self._data:
                inside = _inside(x)
                self._data[id(x)] = x, inside
                self._admit_all(inside)
        elif kind is tuple:
            self._admit_all(list(x))
        elif kind is str and "%" in x:
            raise NotClosed
        elif kind is MethodType:
            self._admit(x.__self__)
            self._look_at_method(_function(x.__func__), x.__self__)
        elif kind is partial:
            self._admit_all([x.func, x.args, x.keywords, x.__dict__])
        elif is_number_of_numpy(x):
            self.is_of_floats_alone = False
        elif is_array_of_numbers(x):
            self.is_of_floats_alone = False
            self._arrays[id(x)] = x, x.tobytes()
        elif is_object(x) and kind is not Primitive:
            self._admit_object(x)
        else:
            super()._admit(x)

    def _admit_all(self, found: list[Any]) -> None:
        """What is in a container, of which there may be much: numbers first."""
        if NUMBERS.issuperset(map(type, found)):
            return
        for x in found:
            self._admit(x)


def _function(f: Any) -> FunctionType:
    if type(f) is not FunctionType:
        raise NotClosed
    return f


def _is_called_by_its_code(f: Any) -> bool:
    if type(f) is FunctionType:
        return not f.__code__.co_flags & GENERATORS
    return type(f) in (MethodType, partial) or is_object(f)


def _inside(x: Any) -> list[Any]:
    return list(x) if type(x) is list else [*x, *x.values()]


def _is_same(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(map(operator.is_, now, before))


def _is_plain(constant: Any) -> bool:
    """Whether this is a constant of code that makes no text of an object."""
    if type(constant) is tuple:
        return all(map(_is_plain, constant))
    if type(constant) is slice:  # from Python 3.14 on
        return all(map(_is_plain, (constant.start, constant.stop, constant.step)))
    if type(constant) is str:
        return "%" not in constant
    return type(constant) in PLAIN or type(constant) is CodeType


def repeatable(f: Any) -> Repeatable | None:
    """The function, or what it is a derivative of, if it is known to be such; else None."""
    while isinstance(f, Derivative) and type(f).__module__ == derivatives.__name__:
        f = f.__wrapped__
    if not _is_called_by_its_code(f):
        return None
    try:
        return Repeatable(f)
    except (NotClosed, RecursionError):  # of functions or lists that are nested deep
        return None


def are_finite(values: list[Value]) -> bool:
    """Whether all of them are; only then Python computes with floats as with Values, but for
    rounding: there is no division by 0, no power that is complex, no NaN. (Not where their sum is
    beyond the doubles, which is of no consequence.)"""
    return math.isfinite(sum(map(NUMBER, values)))


def _meet_no_infinity(nodes: list[Value]) -> bool:
    """Whether no number that these were computed with is infinite (nor a slope): a whole one beyond
    the doubles is that to a Value, and an OverflowError to a float."""
    beside = sum(x._pa + x._pb for x in nodes)
    of_fans = sum(x for node in nodes if node._fan for x in node.inputs if type(x) is float)
    return math.isfinite(beside) and math.isfinite(of_fans)


def _are_exact(nodes: list[Value]) -> bool:
    """Whether Python's whole numbers give what Values give: none is rounded, and nothing asks for
    the sign of a zero, of which they have one."""
    return all(-EXACT < x._data < EXACT and x.op not in OF_SIGNS for x in nodes)
