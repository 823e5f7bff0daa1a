"""Pictures where no program can be run: a function lays them out, as in a browser."""

import functools
import http.server
import mimetypes
import os
import subprocess
import sys
import sysconfig
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import graphviz
import pytest
from test_player import CHROMIUM, Browser, Page

import autograd
from autograd import Value, draw, steps
from autograd.drawing import graphviz_program, lay_out_with, other_layouts
from autograd.drawing.graphviz_program import DrawingError, bundled_dot, find_dot

pytestmark = pytest.mark.one_form

SOURCE = Path(autograd.__file__).parent.parent


def product():
    return Value(2.0, "a") * Value(3.0, "b")


@pytest.fixture
def by_function(monkeypatch):
    """A function that stands for WebAssembly's Graphviz, and what it was asked for."""
    monkeypatch.setattr(graphviz_program, "find_dot", lambda: None)
    asked = []

    def layout(dot, format):
        asked.append((dot, format))
        return '<svg width="72pt" height="72pt"><g id="n0" class="node"><title>x</title></g></svg>'

    lay_out_with(layout)
    yield asked
    lay_out_with(None)


@pytest.fixture
def in_browser(monkeypatch):
    """As in Pyodide: no programs, no folder of the user's scripts; the page's globals are `js`."""
    page = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "js", page)
    monkeypatch.setattr(other_layouts, "IN_BROWSER", True)
    monkeypatch.setattr(graphviz_program, "IN_BROWSER", True)
    return page


def test_a_function_lays_out(by_function):
    diagram = draw(product())
    assert 'role="img"' in diagram.pipe("svg", encoding="utf-8")
    assert by_function == [(diagram.source, "svg")]
    assert "<img" in diagram._repr_mimebundle_()["text/html"]
    assert len(steps(product()).steps) == 7


def test_files_by_a_function(by_function, tmp_path):
    diagram = draw(product())
    assert diagram.render(tmp_path / "e.svg") == str(tmp_path / "e.svg")
    assert diagram.render(tmp_path / "f", format="svg", cleanup=True) == str(tmp_path / "f.svg")
    diagram.render(tmp_path / "g.gv", format="svg")
    assert diagram.render(outfile=tmp_path / "h.svg") == str(tmp_path / "h.svg")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["e.svg", "f.svg", "g.gv", "g.gv.svg", "h.gv", "h.svg"]
    assert 'role="img"' in (tmp_path / "f.svg").read_text("utf-8")


def test_a_function_that_fails_says_what(monkeypatch):
    def layout(dot, format):
        raise ValueError(f"no {format} here")

    lay_out_with(layout)
    try:
        with pytest.raises(DrawingError, match="no png from the layout function: no png here"):
            draw(product()).pipe("png")
        assert "no svg here" in draw(product())._repr_mimebundle_()["text/plain"]
    finally:
        lay_out_with(None)


def test_only_a_function_lays_out():
    with pytest.raises(TypeError, match=r"layout must be a function .* got str"):
        lay_out_with("dot")


def test_the_page_s_function_is_found(in_browser):
    in_browser.chainruleGraphviz = lambda dot, format: f"<svg>{format}</svg>"
    assert draw(product()).pipe("svg").startswith(b"<svg")


def test_without_one_the_message_says_what_the_page_has_to_do(in_browser):
    with pytest.raises(DrawingError, match=r"page has to load.*lay_out_with.*chainruleGraphviz"):
        draw(product()).pipe("svg")
    with pytest.raises(DrawingError, match="page has to load"):
        steps(product())
    assert "page has to load" in draw(product())._repr_mimebundle_()["text/plain"]
    assert find_dot() is None


def test_the_source_needs_nothing(in_browser, tmp_path):
    draw(product()).save(tmp_path / "e.dot")
    assert (tmp_path / "e.dot").read_text("utf-8").startswith("digraph")


def test_a_system_without_users(monkeypatch):
    """Where Python knows no folder of a user's scripts, as in WebAssembly."""

    def no_users(key):
        raise ValueError("'posix_user' is not a valid scheme")

    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(sysconfig, "get_preferred_scheme", no_users)
    assert bundled_dot() is None or "graphviz-pure" in bundled_dot()


# -- a real one ------------------------------------------------------------------------------------

MODULES = Path(os.environ.get("CHAINRULE_NODE_MODULES", "node_modules"))
PAGE = """<!doctype html><meta charset="utf-8"><body><script type="module">
import {loadPyodide} from "/node_modules/pyodide/pyodide.mjs";
import {instance} from "/node_modules/@viz-js/viz/dist/viz.js";
try {
  const viz = await instance();
  globalThis.chainruleGraphviz = (dot, format) => viz.renderString(dot, {format});
  const python = await loadPyodide({indexURL: "/node_modules/pyodide/"});
  python.unpackArchive(await (await fetch("/packages.zip")).arrayBuffer(), "zip",
    {extractDir: "/packages"});
  python.runPython(`import sys; sys.path.insert(0, "/packages")`);
  const shown = python.runPython(`
from autograd import Value, draw, steps
a, b = Value(2.0, "a"), Value(1.0, "b")
e = (a + b) * (b + 1)
e.backward()
draw(e)._repr_mimebundle_()["text/html"] + steps(e).html()
`);
  document.body.append(document.createRange().createContextualFragment(shown));
  const [module, state] = JSON.parse(python.runPython(`
import json
from autograd.exploring import Exploration, explorable
from autograd.exploring.page_parts import explorer_module
exploration = Exploration(explorable("e = (a + b) * (b + 1)", (), {"a": 2}))
json.dumps([explorer_module(), exploration.state()])
`));
  const {mount} = await import(URL.createObjectURL(new Blob([module], {type: "text/javascript"})));
  const receive = async message => {
    python.globals.set("message", JSON.stringify(message));
    return JSON.parse(python.runPython("json.dumps(exploration.receive(json.loads(message)))"));
  };
  const explored = document.createElement("div");
  document.body.append(explored);
  mount(explored, {state, receive});
} catch (error) {
  document.body.textContent = String(error);
}
document.body.dataset.done = "";
</script></body>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.skipif(
    CHROMIUM is None or not (MODULES / "pyodide").is_dir(),
    reason="needs Chromium, npm install pyodide @viz-js/viz, and CHAINRULE_NODE_MODULES",
)
def test_in_pyodide_in_a_real_browser(tmp_path):
    """draw, steps and an exploration, laid out by WebAssembly's Graphviz, from a server of this
    machine."""
    (tmp_path / "node_modules").symlink_to(MODULES.resolve())
    (tmp_path / "index.html").write_text(PAGE, "utf-8")
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as archive:
        for folder in (SOURCE / "autograd", SOURCE / "nn", Path(graphviz.__file__).parent):
            for path in folder.rglob("*"):
                if path.suffix in {".py", ".css", ".js", ".csv"}:
                    archive.write(path, path.relative_to(folder.parent))
        import mypy_extensions

        archive.write(mypy_extensions.__file__, "mypy_extensions.py")
    mimetypes.add_type("text/javascript", ".mjs")
    handler = functools.partial(Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser(tmp_path / "profile")
    try:
        page = Page(browser)
        page.send("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/index.html")
        page.wait_for("document.body && 'done' in document.body.dataset", 120)
        told = ".chainrule-player:not(.chainrule-explorer) .cr-node"
        assert page.js(f"document.querySelectorAll('{told}').length") == 5, page.text("body")
        assert page.js("document.querySelector('.chainrule-diagram img').naturalWidth") > 100
        page.js("document.querySelector('.cr-next').click()")
        assert page.text(".cr-caption") == "a = 2"
        slider = "document.querySelector('.chainrule-explorer input[type=range]')"
        page.js(f"(s => {{ s.value = -3; s.dispatchEvent(new Event('input')); }})({slider})")
        explored = "document.querySelector('.chainrule-explorer .cr-caption').textContent"
        page.wait_for(f"{explored} === 'e = −4; ∂e/∂a = 2, ∂e/∂b = 0'")
        assert page.errors() == []
    finally:
        browser.close()
        server.shutdown()
        server.server_close()


def test_other_layouts_are_no_part_of_the_import():
    code = "import sys, autograd; assert 'autograd.drawing' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
