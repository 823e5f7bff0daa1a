"""Functions of `ieee` once more, without branches: how a primitive is lowered for compiled code.

A compiler has no `if` for numbers that it doesn't know yet. So here a comparison gives a truth
value, and `select` chooses by it among results that are both computed. Operands are the compiler's
(`autograd.compiler.ir.lowering.Symbol`); they have the operators of a number, `is_equal`, `is_nan`,
and truth values the operators & | ^ ~. Bit for bit the functions say the same as those of `ieee`
that they are named after (of `special` and `statistics` too); the sources of formulas stand there.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

from autograd.engine import ieee
from autograd.engine.primitive import TABLE

__all__ = ["select"]  # and every function below, as in `ieee`


def _primitive(name: str) -> Callable[..., Any]:
    """One of the table, which is made after these functions."""

    def call(*inputs: Any) -> Any:
        return TABLE[name](*inputs)

    return call


cosh = _primitive("cosh")
erfc = _primitive("erfc")
exp = _primitive("exp")
floor = _primitive("floor")
fmod = _primitive("fmod")
log = _primitive("log")
log1p = _primitive("log1p")
round_ = _primitive("round")
sin = _primitive("sin")
sqrt = _primitive("sqrt")


def select(truth: Any, a: Any, b: Any) -> Any:
    """a where the truth value holds, else b."""
    return truth.select(a, b)


def copysign(x: Any, y: Any) -> Any:
    """Where y is not NaN, or the result NaN or left out."""
    return y.lends_sign(x)


def is_finite(x: Any) -> Any:
    # Of a comparison with infinity LLVM makes a test of bits, in another kind of register.
    return abs(x) <= sys.float_info.max


def maximum(a: Any, b: Any) -> Any:
    return select(a.is_nan() | b.is_nan(), math.nan, select(a >= b, a, b))


def minimum(a: Any, b: Any) -> Any:
    return select(a.is_nan() | b.is_nan(), math.nan, select(a <= b, a, b))


def clip(x: Any, lo: Any, hi: Any) -> Any:
    return minimum(maximum(x, lo), hi)


def modulo(a: Any, b: Any) -> Any:
    """As CPython's float_rem: fmod, moved into the sign of the divisor."""
    rest = fmod(a, b)
    moved = select((b < 0.0) ^ (rest < 0.0), rest + b, rest)
    return select(rest.is_equal(0.0), copysign(0.0, b), moved)


def floor_divide(a: Any, b: Any) -> Any:
    """As CPython's float_floor_div; infinite or NaN where b is 0 or a is infinite."""
    rest = fmod(a, b)
    quotient = (a - rest) / b
    apart = ~rest.is_equal(0.0) & ((b < 0.0) ^ (rest < 0.0))
    quotient = select(apart, quotient - 1.0, quotient)
    whole = floor(quotient)
    whole = select(quotient - whole > 0.5, whole + 1.0, whole)
    out = select(quotient.is_equal(0.0), copysign(0.0, a / b), whole)
    return select(b.is_equal(0.0) | abs(a).is_equal(math.inf), a / b, out)


def exp_difference(a: Any, b: Any) -> Any:
    difference = a - b
    e = exp(difference)
    lost = difference - a
    rest = (a - (difference - lost)) - (b + lost)
    return select((e > 0.0) & (e < math.inf), e + e * rest, e)


def xlogy(x: Any, y: Any) -> Any:
    return select(x.is_equal(0.0) & ~y.is_nan(), 0.0, x * log(y))


def xlog1py(x: Any, y: Any) -> Any:
    return select(x.is_equal(0.0) & ~y.is_nan(), 0.0, x * log1p(y))


def sinc_of(x: Any) -> Any:
    whole = round_(x)
    wave = sin(math.pi * (x - whole))
    wave = select(fmod(whole, 2.0).is_equal(0.0), wave, -wave)
    out = select(abs(x) < math.inf, wave / math.pi / x, select(x.is_nan(), math.nan, 0.0))
    return select(x.is_equal(0.0), 1.0, out)


def sech2(x: Any) -> Any:
    s = 1.0 / cosh(x)
    return s * s


def exp_square(x: Any, c: Any) -> Any:
    scaled = ieee.SPLITTER * x
    head = scaled - (scaled - x)
    out = exp(c * head * head) * exp(c * (x - head) * (x + head))
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, 0.0))


def normal_cdf(x: Any) -> Any:
    z = x * ieee.SQRT_HALF
    scaled = ieee.SPLITTER * x
    head = scaled - (scaled - x)
    tail = x - head
    split = ieee.SPLITTER * ieee.SQRT_HALF
    c_head = split - (split - ieee.SQRT_HALF)
    c_tail = ieee.SQRT_HALF - c_head
    rest = ((head * c_head - z) + head * c_tail + tail * c_head) + tail * c_tail
    rest = rest + x * ieee.SQRT_HALF_REST
    out = 0.5 * (erfc(-z) + ieee.TWO_OVER_SQRT_PI * TABLE["exp_square"](z, -1.0) * rest)
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, select(x > 0.0, 1.0, 0.0)))


def sigmoid(x: Any) -> Any:
    e = exp(-abs(x))
    return select(x >= 0.0, 1.0, e) / (1.0 + e)


def softplus(x: Any) -> Any:
    return select(x > 0.0, x + log1p(exp(-abs(x))), log1p(exp(-abs(x))))


def softsign(x: Any) -> Any:
    return select(abs(x).is_equal(math.inf), copysign(1.0, x), x / (1.0 + abs(x)))


# -- over any number of inputs ---------------------------------------------------------------------


def sum_of(*xs: Any) -> Any:
    total: Any = 0.0
    for x in xs:
        total = total + x
    return total


def product(*xs: Any) -> Any:
    total: Any = 1.0
    for x in xs:
        total = total * x
    return total


def dot_of(*xs: Any) -> Any:
    half = len(xs) // 2
    total: Any = 0.0
    for x, y in zip(xs[:half], xs[half:], strict=True):
        total = total + x * y  # at once: so of a loop over them nothing is kept but the sum
    return total


def _deviations(xs: tuple[Any, ...]) -> list[Any]:
    shifted = [x - xs[0] for x in xs]
    middle = sum_of(*shifted) / float(len(xs))
    return [x - middle for x in shifted]


def variance_of(*xs: Any) -> Any:
    return sum_of(*[x * x for x in _deviations(xs)]) / float(len(xs))


def deviation_of(*xs: Any) -> Any:
    deviations = _deviations(xs)
    out = norm_of(*deviations) / math.sqrt(len(xs))
    return select(reduce(operator.or_, [x.is_nan() for x in deviations]), math.nan, out)


def largest(*xs: Any) -> Any:
    return reduce(maximum, xs, xs[0])


def smallest(*xs: Any) -> Any:
    return reduce(minimum, xs, xs[0])


HUGE_SQUARE: Final = 2.0**480
"""Between its reciprocal and this a square has the full precision, its rounding error too."""
STEP: Final = 2.0**600
SPLITTER: Final = 2.0**27 + 1.0


def norm_of(*xs: Any) -> Any:
    """Rounded correctly but for the rarest of numbers, as Python's hypot: squares and their sum
    with the errors of rounding (Dekker 1971, Knuth), then one step of Newton's from the root."""
    sizes = [abs(x) for x in xs]
    top = sizes[0]
    infinite = top.is_equal(math.inf)
    for size in sizes[1:]:
        top = maximum(top, size)
        infinite = infinite | size.is_equal(math.inf)
    small, large = top < 1.0 / HUGE_SQUARE, top > HUGE_SQUARE
    scale = select(large, 1.0 / STEP, select(small, STEP, 1.0))
    back = select(large, STEP, select(small, 1.0 / STEP, 1.0))
    total: Any = 0.0
    rest: Any = 0.0
    for size in sizes:
        square, error = _squared(size * scale)
        new = square + total
        added = new - total
        rest = rest + ((total - (new - added)) + (square - added)) + error
        total = new
    root = sqrt(total + rest)
    square, error = _squared(root)
    out = (root + ((total - square) - error + rest) / (root + root)) * back
    return select(infinite, math.inf, select(top.is_equal(0.0), 0.0, out))


def _squared(x: Any) -> tuple[Any, Any]:
    """The square as rounded, and what was lost."""
    square = x * x
    shifted = x * SPLITTER
    high = shifted - (shifted - x)
    low = x - high
    return square, ((high * high - square) + (high + high) * low) + low * low


def logsumexp_of(*xs: Any) -> Any:
    top = largest(*xs)
    return select(is_finite(top), top + log1p(_beside(top, xs)), top)


def beside(pivot: Any, *xs: Any) -> Any:
    return _beside(pivot, xs)


def share(x: Any, pivot: Any, others: Any) -> Any:
    return select(x.is_equal(pivot), 1.0, exp_difference(x, pivot)) / (1.0 + others)


def log_share(x: Any, pivot: Any, others: Any) -> Any:
    return select(x.is_equal(pivot), 0.0, x - pivot) - log1p(others)


def softmax_first(*xs: Any) -> Any:
    top = largest(*xs)
    return share(xs[0], top, beside(top, *xs))


def log_softmax_first(*xs: Any) -> Any:
    top = largest(*xs)
    return log_share(xs[0], top, beside(top, *xs))


def _beside(top: Any, xs: tuple[Any, ...]) -> Any:
    """The sum of exp(x - top) over all but the first of the largest."""
    total: Any = 0.0
    skipped: Any = None
    for x in xs:
        is_top = x.is_equal(top)
        skip = is_top if skipped is None else is_top & ~skipped
        skipped = is_top if skipped is None else skipped | is_top
        total = total + select(skip, 0.0, exp_difference(x, top))
    return total
