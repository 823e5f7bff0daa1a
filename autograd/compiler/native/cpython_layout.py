"""Where CPython keeps the content of its objects.

Machine code reads numbers where they are: a float's in its object, a list's items in its array, an
ndarray's where its `data` says, a captured Value's in its slot. These places are no promise of
CPython's. So each is looked up once in objects with known contents; where one is not found as
expected (another interpreter, a build without the global lock), nothing of this is used.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.engine.modes import MODES
from autograd.engine.setting import Setting
from autograd.engine.value import Value

__all__ = ["Layout", "address_of", "arrays_are_known", "layout", "modes_at_rest"]

# Offsets in bytes from an object's address.
TYPE: Final = 8
FLOAT: Final = 16
LIST_SIZE: Final = 16  # and a tuple's
LIST_ITEMS: Final = 24
TUPLE_ITEMS: Final = getattr(tuple, "__basicsize__", 0)  # of which PyPy doesn't speak
ARRAY_DATA: Final = 16
ARRAY_NDIM: Final = 24
ARRAY_DIMS: Final = 32
ARRAY_DESCR: Final = 56
ARRAY_FLAGS: Final = 64
CONTIGUOUS_AND_ALIGNED: Final = 0x0101
WRITEABLE: Final = 0x0400


class Layout(NamedTuple):
    """The offset of a Value's number, or of the pointer to its float object where `is_boxed`."""

    value: int
    is_boxed: bool


@cache
def layout() -> Layout | None:
    """Where a Value's number is; None where any offset is not what machine code relies on."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    if sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_TRACE_REFS"):
        return None
    number, pair, couple = 1.2345e-67, [2.5, 3.5], (4.5, 5.5)
    places = [
        (id(number) + TYPE, id(float)),
        (id(pair) + LIST_SIZE, 2),
        (_word(id(pair) + LIST_ITEMS) + 8, id(pair[1])),
        (id(couple) + LIST_SIZE, 2),
        (id(couple) + TUPLE_ITEMS, id(couple[0])),
    ]
    if any(_word(place) != content for place, content in places):
        return None
    return _value_layout() if _number(id(number) + FLOAT) == number else None


def _word(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def _number(address: int) -> float:
    return ctypes.c_double.from_address(address).value


def _value_layout() -> Layout | None:
    """Find a Value's number in it: the same place in two Values, and after an assignment."""
    # It is a double in the compiled form of the engine, a pointer in the form in plain Python.
    probes = [Value(1.2345e-67), Value(-7.654e89)]
    for offset in range(16, Value.__basicsize__, 8):
        if all(_number(id(v) + offset) == v.data for v in probes):
            probes[0].data = 3.21e-12
            if _number(id(probes[0]) + offset) == 3.21e-12:
                return Layout(offset, is_boxed=False)
        if all(_word(id(v) + offset) == id(v.data) for v in probes):
            return Layout(offset, is_boxed=True)
    return None


@cache
def modes_at_rest() -> tuple[int, int] | None:
    """The place of `MODES.active`, and the word that stands there while no block is open; None
    where it is not found."""
    if layout() is None:
        return None
    probe = Setting("probe", None, lambda _, change: change)
    words: list[list[int]] = []
    for active in (0, 1, 0):
        probe.active = active
        words.append(
            [_word(place) for place in range(id(probe), id(probe) + Setting.__basicsize__, 8)]
        )
    found = [i for i, (a, b, c) in enumerate(zip(*words, strict=True)) if a == c != b]
    return (id(MODES) + 8 * found[0], words[0][found[0]]) if len(found) == 1 else None


@cache
def arrays_are_known() -> bool:
    """Whether NumPy's arrays are as machine code relies on."""
    import numpy

    array = numpy.arange(6.0).reshape(2, 3)
    return (
        sys.implementation.name == "cpython"
        and _word(id(array) + ARRAY_DATA) == array.ctypes.data
        and ctypes.c_int.from_address(id(array) + ARRAY_NDIM).value == 2
        and _word(_word(id(array) + ARRAY_DIMS) + 8) == 3
        and _word(id(array) + ARRAY_DESCR) == id(array.dtype)
        and ctypes.c_int.from_address(id(array) + ARRAY_FLAGS).value & CONTIGUOUS_AND_ALIGNED
        == CONTIGUOUS_AND_ALIGNED
    )


def address_of(array: Any) -> int:
    """Where an array's numbers begin: from its object, for asking NumPy takes a microsecond. 0 for
    None."""
    if array is None:
        return 0
    if arrays_are_known():
        return ctypes.c_size_t.from_address(id(array) + ARRAY_DATA).value
    place: int = array.__array_interface__["data"][0]
    return place
