"""`vmap` of arrays on a CUDA device: what a call hands over, and what it gets back, in the same
library's arrays."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

from autograd.compiler.array_kinds import is_on_cuda
from autograd.compiler.batching import Batch, Call, Inputs, divisor, result_axes
from autograd.compiler.cuda.device import Device, device_of
from autograd.compiler.cuda.device_arrays import View, view_of
from autograd.compiler.cuda.device_libraries import Library, library_of
from autograd.compiler.device_signatures import DeviceInputs, DeviceSignature
from autograd.compiler.jit import Jitted
from autograd.compiler.specializations import Specialization
from autograd.engine.locks import new_lock
from autograd.transforms.tree import is_array

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


class _Given(NamedTuple):
    """An array on a device, and its name in messages."""

    array: Any
    name: str
    axis: int | None


class DeviceCalls:
    """Those of one mapped function."""

    def __init__(self, mapped: MapsRows) -> None:
        self._mapped = mapped
        self._signatures: dict[Hashable, DeviceSignature] = {}
        self._converted: set[str] = set()
        self._lock = new_lock()

    def run(self, call: Call) -> Any:
        """The result of a call, in arrays on the same device."""
        stand_ins = _StandIns()
        batch = self._mapped._batch(call.replaced(stand_ins.put))
        self._refuse(batch)
        given = [
            _Given(stand_ins.of(leaf.content), leaf.name, leaf.axis)
            for leaf in batch.leaves
            if is_array(leaf.content)
        ]
        library = library_of(given[0].array)
        inputs = self._inputs(batch, given, library)
        signature = self._signature(batch)
        return self._results(signature, inputs, library)

    def _refuse(self, batch: Batch) -> None:
        """Errors for what a device can't do."""
        name = self._mapped._name
        if batch.is_for_the_engine:
            raise TypeError(
                f"vmap of {name} runs uncompiled here, row by row (with Values among its "
                "arguments, inside another compiled function or detect_anomaly), which arrays on a "
                "device can't; call it outside, or pass NumPy arrays"
            )
        if self._mapped.row.checks is not None:
            raise ValueError(
                f"check compares vmap of {name} with the function itself, on the CPU; pass NumPy "
                "arrays to check it, or leave check (and CHAINRULE_CHECK) off for arrays on a "
                "device"
            )

    def _inputs(self, batch: Batch, given: Sequence[_Given], library: Library) -> DeviceInputs:
        views = [view_of(x.array, x.name) for x in given]
        for view, x in zip(views, given, strict=True):
            if view.kind == "<f4":
                self._say_that_it_is_converted(x.name)
        device = _device(views, given)
        stream = library.stream(device)
        with device.driver.current(device.number):
            for view, x in zip(views, given, strict=True):
                own = library_of(x.array)
                own.ready(x.array)
                theirs = own.stream(device) if view.stream is None else view.stream
                if theirs != stream:
                    device.driver.synchronise(theirs)
        views = [
            view if x.axis is None else view.with_rows_first(x.axis)
            for view, x in zip(views, given, strict=True)
        ]
        has_rows = [x.axis is not None for x in given]
        numbers = [float(one.content) for one in batch.leaves if not is_array(one.content)]
        return DeviceInputs(views, has_rows, numbers, batch.length, device, stream)

    def _say_that_it_is_converted(self, name: str) -> None:
        if name not in self._converted:
            self._converted.add(name)
            warnings.warn(
                f"vmap of {self._mapped._name} computes with doubles, and {name} holds "
                "float32: it is converted at every call; pass float64 to save that",
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

    def _results(self, signature: DeviceSignature, inputs: DeviceInputs, library: Library) -> Any:
        reduce, device = self._mapped.reduce, inputs.device
        count = divisor(reduce, inputs.rows, self._mapped._name)
        outputs = signature.outputs(inputs)
        rows = () if reduce else (inputs.rows,)
        blocks = [library.empty((*rows, *(shape or ())), device) for shape in outputs.shapes]
        out = [view_of(x, "a result").pointer for x in blocks]
        if reduce:
            signature.sums(inputs, out, count)
        else:
            signature.fill(inputs, out)
        if library.waits():
            with device.driver.current(device.number):
                device.driver.synchronise(inputs.stream)
        results = [library.given(x) for x in blocks]
        if reduce:
            return outputs.build(results)
        axes = result_axes(outputs, self._mapped.out_axes)
        return outputs.build([_moved(*pair, library) for pair in zip(results, axes, strict=True)])


def _moved(x: Any, axis: int | None, library: Library) -> Any:
    """A result with its rows along another axis."""
    if axis is None:
        raise ValueError(
            "out_axes is None for what is the same for all rows, which is not looked for on a "
            "device; give it an axis"
        )
    return x if axis == 0 else library.moved(x, axis)


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


def _device(views: Sequence[View], given: Sequence[_Given]) -> Device:
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
