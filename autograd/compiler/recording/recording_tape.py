"""Accumulation over the nodes of a recording: what `transforms.accumulation` does over any graph,
to the bit (and, in reverse, in the same order), where the tape says of every node where it is.

A recording does nothing else as often as this. So whatever is summed, multiplied or sent is known
by a number, which is mostly its place; columns by place stand for sets and dicts of nodes; and the
operations that carry a message are made without asking the table. They are nodes or, where nothing
follows but that the recording is read off, lines of columns.

Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.packed_columns import append, vec
from autograd.compiler.recording.operation_columns import (
    ADD,
    CUT_MESSAGE,
    DIV,
    FINITE_PART,
    MESSAGE,
    MINUS_ONE,
    NEG,
    NOTHING,
    ONE,
    OUTSIDE,
    POW_CONST,
    ROWS,
    ZERO,
    OperationColumns,
    constant_place,
)
from autograd.compiler.recording.sweep_order import APART, INSIDE, SEED, SEVERAL, SweptPart, WayDown
from autograd.engine import ieee
from autograd.engine import primitives as table
from autograd.engine.levels import LEVELS
from autograd.engine.operands import to_float
from autograd.engine.tape import Tape
from autograd.engine.value import Fan, Value
from autograd.transforms.factor_graphs import factor_graphs

__all__ = ["RecordingTape"]

_NOT_MADE: Final = Value(0.0)


@final
class RecordingTape(Tape):
    """A tape whose operations may, in the end, be written in columns. Among the nodes, one and the
    same then stands for all that are not made."""

    def __init__(self, arguments: Sequence[Value], first: Tape | None = None) -> None:
        super().__init__(arguments, first)
        self.columns: OperationColumns | None = None
        self.are_last: Callable[[], bool] | None = None
        """Asked once, when no function is running that is differentiated: whether what is made from
        then on is only read off."""

        self.constants = vec[float]([1.0, -1.0, 0.0])
        self.outside: list[Value] = []
        self._rounded: set[int] = set()  # constants that were no floats

    def of_users(self) -> list[Value]:
        if self.columns is not None:  # such a function uses none
            return []
        return super().of_users()

    def adjoints(
        self,
        roots: Sequence[Any],
        weights: Sequence[Any],
        seeds: Sequence[Value],
        shared: dict[int, Sequence[int]] | None = None,
    ) -> list[Any]:
        self._choose_columns()
        if self.columns is not None:
            return self._swept(roots, weights, seeds, shared)
        asked = self._asked("reverse", [roots, weights, seeds])
        again = self.sweep_again(asked)
        if again is not None:
            return list(again)
        begin, rules = len(self.nodes), self.rules_of_users
        arrived = self._swept(roots, weights, seeds, shared)
        self.keep(asked, begin, rules, arrived)
        return list(arrived)

    def tangents(
        self, roots: Sequence[Any], seeds: Sequence[Value], sweeps: Sequence[Sequence[Any]]
    ) -> list[list[Any]]:
        self._choose_columns()
        again: Sequence[Any] | None
        if self.columns is not None:
            again = self._pushed(roots, seeds, sweeps)
        else:
            asked = self._asked("forward", [roots, seeds, *sweeps])
            again = self.sweep_again(asked)
            if again is None:
                begin, rules = len(self.nodes), self.rules_of_users
                again = self._pushed(roots, seeds, sweeps)
                self.keep(asked, begin, rules, again)
        count = len(roots)
        return [list(again[k * count : (k + 1) * count]) for k in range(len(sweeps))]

    def _choose_columns(self) -> None:
        ask = self.are_last
        if ask is not None and not LEVELS.here():
            self.are_last = None
            if ask():
                self.columns = OperationColumns(i64(len(self.nodes)))
        self.go_on_in_columns()

    def _asked(self, direction: str, parts: Sequence[Sequence[Any]]) -> list[object]:
        """What is the same in another recording that does the same."""
        found: list[object] = [direction]
        for part in parts:
            found.append(len(part))
            found += [self._shown(x) for x in part]
        return found

    def _shown(self, x: Any) -> object:
        """What is the same in another recording: the place of a node, a Value from outside itself
        (by its id), a number to the bit."""
        if not isinstance(x, Value):
            return repr(x)
        place: int = x._place
        return place if self.owns(x) else -1 - id(x)

    def reciprocals(self) -> list[tuple[int, Value]]:
        """Of the operations in columns that are 1 divided by a node: the place, and that node."""
        columns = self.columns
        if columns is None:
            return []
        found = [(place, self._node(term)) for place, term in columns.reciprocals()]
        return [(place, node) for place, node in found if node is not None]

    # -- between nodes and columns -----------------------------------------------------------------

    def _make_room(self) -> None:
        """Before nodes are made: what was written in columns has places among them."""
        columns = self.columns
        if columns is not None:
            nodes = self.nodes
            for _ in range(i64(columns.end) - i64(len(nodes))):
                nodes.append(_NOT_MADE)

    def go_on_in_columns(self) -> None:
        """After nodes were made."""
        columns = self.columns
        if columns is not None:
            columns.leave_to(self.nodes)

    def _results(self, found: list[int], seeds: Sequence[Value]) -> list[Any]:
        """For whoever asked: nodes of their own, and numbers, never -0.0 (as `accumulation` has
        it)."""
        terms = [ZERO if x == NOTHING else self._sum(x, ZERO) for x in found]
        self._make_room()
        return [self._as_result(x, seeds) for x in terms]

    def _as_result(self, term: i64, seeds: Sequence[Value]) -> Any:
        if term < 0:
            return self.constants[constant_place(term)]
        columns = self.columns
        if columns is None:
            return self.nodes[term]
        # A node that shows no more than that it depends on the arguments.
        number, below = columns.numbers[term - columns.begin], seeds[0]
        node = Value(number, None, table.add, below, None, 1.0, 0.0, None, False)
        node._place = i32(term)
        self.nodes[term] = node
        return node

    # -- terms -------------------------------------------------------------------------------------

    def _term(self, x: Any) -> i64:
        """What stands for a node or a number."""
        if isinstance(x, Value):
            place = i64(x._place)
            if place < len(self.nodes) and self.nodes[place] is x:
                return place
            self.outside.append(x)
            return OUTSIDE + i64(len(self.outside)) - 1
        if type(x) is float:
            return self._constant(x)
        found = self._constant(to_float(x, "message takes a Value or"))
        self._rounded.add(found)
        return found

    def _constant(self, number: float) -> i64:
        self.constants = append(self.constants, number)
        return ONE - i64(len(self.constants)) + 1

    def _input(self, node: Value, k: i64) -> i64:
        """That of an input of a node without a fan."""
        x, number = (node._a, node._pa) if k == 0 else (node._b, node._pb)
        return self._constant(number) if x is None else self._term(x)

    def _is_one(self, term: i64) -> bool:
        if term == ONE:
            return True
        if not _is_constant(term) or self.constants[constant_place(term)] != 1.0:
            return False
        return term not in self._rounded

    def _number(self, term: i64) -> float:
        if term < 0:
            return self.constants[constant_place(term)]
        if term >= OUTSIDE:
            return self.outside[term - OUTSIDE]._data
        columns = self.columns
        if columns is not None and term >= columns.begin:
            return columns.numbers[term - columns.begin]
        return self.nodes[term]._data

    def _node(self, term: i64) -> Value | None:
        if term < 0:
            return None
        return self.outside[term - OUTSIDE] if term >= OUTSIDE else self.nodes[term]

    # -- operations, each as `apply` and the operators would make its node -------------------------

    def _new(self, kind: i64, number: float, a: i64, b: i64, pa: float, pb: float) -> i64:
        """An operation that only this tape is told of, for its recording is all that is on."""
        columns = self.columns
        if columns is not None:
            return columns.write(kind, number, a, b)
        pa = self._number(a) if _is_constant(a) else pa
        pb = self._number(b) if _is_constant(b) else pb
        x, y = self._node(a), self._node(b)
        return self._add(Value(number, None, ROWS[kind], x, y, pa, pb, None, False))

    def _add(self, node: Value) -> i64:
        place = i64(len(self.nodes))
        node._place = i32(place)
        self.nodes.append(node)
        return place

    def _sum(self, a: i64, b: i64) -> i64:
        number = self._number(a) + self._number(b)
        if a < 0 and b < 0:
            return self._constant(number)
        return self._new(ADD, number, a, b, 1.0, 1.0)

    def _minus(self, a: i64) -> i64:
        return self._new(NEG, -self._number(a), a, NOTHING, -1.0, 0.0)

    def _quotient(self, a: i64, b: i64) -> i64:
        below = self._number(b)
        number = ieee.divide(self._number(a), below)
        return self._new(DIV, number, a, b, ieee.divide(1.0, below), ieee.divide(-number, below))

    def _power(self, a: i64, n: float) -> i64:
        x = self._number(a)
        slope = ieee.message(n, ieee.power(x, n - 1.0))
        return self._new(POW_CONST, ieee.power(x, n), a, self._constant(n), slope, n)

    def _message(self, adjoint: i64, factor: i64) -> i64:
        x, y = self._number(adjoint), self._number(factor)
        number = ieee.message(x, y)
        if adjoint < 0 and factor < 0:
            return self._constant(number)
        slope = y if x != 0.0 else ieee.finite_part(y)
        return self._new(MESSAGE, number, adjoint, factor, slope, x)

    def _cut_message(self, adjoint: i64, factor: i64) -> i64:
        x, y = self._number(adjoint), self._number(factor)
        by_x = y if x != 0.0 else ieee.finite_part(y)
        by_y = x if y != 0.0 else ieee.finite_part(x)
        return self._new(CUT_MESSAGE, ieee.cut_message(x, y), adjoint, factor, by_x, by_y)

    def _finite_part(self, x: i64) -> i64:
        number = self._number(x)
        if x < 0:
            return self._constant(ieee.finite_part(number))
        slope = ieee.finite_part(1.0 + (number - number))
        return self._new(FINITE_PART, ieee.finite_part(number), x, NOTHING, slope, 0.0)

    def _where(self, condition: i64, a: i64, b: i64) -> i64:
        test = self._number(condition)
        number = ieee.where(test, self._number(a), self._number(b))
        if condition < 0 and a < 0 and b < 0:
            return self._constant(number)
        columns = self.columns
        if columns is not None:
            return columns.write_where(number, condition, a, b)
        inputs: list[Any] = []
        for x in (condition, a, b):
            node = self._node(x)
            inputs.append(self._number(x) if node is None else node)
        factors = (0.0, ieee.where(test, 1.0, 0.0), ieee.where(test, 0.0, 1.0))
        fan = Fan(tuple(inputs), factors)
        return self._add(Value(number, None, table.where, None, None, 0.0, 0.0, fan, False))

    # -- local derivatives -------------------------------------------------------------------------

    def _two_factors(
        self, node: Value, place: i64, shared: dict[int, Sequence[int]] | None
    ) -> tuple[i64, i64]:
        """Of a node without a fan. Those of the commonest rules are written out, for speed
        alone."""
        row = node._primitive
        if row is table.add:
            return ONE, ONE
        if row is table.mul:
            return self._input(node, 1), self._input(node, 0)
        if row is table.sub:
            return ONE, MINUS_ONE
        if shared is None:
            return self._two_by_rule(node)
        known = shared.get(place)
        if known is None:
            a, b = self._two_by_rule(node)
            shared[place] = (a, b)
            return a, b
        return known[0], known[1]

    def _two_by_rule(self, node: Value) -> tuple[i64, i64]:
        row, x, y = node._primitive, node._a, node._b
        if row is table.message:
            adjoint, factor = self._input(node, 0), self._input(node, 1)
            return self._where(adjoint, factor, self._finite_part(factor)), adjoint
        if row is table.div and y is not None:
            below = self._term(y)
            first = self._quotient(ONE, below)
            return first, self._quotient(self._minus(self._term(node)), below)
        if row is table.log and x is not None:
            return self._quotient(ONE, self._term(x)), NOTHING
        if row is table.pow_const and x is not None and y is None:
            n = node._pb
            return self._message(self._constant(n), self._power(self._term(x), n - 1.0)), ZERO
        found = self._by_rule(node)
        return found[0], found[1] if len(found) > 1 else NOTHING

    def _factors_of_fan(
        self, node: Value, place: i64, shared: dict[int, Sequence[int]] | None
    ) -> Sequence[int]:
        if shared is None:
            return self._by_rule(node)
        known = shared.get(place)
        if known is None:
            known = shared[place] = self._by_rule(node)
        return known

    def _by_rule(self, node: Value) -> list[int]:
        row = node._primitive
        if row is not None and not row.builtin:
            self.rules_of_users += 1
        self._make_room()
        found = [self._term(x) for x in factor_graphs(node)]
        self.go_on_in_columns()
        return found

    # -- messages ----------------------------------------------------------------------------------

    def _sent(self, node: Value, k: i64, adjoint: i64, factor: i64) -> i64:
        """What passes down along one edge, by the engine's two rules."""
        row = node._primitive
        if row is not None and row.cuts != 0 and row.cuts_input(k):
            return self._sent_up(adjoint, factor)
        return self._passed_on(adjoint, factor)

    def _sent_up(self, tangent: i64, factor: i64) -> i64:
        """What passes to a node: 0 whatever the tangent, where the factor is 0, as along edges that
        cut. It may vary: that of x**2 does."""
        if factor >= 0:
            return self._cut_message(tangent, factor)
        if self._number(factor) == 0.0:
            return NOTHING
        return self._passed_on(tangent, factor)

    def _passed_on(self, adjoint: i64, factor: i64) -> i64:
        """Their product, or the one where the other is 1."""
        if self._is_one(adjoint):
            return factor
        if self._is_one(factor):
            return adjoint
        return self._message(adjoint, factor)

    def _accumulated(self, before: i64, term: i64) -> i64:
        if before == NOTHING or term == NOTHING:
            return term if before == NOTHING else before
        return self._sum(before, term)

    # -- sweeps ------------------------------------------------------------------------------------

    def _part(self, roots: Sequence[Any], seeds: Sequence[Value]) -> SweptPart:
        first: int = min([seed._place for seed in seeds], default=0)
        end: int = 1 + max([x._place for x in roots if self.owns(x)], default=first - 1)
        return SweptPart(self.nodes, first, max(first, end), seeds)

    def _swept(
        self,
        roots: Sequence[Any],
        weights: Sequence[Any],
        seeds: Sequence[Value],
        shared: dict[int, Sequence[int]] | None,
    ) -> list[Any]:
        part = self._part(roots, seeds)
        down = WayDown(part)
        for root, weight in zip(roots, weights, strict=True):
            at = part.place_of(root)
            if at >= 0 and part.states[at] != APART:
                down.roots.append(at)
                down.found[at] = i32(self._accumulated(i64(down.found[at]), self._term(weight)))
        down.begin()
        while down.left > 0:
            self._sweep_node(down, down.next(), shared)
        return self._results(part.found_at(seeds, down.found, 0), seeds)

    def _sweep_node(self, down: WayDown, i: i64, shared: dict[int, Sequence[int]] | None) -> None:
        """Send on what has arrived at a node."""
        part = down.part
        if part.states[i] == SEED:
            return
        adjoint = i64(down.found[i])
        down.found[i] = NOTHING  # it is not needed any more
        a, b = i64(part.a[i]), i64(part.b[i])
        if adjoint == NOTHING:
            down.pass_by(i)
            return
        place = part.first + i
        node = self.nodes[place]
        if a == SEVERAL and node._fan is not None:
            factors = self._factors_of_fan(node, place, shared)
            for k, x in enumerate(node._fan.inputs):
                at = part.counted(x)
                if at >= 0:
                    sent = self._sent(node, k, adjoint, factors[k])
                    down.found[at] = i32(self._accumulated(i64(down.found[at]), sent))
                    down.report(at)
            return
        by_a, by_b = self._two_factors(node, place, shared)
        if a >= 0:
            sent = self._sent(node, 0, adjoint, by_a)
            down.found[a] = i32(self._accumulated(i64(down.found[a]), sent))
            down.report(a)
        if b >= 0:
            sent = self._sent(node, 1, adjoint, by_b)
            down.found[b] = i32(self._accumulated(i64(down.found[b]), sent))
            down.report(b)

    def _pushed(
        self, roots: Sequence[Any], seeds: Sequence[Value], sweeps: Sequence[Sequence[Any]]
    ) -> list[Any]:
        """From the seeds up, in the order in which the nodes were made, all sweeps at once."""
        part = self._part(roots, seeds)
        found = vec[i32]([i32(NOTHING)] * (part.count * len(sweeps)))
        for k, directions in enumerate(sweeps):
            for seed, direction in zip(seeds, directions, strict=True):
                at = part.place_of(seed)
                if at >= 0 and (isinstance(direction, Value) or direction != 0.0):
                    at += part.count * k
                    found[at] = i32(self._accumulated(i64(found[at]), self._term(direction)))
        needed = part.needed(roots)
        for i in range(i64(part.count)):
            if part.states[i] == INSIDE and needed[i]:
                self._push_node(part, i, found, len(sweeps))
        arrived: list[int] = []
        for k in range(len(sweeps)):
            arrived += part.found_at(roots, found, part.count * k)
        return self._results(arrived, seeds)

    def _push_node(self, part: SweptPart, i: i64, found: vec[i32], sweeps: i64) -> None:
        """The tangents of a node from those of its inputs, in each sweep."""
        place = part.first + i
        node = self.nodes[place]
        inputs = part.inputs_at(i)
        factors: Sequence[int] = ()
        for k in range(sweeps):
            begin = k * part.count
            for j, at in enumerate(inputs):
                tangent = i64(found[begin + at]) if at >= 0 else NOTHING
                if tangent == NOTHING:
                    continue
                if not factors:
                    factors = self._factors(node, place)
                sent = self._sent_up(tangent, factors[j])
                found[begin + i] = i32(self._accumulated(i64(found[begin + i]), sent))

    def _factors(self, node: Value, place: i64) -> Sequence[int]:
        if node._fan is not None:
            return self._factors_of_fan(node, place, None)
        a, b = self._two_factors(node, place, None)
        return [a, b]


def _is_constant(term: i64) -> bool:
    return term <= ONE
