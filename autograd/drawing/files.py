"""Files of pictures, written beside and put in place in one go: none is ever half a file."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from secrets import token_hex
from shutil import copymode

__all__ = ["write_file"]


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or, if anything fails, leave what is there as it is.

    A link stays a link, to the new content. What is no regular file (a device, a FIFO) is written
    to and stays what it is. Raises OSError as `open` would.
    """
    exists = os.path.exists(path)
    if exists and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as file:
            file.write(content)
        return
    target = os.path.realpath(path)
    if not os.path.isdir(os.path.dirname(target)):
        raise FileNotFoundError(2, "there is no such directory; make it first", os.fspath(path))
    draft = os.path.join(os.path.dirname(target), f".{token_hex(8)}.tmp")
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if exists:
            copymode(target, draft)
        os.replace(draft, target)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.remove(draft)
        if isinstance(error, OSError):
            error.filename = os.fspath(path)  # the draft means nothing
            del error.filename2  # None would be printed
        raise
