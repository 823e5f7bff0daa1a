"""Where a gradient is checked: a function of nested arguments as one of a list of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any, Final

from autograd.engine.loaded_modules import quietly
from autograd.engine.modes import no_grad
from autograd.engine.primitives import describe
from autograd.engine.text import number, printable
from autograd.engine.value import Value
from autograd.transforms.linearization import Argnums, argument_places
from autograd.transforms.tree import components, flatten

__all__ = ["FAILURES", "Point", "float_of"]

FAILURES: Final = (ZeroDivisionError, OverflowError, ValueError)  # of `math` outside a domain


class Point:
    """A function at its arguments, with the numbers that are differentiated in one list.

    places: of the arguments that are differentiated; chosen: those. names, keys: what each number
    is called, and where it is in the nesting.
    """

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Argnums | None
    ) -> None:
        self.f = f
        self.args = args
        everything = tuple(range(len(args)))
        chosen = everything if argnums is None else argnums
        self.places = argument_places(chosen, len(args), "check_grad")
        self.chosen = tuple(args[i] for i in self.places)
        try:
            leaves, self.structure = flatten(self.chosen, "check_grad's argument")
        except TypeError as problem:
            remedy = "name those to be differentiated with argnums, as in argnums=0"
            if callable(self.chosen[-1]):
                remedy = "a gradient by hand is given by name: analytic=..."
            raise TypeError(f"{problem}; {remedy}") from None
        self.numbers: list[float] = list(map(float_of, leaves))
        found = [
            (name, (place, *keys))
            for place, tree in zip(self.places, self.chosen, strict=True)
            for name, keys, _ in components(tree, _argument_name(f, place, len(self.places)))
        ]
        self.names = _labelled([name for name, _ in found], leaves)
        self.keys = [keys for _, keys in found]
        self.on_values = False

    def arguments(self, numbers: Sequence[Any]) -> list[Any]:
        """New arguments, with these numbers in the place of those that are differentiated."""
        arguments = list(self.args)
        for place, tree in zip(self.places, self.structure.unflatten(numbers), strict=True):
            arguments[place] = tree
        return arguments

    def __call__(self, numbers: Sequence[float]) -> float:
        """f on plain floats; NaN where it has no real value."""
        with quietly():  # a difference quotient may well look outside a domain
            if self.on_values:
                return self._of_values(numbers)
            try:
                return _real(self.f(*self.arguments(numbers)))
            except FAILURES:
                return self._where_floats_raise(numbers)
            except (AttributeError, TypeError):  # such as x.exp(): only Values have that
                self.on_values = True
                return self._of_values(numbers)

    def _of_values(self, numbers: Sequence[float]) -> float:
        with no_grad():
            return _real(self.f(*self.arguments([Value(x) for x in numbers])))

    def _where_floats_raise(self, numbers: Sequence[float]) -> float:
        """The value where Python's arithmetic raises and the engine's has an answer, as on the side
        that `where(x, sin(x) / x, 1)` does not take; NaN where there is none."""
        try:
            return self._of_values(numbers)
        except (*FAILURES, AttributeError, TypeError):  # math.log takes no Values
            return math.nan

    def along(self, i: int) -> Callable[[float], float]:
        """The function of one component, the others held fixed."""
        return lambda x: self([*self.numbers[:i], x, *self.numbers[i + 1 :]])

    def refuse_random(self) -> None:
        """ValueError where two calls give two values."""
        first, second = self(self.numbers), self(self.numbers)
        if first != second and not (math.isnan(first) and math.isnan(second)):
            raise ValueError(
                "check_grad needs a function that gives the same value for the same arguments; "
                f"this one gave {number(first)} and then {number(second)}. If it draws random "
                "numbers (dropout, sampling), draw them before and pass them in, or set the seed "
                "inside it; if it counts its calls, start from the same state each time"
            )


def float_of(x: Any) -> Any:
    """The float of a Value, or the number that it is already."""
    return x.data if isinstance(x, Value) else x


def _real(result: Any) -> float:
    """The one number that a function gives; NaN for a complex one, as (-8) ** (1/3)."""
    if isinstance(result, complex):
        return math.nan
    leaves, structure = flatten(result, "what check_grad's function returns")
    if not structure.is_single:
        raise TypeError(
            f"check_grad needs a function that returns one number, this one returned "
            f"{describe(result)}; check one of several: check_grad(lambda x: f(x)[0], x)"
        )
    found: float = float_of(leaves[0])
    return found


def _argument_name(f: Callable[..., Any], place: int, count: int) -> str:
    """What the function calls an argument; x, x1, x2 where it has no name for it."""
    try:
        parameter = list(signature(f).parameters.values())[place]
    except (TypeError, ValueError, IndexError):
        parameter = None
    named = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    if parameter is not None and parameter.kind in named:
        return parameter.name
    return "x" if count == 1 else f"x{place + 1}"


def _labelled(names: list[str], leaves: list[Any]) -> list[str]:
    """A label in place of a name, where it is the only one of its kind."""
    labels = [printable((getattr(x, "label", None) or "").strip()) for x in leaves]
    return [
        label if label and labels.count(label) == 1 and label not in names else name
        for label, name in zip(labels, names, strict=True)
    ]
