"""When two numbers count as the same: bit for bit, or within what docs/compiling.md allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from eagerly import bits

from autograd.compiler.ir.meanings import meaning
from autograd.compiler.ir.program import Program
from autograd.transforms.tree import flatten

__all__ = [
    "EXACTLY",
    "IN_LANES",
    "Outcome",
    "as_floats",
    "is_explained",
    "is_same_nesting",
    "outcome_of",
    "same_numbers",
    "same_outcome",
    "shown",
]

Outcome = tuple[str, Any, Any]  # ("gives", nesting, floats) or ("raises", class, words)

EXACTLY: Mapping[str, int] = {}
"""What a compiled function may differ by from the engine: nothing."""
# "In vmap, functions of the C library: 4 units." A row of the table may be made of two of them.
EXACT = {
    *("add", "sub", "mul", "div", "neg", "square", "reciprocal", "sqrt", "fma", "scale", "mod"),
    *("abs", "sign", "floor", "ceil", "round", "fmod", "floordiv", "copysign", "one_minus_square"),
    *("where", "maximum", "minimum", "max", "min", "relu", "leaky_relu", "clip", "greater"),
    *("message", "cut_message", "finite_part", "stop_gradient", "sum", "mean", "prod", "dot"),
    *("lt", "le", "eq", "and", "or", "not", "select"),
}
TRIES = 24


class _InLanes(dict[str, int]):
    def get(self, name: str, default: Any = 0) -> Any:  # type: ignore[override]
        return default if name in EXACT else 8


IN_LANES: Mapping[str, int] = _InLanes()


def outcome_of(call: Callable[[], Any]) -> Outcome:
    """What a call gives, as floats and their nesting, or what it raises."""
    try:
        numbers, structure = flatten(call())
    except Exception as error:  # noqa: BLE001 (which is what is compared)
        return "raises", type(error), str(error)
    return "gives", structure, as_floats(numbers)


def as_floats(numbers: Sequence[Any]) -> list[float]:
    """Values as their numbers."""
    return [x.data if hasattr(x, "data") and not isinstance(x, float) else x for x in numbers]


def same_outcome(a: Outcome, b: Outcome) -> bool:
    """Equal to the bit in the same nesting, or the same error."""
    if a[0] != b[0]:
        return False
    if a[0] == "raises":
        return bool(a[1] is b[1])
    return is_same_nesting(a[1], b[1]) and list(map(bits, a[2])) == list(map(bits, b[2]))


def same_numbers(numbers: Sequence[float], result: Any) -> bool:
    """Whether these are the numbers of a result, to the bit."""
    return list(map(bits, numbers)) == list(map(bits, as_floats(flatten(result)[0])))


def is_same_nesting(a: Any, b: Any) -> bool:
    """By the names of classes: a module that is executed anew has others."""
    return repr(a.kind) == repr(b.kind)


def shown(outcome: Outcome) -> str:
    """An outcome in a line."""
    kind, what, more = outcome
    if kind == "raises":
        return f"{what.__name__}: {more}"
    return ", ".join(map(repr, more)) if len(more) < 9 else f"{more[:9]!r} ..."


def is_explained(
    programs: Sequence[tuple[Program, Sequence[float]]],
    got: Sequence[float],
    want: Sequence[float],
    ulps: Mapping[str, int],
) -> bool:
    """Whether the difference is one that rounding of these operations (so many units in the last
    place) makes: the recorded program, run with such errors put in at random, spreads as far."""
    rng = Random(0)
    found = [x for program, inputs in programs for x in _disturbed(program, inputs, ulps, rng)]
    if not found:
        return False
    for i, (x, y) in enumerate(zip(got, want, strict=True)):
        if bits(x) == bits(y):
            continue
        numbers = [y, *[outputs[i] for outputs in found]]
        if len({(math.isfinite(n), n if math.isinf(n) else 0) for n in numbers}) > 1:
            continue  # an overflow, here or there: no telling
        if len({math.copysign(1.0, n) for n in numbers}) > 1 and abs(x) == abs(y):
            continue
        low, high = min(numbers), max(numbers)
        reach = 2 * (high - low)
        if math.isfinite(reach) and not low - reach <= x <= high + reach:
            return False
        if math.isnan(x) or (reach == 0 and x != y):
            return False
    return True


def _disturbed(
    program: Program, inputs: Sequence[float], ulps: Mapping[str, int], rng: Random
) -> Iterator[list[float]]:
    if not any(ulps.get(op.name, 0) for op in program.code):
        return
    for _ in range(TRIES):
        registers: list[Any] = []
        for op in program.code:
            if op.name == "const":
                registers.append(op.value)
            elif op.name == "input":
                registers.append(float(inputs[int(op.value)]))
            else:
                operands = [registers[j] for j in op.operands]
                out = meaning(op.name)(*operands)
                units = ulps.get(op.name, 0)
                registers.append(_nearby(out, rng.randint(-units, units)) if units else out)
        yield [registers[i] for i in program.outputs]


def _nearby(x: float, units: int) -> float:
    for _ in range(abs(units)):
        x = math.nextafter(x, math.copysign(math.inf, units))
    return x
