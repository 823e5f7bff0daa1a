"""How far rounding alone may take a program's results: what decides whether two numbers that differ
are two roundings of one.

Every operation is asked for its result at the ends of the intervals in which its inputs may be,
one input at a time. So it is first-order error analysis, by differences: steps, selections and
cancellation have the reach that they have at these numbers, and what may overflow has no bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.lowering import LIBRARY, lowered
from autograd.compiler.ir.meanings import COMPARISONS, LOGIC, meaning
from autograd.compiler.ir.program import Program
from autograd.engine.primitives import TABLE

__all__ = ["SLACK", "Reach", "as_compiled", "as_floats", "in_lanes", "reach"]

Units = Callable[[str, Sequence[float]], float]
"""By how many units in the last place an operation's result may be off, by its name and inputs."""

FEW: Final = 4  # inputs; of more the local derivatives are asked, once for all
IN_LANES: Final = 8.0  # a row of the table may be made of two functions, of 4 units each
SLACK: Final = 4.0
"""Times its reach a number may be off: error analysis of first order, and some more."""
EXACT: Final = frozenset(["neg", "abs", "stop_gradient", "finite_part", "copysign", "scale"])


class Reach(NamedTuple):
    """How far each result may be from the number that was computed, and whether every decision
    comes out alike all the same."""

    of_results: list[float]
    is_decided: bool


def as_compiled(name: str, inputs: Sequence[float]) -> float:
    """Of compiled code: norm and hypot, in one of a billion cases."""
    return 1.0 if name in ("hypot", "norm") else 0.0


def in_lanes(name: str, inputs: Sequence[float]) -> float:
    """Of functions in the lanes of vectors."""
    return max(as_compiled(name, inputs), IN_LANES if _calls_library(name, len(inputs)) else 0.0)


def as_floats(name: str, inputs: Sequence[float]) -> float:
    """Of a function of Python's floats and NumPy's arrays, which add in another order and have
    functions of their own, and for which infinity // x is no number."""
    if name == "floordiv" and math.isinf(inputs[0]):
        return math.inf
    row = TABLE.get(name)
    if row is None or name in EXACT or row.is_selection or "step" in row.traits:
        return 0.0
    return 4.0 if _calls_library(name, len(inputs)) else 1.0


@cache
def _calls_library(name: str, arity: int) -> bool:
    if name not in TABLE:
        return name == "pow"
    code = [Op("input", (), i) for i in range(arity)]
    one = Program((*code, Op(name, tuple(range(arity)))), ("",) * arity, (arity,))
    return any(op.name in LIBRARY for op in lowered(one).code)


def reach(program: Program, inputs: Sequence[float], units: Units) -> Reach:
    """How far the results of a program may be from what it gives for these inputs, where every
    operation may be off by so many units."""
    registers: list[Any] = []
    errors: list[float] = []
    for op in program.code:
        if op.name in ("const", "input"):
            registers.append(op.value if op.name == "const" else float(inputs[int(op.value)]))
            errors.append(0.0)
            continue
        xs = [registers[i] for i in op.operands]
        out = meaning(op.name)(*xs)
        registers.append(out)
        off = [errors[i] for i in op.operands]
        errors.append(_error(op.name, out, xs, off, units(op.name, xs)))
    decided = all(errors[guard.register] == 0.0 for guard in program.guards)
    return Reach([errors[i] for i in program.outputs], decided)


def _error(name: str, out: Any, xs: list[Any], off: list[float], units: float) -> float:
    if name in COMPARISONS:
        return _of_comparison(xs, off)
    if name in LOGIC:
        return max(off)
    if name == "select" and off[0]:
        return _apart(xs[1], xs[2]) + max(off[1:])
    if name == "copysign" and math.isnan(xs[1]):
        return 2.0 * abs(float(out))  # of a NaN, whose sign arithmetic sets as it likes
    if not any(off) and not units:
        return 0.0
    if len(xs) > FEW:
        return _of_many(name, out, xs, off, units)
    # Of sinc NumPy rounds pi times its argument; ours is 0 at whole numbers.
    own = _own(1.0 if name == "sinc" else out, units)
    return own + sum(_moved(name, out, xs, i, e) for i, e in enumerate(off) if e)


def _of_comparison(xs: list[Any], off: list[float]) -> float:
    """1 where it may come out otherwise."""
    together = sum(off)
    return 0.0 if not together or abs(xs[0] - xs[1]) > together else 1.0


def _own(out: float, units: float) -> float:
    """What rounding the result adds; a difference that is 0 is exact."""
    if math.isinf(units):
        return math.inf
    if out == 0.0:
        return 0.0
    return units * math.ulp(out) if units and math.isfinite(out) else 0.0


def _moved(name: str, out: float, xs: list[Any], i: int, error: float) -> float:
    """How far the result goes with one input."""
    row = TABLE.get(name)
    if row is not None and not row.builtin:  # what a user's function does may count its calls
        return math.inf
    f = meaning(name)
    ends = [f(*xs[:i], x, *xs[i + 1 :]) for x in (xs[i] - error, xs[i] + error)]
    return max(_apart(end, out) for end in ends)


def _apart(a: float, b: float) -> float:
    if a == b or (a != a and b != b):
        return 0.0
    return abs(a - b) if math.isfinite(a) and math.isfinite(b) else math.inf


def _of_many(name: str, out: float, xs: list[Any], off: list[float], units: float) -> float:
    row = TABLE[name]
    if "extreme" in row.traits:
        return max(off)
    if not row.builtin or not math.isfinite(out):
        return math.inf if any(off) else 0.0
    try:
        slopes = [abs(float(slope)) for slope in row.partials(out, *xs)]
    except (ArithmeticError, ValueError):
        return math.inf
    sizes = sum(slope * abs(x) for slope, x in zip(slopes, xs, strict=True))
    own = units * len(xs) * math.ulp(sizes) if units and math.isfinite(sizes) else 0.0
    passed = sum(slope * e for slope, e in zip(slopes, off, strict=True) if e)
    return passed + own + _own(out, units)
