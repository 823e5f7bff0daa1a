"""check_grad: a gradient held against difference quotients, and a hand-written one against both.

Automatic differentiation is exact up to rounding, so where it agrees with the differences it is the
yardstick for a gradient that somebody derived: a difference quotient is good to ten digits, the
engine to sixteen, which is enough to tell what kind of slip was made (slips.py).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import Parameter, signature
from typing import Any, Final

from autograd.check.finite_differences import Slope, differentiate
from autograd.check.results import PLUS_MINUS, Component, GradientCheck
from autograd.check.tutor.hypotheses import GradientCase
from autograd.check.tutor.naming import Namer, few, watched
from autograd.check.tutor.recorded_graph import RecordedGraph
from autograd.check.tutor.search import Slip, find_slips
from autograd.engine.graph import topological_order
from autograd.engine.modes import no_grad
from autograd.engine.primitives import describe
from autograd.engine.text import number, plural, printable
from autograd.engine.value import Value
from autograd.transforms.derivatives import Argnums, _places, _Run, grad, hessian
from autograd.transforms.tree import components, flatten

__all__ = ["check_grad"]

SAFETY: Final = 10.0  # estimated errors of a difference quotient that are forgiven
FAILURES: Final = (ZeroDivisionError, OverflowError, ValueError)  # of `math` outside a domain


# -- the check -------------------------------------------------------------------------------------


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
    places = (
        list(range(len(args))) if argnums is None else _places(argnums, len(args), "check_grad")
    )
    point = _Point(f, args, places)
    point.refuse_random()
    values = _Recording(point)
    by_hand = _analytic(analytic, point)
    rows = [
        _component(i, point, values, None if by_hand is None else by_hand[i], rtol)
        for i in range(len(point.numbers))
    ]
    slips = [] if by_hand is None else _slips(values, rows, rtol)
    remarks = list(values.remarks(rows))
    if order == 2:
        rows += _second_order(point, rtol)
    return GradientCheck(values.value, tuple(rows), tuple(slips), tuple(remarks))


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


class _Point:
    """A function of nested arguments as a function of a list of numbers, and names for those."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], places: list[int]) -> None:
        self.f = f
        self.places = places
        self.chosen = tuple(args[i] for i in places)
        try:
            leaves, self.structure = flatten(self.chosen, "check_grad's argument")
            self.args = tuple(_plain(x) if i in places else x for i, x in enumerate(args))
        except TypeError as problem:
            raise TypeError(
                f"{problem}; name those to be differentiated with argnums, as in argnums=0"
            ) from None
        self.numbers = [x.data if isinstance(x, Value) else x for x in leaves]
        found = [
            entry
            for name, tree in zip(_parameter_names(f, places), self.chosen, strict=True)
            for entry in components(tree, name)
        ]
        self.names = _labelled([name for name, _, _ in found], leaves)
        self.keys = [
            (self.places[block], *keys)
            for block, tree in enumerate(self.chosen)
            for _, keys, _ in components(tree, "")
        ]
        self.on_values = False

    def arguments(self, numbers: Sequence[Any]) -> list[Any]:
        """New arguments, with these numbers in the place of those that are differentiated."""
        arguments = list(self.args)
        for place, tree in zip(self.places, self.structure.unflatten(numbers), strict=True):
            arguments[place] = tree
        return arguments

    def __call__(self, numbers: Sequence[float]) -> float:
        """f on plain floats; NaN where it has no real value."""
        with _quietly():
            if not self.on_values:
                try:
                    return self._number(self.f(*self.arguments(numbers)))
                except FAILURES:
                    return math.nan
                except (AttributeError, TypeError):  # such as x.exp(): only Values have that
                    self.on_values = True
            with no_grad():
                return self._number(self.f(*self.arguments([Value(x) for x in numbers])))

    def _number(self, result: Any) -> float:
        if isinstance(result, complex):
            return math.nan  # as (-8) ** (1/3): not a real value
        leaves, structure = flatten(result, "what check_grad's function returns")
        if not structure.is_single:
            raise TypeError(
                f"check_grad needs a function that returns one number, this one returned "
                f"{describe(result)}; check one of several: check_grad(lambda x: f(x)[0], x)"
            )
        x = leaves[0]
        return x.data if isinstance(x, Value) else x

    def along(self, i: int) -> Callable[[float], float]:
        """The function of one component, the others held fixed."""

        def line(x: float) -> float:
            return self([*self.numbers[:i], x, *self.numbers[i + 1 :]])

        return line

    def refuse_random(self) -> None:
        first, second = self(self.numbers), self(self.numbers)
        if first != second and not (math.isnan(first) and math.isnan(second)):
            raise ValueError(
                "check_grad needs a function that gives the same value for the same arguments; "
                f"this one gave {number(first)} and then {number(second)}. If it draws random "
                "numbers (dropout, sampling), draw them before and pass them in, or set the seed "
                "inside it; if it counts its calls, start from the same state each time"
            )


@contextmanager
def _quietly() -> Iterator[None]:
    """Without NumPy's warnings: a difference quotient may well look outside a domain."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        yield
        return
    with numpy.errstate(all="ignore"):
        yield


def _plain(x: Any) -> Any:
    leaves, structure = flatten(x, "check_grad's argument")
    return structure.unflatten([leaf.data if isinstance(leaf, Value) else leaf for leaf in leaves])


def _parameter_names(f: Callable[..., Any], places: list[int]) -> list[str]:
    """What the function calls its arguments."""
    try:
        parameters = list(signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = []
    for place in places:
        ordinary = place < len(parameters) and parameters[place].kind in (
            Parameter.POSITIONAL_ONLY,
            Parameter.POSITIONAL_OR_KEYWORD,
        )
        nameless = "x" if len(places) == 1 else f"x{place + 1}"
        names.append(parameters[place].name if ordinary else nameless)
    return names


def _labelled(names: list[str], leaves: list[Any]) -> list[str]:
    """A label in place of a name, where it is the only one of its kind."""
    labels = [printable((getattr(x, "label", None) or "").strip()) for x in leaves]
    return [
        label if label and labels.count(label) == 1 and label not in names else name
        for label, name in zip(labels, names, strict=True)
    ]


class _Recording:
    """The function run once on Values: its graph, its gradient, names for its nodes."""

    def __init__(self, point: _Point) -> None:
        self.point = point
        self.known: dict[int, str] = {}
        self.seeds: list[Value] = []
        with watched(self.known) as call:

            def recorded(*args: Any) -> Any:
                return call(point.f, *args)

            run = _Run(recorded, tuple(point.args), {}, tuple(point.places), "check_grad")
        root = run.single_result()
        self.seeds = list(run.seeds)
        gradient = run.pull([root], [1.0])
        self.gradient = [x.data if isinstance(x, Value) else x for x in gradient]
        self.root = root if isinstance(root, Value) else Value(root)
        self.value = self.root.data
        self.nodes = topological_order(self.root)
        for seed, name in zip(self.seeds, point.names, strict=True):
            self.known[id(seed)] = name
        self.name = Namer(self.known)

    def reaches(self, i: int) -> bool:
        """Whether the result depends on a component at all, as recorded."""
        return any(node is self.seeds[i] for node in self.nodes)

    def remarks(self, rows: Sequence[Component]) -> Iterator[str]:
        """What is to be said of the function, where the engine and the differences disagree."""
        plain = self.point(self.point.numbers)
        apart = abs(plain - self.value)
        if apart > 1e-9 * max(abs(plain), abs(self.value)):
            yield (
                f"the function gives {number(plain)} for floats and {number(self.value)} for "
                "Values: it treats the two differently"
            )
        if any(row.verdict == "wrong" and not _agrees(row) for row in rows):
            yield from self._faulty_primitives()

    def _faulty_primitives(self) -> Iterator[str]:
        """Operations whose rule disagrees with their own values."""
        said = set()
        for node in self.nodes:
            row = node.primitive
            if row is None or row.builtin or row.name in said:
                continue
            xs = [getattr(x, "data", x) for x in node.inputs]
            factors = iter(node.partials)
            for k, x in enumerate(node.inputs):
                if not isinstance(x, Value):
                    continue
                factor = next(factors)
                slope = differentiate(_one_input(row.forward, xs, k), xs[k], factor)
                if slope.kind == "smooth" and not _close(factor, slope.value, 1e-6, slope.error):
                    said.add(row.name)
                    yield (
                        f"the rule of the primitive {row.name!r} is wrong: at "
                        f"{few([number(v, 6) for v in xs])} its derivative with respect to input "
                        f"{k + 1} is {number(slope.value, 10)}, its partials say "
                        f"{number(factor, 10)}"
                    )
                    break

    def kink_of(self, i: int) -> str:
        """The operations below which a component meets a kink or a jump, and what is decided."""
        found = []
        reached = {id(self.seeds[i])}
        for node in self.nodes:
            if not any(id(parent) in reached for parent in node.parents):
                continue
            reached.add(id(node))
            row = node.primitive
            if row is not None and row.kinks and self._is_kinked(node, reached):
                found.append(f"{self.name(node)} ({row.name}: {row.kinks})")
        if found:
            return f"it is that of {few(found, 2)}"
        return "it is that of the branch that the function takes here (an if, a comparison)"

    def _is_kinked(self, node: Value, reached: set[int]) -> bool:
        xs = [getattr(x, "data", x) for x in node.inputs]
        return any(
            differentiate(_one_input(node.primitive.forward, xs, k), xs[k]).kind
            in ("kink", "jump", "infinite")
            for k, x in enumerate(node.inputs)
            if id(x) in reached and node.primitive is not None
        )


def _one_input(forward: Callable[..., float], xs: list[float], k: int) -> Callable[[float], float]:
    def line(x: float) -> float:
        try:
            return forward(*xs[:k], x, *xs[k + 1 :])
        except FAILURES:
            return math.nan

    return line


# -- verdicts --------------------------------------------------------------------------------------


def _component(
    i: int, point: _Point, recording: _Recording, analytic: float | None, rtol: float
) -> Component:
    ad = recording.gradient[i]
    slope = differentiate(point.along(i), point.numbers[i], ad)
    verdict, note = _verdict(ad, slope, rtol)
    if verdict in ("kink", "jump"):
        note += f"; the convention here, {number(ad, 6)}: {recording.kink_of(i)}"
    elif verdict == "wrong":
        note = f"the gradient of the graph disagrees with the differences: {note}"
        note += _why_not_recorded(recording, i)
    numeric = slope.value
    relative = _relative(ad, numeric if not math.isnan(numeric) else ad)
    if analytic is not None:
        relative = _relative(analytic, ad)
        if verdict == "ok":
            verdict = "ok" if _close(analytic, ad, rtol, 1e-12 * _tiny(slope, ad)) else "wrong"
        elif verdict in ("kink", "jump") and not _between(analytic, slope, rtol):
            verdict = "wrong"
        elif verdict == "wrong" and _close(analytic, numeric, rtol, slope.error):
            note += "; the one by hand agrees with the differences"
    name = point.names[i]
    return Component(name, ad, numeric, slope.error, analytic, relative, verdict, note, slope)


def _why_not_recorded(recording: _Recording, i: int) -> str:
    if recording.reaches(i):
        return (
            "; if the function reads .data, calls detach() or float(), or uses a primitive of your "
            "own, what it computes there is not in the graph"
        )
    return (
        "; no path leads from it to the result in the recorded graph: the function reads its "
        ".data, detaches it, or uses it in a no_grad block"
    )


def _verdict(ad: float, slope: Slope, rtol: float) -> tuple[str, str]:
    """Whether a derivative is what the differences say; the note says why, unless it is."""
    sides = (
        f"the left derivative is {number(slope.left, 6)}, the right one {number(slope.right, 6)}"
    )
    if slope.kind == "undefined":
        return "unclear", "the function has no finite value here"
    if slope.kind == "jump":
        jumps = [j for j in (slope.jump_left, slope.jump_right) if j]
        text = f"jump: the value changes by {few([number(j, 6) for j in jumps])} at once; {sides}"
        return ("jump" if _between(ad, slope, rtol) else "wrong"), text
    if slope.kind == "kink":
        return ("kink" if _between(ad, slope, rtol) else "wrong"), f"kink: {sides}"
    if math.isinf(slope.value) or math.isinf(ad):
        return ("ok", "") if ad == slope.value else ("wrong", f"they say {number(slope.value)}")
    if _close(ad, slope.value, rtol, max(slope.error, 1e-12 * slope.scale)):
        if slope.kind == "unclear" or _is_blurred(slope, ad):
            return "unclear", f"the differences are too noisy to tell: {_with_error(slope)}"
        one_sided = "from one side: the function has no values on the other"
        return "ok", one_sided if slope.kind == "edge" else ""
    if slope.kind == "unclear":
        return "unclear", f"the differences do not settle: {_with_error(slope)}"
    return "wrong", f"they say {_with_error(slope)}, it says {number(ad, 10)}"


def _with_error(slope: Slope) -> str:
    return f"{number(slope.value, 10)} {PLUS_MINUS} {slope.error:.0e}"


def _is_blurred(slope: Slope, ad: float) -> bool:
    """Whether the error would hide a derivative that is quite wrong."""
    error = SAFETY * slope.error - 1e4 * slope.rounding
    return error > 1e-2 * max(abs(ad), abs(slope.value)) and error > 1e-3 * slope.scale


def _between(x: float, slope: Slope, rtol: float) -> bool:
    """Whether a number is a derivative that can be chosen at a kink: from one side to the other."""
    sides = [side for side in (slope.left, slope.right) if not math.isnan(side)]
    if not sides:
        return False
    margin = max(rtol * max(map(abs, sides)), 1e-3 * slope.scale * rtol**0.5)
    return math.isinf(margin) or min(sides) - margin <= x <= max(sides) + margin


def _close(a: float, b: float, rtol: float, error: float) -> bool:
    if a == b:
        return True
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    return abs(a - b) <= rtol * max(abs(a), abs(b)) + SAFETY * error


def _agrees(row: Component) -> bool:
    return _verdict(row.ad, row.slope, 1e-6)[0] != "wrong"


def _relative(a: float, b: float) -> float:
    if a == b:
        return 0.0
    largest = max(abs(a), abs(b))
    return abs(a - b) / largest if math.isfinite(largest) else math.nan


def _tiny(slope: Slope, ad: float) -> float:
    return max(slope.scale, abs(ad))


# -- the gradient by hand --------------------------------------------------------------------------


def _analytic(analytic: Any, point: _Point) -> list[float] | None:
    """Its numbers, in the order of the components."""
    if analytic is None:
        return None
    given = analytic(*point.arguments(point.numbers)) if callable(analytic) else analytic
    wanted = point.chosen if len(point.chosen) > 1 else point.chosen[0]
    found: list[float] = []
    _align(wanted, given, "analytic", found)
    return found


def _align(like: Any, given: Any, where: str, found: list[float]) -> None:
    """The numbers of `given` in the order of `like`; lists, tuples and arrays are all the same."""
    if isinstance(like, dict):
        if not isinstance(given, dict) or set(given) != set(like):
            keys = few([repr(key) for key in like])
            raise TypeError(f"{where} must be a dict with the keys {keys}, got {describe(given)}")
        for key, child in like.items():
            _align(child, given[key], f"{where}[{key!r}]", found)
        return
    fields = getattr(like, "_fields", None) or getattr(like, "__dataclass_fields__", None)
    if fields is not None and type(given) is type(like):
        for field in fields:
            _align(getattr(like, field), getattr(given, field), f"{where}.{field}", found)
        return
    children = _in_sequence(like)
    if children is None:
        leaves, structure = flatten(given, where)
        if not structure.is_single:
            raise TypeError(f"{where} must be one number, got {describe(given)}")
        found.append(leaves[0].data if isinstance(leaves[0], Value) else leaves[0])
        return
    others = _in_sequence(given)
    if others is None or len(others) != len(children):
        raise TypeError(
            f"{where} must have the shape of the argument it is the gradient of: "
            f"{plural(len(children), 'entry', 'entries')}, got {describe(given)}"
        )
    for k, (child, other) in enumerate(zip(children, others, strict=True)):
        _align(child, other, f"{where}[{k}]", found)


def _in_sequence(x: Any) -> list[Any] | None:
    if getattr(x, "shape", None) is not None and getattr(x, "ndim", 0) > 0:
        return list(x)
    return list(x) if isinstance(x, (list, tuple)) else None


def _slips(recording: _Recording, rows: Sequence[Component], rtol: float) -> list[Slip]:
    """What the wrong components of the gradient by hand come from, where the graph can be relied
    upon."""
    sound = [i for i, row in enumerate(rows) if _agrees(row) and math.isfinite(row.ad)]
    wrong = [i for i in sound if rows[i].verdict == "wrong"]
    right = [i for i in sound if rows[i].ok]
    if not wrong:
        return []
    analytic = [row.analytic if row.analytic is not None else math.nan for row in rows]
    point = recording.point
    graph = RecordedGraph(recording.root, recording.seeds)
    case = GradientCase(graph, point.names, point.keys, recording.name, analytic, rtol)
    return find_slips(case, wrong, right)


# -- second derivatives ----------------------------------------------------------------------------


def _second_order(point: _Point, rtol: float) -> list[Component]:
    """The upper half of the Hessian, held against differences of the gradient."""

    def flat(numbers: list[Any]) -> Any:
        return point.f(*point.arguments(numbers))

    gradient, rows = grad(flat), hessian(flat)(list(point.numbers))
    seen: dict[tuple[float, ...], list[float]] = {}

    def component(i: int, j: int, x: float) -> float:
        at = (*point.numbers[:j], x, *point.numbers[j + 1 :])
        if at not in seen:
            with _quietly():
                seen[at] = gradient(list(at))
        return seen[at][i]

    found = []
    for j in range(len(point.numbers)):
        seen.clear()
        for i in range(j + 1):
            ad = rows[i][j]
            slope = differentiate(
                lambda x, i=i, j=j: component(i, j, x),  # type: ignore[misc]
                point.numbers[j],
                ad,
            )
            verdict, note = _verdict(ad, slope, rtol)
            name = f"{point.names[i]}, {point.names[j]}"
            numeric, error = slope.value, slope.error
            relative = _relative(ad, ad if math.isnan(numeric) else numeric)
            found.append(Component(name, ad, numeric, error, None, relative, verdict, note, slope))
    return found
