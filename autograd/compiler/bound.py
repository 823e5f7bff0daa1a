"""Binding: a compiled function with its arguments and results at fixed places.

For control loops and solvers that call one function millions of times: the arrays are handed over
once, a call without arguments reads them where they are and writes the results where they were.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator, Sequence
from math import nan
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

from autograd.compiler.batching import views
from autograd.compiler.fixed_batches import FixedRun
from autograd.compiler.native.cpython_entry import bound_entry
from autograd.compiler.native.entry_function import directly
from autograd.compiler.native.entry_text import Unsupported
from autograd.compiler.native.kernels import CallbackFailed
from autograd.compiler.recording.beyond_numbers import containers_and_arrays
from autograd.compiler.recording.tracing import RecordingError
from autograd.compiler.specializations import Specialization
from autograd.engine.modes import MODES, tracer, watching
from autograd.engine.primitives import describe
from autograd.transforms.tree import is_array, opened

__all__ = ["Bound", "FirstTime", "Run", "in_place"]

Run = Callable[[], Any]
FirstTime = Callable[[], tuple[Run | None, Any]]
"""Gives a result, and what computes it anew: NotImplemented where the arrays now hold numbers for
which that is not the code, None where there is no such code."""


class Binds(Protocol):
    """A compiled function."""

    def __call__(self, *args: Any) -> Any: ...

    def binding(self, args: tuple[Any, ...]) -> FirstTime: ...


class Bound:
    """What `bind` returns: called without arguments, it gives the result of the function for what
    is in the arrays now.

    The result is a nesting of arrays (without dimensions, for single numbers) that the next call
    overwrites; `.result` is the same without a call. After a call that raised they are NaN.
    """

    # What is called is the object's own: machine code, with no function of Python's around it.
    __slots__ = ("__call__", "__weakref__", "_calls")

    if TYPE_CHECKING:

        def __call__(self) -> Any: ...

    def __init__(self, function: Binds, args: tuple[Any, ...]) -> None:
        self._begin(function, args)
        self()

    def _begin(self, function: Binds, args: tuple[Any, ...]) -> None:
        self._calls = _Calls(function, args, ref(self))
        self._calls.answer_by(self._calls.anew)

    @property
    def result(self) -> Any:
        """What the latest call gave."""
        is_to_run = not self._calls.has_begun or tracer() is not None  # where that is an error
        return self() if is_to_run else self._calls.result

    # A copy has results of its own, and reads the arrays that it is given, or copies of them.

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (type(self),), (self._calls.function, self._calls.args)  # type: ignore[attr-defined]

    def __setstate__(self, state: tuple[Binds, tuple[Any, ...]]) -> None:
        self._begin(*state)

    def __copy__(self) -> Bound:
        out = Bound.__new__(Bound)
        out._begin(self._calls.function, self._calls.args)
        return out


class _Calls:
    """The calls of a `Bound`: the runs that are known, that of the latest call first. As long as
    `result` is what that one gives, the `Bound` may call it by itself."""

    def __init__(self, function: Binds, args: tuple[Any, ...], bound: ref[Bound]) -> None:
        self.function = function
        self.args = _as_given(args)
        self.result: Any = None
        self._bound = bound
        # Machine code goes to the memory of arrays, and NumPy resizes none that is referred to so,
        # not even where it is told to count no references.
        self._unresized = [ref(x) for x in _arrays_in(args)]
        self._first_time: FirstTime | None = None
        self._runs: list[tuple[Run, Any]] = []
        self._leading: tuple[Run, Any] | None = None
        self._code: Run | None = None  # of that one, where the `Bound` calls it

    @property
    def has_begun(self) -> bool:
        """Whether there was a call that gave something."""
        return self.result is not None

    def anew(self) -> Any:
        """One call, whatever is in the arrays now."""
        if MODES.active != 0 and tracer() is not None:
            raise RecordingError(
                "a compiled function calls what bind returned, whose arrays and captured Values "
                "would stay as they were when it was recorded; call the function that was bound, "
                "with the arrays as arguments"
            )
        try:
            return self._computed()
        except BaseException:
            # A path that was left, or a run that was stopped, has written some of its results.
            for run, result in self._runs:
                if not (isinstance(run, FixedRun) and run.is_written_whole):
                    for array in _arrays_in(result):
                        array[...] = nan
            raise

    def _computed(self) -> Any:
        if MODES.active != 0 and watching():
            self.function(*self.args)  # by the engine, which looks for anomalies
        for known in self._runs:
            run, result = known
            if run() is not NotImplemented:
                self._lead(known, result)
                return result
        if self._first_time is None:
            self._first_time = self.function.binding(self.args)
        run_again, result = self._first_time()
        if run_again is not None:
            self._unresized += map(ref, _arrays_in(result))
        self._lead(None if run_again is None else (run_again, result), result)
        return result

    def _lead(self, latest: tuple[Run, Any] | None, result: Any) -> None:
        """Have this run tried first, and at once; None for one that is not kept."""
        if latest is None or latest is not self._leading:
            self._answer_by(None)  # until its result is the one to be shown
            self._leading, self.result = latest, result
            if latest is not None:
                self._runs = [latest, *[known for known in self._runs if known is not latest]]
        if latest is not None:
            self._answer_by(_machine_code(*latest))

    def _answer_by(self, code: Run | None) -> None:
        """Have the `Bound` call this built-in function, if there is one, else `anew`."""
        if code is not self._code:
            self._code = code
            self.answer_by(self.anew if code is None else directly(code, self.anew) or self.anew)

    def answer_by(self, function: Run) -> None:
        """Have the `Bound` call this."""
        bound = self._bound()
        if bound is not None:
            bound.__call__ = function  # type: ignore[method-assign]


def _machine_code(run: Run, result: Any) -> Run | None:
    """The run as a built-in function, if there is one."""
    return run.in_machine_code(result) if isinstance(run, FixedRun) else run


def _as_given(x: Any) -> Any:
    """A nesting that stays as it is, whatever is put into its lists later: every path is to read
    the same arrays."""
    if type(x) is list or type(x) is tuple:
        return type(x)(map(_as_given, x))
    return {key: _as_given(child) for key, child in x.items()} if type(x) is dict else x


def _arrays_in(x: Any) -> list[Any]:
    return [part for part in containers_and_arrays(x) if is_array(part)]


def in_place(
    args: Sequence[Any], specialise: Callable[[], tuple[Specialization, list[float]]]
) -> FirstTime:
    """How a function of one row is bound to these arguments; `specialise` gives the specialization
    for what is in them now, and its results."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise ImportError(
            "bind writes results into arrays of NumPy, which is not installed; run: "
            "pip install llvmlite numpy"
        ) from None
    places = _places_of(args)

    def first_time() -> tuple[Run | None, Any]:
        import numpy

        specialization, numbers = specialise()
        _places_of(args)  # whose types may have been assigned since
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
    forms = _forms(places)

    def run() -> Any:
        if _forms(places) != forms:
            return NotImplemented
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


def _forms(places: Sequence[Any]) -> list[Any]:
    """What can be assigned to arrays besides numbers."""
    return [() if isinstance(x, float) else (x.shape, x.dtype, x.strides) for x in places]


def _numbers(place: Any) -> list[float]:
    numbers: list[float] = [place] if isinstance(place, float) else place.ravel().tolist()
    return numbers


def _places_of(args: Sequence[Any]) -> list[Any]:
    """The arrays and the numbers of all arguments; TypeError for others than are read in place."""
    return [place for x in args for place in _places(x)]


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
