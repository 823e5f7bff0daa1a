#!/usr/bin/env python3
"""Prints the test files that what differs from main is likeliest to break, the nearest first.

A test file is near a module by the number of imports from the one to the other, and nearest by its
name; among those as near, the file that imports the fewest modules is the most about it. What is no
module (a page, a script, a style sheet) is near to the tests that name it. The smoke test and that
of the layout always come first.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALWAYS = ["tests/test_smoke.py", "tests/test_layers.py"]
FURTHEST = 4  # imports; nearly everything is nearer than twice that
MOST = 15  # files: more could not even be collected in the time


def changed(base: str = "main") -> set[str]:
    """The files that differ from where this branch left main, those not yet added included."""
    fork = _git("merge-base", "HEAD", base)[0]
    return {*_git("diff", "--name-only", fork), *_git("ls-files", "--others", "--exclude-standard")}


def _git(*arguments: str) -> list[str]:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE
    ).stdout.splitlines()


class Imports:
    """Which file imports which, names looked up where packages take them from."""

    def __init__(self) -> None:
        packages = [*ROOT.glob("autograd/**/*.py"), *ROOT.glob("nn/**/*.py")]
        self.files = {_module(path): path for path in packages}
        self.files |= {_module(path, ROOT / "tests"): path for path in ROOT.glob("tests/**/*.py")}
        self.nodes = {name: _about_imports(path) for name, path in self.files.items()}
        self.given = {name: self._given(name) for name in self.files}
        self.of = {name: set(self._imports(name)) for name in self.files}

    def _given(self, module: str) -> dict[str, tuple[str, str]]:
        """The names that a package has from elsewhere: the module, and the name there."""
        if self.files[module].name != "__init__.py":
            return {}
        given: dict[str, tuple[str, str]] = {}
        for node in self.nodes[module]:
            if isinstance(node, ast.ImportFrom) and node.module:
                for x in node.names:
                    given[x.asname or x.name] = (node.module, x.name)
            if isinstance(node, ast.Assign) and "_LAZY" in map(ast.unparse, node.targets):
                given |= {
                    name: (where, name) for name, where in ast.literal_eval(node.value).items()
                }
        return given

    def _imports(self, module: str) -> Iterator[str]:
        for node in self.nodes[module]:
            if isinstance(node, ast.Import):
                yield from (x.name for x in node.names if x.name in self.files)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (self._home(node.module, x.name) for x in node.names)

    def _home(self, module: str, name: str) -> str:
        """The module that `from module import name` is about."""
        if f"{module}.{name}" in self.files:
            return f"{module}.{name}"
        if name in self.given.get(module, {}):
            return self._home(*self.given[module][name])
        return module

    def distances(self, start: str) -> dict[str, int]:
        """How many imports each module is away that imports this one, directly or not."""
        found, edge = {start: 0}, {start}
        for away in range(1, FURTHEST + 1):
            edge = {name for name, its in self.of.items() if its & edge and name not in found}
            found |= dict.fromkeys(edge, away)
        return found


def _about_imports(path: Path) -> list[ast.AST]:
    kinds = (ast.Import, ast.ImportFrom, ast.Assign)
    return [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, kinds)]


def _module(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def nearest(files: set[str]) -> list[str]:
    """The test files for these changed ones."""
    imports = Imports()
    names = {str(path.relative_to(ROOT)): name for name, path in imports.files.items()}
    tests = [path for path in names if Path(path).match("tests/test_*.py")]
    away: dict[str, int] = {}
    for file in files:
        reached = imports.distances(names[file]) if file in names else _naming(file, tests, names)
        for test in tests:
            if test.endswith(f"/test_{Path(file).stem}.py"):
                away[test] = 0
            elif names[test] in reached:
                near = reached[names[test]]
                away[test] = min(near, away.get(test, near))
    order = sorted(away, key=lambda test: (away[test], len(imports.of[names[test]]), test))
    return [*ALWAYS, *[test for test in order if test not in ALWAYS][:MOST]]


def _naming(file: str, tests: list[str], names: dict[str, str]) -> dict[str, int]:
    """The tests that name a file which is no module, as near as those that import one."""
    said = Path(file).name if "." in Path(file).name else file
    return {names[test]: 1 for test in tests if said in (ROOT / test).read_text(encoding="utf-8")}


if __name__ == "__main__":
    print("\n".join(nearest(changed())))
