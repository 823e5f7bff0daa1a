"""Routes through the compiler: jit, bind, pickles, the reference interpreter, threads, vmap."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy

from autograd import jit
from autograd.compiler.native.simd_target import host_vectors
from autograd.compiler.vmap import Mapped
from autograd.transforms.tree import flatten
from fuzz.cases import Case, Loaded
from fuzz.comparing import EXACTLY, IN_LANES, Outcome, is_explained, is_same_nesting, outcome_of
from fuzz.refusals import LASTING
from fuzz.routes import Found, difference, fitting, lockstep, route, traced_numbers
from fuzz.truth import Truth

Function = Callable[..., Any]


def _jit(case: Case, f: Function) -> Any:
    return jit(f, static_argnames=case.static)


def _written(case: Case, f: str) -> str:
    return f'ag.jit({f}, static_argnames="n")' if case.static else f"ag.jit({f})"


@route
def jitted(case: Case, truth: Truth) -> Found:
    """jit(f), called again and again."""
    made = _written(case, "f")
    yield from lockstep(case, "jit", made, lambda m: _jit(case, m.f), (truth.calls, truth.values))


@route
def checked(case: Case, truth: Truth) -> Found:
    """jit(f, check=True), which has nothing to say against its own results."""
    made = _written(case, "f")[:-1] + ", check=True)"

    def compiled(loaded: Loaded) -> Function:
        return jit(loaded.f, static_argnames=case.static, check=True)

    if not re.search(LASTING, case.source):
        yield from lockstep(case, "jit, checked", made, compiled, (truth.calls, truth.values))


@route
def checked_derivative(case: Case, truth: Truth) -> Found:
    """The same of jit(grad(f)), or of its jacobian."""
    made = _written(case, truth.written("f"))[:-1] + ", check=True)"

    def compiled(loaded: Loaded) -> Function:
        return jit(truth.derivative(loaded.f), static_argnames=case.static, check=True)

    outcomes = truth.calls, truth.gradients
    if not re.search(LASTING, case.source):
        yield from lockstep(case, "jit of a derivative, checked", made, compiled, outcomes)


@route
def jitted_derivative(case: Case, truth: Truth) -> Found:
    """jit(grad(f)), or of its jacobian."""
    derivative = truth.derivative
    made = _written(case, truth.written("f"))
    outcomes = truth.calls, truth.gradients
    yield from lockstep(
        case, "jit of a derivative", made, lambda m: _jit(case, derivative(m.f)), outcomes
    )


@route
def jitted_second_derivative(case: Case, truth: Truth) -> Found:
    """jit of the jacobian of the derivative, once at every point and once more."""
    made = _written(case, f"ag.jacobian({truth.written('f')}, {case.argnums})")
    half = truth.calls[: len(case.points)]
    outcomes = [*half, *half], [*truth.second, *truth.second]
    yield from lockstep(
        case,
        "jit of a second derivative",
        made,
        lambda m: _jit(case, truth.second_derivative(m.f)),
        outcomes,
    )


@route
def derivative_of_jitted(case: Case, truth: Truth) -> Found:
    """grad(jit(f)), called with numbers: the engine's own, therefore. (What reads the clock gives
    something else whenever it is called, here and there.)"""
    if "time." in case.source:
        return
    derivative = truth.derivative
    made = truth.written(_written(case, "f"))
    outcomes = truth.calls, truth.gradients
    yield from lockstep(
        case, "derivative of jit", made, lambda m: derivative(_jit(case, m.f)), outcomes
    )


@route
def pickled(case: Case, truth: Truth) -> Found:
    """jit(f), sent away when half of the points are known."""

    def copied(loaded: Loaded) -> Function:
        g = _jit(case, loaded.f)
        for i in range(len(case.points) // 2):
            args, keywords = loaded.arguments(i)
            outcome_of(lambda: g(*args, **keywords))  # noqa: B023 (called at once)
        return pickle.loads(pickle.dumps(g))

    made = f"pickle.loads(pickle.dumps({_written(case, 'f')}))"
    if not re.search(LASTING, case.source):
        yield from lockstep(case, "pickle", made, copied, (truth.calls, truth.values))


@route
def bound(case: Case, truth: Truth) -> Found:
    """jit(f).bind, all numbers in one array."""
    loaded = Loaded(case)
    rows = [loaded.arguments(i) for i in range(len(case.points))]
    if any(keywords or not all(isinstance(x, float) for x in args) for args, keywords in rows):
        return
    made = "ag.jit(lambda p: f(*p)).bind(p)"
    p = numpy.array(rows[0][0], float)
    loaded = Loaded(case)
    compiled = None
    for step, (i, want) in enumerate(zip(truth.calls, truth.values, strict=True)):
        loaded.arguments(i)
        p[:] = rows[i][0]
        if compiled is None:
            got = outcome_of(partial(jit(lambda p: loaded.f(*p)).bind, p))
            if got[0] == "raises":
                continue
            compiled = jit(lambda p: loaded.f(*p)).bind(p)
        got = outcome_of(compiled)
        got = (got[0], want[1], got[2]) if got[0] == want[0] == "gives" else got  # arrays, there
        programs = fitting(jit(lambda p: loaded.f(*p)), list(p))
        explained = partial(is_explained, programs, ulps=EXACTLY)
        found = difference(case, "bind", made, tuple(truth.calls[: step + 1]), got, want, explained)
        if found:
            yield found


@route
def interpreted(case: Case, truth: Truth) -> Found:
    """The recorded programs, run by the reference interpreter at every point where they hold."""
    loaded = Loaded(case)
    g = _jit(case, loaded.f)
    calls = truth.calls
    for i in range(len(case.points)):
        args, keywords = loaded.arguments(i)
        outcome_of(lambda: g(*args, **keywords))  # noqa: B023 (called at once)
    if case.static:
        return
    for i, want in zip(calls[: len(case.points)], truth.values, strict=False):
        args, keywords = loaded.arguments(i)
        numbers = traced_numbers(g, args, keywords)
        kept = [c.kept for key, c in g._caches.items() if key == g._arguments(args, keywords).key]
        for one in [one for found in kept for one in found]:
            inputs = [*numbers, *[value.data for value in one.captured]]
            got = outcome_of(lambda: one.outputs.unflatten(one.program.evaluate(inputs)))  # noqa: B023
            if got[0] == "gives":
                found = difference(case, "interpreter", "ag.jit(f)", (i,), got, want)
                if found:
                    yield found


@route
def threads(case: Case, truth: Truth) -> Found:
    """Four threads call one compiled function at once, each beginning at another point."""
    points = tuple([replace(point, captured=case.points[0].captured) for point in case.points])
    case = replace(case, points=points)
    truth = Truth(case)
    loaded = Loaded(case)
    g = _jit(case, loaded.f)
    calls = [loaded.arguments(i) for i in truth.calls]
    if "random" in case.source:
        return

    def all_of_them(first: int) -> list[tuple[int, Outcome]]:
        order = [*range(first, len(calls)), *range(first)]
        return [(n, outcome_of(partial(g, *calls[n][0], **calls[n][1]))) for n in order]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with ThreadPoolExecutor(4) as pool:
            got = [
                x
                for found in pool.map(all_of_them, [len(calls) * k // 4 for k in range(4)])
                for x in found
            ]
    for n, outcome in got:
        numbers = traced_numbers(g, *calls[n])
        explained = partial(is_explained, fitting(g, numbers), ulps=EXACTLY)
        found = difference(
            case,
            "threads",
            _written(case, "f"),
            (truth.calls[n],),
            outcome,
            truth.values[n],
            explained,
        )
        if found:
            yield found


# -- batches ---------------------------------------------------------------------------------------


@route
def mapped(case: Case, truth: Truth) -> Found:
    """vmap(f)."""
    yield from _mapped(case, lambda f: f, "f", lambda truth: truth.values)


@route
def checked_rows(case: Case, truth: Truth) -> Found:
    """vmap(f, check=True), which has nothing to say against its own results."""
    if not re.search(LASTING, case.source):
        yield from _mapped(case, lambda f: f, "f", lambda truth: truth.values, check=True)


@route
def mapped_derivative(case: Case, truth: Truth) -> Found:
    """vmap(grad(f)), or of its jacobian."""
    yield from _mapped(case, truth.derivative, truth.written("f"), lambda truth: truth.gradients)


def _mapped(
    case: Case,
    transform: Callable[[Function], Function],
    made: str,
    outcomes: Callable[[Truth], Sequence[Outcome]],
    check: bool = False,
) -> Found:
    """Over the rows that have the nesting of the first and raise no error, twice; in the lanes of
    this processor, and in two of scalar functions, where all bits have to be the same."""
    points = tuple([replace(point, captured=case.points[0].captured) for point in case.points])
    case = replace(case, points=points)
    wants = outcomes(Truth(case))
    loaded = Loaded(case)
    rows: list[tuple[int, Any, list[float]]] = []
    for i in range(len(points)):
        args, keywords = loaded.arguments(i)
        if keywords or wants[i][0] == "raises" or any(type(x) is bool for x in args):
            continue
        numbers, structure = flatten(list(args))
        first = rows[0] if rows else (i, structure, [])
        if structure == first[1] and is_same_nesting(wants[i][1], wants[first[0]][1]):
            rows.append((i, structure, numbers))
    if not rows:
        return
    calls = tuple([i for i, _, _ in rows])
    exact = host_vectors(2, library=False, own=False)
    for vectors, ulps, name in (
        (exact, EXACTLY, "vmap, scalar functions"),
        (None, IN_LANES, "vmap"),
    ):
        g = Mapped(transform(loaded.f), vectors=vectors, check=check)
        for chosen in (rows, rows[::-1]):
            loaded.arguments(calls[0])
            yield from _rows(case, name, f"ag.vmap({made})", g, chosen, wants, ulps, calls)


def _rows(
    case: Case,
    name: str,
    made: str,
    g: Mapped,
    rows: Sequence[tuple[int, Any, list[float]]],
    wants: Sequence[Outcome],
    ulps: Any,
    calls: tuple[int, ...],
) -> Found:
    structure = rows[0][1]
    args = structure.build(list(_columns(structure, [numbers for _, _, numbers in rows])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = outcome_of(lambda: g(*args))
    if outcome[0] == "raises":
        found = difference(case, name, made, calls, outcome, wants[rows[0][0]])
        if found:
            yield found
        return
    results = flatten(g(*args))
    blocks = _blocks(results, len(rows))
    for n, (i, _, numbers) in enumerate(rows):
        got: Outcome = ("gives", wants[i][1], blocks[n])
        explained = partial(is_explained, fitting(g.row, numbers), ulps=ulps)
        found = difference(case, name, made, calls, got, wants[i], explained)
        if found:
            yield replace(found, calls=(i, *[j for j in calls if j != i]))


def _columns(structure: Any, rows: Sequence[list[float]]) -> Any:
    start = 0
    for shape in structure.shapes:
        size = 1 if shape is None else int(numpy.prod(shape))
        block = numpy.array([row[start : start + size] for row in rows], float)
        yield block.reshape((len(rows), *(shape or ())))
        start += size


def _blocks(results: Any, rows: int) -> list[list[float]]:
    """The numbers of each row."""
    numbers, structure = results
    out: list[list[float]] = [[] for _ in range(rows)]
    start = 0
    for shape in structure.shapes:
        size = int(numpy.prod(shape)) // rows
        for n in range(rows):
            out[n] += numbers[start + n * size : start + (n + 1) * size]
        start += size * rows
    return out
