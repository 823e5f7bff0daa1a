"""Warnings about a compiled function, at the line that calls it."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn", "warn_of_llvm"]


def warn(text: str) -> None:
    """A RuntimeWarning."""
    warnings.warn(text, RuntimeWarning, stacklevel=_frames_of_ours())


def warn_of_llvm(error: Exception, operations: int) -> None:
    """That it failed, and what becomes of the program."""
    warn(
        f"LLVM could not compile a program of {operations:,} instructions ({error}): it is "
        "interpreted, which is slower and gives the same"
    )


def _frames_of_ours() -> int:
    """How many frames up the stack the code is that called us, as `warnings` counts them."""
    count = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("autograd."):
        frame = frame.f_back
        count += 1
    return count
