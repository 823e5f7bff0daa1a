"""The record of a primitive, and the table of them.

Everything known about an operation stands in one row: how to compute it, its local derivatives, how
it is written, where it is defined, what happens at its kinks. The engine, higher derivatives,
checks and pictures all read this table; adding an operation is adding a row.

The derivative rule is one function, `partials(out, *inputs)`, which returns one factor per input (a
bare factor where there is only one input). It is written with operators and the primitives
themselves, so the same text gives an edge's number when it is fed floats and a derivative graph
when it is fed Values. A rule may divide: where floats would raise ZeroDivisionError, the engine
feeds it Values, whose division is IEEE's. A branch inside a rule is itself a primitive (`where`,
`greater`), never an `if`.

A primitive never looks inside its inputs. Whatever is not a plain number is asked to record the
operation itself, through `__primitive__(primitive, inputs)`: that is all a Value has in common with
this module.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from autograd.engine import ieee
from autograd.engine.modes import tracer
from autograd.engine.operands import describe, to_float

__all__ = ["TABLE", "Primitive", "describe", "lookup", "primitive", "to_float"]

Rule = Callable[..., Any]
Interval = tuple[float, float]

REALS: Final = (-math.inf, math.inf)


class Primitive:
    """One row of the table, and the function a user calls: `exp(2.0)`, `exp(Value(2.0))`,
    `exp(array)`.

    Over plain numbers it gives a plain float; with a Value among the inputs, a Value; over NumPy
    arrays, an array elementwise.
    """

    __slots__ = (
        "arity",
        "builtin",
        "cuts",
        "defaults",
        "doc",
        "domain",
        "forward",
        "kinks",
        "lowering",
        "name",
        "numpy_name",
        "partials",
        "symbol",
    )

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        partials: Rule,
        arity: int | None,
        symbol: str,
        domain: tuple[Interval, ...],
        kinks: str,
        cuts: bool,
        defaults: tuple[float, ...],
        numpy_name: str,
        doc: str,
        builtin: bool,
        lowering: Rule | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.partials = partials
        self.arity = arity  # None: any number of inputs
        self.symbol = symbol  # how it is written between or before operands; "" for f(x)
        self.domain = domain  # per input, the open interval on which it is smooth and finite
        self.kinks = kinks  # what was decided where it is not
        self.cuts = (
            cuts  # a local derivative of exactly 0 means "no path": nothing passes, not even NaN
        )
        self.defaults = defaults  # of the last inputs, where they may be left out
        self.numpy_name = numpy_name  # the method NumPy calls on the elements of an object array
        self.doc = doc
        self.builtin = builtin
        self.lowering = lowering  # how to compile a user's; built-in rows are in compiler.lowering

    def __call__(self, *inputs: Any) -> Any:
        if self.arity == 1 and len(inputs) == 1:  # the same as below, sooner
            x = inputs[0]
            if type(x) is float:
                return self.forward(x)
            record = getattr(x, "__primitive__", None)
            if record is not None:
                return record(self, inputs)
        if len(inputs) != self.arity and self.arity is not None:
            inputs = self._with_defaults(inputs)
        for x in inputs:
            if type(x) is not float:
                return self._dispatch(inputs)
        return self.forward(*inputs)

    def _dispatch(self, inputs: tuple[Any, ...]) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and any(isinstance(x, numpy.ndarray) for x in inputs):
            return self._elementwise(numpy, inputs)
        for x in inputs:
            if hasattr(x, "__primitive__"):
                return x.__primitive__(self, inputs)
        return self.forward(*[to_float(x, f"{self.name} takes a Value or") for x in inputs])

    def _elementwise(self, numpy: Any, inputs: tuple[Any, ...]) -> Any:
        out = numpy.frompyfunc(self, len(inputs), 1)(*inputs)
        if not isinstance(out, numpy.ndarray):
            return out  # of arrays without dimensions
        plain = all(isinstance(x, float) for x in out.flat)
        return out.astype(float) if plain else out

    def _with_defaults(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        missing = (self.arity or 0) - len(inputs)
        if 0 < missing <= len(self.defaults):
            return inputs + self.defaults[len(self.defaults) - missing :]
        wanted = f"{self.arity} input{'s' if self.arity != 1 else ''}"
        raise TypeError(f"{self.name} takes {wanted}, got {len(inputs)}")

    @property
    def is_method(self) -> bool:
        """Whether it can be called on a single Value, as `v.exp()`."""
        return self.arity is not None and self.arity - len(self.defaults) == 1

    def __repr__(self) -> str:
        return f"<primitive {self.name}: {self.doc}>" if self.doc else f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return lookup, (self.name,)


TABLE: Final[dict[str, Primitive]] = {}
RESERVED: Final = frozenset(["input", "const", "lt", "le", "eq", "and", "or", "not", "select"])
ATTACH: Final[list[Callable[[Primitive], None]]] = []  # told of every new row: see value.py


def lookup(name: str) -> Primitive:
    """The primitive of that name; a LookupError if nobody defined it here (as after unpickling)."""
    found = TABLE.get(name)
    if found is None:
        raise LookupError(
            f"no primitive is called {name!r} in this process; "
            f"define it with autograd.primitive({name!r}, ...) before loading the graph"
        )
    return found


def primitive(
    name: str | Any,
    forward: Callable[..., float] | Any,
    partials: Rule | Any,
    *,
    arity: int | Any = 1,
    symbol: str = "",
    domain: Iterable[Interval] = (),
    kinks: str = "",
    cuts: bool = False,
    doc: str = "",
    lowering: Rule | Any = None,
) -> Primitive:
    """Define an operation of your own, with the same record that the built-in ones use.

    `forward(*inputs)` gets floats and returns one. `partials(out, *inputs)` returns the local
    derivatives, one per input (a bare one if there is one input); write it with operators and
    autograd's functions, not with `math`, and every order of derivative works. `arity=None` takes
    any number of inputs. `cuts=True` says that a local derivative of exactly 0 means the input was
    not selected: nothing passes there, not even an infinite gradient. A primitive of one input
    becomes a method of Value too. `lowering(*inputs)` says the same as `forward` with operators and
    autograd's functions; compiled code then does it itself, and else calls `forward`.

    Raises TypeError for a malformed row, ValueError for a name that is taken by a built-in
    primitive. Defining your own name again replaces it.

    >>> import autograd
    >>> cube = autograd.primitive("cube", lambda x: x * x * x, lambda out, x: 3 * x * x)
    >>> x = autograd.Value(2.0)
    >>> y = cube(x)
    >>> y.backward()
    >>> y.data, x.grad, cube(3.0)
    (8.0, 12.0, 27.0)
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise TypeError(f"a primitive's name is an identifier such as 'mish', got {name!r}")
    if name in RESERVED or (name in TABLE and TABLE[name].builtin):
        raise ValueError(f"{name!r} is a built-in primitive; choose another name")
    if not callable(forward) or not callable(partials):
        raise TypeError(f"primitive {name!r}: forward and partials must be functions")
    if lowering is not None and not callable(lowering):
        raise TypeError(f"primitive {name!r}: lowering must be a function")
    if arity is not None and (type(arity) is not int or arity < 1):
        raise TypeError(
            f"primitive {name!r}: arity is a whole number from 1, or None; got {arity!r}"
        )
    compute = _returning_float(forward, name)
    return _register(
        Primitive(
            name,
            compute,
            partials,
            arity,
            symbol,
            tuple(domain),
            kinks,
            cuts,
            (),
            "",
            doc,
            False,
            lowering,
        )
    )


def _returning_float(forward: Any, name: str) -> Callable[..., float]:
    """A user's function held to what the rest of the engine relies on."""

    def compute(*inputs: float) -> float:
        try:
            return to_float(forward(*inputs), f"{name}'s forward must return")
        except Exception as error:
            observer = tracer()
            if observer is not None:
                observer.raised(name, error)
            raise

    return compute


def _register(row: Primitive) -> Primitive:
    for attach in ATTACH:
        attach(row)
    TABLE[row.name] = row
    return row


# -- the table -------------------------------------------------------------------------------------
#
# name, forward, partials(out, *inputs) -> one factor per input. Rows of one input come first.


def _row(
    name: str,
    forward: Callable[..., float],
    partials: Rule,
    doc: str,
    arity: int | None = 1,
    symbol: str = "",
    domain: tuple[Interval, ...] = (REALS,),
    kinks: str = "",
    cuts: bool = False,
    defaults: tuple[float, ...] = (),
    numpy_name: str = "",
) -> Primitive:
    numpy_name = numpy_name or name
    return _register(
        Primitive(
            name,
            forward,
            partials,
            arity,
            symbol,
            domain,
            kinks,
            cuts,
            defaults,
            numpy_name,
            doc,
            True,
        )
    )


POSITIVE: Final = ((0.0, math.inf),)
UNIT: Final = ((-1.0, 1.0),)

LOG2_E: Final = 1.4426950408889634
LOG10_E: Final = 0.4342944819032518
INV_SQRT_TAU: Final = 0.3989422804014327  # 1/sqrt(2 pi)
TWO_OVER_SQRT_PI: Final = ieee.TWO_OVER_SQRT_PI

# The zero-adjoint product and other tools of the rules themselves.

stop_gradient: Final[Primitive] = _row(
    "stop_gradient",
    ieee.identity,
    lambda out, x: 0.0,
    "The same number, through which no gradient flows.",
    cuts=True,
)
finite_part: Final[Primitive] = _row(
    "finite_part",
    ieee.finite_part,
    lambda out, x: finite_part(1.0 + (x - x)),
    "x, or 0 where x is not finite.",
    cuts=True,
)
message: Final[Primitive] = _row(
    "message",
    ieee.message,
    lambda out, adjoint, factor: (where(adjoint, factor, finite_part(factor)), adjoint),
    "adjoint * factor, where an adjoint of exactly 0 gives 0 whatever the factor.",
    arity=2,
    domain=(REALS, REALS),
)
cut_message: Final[Primitive] = _row(
    "cut_message",
    ieee.cut_message,
    lambda out, adjoint, factor: (
        where(adjoint, factor, finite_part(factor)),
        where(factor, adjoint, finite_part(adjoint)),
    ),
    "adjoint * factor, where either of exactly 0 gives 0: along the edges of a selection.",
    arity=2,
    domain=(REALS, REALS),
)
greater: Final[Primitive] = _row(
    "greater",
    ieee.greater,
    lambda out, a, b: (0.0, 0.0),
    "1 where a > b, else 0; NaN where either is NaN.",
    arity=2,
    domain=(REALS, REALS),
    kinks="derivative 0 everywhere",
    cuts=True,
)
where: Final[Primitive] = _row(
    "where",
    ieee.where,
    lambda out, condition, a, b: (0.0, where(condition, 1.0, 0.0), where(condition, 0.0, 1.0)),
    "a where the condition holds (is not 0), else b. The side not taken receives exactly 0.",
    arity=3,
    domain=(REALS, REALS, REALS),
    cuts=True,
)

# Arithmetic.

add: Final[Primitive] = _row(
    "add",
    lambda a, b: a + b,
    lambda out, a, b: (1.0, 1.0),
    "a + b.",
    arity=2,
    symbol="+",
    domain=(REALS, REALS),
)
sub: Final[Primitive] = _row(
    "sub",
    lambda a, b: a - b,
    lambda out, a, b: (1.0, -1.0),
    "a - b.",
    arity=2,
    symbol="-",
    domain=(REALS, REALS),
    numpy_name="subtract",
)
mul: Final[Primitive] = _row(
    "mul",
    lambda a, b: a * b,
    lambda out, a, b: (b, a),
    "a * b.",
    arity=2,
    symbol="*",
    domain=(REALS, REALS),
    numpy_name="multiply",
)
div: Final[Primitive] = _row(
    "div",
    ieee.divide,
    lambda out, a, b: (1.0 / b, -out / b),
    "a / b, infinite or NaN where b is 0.",
    arity=2,
    symbol="/",
    domain=(REALS, (0.0, math.inf)),
    numpy_name="divide",
)


def _pow_partials(out: Any, a: Any, b: Any) -> Any:
    """At a = 0 the exponent b >= 0 passes nothing, from the base's derivative either: so mixed
    derivatives are 0 whichever comes first."""
    varying = where(a, 1.0, greater(0.0, b))
    slope = message(b, pow_(a, b - 1.0))
    slope_at_0 = message(stop_gradient(b), pow_const(a, b - 1.0))
    by_exponent = where(a, message(out, log(a)), where(varying, -out, 0.0))
    return where(varying, slope, slope_at_0), by_exponent


pow_: Final[Primitive] = _row(
    "pow",
    ieee.power,
    _pow_partials,
    "a ** b with both varying.",
    arity=2,
    symbol="**",
    domain=((0.0, math.inf), REALS),
    kinks="0**0 is 1 with derivatives (0, 0); 0**b has d/db 0 for b > 0; a < 0 has d/db NaN",
    numpy_name="power",
)
pow_const: Final[Primitive] = _row(
    "pow_const",
    ieee.power,
    lambda out, x, n: (message(n, pow_const(x, n - 1.0)), 0.0),
    "x ** n for a constant n: the exact polynomial derivative, and log x is never taken.",
    arity=2,
    symbol="**",
    domain=((0.0, math.inf), REALS),
    kinks="x**0 is 1 with derivative 0, also at 0; n is a constant and receives nothing",
    cuts=True,
)
mod: Final[Primitive] = _row(
    "mod",
    ieee.modulo,
    lambda out, a, b: (1.0, -floordiv(a, b)),
    "a % b, with the sign of b as in Python.",
    arity=2,
    symbol="%",
    domain=(REALS, (0.0, math.inf)),
    kinks="derivative (1, -floor(a/b)) at the jumps too",
)
floordiv: Final[Primitive] = _row(
    "floordiv",
    ieee.floor_divide,
    lambda out, a, b: (0.0, 0.0),
    "floor(a / b).",
    arity=2,
    symbol="//",
    domain=(REALS, (0.0, math.inf)),
    kinks="derivative 0 everywhere",
    cuts=True,
)
neg: Final[Primitive] = _row(
    "neg", lambda x: -x, lambda out, x: -1.0, "-x.", symbol="-", numpy_name="negative"
)

# Exponentials, logarithms, roots.

exp: Final[Primitive] = _row("exp", ieee.exp, lambda out, x: out, "e to the x.")
expm1: Final[Primitive] = _row(
    "expm1", ieee.expm1, lambda out, x: exp(x), "exp(x) - 1, accurate near 0."
)
exp_difference: Final[Primitive] = _row(
    "exp_difference",
    ieee.exp_difference,
    lambda out, a, b: (out, -out),
    "exp(a - b), accurate where a - b is large and rounded.",
    arity=2,
    domain=(REALS, REALS),
)
log: Final[Primitive] = _row(
    "log", ieee.log, lambda out, x: 1.0 / x, "Natural logarithm.", domain=POSITIVE
)
log1p: Final[Primitive] = _row(
    "log1p",
    ieee.log1p,
    lambda out, x: 1.0 / (1.0 + x),
    "log(1 + x), accurate near 0.",
    domain=((-1.0, math.inf),),
)
log2: Final[Primitive] = _row(
    "log2", ieee.log2, lambda out, x: LOG2_E / x, "Logarithm to base 2.", domain=POSITIVE
)
log10: Final[Primitive] = _row(
    "log10", ieee.log10, lambda out, x: LOG10_E / x, "Logarithm to base 10.", domain=POSITIVE
)
sqrt: Final[Primitive] = _row(
    "sqrt",
    ieee.sqrt,
    lambda out, x: 0.5 / out,
    "Square root.",
    domain=POSITIVE,
    kinks="derivative inf at 0",
)
cbrt: Final[Primitive] = _row(
    "cbrt",
    math.cbrt,
    lambda out, x: square(1.0 / out) / 3.0,
    "Cube root, of negative numbers too.",
    domain=POSITIVE,
    kinks="derivative inf at 0",
)
square: Final[Primitive] = _row("square", lambda x: x * x, lambda out, x: 2.0 * x, "x * x.")
reciprocal: Final[Primitive] = _row(
    "reciprocal",
    lambda x: ieee.divide(1.0, x),
    lambda out, x: -out * out,
    "1 / x.",
    domain=POSITIVE,
)

# Trigonometric and hyperbolic functions.

one_minus_square: Final[Primitive] = _row(
    "one_minus_square",
    lambda x: (1.0 - x) * (1.0 + x),
    lambda out, x: -2.0 * x,
    "1 - x**2, accurate near -1 and 1.",
)

sin: Final[Primitive] = _row("sin", ieee.sin, lambda out, x: cos(x), "Sine of an angle in radians.")
cos: Final[Primitive] = _row(
    "cos", ieee.cos, lambda out, x: -sin(x), "Cosine of an angle in radians."
)
tan: Final[Primitive] = _row(
    "tan",
    ieee.tan,
    lambda out, x: 1.0 + out * out,
    "Tangent of an angle in radians.",
    domain=((-math.pi / 2, math.pi / 2),),
)
asin: Final[Primitive] = _row(
    "asin",
    ieee.asin,
    lambda out, x: 1.0 / sqrt(one_minus_square(x)),
    "Arc sine, in radians.",
    domain=UNIT,
    kinks="derivative inf at -1 and 1",
    numpy_name="arcsin",
)
acos: Final[Primitive] = _row(
    "acos",
    ieee.acos,
    lambda out, x: -1.0 / sqrt(one_minus_square(x)),
    "Arc cosine, in radians.",
    domain=UNIT,
    kinks="derivative -inf at -1 and 1",
    numpy_name="arccos",
)
atan: Final[Primitive] = _row(
    "atan",
    math.atan,
    lambda out, x: square(1.0 / hypot(1.0, x)),
    "Arc tangent, in radians.",
    numpy_name="arctan",
)
sinh: Final[Primitive] = _row("sinh", ieee.sinh, lambda out, x: cosh(x), "Hyperbolic sine.")
cosh: Final[Primitive] = _row("cosh", ieee.cosh, lambda out, x: sinh(x), "Hyperbolic cosine.")
tanh: Final[Primitive] = _row("tanh", math.tanh, lambda out, x: sech2(x), "Hyperbolic tangent.")
sech2: Final[Primitive] = _row(
    "sech2",
    ieee.sech2,
    lambda out, x: -2.0 * out * tanh(x),
    "1 / cosh(x)**2, the derivative of tanh.",
)
asinh: Final[Primitive] = _row(
    "asinh",
    math.asinh,
    lambda out, x: 1.0 / hypot(1.0, x),
    "Inverse hyperbolic sine.",
    numpy_name="arcsinh",
)
acosh: Final[Primitive] = _row(
    "acosh",
    ieee.acosh,
    lambda out, x: (1.0 / sqrt(x - 1.0)) * (1.0 / sqrt(x + 1.0)),
    "Inverse hyperbolic cosine.",
    domain=((1.0, math.inf),),
    kinks="derivative inf at 1",
    numpy_name="arccosh",
)
atanh: Final[Primitive] = _row(
    "atanh",
    ieee.atanh,
    lambda out, x: 1.0 / one_minus_square(x),
    "Inverse hyperbolic tangent.",
    domain=UNIT,
    numpy_name="arctanh",
)

# The error function, the normal distribution and log Gamma.

exp_square: Final[Primitive] = _row(
    "exp_square",
    ieee.exp_square,
    lambda out, x, c: (2.0 * c * message(out, x), message(out, x * x)),
    "exp(c x**2) for the constants c = -1 and -1/2.",
    arity=2,
    domain=(REALS, (-1.0, -0.5)),
)
erf: Final[Primitive] = _row(
    "erf", math.erf, lambda out, x: TWO_OVER_SQRT_PI * exp_square(x, -1.0), "Error function."
)
erfc: Final[Primitive] = _row(
    "erfc",
    math.erfc,
    lambda out, x: -TWO_OVER_SQRT_PI * exp_square(x, -1.0),
    "1 - erf(x), accurate in the right tail.",
)
normal_cdf: Final[Primitive] = _row(
    "normal_cdf",
    ieee.normal_cdf,
    lambda out, x: INV_SQRT_TAU * exp_square(x, -0.5),
    "Standard normal distribution function.",
)
lgamma: Final[Primitive] = _row(
    "lgamma",
    ieee.lgamma,
    lambda out, x: polygamma(0.0, x),
    "Logarithm of the absolute value of Gamma(x).",
    domain=POSITIVE,
)
polygamma: Final[Primitive] = _row(
    "polygamma",
    ieee.polygamma,
    lambda out, n, x: (0.0, polygamma(n + 1.0, x)),
    "Derivative number n + 1 of lgamma; n is a constant.",
    arity=2,
    domain=((0.0, 0.0), (0.0, math.inf)),
    cuts=True,
)

# Activations.

sigmoid: Final[Primitive] = _row(
    "sigmoid",
    ieee.sigmoid,
    lambda out, x: out * sigmoid(-x),
    "Logistic function 1 / (1 + exp(-x)).",
)
relu: Final[Primitive] = _row(
    "relu",
    ieee.relu,
    lambda out, x: greater(x, 0.0),
    "x where x > 0, else 0.",
    kinks="derivative 0 at 0",
    cuts=True,
)
leaky_relu: Final[Primitive] = _row(
    "leaky_relu",
    ieee.leaky_relu,
    lambda out, x, slope: (
        message(greater(0.0, x), slope) + (1.0 - greater(0.0, x)),
        where(greater(0.0, x), x, 0.0),
    ),
    "x where x >= 0, else slope * x.",
    arity=2,
    defaults=(0.01,),
    domain=(REALS, REALS),
    kinks="the right-hand derivative, 1, at 0",
    cuts=True,
)
elu: Final[Primitive] = _row(
    "elu",
    ieee.elu,
    lambda out, x, alpha: (
        where(greater(0.0, x), alpha * exp(x), 1.0),
        where(greater(0.0, x), expm1(x), 0.0),
    ),
    "x where x >= 0, else alpha * (exp(x) - 1) (Clevert et al. 2015).",
    arity=2,
    defaults=(1.0,),
    domain=(REALS, REALS),
    kinks="the right-hand derivative, 1, at 0",
    cuts=True,
)


def _gelu_partials(out: Any, x: Any) -> Any:
    """Where the density is 0, x is no factor: its square would overflow in higher derivatives."""
    density = INV_SQRT_TAU * exp_square(x, -0.5)
    return normal_cdf(x) + density * where(density, x, 0.0)


gelu: Final[Primitive] = _row(
    "gelu",
    ieee.gelu,
    _gelu_partials,
    "x times the normal distribution function (Hendrycks and Gimpel 2016; exact, not the tanh "
    "approximation).",
)
silu: Final[Primitive] = _row(
    "silu",
    ieee.silu,
    lambda out, x: sigmoid(x) + message(sigmoid(x) * sigmoid(-x), x),
    "x * sigmoid(x), also called swish (Elfwing et al. 2017).",
)
softplus: Final[Primitive] = _row(
    "softplus", ieee.softplus, lambda out, x: sigmoid(x), "log(1 + exp(x))."
)
softsign: Final[Primitive] = _row(
    "softsign", ieee.softsign, lambda out, x: square(1.0 / (1.0 + abs(x))), "x / (1 + |x|)."
)

# Kinks, steps and selections.

abs_: Final[Primitive] = _row(
    "abs", abs, lambda out, x: sign(x), "|x|.", kinks="derivative 0 at 0", numpy_name="absolute"
)
sign: Final[Primitive] = _row(
    "sign",
    ieee.sign,
    lambda out, x: 0.0,
    "-1, 0 or 1.",
    kinks="derivative 0 everywhere",
    cuts=True,
)
floor: Final[Primitive] = _row(
    "floor",
    ieee.floor,
    lambda out, x: 0.0,
    "Largest whole number <= x.",
    kinks="derivative 0",
    cuts=True,
)
ceil: Final[Primitive] = _row(
    "ceil",
    ieee.ceil,
    lambda out, x: 0.0,
    "Smallest whole number >= x.",
    kinks="derivative 0",
    cuts=True,
)
round_: Final[Primitive] = _row(
    "round",
    ieee.rint,
    lambda out, x: 0.0,
    "Nearest whole number, halves to even.",
    kinks="derivative 0",
    cuts=True,
    numpy_name="rint",
)
atan2: Final[Primitive] = _row(
    "atan2",
    math.atan2,
    lambda out, y, x: (
        where(hypot(x, y), x / hypot(x, y) / hypot(x, y), 0.0),
        where(hypot(x, y), -y / hypot(x, y) / hypot(x, y), 0.0),
    ),
    "Angle of the point (x, y) in radians; y comes first.",
    arity=2,
    domain=((0.0, math.inf), (0.0, math.inf)),
    kinks="derivative (0, 0) at the origin",
    numpy_name="arctan2",
)
hypot: Final[Primitive] = _row(
    "hypot",
    math.hypot,
    lambda out, x, y: (where(out, x / out, 0.0), where(out, y / out, 0.0)),
    "sqrt(x**2 + y**2) without overflow.",
    arity=2,
    domain=((0.0, math.inf), (0.0, math.inf)),
    kinks="derivative (0, 0) at the origin",
)
maximum: Final[Primitive] = _row(
    "maximum",
    ieee.maximum,
    lambda out, a, b: (
        0.5 * (1.0 + greater(a, b) - greater(b, a)),
        0.5 * (1.0 + greater(b, a) - greater(a, b)),
    ),
    "The larger of two.",
    arity=2,
    domain=(REALS, REALS),
    kinks="a tie shares the gradient equally; NaN if either is NaN",
    cuts=True,
)
minimum: Final[Primitive] = _row(
    "minimum",
    ieee.minimum,
    lambda out, a, b: (
        0.5 * (1.0 + greater(b, a) - greater(a, b)),
        0.5 * (1.0 + greater(a, b) - greater(b, a)),
    ),
    "The smaller of two.",
    arity=2,
    domain=(REALS, REALS),
    kinks="a tie shares the gradient equally; NaN if either is NaN",
    cuts=True,
)
copysign: Final[Primitive] = _row(
    "copysign",
    math.copysign,
    lambda out, x, y: (sign(x) * copysign(1.0, y), 0.0),
    "|x| with the sign of y.",
    arity=2,
    domain=(REALS, REALS),
    kinks="derivative 0 at x = 0",
    cuts=True,
)
fmod: Final[Primitive] = _row(
    "fmod",
    ieee.fmod,
    lambda out, a, b: (1.0, -round_((a - out) / b)),
    "Remainder with the sign of a, as in C.",
    arity=2,
    domain=(REALS, (0.0, math.inf)),
    kinks="derivative (1, -trunc(a/b)) at the jumps too",
)
clip: Final[Primitive] = _row(
    "clip",
    ieee.clip,
    lambda out, x, lo, hi: (
        (1.0 - greater(lo, x)) * (1.0 - greater(maximum(x, lo), hi)),
        greater(lo, x) * (1.0 - greater(maximum(x, lo), hi)),
        greater(maximum(x, lo), hi),
    ),
    "x held between lo and hi (hi wins where lo > hi).",
    arity=3,
    domain=(REALS, REALS, REALS),
    kinks="derivative 1 at an edge",
    cuts=True,
)

# Over any number of inputs: one node each, not a chain.


def _product_partials(out: Any, *xs: Any) -> Any:
    """The product of all the others, by running products from both ends, so that a zero does no
    harm."""
    before: list[Any] = [1.0]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    after: Any = 1.0
    factors = []
    for x, head in zip(reversed(xs), reversed(before), strict=True):
        factors.append(head * after)
        after = after * x
    return tuple(reversed(factors))


def _shares(*xs: Any) -> list[Any]:
    """softmax of the inputs: weights that add up to 1."""
    top = stop_gradient(max_(*xs))
    weights = [exp_difference(x, top) for x in xs]
    total = sum_(*weights)
    return [weight / total for weight in weights]


def _softmax_partials(out: Any, *xs: Any) -> Any:
    """s(1 - s) and -s s_k, with 1 - s summed from the other shares: no cancellation in either
    tail."""
    shares = _shares(*xs)
    return (out * sum_(*shares[1:]), *[-out * share for share in shares[1:]])


def _log_softmax_partials(out: Any, *xs: Any) -> Any:
    shares = _shares(*xs)
    return (sum_(*shares[1:]), *[-share for share in shares[1:]])


def _extreme_partials(out: Any, *xs: Any) -> Any:
    """1 for the one selected, 1/k for each of k that tie, 0 for the others, NaN where there is a
    NaN."""
    selected = [(1.0 - greater(x, out)) * (1.0 - greater(out, x)) for x in xs]
    ties = sum_(*selected)
    return tuple([x / ties for x in selected])


sum_: Final[Primitive] = _row(
    "sum", ieee.sum_of, lambda out, *xs: (1.0,) * len(xs), "The sum of all inputs.", arity=None
)
prod: Final[Primitive] = _row(
    "prod", ieee.product, _product_partials, "The product of all inputs.", arity=None
)
mean: Final[Primitive] = _row(
    "mean",
    ieee.mean,
    lambda out, *xs: (1.0 / len(xs),) * len(xs),
    "The arithmetic mean.",
    arity=None,
)
dot: Final[Primitive] = _row(
    "dot",
    ieee.dot,
    lambda out, *xs: xs[len(xs) // 2 :] + xs[: len(xs) // 2],
    "The first half of the inputs times the second half, summed.",
    arity=None,
)
norm: Final[Primitive] = _row(
    "norm",
    math.hypot,
    lambda out, *xs: tuple([where(out, x / out, 0.0) for x in xs]),
    "Euclidean length, without overflow.",
    arity=None,
    kinks="derivative 0 at the origin",
)
logsumexp: Final[Primitive] = _row(
    "logsumexp",
    ieee.logsumexp,
    lambda out, *xs: tuple(_shares(*xs)),
    "log of the sum of exp.",
    arity=None,
)
softmax: Final[Primitive] = _row(
    "softmax", ieee.softmax_first, _softmax_partials, "The first input's share of exp.", arity=None
)
log_softmax: Final[Primitive] = _row(
    "log_softmax",
    ieee.log_softmax_first,
    _log_softmax_partials,
    "log of the first input's share of exp.",
    arity=None,
)
max_: Final[Primitive] = _row(
    "max",
    ieee.largest,
    _extreme_partials,
    "The largest input.",
    arity=None,
    kinks="ties share the gradient equally; NaN if any is NaN",
    cuts=True,
)
min_: Final[Primitive] = _row(
    "min",
    ieee.smallest,
    _extreme_partials,
    "The smallest input.",
    arity=None,
    kinks="ties share the gradient equally; NaN if any is NaN",
    cuts=True,
)
