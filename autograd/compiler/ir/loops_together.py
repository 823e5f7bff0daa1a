"""Loops that are run together: of chains that do not depend on each other a processor works on
several at a time, but only if they stand in one loop.

In a chain each round waits for the one before, as in a recursion over time, and most of what a
processor could do meanwhile is not done. The columns of a Hessian are such chains side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.lowering import INSTRUCTIONS
from autograd.compiler.ir.sources import Carried, Memory, Recomputed, Source, Sources

__all__ = ["Item", "is_chain", "links", "side_by_side"]

Item = WrittenRow | Place | tuple[Place, ...]

MOST_ITEMS: Final = 1000  # of a program that is looked at
MOST_ROWS: Final = 150  # of loops in one, which are not to run out of registers
APART: Final = 3  # rounds that one of them may have more than another


def side_by_side(layout: Sources) -> Sequence[Item]:
    """The items of a program, those loops in one that are chains, have about as many rounds, and do
    not depend on each other; in their order if there are none."""
    items = layout.root.items
    if len(items) > MOST_ITEMS:
        return items
    chains = [isinstance(item, Place) and is_chain(layout, item) for item in items]
    if sum(chains) < 2:
        return items
    levels = _levels(layout, chains)
    order = sorted(range(len(items)), key=lambda i: (levels[i], not chains[i], i))
    out: list[Item] = []
    for (_, are_chains), group in groupby(order, key=lambda i: (levels[i], chains[i])):
        found = [items[i] for i in group]
        out += _groups([x for x in found if isinstance(x, Place)]) if are_chains else found
    return out if len(out) < len(items) else items


def _groups(places: Sequence[Place]) -> Iterator[Item]:
    group: list[Place] = []
    for place in sorted(places, key=lambda place: int(place.rounds)):
        rows = sum(len(one.items) for one in [*group, place])
        if group and (place.rounds - group[0].rounds > APART or rows > MOST_ROWS):
            yield tuple(group)
            group = []
        group.append(place)
    yield tuple(group)


def is_chain(layout: Sources, place: Place) -> bool:
    """Whether it is a loop of arithmetic whose rounds wait for each other."""
    rows = [item for item in place.items if isinstance(item, WrittenRow)]
    if place.is_ragged or len(rows) < len(place.items):
        return False
    return all(layout.name(row) in INSTRUCTIONS for row in rows) and bool(links(layout, place))


def links(layout: Sources, place: Place) -> set[WrittenRow]:
    """The rows of a loop itself that wait for their own numbers of the round before."""
    rows = [item for item in place.items if isinstance(item, WrittenRow)]
    waits: dict[WrittenRow, set[WrittenRow]] = {row: set() for row in rows}
    for row in rows:
        for source in _sources(layout, row):
            needed = source.row if isinstance(source, Carried) else source
            if isinstance(needed, WrittenRow) and needed in waits:
                waits[row].add(needed)
    # What waits for nothing that is left is taken away, and then what nothing waits for.
    waits = _without_ends(waits)
    return set(_without_ends(_turned(waits)))


def _turned(waits: Mapping[WrittenRow, set[WrittenRow]]) -> dict[WrittenRow, set[WrittenRow]]:
    """For every row those that wait for it."""
    out: dict[WrittenRow, set[WrittenRow]] = {row: set() for row in waits}
    for row, needed in waits.items():
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


def _sources(layout: Sources, row: WrittenRow) -> Iterator[Source]:
    for column in range(row.column, row.column + row.node.width):
        yield layout.source(row.place, column)


def _levels(layout: Sources, chains: Sequence[bool]) -> list[int]:
    """For every item: how many chains, one after the other, it waits for, itself included."""
    items = layout.root.items
    owners: dict[WrittenRow | str, list[int]] = {}
    for i, item in enumerate(items):
        for row in _rows(item):
            storage = layout.storage[row]
            arrays: list[WrittenRow | str] = [row, *storage.left_in]
            for array in [*arrays, *(["all"] if storage.is_in_all else [])]:
                owners.setdefault(array, []).append(i)
    levels: list[int] = []
    barrier = 0
    for i, item in enumerate(items):
        needed = {k for array in _needed(layout, item) for k in owners.get(array, ()) if k < i}
        level = max([barrier, *[levels[k] for k in needed]])
        if any(layout.name(row) not in INSTRUCTIONS for row in _rows(item)):
            # Decisions and what calls Python stay where they are among all others.
            barrier = level = max([level, *levels])
        levels.append(level + chains[i])
    return levels


def _rows(item: WrittenRow | Place) -> Iterator[WrittenRow]:
    if isinstance(item, WrittenRow):
        yield item
        return
    for inner in item.items:
        yield from _rows(inner)


def _needed(layout: Sources, item: WrittenRow | Place) -> Iterator[WrittenRow | str]:
    """The rows, and arrays by the rows that own them, that it reads."""
    for row in _rows(item):
        for source in _sources(layout, row):
            at = source
            while isinstance(at, Carried):
                assert at.place.around is not None
                at = layout.source(at.place.around, at.column)
            yield from _arrays(at)


def _arrays(source: Source) -> Iterator[WrittenRow | str]:
    if isinstance(source, WrittenRow):
        yield source
    elif isinstance(source, Memory):
        yield source.array
    elif isinstance(source, Recomputed):
        for operand in source.operands:
            yield from _arrays(operand)
