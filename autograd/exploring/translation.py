"""Sentences of the engine in another language, by the forms they have.

The engine makes its sentences in English. A form is a regular expression that a whole sentence
matches, and what is said instead: `\\1` is a part as it stands (a name, a formula, a number), `{1}`
is a part that is a sentence again. Whoever has sentences to show writes a list of forms and asks
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

__all__ = ["Forms", "translated"]

Forms: TypeAlias = Sequence[tuple[str, str]]

PART: Final = re.compile(r"\\(\d)|\{(\d)\}")


def translated(text: str, forms: Forms, part: Callable[[str], str]) -> str | None:
    """What the first form that fits says; None where none does. `part` translates what stands at
    `{1}`.

    >>> forms = [("(.+) is not a number; got (.+)", "{1}\\u4e0d\\u662f\\u6570"), ("one", "\\u4e00")]
    >>> translated("one is not a number; got a", forms, lambda text: "1")
    '1\\u4e0d\\u662f\\u6570'
    """
    for form, said in forms:
        found = re.fullmatch(form, text, re.DOTALL)
        if found:
            return _filled(said, found, part)
    return None


def _filled(said: str, found: re.Match[str], part: Callable[[str], str]) -> str:
    def filling(place: re.Match[str]) -> str:
        as_it_stands, again = place.groups()
        return (found[int(as_it_stands)] or "") if as_it_stands else part(found[int(again)] or "")

    return PART.sub(filling, said)
