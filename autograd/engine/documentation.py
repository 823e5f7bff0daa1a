"""What `help` and `inspect` say of a primitive, written from its row when they ask.

Not compiled: it runs for a reader.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Final

from autograd.engine.primitive import Interval, Primitive
from autograd.engine.text import number

__all__: list[str] = []


class _OfEach:
    """An attribute that a class has, and each instance by a function of its own."""

    def __init__(self, of_class: Any, of_instance: Callable[[Any], Any]) -> None:
        self.of_class = of_class
        self.of_instance = of_instance

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.of_class if instance is None else self.of_instance(instance)


def _signature(primitive: Primitive) -> Any:
    import inspect  # slow to import, and few ask

    if primitive.arity is None:
        xs = inspect.Parameter(primitive.inputs[1:], inspect.Parameter.VAR_POSITIONAL)
        return inspect.Signature([xs])
    parameters = []
    for part in primitive.inputs.split(", "):
        name, _, default = part.partition("=")
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=float(default) if default else inspect.Parameter.empty,
            )
        )
    return inspect.Signature(parameters)


def _documentation(primitive: Primitive) -> str:
    """The text of `help`: signature, sentence, symbol, domain, kinks, and an example."""
    names = [part.partition("=")[0] for part in primitive.inputs.split(", ")]
    said = [f"{primitive.name}({primitive.inputs})", primitive.doc]
    if primitive.symbol:
        between = f" {primitive.symbol} ".join(names)
        said.append(f"Written {between if len(names) == 2 else primitive.symbol + names[0]}.")
    intervals = enumerate(zip(names, primitive.domain, strict=False))
    conditions = [_condition(primitive, i, name, interval) for i, (name, interval) in intervals]
    if any(conditions):
        said.append(f"Smooth and finite where {' and '.join(filter(None, conditions))}.")
    if primitive.kinks:
        said.append(f"Where it is not smooth: {primitive.kinks}.")
    return "\n\n".join(filter(None, [*said, _example(primitive)]))


def _condition(primitive: Primitive, i: int, name: str, interval: Interval) -> str:
    """An interval as an inequality; "" where it is all numbers, or a constant's."""
    low, high = interval
    if low >= high or (low == -math.inf and high == math.inf):
        return ""
    if high == math.inf:
        return f"{name} != 0" if _is_mirrored(primitive, i) else f"{name} > {number(low)}"
    return f"{number(low, 6)} < {name} < {number(high, 6)}"


def _is_mirrored(primitive: Primitive, i: int) -> bool:
    """Whether a function that is smooth right of 0 is so left of it too."""
    inputs = [0.75] * len(primitive.domain)
    inputs[i] = -1.0
    right_of_0 = primitive.builtin and primitive.domain[i][0] == 0.0
    return right_of_0 and math.isfinite(primitive.forward(*inputs))


def _example(primitive: Primitive) -> str:
    """A doctest, for a function among autograd's public names."""
    if vars(sys.modules["autograd"]).get(primitive.name) is not primitive:
        return ""
    lows = [low for low, _ in primitive.domain[: len(primitive.domain) - len(primitive.defaults)]]
    inputs = [max(low, 0.0) + i + 0.5 for i, low in enumerate(lows)]
    partials = primitive.partials(primitive(*inputs), *inputs, *primitive.defaults)
    factors = partials[: len(inputs)] if isinstance(partials, tuple) else (partials,)
    values = ", ".join([f"Value({x})" for x in inputs])
    return (
        f">>> import autograd\n>>> from autograd import Value\n"
        f">>> out = autograd.{primitive.name}({values})\n>>> out.data, out.partials\n"
        f"{(primitive(*inputs), factors)}"
    )


_CLASS: Final[Any] = Primitive  # which the compiler lets nobody change
_CLASS.__doc__ = _OfEach(_CLASS.__doc__, _documentation)
_CLASS.__signature__ = _OfEach(None, _signature)
_CLASS.__module__ = "autograd"  # where it is public
