"""The source tree as data: modules, folders and imports, for tests and for a picture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


def name_of(path: Path) -> str:
    """`autograd/engine/value` for a module, `autograd/engine` for a folder's `__init__`."""
    return path.relative_to(SOURCE).with_suffix("").as_posix().removesuffix("/__init__")


MODULES = {
    name_of(path): path for top in ("autograd", "nn") for path in SOURCE.glob(f"{top}/**/*.py")
}
FOLDERS = {name for name, path in MODULES.items() if path.name == "__init__.py"}


def folder_of(name: str) -> str:
    return name if name in FOLDERS else name.rpartition("/")[0]


def tree_of(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text("utf-8"))


def purpose(folder: str) -> str:
    """The first line of a folder's docstring."""
    return (ast.get_docstring(tree_of(folder)) or "").partition("\n")[0]


def imports(name: str) -> Iterator[str]:
    """The dotted names that a module imports, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} uses a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_named(dotted: str) -> str | None:
    """The module of ours that an import takes something from: the longest prefix that is one."""
    parts = dotted.split(".")
    names = ("/".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((name for name in names if name in MODULES), None)


def folder_imports() -> dict[str, set[str]]:
    """Per folder, the folders that its modules import from; the public names count as none."""
    graph: dict[str, set[str]] = {folder: set() for folder in FOLDERS - {"autograd"}}
    for name in MODULES:
        found = {module_named(target) for target in imports(name)} - {None}
        if (folder := folder_of(name)) in graph and name not in FOLDERS:
            graph[folder] |= {folder_of(target) for target in found} - {folder, "autograd"}
    return graph
