"""`vmap` of arrays on a CUDA device: what a call hands over, and what it gets back, in the same
library's arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from math import prod
from typing import Any, NamedTuple, Protocol

from autograd.compiler.array_kinds import is_on_cuda
from autograd.compiler.batching import Batch, Call, Inputs, divisor, result_axes
from autograd.compiler.bound import FirstTime
from autograd.compiler.checked_rows import CheckedRows
from autograd.compiler.cuda.device import Device, device_of
from autograd.compiler.cuda.device_arrays import DeviceArray, View, view_of
from autograd.compiler.cuda.device_libraries import Library, LibraryWithViews, library_of
from autograd.compiler.cuda.device_rows import copy_doubles, first_of_equal_rows, in_memory
from autograd.compiler.cuda.kernel_prelude import SHORTER
from autograd.compiler.cuda.kernel_writer import Operand
from autograd.compiler.cuda.replay import Replay
from autograd.compiler.device_signatures import MOST_ROWS, DeviceInputs, DeviceSignature
from autograd.compiler.jit import Jitted
from autograd.compiler.recording.plain_floats import is_running_plainly
from autograd.compiler.specializations import Specialization
from autograd.compiler.stats import KernelStats
from autograd.engine.locks import new_lock
from autograd.engine.modes import MODES
from autograd.transforms.tree import Structure, is_array, size_of

__all__ = ["DeviceCalls", "MapsRows"]


class MapsRows(Protocol):
    """A mapped function, as far as its calls on a device are concerned."""

    row: Jitted
    reduce: str | None
    out_axes: Any

    @property
    def _name(self) -> str: ...
    def _batch(self, call: Call) -> Batch: ...
    def _record_one(self, one: Call, row: int) -> tuple[Specialization, list[float]]: ...


class _Array(NamedTuple):
    """An array on a device, its name in messages, and the axis of its rows."""

    array: Any
    name: str
    axis: int | None

    @property
    def kind(self) -> str:
        return type(self.array).__module__.partition(".")[0]


class _Given(NamedTuple):
    """The arguments of a call, with stand-ins for arrays; these; and whose results are to be."""

    batch: Batch
    arrays: Sequence[_Array]
    library: Library


class DeviceCalls:
    """Those of one mapped function."""

    def __init__(self, mapped: MapsRows) -> None:
        self._mapped = mapped
        self._signatures: dict[Hashable, DeviceSignature] = {}
        self._latest: tuple[Hashable, _Given] | None = None
        """The kinds and shapes of arrays that were the arguments; these, without the arrays."""
        self._replay: Replay | None = None
        self._converted: set[str] = set()
        self._lock = new_lock()

    def again(self, call: Call) -> tuple[Any] | None:
        """The result of a call that differs from the one before in its numbers alone, by itself, if
        that is all that there is to it."""
        replay = self._replay
        if replay is None or call.keywords or MODES.active != 0 or is_running_plainly():
            return None
        return replay.run(call.args)

    def run(self, call: Call) -> Any:
        """The result of a call, in arrays on the same device."""
        given = self._given(call)
        inputs = self._inputs(given)
        signature = self._signature(given.batch)
        out = _Results(signature, inputs, given.library, self._mapped)
        if self._mapped.row.checks is None:
            out.compute(inputs)
            self._replay = self._replay_of(call, given, inputs, out)
        else:
            self._checked(call, given, signature, lambda: out.compute(inputs), out).run(call)
        return out.shown()

    def _replay_of(
        self, call: Call, given: _Given, inputs: DeviceInputs, out: _Results
    ) -> Replay | None:
        """What calls like this one need no more than."""
        path, library = out.signature.path_of_all(), given.library
        if path is None or not out.is_in_blocks or call.keywords or not inputs.rows:
            return None
        if len(given.arrays) != len(call.args) or inputs.rows > MOST_ROWS or library.waits():
            return None
        if any(x.axis or library_of(x.array) is not library for x in given.arrays):
            return None
        if not all(library.address_of_doubles(x, inputs.device) for x in call.args):
            return None
        kinds = [(type(x), x.shape) for x in call.args]
        packed = zip(inputs.views, inputs.has_rows, strict=True)
        operands = tuple([Operand(prod(v.shape[rows:]), True, rows) for v, rows in packed])
        shapes = [(inputs.rows, *(shape or ())) for shape in out.outputs.shapes]
        sizes = tuple([size_of(shape) for shape in out.outputs.shapes])
        if not path.can_be_replayed(operands, sizes):
            return None
        common = (kinds, operands, shapes, sizes, inputs.rows, out.outputs.build)
        return Replay(library, inputs.device, path, *common)

    def binding(self, call: Call) -> FirstTime:
        """How `bind` computes the result: in the same memory each time, from what the arrays hold
        then."""
        given = self._given(call)
        if not given.library.overwrites():
            raise TypeError(
                f"bind writes its results over those before, and arrays of {given.arrays[0].kind} "
                f"never change; call vmap of {self._mapped._name}"
            )
        inputs = self._inputs(given)
        signature = self._signature(given.batch)
        out = _Results(signature, inputs, given.library, self._mapped)

        def compute() -> None:
            out.compute(self._inputs(given))

        def checked() -> None:
            self._checked(call, given, signature, compute, out).run(call)

        run = compute if self._mapped.row.checks is None else checked
        run()
        result = out.shown()
        return lambda: (run, result)

    def stats(self) -> tuple[KernelStats, ...]:
        """Of all kernels that have been launched."""
        launched = [
            one for signature in list(self._signatures.values()) for one in signature.kernels
        ]
        out = []
        for paths, (text, name, device), rows in launched:
            kernel = device.kernel(text, name)
            own = (kernel.seconds, kernel.registers, kernel.spilled)
            out.append(KernelStats(paths, name, device.number, rows, *own))
        return tuple(out)

    def _given(self, call: Call) -> _Given:
        """What a call hands over, which has not to be taken apart if it has arrays of the same
        kinds and shapes as the one before, and nothing else."""
        shapes = tuple([(type(x), getattr(x, "shape", None)) for x in call.args])
        latest = self._latest
        if latest is None or call.keywords or latest[0] != shapes:
            return self._taken_apart(call, shapes)
        if not all(map(is_on_cuda, call.args)):
            return self._taken_apart(call, shapes)
        known = latest[1]
        self._refuse(known.batch)
        pairs = zip(call.args, known.arrays, strict=True)
        arrays = [_Array(array, x.name, x.axis) for array, x in pairs]
        return _Given(known.batch, arrays, known.library)

    def _taken_apart(self, call: Call, shapes: Hashable) -> _Given:
        stand_ins = _StandIns()
        batch = self._mapped._batch(call.replaced(stand_ins.put))
        self._refuse(batch)
        arrays = [
            _Array(stand_ins.of(leaf.content), leaf.name, leaf.axis)
            for leaf in batch.leaves
            if is_array(leaf.content)
        ]
        given = _Given(batch, arrays, library_of(arrays[0].array))
        if not call.keywords and [id(x.array) for x in arrays] == [*map(id, call.args)]:
            without = [x._replace(array=None) for x in arrays]
            self._latest = shapes, given._replace(arrays=without)
        return given

    def _refuse(self, batch: Batch) -> None:
        """Errors for what a device can't do."""
        name = self._mapped._name
        if batch.is_for_the_engine:
            raise TypeError(
                f"vmap of {name} runs uncompiled here, row by row (with Values among its "
                "arguments, inside another compiled function or detect_anomaly), which arrays on a "
                "device can't; call it outside, or pass NumPy arrays"
            )

    def _checked(
        self,
        call: Call,
        given: _Given,
        signature: DeviceSignature,
        compute: Callable[[], None],
        out: _Results,
    ) -> CheckedRows:
        """What runs a call and compares it with the function itself, for numbers that are copied
        here."""
        row = self._mapped.row
        assert row.checks is not None
        with out.device.memory(given.library.stream(out.device)) as memory:
            copies = {
                id(x.array): in_memory(view_of(x.array, x.name), memory) for x in given.arrays
            }
        batch = self._mapped._batch(call.replaced(lambda x: copies.get(id(x))))
        runs = _RunsHere(batch, signature, compute, out)
        reduce, batch_of = self._mapped.reduce, self._mapped._batch
        return CheckedRows(row, row.checks, batch, runs, reduce, batch_of, signature)

    def _inputs(self, given: _Given) -> DeviceInputs:
        batch, arrays = given.batch, given.arrays
        views = [view_of(x.array, x.name) for x in arrays]
        for view, x in zip(views, arrays, strict=True):
            if view.kind in SHORTER:
                self._say_that_it_is_converted(x.name, SHORTER[view.kind])
        device = _device(views, arrays)
        stream, is_shared = given.library.stream(device), False
        with device.driver.current(device.number):
            for view, x in zip(views, arrays, strict=True):
                own = library_of(x.array)
                own.ready(x.array)
                home = stream if own is given.library else own.stream(device)
                theirs = home if view.stream is None else view.stream
                if theirs != stream:
                    device.driver.synchronise(theirs)
                is_shared = is_shared or home != stream
        views = [
            view.with_rows_first(x.axis) if x.axis else view
            for view, x in zip(views, arrays, strict=True)
        ]
        has_rows = [x.axis is not None for x in arrays]
        numbers = [float(one.content) for one in batch.leaves if not is_array(one.content)]
        return DeviceInputs(views, has_rows, numbers, batch.length, device, stream, is_shared)

    def _say_that_it_is_converted(self, name: str, kind: str) -> None:
        if name not in self._converted:
            self._converted.add(name)
            warnings.warn(
                f"vmap of {self._mapped._name} computes with doubles, and {name} holds "
                f"{kind}: it is converted at every call; pass float64 to save that",
                RuntimeWarning,
                stacklevel=6,
            )

    def _signature(self, batch: Batch) -> DeviceSignature:
        bounds, name = self._mapped.row.bounds, self._mapped._name
        with self._lock:
            found = self._signatures.get(batch.key)
            if found is None:
                if len(self._signatures) >= bounds.nestings:
                    raise ValueError(
                        f"vmap of {name} has met {bounds.nestings} different nestings of arguments "
                        "on a device, and keeps no more; raise max_nestings"
                    )
                record = _Recording(self._mapped, batch)
                found = DeviceSignature(batch, self._mapped.reduce, record, name)
                self._signatures[batch.key] = found
            return found


class _Results:
    """Room for the results of a call, in arrays of a library, and what writes them there."""

    def __init__(
        self, signature: DeviceSignature, inputs: DeviceInputs, library: Library, mapped: MapsRows
    ) -> None:
        self.device = inputs.device
        self.signature = signature
        self._library = library
        self.reduce = mapped.reduce
        self._count = divisor(mapped.reduce, inputs.rows, mapped._name)
        self.outputs = outputs = signature.outputs(inputs)
        shapes = [shape or () for shape in outputs.shapes]
        rows = () if mapped.reduce else (inputs.rows,)
        self._axes = [0] * len(shapes) if mapped.reduce else result_axes(outputs, mapped.out_axes)
        self._blocks = library.empty([(*rows, *shape) for shape in shapes], self.device)
        self._singles = {
            i: library.empty([shapes[i]], self.device)[0]
            for i, axis in enumerate(self._axes)
            if axis is None
        }
        """In the place of those blocks of which all rows are the same, one row."""
        self._turned = {
            i: library.empty([_with_rows(shapes[i], inputs.rows, axis)], self.device)[0]
            for i, axis in enumerate(self._axes)
            if axis and not isinstance(library, LibraryWithViews)
        }
        """Copies with the rows along another axis, of libraries without views."""

    @property
    def is_in_blocks(self) -> bool:
        """Whether they are arrays with the rows along the first axis."""
        return self.reduce is None and all(axis == 0 for axis in self._axes)

    def compute(self, inputs: DeviceInputs) -> None:
        """Write the results for such arguments."""
        out = [self._library.address(x) for x in self._blocks]
        if self.reduce:
            self.signature.sums(inputs, out, self._count)
        else:
            self.signature.fill(inputs, out)
        for i, single in self._singles.items():
            row = size_of(self.outputs.shapes[i])
            with self.device.memory(inputs.stream) as memory:
                to = self._library.address(single)
                if not first_of_equal_rows(out[i], inputs.rows, row, to, memory):
                    raise ValueError(
                        "out_axes is None for a result that is not the same for all rows; give it "
                        "an axis"
                    )
        for i, turned in self._turned.items():
            with self.device.memory(inputs.stream) as memory:
                block = view_of(self._blocks[i], "a result").with_rows_at(self._axes[i] or 0)
                copy_doubles(block, view_of(turned, "a result").pointer, memory)
        if inputs.is_shared or self._library.waits():
            with self.device.driver.current(self.device.number):
                self.device.driver.synchronise(inputs.stream)

    def shown(self) -> Any:
        """As the call gives them."""
        parts = []
        for i, (block, axis) in enumerate(zip(self._blocks, self._axes, strict=True)):
            one = self._library.given(self._singles.get(i, self._turned.get(i, block)))
            if axis and isinstance(self._library, LibraryWithViews):
                one = self._library.moved(one, axis)
            parts.append(one)
        return self.outputs.build(parts)

    def copied(self) -> list[Any]:
        """All rows of them, as NumPy arrays."""
        with self.device.memory(self._library.stream(self.device)) as memory:
            return [in_memory(view_of(x, "a result"), memory) for x in self._blocks]


def _with_rows(shape: tuple[int, ...], rows: int, axis: int) -> tuple[int, ...]:
    return (*shape[:axis], rows, *shape[axis:])


class _RunsHere:
    """Calls on a device for numbers that are known here, and so are their results."""

    def __init__(
        self, batch: Batch, signature: DeviceSignature, compute: Callable[[], None], out: _Results
    ) -> None:
        self._batch = batch
        self._signature = signature
        self._compute = compute
        self._out = out

    def in_place(self, args: Sequence[Any]) -> None:
        """None is: a batch has its own copies."""

    def run(self, call: Call, inputs: Inputs) -> tuple[Sequence[Any], Structure]:
        """The results of all rows, or the sums of some."""
        if inputs.rows == self._batch.length:
            self._compute()
            return self._out.copied(), self._out.outputs
        device = self._out.device
        arrays = [DeviceArray.like(x, device) for x in inputs.arrays]
        has_rows = [leaf.axis is not None for leaf in self._batch.leaves if is_array(leaf.content)]
        views = [view_of(x, "") for x in arrays]
        some = DeviceInputs(views, has_rows, inputs.numbers, inputs.rows, device, 0)
        outputs = self._out.outputs
        sums = [DeviceArray(device, shape or ()) for shape in outputs.shapes]
        count = divisor(self._out.reduce, inputs.rows, "")
        self._signature.sums(some, [view_of(x, "").pointer for x in sums], count)
        return [x.numpy() for x in sums], outputs


class _Recording:
    """Records the function for one row."""

    def __init__(self, mapped: MapsRows, batch: Batch) -> None:
        self._mapped = mapped
        self._batch = batch.forgetting()

    def __call__(self, one: Inputs, row: int) -> tuple[Specialization, list[float]]:
        arrays, numbers = iter(one.arrays), iter(one.numbers)
        contents: list[Any] = []
        for leaf in self._batch.leaves:
            if not is_array(leaf.content):
                contents.append(next(numbers))
            else:
                array = next(arrays)
                contents.append(array if leaf.axis is None else array[0])
        return self._mapped._record_one(self._batch.of(contents), row)


class _StandIns:
    """NumPy arrays of the same shapes, without memory, in the places of arrays on a device."""

    def __init__(self) -> None:
        self._arrays: dict[int, tuple[Any, Any]] = {}

    def of(self, stand_in: Any) -> Any:
        """What one stands for."""
        return self._arrays[id(stand_in)][1]

    def put(self, x: Any) -> Any:
        """One for an array on a device; None for anything else."""
        if not is_on_cuda(x):
            return None
        import numpy

        stand_in = numpy.broadcast_to(numpy.float64(1.0), tuple(x.shape))
        self._arrays[id(stand_in)] = stand_in, x
        return stand_in


def _device(views: Sequence[View], given: Sequence[_Array]) -> Device:
    """The one on which all arrays are."""
    found: dict[int, str] = {}
    device = None
    for view, x in zip(views, given, strict=True):
        if view.pointer:
            device = device_of(view.pointer)
            found.setdefault(device.number, x.name)
    if len(found) > 1:
        places = " and ".join([f"{name} on device {number}" for number, name in found.items()])
        raise ValueError(f"one call got {places}; put all arrays on one device")
    if device is None:
        raise ValueError(
            f"{given[0].name} has no numbers, so it is on no device; pass an empty NumPy array"
        )
    return device
