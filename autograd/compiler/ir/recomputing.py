"""What is computed a second time rather than kept: a number that a step or two of arithmetic make
of inputs, which are in memory anyway. An array less is written and read, and the loop that reads it
no longer depends on the one that wrote it.
"""

from __future__ import annotations

from typing import Any, Final

from autograd.compiler.ir.flat_rows import distinct
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.sources import Memory, Recomputed, Sources

__all__ = ["RecomputingSources"]

CHEAP: Final = frozenset(["add", "sub", "mul", "neg"])
COMPARISONS: Final = frozenset(["eq", "lt", "le"])
DEEPEST: Final = 2  # steps of arithmetic


class RecomputingSources(Sources):
    """The sources of a program whose loops compute cheap numbers anew."""

    def once_more(self, place: Place, addresses: Any) -> Recomputed | None:
        return self._again(place, addresses, DEEPEST) or self._compared(place, addresses)

    def _compared(self, place: Place, addresses: Any) -> Recomputed | None:
        """A comparison with a constant of numbers that are kept: as a rule these are read too."""
        numbers = self.row_of[addresses]
        rows = [self.rows[number] for number in distinct(numbers).tolist()]
        name = self.name(rows[0])
        if name not in COMPARISONS or any(self.name(row) != name for row in rows):
            return None
        varied, constant = addresses.copy(), addresses.copy()
        for row in rows:
            own = numbers == row.number
            varied[own], constant[own] = self._operands(row, addresses[own])
        other = self.outside(place, constant) if (constant < 0).all() else None
        if not isinstance(other, float) or (varied < 0).any():
            return None
        kept = self._kept(place, varied)
        return None if kept is None else Recomputed(rows[0], (kept, other))

    def _again(self, place: Place, addresses: Any, depth: int) -> Recomputed | None:
        numbers = self.row_of[addresses]
        row = self.rows[numbers[0]]
        if not self._may_be_simple(row, depth) or (numbers != numbers[0]).any():
            return None
        operands: list[float | Memory | Recomputed] = []
        for operand in self._operands(row, addresses):
            found = self._simple(place, operand, depth - 1)
            if found is None:
                return None
            operands.append(found)
        return Recomputed(row, tuple(operands))

    def _may_be_simple(self, row: WrittenRow, depth: int) -> bool:
        """Whether it is of the kind, as far as can be said without a look at its addresses."""
        if depth == 0 or self.name(row) not in CHEAP:
            return False
        columns = range(row.column, row.column + row.node.width)
        sources = [self.known.get((row.place, column)) for column in columns]
        return all(
            self._may_be_simple(source, depth - 1)
            if isinstance(source, WrittenRow)
            else isinstance(source, (float, Recomputed)) or _is_in_line(source)
            for source in sources
        )

    def _operands(self, row: WrittenRow, addresses: Any) -> list[Any]:
        """The addresses that these repetitions of a row read."""
        turns = row.repetitions(addresses)
        columns = range(row.column, row.column + row.node.width)
        return [row.place.values(column)[turns] for column in columns]

    def _simple(
        self, place: Place, addresses: Any, depth: int
    ) -> float | Memory | Recomputed | None:
        """A constant, or inputs that stand in one line, or what is made of these."""
        if (addresses >= 0).all():
            return self._again(place, addresses, depth)
        if (addresses >= 0).any():
            return None
        found = self.outside(place, addresses)
        return found if isinstance(found, float) or _is_in_line(found) else None


def _is_in_line(source: object) -> bool:
    """Whether it is inputs at places by a rule."""
    return isinstance(source, Memory) and source.array == "in" and source.at.table is None
