"""Calls of a `vmap` function in check mode: a share of the rows is also computed by the function
itself, one by one.

Where rows are added up, a share of them is added up once more, in machine code and uncompiled. So
it is only with all of them checked that the very sums which a call gives are compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from autograd.compiler.batching import Batch, Call, Inputs, inputs_of
from autograd.compiler.checking import (
    TRIES,
    Checkable,
    CheckFailed,
    Checks,
    Uncompiled,
    are_same,
    captured_numbers,
    same_bits,
)
from autograd.compiler.ir.rounding import SLACK, in_lanes
from autograd.engine.value import Value
from autograd.transforms.tree import Structure, flatten, is_array

__all__ = ["CheckedRows"]


class Runs(Protocol):
    """What computes the results of calls."""

    def in_place(self, args: Sequence[Any]) -> Inputs | None: ...
    def run(self, call: Call, inputs: Inputs) -> tuple[Sequence[Any], Structure]: ...


class CheckedRows:
    """The rows of one batch, some of them checked; `row` is the function of one, `way` what stands
    for the calls of which a share is checked."""

    def __init__(
        self,
        row: Checkable,
        checks: Checks,
        batch: Batch,
        signature: Runs,
        reduce: str | None,
        batch_of: Callable[[Call], Batch],
        way: Hashable,
    ) -> None:
        self._row = row
        self._checks = checks
        self._batch = batch
        self._signature = signature
        self._reduce = reduce
        self._batch_of = batch_of
        self._way = way

    def run(self, call: Call) -> tuple[Sequence[Any], Structure]:
        """The results of a call, one array or number for every place of their nesting. Raises
        CheckFailed if a checked row's are not those of the function."""
        given = self._signature.in_place(call.args) if not call.keywords else None
        inputs = inputs_of(self._batch) if given is None else given

        def compute() -> tuple[Sequence[Any], Structure]:
            return self._signature.run(call, inputs)

        return self._compared(compute)

    def bound(
        self, run: Callable[[], Any], parts: Sequence[Any], outputs: Structure
    ) -> Callable[[], None]:
        """A run of a bound function that writes its results into `parts`, checked."""

        def compute() -> tuple[Sequence[Any], Structure]:
            run()
            return parts, outputs

        def checked() -> None:
            self._compared(compute)

        return checked

    def _compared(
        self, compute: Callable[[], tuple[Sequence[Any], Structure]]
    ) -> tuple[Sequence[Any], Structure]:
        chosen = self._checks.due(self._way, self._batch.length)
        for _ in range(TRIES):
            before = self._batch_of(self._batch.rows(chosen)) if chosen else None
            captured = captured_numbers(self._row)
            parts, outputs = compute()
            if before is None:
                break
            found = self._failures(before, chosen, parts, outputs)
            if not found:
                break
            if are_same(captured, captured_numbers(self._row)) and self._is_as(before, chosen):
                raise found[0]
        return parts, outputs

    def _is_as(self, before: Batch, chosen: list[int]) -> bool:
        """Whether these rows are still the same."""
        import numpy

        now = self._batch_of(self._batch.rows(chosen))
        return all(
            numpy.array_equal(x.content, y.content, True) if is_array(x.content) else True
            for x, y in zip(before.leaves, now.leaves, strict=True)
        )

    # -- against the function itself ---------------------------------------------------------------

    def _failures(
        self, some: Batch, chosen: list[int], parts: Sequence[Any], outputs: Structure
    ) -> Sequence[Exception]:
        if self._reduce is None:
            for k, i in enumerate(chosen):
                found = self._one(some, k).compare(_row_of(parts, i), outputs, in_lanes)
                if found:
                    found[0].add_note(f"this is row {i} of the batch")
                    return found
            return []
        if len(chosen) < self._batch.length:
            call = self._batch.rows(chosen)
            parts, outputs = self._signature.run(call, inputs_of(some))
        return self._against_sums(some, parts, outputs)

    def _one(self, some: Batch, k: int) -> Uncompiled:
        call = some.row(k)
        return Uncompiled(self._row, self._row._arguments(call.args, call.keywords))

    def _against_sums(
        self, some: Batch, parts: Sequence[Any], outputs: Structure
    ) -> Sequence[Exception]:
        """The sums of the rows' results, by the function itself: off by what each of them may be,
        and by the rounding of the sum."""
        columns: list[list[float]] = [[] for _ in range(outputs.size)]
        off = [0.0] * outputs.size
        for k in range(some.length):
            one = self._one(some, k)
            numbers, structure = one.result()
            if any(isinstance(x, Value) for x in numbers):
                return []
            if structure != outputs:
                return [one.failure("gives another nesting than f")]
            found = one.compare_with_plain_numbers([float(x) for x in numbers], structure)
            if found:
                return found
            allowed = one.reach(in_lanes) or [0.0] * outputs.size
            for i, x in enumerate(numbers):
                columns[i].append(float(x))
                off[i] += allowed[i]
        count = some.length if self._reduce == "mean" else 1
        for i, got in enumerate(_flat(parts)):
            want = _sum(columns[i]) / count
            rounding = len(columns[i]) * math.ulp(_size(columns[i]))
            near = abs(got - want) * count <= SLACK * (off[i] + rounding)
            if not (same_bits(got, want) or got == want or near):
                return [
                    CheckFailed(
                        f"compiled, vmap of {self._row._name} gives {got!r} for number {i} of its "
                        f"{self._reduce} over {some.length} rows, where the function gives {want!r}"
                    )
                ]
        return []


def _row_of(parts: Sequence[Any], i: int) -> list[float]:
    return [x for part in parts for x in part[i].ravel().tolist()]


def _flat(parts: Sequence[Any]) -> list[float]:
    return flatten(list(parts))[0]


def _sum(xs: Sequence[float]) -> float:
    """In whatever order: without an infinity or a NaN, rounded once."""
    return math.fsum(xs) if all(map(math.isfinite, xs)) else sum(xs)


def _size(xs: Sequence[float]) -> float:
    size = sum(map(abs, xs))
    return size if math.isfinite(size) else 0.0
