"""Pictures in Chinese: no English word is left in them, boxes have room for the wider letters, and
what explores follows the language. In English every picture is as before."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from string import Formatter
from xml.etree import ElementTree

import pytest

import autograd
import nn
from autograd import Value, cli, draw, steps, where
from autograd.drawing.picture_words import ENGLISH, PICTURE_WORDS
from autograd.engine.primitives import TABLE
from autograd.exploring import Exploration, explorable

pytestmark = pytest.mark.one_form

TOY = "c = a + b; d = b + 1; e = c * d"
SVG = "{http://www.w3.org/2000/svg}"
CODE = {"NaN", "grad", "backward", "detail", "depth"}
NAMES = {*TABLE, *CODE, "linear", "MLP", "Parts", "parameters", "many"}


def toy() -> Value:
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    return c * d


def after_backward(root: Value) -> Value:
    root.backward()
    return root


def inputs_assigned() -> Value:
    root = after_backward(toy())
    for leaf in root.parents[0].parents:
        leaf.data, leaf.grad = 5.0, 9.0
    return root


def result_assigned() -> Value:
    root = autograd.exp(Value(0.5, "x").tanh())
    root.parents[0].data = 5.0
    return root


def used_far_away() -> Value:
    x = Value(1.0, "x")
    y = x
    for _ in range(50):
        y = y + x
    return y


def trained() -> nn.MLP:
    model = nn.MLP(2, [3, 2], seed=0)
    model([1.0, 2.0])[0].backward()
    return model


def infinite() -> Value:
    x = Value(0.0, "x")
    return after_backward(where(x > 1, autograd.log(x), x * 0) + autograd.sqrt(x) * x)


def chain() -> Value:
    x, y = Value(0.5, "x"), Value(1.0, "y")
    z = x
    for _ in range(8):
        z = z * x + y
    return z


def numbered(count: int) -> list[Value]:
    return [Value(i / 4, f"x{i}") for i in range(count)]


def network_loss() -> Value:
    model = nn.MLP(2, [3, 2], seed=0)
    rows = [[0.1 * i, 1 - 0.2 * i] for i in range(12)]
    return after_backward(nn.mse_loss([model(row)[0] for row in rows], [0.3] * 12))


class Parts(nn.Module):
    def __init__(self) -> None:
        self.a = Value(1.0)
        self.many = numbered(9)


PICTURES = {
    "nothing ran": lambda lang: draw(toy(), lang=lang),
    "a title": lambda lang: draw(after_backward(toy()), title="e", show_constants=True, lang=lang),
    "small": lambda lang: draw(after_backward(toy()), detail="small", lang=lang),
    "from another seed": lambda lang: draw(with_seed(toy()), lang=lang),
    "an input changed": lambda lang: draw(inputs_assigned(), lang=lang),
    "a result changed": lambda lang: draw(result_assigned(), lang=lang),
    "far away": lambda lang: draw(used_far_away(), lang=lang),
    "infinite": lambda lang: draw(infinite(), lang=lang),
    "a square": lambda lang: draw(Value(3.0, "x").square() * Value(2.0, "y"), lang=lang),
    "twice an input": lambda lang: draw((x := Value(3.0, "x")) * x, lang=lang),
    "a dot product": lambda lang: draw(
        autograd.dot(numbered(12), numbered(12)), detail="small", depth=0, lang=lang
    ),
    "many inputs": lambda lang: draw(autograd.sum(numbered(12)), detail="full", lang=lang),
    "one input often": lambda lang: draw(autograd.sum([Value(2.0, "x")] * 30), lang=lang),
    "rows": lambda lang: draw(chain(), detail="full", rankdir="LR", lang=lang),
    "too wide": lambda lang: draw(
        autograd.sum(numbered(60)), rankdir="TB", detail="full", lang=lang
    ),
    "terms": lambda lang: draw(
        autograd.sum([x.tanh() * 2.0 for x in numbered(40)]), detail="auto", lang=lang
    ),
    "a model": lambda lang: draw(nn.MLP(2, [3, 2], seed=0), lang=lang),
    "a model with gradients": lambda lang: draw(trained(), lang=lang),
    "layers": lambda lang: draw(nn.MLP(2, [3, 2], seed=0), detail="layer", lang=lang),
    "parts": lambda lang: draw(Parts(), lang=lang),
    "loss, auto": lambda lang: draw(network_loss(), lang=lang),
    "loss, neurons": lambda lang: draw(network_loss(), detail="neuron", lang=lang),
    "loss, layers": lambda lang: draw(network_loss(), detail="layer", lang=lang),
}


def with_seed(root: Value) -> Value:
    root.backward(7.0)
    return root


def said(diagram) -> str:
    """All words of a picture: those that are seen, and those for who can't see it."""
    seen = re.findall(r">([^<>\n]+)</FONT>|>([^<>\n]+)</B>", diagram.source)
    return "\n".join([*map("".join, seen), *diagram.words.values(), diagram.summary])


def english_in(text: str) -> set[str]:
    text = re.sub(r"layer\d(\.neuron\d)?|&\w+;|\bd\w+/d\w+", "", text)
    return set(re.findall(r"(?<![\w.])[A-Za-z]{2,}(?!\w)", text)) - NAMES


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_no_english_word_is_left(picture):
    text = said(picture("zh"))
    assert re.search("[一-鿿]", text)
    assert not english_in(text)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_the_language_changes_words_only(picture):
    """The same numbers stand in the same order, and `lang="en"` is what is drawn without it."""
    first, second = (
        re.findall(r"−?\d[\d.]*", "\n".join(sorted(picture(lang).words.values())))
        for lang in ("zh", "en")
    )
    assert sorted(first) == sorted(second)


def test_english_is_what_it_was():
    root = after_backward(toy())
    assert draw(root, lang="en").source == draw(root).source
    assert "lang=" not in draw(root).pipe("svg", encoding="utf-8")


@pytest.mark.parametrize("name", ["a title", "infinite", "twice an input", "loss, layers"])
def test_boxes_have_room_for_chinese(name):
    """Every line of a box ends inside of it, where a Chinese character is as wide as it is high and
    a letter or digit takes at least a quarter of that."""
    tree = ElementTree.fromstring(PICTURES[name]("zh").pipe("svg"))
    checked = 0
    for group in tree.iter(f"{SVG}g"):
        outline = group.find(f"{SVG}path")
        if group.get("class") != "node" or outline is None:
            continue
        right = max(float(x) for x in re.findall(r"(-?[\d.]+),", outline.get("d", "")))
        for line in group.iter(f"{SVG}text"):
            wide = sum(1.0 if "一" <= c <= "鿿" else 0.25 for c in line.text or "")
            end = float(line.get("x", "")) + wide * float(line.get("font-size", ""))
            assert end <= right, line.text
            checked += 1
    assert checked > 5


def test_languages_leave_the_same_places_open():
    """A sentence that names something in English names it in every language."""
    for words in PICTURE_WORDS.values():
        for one in fields(words):
            ours, theirs = getattr(words, one.name), getattr(ENGLISH, one.name)
            if isinstance(ours, str):
                assert open_places(ours) == open_places(theirs), one.name
            elif one.name not in ("kinds", "counted"):  # in English the nouns themselves
                assert {key: open_places(ours[key]) for key in theirs} == {
                    key: open_places(theirs[key]) for key in theirs
                } or one.name == "assigned"


def open_places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_a_browser_is_told_the_language():
    """By it, it chooses among the forms that Chinese characters have, and the voice."""
    diagram = draw(toy(), lang="zh")
    assert ' xml:lang="zh"' in diagram.pipe("svg", encoding="utf-8")
    assert '<img lang="zh" alt="5 个值，5 条边。' in diagram._repr_mimebundle_()["text/html"]
    assert diagram.copy().lang == "zh"


def test_the_player_and_its_picture_speak_one_language():
    player = steps(toy(), lang="zh")
    assert player.summary == draw(toy(), lang="zh").summary
    assert "梯度 2 + 3 = 5" in player.svg
    assert not re.search(">(value|grad|input|output)", player.svg)


def test_sums_with_much_left_out_are_in_chinese_in_the_player():
    player = steps(autograd.sum(numbered(12)), lang="zh")
    assert not any("more" in step.caption for step in player.steps)


def test_an_exploration_changes_its_picture_with_the_language():
    """And keeps what a quiz has been answered; back in English it is the first picture again."""
    exploration = Exploration(explorable(TOY, (), {"a": 2, "b": 1}), quiz=True)
    before = exploration.state()
    exploration.receive({"answer": {"question": "n4-grad", "text": "1"}})
    reply = exploration.receive({"language": "zh"})
    assert reply["texts"]["n4-grad"] == "梯度 1"
    assert reply["texts"]["n1-grad"] == "梯度 ?"
    assert reply["texts"]["n0-value"] == "值 2"
    assert "值 2" in reply["picture"]
    assert reply["controls"][0]["gradient"] == "梯度 ?"
    assert exploration.quiz is not None
    assert [x.status for x in exploration.quiz.questions if x.id == "n4-grad"] == ["right"]
    exploration.receive({"language": "en"})
    exploration.receive({"quiz": True})
    assert exploration.state()["picture"] == before["picture"]


def test_a_saved_quiz_is_in_chinese():
    page = steps(toy(), quiz=True, lang="zh")
    found = page.exploration.saved()
    assert not english_in("\n".join(line["full"] for line in found["lines"].values()))
    assert found["between"] == "；往回送："


def test_another_language_is_an_error():
    with pytest.raises(ValueError, match="lang must be one of 'en', 'zh'; got 'fr'"):
        draw(toy(), lang="fr")
    with pytest.raises(ValueError, match="lang must be one of"):
        draw(nn.Neuron(2), lang=None)  # type: ignore[arg-type]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables of numbers are as ever; a language that is not known is said before anything is
    written."""
    picture, page = tmp_path / "e.svg", tmp_path / "e.html"
    call = [TOY, "a=2", "b=1", "--draw", str(picture), "--steps", str(page)]
    assert cli.main([*call, "--lang", "zh"]) == 0
    assert "梯度 2 + 3 = 5" in picture.read_text("utf-8")
    assert '<html lang="zh">' in page.read_text("utf-8")
    picture.unlink()
    assert cli.main([*call, "--lang", "fr"]) == 2
    assert "invalid choice: 'fr'" in capsys.readouterr().err
    assert not picture.exists()
