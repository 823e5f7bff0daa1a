"""A loop cut in two or three: what its rounds wait for in a loop of its own, and before and after
it what they do not.

Rounds that wait for each other are computed one after the other. What else stands in such a loop
could be computed for several rounds at once, and LLVM does so where it stands in a loop without
such a chain. A part finds the numbers of an earlier one in arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.lowering import INSTRUCTIONS, LIBRARY
from autograd.compiler.ir.sources import Carried, Source, Sources, arrays_of

__all__ = ["Item", "Part", "is_chain", "links", "parts_of", "reads_itself", "sources_of", "uncut"]

LEAST: Final = 10  # rows beside the chain, of a loop that is worth cutting ...
SHARE: Final = 2  # ... which are one of so many at least
ROUNDS: Final = 32  # of such a loop


class Part(NamedTuple):
    """Some items of a loop, as a loop of its own; `found` are the rows of earlier parts that it
    needs: truth values are computed once more, other numbers are read."""

    place: Place
    items: Sequence[WrittenRow | Place]
    found: Sequence[WrittenRow] = ()
    is_chain: bool = False

    @property
    def rounds(self) -> Any:
        """Those of the loop."""
        return self.place.rounds


Item = WrittenRow | Part | tuple[Part, ...]


def uncut(place: Place) -> Part:
    """A loop, uncut."""
    return Part(place, place.items)


def parts_of(layout: Sources, place: Place) -> Sequence[Part]:
    """A loop of the program, cut if it is a chain in which much is beside it. What a part finds in
    arrays is noted in the layout."""
    if not is_chain(layout, place):
        return [uncut(place)]
    rows = _rows_of(place)
    needs = _needs(layout, rows)
    linked = links(layout, place)
    below, above = _reached(linked, needs), _reached(linked, _turned(needs))
    beside = [row for row in rows if row not in below or row not in above]
    is_worth = len(beside) >= LEAST and len(beside) * SHARE >= len(rows) and place.rounds >= ROUNDS
    is_slow = any(layout.name(row) in LIBRARY for row in beside)
    if not is_worth or is_slow or reads_itself(layout, rows):
        return [Part(place, place.items, is_chain=True)]
    before = [row for row in rows if row in below and row not in above]
    after = [row for row in rows if row in above and row not in below]
    # With the chain goes what has nothing to do with it: that is done while the chain waits.
    core = [row for row in rows if (row in below) == (row in above)]
    found = [_found(layout, place, needs, part) for part in (before, core, after)]
    for row in [row for part in found for row in part if not layout.is_truth(row)]:
        layout.storage[row].extend(0, len(row.addresses) - 1)
        layout.storage[row].is_read_within = True
    cut = [Part(place, before), Part(place, core, found[1], True), Part(place, after, found[2])]
    return [part for part in cut if part.items]


def _found(
    layout: Sources,
    place: Place,
    needs: Mapping[WrittenRow, Collection[WrittenRow]],
    part: Sequence[WrittenRow],
) -> list[WrittenRow]:
    """The rows outside of a part that it needs, in order."""
    own, found = set(part), set[WrittenRow]()
    stack = [*part]
    while stack:
        for row in needs[stack.pop()]:
            if row not in own and row not in found:
                found.add(row)
                if layout.is_truth(row):
                    stack.append(row)
    return [row for row in _rows_of(place) if row in found]


def reads_itself(layout: Sources, rows: Sequence[WrittenRow]) -> bool:
    """Whether rows of a loop read, or may read, what its rows have written to memory."""
    written = {owner for row in rows for owner in (row, *layout.storage[row].left_in)}
    read = {
        array for row in rows for source in sources_of(layout, row) for array in arrays_of(source)
    }
    return "all" in read or not written.isdisjoint(read)


def is_chain(layout: Sources, place: Place) -> bool:
    """Whether it is a loop of arithmetic whose rounds wait for each other."""
    rows = _rows_of(place)
    if place.is_ragged or len(rows) < len(place.items):
        return False
    return all(layout.name(row) in INSTRUCTIONS for row in rows) and bool(links(layout, place))


def links(layout: Sources, place: Place) -> set[WrittenRow]:
    """The rows of a loop itself that wait for their own numbers of the round before."""
    # What waits for nothing that is left is taken away, and then what nothing waits for.
    waits = _without_ends(_needs(layout, _rows_of(place)))
    return set(_without_ends(_turned(waits)))


def _rows_of(place: Place) -> list[WrittenRow]:
    return [item for item in place.items if isinstance(item, WrittenRow)]


def _needs(layout: Sources, rows: Iterable[WrittenRow]) -> dict[WrittenRow, set[WrittenRow]]:
    """For every one of these rows: those whose numbers it needs, of its round or the one before."""
    needs: dict[WrittenRow, set[WrittenRow]] = {row: set() for row in rows}
    for row, own in needs.items():
        for source in sources_of(layout, row):
            needed = source.row if isinstance(source, Carried) else source
            if isinstance(needed, WrittenRow) and needed in needs:
                own.add(needed)
    return needs


def _reached(
    rows: Iterable[WrittenRow], needs: Mapping[WrittenRow, Iterable[WrittenRow]]
) -> set[WrittenRow]:
    """These rows, all that they need, all that those need, and so on."""
    found, stack = set[WrittenRow](), [*rows]
    while stack:
        row = stack.pop()
        if row not in found:
            found.add(row)
            stack += needs[row]
    return found


def _turned(needs: Mapping[WrittenRow, set[WrittenRow]]) -> dict[WrittenRow, set[WrittenRow]]:
    """For every row those that need it."""
    out: dict[WrittenRow, set[WrittenRow]] = {row: set() for row in needs}
    for row, needed in needs.items():
        for one in needed:
            out[one].add(row)
    return out


def _without_ends(
    waits: Mapping[WrittenRow, set[WrittenRow]],
) -> dict[WrittenRow, set[WrittenRow]]:
    """Those that are left if, again and again, what waits for nothing is taken away."""
    left = {row: set(needed) for row, needed in waits.items()}
    turned = _turned(waits)
    ends = [row for row, needed in left.items() if not needed]
    while ends:
        end = ends.pop()
        del left[end]
        for row in turned[end]:
            left[row].discard(end)
            if not left[row]:
                ends.append(row)
    return left


def sources_of(layout: Sources, row: WrittenRow) -> Iterable[Source]:
    """Where the operands of a row come from."""
    for column in range(row.column, row.column + row.node.width):
        yield layout.source(row.place, column)
