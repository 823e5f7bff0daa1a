"""Derivatives of what a solver finds: roots and fixed points, by the implicit function theorem.

Where r(x, a) = 0 defines x as a function of a, its derivative is -(∂r/∂x)⁻¹ ∂r/∂a, all taken at the
root. How the solver got there doesn't matter: it may be any, on plain floats. Here each number of
the root becomes one node of the graph, with that derivative on its edges.

Higher orders come by the same theorem. The derivative that a node's rule gives when it is fed
Values needs λ with (∂r/∂x)ᵀ λ = e; that is again a root, of equations which are the graph of a
reverse pass through r, and which depend on x and a. No linear solver is differentiated either.

What the residual depends on is found by recording it twice: what is new each time was computed by
it, what both recordings share was there before. So Values that the residual captures count like
those among the arguments.

Source: Griewank and Walther, "Evaluating Derivatives" (2008), chapter 15; the interface is that of
`custom_root` in JAX and jaxopt (Blondel et al., "Efficient and Modular Implicit Differentiation",
2022).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.engine.apply import apply
from autograd.engine.graph import have_captured
from autograd.engine.modes import no_grad, plain_arithmetic, recording, tracer
from autograd.engine.primitives import Primitive, describe
from autograd.engine.value import Value
from autograd.transforms.accumulation import adjoint_graphs
from autograd.transforms.linalg import Matrix, inverted, matrix_product
from autograd.transforms.linearization import running
from autograd.transforms.transform import Transform, require_function
from autograd.transforms.tree import flatten, values_in

__all__ = ["implicit_fixed_point", "implicit_root"]

Function = Callable[..., Any]
Equations = Callable[[list[Value]], list[Any]]


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
        super().__init__(residual, solve, tol)
        require_function(solve, f"{self.transform}'s solve")
        self._function = residual
        self._solve = solve
        self._tol = tol
        self.__signature__ = ROOT

    def residual(self, x: Any, *args: Any) -> Any:
        return self._function(x, *args)

    def __call__(self, *args: Any, **options: Any) -> Any:
        found = _run(self._solve, args, options)
        numbers, structure = flatten(found, "what implicit_root's solve returns")
        numbers = [x.data if isinstance(x, Value) else x for x in numbers]

        def equations(unknowns: list[Value]) -> list[Any]:
            result = self.residual(structure.unflatten(unknowns), *args)
            left, _ = flatten(result, "what implicit_root's residual returns")
            if len(left) != len(unknowns):
                raise ValueError(
                    "implicit_root needs as many equations as unknowns: the residual has "
                    f"{len(left)} numbers, the root that solve returned {len(unknowns)}"
                )
            return left

        results = _solution(equations, numbers, self._tol) if recording() else numbers
        if values_in(args):
            results = [x if isinstance(x, Value) else Value(x) for x in results]
        return structure.unflatten(results)


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


def _run(solve: Function, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What the solver finds, called with plain numbers."""
    given, structure = flatten(args, "implicit_root's arguments")
    plain = structure.unflatten([x.data if isinstance(x, Value) else x for x in given])
    with no_grad():
        return solve(*plain, **options)


# -- the theorem -----------------------------------------------------------------------------------


def _solution(equations: Equations, numbers: list[float], tol: float) -> list[Any]:
    """The root of the equations, known as numbers, as nodes that depend on what those captured; the
    numbers where that is nothing."""
    seeds: set[Value] = set()
    with running(seeds) as level:
        unknowns = [Value(x) for x in numbers]
        again = [Value(x) for x in numbers]
        seeds.update(unknowns, again)
        left = equations(unknowns)
        shared = _shared(left, equations(again), unknowns)
    captured = [x for x in shared if x.inputs or have_captured([x], level)]
    if not captured:
        return list(numbers)
    if tracer() is not None:
        raise TypeError(
            "implicit_root can't be compiled: its solver runs on plain numbers; call it outside "
            "of the compiled function"
        )
    matrix, slopes = _linearized(left, unknowns, captured)
    inverse = inverted(matrix)
    if inverse is None:
        raise ValueError(
            f"implicit_root: at {_shown(numbers)} the derivative of the residual with respect to "
            "the root is singular, so the root has no derivative there (it is a double root, or "
            "one equation follows from the others)"
        )
    _check(numbers, left, inverse, tol)
    row = _row(equations, numbers, captured, inverse, slopes)
    return _nodes(row, len(numbers), captured)


def _nodes(row: Primitive, count: int, captured: Sequence[Value]) -> list[Value]:
    return [apply(row, (float(k), *captured)) for k in range(count)]


def _row(
    equations: Equations,
    numbers: list[float],
    captured: list[Value],
    inverse: Matrix,
    slopes: Matrix,
) -> Primitive:
    """The primitive of this one root: which of its numbers, and what it was computed from, in; that
    number out."""
    derivatives = matrix_product(inverse, [[-x for x in slope] for slope in slopes])
    given = [x.data for x in captured]

    def forward(k: float, *inputs: float) -> float:
        if any(a != b and a == a for a, b in zip(inputs, given, strict=True)):
            raise ValueError(
                "a root can't be computed anew from its node, whose solver is not asked again; "
                "call the function that implicit_root made"
            )
        return numbers[int(k)]

    def partials(out: Any, k: Any, *inputs: Any) -> tuple[Any, ...]:
        k = int(k)
        if not isinstance(out, Value) or not recording():
            return (0.0, *derivatives[k])
        if any(a is not b for a, b in zip(inputs, captured, strict=True)):
            raise ValueError(
                "a copy of a root has a first derivative only; call the function that "
                "implicit_root made"
            )
        # This node's siblings, and itself once more: held here, they would hold themselves.
        assert out.primitive is not None
        roots = _nodes(out.primitive, len(numbers), captured)
        left = equations(roots)
        ends = [*roots, *captured]

        def transposed(weights: list[Value]) -> list[Any]:
            found = adjoint_graphs(left, weights, ends)[: len(roots)]
            return [x - 1.0 if i == k else x for i, x in enumerate(found)]

        weights = _solution(transposed, inverse[k], math.inf)
        return (0.0, *[-x for x in adjoint_graphs(left, weights, ends)[len(roots) :]])

    doc = "One number of a root, by the implicit function theorem."
    return Primitive("implicit_root", "*numbers", forward, partials, doc=doc)


def _shared(first: list[Any], second: list[Any], own: Sequence[Value]) -> list[Value]:
    """Of two recordings of one computation, what they share and so have not made themselves. What
    lies below that is not looked at."""
    found: dict[Value, None] = {}
    seen = set(own)
    stack = list(zip(first, second, strict=True))
    while stack:
        a, b = stack.pop()
        if not isinstance(a, Value) or a in seen:
            continue
        seen.add(a)
        if a is b:
            found[a] = None
        elif not isinstance(b, Value) or a.op != b.op or len(a.inputs) != len(b.inputs):
            raise ValueError(
                "implicit_root's residual computed different things from the same numbers; "
                "it may not depend on chance or on how often it is called"
            )
        else:
            stack.extend(zip(a.inputs, b.inputs, strict=True))
    return list(found)


def _linearized(
    left: list[Any], unknowns: list[Value], captured: list[Value]
) -> tuple[Matrix, Matrix]:
    """As numbers: the derivatives of the equations by the unknowns, and by what they captured."""
    with plain_arithmetic():
        rows = [adjoint_graphs([x], [1.0], [*unknowns, *captured]) for x in left]
    numbers = [[x.data if isinstance(x, Value) else x for x in row] for row in rows]
    count = len(unknowns)
    return [row[:count] for row in numbers], [row[count:] for row in numbers]


def _check(numbers: list[float], left: list[Any], inverse: Matrix, tol: float) -> None:
    """ValueError if Newton's next step would go far."""
    values = [[x.data if isinstance(x, Value) else x] for x in left]
    steps = [row[0] for row in matrix_product(inverse, values)]
    if any(abs(step) > tol * (1.0 + abs(x)) for step, x in zip(steps, numbers, strict=True)):
        better = [x - step for step, x in zip(steps, numbers, strict=True)]
        raise ValueError(
            f"implicit_root's solve returned {_shown(numbers)}, which is no root: a Newton step "
            f"from there goes to {_shown(better)}; ask the solver for more, or allow for it with "
            "a larger tol"
        )


def _shown(numbers: list[float]) -> str:
    return repr(numbers[0]) if len(numbers) == 1 else describe(numbers).removeprefix("list ")
