"""What stands in a box: labels that are formulas, dot products, numbers assigned later."""

import re
from xml.etree import ElementTree

import pytest

import autograd
import nn
from autograd import Value, draw, explain, paths
from autograd.engine.text import term

pytestmark = pytest.mark.one_form

SVG = "{http://www.w3.org/2000/svg}"


def lines_of(diagram):
    """Every line of text, as a reader sees them."""
    root = ElementTree.fromstring(diagram.pipe("svg"))
    lines = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def of_a_sum(label):
    s = Value(2.0, "a") + Value(3.0, "b")
    s.label = label
    z = s * Value(4.0, "c")
    z.label = "z"
    z.backward()
    return z


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("s", "s"),
        ("a+b", "(a+b)"),
        ("a b", "(a b)"),
        ("-x", "(-x)"),
        ("|x|", "(|x|)"),
        ("∂L/∂w", "(∂L/∂w)"),
        ("2x", "(2x)"),
        ("(a+b)", "(a+b)"),
        ("(a)+(b)", "((a)+(b))"),
        ("0.5", "“0.5”"),
        ("inf", "“inf”"),
        ("a)+(b", "“a)+(b”"),
        ("a]", "“a]”"),
        ("x.1", "x.1"),
        ("w[0]", "w[0]"),
        ("h(t)", "h(t)"),
        ("x'", "x'"),
        ("x₁²", "x₁²"),
        ("$w_1$", "$w_1$"),
        ("\\alpha", "\\alpha"),
        ("漢字", "漢字"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_a_label_that_is_no_name_stands_in_brackets_or_quotes(label, shown):
    """In formulas, beside ∂, in the words for those who can't see it, and in paths."""
    z = of_a_sum(label)
    diagram = draw(z)
    lines = lines_of(diagram)
    assert f"z = {shown} * c" in lines
    assert f"∂z/∂{shown} = 4" in lines
    assert f"∂{shown}/∂a = 1" in lines
    assert diagram.words["n2"].startswith(f"{shown} = a + b: ")
    assert f"a–{shown}–z" in str(paths(z, z.parents[0].parents[0]))


def test_an_argument_of_a_function_needs_no_second_brackets():
    t = of_a_sum("a+b").parents[0].tanh()
    t.label = "a, b"
    lines = lines_of(draw(autograd.maximum(t, 0.5)))
    assert "(a, b) = tanh(a+b)" in lines
    assert "v1 = maximum((a, b), 0.5)" in lines
    assert term("a+b", within=",") == "a+b"


def test_a_repeated_label_keeps_its_number_outside():
    z = Value(1.0, "a+b") * Value(2.0, "a+b")
    assert "v1 = (a+b) * (a+b)#2" in lines_of(draw(z))


def test_explain_has_the_brackets_too():
    z = of_a_sum("a+b")
    assert "∂z/∂(a+b) = 4" in str(explain(z.parents[0], z))


# -- parameters ------------------------------------------------------------------------------------


def test_parameters_of_one_name_keep_their_whole_names():
    z = Value(2.0, "p.x") * Value(3.0, "q.x") + Value(1.0, "q.y")
    lines = lines_of(draw(z))
    assert "v1 = p.x * q.x" in lines
    assert {"∂v1/∂p.x = 3", "∂v1/∂q.x = 2", "∂v2/∂y = 1"} <= set(lines)
    z = Value(2.0, "layer0.w") * Value(3.0, "w")
    assert "∂v1/∂layer0.w = 3" in lines_of(draw(z))


def test_a_parameter_in_a_list_keeps_the_name_of_the_list():
    class Line(nn.Module):
        def __init__(self):
            self.heads = [Value(2.0)]

    model = Line()
    y = next(iter(model.parameters())) * 3
    model.named_parameters()
    lines = lines_of(draw(y, parameters=model))
    assert "parameter" in lines
    assert any(re.fullmatch(r"∂v\d/∂heads\.0 = 3", line) for line in lines)


# -- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize("detail", ["full", "medium"])
def test_a_dot_product_shows_its_terms_and_plain_numbers(detail):
    w = [Value(0.5, "w0"), Value(-1.0, "w1"), Value(2.0, "w2")]
    lines = lines_of(draw(autograd.dot(w, [3.0, -1.0, Value(1.0, "x+1")]), detail=detail))
    assert "v1 = w0·3 + w1·(−1) + w2·(x+1)" in lines


def test_a_long_dot_product_is_shortened_and_counted():
    w = [Value(1.0, f"w{i}") for i in range(50)]
    diagram = draw(autograd.dot(w, [0.5] * 50))
    assert diagram.words["n50"].startswith("v1 = w0·0.5 + w1·0.5 + … 47 more … + w49·0.5: value 25")


def test_a_neuron_names_its_weights_shortly():
    o = nn.MLP(2, [1, 1], seed=0)([3.0, -1.0])
    lines = lines_of(draw(o, detail="full"))
    assert "v1 = w0·3 + w1·(−1)" in lines
    assert "v2 = v1 + b" in lines
    assert "layer0.neuron0.w0" in lines


# -- numbers that were assigned --------------------------------------------------------------------


def test_what_was_computed_before_a_change_says_so():
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c = a * b
    c.label = "c"
    e = c + b
    a.data = 5.0
    for detail in ("full", "medium", "small"):
        lines = lines_of(draw(e, detail=detail))
        assert lines.count("computed before a changed to 5") == 1, detail
        assert lines.index("computed before a changed to 5") == lines.index("value 2", 4) + 1


def test_a_result_that_was_assigned_says_so():
    c = Value(2.0, "a") * 3
    c.label = "c"
    d = c.tanh()
    c.data = 0.1
    assert "assigned later: computed as 6" in lines_of(draw(d))


def test_what_is_up_to_date_has_no_mark():
    assert not [x for x in lines_of(draw(of_a_sum("s"))) if "computed" in x or "assigned" in x]


def test_rounding_is_no_other_gradient():
    """0.1 + 0.2 + 0.3 in another order is another double, and the same gradient."""
    x = Value(1.0, "x")
    y = autograd.sum([x * 0.1, x * 0.2, x * 0.3])
    y.backward()
    for grad, said in ((x.grad * (1 + 1e-15), False), (x.grad + 1e-6, True), (float("inf"), True)):
        x.grad = grad
        assert any("in .grad" in line for line in lines_of(draw(y))) == said


def test_rounding_is_measured_by_what_adds_up():
    """1e8 - 1e8 leaves a rounding error that is large beside the sum, 0."""
    x = Value(1.0, "x")
    y = x * 1e8 - x * 1e8
    y.backward()
    x.grad = 1.5e-8
    assert not any("in .grad" in line for line in lines_of(draw(y)))
