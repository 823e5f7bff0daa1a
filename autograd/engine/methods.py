"""Every function of one input is a method of Value too: `v.tanh()`, by the table's name and by the
one that NumPy asks the elements of an object array for.

Not compiled: a method is then an ordinary function, which has a name, a docstring and a signature.
"""

from __future__ import annotations

import inspect
from typing import Any

from autograd.engine.apply import unary
from autograd.engine.primitive import ATTACH, TABLE, Primitive
from autograd.engine.value import Value

__all__: list[str] = []


def _attach(primitive: Primitive) -> None:
    if not primitive.is_method:
        replaced = TABLE.get(primitive.name)
        if replaced is not None and replaced.is_method:
            delattr(Value, primitive.name)
        return
    method = _unary(primitive) if primitive.arity == 1 else _with_options(primitive)
    method.__name__ = primitive.name
    method.__qualname__ = f"Value.{primitive.name}"
    method.__doc__ = primitive.doc
    for name in {primitive.name, primitive.numpy_name}:
        if not name:
            continue
        if hasattr(Value, name) and not primitive.builtin and name not in TABLE:
            raise ValueError(f"{name!r} is taken by an attribute of Value; choose another name")
        setattr(Value, name, method)


def _unary(primitive: Primitive) -> Any:
    def method(self: Value) -> Value:
        return unary(primitive, self)  # type: ignore[no-any-return]

    return method


def _with_options(primitive: Primitive) -> Any:
    def method(self: Value, *options: Any) -> Any:
        return primitive(self, *options)

    first, *rest = inspect.signature(primitive).parameters.values()
    parameters = [x.replace(kind=x.POSITIONAL_ONLY) for x in (first.replace(name="self"), *rest)]
    setattr(method, "__signature__", inspect.Signature(parameters))  # noqa: B010
    return method


ATTACH.append(_attach)
for row in TABLE.values():
    _attach(row)

# What a user calls; the other parameters are the engine's.
setattr(Value, "__signature__", inspect.signature(lambda data, label=None: None))  # noqa: B010
