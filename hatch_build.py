"""Build hook: compiles the engine ahead of time with mypyc, or leaves the package plain Python.

The environment variable CHAINRULE_PURE decides: `1` never compiles; `0` compiles, or fails and
shows the compiler's output; unset compiles where that works. Where no C compiler reads Python.h,
nothing is fetched for it. A build that ends up uncompiled says so in one line of its log (seen with
`pip install -v`), and `autograd.compiled` tells ever after. CHAINRULE_BUILD_CACHE may name a folder
in which compiled modules are kept for the next build of the same sources by the same Python.

An editable install is never compiled: a compiled module would have to lie in the source tree, where
it would hide later edits of its own source. For the same reason the compiler works on a copy in a
temporary directory, and nothing is left in the source tree.

What was compiled is tried before it is packed: build_checks.py says of what. An engine that this
Python doesn't suit is left out, as one that can't be compiled is.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENGINE = ["ieee", "gamma", "special", "statistics", "setting", "levels", "modes", "operands"]
ENGINE += ["primitive", "primitives", "hooks", "value", "apply", "observers", "backward"]
ENGINE += ["functions", "graph", "tape", "alone"]
TRANSFORMS = ["factor_graphs"]
RECORDING = ["ir/flat_code", "ir/written_lines", "ir/writing", "ir/templates", "ir/rounds"]
RECORDING += ["ir/rewriting", "ir/passes", "ir/bytecode", "ir/row_columns", "ir/repetitions"]
RECORDING += ["ir/finite_fast_path", "recording/reading", "recording/operation_columns"]
RECORDING += ["recording/recording_tape", "recording/sweep_order"]
MODULES = [f"autograd/engine/{name}.py" for name in ENGINE]
MODULES += [f"autograd/transforms/{name}.py" for name in TRANSFORMS]
MODULES += [f"autograd/compiler/{name}.py" for name in RECORDING]
FIND_LINKS = ("--find-links", "-f")
COMPILER = ["mypy[mypyc]==2.4.1", "setuptools>=77"]


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel, where there are to be any."""

    def dependencies(self) -> list[str]:
        kept = _kept(Path(self.root))
        if self._reason_to_stay_pure("standard") or (kept and kept.is_dir()):
            return []
        return COMPILER if _insists() or _can_be_had(COMPILER) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        reason = self._reason_to_stay_pure(version) or self._compile(build_data)
        if reason and _insists() and version != "editable":
            raise RuntimeError(f"chainrule could not be compiled: {reason}")
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
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            return "free-threaded Python counts references in another way; compile for the other"
        return _trouble_with_c()

    def _compile(self, build_data: dict[str, Any]) -> str:
        """Compile, and return "" or the reason why that did not work."""
        kept = _kept(Path(self.root))
        if kept and kept.is_dir():
            _pack(kept, build_data)
            return ""
        if not (find_spec("mypyc") and find_spec("setuptools")):
            return f"{' and '.join(COMPILER)}, which compile, are not here and can't be fetched"
        self.workshop = TemporaryDirectory(prefix="chainrule-")
        shop = Path(self.workshop.name)
        self._copy_sources(shop)
        for package in shop.rglob("__init__.py*"):
            package.write_text("")  # mypy would read all that they import, two thirds of its time
        built = shop / "compiled"
        reason = self._run_compiler(shop, Path(self.root, "mypyc_build.py")) or self._try(built)
        if reason:
            return reason
        if kept:
            built = shutil.copytree(built, kept)
        _pack(built, build_data)
        return ""

    def _copy_sources(self, folder: Path) -> None:
        shutil.copytree(Path(self.root, "autograd"), folder / "autograd")

    def _run_compiler(self, shop: Path, script: Path) -> str:
        done = _run(shop, script)
        if done.returncode:
            if _insists():
                raise RuntimeError(f"chainrule could not be compiled:\n{done.stdout}")
            last_line = done.stdout.strip().rpartition("\n")[2]
            return (
                f"{shorten(last_line, 100)}; CHAINRULE_PURE=0 shows more (a C compiler is needed)"
            )
        return ""

    def _try(self, built: Path) -> str:
        """Run what was compiled; "" or what is wrong with it."""
        with TemporaryDirectory(prefix="chainrule-") as folder:
            self._copy_sources(Path(folder))
            shutil.copytree(built, folder, dirs_exist_ok=True)
            done = _run(Path(folder), Path(self.root, "build_checks.py"))
        if done.returncode == 0:
            return ""
        said = shorten(done.stdout.strip().rpartition("\n")[2], 200)
        said = said or f"it ended with status {done.returncode}"
        return f"the compiled engine does not suit this Python: {said}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "workshop"):
            self.workshop.cleanup()


def _insists() -> bool:
    return os.environ.get("CHAINRULE_PURE") == "0"


def _trouble_with_c() -> str:
    """Why no C can be compiled that includes Python.h, or "". (On Windows, setuptools looks.)"""
    if sys.platform == "win32":
        return ""
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    flags = f"{os.environ.get('CFLAGS', '')} {os.environ.get('CPPFLAGS', '')}"
    places = [f"-I{sysconfig.get_path(name)}" for name in ("include", "platinclude")]
    command = [*shlex.split(f"{named} {flags}"), *places, "-E", "-x", "c", "-"]
    source = "#include <Python.h>"
    try:
        done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    except OSError as error:
        return f"a C compiler is needed: {error}"
    if done.returncode == 0:
        return ""
    said = next((x for x in done.stderr.splitlines() if "error" in x), "it fails")
    return f"a C compiler and Python.h are needed; `{named}`: {shorten(said, 150)}"


def _run(folder: Path, script: Path) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, about the modules that are compiled."""
    command = [sys.executable, str(script), *MODULES]
    return subprocess.run(
        command, cwd=folder, text=True, errors="replace", stdout=PIPE, stderr=STDOUT, check=False
    )


def _can_be_had(packages: list[str]) -> bool:
    """Whether pip can install these; True where there is no pip to ask (its like will say)."""
    if find_spec("mypyc") and find_spec("setuptools"):
        return True  # for a build without isolation
    command = [sys.executable, "-I", "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--retries=0", "--timeout=20", *_options_of_pip(), *packages]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return done.returncode == 0 or "No module named pip" in done.stderr


def _options_of_pip() -> list[str]:
    """`--no-index` and where to look instead, if pip, which runs this, was told so. It reads its
    settings and variables again; what stood on its command line only Linux tells."""
    try:
        words = Path(f"/proc/{os.getppid()}/cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return []
    if "--no-index" not in words:
        return []
    places = [word for word in words if word.startswith("--find-links=")]
    places += [f"--find-links={words[i + 1]}" for i, w in enumerate(words) if w in FIND_LINKS]
    return ["--no-index", *places]


def _kept(root: Path) -> Path | None:
    """Where the modules that are compiled of these sources are kept, if they are to be."""
    cache = os.environ.get("CHAINRULE_BUILD_CACHE")
    if not cache:
        return None
    said = hashlib.sha256(f"{sys.version} {MODULES} {COMPILER}".encode())
    for path in (root / "mypyc_build.py", *sorted((root / "autograd").rglob("*.[phi]*"))):
        if path.suffix in (".py", ".pyi", ".h"):
            said.update(f"{path.name} ".encode() + path.read_bytes())
    return Path(cache, said.hexdigest())


def _pack(built: Path, build_data: dict[str, Any]) -> None:
    """These modules into the wheel, which is then for this Python on this platform."""
    for path in built.rglob("*.*"):
        build_data["force_include"][str(path)] = str(path.relative_to(built))
    build_data["pure_python"] = False
    build_data["infer_tag"] = True
