"""NumPy's elementwise functions of numbers: a row of the table of primitives where there is one,
else composed of such.

What makes a bool asks by comparison, which a recording keeps as a guard; everything else is without
branches where that can be.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy

from autograd.engine import primitives as table
from autograd.engine.loaded_modules import loaded
from autograd.engine.primitives import TABLE

__all__ = [
    "PAIRS",
    "PREDICATES",
    "is_finite_number",
    "is_infinite",
    "is_nan",
    "number_function",
    "numbers_in",
    "truncated",
]

LN2: Final = math.log(2.0)

Function = Callable[..., Any]


# -- which give a bool -----------------------------------------------------------------------------


def is_nan(x: Any) -> bool:
    return bool(x != x)


def is_infinite(x: Any) -> bool:
    return bool(abs(x) == math.inf)


def is_finite_number(x: Any) -> bool:
    return bool(abs(x) < math.inf)


def numbers_in(xs: list[Any]) -> list[Any]:
    """Those that are not NaN."""
    return [x for x in xs if not is_nan(x)]


def _sign_bit(x: Any) -> bool:
    return bool(table.copysign(1.0, x) < 0.0)


PREDICATES: Final[dict[str, Function]] = {
    "isnan": is_nan,
    "isinf": is_infinite,
    "isfinite": is_finite_number,
    "signbit": _sign_bit,
    "logical_not": operator.not_,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b),
    "logical_xor": lambda a, b: bool(a) != bool(b),
}


# -- composed --------------------------------------------------------------------------------------


def truncated(x: Any) -> Any:
    return table.copysign(table.floor(table.abs_(x)), x)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return table.where(x, table.greater(x, 0.0), at_zero)


def _fmax(a: Any, b: Any) -> Any:
    if is_nan(a):
        return b
    return a if is_nan(b) else table.maximum(a, b)


def _fmin(a: Any, b: Any) -> Any:
    if is_nan(a):
        return b
    return a if is_nan(b) else table.minimum(a, b)


def _ldexp(x: Any, power: Any) -> Any:
    """x times a power of 2, in three factors: that power may be beyond every double, and the
    product be none."""
    if isinstance(power, float) and abs(power) < 1000.0:
        return x * table.pow_(2.0, power)
    third = table.floor(power / 3.0)
    factor = table.pow_(2.0, third)
    return x * factor * factor * table.pow_(2.0, power - third - third)


def _logaddexp2(a: Any, b: Any) -> Any:
    return table.logsumexp(a * LN2, b * LN2) / LN2


def _fraction(x: Any) -> Any:
    return table.copysign(0.0, x) if is_infinite(x) else table.fmod(x, 1.0)


COMPOSED: Final[dict[str, Function]] = {
    "conjugate": lambda x: x,
    "trunc": truncated,
    "logaddexp2": _logaddexp2,
    "fmax": _fmax,
    "fmin": _fmin,
    "heaviside": _heaviside,
    "ldexp": _ldexp,
}

PAIRS: Final[dict[str, tuple[Function, Function]]] = {
    "modf": (_fraction, truncated),
    "divmod": (table.floordiv, table.mod),
}

# Names that NumPy, or SciPy, has for a row of the table or for a function above.
SYNONYMS: Final[dict[str, str]] = {
    "remainder": "mod",
    "floor_divide": "floordiv",
    "true_divide": "divide",
    "float_power": "power",
    "fabs": "absolute",
    "radians": "deg2rad",
    "degrees": "rad2deg",
    "expit": "sigmoid",
    "gammaln": "lgamma",
    "ndtr": "normal_cdf",
    "psi": "digamma",
}

# Rows that mean something else: NumPy's `greater` gives a bool.
NOT_OF_NUMPY: Final = frozenset(["greater"])


@lru_cache(maxsize=256)
def number_function(ufunc: Any) -> Function | None:
    """The function of numbers that a ufunc of NumPy's, or of scipy.special, computes; None if there
    is none. A row of the table joins by its `numpy_name`."""
    if not _is_known(ufunc):
        return None
    name = SYNONYMS.get(ufunc.__name__, ufunc.__name__)
    for row in TABLE.values():
        if row.builtin and name in (row.numpy_name, row.name) and row.arity == ufunc.nin:
            return None if row.name in NOT_OF_NUMPY else row
    return COMPOSED.get(name)


def _is_known(ufunc: Any) -> bool:
    """Whether it is what its name says, and not somebody's ufunc of the same name."""
    name = ufunc.__name__
    homes = [numpy, getattr(numpy, "_core", None), loaded("scipy.special")]
    return any(getattr(home, name, None) is ufunc for home in homes if home is not None)
