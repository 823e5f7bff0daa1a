"""One call of a function on seeds, recorded, and its derivatives.

Here it is decided whether a derivative is given as a number, as a constant Value, or as a graph
that can be differentiated in turn. A seed is a new node even where the argument is a Value, so the
x that is differentiated is told from the same x where the function captured it (no perturbation
confusion: Siskind and Pearlmutter, "Perturbation confusion and referential transparency", 2005).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.arrays.protocol import called
from autograd.engine.functions import dot
from autograd.engine.graph import reachable
from autograd.engine.modes import outside_mode, recording, tracer
from autograd.engine.primitives import describe
from autograd.engine.setting import Setting
from autograd.engine.value import Value
from autograd.transforms.accumulation import (
    adjoint_graphs,
    reverse_sweeps,
    tangent_graphs,
    tangents,
)
from autograd.transforms.tree import flatten

__all__ = [
    "Argnums",
    "Function",
    "Linearization",
    "argument_places",
    "is_differentiated",
    "values_in",
]

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


_LEVELS: Final = Setting("autograd levels", (), lambda outer, seeds: (*outer, set(seeds)))
"""The seeds of the transforms whose functions are running, outermost first."""


def is_differentiated(values: Sequence[Value]) -> bool:
    """Whether a transform whose function is running differentiates with respect to one of these,
    or to what one of them was computed from."""
    levels = _LEVELS.here()
    return bool(levels) and _meets(values, set().union(*levels))


class Linearization:
    """One call of the function on seeds, and the derivatives of its results.

    seeds: a new node for every number of the chosen arguments. inputs: their nesting. results,
    outputs: the numbers that the function returned, and their nesting. differentiable: whether the
    derivatives are to be graphs; if not, they are numbers, or constant Values.
    """

    def __init__(
        self,
        f: Function,
        args: tuple[Any, ...],
        others: dict[str, Any],
        argnums: Argnums,
        transform: str,
    ) -> None:
        self.transform = transform
        places = argument_places(argnums, len(args), transform)
        single = isinstance(argnums, int)
        chosen = args[places[0]] if single else tuple([args[i] for i in places])
        given, self.inputs = flatten(chosen, f"{transform}'s argument")
        beside = values_in([x for i, x in enumerate(args) if i not in places] + [*others.values()])
        values_given = any(isinstance(x, Value) for x in given)
        # The graph of Values that are given goes on through the seeds into the derivative, which
        # can then be differentiated by them, with `backward` too; unless nothing is recorded.
        joined = values_given and (recording() or tracer() is not None)
        self.seeds = [_seed(x, joined) for x in given]
        own = self.inputs.unflatten(self.seeds)
        arguments = list(args)
        for i, x in zip(places, (own,) if single else own, strict=True):
            arguments[i] = x
        # Recorded even where the transform is called in a no_grad block; one within the function
        # holds as ever.
        with _LEVELS.at_once(self.seeds), outside_mode("no_grad"):
            result = called(f, arguments, others)
        self.results, self.outputs = flatten(result, f"what {transform}'s function returns")
        self.differentiable = joined or self._meets_outer(beside) or self._is_traced()
        # A call with Values is answered with Values, though they may be constants.
        self._as_values = values_given or bool(beside) or self.differentiable

    def _meets_outer(self, beside: set[Value]) -> bool:
        """Whether the results depend on Values among the other arguments, or on the seeds of a
        transform around this one, which the function captured. Other captured Values are constants.
        """
        return recording() and _meets(self.results, beside.union(*_LEVELS.here()))

    def _is_traced(self) -> bool:
        """Whether a tracer has to see how the derivative is computed: it records a function, and
        the results depend on that function's arguments or on what was made outside of it."""
        observer = tracer()
        return observer is not None and observer.varies(reachable(self.results))

    def single_result(self) -> Any:
        """The one number that the function returned; TypeError if it is not one."""
        if self.outputs.is_single:
            return self.results[0]
        shown = self.shown_results()
        raise TypeError(
            f"{self.transform} needs a function that returns one number, this one returned "
            f"{describe(shown)}; for several numbers use jacobian or vjp"
        )

    def shown(self, result: Any) -> Any:
        """A result of the function for the caller: without its graph, if that is of no use."""
        if self.differentiable:
            return result if isinstance(result, Value) else Value(result)
        number = result.data if isinstance(result, Value) else result
        return Value(number) if self._as_values else number

    def shown_results(self) -> Any:
        return self.outputs.unflatten([self.shown(x) for x in self.results])

    # -- derivatives -------------------------------------------------------------------------------

    def pull(self, roots: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
        """The derivative of the weighted sum of the roots with respect to each seed."""
        if self._has_to_vary(weights):
            return _values(adjoint_graphs(roots, weights, self.seeds))
        if weights != [1.0]:
            with outside_mode("no_grad"):
                roots = [dot(roots, weights)]
        return self._as_asked(reverse_sweeps(roots, self.seeds)[0])

    def pull_each(self) -> list[list[Any]]:
        """The derivatives of each result with respect to each seed."""
        if self.differentiable:
            return [self.pull([root], [1.0]) for root in self.results]
        return [self._as_asked(row) for row in reverse_sweeps(self.results, self.seeds)]

    def push(self, directions: Sequence[Any]) -> list[Any]:
        """The derivative of each result along these directions of the seeds."""
        if self._has_to_vary(directions):
            return _values(tangent_graphs(self.results, self.seeds, directions))
        return self._as_asked(tangents(self.results, self.seeds, directions))

    def _has_to_vary(self, factors: Sequence[Any]) -> bool:
        return self.differentiable or any(isinstance(x, Value) for x in factors)

    def _as_asked(self, numbers: list[float]) -> list[Any]:
        return [Value(x) for x in numbers] if self._as_values else numbers


def _values(found: Sequence[Any]) -> list[Any]:
    return [x if isinstance(x, Value) else Value(x) for x in found]


def argument_places(argnums: Argnums, count: int, transform: str) -> list[int]:
    """Which of `count` positional arguments are chosen; TypeError if there are no such ones."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all(type(i) is int for i in numbers):
        raise TypeError(f"argnums is an int or a tuple of ints, got {describe(argnums)}")
    for i in numbers:
        if not -count <= i < count:
            raise TypeError(
                f"{transform} is asked for argument {i}, and the function was called with {count} "
                "positional argument" + ("" if count == 1 else "s")
            )
    return [i % count for i in numbers]


def _seed(x: Any, joined: bool) -> Value:
    """A new node of the same number: joined to the argument where that is to be differentiated."""
    if joined and isinstance(x, Value):
        seed: Value = x - 0.0  # which keeps even the sign of 0
        return seed
    return Value(x.data if isinstance(x, Value) else x)


def values_in(tree: Any) -> set[Value]:
    """The Values in an argument that is not differentiated, which may be anything at all."""
    numpy = sys.modules.get("numpy")
    found: set[Value] = set()
    seen: set[int] = set()  # it may contain itself
    stack = [tree]
    while stack:
        x = stack.pop()
        if isinstance(x, Value):
            found.add(x)
        elif isinstance(x, (list, tuple, dict)):
            if id(x) not in seen:
                seen.add(id(x))
                stack.extend(x.values() if isinstance(x, dict) else x)
        elif numpy is not None and isinstance(x, numpy.ndarray) and x.dtype == "O":
            stack.extend(x.ravel().tolist())
    return found


def _meets(roots: Sequence[Any], wanted: set[Value]) -> bool:
    """Whether one of the roots was computed from one of these."""
    return bool(wanted) and not wanted.isdisjoint(reachable(roots))
