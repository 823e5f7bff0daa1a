"""A program as C: for reading, and for carrying it to where there is no Python.

The function has no state and allocates nothing. Compile it with `-ffp-contract=off`, and it gives
the bits that Python gives, as far as the C library is the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.lowering import LIBRARY
from autograd.compiler.ir.meanings import TRUTHS
from autograd.compiler.ir.program import Program
from autograd.compiler.native.llvm_codegen import INTRINSICS, callbacks_of

__all__ = ["c_comment", "c_formula", "c_number", "c_source", "require_c"]

FORMULAS: Final = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "lt": "{} < {}",
    "le": "{} <= {}",
    "eq": "{} == {}",
    "and": "{} && {}",
    "or": "{} || {}",
    "not": "!{}",
    "select": "{} ? {} : {}",
}
C_FUNCTIONS: Final = {**INTRINSICS, **{name: name for name in LIBRARY}}


def c_source(program: Program, name: str = "compiled") -> str:
    """`long name(const double *in, double *out)`: -1, or the index of the guard that failed.

    ValueError if the program calls back into Python.
    """
    require_c(program)
    lines = ["#include <math.h>", "", f"/* in: {c_comment(', '.join(program.inputs))} */"]
    lines += [f"long {name}(const double *in, double *out)", "{"]
    checks = program.checks()
    shown: list[str] = []
    for i, op in enumerate(program.code):
        shown.append(_operand(op, i))
        if op.name not in ("input", "const"):
            kind = "int" if op.name in TRUTHS else "double"
            lines.append(
                f"    const {kind} r{i} = {c_formula(op.name, [shown[j] for j in op.operands])};"
            )
        for index in checks.get(i, ()):
            guard = program.guards[index]
            test = shown[guard.register]
            wrong = f"!{test}" if guard.expected else test
            lines.append(f"    if ({wrong}) return {index}; /* {c_comment(guard.line)} */")
    lines += [f"    out[{i}] = {shown[j]};" for i, j in enumerate(program.outputs)]
    return "\n".join([*lines, "    return -1;", "}", ""])


def require_c(program: Program) -> None:
    """ValueError if the program calls back into Python."""
    missing = callbacks_of(program)
    if missing:
        raise ValueError(
            f"C has no {', '.join(sorted(missing))}; give the primitive a lowering, in terms of "
            "operators and autograd's functions"
        )


def c_comment(text: str) -> str:
    """Text that can't end the comment it stands in."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    # C reads a backslash, and "??/" in its place, before it looks for comments.
    return plain.replace("*/", "* /").replace("\\", "/").replace("??", "? ?")


def _operand(op: Op, i: int) -> str:
    if op.name == "const":
        return c_number(op.value)
    return f"in[{int(op.value)}]" if op.name == "input" else f"r{i}"


def c_number(x: float) -> str:
    """A constant."""
    if math.isnan(x):
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "(-INFINITY)"
    text = repr(x)
    return f"({text})" if text.startswith("-") else text


def c_formula(name: str, given: Sequence[str]) -> str:
    """An instruction as an expression; one that C has not, as a call of a function of its name."""
    if name in FORMULAS:
        return FORMULAS[name].format(*given)
    return f"{C_FUNCTIONS.get(name, name)}({', '.join(given)})"
