"""Routes through the engine alone: plain floats, backward, forward mode, finite differences."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

from test_agreement import sizes

from autograd import Value, jvp
from autograd.transforms.tree import flatten
from fuzz.cases import Case, Loaded
from fuzz.comparing import Outcome, outcome_of
from fuzz.refusals import LASTING
from fuzz.routes import Finding, Found, difference, route
from fuzz.truth import Truth

# What Python's own numbers do otherwise: complex roots, inf // 1, exact sums, another hash.
OTHERWISE = re.compile(
    r"\*\*|//|divmod|pow\(|np\.|Value|(?<!ag\.)\bsum\(|set\(|hash|\{\w+[:,]|\{'|f\"|str\(|math\.exp"
    r"|float\(|label|op\"|parents|copy|fromkeys| is |detach|jit|vmap|random|time|anomaly|\bindex\("
    r"|dataclass|Counter|\bin \{"
)

# What is another function of floats, or of Values, or has no derivative on purpose.
UNLIKE_DIFFERENCES = re.compile(
    r"random|time|KEPT|CALLS|LATEST|COUNT|no_grad|detach|stop_gradient|math|Value|label|op\"|parents"
    r"|float\(|data"
)


@route
def plain(case: Case, truth: Truth) -> Found:
    """f of floats, where that is Python's arithmetic as well as ours."""
    if OTHERWISE.search(case.source):
        return
    loaded = Loaded(case)
    for step, (i, want) in enumerate(zip(truth.calls, truth.values, strict=True)):
        args, keywords = loaded.floats(i)
        got = outcome_of(partial(loaded.f, *args, **keywords))
        if got[0] == "raises" and want[0] == "gives":
            continue  # 1 / 0, of floats
        found = difference(case, "plain floats", "f", tuple(truth.calls[: step + 1]), got, want)
        if found:
            yield found


@route
def backward(case: Case, truth: Truth) -> Found:
    """f(Values).backward() against grad(f) of Values and of numbers; and forward mode, whose sums
    have another order, within rounding. What is not differentiated is plain, as in grad(f)."""
    if not truth.is_single or case.static or re.search(rf"{LASTING}|time\.", case.source):
        return
    derivative = truth.derivative
    loaded = Loaded(case)
    for i, want in zip(truth.calls[: len(case.points)], truth.gradients, strict=False):
        args, keywords = _differentiated(case, *loaded.arguments(i))
        root: list[Any] = []

        def pulled(args: Any = args, keywords: Any = keywords, root: Any = root) -> Any:
            result = loaded.f(*args, **keywords)
            if isinstance(result, Value):
                result.backward()
                root.append(result)
            chosen = args[0] if case.argnums == 0 else tuple(args)
            leaves, structure = flatten(chosen)
            return structure.unflatten([x.grad for x in leaves])

        got = outcome_of(pulled)
        again = _differentiated(case, *loaded.arguments(i))
        recorded = outcome_of(partial(derivative(loaded.f), *again[0], **again[1]))
        made = truth.written("f")
        found = difference(case, "grad of Values", made, (i,), recorded, got, _are_equal)
        if found:
            yield found
        found = difference(case, "backward", "f", (i,), got, want, _are_equal)
        if found:
            yield found
        if got[0] == "gives" and root and not keywords:
            yield from _forward(case, loaded, i, root[0], args, got)


def _are_equal(a: Sequence[float], b: Sequence[float]) -> bool:
    """As numbers, whatever the sign of a zero."""
    return all(x == y or (x != x and y != y) for x, y in zip(a, b, strict=True))


def _differentiated(case: Case, args: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """The arguments, with Values for what the case differentiates by."""
    places = (0,) if case.argnums == 0 else range(len(args))
    return [_as_values(x) if i in places else x for i, x in enumerate(args)], keywords


def _as_values(argument: Any) -> Any:
    numbers, structure = flatten(argument)
    return structure.unflatten([Value(x) for x in numbers])


def _forward(case: Case, loaded: Loaded, i: int, root: Value, args: Any, back: Outcome) -> Found:
    scale = sizes(root)
    leaves, _ = flatten(args[0] if case.argnums == 0 else list(args))
    if not math.isfinite(sum(scale[id(leaf)] for leaf in leaves)):
        return
    for place, leaf in enumerate(leaves):
        given, _ = loaded.arguments(i)
        varied = 1 if case.argnums == 0 else len(given)
        numbers, others = given[:varied], given[varied:]
        flat, structure = flatten(list(numbers))
        unit = structure.unflatten([float(k == place) for k in range(len(flat))])
        f = lambda *varied, others=others: loaded.f(*varied, *others)  # noqa: E731
        got = outcome_of(partial(_tangent, f, numbers, unit))
        reach = 1e-9 * scale[id(leaf)] + 1e-300
        near = got[0] == "gives" and abs(got[2][0] - back[2][place]) <= reach
        if not near:
            want: Outcome = ("gives", got[1], [back[2][place]])
            yield Finding("wrong number", "jvp", "f", (i,), got, want)


def _tangent(f: Any, numbers: Any, unit: Any) -> Any:
    return jvp(f, numbers, unit)[1]


@route
def finite_differences(case: Case, truth: Truth) -> Found:
    """First and second derivatives by central differences at the points that are nothing special,
    loosely, and only where two steps agree with each other."""
    if UNLIKE_DIFFERENCES.search(case.source):
        return
    structures = [flatten(Loaded(case).arguments(0))[1]]
    structures += [what for kind, what, _ in truth.values if kind == "gives"]
    if any(structure.shapes != [None] * structure.size for structure in structures):
        return  # blocks of a jacobian have an order of their own
    for i in range(min(2, len(case.points))):
        yield from _by_differences(case, truth, i, "values", truth.gradients[i])
        if truth.is_single:
            yield from _by_differences(case, truth, i, "gradients", truth.second[i])


def _by_differences(case: Case, truth: Truth, i: int, of: str, want: Outcome) -> Found:
    loaded = Loaded(case)
    args, keywords = loaded.arguments(i)
    varied = len(args) if case.argnums else 1
    flat, structure = flatten(list(args[:varied]))
    f = loaded.f if of == "values" else truth.derivative(loaded.f)
    if want[0] == "raises" or not all(map(math.isfinite, want[2])):
        return

    def at(place: int, step: float) -> list[float]:
        moved = [x + step * (k == place) for k, x in enumerate(flat)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = outcome_of(lambda: f(*structure.unflatten(moved), *args[varied:], **keywords))
        return outcome[2] if outcome[0] == "gives" else []

    def slopes(place: int, step: float) -> list[float]:
        pairs = zip(at(place, step), at(place, -step), strict=False)
        return [(a - b) / (2 * step) for a, b in pairs]

    for place in range(len(flat)):
        coarse, fine = slopes(place, 1e-4), slopes(place, 3e-5)
        for row, (a, b) in enumerate(zip(coarse, fine, strict=False)):
            found = want[2][row * len(flat) + place]
            scale = 1e-2 * (1.0 + abs(b))
            if abs(a - b) < scale * 0.01 and abs(found - b) > scale:
                name = f"finite differences of {of}"
                near: Outcome = ("gives", None, [b])
                yield Finding("wrong number", name, "f", (i,), ("gives", None, [found]), near)
