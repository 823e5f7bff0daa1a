"""Accumulation in Values over the nodes of a recording: what `accumulation` does over any graph, to
the bit (and, in reverse, in the same order), where the tape says of every node where it is.

A recording does nothing else as often as this. So the nodes that carry a message are made here
without asking the table, and lists by place stand for sets and dicts of nodes. Where nothing
follows but that the recording is read off, they are not made: what stands for one here, an adjoint
or a local derivative, is the place of an operation that the tape's columns hold.

Compiled with the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mypy_extensions import i64

from autograd.engine import ieee
from autograd.engine import primitives as table
from autograd.engine.levels import LEVELS
from autograd.engine.tape import Tape
from autograd.engine.value import Fan, Value, inputs_and_partials

__all__ = ["factor_graphs", "tape_adjoints", "tape_tangents"]

NOT_HERE: Final[i64] = -1
APART: Final = 0  # a node that no seed goes into
INSIDE: Final = 1
SEED: Final = 2
_BOTH_ONE: Final[Any] = (1.0, 1.0)
_DIFFERENCE: Final[Any] = (1.0, -1.0)


def tape_adjoints(
    tape: Tape,
    roots: Sequence[Any],
    weights: Sequence[Any],
    seeds: Sequence[Value],
    shared: dict[int, Sequence[Any]] | None = None,
) -> list[Any]:
    """For each seed, all of which are of the tape, what arrives from the weighted roots, by a node
    of its own; a float where nothing varies. `shared` are local derivatives by the place of their
    node."""
    _choose_columns(tape)
    if tape.columns is not None:
        return _swept(tape, roots, weights, seeds, shared)
    asked = _asked(tape, "reverse", [roots, weights, seeds])
    again = tape.sweep_again(asked)
    if again is not None:
        return list(again)
    begin, rules = len(tape.nodes), tape.rules_of_users
    arrived = _swept(tape, roots, weights, seeds, shared)
    tape.keep(asked, begin, rules, arrived)
    return list(arrived)


def tape_tangents(
    tape: Tape,
    roots: Sequence[Any],
    seeds: Sequence[Value],
    sweeps: Sequence[Sequence[Any]],
) -> list[list[Any]]:
    """For each sweep, which is one direction per seed, what arrives at each root, in the same
    way."""
    _choose_columns(tape)
    again: Sequence[Any] | None
    if tape.columns is not None:
        again = _pushed(tape, roots, seeds, sweeps)
    else:
        asked = _asked(tape, "forward", [roots, seeds, *sweeps])
        again = tape.sweep_again(asked)
        if again is None:
            begin, rules = len(tape.nodes), tape.rules_of_users
            again = _pushed(tape, roots, seeds, sweeps)
            tape.keep(asked, begin, rules, again)
    count = len(roots)
    return [list(again[k * count : (k + 1) * count]) for k in range(len(sweeps))]


def _choose_columns(tape: Tape) -> None:
    """Have the operations written in columns, where whoever records offers some: once no function
    is running that is differentiated, for what it does refers to nodes."""
    offer = tape.columns_for_last
    if offer is not None and not LEVELS.here():
        tape.columns_for_last = None
        tape.columns = offer()
    tape.go_on_in_columns()


def _asked(tape: Tape, direction: str, parts: Sequence[Sequence[Any]]) -> list[object]:
    """What is the same in another recording that does the same."""
    found: list[object] = [direction]
    for part in parts:
        found.append(len(part))
        found += [_shown(tape, x) for x in part]
    return found


def _shown(tape: Tape, x: Any) -> object:
    """What is the same in another recording: the place of a node, a Value from outside itself (by
    its id), a number to the bit."""
    if not isinstance(x, Value):
        return repr(x)
    place: int = x._place
    return place if tape.owns(x) else -1 - id(x)


def _swept(
    tape: Tape,
    roots: Sequence[Any],
    weights: Sequence[Any],
    seeds: Sequence[Value],
    shared: dict[int, Sequence[Any]] | None,
) -> list[Any]:
    first: int = min([seed._place for seed in seeds], default=0)
    nodes = tape.nodes[first : 1 + max([x._place for x in roots if tape.owns(x)], default=-1)]
    states = _states(nodes, first, seeds)
    found: list[Any] = [None] * len(nodes)
    ready_roots: list[Value] = []
    for root, weight in zip(roots, weights, strict=True):
        at = _place_in(nodes, first, root)
        if at != NOT_HERE and states[at] != APART:
            ready_roots.append(root)
            _accumulate(tape, found, at, weight)
    _sweep(tape, nodes, first, states, ready_roots, found, shared)
    return _results(tape, _found_at(nodes, first, seeds, found), seeds)


def _pushed(
    tape: Tape,
    roots: Sequence[Any],
    seeds: Sequence[Value],
    sweeps: Sequence[Sequence[Any]],
) -> list[Any]:
    """From the seeds up, in the order in which the nodes were made, all sweeps at once."""
    first: int = min([seed._place for seed in seeds], default=0)
    nodes = tape.nodes[first : 1 + max([x._place for x in roots if tape.owns(x)], default=-1)]
    states = _states(nodes, first, seeds)
    needed = _needed(nodes, first, states, roots)
    columns: list[list[Any]] = []
    for directions in sweeps:
        found: list[Any] = [None] * len(nodes)
        for seed, direction in zip(seeds, directions, strict=True):
            at = _place_in(nodes, first, seed)
            if at != NOT_HERE and (isinstance(direction, Value) or direction != 0.0):
                _accumulate(tape, found, at, direction)
        columns.append(found)
    for i in range(i64(len(nodes))):
        if states[i] == INSIDE and needed[i]:
            _push(tape, nodes, first, states, i, columns)
    arrived = [x for column in columns for x in _found_at(nodes, first, roots, column)]
    return _results(tape, arrived, seeds)


def _results(tape: Tape, found: Sequence[Any], seeds: Sequence[Value]) -> list[Any]:
    """For whoever asked: never -0.0 (as `accumulation` has it), and as nodes."""
    out = [0.0 if x is None else _sum(tape, x, 0.0) for x in found]
    if tape.columns is None:
        return out
    tape.make_room()
    return [tape.stand_in(x, seeds[0]) if isinstance(x, int) else x for x in out]


def _found_at(nodes: list[Value], first: i64, of: Sequence[Any], found: list[Any]) -> list[Any]:
    """What was found for these; None for those that are not among the nodes."""
    out: list[Any] = []
    for x in of:
        at = _place_in(nodes, first, x)
        out.append(None if at == NOT_HERE else found[at])
    return out


def _needed(nodes: list[Value], first: i64, states: list[int], roots: Sequence[Any]) -> list[bool]:
    """Which nodes the roots were computed from, or are."""
    needed = [False] * len(nodes)
    for root in roots:
        at = _place_in(nodes, first, root)
        if at != NOT_HERE:
            needed[at] = True
    for i in range(i64(len(nodes)) - 1, -1, -1):
        if not needed[i] or states[i] != INSIDE:
            continue
        node = nodes[i]
        for x in (node._a, node._b) if node._fan is None else node._fan.inputs:
            at = _counts(nodes, first, states, x)
            if at != NOT_HERE:
                needed[at] = True
    return needed


def _push(
    tape: Tape,
    nodes: list[Value],
    first: i64,
    states: list[int],
    i: i64,
    columns: list[list[Any]],
) -> None:
    """The tangents of a node from those of its inputs, in each column."""
    node = nodes[i]
    factors: tuple[Any, ...] | None = None
    if node._fan is None:
        a = _counts(nodes, first, states, node._a)
        b = _counts(nodes, first, states, node._b)
        for found in columns:
            by_a = None if a == NOT_HERE else found[a]
            by_b = None if b == NOT_HERE else found[b]
            if by_a is None and by_b is None:
                continue
            if factors is None:
                factors = _factors(tape, node, first + i, None)
            if by_a is not None:
                _send_up(tape, found, i, by_a, factors[0])
            if by_b is not None:
                _send_up(tape, found, i, by_b, factors[1])
        return
    for found in columns:
        for k, x in enumerate(node._fan.inputs):
            at = _counts(nodes, first, states, x)
            tangent = None if at == NOT_HERE else found[at]
            if tangent is None:
                continue
            if factors is None:
                factors = _factors(tape, node, first + i, None)
            _send_up(tape, found, i, tangent, factors[k])


def _send_up(tape: Tape, found: list[Any], i: i64, tangent: Any, factor: Any) -> None:
    """What passes to a node: 0 whatever the tangent, where the factor is 0, as along edges that
    cut."""
    if _is_node(tape, factor):
        _accumulate(tape, found, i, _cut_message(tape, tangent, factor))
    elif factor != 0.0:
        _pass_on(tape, found, i, tangent, factor)


def _place_in(nodes: list[Value], first: i64, x: Any) -> i64:
    """Where a node is among these, which begin at place `first` of a tape."""
    if not isinstance(x, Value):
        return NOT_HERE
    at = i64(x._place) - first
    return at if 0 <= at < i64(len(nodes)) and nodes[at] is x else NOT_HERE


def _states(nodes: list[Value], first: i64, seeds: Sequence[Value]) -> list[int]:
    """Of each node, whether it is a seed, or was computed from one."""
    states = [APART] * len(nodes)
    for seed in seeds:
        at = _place_in(nodes, first, seed)
        if at != NOT_HERE:
            states[at] = SEED
    for i in range(i64(len(nodes))):
        if states[i] != SEED and _depends(nodes, first, states, nodes[i]):
            states[i] = INSIDE
    return states


def _depends(nodes: list[Value], first: i64, states: list[int], node: Value) -> bool:
    if _counts(nodes, first, states, node._a) != NOT_HERE:
        return True
    if _counts(nodes, first, states, node._b) != NOT_HERE:
        return True
    if node._fan is not None:
        for x in node._fan.inputs:
            if _counts(nodes, first, states, x) != NOT_HERE:
                return True
    return False


def _counts(nodes: list[Value], first: i64, states: list[int], x: Any) -> i64:
    """The place of an input to which something is passed on; else NOT_HERE."""
    at = _place_in(nodes, first, x)
    return NOT_HERE if at == NOT_HERE or states[at] == APART else at


def _sweep(
    tape: Tape,
    nodes: list[Value],
    first: i64,
    states: list[int],
    roots: list[Value],
    found: list[Any],
    shared: dict[int, Sequence[Any]] | None,
) -> None:
    """From the roots down, in the order of `Value.backward` (see `Graph.schedule`)."""
    waiting = _waiting(nodes, first, states, roots)
    ready: list[Value] = []
    for root in roots:
        _report(waiting, ready, root, i64(root._place) - first)
    while ready:
        node = ready.pop()
        i = i64(node._place) - first
        if states[i] == SEED:
            continue
        adjoint = found[i]
        found[i] = None  # it is not needed any more
        factors: tuple[Any, ...] = ()
        if adjoint is not None:
            factors = _factors(tape, node, first + i, shared)
        a, b, fan = node._a, node._b, node._fan
        if a is not None:
            at = _counts(nodes, first, states, a)
            if at != NOT_HERE:
                if adjoint is not None:
                    _send(tape, found, at, node, 0, adjoint, factors[0])
                _report(waiting, ready, a, at)
        if b is not None:
            at = _counts(nodes, first, states, b)
            if at != NOT_HERE:
                if adjoint is not None:
                    _send(tape, found, at, node, 1, adjoint, factors[1])
                _report(waiting, ready, b, at)
        if fan is not None:
            for k, x in enumerate(fan.inputs):
                at = _counts(nodes, first, states, x)
                if at != NOT_HERE:
                    if adjoint is not None:
                        _send(tape, found, at, node, k, adjoint, factors[k])
                    _report(waiting, ready, nodes[at], at)


def _report(waiting: list[int], ready: list[Value], node: Value, at: i64) -> None:
    """An edge has reported to a node, which is ready when it was the last one."""
    left = waiting[at] - 1
    waiting[at] = left
    if left == 0:
        ready.append(node)


def _waiting(nodes: list[Value], first: i64, states: list[int], roots: list[Value]) -> list[int]:
    """Of each node, how many edges will report to it."""
    waiting = [0] * len(nodes)
    for root in roots:
        waiting[i64(root._place) - first] += 1
    for i in range(i64(len(nodes)) - 1, -1, -1):
        if waiting[i] == 0 or states[i] != INSIDE:
            continue
        node = nodes[i]
        if node._fan is not None:
            for x in node._fan.inputs:
                _expect(waiting, _counts(nodes, first, states, x))
        else:
            _expect(waiting, _counts(nodes, first, states, node._a))
            _expect(waiting, _counts(nodes, first, states, node._b))
    return waiting


def _expect(waiting: list[int], at: i64) -> None:
    if at != NOT_HERE:
        waiting[at] = waiting[at] + 1  # (+= is slow in a compiled list)


def _send(
    tape: Tape, found: list[Any], at: i64, node: Value, k: int, adjoint: Any, factor: Any
) -> None:
    """What passes along one edge, by the engine's two rules."""
    row = node._primitive
    if row is not None and row.cuts != 0 and row.cuts_input(k):
        # 0 whatever the adjoint, where the factor is 0. It may vary: that of x**2 does.
        if _is_node(tape, factor):
            _accumulate(tape, found, at, _cut_message(tape, adjoint, factor))
            return
        if factor == 0.0:
            return
    _pass_on(tape, found, at, adjoint, factor)


def _pass_on(tape: Tape, found: list[Any], at: i64, adjoint: Any, factor: Any) -> None:
    """Their product, or the one where the other is 1."""
    if type(adjoint) is float and adjoint == 1.0:
        _accumulate(tape, found, at, factor)
    elif type(factor) is float and factor == 1.0:
        _accumulate(tape, found, at, adjoint)
    else:
        _accumulate(tape, found, at, _message(tape, adjoint, factor))


def _accumulate(tape: Tape, found: list[Any], at: i64, term: Any) -> None:
    before = found[at]
    found[at] = term if before is None else _sum(tape, before, term)


# -- local derivatives -----------------------------------------------------------------------------


def _factors(
    tape: Tape, node: Value, place: int, shared: dict[int, Sequence[Any]] | None
) -> tuple[Any, ...]:
    """Those of the commonest rules are written out, for speed alone."""
    row = node._primitive
    if row is table.add:
        ones: tuple[Any, ...] = _BOTH_ONE
        return ones
    if row is table.mul:
        a: Any = node._pa if node._a is None else node._a
        return (node._pb if node._b is None else node._b, a)
    if row is table.sub:
        signs: tuple[Any, ...] = _DIFFERENCE
        return signs
    if shared is None:
        return _by_rule(tape, node)
    found = shared.get(place)
    if found is None:
        found = shared[place] = _by_rule(tape, node)
    return tuple(found)


def _by_rule(tape: Tape, node: Value) -> tuple[Any, ...]:
    row, x, y = node._primitive, node._a, node._b
    if row is table.message:
        adjoint: Any = node._pa if x is None else x
        factor: Any = node._pb if y is None else y
        return _where(tape, adjoint, factor, _finite_part(tape, factor)), adjoint
    if row is table.div and y is not None:
        return _inverse(tape, y), _quotient(tape, _minus(tape, node), y)
    if row is table.log and x is not None:
        return (_inverse(tape, x),)
    if row is table.pow_const and x is not None and y is None:
        return _message(tape, node._pb, _power(tape, x, node._pb - 1.0)), 0.0
    if row is not None and not row.builtin:
        tape.rules_of_users += 1
    tape.make_room()
    found = tuple(factor_graphs(node))
    tape.go_on_in_columns()
    return found


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


# -- operations ------------------------------------------------------------------------------------

# Each as `apply` and the operators would make its node.


def _is_node(tape: Tape, x: Any) -> bool:
    """Whether it is one, or stands for one; else it is a number."""
    return isinstance(x, Value) or (tape.columns is not None and isinstance(x, int))


def _sum(tape: Tape, a: Any, b: Any) -> Any:
    if _is_node(tape, a):
        x = tape.number(a)
        if _is_node(tape, b):
            return tape.new(x + tape.number(b), table.add, a, b, 1.0, 1.0)
        if type(b) is float:
            y: float = b
            return tape.new(x + y, table.add, a, None, 1.0, y)
    elif type(a) is float and _is_node(tape, b):
        x = a
        return tape.new(x + tape.number(b), table.add, None, b, x, 1.0)
    return a + b


def _minus(tape: Tape, a: Value) -> Any:
    return tape.new(-a._data, table.neg, a, None, -1.0, 0.0)


def _inverse(tape: Tape, b: Value) -> Any:
    number = ieee.divide(1.0, b._data)
    return tape.new(number, table.div, None, b, 1.0, ieee.divide(-number, b._data))


def _quotient(tape: Tape, a: Any, b: Value) -> Any:
    below = b._data
    number = ieee.divide(tape.number(a), below)
    slopes = ieee.divide(1.0, below), ieee.divide(-number, below)
    return tape.new(number, table.div, a, b, slopes[0], slopes[1])


def _power(tape: Tape, a: Value, n: float) -> Any:
    x = a._data
    slope = ieee.message(n, ieee.power(x, n - 1.0))
    return tape.new(ieee.power(x, n), table.pow_const, a, None, slope, n)


def _message(tape: Tape, adjoint: Any, factor: Any) -> Any:
    if _is_node(tape, adjoint):
        x = tape.number(adjoint)
        if _is_node(tape, factor):
            y = tape.number(factor)
            slope = y if x != 0.0 else ieee.finite_part(y)
            return tape.new(ieee.message(x, y), table.message, adjoint, factor, slope, x)
        if type(factor) is float:
            y = factor
            slope = y if x != 0.0 else ieee.finite_part(y)
            return tape.new(ieee.message(x, y), table.message, adjoint, None, slope, y)
    elif type(adjoint) is float and _is_node(tape, factor):
        x = adjoint
        number = ieee.message(x, tape.number(factor))
        return tape.new(number, table.message, None, factor, x, x)
    return table.message(adjoint, factor)


def _cut_message(tape: Tape, adjoint: Any, factor: Any) -> Any:
    """Along an edge with a local derivative that is a node."""
    y = tape.number(factor)
    if _is_node(tape, adjoint):
        x = tape.number(adjoint)
        by_x = y if x != 0.0 else ieee.finite_part(y)
        by_y = x if y != 0.0 else ieee.finite_part(x)
        number = ieee.cut_message(x, y)
        return tape.new(number, table.cut_message, adjoint, factor, by_x, by_y)
    if type(adjoint) is float:
        x = adjoint
        by_y = x if y != 0.0 else ieee.finite_part(x)
        return tape.new(ieee.cut_message(x, y), table.cut_message, None, factor, x, by_y)
    return table.cut_message(adjoint, factor)


def _finite_part(tape: Tape, x: Any) -> Any:
    if not _is_node(tape, x):
        return table.finite_part(x)
    number = tape.number(x)
    slope = ieee.finite_part(1.0 + (number - number))
    return tape.new(ieee.finite_part(number), table.finite_part, x, None, slope, 0.0)


def _where(tape: Tape, condition: Any, a: Any, b: Any) -> Any:
    test, first, second = [_number(tape, x) for x in (condition, a, b)]
    number = ieee.where(test, first, second)
    if not (_is_node(tape, condition) or _is_node(tape, a) or _is_node(tape, b)):
        return number
    factors = (0.0, ieee.where(test, 1.0, 0.0), ieee.where(test, 0.0, 1.0))
    return tape.new_fan(number, table.where, (condition, a, b), factors)


def _number(tape: Tape, x: Any) -> float:
    return tape.number(x) if _is_node(tape, x) else float(x)
