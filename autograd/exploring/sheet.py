"""An exercise on paper: one page to print, with lines to write on or with the answers."""

from __future__ import annotations

import html
from collections.abc import Mapping

from autograd.drawing.number_text import figure
from autograd.drawing.svg import pixels
from autograd.exploring.exploration import Exploration
from autograd.exploring.page_parts import uri
from autograd.exploring.phrases import PHRASES
from autograd.exploring.quiz import Question, questions_about

__all__ = ["sheet"]

STYLE = """
@page { size: A4; margin: 14mm; }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 186mm; background: #ffffff; color: #1b1f24;
  color-scheme: light;
  font: 11pt/1.4 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header { display: flex; justify-content: space-between; gap: 1em; align-items: baseline; }
h1 { margin: 0; font-size: 15pt; }
.who { flex: 1; max-width: 16em; border-bottom: 1px solid #7d8590; color: #57606a; }
.formula { margin: .5em 0; font-weight: 600; overflow-wrap: anywhere; }
p { margin: .3em 0; }
img { display: block; max-width: 100%; max-height: 105mm; margin: .6em auto; }
.groups { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 9mm; }
h2 { margin: .3em 0; font-size: 11pt; color: #57606a; }
.row { display: flex; gap: .5em; align-items: baseline; min-height: 6.4mm; break-inside: avoid; }
.row b { flex: 1; font-weight: 600; color: #b34700; border-bottom: 1px solid #7d8590; }
footer { margin-top: .8em; color: #57606a; font-size: 8.5pt; }
@media (max-width: 560px) { .groups { grid-template-columns: 1fr; } }
@media print {
  body { padding: 0; max-width: none; }
  .groups { grid-template-columns: repeat(3, 1fr); }
}
"""

UPRIGHT_WIDTH = 688.0  # pixels between the margins of a page that stands upright
LYING = """
@page { size: A4 landscape; margin: 12mm 14mm; }
body { max-width: 277mm; }
img { max-height: 103mm; margin: .2em auto; }
@media print, (min-width: 900px) {
  .groups { display: block; columns: 5; column-gap: 5mm; }
  section { display: contents; }
  h2 { break-after: avoid; }
}
"""  # for a wide picture, whose words would be small on an upright page


def sheet(exploration: Exploration, heading: Mapping[str, str], *, answers: bool) -> str:
    """The page. `heading`: which exercise it is."""
    words, moment = PHRASES[exploration.language], exploration.moment
    asked = questions_about(moment.graph, moment.picture.level)
    hidden = frozenset() if answers else frozenset(question.id for question in asked)
    picture = moment.picture.saying(moment.texts(hidden))
    style = STYLE + (LYING if pixels(picture) > UPRIGHT_WIDTH else "")
    groups = "".join(
        _group(words[kind], [x for x in asked if x.asked.kind == kind], answers)
        for kind in ("derivative", "message", "gradient")
    )
    title = words["sheet_answers" if answers else "sheet"]
    who = "" if answers else f'<span class="who">{words["name"]}</span>'
    numbers = ", ".join(f"{name} = {figure(x)}" for name, x in exploration.numbers.items())
    formula = f"{getattr(exploration.source, 'text', '')}; {numbers}"
    said = "" if answers else f"<p>{html.escape(words['sheet_how'])}</p>"
    return (
        f'<!doctype html>\n<html lang="{exploration.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{html.escape(title)}</h1>{who}</header>\n"
        f'<div class="formula">{html.escape(formula)}</div>\n{said}\n'
        f'<img alt="{html.escape(moment.summary(exploration.language))}" src="{uri(picture)}">\n'
        f'<div class="groups">{groups}</div>\n'
        f"<footer>{html.escape(words['sheet_which'].format(**heading))}</footer>\n"
        "</body>\n</html>\n"
    )


def _group(title: str, questions: list[Question], answers: bool) -> str:
    rows = "".join(
        f'<div class="row"><span>{html.escape(question.label)} =</span>'
        f"<b>{figure(question.asked.truth) if answers else '&nbsp;'}</b></div>"
        for question in questions
    )
    return f"<section><h2>{html.escape(title)}</h2>{rows}</section>" if questions else ""
