"""A graph as a table for a terminal: every value, its formula, gradient and local derivatives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd.engine.graph import topological_order
from autograd.engine.text import ELLIPSIS, PARTIAL, formula, names, number, table, term

__all__ = ["report"]

LONGEST_NAME = 30
MAX_DERIVATIVES = 6  # of one node


def report(root: Any, besides: Iterable[Any] = ()) -> str:
    """A line per node below the root, inputs first. Gradients are those of the last backward pass.

    `besides` are nodes to list although the root does not depend on them.

    >>> from autograd import Value
    >>> a, b = Value(3.0, "a"), Value(2.0, "b")
    >>> c = a * a + b
    >>> c.label = "c"
    >>> c.backward()
    >>> print(report(c))
    name  formula  value  gradient  local derivatives
    a              3      6
    v1    a * a    9      1         ∂v1/∂a = 3 + 3
    b              2      1
    c     v1 + b   11     1         ∂c/∂v1 = 1, ∂c/∂b = 1
    """
    order = topological_order(root)
    below = {id(node) for node in order}
    nodes = [node for node in besides if id(node) not in below] + order
    name = names(nodes, LONGEST_NAME)
    rows = [
        (
            name[id(node)],
            formula(node, lambda x: name[id(x)]),
            number(node.data),
            number(node.grad),
            _derivatives(node, name),
        )
        for node in nodes
    ]
    return table(("name", "formula", "value", "gradient", "local derivatives"), rows)


def _derivatives(node: Any, name: dict[int, str]) -> str:
    """`∂c/∂a = 1, ∂c/∂b = 1`; what enters twice, `∂y/∂x = 3 + 3`."""
    terms: dict[str, list[str]] = {}
    for parent, partial in zip(node.parents, node.partials, strict=True):
        terms.setdefault(name[id(parent)], []).append(number(partial))
    output = name[id(node)]
    shown = [
        f"{PARTIAL}{term(output)}/{PARTIAL}{term(parent)} = {' + '.join(_few(partials))}"
        for parent, partials in _few(list(terms.items()))
    ]
    if len(terms) > MAX_DERIVATIVES:
        shown.append(f"{ELLIPSIS} ({len(terms):,} inputs)")
    return ", ".join(shown)


def _few(items: list[Any]) -> list[Any]:
    return items if len(items) <= MAX_DERIVATIVES else items[: MAX_DERIVATIVES // 2]
