"""LLVM assembly of a program: straight-line code, for one number a register or for several lanes.

Only text is made here. With `lanes` = 1 the code does to a double, in the same order, what the
reference interpreter does, and calls the same C library as Python; nothing may be reordered,
contracted or assumed about NaN (no fast-math flags). With more lanes a register is a vector, one
lane for each row of a batch, and functions of the C library come from its vector form where there
is one (`vector_names`), else lane by lane.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from autograd.compiler.ir.lowering import INSTRUCTIONS, LIBRARY
from autograd.compiler.ir.program import Program, needed_for

__all__ = ["Assembly", "double"]

ARITHMETIC: Final = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "neg": "fneg"}
INTRINSICS: Final = {
    "abs": "fabs",
    "sqrt": "sqrt",
    "floor": "floor",
    "ceil": "ceil",
    "round": "rint",
    "copysign": "copysign",
}
CONDITIONS: Final = {"lt": "olt", "le": "ole", "eq": "oeq"}
LOGIC: Final = {"and": "and", "or": "or"}

PIECE: Final = 400  # lines of a basic block; shorter ones make slower code
NEVER: Final = "never:\nret i64 0"

# Not LLVM's to replace by something nearly the same, as it would pow(x, 0.5).
ATTRIBUTES: Final = "attributes #0 = { nobuiltin nounwind willreturn memory(none) }"


def double(x: float) -> str:
    """A constant, to the bit."""
    bits: int = struct.unpack("<Q", struct.pack("<d", x))[0]
    return f"0x{bits:016X}"


class Assembly:
    """The text of a program's operations, register by register.

    `addresses` gives where to call back for operations that are no instructions, by their name and
    the number of their inputs; `vector_names` the vector form of library functions; `scales` says
    that vectors of this many lanes are scaled by powers of two in one step.
    """

    def __init__(
        self,
        program: Program,
        lanes: int = 1,
        addresses: Mapping[tuple[str, int], int] | None = None,
        vector_names: Mapping[str, str] | None = None,
        scales: bool = False,
    ) -> None:
        self.program = program
        self.lanes = lanes
        self.type = "double" if lanes == 1 else f"<{lanes} x double>"
        self.truth = "i1" if lanes == 1 else f"<{lanes} x i1>"
        self.declarations: set[str] = set()
        self.lines: list[str] = []
        self._addresses = addresses or {}
        self._vector_names = vector_names or {}
        self._scales = scales
        self._temporaries = 0
        # Decisions are to come out as they do one by one: no other library for what they hang on.
        self._decisive = needed_for(program, [guard.register for guard in program.guards])

    def operations(
        self,
        load: Callable[[int], str],
        check: Callable[[int, str, bool], None],
        give: Callable[[int, str], None],
    ) -> None:
        """Append the code of every operation. `load(slot)` gives the operand that holds an input
        (it is asked at every use), `check(index, truth, expected)` appends what has to happen at a
        guard, `give(i, operand)` what to do with the i-th result, as soon as it is known."""
        checks = self.program.checks()
        results: dict[int, list[int]] = {}
        for i, register in enumerate(self.program.outputs):
            results.setdefault(register, []).append(i)
        for i, op in enumerate(self.program.code):
            if op.name not in ("const", "input"):
                operands = [self._held(j, load) for j in op.operands]
                self.compute(f"%r{i}", op.name, operands, self._decisive[i])
            for index in checks.get(i, ()):
                guard = self.program.guards[index]
                check(index, f"%r{guard.register}", guard.expected)
            for result in results.get(i, ()):
                give(result, self._held(i, load))

    def _held(self, register: int, load: Callable[[int], str]) -> str:
        op = self.program.code[register]
        if op.name == "const":
            return self.constant(op.value)
        return load(int(op.value)) if op.name == "input" else f"%r{register}"

    def constant(self, x: float) -> str:
        """An operand that holds a constant in every lane."""
        if self.lanes == 1:
            return double(x)
        return "<" + ", ".join([f"double {double(x)}"] * self.lanes) + ">"

    def temporary(self) -> str:
        """A new name."""
        self._temporaries += 1
        return f"%t{self._temporaries}"

    def compute(
        self, out: str, name: str, operands: Sequence[str], is_decisive: bool = False
    ) -> None:
        """Append the code of one instruction. One that is decisive gives the same bits in lanes as
        it does alone."""
        shown = ", ".join(operands)
        if name in ARITHMETIC:
            self.lines.append(f"{out} = {ARITHMETIC[name]} {self.type} {shown}")
        elif name in CONDITIONS:
            self.lines.append(f"{out} = fcmp {CONDITIONS[name]} {self.type} {shown}")
        elif name in LOGIC:
            self.lines.append(f"{out} = {LOGIC[name]} {self.truth} {shown}")
        elif name == "not":
            self.lines.append(f"{out} = xor {self.truth} {shown}, {self.all_true()}")
        elif name == "select":
            truth, a, b = operands
            self.lines.append(
                f"{out} = select {self.truth} {truth}, {self.type} {a}, {self.type} {b}"
            )
        elif name in INTRINSICS:
            self._call(out, f"@llvm.{INTRINSICS[name]}.{self._suffix()}", operands, self.type)
        elif name == "fma":
            self._call(out, f"@llvm.fma.{self._suffix()}", operands, self.type)
        elif name == "scale":
            self._scale(out, *operands)
        elif self.lanes > 1 and name in self._vector_names and not is_decisive:
            self._call(out, f"@{self._vector_names[name]}", operands, self.type)
        elif self.lanes > 1:
            self._lane_by_lane(out, name, operands)
        else:
            self._call_scalar(out, name, operands)

    def _suffix(self) -> str:
        return "f64" if self.lanes == 1 else f"v{self.lanes}f64"

    def _scale(self, out: str, x: str, n: str) -> None:
        """x * 2**n: by AVX-512's instruction, or in two steps, neither of which overflows or
        underflows before the number itself does."""
        kind = self.type
        if self._scales:
            name = "@llvm.x86.avx512.mask.scalef.pd.512"
            self.declarations.add(f"declare {kind} {name}({kind}, {kind}, {kind}, i8, i32)")
            given = f"{kind} {x}, {kind} {n}, {kind} {x}, i8 -1, i32 4"
            self.lines.append(f"{out} = call {kind} {name}({given})")
            return
        half, low, high, once = [self.temporary() for _ in range(4)]
        self.compute(half, "mul", [n, self.constant(0.5)])
        self.compute(low, "floor", [half])
        self.compute(high, "sub", [n, low])
        self.compute(once, "mul", [x, self._power_of_two(low)])
        self.compute(out, "mul", [once, self._power_of_two(high)])

    def _power_of_two(self, n: str) -> str:
        """2**n for whole n from -1022 to 1023. Added to a number whose last bit counts ones, n
        stands in the last bits; from there it is shifted to where the exponent is."""
        bits, moved = self.temporary(), self.temporary()
        shifted, out = self.temporary(), self.temporary()
        whole = "i64" if self.lanes == 1 else f"<{self.lanes} x i64>"
        by = "52" if self.lanes == 1 else "<" + ", ".join(["i64 52"] * self.lanes) + ">"
        self.compute(moved, "add", [n, self.constant(1.5 * 2.0**52 + 1023.0)])
        self.lines.append(f"{bits} = bitcast {self.type} {moved} to {whole}")
        self.lines.append(f"{shifted} = shl {whole} {bits}, {by}")
        self.lines.append(f"{out} = bitcast {whole} {shifted} to {self.type}")
        return out

    def all_true(self) -> str:
        """The truth value that holds in every lane."""
        return "true" if self.lanes == 1 else "<" + ", ".join(["i1 true"] * self.lanes) + ">"

    def _call(self, out: str, function: str, operands: Sequence[str], kind: str) -> None:
        self.declarations.add(f"declare {kind} {function}({', '.join([kind] * len(operands))})")
        given = ", ".join(f"{kind} {x}" for x in operands)
        self.lines.append(f"{out} = call {kind} {function}({given}) #0")

    def _call_scalar(self, out: str, name: str, operands: Sequence[str]) -> None:
        if name in LIBRARY:
            self._call(out, f"@{name}", operands, "double")
            return
        given = ", ".join(f"double {x}" for x in operands)
        types = ", ".join(["double"] * len(operands))
        target = f"inttoptr (i64 {self._addresses[name, len(operands)]} to ptr)"
        self.lines.append(f"{out} = call double ({types}) {target}({given})")

    def _lane_by_lane(self, out: str, name: str, operands: Sequence[str]) -> None:
        whole = "poison"
        for lane in range(self.lanes):
            parts = []
            for x in operands:
                part = self.temporary()
                self.lines.append(f"{part} = extractelement {self.type} {x}, i32 {lane}")
                parts.append(part)
            scalar = self.temporary()
            self._call_scalar(scalar, name, parts)
            new = out if lane == self.lanes - 1 else self.temporary()
            self.lines.append(
                f"{new} = insertelement {self.type} {whole}, double {scalar}, i32 {lane}"
            )
            whole = new


def callbacks_of(program: Program) -> set[str]:
    """The names of the operations that no machine has."""
    return {op.name for op in program.code if op.name not in INSTRUCTIONS}


def in_pieces(lines: Iterable[str], pointer: str) -> Iterator[str]:
    """Straight-line code in basic blocks of a few hundred lines: the time that LLVM takes over one
    grows faster than its length. So that it does not join them again, each is entered by a decision
    that comes out one way only: `pointer` is never null. The other way is NEVER."""
    length, before = 0, ""
    for number, line in enumerate(lines):
        length = 0 if line.endswith(":") else length + 1
        if length > PIECE and line.startswith("%") and before.startswith("%"):
            yield f"%always{number} = icmp ne ptr {pointer}, null"
            yield f"br i1 %always{number}, label %piece{number}, label %never"
            yield f"piece{number}:"
            length = 1
        yield line
        before = line


def scalar_kernel(
    program: Program, addresses: Mapping[tuple[str, int], int], name: str = "kernel"
) -> str:
    """`i64 name(const double *in, double *out)`: -1, or the index of the guard that failed; then
    what is in `out` has no meaning."""
    assembly = Assembly(program, addresses=addresses)
    lines = assembly.lines

    loaded: set[int] = set()

    def load(slot: int) -> str:
        if slot not in loaded:
            loaded.add(slot)
            lines.append(f"%p{slot} = getelementptr double, ptr %in, i64 {slot}")
            lines.append(f"%in{slot} = load double, ptr %p{slot}")
        return f"%in{slot}"

    def check(index: int, truth: str, expected: bool) -> None:
        ways = (f"%pass{index}", f"%fail{index}")
        first, second = ways if expected else ways[::-1]
        lines.append(f"br i1 {truth}, label {first}, label {second}")
        lines.append(f"fail{index}:")
        lines.append(f"ret i64 {index}")
        lines.append(f"pass{index}:")

    def give(i: int, x: str) -> None:
        # At once, and not at the end: so many numbers at a time fit no processor's registers, and
        # LLVM would take its time to find that out.
        lines.append(f"%q{i} = getelementptr double, ptr %out, i64 {i}")
        lines.append(f"store double {x}, ptr %q{i}")

    assembly.operations(load, check, give)
    lines.append("ret i64 -1")
    head = f"define i64 @{name}(ptr noalias readonly %in, ptr noalias %out) {{"
    body = ["entry:", *in_pieces(lines, "%in"), NEVER, "}"]
    return "\n".join([*sorted(assembly.declarations), head, *body, ATTRIBUTES, ""])
