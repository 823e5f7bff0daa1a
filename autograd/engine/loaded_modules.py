"""Modules that are asked for only if somebody else has loaded them, and which are libraries."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any, Final

__all__ = ["LIBRARIES", "OURS", "is_library", "loaded", "package_of", "quietly"]

OURS: Final = frozenset(["autograd", "nn"])
LIBRARIES: Final = sys.stdlib_module_names | OURS | {"numpy", "scipy"}


def loaded(name: str) -> Any:
    """The module of this name, if it is loaded, and entirely; None while it is being imported, as
    another thread may be doing right now: then nobody can have anything of it yet.

    >>> loaded("sys") is sys
    True
    """
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return None if getattr(spec, "_initializing", False) else module


def quietly() -> AbstractContextManager[Any]:
    """Without NumPy's warnings, as of floats outside a function's domain."""
    numpy = loaded("numpy")
    return nullcontext() if numpy is None else numpy.errstate(all="ignore")


def package_of(frame: FrameType) -> str:
    """The package to which the code that runs in a frame belongs."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def is_library(module: object) -> bool:
    """Whether the module of this name is Python's, ours, NumPy's or SciPy's, and not the user's.

    >>> is_library("numpy.linalg"), is_library("train")
    (True, False)
    """
    return str(module).partition(".")[0] in LIBRARIES
