"""Which program lays a diagram out: a Graphviz on this machine, or the one that pip installed.

A system `dot` comes first: it knows every format and the system's fonts. Otherwise `graphviz-pure`,
a wheel that holds the whole engine; pip puts its command beside Python's, where PATH may not reach.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from graphviz.backend import dot_command  # type: ignore[import-untyped]

from autograd.drawing.other_layouts import IN_BROWSER, Layout
from autograd.engine.locks import new_lock
from autograd.engine.text import printable

__all__ = [
    "DrawingError",
    "bundled_dot",
    "find_dot",
    "laid_out",
    "with_graphviz",
    "without_glyphs",
]

T = TypeVar("T")

BUNDLED = "graphviz-pure"
_LOCK = new_lock()
# Blocks of Unicode that the fonts inside graphviz-pure cover, as far as pictures are concerned:
# Latin, Greek, Cyrillic, Hebrew, punctuation and the commoner signs of mathematics.
COVERED = (
    (0x0000, 0x0530),
    (0x0590, 0x0600),
    (0x1E00, 0x20D0),
    (0x2100, 0x2150),
    (0x2190, 0x2194),
)
COVERED_SIGNS = "∂∆∏∑−∕∙√∞∟∩∫≈≠≡≤≥\u2066\u2067\u2068\u2069"


NONE_FOUND = (
    "a picture needs Graphviz, and no 'dot' was found; run: pip install graphviz-pure "
    "(or install Graphviz from https://graphviz.org/download); the diagram's .source is DOT"
)
NONE_IN_BROWSER = (
    "a picture needs Graphviz, which in a browser the page has to load: give a function of DOT and "
    "a format to autograd.drawing.lay_out_with, or leave it among the page's globals as "
    "chainruleGraphviz (docs/drawing.md shows how); the diagram's .source is DOT"
)


class DrawingError(RuntimeError):
    """A picture that can't be made on this machine, and what to install."""


def find_dot() -> str | None:
    """The path of the program that turns DOT into pictures, or None, as always in a browser."""
    if IN_BROWSER:
        return None
    return shutil.which("dot") or bundled_dot()


def bundled_dot() -> str | None:
    """The path of the program that pip installed, or that a frozen program (PyInstaller's) has with
    it, or None."""
    folders = [getattr(sys, "_MEIPASS", ""), *_beside_this_package()]
    for scheme in (sysconfig.get_default_scheme, lambda: sysconfig.get_preferred_scheme("user")):
        with suppress(KeyError, ValueError):  # where a system has no folders of users
            folders.append(sysconfig.get_path("scripts", scheme()))
    beside = os.pathsep.join(filter(None, folders))
    return shutil.which(BUNDLED, path=beside) or shutil.which(BUNDLED)


def _beside_this_package() -> list[str]:
    """Where `pip install --target` puts programs, in no environment's folder."""
    return [str(Path(__file__).parents[2] / name) for name in ("bin", "Scripts")]


def with_graphviz(format: str, draw: Callable[[str], T]) -> T:
    """Call `draw` while the `graphviz` package runs the program that `find_dot` found; it is given
    that program's path.

    Raises DrawingError where there is none, or where it can't write the format.
    """
    found = find_dot()
    if found is None:
        raise DrawingError(NONE_IN_BROWSER if IN_BROWSER else NONE_FOUND)
    # The package keeps the program's name in a global, so it is ours only while the program runs.
    with _LOCK:
        before = dot_command.DOT_BINARY
        try:
            dot_command.DOT_BINARY = Path(found)
            return draw(found)
        except subprocess.CalledProcessError as error:
            raise DrawingError(_complaint(Path(found).name, format, error)) from None
        finally:
            dot_command.DOT_BINARY = before


def laid_out(layout: Layout, source: str, format: str) -> bytes:
    """The picture by a function in the place of a program. Raises DrawingError where it fails."""
    try:
        picture = layout(source, format)
    except Exception as error:
        raise DrawingError(
            f"no {format} from the layout function: {printable(str(error), 500)}"
        ) from error
    return picture.encode() if isinstance(picture, str) else bytes(picture)


def _complaint(program: str, format: str, error: subprocess.CalledProcessError) -> str:
    said = error.stderr
    if isinstance(said, bytes):
        said = said.decode(errors="replace")
    if "not recognized" in said:
        return (
            f"{program} can't write {format}; write svg or png, or install Graphviz from "
            "https://graphviz.org/download, which can"
        )
    return f"{program} failed with status {error.returncode}: {printable(said.strip(), 500)}"


def without_glyphs(text: str, at_most: int = 5) -> str:
    """The first characters of the text for which graphviz-pure's own fonts have no shape.

    >>> without_glyphs("∂y/∂x = −∞"), without_glyphs("漢字 = 2")
    ('', '漢字')
    """
    missing = dict.fromkeys(
        c
        for c in text
        if c not in COVERED_SIGNS and not any(low <= ord(c) < high for low, high in COVERED)
    )
    return "".join(list(missing)[:at_most])
