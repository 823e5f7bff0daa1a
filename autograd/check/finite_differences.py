"""Derivatives from the values of a function alone: what a gradient is checked against.

Difference quotients over a range of steps, extrapolated to step 0: Richardson's extrapolation, with
the error estimate and the choice among the columns that C. J. F. Ridders gave ("Accurate
computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982) 75-76). The same
function values give three derivatives, the central one (the error of a quotient is a series in the
step squared) and those from the left and from the right (a series in the step). Where the two sides
differ there is a kink; where the value itself does not settle there is a jump.

A step is never trusted alone. Large steps see past what happens near x, small ones drown in
rounding: so wherever two ranges of steps disagree beyond their errors, the smaller steps win, and
every error includes what the noise of the function makes of it.

The complex step is not used: it would need functions of complex numbers, and most of those that are
differentiated here compare, select, or take absolute values.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["Slope", "differentiate"]

Real = Callable[[float], float]
Sides = tuple[float, float]  # of the left and of the right

EPSILON: Final = sys.float_info.epsilon
ROWS: Final = 8  # of the widest range of steps, each half of the one before
FEWER: Final = 4  # of all others
TRUSTED: Final = 1e-6  # relative error with which a derivative counts as found
SIDES: Final = 1e-5  # relative difference of the two sides from which there is a kink
FAR: Final = 10.0  # errors: estimates further apart than that contradict each other


class _Estimate(NamedTuple):
    value: float
    error: float

    def contradicts(self, other: _Estimate, margin: float = 0.0) -> bool:
        apart = abs(self.value - other.value)
        allowed = margin * max(abs(self.value), abs(other.value))
        return apart > allowed + FAR * (self.error + other.error)


NOTHING: Final = _Estimate(math.nan, math.inf)


@dataclass(frozen=True, slots=True)
class Slope:
    """A derivative as differences show it.

    kind: "smooth"; "kink", where the derivatives from the left and the right differ; "jump", where
    the value itself does; "edge", where the function has values on one side only; "infinite";
    "unclear", where the differences do not settle; "undefined", where f(x) is not finite.

    value, error: the derivative (at a kink or jump NaN) and an estimate of its error. left, right:
    from that side alone, NaN where there is none. jump_left, jump_right: what the value changes by,
    at once, on the way from x to that side. scale: of the slopes around; rounding: the slope that
    the rounding of f alone makes over the distance 1, or |x|.
    """

    kind: str
    value: float = math.nan
    error: float = math.inf
    left: float = math.nan
    right: float = math.nan
    jump_left: float = 0.0
    jump_right: float = 0.0
    scale: float = 0.0
    rounding: float = 0.0


def differentiate(f: Real, x: float, expected: float = math.nan) -> Slope:
    """The derivative of a function of one number at x, from about 25 of its values.

    A value of f that is not finite means that x is outside its domain. `expected` is what the
    derivative is thought to be; where the first two ranges of steps do not confirm it, eight more
    are tried before it is contradicted, and the noise of f is measured.

    >>> import math
    >>> slope = differentiate(math.exp, 1.0, expected=math.e)
    >>> slope.kind, abs(slope.value - math.e) < 1e-10
    ('smooth', True)
    >>> slope = differentiate(abs, 0.0)
    >>> slope.kind, slope.left, slope.right
    ('kink', -1.0, 1.0)
    """
    probe = _Probe(f, x)
    if not math.isfinite(probe.base):
        return Slope("undefined")
    unit = max(abs(x), 1.0)
    probe.walk(0.1 * unit, ROWS)
    probe.walk(1e-4 * unit, FEWER)
    if not probe.confirms(expected):
        probe.search(unit)
    return probe.slope()


class _Probe:
    """The values of a function around x that have been asked for, and what follows from them."""

    def __init__(self, f: Real, x: float) -> None:
        self.f = f
        self.x = x
        self.base = f(x)
        self.noise = EPSILON * abs(self.base)
        self.ranges: dict[float, list[tuple[float, float, float, float]]] = {}

    def walk(self, start: float, rows: int) -> None:
        """A range of steps: `start`, and half as much each time."""
        taken = []
        for k in range(rows):
            up, down = self.x + start / 2**k, self.x - start / 2**k
            if up == self.x or down == self.x or math.isinf(up) or math.isinf(down):
                break
            f_up, f_down = self.f(up), self.f(down)
            taken.append((up - self.x, f_up - self.base, self.x - down, self.base - f_down))
        self.ranges[start] = taken

    def search(self, unit: float) -> None:
        """Every other range of steps, and the noise."""
        for exponent in (-2, -3, -5, -6, -8, 0, 2, 4):
            self.walk(unit * 10.0**exponent, FEWER)
        if 0.0 < abs(self.x) < 0.1:  # what is close to x for a function such as log
            self.walk(0.1 * abs(self.x), ROWS)
            self.walk(1e-3 * abs(self.x), FEWER)
        self.noise = max(self.noise, self._measured_noise())

    def _measured_noise(self) -> float:
        """The scatter of f over steps so small that a smooth function is a straight line.

        From sixth differences (J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J.
        Sci. Comput. 33 (2011) 1292-1314). From each side on its own, and the calmer one counts: a
        jump at x is not noise.
        """
        unit = abs(self.x) or 1e-3
        noise = 0.0
        for step in (1e-6 * unit, 1e-7 * unit, 3.7e-9 * unit, 1.3e-10 * unit):
            sides = [self._scatter(step), self._scatter(-step)]
            noise = max(noise, min((side for side in sides if math.isfinite(side)), default=0.0))
        return noise

    def _scatter(self, step: float) -> float:
        values = [self.f(self.x + k * step) for k in range(1, 8)]
        for _ in range(6):
            values = [b - a for a, b in pairwise(values)]
        return abs(values[0]) / math.sqrt(924.0)  # C(12, 6): what independent errors add up to

    @property
    def scale(self) -> float:
        """The steepest quotient among the widest steps that can be taken."""
        for start in sorted(self.ranges, reverse=True):
            pairs = [pair for row in self.ranges[start] for pair in (row[:2], row[2:])]
            steep = [abs(change / h) for h, change in pairs if math.isfinite(change)]
            if steep and start <= 0.1 * max(abs(self.x), 1.0):
                return max(steep)
        return 0.0

    def estimate(self, side: str) -> _Estimate:
        """The derivative from the "left", the "right", or from both ("central")."""
        best = NOTHING
        for start in sorted(self.ranges, reverse=True):
            found = self._extrapolated(self.ranges[start], side)
            if found.error == math.inf:
                continue
            if found.error < best.error or found.contradicts(best):
                best = found
        return best

    def _extrapolated(self, rows: list[tuple[float, float, float, float]], side: str) -> _Estimate:
        ratio = 4.0 if side == "central" else 2.0
        best = NOTHING
        before: list[float] = []
        for up, rise, down, fall in rows:
            h, change = {"right": (up, rise), "left": (down, fall)}.get(
                side, (up + down, rise + fall)
            )
            if not math.isfinite(change):
                before = []
                continue
            line = [change / h]
            rounding = (2.0 if side == "central" else 8.0) * self.noise / h
            for k, above in enumerate(before):
                line.append(line[k] + (line[k] - above) / (ratio ** (k + 1) - 1.0))
                if len(before) < 2:  # two quotients may agree by chance
                    continue
                error = max(abs(line[k + 1] - line[k]), abs(line[k + 1] - above)) + rounding
                if error < best.error:
                    best = _Estimate(line[k + 1], error)
            before = line
        return best

    def confirms(self, expected: float) -> bool:
        """Whether f is smooth here for all that one can see, with the derivative expected."""
        central, left, right = map(self.estimate, ("central", "left", "right"))
        return (
            all(map(math.isfinite, (expected, central.error, left.error, right.error)))
            and self._settled(central, left, right)
            and (self._sharp(central) or abs(expected) <= 1e-3 * self._rounding)
            and not central.contradicts(_Estimate(expected, 0.0), TRUSTED)
        )

    def _settled(self, central: _Estimate, left: _Estimate, right: _Estimate) -> bool:
        """Whether there is one derivative, known with a small error from either side."""
        sharp = self._sharp(central) or central.error <= 1e3 * self._rounding
        sides = self._good(left) and self._good(right)
        return sharp and sides and not left.contradicts(right, SIDES)

    @property
    def _rounding(self) -> float:
        """The slope that the rounding of f makes over the distance 1, or x if it is larger."""
        return EPSILON * abs(self.base) / max(abs(self.x), 1.0)

    def _sharp(self, found: _Estimate) -> bool:
        """Whether the error is small next to the derivative, or to the slopes around."""
        return found.error <= max(TRUSTED * abs(found.value), 1e-10 * self.scale)

    def _good(self, found: _Estimate) -> bool:
        """Whether the error leaves no doubt about the derivative on the whole."""
        return (
            found.error <= 1e3 * self._rounding
            or found.error <= 1e-2 * abs(found.value)
            or found.error <= 1e-4 * self.scale
        )

    def slope(self) -> Slope:
        """What all of it says."""
        central, left, right = map(self.estimate, ("central", "left", "right"))
        sides = left.value, right.value
        if self._settled(central, left, right):
            return self._as("smooth", central, sides)
        jumps = self._jump(-1.0), self._jump(1.0)
        if any(jumps):
            beyond = (
                self._beyond(-1.0) if jumps[0] else left.value,
                self._beyond(1.0) if jumps[1] else right.value,
            )
            return self._as("jump", NOTHING, beyond, jumps)
        steep = self._divergence(-1.0) or left.value, self._divergence(1.0) or right.value
        if any(map(math.isinf, steep)):
            known = {side for side in steep if not math.isnan(side)}
            if len(known) == 1:
                return self._as("infinite", _Estimate(known.pop(), 0.0), steep)
            return self._as("kink", _Estimate(math.nan, 0.0), steep)
        if math.isinf(left.error) and math.isinf(right.error):
            return self._as("unclear", NOTHING, sides)
        if math.isinf(left.error) or math.isinf(right.error):
            return self._as("edge", min(left, right, key=lambda e: e.error), sides)
        if left.contradicts(right, SIDES) and self._good(left) and self._good(right):
            return self._as("kink", NOTHING, sides)
        return self._as("smooth" if self._good(central) else "unclear", central, sides)

    def _as(self, kind: str, found: _Estimate, sides: Sides, jumps: Sides = (0.0, 0.0)) -> Slope:
        return Slope(kind, *found, *sides, *jumps, self.scale, self._rounding)

    def _near(self, sign: float) -> list[tuple[float, float]]:
        """(step, change of f) for ever smaller steps to one side, as far as rounding lets them."""
        unit = abs(self.x) or 1e-3
        near = []
        for exponent in range(3, 14):
            x = self.x + sign * unit * 10.0**-exponent
            change = self.f(x) - self.base
            if x != self.x and math.isfinite(change):
                near.append((x - self.x, change))
        return near

    def _jump(self, sign: float) -> float:
        """What f changes by at once: as much over a tiny step as over a small one; else 0."""
        changes = [change for _, change in self._near(sign)]
        sizes = [abs(change) for change in changes]
        if len(sizes) < 5 or min(sizes[-5:]) <= 100.0 * self.noise:
            return 0.0
        return changes[-1] if min(sizes[-5:]) > 0.7 * max(sizes[-5:]) else 0.0

    def _beyond(self, sign: float) -> float:
        """The derivative on the far side of a jump."""
        unit = max(abs(self.x), 1.0)
        probe = _Probe(self.f, self.x + sign * 1e-9 * unit)
        probe.walk(1e-4 * unit, ROWS)
        return probe.estimate("right" if sign > 0 else "left").value

    def _divergence(self, sign: float) -> float:
        """inf or -inf where the quotients grow without end, as those of sqrt at 0; else 0."""
        rounding = EPSILON * abs(self.base)  # next to such a place, the measured noise is none
        clear = [(h, change) for h, change in self._near(sign) if abs(change) > 100.0 * rounding]
        quotients = [change / h for h, change in clear]
        grows = all(b / a > 1.1 for a, b in pairwise(quotients) if a and b)
        if len(quotients) < 6 or not grows or abs(quotients[-1]) < 5.0 * abs(quotients[0]):
            return 0.0
        return math.copysign(math.inf, quotients[-1])
