"""A few programs of the differential fuzzer (tests/fuzz), always the same ones: every route agrees.

`python -m tests.fuzz --seconds 60` tries others.
"""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fuzz.cases import Case, Point
from fuzz.fuzzing import Report, findings_of, fuzz
from fuzz.refusals import ALLOWED, LEFT_BEHIND
from fuzz.routes import ROUTES, remembers
from fuzz.shrinking import shrunk
from fuzz.truth import Truth
from test_guards import PAGE


def run(**options: object) -> tuple[Report, list[str]]:
    said: list[str] = []
    return fuzz("test", say=said.append, **options), said  # type: ignore[arg-type]


def test_routes_agree() -> None:
    """On random programs; on the same again, for the seed decides everything."""
    report, said = run(programs=6)
    assert said == []
    assert report.programs == 6
    assert str(report) == str(run(programs=6)[0])


UNSEEN = """
class Box:
    data = 1.0
w0 = Box()
def f(x):
    y = x + 1
    if y > 2:
        y = y * 2
    return y * w0.data
"""


def test_a_difference_is_found_and_shrunk() -> None:
    """A plain number outside of the function, which compiled code does not see change."""
    points = [Point(f"{x}", (("w0", x),)) for x in (1.0, 1.5, 2.0)]
    case = Case(UNSEEN, tuple(points))

    def fails(case: Case) -> bool:
        return any(x.sort == "wrong number" for x in findings_of(Truth(case), "jitted"))

    assert fails(case)
    small = shrunk(case, fails, 200)
    assert fails(small)
    assert len(small.points) == 2
    assert "if" not in small.source
    assert "x + 1" not in small.source


def test_what_agrees_is_no_finding() -> None:
    """The same with a captured Value, which is read at every call; by every route."""
    points = tuple([Point(f"{x}", (("w0", x),)) for x in (1.0, 1.5, 2.0)])
    case = Case(UNSEEN.replace("Box()", "Value(1.0)").replace("w0.data", "w0"), points)
    for route in ROUTES:
        assert list(findings_of(Truth(case), route)) == []


REMEMBERS = """
LATEST = [0.5]
def f(x):
    a = 1.0 if x > 0 else 2.0
    b = LATEST[-1] + a
    LATEST[0] = a
    return x * b
"""


def test_what_a_function_remembers_in_plain_numbers_is_no_finding() -> None:
    """It is counted with the limits of the page; a function that has no memory is not."""
    points = tuple([Point(f"{x}") for x in (1.0, 1.0, -1.0, -1.0, 1.0)])
    found = list(findings_of(Truth(Case(REMEMBERS, points)), "jitted"))
    assert {x.sort for x in found} == {"refusal"}
    assert LEFT_BEHIND in {x.allowed for x in found}
    forgetful = Case(
        UNSEEN + "LATEST = [0.5]\n", tuple([Point(p.call, (("w0", 2.0),)) for p in points])
    )
    assert not remembers(forgetful, range(len(points)))


def test_refusals_name_sentences_of_the_page() -> None:
    """Each begins with words that docs/compiling.md has."""
    page = PAGE.read_text("utf-8")
    assert LEFT_BEHIND in page
    for row in ALLOWED:
        assert row.sentence.split(" | ")[0] in page, row
