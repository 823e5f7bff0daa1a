"""The operations of a derivative that nothing follows, as a recording writes them: a byte for the
primitive, 4 for each input and 8 for the number, where a node takes 113. `reading` makes those that
are needed part of a program.

Compiled with the engine.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i32, i64, u8

from autograd.compiler.ir.packed_columns import NO_NUMBERS, append, vec
from autograd.engine import primitives as table
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value

__all__ = [
    "ADD",
    "BY_NODE",
    "CUT_MESSAGE",
    "DIV",
    "FINITE_PART",
    "MESSAGE",
    "MINUS_ONE",
    "NEG",
    "NOTHING",
    "ONE",
    "OUTSIDE",
    "POW_CONST",
    "ROWS",
    "WHERE",
    "ZERO",
    "OperationColumns",
    "arity_of",
    "constant_place",
]

# The kinds of operations that sweeps make themselves.
BY_NODE: Final = 0  # any other one, which is a node
ADD: Final = 1
MESSAGE: Final = 2
CUT_MESSAGE: Final = 3
DIV: Final = 4
POW_CONST: Final = 5
NEG: Final = 6
FINITE_PART: Final = 7
WHERE: Final = 8
ROWS: Final[list[Primitive]] = [
    *(table.stop_gradient, table.add, table.message, table.cut_message, table.div),
    *(table.pow_const, table.neg, table.finite_part, table.where),
]
"""By kind; the first stands for none."""

# What stands for a term of a sum, an input or a local derivative: its place in the recording, or
# one of these. Constants follow from ONE down, and Values from outside from OUTSIDE up.
NOTHING: Final = -1
ONE: Final = -2
MINUS_ONE: Final = -3
ZERO: Final = -4
OUTSIDE: Final = 1 << 30


def constant_place(term: i64) -> i64:
    """Where the number of a constant is among them."""
    return ONE - term


def arity_of(kind: i64) -> i64:
    """How many inputs there are to an operation."""
    if kind == WHERE:
        return 3
    if kind == BY_NODE:
        return 0
    return 1 if kind >= NEG else 2


@final
class OperationColumns:
    """Such operations from a place of a recording on. Of those that are nodes there is no more than
    the number."""

    def __init__(self, begin: i64) -> None:
        self.begin = begin
        room = 4 * begin  # about as many are to come
        self.kinds = vec[u8](NO_NUMBERS, capacity=room)
        self.operands = vec[i32](NO_NUMBERS, capacity=2 * room)
        self.numbers = vec[float](NO_NUMBERS, capacity=room)

    def write(self, kind: i64, number: float, a: i64, b: i64) -> i64:
        """The place of a new operation, of one input or two."""
        self.operands = append(self.operands, i32(a))
        if kind < NEG:
            self.operands = append(self.operands, i32(b))
        return self._end_line(kind, number)

    def write_where(self, number: float, condition: i64, a: i64, b: i64) -> i64:
        """That of a selection."""
        self.operands = append(self.operands, i32(condition))
        self.operands = append(self.operands, i32(a))
        self.operands = append(self.operands, i32(b))
        return self._end_line(WHERE, number)

    def _end_line(self, kind: i64, number: float) -> i64:
        self.kinds = append(self.kinds, u8(kind))
        self.numbers = append(self.numbers, number)
        return self.begin + i64(len(self.kinds)) - 1

    @property
    def end(self) -> int:
        """The place of what comes next."""
        return self.begin + i64(len(self.kinds))

    def leave_to(self, nodes: list[Value]) -> None:
        """Nodes were made, which are the last of these."""
        for i in range(self.begin + i64(len(self.kinds)), i64(len(nodes))):
            self._end_line(BY_NODE, nodes[i]._data)

    def reciprocals(self) -> list[tuple[int, int]]:
        """The places of those that are 1 divided by something, and of that."""
        found: list[tuple[int, int]] = []
        at: i64 = 0
        for i in range(i64(len(self.kinds))):
            kind = i64(self.kinds[i])
            if kind == DIV and i64(self.operands[at]) < 0:
                found.append((self.begin + i, i64(self.operands[at + 1])))
            at += arity_of(kind)
        return found

    def forget_numbers(self) -> None:
        """Nobody will ask for them any more."""
        self.numbers = vec[float]()
