"""The order of rows, where it is free: what a loop can do at once is not left for a loop after it.

Every gradient ends with a sum with 0.0 for each of its entries, recorded when the reverse pass is
over. Done there, all entries would be written to memory and read again only for that.
"""

from __future__ import annotations

from typing import Any

from autograd.compiler.ir.flat_rows import Rows
from autograd.compiler.ir.lowering import INSTRUCTIONS

__all__ = ["with_results_early"]


def with_results_early(rows: Rows) -> Rows:
    """The same rows, but that each which only makes a result of one other row follows that one.

    These have names to themselves, which read the same: a sum and the sum of that with 0.0, in
    turn, are no loop of sums.
    """
    import numpy

    if not rows.length:
        return rows
    of = _only_row(rows)
    moves = of >= 0
    # Behind the row itself come those that follow it, in the order in which they were.
    keys = 2 * numpy.where(moves, of, numpy.arange(rows.length)) + moves
    order = numpy.argsort(keys, kind="stable")
    codes = rows.codes + numpy.where(moves, len(rows.names), 0).astype(rows.codes.dtype)
    return _reordered(rows._replace(names=rows.names * 2, codes=codes), order)


def _only_row(rows: Rows) -> Any:
    """For every row: the one that it makes a result of; -1 where it is needed by other rows, needs
    several, or follows that one anyway, as in the last round of a loop."""
    import numpy

    widths = numpy.diff(rows.starts)
    owners = numpy.repeat(numpy.arange(rows.length), widths)
    inner = rows.operands >= 0
    highest, lowest = numpy.full(rows.length, -1), numpy.full(rows.length, rows.length)
    numpy.maximum.at(highest, owners[inner], rows.operands[inner])
    numpy.minimum.at(lowest, owners[inner], rows.operands[inner])
    is_instruction = numpy.array([name in INSTRUCTIONS for name in rows.names])
    moves = (lowest == highest) & (highest < numpy.arange(rows.length) - 1)
    moves &= is_instruction[rows.codes]
    moves[rows.operands[inner]] = False
    return numpy.where(moves, highest, -1)


def _reordered(rows: Rows, order: Any) -> Rows:
    import numpy

    place = numpy.empty_like(order)
    place[order] = numpy.arange(rows.length)

    def moved(addresses: Any) -> Any:
        return numpy.where(addresses >= 0, place[numpy.maximum(addresses, 0)], addresses)

    widths = numpy.diff(rows.starts)[order]
    starts = numpy.concatenate(([0], numpy.cumsum(widths)))
    at = numpy.arange(starts[-1]) + numpy.repeat(rows.starts[order] - starts[:-1], widths)
    return rows._replace(
        codes=rows.codes[order],
        starts=starts,
        operands=moved(rows.operands[at]),
        results=moved(rows.results),
    )
