"""What `grad(f)` and its like are: callable objects, which can be pickled and copied.

Like a function, such an object is called after its function, takes its arguments, and as an
attribute of a class is a method. It is pickled as any object is, made first and filled afterwards;
so what the function closes over or belongs to is shared, even if that holds this object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import MethodType
from typing import Any, ClassVar

from autograd.engine.operands import describe, is_real
from autograd.engine.value import Value

__all__ = ["Transform", "found_by_name", "require_function"]


class Transform:
    """A function made from another one, `f`, which is kept as `__wrapped__`. A subclass says how it
    is called."""

    transform: ClassVar[str]
    """The public name."""
    summary: ClassVar[str]
    """The first line of the documentation, with {} for the function."""

    def __init__(self, f: Callable[..., Any]) -> None:
        require_function(f, self.transform)
        self.__wrapped__ = f
        name = getattr(f, "__qualname__", repr(f))
        self.__name__ = self.__qualname__ = f"{self.transform}({name})"
        self.__module__ = getattr(f, "__module__", None) or __name__
        said = getattr(f, "__doc__", None) if hasattr(f, "__qualname__") else None
        self.__doc__ = self.summary.format(name) + (f"\n\n{said}" if said else "")

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name  # by which a pickle finds a method again

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """As a method, it is called with its object first."""
        return self if owner is None else MethodType(self, owner)  # type: ignore[arg-type]

    def __reduce_ex__(self, protocol: Any) -> Any:
        """By name, where it stands under its function's own, as a decorated one does."""
        name = getattr(self.__wrapped__, "__qualname__", "")
        return (
            name
            if found_by_name(self.__module__, name) is self
            else super().__reduce_ex__(protocol)
        )

    def __repr__(self) -> str:
        return f"<{self.__qualname__}>"


def found_by_name(module: str, name: str) -> Any:
    """What a module has under this dotted name; None if there is no such thing."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def require_function(f: object, transform: str) -> None:
    """TypeError for anything but a function, in particular for what a function has returned."""
    if callable(f):
        return
    remedy = ""
    if isinstance(f, Value):
        remedy = (
            "; it is for the function itself, not for its result. Derivatives of a Value come by "
            "its backward(), and then stand in the .grad of the Values it was computed from: "
            "loss.backward(), then w.grad"
        )
    elif is_real(f):
        remedy = "; it is for the function itself, not for its result"
    raise TypeError(f"{transform} takes a function, got {describe(f)}{remedy}")
