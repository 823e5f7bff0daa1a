"""A notebook as it runs in the browser: what needs a package that is not there is only shown."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from playground.build import with_short_chains, without_what_is_missing

__all__ = ["in_browser"]

KERNEL = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
PLAYGROUND = re.compile(r"\]\(\.\./docs/[^)]*\bplayground\b[^)]*\)")  # it's another way here
ELSEWHERE = re.compile(r"\[(?P<text>[^][]*)\]\((?!\w+://|#)[^)\s]*\.md[^)\s]*\)")
NOT_HERE = {
    "en": "> **To be read here, not run.** It needs NumPy, SciPy or machine code, and none of "
    "them is in the browser. Download it from its page on the site to run it.",
    "zh": "> **在这里只能读，不能运行。** 它需要 NumPy、SciPy 或机器代码，浏览器里都没有。"
    "要运行它，请从网站上它的页面下载。",
}
SAID = {
    "en": "*This needs a package that is not in the browser. In a notebook of your own it gives:*",
    "zh": "*这里需要浏览器中没有的软件包。在自己的笔记本里，它给出：*",
}


def in_browser(path: Path, runs: bool) -> dict[str, Any]:
    """The notebook for JupyterLite. Of one that runs there, a statement that lacks something is a
    comment, and the picture that it gave stands below; one that does not says so below its title.
    Either is complete to read, with its outputs."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    notebook["metadata"] |= {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    language = "zh" if path.stem.endswith("_zh") else "en"
    lost: set[str] = set()
    cells = []
    for cell in notebook["cells"]:
        cells.append(cell)
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = ELSEWHERE.sub(r"\g<text>", _without_playground(source))
        elif runs:
            code = with_short_chains(source) if path.name.startswith("00_") else source
            cell["source"] = without_what_is_missing(code, lost)
            if "(not in the browser)" in cell["source"]:
                cells += _kept_picture(cell, SAID[language])
    if not runs:
        cells.insert(1, _markdown("not-in-the-browser", NOT_HERE[language]))
    return {**notebook, "cells": cells}


def _without_playground(source: str) -> str:
    """Without the paragraphs that lead there, however many lines they have."""
    paragraphs = re.split(r"\n{2,}", source)
    return "\n\n".join(text for text in paragraphs if not PLAYGROUND.search(text))


def _kept_picture(cell: dict[str, Any], said: str) -> list[dict[str, Any]]:
    """The picture of a cell that cannot draw it here, taken out of its outputs, as a cell."""
    drawn = [x for x in cell["outputs"] if "image/png" in x.get("data", {})]
    if not drawn:
        return []
    cell["outputs"] = [x for x in cell["outputs"] if x not in drawn]
    words = escape(cell["metadata"].get("alt", ""))
    picture = "".join("".join(drawn[0]["data"]["image/png"]).split())
    width = drawn[0]["metadata"].get("image/png", {}).get("width", "")
    shown = f'<img alt="{words}" width="{width}" src="data:image/png;base64,{picture}">'
    return [_markdown(f"{cell['id']}-picture", f"{said}\n\n{shown}")]


def _markdown(key: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": key, "metadata": {}, "source": text}
