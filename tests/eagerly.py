"""What a compiled function is compared with: the same function, run by the engine. Several tests
import it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from autograd import Value
from autograd.transforms.tree import flatten

__all__ = ["bits", "eagerly", "outcome", "same"]


def eagerly(f: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """f of Values of these numbers, and the numbers of what it gives."""
    leaves, structure = flatten([list(args), keywords])
    values, named = structure.unflatten([Value(x) for x in leaves])
    results, outputs = flatten(f(*values, **named))
    return outputs.unflatten([x.data if isinstance(x, Value) else x for x in results])


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or what it raises: the type and the words."""
    try:
        return f(*args)
    except Exception as error:  # noqa: BLE001 (which is what is compared)
        return type(error), str(error)


def bits(x: float) -> bytes:
    """Every bit of a double; all NaNs are one."""
    return b"nan" if math.isnan(x) else struct.pack("<d", x)


def _is_error(x: Any) -> bool:
    return isinstance(x, tuple) and bool(x) and isinstance(x[0], type)


def same(a: Any, b: Any) -> bool:
    """Equal nestings of the same types with equal numbers, bit for bit, or equal errors."""
    if _is_error(a) or _is_error(b):
        return bool(a == b)
    (xs, first), (ys, second) = flatten(a), flatten(b)
    kinds = type(a) is type(b) and first == second
    return kinds and list(map(bits, xs)) == list(map(bits, ys))
