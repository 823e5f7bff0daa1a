"""The recorded paths of one nesting of arguments, as a tree of the decisions at which they part.

Up to the first decision that comes out otherwise two paths make the same ones, so a guard that
fails says where in the tree the right path is: beside the one that was tried. Of the paths there
the one to try next is on the larger side of every decision, so that each failure leaves at most
half of them: one of k paths is found in about log2(k) attempts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

__all__ = ["UNKNOWN", "Attempt", "PathTree"]

UNKNOWN: Final = object()
"""In the place of an outcome of which is only known that it is not the recorded one."""
END: Final = object()
"""What comes after a path's last decision."""


class Decided(Protocol):
    """One way through a function."""

    @property
    def outcomes(self) -> Sequence[Hashable]:
        """What came out at each decision."""
        ...


P = TypeVar("P", bound=Decided)
Attempt = Callable[[P], tuple[int, Hashable]]
"""Runs a path: -1, or the first decision that comes out otherwise, and how (UNKNOWN)."""


class _Fork(Generic[P]):
    """Paths that agree up to a decision, by what comes out there: or, where there is none, to their
    ends."""

    __slots__ = ("count", "larger", "likely", "parted")

    def __init__(self, path: P) -> None:
        self.parted: tuple[int, dict[Hashable, _Fork[P]]] | None = None
        """The decision, and the sides of it. (In one: other threads are reading.)"""
        self.likely = path
        """The path on the larger side, here and further on."""
        self.larger: _Fork[P] | None = None
        self.count = 1

    def part(self, decision: int, outcome: Hashable) -> dict[Hashable, _Fork[P]]:
        """Make what is here one side of a decision; all sides."""
        own: _Fork[P] = _Fork(self.likely)
        own.parted, own.larger, own.count = self.parted, self.larger, self.count
        sides = {outcome: own}
        self.larger = own
        self.parted = decision, sides
        return sides

    def grow(self, side: _Fork[P]) -> None:
        """A path was added to one of the sides."""
        self.count += 1
        if self.larger is None or side.count > self.larger.count:
            self.larger = side
        self.likely = self.larger.likely


class PathTree(Generic[P]):
    """The paths of one nesting; `latest` is the one to be tried first."""

    def __init__(self) -> None:
        self._root: _Fork[P] | None = None
        self._paths: list[P] = []
        self.latest: P | None = None

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def paths(self) -> list[P]:
        """All, the one used last first, the others from new to old."""
        latest = self.latest
        others = [path for path in reversed(self._paths) if path is not latest]
        return others if latest is None else [latest, *others]

    def add(self, path: P) -> None:
        """Keep a path, and try it first next time."""
        if self._root is None:
            self._root = _Fork(path)
        else:
            _insert(self._root, path)
        self._paths.append(path)
        self.latest = path

    def find(self, attempt: Attempt[P]) -> P | None:
        """The path whose decisions all come out as recorded; None if there is none."""
        if self._root is None or self.latest is None:
            return None
        found = _find(self._root, self.latest, attempt)
        if found is not None:
            self.latest = found
        return found

    def forks(self) -> Iterator[tuple[P, int, int]]:
        """Where paths part: one of them, the decision, and in how many ways it has come out."""
        todo = [] if self._root is None else [self._root]
        for fork in todo:  # which grows on the way
            if fork.parted is not None:
                decision, sides = fork.parted
                yield fork.likely, decision, len(sides)
                todo += list(sides.values())


def _insert(root: _Fork[P], path: P) -> None:
    outcomes, fork, start = path.outcomes, root, 0
    passed: list[_Fork[P]] = []
    while True:
        known = fork.likely.outcomes
        stop = max(len(known), len(outcomes)) if fork.parted is None else fork.parted[0]
        parting = _first_difference(known, outcomes, start, stop)
        if parting >= 0:
            sides = fork.part(parting, _at(known, parting))
        elif fork.parted is None:  # the same decisions: the older path is no longer right
            fork.likely = path
            fork.count += 1
            break
        else:
            parting, sides = fork.parted
        passed.append(fork)
        side = sides.get(_at(outcomes, parting))
        if side is None:
            fork = sides[_at(outcomes, parting)] = _Fork(path)
            break
        fork, start = side, parting
    for before in reversed(passed):
        before.grow(fork)
        fork = before


def _find(fork: _Fork[P], path: P, attempt: Attempt[P]) -> P | None:
    """Among the paths of a fork, of which one is tried first."""
    while True:
        failed, outcome = attempt(path)
        if failed < 0:
            return path
        outcomes = path.outcomes
        below: _Fork[P] | None = fork
        while below is not None and below.parted is not None and below.parted[0] < failed:
            decision, sides = below.parted
            below = sides.get(_at(outcomes, decision))
        if below is None or below.parted is None or below.parted[0] != failed:
            return None
        sides = below.parted[1]
        if outcome is UNKNOWN:
            return _among(dict(sides), outcomes[failed], attempt)
        beside = sides.get(outcome)
        if beside is None:
            return None
        fork, path = beside, beside.likely


def _among(sides: dict[Hashable, _Fork[P]], tried: Hashable, attempt: Attempt[P]) -> P | None:
    """One side after the other, of a decision of which the outcome is not known."""
    for outcome, side in sides.items():
        found = None if outcome == tried else _find(side, side.likely, attempt)
        if found is not None:
            return found
    return None


def _at(outcomes: Sequence[Hashable], i: int) -> Any:
    return outcomes[i] if i < len(outcomes) else END


def _first_difference(a: Sequence[Any], b: Sequence[Any], start: int, stop: int) -> int:
    """Where two paths part, from a decision on and before another one; -1 if they don't."""
    for i in range(start, stop):
        if _at(a, i) != _at(b, i):
            return i
    return -1
