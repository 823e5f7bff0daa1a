"""What a processor does for several rows at once: how many numbers fit into one of its vectors, and
functions for vectors.

Some functions are written here in arithmetic that has no branches, where the processor multiplies
and adds in one rounding: exp, the hyperbolic tangent with its derivative, which share all their
work, and the normal distribution. glibc has most others for vectors, in libmvec. Both are within 4
units in the last place. Otherwise the ordinary library is called for one lane after the other; and
always for what decisions hang on, so that they are those of the rows one by one.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import cache
from platform import machine
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.lowering import LIBRARY, Symbol, lower, select
from autograd.compiler.ir.passes import prune, writer
from autograd.compiler.ir.program import Program, needed_for
from autograd.compiler.native.machine import cpu, library_has
from autograd.engine import ieee
from autograd.engine.primitives import TABLE

__all__ = ["Vectors", "host_vectors", "in_vectors"]

LIBMVEC: Final = "libmvec.so.1"
LETTERS: Final = {2: "b", 4: "d", 8: "e"}  # of the instruction sets in libmvec's names
BINARY: Final = frozenset(["pow", "atan2", "hypot", "fmod"])


class Vectors(NamedTuple):
    """How many lanes; the name of the vector form of library functions that have one; whether the
    functions of this module are used; whether a vector is scaled by powers of two in one step."""

    lanes: int
    names: Mapping[str, str]
    own: bool
    scales: bool


@cache
def host_vectors(lanes: int = 0, library: bool = True, own: bool = True) -> Vectors:
    """This processor's vectors. `lanes` other than 0 asks for that many (any number works on any
    processor); libmvec and the functions of this module can be left out."""
    features = cpu()[1].split(",")
    widest = 8 if "+avx512f" in features else 4 if "+avx2" in features else 2
    lanes = lanes or widest
    fused = "+fma" in features or machine() in ("aarch64", "arm64")
    return Vectors(
        lanes,
        _libmvec(lanes) if library and lanes <= widest else {},
        own and fused and lanes > 1,
        lanes == widest == 8,
    )


def _libmvec(lanes: int) -> dict[str, str]:
    letter = LETTERS.get(lanes)
    if letter is None or sys.platform != "linux" or machine() != "x86_64":
        return {}
    names = {
        name: f"_ZGV{letter}N{lanes}{'vv' if name in BINARY else 'v'}_{name}" for name in LIBRARY
    }
    return {name: symbol for name, symbol in names.items() if library_has(LIBMVEC, symbol)}


def in_vectors(program: Program, vectors: Vectors) -> Program:
    """The program in instructions, with the functions of this module for what no decision hangs
    on."""
    making = writer()
    decisive = needed_for(program, [guard.register for guard in program.guards])
    new: list[int] = []
    for op, is_decisive in zip(program.code, decisive, strict=True):
        if op.name == "const":
            new.append(making.const(op.value))
        elif op.name == "input":
            new.append(making.input(int(op.value)))
        else:
            making.rules = RULES if vectors.own and not is_decisive else {}
            new.append(lower(making, op.name, *[new[i] for i in op.operands]))
    return prune(
        Program(
            tuple(making.code),
            program.inputs,
            tuple([new[i] for i in program.outputs]),
            tuple([guard._replace(register=new[guard.register]) for guard in program.guards]),
        )
    )


# -- functions -------------------------------------------------------------------------------------

LOG2_E: Final = 1.4426950408889634
LN_2: Final = 0.6931471805599453  # nearest double to log(2) ...
LN_2_REST: Final = 2.3190468138462996e-17  # ... and what that rounding left out
TERMS: Final = 13  # of the exponential series; the next is below 1e-17 where it is used

rounded = TABLE["round"]
copysign = TABLE["copysign"]
erfc = TABLE["erfc"]


def _fma(a: Any, b: Any, c: Any) -> Symbol:
    """a * b + c, rounded once."""
    symbol = next(x for x in (a, b, c) if isinstance(x, Symbol))
    return symbol._emit("fma", a, b, c)


def _scale(x: Any, n: Symbol) -> Symbol:
    """x * 2**n, for whole n from -2040 to 2040."""
    return n._emit("scale", x, n)


def _reduced(x: Symbol) -> tuple[Symbol, Symbol]:
    """exp(x) = (1 + q) * 2**n: q (which keeps its digits where it is small) and n."""
    n = rounded(x * LOG2_E)
    r = _fma(n, -LN_2_REST, _fma(n, -LN_2, x))
    series: Any = 1.0 / math.factorial(TERMS)
    for i in range(TERMS - 1, 1, -1):
        series = _fma(series, r, 1.0 / math.factorial(i))
    return _fma(r * r, series, r), n


def _exp(x: Symbol) -> Symbol:
    inside = select(x < -746.0, -746.0, select(x > 710.0, 710.0, x))
    q, n = _reduced(inside)
    return _scale(1.0 + q, n)


def _halves(x: Symbol) -> tuple[Symbol, Symbol, Symbol, Symbol, Symbol]:
    """Of e = exp(-2 |x|), which is (1 + q) * 2**n: q, n, e - 1, 1 + e and 1 / (1 + e)."""
    twice = abs(x) * -2.0
    q, n = _reduced(select(twice < -1400.0, -1400.0, twice))
    power = _scale(1.0, n)
    below_one = _fma(q, power, power - 1.0)
    above_one = 2.0 + below_one
    return q, n, below_one, above_one, 1.0 / above_one


def _tanh(x: Symbol) -> Symbol:
    """(1 - e) / (1 + e)"""
    _, _, below_one, _, inverse = _halves(x)
    out: Symbol = copysign(below_one * inverse, x)
    return out


def _sech2(x: Symbol) -> Symbol:
    """4 e / (1 + e)**2; what the division loses in rounding is put back to first order."""
    q, n, _, above_one, inverse = _halves(x)
    square = inverse * inverse
    lost = _fma(-above_one, inverse, 1.0)
    return _scale(_fma(4.0, q, 4.0) * _fma(square, lost + lost, square), n)


def _exp_square(x: Symbol, c: Symbol) -> Symbol:
    """exp(c x**2); what the square loses in rounding is put back to first order."""
    square = x * x
    e = _exp(c * square)
    out = _fma(e, c * _fma(x, x, -square), e)
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, 0.0))


def _normal_cdf(x: Symbol) -> Symbol:
    """erfc(-x / sqrt(2)) / 2; what the quotient loses in rounding is put back to first order. Its
    derivative needs the same exponential."""
    z = x * ieee.SQRT_HALF
    rest = _fma(x, ieee.SQRT_HALF, -z) + x * ieee.SQRT_HALF_REST
    slope = ieee.TWO_OVER_SQRT_PI * x._emit("exp_square", x, -0.5)
    out = 0.5 * _fma(slope, rest, erfc(-z))
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, select(x > 0.0, 1.0, 0.0)))


RULES: Final[dict[str, Callable[..., Symbol]]] = {
    "exp": _exp,
    "tanh": _tanh,
    "sech2": _sech2,
    "exp_square": _exp_square,
    "normal_cdf": _normal_cdf,
}
