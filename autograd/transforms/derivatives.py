"""Derivatives of functions: grad, value_and_grad, jacobian, hessian, hvp, vjp, jvp.

The names and meanings are JAX's. A transform calls the function once on Values of its own, the
*seeds*; what the function does to them is the recorded graph, whatever Python it is written in.

Called with Values, a transform gives Values, which can be differentiated in turn, to any order.
Called with plain numbers it gives plain numbers, unless the function has captured Values (a
model's parameters, an argument of a transform around it): then the derivative depends on them, and
is a Value through which `backward` goes on to them. Inside `no_grad` it is a plain number. Values
that the function makes itself are constants. No `.grad` changes, of captured Values either.

With `has_aux=True`, which all of them take, the function returns a pair, (result, aux): aux may be
anything, is not differentiated, and comes as the last part of what the transform gives.

Reverse and forward accumulation, and what they cost: Griewank and Walther, "Evaluating
Derivatives", 2nd edition (2008), chapters 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from autograd.engine import functions
from autograd.engine.modes import tracer, watching
from autograd.engine.other_keywords import refusing_keywords
from autograd.engine.value import Value
from autograd.transforms.linearization import Argnums, Function, Linearization, checked_argnums
from autograd.transforms.transform import Transform, require_function
from autograd.transforms.tree import Structure, flatten, pack, size_of, with_values

__all__ = [
    "Derivative",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]


class Derivative(Transform):
    """A transform of the arguments that `argnums` chooses."""

    def __init__(self, f: Function, argnums: Argnums = 0, has_aux: bool = False) -> None:
        super().__init__(f)
        self.argnums = checked_argnums(argnums)
        self.has_aux = has_aux

    def linearized(self, args: tuple[Any, ...], others: dict[str, Any]) -> Linearization:
        f = self.__wrapped__
        return Linearization(f, args, others, self.argnums, self.transform, self.has_aux)


# -- first order -----------------------------------------------------------------------------------


@refusing_keywords
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that gives the gradient of `f`, a function that returns one number.

    The gradient has the nesting of the argument (of a tuple of arguments, where `argnums` is a
    tuple); 0.0 where `f` does not depend on it. With `has_aux`, (gradient, aux). Raises TypeError
    if `f` returns anything but one number; an array of one number is one.

    >>> from autograd import grad
    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["x"][0])({"w": 2.0, "x": [3.0, 5.0]})
    {'w': 3.0, 'x': [2.0, 0.0]}
    >>> grad(lambda x: (x**3, {"square": x * x}), has_aux=True)(2.0)
    (12.0, {'square': 4.0})
    """
    return Gradient(f, argnums, has_aux)


class Gradient(Derivative):
    transform = "grad"
    summary = "The gradient of {}, for the same arguments."

    def __call__(self, *args: Any, **others: Any) -> Any:
        call = self.linearized(args, others)
        return call.with_aux(_gradient(call))


@refusing_keywords
def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that gives (f(x), gradient), for one evaluation of `f`; with `has_aux`,
    ((f(x), aux), gradient).

    `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)` takes it as it is. Where `f` captures
    a model's parameters the results are Values: call it inside `no_grad` for plain numbers.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    return ValueAndGradient(f, argnums, has_aux)


class ValueAndGradient(Derivative):
    transform = "value_and_grad"
    summary = "The value and the gradient of {}, for the same arguments."

    def __call__(self, *args: Any, **others: Any) -> tuple[Any, Any]:
        call = self.linearized(args, others)
        gradient = _gradient(call)
        return call.with_aux(call.shown(call.single_result())), gradient


def _gradient(call: Linearization) -> Any:
    return call.inputs.unflatten(call.pull([call.single_result()], [1.0]))


# -- Jacobians -------------------------------------------------------------------------------------


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that gives all derivatives of all results of `f`; with `has_aux`, (jacobian,
    aux).

    The nesting of the result, each number of it replaced by the nesting of the argument. Two arrays
    give one array, of shape `result.shape + argument.shape`.

    One reverse pass per result, or one forward pass per number of the argument, where those are
    fewer: the two are rounded differently. Where a forward pass meets an infinity or a NaN, and
    inside `detect_anomaly`, it is the reverse passes that count. `jacrev` and `jacfwd` take the one
    or the other.

    >>> from autograd import jacobian
    >>> jacobian(lambda p: [p[0] * p[1], p[0] + p[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """
    return Jacobian(f, argnums, has_aux)


def jacrev(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """`jacobian` by reverse passes, one for each result.

    >>> from autograd import jacrev
    >>> jacrev(lambda x: [x, x * x, x**3])(2.0)
    [1.0, 4.0, 12.0]
    """
    return ReverseJacobian(f, argnums, has_aux)


def jacfwd(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """`jacobian` by forward passes, one for each number of the argument; see `jvp` for what is
    different there.

    >>> from autograd import jacfwd
    >>> jacfwd(lambda p: p[0] * p[1])([3.0, 4.0])
    [4.0, 3.0]
    """
    return ForwardJacobian(f, argnums, has_aux)


class ReverseJacobian(Derivative):
    transform = "jacrev"
    summary = "The Jacobian of {}, for the same arguments."

    def __call__(self, *args: Any, **others: Any) -> Any:
        call = self.linearized(args, others)
        return call.with_aux(_blocks(self.rows(call), call.outputs, call.inputs))

    def rows(self, call: Linearization) -> list[list[Any]]:
        """Per result its derivatives with respect to each seed."""
        return call.pull_each()


class ForwardJacobian(ReverseJacobian):
    transform = "jacfwd"

    def rows(self, call: Linearization) -> list[list[Any]]:
        return call.push_each()


class Jacobian(ReverseJacobian):
    transform = "jacobian"

    def rows(self, call: Linearization) -> list[list[Any]]:
        if len(call.results) > len(set(call.seeds)) and not watching():
            forward = call.push_each()
            if _are_finite([x for row in forward for x in row]):
                return forward
        return call.pull_each()


def _are_finite(found: list[Any]) -> bool:
    """Whether all of these are finite: asked once for all, since a tracer has to check every
    question whenever its program runs."""
    if tracer() is None:
        return all(math.isfinite(x.data if isinstance(x, Value) else x) for x in found)
    return bool(functions.sum([x * 0.0 for x in found]) == 0.0)


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that gives the second derivatives of `f`, which returns one number; with
    `has_aux`, (hessian, aux).

    An array of shape (n,) gives one of shape (n, n).

    >>> from autograd import hessian
    >>> hessian(lambda p: p[0] ** 2 * p[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return Hessian(f, argnums, has_aux)


class Hessian(Derivative):
    transform = "hessian"
    summary = "The second derivatives of {}, for the same arguments."

    def linearized(self, args: tuple[Any, ...], others: dict[str, Any]) -> Linearization:
        """Of the gradient."""
        return Linearization(
            self._gradient, args, others, self.argnums, self.transform, self.has_aux
        )

    def _gradient(self, *args: Any, **others: Any) -> Any:
        call = super().linearized(args, others)
        return call.with_aux(_gradient(call))

    def __call__(self, *args: Any, **others: Any) -> Any:
        call = self.linearized(args, others)
        return call.with_aux(_blocks(call.pull_each(), call.outputs, call.inputs))


def hvp(f: Function, has_aux: bool = False) -> Function:
    """The function of (x, v) that gives the Hessian of `f` at x times v, without the Hessian; with
    `has_aux`, (product, aux).

    v has the nesting of x. More arguments are handed on to `f`, as SciPy's `hessp` has it. For the
    cost of a few gradients (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).

    >>> from autograd import hvp
    >>> hvp(lambda p: p[0] ** 2 * p[1])([3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    return HessianVectorProduct(f, has_aux)


class HessianVectorProduct(Hessian):
    transform = "hvp"
    summary = "The Hessian of {} at x times v; more arguments are handed on."

    def __init__(self, f: Function, has_aux: bool = False) -> None:
        super().__init__(f, 0, has_aux)
        self.__signature__ = _signature_of_hvp()

    def __call__(self, x: Any, v: Any, *args: Any, **others: Any) -> Any:
        # v times the Hessian, in fact: it is symmetric.
        call = self.linearized((x, *args), others)
        direction = _matching(v, call.inputs, "hvp's vector", "its argument")
        return call.with_aux(call.inputs.unflatten(call.pull(call.results, direction)))


@cache
def _signature_of_hvp() -> Any:
    import inspect  # slow to import, and few take products

    return inspect.signature(lambda x, v, *args, **others: None)


# -- products with the Jacobian --------------------------------------------------------------------


def vjp(f: Function, *args: Any, has_aux: bool = False) -> Any:
    """(f(*args), pullback): the pullback takes a cotangent, which has the nesting of the result,
    and gives a tuple, of the cotangent times the Jacobian for every argument. With `has_aux`,
    (result, pullback, aux).

    >>> from autograd import vjp
    >>> value, pullback = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pullback([1.0, 0.0]), pullback([0.0, 1.0])
    ([12.0, 7.0], (4.0, 3.0), (1.0, 1.0))
    """
    require_function(f, "vjp")
    call = Linearization(f, args, {}, tuple(range(len(args))), "vjp", has_aux)
    return call.with_aux(call.shown_results(), Pullback(call))


class Pullback:
    """A function from a cotangent of a result to those of the arguments."""

    def __init__(self, call: Linearization) -> None:
        self._call = call

    def __call__(self, cotangent: Any) -> Any:
        call = self._call
        weights = _matching(cotangent, call.outputs, "vjp's cotangent", "the function's result")
        return call.inputs.unflatten(call.pull(call.results, weights))


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """(f(*args), tangent of the result): the Jacobian times the tangents, one for each argument.
    With `has_aux`, (result, tangent, aux).

    Forward through the recorded graph, in one sweep for any number of results. Along an edge, a
    tangent of exactly 0 stays 0, and so does what meets a local derivative of exactly 0: `0 *
    sqrt(x)` at 0 has the tangent 0, as `grad` has it. What `grad` finds to be 0 only by adding up,
    as `r - r` with `r = sqrt(x)`, is inf - inf here: NaN.

    >>> from autograd import jvp
    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 0.0))
    ([12.0, 7.0], [4.0, 1.0])
    """
    require_function(f, "jvp")
    for name, given in (("args", args), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"jvp's {name} are a tuple, one entry per argument of the function")
    call = Linearization(f, tuple(args), {}, tuple(range(len(args))), "jvp", has_aux)
    directions = _matching(tuple(tangents), call.inputs, "jvp's tangents", "its arguments")
    tangent = call.outputs.unflatten(call.push(directions))
    return call.with_aux(call.shown_results(), tangent)


def stop_gradient(tree: Any) -> Any:
    """The same numbers, through which no derivative goes: a constant to every transform and to
    `backward`.

    Any nesting; Values in it are replaced by new ones, everything else is left as it is. In a
    compiled function they are still computed anew at every call.

    >>> from autograd import grad, stop_gradient
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    return with_values(tree, Value.detach)


# -- shapes ----------------------------------------------------------------------------------------


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
