"""A batch whose arrays stay where they are: what `bind` of a mapped function computes.

Of few rows it is the way to the machine code that takes most of a call: looking up the path, the
kernel, the addresses of the arrays. All of that is the same as in the call before, as a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.compiler.batch_signatures import BatchSignature
from autograd.compiler.batching import Call, Inputs
from autograd.compiler.native.entry_text import Unsupported
from autograd.compiler.native.machine import LLVMFailed, is_busy
from autograd.compiler.native.vector_codegen import CHUNK
from autograd.compiler.vector_specializations import FixedRows, VectorSpecialization

__all__ = ["FixedRun", "filling", "summing"]

PATIENCE: Final = 100
"""Calls that go the careful way after one in which not all rows were done: so a batch in which that
is always so is computed twice in one of so many."""

OFTEN: Final = 100
"""Calls on one path after which a function in machine code is made for them: 2 milliseconds, which
pay after some hundreds of calls more."""


class FixedRun:
    """A run of a bound batch, for as long as the arrays have the shapes and the types that they
    have now: both can be assigned. NotImplemented after that."""

    def __init__(
        self, arrays: Sequence[Any], run: Callable[[], None], batch: _Batch | None = None
    ) -> None:
        self._forms = [(x, x.shape, x.dtype) for x in arrays]
        self._run = run
        self._batch = batch

    def __call__(self) -> Any:
        for x, shape, dtype in self._forms:
            if x.shape != shape or x.dtype is not dtype:
                return NotImplemented
        return self._run()

    @property
    def is_written_whole(self) -> bool:
        """Whether results are written when all of them are known, as sums are."""
        return self._batch is not None and self._batch.gives_sums

    def in_machine_code(self, result: Any) -> Callable[[], Any] | None:
        """The same as a built-in function that returns `result`, once there is one."""
        return None if self._batch is None else self._batch.in_machine_code(result)


def filling(signature: BatchSignature, call: Call, inputs: Inputs, columns: list[Any]) -> _Batch:
    """What writes every row's results into these columns."""
    import numpy

    def carefully() -> None:
        signature.fill(call, inputs, columns)

    marks = numpy.empty(inputs.rows, "u1")
    return _Batch(signature, FixedRows(inputs, columns, marks, 1.0), None, carefully)


def summing(
    signature: BatchSignature, call: Call, inputs: Inputs, count: float, flat: Any
) -> _Batch:
    """What writes the sums of the rows' results over a count into this array."""
    import numpy

    def carefully() -> None:
        flat[:] = signature.sums(call, inputs)

    # Not to `flat`: where a row leaves the path, these are no sums.
    sums = numpy.empty(flat.shape)
    return _Batch(signature, FixedRows(inputs, (), sums, count), (flat, sums), carefully)


class _Batch:
    """Runs the leading path's machine code, and everything anew where that has not done all rows.
    Where sums are `moved`, they go from the second array to the first."""

    def __init__(
        self,
        signature: BatchSignature,
        fixed: FixedRows,
        moved: tuple[Any, Any] | None,
        carefully: Callable[[], None],
    ) -> None:
        self._signature = signature
        self._fixed = fixed
        self._moved = moved
        self._carefully = carefully
        is_nothing = moved is not None and moved[0].size == 0
        self._is_short = 0 < fixed.inputs.rows <= CHUNK and not is_nothing
        self._waiting = 0
        self._done = 0  # calls in a row
        self._path: VectorSpecialization | None = None
        self._again: Callable[[], int] | None = None
        self._function: Callable[[], Any] | None = None

    @property
    def gives_sums(self) -> bool:
        """Whether it adds the rows up."""
        return self._moved is not None

    def run(self) -> None:
        """One call."""
        if self._is_short:
            if self._waiting > 0:
                self._waiting -= 1
            elif self._is_done():
                self._done += 1
                return
            else:
                self._waiting, self._done, self._function = PATIENCE, 0, None
        self._carefully()

    def _is_done(self) -> bool:
        path = self._signature.leading
        if path is None:
            return False
        if path is not self._path:
            self._path, self._again = path, path.repeating(self.gives_sums, self._fixed)
        if self._again is None or self._again() != 0:
            return False
        if self._moved is not None:
            self._moved[0][:] = self._moved[1]
        return True

    def in_machine_code(self, result: Any) -> Callable[[], Any] | None:
        """A built-in function that does the same for as long as all rows are on the path, if calls
        are so many that it pays."""
        if self._done >= OFTEN and self._function is None and not is_busy():
            self._done = 0  # where there is none, it is asked for again as late as this time
            self._function = self._made(result)
        return self._function

    def _made(self, result: Any) -> Callable[[], Any] | None:
        assert self._path is not None, "there were calls on it"
        try:
            return self._path.function_of(self.gives_sums, self._fixed, self._moved, result)
        except (Unsupported, LLVMFailed):
            return None
