"""The function on plain floats, as its author wrote it, beside its recordings.

A recording is right about Values. Whether the function does the same with floats can't be read off
it: `isinstance(x, float)`, `try: float(x)`, `hasattr(x, "shape")` and their kin decide by what a
number is. So the function is run on floats once, when it is recorded, and has to give the same
numbers but for rounding. What raises on floats (`x.tanh()`, 1 / 0) says nothing, and neither does a
run in which rounding decided.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rounding import SLACK, as_floats, reach
from autograd.compiler.recording.outside_sources import watched
from autograd.compiler.recording.texts_in_results import flatten_result, floats_of, is_text
from autograd.engine.loaded_modules import quietly
from autograd.engine.operands import describe
from autograd.engine.setting import Setting
from autograd.engine.value import Value
from autograd.transforms.tree import Structure, components, hold_numbers, opened

__all__ = ["Plain", "are_kept", "is_running_plainly", "number_names", "plain_run", "unlike_plain"]

OTHER_WAY: Final = 1e-9  # of a number, which LAPACK may compute by another algorithm than ours
SQUARE_ROOT_OF_LEAST: Final = 1e-154  # of a normal number: the squares of less are rounded to 0
_PLAINLY: Final = Setting("running_plainly", False, lambda _, change: change)


class Plain(NamedTuple):
    """What the function gave for floats, flat and as a nesting; what it asked for that is another
    number at every call, as (how, line); what it raised."""

    numbers: list[float]
    result: Any
    asked: list[tuple[str, str]]
    error: Exception | None = None


def is_running_plainly() -> bool:
    """Whether a function is being run on floats here: compiled functions that it calls run as they
    were written, and are not recorded for it."""
    return bool(_PLAINLY.here())


def plain_run(call: Callable[[], Any], is_watched: bool = True) -> Plain:
    """Call a function on floats; without a result where it raises, or gives something else than
    numbers. One that is known to ask for nothing from outside is not watched."""
    asked: list[tuple[str, str]] = []
    try:
        with (
            _PLAINLY.at_once(True),
            watched(lambda how, line: asked.append((how, line)), lambda: None)
            if is_watched
            else nullcontext(),
            quietly(),  # NumPy warns of divisions by 0 of floats, and not of Values
        ):
            result = call()
        numbers = floats_of(flatten_result(result)[0])
    except Exception as error:  # noqa: BLE001 (whatever floats are not good for)
        return Plain([], None, asked, error)
    return Plain(numbers, result, asked)


def are_kept(values: Sequence[Value]) -> bool:
    """Whether somebody else refers to one of these, or to what was computed from it."""
    alone = [Value(0.0)]
    count = sys.getrefcount(alone[0])
    return any(sys.getrefcount(values[i]) > count for i in range(len(values)))


def unlike_plain(
    plain: Plain,
    numbers: Sequence[float],
    outputs: Structure,
    program: Callable[[], Program],
    inputs: Sequence[float],
    parts: Callable[[], bool],
    words: tuple[str, str] = ("for floats", "for Values"),
) -> str:
    """How what the function gave for floats differs from what the recording gave, in words: by more
    than rounding; "" if it doesn't. Where infinities are met, NumPy may give any other number: what
    tells then is whether the two runs part, that is, do other things."""
    plainly, recordedly = words
    recorded = outputs.unflatten(numbers)
    if len(plain.numbers) != len(numbers) or _texts(plain.result) != _texts(recorded):
        return f"{describe(plain.result)} {plainly}, {describe(recorded)} {recordedly}"
    if plain.numbers == list(numbers):
        return ""
    pairs = list(zip(plain.numbers, numbers, strict=True))
    places = [i for i, (x, y) in enumerate(pairs) if not _same(x, y)]
    if not places:
        return ""
    try:
        allowed, is_decided = reach(program(), inputs, as_floats)
    except Exception:  # noqa: BLE001 (of a user's primitive)
        return ""
    if not is_decided:
        return ""
    names, parts = number_names(recorded), cache(parts)  # which runs the function twice more
    for i in places:
        x, y = pairs[i]
        off = max(SLACK * allowed[i], SQUARE_ROOT_OF_LEAST)
        is_rounding = math.isclose(x, y, rel_tol=OTHER_WAY, abs_tol=off)
        is_beyond = not (math.isfinite(x) and math.isfinite(y)) and _may_overflow(inputs)
        if not is_rounding and (not (is_beyond or math.isinf(allowed[i])) or parts()):
            return f"{names[i]} is {x!r} {plainly}, {y!r} {recordedly}"
    return ""


def _may_overflow(inputs: Sequence[float]) -> bool:
    """Whether there is an infinity, or a number of which the square is one, and none is missing:
    NumPy multiplies infinities by 0, squares what it takes the root of, and adds in pairs."""
    return not any(map(math.isnan, inputs)) and any(
        abs(x) > 1 / SQUARE_ROOT_OF_LEAST for x in inputs
    )


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def _texts(tree: Any) -> list[Any]:
    """What stands in a result beside numbers."""
    if is_text(tree):
        return [tree]
    children = opened(tree)[0]
    if hold_numbers(children):
        return []
    return [text for child in children for text in _texts(child)]


def number_names(result: Any) -> list[str]:
    """How each number of a result is asked for: `result[0]['w']`."""
    found = components(result, "result")
    return [name for name, _, x in found if not is_text(x)]
