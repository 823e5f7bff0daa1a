"""Replacing a file in one go, through a draft beside it.

No reader meets half a file, even after a crash. What is no regular file (a device, a pipe) is not
ours to replace, and is written to.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

__all__ = ["replace_file"]

LONGEST = 240  # bytes of a file's name that leave room for the rest of the draft's
TRIES = 100


def replace_file(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` to the file, which is replaced in one go or, if anything fails, left as it is.

    A link stays a link, a device or pipe stays what it is. Drafts of this file that a killed
    process left behind are removed.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(2, "there is no such directory; make it first", os.fspath(path))
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            with target.open("w", encoding="utf-8") as file:
                file.write(text)
            return
        if not os.access(target, os.W_OK):
            raise PermissionError(13, "the file may not be written", os.fspath(path))
    _remove_stale_drafts(target)
    with _draft_of(target) as (draft, file):
        if target.exists():
            # Before anything is in it: a private file stays private.
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        if _fcntl() is None:
            file.close()  # Windows does not rename what is open
        os.replace(draft, target)


@contextmanager
def _draft_of(target: Path) -> Iterator[tuple[Path, IO[str]]]:
    """A new file beside the target, locked while it is written, and gone if that fails."""
    for _ in range(TRIES):
        draft = target.with_name(f"{_prefix(target)}{os.urandom(4).hex()}.tmp")
        file = draft.open("x", encoding="utf-8")
        try:
            with suppress(OSError):  # a file system without locks
                _lock(file)
            if os.fstat(file.fileno()).st_nlink:  # else swept away before it was locked
                yield draft, file
                return
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        finally:
            file.close()
    raise OSError(f"no draft could be made beside {os.fspath(target)!r}")


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > LONGEST:
        from hashlib import sha256  # slow to import, and hardly ever needed

        name = sha256(os.fsencode(name)).hexdigest()[:16]
    return f".{name}."


def _remove_stale_drafts(target: Path) -> None:
    """Those that nobody has locked: whoever was writing them is dead."""
    if _fcntl() is None:
        return
    pattern = re.compile(re.escape(_prefix(target)) + "[0-9a-f]{8}[.]tmp")
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                _remove_if_stale(entry)


def _remove_if_stale(entry: os.DirEntry[str]) -> None:
    found = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        return
    with suppress(OSError), open(entry.path, "rb") as file:
        _lock(file, wait=False)
        os.unlink(entry.path)


def _lock(file: IO[Any], wait: bool = True) -> None:
    """Until it is closed, or its process ends. Raises BlockingIOError instead of waiting."""
    if fcntl := _fcntl():
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _fcntl() -> Any:
    """None on Windows, where drafts can't be told to be stale."""
    with suppress(ImportError):
        return import_module("fcntl")
    return None
