"""In a notebook a Value stays text, and a diagram shows itself: trusted or not, in any theme."""

import base64
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from autograd import Value, draw
from autograd.drawing import graphviz_program

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SUMMARY = "5 values, 5 edges. e = 6. de/da = 2, de/db = 5."
TOY = """
from autograd import Value, draw
a, b = Value(2.0, "a"), Value(1.0, "b")
c, d = a + b, b + 1
c.label, d.label = "c", "d"
e = c * d
e.label = "e"
e.backward()
e
"""


def toy():
    found = {}
    exec(TOY, found)
    return found["e"]


class Images(HTMLParser):
    """The img elements of a page, and whatever else could have come out of a picture."""

    def __init__(self, page):
        super().__init__()
        self.images, self.others = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.images.append(dict(attributes))
        elif tag in ("svg", "object", "iframe"):
            self.others.append(tag)


# -- what is handed to the notebook ----------------------------------------------------------------


def test_a_value_stays_text():
    assert [name for name in dir(Value) if name.startswith("_repr_")] == []


def test_a_diagram_is_an_image_an_svg_and_words():
    bundle = draw(toy())._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == SUMMARY
    (image,) = Images(bundle["text/html"]).images
    assert image["alt"] == SUMMARY
    kind, _, data = image["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == bundle["image/svg+xml"]
    assert ElementTree.fromstring(bundle["image/svg+xml"]).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_same_diagram_gives_the_same_output():
    """Running a notebook again changes nothing in its file."""
    assert draw(toy())._repr_mimebundle_() == draw(toy())._repr_mimebundle_()


def test_the_notebook_may_choose():
    diagram = draw(toy())
    assert set(diagram._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    rest = diagram._repr_mimebundle_(exclude={"text/html"})
    assert set(rest) == {"image/svg+xml", "text/plain"}


def test_a_title_is_part_of_what_is_read_aloud():
    bundle = draw(toy(), title="The toy")._repr_mimebundle_()
    assert Images(bundle["text/html"]).images[0]["alt"] == f"The toy: {SUMMARY}"


def test_without_graphviz_there_are_words(monkeypatch):
    """A notebook swallows exceptions of a display: the remedy has to be in the text."""
    monkeypatch.setattr(graphviz_program, "find_dot", lambda: None)
    bundle = draw(toy())._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert bundle["text/plain"].startswith(f"{SUMMARY}\n(no picture: ")
    assert "pip install graphviz-pure" in bundle["text/plain"]


# -- real notebooks --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A notebook with a Value and three diagrams, run by Jupyter and exported to HTML."""
    nbformat = pytest.importorskip("nbformat", reason='needs: pip install ".[notebook]"')
    nbclient = pytest.importorskip("nbclient", reason='needs: pip install ".[notebook]"')
    nbconvert = pytest.importorskip("nbconvert", reason='needs: pip install ".[notebook]"')
    pytest.importorskip("ipykernel", reason='needs: pip install ".[notebook]"')
    cells = [
        TOY,
        "draw(e)",
        "draw(e, theme='dark', title='</script><b>')",
        "draw(c, detail='small')",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    folder = str(tmp_path_factory.mktemp("notebook"))
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    exported, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    return exported


pytestmark = [
    pytest.mark.one_form,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def test_exported_to_html(page):
    """Each diagram is one image of its own: no SVG in the page, so no ids that could clash."""
    found = Images(page)
    assert found.others == []
    alts = [image["alt"] for image in found.images]
    assert alts == [
        SUMMARY,
        f"</script><b>: {SUMMARY}",
        "3 values, 2 edges. c = 3. Gradients: a 2, b 2, from c 2.",
    ]
    assert len({image["src"] for image in found.images}) == 3
    assert "Value(data=6.0, grad=1.0, label='e')" in html.unescape(page)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH")
def test_a_browser_shows_the_images(page, tmp_path):
    """All of them are loaded, at a size to be read, and without running anything."""
    measure = """<script>addEventListener("load", () => {
        const sizes = [...document.images].map(i => [i.complete, i.naturalWidth, i.width]);
        document.body.setAttribute("data-sizes", JSON.stringify(sizes));
    })</script>"""
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", measure + "</body>"), encoding="utf-8")
    dom = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    ).stdout
    sizes = json.loads(html.unescape(re.search(r'data-sizes="([^"]*)"', dom)[1]))
    assert len(sizes) == 3
    for complete, natural, shown in sizes:
        assert complete
        assert natural > 200
        assert shown >= 0.7 * natural


# -- light and dark --------------------------------------------------------------------------------

WHERE = {  # how a page says its theme, and what the reader prefers -> what is seen
    ("", "light"): "light",
    ("", "dark"): "dark",
    ("data-jp-theme-light='false'", "light"): "dark",
    ("data-jp-theme-light='true'", "dark"): "light",
    ("class='vscode-dark'", "light"): "dark",
    ("class='vscode-light'", "dark"): "light",
    ("data-theme='dark'", "light"): "dark",
    ("theme='dark'", "light"): "dark",
    ("style='color-scheme: dark'", "light"): "dark",
}


def seen(tmp_path, diagram, body, preferred):
    """The colour of the picture's corner, as Chromium shows it in a page."""
    image = pytest.importorskip("PIL.Image", reason="needs: pip install pillow")
    page, shot = tmp_path / "page.html", tmp_path / "shot.png"
    html = diagram._repr_mimebundle_()["text/html"]
    page.write_text(
        f"<!doctype html><meta charset=utf-8><body {body}>"
        f"<style>body {{ margin: 0; background: #777 }} img {{ display: block }}</style>{html}",
        "utf-8",
    )
    subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--blink-settings=preferredColorScheme={['dark', 'light'].index(preferred)}",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=800,600",
            f"--screenshot={shot}",
            page.as_uri(),
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return image.open(shot).convert("RGB").getpixel((3, 3))


BACKGROUNDS = {"light": (255, 255, 255), "dark": (0x16, 0x19, 0x1D)}


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH")
@pytest.mark.parametrize(("body", "preferred"), WHERE, ids=map(" ".join, WHERE))
def test_a_picture_is_dark_where_the_page_is(tmp_path, body, preferred):
    expected = BACKGROUNDS[WHERE[body, preferred]]
    assert seen(tmp_path, draw(toy()), body, preferred) == expected


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH")
def test_a_theme_that_is_asked_for_stays(tmp_path):
    dark = "data-jp-theme-light='false'"
    assert seen(tmp_path, draw(toy(), theme="light"), dark, "dark") == BACKGROUNDS["light"]
    assert seen(tmp_path, draw(toy(), theme="dark"), "", "light") == BACKGROUNDS["dark"]


def test_files_are_light_and_every_colour_has_a_dark_one(tmp_path):
    """And what the notebook gets differs in its style alone."""
    diagram = draw(toy())
    assert "prefers-color-scheme" not in diagram.pipe("svg", encoding="utf-8")
    svg = diagram._repr_mimebundle_()["image/svg+xml"]
    style = re.search("<style>.*</style>", svg)[0]
    assert svg.replace(style, "") == diagram.pipe("svg", encoding="utf-8")
    used = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) - {"none", "transparent"}
    assert used
    assert all(f'="{colour}"]' in style for colour in used)
