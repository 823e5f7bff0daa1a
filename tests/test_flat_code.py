"""Programs in columns: the operations they stand for, from one process to another."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from eagerly import bits
from random_formulas import AWKWARD

pytest.importorskip("llvmlite")

from autograd import Value, exp, grad, hessian, jit, log, no_grad
from autograd.compiler.ir.flat_code import NAMES, Op, flat
from autograd.compiler.recording.tracing import Trace
from autograd.transforms.accumulation import adjoint_graphs
from autograd.transforms.tree import flatten

OPERATIONS = [
    Op("input", (), 0),
    Op("const", (), -0.0),
    Op("add", (0, 1)),
    Op("sum", (0, 1, 2, 2)),
    Op("where", (2, 0, 3)),
    Op("const", (), math.inf),
]


def test_columns_stand_for_their_operations() -> None:
    """As a sequence: by place, from the end, in slices, in a loop, with the signs of zeros."""
    code = flat(OPERATIONS)
    assert list(code) == OPERATIONS == [code[i] for i in range(len(code))]
    assert code[-2] == OPERATIONS[-2]
    assert code[1:3] == tuple(OPERATIONS[1:3])
    assert math.copysign(1.0, code[1].value) == -1.0
    assert Op("add", (0, 1)) in code
    assert code == flat(OPERATIONS)
    assert code != flat(OPERATIONS[:-1])
    with pytest.raises(IndexError, match="has no operation 6"):
        code[6]


def test_a_pickle_has_the_names_and_not_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may have met the names in another order."""
    text = pickle.dumps(flat(OPERATIONS))
    from autograd.compiler.ir import flat_code

    others = ["input", "const", *reversed(NAMES[2:])]
    monkeypatch.setattr(flat_code, "NAMES", others)
    monkeypatch.setattr(flat_code, "KINDS", {name: i for i, name in enumerate(others)})
    assert list(pickle.loads(text)) == OPERATIONS


def nested(p: Any) -> Any:
    """Shared nodes, constants on both sides, selections, and a derivative inside."""
    x, y = p
    shared = exp(x) * y - 3.0
    slope = grad(lambda u: u * shared / y + u**3)(x)
    return abs(shared) * slope + (2.0 - x) / (1.0 + y * y) + max(x, y, key=lambda v: v * 1.0)


@pytest.mark.parametrize("transform", [grad, hessian])
def test_a_recording_differentiates_as_any_graph(transform: Any) -> None:
    """Over the tape or node by node: the same bits, for the order of adding up is the same."""
    f = transform(nested)
    for point in [[0.3, -1.7], [2.0, 2.5], [-0.0, 1e-3]]:
        assert jit(f)(point) == f(point)


@pytest.mark.parametrize(
    "f",
    [
        lambda p: p[0] / p[1],
        lambda p: 3.0 / p[0],
        lambda p: log(p[0]),
        lambda p: p[0] ** 2,
        lambda p: p[0] ** 0.5,
        lambda p: p[0] ** -1,
    ],
)
def test_rules_that_are_written_out_are_those_of_the_table(f: Any) -> None:
    """Second derivatives over the tape, and by the table's rules, at awkward points: all bits."""
    compiled, eager = jit(hessian(f)), hessian(f)
    for x in AWKWARD:
        for y in AWKWARD:
            found, right = flatten(compiled([x, y]))[0], flatten(eager([x, y]))[0]
            assert list(map(bits, found)) == list(map(bits, right))


def test_a_tape_is_used_where_nothing_else_is_on() -> None:
    """Inside no_grad a node of a recording becomes a constant to every derivative, as it does in
    the eager run."""
    values = [Value(2.0), Value(3.0)]
    trace = Trace(values)

    def f() -> list[Any]:
        a, b = values[0] - 0.0, values[1] - 0.0
        root = a * b
        found = adjoint_graphs([root], [1.0], [a, b])
        with no_grad():
            cut = adjoint_graphs([root], [1.0], [a, b])
        return [*found, *cut]

    nodes = trace.run(f)
    assert [x.data for x in nodes] == [3.0, 2.0, 3.0, 2.0]
