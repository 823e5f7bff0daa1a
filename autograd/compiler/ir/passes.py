"""Makes programs shorter. Results stay the same to the bit for every input, NaN, infinities and
-0.0 included.

Common subexpressions are shared, constants folded and identities used while a program is written
(`Writer`), so that each of them meets what the others have made shorter; `prune` then drops what
nothing needs any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final

from autograd.compiler.ir.flat_code import Op, kind_of
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import needed_for, rewritten_and_pruned
from autograd.compiler.ir.writing import NONE, Writer

__all__ = ["IDENTITIES", "optimised", "prune", "writer"]


ABS: Final = kind_of("abs")
ADD: Final = kind_of("add")
MUL: Final = kind_of("mul")
NEG: Final = kind_of("neg")

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


def _is(x: float | None, number: float) -> bool:
    """Whether x is this number, and of two zeros the same one."""
    return x is not None and x == number and math.copysign(1.0, x) == math.copysign(1.0, number)


def _inner(writer: Writer, register: int, name: str) -> int | None:
    """The operand of the operation that made a register, if that is what it is called."""
    return writer.operands(register)[0] if writer.name(register) == name else None


# -- identities ------------------------------------------------------------------------------------

# Each holds for every double, and gives the register that holds the same, or None: x - 0.0 is x,
# x * 1.0 is x, --x is x, x**0 is 1. (x + 0.0 is not x where x is -0.0, and x * 0.0 is not 0.0 where
# x is NaN or infinite.)


def _add(writer: Writer, a: int, b: int) -> int | None:
    x, y = writer.number(a), writer.number(b)
    if _is(y, -0.0):
        return a
    if _is(x, -0.0):
        return b
    if _is(y, 0.0) and _is_never_negative_zero(writer, a):
        return a
    return None


def _is_never_negative_zero(writer: Writer, register: int) -> bool:
    """As for every sum with 0.0, and every square."""
    name, operands = writer.name(register), writer.operands(register)
    while name == "mul" and (writer.number(operands[1]) or 0.0) >= 1.0:  # nothing underflows
        name, operands = writer.name(operands[0]), writer.operands(operands[0])
    if name == "add":
        return any(_is(writer.number(i), 0.0) for i in operands)
    return name == "abs" or (name == "mul" and operands[0] == operands[1])


def _mul(writer: Writer, a: int, b: int) -> int | None:
    x, y = writer.number(a), writer.number(b)
    if y == 1.0:
        return a
    if x == 1.0:
        return b
    if y == -1.0:
        return _negative(writer, a)
    return _negative(writer, b) if x == -1.0 else None


def _negative(writer: Writer, a: int) -> int:
    return writer.put(NEG, 1, a, NONE, NONE)


def _product(writer: Writer, a: int, b: int) -> int:
    return writer.put(MUL, 2, a, b, NONE)


def _abs(writer: Writer, a: int) -> int | None:
    if writer.name(a) == "abs":
        return a
    inner = _inner(writer, a, "neg")
    return None if inner is None else int(writer.put(ABS, 1, inner, NONE, NONE))


def _power(writer: Writer, a: int, n: int) -> int | None:
    exponent = writer.number(n)
    if exponent == 0.0:
        return writer.const(1.0)
    if exponent == 1.0:
        return a
    return _product(writer, a, a) if exponent == 2.0 else None


def _message(writer: Writer, adjoint: int, factor: int) -> int | None:
    """adjoint * factor, 0.0 where the adjoint is 0."""
    x, y = writer.number(adjoint), writer.number(factor)
    if x is not None:
        return writer.const(0.0) if x == 0.0 else _product(writer, adjoint, factor)
    if y is not None and 1.0 <= abs(y) <= MOST_WRITTEN and y.is_integer():
        # No product underflows, so it is a zero only where the adjoint is; and -0.0 + 0.0 is 0.0.
        return writer.put(ADD, 2, _product(writer, adjoint, factor), writer.const(0.0), NONE)
    return None


def _cut_message(writer: Writer, adjoint: int, factor: int) -> int | None:
    """adjoint * factor, 0.0 where either is 0."""
    x, y = writer.number(adjoint), writer.number(factor)
    if x == 0.0 or y == 0.0:
        return writer.const(0.0)
    if x is not None:
        return writer.emit("message", factor, adjoint)
    return None if y is None else writer.emit("message", adjoint, factor)


def _where(writer: Writer, condition: int, a: int, b: int) -> int | None:
    if a == b:
        return a
    x = writer.number(condition)
    if x is None:
        return None
    return b if x == 0.0 else a


def _select(writer: Writer, truth: int, a: int, b: int) -> int | None:
    if a == b:
        return a
    holds = writer.truths.get(truth)
    if holds is None:
        return None
    return a if holds else b


def _logic(writer: Writer, p: int, q: int, neutral: bool) -> int | None:
    if writer.truths.get(p) is neutral:
        return q
    return p if writer.truths.get(q) is neutral else None


IDENTITIES: Final[dict[str, Callable[..., int | None]]] = {
    "add": _add,
    "sub": lambda writer, a, b: a if _is(writer.number(b), 0.0) else None,
    "mul": _mul,
    "div": lambda writer, a, b: a if writer.number(b) == 1.0 else None,
    "neg": lambda writer, a: _inner(writer, a, "neg"),
    "abs": _abs,
    "pow_const": _power,
    "pow": _power,
    "message": _message,
    "cut_message": _cut_message,
    "where": _where,
    "select": _select,
    "and": partial(_logic, neutral=True),
    "or": partial(_logic, neutral=False),
    "stop_gradient": lambda writer, a: a,
}
