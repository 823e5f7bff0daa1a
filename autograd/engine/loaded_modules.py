"""Modules that are asked for only if somebody else has loaded them."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["loaded", "quietly"]


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
