"""The kernels of a program with its loops. What rounds leave for later stands in memory that every
thread has for itself, number by number beside those of the other threads: they read it together.
"""

from __future__ import annotations

from typing import ClassVar

from autograd.compiler.cuda.kernel_prelude import LANES, PRELUDE
from autograd.compiler.cuda.kernel_writer import (
    INDENT,
    Places,
    adding_frame,
    called_often,
    filling_frame,
)
from autograd.compiler.cuda.special_kernels import functions_for
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.sources import Sources
from autograd.compiler.native.loop_c_codegen import LoopCLines

__all__ = ["LoopedKernels"]


class LoopedKernels:
    """The texts of both kernels, each of which takes a pointer `scratch` behind its other arrays;
    `scratch` is how many numbers a thread has there."""

    def __init__(self, program: Program, layout: Sources, places: Places) -> None:
        lines = _RowLines(program, layout)
        self._places = places
        self._guarded = bool(program.guards)
        self._results = len(layout.rolled.results)
        self._groups = -(-self._results // LANES)
        self.scratch = lines.work + self._results + self._groups
        inputs = places.parameters()
        arguments = ", ".join(places.arguments())
        one = ", ".join([*inputs, "long long i", "long j"])
        own = ["long long i", "double *work", "double *out", "long long width"]
        self._row = [
            PRELUDE,
            *functions_for(program.names),
            *called_often(lines.whole),
            *lines.declared,
            f"static __device__ __forceinline__ double input({one})",
            "{",
            f"{INDENT}return {_chosen(places)};",
            "}",
            f"#define IN(j) input({arguments}, i, j)",
            "",
            "/* -1, or the number of the guard that fails. */",
            f"static __device__ int row({', '.join([*inputs, *own])})",
            "{",
            *lines.whole,
            "}",
            "",
        ]

    @property
    def _call(self) -> str:
        return f"row({', '.join(self._places.arguments())}, i, work, out, width) >= 0"

    def _memory(self, depth: int) -> list[str]:
        margin = INDENT * depth
        return [
            f"{margin}const long long width = (long long)gridDim.x * THREADS;",
            f"{margin}double *const out = scratch + (long long)blockIdx.x * THREADS + threadIdx.x;",
            f"{margin}double *const sums = out + {self._results} * width;",
            f"{margin}double *const work = sums + {self._groups} * width;",
        ]

    def filling(self, name: str = "fill") -> str:
        """As `filling_kernel`."""
        margin = INDENT * 4
        body = [*self._memory(4), f"{margin}if ({self._call}) break;"]
        first = 0
        for k, size in enumerate(self._places.results):
            source = f"out[(k + {first}) * width]"
            body.append(
                f"{margin}for (int k = 0; k < {size}; k++) y{k}[i * {size} + k] = {source};"
            )
            first += size
        frame = filling_frame(name, self._places, self._guarded, body, ["double *scratch"])
        return "\n".join([*self._row, *frame, ""])

    def adding(self, name: str = "add") -> str:
        """As `adding_kernel`."""
        groups, margin = self._groups, INDENT * 3
        body = [
            f"{margin}is_left |= ({self._call}) && is_row;",
            f"{margin}for (int group = 0; group < {groups}; group++) {{",
            f"{margin}    const int left = {self._results} - group * {LANES};",
            f"{margin}    const int size = left < {LANES} ? left : {LANES};",
            f"{margin}    for (int j = 0; j < size; j++)",
            f"{margin}        tile[33 * j + lane] = out[(group * {LANES} + j) * width];",
            f"{margin}    double *const sum = sums + group * width;",
            f"{margin}    *sum = *sum + over_lanes(tile, lane, lanes, size);",
            f"{margin}}}",
        ]
        begun = [
            *self._memory(0),
            f"for (int group = 0; group < {groups}; group++) sums[group * width] = 0.0;",
        ]
        written = [
            f"for (int group = 0; group < {groups}; group++) {{",
            f"{INDENT}const int k = group * {LANES} + lane;",
            f"{INDENT}if (k < {self._results})",
            f"{INDENT * 2}partial[chunk * {self._results} + k] = sums[group * width];",
            "}",
        ]
        parameters = [*self._places.parameters(), "double *scratch"]
        return "\n".join(
            [*self._row, *adding_frame(name, parameters, self._results, begun, body, written), ""]
        )


class _RowLines(LoopCLines):
    """The body of the function of one row."""

    constant: ClassVar = "static __device__ const"

    def at(self, array: str, index: str) -> str:
        if array == "in":
            return f"IN({index})"
        return f"{array}[{index}]" if array.startswith("table") else f"{array}[({index}) * width]"

    def pointer(self, array: str, offset: int) -> str:
        return f"    double *const {array} = work + {offset} * width;"

    def memory_of_all(self) -> list[str]:
        return []

    def leave(self, status: str, margin: str) -> list[str]:
        return [f"{margin}return (int)({status});"]


def _chosen(places: Places) -> str:
    """Input `j`, in row `i`: by the first of the slots that follow each other in one array."""
    runs: list[tuple[int, int, int]] = []
    for slot, (array, index) in enumerate(places.slots):
        if not runs or runs[-1][1] != array or index - slot != runs[-1][2] - runs[-1][0]:
            runs.append((slot, array, index))
    text = ""
    for n, (slot, array, index) in enumerate(runs):
        shift = index - slot
        shown = "j" if shift == 0 else f"(j + {shift})"
        number = places.at(array, shown)
        text += number if n == len(runs) - 1 else f"j < {runs[n + 1][0]} ? {number} : "
    return text or "0.0"
