#!/usr/bin/env python3
"""The checklist of a release, as far as a machine can go through it.

    python .ci/release.py prepare 0.2.0   write the version and the date where they belong
    python .ci/release.py build           dist/: the source distribution and the plain wheel
    python .ci/release.py check v0.2.0    is this commit ready to be that version?
    python .ci/release.py tag v0.2.0      check, and what lies in dist/ too; then tag the commit
    python .ci/release.py next            what a person does, in order

The version stands in one place, autograd/__init__.py; the wheel and `--version` read it from there.
CITATION.cff and CHANGELOG.md repeat it for people, and `check` holds them to it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
from datetime import date
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[1]
VERSION = r"\d+\.\d+\.\d+(?:rc\d+)?"
PLACES = {  # file: what surrounds the version there
    "autograd/__init__.py": r'(?m)^(__version__ = ")({})(")',
    "CITATION.cff": r"(?m)^(version: )({})($)",
}
NEXT = """\
1. bash .ci/run                          everything passes, from a clean clone
2. nox                                   every Python at hand; nox --session workflows
3. nox --session wheels fallback         the wheels, each tried where no compiler is
4. python tests/benchmarks/run.py jit    no figure worse than in tests/benchmarks/README.md
5. python .ci/release.py prepare X       then read CHANGELOG.md's new section as a user would
6. git commit, and wait for the workflow "tests" on every platform
7. python .ci/release.py build           with hatchling installed
8. python .ci/release.py tag vX          which checks first
9. git push --tags                       the workflow "release" builds all wheels and publishes them
10. pip install chainrule==X             without a compiler, in a new environment; follow README.md
11. a heading Unreleased at the top of CHANGELOG.md
"""


def found(name: str) -> str:
    """The version that a file says."""
    match = re.search(PLACES[name].format(VERSION), (ROOT / name).read_text("utf-8"))
    if match is None:
        sys.exit(f"{name} says no version")
    return match[2]


def check(tag: str) -> None:
    """End with every reason why this commit isn't that version."""
    version, faults = tag.removeprefix("v"), []
    if not re.fullmatch(VERSION, version):
        sys.exit(f"{tag!r} is no version; write three numbers, as in v0.2.0")
    faults += [f"{name} says {found(name)}" for name in PLACES if found(name) != version]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    section = re.search(
        rf"(?ms)^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$(.*?)(?=^## |\Z)", changes
    )
    if section is None:
        faults.append(f"CHANGELOG.md has no heading '## [{version}] - date'")
    elif not section[1].strip():
        faults.append(f"CHANGELOG.md says nothing under {version}")
    if git("status", "--porcelain"):
        faults.append("there are changes that are not committed")
    if faults:
        sys.exit("not ready: " + "; ".join(faults))
    print(f"{version} is ready to be released")


def prepare(version: str) -> None:
    """Write the version and the date where they belong, or nothing if one has no place."""
    if not re.fullmatch(VERSION, version):
        sys.exit(f"{version!r} is no version; write three numbers, as in 0.2.0")
    texts = {name: (ROOT / name).read_text("utf-8") for name in (*PLACES, "CHANGELOG.md")}
    for name, pattern in PLACES.items():
        found(name)
        texts[name] = re.sub(pattern.format(VERSION), rf"\g<1>{version}\g<3>", texts[name])
    heading = "## [Unreleased]"
    if texts["CHANGELOG.md"].count(heading) != 1:
        sys.exit(f"CHANGELOG.md needs the heading '{heading}' once: it becomes that of {version}")
    dated = f"## [{version}] - {date.today()}"
    texts["CHANGELOG.md"] = texts["CHANGELOG.md"].replace(heading, dated)
    for name, text in texts.items():
        (ROOT / name).write_text(text, "utf-8")
    print(f"{version} stands in " + ", ".join(texts))


def build() -> None:
    """Fill dist/ with what can be built anywhere; the workflow adds the compiled wheels."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "--directory", "dist"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "CHAINRULE_PURE": "1"}, check=True)


def check_built(version: str) -> None:
    """End with what is wrong with the files in dist/."""
    source = ROOT / "dist" / f"chainrule-{version}.tar.gz"
    wheel = ROOT / "dist" / f"chainrule-{version}-py3-none-any.whl"
    for path in (source, wheel):
        if not path.exists():
            sys.exit(f"not ready: there is no {path.name} in dist/; run the step build")
    with tarfile.open(source) as archive:
        member = archive.extractfile(f"chainrule-{version}/autograd/__init__.py")
        texts = [member.read() if member else b""]
    with ZipFile(wheel) as packed:
        texts.append(packed.read("autograd/__init__.py"))
    if any(text != (ROOT / "autograd" / "__init__.py").read_bytes() for text in texts):
        sys.exit("not ready: dist/ was built of another commit; run the step build again")


def tag(name: str) -> None:
    """Tag the commit, if it and what was built of it are that version."""
    check(name)
    check_built(name.removeprefix("v"))
    git("tag", "--annotate", "--message", f"Chainrule {name.removeprefix('v')}", name)
    print(f"tagged; git push origin {name} publishes it")


def git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


WITH_VERSION = {"check": check, "prepare": prepare, "tag": tag}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    for name in WITH_VERSION:
        steps.add_parser(name).add_argument("version")
    for name in ("build", "next"):
        steps.add_parser(name)
    asked = parser.parse_args()
    if asked.step == "next":
        print(NEXT, end="")
    elif asked.step == "build":
        build()
    else:
        WITH_VERSION[asked.step](asked.version)


if __name__ == "__main__":
    main()
