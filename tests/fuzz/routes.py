"""Routes: the ways to a number that have to agree with the engine, each a function that yields what
it finds. `eager_routes` and `compiled_routes` hold them; this is what they share."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from autograd.compiler.recording.tracing import RecordingError
from fuzz.cases import Case, Loaded
from fuzz.comparing import (
    EXACTLY,
    IN_LANES,
    Outcome,
    is_explained,
    is_same_nesting,
    outcome_of,
    same_numbers,
    same_outcome,
    shown,
)
from fuzz.refusals import LASTING, LEFT_BEHIND, OF_VALUES, PLAIN, refusal
from fuzz.truth import Truth

__all__ = [
    "ROUTES",
    "Finding",
    "Found",
    "difference",
    "lockstep",
    "remembers",
    "route",
    "traced_numbers",
]


@dataclass(frozen=True)
class Finding:
    """A difference: of which sort, at which call, what came out and what is right. `made` is how
    the program names what it calls; `allowed` is the sentence that permits it, for a refusal."""

    sort: str
    route: str
    made: str
    calls: tuple[int, ...]
    got: Outcome
    want: Outcome
    allowed: str = ""

    def __str__(self) -> str:
        return f"{self.sort} by {self.route}: got {shown(self.got)}, right is {shown(self.want)}"


# "Derivatives are those of a transform called with plain numbers": zeros have another sign there.
WITHIN = re.compile(r"ag\.(grad|value_and_grad|jvp|vjp|hvp|hessian|jacobian)")
Found = Iterator[Finding]
Route = Callable[[Case, Truth], Found]
ROUTES: dict[str, Route] = {}


def route(f: Route) -> Route:
    """Enter a route in the list."""
    ROUTES[f.__name__] = f
    return f


# Python's own arithmetic of floats raises where that of Values does not, or is complex; and what a
# compiled function refuses within eager code, it may allow within a recording, where it is just f.
HARMLESS = (ZeroDivisionError, OverflowError, RecordingError)


def difference(
    case: Case,
    name: str,
    made: str,
    calls: tuple[int, ...],
    got: Outcome,
    want: Outcome,
    is_rounding: Callable[[list[float], list[float]], bool] = lambda got, want: False,
) -> Finding | None:
    """What there is to say of two outcomes; None if they agree."""
    if same_outcome(got, want):
        return None
    (kind, what, more), (wanted, right, numbers) = got, want
    if kind == wanted == "gives" and is_same_nesting(what, right) and is_rounding(more, numbers):
        return None
    if wanted == "raises" and (right in HARMLESS or "complex" in numbers):
        return None
    if kind == wanted == "raises" and OF_VALUES in more:  # the same error, and what to do
        return None
    if kind == "gives" and re.search(LASTING, case.source) and remembers(case, calls):
        return Finding("refusal", name, made, calls, got, want, LEFT_BEHIND)
    if kind == "gives":
        sort = "wrong number" if wanted == "gives" else "no error"
        return Finding(sort, name, made, calls, got, want)
    row = refusal(more, case.source)
    if row is not None and (PLAIN not in more or differs_on_floats(case, calls)):
        return Finding("refusal", name, made, calls, got, want, row.sentence)
    sort = "refused" if wanted == "gives" else "another error"
    return Finding(f"{sort} ({what.__name__})", name, made, calls, got, want)


def remembers(case: Case, calls: Sequence[int]) -> bool:
    """Whether f, by the engine, gives at one of these points something else after other calls."""
    truth = Truth(case)
    for i in dict.fromkeys(calls):
        alone = Truth(case.at(i)).values
        later = [x for k, x in zip(truth.calls, truth.values, strict=True) if k == i]
        if not all(same_outcome(x, alone[0]) for x in [*alone, *later]):
            return True
    return False


def differs_on_floats(case: Case, calls: Sequence[int]) -> bool:
    """Whether f of plain floats, or of the numbers as they are given, is something else than f of
    Values, at one of these points."""
    loaded, right = Loaded(case), Truth(case).values
    return any(
        _is_elsewhere(loaded, given, right[i])
        for i in dict.fromkeys(calls)
        for given in (loaded.floats(i), loaded.arguments(i))
    )


def _is_elsewhere(
    loaded: Loaded, given: tuple[Sequence[Any], dict[str, Any]], want: Outcome
) -> bool:
    args, keywords = given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = outcome_of(partial(loaded.f, *args, **keywords))
    if got[0] != want[0] or got[0] == "raises":
        return got[0] != want[0]
    pairs = zip(got[2], want[2], strict=False)
    return len(got[2]) != len(want[2]) or any(
        not (x == y or (x != x and y != y) or abs(x - y) < 1e-9 * abs(y)) for x, y in pairs
    )


def lockstep(
    case: Case,
    name: str,
    made: str,
    compiled: Callable[[Loaded], Callable[..., Any]],
    truth: tuple[list[int], list[Outcome]],
    ulps: Mapping[str, int] = EXACTLY,
) -> Found:
    """Call what is made of a module at every point, in order, and compare."""
    loaded = Loaded(case)
    g = compiled(loaded)
    for step, (i, want) in enumerate(zip(*truth, strict=True)):
        args, keywords = loaded.arguments(i)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = outcome_of(partial(g, *args, **keywords))
        allowed = partial(_is_allowed, loaded, g, args, keywords, ulps)
        found = difference(case, name, made, tuple(truth[0][: step + 1]), got, want, allowed)
        if found:
            yield found


def _is_allowed(
    loaded: Loaded,
    g: Any,
    args: Any,
    keywords: Any,
    ulps: Mapping[str, int],
    got: Sequence[float],
    want: Sequence[float],
) -> bool:
    """Whether the page has a word for such a difference."""
    source = loaded.case.source
    if WITHIN.search(source) and same_numbers(got, loaded.f(*args, **keywords)):
        return True
    if "ag.vmap" in source:  # in eager code, its functions are those in lanes
        ulps = IN_LANES
    return is_explained(fitting(g, traced_numbers(g, args, keywords)), got, want, ulps)


def traced_numbers(g: Any, args: Sequence[Any], keywords: dict[str, Any]) -> list[float]:
    """The numbers of a call that its programs have as inputs: all but static ones."""
    if not hasattr(g, "_arguments"):  # what is not compiled has no programs
        return []
    numbers: list[float] = g._arguments(tuple(args), keywords).numbers
    return numbers


def fitting(g: Any, numbers: list[float]) -> list[tuple[Any, list[float]]]:
    """The recorded programs whose guards hold for these numbers, with all their inputs."""
    found = []
    for one in getattr(g, "_kept", []):
        inputs = [*numbers, *[value.data for value in one.captured]]
        try:
            one.program.evaluate(inputs)
        except Exception:  # noqa: BLE001 (another path, or a callback that raises)
            continue
        found.append((one.program, inputs))
    return found
