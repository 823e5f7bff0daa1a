"""Standardising: numbers around 0 of a size around 1, which networks learn best from."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite, sqrt
from operator import mul
from typing import Any, ClassVar

from nn.array_rows import ArrayRows, first_missing, number_array
from nn.module import Module
from nn.validation import Vector, as_count, as_float, as_list, as_vector, counted

__all__ = ["Scaler", "mean_and_spread"]


class Scaler(Module):
    """(x - mean) / scale, of each input by itself; what it gets itself, until it is measured.

    Mean and scale belong to the model, and are in its file, but no training moves them. The scale
    is the standard deviation; 1 for a column that does not vary. `fit(..., scale=True)` measures
    the training data, and `Scaler.from_rows` other data.

    >>> scaler = Scaler.from_rows([[1.0, 5.0], [3.0, 5.0]])
    >>> scaler.mean, scaler.scale
    ([2.0, 5.0], [1.0, 1.0])
    >>> scaler([4.0, 5.0])
    [2.0, 0.0]
    """

    buffers: ClassVar[Sequence[str]] = ("mean", "scale")

    def __init__(self, n_inputs: int) -> None:
        n_inputs = as_count("n_inputs", n_inputs)
        self.mean = [0.0] * n_inputs
        self.scale = [1.0] * n_inputs

    @classmethod
    def from_rows(cls, X: Any) -> Scaler:
        """One that is measured on these rows."""
        array = number_array(X)
        if array is not None:
            array = array.reshape(len(array), -1)
            if (place := first_missing(array)) is not None:
                _finite(f"X[{place[0]}][{place[1]}]", float(array[place]))  # an error
            scaler = cls(array.shape[1])
            scaler.measure(ArrayRows(array))
            return scaler
        rows = as_list(X) or ()
        columns = list(zip(*[as_list(row) or [row] for row in rows], strict=True))
        if not columns:
            raise ValueError(f"X must have a row of numbers for each sample, got {X!r:.80}")
        scaler = cls(len(columns))
        scaler.measure(rows)
        return scaler

    @property
    def n_inputs(self) -> int:
        """How many numbers it takes."""
        return len(self.mean)

    @property
    def measured(self) -> bool:
        """Whether it does anything."""
        return any(self.mean) or any(s != 1.0 for s in self.scale)

    def measure(self, rows: Sequence[Any]) -> None:
        """Take mean and standard deviation from these rows. Raises TypeError or ValueError, naming
        the entry, for what is no finite number; then nothing changes."""
        if isinstance(rows, ArrayRows):
            self._measure_array(rows)
            return
        numbers = [
            [_finite(f"X[{i}][{j}]", x) for j, x in enumerate(as_vector(row, self.n_inputs, self))]
            for i, row in enumerate(rows)
        ]
        if not numbers:
            raise ValueError("X must have a row for each sample, got none")
        measures = [mean_and_spread(column) for column in zip(*numbers, strict=True)]
        self.mean, self.scale = [m for m, _ in measures], [s for _, s in measures]

    def _measure_array(self, rows: ArrayRows) -> None:
        as_vector([0.0] * rows.width, self.n_inputs, self)  # an error, for another width
        measures = [_measured(rows.column(j)) for j in range(rows.width)]
        self.mean, self.scale = [m for m, _ in measures], [s for _, s in measures]

    def restored(self, x: Any) -> Any:
        """The reverse: mean + scale·x, of a row, or of a single number."""
        entries = as_list(x)
        single = entries is None
        vector = as_vector([x] if single else entries, self.n_inputs, self)
        out = [m + s * e for e, m, s in zip(vector, self.mean, self.scale, strict=True)]
        return out[0] if single else out

    def scaled(self, x: Any) -> Any:
        """As a call; of a single number a single one."""
        return self([x])[0] if as_list(x) is None else self(x)

    def __call__(self, x: Vector) -> list[Any]:
        vector = as_vector(x, self.n_inputs, self)
        return [(e - m) / s for e, m, s in zip(vector, self.mean, self.scale, strict=True)]

    def _settings(self) -> dict[str, Any]:
        return {"n_inputs": self.n_inputs}

    def __repr__(self) -> str:
        state = "" if self.measured else ", not measured"
        return f"Scaler({counted(self.n_inputs, 'input')}{state})"


def _finite(where: str, x: Any) -> float:
    number = as_float(where, x)
    if not isfinite(number):
        raise ValueError(f"{where} is {number}, and has no mean with others")
    return number


def mean_and_spread(column: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation; 1 where the numbers are equal. Nothing overflows on the way."""
    low, high = min(column), max(column)
    if low == high:
        return low, 1.0
    unit = max(abs(low), abs(high))
    parts = [x / unit for x in column]
    mean = fsum(parts) / len(parts)
    deviations = [x - mean for x in parts]
    spread = sqrt(fsum(map(mul, deviations, deviations)) / len(parts)) * unit
    return mean * unit, spread or 1.0


def _measured(column: Any) -> tuple[float, float]:
    """The same of an array, to the last bit."""
    low, high = float(column.min()), float(column.max())
    if low == high:
        return low, 1.0
    unit = max(abs(low), abs(high))
    parts = column / unit
    mean = fsum(parts.tolist()) / len(parts)
    deviations = parts - mean
    spread = sqrt(fsum((deviations * deviations).tolist()) / len(parts)) * unit
    return mean * unit, spread or 1.0
