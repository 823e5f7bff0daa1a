"""The order of rows, where it is free: what a loop can do at once is not left for a loop after it.

Every gradient ends with a sum with 0.0 for each of its entries, recorded when the reverse pass is
over. Done there, all entries would be written to memory and read again only for that.
"""

from __future__ import annotations

from autograd.compiler.ir.flat_rows import Rows, rows_from
from autograd.compiler.ir.lowering import INSTRUCTIONS
from autograd.compiler.ir.program import Program

__all__ = ["with_results_early"]


def with_results_early(program: Program) -> Rows:
    """The rows of a program, but that each which only makes a result of one other row follows that
    one.

    These have names to themselves, which read the same: a sum and the sum of that with 0.0, in
    turn, are no loop of sums.
    """
    return rows_from(program, may_move=INSTRUCTIONS)
