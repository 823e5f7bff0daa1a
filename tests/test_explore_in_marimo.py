"""`explore` in a marimo app in a real browser: a slider moves every gradient."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from test_player import CHROMIUM, Browser, Page, needs

pytestmark = pytest.mark.one_form

APP = """import marimo

app = marimo.App()


@app.cell
def _():
    from autograd import explore

    explore("c = a + b; d = b + 1; e = c * d", a=2, b=1)
    return
"""
FIND = """(() => {  // marimo puts a widget into the shadow of an element of its own
  const within = root => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(".chainrule-explorer")) return element;
      const found = element.shadowRoot && within(element.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return within(document);
})()"""
PATIENCE = 120  # seconds, for a machine that does much else


@pytest.fixture
def app(tmp_path):
    """The address of a marimo server with the app."""
    (tmp_path / "app.py").write_text(APP, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", "--headless", "--no-token"]
    source = str(Path(__file__).resolve().parents[1])
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), str(tmp_path / "app.py")],
        env={**os.environ, "MARIMO_SKIP_UPDATE_CHECK": "1", "PYTHONPATH": source},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(30)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")
@needs("marimo")
@needs("anywidget")
def test_it_moves(app, tmp_path):
    """a from 2 to -3: e = (a+b)(b+1) is -4, and b gets 2 + (-2) = 0."""
    browser = Browser(tmp_path / "profile")
    try:
        page = Page(browser)
        page.visit(app, "body")
        page.wait_for(f"Boolean({FIND}?.querySelector('svg .cr-node'))", PATIENCE)
        assert page.js(f"{FIND}.querySelector('.cr-caption').textContent") == (
            "e = 6; ∂e/∂a = 2, ∂e/∂b = 5"
        )
        page.js(
            "(s => { s.value = -3; s.dispatchEvent(new Event('input')); })"
            f"({FIND}.querySelector('input[type=range]'))"
        )
        moved = "e = −4; ∂e/∂a = 2, ∂e/∂b = 0"
        page.wait_for(f"{FIND}.querySelector('.cr-caption').textContent === {moved!r}", PATIENCE)
        texts = page.js(f"[...{FIND}.querySelectorAll('.cr-stage text')].map(t => t.textContent)")
        assert "grad 2 + (−2) = 0" in texts
    finally:
        browser.close()
