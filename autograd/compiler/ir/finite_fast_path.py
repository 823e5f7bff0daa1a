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

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, Op, flat
from autograd.compiler.ir.passes import writer
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import rewritten_and_pruned
from autograd.compiler.ir.templates import Template

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
    kinds = flat(program.code).kinds.tolist()
    messages = sum(kinds.count(kind) for kind in {*kinds} if NAMES[kind] in MESSAGES)
    if messages == 0 or not (is_sum or messages >= len(program.outputs)):
        return None
    if not _is_certain(program, is_sum):
        return None
    if "finite_part" not in program.names:
        return rewritten_and_pruned(program, writer(), templates=_as_product)
    making = writer()

    def emit(name: str, *operands: int) -> int:
        if name == "where":
            other = operands[2]
            if _is_finite_part(Op(making.name(other), making.operands(other)), operands[1]):
                return operands[1]
        return making.emit("mul" if name in MESSAGES else name, *operands)

    return rewritten_and_pruned(program, making, emit)


PRODUCT: Final = Template(lambda sketch, operands: sketch.emit("mul", *operands), 2)


def _as_product(name: str, count: int) -> Template | None:
    return PRODUCT if name in MESSAGES else None


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
DIFFERENCES: Final = [_Difference(bool(k & 1), bool(k & 2), bool(k & 4)) for k in range(8)]
"""All that there are, by numbers."""


def _is_certain(program: Program, is_sum: bool) -> bool:
    """Whether every difference is seen in the results."""
    columns = flat(program.code)
    kinds, starts = columns.kinds.tolist(), columns.starts.tolist()
    operands = columns.operands.tolist()
    zeros = {i for i, kind in enumerate(kinds) if kind == CONST and _is_zero(columns[i])}
    found: list[int] = []
    # Of the few ways in which the operands of an operation differ, each is looked at once.
    known: dict[tuple[int, bool, tuple[int, ...]], int] = {}
    for i, kind in enumerate(kinds):
        given = operands[starts[i] : starts[i + 1]]
        if kind in (CONST, INPUT):
            found.append(0)
            continue
        inputs = tuple([found[j] for j in given])
        if NAMES[kind] == "where" and _is_finite_part(columns[given[2]], given[1]):
            found.append(3 | inputs[1])
            continue
        key = (kind, not zeros.isdisjoint(given), inputs)
        if key not in known:
            difference = _difference(NAMES[kind], [DIFFERENCES[k] for k in inputs], key[1])
            if difference is None:
                return False
            known[key] = DIFFERENCES.index(difference)
        found.append(known[key])
    if any(found[guard.register] for guard in program.guards):
        return False
    return is_sum or not any(DIFFERENCES[found[i]].sign for i in program.outputs)


def _difference(name: str, inputs: Sequence[_Difference], has_zero: bool) -> _Difference | None:
    """That of an operation's result, of which an operand is 0.0 or not; None where it could get
    lost."""
    if inputs.count(SAME) == len(inputs):
        return _Difference(nan=True, sign=True) if name in MESSAGES else SAME
    if name not in STRICT:
        return None
    infinite, sign = any(x.infinite for x in inputs), any(x.sign for x in inputs)
    if (infinite or sign) and name not in LINEAR:
        below = inputs[1] if name == "div" else inputs[0]
        if name != "div" or below.infinite or below.sign:
            return None
    if name == "add" and has_zero:
        sign = False  # a sum with 0.0 is never -0.0
    return _Difference(True, infinite, sign or name in MESSAGES)


def _is_zero(op: Op) -> bool:
    return op.name == "const" and str(op.value) == "0.0"  # written out, which -0.0 is otherwise
