"""What the pages of pictures that move are made of: colours, scripts, data for them, a page."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from autograd.drawing.palette import THEMES, dark_colours, on_pages

__all__ = [
    "asset",
    "colour_names",
    "darkened",
    "explorer_module",
    "explorer_styles",
    "in_one_script",
    "page_of",
    "script_safe",
    "themes",
    "uri",
]

LIGHT, DARK = asdict(THEMES["light"]), asdict(THEMES["dark"])
IMPORT = re.compile(r"^import .* from \"\./picture\.js\";\n", re.MULTILINE)


def colour_names() -> dict[str, str]:
    """What each colour of the palette is called, for a script that replaces them by variables."""
    return {colour: name for theme in (LIGHT, DARK) for name, colour in theme.items()}


def themes() -> str:
    """The palette as CSS variables: the reader's preference, unless the notebook has its own."""
    light, dark = _variables(LIGHT), _variables(DARK)
    player = ".chainrule-player"
    rules = "".join(
        f":where({player}) .cr-{what}-{name} {{ {what}: var(--cr-{name}); }}\n"
        for name in LIGHT
        for what in ("fill", "stroke")
    )
    return (
        f"{player} {{ color-scheme: light; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {player} {{ color-scheme: dark; {dark} }} }}\n"
        f"{on_pages('light', player)} {{ color-scheme: light; {light} }}\n"
        f"{on_pages('dark', player)} {{ color-scheme: dark; {dark} }}\n"
        f"@media print {{ {player}{player}{player} {{ color-scheme: light; {light} }} }}\n"
        f"{rules}"
    )


def _variables(theme: dict[str, str]) -> str:
    return " ".join(f"--cr-{name}: {colour};" for name, colour in theme.items())


def darkened(svg: str) -> str:
    """The picture in the dark palette. Quotes in a label are entities, so only attributes match."""
    dark = dark_colours()
    pattern = rf'\b(fill|stroke)="({"|".join(dark)})"'
    return re.sub(pattern, lambda found: f'{found[1]}="{dark[found[2]]}"', svg)


def uri(svg: str) -> str:
    """The picture as an address that holds it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def script_safe(data: Mapping[str, Any]) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def asset(name: str, package: str = __package__) -> str:
    """A script or a style sheet of a folder, of this one unless told otherwise."""
    return files(package).joinpath(name).read_text("utf-8")  # a zip file may hold it


def in_one_script(shared: str, script: str) -> str:
    """A module and a script that imports from it, as one classic script whose names are its own."""
    both = shared + IMPORT.sub("", script)
    return (
        '(() => {\n"use strict";\n' + re.sub(r"^export ", "", both, flags=re.MULTILINE) + "})();\n"
    )


def explorer_module() -> str:
    """The explorer as one ES module, which exports `mount`."""
    return asset("picture.js") + IMPORT.sub("", asset("explorer.js"))


def explorer_styles() -> str:
    """The style sheet of what the explorer shows."""
    return themes() + asset("picture.css") + asset("explorer.css")


def page_of(fragment: str, title: str, lang: str) -> str:
    """A page that shows a fragment and needs nothing else."""
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n"
        "<style>body { margin: 1rem auto; max-width: 90rem; padding: 0 1rem; }\n"
        "@media (max-width: 500px) { body { padding: 0 .5rem; } }\n"
        "@media (prefers-color-scheme: dark) { body { background: #0d1013; } }</style>\n"
        f"</head>\n<body>\n<main data-chainrule-page>\n{fragment}</main>\n</body>\n</html>\n"
    )
