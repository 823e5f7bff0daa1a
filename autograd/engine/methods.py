"""Every function of one input is a method of Value too: `v.tanh()`, by the table's name and by the
one that NumPy asks the elements of an object array for.

Not compiled: a method is then an ordinary function, which has a name, a docstring and a signature.
"""

from __future__ import annotations

from collections.abc import Callable
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
    for name in dict.fromkeys((primitive.name, primitive.numpy_name)):  # in one order, for the site
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

    setattr(method, "__wrapped__", _OfMethod(primitive))  # noqa: B010  # inspect asks it
    return method


class _OfMethod:
    """The signature of a method, made when it is asked for: the primitive's, of a Value."""

    def __init__(self, primitive: Primitive) -> None:
        self._primitive = primitive

    @property
    def __signature__(self) -> Any:
        import inspect  # slow to import, and few ask

        first, *rest = inspect.signature(self._primitive).parameters.values()
        parameters = (first.replace(name="self"), *rest)
        return inspect.Signature([x.replace(kind=x.POSITIONAL_ONLY) for x in parameters])


class _OnDemand:
    """An attribute of a class that is made when it is asked for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.make()


def _signature() -> Any:
    """What a user calls; the other parameters are the engine's."""
    import inspect  # slow to import, and few ask

    return inspect.signature(lambda data, label=None: None)


ATTACH.append(_attach)
for row in TABLE.values():
    _attach(row)

setattr(Value, "__signature__", _OnDemand(_signature))  # noqa: B010
