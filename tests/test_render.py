"""`draw(e).render`, as those who know the graphviz package call it."""

import os

import graphviz
import pytest

from autograd import Value, draw


def product():
    return draw(Value(2.0, "a") * Value(3.0, "b"))


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"view": False},
        {"cleanup": True},
        {"format": "svg"},
        {"cleanup": True, "format": "svg", "view": False, "quiet": True},
        {"raise_if_result_exists": True, "overwrite_source": True},
    ],
)
def test_a_named_picture_is_the_only_file(tmp_path, options):
    path = product().render(tmp_path / "e.svg", **options)
    assert path == str(tmp_path / "e.svg")
    assert files(tmp_path) == ["e.svg"]
    assert (tmp_path / "e.svg").read_bytes().startswith(b"<?xml")
    assert "2 × 1" not in (tmp_path / "e.svg").read_text("utf-8")[:7]


def test_view_opens_the_picture(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(
        graphviz.Digraph, "_view", lambda self, path, **options: opened.append((path, options))
    )
    product().render(tmp_path / "e.svg", view=True)
    assert opened == [(str(tmp_path / "e.svg"), {"format": "svg", "quiet": False})]
    assert files(tmp_path) == ["e.svg"]
    product().render("f.png", str(tmp_path), True, quiet_view=True)
    assert opened[1] == (os.path.join(tmp_path, "f.png"), {"format": "png", "quiet": True})


def test_folders_are_made(tmp_path):
    path = tmp_path / "new" / "deep" / "e.svg"
    assert product().render(path) == str(path)
    with pytest.raises(FileNotFoundError):
        product().write(tmp_path / "other" / "e.svg")
    assert product().render("e.svg", directory=tmp_path / "third") == str(tmp_path / "third/e.svg")
    assert product().render("e", tmp_path / "fourth") == str(tmp_path / "fourth" / "e.svg")


def test_the_classic_use_writes_the_source_beside_the_picture(tmp_path):
    assert product().render(tmp_path / "e.gv", format="png") == str(tmp_path / "e.gv.png")
    assert files(tmp_path) == ["e.gv", "e.gv.png"]
    assert (tmp_path / "e.gv").read_text("utf-8").startswith("digraph")
    product().render(tmp_path / "f.gv", cleanup=True)
    assert files(tmp_path) == ["e.gv", "e.gv.png", "f.gv.svg"]
    product().render("g", str(tmp_path), False, True, "png")
    assert files(tmp_path)[-1] == "g.png"


def test_a_source_alone(tmp_path):
    product().render(tmp_path / "e.gv")
    assert files(tmp_path) == ["e.gv"]


def test_two_names_for_one_format(tmp_path):
    product().render(tmp_path / "e.dot", directory=None)
    with pytest.raises(ValueError, match=r"e.svg and format='png' name two pictures"):
        product().render(tmp_path / "e.svg", format="png")
    assert files(tmp_path) == ["e.dot"]


def test_a_result_that_exists_is_refused_if_asked(tmp_path):
    (tmp_path / "e.svg").write_text("mine")
    with pytest.raises(graphviz.FileExistsError):
        product().render(tmp_path / "e.svg", raise_if_result_exists=True)
    assert (tmp_path / "e.svg").read_text() == "mine"


# -- save, and names that are no pictures' ---------------------------------------------------------


def test_save_writes_what_the_suffix_names(tmp_path):
    """graphviz's own `save` writes DOT under any name."""
    path = tmp_path / "new" / "e.svg"
    assert product().save(path) == str(path)
    assert path.read_bytes().startswith(b"<?xml")
    assert product().save("e.png", tmp_path) == str(tmp_path / "e.png")
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")
    assert files(tmp_path) == ["e.png", "new"]


@pytest.mark.parametrize("name", ["e", "e.gv", "e.dot"])
def test_save_writes_the_source_under_its_own_suffixes(tmp_path, name):
    diagram = product()
    assert diagram.save(tmp_path / name) == str(tmp_path / name)
    assert (tmp_path / name).read_text("utf-8") == diagram.source


def test_save_may_leave_what_is_there(tmp_path):
    (tmp_path / "e.svg").write_text("mine")
    product().save(tmp_path / "e.svg", skip_existing=True)
    assert (tmp_path / "e.svg").read_text() == "mine"
    product().save(tmp_path / "e.svg")
    assert (tmp_path / "e.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("method", ["render", "save", "write"])
@pytest.mark.parametrize(
    ("name", "remedy"),
    [("e.xyz", "end the name in .svg"), ("e.html", "steps"), ("net.v2", ".png"), ("e.py", ".dot")],
)
def test_an_unknown_suffix_is_an_error(tmp_path, method, name, remedy):
    with pytest.raises(ValueError, match=rf"no picture has the suffix .*{remedy}"):
        getattr(product(), method)(tmp_path / name)
    assert files(tmp_path) == []


def test_an_unknown_suffix_with_a_format_is_a_source(tmp_path):
    """As in graphviz: `render("net.v2", format="png")` writes net.v2 and net.v2.png."""
    assert product().render(tmp_path / "net.v2", format="png") == str(tmp_path / "net.v2.png")
    assert files(tmp_path) == ["net.v2", "net.v2.png"]


def test_an_outfile_is_written_as_in_graphviz(tmp_path):
    path = product().render(outfile=tmp_path / "e.png", cleanup=True)
    assert path == str(tmp_path / "e.png")
    assert files(tmp_path) == ["e.png"]
    product().render(outfile=tmp_path / "f.svg")
    assert files(tmp_path) == ["e.png", "f.gv", "f.svg"]
    assert 'role="img"' in (tmp_path / "f.svg").read_text("utf-8")


def test_view_of_a_named_picture(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(graphviz.Digraph, "_view", lambda self, path, **_: opened.append(path))
    assert product().view(tmp_path / "e.svg") == str(tmp_path / "e.svg")
    product().render(tmp_path / "f.svg", quiet_view=True)
    assert opened == [str(tmp_path / "e.svg"), str(tmp_path / "f.svg")]
    assert files(tmp_path) == ["e.svg", "f.svg"]
