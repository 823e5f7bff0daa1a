"""An exploration as a page of its own: the numbers stay as they are, the quiz works."""

from __future__ import annotations

import base64
import html
import json
import os
from typing import Any

from autograd.drawing.files import write_file
from autograd.exploring.exploration import Exploration
from autograd.exploring.lines import UNKNOWN
from autograd.exploring.page_parts import (
    asset,
    explorer_module,
    explorer_styles,
    in_one_script,
    page_of,
    script_safe,
    uri,
)

NARROW = 260  # pixels that there are for a picture on the smallest phones

__all__ = ["QuizPage", "saved_fragment", "saved_to"]


def saved_fragment(exploration: Exploration) -> str:
    """The exploration as a fragment of a page, which needs nothing from outside. The answers are
    not to be read in its source at a glance."""
    shown = _shown(exploration)
    state = shown["state"]
    data = script_safe({**shown, "narrow": _on_a_phone(exploration)})
    script = in_one_script(explorer_module(), asset("still.js") + 'open(".chainrule-saved");\n')
    picture = f'<img alt="{html.escape(state["alt"])}" src="{uri(state["picture"])}">'
    return (
        f'<div class="chainrule-saved" lang="{exploration.language}">\n'
        f"<style>\n{explorer_styles()}</style>\n{picture}\n"
        f'<script type="application/json">{data}</script>\n'
        f"<script>\n{script}</script>\n</div>\n"
    )


def _shown(exploration: Exploration) -> dict[str, Any]:
    """What the script starts with."""
    state = {**exploration.state(), "panel": None, "place": None, "still": True}
    saved = {**exploration.saved(), "unknown": UNKNOWN}
    packed = base64.b64encode(json.dumps(saved, allow_nan=False).encode()).decode()
    return {"state": state, "saved": packed}


def _on_a_phone(exploration: Exploration) -> dict[str, Any] | None:
    """The same with a picture from top to bottom, for where the other is too wide to be read."""
    if exploration.narrow or exploration.moment.picture.narrowest <= NARROW:
        return None
    exploration.receive({"narrow": True})
    try:
        return _shown(exploration)
    finally:
        exploration.receive({"narrow": False})


def saved_to(filename: str | os.PathLike[str], exploration: Exploration) -> str:
    """Write it as a page, and return the path. Raises ValueError for a name that does not end in
    .html."""
    if os.path.splitext(filename)[1].lower() not in (".html", ".htm"):
        raise ValueError(
            f"what is explored is a page; end the name in .html, got {os.fspath(filename)!r}"
        )
    title = exploration.moment.summary(exploration.language)
    page = page_of(saved_fragment(exploration), title, exploration.language)
    write_file(filename, page.encode())
    return os.fspath(filename)


class QuizPage:
    """What `steps(e, quiz=True)` returns: it shows itself in a notebook and saves itself as a page.

    exploration: the same for a front end of your own.
    """

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration

    def __repr__(self) -> str:
        count = len(self.exploration.quiz.questions) if self.exploration.quiz else 0
        summary = self.exploration.moment.summary("en")
        return f"<Quiz of {count} questions: {summary}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}

    def html(self) -> str:
        """The quiz as a fragment of a page, which needs nothing from outside the fragment."""
        return saved_fragment(self.exploration)

    def save(self, filename: str | os.PathLike[str]) -> str:
        """Write a page of its own, and return its path."""
        return saved_to(filename, self.exploration)
