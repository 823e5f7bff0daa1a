"""Binding: a compiled function with its arguments and results at fixed places.

For control loops and solvers that call one function millions of times: the arrays are handed over
once, a call without arguments reads them where they are and writes the results where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd.compiler.batching import views
from autograd.compiler.native.cpython_entry import Unsupported, bound_entry
from autograd.compiler.native.kernels import CallbackFailed
from autograd.compiler.native.llvm_codegen import scalar_kernel
from autograd.compiler.native.machine import compile_llvm
from autograd.compiler.specializations import Specialization
from autograd.engine.primitives import describe
from autograd.transforms.tree import opened

__all__ = ["Bound", "bind_in_place"]

Run = Callable[[], Any]


class Bound:
    """What `bind` returns: called without arguments, it gives the result of the function for what
    is in the arrays now.

    The result is a nesting of arrays (without dimensions, for single numbers) that the next call
    overwrites; `.result` is the same without a call.
    """

    def __init__(self, first_time: Callable[[], tuple[Run | None, Any]]) -> None:
        # Gives a result, and what computes it anew: NotImplemented where the arrays now hold
        # numbers for which that is not the code, None where there is no such code.
        self._first_time = first_time
        self._runs: list[tuple[Run, Any]] = []
        self.result: Any = None
        self()

    def __call__(self) -> Any:
        for run, result in self._runs:
            if run() is not NotImplemented:
                self.result = result
                return result
        run_again, self.result = self._first_time()
        if run_again is not None:
            self._runs.insert(0, (run_again, self.result))
        return self.result


def bind_in_place(
    args: Sequence[Any], specialise: Callable[[], tuple[Specialization, list[float]]]
) -> Bound:
    """A function of one row with these arguments; `specialise` gives the specialization for what is
    in them now, and its results."""
    places = [place for x in args for place in _places(x)]

    def first_time() -> tuple[Run | None, Any]:
        import numpy

        specialization, numbers = specialise()
        out = numpy.array(numbers, float)
        result = specialization.outputs.build(views(out, specialization.outputs))
        if not specialization.is_kept:
            return None, result
        return _run(specialization, places, out, result), result

    return Bound(first_time)


def _run(specialization: Specialization, places: Sequence[Any], out: Any, result: Any) -> Run:
    program = specialization.instructions
    try:
        entry = bound_entry(program, places, specialization.captured, out, result)
    except Unsupported:
        return _slow_run(specialization, places, out)
    return entry.function(compile_llvm(f"{scalar_kernel(program, {})}\n{entry}"))


def _slow_run(specialization: Specialization, places: Sequence[Any], out: Any) -> Run:
    def run() -> Any:
        numbers = [x for place in places for x in _numbers(place)]
        try:
            failed, results = specialization.run(numbers)
        except CallbackFailed:
            return NotImplemented  # the function itself will raise the same
        if failed >= 0:
            return NotImplemented
        out[:] = results
        return out

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
