"""JSON files of numbers: exact, and replaced in one go.

JSON has no word for NaN and the infinities: they become the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from typing import Any, TypeAlias

__all__ = ["FilePath", "decoded", "encoded", "write_json"]

FilePath: TypeAlias = str | os.PathLike[str]

NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def encoded(document: Any) -> Any:
    """`document` with strings for the numbers that JSON has no word for.

    >>> encoded({"loss": [1.5, float("nan")]})
    {'loss': [1.5, 'nan']}
    """
    return _mapped(lambda x: str(x) if isinstance(x, float) and not isfinite(x) else x, document)


def decoded(document: Any) -> Any:
    """The reverse of `encoded`.

    >>> decoded({"loss": [1.5, "inf"]})
    {'loss': [1.5, inf]}
    """
    return _mapped(lambda x: NOT_FINITE.get(x, x) if isinstance(x, str) else x, document)


def _mapped(convert: Callable[[Any], Any], document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _mapped(convert, entry) for key, entry in document.items()}
    if isinstance(document, (list, tuple)):
        return [_mapped(convert, entry) for entry in document]
    return convert(document)


def write_json(path: FilePath, document: Any, *, indent: int | None = 1) -> None:
    """Write `document`. A file that is there is replaced in one go or, if anything fails, kept."""
    text = json.dumps(encoded(document), indent=indent, allow_nan=False)
    _write_atomically(Path(path), text + "\n")


def _write_atomically(path: Path, text: str) -> None:
    """Through a neighbouring file, so that no reader meets half of it, even after a crash."""
    path = path.resolve()  # a link stays a link
    draft = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            copymode(path, draft)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
