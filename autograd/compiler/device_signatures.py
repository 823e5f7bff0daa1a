"""Calls of a mapped function with arrays on a CUDA device, of one nesting: the paths that their
rows take, and their results."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from autograd.compiler.batch_signatures import agreed, fields_of
from autograd.compiler.batching import Batch, Inputs
from autograd.compiler.cuda.branching_kernel import can_join
from autograd.compiler.cuda.device import Device, DeviceMemory
from autograd.compiler.cuda.device_arrays import View
from autograd.compiler.cuda.device_rows import (
    STRAIGHT,
    DevicePath,
    Launched,
    Left,
    ListedRows,
    Sums,
    add_chunks,
    add_rows,
    chunks_of,
    in_memory,
    operands_of,
)
from autograd.compiler.cuda.driver import OutOfDeviceMemory
from autograd.compiler.cuda.kernel_prelude import CHUNK
from autograd.compiler.ir.program import Program
from autograd.compiler.native.cores import Sharing
from autograd.compiler.native.simd_target import host_vectors
from autograd.compiler.path_tree import PathTree
from autograd.compiler.specializations import Specialization
from autograd.compiler.vector_specializations import Target, VectorSpecialization
from autograd.engine.locks import in_turn, new_lock
from autograd.transforms.tree import Structure, is_array, size_of

__all__ = ["MOST_ROWS", "DeviceInputs", "DeviceSignature"]

SAMPLE: Final = 32  # rows that are looked at to find paths
MOST_ROWS: Final = 1 << 26
"""At a time: the numbers of rows that leave a path take four bytes each."""

RecordRow = Callable[[Inputs, int], tuple[Specialization, list[float]]]
"""Records the function for one row, given as arrays of one row, and its number in the batch."""


class DeviceInputs(NamedTuple):
    """Arrays on a device, rows along the first axis where they have any; the numbers that all rows
    share; how many rows there are."""

    views: list[View]
    has_rows: list[bool]
    numbers: list[float]
    rows: int
    device: Device
    stream: int
    is_shared: bool = False
    """Whether other streams have a part in the arrays' memory, and so wait for this one."""

    def part(self, start: int, stop: int) -> DeviceInputs:
        """Some of the rows."""
        views = [
            view.rows(start, stop) if rows else view
            for view, rows in zip(self.views, self.has_rows, strict=True)
        ]
        return self._replace(views=views, rows=stop - start)


class _Known:
    """A path: its program, where that finds its inputs, and what says on the CPU which of its
    decisions a row takes."""

    def __init__(
        self,
        specialization: Specialization,
        slots: Sequence[tuple[int, int]],
        deciding: VectorSpecialization,
    ) -> None:
        self.specialization = specialization
        self.slots = slots
        self.deciding = deciding

    @property
    def outcomes(self) -> Sequence[Hashable]:
        return self.deciding.outcomes

    @property
    def program(self) -> Program:
        return self.specialization.instructions


class _Joined(NamedTuple):
    """Paths that the same kernels are for."""

    paths: tuple[_Known, ...]
    kernels: DevicePath

    def numbers(self, inputs: DeviceInputs, memory: DeviceMemory) -> int:
        """The address of the numbers that all rows share: the arguments', then captured Values."""
        import numpy

        captured = [value.data for value in self.paths[0].specialization.captured]
        return memory.holding(numpy.array([*inputs.numbers, *captured], float).tobytes())


class DeviceSignature:
    """All such calls. `batch` is of one of them, with stand-ins for the arrays; `name` is the
    function's in messages."""

    def __init__(self, batch: Batch, reduce: str | None, record: RecordRow, name: str) -> None:
        arrays = [leaf for leaf in batch.leaves if is_array(leaf.content)]
        self._has_rows = [leaf.axis is not None for leaf in arrays]
        self._fields = fields_of(batch.leaves, len(arrays))
        self._numbers = sum(field.array == len(arrays) for field in self._fields)
        self._target = Target(host_vectors(), Sharing(1), reduce)
        self._record = record
        self._name = name
        self._paths: list[_Known] = []  # replaced as a whole: other threads are reading
        self._groups: list[_Joined] = []  # likewise
        self._left_groups: list[_Joined] = []
        self._is_settled = True
        self._grouped = 0
        self._is_sampled = False
        self._tree: PathTree[_Known] = PathTree()
        self._outputs: Structure | None = None
        self._turn = new_lock()
        self._lock = new_lock()

    @property
    def kernels(self) -> list[tuple[tuple[int, ...], Launched, int]]:
        """All that have been launched: of which paths, in the order in which they were recorded,
        and over how many rows."""
        numbers = {path: i for i, path in enumerate(self._paths)}
        return [
            (tuple([numbers[path] for path in joined.paths]), kernel, rows)
            for joined in [*self._left_groups, *self._groups]
            for kernel, rows in list(joined.kernels.launched.items())
        ]

    def outputs(self, inputs: DeviceInputs) -> Structure:
        """What every row's results look like; of no rows, those of a row of ones."""
        if self._outputs is None:

            def first() -> Any:
                if self._outputs is None:
                    with inputs.device.memory(inputs.stream) as memory:
                        one = self._row(inputs, 0, memory) if inputs.rows else _ones(inputs)
                    self._specialise(one, 0)

            in_turn(self._turn, first)
            assert self._outputs is not None
        return self._outputs

    def path_of_all(self) -> DevicePath | None:
        """The only path there is, and can be, if it reads nothing but the arguments."""
        paths = self._paths
        if len(paths) != 1 or self._numbers or paths[0].specialization.captured:
            return None
        kernels = self._joined(may_join=True)[0].kernels
        return None if kernels.has_guards else kernels

    # -- rows --------------------------------------------------------------------------------------

    def fill(self, inputs: DeviceInputs, out: Sequence[int]) -> None:
        """Write every row's results to these addresses, one for each place of their nesting."""
        sizes = [size_of(shape) for shape in self.outputs(inputs).shapes]

        def part(start: int, stop: int, memory: DeviceMemory) -> None:
            results = [
                (pointer + 8 * start * size, size) for pointer, size in zip(out, sizes, strict=True)
            ]
            self._fill_part(inputs.part(start, stop), results, start, memory)

        self._in_parts(inputs, MOST_ROWS, part)

    def _in_parts(
        self, inputs: DeviceInputs, step: int, work: Callable[[int, int, DeviceMemory], None]
    ) -> None:
        """Do something with all rows, so many at a time; with half as many where that takes more
        memory than the device has. Parts are of whole chunks."""
        start = 0
        while start < inputs.rows:
            stop = min(inputs.rows, start + step)
            try:
                with inputs.device.memory(inputs.stream) as memory:
                    work(start, stop, memory)
            except OutOfDeviceMemory:
                if stop - start <= CHUNK:
                    raise MemoryError(
                        f"vmap of {self._name}: the CUDA device has no memory left, not even for "
                        f"{stop - start} rows at a time; free some of its arrays "
                        "(cupy.get_default_memory_pool().free_all_blocks(), "
                        "torch.cuda.empty_cache())"
                    ) from None
                step = max(CHUNK, min(step, stop - start) // 2 // CHUNK * CHUNK)
                continue
            start = stop

    def _fill_part(
        self,
        inputs: DeviceInputs,
        results: Sequence[tuple[int, int]],
        first: int,
        memory: DeviceMemory,
    ) -> None:
        """Write the results of these rows, which are those from row `first` on."""
        operands = operands_of(inputs.views, self._has_rows, memory)
        self._sample(inputs, first, memory)
        tried: set[_Known] = set()
        left = Left(ListedRows(inputs.rows), 0)
        while left.rows.number:
            for joined in self._joined(may_join=not tried):
                if left.rows.number and not tried.issuperset(joined.paths):
                    numbers = joined.numbers(inputs, memory)
                    left = joined.kernels.fill(operands, numbers, results, left.rows, memory)
                    tried.update(joined.paths)
            if not left.rows.number:
                return
            found, own = self._path_of(inputs, left.first, first, tried, memory)
            if found is not None:
                self._look_at(_some_of(left, memory), inputs, first, memory)
                continue
            # No more paths are kept, or the device rounds to another decision: the results of the
            # row are those of its recording.
            own = own or self._recorded(inputs, left.first, first, memory)[1]
            _put(own, results, left.first, memory)
            left = _without(left, memory)

    def _sample(self, inputs: DeviceInputs, first: int, memory: DeviceMemory) -> None:
        """Before the first call has kernels compiled, look for the paths of its rows."""
        if not self._is_sampled:
            self._is_sampled = True
            step = -(-inputs.rows // SAMPLE)
            self._look_at(range(0, inputs.rows, step), inputs, first, memory)

    def _look_at(
        self, rows: Iterable[int], inputs: DeviceInputs, first: int, memory: DeviceMemory
    ) -> None:
        """Record the paths of some rows, as far as all goes well: compiling them together takes
        less time than one after the other."""
        found: _Known | None = self._paths[0]
        for row in rows:
            if found is None or not found.program.guards:
                return
            try:
                found, _ = self._path_of(inputs, row, first, (), memory)
            except Exception:  # noqa: BLE001 (told where that row is the first)
                return

    def _joined(self, may_join: bool) -> list[_Joined]:
        """The kernels of all paths. Those of paths that came lately may be put together with others
        if these are not many more: so a path is compiled again few times, and there are few
        kernels."""
        if self._is_settled and len(self._paths) == self._grouped:
            return self._groups
        with self._lock:
            known = {path for joined in self._groups for path in joined.paths}
            new = tuple([path for path in self._paths if path not in known])
            groups = [*self._groups, *map(self._joining, _parts(new))]
            self._is_settled = self._is_settled and not new
            if may_join and not self._is_settled:
                self._is_settled = True
                groups = self._put_together(groups)
            self._groups = groups
            self._grouped = len(known) + len(new)
            return groups

    def _put_together(self, groups: Sequence[_Joined]) -> list[_Joined]:
        out: list[_Joined] = []
        for joined in groups:
            own = joined
            while out and _may_join(out[-1].paths, own.paths):
                self._left_groups += [one for one in (out[-1], own) if one.kernels.launched]
                own = self._joining(out.pop().paths + own.paths)
            out.append(own)
        return out

    def _joining(self, paths: tuple[_Known, ...]) -> _Joined:
        programs = [path.program for path in paths]
        return _Joined(paths, DevicePath(programs, paths[0].slots, self._name))

    def _path_of(
        self,
        inputs: DeviceInputs,
        row: int,
        first: int,
        tried: Container[_Known],
        memory: DeviceMemory,
    ) -> tuple[_Known | None, list[float]]:
        """The path that a row takes, which is none of those tried; if it is new, the row's results
        too, and no path where no more are kept."""
        one = self._row(inputs, row, memory)

        def known() -> _Known | None:
            found = self._tree.find(lambda path: path.deciding.departure(one))
            return None if found in tried else found

        def known_or_recorded() -> tuple[_Known | None, list[float]]:
            path = known()  # by another thread, perhaps
            return self._specialise(one, first + row) if path is None else (path, [])

        path = known()
        return in_turn(self._turn, known_or_recorded) if path is None else (path, [])

    def _recorded(
        self, inputs: DeviceInputs, row: int, first: int, memory: DeviceMemory
    ) -> tuple[Specialization, list[float]]:
        return self._record(self._row(inputs, row, memory), first + row)

    def _row(self, inputs: DeviceInputs, row: int, memory: DeviceMemory) -> Inputs:
        """One row, in the memory of the CPU."""
        arrays = [
            in_memory(view.rows(row, row + 1) if has_rows else view, memory)
            for view, has_rows in zip(inputs.views, self._has_rows, strict=True)
        ]
        return Inputs(arrays, inputs.numbers, 1)

    def _specialise(self, one: Inputs, row: int) -> tuple[_Known | None, list[float]]:
        """The new path of a row, if it is kept, and its results."""
        specialization, results = self._record(one, row)
        outputs = agreed(self._outputs, specialization.outputs, row, self._name)
        new = None
        if specialization.is_kept:
            new = self._known(specialization)
            with self._lock:
                if any(path.specialization is specialization for path in self._paths):
                    new = None
                else:
                    self._paths = [*self._paths, new]
                    self._tree.add(new)
        self._outputs = outputs  # once there is a path: other threads go by it
        return new, results

    def _known(self, specialization: Specialization) -> _Known:
        shared = len(self._has_rows)
        captured = range(len(specialization.captured))
        slots = [(field.array, field.offset) for field in self._fields]
        slots += [(shared, self._numbers + i) for i in captured]
        deciding = (specialization, self._fields, self._has_rows, self._target)
        return _Known(specialization, slots, VectorSpecialization(*deciding))

    # -- sums --------------------------------------------------------------------------------------

    def sums(self, inputs: DeviceInputs, out: Sequence[int], count: int) -> None:
        """Write the sums of the rows' results over a count to these addresses, one for each place
        of their nesting."""
        sizes = [size_of(shape) for shape in self.outputs(inputs).shapes]
        width = sum(sizes)
        if width == 0:
            return
        chunks, size = chunks_of(inputs.rows, width)
        with inputs.device.memory(inputs.stream) as memory:
            try:
                partial = memory.take(8 * width * chunks)
            except OutOfDeviceMemory:
                raise MemoryError(
                    f"vmap of {self._name}: the CUDA device has no memory for the sums of "
                    f"{chunks} times {size} rows, {8 * width * chunks:,} bytes; pass fewer rows "
                    "at a time, and add up"
                ) from None
            self._in_parts(inputs, MOST_ROWS, self._adding(inputs, partial, width, size))
            places = list(zip(out, sizes, strict=True))
            add_chunks(Sums(partial, chunks, width), places, float(count), memory)

    def _adding(
        self, inputs: DeviceInputs, partial: int, width: int, size: int
    ) -> Callable[[int, int, DeviceMemory], None]:
        """What writes the sums over all chunks of some rows, so many rows in each."""

        def add(start: int, stop: int, memory: DeviceMemory) -> None:
            place = partial + 8 * width * (start // size)
            some = inputs.part(start, stop)
            self._sample(some, start, memory)
            kernels = self._joined(may_join=True)
            if len(kernels) == 1:
                operands = operands_of(some.views, self._has_rows, memory)
                numbers = kernels[0].numbers(some, memory)
                if kernels[0].kernels.add(operands, numbers, place, some.rows, size, memory):
                    return
            matrix = memory.take(8 * width * some.rows)
            self._fill_part(some, [(matrix, width)], start, memory)
            add_rows(matrix, some.rows, size, width, place, memory)

        return add


def _parts(paths: tuple[_Known, ...]) -> list[tuple[_Known, ...]]:
    """Paths with those that can be joined; all of one capture the same Values."""
    captured = {tuple(map(id, path.specialization.captured)) for path in paths}
    programs = [path.program for path in paths]
    if len(paths) < 2 or (len(captured) < 2 and can_join(programs, STRAIGHT)):
        return [paths] if paths else []
    middle = len(paths) // 2
    return [*_parts(paths[:middle]), *_parts(paths[middle:])]


def _may_join(many: tuple[_Known, ...], few: tuple[_Known, ...]) -> bool:
    return 2 * len(few) >= len(many) and len(_parts(many + few)) == 1


def _some_of(left: Left, memory: DeviceMemory) -> Sequence[int]:
    """The numbers of some of the rows that are left."""
    import numpy

    count = min(left.rows.number, SAMPLE)
    if not left.rows.listed:
        return range(count)
    data = memory.device.driver.read(left.rows.listed, 4 * count, memory.stream)
    return sorted(map(int, numpy.frombuffer(data, numpy.uint32)))


def _ones(inputs: DeviceInputs) -> Inputs:
    """The like of a row, where there is none."""
    import numpy

    shapes = [
        (1, *view.shape[1:]) if rows else view.shape
        for view, rows in zip(inputs.views, inputs.has_rows, strict=True)
    ]
    return Inputs([numpy.ones(shape) for shape in shapes], inputs.numbers, 1)


def _put(
    results: Sequence[float], places: Sequence[tuple[int, int]], row: int, memory: DeviceMemory
) -> None:
    """Write a row of results."""
    import numpy

    at = 0
    for pointer, size in places:
        data = numpy.array(results[at : at + size], float).tobytes()
        if data:
            memory.device.driver.write(pointer + 8 * size * row, data, memory.stream)
        at += size


def _without(left: Left, memory: DeviceMemory) -> Left:
    """What is left without the first row."""
    import numpy

    if left.rows.listed:
        data = memory.device.driver.read(left.rows.listed, 4 * left.rows.number, memory.stream)
        rows = numpy.frombuffer(data, numpy.uint32)
    else:
        rows = numpy.arange(left.rows.number, dtype=numpy.uint32)
    rows = rows[rows != left.first]
    if not len(rows):
        return Left(ListedRows(0), 0)
    return Left(ListedRows(len(rows), memory.holding(rows.tobytes())), int(rows.min()))
