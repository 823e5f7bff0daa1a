"""Passes: programs into shorter programs that give the same bits for every input, NaN, infinities
and -0.0 included.

Each pass is a function from a Program to a Program and does one thing; `optimised` runs them all.
"""

from __future__ import annotations

import math

from autograd.compiler.program import (
    Op,
    Program,
    Writer,
    below,
    is_negative_zero,
    rewritten,
)

__all__ = ["fold_constants", "optimised", "prune", "share", "simplify"]


def optimised(program: Program) -> Program:
    """All passes."""
    return prune(share(simplify(fold_constants(program))))


def prune(program: Program) -> Program:
    """Dead code: without the operations that no result and no guard needs."""
    needed = below(program, [*program.outputs, *[guard.register for guard in program.guards]])
    new: dict[int, int] = {}
    code: list[Op] = []
    for i, op in enumerate(program.code):
        if needed[i]:
            new[i] = len(code)
            code.append(op._replace(operands=tuple([new[j] for j in op.operands])))
    return Program(
        tuple(code),
        program.inputs,
        tuple([new[i] for i in program.outputs]),
        tuple([guard._replace(register=new[guard.register]) for guard in program.guards]),
    )


def share(program: Program) -> Program:
    """Common subexpressions: the same operation on the same registers is done once."""
    return rewritten(program, Writer(share=True, fold=False), _as_it_is)


def _as_it_is(writer: Writer, op: Op, operands: tuple[int, ...]) -> int:
    return writer.emit(op.name, *operands)


def fold_constants(program: Program) -> Program:
    """What depends on constants alone is computed now."""
    return rewritten(program, Writer(share=False, fold=True), _as_it_is)


def simplify(program: Program) -> Program:
    """Identities that hold for every double: x - 0.0 is x, x * 1.0 is x, --x is x ... (x + 0.0 is
    not x where x is -0.0, and x * 0.0 is not 0.0 where x is NaN or infinite.)"""
    return rewritten(program, Writer(share=False, fold=False), _simplified)


def _simplified(writer: Writer, op: Op, operands: tuple[int, ...]) -> int:
    name = op.name
    if name in ("add", "sub", "mul", "div", "message", "pow_const"):
        a, b = operands
        x, y = _number(writer, a), _number(writer, b)
        if _is_identity(name, y):
            return a
        if name in ("add", "mul") and _is_identity(name, x):
            return b
        if name == "message" and x == 1.0:
            return b
        if name == "pow_const" and y == 2.0:
            return writer.emit("mul", a, a)
    elif name == "neg":
        inner = writer.code[operands[0]]
        if inner.name == "neg":
            return inner.operands[0]
    elif name == "abs":
        inner = writer.code[operands[0]]
        if inner.name in ("neg", "abs"):
            return writer.emit("abs", inner.operands[0])
    elif name == "stop_gradient":
        return operands[0]
    return writer.emit(name, *operands)


def _number(writer: Writer, register: int) -> float:
    op = writer.code[register]
    return op.value if op.name == "const" else math.nan


def _is_identity(name: str, y: float) -> bool:
    """Whether `x name y` is x for every x."""
    if name in ("mul", "div", "pow_const"):
        return y == 1.0
    if name == "sub":
        return y == 0.0 and not is_negative_zero(y)
    return name == "add" and is_negative_zero(y)
