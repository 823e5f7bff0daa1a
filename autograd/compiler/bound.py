"""Binding: a compiled function with its arguments and results at fixed places.

For control loops and solvers that call one function millions of times: the arrays are handed over
once, a call without arguments reads them where they are and writes the results where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from autograd.compiler.native.codegen import scalar_kernel
from autograd.compiler.native.cpython_entry import Unsupported, bound_entry
from autograd.compiler.native.machine import compile_llvm
from autograd.engine.primitives import describe

if TYPE_CHECKING:
    from autograd.compiler.jit import Jitted
    from autograd.compiler.specializations import Specialization

__all__ = ["Bound"]


class Bound:
    """What `bind` returns: called without arguments, it gives the result of the function for what
    is in the arrays now.

    The result is a nesting of arrays (without dimensions, for single numbers) that the next call
    overwrites; `.result` is the same without a call.
    """

    def __init__(self, jitted: Jitted, args: tuple[Any, ...]) -> None:
        self._jitted = jitted
        self._args = args
        self._places = [place for x in jitted.traced(args) for place in _places(x)]
        self._ways: list[tuple[Specialization, Callable[[], Any], Any]] = []
        self.result: Any = None
        self()

    def __call__(self) -> Any:
        for _, run, result in self._ways:
            if run() is not NotImplemented:
                self.result = result
                return result
        return self._find_way()

    def _find_way(self) -> Any:
        """The function takes a path that it has not taken from here before."""
        import numpy

        path, numbers = self._jitted.path_of(self._args)
        out = numpy.array(numbers, float)
        result = path.outputs.build(list(_views(out, path.outputs.shapes)))
        if path.is_kept:
            self._ways.insert(0, (path, self._way(path, out, result), result))
        self.result = result
        return result

    def _way(self, path: Specialization, out: Any, result: Any) -> Callable[[], Any]:
        program = path.instructions
        try:
            entry = bound_entry(program, self._places, path.captured, out, result)
        except Unsupported:
            return self._slow_way(path, out)
        return entry.function(compile_llvm(f"{scalar_kernel(program, {})}\n{entry}"))

    def _slow_way(self, path: Specialization, out: Any) -> Callable[[], Any]:
        def run() -> Any:
            numbers = [x for place in self._places for x in _numbers(place)]
            failed, results = path.run(numbers)
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
    if isinstance(x, (list, tuple)):
        for child in x:
            yield from _places(child)
    elif isinstance(x, dict):
        for child in x.values():
            yield from _places(child)
    elif getattr(x, "shape", None) is not None and hasattr(x, "ctypes"):
        if x.dtype != float or not x.flags.c_contiguous or not x.flags.aligned:
            raise TypeError(
                "bind reads its arrays in place, so they are contiguous arrays of float64, got "
                f"one of {x.dtype}{'' if x.flags.c_contiguous else ', not contiguous'}; "
                "make one with numpy.ascontiguousarray(x, float)"
            )
        yield x
    elif isinstance(x, (int, float)):
        yield float(x)
    else:
        raise TypeError(
            f"bind takes arrays, numbers and lists, tuples or dicts of them, got {describe(x)}"
        )


def _views(out: Any, shapes: list[Any]) -> Iterator[Any]:
    """The parts of the flat results, in the shapes they have."""
    start = 0
    for shape in shapes:
        size = 1
        for length in shape or ():
            size *= length
        yield out[start : start + size].reshape(shape or ())
        start += size
