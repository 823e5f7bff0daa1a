"""A device: its kernels, compiled once, and memory for the time of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final, NamedTuple, Protocol

from autograd.compiler.cuda.driver import the_driver
from autograd.compiler.cuda.image_store import kept_or_made
from autograd.compiler.cuda.kernel_prelude import THREADS
from autograd.compiler.cuda.nvrtc import OPTIONS, NvrtcError, archs, compiled, nvrtc_version
from autograd.engine.locks import new_lock

__all__ = ["Device", "DeviceMemory", "DriverLike", "LoadedKernel", "device_of"]

BLOCKS: Final = 32  # for each multiprocessor, where each thread has memory of its own

Compile = Callable[[str, int], bytes]


class DriverLike(Protocol):
    """What a driver does: `Driver` says how."""

    def device_of(self, pointer: int) -> int: ...
    def arch(self, device: int) -> int: ...
    def multiprocessors(self, device: int) -> int: ...
    def current(self, device: int) -> Any: ...
    def module(self, image: bytes) -> Any: ...
    def function(self, module: Any, name: str) -> Any: ...
    def resources(self, function: Any) -> tuple[int | None, int | None]: ...
    def allocate(self, size: int, stream: int) -> int: ...
    def free(self, pointer: int, stream: int) -> None: ...
    def write(self, pointer: int, data: bytes, stream: int) -> None: ...
    def read(self, pointer: int, size: int, stream: int) -> bytes: ...
    def synchronise(self, stream: int) -> None: ...
    def wait_for_all(self) -> None: ...
    def launch(self, function: Any, blocks: int, args: Sequence[Any], stream: int) -> None: ...


class LoadedKernel(NamedTuple):
    """A kernel on a device: the seconds that compiling and loading took, and what the compiler
    gave each thread: registers, and bytes of memory for what does not fit there (None where nobody
    knows)."""

    function: Any
    seconds: float
    registers: int | None
    spilled: int | None


class Device:
    """One of a driver's devices; `compile` makes an image of a kernel's text."""

    def __init__(self, driver: DriverLike, number: int, compile: Compile) -> None:
        self.driver = driver
        self.number = number
        self.arch = driver.arch(number)
        self.blocks = BLOCKS * driver.multiprocessors(number)
        self._compile = compile
        self._kernels: dict[tuple[str, str], LoadedKernel] = {}
        self._making = new_lock()

    def function(self, source: str, name: str) -> Any:
        """A kernel, compiled and loaded when it is first needed."""
        return self.kernel(source, name).function

    def kernel(self, source: str, name: str) -> LoadedKernel:
        """The same, with what is known of it."""
        found = self._kernels.get((source, name))
        if found is None:
            with self._making:
                found = self._kernels.get((source, name)) or self._loaded(source, name)
                self._kernels[source, name] = found
        return found

    def _loaded(self, source: str, name: str) -> LoadedKernel:
        begin = perf_counter()
        module = self.driver.module(self._compile(source, self.arch))
        function = self.driver.function(module, name)
        return LoadedKernel(function, perf_counter() - begin, *self.driver.resources(function))

    @contextmanager
    def memory(self, stream: int) -> Iterator[DeviceMemory]:
        """A block with memory of its own, in which this device is the current one."""
        with self.driver.current(self.number):
            memory = DeviceMemory(self, stream)
            try:
                yield memory
            finally:
                memory.release()

    def launch(self, function: Any, threads: int, args: Sequence[Any], stream: int) -> None:
        """Run a kernel with so many threads or some more. (All at once: fewer, each with more to
        do, were 5 % slower on an H200.)"""
        self.driver.launch(function, max(1, -(-threads // THREADS)), args, stream)


class DeviceMemory:
    """What is taken of a device's memory during a block, and given back after it, in the order of a
    stream."""

    def __init__(self, device: Device, stream: int) -> None:
        self.device = device
        self.stream = stream
        self._taken: list[int] = []

    def take(self, size: int) -> int:
        """The address of so many bytes. OutOfDeviceMemory where there are none."""
        pointer = self.device.driver.allocate(max(size, 1), self.stream)
        self._taken.append(pointer)
        return pointer

    def holding(self, data: bytes) -> int:
        """The address of memory that holds these bytes; 0 for none."""
        if not data:
            return 0
        pointer = self.take(len(data))
        self.device.driver.write(pointer, data, self.stream)
        return pointer

    def release(self) -> None:
        """Give everything back."""
        while self._taken:
            self.device.driver.free(self._taken.pop(), self.stream)


_DEVICES: Final[dict[int, Device]] = {}


def device_of(pointer: int) -> Device:
    """The device that an address belongs to."""
    number = the_driver().device_of(pointer)
    device = _DEVICES.get(number)
    if device is None:
        device = _DEVICES.setdefault(number, Device(the_driver(), number, _image))
    return device


def _image(source: str, arch: int) -> bytes:
    """Machine code for an architecture; for one that is newer than NVRTC, PTX, which the driver
    compiles. NvrtcError for one that is older than it knows."""
    oldest, newest = archs()
    if arch < oldest:
        version = ".".join(map(str, nvrtc_version()))
        raise NvrtcError(
            f"NVRTC {version} compiles for devices of compute capability {oldest / 10} and newer, "
            f"and this one has {arch / 10}; install an older NVRTC "
            "(pip install nvidia-cuda-nvrtc-cu12)"
        )
    target = f"sm_{arch}" if arch <= newest else f"compute_{newest}"
    key = (source, target, nvrtc_version(), OPTIONS)
    return kept_or_made(key, lambda: compiled(source, target))
