"""The operations of a derivative that nothing follows, as a recording writes them: a byte for the
primitive, 4 for each input and 8 for the number, where a node takes 113. `reading` makes those that
are needed part of a program.

Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from mypy_extensions import i32, i64, u8

from autograd.compiler.ir.packed_columns import append, vec
from autograd.engine.primitive import Primitive
from autograd.engine.tape import Columns, Tape
from autograd.engine.value import Value

__all__ = ["BY_NODE", "OUTSIDE", "OperationColumns"]

BY_NODE: Final = 0  # the kind of what stands among the nodes
OUTSIDE: Final = 1 << 30


@final
class OperationColumns(Columns):
    """Such operations of a tape, from its present end on.

    `kinds` has an entry per place, by which the primitive is found in `primitives`, and how many
    of the `operands` are its own in `arities`. An operand is a place; from OUTSIDE on that of a
    Value from outside, in `outside`; a negative one -1 minus the place of a number, in `constants`.
    """

    def __init__(self, tape: Tape) -> None:
        self.begin: i64 = len(tape.nodes)
        self.primitives: list[Primitive | None] = [None]
        self.arities = vec[i64]([i64(0)])
        self.kinds = vec[u8]()
        self.operands = vec[i32]()
        self.constants = vec[float]()
        self.outside: list[Value] = []
        self._nodes = tape.nodes
        self._numbers = vec[float]()

    def write(self, primitive: Primitive, data: float, a: Any, b: Any, pa: float, pb: float) -> int:
        kind = self._kind(primitive, 1 if primitive.arity == 1 else 2)
        self._write_operand(a, pa)
        if self.arities[kind] == 2:
            self._write_operand(b, pb)
        return self._end_line(kind, data)

    def write_fan(self, primitive: Primitive, data: float, inputs: Sequence[Any]) -> int:
        kind = self._kind(primitive, len(inputs))
        for x in inputs:
            if isinstance(x, float):
                self._write_operand(None, x)
            else:
                self._write_operand(x, 0.0)
        return self._end_line(kind, data)

    def _kind(self, primitive: Primitive, arity: i64) -> i64:
        """The number of a primitive with so many inputs, of which there are few."""
        for kind in range(i64(1), i64(len(self.primitives))):
            if self.primitives[kind] is primitive and self.arities[kind] == arity:
                return kind
        self.primitives.append(primitive)
        self.arities = append(self.arities, arity)
        return i64(len(self.primitives)) - 1

    def _write_operand(self, x: Any, number: float) -> None:
        if x is None:
            self.constants = append(self.constants, number)
            self.operands = append(self.operands, i32(-i64(len(self.constants))))
        elif isinstance(x, Value):
            self.operands = append(self.operands, i32(self._place_of(x)))
        else:
            self.operands = append(self.operands, i32(x))

    def _place_of(self, node: Value) -> i64:
        place = i64(node._place)
        if place < len(self._nodes) and self._nodes[place] is node:
            return place
        self.outside.append(node)
        return OUTSIDE + i64(len(self.outside)) - 1

    def _end_line(self, kind: i64, data: float) -> i64:
        self.kinds = append(self.kinds, u8(kind))
        self._numbers = append(self._numbers, data)
        return self.begin + i64(len(self.kinds)) - 1

    def number(self, place: int) -> float:
        return self._numbers[i64(place) - self.begin]

    def end(self) -> int:
        return self.begin + i64(len(self.kinds))

    def leave_to_nodes(self, end: int) -> None:
        for _ in range(self.begin + i64(len(self.kinds)), i64(end)):
            self._end_line(BY_NODE, 0.0)

    def forget_numbers(self) -> None:
        """They have been asked for."""
        self._numbers = vec[float]()
