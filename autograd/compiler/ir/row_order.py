"""The order of rows, where it is free: what a loop can do at once is not left for a loop after it.

Every gradient ends with a sum with 0.0 for each of its entries, recorded when the reverse pass is
over. Done there, all entries would be written to memory and read again only for that.
"""

from __future__ import annotations

from autograd.compiler.ir.flat_rows import Rows
from autograd.compiler.ir.lowering import INSTRUCTIONS
from autograd.compiler.ir.row_columns import rows_behind_their_only_one

__all__ = ["with_results_early"]


def with_results_early(rows: Rows) -> Rows:
    """The same rows, but that each which only makes a result of one other row follows that one.

    These have names to themselves, which read the same: a sum and the sum of that with 0.0, in
    turn, are no loop of sums.
    """
    import numpy

    if not rows.length:
        return rows
    may_move = [name in INSTRUCTIONS for name in rows.names]
    columns = rows_behind_their_only_one(rows.codes, rows.starts, rows.operands, may_move)
    places = numpy.asarray(columns[3])
    inner = numpy.maximum(rows.results, 0)
    return rows._replace(
        names=rows.names * 2,
        codes=numpy.asarray(columns[0], numpy.int32),
        starts=numpy.asarray(columns[1], numpy.int64),
        operands=numpy.asarray(columns[2], numpy.int32),
        results=numpy.where(rows.results >= 0, places[inner], rows.results),
    )
