"""Graphviz's SVG, told in words: what a screen reader says and what a browser shows on hovering."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from autograd.drawing.palette import THEMES, dark_colours

__all__ = ["SMALLEST", "narrowest", "pixels", "with_both_themes", "with_words"]

SMALLEST = 0.68  # of its natural size, at which a picture can still be read
ROOT = re.compile(r"<svg\b[^>]*>")
POINTS = re.compile(r'<svg\b[^>]*? width="([\d.]+)pt"')
SCALE = re.compile(r'class="graph" transform="scale\(([\d.]+)')
COMMENT = re.compile(r"<!--[^>]*-->\s*")  # in Graphviz's SVG a ">" of anyone's text is "&gt;"
GRAPH_TITLE = re.compile(r'(<g id="[^"]*" class="graph"[^>]*>\s*)<title>[^<]*</title>\s*')
TITLE = re.compile(r'(<g id="([^"]*)" class="(?:node|edge)"[^>]*>\s*)<title>[^<]*</title>')


def with_words(
    svg: str, title: str, summary: str, words: Mapping[str, str], lang: str = "en"
) -> str:
    """The SVG as an image with a title and a description; `words` replaces titles, by id. Another
    language than English is said, by which a browser chooses its fonts and a screen reader its
    voice.

    Text without words to put there (as of a diagram to which someone added nodes) stays as it is.
    """

    def titled(found: re.Match[str]) -> str:
        said = words.get(found[2])
        return f"{found[1]}<title>{escape(said, quote=False)}</title>" if said else found[0]

    svg = TITLE.sub(titled, GRAPH_TITLE.sub(r"\1", COMMENT.sub("", svg), count=1))
    spoken = f"{title}: {summary}" if title else summary
    root = ROOT.search(svg)
    if root is None or not spoken:
        return svg
    language = "" if lang == "en" else f' xml:lang="{lang}"'
    opening = f'{root[0][:-1]}{language} role="img" aria-label="{escape(spoken)}">'
    opening += f"\n<title>{escape(title or summary, quote=False)}</title>"
    if title:
        opening += f"\n<desc>{escape(summary, quote=False)}</desc>"
    return svg[: root.start()] + opening + svg[root.end() :]


def with_both_themes(svg: str) -> str:
    """The SVG of the light theme with the colours of the dark one besides, for where the page that
    shows it, or else the reader, prefers that."""
    rules = "".join(
        f'[{what}="{colour}"]{{{what}:{other}}}'
        for colour, other in dark_colours().items()
        for what in ("fill", "stroke")
    )
    rules += f"text:not([fill]){{fill:{THEMES['dark'].text}}}"
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    return ROOT.sub(lambda found: found[0] + style, svg, count=1)


def pixels(svg: str) -> float:
    """How wide the picture is on a screen; 0 if it does not say."""
    found = POINTS.search(svg)
    return float(found[1]) * 4 / 3 if found else 0.0


def narrowest(svg: str) -> float:
    """How wide it has to be on a screen so that it can be read, in pixels."""
    scale = SCALE.search(svg)  # by which Graphviz made it smaller
    return min(pixels(svg), SMALLEST * pixels(svg) / (float(scale[1]) if scale else 1.0))
