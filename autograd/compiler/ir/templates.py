"""Templates: what is written in the place of an operation that is made of others.

The rule that says so runs once, on a sketch; from then on its lines are copied. Compiled with the
engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

from autograd.compiler.ir.flat_code import CONST, NAMES, kind_of
from autograd.compiler.ir.writing import FEW, NONE, POW, Operation, Writer

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

    def write(self, writer: Writer, operands: list[int]) -> int:
        """Write it on these registers; the register of the result."""
        at = operands  # of everything in the template
        rest = self.sketch.rest
        for line in self.sketch.lines:
            if line.kind == CONST:
                at.append(writer.const(self.sketch.values[line.a]))
            elif line.count > FEW:
                at.append(writer.put_all(line.kind, [at[j] for j in rest[line.place]]))
            else:
                a = at[line.a] if line.count > 0 else NONE
                b = at[line.b] if line.count > 1 else NONE
                if line.kind == POW:
                    at.append(writer.power(a, b))
                else:
                    c = at[line.c] if line.count > 2 else NONE
                    at.append(writer.put(line.kind, line.count, a, b, c))
        return at[self.result]


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

    def of(self, kind: int, count: int) -> Template | None:
        if count > FEW:
            if (kind, count) not in self._wide:
                self._wide[kind, count] = self._asked(kind, count)
            return self._wide[kind, count]
        at = (FEW + 1) * kind + count
        if at >= len(self._known):
            more = at + 1 - len(self._known)
            self._known += [None] * more
            self._is_known += [False] * more
        if not self._is_known[at]:
            self._known[at] = self._asked(kind, count)
            self._is_known[at] = True
        return self._known[at]

    def _asked(self, kind: int, count: int) -> Template | None:
        return None if self._templates is None else self._templates(NAMES[kind], count)


@final
class Sketch:
    """In the place of a Writer where a rule writes its template. All is left as it is: what
    is constant, or there already, shows when the template is written."""

    __slots__ = ("_next", "lines", "rest", "rules", "values")

    def __init__(self, operands: int) -> None:
        self.lines: list[Operation] = []
        self.values: list[float] = []
        self.rest: dict[int, tuple[int, ...]] = {}
        self.rules: Mapping[str, Callable[..., Any]] = {}
        self._next = operands

    def const(self, value: float) -> int:
        self.values.append(value)
        return self._append(CONST, 1, (len(self.values) - 1,))

    def emit(self, name: str, *operands: int) -> int:
        return self._append(kind_of(name), len(operands), operands)

    def power(self, a: int, n: int) -> int:
        return self._append(POW, 2, (a, n))

    def _append(self, kind: int, count: int, operands: tuple[int, ...]) -> int:
        place = self._next
        if count > FEW:
            self.rest[place] = operands
        a, b, c = (*operands, NONE, NONE, NONE)[:FEW]
        self.lines.append(Operation(kind, count, a, b, c, place))
        self._next = place + 1
        return place
