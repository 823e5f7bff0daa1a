"""A row's derivative rule as mathematics: the rule is run on symbols, and what it did is written.

So no formula stands twice: `partials(out, *inputs)` gives numbers when it is fed floats, graphs
when it is fed Values, and here trees, which `latex` writes. The result of the row is f.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from autograd import Primitive
from autograd.engine.primitives import TABLE

__all__ = ["Symbol", "derivatives", "function", "input_names", "latex"]

CONSTANTS = {
    math.log(2): r"\ln 2",
    1 / math.log(2): r"\frac{1}{\ln 2}",
    1 / math.log(10): r"\frac{1}{\ln 10}",
    1 / math.sqrt(2 * math.pi): r"\frac{1}{\sqrt{2 \pi}}",
    math.sqrt(math.pi) / 2: r"\frac{\sqrt{\pi}}{2}",
    2 / math.sqrt(math.pi): r"\frac{2}{\sqrt{\pi}}",
    math.sqrt(2): r"\sqrt{2}",
    math.sqrt(0.5): r"\frac{1}{\sqrt{2}}",
    math.pi: r"\pi",
    math.pi / 180: r"\frac{\pi}{180}",
    180 / math.pi: r"\frac{180}{\pi}",
    1 / 3: r"\frac{1}{3}",
}
Writing = Callable[..., tuple[str, int]]
SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a formula holds together


class Symbol:
    """A formula: the primitive that made it and its inputs, or a name."""

    def __init__(
        self, primitive: Primitive | None, inputs: tuple[Any, ...], name: str = ""
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.name = name

    def __primitive__(self, primitive: Primitive, inputs: tuple[Any, ...]) -> Symbol:
        return Symbol(primitive, inputs)

    def __add__(self, other: Any) -> Any:
        return _plain_sum(self, other)

    def __radd__(self, other: Any) -> Any:
        return _plain_sum(other, self)

    def __sub__(self, other: Any) -> Symbol:
        return Symbol(TABLE["sub"], (self, other))

    def __rsub__(self, other: Any) -> Symbol:
        return Symbol(TABLE["sub"], (other, self))

    def __mul__(self, other: Any) -> Any:
        return _plain_product(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _plain_product(other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return Symbol(TABLE["div"], (self, other))

    def __rtruediv__(self, other: Any) -> Symbol:
        return Symbol(TABLE["div"], (other, self))

    def __neg__(self) -> Symbol:
        return Symbol(TABLE["neg"], (self,))

    def __abs__(self) -> Symbol:
        return Symbol(TABLE["abs"], (self,))


def _plain_sum(a: Any, b: Any) -> Any:
    if a == 0.0:
        return b
    return a if b == 0.0 else Symbol(TABLE["add"], (a, b))


def _plain_product(a: Any, b: Any) -> Any:
    if a == 1.0:
        return b
    return a if b == 1.0 else Symbol(TABLE["mul"], (a, b))


# -- rows ------------------------------------------------------------------------------------------


def input_names(row: Primitive) -> list[str]:
    """As the row names its inputs; of any number, those of a call with four."""
    if row.arity is None:
        if row.name == "order_statistic":
            return ["k", "x_1", "x_2", "x_3"]
        if row.name == "dot":
            return ["a_1", "a_2", "b_1", "b_2"]
        return ["p", "x_1", "x_2"] if row.name == "softmax_others" else ["x_1", "x_2", "x_3"]
    return [part.partition("=")[0] for part in row.inputs.split(", ")]


def function(row: Primitive) -> str:
    """f = ..., the row itself, and = ..., where its name is not all there is to say."""
    inputs = tuple(Symbol(None, (), name) for name in input_names(row))
    told = [Symbol(row, inputs)]
    if row.name in DEFINITIONS:
        told.append(DEFINITIONS[row.name](*inputs))
    return " = ".join(["f", *map(latex, told)])


def derivatives(row: Primitive) -> list[tuple[str, str]]:
    """Of each input its name and the local derivative of f by it, as LaTeX."""
    names = input_names(row)
    found = row.partials(Symbol(None, (), "f"), *[Symbol(None, (), name) for name in names])
    if not isinstance(found, tuple):
        found = (found,)
    return [(name, latex(one)) for name, one in zip(names, found, strict=True)]


# -- LaTeX -----------------------------------------------------------------------------------------


def latex(formula: Any) -> str:
    return _written(formula)[0]


def _written(formula: Any) -> tuple[str, int]:
    if not isinstance(formula, Symbol):
        return _number(float(formula))
    if formula.primitive is None:
        return _name(formula.name), ATOM
    name, inputs = formula.primitive.name, formula.inputs
    if name in WRITTEN:
        return WRITTEN[name](*inputs)
    listed = ", ".join(latex(x) for x in inputs)
    return rf"\operatorname{{{name}}}\left({listed}\right)", ATOM


def _name(name: str) -> str:
    if "_" in name:
        head, _, index = name.partition("_")
        return f"{head}_{{{index}}}"
    greek = {"alpha": r"\alpha"}
    return greek.get(name, name if len(name) == 1 else rf"\mathit{{{name}}}")


def _number(x: float) -> tuple[str, int]:
    if x < 0 and math.isfinite(x):
        text, _ = _number(-x)
        return f"-{text}", SUM
    if math.isinf(x):
        return (r"\infty", ATOM) if x > 0 else (r"-\infty", SUM)
    for value, text in CONSTANTS.items():
        if abs(x / value - 1) < 1e-15:
            return text, PRODUCT
    if x == 0.5:
        return r"\frac{1}{2}", PRODUCT
    return (f"{int(x)}" if x == int(x) else repr(x)), ATOM


def _in(formula: Any, level: int) -> str:
    """In brackets, where it holds together less tightly than what stands around it."""
    text, own = _written(formula)
    return text if own >= level else rf"\left({text}\right)"


def _sum(a: Any, b: Any) -> tuple[str, int]:
    return f"{_in(a, SUM)} + {_after_sign(b, SUM)}", SUM


def _difference(a: Any, b: Any) -> tuple[str, int]:
    return f"{_in(a, SUM)} - {_after_sign(b, PRODUCT)}", SUM


def _after_sign(formula: Any, level: int) -> str:
    text = _in(formula, level)
    return rf"\left({text}\right)" if text.startswith("-") else text


def _product(a: Any, b: Any) -> tuple[str, int]:
    if isinstance(b, Symbol) and b.primitive is TABLE["where"]:
        condition, taken, otherwise = b.inputs
        if condition is a and otherwise == 0.0:  # where a factor is 0, so is the product
            b = taken
    first, second = _written(a), _after_sign(b, PRODUCT)
    if first[0].startswith("-"):  # a sign goes in front of the product
        rest = first[0][1:]
        return rf"-{rest} \cdot {second}", SUM
    return rf"{_in(a, PRODUCT)} \cdot {second}", PRODUCT


def _quotient(a: Any, b: Any) -> tuple[str, int]:
    (above, level), below = _written(a), latex(b)
    if above.startswith("-") and level == SUM and _one_term(a):
        return rf"-\frac{{{above[1:]}}}{{{below}}}", SUM
    unit = re.fullmatch(r"\\frac\{1\}\{(.*)\}", above)
    if unit and not isinstance(a, Symbol):  # one fraction instead of one above another
        return rf"\frac{{1}}{{{unit[1]} \cdot {_in(b, PRODUCT)}}}", PRODUCT
    return rf"\frac{{{above}}}{{{below}}}", PRODUCT


def _one_term(formula: Any) -> bool:
    if not isinstance(formula, Symbol):
        return True
    return formula.primitive is not None and formula.primitive.name == "neg"


def _power(a: Any, b: Any) -> tuple[str, int]:
    return rf"{_in(a, ATOM)}^{{{latex(b)}}}", POWER


def _negative(x: Any) -> tuple[str, int]:
    return f"-{_after_sign(x, PRODUCT)}", SUM


def _applied(name: str) -> Writing:
    return lambda x: (rf"{name}\left({latex(x)}\right)", ATOM)


def _cases(condition: Any, a: Any, b: Any) -> tuple[str, int]:
    lines = rf"{latex(a)} & {_holds(condition)} \\ {latex(b)} & \text{{otherwise}}"
    return rf"\begin{{cases}} {lines} \end{{cases}}", PRODUCT


def _holds(condition: Any) -> str:
    """A condition, which holds where its number is not 0."""
    if isinstance(condition, Symbol) and condition.primitive is TABLE["greater"]:
        return _above(*condition.inputs)
    return rf"{latex(condition)} \ne 0"


def _above(a: Any, b: Any) -> str:
    """a > b, with a number on the right."""
    if isinstance(a, Symbol):
        return f"{latex(a)} > {latex(b)}"
    return f"{latex(b)} < {latex(a)}"


def _listed(sign: str) -> Writing:
    level = SUM if sign == "+" else PRODUCT

    def written(*inputs: Any) -> tuple[str, int]:
        if len(inputs) == 1:
            return _written(inputs[0])
        rest = [_after_sign(x, level) for x in inputs[1:]]
        return f" {sign} ".join([_in(inputs[0], level), *rest]), level

    return written


def _mean(*xs: Any) -> tuple[str, int]:
    return rf"\frac{{{_listed('+')(*xs)[0]}}}{{{len(xs)}}}", PRODUCT


def _dot(*xs: Any) -> tuple[str, int]:
    half = len(xs) // 2
    return _listed("+")(
        *[Symbol(TABLE["mul"], pair) for pair in zip(xs[:half], xs[half:], strict=True)]
    )


def _norm(*xs: Any) -> tuple[str, int]:
    return rf"\sqrt{{{' + '.join(f'{_in(x, ATOM)}^{{2}}' for x in xs)}}}", ATOM


def _log_of_exps(*xs: Any) -> tuple[str, int]:
    return rf"\ln\left({' + '.join(f'e^{{{latex(x)}}}' for x in xs)}\right)", ATOM


def _same(x: Any) -> tuple[str, int]:
    return _written(x)


def _square(x: Any) -> tuple[str, int]:
    return rf"{_in(x, ATOM)}^{{2}}", POWER


def _exp_square(x: Any, c: Any) -> tuple[str, int]:
    factor = {-1.0: "-", -0.5: r"-\frac{1}{2} \cdot "}.get(c if isinstance(c, float) else 0.0)
    if factor is None:
        factor = rf"{_in(c, PRODUCT)} \cdot "
    return rf"e^{{{factor}{_in(x, ATOM)}^{{2}}}}", POWER


def _difference_of_exp(a: Any, b: Any) -> tuple[str, int]:
    return rf"e^{{{latex(Symbol(TABLE['sub'], (a, b)))}}}", POWER


def _clipped(x: Any, lo: Any, hi: Any) -> tuple[str, int]:
    return rf"\min\left(\max\left({latex(x)}, {latex(lo)}\right), {latex(hi)}\right)", ATOM


def _polygamma(n: Any, x: Any) -> tuple[str, int]:
    return rf"\psi^{{\left({latex(n)}\right)}}\left({latex(x)}\right)", ATOM


def _ordered(name: str) -> Writing:
    def written(*xs: Any) -> tuple[str, int]:
        return rf"\{name}\left({', '.join(map(latex, xs))}\right)", ATOM

    return written


def _modulo(a: Any, b: Any) -> tuple[str, int]:
    divided = latex(Symbol(TABLE["div"], (a, b)))
    return rf"{_in(a, SUM)} - {_in(b, PRODUCT)} \cdot \left\lfloor {divided} \right\rfloor", SUM


def _floored(a: Any, b: Any) -> tuple[str, int]:
    return rf"\left\lfloor {latex(Symbol(TABLE['div'], (a, b)))} \right\rfloor", ATOM


# What those are that have but a name of their own.
DEFINITIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda x: 1.0 / (1.0 + TABLE["exp"](-x)),
    "relu": lambda x: TABLE["maximum"](x, 0.0),
    "leaky_relu": lambda x, slope: TABLE["where"](TABLE["greater"](0.0, x), slope * x, x),
    "elu": lambda x, alpha: TABLE["where"](
        TABLE["greater"](0.0, x), alpha * (TABLE["exp"](x) - 1.0), x
    ),
    "gelu": lambda x: x * TABLE["normal_cdf"](x),
    "silu": lambda x: x * TABLE["sigmoid"](x),
    "softplus": lambda x: TABLE["log"](1.0 + TABLE["exp"](x)),
    "softsign": lambda x: x / (1.0 + TABLE["abs"](x)),
    "erfc": lambda x: 1.0 - TABLE["erf"](x),
    "sinc": lambda x: TABLE["sin"](math.pi * x) / (math.pi * x),
    "softmax": lambda *xs: TABLE["exp"](xs[0]) / TABLE["sum"](*map(TABLE["exp"], xs)),
    "log_softmax": lambda *xs: xs[0] - TABLE["logsumexp"](*xs),
}

# How an operation is written, for those that have more than a name.
WRITTEN: dict[str, Writing] = {
    "add": _sum,
    "sub": _difference,
    "mul": _product,
    "message": _product,
    "cut_message": _product,
    "div": _quotient,
    "pow": _power,
    "pow_const": _power,
    "neg": _negative,
    "mod": _modulo,
    "floordiv": _floored,
    "where": _cases,
    "stop_gradient": _same,
    "greater": lambda a, b: (rf"\left[{_above(a, b)}\right]", ATOM),
    "exp": lambda x: (rf"e^{{{latex(x)}}}", POWER),
    "expm1": lambda x: (rf"e^{{{latex(x)}}} - 1", SUM),
    "exp2": lambda x: (rf"2^{{{latex(x)}}}", POWER),
    "exp_difference": _difference_of_exp,
    "exp_square": _exp_square,
    "log": _applied(r"\ln"),
    "log1p": lambda x: (rf"\ln\left(1 + {_after_sign(x, SUM)}\right)", ATOM),
    "log2": _applied(r"\log_{2}"),
    "log10": _applied(r"\log_{10}"),
    "xlogy": lambda x, y: (rf"{_in(x, PRODUCT)} \cdot \ln\left({latex(y)}\right)", PRODUCT),
    "xlog1py": lambda x, y: (
        rf"{_in(x, PRODUCT)} \cdot \ln\left(1 + {_after_sign(y, SUM)}\right)",
        PRODUCT,
    ),
    "sqrt": lambda x: (rf"\sqrt{{{latex(x)}}}", ATOM),
    "cbrt": lambda x: (rf"\sqrt[3]{{{latex(x)}}}", ATOM),
    "square": _square,
    "reciprocal": lambda x: (rf"\frac{{1}}{{{latex(x)}}}", PRODUCT),
    "one_minus_square": lambda x: (rf"1 - {_in(x, ATOM)}^{{2}}", SUM),
    "deg2rad": lambda x: (rf"\frac{{\pi}}{{180}} \cdot {_after_sign(x, PRODUCT)}", PRODUCT),
    "rad2deg": lambda x: (rf"\frac{{180}}{{\pi}} \cdot {_after_sign(x, PRODUCT)}", PRODUCT),
    **{name: _applied(rf"\{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: _applied(rf"\arc{name[1:]}") for name in ("asin", "acos", "atan")},
    "sech2": lambda x: (rf"\frac{{1}}{{\cosh\left({latex(x)}\right)^{{2}}}}", PRODUCT),
    "normal_cdf": _applied(r"\Phi"),
    "log_ndtr": lambda x: (rf"\ln\left(\Phi\left({latex(x)}\right)\right)", ATOM),
    "lgamma": lambda x: (rf"\ln\left(\left|\Gamma\left({latex(x)}\right)\right|\right)", ATOM),
    "digamma": _applied(r"\psi"),
    "polygamma": _polygamma,
    "sigmoid": _applied(r"\sigma"),
    "abs": lambda x: (rf"\left|{latex(x)}\right|", ATOM),
    "floor": lambda x: (rf"\left\lfloor {latex(x)} \right\rfloor", ATOM),
    "ceil": lambda x: (rf"\left\lceil {latex(x)} \right\rceil", ATOM),
    "hypot": _norm,
    "norm": _norm,
    "maximum": _ordered("max"),
    "minimum": _ordered("min"),
    "max": _ordered("max"),
    "min": _ordered("min"),
    "clip": _clipped,
    "logaddexp": _log_of_exps,
    "logsumexp": _log_of_exps,
    "sum": _listed("+"),
    "prod": _listed(r"\cdot"),
    "mean": _mean,
    "dot": _dot,
}
