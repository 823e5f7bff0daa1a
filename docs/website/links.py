"""Follows every link of a built site, and finds what would be asked of another host."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["PROGRAMS", "broken_links"]

PROGRAMS = ("playground/", "jupyterlite/")
LOADED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "srcset"}


class Page(HTMLParser):
    """The links of a page, what it loads, and the names that a link may end in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {given.get("id") or "", given.get("name") or ""}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        found = given.get(LOADED.get(tag, ""))
        if found:
            self.loaded.append(found)


def broken_links(site: Path, unchecked: tuple[str, ...] = ()) -> list[str]:
    """What is wrong, a line for each: links within the site that lead nowhere, and what a page
    would load from elsewhere. The playground and JupyterLite, programs, have tests of their own."""
    pages = {
        path: Page(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
        if not path.relative_to(site).as_posix().startswith(PROGRAMS)
    }
    return [
        f"{path.relative_to(site)}: {said}"
        for path, page in pages.items()
        for said in _wrong(site, path, page, pages, unchecked)
    ]


def _wrong(
    site: Path, path: Path, page: Page, pages: dict[Path, Page], unchecked: tuple[str, ...]
) -> Iterator[str]:
    for link in {*page.links, *page.loaded}:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            if link in page.loaded and parts.scheme != "data":
                yield f"loads {link} from another host"
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        if not target.is_relative_to(site):
            yield f"{link} leaves the site"
        elif target.relative_to(site).as_posix().startswith(unchecked):
            continue
        elif not target.is_file():
            yield f"{link} leads nowhere"
        elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"{link}: there is no such place in the page"
