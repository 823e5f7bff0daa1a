"""Rolling: finds the loops of a program in the order in which it was recorded.

A repetition is a stretch of rows in which every row does what the row one *period* before it does.
Candidates for the period come from the distance of each short window of rows to the same window
before it. Within a stretch, operands tell the loops apart: from one round to the next each has to
change by the same number, but for what is carried into a first round; where it does not, a loop
ends and another begins. What changes by no rule (data) becomes a table.

What has been found takes the place of its rows as one token, whose operands are what the loop is
given, and the search goes on among the tokens: so loops of loops are found from the inside out.
Nothing is assumed of what is found: the forms are those that give back every address exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.flat_rows import Rows, rows_from, same_rows
from autograd.compiler.ir.loop_places import unrolled
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
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.row_columns import votes_for_periods
from autograd.compiler.ir.row_order import with_results_early

__all__ = ["roll", "rolled_rows", "with_loops"]

COUNTS: Final = (8, 3)  # rounds of a loop at least: first the long ones, then what is left
WINDOWS: Final = (3, 24)  # tokens
PERIODS: Final = 24  # candidates that are tried, those that are met most often
SAVED: Final = 16  # rows that a loop has to save
SAMPLE: Final = 65  # rounds, from which the usual step of an operand is taken
SAMPLES: Final = 8  # tokens of a stretch that are looked at first
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
    return rolled_rows(with_results_early(rows_from(program)), worth, saved)


def rolled_rows(rows: Rows, worth: int = WORTH, saved: int = SAVED) -> Rolled | None:
    """These rows with their loops; None if they hardly repeat themselves."""
    rolled = roll(rows, saved)
    is_worth = rolled.operations * worth <= rolled.length
    # Nothing is taken on trust: what does not give back every row is not used.
    return rolled if is_worth and same_rows(unrolled(rolled), rows) else None


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
    """The tokens at present: the number of each one's shape, the first row, and the operands."""

    def __init__(self, columns: Rows, saved: int) -> None:
        import numpy

        self.saved = saved
        self.np = numpy
        self.columns = columns
        widths = numpy.diff(columns.starts)
        kinds = columns.codes.astype(numpy.int64) * (int(widths.max(initial=0)) + 1) + widths
        used = numpy.flatnonzero(numpy.bincount(kinds))
        codes, own = numpy.divmod(used, int(widths.max(initial=0)) + 1)
        self.nodes: list[Node] = [
            Step(*pair) for pair in zip(codes.tolist(), own.tolist(), strict=True)
        ]
        shapes = numpy.zeros(int(used.max(initial=0)) + 1, numpy.int64)
        shapes[used] = numpy.arange(len(used))
        # Of each operand of a shape: how many entries of a table it stands for; 0 for an address.
        self.extents: list[Any] = [numpy.zeros(node.width, numpy.int64) for node in self.nodes]
        self._numbers: dict[Any, int] = {}
        self._alike: dict[int, Any] = {}  # what loops have in common that differ in their rounds
        self.shapes = shapes[kinds]
        self.begins = numpy.arange(columns.length + 1)
        self.starts = columns.starts
        self.operands = columns.operands
        self.tables: list[Any] = []
        self.entries = 0

    def result(self) -> Rolled:
        """What has become of the program."""
        columns = self.columns
        return Rolled(
            tuple([self.nodes[i] for i in self.shapes.tolist()]),
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
        np = self.np
        taken = np.zeros(len(self.shapes), bool)
        found: list[_Found] = []
        for period in self._periods(window, count):
            done = 0
            if len(taken) - np.count_nonzero(taken) < count * period:
                continue
            for first, end in self._stretches(period, count, taken):
                begin = max(first, done)  # stretches of one period may overlap
                if not self._may_save(begin, end, period, count):
                    continue
                for loop in self._loops(begin, end, period, count):
                    taken[loop.begin : loop.end] = True
                    found.append(loop)
                    done = loop.end
        return self._put(found)

    # -- candidates --------------------------------------------------------------------------------

    def _periods(self, window: int, count: int) -> list[int]:
        """Distances at which windows come again, small ones first."""
        np = self.np
        longest = len(self.shapes) // count
        if longest < 1:
            return []
        counted = np.array(votes_for_periods(self.shapes, window, longest))
        periods = np.flatnonzero(counted)
        votes = counted[periods]
        most = np.argsort(-votes, kind="stable")[:PERIODS]
        return sorted(periods[most[votes[most] >= count - 1]].tolist())

    def _stretches(self, period: int, count: int, taken: Any) -> list[tuple[int, int]]:
        """Where shapes come again after this period for so many rounds."""
        np, shapes = self.np, self.shapes
        if not self._may_repeat(period, (count - 1) * period):
            return []
        again = shapes[period:] == shapes[:-period]
        again &= ~(taken[period:] | taken[:-period])
        edges = np.flatnonzero(np.diff(np.concatenate(([0], again.astype(np.int8), [0]))))
        begins, ends = edges[::2], edges[1::2] + period
        long = ends - begins >= count * period
        return list(zip(begins[long].tolist(), ends[long].tolist(), strict=True))

    def _may_repeat(self, period: int, length: int) -> bool:
        """Whether so many tokens in a row may be those before them: of every eighth part of such a
        row one is looked at, and mostly that says that there are none."""
        step = length // SAMPLES
        if step < 2:
            return True
        again = self.shapes[period::step] == self.shapes[:-period:step]
        others = self.np.flatnonzero(~again)
        gaps = self.np.diff(self.np.concatenate(([-1], others, [len(again)])))
        return bool((gaps > SAMPLES).any())

    def _may_save(self, begin: int, end: int, period: int, count: int) -> bool:
        """Whether a loop over the whole stretch would be long enough. Most are not, where rows are
        alike by chance only; of these operands need not be looked at."""
        rounds = (end - begin) // period
        return rounds >= count and (rounds - 1) * self.rows_of(begin, period) >= self.saved

    def rows_of(self, begin: int, period: int) -> int:
        """How many rows a round of so many tokens has."""
        return int(self.begins[begin + period] - self.begins[begin])

    # -- loops of one stretch ----------------------------------------------------------------------

    def _loops(self, begin: int, end: int, period: int, count: int) -> list[_Found]:
        steps = _Steps(self, begin, end, period)
        found = self._among(steps, count)
        if found and not steps.irregular.any():
            return found
        # Perhaps a few rounds together repeat by rule, as in a loop over three components.
        longer = steps.gap * period
        if steps.gap > 1 and longer * count <= end - begin:
            others = _Steps(self, begin, end, longer)
            if not others.irregular.any():
                return self._among(others, count) or found
        return found

    def _among(self, steps: _Steps, count: int) -> list[_Found]:
        found: list[_Found] = []
        for begin, rounds in steps.segments(count):
            if (rounds - 1) * steps.length >= self.saved:
                odd = int(not self._begins_alike(begin, rounds, steps))
                found.append(self._loop(begin + odd * steps.period, rounds - odd, steps.period))
        return found

    def _begins_alike(self, begin: int, rounds: int, steps: _Steps) -> bool:
        """Whether the first round is like the others, but for what is carried into it."""
        np, period = self.np, steps.period
        third = begin + 3 * period
        operands = self.operands[self.starts[begin] : self.starts[third]].reshape(3, -1)
        changes = operands[1:] - operands[:-1]
        other = np.flatnonzero((changes[0] != changes[1]) & ~steps.irregular_from(begin))
        first = self.begins[begin]
        before = operands[1][other] - first
        carried = (before >= 0) & (before < steps.length) & (operands[0][other] < first)
        return bool(carried.all())

    def _loop(self, begin: int, rounds: int, period: int) -> _Found:
        """The loop of these tokens."""
        np = self.np
        end = begin + rounds * period
        body = self.shapes[begin : begin + period].tolist()
        given = self.operands[self.starts[begin] : self.starts[end]].reshape(rounds, -1)
        length = self.rows_of(begin, period)
        firsts = (self.begins[begin] + length * np.arange(rounds)[:, None]).astype(given.dtype)
        extents = np.concatenate([self.extents[i] for i in body])
        addresses = extents == 0
        kinds = np.full(given.shape[1], TABLE)
        numbers = np.zeros(given.shape[1], np.int64)

        def set_where(holds: Any, kind: int, values: Any) -> None:
            kinds[holds], numbers[holds] = kind, values[holds]

        steps = given[1] - given[0]
        set_where((given[1:] - given[:-1] == steps).all(axis=0), AFFINE, steps)
        before = given[1:] - firsts[:-1]
        carried = (before == before[0]).all(axis=0) & addresses
        carried &= (before[0] >= 0) & (before[0] < length)
        set_where(carried, CARRIED, before[0])
        here = given[0] - firsts[0]
        set_where((given - firsts == here).all(axis=0) & addresses & (here >= 0), LOCAL, here)
        first = given[0].copy()
        extents = extents.copy()
        self._make_tables(given, kinds, numbers, first, extents)
        kept = kinds != LOCAL
        forms = tuple(map(Form, kinds.tolist(), numbers.tolist()))
        shape = self._shape(rounds, body, forms, extents[kept])
        return _Found(begin, end, shape, first[kept])

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
        self.tables.append(entries.copy())
        self.entries += len(entries)
        return place

    def _all_tables(self) -> Any:
        np = self.np
        self.tables = [np.concatenate([np.zeros(0, np.int64), *self.tables])]
        return self.tables[0]

    def _shape(self, count: int, body: Sequence[int], forms: tuple[Form, ...], extents: Any) -> int:
        """The number of this shape of loops."""
        key = (count, tuple(body), forms, extents.tobytes())
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.nodes)
            self._alike[number] = (tuple(body), forms)
            nodes = tuple([self.nodes[i] for i in body])
            operations = sum(node.operations for node in nodes)
            self.nodes.append(Loop(count, nodes, forms, len(extents), operations))
            self.extents.append(extents)
        return number

    # -- ragged loops ------------------------------------------------------------------------------

    def make_ragged(self) -> bool:
        """Loops that differ in nothing but the number of their rounds are given that number."""
        np = self.np
        groups: dict[Any, list[int]] = {}
        for number in np.unique(self.shapes).tolist():
            if number in self._alike:
                groups.setdefault(self._alike[number], []).append(number)
        found: list[_Found] = []
        for numbers in groups.values():
            if len(numbers) < COUNTS[-1]:
                continue
            like = self.nodes[numbers[0]]
            assert isinstance(like, Loop)
            shape = len(self.nodes)
            self.nodes.append(like._replace(rounds=RAGGED, width=like.width + 1))
            # Neither is an address: nor what was a place in a table, nor the number of rounds.
            self.extents.append(np.concatenate(([1], self.extents[numbers[0]] > 0)).astype(int))
            for token in np.flatnonzero(np.isin(self.shapes, numbers)).tolist():
                node = self.nodes[self.shapes[token]]
                assert isinstance(node, Loop)
                given = self.operands[self.starts[token] : self.starts[token + 1]]
                with_rounds = np.concatenate(([node.rounds], given))
                found.append(_Found(token, token + 1, shape, with_rounds))
        return self._put(found)

    def improve_ragged(self) -> None:
        """Find the loops around them."""
        taken = self.np.zeros(len(self.shapes), bool)
        ragged = [k for k, x in enumerate(self.nodes) if isinstance(x, Loop) and x.is_ragged]
        found: list[_Found] = []
        for period in self._periods(WINDOWS[0], COUNTS[-1]):
            done = 0
            for begin, end in self._stretches(period, COUNTS[-1], taken):
                rounds = (end - max(begin, done)) // period
                is_ragged = self.np.isin(self.shapes[begin : begin + period], ragged).any()
                if is_ragged and rounds >= COUNTS[-1]:
                    found.append(self._loop_around(max(begin, done), rounds, period))
                    done = found[-1].end
                    taken[found[-1].begin : done] = True
        self._put(found)

    def _loop_around(self, begin: int, rounds: int, period: int) -> _Found:
        """The loop of these tokens, ragged ones among them; without its first round if the others
        have more in common."""
        forms = self._forms_around(begin, rounds, period)
        if rounds > COUNTS[-1]:
            others = self._forms_around(begin + period, rounds - 1, period)
            if _tables_in(others) < _tables_in(forms):
                begin, rounds, forms = begin + period, rounds - 1, others
        np, end = self.np, begin + rounds * period
        given = self.operands[self.starts[begin] : self.starts[end]].reshape(rounds, -1)
        first = given[0].copy()
        for j, form in enumerate(forms):
            if form.kind == TABLE:
                first[j] = self._add_table(given[:, j])
        kept = np.array([form.kind != LOCAL for form in forms])
        nodes = tuple([self.nodes[i] for i in self.shapes[begin : begin + period].tolist()])
        shape = len(self.nodes)
        operations = sum(node.operations for node in nodes)
        self.nodes.append(Loop(rounds, nodes, tuple(forms), int(kept.sum()), operations))
        self.extents.append(np.zeros(int(kept.sum()), np.int64))
        return _Found(begin, end, shape, first[kept])

    def _forms_around(self, begin: int, rounds: int, period: int) -> list[Form]:
        np, end = self.np, begin + rounds * period
        body = self.shapes[begin : begin + period].tolist()
        given = self.operands[self.starts[begin] : self.starts[end]].reshape(rounds, -1)
        first = self.begins[begin:end].reshape(rounds, period)
        after = self.begins[begin + 1 : end + 1].reshape(rounds, period)
        addresses = np.concatenate([self.extents[i] for i in body]) == 0
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
        shapes, kept = self.shapes.copy(), np.ones(len(self.shapes) + 1, bool)
        widths = np.diff(self.starts)
        pieces: list[Any] = []
        done = 0
        for loop in sorted(found, key=lambda loop: loop.begin):
            pieces += [self.operands[self.starts[done] : self.starts[loop.begin]], loop.given]
            shapes[loop.begin] = loop.shape
            widths[loop.begin] = len(loop.given)
            kept[loop.begin + 1 : loop.end] = False
            done = loop.end
        pieces.append(self.operands[self.starts[done] :])
        self.operands = np.concatenate(pieces)
        self.shapes, self.begins = shapes[kept[:-1]], self.begins[kept]
        self.starts = np.concatenate(([0], np.cumsum(widths[kept[:-1]])))
        return True


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


class _Steps:
    """How the operands of a stretch change from round to round."""

    def __init__(self, search: _Search, begin: int, end: int, period: int) -> None:
        np = search.np
        starts = search.starts
        self.begin, self.end, self.period = begin, end, period
        self._np, self._starts = np, starts
        self.length = search.rows_of(begin, period)
        width = int(starts[begin + period] - starts[begin])
        operands = search.operands[starts[begin] : starts[end]]
        changes = operands[width:] - operands[:-width] if width else operands
        rounds = len(changes) // width if width else 0
        self.irregular = np.zeros(width, bool)
        self.gap = 0
        self._bad: list[tuple[int, bool]] = []  # tokens at which a loop may end, and how
        if not rounds:
            return
        whole = changes[: rounds * width].reshape(rounds, width)
        some = whole
        if rounds > SAMPLE:
            some = whole[np.linspace(0, rounds - 1, SAMPLE).astype(int)]
        usual = np.sort(some, axis=0)[len(some) // 2]
        often = whole != usual
        rest = changes[rounds * width :]
        bad = np.concatenate([often.reshape(-1), rest != usual[: len(rest)]])
        self.irregular = often.sum(axis=0) * 3 > rounds
        places = np.flatnonzero(bad)
        columns = places % width
        if len(places):
            self.gap = self._usual_gap(np, places[columns == columns[0]] // width)
        regular = ~self.irregular[columns]
        places, columns = places[regular], columns[regular]
        tokens = np.searchsorted(starts, starts[begin] + width + places, "right") - 1
        # What is carried begins with anything, so a loop may begin with another change.
        soft = usual[columns] == self.length
        self._bad = self._joined(tokens.tolist(), soft.tolist())

    def irregular_from(self, begin: int) -> Any:
        """The operands that follow no rule, in rounds that begin at this token."""
        width = len(self.irregular)
        turn = int(self._starts[begin] - self._starts[self.begin])
        return self._np.roll(self.irregular, -turn % width) if width else self.irregular

    @staticmethod
    def _usual_gap(np: Any, rounds: Any) -> int:
        gaps, times = np.unique(np.diff(rounds), return_counts=True)
        return int(gaps[times.argmax()]) if len(gaps) else 0

    @staticmethod
    def _joined(tokens: list[int], soft: list[bool]) -> list[tuple[int, bool]]:
        """Each token once; a hard end counts."""
        out: dict[int, bool] = {}
        for token, is_soft in zip(tokens, soft, strict=True):
            out[token] = out.get(token, True) and is_soft
        return list(out.items())

    def segments(self, count: int) -> list[tuple[int, int]]:
        """Where loops begin, and how many rounds each has."""
        found: list[tuple[int, int]] = []
        begin, period = self.begin, self.period
        for token, is_soft in [*self._bad, (self.end, False)]:
            if token < begin + period or (is_soft and token < begin + 2 * period):
                continue
            rounds = (token - begin) // period
            if rounds >= count:
                found.append((begin, rounds))
                begin += rounds * period
            begin = max(begin, token - period + 1)
        return found
