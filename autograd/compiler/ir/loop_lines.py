"""A program with its loops, line by line: what is the same in every language it is written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.sources import Carried, Memory, Source, Sources

__all__ = ["LoopLines"]


class LoopLines(ABC):
    """The lines so far. `r5` is the number of row 5, `c2` what is carried from round to round."""

    indent: ClassVar[str]
    """Of one level."""

    def __init__(self, program: Program, layout: Sources) -> None:
        self.program, self.layout = program, layout
        self.lines: list[str] = []
        self.carried: dict[Carried, str] = {}

    def body(self, place: Place, depth: int) -> None:
        """Append everything in a place."""
        for item in place.items:
            if isinstance(item, WrittenRow):
                self.row(item, self.indent * depth)
            else:
                self._loop(item, depth)

    def _loop(self, place: Place, depth: int) -> None:
        before, margin = len(self.lines), self.indent * depth
        self.body(place, depth + 1)
        # Only now is it known what is carried.
        carried = {c: name for c, name in self.carried.items() if c.place is place}
        self.lines += self.tail(margin, carried)
        self.lines[before:before] = self.head(place, margin, carried)

    @abstractmethod
    def row(self, row: WrittenRow, margin: str) -> None:
        """Append a row."""

    @abstractmethod
    def head(self, place: Place, margin: str, carried: Mapping[Carried, str]) -> list[str]:
        """What comes before a loop's body."""

    def tail(self, margin: str, carried: Mapping[Carried, str]) -> list[str]:
        """What comes after it."""
        return []

    def operands(self, row: WrittenRow) -> list[str]:
        """Those of a row."""
        columns = range(row.column, row.column + row.node.width)
        return [self.operand(self.layout.source(row.place, column)) for column in columns]

    def first(self, carried: Carried) -> str:
        """What is carried into a first round."""
        assert carried.place.around is not None
        return self.operand(self.layout.source(carried.place.around, carried.column))

    def operand(self, source: Source) -> str:
        """A number, by where it comes from."""
        if isinstance(source, float):
            return self.number(source)
        if isinstance(source, WrittenRow):
            return f"r{source.number}"
        if isinstance(source, Carried):
            return self.carried.setdefault(source, f"c{len(self.carried)}")
        assert isinstance(source, Memory), "other languages keep what machine code computes anew"
        return self.memory(source)

    @abstractmethod
    def number(self, x: float) -> str:
        """A constant."""

    @abstractmethod
    def memory(self, source: Memory) -> str:
        """What is read from an array or a table."""
