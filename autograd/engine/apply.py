"""Applying a primitive to Values: the number, the local derivatives, and the node that keeps both.

Every function of the table gets here, through `Value.__primitive__` or as a method (`v.exp()`);
only the operators + - * / and constant powers make their nodes themselves. A rule is fed floats.
Where those would raise, as in a division by 0, it is fed Values, whose arithmetic is IEEE's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.alone import ALONE
from autograd.engine.hooks import HOOKS
from autograd.engine.modes import MODES, modes_here, plain_arithmetic
from autograd.engine.operands import to_float
from autograd.engine.primitive import Primitive
from autograd.engine.primitives import pow_, pow_const
from autograd.engine.value import Fan, Value

__all__ = ["apply", "restore", "unary", "with_floats"]


def apply(primitive: Primitive, inputs: tuple[Any, ...]) -> Value:
    """Compute a primitive over Values and numbers, and record it with its local derivatives."""
    if primitive.arity == 1:
        only: Value = unary(primitive, inputs[0])
        return only
    for x in inputs:
        if not isinstance(x, Value) and type(x) is not float:
            inputs = tuple(with_floats(primitive, inputs))
            break
    if primitive is pow_ and not isinstance(inputs[1], Value):
        primitive = pow_const
    numbers = [x._data if isinstance(x, Value) else x for x in inputs]
    if len(numbers) == 2:  # the same as below, sooner
        data = primitive.forward(numbers[0], numbers[1])
    else:
        data = primitive.forward(*numbers)
    if MODES.active != 0 and _idle():
        return Value(data)
    factors = _differentiate(primitive, data, numbers)
    if _needs_fan(primitive, inputs):
        return Value(data, None, primitive, _fan=Fan(inputs, factors))
    a, pa = _edge(inputs[0], factors[0])
    b, pb = _edge(inputs[1], factors[1])
    return Value(data, None, primitive, a, b, pa, pb)


def unary(primitive: Primitive, x: Any) -> Any:
    """`apply` for one input, which is most of the table. A method can be asked of a number too."""
    if not isinstance(x, Value):
        return primitive(x)
    number = x._data
    data = primitive.forward(number)
    if MODES.active != 0 and _idle():
        return Value(data)
    factor: float
    if primitive.builtin:
        try:
            factor = primitive.partials(data, number)
        except ZeroDivisionError:
            factor = _differentiate(primitive, data, [number])[0]
    else:
        factor = _differentiate(primitive, data, [number])[0]
    return Value(data, None, primitive, x, None, factor)


def with_floats(primitive: Primitive, inputs: Sequence[Any]) -> list[Any]:
    """The inputs with every number among them as a float."""
    where = f"{primitive.name} takes a Value or"
    return [x if isinstance(x, Value) else to_float(x, where) for x in inputs]


def _idle() -> bool:
    """Whether nothing is recorded and nobody watches, so that local derivatives would be for
    nothing."""
    if ALONE.nodes() is not None:
        return False
    modes = modes_here()
    if modes.plain:
        return not modes.record_lines
    seen = modes.detect_anomaly or modes.record_lines or modes.tracer is not None
    return modes.no_grad and not seen


def _differentiate(primitive: Primitive, data: float, numbers: list[float]) -> tuple[Any, ...]:
    """The local derivatives: the rule fed floats or, where those would raise, Values."""
    try:
        factors = primitive.partials(data, *numbers)
        if primitive.builtin:
            return factors if isinstance(factors, tuple) else (factors,)
    except (ZeroDivisionError, OverflowError):
        with plain_arithmetic():
            factors = primitive.partials(Value(data), *[Value(x) for x in numbers])
    if not isinstance(factors, (tuple, list)):
        factors = (factors,)
    if len(factors) != len(numbers):
        raise TypeError(
            f"{primitive.name}'s partials must return one factor per input: "
            f"{len(numbers)} inputs, {len(factors)} factors"
        )
    where = f"{primitive.name}'s partials must return"
    return tuple([x._data if isinstance(x, Value) else to_float(x, where) for x in factors])


# -- how a node keeps its edges --------------------------------------------------------------------


def restore(
    data: float,
    grad: float,
    label: str | None,
    primitive: Primitive | None,
    inputs: tuple[Any, ...],
    factors: tuple[Any, ...],
) -> Value:
    """The inverse of taking a node apart, for copying and unpickling, whatever modes are on."""
    out = Value(data, label)
    out._grad = grad
    if primitive is None:
        return out
    out._primitive = primitive
    if _needs_fan(primitive, inputs):
        out._fan = Fan(inputs, factors)
        return out
    out._a, out._pa = _edge(inputs[0], factors[0])
    if len(inputs) == 2:
        out._b, out._pb = _edge(inputs[1], factors[1])
    return out


def _needs_fan(primitive: Primitive, inputs: tuple[Any, ...]) -> bool:
    return primitive.arity is None or len(inputs) > 2


def _edge(x: Any, factor: float) -> tuple[Value | None, float]:
    """One edge as a node keeps it: a Value with its local derivative, or None with the plain
    number."""
    if isinstance(x, Value):
        return x, factor
    return None, x


def _recorder() -> Callable[..., Value]:
    """`Value.__primitive__`. (Compiled, only a nested function can be made a method.)"""

    def record(self: Value, primitive: Primitive, inputs: tuple[Any, ...]) -> Value:
        return apply(primitive, inputs)

    return record


HOOKS.apply = apply
setattr(Value, "__primitive__", _recorder())  # noqa: B010
