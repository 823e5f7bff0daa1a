"""The mistakes that people make in a local derivative, for every kind of operation.

To add one, give its operation a row in WRITTEN: the kind of slip, what is written instead, of the
input and the output, the words for it, and how unlikely it is (0: seen every day); words with a
`{}` need the right formula in RIGHT. Powers and quotients have functions of their own below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from autograd.engine.graph import Graph
from autograd.engine.text import number

__all__ = [
    "FACTOR",
    "LEFT_OUT",
    "MISSING",
    "RULE",
    "SIGN",
    "LocalDerivative",
    "WrittenRule",
    "local_derivatives",
    "rules_applied",
    "written_rules",
]

LEFT_OUT: Final = "missing path"
SIGN: Final = "sign"
FACTOR: Final = "factor"
RULE: Final = "derivative"
MISSING: Final = "missing factor"


@dataclass(frozen=True, slots=True)
class LocalDerivative:
    """A place where a rule is applied: a node and one of its inputs, or the last of several nodes
    that make up one function (1 / (1 + exp(-z)) is a sigmoid).

    edges: whose local derivatives change with it, by the same ratio. right: the derivative; x, out:
    where it is taken. position: of x among the inputs.
    """

    op: str
    node: int
    edges: tuple[int, ...]
    right: float
    out: float
    x: float
    position: int = 0


class WrittenRule(NamedTuple):
    """A derivative taken in place of the right one; cost: how unlikely that is."""

    kind: str
    derivative: float
    text: str
    cost: float


def _sigmoid_slope_at(z: float) -> float:
    return 0.25 * (1.0 - math.tanh(0.5 * z) ** 2)


AT_OUTPUT: Final = "evaluated at its output, where its input belongs"
TableRow = tuple[str, Callable[[float, float], float], str, float]
WRITTEN: Final[dict[str, list[TableRow]]] = {
    "sigmoid": [
        (RULE, lambda z, s: 1 - s * s, "written as 1 - s**2, the form for tanh, {}", 0.0),
        (RULE, lambda z, s: s - 1, "written as s - 1 {}", 0.3),
        (RULE, lambda z, s: 1 - s, "written as 1 - s {}: the factor s is missing", 0.2),
        (RULE, lambda z, s: s, "written as s {}: the factor 1 - s is missing", 0.2),
        (RULE, lambda z, s: s * (1 + s), "written as s*(1 + s) {}", 0.3),
        (RULE, lambda z, s: s - s**3, "written as s*(1 - s**2) {}", 0.4),
        (RULE, lambda z, s: _sigmoid_slope_at(s), AT_OUTPUT, 0.0),
        (RULE, lambda z, s: z * (1 - z), "written as z*(1 - z) with the input z {}", 0.1),
    ],
    "tanh": [
        (RULE, lambda z, t: t * (1 - t), "written as t*(1 - t), the form for sigmoid, {}", 0.0),
        (RULE, lambda z, t: 1 - t, "written as 1 - t {}: the square is missing", 0.1),
        (RULE, lambda z, t: 1 - z * z, "written as 1 - z**2 with the input z {}", 0.1),
        (RULE, lambda z, t: 1 + t * t, "written as 1 + t**2 {}", 0.2),
        (RULE, lambda z, t: (1 - t) ** 2, "written as (1 - t)**2 {}", 0.3),
        (RULE, lambda z, t: 1 - math.tanh(t) ** 2, AT_OUTPUT, 0.0),
    ],
    "exp": [
        (
            RULE,
            lambda z, y: z * math.exp(z - 1),
            "written as z*exp(z - 1): the rule for powers",
            0.2,
        ),
        (RULE, lambda z, y: z * y, "written as z*exp(z)", 0.4),
    ],
    "log": [(RULE, lambda z, y: z, "written as z {}", 0.3)],
    "square": [
        (RULE, lambda x, y: 1.0, "left out, as if the square were not there", 0.0),
        (RULE, lambda x, y: x, "written as x {}: the factor 2 is missing", 0.6),
    ],
    "sin": [(SIGN, lambda x, y: -math.cos(x), "written as -cos(x): the sign is wrong", 0.0)],
    "cos": [(SIGN, lambda x, y: math.sin(x), "written as sin(x): the sign is wrong", 0.0)],
    "sqrt": [
        (RULE, lambda x, y: 0.5 * y, "written as sqrt(x)/2 {}", 0.2),
        (RULE, lambda x, y: 1.0 / y, "written as 1/sqrt(x): the factor 1/2 is missing", 0.1),
        (RULE, lambda x, y: 0.5 / x, "written as 1/(2*x)", 0.3),
    ],
}
RIGHT: Final = {
    "sigmoid": "s*(1 - s)",
    "tanh": "1 - t**2",
    "log": "1/z",
    "square": "2*x",
    "sqrt": "1/(2*sqrt(x))",
}


def written_rules(local: LocalDerivative, node: Any) -> Iterator[WrittenRule]:
    """What people write in the place of a local derivative."""
    row = node.primitive
    x, out = local.x, local.out
    try:
        yield from _of_table(local.op, x, out)
        if local.op == "pow_const":
            yield from _of_power(x, node.inputs[1], out)
        elif local.op == "log_softmax_share":
            said = "taken as -p in place of 1 - p: the 1 of the label itself is missing"
            yield WrittenRule(RULE, local.right - 1.0, said, 0.0)
        elif local.op == "div":
            yield from _of_quotient(local, node)
        if row.arity == 1 or local.op in WRITTEN or local.op == "pow_const":
            yield WrittenRule(RULE, 1.0, "left out", 0.2)
            yield WrittenRule(RULE, out, "taken as the function itself", 0.4)
            yield WrittenRule(RULE, local.right**2, "applied twice", 0.5)
        if row.arity == 1 and local.op == row.name and local.op not in ("sigmoid", "tanh", "neg"):
            at_output = float(row.partials(row.forward(out), out))
            yield WrittenRule(RULE, at_output, AT_OUTPUT, 0.5)
    except (ArithmeticError, ValueError, TypeError):
        return  # a formula that has no value here was not written here


def _of_table(op: str, x: float, out: float) -> Iterator[WrittenRule]:
    for kind, formula, text, cost in WRITTEN.get(op, ()):
        said = text.format(f"in place of {RIGHT.get(op)}")
        yield WrittenRule(kind, formula(x, out), said, cost)


def _of_power(x: float, n: float, out: float) -> Iterator[WrittenRule]:
    if n == 2.0:
        yield from _of_table("square", x, out)
    else:
        yield WrittenRule(RULE, 1.0, "left out, as if the power were not there", 0.1)
        yield WrittenRule(RULE, x ** (n - 1), f"taken without the factor {number(n, 6)}", 0.1)
        yield WrittenRule(RULE, n * x, "written with the first power", 0.4)
    yield WrittenRule(RULE, n * out, "taken with the exponent not lowered", 0.2)


def _of_quotient(local: LocalDerivative, node: Any) -> Iterator[WrittenRule]:
    a, b = (getattr(x, "data", x) for x in node.inputs)
    if local.position == 0:
        yield WrittenRule(RULE, b, "taken as the divisor itself in place of 1/divisor", 0.2)
        return
    yield WrittenRule(SIGN, a / (b * b), "taken as a/b**2: the sign is missing", 0.0)
    yield WrittenRule(RULE, -1 / (b * b), "written as -1/b**2: the factor a is missing", 0.2)
    yield WrittenRule(RULE, -a / b, "taken as -a/b: the square is missing", 0.2)
    yield WrittenRule(RULE, 1 / b, "taken as 1/b, as if the divisor were the dividend", 0.2)


def local_derivatives(graph: Graph) -> Iterator[LocalDerivative]:
    """Every local derivative, and those of the composite functions that people write themselves."""
    for i in range(len(graph.nodes)):
        yield from rules_applied(graph, i)


def rules_applied(graph: Graph, i: int) -> Iterator[LocalDerivative]:
    """The local derivatives of node i, or that of the composite function that ends there."""
    node, edges = graph.nodes[i], tuple(graph.into(i))
    out = node.data
    inner = _as_sigmoid(node)
    if inner is not None:
        yield LocalDerivative("sigmoid", i, edges, out * (1.0 - out), out, inner)
    elif node.op == "mul" and len(edges) == 2 and node.parents[0] is node.parents[1]:
        x = node.parents[0].data
        yield LocalDerivative("square", i, edges, 2.0 * x, out, x)
    elif edges:
        live = [k for k, x in enumerate(node.inputs) if hasattr(x, "parents")]
        counted = live[:1] if node.primitive.arity is None else live  # all inputs are alike
        for edge, k in zip(edges, counted, strict=False):
            same = edges if node.op in ("mean", "sum") else (edge,)
            x = node.inputs[k].data
            yield LocalDerivative(node.op, i, same, graph.partials[edge], out, x, k)


def _as_sigmoid(node: Any) -> float | None:
    """The z of 1 / (1 + exp(-z)) written out; None for anything else."""
    if node.op not in ("div", "reciprocal") or len(node.parents) != 1:
        return None
    if node.op == "div" and node.inputs[0] != 1.0:
        return None
    total = node.parents[0]
    if total.op != "add" or len(total.parents) != 1 or 1.0 not in total.inputs:
        return None
    power = total.parents[0]
    return -power.parents[0].data if power.op == "exp" and power.parents else None
