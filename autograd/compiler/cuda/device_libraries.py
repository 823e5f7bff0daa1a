"""The libraries whose arrays stand on a CUDA device: on which stream each works, and how results
become arrays of the same library. None is imported that the program hasn't."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any

from autograd.compiler.cuda.device import Device
from autograd.compiler.cuda.device_arrays import DeviceArray, view_of

__all__ = ["Library", "LibraryWithViews", "library_of"]


class Library:
    """One that is not known: results are DeviceArrays, and the default stream is used."""

    def waits(self) -> bool:
        """Whether results have to be there when a call returns, as nobody knows the stream."""
        return True

    def overwrites(self) -> bool:
        """Whether a result may be written over by the next one."""
        return True

    def stream(self, device: Device) -> int:
        """The one on which kernels are launched."""
        return 0

    def ready(self, x: Any) -> None:
        """Wait for an array that is still being computed elsewhere."""

    def empty(self, shapes: Sequence[tuple[int, ...]], device: Device) -> list[Any]:
        """Room for results."""
        return [DeviceArray(device, shape) for shape in shapes]

    def address(self, x: Any) -> int:
        """Where the numbers of a result begin."""
        return view_of(x, "a result").pointer

    def address_of_doubles(self, x: Any, device: Device) -> int:
        """Where an array begins that is on a device as doubles in the order of C; 0 for any other,
        or where that can't be told in no time."""
        return 0

    def given(self, x: Any) -> Any:
        """A result, once it is written."""
        return x


class LibraryWithViews(Library, ABC):
    """One whose arrays may show others' numbers in another order."""

    @abstractmethod
    def moved(self, x: Any, axis: int) -> Any:
        """A view of a result with its rows along another axis."""


class _Cupy(LibraryWithViews):
    def waits(self) -> bool:
        return False

    def stream(self, device: Device) -> int:
        cuda = _module("cupy").cuda
        with cuda.Device(device.number):  # each has a current stream of its own
            return int(cuda.get_current_stream().ptr)

    def empty(self, shapes: Sequence[tuple[int, ...]], device: Device) -> list[Any]:
        cupy = _module("cupy")
        with cupy.cuda.Device(device.number):
            return [cupy.empty(shape, float) for shape in shapes]

    def address(self, x: Any) -> int:
        return int(x.data.ptr)

    def address_of_doubles(self, x: Any, device: Device) -> int:
        is_read = x.dtype.char == "d" and x.flags.c_contiguous
        return int(x.data.ptr) if is_read and x.data.device_id == device.number else 0

    def moved(self, x: Any, axis: int) -> Any:
        return _module("cupy").moveaxis(x, 0, axis)


class _Torch(LibraryWithViews):
    def waits(self) -> bool:
        return False

    def stream(self, device: Device) -> int:
        return int(_module("torch").cuda.current_stream(device.number).cuda_stream)

    def empty(self, shapes: Sequence[tuple[int, ...]], device: Device) -> list[Any]:
        torch = _module("torch")
        place = torch.device("cuda", device.number)
        return [torch.empty(shape, dtype=torch.float64, device=place) for shape in shapes]

    def address(self, x: Any) -> int:
        return int(x.data_ptr())

    def address_of_doubles(self, x: Any, device: Device) -> int:
        torch = _module("torch")
        if x.layout is not torch.strided or x.requires_grad or x.is_neg():
            return 0
        is_read = x.is_cuda and x.dtype is torch.float64 and x.is_contiguous()
        return int(x.data_ptr()) if is_read and x.device.index == device.number else 0

    def moved(self, x: Any, axis: int) -> Any:
        return _module("torch").movedim(x, 0, axis)


class _Jax(LibraryWithViews):
    """Its arrays are never written to, so results are handed over by DLPack."""

    def overwrites(self) -> bool:
        return False

    def ready(self, x: Any) -> None:
        x.block_until_ready()

    def given(self, x: Any) -> Any:
        return _module("jax").dlpack.from_dlpack(x)

    def moved(self, x: Any, axis: int) -> Any:
        return _module("jax").numpy.moveaxis(x, 0, axis)


class _Numba(Library):
    def given(self, x: Any) -> Any:
        return _module("numba").cuda.as_cuda_array(x)


def library_of(x: Any) -> Library:
    """That of an array."""
    return _of_package(type(x).__module__)


@cache
def _of_package(module: str) -> Library:
    name = module.partition(".")[0]
    kinds = {"cupy": _Cupy, "torch": _Torch, "jax": _Jax, "jaxlib": _Jax, "numba": _Numba}
    kinds["numba_cuda"] = _Numba  # which its arrays have been of since 2025
    return kinds.get(name, Library)()


def _module(name: str) -> Any:
    return sys.modules[name]  # of which there are arrays
