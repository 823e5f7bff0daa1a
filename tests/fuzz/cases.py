"""Cases: a random function as source text, and the points at which it is called."""

from __future__ import annotations

import math
import random
import re
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from random_formulas import AWKWARD

from autograd.transforms.tree import flatten
from fuzz.writing import Scope

__all__ = ["IMPORTS", "Case", "Loaded", "Point", "random_case", "written"]

MODULE = "fuzzed"
IMPORTS = {
    "math": "import math",
    "contextlib": "import contextlib",
    "copy": "import copy",
    "dataclasses": "import dataclasses",
    "fractions": "import fractions",
    "functools": "import functools",
    "itertools": "import itertools",
    "random": "import random",
    "time": "import time",
    "np": "import numpy as np",
    "ag": "import autograd as ag",
    "nn": "import nn",
    "Value": "from autograd import Value",
    "TABLE": "from autograd.engine.primitives import TABLE",
    "inf": "from math import inf",
    "nan": "from math import nan",
}
POINTS = 12


@dataclass(frozen=True)
class Point:
    """What stands between the parentheses of a call, and what the captured Values hold by then."""

    call: str
    captured: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        return "".join([f"{name}.data = {written(x)}; " for name, x in self.captured]) + self.call


@dataclass(frozen=True)
class Case:
    """The module that defines `f`, and where to call it; `static` are arguments that are no
    numbers, handed over by name; `argnums` are those that derivatives are with respect to."""

    source: str
    points: tuple[Point, ...]
    static: tuple[str, ...] = ()
    argnums: int | tuple[int, ...] = 0
    interpreted: bool = False
    kinds: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def header(self) -> str:
        """The imports that it needs."""
        text = self.source + "".join(point.call for point in self.points)
        return "\n".join(line for name, line in IMPORTS.items() if re.search(rf"\b{name}\b", text))

    def at(self, *indices: int) -> Case:
        """The same with some of the points."""
        return replace(self, points=tuple([self.points[i] for i in indices]))


class Loaded:
    """A case's module, executed anew: nothing is left of what other routes did."""

    def __init__(self, case: Case) -> None:
        self.case = case
        module = types.ModuleType(MODULE)
        self.names = vars(module)
        sys.modules[MODULE] = module  # for pickles of f
        everything = "\n".join(IMPORTS.values())
        exec(compile(f"{everything}\n{case.source}", "<fuzzed>", "exec"), self.names)
        self.f: Callable[..., Any] = self.names["f"]

    def arguments(self, i: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Those of point i, made anew. Captured Values and `random` are set as they are there."""
        point = self.case.points[i]
        for name, number in point.captured:
            if name in self.names:
                self.names[name].data = number
        random.seed(i)
        args, keywords = eval(f"(lambda *args, **named: (args, named))({point.call})", self.names)
        return args, keywords

    def floats(self, i: int) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of point i as floats, each a new one: one NaN is found in a list by its
        identity."""
        args, keywords = self.arguments(i)
        numbers, structure = flatten([list(args), self.without_static(keywords)])
        floats, named = structure.unflatten([x * 1.0 for x in numbers])
        kept = [x if type(x) is bool else y for x, y in zip(args, floats, strict=True)]
        return kept, {**named, **self.static(keywords)}

    def static(self, keywords: dict[str, Any]) -> dict[str, Any]:
        """Those of the keywords that are no numbers, or truth values, which stay what they are."""
        return {name: x for name, x in keywords.items() if self._is_static(name, x)}

    def without_static(self, keywords: dict[str, Any]) -> dict[str, Any]:
        """The others."""
        return {name: x for name, x in keywords.items() if not self._is_static(name, x)}

    def _is_static(self, name: str, x: Any) -> bool:
        return name in self.case.static or type(x) is bool


def written(x: float) -> str:
    """A number as source text."""
    return repr(x) if not math.isnan(x) else "nan"


# -- arguments -------------------------------------------------------------------------------------

Draw = Callable[[], str]


@dataclass(frozen=True)
class Parameter:
    """A parameter of f: as it stands in the signature, and how an argument for it is written."""

    text: str
    argument: Callable[[Draw], str]


def _repeated(count: int) -> Callable[[Draw], str]:
    return lambda draw: ", ".join(draw() for _ in range(count))


def _parameter(sort: str, name: str, scope: Scope) -> Parameter:
    """A parameter of some sort; the scope learns of its numbers."""
    rng = scope.rng
    count = rng.randint(2, 4)
    some = _repeated(count)
    if sort == "list":
        scope.numbers += [f"{name}[{i}]" for i in range(2)]
        scope.sequences.append(name)
        return Parameter(name, lambda draw: f"[{some(draw)}]")
    if sort == "tuple":
        scope.numbers += [f"{name}[0]", f"{name}[1][1]"]
        return Parameter(name, lambda draw: f"({draw()}, [{draw()}, {draw()}])")
    if sort == "dict":
        scope.numbers += [f"{name}['a']", f"{name}['b'][0]"]
        scope.sequences.append(f"{name}['b']")
        return Parameter(name, lambda draw: f"{{'a': {draw()}, 'b': [{some(draw)}]}}")
    if sort == "dataclass":
        scope.module.append("@dataclasses.dataclass\nclass Pair:\n    a: float\n    b: list")
        scope.numbers += [f"{name}.a", f"{name}.b[0]"]
        scope.sequences.append(f"{name}.b")
        return Parameter(name, lambda draw: f"Pair({draw()}, [{some(draw)}])")
    if sort == "array":
        scope.numbers += [f"{name}[0]", f"{name}[-1]"]
        scope.sequences.append(name)
        scope.arrays.append(name)
        return Parameter(name, lambda draw: f"np.array([{some(draw)}], float)")
    if sort == "matrix":
        scope.numbers += [f"{name}[0, 0]", f"{name}[-1, 1]"]
        scope.matrices.append(name)
        scope.sequences.append(f"{name}[0]")
        return Parameter(name, lambda draw: f"np.array([[{some(draw)}], [{some(draw)}]], float)")
    scope.numbers.append(name)
    scope.arguments.append(name)
    if sort == "default":
        default = scope.constant()

        def given(draw: Draw) -> str:
            return rng.choice(["", f"{name}={draw()}"])

        return Parameter(f"{name}={default}", given)
    return Parameter(name, lambda draw: draw())


SORTS = ["number"] * 6 + ["list", "tuple", "dict", "dataclass", "array", "matrix"]


def random_case(rng: Random, kinds: Sequence[str]) -> Case:
    """A function with statements of these kinds, and a dozen calls of it."""
    captured = ["w0", "w1"] if "captured" in kinds and rng.random() < 0.4 else []
    mine = rng.sample(kinds, min(len(kinds), rng.randint(2, 6)))
    scope = Scope(rng, ["assign", "branch", *mine], captured)
    parameters = [
        _parameter(rng.choice(SORTS), "xyz"[i], scope) for i in range(rng.choice([1, 1, 2, 2, 3]))
    ]
    count = len(parameters)
    argnums = 0 if "data_arguments" in mine else tuple(range(count))
    if rng.random() < 0.2 and "data_arguments" in kinds:  # an argument by name is one
        parameters.append(_parameter("default", "d", scope))
    static = rng.random() < 0.15
    if static:
        scope.sequences.append("[0.5, 1.5, -1.0][:n]")
    head = ", ".join([p.text for p in parameters] + ["*, n=2"] * static)
    first = scope.rng.choice(scope.numbers)
    scope.assignable.append("out")
    scope.lines.append(f"    out = {first}")
    form = rng.choice(
        ["{0}"] * 5
        + ["[{0}, {1}]", "({0}, [{1}])", "{{'p': {0}, 'q': {1}}}", "np.array([{0}, {1}])"]
    )
    scope.result = form.format("out", first)
    scope.statements(rng.choice([1, 2, 3, 4, 6]))
    ending = [scope.number(1, [*scope.numbers[-3:], "out"]) for _ in range(2)]
    scope.lines.append(f"    return {form.format(*ending)}")
    leaves = [f"{name} = Value(1.0)" for name in captured]
    source = "\n".join([*leaves, *scope.module, f"def f({head}):", *scope.lines])
    points = _points(rng, source, parameters, captured, static)
    kept = frozenset(scope.used | ({"captured"} if captured else set()))
    return Case(source, points, ("n",) if static else (), argnums, rng.random() < 0.5, kept)


# -- points ----------------------------------------------------------------------------------------


def _points(
    rng: Random, source: str, parameters: Sequence[Parameter], captured: Sequence[str], static: bool
) -> tuple[Point, ...]:
    decisive = [float(x) for x in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", source)]
    near = [math.nextafter(x, rng.choice([math.inf, -math.inf])) for x in decisive[:6]]
    points = []
    for i in range(POINTS):
        drawn: list[float] = []

        def number(i: int = i, drawn: list[float] = drawn) -> float:
            chance = rng.random()
            if drawn and chance < 0.15:
                found = rng.choice(drawn)  # a tie
            elif i < 2 or chance < 0.5:
                found = round(rng.uniform(-4.0, 4.0), 3)
            elif chance < 0.75 and decisive:
                found = rng.choice([*decisive, *decisive, *near])
            else:
                found = rng.choice(AWKWARD)
            drawn.append(found)
            return found

        def draw(number: Callable[[], float] = number, i: int = i) -> str:
            x = number()
            if i > 2 and rng.random() < 0.06 and math.isfinite(x) and abs(x) < 1e9:
                return rng.choice([repr(round(x)), repr(x > 0), f"np.float64({x!r})"])
            return written(x)

        written_ones = [p.argument(draw) for p in parameters]
        if static:
            written_ones.append(f"n={rng.choice([2, 2, 3])}")
        call = ", ".join(text for text in written_ones if text)
        points.append(Point(call, tuple([(name, number()) for name in captured])))
    return tuple(points)
