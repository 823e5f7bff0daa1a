"""Kernels: a program's machine code as a Python callable over a flat list of numbers."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.ir.program import Program, meaning
from autograd.compiler.native.cpython_entry import Entry
from autograd.compiler.native.interpreter import Bytecode
from autograd.compiler.native.llvm_codegen import callbacks_of, scalar_kernel
from autograd.compiler.native.machine import MachineCode, compile_llvm

__all__ = ["CallbackFailed", "Callbacks", "Kernel"]


class Callbacks:
    """What machine code has to ask Python for, and the exception of one that failed.

    An exception can't pass through machine code, so it is kept, and raised after it.
    """

    def __init__(self, program: Program) -> None:
        self._failed = threading.local()  # for several threads may be in one kernel
        self._functions: dict[tuple[str, int], Any] = {}
        missing = callbacks_of(program)
        for name, count in {(op.name, len(op.operands)) for op in program.code}:
            if name in missing:
                kind = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)
                self._functions[name, count] = kind(self._guarded(meaning(name)))

    def _guarded(self, forward: Callable[..., float]) -> Callable[..., float]:
        def call(*inputs: float) -> float:
            try:
                return forward(*inputs)
            except BaseException as error:  # noqa: BLE001 (raised after the machine code)
                self._failed.error = error
                return float("nan")

        return call

    @property
    def addresses(self) -> dict[tuple[str, int], int]:
        """Where machine code finds each, by its name and the number of its inputs."""
        return {
            key: ctypes.cast(function, ctypes.c_void_p).value or 0
            for key, function in self._functions.items()
        }

    def reraise(self) -> None:
        """Raise what a call of this thread raised since the last time."""
        error = getattr(self._failed, "error", None)
        if error is not None:
            self._failed.error = None
            raise error


class CallbackFailed(Exception):
    """A user's primitive has raised the exception that is the cause of this one."""


class Kernel:
    """Called with all inputs of the program; gives -1 and the results, or the index of the guard
    that failed. `entry` is the same as a function of Python's objects, where one was asked for.

    Straight-line code, or the table of the native interpreter: `tier` says which.
    """

    def __init__(
        self, program: Program, entry: Entry | None = None, interpreted: bool = False
    ) -> None:
        self.program = program
        self.tier = "interpreted" if interpreted else "compiled"
        start = time.perf_counter()
        self._callbacks = Callbacks(program)
        self._bytecode = Bytecode(program) if interpreted else None
        if self._bytecode is None:
            text = scalar_kernel(program, self._callbacks.addresses)
        else:
            text = self._bytecode.kernel()
        # In one module, where the entry calls the kernel by its name.
        self._code: MachineCode = compile_llvm(text if entry is None else f"{text}\n{entry}")
        self.entry = None if entry is None else entry.function(self._code, self._bytecode)
        pointers = (ctypes.c_void_p, ctypes.c_void_p)
        self._function = self._code.function(
            "kernel", ctypes.c_int64, *pointers, locked=interpreted
        )
        self._inputs = ctypes.c_double * len(program.inputs)
        self._outputs = ctypes.c_double * len(program.outputs)
        self.seconds = time.perf_counter() - start

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        out = self._outputs()
        failed: int = self._function(self._inputs(*numbers), out)
        try:
            self._callbacks.reraise()
        except Exception as error:
            raise CallbackFailed from error
        return failed, list(out)
