"""The program of a recording: its nodes, and the operations that were written in columns without
one, read off in the order in which they were made.

Compiled with the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, FlatCode, kind_of
from autograd.compiler.ir.packed_columns import NO_NUMBERS, append, as_array, vec
from autograd.compiler.recording.operation_columns import (
    BY_NODE,
    OUTSIDE,
    ROWS,
    OperationColumns,
    arity_of,
    constant_place,
)
from autograd.compiler.recording.recording_tape import RecordingTape
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value

__all__ = ["Reader"]

UNREAD: Final = -1
NONE: Final[i64] = -1


@final
class _Row:
    """A primitive that was checked, its kind, and the constant that it was met with last on either
    side, with its register: mostly it is met with the same again."""

    __slots__ = ("first", "is_unary", "kind", "of_first", "of_second", "primitive", "second")

    def __init__(self, primitive: Primitive) -> None:
        self.primitive = primitive
        self.kind: i64 = kind_of(primitive.name)
        self.is_unary: bool = primitive.arity == 1
        self.first = 0.0  # which stands for none: there are two zeros
        self.of_first: i64 = UNREAD
        self.second = 0.0
        self.of_second: i64 = UNREAD


@final
class Reader:
    """Writes the nodes of a tape as operations. `check` is asked about every primitive, and
    `check_captured` about every Value from outside, which is another input after the slots of the
    arguments; they raise where there is something against it."""

    def __init__(
        self,
        tape: RecordingTape,
        arguments: int,
        check: Callable[[Primitive], object],
        check_captured: Callable[[Value], object],
    ) -> None:
        self.captured: list[Value] = []
        self._tape = tape
        tape.go_on_in_columns()  # for nodes may have been made after them
        if tape.columns is not None:
            tape.columns.forget_numbers()
        self._next_operand: i64 = 0  # of those in the columns
        self._rows_by_kind: list[_Row | None] = [None for _ in ROWS]
        self._arguments = arguments
        self._check = check
        self._check_captured = check_captured
        self._read = 0  # how many nodes
        self._registers = vec[i32]([UNREAD] * len(tape.nodes))
        self._needed = vec[bool]()
        self._of_captured: dict[int, int] = {}
        self._constants: dict[float, int] = {}
        self._minus_zero = UNREAD
        self._rows: list[_Row] = []  # of the primitives that were checked
        room = i64(len(tape.nodes)) + 64
        self._kinds = vec[i32](NO_NUMBERS, capacity=room)
        self._starts = append(vec[i32](NO_NUMBERS, capacity=room), i32(0))
        self._operands = vec[i32](NO_NUMBERS, capacity=2 * room)
        self._values = vec[float]()
        for i in range(i64(arguments)):
            self._registers[i] = i32(self._input(i))

    def need(self, roots: Iterable[Any]) -> None:
        """Only what these are computed from is read."""
        nodes = self._tape.nodes
        needed = vec[bool]([False] * len(nodes))
        for x in roots:
            _mark(nodes, needed, x)
        end = i64(len(nodes))
        columns = self._tape.columns
        if columns is not None:
            end = columns.begin
            _mark_in_columns(columns, nodes, needed)
        for i in range(end - 1, -1, -1):
            if needed[i]:
                _mark_below(nodes, needed, nodes[i])
        self._needed = needed

    @property
    def nodes(self) -> int:
        """How many there are to read."""
        return len(self._tape.nodes)

    def read_until(self, end: int) -> None:
        """Read the nodes up to this place."""
        nodes = self._tape.nodes
        columns = self._tape.columns
        begin = i64(len(nodes)) if columns is None else columns.begin
        for i in range(i64(self._read), min(begin, i64(end))):
            if self._needed[i] and self._registers[i] == UNREAD:
                self._registers[i] = i32(self._write(nodes[i]))
        if columns is not None:
            for i in range(max(begin, i64(self._read)), i64(end)):
                self._read_line(columns, i)
        self._read = max(self._read, end)

    def _read_line(self, columns: OperationColumns, i: i64) -> None:
        """Read what has this place, and go on to the next operands."""
        kind = i64(columns.kinds[i - columns.begin])
        at, count = self._next_operand, arity_of(kind)
        self._next_operand = at + count
        if not self._needed[i] or self._registers[i] != UNREAD:
            return
        if kind == BY_NODE:
            self._registers[i] = i32(self._write(self._tape.nodes[i]))
            return
        row = self._rows_by_kind[kind]
        if row is None:
            row = self._rows_by_kind[kind] = self._row(ROWS[kind])
        a = self._of_term(i64(columns.operands[at]))
        b = self._of_term(i64(columns.operands[at + 1])) if count > 1 else NONE
        c = self._of_term(i64(columns.operands[at + 2])) if count > 2 else NONE
        self._operands = append(self._operands, i32(a))
        if count > 1:
            self._operands = append(self._operands, i32(b))
        if count > 2:
            self._operands = append(self._operands, i32(c))
        self._registers[i] = i32(self._end_line(row.kind))

    def _of_term(self, term: i64) -> i64:
        """The register of an input in the columns; an operation was read before."""
        if term < 0:
            return self.const(self._tape.constants[constant_place(term)])
        if term >= OUTSIDE:
            return self._of_outside(self._tape.outside[term - OUTSIDE])
        return i64(self._registers[term])

    def register(self, x: Any) -> i64:
        """The register of a Value or a number."""
        return self._of_value(x) if isinstance(x, Value) else self.const(float(x))

    def _of_value(self, node: Value) -> i64:
        place, nodes = i64(node._place), self._tape.nodes
        if place >= len(nodes) or nodes[place] is not node:
            return self._of_outside(node)
        found = i64(self._registers[place])
        if found == UNREAD:
            found = self._write(node)
            self._registers[place] = i32(found)
        return found

    def _of_outside(self, node: Value) -> i64:
        found = self._of_captured.get(id(node))
        if found is None:
            self._check_captured(node)
            slot = self._arguments + len(self.captured)
            self.captured.append(node)
            found = self._of_captured[id(node)] = self._input(slot)
        return i64(found)

    def _write(self, node: Value) -> i64:
        primitive = node._primitive
        if primitive is None:
            return self.const(node._data)
        row = self._row(primitive)
        fan = node._fan
        if fan is not None:
            given = [self.register(x) for x in fan.inputs]
            for i in given:
                self._operands = append(self._operands, i32(i))
            return self._end_line(row.kind)
        first, second = node._a, node._b
        if first is not None:
            a = self._of_value(first)
        else:
            if node._pa == 0.0 or node._pa != row.first:
                row.first, row.of_first = node._pa, self.const(node._pa)
            a = row.of_first
        if row.is_unary:
            self._operands = append(self._operands, i32(a))
            return self._end_line(row.kind)
        if second is not None:
            b = self._of_value(second)
        else:
            if node._pb == 0.0 or node._pb != row.second:
                row.second, row.of_second = node._pb, self.const(node._pb)
            b = row.of_second
        self._operands = append(self._operands, i32(a))
        self._operands = append(self._operands, i32(b))
        return self._end_line(row.kind)

    def _row(self, primitive: Primitive) -> _Row:
        for row in self._rows:  # a program has few
            if row.primitive is primitive:
                return row
        self._check(primitive)
        self._rows.append(_Row(primitive))
        return self._rows[-1]

    # -- lines -------------------------------------------------------------------------------------

    def const(self, value: float) -> i64:
        """The register of a constant; 0.0 and -0.0 are two."""
        if value == 0.0 and math.copysign(1.0, value) < 0.0:
            if self._minus_zero == UNREAD:
                self._minus_zero = self._constant(value)
            return i64(self._minus_zero)
        found = self._constants.get(value)
        if found is None:
            found = self._constants[value] = self._constant(value)
        return i64(found)

    def _constant(self, value: float) -> i64:
        self._operands = append(self._operands, i32(len(self._values)))
        self._values = append(self._values, value)
        return self._end_line(CONST)

    def _input(self, slot: i64) -> i64:
        self._operands = append(self._operands, i32(slot))
        return self._end_line(INPUT)

    def emit(self, name: str, *operands: int) -> int:
        """The register of an operation that no node is of."""
        for i in operands:
            self._operands = append(self._operands, i32(i))
        return self._end_line(kind_of(name))

    def _end_line(self, kind: i64) -> i64:
        self._kinds = append(self._kinds, i32(kind))
        self._starts = append(self._starts, i32(len(self._operands)))
        return i64(len(self._kinds)) - 1

    def finish(self) -> FlatCode:
        """What was written, of which nothing is kept here: one column at a time, for all of them
        twice is much."""
        self._registers, self._needed = vec[i32](), vec[bool]()
        kinds = as_array("i", self._kinds)
        self._kinds = vec[i32]()
        starts = as_array("i", self._starts)
        self._starts = vec[i32]()
        operands = as_array("i", self._operands)
        self._operands = vec[i32]()
        return FlatCode(kinds, starts, operands, as_array("d", self._values))


def _mark_in_columns(columns: OperationColumns, nodes: list[Value], needed: vec[bool]) -> None:
    """Have read what the operations in the columns that are needed need."""
    begin, kinds, operands = columns.begin, columns.kinds, columns.operands
    at = i64(len(operands))
    for i in range(i64(len(nodes)) - 1, begin - 1, -1):
        kind = i64(kinds[i - begin])
        end = at
        at = end - arity_of(kind)
        if not needed[i]:
            continue
        if kind == BY_NODE:
            _mark_below(nodes, needed, nodes[i])
        for k in range(at, end):
            place = i64(operands[k])
            if 0 <= place < OUTSIDE:
                needed[place] = True


def _mark_below(nodes: list[Value], needed: vec[bool], node: Value) -> None:
    if node._a is not None:
        _mark(nodes, needed, node._a)
    if node._b is not None:
        _mark(nodes, needed, node._b)
    if node._fan is not None:
        for x in node._fan.inputs:
            _mark(nodes, needed, x)


def _mark(nodes: list[Value], needed: vec[bool], x: Any) -> None:
    """Have a node of the tape read."""
    if isinstance(x, Value):
        place = i64(x._place)
        if place < len(nodes) and nodes[place] is x:
            needed[place] = True
