"""Random programs of nested loops, written out flat, without recording anything."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from autograd.compiler.ir.flat_rows import Rows

__all__ = ["random_rows"]

NAMES = ("neg", "abs", "sqrt", "add", "sub", "mul", "div")
ONE_OPERAND = 3  # of the first three
CONSTANTS = [0.5, 1.0, -1.5, 2.0, 0.25, -3.0, 1.1, 0.7, 0.9, -0.3]
MOST = 3_000  # rows


def random_rows(seed: int) -> Rows:
    """Rows of loops three deep, of which some are ragged; operands go by rules, or by none."""
    return _Writing(Random(seed)).rows()


class _Writing:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.inputs = random.randint(1, 30)
        self.constants = random.randint(1, len(CONSTANTS))
        self.codes: list[int] = []
        self.starts = [0]
        self.operands: list[int] = []

    def rows(self) -> Rows:
        self._do(self._block(3), 0, 0)
        count = self.random.randint(1, 5)
        return Rows(
            NAMES,
            np.array(self.codes, np.int32),
            np.array(self.starts, np.int64),
            np.array(self.operands, np.int64),
            np.array(CONSTANTS[: self.constants]),
            self.inputs,
            np.array([self._any() for _ in range(count)], np.int64),
        )

    def _any(self) -> int:
        return self.random.randrange(-self.inputs - self.constants, len(self.codes))

    def _block(self, depth: int) -> list[Any]:
        return [self._item(depth) for _ in range(self.random.randint(1, 4))]

    def _item(self, depth: int) -> Any:
        random = self.random
        if depth and random.random() < 0.45:
            change = random.choice([0, 0, 0, -1, 1])
            return random.choice([2, 3, 4, 7, 9, 12]), change, self._block(depth - 1)
        code = random.randrange(len(NAMES))
        return code, [self._rule() for _ in range(1 if code < ONE_OPERAND else 2)]

    def _rule(self) -> tuple[str, int, int, int]:
        random = self.random
        rare = random.choice(["any", "near"]) if random.random() < 0.05 else "back"
        kinds = ["back", "back", "back", "input", "input", "constant", "far", "far", rare]
        steps = random.choice([0, 0, 1, 1, 2, 3, 5]), random.choice([0, 1, -1, 2])
        return random.choice(kinds), *steps, random.randint(0, 6)

    def _do(self, block: list[Any], turn: int, outer: int) -> None:
        for item in block:
            if len(self.codes) > MOST:
                return
            if len(item) == 2:
                code, rules = item
                self.operands += [self._operand(*rule, turn, outer) for rule in rules]
                self.codes.append(code)
                self.starts.append(len(self.operands))
            else:
                count, change, inner = item
                for k in range(max(0, count + change * turn)):
                    self._do(inner, k, turn)

    def _operand(self, kind: str, a: int, b: int, c: int, turn: int, outer: int) -> int:
        made, place = len(self.codes), a * turn + b * outer + c
        if kind == "input" or not made:
            return ~(place % self.inputs)
        if kind == "constant":
            return ~(self.inputs + place % self.constants)
        if kind == "far":
            return min(c + 7 * a * turn, made - 1)
        if kind == "any":
            return self._any()
        back = self.random.randint(0, 3) if kind == "near" else a
        return max(made - 1 - back, -1)
