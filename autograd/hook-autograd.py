"""What PyInstaller can't see of Chainrule: modules that are imported by name when they are first
used, those that compiled modules import, data files, and the program that draws."""

from __future__ import annotations

from PyInstaller.utils.hooks import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
    collect_data_files,
    collect_submodules,
)

from autograd.drawing.graphviz_program import bundled_dot

hiddenimports = [*collect_submodules("autograd"), *collect_submodules("nn")]
datas = [*collect_data_files("autograd"), *collect_data_files("nn")]
binaries = [(path, ".") for path in [bundled_dot()] if path]
