"""The command line, as a user meets it: tables, paths, pictures, the demonstration, mistakes."""

import os
import shlex
import subprocess
import sys

import pytest

import autograd
from autograd import Value, cli
from autograd.cli import demo
from autograd.cli.tables import report
from autograd.engine.text import table

pytestmark = pytest.mark.one_form

TOY = ["e = (a+b)*(b+1)", "a=2", "b=1"]


@pytest.fixture
def run(tmp_path):
    """Runs `python -m autograd` in an empty directory, so that the installed package answers."""

    def command(*arguments, stdin=None, **environment):
        return subprocess.run(
            [sys.executable, "-m", "autograd", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
            stdin=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return command


@pytest.fixture
def answer(capsys, tmp_path, monkeypatch):
    """Runs the command in this process: its exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        status = cli.main(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return command


# -- tables and paths ------------------------------------------------------------------------------


def test_the_toy(run, tmp_path):
    """Values, local derivatives and gradients of e = (a+b)*(b+1), and nothing left behind."""
    result = run(*TOY)
    assert result.returncode == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "name  formula  value  gradient  local derivatives",
        "a              2      2",
        "b              1      5",
        "v1    a + b    3      2         ∂v1/∂a = 1, ∂v1/∂b = 1",
        "v2    b + 1    2      3         ∂v2/∂b = 1",
        "e     v1 * v2  6      1         ∂e/∂v1 = 2, ∂e/∂v2 = 3",
    ]
    assert list(tmp_path.iterdir()) == []


def test_paths(run):
    result = run("c = a + b; d = b + 1; e = c*d", "--paths", "b", "a=2", "b=1", "--paths", "a")
    assert result.stdout.split("\n\n")[1] == (
        """\
2 paths from b to e
  b–c–e  1 × 2 = 2
  b–d–e  1 × 3 = 3
  sum over all paths: 2 + 3 = 5 = ∂e/∂b"""
    )
    assert "\n\n1 path from a to e\n  a–c–e  1 × 2 = 2\n" in result.stdout


def test_paths_say_what_backpropagation_saves(answer):
    """Once, for all leaves; and not where nothing is saved."""
    toy = "c = a + b; d = b + 1; e = c*d", "a=2", "b=1", "--paths", "b"
    assert answer(*toy)[1].split("\n\n")[-1].splitlines() == [
        "3 paths from 2 leaves to e",
        "  one by one, the paths walk 6 edges, c–e 2 times",
        "  backpropagation walks 5 edges, each once",
    ]
    assert "backpropagation" not in answer("y = a*b", "a=2", "b=1", "--paths", "b")[1]


def test_paths_from_a_value_without_a_name_of_its_own(answer):
    assert "1 path from v2 to e" in answer(*TOY, "--paths", "v2")[1]


def test_paths_are_bounded(answer):
    text = "; ".join(f"x{i + 1} = x{i} * x{i}" for i in range(100))
    _, out, _ = answer(text, "x0=1", "--paths", "x0")
    assert "1.27e30 paths from x0 to x100" in out
    assert out.count("–") < 50 * 15


def test_the_circuit(answer):
    _, out, _ = answer("q = x + y; f = q * z", "x=-2", "y=5", "z=-4")
    rows = {row.split()[0]: row.split() for row in out.splitlines()}
    assert rows["x"][1:] == ["-2", "-4"]
    assert rows["y"][1:] == ["5", "-4"]
    assert rows["z"][1:] == ["-4", "3"]
    assert rows["f"][4:6] == ["-12", "1"]


@pytest.mark.parametrize(
    ("formula", "inputs", "rows"),
    [
        ("y = x*x + x", ["x=3"], ["v1    x * x    9      1         ∂v1/∂x = 3 + 3"]),
        ("-x*y", ["x=2", "y=3"], ["v1    -x       -2     3         ∂v1/∂x = -1"]),
        ("--x*y", ["x=2", "y=3"], ["out   v2 * y   6      1         ∂out/∂v2 = 3, ∂out/∂y = 2"]),
        ("2 - x", ["x=5"], ["out   2 - x    -3     1         ∂out/∂x = -1"]),
        ("x*(-2)", ["x=5"], ["out   x * (-2)  -10    1         ∂out/∂x = -2"]),
        ("x**3", ["x=2"], ["out   x ** 3   8      1         ∂out/∂x = 12"]),
        ("tanh(x)", ["x=0"], ["out   tanh(x)  0      1         ∂out/∂x = 1"]),
        ("x/0", ["x=1"], ["out   x / 0    inf    1         ∂out/∂x = inf"]),
        ("dot([x], [x])", ["x=2"], ["out   dot([x], [x])  4      1         ∂out/∂x = 2 + 2"]),
    ],
)  # fmt: skip
def test_rows(answer, formula, inputs, rows):
    status, out, err = answer(formula, *inputs)
    assert (status, err) == (0, "")
    assert set(rows) <= set(out.splitlines())


def test_an_input_that_only_a_condition_reads_is_listed(answer):
    """The result does not depend on it smoothly: its gradient is 0, and that is shown."""
    _, out, _ = answer("where(x > 0, a, b)", "x=1", "a=2", "b=3", "--paths", "x")
    assert "x                     1      0" in out
    assert "no path leads from x to out: ∂out/∂x = 0" in out


def test_automatic_names_avoid_those_given(answer):
    _, out, _ = answer("v1 * 2 + v3", "v1=1", "v3=2")
    assert [row.split()[0] for row in out.splitlines()[1:]] == ["v1", "v2", "v3", "out"]


def test_example_3_from_the_command_line(run):
    """Every number of the 2-2-2 network, to twelve digits."""
    result = run(
        "h1 = sigmoid(w1*i1 + w2*i2 + b1); h2 = sigmoid(w3*i1 + w4*i2 + b1);"
        "o1 = sigmoid(w5*h1 + w6*h2 + b2); o2 = sigmoid(w7*h1 + w8*h2 + b2);"
        "E = (0.5 - o1)**2 / 2 + (0.9 - o2)**2 / 2",
        *("w1=0.25", "w2=0.25", "w3=0.15", "w4=0.20", "w5=0.30", "w6=0.35", "w7=0.40", "w8=0.35"),
        *("i1=0.02", "i2=0.04", "b1=0.4", "b2=0.7"),
    )
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    values = {
        "h1": "0.602286176889",
        "h2": "0.601327635833",
        "o1": "0.748598311162",
        "o2": "0.759762732939",
        "E": "0.0407338056927",
    }
    gradients = {
        "w1": "1.81911912141e-05",
        "w2": "3.63823824282e-05",
        "w3": "3.55584650089e-05",
        "w4": "7.11169300178e-05",
        "w5": "0.0281785150891",
        "w6": "0.0281336688604",
        "w7": "-0.0154164614509",
        "w8": "-0.0153919260858",
        "b1": "0.00268748281115",
        "b2": "0.02118935172",
    }
    for name, number in (values | gradients).items():
        assert f" {number} " in rows[name] + " "


def test_a_long_row_is_shortened():
    """A node of a thousand inputs takes one line of readable length."""
    xs = [Value(1.0, f"x{i}") for i in range(1000)]
    line = report(autograd.sum(xs)).splitlines()[-1]
    assert "sum(x0, x1, x2, … 996 more …, x999)" in line
    assert line.endswith("∂v1/∂x2 = 1, … (1,000 inputs)")


def test_columns_count_cells_not_characters():
    """Chinese takes two cells a character, a combining accent none."""
    rows = [("漢字", "1"), ("e\u0301", "2"), ("abcd", "3")]
    assert table(("n", "v"), rows).splitlines() == [
        "n     v",
        "漢字  1",
        "e\u0301     2",
        "abcd  3",
    ]


# -- pictures --------------------------------------------------------------------------------------


def test_draw(run, tmp_path):
    result = run(*TOY, "--draw", "e.svg")
    assert result.returncode == 0
    assert result.stdout.endswith("\n\nwrote e.svg\n")
    assert [path.name for path in tmp_path.iterdir()] == ["e.svg"]
    assert "e = v1 * v2" in (tmp_path / "e.svg").read_text("utf-8").replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_draw_the_source(run, tmp_path):
    assert run(*TOY, "--draw=e.dot").returncode == 0
    assert (tmp_path / "e.dot").read_text("utf-8").startswith("digraph {")


def test_draw_needs_a_suffix_before_anything_is_printed(answer):
    status, out, err = answer(*TOY, "--draw", "picture")
    assert (status, out) == (2, "")
    message = "--draw: the end of the file's name says which format, as in picture.svg"
    assert err == f"chainrule: error: {message}\n"


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("e.xyz", "no picture has the suffix .xyz; end the name in .svg, .png or .dot"),
        ("nowhere/e.svg", "there is no such directory; make it first"),
    ],
)
def test_a_picture_that_fails_comes_after_the_numbers(answer, filename, reason):
    status, out, err = answer(*TOY, "--draw", filename)
    assert status == 1
    assert "e     v1 * v2  6" in out
    assert err == f"chainrule: error: can't draw {filename}: {reason}\n"


def test_a_graph_too_large_to_draw_is_a_message(answer):
    status, _, err = answer("+".join(["x"] * 300), "x=1", "--draw", "e.svg")
    assert status == 1
    assert "can't draw e.svg: the graph has 300 nodes, more than max_nodes=200" in err


# -- the demonstration -----------------------------------------------------------------------------


def test_demo(run, tmp_path):
    """The toy, the circuit, a trained network, and a picture of the toy."""
    result = run("demo")
    assert result.returncode == 0
    assert result.stderr == ""
    out = result.stdout
    assert "e     c * d    6      1         ∂e/∂c = 2, ∂e/∂d = 3" in out
    assert "sum over all paths: 2 + 3 = 5 = ∂e/∂b" in out
    assert "wrote chainrule-toy.svg" in out
    assert "f     q * z    -12    1         ∂f/∂q = -4, ∂f/∂z = 3" in out
    assert "w1         0.25   1.81911912141e-05" in out
    assert out.splitlines()[-7:] == [
        "  step  loss",
        "     1  4.073e-02",
        "   100  2.346e-02",
        "  1000  5.854e-04",
        " 10000  5.587e-09",
        "",
        "outputs 0.500 and 0.900, targets 0.5 and 0.9: reached",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["chainrule-toy.svg"]


def test_demo_draws_where_it_is_told(answer, monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "STEPS", 1)
    assert "wrote toy.png" in answer("demo", "--draw", "toy.png")[1]
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")


def test_demo_goes_on_without_a_picture(answer, monkeypatch):
    monkeypatch.setattr(demo, "STEPS", 1)
    _, out, err = answer("demo", "--draw", "nowhere/toy.svg")
    assert err == (
        "chainrule: error: can't draw nowhere/toy.svg: there is no such directory; make it first\n"
    )
    assert "4.073e-02" in out


def test_demo_can_be_interrupted(answer, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(demo, "training", interrupted)
    status, _, err = answer("demo")
    assert (status, err) == (130, "chainrule: error: interrupted\n")


# -- help and mistakes -----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["demo", "--help"]])
def test_help(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 0
    assert "usage: chainrule" in capsys.readouterr().out


def test_every_example_of_the_help_works(capsys, answer, monkeypatch):
    monkeypatch.setattr(demo, "STEPS", 1)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    examples = [shlex.split(line)[1:] for line in lines if line.startswith("chainrule ")]
    assert len(examples) == 6
    for example in examples:
        assert answer(*example)[0] == 0


def test_explain_says_why_a_gradient_is_what_it_is(answer):
    """After the table, for each value asked about; the result too, by its name."""
    status, out, _ = answer("h = relu(a*b); y = 3*h", "a=-1", "b=2", "--explain", "a")
    assert status == 0
    assert out.partition("\n\n")[2] == (
        "∂y/∂a = 0\n"
        "  dead relu: h = relu(v1) passes nothing on, because v1 = a * b = -2 is not above 0\n"
        "    path: a–v1–h–y  2 × 0 × 3 = 0\n"
        "    remedy: smaller steps or other initial weights; leaky_relu and silu have a slope there"
        "\n"
    )
    assert "\n∂y/∂v1 = 0\n" in answer("y = relu(-a)", "a=1", "--explain", "v1")[1]
    status, out, _ = answer("y = log(a)", "a=0", "--explain", "y", "--explain", "a")
    assert "\ny = -inf, computed from a\n  1 gradient of 1 is infinite: a\n" in out
    assert "\n∂y/∂a = inf\n  log of 0: y = log(a) is -inf for a = 0" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a+b", "a=1"], "no value for b; add b=1 to the command"),
        (["a", "a=1", "b=2"], "the expression does not use b; remove b=... or correct the name"),
        (["a", "a=1", "a=2"], "a is given twice on the command line; keep one of them"),
        (["a*b", "a=1", "b=x"], "'x' is not a number, in 'b=x'; write digits, as in b=2 or b=1e-3"),
        (["e", "=", "a+b", "a=2"], "an input is written name=number, as in a=2; got '='"),
        (["__import__('os')"], "'__import__' is not a function of autograd"),
        (["(" * 10_000 + "a" + ")" * 10_000, "a=1"], "the expression is nested too deeply"),
        (["-" * 10_000 + "a", "a=1"], "the expression is nested too deeply to be read"),
        (["a", "a=1", "--paths", "z"], "--paths: nothing is called 'z'; there are a"),
        (["a", "a=1", "--explain", "z"], "--explain: nothing is called 'z'; there are a"),
        (["a", "a=1", "--pahts", "a"], "unrecognized arguments: --pahts"),
        (["a", "a=1", "--paths"], "argument --paths: expected one argument; see chainrule --help"),
        ([], "no formula; give one in quotes, as in 'e = (a + b) * (b + 1)' a=2 b=1"),
        (["demo", "x=1"], "unrecognized arguments: x=1; see chainrule demo --help"),
    ],
    ids=lambda x: str(x)[:30],
)  # fmt: skip
def test_mistakes_end_with_status_2_and_one_line(answer, arguments, message):
    status, out, err = answer(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"chainrule: error: {message}")
    assert err.count("\n") == 1


def test_no_traceback_reaches_the_user(run):
    result = run("-" * 10_000 + "x", "x=1")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(
        "python -m autograd: error: the expression is nested too deeply"
    )


def test_huge_powers_return_at_once(run):
    result = run("10**10**10 * x", "x=1")
    assert result.returncode == 0
    assert "out   inf * x  inf    1         ∂out/∂x = inf" in result.stdout


# -- terminals -------------------------------------------------------------------------------------


def test_ascii_terminal(run):
    """Mathematics becomes ASCII, other letters become escapes; nothing fails."""
    result = run("e = é*é", "é=3", "--paths", "é", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "de/d\\xe9 = 3 + 3" in result.stdout
    assert "\\xe9-e (input 2)" in result.stdout
    assert "2 paths from" in result.stdout
    assert result.stdout.isascii()


def test_western_terminal(tmp_path):
    """Only what the terminal's own character set lacks is replaced."""
    result = subprocess.run(
        [sys.executable, "-m", "autograd", *TOY, "--paths", "b"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=True,
    )
    out = result.stdout.decode("cp1252")
    assert "dv1/da = 1" in out
    assert "b–v1–e  1 × 2 = 2" in out


def test_errors_on_an_ascii_terminal(run):
    result = run("é + 1", PYTHONIOENCODING="ascii")
    assert result.returncode == 2
    assert "no value for \\xe9" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes that close early are a matter of Unix")
def test_a_reader_who_has_seen_enough(tmp_path):
    """`| head -1` ends the command without a traceback."""
    command = f"{sys.executable} -m autograd 'a*2' a=1 | true"
    result = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stderr == ""


def test_control_characters_in_arguments_never_reach_the_terminal(answer):
    for arguments in (
        ["a\x1b[2J"],
        ["a", "a=\x1b[2J"],
        ["a", "a=1", "--paths", "\x1b[2J"],
        ["--\x1b"],
    ):
        status, out, err = answer(*arguments)
        assert (status, out) == (2, "")
        assert "\x1b" not in err


def test_bytes_that_are_not_text(run):
    """A name in the wrong encoding arrives as half surrogates."""
    result = run(b"a\xff + 1")
    assert result.returncode == 2
    assert "the expression holds a character that is not text: 'a\\udcff + 1'" in result.stderr
