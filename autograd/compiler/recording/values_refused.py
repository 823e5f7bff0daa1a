"""Errors that a function raises of Values and not of plain numbers: what to write instead."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from itertools import islice
from linecache import getline
from types import TracebackType
from typing import Final

from autograd.engine.modes import is_users
from autograd.engine.primitives import TABLE
from autograd.engine.text import place

__all__ = ["CLUMSY", "of_values"]

CLUMSY: Final = (TypeError, AttributeError, ValueError, struct.error)
"""What Python and NumPy raise of an object that is no float."""

TO_FLOAT: Final = "converting a Value to float would lose its gradient"


def of_values(error: Exception, function: str, data: Sequence[str]) -> str:
    """The message that stands for such an error; `data` are the names of arguments that may as well
    be static."""
    named = f"name {' or '.join(data)}" if data else "name an argument that is hashable"
    step = _last_step(error)
    where = "" if step is None else f" ({_place(step)})"
    said = str(error)
    remedy = (
        "int(...) where a whole number is meant (which is guarded) and autograd's functions "
        "elsewhere (math.isnan(v) is v != v)"
    )
    if said.startswith(TO_FLOAT):  # the rest of it is as long as this, and of Values in general
        said = TO_FLOAT
        remedy = _ours(step) or f"{remedy}, dtype=object for a NumPy array that is to hold Values"
    return (
        f"{function}{where} raises an error of the Values that it is recorded with, and none of "
        f"plain numbers: {type(error).__name__}: {said}; write {remedy}, or {named} in "
        "static_argnames"
    )


def _last_step(error: Exception) -> TracebackType | None:
    """The last on the way to it in code of the user's."""
    found, step = None, error.__traceback__
    while step is not None:
        found = step if is_users(step.tb_frame) else found
        step = step.tb_next
    return found


def _place(step: TracebackType) -> str:
    return place(f"{step.tb_frame.f_code.co_filename}, line {step.tb_lineno}")


def _ours(step: TracebackType | None) -> str:
    """What to write instead of the call of `math` that the error is of; "" for another."""
    if step is None:
        return ""
    code = step.tb_frame.f_code
    places = islice(code.co_positions(), step.tb_lasti // 2, None)
    line, _, start, _ = next(places, (None, None, None, None))
    text = getline(code.co_filename, line or 0).encode()[start:].decode("utf-8", "replace")
    called = re.match(r"math\.(\w+)\(", text)
    if called is not None and called[1] == "isnan":
        return "v != v instead of math.isnan(v)"
    if called is None or called[1] not in TABLE:
        return ""
    return f"autograd.{called[1]} instead of math.{called[1]}"
