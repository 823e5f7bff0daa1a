"""Diagrams: what they say, and which program draws them."""

import builtins
import math
import re
import subprocess
import sys
import sysconfig
import threading
from xml.etree import ElementTree

import pytest
from graphviz.backend import dot_command

from autograd import Value
from autograd.drawing import draw, executable
from autograd.drawing.executable import DrawingError, find_dot
from autograd.drawing.numbers import figure

SVG = "{http://www.w3.org/2000/svg}"


def toy():
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    e = c * d
    e.label = "e"
    e.backward()
    return e


def boxes_and_arrows(diagram):
    """The lines of text of every node and edge of the SVG, as a reader sees them."""
    root = ElementTree.fromstring(diagram.pipe("svg"))
    found = {"node": [], "edge": []}
    for group in root.iter(f"{SVG}g"):
        if group.get("class") in found:
            lines = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
            lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
            found[group.get("class")].append(lines)
    return sorted(found["node"]), sorted(found["edge"])


# -- what a diagram says ---------------------------------------------------------------------------


def test_the_toy():
    """A box per value with its formula, an arrow per input with its local derivative."""
    nodes, arrows = boxes_and_arrows(draw(toy()))
    assert nodes == [
        ["a", "value 2", "grad 2"],
        ["b", "value 1", "grad 5"],
        ["c = a + b", "value 3", "grad 2"],
        ["d = b + 1", "value 2", "grad 3"],
        ["e = c * d", "value 6", "grad 1"],
    ]
    assert arrows == [
        ["∂c/∂a = 1"],
        ["∂c/∂b = 1"],
        ["∂d/∂b = 1"],
        ["∂e/∂c = 2"],
        ["∂e/∂d = 3"],
    ]


def test_the_root_has_a_thick_border():
    thick = [line for line in draw(toy()).source.splitlines() if "penwidth=3" in line]
    assert len(thick) == 1
    assert "e = c * d" in thick[0]


def test_a_square_has_two_arrows_that_can_be_told_apart():
    x = Value(-3.0, "x")
    y = x * x
    y.label = "y"
    _, arrows = boxes_and_arrows(draw(y))
    assert arrows == [["∂y/∂x = −3 (input 1)"], ["∂y/∂x = −3 (input 2)"]]


def test_nodes_without_a_label_get_names_that_formulas_use():
    nodes, _ = boxes_and_arrows(draw((Value(1.0, "v1") + 2) * Value(3.0)))
    assert [lines[0] for lines in nodes] == ["v1", "v2 = v1 + 2", "v3", "v4 = v2 * v3"]


def test_equal_labels_are_numbered():
    nodes, _ = boxes_and_arrows(draw(Value(1.0, "w") + Value(2.0, "w")))
    assert [lines[0] for lines in nodes] == ["v1 = w + w#2", "w", "w#2"]


def test_special_numbers():
    x = Value(0.0, "x")
    y = 1 / x - math.inf
    y.backward()
    nodes, arrows = boxes_and_arrows(draw(y))
    assert ["v1 = 1 / x", "value ∞", "grad 1"] in nodes
    assert ["v2 = v1 − ∞", "value NaN", "grad 1"] in nodes
    assert ["∂v1/∂x = −∞"] in arrows


def test_a_leaf_alone():
    assert boxes_and_arrows(draw(Value(3.0, "x"))) == ([["x", "value 3", "grad 0"]], [])


def test_the_same_graph_gives_the_same_source():
    assert draw(toy()).source == draw(toy()).source


def test_drawing_changes_nothing():
    e = toy()
    draw(e)
    assert (e.data, e.grad, e.label, e.parents[0].label) == (6.0, 1.0, "e", "c")


def test_direction():
    assert "rankdir=TB" in draw(toy(), rankdir="TB").source


def test_wide_script_gets_wide_boxes():
    """Without the system's fonts Graphviz would take Chinese for narrow and let it stick out."""
    node = next(line for line in draw(Value(1.0, "漢字" * 10)).source.splitlines() if "漢" in line)
    assert float(re.search(r" width=([\d.]+)", node)[1]) > 20 * 14 / 72


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "−0"),
        (5.0, "5"),
        (-12.0, "−12"),
        (0.1 + 0.2, "0.3"),
        (math.pi, "3.142"),
        (-0.0154164614509, "−0.01542"),
        (1.81911912141e-5, "1.819e−5"),
        (12345.0, "12345"),
        (12345.6, "1.235e4"),
        (1e6, "1e6"),
        (6.02214076e23, "6.022e23"),
        (5e-324, "4.941e−324"),
        (1e-12, "1e−12"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
    ],
)
def test_figures(x, text):
    """Four significant digits, whole numbers in full, a real minus sign."""
    assert figure(x) == text


# -- what draw refuses -----------------------------------------------------------------------------


def test_only_a_value_can_be_drawn():
    with pytest.raises(TypeError, match="draw needs a Value, the root of a graph; got list"):
        draw([toy()])


def test_too_many_nodes_are_a_message_at_once():
    x = Value(1.0)
    for _ in range(100_000):
        x = x + 1.0
    with pytest.raises(
        ValueError, match="100,001 nodes, more than max_nodes=200, too many to read"
    ):
        draw(x)


def test_max_nodes_can_be_raised():
    x = Value(1.0)
    for _ in range(250):
        x = x + 1.0
    assert draw(x, max_nodes=251).source.count("->") == 250


def test_a_missing_package_names_the_command(monkeypatch):
    real = builtins.__import__

    def without_graphviz(name, *args, **kwargs):
        if name.partition(".")[0] == "graphviz":
            raise ModuleNotFoundError("No module named 'graphviz'", name="graphviz")
        return real(name, *args, **kwargs)

    for name in [
        n for n in sys.modules if n.partition(".")[0] == "graphviz" or "autograd.drawing." in n
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("autograd.drawing.dot")
    monkeypatch.delattr("autograd.drawing.diagram")
    monkeypatch.setattr(builtins, "__import__", without_graphviz)
    with pytest.raises(
        ImportError, match="drawing needs the graphviz package; run: pip install graphviz"
    ):
        draw(toy())


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("gv", b"digraph"), ("PNG", b"\x89PNG")],
)
def test_render_writes_one_file(tmp_path, suffix, start):
    path = tmp_path / f"e.{suffix}"
    (tmp_path / "e.txt").write_text("mine")
    assert draw(toy()).render(path) == str(path)
    assert path.read_bytes().startswith(start)
    assert {file.name for file in tmp_path.iterdir()} == {path.name, "e.txt"}


def test_render_as_graphviz_does(tmp_path):
    """With that package's own arguments: the source beside the picture, svg by default."""
    assert draw(toy()).render(tmp_path / "e") == str(tmp_path / "e.svg")
    assert (tmp_path / "e").read_text("utf-8").startswith("digraph")
    draw(toy()).render("f", directory=tmp_path, format="png", cleanup=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["e", "e.svg", "f.png"]


def test_write_knows_its_formats(tmp_path):
    with pytest.raises(ValueError, match=r"no picture has the suffix \.xyz; end the name in \.svg"):
        draw(toy()).write(tmp_path / "e.xyz")


def test_pipe():
    assert draw(toy()).pipe("png").startswith(b"\x89PNG")
    assert draw(toy()).pipe(encoding="utf-8").startswith("<?xml")


def test_a_notebook_shows_an_svg():
    (mimetype, svg), *rest = draw(toy())._repr_mimebundle_().items()
    assert (mimetype, rest) == ("image/svg+xml", [])
    assert svg.startswith("<?xml")


def test_nothing_is_printed(capfd):
    draw(toy()).pipe("svg")
    assert capfd.readouterr() == ("", "")


def test_threads_draw_side_by_side():
    pictures = []
    threads = [
        threading.Thread(target=lambda: pictures.append(draw(toy()).pipe("svg"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 8
    assert len(set(pictures)) == 1


# -- which Graphviz --------------------------------------------------------------------------------


def program(folder, name, text):
    """A stand-in for an executable."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


unix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@unix
def test_a_system_dot_comes_first(tmp_path, monkeypatch):
    mine = program(tmp_path, "dot", "echo drawn by dot")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_dot() == str(mine)
    assert draw(toy()).pipe("svg") == b"drawn by dot\n"


@unix
def test_the_bundled_program_is_found_off_the_path(tmp_path, monkeypatch):
    """In a virtual environment that is not activated, its folder of scripts is not on PATH."""
    mine = program(tmp_path, "graphviz-pure", "echo drawn by graphviz-pure")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    assert find_dot() == str(mine)
    assert str(dot_command.DOT_BINARY) == "dot"


@unix
def test_the_program_is_handed_back(tmp_path, monkeypatch):
    """Other users of the graphviz package keep the program they had."""
    program(tmp_path, "dot", "exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match="dot failed with status 3"):
        draw(toy()).pipe("svg")
    assert str(dot_command.DOT_BINARY) == "dot"


def test_no_program_at_all_names_the_remedy(monkeypatch):
    monkeypatch.setattr(executable, "find_dot", lambda: None)
    diagram = draw(toy())
    assert diagram.source.startswith("digraph")
    with pytest.raises(
        DrawingError, match=r"pip install graphviz-pure .* the diagram's \.source is DOT"
    ):
        diagram.pipe("svg")


@unix
def test_a_format_that_the_program_lacks_names_the_remedy(tmp_path, monkeypatch):
    text = """echo 'Format: "pdf" not recognized. Use one of: svg png' >&2; exit 1"""
    program(tmp_path, "graphviz-pure", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    message = "graphviz-pure can't write pdf; write svg or png, or install Graphviz from https"
    with pytest.raises(DrawingError, match=message):
        draw(toy()).render(tmp_path / "e.pdf")
    assert not (tmp_path / "e.pdf").exists()


def test_drawing_is_imported_without_graphviz(tmp_path):
    """The package is there from the first picture on, not from the import."""
    code = "import sys, autograd.drawing; assert not [m for m in sys.modules if 'graphviz' in m]"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
