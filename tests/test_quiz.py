"""The quiz hides what backpropagation finds, takes right answers in any order, and tells which slip
a wrong one shows."""

import json
import math
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, steps, tanh
from autograd.check.tutor.common_mistakes import RIGHT, WRITTEN
from autograd.drawing.number_text import figure
from autograd.exploring import Exploration, explorable
from autograd.exploring.phrases import PHRASES
from autograd.exploring.slips import diagnosis, known_slips
from autograd.exploring.tutor_phrases import OTHERWISE, in_chinese

pytestmark = pytest.mark.one_form

TOY = "c = a + b; d = b + 1; e = c * d"
HARD = "c = a * b; d = c - a; e = c * d"


def asked(formula=TOY, lang="en", **numbers):
    given = numbers or {"a": 2, "b": 1}
    return Exploration(explorable(formula, (), given), quiz=True, lang=lang)


def answer(exploration, label, text):
    """What comes of an answer: its status and what is said."""
    question = next(x for x in exploration.quiz.questions if x.label == label)
    reply = exploration.receive({"answer": {"question": question.id, "text": text}})
    assert "error" not in reply
    found = next(x for x in reply["quiz"]["questions"] if x["id"] == question.id)
    return found["status"], found["said"]


def test_what_is_asked():
    """Five local derivatives, five messages, five gradients, by hand."""
    truth = {x.label: x.asked.truth for x in asked().quiz.questions}
    assert truth == {
        "e.grad": 1, "∂e/∂c": 2, "∂e/∂d": 3, "e → c": 2, "e → d": 3, "c.grad": 2, "d.grad": 3,
        "∂d/∂b": 1, "d → b": 3, "∂c/∂a": 1, "∂c/∂b": 1, "c → a": 2, "c → b": 2, "b.grad": 5,
        "a.grad": 2,
    }  # fmt: skip


def test_where_it_counts_who_found_it_alone_it_says_so():
    """A right answer after a wrong one used no hint, and is not of the first try."""
    for lang, said in (("en", "1 of 15 right, 0 at the first try"), ("zh", "其中 0 题一次就对")):
        exploration = asked(lang=lang)
        answer(exploration, "b.grad", "4")
        answer(exploration, "b.grad", "5")
        assert said in exploration.quiz.score(lang)


def test_no_two_questions_have_one_name():
    """a is used by g itself and on the way to it: local derivative 0, gradient 7."""
    formula = "c = a - b; d = maximum(x, c); e = maximum(d, a); f = e * c; g = maximum(f, a)"
    for lang in PHRASES:
        exploration = asked(formula, lang, a=5, b=3, x=-3)
        truth = {x.label: x.asked.truth for x in exploration.quiz.questions}
        assert (truth["∂g/∂a"], truth["a.grad"]) == (0, 7)
        assert len(truth) == len(exploration.quiz.questions)


@pytest.mark.parametrize(
    ("label", "text", "said"),
    [
        ("b.grad", "2", "You followed one path, through c"),
        ("b.grad", "3", "= where += belongs"),
        ("b.grad", "6", "multiplied here; they are added"),
        ("b.grad", "2.5", "the mean"),
        ("b.grad", "-5", "sign is wrong"),
        ("b.grad", "1", "the value of b"),
        ("b.grad", "7", "counted twice"),
        ("e.grad", "6", "the value of e"),
        ("e.grad", "0", "change with itself"),
        ("e.grad", "-1", "sign is wrong"),
        ("b.grad", "0", "0, although there is a path"),
        ("b.grad", "10", "a 1/2 forgotten, a 2 applied twice"),
        ("d → b", "1", "the local derivative alone"),
        ("d → b", "4", "added here; they are multiplied"),
        ("d → b", "5", "all that arrives at b"),
        ("d → b", "2", "The value of d was used"),
        ("e → c", "1", "e.grad alone"),
        ("∂d/∂b", "3", "That is the message"),
        ("∂d/∂b", "0", "In a sum"),
    ],
)  # fmt: skip
def test_slips_of_the_toy(label, text, said):
    status, found = answer(asked(), label, text)
    assert status == "wrong"
    assert said in found


@pytest.mark.parametrize(
    ("formula", "numbers", "label", "wrong", "said"),
    [
        ("e = sigmoid(a)", {"a": 0.5}, "∂e/∂a", lambda s: 1 - s * s, "the form for tanh"),
        ("e = tanh(a)", {"a": 0.5}, "∂e/∂a", lambda t: t * (1 - t), "the form for sigmoid"),
        ("e = a**3", {"a": 2}, "∂e/∂a", lambda y: 4.0, "without the factor 3"),
        ("e = a * b", {"a": 2, "b": 7}, "∂e/∂a", lambda y: 2.0, "That is a itself"),
        ("e = a * b", {"a": 2, "b": 7}, "∂e/∂a", lambda y: 1.0, "1 is the derivative of a sum"),
        ("e = a * b", {"a": 2, "b": 7}, "∂e/∂a", lambda y: 14.0, "the whole product"),
        ("e = a / b", {"a": 3, "b": 2}, "∂e/∂b", lambda y: 0.75, "sign"),
        ("e = exp(a)", {"a": 2}, "∂e/∂a", lambda y: 2 * math.exp(1), "the rule for powers"),
        ("e = a - b", {"a": 3, "b": 5}, "∂e/∂b", lambda y: 1.0, "sign"),
        ("e = a + b", {"a": 3, "b": 5}, "∂e/∂b", lambda y: 5.0, "In a sum"),
    ],
)  # fmt: skip
def test_wrong_rules_for_local_derivatives(formula, numbers, label, wrong, said):
    """What check_grad knows of rules, on the local derivative and times the adjoint."""
    exploration = asked(formula, **numbers)
    number = wrong(exploration.moment.graph.root.data)
    question = next(
        x for x in exploration.quiz.questions if x.label == label and x.asked.kind == "derivative"
    )
    assert said in diagnosis(question.asked, number)


@pytest.mark.parametrize(
    ("formula", "numbers", "label", "text", "said", "not_said"),
    [
        ("c = a*2; d = c + a; e = d*c + a", {"a": 1}, "a.grad", "5", "of one", "The sign is wrong"),
        ("c = a*2; d = c + a; e = d*c + a", {"a": 1}, "a.grad", "-13", "The sign is wrong.", "one"),
        ("y = a - b; z = y*y", {"a": 1, "b": 4}, "b.grad", "3", "used 2 times, by z", "path y"),
        ("y = a - b; z = y*y", {"a": 1, "b": 4}, "y.grad", "-3", "one use of y in z", "path"),
        ("z = y*y*y", {"y": 2}, "y.grad", "4", "y", "contribution through v1 arrived"),
    ],
)  # fmt: skip
def test_slips_of_a_part(formula, numbers, label, text, said, not_said):
    status, found = answer(asked(formula, **numbers), label, text)
    assert status == "wrong"
    assert said in found
    assert not_said not in found


@pytest.mark.parametrize(
    ("formula", "a", "label", "text", "close"),
    [
        ("e = sigmoid(a)", 1, "∂e/∂a", "0.197", True),
        ("e = sigmoid(a)", 1, "a.grad", "0.197", True),
        ("e = exp(a)", 2.6934, "a.grad", "14.7", True),
        ("e = exp(a)", 2.6934, "e → a", "14.8", True),
        ("e = exp(a)", 2.6934, "a.grad", "14", False),
        ("e = a * 7", 3, "a.grad", "7.001", False),
        ("e = a * -1.234", 3, "a.grad", "-1.23", True),
        ("e = a * -1.234", 3, "a.grad", "1.23", False),
    ],
)
def test_right_to_three_digits_is_close(formula, a, label, text, close):
    exploration = asked(formula, a=a)
    status, found = answer(exploration, label, text)
    assert status == "wrong"
    assert found.startswith("Close: four digits") == close
    if close:  # on a page without Python too
        question = next(x for x in exploration.quiz.questions if x.label == label)
        near = [s for x, s in known_slips(question.asked) if question.asked.same(x, float(text))]
        assert near[:1] == [found]


NAMES = {
    "grad",
    "sigmoid",
    "tanh",
    "exp",
    "relu",
    "sqrt",
    "log",
    "sin",
    "cos",
    "mean",
    "sum",
    "div",
}


def words_in(text):
    """Latin ones, besides what operations and values are called."""
    return set(re.findall(r"(?<!\w)[A-Za-z]{2,}(?!\w)", text)) - NAMES


@pytest.mark.parametrize(
    ("formula", "numbers"),
    [
        (HARD, {"a": 2, "b": 5}),
        ("c = 2 * a; d = c * b; e = d / 5 + a", {"a": 7, "b": 3}),
        ("z = a * b; s = sigmoid(z); e = s * s", {"a": 2, "b": 0.25}),
        ("z = a * b; s = tanh(z); t = tanh(s * a); e = s * t", {"a": 2, "b": 0.25}),
        ("c = exp(a); d = log(b); e = c / d", {"a": 0.5, "b": 3}),
        ("c = sin(a); d = cos(b); e = sqrt(c * d + 3)", {"a": 0.5, "b": 0.7}),
        ("c = a**3; d = b**2; e = (c - d)**2 + relu(a)", {"a": 2, "b": 3}),
        ("c = a - b; d = b / a; e = mean([c, d, 3])", {"a": 2, "b": 3}),
    ],
)
def test_in_chinese_nothing_stays_english(formula, numbers):
    for question in asked(formula, **numbers).quiz.questions:
        for _, text in known_slips(question.asked, "zh"):
            assert not words_in(text), text
        for factor in (2, 0.5, 3, -1, 1 / 3, numbers["a"], numbers["b"], 1.234):
            text = diagnosis(question.asked, question.asked.truth * factor, "zh")
            assert not words_in(text), text


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("off by the factor 2 (a 1/2 forgotten, or?)",
         "相差因子 2（忘了 1/2，2 乘了两次，或一条路径算了两次？）"),
        ("off by the factor 1/2 on every path through c (1/2 applied twice, or a 2 forgotten?)",
         "在经过 c 的每条路径上，相差因子 1/2（1/2 乘了两次，或忘了一个 2？）"),
        ("0, although there is a path: nothing was ever added to it",
         "得到的是 0，可是有路径：从来没有东西加到它上面"),
        ("every path through c is left out", "漏掉了经过 c 的每条路径"),
        ("the paths b to c and d left out", "漏掉了从 b 到 c、d 的路径"),
        ("the path b–c left out: only the contribution through d arrived, as when `=` is written",
         "漏掉了路径 b–c：只有经过 d 的那一份到了，这是该写 += 的地方写了 ="),
        ("only 1 of the 3 messages to y arrived: it is used 3 times, by z",
         "传给 y 的 3 条消息只到了一条：它在 z 里被用了 3 次"),
        ("off by the factor -1/2 on every path c–d", "在每条路径 c–d 上，相差因子 -1/2"),
        ("a factor b = 3 too many on every path through c",
         "在经过 c 的每条路径上，多了因子 b = 3"),
        ("the factor b = 3 is missing", "缺了因子 b = 3"),
        ("the factors a, b and 2 more are missing", "缺了因子 a、b 等另外 2 个"),
        ("the factor 2 of 2 * a is left out", "漏掉了 2 * a 的因子 2"),
        ("the derivative of sin is left out (at c and d)", "sin 的导数漏掉了（在 c、d）"),
        ("the derivative of x**3 is taken without the factor 3 (at c)",
         "x**3 的导数缺了因子 3（在 c）"),
        (
            "the derivative of f is written as 1 - s**2, the form for tanh, in place of s (at s)",
            "f 的导数写成了 1 - s**2，那是 tanh 的形式；应为 s（在 s）",
        ),
        (
            "the derivative of e with respect to a is b, the other factor; a itself was used",
            "e 对 a 的导数是另一个因子 b；这里用了 a 自己",
        ),
        ("something that has no translation", "有一个局部导数或因子错了"),
    ],
)  # fmt: skip
def test_the_tutor_in_chinese(english, chinese):
    assert in_chinese(english) == chinese


@pytest.mark.parametrize("typed", ["five", "", "1/0", "1e999", None, True])
def test_what_is_no_number_is_said_in_chinese(typed):
    exploration = asked(lang="zh")
    reply = exploration.receive({"answer": {"question": "n1-grad", "text": typed}})
    assert re.search("[一-鿿]", reply["error"])
    assert words_in(reply["error"]) <= {"five", "inf", "NoneType", "bool"}


def test_every_rule_of_the_tutor_has_a_translation():
    for op, rows in WRITTEN.items():
        for _, _, text, _ in rows:
            said = in_chinese(text.format(f"in place of {RIGHT.get(op)}"))
            assert said != OTHERWISE, text
            assert not words_in(said), text


def test_a_wrong_rule_below_is_found_in_a_gradient():
    """de/dw for e = sigmoid(w x) with 1 - s^2: only check_grad's tutor can tell."""
    exploration = asked("z = w * x; s = sigmoid(z); e = s * s", w=2, x=0.25)
    s = 1 / (1 + math.exp(-0.5))
    question = next(x for x in exploration.quiz.questions if x.label == "w.grad")
    assert "the form for tanh" in diagnosis(question.asked, 2 * s * (1 - s * s) * 0.25)


def test_right_answers_stay_and_count():
    exploration = asked()
    assert answer(exploration, "b.grad", "5") == ("right", "Right.")
    assert answer(exploration, "b.grad", "4") == ("right", "Right.")
    answer(exploration, "a.grad", "3")
    answer(exploration, "a.grad", "2")
    exploration.receive({"hint": "e0-message"})
    answer(exploration, "c → a", "2")
    reply = exploration.receive({"reveal": "e1-message"})
    assert reply["quiz"]["score"] == "3 of 15 right, 1 at the first try without help, 1 shown"
    assert reply["texts"]["e1-message"] == "2"


def test_all_answered_in_any_order():
    exploration = asked()
    questions = list(exploration.quiz.questions)
    random.Random(0).shuffle(questions)
    for question in questions:
        text = figure(question.asked.truth)
        reply = exploration.receive({"answer": {"question": question.id, "text": text}})
    assert reply["quiz"]["done"]
    assert reply["quiz"]["score"] == "15 of 15 right, 15 at the first try without help. All done."
    plain = Exploration(explorable(TOY, (), {"a": 2, "b": 1})).state()
    assert reply["texts"] == plain["texts"]
    assert reply["caption"] == plain["caption"]


def test_a_line_tells_only_what_has_been_answered():
    """`grad 2 + 3 = 5` would tell two messages, `1 × 2 = 2` a gradient and a local derivative."""
    exploration = asked()
    answer(exploration, "b.grad", "5")
    answer(exploration, "e → c", "2")
    texts = exploration.state()["texts"]
    assert texts["n1-grad"] == "grad 5"
    assert texts["e3-message"] == "2"
    answer(exploration, "c → b", "2")
    answer(exploration, "d → b", "3")
    assert exploration.state()["texts"]["n1-grad"] == "grad 2 + 3 = 5"


def test_hidden_numbers_are_nowhere():
    """Not in the picture, what is read aloud, the panel, the controls or the caption. The numbers
    of this pass are all different from those of the values."""
    exploration = asked(HARD, a=0.37, b=-1.9)
    numbers = (
        {figure(x.asked.truth) for x in exploration.quiz.questions}
        - {figure(node.data) for node in exploration.moment.graph.order}
        - {"1", "−1"}
    )
    assert len(numbers) >= 5
    for place in range(5):
        exploration.receive({"inspect": place})
        said = json.dumps(exploration.state(), ensure_ascii=False)
        for number in numbers:
            assert not re.search(rf"(?<![\d.−]){re.escape(number)}(?![\d.])", said), number


@pytest.mark.parametrize("lang", PHRASES)
@given(data=st.data())
def test_no_diagnosis_and_no_hint_gives_the_number_away(lang, data):
    """Over random wrong answers to random questions about a graph with unusual numbers."""
    exploration = asked(HARD, lang, a=0.37, b=-1.9)
    question = data.draw(st.sampled_from(exploration.quiz.questions))
    others = [x.asked.truth for x in exploration.quiz.questions]
    wrong = data.draw(st.sampled_from(others)) * data.draw(st.sampled_from([1, -1, 2, 0.5, 1.1]))
    exploration.receive({"hint": question.id})
    hint = question.said
    exploration.receive({"answer": {"question": question.id, "text": repr(wrong)}})
    if question.status == "right":
        return
    for text in (hint, question.said):
        numbers = [float(x.replace("−", "-")) for x in re.findall(r"[-−]?\d+(?:\.\d+)?", text)]
        near = [x for x in numbers if math.isclose(x, question.asked.truth, rel_tol=1e-2)]
        assert abs(question.asked.truth) == 1 or not near, text


@pytest.mark.parametrize(
    ("numbers", "right", "wrong"),
    [
        ({"a": 1 / 3, "b": 3.3}, ["0.3333", "1/3"], ["0.33", "0.3", "-0.3333"]),
        ({"a": 0.25, "b": 8}, ["0.25", "1/4", ".25", "2.5e-1"], ["0.2501", "0.249", "0.3"]),
        ({"a": 7, "b": 8}, ["7", "7.0", " 7 "], ["7.001", "6.999", "-7"]),
    ],
)
def test_rounding_to_four_digits_is_forgiven(numbers, right, wrong):
    """de/db of a*b is a."""
    for text in right:
        assert answer(asked("e = a * b", **numbers), "∂e/∂b", text)[0] == "right", text
    for text in wrong:
        assert answer(asked("e = a * b", **numbers), "∂e/∂b", text)[0] == "wrong", text


def test_reckoning_with_rounded_numbers_is_forgiven():
    """Every answer worked out from what is shown, in four digits, is right."""
    model = nn.MLP(2, [2, 1], seed=3)
    exploration = Exploration(explorable(model, ([0.3, -0.7], 0.4), {}), quiz=True)
    graph = exploration.moment.graph
    for j, edge in enumerate(graph.edges):
        shown = [float(f"{x:.4g}") for x in (graph.gradient(edge.output), edge.partial)]
        typed = f"{shown[0] * shown[1]:.4g}"
        reply = exploration.receive({"answer": {"question": f"e{j}-message", "text": typed}})
        question = exploration.quiz.find(f"e{j}-message")
        assert question is None or question.status == "right", (question.label, typed)
        assert "error" not in reply or question is None


@pytest.mark.parametrize(
    "message",
    [
        {"answer": {"question": "n1-grad", "text": "five"}},
        {"answer": {"question": "n1-grad", "text": ""}},
        {"answer": {"question": "n1-value", "text": "5"}},
        {"answer": {"question": ["n1"], "text": "5"}},
        {"answer": {"question": "n1-grad"}},
        {"answer": 5},
        {"hint": "n9-grad"},
        {"reveal": None},
        {"quiz": "yes"},
        {"quiz": 1},
        {"reset": False},
        {"reset": None},
    ],
    ids=repr,
)
def test_bad_messages_change_nothing(message):
    exploration = asked()
    before = exploration.state()
    assert list(exploration.receive(message)) == ["error"]
    assert exploration.state() == before


def test_without_a_quiz_nothing_is_answered():
    exploration = Exploration(explorable(TOY, (), {}))
    assert "begins a quiz" in exploration.receive({"hint": "n1-grad"})["error"]


def test_moving_a_number_asks_anew():
    exploration = asked()
    answer(exploration, "b.grad", "5")
    reply = exploration.receive({"set": {"a": 3}})
    assert reply["texts"]["n1-grad"] == "grad ?"
    assert not reply["quiz"]["questions"][0]["given"]
    assert exploration.receive({"quiz": False})["quiz"] is None


def test_numbers_that_are_not_finite_are_not_asked_for():
    exploration = asked("e = sqrt(a)", a=0)
    assert [x.label for x in exploration.quiz.questions] == ["e.grad"]


def test_known_slips_are_those_that_are_diagnosed():
    """A page without Python says what Python would say."""
    for question in asked(HARD, a=2, b=5).quiz.questions:
        for number, text in known_slips(question.asked):
            assert diagnosis(question.asked, number) == text
            assert number != question.asked.truth


def test_the_page_of_steps():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    page = steps(tanh(a * b) + a, quiz=True)
    assert repr(page).startswith("<Quiz of ")
    assert "text/html" in page._repr_mimebundle_()
    assert (a.grad, b.grad) == (0.0, 0.0)
    with pytest.raises(ValueError, match="too many to follow"):
        steps(sum([a * i for i in range(200)]), quiz=True)


def test_every_phrase_is_there_in_each_language():
    english = PHRASES["en"]
    for phrases in PHRASES.values():
        assert phrases.keys() == english.keys()
        for key, text in phrases.items():
            assert set(re.findall(r"{(\w+)}", text)) <= set(re.findall(r"{(\w+)}", english[key]))
