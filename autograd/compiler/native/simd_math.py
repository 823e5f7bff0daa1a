"""Functions of whole vectors, and programs that use them: exp, tanh with its derivative,
normal_cdf.

Written in arithmetic that has no branches, for a processor that multiplies and adds in one
rounding (tanh and its derivative are computed together). Each is within 4 units in the last place,
as libmvec's are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.compiler.ir.lowering import Symbol, lower, lowered, select, templates_by
from autograd.compiler.ir.passes import writer
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import needed_for, rewritten_and_pruned
from autograd.compiler.native.simd_target import Vectors
from autograd.engine import ieee
from autograd.engine.primitives import TABLE

__all__ = ["in_vectors"]


def in_vectors(program: Program, vectors: Vectors) -> Program:
    """The program in instructions, with the functions of this module for what no decision hangs
    on."""
    if vectors.own and not program.guards:
        return rewritten_and_pruned(program, writer(), templates=TEMPLATES)
    if not vectors.own:
        return lowered(program)
    making = writer()
    decisive = needed_for(program, [guard.register for guard in program.guards])
    is_next_decisive = iter(
        [
            is_decisive
            for op, is_decisive in zip(program.code, decisive, strict=True)
            if op.name not in ("const", "input")
        ]
    )

    def emit(name: str, *operands: int) -> int:
        making.rules = {} if next(is_next_decisive) else VECTOR_RULES
        return lower(making, name, *operands)

    return rewritten_and_pruned(program, making, emit)


# -- functions -------------------------------------------------------------------------------------
LOG2_E: Final = 1.4426950408889634
LN_2: Final = 0.6931471805599453  # nearest double to log(2) ...
LN_2_REST: Final = 2.3190468138462996e-17  # ... and what that rounding left out
SERIES: Final = [1.0 / math.factorial(i) for i in range(2, 14)]
"""Of exp(r) = 1 + r + r**2 (...); the next term is below 1e-17 where it is used."""
COUNTS_ONES: Final = 1.5 * 2.0**52  # the last bit of this, and of numbers near it, is 1

erfc = TABLE["erfc"]


def _fma(a: Any, b: Any, c: Any) -> Symbol:
    """a * b + c, rounded once."""
    symbol = next(x for x in (a, b, c) if isinstance(x, Symbol))
    return symbol.emit("fma", a, b, c)


def _scale(x: Any, n: Symbol) -> Symbol:
    """x * 2**n, for whole n from -2040 to 2040."""
    return n.emit("scale", x, n)


def _reduced(x: Symbol) -> tuple[Symbol, Symbol]:
    """exp(x) = (1 + q) * 2**n: q (which keeps its digits where it is small) and n."""
    # Cody and Waite's reduction: x less n log(2), in two steps for a log(2) of twice the digits.
    n = _fma(x, LOG2_E, COUNTS_ONES) - COUNTS_ONES
    r = _fma(n, -LN_2_REST, _fma(n, -LN_2, x))
    # By Horner's rule, the even and the odd powers side by side; without the first term, 1: beside
    # it q would lose the digits for which this is also exp(x) - 1.
    square = r * r
    even, odd = (_polynomial(square, SERIES[first::2]) for first in (0, 1))
    return _fma(square, _fma(odd, r, even), r), n


def _polynomial(x: Symbol, coefficients: Sequence[float]) -> Any:
    out: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        out = _fma(out, x, coefficient)
    return out


def _exp(x: Symbol) -> Symbol:
    # Beyond these it is 0 or infinite, which the scaling gives as long as n is in its range; NaN is
    # on neither side and stays NaN.
    inside = select(x < -746.0, -746.0, select(x > 710.0, 710.0, x))
    q, n = _reduced(inside)
    return _scale(1.0 + q, n)


def _halves(x: Symbol) -> tuple[Symbol, Symbol, Symbol, Symbol, Symbol]:
    """Of e = exp(-2 |x|), which is (1 + q) * 2**n: q, n, e - 1, 1 + e and 1 / (1 + e)."""
    # Of -|x|, where e is at most 1: nothing overflows, and e - 1 is a difference of exact parts.
    twice = abs(x) * -2.0
    q, n = _reduced(select(twice < -1400.0, -1400.0, twice))
    power = _scale(1.0, n)
    below_one = _fma(q, power, power - 1.0)
    above_one = 2.0 + below_one
    return q, n, below_one, above_one, 1.0 / above_one


def _tanh(x: Symbol) -> Symbol:
    """(1 - e) / (1 + e)"""
    # The derivative, if it is wanted, is computed here: the three numbers that they share need not
    # be kept for the way back.
    _sech2(x)
    _, _, below_one, _, inverse = _halves(x)
    return x.lends_sign(below_one * inverse)


def _sech2(x: Symbol) -> Symbol:
    """4 e / (1 + e)**2; what the division loses in rounding is put back to first order."""
    # Not 1 - tanh(x)**2, which has no digits left where that is close to 1.
    q, n, _, above_one, inverse = _halves(x)
    square = inverse * inverse
    lost = _fma(-above_one, inverse, 1.0)
    return _scale(_fma(4.0, q, 4.0) * _fma(square, lost + lost, square), n)


def _exp_square(x: Symbol, c: Symbol) -> Symbol:
    """exp(c x**2); what the square loses in rounding is put back to first order."""
    size = abs(x)
    near = select(size > 60.0, 60.0, size)  # from 39 on, the result is 0
    square = near * near
    power = c * square
    q, n = _reduced(select(power < -746.0, -746.0, power))
    e = _scale(1.0 + q, n)
    return _fma(e, c * _fma(near, near, -square), e)


def _normal_cdf(x: Symbol) -> Symbol:
    """erfc(-x / sqrt(2)) / 2; what the quotient loses in rounding is put back to first order. Its
    derivative needs the same exponential."""
    z = x * ieee.SQRT_HALF
    rest = _fma(x, ieee.SQRT_HALF, -z) + x * ieee.SQRT_HALF_REST
    slope = ieee.TWO_OVER_SQRT_PI * x.emit("exp_square", x, -0.5)
    out = 0.5 * _fma(slope, rest, erfc(-z))
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, select(x > 0.0, 1.0, 0.0)))


VECTOR_RULES: Final[dict[str, Callable[..., Symbol]]] = {
    "exp": _exp,
    "tanh": _tanh,
    "sech2": _sech2,
    "exp_square": _exp_square,
    "normal_cdf": _normal_cdf,
}
TEMPLATES: Final = templates_by(VECTOR_RULES)
