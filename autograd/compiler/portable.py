"""What of a compiled function goes along in copies and pickles.

The function goes along as an object, through the pickler that is at work. So a method's object, or
a model, is the same one as elsewhere in what is pickled; and what can pickle a lambda (cloudpickle,
and with it joblib, Dask and Ray) does so here. Where pickle can't find a function again, the
recorded programs go without it.
"""

from __future__ import annotations

import copyreg
import pickle
import sys
from collections.abc import Callable, Hashable, Iterator
from copy import deepcopy
from enum import Enum
from functools import partial, update_wrapper
from importlib import import_module
from types import FrameType, FunctionType, MethodType
from typing import Any, Final, Self

from autograd.compiler.digests import source_digest
from autograd.transforms.transform import found_by_name

__all__ = ["Compiled", "Unavailable", "fingerprint", "has_state", "is_portable", "undecorated"]

Function = Callable[..., Any]


PYTHON_PICKLER: Final[Any] = pickle._Pickler  # dill's is one
NAMES: Final = ("__module__", "__name__", "__qualname__", "__doc__")


class Compiled:
    """What `jit` and `vmap` return, as far as copies and pickles are concerned.

    A copy is made empty, then given its function, which may be a method of an object that holds
    the copy: so nothing of the function is looked at then.
    """

    f: Function

    def _settings(self) -> dict[str, Any]:
        """What `_restore` makes another one of, beside the function."""
        raise NotImplementedError

    def _programs(self, with_function: bool) -> Any:
        """What has been recorded, as far as it goes along."""
        raise NotImplementedError

    def _restore(self, f: Function, settings: dict[str, Any], programs: Any) -> None:
        raise NotImplementedError

    @property
    def _name(self) -> str:
        return getattr(self.f, "__qualname__", repr(self.f))

    def _name_after(self, f: Function) -> None:
        wrapper: Any = self
        update_wrapper(wrapper, f, updated=())

    def __reduce__(self) -> Any:
        f = carried(self.f, takes_any_function())
        programs = self._programs(f is not None)
        if f is None and not programs:
            raise _left_behind(self.f)
        names = {name: vars(self)[name] for name in NAMES if name in vars(self)}
        state = (f, names, self._settings(), programs)
        return copyreg.__newobj__, (type(self),), state  # type: ignore[attr-defined]

    def __setstate__(self, state: tuple[Any, dict[str, Any], dict[str, Any], Any]) -> None:
        f, names, settings, programs = state
        if f is None:
            f = Unavailable(names.get("__qualname__", "a function"))
        self._restore(f, settings, programs)
        vars(self).update(names, __wrapped__=f)

    def __copy__(self) -> Self:
        return self._copied(type(self).__new__(type(self)), self.f, self._programs(False))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The copy of a method is that of the copied object, and records anew."""
        out = memo[id(self)] = type(self).__new__(type(self))
        f, programs = deepcopy(self.f, memo), self._programs(False)
        if isinstance(f, Unavailable):
            programs = deepcopy(programs, memo)
        elif f is not self.f:
            programs = ()
        return self._copied(out, f, programs)

    def _copied(self, out: Self, f: Function, programs: Any) -> Self:
        out._restore(f, self._settings(), programs)
        vars(out).update({name: vars(self)[name] for name in NAMES if name in vars(self)})
        vars(out).update(__wrapped__=f)
        return out

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name  # by which a pickle finds a method again

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """As a method, it is called with its object first (which is named in static_argnames)."""
        method: Any = self
        return method if owner is None else MethodType(method, owner)


class Unavailable:
    """In the place of a function that a pickle could not take along."""

    def __init__(self, name: str) -> None:
        self.__qualname__ = name

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        raise LookupError(
            f"{self.__qualname__} was pickled without its source, with the paths that it had "
            "recorded, and these arguments take another; define it at the top of a module, "
            "or call it with such arguments before pickling it (or pickle it with cloudpickle)"
        )


class Decorated:
    """A function that has its name only as compiled: in a pickle, where to find that, and how many
    decorators are around the function."""

    def __init__(self, module: str, name: str, depth: int) -> None:
        self._place = module, name, depth

    def __reduce__(self) -> Any:
        return undecorated, self._place


def undecorated(module: str, name: str, depth: int = 1) -> Any:
    """The function that a Decorated stood for."""
    import_module(module)
    found = found_by_name(module, name)
    for _ in range(depth):
        found = getattr(found, "__wrapped__", found)
    return found


def carried(f: Function, any_function: bool) -> Any:
    """What stands in a pickle for a function: itself, or where to find it; None where it has to
    stay behind. `any_function` says whether the pickler takes functions without a name."""
    inner = _innermost(f)
    if isinstance(inner, Unavailable):
        return None
    if not isinstance(inner, FunctionType):
        return f
    module, name = inner.__module__, inner.__qualname__
    found = list(_wrapped(found_by_name(module, name)))
    depth = next((i for i, x in enumerate(found) if x is f), 0)
    if depth and not (any_function and module == "__main__"):
        return Decorated(module, name, depth)
    return f if any_function or (found and found[0] is inner) else None


def has_state(f: Function) -> bool:
    """Whether it is a method, a model ...: an object whose numbers may be other ones elsewhere."""
    return not isinstance(_innermost(f), FunctionType)


def fingerprint(f: Function) -> bytes:
    """A digest of a function and what it reaches: another one where its source was edited since, or
    another Python reads it."""
    return source_digest(_innermost(f))


def _innermost(f: Any) -> Any:
    """What `f` is made of by transforms and `partial`."""
    while not isinstance(f, (FunctionType, MethodType, type, Compiled, Unavailable)):
        inside = f.func if isinstance(f, partial) else getattr(f, "__dict__", {}).get("__wrapped__")
        if inside is None:
            break
        f = inside
    return f


def _wrapped(f: Any) -> Iterator[Any]:
    """An object, and what it wraps."""
    while f is not None:
        yield f
        f = getattr(f, "__wrapped__", None)


def takes_any_function() -> bool:
    """Whether the pickler that is asking for a `__reduce__` pickles lambdas too, as cloudpickle
    and dill do. (It gives no sign of itself; but its method is the caller.)"""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("autograd."):
        frame = frame.f_back
    pickler = None if frame is None else frame.f_locals.get("self")
    if not isinstance(pickler, (pickle.Pickler, PYTHON_PICKLER)):
        return False
    known = getattr(pickler, "dispatch", {}).get(FunctionType)
    return hasattr(pickler, "reducer_override") or (
        known is not None and known is not PYTHON_PICKLER.dispatch[FunctionType]
    )


def _left_behind(f: Function) -> pickle.PicklingError:
    name = getattr(f, "__qualname__", repr(f))
    module = getattr(_innermost(f), "__module__", None)
    return pickle.PicklingError(
        f"{name} is not found by its name in {module}, so pickle can't take it along, and there is "
        "no recorded program that could go without it; define it at the top of a module, or pickle "
        "it with cloudpickle"
    )


def is_portable(key: Hashable) -> bool:
    """Whether a key of recorded programs means the same elsewhere: it holds plain data, and types
    that are found by their names. (An object may compare, and hash, by where it is in memory.)"""
    if isinstance(key, tuple):
        return all(map(is_portable, key))
    if isinstance(key, type):
        return found_by_name(key.__module__, key.__qualname__) is key
    return key is None or isinstance(key, (str, bytes, int, float, complex, Enum))
