"""Calling: from Python's objects to a kernel's numbers and back, in machine code.

For a program of a hundred operations, which take 50 nanoseconds, it is Python's way of taking
arguments apart that would cost: so this too is compiled, for the one nesting of arguments and
results that the program was recorded with. The function made here takes exactly such arguments and
returns NotImplemented for any others, and where a guard fails; then the careful way in `function`
takes over.

It reads the numbers where CPython keeps them (a float's in its object, a list's items in its array,
an ndarray's where its `data` says, a captured Value's in its slot). `LAYOUT` looks these places up
once, in objects with known contents; where one is not found as expected (another interpreter, a
build without the global lock), nothing of this is used.
"""

from __future__ import annotations

import ctypes
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple

from autograd.compiler.ir.program import Program
from autograd.compiler.native.codegen import callbacks_of, double
from autograd.compiler.native.machine import MachineCode
from autograd.engine.value import Value

__all__ = ["Entry", "Unsupported", "bound_entry", "calling_entry"]

FASTCALL = 0x0080
NOARGS = 0x0004
UNROLLED = 8  # from this length on, a list of numbers is taken apart by a loop
MOST_LINES = 2000  # lines of assembly that taking apart and making objects may need
ON_THE_STACK = 30_000  # numbers, of 8 bytes each


class Unsupported(Exception):
    """Arguments or results of a kind that machine code doesn't take apart."""


# -- where CPython keeps things --------------------------------------------------------------------


class Layout(NamedTuple):
    """Offsets in bytes from an object's address. `value` is that of a Value's number, or of the
    pointer to its float object where `value_boxed`."""

    value: int
    value_boxed: bool


FLOAT, LIST_SIZE, LIST_ITEMS, TUPLE_ITEMS, TYPE = 16, 16, 24, tuple.__basicsize__, 8
ARRAY_DATA, ARRAY_NDIM, ARRAY_DIMS, ARRAY_DESCR, ARRAY_FLAGS = 16, 24, 32, 56, 64
CONTIGUOUS_AND_ALIGNED = 0x0101


@cache
def layout() -> Layout | None:
    """The offsets, or None where they are not what this module relies on."""
    if sys.implementation.name != "cpython" or struct.calcsize("P") != 8:
        return None
    if sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_TRACE_REFS"):
        return None
    number, pair, couple = 1.2345e-67, [2.5, 3.5], (4.5, 5.5)
    tests = [
        (id(number) + TYPE, id(float)),
        (id(pair) + LIST_SIZE, 2),
        (_word(id(pair) + LIST_ITEMS) + 8, id(pair[1])),
        (id(couple) + TUPLE_ITEMS, id(couple[0])),
    ]
    if any(_word(place) != content for place, content in tests):
        return None
    return _value_layout() if _word(id(number) + FLOAT) == _bits(number) else None


def _word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def _bits(x: float) -> int:
    bits: int = struct.unpack("<Q", struct.pack("<d", x))[0]
    return bits


def _value_layout() -> Layout | None:
    """Find a Value's number in it: the same place in two Values, and after an assignment."""
    probes = [Value(1.2345e-67), Value(-7.654e89)]
    for offset in range(16, Value.__basicsize__, 8):
        if all(_word(id(v) + offset) == _bits(v.data) for v in probes):
            probes[0].data = 3.21e-12
            if _word(id(probes[0]) + offset) == _bits(3.21e-12):
                return Layout(offset, value_boxed=False)
        boxed = [_word(id(v) + offset) for v in probes]
        if boxed == [id(v.data) for v in probes]:
            return Layout(offset, value_boxed=True)
    return None


@cache
def _arrays_are_known() -> bool:
    import numpy

    array = numpy.arange(6.0).reshape(2, 3)
    return (
        _word(id(array) + ARRAY_DATA) == array.ctypes.data
        and ctypes.c_int.from_address(id(array) + ARRAY_NDIM).value == 2
        and _word(_word(id(array) + ARRAY_DIMS) + 8) == 3
        and _word(id(array) + ARRAY_DESCR) == id(array.dtype)
        and ctypes.c_int.from_address(id(array) + ARRAY_FLAGS).value & CONTIGUOUS_AND_ALIGNED
        == CONTIGUOUS_AND_ALIGNED
    )


# -- the text --------------------------------------------------------------------------------------


class Text:
    """LLVM assembly of a function that handles objects. Whatever is not as expected jumps to
    `%other`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.kept: list[Any] = []  # objects whose addresses stand in the text
        self.declarations: set[str] = set()
        self._count = 0

    def new(self, what: str = "v") -> str:
        self._count += 1
        return f"%{what}{self._count}"

    def set(self, expression: str) -> str:
        name = self.new()
        self.lines.append(f"{name} = {expression}")
        return name

    def do(self, line: str) -> None:
        self.lines.append(line)

    def call(self, result: str, function: str, *arguments: str) -> str:
        """Call a function of Python's C interface; arguments with their types."""
        kinds = ", ".join(x.split()[0] for x in arguments)
        self.declarations.add(f"declare {result} @{function}({kinds})")
        text = f"call {result} @{function}({', '.join(arguments)})"
        if result == "void":
            self.do(text)
            return ""
        return self.set(text)

    def at(self, base: str, offset: int) -> str:
        return self.set(f"getelementptr i8, ptr {base}, i64 {offset}") if offset else base

    def element(self, kind: str, base: str, index: str) -> str:
        return self.set(f"getelementptr {kind}, ptr {base}, i64 {index}")

    def load(self, kind: str, base: str, offset: int) -> str:
        return self.set(f"load {kind}, ptr {self.at(base, offset)}")

    def object(self, x: Any) -> str:
        """A Python object as an operand."""
        self.kept.append(x)
        return f"inttoptr (i64 {id(x)} to ptr)"

    def label(self, name: str) -> None:
        self.lines.append(f"{name.removeprefix('%')}:")

    def unless(self, condition: str, target: str = "%other") -> None:
        """Go on only where the condition holds."""
        after = self.new("on")
        self.do(f"br i1 {condition}, label {after}, label {target}")
        self.label(after)

    @contextmanager
    def loop(self, count: int) -> Iterator[str]:
        """What is written inside is done `count` times (at least once), for i = 0, 1, 2 ..."""
        before, again, back, done = (self.new(x) for x in ("before", "again", "back", "done"))
        i, following = self.new("i"), self.new("i")
        self.do(f"br label {before}")
        self.label(before)
        self.do(f"br label {again}")
        self.label(again)
        self.do(f"{i} = phi i64 [ 0, {before} ], [ {following}, {back} ]")
        yield i
        self.do(f"br label {back}")
        self.label(back)
        self.do(f"{following} = add i64 {i}, 1")
        more = self.set(f"icmp slt i64 {following}, {count}")
        self.do(f"br i1 {more}, label {again}, label {done}")
        self.label(done)

    def expect(self, kind: str, x: str, content: str) -> None:
        self.unless(self.set(f"icmp eq {kind} {x}, {content}"))


def _place(text: Text, buffer: str, slot: int) -> str:
    return text.set(f"getelementptr double, ptr {buffer}, i64 {slot}")


def _take(text: Text, example: Any, item: str, buffer: str, slot: int) -> int:
    """Code that takes an object like `example` apart into the buffer from `slot`; the next slot."""
    kind = type(example)
    if kind is list or kind is tuple:
        text.expect("ptr", text.load("ptr", item, TYPE), text.object(kind))
        text.expect("i64", text.load("i64", item, LIST_SIZE), str(len(example)))
        items = text.load("ptr", item, LIST_ITEMS) if kind is list else text.at(item, TUPLE_ITEMS)
        if len(example) >= UNROLLED and all(isinstance(x, (int, float)) for x in example):
            with text.loop(len(example)) as index:
                place = text.element("double", _place(text, buffer, slot), index)
                pointer = text.element("ptr", items, index)
                _take_number(text, text.load("ptr", pointer, 0), place)
            return slot + len(example)
        for i, child in enumerate(example):
            slot = _take(text, child, text.load("ptr", items, 8 * i), buffer, slot)
        return slot
    if kind is dict:
        text.expect("ptr", text.load("ptr", item, TYPE), text.object(dict))
        size = text.call("i64", "PyDict_Size", f"ptr {item}")
        text.expect("i64", size, str(len(example)))
        place, key_place, found = (text.set(f"alloca {x}") for x in ("i64", "ptr", "ptr"))
        text.do(f"store i64 0, ptr {place}")
        for key, child in example.items():
            if type(key) is not str:
                raise Unsupported
            following = [f"ptr {x}" for x in (item, place, key_place, found)]
            text.expect("i32", text.call("i32", "PyDict_Next", *following), "1")
            _expect_text(text, text.load("ptr", key_place, 0), key)
            slot = _take(text, child, text.load("ptr", found, 0), buffer, slot)
        return slot
    if getattr(example, "shape", None) is not None and kind.__module__ == "numpy":
        if kind.__name__ == "ndarray":
            return _take_array(text, example, item, buffer, slot)
    elif not isinstance(example, (int, float)):
        raise Unsupported
    _take_number(text, item, _place(text, buffer, slot))
    return slot + 1


def _expect_text(text: Text, item: str, content: str) -> None:
    text.expect("ptr", text.load("ptr", item, TYPE), text.object(str))
    pair = (f"ptr {item}", f"ptr {text.object(content)}", "i32 2")  # 2 asks for ==
    text.expect("i32", text.call("i32", "PyObject_RichCompareBool", *pair), "1")


def _take_number(text: Text, item: str, place: str) -> None:
    """A float, exact or NumPy's, which has the same layout; or an int."""
    plain, whole, convert, after = (text.new(x) for x in ("plain", "whole", "convert", "after"))
    kind = text.load("ptr", item, TYPE)
    is_float = text.set(f"icmp eq ptr {kind}, {text.object(float)}")
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        is_numpy = text.set(f"icmp eq ptr {kind}, {text.object(numpy.float64)}")
        is_float = text.set(f"or i1 {is_float}, {is_numpy}")
    text.do(f"br i1 {is_float}, label {plain}, label {whole}")
    text.label(plain)
    number = text.load("double", item, FLOAT)
    text.do(f"store double {number}, ptr {place}")
    text.do(f"br label {after}")
    text.label(whole)
    is_int = text.set(f"icmp eq ptr {kind}, {text.object(int)}")
    text.do(f"br i1 {is_int}, label {convert}, label %other")
    text.label(convert)
    number = text.call("double", "PyLong_AsDouble", f"ptr {item}")
    text.do(f"store double {number}, ptr {place}")
    error = text.call("ptr", "PyErr_Occurred")
    text.do(f"%fine{after[1:]} = icmp eq ptr {error}, null")
    text.do(f"br i1 %fine{after[1:]}, label {after}, label %toolarge")
    text.label(after)


def _take_array(text: Text, example: Any, item: str, buffer: str, slot: int) -> int:
    import numpy

    if not _arrays_are_known() or example.dtype != float:
        raise Unsupported
    text.expect("ptr", text.load("ptr", item, TYPE), text.object(numpy.ndarray))
    text.expect("ptr", text.load("ptr", item, ARRAY_DESCR), text.object(numpy.dtype(float)))
    flags = text.set(f"and i32 {text.load('i32', item, ARRAY_FLAGS)}, {CONTIGUOUS_AND_ALIGNED}")
    text.expect("i32", flags, str(CONTIGUOUS_AND_ALIGNED))
    text.expect("i32", text.load("i32", item, ARRAY_NDIM), str(example.ndim))
    dims = text.load("ptr", item, ARRAY_DIMS)
    for axis, length in enumerate(example.shape):
        text.expect("i64", text.load("i64", dims, 8 * axis), str(length))
    _copy(text, _place(text, buffer, slot), text.load("ptr", item, ARRAY_DATA), example.size)
    return slot + int(example.size)


def _copy(text: Text, target: str, source: str, count: int) -> None:
    if count:
        text.declarations.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        text.do(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {8 * count}, "
            "i1 false)"
        )


def _take_captured(text: Text, value: Value, known: Layout, place: str) -> None:
    base = text.object(value)
    if known.value_boxed:
        number = text.load("double", text.load("ptr", base, known.value), FLOAT)
    else:
        number = text.load("double", base, known.value)
    text.do(f"store double {number}, ptr {place}")


def _give(text: Text, example: Any, buffer: str, slot: int) -> tuple[str, int]:
    """Code that makes an object like `example` of the numbers in the buffer from `slot`."""
    kind = type(example)
    if kind is float:
        number = text.set(f"load double, ptr {_place(text, buffer, slot)}")
        return _made(text, text.call("ptr", "PyFloat_FromDouble", f"double {number}")), slot + 1
    if kind is list or kind is tuple:
        name = "PyList_New" if kind is list else "PyTuple_New"
        out = _made(text, text.call("ptr", name, f"i64 {len(example)}"))
        items = text.load("ptr", out, LIST_ITEMS) if kind is list else text.at(out, TUPLE_ITEMS)
        if len(example) >= UNROLLED and all(type(x) is float for x in example):
            with text.loop(len(example)) as index:
                place = text.element("double", _place(text, buffer, slot), index)
                number = text.load("double", place, 0)
                made = _made(text, text.call("ptr", "PyFloat_FromDouble", f"double {number}"))
                text.do(f"store ptr {made}, ptr {text.element('ptr', items, index)}")
            return out, slot + len(example)
        for i, child in enumerate(example):
            item, slot = _give(text, child, buffer, slot)
            text.do(f"store ptr {item}, ptr {text.at(items, 8 * i)}")
        return out, slot
    if kind is dict:
        out = _made(text, text.call("ptr", "PyDict_New"))
        for key, child in example.items():
            item, slot = _give(text, child, buffer, slot)
            pair = (f"ptr {text.object(key)}", f"ptr {item}")
            text.call("i32", "PyDict_SetItem", f"ptr {out}", *pair)
            text.call("void", "Py_DecRef", f"ptr {item}")
        return out, slot
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.ndarray and _arrays_are_known():
        shape = example.shape
        maker = text.object(partial(numpy.empty, shape))
        out = _made(text, text.call("ptr", "PyObject_CallNoArgs", f"ptr {maker}"))
        data = text.load("ptr", out, ARRAY_DATA)
        _copy(text, data, _place(text, buffer, slot), example.size)
        return out, slot + int(example.size)
    raise Unsupported


def _made(text: Text, item: str) -> str:
    """Only where there was memory for it; else the exception goes up."""
    text.unless(text.set(f"icmp ne ptr {item}, null"), "%failed")
    return item


def _endings(text: Text) -> None:
    text.label("%toolarge")
    text.call("void", "PyErr_Clear")
    text.do("br label %other")
    text.label("%other")
    text.call("void", "Py_IncRef", f"ptr {text.object(NotImplemented)}")
    text.do(f"ret ptr {text.object(NotImplemented)}")
    text.label("%failed")
    text.do("ret ptr null")


def _run_kernel(text: Text) -> None:
    failed = text.set("call i64 @kernel(ptr %in, ptr %out)")
    text.expect("i64", failed, "-1")


def calling_entry(
    program: Program, arguments: Sequence[Any], captured: Sequence[Value], result: Any
) -> Entry:
    """The program as a function of arguments like these that gives results like this one.

    Raises Unsupported where that is not to be had.
    """
    known = _known_layout(program)
    text = Text()
    text.do(f"%in = alloca double, i64 {max(len(program.inputs), 1)}")
    text.do(f"%out = alloca double, i64 {max(len(program.outputs), 1)}")
    text.expect("i64", "%count", str(len(arguments)))
    slot = 0
    for i, example in enumerate(arguments):
        slot = _take(text, example, text.load("ptr", "%args", 8 * i), "%in", slot)
    for i, value in enumerate(captured):
        _take_captured(text, value, known, _place(text, "%in", slot + i))
    _run_kernel(text)
    made, _ = _give(text, result, "%out", 0)
    text.do(f"ret ptr {made}")
    _endings(text)
    if len(text.lines) > MOST_LINES:
        raise Unsupported
    return Entry(text, "define ptr @entry(ptr %self, ptr %args, i64 %count)", FASTCALL)


def bound_entry(
    program: Program, inputs: Sequence[Any], captured: Sequence[Value], out: Any, result: Any
) -> Entry:
    """The program as a function without arguments, which reads its inputs where they are (an array
    of one dimension, or a number), writes the flat array `out` and returns the object `result`."""
    known = _known_layout(program)
    text = Text()
    text.do(f"%in = alloca double, i64 {max(len(program.inputs), 1)}")
    slot = 0
    for x in inputs:
        if isinstance(x, float):
            text.do(f"store double {double(x)}, ptr {_place(text, '%in', slot)}")
            slot += 1
        else:
            text.kept.append(x)
            data = f"inttoptr (i64 {x.ctypes.data} to ptr)"
            _copy(text, _place(text, "%in", slot), data, x.size)
            slot += int(x.size)
    for i, value in enumerate(captured):
        _take_captured(text, value, known, _place(text, "%in", slot + i))
    text.kept.append(out)
    text.do(f"%out = inttoptr i64 {out.ctypes.data} to ptr")
    _run_kernel(text)
    text.call("void", "Py_IncRef", f"ptr {text.object(result)}")
    text.do(f"ret ptr {text.object(result)}")
    _endings(text)
    return Entry(text, "define ptr @entry(ptr %self, ptr %unused)", NOARGS)


def _known_layout(program: Program) -> Layout:
    known = layout()
    if known is None or callbacks_of(program):
        raise Unsupported
    if len(program.inputs) + len(program.outputs) > ON_THE_STACK:
        raise Unsupported
    return known


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class Entry:
    """A function that Python can call, still as text."""

    def __init__(self, text: Text, head: str, flags: int) -> None:
        self._text = text
        self._head = head
        self._flags = flags

    def __str__(self) -> str:
        """The assembly, which calls `kernel`."""
        lines = "\n".join(self._text.lines)
        return "\n".join(
            [*sorted(self._text.declarations), f"{self._head} {{\nentry:\n{lines}\n}}"]
        )

    def function(self, code: MachineCode, reads: object = None) -> Callable[..., Any]:
        """The compiled text as a built-in function, which keeps alive what it is made of, and what
        `kernel` reads."""
        method = MethodDef(b"compiled", code.address("entry"), self._flags, None)
        make = ctypes.pythonapi.PyCFunction_NewEx
        make.restype = ctypes.py_object
        make.argtypes = [ctypes.POINTER(MethodDef), ctypes.py_object, ctypes.py_object]
        kept = (code, self._text.kept, method, reads)
        out: Callable[..., Any] = make(ctypes.byref(method), kept, None)
        return out
