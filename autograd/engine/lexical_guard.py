"""Whether an operation that runs is written inside the arguments of a selection.

`where(x > 0, x * log(x), 0)` is how a formula is guarded, and its arguments are computed first: at
0 the logarithm is -inf, which `where` then leaves out. Whoever watches for infinities has to know
that a selection is about to come, and nothing in the graph says so. The bytecode does: every
instruction has its place in the source, and lies within the call that it belongs to.
"""

from __future__ import annotations

import builtins
import dis
import sys
from functools import lru_cache
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

from autograd.engine.loaded_modules import package_of
from autograd.engine.primitive import TABLE, Primitive

__all__ = ["WRITING", "inside_selection", "is_asked_by_c_code", "is_only_shown"]

CALLS: Final = frozenset(["CALL", "CALL_KW", "CALL_FUNCTION_EX"])
GLOBAL: Final = frozenset(["LOAD_GLOBAL", "LOAD_NAME"])
WRITING: Final = frozenset(["__format__", "__repr__", "__str__", "wrapper"])  # dataclasses'
SHOWING: Final = frozenset(["bdb", "logging", "pdb", "traceback"])  # modules
DROPPING: Final = frozenset(["asyncio", "enum", "reprlib", "signal"])
SEVERAL: Final = frozenset(["max", "min"])  # autograd's, functions that make one node

COMPARING: Final = frozenset(["COMPARE_OP", "CONTAINS_OP"])
BETWEEN: Final = frozenset(  # frames, where nothing is compiled
    {__name__, "autograd.compiler.recording.tracing", "autograd.engine.modes"}
    | {"autograd.engine.observers", "autograd.engine.value"}
)

Place = tuple[int, int]  # line and column
Callee = tuple[bool, tuple[str, ...]]  # whether its first name is global; that name, attributes

PRINT: Final[Callee] = (True, ("print",))


def inside_selection() -> bool:
    """Whether the caller, or a caller of it, is computing an argument of `where`, `clip`,
    `maximum` or the like."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        for callee in _around(frame.f_code, frame.f_lasti):
            if _selects(frame, callee):
                return True
        frame = frame.f_back
    return False


def _selects(frame: FrameType, callee: Callee) -> bool:
    """Whether the function called leaves out some of its arguments."""
    is_global, (name, *attributes) = callee
    if not is_global:  # a local variable, which is not looked at: that would keep it alive
        return not attributes and name in TABLE and TABLE[name].is_selection
    found: Any = frame.f_globals.get(name, getattr(builtins, name, None))
    for attribute in attributes:
        if not isinstance(found, ModuleType):
            return False
        found = getattr(found, attribute, None)
    if isinstance(found, Primitive):
        return found.is_selection
    module, called = getattr(found, "__module__", None), getattr(found, "__name__", "")
    return (module == "autograd.engine.functions" and called in SEVERAL) or (
        module == "numpy" and called == "where"
    )


def is_asked_by_c_code() -> bool:
    """Whether the comparison that is being made is one of C code's that the user's code called
    (NumPy, `sorted`, `max`), and not written there."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "") in BETWEEN:
        frame = frame.f_back
    if frame is None or package_of(frame) == "autograd":
        return False
    return not _compares(frame.f_code, frame.f_lasti)


@lru_cache(4096)
def _compares(code: CodeType, offset: int) -> bool:
    """Whether an instruction is a comparison."""
    return dis.opname[code.co_code[offset]] in COMPARING


def is_only_shown() -> bool:
    """Whether a text that is being made goes to a person: it is an argument of `print`, of which
    nothing comes back, or is made by a log or a debugger."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package = package_of(frame)
        if package not in ("autograd", "nn", "numpy") and frame.f_code.co_name not in WRITING:
            if _is_for_nobody(frame):
                return True
            prints = frame.f_globals.get("print", builtins.print) is builtins.print
            return package in SHOWING or (prints and _is_printed(frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return False


def _is_for_nobody(frame: FrameType | None) -> bool:
    """Whether a text is made by `signal`, of the error that it makes of a handler's repr, and
    drops: asyncio's holds the task, and so its result."""
    while frame is not None and package_of(frame) in DROPPING:
        if frame.f_code.co_name == "_int_to_enum":
            return True
        frame = frame.f_back
    return False


@lru_cache(4096)
def _is_printed(code: CodeType, offset: int) -> bool:
    """Whether an instruction is a call of `print` to the console, or computes an argument of it."""
    start, end = _spans(code)[offset // 2]
    return any(
        callee == PRINT and first <= start and end <= last and not _names_a_file(code, first, last)
        for (first, last), callee in _calls(code)
    )


def _names_a_file(code: CodeType, first: Place, last: Place) -> bool:
    """Whether a call has an argument by that name, or may have one."""
    for one in dis.get_instructions(code):
        start, end = _spans(code)[one.offset // 2]
        if first <= start and end <= last:
            is_names = one.opname == "KW_NAMES"  # whose argument `dis` does not look up
            names = code.co_consts[one.arg or 0] if is_names else one.argval
            if one.opname == "CALL_FUNCTION_EX" or (isinstance(names, tuple) and "file" in names):
                return True
    return False


@lru_cache(4096)
def _around(code: CodeType, offset: int) -> tuple[Callee, ...]:
    """What is called by the calls among whose arguments an instruction is."""
    start, end = _spans(code)[offset // 2]
    return tuple(
        callee
        for (first, last), callee in _calls(code)
        if first <= start and end <= last and (first, last) != (start, end)
    )


@lru_cache(256)
def _spans(code: CodeType) -> list[tuple[Place, Place]]:
    """Where in the source each code unit stands; (0, 0) where that is not kept."""
    return [
        ((line or 0, column or 0), (last_line or 0, last_column or 0))
        for line, last_line, column, last_column in code.co_positions()
    ]


@lru_cache(256)
def _calls(code: CodeType) -> list[tuple[tuple[Place, Place], Callee]]:
    """Every call in the code of a function by its name: where it stands, and the name."""
    spans = _spans(code)
    names: dict[Place, list[tuple[Place, dis.Instruction]]] = {}
    calls: list[tuple[Place, Place]] = []
    for one in dis.get_instructions(code):
        start, end = spans[one.offset // 2]
        if one.opname in CALLS:
            calls.append((start, end))
        elif one.opname.startswith("LOAD_") and isinstance(one.argval, str):
            names.setdefault(start, []).append((end, one))
    found = []
    for start, end in calls:
        path = [one for last, one in sorted(names.get(start, []), key=lambda x: x[0]) if last < end]
        nested = any(first == start and last < end for first, last in calls)
        if path and not nested:
            callee = path[0].opname in GLOBAL, tuple(str(one.argval) for one in path)
            found.append(((start, end), callee))
    return found
