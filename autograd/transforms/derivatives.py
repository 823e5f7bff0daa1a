"""Derivatives of functions: grad, value_and_grad, jacobian, hessian, hvp, vjp, jvp.

The names and meanings are JAX's. A transform calls the function once on Values of its own, the
*seeds*; what the function does to them is the recorded graph, whatever Python it is written in.

Called with Values, a transform gives Values, which can be differentiated in turn, to any order.
Called with plain numbers it gives plain numbers, unless the function has captured an argument of a
transform around it: then the result is a Value for that transform to differentiate. Other Values
that the function captures are constants to it. No `.grad` changes, of captured Values either.

Reverse and forward accumulation, and what they cost: Griewank and Walther, "Evaluating
Derivatives", 2nd edition (2008), chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.transforms.linearization import Argnums, Function, Linearization
from autograd.transforms.tree import Structure, flatten, pack, size_of

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "value_and_grad_as",
    "vjp",
]


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
    both = value_and_grad_as("grad", f, argnums)

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
    return value_and_grad_as("value_and_grad", f, argnums)


def value_and_grad_as(transform: str, f: Function, argnums: Argnums) -> Function:
    """`value_and_grad` for a transform that is made of it, whose name is in its messages."""

    def both(*args: Any, **others: Any) -> tuple[Any, Any]:
        call = Linearization(f, args, others, argnums, transform)
        root = call.single_result()
        return call.shown(root), call.inputs.unflatten(call.pull([root], [1.0]))

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
        call = Linearization(f, args, others, argnums, "jacobian")
        rows = call.pull_each()
        return _blocks(rows, call.outputs, call.inputs)

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
        call = Linearization(gradient, (x, *args), others, 0, "hvp")
        direction = _matching(v, call.inputs, "hvp's vector", "its argument")
        return call.inputs.unflatten(call.pull(call.results, direction))

    return product


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """(f(*args), pullback): the pullback takes a cotangent, which has the nesting of the result,
    and gives a tuple, of the cotangent times the Jacobian for every argument.

    >>> from autograd import vjp
    >>> value, pullback = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pullback([1.0, 0.0]), pullback([0.0, 1.0])
    ([12.0, 7.0], (4.0, 3.0), (1.0, 1.0))
    """
    call = Linearization(f, args, {}, tuple(range(len(args))), "vjp")

    def pullback(cotangent: Any) -> Any:
        weights = _matching(cotangent, call.outputs, "vjp's cotangent", "the function's result")
        return call.inputs.unflatten(call.pull(call.results, weights))

    return call.shown_results(), pullback


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
    call = Linearization(f, tuple(args), {}, tuple(range(len(args))), "jvp")
    directions = _matching(tuple(tangents), call.inputs, "jvp's tangents", "its arguments")
    return call.shown_results(), call.outputs.unflatten(call.push(directions))


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
