"""Diagrams: what they say, and which program draws them."""

import builtins
import math
import random
import re
import subprocess
import sys
import sysconfig
import threading
from operator import add, mul, truediv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from graphviz.backend import dot_command
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value
from autograd.drawing import draw, graphviz_program
from autograd.drawing.graphviz_program import DrawingError, find_dot
from autograd.drawing.number_text import figure
from autograd.drawing.palette import THEMES
from autograd.drawing.value_boxes import DrawnGraph
from autograd.engine.graph import Graph, edges, topological_order
from autograd.engine.text import PARTIAL, term

pytestmark = pytest.mark.one_form

SVG = "{http://www.w3.org/2000/svg}"


def toy():
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    e = c * d
    e.label = "e"
    e.backward()
    return e


def boxes_and_arrows(diagram):
    """The lines of text of every node and edge of the SVG, as a reader sees them."""
    root = ElementTree.fromstring(diagram.pipe("svg"))
    found = {"node": [], "edge": []}
    for group in root.iter(f"{SVG}g"):
        if group.get("class") in found:
            lines = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
            lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
            found[group.get("class")].append(lines)
    return sorted(found["node"]), sorted(found["edge"])


# -- what a diagram says ---------------------------------------------------------------------------


def test_the_toy():
    """Per value: formula, value, gradient as the sum that made it; per input: local derivative and
    message, gradient above x local derivative."""
    nodes, arrows = boxes_and_arrows(draw(toy()))
    assert nodes == [
        ["c = a + b", "value 3", "grad 2"],
        ["d = b + 1", "value 2", "grad 3"],
        ["input", "a", "value 2", "grad 2"],
        ["input", "b", "value 1", "grad 2 + 3 = 5"],
        ["output", "e = c * d", "value 6", "grad 1"],
    ]
    assert arrows == [
        ["∂c/∂a = 1", "2 × 1 = 2"],
        ["∂c/∂b = 1", "2 × 1 = 2"],
        ["∂d/∂b = 1", "3 × 1 = 3"],
        ["∂e/∂c = 2", "1 × 2 = 2"],
        ["∂e/∂d = 3", "1 × 3 = 3"],
    ]


def test_the_root_has_a_thick_border():
    thick = [line for line in draw(toy()).source.splitlines() if "penwidth=3" in line]
    assert len(thick) == 1
    assert "e = c * d" in thick[0]


def test_a_square_has_two_arrows_that_can_be_told_apart():
    """x*x + x at -3: two equal messages and a third add up to 2x + 1."""
    x = Value(-3.0, "x")
    s = x * x
    s.label = "s"
    y = s + x
    y.label = "y"
    y.backward()
    nodes, arrows = boxes_and_arrows(draw(y))
    assert nodes[0] == ["input", "x", "value −3", "grad −3 + (−3) + 1 = −5"]
    assert arrows == [
        ["∂s/∂x = −3 (input 1)", "1 × (−3) = −3"],
        ["∂s/∂x = −3 (input 2)", "1 × (−3) = −3"],
        ["∂y/∂s = 1", "1 × 1 = 1"],
        ["∂y/∂x = 1", "1 × 1 = 1"],
    ]


def test_ids_are_places_in_the_graph():
    """n1 is topological_order(root)[1], e1 is edges(root)[1]: a page finds them in the SVG."""
    e = toy()
    svg = ElementTree.fromstring(draw(e).pipe("svg"))
    said = {group.get("id"): group.find(f"{SVG}title").text for group in svg.iter(f"{SVG}g")
            if group.get("class") in ("node", "edge")}  # fmt: skip
    assert set(said) == {f"n{i}" for i in range(5)} | {f"e{j}" for j in range(5)}
    for i, node in enumerate(topological_order(e)):
        assert said[f"n{i}"].startswith(node.label)
    for j, edge in enumerate(edges(e)):
        assert said[f"e{j}"].startswith(f"∂{edge.output.label}/∂{edge.parent.label} = ")


def test_long_formulas_are_broken_at_commas():
    xs = [Value(float(i), f"quite_a_long_name_{i}") for i in range(6)]
    nodes, _ = boxes_and_arrows(draw(autograd.sum(xs)))
    assert nodes[-1][1:4] == [
        "v1 = sum(quite_a_long_name_0,",
        "quite_a_long_name_1,",
        "… quite_a_long_name_5)",
    ]


def test_many_terms_are_counted():
    x = Value(2.0, "x")
    y = autograd.sum([x] * 12)
    y.backward()
    nodes, _ = boxes_and_arrows(draw(y, detail="full"))
    assert nodes[0][-1] == "grad 1 + 1 + 1 + (9 more) = 12"


def test_constants():
    """A number has its place in the formula, and a box of its own on request."""
    y = 3.5 - Value(1.0, "x")
    assert boxes_and_arrows(draw(y))[0][-1][1] == "v1 = 3.5 − x"
    nodes, arrows = boxes_and_arrows(draw(y, show_constants=True))
    assert nodes[0] == ["3.5"]
    assert len(arrows) == 2


def test_nodes_without_a_label_get_names_that_formulas_use():
    nodes, _ = boxes_and_arrows(draw((Value(1.0, "v1") + 2) * Value(3.0), detail="small"))
    assert [lines[0] for lines in nodes] == ["v1", "v2 = v1 + 2", "v3", "v4 = v2 * v3"]


def test_equal_labels_are_numbered():
    nodes, _ = boxes_and_arrows(draw(Value(1.0, "w") + Value(2.0, "w"), detail="small"))
    assert [lines[0] for lines in nodes] == ["v1 = w + w#2", "w", "w#2"]


def test_what_is_not_finite_is_marked_and_spelled_out():
    x = Value(0.0, "x")
    y = 1 / x - math.inf
    y.backward()
    nodes, arrows = boxes_and_arrows(draw(y))
    assert ["v1 = 1 / x", "!", "value ∞, infinite", "grad 1"] in nodes
    assert ["output", "v2 = v1 − ∞", "!", "value NaN", "grad 1"] in nodes
    assert ["!", "∂v1/∂x = −∞, infinite", "!", "1 × (−∞) = −∞, infinite"] in arrows
    assert draw(y).source.count(THEMES["light"].alarm) > 5


def test_exclamation_marks_are_of_one_width(monkeypatch):
    """However much wider another line of the same label is; where the fonts are as wide as we
    think, which a system's Graphviz without any fonts is not."""
    monkeypatch.setenv("PATH", "/nonexistent")
    x = Value(0.0, "x")
    y = autograd.sqrt(x) * Value(math.nan, "a long label, for a wide box")
    polygons = ElementTree.fromstring(draw(y).pipe("svg")).iter(f"{SVG}polygon")
    marks = [x.get("points") for x in polygons if x.get("fill") == THEMES["light"].alarm]
    across = [[float(point.split(",")[0]) for point in points.split()] for points in marks]
    widths = [max(xs) - min(xs) for xs in across]
    assert len(widths) > 6  # and the heads of arrows
    assert max(widths) < 18


def test_arrows_name_parameters_shortly():
    """The box has the whole name, and so have the words for those who cannot see it."""
    diagram = draw(Value(2.0, "layer0.neuron1.w3") * Value(3.0, "x.y z"))
    shown = text_of(diagram)
    assert f"{PARTIAL}v1/{PARTIAL}w3 = 3" in shown
    assert f"{PARTIAL}v1/{PARTIAL}(x.y z) = 2" in shown
    assert "layer0.neuron1.w3" in shown
    assert f"{PARTIAL}v1/{PARTIAL}layer0.neuron1.w3 = 3" in diagram.words["e0"]


def test_a_leaf_alone():
    x = Value(3.0, "x")
    assert boxes_and_arrows(draw(x)) == ([["output", "x", "value 3", "grad 1"]], [])


def test_the_same_graph_gives_the_same_source():
    assert draw(toy()).source == draw(toy()).source


def test_drawing_changes_nothing():
    e = toy()
    draw(e)
    assert (e.data, e.grad, e.label, e.parents[0].label) == (6.0, 1.0, "e", "c")


def test_parents_are_in_order():
    """From top to bottom, constants in their places: x, 5, y."""
    x, y = Value(1.0, "x"), Value(2.0, "y")
    diagram = draw(autograd.sum([x, 5.0, y * y]) * x, show_constants=True)
    root = ElementTree.fromstring(diagram.pipe("svg"))
    heights = {
        group.get("id"): float(next(group.iter(f"{SVG}text")).get("y"))
        for group in root.iter(f"{SVG}g")
        if group.get("class") == "node"
    }
    assert heights["n0"] < heights["n3c1"] < heights["n2"]


def test_direction():
    assert "rankdir=TB" in draw(toy(), rankdir="TB").source


def test_themes():
    """The same text in other colours, each of which can be read on every fill."""
    light, dark = draw(toy()), draw(toy(), theme="dark")
    assert boxes_and_arrows(light) == boxes_and_arrows(dark)
    for name, diagram in (("light", light), ("dark", dark)):
        assert f'bgcolor="{THEMES[name].background}"' in diagram.source
        assert f'COLOR="{THEMES[name].value}"' in diagram.source


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())
def test_contrast(theme):
    """WCAG's contrast is at least 4.5:1 wherever text stands."""
    fills = (theme.background, theme.input, theme.parameter, theme.output)
    for fill in fills:
        for text in (theme.text, theme.muted, theme.value, theme.grad):
            assert contrast(text, fill) >= 4.5, (text, fill)
    assert contrast(theme.background, theme.alarm) >= 4.5


def contrast(one, other):
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_title():
    root = ElementTree.fromstring(draw(toy(), title="The <toy>").pipe("svg"))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "The <toy>" in texts
    assert root.find(f"{SVG}title").text == "The <toy>"


def test_words_for_those_who_cannot_see_it():
    summary = "5 values, 5 edges. e = 6. de/da = 2, de/db = 5."
    root = ElementTree.fromstring(draw(toy()).pipe("svg"))
    assert (root.get("role"), root.get("aria-label")) == ("img", summary)
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert titles[0] == summary
    assert "d = b + 1: value 2, gradient 3" in titles
    assert "∂e/∂d = 3; sent back: 1 × 3 = 3" in titles
    assert repr(draw(toy())) == f"<Diagram: {summary}>"


def test_wide_script_gets_wide_boxes():
    """Without the system's fonts Graphviz would take Chinese for narrow and let it stick out."""
    node = next(line for line in draw(Value(1.0, "漢字" * 10)).source.splitlines() if "漢" in line)
    assert float(re.search(r'WIDTH="([\d.]+)"', node)[1]) > 20 * 13


# -- whose gradients -------------------------------------------------------------------------------


def test_before_backward_the_gradients_are_what_it_would_give():
    x = Value(3.0, "x")
    y = x * 2
    nodes, _ = boxes_and_arrows(draw(y))
    assert nodes[0] == ["input", "x", "value 3", "grad 2"]
    assert "backward() has not run here: grad is what it would give" in text_of(draw(y))
    assert (x.grad, y.grad) == (0.0, 0.0)
    y.backward()
    assert "has not run" not in text_of(draw(y))


def text_of(diagram):
    root = ElementTree.fromstring(diagram.pipe("svg"))
    return "\n".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def test_a_leaf_with_the_gradients_of_several_passes_shows_both():
    """The picture adds up for its own root; what `.grad` holds besides is said in another line."""
    x = Value(3.0, "x")
    for y in (x * 5, x * 2):
        y.backward()
    nodes, arrows = boxes_and_arrows(draw(y))
    assert nodes[0] == ["input", "x", "value 3", "grad 2", "in .grad: 7"]
    assert arrows == [["∂v1/∂x = 2", "1 × 2 = 2"]]


def test_a_part_of_a_graph_starts_from_its_own_gradient():
    """c's gradient in the toy is 2, and so a and b get 2 through it; b got 3 elsewhere."""
    c = toy().parents[0]
    nodes, _ = boxes_and_arrows(draw(c))
    assert nodes == [
        ["input", "a", "value 2", "grad 2"],
        ["input", "b", "value 1", "grad 2", "in .grad: 5"],
        ["output", "c = a + b", "value 3", "grad 2"],
    ]


def test_the_seed_is_the_root_s_own_gradient():
    x = Value(3.0, "x")
    y = x * 2
    y.backward(10.0)
    nodes, arrows = boxes_and_arrows(draw(y))
    assert nodes[0] == ["input", "x", "value 3", "grad 20"]
    assert arrows == [["∂v1/∂x = 2", "10 × 2 = 20"]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_gradients_are_the_engine_s_bit_for_bit(seed):
    rng = random.Random(seed)
    nodes = [Value(rng.choice([0.0, -1.5, 0.3, 1e200, math.inf])) for _ in range(3)]
    for _ in range(rng.randrange(1, 30)):
        operation = rng.choice([mul, add, truediv, Value.relu, Value.tanh])
        inputs = [rng.choice(nodes), rng.choice(nodes)]
        nodes.append(operation(*inputs[: 1 if operation in (Value.relu, Value.tanh) else 2]))
    columns = Graph([nodes[-1]])
    nodes[-1].zero_grad()
    before = DrawnGraph(columns, {})
    nodes[-1].backward()
    for node in columns.nodes:
        assert repr(before.gradient(node)) == repr(node.grad)
        assert not DrawnGraph(columns, {}).holds_another(node)


def test_a_gradient_that_a_selection_stops():
    """The engine's rule: what was not selected gets exactly 0, even from an infinity."""
    x = Value(-1.0, "x")
    y = x.relu() / 0.0
    y.backward()
    _, arrows = boxes_and_arrows(draw(y))
    assert "∞ × 0 passes nothing" in arrows[1]


# -- how much it shows -----------------------------------------------------------------------------


def test_levels_of_detail():
    e = toy()
    sizes = [len(draw(e, detail=d).source) for d in ("full", "medium", "small")]
    assert sizes == sorted(sizes, reverse=True)
    nodes, arrows = boxes_and_arrows(draw(e, detail="medium"))
    assert ["b", "value 1", "grad 5"] in [lines[-3:] for lines in nodes]
    assert arrows[0] == ["∂c/∂a = 1"]
    nodes, arrows = boxes_and_arrows(draw(e, detail="small"))
    assert ["b", "value 1", "grad 5"] in nodes
    assert arrows == [[]] * 5


def test_parameters_look_different_from_inputs():
    """Those of the given model, and leaves whose label is a qualified name."""
    w, x = Value(2.0, "layer0.neuron0.w0"), Value(3.0, "x")
    kinds = {lines[1]: lines[0] for lines in boxes_and_arrows(draw(w * x))[0]}
    assert (kinds["x"], kinds[w.label]) == ("input", "parameter")
    kinds = {lines[1]: lines[0] for lines in boxes_and_arrows(draw(w * x, parameters=[x]))[0]}
    assert (kinds["x"], kinds[w.label]) == ("parameter", "parameter")


@pytest.mark.parametrize(
    "label", ["0.5", "1.5e3", "3.x", "x.1", "x.2y", "w. b", "w..b", ".w", "w."]
)
def test_a_label_with_a_dot_is_not_a_parameter_for_that(label):
    """Nor is what stands behind the dot its name."""
    x = Value(0.5, label)
    for parameters, kind in (((), "input"), ([x], "parameter")):
        nodes, arrows = boxes_and_arrows(draw(x * 2, parameters=parameters))
        assert [kind, label, "value 0.5", "grad 2"] in nodes
        assert arrows == [[f"∂v1/∂{term(label)} = 2", "1 × 2 = 2"]]


def test_the_2_2_2_network():
    """All ten parameters with their gradients (worked_examples: five significant digits here)."""
    E, model = network_2_2_2()
    nodes, _ = boxes_and_arrows(draw(E, parameters=model))
    found = {lines[1]: lines[2:] for lines in nodes if lines[0] == "parameter"}
    assert found == {
        "w1": ["value 0.25", "grad 1.819e−5"],
        "w2": ["value 0.25", "grad 3.638e−5"],
        "w3": ["value 0.15", "grad 3.556e−5"],
        "w4": ["value 0.2", "grad 7.112e−5"],
        "w5": ["value 0.3", "grad 0.02818"],
        "w6": ["value 0.35", "grad 0.02813"],
        "w7": ["value 0.4", "grad −0.01542"],
        "w8": ["value 0.35", "grad −0.01539"],
        "b1": ["value 0.4", "grad 0.0009096 + 0.001778", "= 0.002687"],
        "b2": ["value 0.7", "grad 0.04679 + (−0.0256) = 0.02119"],
    }


def network_2_2_2():
    w = [Value(x, f"w{i}") for i, x in enumerate([0.25, 0.25, 0.15, 0.2, 0.3, 0.35, 0.4, 0.35], 1)]
    b1, b2 = Value(0.4, "b1"), Value(0.7, "b2")
    hidden = nn.Layer.from_weights([w[0:2], w[2:4]], b1, "sigmoid")
    output = nn.Layer.from_weights([w[4:6], w[6:8]], b2, "sigmoid")
    model = nn.MLP.from_layers([hidden, output])
    E = nn.half_squared_error(model([0.02, 0.04]), (0.5, 0.9))
    E.label = "E"
    E.backward()
    return E, model


def test_a_large_network_is_drawn_by_neuron():
    """2-16-16-1: 435 values become 33 neurons and 2 inputs; an arrow for each weight."""
    model = nn.MLP(2, [16, 16, 1], seed=0)
    out = model([Value(0.5, "x0"), Value(-1.0, "x1")])
    out.backward()
    nodes, arrows = boxes_and_arrows(draw(out))
    assert len(nodes) == 35
    assert len(arrows) == 2 * 16 + 16 * 16 + 16
    assert {lines[0] for lines in nodes} == {
        "x0", "x1", "layer2.neuron0",
        *(f"layer{i}.neuron{j}" for i in range(2) for j in range(16)),
    }  # fmt: skip
    box = next(lines for lines in nodes if lines[0] == "layer2.neuron0")
    weights = model.layers[2].neurons[0].parameters()
    assert box == [
        "layer2.neuron0",
        f"value {figure(out.data)}",
        "grad 1",
        f"parameters: |grad| ≤ {figure(max(abs(w.grad) for w in weights))}",
    ]


def test_neurons_stand_in_order():
    """From top to bottom, 10 below 9."""
    model = nn.MLP(2, [16, 3], seed=0)
    for diagram in (draw(model), draw(autograd.sum(model([0.5, -1.0])), detail="neuron")):
        places = {
            "".join(text.itertext()): float(text.get("y"))
            for text in ElementTree.fromstring(diagram.pipe("svg")).iter(f"{SVG}text")
        }
        for layer, width in enumerate((16, 3)):
            column = [places[f"layer{layer}.neuron{i}"] for i in range(width)]
            assert column == sorted(column)


def test_a_batch_is_drawn_by_neuron_too():
    """Each neuron is one box, whatever the number of samples; the loss has few boxes."""
    model = nn.MLP(2, [4, 1], seed=0)
    loss = nn.mse_loss([model([i / 50, 0.5]) for i in range(50)], [0.0] * 50)
    loss.label = "loss"
    loss.backward()
    nodes, _ = boxes_and_arrows(draw(loss))
    names = [lines[0] for lines in nodes]
    assert {f"layer0.neuron{i}" for i in range(4)} | {"layer1.neuron0"} <= set(names)
    assert len(nodes) <= 9
    box = nodes[names.index("layer0.neuron1")]
    assert box[1] == "3 parameters, tanh"
    assert box[2].startswith("50 values from ")


def test_parameters_that_the_graph_does_not_use_are_left_out():
    """One output of two: the neuron of the other has no box."""
    model = nn.MLP(2, [2, 2], seed=0)
    nodes, _ = boxes_and_arrows(draw(model([0.5, -1.0])[0], detail="neuron", parameters=model))
    neurons = sorted(lines[0] for lines in nodes if "neuron" in lines[0])
    assert neurons == ["layer0.neuron0", "layer0.neuron1", "layer1.neuron0"]


def test_by_layer():
    model = nn.MLP(2, [16, 16, 1], seed=0)
    out = model([0.5, -1.0])
    out.backward()
    nodes, arrows = boxes_and_arrows(draw(out, detail="layer"))
    assert [lines[:2] for lines in nodes] == [
        ["input", "2 numbers"],
        ["layer0", "16 neurons, 48 parameters, tanh"],
        ["layer1", "16 neurons, 272 parameters, tanh"],
        ["layer2", "1 neuron, 17 parameters"],
    ]
    assert arrows == [[], ["16 edges"], ["256 edges"]]
    assert "layer0" in text_of(draw(out, max_nodes=10))


def test_a_shared_bias_does_not_mix_neurons():
    _, model = network_2_2_2()
    for parameter in model.parameters():
        parameter.label = None
    outs = nn.MLP.from_layers(model.layers)([Value(0.02, "i1"), Value(0.04, "i2")])
    nodes, _ = boxes_and_arrows(draw(autograd.sum(outs), detail="neuron"))
    boxes = {lines[0]: lines for lines in nodes}
    for name, value in (("layer0.neuron0", 0.6023), ("layer0.neuron1", 0.6013)):
        assert f"value {value}" in boxes[name]
    assert boxes["layer0.neuron0.b"][:2] == ["layer0.neuron0.b", "value 0.4"]


def test_a_layer_that_feeds_itself():
    """A recurrent network is drawn by neuron too, with arrows both ways."""
    layer, last = nn.Layer(3, 3, seed=0), nn.Neuron(3, seed=0)
    model = nn.MLP.from_layers([layer, nn.Layer.from_weights([last.weights])])
    h = [Value(0.1), Value(0.2), Value(0.3)]
    for _ in range(60):
        h = model.layers[0](h)
    nodes, arrows = boxes_and_arrows(draw(model.layers[1](h)))
    names = {lines[0] for lines in nodes}
    assert names == {"v1", "v2", "v3", "layer1.neuron0", *(f"layer0.neuron{i}" for i in range(3))}
    assert len(arrows) == 9 + 6 + 3


def test_the_neighbourhood_of_the_root():
    nodes, arrows = boxes_and_arrows(draw(toy(), depth=1))
    assert nodes == [
        ["c = a + b", "value 3", "grad 2"],
        ["d = b + 1", "value 2", "grad 3"],
        ["output", "e = c * d", "value 6", "grad 1"],
        ["… 1 input"],
        ["… 2 inputs"],
    ]
    assert len(arrows) == 4


# -- models ----------------------------------------------------------------------------------------


def test_a_model_without_a_forward_pass():
    """Its neurons with their biases, its weights with their gradients on the arrows."""
    _, model = network_2_2_2()
    nodes, arrows = boxes_and_arrows(draw(model))
    assert nodes == [
        ["input", "x0"],
        ["input", "x1"],
        ["layer0.neuron0", "sigmoid", "bias 0.4", "grad 0.002687"],
        ["layer0.neuron1", "sigmoid", "bias 0.4", "grad 0.002687"],
        ["layer1.neuron0", "sigmoid", "bias 0.7", "grad 0.02119"],
        ["layer1.neuron1", "sigmoid", "bias 0.7", "grad 0.02119"],
    ]
    assert arrows[0] == ["w1 = 0.25", "grad 1.819e−5"]
    assert len(arrows) == 8


def test_weights_are_blue_or_orange_and_dashed():
    layer = nn.Layer.from_weights([[1.0, -2.0]])
    positive, negative = [
        line for line in draw(layer).source.splitlines() if "penwidth" in line and "->" in line
    ]
    assert f'color="{THEMES["light"].value}"' in positive
    assert f'color="{THEMES["light"].grad}"' in negative
    assert ("dashed" in positive, "dashed" in negative) == (False, True)
    widths = [float(re.search(r"penwidth=([\d.]+)", line)[1]) for line in (positive, negative)]
    assert widths == [1.8, 3.0]


def test_large_models_are_drawn_by_layer():
    model = nn.MLP(64, [64, 64, 10], seed=0)
    nodes, _ = boxes_and_arrows(draw(model))
    assert len(nodes) == 4
    assert nodes[1][:2] == ["layer0", "64 neurons, tanh"]
    assert nodes[1][2].startswith("4,096 weights from −")


def test_another_kind_of_model_is_drawn_by_its_parts():
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.heads = Value(2.0), [nn.Neuron(2, seed=0), nn.Neuron(2, seed=1)]

    nodes, arrows = boxes_and_arrows(draw(Line()))
    assert ["Line", "slope = 2", "grad 0"] in nodes
    assert {lines[0] for lines in nodes} == {"Line", "heads", "heads.0", "heads.1"}
    assert len(arrows) == 3


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "−0"),
        (5.0, "5"),
        (-12.0, "−12"),
        (0.1 + 0.2, "0.3"),
        (math.pi, "3.142"),
        (-0.0154164614509, "−0.01542"),
        (1.81911912141e-5, "1.819e−5"),
        (12345.0, "12345"),
        (12345.6, "1.235e4"),
        (1e6, "1e6"),
        (6.02214076e23, "6.022e23"),
        (5e-324, "4.941e−324"),
        (1e-12, "1e−12"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
    ],
)
def test_figures(x, text):
    """Four significant digits, whole numbers in full, a real minus sign."""
    assert figure(x) == text


# -- what draw refuses -----------------------------------------------------------------------------


def test_only_a_value_can_be_drawn():
    with pytest.raises(
        TypeError, match="draw needs a Value, the root of a graph, or a model; got list"
    ):
        draw([toy()])


def test_too_many_nodes_are_a_message_at_once():
    x = Value(1.0)
    for _ in range(10_000):
        x = x + 1.0
    with pytest.raises(ValueError, match="10,001 nodes, more than max_nodes=200, too many to read"):
        draw(x)


def test_too_many_edges_to_collapse_are_a_message(monkeypatch):
    monkeypatch.setattr("autograd.drawing.choosing.MAX_EDGES", 500)
    with pytest.raises(ValueError, match="437 nodes and 706 edges, too many even for a picture"):
        draw(nn.MLP(2, [16, 16, 1])([Value(0.5), Value(-1.0)]))


def test_max_nodes_can_be_raised():
    x = Value(1.0)
    for _ in range(250):
        x = x + 1.0
    assert draw(x, max_nodes=251).source.count("->") == 250


def test_a_missing_package_names_the_command(monkeypatch):
    real = builtins.__import__

    def without_graphviz(name, *args, **kwargs):
        if name.partition(".")[0] == "graphviz":
            raise ModuleNotFoundError("No module named 'graphviz'", name="graphviz")
        return real(name, *args, **kwargs)

    for name in [
        n for n in sys.modules if n.partition(".")[0] == "graphviz" or "autograd.drawing." in n
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("autograd.drawing.dot_language")
    monkeypatch.delattr("autograd.drawing.diagram")
    monkeypatch.setattr(builtins, "__import__", without_graphviz)
    with pytest.raises(
        ImportError, match="drawing needs the graphviz package; run: pip install graphviz"
    ):
        draw(toy())


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("gv", b"digraph"), ("PNG", b"\x89PNG")],
)
def test_render_writes_one_file(tmp_path, suffix, start):
    path = tmp_path / f"e.{suffix}"
    (tmp_path / "e.txt").write_text("mine")
    assert draw(toy()).render(path) == str(path)
    assert path.read_bytes().startswith(start)
    assert {file.name for file in tmp_path.iterdir()} == {path.name, "e.txt"}


def test_render_as_graphviz_does(tmp_path):
    """With that package's own arguments: the source beside the picture, svg by default."""
    assert draw(toy()).render(tmp_path / "e") == str(tmp_path / "e.svg")
    assert (tmp_path / "e").read_text("utf-8").startswith("digraph")
    draw(toy()).render("f", directory=tmp_path, format="png", cleanup=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["e", "e.svg", "f.png"]


def test_write_knows_its_formats(tmp_path):
    with pytest.raises(ValueError, match=r"no picture has the suffix \.xyz; end the name in \.svg"):
        draw(toy()).write(tmp_path / "e.xyz")


def test_pipe():
    assert draw(toy()).pipe("png").startswith(b"\x89PNG")
    assert draw(toy()).pipe(encoding="utf-8").startswith("<?xml")


def test_nothing_is_printed(capfd):
    draw(toy()).pipe("svg")
    assert capfd.readouterr() == ("", "")


def test_threads_draw_side_by_side():
    pictures = []
    threads = [
        threading.Thread(target=lambda: pictures.append(draw(toy()).pipe("svg"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 8
    assert len(set(pictures)) == 1


# -- which Graphviz --------------------------------------------------------------------------------


def program(folder, name, text):
    """A stand-in for an executable."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


unix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@unix
def test_a_system_dot_comes_first(tmp_path, monkeypatch):
    mine = program(tmp_path, "dot", "echo drawn by dot")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_dot() == str(mine)
    assert draw(toy()).pipe("svg") == b"drawn by dot\n"


@unix
def test_the_bundled_program_is_found_off_the_path(tmp_path, monkeypatch):
    """In a virtual environment that is not activated, its folder of scripts is not on PATH."""
    mine = program(tmp_path, "graphviz-pure", "echo drawn by graphviz-pure")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    assert find_dot() == str(mine)
    assert str(dot_command.DOT_BINARY) == "dot"


@unix
def test_the_program_is_handed_back(tmp_path, monkeypatch):
    """Other users of the graphviz package keep the program they had."""
    program(tmp_path, "dot", "exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match="dot failed with status 3"):
        draw(toy()).pipe("svg")
    assert str(dot_command.DOT_BINARY) == "dot"


def test_no_program_at_all_names_the_remedy(monkeypatch):
    monkeypatch.setattr(graphviz_program, "find_dot", lambda: None)
    diagram = draw(toy())
    assert diagram.source.startswith("digraph")
    with pytest.raises(
        DrawingError, match=r"pip install graphviz-pure .* the diagram's \.source is DOT"
    ):
        diagram.pipe("svg")


@unix
def test_a_format_that_the_program_lacks_names_the_remedy(tmp_path, monkeypatch):
    text = """echo 'Format: "pdf" not recognized. Use one of: svg png' >&2; exit 1"""
    program(tmp_path, "graphviz-pure", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    message = "graphviz-pure can't write pdf; write svg or png, or install Graphviz from https"
    with pytest.raises(DrawingError, match=message):
        draw(toy()).render(tmp_path / "e.pdf")
    assert not (tmp_path / "e.pdf").exists()


def test_pdf_is_written_or_the_remedy_named(tmp_path):
    """A system Graphviz writes it; the bundled one can't."""
    found = find_dot()
    if Path(found).stem == "dot":
        assert Path(draw(toy()).render(tmp_path / "e.pdf")).read_bytes().startswith(b"%PDF")
    else:
        with pytest.raises(DrawingError, match="can't write pdf; write svg or png, or install"):
            draw(toy()).render(tmp_path / "e.pdf")


@unix
def test_png_of_the_bundled_program_has_no_chinese(tmp_path, monkeypatch):
    """Its own fonts cover European scripts; the SVG is drawn with the reader's fonts."""
    mine = program(tmp_path, "graphviz-pure", "echo '<svg>'")
    monkeypatch.setattr(graphviz_program, "find_dot", lambda: str(mine))
    diagram = draw(Value(1.0, "漢字"))
    with pytest.warns(UserWarning, match="no glyphs for 漢字 in png pictures .* write svg, or"):
        diagram.pipe("png")
    diagram.pipe("svg")
    draw(toy(), title="Ελληνικά, русский, שלום, ∞").pipe("png")


def test_render_with_graphviz_s_own_arguments(tmp_path):
    """The SVG has its words whichever way it is written."""
    path = draw(toy()).render("e", directory=tmp_path, cleanup=True)
    assert path == str(tmp_path / "e.svg")
    assert 'role="img"' in (tmp_path / "e.svg").read_text(encoding="utf-8")


def test_a_copy_says_the_same():
    diagram = draw(toy(), title="toy")
    assert diagram.copy().pipe("svg") == diagram.pipe("svg")


def test_a_diagram_can_be_added_to():
    diagram = draw(toy())
    diagram.node("note", "as in the book")
    diagram.edge("note", "n4")
    assert "as in the book" in text_of(diagram)


def test_drawing_is_imported_without_graphviz(tmp_path):
    """The package is there from the first picture on, not from the import."""
    code = "import sys, autograd.drawing; assert not [m for m in sys.modules if 'graphviz' in m]"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
