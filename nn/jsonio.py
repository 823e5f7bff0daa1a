"""JSON files of numbers: exact, replaced in one go, and without a pickle.

JSON has no word for NaN and the infinities: they become the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import os
from math import isfinite
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from typing import Any, TypeAlias

FilePath: TypeAlias = str | os.PathLike[str]

NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def plain(document: Any) -> Any:
    """`document` with words for the numbers that JSON cannot say.

    >>> plain({"loss": [1.5, float("nan")]})
    {'loss': [1.5, 'nan']}
    """
    if isinstance(document, float):
        return document if isfinite(document) else str(document)
    if isinstance(document, dict):
        return {key: plain(held) for key, held in document.items()}
    if isinstance(document, (list, tuple)):
        return [plain(held) for held in document]
    return document


def numbers(document: Any) -> Any:
    """The reverse of `plain`.

    >>> numbers({"loss": [1.5, "inf"]})
    {'loss': [1.5, inf]}
    """
    if isinstance(document, str):
        return NOT_FINITE.get(document, document)
    if isinstance(document, dict):
        return {key: numbers(held) for key, held in document.items()}
    if isinstance(document, list):
        return [numbers(held) for held in document]
    return document


def write_json(path: FilePath, document: Any, *, indent: int | None = 1) -> None:
    """Write `document`; a file that is there is replaced in one go or, if anything fails, left."""
    text = json.dumps(plain(document), indent=indent, allow_nan=False)
    _write_atomically(Path(path), text + "\n")


def _write_atomically(path: Path, text: str) -> None:
    """Through a neighbouring file, so that neither a reader nor a crash ever meets half of it."""
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
