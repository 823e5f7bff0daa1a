"""The checklist of a release, .ci/release.py, tried on a copy of what it reads and writes."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_form

SOURCE = Path(__file__).resolve().parents[1]
FILES = (".ci/release.py", "CHANGELOG.md", "CITATION.cff", "autograd/__init__.py")


@pytest.fixture
def checkout(tmp_path):
    """A repository with what the checklist looks at, all of it committed."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(SOURCE / name, tmp_path / name)
    changes, heading = tmp_path / "CHANGELOG.md", "## [Unreleased]\n"
    text = changes.read_text("utf-8").replace(heading, f"{heading}\n- A change.\n")
    changes.write_text(text, "utf-8")  # as there is none just after a release
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def release(folder, *arguments):
    """What the checklist says, and whether it was content."""
    command = [sys.executable, str(folder / ".ci/release.py"), *arguments]
    who = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    done = subprocess.run(
        command, env={**os.environ, **who}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr, done.returncode == 0


def test_a_prepared_version_is_ready_and_no_other_is(checkout):
    said, content = release(checkout, "check", "v9.8.7")
    assert not content
    assert "autograd/__init__.py says" in said
    assert "no heading '## [9.8.7] - date'" in said
    assert release(checkout, "prepare", "9.8.7")[1]
    said, content = release(checkout, "check", "v9.8.7")
    assert not content
    assert said == "not ready: there are changes that are not committed\n"
    commit(checkout)
    assert release(checkout, "check", "v9.8.7") == ("9.8.7 is ready to be released\n", True)
    assert not release(checkout, "check", "v9.8.6")[1]


def test_the_version_is_written_into_each_of_its_places(checkout):
    before = (checkout / "CHANGELOG.md").read_text("utf-8")
    release(checkout, "prepare", "9.8.7")
    assert '\n__version__ = "9.8.7"' in (checkout / "autograd/__init__.py").read_text("utf-8")
    assert "\nversion: 9.8.7\n" in (checkout / "CITATION.cff").read_text("utf-8")
    expected = before.replace("## [Unreleased]", f"## [9.8.7] - {date.today()}")
    assert (checkout / "CHANGELOG.md").read_text("utf-8") == expected


@pytest.mark.parametrize("version", ["9.8", "v9.8.7", "9.8.7.1", "nine"])
def test_what_is_no_version_changes_nothing(checkout, version):
    before = [(checkout / name).read_bytes() for name in FILES]
    said, content = release(checkout, "prepare", version)
    assert not content
    assert "is no version" in said
    assert [(checkout / name).read_bytes() for name in FILES] == before


def test_a_changelog_without_its_heading_changes_nothing(checkout):
    changes = checkout / "CHANGELOG.md"
    changes.write_text(changes.read_text("utf-8").replace("## [Unreleased]", "## Soon"), "utf-8")
    before = [(checkout / name).read_bytes() for name in FILES]
    assert "needs the heading '## [Unreleased]' once" in release(checkout, "prepare", "9.8.7")[0]
    assert [(checkout / name).read_bytes() for name in FILES] == before


def pack(checkout, version, text):
    """dist/ as the step build fills it, but for all other files."""
    (checkout / "dist").mkdir(exist_ok=True)
    name = f"chainrule-{version}"
    with zipfile.ZipFile(checkout / f"dist/{name}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("autograd/__init__.py", text)
    with tarfile.open(checkout / f"dist/{name}.tar.gz", "w:gz") as archive:
        archive.add(checkout / "autograd/__init__.py", f"{name}/autograd/__init__.py")


def test_only_what_was_built_and_checked_is_tagged(checkout):
    (checkout / ".gitignore").write_text("dist/\n")
    release(checkout, "prepare", "9.8.7")
    commit(checkout)
    assert not release(checkout, "tag", "v9.8.6")[1]
    assert "run the step build" in release(checkout, "tag", "v9.8.7")[0]
    pack(checkout, "9.8.7", "something else")
    assert "built of another commit" in release(checkout, "tag", "v9.8.7")[0]
    assert git(checkout, "tag") == b""
    pack(checkout, "9.8.7", (checkout / "autograd/__init__.py").read_bytes())
    assert release(checkout, "tag", "v9.8.7")[1]
    assert git(checkout, "tag") == b"v9.8.7\n"


def test_the_citation_names_this_version():
    import autograd

    cited = re.search(r"(?m)^version: (.*)$", (SOURCE / "CITATION.cff").read_text("utf-8"))[1]
    assert cited == autograd.__version__
