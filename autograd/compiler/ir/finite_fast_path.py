"""Drops the tests for "the adjoint is 0". The shorter program is used where all of its results are
finite; other rows are computed by the full one.

An adjoint of exactly 0 passes nothing, whatever the local derivative: a `message` is a product and
a choice. Without the choice, 0 times infinity or NaN gives NaN. In second derivatives there is a
second choice, of 0 instead of an infinite factor. NaN stays NaN in all that is computed from it by
arithmetic, and what is infinite stays infinite or becomes NaN in sums and products. So where all
results are finite none of the choices mattered, but for the sign of a zero, which the 0.0 that
every gradient's sum begins with takes away again. Where one is not, the row concerned is computed
by the full program.

It is not known beforehand that NaN and infinity are not lost on their way to the results, by a
comparison or a division, say. It is found out here, register by register.

Compiled with the engine.
"""

from __future__ import annotations

import math
from typing import Final

from mypy_extensions import i32, i64

from autograd.compiler.ir.flat_code import CONST, FlatCode, flat, kind_of
from autograd.compiler.ir.packed_columns import append, as_array, vec
from autograd.compiler.ir.passes import optimised
from autograd.compiler.ir.program import Program

__all__ = ["finite_fast_path"]

MESSAGES: Final = frozenset(["message", "cut_message"])
LINEAR: Final = frozenset(["add", "sub", "mul", "neg", *MESSAGES])
"""What is infinite stays so or becomes NaN; a zero's sign decides on nothing but a zero's sign."""
ALGEBRAIC: Final = ["div", "reciprocal", "square", "one_minus_square", "abs", "sqrt"]
TRANSCENDENTAL: Final = ["exp", "log", "sin", "cos", "tanh", "sech2", "sigmoid", "erf", "erfc"]
GAUSSIAN: Final = ["exp_square", "normal_cdf"]
STRICT: Final = frozenset([*LINEAR, *ALGEBRAIC, *TRANSCENDENTAL, *GAUSSIAN])
"""NaN in any operand gives NaN."""

ADD: Final = kind_of("add")
DIV: Final = kind_of("div")
WHERE: Final = kind_of("where")
FINITE_PART: Final = kind_of("finite_part")
MUL: Final = kind_of("mul")
IS_MESSAGE: Final = 1
IS_LINEAR: Final = 2
IS_STRICT: Final = 4
_LAST: Final = max([kind_of(name) for name in STRICT])
_TRAITS: Final = [0] * (_LAST + 1)
for _trait, _names in ((IS_MESSAGE, MESSAGES), (IS_LINEAR, LINEAR), (IS_STRICT, STRICT)):
    for _name in _names:
        _TRAITS[kind_of(_name)] |= _trait

# How a register of the fast path may differ from the full one's: it may be NaN; infinite; or a zero
# of the other sign.
SAME: Final = 0
NAN: Final = 1
INFINITE: Final = 2
SIGN: Final = 4
LOST: Final = -1  # it may be, and nobody would see it


def finite_fast_path(program: Program, is_sum: bool) -> Program | None:
    """The program without choices in its derivatives; the same to the bit in rows whose results are
    finite. None where that is not certain, or not worth it. `is_sum` says that results will be
    added to sums that begin with 0.0."""
    code = flat(program.code)
    messages = sum([code.count_of(kind_of(name)) for name in MESSAGES])
    if messages == 0 or not (is_sum or messages >= len(program.outputs)):
        return None
    if not _is_certain(program, code, is_sum):
        return None
    plain, is_shorter = _without_choices(program, code)
    return optimised(plain) if is_shorter else plain


def _without_choices(program: Program, code: FlatCode) -> tuple[Program, bool]:
    """The program with a product for each message, and whether nothing reads some operations any
    more."""
    kinds, starts, read = vec[i32](code.kinds), vec[i32](code.starts), vec[i32](code.operands)
    plain, operands = vec[i32](capacity=len(kinds)), vec[i32](capacity=len(read))
    standing, traits = vec[i32](capacity=len(kinds)), vec[i32](_TRAITS)
    is_shorter = False
    for i in range(i64(len(kinds))):
        kind, begin, end = i64(kinds[i]), i64(starts[i]), i64(starts[i + 1])
        # A choice between a number and its finite part drops nothing but what is not finite.
        if kind == WHERE and _is_finite_part(kinds, starts, read, begin):
            standing = append(standing, standing[i64(read[begin + 1])])
            is_shorter = True
        else:
            standing = append(standing, i32(i))
        is_message = kind < len(traits) and traits[kind] & IS_MESSAGE != 0
        plain = append(plain, i32(MUL if is_message else kind))
        for at in range(begin, end):
            operand = read[at]
            operands = append(operands, standing[i64(operand)] if kind > CONST else operand)
    columns = as_array("i", plain), code.starts, as_array("i", operands), code.values
    return program.renumbered(FlatCode(*columns), list(standing)), is_shorter


def _is_finite_part(kinds: vec[i32], starts: vec[i32], read: vec[i32], begin: i64) -> bool:
    """Whether a choice, whose operands begin there, is between a number and its finite part."""
    other = i64(read[begin + 2])
    return kinds[other] == FINITE_PART and read[i64(starts[other])] == read[begin + 1]


def _is_certain(program: Program, code: FlatCode, is_sum: bool) -> bool:
    """Whether every difference is seen in the results."""
    kinds, starts = vec[i32](code.kinds), vec[i32](code.starts)
    read, values = vec[i32](code.operands), vec[float](code.values)
    found, traits = vec[i32](capacity=len(kinds)), vec[i32](_TRAITS)
    for i in range(i64(len(kinds))):
        difference: i64 = SAME
        if kinds[i] > CONST:
            difference = _difference(kinds, starts, read, values, found, traits, i)
            if difference == LOST:
                return False
        found = append(found, i32(difference))
    for guard in program.guards:
        if found[guard.register] != SAME:
            return False
    of_results: i64 = SAME
    for register in program.outputs:
        of_results |= i64(found[register])
    return is_sum or of_results & SIGN == 0


def _difference(
    kinds: vec[i32],
    starts: vec[i32],
    read: vec[i32],
    values: vec[float],
    found: vec[i32],
    traits: vec[i32],
    i: i64,
) -> i64:
    """That of the result of operation i; LOST where it could get lost."""
    kind, begin, end = i64(kinds[i]), i64(starts[i]), i64(starts[i + 1])
    if kind == WHERE and _is_finite_part(kinds, starts, read, begin):
        return NAN | INFINITE | (i64(found[i64(read[begin + 1])]) & SIGN)
    inputs: i64 = SAME
    for at in range(begin, end):
        inputs |= i64(found[i64(read[at])])
    trait = i64(traits[kind]) if kind < len(traits) else 0
    own: i64 = SIGN if trait & IS_MESSAGE else SAME
    if inputs == SAME:
        return NAN | SIGN if own else SAME
    if trait & IS_STRICT == 0:
        return LOST
    passed = inputs & (INFINITE | SIGN)
    if passed and trait & IS_LINEAR == 0:
        below = i64(found[i64(read[begin + 1])]) if kind == DIV else passed
        if below & (INFINITE | SIGN):
            return LOST
    if kind == ADD:  # a sum with 0.0 is never -0.0
        for at in range(begin, end):
            term = i64(read[at])
            if kinds[term] == CONST and _is_plus_zero(values[i64(read[i64(starts[term])])]):
                passed &= INFINITE
    return NAN | passed | own


def _is_plus_zero(x: float) -> bool:
    return x == 0.0 and math.copysign(1.0, x) > 0.0
