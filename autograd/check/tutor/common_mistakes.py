"""The mistakes that people make in a local derivative, for every kind of operation.

To add one, yield it from the function of its operation: what is written instead, evaluated at the
input x and the output `out`, the words for it, and how far-fetched it is (0: seen every day).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from autograd.check.tutor.recorded_graph import RecordedGraph
from autograd.engine.text import number

__all__ = [
    "FACTOR",
    "LEFT_OUT",
    "MISSING",
    "RULE",
    "SIGN",
    "LocalDerivative",
    "local_derivatives",
    "written_rules",
]

LEFT_OUT, SIGN, FACTOR, RULE, MISSING = (
    "missing path",
    "sign",
    "factor",
    "derivative",
    "missing factor",
)


@dataclass(frozen=True, slots=True)
class LocalDerivative:
    """A place where the chain rule takes a derivative: a node and one of its inputs, or several
    nodes that make up one function (1 / (1 + exp(-z)) is a sigmoid).

    edges: whose local derivatives change with it, by the same ratio.
    """

    op: str
    node: int
    edges: tuple[int, ...]
    right: float
    out: float
    x: float
    position: int = 0


WrittenRule = tuple[str, float, str, float]  # kind, derivative instead, what to say, cost


def _sigmoid(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * x))


def _written_sigmoid(z: float, s: float) -> Iterator[WrittenRule]:
    right = "in place of s*(1 - s)"
    yield RULE, 1 - s * s, f"written as 1 - s**2, the form for tanh, {right}", 0.0
    yield RULE, s - 1, f"written as s - 1 {right}", 0.3
    yield RULE, 1 - s, f"written as 1 - s {right}: the factor s is missing", 0.2
    yield RULE, s, f"written as s {right}: the factor 1 - s is missing", 0.2
    yield RULE, s * (1 + s), f"written as s*(1 + s) {right}", 0.3
    yield RULE, s - s**3, f"written as s*(1 - s**2) {right}", 0.4
    t = _sigmoid(s)
    yield RULE, t * (1 - t), "evaluated at its output s, where its input belongs", 0.0
    yield RULE, z * (1 - z), f"written as z*(1 - z) with the input z {right}", 0.1


def _written_tanh(z: float, t: float) -> Iterator[WrittenRule]:
    right = "in place of 1 - t**2"
    yield (
        RULE,
        t * (1 - t),
        f"written as t*(1 - t), the form for sigmoid, {right}",
        0.0,
    )
    yield RULE, 1 - t, f"written as 1 - t {right}: the square is missing", 0.1
    yield RULE, 1 - z * z, f"written as 1 - z**2 with the input z {right}", 0.1
    yield RULE, 1 + t * t, f"written as 1 + t**2 {right}", 0.2
    yield RULE, (1 - t) ** 2, f"written as (1 - t)**2 {right}", 0.3
    u = math.tanh(t)
    yield RULE, 1 - u * u, "evaluated at its output t, where its input belongs", 0.0


def _written_exp(z: float, out: float) -> Iterator[WrittenRule]:
    yield RULE, z * math.exp(z - 1), "written as z*exp(z - 1): the rule for powers", 0.2
    yield RULE, z * out, "written as z*exp(z)", 0.4


def _written_log(z: float, out: float) -> Iterator[WrittenRule]:
    yield RULE, z, "written as z in place of 1/z", 0.3


def _written_square(x: float, out: float) -> Iterator[WrittenRule]:
    yield RULE, 1.0, "left out, as if the square were not there", 0.0
    yield RULE, x, "written as x in place of 2*x: the factor 2 is missing", 0.6


def _written_sin(x: float, out: float) -> Iterator[WrittenRule]:
    yield SIGN, -math.cos(x), "written as -cos(x): the sign is wrong", 0.0


def _written_cos(x: float, out: float) -> Iterator[WrittenRule]:
    yield SIGN, math.sin(x), "written as sin(x): the sign is wrong", 0.0


def _written_sqrt(x: float, out: float) -> Iterator[WrittenRule]:
    yield RULE, 0.5 * out, "written as sqrt(x)/2 in place of 1/(2*sqrt(x))", 0.2
    yield RULE, 1.0 / out, "written as 1/sqrt(x): the factor 1/2 is missing", 0.1
    yield RULE, 0.5 / x, "written as 1/(2*x)", 0.3


WRITTEN: Final[dict[str, Callable[[float, float], Iterator[WrittenRule]]]] = {
    "sigmoid": _written_sigmoid,
    "tanh": _written_tanh,
    "exp": _written_exp,
    "log": _written_log,
    "square": _written_square,
    "sin": _written_sin,
    "cos": _written_cos,
    "sqrt": _written_sqrt,
}
UPSIDE_DOWN: Final = "taken as the divisor itself in place of 1/divisor"


def written_rules(local: LocalDerivative, node: Any) -> Iterator[WrittenRule]:
    """Derivatives that are taken in place of the right one, for every kind of operation."""
    row = node.primitive
    try:
        if local.op in WRITTEN:
            yield from WRITTEN[local.op](local.x, local.out)
        elif local.op == "pow_const":
            yield from _written_power(local.x, node.inputs[1], local.out)
        elif local.op == "log_softmax":
            said = "taken as -p in place of 1 - p: the 1 of the label itself is missing"
            yield RULE, local.right - 1.0, said, 0.1
        elif local.op == "div":
            yield from _written_quotient(local, node)
        if row.arity == 1 or local.op in WRITTEN or local.op == "pow_const":
            yield RULE, 1.0, "left out", 0.2
            yield RULE, local.out, "taken as the function itself", 0.4
            yield RULE, local.right**2, "applied twice", 0.5
        if row.arity == 1 and local.op == row.name and local.op not in ("sigmoid", "tanh", "neg"):
            at_output = row.partials(row.forward(local.out), local.out)
            yield RULE, float(at_output), "evaluated at its output, where its input belongs", 0.5
    except (ArithmeticError, ValueError, TypeError):
        return  # a formula that has no value here was not written here


def _written_power(x: float, n: float, out: float) -> Iterator[WrittenRule]:
    if n == 2.0:
        yield from _written_square(x, out)
    else:
        yield RULE, 1.0, "left out, as if the power were not there", 0.1
        yield RULE, x ** (n - 1), f"taken without the factor {number(n, 6)}", 0.1
        yield RULE, n * x, "written with the first power", 0.4
    yield RULE, n * out, "taken with the exponent not lowered", 0.2


def _written_quotient(local: LocalDerivative, node: Any) -> Iterator[WrittenRule]:
    a, b = (getattr(x, "data", x) for x in node.inputs)
    if local.position == 0:
        yield RULE, b, UPSIDE_DOWN, 0.2
    else:
        yield SIGN, a / (b * b), "taken as a/b**2: the sign is missing", 0.0
        yield RULE, -1 / (b * b), "written as -1/b**2: the factor a is missing", 0.2
        yield RULE, -a / b, "taken as -a/b: the square is missing", 0.2
        yield RULE, 1 / b, "taken as 1/b, as if the divisor were the dividend", 0.2


def local_derivatives(recorded: RecordedGraph) -> Iterator[LocalDerivative]:
    """Every local derivative, and the composite functions that people write themselves."""
    for i, node in enumerate(recorded.nodes):
        edges = recorded.below[i]
        if not edges:
            continue
        inner = _as_sigmoid(node)
        if inner is not None:
            s = node.data
            right = s * (1.0 - s)
            yield LocalDerivative("sigmoid", i, (edges[0],), right, s, inner)
        elif node.op == "mul" and len(edges) == 2 and node.parents[0] is node.parents[1]:
            x = node.parents[0].data
            yield LocalDerivative("square", i, tuple(edges), 2.0 * x, node.data, x)
        else:
            positions = [k for k, x in enumerate(node.inputs) if hasattr(x, "parents")]
            many = node.primitive.arity is None
            for edge, k in zip(edges, positions, strict=True):
                x = node.inputs[k].data
                chosen = tuple(edges) if node.op in ("mean", "sum") else (edge,)
                yield LocalDerivative(node.op, i, chosen, recorded.factors[edge], node.data, x, k)
                if many:
                    break


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
