"""A program: what a function did with its numbers, as a flat list of operations that can be
printed, interpreted, improved and compiled.

Every operation writes one register, once; register i is what `code[i]` computed. Operands are
registers of earlier operations. Besides the primitives of the table there are a few names that only
programs have: `input` (of the slot in `value`), `const`, the comparisons `lt le eq` with the logic
`and or not`, whose results are truth values, and `select(truth, a, b)`.

A *guard* is a truth value that has to come out as it did when the program was recorded. Where it
does not, the program is not the right one for these inputs, and says so.

`evaluate` is the reference: the meaning of a program in plain Python, which every compiled form has
to reproduce.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, FlatCode, Op, flat
from autograd.compiler.ir.meanings import meaning
from autograd.engine.primitives import TABLE

__all__ = ["Guard", "GuardFailed", "Op", "Program"]


class Guard(NamedTuple):
    """The register that has to hold `expected`; `outcome` tells one recorded decision from another
    at the same place; `line` is where the user's code took it."""

    register: int
    expected: bool
    outcome: Hashable
    line: str


class GuardFailed(Exception):
    """The inputs leave the path that the program was recorded on; `index` is the guard's, `told`
    the number that it converts to int, if it does."""

    def __init__(self, index: int, guard: Guard, told: float = math.nan) -> None:
        super().__init__(f"guard {index} failed ({guard.line})")
        self.index = index
        self.told = told


DEPTH: Final = 3  # of operations within each other, when a decision is shown
SYMBOLS: Final = {"lt": "<", "le": "<=", "eq": "==", "and": "and", "or": "or", "pow": "**"}


@dataclass(frozen=True, slots=True)
class Program:
    """Operations, the names of the input slots, the registers of the results, and the guards in the
    order in which the decisions were taken.

    >>> code = (Op("input", value=0), Op("const", value=2.0), Op("mul", (0, 1)))
    >>> double = Program(code, ("x",), (2,))
    >>> double.evaluate([3.0])
    [6.0]
    >>> print(double)
    in: x
      r2 = x * 2.0
    out: r2
    """

    code: Sequence[Op] | FlatCode
    inputs: tuple[str, ...]
    outputs: tuple[int, ...]
    guards: tuple[Guard, ...] = ()

    @property
    def operations(self) -> int:
        """How many registers are computed, inputs and constants not counted."""
        code = flat(self.code)
        return len(code) - code.count_of(INPUT) - code.count_of(CONST)

    @property
    def names(self) -> set[str]:
        """Those of its operations, inputs and constants too."""
        return {NAMES[kind] for kind in flat(self.code).kinds_used()}

    def evaluate(self, inputs: Sequence[float]) -> list[float]:
        """The results, by plain Python. Raises GuardFailed for inputs of another path."""
        registers: list[Any] = []
        checks = self.checks()
        for i, op in enumerate(self.code):
            if op.name == "const":
                registers.append(op.value)
            elif op.name == "input":
                registers.append(float(inputs[int(op.value)]))
            else:
                registers.append(meaning(op.name)(*[registers[j] for j in op.operands]))
            for index in checks.get(i, ()):
                guard = self.guards[index]
                if bool(registers[guard.register]) != guard.expected:
                    converted = self.converted(index)
                    told = math.nan if converted is None else registers[converted]
                    raise GuardFailed(index, guard, told)
        return [registers[i] for i in self.outputs]

    def checks(self) -> dict[int, list[int]]:
        """For each register after which guards are checked, these guards: each as soon as it and
        all guards before it are known, so that the first to fail is found first."""
        found: dict[int, list[int]] = {}
        known = -1
        for index, guard in enumerate(self.guards):
            known = max(known, guard.register)
            found.setdefault(known, []).append(index)
        return found

    def converted(self, index: int) -> int | None:
        """The register of the whole number that a guard on a conversion to int compares with the
        recorded one, where there is room to tell it: a guard that fails writes it in the place of
        the first result. None for other guards."""
        guard = self.guards[index]
        if not isinstance(guard.outcome, tuple) or not self.outputs:
            return None
        name, operands, _ = self.code[guard.register]
        numbers = [i for i in operands if self.code[i].name != "const"]
        return numbers[0] if name == "eq" and len(numbers) == 1 else None

    def decision(self, index: int) -> str:
        """What a guard compares, and where the user's code does."""
        guard = self.guards[index]
        converted = self.converted(index)
        if converted is not None:
            return f"int({self._written(converted)}) in {guard.line}"
        return f"{self._written(guard.register)} in {guard.line}"

    def _written(self, register: int, depth: int = DEPTH) -> str:
        """A register as a formula of inputs, the innermost parts left out."""
        op = self.code[register]
        if op.name in ("const", "input"):
            return self._name(register)
        if depth == 0:
            return "..."
        return formula_text(op.name, [self._written(i, depth - 1) for i in op.operands])

    def renumbered(
        self, code: Sequence[Op] | FlatCode, new: Sequence[int] | Mapping[int, int]
    ) -> Program:
        """Other code for the same results and guards, with the new numbers of their registers."""
        guards = tuple([guard._replace(register=new[guard.register]) for guard in self.guards])
        outputs = tuple([new[i] for i in self.outputs])
        return Program(
            code if isinstance(code, FlatCode) else tuple(code), self.inputs, outputs, guards
        )

    def __str__(self) -> str:
        shown = [self._name(i) for i in range(len(self.code))]
        lines = [f"in: {', '.join(self.inputs)}"]
        checks = self.checks()
        for i, op in enumerate(self.code):
            if op.name not in ("input", "const"):
                lines.append(f"  r{i} = {formula_text(op.name, [shown[j] for j in op.operands])}")
            for index in checks.get(i, ()):
                guard = self.guards[index]
                test = shown[guard.register] if guard.expected else f"not {shown[guard.register]}"
                lines.append(f"  guard {index}: {test}  # {guard.line}")
        lines.append(f"out: {', '.join(shown[i] for i in self.outputs)}")
        return "\n".join(lines)

    def decisions(self) -> list[str]:
        """Every guard in a line: what has to hold, and where the user's code decided it."""
        return [f"{self._test(guard)}  # {guard.line}" for guard in self.guards]

    def _test(self, guard: Guard) -> str:
        op = self.code[guard.register]
        test = formula_text(op.name, [self._formula_of(i) for i in op.operands])
        return test if guard.expected else f"not {test}"

    def _formula_of(self, i: int) -> str:
        """A register as the operation that made it."""
        op = self.code[i]
        if op.name in ("input", "const"):
            return self._name(i)
        return formula_text(op.name, [*map(self._name, op.operands)])

    def _name(self, i: int) -> str:
        op = self.code[i]
        if op.name == "const":
            return repr(op.value)
        return self.inputs[int(op.value)] if op.name == "input" else f"r{i}"


def formula_text(name: str, shown: Sequence[str]) -> str:
    """An operation as it is printed."""
    symbol = SYMBOLS.get(name)
    if symbol is None and name in TABLE:
        symbol = TABLE[name].symbol
    if symbol and len(shown) == 2:
        return f"{shown[0]} {symbol} {shown[1]}"
    if name in ("neg", "not"):
        return f"{'-' if name == 'neg' else 'not '}{shown[0]}"
    return f"{name}({', '.join(shown)})"
