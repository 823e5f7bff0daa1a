"""The diagram object: a graphviz.Digraph that finds its own Graphviz."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import graphviz  # type: ignore[import-untyped]

from autograd.drawing.executable import graphviz_running

__all__ = ["Diagram"]

FORMATS: set[str] = graphviz.FORMATS
SOURCE_SUFFIXES = {"dot", "gv"}


class Diagram(graphviz.Digraph):  # type: ignore[misc]
    """A picture of a graph: `.render("e.svg")` writes it, `.pipe("png")` gives bytes.

    Everything else is as in graphviz.Digraph. The format follows the file's suffix: svg, png and
    the others that Graphviz knows; dot and gv hold the source. Raises DrawingError where no
    Graphviz is installed, or none that can write the format.
    """

    def pipe(self, format: str | None = None, *args: Any, quiet: bool = True, **kwargs: Any) -> Any:
        """The picture as bytes, or as text in the given `encoding`."""
        with graphviz_running(format or self.format):
            return super().pipe(format, *args, quiet=quiet, **kwargs)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        *args: Any,
        quiet: bool = True,
        **kwargs: Any,
    ) -> str:
        """Write the picture and return its path.

        `render("e.svg")` writes that file and nothing else. Without a suffix that names a format,
        or with more of the arguments of graphviz.Digraph.render, it does what that method does.
        """
        if filename is not None and not (args or kwargs) and _suffix(filename) in FORMATS:
            return self.write(filename)
        with graphviz_running(kwargs.get("format") or self.format):
            path: str = super().render(filename, *args, quiet=quiet, **kwargs)
        return path

    def write(self, filename: str | os.PathLike[str]) -> str:
        """Write the picture to this file and nothing else, in the format that the suffix names.

        Returns the path. Raises ValueError for a suffix that Graphviz does not know.
        """
        suffix = _suffix(filename)
        if suffix not in FORMATS:
            raise ValueError(
                f"no picture has the suffix .{suffix}; end the name in .svg, .png or .dot"
            )
        if suffix in SOURCE_SUFFIXES:
            picture = self.source.encode(self.encoding or "utf-8")
        else:
            picture = self.pipe(suffix)
        Path(filename).write_bytes(picture)
        return os.fspath(filename)


def _suffix(filename: str | os.PathLike[str]) -> str:
    return Path(filename).suffix.removeprefix(".").lower()
