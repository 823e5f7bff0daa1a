"""Formulas as they stand on paper: refused, with one that can be pasted; and small comforts of the
command line."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd.reading.expressions import ExpressionError, compute

pytestmark = pytest.mark.one_form

SOURCE = Path(autograd.__file__).parent.parent
INPUTS = {"a": 2.0, "b": 3.0, "x": 1.5}

PAPER = {  # and its value, by hand
    "2x": 3.0,
    "x²": 2.25,
    "x⁻¹": 1 / 1.5,
    "a×b": 6.0,
    "a·b": 6.0,
    "a ÷ b": 2 / 3,
    "a − b": -1.0,
    "2(a+b)": 10.0,
    "(a+b)(a-b)": -5.0,
    "a(b+1)": 8.0,
    "a^b": 8.0,
    "√a": 2**0.5,
    "√(a+b)": 5**0.5,
    "∛(a+2b)": 2.0,
    "2π a": 4 * 3.141592653589793,
    "2x² + 3(a+b)": 19.5,
    "a b": 6.0,
    "ab": 6.0,
    "ln(a)": 0.6931471805599453,
    "sqrt x": 1.5**0.5,
    "|a - b|": 1.0,
    "sin(x)cos(x)": 0.07056000402993361,
    "c = 2a; c^2": 16.0,
    "3.5e-2a": 0.07,
    "softmax([a, a])[0]x": 0.75,
}


def suggestion(text):
    with pytest.raises(ExpressionError) as caught:
        compute(text, INPUTS)
    found = re.search(r"did you mean (.*)$", str(caught.value))
    return found[1] if found else None


@pytest.mark.parametrize("text", PAPER)
def test_a_formula_on_paper_gets_one_that_can_be_pasted(text):
    """Between quotes of a shell; it computes what was meant."""
    (pasted,) = shlex.split(suggestion(text))
    used = {name: x for name, x in INPUTS.items() if re.search(rf"\b{name}\b", pasted)}
    assert compute(pasted, used).root.data == pytest.approx(PAPER[text], rel=1e-12)


@pytest.mark.parametrize("text", ["1/2x", "a/b x", "tanh^2(a)", "a ≤ b", "__import__('os')", "x)("])
def test_nothing_is_suggested_where_it_could_be_wrong(text):
    """1/2x is read in two ways, and no suggestion may be refused in its turn."""
    assert suggestion(text) is None


def test_what_is_right_is_left_alone():
    assert compute("2*x**2 + sqrt(a)", {"x": 1.0, "a": 4.0}).root == 4.0
    with pytest.raises(ExpressionError, match=r"does not use b; remove b=... or correct the name$"):
        compute("2*x", {"x": 1.0, "b": 1.0})


def test_a_long_text_gets_no_suggestion():
    assert suggestion("2x + " * 100 + "1") is None


# -- the command -----------------------------------------------------------------------------------


def command(*arguments, cwd, path=()):
    """What `python -m autograd` prints there."""
    found = os.pathsep.join([*map(str, path), str(SOURCE)])
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": found, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_version_and_help(tmp_path):
    assert command("--version", cwd=tmp_path).stdout == f"chainrule {autograd.__version__}\n"
    shown = " ".join(command("--help", cwd=tmp_path).stdout.split())
    assert "or the word demo" in shown
    assert "--version" in shown


def test_the_demo_beside_a_users_own_nn(tmp_path):
    (tmp_path / "nn.py").write_text("raise RuntimeError('the user\\'s own module was imported')")
    done = command("demo", "--draw", "toy.dot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "reached" in done.stdout


def test_a_module_that_hides_nn_on_the_path_is_named(tmp_path):
    (tmp_path / "nn.py").write_text("")
    done = command("demo", "--draw", "toy.dot", cwd=tmp_path.parent, path=[tmp_path])
    assert done.returncode == 1
    assert f"{tmp_path / 'nn.py'} hides Chainrule's package nn" in done.stderr


def test_a_function_before_a_name_is_called_with_it_though_the_name_has_no_number_yet():
    """As in a page, which learns the names from the formula that can be read."""
    with pytest.raises(ExpressionError, match=r"did you mean 'e = 2\*sin\(a\) \+ b'"):
        compute("e = 2 sin a + b", {})
