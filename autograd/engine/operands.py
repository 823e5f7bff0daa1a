"""What counts as a number, and how errors name what does not."""

from __future__ import annotations

import math
from numbers import Real
from reprlib import Repr
from typing import Final

from autograd.engine.loaded_modules import loaded

__all__ = ["as_label", "as_operand", "describe", "is_real", "to_float"]

BRIEFLY: Final = Repr()  # neither as deep nor as long as the culprit may be
BRIEFLY.maxother = 60

NEVER_OPERANDS: Final = (str, bytes, bytearray, complex, list, tuple, dict, set, frozenset, type)


def to_float(x: object, where: str) -> float:
    """A real number as a float: int, bool, Fraction, NumPy scalars; anything else is a TypeError.

    `where` begins the message: "Value.data must be". An int too large for a double becomes
    infinite, as rounding by IEEE 754 has it.
    """
    if isinstance(x, float):
        return float(x)
    if isinstance(x, (int, Real)) or _is_numpy_scalar(x):  # int first: asking an ABC is slow
        try:
            return float(x)  # type: ignore[arg-type]
        except OverflowError:
            return math.inf if x > 0 else -math.inf  # type: ignore[operator]
    raise TypeError(
        f"{where} a real number (int, float, bool, Fraction or NumPy scalar), "
        f"got {describe(x)}{_remedy(x)}"
    )


def _is_numpy_scalar(x: object) -> bool:
    dtype = getattr(x, "dtype", None)
    return dtype is not None and getattr(x, "shape", None) == () and dtype.kind in "biuf"


def as_operand(x: object) -> float | None:
    """A number beside a Value as a float; TypeError for what is surely a mistake; None for anything
    else, so that the operator returns NotImplemented and other types (an ndarray) have their
    say."""
    if type(x) is float:
        return x
    if type(x) is int or is_real(x) or x is None or isinstance(x, NEVER_OPERANDS):
        return to_float(x, "an operand of a Value must be a Value or")
    return None


def is_real(x: object) -> bool:
    """Whether a Value can be compared with it as with a number."""
    if isinstance(x, (float, int, Real)):  # the ABC last: asking it is slow
        return True
    if getattr(x, "shape", None) != () or not hasattr(type(x), "__array_priority__"):
        return False
    return getattr(x, "dtype", None) != "O"  # an array of one Value knows better


def as_label(x: object) -> str:
    if not isinstance(x, str):
        raise TypeError(f"a label is a str or None, got {describe(x)}")
    return x


def describe(x: object) -> str:
    """A type and a short, printable form of a culprit, for error messages."""
    if x is None:
        return "None"
    text = ascii(x[:40]) if isinstance(x, str) else BRIEFLY.repr(x)
    if len(text) > 40 or "\n" in text:
        text = text[:37].replace("\n", " ") + "..."
    name = type(x).__name__
    return text if text.startswith(f"{name}(") else f"{name} {text}"


def _remedy(x: object) -> str:
    """What to write instead, where a number was expected."""
    if hasattr(x, "__primitive__"):
        return "; its bare number is its .data"
    decimal = loaded("decimal")
    if isinstance(x, str) or (decimal is not None and isinstance(x, decimal.Decimal)):
        return "; convert it with float(...)"
    if isinstance(x, (list, tuple)) or getattr(x, "shape", ()) != ():
        return "; take the entries one by one"
    return ""
