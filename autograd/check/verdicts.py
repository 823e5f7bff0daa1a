"""What the differences say of a derivative: right, wrong, a kink, a jump, or too much noise."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from autograd.check.finite_differences import Slope
from autograd.check.results import PLUS_MINUS, Component
from autograd.check.tutor.naming import few
from autograd.engine.text import number

__all__ = ["agree", "compared", "held_against", "is_sound"]

SAFETY: Final = 10.0  # estimated errors of a difference quotient that are forgiven


def compared(name: str, ad: float, slope: Slope, rtol: float) -> Component:
    """The engine's derivative beside what differences say."""
    verdict, note = _verdict(ad, slope, rtol)
    numeric = slope.value
    relative = _relative_error(ad, ad if math.isnan(numeric) else numeric)
    return Component(name, ad, numeric, slope.error, None, relative, verdict, note, slope)


def held_against(row: Component, analytic: float, rtol: float) -> Component:
    """The same row for a number by hand, which is right if it is the engine's, or one at a kink."""
    ad, slope, verdict, note = row.ad, row.slope, row.verdict, row.note
    if verdict == "ok":
        error = 1e-12 * max(slope.scale, abs(ad))
        verdict = "ok" if agree(analytic, ad, rtol, error) else "wrong"
    elif verdict in ("kink", "jump"):
        verdict = verdict if _can_be_chosen(analytic, slope, rtol) else "wrong"
    elif verdict == "wrong" and agree(analytic, slope.value, rtol, slope.error):
        note += "; the one by hand agrees with the differences"
    relative = _relative_error(analytic, ad)
    return replace(row, analytic=analytic, relative_error=relative, verdict=verdict, note=note)


def is_sound(row: Component) -> bool:
    """Whether the engine's derivative is what the differences say, whatever the one by hand is."""
    return _verdict(row.ad, row.slope, 1e-6)[0] != "wrong"


def agree(a: float, b: float, rtol: float, error: float) -> bool:
    """Whether two numbers are the same, but for the estimated error of a difference quotient."""
    if a == b:
        return True
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    return abs(a - b) <= rtol * max(abs(a), abs(b)) + SAFETY * error


def _verdict(ad: float, slope: Slope, rtol: float) -> tuple[str, str]:
    """Whether a derivative is what the differences say; the note says why, unless it is."""
    sides = (
        f"the left derivative is {number(slope.left, 6)}, the right one {number(slope.right, 6)}"
    )
    if slope.kind == "undefined":
        return "unclear", "the function has no finite value here"
    if slope.kind == "jump":
        jumps = [j for j in (slope.jump_left, slope.jump_right) if j]
        text = f"jump: the value changes by {few([number(j, 6) for j in jumps])} at once; {sides}"
        return ("jump" if _can_be_chosen(ad, slope, rtol) else "wrong"), text
    if slope.kind == "kink":
        return ("kink" if _can_be_chosen(ad, slope, rtol) else "wrong"), f"kink: {sides}"
    if math.isinf(slope.value) or math.isinf(ad):
        return ("ok", "") if ad == slope.value else ("wrong", f"they say {number(slope.value)}")
    with_error = f"{number(slope.value, 10)} {PLUS_MINUS} {slope.error:.0e}"
    if agree(ad, slope.value, rtol, max(slope.error, 1e-12 * slope.scale)):
        if slope.kind == "unclear" or _is_blurred(slope, ad):
            return "unclear", f"the differences are too noisy to tell: {with_error}"
        one_sided = "from one side: the function has no values on the other"
        return "ok", one_sided if slope.kind == "edge" else ""
    if slope.kind == "unclear":
        return "unclear", f"the differences do not settle: {with_error}"
    return "wrong", f"they say {with_error}, it says {number(ad, 10)}"


def _is_blurred(slope: Slope, ad: float) -> bool:
    """Whether the error would hide a derivative that is quite wrong."""
    error = SAFETY * slope.error - 1e4 * slope.rounding
    return error > 1e-2 * max(abs(ad), abs(slope.value)) and error > 1e-3 * slope.scale


def _can_be_chosen(x: float, slope: Slope, rtol: float) -> bool:
    """Whether a number may be the derivative at a kink: from that of one side to the other's."""
    sides = [side for side in (slope.left, slope.right) if not math.isnan(side)]
    if not sides:
        return False
    margin = max(rtol * max(map(abs, sides)), 1e-3 * slope.scale * rtol**0.5)
    return math.isinf(margin) or min(sides) - margin <= x <= max(sides) + margin


def _relative_error(a: float, b: float) -> float:
    if a == b:
        return 0.0
    largest = max(abs(a), abs(b))
    return abs(a - b) / largest if math.isfinite(largest) else math.nan
