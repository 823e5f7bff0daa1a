"""What a page in Chinese says to a learner: errors and reasons, with no English left in them."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest
from playground.in_chinese import in_chinese, refusal_in_chinese
from playground.network_room import NetworkRoom, Settings
from playground.rooms import answer, rooms

from autograd import Value, explain
from autograd.engine.primitives import TABLE
from autograd.exploring import Exploration, explorable
from autograd.exploring.error_phrases import error_in
from autograd.exploring.translation import translated
from autograd.reading.expressions import FUNCTIONS, REFUSALS, RULE
from autograd.reading.open_names import open_names

pytestmark = pytest.mark.one_form

CODE = {
    "Python",
    "nan",
    "inf",
    "grad",
    "out",
    "Value",
    "data",
    "lr",
    "nn",
    "logits",
    "where",
    "condition",
}
NAMES = {*TABLE, *FUNCTIONS, *CODE, "record_lines", "explain", "zero_grad", "backward", "autograd"}
NAMES |= {"clip_grad_norm", "NaN", "and", "or", "not", "if", "else"}  # words of Python in quotes

WRONG = [  # formulas, each with another fault
    *("", "e = a^2", "e = 2a", "e = a b", "sin(a", "sin(a))", "(a+b]", "a+*b", "a +", "e == a"),
    *("a.b", "e = a if b else c", "a and b", "not a", "(x := 2)", "a += 1", "a: int = 3", "'x'"),
    *("f'{a}'", "a < b", "where(a<b, a)", "where(a in b, a, b)", "foo(a)", "relux(a)", "tanh()"),
    *("sum(a)", "sum([a],[b])", "dot([a],[b,c])", "dot([a])", "softmax([a,b])", "quantile([a])"),
    *("softmax([a,b])[2]", "softmax([a,b])[0.5]", "a[0]", "[a,b]+1", "tanh([a])", "tanh(x=a)"),
    *("1j*a", "a = 1; e = b", "c = a; c = b; c", "e = e + 1", "e = c; c = a", "a; b", "import os"),
    *("lambda x: x", "for a in b:\n    c", "a @ b", "a << 2", "~a", "a = b = c", "f(x) = x**2"),
    *("012", "a$", "a\N{FULLWIDTH COMMA}b", "\N{FULLWIDTH LEFT PARENTHESIS}a)", "9" * 5000),
    *("a\0b", "mean([])", "hypot(a)", "exp(a)(b)", "e = sin", "3 = a", "a = 1, b = 2"),
    *("(" * 300 + "a" + ")" * 300, "+".join("a" * 300), "e = a \\ b", "e = 'a", "a" * 100_001),
]


def words_in(text):
    """Latin ones, besides names of operations, of the engine, and what the learner wrote."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|\w+\(.*?\)|\bU\+\w+", "", text)
    return set(re.findall(r"(?<![\w.])[A-Za-z]{2,}(?!\w)", text)) - NAMES


def asked(formula, language):
    """Why a page in that language shows nothing of a formula."""
    request = {"do": "expression", "formula": formula, "inputs": {}, "language": language}
    return json.loads(answer(json.dumps({**request, "speak": language})))["error"]


@pytest.mark.parametrize("formula", WRONG, ids=lambda text: repr(text[:20]))
def test_a_wrong_formula(formula):
    """The page says what is wrong in Chinese, whatever it is, and in English as the engine does."""
    said = {language: asked(formula, language) for language in ("zh", "en")}
    assert re.search("[一-鿿]", said["zh"])
    assert not words_in(said["zh"]), said["zh"]
    assert not re.search("[一-鿿]", said["en"].replace(formula, ""))


def test_every_rule_of_formulas_has_its_chinese():
    for rule in {RULE, *REFUSALS.values()}:
        said = error_in("zh", rule)
        assert said != rule
        assert not words_in(said), said


def test_what_the_learner_wrote_stays_in_the_answer():
    assert error_in("zh", "'foo' is not a function of autograd; did you mean floor?") == (
        "没有 'foo' 这个函数；是不是 floor？"
    )
    assert error_in("zh", "e is given twice; use a new name the second time") == (
        "e 出现了两次等号；第二次请用新的名字"
    )
    assert error_in("zh", "something else") == "something else"


def test_a_part_is_translated_and_a_name_with_braces_is_not():
    forms = [("(.+) of (.+)", r"{2} \1")]
    assert translated(r"{2}\1 of b", forms, str.upper) == r"B {2}\1"
    assert translated("b", forms, str.upper) is None


def test_a_step_too_large():
    exploration = Exploration(explorable("e = a**4", (), {"a": 1e75}), descend=True, lang="zh")
    said = exploration.receive({"descend": {"rate": 1e300}})["error"]
    assert said.startswith("这一步会使 a 变成 ")
    assert not words_in(said)


def test_a_function_that_fails_is_told_in_its_own_words():
    def root(a):
        if a < 0:
            raise ValueError("a must not be negative")
        return a.sqrt()

    exploration = Exploration(explorable(root, (1.0,), {}), lang="zh")
    said = exploration.receive({"set": {"a": -1}})["error"]
    assert said == "在 a = −1 处，root 没有值：a must not be negative"


def test_a_graph_too_large_for_a_page():
    formula = "e = " + "*".join(f"(x{i}+{i})" for i in range(90))
    said = asked(formula, "zh")
    assert said.startswith("计算图有 ")
    assert not words_in(said), said


def test_what_a_screen_reader_says_of_a_picture():
    exploration = Exploration(explorable("e = (a+b)*(b+1)", (), {"a": 2, "b": 1}), lang="zh")
    assert exploration.state()["alt"] == "5 个值，5 条边。e = 6。"


# -- reasons ---------------------------------------------------------------------------------------

REASONS = [
    *("relu(a*b)", "a/b", "log(a)*b", "sqrt(a)*b", "a**b", "exp(a*b)", "tanh(a)*b", "sigmoid(a*b)"),
    *("max([a, b])", "where(a > b, a, b)", "where(a, a, b)", "clip(a, 0, b)", "a - a + b", "a % b"),
    *("floor(a)*b", "abs(a*b)", "(a-b)**2", "sqrt(a)**2", "a*sqrt(b)", "exp(a)/exp(b)"),
    *("asin(a)*b", "atanh(a)+b", "a**9*b**9", "exp(a)-exp(b)", "a*1e200*b*1e200"),
    *("+".join(["a*b"] * 20), "lgamma(a)*b", "a//b", "relu(1-a*b)", "stop_gradient(a)*b"),
    *("a*1e-200*b*1e-200", "softplus(a*b)", "sign(a)*b", "dot([a, b], [b, a])"),
    *("where(a > 0, b*b, 1)", "logsumexp([a, b])"),
]  # fmt: skip
NUMBERS = [0.0, 1.0, -2.0, 30.0, 1e-5, 1000.0, 1e200]


@pytest.mark.parametrize("formula", REASONS)
def test_a_reason(formula):
    """Every explanation of every gradient, for numbers that are 0, large, small and negative."""
    names = open_names(formula)
    for numbers in product(NUMBERS, repeat=len(names)):
        rooms.expression(formula, dict(zip(names, numbers, strict=True)), "zh")
        for reason in rooms.explained("zh")["reasons"]:
            lines = reason["text"].splitlines()
            told = "\n".join(line for line in lines if not line.startswith("    路径"))
            told = re.sub("（[a-z0 ]+）：", "", told)  # a kind, by the name it has in the engine
            assert not words_in(told), reason["text"]
            assert "(input" not in reason["text"] + reason["paths"]


def first_reason():
    return rooms.explained("zh")["reasons"][0]["text"]


def test_a_division_by_0_and_a_logarithm_below_it():
    rooms.expression("a / b", {"a": 1, "b": 0}, "zh")
    assert "）：out = a / b 在 a = 1, b = 0 时是 inf：除以了 0" in first_reason()
    rooms.expression("log(a)", {"a": -1}, "zh")
    assert "）：out = log(a) 在 a = -1 时是 nan：log 在那里没有定义" in first_reason()


def test_a_training_that_diverges():
    room = NetworkRoom(Settings(rate=100.0, activation="relu", loss="mse_loss", optimizer="SGD"))
    room.parameters[0].data = float("nan")
    room.step()  # of the batch before
    with pytest.raises(ValueError, match="the training stops") as stopped:
        room.step()
    said = refusal_in_chinese(str(stopped.value))
    assert said.startswith("训练停止，损失是 ")
    assert "办法：" in said
    assert not words_in(re.sub(r"layer\S+|output\S*|_s\d+", "", said)), said


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"layers": [99]}, "每层的神经元数必须在 1 与 8 之间，这里是 99"),
        ({"rate": -1}, "学习率必须在 0.0 与 100 之间，这里是 -1"),
        ({"batch": 1.5}, "批大小必须是整数，这里是 1.5"),
        ({"loss": "none"}, "损失是 binary_cross_entropy, mse_loss, hinge_loss 之一，这里是 'none'"),
    ],
)
def test_settings_that_cannot_be(setting, said):
    with pytest.raises(ValueError, match=r"must be|one of") as refused:
        Settings.of(setting)
    assert refusal_in_chinese(str(refused.value)) == said


def test_a_reason_of_the_reader_s_own_names():
    """Names that look like parts of a sentence stay as they are."""
    a, b = Value(0.0, "took"), Value(3.0, "is")
    e = a * b
    e.backward()
    assert "不随 is 变化：took = 0" in in_chinese(explain(b, e).text)
