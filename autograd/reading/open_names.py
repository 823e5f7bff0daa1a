"""Which names of a formula need a number."""

from __future__ import annotations

import ast

from autograd.reading.expressions import CONSTANTS, FUNCTIONS, ExpressionError, parsed

__all__ = ["open_names"]


def open_names(text: str) -> list[str]:
    """The names that no statement defines, in the order in which they come; nothing where the text
    is no formula.

    >>> open_names("c = a + b; e = c * tanh(b)")
    ['a', 'b']
    """
    try:
        statements = parsed(text)
    except ExpressionError:
        return []
    nodes = [node for statement in statements for node in ast.walk(statement)]
    found = [node for node in nodes if isinstance(node, ast.Name)]
    given = {node.id for node in found if isinstance(node.ctx, ast.Store)}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    used = [node for node in found if id(node) not in called and isinstance(node.ctx, ast.Load)]
    used.sort(key=lambda node: (node.lineno, node.col_offset))
    known = given | CONSTANTS.keys() | FUNCTIONS.keys()
    return list(dict.fromkeys(node.id for node in used if node.id not in known))
