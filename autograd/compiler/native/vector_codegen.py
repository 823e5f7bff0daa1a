"""LLVM assembly that runs a program over many rows: a loop over blocks of as many rows as a vector
has lanes.

Where a row's numbers are is known when the code is made: input slot i is column `offset` of an
array whose rows are `stride` numbers long; a stride of 0 means one number for all rows. The last
block may be short. Its rows are copied to a work space and the last of them repeated, so that the
code of a block never has to ask how many rows it has.

Results go to columns of arrays likewise, or are added up: every result has one running sum per lane
for every `CHUNK` rows, so the order of additions depends on the number of rows alone, not on
threads, nor on which code paths the rows take.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.program import Program
from autograd.compiler.native.llvm_codegen import Instructions, KernelText, vector_of
from autograd.compiler.native.simd_target import Vectors

__all__ = [
    "ALIGNMENT",
    "CHUNK",
    "UNSURE",
    "AddingKernel",
    "BlockKernel",
    "Columns",
    "Field",
    "FillingKernel",
    "WorkSpace",
    "added_up",
    "block_kernel",
    "work_size",
]

CHUNK: Final = 1024  # a multiple of every number of lanes
ALIGNMENT: Final = 64  # of the work space, in bytes: no vector of it lies in two lines of the cache
UNSURE: Final = 2  # for results that are not finite, of a program that is right only where they are

# "noalias": the work space is nobody else's, so what is read from arrays need not be read again
# after a sum is written.
PARAMETERS: Final = (
    "ptr noalias readonly %arrays, i64 %begin, i64 %end, ptr noalias %work, ptr %out, "
    "double %divisor"
)


ALIGNED_STACK: Final = '"stackrealign"'
"""Of a function: what does not fit the registers is written to memory where a vector lies in one
line of the cache. LLVM asks for that too late otherwise, when it has found that it does not fit."""


class Field(NamedTuple):
    """Where a slot is: the array, the column, and how long the array's rows are (0: no rows)."""

    array: int
    offset: int
    stride: int


class Columns(NamedTuple):
    """The places of all inputs and results. Arrays are numbered through, results' after inputs'.
    `results` is None where they are to be added up."""

    inputs: Sequence[Field]
    results: Sequence[Field] | None

    def strides(self) -> dict[int, int]:
        """The row lengths of the arrays that are used."""
        return {field.array: field.stride for field in [*self.inputs, *(self.results or ())]}


def work_size(columns: Columns, results: int, lanes: int) -> int:
    """How many numbers the work space has to hold, which begins at a multiple of ALIGNMENT."""
    return WorkSpace(columns, _sums(columns, results, lanes), lanes).size


def _sums(columns: Columns, results: int, lanes: int) -> int:
    """How many: of whole blocks, and of the last."""
    return 2 * results * lanes if columns.results is None else 0


class WorkSpace:
    """Offsets: after the sums the rows of the last block of each array, then the last block's
    marks, of `size` numbers in all."""

    def __init__(self, columns: Columns, sums: int, lanes: int) -> None:
        self.rows: dict[int, int] = {}
        end = -(-sums // 8) * 8
        for array, stride in columns.strides().items():
            if stride:
                self.rows[array] = end
                end += lanes * stride
        self.marks = end
        self.size = end + 8


def block_kernel(
    program: Program,
    columns: Columns,
    vectors: Vectors,
    addresses: Mapping[tuple[str, int], int],
    is_fast_path: bool = False,
    wide: int = 1,
) -> str:
    """`i64 run(double **arrays, i64 begin, i64 end, double *work, void *out, double divisor)`: rows
    begin to end.

    With results in columns, `out` holds a byte for every row: 1 where it took the program's path, 0
    where it did not. With sums it gets those of every chunk from the first, over the divisor. Gives
    0 if every row took the path; else 1, and with sums these are worth nothing. With
    `is_fast_path`, results that are not finite are not to be relied on: then the byte, or what is
    given, is UNSURE. Results in columns are computed for `wide` vectors of rows at a time: none of
    them has to wait for what takes long in another.
    """
    kind = _StraightAdding if columns.results is None else _StraightFilling
    results, lanes = len(program.outputs), wide * vectors.lanes
    kernel = kind(
        program,
        columns,
        results,
        WorkSpace(columns, _sums(columns, results, lanes), lanes),
        is_fast_path,
        lanes,
        addresses,
        vectors.names,
        vectors.scales,
        vectors.lanes,
    )
    kernel.write()
    return str(kernel)


class BlockKernel(Instructions):
    """The loop over blocks; the kinds of it do different things with the results of a block."""

    def __init__(
        self, columns: Columns, results: int, space: WorkSpace, is_fast_path: bool, *text: Any
    ) -> None:
        super().__init__(*text)
        self.columns = columns
        self.results = results
        self.space = space
        self.is_fast_path = is_fast_path
        self.on_path = ""  # holds for the lanes whose guards have held so far; none yet
        self.finite = ""  # holds for the lanes whose results are finite

    @abstractmethod
    def write(self) -> None:
        """Append all functions."""

    def blocks(self, name: str) -> None:
        """Append a function up to the end of its loop. `%all` then holds if every row has stayed on
        the path."""
        self.begin(f"{name}({PARAMETERS}) {ALIGNED_STACK}")
        for array in self.columns.strides():
            address = self.element("ptr", "%arrays", array)
            self.do(f"%array{array} = load ptr, ptr {address}")
        for array, place in self.space.rows.items():
            self.do(f"%rows{array} = getelementptr double, ptr %work, i64 {place}")
        self.enter()
        self.go("%head")
        self.label("%head")
        self.do("%i = phi i64 [ %begin, %entry ], [ %next, %done ]")
        self.do("%before = phi i1 [ true, %entry ], [ %all, %done ]")
        self.do("%left = sub i64 %end, %i")
        self.do(f"%full = icmp uge i64 %left, {self.lanes}")
        self.branch("%full", "%whole", "%part")
        self.label("%part")
        self.pad()
        self.go("%padded")
        self.label("%padded")
        self.go("%block")
        self.label("%whole")
        rows = {array: self.row(array, stride, "%i") for array, stride in self._strides().items()}
        whole, part = self.targets()
        self.go("%block")
        self.label("%block")
        # From here on it makes no difference whether the block is in the arrays or in the work
        # space, but for these pointers.
        for array, row in rows.items():
            self.do(f"%b{array} = phi ptr [ {row}, %whole ], [ %rows{array}, %padded ]")
        self.do(f"%to = phi ptr [ {whole}, %whole ], [ {part}, %padded ]")
        self.block()
        self.branch("%full", "%done", "%last")
        self.label("%last")
        self.take_back()
        self.go("%done")
        self.label("%done")
        self.do(f"%next = add i64 %i, {self.lanes}")
        self.branch(self.set("icmp ult i64 %next, %end"), "%head", "%exit")
        self.label("%exit")

    @abstractmethod
    def enter(self) -> None:
        """What comes before the loop."""

    @abstractmethod
    def targets(self) -> tuple[str, str]:
        """Where `%to` points in a whole block and in a short one."""

    @abstractmethod
    def take_back(self) -> None:
        """What a short block left in the work space, to where it belongs."""

    def minimum(self, a: str, b: str) -> str:
        """The smaller one of two indices."""
        self.declarations.add("declare i64 @llvm.umin.i64(i64, i64)")
        return self.set(f"call i64 @llvm.umin.i64(i64 {a}, i64 {b})")

    def row(self, array: int, stride: int, i: str) -> str:
        """The address of a row."""
        return self.element("double", f"%array{array}", self.set(f"mul i64 {i}, {stride}"))

    def _strides(self) -> dict[int, int]:
        """The row lengths of the arrays that have rows."""
        return {array: stride for array, stride in self.columns.strides().items() if stride}

    def pad(self) -> None:
        """The rows of a short block to the work space. In the place of missing ones stands the last
        one: invented rows might leave the path, or be no numbers, and so would the block."""
        last = self.set("sub i64 %left, 1")
        inputs = {field.array: field.stride for field in self.columns.inputs if field.stride}
        with self.loop(self.lanes) as lane:
            source = self.set(f"add i64 %i, {self.minimum(lane, last)}")
            for array, stride in inputs.items():
                copy = self.set(f"mul i64 {lane}, {stride}")
                target = self.element("double", f"%rows{array}", copy)
                self.copy(target, self.row(array, stride, source), 8 * stride)

    # -- a block -----------------------------------------------------------------------------------

    @abstractmethod
    def compute_block(self) -> None:
        """The program for the rows of a block: `on_path` and `finite` then say of which lanes."""

    def block(self) -> None:
        """Compute it, and whether all rows have stayed on the path."""
        self.compute_block()
        every = self.both(self.on_path, self.finite) if self.finite else self.on_path
        if not every:
            good = "true"
        elif self.lanes == 1:
            good = every
        else:
            bits = self.set(f"bitcast {self.truth} {every} to i{self.lanes}")
            good = self.set(f"icmp eq i{self.lanes} {bits}, -1")
        # No block is left early: nearly always all lanes stay on the path, and where not, the
        # results of those that do are good.
        self.do(f"%all = and i1 %before, {good}")

    def place(self, field: Field, row: int = 0) -> str:
        """The address of a field in a row of the block."""
        base = f"%b{field.array}" if field.stride else f"%array{field.array}"
        return self.element("double", base, field.offset + row * field.stride)

    def gathered(self, stride: int, place: Callable[[int], str]) -> str:
        """A number of every row, so far apart, and where it is in the row of a lane."""
        if stride == 0 or self.lanes == 1:
            return self.splat("double", self.load("double", place(0), 8))
        if stride == 1:
            return self.load(self.type, place(0), 8)
        # One by one: the instruction that gathers them from one register of indices is no faster.
        whole = "poison"
        for lane in range(self.lanes):
            whole = self.with_lane(whole, self.load("double", place(lane), 8), lane)
        return whole

    def scatter(self, x: str, stride: int, place: Callable[[int], str]) -> None:
        """Write it there."""
        if stride == 1 or self.lanes == 1:
            self.store(self.type, x, place(0), 8)
            return
        for lane in range(self.lanes):
            self.store("double", self.lane_of(x, lane), place(lane), 8)

    def has_row(self, first: int, lanes: int, left: str) -> str:
        """Holds in those of so many lanes, from one on, for which the block has rows; `left` says
        in each how many it has."""
        numbers = ", ".join(f"i64 {lane}" for lane in range(first, first + lanes))
        shown = str(first) if lanes == 1 else f"<{numbers}>"
        return self.set(f"icmp ult {vector_of('i64', lanes)} {shown}, {left}")

    def is_wanted(self, lane: int) -> str:
        if not self.on_path or self.lanes == 1:
            return self.on_path
        return self.set(f"extractelement {self.truth} {self.on_path}, i32 {lane}")

    def both(self, known: str, truth: str) -> str:
        """The truth value that holds where both do; the first may be none."""
        return self.compute("and", [known, truth]) if known else truth


class FillingKernel(BlockKernel):
    """Results go to columns, and a mark for every row to `out`."""

    def write(self) -> None:
        self.blocks("i64 @run")
        self.do(f"ret i64 {self.set('select i1 %all, i64 0, i64 1')}")
        self.end_asking()
        self.do("}")

    def enter(self) -> None:
        self.do(f"%marks = getelementptr double, ptr %work, i64 {self.space.marks}")

    def targets(self) -> tuple[str, str]:
        return self.element("i8", "%out", "%i"), "%marks"

    def block(self) -> None:
        super().block()
        # 0 for another path, 1 for a row that is done, UNSURE where it may be wrong.
        kind = self.vector("i8")
        none, done, unsure = (self.in_every_lane("i8", mark) for mark in (0, 1, UNSURE))
        mark = done
        if self.finite:
            mark = self.set(f"select {self.truth} {self.finite}, {kind} {done}, {kind} {unsure}")
        if self.on_path:
            mark = self.set(f"select {self.truth} {self.on_path}, {kind} {mark}, {kind} {none}")
        self.store(kind, mark, "%to", 1)

    def take_back(self) -> None:
        self.copy(self.element("i8", "%out", "%i"), "%marks", "%left")
        for array, stride in {f.array: f.stride for f in self.columns.results or ()}.items():
            size = self.set(f"mul i64 %left, {8 * stride}")
            self.copy(self.row(array, stride, "%i"), f"%rows{array}", size)


class AddingKernel(BlockKernel):
    """Results are added to running sums, from chunk to chunk."""

    def write(self) -> None:
        self.blocks("internal i64 @chunk")
        self._totals()
        unsure = UNSURE if self.is_fast_path else 0
        status = self.set(f"select i1 %unsure, i64 {unsure}, i64 0")
        self.do(f"ret i64 {self.set(f'select i1 %all, i64 {status}, i64 1')}")
        self.end_asking()
        self.do("}")
        self._chunks()

    @abstractmethod
    def total(self, i: str) -> str:
        """The sum of a result over all rows of the chunk."""

    def _totals(self) -> None:
        """Write each result's sum over all lanes, over the divisor; `%unsure` then holds if any is
        not finite."""
        carried = ("%unsure", "i1", "false", "%is_or_was")
        with self.loop(self.results, carried) as i:
            total = self.total(i)
            result = self.set(f"fdiv double {total}, %divisor")
            self.store("double", result, self.element("double", "%out", i))
            rest = self.set(f"fsub double {total}, {total}")  # NaN, unless it is finite
            self.do(f"%is_or_was = or i1 %unsure, {self.set(f'fcmp uno double {rest}, 0.0')}")

    def _chunks(self) -> None:
        """The function that runs one chunk after the other, as long as all rows are on the path."""
        self.begin(f"i64 @run({PARAMETERS})")
        rows = self.set("sub i64 %end, %begin")
        chunks = self.set(f"udiv i64 {self.set(f'add i64 {rows}, {CHUNK - 1}')}, {CHUNK}")
        with self.loop(chunks) as chunk:
            first = self.set(f"add i64 %begin, {self.set(f'mul i64 {chunk}, {CHUNK}')}")
            stop = self.minimum(self.set(f"add i64 {first}, {CHUNK}"), "%end")
            sums = self.set(f"mul i64 {chunk}, {self.results}")
            to = self.element("double", "%out", sums)
            given = f"i64 {first}, i64 {stop}, ptr %work, ptr {to}, double %divisor"
            status = self.set(f"call i64 @chunk(ptr %arrays, {given})")
            self.unless(self.set(f"icmp eq i64 {status}, 0"), "%failed")
        self.do("ret i64 0")
        self.label("%failed")
        self.do(f"ret i64 {status}\n}}")


class _Straight(BlockKernel, KernelText):
    """The program as straight-line code."""

    def __init__(self, program: Program, *others: Any) -> None:
        super().__init__(*others)
        self.program = program
        self._taken: dict[int, str] = {}
        self.unpaired = ""  # 0 where a result is finite, not yet checked

    def compute_block(self) -> None:
        self.operations(self.program, "%to")
        if self.unpaired:
            self.check_finite(self.unpaired)

    def take(self, slot: int) -> str:
        # Loaded at every use, and not kept: there are more inputs than registers, and what LLVM
        # kept in memory instead would have to be loaded from there. But what is gathered lane by
        # lane takes as many loads as there are lanes.
        if slot not in self._taken:
            field = self.columns.inputs[slot]
            number = self.gathered(field.stride, partial(self.place, field))
            if field.stride < 2:
                return number
            self._taken[slot] = number
        return self._taken[slot]

    def check(self, index: int, truth: str, expected: bool, converted: str) -> None:
        held = truth if expected else self.compute("not", [truth])
        self.on_path = self.both(self.on_path, held)

    def check_finite(self, x: str) -> None:
        """A finite number less itself is 0, any other NaN, which compares with nothing: so two are
        checked at a time."""
        rest = self.compute("sub", [x, x])
        if not self.unpaired:
            self.unpaired = rest
            return
        pair = self.set(f"fcmp ord {self.type} {self.unpaired}, {rest}")
        self.unpaired = ""
        self.finite = self.both(self.finite, pair)


class _StraightFilling(FillingKernel, _Straight):
    def give(self, i: int, x: str) -> None:
        assert self.columns.results is not None
        if self.is_fast_path:
            self.check_finite(x)
        field = self.columns.results[i]
        self.scatter(x, field.stride, partial(self.place, field))


class _StraightAdding(AddingKernel, _Straight):
    """There is a running sum for every lane: so no addition has to wait for that of the lane
    before. At the end of a chunk the lanes are added up."""

    def enter(self) -> None:
        self.do(f"%rest = getelementptr double, ptr %work, i64 {self.lanes * self.results}")
        self.clear("%work", 8 * self.lanes * self.results)

    def pad(self) -> None:
        super().pad()
        self.clear("%rest", 8 * self.lanes * self.results)

    def targets(self) -> tuple[str, str]:
        return "%work", "%rest"

    def give(self, i: int, x: str) -> None:
        # To memory and back: sums of some hundred results fit no processor's registers.
        place, align = self.element(self.type, "%to", i), min(8 * self.lanes, ALIGNMENT)
        old = self.load(self.type, place, align)
        self.store(self.type, self.compute("add", [old, x]), place, align)

    def take_back(self) -> None:
        """Add a short block's results, but those of repeated rows. Here, once, and not in every
        block."""
        counts = self.has_row(0, self.lanes, self.splat("i64", "%left"))
        with self.loop(len(self.program.outputs)) as i:
            place = self.element(self.type, "%work", i)
            old = self.load(self.type, place, 8)
            rest = self.load(self.type, self.element(self.type, "%rest", i), 8)
            new = self.compute("add", [old, rest])
            self.store(self.type, self.compute("select", [counts, new, old]), place, 8)

    def total(self, i: str) -> str:
        return added_up(self, self.load(self.type, self.element(self.type, "%work", i), 8))


def added_up(text: Instructions, sums: str) -> str:
    """The lanes of one of the processor's vectors added up, halves to halves."""
    width = text.native
    while width > 1:
        half = width // 2
        kind = f"<{width} x double>"
        low, high = (
            text.shuffled(kind, sums, "poison", range(start, start + half)) for start in (0, half)
        )
        sums = text.set(f"fadd <{half} x double> {low}, {high}")
        width = half
    if text.native == 1:
        return sums
    return text.set(f"extractelement <1 x double> {sums}, i32 0")
