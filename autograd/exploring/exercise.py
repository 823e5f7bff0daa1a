"""Exercises without end: graphs whose every step can be done in the head.

A graph is drawn at random, operation by operation, and taken if every number of it is small:
values, local derivatives, messages and gradients. The same seed and level give the same exercise.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Final, Literal

from autograd.drawing.files import write_file
from autograd.drawing.number_text import figure
from autograd.drawing.picture_words import known_language
from autograd.engine.graph import Graph
from autograd.engine.value import Value
from autograd.exploring.explorable import explorable
from autograd.exploring.exploration import Exploration
from autograd.exploring.saved_page import QuizPage
from autograd.exploring.sheet import sheet
from autograd.reading.expressions import compute

__all__ = ["Exercise", "exercise"]

LEAVES: Final = "abxyw"
STEPS: Final = "cdefghk"
Level = Literal[1, 2, 3]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a level asks for. largest: magnitude of any number. unit: that all numbers are multiples
    of. numbers: of the leaves. leaves, steps: how many, from and to. several: how often something
    is used again, at least. operations: how likely each one is."""

    largest: float
    unit: float
    numbers: tuple[int, ...]
    leaves: tuple[int, int]
    steps: tuple[int, int]
    several: int
    operations: dict[str, int]


KINDS: Final = {
    1: Kind(12.0, 1.0, (1, 2, 3, 4, 5), (2, 3), (2, 2), 0, {"+": 3, "-": 2, "*": 4}),
    2: Kind(
        20.0,
        1.0,
        (-3, -2, -1, 1, 2, 3, 4),
        (2, 3),
        (3, 4),
        1,
        {"+": 3, "-": 2, "*": 4, "+n": 2, "*n": 2, "**2": 2},
    ),
    3: Kind(
        30.0,
        0.5,
        (-4, -3, -2, -1, 1, 2, 3, 4, 5),
        (2, 3),
        (4, 5),
        2,
        {"+": 3, "-": 2, "*": 4, "+n": 1, "*n": 1, "**2": 1, "/2": 2, "relu": 2, "maximum": 2},
    ),
}
WRITTEN: Final = {  # operations with one operand
    "+n": "{0} + {n}",
    "*n": "{n} * {0}",
    "**2": "{0}**2",
    "/2": "{0} / 2",
    "relu": "relu({0})",
}


def exercise(seed: int | None = None, level: Level = 1, *, lang: str = "en") -> Exercise:
    """A graph with numbers so small that every value, local derivative, message and gradient is
    found in the head. The same seed gives the same one; without a seed it is another each time.

    level: 1: sums, differences and products of two, each used once; whole numbers up to 12.
        2: something is used twice; squares and plain numbers too; up to 20. 3: more of both, and
        halves, relu and maximum; multiples of 1/2 up to 30. lang: "en" or "zh".

    It shows itself as a quiz in a notebook; `.save("e.html")` writes that as a page,
    `.sheet("sheet.html")` a page to print, with `answers=True` a page with the answers.

    Raises ValueError for another level or language, TypeError for a seed that is no whole number.

    >>> from autograd import exercise
    >>> exercise(seed=1)
    <Exercise of level 1, seed 1: ...>
    """
    if isinstance(level, bool) or level not in KINDS:
        raise ValueError(f"level must be 1, 2 or 3; got {level!r:.40}")
    if seed is None:
        seed = random.SystemRandom().randrange(10**6)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be a whole number, got {type(seed).__name__}")
    known_language(lang)
    rng, kind = random.Random(f"exercise {level} {seed}"), KINDS[level]
    while True:
        formula, inputs = _drawn(rng, kind)
        root = formula and compute(formula, inputs).root
        if isinstance(root, Value) and _is_easy(root, kind):
            return Exercise(seed, level, formula, inputs, lang)


class Exercise:
    """What `exercise` returns.

    seed, level: which one it is. formula, inputs: the graph in words, as `explore` takes it.
    """

    def __init__(
        self, seed: int, level: int, formula: str, inputs: dict[str, float], lang: str
    ) -> None:
        self.seed = seed
        self.level = level
        self.formula = formula
        self.inputs = inputs
        self.lang = lang

    @property
    def root(self) -> Value:
        """The last value of a new graph, after `backward()`."""
        found = compute(self.formula, self.inputs).root
        found.backward()
        return found

    def quiz(self) -> QuizPage:
        """The exercise as questions that are checked at once."""
        source = explorable(self.formula, (), self.inputs)
        return QuizPage(Exploration(source, quiz=True, lang=self.lang, still=True))

    def __repr__(self) -> str:
        given = ", ".join(f"{name} = {figure(x)}" for name, x in self.inputs.items())
        return f"<Exercise of level {self.level}, seed {self.seed}: {self.formula}; {given}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.quiz().html(), "text/plain": repr(self)}

    def save(self, filename: str | os.PathLike[str]) -> str:
        """Write the quiz as a page, and return its path."""
        return self.quiz().save(filename)

    def sheet(self, filename: str | os.PathLike[str], *, answers: bool = False) -> str:
        """Write a page to print, on one sheet of paper, and return its path."""
        if os.path.splitext(filename)[1].lower() not in (".html", ".htm"):
            raise ValueError(
                f"a sheet is a page to print; end the name in .html, got {os.fspath(filename)!r}"
            )
        exploration = self.quiz().exploration
        heading = {"level": str(self.level), "seed": str(self.seed)}
        write_file(filename, sheet(exploration, heading, answers=answers).encode())
        return os.fspath(filename)


def _drawn(rng: random.Random, kind: Kind) -> tuple[str, dict[str, float]]:
    """A formula, statement by statement, and numbers for its names; no formula where it came out
    with a value that nothing uses, or with too few that are used again."""
    names = list(LEAVES[: rng.randint(*kind.leaves)])
    inputs = {name: float(rng.choice(kind.numbers)) for name in names}
    idle, again, statements = list(names), 0, []
    for step in STEPS[: rng.randint(*kind.steps)]:
        operation = rng.choices(list(kind.operations), list(kind.operations.values()))[0]
        first = rng.choice(idle)
        others = [name for name in idle if name != first]
        if operation in WRITTEN:
            made = WRITTEN[operation].format(first, n=rng.randint(2, 3))
            used = [first]
        else:
            if kind.several and (not others or rng.random() < 0.5):
                others = [name for name in names if name != first]
            if not others:
                return "", {}
            used = rng.sample([first, rng.choice(others)], 2)
            form = "maximum({}, {})" if operation == "maximum" else f"{{}} {operation} {{}}"
            made = form.format(*used)
        again += sum(name not in idle for name in used)
        idle = [*(name for name in idle if name not in used), step]
        names.append(step)
        statements.append(f"{step} = {made}")
    if len(idle) != 1 or again < kind.several:
        return "", {}
    return "; ".join(statements), inputs


def _is_easy(root: Value, kind: Kind) -> bool:
    """Whether every number is small, and none is decided by a tie or sends nothing back."""
    graph = Graph([root])
    adjoints = graph.adjoints()
    found = [node.data for node in graph.nodes]
    found += [*graph.partials, *adjoints, *graph.messages(adjoints)]
    leaves = [x for node, x in zip(graph.nodes, adjoints, strict=True) if not node.op]
    ties = any(map(_is_tie, graph.nodes))
    small = all(abs(x) <= kind.largest and (x / kind.unit).is_integer() for x in found)
    return small and not ties and any(leaves)


def _is_tie(node: Value) -> bool:
    """Whether relu or maximum stands at its kink."""
    if node.op not in ("relu", "maximum"):
        return False
    first, other = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else 0.0
    return float(getattr(first, "data", first)) == float(getattr(other, "data", other))
