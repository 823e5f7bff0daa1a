"""A rolled program written out again by the places that machine code is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiler.ir.flat_rows import Rows
from autograd.compiler.ir.loop_places import written_out
from autograd.compiler.ir.loops import Rolled

__all__ = ["same_rows", "unrolled"]


def unrolled(rolled: Rolled) -> Rows:
    """All rows."""
    _, rows = written_out(rolled)
    codes = np.zeros(rolled.length, np.int32)
    widths = np.zeros(rolled.length, np.int64)
    for row in rows:
        codes[row.addresses] = row.node.code
        widths[row.addresses] = row.node.width
    starts = np.concatenate(([0], np.cumsum(widths)))
    operands = np.zeros(starts[-1], np.int64)
    for row in rows:
        for k in range(row.node.width):
            operands[starts[row.addresses] + k] = row.place.values(row.column + k)
    return Rows(
        rolled.names, codes, starts, operands, rolled.constants, rolled.inputs, rolled.results
    )


def same_rows(a: Rows, b: Rows) -> bool:
    """Whether two programs have the same rows, and constants of the same bits."""
    if a.names != b.names or a.inputs != b.inputs:
        return False
    pairs: list[tuple[Any, Any]] = [
        (a.codes, b.codes),
        (a.starts, b.starts),
        (a.operands, b.operands),
        (a.results, b.results),
        (a.constants.view(np.int64), b.constants.view(np.int64)),
    ]
    return all(np.array_equal(x, y) for x, y in pairs)
