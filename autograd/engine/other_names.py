"""Attributes that users of micrograd and PyTorch look for on a Value: the same under micrograd's
name, or an AttributeError that says what it is called here; and ^, which is no power in Python.

Descriptors of the class, so that attributes which are there cost nothing more. Not compiled, as
little as `methods`.
"""

from __future__ import annotations

from typing import Any, Final

from autograd.engine.value import Value

__all__: list[str] = []

KEPT_ELSEWHERE: Final = (
    "there is no place in a Value for what belongs to its user; keep a dict keyed by the "
    "parameter, as in state[p] = 0.0 (Values are hashed by identity)"
)
ELSEWHERE: Final[dict[str, str]] = {
    "_backward": (
        "local derivatives are in v.partials; an operation of your own is made by "
        "autograd.primitive(name, forward, partials)"
    ),
    "_children": "what it was computed from is v.parents",
    "backwards": "the pass is v.backward()",
    "children": "what it was computed from is v.parents",
    "clone": "an operation gives a new Value, as in v + 0; a leaf of its own is Value(v.data)",
    "grad_fn": "the operation that made it is v.op, its record v.primitive",
    **dict.fromkeys(["gradient", "derivative"], "the derivative is in v.grad, after backward()"),
    "is_leaf": "a leaf is a Value whose v.parents is empty",
    "item": "the bare number is v.data",
    "name": "a name for pictures and messages is v.label",
    "numpy": "the bare number is v.data; numpy.array([...]) keeps Values as objects",
    "requires_grad": (
        "every Value is differentiated; what is to be constant is a plain number, or v.detach()"
    ),
    "requires_grad_": (
        "every Value is differentiated; what is to be constant is a plain number, or v.detach()"
    ),
    "retain_grad": "every node keeps its v.grad, not the leaves alone",
    "numel": "a Value is one number",
    "tolist": "the bare number is v.data",
    **dict.fromkeys(["val", "value"], "the bare number is v.data"),
    **dict.fromkeys(["cache", "m", "momentum", "v", "velocity"], KEPT_ELSEWHERE),
}


class _Elsewhere:
    """An attribute that a Value does not have."""

    def __init__(self, name: str, advice: str) -> None:
        self.name = name
        self.advice = advice

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise AttributeError(f"'Value' object has no attribute {self.name!r}: {self.advice}")

    def __set__(self, instance: Any, value: Any) -> None:
        self.__get__(instance)


def _prev(node: Value) -> set[Value]:
    """The distinct parents, as micrograd keeps them."""
    return set(node.parents)


def _op(node: Value) -> str:
    """The symbol of the operation, or its name: micrograd's label of a node."""
    primitive = node.primitive
    return "" if primitive is None else primitive.symbol or primitive.name


def _xor(node: Value, other: object) -> Any:
    """A TypeError, which names the power; other types have their say."""
    if not isinstance(other, (Value, int, float)):
        return NotImplemented
    raise TypeError(
        "a Value has no ^, which in Python is exclusive or, of whole numbers; a power is written "
        "**, as in x ** 2"
    )


def _names(node: Value) -> list[str]:
    """What completion offers: without those."""
    return [name for name in object.__dir__(node) if name not in ELSEWHERE]


for name, advice in ELSEWHERE.items():
    setattr(Value, name, _Elsewhere(name, advice))
setattr(Value, "_prev", property(_prev))  # noqa: B010
setattr(Value, "_op", property(_op))  # noqa: B010
setattr(Value, "__dir__", _names)  # noqa: B010
setattr(Value, "__xor__", _xor)  # noqa: B010
setattr(Value, "__rxor__", _xor)  # noqa: B010
