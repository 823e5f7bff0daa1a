"""One call of a function on seeds, recorded, and its derivatives.

Here it is decided whether a derivative is given as a number, as a constant Value, or as a graph
that can be differentiated in turn: that it is where the results depend on a Value from outside of
the call, given or captured, and something is recorded. A seed is a new node even where the argument
is a Value, so the x that is differentiated is told from the same x where the function captured it
(no perturbation confusion: Siskind and Pearlmutter, "Perturbation confusion and referential
transparency", 2005).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.arrays.protocol import called
from autograd.engine import functions
from autograd.engine.graph import have_captured, reachable
from autograd.engine.levels import LEVELS, Level
from autograd.engine.modes import outside_mode, recording, tracer
from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.accumulation import (
    adjoint_graphs,
    adjoint_graphs_of_each,
    column_sweeps,
    forward_sweeps,
    reverse_sweeps,
    tangent_graphs,
)
from autograd.transforms.tree import are_values_among, flatten, values_in, with_values

__all__ = [
    "Argnums",
    "Function",
    "Linearization",
    "argument_places",
    "checked_argnums",
    "is_differentiated",
]

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def is_differentiated(values: Sequence[Value]) -> bool:
    """Whether a transform whose function is running, in whichever thread, differentiates with
    respect to one of these, or to what one of them was computed from."""
    running = [level for levels in LEVELS.everywhere() for level in levels]
    wanted = {place for level in running for place in map(id, level.seeds)}
    return bool(wanted) and not wanted.isdisjoint(map(id, reachable(values)))


class Linearization:
    """One call of the function on seeds, and the derivatives of its results.

    seeds: a new node for every number of the chosen arguments. inputs: their nesting. results,
    outputs: the numbers that the function returned, and their nesting. aux: what it returned beside
    them, where `has_aux`. differentiable: whether the derivatives are to be graphs; if not, they
    are numbers, or constant Values.
    """

    def __init__(
        self,
        f: Function,
        args: tuple[Any, ...],
        others: dict[str, Any],
        argnums: Argnums,
        transform: str,
        has_aux: bool = False,
    ) -> None:
        self.transform = transform
        self._has_aux = has_aux
        places = argument_places(argnums, len(args), transform)
        single = isinstance(argnums, int)
        chosen = args[places[0]] if single else tuple([args[i] for i in places])
        given, self.inputs = flatten(chosen, f"{transform}'s argument")
        beside = values_in([x for i, x in enumerate(args) if i not in places] + [*others.values()])
        values_given = are_values_among(given)
        # The graph of Values that are given goes on through the seeds into the derivative, which
        # can then be differentiated by them, with `backward` too; unless nothing is recorded.
        joined = values_given and (recording() or tracer() is not None)
        level = Level()
        # Recorded even where the transform is called in a no_grad block; one within the function
        # holds as ever.
        with LEVELS.at_once(level), outside_mode("no_grad"):
            self.seeds = _seeds(args, places, given, joined)
            level.seeds += self.seeds
            own = self.inputs.unflatten(self.seeds)
            arguments = list(args)
            for i, x in zip(places, (own,) if single else own, strict=True):
                arguments[i] = x
            result = called(f, arguments, others)
        self._keep(result)
        numbers = [*self.results, *values_in(self._returned_aux)]
        self._nodes = [] if joined else reachable(numbers)
        self._is_private = not joined and not have_captured(self._nodes, level)
        self.differentiable = joined or self._meets_outer() or self._is_traced()
        # A call with Values is answered with Values, though they may be constants.
        self._as_values = values_given or bool(beside) or self.differentiable

    def _keep(self, result: Any) -> None:
        self._returned_aux = None
        if self._has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(
                    f"{self.transform} with has_aux=True needs a function that returns a pair, "
                    f"(result, aux), this one returned {describe(result)}"
                )
            result, self._returned_aux = result
        try:
            where = f"what {self.transform}'s function returns"
            self.results, self.outputs = flatten(result, where)
        except TypeError as error:
            raise TypeError(f"{error}{self._pair_remedy(result)}") from None

    def _pair_remedy(self, result: Any) -> str:
        is_pair = not self._has_aux and isinstance(result, tuple) and len(result) == 2
        return "; of a pair (result, aux), say so: has_aux=True" if is_pair else ""

    def _meets_outer(self) -> bool:
        """Whether the results depend on Values from outside of the call, and are recorded."""
        return recording() and not self._is_private

    def _is_traced(self) -> bool:
        """Whether a tracer has to see how the derivative is computed: it records a function, and
        the results depend on that function's arguments or on what was made outside of it."""
        observer = tracer()
        return observer is not None and observer.varies(self._nodes)

    # -- what the function returned ----------------------------------------------------------------

    def single_result(self) -> Any:
        """The one number that the function returned; TypeError if it is not one."""
        if self.outputs.is_single:
            return self.results[0]
        # As plain numbers, so that it is said alike compiled and not.
        numbers = [x._data if isinstance(x, Value) else x for x in self.results]
        shown = self.outputs.unflatten(numbers)
        raise TypeError(
            f"{self.transform} needs a function that returns one number, this one returned "
            f"{describe(shown)}; for several numbers use jacobian or vjp"
            f"{self._pair_remedy(shown)}"
        )

    def shown(self, result: Any) -> Any:
        """A result of the function for the caller: without its graph, if that is of no use."""
        if self.differentiable:
            return result if isinstance(result, Value) else Value(result)
        number = result.data if isinstance(result, Value) else result
        return Value(number) if self._as_values else number

    def shown_results(self) -> Any:
        return self.outputs.unflatten([self.shown(x) for x in self.results])

    def with_aux(self, *found: Any) -> Any:
        """What a transform gives: this, and what the function returned beside its result."""
        if self._has_aux:
            found = (*found, with_values(self._returned_aux, self.shown))
        return found if len(found) > 1 else found[0]

    # -- derivatives -------------------------------------------------------------------------------

    def pull(self, roots: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
        """The derivative of the weighted sum of the roots with respect to each seed."""
        if self._has_to_vary(weights):
            return _values(adjoint_graphs(roots, weights, self.seeds))
        if weights != [1.0]:
            with outside_mode("no_grad"):
                roots = [functions.dot(roots, weights)]
        return self._as_asked(self.sweep(roots)[0])

    def pull_each(self) -> list[list[Any]]:
        """The derivatives of each result with respect to each seed, by a reverse pass for each
        result."""
        if self.differentiable:
            return list(map(_values, adjoint_graphs_of_each(self.results, self.seeds)))
        return [self._as_asked(row) for row in self.sweep(self.results)]

    def push(self, directions: Sequence[Any]) -> list[Any]:
        """The derivative of each result along these directions of the seeds."""
        return self.push_all([directions])[0]

    def push_each(self) -> list[list[Any]]:
        """The derivatives of each result with respect to each seed, by a forward pass for each
        seed."""
        sweep_of: dict[Value, int] = {}  # an argument chosen twice is swept once
        for seed in self.seeds:
            sweep_of.setdefault(seed, len(sweep_of))
        columns = self._pushed(
            list(sweep_of),
            [[float(i == k) for i in range(len(sweep_of))] for k in sweep_of.values()],
        )
        return [
            [columns[sweep_of[seed]][i] for seed in self.seeds] for i in range(len(self.results))
        ]

    def push_all(self, sweeps: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """The same along several directions, one per seed in each sweep."""
        return self._pushed(self.seeds, sweeps)

    def _pushed(self, seeds: Sequence[Value], sweeps: Sequence[Sequence[Any]]) -> list[list[Any]]:
        if self._has_to_vary([x for directions in sweeps for x in directions]):
            return [_values(row) for row in tangent_graphs(self.results, seeds, sweeps)]
        return [self._as_asked(row) for row in forward_sweeps(self.results, seeds, sweeps)]

    def sweep(self, roots: Sequence[Any]) -> list[list[float]]:
        """As numbers, the derivatives of each root, which is a result or was computed from some,
        with respect to each seed, by one reverse pass for each root."""
        if self._is_private:
            return reverse_sweeps(roots, self.seeds, self._nodes)
        return column_sweeps(roots, self.seeds)

    def _has_to_vary(self, factors: Sequence[Any]) -> bool:
        return self.differentiable or any(isinstance(x, Value) for x in factors)

    def _as_asked(self, numbers: list[float]) -> list[Any]:
        return list(map(Value, numbers)) if self._as_values else numbers


def _values(found: Sequence[Any]) -> list[Any]:
    if set(map(type, found)) == {Value}:  # without a call of Python's for each of thousands
        return list(found)
    return [x if isinstance(x, Value) else Value(x) for x in found]


def argument_places(argnums: Argnums, count: int, transform: str) -> list[int]:
    """Which of `count` positional arguments are chosen; TypeError if there are no such ones."""
    checked = checked_argnums(argnums)
    numbers = checked if isinstance(checked, tuple) else (checked,)
    for i in numbers:
        if not -count <= i < count:
            raise TypeError(
                f"{transform} is asked for argument {i}, and the function was called with {count} "
                "positional argument" + ("" if count == 1 else "s")
            )
    return [i % count for i in numbers]


def checked_argnums(argnums: Argnums) -> Argnums:
    """Itself; TypeError for anything but places."""
    if not all(type(i) is int for i in (argnums if isinstance(argnums, tuple) else (argnums,))):
        given = values_in(argnums)
        remedy = "; arguments themselves are for the derivative: grad(f)(w)" if given else ""
        raise TypeError(f"argnums is an int or a tuple of ints, got {describe(argnums)}{remedy}")
    return argnums


def _seeds(
    args: tuple[Any, ...], places: list[int], given: Sequence[Any], joined: bool
) -> list[Value]:
    """A new node for each of the given numbers, which are those of the arguments at these places;
    an argument that is chosen twice has the same ones twice."""
    if len(set(places)) == len(places):
        return _seeds_of(given, joined)
    found = {i: _seeds_of(flatten(args[i])[0], joined) for i in set(places)}
    return [seed for i in places for seed in found[i]]


def _seeds_of(given: Sequence[Any], joined: bool) -> list[Value]:
    kinds = set(map(type, given))
    if kinds == {float}:
        return list(map(Value, given))  # without a call of Python's for each of thousands
    if joined and kinds == {Value}:
        return [x - 0.0 for x in given]
    return [_seed(x, joined) for x in given]


def _seed(x: Any, joined: bool) -> Value:
    """A new node of the same number: joined to the argument where that is to be differentiated."""
    if joined and isinstance(x, Value):
        seed: Value = x - 0.0  # which keeps even the sign of 0
        return seed
    return Value(x.data if isinstance(x, Value) else x)
