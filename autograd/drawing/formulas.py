"""How a value was made, as pictures write it: dot products term by term, numbers as figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.drawing.number_text import MINUS, figure, signed
from autograd.engine.text import MORE_INPUTS, composed, formula, term

__all__ = ["made_of", "made_of_numbers"]

TERM = "\N{MIDDLE DOT}"
PAIRS = 6  # terms of a dot product that are written out


def made_of(node: Any, name: Callable[[Any], str], more: str = MORE_INPUTS) -> str:
    """`w0·x0 + w1·3` of a dot product, `a + b`, `tanh(a)`; nothing of a leaf. `more` says how many
    terms of a long list are left out.

    >>> import autograd
    >>> w = [autograd.Value(0.5, "w0"), autograd.Value(2.0, "w1")]
    >>> made_of(autograd.dot(w, [3.0, -1.0]), lambda x: x.label)
    'w0·3 + w1·(−1)'
    """
    if node.op != "dot" or not node.inputs:
        return formula(node, name, figure, MINUS, more)
    return _dot([term(name(x)) if hasattr(x, "parents") else signed(x) for x in node.inputs], more)


def made_of_numbers(node: Any, more: str = MORE_INPUTS) -> str:
    """The same with the inputs' values in their places: `0.5·3 + 2·(−1)`."""
    numbers = [getattr(x, "data", x) for x in node.inputs]
    if node.op == "dot" and numbers:
        return _dot(list(map(signed, numbers)), more)
    infix = node.primitive is not None and node.primitive.symbol
    return composed(node, list(map(signed if infix else figure, numbers)), MINUS, more)


def _dot(factors: Sequence[str], more: str) -> str:
    half = len(factors) // 2
    terms = list(map(TERM.join, zip(factors[:half], factors[half:], strict=True)))
    if half > PAIRS:
        terms = [*terms[:2], more.format(half - 3), terms[-1]]
    return " + ".join(terms)
