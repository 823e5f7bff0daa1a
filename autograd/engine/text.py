"""How numbers, labels and operations are written as plain text, for tables and pictures.

Labels are untrusted: whatever a terminal would obey instead of showing (control characters,
direction overrides, half surrogates) is written as an escape.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

__all__ = [
    "columns",
    "composed",
    "formula",
    "names",
    "number",
    "place",
    "plural",
    "printable",
    "quantity",
    "source_at",
    "table",
    "term",
    "wrapped",
]

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
EN_DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
PARTIAL = "\N{PARTIAL DIFFERENTIAL}"
JOINERS = (
    "\u200c\u200d"  # invisible but harmless: they hold emoji sequences and Persian words together
)
WIDTH = 100  # of a line: as much as a notebook shows of one on most screens
HANGING = 4  # by which a line that goes on is indented
MAX_INPUTS = 8  # of a formula: sum(a, b, ..., z)
MORE_INPUTS = f"{ELLIPSIS} {{:,}} more {ELLIPSIS}"
NAME = re.compile(  # of the kinds of characters: w0, layer0.neuron2.w1, x', h[t], f(x), $w_1$
    r"(0+\.)*\\?a[a0_]*(\.[a0_]+)*(\[[^][]*\]|\([^()]*\)|\{[^{}]*\})*'*\u2026?(#0+)?|\$[^$]*\$"
)
BRACKETS = {")": "(", "]": "[", "}": "{"}


def number(x: float, digits: int = 12) -> str:
    """A number as a person writes it: no `.0`, no noise in the last places.

    >>> number(2.0), number(0.1 + 0.2), number(float("inf"))
    ('2', '0.3', 'inf')
    """
    return f"{x:.{digits}g}"


def printable(text: str, width: int = 60) -> str:
    r"""The text on one line, at most `width` characters, none of which a terminal would obey.

    >>> print(printable("a\x1b[2J\nb"))
    a\x1b[2J\nb
    """
    shown = text[: width + 1]
    shown = "".join(c if c.isprintable() or c in JOINERS else repr(c)[1:-1] for c in shown)
    return shown if len(shown) <= width else shown[: width - 1] + ELLIPSIS


@lru_cache(4096)
def place(line: str) -> str:
    """Where a line is, as `Value.line` says it, for people: a notebook's cell has a file in a
    temporary directory, whose name says nothing.

    >>> place("/tmp/ipykernel_12/3456.py, line 2"), place("train.py, line 8")
    ('notebook cell, line 2', 'train.py, line 8')
    """
    file, _, rest = line.rpartition(", line ")
    folder = file.replace("\\", "/").split("/")[-2:][0]
    is_cell = folder.startswith("ipykernel_") and folder.removeprefix("ipykernel_").isdecimal()
    return f"notebook cell, line {rest}" if is_cell else line


def source_at(line: str) -> str:
    """What the file says in a line, as `Value.line` names it; "" where the file is not there.

    >>> source_at("nowhere.py, line 8")
    ''
    """
    import linecache  # slow to import, and few ask

    file, _, rest = line.rpartition(", line ")
    count = rest.partition(",")[0]  # behind which may stand that nothing was recorded there
    return linecache.getline(file, int(count)).strip() if count.isdecimal() else ""


def plural(count: int, noun: str, several: str = "") -> str:
    """A count with its noun, which takes a plain s unless its plural is given.

    >>> plural(1, "path"), plural(1200, "edge"), plural(2, "entry", "entries")
    ('1 path', '1,200 edges', '2 entries')
    """
    words = noun if count == 1 else several or f"{noun}s"
    return f"{quantity(count)} {words}"


def quantity(count: int) -> str:
    """A whole number of any size in a few characters; beyond 15 digits, rounded to three.

    >>> quantity(32768), quantity(2**15_000), quantity(10**4516 - 1)
    ('32,768', '2.82e4515', '1.00e4516')
    """
    if count < 10**15:
        return f"{count:,}"
    # Python's own conversion of a huge int is quadratic in time, and refuses from 4,300 digits on.
    exponent = int((count.bit_length() - 1) * 0.30102999566398120)
    while count >= 10 ** (exponent + 1):
        exponent += 1
    unit = 10 ** (exponent - 2)
    digits = (2 * count + unit) // (2 * unit)
    return f"{digits / 100:.2f}e{exponent}" if digits < 1000 else f"1.00e{exponent + 1}"


def columns(text: str) -> int:
    """The terminal cells a text takes: two for each wide character, none for combining marks.

    >>> columns("loss"), columns("\u635f\u5931")
    (4, 4)
    """
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
        for c in text
    )


def wrapped(text: str, width: int = WIDTH) -> str:
    r"""The text with its long lines broken between words; what goes on is indented further.

    >>> print(wrapped("reasons:\n  one two three four", 15))
    reasons:
      one two three
          four
    """
    return "\n".join(line for long in text.split("\n") for line in _broken(long, width))


def _broken(line: str, width: int) -> list[str]:
    start = len(line) - len(line.lstrip(" "))
    words = line[start:].split(" ")
    lines, last = [], " " * start + words[0]
    for word in words[1:]:
        if columns(last) + 1 + columns(word) <= width:
            last += " " + word
        else:
            lines.append(last.rstrip(" "))
            last = " " * (start + HANGING) + word
    return [*lines, last]


def names(
    nodes: Iterable[Any], width: int = 60, unlabelled: Mapping[int, str] | None = None
) -> dict[int, str]:
    """A name for every node, by id(node): its label, or `v1`, `v2`, ... where it has none.

    No two nodes get the same name: automatic names avoid the labels, and a repeated label is
    numbered (`w`, `w#2`). `unlabelled` may have names, by id(node), for nodes without a label.
    """
    nodes = list({id(node): node for node in nodes}.values())
    given = unlabelled or {}
    labels = ((node, getattr(node, "label", None) or given.get(id(node), "")) for node in nodes)
    found = {id(node): printable(label, width) for node, label in labels if label.strip()}
    taken = set(found.values())
    used: set[str] = set()
    repeats: dict[str, int] = {}
    automatic = 0
    for node in nodes:
        key = id(node)
        name = found.get(key, "")
        if not name:
            while not name or name in taken:
                automatic += 1
                name = f"v{automatic}"
        elif name in used:
            label = name
            while name in used or name in taken:
                repeats[label] = repeats.get(label, 1) + 1
                name = f"{label}#{repeats[label]}"
        used.add(name)
        found[key] = name
    return found


def term(name: str, within: str = "+") -> str:
    """A name as it stands in a formula or beside a ∂: in brackets where it is a formula itself, in
    quotes where brackets would not do. With `within=","` as one of a function's arguments.

    >>> term("w0"), term("a+b"), term("0.5"), term("a) * (b"), term("a+b", within=",")
    ('w0', '(a+b)', '“0.5”', '“a) * (b”', 'a+b')
    """
    text = "".join(c for c in name if unicodedata.category(c) != "Cf")
    if NAME.fullmatch("".join(map(_kind, text))) and not _is_number(text):
        return name
    outer = _outermost(text)
    if outer is None or _is_number(text):
        return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"
    if outer == "()" or (within == "," and "," not in outer):
        return name
    label, number_sign, count = name.rpartition("#")
    if number_sign and count.isdecimal():  # the second of this name: see `names`
        return f"({label})#{count}"
    return f"({name})"


def _kind(c: str) -> str:
    """A letter as "a", a digit as "0"; a sign of any script or an emoji is as good as a letter."""
    if c in "_.'()[]{}#$\\\u2026":
        return c
    category = unicodedata.category(c)
    return "0" if category[0] == "N" else "a" if category[0] in "LM" or category == "So" else "?"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _outermost(text: str) -> str | None:
    """What stands outside of all brackets, each pair as "()"; None where they do not match."""
    found = ""
    opened: list[str] = []
    for c in text:
        if c in BRACKETS.values():
            found += "" if opened else "("
            opened.append(c)
        elif c in BRACKETS:
            if not opened or opened.pop() != BRACKETS[c]:
                return None
            found += "" if opened else ")"
        elif not opened:
            found += c
    return None if opened else found


def formula(
    node: Any,
    name: Callable[[Any], str],
    show: Callable[[float], str] = number,
    minus: str = "-",
    more: str = MORE_INPUTS,
) -> str:
    """How a node was made: `a + b`, `-a`, `tanh(a)`, `sum(a, b, c)`, constants in their places.

    `name` gives the name of an input that is a node, `show` the text of one that is a plain number,
    `more` says how many are left out of a long list. A leaf has no formula: the result is "". A
    label that is a formula itself is in brackets.
    """
    if not node.op:
        return ""
    within = "+" if node.primitive is not None and node.primitive.symbol else ","
    return composed(node, [_operand(x, name, show, within) for x in node.inputs], minus, more)


def composed(node: Any, inputs: list[str], minus: str = "-", more: str = MORE_INPUTS) -> str:
    """The formula of a node with these texts in the places of its inputs."""
    symbol = node.primitive.symbol if node.primitive is not None else ""
    if symbol and len(inputs) == 2:
        return f"{inputs[0]} {minus if symbol == '-' else symbol} {inputs[1]}"
    if symbol and len(inputs) == 1:
        return f"{minus if symbol == '-' else symbol}{inputs[0]}"
    if node.op == "dot":
        half = len(inputs) // 2
        return f"dot([{_listing(inputs[:half], more)}], [{_listing(inputs[half:], more)}])"
    return f"{node.op}({_listing(inputs, more)})"


def _operand(x: Any, name: Callable[[Any], str], show: Callable[[float], str], within: str) -> str:
    if hasattr(x, "parents"):
        return term(name(x), within) if getattr(x, "label", None) else name(x)
    return f"({show(x)})" if math.copysign(1.0, x) < 0 else show(x)


def _listing(inputs: list[str], more: str) -> str:
    if len(inputs) > MAX_INPUTS:
        inputs = [*inputs[:3], more.format(len(inputs) - 4), inputs[-1]]
    return ", ".join(inputs)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, two spaces apart.

    >>> print(table(("step", "loss"), [("1", "0.5"), ("1000", "0.25")]))
    step  loss
    1     0.5
    1000  0.25
    """
    lines = [head, *rows]
    widths = [max(map(columns, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - columns(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
