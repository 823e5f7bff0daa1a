"""Pictures of every size can be read on a notebook's page: what is shown, and which way it runs."""

import random
import re

import pytest
from graphs_to_draw import chain, recurrent
from test_picture_labels import lines_of

import autograd
import nn
from autograd import Value, draw, steps
from autograd.drawing.page import WIDTH
from autograd.drawing.svg import SMALLEST, pixels

pytestmark = pytest.mark.one_form


def dot_product(length):
    w = [Value(i / 7, f"w{i}") for i in range(length)]
    return autograd.dot(w, [Value(i / 5 - 3, f"x{i}") for i in range(length)])


def added_up(length):
    y = Value(0.0, "x0")
    for i in range(1, length):
        y = y + Value(i / 3, f"x{i}")
    return y


def line_fit(samples):
    w, b = Value(0.5, "w"), Value(0.1, "b")
    xs = [i / 4 for i in range(samples)]
    return nn.mse_loss([w * x + b for x in xs], [2 * x for x in xs])


def lecture_loss(samples=4):
    """The lecture's MLP(3, [4, 4, 1]) with its loss over four samples."""
    model = nn.MLP(3, [4, 4, 1], seed=0)
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]][:samples]
    return sum((model(x) - y) ** 2 for x, y in zip(xs, [1.0, -1.0, -1.0, 1.0], strict=False))


def without_names():
    loss = lecture_loss(1)
    for node in autograd.engine.graph.topological_order(loss):
        node.label = None
    return loss


def fibonacci(n, a):
    return a * n if n < 2 else fibonacci(n - 1, a) + fibonacci(n - 2, a)


def attention():
    rng = random.Random(0)
    q, k, v = ([[Value(rng.gauss(0, 1)) for _ in range(2)] for _ in range(3)] for _ in range(3))
    weights = autograd.softmax([autograd.dot(q[2], row) / 2**0.5 for row in k])
    return autograd.sum([autograd.dot(weights, column) for column in zip(*v, strict=True)])


def neuron():
    return nn.Neuron(3, "tanh", seed=0)([1.0, -2.0, 0.5])


GRAPHS = {
    "one value": lambda: Value(1.0, "x"),
    "neuron": neuron,
    "layer": lambda: autograd.sum(nn.Layer(3, 4, seed=0)([1.0, 2.0, Value(3.0, "x2")])),
    "network": lambda: nn.MLP(3, [4, 4, 1], seed=0)([2.0, 3.0, -1.0]),
    "lecture": lecture_loss,
    "no names": without_names,
    "wide network": lambda: (nn.MLP(2, [16, 16, 1], seed=0)([2.0, 3.0]) - 1.0) ** 2,
    "chain of 17": lambda: chain(17),
    "chain of 40": lambda: chain(40),
    "chain of 150": lambda: chain(150),
    "recurrent 5": lambda: recurrent(5),
    "recurrent 20": lambda: recurrent(20),
    "dot of 3": lambda: dot_product(3),
    "dot of 99": lambda: dot_product(99),
    "dot of 500": lambda: dot_product(500),
    "sum of 190": lambda: autograd.sum([Value(i / 7) for i in range(190)]),
    "additions": lambda: added_up(80),
    "few additions": lambda: added_up(20),
    "loss of 4": lambda: line_fit(4),
    "loss of 30": lambda: line_fit(30),
    "loss of 200": lambda: line_fit(200),
    "recursion": lambda: fibonacci(8, Value(0.5, "a")),
    "attention": attention,
}


def scale_of(svg):
    """By which Graphviz has made the picture smaller."""
    found = re.search(r"scale\(([\d.]+)", svg)
    return float(found[1]) if found else 1.0


def size_of(svg):
    width, height = re.search(r'<svg\b[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()
    return float(width) * 4 / 3, float(height) * 4 / 3


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS.keys())
def test_no_picture_is_wider_than_a_page(make):
    """As Graphviz really lays it out; and it is not made smaller than can be read (a little more
    where the widths of letters are its own)."""
    root = make()
    svg = draw(root).pipe("svg", encoding="utf-8")
    assert pixels(svg) <= WIDTH + 1
    assert scale_of(svg) >= SMALLEST / 1.1
    assert "pages wide" not in svg


@pytest.mark.parametrize(
    "name", ["neuron", "network", "lecture", "dot of 99", "dot of 500", "loss of 30"]
)
def test_what_fits_a_page_is_on_one(name):
    """1,000 x 700 pixels, and as much again."""
    _, height = size_of(draw(GRAPHS[name]()).pipe("svg", encoding="utf-8"))
    assert height <= 1400


@pytest.mark.parametrize("rankdir", ["TB", "BT"])
def test_a_picture_that_is_wider_says_so(rankdir):
    """Where the user insists: 60 inputs side by side."""
    svg = draw(dot_product(30), rankdir=rankdir, detail="small").pipe("svg", encoding="utf-8")
    assert pixels(svg) > 5000
    assert re.search(r"[56]\.\d.pages.wide:.scroll", svg)


def test_a_narrow_cell_scrolls_rather_than_make_letters_smaller():
    """Pictures that are as small as can be read already stay so; others may become so."""
    for name in ("one value", "lecture", "chain of 40"):
        diagram = draw(GRAPHS[name]())
        svg = diagram.pipe("svg", encoding="utf-8")
        html = diagram._repr_mimebundle_()["text/html"]
        least = float(re.search(r"min-width: (\d+)px", html)[1])
        assert least <= pixels(svg) + 1
        assert least / (pixels(svg) / scale_of(svg)) == pytest.approx(SMALLEST, abs=0.03)
    assert "overflow-x: auto" in html


# -- as much as fits -------------------------------------------------------------------------------


def has_messages(lines):
    return any("×" in line and not line.startswith("×") for line in lines)


@pytest.mark.parametrize("name", ["neuron", "chain of 17", "dot of 3", "few additions"])
def test_small_graphs_are_drawn_in_full(name):
    root = GRAPHS[name]()
    root.backward()
    lines = lines_of(draw(root))
    assert has_messages(lines)
    assert any(line.startswith("∂") for line in lines)


def test_the_network_of_the_second_notebook_has_messages_and_sums():
    w = [Value(x, f"w{i}") for i, x in enumerate([0.25, 0.25, 0.15, 0.2, 0.3, 0.35, 0.4, 0.35], 1)]
    b1, b2 = Value(0.4, "b1"), Value(0.7, "b2")
    hidden = nn.Layer.from_weights([w[0:2], w[2:4]], b1, "sigmoid")
    output = nn.Layer.from_weights([w[4:6], w[6:8]], b2, "sigmoid")
    E = nn.half_squared_error(output(hidden([Value(0.02), Value(0.04)])), (0.5, 0.9))
    E.backward()
    for rankdir in ("auto", "TB"):
        lines = lines_of(draw(E, rankdir=rankdir))
        assert "grad 0.04679 + (−0.0256) = 0.02119" in lines
        assert has_messages(lines)


def test_the_lecture_s_network_is_drawn_by_neuron():
    loss = lecture_loss()
    loss.backward()
    lines = lines_of(draw(loss))
    assert {f"layer{i}.neuron{j}" for i in range(2) for j in range(4)} <= set(lines)
    assert not [line for line in lines if line.startswith("dot of")]


def test_plain_numbers_that_go_into_a_network_are_shown():
    lines = lines_of(draw(nn.MLP(3, [4, 4, 1], seed=0)([2.0, 3.0, -1.0])))
    assert "3 numbers" in lines
    assert "2, 3, −1" in lines
    lines = lines_of(draw(lecture_loss()))
    assert "4 × 3 numbers" in lines
    assert "from −1 to 3" in lines


# -- rows ------------------------------------------------------------------------------------------


def tops(svg):
    """The height at which each box stands, by its id."""
    found = re.findall(r'<g id="([^"]*)" class="node">.*?y="(-?[\d.]+)"', svg, re.DOTALL)
    return {key: float(y) for key, y in found}


def test_a_long_chain_is_broken_into_rows_in_order():
    """Left to right and top to bottom, as text; what goes on begins at a box with its name."""
    diagram = draw(chain(40))
    top = tops(diagram.pipe("svg", encoding="utf-8"))
    rows = [round(top[f"n{i}"]) for i in range(40)]
    assert rows == sorted(rows)
    assert 3 < len(set(rows)) < 20
    named = [key for key in top if "in" in key]
    assert len(named) == len(set(rows)) - 1
    for key in named:
        source, head = re.search(rf"^\t({key}) -> (n\d+)", diagram.source, re.MULTILINE).groups()
        assert source.partition("in")[0] == f"n{int(head[1:]) - 1}"
        assert round(top[key]) in range(round(top[head]) - 20, round(top[head]) + 20)


def test_every_edge_of_a_picture_in_rows_is_there():
    root = recurrent(20)
    count = sum(len(node.parents) for node in autograd.engine.graph.topological_order(root))
    ids = re.findall(r"\bid=(e\d+)", draw(root).source)
    assert sorted(ids) == sorted(f"e{j}" for j in range(count))


def test_the_other_directions_are_the_user_s():
    assert "rankdir=RL" in draw(chain(5), rankdir="RL").source
    assert "cluster" not in draw(chain(40), rankdir="TB").source
    assert "cluster" in draw(chain(40), rankdir="LR").source


# -- terms of one form -----------------------------------------------------------------------------


def test_of_many_terms_the_first_is_drawn():
    """A batch of 30: the first squared error with its messages, and a box for the other 29; what
    they send adds up to the gradients."""
    loss = line_fit(30)
    loss.backward()
    lines = lines_of(draw(loss))
    assert "29 more like v4" in lines
    assert "v1 = w * 0" in lines
    assert "116 operations" in lines
    w, b = (x for x in autograd.engine.graph.topological_order(loss) if not x.op)
    of_first = loss.parents[0].parents[0].parents[0].grad  # what v2 = w * 0 + b sends to b
    sent = re.findall(r"sent in all: (\S+)", "\n".join(lines))
    rest = [float(number.replace("−", "-")) for number in sent]
    for expected in (w.grad, b.grad - of_first):  # the first sends 0 to w
        assert any(x == pytest.approx(expected, rel=1e-3) for x in rest)


def test_a_dot_product_of_many_keeps_weights_and_inputs_apart():
    lines = lines_of(draw(dot_product(99)))
    assert {"98 more like w0", "98 more like x0", "w1 … w98", "x1 … x98"} <= set(lines)


def test_terms_of_different_forms_are_all_drawn():
    x = Value(0.5, "x")
    every = [x.tanh(), x.exp(), x.sin(), x.cos(), x * x, x.sigmoid(), x.relu(), x + 1.0]
    assert not [line for line in lines_of(draw(autograd.sum(every))) if "more like" in line]


def test_what_terms_share_is_in_none_of_them():
    """Each of 20 terms uses the one before: nothing belongs to a term alone."""
    x = Value(0.5, "x")
    terms = [x]
    for _ in range(30):
        terms.append(terms[-1].tanh())
    assert "more like" not in draw(autograd.sum(terms)).source


def test_a_level_that_the_user_names_shows_every_value():
    lines = lines_of(draw(dot_product(20), detail="small"))
    assert {f"w{i}" for i in range(20)} <= set(lines)
    assert not [line for line in lines if "more like" in line]


def test_a_graph_that_was_too_large_is_drawn_by_its_terms():
    """A loss over 200 samples has 803 values, of which a dozen boxes are drawn."""
    loss = line_fit(200)
    assert len(autograd.engine.graph.topological_order(loss)) > 800
    assert len(tops(draw(loss).pipe("svg", encoding="utf-8"))) < 12


# -- the player ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["neuron", "chain of 40", "recurrent 5", "dot of 99"])
def test_the_player_has_every_value_and_edge(name):
    root = GRAPHS[name]()
    svg = steps(root).svg
    nodes = autograd.engine.graph.topological_order(root)
    assert all(f'id="n{i}"' in svg for i in range(len(nodes)))
    assert all(f'id="e{j}"' in svg for j in range(sum(len(x.parents) for x in nodes)))
    assert pixels(svg) <= WIDTH + 1
