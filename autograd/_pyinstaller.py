"""For PyInstaller, which asks the entry point `pyinstaller40` where a package's hooks are: this
package's, `hook-autograd.py`, names what no import statement does."""

from __future__ import annotations

import os

__all__ = ["hook_folders"]


def hook_folders() -> list[str]:
    """The folder of the hook."""
    return [os.path.dirname(__file__)]
