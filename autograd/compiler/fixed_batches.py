"""A batch whose arrays stay where they are: what `bind` of a mapped function computes.

Of few rows it is the way to the machine code that takes most of a call: looking up the path, the
kernel, the addresses of the arrays. All of that is the same as in the call before, as a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.compiler.batch_signatures import BatchSignature
from autograd.compiler.batching import Call, Inputs
from autograd.compiler.native.vector_codegen import CHUNK
from autograd.compiler.vector_specializations import VectorSpecialization

__all__ = ["as_long_as_alike", "filling", "summing"]

Again = Callable[[], int]
"""Gives 0 if all rows are done."""

PATIENCE: Final = 100
"""Calls that go the careful way after one in which not all rows were done: so a batch in which that
is always so is computed twice in one of so many."""


def as_long_as_alike(arrays: Sequence[Any], run: Callable[[], None]) -> Callable[[], Any]:
    """The same for as long as the arrays have the shapes and the types that they have now: both can
    be assigned. NotImplemented after that."""
    forms = [(x, x.shape, x.dtype) for x in arrays]

    def again() -> Any:
        for x, shape, dtype in forms:
            if x.shape != shape or x.dtype is not dtype:
                return NotImplemented
        return run()

    return again


def filling(
    signature: BatchSignature, call: Call, inputs: Inputs, columns: list[Any]
) -> Callable[[], None]:
    """What writes every row's results into these columns."""
    import numpy

    marks = numpy.empty(inputs.rows, "u1")

    def carefully() -> None:
        signature.fill(call, inputs, columns)

    def at_once(path: VectorSpecialization) -> Again | None:
        return path.repeating(False, inputs, columns, marks, 1.0)

    return _Fixed(signature, inputs.rows, at_once, carefully).run


def summing(
    signature: BatchSignature, call: Call, inputs: Inputs, count: float, flat: Any
) -> Callable[[], None]:
    """What writes the sums of the rows' results over a count into this array."""
    import numpy

    sums = numpy.empty(flat.shape)

    def carefully() -> None:
        flat[:] = signature.sums(call, inputs)

    def at_once(path: VectorSpecialization) -> Again | None:
        run = path.repeating(True, inputs, (), sums, count)
        if run is None:
            return None

        def again() -> int:
            # Not to `flat`: where a row leaves the path, these are no sums.
            status = run()
            if status == 0:
                flat[:] = sums
            return status

        return again

    is_nothing = flat.size == 0
    return carefully if is_nothing else _Fixed(signature, inputs.rows, at_once, carefully).run


class _Fixed:
    """Runs the leading path's machine code, and everything anew where that has not done all
    rows."""

    def __init__(
        self,
        signature: BatchSignature,
        rows: int,
        at_once: Callable[[VectorSpecialization], Again | None],
        carefully: Callable[[], None],
    ) -> None:
        self._signature = signature
        self._at_once = at_once
        self._carefully = carefully
        self._is_short = 0 < rows <= CHUNK
        self._waiting = 0
        self._path: VectorSpecialization | None = None
        self._again: Again | None = None

    def run(self) -> None:
        """One call."""
        if self._is_short:
            if self._waiting > 0:
                self._waiting -= 1
            elif self._is_done():
                return
            else:
                self._waiting = PATIENCE
        self._carefully()

    def _is_done(self) -> bool:
        path = self._signature.leading
        if path is None:
            return False
        if path is not self._path:
            self._path, self._again = path, self._at_once(path)
        return self._again is not None and self._again() == 0
