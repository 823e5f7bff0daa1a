"""One virtual environment per peer, made once and kept outside git."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

REQUIREMENTS = {
    "chainrule": [f"{PROJECT}[jit]", "scipy"],
    "uncompiled": [str(PROJECT), "scipy"],
    "micrograd": ["micrograd==0.1.0"],
    "xad": ["xad==1.5.2"],
    "torch": ["torch==2.13.0", "numpy==2.4.6"],
    "c": ["numpy==2.4.6"],
    "numpy": ["numpy==2.4.6", "scipy==1.17.1"],
    "numba": ["numba==0.68.1"],
    "casadi": ["casadi==3.8.2", "numpy==2.4.6"],
    "ddx": ["ddx-ad==4.3.0", "numpy==2.4.6"],
    "jax": ["jax==0.10.2", "optax==0.2.8", "numpy==2.4.6"],
    "sklearn": ["scikit-learn==1.9.1", "numpy==2.4.6"],
    "hips": ["autograd==1.9.1"],
    "microgpt": ["--no-deps", "strands-microgpt==0.1.0"],  # only one of its modules is loaded
}
HOMES = {"c-simd": "c", "casadi-c": "casadi", "torch-compile": "torch"}  # the same environment
PEERS = (*REQUIREMENTS, *HOMES)
VARIABLES = {"chainrule": {"CHAINRULE_PURE": "0"}, "uncompiled": {"CHAINRULE_PURE": "1"}}


def interpreter(peer: str, directory: Path) -> Path:
    """The Python of `peer`'s environment under `directory`, installed anew when out of date."""
    peer = HOMES.get(peer, peer)
    home = directory / peer
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "requirements.txt"
    wanted = "\n".join([*REQUIREMENTS[peer], sys.version, fingerprint(peer)])
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {peer} ...", file=sys.stderr)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ".gitignore").write_text("*\n")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[peer]],
            check=True,
            env={**os.environ, **VARIABLES.get(peer, {})},
        )
        stamp.write_text(wanted)
    return python


def at_commit(reference: str, directory: Path) -> Path:
    """The Python of an environment in which this project is installed, compiled, as it was at a
    commit."""
    commit = _git("rev-parse", f"{reference}^{{commit}}").strip()
    home = directory / f"at-{commit[:12]}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "requirements.txt"
    if not stamp.exists():
        print(f"installing {reference} ...", file=sys.stderr)
        source = home / "source"
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        source.mkdir()
        _git("archive", "--output", f"{home}/source.tar", commit)
        subprocess.run(["tar", "-xf", f"{home}/source.tar", "-C", str(source)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", f"{source}[jit]", "scipy"],
            check=True,
            env={**os.environ, **VARIABLES["chainrule"]},
        )
        stamp.write_text(commit)
    return python


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fingerprint(peer: str) -> str:
    """Changes whenever what would be installed for `peer` from this checkout changes."""
    if not any(text.startswith(str(PROJECT)) for text in REQUIREMENTS[peer]):
        return ""
    digest = hashlib.sha256()
    sources = [PROJECT / "pyproject.toml", *PROJECT.glob("*.py")]
    for package in ("autograd", "nn"):
        sources += (p for p in (PROJECT / package).rglob("*") if p.suffix in {".py", ".h"})
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def module_path(python: Path, relative: str) -> Path:
    """Where the file `relative` of an installed package lies, without importing the package."""
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(found.stdout.strip()) / relative
