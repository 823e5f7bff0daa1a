"""Leaves that look like copies of a number that was computed: made from .data, by detach(), or
inside no_grad(). Gradients end there, which is easy to overlook.

That a leaf is a copy is a guess: it holds exactly the same number. The line that made it, where
lines were recorded, says for certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from autograd.engine.graph import topological_order
from autograd.engine.text import number, source_at
from autograd.engine.value import UNRECORDED, Value
from autograd.explaining.diagnoses import Cause

__all__ = ["likely_copies"]

MOST: Final = 5  # copies that are looked at
FEW_DIGITS: Final = 4  # a number with fewer, such as 0.5, is written down in many places


def likely_copies(
    leaves: Iterable[Value], originals: Iterable[Value], name: Callable[[Any], str]
) -> list[tuple[Value, Cause]]:
    """The leaves that look like copies of one of the originals, and what says so."""
    by_number: dict[float, Value] = {}
    for node in originals:
        by_number.setdefault(node.data, node)
    found: list[tuple[Value, Cause]] = []
    for leaf in leaves:
        original = by_number.get(leaf.data)
        if original is None or original is leaf or len(found) == MOST:
            continue
        cause = _copy(leaf, original, name)
        if cause is not None and not _selects(original, leaf):
            found.append((leaf, cause))
    return found


def _selects(original: Value, leaf: Value) -> bool:
    """Whether it has its number from the leaf, or from another input, as relu and max do."""
    same = any(x.data == original.data for x in original.parents)
    return same or any(x is leaf for x in topological_order(original))


def _copy(leaf: Value, original: Value, name: Callable[[Any], str]) -> Cause | None:
    """How sure it is, and why."""
    line = leaf.line or ""
    source = source_at(line)
    same = f"{name(leaf)} is a leaf with the number of {name(original)}, {number(leaf.data, 6)}"
    end = "gradients end there"
    if line.endswith(UNRECORDED):
        return Cause("no_grad", f"{same}, computed inside no_grad(): {end}")
    if ".detach(" in source:
        return Cause("detached", f"{same}, made by detach(): {end}")
    if ".data" in source:
        return Cause("copied", f"{same}, made from .data: {end}")
    if leaf.label and leaf.label == original.label:
        return Cause("detached", f"{same}, and its label: most likely made by detach(); {end}")
    if line or len(f"{abs(leaf.data):.6g}".replace(".", "").strip("0")) < FEW_DIGITS:
        return None
    return Cause(
        "copied", f"{same}: most likely made from .data, by detach() or in no_grad(); {end}"
    )
