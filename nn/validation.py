"""What modules, losses and optimisers may be called with, and the errors for anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import inf
from numbers import Real
from operator import index
from typing import Any, SupportsIndex, TypeAlias, TypeVar

from autograd import Value
from nn.foreign_names import nearest_hint

__all__ = [
    "Number",
    "Vector",
    "as_count",
    "as_entries",
    "as_float",
    "as_list",
    "as_numbers",
    "as_vector",
    "counted",
    "find_named",
    "is_missing",
    "listed",
    "name_of",
    "non_negative",
    "refuse_others",
    "unknown_name",
]

Number: TypeAlias = Value | float
Vector: TypeAlias = Number | Iterable[Number]
T = TypeVar("T")

ROW_BY_ROW = "it takes one sample at a time: [model(x) for x in rows]"


def as_list(x: Any) -> Sequence[Any] | None:
    """The entries of `x`, or None if it is a single thing. The entries of an array become floats.

    >>> as_list((1.0, 2.0)), as_list(3.0)
    ((1.0, 2.0), None)
    """
    if isinstance(x, (list, tuple)):
        return x
    if isinstance(x, (Value, float, int)):
        return None
    if hasattr(x, "to_numpy"):  # a column or a frame, whose iteration would give column names
        x = x.to_numpy()
    if hasattr(x, "tolist"):
        x = x.tolist()
        return x if isinstance(x, list) else None
    if isinstance(x, (str, bytes, Mapping, AbstractSet)):
        raise TypeError(f"a sequence of numbers was expected, got a {type(x).__name__}: {x!r}")
    return list(x) if isinstance(x, Iterable) else None


def as_entries(x: Any) -> Sequence[Any]:
    """The entries of `x`; a single thing counts as one.

    >>> as_entries((1.0, 2.0)), as_entries(3.0)
    ((1.0, 2.0), [3.0])
    """
    entries = as_list(x)
    return [x] if entries is None else entries


def as_vector(x: Any, length: int, owner: object) -> Sequence[Any]:
    """The entries of `x`, one for each input of `owner`; a single number counts as one entry."""
    entries = x if type(x) is list else as_entries(x)
    if len(entries) != length:
        message = f"{owner!r} takes {counted(length, 'input')}, got {len(entries)}"
        if entries and isinstance(entries[0], (list, tuple)):
            message += f"; {ROW_BY_ROW}"
        raise ValueError(message)
    return entries


def refuse_others(owner: object, x: object, others: Sequence[object]) -> None:
    """Raise TypeError for inputs that were passed one by one, or for several rows."""
    if others:
        rows = any(isinstance(one, (list, tuple)) for one in (x, *others))
        remedy = ROW_BY_ROW if rows else "put brackets around them: model([1, 2])"
        raise TypeError(
            f"{owner!r} takes one list of numbers, got {1 + len(others)} arguments; {remedy}"
        )


def as_float(name: str, x: object) -> float:
    """A plain number, called `name` in the error if it is none.

    >>> as_float("lr", 1)
    1.0
    """
    if not isinstance(x, Real):
        raise TypeError(f"{name} must be a number, got the {type(x).__name__} {x!r}")
    try:
        return float(x)
    except OverflowError:
        raise ValueError(f"{name} does not fit a float: {x!s:.20}...") from None


def is_missing(x: object) -> bool:
    """Whether it stands for what is not known: None, NaN, pandas' NA and NaT.

    >>> is_missing(None), is_missing(float("nan")), is_missing(0.0)
    (True, True, False)
    """
    return x is None or (
        x != x if isinstance(x, float) else type(x).__name__ in ("NAType", "NaTType")
    )


def as_numbers(name: str, x: Any) -> list[float]:
    """The entries of `x` as plain numbers, those of Values among them.

    >>> as_numbers("outputs", [Value(1.0), 2]), as_numbers("outputs", Value(3.0))
    ([1.0, 2.0], [3.0])
    """
    entries = [x] if isinstance(x, str) else as_entries(x)
    return [entry.data if isinstance(entry, Value) else as_float(name, entry) for entry in entries]


def as_count(name: str, count: object, least: int = 1) -> int:
    """A whole number of at least `least`, called `name` in the error if it is none."""
    if not isinstance(count, SupportsIndex):
        raise TypeError(f"{name} must be a whole number, got {count!r:.80}")
    if index(count) < least:
        raise ValueError(f"{name} must be at least {least}, got {count}")
    return index(count)


def non_negative(name: str, number: object, below: float = inf) -> float:
    """A finite number of 0 or more, called `name` in the error if it is none."""
    found = as_float(name, number)
    if not 0.0 <= found < below:
        rule = "a finite number, 0 or more" if below == inf else f"from 0 to below {below:g}"
        raise ValueError(f"{name} must be {rule}, got {found}")
    return found


def find_named(kind: str, given: Any, known: Mapping[str, T], signature: str) -> T:
    """What goes by the name `given` in `known`; a function is given back as it is.

    >>> find_named("an operation", "max", {"max": max}, "(a, b) -> number")
    <built-in function max>
    """
    if isinstance(given, str) and given in known:
        return known[given]
    if callable(given):
        function: T = given
        return function
    names = ", ".join(known)
    if isinstance(given, str):
        raise unknown_name(kind.partition(" ")[2], given, known)
    raise TypeError(f"{kind} is a name ({names}) or a function {signature}, got {given!r:.80}")


def unknown_name(noun: str, given: str, known: Iterable[str]) -> ValueError:
    """The error for a name of nothing, with the one that was probably meant.

    >>> unknown_name("loss", "hubert", ["mse", "huber"])
    ValueError("no loss is called 'hubert'; the nearest name is 'huber'; known: mse, huber")
    """
    hint = nearest_hint(given, known, cutoff=0.7)  # "mae" is another thing than "mse"
    return ValueError(f"no {noun} is called {given!r}{hint}; known: {', '.join(known)}")


# -- for messages ----------------------------------------------------------------------------------


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "input"), counted(2, "input")
    ('1 input', '2 inputs')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: Sequence[str], at_most: int) -> str:
    """The first of them, and how many more there are.

    >>> listed(["a", "b", "c"], at_most=2)
    'a, b and 1 more'
    """
    more = f" and {len(words) - at_most} more" if len(words) > at_most else ""
    return ", ".join(words[:at_most]) + more


def name_of(function: str | Callable[..., Any]) -> str:
    """What messages call an activation, a loss, a callback."""
    if isinstance(function, str):
        return function
    return getattr(function, "__name__", type(function).__name__)
