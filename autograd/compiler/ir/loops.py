"""Loops: a program whose repetitions are written once.

A loop has a body, and so many rounds. In one around another the inner one may have another number
of rounds each time: then it is *ragged*, and given that number. What an operand refers to in every
round of a loop is said by a *form*:

- LOCAL: a row of the same round, so many rows after its first, or after the first of an item of
  the body (below 0: before its end);
- CARRIED: a row of the round before; in the first round an address that the loop is given;
- AFFINE: an address that grows by the same step each round (by 0: it stays);
- TABLE: an address that stands in a table, at the place that the loop is given, plus the round.

The address or place that a loop is given is itself an operand, of the loop around, and so has a
form there; outside of all loops it is a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

__all__ = [
    "AFFINE",
    "CARRIED",
    "LOCAL",
    "RAGGED",
    "TABLE",
    "Form",
    "Loop",
    "Node",
    "Rolled",
    "Step",
]

LOCAL: Final = 0
CARRIED: Final = 1
AFFINE: Final = 2
TABLE: Final = 3
RAGGED: Final = -1


class Form(NamedTuple):
    """The kind of an operand in a loop; the row's place in its round or in an item, or the step."""

    kind: int
    number: int = 0
    item: int = -1


class Step(NamedTuple):
    """One row."""

    code: int
    width: int  # how many operands

    @property
    def operations(self) -> int:
        """How many rows are written out."""
        return 1


class Loop(NamedTuple):
    """A body that is repeated; the forms of all its operands, in order; how many operands the loop
    is given (the first is the number of rounds, if it is ragged); how many rows are written out."""

    rounds: int  # or RAGGED
    body: tuple[Step | Loop, ...]
    forms: tuple[Form, ...]
    width: int
    operations: int

    @property
    def is_ragged(self) -> bool:
        """Whether it is given the number of its rounds."""
        return self.rounds == RAGGED


Node = Step | Loop


class Rolled(NamedTuple):
    """A program: what follows one after the other, the addresses and places that it is given in
    order, and the tables."""

    body: tuple[Node, ...]
    given: Any
    tables: Any
    names: tuple[str, ...]
    constants: Any
    inputs: int
    results: Any
    length: int  # how many rows it stands for

    @property
    def operations(self) -> int:
        """How many rows are written out."""
        return sum(node.operations for node in self.body)

    @property
    def loops(self) -> int:
        """How many loops are written out, those in others included."""
        return sum(1 for node in _nodes(self.body) if isinstance(node, Loop))

    @property
    def repeated(self) -> int:
        """How many of the rows it stands for are computed in loops."""
        return self.length - sum(isinstance(node, Step) for node in self.body)


def _nodes(body: Sequence[Node]) -> Iterator[Node]:
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Loop):
            stack += node.body
