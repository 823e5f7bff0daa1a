"""Paths: the ways through a function that have been recorded, and the machine code of each."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Final

from autograd.compiler.ir.lowering import lowered
from autograd.compiler.ir.passes import optimised
from autograd.compiler.native.cpython_entry import Entry, Unsupported, calling_entry
from autograd.compiler.native.interpreter import can_interpret
from autograd.compiler.native.kernels import Kernel
from autograd.compiler.recording.tracing import Recorded
from autograd.transforms.tree import Structure, flatten

__all__ = ["Specialization", "SpecializationCache"]

COMPILED_AT_ONCE: Final = 400  # instructions; compiled in some 10 milliseconds
INTERPRETED_FOR_GOOD: Final = 20_000  # instructions; machine code of more is no faster


@cache
def _background() -> ThreadPoolExecutor:
    """One thread, for compiling while the interpreter runs."""
    return ThreadPoolExecutor(1, "chainrule-compiler")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_background.cache_clear)  # its thread is the parent's


class Specialization:
    """One way through a function: its program, and the machine code of it."""

    def __init__(self, recorded: Recorded, arguments: Sequence[Any] | None, result: Any) -> None:
        self.outputs: Structure = flatten(result)[1]
        self._recorded = recorded
        # The first ones, if they came by place alone, and their result: examples of their kind.
        self._arguments = arguments
        self._result = result
        self.outcomes = [guard.outcome for guard in recorded.program.guards]
        self.program = optimised(recorded.program)
        self.instructions = lowered(self.program)
        self.captured = recorded.captured
        self._kernel: Kernel | None = None
        self._making = threading.Lock()
        self._better: Future[Kernel] | None = None
        self.is_kept = False

    @property
    def kernel(self) -> Kernel:
        """The machine code, made when it is first needed: at once for a short program; a longer one
        is interpreted until its machine code is ready, in the background, and one that would not
        fit the processor's instruction cache is interpreted for good."""
        better = self._better
        if better is not None and better.done():  # for several threads at once, perhaps
            self._better = None
            if better.exception() is None:
                self._kernel = better.result()
        return self._kernel or self._first_kernel()

    def _first_kernel(self) -> Kernel:
        with self._making:
            if self._kernel is None:
                size = self.instructions.operations
                interpreted = size > COMPILED_AT_ONCE and can_interpret(self.instructions)
                entry = self._entry()
                self._kernel = Kernel(self.instructions, entry, interpreted)
                if interpreted and size <= INTERPRETED_FOR_GOOD:
                    self._better = _background().submit(Kernel, self.instructions, entry)
            return self._kernel

    @property
    def tier(self) -> str:
        """How it is run at present."""
        return "recorded" if self._kernel is None else self._kernel.tier

    @property
    def seconds(self) -> float:
        """What making the present machine code took."""
        return 0.0 if self._kernel is None else self._kernel.seconds

    def saved(self) -> Any:
        """What a pickle keeps of it."""
        return self._recorded, self._arguments, self._result

    def when_better(self, then: Callable[[], None]) -> None:
        """Do something when the machine code is ready that is being made in the background."""
        better = self._better
        if better is not None:
            better.add_done_callback(lambda _: then())

    def _entry(self) -> Entry | None:
        if self._arguments is None:
            return None
        try:
            return calling_entry(self.instructions, self._arguments, self.captured, self._result)
        except Unsupported:
            return None

    def run(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        """-1 and the results, or the guard that failed."""
        captured = [value.data for value in self.captured] if self.captured else ()
        return self.kernel([*numbers, *captured])


class SpecializationCache:
    """The compiled forms for arguments of one structure: the paths, last used first."""

    def __init__(self) -> None:
        self.kept: list[Specialization] = []
        self.warned = False

    def run(self, numbers: Sequence[float]) -> tuple[Specialization | None, list[float]]:
        """The path of these arguments and its results; None if there is none yet."""
        candidates = self.kept
        while candidates:
            path = candidates[0]
            failed, results = path.run(numbers)
            if failed < 0:
                if path is not self.kept[0]:
                    self.kept = [path, *[p for p in self.kept if p is not path]]
                return path, results
            taken = path.outcomes[: failed + 1]
            # Another path of these arguments made the same decisions before this one.
            candidates = [
                p
                for p in candidates
                if p.outcomes[:failed] == taken[:failed] and p.outcomes[failed] != taken[failed]
            ]
        return None, []
