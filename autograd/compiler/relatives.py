"""Relatives: paths of one function that do the same a different number of times.

Each is recorded, for that alone tells what the function does; but they have their machine code in
common. A short program is compiled without loops, as long as it is the only one. From the second
path on loops are looked for even in short ones, and where two have the same, they share.
"""

from __future__ import annotations

from typing import Final, Protocol
from weakref import ref

from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rolling import with_loops
from autograd.compiler.native.cpython_entry import ANY_LENGTH
from autograd.compiler.native.entry_function import Entry
from autograd.compiler.native.entry_text import UNROLLED
from autograd.compiler.native.kernels import Kernel, KernelCode
from autograd.compiler.native.llvm_codegen import callbacks_of, open_kernel
from autograd.compiler.native.shared_code import SharedCode
from autograd.engine.locks import new_lock

__all__ = ["Relatives"]

PATIENCE: Final = 40  # paths that are tried in vain, for each that is not
SAVED: Final = 4  # of them, that a loop has to save
SEARCHED: Final = 1000  # instructions; of more, loops that save less than most are of no use
WRITTEN: Final = 4000  # instructions; more take long to be written down
SHORT: Final = 8  # instructions; of fewer no loops are looked for


class Related(Protocol):
    """A specialization."""

    @property
    def instructions(self) -> Program: ...

    @property
    def rolled(self) -> Rolled | None: ...

    def entry(self, unrolled: int = UNROLLED) -> Entry | None: ...


class Relatives:
    """The paths of one function, and the machine code that they share."""

    def __init__(self) -> None:
        self.shared = SharedCode()
        self._first: ref[Related] | None = None
        self._are_several = self._is_first_known = False
        self._found = self._misses = 0
        self._lock = new_lock()

    def add(self, path: Related) -> None:
        """There is one more."""
        with self._lock:
            self._are_several = self._first is not None
            self._first = self._first or ref(path)

    def kernel_of(self, path: Related, at_once: int) -> tuple[Kernel, Rolled | None] | None:
        """That of a path which may have its form in common with another one, and the loops; None
        for the first path, and where compiling may take long: more than `at_once` instructions."""
        if not self._are_several or callbacks_of(path.instructions):
            return None
        found = None
        if self._misses <= PATIENCE * (1 + self._found):
            found = self._with_the_loops_of_another(path, at_once)
        if found is None and path.instructions.operations <= at_once:
            # Without loops then, but with its constants open: they may be all that is different.
            code = KernelCode(path.instructions, None, {}, open_kernel)
            return Kernel(path.instructions, path.entry(), code=code, shared=self.shared), None
        return found

    def _with_the_loops_of_another(
        self, path: Related, at_once: int
    ) -> tuple[Kernel, Rolled] | None:
        self._read_first(path, at_once)
        rolled = _with_loops(path)
        if rolled is None:
            self._misses += 1
            return None
        entry, code = path.entry(ANY_LENGTH), KernelCode(path.instructions, rolled, {})
        text = code.holed(entry)
        is_short = rolled.operations <= at_once
        if self.shared.knows(text) if is_short else self.shared.has_ready(text):
            self._found += 1
            return Kernel(path.instructions, entry, code=code, shared=self.shared), rolled
        self._misses += 1
        if path.rolled is None:  # whose own machine code will be of another form
            self.shared.note(text)
        return None

    def _read_first(self, path: Related, at_once: int) -> None:
        """Know the form of the first path, which was compiled before there were others."""
        with self._lock:
            first = None if self._is_first_known or self._first is None else self._first()
            self._is_first_known = True
        rolled = None if first is None or first is path else _with_loops(first)
        if first is not None and rolled is not None and rolled.operations <= at_once:
            code = KernelCode(first.instructions, rolled, {})
            self.shared.note(code.holed(first.entry(ANY_LENGTH)))


def _with_loops(path: Related) -> Rolled | None:
    """With loops, be they ever so short; None where even looking at them would take long."""
    if callbacks_of(path.instructions):
        return None
    rolled = path.rolled
    if rolled is None and path.instructions.operations <= SEARCHED:
        rolled = with_loops(path.instructions, SHORT, worth=1, saved=SAVED)
    return None if rolled is None or rolled.operations > WRITTEN else rolled
