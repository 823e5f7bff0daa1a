"""The command line: `python -m autograd`, also installed as `chainrule`.

    chainrule "e = (a+b)*(b+1)" a=2 b=1 --paths b --draw e.svg --steps e.html
    chainrule demo

It prints every value of a formula with its gradient and local derivatives and, on request, a sum
over paths, why a gradient is what it is, a diagram, and a page that plays both passes step by step.
A mistake in the command ends with exit status 2, a file or picture that can't be made with 1, each
with one message.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NoReturn

import autograd._conflict_check  # (before anything else of ours)
from autograd.cli import demo
from autograd.cli.tables import report
from autograd.drawing import draw
from autograd.drawing.picture_words import PICTURE_WORDS
from autograd.drawing.player import steps
from autograd.engine.graph import topological_order
from autograd.engine.text import names, printable
from autograd.engine.value import Value
from autograd.explaining.explanation import explanation_of
from autograd.explaining.path_sums import edge_visits, paths
from autograd.reading.expressions import ExpressionError, assignment, compute

__all__ = ["main"]

WRITTEN_PATHS = 50  # written out by --paths
DEMO_PICTURE = "chainrule-toy.svg"

EXAMPLES = """\
examples:
  %(prog)s "e = (a+b)*(b+1)" a=2 b=1
  %(prog)s "c = a + b; d = b + 1; e = c * d" a=2 b=1 --paths b --draw e.svg
  %(prog)s "loss = (sigmoid(w*x + b) - 1)**2" w=0.5 x=2 b=0
  %(prog)s "where(x > 0, sqrt(x), 0)" x=0
  %(prog)s "sqrt(x*x)" x=0 --explain x
  %(prog)s demo

A formula is made of names, numbers, + - * / // %% **, lists and autograd's functions, such as
tanh(x), sum([a, b]) or softmax([a, b])[0]. Put it in quotes. "demo" shows two small graphs and
trains a network.
"""

# For terminals that can't show them; every other character becomes an escape.
PLAIN = {
    "\N{PARTIAL DIFFERENTIAL}": "d",
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{EN DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
}


class OutputError(Exception):
    """Something outside the formula went wrong: a file, a missing program."""


def main(argv: Sequence[str] | None = None, prog: str = "chainrule") -> int:
    """Run the command. The exit status is 0, or 1 where a file or picture failed, or 2 where the
    command was wrong."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["demo"]:
            _demo(arguments[1:], prog)
        else:
            _formula(arguments, prog)
        sys.stdout.flush()
    except ExpressionError as error:
        return _complain(prog, error, 2)
    except OutputError as error:
        return _complain(prog, error, 1)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _complain(prog, "interrupted", 130)
    return 0


def _formula(arguments: list[str], prog: str) -> None:
    options = _formula_options(arguments, prog)
    computation = compute(options.expression, _inputs(options.inputs))
    root = computation.root
    given = [value for value in computation.named.values() if not value.op]
    nodes = [*given, *topological_order(root)]
    leaves = [_find(name, nodes, "--paths") for name in options.paths]
    explained = [_find(name, nodes, "--explain") for name in options.explain]
    root.backward()
    _write(report(root, given))
    for leaf in leaves:
        _write(f"\n{paths(root, leaf, WRITTEN_PATHS)}")
    if leaves and (visits := edge_visits(root)).saved:
        _write(f"\n{visits}")
    for value in explained:
        _write(f"\n{explanation_of(value, root, {})}")
    if options.draw is not None:
        _write("\n" + _draw(root, options.draw, options.lang))
    if options.steps is not None:
        play = lambda: steps(root, lang=options.lang).save(options.steps)  # noqa: E731
        _write("\n" + _written(options.steps, play))


def _formula_options(arguments: list[str], prog: str) -> argparse.Namespace:
    parser = _Parser(prog, "Values, local derivatives and gradients of a formula.", EXAMPLES)
    add = parser.add_argument
    meaning = "one or more statements name = formula, separated by ';'; or the word demo"
    add("expression", nargs="?", help=meaning)
    add("inputs", nargs="*", metavar="name=number", help="the inputs, such as a=2")
    for option, meaning in (
        ("--paths", "the sum over paths from this value, and what following every path costs"),
        ("--explain", "why the gradient of this value is zero, NaN, infinite, huge, or what it is"),
    ):
        add(option, metavar="NAME", action="append", default=[], help=meaning)
    add("--draw", metavar="FILE", help="write a diagram: .svg, .png, .dot ...")
    add("--steps", metavar="FILE", help="write a page that plays both passes step by step: .html")
    meaning = "the language of what is drawn and played (default: %(default)s)"
    add("--lang", choices=tuple(PICTURE_WORDS), default="en", help=meaning)
    add("--version", action="version", version=f"chainrule {autograd.__version__}")
    options = parser.parse_intermixed_args([_protected(text) for text in arguments])
    if options.expression is None:
        parser.error("no formula; give one in quotes, as in 'e = (a + b) * (b + 1)' a=2 b=1")
    _check_suffix(options.draw)
    _check_page(options.steps)
    return options


def _demo(arguments: list[str], prog: str) -> None:
    parser = _Parser(f"{prog} demo", "Two small graphs, and a network that learns.")
    meaning = "the diagram to write (default: %(default)s)"
    parser.add_argument("--draw", metavar="FILE", default=DEMO_PICTURE, help=meaning)
    options = parser.parse_args(arguments)
    _check_suffix(options.draw)
    toy = demo.toy()
    for text in demo.toy_text(toy):
        _write(text)
    try:
        _write("\n" + _draw(toy, options.draw) + "\n")
    except OutputError as error:
        _complain(prog, error, 1)  # the rest needs no picture
    try:
        for text in chain(demo.circuit(), [""], demo.training()):
            _write(text)
    except ImportError as error:
        raise OutputError(str(error)) from None


def _inputs(texts: Sequence[str]) -> dict[str, float]:
    inputs: dict[str, float] = {}
    for text in texts:
        name, number = assignment(text)
        if name in inputs:
            raise ExpressionError(
                f"{printable(name)} is given twice on the command line; keep one of them"
            )
        inputs[name] = number
    return inputs


def _find(wanted: str, nodes: Sequence[Value], option: str) -> Value:
    name = names(nodes)
    known = {name[id(node)]: node for node in nodes}
    wanted = unicodedata.normalize("NFKC", wanted)
    if wanted not in known:
        raise ExpressionError(
            f"{option}: nothing is called '{printable(wanted)}'; there are {', '.join(known)}"
        )
    return known[wanted]


def _check_suffix(filename: str | None) -> None:
    if filename is not None and not Path(filename).suffix:
        raise ExpressionError(
            f"--draw: the end of the file's name says which format, as in {printable(filename)}.svg"
        )


def _check_page(filename: str | None) -> None:
    if filename is not None and Path(filename).suffix.lower() not in {".html", ".htm"}:
        raise ExpressionError(
            f"--steps writes a page; end the file's name in .html, as in {printable(filename)}.html"
        )


def _draw(root: Value, filename: str, lang: str = "en") -> str:
    return _written(filename, lambda: draw(root, lang=lang).write(filename))


def _written(filename: str, write: Callable[[], object]) -> str:
    """Write a picture; what to tell the user about it."""
    try:
        write()
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"can't draw {printable(filename)}: {reason}") from None
    return f"wrote {printable(filename)}"


# -- talking to a terminal -------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one printable line."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise ExpressionError(f"{printable(message, 200)}; see {self.prog} --help")


def _protected(text: str) -> str:
    """A formula that begins with a minus sign gets a space before it, so that argparse does not
    take it for an option."""
    option = re.fullmatch(r"-h|--[a-z]*(=.*)?", text, re.DOTALL)
    return " " + text if text.startswith("-") and not option else text


def _write(text: str) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    lacking = {ord(c): plain for c, plain in PLAIN.items() if not c.encode(encoding, "ignore")}
    print(text.translate(lacking).encode(encoding, "backslashreplace").decode(encoding))


def _complain(prog: str, message: object, status: int) -> int:
    sys.stdout.flush()
    print(f"{prog}: error: {message}", file=sys.stderr)
    return status
