"""The sources of the site: pages of the repository, put where Sphinx finds them.

A page keeps its text; only where its links lead is put right. In the repository they lead to files
(`../autograd/engine/value.py`, `docs/training.md`), here to pages: a file of source that some page
links becomes a page of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["DOCS", "ROOT", "Staging", "guides", "notebooks", "pages"]

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
ELSEWHERE = {  # pages whose files lie outside docs/, and what they are called here
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "docs/playground/README.md": "about-the-playground.md",
    "tests/benchmarks/README.md": "benchmarks.md",
}
PICTURE = re.compile(
    r'<picture>\s*<source [^>]*srcset="(?P<dark>[^"]+)">\s*'
    r'<img alt="(?P<alt>[^"]*)" src="(?P<light>[^"]+)">\s*</picture>'
)
IMAGE = re.compile(r"!\[(?P<alt>[^][]*)\]\((?P<light>[^)\s]+)\)")
LINK = re.compile(r"(?<!!)\[(?P<text>[^][]*(?:\[[^][]*\][^][]*)*)\]\((?P<to>[^)\s]+)\)")
FENCE = re.compile(r"(?ms)^(?P<fence>`{3,}).*?^(?P=fence)`*[ \t]*$|`[^`\n]*`")
KINDS = {".py": "python", ".yml": "yaml", ".toml": "toml", ".json": "json", ".sh": "bash"}


def guides() -> list[Path]:
    """The pages that lie in docs/ and its folder of how-to pages."""
    return sorted([*DOCS.glob("*.md"), *(DOCS / "howto").glob("*.md")])


def notebooks(language: str) -> list[Path]:
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return [path for path in found if path.stem.endswith("_zh") == (language == "zh")]


def pages(language: str) -> Iterator[tuple[Path, str]]:
    """Each file that is a page of the site in a language, and its name there."""
    if language == "zh":
        for path in sorted((DOCS / "zh").glob("*.md")):
            yield path, path.name
    else:
        for path in guides():
            yield path, path.relative_to(DOCS).as_posix()
        for name, page in ELSEWHERE.items():
            yield ROOT / name, page
    for path in notebooks(language):
        yield path, f"notebooks/{path.name}"


class Staging:
    """One language's sources, in a folder that is filled anew."""

    def __init__(self, folder: Path, language: str = "en") -> None:
        self.folder = folder
        self.language = language
        self.top = "../" if language == "zh" else ""  # from its pages to the whole site
        self.sources: set[Path] = set()  # files of source that a page links
        self.pages = dict(pages(language))
        self.others = dict(pages("en" if language == "zh" else "zh"))
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)

    def write(self) -> None:
        """All of it, but for the reference, which is generated."""
        for path, page in self.pages.items():
            out = self.folder / page
            out.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text("utf-8")
            if path.suffix == ".ipynb":
                out.write_text(self._notebook(path, page, text), "utf-8")
                self._copied(path, "files", page)
            else:
                out.write_text(self._markdown(path, page, text), "utf-8")
        for path in sorted(self.sources):
            self._write_source(path)
        shutil.copyfile(DOCS / "website" / "conf.py", self.folder / "conf.py")
        shutil.copytree(DOCS / "website" / "static", self.folder / "_static", dirs_exist_ok=True)

    # -- pages -------------------------------------------------------------------------------------

    def _markdown(self, path: Path, page: str, text: str) -> str:
        """A page with its links put right."""
        return "".join(
            part if kept else self._relinked(path, page, part) for kept, part in _parts(text)
        )

    def _relinked(self, path: Path, page: str, text: str) -> str:
        text = PICTURE.sub(lambda m: self._picture(path, page, m), text)
        text = IMAGE.sub(lambda m: self._picture(path, page, m), text)
        return LINK.sub(lambda m: self._link(path, page, m), text)

    def _picture(self, path: Path, page: str, found: re.Match[str]) -> str:
        """The one for a light page and the one for a dark page, whichever the reader chose."""
        light = Path(found["light"])
        both = {"light": light, "dark": light.with_stem(f"{light.stem}-dark")}
        copies = {
            theme: self._copied((path.parent / picture).resolve(), "images", page)
            for theme, picture in both.items()
        }
        return "\n".join(
            f"\n```{{image}} {copy}\n:class: only-{theme}\n:alt: {found['alt']}\n```\n"
            for theme, copy in copies.items()
        )

    def _copied(self, file: Path, place: str, page: str) -> str:
        """Put a file into a folder of the sources, and say where that is for a page."""
        folder = self.folder / place
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / file.name)
        return _relative(f"{place}/{file.name}", page)

    def _link(self, path: Path, page: str, found: re.Match[str]) -> str:
        text, target = found["text"], found["to"]
        if target.startswith("site:"):  # what Sphinx does not make: the playground
            href = _relative(self.top + target[5:], page)
            return f'<a href="{href}">{text}</a>'
        if "://" in target or target.startswith(("#", "mailto:")):
            return found[0]
        name, hash_, anchor = target.partition("#")
        file = (path.parent / name).resolve()
        if file in self.pages:
            return f"[{text}]({_relative(self.pages[file], page)}{hash_}{anchor})"
        if file in self.others:
            there = Path(self.others[file]).with_suffix(".html").as_posix()
            href = _relative((self.top or "zh/") + there, page)
            return f'<a href="{href}{hash_}{anchor}">{text}</a>'
        if file.is_file() and file.suffix in KINDS:
            self.sources.add(file)
            return f"[{text}]({_relative(_source_page(file), page)})"
        if file.suffix in {".svg", ".png"}:  # a picture to open, not shown in the page
            return f'<a href="{self._copied(file, "_static/pictures", page)}">{text}</a>'
        if file.is_relative_to(DOCS / "reference"):  # which is generated
            return f"[{text}]({_relative(file.relative_to(DOCS).as_posix(), page)}{hash_}{anchor})"
        raise SystemExit(f"{path}: {target} is no page of the site")

    # -- notebooks ---------------------------------------------------------------------------------

    def _notebook(self, path: Path, page: str, text: str) -> str:
        notebook = json.loads(text)
        cells = notebook["cells"]
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                cell["source"] = self._markdown(path, page, source)
            else:
                _describe_pictures(cell)
        cells[0]["source"] = _with_note(cells[0]["source"], self._note(path, page))
        return json.dumps(notebook, ensure_ascii=False)

    def _note(self, path: Path, page: str) -> str:
        """How to run this notebook: in the browser, where it needs nothing that is not there."""
        from playground.build import NOTEBOOKS_LEFT_OUT

        zh = self.language == "zh"
        root = _relative(self.top, page)
        load = f"{{download}}`{'下载笔记本' if zh else 'Download it'} <../files/{path.name}>`"
        if path.name.startswith(NOTEBOOKS_LEFT_OUT):
            said = (
                "它需要浏览器中没有的 NumPy 或机器代码"
                if zh
                else ("It needs NumPy or machine code, which are not in the browser")
            )
            return f"{{.open-in-browser}}\n{said}{'：' if zh else ': '}{load}{'。' if zh else '.'}"
        lite = f"{root}jupyterlite/notebooks/index.html?path={path.name}"
        room = f"{root}playground/index.html#code?example={path.stem}{'&lang=zh' if zh else ''}"
        run = f'<a href="{lite}">{"在浏览器中打开" if zh else "Open in the browser"}</a>'
        program = f'<a href="{room}">{"在演练场里看程序" if zh else "As a program"}</a>'
        return f"{{.open-in-browser}}\n{run} · {program} · {load}"

    # -- source ------------------------------------------------------------------------------------

    def _write_source(self, path: Path) -> None:
        name = path.relative_to(ROOT).as_posix()
        out = self.folder / _source_page(path)
        out.parent.mkdir(parents=True, exist_ok=True)
        code = path.read_text("utf-8")
        fence = "`" * 6
        out.write_text(
            f"---\norphan: true\n---\n# {name}\n\n{fence}{KINDS[path.suffix]}\n{code}{fence}\n",
            "utf-8",
        )


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """The text in pieces: whether it is code, which stays as it is, and the piece."""
    end = 0
    for found in FENCE.finditer(text):
        yield False, text[end : found.start()]
        yield True, found[0]
        end = found.end()
    yield False, text[end:]


def _relative(target: str, page: str) -> str:
    """A path of the site as seen from a page."""
    found = os.path.relpath(target or ".", Path(page).parent.as_posix() or ".")
    return "./" if found == "." else found + ("/" if not target or target.endswith("/") else "")


def _source_page(path: Path) -> str:
    return "source/" + path.relative_to(ROOT).as_posix() + ".md"


def _with_note(source: str, note: str) -> str:
    """A first cell with a note below its title."""
    title, _, rest = source.partition("\n")
    return f"{title}\n\n{note}\n{rest}"


def _describe_pictures(cell: dict[str, Any]) -> None:
    """Give a cell's picture to MyST-NB with its words, from the output or the cell."""
    for output in cell.get("outputs", ()):
        told = output.get("metadata", {}).get("image/png", {})
        words = told.get("alt") or cell["metadata"].get("alt")
        if words:
            image = {"alt": words}
            if told.get("width"):
                image["width"] = f"{told['width']}px"
            cell["metadata"]["mystnb"] = {"image": image}
