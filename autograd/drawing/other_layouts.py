"""Graphviz without a program to run: a function that lays DOT out, such as one of WebAssembly.

In a browser (Pyodide, JupyterLite) there are no programs. The page loads a Graphviz and either
leaves a function `chainruleGraphviz(dot, format)` among its globals or hands one to `lay_out_with`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

__all__ = ["IN_BROWSER", "Layout", "lay_out_with", "other_layout"]

Layout = Callable[[str, str], str | bytes]

IN_BROWSER = sys.platform == "emscripten"
PAGE_FUNCTION = "chainruleGraphviz"
_chosen: list[Layout] = []  # one or none


def lay_out_with(layout: Layout | None) -> None:
    """Let this function make the pictures, in the place of a Graphviz program; None ends that.

    It is given a picture as DOT, and a format such as "svg", and returns what the format says, as
    text or bytes. An exception of it is a DrawingError of the picture.

    >>> from autograd import Value, draw
    >>> lay_out_with(lambda dot, format: f"{dot.count('->')} arrow, as {format}")
    >>> draw(Value(2.0, "a") * 3.0).pipe("plain", encoding="utf-8")
    '1 arrow, as plain'
    >>> lay_out_with(None)
    """
    if layout is not None and not callable(layout):
        raise TypeError(
            f"layout must be a function of DOT and a format, or None; got {type(layout).__name__}"
        )
    _chosen[:] = [] if layout is None else [layout]


def other_layout() -> Layout | None:
    """The function that was chosen, or in a browser that of the page, or None."""
    return _chosen[0] if _chosen else _of_page() if IN_BROWSER else None


def _of_page() -> Layout | None:
    import js  # type: ignore[import-not-found]

    found: Any = getattr(js, PAGE_FUNCTION, None)
    return None if found is None else lambda dot, format: str(found(dot, format))
