"""How operands change from one round of a stretch to the next: where the loops in it begin and end.

An operand goes by a rule if mostly it changes by the same number. A loop ends where one that does
changes otherwise, but for what is carried into its first round. So within a loop all changes of the
operands that go by a rule are known from its first three rounds; only the others are looked at one
by one when its forms are found.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["Changes"]

SAMPLE: Final = 65  # rounds, from which the usual step of an operand is taken
BLOCK: Final = 1 << 15  # operands that are compared at a time: they stay in the processor's cache


class Changes:
    """Those of a stretch of tokens: where the operands of each begin among `operands`, and how many
    rows a round of so many tokens has."""

    def __init__(
        self, starts: Any, operands: Any, begin: int, end: int, period: int, length: int
    ) -> None:
        import numpy

        self.begin, self.end, self.period = begin, end, period
        self.length = length
        self._starts = starts[begin : end + 1]
        own = operands[self._starts[0] : self._starts[-1]]
        width = int(self._starts[period] - self._starts[0])
        self.irregular = numpy.zeros(width, bool)
        """The operands of a round that follow no rule."""
        self.gap = 0
        """After how many rounds an operand changes otherwise, mostly."""
        self._bad: dict[int, bool] = {}
        """The tokens at which a loop may end; whether one may begin a round before."""
        rounds = len(own) // width - 1 if width else 0
        if rounds > 0:
            self._look_at(own, width, rounds)

    def _look_at(self, own: Any, width: int, rounds: int) -> None:
        import numpy

        usual = _usual(own[: (rounds + 1) * width].reshape(rounds + 1, width))
        places = _others(own, usual)
        if not len(places):
            return
        columns = places % width
        whole = columns[: places.searchsorted(rounds * width)]
        self.irregular = numpy.bincount(whole, minlength=width) * 3 > rounds
        gaps = numpy.diff(places[columns == columns[0]] // width)
        if len(gaps):
            self.gap = int(numpy.bincount(gaps).argmax())
        regular = ~self.irregular[columns]
        places, columns = places[regular], columns[regular]
        at = (places + (int(self._starts[0]) + width)).astype(self._starts.dtype)
        tokens = self.begin + self._starts.searchsorted(at, "right") - 1
        # What is carried begins with anything, so a loop may begin with another change.
        soft = usual[columns] == self.length
        for token, is_soft in zip(tokens.tolist(), soft.tolist(), strict=True):
            self._bad[token] = self._bad.get(token, True) and is_soft

    def irregular_from(self, begin: int) -> Any:
        """The operands that follow no rule, in rounds that begin at this token."""
        import numpy

        width = len(self.irregular)
        turn = int(self._starts[begin - self.begin] - self._starts[0]) % width if width else 0
        return numpy.concatenate([self.irregular[turn:], self.irregular[:turn]])

    def segments(self, count: int) -> list[tuple[int, int]]:
        """Where loops begin, and how many rounds each has."""
        found: list[tuple[int, int]] = []
        begin, period = self.begin, self.period
        for token, is_soft in [*self._bad.items(), (self.end, False)]:
            if token < begin + period or (is_soft and token < begin + 2 * period):
                continue
            rounds = (token - begin) // period
            if rounds >= count:
                found.append((begin, rounds))
                begin += rounds * period
            begin = max(begin, token - period + 1)
        return found


def _usual(rounds: Any) -> Any:
    """The change of each operand in the middle of a sample of them, by size."""
    import numpy

    count = len(rounds) - 1
    if count > SAMPLE:
        of = numpy.linspace(0, count - 1, SAMPLE).astype(int)
        some = rounds[of + 1] - rounds[of]
    else:
        some = rounds[1:] - rounds[:-1]
    if (some == some[0]).all():
        return some[0]
    return numpy.sort(some, axis=0)[len(some) // 2]


def _others(own: Any, usual: Any) -> Any:
    """The places of the operands, counted from the second round on, that change otherwise."""
    import numpy

    width = len(usual)
    size = max(BLOCK // width, 1) * width  # whole rounds
    expected = numpy.tile(usual, size // width)
    found = []
    for first in range(0, len(own) - width, size):
        later = own[first + width : first + width + size]
        changes = later - own[first : first + len(later)]
        other = numpy.flatnonzero(changes != expected[: len(later)])
        if len(other):
            found.append(other + first)
    return numpy.concatenate(found) if found else numpy.zeros(0, numpy.int64)
