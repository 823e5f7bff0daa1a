"""A state graph as machine code: a block for each state, which decides, and one for each stretch.

The numbers that a state names stand in one row of places, whatever the state. LLVM makes registers
of them.

For a gradient, a stretch also writes down its nodes: where the links of each begin, and of each
link the node at its other end and the local derivative. The adjoints then go down as in the engine.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from autograd.compiler.ir.program import Program
from autograd.compiler.ir.state_graph import BEGIN, END, NO_NODE, StateGraph, Stretch
from autograd.compiler.native.entry_function import Entry, with_entry
from autograd.compiler.native.llvm_codegen import KernelText
from autograd.compiler.native.llvm_writer import GIVEN, Holed
from autograd.compiler.native.machine import compile_lanes
from autograd.compiler.native.reverse_sweep import CUT, release, room, sweep
from autograd.compiler.native.shared_code import Made

__all__ = ["GraphKernel", "TooLong", "graph_assembly"]

MISSING: Final = 0
"""What the kernel returns where a stretch is missing (-1 for success)."""
TOO_LONG: Final = 1
MOST_TURNS: Final = 1 << 24
"""Decisions in one call: nothing interrupts machine code."""


class TooLong(Exception):
    """A call takes longer than machine code may, or more memory."""


class _GraphText(KernelText):
    def __init__(self, graph: StateGraph) -> None:
        super().__init__()
        self._graph = graph
        self._labels = {key: f"%stretch{i}" for i, key in enumerate(graph.stretches)}
        self._arguments = len(graph.inputs)
        self._held = 0  # how many numbers the present state names
        self._captured: Sequence[int] = ()
        self._taken: dict[int, str] = {}
        self._given: dict[int, str] = {}

    # -- what a straight-line program reads and gives ----------------------------------------------

    def take(self, slot: int) -> str:
        """A number that the state names, or a captured one."""
        if slot not in self._taken:
            if slot < self._held:
                self._taken[slot] = self.load("double", f"%held{slot}")
            else:
                place = self._arguments + self._captured[slot - self._held]
                self._taken[slot] = self.load("double", self.element("double", "%in", place))
        return self._taken[slot]

    def check(self, index: int, truth: str, expected: bool, converted: str) -> None:
        """There are no guards within stretches."""
        raise NotImplementedError

    def give(self, i: int, x: str) -> None:
        """Kept until all is computed: it may have to go where another number still stands."""
        self._given[i] = x

    def _computed(self, program: Program, held: int, captured: Sequence[int]) -> list[str]:
        self._held, self._captured, self._taken, self._given = held, captured, {}, {}
        self.operations(program, "%in")
        return [self._given[i] for i in range(len(program.outputs))]

    # -- the graph ---------------------------------------------------------------------------------

    def kernel(self) -> None:
        """Append the function."""
        graph, widths = self._graph, self._graph.widths()
        self.begin(f"i64 @kernel(ptr noalias readonly %in, ptr noalias %out{GIVEN})")
        for slot in range(max(widths)):
            self.do(f"%held{slot} = alloca double")
            self.do(f"%node{slot} = alloca i64")
        self.do("%turns = alloca i64")
        self.store("i64", "0", "%turns")
        if graph.derives:
            self._begin_tape()
        for slot in range(self._arguments):
            x = self.load("double", self.element("double", "%in", slot))
            self.store("double", x, f"%held{slot}")
            self.store("i64", str(slot), f"%node{slot}")
        self.go(self._target(BEGIN, None))
        for state in range(1, len(graph.states)):
            self._decide(state, widths[state])
        for key, stretch in graph.stretches.items():
            self.label(self._labels[key])
            self._go_along(stretch, widths[key[0]])
        self._end()

    def _target(self, state: int, outcome: Hashable) -> str:
        """The stretch that follows, if it is there."""
        return self._labels.get((state, outcome), "%missing")

    def _decide(self, number: int, width: int) -> None:
        state = self._graph.states[number]
        self.label(f"%state{number}")
        turns = self.set(f"add i64 {self.load('i64', '%turns')}, 1")
        self.store("i64", turns, "%turns")
        self.unless(self.set(f"icmp ult i64 {turns}, {MOST_TURNS}"), "%toolong")
        (found,) = self._computed(state.test, width, ())
        if not state.is_whole:
            self.branch(found, self._target(number, True), self._target(number, False))
            return
        for source, outcome in self._graph.stretches:
            if source == number and isinstance(outcome, tuple):
                same = self.compute("eq", [found, self.constant(float(outcome[1]))])
                after = self.new("other")
                self.branch(same, self._target(source, outcome), after)
                self.label(after)
        self.go("%missing")

    def _go_along(self, stretch: Stretch, width: int) -> None:
        found = self._computed(stretch.program, width, stretch.captured)
        names = len(stretch.nodes)
        nodes = self._write_down(stretch, width, found[names:]) if self._graph.derives else []
        if stretch.target == END:
            self._give_results(found[:names], nodes)
            return
        for slot, x in enumerate(found[:names]):
            self.store("double", x, f"%held{slot}")
        for slot, node in enumerate(nodes):
            self.store("i64", node, f"%node{slot}")
        self.go(f"%state{stretch.target}")

    def _give_results(self, found: Sequence[str], nodes: Sequence[str]) -> None:
        graph = self._graph
        if not graph.derives or graph.gives_value:
            for i, x in enumerate(found):
                self.store("double", x, self.element("double", "%out", i))
        if graph.derives:
            gradient = self.element("double", "%out", int(graph.gives_value))
            given = f"ptr %tape, i64 {nodes[0]}, i64 {self._arguments}, ptr {gradient}"
            self._unless_failed(self.set(f"call i8 {sweep()}({given})"))
        self._leave(-1)

    def _end(self) -> None:
        self.label("%missing")
        self._leave(MISSING)
        self.label("%toolong")
        self._leave(TOO_LONG)
        self.do("}")

    def _leave(self, code: int) -> None:
        if self._graph.derives:
            self.do(f"call void {release()}(ptr %tape)")
        self.do(f"ret i64 {code}")

    # -- the nodes of a run ------------------------------------------------------------------------

    def _begin_tape(self) -> None:
        """For `reverse_sweep`."""
        self.do("%tape = alloca [7 x i64]")
        self.do("store [7 x i64] zeroinitializer, ptr %tape")
        self.store("i64", str(self._arguments), self.element("i64", "%tape", 5))

    def _write_down(self, stretch: Stretch, width: int, factors: Sequence[str]) -> list[str]:
        """The nodes of a stretch; which of all nodes those are that it names."""
        count, links = len(stretch.links), sum(map(len, stretch.links))
        more = f"ptr %tape, i64 {count}, i64 {links}"
        self._unless_failed(self.set(f"call i8 {room()}({more})"))
        starts, ends, values = [self.load("ptr", self.element("i64", "%tape", i)) for i in range(3)]
        first, link = [self.load("i64", self.element("i64", "%tape", i)) for i in (5, 6)]
        held: dict[int, str] = {}

        def node(name: int) -> str:
            if name == NO_NODE:
                return "-1"
            if name not in held:
                held[name] = (
                    self.load("i64", f"%node{name}")
                    if name < width
                    else self.set(f"add i64 {first}, {name - width}")
                )
            return held[name]

        nodes = [node(name) for name in stretch.nodes]
        k = 0
        for j, of_node in enumerate(stretch.links):
            self._write_whole(starts, self.set(f"add i64 {first}, {j}"), link, k)
            for one in of_node:
                at = self.set(f"add i64 {link}, {k}")
                end = self.set(f"trunc i64 {node(one.node)} to i32")
                if one.cuts:
                    cut = self.set(f"or i32 {end}, {CUT}")
                    is_cut = self.set(f"fcmp oeq double {factors[k]}, 0.0")
                    end = self.set(f"select i1 {is_cut}, i32 {cut}, i32 {end}")
                self.store("i32", end, self.element("i32", ends, at))
                self.store("double", factors[k], self.element("double", values, at))
                k += 1
        after = self.set(f"add i64 {first}, {count}")
        self._write_whole(starts, after, link, k)
        self.store("i64", after, self.element("i64", "%tape", 5))
        self.store("i64", self.set(f"add i64 {link}, {k}"), self.element("i64", "%tape", 6))
        return nodes

    def _unless_failed(self, done: str) -> None:
        self.unless(self.set(f"icmp ne i8 {done}, 0"), "%toolong")

    def _write_whole(self, array: str, place: str, x: str, more: int) -> None:
        whole = self.set(f"trunc i64 {self.set(f'add i64 {x}, {more}')} to i32")
        self.store("i32", whole, self.element("i32", array, place))


def graph_assembly(graph: StateGraph) -> str:
    """`i64 kernel(const double *in, double *out)`: -1, or MISSING or TOO_LONG."""
    text = _GraphText(graph)
    text.kernel()
    return text.assembly()


class GraphKernel:
    """The machine code of a graph, called as that of a program is (`kernels.Kernel`)."""

    tier = "compiled"
    bytes = 0

    def __init__(self, graph: StateGraph, results: int, entry: Entry | None) -> None:
        start = time.perf_counter()
        whole = with_entry(Holed(graph_assembly(graph), ()), entry)
        self.made = Made(compile_lanes(str(whole)))
        self.entry: Callable[..., Any] | None = None
        if entry is not None:
            self.entry = entry.function(self.made.code)
        self._function = self.made.kernel(locked=False)
        self._results = ctypes.c_double * results
        self.seconds = time.perf_counter() - start

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        inputs, out = (ctypes.c_double * len(numbers))(*numbers), self._results()
        code = self._function(inputs, out)
        if code == TOO_LONG:
            raise TooLong
        return code, list(out)
