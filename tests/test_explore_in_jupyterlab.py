"""`explore` in a real JupyterLab: it moves, and goes on where it was when its cell is run again."""

import json
import time

import pytest
from test_player import CHROMIUM, Browser, Page, lab, needs

pytestmark = pytest.mark.one_form

CELL = "from autograd import explore\nexplore('c = a + b; d = b + 1; e = c * d', a=2, b=1)"
CAPTION = "document.querySelector('.chainrule-explorer .cr-caption')?.textContent"
MOVED = "e = −4; ∂e/∂a = 2, ∂e/∂b = 0"

__all__ = ["lab"]  # a fixture


def notebook(path):
    cell = {"cell_type": "code", "id": "c0", "metadata": {}, "outputs": [], "source": CELL}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    whole = {
        "cells": [{**cell, "execution_count": None}],
        "metadata": kernel,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(whole), "utf-8")


def run_cell(page):
    """A click beside the cell, and Control+Enter; a dialog about the kernel is accepted."""
    page.js("document.querySelector('.jp-Dialog .jp-mod-accept')?.click()")
    x, y = page.js(
        "(r => [r.x + r.width / 2, r.y + r.height / 2])"
        "(document.querySelector('.jp-Cell .jp-InputPrompt').getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    for kind in ("keyDown", "keyUp"):
        page.send(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            windowsVirtualKeyCode=13,
            modifiers=2,
        )


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH")
@needs("jupyterlab")
@needs("anywidget")
def test_it_moves_and_goes_on(lab, tmp_path):
    folder, address = lab
    notebook(folder / "n.ipynb")
    browser = Browser(tmp_path / "profile")
    try:
        page = Page(browser)
        page.visit(f"{address}/n.ipynb?reset", ".jp-Notebook .jp-Cell .jp-InputPrompt")
        end = time.monotonic() + 120
        while not page.js(f"{CAPTION} !== undefined"):
            assert time.monotonic() < end, "the cell never showed anything"
            run_cell(page)
            time.sleep(5)
        assert page.js(CAPTION) == "e = 6; ∂e/∂a = 2, ∂e/∂b = 5"
        page.js(
            "(s => { s.value = -3; s.dispatchEvent(new Event('input')); })"
            "(document.querySelector('.chainrule-explorer input[type=range]'))"
        )
        page.wait_for(f"{CAPTION} === {MOVED!r}")
        page.js("document.querySelector('.chainrule-explorer').dataset.old = 'yes'")
        run_cell(page)
        page.wait_for("document.querySelector('.chainrule-explorer:not([data-old])') !== null", 60)
        page.wait_for(f"{CAPTION} === {MOVED!r}")
    finally:
        browser.close()
