"""Where the operands of a rolled program come from: what a code generator has to know of each.

In the round that computes it, and right after its loop, a row's number is at hand; in the next
round too, if it is carried over. Everything else is read from memory: from the inputs, from a table
of constants, or from an array in which a loop has left the numbers of one of its rows, round by
round. What follows no such rule (any rows by a table of addresses) is read from one long array of
all rows, of which only the parts that are needed are ever written.

Which of these it is, is found out by writing the addresses out and looking, not by algebra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.flat_rows import FAILS, HOLDS, distinct
from autograd.compiler.ir.loop_places import Place, WrittenRow, row_numbers, written_out
from autograd.compiler.ir.loops import AFFINE, CARRIED, LOCAL, Form, Rolled
from autograd.compiler.ir.meanings import TRUTHS

__all__ = [
    "Carried",
    "Index",
    "Memory",
    "Recomputed",
    "Source",
    "Sources",
    "Storage",
    "arrays_of",
    "running",
]


ONE_BY_ONE: Final = 40  # results; of more a loop is made


class Index(NamedTuple):
    """A whole number that depends on the rounds of the loops around: `base` and a step for each,
    the outermost first; with a table, plus what stands there in it."""

    base: int
    steps: tuple[int, ...]
    table: Any = None
    at: Index | None = None


class Memory(NamedTuple):
    """A number to be read. `array` is "in", "constants", "all", or the row that leaves it."""

    array: WrittenRow | str
    at: Index
    table: Any = None


class Carried(NamedTuple):
    """What a row left in the round before; in a loop's first round, another source."""

    place: Place
    row: WrittenRow
    column: int


class Recomputed(NamedTuple):
    """What a row has computed, computed once more, from sources in the place that needs it."""

    row: WrittenRow
    operands: tuple[float | Memory | Recomputed, ...]


class Storage:
    """Where a row leaves its numbers for others."""

    def __init__(self) -> None:
        self.extent: tuple[int, int] | None = None
        """The first and the last place of the row's own array, if any place is read: those of its
        repetitions are from 0 on."""
        self.left_in: dict[WrittenRow, int] = {}
        """Other rows' arrays in which the numbers are left too, and the place of the first."""
        self.given: list[Index] = []
        """The places among the results which the numbers have."""
        self.is_in_all = False
        """Whether they are written to the array of all rows."""
        self.is_read_within = False
        """Whether that of a round other than its loop's last is read, or any inside that loop: if
        not, it is enough to write the last one, when the loop has ended."""

    def extend(self, low: int, high: int) -> None:
        """The row's own array has these places too."""
        a, b = self.extent or (low, high)
        self.extent = min(a, low), max(b, high)


Source = float | WrittenRow | Carried | Memory | Recomputed


def arrays_of(source: Source) -> Iterator[WrittenRow | str]:
    """What is read from memory for it: "in", "constants", "all", rows that leave their numbers."""
    if isinstance(source, Memory):
        yield source.array
    elif isinstance(source, Recomputed):
        for operand in source.operands:
            yield from arrays_of(operand)


class Sources:
    """The places and rows of a rolled program, and the source of every operand."""

    def __init__(self, rolled: Rolled) -> None:
        self.rolled = rolled
        self.root, self.rows = written_out(rolled)
        self.storage = {row: Storage() for row in self.rows}
        self.known: dict[tuple[Place, int], Source] = {}
        """The sources found so far, by place and column."""
        self._outside_in_all: list[Any] = []
        for row in self.rows:
            for k in range(row.node.width):
                self.source(row.place, row.column + k)
        self.others: list[tuple[int, int]] = []
        """Places among the results, and addresses, of those that are given at the end."""
        self._find_results()
        self.at_end = self._at_end()

    def name(self, row: WrittenRow) -> str:
        """What a row does."""
        return self.rolled.names[row.node.code]

    def is_truth(self, row: WrittenRow) -> bool:
        """Whether its numbers are truth values."""
        return self.name(row) in TRUTHS

    @property
    def takes_all(self) -> bool:
        """Whether inputs and constants too are read from the array of all rows."""
        return any(map(len, self._outside_in_all))

    @property
    def size_of_all(self) -> int:
        """That of the array of all rows, which inputs and constants follow; 0 if nothing is read
        from it."""
        rolled = self.rolled
        is_used = self.takes_all or any(one.is_in_all for one in self.storage.values())
        return rolled.length + rolled.inputs + len(rolled.constants) if is_used else 0

    @property
    def left_for_later(self) -> int:
        """How many numbers all arrays have."""
        extents = [one.extent for one in self.storage.values() if one.extent is not None]
        return sum(high - low + 1 for low, high in extents) + self.size_of_all

    @property
    def outside_in_all(self) -> Any:
        """The inputs that are read from the array of all rows, and below them the constants, as
        numbers from 0 on."""
        import numpy

        read = self._outside_in_all
        return distinct(numpy.concatenate([numpy.zeros(0, numpy.int64), *read]))

    def inputs_read(self) -> Iterator[tuple[Place, int]]:
        """The operands that are read from the inputs."""
        for (place, column), source in self.known.items():
            if isinstance(source, Memory) and source.array == "in":
                yield place, column

    @cached_property
    def row_of(self) -> Any:
        """For every address, the row written out."""
        import numpy

        return row_numbers(self.root, numpy.empty(self.rolled.length, numpy.int32))

    def source(self, place: Place, column: int) -> Source:
        """Where an operand of a place comes from."""
        key = (place, column)
        if key not in self.known:
            self.known[key] = self._found(place, column)
        return self.known[key]

    def _found(self, place: Place, column: int) -> Source:
        if place.loop is None or place.around is None:
            return self._outside(place, column)
        form, outer = place.loop.forms[column], place.outer(column)
        row = place.last(form) if form.kind in (LOCAL, CARRIED) else None
        if form.kind == LOCAL and row is not None:
            return row
        if self.is_hoisted(place, column):
            return self.source(place.around, outer)
        if form.kind == CARRIED and row is not None and self._is_before(place, outer):
            self.source(place.around, outer)
            return Carried(place, row, outer)
        return self._in_memory(place, column)

    def is_hoisted(self, place: Place, column: int) -> bool:
        """Whether it is the same in all rounds, and there before the first."""
        return (
            place.loop is not None
            and place.loop.forms[column][:2] == (AFFINE, 0)
            and self._is_before(place, place.outer(column))
        )

    def _is_before(self, place: Place, outer: int) -> bool:
        """Whether an operand of the place around is known when this loop begins."""
        assert place.around is not None
        return bool((place.around.values(outer) < place.around.begins + place.offset).all())

    def _outside(self, place: Place, column: int) -> Source:
        address = int(place.values(column)[0])
        if address >= 0:
            row = place.last(Form(LOCAL, address))
            return self._in_memory(place, column) if row is None else row
        k = ~address - self.rolled.inputs
        return self._in_memory(place, column) if k < 0 else float(self.rolled.constants[k])

    def _in_memory(self, place: Place, column: int) -> Source:
        return self._at(place, place.values(column))

    def _at(self, place: Place, addresses: Any) -> float | Memory | Recomputed:
        """The source of what has these addresses in the rounds of a place."""
        found: float | Memory | Recomputed | None
        if (addresses < 0).all():
            found = self.outside(place, addresses)
        elif (addresses >= 0).all():
            found = self.once_more(place, addresses) or self._kept(place, addresses)
        else:
            found = None
        if found is None:
            return Memory("all", self._index(place, self._in_all(place, addresses)))
        return found

    def outside(self, place: Place, addresses: Any) -> float | Memory | None:
        """That of inputs or of constants; None for some of both."""
        inputs = self.rolled.inputs
        is_input = addresses >= -inputs
        if is_input.all():
            return Memory("in", self._index(place, ~addresses))
        if is_input.any():
            return None
        return self._constants(place, self.rolled.constants[~addresses - inputs])

    def once_more(self, place: Place, addresses: Any) -> Recomputed | None:
        """How to compute these rows' numbers a second time, where that is better than to keep
        them. They are kept here."""
        return None

    def _kept(self, place: Place, addresses: Any) -> Memory | None:
        """These rows' numbers in the array of one of them; None where they belong to several that
        do not stand in one line."""
        import numpy

        found = self.row_of[addresses]
        if (found == found[0]).all():
            row = self.rows[found[0]]
            places = row.repetitions(addresses)
            self._note_read(place, row, places)
        else:
            times = numpy.bincount(found)
            row = self.rows[int(times.argmax())]
            others = [self.rows[i] for i in times.nonzero()[0].tolist()]
            if not all(self._in_line(row, other) for other in others):
                return None
            length, first = row.place.round_length, int(row.addresses[0])
            places = (addresses - first) // length
            for other in others:
                if other is not row:
                    at = (int(other.addresses[0]) - first) // length
                    self.storage[other].left_in[row] = at
                    self.storage[row].extend(at, at + len(other.addresses) - 1)
            self._note_reads(place, addresses, found)
        self.storage[row].extend(0, len(row.addresses) - 1)
        return Memory(row, self._index(place, places))

    def _note_reads(self, place: Place, addresses: Any, numbers: Any) -> None:
        """These rows, by their numbers, are read from memory in this place, at these addresses."""
        for number in distinct(numbers).tolist():
            row = self.rows[number]
            self._note_read(place, row, row.repetitions(addresses[numbers == number]))

    def _note_read(self, place: Place, row: WrittenRow, repetitions: Any) -> None:
        """These repetitions of a row are."""
        storage = self.storage[row]
        if row.place.around is not None and not storage.is_read_within:
            is_last = row.place.is_last
            storage.is_read_within = place.is_in(row.place) or not is_last[repetitions].all()

    def _in_line(self, row: WrittenRow, other: WrittenRow) -> bool:
        """Whether a row in a loop and another one stand in one line: as rows before a loop or after
        it do, from which its first or last round is different, or a loop cut in two."""
        place, length = row.place, row.place.round_length
        if place.depth != 1 or not place.is_regular or self.is_truth(row) != self.is_truth(other):
            return False
        if (other.addresses[0] - row.addresses[0]) % length:
            return False
        found = other.place
        return found.depth == 0 or (
            found.depth == 1 and found.is_regular and found.round_length == length
        )

    def _in_all(self, place: Place, addresses: Any) -> Any:
        """The places of these in the array of all rows, to which they are to be written: inputs and
        constants follow the rows."""

        is_row = addresses >= 0
        numbers = self.row_of[addresses[is_row]]
        for number in distinct(numbers).tolist():
            self.storage[self.rows[number]].is_in_all = True
        self._note_reads(place, addresses[is_row], numbers)
        self._outside_in_all.append(~addresses[~is_row])
        out = self.rolled.length + ~addresses
        out[is_row] = self._place_in_all[addresses[is_row]]
        return out

    @cached_property
    def _place_in_all(self) -> Any:
        """Of every row's repetitions: one after the other, so that a loop that reads them finds
        them side by side."""
        import numpy

        out = numpy.zeros(self.rolled.length, numpy.int64)
        first = 0
        for row in self.rows:
            out[row.addresses] = numpy.arange(first, first + len(row.addresses))
            first += len(row.addresses)
        return out

    def places_in_all(self, row: WrittenRow) -> Any:
        """Where the numbers of a row's repetitions are written in the array of all rows."""
        return self._place_in_all[row.addresses]

    def _constants(self, place: Place, numbers: Any) -> float | Memory:
        """Numbers that vary: a table, as long as it has to be."""
        import numpy

        bits = numbers.view(numpy.int64)
        if (bits == bits[0]).all():
            return float(numbers[0])
        table, at = _shortest(place, bits)
        return Memory("constants", at, table.view(float))

    def _index(self, place: Place, numbers: Any) -> Index:
        """These numbers, one for each round, by a rule or a table."""
        import numpy

        if place.around is None:
            return Index(int(numbers[0]), ())
        firsts = numpy.minimum(place.firsts, len(numbers) - 1)
        heads = numbers[firsts]
        later = numpy.flatnonzero(place.turns == 1)[:1]
        step = int(numbers[later[0]] - numbers[later[0] - 1]) if len(later) else 0
        if (numbers == place.repeated(heads) + step * place.turns).all():
            index = self._index(place.around, heads)
            return index._replace(steps=(*index.steps, step))
        table, at = _shortest(place, numbers)
        return Index(0, (0,) * place.depth, table, at)

    def numbered(self, place: Place, numbers: Any) -> Index:
        """The same, for a code generator."""
        return self._index(place, numbers)

    @cached_property
    def guards(self) -> dict[WrittenRow, Index]:
        """The number of the guard that a row is."""
        return self._in_order([HOLDS, FAILS])

    def _in_order(self, names: Sequence[str]) -> dict[WrittenRow, Index]:
        import numpy

        rows = [row for row in self.rows if self.name(row) in names]
        if not rows:
            return {}
        every = numpy.sort(numpy.concatenate([row.addresses for row in rows]))
        return {row: self._index(row.place, every.searchsorted(row.addresses)) for row in rows}

    def _find_results(self) -> None:
        """Whatever gives a result in each of its repetitions gives it at once."""
        import numpy

        results = self.rolled.results
        order = numpy.lexsort((numpy.arange(len(results)), results))
        addresses = results[order]
        inner = addresses >= 0
        numbers = numpy.where(inner, self.row_of[numpy.maximum(addresses, 0)], -1)
        for number in distinct(numbers).tolist():
            row = None if number < 0 else self.rows[number]
            own = numbers == number
            if row is None or not self._give(row, addresses[own], order[own]):
                self.others += zip(order[own].tolist(), addresses[own].tolist(), strict=True)
        self.others.sort()

    def _give(self, row: WrittenRow, addresses: Any, slots: Any) -> bool:
        """Whether a row gives all of its numbers, each as often."""
        count = len(row.addresses)
        times, rest = divmod(len(addresses), count)
        if rest or not (addresses.reshape(count, times) == row.addresses[:, None]).all():
            return False
        self.storage[row].given = [
            self._index(row.place, column) for column in slots.reshape(count, times).T
        ]
        return True

    def _at_end(self) -> list[tuple[int, float | WrittenRow | Memory]] | Memory:
        """The results that are given at the end, one by one or by a table."""
        import numpy

        if len(self.others) <= ONE_BY_ONE:
            return [(slot, self.result(address)) for slot, address in self.others]
        addresses = numpy.array([address for _, address in self.others], numpy.int64)
        return Memory("all", Index(0, (), self._in_all(self.root, addresses), Index(0, ())))

    def result(self, address: int) -> float | WrittenRow | Memory:
        """The source of a result that is given at the end."""
        import numpy

        if address < 0:
            k = ~address - self.rolled.inputs
            return float(self.rolled.constants[k]) if k >= 0 else Memory("in", Index(~address, ()))
        row = self.root.last(Form(LOCAL, address))
        if row is None:
            row = self.rows[int(self.row_of[address])]
            self.storage[row].extend(0, len(row.addresses) - 1)
            self._note_reads(self.root, numpy.array([address]), self.row_of[[address]])
            return Memory(row, Index(int(row.addresses.searchsorted(address)), ()))
        return row


def running(place: Place, first: int = 0) -> Index:
    """The number of a repetition, all loops around counted, from `first`."""
    if place.around is None:
        return Index(first, ())
    if place.is_ragged:
        return Index(first, (*[0] * (place.depth - 1), 1), place.firsts, running(place.around))
    return _scaled(running(place.around, 0), place.rounds, first)


def _scaled(index: Index, count: int, first: int) -> Index:
    """That of a loop with so many rounds in each of these."""
    table = None if index.table is None else index.table * count
    return Index(first, (*[step * count for step in index.steps], 1), table, index.at)


def _shortest(place: Place, numbers: Any) -> tuple[Any, Index]:
    """A table of what is there in every round, without repetitions, and the place in it."""
    import numpy

    at: Place | None = place
    period = 1
    while at is not None and at.around is not None:
        heads = numbers[:: int(at.rounds)] if not at.is_ragged else numbers[at.firsts]
        if at is place and (numbers == at.repeated(heads)).all():
            table, index = _shortest(at.around, heads)
            return table, index._replace(steps=(*index.steps, 0))
        if at.is_ragged:
            break
        period *= at.rounds
        if len(numbers) % period == 0 and (numbers.reshape(-1, period) == numbers[:period]).all():
            inner = _within(place, place.depth - at.depth + 1)
            return numbers[:period].copy(), Index(0, (0,) * (at.depth - 1) + inner)
        at = at.around
    if place.is_ragged:
        longest = int(place.rounds.argmax())
        first = int(place.firsts[longest])
        row = numbers[first : first + int(place.rounds[longest])]
        if (numbers == row[numpy.minimum(place.turns, len(row) - 1)]).all():
            return row.copy(), Index(0, (*[0] * (place.depth - 1), 1))
    return numbers, running(place)


def _within(place: Place, levels: int) -> tuple[int, ...]:
    """The steps of the innermost loops, as many as given, in a table of all their rounds."""
    steps: list[int] = []
    size, at = 1, place
    for _ in range(levels):
        steps.insert(0, size)
        size *= at.rounds
        assert at.around is not None
        at = at.around
    return tuple(steps)
