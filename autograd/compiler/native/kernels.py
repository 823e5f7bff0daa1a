"""Kernels: a program's machine code as a Python callable over a flat list of numbers."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.meanings import meaning
from autograd.compiler.ir.program import GuardFailed, Program
from autograd.compiler.ir.recomputing import RecomputingSources
from autograd.compiler.ir.rewriting import most_live
from autograd.compiler.native.entry_function import Entry, with_entry
from autograd.compiler.native.interpreter import Bytecode
from autograd.compiler.native.llvm_codegen import callbacks_of, scalar_kernel
from autograd.compiler.native.llvm_writer import Holed
from autograd.compiler.native.loop_kernel import NO_MEMORY, LoopKernel
from autograd.compiler.native.machine import LANES, compile_llvm
from autograd.compiler.native.shared_code import Made, SharedCode

__all__ = [
    "ON_ANY_STACK",
    "CallbackFailed",
    "Callbacks",
    "Kernel",
    "KernelCode",
    "KernelInPython",
    "ProgramKernel",
]

ON_ANY_STACK: Final = 8000  # numbers, of 8 bytes each; for more the stack has to be a large one


class KernelCode:
    """The assembly of a program's kernel: with its loops, where it has some. It reads what is in
    `kept`; `bytes` is the scratch memory that a call takes. One without loops is written by
    `flat`."""

    def __init__(
        self,
        program: Program,
        rolled: Rolled | None,
        addresses: Mapping[tuple[str, int], int],
        flat: Callable[..., Holed] = scalar_kernel,
    ) -> None:
        self.has_loops = rolled is not None
        self.kept: Sequence[object] = ()
        self.bytes = 0
        if rolled is None:
            self._text = flat(program, addresses)
        else:
            kernel = LoopKernel(RecomputingSources(rolled), addresses)
            self._text, self.kept, self.bytes = kernel.holed(), kernel.kept, kernel.bytes

    def __str__(self) -> str:
        return str(self._text)

    def holed(self, entry: Entry | None = None) -> Holed:
        """Its assembly with holes, and that of an entry, which calls the kernel by its name."""
        return with_entry(self._text, entry)

    def compiled(self, entry: Entry | None = None, shared: SharedCode | None = None) -> Made:
        """The machine code of both; that of other programs of the form, where some are known."""
        return _made(self.holed(entry), self.has_loops, shared)


def _made(text: Holed, loops: bool, shared: SharedCode | None) -> Made:
    if shared is None:
        return Made(compile_llvm(str(text), loops=loops))
    return shared.compiled(text, loops)


class Callbacks:
    """The Python functions that a program's machine code calls, alive as long as this object: what
    the names of its primitives mean when this is made, or meant when it was recorded."""

    def __init__(self, program: Program, recorded: Callbacks | None = None) -> None:
        missing = callbacks_of(program)
        code = program.code if missing else ()
        asked = {(op.name, len(op.operands)) for op in code if op.name in missing}
        known: dict[tuple[str, int], Callable[..., Any]]
        known = {} if recorded is None else recorded._functions
        self._functions: dict[tuple[str, int], Callable[..., Any]] = {
            key: known.get(key) or meaning(key[0]) for key in asked
        }

    def __bool__(self) -> bool:
        return bool(self._functions)

    @property
    def addresses(self) -> dict[tuple[str, int], int]:
        """Where machine code finds each, by its name and the number of its inputs."""
        return {key: id(function) for key, function in self._functions.items()}


class CallbackFailed(Exception):
    """A user's primitive has raised `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _deeply(function: Callable[..., int], inputs: Any, out: Any) -> int:
    return LANES.deep(lambda: function(inputs, out))


class ProgramKernel(Protocol):
    """A program that is run somehow."""

    @property
    def entry(self) -> Callable[..., Any] | None:
        """The same as a function of Python's objects, where there is one."""
        ...

    @property
    def tier(self) -> str:
        """How it is run."""
        ...

    @property
    def seconds(self) -> float:
        """What making it took."""
        ...

    @property
    def bytes(self) -> int:
        """The scratch memory that a call takes."""
        ...

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]: ...


class KernelInPython:
    """A program run operation by operation, as slow as the function itself: for as long as LLVM is
    at work on another one, and nothing can be made with it."""

    entry = None
    tier = "recorded"
    seconds = 0.0
    bytes = 0

    def __init__(self, program: Program) -> None:
        self._program = program

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        try:
            return -1, [float(x) for x in self._program.evaluate(numbers)]
        except GuardFailed as failure:
            return failure.index, [failure.told]


class Kernel:
    """Called with all inputs of the program; gives -1 and the results, or the index of the guard
    that failed (and in the place of the first result what it was about: `Program.converted`).
    `entry` is the same as a function of Python's objects, where one was asked for.

    Machine code, with the program's loops if it has some, or the table of the native interpreter:
    `tier` says which. `code` is its assembly, if that is there already; `shared` holds the machine
    code of programs that may be alike.
    """

    def __init__(
        self,
        program: Program,
        entry: Entry | None = None,
        interpreted: bool = False,
        rolled: Rolled | None = None,
        shared: SharedCode | None = None,
        code: KernelCode | None = None,
        callbacks: Callbacks | None = None,
    ) -> None:
        self.program = program
        self.tier = "interpreted" if interpreted else "compiled"
        start = time.perf_counter()
        self._callbacks = Callbacks(program) if callbacks is None else callbacks
        self.bytes = 0
        """Of scratch memory that a call takes."""
        if interpreted:
            bytecode = Bytecode(program)
            self._reads: object = bytecode
            made = _made(with_entry(bytecode.kernel(), entry), False, shared)
        else:
            code = code or KernelCode(program, rolled, self._callbacks.addresses)
            self._reads, self.bytes = code.kept, code.bytes
            made = code.compiled(entry, shared)
        self.made = made
        """The machine code, which others may run too."""
        self.entry = None if entry is None else entry.function(made.code, self._reads, made.given)
        self._function = made.kernel(locked=interpreted or bool(self._callbacks))
        # Which has no other way than machine code, however much of the stack that takes.
        is_deep = bool(self._callbacks) and rolled is None and most_live(program) > ON_ANY_STACK
        self._asking = partial(_deeply, self._function) if is_deep else self._function
        self._inputs = ctypes.c_double * len(program.inputs)
        self._outputs = ctypes.c_double * len(program.outputs)
        self.seconds = time.perf_counter() - start

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        inputs, out = self._inputs(*numbers), self._outputs()
        if self._callbacks:
            try:
                failed: int = self._asking(inputs, out)
            except Exception as error:  # noqa: BLE001 (whatever the user's code raises)
                raise CallbackFailed(error) from None
        else:
            failed = self._function(inputs, out)
        if failed == NO_MEMORY:
            raise MemoryError(f"a compiled function needs {self.bytes:,} bytes")
        return failed, list(out)
