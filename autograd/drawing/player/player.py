"""The player: a diagram in which the values appear and the gradients flow back, step by step.

A player is one HTML fragment that needs nothing from outside: the finished picture as an image, all
steps in words, and a script (player.js) that puts the picture's SVG in the image's place and
animates it: it knows nodes and edges by the ids that `draw` gives them, and a line of text by its
colour, since its words may be those of a label. Where scripts are blocked, picture and words stay.
"""

from __future__ import annotations

import hashlib
import html
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, overload

from autograd.drawing.choosing import Limits, needed
from autograd.drawing.detail import draw_every_edge
from autograd.drawing.dot_language import isolated
from autograd.drawing.files import write_file
from autograd.drawing.number_text import figure
from autograd.drawing.picture_words import known_language
from autograd.drawing.player.animation import Animation, Frame, backpropagated
from autograd.drawing.svg import narrowest
from autograd.drawing.value_boxes import NAME_WIDTH
from autograd.engine.graph import topological_order
from autograd.engine.text import names, plural
from autograd.exploring.explorable import explorable
from autograd.exploring.exploration import Exploration
from autograd.exploring.page_parts import (
    asset,
    colour_names,
    darkened,
    in_one_script,
    page_of,
    script_safe,
    themes,
    uri,
)
from autograd.exploring.panel import panel
from autograd.exploring.saved_page import QuizPage
from autograd.exploring.wording import LANGUAGES

if TYPE_CHECKING:
    from autograd.engine.value import Value

__all__ = ["Player", "steps"]

PICTURES = {".svg", ".png", ".pdf", ".gif", ".jpg", ".jpeg", ".webp", ".mp4", ".dot", ".gv"}


@overload
def steps(
    root: Value,
    *,
    rankdir: str = "auto",
    max_nodes: int = 200,
    lang: str = "en",
    quiz: Literal[False] = False,
) -> Player: ...


@overload
def steps(
    root: Value,
    *,
    rankdir: str = "auto",
    max_nodes: int = 200,
    lang: str = "en",
    quiz: Literal[True],
) -> QuizPage: ...


def steps(
    root: Value,
    *,
    rankdir: str = "auto",
    max_nodes: int = 200,
    lang: str = "en",
    quiz: bool = False,
) -> Player | QuizPage:
    """The diagram of `root` as a player: values appear, then gradients flow back edge by edge.

    It shows itself in a notebook; `.save("e.html")` writes a page that needs nothing else, `.steps`
    is the list of what happens. Pointing at a node lists the paths behind its gradient. Gradients
    are those of one backward pass from `root`; the Values themselves are left as they are.

    rankdir: as for `draw`. lang: of the picture, the captions and the buttons, "en" or "zh". quiz:
        the same picture, with all that backpropagation finds hidden, as questions to the reader; a
        wrong answer is told which slip it shows.

    Raises TypeError if `root` is not a Value, ValueError if the graph has more than `max_nodes`
    nodes or five times as many edges, or for another language, DrawingError where there is no
    Graphviz.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(1.0, "b")
    >>> for step in steps(a * b).steps:
    ...     print(step.caption)
    a = 2
    b = 1
    v1 = a * b = 2 * 1 = 2
    v1.grad = 1
    v1 → a: 1 × 1 = 1
    v1 → b: 1 × 2 = 2
    v1 = 2; ∂v1/∂a = 1, ∂v1/∂b = 2
    """
    if not hasattr(root, "parents") or not hasattr(root, "partials"):
        raise TypeError(f"steps needs a Value, the root of a graph; got {type(root).__name__}")
    limits = Limits(max_nodes, rankdir=rankdir, lang=known_language(lang))
    _check_size(root, max_nodes)
    if quiz:
        source = explorable(root, (), {})
        return QuizPage(Exploration(source, quiz=True, lang=lang, limits=limits, still=True))
    done = backpropagated(root)
    diagram = draw_every_edge(done, limits)
    name = {key: isolated(text) for key, text in names(topological_order(done), NAME_WIDTH).items()}
    svg = diagram.pipe("svg", encoding="utf-8")
    return Player(Animation(done, name, LANGUAGES[lang]), svg, diagram.summary, lang)


def _check_size(root: Value, max_nodes: int) -> None:
    order = topological_order(root)
    nodes, arrows = len(order), sum(len(node.parents) for node in order)
    if needed(nodes, arrows) > max_nodes:
        raise ValueError(
            f"the graph has {plural(nodes, 'node')} and {plural(arrows, 'edge')}, too many to "
            f"follow step by step (max_nodes={max_nodes:,}); play a part of it, such as the loss "
            f"of a single sample, or pass max_nodes={needed(nodes, arrows)}"
        )


class Player:
    """What `steps` returns: it shows itself in a notebook and saves itself as a page.

    steps: the list of Frame records. svg: the finished picture. summary: what it shows, in words.
    """

    lang = "en"  # of a player from a file of 0.1.0, too

    def __init__(self, animation: Animation, svg: str, summary: str, lang: str = "en") -> None:
        self.steps: list[Frame] = animation.frames()
        self.svg = svg
        self.summary = summary
        self.lang = lang
        self._data = _data(animation, self.steps)

    def __repr__(self) -> str:
        return f"<Player of {plural(len(self.steps), 'step')}: {self.summary}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}

    def html(self) -> str:
        """The player as a fragment of a page, which needs nothing from outside the fragment."""
        key = hashlib.sha256((self.svg + self._data).encode()).hexdigest()[:12]
        words = LANGUAGES[self.lang].page
        heading = words["steps"].format(len(self.steps))
        more = {"narrowest": round(narrowest(self.svg)), "words": words}
        data = f"{self._data[:-1]},{script_safe(more)[1:]}"
        captions = "".join(f"<li>{html.escape(step.caption)}</li>" for step in self.steps)
        style = themes() + asset("picture.css") + asset("player.css", __package__)
        script = in_one_script(asset("picture.js"), asset("player.js", __package__))
        return (
            f'<div class="chainrule-player" id="chainrule-{key}" lang="{self.lang}" dir="ltr" '
            'data-lm-suppress-shortcuts="true">\n'
            f"<style>\n{style}</style>\n"
            '<div class="cr-stage"><picture><source media="(prefers-color-scheme: dark)" '
            f'srcset="{uri(darkened(self.svg))}"><img alt="{html.escape(self.summary)}" '
            f'src="{uri(self.svg)}"></picture></div>\n'
            f"<details><summary>{heading}</summary>"
            f"<ol>{captions}</ol></details>\n"
            f'<script type="application/json">{data}</script>\n'
            f"<script>\n{script}</script>\n"
            "</div>\n"
        )

    def save(self, filename: str | os.PathLike[str]) -> str:
        """Write a page of its own, and return its path. A file that is there is replaced in one go
        or, if anything fails, left as it is. Raises ValueError for a name that ends as those of
        pictures do, such as .svg: a page is HTML."""
        if os.path.splitext(filename)[1].lower() in PICTURES:
            raise ValueError(
                "what is played is a page in HTML; give a name that ends in .html, got "
                f"{os.fspath(filename)!r} (autograd.draw(root).render(...) writes pictures)"
            )
        page = page_of(self.html(), self.summary, self.lang)
        write_file(filename, page.encode())
        return os.fspath(filename)


# -- what the script is told -----------------------------------------------------------------------


def _data(animation: Animation, steps: list[Frame]) -> str:
    """The steps and the values, in words and places, for the script."""
    place = {(id(edge.output), edge.position): j for j, edge in enumerate(animation.edges)}
    data = {
        "start": {"caption": animation.words.start, "note": animation.words.start_note},
        "steps": [_step(step) for step in steps],
        "nodes": [
            panel(animation.root, node, animation.name, animation.words, place)
            for node in animation.order
        ],
        "edges": [
            [animation.place[id(edge.parent)], animation.place[id(edge.output)]]
            for edge in animation.edges
        ],
        "colours": colour_names(),
    }
    return script_safe(data)


def _step(step: Frame) -> dict[str, Any]:
    fields = asdict(step)
    return {"figures": [figure(x) for x in fields.pop("numbers")], **fields}
