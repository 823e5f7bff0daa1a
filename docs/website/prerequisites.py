"""What has to be installed before the site can be built: looked for at once, not after a minute
of work that ends in an ImportError."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["complaint", "missing", "needed"]

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
NAME = re.compile(r"[\w.-]+")
LEAST, BELOW = re.compile(r">=\s*([\d.]+)"), re.compile(r"<\s*([\d.]+)")


def needed() -> list[str]:
    """The requirements of the package and of its extra `docs`, without those of some platforms."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    found = [*project["dependencies"], *project["optional-dependencies"]["docs"]]
    return [requirement for requirement in found if ";" not in requirement]


def missing(requirements: Sequence[str]) -> list[str]:
    """Those that are not there, or there in another version."""
    return [requirement for requirement in requirements if not _is_met(requirement)]


def _is_met(requirement: str) -> bool:
    name = NAME.match(requirement)
    assert name is not None
    try:
        found = _numbers(version(name[0]))
    except PackageNotFoundError:
        return False
    least, below = LEAST.search(requirement), BELOW.search(requirement)
    return (least is None or found >= _numbers(least[1])) and (
        below is None or found < _numbers(below[1])
    )


def _numbers(text: str) -> list[int]:
    """Of a version, as far as it has no letters: 2.0rc1 counts as 2.0."""
    return [int(part) for part in re.findall(r"\d+", text.partition("+")[0])[:3]]


def complaint(python: str) -> str | None:
    """All that is missing, with the command that installs it; None where nothing is."""
    lacking = missing(needed())
    if not lacking:
        return None
    return (
        f"{python} lacks {', '.join(lacking)}; in {PROJECT.parent}, run:\n"
        f'    {python} -m pip install ".[docs]"'
    )
