"""A call of which nothing is left to find out: one kernel, for arrays of the same kinds and shapes
as those of a call before, whose rows are all on the same path. It costs room for its results and a
launch."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.compiler.cuda.device import Device
from autograd.compiler.cuda.device_libraries import Library
from autograd.compiler.cuda.device_rows import DevicePath
from autograd.compiler.cuda.kernel_writer import Operand

__all__ = ["Replay"]


class Replay(NamedTuple):
    """What such calls have in common: the library of arguments and results; the kinds and shapes
    of arguments, and how the kernel reads them; the shapes of results, how many numbers each has in
    a row, and what they are put together to."""

    library: Library
    device: Device
    path: DevicePath
    kinds: Sequence[tuple[Any, Any]]
    operands: tuple[Operand, ...]
    shapes: Sequence[tuple[int, ...]]
    sizes: tuple[int, ...]
    rows: int
    build: Callable[[list[Any]], Any]

    def run(self, args: Sequence[Any]) -> tuple[Any] | None:
        """The result, by itself; None for other arguments, or those that are not read as they
        are."""
        if len(args) != len(self.kinds):
            return None
        library, device = self.library, self.device
        addresses: list[int] = []
        for x, (kind, shape) in zip(args, self.kinds, strict=True):
            if type(x) is not kind or x.shape != shape:
                return None
            address = library.address_of_doubles(x, device)
            if not address or address % 8:
                return None
            addresses.append(address)
        out = library.empty(self.shapes, device)
        addresses += [0, *map(library.address, out)]
        numbers = [ctypes.c_uint64(address) for address in addresses]
        with device.driver.current(device.number):
            place = device, library.stream(device)
            self.path.replay(self.operands, self.sizes, numbers, self.rows, place)
        return (self.build(out),)
