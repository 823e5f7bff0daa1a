"""Whether the lowerings of users' primitives say what their forward functions do, at the inputs of
a recording: machine code goes by the one, the engine by the other."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Final

from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.lowering import lowered
from autograd.compiler.ir.program import Program
from autograd.compiler.recording.tracing import RecordingError, Trace
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value

__all__ = ["check_lowerings"]

UNITS: Final = 4  # in the last place, by which another rounding may differ
MOST: Final = 1000  # results of each primitive that are looked at


def check_lowerings(trace: Trace) -> None:
    """RecordingError, naming the primitive, if one of those that a recording has used gives another
    number by its lowering than it gave."""
    programs: dict[Primitive, dict[int, Program]] = {}
    looked_at: Counter[str] = Counter()
    for node in trace.tape.of_users():
        row = node.primitive
        if row is None or not callable(row.lowering) or looked_at[row.name] >= MOST:
            continue
        looked_at[row.name] += 1
        inputs = [x.data if isinstance(x, Value) else float(x) for x in node.inputs]
        known = programs.setdefault(row, {})
        if len(inputs) not in known:
            known[len(inputs)] = _alone(row, len(inputs))
        found = float(known[len(inputs)].evaluate(inputs)[0])
        if not _agree(found, node.data):
            raise RecordingError(_said(row, inputs, found, node.data))


def _alone(row: Primitive, count: int) -> Program:
    """The lowering, as a program of its inputs."""
    code = [Op("input", (), i) for i in range(count)]
    code.append(Op(row.name, tuple(range(count))))
    return lowered(Program(tuple(code), ("",) * count, (count,)))


def _agree(a: float, b: float) -> bool:
    """Equal, the sign of 0 included, or within a few units in the last place."""
    if a != a or b != b:
        return a != a and b != b
    if a == b:
        return math.copysign(1.0, a) == math.copysign(1.0, b)
    if math.isinf(a) or math.isinf(b):
        return False
    return abs(a - b) <= UNITS * math.ulp(max(abs(a), abs(b)))


def _said(row: Primitive, inputs: list[float], found: float, data: Any) -> str:
    shown = ", ".join(map(repr, inputs))
    return (
        f"the lowering of the primitive {row.name!r} gives {found!r} for {shown}, where its "
        f"forward function gives {data!r}: a compiled function would go by the lowering. Write the "
        "same in both, by autograd's functions (where, maximum ...), for a lowering gets symbols, "
        "which are no floats for isinstance, type and the like; or leave the lowering out"
    )
