"""A rolled program's kernel for one call at a time.

Its scratch memory is allocated once and kept for the next call in a cell which a call empties as
long as it runs: a second one at the same time, in another thread or from within a user's primitive,
allocates its own.

Where loops may be reordered, vectorized or interleaved without a change of bits, LLVM does it if it
knows that a number written to one array is not read from another. Each array of the scratch memory,
the inputs, the results and the tables are therefore a region (`Regions`).
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from autograd.compiler.ir.loop_order import carried_last
from autograd.compiler.ir.loop_parts import Item, Part, links
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.loops_together import in_pieces, side_by_side
from autograd.compiler.ir.sources import Memory, Sources
from autograd.compiler.native.llvm_writer import GIVEN, double
from autograd.compiler.native.loop_codegen import LoopText
from autograd.compiler.native.machine import WITHOUT_MASKS

__all__ = ["NO_MEMORY", "LoopKernel", "Regions", "Scratch"]

NO_MEMORY: Final = -3
"""What a kernel gives that finds no memory for its arrays."""
MUCH: Final = 12  # one row in so many
MOST_REGIONS: Final = 64
"""Each names all others. What is written after so many is said nothing of."""


class Scratch:
    """The cell that holds a kernel's memory between calls, which goes when this object goes."""

    def __init__(self) -> None:
        self._cell = ctypes.c_void_p()
        # Here, for when it is needed the interpreter may be about to end.
        self._free = ctypes.pythonapi["PyMem_RawFree"]
        self._free.argtypes, self._free.restype = [ctypes.c_void_p], None

    @property
    def address(self) -> int:
        """Where the cell is."""
        return ctypes.addressof(self._cell)

    def __del__(self) -> None:
        if self._cell.value is not None:
            self._free(self._cell)


class Regions:
    """Parts of memory that have no place in common, as LLVM's metadata."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def note(self, region: str) -> str:
        """What a load or a store in a region says."""
        if region not in self._numbers and len(self._numbers) == MOST_REGIONS:
            return ""
        number = self._numbers.setdefault(region, len(self._numbers))
        return f", !alias.scope !{3 * number + 3}, !noalias !{3 * number + 4}"

    def lines(self) -> Iterator[str]:
        """What these say."""
        if self._numbers:
            yield "!1 = distinct !{!1}"
        scopes = [3 * number + 2 for number in self._numbers.values()]
        for scope in scopes:
            others = ", ".join([f"!{other}" for other in scopes if other != scope])
            yield f"!{scope} = distinct !{{!{scope}, !1}}"
            yield f"!{scope + 1} = !{{!{scope}}}"
            yield f"!{scope + 2} = !{{{others}}}"


class LoopKernel(LoopText):
    """`i64 kernel(const double *in, double *out)`, as of a flat program, and NO_MEMORY."""

    def __init__(self, layout: Sources, addresses: Mapping[tuple[str, int], int]) -> None:
        super().__init__(layout, addresses)
        self.scratch = Scratch()
        self._regions = Regions()
        self.kept.append(self.scratch)
        self._pieces = in_pieces(layout)
        self._write()

    def assembly(self) -> str:
        own = [super().assembly(), *self._regions.lines(), ""]
        return "\n".join([WITHOUT_MASKS, *own] if self._chooses_in_chains() else own)

    def _chooses_in_chains(self) -> bool:
        """Whether much of it is loops whose rounds wait for a choice in the round before."""
        found = [(place, links(self.layout, place)) for place in self._before]
        rows = [
            len(place.items)
            for place, waiting in found
            if any(self.layout.name(row) == "select" for row in waiting)
        ]
        return sum(rows) * MUCH >= len(self.layout.rows)

    def in_order(self, part: Part) -> Sequence[WrittenRow | Place]:
        return carried_last(self.layout, part)

    def program_in_order(self) -> Sequence[Item]:
        return side_by_side(self.layout, self._pieces)

    def apart(self, region: str) -> str:
        return self._regions.note(region)

    def _write(self) -> None:
        self.begin(f"i64 @kernel(ptr noalias readonly %in, ptr noalias %out{GIVEN})")
        offsets = self.space_of_arrays()
        if self.bytes:
            self._take_scratch(offsets)
        self.written()
        self._give_back()
        self.do("ret i64 -1")
        if self._asked:
            self.label("%raised")
            self._give_back()
            self.do("ret i64 -2")
        if self.bytes:
            self.label("%nomemory")
            self.do(f"ret i64 {NO_MEMORY}")
        self.do("}")

    def _take_scratch(self, offsets: Mapping[WrittenRow | str, int]) -> None:
        cell = self.address(self.scratch.address)
        self.declarations.add("declare noalias ptr @PyMem_RawMalloc(i64)")
        self.declarations.add("declare void @PyMem_RawFree(ptr)")
        held = self.set(f"atomicrmw xchg ptr {cell}, ptr null acquire")
        is_held = self.set(f"icmp ne ptr {held}, null")
        self.branch(is_held, "%ready", "%allocate")
        self.label("%allocate")
        fresh = self.set(f"call ptr @PyMem_RawMalloc(i64 {self.hole(self.bytes)})")
        self.branch(self.set(f"icmp ne ptr {fresh}, null"), "%got", "%nomemory")
        self.label("%got")
        self.go("%ready")
        self.label("%ready")
        self.do(f"%work = phi ptr [ {held}, %entry ], [ {fresh}, %got ]")
        for array, offset in offsets.items():
            self.arrays[array] = self.element("i8", "%work", self.hole(offset))
        if self.layout.takes_all:
            self.fill_all()

    def fill_all(self) -> None:
        rolled = self.layout.rolled
        place = self.element("double", self.arrays["all"], self.hole(rolled.length))
        self.copy(place, "%in", self.hole(8 * rolled.inputs))
        if len(rolled.constants):
            first = self.hole(rolled.length + rolled.inputs)
            place = self.element("double", self.arrays["all"], first)
            table = self.table(rolled.constants)
            self.copy(place, table, self.hole(8 * len(rolled.constants)))

    def _give_back(self) -> None:
        """The scratch memory to its cell; what another call has put there meanwhile is freed."""
        if self.bytes:
            cell = self.address(self.scratch.address)
            other = self.set(f"atomicrmw xchg ptr {cell}, ptr %work release")
            self.do(f"call void @PyMem_RawFree(ptr {other})")

    # -- inputs, guards, results -------------------------------------------------------------------

    def constant(self, x: float) -> str:
        return self.open_constant(x)

    def read_input(self, place: Place, column: int, source: Memory) -> str:
        address = self.element("double", "%in", self.whole(place, source.at))
        return self.load("double", address, note=self.apart("%in"))

    def check(self, row: WrittenRow, truth: str, expected: bool) -> None:
        passed, failed = self.new("pass"), self.new("fail")
        self.branch(truth, *((passed, failed) if expected else (failed, passed)))
        self.label(failed)
        if len(self.layout.rolled.results):
            # For a conversion to int: the number that it was about, as far as it is known.
            source = self.layout.source(row.place, row.column)
            about = self._compared.get(source) if isinstance(source, WrittenRow) else None
            self.store("double", about or double(math.nan), "%out")
        index = self.whole(row.place, self.layout.guards[row])
        self._give_back()
        self.do(f"ret i64 {index}")
        self.label(passed)

    def give(self, slot: str, number: str) -> None:
        self.store("double", number, self.element("double", "%out", slot), note=self.apart("%out"))
