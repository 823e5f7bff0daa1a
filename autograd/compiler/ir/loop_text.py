"""Prints a program with its loops, each body once.

`r5` is what row 5 computed last, `r5[i]` what it left in round i, `c2` what is carried from round
to round; `out[i]` is a result, `data0` a table of constants and `index0` one of places; `all` is
what all rows leave. The listing says of tables and of `all` what they are, where it has some.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from autograd.compiler.ir.flat_rows import FAILS, HOLDS
from autograd.compiler.ir.loop_lines import LoopLines
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.program import Program, formula_text
from autograd.compiler.ir.rolling import with_loops
from autograd.compiler.ir.sources import Carried, Index, Memory, Sources

__all__ = ["LoopedProgram", "readable"]

LETTERS: Final = "ijklmnpq"
SHOWN: Final = 12  # names and numbers of a list, before the rest is left out
KINDS: Final = {
    "data": "# data0[i]: entry i, counted from 0, of the table data0 below; a constant",
    "index": "# index0[i]: entry i, counted from 0, of the table index0 below; a place",
}
ALL: Final = "# all: what the rows leave in all rounds, row after row; "
MOST_PLACES: Final = 10_000  # that are looked at, to say which rows are read


@dataclass(frozen=True, slots=True, eq=False)
class LoopedProgram(Program):
    """A program that is printed with its loops."""

    def __str__(self) -> str:
        rolled = with_loops(self)
        return Program.__str__(self) if rolled is None else str(_Listing(self, Sources(rolled)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self._parts() == _parts(other)

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> Any:
        return _parts(self)


def _parts(program: Program) -> Any:
    return program.code, program.inputs, program.outputs, program.guards


def readable(program: Program) -> Program:
    """The same program, printed with its loops if it has some."""
    return LoopedProgram(program.code, program.inputs, program.outputs, program.guards)


class _Listing(LoopLines):
    """The lines of one program."""

    indent = "  "

    def __init__(self, program: Program, layout: Sources) -> None:
        super().__init__(program, layout)
        self.lines = [f"in: {_some(program.inputs)}"]
        self._tables: dict[tuple[str, bytes], str] = {}
        self._notes: list[str] = []
        self._places: list[int] = []  # that are read from the array of all rows
        self._rounds: list[int] = []  # of the loops around what is written, the outermost first
        self.body(layout.root, 1)
        self._others()
        self.lines += self._explanations()
        self.lines += self._notes

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def head(self, place: Place, margin: str, carried: Mapping[Carried, str]) -> list[str]:
        lines = [f"{margin}for {_letter(place.depth - 1)} in 0..{self._last(place)}:"]
        for source, name in carried.items():
            lines.append(f"{margin}  {name} = {self.first(source)}, then r{source.row.number}")
        return lines

    def _last(self, place: Place) -> str:
        if not place.is_ragged:
            return str(place.rounds - 1)
        assert place.around is not None
        return self._index(self.layout.numbered(place.around, place.rounds - 1))

    def row(self, row: WrittenRow, margin: str) -> None:
        self._rounds = _rounds_around(row.place)
        name, shown = self.layout.name(row), self.operands(row)
        if name in (HOLDS, FAILS):
            index = self.layout.guards[row]
            test = shown[0] if name == HOLDS else f"not {shown[0]}"
            line = self.program.guards[_first(index)].line
            self.lines.append(f"{margin}guard {self._index(index)}: {test}  # {line}")
            return
        self.lines.append(f"{margin}r{row.number} = {formula_text(name, shown)}")
        for index in self.layout.storage[row].given:
            self.lines.append(f"{margin}out[{self._index(index)}] = r{row.number}")

    def _others(self) -> None:
        others = self.layout.at_end
        if isinstance(others, Memory):
            slots = [slot for slot, _ in self.layout.others]
            self._note_places(others.at)
            self.lines.append(f"out: the other {len(slots)}, from all[...]")
            return
        for slot, source in others:
            self.lines.append(f"out[{slot}] = {self.operand(source)}")

    def _explanations(self) -> list[str]:
        """A line for each kind of table that there is, and for the array of all rows."""
        kinds = {kind for kind, _ in self._tables}
        lines = [text for kind, text in KINDS.items() if kind in kinds]
        if self._places:
            lines.append(ALL + _some(self._parts_of_all()))
        return lines

    def _parts_of_all(self) -> list[str]:
        """What stands where in the array of all rows, as far as it is read."""
        parts, first = [], 0
        rolled = self.layout.rolled
        sizes = [(f"r{row.number}", len(row.addresses)) for row in self.layout.rows]
        sizes += [("in", rolled.inputs), ("constants", len(rolled.constants))]
        places = sorted(set(self._places))
        for name, size in sizes:
            if bisect_left(places, first) < bisect_left(places, first + size):
                span = f"{first}..{first + size - 1}" if size > 1 else str(first)
                parts.append(f"{name} in all[{span}]")
            first += size
        return parts

    def number(self, x: float) -> str:
        return repr(x)

    def memory(self, source: Memory) -> str:
        if source.array == "in":
            return self._input(source.at)
        if source.array == "constants":
            return f"{self._table('data', source.table)}[{self._index(source.at)}]"
        if source.array == "all":
            self._note_places(source.at, self._rounds)
        array = source.array if isinstance(source.array, str) else f"r{source.array.number}"
        return f"{array}[{self._index(source.at)}]"

    def _note_places(self, index: Index, rounds: Sequence[int] = ()) -> None:
        """All of them; of very many, those of first and last rounds."""
        table = [0] if index.table is None else index.table.tolist()
        places = [index.base + entry for entry in table]
        for step, count in zip(index.steps, rounds, strict=False):
            few = range(count) if len(places) * count <= MOST_PLACES else (0, count - 1)
            places = [place + step * k for place in places for k in few] if step else places
        self._places += places

    def _input(self, index: Index) -> str:
        """By the names that it has, where these are numbered."""
        names = self.program.inputs
        if index.table is None:
            if not any(index.steps):
                return names[index.base]
            found = re.fullmatch(r"(.*)\[(\d+)\]", names[index.base])
            last = index.base + sum(index.steps)
            if found is not None and 0 <= last < len(names):
                after = re.fullmatch(r"(.*)\[(\d+)\]", names[last])
                moved = int(found[2]) + last - index.base
                if after is not None and after[1] == found[1] and int(after[2]) == moved:
                    return f"{found[1]}[{self._index(index._replace(base=int(found[2])))}]"
        return f"in[{self._index(index)}]"

    def _table(self, kind: str, entries: Any) -> str:
        key = (kind, entries.tobytes())
        if key not in self._tables:
            count = sum(known == kind for known, _ in self._tables)
            self._tables[key] = f"{kind}{count}"
            self._notes.append(f"{kind}{count}: {_some([repr(x) for x in entries.tolist()])}")
        return self._tables[key]

    def _index(self, index: Index) -> str:
        terms = [
            _letter(k) if abs(step) == 1 else f"{abs(step)}*{_letter(k)}"
            for k, step in enumerate(index.steps)
            if step
        ]
        signs = ["-" if step < 0 else "+" for step in index.steps if step]
        parts = list(zip(signs, terms, strict=True))
        if index.base or not parts:
            place = 0 if parts and parts[0][0] == "-" else len(parts)
            parts.insert(place, ("-" if index.base < 0 else "+", str(abs(index.base))))
        text = "".join(f" {sign} {term}" for sign, term in parts).removeprefix(" + ").strip()
        if index.table is None or index.at is None:
            return text
        found = f"{self._table('index', index.table)}[{self._index(index.at)}]"
        return found if text == "0" else f"{found} + {text}".replace("+ -", "- ")


def _rounds_around(place: Place | None) -> list[int]:
    """Of the loops that a place is in, the outermost first; the root is none."""
    if place is None or place.around is None:
        return []
    rounds = place.rounds.max() if place.is_ragged else place.rounds
    return [*_rounds_around(place.around), int(rounds)]


def _first(index: Index) -> int:
    return index.base + (0 if index.table is None else int(index.table[0]))


def _letter(depth: int) -> str:
    return LETTERS[depth] if depth < len(LETTERS) else f"i{depth}"


def _some(texts: Sequence[str]) -> str:
    if len(texts) <= SHOWN:
        return ", ".join(texts)
    return f"{', '.join(texts[: SHOWN // 2])}, ... {texts[-1]} ({len(texts)} in all)"
