"""CPython's calling convention for a kernel: from Python's objects to its numbers and back.

For a program of a hundred operations, which take 50 nanoseconds, it is Python's way of taking
arguments apart that would cost: so this too is compiled, for the one nesting of arguments and
results that the program was recorded with. The function made here takes exactly such arguments and
returns NotImplemented for any others, and where a guard fails; then the slower way in `jit` takes
over, which knows every kind of argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.program import Program
from autograd.compiler.native import cpython_layout as cpython
from autograd.compiler.native.entry_function import FASTCALL, NOARGS, Entry
from autograd.compiler.native.entry_text import (
    UNROLLED,
    EntryText,
    Unsupported,
    add_direct,
    checked_data,
    fixed_data,
)
from autograd.compiler.native.llvm_codegen import callbacks_of
from autograd.compiler.native.llvm_writer import FROM_SELF, bits_of
from autograd.engine.loaded_modules import loaded
from autograd.engine.value import Value

__all__ = [
    "ANY_LENGTH",
    "AsItIs",
    "bound_entry",
    "calling_entry",
]

ANY_LENGTH: Final = 2  # the same, where lists of other lengths are to have the same code
MOST_LINES: Final = 2000  # of assembly; more would take longer to compile than it saves
IN_PLACE: Final = 64  # numbers; so many are not copied, if they are all and stand in one array


class AsItIs(NamedTuple):
    """An example argument whose numbers have to be of the same types: a function gets them as they
    are, and may tell an int from a float."""

    example: Any


def _text_for(program: Program, unrolled: int = UNROLLED) -> EntryText:
    if callbacks_of(program):
        raise Unsupported
    return EntryText(unrolled)


def calling_entry(
    program: Program,
    arguments: Sequence[Any],
    captured: Sequence[Value],
    result: Any,
    unrolled: int = UNROLLED,
) -> Entry:
    """The program as a function of arguments like these that gives results like this one. Lists of
    numbers that are shorter than `unrolled` are taken apart without a loop.

    Raises Unsupported where that is not possible.
    """
    text = _text_for(program, unrolled)
    text.begin("ptr @entry(ptr %self, ptr %args, i64 %count)")
    text.do(FROM_SELF)
    is_one = not captured and len(arguments) == 1 and _is_read_in_place(arguments[0])
    if not is_one:
        text.numbers("%in", len(program.inputs))
    text.numbers("%out", len(program.outputs))
    text.expect_memory()
    text.expect("i64", "%count", len(arguments))
    if is_one:
        data = _array_data(text, arguments[0], text.field("ptr", "%args", 0))
        text.do(f"%in = getelementptr i8, ptr {data}, i64 0")
    else:
        slot = 0
        for i, example in enumerate(arguments):
            text.is_exact = isinstance(example, AsItIs)
            shown = example.example if isinstance(example, AsItIs) else example
            slot = _take(text, shown, text.field("ptr", "%args", 8 * i), slot)
        _take_captured(text, captured, slot)
    text.run_kernel()
    made, _ = _give(text, result, 0)
    text.end(made)
    if len(text.lines) > MOST_LINES:
        raise Unsupported
    return Entry(text, text.kept, FASTCALL)


def bound_entry(
    program: Program, inputs: Sequence[Any], captured: Sequence[Value], out: Any, result: Any
) -> Entry:
    """The program as a function without arguments, which reads its inputs where they are (a
    contiguous array, or a number), writes the flat array `out` and returns the object `result`."""
    text = _text_for(program)
    text.begin("ptr @entry(ptr %self, ptr %unused)")
    text.do(FROM_SELF)
    if not captured and len(inputs) == 1 and _is_read_in_place(inputs[0]):
        text.do(f"%in = getelementptr i8, ptr {fixed_data(text, inputs[0])}, i64 0")
    else:
        text.numbers("%in", len(program.inputs))
        text.expect_memory()
        _copy_inputs(text, inputs, captured)
    text.kept.append(out)
    text.do(f"%out = inttoptr i64 {text.hole(out.ctypes.data)} to ptr")
    text.run_kernel()
    own = text.operand(result)
    text.call("void", "Py_IncRef", f"ptr {own}")
    text.end(own)
    add_direct(text)
    return Entry(text, text.kept, NOARGS)


def _is_read_in_place(x: Any) -> bool:
    """Whether the kernel can read an array where it is, and has more from that than its copy costs:
    a small one is copied."""
    numpy = loaded("numpy")
    is_array = numpy is not None and type(x) is numpy.ndarray and cpython.arrays_are_known()
    return is_array and x.size >= IN_PLACE


def _copy_inputs(text: EntryText, inputs: Sequence[Any], captured: Sequence[Value]) -> None:
    slot = 0
    for x in inputs:
        if isinstance(x, float):
            text.store("i64", text.hole(bits_of(x)), _place(text, "%in", slot))
            slot += 1
        else:
            text.copy(_place(text, "%in", slot), fixed_data(text, x), text.hole(8 * x.size))
            slot += int(x.size)
    _take_captured(text, captured, slot)


def _place(text: EntryText, buffer: str, slot: int) -> str:
    place = text.element("double", buffer, text.hole(slot))
    return text.element("double", place, text.moved) if text.moved else place


# -- from objects to numbers -----------------------------------------------------------------------


def _take(text: EntryText, example: Any, item: str, slot: int) -> int:
    """Code that takes an object like `example` apart into inputs from `slot`; the next slot.

    Each container is taken apart by code of its own: for its type alone it is known where its
    items are, so `tree`, which goes by what containers have in common, is of no use here.
    """
    kind, numpy = type(example), loaded("numpy")
    if kind is list or kind is tuple:
        return _take_items(text, example, item, slot)
    if kind is dict:
        return _take_dict(text, example, item, slot)
    if numpy is not None and kind is numpy.ndarray and cpython.arrays_are_known():
        return _take_array(text, example, item, slot)
    if kind is not float and not (text.is_exact and kind in _number_types()):
        raise Unsupported
    if text.is_exact:
        text.expect_type(item, kind)
    _take_number(text, item, _place(text, "%in", slot))
    return slot + 1


def _number_types() -> list[type]:
    """Those that `_take_number` knows."""
    numpy = loaded("numpy")
    return [float, int] if numpy is None else [float, int, numpy.float64]


def _take_items(text: EntryText, example: Any, item: str, slot: int) -> int:
    text.expect_type(item, type(example))
    size = text.field("i64", item, cpython.LIST_SIZE)
    text.expect("i64", size, text.hole(len(example)))
    items = _items(text, type(example), item)
    width = _width_of_each(text, example)
    if width:
        with _each(text, len(example), width) as i:
            _take(text, example[0], text.load("ptr", text.element("ptr", items, i)), slot)
        return slot + width * len(example)
    for n, child in enumerate(example):
        slot = _take(text, child, text.field("ptr", items, 8 * n), slot)
    return slot


def _items(text: EntryText, kind: type, item: str) -> str:
    """The array of a list's or a tuple's items: a tuple's are in the object itself."""
    return (
        text.field("ptr", item, cpython.LIST_ITEMS)
        if kind is list
        else text.at(item, cpython.TUPLE_ITEMS)
    )


def _width_of_each(text: EntryText, example: Sequence[Any]) -> int:
    """How many numbers each item has, if there are enough for a loop and all are alike; else 0."""
    if len(example) < text.unrolled or text.is_exact:
        return 0
    kind = _kind(example[0])
    is_alike = kind is not None and all(_kind(x) == kind for x in example)
    return _width(example[0]) if is_alike else 0


def _kind(x: Any) -> Any:
    """What two objects have in common that are taken apart alike; None for what is not taken apart
    in a loop."""
    kind, numpy = type(x), loaded("numpy")
    if kind is float:
        return float
    if kind is list or kind is tuple:
        kinds = tuple(map(_kind, x))
        return None if None in kinds else (kind, kinds)
    if numpy is None or kind is not numpy.ndarray:
        return None
    return kind, x.shape, x.dtype, x.flags.c_contiguous, x.flags.writeable


def _width(x: Any) -> int:
    """How many numbers stand in such an object."""
    if isinstance(x, float):
        return 1
    return sum(map(_width, x)) if isinstance(x, (list, tuple)) else int(x.size)


@contextmanager
def _each(text: EntryText, count: int, width: int) -> Iterator[str]:
    """What is written inside is done for each item: there slots are those of the first, moved."""
    around = text.moved
    with text.loop(text.hole(count)) as i:
        moved = i if width == 1 else text.set(f"mul i64 {i}, {text.hole(width)}")
        text.moved = text.set(f"add i64 {moved}, {around}") if around else moved
        yield i
        text.moved = around


def _take_dict(text: EntryText, example: dict[Any, Any], item: str, slot: int) -> int:
    text.expect_type(item, dict)
    text.expect("i64", text.call("i64", "PyDict_Size", f"ptr {item}"), len(example))
    place, key, found = (text.set(f"alloca {x}") for x in ("i64", "ptr", "ptr"))
    text.store("i64", "0", place)
    for name, child in example.items():
        if type(name) is not str:
            raise Unsupported  # comparing others may run any code, in the middle of this
        # By place and not by key: the order of the keys is that of the numbers.
        step = [f"ptr {x}" for x in (item, place, key, found)]
        text.expect("i32", text.call("i32", "PyDict_Next", *step), 1)
        own = text.load("ptr", key)
        text.expect_type(own, str)
        pair = (f"ptr {own}", f"ptr {text.operand(name)}", "i32 2")  # 2 asks for ==
        text.expect("i32", text.call("i32", "PyObject_RichCompareBool", *pair), 1)
        slot = _take(text, child, text.load("ptr", found), slot)
    return slot


def _array_data(text: EntryText, example: Any, item: str) -> str:
    """Where an array like this one has its numbers."""
    import numpy

    text.expect_type(item, numpy.ndarray)
    if example.dtype != float or not example.flags.c_contiguous:
        raise Unsupported
    # NumPy has one object for the doubles of this machine, which all arrays of them share.
    return checked_data(text, example, item, numpy.dtype(float))


def _take_array(text: EntryText, example: Any, item: str, slot: int) -> int:
    # A copy, for the kernel reads all its inputs from one place, and this costs less than a second
    # kernel would.
    data = _array_data(text, example, item)
    text.copy(_place(text, "%in", slot), data, text.hole(8 * example.size))
    return slot + int(example.size)


def _take_number(text: EntryText, item: str, place: str) -> None:
    """A float, exact or NumPy's, which has the same layout; or an int."""
    exact, other, convert, after = (text.new(x) for x in ("exact", "other", "convert", "after"))
    kind = text.field("ptr", item, cpython.TYPE)
    is_float = text.set(f"icmp eq ptr {kind}, {text.operand(float)}")
    numpy = loaded("numpy")
    if numpy is not None:
        is_numpy = text.set(f"icmp eq ptr {kind}, {text.operand(numpy.float64)}")
        is_float = text.set(f"or i1 {is_float}, {is_numpy}")
    text.branch(is_float, exact, other)
    text.label(exact)
    text.store("double", text.field("double", item, cpython.FLOAT), place)
    text.go(after)
    text.label(other)
    text.branch(text.set(f"icmp eq ptr {kind}, {text.operand(int)}"), convert, "%other")
    text.label(convert)
    text.store("double", text.call("double", "PyLong_AsDouble", f"ptr {item}"), place)
    error = text.call("ptr", "PyErr_Occurred")
    text.branch(text.set(f"icmp eq ptr {error}, null"), after, "%toolarge")
    text.label(after)


def _take_captured(text: EntryText, captured: Sequence[Value], slot: int) -> None:
    """The numbers of Values that are where they were when this was compiled."""
    value, is_boxed = text.layout
    for i, x in enumerate(captured, slot):
        base = text.operand(x)
        if is_boxed:
            number = text.field("double", text.field("ptr", base, value), cpython.FLOAT)
        else:
            number = text.field("double", base, value)
        text.store("double", number, _place(text, "%in", i))


# -- from numbers to objects -----------------------------------------------------------------------


def _give(text: EntryText, example: Any, slot: int) -> tuple[str, int]:
    """Code that makes an object like `example` of the results from `slot`; the next slot."""
    kind, numpy = type(example), loaded("numpy")
    if kind is float:
        return text.new_float(_place(text, "%out", slot)), slot + 1
    if kind is list or kind is tuple:
        return _give_items(text, example, slot)
    if kind is dict:
        out = text.made("PyDict_New")
        for key, child in example.items():
            item, slot = _give(text, child, slot)
            pair = (f"ptr {text.operand(key)}", f"ptr {item}")
            text.call("i32", "PyDict_SetItem", f"ptr {out}", *pair)
            text.call("void", "Py_DecRef", f"ptr {item}")  # which a dict, not a list, counts anew
        return out, slot
    if numpy is None or kind is not numpy.ndarray or not cpython.arrays_are_known():
        raise Unsupported
    maker = text.operand(partial(numpy.empty, example.shape))
    out = text.made("PyObject_CallNoArgs", f"ptr {maker}")
    data = text.field("ptr", out, cpython.ARRAY_DATA)
    text.copy(data, _place(text, "%out", slot), text.hole(8 * example.size))
    return out, slot + int(example.size)


def _give_items(text: EntryText, example: Any, slot: int) -> tuple[str, int]:
    kind = type(example)
    function = "PyList_New" if kind is list else "PyTuple_New"
    out = text.made(function, f"i64 {text.hole(len(example))}")
    items = _items(text, kind, out)
    width = _width_of_each(text, example)
    if width:
        with _each(text, len(example), width) as i:
            item, _ = _give(text, example[0], slot)
            text.store("ptr", item, text.element("ptr", items, i))
        return out, slot + width * len(example)
    for n, child in enumerate(example):
        item, slot = _give(text, child, slot)
        text.store("ptr", item, text.at(items, 8 * n))
    return out, slot
