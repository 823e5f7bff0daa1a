"""JSON files: exact numbers, replaced in one go, and read without trusting what they hold.

JSON has no word for NaN and the infinities: they become the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from math import isfinite
from typing import Any, TypeAlias

from nn.replacing import replace_file

__all__ = ["FilePath", "encoded", "read_json", "read_number", "write_json"]

FilePath: TypeAlias = str | os.PathLike[str]

NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def encoded(document: Any) -> Any:
    """`document` with strings for the numbers that JSON has no word for.

    >>> encoded({"loss": [1.5, float("nan")]})
    {'loss': [1.5, 'nan']}
    """
    return _mapped(lambda x: str(x) if isinstance(x, float) and not isfinite(x) else x, document)


def _mapped(convert: Callable[[Any], Any], document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _mapped(convert, entry) for key, entry in document.items()}
    if isinstance(document, (list, tuple)):
        return [_mapped(convert, entry) for entry in document]
    return convert(document)


def read_number(where: str, x: Any) -> float:
    """The float that `encoded` wrote; `where` names it in the error for anything else.

    >>> read_number("loss", 1.5), read_number("loss", "inf")
    (1.5, inf)
    """
    if isinstance(x, str) and x in NOT_FINITE:
        return NOT_FINITE[x]
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        raise TypeError(f"{where} must be a number, got the {type(x).__name__} {x!r:.80}")
    try:
        return float(x)
    except OverflowError:
        raise ValueError(f"{where} does not fit a float: {x!s:.20}...") from None


def write_json(path: FilePath, document: Any, *, indent: int | None = 1) -> None:
    """Write `document`. A file that is there is replaced in one go or, if anything fails, kept; a
    device or a pipe is written to."""
    text = json.dumps(encoded(document), indent=indent, allow_nan=False)
    replace_file(path, text + "\n")


def read_json(path: FilePath) -> dict[str, Any]:
    """The object in a JSON file.

    Raises ValueError for what is not one, and for a key that stands twice in an object: it would be
    a guess which of the two is meant.
    """
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        document = json.loads(text, object_pairs_hook=_without_repeats)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"it holds no object but a {type(document).__name__}")
    return document


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r:.80} stands twice")
    return found
