"""A rolled program written out again: where each row stands in every round, and what its operands
are there. All of it is arithmetic on arrays, one entry for each round.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from autograd.compiler.ir.loops import (
    AFFINE,
    CARRIED,
    LOCAL,
    Form,
    Loop,
    Node,
    Rolled,
    Step,
)

__all__ = ["Place", "WrittenRow", "row_numbers", "written_out"]


class WrittenRow:
    """A row that is written out, in its place; `offset` is where it stands in a round."""

    def __init__(self, place: Place, node: Step, offset: Any, column: int, number: int) -> None:
        self.place = place
        self.node = node
        self.offset = offset
        self.column = column
        self.number = number

    @cached_property
    def addresses(self) -> Any:
        """Those of its repetitions."""
        return self.place.begins + self.offset

    def repetitions(self, addresses: Any) -> Any:
        """Which of its repetitions have these addresses."""
        place = self.place
        if place.depth == 1 and place.is_regular:
            return (addresses - (place.begins[0] + self.offset)) // place.round_length
        return self.addresses.searchsorted(addresses)


class Place:
    """A loop where it stands (or the whole program, as one round): its items are rows and places.

    `column` is where its operands begin among those of the place around; `offset` where it stands
    in a round there, a number or one for each round.
    """

    def __init__(
        self,
        rolled: Rolled,
        rows: list[WrittenRow],
        body: Sequence[Node],
        loop: Loop | None = None,
        around: Place | None = None,
        offset: Any = 0,
        column: int = 0,
    ) -> None:
        self.rolled = rolled
        self.loop = loop
        self.around = around
        self.offset = offset
        self._outer = self._columns_around(column)
        self._values: dict[int, Any] = {}
        self.rounds: Any = 1 if loop is None else loop.rounds
        """How many, or how many in each round of the place around."""
        if loop is not None and around is not None and loop.is_ragged:
            self.rounds = around.values(column)
        self.items: list[WrittenRow | Place] = []
        self.offsets: list[Any] = [0]
        used = 0
        for node in body:
            at = self.offsets[-1]
            if isinstance(node, Loop):
                inner = Place(rolled, rows, node.body, node, self, at, used)
                self.items.append(inner)
                length = inner.length
            else:
                self.items.append(WrittenRow(self, node, at, used, len(rows)))
                rows.append(self.items[-1])  # type: ignore[arg-type]
                length = 1
            self.offsets.append(at + length)
            used += node.width
        self.round_length: Any = self.offsets[-1]

    @property
    def is_ragged(self) -> bool:
        """Whether it has so many rounds here and so many there."""
        return self.loop is not None and self.loop.is_ragged

    @property
    def is_regular(self) -> bool:
        """Whether all rounds are of one length."""
        return isinstance(self.round_length, int)

    @cached_property
    def depth(self) -> int:
        """How many loops there are around its items, itself included."""
        return 0 if self.around is None else self.around.depth + 1

    @property
    def length(self) -> Any:
        """How many rows all rounds have, in each round of the place around."""
        if self.is_regular:
            return self.rounds * self.round_length
        return int(self.round_length.sum())  # such a place stands in no loop

    @cached_property
    def numbers(self) -> Any:
        """The numbers of the rows of a round, one after the other, where all are of one length."""
        import numpy

        found: list[Any] = []
        for item in self.items:
            if isinstance(item, WrittenRow):
                found.append([item.number])
            else:
                found.append(numpy.tile(item.numbers, item.rounds))
        return numpy.concatenate(found)

    def _columns_around(self, column: int) -> list[int]:
        """For each operand: which one it is among those of the place around; -1 for none."""
        if self.loop is None:
            return []
        found = []
        column += self.loop.is_ragged
        for form in self.loop.forms:
            found.append(-1 if form.kind == LOCAL else column)
            column += form.kind != LOCAL
        return found

    def repeated(self, x: Any) -> Any:
        """What the place around has for each of its rounds, for each of the rounds here."""
        import numpy

        return numpy.repeat(x, self.rounds)

    @cached_property
    def turns(self) -> Any:
        """The number of each round."""
        import numpy

        if self.around is None:
            return numpy.zeros(1, numpy.int64)
        if not self.is_ragged:
            return numpy.tile(numpy.arange(self.rounds), len(self.around.turns))
        return numpy.arange(int(self.rounds.sum())) - self.repeated(self.firsts)

    @cached_property
    def is_last(self) -> Any:
        """Of each round: whether it is the last one in a round of the place around."""
        rounds = self.repeated(self.rounds) if self.is_ragged else self.rounds
        return self.turns == rounds - 1

    def is_in(self, other: Place) -> bool:
        """Whether it is the other one, or a loop inside."""
        at: Place | None = self
        while at is not None and at is not other:
            at = at.around
        return at is not None

    @cached_property
    def firsts(self) -> Any:
        """Which of all rounds is the first in each round of the place around."""
        import numpy

        assert self.around is not None
        if not self.is_ragged:
            return numpy.arange(len(self.around.turns)) * self.rounds
        return numpy.cumsum(self.rounds) - self.rounds

    @cached_property
    def begins(self) -> Any:
        """The first row of every round."""
        import numpy

        if self.around is None:
            return numpy.zeros(1, numpy.int64)
        begin = self.repeated(self.around.begins + self.offset)
        if self.is_regular:
            return begin + self.turns * self.round_length
        return begin + numpy.cumsum(self.round_length) - self.round_length

    def values(self, column: int) -> Any:
        """The addresses of an operand in every round."""
        if self.around is None or self.loop is None:
            return self.rolled.given[column : column + 1]
        if column not in self._values:
            self._values[column] = self._written_out(column, self.loop.forms[column])
        return self._values[column]

    def _written_out(self, column: int, form: Form) -> Any:
        import numpy

        if form.kind == LOCAL:
            return self.begins + self.offset_of(form)
        assert self.around is not None
        given = self.repeated(self.around.values(self._outer[column]))
        if form.kind == CARRIED:
            before = numpy.roll(self.begins + self.offset_of(form), 1)
            return numpy.where(self.turns == 0, given, before)
        if form.kind == AFFINE:
            return given + form.number * self.turns
        return self.rolled.tables[given + self.turns]

    def outer(self, column: int) -> int:
        """The operand of the place around, of which this one is made."""
        return self._outer[column]

    def offset_of(self, form: Form) -> Any:
        """Where the row stands in a round that a form refers to."""
        if form.item < 0:
            return form.number
        return self.offsets[form.item + (form.number < 0)] + form.number

    def last(self, form: Form) -> WrittenRow | None:
        """The row that a form refers to, if its number is at hand when the round ends: that of an
        inner loop's last round is."""
        k, offset = form.item, form.number
        if k < 0:
            k = bisect_right(self.offsets, offset) - 1
            offset -= self.offsets[k]
        item = self.items[k]
        if isinstance(item, WrittenRow):
            return item
        if item.is_ragged:
            turn, rest = divmod(offset, item.round_length)
            return item.last(Form(LOCAL, rest)) if turn == -1 else None
        if not item.is_regular:
            return None
        turn, rest = divmod(offset, item.round_length)
        return item.last(Form(LOCAL, rest)) if turn in (-1, item.rounds - 1) else None


def row_numbers(place: Place, out: Any) -> Any:
    """`out`, at each address of a row in a place the number of that row."""
    for item in place.items:
        if isinstance(item, WrittenRow):
            out[item.addresses] = item.number
        elif item.depth > 1 or not item.is_regular:
            row_numbers(item, out)
        else:  # its rounds follow each other
            first, count = int(item.begins[0]), len(item.begins) * item.round_length
            out[first : first + count].reshape(-1, item.round_length)[:] = item.numbers
    return out


def written_out(rolled: Rolled) -> tuple[Place, list[WrittenRow]]:
    """The whole program as a place, and all rows that are written out."""
    rows: list[WrittenRow] = []
    return Place(rolled, rows, rolled.body), rows
