"""Lowering: every primitive in terms of a few dozen instructions that any machine has.

An instruction is arithmetic, a comparison, a selection, or a function of the C library; each means
in machine code, to the bit, what it means in Python. A primitive that is not an instruction has a
rule here, written with operators on `Symbol`s, whose comparisons give truth values for `select`.
The rules say the same as the forward functions of `ieee`, without branches; tests hold the two
together over the whole range of doubles.

What has neither (`lgamma`, `polygamma`, a user's primitive without a lowering) stays in the program
under its own name, and machine code calls back into Python for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from autograd.compiler.ir.passes import prune, writer
from autograd.compiler.ir.program import Program, Writer, rewritten
from autograd.engine import ieee
from autograd.engine.primitives import TABLE, Primitive

__all__ = ["BINARY", "INSTRUCTIONS", "LIBRARY", "RULES", "UNARY", "Symbol", "lowered", "select"]

UNARY: Final = frozenset(["neg", "abs", "sqrt", "floor", "ceil", "round"])
BINARY: Final = frozenset(["add", "sub", "mul", "div", "copysign"])
EXPONENTIALS: Final = ["exp", "expm1", "log", "log1p", "log2", "log10", "pow", "cbrt"]
ANGLES: Final = ["sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot"]
HYPERBOLICS: Final = ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"]
LIBRARY: Final = frozenset([*EXPONENTIALS, *ANGLES, *HYPERBOLICS, "erf", "erfc", "fmod"])
"""Functions of the C library, which have the same names there."""

INSTRUCTIONS: Final = frozenset(
    [*UNARY, *BINARY, *LIBRARY, "lt", "le", "eq", "and", "or", "not", "select", "const", "input"]
)


class Symbol:
    """A register of a program in the making, with the operators of a number."""

    __slots__ = ("register", "writer")

    def __init__(self, writer: Writer, register: int) -> None:
        self.writer = writer
        self.register = register

    def __primitive__(self, primitive: Primitive, inputs: tuple[Any, ...]) -> Symbol:
        return self._emit(primitive.name, *inputs)

    def _emit(self, name: str, *operands: Any) -> Symbol:
        writer = self.writer
        registers = [
            x.register if isinstance(x, Symbol) else writer.const(float(x)) for x in operands
        ]
        return Symbol(writer, lower(writer, name, *registers))

    def __add__(self, other: Any) -> Symbol:
        return self._emit("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self._emit("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self._emit("sub", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self._emit("sub", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self._emit("mul", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self._emit("mul", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self._emit("div", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self._emit("div", other, self)

    def __pow__(self, other: Any) -> Symbol:
        return self._emit("pow", self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return self._emit("pow", other, self)

    def __mod__(self, other: Any) -> Symbol:
        return self._emit("mod", self, other)

    def __floordiv__(self, other: Any) -> Symbol:
        return self._emit("floordiv", self, other)

    def __neg__(self) -> Symbol:
        return self._emit("neg", self)

    def __abs__(self) -> Symbol:
        return self._emit("abs", self)

    # Truth values, for `select`.

    def __lt__(self, other: Any) -> Symbol:
        return self._emit("lt", self, other)

    def __le__(self, other: Any) -> Symbol:
        return self._emit("le", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return self._emit("lt", other, self)

    def __ge__(self, other: Any) -> Symbol:
        return self._emit("le", other, self)

    def is_equal(self, other: Any) -> Symbol:
        return self._emit("eq", self, other)

    def is_nan(self) -> Symbol:
        return ~self._emit("eq", self, self)

    def __and__(self, other: Symbol) -> Symbol:
        return self._emit("and", self, other)

    def __or__(self, other: Symbol) -> Symbol:
        return self._emit("or", self, other)

    def __xor__(self, other: Symbol) -> Symbol:
        return (self | other) & ~(self & other)

    def __invert__(self) -> Symbol:
        return self._emit("not", self)

    def __bool__(self) -> bool:
        raise TypeError(
            "a lowering has no branches: write autograd.where(...), maximum(...) and the like"
        )


def select(truth: Symbol, a: Any, b: Any) -> Symbol:
    """a where the truth value holds, else b."""
    return truth._emit("select", truth, a, b)


def lowered(program: Program) -> Program:
    """The same program in instructions, and names that call back into Python."""
    making = writer()
    return prune(rewritten(program, making, partial(lower, making)))


def lower(writer: Writer, name: str, *operands: int) -> int:
    """Emit an operation in instructions."""
    if name in writer.rules:
        return _by(writer.rules[name], writer, operands)
    if name in ("pow", "pow_const"):
        return _power(writer, *operands)
    if name in INSTRUCTIONS:
        return writer.emit(name, *operands)
    rule = RULES.get(name)
    if rule is None and name in TABLE:
        rule = TABLE[name].lowering
    if rule is None:
        return writer.emit(name, *operands)
    if not operands:
        return writer.const(TABLE[name].forward())
    return _by(rule, writer, operands)


def _by(rule: Callable[..., Any], writer: Writer, operands: tuple[int, ...]) -> int:
    out = rule(*[Symbol(writer, i) for i in operands])
    return out.register if isinstance(out, Symbol) else writer.const(float(out))


def _power(writer: Writer, a: int, n: int) -> int:
    """As ieee.power: a square is rounded once, which that of the libraries' pow is not always."""
    out = writer.emit("pow", a, n)
    if writer.code[n].name == "const":
        return out  # the writer knows the square
    is_square = writer.emit("eq", n, writer.const(2.0))
    return writer.emit("select", is_square, writer.emit("mul", a, a), out)


# -- the rules -------------------------------------------------------------------------------------

exp = TABLE["exp"]
expm1 = TABLE["expm1"]
log1p = TABLE["log1p"]
cosh = TABLE["cosh"]
floor = TABLE["floor"]
fmod = TABLE["fmod"]
copysign = TABLE["copysign"]
erfc = TABLE["erfc"]
sqrt = TABLE["sqrt"]
maximum = TABLE["maximum"]
sigmoid = TABLE["sigmoid"]
exp_difference = TABLE["exp_difference"]
exp_square = TABLE["exp_square"]
normal_cdf = TABLE["normal_cdf"]

Rule = Callable[..., Any]


def _sigmoid(x: Symbol) -> Symbol:
    e = exp(-abs(x))
    out: Symbol = select(x >= 0.0, 1.0, e) / (1.0 + e)
    return out


def _softplus(x: Symbol) -> Symbol:
    return select(x > 0.0, x + log1p(exp(-abs(x))), log1p(exp(-abs(x))))


def _sech2(x: Symbol) -> Symbol:
    s: Symbol = 1.0 / cosh(x)
    return s * s


def _greater(a: Symbol, b: Symbol) -> Symbol:
    return select(a > b, 1.0, select(a <= b, 0.0, math.nan))


def _maximum(a: Symbol, b: Symbol) -> Symbol:
    return select(a.is_nan() | b.is_nan(), math.nan, select(a >= b, a, b))


def _minimum(a: Symbol, b: Symbol) -> Symbol:
    return select(a.is_nan() | b.is_nan(), math.nan, select(a <= b, a, b))


def _modulo(a: Symbol, b: Symbol) -> Symbol:
    """As CPython's float_rem: fmod, moved into the sign of the divisor."""
    rest = fmod(a, b)
    moved = select((b < 0.0) ^ (rest < 0.0), rest + b, rest)
    return select(rest.is_equal(0.0), copysign(0.0, b), moved)


def _floor_divide(a: Symbol, b: Symbol) -> Symbol:
    """As CPython's float_floor_div; infinite or NaN where b is 0 or a is infinite, as ieee has
    it."""
    rest = fmod(a, b)
    quotient = (a - rest) / b
    apart = ~rest.is_equal(0.0) & ((b < 0.0) ^ (rest < 0.0))
    quotient = select(apart, quotient - 1.0, quotient)
    whole = floor(quotient)
    whole = select(quotient - whole > 0.5, whole + 1.0, whole)
    out = select(quotient.is_equal(0.0), copysign(0.0, a / b), whole)
    return select(b.is_equal(0.0) | abs(a).is_equal(math.inf), a / b, out)


def _exp_difference(a: Symbol, b: Symbol) -> Symbol:
    difference = a - b
    e = exp(difference)
    lost = difference - a
    rest = (a - (difference - lost)) - (b + lost)
    return select((e > 0.0) & (e < math.inf), e + e * rest, e)


def _exp_square(x: Symbol, c: Symbol) -> Symbol:
    scaled = ieee.SPLITTER * x
    head = scaled - (scaled - x)
    out = exp(c * head * head) * exp(c * (x - head) * (x + head))
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, 0.0))


def _normal_cdf(x: Symbol) -> Symbol:
    z = x * ieee.SQRT_HALF
    scaled = ieee.SPLITTER * x
    head = scaled - (scaled - x)
    tail = x - head
    split = ieee.SPLITTER * ieee.SQRT_HALF
    c_head = split - (split - ieee.SQRT_HALF)
    c_tail = ieee.SQRT_HALF - c_head
    rest = ((head * c_head - z) + head * c_tail + tail * c_head) + tail * c_tail
    rest = rest + x * ieee.SQRT_HALF_REST
    out = 0.5 * (erfc(-z) + ieee.TWO_OVER_SQRT_PI * exp_square(z, -1.0) * rest)
    return select(abs(x) < 60.0, out, select(x.is_nan(), math.nan, select(x > 0.0, 1.0, 0.0)))


def _sum(*xs: Symbol) -> Any:
    total: Any = 0.0
    for x in xs:
        total = total + x
    return total


def _product(*xs: Symbol) -> Any:
    total: Any = 1.0
    for x in xs:
        total = total * x
    return total


def _dot(*xs: Symbol) -> Any:
    half = len(xs) // 2
    return _sum(*[x * y for x, y in zip(xs[:half], xs[half:], strict=True)])


def _largest(*xs: Symbol) -> Any:
    top: Any = xs[0]
    for x in xs:
        top = _maximum(top, x)
    return top


def _smallest(*xs: Symbol) -> Any:
    bottom: Any = xs[0]
    for x in xs:
        bottom = _minimum(bottom, x)
    return bottom


def _norm(*xs: Symbol) -> Any:
    """Scaled by the largest, within a few ulp of Python's hypot, which is rounded correctly."""
    sizes = [abs(x) for x in xs]
    top = sizes[0]
    infinite = top.is_equal(math.inf)
    for size in sizes[1:]:
        top = _maximum(top, size)
        infinite = infinite | size.is_equal(math.inf)
    scale = select(top.is_equal(0.0), 1.0, top)
    scaled = [size / scale for size in sizes]
    return select(infinite, math.inf, top * sqrt(_sum(*[x * x for x in scaled])))


def _beside(top: Symbol, xs: tuple[Symbol, ...]) -> Any:
    """The sum of exp(x - top) over all but the first of the largest."""
    total: Any = 0.0
    skipped: Any = None
    for x in xs:
        is_top = x.is_equal(top)
        skip = is_top if skipped is None else is_top & ~skipped
        skipped = is_top if skipped is None else skipped | is_top
        total = total + select(skip, 0.0, exp_difference(x, top))
    return total


def _is_finite(x: Symbol) -> Symbol:
    return abs(x) < math.inf


def _logsumexp(*xs: Symbol) -> Any:
    top = _largest(*xs)
    return select(_is_finite(top), top + log1p(_beside(top, xs)), top)


def _softmax_first(*xs: Symbol) -> Any:
    top = _largest(*xs)
    shares = [exp_difference(x, top) for x in xs]
    return shares[0] / _sum(*shares)


def _log_softmax_first(*xs: Symbol) -> Any:
    first, top = xs[0], _largest(*xs)
    out = (first - top) - log1p(_beside(top, xs))
    lost = select(~top.is_equal(-math.inf) & first.is_equal(top), math.nan, first - top)
    return select(_is_finite(top), out, lost)


RULES: Final[dict[str, Rule]] = {
    "stop_gradient": lambda x: x,
    "finite_part": lambda x: select(_is_finite(x), x, 0.0),
    "message": lambda adjoint, factor: select(adjoint.is_equal(0.0), 0.0, adjoint * factor),
    "cut_message": lambda adjoint, factor: select(
        adjoint.is_equal(0.0) | factor.is_equal(0.0), 0.0, adjoint * factor
    ),
    "greater": _greater,
    "where": lambda condition, a, b: select(condition.is_equal(0.0), b, a),
    "mod": _modulo,
    "floordiv": _floor_divide,
    "square": lambda x: x * x,
    "one_minus_square": lambda x: (1.0 - x) * (1.0 + x),
    "reciprocal": lambda x: 1.0 / x,
    "exp_difference": _exp_difference,
    "sech2": _sech2,
    "exp_square": _exp_square,
    "normal_cdf": _normal_cdf,
    "sigmoid": _sigmoid,
    "relu": lambda x: select((x > 0.0) | x.is_nan(), x, 0.0),
    "leaky_relu": lambda x, slope: select(x >= 0.0, x, slope * x),
    "elu": lambda x, alpha: select(x >= 0.0, x, alpha * expm1(x)),
    "gelu": lambda x: select(x.is_equal(-math.inf), -0.0, x * normal_cdf(x)),
    "silu": lambda x: select(x.is_equal(-math.inf), -0.0, x * sigmoid(x)),
    "softplus": _softplus,
    "softsign": lambda x: select(abs(x).is_equal(math.inf), copysign(1.0, x), x / (1.0 + abs(x))),
    "sign": lambda x: select(x > 0.0, 1.0, select(x < 0.0, -1.0, x)),
    "maximum": _maximum,
    "minimum": _minimum,
    "clip": lambda x, lo, hi: _minimum(_maximum(x, lo), hi),
    "sum": _sum,
    "prod": _product,
    "mean": lambda *xs: _sum(*xs) / float(len(xs)),
    "dot": _dot,
    "norm": _norm,
    "logsumexp": _logsumexp,
    "softmax": _softmax_first,
    "log_softmax": _log_softmax_first,
    "max": _largest,
    "min": _smallest,
}
