"""The libraries whose arrays stand on a CUDA device: on which stream each works, and how results
become arrays of the same library. None is imported that the program hasn't."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from autograd.compiler.cuda.device import Device
from autograd.compiler.cuda.device_arrays import DeviceArray
from autograd.engine.loaded_modules import loaded

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

    def empty(self, shape: Sequence[int], device: Device) -> Any:
        """Room for a result."""
        return DeviceArray(device, shape)

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

    def empty(self, shape: Sequence[int], device: Device) -> Any:
        cupy = _module("cupy")
        with cupy.cuda.Device(device.number):
            return cupy.empty(tuple(shape), float)

    def moved(self, x: Any, axis: int) -> Any:
        return _module("cupy").moveaxis(x, 0, axis)


class _Torch(LibraryWithViews):
    def waits(self) -> bool:
        return False

    def stream(self, device: Device) -> int:
        return int(_module("torch").cuda.current_stream(device.number).cuda_stream)

    def empty(self, shape: Sequence[int], device: Device) -> Any:
        torch = _module("torch")
        return torch.empty(tuple(shape), dtype=torch.float64, device=f"cuda:{device.number}")

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
    name = type(x).__module__.partition(".")[0]
    kinds = {"cupy": _Cupy, "torch": _Torch, "jax": _Jax, "jaxlib": _Jax, "numba": _Numba}
    kinds["numba_cuda"] = _Numba  # which its arrays have been of since 2025
    return kinds.get(name, Library)()


def _module(name: str) -> Any:
    found = loaded(name)
    assert found is not None, name
    return found
