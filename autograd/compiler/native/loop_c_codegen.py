"""A program with its loops as C. Unlike a flat one it allocates memory, where later rounds read
what earlier ones have left, and frees it; NO_MEMORY where there is none.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from autograd.compiler.ir.flat_rows import FAILS, HOLDS
from autograd.compiler.ir.loop_lines import LoopLines
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.sources import Carried, Index, Memory, Sources, running
from autograd.compiler.native.c_codegen import c_comment, c_formula, c_number, require_c
from autograd.compiler.native.loop_kernel import NO_MEMORY

__all__ = ["LoopCLines", "c_source_with_loops"]


def c_source_with_loops(program: Program, layout: Sources, name: str = "compiled") -> str:
    """As `c_source`, of a program whose loops have been found."""
    require_c(program)
    return _Source(program, layout).text(name)


class LoopCLines(LoopLines):
    """The lines of a function's body, of C or a language that is like it. What differs there: how
    memory is taken, read and written, and how the function is left."""

    indent = "    "
    constant: ClassVar = "static const"
    """How a table is declared."""

    def __init__(self, program: Program, layout: Sources) -> None:
        super().__init__(program, layout)
        self._tables: dict[tuple[str, bytes], str] = {}
        self.declared: list[str] = []
        """The tables."""
        self.work = 0
        """How many numbers all arrays have."""
        arrays = self._arrays()
        self.body(layout.root, 1)
        self._others()
        rows = [row for row in layout.rows if layout.name(row) not in (HOLDS, FAILS)]
        self.whole = [
            *[f"    {self._kind(row)} r{row.number};" for row in rows],
            *[f"    {self._kind(carried.row)} {c};" for carried, c in self.carried.items()],
            *arrays,
            *self.lines,
            *self.leave("-1", "    "),
        ]

    def at(self, array: str, index: str) -> str:
        """A place in an array: of the inputs ("in"), the results ("out"), a table, or memory."""
        return f"{array}[{index}]"

    def pointer(self, array: str, offset: int) -> str:
        """An array in the memory of all."""
        return f"    double *const {array} = work + {offset};"

    @abstractmethod
    def memory_of_all(self) -> list[str]:
        """What takes the memory, of `work` numbers."""

    @abstractmethod
    def leave(self, status: str, margin: str) -> list[str]:
        """What ends the function."""

    def _arrays(self) -> list[str]:
        """Pointers to all arrays, in one piece of memory; those of truth values take doubles."""
        rolled, size = self.layout.rolled, 0
        lines: list[str] = []
        for row in self.layout.rows:
            extent = self.layout.storage[row].extent
            if extent is not None:
                low, high = extent
                lines.append(self.pointer(f"a{row.number}", size - low))
                size += high - low + 1
        size_of_all = self.layout.size_of_all
        if size_of_all:
            lines.append(self.pointer("all", size))
            size += size_of_all
        self.work = size
        if self.layout.takes_all:
            lines += self._copied("in", rolled.inputs, rolled.length)
            if len(rolled.constants):
                table = self._table("double", rolled.constants)
                first = rolled.length + rolled.inputs
                lines += self._copied(table, len(rolled.constants), first)
        return [*self.memory_of_all(), *lines] if size else []

    def _copied(self, array: str, count: int, first: int) -> list[str]:
        to, source = self.at("all", f"{first} + i"), self.at(array, "i")
        return [f"    for (long i = 0; i < {count}; i++) {to} = {source};"]

    def head(self, place: Place, margin: str, carried: Mapping[Carried, str]) -> list[str]:
        lines = [f"{margin}{name} = {self.first(source)};" for source, name in carried.items()]
        i = f"i{place.depth}"
        return [*lines, f"{margin}for (long {i} = 0; {i} < {self._rounds(place)}; {i}++) {{"]

    def tail(self, margin: str, carried: Mapping[Carried, str]) -> list[str]:
        lines = [f"{margin}    {name} = r{source.row.number};" for source, name in carried.items()]
        return [*lines, f"{margin}}}"]

    def _rounds(self, place: Place) -> str:
        if not place.is_ragged:
            return str(place.rounds)
        assert place.around is not None
        return self._index(self.layout.numbered(place.around, place.rounds))

    def row(self, row: WrittenRow, margin: str) -> None:
        name, place, r = self.layout.name(row), row.place, f"r{row.number}"
        shown = self.operands(row)
        if name in (HOLDS, FAILS):
            index = self.layout.guards[row]
            wrong = f"!{shown[0]}" if name == HOLDS else shown[0]
            self.lines.append(f"{margin}if ({wrong}) {{")
            self.lines += self.leave(self._index(index), margin + "    ")
            self.lines.append(f"{margin}}}")
            return
        self.lines.append(f"{margin}{r} = {c_formula(name, shown)};")
        storage = self.layout.storage[row]
        for index in storage.given:
            self.lines.append(f"{margin}{self.at('out', self._index(index))} = {r};")
        own = [] if storage.extent is None else [(row, 0)]
        for owner, first in [*own, *storage.left_in.items()]:
            at = self.at(f"a{owner.number}", self._index(running(place, first)))
            self.lines.append(f"{margin}{at} = {r};")
        if storage.is_in_all:
            places = self.layout.numbered(place, self.layout.places_in_all(row))
            at = self.at("all", self._index(places))
            self.lines.append(f"{margin}{at} = {r};")

    def _others(self) -> None:
        others = self.layout.at_end
        if isinstance(others, Memory):
            slots = self._table("int", [slot for slot, _ in self.layout.others])
            places = self._table("int", others.at.table)
            count = len(self.layout.others)
            self.lines.append(f"    for (long i = 0; i < {count}; i++)")
            given = self.at("all", f"{places}[i]")
            self.lines.append(f"        {self.at('out', f'{slots}[i]')} = {given};")
            return
        for slot, source in others:
            self.lines.append(f"    {self.at('out', str(slot))} = {self.operand(source)};")

    def number(self, x: float) -> str:
        return c_number(x)

    def memory(self, source: Memory) -> str:
        array = source.array
        if array == "constants":
            array = self._table("double", source.table)
        elif isinstance(array, WrittenRow):
            array = f"a{array.number}"
        return self.at(array, self._index(source.at))

    def _index(self, index: Index) -> str:
        terms = [f"{step} * i{k}" for k, step in enumerate(index.steps, 1) if step]
        text = " + ".join([str(index.base)] * (index.base != 0 or not terms) + terms)
        if index.table is None or index.at is None:
            return text
        found = f"{self._table('int', index.table)}[{self._index(index.at)}]"
        return found if text == "0" else f"{found} + {text}"

    def _table(self, kind: str, entries: Any) -> str:
        numbers = [float(x) for x in entries] if kind == "double" else [int(x) for x in entries]
        key = (kind, repr(numbers).encode())
        if key not in self._tables:
            name = self._tables[key] = f"table{len(self._tables)}"
            texts = [c_number(x) if kind == "double" else str(x) for x in numbers]
            self.declared += [f"{self.constant} {kind} {name}[] = {{{', '.join(texts)}}};", ""]
        return self._tables[key]

    def _kind(self, row: WrittenRow) -> str:
        return "int" if self.layout.is_truth(row) else "double"


class _Source(LoopCLines):
    """As a function of C."""

    def text(self, name: str) -> str:
        return "\n".join(
            [
                "#include <math.h>",
                "#include <stdlib.h>",
                "",
                *self.declared,
                f"/* in: {c_comment(', '.join(self.program.inputs))} */",
                f"long {name}(const double *in, double *out)",
                "{",
                *self.whole,
                "}",
                "",
            ]
        )

    def memory_of_all(self) -> list[str]:
        work = f"    double *const work = malloc({self.work} * sizeof(double));"
        return [work, f"    if (!work) return {NO_MEMORY};"]

    def leave(self, status: str, margin: str) -> list[str]:
        return [f"{margin}free(work);"] * (self.work > 0) + [f"{margin}return {status};"]
