"""What the bytecode of a function says about each of its instructions: how much is on the stack,
which names are still read, what becomes of a whole number.

Only what is certain is said. Where Python's instructions are not those that are known here, nothing
is: then the function's loops are recorded a path each.
"""

from __future__ import annotations

import dis
import math
import operator
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, Final, NamedTuple

__all__ = ["Facts", "WholeNumberTest"]

ENDS: Final = frozenset(["RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"])
ALWAYS: Final = frozenset(
    {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE"}
)
JUMPS: Final = frozenset([*dis.hasjrel, *dis.hasjabs])
LOADS: Final = frozenset(
    {"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "DELETE_FAST"}
    | {"LOAD_FAST_AND_CLEAR"}  # of a comprehension, which puts back what it hides
    | {"LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"}
)
STORES: Final = frozenset(["STORE_FAST", "STORE_FAST_STORE_FAST"])
BOTH: Final = "STORE_FAST_LOAD_FAST"
CONSTANTS: Final = frozenset(["LOAD_CONST", "LOAD_SMALL_INT"])
CONVERSIONS: Final = (int, round, math.floor, math.ceil, math.trunc)
CHOICES: Final = (max, min)
HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "!=": "!="}
NUMBERS: Final = (int, float)
EXACT: Final = 2**53  # up to here whole numbers are doubles


class WholeNumberTest(NamedTuple):
    """All that becomes of a whole number: it, or what is left of it modulo `modulus`, is compared
    with a constant."""

    modulus: int | None
    symbol: str
    constant: int

    def holds(self, number: int) -> bool:
        """What comes out."""
        left = number if self.modulus is None else number % self.modulus
        return HOLDS[self.symbol](left, self.constant)


class Facts:
    """Of one code object; by the offset of an instruction."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._all = list(dis.get_instructions(code))
        self._place = {one.offset: n for n, one in enumerate(self._all)}
        self._depths = self._found_depths()
        self._live = self._found_live()

    def rest(self, offset: int) -> int:
        """How much is on the stack beneath what a decision takes from it; -1 if that is not
        known."""
        one = self._at(offset)
        depth = self._depths.get(offset)
        if one is None or depth is None:
            return -1
        if one.opname == "COMPARE_OP":
            return depth - 2
        if one.opname.startswith("POP_JUMP_") or one.opname in ("UNARY_NOT", "TO_BOOL"):
            return depth - 1
        if one.opname == "CALL" and sys.version_info < (3, 12):
            return depth - 2  # PRECALL has counted the arguments
        if one.opname in ("CALL", "PRECALL"):
            return depth - 2 - (one.arg or 0)
        return -1

    def live(self, offset: int) -> frozenset[str]:
        """The local names that are read after an instruction before they are written."""
        return self._live[self._place[offset]]

    def compares(self, offset: int, symbol: str) -> bool:
        """Whether what is decided is what the instruction itself asks of two numbers, or of one.
        Lists on the stack would be compared item by item: first by ==."""
        n = self._place[offset]
        one = self._all[n]
        if one.opname != "COMPARE_OP":
            return symbol == "!="  # whether a number is not 0
        asked = _comparison(one)
        if asked == "==":
            before = self._all[n - 1]
            is_constant = before.opname in CONSTANTS and not one.is_jump_target
            return symbol == "==" and is_constant and type(before.argval) in NUMBERS
        return symbol in (asked, MIRRORED[asked])

    def is_call(self, offset: int) -> bool:
        """Whether it calls something."""
        one = self._at(offset)
        return one is not None and one.opname in ("CALL", "PRECALL")

    def is_known_call(self, offset: int, find: Callable[[str], Any]) -> bool:
        """Whether a call is that of int, round or the like, itself, with one argument, or of min or
        max with two: what comes of it follows from the arguments and what is decided. `find` gives
        what a global name stands for."""
        n, base = self._place[offset], self.rest(offset)
        count = self._all[n].arg
        if base < 0 or count not in (1, 2) or self._has_keywords(n):
            return False
        while n > 0 and not self._all[n].is_jump_target:
            n -= 1
            if self._depths.get(self._all[n].offset) == base:
                return self._named(n, find) in (CONVERSIONS if count == 1 else CHOICES)
        return False

    def is_choice(self, offset: int) -> bool:
        """Whether a known call is one of min or max."""
        return self.is_call(offset) and self._all[self._place[offset]].arg == 2

    def _has_keywords(self, n: int) -> bool:
        return any(one.opname == "KW_NAMES" for one in self._all[max(n - 2, 0) : n])

    def _named(self, n: int, find: Callable[[str], Any]) -> Any:
        """What is loaded here: a global name, or an attribute of one."""
        n += self._all[n].opname == "PUSH_NULL"
        one, after = self._all[n], self._all[n + 1]
        if one.opname != "LOAD_GLOBAL":
            return None
        found = find(str(one.argval))
        if after.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            return getattr(found, str(after.argval), None) if found is math else None
        return found

    def test_after(self, offset: int) -> WholeNumberTest | None:
        """What becomes of the result of a call, if a test is all."""
        n = self._place[offset] + 1
        if n < len(self._all) and self._all[n].opname == "CALL":  # after PRECALL
            n += 1
        modulus, given = None, self._constant(n)
        if given is not None and self._is(n + 1, "BINARY_OP", "%"):
            modulus, given = given, self._constant(n + 2)
            n += 2
        if given is None or (modulus is not None and modulus < 1):
            return None
        compared, jump = n + 1, n + 2
        if jump >= len(self._all) or self._all[compared].opname != "COMPARE_OP":
            return None
        symbol = _comparison(self._all[compared])
        is_used_up = self._all[jump].opname.startswith("POP_JUMP_")
        if symbol not in HOLDS or not is_used_up or self._all[jump].is_jump_target:
            return None
        return WholeNumberTest(modulus, symbol, given)

    def _constant(self, n: int) -> int | None:
        """The whole number that is loaded here."""
        if n + 1 >= len(self._all):
            return None
        one, after = self._all[n], self._all[n + 1]
        if one.opname not in CONSTANTS or one.is_jump_target or after.is_jump_target:
            return None
        given = one.argval
        return given if type(given) is int and abs(given) <= EXACT else None

    def _is(self, n: int, name: str, shown: str) -> bool:
        return self._all[n].opname == name and self._all[n].argrepr == shown

    def _at(self, offset: int) -> dis.Instruction | None:
        n = self._place.get(offset)
        return None if n is None else self._all[n]

    # -- what is found once ------------------------------------------------------------------------

    def _following(self, n: int) -> list[tuple[int, bool]]:
        """Which instructions come next, and whether by a jump."""
        one = self._all[n]
        found = []
        if one.opcode in JUMPS:
            found.append((self._place[one.argval], True))
        if one.opname not in ENDS and one.opname not in ALWAYS and n + 1 < len(self._all):
            found.append((n + 1, False))
        return found

    def _found_depths(self) -> dict[int, int]:
        """Of the instructions that are reached without an exception; nothing where the figures do
        not fit together."""
        found: dict[int, int] = {}
        todo = [(0, 0)]
        while todo:
            n, depth = todo.pop()
            one = self._all[n]
            known = found.setdefault(one.offset, depth)
            if depth < 0 or known != depth or (one.opname == "RETURN_VALUE" and depth != 1):
                return {}
            if len(todo) > len(self._all) * 4:
                return {}
            for after, is_jump in self._following(n):
                argument = one.arg if one.opcode >= dis.HAVE_ARGUMENT else None
                then = depth + dis.stack_effect(one.opcode, argument, jump=is_jump)
                if found.get(self._all[after].offset) != then:
                    todo.append((after, then))
        return found

    def _found_live(self) -> list[frozenset[str]]:
        """After each instruction. Names that inner functions share count as read."""
        always = frozenset([*self._code.co_cellvars, *self._code.co_freevars])
        every = frozenset([*self._code.co_varnames, *always])
        known = LOADS | STORES | {BOTH}
        if any("_FAST" in one.opname and one.opname not in known for one in self._all):
            return [every] * len(self._all)
        before: list[frozenset[str]] = [always] * len(self._all)
        after = list(before)
        is_changing = True
        while is_changing:
            is_changing = False
            for n in range(len(self._all) - 1, -1, -1):
                follow = [before[k] for k, _ in self._following(n)]
                after[n] = always.union(*follow)
                read, written = _read_and_written(self._all[n])
                now = (after[n] - written) | read
                is_changing |= now != before[n]
                before[n] = now
        return after


def _comparison(one: dis.Instruction) -> str:
    return str(one.argval).removeprefix("bool(").removesuffix(")")


def _read_and_written(one: dis.Instruction) -> tuple[frozenset[str], frozenset[str]]:
    nothing: frozenset[str] = frozenset()
    names = one.argval if isinstance(one.argval, tuple) else (one.argval,)
    if one.opname in LOADS:
        return frozenset(names), nothing
    if one.opname in STORES:
        return nothing, frozenset(names)
    if one.opname == BOTH:
        # Written first; that it is then read again is of no consequence before.
        return frozenset(names[1:]) - frozenset(names[:1]), frozenset(names[:1])
    return nothing, nothing
