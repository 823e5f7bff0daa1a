"""A pickle of a compiled function brings its programs along where nothing that the function reaches
was edited since: constants, classes, functions of other modules, decorators."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograd import jit

pytest.importorskip("llvmlite")

HELPERS = "def helper(x):\n    return x * 2\n\nRATE = 2.0\n"
RECORD = """
class Record:
    factor = 2.0

    def __init__(self, x):
        self.x = x

    def doubled(self):
        return self.x * 2

    @property
    def twice(self):
        return self.x * 2

    @staticmethod
    def double(x):
        return x * 2
"""
DECORATOR = """
import functools

def doubling(g):
    @functools.wraps(g)
    def call(x):
        return g(x) * 2

    return call
"""
PARTIAL = """
import functools

def times(k, x):
    return k * x

doubled = functools.partial(times, 2.0)
"""
# What stands above f, its definition, and an edit of the first.
EDITS: dict[str, tuple[str, str, tuple[str, str]]] = {
    "a number": ("RATE = 2.0", "def f(x): return x * RATE", ("2.0", "3.0")),
    "in a list": ("RATES = [2.0]", "def f(x): return x * RATES[0]", ("2.0", "3.0")),
    "in a dict": ("RATES = {'a': 2.0}", "def f(x): return x * RATES['a']", ("2.0", "3.0")),
    "an array": (
        "import numpy\nRATES = numpy.array([2.0])",
        "def f(x): return x * RATES[0]",
        ("2.0", "3.0"),
    ),
    "a helper's number": (
        "RATE = 2.0\ndef helper(x): return x * RATE",
        "def f(x): return helper(x)",
        ("2.0", "3.0"),
    ),
    "a function in a dict": (
        "def double(x): return x * 2\nWAYS = {'a': double}",
        "def f(x): return WAYS['a'](x)",
        ("x * 2", "x * 3"),
    ),
    "a method": (RECORD, "def f(x): return Record(x).doubled()", ("x * 2", "x * 3")),
    "a property": (RECORD, "def f(x): return Record(x).twice", ("x * 2", "x * 3")),
    "a static method": (RECORD, "def f(x): return Record.double(x)", ("x * 2", "x * 3")),
    "a number of a class": (RECORD, "def f(x): return x * Record.factor", ("2.0", "3.0")),
    "a decorator": (DECORATOR, "@doubling\ndef f(x): return x", ("* 2", "* 3")),
    "a partial": (PARTIAL, "def f(x): return doubled(x)", ("2.0", "3.0")),
}


def module(name: str, text: str) -> Any:
    made = ModuleType(name)
    exec(compile(text, f"{name}.py", "exec", dont_inherit=True), vars(made))
    sys.modules[name] = made
    return made


@pytest.mark.parametrize("what", EDITS)
def test_what_a_function_reaches_is_edited(what: str) -> None:
    """It is recorded anew; and not where all is as it was."""
    above, below, edit = EDITS[what]
    name = f"edited_{what.replace(' ', '_').replace(chr(39), '')}"
    before = module(name, f"{above}\n\n{below}\n")
    compiled = jit(before.f)
    assert compiled(1.0) == 2.0
    saved = pickle.dumps(compiled)
    module(name, f"{above}\n\n{below}\n")
    same = pickle.loads(saved)
    assert same(3.0) == 6.0
    assert same.recordings == 0
    after = module(name, f"{above.replace(*edit)}\n\n{below}\n")
    loaded = pickle.loads(saved)
    assert [loaded(1.0), loaded(2.0)] == [after.f(1.0), after.f(2.0)] == [3.0, 6.0]


@pytest.mark.parametrize("body", ["edited_helpers.helper(x)", "x * edited_helpers.RATE"])
def test_another_module_is_edited(body: str) -> None:
    """That a function asks for by the module's name."""
    module("edited_helpers", HELPERS)
    text = f"import edited_helpers\n\ndef f(x):\n    return {body}\n"
    compiled = jit(module("edited_user", text).f)
    assert compiled(1.0) == 2.0
    saved = pickle.dumps(compiled)
    module("edited_helpers", HELPERS.replace("2", "3"))
    module("edited_user", text)
    assert pickle.loads(saved)(1.0) == 3.0


def test_annotations_are_no_part_of_a_class() -> None:
    """Nothing is computed by them, on any Python: edited, they leave the programs as they are."""
    text = "class Rate:\n    value: float = 2.0\n\ndef f(x): return x * Rate.value\n"
    compiled = jit(module("edited_annotation", text).f)
    assert compiled(1.0) == 2.0
    saved = pickle.dumps(compiled)
    module("edited_annotation", text.replace("float", "'a rate per year'"))
    loaded = pickle.loads(saved)
    assert loaded(3.0) == 6.0
    assert loaded.recordings == 0


SOURCE = """
import enum, functools, math, numpy
from dataclasses import dataclass

class Way(enum.Enum):
    ONE = 1

@dataclass
class Point:
    x: float
    tags: frozenset = frozenset({"a", "b", "c"})

    def norm(self):
        return self.x * self.x

NAMES = {"x", "y", "z"}
TABLE = {"a": (1.0, [2.0, Point(3.0)]), Way.ONE: functools.partial(max, 1)}
RATES = numpy.arange(3.0)

def f(x):
    return Point(x).norm() * TABLE["a"][0] + RATES[1] * len(NAMES) + math.pi
"""
LOAD = """
import pickle, sys
g = pickle.load(open(sys.argv[1], "rb"))
print(g(2.0), g.recordings)
"""
SAVE = """
import pickle, sys, plain_model
from autograd import jit
g = jit(plain_model.f)
g(1.0)
pickle.dump(g, open(sys.argv[1], "wb"))
"""


def test_the_same_source_in_another_process(tmp_path: Path) -> None:
    """Whatever the hashes of texts are there: the programs are used."""
    (tmp_path / "plain_model.py").write_text(SOURCE, "utf-8")
    saved = str(tmp_path / "saved")
    for code in (SAVE, LOAD):
        done = subprocess.run(
            [sys.executable, "-c", code, saved],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == [repr(2.0 * 2.0 * 1.0 + 1.0 * 3 + 3.141592653589793), "0"]
