"""What a processor does for several rows at once: how many numbers fit into one of its vectors, and
the functions of the C library that come in vectors.

glibc has such functions in libmvec, within 4 units in the last place. Where there is no libmvec the
ordinary library is called for one lane after the other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from platform import machine
from typing import Final, NamedTuple

from autograd.compiler.lowering import LIBRARY
from autograd.compiler.machine import cpu, library_has

__all__ = ["Vectors", "host_vectors"]

LIBMVEC: Final = "libmvec.so.1"
LETTERS: Final = {2: "b", 4: "d", 8: "e"}  # of the instruction sets in libmvec's names
BINARY: Final = frozenset(["pow", "atan2", "hypot", "fmod"])


class Vectors(NamedTuple):
    """How many lanes, and the name of the vector form of library functions that have one."""

    lanes: int
    names: Mapping[str, str]


@cache
def host_vectors(lanes: int = 0, library: bool = True) -> Vectors:
    """This processor's vectors. `lanes` other than 0 asks for that many (any number works on any
    processor), `library=False` leaves libmvec out."""
    lanes = lanes or _widest()
    return Vectors(lanes, _libmvec(lanes) if library else {})


def _widest() -> int:
    _, features = cpu()
    for lanes, feature in ((8, "+avx512f"), (4, "+avx2")):
        if feature in features.split(","):
            return lanes
    return 2


def _libmvec(lanes: int) -> dict[str, str]:
    letter = LETTERS.get(lanes)
    if letter is None or sys.platform != "linux" or machine() != "x86_64":
        return {}
    names = {
        name: f"_ZGV{letter}N{lanes}{'vv' if name in BINARY else 'v'}_{name}" for name in LIBRARY
    }
    return {name: symbol for name, symbol in names.items() if library_has(LIBMVEC, symbol)}
