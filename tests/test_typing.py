"""Types: the stubs say what is there, and mypy and pyright find in a user's program exactly the
mistakes that are in it."""

import ast
import importlib.util
import inspect
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd.engine.other_names import ELSEWHERE

pytestmark = pytest.mark.one_form

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "typed_user.py"
CHECKERS = {
    "mypy": ["--strict", "--config-file=", "--no-error-summary", f"--cache-dir={os.devnull}"],
    "pyright": ["--pythonpath", sys.executable],
}


def installed(module):
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"needs {module}: pip install .[dev]")


def run(module, *arguments, cwd):
    """What it writes, of the installed package: away from the source tree."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("checker", [pytest.param(x, marks=installed(x)) for x in CHECKERS])
def test_a_typed_program(checker, tmp_path):
    lines = PROGRAM.read_text("utf-8").splitlines()
    mistakes = {i for i, line in enumerate(lines, 1) if line.endswith("# error")}
    out = run(checker, *CHECKERS[checker], str(PROGRAM), cwd=tmp_path)
    found = {int(line) for line in re.findall(rf"{PROGRAM.name}:(\d+)\S* (?:- )?error", out)}
    assert found == mistakes, out


@installed("mypy")
@pytest.mark.skipif(autograd.compiled, reason="in C, operators have parameters without names")
def test_the_stub_of_value_is_true(tmp_path):
    """mypy's own comparison of a stub with the live class; the module has more, for the engine."""
    raising = ["__float__", "__complex__", "__r?xor__", *ELSEWHERE]
    for_tools = ["__signature__", "__dir__"]
    left_out = "|".join(rf"Value\.{name} is not" for name in [*raising, *for_tools])
    (tmp_path / "alone.ini").write_text("[mypy]\nfollow_imports = skip\n")  # 2 s, not 18
    options = ["--concise", "--mypy-config-file", "alone.ini"]
    out = run("mypy.stubtest", "autograd.engine.value", *options, cwd=tmp_path)
    found = [x for x in out.splitlines() if "autograd.engine.value.Value." in x]
    assert re.search(left_out, "".join(found)), out
    assert not [x for x in found if not re.search(left_out, x)], out


@installed("ruff")
def test_the_stubs_are_in_step():
    """`python docs/make_stubs.py` would change nothing."""
    made = runpy.run_path(str(HERE.parent / "docs" / "make_stubs.py"))["stubs"]()
    for path, stub in made.items():
        assert path.read_text("utf-8") == stub, f"{path.name}: run python docs/make_stubs.py"


def test_the_stub_has_every_public_name():
    stub = ast.parse(Path(autograd.__file__).with_suffix(".pyi").read_bytes())
    names = set()
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
            if not node.name.startswith("_"):
                shown = inspect.signature(getattr(autograd, node.name)).parameters
                declared = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                # More sequences than one are taken only to be refused: no type checker hears of it.
                given = [x.name for x in shown.values() if x.kind is not x.VAR_POSITIONAL]
                assert [x.arg for x in declared] == given, node.name
    assert {*autograd.__all__, "sum", "max", "min", "abs", "pow", "round"} <= names
