"""Derivatives of what a solver finds: roots and fixed points, by the implicit function theorem.

Where r(x, a) = 0 defines x as a function of a, its derivative is -(∂r/∂x)⁻¹ ∂r/∂a, all taken at the
root. How the solver got there doesn't matter: it may be any, on plain floats. Here each number of
the root becomes one node of the graph, with that derivative on its edges.

Higher orders come by the same theorem: fed Values, a node's rule gives that derivative as a graph.
The entries of ∂r/∂x and ∂r/∂a in it come of reverse passes through r; those of the inverse are
nodes whose rule is that of an inverse, so no linear solver is differentiated either.

In a compiled function the solver is called by the compiled code, with the numbers of that call.

Source: Griewank and Walther, "Evaluating Derivatives" (2008), chapter 15; the interface is that of
`custom_root` in JAX and jaxopt (Blondel et al., "Efficient and Modular Implicit Differentiation",
2022).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final
from weakref import ref

from autograd.engine.modes import no_grad, recording, tracer
from autograd.engine.value import Value
from autograd.transforms.compiled_root import CompiledRoots
from autograd.transforms.theorem import Equations, number_of, root_nodes, solution
from autograd.transforms.transform import Transform, require_function
from autograd.transforms.tree import Structure, flatten, values_in

__all__ = ["implicit_fixed_point", "implicit_root"]

Function = Callable[..., Any]


def implicit_root(residual: Function, solve: Function, *, tol: float = 1e-6) -> Function:
    """The root of `residual` as a function of what it depends on, differentiable to any order.

    `solve(*args)` finds the root: it is called with plain numbers in place of Values, so SciPy's
    `brentq(...)` and `root(...).x` serve, and with the keyword arguments, which are for it alone (a
    starting point, a tolerance). `residual(x, *args)` has as many numbers as the root x, and is 0
    there. Positional arguments, the root and the residual are numbers or nestings of them. Values
    that `residual` captures are differentiated too; whatever `solve` needs of them should be an
    argument.

    For m unknowns a derivative takes m reverse passes through the residual and m³ operations; every
    further order again for each unknown.

    Raises ValueError where a derivative is wanted and the root is none (a Newton step would move
    some x by more than tol · (1 + |x|)), or ∂residual/∂x is singular; TypeError for anything but
    numbers.

    >>> from autograd import cos, grad, sin
    >>> from autograd.transforms.implicit import implicit_root
    >>> def bisect(a, low=0.0, high=3.0):
    ...     for _ in range(60):
    ...         middle = (low + high) / 2
    ...         low, high = (middle, high) if cos(middle) > a * middle else (low, middle)
    ...     return low
    >>> x = implicit_root(lambda x, a: cos(x) - a * x, bisect)
    >>> round(x(1.0), 12)
    0.739085133215
    >>> round(grad(x)(1.0), 12), round(-x(1.0) / (1.0 + sin(x(1.0))), 12)
    (-0.441610791705, -0.441610791705)
    """

    return Root(residual, solve, tol)


class Root(Transform):
    transform = "implicit_root"
    summary = "The root of {}, differentiable by the implicit function theorem."

    def __init__(self, residual: Function, solve: Function, tol: float = 1e-6) -> None:
        super().__init__(residual)
        require_function(solve, f"{self.transform}'s solve")
        self._function = residual
        self._solve = solve
        self.tol = tol
        self.__signature__ = ROOT
        observer = tracer()
        self._maker = None if observer is None else ref(observer)
        # Made when it is needed, for then the two hold each other.
        self._compiled: CompiledRoots | None = None

    def residual(self, x: Any, *args: Any) -> Any:
        return self._function(x, *args)

    def __call__(self, *args: Any, **options: Any) -> Any:
        if tracer() is not None:
            if self._compiled is None:
                self._compiled = CompiledRoots(self, self._maker)
            return self._compiled(args, options)
        given, arguments = flatten(args, "implicit_root's arguments")
        numbers, structure = self.solved(arguments.unflatten(list(map(number_of, given))), options)
        results: list[Any] = numbers
        if recording():
            equations = self.equations(structure, args)
            found = solution(equations, numbers, self.tol)
            results = root_nodes(equations, found) if found.captured else numbers
        if values_in(args):
            results = [x if isinstance(x, Value) else Value(x) for x in results]
        return structure.unflatten(results)

    def __getstate__(self) -> dict[str, Any]:
        """Without what belongs to this process."""
        return {**vars(self), "_maker": None, "_compiled": None}

    def solved(self, plain: Any, options: dict[str, Any]) -> tuple[list[float], Structure]:
        """What the solver finds, called with plain numbers."""
        with no_grad():
            found = self._solve(*plain, **options)
        numbers, structure = flatten(found, "what implicit_root's solve returns")
        return list(map(number_of, numbers)), structure

    def equations(self, structure: Structure, args: Sequence[Any]) -> Equations:
        """The residual as a function of the numbers of the root, whose nesting is given."""

        def equations(unknowns: list[Value]) -> list[Any]:
            result = self.residual(structure.unflatten(unknowns), *args)
            left, _ = flatten(result, "what implicit_root's residual returns")
            if len(left) != len(unknowns):
                raise ValueError(
                    "implicit_root needs as many equations as unknowns: the residual has "
                    f"{len(left)} numbers, the root that solve returned {len(unknowns)}"
                )
            return left

        return equations


ROOT: Final = inspect.signature(lambda *args, **options: None)


def implicit_fixed_point(function: Function, solve: Function, *, tol: float = 1e-6) -> Function:
    """The fixed point x = function(x, *args) as a function of args, differentiable to any order.

    Like `implicit_root`, of x - function(x, *args): `solve` may iterate, in any way and as often as
    it likes.

    >>> from autograd import grad
    >>> from autograd.transforms.implicit import implicit_fixed_point
    >>> def iterate(a):
    ...     x = 1.0
    ...     for _ in range(30):
    ...         x = (x + a / x) / 2
    ...     return x
    >>> root = implicit_fixed_point(lambda x, a: (x + a / x) / 2, iterate)
    >>> root(4.0), grad(root)(4.0), grad(grad(root))(4.0)
    (2.0, 0.25, -0.03125)
    """

    return FixedPoint(function, solve, tol)


class FixedPoint(Root):
    transform = "implicit_fixed_point"
    summary = "The fixed point of {}, differentiable by the implicit function theorem."

    def residual(self, x: Any, *args: Any) -> list[Any]:
        before, structure = flatten(x)
        found = self._function(x, *args)
        after, given = flatten(found, "what implicit_fixed_point's function returns")
        if given != structure:
            raise TypeError(
                "implicit_fixed_point's function must return the nesting and the shapes of x, "
                "which are those of what solve returns"
            )
        return [a - b for a, b in zip(before, after, strict=True)]
