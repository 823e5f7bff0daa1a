"""check_grad: a gradient held against difference quotients, and a hand-written one against both.

Automatic differentiation is exact up to rounding. Where it agrees with the differences, a gradient
by hand is held against it, not against them: a difference quotient is good to ten digits, the
engine to sixteen, which is enough to tell what kind of slip was made (tutor/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from math import isfinite, isnan
from typing import Any

from autograd.check.finite_differences import differentiate
from autograd.check.point import FAILURES, Point, float_of
from autograd.check.recorded_function import RecordedFunction
from autograd.check.results import Component, GradientCheck
from autograd.check.tutor.hypotheses import GradientCase
from autograd.check.tutor.naming import few
from autograd.check.tutor.recorded_graph import RecordedGraph
from autograd.check.tutor.search import Slip, find_slips
from autograd.check.verdicts import agree, compared, held_against, is_sound
from autograd.engine.loaded_modules import quietly
from autograd.engine.modes import no_grad
from autograd.engine.primitives import describe
from autograd.engine.text import number, plural
from autograd.engine.value import Value
from autograd.transforms.derivatives import grad, hessian
from autograd.transforms.linearization import Argnums
from autograd.transforms.tree import flatten, opened

__all__ = ["check_grad"]


def check_grad(
    f: Callable[..., Any],
    *args: Any,
    analytic: Any = None,
    argnums: Argnums | None = None,
    order: int = 1,
    rtol: float = 1e-6,
) -> GradientCheck:
    """Whether the gradient of `f` at `args` is right; of a hand-written one, what is wrong with it.

    `f` returns one number. Its gradient is compared with difference quotients of high order, for
    which it is called on plain floats (on Values where it takes nothing else), some 25 times for
    each component. `args` are numbers and nestings of them as for `grad`; all of them are
    differentiated, or those in `argnums`. Two numbers agree if they differ by `rtol` of the larger,
    besides the error of the differences. `order=2` checks the second derivatives too.

    `analytic` is a gradient by hand: nested as the argument is (a tuple, one for each, where there
    are several), or a function of `args` that gives it. Lists, tuples and arrays may stand for each
    other. The result names the likely mistakes.

    The result is true if all is right, and shows itself as a table; `rows` and `slips` are the same
    as data. Derivatives at kinks and jumps are told apart from wrong ones.

    Raises TypeError for an argument that is not made of numbers, for an `f` that does not return
    one number and for an `analytic` of another shape, ValueError for an `f` that gives two values
    for the same arguments, and for an order other than 1 or 2.

    >>> from autograd import check_grad, sigmoid
    >>> def f(w, x):
    ...     s = sigmoid(w * x)
    ...     return s * s
    >>> print(check_grad(f, 2.0, 0.25))
    all 2 components right
    component  AD             numeric                relative error  verdict
    w          0.07314012676  0.07314012676 ± ...ok
    x          0.5851210141   0.5851210141 ± ...ok
    >>> s = float(sigmoid(0.5))
    >>> check = check_grad(f, 2.0, 0.25, analytic=(2 * s * 0.25, 2 * s * 2.0))
    >>> print(check.wrong, check.slips[0])
    ('w', 'x') every component: the derivative of sigmoid is left out (at s)
    """
    _refuse_malformed(f, args, analytic, order)
    point = Point(f, args, argnums)
    point.refuse_random()
    recorded = RecordedFunction(point)
    by_hand = [] if analytic is None else _by_hand(analytic, point)
    rows = [_component(i, point, recorded, rtol) for i in range(len(point.numbers))]
    slips: list[Slip] = []
    if by_hand:
        rows = [held_against(row, x, rtol) for row, x in zip(rows, by_hand, strict=True)]
        slips = _slips(point, recorded, by_hand, rows, rtol)
    remarks = tuple(_remarks(point, recorded, rows))
    if order == 2:
        rows += _second_order(point, rtol)
    return GradientCheck(recorded.value, tuple(rows), tuple(slips), remarks)


def _refuse_malformed(f: Any, args: tuple[Any, ...], analytic: Any, order: int) -> None:
    if not callable(f):
        raise TypeError(f"check_grad takes a function and its arguments, got {describe(f)} first")
    if not args:
        raise TypeError("check_grad takes the arguments at which to check: check_grad(f, x)")
    if order not in (1, 2):
        raise ValueError(f"check_grad checks derivatives of order 1 or 2, got order={order!r}")
    if order == 2 and analytic is not None:
        raise ValueError(
            "a gradient by hand is checked in first order; leave out order=2, or check the second "
            "derivatives as those of the gradient: check_grad(lambda x: grad(f)(x)[0], x)"
        )


def _component(i: int, point: Point, recorded: RecordedFunction, rtol: float) -> Component:
    """One derivative, with what the graph says of a kink or an error in it."""
    ad = recorded.gradient[i]
    row = compared(point.names[i], ad, differentiate(point.along(i), point.numbers[i], ad), rtol)
    if row.verdict in ("kink", "jump"):
        convention = f"{number(ad, 6)}: it is that of {recorded.kink_of(i)}"
        return replace(row, note=f"{row.note}; the convention here, {convention}")
    if row.verdict == "wrong":
        said = f"the gradient of the graph disagrees with the differences: {row.note}"
        return replace(row, note=f"{said};{recorded.why_wrong(i)}")
    if row.verdict == "ok" and row.slope.scale > 0.0 and recorded.is_constant:
        said = "constant beside this point, and not further away: it is decided by numbers"
        choices = recorded.choices(i)
        return replace(row, note=f"{said}:{choices}") if choices else row
    if row.verdict == "unclear" and (choices := recorded.choices(i)):
        return replace(row, note=f"{row.note}; it is decided by numbers:{choices}")
    return row


def _remarks(point: Point, recorded: RecordedFunction, rows: Sequence[Component]) -> Iterator[str]:
    """What is to be said of the function, where the engine and the differences disagree."""
    on_floats, on_values = point(point.numbers), recorded.value
    if not agree(on_floats, on_values, 1e-9, 0.0) and not (isnan(on_floats) and isnan(on_values)):
        yield (
            f"the function gives {number(on_floats)} for floats and {number(on_values)} for "
            "Values: it treats the two differently"
        )
    if recorded.is_constant and all(row.slope.scale == 0.0 for row in rows):
        yield (
            "the function gave the same number wherever it was called; if it returns a Value that "
            "was computed before, compute it inside: a graph does not follow its leaves"
        )
    if any(row.verdict == "wrong" and not is_sound(row) for row in rows):
        yield from recorded.faulty_primitives()


# -- the gradient by hand --------------------------------------------------------------------------


def _by_hand(analytic: Any, point: Point) -> list[float]:
    """Its numbers, in the order of the components."""
    given = _called(analytic, point) if callable(analytic) else analytic
    wanted = point.chosen if len(point.chosen) > 1 else point.chosen[0]
    return list(_aligned(wanted, given, "analytic"))


def _called(analytic: Callable[..., Any], point: Point) -> Any:
    """What the function gives for floats; for Values, where Python's arithmetic raises."""
    try:
        return analytic(*point.arguments(point.numbers))
    except FAILURES:
        with no_grad():
            return analytic(*point.arguments([Value(x) for x in point.numbers]))


def _aligned(like: Any, given: Any, where: str) -> Iterator[float]:
    """The numbers of `given` in the order of `like`; lists, tuples and arrays are all the same."""
    wanted, found = _entries(like), _entries(given)
    if wanted is None:
        leaves, structure = flatten(given, where)
        if not structure.is_single:
            raise TypeError(f"{where} must be one number, got {describe(given)}")
        yield float_of(leaves[0])
    elif found is None or found.keys() != wanted.keys():
        entries = plural(len(wanted), "entry", "entries")
        named = f" ({few(list(map(repr, wanted)))})" if wanted else ""
        raise TypeError(
            f"{where} must be nested as the argument that it is the gradient of, with {entries}"
            f"{named}, got {describe(given)}"
        )
    else:
        for key, child in wanted.items():
            yield from _aligned(child, found[key], f"{where}[{key!r}]")


def _entries(tree: Any) -> dict[Any, Any] | None:
    """What is in a container by key or place; None for a number."""
    if isinstance(tree, dict):
        return tree
    children, _, make = opened(list(tree) if getattr(tree, "ndim", 0) else tree)
    return None if make is None else dict(enumerate(children))


def _slips(
    point: Point,
    recorded: RecordedFunction,
    analytic: Sequence[float],
    rows: Sequence[Component],
    rtol: float,
) -> list[Slip]:
    """Where the wrong components come from, as far as the graph can be relied upon."""
    sound = [i for i, row in enumerate(rows) if is_sound(row) and isfinite(row.ad)]
    wrong = [i for i in sound if rows[i].verdict == "wrong"]
    right = [i for i in sound if rows[i].ok]
    if not wrong:
        return []
    graph = RecordedGraph(recorded.root, recorded.seeds)
    case = GradientCase(graph, point.names, point.keys, recorded.name, analytic, rtol)
    return find_slips(case, wrong, right)


# -- second derivatives ----------------------------------------------------------------------------


def _second_order(point: Point, rtol: float) -> list[Component]:
    """The upper half of the Hessian, held against differences of the gradient."""

    def flat(numbers: list[Any]) -> Any:
        return point.f(*point.arguments(numbers))

    gradient = grad(flat)
    with no_grad():  # plain numbers, whatever the function captures
        rows = hessian(flat)(list(point.numbers))

    @cache
    def column(j: int, x: float) -> list[float]:
        with quietly(), no_grad():
            numbers: list[float] = gradient([*point.numbers[:j], x, *point.numbers[j + 1 :]])
        return numbers

    def entry(i: int, j: int) -> Component:
        ad, name = rows[i][j], f"{point.names[i]}, {point.names[j]}"
        slope = differentiate(lambda x: column(j, x)[i], point.numbers[j], ad)
        return compared(name, ad, slope, rtol)

    found = []
    for j in range(len(point.numbers)):
        found += [entry(i, j) for i in range(j + 1)]
        column.cache_clear()
    return found
