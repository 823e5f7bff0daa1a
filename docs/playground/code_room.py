"""The code room: a program runs in cells, as in a notebook, and shows pictures and errors."""

from __future__ import annotations

import ast
import builtins
import io
import json
import linecache
import re
import sys
import traceback
from bisect import bisect_right
from collections.abc import Callable, Iterator
from time import monotonic
from types import TracebackType
from typing import Any, NoReturn, TypeAlias

__all__ = ["run", "run_for_page"]

Emit: TypeAlias = Callable[[dict[str, Any]], None]

FILE = "your code"  # what a traceback calls it
MARK = re.compile(r"^# ?%%[ \t]*(.*)$", re.MULTILINE)
EXPLORED_ELSEWHERE = "explore needs a notebook; in this page, use the Expression room"
MOST_TEXT = 200_000  # characters of output
PATIENCE = 0.05  # seconds for which printed text waits for more


def run(code: str, emit: Emit) -> None:
    """Run a program; what it shows goes to `emit` as it comes.

    Cells begin at lines `# %% heading`; the value of an expression that ends a cell is shown. An
    error ends the run: its traceback begins at the program's own line.
    """
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    output = Output(emit)
    namespace = {"__name__": "__main__", "display": output.display}
    kept = sys.stdout, sys.stderr, builtins.input
    try:
        sys.stdout, sys.stderr = Printed(output, "out"), Printed(output, "err")
        builtins.input = _no_input
        for heading, cell in cells(code):
            if heading:
                output.emit({"heading": heading})
            output.display_result(_run_cell(cell, namespace))
    except SystemExit:
        pass
    except BaseException as error:  # noqa: BLE001  whatever the program raises is for its author
        output.emit({"error": told(error), "details": in_full(error), "line": line_of(error)})
    finally:
        output.flush()
        sys.stdout, sys.stderr, builtins.input = kept


def cells(code: str) -> Iterator[tuple[str, ast.Module]]:
    """The statements below each heading. Raises SyntaxError before anything runs."""
    tree = ast.parse(code, FILE)
    marks = list(MARK.finditer(code))
    starts = [code.count("\n", 0, mark.start()) + 1 for mark in marks]
    headings = ["", *(mark[1].strip() for mark in marks)]
    bodies: list[list[ast.stmt]] = [[] for _ in headings]
    for statement in tree.body:
        bodies[bisect_right(starts, statement.lineno)].append(statement)
    for heading, body in zip(headings, bodies, strict=True):
        if heading or body:
            yield heading, ast.Module(body, tree.type_ignores)


def _run_cell(cell: ast.Module, namespace: dict[str, Any]) -> Any:
    """The value of its last statement, if that is an expression."""
    last = cell.body[-1] if cell.body else None
    if isinstance(last, ast.Expr):
        cell.body.pop()
        exec(compile(cell, FILE, "exec"), namespace)
        return eval(compile(ast.Expression(last.value), FILE, "eval"), namespace)
    exec(compile(cell, FILE, "exec"), namespace)
    return None


def _no_input(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() has nobody to ask here; write the answer into the program")


# -- what is shown ---------------------------------------------------------------------------------


class Output:
    """Printed text, gathered for a moment, and pictures, in the order in which they come."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.pending: list[str] = []
        self.stream = "out"
        self.left = MOST_TEXT
        self.last = monotonic()

    def emit(self, message: dict[str, Any]) -> None:
        self.flush()
        self._emit(message)

    def write(self, text: str, stream: str) -> None:
        if stream != self.stream:
            self.flush()
            self.stream = stream
        if self.left <= 0:
            return
        self.left -= len(text)
        self.pending.append(text if self.left > 0 else text[: self.left] + "\n… no more is shown")
        if monotonic() - self.last > PATIENCE:
            self.flush()

    def flush(self) -> None:
        if self.pending:
            self._emit({"text": "".join(self.pending), "stream": self.stream})
            self.pending = []
        self.last = monotonic()

    def display(self, *things: Any) -> None:
        """Show things as a notebook would: as a picture, a table, or text."""
        for thing in things:
            self.emit(shown(thing))

    def display_result(self, result: Any) -> None:
        if result is not None:
            self.display(result)


class Printed(io.TextIOBase):
    """What `print` writes to."""

    def __init__(self, output: Output, stream: str) -> None:
        self.output, self.stream = output, stream

    def write(self, text: str) -> int:
        self.output.write(text, self.stream)
        return len(text)

    def flush(self) -> None:
        self.output.flush()


def shown(thing: Any) -> dict[str, Any]:
    """HTML, an SVG, or text, by what the thing says of itself."""
    if hasattr(thing, "_repr_mimebundle_"):
        bundle = thing._repr_mimebundle_()
        for kind in ("text/html", "image/svg+xml"):
            if kind in bundle:
                return {"html": bundle[kind]}
    for method in ("_repr_html_", "_repr_svg_"):
        if hasattr(thing, method):
            return {"html": getattr(thing, method)()}
    return {"text": f"{thing!r}\n", "stream": "out"}


# -- errors ----------------------------------------------------------------------------------------


def told(error: BaseException) -> str:
    """The traceback through the program's own lines, and what is wrong."""
    lines = ["Traceback:\n"] if own(error.__traceback__) else []
    lines += traceback.format_list(own(error.__traceback__))
    said = "".join([*lines, *traceback.format_exception_only(error)])
    if isinstance(error, ModuleNotFoundError):
        said += "In the browser there is Python itself with autograd and nn, the pure engine.\n"
    return _for_page(said, error)


def _for_page(said: str, error: BaseException) -> str:
    """Without advice to install what a browser cannot have."""
    if isinstance(error, ImportError) and "pip install anywidget" in str(error):
        return said.replace(str(error), EXPLORED_ELSEWHERE)
    return said


def in_full(error: BaseException) -> str:
    """With the lines of the engine too, from the program's first line on."""
    if not own(error.__traceback__):
        return ""
    start = error.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename != FILE:
        start = start.tb_next
    return _for_page("".join(traceback.format_exception(type(error), error, start)), error)


def own(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return [frame for frame in traceback.extract_tb(trace) if frame.filename == FILE]


def line_of(error: BaseException) -> int | None:
    """The line of the program to look at."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno
    frames = own(error.__traceback__)
    return frames[-1].lineno if frames else None


def run_for_page(code: str, post: Callable[[str], None]) -> None:
    """`run`, with messages as JSON."""
    run(code, lambda message: post(json.dumps(message)))
