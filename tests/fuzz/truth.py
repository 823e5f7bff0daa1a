"""What is right: the numbers that the engine gives for a case, call by call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from eagerly import eagerly

from autograd import grad, jacobian
from fuzz.cases import Case, Loaded
from fuzz.comparing import Outcome, outcome_of

__all__ = ["Truth"]


class Truth:
    """The engine's results at a sequence of calls: all points, and the same ones backwards, since
    later calls may take other ways than the first."""

    def __init__(self, case: Case) -> None:
        self.case = case
        count = len(case.points)
        self.calls = [*range(count), *reversed(range(count))]

    @cached_property
    def values(self) -> list[Outcome]:
        """Of f, called with Values."""
        loaded = Loaded(self.case)
        return [outcome_of(partial(_of_values, loaded, i)) for i in self.calls]

    @cached_property
    def gradients(self) -> list[Outcome]:
        """Of its derivative, called with plain numbers."""
        loaded = Loaded(self.case)
        derivative = self.derivative(loaded.f)
        return [outcome_of(partial(_called, derivative, loaded, i)) for i in self.calls]

    @cached_property
    def second(self) -> list[Outcome]:
        """Of the derivative of that, at the points alone."""
        loaded = Loaded(self.case)
        derivative = self.second_derivative(loaded.f)
        calls = self.calls[: len(self.case.points)]
        return [outcome_of(partial(_called, derivative, loaded, i)) for i in calls]

    @property
    def is_single(self) -> bool:
        """Whether f gives one number."""
        kinds = [what for kind, what, _ in self.values if kind == "gives"]
        return all(structure.kind is None for structure in kinds)

    def derivative(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Of the transform that fits f."""
        return (grad if self.is_single else jacobian)(f, self.case.argnums)

    def second_derivative(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The jacobian of the derivative."""
        return jacobian(self.derivative(f), self.case.argnums)

    def written(self, f: str) -> str:
        """The same as source text."""
        more = "" if self.case.argnums in (0, (0,)) else f", {self.case.argnums}"
        return f"ag.{'grad' if self.is_single else 'jacobian'}({f}{more})"


def _of_values(loaded: Loaded, i: int) -> Any:
    args, keywords = loaded.arguments(i)
    places = [k for k, x in enumerate(args) if type(x) is not bool]  # which stays what it is

    def f(*numbers: Any, **named: Any) -> Any:
        given = list(args)
        for place, x in zip(places, numbers, strict=True):
            given[place] = x
        return loaded.f(*given, **named, **loaded.static(keywords))

    return eagerly(f, *[args[k] for k in places], **loaded.without_static(keywords))


def _called(f: Callable[..., Any], loaded: Loaded, i: int) -> Any:
    args, keywords = loaded.arguments(i)
    return f(*args, **keywords)
