"""Walks over a graph, and the chain rule read as a sum over paths."""

import math
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, paths
from autograd.engine.graph import Graph, edges, reachable, topological_order
from autograd.explaining.path_sums import count_paths, edge_visits


def toy():
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    e = c * d
    e.label = "e"
    return a, b, c, d, e


def sigmoid_network():
    """The 2-2-2 network: its parameters by name, and its loss."""
    names = ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "b1", "b2"]
    numbers = [0.25, 0.25, 0.15, 0.20, 0.30, 0.35, 0.40, 0.35, 0.4, 0.7]
    p = {name: Value(x, name) for name, x in zip(names, numbers, strict=True)}
    h1 = (p["w1"] * 0.02 + p["w2"] * 0.04 + p["b1"]).sigmoid()
    h2 = (p["w3"] * 0.02 + p["w4"] * 0.04 + p["b1"]).sigmoid()
    o1 = (p["w5"] * h1 + p["w6"] * h2 + p["b2"]).sigmoid()
    o2 = (p["w7"] * h1 + p["w8"] * h2 + p["b2"]).sigmoid()
    return p, 0.5 * (0.5 - o1) ** 2 + 0.5 * (0.9 - o2) ** 2


def chain_of_squares(depth):
    """x to the power 2**depth, with 2**depth paths."""
    x = y = Value(1.0, "x")
    for _ in range(depth):
        y = y * y
    return x, y


# -- order and edges -------------------------------------------------------------------------------


def test_order_has_inputs_before_outputs_and_each_node_once():
    a, b, c, d, e = toy()
    order = topological_order(e)
    assert [node.label for node in order] == ["a", "b", "c", "d", "e"]
    assert all(x is y for x, y in zip(order, (a, b, c, d, e), strict=True))


def test_order_of_a_leaf_is_the_leaf():
    x = Value(1.0)
    assert topological_order(x) == [x]


def test_depth_is_no_limit():
    """Ten thousand operations in a row, far beyond any recursion limit."""
    x = y = Value(1.0, "x")
    for _ in range(10_000):
        y = y + 1.0
    assert len(topological_order(y)) == 10_001
    found = paths(y, x)
    assert (found.count, found.total, len(found.rows[0].factors)) == (1, 1.0, 10_000)


def test_edges_keep_order_and_multiplicity():
    a = Value(3.0, "a")
    found = edges(a * a)
    assert [(edge.position, edge.partial) for edge in found] == [(0, 3.0), (1, 3.0)]
    assert all(edge.parent is a for edge in found)
    assert [edge.partial for edge in edges(toy()[-1])] == [1.0, 1.0, 1.0, 2.0, 3.0]


def test_a_walk_needs_only_parents_and_partials():
    leaf = SimpleNamespace(parents=(), partials=())
    root = SimpleNamespace(parents=(leaf, leaf), partials=(2.0, 5.0))
    assert topological_order(root) == [leaf, root]
    assert paths(root, leaf).total == 7.0
    assert "2 paths from v1 to v2" in str(paths(root, leaf))


# -- paths -----------------------------------------------------------------------------------------


def test_paths_of_the_toy():
    """b reaches e in two ways, 1 x 2 and 1 x 3; a in one."""
    a, b, _, _, e = toy()
    found = paths(e, b)
    assert [[node.label for node in row.nodes] for row in found.rows] == [
        ["b", "c", "e"],
        ["b", "d", "e"],
    ]
    assert [row.factors for row in found.rows] == [(1.0, 2.0), (1.0, 3.0)]
    assert [row.product for row in found.rows] == [2.0, 3.0]
    assert (found.total, found.count, found.complete) == (5.0, 2, True)
    assert paths(e, a).total == 2.0


def test_text_of_paths():
    _, b, _, _, e = toy()
    assert str(paths(e, b)).splitlines() == [
        "2 paths from b to e",
        "  b–c–e  1 × 2 = 2",
        "  b–d–e  1 × 3 = 3",
        "  sum over all paths: 2 + 3 = 5 = ∂e/∂b",
    ]
    assert repr(paths(e, b)) == "<Paths: 2 paths, total 5>"


def test_text_of_negative_factors_keeps_them_apart():
    x = Value(-2.0, "x")
    f = (x + 5.0) * -4.0
    f.label = "f"
    assert "x–v1–f  1 × (-4) = -4" in str(paths(f, x))


def test_the_two_edges_of_a_square_are_two_paths():
    a = Value(3.0, "a")
    y = a * a + a
    y.label = "y"
    found = paths(y, a)
    assert (found.count, found.total) == (3, 7.0)
    text = str(found)
    assert "a–v1 (input 1)–y" in text
    assert "a–v1 (input 2)–y" in text
    assert "3 + 3 + 1 = 7 = ∂y/∂a" in text


@pytest.mark.parametrize(
    ("leaf", "count", "gradient"),
    [
        ("w1", 2, 1.81911912141e-5),
        ("w4", 2, 7.11169300178e-5),
        ("w5", 1, 0.0281785150891),
        ("w7", 1, -0.0154164614509),
        ("b1", 4, 0.00268748281115),
        ("b2", 2, 0.0211893517200),
    ],
)
def test_paths_of_the_sigmoid_network(leaf, count, gradient):
    """The path sums are the published gradients; b1 acts through two hidden and two outputs."""
    parameters, loss = sigmoid_network()
    found = paths(loss, parameters[leaf])
    assert found.count == len(found.rows) == count
    assert math.fsum(row.product for row in found.rows) == pytest.approx(gradient, rel=1e-11)
    assert found.total == pytest.approx(gradient, rel=1e-11)


def test_backpropagation_walks_fewer_edges_than_the_paths_do():
    """From a 3-4-4-1 network's input: 4 x 4 ways through, each through every stage."""
    layer = [Value(0.5, "x")]
    for width in (4, 4, 1):
        layer = [autograd.tanh(autograd.sum(layer)) for _ in range(width)]
    found = paths(layer[0], topological_order(layer[0])[0])
    assert found.count == 16
    assert found.path_steps == 16 * 6
    assert found.edges == 4 + 4 + 16 + 4 + 4 + 1
    assert "one by one, the paths walk 96 edges; backpropagation walks 33" in str(found)


def test_counting_does_not_enumerate():
    x, y = chain_of_squares(100)
    assert count_paths(y, x) == 2**100
    found = paths(y, x, limit=5)
    assert (len(found.rows), found.count, found.complete) == (5, 2**100, False)
    assert found.total == 2.0**100
    assert "… and 1.27e30 more" in str(found)
    assert "1.27e30 paths, 5 of them written down" in repr(found)


def test_a_count_of_thousands_of_digits_prints():
    """Python itself refuses to print integers beyond 4,300 digits."""
    x, y = chain_of_squares(15_500)
    found = paths(y, x, limit=1)
    assert found.count == 2**15_500
    assert found.total == math.inf
    assert "9.22e4665 paths from x" in str(found)


def test_very_long_paths_are_bounded_in_total():
    """At most about a million steps are written down, however high the limit."""
    x, y = chain_of_squares(2_000)
    found = paths(y, x, limit=10_000)
    assert len(found.rows) == 500


def test_limit_zero_only_counts():
    _, b, _, _, e = toy()
    found = paths(e, b, limit=0)
    assert (found.rows, found.count, found.total) == ((), 2, 5.0)


def test_a_million_inputs_in_one_node():
    x = Value(1.0, "x")
    total = autograd.sum([x] * 100_000)
    assert (paths(total, x, limit=10).total, count_paths(total, x)) == (100_000.0, 100_000)


def test_from_the_root_itself():
    """The empty path: the derivative of a value with respect to itself is 1."""
    e = toy()[-1]
    found = paths(e, e)
    assert (found.count, found.total, found.rows[0].nodes) == (1, 1.0, (e,))
    assert "sum over all paths: 1 = ∂e/∂e" in str(found)


def test_an_inner_node_may_be_the_leaf():
    _, b, c, _, e = toy()
    assert paths(e, c).total == 2.0
    assert paths(c, b).total == 1.0


def test_no_path_means_no_gradient():
    stranger = Value(3.0, "z")
    found = paths(toy()[-1], stranger)
    assert (found.count, found.total, found.rows, found.complete) == (0, 0.0, (), True)
    assert str(found) == "no path leads from z to e: ∂e/∂z = 0"


def test_a_zero_adjoint_stays_zero_along_a_path():
    """Through the side of `where` not taken, the infinite slope of sqrt at 0 is not seen."""
    x = Value(0.0, "x")
    guarded = autograd.where(x > 0, autograd.sqrt(x), 0.0)
    found = paths(guarded, x)
    assert [row.product for row in found.rows] == [0.0]
    assert found.total == 0.0


def test_a_selection_passes_nothing_to_what_it_did_not_take():
    """Not even an infinite adjoint: the square root is at 0, and max took the other side."""
    x, y = Value(-1.0, "x"), Value(0.0, "y")
    root = autograd.sqrt(autograd.maximum(x, y))
    assert paths(root, x).total == 0.0
    assert paths(root, y).total == math.inf


def test_paths_leave_the_graph_alone():
    a, b, c, d, e = toy()
    e.backward()
    paths(e, b)
    assert [node.grad for node in (a, b, c, d, e)] == [2.0, 5.0, 2.0, 3.0, 1.0]


def test_long_paths_are_shortened_in_text():
    x = y = Value(1.0, "x")
    for _ in range(50):
        y = y + 1.0
    line = str(paths(y, x)).splitlines()[1]
    assert line.startswith("  x–v1–v2–v3–v4–v5–…–v46–v47–v48–v49–v50  1 × 1 ×")
    assert len(line) < 120


def test_what_is_not_a_graph_is_refused():
    x = Value(1.0)
    with pytest.raises(TypeError, match="paths needs a Value as its root, got float"):
        paths(3.0, x)
    with pytest.raises(TypeError, match="paths needs a Value as its leaf, got str"):
        paths(x, "x")
    with pytest.raises(ValueError, match="the number of paths to write down, from 0; got -1"):
        paths(x, x, limit=-1)


@st.composite
def graphs(draw):
    """Small random graphs of sums, products and sines, with shared and repeated inputs."""
    nodes = [Value(x) for x in draw(st.lists(st.floats(-2, 2), min_size=1, max_size=3))]
    for _ in range(draw(st.integers(0, 8))):
        pick = st.sampled_from(nodes)
        operation = draw(st.sampled_from(["+", "*", "sin"]))
        left, right = draw(pick), draw(pick)
        made = {"+": left + right, "*": left * right, "sin": autograd.sin(left)}
        nodes.append(made[operation])
    return nodes


@given(graphs())
def test_path_sum_equals_backpropagation_equals_the_engine(nodes):
    """Three ways to one number, on any graph; and the count is that of the paths written down."""
    leaf, root = nodes[0], nodes[-1]
    found = paths(root, leaf)
    root.backward()
    expected = leaf.grad if found.count else 0.0
    assert found.total == pytest.approx(expected, rel=1e-12, abs=1e-300)
    assert math.fsum(row.product for row in found.rows) == pytest.approx(expected, abs=1e-9)
    assert found.count == len(found.rows) == count_paths(root, leaf)
    assert found.path_steps == sum(len(row.factors) for row in found.rows)
    for row in found.rows:
        assert row.nodes[0] is leaf
        assert row.nodes[-1] is root
        for (low, high), position in zip(pairwise(row.nodes), row.positions, strict=True):
            assert high.parents[position] is low


# -- where infinities meet zeros -------------------------------------------------------------------


def test_the_text_says_why_nothing_passes():
    """Both rules that turn inf x 0 into 0: a selection, and an adjoint of exactly 0."""
    x, y = Value(-1.0, "x"), Value(0.0, "y")
    root = autograd.sqrt(autograd.maximum(x, y))
    assert "0 × inf = 0  (maximum passes nothing to x)" in str(paths(root, x))
    root = 0.0 * autograd.sqrt(y)
    assert "inf × 0 = 0  (nothing arrives at v1)" in str(paths(root, y))


def test_the_text_says_where_the_products_do_not_add_up():
    """inf x (3 - 3) is 0 for the engine, and inf - inf on the paths: the table shows both."""
    x = Value(0.0, "x")
    v = autograd.sqrt(x)
    v.label = "v"
    y = v * 3.0 - v * 3.0
    y.label = "y"
    found = paths(y, x)
    y.backward()
    assert found.total == x.grad == 0.0
    assert [row.product for row in found.rows] == [math.inf, -math.inf]
    products, gradient = str(found).splitlines()[3:5]
    assert products == "  sum over all paths: inf + (-inf) = nan"
    assert gradient == (
        "  ∂y/∂x = 0: backpropagation adds up at each node before it goes on; "
        "v gets 0 in all, and passes nothing"
    )


def test_the_text_does_not_hide_an_overflow():
    """The adjoint overflows to inf where each path, by itself, stays finite."""
    x = Value(1.0, "x")
    v = x * 1e-300
    y = v * 1e308 + v * 1e308
    found = paths(y, x)
    y.backward()
    assert found.total == x.grad == math.inf
    assert "sum over all paths: 100000000 + 100000000 = 200000000\n" in str(found)
    assert "= inf: backpropagation adds up at each node before it goes on\n" in str(found)


@st.composite
def awkward_graphs(draw):
    """Graphs whose values and local derivatives are 0, huge, infinite and NaN, with selections."""
    numbers = st.sampled_from(
        [0.0, -0.0, 1.0, -1.5, 0.1, 1e-320, 1e200, -1e308, math.inf, math.nan]
    )
    nodes = [Value(x) for x in draw(st.lists(numbers, min_size=1, max_size=3))]
    operations = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: autograd.sqrt(a),
        lambda a, b: autograd.relu(a),
        autograd.maximum,
        lambda a, b: autograd.where(a > 0, a, b),
        lambda a, b: autograd.sum([a, b, a]),
    ]
    for _ in range(draw(st.integers(1, 10))):
        pick = st.sampled_from(nodes)
        nodes.append(draw(st.sampled_from(operations))(draw(pick), draw(pick)))
    return nodes


@given(awkward_graphs())
def test_the_total_is_the_engines_gradient_to_the_bit(nodes):
    """Also with 0 x inf, NaN and overflow: same rules, same order of additions."""
    root = nodes[-1]
    totals = [paths(root, node, limit=3).total for node in nodes]
    root.backward()
    assert list(map(repr, totals)) == [repr(node.grad) for node in nodes]
    for node in nodes:
        str(paths(root, node))


# -- columns ---------------------------------------------------------------------------------------


@given(awkward_graphs(), st.sampled_from([1.0, -2.5, 0.0, 1e-320, math.inf, math.nan]))
def test_adjoints_are_those_of_backward_to_the_bit(nodes, seed):
    """The reverse pass over columns, and the engine's, which is written out for speed."""
    root = nodes[-1]
    graph = Graph([root])
    adjoints = graph.adjoints(seed)
    root.backward(seed)
    assert list(map(repr, adjoints)) == [repr(node.grad) for node in graph.nodes]
    messages = graph.messages(adjoints)
    for i, consumers in enumerate(graph.above):
        if len(consumers) == 1:
            assert repr(adjoints[i]) == repr(0.0 + messages[consumers[0]])


@given(graphs())
def test_columns_are_the_edges(nodes):
    graph = Graph([nodes[-1]])
    assert [graph.nodes[i] for i in map(graph.place.get, map(id, graph.nodes))] == graph.nodes
    assert list(map(graph.edge, range(len(graph.parents)))) == edges(nodes[-1])
    for j, edge in enumerate(edges(nodes[-1])):
        i, k = graph.outputs[j], graph.parents[j]
        assert (edge.output, edge.parent) == (graph.nodes[i], graph.nodes[k])
        assert j in graph.into(i)
        assert j in graph.above[k]
        assert edge.partial == graph.partials[j]
    assert sum(map(len, graph.above)) == len(graph.parents)


@given(graphs(), st.data())
def test_dependents_are_what_was_computed_from_them(nodes, data):
    chosen = data.draw(st.lists(st.sampled_from(nodes), max_size=3))
    roots = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3))
    graph = Graph(roots)
    assert {id(x) for x in graph.nodes} == {id(x) for r in roots for x in topological_order(r)}
    assert {id(x) for x in graph.nodes} == {id(x) for x in reachable([*roots, 3.0])}
    for node, found in zip(graph.nodes, graph.dependents(chosen), strict=True):
        below = topological_order(node)
        assert found == any(x is y for x in chosen for y in below)


def test_the_graph_ends_where_it_is_told_to():
    a, b, c, d, e = toy()
    graph = Graph([e, c, e], ends=[c])
    assert graph.nodes == [c, b, d, e]
    assert graph.edge(0).parent is b
    assert [graph.nodes[i] for i in graph.schedule] == [e, d]
    assert graph.adjoints() == [2.0, 3.0, 3.0, 1.0]
    assert graph.dependents([c, a]) == [True, False, False, True]


# -- what following every path would cost ----------------------------------------------------------


def test_edge_visits_of_the_toy():
    """Path by path one visits c–e twice, for a and for b; backpropagation once."""
    _, _, c, _, e = toy()
    found = edge_visits(e)
    assert (found.leaves, found.count, found.path_steps, found.edges) == (2, 3, 6, 5)
    assert (found.busiest.parent, found.busiest.output, found.busiest_visits) == (c, e, 2)
    assert found.saved == 1
    assert str(found).splitlines() == [
        "3 paths from 2 leaves to e",
        "  one by one, the paths walk 6 edges, c–e 2 times",
        "  backpropagation walks 5 edges, each once",
    ]


def test_edge_visits_of_the_sigmoid_network():
    """The same as all paths of all ten parameters written down one by one."""
    parameters, loss = sigmoid_network()
    found = edge_visits(loss)
    rows = [row for leaf in parameters.values() for row in paths(loss, leaf).rows]
    assert (found.leaves, found.count) == (10, len(rows)) == (10, 18)
    assert found.path_steps == sum(len(row.factors) for row in rows)
    assert found.edges == len(edges(loss))
    walked = Counter(step for row in rows for step in pairwise(map(id, row.nodes)))
    assert found.busiest_visits == max(walked.values()) == 9


def test_edge_visits_of_a_3_4_4_1_network():
    """41 parameters: 1 + 4 to the output neuron, 20 with one way on, 16 with four."""
    model = nn.MLP(3, [4, 4, 1], seed=0)
    out = model([1.0, 2.0, 3.0])
    found = edge_visits(out)
    assert (found.leaves, found.count) == (41, 1 + 4 + 20 + 4 * 16)
    # A neuron is dot, + and, in the hidden layers, tanh: 3 edges from weight to tanh, 2 from bias.
    to_output = {0: 2, 1: 2 + 3, 2: 2 + 3 + 3}  # of a weight, by layer counted from the output
    assert found.path_steps == (
        (4 * to_output[0] + 1)
        + (16 * to_output[1] + 4 * (to_output[1] - 1))
        + 4 * (12 * to_output[2] + 4 * (to_output[2] - 1))
    )
    assert found.edges == len(edges(out)) == (8 + 2) + 4 * (8 + 2 + 1) + 4 * (3 + 2 + 1)
    first = model.layers[0].neurons[0].weights[0]
    one = paths(out, first)
    assert (one.count, one.path_steps, one.edges, one.saved) == (4, 4 * 8, 3 + 4 * 4 + 1, 12)


def test_edge_visits_beyond_counting():
    """2**100 paths of 100 steps: exact, and without the busiest edge."""
    _, y = chain_of_squares(100)
    found = edge_visits(y)
    assert (found.count, found.path_steps, found.edges) == (2**100, 100 * 2**100, 200)
    assert (found.busiest, found.busiest_visits) == (None, 0)
    assert "walk 1.27e32 edges\n" in str(found)


def test_edge_visits_of_a_leaf():
    """Its gradient is 1, and there is nothing to walk over."""
    x = Value(1.0, "x")
    found = edge_visits(x)
    assert (found.leaves, found.count, found.path_steps, found.edges) == (1, 1, 0, 0)
    assert found.busiest is None
    assert str(found).splitlines()[0] == "1 path from 1 leaf to x"


@given(graphs())
def test_edge_visits_are_those_of_all_leaves_together(nodes):
    root = nodes[-1]
    found = edge_visits(root)
    leaves = [node for node in topological_order(root) if not node.parents]
    each = [paths(root, leaf, limit=0) for leaf in leaves]
    assert found.leaves == len(leaves)
    assert found.count == sum(one.count for one in each)
    assert found.path_steps == sum(one.path_steps for one in each)
    assert found.edges == len(edges(root))
