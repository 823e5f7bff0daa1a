"""Templates: what is written in the place of an operation that is made of others.

The rule that says so runs once, on a sketch; from then on its lines are copied. Compiled with the
engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, NAMES, kind_of
from autograd.compiler.ir.packed_columns import append, vec
from autograd.compiler.ir.writing import POW, Writer
from autograd.compiler.ir.written_lines import FEW, NONE

__all__ = ["Plans", "Sketch", "Template", "Templates"]


@final
class Template:
    """What is written in the place of an operation: the lines that its rule has written once, on
    operands that are numbered from 0. The lines are numbered on from there."""

    __slots__ = ("operands", "result", "sketch")

    def __init__(self, rule: Callable[[Sketch, tuple[int, ...]], int], operands: int) -> None:
        self.operands = operands
        self.sketch = Sketch(operands)
        self.result: int = rule(self.sketch, tuple(range(operands)))

    def room(self) -> vec[i32]:
        """For the registers of everything in the template, the operands first."""
        return vec[i32]([i32(NONE)] * (self.operands + len(self.sketch.kinds)))

    def write(self, writer: Writer, at: vec[i32]) -> i64:
        """Write it on the registers of its operands, which stand at the beginning of such a room;
        the register of the result."""
        sketch, operands = self.sketch, i64(self.operands)
        kinds, counts, read = sketch.kinds, sketch.counts, sketch.read
        place: i64 = 0
        for i in range(i64(len(kinds))):
            kind, count = i64(kinds[i]), i64(counts[i])
            if kind == CONST:
                found = writer.const(sketch.values[i64(read[place])])
            elif count > FEW:
                given = [int(at[i64(read[place + k])]) for k in range(int(count))]
                found = writer.put_all(kind, given)
            else:
                a = i64(at[i64(read[place])]) if count > 0 else NONE
                b = i64(at[i64(read[place + 1])]) if count > 1 else NONE
                c = i64(at[i64(read[place + 2])]) if count > 2 else NONE
                found = writer.power(a, b) if kind == POW else writer.put(kind, count, a, b, c)
            at[operands + i] = i32(found)
            place += count
        return i64(at[i64(self.result)])


Templates = Callable[[str, int], "Template | None"]
"""The template for an operation of this name with so many operands, if it has one."""


@final
class Plans:
    """The templates of one program, each asked for once."""

    def __init__(self, templates: Templates | None) -> None:
        self._templates = templates
        self._known: list[Template | None] = []  # by kind and how many operands, if those are few
        self._is_known: list[bool] = []
        self._wide: dict[tuple[int, int], Template | None] = {}

    def of(self, kind: i64, count: i64) -> Template | None:
        """That for operations of a kind with so many operands."""
        if count > FEW:
            key = int(kind), int(count)
            if key not in self._wide:
                self._wide[key] = self._asked(kind, count)
            return self._wide[key]
        at = (FEW + 1) * kind + count
        if at >= i64(len(self._known)):
            more = int(at) + 1 - len(self._known)
            self._known += [None] * more
            self._is_known += [False] * more
        if not self._is_known[at]:
            self._known[at] = self._asked(kind, count)
            self._is_known[at] = True
        return self._known[at]

    def _asked(self, kind: i64, count: i64) -> Template | None:
        return None if self._templates is None else self._templates(NAMES[kind], count)


@final
class Sketch:
    """In the place of a Writer where a rule writes its template. All is left as it is: what
    is constant, or there already, shows when the template is written."""

    def __init__(self, operands: int) -> None:
        self.kinds = vec[i32]()
        self.counts = vec[i32]()
        self.read = vec[i32]()  # the operands of all lines; of a constant the place of its number
        self.values: list[float] = []
        self.rules: Mapping[str, Callable[..., Any]] = {}
        self._next = operands

    def const(self, value: float) -> int:
        self.values.append(value)
        return self._append(CONST, (len(self.values) - 1,))

    def emit(self, name: str, *operands: int) -> int:
        return self._append(kind_of(name), operands)

    def power(self, a: int, n: int) -> int:
        return self._append(POW, (a, n))

    def _append(self, kind: int, operands: tuple[int, ...]) -> int:
        self.kinds = append(self.kinds, i32(kind))
        self.counts = append(self.counts, i32(len(operands)))
        for operand in operands:
            self.read = append(self.read, i32(operand))
        place = self._next
        self._next = place + 1
        return place
