"""What functions of Python's objects are written with, in LLVM assembly: what an entry looks at
before it runs a kernel, and how it leaves.
"""

from __future__ import annotations

from typing import Any, Final

from autograd.compiler.native import cpython_layout as cpython
from autograd.compiler.native.entry_function import OTHERWISE
from autograd.compiler.native.llvm_writer import FROM_SELF, GIVEN, Text
from autograd.engine.loaded_modules import loaded

__all__ = ["UNROLLED", "EntryText", "Unsupported", "add_direct", "checked_data", "fixed_data"]

UNROLLED: Final = 8  # lists of numbers that are shorter than this are taken apart without a loop
ON_THE_STACK: Final = 1000  # numbers, of 8 bytes each: a thread's stack may be small


class Unsupported(Exception):
    """Arguments or results of a kind that machine code doesn't take apart."""


class EntryText(Text):
    """A function of objects. Whatever is not as expected jumps to `%other`, which returns
    NotImplemented; where Python has set an exception, to `%failed`."""

    def __init__(self, unrolled: int = UNROLLED) -> None:
        super().__init__()
        self.unrolled = unrolled
        self.moved = ""
        """In loops: how far slots are from those of the first item."""
        known = cpython.layout()
        if known is None:
            raise Unsupported
        self.layout: cpython.Layout = known
        self.is_exact = False
        """Whether the types of numbers have to be those of the example."""
        self.kept: list[Any] = []  # objects whose addresses stand in the text
        self._lent: list[str] = []  # memory to be freed at the end

    def operand(self, x: Any) -> str:
        """A Python object as an operand."""
        self.kept.append(x)
        return self.address(id(x))

    def at(self, base: str, offset: int) -> str:
        """The place so many bytes after another."""
        return self.element("i8", base, offset) if offset else base

    def field(self, kind: str, base: str, offset: int) -> str:
        """What stands there."""
        return self.load(kind, self.at(base, offset))

    def call(self, result: str, function: str, *arguments: str) -> str:
        """Call a function of Python's C interface; arguments with their types."""
        kinds = ", ".join(x.split()[0] for x in arguments)
        self.declarations.add(f"declare {result} @{function}({kinds})")
        text = f"call {result} @{function}({', '.join(arguments)})"
        if result == "void":
            self.do(text)
            return ""
        return self.set(text)

    def expect(self, kind: str, x: str, content: object) -> None:
        """Go on only if it is that."""
        self.unless(self.set(f"icmp eq {kind} {x}, {content}"), "%other")

    def expect_type(self, item: str, kind: type) -> None:
        """Go on only with exactly this type: a subclass may keep or mean something else."""
        self.expect("ptr", self.field("ptr", item, cpython.TYPE), self.operand(kind))

    def made(self, function: str, *arguments: str) -> str:
        """A new object, if there is memory for it. If not, those made so far are lost: there is no
        code to free them."""
        item = self.call("ptr", function, *arguments)
        self.unless(self.set(f"icmp ne ptr {item}, null"), "%failed")
        return item

    def new_float(self, place: str) -> str:
        """A float object of the number that stands there."""
        number = self.load("double", place)
        return self.made("PyFloat_FromDouble", f"double {number}")

    def numbers(self, name: str, count: int) -> None:
        """Room for so many: before anything can go wrong, for all ways out free it."""
        if count <= ON_THE_STACK:
            self.do(f"{name} = alloca double, i64 {self.hole(max(count, 1))}")
            return
        self.declarations.update(("declare ptr @malloc(i64)", "declare void @free(ptr)"))
        self.do(f"{name} = call ptr @malloc(i64 {self.hole(8 * count)})")
        self._lent.append(name)

    def expect_memory(self) -> None:
        """Go on only if there was memory."""
        for name in self._lent:
            self.unless(self.set(f"icmp ne ptr {name}, null"), "%other")

    def leave(self, result: str) -> None:
        """Return."""
        for name in self._lent:
            self.do(f"call void @free(ptr {name})")
        self.do(f"ret ptr {result}")

    def run_kernel(self) -> None:
        """Call the program's own function, which is compiled along with this one."""
        self.expect("i64", self.set(f"call i64 @kernel(ptr %in, ptr %out{GIVEN})"), -1)

    def end(self, result: str) -> None:
        """Return, and what else may happen."""
        self.leave(result)
        self.label("%toolarge")  # an int beyond all doubles, for which the slower way has words
        self.call("void", "PyErr_Clear")
        self.go("%other")
        self.label("%other")
        other = self.operand(NotImplemented)
        self.call("void", "Py_IncRef", f"ptr {other}")
        self.leave(other)
        self.label("%failed")
        self.leave("null")
        self.do("}")


def add_direct(text: EntryText) -> None:
    """The function `direct`: the entry, where no mode is on and its guards hold. Otherwise, without
    a step of Python in between, what its `self` names."""
    modes = cpython.modes_at_rest()
    if modes is None:
        return
    place, at_rest = modes
    text.begin("ptr @direct(ptr %self, ptr %unused)")
    text.do(FROM_SELF)
    found = text.load("i64", text.address(place))
    text.unless(text.set(f"icmp eq i64 {found}, {text.hole(at_rest)}"), "%otherwise")
    out = text.set("call ptr @entry(ptr %self, ptr null)")
    other = text.operand(NotImplemented)
    text.unless(text.set(f"icmp eq ptr {out}, {other}"), "%done")
    text.call("void", "Py_DecRef", f"ptr {other}")
    text.go("%otherwise")
    text.label("%otherwise")
    function = text.field("ptr", "%self", cpython.TUPLE_ITEMS + 8 * OTHERWISE)
    text.do(f"ret ptr {text.call('ptr', 'PyObject_CallNoArgs', f'ptr {function}')}")
    text.label("%done")
    text.do(f"ret ptr {out}\n}}")


def fixed_data(text: EntryText, x: Any) -> str:
    """Where this very array has its numbers, as long as its shape and its type are what they are:
    both can be assigned."""
    numpy = loaded("numpy")
    if numpy is not None and isinstance(x, numpy.ndarray) and cpython.arrays_are_known():
        return checked_data(text, x, text.operand(x), x.dtype)
    text.kept.append(x)
    return text.address(x.ctypes.data)


def checked_data(text: EntryText, example: Any, item: str, dtype: Any) -> str:
    """Where an array has its numbers, if it is of this type and as the example is."""
    text.expect("ptr", text.field("ptr", item, cpython.ARRAY_DESCR), text.operand(dtype))
    needed = cpython.CONTIGUOUS_AND_ALIGNED
    looked_at = needed | cpython.WRITEABLE
    flags = text.set(f"and i32 {text.field('i32', item, cpython.ARRAY_FLAGS)}, {looked_at}")
    found = needed | cpython.WRITEABLE if example.flags.writeable else needed
    text.expect("i32", flags, found)
    text.expect("i32", text.field("i32", item, cpython.ARRAY_NDIM), example.ndim)
    dims = text.field("ptr", item, cpython.ARRAY_DIMS)
    for axis, length in enumerate(example.shape):
        text.expect("i64", text.field("i64", dims, 8 * axis), text.hole(length))
    return text.field("ptr", item, cpython.ARRAY_DATA)
