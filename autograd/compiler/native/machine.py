"""Machine code: LLVM assembly compiled for this processor, through llvmlite (which is imported here
only).
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

__all__ = ["MachineCode", "compile_llvm", "cpu", "library_has", "require", "thread_pool"]

_LOCK: Final = threading.RLock()  # LLVM compiles one module at a time


@cache
def thread_pool(name: str, threads: int | None = None) -> ThreadPoolExecutor:
    """Threads with that name, which live as long as the process."""
    return ThreadPoolExecutor(threads, name)


if hasattr(os, "register_at_fork"):
    # A child has none of its parent's threads. It would wait for ever for one that was compiling
    # when it was forked, and for what it hands to a pool of them.
    os.register_at_fork(
        before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release
    )
    os.register_at_fork(after_in_child=thread_pool.cache_clear)


@cache
def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm
    except ImportError:
        raise ImportError(
            "compiling needs llvmlite, which is not installed; run: pip install llvmlite numpy"
        ) from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def require() -> None:
    """ImportError with the remedy, where machine code can't be made."""
    _llvm()


@cache
def cpu() -> tuple[str, str]:
    """This processor's name and features, as LLVM calls them."""
    llvm = _llvm()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@cache
def library_has(library: str, symbol: str) -> bool:
    """Whether machine code can call this function of a shared library; False without it."""
    llvm = _llvm()
    try:
        # For the whole process: machine code finds functions by name among all that is loaded.
        llvm.load_library_permanently(library)
    except RuntimeError:
        return False
    return llvm.address_of_symbol(symbol) is not None


class MachineCode:
    """Functions in memory. They are there as long as this object is."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """Where a function begins."""
        with _LOCK:
            found: int = self._engine.get_function_address(name)
        return found

    def function(
        self, name: str, result: Any, *arguments: Any, locked: bool = False
    ) -> Callable[..., Any]:
        """A function as ctypes calls it, holding the lock of Python's interpreter or not."""
        kind = ctypes.PYFUNCTYPE if locked else ctypes.CFUNCTYPE
        out: Callable[..., Any] = kind(result, *arguments)(self.address(name))
        return out


def compile_llvm(text: str, effort: int = 2) -> MachineCode:
    """Compile assembly. `effort` is LLVM's level of code generation (0 to 3)."""
    with _LOCK:
        return _compile_llvm(text, effort)  # whose objects are gone when the lock is


def _compile_llvm(text: str, effort: int) -> MachineCode:
    llvm = _llvm()
    name, features = cpu()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(opt=effort, cpu=name, features=features, jit=True)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return MachineCode(engine)
