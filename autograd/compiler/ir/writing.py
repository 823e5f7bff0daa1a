"""A program in the making.

The same operation on the same registers is written once: it is looked for among the lines that read
the last of these registers, which mostly is a recent one, and its readers are near it in memory; of
a register with many readers by a hash table. Compiled with the engine: a line is six numbers, side
by side in one column, and writing one takes some tens of nanoseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, FlatCode, kind_of
from autograd.compiler.ir.meanings import COMMUTATIVE, COMPARISONS, TRUTHS, meaning
from autograd.compiler.ir.packed_columns import append, pop, vec
from autograd.compiler.ir.written_lines import BITS, CONSTANT, FEW, LINE, MANY, NONE, WrittenLines

__all__ = ["EVENT", "FIXED", "INSTEAD", "POW", "Identities", "Writer"]

EVENT: Final = 3  # numbers of an event: a line, how many lines there were, and what it was:
LOOKED: Final = 0  # identities have asked what it does,
FOUND: Final = 1  # it was there already,
INSTEAD: Final = 2  # identities gave it,
TURNED: Final = 3  # it was there, with its two operands the other way round,
FIXED: Final = 4  # its number or truth is used; whether that of operand k, by the numbers from here

MUL: Final = kind_of("mul")
POW: Final = kind_of("pow")
EQ: Final = kind_of("eq")
SELECT: Final = kind_of("select")

IS_COMMUTATIVE: Final = 1
IS_TRUTH: Final = 2
# When its identities are worth asking for: where an operand is constant; one of 0, 1, -1 and 2; a
# zero; 1 or -1; where the first operand, or a truth value, is known; where its operand is of one of
# these names.
ON_CONSTANTS: Final = 4
ON_SMALL: Final = 8
ON_ZEROS: Final = 16
ON_ONES: Final = 32
ON_CHOICES: Final = 64
ON_SIGNS: Final = 128
NAMED: Final = {
    IS_COMMUTATIVE: COMMUTATIVE,
    IS_TRUTH: TRUTHS,
    ON_CONSTANTS: ["message", "cut_message"],
    ON_SMALL: ["pow", "pow_const"],
    ON_ZEROS: ["add", "sub"],
    ON_ONES: ["mul", "div"],
    ON_CHOICES: ["where", "select", "and", "or"],
    ON_SIGNS: ["neg", "abs"],
}
_LAST: Final = max([kind_of(name) for names in NAMED.values() for name in names])
_TRAITS: Final = [
    sum([trait for trait, names in NAMED.items() if NAMES[kind] in names])
    for kind in range(_LAST + 1)
]


class Identities:
    """What a Writer asks before it writes an operation."""

    def shorter(self, writer: Writer, kind: i64, a: i64, b: i64, c: i64) -> i64:
        """A register that holds the same already, or that takes less to compute; else NONE."""
        return NONE

    def are_alike(self, x: float, y: float) -> bool:
        """Whether no identity makes a difference between these different numbers."""
        return True


@final
class Writer(WrittenLines):
    """A program in the making. Emitting gives the register's number.

    The same operation on the same registers is written once. With `fold` what has only constants
    for operands is computed at once; the `identities` are asked first whether a register holds the
    same already. `rules` are for lowering.

    With `expand`, what identities emit is made of instructions by that.
    """

    def __init__(self, fold: bool = False, identities: Identities | None = None) -> None:
        super().__init__()
        self.rules: Mapping[str, Callable[..., Any]] = {}
        self.truths: dict[int, bool] = {}  # the truth values of which it is known what they are
        self._fold = fold
        self._identities = identities
        self._traits = vec[i32](_TRAITS)
        self._wide: dict[tuple[int, ...], int] = {}  # these, by their kind and operands
        self._constants: dict[float, int] = {}
        self.zero: i64 = NONE
        """The register of the constant 0.0, if it is there."""
        self.minus_zero: i64 = NONE
        """That of -0.0."""
        self._one: i64 = NONE
        self._slots: dict[int, int] = {}
        self.expand: Callable[[int, tuple[int, ...]], int] | None = None
        self.is_watched = False
        """Whether events are kept: all that is found out about lines that are there already."""
        self.events = vec[i32]()

    # -- what is written so far --------------------------------------------------------------------

    @property
    def code(self) -> FlatCode:
        """All lines."""
        return self.packed(vec[bool]([True] * int(self.size)))[0]

    def name(self, register: int) -> str:
        """The name of the operation in a register."""
        return NAMES[self.lines[LINE * register] >> BITS]

    def operands(self, register: int) -> tuple[int, ...]:
        """What that operation reads."""
        lines, at = self.lines, LINE * register
        head: int = lines[at]
        if head >> BITS <= CONST:
            return ()
        count = head & MANY
        if count > FEW:
            return self.rest[register]
        if count == 2:
            return (lines[at + 1], lines[at + 2])
        if count == 1:
            return (lines[at + 1],)
        return (lines[at + 1], lines[at + 2], lines[at + 3])[:count]

    def number(self, register: int) -> float | None:
        """The number in a register that always holds the same one."""
        return self.constant(register) if self.is_constant(register) else None

    # The same without an object for every answer.

    def kind(self, register: i64) -> i64:
        """The number of the name of the operation in a register."""
        if self.is_watched:
            self.note(register, LOOKED)
        return i64(self.lines[LINE * register]) >> BITS

    def operand(self, register: i64, k: i64) -> i64:
        """Its operand k, of at most three."""
        if self.is_watched:
            self.note(register, LOOKED)
        return i64(self.lines[LINE * register + 1 + k])

    def is_constant(self, register: i64) -> bool:
        """Whether a register always holds the same number."""
        return register >= 0 and self.lines[LINE * register] == CONSTANT

    def constant(self, register: i64) -> float:
        """That number."""
        if self.is_watched:
            self.note(register, LOOKED)
        return self.values[i64(self.lines[LINE * register + 1])]

    def holds(self, register: i64, number: float) -> bool:
        """Whether it always holds this one; of the two zeros, either."""
        return self.is_constant(register) and self.constant(register) == number

    def adds_zero(self, register: i64) -> bool:
        """Whether one of the first two operands is the constant 0.0."""
        for k in range(i64(2)):
            if self.zero >= 0 and self.operand(register, k) == self.zero:
                if self.is_watched:
                    self.note(self.zero, FIXED + k)
                return True
        return False

    def saw(self, register: i64) -> None:
        """Two operands are one."""
        if self.is_watched:
            self.note(register, FOUND)

    def note(self, line: i64, event: i64) -> None:
        """Keep an event."""
        self.events = append(self.events, i32(line))
        self.events = append(self.events, i32(self.size))
        self.events = append(self.events, i32(event))

    # -- writing -----------------------------------------------------------------------------------

    def const(self, value: float) -> i64:
        """The register of a constant; 0.0 and -0.0 are two."""
        if value == 0.0:
            if math.copysign(1.0, value) < 0.0:
                if self.minus_zero == NONE:
                    self.minus_zero = self._new_constant(value)
                return self.minus_zero
            if self.zero == NONE:
                self.zero = self._new_constant(value)
            return self.zero
        if value == 1.0:
            if self._one == NONE:
                self._one = self._new_constant(value)
            return self._one
        found = self._constants.get(value)
        if found is None:
            found = self._constants[value] = self._new_constant(value)
        return i64(found)

    def _new_constant(self, value: float) -> int:
        self.values = append(self.values, value)
        return self.append(CONST, 1, len(self.values) - 1, NONE, NONE)

    def input(self, slot: int) -> i64:
        """The register of an input."""
        found = self._slots.get(slot)
        if found is None:
            found = self._slots[slot] = self.append(INPUT, 1, slot, NONE, NONE)
        return i64(found)

    def emit(self, name: str, *operands: int) -> int:
        """The register of an operation."""
        if self.expand is not None:
            return self.expand(kind_of(name), operands)
        return self.put_all(kind_of(name), operands)

    def power(self, a: i64, n: i64) -> i64:
        """a ** n in instructions: a square is rounded once, as in ieee.power (which says why)."""
        out = self.put(POW, 2, a, n, NONE)
        if self.is_constant(n):
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
        shorter = self.shorter_of_all(kind, operands)
        if shorter >= 0:
            return shorter
        given = tuple(operands)
        key = (kind, *given)
        known = self._wide.get(key)
        if known is None:
            known = self._wide[key] = self.append(kind, count, given[0], given[1], given[2])
            self.rest[known] = given
        elif self.is_watched:
            self.note(known, FOUND)
        return known

    def shorter_of_all(self, kind: int, operands: Sequence[int]) -> int:
        """The same as `shorter`, for any number of operands."""
        count = len(operands)
        if count <= FEW and self._identities is not None:
            given = [*operands, NONE, NONE, NONE]
            found = self._identities.shorter(self, kind, given[0], given[1], given[2])
            if found >= 0:
                if self.is_watched:
                    self.note(found, INSTEAD)
                return found
        if self._fold and not self._traits_of(kind) & IS_TRUTH:
            numbers = [self.number(i) for i in operands]
            if None not in numbers:
                self.use_numbers(operands)
                return self.const(meaning(NAMES[kind])(*numbers))
        return NONE

    def put(self, kind: i64, count: i64, a: i64, b: i64, c: i64) -> i64:
        """The same for at most three operands, of which those that are not there are -1."""
        found = self.shorter(kind, count, a, b, c)
        if found >= 0:
            return found
        size, traits = self.size, self._traits_of(kind)
        place = self.shared(kind, count, a, b, c, traits & IS_COMMUTATIVE != 0)
        if size == self.size:
            if self.is_watched:
                is_turned = self.lines[LINE * place + 1] != a
                self.note(place, TURNED if is_turned else FOUND)
        elif traits & IS_TRUTH:
            self._decide(kind, place)
        return place

    def shorter(self, kind: i64, count: i64, a: i64, b: i64, c: i64) -> i64:
        """A register that holds the result already, or that takes less to compute; else NONE."""
        some = self.is_constant(a) or self.is_constant(b) or self.is_constant(c)
        traits = self._traits_of(kind)
        identities = self._identities
        if identities is not None and self._is_worth_asking(traits, some, a, b, c):
            found = identities.shorter(self, kind, a, b, c)
            if found >= 0:
                if self.is_watched:
                    self.note(found, INSTEAD)
                return found
        # Not a comparison of constants: there is no `const` that holds a truth value.
        if some and self._fold and traits & IS_TRUTH == 0:
            return self._folded(kind, count, a, b, c)
        return NONE

    def _traits_of(self, kind: i64) -> i64:
        return i64(self._traits[kind]) if kind < len(self._traits) else 0

    def _is_worth_asking(self, traits: i64, some: bool, a: i64, b: i64, c: i64) -> bool:
        """Whether its identities could give something. Asking them takes longer."""
        if traits & (ON_SMALL | ON_ZEROS | ON_ONES):
            return some and (self._is_small(traits, a) or self._is_small(traits, b))
        if traits & ON_CONSTANTS:
            return some
        if traits & ON_CHOICES:
            return b == c or self.is_constant(a) or self._is_known(a, 0) or self._is_known(b, 1)
        if traits & ON_SIGNS:
            return self._traits_of(i64(self.lines[LINE * a]) >> BITS) & ON_SIGNS != 0
        return True

    def _is_small(self, traits: i64, register: i64) -> bool:
        if register < 0 or self.lines[LINE * register] != CONSTANT:
            return False
        x = abs(self.values[i64(self.lines[LINE * register + 1])])
        if traits & ON_ZEROS:
            return x == 0.0
        if traits & ON_ONES:
            return x == 1.0
        return x == 0.0 or x == 1.0 or x == 2.0

    def _is_known(self, register: i64, k: i64) -> bool:
        if len(self.truths) == 0 or register not in self.truths:
            return False
        if self.is_watched:
            self.note(register, FIXED + k)
        return True

    def _folded(self, kind: i64, count: i64, a: i64, b: i64, c: i64) -> i64:
        """The constant that an operation on constants gives; NONE if it is on others too."""
        if count > 0 and not self.is_constant(a):
            return NONE
        if count > 1 and not self.is_constant(b):
            return NONE
        if count > 2 and not self.is_constant(c):
            return NONE
        operands = [int(a), int(b), int(c)][: int(count)]
        numbers = [self.number(i) for i in operands]
        self.use_numbers(operands)
        return self.const(meaning(NAMES[kind])(*numbers))

    def use_numbers(self, registers: Sequence[int]) -> None:
        """What comes out depends on the numbers of these constants."""
        if self.is_watched:
            for k, register in enumerate(registers):
                self.note(register, FIXED + k)

    def _decide(self, kind: i64, register: i64) -> None:
        """Keep what a truth value always is, if that is known."""
        name, operands = NAMES[kind], self.operands(register)
        found: list[Any]
        if name in COMPARISONS:
            if not all(self.is_constant(i) for i in operands):
                return
            found = [self.number(i) for i in operands]
        elif len(self.truths) == 0:
            return
        else:
            found = [self.truths.get(i) for i in operands]
        outcome = _outcome(name, found)
        if outcome is not None:
            self.truths[register] = outcome

    # -- the same again ----------------------------------------------------------------------------

    def is_like(self, line: i64, other: i64) -> bool:
        """Whether two lines differ in nothing but the few registers that they read, or in a number
        of which no identity takes notice."""
        head = i64(self.lines[LINE * line])
        if head != i64(self.lines[LINE * other]) or head & MANY > FEW:
            return False
        if head != CONSTANT or line == other or self._identities is None:
            return True
        x = self.values[i64(self.lines[LINE * line + 1])]
        return self._identities.are_alike(x, self.values[i64(self.lines[LINE * other + 1])])

    def change(self, line: i64, other: i64, k: i64) -> i64:
        """How far operand k of one is from that of the other."""
        return i64(self.lines[LINE * line + 1 + k]) - i64(self.lines[LINE * other + 1 + k])

    def is_number(self, register: i64, value: float) -> bool:
        """Whether that is the register of this constant."""
        if not (0 <= register < self.size and self.lines[LINE * register] == CONSTANT):
            return False
        x = self.values[i64(self.lines[LINE * register + 1])]
        return x == value and math.copysign(1.0, x) == math.copysign(1.0, value)

    def enter_constant(self, register: i64, value: float, other: i64) -> bool:
        """Enter a constant that is about to be written in this register, unless there is one, or it
        is not like another."""
        known = self.values[i64(self.lines[LINE * other + 1])]
        if value in self._constants or value in (0.0, 1.0) or value != value:
            return False
        if self._identities is not None and not self._identities.are_alike(value, known):
            return False
        self._constants[value] = int(register)
        self.values = append(self.values, value)
        return True

    def forget_constants(self, count: i64) -> None:
        """Those that were entered after so many numbers were there, and not written."""
        while i64(len(self.values)) > count:
            self.values, value = pop(self.values)
            del self._constants[value]


def _outcome(name: str, operands: Sequence[float | bool | None]) -> bool | None:
    if None not in operands:
        return bool(meaning(name)(*operands))
    decisive = {"and": False, "or": True}.get(name)  # whatever the other one is
    return decisive if decisive in operands else None
