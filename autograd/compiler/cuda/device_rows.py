"""Many rows on a device: arguments as kernels read them, and one path's kernels launched over
them."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any, Final, NamedTuple

from autograd.compiler.cuda.branching_kernel import BranchingKernels
from autograd.compiler.cuda.device import Device, DeviceMemory
from autograd.compiler.cuda.device_arrays import View
from autograd.compiler.cuda.dlpack import packed_strides
from autograd.compiler.cuda.kernel_prelude import (
    ADDING,
    CHUNK,
    CHUNKS,
    COMPARING,
    LANES,
    MOST_AXES,
    MOST_PLACES,
    SUMS,
    THREADS,
    copying,
)
from autograd.compiler.cuda.kernel_writer import (
    Operand,
    Places,
    adding_kernel,
    filling_kernel,
    rows_of_thread,
)
from autograd.compiler.cuda.loop_kernel_writer import LoopedKernels
from autograd.compiler.cuda.special_kernels import SPECIAL
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rolling import with_loops
from autograd.compiler.ir.sources import Sources
from autograd.compiler.native.llvm_codegen import callbacks_of

__all__ = [
    "STRAIGHT",
    "Chunks",
    "DevicePath",
    "Launched",
    "Left",
    "ListedRows",
    "Operands",
    "Sums",
    "add_chunks",
    "add_rows",
    "chunks_of",
    "copy_doubles",
    "doubles",
    "first_of_equal_rows",
    "in_memory",
    "operands_of",
]

STRAIGHT: Final = 3000  # operations; more are compiled with their loops, or it takes NVRTC too long
SCRATCH: Final = 1 << 30  # bytes that the loops of all threads may leave for later
MOST_BYTES: Final = 32764  # of a kernel's parameters, from CUDA 12.1 on
NONE_LEFT: Final = struct.pack("<II", 0, 0xFFFFFFFF)


class Operands(NamedTuple):
    """Arguments as kernels read them: of each array the kind, the address and strides."""

    kinds: tuple[Operand, ...]
    places: tuple[tuple[int, int, int], ...]

    def arguments(self) -> list[Any]:
        """Of a kernel."""
        out: list[Any] = []
        for kind, (pointer, rows, step) in zip(self.kinds, self.places, strict=True):
            out.append(ctypes.c_uint64(pointer))
            if not kind.is_packed:
                out += [ctypes.c_longlong(rows), ctypes.c_longlong(step)]
        return out


class ListedRows(NamedTuple):
    """Which rows: their number, and where their numbers stand (0: all, from the first)."""

    number: int
    listed: int = 0


class Left(NamedTuple):
    """The rows that are on other paths, in no order, and the first of them."""

    rows: ListedRows
    first: int


def operands_of(views: Sequence[View], has_rows: Sequence[bool], memory: DeviceMemory) -> Operands:
    """Arrays, rows along the first axis where they have any; what a kernel can't read in place is
    copied, as doubles."""
    pairs = [_operand(*pair, memory) for pair in zip(views, has_rows, strict=True)]
    return Operands(tuple([kind for kind, _ in pairs]), tuple([place for _, place in pairs]))


def _operand(
    view: View, has_rows: bool, memory: DeviceMemory
) -> tuple[Operand, tuple[int, int, int]]:
    shape, strides = view.shape[has_rows:], view.strides[has_rows:]
    size, step = prod(shape), _step(shape, strides)
    if view.kind != "<f8" or step is None:
        view = doubles(view, memory)
        step = 1
    rows = 0 if not has_rows else view.strides[0] if view.shape[0] > 1 else size
    is_packed = step == 1 and (not has_rows or rows == size)
    return Operand(size, is_packed, has_rows), (view.pointer, rows, step)


def _step(shape: Sequence[int], strides: Sequence[int]) -> int | None:
    """From one number of a row to the next, in the order of C; None where that varies."""
    long = [pair for pair in zip(shape, strides, strict=True) if pair[0] != 1]
    if not long:
        return 1
    if not prod(shape):
        return 1
    step = long[-1][1]
    expected = step
    for size, stride in reversed(long):
        if stride != expected:
            return None
        expected = stride * size
    return step


class _Axes(ctypes.Structure):
    _fields_ = (
        ("shape", ctypes.c_longlong * MOST_AXES),
        ("strides", ctypes.c_longlong * MOST_AXES),
    )


def doubles(view: View, memory: DeviceMemory) -> View:
    """A copy of an array as doubles in the order of C."""
    pointer = memory.take(8 * prod(view.shape))
    copy_doubles(view, pointer, memory)
    return View(pointer, view.shape, packed_strides(view.shape), "<f8", None, None)


def copy_doubles(view: View, pointer: int, memory: DeviceMemory) -> None:
    """Write an array to an address, as doubles in the order of C."""
    shape, size = view.shape, prod(view.shape)
    if len(shape) > MOST_AXES:
        raise ValueError(
            f"an array on a device has {len(shape)} axes, of which {MOST_AXES} can be copied; "
            "pass a contiguous array of float64"
        )
    if size:
        function = memory.device.function(copying(view.kind), "copy_numbers")
        rest = [0] * (MOST_AXES - len(shape))
        of = ctypes.c_longlong * MOST_AXES
        axes = _Axes(of(*shape, *rest), of(*view.strides, *rest))
        counts = [ctypes.c_int(len(shape)), ctypes.c_longlong(size)]
        args = [ctypes.c_uint64(view.pointer), axes, *counts, ctypes.c_uint64(pointer)]
        memory.device.launch(function, size, args, memory.stream)


def in_memory(view: View, memory: DeviceMemory) -> Any:
    """A copy of an array as a NumPy array of doubles."""
    import numpy

    size = 8 * prod(view.shape)
    if not size:
        return numpy.empty(view.shape)
    data = memory.device.driver.read(doubles(view, memory).pointer, size, memory.stream)
    return numpy.frombuffer(data).reshape(view.shape).copy()


# -- sums ------------------------------------------------------------------------------------------


class Chunks(NamedTuple):
    """Of rows: how many, each of so many rows, the last of what is left."""

    number: int
    size: int


def chunks_of(rows: int, width: int) -> Chunks:
    """Those over which this many results of rows are added up. A chunk of 1,024 rows has a whole
    number of them, whatever their size.

    >>> chunks_of(1_000, 6), chunks_of(50_000_000, 6)
    (Chunks(number=32, size=32), Chunks(number=48829, size=1024))
    """
    size, most = LANES, min(CHUNKS, SUMS // max(1, width))
    while size < CHUNK and rows > size * most:
        size *= 2
    return Chunks(-(-rows // size), size)


def add_rows(
    matrix: int, rows: int, size: int, width: int, partial: int, memory: DeviceMemory
) -> None:
    """The sums of a matrix's columns over every chunk of so many rows, as a path's kernel adds
    them."""
    function = memory.device.function(ADDING, "add_rows")
    args = [ctypes.c_uint64(matrix), ctypes.c_longlong(rows), ctypes.c_int(size)]
    args += [ctypes.c_int(width), ctypes.c_uint64(partial)]
    memory.device.launch(function, LANES * -(-rows // size), args, memory.stream)


class Sums(NamedTuple):
    """Those over every chunk: the address, how many, and how many numbers each of them has."""

    pointer: int
    chunks: int
    width: int


class _Results(ctypes.Structure):
    _fields_ = (
        ("arrays", ctypes.c_uint64 * MOST_PLACES),
        ("ends", ctypes.c_int * MOST_PLACES),
    )


def add_chunks(
    sums: Sums, out: Sequence[tuple[int, int]], divisor: float, memory: DeviceMemory
) -> None:
    """The sums over all chunks, over a divisor: so many columns to each address."""
    function = memory.device.function(ADDING, "add_chunks")
    filled = [(pointer, size) for pointer, size in out if size]
    first = 0
    for start in range(0, len(filled), MOST_PLACES):
        some = filled[start : start + MOST_PLACES]
        ends = list(accumulate(size for _, size in some))
        results = _Results()
        results.arrays[: len(some)] = [pointer for pointer, _ in some]
        results.ends[: len(some)] = ends
        args: list[Any] = [ctypes.c_uint64(sums.pointer + 8 * first)]
        args += [ctypes.c_longlong(sums.chunks), ctypes.c_int(sums.width), ctypes.c_int(ends[-1])]
        args += [ctypes.c_double(divisor), results]
        memory.device.launch(function, ends[-1] * THREADS, args, memory.stream)
        first += ends[-1]


def first_of_equal_rows(matrix: int, rows: int, width: int, out: int, memory: DeviceMemory) -> bool:
    """Write the first row of a matrix to an address; whether all others are the same."""
    if not rows:
        return False
    if width:
        differ = memory.holding(bytes(4))
        args: list[Any] = [ctypes.c_uint64(matrix), ctypes.c_longlong(rows), ctypes.c_int(width)]
        args += [ctypes.c_uint64(out), ctypes.c_uint64(differ)]
        function = memory.device.function(COMPARING, "compare_rows")
        memory.device.launch(function, rows * width, args, memory.stream)
        return not any(memory.device.driver.read(differ, 4, memory.stream))
    return True


# -- a path ----------------------------------------------------------------------------------------


class Launched(NamedTuple):
    """A kernel by its text, which says what it does, and the device that has run it."""

    text: str
    name: str
    device: Device


class DevicePath:
    """The kernels of one path, or of several that are joined, for all kinds of arrays: `slots` say
    of every input which array it is in, and where in a row (behind the arrays: which of the numbers
    that all rows share)."""

    def __init__(
        self, programs: Sequence[Program], slots: Sequence[tuple[int, int]], name: str
    ) -> None:
        missing = frozenset[str]().union(*map(callbacks_of, programs)) - SPECIAL
        if missing:
            raise ValueError(
                f"a CUDA device can't call Python back for {', '.join(sorted(missing))}, which "
                f"{name} computes; give the primitive a lowering, in terms of operators and "
                "autograd's functions, or pass NumPy arrays"
            )
        self._programs = programs
        self._slots = slots
        self._texts: dict[Any, tuple[str, int]] = {}
        self.launched: dict[Launched, int] = {}
        """Each kernel of it, and how many rows it has been run over."""

    @cached_property
    def has_guards(self) -> bool:
        """Whether there are rows that it is not right for."""
        return any(program.guards for program in self._programs)

    @cached_property
    def layout(self) -> Sources | None:
        """Its loops, if it is run with them."""
        if len(self._programs) > 1:
            return None
        rolled = with_loops(self._programs[0], STRAIGHT)
        return None if rolled is None else Sources(rolled)

    @cached_property
    def _side_by_side(self) -> int:
        """The rows that a thread computes, where it writes them."""
        is_alone = len(self._programs) == 1 and self.layout is None
        return rows_of_thread(self._programs[0]) if is_alone else 1

    def source(self, kinds: Sequence[Operand], sizes: Sequence[int] | None) -> str:
        """The text of the kernel that writes results to arrays, so many to a row of each; of that
        which adds them up, if there are none."""
        return self._text(tuple(kinds), None if sizes is None else tuple(sizes))[0]

    def _text(self, kinds: tuple[Operand, ...], sizes: tuple[int, ...] | None) -> tuple[str, int]:
        """With it, how many numbers of scratch memory each thread has."""
        found = self._texts.get((kinds, sizes))
        if found is None:
            found = self._texts[kinds, sizes] = self._written(kinds, sizes)
        return found

    def _written(
        self, kinds: tuple[Operand, ...], sizes: tuple[int, ...] | None
    ) -> tuple[str, int]:
        places = Places(kinds, self._slots, sizes or ())
        if len(self._programs) > 1:
            joined = BranchingKernels(self._programs, places)
            return joined.adding() if sizes is None else joined.filling(), 0
        (program,) = self._programs
        if self.layout is None:
            write = adding_kernel if sizes is None else filling_kernel
            return write(program, places), 0
        looped = LoopedKernels(program, self.layout, places)
        return looped.adding() if sizes is None else looped.filling(), looped.scratch

    def fill(
        self,
        inputs: Operands,
        numbers: int,
        results: Sequence[tuple[int, int]],
        rows: ListedRows,
        memory: DeviceMemory,
    ) -> Left:
        """Write the results of rows that are on this path, to addresses with so many numbers to a
        row; what is left."""
        text, scratch = self._text(inputs.kinds, tuple([size for _, size in results]))
        pointers = [ctypes.c_uint64(pointer) for pointer, _ in results]
        args = [*inputs.arguments(), ctypes.c_uint64(numbers), *pointers]
        left = memory.take(4 * rows.number) if self.has_guards else 0
        status = memory.holding(NONE_LEFT) if self.has_guards else 0
        rest = [ctypes.c_uint64(rows.listed), ctypes.c_longlong(rows.number)]
        rest += [ctypes.c_uint64(left), ctypes.c_uint64(status)]
        self._note(Launched(text, "fill", memory.device), rows.number)
        threads = -(-rows.number // self._side_by_side)
        self._launch(text, "fill", scratch, threads, args, rest, memory)
        if not self.has_guards:
            return Left(ListedRows(0), 0)
        count, first = self._status(status, memory)
        return Left(ListedRows(count, left), first)

    def can_be_replayed(self, kinds: tuple[Operand, ...], sizes: tuple[int, ...]) -> bool:
        """Whether a kernel needs nothing but its arrays, each with its rows one after the other."""
        in_order = all(kind.is_packed for kind in kinds)
        return in_order and not self.has_guards and not self._text(kinds, sizes)[1]

    def replay(
        self,
        kinds: tuple[Operand, ...],
        sizes: tuple[int, ...],
        addresses: Sequence[Any],
        rows: int,
        place: tuple[Device, int],
    ) -> None:
        """As `fill`, for all rows, with the addresses of arguments, shared numbers and results; on
        a stream of a device."""
        text, none = self._text(kinds, sizes)[0], ctypes.c_uint64(0)
        device, stream = place
        self._note(Launched(text, "fill", device), rows)
        args = [*addresses, none, ctypes.c_longlong(rows), none, none]
        device.launch(device.function(text, "fill"), -(-rows // self._side_by_side), args, stream)

    def add(
        self,
        inputs: Operands,
        numbers: int,
        partial: int,
        rows: int,
        size: int,
        memory: DeviceMemory,
    ) -> bool:
        """Write the sums of the rows' results over every chunk of so many; whether all rows are on
        this path, without which they are worth nothing."""
        text, scratch = self._text(inputs.kinds, None)
        args = [*inputs.arguments(), ctypes.c_uint64(numbers)]
        status = memory.holding(NONE_LEFT) if self.has_guards else 0
        rest = [ctypes.c_uint64(partial), ctypes.c_longlong(rows), ctypes.c_int(size)]
        rest.append(ctypes.c_uint64(status))
        threads = LANES * -(-rows // size)
        self._note(Launched(text, "add", memory.device), rows)
        self._launch(text, "add", scratch, threads, args, rest, memory)
        return not self.has_guards or self._status(status, memory)[0] == 0

    def _note(self, kernel: Launched, rows: int) -> None:
        self.launched[kernel] = self.launched.get(kernel, 0) + rows

    def _launch(
        self,
        text: str,
        name: str,
        scratch: int,
        threads: int,
        args: list[Any],
        rest: list[Any],
        memory: DeviceMemory,
    ) -> None:
        device = memory.device
        if 8 * (len(args) + len(rest)) > MOST_BYTES:
            raise ValueError(
                f"a kernel takes at most {MOST_BYTES // 8} addresses, and this one would take "
                f"{len(args) + len(rest)}: two or three for every array among arguments and "
                "results; put numbers together in fewer arrays"
            )
        function = device.function(text, name)
        if scratch:
            threads = max(THREADS, min(threads, SCRATCH // (8 * scratch), device.blocks * THREADS))
            threads = -(-threads // THREADS) * THREADS
            args = [*args, ctypes.c_uint64(memory.take(8 * scratch * threads))]
        device.launch(function, threads, [*args, *rest], memory.stream)

    @staticmethod
    def _status(status: int, memory: DeviceMemory) -> tuple[int, int]:
        data = memory.device.driver.read(status, len(NONE_LEFT), memory.stream)
        count, first = struct.unpack("<II", data)
        return count, first
