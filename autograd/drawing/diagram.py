"""The diagram object: a graphviz.Digraph that finds its own Graphviz and can tell what it shows."""

from __future__ import annotations

import base64
import html
import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import graphviz  # type: ignore[import-untyped]

from autograd.drawing.files import write_file
from autograd.drawing.graphviz_program import (
    DrawingError,
    laid_out,
    with_graphviz,
    without_glyphs,
)
from autograd.drawing.other_layouts import other_layout
from autograd.drawing.palette import on_pages
from autograd.drawing.svg import narrowest, with_both_themes, with_words

__all__ = ["Diagram"]

FORMATS: set[str] = graphviz.FORMATS
SOURCE_SUFFIXES = {"dot", "gv"}
_SAME = {"jpeg": "jpg", "jpe": "jpg", "tiff": "tif", "gv": "dot"}  # names of one format
# Where the page does not say its theme, or may not have styles, the reader's preference counts.
FRAME = (
    '<div class="chainrule-diagram"><style>'
    f"{on_pages('light', '.chainrule-diagram')} {{ color-scheme: light; }} "
    f"{on_pages('dark', '.chainrule-diagram')} {{ color-scheme: dark; }} "
    ".chainrule-diagram { overflow-x: auto; }</style>"
)
RASTER = {"png", "jpg", "jpeg", "jpe", "gif", "bmp", "tif", "tiff", "webp"}


class Diagram(graphviz.Digraph):  # type: ignore[misc]
    """A picture of a graph: `.render("e.svg")` writes it, `.pipe("png")` gives bytes.

    Everything else is as in graphviz.Digraph: `.source` is the DOT text, `.attr`, `.node` and
    `.edge` add to it. The format follows the file's suffix: svg, png and the others that Graphviz
    knows; dot and gv hold the source. In a notebook a diagram shows itself. Raises DrawingError
    where no Graphviz is installed, or none that can write the format.

    summary: what it shows, in a sentence or two. words: what its nodes and edges say, by their id.
    in_both_themes: whether a notebook shows it in its own theme; files are as they are drawn.
    lang: in which language.
    """

    in_both_themes = False  # of a diagram from a file of 0.1.0, too
    lang = "en"

    def __init__(self, *args: Any, summary: str = "", title: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.summary = summary
        self.title = title
        self.words: dict[str, str] = {}

    def copy(self) -> Diagram:
        """A diagram of its own with the same content."""
        other: Diagram = super().copy()
        other.summary, other.title, other.words = self.summary, self.title, dict(self.words)
        other.in_both_themes, other.lang = self.in_both_themes, self.lang
        return other

    def __repr__(self) -> str:
        return f"<Diagram: {self.summary}>" if self.summary else super().__repr__()

    # -- bytes and files ---------------------------------------------------------------------------

    def pipe(
        self,
        format: str | None = None,
        *args: Any,
        quiet: bool = True,
        encoding: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """The picture as bytes, or as text in the given `encoding`."""
        format = format or self.format
        draw = super().pipe

        def drawn(program: str) -> bytes:
            self._check_glyphs(format, program)
            picture: bytes = draw(format, *args, quiet=quiet, **kwargs)
            return picture

        layout = other_layout()
        if layout is None:
            picture = with_graphviz(format, drawn)
        else:
            picture = laid_out(layout, self.source, format)
        if format == "svg":
            picture = self._told(picture)
        return picture if encoding is None else picture.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        quiet: bool = True,
        **kwargs: Any,
    ) -> str:
        """Write the picture and return its path; folders are made. `view=True` opens it.

        `render("e.svg")` writes that file and nothing else. A name without a suffix, or with that
        of the source beside a picture (`render("e.gv", format="png")`), does what
        graphviz.Digraph.render does. Raises ValueError for a suffix that names no picture, unless
        `format` does, and where suffix and `format` name two.
        """
        suffix = "" if filename is None else _suffix(filename)
        view = view or bool(kwargs.get("quiet_view"))
        as_source = suffix in SOURCE_SUFFIXES and (format or view or cleanup)
        if filename is None or suffix == "" or as_source or (format and suffix not in FORMATS):
            said = {"directory": directory, "view": view, "cleanup": cleanup, "format": format}
            return self._rendered(filename, quiet=quiet, **said, **kwargs)
        _check_format(suffix)
        if format and _SAME.get(format, format) != _SAME.get(suffix, suffix):
            raise ValueError(f"{os.fspath(filename)} and format={format!r} name two pictures")
        path = os.path.join(directory or "", filename)
        if kwargs.pop("raise_if_result_exists", False) and os.path.exists(path):
            raise graphviz.FileExistsError(f"output file exists: {os.fspath(path)!r}")
        quiet_view = kwargs.pop("quiet_view", False)
        kwargs.pop("overwrite_source", None)  # there is none
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        self._written(path, quiet=quiet, **kwargs)
        if view:
            self._view(path, format=suffix, quiet=quiet_view)
        return os.fspath(path)

    def _rendered(self, filename: str | os.PathLike[str] | None, **kwargs: Any) -> str:
        """The source and the picture, as graphviz.Digraph.render writes them."""
        outfile = kwargs.get("outfile")
        format = kwargs.get("format") or (_suffix(outfile) if outfile else self.format)
        draw = super().render

        def drawn(program: str) -> str:
            self._check_glyphs(format, program)
            path: str = draw(filename, **kwargs)
            return path

        if other_layout() is not None:
            return self._rendered_elsewhere(filename, **{**kwargs, "format": format})
        path = with_graphviz(format, drawn)
        if _suffix(path) == "svg":
            write_file(path, self._told(Path(path).read_bytes()))
        return path

    def _rendered_elsewhere(
        self,
        filename: str | os.PathLike[str] | None,
        *,
        format: str,
        directory: str | os.PathLike[str] | None = None,
        cleanup: bool = False,
        outfile: str | os.PathLike[str] | None = None,
        **_: Any,
    ) -> str:
        """The same where no program makes the picture."""
        if outfile is not None and filename is None:
            filename = Path(outfile).with_suffix(".gv")
        source = self.save(filename, directory, skip_existing=None)
        path = f"{source}.{format}" if outfile is None else os.fspath(outfile)
        write_file(path, self.pipe(format))
        if cleanup:
            os.remove(source)
        return path

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the picture that the suffix names, as `render` does, or the source as DOT: under a
        name without a suffix, or with .gv or .dot, as graphviz.Digraph.save does."""
        suffix = "" if filename is None else _suffix(filename)
        # None is what graphviz's own render says, to write a source of any name.
        if filename is None or suffix in {"", *SOURCE_SUFFIXES} or skip_existing is None:
            path: str = super().save(filename, directory=directory, skip_existing=skip_existing)
            return path
        path = os.path.join(directory or "", filename)
        return path if skip_existing and os.path.exists(path) else self.render(path)

    def write(self, filename: str | os.PathLike[str]) -> str:
        """Write the picture to this file and nothing else, in the format that the suffix names.

        Returns the path. A file that is there is replaced in one go or, if anything fails, left as
        it is. Raises ValueError for a suffix that Graphviz does not know.
        """
        self._written(filename)
        return os.fspath(filename)

    def _written(self, filename: str | os.PathLike[str], **options: Any) -> None:
        suffix = _suffix(filename)
        _check_format(suffix)
        if suffix in SOURCE_SUFFIXES:
            picture = self.source.encode(self.encoding or "utf-8")
        else:
            picture = self.pipe(suffix, **options)
        write_file(filename, picture)

    def _told(self, svg: bytes) -> bytes:
        text = svg.decode(self.encoding or "utf-8")
        return with_words(text, self.title, self.summary, self.words, self.lang).encode()

    def _check_glyphs(self, format: str, program: str) -> None:
        missing = without_glyphs(self.source) if format in RASTER else ""
        if missing and Path(program).stem != "dot":
            warnings.warn(
                f"{Path(program).name} has no glyphs for {missing} in {format} pictures and draws "
                "boxes; write svg, or install Graphviz from https://graphviz.org/download",
                stacklevel=5,
            )

    # -- notebooks ---------------------------------------------------------------------------------

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        """What a notebook shows: an image that it trusts, the SVG for exporters, and words.

        Without Graphviz the words say what is missing.
        """
        words = self.summary or repr(self)
        try:
            svg = self.pipe("svg", encoding="utf-8")
        except DrawingError as error:
            return {"text/plain": f"{words}\n(no picture: {error})"}
        if self.in_both_themes:
            svg = with_both_themes(svg)
        source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
        spoken = f"{self.title}: {words}" if self.title else words
        style = f"min-width: {narrowest(svg):.0f}px; max-width: 100%"
        language = "" if self.lang == "en" else f' lang="{self.lang}"'
        image = f'<img{language} alt="{html.escape(spoken)}" style="{style}" src="{source}">'
        bundle = {
            "text/html": f"{FRAME}{image}</div>" if self.in_both_themes else image,
            "image/svg+xml": svg,
            "text/plain": words,
        }
        return {
            mimetype: content
            for mimetype, content in bundle.items()
            if (not include or mimetype in include) and mimetype not in (exclude or ())
        }


def _check_format(suffix: str) -> None:
    if suffix in {"html", "htm"}:
        raise ValueError(
            f"no picture has the suffix .{suffix}; autograd.steps(root).save writes a page, and "
            "draw a picture: end the name in .svg, .png or .dot"
        )
    if suffix not in FORMATS:
        raise ValueError(f"no picture has the suffix .{suffix}; end the name in .svg, .png or .dot")


def _suffix(filename: str | os.PathLike[str]) -> str:
    return Path(filename).suffix.removeprefix(".").lower()
