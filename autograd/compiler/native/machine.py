"""Machine code: LLVM assembly compiled for this processor, through llvmlite (which is imported here
only).
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Final, TypeVar

from autograd.engine.locks import ReentrantLock, in_child, new_lock, renewed_in_child

__all__ = [
    "COMPILERS",
    "LANES",
    "LLVM",
    "WITHOUT_MASKS",
    "LLVMFailed",
    "MachineCode",
    "Pool",
    "compile_lanes",
    "compile_llvm",
    "cpu",
    "is_busy",
    "is_ending",
    "library_has",
    "require",
]

T = TypeVar("T")

_LOCK: Final = ReentrantLock()  # LLVM compiles one module at a time
_ENGINES: Final[dict[int, Any]] = {}
"""LLVM's engines, which the collector is never to find: it would have each free itself, without
this module's lock, and perhaps while another thread frees it."""
_DISCARDED: Final[deque[Any]] = deque()  # engines that nobody needs, until the next one is made
_AT_WORK: Final[list[int]] = []
"""The length of the text that LLVM is compiling."""
OLDEST_LLVM: Final = (16,)  # before that, a pointer had to say what it points at
LONG: Final = 200_000  # letters, which take some tenths of a second
TOO_LONG_TO_IMPROVE: Final = 400_000
"""Letters. Improving so much code takes LLVM four times as long as compiling it, and makes it no
faster: loops are a small part of it."""
_WORKER: Final = threading.local()
STACK: Final = 16 << 20  # bytes of address space; memory is taken as it is used
ROOM: Final = 7 << 20  # bytes; the stack of the main thread has 8 MB, mostly
SIZE_OF_ATTRIBUTES: Final = 256  # of a thread, in bytes: more than any system has
_STACK_LOCK: Final = new_lock()


class Pool:
    """Threads that live as long as the process; a forked child, which has none of them, begins
    with new ones."""

    def __init__(self, name: str, threads: int | None = None) -> None:
        self._name = name
        self._count = threads
        self._executor: ThreadPoolExecutor | None = None
        in_child(self._forget)

    def _forget(self) -> None:
        self._executor = None

    def submit(self, work: Callable[[], T]) -> Future[T] | None:
        """Have a thread do it. None when the process is about to end: no thread begins any more."""
        executor = self._executor
        if executor is None:
            # Of two threads that get here at once each makes one, and one of them is used again.
            executor = self._executor = ThreadPoolExecutor(self._count, self._name)
        try:
            with _stack_of_our_own():
                return executor.submit(_in_worker, work)
        except RuntimeError:
            if not is_ending():
                raise
            return None

    def deep(self, work: Callable[[], T]) -> T:
        """Do what may need a large stack, and give what it gives: here, where there is one, else in
        a thread of the pool. (The stack of the main thread is the system's, megabytes; of other
        threads it is as large as whoever started them thought would do.)"""
        return work() if _has_room() else self._hand_over([work])[0]

    def run(self, parts: Sequence[Callable[[], T]]) -> list[T]:
        """Do all parts, and give what they give; nothing goes on when this returns or raises. A
        thread of a pool does them by itself: those that it would wait for may wait for it."""
        if len(parts) == 1 or getattr(_WORKER, "is_one", False):
            return [part() for part in parts]
        return self._hand_over(parts)

    def _hand_over(self, parts: Sequence[Callable[[], T]]) -> list[T]:
        # Known before a thread begins: an interrupt may come with the call that hands one over.
        results: list[Future[T]] = [Future() for _ in parts]
        try:
            handed = 0
            for result, part in zip(results, parts, strict=True):
                if self.submit(partial(_do, result, part)) is None:
                    break
                handed += 1
            own = [part() for part in parts[handed:]]
            return [*[result.result() for result in results[:handed]], *own]
        finally:
            _await_all(results)


def is_ending() -> bool:
    """Whether the main thread has ended: what is computed now is for its own sake, or for threads
    and functions that the process waits for."""
    return not threading.main_thread().is_alive()


@contextmanager
def _stack_of_our_own() -> Iterator[None]:
    """The threads that are started inside have a large stack, whatever `threading.stack_size` says
    at the moment."""
    with _STACK_LOCK:
        before = threading.stack_size()
        threading.stack_size(STACK)
        try:
            yield
        finally:
            threading.stack_size(before)


def _has_room() -> bool:
    """Whether the stack of the running thread is a large one. To ask takes a microsecond, to hand
    work over to another thread ten."""
    found: bool | None = getattr(_WORKER, "has_room", None)
    if found is None:
        # Asked first: the main thread of a forked child is the one that forked, whatever its stack.
        size, is_main = _stack_size(), get_ident() == threading.main_thread().ident
        found = _WORKER.has_room = size >= ROOM if size else is_main
    return found


def _stack_size() -> int:
    """Bytes of the running thread's stack; 0 where the system doesn't say."""
    system = ctypes.CDLL(None) if sys.platform == "linux" else None
    if system is None or not hasattr(system, "pthread_getattr_np"):
        return 0
    attributes, size = ctypes.create_string_buffer(SIZE_OF_ATTRIBUTES), ctypes.c_size_t()
    system.pthread_self.restype = ctypes.c_void_p
    thread = ctypes.c_void_p(system.pthread_self())
    if system.pthread_getattr_np(thread, attributes) != 0:
        return 0
    system.pthread_attr_getstacksize(attributes, ctypes.byref(size))
    system.pthread_attr_destroy(attributes)
    return size.value


def _in_worker(work: Callable[[], T]) -> T:
    _WORKER.is_one = True
    _WORKER.has_room = True
    return work()


def _do(result: Future[T], part: Callable[[], T]) -> None:
    """In a thread of a pool, unless nobody waits for it any more."""
    if result.set_running_or_notify_cancel():
        try:
            result.set_result(part())
        except BaseException as error:  # noqa: BLE001 (it is raised where the result is read)
            result.set_exception(error)


def _await_all(results: Sequence[Future[Any]]) -> None:
    """Until none is being computed, whatever interrupts the waiting, which is raised then: they
    write to memory of the caller, which is about to be freed."""
    interrupt = None
    while True:
        try:
            wait([result for result in results if not result.cancel()])
            break
        except BaseException as error:  # noqa: BLE001
            interrupt = error
    if interrupt is not None:
        raise interrupt


if hasattr(os, "register_at_fork"):
    # A fork waits until LLVM is at rest: its own state could not be mended in the child. Whoever
    # has this lock waits for no other: one that a fork takes as well would stop both for ever.
    os.register_at_fork(
        before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release
    )

COMPILERS: Final = Pool("chainrule-compiler", 1)  # LLVM works for one thread at a time anyway
LLVM: Final = Pool("chainrule-llvm", 1)  # what others wait for, before what is in the background
LANES: Final = Pool("vmap", (os.cpu_count() or 1) + 4)  # the more, for calls at the same time


@cache
def _llvm() -> Any:
    # With the lock: a child that is forked meanwhile would wait for the end of this import.
    with _LOCK:
        try:
            import llvmlite.binding as llvm
        except ImportError:
            raise ImportError(
                "compiling needs llvmlite, which is not installed; run: pip install llvmlite numpy"
            ) from None
        if llvm.llvm_version_info < OLDEST_LLVM:
            raise ImportError(
                f"compiling needs llvmlite 0.45 or newer, and this one has LLVM "
                f"{llvm.llvm_version_info[0]}; run: pip install --upgrade llvmlite"
            )
        renewed_in_child(llvm.ffi.lib._lock._lock)  # held, perhaps, by others who use llvmlite
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
    with _LOCK:
        return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@cache
def library_has(library: str, symbol: str) -> bool:
    """Whether machine code can call this function of a shared library; False without it."""
    llvm = _llvm()
    with _LOCK:
        try:
            # For the whole process: machine code finds functions by name among all that is loaded.
            llvm.load_library_permanently(library)
        except RuntimeError:
            return False
        return llvm.address_of_symbol(symbol) is not None


WITHOUT_MASKS: Final = "; no masks"
"""A line of assembly that is to be compiled without AVX-512."""
MASKED: Final = ("avx512", "avx10")


class LLVMFailed(RuntimeError):
    """LLVM can't compile a program, or fails at it."""


class MachineCode:
    """Functions in memory. They are there as long as this object is."""

    def __init__(self, engine: Any) -> None:
        self._key = id(engine)
        _ENGINES[self._key] = engine

    def __del__(
        self, engines: dict[int, Any] = _ENGINES, discarded: deque[Any] = _DISCARDED
    ) -> None:
        # The collector may run where locks are held that nobody knows of: LLVM is not asked here.
        discarded.append(engines.pop(self._key))

    def address(self, name: str) -> int:
        """Where a function begins."""
        with _LOCK:
            found: int = _ENGINES[self._key].get_function_address(name)
        return found

    def function(
        self, name: str, result: Any, *arguments: Any, locked: bool = False
    ) -> Callable[..., Any]:
        """A function as ctypes calls it, holding the lock of Python's interpreter or not."""
        kind = ctypes.PYFUNCTYPE if locked else ctypes.CFUNCTYPE
        out: Callable[..., Any] = kind(result, *arguments)(self.address(name))
        return out


def compile_llvm(text: str, effort: int = 2, loops: bool = False) -> MachineCode:
    """Compile assembly. `effort` is LLVM's level of code generation (0 to 3); with `loops` LLVM
    first improves the text itself, where it may use vectors if no bit changes by that."""
    improve = _improved if loops and len(text) < TOO_LONG_TO_IMPROVE else _as_it_is
    return LLVM.deep(lambda: _alone(text, effort, improve))


def compile_lanes(text: str) -> MachineCode:
    """Compile loops in assembly that are written in vectors already: all that is left to do is to
    keep in registers what is used again at once."""
    return LLVM.deep(lambda: _alone(text, 2, _tidied))


def _alone(text: str, effort: int, improve: Callable[[Any, Any], None]) -> MachineCode:
    with _LOCK:
        try:
            _AT_WORK.append(len(text))
            while _DISCARDED:
                _DISCARDED.popleft().close()
            return _compile_llvm(text, effort, improve)  # whose objects are gone when the lock is
        except RuntimeError as error:
            raise LLVMFailed(str(error).strip() or type(error).__name__) from error
        finally:
            _AT_WORK.clear()


def is_busy() -> bool:
    """Whether LLVM, which works for one thread at a time, is at work on something that takes it
    long: whoever needs it now would wait, for seconds perhaps."""
    try:
        return _AT_WORK[-1] > LONG
    except IndexError:
        return False


def _as_it_is(module: Any, machine: Any) -> None:
    """Nothing is improved."""


def _improved(module: Any, machine: Any) -> None:
    llvm = _llvm()
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = True
    builder = llvm.create_pass_builder(machine, tuning)
    passes = builder.getModulePassManager()
    passes.run(module, builder)
    _free(passes)


def _tidied(module: Any, machine: Any) -> None:
    llvm = _llvm()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    _free(passes)


def _free(passes: Any) -> None:
    """Give back what a pass manager takes, 50 kB. llvmlite doesn't: of the two classes from which
    its own inherits `_dispose`, the first has one that does nothing."""
    disposers = [c.__dict__["_dispose"] for c in type(passes).__mro__ if "_dispose" in vars(c)]
    if len(disposers) > 1 and disposers[0].__qualname__.startswith("ObjectRef."):
        disposers[1](passes)


def _compile_llvm(text: str, effort: int, improve: Callable[[Any, Any], None]) -> MachineCode:
    llvm = _llvm()
    has_masks = WITHOUT_MASKS not in text
    machine = _target_machine(effort, has_masks)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    improve(module, machine)
    # As an object file, so that the engine has nothing to compile itself: what LLVM compiles with
    # takes 700 kB, and an engine keeps it as long as it lives.
    code = llvm.ObjectFileRef.from_data(machine.emit_object(module))
    engine = llvm.create_mcjit_compiler(
        llvm.parse_assembly(""), _new_target_machine(effort, has_masks)
    )
    engine.add_object_file(code)
    engine.finalize_object()
    return MachineCode(engine)


@cache
def _target_machine(effort: int, has_masks: bool) -> Any:
    """What LLVM compiles with."""
    return _new_target_machine(effort, has_masks)


def _new_target_machine(effort: int, has_masks: bool) -> Any:
    name, features = cpu()
    target = _llvm().Target.from_default_triple()
    given = features if has_masks else _without_masks(features)
    return target.create_target_machine(opt=effort, cpu=name, features=given, jit=True)


def _without_masks(features: str) -> str:
    """Without AVX-512, where a comparison gives a mask, in a register of another kind: to choose by
    one takes longer than to choose by the bits of a number."""
    return ",".join(
        f"-{feature[1:]}" if feature[1:].startswith(MASKED) else feature
        for feature in features.split(",")
    )
