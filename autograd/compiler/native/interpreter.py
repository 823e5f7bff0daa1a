"""The native interpreter: one loop in machine code that runs any program, without compiling it.

It is made once per process from the same lines of assembly that straight-line code is made of: a
case per instruction. A program is a table of four integers per operation, so it runs the moment it
is recorded; and where a program is larger than the processor's instruction cache it is also the
fastest way to run it.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from functools import cache
from typing import Final

from autograd.compiler.ir.lowering import BINARY, LIBRARY, UNARY
from autograd.compiler.ir.program import TRUTHS, Op, Program
from autograd.compiler.native.codegen import ATTRIBUTES, Assembly, callbacks_of
from autograd.compiler.native.machine import MachineCode, compile_llvm

__all__ = ["Bytecode", "can_interpret"]

NAMES: Final = sorted([*UNARY, *BINARY, *LIBRARY, *TRUTHS, "select"])
OPCODES: Final = {name: code for code, name in enumerate(NAMES)}
HOLDS: Final = len(NAMES)  # a guard whose truth value has to hold
FAILS: Final = len(NAMES) + 1  # or not to
TWO: Final = frozenset(["pow", "fmod", "atan2", "hypot"])

INTERPRETER = """
define i64 @interpret(ptr %code, i64 %count, ptr %registers, i64 %first,
                      ptr %in, i64 %inputs, ptr %out, ptr %results, i64 %outputs) {{
entry:
  %bytes = mul i64 %inputs, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %registers, ptr %in, i64 %bytes, i1 false)
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %following, %next ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %fetch, label %finish
fetch:
  %here = getelementptr [4 x i32], ptr %code, i64 %i
  %opcode = load i32, ptr %here
  %pa = getelementptr i32, ptr %here, i64 1
  %ia = load i32, ptr %pa
  %xa = zext i32 %ia to i64
  %ra = getelementptr double, ptr %registers, i64 %xa
  %a = load double, ptr %ra
  %pb = getelementptr i32, ptr %here, i64 2
  %ib = load i32, ptr %pb
  %xb = zext i32 %ib to i64
  %rb = getelementptr double, ptr %registers, i64 %xb
  %target = add i64 %first, %i
  %rt = getelementptr double, ptr %registers, i64 %target
  switch i32 %opcode, label %next [
{table}
  ]
{cases}
holds:
  %held = fcmp une double %a, 0.0
  br i1 %held, label %next, label %failed
fails:
  %hit = fcmp une double %a, 0.0
  br i1 %hit, label %failed, label %next
failed:
  ret i64 %xb
next:
  %following = add i64 %i, 1
  br label %loop
finish:
  %some = icmp sgt i64 %outputs, 0
  br i1 %some, label %copy, label %done
copy:
  %o = phi i64 [ 0, %finish ], [ %o2, %copy ]
  %po = getelementptr i32, ptr %results, i64 %o
  %io = load i32, ptr %po
  %xo = zext i32 %io to i64
  %ro = getelementptr double, ptr %registers, i64 %xo
  %vo = load double, ptr %ro
  %qo = getelementptr double, ptr %out, i64 %o
  store double %vo, ptr %qo
  %o2 = add i64 %o, 1
  %left = icmp slt i64 %o2, %outputs
  br i1 %left, label %copy, label %done
done:
  ret i64 -1
}}
"""


@cache
def _loop() -> MachineCode:
    """The interpreter's machine code."""
    assembly = Assembly(Program((), (), ()))
    table = [f"    i32 {code}, label %case{code}" for code in OPCODES.values()]
    table += [f"    i32 {HOLDS}, label %holds", f"    i32 {FAILS}, label %fails"]
    for name, code in OPCODES.items():
        _case(assembly, name, code)
    assembly.declarations.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    text = INTERPRETER.format(table="\n".join(table), cases="\n".join(assembly.lines))
    return compile_llvm("\n".join([*sorted(assembly.declarations), text, ATTRIBUTES, ""]))


def _case(assembly: Assembly, name: str, code: int) -> None:
    lines = assembly.lines
    lines.append(f"case{code}:")
    operands = ["%a"]
    if name not in UNARY and name != "not" and (name not in LIBRARY or name in TWO):
        lines.append(f"%b{code} = load double, ptr %rb")
        operands.append(f"%b{code}")
    if name == "select":
        lines.append(f"%pc{code} = getelementptr i32, ptr %here, i64 3")
        lines.append(f"%ic{code} = load i32, ptr %pc{code}")
        lines.append(f"%xc{code} = zext i32 %ic{code} to i64")
        lines.append(f"%rc{code} = getelementptr double, ptr %registers, i64 %xc{code}")
        lines.append(f"%c{code} = load double, ptr %rc{code}")
        operands.append(f"%c{code}")
    truths = {"and": 2, "or": 2, "not": 1, "select": 1}.get(name, 0)
    for i in range(truths):
        lines.append(f"%t{code}_{i} = fcmp une double {operands[i]}, 0.0")
        operands[i] = f"%t{code}_{i}"
    out = f"%out{code}"
    assembly.compute(out, name, operands)
    if name in TRUTHS:
        lines.append(f"%d{code} = uitofp i1 {out} to double")
        out = f"%d{code}"
    lines.append(f"store double {out}, ptr %rt")
    lines.append("br label %next")


def can_interpret(program: Program) -> bool:
    """Whether there is a case for everything in it."""
    return not callbacks_of(program)


class Bytecode:
    """A program as the interpreter reads it. Registers are laid out as inputs, constants, then one
    for each line of the table; a program that runs has them for itself (the lock of Python's
    interpreter is held meanwhile)."""

    def __init__(self, program: Program) -> None:
        places = _places(program)
        checks = program.checks()
        inputs = len(program.inputs)
        constants = [op.value for op in program.code if op.name == "const"]
        table = array("i")
        next_place = self._first = inputs + len(constants)
        for i, op in enumerate(program.code):
            if op.name not in ("input", "const"):
                places[i] = next_place
                next_place += 1
                table.extend(_line(op, places))
            for index in checks.get(i, ()):
                guard = program.guards[index]
                kind = HOLDS if guard.expected else FAILS
                table.extend((kind, places[guard.register], index, 0))
                next_place += 1
        self._table = table
        self._count = len(table) // 4
        self._results = array("i", [places[i] for i in program.outputs] or [0])
        self._outputs = len(program.outputs)
        self._inputs = inputs
        self._loop = _loop()  # several threads may each have made one
        self._registers = (ctypes.c_double * max(next_place, 1))()
        for i, x in enumerate(constants, inputs):
            self._registers[i] = x

    def kernel(self) -> str:
        """The assembly of `i64 kernel(const double *in, double *out)`."""
        numbers = [
            f"ptr {_pointer(self._table.buffer_info()[0])}",
            f"i64 {self._count}",
            f"ptr {_pointer(ctypes.addressof(self._registers))}",
            f"i64 {self._first}",
            "ptr %in",
            f"i64 {self._inputs}",
            "ptr %out",
            f"ptr {_pointer(self._results.buffer_info()[0])}",
            f"i64 {self._outputs}",
        ]
        target = _pointer(self._loop.address("interpret"))
        return (
            "define i64 @kernel(ptr %in, ptr %out) {\n"
            f"%failed = call i64 {target}({', '.join(numbers)})\n"
            "ret i64 %failed\n}\n"
        )


def _pointer(address: int) -> str:
    return f"inttoptr (i64 {address} to ptr)"


def _places(program: Program) -> list[int]:
    """Where the inputs and the constants are; the others follow."""
    places = [0] * len(program.code)
    next_place = len(program.inputs)
    for i, op in enumerate(program.code):
        if op.name == "input":
            places[i] = int(op.value)
        elif op.name == "const":
            places[i] = next_place
            next_place += 1
    return places


def _line(op: Op, places: Sequence[int]) -> tuple[int, int, int, int]:
    operands = [places[i] for i in op.operands]
    a, b, c = [*operands, 0, 0, 0][:3]
    return OPCODES[op.name], a, b, c
