"""LLVM assembly that runs a rolled program over many rows: loops within a loop over blocks of rows.

As `vector_codegen`, but that a block has as many rows as several vectors: what all rows share, such
as a weight, is read once for all of them. Numbers of rows are first put in order, those of one
input beside each other, since loops read them again and again. What a loop leaves for later is in
the work space.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, Final

from autograd.compiler.ir.flat_rows import distinct
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.sources import Memory, Sources
from autograd.compiler.native.llvm_codegen import vector_of
from autograd.compiler.native.loop_codegen import LoopText
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import (
    AddingKernel,
    BlockKernel,
    Columns,
    FillingKernel,
    WorkSpace,
    added_up,
)

__all__ = ["MANY", "VECTORS", "LoopedBlocks", "looped_kernel"]

VECTORS: Final = 4  # in a block: a loop that reads a number does this many things with it
MANY: Final = 10_000
"""Results; the sums of more are added up across lanes block by block: a sum for every lane would
not fit the cache."""


def looped_kernel(
    layout: Sources,
    columns: Columns,
    vectors: Vectors,
    wide: int,
    addresses: Mapping[tuple[str, int], int],
    is_fast_path: bool,
) -> LoopedBlocks:
    """The same function as `block_kernel` makes, of blocks of `wide` vectors."""
    results = len(layout.rolled.results)
    kind: type[LoopedBlocks] = _Filling
    sums = 0
    if columns.results is None:
        kind = _AddingBlocks if results > MANY else _AddingLanes
        sums = results if results > MANY else results * vectors.lanes
    lanes = wide * vectors.lanes
    space = WorkSpace(columns, sums, lanes)
    kernel = kind(columns, results, space, is_fast_path, layout, addresses, vectors, lanes)
    kernel.write()
    return kernel


class LoopedBlocks(BlockKernel, LoopText):
    """A block: inputs put in order, then the program's loops. `size` is how many numbers the work
    space has to hold."""

    def __init__(
        self,
        columns: Columns,
        results: int,
        space: WorkSpace,
        is_fast_path: bool,
        layout: Sources,
        addresses: Mapping[tuple[str, int], int],
        vectors: Vectors,
        lanes: int,
    ) -> None:
        import numpy

        text = (layout, addresses, lanes, vectors.names, vectors.scales, vectors.lanes)
        super().__init__(columns, results, space, is_fast_path, *text)
        numbers = chain.from_iterable(columns.inputs)
        self.fields = numpy.fromiter(numbers, numpy.int64).reshape(-1, 3)
        self.ordered = self._ordered()
        """The inputs that are put in order."""
        offsets = self.space_of_arrays()
        self._starts = {array: 8 * space.size + offset for array, offset in offsets.items()}
        self._inputs = 8 * space.size + self.bytes
        self._results = self._inputs + 8 * lanes * len(self.ordered)
        own = 0 if columns.results is None else results
        self.size = self._results // 8 + lanes * own

    def _ordered(self) -> Any:
        import numpy

        outside = self.layout.outside_in_all
        found = [outside[outside < len(self.fields)]]
        for place, column in self.layout.inputs_read():
            slots = ~place.values(column)
            if not self._is_shared(slots):
                found.append(slots)
        found += [numpy.array([s]) for s in self._given_inputs() if not self._is_shared([s])]
        return distinct(numpy.concatenate(found))

    def _given_inputs(self) -> list[int]:
        """Inputs that are results."""
        others = self.layout.at_end
        if isinstance(others, Memory):
            return []
        memory = [source for _, source in others if isinstance(source, Memory)]
        return [source.at.base for source in memory if source.array == "in"]

    def _is_shared(self, slots: Any) -> bool:
        """Whether all rows share these numbers, and they stand in one array."""
        fields = self.fields[slots]
        return bool((fields[:, 2] == 0).all() and (fields[:, 0] == fields[0, 0]).all())

    # -- a block -----------------------------------------------------------------------------------

    def enter(self) -> None:
        for array, start in self._starts.items():
            self.arrays[array] = self.element("i8", "%work", start)
        self.do(f"%inputs = getelementptr i8, ptr %work, i64 {self._inputs}")
        self.do(f"%path = alloca {self.truth}")

    def compute_block(self) -> None:
        self._put_in_order()
        if self.layout.takes_all:
            self.fill_all()
        has_guards = bool(self.layout.guards)
        if has_guards:
            every = self.in_every_lane("i1", "true")
            self.store(self.truth, every, "%path")
        self.written()
        self.on_path = self.load(self.truth, "%path") if has_guards else ""

    def _put_in_order(self) -> None:
        """The rows' numbers of each input beside each other."""
        import numpy

        arrays = self.fields[self.ordered, 0]
        for array in distinct(arrays).tolist():
            places = numpy.flatnonzero(arrays == array)
            fields = self.fields[self.ordered[places]]
            stride = int(fields[0, 2])
            base = f"%b{array}" if stride else f"%array{array}"
            with self.loop(len(places)) as k:
                first = self.element("double", base, self._nth(fields[:, 1], k))
                whole = self.gathered(stride, self._in_rows(first, stride))
                self.put(whole, "%inputs", self._nth(places, k))

    def _in_rows(self, first: str, stride: int) -> Callable[[int], str]:
        """Where a number is in the row of a lane, by where it is in the first."""
        return lambda lane: self.element("double", first, lane * stride)

    def _nth(self, numbers: Any, k: str) -> str:
        """One of these whole numbers."""
        import numpy

        first = int(numbers[0])
        if (numbers == first + numpy.arange(len(numbers))).all():
            return self.set(f"add nuw nsw i64 {k}, {first}")
        return self.from_table(self.numbers(numbers), k)

    def fill_all(self) -> None:
        rolled, own = self.layout.rolled, self.layout.outside_in_all
        inputs = own[own < rolled.inputs]
        if len(inputs):
            with self.loop(len(inputs)) as k:
                number = self.got("%inputs", self._nth(self.ordered.searchsorted(inputs), k))
                self.put(number, self.arrays["all"], self._nth(rolled.length + inputs, k))
        constants = own[len(inputs) :]
        if len(constants):
            table = self.table(rolled.constants[constants - rolled.inputs])
            with self.loop(len(constants)) as k:
                number = self.load_invariant("double", self.element("double", table, k))
                place = self._nth(rolled.length + constants, k)
                self.put(self.splat("double", number), self.arrays["all"], place)

    # -- the program -------------------------------------------------------------------------------

    def read_input(self, place: Place, column: int, source: Memory) -> str:
        import numpy

        slots = ~place.values(column) if column >= 0 else numpy.array([source.at.base])
        if not self._is_shared(slots):
            places = self.layout.numbered(place, self.ordered.searchsorted(slots))
            return self.got("%inputs", self.whole(place, places))
        array, offsets = self.fields[slots[0], 0], self.fields[slots, 1]
        at = self.whole(place, self.layout.numbered(place, offsets))
        number = self.load("double", self.element("double", f"%array{array}", at), 8)
        return self.splat("double", number)

    def check(self, row: WrittenRow, truth: str, expected: bool) -> None:
        held = truth if expected else self.compute("not", [truth])
        before = self.load(self.truth, "%path")
        self.store(self.truth, self.compute("and", [before, held]), "%path")

    def is_wanted(self, lane: int) -> str:
        if self.layout.guards:
            self.on_path = self.load(self.truth, "%path")
        return super().is_wanted(lane)


class _Filling(FillingKernel, LoopedBlocks):
    """Results are kept for the end of the block, when each array's are written one after the other,
    as its rows have them."""

    def enter(self) -> None:
        super().enter()
        LoopedBlocks.enter(self)
        self.do(f"%results = getelementptr i8, ptr %work, i64 {self._results}")
        self.do(f"%good = alloca {self.truth}")

    def give(self, slot: str, number: str) -> None:
        self.put(number, "%results", slot)

    def compute_block(self) -> None:
        super().compute_block()
        if self.is_fast_path:
            self.store(self.truth, self.in_every_lane("i1", "true"), "%good")
        first = 0
        for array, count in self._counts().items():
            with self.loop(count) as k:
                x = self.got("%results", self.set(f"add nuw nsw i64 {k}, {first}"))
                if self.is_fast_path:
                    self._check_finite(x)
                first_row = self.element("double", f"%b{array}", k)
                self.scatter(x, count, self._in_rows(first_row, count))
            first += count
        if self.is_fast_path:
            self.finite = self.load(self.truth, "%good")

    def _counts(self) -> dict[int, int]:
        """How many results a row of each array has; they stand in it in order."""
        return {field.array: field.stride for field in self.columns.results or ()}

    def _check_finite(self, x: str) -> None:
        rest = self.compute("sub", [x, x])
        ordered = self.set(f"fcmp ord {self.type} {rest}, {rest}")
        good = self.compute("and", [self.load(self.truth, "%good"), ordered])
        self.store(self.truth, good, "%good")


class _Adding(AddingKernel, LoopedBlocks):
    """Of a short block only the rows that there are."""

    def enter(self) -> None:
        LoopedBlocks.enter(self)
        self.clear("%work", 8 * self.sums)
        self._wanted: list[str] = []

    @property
    @abstractmethod
    def sums(self) -> int:
        """How many numbers they are."""

    def targets(self) -> tuple[str, str]:
        return "%work", "%work"

    def take_back(self) -> None:
        pass

    def compute_block(self) -> None:
        left = self.splat("i64", "%left", self.native)
        self._wanted = [
            self.has_row(first, self.native, left) for first in range(0, self.lanes, self.native)
        ]
        super().compute_block()

    def with_rows(self, total: str, number: str) -> str:
        """A sum for every lane, with the numbers of the rows that there are."""
        kind, truth = self.piece, vector_of("i1", self.native)
        for wanted, part in zip(self._wanted, self.pieces(number), strict=True):
            new = self.set(f"fadd {kind} {total}, {part}")
            total = self.set(f"select {truth} {wanted}, {kind} {new}, {kind} {total}")
        return total


class _AddingLanes(_Adding):
    """There is a running sum for every lane of a vector, as in straight-line code: in the same
    order the same numbers are added."""

    @property
    def sums(self) -> int:
        return self.results * self.native

    def _place(self, slot: str) -> str:
        kind = "double" if self.native == 1 else f"[{self.native} x double]"
        return self.element(kind, "%work", slot)

    def give(self, slot: str, number: str) -> None:
        place = self._place(slot)
        total = self.with_rows(self.load(self.piece, place, 8), number)
        self.store(self.piece, total, place, 8)

    def total(self, i: str) -> str:
        return added_up(self, self.load(self.piece, self._place(i), 8))


class _AddingBlocks(_Adding):
    """The rows of a block are added up at once: first the block's vectors, then their lanes, and
    that to the sum so far."""

    @property
    def sums(self) -> int:
        return self.results

    def give(self, slot: str, number: str) -> None:
        nothing = "0.0" if self.native == 1 else "zeroinitializer"
        place = self.element("double", "%work", slot)
        total = added_up(self, self.with_rows(nothing, number))
        old = self.load("double", place, 8)
        self.store("double", self.set(f"fadd double {old}, {total}"), place, 8)

    def total(self, i: str) -> str:
        return self.load("double", self.element("double", "%work", i), 8)
