"""Mathematics as MathML, which browsers show by themselves: no script, and no other host."""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

__all__ = ["setup"]

logger = logging.getLogger(__name__)


UNKNOWN = {r"\dots": r"\ldots", r"\dotsc": r"\ldots", r"\lvert": "|", r"\rvert": "|"}
COMMAND = re.compile(r"\\[a-zA-Z]+")


def mathml(node: Any, *, as_block: bool) -> str:
    """A formula of LaTeX; what docutils can't read is a warning, and so an error of the build."""
    text = COMMAND.sub(lambda m: UNKNOWN.get(m[0], m[0]), node.astext())
    try:
        return str(tex2mathml(text, as_block=as_block))
    except MathError as error:
        logger.warning("%s in %s", error, text, location=node)
        return html.escape(text)


def visit_inline(translator: Any, node: Any) -> None:
    translator.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_block(translator: Any, node: Any) -> None:
    formula = mathml(node, as_block=True)
    translator.body.append(f'<div class="formula">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
