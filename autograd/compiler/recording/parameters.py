"""The parameters of a function, as far as they are known, and which of its arguments are static."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.engine.primitives import describe

__all__ = ["parameters_of", "static_arguments"]

Parameters = Sequence[inspect.Parameter] | None  # None: not known


def _parameters(f: Callable[..., Any]) -> Parameters:
    try:
        return list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None


def parameters_of(f: Callable[..., Any]) -> list[str]:
    """The names of the positional arguments, as far as they are known."""
    return [p.name for p in _parameters(f) or () if _is_positional(p)]


def _is_positional(p: inspect.Parameter) -> bool:
    return p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)


def static_arguments(
    f: Callable[..., Any], argnames: str | Iterable[str], argnums: int | Iterable[int]
) -> frozenset[str | int]:
    """The names and the places of the arguments that are not to be traced: of each both, where they
    are known."""
    names = (argnames,) if isinstance(argnames, str) else tuple(argnames)
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    parameters = _parameters(f)
    places = [_place(f, i, parameters) for i in numbers]
    for name in names:
        _check_name(f, name, parameters)
    known = [p.name for p in parameters or () if _is_positional(p)]
    return frozenset([*names, *places, *[known[i] for i in places if i < len(known)]])


def _check_name(f: Callable[..., Any], name: str, parameters: Parameters) -> None:
    if not isinstance(name, str):
        raise TypeError(f"static_argnames are names of arguments, got {describe(name)}")
    if parameters is None or any(p.name == name or p.kind is p.VAR_KEYWORD for p in parameters):
        return
    raise ValueError(
        f"static_argnames names {name!r}, and {_shown(f)} takes no such argument: "
        f"{', '.join(p.name for p in parameters) or 'none at all'}"
    )


def _place(f: Callable[..., Any], i: int, parameters: Parameters) -> int:
    """The place counted from the left."""
    if type(i) is not int:
        raise TypeError(f"static_argnums are places of arguments (0, 1 ...), got {describe(i)}")
    positional = [p for p in parameters or () if _is_positional(p)]
    takes_more = parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if i >= 0 and (takes_more or i < len(positional)):
        return i
    if -len(positional) <= i < 0 and not takes_more:
        return i + len(positional)
    raise ValueError(
        f"static_argnums has the place {i}, and {_shown(f)} takes "
        + ("any number of arguments" if takes_more else f"{len(positional)} by place")
        + "; count from 0, or name the argument in static_argnames"
    )


def _shown(f: Callable[..., Any]) -> str:
    return str(getattr(f, "__qualname__", repr(f)))
