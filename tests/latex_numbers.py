r"""What a formula of LaTeX is worth at a point: a reader of the part of LaTeX that the site writes.

>>> value(r"\frac{1}{2} \cdot x^{2} - \left|y\right|", {"x": 4.0, "y": -1.0})
7.0
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["value"]

TOKEN = re.compile(r"\s*(\\[a-zA-Z]+|\\\\|\d+\.?\d*(?:e-?\d+)?|[a-zA-Z]|\S)")
GREEK = {r"\alpha": "alpha"}
NUMBERS = {r"\pi": math.pi, r"\infty": math.inf, "e": math.e}
NAMED: dict[str, Callable[..., float]] = {
    **{rf"\{name}": getattr(math, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{rf"\arc{name}": getattr(math, f"a{name}") for name in ("sin", "cos", "tan")},
    r"\ln": math.log,
    r"\log2": math.log2,
    r"\log10": math.log10,
    r"\min": min,
    r"\max": max,
    r"\Gamma": math.gamma,
    r"\Phi": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    r"\sigma": lambda x: 1 / (1 + math.exp(-x)),
}


def value(latex: str, inputs: Mapping[str, float], functions: Mapping[str, Any] = {}) -> float:
    """The number that a formula stands for; `functions` has those written as operator names."""
    reader = _Reader(latex, inputs, functions)
    found = reader.sum()
    assert reader.place == len(reader.tokens), f"not read: {reader.tokens[reader.place :]}"
    return found


class _Reader:
    def __init__(self, latex: str, inputs: Mapping[str, float], functions: Mapping[str, Any]):
        self.tokens = TOKEN.findall(latex)
        self.place = 0
        self.inputs = inputs
        self.functions = functions

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        for token in wanted or (self.peek(),):
            assert self.peek() == token, f"{token} expected at {self.tokens[self.place :]}"
            self.place += 1
        return self.tokens[self.place - 1]

    def skip(self, token: str) -> bool:
        found = self.peek() == token
        self.place += found
        return found

    def sum(self) -> float:
        found = -self.product() if self.skip("-") else self.product()
        while self.peek() in {"+", "-"}:
            found += self.product() if self.take() == "+" else -self.product()
        return found

    def product(self) -> float:
        found = self.power()
        while self.skip(r"\cdot") or self.peek() == r"\pi":
            factor = self.power()
            found = 0.0 if 0.0 in (found, factor) else found * factor
        return found

    def power(self) -> float:
        base = self.atom()
        while self.skip("^"):
            base = math.pow(base, self.group())
        return base

    def group(self) -> float:
        self.take("{")
        found = self.sum()
        self.take("}")
        return found

    def word(self) -> str:
        self.take("{")
        letters = []
        while not self.skip("}"):
            letters.append(self.take())
        return "".join(letters)

    def bracketed(self) -> list[float]:
        self.take(r"\left", "(")
        found = [self.sum()]
        while self.skip(","):
            found.append(self.sum())
        self.take(r"\right", ")")
        return found

    def condition(self) -> bool:
        left = self.sum()
        if self.skip(">"):
            return left > self.sum()
        if self.skip("<"):
            return left < self.sum()
        self.take(r"\ne")
        return left != self.sum()

    def cases(self) -> float:
        found: list[float] = []
        while True:
            one = self.sum()
            self.take("&")
            if self.skip(r"\text"):
                assert self.word() == "otherwise"
                holds = True
            else:
                holds = self.condition()
            found += [one] * holds
            if not self.skip(r"\\"):
                break
        self.take(r"\end")
        assert self.word() == "cases"
        return found[0]

    def atom(self) -> float:
        token = self.take()
        if token[0].isdigit():
            return float(token)
        if token == r"\frac":
            above, below = self.group(), self.group()
            return above / below if below else math.copysign(math.inf, above)
        if token == r"\sqrt":
            if self.skip("["):
                self.take("3", "]")
                return math.cbrt(self.group())
            return math.sqrt(self.group())
        if token == r"\left":
            return self.delimited()
        if token == r"\begin":
            assert self.word() == "cases"
            return self.cases()
        if token == r"\operatorname":
            return float(self.functions[self.word()](*self.bracketed()))
        if token == r"\psi":
            order = 0.0
            if self.skip("^"):
                self.take("{")
                (order,) = self.bracketed()
                self.take("}")
            return float(self.functions["polygamma"](order, *self.bracketed()))
        if token == r"\log":
            self.take("_")
            token += f"{self.group():g}"
        if token in NAMED:
            plain = self.peek()[0].isdigit()  # ln 2
            return float(NAMED[token](*([float(self.take())] if plain else self.bracketed())))
        if token in NUMBERS:
            return NUMBERS[token]
        return self.inputs[self.name(token)]

    def name(self, token: str) -> str:
        if token == r"\mathit":
            return self.word()
        if self.skip("_"):
            return f"{token}_{self.word()}"
        return GREEK.get(token, token)

    def delimited(self) -> float:
        opened = self.take()
        found = float(self.condition()) if opened == "[" else self.sum()
        self.take(r"\right")
        self.take(
            {"(": ")", "[": "]", "|": "|", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}[opened]
        )
        rounded = {r"\lfloor": math.floor, r"\lceil": math.ceil, "|": abs}
        return float(rounded.get(opened, float)(found))
