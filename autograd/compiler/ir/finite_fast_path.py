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
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.passes import writer
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import rewritten_and_pruned

__all__ = ["finite_fast_path"]

MESSAGES: Final = frozenset(["message", "cut_message"])
LINEAR: Final = frozenset(["add", "sub", "mul", "neg", *MESSAGES])
"""What is infinite stays so or becomes NaN; a zero's sign decides on nothing but a zero's sign."""
ALGEBRAIC: Final = ["div", "reciprocal", "square", "one_minus_square", "abs", "sqrt"]
TRANSCENDENTAL: Final = ["exp", "log", "sin", "cos", "tanh", "sech2", "sigmoid", "erf", "erfc"]
GAUSSIAN: Final = ["exp_square", "normal_cdf"]
STRICT: Final = frozenset([*LINEAR, *ALGEBRAIC, *TRANSCENDENTAL, *GAUSSIAN])
"""NaN in any operand gives NaN."""


def finite_fast_path(program: Program, is_sum: bool) -> Program | None:
    """The program without choices in its derivatives; the same to the bit in rows whose results are
    finite. None where that is not certain, or not worth it. `is_sum` says that results will be
    added to sums that begin with 0.0."""
    messages = sum(op.name in MESSAGES for op in program.code)
    if messages == 0 or not (is_sum or messages >= len(program.outputs)):
        return None
    if not _is_certain(program, is_sum):
        return None
    making = writer()

    def emit(name: str, *operands: int) -> int:
        if name == "where":
            other = operands[2]
            if _is_finite_part(Op(making.name(other), making.operands(other)), operands[1]):
                return operands[1]
        return making.emit("mul" if name in MESSAGES else name, *operands)

    return rewritten_and_pruned(program, making, emit)


def _is_finite_part(op: Op, register: int) -> bool:
    """Whether it is that of a register, and a choice between the two drops nothing but what is not
    finite."""
    return op.name == "finite_part" and op.operands[0] == register


class _Difference(NamedTuple):
    """How a register of the fast path may differ from the full one's: it may be NaN; infinite;
    or a zero of the other sign."""

    nan: bool = False
    infinite: bool = False
    sign: bool = False


SAME: Final = _Difference()


def _is_certain(program: Program, is_sum: bool) -> bool:
    """Whether every difference is seen in the results."""
    found: list[_Difference] = []
    code = tuple(program.code)
    for op in code:
        difference = _difference(code, op, [found[i] for i in op.operands])
        if difference is None:
            return False
        found.append(difference)
    if any(found[guard.register] != SAME for guard in program.guards):
        return False
    return is_sum or not any(found[i].sign for i in program.outputs)


def _difference(code: Sequence[Op], op: Op, inputs: Sequence[_Difference]) -> _Difference | None:
    """That of an operation's result; None where it could get lost."""
    if op.name == "where" and _is_finite_part(code[op.operands[2]], op.operands[1]):
        return _Difference(nan=True, infinite=True, sign=inputs[1].sign)
    if inputs.count(SAME) == len(inputs):
        return _Difference(nan=True, sign=True) if op.name in MESSAGES else SAME
    if op.name not in STRICT:
        return None
    infinite, sign = any(x.infinite for x in inputs), any(x.sign for x in inputs)
    if (infinite or sign) and op.name not in LINEAR:
        below = inputs[1] if op.name == "div" else inputs[0]
        if op.name != "div" or below.infinite or below.sign:
            return None
    if op.name == "add" and any(_is_zero(code[i]) for i in op.operands):
        sign = False  # a sum with 0.0 is never -0.0
    return _Difference(True, infinite, sign or op.name in MESSAGES)


def _is_zero(op: Op) -> bool:
    return op.name == "const" and str(op.value) == "0.0"  # written out, which -0.0 is otherwise
