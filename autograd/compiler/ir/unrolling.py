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
    comparing = _Comparing(rows, rolled.tables.astype(numpy.int32))
    is_same = comparing.are_next(rolled.body, rolled.given.astype(numpy.int32))
    return is_same and comparing.row == rows.length


class _Comparing:
    """Rows that are compared one after the other; `row` is the next."""

    def __init__(self, rows: Rows, tables: Any) -> None:
        self.row = 0
        self._rows = rows
        self._tables = tables
        self._bodies: dict[int, _Body] = {}

    def are_next(self, nodes: Sequence[Node], given: Any) -> bool:
        """Whether the next rows are those of rows and loops that are given this, in order."""
        at = 0
        for is_loop, group in groupby(nodes, lambda node: isinstance(node, Loop)):
            for some in ([node] for node in group) if is_loop else [[*group]]:
                end = at + sum([node.width for node in some])
                if not (self._is_loop if is_loop else self._are_rows)(some, given[at:end]):
                    return False
                at = end
        return True

    def _are_rows(self, steps: Sequence[Any], operands: Any) -> bool:
        return self._are([step.code for step in steps], [step.width for step in steps], operands)

    def _is_loop(self, alone: Sequence[Any], given: Any) -> bool:
        import numpy

        (loop,) = alone
        rounds = loop.rounds
        if loop.is_ragged:
            rounds, given = int(given[0]), given[1:]
        body = self._bodies.get(id(loop))
        if body is None:
            body = self._bodies[id(loop)] = _Body(loop, self._tables)
        begin = numpy.array([self.row], numpy.int32)
        if body.is_uneven:
            turns = numpy.arange(rounds, dtype=numpy.int32)
            rows = body.uneven(given, self.row, turns)
            return all(self.are_next(loop.body, given) for given in rows)
        many = max(BLOCK // max(int(body.widths.sum()), 1), 1)
        for first in range(0, rounds, many):
            turns = numpy.arange(first, min(first + many, rounds), dtype=numpy.int32)
            codes, widths = (numpy.tile(x, len(turns)) for x in (body.codes, body.widths))
            if not self._are(codes, widths, body.operands(given[None], begin, turns)[0]):
                return False
        return True

    def _are(self, codes: Any, widths: Any, operands: Any) -> bool:
        """Whether the next rows do this, with so many operands each, and these."""
        import numpy

        rows, first = self._rows, self.row
        self.row = end = first + len(codes)
        if end > rows.length:
            return False
        starts = rows.starts[first : end + 1]
        return bool(
            numpy.array_equal(rows.codes[first:end], codes)
            and numpy.array_equal(numpy.diff(starts), widths)
            and numpy.array_equal(rows.operands[starts[0] : starts[-1]], operands)
        )


class _Body:
    """What a loop repeats: in each round the rows do `codes`, with `widths` operands."""

    def __init__(self, loop: Loop, tables: Any) -> None:
        import numpy

        self._loop, self._tables = loop, tables
        self._inner = [_Body(x, tables) if isinstance(x, Loop) else None for x in loop.body]
        self.is_uneven = any(isinstance(x, Loop) and x.is_ragged for x in loop.body)
        """Whether a round has more rows than another."""
        codes, widths = [], []
        for node, body in zip(loop.body, self._inner, strict=True):
            if isinstance(node, Loop) and body is not None:
                codes.append(numpy.tile(body.codes, max(node.rounds, 1)))
                widths.append(numpy.tile(body.widths, max(node.rounds, 1)))
            elif not isinstance(node, Loop):
                codes.append(numpy.array([node.code]))
                widths.append(numpy.array([node.width]))
        self.codes: Any = numpy.concatenate(codes)
        self.widths: Any = numpy.concatenate(widths)
        self._lengths = [len(x) for x in codes]  # of the items; of a ragged one, of its rounds
        self._kinds = numpy.array([form.kind for form in loop.forms])
        self._numbers = numpy.array([form.number for form in loop.forms], numpy.int32)

    def operands(self, given: Any, begins: Any, turns: Any) -> Any:
        """All operands of these rounds, a line for each time that the loop stands somewhere, where
        it is given a line of `given` and begins with a row of `begins`."""
        import numpy

        out = self._own(given, begins, turns)
        places = begins[:, None] + turns * numpy.int32(len(self.codes))
        pieces, at = [], 0
        for node, body, length in zip(self._loop.body, self._inner, self._lengths, strict=True):
            own, at = out[:, :, at : at + node.width], at + node.width
            if body is not None and isinstance(node, Loop):
                inner = numpy.arange(node.rounds, dtype=numpy.int32)
                own = own.reshape(places.size, node.width)
                own = body.operands(own, places.reshape(-1), inner).reshape(*places.shape, -1)
            pieces.append(own)
            places = places + numpy.int32(length)
        if any(self._inner):
            out = numpy.concatenate(pieces, axis=2)
        return out.reshape(len(given), -1)

    def _own(self, given: Any, begins: Any, turns: Any) -> Any:
        """What is given to the items of the body, in these rounds."""
        import numpy

        kinds, length = self._kinds, numpy.int32(len(self.codes))
        first = numpy.empty((len(given), len(kinds)), numpy.int32)
        first[:, kinds != LOCAL] = given
        out = numpy.where(kinds == CARRIED, self._numbers - length, self._numbers)
        out = numpy.where(kinds <= CARRIED, out + begins[:, None], first)
        steps = numpy.where(kinds == AFFINE, self._numbers, length)
        steps[kinds == TABLE] = 1
        out = out[:, None] + turns[:, None] * steps
        if turns[0] == 0:
            carried = kinds == CARRIED
            out[:, 0, carried] = first[:, carried]
        in_tables = kinds == TABLE
        if in_tables.any():
            out[:, :, in_tables] = self._tables[out[:, :, in_tables]]
        return out

    def uneven(self, given: Any, begin: int, turns: Any) -> Any:
        """What is given to the items of the body, in rounds that differ in their length: forms
        there say of an item where it begins or ends."""
        import numpy

        kinds, numbers = self._kinds, self._numbers
        out = numpy.empty((len(turns), len(kinds)), numpy.int32)
        out[:, kinds != LOCAL] = given
        out += numpy.where(kinds == AFFINE, numbers, kinds == TABLE) * turns[:, None]
        in_tables = kinds == TABLE
        out[:, in_tables] = self._tables[out[:, in_tables]]
        columns = numpy.cumsum([0, *[node.width for node in self._loop.body]])
        lengths = numpy.tile(self._lengths, (len(turns), 1))
        for k, node in enumerate(self._loop.body):
            if isinstance(node, Loop) and node.is_ragged:
                lengths[:, k] *= out[:, columns[k]]
        edges = begin + numpy.cumsum(lengths).reshape(lengths.shape)
        edges = numpy.concatenate([edges[:, :1] - lengths[:, :1], edges], axis=1)
        for j, form in enumerate(self._loop.forms):
            edge = edges[:, max(form.item, 0) + (form.item >= 0 and form.number < 0)] + form.number
            if form.kind == LOCAL:
                out[:, j] = edge
            elif form.kind == CARRIED:
                out[1:, j] = edge[:-1]
        return out
