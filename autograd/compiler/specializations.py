"""Specializations: a function's program for one path through it, and how that is run at present."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Final
from weakref import ref

from autograd.compiler.ir.loop_text import readable
from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.lowering import lowered
from autograd.compiler.ir.passes import optimised
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import most_live
from autograd.compiler.ir.rolling import with_loops
from autograd.compiler.ir.state_graph import StateGraph
from autograd.compiler.native.cpython_entry import calling_entry
from autograd.compiler.native.entry_function import Entry
from autograd.compiler.native.entry_text import UNROLLED, Unsupported
from autograd.compiler.native.graph_codegen import GraphKernel
from autograd.compiler.native.interpreter import can_interpret
from autograd.compiler.native.kernels import (
    ON_ANY_STACK,
    Callbacks,
    Kernel,
    KernelCode,
    KernelInPython,
    ProgramKernel,
)
from autograd.compiler.native.llvm_codegen import callbacks_of
from autograd.compiler.native.machine import (
    COMPILERS,
    LLVM,
    LLVMFailed,
    MachineCode,
    is_busy,
    is_ending,
)
from autograd.compiler.native.shared_code import SharedCode
from autograd.compiler.path_tree import UNKNOWN, PathTree
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.texts_in_results import flatten_result
from autograd.compiler.recording.tracing import Recorded, difference
from autograd.compiler.relatives import Relatives
from autograd.compiler.said_to_callers import warn_of_llvm
from autograd.engine.locks import cached_property, new_lock
from autograd.engine.primitives import TABLE
from autograd.transforms.tree import Structure

__all__ = ["Specialization", "SpecializationCache", "is_long"]

COMPILED_AT_ONCE: Final = 400  # instructions; compiled in some 10 milliseconds
STRAIGHT: Final = 1000  # instructions; as fast as it gets, and compiled soon
SHORTER: Final = 70  # times; machine code of loops so short is ready before a table of all rounds
INTERPRETED_FOR_GOOD: Final = 20_000  # instructions; the machine code of more is no faster
MOST_LIVE: Final = 4000  # numbers at a time; machine code keeps them on the stack of its thread

_Site = tuple[str, str]
"""The line of a decision, and the operation that decides."""


def is_long(instructions: Program) -> bool:
    """Whether it is interpreted until its machine code is ready. (A guard is a branch.)"""
    return instructions.operations + len(instructions.guards) > COMPILED_AT_ONCE


class Specialization:
    """The program of one path, and its kernel."""

    goes_all_ways = False
    """Whether it stands for all paths."""

    def __init__(
        self,
        recorded: Recorded,
        arguments: Sequence[Any] | None,
        result: Any,
        writes: bool = False,
    ) -> None:
        self.outputs: Structure = flatten_result(result)[1]
        # Example arguments (positional only) and result, from which the entry is generated.
        self._arguments = arguments
        self._result = result
        self.writes = writes
        """Whether the function writes to its arguments; then every call is looked at first."""
        self.outcomes = [guard.outcome for guard in recorded.program.guards]
        self._recorded = recorded
        self.captured = recorded.captured
        names = recorded.program.names
        users = [row for name in names if (row := TABLE.get(name)) and not row.builtin]
        self.callbacks = Callbacks(self.instructions) if users else None
        """The primitives of users, as they were when it was recorded: programs know them by names,
        which may come to mean others."""
        self._relatives: Relatives | None = None
        self._kernel: Kernel | GraphKernel | None = None
        self._is_asked_for = False
        self._is_improved = False
        self._rolled: Rolled | None = None
        self._is_searched = False
        self._making = new_lock()
        self._waiting: list[Callable[[], None]] = []
        self.is_kept = False

    @cached_property
    def program(self) -> Program:
        """What was recorded, by its shortest."""
        return optimised(self._recorded.program)

    @cached_property
    def instructions(self) -> Program:
        """The program, lowered."""
        return lowered(self._recorded.program)

    @property
    def kernel(self) -> ProgramKernel:
        """The machine code, made when it is first needed: at once for a short program; a longer one
        is interpreted until its machine code is ready, in the background, or for good. Nobody waits
        for LLVM to finish another program."""
        if self._kernel is not None:
            return self._kernel
        if is_busy() and not callbacks_of(self.instructions):
            return self._meanwhile()
        return self._first_kernel()

    def _first_kernel(self) -> ProgramKernel:
        with self._making:
            if self._kernel is None:
                self._kernel = self._made_kernel()
            return self._kernel

    def _made_kernel(self) -> Kernel:
        try:
            return self._like_another() or self._own_kernel()
        except LLVMFailed as error:
            if not can_interpret(self.instructions):
                raise
            self._is_improved = True
            kernel = self._interpreted()
            warn_of_llvm(error, self.instructions.operations)
            return kernel

    def _interpreted(self) -> Kernel:
        """For good. The entry may be what LLVM failed at."""
        try:
            return self._new_kernel(self.entry(), True)
        except LLVMFailed:
            return self._new_kernel(None, True)

    def _own_kernel(self) -> Kernel:
        interpreted = not self._is_compiled_at_once and can_interpret(self.instructions)
        entry = self.entry()
        kernel = self._new_kernel(entry, interpreted)
        if interpreted and not self.stays_interpreted and not self._is_improved:
            self._is_improved = True
            COMPILERS.submit(partial(_improve, ref(self), entry))
        return kernel

    def _new_kernel(self, entry: Entry | None, interpreted: bool = False) -> Kernel:
        program, rolled = self.instructions, self.rolled
        return Kernel(program, entry, interpreted, rolled, self.shared, callbacks=self.callbacks)

    def _like_another(self) -> Kernel | None:
        """The machine code of another path that does the same another number of times."""
        if self._relatives is None:
            return None
        found = self._relatives.kernel_of(self, COMPILED_AT_ONCE)
        if found is None:
            return None
        kernel, self._rolled = found
        self._is_searched = True
        return kernel

    def relate(self, relatives: Relatives) -> None:
        """Have it share machine code with other paths of the same function."""
        self._relatives = relatives
        relatives.add(self)

    @property
    def shared(self) -> SharedCode | None:
        """The machine code of paths of the same function."""
        return None if self._relatives is None else self._relatives.shared

    def _meanwhile(self) -> ProgramKernel:
        """What runs without machine code, which is made as soon as it can be."""
        if not self._is_asked_for:
            self._is_asked_for = True
            LLVM.submit(partial(_make_first, ref(self)))
        return KernelInPython(self.instructions)

    def make_first(self) -> None:
        """What a call would have made, had it waited."""
        if self._kernel is None:
            kernel = self._made_kernel()  # under no lock, for which calls would wait
            with self._making:
                if self.tier == "recorded":
                    self._kernel = kernel

    @property
    def rolled(self) -> Rolled | None:
        """The program in instructions, with its loops; None if there is little that repeats."""
        with self._making:
            if not self._is_searched:
                self._rolled, self._is_searched = with_loops(self.instructions, STRAIGHT), True
            return self._rolled

    @property
    def _size(self) -> int:
        """How many instructions are compiled."""
        rolled = self.rolled
        return self.instructions.operations if rolled is None else rolled.operations

    @property
    def _is_compiled_at_once(self) -> bool:
        if not is_long(self.instructions) or self._size <= COMPILED_AT_ONCE:
            return True
        return self._size * SHORTER <= self.instructions.operations

    @cached_property
    def stays_interpreted(self) -> bool:
        """Whether its machine code would not fit the processor's instruction cache, or a stack."""
        if self._is_compiled_at_once or not can_interpret(self.instructions):
            return False
        if self._size > INTERPRETED_FOR_GOOD:
            return True
        if self.rolled is not None:
            return self._size > ON_ANY_STACK  # what loops leave for later rounds is on no stack
        return most_live(self.instructions) > MOST_LIVE

    @property
    def reason(self) -> str:
        """Why it is interpreted for good; "" if it is not."""
        if not self.stays_interpreted:
            return ""
        return (
            f"{self._size:,} instructions that do not repeat are interpreted for good: machine "
            "code so large, or that keeps so many numbers at a time, is no faster"
        )

    def improve(self, entry: Entry | None) -> None:
        """Make the machine code that takes the place of the interpreter."""
        kernel = self._new_kernel(entry)
        with self._making:
            self._kernel = kernel
        while self._waiting:
            self._waiting.pop()()

    def entry(self, unrolled: int = UNROLLED) -> Entry | None:
        """The function that Python calls, for arguments and results like those recorded; None
        where machine code doesn't take such apart."""
        if self._arguments is None or self.writes:
            return None
        try:
            return calling_entry(
                self.interface, self._arguments, self.captured, self._result, unrolled
            )
        except Unsupported:
            return None

    @property
    def interface(self) -> Program:
        """What has its inputs and outputs."""
        return self.instructions

    def bound_to(self, entry: Entry) -> Callable[..., Any]:
        """The function of fixed places with this entry."""
        program = self.instructions
        if self.stays_interpreted:
            return self._interpreted_with(entry)
        kernel = KernelCode(program, self.rolled, {})
        try:
            made = kernel.compiled(entry, self.shared)
        except LLVMFailed as error:
            warn_of_llvm(error, program.operations)
            return self._interpreted_with(entry)
        return entry.function(made.code, kernel.kept, made.given)

    def _interpreted_with(self, entry: Entry) -> Callable[..., Any]:
        interpreted = Kernel(self.instructions, entry, interpreted=True)
        assert interpreted.entry is not None
        return interpreted.entry

    def when_better(self, then: Callable[[], None]) -> None:
        """Do something, once, when the machine code is ready that is being made in the
        background."""
        if self.tier == "interpreted" and not self.stays_interpreted:
            if then not in self._waiting:
                self._waiting.append(then)
            if self.tier == "compiled":  # since then
                then()

    @property
    def code(self) -> MachineCode | None:
        """What it runs at present, perhaps as others do."""
        return None if self._kernel is None else self._kernel.made.code

    @property
    def tier(self) -> str:
        """How it is run at present."""
        return "recorded" if self._kernel is None else self._kernel.tier

    @property
    def bytes(self) -> int:
        """The scratch memory that a call takes."""
        return 0 if self._kernel is None else self._kernel.bytes

    def program_of(self, arguments: Arguments) -> Program:
        """What is done with these arguments, which take this path."""
        return self.program

    @property
    def shown(self) -> Program | StateGraph:
        """For the user to read."""
        return readable(self.program)

    @property
    def assembly(self) -> str:
        """In LLVM's language."""
        callbacks = Callbacks(self.instructions, self.callbacks)
        return str(KernelCode(self.instructions, self.rolled, callbacks.addresses))

    @property
    def guards(self) -> int:
        """How many decisions there are in the code."""
        return len(self.program.guards)

    @property
    def operations(self) -> int:
        """How many operations were recorded."""
        return self.program.operations

    @property
    def loops(self) -> int:
        """How many were found."""
        return 0 if self.rolled is None else self.rolled.loops

    @property
    def repeated(self) -> int:
        """How many of its instructions are in loops."""
        return 0 if self.rolled is None else self.rolled.repeated

    @property
    def seconds(self) -> float:
        """What making the present machine code took."""
        return 0.0 if self._kernel is None else self._kernel.seconds

    def __reduce__(self) -> Any:
        return Specialization, (self._shorter, self._arguments, self._result, self.writes)

    @property
    def _shorter(self) -> Recorded:
        return self._recorded._replace(program=self.program)

    def is_same_path(self, other: Specialization) -> bool:
        """Whether the other one is a recording of the same."""
        return self.outcomes == other.outcomes and not difference(self._shorter, other._shorter)

    def other_outcome(self, failed: int, results: Sequence[float]) -> Hashable:
        """What came out at a guard that failed, as far as it is known: of a comparison the
        opposite, of a conversion to int the number, which stands in the place of the results."""
        outcome = self.outcomes[failed]
        if isinstance(outcome, bool):
            return not outcome
        if self.instructions.converted(failed) is None or not math.isfinite(results[0]):
            return UNKNOWN
        return "int", int(results[0])

    def run(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        """-1 and the results, or the guard that failed, and what `other_outcome` makes of it."""
        captured = [value.data for value in self.captured] if self.captured else ()
        return self.kernel([*numbers, *captured])


def _improve(specialization: ref[Specialization], entry: Entry | None) -> None:
    """In the background. Where LLVM fails, or in a child that is forked meanwhile, the program
    stays interpreted; and one that nobody will run is not compiled."""
    wanted = None if is_ending() else specialization()
    if wanted is not None:
        wanted.improve(entry)


def _make_first(specialization: ref[Specialization]) -> None:
    """The first machine code, or interpreter, of what had to be run without."""
    wanted = None if is_ending() else specialization()
    if wanted is not None:
        wanted.make_first()


class SpecializationCache:
    """The specializations for arguments of one structure."""

    def __init__(self) -> None:
        self._tree: PathTree[Specialization] = PathTree()
        self._graph: Specialization | None = None
        self.warned = False

    def __len__(self) -> int:
        return len(self._tree) + (self._graph is not None)

    @property
    def kept(self) -> list[Specialization]:
        """All, the one used last first."""
        return [*([] if self._graph is None else [self._graph]), *self._tree.paths]

    def become(self, graph: Specialization | None, new: Specialization) -> None:
        """Have this, which goes all ways, in the place of the paths so far; None if there is no
        such one any more. Of what it was already, only the new path is part now: the others could
        not be followed."""
        if graph is not None:
            others = self._tree.paths if graph is self._graph else []
            self._tree = PathTree()
            for path in reversed(others):
                if path is not new:
                    self._tree.add(path)
        self._graph = graph

    def keep(self, new: Specialization) -> None:
        """Have one more, which is tried first."""
        new.is_kept = True
        self._tree.add(new)

    def restore(self, one: Specialization) -> None:
        """Have one that comes from another process."""
        if one.goes_all_ways:
            self._graph = one
        else:
            self.keep(one)

    def run(self, numbers: Sequence[float]) -> tuple[Specialization | None, list[float]]:
        """The specialization for these numbers and its results; None if there is none yet."""
        results: list[float] = []
        graph = self._graph
        if graph is not None:
            failed, results = graph.run(numbers)
            if failed < 0:
                return graph, results

        def attempt(path: Specialization) -> tuple[int, Hashable]:
            nonlocal results
            failed, results = path.run(numbers)
            return (failed, path.other_outcome(failed, results)) if failed >= 0 else (-1, None)

        found = self._tree.find(attempt)
        return found, results

    def most_splitting(self) -> str:
        """The decision without which there would be fewest paths: where it is, and what is
        compared. The rounds of a loop, which compare other numbers each, are one decision."""
        splits: Counter[_Site] = Counter()
        examples: dict[_Site, Counter[str]] = defaultdict(Counter)
        for path, decision, ways in self._tree.forks():
            site = _site(path.program, decision)
            splits[site] += ways - 1
            examples[site][path.program.decision(decision)] += ways - 1
        if not splits:  # a single path: of the decision that is met most often
            for program in [path.program for path in self.kept]:
                for i in range(len(program.guards)):
                    examples[_site(program, i)][program.decision(i)] += 1
        ways_out: dict[_Site, set[Hashable]] = defaultdict(set)
        for path in self.kept:
            for site, outcomes in _outcomes_by_site(path).items():
                ways_out[site].add(tuple(outcomes))
        most = max(
            examples,
            key=lambda site: (len(ways_out[site]), splits[site], examples[site].total()),
            default=None,
        )
        return "" if most is None else max(examples[most], key=lambda text: examples[most][text])


def _site(program: Program, decision: int) -> _Site:
    guard = program.guards[decision]
    kind = "int" if isinstance(guard.outcome, tuple) else program.code[guard.register].name
    return guard.line, kind


def _outcomes_by_site(path: Specialization) -> dict[_Site, list[Hashable]]:
    found: dict[_Site, list[Hashable]] = {}
    for i, outcome in enumerate(path.outcomes):
        found.setdefault(_site(path.program, i), []).append(outcome)
    return found
