"""The implicit function theorem on recorded graphs, for `implicit`.

Where r(x, a) = 0 defines x as a function of a, its derivative is -(∂r/∂x)⁻¹ ∂r/∂a, all taken at the
root: as numbers, for the edges of a root's nodes, and as graphs, for every further order and for
compiled functions.

What the residual depends on is found by recording it twice: what is new each time was computed by
it, what both recordings share was there before. So Values that the residual captures count like
those among the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.engine.apply import apply
from autograd.engine.graph import have_captured
from autograd.engine.levels import LEVELS, Level
from autograd.engine.modes import outside_mode, plain_arithmetic, recording
from autograd.engine.primitives import Primitive, describe
from autograd.engine.value import Value
from autograd.transforms.accumulation import adjoint_graphs_of_each, column_sweeps
from autograd.transforms.linalg import Matrix, inverse_entry, inverted, matrix_product

__all__ = [
    "Equations",
    "check_steps",
    "number_of",
    "recorded_equations",
    "root_graphs",
    "root_nodes",
    "solution",
]

Equations = Callable[[list[Value]], list[Any]]


class RecordedEquations(NamedTuple):
    """The equations recorded at a root, its numbers as Values, and what the equations captured."""

    left: list[Any]
    unknowns: list[Value]
    captured: list[Value]


def recorded_equations(equations: Equations, numbers: Sequence[float]) -> RecordedEquations:
    level = Level()
    with LEVELS.at_once(level):
        unknowns = [Value(x) for x in numbers]
        again = [Value(x) for x in numbers]
        level.seeds += [*unknowns, *again]
        left = equations(unknowns)
        shared = _shared(left, equations(again), unknowns)
    captured = [x for x in shared if x.inputs or have_captured([x], level)]
    return RecordedEquations(left, unknowns, captured)


class Solution(NamedTuple):
    """A root, what its equations depend on, and its derivatives with respect to that."""

    numbers: list[float]
    captured: list[Value]
    derivatives: Matrix


def solution(equations: Equations, numbers: list[float], tol: float) -> Solution:
    """The root of the equations, known as numbers. ValueError where it is none, or has no
    derivatives."""
    left, unknowns, captured = recorded_equations(equations, numbers)
    if not captured:
        return Solution(numbers, [], [[] for _ in numbers])
    matrix, slopes = _linearized(left, unknowns, captured)
    inverse = inverted(matrix)
    if inverse is None:
        raise ValueError(
            f"implicit_root: at {_shown(numbers)} the derivative of the residual with respect to "
            "the root is singular, so the root has no derivative there (it is a double root, or "
            "one equation follows from the others)"
        )
    values = [[number_of(x)] for x in left]
    check_steps(numbers, [row[0] for row in matrix_product(inverse, values)], tol)
    return Solution(numbers, captured, matrix_product(inverse, slopes))


class RootGraphs(NamedTuple):
    """Of one number of a root, as graphs: its derivatives, and Newton's next step, negated."""

    derivatives: list[Any]
    step: Any


def root_graphs(
    equations: Equations, roots: list[Value], captured: Sequence[Value], k: int
) -> RootGraphs:
    """What the theorem says of number k of a root of the equations, all of which are nodes, and of
    what they depend on."""
    left = equations(roots)
    rows = adjoint_graphs_of_each(left, [*roots, *captured])
    entries = [x for row in rows for x in row[: len(roots)]]
    inverse = [inverse_entry(float(k), float(j), *entries) for j in range(len(roots))]
    slopes = [[-x for x in row[len(roots) :]] + [x] for row, x in zip(rows, left, strict=True)]
    *derivatives, step = matrix_product([inverse], slopes)[0]
    return RootGraphs(derivatives, step)


def root_nodes(equations: Equations, found: Solution) -> list[Value]:
    """The numbers of a root as nodes that depend on what its equations captured."""
    return _nodes(_row(equations, found), len(found.numbers), found.captured)


def _nodes(row: Primitive, count: int, captured: Sequence[Value]) -> list[Value]:
    return [apply(row, (float(k), *captured)) for k in range(count)]


def _row(equations: Equations, found: Solution) -> Primitive:
    """The primitive of this one root: which of its numbers, and what it was computed from, in; that
    number out."""
    numbers, captured, derivatives = found
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
        return (0.0, *root_graphs(equations, roots, captured, k).derivatives)

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
    """As numbers: the derivatives of the equations by the unknowns, and by what they captured, the
    latter negated."""
    with plain_arithmetic():
        rows = column_sweeps(left, [*unknowns, *captured])
    count = len(unknowns)
    return [row[:count] for row in rows], [[-x for x in row[count:]] for row in rows]


def check_steps(numbers: Sequence[Any], steps: Sequence[Any], tol: float) -> None:
    """ValueError if Newton's next step, of which this is the negative, would go far."""
    if any(abs(step) > tol * (1.0 + abs(x)) for step, x in zip(steps, numbers, strict=True)):
        with outside_mode("tracer"):  # for the message alone
            found = list(map(number_of, numbers))
            better = [x - number_of(step) for step, x in zip(steps, found, strict=True)]
        raise ValueError(
            f"implicit_root's solve returned {_shown(found)}, which is no root: a Newton step "
            f"from there goes to {_shown(better)}; ask the solver for more, or allow for it with "
            "a larger tol"
        )


def _shown(numbers: list[float]) -> str:
    return repr(numbers[0]) if len(numbers) == 1 else describe(numbers).removeprefix("list ")


def number_of(x: Any) -> float:
    """The bare number of a Value or a number."""
    found: float = x.data if isinstance(x, Value) else x
    return found
