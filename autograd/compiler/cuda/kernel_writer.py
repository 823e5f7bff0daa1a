"""The program that `source("c")` prints, as two kernels: one that writes the rows' results, and one
that adds them up.

A thread computes a row. Where a guard fails, the row is on another path: its results are left alone
and its number is listed, to be run by the kernel of that path over the rows listed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from autograd.compiler.cuda.call_groups import in_groups
from autograd.compiler.cuda.kernel_prelude import LANES, PRELUDE
from autograd.compiler.cuda.quick_functions import ALWAYS, QUICK, quick_functions
from autograd.compiler.cuda.special_kernels import functions_for
from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.lowering import LIBRARY
from autograd.compiler.ir.meanings import TRUTHS
from autograd.compiler.ir.program import Guard, Program
from autograd.compiler.native.c_codegen import c_comment, c_formula, c_number
from autograd.compiler.native.llvm_codegen import BINARY_LIBRARY

__all__ = [
    "INDENT",
    "Operand",
    "Places",
    "adding_frame",
    "adding_kernel",
    "called_often",
    "filling_frame",
    "filling_kernel",
    "rows_of_thread",
]

INDENT: Final = "    "
INLINE: Final = 6  # calls of a function, each with its code
MOST_QUICK: Final = (
    200  # divisions and calls as straight lines; compiling more takes NVRTC too long
)
PAIRED: Final = 250  # operations of a program of which a thread's registers hold two rows
NEAR: Final = 2048  # numbers that all rows share, kept in a block's own memory
CALLS: Final = re.compile(r"\b([a-z]\w*)\(")
OF_A_ROW: Final = re.compile(r"\b(r\d+|i)\b")


class Operand(NamedTuple):
    """An array of the arguments: how many numbers a row has, whether its rows are one after the
    other (else strides are told at every call), and whether there are rows at all."""

    size: int
    is_packed: bool
    has_rows: bool

    def parameters(self, number: int) -> list[str]:
        """In a kernel's head."""
        pointer = f"const double *__restrict__ x{number}"
        if self.is_packed:
            return [pointer]
        return [pointer, f"long long rows{number}", f"long long step{number}"]

    def arguments(self, number: int) -> list[str]:
        """The same, handed on in a call."""
        names = [f"x{number}", f"rows{number}", f"step{number}"]
        return names[:1] if self.is_packed else names

    def at(self, number: int, index: str) -> str:
        """One of a row's numbers, in row `i`."""
        step = index if self.is_packed else f"{index} * step{number}"
        if not self.has_rows:
            return f"x{number}[{step}]"
        row = f"i * {self.size}" if self.is_packed else f"i * rows{number}"
        return f"x{number}[{row} + {step}]"


class Places(NamedTuple):
    """Where the inputs come from and the results go: arrays, then numbers that all rows share; and
    how many results every array of them has in a row."""

    operands: Sequence[Operand]
    slots: Sequence[tuple[int, int]]
    """Of each input: the array, and which of a row's numbers; behind the arrays, shared numbers."""
    results: Sequence[int]
    near: frozenset[int] = frozenset()
    """The arrays that a block has copied to its own memory."""

    def parameters(self) -> list[str]:
        """Of the inputs, in a kernel's head."""
        own = [text for k, one in enumerate(self.operands) for text in one.parameters(k)]
        return [*own, "const double *__restrict__ numbers"]

    def arguments(self) -> list[str]:
        """The same, handed on in a call."""
        own = [text for k, one in enumerate(self.operands) for text in one.arguments(k)]
        return [*own, "numbers"]

    def input(self, slot: int) -> str:
        """An input, in row `i`."""
        array, index = self.slots[slot]
        return self.at(array, str(index))

    def is_near(self, slot: int) -> bool:
        """Whether an input is in a copy."""
        return self.slots[slot][0] in self.near

    def at(self, array: int, index: str) -> str:
        """One of an array's numbers, in row `i`; behind the arrays, of the shared ones."""
        if array == len(self.operands):
            return f"numbers[{index}]"
        if array in self.near:
            return f"near{array}[{index}]"
        return self.operands[array].at(array, index)

    def with_near(self) -> Places:
        """With a copy of every array that all rows share, as far as there is room."""
        near, room = [], NEAR
        for k, one in enumerate(self.operands):
            if one.is_packed and not one.has_rows and 0 < one.size <= room:
                near.append(k)
                room -= one.size
        return self._replace(near=frozenset(near))

    def copied(self) -> list[str]:
        """The lines that make these copies."""
        lines = []
        for k in sorted(self.near):
            size = self.operands[k].size
            lines += [
                f"alignas(16) __shared__ double near{k}[{size}];",
                f"for (int k = threadIdx.x; k < {size}; k += THREADS) near{k}[k] = x{k}[k];",
            ]
        return [*lines, "__syncthreads();"] if lines else []

    def outputs(self) -> list[str]:
        """Pointers, in a kernel's head."""
        return [f"double *__restrict__ y{k}" for k in range(len(self.results))]

    def output(self, number: int) -> str:
        """A result, in row `i`."""
        for k, size in enumerate(self.results):
            if number < size:
                return f"y{k}[i * {size} + {number}]"
            number -= size
        raise IndexError(number)


class _Lines:
    """A program's operations as lines of C."""

    def __init__(self, program: Program, places: Places, margin: str) -> None:
        self._program = program
        self._places = places
        self._margin = margin
        self._checks: dict[int, list[Guard]] = {}
        for guard in program.guards:
            self._checks.setdefault(guard.register, []).append(guard)
        self.shown: dict[int, str] = {}
        self.lines: list[str] = []

    def operation(self, i: int) -> None:
        """Append one; a constant stands where it is used, and so does what is near, for which no
        register has to be kept."""
        op = self._program.code[i]
        if op.name == "const":
            self.shown[i] = c_number(op.value)
            return
        if op.name == "input" and self._places.is_near(int(op.value)):
            self.shown[i] = self._places.input(int(op.value))
            return
        if op.name == "input":
            kind, text = "double", self._places.input(int(op.value))
        else:
            kind = "int" if op.name in TRUTHS else "double"
            text = c_formula(op.name, self._given(op))
        self.shown[i] = f"r{i}"
        self.lines.append(f"{self._margin}const {kind} r{i} = {text};")

    def calls(self, group: Sequence[int]) -> None:
        """Append calls that don't need each other, and behind a branch what is done where a number
        is a rare one."""
        usual = f"is_usual{group[0]}"
        quick, rare = [f"bool {usual} = true;"], []
        for i in group:
            op = self._program.code[i]
            name = "ratio" if op.name == "div" else op.name
            given = ", ".join(self._given(op))
            quick.append(f"double r{i} = quick_{name}({given}, {usual});")
            if op.name not in ALWAYS:
                rare.append(f"{INDENT}r{i} = rare_{name}({given});")
            self.shown[i] = f"r{i}"
        if rare:
            quick += [f"if (!{usual}) {{", *rare, "}"]
        self.lines += [f"{self._margin}{line}" for line in quick]

    def failures(self, i: int) -> list[tuple[str, str]]:
        """Of the guards on what an operation gives: when each fails, and a comment."""
        return [
            (f"{'!' * guard.expected}{self.shown[guard.register]}", c_comment(guard.line))
            for guard in self._checks.get(i, ())
        ]

    def _given(self, op: Op) -> list[str]:
        return [self.shown[j] for j in op.operands]


class _Order:
    """In which order a program's operations stand, and which of them are calls as straight
    lines."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._are_quick = sum(map(self._can_be_quick, program.code)) <= MOST_QUICK
        self.groups = in_groups(program, self._is_quick)

    def _can_be_quick(self, op: Op) -> bool:
        if op.name != "div":
            return op.name in QUICK
        by = self._program.code[op.operands[1]]
        return by.name != "const" or abs(math.frexp(by.value)[0]) != 0.5  # a product is as exact

    def _is_quick(self, op: Op) -> bool:
        return self._are_quick and self._can_be_quick(op)

    def write(self, lines: _Lines, behind: Callable[[int], list[str]]) -> None:
        """Append all; `behind` has the lines that follow an operation."""
        for group in self.groups:
            if self._is_quick(self._program.code[group[0]]):
                lines.calls(group)
            else:
                lines.operation(group[0])
            for i in group:
                lines.lines += behind(i)

    def functions(self) -> list[str]:
        """The texts of the quick ones."""
        return quick_functions(op.name for op in self._program.code if self._is_quick(op))


def rows_of_thread(program: Program) -> int:
    """How many a thread of its filling kernel computes side by side: two share what is loaded for
    both, and wait less."""
    return 1 if program.guards or program.operations > PAIRED else 2


def filling_kernel(program: Program, places: Places, name: str = "fill") -> str:
    """`fill(arrays, numbers, results, rows, count, left, status)`: the results of `count` rows,
    those whose numbers are in `rows`, or all where that is null."""
    is_paired = rows_of_thread(program) == 2
    margin = INDENT * (2 if is_paired else 4)
    lines, order = _Lines(program, places, margin), _Order(program)

    def behind(i: int) -> list[str]:
        return [f"{margin}if ({when}) break; /* {say} */" for when, say in lines.failures(i)]

    order.write(lines, behind)
    body = lines.lines
    body += [
        f"{margin}{places.output(k)} = {lines.shown[j]};" for k, j in enumerate(program.outputs)
    ]
    if is_paired:
        frame = _pairing_frame(name, places, body)
    else:
        frame = filling_frame(name, places, bool(program.guards), body)
    head = [PRELUDE, *functions_for(program.names), *called_often(body), *order.functions()]
    return "\n".join([*head, *frame, ""])


def called_often(lines: Sequence[str]) -> list[str]:
    """Lines that have functions of the library which are called in many places stand in one:
    compiling them takes longer than everything else."""
    counts = Counter(name for line in lines for name in CALLS.findall(line))
    out = []
    for name in sorted(LIBRARY & counts.keys()):
        if counts[name] > INLINE:
            count = 2 if name in BINARY_LIBRARY else 1
            given, taken = ", ".join("xy"[:count]), ", ".join(f"double {x}" for x in "xy"[:count])
            out += [
                f"static __device__ __noinline__ double called_{name}({taken})",
                f"{{ return {name}({given}); }}",
                f"#define {name} called_{name}",
                "",
            ]
    return out


def filling_frame(
    name: str, places: Places, has_guards: bool, body: Sequence[str], more: Sequence[str] = ()
) -> list[str]:
    """The loop over rows around a body, which `break`s where row `i` is on another path. `more` are
    further parameters."""
    reports = [f"{INDENT * 2}report(is_left, (unsigned)i, left, status);"] if has_guards else []
    return [
        *_filling_head(name, places, more),
        "{",
        f"{INDENT}const long long every = (long long)gridDim.x * THREADS;",
        f"{INDENT}long long first = (long long)blockIdx.x * THREADS;",
        f"{INDENT}for (; first < count; first += every) {{",
        f"{INDENT * 2}const long long at = first + threadIdx.x;",
        f"{INDENT * 2}bool is_left = at < count;",
        f"{INDENT * 2}const long long i = !is_left ? 0 : rows ? rows[at] : at;",
        f"{INDENT * 2}if (is_left) {{",
        f"{INDENT * 3}do {{",
        *body,
        f"{INDENT * 4}is_left = false;",
        f"{INDENT * 3}}} while (0);",
        f"{INDENT * 2}}}",
        *reports,
        f"{INDENT}}}",
        "}",
    ]


def _pairing_frame(name: str, places: Places, body: Sequence[str]) -> list[str]:
    """The loop over pairs of rows around a body for row `i`, which is written for both, line by
    line. Where there is no second row, the first is computed twice."""
    pairs = [
        OF_A_ROW.sub(rf"\1{one}", line)
        for line in body
        for one in ("ab" if OF_A_ROW.search(line) else "a")
    ]
    return [
        *_filling_head(name, places),
        "{",
        f"{INDENT}const long long every = 2LL * gridDim.x * THREADS;",
        f"{INDENT}long long first = 2LL * blockIdx.x * THREADS + threadIdx.x;",
        f"{INDENT}for (; first < count; first += every) {{",
        f"{INDENT * 2}const long long next = first + THREADS;",
        f"{INDENT * 2}const long long second = next < count ? next : first;",
        f"{INDENT * 2}const long long ia = rows ? rows[first] : first;",
        f"{INDENT * 2}const long long ib = rows ? rows[second] : second;",
        *pairs,
        f"{INDENT}}}",
        "}",
    ]


def _filling_head(name: str, places: Places, more: Sequence[str] = ()) -> list[str]:
    parameters = [*places.parameters(), *places.outputs(), *more]
    parameters += ["const unsigned *__restrict__ rows", "long long count"]
    parameters += ["unsigned *__restrict__ left", "Status *__restrict__ status"]
    return [
        f'extern "C" __global__ void __launch_bounds__(THREADS) {name}(',
        f"{INDENT}{', '.join(parameters)})",
    ]


def adding_kernel(program: Program, places: Places, name: str = "add") -> str:
    """`add(arrays, numbers, partial, count, size, status)`: the sums of the rows' results over
    every chunk of `size` rows; `status` says whether a row is on another path, and then they are
    worth nothing."""
    margin = INDENT * 3
    places = places.with_near()
    lines, order = _Lines(program, places, margin), _Order(program)
    added = _Groups([_added(program, j) for j in program.outputs], order.groups)

    def behind(i: int) -> list[str]:
        guards = [
            f"{margin}is_left |= is_row && ({when}); /* {say} */" for when, say in lines.failures(i)
        ]
        return guards + added.added_after(i, lines.shown)

    order.write(lines, behind)
    frame = adding_frame(
        name,
        places.parameters(),
        len(added.order),
        added.begun(),
        lines.lines,
        added.written(),
        places.copied(),
    )
    return "\n".join(
        [
            PRELUDE,
            *functions_for(program.names),
            *called_often(lines.lines),
            *order.functions(),
            f"static __device__ const int order[] = {{{', '.join(map(str, added.order))}}};",
            "",
            *frame,
            "",
        ]
    )


def _added(program: Program, j: int) -> int:
    """The register that a result adds to a sum, which is no -0.0: so `x + 0.0` is as good as x."""
    op = program.code[j]
    if op.name != "add":
        return j
    known = [program.code[k] for k in op.operands]
    rest = [k for k, one in zip(op.operands, known, strict=True) if not _is_zero(one)]
    return rest[0] if len(rest) == 1 else j


def _is_zero(op: Op) -> bool:
    return op.name == "const" and op.value == 0.0


class _Groups:
    """Results by 32, in the order in which they are computed, so that few are kept at a time."""

    def __init__(self, outputs: Sequence[int], groups: Sequence[Sequence[int]]) -> None:
        places = {i: at for at, i in enumerate(i for group in groups for i in group)}
        self.order = sorted(range(len(outputs)), key=lambda k: places[outputs[k]])
        self.starts = range(0, len(self.order), LANES)
        self._ending_at: dict[int, list[int]] = {}
        for at, k in enumerate(self.order):
            self._ending_at.setdefault(outputs[k], []).append(at)

    def sizes(self) -> list[int]:
        """How many each has."""
        return [len(self.order[start : start + LANES]) for start in self.starts]

    def begun(self) -> list[str]:
        """The lines with which their sums begin."""
        return [f"double sum{group} = 0.0;" for group in range(len(self.starts))]

    def written(self) -> list[str]:
        """The lines that write a chunk's sums."""
        lines = []
        for group, size in enumerate(self.sizes()):
            to = f"chunk * {len(self.order)} + order[{group * LANES} + lane]"
            lines.append(f"if (lane < {size}) partial[{to}] = sum{group};")
        return lines

    def added_after(self, i: int, shown: Mapping[int, str]) -> list[str]:
        """The lines that put what an operation gives with others, and add up the groups that are
        complete with it."""
        lines = []
        for at in self._ending_at.get(i, ()):
            group, j = divmod(at, LANES)
            lines.append(f"{INDENT * 3}tile[{33 * j} + lane] = {shown[i]};")
            if j == LANES - 1 or at == len(self.order) - 1:
                lines.append(
                    f"{INDENT * 3}sum{group} = sum{group} + over_lanes(tile, lane, lanes, {j + 1});"
                )
        return lines


def adding_frame(
    name: str,
    parameters: Sequence[str],
    results: int,
    sums: Sequence[str],
    body: Sequence[str],
    written: Sequence[str],
    before: Sequence[str] = (),
) -> list[str]:
    """The loops over chunks and their rows, with so many results, around a body: before it the
    `sums` of a chunk begin, after it they are `written`; `before` is done once."""
    own = ["double *__restrict__ partial", "long long count", "int size"]
    own.append("Status *__restrict__ status")
    return [
        f'extern "C" __global__ void __launch_bounds__(THREADS) {name}(',
        f"{INDENT}{', '.join([*parameters, *own])})",
        "{",
        f"{INDENT}__shared__ double tiles[THREADS / 32][{33 * min(results, LANES)}];",
        f"{INDENT}double *const tile = tiles[threadIdx.x / 32];",
        f"{INDENT}const unsigned lane = threadIdx.x % 32;",
        *[f"{INDENT}{line}" for line in before],
        f"{INDENT}long long chunk = (long long)blockIdx.x * (THREADS / 32) + threadIdx.x / 32;",
        f"{INDENT}for (; chunk * size < count; chunk += (long long)gridDim.x * (THREADS / 32)) {{",
        *[f"{INDENT * 2}{line}" for line in sums],
        f"{INDENT * 2}bool is_left = false;",
        f"{INDENT * 2}for (int step = 0; step < size; step += 32) {{",
        f"{INDENT * 3}const long long at = chunk * size + step + lane;",
        f"{INDENT * 3}const long long over = count - (at - lane);",
        f"{INDENT * 3}if (over <= 0) break;",
        f"{INDENT * 3}const int lanes = over < 32 ? (int)over : 32;",
        f"{INDENT * 3}const bool is_row = at < count;",
        f"{INDENT * 3}const long long i = is_row ? at : count - 1;",
        *body,
        f"{INDENT * 2}}}",
        *[f"{INDENT * 2}{line}" for line in written],
        f"{INDENT * 2}if (is_left) status->left = 1;",
        f"{INDENT}}}",
        "}",
    ]
