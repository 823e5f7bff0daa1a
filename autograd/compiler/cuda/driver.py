"""CUDA's driver, which comes with the machine, by ctypes: memory, modules and launches.

Contexts are each device's primary one, as all libraries use them, so their arrays are at hand.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from autograd.compiler.cuda.kernel_prelude import THREADS

__all__ = ["CudaError", "Driver", "OutOfDeviceMemory", "the_driver"]

OUT_OF_MEMORY: Final = 2
INVALID_CONTEXT: Final = 201
NOT_LOADABLE: Final = (200, 209, 222, 223)
"""What is answered to code that is newer than the driver, or for another device."""
ORDINAL_OF_POINTER: Final = 9
MULTIPROCESSORS, MAJOR, MINOR, HAS_POOLS = 16, 75, 76, 115
SPILLED, REGISTERS = 3, 4
RELEASE_THRESHOLD: Final = 4
KEPT: Final = 1 << 28  # bytes of memory that calls leave, for the next ones


class CudaError(RuntimeError):
    """The driver could not do what was asked of it; `status` is its number for why."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class OutOfDeviceMemory(MemoryError):
    """A device has no memory left."""


@cache
def the_driver() -> Driver:
    """This process's. ImportError where there is none; CudaError where there is no device."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        raise ImportError(
            f"arrays on a CUDA device need NVIDIA's driver ({name}), which is not installed here; "
            "install it, or pass NumPy arrays"
        ) from None
    return Driver(library)


class Driver:
    """The functions that kernels need. All but the first four want a device to be `current`."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._process = os.getpid()
        self._contexts: dict[int, ctypes.c_void_p] = {}
        self._has_pools = True
        self._call("cuInit", 0)

    def _call(self, name: str, *args: Any) -> None:
        if self._process != os.getpid():
            raise CudaError(
                "a forked process can't use CUDA, which its parent has begun to use; start worker "
                'processes by "spawn" or "forkserver" (multiprocessing.set_start_method)'
            )
        status = getattr(self._library, name)(*args)
        if status == OUT_OF_MEMORY:
            raise OutOfDeviceMemory("the CUDA device has no memory left")
        if status:
            raise CudaError(f"{name}: {self._described(status)}", status)

    def _described(self, status: int) -> str:
        text = ctypes.c_char_p()
        self._library.cuGetErrorString(status, ctypes.byref(text))
        return f"error {status}" + (f" ({text.value.decode()})" if text.value else "")

    def version(self) -> tuple[int, int]:
        """Of CUDA, up to which the driver loads code."""
        found = ctypes.c_int()
        self._call("cuDriverGetVersion", ctypes.byref(found))
        return found.value // 1000, found.value % 1000 // 10

    def device_of(self, pointer: int) -> int:
        """The number of the device on which an address is."""
        found = ctypes.c_int()
        asked = (ctypes.byref(found), ORDINAL_OF_POINTER, ctypes.c_uint64(pointer))
        try:
            self._call("cuPointerGetAttribute", *asked)
        except CudaError as error:
            if error.status != INVALID_CONTEXT:
                raise
            with self.current(0):  # of a driver that wants one in every thread
                self._call("cuPointerGetAttribute", *asked)
        return found.value

    def arch(self, device: int) -> int:
        """A device's architecture: 90 for sm_90."""
        return 10 * self._attribute(MAJOR, device) + self._attribute(MINOR, device)

    def multiprocessors(self, device: int) -> int:
        """How many it has."""
        return self._attribute(MULTIPROCESSORS, device)

    def _attribute(self, attribute: int, device: int) -> int:
        found = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(found), attribute, device)
        return found.value

    @contextmanager
    def current(self, device: int) -> Iterator[None]:
        """A block in which this thread uses a device."""
        context = self._contexts.get(device)
        if context is None:
            context = ctypes.c_void_p()
            self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
            self._contexts[device] = context
            self._keep_memory(device)
        self._call("cuCtxPushCurrent_v2", context)
        try:
            yield
        finally:
            self._call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))

    def _keep_memory(self, device: int) -> None:
        """Have memory that is free stay with the process, up to KEPT; some virtual devices have no
        such pools."""
        if not self._attribute(HAS_POOLS, device):
            self._has_pools = False
            return
        pool, kept = ctypes.c_void_p(), ctypes.c_uint64(KEPT)
        self._call("cuDeviceGetDefaultMemPool", ctypes.byref(pool), device)
        self._call("cuMemPoolSetAttribute", pool, RELEASE_THRESHOLD, ctypes.byref(kept))

    def module(self, image: bytes) -> Any:
        """Compiled code, loaded. CudaError where it is too new for the driver."""
        found = ctypes.c_void_p()
        status = self._library.cuModuleLoadData(ctypes.byref(found), image)
        if status in NOT_LOADABLE:
            raise CudaError(
                f"this driver, of CUDA {'.'.join(map(str, self.version()))}, does not load what "
                f"NVRTC has compiled: {self._described(status)}; update the driver, or install the "
                "NVRTC of its version (pip install nvidia-cuda-nvrtc-cu12)"
            )
        if status:
            raise CudaError(f"cuModuleLoadData: {self._described(status)}")
        return found

    def function(self, module: Any, name: str) -> Any:
        """A kernel of a module."""
        found = ctypes.c_void_p()
        self._call("cuModuleGetFunction", ctypes.byref(found), module, name.encode())
        return found

    def allocate(self, size: int, stream: int) -> int:
        """The address of so many bytes, for what a stream does next."""
        found, bytes_of_it = ctypes.c_uint64(), ctypes.c_size_t(size)
        if self._has_pools:
            self._call("cuMemAllocAsync", ctypes.byref(found), bytes_of_it, _stream(stream))
        else:
            self._call("cuMemAlloc_v2", ctypes.byref(found), bytes_of_it)
        return found.value

    def free(self, pointer: int, stream: int) -> None:
        """Give memory back, once the stream has done what it was told before."""
        if self._has_pools:
            self._call("cuMemFreeAsync", ctypes.c_uint64(pointer), _stream(stream))
        else:
            self.synchronise(stream)
            self._call("cuMemFree_v2", ctypes.c_uint64(pointer))

    def write(self, pointer: int, data: bytes, stream: int) -> None:
        """Copy bytes to a device."""
        size = ctypes.c_size_t(len(data))
        self._call("cuMemcpyHtoDAsync_v2", ctypes.c_uint64(pointer), data, size, _stream(stream))

    def read(self, pointer: int, size: int, stream: int) -> bytes:
        """Bytes from a device, once the stream has done what it was told before."""
        out = ctypes.create_string_buffer(size)
        where, count = ctypes.c_uint64(pointer), ctypes.c_size_t(size)
        self._call("cuMemcpyDtoHAsync_v2", out, where, count, _stream(stream))
        self.synchronise(stream)
        return out.raw

    def synchronise(self, stream: int) -> None:
        """Wait until a stream has done all that it was told."""
        self._call("cuStreamSynchronize", _stream(stream))

    def wait_for_all(self) -> None:
        """Wait until the current device has done all that anybody told it."""
        self._call("cuCtxSynchronize")

    def resources(self, function: Any) -> tuple[int | None, int | None]:
        """What each thread of a kernel takes: registers, and bytes of memory beside them."""
        found = []
        for attribute in (REGISTERS, SPILLED):
            number = ctypes.c_int()
            self._call("cuFuncGetAttribute", ctypes.byref(number), attribute, function)
            found.append(number.value)
        return found[0], found[1]

    def launch(self, function: Any, blocks: int, args: Sequence[Any], stream: int) -> None:
        """Run a kernel, of THREADS threads in a block; arguments are of types of ctypes."""
        places = (ctypes.c_void_p * len(args))(*[ctypes.addressof(x) for x in args])
        shape = (blocks, 1, 1, THREADS, 1, 1, 0)
        self._call("cuLaunchKernel", function, *shape, _stream(stream), places, None)


def _stream(stream: int) -> ctypes.c_void_p:
    return ctypes.c_void_p(stream)
