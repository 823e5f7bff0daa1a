"""The built site in headless Chromium: on a phone and a wide screen, light and dark, searched; no
error, no other host. Needs Chromium, and CHAINRULE_SITE: what docs/make_site.py wrote."""

from __future__ import annotations

import functools
import http.server
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
  const words = [...document.querySelectorAll('.highlight pre span:not(:empty)')];
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
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def go(browser, address):
    """Opens a page of the site; at the end no other host was asked and nothing failed."""
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
    requests = [e["params"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    urls = [request["request"]["url"] for request in requests]
    assert [url for url in urls if not url.startswith((address, "data:", "blob:"))] == []
    assert page.errors() == []
    browser.send("Target.closeTarget", targetId=page.target)


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
