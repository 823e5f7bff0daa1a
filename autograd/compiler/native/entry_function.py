"""A compiled text as a built-in function of Python, perhaps with machine code that others share."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.native import cpython_layout as cpython
from autograd.compiler.native.llvm_writer import Holed, Text
from autograd.compiler.native.machine import MachineCode

__all__ = ["Entry", "MethodDef", "found_in_self", "with_entry"]


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
        method = MethodDef(b"compiled", code.address("entry"), self._flags, None)
        make = ctypes.pythonapi.PyCFunction_NewEx
        make.restype = ctypes.py_object
        make.argtypes = [ctypes.POINTER(MethodDef), ctypes.py_object, ctypes.py_object]
        # As the function's `self`, in which machine code that is shared finds its numbers.
        place = None if given is None else _as_float(given.buffer_info()[0])
        kept = (place, given, code, self._kept, method, reads)
        out: Callable[..., Any] = make(ctypes.byref(method), kept, None)
        return out


def with_entry(kernel: Holed, entry: Entry | None) -> Holed:
    """The assembly of a kernel, and of its entry if it has one."""
    return kernel if entry is None else kernel.joined_with(entry.holed())
