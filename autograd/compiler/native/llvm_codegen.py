"""Writes a program as LLVM assembly: one number per register, or one per lane of a vector. Guards
are checked here.

Only text is made here. With `lanes` = 1 the code does to a double, in the same order, what the
reference interpreter (`Program.evaluate`) does, and calls the same C library as Python; nothing may
be reordered, contracted or assumed about NaN (no fast-math flags). With more lanes a register is a
vector, one lane for each row of a batch, and functions of the C library come from its vector form
where there is one (`vector_names`), else lane by lane.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from autograd.compiler.ir.lowering import INSTRUCTIONS, LIBRARY
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import needed_for
from autograd.compiler.native.llvm_writer import GIVEN, Holed, Text, bits_of, double, pointer
from autograd.compiler.native.vector_erf import OWN_ERF, erf
from autograd.engine.primitives import TABLE

__all__ = [
    "Instructions",
    "KernelText",
    "open_kernel",
    "scalar_kernel",
    "vector_of",
]

ARITHMETIC: Final = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "neg": "fneg"}
INTRINSICS: Final = {
    "abs": "fabs",
    "sqrt": "sqrt",
    "floor": "floor",
    "ceil": "ceil",
    "round": "rint",
    "copysign": "copysign",
    "fma": "fma",
}
# Ordered comparisons: those with NaN do not hold, as in Python.
CONDITIONS: Final = {"lt": "olt", "le": "ole", "eq": "oeq"}
BINARY_LIBRARY: Final = frozenset(name for name in LIBRARY if TABLE[name].arity == 2)

IN_VECTORS: Final = frozenset(["fma", "scale"])
"""What `simd_math` writes with, beside the instructions."""

PIECE: Final = 400  # lines of a basic block; shorter ones make slower code

# "nobuiltin": not LLVM's to replace by something nearly the same, as it would pow(x, 0.5) by sqrt.
# The rest lets it drop and move calls: these functions only compute.
ATTRIBUTES: Final = "attributes #0 = { nobuiltin nounwind willreturn memory(none) }"


def vector_of(kind: str, lanes: int) -> str:
    """The type of so many such things, for so many lanes."""
    return kind if lanes == 1 else f"<{lanes} x {kind}>"


class Instructions(Text):
    """The instructions of programs, as text.

    `addresses` gives the Python functions of operations that are no instructions, by their name and
    the number of their inputs; `vector_names` the vector form of library functions, for so many
    lanes as are `native`; `scales` says that vectors of so many are scaled by powers of two in one
    step.
    """

    def __init__(
        self,
        lanes: int = 1,
        addresses: Mapping[tuple[str, int], int] | None = None,
        vector_names: Mapping[str, str] | None = None,
        scales: bool = False,
        native: int = 0,
    ) -> None:
        super().__init__()
        self.lanes = lanes
        self.native = native or lanes
        """Lanes of the processor's vectors, of which one here may take several."""
        self.type = self.vector("double")
        self.truth = self.vector("i1")
        self._addresses = addresses or {}
        self._vector_names = vector_names or {}
        self._scales = scales
        self._asked: set[int] = set()  # the numbers of inputs of the primitives that are asked

    def assembly(self) -> str:
        """All lines, and what they call."""
        helpers = [_Asking(count).assembly() for count in sorted(self._asked)]
        return "".join([super().assembly(), *helpers, f"{ATTRIBUTES}\n"])

    def vector(self, kind: str) -> str:
        """The type of one such thing for every lane."""
        return vector_of(kind, self.lanes)

    def in_every_lane(self, kind: str, x: object) -> str:
        """An operand that holds a constant of this type in every lane."""
        if self.lanes == 1:
            return str(x)
        return "<" + ", ".join([f"{kind} {x}"] * self.lanes) + ">"

    def constant(self, x: float) -> str:
        """A number in every lane."""
        return self.in_every_lane("double", double(x))

    def open_constant(self, x: float) -> str:
        """A number that may be another one in a program of the same form."""
        return self.set(f"bitcast i64 {self.hole(bits_of(x))} to double")

    def splat(self, kind: str, x: str, lanes: int = 0) -> str:
        """A vector that holds the same in all of its lanes, as many as there are here or others."""
        lanes = lanes or self.lanes
        if lanes == 1:
            return x
        vector = vector_of(kind, lanes)
        first = self.set(f"insertelement {vector} poison, {kind} {x}, i32 0")
        zeros = f"<{lanes} x i32> zeroinitializer"
        return self.set(f"shufflevector {vector} {first}, {vector} poison, {zeros}")

    def compute(self, name: str, operands: Sequence[str], is_decisive: bool = False) -> str:
        """Append one instruction, and give its result. One that is decisive gives the same bits in
        lanes as it does alone."""
        kind, shown = self.type, ", ".join(operands)
        if name in ARITHMETIC:
            return self.set(f"{ARITHMETIC[name]} {kind} {shown}")
        if name in CONDITIONS:
            return self.set(f"fcmp {CONDITIONS[name]} {kind} {shown}")
        if name in ("and", "or"):
            return self.set(f"{name} {self.truth} {shown}")
        if name == "not":
            return self.set(f"xor {self.truth} {shown}, {self.in_every_lane('i1', 'true')}")
        if name == "select":
            truth, a, b = operands
            return self.set(f"select {self.truth} {truth}, {kind} {a}, {kind} {b}")
        if name in INTRINSICS:
            # An intrinsic is one instruction of the processor or, on older ones, a call.
            suffix = "f64" if self.lanes == 1 else f"v{self.lanes}f64"
            return self._call(f"llvm.{INTRINSICS[name]}.{suffix}", operands, kind)
        if name == "scale":
            return self._scale(*operands)
        if self.lanes == 1:
            return self._alone(name, operands, 0)
        # The vector library rounds otherwise than the scalar one: a comparison of its results could
        # come out otherwise than for the row alone.
        if name in self._vector_names and not is_decisive:
            return self._natively(partial(self._by_vectors, self._vector_names[name]), operands)
        return self._lane_by_lane(name, operands)

    def _call(self, function: str, operands: Sequence[str], kind: str) -> str:
        self.declarations.add(f"declare {kind} @{function}({', '.join([kind] * len(operands))})")
        return self.set(f"call {kind} @{function}({_typed(kind, operands)}) #0")

    def _by_vectors(self, function: str, *operands: str) -> str:
        if function == OWN_ERF:
            return erf(self, *operands)
        return self._call(function, operands, self.piece)

    def _alone(self, name: str, operands: Sequence[str], lane: int) -> str:
        """A function of the C library, or a user's primitive, of the numbers of one lane."""
        if name in LIBRARY:
            return self._call(name, operands, "double")
        truth = self.is_wanted(lane)
        return self._ask_if(truth, name, operands) if truth else self._ask(name, operands)

    def _lane_by_lane(self, name: str, operands: Sequence[str]) -> str:
        whole = "poison"
        for lane in range(self.lanes):
            parts = [self.lane_of(x, lane) for x in operands]
            whole = self.with_lane(whole, self._alone(name, parts, lane), lane)
        return whole

    def is_wanted(self, lane: int) -> str:
        """Holds if the numbers of a lane are still wanted; "" if they always are."""
        return ""

    def _ask_if(self, truth: str, name: str, operands: Sequence[str]) -> str:
        """A user's primitive of a row that has left the path is not asked: it may raise there."""
        ask, asked, skip, after = (self.new(x) for x in ("ask", "asked", "skip", "after"))
        self.branch(truth, ask, skip)
        self.label(ask)
        number = self._ask(name, operands)
        self.go(asked)
        # Blocks of nothing but a jump: `_in_pieces` does not split these, and the phi names them.
        for block in (asked, skip):
            self.label(block)
            self.go(after)
        self.label(after)
        return self.set(f"phi double [ {number}, {asked} ], [ {double(math.nan)}, {skip} ]")

    def _ask(self, name: str, operands: Sequence[str]) -> str:
        """Call a user's primitive, which is Python. The lock of Python's interpreter is held; what
        it raises ends the kernel, and ctypes raises it in the caller."""
        count = len(operands)
        function = f"ptr {pointer(self._addresses[name, count])}"
        self._asked.add(count)
        given = ", ".join([function, *[f"double {x}" for x in operands]])
        number = self.set(f"call double @ask{count}({given})")
        self.declarations.update(ASKING)
        error = self.set("call ptr @PyErr_Occurred()")
        self.unless(self.set(f"icmp eq ptr {error}, null"), "%raised")
        return number

    def end_asking(self) -> None:
        """Where a function ends whose primitive has raised."""
        if self._asked:
            self.label("%raised")
            self.do("ret i64 -2")

    def lane_of(self, x: str, lane: int) -> str:
        """The number in one lane."""
        return self.set(f"extractelement {self.type} {x}, i32 {lane}")

    def with_lane(self, whole: str, number: str, lane: int) -> str:
        """A vector with another number in one lane."""
        return self.set(f"insertelement {self.type} {whole}, double {number}, i32 {lane}")

    def _scale(self, x: str, n: str) -> str:
        """x * 2**n: by AVX-512's instruction, or in two steps, neither of which overflows or
        underflows before the number itself does."""
        if self._scales:
            return self._natively(self._scale_in_one, [x, n])
        low = self.compute("floor", [self.compute("mul", [n, self.constant(0.5)])])
        high = self.compute("sub", [n, low])
        once = self.compute("mul", [x, self._power_of_two(low)])
        return self.compute("mul", [once, self._power_of_two(high)])

    def _scale_in_one(self, x: str, n: str) -> str:
        name, kind = "@llvm.x86.avx512.mask.scalef.pd.512", self.piece
        self.declarations.add(f"declare {kind} {name}({kind}, {kind}, {kind}, i8, i32)")
        # All 8 lanes (-1), rounded as the processor is set to (4).
        given = f"{kind} {x}, {kind} {n}, {kind} {x}, i8 -1, i32 4"
        return self.set(f"call {kind} {name}({given})")

    # -- vectors of several of the processor's -----------------------------------------------------

    @property
    def piece(self) -> str:
        """The type of one of them."""
        return vector_of("double", self.native)

    def pieces(self, x: str) -> list[str]:
        """A vector as so many of the processor's."""
        if self.native == self.lanes:
            return [x]
        if self.native == 1:
            return [self.lane_of(x, lane) for lane in range(self.lanes)]
        return [
            self.shuffled(self.type, x, "poison", range(first, first + self.native))
            for first in range(0, self.lanes, self.native)
        ]

    def _natively(self, function: Callable[..., str], operands: Sequence[str]) -> str:
        """What a function of the processor's vectors makes of these."""
        parts = [function(*given) for given in zip(*map(self.pieces, operands), strict=True)]
        width = self.native
        while len(parts) > 1:
            kind = f"<{width} x double>"
            width *= 2
            parts = [
                self.shuffled(kind, *pair, range(width))
                for pair in zip(parts[::2], parts[1::2], strict=True)
            ]
        return parts[0]

    def shuffled(self, kind: str, a: str, b: str, lanes: Sequence[int]) -> str:
        """These lanes of two vectors, those of the second counted on."""
        mask = ", ".join(f"i32 {lane}" for lane in lanes)
        return self.set(f"shufflevector {kind} {a}, {kind} {b}, <{len(lanes)} x i32> <{mask}>")

    def _power_of_two(self, n: str) -> str:
        """2**n for whole n from -1022 to 1023. Added to a number whose last bit counts ones, n
        stands in the last bits; from there it is shifted to where the exponent is."""
        whole = self.vector("i64")
        moved = self.compute("add", [n, self.constant(1.5 * 2.0**52 + 1023.0)])
        bits = self.set(f"bitcast {self.type} {moved} to {whole}")
        shifted = self.set(f"shl {whole} {bits}, {self.in_every_lane('i64', 52)}")
        return self.set(f"bitcast {whole} {shifted} to {self.type}")


class _Asking(Text):
    """A function that calls a Python function with so many numbers, and gives its number; any, if
    it has raised."""

    def __init__(self, count: int) -> None:
        super().__init__()
        inputs = "".join([f", double %x{i}" for i in range(count)])
        self.begin(f"internal double @ask{count}(ptr %function{inputs})")
        self.do(f"%args = alloca ptr, i64 {max(count, 1)}")
        objects = [self.set(f"call ptr @PyFloat_FromDouble(double %x{i})") for i in range(count)]
        for i, x in enumerate(objects):
            self.unless(self.set(f"icmp ne ptr {x}, null"), "%failed")
            self.store("ptr", x, self.element("ptr", "%args", i))
        given = f"ptr %function, ptr %args, i64 {count}, ptr null"
        out = self.set(f"call ptr @PyObject_Vectorcall({given})")
        for x in objects:
            self.do(f"call void @Py_DecRef(ptr {x})")
        self.unless(self.set(f"icmp ne ptr {out}, null"), "%failed")
        number = self.set(f"call double @PyFloat_AsDouble(ptr {out})")
        self.do(f"call void @Py_DecRef(ptr {out})")
        self.do(f"ret double {number}")
        self.label("%failed")
        self.do(f"ret double {double(math.nan)}\n}}")


ASKING: Final = (
    "declare ptr @PyFloat_FromDouble(double)",
    "declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)",
    "declare double @PyFloat_AsDouble(ptr)",
    "declare void @Py_DecRef(ptr)",
    "declare ptr @PyErr_Occurred()",
)


def _typed(kind: str, operands: Sequence[str]) -> str:
    return ", ".join(f"{kind} {x}" for x in operands)


class KernelText(Instructions, ABC):
    """A function that runs a program. Kinds of it differ in where inputs come from, where results
    go, and in what a guard does."""

    @abstractmethod
    def take(self, slot: int) -> str:
        """The operand that holds an input; asked for at every use."""

    @abstractmethod
    def check(self, index: int, truth: str, expected: bool, converted: str) -> None:
        """What has to happen at a guard; `converted` is the whole number that it is about, or ""
        for one that is not."""

    @abstractmethod
    def give(self, i: int, x: str) -> None:
        """What to do with the i-th result, as soon as it is known."""

    def operations(self, program: Program, pointer: str) -> None:
        """Append the program; `pointer` is one that is not null (see `_in_pieces`)."""
        start = len(self.lines)
        decisive = needed_for(program, [guard.register for guard in program.guards])
        checks = program.checks()
        results: dict[int, list[int]] = {}
        for i, register in enumerate(program.outputs):
            results.setdefault(register, []).append(i)
        computed: dict[int, str] = {}

        def held(register: int) -> str:
            op = program.code[register]
            if op.name == "const":
                return self.constant(op.value)
            return self.take(int(op.value)) if op.name == "input" else computed[register]

        for i, op in enumerate(program.code):
            if op.name not in ("const", "input"):
                operands = [held(j) for j in op.operands]
                computed[i] = self.compute(op.name, operands, decisive[i])
            for index in checks.get(i, ()):
                guard, told = program.guards[index], program.converted(index)
                converted = "" if told is None or self.lanes > 1 else held(told)
                self.check(index, computed[guard.register], guard.expected, converted)
            for result in results.get(i, ()):
                # At once, and not at the end: so many numbers at a time fit no processor's
                # registers, and LLVM would take its time to find that out.
                self.give(result, held(i))
        self.lines[start:] = _in_pieces(self.lines[start:], pointer)


def _in_pieces(lines: Iterable[str], pointer: str) -> Iterator[str]:
    """Straight-line code in basic blocks of a few hundred lines: the time that LLVM takes over one
    grows faster than its length. So that it does not join them again, each is entered by a decision
    that comes out one way only: `pointer` is never null. The other way leads there too: LLVM
    would put off work that is needed on one way alone, and keep all that it needs till then."""
    length, before = 0, ""
    for number, line in enumerate(lines):
        length = 0 if line.endswith(":") else length + 1
        if length > PIECE and line.startswith("%") and before.startswith("%"):
            yield f"%always{number} = icmp ne ptr {pointer}, null"
            yield f"br i1 %always{number}, label %piece{number}, label %never{number}"
            yield f"never{number}:"
            yield 'call void asm sideeffect "", ""()'  # no code; an empty block would be removed
            yield f"br label %piece{number}"
            yield f"piece{number}:"
            length = 1
        yield line
        before = line


def callbacks_of(program: Program) -> set[str]:
    """The names of the operations that no machine has."""
    return program.names - INSTRUCTIONS - IN_VECTORS


def scalar_kernel(program: Program, addresses: Mapping[tuple[str, int], int]) -> Holed:
    """`i64 kernel(const double *in, double *out)`: -1, or the index of the guard that failed, or -2
    where Python has set an exception; then what is in `out` has no meaning, but for the number that
    a guard on a conversion to int is about (`Program.converted`)."""
    return _kernel(_ScalarKernel(addresses=addresses), program)


def open_kernel(program: Program, addresses: Mapping[tuple[str, int], int]) -> Holed:
    """The same, but that constants are holes too: another path may differ in these alone."""
    return _kernel(_OpenKernel(addresses=addresses), program)


def _kernel(text: _ScalarKernel, program: Program) -> Holed:
    # "noalias": so that results need not be written before the next input is read.
    text.begin(f"i64 @kernel(ptr noalias readonly %in, ptr noalias %out{GIVEN})")
    text.operations(program, "%in")
    text.do("ret i64 -1")
    text.end_asking()
    text.do("}")
    return text.holed()


class _ScalarKernel(KernelText):
    def __init__(self, addresses: Mapping[tuple[str, int], int]) -> None:
        super().__init__(addresses=addresses)
        self._taken: dict[int, str] = {}

    def take(self, slot: int) -> str:
        if slot not in self._taken:
            self._taken[slot] = self.load("double", self.element("double", "%in", slot))
        return self._taken[slot]

    def check(self, index: int, truth: str, expected: bool, converted: str) -> None:
        passed, failed = self.new("pass"), self.new("fail")
        self.branch(truth, *((passed, failed) if expected else (failed, passed)))
        self.label(failed)
        if converted:
            self.give(0, converted)
        self.do(f"ret i64 {index}")
        self.label(passed)

    def give(self, i: int, x: str) -> None:
        self.store("double", x, self.element("double", "%out", i))


class _OpenKernel(_ScalarKernel):
    def constant(self, x: float) -> str:
        return self.open_constant(x)
