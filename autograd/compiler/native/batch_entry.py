"""A kernel over the rows of arrays at fixed places, as a function without arguments that Python can
call: of few rows, the way to the machine code would take as long as what that computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.compiler.native import cpython_layout as cpython
from autograd.compiler.native.entry_function import NOARGS, Entry
from autograd.compiler.native.entry_text import EntryText, Unsupported, add_direct, fixed_data
from autograd.compiler.native.llvm_writer import FROM_SELF, double

__all__ = ["KernelCall", "batch_entry"]


class KernelCall(NamedTuple):
    """Addresses: of a kernel over rows, of its table of arrays, of its work space and of where it
    leaves marks or sums; how many rows; what sums are divided by."""

    function: int
    table: int
    rows: int
    work: int
    out: int
    divisor: float


def batch_entry(
    call: KernelCall, arrays: Sequence[Any], moved: tuple[Any, Any] | None, result: Any
) -> Entry:
    """The call as a function that returns the object `result`, for as long as these arrays have the
    shapes and the types that they have now; NotImplemented after that, and where not all rows were
    done. Where all were, the first array of `moved` is filled from the second.

    Raises Unsupported where CPython, or NumPy, is not as machine code relies on.
    """
    if not cpython.arrays_are_known():
        raise Unsupported
    text = EntryText()
    text.begin("ptr @entry(ptr %self, ptr %unused)")
    text.do(FROM_SELF)
    for x in arrays:
        fixed_data(text, x)
    table, work, out = (f"ptr {text.address(x)}" for x in (call.table, call.work, call.out))
    rows, divisor = f"i64 {text.hole(call.rows)}", f"double {double(call.divisor)}"
    function = text.address(call.function)
    status = text.set(f"call i64 {function}({table}, i64 0, {rows}, {work}, {out}, {divisor})")
    text.expect("i64", status, 0)
    if moved is not None:
        target, source = (text.address(x.ctypes.data) for x in moved)
        text.copy(target, source, text.hole(8 * moved[0].size))
    own = text.operand(result)
    text.call("void", "Py_IncRef", f"ptr {own}")
    text.end(own)
    add_direct(text)
    return Entry(text, text.kept, NOARGS)
