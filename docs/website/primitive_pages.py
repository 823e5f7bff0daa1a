"""The table of primitives as pages: of each row the formula, the derivatives, where it is smooth,
what was decided at its kinks, and its graph with that of its derivative. All of it comes from the
row; the groups are the headings of the table's source."""

from __future__ import annotations

import ast
import math
import re
from functools import cache
from pathlib import Path

from autograd import Primitive, Value
from autograd.engine.primitives import TABLE
from website.formulas import Symbol, derivatives, function, input_names, latex
from website.reference import Entry, directive, folded, markdown, signature

__all__ = ["curve", "graph", "groups", "write_primitives"]

INTRODUCTION = """# Primitives

Each operation is one row of the table in `autograd/engine/primitives.py`: every graph, derivative,
compiled program and picture reads it, and so do these pages. $f$ is the result of a row;
$[a > b]$ is 1 where that holds and 0 elsewhere; a product with an adjoint of exactly 0 is 0.
"""
TABLE_SOURCE = Path(__file__).resolve().parents[2] / "autograd/engine/primitives.py"
SIZE = (270, 150)
SHOWN = (-4.0, 4.0)  # the part of an input that a graph shows, where the row is defined there


def groups() -> list[tuple[str, list[Primitive]]]:
    """The rows below each heading of the table; last those that only rules are written with, by
    which the table begins."""
    code = TABLE_SOURCE.read_text("utf-8")
    found: list[tuple[str, list[Primitive]]] = []
    for line in code[code.index("# fmt: off") :].splitlines():
        if heading := re.fullmatch(r"# ([A-Z][^#]*[.:])", line):
            found.append((re.split("[.:]", heading[1])[0], []))
        elif made := re.match(r'\w+: Final\[Row\]\s*= row\("(\w+)"', line):
            found[-1][1].append(TABLE[made[1]])
    tools, *others = [(title, rows) for title, rows in found if rows]
    return [*others, tools]


def write_primitives(folder: Path, every: list[Entry]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[int, list[Entry]] = {}
    for entry in every:
        if not entry.part:
            names.setdefault(id(entry.found), []).append(entry)
    pages = []
    for title, rows in groups():
        page = re.sub(r"\W+", "-", title.lower()).strip("-")[:40].strip("-")
        pages.append((page, title, rows))
        sections = [primitive_section(row, names.get(id(row), [])) for row in rows]
        (folder / f"{page}.md").write_text(f"# {title}\n\n" + "\n".join(sections), "utf-8")
    (folder / "index.md").write_text(index_page(pages), "utf-8")


def index_page(pages: list[tuple[str, str, list[Primitive]]]) -> str:
    """The whole table, a line for each row."""
    lines = [INTRODUCTION]
    for page, title, rows in pages:
        lines.append(f"## [{title}]({page}.md)\n\n| row | | derivatives |\n| --- | --- | --- |")
        for row in rows:
            first = [f"${text}$" for text in _brief(row)]
            link = f"[{row.name}]({page}.md#{_anchor(row)})"
            lines.append(f"| {link} | {_cell(row.doc)} | {', '.join(first)} |")
        lines.append("")
    listed = "\n".join(page for page, *_ in pages)
    lines.append(f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n")
    return "\n".join(lines)


def _brief(row: Primitive) -> list[str]:
    """The derivatives that fit in a table; the others stand on the row's page."""
    found = [text for name, text in _shown(row)]
    return [text if len(text) < 60 and "cases" not in text else r"\ldots" for text in found]


def _cell(text: str) -> str:
    return markdown(text).strip().replace("|", r"\|").replace("\n", " ")


def _anchor(row: Primitive) -> str:
    return row.name.replace("_", "-") + "-row"


def _shown(row: Primitive) -> list[tuple[str, str]]:
    """The derivatives; of rows of any number of inputs, by the first of each kind."""
    return [
        (name, text)
        for name, text in derivatives(row)
        if row.arity is not None or not re.search(r"_[2-9]$", name)
    ]


def primitive_section(row: Primitive, public: list[Entry]) -> str:
    """Its public names, and below them what the row says."""
    body = [f"({_anchor(row)})=\n## {row.name}\n"]
    example = re.search(r"(?s)>>> .*", row.__doc__ or "")
    said = markdown(row.doc) + (f"\n```pycon\n{example[0]}\n```\n" if example and public else "")
    if public:
        heads = [entry.name + signature(row) for entry in public]
        body.append(directive("function", "\n            ".join(heads), "autograd", said))
    else:
        body.append(f"`{row.name}({row.inputs})`: {said}")
    formulas = [f"$${function(row)}$$"]
    for name, text in _shown(row):
        by = latex(Symbol(None, (), name))
        formulas.append(rf"$$\frac{{\partial f}}{{\partial {by}}} = {text}$$")
    body.append(
        ":::::{container} primitive\n::::{container} formulas\n"
        + "\n\n".join([*formulas, *_notes(row)])
        + f"\n::::\n{graph(row)}\n:::::\n"
    )
    body.append(folded("the row in autograd/engine/primitives.py", source(row)))
    return "\n".join(body)


def _notes(row: Primitive) -> list[str]:
    """What its help says beside what it is and an example, with Python as code."""
    found = []
    for part in (row.__doc__ or "").split("\n\n"):
        if as_code := re.fullmatch(r"(Written |Smooth and finite where )(.*)\.", part):
            found.append(f"{as_code[1]}`{as_code[2]}`.")
        elif part.startswith("Where it is not smooth: "):
            found.append(_cell(part))
    if row.arity is None:
        found.append("It takes any number of inputs; the formulas are of a few.")
    return found


def source(row: Primitive) -> str:
    """The row, and the rule that it names where that is a function of its own."""
    code, tree = _parsed()
    for node in tree.body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.value, ast.Call)
            and node.value.args
            and isinstance(node.value.args[0], ast.Constant)
            and node.value.args[0].value == row.name
        ):
            used = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
            rules = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name in used]
            return "\n\n".join(
                "\n".join(code[found.lineno - 1 : found.end_lineno]) for found in (node, *rules)
            )
    raise LookupError(row.name)


@cache
def _parsed() -> tuple[list[str], ast.Module]:
    code = TABLE_SOURCE.read_text("utf-8")
    return code.splitlines(), ast.parse(code)


# -- graphs ----------------------------------------------------------------------------------------


def _moved_input(row: Primitive) -> int:
    """The input that a graph moves: the first that is no constant, condition, or place."""
    names = input_names(row)
    for i, name in enumerate(names):
        interval = row.domain[i] if i < len(row.domain) else SHOWN
        if (
            interval[0] < interval[1]
            and name not in ("condition", "k", "p")
            and not (row.name in ("softmax_share", "log_softmax_share", "softmax_apart") and i)
        ):
            return i
    raise LookupError(row.name)


def _others(row: Primitive) -> list[float]:
    """What the inputs are that stay where they are."""
    fixed = {"slope": 0.1, "alpha": 1.0, "lo": -1.0, "hi": 2.0, "condition": 1.0, "n": 1.0,
             "k": 1.0, "c": -1.0, "p": 0.5, "pivot": 0.5, "others": 1.5}  # fmt: skip
    if row.name in ("pow_const", "pow"):
        fixed |= {"n": 3.0, "b": 3.0}
    spread = [1.0, 2.0, -1.0, 0.5]
    return [fixed.get(name, spread[i]) for i, name in enumerate(input_names(row))]


def curve(row: Primitive, points: int = 161) -> tuple[str, list[tuple[float, float, float]]]:
    """The input that moves, and the row's value and derivative along it, by the engine."""
    i = _moved_input(row)
    low, high = row.domain[i] if i < len(row.domain) else SHOWN
    if low == 0.0 and high == math.inf and math.isfinite(_at(row, i, -1.0)[0]):
        low = -math.inf  # smooth on both sides of 0
    low, high = max(low, SHOWN[0]), min(high, SHOWN[1])
    found = []
    for k in range(points):
        x = low + (high - low) * (k + 0.5) / points
        found.append((x, *_at(row, i, x)))
    return input_names(row)[i], found


def _at(row: Primitive, i: int, x: float) -> tuple[float, float]:
    inputs: list[float | Value] = [*_others(row)]
    moved = inputs[i] = Value(x)
    out = row(*inputs)
    out.backward()
    return out.data, moved.grad


def _range(found: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """From where to where a graph goes upwards, and how much of it is margin: what lies in SHOWN,
    or everything where that is next to nothing."""
    ys = sorted(y for _, *both in found for y in both if math.isfinite(y))
    inside = [y for y in ys if SHOWN[0] <= y <= SHOWN[1]]
    if len(inside) > len(ys) / 4:
        ys = inside
    low, high = min(ys[0], 0.0), max(ys[-1], 0.0)
    pad = 0.08 * (high - low or 1.0)
    return low - pad, high + pad, pad


def graph(row: Primitive) -> str:
    """An SVG of the function and its derivative; colours are the page's."""
    name, found = curve(row)
    xs = [x for x, *_ in found]
    low, high, pad = _range(found)
    width, height = SIZE

    def place(x: float, y: float) -> str:
        across = 6 + (x - xs[0]) / (xs[-1] - xs[0]) * (width - 12)
        return f"{across:.1f},{18 + (high - y) / (high - low) * (height - 34):.1f}"

    def lines(which: int) -> str:
        runs: list[list[str]] = [[]]
        before = math.nan
        for point in found:
            x, y = point[0], point[which]
            if not low <= y <= high or abs(y - before) > 0.3 * (high - low):
                runs.append([])
            if low <= y <= high:
                runs[-1].append(place(x, y))
            before = y
        kind = ("function", "derivative")[which - 1]
        return "".join(
            f'<polyline class="{kind}" points="{" ".join(run)}"/>' for run in runs if len(run) > 1
        )

    def axis(x0: float, y0: float, x1: float, y1: float) -> str:
        (a, b), (c, d) = place(x0, y0).split(","), place(x1, y1).split(",")
        return f'<line class="axis" x1="{a}" y1="{b}" x2="{c}" y2="{d}"/>'

    axes = axis(xs[0], 0.0, xs[-1], 0.0)
    if xs[0] < 0 < xs[-1]:
        axes += axis(0.0, low, 0.0, high)
    name = name.replace("_", "")
    label = f"{row.name} and its derivative by {name}"
    right, foot = f'x="{width - 6}" text-anchor="end"', f'y="{height - 3}"'
    ends = f'<text x="6" {foot}>{xs[0]:.2g}</text><text {right} {foot}>{name} = {xs[-1]:.2g}</text>'
    key = (
        '<text x="6" y="11"><tspan class="function-name">f</tspan>  '
        f'<tspan class="derivative-name">∂f/∂{name}</tspan></text>'
        f'<text {right} y="11">{low + pad:.2g} … {high - pad:.2g}</text>'
    )
    return (
        f'<svg class="graph" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f"{axes}{lines(1)}{lines(2)}{ends}{key}</svg>"
    )
