"""Arrays on a CUDA device: what those of any library say of themselves, and our own, in which
results stand for libraries that are not known."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from math import prod
from typing import Any, Final, NamedTuple

from autograd.compiler.cuda.device import Device
from autograd.compiler.cuda.dlpack import CUDA, capsule_of, packed_strides, tensor_in
from autograd.compiler.cuda.driver import CudaError
from autograd.compiler.cuda.kernel_prelude import NUMBERS

__all__ = ["DeviceArray", "View", "view_of"]

DOUBLE: Final = "<f8"
LEGACY: Final = 1
"""The name that an array interface has for the default stream, which the driver calls 0 too."""


class View(NamedTuple):
    """Where an array's numbers are: the address, the shape, strides in numbers, the type, and the
    stream on which they may still be being written (None: they are there)."""

    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str
    stream: int | None
    owner: Any

    @property
    def itemsize(self) -> int:
        """Bytes of a number."""
        return int(self.kind[2:])

    def with_rows_first(self, axis: int) -> View:
        """The same with another order of the axes."""
        order = [axis, *[k for k in range(len(self.shape)) if k != axis]]
        shape = tuple([self.shape[k] for k in order])
        return self._replace(shape=shape, strides=tuple([self.strides[k] for k in order]))

    def with_rows_at(self, axis: int) -> View:
        """The same with its first axis, that of the rows, in another place."""
        order = list(range(1, len(self.shape)))
        order.insert(axis, 0)
        shape = tuple([self.shape[k] for k in order])
        return self._replace(shape=shape, strides=tuple([self.strides[k] for k in order]))

    def rows(self, start: int, stop: int) -> View:
        """Some of the rows along the first axis."""
        pointer = self.pointer + start * self.strides[0] * self.itemsize
        return self._replace(pointer=pointer, shape=(stop - start, *self.shape[1:]))


def view_of(x: Any, name: str) -> View:
    """An array on a device, by its `__cuda_array_interface__` or by DLPack. TypeError for numbers
    that are no doubles and can't be converted exactly into such."""
    view = _by_interface(x, name) or _by_dlpack(x, name)
    if view.kind not in NUMBERS:
        raise TypeError(
            f"{name} holds numbers of the type {view.kind!r}, and vmap computes with doubles on a "
            "device; convert it, as by x.astype(float)"
        )
    return view


def _by_interface(x: Any, name: str) -> View | None:
    try:
        found = getattr(x, "__cuda_array_interface__", None)
    except RuntimeError as error:  # PyTorch's, for what it differentiates
        raise TypeError(
            f"{name} does not hand out its numbers ({error}); pass x.detach(): derivatives are "
            "those of vmap(grad(f))"
        ) from error
    if found is None:
        return None
    if found.get("mask") is not None:
        raise TypeError(f"{name} has masked numbers, which have no meaning here; fill them in")
    shape, kind = tuple(found["shape"]), found["typestr"]
    if kind[0] == ">":
        raise TypeError(f"{name} has bytes in the other order ({kind}); convert it")
    strides, size = found.get("strides"), int(kind[2:])
    if strides is None:
        steps = packed_strides(shape)
    elif any(stride % size for stride in strides):
        raise TypeError(
            f"{name} has strides {tuple(strides)} that are no multiples of its numbers' {size} "
            "bytes; pass a contiguous copy, as by x.copy()"
        )
    else:
        steps = tuple([stride // size for stride in strides])
    stream = found.get("stream")
    stream = 0 if stream == LEGACY else stream
    return _aligned(View(found["data"][0] or 0, shape, steps, kind, stream, x), name)


def _by_dlpack(x: Any, name: str) -> View:
    capsule = x.__dlpack__()
    try:
        pointer, shape, strides, kind = tensor_in(capsule)
    except TypeError as error:
        raise TypeError(
            f"{name} holds {error}, and vmap computes with doubles on a device; convert it"
        ) from None
    return _aligned(View(pointer, shape, strides, kind, None, (x, capsule)), name)


def _aligned(view: View, name: str) -> View:
    """The view itself. A device that reads a number across its bounds stops for good."""
    if view.pointer % view.itemsize:
        raise TypeError(
            f"{name} begins at an address that is no multiple of its numbers' {view.itemsize} "
            "bytes; pass a copy, as by x.copy()"
        )
    return view


class DeviceArray:
    """Doubles in a device's memory, in the order of C. Any library takes them over, where they are:
    by `__cuda_array_interface__` (`cupy.asarray(x)`, `numba.cuda.as_cuda_array(x)`) and by DLPack
    (`torch.from_dlpack(x)`, `jax.dlpack.from_dlpack(x)`)."""

    def __init__(self, device: Device, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        self.device = device
        self._size = 8 * prod(self.shape)
        self._is_lent = False
        with device.driver.current(device.number):
            self._pointer = device.driver.allocate(max(self._size, 1), 0)
            device.driver.synchronise(0)

    def __del__(self) -> None:
        if not hasattr(self, "_pointer") or sys.is_finalizing():
            return
        driver = self.device.driver
        with suppress(CudaError), driver.current(self.device.number):  # not in a forked child
            if self._is_lent:  # to a library, whose streams may still read it
                driver.wait_for_all()
            driver.free(self._pointer, 0)

    @classmethod
    def like(cls, x: Any, device: Device) -> DeviceArray:
        """A copy of a NumPy array."""
        import numpy

        numbers = numpy.ascontiguousarray(x, float)
        out = cls(device, numpy.shape(x))
        with device.driver.current(device.number):
            if numbers.size:
                device.driver.write(out._pointer, numbers.tobytes(), 0)
                device.driver.synchronise(0)
        return out

    def numpy(self) -> Any:
        """A copy in the memory of the CPU."""
        import numpy

        with self.device.driver.current(self.device.number):
            data = self.device.driver.read(self._pointer, self._size, 0) if self._size else b""
        return numpy.frombuffer(data).reshape(self.shape).copy()

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        self._is_lent = True
        return {
            "shape": self.shape,
            "typestr": DOUBLE,
            "data": (self._pointer, False),
            "strides": None,
            "version": 3,
            "stream": None,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        return CUDA, self.device.number

    def __dlpack__(self, **asked: Any) -> Any:
        if asked.get("copy") or asked.get("dl_device") not in (None, self.__dlpack_device__()):
            raise BufferError(
                "the numbers are handed out where they are, and are not copied; leave out copy and "
                "the device, and copy what comes"
            )
        self._is_lent = True
        return capsule_of(self, self._pointer, self.device.number, self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<{' x '.join(map(str, self.shape)) or 'one'} on CUDA device {self.device.number}>"
