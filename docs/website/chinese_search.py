"""Search in Chinese, which puts no spaces between words: characters are indexed in pairs, and a
query is taken apart likewise, so that a page is found that has all pairs of it.

Sphinx's own class for Chinese needs a dictionary (jieba), and indexes no Chinese without it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from sphinx.search.en import SearchEnglish

__all__ = ["ChineseSearch"]

PIECE = re.compile(r"[\u4e00-\u9fff]+|(?:(?![\u4e00-\u9fff])\w)+")


class ChineseSearch(SearchEnglish):  # type: ignore[misc]
    """Pairs of characters; words in Latin letters as in English."""

    lang = "zh"
    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u4e00-\u9fff]+|(?:(?![\u4e00-\u9fff])[\p{L}\p{N}_])+/gu) ?? []).flatMap((piece) =>
    /[\u4e00-\u9fff]{2}/.test(piece)
      ? [...piece].slice(1).map((character, i) => piece[i] + character)
      : [piece]);
"""

    def split(self, text: str) -> list[str]:
        """The single characters too, which a query of one character asks for.

        >>> ChineseSearch({}).split("用 grad 求导数")
        ['用', 'grad', '求', '导', '数', '求导', '导数']
        """
        found: list[str] = []
        for piece in PIECE.findall(text):
            if "\u4e00" <= piece[0] <= "\u9fff" and len(piece) > 1:
                found += [*piece, *(a + b for a, b in pairwise(piece))]
            else:
                found.append(piece)
        return found


def setup(app: Any) -> dict[str, bool]:
    app.add_search_language(ChineseSearch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
