"""HIPS autograd's package has the same name; together with it, an import works or says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

pytestmark = pytest.mark.one_form


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with a copy of both packages, which comes before the installed ones."""
    for package in (autograd, nn):
        assert package.__file__ is not None
        source = Path(package.__file__).parent
        shutil.copytree(
            source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def run(site: Path, statement: str, *options: str) -> str:
    """What the last line of the error says, or ""."""
    done = subprocess.run(
        [sys.executable, "-B", *options, "-c", statement],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().rpartition("\n")[2]


IMPORTS = [
    "import autograd",
    "import nn",
    "import autograd.cli.main",
    "import autograd.engine.value",
]


@pytest.mark.parametrize("statement", IMPORTS)
def test_alone(site: Path, statement: str) -> None:
    """Nothing is refused where nothing is mixed."""
    assert run(site, statement) == ""


@pytest.mark.parametrize("statement", IMPORTS)
def test_installed_over_hips_autograd(site: Path, statement: str) -> None:
    """Ours came last: the other's modules are among ours."""
    (site / "autograd" / "tracer.py").touch()
    error = run(site, statement)
    assert error.startswith("ImportError: Chainrule and HIPS autograd are both installed")
    assert "virtual environment" in error


@pytest.mark.parametrize("statement", IMPORTS[1:])
def test_hips_autograd_installed_over_ours(site: Path, statement: str) -> None:
    """The other came last: `import autograd` is all theirs, and nothing of ours joins in."""
    (site / "autograd" / "tracer.py").touch()
    (site / "autograd" / "__init__.py").write_text("grad = 'theirs'\n")
    assert run(site, "import autograd; assert autograd.grad == 'theirs'") == ""
    assert run(site, statement).startswith("ImportError: Chainrule and HIPS autograd are both")


def test_hips_autograd_uninstalled_again(site: Path) -> None:
    """Its uninstallation took our __init__.py along."""
    (site / "autograd" / "__init__.py").unlink()
    error = run(
        site, "import autograd._conflict_check", "-S"
    )  # without the one installed elsewhere
    assert "has lost its __init__.py" in error
