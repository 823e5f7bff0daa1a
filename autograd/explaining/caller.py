"""What the caller of `explain` has among its variables: names, and the result it must mean.

A Value does not know what was computed from it. `explain(w)` therefore looks for a result among the
variables of its caller, whose names also serve where a label is missing.
"""

from __future__ import annotations

import inspect
import sys
from types import FrameType
from typing import Final

from autograd.engine.graph import Graph, topological_order
from autograd.engine.text import printable
from autograd.engine.value import Value
from autograd.explaining.copies import likely_copies

__all__ = ["result_among", "variables_of"]

MAX_LISTED: Final = 6  # results


def variables_of(frame: FrameType) -> dict[str, Value]:
    """The Values among the caller's variables, each once, by name; local ones first."""
    found: dict[str, Value] = {}
    seen: set[int] = set()
    for scope in (frame.f_locals, frame.f_globals):
        for name, x in list(scope.items()):
            if type(x) is Value and id(x) not in seen and not name.startswith("_"):
                seen.add(id(x))
                found[name] = x
    _forget(frame)
    return found


def _forget(frame: FrameType) -> None:
    """Before Python 3.13, looking at a function's variables leaves a copy of them in its frame,
    which would keep their graphs alive until it returns."""
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        copy = frame.f_locals
        for name in [name for name, x in copy.items() if type(x) is Value]:
            del copy[name]


def result_among(variables: dict[str, Value], value: Value) -> Value:
    """The one result among the variables that the question must be about."""
    results = {name: x for name, x in variables.items() if x.op and x is not value}
    graph = Graph(results.values())
    used, depends = set(graph.parents), graph.dependents([value])
    place = {name: graph.place[id(x)] for name, x in results.items()}
    made = [x for name, x in results.items() if depends[place[name]]]
    last = {name: x for name, x in results.items() if place[name] not in used}
    found = _most_likely(value, last, made)
    if not found and value.op:
        return value
    found = found or {name: x for name, x in last.items() if x.grad != 0.0} or last
    if len(found) == 1:
        return next(iter(found.values()))
    what = printable(value.label or "value")
    if not found:
        raise ValueError(
            f"explain: a Value does not know what was computed from it, and no variable here holds "
            f"a result; name one, as in explain({what}, loss)"
        )
    several = ", ".join(map(printable, list(found)[:MAX_LISTED]))
    raise ValueError(
        f"explain: several results could be meant ({several}); name one, as in "
        f"explain({what}, {printable(next(iter(found)))})"
    )


def _most_likely(value: Value, last: dict[str, Value], made: list[Value]) -> dict[str, Value]:
    """Of the last results, those made of the value on which backward() was called; or else, those
    on which it was called and that seem to use a copy; or else, all that are made of the value."""
    called = {name: x for name, x in last.items() if x.grad != 0.0}
    ids = set(map(id, made))
    return (
        {name: x for name, x in called.items() if id(x) in ids}
        or {name: x for name, x in called.items() if _looks_cut(x, [value, *made])}
        or {name: x for name, x in last.items() if id(x) in ids}
    )


def _looks_cut(root: Value, originals: list[Value]) -> bool:
    leaves = [node for node in topological_order(root) if not node.op]
    return bool(likely_copies(leaves, originals, lambda node: ""))
