"""copy, deepcopy and pickle: the same graph again, sharing what it shared, of any depth."""

from __future__ import annotations

import copy
import io
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import work_grows_with

import autograd
from autograd import Value, detect_anomaly, no_grad
from autograd.engine.graph import topological_order

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def through_pickle(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


ways = pytest.mark.parametrize("again", [copy.deepcopy, through_pickle])


def graph() -> tuple[Value, Value, Value]:
    """(a, b, e) with one node of each kind of storage: one, two and many inputs, and numbers."""
    a, b = Value(2.0, "a"), Value(-1.0, "b")
    s = (a * b + 3).tanh() - 2 / a
    s.label = "s"
    return a, b, autograd.sum([s, a, 1.5, s * s]) ** 2 + abs(b)


def shape(root: Value) -> list[Any]:
    """All that is visible of a graph, nodes named by their place in its order."""
    order = topological_order(root)
    place = {id(node): i for i, node in enumerate(order)}
    return [
        (
            repr(node.data),
            repr(node.grad),
            node.label,
            node.op,
            [place[id(p)] for p in node.parents],
            list(map(repr, node.partials)),
            [None if isinstance(x, Value) else repr(x) for x in node.inputs],
        )
        for node in order
    ]


def test_copy_is_shallow() -> None:
    """A new node with everything of the old one, parents shared."""
    a, _, e = graph()
    e.backward()
    again = copy.copy(e)
    assert again is not e
    assert again.parents == e.parents
    assert shape(again) == shape(e)
    again.label, again.grad = "other", 7.0
    assert (e.label, e.grad) == (None, 1.0)
    leaf = copy.copy(a)
    assert leaf is not a
    assert repr(leaf) == repr(a)


@ways
def test_everything_is_kept(again: Callable[[Any], Any]) -> None:
    """Numbers, gradients, labels, operations, inputs, derivatives; nothing is shared."""
    a, _, e = graph()
    e.backward()
    a.data = 100.0  # after the fact: the derivatives that were recorded are copied, not computed
    other = again(e)
    assert shape(other) == shape(e)
    ours = set(map(id, topological_order(e)))
    assert ours.isdisjoint(map(id, topological_order(other)))


@ways
def test_a_copy_lives_on_its_own(again: Callable[[Any], Any]) -> None:
    """Its backward gives the same gradients, in its own leaves only."""
    a, b, e = graph()
    x, y, other = again((a, b, e))
    other.backward()
    assert (a.grad, b.grad) == (0.0, 0.0)
    e.backward()
    assert (x.grad, y.grad) == (a.grad, b.grad)
    assert a.grad != 0.0
    other.backward()
    assert x.grad == 2 * a.grad


@ways
def test_sharing_is_kept_across_a_container(again: Callable[[Any], Any]) -> None:
    """Values in one container that share a part of a graph share its copy, whatever comes first."""
    a, _, e = graph()
    for things in ([a, e], [e, a]):
        row, by_name, (root,) = again([things, {"a": a}, (e,)])
        leaf = by_name["a"]
        assert {id(x) for x in row} == {id(leaf), id(root)}
        assert any(node is leaf for node in topological_order(root))


@ways
def test_two_roots_over_a_shared_part(again: Callable[[Any], Any]) -> None:
    """s = a², p = 2s, q = 5s at a = 3: the copies of p and q add up to 42 in the copy of a."""
    a = Value(3.0)
    s = a * a
    p, q = 2 * s, 5 * s
    q2, a2, p2 = again([q, a, p])
    assert p2.parents[0] is q2.parents[0]
    p2.backward()
    q2.backward()
    assert (a2.grad, a.grad) == (42.0, 0.0)


@ways
def test_a_parent_twice(again: Callable[[Any], Any]) -> None:
    """a·a stays a product of one node with itself."""
    out = again(Value(3.0) * 1)
    square = again(out * out)
    assert square.parents[0] is square.parents[1]
    square.backward()
    assert square.parents[0].parents[0].grad == 6.0


@ways
@pytest.mark.parametrize("x", [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1 / 3])
def test_every_float_is_kept(again: Callable[[Any], Any], x: float) -> None:
    """To the bit, as data and gradient, as a number among the inputs and as a derivative."""
    v = Value(x)
    v.grad = x
    for node in (v, v + x, 2 * v, autograd.sum([v, x])):
        assert shape(again(node)) == shape(node)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol(protocol: int) -> None:
    """From the first to the latest."""
    _, _, e = graph()
    assert shape(pickle.loads(pickle.dumps(e, protocol))) == shape(e)


def test_many_pickles_in_one_stream() -> None:
    """One pickler, several dumps: each is complete once the ones before it have been loaded."""
    a, _, e = graph()
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dump(a)
    pickler.dump(e)
    unpickler = pickle.Unpickler(io.BytesIO(stream.getvalue()))
    leaf, root = unpickler.load(), unpickler.load()
    root.backward()
    e.backward()
    assert leaf.grad == a.grad != 0.0


def test_a_pickle_holds_what_it_held_when_it_was_made() -> None:
    """The next pickle of the same Value is made afresh."""
    a, _, e = graph()
    before = pickle.dumps(e)
    a.grad, a.label = 5.0, "renamed"
    after = pickle.dumps(e)
    leaves = [topological_order(pickle.loads(p))[0] for p in (before, after)]
    assert [(v.grad, v.label) for v in leaves] == [(0.0, "a"), (5.0, "renamed")]


def chain(length: int) -> tuple[Value, Value]:
    """x and x·1·1·1 …, which has derivative 1."""
    x = y = Value(2.0)
    for _ in range(length):
        y = y * 1.0
    return x, y


@ways
def test_a_chain_far_beyond_the_recursion_limit(again: Callable[[Any], Any]) -> None:
    x, y = chain(20_000)
    leaf, root = again((x, y))
    root.backward()
    assert (root.data, leaf.grad, x.grad) == (2.0, 1.0, 0.0)


def test_a_long_chain() -> None:
    """Nothing is recursive, neither copying nor freeing. In a process without garbage collection,
    which would look through all nodes again and again."""
    code = """
import copy, gc, pickle
from autograd import Value
gc.disable()
x = y = Value(2.0)
for _ in range(400_000):
    y = y * 1.0
assert copy.copy(y).parents == y.parents
for again in (copy.deepcopy, lambda z: pickle.loads(pickle.dumps(z))):
    leaf, root = again((x, y))
    root.backward()
    print(root.data, leaf.grad, x.grad)
"""
    assert run(code) == (b"2.0 1.0 0.0\n" * 2, "")


@ways
def test_work_is_in_proportion_to_the_graph(again: Callable[[Any], Any]) -> None:
    def prepare(length: int) -> Callable[[], Any]:
        _, root = chain(length)
        return lambda: again(root)

    assert work_grows_with(prepare, 500) < 4.1


@ways
def test_a_hundred_thousand_inputs(again: Callable[[Any], Any]) -> None:
    """A node with very many edges is an ordinary node, and its parents stay a thousand."""
    leaves = [Value(1.0) for _ in range(1000)]
    root = again(autograd.sum(leaves * 100))
    assert root.data == len(root.parents) == 100_000
    root.backward()
    assert {leaf.grad for leaf in root.parents} == {100.0}
    assert len(set(root.parents)) == 1000


@ways
def test_a_graph_deep_inside_a_container(again: Callable[[Any], Any]) -> None:
    """What recursion the container itself needs is left to it."""
    _, y = chain(20_000)
    inside = again({"deep": [(y, y)]})["deep"][0]
    assert (inside[0], len(topological_order(inside[1]))) == (inside[1], 20_001)


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, through_pickle])
def test_copies_do_not_depend_on_the_modes(
    again: Callable[[Any], Any], mode: Callable[[], Any]
) -> None:
    """A copy is no operation: under no_grad it keeps its edges, a NaN in it is no anomaly."""
    e = Value(0.0).log() - Value(0.0).log()
    with mode():
        other = again(e)
    assert shape(other) == shape(e)
    assert math.isnan(other.data)


@ways
def test_primitives_of_ones_own(again: Callable[[Any], Any]) -> None:
    """They are found again by name."""
    triple = autograd.primitive("copying_triple", lambda x: 3 * x, lambda out, x: 3.0)
    x, out = again((v := Value(2.0), triple(v)))
    out.backward()
    assert (out.primitive, x.grad) == (triple, 3.0)


def run(code: str, stdin: bytes = b"") -> tuple[bytes, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], input=stdin, capture_output=True, check=False
    )
    return done.stdout, done.stderr.decode()


def test_another_process_reads_a_pickle() -> None:
    """Only the public name of the package is needed there."""
    _, _, e = graph()
    code = """
import pickle, sys
e = pickle.load(sys.stdin.buffer)
e.backward()
sys.stdout.buffer.write(pickle.dumps(e))
"""
    out, error = run(code, pickle.dumps(e))
    assert error == ""
    e.backward()
    assert shape(pickle.loads(out)) == shape(e)


def test_a_primitive_that_the_other_process_lacks() -> None:
    """The error names it and says what to do."""
    quadruple = autograd.primitive("copying_quadruple", lambda x: 4 * x, lambda out, x: 4.0)
    code = "import pickle, sys; pickle.load(sys.stdin.buffer)"
    _, error = run(code, pickle.dumps(quadruple(Value(1.0))))
    assert error.strip().endswith(
        "LookupError: no primitive is called 'copying_quadruple' in this process; define it with "
        "autograd.primitive('copying_quadruple', ...) before loading the graph"
    )


def test_primitives_are_never_copied() -> None:
    """There is one record of each."""
    for again in (copy.copy, copy.deepcopy, through_pickle):
        assert again(autograd.exp) is autograd.exp


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(), st.integers()), max_size=30), st.data())
def test_random_graphs(steps: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Several nodes of a random graph, in any order: copies have its shape and its sharing."""
    nodes: list[Value] = [Value(1.5, "x"), Value(-0.5)]
    for kind, i, j in steps:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append([a + b, a * 2.0, a.tanh(), autograd.sum([a, b, 1.0])][kind])
    chosen = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=5))
    whole = autograd.sum(chosen)
    for again in (copy.deepcopy, through_pickle):
        *others, root = again([*chosen, whole])
        assert shape(root) == shape(whole)
        assert all(p is q for p, q in zip(root.parents, others, strict=True))
