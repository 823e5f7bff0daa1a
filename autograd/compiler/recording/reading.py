"""The program of a recording: its nodes, read off in the order in which they were made.

Compiled with the engine.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable
from typing import Any, Final, final

from autograd.compiler.ir.flat_code import CONST, INPUT, FlatCode, kind_of
from autograd.engine.primitive import Primitive
from autograd.engine.tape import Tape
from autograd.engine.value import Value

__all__ = ["Reader"]

UNREAD: Final = -1
AT_A_TIME: Final = 4096  # operations


@final
class Reader:
    """Writes the nodes of a tape as operations. `check` is asked about every primitive, and
    `check_captured` about every Value from outside, which is another input after the slots of the
    arguments; they raise where there is something against it."""

    def __init__(
        self,
        tape: Tape,
        arguments: int,
        check: Callable[[Primitive], object],
        check_captured: Callable[[Value], object],
    ) -> None:
        self.captured: list[Value] = []
        self._tape = tape
        self._arguments = arguments
        self._check = check
        self._check_captured = check_captured
        self._read = 0  # how many nodes
        self._registers = [UNREAD] * len(tape.nodes)
        self._of_captured: dict[int, int] = {}
        self._constants: dict[float, int] = {}
        self._minus_zero = UNREAD
        self._kinds_of: dict[str, int] = {}
        self._checked: dict[str, Primitive] = {}
        self._needed: list[bool] = []
        self._size = 0
        self._end = 0  # of the operands
        self._kinds: list[int] = []
        self._ends: list[int] = []
        self._operands: list[int] = []
        self._columns: Any = (array("i"), array("i", [0]), array("i"), array("d"))
        for i in range(arguments):
            self._registers[i] = self._input(i)

    def need(self, roots: Iterable[Any]) -> None:
        """Only what these are computed from is read."""
        self._needed = self._tape.needed_for(roots)

    @property
    def nodes(self) -> int:
        """How many there are to read."""
        return len(self._tape.nodes)

    def read_until(self, end: int) -> None:
        """Read the nodes up to this place."""
        nodes, registers = self._tape.nodes, self._registers
        for i in range(self._read, end):
            if self._needed[i] and registers[i] == UNREAD:
                registers[i] = self._write(nodes[i])
        self._read = max(self._read, end)

    def register(self, x: Any) -> int:
        """The register of a Value or a number."""
        return self._of_value(x) if isinstance(x, Value) else self.const(float(x))

    def _of_value(self, node: Value) -> int:
        if not self._tape.owns(node):
            return self._of_outside(node)
        found = self._registers[node._place]
        if found == UNREAD:
            found = self._registers[node._place] = self._write(node)
        return found

    def _of_outside(self, node: Value) -> int:
        found = self._of_captured.get(id(node))
        if found is None:
            self._check_captured(node)
            slot = self._arguments + len(self.captured)
            self.captured.append(node)
            found = self._of_captured[id(node)] = self._input(slot)
        return found

    def _write(self, node: Value) -> int:
        primitive = node._primitive
        if primitive is None:
            return self.const(node._data)
        kind = self._kind(primitive)
        if node._fan is not None:
            given = [self.register(x) for x in node._fan.inputs]
            for i in given:
                self._operands.append(i)
            return self._end_line(kind, len(given))
        a = self.const(node._pa) if node._a is None else self._of_value(node._a)
        if primitive.arity == 1:
            self._operands.append(a)
            return self._end_line(kind, 1)
        b = self.const(node._pb) if node._b is None else self._of_value(node._b)
        self._operands.append(a)
        self._operands.append(b)
        return self._end_line(kind, 2)

    def _kind(self, primitive: Primitive) -> int:
        name = primitive.name
        if self._checked.get(name) is not primitive:
            self._check(primitive)
            self._checked[name] = primitive
            self._kinds_of[name] = kind_of(name)
        return self._kinds_of[name]

    # -- lines -------------------------------------------------------------------------------------

    def const(self, value: float) -> int:
        """The register of a constant; 0.0 and -0.0 are two."""
        if value == 0.0 and math.copysign(1.0, value) < 0.0:
            if self._minus_zero == UNREAD:
                self._minus_zero = self._constant(value)
            return self._minus_zero
        found = self._constants.get(value)
        if found is None:
            found = self._constants[value] = self._constant(value)
        return found

    def _constant(self, value: float) -> int:
        values = self._columns[3]
        self._operands.append(len(values))
        values.append(value)
        return self._end_line(CONST, 1)

    def _input(self, slot: int) -> int:
        self._operands.append(slot)
        return self._end_line(INPUT, 1)

    def emit(self, name: str, *operands: int) -> int:
        """The register of an operation that no node is of."""
        for i in operands:
            self._operands.append(i)
        return self._end_line(kind_of(name), len(operands))

    def _end_line(self, kind: int, count: int) -> int:
        self._end += count
        self._kinds.append(kind)
        self._ends.append(self._end)
        self._size += 1
        if len(self._kinds) >= AT_A_TIME:
            self._pack()
        return self._size - 1

    def _pack(self) -> None:
        kinds, starts, operands, _ = self._columns
        kinds.fromlist(self._kinds)
        starts.fromlist(self._ends)
        operands.fromlist(self._operands)
        self._kinds = []
        self._ends = []
        self._operands = []

    @property
    def code(self) -> FlatCode:
        """What was written."""
        self._pack()
        return FlatCode(*self._columns)
