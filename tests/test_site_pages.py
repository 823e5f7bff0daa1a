"""The built site in headless Chromium: on a phone and a wide screen, light and dark, searched; no
error, no other host. Needs Chromium, and CHAINRULE_SITE: what docs/make_site.py wrote."""

from __future__ import annotations

import functools
import http.server
import mimetypes
import os
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from test_player import CHROMIUM, Page, browser

__all__ = ["browser"]  # a fixture

SITE = os.environ.get("CHAINRULE_SITE", "")
pytestmark = [
    pytest.mark.one_form,
    pytest.mark.skipif(not (CHROMIUM and SITE), reason="needs Chromium and CHAINRULE_SITE"),
]

PATIENCE = 60  # seconds, for a machine that does much else
PAGES = [
    "index.html",
    "start.html",
    "compiling.html",
    "benchmarks.html",
    "howto/fit-an-ode.html",
    "notebooks/05_when_gradients_go_wrong.html",
    "reference/training.html",
    "reference/primitives/index.html",
    "reference/primitives/activations.html",
    "zh/start.html",
    "zh/notebooks/01_the_chain_rule_zh.html",
]


FAINTEST = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((x) => x / 255)
      .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const below = getComputedStyle(document.querySelector('.highlight')).backgroundColor;
  const words = [...document.querySelectorAll('.highlight pre span')]
    .filter((word) => word.textContent.trim());
  return Math.min(...words.map((word) => {
    const [a, b] = [light(getComputedStyle(word).color), light(below)];
    return Math.max(a, b) / Math.min(a, b);
  }));
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    handler = functools.partial(Quiet, directory=str(Path(SITE).resolve()))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mimetypes.add_type("text/javascript", ".mjs")
    mimetypes.add_type("application/wasm", ".wasm")
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def elsewhere(page, address):
    """What was asked of another host."""
    requests = [e for e in page.browser.events if e["method"] == "Network.requestWillBeSent"]
    urls = [request["params"]["request"]["url"] for request in requests]
    return [url for url in urls if not url.startswith((address, "data:", "blob:"))]


@pytest.fixture
def tab(browser, address):
    """A tab that opens pages of the site; at the end no other host was asked."""
    page = Page(browser)
    browser.events.clear()
    for domain in ("Network", "Log"):
        page.send(f"{domain}.enable")

    def opened(name, width=1280, theme="light"):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        page.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": theme}
        page.send("Emulation.setEmulatedMedia", features=[scheme])
        page.send("Page.navigate", url=address + name)
        page.wait_for(f"location.href === {address + name!r}", PATIENCE)
        page.wait_for("document.readyState === 'complete'", PATIENCE)
        return page

    yield opened
    assert elsewhere(page, address) == []
    browser.send("Target.closeTarget", targetId=page.target)


@pytest.fixture
def go(tab, browser):
    """The same for pages of the documentation: on them nothing is said on the console."""
    yield tab
    bad = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert [event for event in browser.events if event["method"] in bad] == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_screen(go, name, width):
    page = go(name, width)
    assert page.js("document.documentElement.scrollWidth <= innerWidth")
    assert page.js("document.querySelector('article h1').textContent.length > 1")


@pytest.mark.parametrize("name", ["start.html", "reference/primitives/activations.html"])
def test_dark_and_light_differ_and_each_picture_is_that_of_its_theme(go, name):
    looks = {}
    for theme in ("light", "dark"):
        page = go(name, theme=theme)
        looks[theme] = page.js("getComputedStyle(document.body).backgroundColor")
        other = {"light": "dark", "dark": "light"}[theme]
        shown = f"[...document.querySelectorAll('.only-{other}')].every(e => !e.offsetParent)"
        assert page.js(shown)
    assert looks["light"] != looks["dark"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("jacobian", "reference/derivatives"), ("softplus", "primitives/activations")],
)
def test_a_search_finds_a_name(go, query, found):
    page = go(f"search.html?q={query}")
    links = "[...document.querySelectorAll('#search-results a')]"
    page.wait_for(f"{links}.some(a => a.href.includes({found!r}))", PATIENCE)


@pytest.mark.parametrize("query", ["链式法则", "梯度", "图"])
def test_a_search_finds_chinese(go, query):
    page = go(f"zh/search.html?q={quote(query)}")
    page.wait_for("document.querySelectorAll('#search-results a').length > 0", PATIENCE)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_code_can_be_read(go, theme):
    """Every word of it has a contrast of 4.5 to what it stands on, as WCAG 2.2 asks (1.4.3)."""
    page = go("howto/train-on-a-csv.html", theme=theme)
    assert page.js(f"({FAINTEST})()") >= 4.5


def test_formulas_are_mathematics_of_the_browser(go):
    page = go("reference/primitives/activations.html")
    assert page.js("document.querySelectorAll('math mfrac').length") > 8
    assert page.js("document.querySelector('.formula math').getBoundingClientRect().height") > 10


# -- JupyterLite -----------------------------------------------------------------------------------

needs_lite = pytest.mark.skipif(
    not Path(SITE, "jupyterlite").is_dir(), reason="the site was built without the playground"
)
IDLE = "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.innerText)"


def click(page, selector, text):
    """With the mouse, on the element that says so."""
    found = (
        f"[...document.querySelectorAll({selector!r})].find(e => e.textContent.trim() === {text!r})"
    )
    page.wait_for(f"{found} !== undefined", PATIENCE)
    middle = "(r => [r.x + r.width / 2, r.y + r.height / 2])"
    x, y = page.js(f"{middle}({found}.getBoundingClientRect())")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)


def run_all(page):
    """Start Python, and run every cell from the menu."""
    page.wait_for(f"document.querySelectorAll('.jp-Cell').length > 10 && {IDLE}", 4 * PATIENCE)
    click(page, ".lm-MenuBar-itemLabel", "Run")
    click(page, ".lm-Menu-itemLabel", "Run All Cells")
    waiting = f"{PROMPTS}.some(text => text.includes('*'))"
    page.wait_for(waiting, PATIENCE)
    page.wait_for(f"!{waiting} && {IDLE}", 4 * PATIENCE)


def complaints(page):
    """What is an error: JupyterLab also warns of itself."""
    found = []
    for event in page.browser.events:
        told = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            found.append(told["exceptionDetails"])
        elif event["method"] == "Log.entryAdded" and told["entry"]["level"] == "error":
            found.append(told["entry"])
        elif event["method"] == "Runtime.consoleAPICalled" and told["type"] == "error":
            found.append(told["args"])
    return found


@needs_lite
def test_a_notebook_runs_in_the_browser(tab):
    """From the link on its page: the engine of the site draws the diagrams and the player."""
    page = tab("notebooks/01_the_chain_rule.html")
    href = page.js("document.querySelector('.open-in-browser a').getAttribute('href')")
    assert href == "../jupyterlite/notebooks/index.html?path=01_the_chain_rule.ipynb"
    page = tab(href.removeprefix("../"))
    run_all(page)
    pictures = "[...document.querySelectorAll('.jp-OutputArea-output img')]"
    kinds = page.js(f"{pictures}.map(image => image.src.slice(0, 18))")
    assert len(kinds) >= 3
    assert set(kinds) == {"data:image/svg+xml"}  # where the committed outputs have a PNG
    assert "e = 6" in page.js(f"{pictures}[0].alt")
    assert page.js("document.querySelectorAll('.chainrule-player svg .cr-node').length") == 5
    assert page.js("document.querySelectorAll('[data-mime-type*=stderr]').length") == 0
    assert complaints(page) == []


@needs_lite
def test_a_notebook_with_pictures_that_the_browser_cannot_draw(tab):
    """Every cell runs, and the committed pictures stand where they were."""
    page = tab("jupyterlite/notebooks/index.html?path=02_a_network_by_hand_zh.ipynb")
    run_all(page)
    assert page.js("document.querySelectorAll('.jp-MarkdownCell img[src^=data]').length") == 1
    assert page.js("document.querySelectorAll('[data-mime-type*=stderr]').length") == 0
    assert complaints(page) == []
