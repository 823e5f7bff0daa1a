"""A program in the making.

The same operation on the same registers is written once, found by a hash table of the lines
themselves. Compiled with the engine: a line is then one small object, and writing one takes some
hundred nanoseconds.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

from mypy_extensions import i32, i64, mypyc_attr

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, FlatCode, kind_of
from autograd.compiler.ir.meanings import COMMUTATIVE, TRUTHS, meaning

__all__ = ["AT_A_TIME", "FEW", "NONE", "POW", "Operation", "Writer", "packed"]

NONE: Final = -1  # in the place of an operand that is not there
FEW: Final = 3  # operands that a line has in place
AT_A_TIME: Final = 4096  # operations unpacked at once

MUL: Final = kind_of("mul")
POW: Final = kind_of("pow")
EQ: Final = kind_of("eq")
SELECT: Final = kind_of("select")

IS_COMMUTATIVE: Final = 1
IS_TRUTH: Final = 2
ON_CONSTANTS: Final = 4  # it has identities only where an operand is constant
NAMED: Final = {
    IS_COMMUTATIVE: COMMUTATIVE,
    IS_TRUTH: TRUTHS,
    ON_CONSTANTS: ["add", "sub", "mul", "div", "pow", "pow_const", "message", "cut_message"],
}
_LAST: Final = max([kind_of(name) for names in NAMED.values() for name in names])
_TRAITS: Final = [
    sum([trait for trait, names in NAMED.items() if NAMES[kind] in names])
    for kind in range(_LAST + 1)
]


def _traits(kind: int) -> int:
    return _TRAITS[kind] if kind < len(_TRAITS) else 0


@mypyc_attr(acyclic=True)  # not tracked by the collector
@final
class Operation:
    """An operation, in the register `place`: its kind, how many operands it has, and the first of
    them. A constant has in `a` the place of its number, an input its slot."""

    __slots__ = ("a", "b", "c", "count", "kind", "needed", "next", "place")

    def __init__(self, kind: i32, count: i32, a: i32, b: i32, c: i32, place: i32) -> None:
        self.kind: i32 = kind
        self.count: i32 = count
        self.a: i32 = a
        self.b: i32 = b
        self.c: i32 = c
        self.place: i32 = place
        self.needed = False
        self.next: Operation | None = None  # with the same hash


@final
class Writer:
    """A program in the making. Emitting gives the register's number.

    The same operation on the same registers is written once. With `fold` what has only constants
    for operands is computed at once; an operation that is among the `identities` is asked first
    whether a register holds the same already. `rules` are for lowering.
    """

    def __init__(
        self, fold: bool = False, identities: Mapping[str, Callable[..., int | None]] | None = None
    ) -> None:
        self.lines: list[Operation] = []
        self.values: list[float] = []  # of the constants
        self.rules: Mapping[str, Callable[..., Any]] = {}
        self.truths: dict[int, bool | None] = {}  # what is known of truth values
        self._fold = fold
        self._identities: list[Callable[..., int | None] | None] = []  # by kind
        for name, identity in (identities or {}).items():
            missing = kind_of(name) + 1 - len(self._identities)
            self._identities += [None] * missing
            self._identities[kind_of(name)] = identity
        self.rest: dict[int, tuple[int, ...]] = {}  # all operands of lines with many
        self._wide: dict[tuple[int, ...], int] = {}  # these, by their kind and operands
        self._constants: dict[float, int] = {}
        self._minus_zero = NONE
        self._slots: dict[int, int] = {}
        self._table: list[Operation | None] = [None] * 64

    # -- what is written so far --------------------------------------------------------------------

    @property
    def code(self) -> FlatCode:
        """All lines."""
        return packed(self.lines, self.values, self.rest)

    def name(self, register: int) -> str:
        """The name of the operation in a register."""
        return NAMES[self.lines[register].kind]

    def operands(self, register: int) -> tuple[int, ...]:
        """What that operation reads."""
        line = self.lines[register]
        if line.kind == CONST or line.kind == INPUT:
            return ()
        return _operands(line, self.rest)

    def number(self, register: int) -> float | None:
        """The number in a register that always holds the same one."""
        line = self.lines[register]
        return self.values[line.a] if line.kind == CONST else None

    # -- writing -----------------------------------------------------------------------------------

    def const(self, value: float) -> int:
        """The register of a constant; 0.0 and -0.0 are two."""
        if value == 0.0 and math.copysign(1.0, value) < 0.0:
            if self._minus_zero == NONE:
                self._minus_zero = self._new_constant(value)
            return self._minus_zero
        found = self._constants.get(value)
        if found is None:
            found = self._constants[value] = self._new_constant(value)
        return found

    def _new_constant(self, value: float) -> int:
        self.values.append(value)
        return self._append(CONST, 1, len(self.values) - 1, NONE, NONE)

    def input(self, slot: int) -> int:
        """The register of an input."""
        found = self._slots.get(slot)
        if found is None:
            found = self._slots[slot] = self._append(INPUT, 1, slot, NONE, NONE)
        return found

    def emit(self, name: str, *operands: int) -> int:
        """The register of an operation."""
        return self.put_all(kind_of(name), operands)

    def power(self, a: int, n: int) -> int:
        """a ** n in instructions: a square is rounded once, as in ieee.power (which says why)."""
        out = self.put(POW, 2, a, n, NONE)
        if self._is_constant(n):
            return out  # the identities know the square
        is_square = self.put(EQ, 2, n, self.const(2.0), NONE)
        return self.put(SELECT, 3, is_square, self.put(MUL, 2, a, a, NONE), out)

    def put_all(self, kind: int, operands: Sequence[int]) -> int:
        """The same, by the number of the name and the operands in a sequence."""
        count = len(operands)
        if count <= FEW:
            a = operands[0] if count > 0 else NONE
            b = operands[1] if count > 1 else NONE
            return self.put(kind, count, a, b, operands[2] if count > FEW - 1 else NONE)
        given = tuple(operands)
        identity = self._identity(kind)
        if identity is not None:
            found = identity(self, *given)
            if found is not None:
                return found
        if self._fold and not _traits(kind) & IS_TRUTH:
            numbers = [self.number(i) for i in given]
            if None not in numbers:
                return self.const(meaning(NAMES[kind])(*numbers))
        key = (kind, *given)
        known = self._wide.get(key)
        if known is None:
            known = self._wide[key] = self._append(kind, count, given[0], given[1], given[2])
            self.rest[known] = given
        return known

    def put(self, kind: int, count: int, a: int, b: int, c: int) -> int:
        """The same for at most three operands, of which those that are not there are -1."""
        some = self._is_constant(a) or self._is_constant(b) or self._is_constant(c)
        traits = _traits(kind)
        if some or not traits & ON_CONSTANTS:
            identity = self._identity(kind)
            if identity is not None:
                found = _asked(identity, self, count, a, b, c)
                if found is not None:
                    return found
        # Not a comparison of constants: there is no `const` that holds a truth value.
        if some and self._fold and not traits & IS_TRUTH:
            known = self._folded(kind, count, a, b, c)
            if known >= 0:
                return known
        return self._shared(kind, count, a, b, c, traits & IS_COMMUTATIVE != 0)

    def _identity(self, kind: int) -> Callable[..., int | None] | None:
        return self._identities[kind] if kind < len(self._identities) else None

    def _is_constant(self, register: int) -> bool:
        return register >= 0 and self.lines[register].kind == CONST

    def _folded(self, kind: int, count: int, a: int, b: int, c: int) -> int:
        """The constant that an operation on constants gives; NONE if it is on others too."""
        numbers: list[float] = []
        for i in (a, b, c)[:count]:
            line = self.lines[i]
            if line.kind != CONST:
                return NONE
            numbers.append(self.values[line.a])
        return self.const(meaning(NAMES[kind])(*numbers))

    def _shared(self, kind: int, count: int, a: int, b: int, c: int, swaps: bool) -> int:
        """The register that holds this already, or a new one; `swaps`: a + b and b + a are one
        number, to the bit."""
        low, high = (b, a) if swaps and b < a else (a, b)
        found = self._table[_hash(kind, low, high, c) & (len(self._table) - 1)]
        while found is not None:
            if found.kind == kind and found.c == c and found.count == count:
                if found.a == a and found.b == b:
                    return found.place
                if swaps and found.a == b and found.b == a:
                    return found.place
            found = found.next
        place = self._append(kind, count, a, b, c)
        if 2 * place > len(self._table):
            self._grow()
        else:
            self._enter(self.lines[place])
        return place

    def _append(self, kind: int, count: int, a: int, b: int, c: int) -> int:
        place = len(self.lines)
        self.lines.append(Operation(kind, count, a, b, c, place))
        return place

    def _enter(self, line: Operation) -> None:
        kind: int = line.kind
        low: int = line.a
        high: int = line.b
        last: int = line.c
        if high < low and _traits(kind) & IS_COMMUTATIVE:
            low, high = high, low
        place = _hash(kind, low, high, last) & (len(self._table) - 1)
        line.next = self._table[place]
        self._table[place] = line

    def _grow(self) -> None:
        self._table = [None] * (4 * len(self._table))
        for line in self.lines:
            if line.kind > CONST and line.count <= FEW:
                self._enter(line)


def _asked(
    identity: Callable[..., int | None], writer: Writer, count: int, a: int, b: int, c: int
) -> int | None:
    if count == 2:
        return identity(writer, a, b)
    if count == 1:
        return identity(writer, a)
    return identity(writer, *(a, b, c)[:count])


def _hash(kind: i64, a: i64, b: i64, c: i64) -> i64:
    mixed: i64 = kind * 0x3C6EF372 + a * 0x1E3779B1 + b * 0x05EBCA77 + c * 0x02B2AE3D
    return mixed ^ (mixed >> 15)


def _operands(line: Operation, rest: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    count: int = line.count
    if count == 2:
        return (line.a, line.b)
    if count == 1:
        return (line.a,)
    if count == 3:
        return (line.a, line.b, line.c)
    return rest[line.place] if count > FEW else ()


# -- from lines to columns -------------------------------------------------------------------------


def packed(
    lines: list[Operation], values: list[float], rest: dict[int, tuple[int, ...]]
) -> FlatCode:
    """Lines in columns."""
    kinds, starts, operands = array("i"), array("i", [0]), array("i")
    end = 0
    for first in range(0, len(lines), AT_A_TIME):
        some_kinds: list[int] = []
        some_ends: list[int] = []
        some: list[int] = []
        for line in lines[first : first + AT_A_TIME]:
            some_kinds.append(line.kind)
            count: int = line.count
            if count > FEW:
                some.extend(rest[line.place])
            elif count > 0:
                some.append(line.a)
                if count > 1:
                    some.append(line.b)
                    if count > 2:
                        some.append(line.c)
            end += count
            some_ends.append(end)
        kinds.fromlist(some_kinds)
        starts.fromlist(some_ends)
        operands.fromlist(some)
    return FlatCode(kinds, starts, operands, array("d", values))
