"""Writes a rolled program as LLVM assembly: loops stay loops.

Each number is computed in the order in which it was recorded, so it has the same bits. `LoopText`
writes the loops, of numbers or of vectors of them, and leaves to each kind of kernel where inputs
come from, where results go, and what a guard does. What a row left rounds ago is read from an array
in the kernel's scratch memory.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from autograd.compiler.ir.flat_rows import ALONE, FAILS, HOLDS
from autograd.compiler.ir.loop_parts import Item, Part, uncut
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.meanings import TRUTH_OPERANDS
from autograd.compiler.ir.sources import (
    Carried,
    Index,
    Memory,
    Recomputed,
    Source,
    Sources,
    running,
)
from autograd.compiler.native.llvm_codegen import Instructions
from autograd.compiler.native.llvm_writer import INVARIANT

__all__ = ["TABLES", "LoopText"]

ALIGNMENT: Final = 64
NO_COLUMN: Final = -1
"""Of a result: it is no operand."""
TABLES: Final = "tables"
"""The region of all tables, which nobody writes to."""


class LoopText(Instructions):
    """A rolled program, written in loops. The text has the addresses of what is in `kept`."""

    def __init__(
        self,
        layout: Sources,
        addresses: Mapping[tuple[str, int], int],
        lanes: int = 1,
        vector_names: Mapping[str, str] | None = None,
        scales: bool = False,
        native: int = 0,
    ) -> None:
        super().__init__(lanes, addresses, vector_names, scales, native)
        self.layout = layout
        self.kept: list[Any] = []
        self.bytes = 0
        """Of scratch memory."""
        self.cell = "double" if self.lanes == 1 else f"[{self.lanes} x double]"
        """What an array is made of."""
        self.arrays: dict[WrittenRow | str, str] = {}
        """Where each begins."""
        self._computed: dict[WrittenRow, str] = {}
        self._found: dict[WrittenRow, str] = {}
        self._turns: dict[Place, str] = {}
        self._before: dict[Place, list[str]] = {}
        self._left_after: dict[Place, list[WrittenRow]] = {}
        self._carried: dict[Carried, str] = {}
        self._tables: dict[bytes, int] = {}
        self._compared: dict[WrittenRow, str] = {}

    @abstractmethod
    def read_input(self, place: Place, column: int, source: Memory) -> str:
        """The operand that holds an input, an operand of this place."""

    @abstractmethod
    def check(self, row: WrittenRow, truth: str, expected: bool) -> None:
        """What has to happen at a guard."""

    @abstractmethod
    def give(self, slot: str, number: str) -> None:
        """What to do with a result, as soon as it is known, and where it stands among them."""

    @abstractmethod
    def fill_all(self) -> None:
        """Inputs and constants to the array of all rows, which they follow."""

    def in_order(self, part: Part) -> Sequence[WrittenRow | Place]:
        """The items of a loop, in the order in which they are written."""
        return part.items

    def program_in_order(self) -> Sequence[Item]:
        """Those of the program."""
        items = self.layout.root.items
        return [item if isinstance(item, WrittenRow) else uncut(item) for item in items]

    def apart(self, region: str) -> str:
        """What a load or a store says of the array where it reads or writes: that no other one has
        a place in common with it. "" for nothing."""
        return ""

    def written(self) -> None:
        """Append the whole program."""
        for item in self.program_in_order():
            if isinstance(item, WrittenRow):
                self._row(item)
            else:
                self._loops([item] if isinstance(item, Part) else item)
        self._give_others()

    # -- memory ------------------------------------------------------------------------------------

    def space_of_arrays(self) -> dict[WrittenRow | str, int]:
        """Where in the scratch memory each array begins, in bytes."""
        offsets: dict[WrittenRow | str, int] = {}
        for row in self.layout.rows:
            extent = self.layout.storage[row].extent
            if extent is not None:
                size, (low, high) = self._size(row), extent
                offsets[row] = self.bytes - size * low
                self.bytes += -(-size * (high - low + 1) // ALIGNMENT) * ALIGNMENT
        size_of_all = self.layout.size_of_all
        if size_of_all:
            offsets["all"] = self.bytes
            self.bytes += 8 * self.lanes * size_of_all
        return offsets

    def _size(self, row: WrittenRow) -> int:
        return self.lanes if self.layout.is_truth(row) else 8 * self.lanes

    def table(self, entries: Any) -> str:
        """A table's address."""
        key = entries.dtype.char.encode() + entries.tobytes()
        if key not in self._tables:
            own = entries.copy()
            self.kept.append(own)
            self._tables[key] = own.ctypes.data
        return self.address(self._tables[key])

    # -- loops -------------------------------------------------------------------------------------

    def _items(self, part: Part) -> None:
        last = {row: self._computed[row] for row in part.found}
        for row in part.found:
            self._find(row)
        for item in self.in_order(part):
            if isinstance(item, WrittenRow):
                self._row(item)
            else:
                self._loops([uncut(item)])
        # Elsewhere it is the last round's that is meant, which the earlier part has at hand.
        self._found |= {row: self._computed[row] for row in part.found}
        self._computed |= last

    def _find(self, row: WrittenRow) -> None:
        """The number of a row of an earlier part of the loop."""
        if self.layout.is_truth(row):
            self._computed[row] = self.compute(self.layout.name(row), self._operands(row))
        else:
            at = self.whole(row.place, running(row.place))
            self._computed[row] = self.got(self.arrays[row], at)

    @contextmanager
    def _into(self, lines: list[str]) -> Iterator[None]:
        own, self.lines = self.lines, lines
        try:
            yield
        finally:
            self.lines = own

    def _loops(self, parts: Sequence[Part]) -> None:
        """Loops, in one as long as all have rounds."""
        shortest = min(parts, key=lambda part: int(part.rounds)) if parts[1:] else parts[0]
        self._loop(parts, "0", self._rounds(shortest.place), {})
        for part in parts:
            if part is not shortest and part.rounds > shortest.rounds:
                # Another loop goes on with what the last round that was done has carried over.
                left = {c: self._in_round(c.row) for c in self._carried if c.place is part.place}
                for carried in left:
                    del self._carried[carried]
                # To an open hole belongs a line of its own, and none may stand among phis.
                start = self.set(f"add i64 {self._rounds(shortest.place)}, 0")
                self._loop([part], start, self._rounds(part.place), left)
        for row in [row for part in parts for row in self._left_after[part.place]]:
            self._keep_last(row)
        places = [part.place for part in parts]
        for carried in [carried for carried in self._carried if carried.place in places]:
            del self._carried[carried]  # another part carries the same by another name
        for row in [row for part in parts for row in part.found]:
            del self._found[row]

    def _loop(
        self, parts: Sequence[Part], start: str, end: str, left: Mapping[Carried, str]
    ) -> None:
        """A loop that is done at least once: so what its last round has computed is at hand after
        it. The first one finds what is carried over among what is left, or from outside."""
        before, head, back, done = map(self.new, ("before", "head", "back", "done"))
        turn, following = self.new("i"), self.new("i")
        leading: list[str] = []
        body: list[str] = []
        for part in parts:
            self._turns[part.place] = turn
            self._before[part.place] = leading
            self._left_after[part.place] = []
            with self._into(body):
                self._items(part)
        places = [part.place for part in parts]
        phis: list[str] = []
        for carried in [c for c in self._carried if c.place in places]:
            with self._into(leading):
                first = left.get(carried) or self._carried_in(carried)
            kind = self.truth if self.layout.is_truth(carried.row) else self.type
            now, later = self._carried[carried], self._in_round(carried.row)
            phis.append(f"{now} = phi {kind} [ {first}, {before} ], [ {later}, {back} ]")
        self.lines += leading
        self.go(before)
        self.label(before)
        self.go(head)
        self.label(head)
        self.do(f"{turn} = phi i64 [ {start}, {before} ], [ {following}, {back} ]")
        self.lines += phis + body
        self.go(back)
        self.label(back)
        self.do(f"{following} = add nuw nsw i64 {turn}, 1")
        self.branch(self.set(f"icmp ult i64 {following}, {end}"), head, done)
        self.label(done)

    def _in_round(self, row: WrittenRow) -> str:
        """A number of the round that was written last."""
        return self._found.get(row) or self._computed[row]

    def _carried_in(self, carried: Carried) -> str:
        """What is carried into a first round."""
        around = carried.place.around
        assert around is not None
        source = self.layout.source(around, carried.column)
        return self._operand(around, carried.column, source, self.layout.is_truth(carried.row))

    def _rounds(self, place: Place) -> str:
        if not place.is_ragged:
            return self.hole(place.rounds)
        assert place.around is not None
        return self.whole(place.around, self.layout.numbered(place.around, place.rounds))

    def _row(self, row: WrittenRow) -> None:
        name, operands = self.layout.name(row), self._operands(row)
        if name in (HOLDS, FAILS):
            self.check(row, operands[0], name == HOLDS)
        else:
            is_alone = name.endswith(ALONE)
            self._computed[row] = self.compute(name.removesuffix(ALONE), operands, is_alone)
            if name == "eq":
                self._note_compared(row, operands)
            self._keep(row)

    def _operands(self, row: WrittenRow) -> list[str]:
        name = self.layout.name(row)
        truths = 1 if name in (HOLDS, FAILS) else TRUTH_OPERANDS.get(name, 0)
        columns = range(row.column, row.column + row.node.width)
        return [
            self._operand(row.place, column, self.layout.source(row.place, column), k < truths)
            for k, column in enumerate(columns)
        ]

    def _note_compared(self, row: WrittenRow, operands: Sequence[str]) -> None:
        """Keep in mind the one number that is compared with a constant."""
        columns = (row.column, row.column + 1)
        sources = [self.layout.source(row.place, column) for column in columns]
        varied = [
            operand
            for operand, source in zip(operands, sources, strict=True)
            if not isinstance(source, float)
            and not (isinstance(source, Memory) and source.array == "constants")
        ]
        if len(varied) == 1:
            self._compared[row] = varied[0]

    def _keep(self, row: WrittenRow) -> None:
        """Leave a row's number where later rounds look for it."""
        place, storage = row.place, self.layout.storage[row]
        for index in storage.given:
            self.give(self.whole(place, index), self._computed[row])
        if place.around is not None and not storage.is_read_within:
            self._left_after[place].append(row)
            return
        of_all = None
        if storage.is_in_all:
            of_all = self.layout.numbered(place, self.layout.places_in_all(row))
        self._leave(row, place, lambda first: running(place, first), of_all)

    def _keep_last(self, row: WrittenRow) -> None:
        """The same, after the loop, of the number that its last round has left."""
        place, storage = row.place, self.layout.storage[row]
        around = place.around
        assert around is not None
        last = place.is_last.nonzero()[0]
        of_all = None
        if storage.is_in_all:
            of_all = self.layout.numbered(around, self.layout.places_in_all(row)[last])
        self._leave(row, around, lambda first: self.layout.numbered(around, last + first), of_all)

    def _leave(
        self, row: WrittenRow, place: Place, nth: Callable[[int], Index], of_all: Index | None
    ) -> None:
        """Write a row's number to the arrays of rows, where `nth` gives the place by that of the
        row's first number, and to that of all rows."""
        number, storage = self._computed[row], self.layout.storage[row]
        is_truth = self.layout.is_truth(row)
        own = [] if storage.extent is None else [(row, 0)]
        for owner, first in [*own, *storage.left_in.items()]:
            at = self.whole(place, nth(first))
            if is_truth:
                self._put_truth(number, self.arrays[owner], at)
            else:
                self.put(number, self.arrays[owner], at)
        if of_all is not None:
            if is_truth:
                number = self.set(f"uitofp {self.truth} {number} to {self.type}")
            self.put(number, self.arrays["all"], self.whole(place, of_all))

    # A vector in an array begins at a multiple of a number's size.

    def put(self, number: str, array: str, at: str) -> None:
        """Write a number, or a vector of them, to its place in an array."""
        self.store(self.type, number, self.element(self.cell, array, at), 8, self.apart(array))

    def got(self, array: str, at: str) -> str:
        """What stands there."""
        return self.load(self.type, self.element(self.cell, array, at), 8, self.apart(array))

    def _put_truth(self, truth: str, array: str, at: str) -> None:
        wide = self.vector("i8")
        place = self.element(self._cell_of_truths, array, at)
        byte = self.set(f"zext {self.truth} {truth} to {wide}")
        self.store(wide, byte, place, 1, self.apart(array))

    def _got_truth(self, array: str, at: str) -> str:
        wide = self.vector("i8")
        place = self.element(self._cell_of_truths, array, at)
        found = self.load(wide, place, 1, self.apart(array))
        return self.set(f"trunc {wide} {found} to {self.truth}")

    @property
    def _cell_of_truths(self) -> str:
        return "i8" if self.lanes == 1 else f"[{self.lanes} x i8]"

    def _give_others(self) -> None:
        """The results that are given at the end."""
        root, others = self.layout.root, self.layout.at_end
        if isinstance(others, Memory):
            slots = self.numbers([slot for slot, _ in self.layout.others])
            places = self.numbers(others.at.table.tolist())
            with self.loop(self.hole(len(self.layout.others))) as i:
                place, slot = (self.from_table(table, i) for table in (places, slots))
                self.give(slot, self.got(self.arrays["all"], place))
            return
        for slot_of_one, source in others:
            self.give(self.hole(slot_of_one), self._operand(root, NO_COLUMN, source, False))

    def numbers(self, numbers: Sequence[int]) -> str:
        """The address of a table of them."""
        import numpy

        return self.table(numpy.array(numbers, numpy.int32))

    def _entry(self, kind: str, address: str) -> str:
        return self.load(kind, address, note=self.apart(TABLES) + INVARIANT)

    def from_table(self, table: str, index: str) -> str:
        """A whole number from a table."""
        number = self._entry("i32", self.element("i32", table, index))
        return self.set(f"sext i32 {number} to i64")

    # -- operands ----------------------------------------------------------------------------------

    def _operand(self, place: Place, column: int, source: Source, is_truth: bool) -> str:
        if isinstance(source, float):
            return self.constant(source)
        if isinstance(source, WrittenRow):
            return self._computed[source]
        if isinstance(source, Carried):
            if source not in self._carried:
                self._carried[source] = self.new("c")
            return self._carried[source]
        if self.layout.is_hoisted(place, column):
            assert place.around is not None
            with self._into(self._before[place]):
                return self._operand(place.around, place.outer(column), source, is_truth)
        return self._made(place, column, source, is_truth)

    def _made(
        self, place: Place, column: int, source: float | Memory | Recomputed, is_truth: bool
    ) -> str:
        """What is read or computed where it is needed."""
        if isinstance(source, float):
            return self.constant(source)
        if isinstance(source, Memory):
            return self._read(place, column, source, is_truth)
        operands = [self._made(place, NO_COLUMN, operand, False) for operand in source.operands]
        return self.compute(self.layout.name(source.row), operands)

    def _read(self, place: Place, column: int, source: Memory, is_truth: bool) -> str:
        array = source.array
        if isinstance(array, WrittenRow) and is_truth:
            return self._got_truth(self.arrays[array], self.whole(place, source.at))
        if array == "in":
            number = self.read_input(place, column, source)
        elif array == "constants":
            table = self.table(source.table)
            number = self.splat(
                "double",
                self._entry("double", self.element("double", table, self.whole(place, source.at))),
            )
        else:
            number = self.got(self.arrays[array], self.whole(place, source.at))
        if not is_truth:
            return number
        return self.set(f"fcmp une {self.type} {number}, {self.constant(0.0)}")

    def whole(self, place: Place, index: Index) -> str:
        """The operand that holds a whole number in a round of a place."""
        rounds: list[str] = []
        at: Place | None = place
        while at is not None and at.around is not None:
            rounds.insert(0, self._turns[at])
            at = at.around
        out = self.hole(index.base) if index.base else "0"
        # Of a place around, where it is the same in all rounds of the loops within.
        for turn, step in zip(rounds, index.steps, strict=False):
            if step:
                scaled = turn if step == 1 else self.set(f"mul nsw i64 {turn}, {self.hole(step)}")
                out = scaled if out == "0" else self.set(f"add nsw i64 {scaled}, {out}")
        if index.table is None or index.at is None:
            return out
        found = self.from_table(self.numbers(index.table), self.whole(place, index.at))
        return found if out == "0" else self.set(f"add nsw i64 {found}, {out}")
