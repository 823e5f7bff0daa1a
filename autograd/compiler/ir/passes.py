"""Makes programs shorter. Results stay the same to the bit for every input, NaN, infinities and
-0.0 included.

Common subexpressions are shared, constants folded and identities used while a program is written
(`Writer`), so that each of them meets what the others have made shorter; `prune` then drops what
nothing needs any more.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from autograd.compiler.ir.flat_code import Op, kind_of
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import needed_for, rewritten_and_pruned
from autograd.compiler.ir.writing import POW, Identities, Writer
from autograd.compiler.ir.written_lines import NONE

__all__ = ["IDENTITIES", "optimised", "prune", "writer"]


ABS: Final[i64] = kind_of("abs")
ADD: Final[i64] = kind_of("add")
AND: Final[i64] = kind_of("and")
CUT_MESSAGE: Final[i64] = kind_of("cut_message")
DIV: Final[i64] = kind_of("div")
MESSAGE: Final[i64] = kind_of("message")
MUL: Final[i64] = kind_of("mul")
NEG: Final[i64] = kind_of("neg")
OR: Final[i64] = kind_of("or")
POW_CONST: Final[i64] = kind_of("pow_const")
SELECT: Final[i64] = kind_of("select")
STOP_GRADIENT: Final[i64] = kind_of("stop_gradient")
SUB: Final[i64] = kind_of("sub")
WHERE: Final[i64] = kind_of("where")

MOST_WRITTEN: Final = 128.0
"""Numbers that people write are whole and small. Others are taken for data, which are different in
every round of a loop: what is made of them has to stay the same."""


def optimised(program: Program) -> Program:
    """All passes, in one."""
    return rewritten_and_pruned(program, writer())


def writer() -> Writer:
    """One that applies every pass to what it writes."""
    return Writer(fold=True, identities=IDENTITIES)


def prune(program: Program) -> Program:
    """Dead code: without the operations that no result and no guard needs."""
    needed = needed_for(program, [*program.outputs, *[guard.register for guard in program.guards]])
    if all(needed):
        return program
    new: dict[int, int] = {}
    code: list[Op] = []
    for i, op in enumerate(program.code):
        if needed[i]:
            new[i] = len(code)
            code.append(Op(op.name, tuple([new[j] for j in op.operands]), op.value))
    return program.renumbered(code, new)


# -- identities ------------------------------------------------------------------------------------

# Each holds for every double, and gives the register that holds the same, or NONE: x - 0.0 is x,
# x * 1.0 is x, --x is x, x**0 is 1. (x + 0.0 is not x where x is -0.0, and x * 0.0 is not 0.0 where
# x is NaN or infinite.)


def _add(writer: Writer, a: i64, b: i64) -> i64:
    if b == writer.minus_zero:
        return a
    if a == writer.minus_zero:
        return b
    if b == writer.zero and _is_never_negative_zero(writer, a):
        return a
    return NONE


def _is_never_negative_zero(writer: Writer, register: i64) -> bool:
    """As for every sum with 0.0, and every square."""
    while _is_multiple(writer, register):
        register = writer.operand(register, 0)
    kind = writer.kind(register)
    if kind == ADD:
        return writer.adds_zero(register)
    is_square = kind == MUL and writer.operand(register, 0) == writer.operand(register, 1)
    return kind == ABS or is_square


def _is_multiple(writer: Writer, register: i64) -> bool:
    """Whether it is a product with a number of at least 1, in which nothing underflows."""
    if writer.kind(register) != MUL:
        return False
    second = writer.operand(register, 1)
    if not writer.is_constant(second):
        return False
    writer.use_numbers([int(second)])
    return writer.constant(second) >= 1.0


def _mul(writer: Writer, a: i64, b: i64) -> i64:
    if writer.holds(b, 1.0):
        return a
    if writer.holds(a, 1.0):
        return b
    if writer.holds(b, -1.0):
        return _negative(writer, a)
    return _negative(writer, b) if writer.holds(a, -1.0) else NONE


def _negative(writer: Writer, a: i64) -> i64:
    return writer.put(NEG, 1, a, NONE, NONE)


def _product(writer: Writer, a: i64, b: i64) -> i64:
    return writer.put(MUL, 2, a, b, NONE)


def _abs(writer: Writer, a: i64) -> i64:
    if writer.kind(a) == ABS:
        return a
    if writer.kind(a) == NEG:
        return writer.put(ABS, 1, writer.operand(a, 0), NONE, NONE)
    return NONE


def _power(writer: Writer, a: i64, n: i64) -> i64:
    if writer.holds(n, 0.0):
        return writer.const(1.0)
    if writer.holds(n, 1.0):
        return a
    return _product(writer, a, a) if writer.holds(n, 2.0) else NONE


def _message(writer: Writer, adjoint: i64, factor: i64) -> i64:
    """adjoint * factor, 0.0 where the adjoint is 0."""
    if writer.is_constant(adjoint):
        if writer.holds(adjoint, 0.0):
            return writer.const(0.0)
        return _product(writer, adjoint, factor)
    if writer.is_constant(factor) and _is_written(writer.constant(factor)):
        # No product underflows, so it is a zero only where the adjoint is; and -0.0 + 0.0 is 0.0.
        return writer.put(ADD, 2, _product(writer, adjoint, factor), writer.const(0.0), NONE)
    return NONE


def _is_written(x: float) -> bool:
    return 1.0 <= abs(x) <= MOST_WRITTEN and x == float(int(x))


def _is_small(x: float) -> bool:
    return x == 0.0 or abs(x) == 1.0 or abs(x) == 2.0


def _cut_message(writer: Writer, adjoint: i64, factor: i64) -> i64:
    """adjoint * factor, 0.0 where either is 0."""
    if writer.holds(adjoint, 0.0) or writer.holds(factor, 0.0):
        return writer.const(0.0)
    if writer.is_constant(adjoint):
        return writer.emit("message", factor, adjoint)
    return writer.emit("message", adjoint, factor) if writer.is_constant(factor) else NONE


def _where(writer: Writer, condition: i64, a: i64, b: i64) -> i64:
    if a == b:
        writer.saw(a)
        return a
    if not writer.is_constant(condition):
        return NONE
    return b if writer.holds(condition, 0.0) else a


def _select(writer: Writer, truth: i64, a: i64, b: i64) -> i64:
    if a == b:
        writer.saw(a)
        return a
    holds = writer.truths.get(truth)
    if holds is None:
        return NONE
    return a if holds else b


def _logic(writer: Writer, p: i64, q: i64, neutral: bool) -> i64:
    if writer.truths.get(p) is neutral:
        return q
    return p if writer.truths.get(q) is neutral else NONE


@final
class OfDoubles(Identities):
    """Those above, by the kind of an operation."""

    def are_alike(self, x: float, y: float) -> bool:
        if _is_small(x) or _is_small(y):
            return False
        return _is_written(x) == _is_written(y)

    def shorter(self, writer: Writer, kind: i64, a: i64, b: i64, c: i64) -> i64:
        if kind == ADD:
            return _add(writer, a, b)
        if kind == MUL:
            return _mul(writer, a, b)
        if kind == MESSAGE:
            return _message(writer, a, b)
        if kind == SUB:
            return a if b >= 0 and b == writer.zero else NONE
        if kind == DIV:
            return a if writer.holds(b, 1.0) else NONE
        if kind in (POW_CONST, POW):
            return _power(writer, a, b)
        if kind == NEG:
            return writer.operand(a, 0) if writer.kind(a) == NEG else NONE
        if kind == ABS:
            return _abs(writer, a)
        if kind == CUT_MESSAGE:
            return _cut_message(writer, a, b)
        if kind == WHERE:
            return _where(writer, a, b, c)
        if kind == SELECT:
            return _select(writer, a, b, c)
        if kind == AND:
            return _logic(writer, a, b, neutral=True)
        if kind == OR:
            return _logic(writer, a, b, neutral=False)
        return a if kind == STOP_GRADIENT else NONE


IDENTITIES: Final = OfDoubles()
