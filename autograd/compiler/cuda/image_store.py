"""Compiled kernels, kept from one process to the next: by a digest of the text, the architecture,
and the compiler's version and options.

In the folder that the environment variable CHAINRULE_CUDA_CACHE names; empty, it keeps none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["CONTROL", "kept_or_made"]

CONTROL: Final = "CHAINRULE_CUDA_CACHE"
DIGEST: Final = hashlib.sha256().digest_size


def kept_or_made(key: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
    """The image of a key: from the folder, or made and kept there. A folder that can't be written
    to, and a file that is damaged, are as if there were none."""
    folder = _folder()
    if folder is None:
        return make()
    file = folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.bin"
    found = _read(file)
    if found is None:
        found = make()
        _write(file, found)
    return found


def _folder() -> Path | None:
    named = os.environ.get(CONTROL)
    if named is not None:
        return Path(named) if named else None
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # nobody's home
        return None
    return Path(base) / "chainrule" / "cuda"


def _read(file: Path) -> bytes | None:
    try:
        data = file.read_bytes()
    except OSError:
        return None
    digest, image = data[:DIGEST], data[DIGEST:]
    return image if hashlib.sha256(image).digest() == digest else None


def _write(file: Path, image: bytes) -> None:
    import tempfile

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(hashlib.sha256(image).digest() + image)
        os.replace(name, file)  # whole or not at all, whoever else writes it
    except OSError:
        return
