"""Build hook: compiles the engine ahead of time with mypyc, or leaves the package plain Python.

The environment variable CHAINRULE_PURE decides: `1` never compiles; `0` compiles, or fails and
shows the compiler's output; unset compiles where that works. A build that ends up uncompiled says
so in one line of its log (seen with `pip install -v`), and `autograd.compiled` tells ever after.
CHAINRULE_BUILD_CACHE may name a folder in which compiled modules are kept for the next build of the
same sources by the same Python.

An editable install is never compiled: a compiled module would have to lie in the source tree, where
it would hide later edits of its own source. For the same reason the compiler works on a copy in a
temporary directory, and nothing is left in the source tree.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENGINE = ["ieee", "gamma", "special", "statistics", "setting", "levels", "modes", "operands"]
ENGINE += ["primitive", "primitives", "hooks", "value", "apply", "observers", "backward"]
ENGINE += ["functions", "graph", "tape"]
TRANSFORMS = ["tape_sweeps"]
RECORDING = ["ir/flat_code", "ir/writing", "ir/templates", "ir/rewriting", "ir/passes"]
RECORDING += ["ir/bytecode", "ir/row_columns", "ir/finite_fast_path", "recording/reading"]
MODULES = [f"autograd/engine/{name}.py" for name in ENGINE]
MODULES += [f"autograd/transforms/{name}.py" for name in TRANSFORMS]
MODULES += [f"autograd/compiler/{name}.py" for name in RECORDING]
COMPILER = ["mypy[mypyc]==2.4.1", "setuptools>=77"]


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel, where there are to be any."""

    def dependencies(self) -> list[str]:
        return [] if self._reason_to_stay_pure("standard") else COMPILER

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        reason = self._reason_to_stay_pure(version) or self._compile(build_data)
        if reason:
            self.app.display_warning(
                f"chainrule is built uncompiled (slower, otherwise the same): {reason}"
            )

    def _reason_to_stay_pure(self, version: str) -> str:
        if version == "editable":
            return "this is an editable install; `pip install .` compiles"
        if os.environ.get("CHAINRULE_PURE") == "1":
            return "CHAINRULE_PURE is 1; unset it to compile"
        if sys.implementation.name != "cpython":
            return "mypyc compiles for CPython only; install with CPython to compile"
        return ""

    def _compile(self, build_data: dict[str, Any]) -> str:
        """Compile, and return "" or the reason why that did not work."""
        self.workshop = TemporaryDirectory(prefix="chainrule-")
        shop = Path(self.workshop.name)
        shutil.copytree(Path(self.root, "autograd"), shop / "autograd")
        built = shop / "compiled"
        script = Path(self.root, "mypyc_build.py")
        kept = _kept(shop, script)
        if kept is None or not kept.is_dir():
            reason = self._run_compiler(shop, script)
            if reason:
                return reason
            if kept is not None:
                shutil.copytree(built, kept)
        else:
            shutil.copytree(kept, built)
        for path in built.rglob("*.*"):
            build_data["force_include"][str(path)] = str(path.relative_to(built))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        return ""

    def _run_compiler(self, shop: Path, script: Path) -> str:
        command = [sys.executable, str(script), *MODULES]
        done = subprocess.run(
            command, cwd=shop, text=True, errors="replace", stdout=PIPE, stderr=STDOUT, check=False
        )
        if done.returncode:
            if os.environ.get("CHAINRULE_PURE") == "0":
                raise RuntimeError(f"chainrule could not be compiled:\n{done.stdout}")
            last_line = done.stdout.strip().rpartition("\n")[2]
            return (
                f"{shorten(last_line, 100)}; CHAINRULE_PURE=0 shows more (a C compiler is needed)"
            )
        return ""

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "workshop"):
            self.workshop.cleanup()


def _kept(shop: Path, script: Path) -> Path | None:
    """Where the modules that are compiled of these sources are kept, if they are to be."""
    cache = os.environ.get("CHAINRULE_BUILD_CACHE")
    if not cache:
        return None
    said = hashlib.sha256(f"{sys.version} {MODULES} {COMPILER}".encode())
    for path in (script, *sorted((shop / "autograd").rglob("*.[phi]*"))):
        if path.suffix in (".py", ".pyi", ".h"):
            said.update(f"{path.name} ".encode() + path.read_bytes())
    return Path(cache, said.hexdigest())
