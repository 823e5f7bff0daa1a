"""Numbers that were assigned after something had been computed from them.

A graph does not follow its leaves: it keeps the numbers and local derivatives of the moment at
which it was computed, and `backward` differentiates that computation. Built once outside of a
training loop it gives the same gradient in every turn. Here every operation is done once more with
the numbers that its inputs have now. A user's own operation is not: it may count, draw or print.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from autograd.engine.graph import Graph
from autograd.engine.modes import outside_mode
from autograd.engine.text import formula, number, term
from autograd.engine.value import Value

__all__ = ["SENTENCES", "Changed", "changed_since"]

MOST: Final = 3  # suspects
SENTENCES: Final[Mapping[str, str]] = {
    "itself": "{name} was assigned after it was computed: {made} is {now}, not {held}",
    "or": " or ",
    "same": "is {held} still, with other local derivatives",
    "other": "is {held}, and would be {now} now",
    "input": "{who} was changed after {name} was computed: {made} {other}",
}


class Changed(NamedTuple):
    """A node, the same computed anew, and the Values one of which has been assigned since."""

    node: Value
    again: Value
    suspects: tuple[Value, ...]

    def sentence(self, name: Callable[[Any], str], said: Mapping[str, str] = SENTENCES) -> str:
        """Which number was changed, and what that makes of the node; `said` in which words."""
        node, now = self.node, number(self.again.data, 6)
        made, held = formula(node, name), number(node.data, 6)
        if self.suspects[0] is node:
            return said["itself"].format(name=name(node), made=made, now=now, held=held)
        other = said["same" if held == now else "other"].format(held=held, now=now)
        return said["input"].format(
            who=said["or"].join(map(name, self.suspects)),
            name=name(node),
            made=f"{term(name(node))} = {made}",
            other=other,
        )


def changed_since(graph: Graph) -> list[Changed]:
    """The nodes of a graph of which a number has been assigned since. Linear in its size."""
    with outside_mode("no_grad"), outside_mode("detect_anomaly"), outside_mode("record_lines"):
        again = {i: x for i, node in enumerate(graph.nodes) if (x := _again(node)) is not None}
    return [Changed(graph.nodes[i], x, _suspects(graph, i, again)) for i, x in again.items()]


def _again(node: Any) -> Value | None:
    """The same operation on the numbers of now; None where nothing is different, or where it is a
    leaf or a user's."""
    row = getattr(node, "primitive", None)  # anything with parents and partials has paths
    if row is None or not row.builtin:
        return None
    again: Value = row(*[Value(x.data) if isinstance(x, Value) else x for x in node.inputs])
    same = _same(again.data, node.data) and all(map(_same, again.partials, node.partials))
    return None if same else again


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-12)


def _suspects(graph: Graph, i: int, again: dict[int, Value]) -> tuple[Value, ...]:
    """Which Values may have been assigned: the leaves whose every use is out of date, unless
    there is something to show that it was another."""
    node = graph.nodes[i]
    inputs = list(dict.fromkeys(graph.inputs(i)))
    consumers = {graph.outputs[j] for j in graph.above[i]}
    if any(k in again and set(graph.inputs(k)) == {i} for k in consumers):
        return (node,)  # what was computed from it alone does not follow from it
    if node.op == "mul" and len(inputs) == 2:  # each was the local derivative by the other
        known = zip(inputs, node.partials[::-1], strict=True)
        inputs = [k for k, x in known if not _same(graph.nodes[k].data, x)] or inputs
    leaves = [k for k in inputs if not graph.nodes[k].op]
    used = [k for k in leaves if all(graph.outputs[j] in again for j in graph.above[k])]
    most = max((len(graph.above[k]) for k in used), default=0)  # what explains most
    used = [k for k in used if len(graph.above[k]) == most]
    return tuple(graph.nodes[k] for k in (used or leaves or inputs)[:MOST])
