"""JupyterLite for the site: the notebooks, run in the browser by the engine of this checkout.

JupyterLite's own pages come from its packages in the environment. Its kernel is given the Pyodide
and the Graphviz of the playground (jupyterlite/python.mjs), and a lock file of packages that lie
beside it: the pure wheel, and what the kernel imports, packed from this environment. So nothing is
fetched, neither while it is built nor from another host while it runs.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playground import build as playground

from website.browser_notebooks import in_browser
from website.staging import notebooks

__all__ = ["FOLDER", "build_jupyterlite"]

HERE = Path(__file__).resolve().parent
FOLDER = "jupyterlite"  # of the site
INDEX = "all.json"  # of its notebooks
KERNEL = "@jupyterlite/pyodide-kernel-extension"
WHEELS = ("pyodide_kernel", "ipykernel", "widgetsnbextension-4")  # that come with the kernel
ROOTS = ("ipython", "jedi", "comm", "anywidget", "graphviz", "mypy_extensions")
BROWSER = {"sys_platform": "emscripten", "platform_machine": "wasm32", "extra": ""}
# Nothing is installed from a page that asks no other host.
REFUSAL = "this page asks no other host for anything, so nothing can be installed here"
SAY_SO = f"print({REFUSAL!r})"
NO_INSTALLER = {
    "micropip": {"micropip/__init__.py": ""},
    "piplite": {
        "piplite/__init__.py": f"async def install(*_, **__):\n    raise OSError({REFUSAL!r})\n",
        "piplite/piplite.py": "",
        "piplite/cli.py": f"async def get_transformed_code(_):\n    return {SAY_SO!r}\n",
    },
}


def build_jupyterlite(out: Path) -> None:
    """Write JupyterLite into a folder beside the playground's."""
    if importlib.util.find_spec("jupyterlite_core") is None:
        raise SystemExit('JupyterLite is not installed: pip install ".[docs]"')
    with TemporaryDirectory(prefix="lite-") as folder:
        options = ["--apps=notebooks", "--no-sourcemaps", "--no-unused-shared-packages"]
        places = [f"--lite-dir={folder}", f"--output-dir={out}"]
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--no-libarchive"]
        done = subprocess.run(
            [*command, *options, *places], cwd=folder, text=True, capture_output=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"jupyter lite build failed:\n{(done.stdout + done.stderr)[-3000:]}")
    python = out / "python"
    python.mkdir()
    shutil.copyfile(HERE / "jupyterlite" / "python.mjs", python / "python.mjs")
    write_packages(python, out / "extensions" / KERNEL / "static" / "pypi")
    write_notebooks(out)
    write_settings(out)
    add_icons(out)
    for left in out.glob("rspack.config*.js"):
        left.unlink()
    shutil.rmtree(out / "doc", ignore_errors=True)


def write_settings(out: Path) -> None:
    path = out / "jupyter-lite.json"
    settings = json.loads(path.read_text("utf-8"))
    page = settings["jupyter-config-data"]
    page["appName"] = "Chainrule"
    page["contentsAllJsonFile"] = INDEX
    page["litePluginSettings"] = {
        f"{KERNEL}:kernel": {
            "pyodideUrl": "./python/python.mjs",
            "disablePyPIFallback": True,
            "loadPyodideOptions": {"packages": ["micropip", "piplite", *ALREADY]},
        }
    }
    page["settingsOverrides"] = {
        "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    }
    path.write_text(json.dumps(settings, indent=2), "utf-8")


def add_icons(out: Path) -> None:
    """The notebook's icon where its page looks for it: JupyterLite ships it elsewhere, and a
    browser that finds none asks the server's root."""
    page = out / "notebooks" / "index.html"
    text = page.read_text("utf-8").replace(
        "</title>", '</title>\n    <link rel="icon" href="favicon.ico">', 1
    )
    page.write_text(text, "utf-8")
    icons = out / "static" / "favicons"
    icons.mkdir(parents=True, exist_ok=True)
    for name in ("favicon-notebook.ico", "favicon-busy-1.ico"):
        shutil.copyfile(out / "notebooks" / "favicon.ico", icons / name)


# -- packages --------------------------------------------------------------------------------------

ALREADY = (
    "ipykernel",
    "comm",
    "pyodide-kernel",
    "jedi",
    "ipython",
)  # else the kernel installs them


def write_packages(folder: Path, kernel: Path) -> None:
    """Every package as a wheel, and the lock file by which Pyodide finds them."""
    wheels = {}
    with TemporaryDirectory(prefix="wheel-") as place:
        ours = playground.pure_wheel(Path(place))
        for path in [ours, *(found for name in WHEELS for found in kernel.glob(f"{name}-*.whl"))]:
            name, version = path.name.split("-")[:2]
            wheels[name] = version, path.read_bytes()
    for distribution in needed(ROOTS):
        wheels.setdefault(distribution.name, (distribution.version, packed(distribution)))
    for name, modules in NO_INSTALLER.items():
        about = {"METADATA": f"Name: {name}\nVersion: 0\n", "WHEEL": "Wheel-Version: 1.0\n"}
        files = modules | {f"{name}-0.dist-info/{file}": text for file, text in about.items()}
        wheels[name] = "0", archive({file: text.encode() for file, text in files.items()})
    lock = json.loads((playground.node_modules() / "pyodide" / "pyodide-lock.json").read_text())
    lock["packages"] = {}
    for name, (version, data) in sorted(wheels.items()):
        file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        (folder / file).write_bytes(data)
        lock["packages"][normalized(name)] = entry(normalized(name), version, file, data)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")


def entry(name: str, version: str, file: str, data: bytes) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "file_name": file,
        "install_dir": "site",
        "sha256": hashlib.sha256(data).hexdigest(),
        "package_type": "package",
        "imports": [],
        "depends": [],
        "unvendored_tests": False,
    }


def needed(roots: Iterable[str]) -> list[importlib.metadata.Distribution]:
    """The distributions of this environment that a browser needs for these, themselves among
    them."""
    from packaging.requirements import Requirement

    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(roots)
    while waiting:
        name = normalized(waiting.pop())
        if name in found or name in ("widgetsnbextension", "jupyterlab-widgets"):  # of the page
            continue
        found[name] = distribution = importlib.metadata.distribution(name)
        for text in distribution.requires or ():
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({**BROWSER}):
                waiting.append(wanted.name)
    return list(found.values())


def normalized(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def packed(distribution: importlib.metadata.Distribution) -> bytes:
    """An installed distribution as a wheel again, without what is compiled: the packages that a
    kernel needs have Python for it, too, where no compiler was."""
    kept = [
        file
        for file in distribution.files or ()
        if ".." not in file.parts
        and file.suffix not in (".pyc", ".pyi", ".so", ".pyd")
        and file.name not in ("RECORD", "INSTALLER")
    ]
    return archive({file.as_posix(): file.read_binary() for file in kept})


def archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in sorted(files):
            made.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


# -- notebooks -------------------------------------------------------------------------------------


def write_notebooks(out: Path) -> None:
    """All of them, and the listing that JupyterLite reads in a server's place."""
    files = out / "files"
    files.mkdir(exist_ok=True)
    listed = []
    for path in [*notebooks("en"), *notebooks("zh")]:
        runs = not path.name.startswith(playground.NOTEBOOKS_LEFT_OUT)
        text = json.dumps(in_browser(path, runs), ensure_ascii=False)
        (files / path.name).write_text(text, "utf-8")
        listed.append(described(path.name, "notebook", size=len(text.encode())))
    folder = {**described("", "directory"), "content": listed, "format": "json"}
    index = out / "api" / "contents" / INDEX
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_text(json.dumps(folder), "utf-8")


def described(name: str, kind: str, size: int | None = None) -> dict[str, Any]:
    """A file as Jupyter's contents API describes it."""
    moment = "2026-01-01T00:00:00Z"  # the same build makes the same site
    return {
        "name": name,
        "path": name,
        "type": kind,
        "size": size,
        "created": moment,
        "last_modified": moment,
        "writable": True,
        "hash": None,
        "hash_algorithm": None,
        "mimetype": None,
        "format": None,
        "content": None,
    }
