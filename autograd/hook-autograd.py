"""What PyInstaller can't see of Chainrule: modules that are imported by name when they are first
used, those that compiled modules import, data files, and the program that draws."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pkgutil import walk_packages

import autograd
import nn
from autograd.drawing.graphviz_program import bundled_dot

CODE = {".py", ".pyc", ".pyi", ".so", ".pyd"}
PACKAGES = (autograd, nn)


def _data_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Each with the folder it belongs into, as PyInstaller has it."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in CODE:
            yield str(path), str(path.parent.relative_to(folder.parent))


hiddenimports = [
    module.name
    for package in PACKAGES
    for module in walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith((".hook-autograd", ".__main__"))
]
datas = [file for package in PACKAGES for file in _data_files(Path(package.__path__[0]))]
binaries = [(path, ".") for path in [bundled_dot()] if path]
