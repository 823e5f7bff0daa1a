"""What `import autograd` costs, counted in modules: time would be the machine's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# 42 of ours, 40 of Python's; compiled, a few more. From 3.14 on `typing` loads `ast` and its two.
MOST = 90 if sys.version_info >= (3, 14) else 87
SLOW = ["ast", "dataclasses", "decimal", "dis", "inspect", "linecache", "tokenize"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The modules that the import adds to those of a bare interpreter."""
    code = "import sys; old = set(sys.modules); import autograd; print(*set(sys.modules) - old)"
    folder: Path = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_few_modules_are_loaded(loaded: list[str]) -> None:
    """Compiled or not; typing, collections and re are most of what is not ours."""
    assert len(loaded) <= MOST, sorted(loaded)


def test_what_few_ask_for_waits(loaded: list[str]) -> None:
    """Signatures, lines of source, dataclasses, decimals: imported when somebody asks for one."""
    # From 3.14 on, Python's own `typing` loads `ast` for any NamedTuple.
    slow = {*SLOW} - ({"ast"} if sys.version_info >= (3, 14) else set())
    assert not slow & {*loaded}


def test_no_package_that_has_lazy_names_is_loaded(loaded: list[str]) -> None:
    """Pictures, checks, compiled functions: at the first use of their public names."""
    lazy = ("check", "cli", "compiler", "drawing", "explaining", "exploring", "reading")
    assert [x for x in loaded if x.startswith("autograd.") and x.split(".")[1] in lazy] == []
