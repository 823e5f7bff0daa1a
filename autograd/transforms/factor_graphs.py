"""Local derivatives as graphs. Compiled with the engine, for a recording asks for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.engine.value import Value, inputs_and_partials

__all__ = ["factor_graphs"]


def factor_graphs(node: Value) -> Sequence[Any]:
    """The local derivatives of a node as graphs: the rule of its primitive, fed the node and its
    inputs themselves."""
    row = node._primitive
    assert row is not None
    inputs = inputs_and_partials(node)[0]
    try:
        factors = row.partials(node, *inputs)
    except (ZeroDivisionError, OverflowError):  # of its plain numbers: a Value's arithmetic is IEEE
        factors = row.partials(node, *[x if isinstance(x, Value) else Value(x) for x in inputs])
    if isinstance(factors, (tuple, list)):
        several: Sequence[Any] = factors
        return several
    return (factors,)
