"""Derivatives of functions: grad, value_and_grad, jacobian, hessian, hvp, vjp, jvp.

The names and meanings are JAX's. A transform calls the function once on Values of its own, the
*seeds*; what the function does to them is the recorded graph, whatever Python it is written in.

The derivative comes out of that graph in one of two ways. Where plain numbers are wanted, from the
local derivatives that the graph has stored, by the engine's reverse pass. Where the derivative is
itself to be differentiated, from the same rules of the same table fed Values: then it is a graph
too, and there is no limit to the order. Both keep the engine's conventions: an adjoint of exactly 0
passes nothing, and neither does a selection to the input it did not take.

Which of the two? Called with Values, a transform gives Values. Called with plain numbers it gives
plain numbers, unless the function has captured an argument of a transform around it: then the
result is a Value for that transform to differentiate. Other Values that the function captures are
constants to it. A seed is a new node even where the argument is a Value, so the x that is
differentiated is told from the same x where the function captured it (no perturbation confusion:
Siskind and Pearlmutter, "Perturbation confusion and referential transparency", 2005).

Reverse and forward accumulation, and what they cost: Griewank and Walther, "Evaluating
Derivatives", 2nd edition (2008), chapters 3 and 4.

No `.grad` changes, of captured Values either.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from autograd.engine import walks
from autograd.engine.backward import PASS_LOCK, cuts_at_zero, get_grad, set_grad
from autograd.engine.functions import dot
from autograd.engine.modes import depth, recording, shift, traced_by, tracer, watching
from autograd.engine.observers import check_messages
from autograd.engine.primitives import cut_message, describe, message
from autograd.engine.value import Value
from autograd.transforms.tree import Structure, flatten, pack, size_of

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


# -- the transforms --------------------------------------------------------------------------------


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The function that gives the gradient of `f`, a function that returns one number.

    The gradient has the nesting of the argument (of a tuple of arguments, where `argnums` is a
    tuple); 0.0 where `f` does not depend on it. Raises TypeError if `f` returns anything but one
    number.

    >>> from autograd import grad
    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["x"][0])({"w": 2.0, "x": [3.0, 5.0]})
    {'w': 3.0, 'x': [2.0, 0.0]}
    """
    both = _value_and_grad(f, argnums, "grad")

    def gradient(*args: Any, **others: Any) -> Any:
        return both(*args, **others)[1]

    return _named(gradient, "grad", f)


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The function that gives (f(x), gradient), for one evaluation of `f`.

    `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)` takes it as it is.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    return _value_and_grad(f, argnums, "value_and_grad")


def _value_and_grad(f: Function, argnums: Argnums, transform: str) -> Function:
    def both(*args: Any, **others: Any) -> tuple[Any, Any]:
        run = _Run(f, args, others, argnums, transform)
        root = run.single_result()
        return run.shown(root), run.inputs.unflatten(run.pull([root], [1.0]))

    return _named(both, transform, f)


def _named(derivative: Function, transform: str, f: Function) -> Function:
    """A derivative takes the arguments of its function, and is called after it."""
    name = f"{transform}({getattr(f, '__qualname__', repr(f))})"
    vars(derivative).update(__wrapped__=f)
    derivative.__name__ = derivative.__qualname__ = name
    return derivative


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """The function that gives all derivatives of all results of `f`.

    The nesting of the result, each number of it replaced by the nesting of the argument. Two arrays
    give one array, of shape `result.shape + argument.shape`. One reverse pass per result.

    >>> from autograd import jacobian
    >>> jacobian(lambda p: [p[0] * p[1], p[0] + p[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """

    def derivative(*args: Any, **others: Any) -> Any:
        run = _Run(f, args, others, argnums, "jacobian")
        rows = run.pull_each()
        return _blocks(rows, run.outputs, run.inputs)

    return _named(derivative, "jacobian", f)


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The function that gives the second derivatives of `f`, which returns one number.

    An array of shape (n,) gives one of shape (n, n).

    >>> from autograd import hessian
    >>> hessian(lambda p: p[0] ** 2 * p[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function) -> Function:
    """The function of (x, v) that gives the Hessian of `f` at x times v, without the Hessian.

    v has the nesting of x. More arguments are handed on to `f`, as SciPy's `hessp` has it. For the
    cost of a few gradients (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).

    >>> from autograd import hvp
    >>> hvp(lambda p: p[0] ** 2 * p[1])([3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    gradient = grad(f)

    def product(x: Any, v: Any, *args: Any, **others: Any) -> Any:
        # v times the Hessian, in fact: it is symmetric.
        run = _Run(gradient, (x, *args), others, 0, "hvp")
        direction = _matching(v, run.inputs, "hvp's vector", "its argument")
        return run.inputs.unflatten(run.pull(run.results, direction))

    return product


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """(f(*args), pullback): the pullback takes a cotangent, which has the nesting of the result,
    and gives a tuple, of the cotangent times the Jacobian for every argument.

    >>> from autograd import vjp
    >>> value, pullback = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pullback([1.0, 0.0]), pullback([0.0, 1.0])
    ([12.0, 7.0], (4.0, 3.0), (1.0, 1.0))
    """
    run = _Run(f, args, {}, tuple(range(len(args))), "vjp")

    def pullback(cotangent: Any) -> Any:
        weights = _matching(cotangent, run.outputs, "vjp's cotangent", "the function's result")
        return run.inputs.unflatten(run.pull(run.results, weights))

    return run.shown_results(), pullback


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(*args), tangent of the result): the Jacobian times the tangents, one for each argument.

    Forward through the recorded graph, in one sweep for any number of results. Along an edge, a
    tangent of exactly 0 stays 0, and so does what meets a local derivative of exactly 0: `0 *
    sqrt(x)` at 0 has the tangent 0, as `grad` has it. What `grad` finds to be 0 only by adding up,
    as `r - r` with `r = sqrt(x)`, is inf - inf here: NaN.

    >>> from autograd import jvp
    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 0.0))
    ([12.0, 7.0], [4.0, 1.0])
    """
    for name, given in (("args", args), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"jvp's {name} are a tuple, one entry per argument of the function")
    run = _Run(f, tuple(args), {}, tuple(range(len(args))), "jvp")
    directions = _matching(tuple(tangents), run.inputs, "jvp's tangents", "its arguments")
    return run.shown_results(), run.outputs.unflatten(run.push(directions))


def _matching(tree: Any, structure: Structure, what: str, like: str) -> list[Any]:
    leaves, given = flatten(tree, what)
    if given != structure:
        raise TypeError(f"{what} must have the nesting and the shapes of {like}")
    return leaves


def _blocks(rows: list[list[Any]], outputs: Structure, inputs: Structure) -> Any:
    """One row of derivatives per result, as nestings in a nesting."""
    nested, top = [], 0
    for above in outputs.shapes:
        height = size_of(above)
        inner, left = [], 0
        for beside in inputs.shapes:
            width = size_of(beside)
            entries = [x for row in rows[top : top + height] for x in row[left : left + width]]
            bare = above is None and beside is None
            inner.append(pack(None if bare else (above or ()) + (beside or ()), entries))
            left += width
        nested.append(inputs.build(inner))
        top += height
    return outputs.build(nested)


# -- calling the function --------------------------------------------------------------------------


class _Levels(threading.local):
    """The seeds of the transforms whose functions are running, outermost first."""

    def __init__(self) -> None:
        self.seeds: list[set[Value]] = []


_LEVELS: Final = _Levels()


@contextmanager
def _without(mode: str) -> Iterator[None]:
    """Outside of the blocks of this mode that the caller has opened."""
    blocks = depth(mode)
    shift(mode, -blocks)
    try:
        yield
    finally:
        shift(mode, blocks)


def _recorded() -> AbstractContextManager[None]:
    """Recording, even where the transform is called in a no_grad block (a no_grad block within the
    function holds as ever)."""
    return _without("no_grad")


@contextmanager
def _level(seeds: Sequence[Value]) -> Iterator[None]:
    """For the call of the function on its seeds."""
    _LEVELS.seeds.append(set(seeds))
    try:
        with _recorded():
            yield
    finally:
        _LEVELS.seeds.pop()


def is_differentiated(values: Sequence[Value]) -> bool:
    """Whether a transform whose function is running differentiates with respect to one of these,
    or to what one of them was computed from."""
    return bool(_LEVELS.seeds) and _meets(values, set().union(*_LEVELS.seeds))


class _Run:
    """One call of the function on seeds, and the derivatives of its results."""

    def __init__(
        self,
        f: Function,
        args: tuple[Any, ...],
        others: dict[str, Any],
        argnums: Argnums,
        transform: str,
    ) -> None:
        self.transform = transform
        places = _places(argnums, len(args), transform)
        chosen = tuple([args[i] for i in places])
        given, self.inputs = flatten(
            chosen[0] if isinstance(argnums, int) else chosen, f"{transform}'s argument"
        )
        unchosen = [x for i, x in enumerate(args) if i not in places]
        others_given = _values_in([*unchosen, *others.values()])
        values = any(isinstance(x, Value) for x in given)
        live = values and (recording() or tracer() is not None)
        self.seeds = [_seed(x, live) for x in given]
        own = self.inputs.unflatten(self.seeds)
        arguments = list(args)
        for i, x in zip(places, (own,) if isinstance(argnums, int) else own, strict=True):
            arguments[i] = x
        with _level(self.seeds):
            result = f(*arguments, **others)
        self.results, self.outputs = flatten(result, f"what {transform}'s function returns")
        outer = others_given.union(*_LEVELS.seeds)
        self.differentiable = (
            live or (recording() and _meets(self.results, outer)) or self._varies()
        )
        self.as_values = values or bool(others_given) or self.differentiable

    def _varies(self) -> bool:
        """Whether a tracer has to see how the derivative is computed, from what was captured."""
        observer = tracer()
        return observer is not None and observer.varies(walks.below(self.results))

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
        """A result of the function for the caller: without the graph, where nobody can use it."""
        if self.differentiable:
            return result if isinstance(result, Value) else Value(result)
        number = result.data if isinstance(result, Value) else result
        return Value(number) if self.as_values else number

    def shown_results(self) -> Any:
        return self.outputs.unflatten([self.shown(x) for x in self.results])

    def pull(self, roots: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
        """The derivative of the weighted sum of the roots with respect to each seed."""
        values = any(isinstance(x, Value) for x in weights)
        if not self.differentiable and not values:
            if weights != [1.0]:
                with _recorded():
                    roots = [dot(roots, weights)]
            return self._as_asked(_sweeps(roots, self.seeds)[0])
        found = _adjoints(roots, weights, self.seeds)
        return [x if isinstance(x, Value) else Value(x) for x in found]

    def pull_each(self) -> list[list[Any]]:
        """The derivatives of each result with respect to each seed."""
        if self.differentiable:
            return [self.pull([root], [1.0]) for root in self.results]
        return [self._as_asked(row) for row in _sweeps(self.results, self.seeds)]

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The derivative of each result along the tangents of the seeds."""
        values = any(isinstance(x, Value) for x in tangents)
        live = self.differentiable or values
        found = _tangents(self.results, self.seeds, tangents, _linear if live else _numeric)
        if live:
            return [x if isinstance(x, Value) else Value(x) for x in found]
        return self._as_asked(found)

    def _as_asked(self, numbers: list[float]) -> list[Any]:
        return [Value(x) for x in numbers] if self.as_values else numbers


def _places(argnums: Argnums, count: int, transform: str) -> list[int]:
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


def _seed(x: Any, live: bool) -> Value:
    """A new node of the same number: joined to the argument where that is to be differentiated."""
    if live and isinstance(x, Value):
        joined: Value = x - 0.0  # which keeps even the sign of 0
        return joined
    return Value(x.data if isinstance(x, Value) else x)


def _values_in(tree: Any) -> set[Value]:
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
    return bool(wanted) and not wanted.isdisjoint(walks.below(roots))


# -- derivatives as numbers ------------------------------------------------------------------------


def _sweeps(roots: Sequence[Any], seeds: Sequence[Value]) -> list[list[float]]:
    """d root/d seed for every root and seed, by one reverse pass per root. Every `.grad` is put
    back, of nodes that the function captured too."""
    nodes = walks.below([*roots, *seeds])
    zeros = [0.0] * len(seeds)
    rows = []
    with PASS_LOCK, traced_by(None):
        before = list(map(get_grad, nodes))
        try:
            for root in roots:
                deque(map(set_grad, seeds, zeros), maxlen=0)
                if isinstance(root, Value):
                    root.backward()
                rows.append(list(map(get_grad, seeds)))
        finally:
            deque(map(set_grad, nodes, before), maxlen=0)
    return rows


def _numeric(node: Value, tangents: dict[Value, Any]) -> Any:
    """The tangent of a node, from its stored local derivatives. Those that are 0 pass nothing: an
    adjoint from above would have become 0 there."""
    total = 0.0
    for parent, partial in zip(node.parents, node.partials, strict=True):
        if parent in tangents:
            total += cut_message(tangents[parent], partial)
    return total


# -- derivatives as graphs -------------------------------------------------------------------------


def _adjoints(roots: Sequence[Any], weights: Sequence[Any], seeds: Sequence[Value]) -> list[Any]:
    """The reverse pass in Values: the derivative of the weighted sum of the roots with respect to
    each seed, as a graph. Floats where nothing varies.

    It visits nodes and edges in the order of the engine's own pass, so that both add up alike, to
    the last bit."""
    inner, dependent = walks.dependent(roots, seeds)
    waiting = walks.consumers(inner, roots, dependent)
    adjoints: dict[Value, Any] = {}
    ready: list[Value] = []

    def send(x: Any, term: Any) -> None:
        if isinstance(x, Value) and x in dependent:
            _accumulate(adjoints, x, term)
            waiting[x] -= 1
            if waiting[x] == 0 and x not in ends:
                ready.append(x)

    ends = set(seeds)
    watched = watching()
    for root, weight in zip(roots, weights, strict=True):
        send(root, weight)
    while ready:
        node = ready.pop()
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            for x in node.parents:
                send(x, None)
        else:
            if watched:
                check_messages(node, adjoint.data if isinstance(adjoint, Value) else adjoint)
            for x, factor in zip(node.inputs, _factors(node), strict=True):
                send(x, _send(adjoint, factor, cuts_at_zero(node)) if x in dependent else None)
    found = [adjoints.get(seed, 0.0) for seed in seeds]
    # The engine's sums begin with 0.0, so they are never -0.0.
    return found if tracer() is None else [x + 0.0 for x in found]


def _linear(node: Value, tangents: dict[Value, Any]) -> Any:
    """The tangent of a node as a graph, from its rule."""
    total: dict[Value, Any] = {}
    for x, factor in zip(node.inputs, _factors(node), strict=True):
        if isinstance(x, Value) and x in tangents:
            _accumulate(total, node, _send(tangents[x], factor, True))
    out = total.get(node, 0.0)
    return out if tracer() is None else out + 0.0  # as the sums of `_numeric`: never -0.0


def _tangents(
    roots: Sequence[Any],
    seeds: Sequence[Value],
    directions: Sequence[Any],
    rule: Callable[[Value, dict[Value, Any]], Any],
) -> list[Any]:
    """The forward pass, from the seeds up to the roots."""
    tangents: dict[Value, Any] = dict(zip(seeds, directions, strict=True))
    for node in walks.dependent(roots, seeds)[0]:
        tangents[node] = rule(node, tangents)
    return [tangents.get(root, 0.0) if isinstance(root, Value) else 0.0 for root in roots]


def _accumulate(sums: dict[Value, Any], node: Value, term: Any) -> None:
    if term is not None:
        sums[node] = sums[node] + term if node in sums else term


def _factors(node: Value) -> Sequence[Any]:
    """The rule of a node's primitive, fed the node and its inputs themselves. Whoever watches for
    NaN and infinity is shown what comes of it, not what it meets on a side not taken."""
    if not watching():
        return _rule(node)
    with _without("detect_anomaly"):
        return _rule(node)


def _rule(node: Value) -> Sequence[Any]:
    row = node.primitive
    assert row is not None
    try:
        factors = row.partials(node, *node.inputs)
    except (ZeroDivisionError, OverflowError):  # of its plain numbers: a Value's arithmetic is IEEE
        inputs = [x if isinstance(x, Value) else Value(x) for x in node.inputs]
        factors = row.partials(node, *inputs)
    return factors if isinstance(factors, (tuple, list)) else (factors,)


def _send(adjoint: Any, factor: Any, cuts: bool) -> Any:
    """What passes along one edge: adjoint x factor, by the engine's two rules; None for nothing."""
    if cuts:
        # 0 whatever the adjoint, where the factor is 0. It may vary: that of x**2 does.
        if isinstance(factor, Value):
            return cut_message(adjoint, factor)
        if factor == 0.0:
            return None
    if type(adjoint) is float and adjoint == 1.0:
        return factor
    if type(factor) is float and factor == 1.0:
        return adjoint
    return message(adjoint, factor)
