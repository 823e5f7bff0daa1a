"""The derivative of a function that is recorded once is written in columns, without a node for each
operation. The program that comes out is the one that is read off nodes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

pytest.importorskip("llvmlite")

import autograd
from autograd import (
    Value,
    exp,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    log,
    sqrt,
    tanh,
    value_and_grad,
    where,
)
from autograd.compiler.recording import arguments
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.repeatable import Repeatable
from autograd.compiler.recording.tracing import Trace

WEIGHT = Value(3.0)
DATA = [0.5, -1.0, 2.0]


def recorded(f: Any, args: tuple[Any, ...]) -> tuple[list[Trace], tuple[Any, ...]]:
    """The recordings of a call that were read off, and what can be said of the program."""
    traces: list[Trace] = []
    read_off = arguments.read_off

    def seen(trace: Trace, *others: Any) -> Any:
        traces.append(trace)
        return read_off(trace, *others)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(arguments, "read_off", seen)
        found, outputs, results = Arguments(f, [], frozenset(), args, {}).recorded()
    code = found.program.code
    columns = (code.kinds, code.starts, code.operands, code.values.tobytes())
    captured = list(map(id, found.captured))
    said = (found.program.outputs, found.program.guards, captured, outputs.kind, repr(results))
    return traces, (columns, *said)


def both(f: Any, *args: Any) -> tuple[Trace, tuple[Any, ...], tuple[Any, ...]]:
    """The recording in columns, what comes of it, and what comes of one in nodes: as where the data
    may have changed."""
    traces, said = recorded(f, args)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Repeatable, "is_unchanged", lambda self: False)
        others, expected = recorded(f, args)
    assert traces[0].tape.columns is not None
    assert all(other.tape.columns is None for other in others)
    return traces[0], said, expected


def by_hand(p: Any) -> Any:
    return (p[0] * p[1] - 2.0 / p[2]) ** 3 + log(p[0]) * WEIGHT - p[1] / p[2]


def selections(p: Any) -> Any:
    root = where(p[0], sqrt(p[1]), p[2]) + max(p[0], p[1]) * autograd.relu(p[2])
    return root + autograd.maximum(p[0], p[1]) + autograd.logsumexp([p[0], p[1], p[2]])


def loop(p: Any) -> Any:
    state, total = p[0], 0.0
    for x in DATA:
        state = p[1] * tanh(state) + x / (1.0 + p[2] * p[2])
        total = total + (state - x) ** 2
    return total


def deciding(p: Any) -> Any:
    return p[0] * p[1] if p[0] > p[2] else exp(p[1]) / p[0]


def unused(p: Any) -> Any:
    return p[0] * 1.0 + 0.0


def itself(p: Any) -> Any:
    return p[1]


TRANSFORMS = [grad, value_and_grad, jacobian, jacrev, jacfwd, hessian]
FUNCTIONS = [by_hand, selections, loop, deciding, unused, itself]
POINTS = [[0.3, 0.7, 1.9], [0.0, -0.0, 1.0], [inf, 1.0, -2.0], [nan, 0.5, 0.0], [2.0, -1.0, -0.0]]


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("f", FUNCTIONS)
def test_the_program_is_the_one_of_nodes(f: Any, transform: Any) -> None:
    """Operations, constants to the bit, guards, captured Values and results, whatever numbers
    are met."""
    for point in POINTS:
        _, said, expected = both(transform(f), point)
        assert said == expected


def test_of_several_results() -> None:
    """By passes that share local derivatives, forward and in reverse."""

    def f(p: Any) -> Any:
        a, b = p
        return [a * b, a / b, sqrt(a) * b, WEIGHT * a, 2.0, b]

    for transform in (jacobian, jacrev, jacfwd):
        for point in ([0.5, 2.0], [0.0, 0.0], [inf, 1.0]):
            _, said, expected = both(transform(f), point)
            assert said == expected


def test_products_and_aux() -> None:
    """The direction of a product is an argument; what comes beside a derivative is of nodes."""
    _, said, expected = both(hvp(loop), [0.3, 0.7, 1.9], [1.0, -2.0, 0.5])
    assert said == expected

    def with_aux(p: Any) -> Any:
        return by_hand(p), {"loop": loop(p), "last": p[2]}

    _, said, expected = both(value_and_grad(with_aux, has_aux=True), [0.3, 0.7, 1.9])
    assert said == expected


def test_decisions_on_data_stay_where_they_were() -> None:
    """Plain numbers that a derivative hands to the function raise where a Value does not: also
    where a rule divides by them."""

    def f(p: Any, x: Any, y: Any) -> Any:
        return p[0] * p[1] / x + tanh(p[1] / (x * y)) + p[0] ** 2 / y

    for data in ((0.5, 2.0), (3.0, inf)):
        _, said, expected = both(grad(f), [0.3, 0.7], *data)
        assert said == expected
        assert said[2]  # guards


OPERATIONS: list[Callable[[str, str], str]] = [
    *(lambda a, b, sign=sign: f"{a} {sign} {b}" for sign in "+-*/"),
    *(lambda a, b, n=n: f"{n} * {a} - {b} ** {n}" for n in (1.0, 2, 0.5, -1.0)),
    lambda a, b: f"1.0 / {a} - {b}",
    lambda a, b: f"where({a} * {b}, {a}, {b})",
    lambda a, b: f"maximum({a}, {b})",
    lambda a, b: f"sin({a}) * cos({b})",
    lambda a, b: f"exp({a} - {b})",
    lambda a, b: f"sqrt({a} * {a} + {b})",
    lambda a, b: f"log({a}) + tanh({b})",
    lambda a, b: f"hypot({a}, {b})",
    lambda a, b: f"{a} ** {b}",
    lambda a, b: f"dot([{a}, 2.0, {b}], [{b}, {a}, {a}])",
    lambda a, b: f"({a} if {a} < {b} else {b} - {a})",
    lambda a, b: f"relu({a}) + abs({b})",
]


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed: int) -> None:
    """Of the commonest operations, at numbers where rules go separate ways."""
    draw = random.Random(seed)
    lines = ["def f(p):", "    v0, v1, v2 = p"]
    for i in range(3, 15):
        a, b = (f"v{draw.randrange(max(0, i - 4), i)}" for _ in range(2))
        lines.append(f"    v{i} = {draw.choice(OPERATIONS)(a, b)}")
    lines.append("    return v14 * v13 - v12")
    called = "where maximum sin cos exp sqrt log tanh hypot dot relu"
    names: dict[str, Any] = {name: getattr(autograd, name) for name in called.split()}
    exec("\n".join(lines), names)
    numbers = [0.5, -0.0, 0.0, 1.0, -2.0, 1e300, inf, nan]
    for transform in (grad, hessian, jacfwd):
        point = [draw.choice(numbers) for _ in range(3)]
        _, said, expected = both(transform(names["f"]), point)
        assert said == expected


@pytest.mark.parametrize("transform", [grad, hessian])
def test_no_node_is_made_that_is_only_read_off(transform: Any) -> None:
    """But those of the results: longer programs have as many nodes more as are computed before the
    last derivative."""

    def chain(n: int) -> Callable[[Any], Any]:
        data = [1.0 + 0.01 * i for i in range(n)]

        def f(p: Any) -> Any:
            total = p[0]
            for x in data:
                total = total * p[1] + x
            return total

        return f

    def nodes_of(n: int) -> int:
        trace, said, expected = both(transform(chain(n)), [0.3, 0.7])
        assert said == expected
        return len(set(map(id, trace.tape.nodes)))

    before = {grad: 2, hessian: 5}[transform]  # a product and a sum; and the gradient's 3
    assert nodes_of(40) - nodes_of(20) == 20 * before


def test_derivatives_that_go_on_are_of_nodes() -> None:
    """Where a function that is differentiated calls a compiled derivative, as where nothing is
    compiled; and the compiled one where its data change."""
    compiled = jit(grad(loop))
    outer = grad(lambda x: compiled([x, 0.7, 1.9])[1])
    assert outer(0.3) == grad(lambda x: grad(loop)([x, 0.7, 1.9])[1])(0.3)
    DATA.append(1.5)
    try:
        assert compiled([0.3, 0.7, 1.9]) == jit(grad(loop))([0.3, 0.7, 1.9])
    finally:
        DATA.pop()


def test_what_is_behind_a_stopped_gradient_is_not_waited_for() -> None:
    """Sums of three terms are added up in the order of the engine."""

    def f(p: Any) -> Any:
        both = p[0] + p[1]
        return autograd.stop_gradient(both**0.0) * autograd.log_softmax([3.0, p[1], 1.5])[1] - both

    def g(p: Any) -> Any:
        both = p[0] + p[1]
        return (
            autograd.stop_gradient(both**0.0) * 2.0 ** autograd.log_softmax([3.0, p[1], 1.5])[1]
            - both
        )

    for h in (f, g):
        assert jit(grad(h))([5e-324, 3.0]) == grad(h)([5e-324, 3.0])
