"""Every Python and set of dependencies that we claim: `nox --list`, `nox --session pure-3.13`.

A session whose Python is not on this machine is skipped. Each installs the package as a user does,
in an environment of its own, and runs the tests against what is installed.
"""

from __future__ import annotations

import sys

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

nox.options.sessions = ["pure", "compiled", "oldest", "bare"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def pure(session: nox.Session) -> None:
    """The uncompiled form, on each Python."""
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
    """The oldest of every dependency that pyproject.toml allows."""
    session.install("--resolution", "lowest-direct", ".[test]", env={"CHAINRULE_PURE": "1"})
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS[0])
def bare(session: nox.Session) -> None:
    """No optional dependency at all: the command line, a gradient, a picture, a training."""
    session.install(".", env={"CHAINRULE_PURE": "1"})
    session.run(
        "chainrule", "e = (a+b)*(b+1)", "a=2", "b=1", "--draw", f"{session.create_tmp()}/e.svg"
    )
    session.run("chainrule", "demo")
    session.install("pytest", "hypothesis")
    session.run("pytest", "tests/test_worked_examples.py", "tests/test_errors.py", *session.posargs)


@nox.session(python=PYTHONS[0])
def workflows(session: nox.Session) -> None:
    """The files under .github: their schemas, and what is unsafe in them."""
    session.install("check-jsonschema", "zizmor")
    flows = [f".github/workflows/{name}.yml" for name in ("tests", "wheels", "release", "site")]
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *flows)
    session.run("zizmor", "--offline", ".github/workflows")


@nox.session(python=PYTHONS[0])
def site(session: nox.Session) -> None:
    """The documentation site, built, and looked at in a browser."""
    session.install(".[docs,test]", env={"CHAINRULE_PURE": "1"})
    session.run("npm", "ci", "--prefix", "docs/playground", external=True)
    session.run("python", "docs/make_site.py")
    session.run("pytest", "tests/test_site_pages.py", env={"CHAINRULE_SITE": "docs/site"})


if __name__ == "__main__":
    sys.exit("run this with nox")
