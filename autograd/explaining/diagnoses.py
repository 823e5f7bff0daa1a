"""Why one operation gives what it gives: the causes of zeros, infinities and NaN, with remedies.

Each function looks at one operation, its numbers and its local derivative, and says in a sentence
what happens there. `gradient_flow` finds that operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from autograd.engine.graph import Edge
from autograd.engine.text import formula, number, term

__all__ = [
    "REMEDIES",
    "Cause",
    "blocked",
    "born",
    "flattened",
    "is_stale",
    "shown",
    "slot",
    "unbounded",
]

Name = Callable[[Any], str]

SMALL_SLOPE: Final = 0.01  # of a function that saturates: from here on it counts as flat

REMEDIES: Final = {
    "accumulated": "call zero_grad() before backward(), unless they are meant to add up",
    "beyond_margin": "none, for a loss: its sample is right; for a unit, that of a dead relu",
    "cancelling": "none, if every path is meant; else look for a wrong sign, or a term too many",
    "changed": "compute the result anew, inside the loop if any, then call backward() on it",
    "copied": "compute with the Value itself; .data is a bare number, which has no history",
    "dead_relu": "smaller steps or other initial weights; leaky_relu and silu have a slope there",
    "detached": "compute with the Value itself, if the gradient is wanted",
    "division_by_0": "keep the divisor away from 0, or guard it: where(b == 0, 0, a / b)",
    "edge_of_domain": "keep the input inside the edge, for instance with clip",
    "exploding": "smaller weights, fewer factors, or nn.clip_grad_norm before each step",
    "flat": "none, if this is a minimum; else begin from another point",
    "infinite_input": "look for the infinity where the number comes from",
    "infinity_minus_infinity": "keep the terms finite: see where the infinities come from",
    "infinity_over_infinity": "keep both finite: see where the infinities come from",
    "large_factor": "rescale the input of that operation, or keep it away from this point",
    "log_of_0": "keep it above 0, as in log(x + 1e-12), or use log_softmax or a loss of logits",
    "many_paths": "if so many are not meant, look for a value that is added to itself in a loop",
    "nan_input": "look for the NaN where the number comes from; leave such samples out",
    "no_backward": "call backward() on the result; in a loop: zero_grad(), backward(), the step",
    "no_grad": "move the computation out of no_grad(), if the gradient is wanted",
    "no_graph": "compute it from Values, outside no_grad()",
    "not_taken": "none, if that is meant; logsumexp and softplus pass something to every side",
    "other_pass": "call backward() on the result whose gradient is wanted, last",
    "outside_domain": "keep the input inside the domain, with clip or where",
    "overflow": "keep the numbers smaller: logsumexp, softmax, softplus and hypot do it themselves",
    "replaced": "to change a parameter, assign its number: w.data -= lr * w.grad",
    "root_of_0": "add a little under the root: sqrt(x + 1e-12); norm, hypot, abs have slope 0 at 0",
    "saturated": "smaller inputs, by smaller weights or scaled data; or a loss of logits",
    "small_factor": "rescale the input of that operation; near a minimum, none is needed",
    "step": "a smooth function in its place, such as tanh for sign",
    "undecided": "write the formula without the infinity (sqrt(x)**2 is x); check_grad says what "
    "differences give, where f has values on a side of it",
    "underflow": "rescale, take fewer factors, or add logarithms instead of multiplying",
    "unused": "compute the result from it; inside record_lines() explain knows more about copies",
    "vanishing": "larger weights, activations with a slope near 1 such as relu, shorter chains",
    "zero_factor": "none, if that 0 is meant; weights that all begin at 0 need random ones",
    "zero_times_infinity": "avoid the infinity: see where it comes from",
    "zeroed": "read gradients before zero_grad()",
}


class Cause(NamedTuple):
    """A kind of trouble, one of REMEDIES, and a sentence that says what happened."""

    kind: str
    why: str


def shown(x: Any, name: Name) -> str:
    """`z = w * x = -3` for a node, `3` for a plain number."""
    if not hasattr(x, "parents"):
        return number(x, 6)
    made = formula(x, name)
    return f"{term(name(x))}{f' = {made}' if 0 < len(made) <= 40 else ''} = {number(x.data, 6)}"


def slot(edge: Edge) -> int:
    """Which input of the output an edge enters by, plain numbers counted."""
    places = [i for i, x in enumerate(edge.output.inputs) if hasattr(x, "parents")]
    return places[edge.position]


def _data(x: Any) -> float:
    return float(x.data) if hasattr(x, "parents") else float(x)


def _is(node: Any, trait: str) -> bool:
    """Whether the row of its operation says that it is of this kind."""
    return trait in node.primitive.traits


def _made(node: Any, name: Name) -> str:
    return f"{term(name(node))} = {formula(node, name)}"


def is_stale(node: Any) -> bool:
    """Whether a number has been assigned since the operation that made a node ran."""
    if node.primitive is None:
        return False
    try:
        again = node.primitive.forward(*map(_data, node.inputs))
    except (ArithmeticError, ValueError):  # of a user's primitive, at the new numbers
        return True
    return bool(again != node.data and not (math.isnan(again) and math.isnan(node.data)))


def _changed(node: Any, name: Name, what: str) -> Cause:
    return Cause(
        "changed",
        f"{_made(node, name)} {what} when it was computed; one of these numbers has been assigned "
        "since",
    )


# -- a local derivative of 0 -----------------------------------------------------------------------


def blocked(edge: Edge, name: Name, above: Sequence[Edge] = ()) -> Cause:
    """Why nothing passes through an edge whose local derivative is 0. `above`: the way from its
    output up to the root."""
    node, x, i = edge.output, edge.parent, slot(edge)
    op, made, at = node.op, _made(node, name), shown(x, name)
    if is_stale(node):
        return _changed(node, name, f"had slope 0 in {name(x)}")
    if op == "relu" and _is_hinge(node, above):
        return Cause(
            "beyond_margin",
            f"{made} is 0 as a hinge loss is beyond the margin, because "
            f"{shown(x.inputs[1], name)} is at least 1",
        )
    if op == "relu":
        return Cause("dead_relu", f"{made} passes nothing on, because {at} is not above 0")
    if _is(node, "step"):
        return Cause("step", f"{made} is a step: between its jumps it is flat, with slope 0")
    if op == "stop_gradient":
        return Cause("detached", f"{made} lets no gradient through")
    if _is(node, "extreme") or op in ("where", "clip"):
        return Cause("not_taken", _not_taken(node, i, name))
    zero = _zero_beside(node, i)
    if zero is not None:
        return Cause("zero_factor", f"{made} does not change with {name(x)}: {shown(zero, name)}")
    if _is(node, "saturating") or (_is(node, "half_flat") and x.data < 0):
        return Cause("saturated", f"{made} is flat at {at}: its slope is 0")
    if _is(node, "exponential") and node.data == 0.0:
        return Cause("underflow", f"{made} is 0, because at {at} it is smaller than any double")
    kinks = f" ({node.primitive.kinks})" if _is(node, "kink") else ""
    return Cause("flat", f"{made} is flat at {at}: its slope is 0{kinks}")


def _is_hinge(node: Any, above: Sequence[Edge]) -> bool:
    """Whether a relu is max(0, 1 - margin), which is averaged, added or weighted to the loss but
    enters nothing further; a unit of a network feeds weights, or has no such input."""
    x = node.parents[0]
    from_one = x.op == "sub" and not hasattr(x.inputs[0], "parents") and x.inputs[0] == 1.0
    return from_one and all(_collects(edge.output) for edge in above)


def _collects(node: Any) -> bool:
    """Whether it averages or adds losses, or weights one by a plain number."""
    return node.op in ("add", "mean", "sum") or (
        node.op in ("mul", "div") and len(node.parents) == 1
    )


def _not_taken(node: Any, i: int, name: Name) -> str:
    made, x = _made(node, name), node.inputs[i]
    if node.op == "where":
        if i == 0:
            return f"{made} only asks whether {shown(x, name)} is 0: a condition has no slope"
        condition = node.inputs[0]
        if hasattr(condition, "parents"):
            return f"{made} took the other side, because {shown(condition, name)}"
        return f"{made} took the other side: its condition was {bool(condition)}"
    if node.op == "clip":
        if i == 0:
            return f"{made} gave its bound {number(node.data, 6)}: {shown(x, name)} is outside"
        return f"{made} did not give this bound, {shown(x, name)}"
    taken = next((y for y in node.inputs if _data(y) == node.data), node.data)
    return f"{made} took {shown(taken, name)}, not {shown(x, name)}"


def _zero_beside(node: Any, i: int) -> Any:
    """The 0 that a factor is multiplied by; None where there is none."""
    inputs = node.inputs
    if node.op == "dot":
        half = len(inputs) // 2
        others = [inputs[(i + half) % len(inputs)]]
    elif _is(node, "product") or (node.op == "div" and i == 1):
        others = [x for j, x in enumerate(inputs) if j != i]
    else:
        others = []
    return next((x for x in others if _data(x) == 0.0), None)


def flattened(edge: Edge, name: Name) -> Cause | None:
    """Whether a function that saturates has next to no slope here."""
    node, x = edge.output, edge.parent
    flat = _is(node, "saturating") or (_is(node, "half_flat") and x.data < -2.0)
    if not flat or not abs(edge.partial) < SMALL_SLOPE or is_stale(node):
        return None
    slope = number(edge.partial, 4)
    return Cause(
        "saturated",
        f"{_made(node, name)} is nearly flat at {shown(x, name)}: its slope is {slope}",
    )


# -- an infinite or undefined local derivative -----------------------------------------------------


def unbounded(edge: Edge, name: Name) -> Cause:
    """Why the local derivative of an edge is infinite or NaN, although all numbers are finite."""
    node, x, i = edge.output, edge.parent, slot(edge)
    made, at = _made(node, name), shown(x, name)
    if is_stale(node):
        return _changed(node, name, f"had slope {number(edge.partial)} in {name(x)}")
    if node.op == "pow" and i == 1:
        base = shown(node.inputs[0], name)
        return Cause(
            "outside_domain",
            f"{made}: the slope in a varying exponent needs the logarithm of {base}, below 0",
        )
    if math.isnan(edge.partial):
        return Cause("outside_domain", f"{made} has no slope at {at}")
    if _is(node, "root") and x.data == 0.0:
        return Cause("root_of_0", f"{made} is vertical at {at}: its slope there is infinite")
    if x.data in _edges(node, i):
        return Cause("edge_of_domain", f"{made} is vertical at {at}: its slope there is infinite")
    return Cause("overflow", f"{made}: the slope at {at} is beyond the largest double, 1.8e308")


def _edges(node: Any, i: int) -> tuple[float, ...]:
    domain = node.primitive.domain
    return domain[i] if i < len(domain) else ()


# -- a number that is infinite or NaN --------------------------------------------------------------


def born(node: Any, name: Name) -> Cause:
    """Why a node holds a NaN or an infinity that none of its inputs accounts for."""
    out = number(node.data)
    given = "nan_input" if math.isnan(node.data) else "infinite_input"
    if not node.op:
        return Cause(given, f"{name(node)} is {out} from the start: a leaf, not a result")
    numbers = [_data(x) for x in node.inputs]
    made = _made(node, name)
    if is_stale(node):
        return _changed(node, name, f"was {out}")
    if any(_data(x) != _data(x) or (given == "infinite_input" and _infinite(x)) for x in numbers):
        return Cause(given, f"{made} is {out}: one of the plain numbers in it is")
    values = ", ".join(dict.fromkeys(shown(x, name) for x in node.inputs if hasattr(x, "parents")))
    said = f"{made} is {out} for {values}" if len(values) <= 200 else f"{made} is {out}"
    kind, because = _nan(node, numbers) if math.isnan(node.data) else _infinity(node, numbers)
    return Cause(kind, f"{said}: {because}")


def _infinite(x: Any) -> bool:
    return math.isinf(_data(x))


def _nan(node: Any, numbers: list[float]) -> tuple[str, str]:
    op, infinities = node.op, any(map(math.isinf, numbers))
    if _is(node, "quotient") and numbers[1] == 0.0:
        return "division_by_0", f"{number(numbers[0])} divided by 0 can be any number"
    if op == "div" and infinities:
        return "infinity_over_infinity", "inf / inf can be any number"
    if _is(node, "product") and infinities and 0.0 in numbers:
        return "zero_times_infinity", "0 times inf can be any number"
    if _is(node, "sum") and infinities:
        return "infinity_minus_infinity", "inf - inf can be any number"
    if op in ("pow", "pow_const") and numbers[0] < 0.0:
        return "outside_domain", "a negative number has no real power that is not whole"
    return "outside_domain", f"{op} is not defined there"


def _infinity(node: Any, numbers: list[float]) -> tuple[str, str]:
    op = node.op
    if _is(node, "log"):
        return "log_of_0", "the logarithm of 0 is -inf"
    if (_is(node, "quotient") and numbers[1] == 0.0) or (op == "reciprocal" and numbers[0] == 0.0):
        return "division_by_0", "a division by 0"
    if op in ("pow", "pow_const") and numbers[0] == 0.0:
        return "division_by_0", "a negative power of 0 divides by 0"
    if any(x in _edges(node, i) for i, x in enumerate(numbers)):
        return "edge_of_domain", f"{op} has a pole there"
    return "overflow", "the result is beyond the largest double, 1.8e308"
