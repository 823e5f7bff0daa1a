"""A function as a graph: states in which it decides, and stretches of straight-line code between
them. A loop of any length is a cycle, and its exit the decision of one of its states.

From a state on, what comes out of its decision says which stretch follows. A stretch that has not
been met yet is missing, and the graph says so.

For a gradient the stretches keep, of every node that the function makes, its inputs and its local
derivatives. The nodes of a run are a graph like the engine's, through which the adjoints go down in
the engine's order.

`StateGraph.evaluate` is the reference, in plain Python.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.passes import prune
from autograd.compiler.ir.program import Program, formula_text

__all__ = ["BEGIN", "END", "NO_NODE", "Link", "Missing", "State", "StateGraph", "Stretch"]

BEGIN: Final = 0
"""The state before anything is decided, which names the arguments."""
END: Final = -1
"""In the place of a state: the function has returned."""
NO_NODE: Final = -1
"""A number that is no node."""


class Missing(Exception):
    """What comes here has not been recorded."""


class Link(NamedTuple):
    """From a node to one of its inputs, which is known as in `Stretch.nodes`; `cuts` says that a
    local derivative of 0 means that there is no path."""

    node: int
    cuts: bool


@dataclass(frozen=True)
class Stretch:
    """Straight-line code from one state to another, or to the end.

    `program` computes, from the numbers that the first state names and then the captured ones with
    these places, those that the other names, or the results; then the local derivatives, one for
    each link. `nodes` says which nodes these numbers are: the k-th that the first state names, or,
    counted on from there, the j-th that is made here. `links` are those of each node made here.
    """

    program: Program
    target: int
    captured: tuple[int, ...]
    nodes: tuple[int, ...]
    links: tuple[tuple[Link, ...], ...]
    said: Hashable
    """What was recorded; the same again, if the state is all that counts."""


@dataclass(frozen=True)
class State:
    """A decision. `test` computes what is decided from the numbers that the state names: a truth
    value, or (`is_whole`) a whole number. `line` is where the user's code takes it."""

    test: Program
    is_whole: bool
    line: str


FIRST: Final = State(Program((), (), ()), False, "")


@dataclass
class StateGraph:
    """The states, and the stretches by the state where they begin and what came out there.
    `inputs` names the arguments. With `derives` the results are the gradient, after the value if
    `gives_value` is set."""

    inputs: tuple[str, ...]
    derives: bool = False
    gives_value: bool = True
    states: list[State] = field(default_factory=lambda: [FIRST])
    stretches: dict[tuple[int, Hashable], Stretch] = field(default_factory=dict)

    @property
    def has_loop(self) -> bool:
        """Whether it comes back to some state."""
        return bool(self.in_loops())

    def in_loops(self) -> set[int]:
        """The states that may come again."""
        after: dict[int, set[int]] = {}
        for (source, _), stretch in self.stretches.items():
            after.setdefault(source, set()).add(stretch.target)
        return {i for i in range(len(self.states)) if i in _reached(i, after)}

    def widths(self) -> list[int]:
        """How many numbers each state names."""
        return [len(self.inputs), *[len(one.test.inputs) for one in self.states[1:]]]

    @property
    def operations(self) -> int:
        """Of all stretches and decisions."""
        found = [one.program for one in self.stretches.values()]
        return sum(one.operations for one in [*found, *[state.test for state in self.states]])

    # -- the reference -----------------------------------------------------------------------------

    def evaluate(self, numbers: Sequence[float], captured: Sequence[float] = ()) -> list[float]:
        """The results, by plain Python. Raises Missing."""
        held, nodes = list(numbers), [*range(len(numbers))]
        tape = _Tape(len(numbers))
        state, outcome = BEGIN, None
        while True:
            stretch = self.stretches.get((state, outcome))
            if stretch is None:
                raise Missing
            given = [*held, *[captured[i] for i in stretch.captured]]
            found = stretch.program.evaluate(given)
            names = len(stretch.nodes)
            if self.derives:
                nodes = tape.extend(stretch, nodes, found[names:])
            held, state = found[:names], stretch.target
            if state == END:
                break
            outcome = self._decided(self.states[state], held)
        if not self.derives:
            return held
        gradient = tape.sweep(nodes[0])
        return [*held, *gradient] if self.gives_value else gradient

    def _decided(self, state: State, numbers: Sequence[float]) -> Any:
        (found,) = state.test.evaluate(numbers)
        if not state.is_whole:
            return bool(found)
        return ("int", int(found)) if found - found == 0.0 else None

    # -- in words ----------------------------------------------------------------------------------

    def __str__(self) -> str:
        loops = self.in_loops()
        lines = [f"in: {', '.join(self.inputs)}", *self._stretch_text(BEGIN, None, self.inputs)]
        for i, state in enumerate(self.states):
            if i == BEGIN:
                continue
            names = [f"s{i}.{k}" for k in range(len(state.test.inputs))]
            word = "while" if i in loops else "if"
            lines.append(f"s{i}({', '.join(names)}):  # {state.line}")
            test = _lines_of(state.test, names)
            lines += [f"  {line}" for line in test[:-1]]
            for source, outcome in self.stretches:
                if source == i:
                    lines.append(f"  {word} {test[-1]} is {_outcome_text(outcome)}:")
                    lines += [f"  {line}" for line in self._stretch_text(i, outcome, names)]
        return "\n".join(lines)

    def _stretch_text(self, source: int, outcome: Hashable, names: Sequence[str]) -> list[str]:
        stretch = self.stretches.get((source, outcome))
        if stretch is None:
            return []
        shown = [*names, *[f"captured{i}" for i in stretch.captured]]
        named = stretch.program.outputs[: len(stretch.nodes)]
        lines = _lines_of(prune(replace(stretch.program, outputs=named)), shown)
        where = "out: " if stretch.target == END else f"to s{stretch.target}: "
        return [*[f"  {line}" for line in lines[:-1]], f"  {where}{lines[-1]}"]


def _reached(start: int, after: dict[int, set[int]]) -> set[int]:
    """The states that may follow."""
    found: set[int] = set()
    todo = list(after.get(start, ()))
    while todo:
        state = todo.pop()
        if state not in found:
            found.add(state)
            todo += after.get(state, ())
    return found


def _outcome_text(outcome: Hashable) -> str:
    return str(outcome[1]) if isinstance(outcome, tuple) else str(outcome).lower()


def _lines_of(program: Program, names: Sequence[str]) -> list[str]:
    """A line for each operation, and one for what comes out."""
    shown: list[str] = []
    lines = []
    for i, op in enumerate(program.code):
        if op.name == "input":
            shown.append(names[int(op.value)])
        elif op.name == "const":
            shown.append(repr(op.value))
        else:
            shown.append(f"r{i}")
            lines.append(f"r{i} = {formula_text(op.name, [shown[j] for j in op.operands])}")
    return [*lines, ", ".join([shown[i] for i in program.outputs])]


class _Tape:
    """The nodes of a run, seeds first: of each the links to its inputs, with a local derivative,
    which is None where there is no path."""

    def __init__(self, seeds: int) -> None:
        self._seeds = seeds
        self._links: list[list[tuple[int, float | None]]] = [[] for _ in range(seeds)]

    def extend(self, stretch: Stretch, nodes: Sequence[int], factors: Sequence[float]) -> list[int]:
        """The nodes of a stretch were made; which of all those are that it names."""
        first, left = len(self._links), iter(factors)

        def found(name: int) -> int:
            if name == NO_NODE:
                return NO_NODE
            return nodes[name] if name < len(nodes) else first + name - len(nodes)

        for links in stretch.links:
            made = [(found(link.node), link.cuts, next(left)) for link in links]
            self._links.append(
                [(i, None if cuts and factor == 0.0 else factor) for i, cuts, factor in made]
            )
        return [found(name) for name in stretch.nodes]

    def sweep(self, root: int) -> list[float]:
        """The derivatives by the seeds, added up in the order of `Value.backward`."""
        adjoints = [0.0] * max(len(self._links), 1)
        waiting = [0] * len(adjoints)
        if root == NO_NODE:
            return adjoints[: self._seeds]
        adjoints[root], waiting[root] = 1.0, 1
        for i in range(root, self._seeds - 1, -1):
            for j, _ in self._links[i] if waiting[i] else ():
                waiting[j] += 1
        ready = [root]
        while ready:
            i = ready.pop()
            adjoint = adjoints[i]
            for j, factor in self._links[i]:
                if adjoint != 0.0 and factor is not None:
                    adjoints[j] += adjoint * factor
                waiting[j] -= 1
                if waiting[j] == 0:
                    ready.append(j)
        return [x + 0.0 for x in adjoints[: self._seeds]]
