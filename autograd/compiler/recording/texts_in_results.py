"""What a compiled function returns: a nesting of numbers, with texts and enumeration members in it
that say something of the path, as `{"root": x, "found by": "Newton"}` does.

A text is the same at every call that takes the path: it is part of the nesting. (Of a text that is
made of a number the two recordings differ.)
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from autograd.engine.value import Value
from autograd.transforms.tree import Structure, flatten, hold_numbers, opened

__all__ = ["flatten_result", "floats_of", "is_text"]

RESULT: Final = "what a compiled function returns"


class Constant(dict[Any, tuple[()]]):
    """In the place of a text: a container without numbers, of which the text is part."""


def flatten_result(tree: Any) -> tuple[list[Any], Structure]:
    """The numbers of a result, and its Structure, which puts texts back in their places too.
    TypeError for what is neither, and for texts alone."""
    marked = _marked(tree)
    numbers, structure = flatten(marked, RESULT)
    if marked is tree:
        return numbers, structure
    if not numbers:
        return flatten(tree, RESULT)
    build = structure.build
    return numbers, Structure(
        structure.shapes, structure.kind, lambda blocks: _unmarked(build(list(blocks)))
    )


def floats_of(results: Iterable[Any]) -> list[float]:
    """Numbers, of which some may be Values, as plain ones."""
    return [x.data if isinstance(x, Value) else float(x) for x in results]


def is_text(x: object) -> bool:
    """Whether it stands in a result beside the numbers."""
    return isinstance(x, (str, bytes, Enum))


def _marked(tree: Any) -> Any:
    """The nesting with a Constant for each text; itself, if there is none."""
    if is_text(tree):
        return Constant({tree: ()})
    children, _, assemble = opened(tree)
    if assemble is None or hold_numbers(children):
        return tree
    marked = [_marked(child) for child in children]
    if all(new is old for new, old in zip(marked, children, strict=True)):
        return tree
    return assemble(marked)


def _unmarked(tree: Any) -> Any:
    if isinstance(tree, Constant):
        return next(iter(tree))
    children, _, assemble = opened(tree)
    return tree if assemble is None else assemble([_unmarked(child) for child in children])
