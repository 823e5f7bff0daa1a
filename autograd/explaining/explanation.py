"""explain: why a gradient is what it is, as data and as text."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from autograd.engine.primitives import describe
from autograd.engine.text import ELLIPSIS, place, plural, printable, source_at, wrapped
from autograd.engine.value import Value
from autograd.explaining import analysis
from autograd.explaining.analysis import DIGITS, Finding
from autograd.explaining.caller import result_among, variables_of
from autograd.explaining.gradient_flow import Flow
from autograd.explaining.path_sums import Path, paths, product_text, route_text

__all__ = ["Explanation", "Finding", "explain", "explanation_of"]

MAX_PATHS: Final = 5


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `explain` found. As text (`str`, `print`, in a notebook) it is for people to read;
    `text` is the same with every reason on one line, however long.

    value, root: whose gradient it is, and of which result. gradient: d root / d value, by one pass
    over the graph as it is, whatever `.grad` holds. findings: the reasons, the most important one
    first; none where nothing is remarkable. `kind`, `path` and `line` are those of the first
    finding, "ordinary" and the strongest path where there is none.
    """

    value: Value
    root: Value
    gradient: float
    findings: tuple[Finding, ...]
    text: str
    _strongest: Path | None

    @property
    def kind(self) -> str:
        """One word for the main reason, such as "dead_relu"; "ordinary" where there is none."""
        return self.findings[0].kind if self.findings else "ordinary"

    @property
    def path(self) -> Path | None:
        """The path that the main reason is about; None where there is none."""
        return self.findings[0].path if self.findings else self._strongest

    @property
    def line(self) -> str | None:
        """The file and line where the main reason begins, as far as recorded."""
        return self.findings[0].line if self.findings else None

    def __str__(self) -> str:
        return wrapped(self.text)

    __repr__ = __str__


def explain(value: Value, root: Value | None = None) -> Explanation:
    """Why the gradient of `root` with respect to `value` is zero, NaN, infinite, huge, or not what
    `value.grad` says.

    `explain(w, loss)` is about one gradient. `explain(loss, loss)` is about the result: its number,
    if that is NaN or infinite, and the gradients of all leaves. Without a root, the result is the
    one among the caller's variables that was computed from `value`; if there is none, `value` is
    itself the result. Nothing in the graph is changed.

    Raises TypeError for anything but Values, ValueError where no result can be found, or several,
    and where root and value are the wrong way round.

    >>> from autograd import Value, explain
    >>> w, x = Value(-1.5, "w"), Value(2.0, "x")
    >>> z = w * x
    >>> loss = (z.relu() - 1) ** 2
    >>> loss.backward()
    >>> print(explain(w))
    ∂loss/∂w = 0
      dead relu: v1 = relu(z) passes nothing on, because z = w * x = -3 is not above 0
        path: w–z–v1–v2–loss  2 × 0 × 1 × (-2) = 0
        remedy: smaller steps or other initial weights; leaky_relu and silu have a slope there
    """
    _check(value, "value")
    if root is not None:
        _check(root, "root")
    variables = variables_of(sys._getframe(1))
    if root is None:
        root = result_among(variables, value)
    return explanation_of(value, root, variables)


def explanation_of(value: Value, root: Value, variables: Mapping[str, Value]) -> Explanation:
    """`explain`, with the Values that the asker has besides, by their names."""
    besides = [x for x in [*variables.values(), value] if x is not root]
    graph = Flow(root, besides, {id(x): name for name, x in variables.items()})
    if value is root:
        head, findings = analysis.of_result(graph)
    elif graph.holds(value):
        head, findings = analysis.of_gradient(graph, value)
    else:
        head, findings = analysis.of_outsider(graph, value, list(variables.values()))
    return _told(graph, value, head, findings)


def _check(given: object, role: str) -> None:
    if not isinstance(given, Value):
        raise TypeError(f"explain needs a Value as its {role}, got {describe(given)}")


# -- as text ---------------------------------------------------------------------------------------


def _told(graph: Flow, value: Value, head: list[str], findings: Sequence[Finding]) -> Explanation:
    merged = _merged(findings)
    lines = list(head)
    for finding in merged:
        lines += _written(graph, finding)
    strongest = None
    if not merged and value is not graph.root:
        strongest = graph.path(graph.way_up(value))
        lines += _plain(graph, value)
    elif not merged:
        lines.append("  nothing remarkable: its gradients are neither 0 nor infinite nor NaN")
    gradient = graph.arrives_at(value)
    return Explanation(value, graph.root, gradient, merged, "\n".join(lines), strongest)


def _merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The first of each kind, with the number of places."""
    kinds: dict[str, dict[int, Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, {}).setdefault(id(finding.node), finding)
    return tuple(
        replace(next(iter(places.values())), count=sum(x.count for x in places.values()))
        for places in kinds.values()
    )


def _written(graph: Flow, finding: Finding) -> list[str]:
    lines = [f"  {finding.kind.replace('_', ' ')}: {finding.why}"]
    rows = [path for path in finding.paths if path.factors]
    lines += [f"    path: {row}" for row in _rows(graph, rows)]
    if finding.line:
        lines.append(f"    line: {_place(finding.line)}")
    if finding.count > 1:
        lines.append(f"    the same in {plural(finding.count - 1, 'other place')}")
    lines.append(f"    remedy: {finding.remedy}")
    return lines


def _plain(graph: Flow, value: Value) -> list[str]:
    """A gradient about which there is nothing to say but its paths."""
    found = paths(graph.root, value, MAX_PATHS)
    if found.count == 1:
        head = "  nothing remarkable: the product along the only path"
    else:
        head = f"  nothing remarkable: the sum over {plural(found.count, 'path')}"
    more = [] if found.complete else [f"    {ELLIPSIS}"]
    return [head, *[f"    {row}" for row in _rows(graph, found.rows)], *more]


def _rows(graph: Flow, found: Sequence[Path]) -> list[str]:
    repeated: dict[int, set[int]] = {}
    return [
        f"{route_text(row, graph.names, repeated)}  {product_text(row, DIGITS)}" for row in found
    ]


def _place(line: str) -> str:
    """Where it is and what it says."""
    source = source_at(line)
    return printable(place(line), 200) + (f": {printable(source, 100)}" if source else "")
