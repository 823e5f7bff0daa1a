"""What the operations of programs mean, in plain Python: those of the table of primitives, and the
names that only programs have."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from autograd.engine import ieee
from autograd.engine.primitives import lookup

__all__ = [
    "COMMUTATIVE",
    "COMPARISONS",
    "LOGIC",
    "MEANING",
    "TRUTHS",
    "TRUTH_OPERANDS",
    "meaning",
]


def _fused(a: float, b: float, c: float) -> float:
    """a * b + c, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return float(exact) if exact else a * b + c  # a Fraction of 0 has no sign


def _scaled(x: float, n: float) -> float:
    """x * 2**n, for a whole n."""
    if n != n:
        return n
    try:
        return math.ldexp(x, int(n))
    except OverflowError:
        return math.copysign(math.inf, x)


COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
}
LOGIC: Final[dict[str, Callable[..., Any]]] = {
    "and": lambda p, q: p and q,
    "or": lambda p, q: p or q,
    "not": lambda p: not p,
}
TRUTHS: Final = frozenset([*COMPARISONS, *LOGIC])
TRUTH_OPERANDS: Final = {"and": 2, "or": 2, "not": 1, "select": 1}  # how many, from the first
MEANING: Final[dict[str, Callable[..., Any]]] = {
    **COMPARISONS,
    **LOGIC,
    "select": lambda truth, a, b: a if truth else b,
    "pow": ieee.power,
    "fma": _fused,
    "scale": _scaled,
}
COMMUTATIVE: Final = frozenset(["add", "mul", "eq", "and", "or"])


def meaning(name: str) -> Callable[..., Any]:
    """What an operation computes."""
    found = MEANING.get(name)
    return lookup(name).forward if found is None else found
