"""A compiled text as a built-in function of Python, perhaps with machine code that others share."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType
from typing import Any, Final, NamedTuple

from autograd.compiler.native import cpython_layout as cpython
from autograd.compiler.native.llvm_writer import Holed, Text
from autograd.compiler.native.machine import MachineCode

__all__ = [
    "FASTCALL",
    "NOARGS",
    "OTHERWISE",
    "Entry",
    "MethodDef",
    "Own",
    "directly",
    "found_in_self",
    "with_entry",
]

# CPython's flags of a built-in function (methodobject.h).
FASTCALL: Final = 0x0080  # an array of arguments and their number, no tuple to be made and read
NOARGS: Final = 0x0004


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def found_in_self() -> str:
    """The lines where such a function finds its array: its address has the bits of a float, which
    is the first item of `self`."""
    text = Text()
    item = text.element("i8", "%self", cpython.TUPLE_ITEMS)
    place = text.element("i8", text.load("ptr", item), cpython.FLOAT)
    text.do(f"%given = load ptr, ptr {place}")
    return "\n".join(text.lines).replace("%v", "%self.")


def _as_float(bits: int) -> float:
    out: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return out


class Entry:
    """A function that Python can call, still as text, to be compiled along with its `kernel`."""

    def __init__(self, text: Text, kept: Sequence[object], flags: int) -> None:
        self._text = text
        self._kept = kept  # objects whose addresses stand in the text
        self._flags = flags

    def holed(self) -> Holed:
        """Its assembly, with holes."""
        return self._text.holed()

    def function(
        self, code: MachineCode, reads: object = None, given: Any = None
    ) -> Callable[..., Any]:
        """The compiled text as a built-in function, which keeps alive what it is made of, and what
        `kernel` reads; and with the array `given` of the numbers that are left open."""
        # In its `self` machine code that is shared finds its numbers.
        place = None if given is None else _as_float(given.buffer_info()[0])
        method = MethodDef(b"compiled", code.address("entry"), self._flags, None)
        return _function(Own(place, given, code, self._kept, method, reads))


class Own(NamedTuple):
    """The `self` of such a function: all that has to live as long as it does."""

    place: float | None
    given: Any
    code: MachineCode
    kept: Sequence[object]
    method: MethodDef
    reads: object
    otherwise: Callable[[], Any] | None = None


OTHERWISE: Final = Own._fields.index("otherwise")
"""Where the function `direct` of an entry finds what it calls where it can't go on."""


def directly(run: Callable[[], Any], otherwise: Callable[[], Any]) -> Callable[[], Any] | None:
    """What a function of fixed places computes, if no mode is on and it is the code for what stands
    there; else what `otherwise` gives. None for what has no such form."""
    if not isinstance(run, BuiltinFunctionType) or not isinstance(run.__self__, Own):
        return None
    if cpython.modes_at_rest() is None:
        return None
    own = run.__self__
    method = MethodDef(b"compiled", own.code.address("direct"), NOARGS, None)
    return _function(own._replace(method=method, otherwise=otherwise))


def _function(own: Own) -> Callable[..., Any]:
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.POINTER(MethodDef), ctypes.py_object, ctypes.py_object]
    out: Callable[..., Any] = make(ctypes.byref(own.method), own, None)
    return out


def with_entry(kernel: Holed, entry: Entry | None) -> Holed:
    """The assembly of a kernel, and of its entry if it has one."""
    return kernel if entry is None else kernel.joined_with(entry.holed())
