"""Binding: a compiled function with its arguments and results at fixed places.

For control loops and solvers that call one function millions of times: the arrays are handed over
once, a call without arguments reads them where they are and writes the results where they were.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from autograd.compiler.batching import views
from autograd.compiler.native.cpython_entry import Unsupported, bound_entry
from autograd.compiler.native.kernels import CallbackFailed
from autograd.compiler.recording.tracing import RecordingError
from autograd.compiler.specializations import Specialization
from autograd.engine.modes import MODES, tracer
from autograd.engine.primitives import describe
from autograd.transforms.tree import opened

__all__ = ["Bound", "FirstTime", "in_place"]

Run = Callable[[], Any]
FirstTime = Callable[[], tuple[Run | None, Any]]
"""Gives a result, and what computes it anew: NotImplemented where the arrays now hold numbers for
which that is not the code, None where there is no such code."""


class Binds(Protocol):
    """A compiled function."""

    def binding(self, args: tuple[Any, ...]) -> FirstTime: ...


class Bound:
    """What `bind` returns: called without arguments, it gives the result of the function for what
    is in the arrays now.

    The result is a nesting of arrays (without dimensions, for single numbers) that the next call
    overwrites; `.result` is the same without a call.
    """

    def __init__(self, function: Binds, args: tuple[Any, ...]) -> None:
        self._begin(function, args)
        self()

    def _begin(self, function: Binds, args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self._first_time: FirstTime | None = None
        self._runs: list[tuple[Run, Any]] = []
        self._result: Any = None

    def __call__(self) -> Any:
        if MODES.active != 0 and tracer() is not None:
            raise RecordingError(
                "a compiled function calls what bind returned, whose arrays and captured Values "
                "would stay as they were when it was recorded; call the function that was bound, "
                "with the arrays as arguments"
            )
        for run, result in self._runs:
            if run() is not NotImplemented:
                self._result = result
                return result
        if self._first_time is None:
            self._first_time = self._function.binding(self._args)
        run_again, result = self._first_time()
        if run_again is not None:
            self._runs = [(run_again, result), *self._runs]
        self._result = result
        return result

    @property
    def result(self) -> Any:
        """What the latest call gave."""
        is_to_run = self._first_time is None or tracer() is not None  # where that is an error
        return self() if is_to_run else self._result

    # A copy has results of its own, and reads the arrays that it is given, or copies of them.

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (type(self),), (self._function, self._args)  # type: ignore[attr-defined]

    def __setstate__(self, state: tuple[Binds, tuple[Any, ...]]) -> None:
        self._begin(*state)

    def __copy__(self) -> Bound:
        out = Bound.__new__(Bound)
        out._begin(self._function, self._args)
        return out


def in_place(
    args: Sequence[Any], specialise: Callable[[], tuple[Specialization, list[float]]]
) -> FirstTime:
    """How a function of one row is bound to these arguments; `specialise` gives the specialization
    for what is in them now, and its results."""
    places = [place for x in args for place in _places(x)]

    def first_time() -> tuple[Run | None, Any]:
        import numpy

        specialization, numbers = specialise()
        out = numpy.array(numbers, float)
        result = specialization.outputs.build(views(out, specialization.outputs))
        if not specialization.is_kept:
            return None, result
        return _run(specialization, places, out, result), result

    return first_time


def _run(specialization: Specialization, places: Sequence[Any], out: Any, result: Any) -> Run:
    program = specialization.interface
    try:
        entry = bound_entry(program, places, specialization.captured, out, result)
    except Unsupported:
        return _slow_run(specialization, places, out)
    return specialization.bound_to(entry)


def _slow_run(specialization: Specialization, places: Sequence[Any], out: Any) -> Run:
    def run() -> Any:
        numbers = [x for place in places for x in _numbers(place)]
        try:
            failed, results = specialization.run(numbers)
        except CallbackFailed as failure:
            error = failure.error
        else:
            if failed >= 0:
                return NotImplemented
            out[:] = results
            return out
        raise error

    return run


def _numbers(place: Any) -> list[float]:
    numbers: list[float] = [place] if isinstance(place, float) else place.ravel().tolist()
    return numbers


def _places(x: Any) -> Iterator[Any]:
    """The arrays and the numbers of an argument, in the order in which it is flattened."""
    if getattr(x, "shape", None) is not None and hasattr(x, "ctypes"):
        if x.dtype != float or not x.flags.c_contiguous or not x.flags.aligned:
            raise TypeError(
                "bind reads its arrays in place, so they are contiguous arrays of float64, got "
                f"one of {x.dtype}{'' if x.flags.c_contiguous else ', not contiguous'}; "
                "make one with numpy.ascontiguousarray(x, float)"
            )
        yield x
        return
    children, _, assemble = opened(x)
    if assemble is not None:
        for child in children:
            yield from _places(child)
    elif isinstance(x, (int, float)):
        yield float(x)
    else:
        raise TypeError(
            "bind takes arrays, numbers and lists, tuples, dicts or dataclasses of them, "
            f"got {describe(x)}"
        )
