"""Loops that are run together: of chains that do not depend on each other a processor works on
several at a time, but only if they stand in one loop.

In a chain each round waits for the one before, as in a recursion over time, and most of what a
processor could do meanwhile is not done. The columns of a Hessian are such chains side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from autograd.compiler.ir.loop_parts import Item, Part, is_chain, parts_of, sources_of, uncut
from autograd.compiler.ir.loop_places import Place, WrittenRow
from autograd.compiler.ir.lowering import INSTRUCTIONS
from autograd.compiler.ir.sources import Carried, Sources, arrays_of

__all__ = ["in_pieces", "side_by_side"]

MOST_ITEMS: Final = 1000  # of a program that is looked at
MOST_ROWS: Final = 150  # of loops in one, which are not to run out of registers
APART: Final = 3  # rounds that one of them may have more than another

Piece = WrittenRow | Part


def in_pieces(layout: Sources) -> Sequence[Piece]:
    """The items of a program, loops whole or cut, in their order. Where there is but one chain, it
    stays whole."""
    items = layout.root.items
    pieces: list[Piece] = [x if isinstance(x, WrittenRow) else uncut(x) for x in items]
    places = [item for item in items if isinstance(item, Place)]
    if len(items) > MOST_ITEMS or sum(is_chain(layout, place) for place in places) < 2:
        return pieces
    return [
        piece
        for x in items
        for piece in ([x] if isinstance(x, WrittenRow) else parts_of(layout, x))
    ]


def side_by_side(layout: Sources, items: Sequence[Piece]) -> Sequence[Item]:
    """The items of a program, those loops in one that are chains, have about as many rounds, and do
    not depend on each other; in their order if there are none."""
    chains = [isinstance(item, Part) and item.is_chain for item in items]
    if sum(chains) < 2:
        return items
    levels = _levels(layout, items, chains)
    order = sorted(range(len(items)), key=lambda i: (levels[i], not chains[i], i))
    out: list[Item] = []
    for (_, are_chains), group in groupby(order, key=lambda i: (levels[i], chains[i])):
        found = [items[i] for i in group]
        out += _groups([x for x in found if isinstance(x, Part)]) if are_chains else found
    return out if len(out) < len(items) else items


def _groups(parts: Sequence[Part]) -> Iterator[Item]:
    group: list[Part] = []
    for part in sorted(parts, key=lambda part: int(part.rounds)):
        rows = sum(len(one.items) for one in [*group, part])
        if group and (part.rounds - group[0].rounds > APART or rows > MOST_ROWS):
            yield tuple(group)
            group = []
        group.append(part)
    yield tuple(group)


def _levels(layout: Sources, items: Sequence[Piece], chains: Sequence[bool]) -> list[int]:
    """For every item: how many chains, one after the other, it waits for, itself included."""
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


def _rows(item: Piece | Place) -> Iterator[WrittenRow]:
    if isinstance(item, WrittenRow):
        yield item
        return
    for inner in item.items:
        yield from _rows(inner)


def _needed(layout: Sources, item: Piece) -> Iterator[WrittenRow | str]:
    """The rows, and arrays by the rows that own them, that it reads."""
    if isinstance(item, Part):
        yield from item.found
    for row in _rows(item):
        for source in sources_of(layout, row):
            at = source
            while isinstance(at, Carried):
                assert at.place.around is not None
                at = layout.source(at.place.around, at.column)
            if isinstance(at, WrittenRow):
                yield at
            else:
                yield from arrays_of(at)
