"""Colours of pictures: one table, for light and dark backgrounds.

Blue for values and orange for gradients survive colour blindness; every text has a contrast of at
least 4.8:1 on every fill; a word or a shape always repeats what a colour says.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["PAGES", "THEMES", "Palette", "dark_colours", "on_pages"]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme. `alarm` marks what is not finite, on it stands `background`."""

    background: str
    text: str
    muted: str
    line: str
    value: str
    grad: str
    input: str
    parameter: str
    output: str
    alarm: str


THEMES = {
    "light": Palette(
        background="#ffffff",
        text="#1b1f24",
        muted="#57606a",
        line="#7d8590",
        value="#0064a6",
        grad="#b34700",
        input="#e8f3fb",
        parameter="#e4f4ee",
        output="#fff6dc",
        alarm="#b3261e",
    ),
    "dark": Palette(
        background="#16191d",
        text="#e6edf3",
        muted="#a3adb8",
        line="#8b949e",
        value="#6cb9f5",
        grad="#f0a35e",
        input="#15324a",
        parameter="#11382c",
        output="#3b3212",
        alarm="#ff8f87",
    ),
}

# How JupyterLab, VS Code, Sphinx's themes and Colab say which theme they show.
PAGES = {
    "light": (
        "[data-jp-theme-light='true']",
        ".vscode-light",
        "[data-theme='light']",
        "[theme='light']",
    ),
    "dark": (
        "[data-jp-theme-light='false']",
        ".vscode-dark",
        "[data-theme='dark']",
        "[theme='dark']",
    ),
}


def on_pages(theme: str, inner: str) -> str:
    """The CSS selector of what is inside a page that shows a theme."""
    return ", ".join(f"{page} {inner}" for page in PAGES[theme])


def dark_colours() -> dict[str, str]:
    """The colour of the dark theme for each of the light one, and for Graphviz's own two."""
    light, dark = asdict(THEMES["light"]), asdict(THEMES["dark"])
    found = {colour: dark[name] for name, colour in light.items()}
    return {**found, "black": dark["text"], "white": dark["background"]}
