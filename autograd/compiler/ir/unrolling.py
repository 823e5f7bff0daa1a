"""Unrolling: whether a rolled program gives back the very rows it was made of.

It is written out again, some rounds at a time, which are compared at once: so it is never in memory
as a whole, and many rounds do not take many steps here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from autograd.compiler.ir.flat_rows import Rows
from autograd.compiler.ir.loops import AFFINE, CARRIED, LOCAL, TABLE, Loop, Node, Rolled

__all__ = ["gives_back"]

BLOCK: Final = 1 << 15  # operands that are written out at a time


def gives_back(rolled: Rolled, rows: Rows) -> bool:
    """Whether these loops, written out, are these rows, and all else is the same."""
    import numpy

    if (rolled.names, rolled.inputs, rolled.length) != (rows.names, rows.inputs, rows.length):
        return False
    bits = [x.constants.view(numpy.int64) for x in (rolled, rows)]
    if not (numpy.array_equal(*bits) and numpy.array_equal(rolled.results, rows.results)):
        return False
    pieces = _pieces(rolled.body, rolled.tables.astype(numpy.int32))
    comparing = _Comparing(rows)
    is_same = comparing.are_next(pieces, rolled.given.astype(numpy.int32))
    return is_same and comparing.row == rows.length


class _Comparing:
    """Rows that are compared one after the other; `row` is the next."""

    def __init__(self, rows: Rows) -> None:
        self.row = 0
        self._rows = rows

    def are_next(self, pieces: Sequence[_Piece], given: Any) -> bool:
        """Whether the next rows are these, which are given this, in order."""
        for piece in pieces:
            own = given[piece.columns]
            if not (self._is_next(piece, own) if piece.loop else self._do(piece, own)):
                return False
        return True

    def _is_next(self, piece: _Piece, given: Any) -> bool:
        import numpy

        rounds = piece.rounds
        if piece.is_ragged:
            rounds, given = int(given[0]), given[1:]
        if piece.is_uneven:
            turns = numpy.arange(rounds, dtype=numpy.int32)
            return all(
                self.are_next(piece.body, line) for line in piece.uneven(given, self.row, turns)
            )
        begin = numpy.array([self.row], numpy.int32)
        many = max(BLOCK // max(int(piece.widths.sum()), 1), 1)
        for first in range(0, rounds, many):
            turns = numpy.arange(first, min(first + many, rounds), dtype=numpy.int32)
            if not self._do(piece, piece.operands(given[None], begin, turns), len(turns)):
                return False
        return True

    def _do(self, piece: _Piece, operands: Any, times: int = 1) -> bool:
        """Whether the next rows do what a piece does, so many times, with these operands."""
        import numpy

        first, end = self.row, self.row + times * len(piece.codes)
        if end > self._rows.length:
            return False
        self.row = end
        starts = self._rows.starts[first : end + 1]
        widths = (starts[1:] - starts[:-1]).reshape(times, -1)
        return bool(
            (self._rows.codes[first:end].reshape(times, -1) == piece.codes).all()
            and (widths == piece.widths).all()
            and numpy.array_equal(self._rows.operands[starts[0] : starts[-1]], operands.ravel())
        )


class _Piece:
    """Some rows, or a loop. In each round, rows have `codes`, and `widths` operands."""

    def __init__(self, nodes: Sequence[Any], column: int, tables: Any) -> None:
        import numpy

        self.columns = slice(column, column + sum([node.width for node in nodes]))
        """What it is given of what is given to a round of the loop around."""
        self.loop: Loop | None = nodes[0] if isinstance(nodes[0], Loop) else None
        self.rounds = 1 if self.loop is None else self.loop.rounds
        self.is_ragged = self.loop is not None and self.loop.is_ragged
        self.body: Sequence[_Piece] = ()
        self.is_uneven = False
        """Whether it is a loop whose rounds may have more rows here than there."""
        if self.loop is None:
            self.codes: Any = numpy.array([node.code for node in nodes])
            self.widths: Any = numpy.array([node.width for node in nodes])
            return
        self.body, self._tables = _pieces(self.loop.body, tables), tables
        self.is_uneven = any(piece.is_ragged for piece in self.body)
        all_codes = [numpy.tile(piece.codes, abs(piece.rounds)) for piece in self.body]
        self.codes = numpy.concatenate(all_codes)
        self.widths = numpy.concatenate(
            [numpy.tile(piece.widths, abs(piece.rounds)) for piece in self.body]
        )
        self._offsets = numpy.cumsum([0, *map(len, all_codes)], dtype=numpy.int32)
        self._kinds = numpy.array([form.kind for form in self.loop.forms])
        self._numbers = numpy.array([form.number for form in self.loop.forms], numpy.int32)

    def operands(self, given: Any, begins: Any, turns: Any) -> Any:
        """All operands of a loop in these rounds, a line for each time that it stands somewhere:
        where it is given a line of `given` and begins with a row of `begins`."""
        import numpy

        own = self._own(given, begins, turns)
        if len(self.body) == 1 and self.body[0].loop is None:
            return own.reshape(len(given), -1)
        firsts = begins[:, None] + turns * self._offsets[-1]
        found = []
        for piece, offset in zip(self.body, self._offsets[:-1], strict=True):
            columns = own[:, :, piece.columns]
            if piece.loop is not None:
                inner = numpy.arange(piece.rounds, dtype=numpy.int32)
                columns = columns.reshape(firsts.size, -1)
                columns = piece.operands(columns, (firsts + offset).ravel(), inner)
            found.append(columns.reshape(*firsts.shape, -1))
        return numpy.concatenate(found, axis=2).reshape(len(given), -1)

    def _own(self, given: Any, begins: Any, turns: Any) -> Any:
        """What the body is given in these rounds."""
        import numpy

        kinds, length = self._kinds, self._offsets[-1]
        first = numpy.empty((len(given), len(kinds)), numpy.int32)
        first[:, kinds != LOCAL] = given
        later = numpy.where(kinds == CARRIED, self._numbers - length, self._numbers)
        later = numpy.where(kinds <= CARRIED, later + begins[:, None], first)
        steps = numpy.where(kinds == AFFINE, self._numbers, length)
        steps[kinds == TABLE] = 1
        out = later[:, None] + turns[:, None] * steps
        if turns[0] == 0:
            out[:, 0, kinds == CARRIED] = first[:, kinds == CARRIED]
        self._look_up(out)
        return out

    def _look_up(self, given: Any) -> None:
        in_tables = self._kinds == TABLE
        if in_tables.any():
            given[..., in_tables] = self._tables[given[..., in_tables]]

    def uneven(self, given: Any, begin: int, turns: Any) -> Any:
        """What the body is given in rounds that differ in their length: forms there say of an item
        where it begins or ends."""
        import numpy

        assert self.loop is not None
        kinds, numbers, forms = self._kinds, self._numbers, self.loop.forms
        out = numpy.empty((len(turns), len(kinds)), numpy.int32)
        out[:, kinds != LOCAL] = given
        out += numpy.where(kinds == AFFINE, numbers, kinds == TABLE) * turns[:, None]
        self._look_up(out)
        edges = begin + numpy.cumsum([0, *self._lengths(out).ravel()])
        items = len(self.loop.body)
        for j, form in enumerate(forms):
            if form.kind in (LOCAL, CARRIED):
                at = edges[form.item + (form.number < 0) :: items][: len(turns)] + form.number
                out[form.kind :, j] = at[: len(turns) - form.kind]
        return out

    def _lengths(self, given: Any) -> Any:
        """How many rows each item of the body has in each round that is given a line of this."""
        import numpy

        lengths = []
        for piece in self.body:
            if piece.loop is None:
                lengths += [numpy.full(len(given), 1)] * len(piece.codes)
            else:
                rounds = given[:, piece.columns.start] if piece.is_ragged else piece.rounds
                lengths.append(numpy.full(len(given), len(piece.codes) * rounds))
        return numpy.stack(lengths, axis=1)


def _pieces(nodes: Sequence[Node], tables: Any) -> list[_Piece]:
    """Loops, and what stands between them."""
    found: list[_Piece] = []
    column = 0
    for is_loop, group in groupby(nodes, lambda node: isinstance(node, Loop)):
        for some in ([node] for node in group) if is_loop else [[*group]]:
            found.append(_Piece(some, column, tables))
            column = found[-1].columns.stop
    return found
