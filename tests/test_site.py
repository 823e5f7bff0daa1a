"""The documentation site, without building it: what it has to have, and that its pages are right.

The build follows every link and anchor (`python docs/make_site.py`, or `nox --session site`), and
test_site_pages.py looks at what was built.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import io
import json
import math
import random
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from latex_numbers import value
from website import formulas, lite, prerequisites, primitive_pages, reference, staging
from website.browser_notebooks import in_browser

import autograd
import nn
from autograd.engine.primitives import TABLE

pytestmark = pytest.mark.one_form

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ROWS = [row for row in TABLE.values() if row.builtin]
PAGES = [
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("howto/*.md")),
    *sorted(DOCS.glob("zh/*.md")),
]
RUN_ELSEWHERE = {"cluster.md": "test_dask.py", "training.md": "test_training_page.py"}


# -- the reference ---------------------------------------------------------------------------------

from_source = pytest.mark.skipif(autograd.compiled, reason="signatures are read off the source")


@from_source
def test_every_public_name_has_one_entry():
    """Those that `import *` gives, those that shadow Python's own, and those made on first use."""
    names = [entry.full_name for entry in reference.entries()]
    assert len(names) == len(set(names))
    modules = {"nn.datasets", "nn.metrics", "nn.schedules"}
    public = {f"autograd.{name}" for name in [*autograd.__all__, *autograd._SHADOWING]}
    public |= {f"nn.{name}" for name in [*nn.__all__, "Classifier", "Regressor"]} - modules
    assert public <= set(names)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The generated pages."""
    folder = tmp_path_factory.mktemp("reference")
    reference.write_reference(folder)
    pages = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in pages}


@from_source
def test_every_entry_stands_on_a_page_with_its_docstring(written):
    text = "\n".join(written.values())
    for entry in reference.entries():
        heads = re.findall(rf"(?m)(?:^`+\{{py:\w+\}}|^           ) {entry.name}\b", text)
        assert heads, entry.full_name
        if callable(entry.found) and entry.part:
            said = reference.markdown(inspect.getdoc(entry.found) or "")
            assert said.split("\n")[0].strip() in text, entry.full_name


@from_source
def test_the_index_names_every_entry(written):
    for entry in reference.entries():
        assert f"<{entry.full_name}>`" in written["index.md"]


def test_a_docstring_becomes_markdown():
    """Examples and tables are fenced; stars, brackets and dollars of formulas are text."""
    found = reference.markdown("x*y*z and `a*b`.\n\n**Data.** A [row].\n\n>>> 1 + 1\n2\n")
    assert found == "x\\*y\\*z and `a*b`.\n\n**Data.** A \\[row].\n\n```pycon\n>>> 1 + 1\n2\n```\n"


@from_source
def test_signatures_are_what_a_reader_would_write(written):
    """What has no text in Python is dots; the fields of a NamedTuple are in its head."""
    text = "\n".join(written.values())
    assert "nn.Evaluation" in written["index.md"]
    assert "Evaluation(loss: float, accuracy: float | None)" in text
    for odd in ("= Ellipsis", "ForwardRef(", "Alias for field number"):
        assert odd not in text


# -- primitives as mathematics ---------------------------------------------------------------------


def test_every_row_of_the_table_is_on_one_page():
    listed = [row.name for _, rows in primitive_pages.groups() for row in rows]
    assert sorted(listed) == sorted(row.name for row in ROWS)


@from_source
def test_every_row_shows_formula_derivatives_kinks_and_graph(written):
    text = "\n".join(page for name, page in written.items() if name.startswith("primitives/"))
    for row in ROWS:
        section = text.partition(f"\n## {row.name}\n")[2].partition("\n## ")[0]
        assert f"$${formulas.function(row)}$$" in section
        assert r"\frac{\partial f}{\partial " in section
        assert '<polyline class="function"' in section
        assert f'row("{row.name}"' in section
        if row.kinks and not row.kinks.startswith("derivative 0"):
            assert row.kinks.partition("(")[0].partition("*")[0].partition("<")[0] in section


def point(row, rng):
    """Inputs at which the row is smooth."""
    found = []
    for i, name in enumerate(formulas.input_names(row)):
        low, high = row.domain[i] if i < len(row.domain) else (-3.0, 3.0)
        constants = {"n": 2.0, "c": -0.5, "k": 1.0, "condition": float(rng.random() < 0.5)}
        if name in constants:
            found.append(constants[name])
        else:
            found.append(rng.uniform(max(low, -3.0), min(high, 3.0)))
    if row.name == "clip":
        found[1:] = sorted(found[1:])
    if row.name == "softmax_others":
        found[0] = max(found[1:])
    return found


FUNCTIONS = {name: row.forward for name, row in TABLE.items()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_a_row_s_formulas_say_is_what_it_computes(row):
    """The LaTeX of the function and of each derivative, read back as numbers at random points."""
    rng = random.Random(row.name)
    for _ in range(20):
        inputs = point(row, rng)
        out = row.forward(*inputs)
        partials = row.partials(out, *inputs)
        if not isinstance(partials, tuple):
            partials = (partials,)
        names = dict(zip(formulas.input_names(row), inputs, strict=True))
        for latex in formulas.function(row).split(" = ")[1:]:  # its name, and what it is
            assert value(latex, names, FUNCTIONS) == pytest.approx(out, rel=1e-9, abs=1e-12)
        names["f"] = out
        for (name, latex), expected in zip(formulas.derivatives(row), partials, strict=True):
            found = value(latex, names, FUNCTIONS)
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_graph_s_derivative_is_the_slope_of_its_function(row):
    """Between neighbouring points, by the difference quotient; not at jumps and kinks."""
    _, found = primitive_pages.curve(row, points=601)
    apart = found[1][0] - found[0][0]
    if row.name in ("stop_gradient", "softmax_pivot", "softmax_others"):
        return  # their derivative is, on purpose, not that of their numbers
    off = 0
    for (_, y0, d0), (_, y1, d1) in pairwise(found):
        if not all(map(math.isfinite, (y0, y1, d0, d1))):
            off += 1
            continue
        between = sorted((d0, d1))
        slope, room = (y1 - y0) / apart, 0.02 * (1 + abs(d0)) + abs(d1 - d0)
        off += not between[0] - room <= slope <= between[1] + room
    assert off <= 0.02 * len(found)


# -- pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_in_a_table_of_contents_and_every_link_leads_somewhere(language, tmp_path):
    """Staging stops at a link to a file that is no page; anchors are followed by the build."""
    staged = staging.Staging(tmp_path / "site", language)
    staged.write()
    listed = {"index"}
    for name in staged.pages.values():
        if name.endswith(".md"):
            text = (staged.folder / name).read_text("utf-8")
            for tree in re.findall(r"(?ms)^```\{toctree\}\n(.*?)^```$", text):
                entries = [line for line in tree.split("\n") if line and not line.startswith(":")]
                folder = Path(name).parent
                listed |= {(folder / entry).as_posix() for entry in entries}
    generated = {name for name in listed if name.startswith("reference/")}
    pages = {Path(name).with_suffix("").as_posix() for name in staged.pages.values()}
    assert listed - generated == pages


def test_what_is_in_chinese():
    """Start, the playground, and every notebook."""
    names = dict(staging.pages("zh")).values()
    assert {"index.md", "start.md", "playground.md"} <= set(names)
    assert sum(name.startswith("notebooks/") for name in names) == len(staging.notebooks("en"))


# -- the notebooks in JupyterLite ------------------------------------------------------------------


def code_of(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def pictures(notebook):
    outputs = [output for cell in code_of(notebook) for output in cell["outputs"]]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_a_notebook_that_runs_in_the_browser_is_all_there():
    """Every cell of code as it is, and every output; the links to other notebooks, too."""
    (path,) = (path for path in staging.notebooks("en") if path.name.startswith("01_"))
    found, original = in_browser(path, True), json.loads(path.read_text("utf-8"))
    whole = [{**cell, "source": "".join(cell["source"])} for cell in code_of(original)]
    assert code_of(found) == whole
    assert "](02_a_network_by_hand.ipynb)" in json.dumps(found)
    assert "../docs" not in json.dumps(found)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_picture_that_the_browser_cannot_draw_is_shown(language):
    """As many pictures as before; what needs Matplotlib is a comment, as is what uses its names."""
    (path,) = (path for path in staging.notebooks(language) if path.name.startswith("04_"))
    found, original = in_browser(path, True), json.loads(path.read_text("utf-8"))
    moved = [cell for cell in found["cells"] if cell.get("id", "").endswith("-picture")]
    assert pictures(found) + len(moved) == pictures(original)
    assert len(moved) == 5  # three boundaries, a map of the loss, a loss curve
    assert all('src="data:image/png;base64,' in cell["source"] for cell in moved)
    code = "\n".join(cell["source"] for cell in code_of(found))
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    assert not {"plt", "ax", "figure"} & names
    assert "decision_boundary" not in "".join(re.findall(r"(?m)^[^#\n]+", code))


@pytest.mark.parametrize("path", [*staging.notebooks("en"), *staging.notebooks("zh")])
def test_what_leads_to_the_playground_is_left_out_whole(path):
    """In the browser every paragraph but that one is there, and no line of that one."""
    texts = [
        ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        for notebook in (json.loads(path.read_text("utf-8")), in_browser(path, False))
    ]
    original, found = (re.split(r"\n{2,}", "\n\n".join(text)) for text in texts)
    said = [re.sub(r"\[([^][]*)\]\([^)]*\)", r"\1", text) for text in found if text[:1] != ">"]
    kept = [text for text in original if "/playground" not in text and text[:1] != ">"]
    assert said == [re.sub(r"\[([^][]*)\]\([^)]*\)", r"\1", text) for text in kept]
    assert "program." not in found


def test_a_notebook_that_does_not_run_says_so():
    (path,) = (path for path in staging.notebooks("en") if path.name.startswith("06_"))
    found = in_browser(path, False)
    assert "To be read here, not run" in found["cells"][1]["source"]
    assert code_of(found) == code_of(json.loads(path.read_text("utf-8")))


def test_what_the_site_needs_is_looked_for_first(monkeypatch):
    """All that is missing is named at once, with one command."""
    given = ["pytest>=8", "pytest>=8,<9999", "pytest>=9999", "pytest<1", "no-such-package>=1.0"]
    assert prerequisites.missing(given) == ["pytest>=9999", "pytest<1", "no-such-package>=1.0"]
    assert any(name.startswith("sphinx") for name in prerequisites.needed())
    monkeypatch.setattr(prerequisites, "needed", lambda: given)
    said = prerequisites.complaint("python")
    assert said.count("pip install") == 1
    assert "lacks pytest>=9999, pytest<1, no-such-package>=1.0;" in said
    monkeypatch.setattr(prerequisites, "needed", lambda: given[:2])
    assert prerequisites.complaint("python") is None


def test_packages_for_the_browser_follow_its_own_markers():
    """IPython needs pexpect on every system but Windows and a browser."""
    pytest.importorskip("IPython")
    names = {found.name.lower() for found in lite.needed(["ipython"])}
    assert {"ipython", "traitlets", "jedi", "parso"} <= names
    assert not {"pexpect", "psutil", "colorama"} & names
    (found,) = (found for found in lite.needed(["ipython"]) if found.name.lower() == "parso")
    with zipfile.ZipFile(io.BytesIO(lite.packed(found))) as wheel:
        assert any(name.endswith(".dist-info/METADATA") for name in wheel.namelist())
        assert "parso/__init__.py" in wheel.namelist()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_examples_of_a_page_run(page, monkeypatch, tmp_path):
    """As doctests, from top to bottom; a how-to shows no code that does not run."""
    text = page.read_text("utf-8")
    if page.parent.name == "howto":
        for block in re.findall(r"(?ms)^```python\n(.*?)^```", text):
            assert block.startswith(">>>")
    if page.name in RUN_ELSEWHERE and page.parent == DOCS:
        pytest.skip(f"{RUN_ELSEWHERE[page.name]} runs it")
    if ">>>" not in text:
        pytest.skip("no example")
    for needed in ("numpy", "scipy", "llvmlite"):
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testfile(str(page), module_relative=False, optionflags=flags).failed == 0


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_is_what_a_stranger_reads_in_two_minutes(name):
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= 150
