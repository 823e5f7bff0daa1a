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
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, NamedTuple

from autograd.engine import ieee
from autograd.engine.primitives import TABLE, lookup

__all__ = ["Guard", "GuardFailed", "Op", "Program"]


class Op(NamedTuple):
    """One operation: its name, the registers it reads, and the number of a `const` or the slot of
    an `input`."""

    name: str
    operands: tuple[int, ...] = ()
    value: float = 0.0


class Guard(NamedTuple):
    """The register that has to hold `expected`; `outcome` tells one recorded decision from another
    at the same place; `line` is where the user's code took it."""

    register: int
    expected: bool
    outcome: Hashable
    line: str


class GuardFailed(Exception):
    """The inputs leave the path that the program was recorded on; `index` is the guard's."""

    def __init__(self, index: int, guard: Guard) -> None:
        super().__init__(f"guard {index} failed ({guard.line})")
        self.index = index


def _fused(a: float, b: float, c: float) -> float:
    """a * b + c, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return float(exact) if exact else a * b + c  # a Fraction of 0 has no sign


def _scaled(x: float, n: float) -> float:
    """x * 2**n, for a whole n."""
    if n != n:
        return n
    try:
        return math.ldexp(x, int(n))
    except OverflowError:
        return math.copysign(math.inf, x)


COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
}
LOGIC: Final[dict[str, Callable[..., Any]]] = {
    "and": lambda p, q: p and q,
    "or": lambda p, q: p or q,
    "not": lambda p: not p,
}
TRUTHS: Final = frozenset([*COMPARISONS, *LOGIC])
MEANING: Final[dict[str, Callable[..., Any]]] = {
    **COMPARISONS,
    **LOGIC,
    "select": lambda truth, a, b: a if truth else b,
    "pow": ieee.power,
    "fma": _fused,
    "scale": _scaled,
}
COMMUTATIVE: Final = frozenset(["add", "mul", "eq", "and", "or"])
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

    code: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[int, ...]
    guards: tuple[Guard, ...] = ()

    @property
    def operations(self) -> int:
        """How many registers are computed, inputs and constants not counted."""
        return sum(op.name not in ("input", "const") for op in self.code)

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
                    raise GuardFailed(index, guard)
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

    def renumbered(self, code: Sequence[Op], new: Sequence[int] | Mapping[int, int]) -> Program:
        """Other code for the same results and guards, with the new numbers of their registers."""
        guards = [guard._replace(register=new[guard.register]) for guard in self.guards]
        return Program(
            tuple(code), self.inputs, tuple([new[i] for i in self.outputs]), tuple(guards)
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


def meaning(name: str) -> Callable[..., Any]:
    """What an operation computes."""
    found = MEANING.get(name)
    return lookup(name).forward if found is None else found


class Writer:
    """A program in the making. Emitting gives the register's number.

    The same operation on the same registers is written once. With `fold` what has only constants
    for operands is computed at once; an operation that is among the `identities` is asked first
    whether a register holds the same already. `rules` are for lowering.
    """

    def __init__(
        self, fold: bool = False, identities: Mapping[str, Callable[..., int | None]] | None = None
    ) -> None:
        self.code: list[Op] = []
        self.rules: Mapping[str, Callable[..., Any]] = {}
        self.truths: dict[int, bool | None] = {}  # what is known of truth values
        self._fold = fold
        self._identities = identities or {}
        self._known: dict[Hashable, int] = {}

    def const(self, value: float) -> int:
        """The register of a constant; 0.0 and -0.0 are two."""
        return self._write(Op("const", (), value), ("const", value, math.copysign(1.0, value)))

    def input(self, slot: int) -> int:
        """The register of an input."""
        return self._write(Op("input", (), slot), ("input", slot))

    def emit(self, name: str, *operands: int) -> int:
        """The register of an operation."""
        identity = self._identities.get(name)
        if identity is not None:
            found = identity(self, *operands)
            if found is not None:
                return found
        # Not a comparison of constants: there is no `const` that holds a truth value.
        if self._fold and name not in TRUTHS and operands:
            code = self.code
            if all(code[i].name == "const" for i in operands):
                return self.const(meaning(name)(*[code[i].value for i in operands]))
        return self._write(Op(name, operands), (name, _in_order(name, operands)))

    def _write(self, op: Op, key: Hashable) -> int:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.code)
            self.code.append(op)
        return found


def _in_order(name: str, operands: tuple[int, ...]) -> tuple[int, ...]:
    """a + b and b + a are one number, to the bit."""
    if name in COMMUTATIVE:
        a, b = operands
        return operands if a <= b else (b, a)
    return operands


Emit = Callable[..., int]


def rewritten(program: Program, writer: Writer, emit: Emit | None = None) -> Program:
    """The program with every operation written anew, by `emit` (the writer's own, if not given),
    which gets its name and the new registers of its operands."""
    emit = emit or writer.emit
    new: list[int] = []
    for op in program.code:
        if op.name == "const":
            new.append(writer.const(op.value))
        elif op.name == "input":
            new.append(writer.input(int(op.value)))
        else:
            new.append(emit(op.name, *[new[i] for i in op.operands]))
    return program.renumbered(writer.code, new)


def needed_for(program: Program, registers: Iterable[int]) -> list[bool]:
    """Which registers are needed to compute these."""
    needed = [False] * len(program.code)
    for i in registers:
        needed[i] = True
    for i in range(len(needed) - 1, -1, -1):
        if needed[i]:
            for j in program.code[i].operands:
                needed[j] = True
    return needed


def most_live(program: Program) -> int:
    """How many computed numbers are needed later on, at most at one time."""
    last = {j: i for i, op in enumerate(program.code) for j in op.operands}
    ends: dict[int, list[int]] = {}
    for j, i in last.items():
        ends.setdefault(i, []).append(j)
    live = most = 0
    for i, op in enumerate(program.code):
        if op.name not in ("input", "const"):
            live += i in last
            most = max(most, live)
        live -= sum(program.code[j].name not in ("input", "const") for j in ends.get(i, ()))
    return most
