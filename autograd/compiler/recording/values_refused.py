"""Errors that a function raises of Values and not of plain numbers: what to write instead."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from autograd.engine.modes import is_users
from autograd.engine.text import place

__all__ = ["CLUMSY", "of_values"]

CLUMSY: Final = (TypeError, AttributeError, ValueError, struct.error)
"""What Python and NumPy raise of an object that is no float."""


def of_values(error: Exception, function: str, data: Sequence[str]) -> str:
    """The message that stands for such an error; `data` are the names of arguments that may as well
    be static."""
    named = f"name {' or '.join(data)}" if data else "name an argument that is hashable"
    return (
        f"{function} raises an error of the Values that it is recorded with, and none of plain "
        f"numbers: {type(error).__name__}: {error}{_line(error)}; write int(...) where a whole "
        f"number is meant (which is guarded) and autograd's functions elsewhere, or {named} in "
        "static_argnames"
    )


def _line(error: Exception) -> str:
    """The last of the user's lines on the way to it."""
    found = ""
    step = error.__traceback__
    while step is not None:
        if is_users(step.tb_frame):
            found = f" ({place(f'{step.tb_frame.f_code.co_filename}, line {step.tb_lineno}')})"
        step = step.tb_next
    return found
