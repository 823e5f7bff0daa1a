"""The native interpreter for many rows: one loop in machine code that runs any program, on as many
rows at a time as a vector has lanes.

It is made once per process, of the instructions that the machine code of `vector_codegen` is made
of, and adds results up in the same order: so the numbers are the same to the bit. A program is a
table for it, with where the inputs and the results are in the arrays of a call. Registers are
vectors in the work space of whoever runs it, each used anew when its number is no longer needed: so
the stack that a program takes does not grow with it.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Final

from autograd.compiler.ir.lowering import BINARY, LIBRARY, UNARY
from autograd.compiler.ir.meanings import TRUTH_OPERANDS, TRUTHS
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import needed_for
from autograd.compiler.native.interpreter import OF_ONE
from autograd.compiler.native.llvm_codegen import Instructions
from autograd.compiler.native.machine import MachineCode, compile_llvm
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import CHUNK, Columns, added_up

__all__ = ["RowTable", "can_interpret_rows"]

NAMES: Final = sorted([*UNARY, *BINARY, *LIBRARY, *TRUTHS, "select", "fma", "scale"])
OPCODES: Final = {
    (name, is_decisive): code
    for code, (name, is_decisive) in enumerate((n, d) for n in NAMES for d in (False, True))
}
KNOWN: Final = frozenset([*NAMES, "input", "const"])
OF_THREE: Final = frozenset(["select", "fma"])
LINE: Final = "[5 x i32]"  # the operation, the register of its result, those of its operands
PARAMETERS: Final = (
    "ptr %plan, ptr %arrays, i64 %begin, i64 %end, ptr %work, ptr %out, double %divisor"
)
PLAN: Final = (
    *("code", "lines", "shared", "shared_inputs", "own", "own_inputs", "numbers", "constants"),
    *("first_constant", "on_path", "results", "columns", "count", "sums"),
)
"""What a program's plan holds, each in 8 bytes: tables, how long they are, and places."""


def can_interpret_rows(program: Program) -> bool:
    """Whether there is a case for everything in it."""
    return program.names <= KNOWN


class RowTable:
    """A program as the interpreter reads it, for inputs and results in these places."""

    def __init__(self, program: Program, columns: Columns, vectors: Vectors) -> None:
        registers = _Registers(program)
        shared, own = array("i"), array("i")
        for slot, field in enumerate(columns.inputs):
            place = (slot, field.array, field.offset)
            own.extend((*place, field.stride)) if field.stride else shared.extend(place)
        results = array("i", [registers.places[i] for i in program.outputs] or [0])
        to = array("i", [x for field in columns.results or () for x in field] or [0])
        numbers = array("d", registers.constants or [0.0])
        code = registers.table
        sums = registers.count * vectors.lanes
        count = len(program.outputs)
        self.size = sums + (0 if columns.results is not None else count * vectors.lanes)
        """How many numbers its work space holds."""
        given = {
            "code": _address(code),
            "lines": len(code) // 5,
            "shared": _address(shared),
            "shared_inputs": len(shared) // 3,
            "own": _address(own),
            "own_inputs": len(own) // 4,
            "numbers": _address(numbers),
            "constants": len(registers.constants),
            "first_constant": len(columns.inputs),
            "on_path": registers.on_path,
            "results": _address(results),
            "columns": _address(to),
            "count": count,
            "sums": sums,
        }
        self._plan = array("q", [given[name] for name in PLAN])
        # Machine code has the addresses of all these, so they live as long as this object.
        self._tables = (code, shared, own, results, to, numbers)
        names = tuple(sorted(vectors.names.items()))
        self._code = _interpreter(vectors.lanes, names, vectors.scales)
        self._name = "fill" if columns.results is not None else "add"

    def function(self, result: Any, *arguments: Any) -> Callable[..., Any]:
        """The interpreter with this program."""
        run = self._code.function(self._name, result, ctypes.c_void_p, *arguments)
        return partial(run, _address(self._plan))


def _address(table: array[Any]) -> int:
    return table.buffer_info()[0]


class _Registers:
    """Places for the registers of a program, and the program with them: inputs, constants, whether
    a row is on the path, then what is computed, in the places of what is no longer needed."""

    def __init__(self, program: Program) -> None:
        self.constants = [op.value for op in program.code if op.name == "const"]
        first = len(program.inputs)
        self.on_path = first + len(self.constants)
        self.count = self.on_path + 1
        self.places = [0] * len(program.code)
        self.table = array("i")
        self._free: list[int] = []
        next_constant = iter(range(first, self.on_path))
        decisive = needed_for(program, [guard.register for guard in program.guards])
        expected: dict[int, list[bool]] = {}
        for guard in program.guards:
            expected.setdefault(guard.register, []).append(guard.expected)
        last = _last_uses(program)
        for i, op in enumerate(program.code):
            if op.name == "input":
                self.places[i] = int(op.value)
            elif op.name == "const":
                self.places[i] = next(next_constant)
            else:
                operands = [self.places[j] for j in op.operands]
                for j in set(op.operands):
                    if last[j] == i and program.code[j].name not in ("input", "const"):
                        self._free.append(self.places[j])
                self.places[i] = self._new()
                self._line(op.name, decisive[i], self.places[i], operands)
            for holds in expected.get(i, ()):
                self._check(self.places[i], holds)
            if last[i] <= i and op.name not in ("input", "const"):
                self._free.append(self.places[i])

    def _new(self) -> int:
        if self._free:
            return self._free.pop()
        self.count += 1
        return self.count - 1

    def _line(self, name: str, is_decisive: bool, target: int, operands: list[int]) -> None:
        a, b, c = [*operands, 0, 0, 0][:3]
        self.table.extend((OPCODES[name, is_decisive], target, a, b, c))

    def _check(self, place: int, holds: bool) -> None:
        if not holds:
            spare = self._new()
            self._line("not", False, spare, [place])
            self._free.append(spare)
            place = spare
        self._line("and", False, self.on_path, [self.on_path, place])


def _last_uses(program: Program) -> list[int]:
    """For each register the last operation that reads it; beyond all of them for a result."""
    last = [-1] * len(program.code)
    for i, op in enumerate(program.code):
        for j in op.operands:
            last[j] = i
    for j in program.outputs:
        last[j] = len(program.code)
    return last


# -- the interpreter -------------------------------------------------------------------------------


@cache
def _interpreter(lanes: int, names: tuple[tuple[str, str], ...], scales: bool) -> MachineCode:
    text = _InterpreterText(lanes, None, dict(names), scales)
    text.interpret()
    text.fill()
    text.add()
    return compile_llvm(str(text))


class _InterpreterText(Instructions):
    def __init__(
        self,
        lanes: int,
        addresses: Mapping[tuple[str, int], int] | None,
        names: Mapping[str, str],
        scales: bool,
    ) -> None:
        super().__init__(lanes, addresses, names, scales)
        self._plan: dict[str, str] = {}

    # -- a program ---------------------------------------------------------------------------------

    def interpret(self) -> None:
        """Append the function that runs a program's operations, on registers that hold its
        inputs."""
        self.begin("internal void @interpret(ptr %code, i64 %count, ptr %work)")
        with self.loop("%count") as i:
            line = self.element(LINE, "%code", i)
            opcode, target = self.integer(line, 0), self.register(self.integer(line, 1))
            operands = [self.register(self.integer(line, 2 + i)) for i in range(3)]
            cases = " ".join(f"i64 {code}, label %case{code}" for code in OPCODES.values())
            self.do(f"switch i64 {opcode}, label %next [ {cases} ]")
            for (name, is_decisive), code in OPCODES.items():
                self.label(f"case{code}")
                self._case(name, is_decisive, operands, target)
                self.go("%next")
            self.label("next")
        self.do("ret void\n}")

    def _case(self, name: str, is_decisive: bool, places: list[str], target: str) -> None:
        count = 3 if name in OF_THREE else 1 if name in OF_ONE else 2
        operands = [self.load(self.type, place, 8) for place in places[:count]]
        for i in range(TRUTH_OPERANDS.get(name, 0)):
            operands[i] = self.holds(operands[i])
        out = self.compute(name, operands, is_decisive)
        if name in TRUTHS:
            out = self.set(f"uitofp {self.truth} {out} to {self.type}")
        self.store(self.type, out, target, 8)

    def holds(self, x: str) -> str:
        """The truth values that a register stands for."""
        return self.set(f"fcmp une {self.type} {x}, {self.constant(0.0)}")

    def integer(self, base: str, place: object) -> str:
        """A number of a table."""
        return self.set(f"zext i32 {self.load('i32', self.element('i32', base, place))} to i64")

    def register(self, place: str, lane: int = 0) -> str:
        """Where a register is, or one lane of it."""
        number = self.set(f"mul i64 {place}, {self.lanes}")
        return self.element("double", "%work", self.set(f"add i64 {number}, {lane}"))

    # -- rows --------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Append `fill`, which is as `run` of a program whose results go to columns."""
        self.open("i64 @fill")
        with self.blocks("%begin", "%end") as first:
            rows, count = self.given(first, "%end"), self.plan("count")
            with self.loop(count) as i:
                place = self.register(self.integer(self.plan("results"), i))
                x = self.load(self.type, place, 8)
                column = self.element("[3 x i32]", self.plan("columns"), i)
                for lane, row in enumerate(rows):
                    # A row that is missing in a short block is the last one once more.
                    number = self.lane_of(x, lane) if self.lanes > 1 else x
                    self.store("double", number, self.place(column, self.integer(column, 2), row))
            on_path = self.on_path()
            for lane, row in enumerate(rows):
                truth = on_path if self.lanes == 1 else self.lane_of_truth(on_path, lane)
                mark = self.set(f"zext i1 {truth} to i8")
                self.store("i8", mark, self.element("i8", "%out", row))
        self.do(f"ret i64 {self.load('i64', '%status')}\n}}")

    def add(self) -> None:
        """Append `add`, which is as `run` of a program whose results are added up."""
        self.open("i64 @add")
        rows = self.set("sub i64 %end, %begin")
        chunks = self.set(f"udiv i64 {self.set(f'add i64 {rows}, {CHUNK - 1}')}, {CHUNK}")
        count, sums = self.plan("count"), self.element("double", "%work", self.plan("sums"))
        with self.loop(chunks) as chunk:
            first = self.set(f"add i64 %begin, {self.set(f'mul i64 {chunk}, {CHUNK}')}")
            stop = self.minimum(self.set(f"add i64 {first}, {CHUNK}"), "%end")
            self.clear(sums, self.set(f"mul i64 {count}, {8 * self.lanes}"))
            with self.blocks(first, stop) as row:
                self.given(row, stop)
                counts = self.counting(row, stop)
                with self.loop(count) as i:
                    place = self.register(self.integer(self.plan("results"), i))
                    total = self.element(self.type, sums, i)
                    old = self.load(self.type, total, 8)
                    new = self.compute("add", [old, self.load(self.type, place, 8)])
                    self.store(self.type, self.compute("select", [counts, new, old]), total, 8)
                self.on_path()
            to = self.element("double", "%out", self.set(f"mul i64 {chunk}, {count}"))
            with self.loop(count) as i:
                total = self.load(self.type, self.element(self.type, sums, i), 8)
                result = self.set(f"fdiv double {added_up(self, total)}, %divisor")
                self.store("double", result, self.element("double", to, i))
        self.do(f"ret i64 {self.load('i64', '%status')}\n}}")

    def open(self, name: str) -> None:
        """Begin a function, and put what all rows share into its registers."""
        self.begin(f"{name}({PARAMETERS})")
        self._plan = {}
        for place, entry in enumerate(PLAN):
            is_table = entry in ("code", "shared", "own", "numbers", "results", "columns")
            kind = "ptr" if is_table else "i64"
            self._plan[entry] = self.load(kind, self.element("i64", "%plan", place))
        self.do("%status = alloca i64")
        self.store("i64", "0", "%status")
        with self.loop(self.plan("constants")) as i:
            number = self.load("double", self.element("double", self.plan("numbers"), i))
            slot = self.set(f"add i64 {self.plan('first_constant')}, {i}")
            self.spread(number, self.register(slot))
        with self.loop(self.plan("shared_inputs")) as i:
            field = self.element("[3 x i32]", self.plan("shared"), i)
            own, offset = self.integer(field, 1), self.integer(field, 2)
            base = self.load("ptr", self.element("ptr", "%arrays", own))
            number = self.load("double", self.element("double", base, offset))
            self.spread(number, self.register(self.integer(field, 0)))

    def plan(self, entry: str) -> str:
        """An entry of the program's plan."""
        return self._plan[entry]

    def spread(self, number: str, place: str) -> None:
        """The same number into all lanes of a register."""
        for lane in range(self.lanes):
            self.store("double", number, self.element("double", place, lane))

    @contextmanager
    def blocks(self, first: str, stop: str) -> Iterator[str]:
        """What is written inside is done for the first row of every block."""
        rows = self.set(f"sub i64 {stop}, {first}")
        some = self.set(f"add i64 {rows}, {self.lanes - 1}")
        with self.loop(self.set(f"udiv i64 {some}, {self.lanes}")) as block:
            yield self.set(f"add i64 {first}, {self.set(f'mul i64 {block}, {self.lanes}')}")

    def given(self, first: str, stop: str) -> list[str]:
        """Append a run over one block; its rows, those beyond the last being the last."""
        last = self.set(f"sub i64 {stop}, 1")
        rows = [
            self.minimum(self.set(f"add i64 {first}, {lane}"), last) for lane in range(self.lanes)
        ]
        with self.loop(self.plan("own_inputs")) as i:
            field = self.element("[4 x i32]", self.plan("own"), i)
            slot, stride = self.integer(field, 0), self.integer(field, 3)
            column = self.element("i32", field, 1)
            for lane, row in enumerate(rows):
                number = self.load("double", self.place(column, stride, row))
                self.store("double", number, self.register(slot, lane))
        self.spread("1.0", self.register(self.plan("on_path")))
        given = f"ptr {self.plan('code')}, i64 {self.plan('lines')}, ptr %work"
        self.do(f"call void @interpret({given})")
        return rows

    def place(self, column: str, stride: str, row: str) -> str:
        """The address of a row's number, of which the table says the array and the offset."""
        number, offset = self.integer(column, 0), self.integer(column, 1)
        base = self.load("ptr", self.element("ptr", "%arrays", number))
        start = self.set(f"add i64 {self.set(f'mul i64 {row}, {stride}')}, {offset}")
        return self.element("double", base, start)

    def on_path(self) -> str:
        """The rows of the block that have stayed on the path; if not all have, that is noted."""
        x = self.load(self.type, self.register(self.plan("on_path")), 8)
        holds = self.holds(x)
        every = holds
        if self.lanes > 1:
            bits = self.set(f"bitcast {self.truth} {holds} to i{self.lanes}")
            every = self.set(f"icmp eq i{self.lanes} {bits}, -1")
        status = self.load("i64", "%status")
        self.store("i64", self.set(f"select i1 {every}, i64 {status}, i64 1"), "%status")
        return holds

    def lane_of_truth(self, truths: str, lane: int) -> str:
        """The truth value in one lane."""
        return self.set(f"extractelement {self.truth} {truths}, i32 {lane}")

    def counting(self, first: str, stop: str) -> str:
        """Holds for the lanes of a block that are rows."""
        left = self.set(f"sub i64 {stop}, {first}")
        if self.lanes == 1:
            return self.set(f"icmp ult i64 0, {left}")
        kind = self.vector("i64")
        whole = self.set(f"insertelement {kind} poison, i64 {left}, i32 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        lefts = self.set(f"shufflevector {kind} {whole}, {kind} poison, {zeros}")
        numbers = ", ".join(f"i64 {lane}" for lane in range(self.lanes))
        return self.set(f"icmp ult {kind} <{numbers}>, {lefts}")

    def minimum(self, a: str, b: str) -> str:
        """The smaller one of two indices."""
        self.declarations.add("declare i64 @llvm.umin.i64(i64, i64)")
        return self.set(f"call i64 @llvm.umin.i64(i64 {a}, i64 {b})")
