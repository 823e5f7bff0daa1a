"""What is said of one value below a moving picture: the paths behind its gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.drawing.formulas import made_of
from autograd.drawing.number_text import figure, signed
from autograd.engine.text import ELLIPSIS, PARTIAL, TIMES, quantity, term
from autograd.explaining.path_sums import Path, Paths, paths, route_text
from autograd.exploring.wording import Wording

__all__ = ["panel"]

PATHS = 5  # of one node
MAX_PARTS = 12  # of one path

Places = Mapping[tuple[int, int], int]  # the number of an edge, by its output's id and its position


def panel(
    root: Any, node: Any, name: dict[int, str], words: Wording, place: Places
) -> dict[str, Any]:
    """Its names and numbers as texts, with the first paths to the root. `name`: of every node."""
    found = paths(root, node, PATHS)
    left_out = found.count - len(found.rows)
    end, own = term(name[id(root)]), term(name[id(node)])
    return {
        "name": name[id(node)],
        "formula": made_of(node, lambda x: name[id(x)], words.picture.more_inputs),
        "value": figure(node.data),
        "gradient": f"{PARTIAL}{end}/{PARTIAL}{own}",
        "grad": figure(node.grad),
        "paths": [_path(row, name, words, place) for row in found.rows],
        "heading": words.paths.format(paths=words.count(found.count, "path"), root=end),
        "rest": "" if found.complete else words.more_paths.format(quantity(left_out)),
        "sum": _sum(found, words),
    }


def _path(row: Path, name: dict[int, str], words: Wording, place: Places) -> dict[str, Any]:
    product = figure(row.product)
    if len(row.factors) > 1:
        first, *others = row.factors
        factors = _shortened([figure(first), *map(signed, others)])
        product = f"{f' {TIMES} '.join(factors)} = {product}"
    steps = zip(row.nodes[1:], row.positions, strict=True)
    return {
        "route": route_text(row, name, {}, words.input),
        "product": product,
        "edges": [place[id(node), position] for node, position in steps],
    }


def _sum(found: Paths, words: Wording) -> str:
    """`2 + 3 = 5`"""
    products = [row.product for row in found.rows]
    if found.complete and figure(sum(products)) == figure(found.total):
        return words.picture.equation(products, "+", found.total)
    return figure(found.total)


def _shortened(parts: list[str]) -> list[str]:
    half = MAX_PARTS // 2
    return parts if len(parts) <= MAX_PARTS else [*parts[:half], ELLIPSIS, *parts[1 - half :]]
