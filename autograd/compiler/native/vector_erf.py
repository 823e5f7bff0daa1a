"""erf of the eight lanes of AVX-512, which picks from sixteen numbers in one step: glibc's, whose
table stands in memory, takes several times as long.

erf(x) / x is a polynomial in the distance of |x| from the nearest of 16 centers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Final

from autograd.compiler.native.llvm_writer import Text, double
from autograd.compiler.native.polynomials import UNIT, economized, fixed_product

__all__ = ["OWN_ERF", "coefficients", "erf"]

OWN_ERF: Final = "erf here"
"""In the place of the name of a function of the vector library."""

CENTERS: Final = 16
STEP: Final = 0.4  # from one to the next, the first of which is 0
LAST: Final = 6.19  # a number whose nearest center is the last one
ONE_FROM: Final = 5.925  # erf of this, and of all that is larger, is rounded to 1
DEGREE: Final = 12
TERMS: Final = 22  # of a series, whose last ones lower ones stand in for then
TWO_OVER_SQRT_PI: Final = round(
    Fraction("1.12837916709551257389615890312154517168810125866") * UNIT
)
CENTER: Final = round(Fraction(STEP) * UNIT)
REACH: Final = round(Fraction("0.2002") * UNIT)  # from a center, with the rounding of that

EIGHT: Final = "<8 x double>"
COUNTS_ONES: Final = 1.5 * 2.0**52  # the last bit of this, and of numbers near it, is 1


def erf(text: Text, x: str) -> str:
    """Append the instructions; the operand that holds the result."""
    size = _called(text, "fabs", x)
    # NaN is not larger than any number, and stays.
    is_far = text.set(f"fcmp olt {EIGHT} {_everywhere(LAST)}, {size}")
    near = text.set(f"select <8 x i1> {is_far}, {EIGHT} {_everywhere(LAST)}, {EIGHT} {size}")
    moved = _called(text, "fma", near, _everywhere(1.0 / STEP), _everywhere(COUNTS_ONES))
    center = text.set(f"fsub {EIGHT} {moved}, {_everywhere(COUNTS_ONES)}")
    rest = _called(text, "fma", center, _everywhere(-STEP), near)
    which = text.set(f"bitcast {EIGHT} {moved} to <8 x i64>")
    square = text.set(f"fmul {EIGHT} {rest}, {rest}")
    # The even and the odd powers side by side: so few of them have to wait for each other.
    first, *others = coefficients()
    odd, even = (_polynomial(text, square, which, others[start::2]) for start in (0, 1))
    slope = _called(text, "fma", even, rest, odd)
    quotient = _called(text, "fma", slope, rest, _picked(text, first, which))
    product = text.set(f"fmul {EIGHT} {near}, {quotient}")
    is_one = text.set(f"fcmp olt {EIGHT} {_everywhere(ONE_FROM)}, {size}")
    out = text.set(f"select <8 x i1> {is_one}, {EIGHT} {_everywhere(1.0)}, {EIGHT} {product}")
    return _called(text, "copysign", out, x)


def _polynomial(text: Text, x: str, which: str, rows: Sequence[Sequence[float]]) -> str:
    """By Horner's rule, each coefficient that of a lane's own center."""
    out, *others = [_picked(text, row, which) for row in reversed(rows)]
    for coefficient in others:
        out = _called(text, "fma", out, x, coefficient)
    return out


def _everywhere(x: float) -> str:
    return _vector([x] * 8)


def _vector(numbers: Sequence[float]) -> str:
    return "<" + ", ".join([f"double {double(x)}" for x in numbers]) + ">"


def _called(text: Text, name: str, *operands: str) -> str:
    function, kinds = f"@llvm.{name}.v8f64", ", ".join([EIGHT] * len(operands))
    text.declarations.add(f"declare {EIGHT} {function}({kinds})")
    return text.set(f"call {EIGHT} {function}({', '.join([f'{EIGHT} {x}' for x in operands])})")


def _picked(text: Text, numbers: Sequence[float], which: str) -> str:
    """In each lane the one of sixteen numbers whose place is in the last bits there."""
    function = "@llvm.x86.avx512.vpermi2var.pd.512"
    text.declarations.add(f"declare {EIGHT} {function}({EIGHT}, <8 x i64>, {EIGHT})")
    low, high = _vector(numbers[:8]), _vector(numbers[8:])
    return text.set(f"call {EIGHT} {function}({EIGHT} {low}, <8 x i64> {which}, {EIGHT} {high})")


@cache
def coefficients() -> list[list[float]]:
    """For each power, from the 0th, its coefficients at all centers."""
    rows = [economized(_series(i * CENTER), DEGREE, REACH) for i in range(CENTERS)]
    return [[row[k] / UNIT for row in rows] for k in range(DEGREE + 1)]


def _series(center: int) -> list[int]:
    """The Taylor series of erf(x) / x."""
    if center == 0:
        even = _powers(UNIT)[: TERMS // 2]
        return [x for term in even for x in (term, 0)]
    # erf' = 2 / sqrt(pi) exp(-x**2) =: g, and g' = -2 x g. From erf(x) = x e(x) follows, term by
    # term, erf[k] = center e[k] + e[k - 1].
    slopes = [fixed_product(TWO_OVER_SQRT_PI, _exponential(-fixed_product(center, center)))]
    for k in range(TERMS):
        before = slopes[k - 1] if k else 0
        slopes.append(-2 * (fixed_product(center, slopes[k]) + before) // (k + 1))
    out = [sum(_powers(fixed_product(center, center)))]
    for k in range(1, TERMS):
        out.append((slopes[k - 1] // k - out[k - 1]) * UNIT // center)
    return out


def _powers(square: int) -> list[int]:
    """The terms of 2 / sqrt(pi) (1 - x**2 / 3 + x**4 / 10 - x**6 / 42 ...), for x**2."""
    out, power = [], TWO_OVER_SQRT_PI
    for k in range(200):
        out.append(power // (2 * k + 1))
        power = -fixed_product(power, square) // (k + 1)
    return out


def _exponential(x: int) -> int:
    out = term = UNIT
    for k in range(1, 200):
        term = fixed_product(term, x) // k
        out += term
    return out
