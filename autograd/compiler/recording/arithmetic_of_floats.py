"""Where Python's arithmetic of floats raises, or is complex, and that of Values goes on: decisions.

What a derivative does not differentiate by is a plain number for its function: 1 / z of 0 raises
there, as no Value does. So whether z is 0 is a decision of the recording, and another call that
decides otherwise is recorded, and raises, by itself. (Decisions too many cost a path, no more.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from autograd.compiler.recording.tracing import Decision, Trace
from autograd.engine.value import Value
from autograd.transforms.tree import components, flatten

__all__ = ["add_decisions_of_floats", "slots_of_numbers"]

WHERE: Final = "the arithmetic of plain numbers"
ASKED: Final = ("div", "floordiv", "mod", "pow", "pow_const")


def slots_of_numbers(arguments: Iterable[tuple[Any, bool]]) -> list[int]:
    """The places of Python's own numbers in these arguments, among all their numbers; of those
    arguments that are marked."""
    found: list[int] = []
    start = 0
    for argument, is_marked in arguments:
        if is_marked:
            numbers = [x for _, _, x in components(argument, "")]
            found += [i for i, x in enumerate(numbers, start) if type(x) in (float, int)]
            start += len(numbers)
        else:
            start += len(flatten(argument)[0])
    return found


def add_decisions_of_floats(trace: Trace, slots: Iterable[int]) -> None:
    """Add those on numbers that are computed from these arguments of a recording alone."""
    nodes, first = trace.tape.nodes, len(trace.arguments)
    if all(node.op not in ASKED for node in nodes[first:]):
        return
    are_plain = bytearray(len(nodes))
    for i in slots:
        are_plain[i] = True
    found = []
    for i, node in enumerate(nodes[first:], first):
        inputs = node.inputs
        for x in inputs:
            if isinstance(x, Value) and not (trace.owns(x) and are_plain[x._place]):
                break
        else:
            are_plain[i] = node.primitive is not None
            if are_plain[i] and node.op in ASKED:
                found += [
                    Decision(symbol, a, b, _holds(symbol, a, b), WHERE, i + 1)
                    for symbol, a, b in _asked(node, inputs)
                    if isinstance(a, Value)
                ]
    for i, x in trace.tape.reciprocals():  # the one thing in columns that is asked about
        if trace.owns(x) and are_plain[x._place]:
            found.append(Decision("==", x, 0.0, _holds("==", x, 0.0), WHERE, i + 1))
    if found:
        trace.decisions = sorted([*trace.decisions, *found], key=lambda decision: decision.place)


def _asked(node: Value, inputs: Any) -> Iterator[tuple[str, Any, float]]:
    """What is asked of the numbers of an operation."""
    if node.op in ("div", "floordiv", "mod"):
        yield "==", inputs[1], 0.0
    if node.op in ("floordiv", "mod"):
        yield from _is_finite(inputs[0])
    if node.op in ("pow", "pow_const"):
        base, exponent = inputs
        yield from (("==", base, 0.0), ("<", base, 0.0), ("<", exponent, 0.0))
        if isinstance(exponent, Value) and (base.data if isinstance(base, Value) else base) < 0.0:
            yield "==", exponent, exponent.data  # of a negative base it has to be whole
        for x in (base, exponent, node):
            yield from _is_finite(x)


def _is_finite(x: Any) -> Iterator[tuple[str, Any, float]]:
    yield "<", x, math.inf
    yield ">", x, -math.inf


def _holds(symbol: str, a: Any, b: float) -> bool:
    x = a.data
    return bool(x == b if symbol == "==" else x < b if symbol == "<" else x > b)
