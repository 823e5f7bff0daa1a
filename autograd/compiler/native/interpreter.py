"""The native interpreter: one loop in machine code that runs any program, without compiling it.

It is made once per process from the instructions that straight-line code is made of: a case for
each. A program is bytecode for it, four integers per operation, so it runs the moment it is
recorded; and where a program is larger than the processor's instruction cache it is also the
fastest way to run it.
"""

from __future__ import annotations

import ctypes
from array import array
from functools import cache
from typing import Final

from autograd.compiler.ir.bytecode import tabulated
from autograd.compiler.ir.flat_code import CONST, flat
from autograd.compiler.ir.lowering import BINARY, LIBRARY, UNARY
from autograd.compiler.ir.meanings import TRUTH_OPERANDS, TRUTHS
from autograd.compiler.ir.program import Program
from autograd.compiler.native.llvm_codegen import BINARY_LIBRARY, Instructions, callbacks_of
from autograd.compiler.native.llvm_writer import GIVEN, Holed, Text
from autograd.compiler.native.machine import MachineCode, compile_llvm

__all__ = ["Bytecode", "can_interpret"]

NAMES: Final = sorted([*UNARY, *BINARY, *LIBRARY, *TRUTHS, "select"])
OPCODES: Final = {name: code for code, name in enumerate(NAMES)}
HOLDS: Final = len(NAMES)  # a guard whose truth value has to hold
FAILS: Final = len(NAMES) + 1  # or not to
OF_ONE: Final = frozenset([*UNARY, "not", *(LIBRARY - BINARY_LIBRARY)])
INTERPRETER_HEAD: Final = (
    "i64 @interpret(ptr %code, i64 %count, ptr %registers, i64 %first, "
    "ptr %in, i64 %inputs, ptr %out, ptr %results, i64 %outputs)"
)


@cache
def _interpreter() -> MachineCode:
    """The interpreter's machine code."""
    text = Instructions()
    text.begin(INTERPRETER_HEAD)
    text.copy("%registers", "%in", text.set("mul i64 %inputs, 8"))
    with text.loop("%count") as i:
        line = text.element("[4 x i32]", "%code", i)
        opcode = text.load("i32", line)
        index = _integer(text, line, 1)
        a = text.load("double", text.element("double", "%registers", index))
        other = _integer(text, line, 2)  # of a guard: its index
        # Every line has the next register for its result, so the line need not say which.
        target = text.element("double", "%registers", text.set(f"add i64 %first, {i}"))
        codes = [*OPCODES.values(), HOLDS, FAILS]
        cases = " ".join(f"i32 {code}, label %case{code}" for code in codes)
        text.do(f"switch i32 {opcode}, label %next [ {cases} ]")
        for name in NAMES:
            _case(text, name, line, a, other, target)
        for code, labels in ((HOLDS, ("%next", "%failed")), (FAILS, ("%failed", "%next"))):
            text.label(f"case{code}")
            text.branch(text.set(f"fcmp une double {a}, 0.0"), *labels)
        text.label("failed")
        told, none = _integer(text, line, 3), text.new("none")
        text.branch(text.set(f"icmp eq i64 {told}, 0"), none, "%tell")
        text.label("tell")
        place = text.element("double", "%registers", text.set(f"sub i64 {told}, 1"))
        number = text.load("double", place)
        text.store("double", number, "%out")
        text.go(none)
        text.label(none)
        text.do(f"ret i64 {other}")
        text.label("next")
    with text.loop("%outputs") as i:
        index = _integer(text, text.element("i32", "%results", i), 0)
        result = text.load("double", text.element("double", "%registers", index))
        text.store("double", result, text.element("double", "%out", i))
    text.do("ret i64 -1\n}")
    return compile_llvm(str(text))


def _integer(text: Instructions, line: str, place: int) -> str:
    return text.set(f"zext i32 {text.load('i32', text.element('i32', line, place))} to i64")


def _case(text: Instructions, name: str, line: str, a: str, other: str, target: str) -> None:
    text.label(f"case{OPCODES[name]}")
    operands = [a]
    if name not in OF_ONE:
        operands.append(text.load("double", text.element("double", "%registers", other)))
    if name == "select":
        third = text.element("double", "%registers", _integer(text, line, 3))
        operands.append(text.load("double", third))
    # A register holds a double, whatever it means: a truth value is 1.0 or 0.0.
    for i in range(TRUTH_OPERANDS.get(name, 0)):
        operands[i] = text.set(f"fcmp une double {operands[i]}, 0.0")
    out = text.compute(name, operands)
    if name in TRUTHS:
        out = text.set(f"uitofp i1 {out} to double")
    text.store("double", out, target)
    text.go("%next")


def can_interpret(program: Program) -> bool:
    """Whether there is a case for everything in it."""
    return not callbacks_of(program)


class Bytecode:
    """A program as the interpreter reads it. Registers are laid out as inputs, constants, then one
    for each line of the table; a program that runs has them for itself (the lock of Python's
    interpreter is held meanwhile)."""

    def __init__(self, program: Program) -> None:
        code = flat(program.code)
        checks = {
            i: [_check(program, index) for index in indices]
            for i, indices in program.checks().items()
        }
        inputs = len(program.inputs)
        self._first = inputs + code.count_of(CONST)
        table, places, size = tabulated(code, inputs, OPCODES, checks)
        # Machine code has the addresses of all these, so they live as long as this object.
        self._program = program
        self._table = table
        self._results = array("i", [places[i] for i in program.outputs] or [0])
        self._interpreter = _interpreter()  # several threads may each have made one
        self._registers = (ctypes.c_double * max(size, 1))()
        for i, x in enumerate(code.constants(), inputs):
            self._registers[i] = x

    def kernel(self) -> Holed:
        """The assembly of `i64 kernel(const double *in, double *out)`."""
        text = Text()
        text.begin(f"i64 @kernel(ptr %in, ptr %out{GIVEN})")
        given = [
            f"ptr {text.address(self._table.buffer_info()[0])}",
            f"i64 {text.hole(len(self._table) // 4)}",
            f"ptr {text.address(ctypes.addressof(self._registers))}",
            f"i64 {text.hole(self._first)}",
            "ptr %in",
            f"i64 {text.hole(len(self._program.inputs))}",
            "ptr %out",
            f"ptr {text.address(self._results.buffer_info()[0])}",
            f"i64 {text.hole(len(self._program.outputs))}",
        ]
        target = text.address(self._interpreter.address("interpret"))
        failed = text.set(f"call i64 {target}({', '.join(given)})")
        text.do(f"ret i64 {failed}\n}}")
        return text.holed()


def _check(program: Program, index: int) -> tuple[int, int, int, int | None]:
    """The line that checks a guard, and tells the number that was converted to int."""
    guard = program.guards[index]
    kind = HOLDS if guard.expected else FAILS
    return kind, guard.register, index, program.converted(index)
