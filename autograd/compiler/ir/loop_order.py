"""The order of a loop's rows, where it is free: what a round leaves to the next is read after it is
computed.

A number that is carried over, and not computed from what was carried over itself, is no chain: all
rounds could compute it at once. LLVM sees that, and uses vectors, if in each round the number comes
first, and after it what reads the one of the round before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from autograd.compiler.ir.loop_parts import Part, reads_itself
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.lowering import INSTRUCTIONS
from autograd.compiler.ir.sources import Carried, Sources

__all__ = ["carried_last"]

MOST: Final = 400  # rows of a loop that is looked at


def carried_last(layout: Sources, part: Part) -> Sequence[WrittenRow | Place]:
    """The items of a loop, those rows last that read what the round before has left, if no row
    decides, calls Python, or reads what rows of the same loop have written to memory."""
    rows = [item for item in part.items if isinstance(item, WrittenRow)]
    if len(rows) < len(part.items) or len(rows) > MOST:
        return part.items
    if not all(layout.name(row) in INSTRUCTIONS for row in rows):
        return part.items
    order = _Order(layout, part.place, rows)
    return part.items if order.is_fixed else order.rows()


class _Order:
    """The rows of a loop as numbers, and sets of them as the bits of whole numbers."""

    def __init__(self, layout: Sources, place: Place, rows: Sequence[WrittenRow]) -> None:
        self._rows = rows
        self._needs: list[list[int]] = []
        self._carried: list[list[int]] = []
        self._below: list[int] = []
        """For each row: itself, and all that has to be computed before it in the same round."""
        self.is_fixed = reads_itself(layout, rows)
        """Whether there are reads for which the order is not known to be free."""
        number = {row: i for i, row in enumerate(rows)}
        for i, row in enumerate(rows):
            needs, carried, below = [], [], 1 << i
            for column in range(row.column, row.column + row.node.width):
                source = layout.source(place, column)
                if isinstance(source, WrittenRow) and source in number:
                    needs.append(number[source])
                    below |= self._below[number[source]]
                elif isinstance(source, Carried) and source.row in number:
                    carried.append(number[source.row])
            self._needs.append(needs)
            self._carried.append(carried)
            self._below.append(below)

    def rows(self) -> list[WrittenRow]:
        """In their order: each after what it needs, and, if that does not need it, after what it
        will need in the round after."""
        out: list[WrittenRow] = []
        done = open_rows = 0
        stack = [(i, False) for i in reversed(range(len(self._rows)))]
        while stack:
            i, is_ready = stack.pop()
            if done >> i & 1:
                continue
            if is_ready:
                out.append(self._rows[i])
                done |= 1 << i
                open_rows &= ~(1 << i)
                continue
            open_rows |= 1 << i
            stack.append((i, True))
            later = [k for k in self._carried[i] if not self._below[k] & open_rows]
            stack += [(k, False) for k in [*later, *self._needs[i]] if not done >> k & 1]
        return out
