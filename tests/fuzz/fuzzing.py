"""A run of the fuzzer: programs, what is found in them, and what is said of it."""

from __future__ import annotations

import signal
import time
import traceback
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from autograd.compiler import specializations
from fuzz import compiled_routes, eager_routes  # noqa: F401 (routes, which enter themselves)
from fuzz.cases import Case, random_case
from fuzz.comparing import shown
from fuzz.routes import ROUTES, Finding
from fuzz.shrinking import MOST_TRIES, shrunk
from fuzz.statements import KINDS
from fuzz.training import random_training
from fuzz.truth import Truth

__all__ = ["Report", "findings_of", "fuzz"]

LONGEST = 120.0  # seconds for one program by one route; then it hangs
AGAIN = 5.0  # seconds until that is said once more, if a `__del__` or a callback has swallowed it


@dataclass
class Report:
    """What a run has come to."""

    seed: str
    programs: int = 0
    checks: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        lines = [f"{self.programs} programs by {self.checks} routes (seed {self.seed})"]
        lines += [
            f"  refused {n} times, as the page allows: {s}" for s, n in self.refusals.most_common()
        ]
        lines += [f"  FOUND {n} times: {s}" for s, n in self.findings.most_common()]
        return "\n".join(lines)


class Hangs(BaseException):
    """A route takes too long."""


def fuzz(
    seed: str,
    *,
    kinds: Sequence[str] = tuple(KINDS),
    routes: Sequence[str] = (),
    start: int = 0,
    programs: int | None = None,
    seconds: float | None = None,
    say: Callable[[str], None] = print,
    flags: str = "",
) -> Report:
    """Programs made of these kinds of statements, from number `start` on, so many or so long. What
    is found is said as it is found; every program can be had again by its number."""
    report = Report(seed)
    begin = time.monotonic()
    index = start
    while (programs is None or index < start + programs) and (
        seconds is None or time.monotonic() - begin < seconds
    ):
        rng = Random(f"{seed}:{index}")
        chance = rng.random()  # drawn in any case, so that a program is the same by one route
        trains = "trained" in routes or (not routes and chance < 0.08)
        case = (random_training if trains else random_case)(rng, kinds)
        truth = Truth(case)
        for name in list(routes) or (["trained"] if trains else _some_routes(rng)):
            again = f"--seed {seed} --start {index} --programs 1{flags} --route {name}"
            _check(truth, name, report, say, again)
        report.programs += 1
        index += 1
    return report


def _some_routes(rng: Random) -> list[str]:
    """jit and its derivative nearly always, and some of the others."""
    others = [name for name in ROUTES if name not in ("jitted", "jitted_derivative", "trained")]
    return ["jitted", "jitted_derivative", *rng.sample(others, 2)]


def _check(truth: Truth, name: str, report: Report, say: Callable[[str], None], again: str) -> None:
    report.checks += 1
    said = set()
    case = truth.case
    for finding in findings_of(truth, name):
        if finding.sort == "refusal":
            report.refusals[finding.allowed] += 1
            return
        if finding.sort in said:
            continue
        said.add(finding.sort)
        say(f"{finding}: shrinking ({again})")

        def fails(c: Case, like: Finding = finding) -> bool:
            return any(_is_like(f, like) for f in findings_of(Truth(c), name))

        small = shrunk(case, fails, MOST_TRIES // (6 if name == "trained" else 1))
        left = [f for f in findings_of(Truth(small), name) if _is_like(f, finding)]
        shown_one = left[0] if left else finding
        key = f"{finding.sort} by {name}: {_gist(small)}"
        report.findings[key] += 1
        if report.findings[key] == 1:
            say(_story(small if left else case, shown_one, again))


def _is_like(a: Finding, b: Finding) -> bool:
    return a.sort == b.sort and a.route == b.route


def findings_of(truth: Truth, name: str) -> Iterator[Finding]:
    """What a route finds; an error of the route itself is a finding too."""
    try:
        with warnings.catch_warnings(), _in_time(), _tier(truth.case.interpreted):
            warnings.simplefilter("ignore")
            yield from ROUTES[name](truth.case, truth)
    except Hangs:
        yield Finding("hang", name, "f", (0,), ("gives", None, []), ("gives", None, []))
    except Exception as error:  # noqa: BLE001 (which is a finding)
        where = traceback.extract_tb(error.__traceback__)[-1]
        got = ("raises", type(error), str(error))
        sort = f"foreign {type(error).__name__} in {where.name}: {where.line}"
        yield Finding(sort, name, "f", (0,), got, ("gives", None, []))


@contextmanager
def _in_time() -> Iterator[None]:
    def stop(number: int, frame: types.FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _tier(interpreted: bool) -> Iterator[None]:
    """Where programs are to be interpreted, however short: no machine code is made then."""
    before = specializations.COMPILED_AT_ONCE, specializations.INTERPRETED_FOR_GOOD
    if interpreted:
        specializations.COMPILED_AT_ONCE = specializations.INTERPRETED_FOR_GOOD = 0  # type: ignore[misc]
    try:
        yield
    finally:
        specializations.COMPILED_AT_ONCE, specializations.INTERPRETED_FOR_GOOD = before  # type: ignore[misc]


def _gist(case: Case) -> str:
    """A program in a line, to tell findings apart."""
    body = case.source.split("def f")[-1].split("\n", 1)[-1]
    return " ".join(body.split())[:100]


def _story(case: Case, finding: Finding, again: str) -> str:
    """A program that shows the difference, and how to have it again."""
    calls = [*dict.fromkeys(finding.calls)] if "vmap" in finding.route else list(finding.calls)
    lines = [f"== {finding}", f"# python -m tests.fuzz {again}", case.header, case.source, ""]
    lines.append(f"g = {finding.made}")
    for k, i in enumerate(calls):
        point = case.points[i]
        lines += [f"{name}.data = {x!r}" for name, x in point.captured if name in case.source]
        last = k == len(calls) - 1 if "vmap" not in finding.route else k == 0
        remark = (
            f"  # {finding.route}: {shown(finding.got)}; right: {shown(finding.want)}"
            if last
            else ""
        )
        lines.append(f"g({point.call}){remark}")
    return "\n".join(lines) + "\n"
