"""Rolling: finds the loops of a program in the order in which it was recorded.

A repetition is a stretch of rows in which every row does what the row one *period* before it does.
Candidates for the period come from the distance of each short window of rows to the same window
before it. Within a stretch, operands tell the loops apart: from one round to the next each has to
change by the same number, but for what is carried into a first round; where it does not, a loop
ends and another begins. What changes by no rule (data) becomes a table.

What has been found takes the place of its rows as one token, whose operands are what the loop is
given, and the search goes on among the tokens: so loops of loops are found from the inside out.
Nothing is assumed of what is found: the forms are those that give back every address exactly.

So that much that repeats takes little time, `repetitions` looks at tokens alone, and only where
they come again for long does `changes` look at operands: at each of them once. What has become of a
program is then written out and compared by `unrolling`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from mypy_extensions import i32

from autograd.compiler.ir.changes import Changes
from autograd.compiler.ir.flat_rows import Rows
from autograd.compiler.ir.loops import (
    AFFINE,
    CARRIED,
    LOCAL,
    RAGGED,
    TABLE,
    Form,
    Loop,
    Node,
    Rolled,
    Step,
)
from autograd.compiler.ir.packed_columns import vec
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.repetitions import mark_taken, repeated_after, votes_for_periods
from autograd.compiler.ir.row_order import with_results_early
from autograd.compiler.ir.unrolling import gives_back

__all__ = ["roll", "rolled_rows", "with_loops"]

COUNTS: Final = (8, 3)  # rounds of a loop at least: first the long ones, then what is left
WINDOWS: Final = (3, 24)  # tokens
PERIODS: Final = 24  # candidates that are tried, those that are met most often
SAVED: Final = 16  # rows that a loop has to save
MOST_ROUNDS: Final = 60  # of the search
SHORT: Final = 300  # operations; a shorter program is as readable without loops
WORTH: Final = 3  # times as many rows as are written out, at least


def with_loops(
    program: Program, more_than: int = SHORT, worth: int = WORTH, saved: int = SAVED
) -> Rolled | None:
    """The program with its loops, each of which saves so many rows; None if it has no more than so
    many operations, or if these are not so many times what is written out: then it hardly repeats
    itself."""
    if len(program.code) <= more_than or program.operations <= more_than:
        return None
    return rolled_rows(with_results_early(program), worth, saved)


def rolled_rows(rows: Rows, worth: int = WORTH, saved: int = SAVED) -> Rolled | None:
    """These rows with their loops; None if they hardly repeat themselves."""
    rolled = roll(rows, saved)
    is_worth = rolled.operations * worth <= rolled.length
    # Nothing is taken on trust: what does not give back every row is not used.
    return rolled if is_worth and gives_back(rolled, rows) else None


def roll(columns: Rows, saved: int = SAVED) -> Rolled:
    """The same rows, with their loops, each of which saves so many rows."""
    search = _Search(columns, saved)
    for _ in range(MOST_ROUNDS):
        if not any(search.improve(window, count) for count in COUNTS for window in WINDOWS):
            break
    if search.make_ragged():
        search.improve_ragged()
    return search.result()


class _Found(NamedTuple):
    """A loop in the place of tokens."""

    begin: int
    end: int
    shape: int
    given: Any


class _Search:
    """The tokens at present: the number of each one's shape, the first row, and the operands.

    The shapes with the first numbers are rows, told apart by what they do and how many operands
    they have; those of loops follow.
    """

    def __init__(self, columns: Rows, saved: int) -> None:
        import numpy

        self.saved = saved
        self.np = numpy
        self.columns = columns
        self.starts = numpy.asarray(columns.starts, numpy.int32)
        self.operands = numpy.asarray(columns.operands, numpy.int32)
        self.begins = numpy.arange(columns.length + 1, dtype=numpy.int32)
        widths = numpy.diff(self.starts)
        self._widths = int(widths.max(initial=0)) + 1
        widths += columns.codes * numpy.int32(self._widths)
        self.tokens = _tokens(widths)
        self._steps = len(columns.names) * self._widths
        """How many shapes of rows there may be."""
        self._loops: list[Loop] = []
        self._known: dict[int, Node] = {}
        self._extents: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._alike: dict[int, Any] = {}  # what loops have in common that differ in their rounds
        self.tables: list[Any] = []
        self.entries = 0

    def node(self, shape: int) -> Node:
        """What a shape stands for."""
        if shape >= self._steps:
            return self._loops[shape - self._steps]
        if shape not in self._known:
            self._known[shape] = Step(*divmod(shape, self._widths))
        return self._known[shape]

    def _add(self, loop: Loop, extents: Any) -> int:
        """The number of a new shape."""
        self._loops.append(loop)
        self._extents.append(extents)
        return self._steps + len(self._loops) - 1

    def _shapes(self, begin: int = 0, end: int = sys.maxsize) -> list[int]:
        """Those of these tokens."""
        return [*self.tokens[begin:end]]

    def result(self) -> Rolled:
        """What has become of the program."""
        columns = self.columns
        return Rolled(
            tuple([self.node(shape) for shape in self._shapes()]),
            self.operands.astype(self.np.int64),
            self._all_tables(),
            columns.names,
            columns.constants,
            columns.inputs,
            columns.results,
            columns.length,
        )

    def improve(self, window: int, count: int) -> bool:
        """Find loops of at least so many rounds; whether there are any."""
        found: list[_Found] = []
        left = len(self.tokens)
        for period in self._periods(window, count):
            if left < count * period:
                continue
            done = 0
            for first, end in repeated_after(self.tokens, period, count):
                begin = max(first, done)  # stretches of one period may overlap
                if not self._may_save(begin, end, period, count):
                    continue
                for loop in self._loops_of(begin, end, period, count):
                    mark_taken(self.tokens, loop.begin, loop.end)
                    found.append(loop)
                    left -= loop.end - loop.begin
                    done = loop.end
        return self._put(found)

    # -- candidates --------------------------------------------------------------------------------

    def _periods(self, window: int, count: int) -> list[int]:
        """Distances at which windows come again, small ones first."""
        np = self.np
        longest = len(self.tokens) // count
        if longest < 1:
            return []
        votes = np.asarray(votes_for_periods(self.tokens, window, longest), np.int32)
        periods = np.flatnonzero(votes >= count - 1)
        most = np.argsort(-votes[periods], kind="stable")[:PERIODS]
        return sorted(periods[most].tolist())

    def _may_save(self, begin: int, end: int, period: int, count: int) -> bool:
        """Whether a loop over the whole stretch would be long enough. Most are not, where rows are
        alike by chance only; of these operands need not be looked at."""
        rounds = (end - begin) // period
        return rounds >= count and (rounds - 1) * self.rows_of(begin, period) >= self.saved

    def rows_of(self, begin: int, period: int) -> int:
        """How many rows a round of so many tokens has."""
        return int(self.begins[begin + period] - self.begins[begin])

    # -- loops of one stretch ----------------------------------------------------------------------

    def _loops_of(self, begin: int, end: int, period: int, count: int) -> list[_Found]:
        changes = self._changes(begin, end, period)
        found = self._among(changes, count)
        if found and not changes.irregular.any():
            return found
        # Perhaps a few rounds together repeat by rule, as in a loop over three components.
        longer = changes.gap * period
        if changes.gap > 1 and longer * count <= end - begin:
            others = self._changes(begin, end, longer)
            if not others.irregular.any():
                return self._among(others, count) or found
        return found

    def _changes(self, begin: int, end: int, period: int) -> Changes:
        length = self.rows_of(begin, period)
        return Changes(self.starts, self.operands, begin, end, period, length)

    def _among(self, changes: Changes, count: int) -> list[_Found]:
        found: list[_Found] = []
        period = changes.period
        for begin, rounds in changes.segments(count):
            if (rounds - 1) * changes.length >= self.saved:
                irregular = changes.irregular_from(begin)
                odd = int(not self._begins_alike(begin, period, irregular))
                found.append(self._loop(begin + odd * period, rounds - odd, period, irregular))
        return found

    def _given(self, begin: int, rounds: int, period: int) -> Any:
        """The operands of these tokens, a line for each round."""
        end = begin + rounds * period
        return self.operands[self.starts[begin] : self.starts[end]].reshape(rounds, -1)

    def _begins_alike(self, begin: int, period: int, irregular: Any) -> bool:
        """Whether the first round is like the others, but for what is carried into it."""
        given, first = self._given(begin, 3, period), self.begins[begin]
        changes = given[1:] - given[:-1]
        other = (changes[0] != changes[1]) & ~irregular
        if not other.any():
            return True
        before = given[1] - first
        carried = (before >= 0) & (before < self.rows_of(begin, period)) & (given[0] < first)
        return not (other & ~carried).any()

    def _loop(self, begin: int, rounds: int, period: int, irregular: Any) -> _Found:
        """The loop of these tokens. Of operands that are not irregular it is known that from the
        second round on they change by the same number."""
        np = self.np
        body = self._shapes(begin, begin + period)
        given = self._given(begin, rounds, period)
        begins, length = self.begins[begin], self.rows_of(begin, period)
        extents = self._extents_of(begin, body)
        steps = given[1] - given[0]
        later = given[2] - given[1] if rounds > 2 else steps
        is_even = ~irregular
        some = np.flatnonzero(irregular)
        if len(some):
            column = given[1:, some]
            is_even[some] = (column[1:] - column[:-1] == later[some]).all(axis=0)
        is_affine = is_even & (steps == later)
        moves = is_even & (extents == 0) & ((later == length) | (rounds == 2))
        before, here = given[1] - begins, given[0] - begins
        kinds = np.where(is_affine, AFFINE, TABLE)
        kinds[moves & (before >= 0) & (before < length)] = CARRIED
        kinds[moves & is_affine & (steps == length) & (here >= 0)] = LOCAL
        numbers = np.choose(kinds, [here, before, steps, 0])
        first = given[0].copy()
        self._make_tables(given, kinds, numbers, first, extents)
        kept = kinds != LOCAL
        forms = tuple(map(Form, kinds.tolist(), numbers.tolist()))
        shape = self._shape(rounds, body, forms, extents[kept])
        return _Found(begin, begin + rounds * period, shape, first[kept])

    def _extents_of(self, begin: int, shapes: Sequence[int]) -> Any:
        """Of the operands of these tokens: how many entries of a table each stands for; 0 for an
        address."""
        starts = self.starts[begin : begin + len(shapes) + 1] - self.starts[begin]
        extents = self.np.zeros(starts[-1], self.np.int64)
        for i, shape in enumerate(shapes):
            if shape >= self._steps:
                extents[starts[i] : starts[i + 1]] = self._extents[shape - self._steps]
        return extents

    def _make_tables(self, given: Any, kinds: Any, numbers: Any, first: Any, extents: Any) -> None:
        """Write down what follows no rule; tables within tables, one after the other."""
        np, rounds = self.np, len(given)
        for j in np.flatnonzero((kinds == TABLE) | ((extents > 0) & (kinds == AFFINE))).tolist():
            size = int(extents[j])
            if not size:
                first[j] = self._add_table(given[:, j])
                extents[j] = rounds
            elif kinds[j] != AFFINE or numbers[j]:
                data = self._all_tables()
                rows = [data[place : place + size] for place in given[:, j].tolist()]
                first[j] = self._add_table(np.concatenate(rows))
                kinds[j], numbers[j] = AFFINE, size
                extents[j] = rounds * size

    def _add_table(self, entries: Any) -> int:
        place = self.entries
        self.tables.append(entries.astype(self.np.int64))
        self.entries += len(entries)
        return place

    def _all_tables(self) -> Any:
        np = self.np
        if len(self.tables) != 1:
            self.tables = [np.concatenate([np.zeros(0, np.int64), *self.tables])]
        return self.tables[0]

    def _shape(self, count: int, body: Sequence[int], forms: tuple[Form, ...], extents: Any) -> int:
        """The number of this shape of loops."""
        key = (count, tuple(body), forms, extents.tobytes())
        number = self._numbers.get(key)
        if number is None:
            nodes = tuple([self.node(shape) for shape in body])
            operations = sum([node.operations for node in nodes])
            number = self._add(Loop(count, nodes, forms, len(extents), operations), extents)
            self._numbers[key] = number
            self._alike[number] = (tuple(body), forms)
        return number

    # -- ragged loops ------------------------------------------------------------------------------

    def make_ragged(self) -> bool:
        """Loops that differ in nothing but the number of their rounds are given that number."""
        np = self.np
        groups: dict[Any, list[int]] = {}
        loops = self._loops_now()
        for number in sorted({*loops.values()} & self._alike.keys()):
            groups.setdefault(self._alike[number], []).append(number)
        found: list[_Found] = []
        for numbers in groups.values():
            if len(numbers) < COUNTS[-1]:
                continue
            like = self.node(numbers[0])
            assert isinstance(like, Loop)
            # Neither is an address: nor what was a place in a table, nor the number of rounds.
            extents = np.concatenate(([1], self._extents[numbers[0] - self._steps] > 0)).astype(int)
            shape = self._add(like._replace(rounds=RAGGED, width=like.width + 1), extents)
            for token in [token for token, number in loops.items() if number in numbers]:
                node = self.node(loops[token])
                assert isinstance(node, Loop)
                given = self.operands[self.starts[token] : self.starts[token + 1]]
                with_rounds = np.concatenate((np.array([node.rounds], np.int32), given))
                found.append(_Found(token, token + 1, shape, with_rounds))
        return self._put(found)

    def _loops_now(self) -> dict[int, int]:
        """The tokens that are loops, and their shapes."""
        shapes = self.np.asarray(self.tokens, self.np.int32)
        tokens = self.np.flatnonzero(shapes >= self._steps)
        return dict(zip(tokens.tolist(), shapes[tokens].tolist(), strict=True))

    def improve_ragged(self) -> None:
        """Find the loops around them."""
        found: list[_Found] = []
        numbers = {shape for shape in self._loops_now().values() if self._is_ragged(shape)}
        for period in self._periods(WINDOWS[0], COUNTS[-1]):
            done = 0
            for begin, end in repeated_after(self.tokens, period, COUNTS[-1]):
                rounds = (end - max(begin, done)) // period
                is_ragged = not numbers.isdisjoint(self._shapes(begin, begin + period))
                if is_ragged and rounds >= COUNTS[-1]:
                    found.append(self._loop_around(max(begin, done), rounds, period))
                    done = found[-1].end
                    mark_taken(self.tokens, found[-1].begin, done)
        self._put(found)

    def _is_ragged(self, shape: int) -> bool:
        node = self.node(shape)
        return isinstance(node, Loop) and node.is_ragged

    def _loop_around(self, begin: int, rounds: int, period: int) -> _Found:
        """The loop of these tokens, ragged ones among them; without its first round if the others
        have more in common."""
        forms = self._forms_around(begin, rounds, period)
        if rounds > COUNTS[-1]:
            others = self._forms_around(begin + period, rounds - 1, period)
            if _tables_in(others) < _tables_in(forms):
                begin, rounds, forms = begin + period, rounds - 1, others
        np, end = self.np, begin + rounds * period
        given = self._given(begin, rounds, period)
        first = given[0].copy()
        for j, form in enumerate(forms):
            if form.kind == TABLE:
                first[j] = self._add_table(given[:, j])
        kept = np.array([form.kind != LOCAL for form in forms])
        nodes = tuple([self.node(shape) for shape in self._shapes(begin, begin + period)])
        operations = sum([node.operations for node in nodes])
        width = int(kept.sum())
        loop = Loop(rounds, nodes, tuple(forms), width, operations)
        shape = self._add(loop, np.zeros(width, np.int64))
        return _Found(begin, end, shape, first[kept])

    def _forms_around(self, begin: int, rounds: int, period: int) -> list[Form]:
        end = begin + rounds * period
        given = self._given(begin, rounds, period)
        first = self.begins[begin:end].reshape(rounds, period)
        after = self.begins[begin + 1 : end + 1].reshape(rounds, period)
        body = self._shapes(begin, begin + period)
        addresses = self._extents_of(begin, body) == 0
        forms: list[Form] = []
        for j, is_address in enumerate(addresses.tolist()):
            column = given[:, j]
            found = None
            if is_address:
                found = _within(LOCAL, column, first, after)
                found = found or _within(CARRIED, column[1:], first[:-1], after[:-1])
            if found is None:
                step = int(column[1] - column[0])
                is_affine = (column[1:] - column[:-1] == step).all()
                found = Form(AFFINE, step) if is_affine else Form(TABLE)
            forms.append(found)
        return forms

    # -- tokens ------------------------------------------------------------------------------------

    def _put(self, found: Sequence[_Found]) -> bool:
        """Loops in the place of what they repeat; whether there are any."""
        if not found:
            return False
        np = self.np
        shapes = np.asarray(self.tokens, np.int32)
        tokens, begins, starts, operands = [], [], [], []
        done = used = 0  # tokens, and operands of what there will be
        for loop in sorted(found, key=lambda loop: loop.begin):
            tokens += [shapes[done : loop.begin], np.array([loop.shape], np.int32)]
            begins.append(self.begins[done : loop.begin + 1])
            first, end = int(self.starts[done]), int(self.starts[loop.begin])
            starts.append(self.starts[done : loop.begin + 1] + np.int32(used - first))
            operands += [self.operands[first:end], loop.given]
            used += end - first + len(loop.given)
            done = loop.end
        first = int(self.starts[done])
        self.tokens = _tokens(np.concatenate([*tokens, shapes[done:]]))
        self.begins = np.concatenate([*begins, self.begins[done:]])
        self.operands = np.concatenate([*operands, self.operands[first:]])
        self.starts = np.concatenate([*starts, self.starts[done:] + np.int32(used - first)])
        return True


def _tokens(shapes: Any) -> Any:
    """The same numbers, for code that is compiled."""
    return vec[i32](memoryview(shapes))


def _tables_in(forms: Sequence[Form]) -> int:
    return sum(form.kind == TABLE for form in forms)


def _within(kind: int, column: Any, first: Any, after: Any) -> Form | None:
    """The form of addresses that are always at one place of one item, counted from where it begins
    or from where it ends."""
    item = int(first[0].searchsorted(column[0], "right")) - 1
    if item < 0 or column[0] >= after[0, -1]:
        return None
    for edge in (first, after):
        places = column - edge[:, item]
        if (places == places[0]).all() and (column >= first[:, item]).all():
            return Form(kind, int(places[0]), item)
    return None
