"""What this processor does for several rows at once: how many numbers fit into one of its vectors,
and which functions there are for vectors.

glibc has vector forms of most functions of the C library in libmvec, within 4 units in the last
place; some others are written in `simd_math`. Otherwise the ordinary library is called for one lane
after the other; and always for what decisions hang on, so that they are those of the rows one by
one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from platform import machine
from typing import Final, NamedTuple

from autograd.compiler.ir.lowering import LIBRARY
from autograd.compiler.native.llvm_codegen import BINARY_LIBRARY
from autograd.compiler.native.machine import cpu, library_has
from autograd.compiler.native.vector_erf import OWN_ERF

__all__ = ["Vectors", "host_vectors"]

LIBMVEC: Final = "libmvec.so.1"
LETTERS: Final = {2: "b", 4: "d", 8: "e"}
"""Of the instruction sets (SSE, AVX2, AVX-512) in the names of vector functions: see the "Vector
Function Application Binary Interface Specification" of x86-64's libmvec."""


class Vectors(NamedTuple):
    """How many lanes; the name of the vector form of library functions that have one; whether the
    functions of `simd_math` are used; whether a vector is scaled by powers of two in one step."""

    lanes: int
    names: Mapping[str, str]
    own: bool
    scales: bool


@cache
def host_vectors(lanes: int = 0, library: bool = True, own: bool = True) -> Vectors:
    """This processor's vectors. `lanes` other than 0 asks for that many (any number works on any
    processor); libmvec and the functions of `simd_math` can be left out."""
    features = cpu()[1].split(",")
    widest = 8 if "+avx512f" in features else 4 if "+avx2" in features else 2
    lanes = lanes or widest
    # Without one rounding for a product and a sum those functions would lose their last digits.
    fused = "+fma" in features or machine() in ("aarch64", "arm64")
    is_own = own and fused and lanes > 1
    is_widest = lanes == widest == 8
    # Calling convention: a vector that is wider than the processor's is not handed over in one
    # register, as libmvec expects it.
    names = _libmvec(lanes) if library and lanes <= widest else {}
    own_names = {"erf": OWN_ERF} if is_own and is_widest else {}
    return Vectors(lanes, {**names, **own_names}, is_own, is_widest)


def _libmvec(lanes: int) -> dict[str, str]:
    letter = LETTERS.get(lanes)
    if letter is None or sys.platform != "linux" or machine() != "x86_64":
        return {}
    names = {
        name: f"_ZGV{letter}N{lanes}{'vv' if name in BINARY_LIBRARY else 'v'}_{name}"
        for name in LIBRARY
    }
    return {name: symbol for name, symbol in names.items() if library_has(LIBMVEC, symbol)}
