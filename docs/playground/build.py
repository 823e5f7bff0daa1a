"""Builds the playground into one folder: python docs/playground/build.py

    npm ci --prefix docs/playground        # once: Python and Graphviz in WebAssembly
    python docs/playground/build.py        # writes docs/playground/dist
    python -m http.server -d docs/playground/dist

The folder holds everything: the pure wheel of this checkout, Pyodide, Graphviz, the pages. It is
served as plain files and asks no other host for anything. `--out DIR` writes elsewhere; the
environment variable CHAINRULE_NODE_MODULES names another folder with the packages of npm. Node runs
the engine once, so that the browser begins with Python already started (see snapshot.mjs) and the
first picture is there before it.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
PYODIDE = [
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
]
OUR_PYTHON = [
    *("__init__.py", "rooms.py", "expression_room.py", "network_room.py"),
    *("data_sets.py", "code_room.py", "in_chinese.py"),
]
BESIDES = ("graphviz", "mypy_extensions")  # what the pure wheel imports
LICENCES = {
    "Pyodide": "Mozilla Public License 2.0, https://github.com/pyodide/pyodide",
    "CPython": "PSF License, https://github.com/python/cpython",
    "viz.js": "MIT, https://github.com/mdaines/viz-js",
    "Graphviz": "Eclipse Public License 1.0, https://gitlab.com/graphviz/graphviz",
    "graphviz (Python)": "MIT, https://github.com/xflr6/graphviz",
    "mypy_extensions": "MIT, https://github.com/python/mypy_extensions",
    "Chainrule": "MIT",
}
# What only the pure engine cannot do: plots, arrays, machine code.
MISSING_THERE = re.compile(
    r"\b(numpy|scipy|matplotlib|jit|vmap|decision_boundary|loss_curve)\b|\.plot\("
)
NOTEBOOKS_LEFT_OUT = ("03_", "06_", "07_", "09_")  # all of NumPy, SciPy or machine code


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE / "dist", help="the folder to write")
    build(parser.parse_args().out)


def build(out: Path) -> None:
    """Write the whole site; what was in the folder before is replaced."""
    modules = node_modules()
    sys.path.insert(0, str(SOURCE))
    if out.exists():
        shutil.rmtree(out)
    shutil.copytree(HERE / "site", out)
    copy_webassembly(modules, out)
    write_packages(out / "packages.zip")
    write_explorer(out)
    (out / "palette.css").write_text(palette_css(), "utf-8")
    (out / "examples.json").write_text(json.dumps(examples(), ensure_ascii=False), "utf-8")
    (out / "licences.txt").write_text(
        "".join(f"{name}: {licence}\n" for name, licence in LICENCES.items()), "utf-8"
    )
    start_python_once(modules, out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.1f} MB; python -m http.server -d {out}")


def node_modules() -> Path:
    """The folder with pyodide and @viz-js/viz; an error says how to get it."""
    found = Path(os.environ.get("CHAINRULE_NODE_MODULES") or HERE / "node_modules").resolve()
    for package in ("pyodide", "@viz-js/viz"):
        if not (found / package).is_dir():
            raise SystemExit(
                f"{found} has no {package}: run npm ci --prefix docs/playground, or set "
                "CHAINRULE_NODE_MODULES to a folder that has it"
            )
    if shutil.which("node") is None:
        raise SystemExit("the build starts Python once, with Node: install Node 20 or newer")
    return found


def copy_webassembly(modules: Path, out: Path) -> None:
    (out / "pyodide").mkdir()
    for name in PYODIDE:
        shutil.copyfile(modules / "pyodide" / name, out / "pyodide" / name)
    shutil.copyfile(modules / "@viz-js" / "viz" / "dist" / "viz.js", out / "viz.js")


def write_packages(path: Path) -> None:
    """The pure wheel of this checkout, what it imports, and the playground's own Python, as a
    zip."""
    with TemporaryDirectory(prefix="playground-") as folder:
        wheel = zipfile.ZipFile(pure_wheel(Path(folder)))
        with wheel:
            held = {name: wheel.read(name) for name in wheel.namelist()}
    for package in BESIDES:
        for file in importlib.metadata.files(package) or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                held[file.as_posix()] = file.read_binary()
    for name in OUR_PYTHON:
        held[f"playground/{name}"] = (HERE / name).read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(held):
            if not name.endswith((".pyi", "RECORD", "INSTALLER")):
                archive.writestr(zipfile.ZipInfo(name), held[name], zipfile.ZIP_DEFLATED)


def pure_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", f"-w{folder}"]
    if importlib.util.find_spec("hatchling"):
        command.append("--no-build-isolation")
    subprocess.run([*command, str(SOURCE)], check=True, env={**os.environ, "CHAINRULE_PURE": "1"})
    (wheel,) = folder.glob("chainrule-*-none-any.whl")
    return wheel


def write_explorer(out: Path) -> None:
    """The engine's own front end of what is explored."""
    from autograd.exploring.page_parts import explorer_module, explorer_styles

    (out / "explorer.js").write_text(explorer_module(), "utf-8")
    (out / "explorer.css").write_text(explorer_styles(), "utf-8")


def palette_css() -> str:
    """The colours of pictures as custom properties, for a light and a dark page."""
    from autograd.drawing.palette import THEMES

    def rules(theme: str) -> str:
        colours = asdict(THEMES[theme]).items()
        named = " ".join(f"--{name}: {colour};" for name, colour in colours)
        return f"color-scheme: {theme}; {named}"

    return (
        f":root {{ {rules('light')} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {rules('dark')} }} }}\n"
        + "".join(f":root[data-theme={theme}] {{ {rules(theme)} }}\n" for theme in THEMES)
    )


# -- the notebooks, as programs --------------------------------------------------------------------


def examples() -> list[dict[str, str]]:
    """Each notebook that runs with the pure engine: its name, language, title and program."""
    return [
        {
            "name": path.stem,
            "language": "zh" if path.stem.endswith("_zh") else "en",
            "title": title,
            "code": code,
        }
        for path in sorted((SOURCE / "notebooks").glob("*.ipynb"))
        if not path.name.startswith(NOTEBOOKS_LEFT_OUT)
        for title, code in [program(json.loads(path.read_text("utf-8"))["cells"])]
        for code in [with_short_chains(code) if path.name.startswith("00_") else code]
    ]


def program(cells: list[dict[str, object]]) -> tuple[str, str]:
    """The title of a notebook, and its cells below their headings, each begun by `# %%`."""
    title, parts = "", []
    heading = words = ""
    for cell in cells:
        text = "".join(cell["source"])  # type: ignore[arg-type]
        if cell["cell_type"] == "markdown":
            for found in headings(text):
                title, heading = title or found, found
            words = task(text)
        elif cell["cell_type"] == "code" and text.strip():
            parts.append(f"# %% {heading}".rstrip() + "\n" + words + text.strip())
            heading = words = ""
    return title, without_what_is_missing("\n\n".join(parts)) + "\n"


def headings(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if re.match(r"#{1,3} ", line):
            yield line.lstrip("# ").strip().replace("$", "")


def task(text: str) -> str:
    """What an exercise asks for, as comments: the text below a heading of the third level."""
    head, _, body = text.partition("\n")
    if not head.startswith("### "):
        return ""
    for written, plain in (("\\partial ", "∂"), ("\\cdot", "·"), ("$", ""), ("**", "")):
        body = body.replace(written, plain)
    return "".join(f"# {line}".rstrip() + "\n" for line in body.strip().splitlines())


def without_what_is_missing(code: str, lost: set[str] | None = None) -> str:
    """The program with every statement turned into a comment that needs what the browser has not,
    or a name that such a statement would have bound. `lost` are such names from before, and gets
    those of this program."""
    lines = code.split("\n")
    lost = set() if lost is None else lost
    for statement in ast.parse(code).body:
        place = slice(statement.lineno - 1, statement.end_lineno)
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        if MISSING_THERE.search("\n".join(lines[place])) or used & lost:
            lines[place] = [f"# {line}".rstrip() for line in lines[place]]
            lines[place.start] = lines[place.start] + "  (not in the browser)"
            lost |= bound(statement)
        else:
            lost -= bound(statement)
    return "\n".join(lines)


# Chains of the notebook's own Value: freeing one frees its parent within, and so on, and in
# WebAssembly 2,000 of those calls fill the stack.
SHORTER = {"2_000": "300", "2,000": "300", "4_001": "601", "4,001": "601"}
WHY_SHORTER = "  # not 2,000: freeing so long a chain is too deep for a browser"


def with_short_chains(code: str) -> str:
    """The program with chains that a browser can free; a comment says so where one is built."""
    begun = code.split("range(2_000):")
    return f"range(300):{WHY_SHORTER}".join(map(_shorter, begun))


def _shorter(code: str) -> str:
    for long, short in SHORTER.items():
        code = code.replace(long, short)
    return code


def bound(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a meaning."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
    return found


# -- Python, started once --------------------------------------------------------------------------


def start_python_once(modules: Path, out: Path) -> None:
    """Write what Python's memory holds after the imports, and the pictures of the first page."""
    command = ["node", str(HERE / "snapshot.mjs"), str(out)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"the engine did not start in Node:\n{done.stderr[-3000:]}")
    snapshot = out / "snapshot.bin"
    packed = gzip.compress(snapshot.read_bytes(), 6, mtime=0)
    (out / "snapshot.bin.gz").write_bytes(packed)
    snapshot.unlink()


if __name__ == "__main__":
    main()
