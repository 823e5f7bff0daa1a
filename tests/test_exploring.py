"""What is explored agrees with the engine after every move, and a bad message changes nothing."""

import doctest
import json
import random
import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from test_player import HOSTILE

import nn
from autograd import Value, tanh
from autograd.drawing.number_text import figure
from autograd.exploring import Exploration, explorable
from autograd.reading import open_names

pytestmark = pytest.mark.one_form

FORMULA = "c = a + b; d = b + 1; e = c * d"


def formula(**numbers):
    return Exploration(explorable(FORMULA, (), {"a": 2, "b": 1, **numbers}))


def branches(a, b):
    product = a * b
    if product > 0:
        return tanh(product) + a
    return product - a * a


def gradients(exploration, names):
    return [exploration.moment.gradient(name) for name in names]


def test_the_first_state_is_the_picture_with_its_numbers():
    state = formula().state()
    said = json.loads(json.dumps(state, allow_nan=False))
    assert said["caption"] == "e = 6; ∂e/∂a = 2, ∂e/∂b = 5"
    assert [said["texts"][f"n{i}-grad"] for i in range(5)] == [
        "grad 2",
        "grad 2 + 3 = 5",
        "grad 2",
        "grad 3",
        "grad 1",
    ]
    assert said["texts"]["e4-message"] == "1 × 3 = 3"
    for key, text in said["texts"].items():
        if "-" in key:
            assert f'id="{key}"' in said["picture"]
            assert f">{text}</text>" in said["picture"]


def test_a_move_changes_texts_and_keeps_the_picture():
    """b = -3 by hand: c = -1, d = -2, e = 2; de/da = -2, de/db = -2 - 1."""
    reply = formula().receive({"set": {"b": -3}})
    assert "picture" not in reply
    assert reply["texts"]["n1-grad"] == "grad −2 + (−1) = −3"
    assert reply["texts"]["n4-value"] == "value 2"
    assert reply["controls"][1]["text"] == "−3"


@pytest.mark.parametrize("seed", range(4))
def test_after_each_of_many_moves_the_numbers_are_those_of_backward(seed):
    """Random moves of random leaves, through an `if` that takes either way."""
    rng = random.Random(seed)
    exploration = Exploration(explorable(branches, (1.0, 0.5), {}))
    pictures = 0
    for _ in range(25):
        name = rng.choice("ab")
        number = round(rng.uniform(-2, 2), 2)
        reply = exploration.receive({"set": {name: number}})
        pictures += "picture" in reply
        a, b = Value(exploration.numbers["a"]), Value(exploration.numbers["b"])
        root = branches(a, b)
        root.backward()
        assert gradients(exploration, "ab") == [a.grad, b.grad]
        order = exploration.moment.graph.order
        for place, node in enumerate(order):
            assert reply["texts"][f"n{place}-value"] == f"value {figure(node.data)}"
            assert reply["texts"][f"n{place}-grad"].endswith(figure(node.grad))
        for control, leaf in zip(reply["controls"], (a, b), strict=True):
            assert control["gradient"] == f"grad {figure(leaf.grad)}"
    assert pictures > 0


def test_where_an_if_takes_another_way_there_is_another_picture():
    exploration = Exploration(explorable(branches, (1.0, 0.5), {}))
    before = exploration.state()["edges"]
    reply = exploration.receive({"set": {"b": -0.5}})
    assert reply["edges"] != before
    assert "tanh" not in reply["picture"]
    assert "picture" not in exploration.receive({"set": {"b": -0.6}})
    assert "tanh" in exploration.receive({"set": {"b": 0.5}})["picture"]


def test_local_variables_name_the_values():
    texts = Exploration(explorable(branches, (1.0, 0.5), {})).state()["texts"]
    assert any(text.startswith("product = a * b") for text in texts.values())


BAD = [
    None,
    [],
    {},
    "set",
    {"set": {"a": 1}, "reset": True},
    {"sett": {"a": 1}},
    {"set": {}},
    {"set": [1]},
    {"set": {"z": 1}},
    {"set": {"a": "two"}},
    {"set": {"a": 3, "b": "x"}},
    {"set": {"a": float("nan")}},
    {"set": {"a": "inf"}},
    {"set": {"a": "1e999"}},
    {"set": {"a": True}},
    {"set": {"a": 10**400}},
    {"set": {"a": "1/0"}},
    {"set": {"a": ""}},
    {"descend": {"rate": 0.1}},
    {"inspect": 17},
    {"inspect": "a"},
    {"inspect": True},
    {"language": "xx"},
    {"language": ["en"]},
]


@pytest.mark.parametrize("message", BAD, ids=repr)
def test_a_bad_message_changes_nothing(message):
    exploration = formula()
    before = json.dumps(exploration.state())
    reply = exploration.receive(message)
    assert list(reply) == ["error"]
    assert len(reply["error"]) < 300
    assert json.dumps(exploration.state()) == before


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("-2", -2.0), ("−2", -2.0), ("1/3", 1 / 3), ("-1/4", -0.25), ("0.25", 0.25), ("1e-3", 1e-3),
        (" 3 ", 3.0), ("+4", 4.0), (".5", 0.5), ("2.", 2.0), ("½", 0.5), ("３", 3.0), (7, 7.0),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(typed, number):
    exploration = formula()
    assert "error" not in exploration.receive({"set": {"a": typed}})
    assert exploration.numbers == {"a": number, "b": 1.0}


def test_a_function_without_a_value_there_says_so():
    def f(a):
        if a.data < 0:
            raise ValueError("a must not be negative")
        return a * a

    exploration = Exploration(explorable(f, (1.0,), {}))
    before = exploration.state()
    reply = exploration.receive({"set": {"a": -1}})
    assert reply["error"] == "f has no value where a = −1: a must not be negative"
    assert exploration.state() == before


def test_infinities_sound_an_alarm_in_a_new_picture():
    exploration = Exploration(explorable("e = a / b", (), {}))
    reply = exploration.receive({"set": {"b": 0}})
    assert reply["texts"]["n2-value"] == "value ∞, infinite"
    assert ">!</text>" in reply["picture"]
    json.dumps(exploration.state(), allow_nan=False)


def test_reset_goes_back():
    exploration = formula()
    first = exploration.state()
    exploration.receive({"set": {"a": 5, "b": 7}})
    exploration.receive({"reset": True})
    assert exploration.state() == first


def test_a_value_is_computed_anew_and_left_alone():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    e = tanh(a * b) + a
    exploration = Exploration(explorable(e, (), {}))
    exploration.receive({"set": {"a": -1}})
    assert (a.data, a.grad, e.grad) == (2.0, 0.0, 0.0)
    x, y = Value(-1.0), Value(3.0)
    (tanh(x * y) + x).backward()
    assert gradients(exploration, "ab") == [x.grad, y.grad]


def test_descent_is_that_of_the_engine():
    """Three steps of the model's parameters, against the same by hand; the sample stays."""
    model = nn.MLP(2, [2, 1], seed=0)
    exploration = Exploration(explorable(model, ([0.5, -1.0], 1.0), {}), descend=True)
    mine = nn.MLP(2, [2, 1], seed=0)
    losses = []
    for _ in range(4):
        loss = 0.5 * (mine([0.5, -1.0]) - 1.0) ** 2
        losses.append(loss.data)
        mine.zero_grad()
        loss.backward()
        for parameter in mine.parameters():
            parameter.data -= 0.3 * parameter.grad
    for _ in range(3):
        reply = exploration.receive({"descend": {"rate": "0.3"}})
    assert reply["descent"]["losses"] == pytest.approx(losses, rel=1e-12)
    assert exploration.numbers["x[0]"] == 0.5
    fresh = nn.MLP(2, [2, 1], seed=0)
    assert [p.data for p in model.parameters()] == [p.data for p in fresh.parameters()]


def test_a_step_beyond_all_numbers_is_refused():
    exploration = Exploration(explorable("e = a**4", (), {"a": 1e60}), descend=True)
    before = exploration.state()
    assert "smaller step" in exploration.receive({"descend": {"rate": 1e300}})["error"]
    assert exploration.state() == before


def test_paths_follow_the_numbers():
    exploration = formula()
    panel = exploration.receive({"inspect": 1})["panel"]
    assert [path["product"] for path in panel["paths"]] == ["1 × 2 = 2", "1 × 3 = 3"]
    panel = exploration.receive({"set": {"a": 0}})["panel"]
    assert panel["sum"] == "2 + 1 = 3"
    assert exploration.receive({"inspect": None})["panel"] is None


def test_another_language():
    reply = formula().receive({"language": "zh"})
    assert reply["words"]["reset"] == "重新开始"
    assert reply["language"] == "zh"


def test_nested_arguments_have_names_of_their_own():
    def f(w, x):
        return w[0] * x["u"] + w[1]

    exploration = Exploration(explorable(f, ([2.0, 3.0],), {"x": {"u": 5.0}}))
    assert exploration.numbers == {"w[0]": 2.0, "w[1]": 3.0, "x['u']": 5.0}
    assert gradients(exploration, ["w[0]", "w[1]", "x['u']"]) == [5.0, 1.0, 2.0]


class Point(NamedTuple):
    u: float
    v: float


def test_a_record_stays_one():
    """u²·v at (3, 2): 2·3·2 and 9."""
    exploration = Exploration(explorable(lambda p: p.u**2 * p.v, (Point(3.0, 2.0),), {}))
    assert gradients(exploration, ["p.u", "p.v"]) == [12.0, 9.0]


@pytest.mark.parametrize(
    ("what", "args", "given", "said"),
    [
        (3.0, (), {}, "takes a formula, a function, a Value or a model"),
        ("e = a +", (), {}, "not a formula"),
        ("e = a * b", (), {"c": 1}, "does not use c"),
        ("e = a * b", (1.0,), {}, "by name"),
        (Value(1.0, "a"), (), {"a": 1}, "takes no others"),
        (lambda a: 3.0, (1.0,), {}, "has to return one Value"),
        (lambda a: a, (), {}, "missing a required argument"),
        (lambda a: a * 1.0, (float("inf"),), {}, "finite"),
        (nn.MLP(2, [1], seed=0), ([1.0, 2.0],), {}, "one sample"),
    ],
)
def test_what_cannot_be_explored_is_refused(what, args, given, said):
    with pytest.raises((TypeError, ValueError), match=said):
        Exploration(explorable(what, args, given))


def test_the_page_says_what_comes_out():
    """docs/exploring.md: its examples, as doctests."""
    page = Path(__file__).parent.parent / "docs" / "exploring.md"
    assert doctest.testfile(str(page), module_relative=False).failed == 0
    assert doctest.testfile(str(page), module_relative=False).attempted == 5


def test_a_single_value_is_explored():
    exploration = Exploration(explorable(Value(2.0, "a"), (), {}), quiz=True)
    assert [question.id for question in exploration.quiz.questions] == ["n0-grad"]
    assert exploration.receive({"set": {"a": 3}})["texts"]["n0-value"] == "value 3"


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
def test_labels_are_text(label):
    """Whatever a label holds, the picture is XML, and every line stands in it."""
    y = Value(2.0, label) * Value(3.0, "e0-message")
    exploration = Exploration(explorable(y, (), {}), quiz=True)
    state = exploration.state()
    json.dumps(state, allow_nan=False).encode()
    root = ElementTree.fromstring(state["picture"].encode())
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert {"n0", "n0-grad", "e0-message", "n2-value"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}script"))) == 0
    name = exploration.state()["controls"][0]["name"]
    assert "error" not in exploration.receive({"set": {name: 4}})


def test_every_picture_level_is_filled():
    """Also where there is no room for messages: only what is drawn is asked for."""
    x = y = Value(0.5, "x")
    for _ in range(60):
        y = tanh(y)
    for root in (y, tanh(x)):
        exploration = Exploration(explorable(root, (), {}), quiz=True)
        state = exploration.state()
        drawn = set(re.findall(r'<text id="([^"]*)"', state["picture"]))
        assert {question["id"] for question in state["quiz"]["questions"]} <= drawn
        assert drawn <= state["texts"].keys()
        assert "grad ?" in state["picture"]


def test_a_picture_too_large_is_refused():
    with pytest.raises(ValueError, match="max_nodes=200"):
        Exploration(explorable(sum([Value(1.0) * i for i in range(150)]), (), {}))


def test_names_are_read_as_the_formula_is():
    """Python warns of `1or x` in a program; x is its only name all the same."""
    assert open_names("1or x") == ["x"]


# -- on a phone ------------------------------------------------------------------------------------


def width_of(exploration):
    return exploration.moment.picture.narrowest


@pytest.mark.parametrize(
    "formula", ["e = (a+b)*(b+1)", "y = tanh(w1*x1 + w2*x2 + b)", "f = (1-x)**2 + 100*(y-x**2)**2"]
)
def test_a_picture_for_a_phone_is_as_wide_as_one(formula):
    """390 pixels less the margins; back on a page it is what it was."""
    exploration = Exploration(explorable(formula, (), {}))
    before = exploration.state()
    reply = exploration.receive({"narrow": True})
    assert reply["narrowest"] <= 344 < before["narrowest"]
    assert set(reply["texts"]) >= {f"n{i}-grad" for i in range(3)}
    assert "picture" not in exploration.receive({"set": {exploration.source.steered[0]: 3}})
    exploration.receive({"reset": True})
    again = exploration.receive({"narrow": False})
    assert (again["picture"], again["texts"]) == (before["picture"], before["texts"])


def test_the_central_example_keeps_its_messages_and_its_sum_on_a_phone():
    exploration = Exploration(explorable("e = (a+b)*(b+1)", (), {"a": 2, "b": 1}))
    texts = exploration.receive({"narrow": True})["texts"]
    assert "grad 2 + 3 = 5" in texts.values()
    assert "1 × 2 = 2" in "".join(texts.values()).replace("\N{NO-BREAK SPACE}", " ")


def test_answers_stay_where_a_phone_is_turned():
    exploration = Exploration(explorable("e = (a+b)*(b+1)", (), {"a": 2, "b": 1}), quiz=True)
    exploration.receive({"answer": {"question": "n1-grad", "text": "5"}})
    for narrow in (True, False):
        quiz = exploration.receive({"narrow": narrow})["quiz"]
        assert {x["id"]: x["status"] for x in quiz["questions"]}["n1-grad"] == "right"


def test_narrow_is_yes_or_no():
    exploration = Exploration(explorable("e = a*b", (), {}))
    assert "as little room as on a phone" in exploration.receive({"narrow": 1})["error"]
    assert not exploration.narrow
