"""All paths of a function as one: the graph of its states, where its loops can be followed.

The first path is recorded as ever. From the second on the function is also followed from state to
state, in a run of its own, which nobody sees: only what is known to keep nothing is followed. If it
comes back to a state, it has a loop, and the graph takes the place of the paths. A stretch that is
missing is added when a call comes to it: the function is then recorded as ever (twice, and run on
floats), and what the graph gives has to be what the recording gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.compiler.checking import same_bits
from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.passes import optimised
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.state_graph import Missing, StateGraph
from autograd.compiler.native.entry_function import Entry
from autograd.compiler.native.graph_codegen import GraphKernel, TooLong, graph_assembly
from autograd.compiler.native.kernels import ProgramKernel
from autograd.compiler.native.llvm_codegen import callbacks_of
from autograd.compiler.native.machine import LLVMFailed, is_busy
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.states import Followed, StateTrace, Unknown, forms_of
from autograd.compiler.recording.stretches import GraphReader
from autograd.compiler.recording.texts_in_results import flatten_result
from autograd.compiler.relatives import Relatives
from autograd.compiler.said_to_callers import warn_of_llvm
from autograd.compiler.specializations import Specialization
from autograd.engine.locks import new_lock
from autograd.engine.value import Value
from autograd.transforms.derivatives import Gradient, ValueAndGradient

__all__ = ["Follower", "GraphSpecialization"]

PATIENCE: Final = 8  # paths that are followed in vain
"""So many have no loop: then there is none."""


class GraphSpecialization(Specialization):
    """The paths of a function as one. What it says of a single path is said of the one that was
    recorded last."""

    def __init__(self, reader: GraphReader, like: Specialization) -> None:
        recorded, arguments, result, writes = like.__reduce__()[1]
        super().__init__(recorded, arguments, result, writes)
        self.outcomes = []
        self.is_kept = True
        self._made_of: StateGraph | None = None
        self._failed: StateGraph | None = None
        """The one that LLVM could not compile."""
        self.follow(reader)

    goes_all_ways = True

    def __reduce__(self) -> Any:
        return _restored, (self.graph, *super().__reduce__()[1])

    def follow(self, reader: GraphReader) -> None:
        """Take a graph, which is not changed any more."""
        self.graph = reader.graph
        self.captured = reader.captured

    @property
    def kernel(self) -> ProgramKernel:
        """The machine code of the graph as it is now; while LLVM is busy, it is run without."""
        with self._making:
            graph = self.graph
            if self._kernel is None or self._made_of is not graph:
                if is_busy() or self._failed is graph:
                    return _GraphInPython(graph)
                try:
                    made = GraphKernel(graph, self._results, self.entry())
                except LLVMFailed as error:
                    self._failed = graph
                    warn_of_llvm(error, graph.operations)
                    return _GraphInPython(graph)
                self._kernel, self._made_of = made, graph
                return made
            return self._kernel

    @property
    def _results(self) -> int:
        return len(self.program.outputs)

    @property
    def interface(self) -> Program:
        """As many inputs and outputs as it has."""
        names = (*self.graph.inputs, *[f"captured{i}" for i in range(len(self.captured))])
        return Program((Op("const"),), names, (0,) * self._results)

    def relate(self, relatives: Relatives) -> None:
        """It has its code to itself."""

    def run(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        """-1 and the results, or 0 where a stretch is missing."""
        given = [*numbers, *[value.data for value in self.captured]]
        try:
            return self.kernel(given)
        except TooLong:  # for code that nothing interrupts
            return _GraphInPython(self.graph)(given)

    def bound_to(self, entry: Entry) -> Callable[..., Any]:
        """The function of fixed places with this entry."""
        made = GraphKernel(self.graph, self._results, entry).entry
        assert made is not None
        return made

    def program_of(self, arguments: Arguments) -> Program:
        """What is done with these arguments, recorded."""
        return optimised(arguments.recorded()[0].program)

    @property
    def shown(self) -> StateGraph:
        """For the user to read."""
        return self.graph

    @property
    def assembly(self) -> str:
        """In LLVM's language."""
        return graph_assembly(self.graph)

    @property
    def guards(self) -> int:
        """How many decisions there are in the code."""
        return len(self.graph.states) - 1

    @property
    def operations(self) -> int:
        """How many operations there are in the code."""
        return self.graph.operations

    @property
    def loops(self) -> int:
        """How many states come again, as those of a loop do that decides once in a round."""
        return len(self.graph.in_loops())

    @property
    def repeated(self) -> int:
        """For the share of what is in loops: all."""
        return self.instructions.operations

    @property
    def reason(self) -> str:
        """It is compiled."""
        return ""


def _restored(graph: StateGraph, *like: Any) -> GraphSpecialization:
    """In another process, where it is run and not added to."""
    return GraphSpecialization(GraphReader(graph), Specialization(*like))


class _GraphInPython:
    """A graph run by the reference: for as long as LLVM is at work on something else, and for calls
    that take long, which may be interrupted."""

    entry = None
    tier = "recorded"
    seconds = 0.0
    bytes = 0

    def __init__(self, graph: StateGraph) -> None:
        self._graph = graph

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        inputs = len(self._graph.inputs)
        try:
            return -1, self._graph.evaluate(numbers[:inputs], numbers[inputs:])
        except Missing:
            return 0, []


# -- following -------------------------------------------------------------------------------------


class Follower:
    """Follows a function's calls with arguments of one structure."""

    def __init__(self, f: Any) -> None:
        self._f, self._derives, self._gives_value = _followed(f)
        self._forms: list[Followed] | None = None
        self._reader: GraphReader | None = None
        self._found: GraphSpecialization | None = None
        self._nesting: tuple[Any, str] | None = None  # of the results, the same for all paths
        self._in_vain = 0
        self.has_failed = False
        """Whether a graph that was found has turned out to be of no use."""
        self._lock = new_lock()

    @property
    def is_done(self) -> bool:
        """Whether nothing comes of it any more."""
        return self._forms == [] or self._in_vain >= PATIENCE

    def follow(
        self, arguments: Arguments, recorded: Specialization, results: Sequence[float]
    ) -> GraphSpecialization | None:
        """Follow the function on arguments for which it has just been recorded. The graph, if it
        has a loop, and this path is part of it."""
        with self._lock:
            if self._forms is None:
                self._forms = forms_of(self._f)
            while not self.is_done:
                try:
                    reader = self._follow(self._forms[0], arguments)
                    if reader is None:
                        return None
                    if _gives(reader, arguments, results):
                        return self._keep(reader, recorded)
                except Exception:  # noqa: BLE001 (whatever this form of the function is not good for)
                    pass
                self._forms = self._forms[1:]
                self.has_failed = self.has_failed or self._found is not None
                self._reader = self._found = self._nesting = None
        return None

    def _keep(self, reader: GraphReader, recorded: Specialization) -> GraphSpecialization | None:
        kind = recorded.outputs.kind
        nesting = kind, repr(kind)  # written out, for the keys 1, 1.0 and True are equal
        if self._nesting not in (None, nesting):
            raise Unknown
        self._reader, self._nesting = reader, nesting
        if self._found is not None:
            self._found.follow(reader)
        elif reader.graph.has_loop:
            self._found = GraphSpecialization(reader, recorded)
        else:
            self._in_vain += 1
        return self._found

    def _follow(self, form: Followed, arguments: Arguments) -> GraphReader | None:
        """The graph with this path too; None where this one path can't be followed."""
        if arguments.are_written or not arguments.are_bare:
            raise Unknown
        names = tuple(arguments.names)
        values = [Value(x) for x in arguments.numbers]
        trace = StateTrace(values, names, form)
        found = trace.run(lambda: arguments.of(form.f).call(values))
        numbers, _ = flatten_result(found)
        if not trace.is_known and self._found is not None:
            return None
        if not trace.is_known or (self._derives and len(numbers) != 1):
            raise Unknown
        if self._reader is None:
            graph = StateGraph(names, self._derives, self._gives_value)
            reader = GraphReader(graph)
        else:
            reader = self._reader.copy()
        reader.add(trace, numbers)
        programs = [one.program for one in reader.graph.stretches.values()]
        if any(map(callbacks_of, programs)):
            raise Unknown
        return reader


def _followed(f: Any) -> tuple[Any, bool, bool]:
    """The function itself that is called on Values, whether it is differentiated, and whether its
    value is wanted too."""
    if type(f) not in (Gradient, ValueAndGradient):
        return f, False, True
    places = f.argnums if isinstance(f.argnums, tuple) else (f.argnums,)
    code = getattr(f.__wrapped__, "__code__", None)
    is_all = code is not None and places == tuple(range(code.co_argcount))
    return f.__wrapped__ if is_all and not f.has_aux else None, True, type(f) is ValueAndGradient


def _gives(reader: GraphReader, arguments: Arguments, results: Sequence[float]) -> bool:
    """Whether the graph gives what the recording gave."""
    captured = [value.data for value in reader.captured]
    found = reader.graph.evaluate(arguments.numbers, captured)
    return len(found) == len(results) and all(map(same_bits, found, results))
