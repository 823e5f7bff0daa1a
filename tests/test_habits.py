"""What users of micrograd and PyTorch are used to find on a Value."""

from __future__ import annotations

from typing import Any

import pytest

from autograd import Value, primitive
from autograd.engine.primitives import TABLE

READ = {
    "_backward": "v.partials",
    "_children": "v.parents",
    "children": "v.parents",
    "clone": "v + 0",
    "grad_fn": "v.primitive",
    "is_leaf": "v.parents",
    "item": "v.data",
    "name": "v.label",
    "numpy": "v.data",
    "numel": "one number",
    "requires_grad": "v.detach()",
    "requires_grad_": "v.detach()",
    "retain_grad": "v.grad",
    "tolist": "v.data",
    "value": "v.data",
}


def trace(root: Value) -> tuple[set[Value], set[tuple[Value, Value]]]:
    """As micrograd's notebook walks over a graph."""
    nodes: set[Value] = set()
    edges: set[tuple[Value, Value]] = set()

    def build(v: Value) -> None:
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def test_a_walk_written_for_micrograd_works() -> None:
    a, b = Value(2.0), Value(-3.0)
    out = (a * b + a).tanh()
    nodes, edges = trace(out)
    assert (len(nodes), len(edges)) == (5, 5)
    assert sorted(node._op for node in nodes) == ["", "", "*", "+", "tanh"]
    assert (a * a)._prev == {a}


@pytest.mark.parametrize(("name", "here"), READ.items())
def test_reading_what_has_another_name_says_which(name: str, here: str) -> None:
    """And it still counts as missing, for whoever asks first."""
    v = Value(1.0)
    with pytest.raises(AttributeError, match=f"^'Value' object has no attribute '{name}': ") as e:
        getattr(v, name)
    assert here in str(e.value)
    assert not hasattr(v, name)
    assert not hasattr(Value, name)


@pytest.mark.parametrize("name", ["m", "v", "momentum", "velocity", "cache"])
def test_what_belongs_to_an_optimiser_is_kept_in_a_dict(name: str) -> None:
    p = Value(1.0)
    with pytest.raises(AttributeError, match="keep a dict keyed by the parameter"):
        setattr(p, name, 0.0)
    state = {p: 0.0}
    state[p] += 1.0
    assert state[p] == 1.0


def test_assigning_requires_grad_says_what_a_constant_is() -> None:
    v: Any = Value(1.0)
    with pytest.raises(AttributeError, match=r"a plain number, or v\.detach\(\)$"):
        v.requires_grad = False


def test_these_names_are_free_for_primitives_of_ones_own() -> None:
    before = vars(Value)["cache"]
    cache = primitive("cache", lambda x: 2 * x, lambda out, x: 2.0)
    try:
        assert Value(1.5).cache().data == cache(1.5) == 3.0  # type: ignore[attr-defined]
    finally:
        setattr(Value, "cache", before)  # noqa: B010
        del TABLE["cache"]


def test_completion_offers_what_is_there() -> None:
    """An attribute that only says what to write is not listed."""
    listed = dir(Value(1.0))
    assert "parents" in listed
    assert not {"_children", "item", "m"} & set(listed)
