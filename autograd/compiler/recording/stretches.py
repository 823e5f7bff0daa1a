"""From a recording with its states to stretches of a state graph.

The nodes between two decisions are made again on new Values, those that the first state names, and
read off like a function of these. A node that is computed from another one, which no name stands
for, shows that the state is not all: then there is no graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Final

from autograd.compiler.ir.lowering import lowered
from autograd.compiler.ir.passes import optimised
from autograd.compiler.ir.program import Op, Program
from autograd.compiler.ir.state_graph import (
    BEGIN,
    END,
    NO_NODE,
    Link,
    State,
    StateGraph,
    Stretch,
)
from autograd.compiler.recording.bytecode_facts import WholeNumberTest
from autograd.compiler.recording.literals import are_alike
from autograd.compiler.recording.states import StateTrace, Stop, Unknown
from autograd.compiler.recording.tracing import ORDER, Trace, among_doubles, read_off
from autograd.engine.apply import apply
from autograd.engine.value import Value, inputs_and_partials
from autograd.transforms.factor_graphs import factor_graphs

__all__ = ["GraphReader"]

MOST_STATES: Final = 200
MOST_STRETCHES: Final = 400
MOST_WAYS: Final = 16
"""Out of one state: with more whole numbers, paths that share their code are compiled sooner."""


class GraphReader:
    """Adds recordings of one function to a graph."""

    def __init__(self, graph: StateGraph) -> None:
        self.graph = graph
        self.captured: list[Value] = []
        """The Values from outside that its stretches read."""
        self._numbers: dict[Hashable, int] = {}  # of the states

    def copy(self) -> GraphReader:
        """One to which more is added, while others run the graph as it is."""
        graph = self.graph
        states, stretches = list(graph.states), dict(graph.stretches)
        new = GraphReader(replace(graph, states=states, stretches=stretches))
        new.captured = list(self.captured)
        new._numbers = dict(self._numbers)
        return new

    def add(self, trace: StateTrace, results: Sequence[Any]) -> None:
        """One recording, and what the function returned. Raises Unknown where the states are not
        all that counts, or where there are too many; then the graph is of no use any more."""
        graph = self.graph
        state: int = BEGIN
        outcome: Hashable = None
        values: list[Value] = list(trace.arguments)
        begin = len(values)
        for stop in trace.stops:
            target = self._number(stop)
            part = _Part(trace, values, begin, stop.place, stop.values)
            self._add_stretch(part, (state, outcome), target)
            state, outcome, values, begin = target, stop.outcome, stop.values, stop.place
        part = _Part(trace, values, begin, len(trace.tape.nodes), results)
        self._add_stretch(part, (state, outcome), END)
        if len(graph.states) > MOST_STATES or len(graph.stretches) > MOST_STRETCHES:
            raise Unknown
        ways = Counter([source for source, _ in graph.stretches])
        if max(ways.values()) > MOST_WAYS:
            raise Unknown

    def _number(self, stop: Stop) -> int:
        found = self._numbers.get(stop.state)
        if found is None:
            found = self._numbers[stop.state] = len(self.graph.states)
            self.graph.states.append(_state(stop))
        return found

    def _add_stretch(self, part: _Part, key: tuple[int, Hashable], target: int) -> None:
        said = (target, part.said())
        known = self.graph.stretches.get(key)
        if known is not None:
            if known.said != said:
                raise Unknown  # from one state on, it has gone two ways
            return
        program, captured, links = part.read(self.graph.derives)
        if captured and self.graph.derives:
            raise Unknown
        places = tuple([self._slot(x) for x in captured])
        self.graph.stretches[key] = Stretch(program, target, places, part.named, links, said)

    def _slot(self, value: Value) -> int:
        for i, known in enumerate(self.captured):
            if known is value:
                return i
        self.captured.append(value)
        return len(self.captured) - 1


class _Part:
    """What a recording has between two decisions: from the Values that a state names to those that
    the next one does, or the results."""

    def __init__(
        self, trace: StateTrace, values: Sequence[Value], begin: int, end: int, found: Sequence[Any]
    ) -> None:
        self._trace = trace
        self._values = values
        self._nodes = trace.tape.nodes[begin:end]
        self._found = found
        self._numbers: dict[int, int] = {}
        for x in [*values, *self._nodes]:
            self._numbers[id(x)] = len(self._numbers)

    @property
    def named(self) -> tuple[int, ...]:
        """For `Stretch.nodes`."""
        return tuple([self._node(x) for x in self._found])

    def _node(self, x: Any) -> int:
        return (
            self._numbers[id(x)] if self._trace.depends(x) and id(x) in self._numbers else NO_NODE
        )

    def said(self) -> Hashable:
        """What is recorded, the same for the same."""
        made = []
        for node in self._nodes:
            row, given = node._primitive, inputs_and_partials(node)[0]
            if row is None or not row.builtin:
                raise Unknown
            if self._trace.literals:
                constants = [x for x in given if not self._trace.depends(x)]
                if not are_alike(node, constants, self._numbers):
                    raise Unknown
            made.append((row.name, *map(self._shown, given)))
        return tuple(made), tuple(map(self._shown, self._found))

    def _shown(self, x: Any) -> Hashable:
        """The number of a Value; itself if it is a plain number, to the bit, or from outside."""
        if not isinstance(x, Value):
            return type(x), float(x).hex()
        found = self._numbers.get(id(x))
        if found is not None:
            return found
        if self._trace.tape.owns(x):
            raise Unknown  # it has come by a way around the names
        return "outside", id(x)

    def read(self, derives: bool) -> tuple[Program, list[Value], tuple[tuple[Link, ...], ...]]:
        """The nodes, made again and read off, and the Values from outside that they read; the links
        of each, if it is to be differentiated."""
        seeds = [Value(x._data) for x in self._values]
        names = [f"s{k}" for k in range(len(seeds))]
        links: list[tuple[Link, ...]] = []
        trace = Trace(seeds, names)
        found = trace.run(lambda: self._made_again(seeds, links if derives else None))
        recorded = read_off(trace, found, names)
        if recorded.program.guards:
            raise Unknown
        return lowered(optimised(recorded.program)), recorded.captured, tuple(links)

    def _made_again(
        self, seeds: Sequence[Value], links: list[tuple[Link, ...]] | None
    ) -> list[Any]:
        here: dict[int, Any] = {id(x): new for x, new in zip(self._values, seeds, strict=True)}
        factors: list[Any] = []

        def new_of(x: Any) -> Any:
            if id(x) not in here and id(x) in self._trace.literals:
                here[id(x)] = Value(x._data)
            return here.get(id(x), x) if isinstance(x, Value) else x

        for node in self._nodes:
            row, given = node._primitive, inputs_and_partials(node)[0]
            assert row is not None
            new = here[id(node)] = apply(row, tuple(map(new_of, given)))
            if new._primitive is not row:
                raise Unknown
            if links is not None:
                ks = [k for k, x in enumerate(given) if self._node(x) != NO_NODE]
                links.append(tuple([Link(self._node(given[k]), row.cuts_input(k)) for k in ks]))
                rules = factor_graphs(new) if ks else ()
                factors += [rules[k] for k in ks]
        return [*map(new_of, self._found), *factors]


# -- decisions -------------------------------------------------------------------------------------


def _state(stop: Stop) -> State:
    names = tuple([f"s{k}" for k in range(len(stop.values))])
    code: list[Op] = [Op("input", (), k) for k in range(len(names))]

    def emit(name: str, *operands: int) -> int:
        code.append(Op(name, operands))
        return len(code) - 1

    def constant(x: float) -> int:
        code.append(Op("const", (), x))
        return len(code) - 1

    def held(x: Any) -> int:
        places = [k for k, value in enumerate(stop.values) if value is x]
        return places[0] if places else constant(float(x))

    a, is_whole = held(stop.a), False
    if stop.symbol == "int":
        is_whole = stop.test is None
        found = a if stop.test is None else _tested(stop.test, a, emit, constant)
    else:
        found = _compared(stop.symbol, a, stop.b, stop.line, (emit, constant, held))
    program = Program(tuple(code), names, (found,))
    return State(lowered(program), is_whole, stop.line)


Emit = Callable[..., int]


def _tested(test: WholeNumberTest, a: int, emit: Emit, constant: Emit) -> int:
    if test.modulus is not None:
        a = emit("mod", a, constant(float(test.modulus)))
    return _ordered(test.symbol, a, constant(float(test.constant)), emit)


def _compared(symbol: str, a: int, b: Any, line: str, write: tuple[Emit, Emit, Emit]) -> int:
    emit, constant, held = write
    if isinstance(b, (Value, float)):
        return _ordered(symbol, a, held(b), emit)
    symbol, near = among_doubles(symbol, b, line)
    return _ordered(symbol, a, constant(near), emit)


def _ordered(symbol: str, a: int, b: int, emit: Emit) -> int:
    name, swapped, negated = ORDER[symbol]
    found = emit(name, *((b, a) if swapped else (a, b)))
    return emit("not", found) if negated else found
